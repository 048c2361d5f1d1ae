import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import * as init from "../src/nn/init.ts";
import { toDtype } from "../src/dtype.ts";
import golden from "./golden/init.json" with { type: "json" };

const camel = (name: string) => name.replace(/_(\w)/g, (_, c) => c.toUpperCase());

Deno.test("initialisers give PyTorch's numbers", () => {
  for (const c of golden.cases) {
    const label = `${c.name}(${c.shape}, ${c.args}) ${JSON.stringify(c.options)} ${c.dtype}`;
    const x = torch.full(c.shape, 7, { dtype: toDtype(c.dtype as "float32") });
    torch.manualSeed(c.seed);
    // deno-lint-ignore no-explicit-any
    const y = (init as any)[camel(c.name)](x, ...c.args, c.options);
    assert.equal(y, x, label);
    const values = x.reshape(-1).tolist() as number[];
    // orthogonal_ goes through another decomposition than LAPACK's; the rest differs by rounding at most.
    const single = c.dtype === "float32",
      tolerance = c.name === "orthogonal_" ? single ? 2e-5 : 1e-12 : single ? 1e-6 : 1e-14;
    values.forEach((v, i) => {
      assert.ok(
        Math.abs(v - c.values[i]) <= tolerance * (1 + Math.abs(v)),
        `${label}: element ${i}: ${v}, ${c.values[i]}`,
      );
    });
    const next = torch.empty([], { dtype: torch.int64 }).random_().item();
    assert.equal(String(next), c.next, `${label}: another number of draws`);
  }
});

Deno.test("gains are PyTorch's", () => {
  for (const [key, gain] of Object.entries(golden.gains)) {
    const [name, slope] = key.split(" ");
    assert.equal(init.calculateGain(name as init.Nonlinearity, slope === undefined ? undefined : Number(slope)), gain);
  }
});

Deno.test("initialisers write to leaves that require gradients", () => {
  const w = torch.empty(20, 20, { requiresGrad: true });
  init.xavierUniform_(w);
  init.orthogonal_(w);
  init.truncNormal_(w);
  assert.equal(w.gradFn, null);
  assert.ok(w.requiresGrad);
});

Deno.test("bad arguments of initialisers are named", () => {
  const bad: [() => unknown, RegExp][] = [
    [
      () => init.xavierUniform_(torch.empty(3)),
      /Fan in and fan out can not be computed for tensor with fewer than 2 dimensions/,
    ],
    [
      () => init.kaimingNormal_(torch.empty(3, 3), { mode: "fan" as "fan_in" }),
      /Mode fan not supported, please use one of/,
    ],
    [() => init.calculateGain("swish" as "relu"), /Unsupported nonlinearity swish/],
    [() => init.eye_(torch.empty(3)), /Only tensors with 2 dimensions are supported/],
    [() => init.dirac_(torch.empty(3, 3)), /Only tensors with 3, 4, or 5 dimensions are supported/],
    [() => init.dirac_(torch.empty(3, 3, 3), 2), /dim 0 must be divisible by groups/],
    [() => init.orthogonal_(torch.empty(3)), /Only tensors with 2 or more dimensions are supported/],
    [() => init.sparse_(torch.empty(3), 0.5), /Only tensors with 2 dimensions are supported/],
    [() => init.uniform_(torch.empty(3), { c: 1 } as object), /unexpected option 'c'/],
  ];
  for (const [body, message] of bad) assert.throws(body, message, String(body));
});
