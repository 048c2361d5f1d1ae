import { type Sample, testOp } from "./op_suite.ts";

const samples: Sample[] = JSON.parse(Deno.readTextFileSync(new URL("golden/ops.json", import.meta.url)));
const byOp = Map.groupBy(samples, (s) => s.op);
for (const [op, list] of byOp) testOp(op, list);
