import assert from "node:assert/strict";
import {
  arange,
  bfloat16,
  bool,
  float16,
  float64,
  int32,
  int64,
  load,
  nn,
  ones,
  optim,
  save,
  type Tensor,
  tensor,
  uint8,
  zeros,
} from "../mod.ts";
import golden from "./golden/torch_file.json" with { type: "json" };

const bytesOf = (base64: string) => Uint8Array.fromBase64(base64);
const model = () => new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));

/** What comes back from a file of `value`. */
async function through<T>(value: unknown): Promise<T> {
  const path = Deno.makeTempFileSync();
  try {
    await save(value, path);
    return await load<T>(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("load reads what torch.save wrote", async () => {
  const { numbers, ...values } = await load<Record<string, unknown>>(bytesOf(golden.values));
  assert.deepEqual(numbers, [1, -7, 10n ** 20n, -1e15, 2.5, null, true, "hé"]);
  const texts = Object.fromEntries(Object.entries(values).map(([name, v]) => [name, String(v)]));
  assert.deepEqual(texts, golden.texts);
});

Deno.test("a model and its optimizer go on from a checkpoint of PyTorch's", async () => {
  const state = await load<{ model: Record<string, Tensor>; optimizer: optim.OptimizerStateDict }>(
    bytesOf(golden.state),
  );
  const net = model(), optimizer = new optim.SGD(net.parameters(), { lr: 1 });
  assert.equal(String(net.loadStateDict(state.model)), "<All keys matched successfully>");
  optimizer.loadStateDict(state.optimizer);
  assert.equal(String(net.eval()(ones(2, 3))), golden.output);
  assert.equal(optimizer.paramGroups[0].lr, 0.1);
  assert.equal(String(optimizer.stateDict().state[0].momentum_buffer), golden.momentum);
});

Deno.test("save and load keep values, types and sharing", async () => {
  const x = arange(6).view(2, 3), tied = ones(2);
  const value = {
    list: [1, -5, 2.5, -0, 2n ** 70n, -(2n ** 60n), "hé", null, false],
    state: { 0: { step: 3 } },
    tensors: [
      x.t(),
      zeros(0, 2),
      tensor(2.5),
      ...[float64, int64, int32, uint8, bool, float16, bfloat16].map((dtype) => tensor([1, 0], { dtype })),
      new nn.Linear(2, 1).weight,
      ones(1, { requiresGrad: true }),
    ],
    a: tied,
    b: tied,
  };
  const back = await through<typeof value>(value);
  assert.deepEqual(back.list, value.list);
  assert.deepEqual(back.state, value.state);
  assert.equal(String(back.tensors), String(value.tensors));
  back.a.fill_(7);
  assert.equal(String(back.b), "tensor([7., 7.])");
});

Deno.test("load refuses what is damaged, and objects of Python classes", async () => {
  const bytes = bytesOf(golden.state);
  await assert.rejects(() => load(bytes.slice(0, 100)), /load: not a file of torch.save, or truncated/);
  await assert.rejects(
    () => load(bytesOf(golden.module)),
    /^RangeError: Weights only load failed. Unsupported global: GLOBAL /,
  );
  for (let i = 0; i < bytes.length; i += 11) {
    const damaged = bytes.slice();
    damaged[i] ^= 0x55;
    try {
      await load(damaged);
    } catch (e) {
      assert.match(String(e), /^RangeError: (load: |Weights only load failed)/, `byte ${i}`);
    }
  }
});

Deno.test("save refuses what is no data", async () => {
  await assert.rejects(
    () => through({ net: model() }),
    /^TypeError: save: cannot save net: save its stateDict\(\) instead/,
  );
  await assert.rejects(
    () => through({ when: [new Date()] }),
    /^TypeError: save: cannot save when\[0\]: object is no data/,
  );
});
