import { strict as assert } from "node:assert";
import { manualSeed, nn, type Tensor, tensor, zeros } from "../mod.ts";

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

Deno.test("clipGradNorm_ takes the power of the norm by position, and a norm that is known may be given", () => {
  const a = zeros(3).requiresGrad_(), b = zeros(3).requiresGrad_();
  a.grad = tensor([3, 4, 0]);
  b.grad = tensor([1, -2, 2]);
  assert.equal(nn.utils.clipGradNorm_([a, b], 1.5, 1).item(), 12);
  assert.ok(Math.abs(a.grad!.get(0).item() - 0.375) < 1e-6);
  nn.utils.clipGradsWithNorm_([a], 1, tensor(10));
  assert.ok(Math.abs(a.grad!.get(1).item() - 0.05) < 1e-6);
  assert.throws(() => nn.utils.vectorToParameters([1] as never, [a]), /expected torch.Tensor, but got: Array/);
  assert.equal(nn.init.truncNormal_(zeros(0, 5)).numel(), 0);
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

Deno.test("spectralNorm draws, iterates and divides as PyTorch's", () => {
  manualSeed(0);
  const layer = nn.utils.parametrizations.spectralNorm(new nn.Linear(6, 5));
  const state = layer.stateDict(), names = Object.keys(state);
  assert.deepEqual(names.slice(2), ["parametrizations.weight.0._u", "parametrizations.weight.0._v"]);
  if (state[names[2]].isCuda) return; // its numbers are other ones
  assert.equal(String(state[names[2]]), "tensor([ 0.2964,  0.2065, -0.5860, -0.6034,  0.4025])");
  assert.equal(String(state[names[3]]), "tensor([ 0.4480,  0.5071,  0.0622, -0.5288, -0.2682, -0.4322])");
});

Deno.test("a parametrization must keep the shape unless it is said to be unsafe", () => {
  class Half extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.narrow(0, 0, 1);
    }
  }
  const register = nn.utils.parametrize.registerParametrization;
  assert.throws(() => register(new nn.Linear(2, 2), "weight", new Half()), /may not change the shape of the tensor/);
  assert.equal(
    String(register(new nn.Linear(2, 2), "weight", new Half(), { unsafe: true }).weight.shape),
    "torch.Size([1, 2])",
  );
});
