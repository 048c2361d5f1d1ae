import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import { Tensor } from "../mod.ts";
import * as distributions from "../src/distributions.ts";
import { toDtype } from "../src/dtype.ts";
import golden from "./golden/distributions.json" with { type: "json" };

interface Encoded {
  shape: number[];
  dtype: string;
  values: (number | string)[];
}
type Argument = Encoded | number;
interface Result {
  y: Encoded;
  grads?: (Encoded | null)[] | null;
}
interface Case {
  name: string;
  args: Argument[];
  options: Record<string, Argument>;
  text: string;
  batch: number[];
  event: number[];
  support: string;
  value: Encoded;
  results: Record<string, Result>;
}

const numberOf = (v: number | string) => typeof v === "string" ? Number(v.replace("inf", "Infinity")) : v;
const camel = (name: string) => name.replace(/_(\w)/g, (_, c) => c.toUpperCase());
const decode = (e: Encoded) =>
  torch.tensor(e.values.map(numberOf), { dtype: toDtype(e.dtype as "float32") }).view(e.shape);
const argument = (a: Argument) => typeof a === "number" ? a : decode(a).requiresGrad_();

// deno-lint-ignore no-explicit-any
const classes = distributions as any;

function close(actual: Tensor, expected: Encoded, label: string, tolerance: number): void {
  assert.deepEqual([...actual.shape], expected.shape, `${label}: shape`);
  assert.equal(actual.dtype.name, expected.dtype, `${label}: type`);
  const flat = actual.detach().reshape(-1).tolist() as number[];
  flat.forEach((v, i) => {
    const e = numberOf(expected.values[i]);
    const same = Object.is(v, e) || v === e || Math.abs(v - e) <= tolerance * (Math.abs(e) + 1);
    assert.ok(same, `${label}: element ${i} is ${v}, expected ${e}`);
  });
}

function compare(y: Tensor, result: Result, inputs: Tensor[], label: string, loose: boolean): void {
  const double = result.y.dtype === "float64";
  close(y, result.y, label, double ? 1e-11 : 2e-5);
  if (!result.grads) return;
  const n = y.numel(), weights = torch.arange(1, n + 1).to(y.dtype).view(y.shape).div(n);
  const grads = torch.autograd.grad([y.mul(weights).sum()], inputs, { allowUnused: true });
  // PyTorch approximates the derivatives of gamma and beta samples to about 1e-3.
  const tolerance = loose ? 2e-3 : double ? 1e-9 : 1e-4;
  grads.forEach((g, i) => {
    const expected = result.grads![i];
    if (expected === null) assert.equal(g, null, `${label}: gradient ${i}`);
    else close(g ?? torch.zerosLike(inputs[i]), expected, `${label}: gradient ${i}`, tolerance);
  });
}

Deno.test("distributions are PyTorch's", () => {
  for (const c of golden.cases as unknown as Case[]) {
    const given = c.args.map(argument);
    const options = Object.fromEntries(Object.entries(c.options).map(([k, v]) => [camel(k), argument(v)]));
    const inputs = [...given, ...Object.values(options)].filter((a) => a instanceof Tensor);
    const make = (): distributions.Distribution => new classes[c.name](...given, options);
    const d = make(), label = c.text;
    assert.equal(String(d), c.text);
    assert.equal(String(d.support), c.support, label);
    assert.deepEqual([[...d.batchShape], [...d.eventShape]], [c.batch, c.event], label);
    const value = decode(c.value), loose = /Gamma|Beta|Dirichlet/.test(c.name);
    for (const [key, result] of Object.entries(c.results)) {
      const what = `${label}.${key}`, [method, shape] = key.split(/ (.*)/);
      // deno-lint-ignore no-explicit-any
      const fresh = make() as any;
      let y: Tensor;
      if (["mean", "variance", "stddev", "mode"].includes(key)) y = fresh[key];
      else if (shape !== undefined) {
        torch.manualSeed(5);
        y = fresh[method](JSON.parse(shape));
      } else if (key === "log_prob" || key === "cdf") y = fresh[camel(key)](value);
      else if (key === "icdf") {
        y = fresh.icdf(torch.full(c.value.shape, 0.3, { dtype: toDtype(result.y.dtype as "float32") }));
      } else y = fresh[camel(key)]();
      compare(y, result, inputs, what, loose && method === "rsample");
    }
  }
});

Deno.test("divergences are PyTorch's", () => {
  for (
    const c of golden.divergences as unknown as { p: [string, ...Encoded[]]; q: [string, ...Encoded[]] }[] & Result[]
  ) {
    const make = ([name, ...parameters]: [string, ...Encoded[]]) => {
      const inputs = parameters.map((e) => decode(e).requiresGrad_());
      return { d: new classes[name](...inputs) as distributions.Distribution, inputs };
    };
    const p = make(c.p), q = make(c.q), y = distributions.klDivergence(p.d, q.d);
    compare(y, c, [...p.inputs, ...q.inputs], `KL(${c.p[0]}, ${c.q[0]})`, false);
  }
  const normal = new distributions.Normal(0, 1), coin = new distributions.Bernoulli(0.5);
  assert.throws(
    () => distributions.klDivergence(normal, coin),
    /No KL\(p \|\| q\) is implemented for p type Normal and q type Bernoulli/,
  );
});

Deno.test("expanded distributions keep their parameters", () => {
  const { Normal, Categorical, Beta, MultivariateNormal } = distributions;
  assert.equal(String(new Normal(0, 1).expand([2])), "Normal(loc: torch.Size([2]), scale: torch.Size([2]))");
  assert.deepEqual([...new Categorical(torch.ones(3)).expand([4]).sample([2]).shape], [2, 4]);
  assert.deepEqual([...new Beta(1, 2).expand([3]).rsample().shape], [3]);
  const vectors = new MultivariateNormal(torch.zeros(2), torch.tensor([[2, 0], [0, 3]])).expand([3]);
  assert.equal(
    String(vectors),
    "MultivariateNormal(loc: torch.Size([3, 2]), covariance_matrix: torch.Size([3, 2, 2]))",
  );
  assert.deepEqual([vectors.hasEnumerateSupport, new Categorical(torch.ones(3)).hasEnumerateSupport], [false, true]);
  assert.deepEqual([...vectors.logProb(torch.zeros(2)).shape], [3]);
});

Deno.test("bad parameters and values are named", () => {
  const { Bernoulli, Beta, Categorical, Exponential, MultivariateNormal, Normal, Uniform } = distributions;
  const t = torch.tensor;
  const bad: [() => unknown, string][] = [
    [
      () => new Normal(0, -1),
      "Expected parameter scale (Tensor of shape ()) of distribution Normal(loc: 0.0, scale: -1.0) to satisfy the constraint GreaterThan(lower_bound=0.0), but found invalid values:\n-1.0",
    ],
    [
      () => new Normal(torch.zeros(2), t([1, -1])),
      "Expected parameter scale (Tensor of shape (2,)) of distribution Normal(loc: torch.Size([2]), scale: torch.Size([2])) to satisfy the constraint GreaterThan(lower_bound=0.0), but found invalid values:\ntensor([ 1., -1.])",
    ],
    [
      () => new Uniform(1, 0),
      "Expected parameter low (Tensor of shape ()) of distribution Uniform(low: 1.0, high: 0.0) to satisfy the constraint LessThan(upper_bound=0.0), but found invalid values:\n1.0",
    ],
    [
      () => new Bernoulli(1.5),
      "Expected parameter probs (Tensor of shape ()) of distribution Bernoulli(probs: 1.5) to satisfy the constraint Interval(lower_bound=0.0, upper_bound=1.0), but found invalid values:\n1.5",
    ],
    [() => new Bernoulli(), "Either `probs` or `logits` must be specified, but not both."],
    [() => new Categorical(t(0.5)), "`probs` parameter must be at least one-dimensional."],
    [
      () => new Categorical(t([-1, 2])),
      "Expected parameter probs (Tensor of shape (2,)) of distribution Categorical(probs: torch.Size([2])) to satisfy the constraint Simplex(), but found invalid values:\ntensor([-1.,  2.])",
    ],
    [
      () => new Beta(-1, 1),
      "Expected parameter concentration (Tensor of shape (2,)) of distribution Dirichlet(concentration: torch.Size([2])) to satisfy the constraint IndependentConstraint(GreaterThan(lower_bound=0.0), 1), but found invalid values:\ntensor([-1.,  1.])",
    ],
    [
      () => new Exponential(0),
      "Expected parameter rate (Tensor of shape ()) of distribution Exponential(rate: 0.0) to satisfy the constraint GreaterThan(lower_bound=0.0), but found invalid values:\n0.0",
    ],
    [
      () => new MultivariateNormal(torch.zeros(2), t([[-1, 0], [0, -1]])),
      "Expected parameter covariance_matrix (Tensor of shape (2, 2)) of distribution MultivariateNormal(loc: torch.Size([2]), covariance_matrix: torch.Size([2, 2])) to satisfy the constraint PositiveDefinite(), but found invalid values:\ntensor([[-1.,  0.],\n        [ 0., -1.]])",
    ],
    [
      () => new MultivariateNormal(torch.zeros(2)),
      "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.",
    ],
    [
      () => new Normal(0, 1).logProb(t(NaN)),
      "Expected value argument (Tensor of shape ()) to be within the support (Real()) of the distribution Normal(loc: 0.0, scale: 1.0), but found invalid values:\nnan",
    ],
    [
      () => new Bernoulli(0.5).logProb(t(0.5)),
      "Expected value argument (Tensor of shape ()) to be within the support (Boolean()) of the distribution Bernoulli(probs: 0.5), but found invalid values:\n0.5",
    ],
    [
      () => new Categorical(torch.ones(3)).logProb(t(3n)),
      "Expected value argument (Tensor of shape ()) to be within the support (IntegerInterval(lower_bound=0, upper_bound=2)) of the distribution Categorical(probs: torch.Size([3])), but found invalid values:\n3",
    ],
    [
      () => new Normal(torch.zeros(3), 1).logProb(torch.zeros(2)),
      "Value is not broadcastable with batch_shape+event_shape: torch.Size([2]) vs torch.Size([3]).",
    ],
  ];
  for (const [body, message] of bad) assert.throws(body, { message }, String(body));
  const unchecked = new Uniform(0, 1, { validateArgs: false });
  assert.equal(unchecked.logProb(t(2)).item(), -Infinity);
});
