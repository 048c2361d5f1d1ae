/** `bench/run.ts --device cuda` on workloads that are small enough for the emulator. */
import { strict as assert } from "node:assert";

const timing = { min_total_s: 0, min_samples: 1, warmup_s: 0, sample_target_s: 0 };
const conv = { kind: "conv", N: 1, C: 2, H: 6, W: 6, O: 3, K: 3, stride: 1, pad: 1, groups: 1 };
const workloads = [
  { id: "matmul", kind: "matmul", m: 5, k: 6, n: 7, transB: true },
  { ...conv, id: "conv", mode: "fwd" },
  { ...conv, id: "conv.backward", mode: "fwdbwd" },
  { id: "sum", kind: "reduce", op: "sum", shape: [40], dim: null },
  { id: "argmax", kind: "reduce", op: "argmax", shape: [4, 10], dim: 1 },
  { id: "softmax", kind: "softmax", op: "softmax", shape: [4, 10] },
  { id: "cross entropy", kind: "xent", shape: [4, 10] },
  { id: "gelu", kind: "elt", op: "gelu", n: 40 },
  { id: "broadcast", kind: "bcast", m: 4, n: 5 },
  { id: "transposed", kind: "addT", n: 8 },
  { id: "tiny with grad", kind: "over", op: "add4_grad" },
  { id: "perceptron", kind: "train", model: "f1" },
];

Deno.test("bench/run.ts --device cuda runs every kind of workload", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/workloads.json`, JSON.stringify({ timing, workloads }));
    const run = new URL("../../bench/run.ts", import.meta.url).pathname;
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      // deno-fmt-ignore
      args: ["run", "--allow-all", run, "--workloads", `${folder}/workloads.json`, "--out", `${folder}/out.jsonl`, "--device", "cuda"],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const rows = (await Deno.readTextFile(`${folder}/out.jsonl`)).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(rows.map((row) => row.id), workloads.map((w) => w.id));
    for (const row of rows) assert.ok(row.ms > 0, `${row.id}: ${row.error}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
