/** The generic suites of `op_cases.ts`: every sample forward, backward, twice backward, strided, in place. */
import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import { autograd, type DType, scope, Tensor, tensor } from "../mod.ts";
import { liveBytes, onCuda, settle } from "./device.ts";
import { type Argument, type Call, callsOf, opCases, type Result } from "./op_cases.ts";

interface Encoded {
  d: string;
  s: number[];
  v: (number | string | boolean)[];
}
type EncodedArgument = Encoded | number | string | boolean | null | EncodedArgument[];

/** A sample of golden/ops.json. */
export interface Sample {
  op: string;
  args: EncodedArgument[];
  kwargs: Record<string, EncodedArgument>;
  error?: string;
  out?: (Encoded | boolean)[];
  gradFn?: string | null;
  grads?: (Encoded | null)[];
  second?: (Encoded | null)[];
}

function isEncoded(x: unknown): x is Encoded {
  return typeof x === "object" && x !== null && "d" in x;
}

function value(v: number | string | boolean): number | bigint | boolean {
  if (typeof v !== "string") return v;
  if (/^-?\d+n$/.test(v)) return BigInt(v.slice(0, -1));
  return { nan: NaN, inf: Infinity, "-inf": -Infinity }[v] ?? Number(v);
}

function decode(x: EncodedArgument, leaf: (t: Tensor) => Tensor): Argument {
  if (Array.isArray(x)) return x.map((v) => decode(v, leaf)) as Argument[];
  if (!isEncoded(x)) return x === "inf" || x === "-inf" || x === "nan" ? value(x) : x;
  return leaf(tensor(x.v.map(value), { dtype: x.d as "float32" }).view(x.s));
}

function flat(args: readonly Argument[]): Tensor[] {
  return args.flatMap((a) => a instanceof Tensor ? [a] : Array.isArray(a) ? flat(a as Argument[]) : []);
}

function outputs(result: Result): (Tensor | boolean)[] {
  return result instanceof Tensor || typeof result === "boolean" ? [result] : [...result];
}

function toleranceOf(op: string, dtype: DType | string): number {
  const own = opCases[op]?.tolerance ?? {};
  if (String(dtype).endsWith("float64")) return own.float64 ?? 1e-12;
  return String(dtype).endsWith("float32") ? own.float32 ?? 2e-6 : 0;
}

/** Compares a tensor with PyTorch's; 0 is −0, since PyTorch itself differs there between its loops. */
export function same(actual: Tensor, expected: Encoded, tolerance: number, what: string): void {
  assert.equal(String(actual.dtype), `torch.${expected.d}`, `${what}: type`);
  assert.deepEqual([...actual.shape], expected.s, `${what}: shape`);
  const got = [actual.detach().tolist()].flat(20) as (number | bigint | boolean)[];
  expected.v.forEach((raw, i) => {
    const want = value(raw), a = got[i];
    if (typeof want !== "number" || typeof a !== "number") return assert.equal(a, want, `${what} [${i}]`);
    const near = a === want || (Number.isNaN(a) && Number.isNaN(want)) ||
      Math.abs(a - want) <= tolerance * Math.max(1, Math.abs(want));
    assert.ok(near, `${what} [${i}]: ${a}, PyTorch has ${want}`);
  });
}

/** The same elements with a stride between them. */
function strided(x: Tensor): Tensor {
  if (x.ndim === 0) return x;
  const wide = torch.zeros([...x.shape, 2], { dtype: x.dtype });
  const view = wide.select(-1, 1);
  view.copy_(x);
  return view;
}

const keep = (x: Tensor): Tensor => x;
const leaf = (x: Tensor): Tensor => x.isFloatingPoint() ? x.requiresGrad_() : x;

function options(sample: Sample): Record<string, unknown> {
  return Object.fromEntries(Object.entries(sample.kwargs).map(([k, v]) => [k, decode(v, keep)]));
}

function run(
  call: Call,
  sample: Sample,
  made: (t: Tensor) => Tensor,
): { inputs: Tensor[]; outs: (Tensor | boolean)[] } {
  const args = sample.args.map((a) => decode(a, made));
  return { inputs: flat(args).filter((x) => x.isFloatingPoint()), outs: outputs(call(args, options(sample))) };
}

function compare(sample: Sample, outs: (Tensor | boolean)[], what: string): void {
  assert.equal(outs.length, sample.out!.length, `${what}: number of results`);
  sample.out!.forEach((want, k) => {
    const got = outs[k];
    if (!isEncoded(want)) return assert.equal(got, want, what);
    same(got as Tensor, want, toleranceOf(sample.op, want.d), `${what}: result`);
  });
}

function wave(x: Tensor, f: (i: number) => number): Tensor {
  return tensor(Array.from({ length: x.numel() }, (_, i) => f(i)), { dtype: "float64" }).view(x.shape);
}

function compareGradients(sample: Sample, call: Call, made: (t: Tensor) => Tensor, what: string): void {
  const { inputs, outs } = run(call, sample, made);
  const graphs = outs.filter((y): y is Tensor => y instanceof Tensor && y.requiresGrad);
  const second = sample.second !== undefined && opCases[sample.op]?.second !== false;
  const grads = autograd.grad(graphs, inputs, {
    gradOutputs: graphs.map((y) => wave(y, Math.cos)),
    createGraph: second,
    allowUnused: true,
  });
  const check = (got: (Tensor | null)[], wanted: (Encoded | null)[], order: string): void =>
    wanted.forEach((want, k) => {
      const expected = want ?? { d: "float64", s: [...inputs[k].shape], v: new Array(inputs[k].numel()).fill(0) };
      // Gradients lose a few digits more than values: their formulas have more steps, and PyTorch's differ from these.
      same(
        got[k] ?? torch.zerosLike(inputs[k]),
        expected,
        50 * toleranceOf(sample.op, "float64"),
        `${what}: ${order} ${k}`,
      );
    });
  check(grads, sample.grads!, "gradient");
  if (!second) return;
  let total: Tensor | null = null;
  for (const g of grads) {
    if (g === null || !g.requiresGrad) continue;
    const part = g.mul(wave(g, Math.sin)).sum();
    total = total === null ? part : total.add(part);
  }
  const found = total === null ? inputs.map(() => null) : autograd.grad(total, inputs, { allowUnused: true });
  check(found, sample.second!, "second derivative");
}

/** d sum(cos(i)·out) / d input by central differences. */
function numeric(sample: Sample, call: Call): void {
  const { inputs } = run(call, sample, leaf);
  const total = (shift: (t: Tensor) => Tensor): number => {
    const { outs } = run(call, sample, shift);
    return outs.reduce(
      (sum, y) => y instanceof Tensor && y.isFloatingPoint() ? sum + y.mul(wave(y, Math.cos)).sum().item() : sum,
      0,
    );
  };
  const h = 1e-6, whole = total((t) => t);
  inputs.forEach((input, k) => {
    const expected = sample.grads![k];
    for (let i = 0; i < input.numel(); i++) {
      const moved = (by: number) => {
        let at = 0;
        return (t: Tensor): Tensor => {
          if (!t.isFloatingPoint() || at++ !== k) return t;
          const bump = torch.zeros(t.numel(), { dtype: "float64" });
          bump.select(0, i).fill_(by);
          return t.add(bump.view(t.shape));
        };
      };
      const slope = (total(moved(h)) - total(moved(-h))) / (2 * h), want = Number(expected?.v[i] ?? 0);
      // Half of float64's digits remain in a central difference, which also divides the sums' rounding by 2h.
      assert.ok(
        Math.abs(slope - want) <= 1e-5 * Math.max(1, Math.abs(want)) + 1e-9 * Math.abs(whole),
        `central difference ${k} [${i}]: ${slope}, ${want}`,
      );
    }
  });
}

/** Samples at a kink have one-sided slopes only; and a Cholesky factor has a gradient in the half that is not read as well. */
const kinks = new Set(["clamp", "maximum", "minimum", "fmax", "fmin", "cholesky_solve", "cholesky_inverse"]);

/** Registers the tests of one operation. */
export function testOp(op: string, samples: readonly Sample[]): void {
  const calls = callsOf(op);
  const call = calls.function ?? calls.method;
  Deno.test(`${op}: ${samples.length} samples as in PyTorch`, () => {
    assert.ok(call, `there is no ${op}`);
    samples.forEach((sample, k) => {
      const what = `sample ${k} ${JSON.stringify(sample.args).slice(0, 200)} ${JSON.stringify(sample.kwargs)}`;
      if (sample.error !== undefined) {
        // A card does not look at the divisors of integers.
        if (onCuda && sample.error === "ZeroDivisionError") return;
        assert.throws(() => (run(call, sample, keep), settle()), Error, `${what} must be refused: ${sample.error}`);
        return;
      }
      // Which of many equal elements a mode names is an accident of PyTorch's sort on the CPU.
      if (onCuda && op === "mode" && isEncoded(sample.args[0]) && sample.args[0].v.length > 16) return;
      const { outs } = run(call, sample, leaf);
      compare(sample, outs, what);
      const [first] = outs;
      if (first instanceof Tensor && sample.gradFn !== undefined && sample.grads !== undefined) {
        assert.equal(first.gradFn?.name() ?? null, opCases[sample.op]?.gradFn ?? sample.gradFn, `${what}: grad_fn`);
      }
      compare(sample, run(call, sample, strided).outs, `strided ${what}`);
      if (calls.method !== undefined && isEncoded(sample.args[0])) {
        compare(sample, run(calls.method, sample, keep).outs, `method ${what}`);
      }
      if (sample.grads !== undefined) {
        compareGradients(sample, call, leaf, what);
        const once = { ...sample, second: undefined };
        compareGradients(
          once,
          call,
          (x) => x.isFloatingPoint() ? strided(x).detach().requiresGrad_() : x,
          `strided ${what}`,
        );
        if (k < 4 && !kinks.has(op)) numeric(sample, call);
      }
      if (calls.inPlace !== undefined) inPlace(sample, calls.inPlace, what);
    });
  });

  Deno.test(`${op} leaves no memory behind`, () => {
    const sample = samples.find((s) => s.grads !== undefined) ?? samples.find((s) => s.out !== undefined);
    if (sample === undefined || call === undefined) return;
    const before = liveBytes();
    {
      using _ = scope();
      const { inputs, outs } = run(call, sample, leaf);
      const y = outs[0];
      if (sample.grads !== undefined && y instanceof Tensor && y.requiresGrad) y.sum().backward();
      for (const x of inputs) x.clearGrad(); // It would outlive the scope.
    }
    assert.equal(liveBytes(), before);
  });
}

/** The in-place form must give the same, where the result fits into the input. */
function inPlace(sample: Sample, call: Call, what: string): void {
  const args = sample.args.map((a) => decode(a, keep)), [self] = args, [want] = sample.out!;
  if (!(self instanceof Tensor) || !isEncoded(want)) return;
  if (want.d !== String(self.dtype).slice(6) || String(want.s) !== String([...self.shape])) return;
  const version = self._version;
  const [y] = outputs(call(args, options(sample)));
  assert.equal(y, self, `in place ${what}`);
  assert.ok(self._version > version || self.numel() === 0, `in place ${what}: the write is counted`);
  compare(sample, [self], `in place ${what}`);
}
