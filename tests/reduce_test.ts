/** Reductions; the expected values are PyTorch 2.13's. */
import { strict as assert } from "node:assert";
import { autograd, float64, randn, type Tensor, tensor } from "../mod.ts";
import * as torch from "../mod.ts";

Deno.test("extremes with indices", () => {
  const x = tensor([[1, 5, 5], [NaN, 2, 3]], { requiresGrad: true });
  const { values, indices } = x.max(1);
  assert.equal(x.max(1)[1].tolist().toString(), indices.tolist().toString());
  assert.deepEqual(values.tolist(), [5, NaN]);
  assert.deepEqual(indices.tolist(), [1, 0]);
  values.get(0).backward();
  assert.deepEqual(x.grad!.tolist(), [[0, 1, 0], [0, 0, 0]]);
  const [low] = tensor([[3, 1], [2, 4]]).min(0);
  assert.deepEqual(low.tolist(), [2, 1]);
  assert.deepEqual(tensor([1, 4]).max(tensor([3, 2])).tolist(), [3, 4]);
  assert.throws(() => torch.zeros(0, 2).max(0), /Expected reduction dim 0 to have non-zero size/);
});

Deno.test("variance, norms, truth, running sums", () => {
  const x = tensor([[1, 2, 4], [0, 0, 9]]);
  assert.deepEqual(x.var(0).tolist(), [0.5, 2, 12.5]);
  assert.deepEqual(x.var(0, { correction: 0 }).tolist(), [0.25, 1, 6.25]);
  assert.equal(x.norm(1).item(), 16);
  assert.equal(x.norm(Infinity).item(), 9);
  assert.deepEqual(x.norm(2, 1).mul(x.norm(2, 1)).round().tolist(), [21, 81]);
  assert.equal(x.all().item(), false);
  assert.deepEqual(x.any(1).tolist(), [true, true]);
  assert.equal(x.countNonzero().item(), 4);
  assert.deepEqual(x.prod(1).tolist(), [8, 0]);
  assert.deepEqual(x.cumsum(1).tolist(), [[1, 3, 7], [0, 0, 9]]);
  assert.deepEqual(tensor([1, 3, 2]).cummax(0).indices.tolist(), [0, 1, 1]);
  assert.equal(tensor([1, NaN, 3]).nanmean().item(), 2);
  assert.deepEqual(torch.varMean(x, 1).map((t) => t.get(1).item()), [27, 3]);
});

Deno.test("sums and products in a type that is asked for", () => {
  const x = tensor([[1, 2, 200], [4, 5, 6]]);
  assert.deepEqual(x.prod(1, { dtype: torch.int32 }).tolist(), [400, 120]);
  assert.deepEqual(x.prod(0, { dtype: torch.uint8 }).tolist(), [4, 10, 176]);
  assert.deepEqual(tensor([[1, 0], [2, 3]]).prod(0, { dtype: torch.bool }).tolist(), [true, false]);
  assert.equal(tensor([1.5, NaN, 2.5]).nansum({ dtype: torch.int32 }).item(), 3);
  assert.deepEqual(tensor([7, 3], { dtype: "uint8" }).sub(tensor([1, 2], { dtype: "uint8" }), { alpha: 2 }).tolist(), [
    5,
    255,
  ]);
});

Deno.test("gradients of reductions, first and second", () => {
  const x = randn([3, 4], { dtype: float64, requiresGrad: true });
  const functions: ((x: Tensor) => Tensor)[] = [
    (x) => x.var(1),
    (x) => x.std(0, { correction: 0 }),
    (x) => x.prod(1),
    (x) => x.norm(2, 1),
    (x) => x.norm(3),
    (x) => x.logsumexp(1),
    (x) => x.cumsum(0),
    (x) => x.cumprod(1),
    (x) => x.logcumsumexp(1),
    (x) => x.max(1).values,
    (x) => x.amax([0, 1]),
    (x) => x.mean(0),
    (x) => x.nansum(1),
  ];
  for (const f of functions) {
    assert.ok(autograd.gradcheck(f, [x]), String(f));
    assert.ok(autograd.gradgradcheck(f, [x]), String(f));
  }
  const zeros = tensor([[1, 0, 3], [0, 0, 2]], { dtype: float64, requiresGrad: true });
  assert.ok(autograd.gradcheck((x) => x.prod(1), [zeros]));
  assert.ok(autograd.gradcheck((x) => x.cumprod(1), [zeros]));
});
