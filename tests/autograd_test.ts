/** What `autograd` offers beyond backward: checks, functional derivatives, hooks, custom functions, modes. */
import { strict as assert } from "node:assert";
import { autograd, float64, noGrad, ones, randn, type Tensor, tensor, utils, zeros } from "../mod.ts";
import { shown } from "./device.ts";

Deno.test("gradcheck finds a right and a wrong gradient", () => {
  const x = randn([3], { dtype: float64, requiresGrad: true });
  assert.ok(autograd.gradcheck((x) => x.sigmoid().mul(x), [x]));
  assert.ok(autograd.gradgradcheck((x) => x.tanh().mul(x), [x]));
  class Wrong extends autograd.Function {
    static override forward(ctx: autograd.FunctionCtx, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static override backward(ctx: autograd.FunctionCtx, dy: Tensor): Tensor {
      return dy.mul(ctx.savedTensors[0]); // A factor of 2 is missing.
    }
  }
  assert.throws(
    () => autograd.gradcheck((x) => Wrong.apply(x), [x]),
    /Jacobian mismatch for output 0 with respect to input 0/,
  );
  assert.equal(autograd.gradcheck((x) => Wrong.apply(x), [x], { raiseException: false }), false);
});

Deno.test("a custom function prints, walks and differentiates", () => {
  class Exp extends autograd.Function {
    static override forward(ctx: autograd.FunctionCtx, x: Tensor, scale: number): Tensor {
      ctx.scale = scale;
      ctx.saveForBackward(x);
      return x.mul(scale);
    }
    static override backward(ctx: autograd.FunctionCtx, dy: Tensor): (Tensor | null)[] {
      assert.deepEqual(ctx.needsInputGrad, [true, false]);
      return [dy.mul(ctx.scale as number), null];
    }
  }
  const x = tensor([1, 2], { requiresGrad: true });
  const y = Exp.apply(x, 3);
  assert.equal(shown(y), "tensor([3., 6.], grad_fn=<ExpBackward>)");
  assert.equal(y.gradFn!.nextFunctions[0][0]!.name(), "AccumulateGrad");
  y.sum().backward();
  assert.deepEqual(x.grad!.tolist(), [3, 3]);
});

Deno.test("jacobian, hessian and products with vectors", () => {
  const x = tensor([1, 2, 3]);
  const j = autograd.functional.jacobian((x) => x.mul(x), x) as Tensor;
  assert.deepEqual(j.tolist(), [[2, 0, 0], [0, 4, 0], [0, 0, 6]]);
  const h = autograd.functional.hessian((x) => x.mul(x).mul(x).sum(), x) as Tensor;
  assert.deepEqual(h.tolist(), [[6, 0, 0], [0, 12, 0], [0, 0, 18]]);
  const v = tensor([1, 0, 2]);
  assert.deepEqual((autograd.functional.vjp((x) => x.mul(x), x, v)[1] as Tensor).tolist(), [2, 0, 12]);
  assert.deepEqual(autograd.functional.jvp((x) => x.mul(x), x, v)[1].tolist(), [2, 0, 12]);
  assert.deepEqual((autograd.functional.hvp((x) => x.mul(x).mul(x).sum(), x, v)[1] as Tensor).tolist(), [6, 0, 36]);
  const [value, product] = autograd.functional.vhp((x) => x.pow(3).sum().mul(x.get(0)), x, v);
  assert.equal(value.item(), 36);
  assert.deepEqual((product as Tensor).tolist(), [66, 12, 63]);
});

Deno.test("hooks see and replace gradients", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(2);
  y.retainGrad();
  const handle = y.registerHook((dy) => dy.mul(10));
  y.sum().backward({ retainGraph: true });
  assert.deepEqual([x.grad!.tolist(), y.grad!.tolist()], [[20, 20], [10, 10]]);
  handle.remove();
  x.grad = null;
  let seen = 0;
  x.registerPostAccumulateGradHook(() => seen++);
  y.sum().backward();
  assert.deepEqual(x.grad!.tolist(), [2, 2]);
  assert.equal(seen, 1);
});

Deno.test("saved tensors can be packed, and whole functions recomputed", () => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  let packed = 0;
  const y = autograd.savedTensorsHooks((x) => (packed++, x.detach()), (x) => x as Tensor, () => x.mul(x).sum());
  y.backward();
  assert.equal(packed, 2);
  assert.deepEqual(x.grad!.tolist(), [2, 4, 6]);
  const w = tensor(3, { requiresGrad: true });
  let runs = 0;
  utils.checkpoint.checkpoint((x) => (runs++, x.mul(x).mul(w).sum()), [x]).backward();
  assert.equal(runs, 2);
  assert.deepEqual([x.grad!.tolist(), w.grad!.item()], [[8, 16, 24], 14]);
});

Deno.test("anomaly mode names the forward operation and finds NaN", () => {
  using _ = autograd.detectAnomaly();
  const x = zeros(2).requiresGrad_();
  assert.throws(
    () => x.div(x).sum().backward(),
    /DivBackward0' returned nan values[^]*The forward call of DivBackward0 was made here/,
  );
});

Deno.test("PyTorch's errors", () => {
  const x = ones(3).requiresGrad_();
  assert.throws(() => x.mul(2).backward(), /grad can be implicitly created only for scalar outputs/);
  assert.throws(() => ones(1).backward(), /element 0 of tensors does not require grad and does not have a grad_fn/);
  assert.throws(
    () => x.mul(2).backward(ones(2)),
    /Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[2\]\)/,
  );
  assert.throws(() => autograd.grad(x.sum(), ones(3).requiresGrad_()), /appears to not have been used in the graph/);
  assert.throws(() => x.mul(2).requiresGrad = false, /you can only change requires_grad flags of leaf variables/);
  assert.throws(() => noGrad(() => x.mul(2)).retainGrad(), /can't retain_grad on Tensor that has requires_grad=False/);
  assert.throws(() => x.sum().backward({ retain: true } as never), /unexpected option 'retain'/);
});

Deno.test("noGrad by function, by using, nested with enableGrad", () => {
  const x = ones(1).requiresGrad_();
  assert.equal(noGrad(() => x.mul(2).requiresGrad), false);
  {
    using _ = noGrad();
    assert.equal(x.mul(2).requiresGrad, false);
    assert.equal(autograd.enableGrad(() => x.mul(2).requiresGrad), true);
  }
  assert.equal(x.mul(2).requiresGrad, true);
});

Deno.test("grad takes its options by position, batches of directions, and zeros for what is unused", () => {
  const x = tensor([1, 2, 3], { dtype: "float64", requiresGrad: true }),
    unused = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(x);
  const directions = tensor([[1, 0, 0], [0, 1, 1]], { dtype: "float64" });
  const [rows] = autograd.grad(y, x, { gradOutputs: directions, isGradsBatched: true, retainGraph: true });
  assert.deepEqual(rows!.tolist(), [[2, 0, 0], [0, 4, 6]]);
  const [first] = autograd.grad(y, x, directions.select(0, 1), true, true);
  assert.ok(first!.requiresGrad);
  const [, zeros] = autograd.grad(y.sum(), [x, unused], { materializeGrads: true, retainGraph: true });
  assert.deepEqual(zeros!.tolist(), [0, 0]);
  assert.throws(
    () => autograd.grad(y.sum(), [x, unused], { materializeGrads: true, allowUnused: false }),
    /Expected allow_unused to be True or not passed when materialize_grads=True/,
  );
  const { savedTensorsHooks } = autograd.graph;
  let saved = 0;
  {
    using _ = savedTensorsHooks((t) => (saved++, t), (t) => t as typeof x);
    x.mul(x).sum().backward();
  }
  assert.ok(saved > 0);
});
