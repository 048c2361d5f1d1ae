/** Ways of calling autograd beside backward: functions with a context apart, checkpoints, modes, hooks, products of Jacobians. */
import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import { autograd, type Tensor, utils } from "../mod.ts";

const leaf = () => torch.tensor([1, 2, 3], { requiresGrad: true });
const list = (x: Tensor | null) => x?.tolist() ?? null;

Deno.test("setupContext saves what a forward without a context leaves to it", () => {
  class Double extends autograd.Function {
    static override forward(x: Tensor): Tensor {
      return x.mul(2);
    }
    static override setupContext(ctx: autograd.FunctionCtx, inputs: [Tensor], output: Tensor): void {
      ctx.saveForBackward(inputs[0], output);
    }
    static override backward(ctx: autograd.FunctionCtx, dy: Tensor): Tensor {
      const [x, y] = ctx.savedTensors;
      return dy.mul(x).add(y);
    }
  }
  const x = leaf();
  Double.apply(x).sum().backward();
  assert.deepEqual(list(x.grad), [3, 6, 9]);
});

Deno.test("onceDifferentiable refuses a second derivative, and a leaf may not be marked dirty", () => {
  class Square extends autograd.Function {
    static override forward(ctx: autograd.FunctionCtx, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static override backward = autograd.onceDifferentiable((ctx, dy) => dy.mul(2).mul(ctx.savedTensors[0]));
  }
  const x = leaf();
  const dy = torch.ones(3, { requiresGrad: true });
  const [once] = autograd.grad(Square.apply(x), [x], { gradOutputs: dy, createGraph: true });
  assert.deepEqual(list(once), [2, 4, 6]);
  assert.throws(() => once!.sum().backward(), /marked with @once_differentiable/);
  class Triple extends autograd.Function {
    static override forward(ctx: autograd.FunctionCtx, x: Tensor): Tensor {
      x.mul_(3);
      ctx.markDirty(x);
      return x;
    }
    static override backward(_ctx: autograd.FunctionCtx, dy: Tensor): Tensor {
      return dy.mul(3);
    }
  }
  assert.throws(
    () => Triple.apply(leaf()),
    /a leaf Variable that requires grad has been used in an in-place operation/,
  );
});

Deno.test("checkpoint takes inputs one by one, and checkpointSequential runs a network in pieces", () => {
  const x = leaf();
  const y = utils.checkpoint.checkpoint((a, b) => a.mul(b).sin(), x, x.mul(2), { useReentrant: false });
  y.sum().backward();
  const expected = [1, 2, 3].map((v) => 4 * v * Math.cos(2 * v * v));
  assert.ok(torch.allclose(x.grad!, torch.tensor(expected)));
  torch.manualSeed(0);
  const net = new torch.nn.Sequential(new torch.nn.Linear(3, 4), new torch.nn.ReLU(), new torch.nn.Linear(4, 2));
  const input = torch.ones(1, 3), plain = net(input);
  plain.sum().backward();
  const grads = [...net.parameters()].map((p) => list(p.grad));
  net.zeroGrad();
  const pieces = utils.checkpoint.checkpointSequential(net, 2, input);
  pieces.sum().backward();
  assert.deepEqual(pieces.tolist(), plain.tolist());
  assert.deepEqual([...net.parameters()].map((p) => list(p.grad)), grads);
});

Deno.test("modes nest as PyTorch's: nothing is recorded within inference mode until that is switched off", () => {
  const x = leaf();
  torch.inferenceMode(() => {
    torch.enableGrad(() => assert.equal(x.mul(2).requiresGrad, false));
    torch.inferenceMode(() => assert.equal(x.mul(2).requiresGrad, true), false);
    assert.equal(torch.isInferenceModeEnabled(), true);
  });
  assert.equal(x.mul(2).requiresGrad, true);
  autograd.detectAnomaly(() => {
    x.sub(1).sqrt().mul(0).sum().backward();
    assert.ok(Number.isNaN(x.grad!.get(0).item()));
  }, { checkNan: false });
});

Deno.test("hooks and gradients must have the shape and the type of what they stand for", () => {
  const x = leaf();
  const handle = x.registerHook(() => torch.ones(2));
  assert.throws(() => x.mul(3).sum().backward(), /hook has changed the size of value/);
  handle.remove();
  const wrong = x.registerHook(() => 3 as never);
  assert.throws(() => x.mul(3).sum().backward(), /expected Variable, but hook returned 'number'/);
  wrong.remove();
  assert.throws(
    () => x.grad = torch.ones(2),
    /attempting to assign a gradient of size '\[2\]' to a tensor of size '\[3\]'/,
  );
  assert.throws(() => x.view(3).detach_(), /Can't detach views in-place/);
  assert.throws(
    () => autograd.grad(x.sum(), [x, leaf()]),
    /The differentiated Tensor at index 1 appears to not have been/,
  );
});

Deno.test("products with Jacobians take functions of several outputs", () => {
  const x = torch.tensor([1, 2, 3]), w = torch.ones(3), v = torch.tensor([1, 2, 3]);
  const fn = (a: Tensor, b: Tensor): Tensor[] => [a.mul(b), a.sum()];
  const [values, [forward, total]] = autograd.functional.jvp(fn, [x, w], [torch.ones(3), v]);
  assert.deepEqual(values.map((y) => y.tolist()), [[1, 2, 3], 6]);
  assert.deepEqual([forward.tolist(), total.tolist()], [[2, 5, 10], 3]);
  const [, back] = autograd.functional.vjp(fn, [x, w], [v, torch.tensor(2)]);
  assert.deepEqual((back as Tensor[]).map((g) => g.tolist()), [[3, 4, 5], [1, 4, 9]]);
  assert.throws(() => autograd.functional.jvp((a) => a.pow(3), x), /The vector v can only be None if the input to the/);
  assert.throws(
    () => autograd.functional.vjp((a) => a, x, torch.ones(2)),
    /v has invalid size: should be torch.Size\(\[3\]\)/,
  );
  assert.throws(
    () => autograd.functional.jacobian((a) => a, 3 as never),
    /must be either a Tensor or a tuple of Tensors/,
  );
});
