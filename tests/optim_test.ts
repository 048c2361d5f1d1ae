import { strict as assert } from "node:assert";
import { ones, optim, Parameter, type Tensor, tensor } from "../mod.ts";

interface Case {
  name: string;
  options: Record<string, unknown>;
  dtype: "float32" | "float64";
  text: string;
  values: number[][][];
  state: optim.OptimizerStateDict;
}
interface LbfgsCase {
  options: Record<string, unknown>;
  text: string;
  losses: number[];
  values: number[][];
  n_iter: number;
  func_evals: number;
}
const golden: { optimizers: Case[]; lbfgs: LbfgsCase[] } = JSON.parse(
  Deno.readTextFileSync(new URL("golden/optim.json", import.meta.url)),
);

const start = [[[0.5, -1.25], [2, 0.125], [-0.75, 1.5]], [0.25, -0.5]];

/** The gradients that make_optim.py uses. */
function gradient(p: Tensor, step: number, shift: number, name: string): Tensor {
  const values = Array.from(
    { length: p.numel() },
    (_, i) => Math.sin(1.7 * i + 0.9 * step + shift) * (i % 3 ? 0.1 : 1),
  );
  if (name === "SparseAdam") {
    const row = p.numel() / p.size(0);
    values.fill(0, row, 2 * row);
  }
  return tensor(values, { dtype: "float32" }).view(p.shape).to(p.dtype);
}

type Make = new (params: Tensor[], options: object) => optim.Optimizer;

function makeOptimizer(c: Case): { params: Tensor[]; optimizer: optim.Optimizer } {
  const params = start.map((v) => tensor(v, { dtype: c.dtype, requiresGrad: true }));
  if (c.name === "Muon") params.pop();
  const Class = optim[c.name as "SGD"] as unknown as Make;
  return { params, optimizer: new Class(params, c.options) };
}

function close(actual: number[], expected: number[], tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((a, i) => {
    const e = expected[i];
    if (Object.is(a, e)) return;
    assert.ok(Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e)), `${what} [${i}]: ${a}, PyTorch has ${e}`);
  });
}

// Muon computes in bfloat16, whose roundings differ with the order of sums; the others differ by a few roundings of
// float32 in each of 12 steps.
function tolerance(c: Case): number {
  return c.name === "Muon" ? 5e-3 : c.dtype === "float64" ? 1e-12 : 3e-6;
}

for (const c of golden.optimizers) {
  const label = `${c.name} ${JSON.stringify(c.options)} ${c.dtype}`;
  Deno.test(`${label} steps as PyTorch's`, () => {
    const { params, optimizer } = makeOptimizer(c);
    assert.equal(String(optimizer), c.text);
    c.values.forEach((expected, step) => {
      params.forEach((p, k) => p.grad = gradient(p, step, k, c.name));
      optimizer.step();
      params.forEach((p, k) => close([...p.toTypedArray() as Float32Array], expected[k], tolerance(c), `step ${step}`));
    });
  });

  Deno.test(`${label} has PyTorch's state dict, and goes on from it`, () => {
    const { params, optimizer } = makeOptimizer(c);
    c.values.forEach((_, step) => {
      params.forEach((p, k) => p.grad = gradient(p, step, k, c.name));
      optimizer.step();
    });
    const dict = optimizer.stateDict();
    assert.deepEqual(JSON.parse(JSON.stringify(dict.param_groups)), c.state.param_groups);
    assert.deepEqual(Object.keys(dict.state), Object.keys(c.state.state));
    const restored = structuredClone(c.state);
    for (const [id, state] of Object.entries(c.state.state)) {
      assert.deepEqual(Object.keys(dict.state[id]).sort(), Object.keys(state).sort());
      for (const [key, value] of Object.entries(state)) {
        const own = dict.state[id][key];
        if (typeof value === "number") {
          assert.equal(own, value);
          continue;
        }
        const saved = value as { tensor: never; dtype: string }, t = own as Tensor;
        assert.equal(String(t.dtype), saved.dtype);
        const flat = [saved.tensor as unknown].flat(5) as number[];
        close([...t.toTypedArray() as Float32Array], flat, tolerance(c), key);
        restored.state[id][key] = tensor(saved.tensor, { dtype: t.dtype });
      }
    }
    // Another optimizer that continues from PyTorch's state makes the same next step.
    const other = makeOptimizer(c);
    other.params.forEach((p, k) => p.data = params[k].detach());
    other.optimizer.loadStateDict(restored);
    for (const list of [params, other.params]) list.forEach((p, k) => p.grad = gradient(p, 20, k, c.name));
    optimizer.step();
    other.optimizer.step();
    params.forEach((p, k) =>
      close(
        [...other.params[k].toTypedArray() as Float32Array],
        [...p.toTypedArray() as Float32Array],
        2 * tolerance(c),
        "next",
      )
    );
  });
}

for (const c of golden.lbfgs) {
  Deno.test(`LBFGS ${JSON.stringify(c.options)} finds PyTorch's way`, () => {
    const options = { dtype: "float64", requiresGrad: true } as const;
    const x = tensor([-1.5], options), y = tensor([2, -0.5], options);
    const optimizer = new optim.LBFGS([x, y], c.options);
    assert.equal(String(optimizer), c.text);
    const closure = (): Tensor => {
      optimizer.zeroGrad();
      const a = x.mul(-1).add(1), b = y.get(0).sub(x.mul(x)), d = y.get(1).sub(x);
      const loss = a.mul(a).add(b.mul(b).mul(10)).add(d.mul(d).mul(3)).sum();
      loss.backward();
      return loss;
    };
    c.values.forEach((expected, k) => {
      const loss = optimizer.step(closure) as Tensor;
      // Differences of one rounding grow along the curved valley until the minimum is reached.
      close([loss.item()], [c.losses[k]], 1e-6, `loss of step ${k}`);
      close([x.item(), ...y.tolist() as number[]], expected, 1e-6, `step ${k}`);
    });
  });
}

Deno.test("bad hyperparameters raise PyTorch's errors", () => {
  const w = tensor([1], { requiresGrad: true });
  assert.throws(() => new optim.SGD([w], { lr: -1 }), { message: "Invalid learning rate: -1" });
  assert.throws(() => new optim.SGD([w], { momentum: -0.5 }), { message: "Invalid momentum value: -0.5" });
  assert.throws(
    () => new optim.SGD([w], { nesterov: true }),
    /Nesterov momentum requires a momentum and zero dampening/,
  );
  assert.throws(() => new optim.Adam([w], { betas: [1, 0.9] }), { message: "Invalid beta parameter at index 0: 1" });
  assert.throws(() => new optim.Adam([w], { eps: -1 }), { message: "Invalid epsilon value: -1" });
  assert.throws(() => new optim.Rprop([w], { etas: [1, 2] }), { message: "Invalid eta values: 1, 2" });
  assert.throws(() => new optim.Adadelta([w], { rho: 2 }), { message: "Invalid rho value: 2" });
  assert.throws(() => new optim.Muon([w]), /Muon only supports 2D parameters/);
  assert.throws(() => new optim.LBFGS([{ params: [w] }, { params: [] }]), /doesn't support per-parameter options/);
  assert.throws(() => new optim.SGD([]), { message: "optimizer got an empty parameter list" });
  assert.throws(() => new optim.SGD([w, 3 as unknown as Tensor]), /optimizer can only optimize Tensors/);
  assert.throws(() => new optim.SGD([w.mul(2)]), /can't optimize a non-leaf Tensor/);
  assert.throws(() => new optim.SGD(w), /params argument given to the optimizer should be an iterable/);
  assert.throws(
    () => new optim.SGD([{ params: [w] }, { params: [w] }]),
    /some parameters appear in more than one parameter group/,
  );
  assert.throws(() => new optim.SGD([w], { learningRate: 1 } as never), /unexpected option 'learningRate'/);
});

Deno.test("groups have their own options, live and writable", () => {
  const a = tensor([1], { requiresGrad: true }), b = tensor([1], { requiresGrad: true });
  const optimizer = new optim.SGD([{ params: [a], lr: 1 }, { params: b }], { lr: 0.5 });
  a.grad = tensor([1]);
  b.grad = tensor([1]);
  optimizer.step();
  assert.deepEqual([a.item(), b.item()], [0, 0.5]);
  optimizer.paramGroups[1].lr = 0.25;
  optimizer.step();
  assert.deepEqual([a.item(), b.item()], [-1, 0.25]);
  const c = tensor([1], { requiresGrad: true });
  optimizer.addParamGroup({ params: [c], lr: 2 });
  c.grad = tensor([0.5]);
  a.grad = b.grad = null;
  optimizer.step();
  assert.deepEqual([a.item(), c.item()], [-1, 0]);
});

Deno.test("zeroGrad lets go of gradients, or sets them to zero", () => {
  const a = tensor([1], { requiresGrad: true });
  const optimizer = new optim.SGD([a]);
  a.grad = tensor([3]);
  optimizer.zeroGrad({ setToNone: false });
  assert.equal(a.grad!.item(), 0);
  optimizer.zeroGrad();
  assert.equal(a.grad, null);
});

Deno.test("named parameters, half types, strided parameters and hooks", () => {
  const a = tensor([[1, 2], [3, 4]], { requiresGrad: true, dtype: "bfloat16" });
  const b = tensor([[1, 2], [3, 4]]).t().detach().requiresGrad_();
  const optimizer = new optim.Adam([["a", a], ["b", b]] as [string, Tensor][], { lr: 1 });
  assert.deepEqual(optimizer.stateDict().param_groups[0].param_names, ["a", "b"]);
  const calls: string[] = [];
  optimizer.registerStepPreHook(() => void calls.push("before"));
  optimizer.registerStepPostHook(() => void calls.push("after")).remove();
  a.grad = tensor([[1, 1], [-1, -1]], { dtype: "bfloat16" });
  b.grad = tensor([[1, 1], [-1, -1]]).t();
  optimizer.step();
  close((a.tolist() as number[][]).flat(), [0, 1, 4, 5], 1e-6, "bfloat16");
  close((b.tolist() as number[][]).flat(), [0, 4, 1, 5], 1e-6, "strided");
  assert.equal(String(optimizer.state.get(a)!.exp_avg.dtype), "torch.bfloat16");
  assert.deepEqual(calls, ["before"]);
});

Deno.test("options may be given by position, in PyTorch's order", () => {
  const p = new Parameter(ones(2));
  const { lr, momentum } = new optim.SGD([p], 0.25, 0.5).paramGroups[0];
  assert.deepEqual([lr, momentum], [0.25, 0.5]);
  const group = new optim.AdamW([p], 0.125, [0.5, 0.75], { eps: 1e-3 }).paramGroups[0];
  assert.deepEqual([group.lr, group.betas, group.eps, group.weightDecay], [0.125, [0.5, 0.75], 1e-3, 1e-2]);
  assert.equal(new optim.LBFGS([p], 0.5, 7).paramGroups[0].maxIter, 7);
  assert.throws(
    () => new optim.AdamW([p], { betass: 1 } as never),
    /AdamW\(\) got an unexpected option 'betass'/,
  );
  assert.throws(() => new optim.SGD([p], 0.1, { lr: 1 } as never), /multiple values for argument 'lr'/);
});
