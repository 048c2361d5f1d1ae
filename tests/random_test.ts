import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import type { Tensor } from "../mod.ts";
import { toDtype } from "../src/dtype.ts";
import golden from "./golden/random.json" with { type: "json" };

type Json = number | string | boolean | null | Json[] | { [key: string]: Json };
interface Case {
  call: string;
  args: Json[];
  seed: string;
  shape: number[];
  dtype: string;
  values: (number | string | boolean)[];
  next: string;
  options?: Record<string, Json>;
  on?: { shape: number[]; dtype: string; layout: string };
}

const dtypeOf = (name: string) => toDtype(name as "float32");

/** Undoes the encoding of make_random.py. */
function argument(value: Json): unknown {
  if (typeof value === "string") return BigInt(value);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return torch.tensor(value.tensor as number[], { dtype: dtypeOf(value.dtype as string) }).view(
    value.shape as number[],
  );
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, c) => c.toUpperCase());

function target({ shape, dtype, layout }: { shape: number[]; dtype: string; layout: string }): Tensor {
  if (layout === "strided") {
    const wide = torch.zeros([...shape.slice(0, -1), 2 * shape[shape.length - 1]], { dtype: dtypeOf(dtype) });
    return wide.asStrided(shape, wide.stride().with(-1, 2));
  }
  const x = torch.zeros(shape, { dtype: dtypeOf(dtype) });
  return layout === "transposed" ? x.transpose(0, -1) : x;
}

function run(c: Case): Tensor {
  const args = c.args.map(argument);
  if (c.on) {
    const x = target(c.on);
    torch.manualSeed(BigInt(c.seed));
    // deno-lint-ignore no-explicit-any
    return (x as any)[camel(c.call)](...args);
  }
  torch.manualSeed(BigInt(c.seed));
  const options: Record<string, unknown> = { ...c.options };
  if (options.dtype !== undefined) options.dtype = dtypeOf(options.dtype as string);
  // deno-lint-ignore no-explicit-any
  return (torch as any)[c.call](...args, options);
}

/** Uniforms and integers to the bit; what passes through libm or vector code may differ in the last place. */
function close(actual: unknown, expected: number | string | boolean, dtype: string): boolean {
  if (typeof expected === "string") return String(actual) === expected || Object.is(Number(actual), Number(expected));
  if (actual === expected) return true;
  if (typeof actual !== "number" || typeof expected !== "number") return false;
  const tolerance = { float32: 1e-6, float64: 1e-13, float16: 1e-3, bfloat16: 8e-3 }[dtype] ?? 0;
  return Math.abs(actual - expected) <= tolerance * (Math.abs(expected) + 1);
}

const exact = /^(rand|randint|randperm|random_|uniform_|bernoulli_?|geometric_|poisson|binomial|multinomial)$/;

Deno.test("random numbers are PyTorch's", () => {
  for (const c of golden.cases as Case[]) {
    const label = `${c.call}(${JSON.stringify(c.args)}) seed ${c.seed} ${c.dtype} ${JSON.stringify(c.on ?? c.options)}`;
    const y = run(c);
    assert.deepEqual([...y.shape], c.shape, label);
    assert.equal(y.dtype.name, c.dtype, label);
    const flat = y.detach().reshape(-1).tolist() as (number | bigint | boolean)[];
    const kept = c.values.length < flat.length ? [...flat.slice(0, 24), ...flat.slice(-24)] : flat;
    kept.forEach((v, i) => {
      const ok = exact.test(c.call) ? close(v, c.values[i], "") : close(v, c.values[i], c.dtype);
      assert.ok(ok, `${label}: element ${i} is ${v}, expected ${c.values[i]}`);
    });
    const next = torch.empty([], { dtype: torch.int64 }).random_().item();
    assert.equal(String(next), c.next, `${label}: another number of draws`);
  }
});

Deno.test("the state is PyTorch's, and comes back", () => {
  const bytes = golden.state.flatMap(([byte, count]) => new Array<number>(count).fill(byte));
  torch.manualSeed(42);
  torch.randn(3);
  assert.deepEqual(torch.getRngState().tolist(), bytes);
  torch.manualSeed(1);
  torch.setRngState(torch.tensor(bytes, { dtype: torch.uint8 }));
  const x = torch.randn(3).tolist() as number[];
  x.forEach((v, i) => assert.ok(close(v, golden.after[i], "float32")));
});

const same = (a: Tensor, b: Tensor) => assert.deepEqual(a.tolist(), b.tolist());

Deno.test("generators are independent streams", () => {
  const g = new torch.Generator();
  assert.equal(g.initialSeed(), 67280421310721);
  assert.equal(torch.manualSeed(-1).initialSeed(), 2n ** 64n - 1n);
  g.manualSeed(3);
  torch.manualSeed(3);
  const a = torch.randn(40, { generator: g });
  const other = g.cloneState();
  same(torch.randn(40), a);
  const state = g.getState();
  const b = torch.rand(5, { generator: g });
  g.setState(state);
  same(torch.rand(5, { generator: g }), b);
  same(torch.rand(5, { generator: other }), b);
  torch.seed();
  const s = torch.initialSeed();
  torch.rand(3);
  assert.equal(torch.initialSeed(), s);
});

Deno.test("in-place random methods take part in the graph as PyTorch's do", () => {
  const leaf = torch.ones(3, { requiresGrad: true });
  assert.throws(() => leaf.normal_(), /a leaf Variable that requires grad is being used in an in-place operation/);
  torch.noGrad(() => leaf.normal_());
  const y = leaf.mul(2);
  y.uniform_();
  assert.equal(y.gradFn!.name(), "UniformBackward0");
  y.sum().backward();
  assert.deepEqual(leaf.grad?.tolist() ?? [0, 0, 0], [0, 0, 0]);
  assert.equal(torch.bernoulli(torch.tensor([0.5], { requiresGrad: true })).gradFn!.name(), "BernoulliBackward0");
});

Deno.test("bad arguments of random functions are named", () => {
  const t = torch.tensor;
  const bad: [() => unknown, RegExp][] = [
    [() => torch.randint(5, 5, [2]), /random_ expects 'from' to be less than 'to', but got from=5 >= to=5/],
    [() => torch.randint(0, 300, [2], { dtype: torch.uint8 }), /to - 1 is out of bounds for unsigned char/],
    [() => torch.empty(2).uniform_(2, 1), /uniform_ expects to return a \[from, to\) range, but found from=2 > to=1/],
    [() => torch.rand(2, { dtype: torch.int64 }), /"check_uniform_bounds" not implemented for 'Long'/],
    [() => torch.randn(2, { dtype: torch.int64 }), /"normal_kernel_cpu" not implemented for 'Long'/],
    [() => torch.empty(2).normal_(0, -1), /normal expects std >= 0\.0, but found std -1/],
    [() => torch.empty(2).bernoulli_(1.5), /bernoulli_ expects p to be in \[0, 1\], but got p=1\.5/],
    [() => torch.bernoulli(t([1.5, 0])), /Expected p_in >= 0 && p_in <= 1 to be true/],
    [() => torch.empty(2).exponential_(0), /exponential_ expects lambda > 0\.0, but found lambda=0/],
    [() => torch.empty(2).geometric_(0), /geometric_ expects p to be in \(0, 1\), but got p=0/],
    [() => torch.empty(2).cauchy_(0, 0), /cauchy_ expects sigma > 0\.0, but found sigma=0/],
    [() => torch.empty(2).logNormal_(0, 0), /log_normal_ expects std > 0\.0, but found std=0/],
    [() => torch.multinomial(t([1, -1]), 1), /probability tensor contains either `inf`, `nan` or element < 0/],
    [() => torch.multinomial(t([1, -1]), 2, true), /encountering probability entry < 0/],
    [() => torch.multinomial(t([1, Infinity]), 2, true), /encountering probability entry = infinity or NaN/],
    [() => torch.multinomial(t([0, 0]), 1), /sum of probabilities <= 0/],
    [
      () => torch.multinomial(t([1, 1]), 3),
      /cannot sample n_sample > prob_dist\.size\(-1\) samples without replacement/,
    ],
    [() => torch.multinomial(t([1, 1]), 0), /cannot sample n_sample <= 0 samples/],
    [() => torch.multinomial(torch.ones(2, 2, 2), 1), /prob_dist must be 1 or 2 dim/],
    [() => torch.multinomial(t([1n]), 1), /multinomial only supports floating-point dtypes/],
    [() => torch.poisson(t([-1])), /invalid Poisson rate, expected rate to be non-negative/],
    [() => torch.normal(t([0]), t([-1])), /normal expects all elements of std >= 0\.0/],
    [() => torch.ones(2).expand(3, 2).uniform_(), /more than one element of the written-to tensor/],
    [() => torch.setRngState(torch.zeros(5, { dtype: torch.uint8 })), /Expected a CPUGeneratorImplState of size 5056/],
    [() => torch.setRngState(torch.zeros(5056)), /RNG state must be a torch\.ByteTensor/],
    [() => torch.setRngState(torch.zeros(5056, { dtype: torch.uint8 })), /Invalid mt19937 state/],
    [() => torch.manualSeed(2n ** 64n), /Overflow when unpacking long long/],
    [() => torch.randn(-1), /Trying to create tensor with negative dimension -1/],
    [() => torch.rand(2, { dtyp: torch.float32 } as object), /unexpected option 'dtyp'/],
  ];
  for (const [body, message] of bad) assert.throws(body, message, String(body));
});
