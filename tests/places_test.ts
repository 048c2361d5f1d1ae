import { type Sample, testOp } from "./op_suite.ts";

const samples: Sample[] = JSON.parse(Deno.readTextFileSync(new URL("golden/places.json", import.meta.url)));
for (const [op, list] of Map.groupBy(samples, (s) => s.op)) testOp(op, list);
