import { strict as assert } from "node:assert";
import { nn, tensor, zeros } from "../mod.ts";

Deno.test("clipGradNorm_ scales all gradients together and returns the norm", () => {
  const a = zeros(2).requiresGrad_(), b = zeros(1, 2).requiresGrad_(), none = zeros(3).requiresGrad_();
  a.grad = tensor([1, 2]);
  b.grad = tensor([[2, 4]]);
  assert.equal(nn.utils.clipGradNorm_([a, b, none], 2.5).item(), 5);
  // The factor is 2.5 / (5 + 1e-6), as in PyTorch.
  const factor = Math.fround(2.5 / (5 + 1e-6));
  assert.deepEqual(a.grad!.tolist(), [factor, 2 * factor]);
  assert.deepEqual(b.grad!.tolist(), [[2 * factor, 4 * factor]]);
  nn.utils.clipGradNorm_([a, b], 100);
  assert.deepEqual(a.grad!.tolist(), [factor, 2 * factor]);
  assert.equal(nn.utils.clipGradNorm_(b, 1, { normType: Infinity }).item(), 4 * factor);
  a.grad = tensor([NaN, 1]);
  assert.throws(() => nn.utils.clipGradNorm_([a], 1, { errorIfNonfinite: true }), /is non-finite/);
  assert.equal(nn.utils.clipGradNorm_([none], 1).item(), 0);
});

Deno.test("clipGradValue_ holds every element", () => {
  const a = zeros(3).requiresGrad_();
  a.grad = tensor([-3, 0.5, 2]);
  nn.utils.clipGradValue_([a], 1);
  assert.deepEqual(a.grad!.tolist(), [-1, 0.5, 1]);
});

Deno.test("parameters go to a vector and back", () => {
  const a = tensor([[1, 2], [3, 4]], { requiresGrad: true }), b = tensor([5], { requiresGrad: true });
  const v = nn.utils.parametersToVector([a, b]);
  assert.deepEqual(v.tolist(), [1, 2, 3, 4, 5]);
  nn.utils.vectorToParameters(v.mul(2), [a, b]);
  assert.deepEqual([a.tolist(), b.tolist()], [[[2, 4], [6, 8]], [10]]);
  assert.throws(() => nn.utils.vectorToParameters(tensor([1]), [a, b]), RangeError);
});
