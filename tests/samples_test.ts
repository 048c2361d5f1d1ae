/**
 * PyTorch's own test inputs, a few for every name: results, gradients and second derivatives, called as a function and as
 * a method (tests/golden/make_samples.py).
 */
import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import { Tensor } from "../mod.ts";
import { onCuda } from "./device.ts";

interface Encoded {
  t: string;
  s: number[];
  b: string;
  g?: 1;
}
interface Sample {
  home: "" | "F" | "linalg";
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  out?: Encoded[];
  plain?: unknown;
  grads?: (Encoded | null)[];
  second?: (Encoded | null)[];
}
type Functions = Record<string, (...args: unknown[]) => unknown>;

const golden: { samples: Sample[] } = JSON.parse(
  await Deno.readTextFile(new URL("golden/samples.json", import.meta.url)),
);
const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};
const homes = { "": torch, F: torch.F, linalg: torch.linalg } as unknown as Record<string, Functions>;

/** float32 after several roundings, float64 after the kernels' series. */
const tolerances: Record<string, number> = { float32: 2e-5, float64: 1e-8 };
const camel = (name: string): string => name.replace(/_+([a-z0-9])/g, (_, c: string) => c.toUpperCase());

function numbers(e: Encoded): ArrayLike<number | bigint> {
  return new arrays[e.t as "float32"](Uint8Array.from(atob(e.b), (c) => c.charCodeAt(0)).buffer);
}

function decode(x: unknown): unknown {
  if (Array.isArray(x)) return x.map(decode);
  if (typeof x !== "object" || x === null) return x;
  if ("f" in x) return { nan: NaN, inf: Infinity, "-inf": -Infinity }[x.f as "nan"];
  if ("dtype" in x) return (torch as unknown as Record<string, unknown>)[x.dtype as string];
  if ("slice" in x) return torch.slice(...x.slice as [number, number, number]);
  const e = x as Encoded;
  const t = torch.tensor(Array.from(numbers(e)), { dtype: e.t as "float32" }).view(e.s);
  return e.g === 1 ? t.requiresGrad_() : t;
}

function tensors(x: unknown): Tensor[] {
  if (x instanceof Tensor) return [x];
  return Array.isArray(x) ? x.flatMap(tensors) : [];
}

function outputs(y: unknown): Tensor[] {
  if (y instanceof Tensor) return [y];
  return typeof y === "object" && y !== null && Symbol.iterator in y
    ? [...y as Iterable<unknown>].flatMap(outputs)
    : [];
}

const wave = (t: Tensor): Tensor =>
  torch.tensor(Array.from({ length: t.numel() }, (_, i) => Math.cos(i)), { dtype: t.dtype }).view(t.shape);

function close(actual: Tensor, expected: Encoded, what: string, scale = 1): void {
  assert.equal(String(actual.dtype), `torch.${expected.t}`, `${what}: type`);
  assert.deepEqual([...actual.shape], expected.s, `${what}: shape`);
  const got = [actual.detach().tolist()].flat(9).map(Number), tolerance = scale * (tolerances[expected.t] ?? 0);
  Array.from(numbers(expected), Number).forEach((e, i) => {
    const same = got[i] === e || (Number.isNaN(got[i]) && Number.isNaN(e)) ||
      Math.abs(got[i] - e) <= tolerance * Math.max(1, Math.abs(e));
    assert.ok(same, `${what} [${i}]: ${got[i]}, PyTorch has ${e}`);
  });
}

function compareAll(
  actual: readonly (Tensor | null)[],
  expected: readonly (Encoded | null)[],
  what: string,
  scale: number,
): void {
  expected.forEach((e, i) => {
    const a = actual[i];
    if (e !== null && a !== null) return close(a, e, `${what} ${i}`, scale);
    // Where one has no gradient, the other may have zeros.
    const rest = a === null ? (e === null ? [] : Array.from(numbers(e), Number)) : [a.abs().sum().item()];
    assert.ok(rest.every((v) => Math.abs(v) < 1e-12), `${what} ${i}: ${a} for ${e}`);
  });
}

function check(s: Sample, asMethod: boolean): void {
  const args = s.args.map(decode), kwargs = Object.entries(s.kwargs).map(([k, v]) => [camel(k), decode(v)]);
  const tail = kwargs.length > 0 ? [Object.fromEntries(kwargs)] : [], key = camel(s.name);
  const what = `${s.name}${asMethod ? " as a method" : ""} ${JSON.stringify([s.args, s.kwargs]).slice(0, 200)}`;
  torch.manualSeed(0);
  const self = args[0] as Functions & Record<string, unknown>;
  const y = !asMethod
    ? homes[s.home][key](...args, ...tail)
    : typeof self[key] === "function"
    ? self[key](...args.slice(1), ...tail)
    : self[key];
  if (s.out === undefined) {
    const plain = Array.isArray(s.plain) ? [...y as Iterable<unknown>] : y;
    return assert.deepEqual(plain, decode(s.plain), what);
  }
  const outs = outputs(y);
  assert.equal(outs.length, s.out.length, `${what}: number of results`);
  s.out.forEach((e, i) => close(outs[i], e, `${what}: result ${i}`));
  if (s.grads === undefined) return;
  const inputs = [...tensors(args), ...tensors(kwargs.map(([, v]) => v))].filter((t) => t.requiresGrad);
  const graphs = outs.filter((t) => t.requiresGrad), createGraph = s.second !== undefined;
  const gradOutputs = graphs.map((t) => wave(t).requiresGrad_(createGraph));
  const grads = torch.autograd.grad(graphs, inputs, { gradOutputs, allowUnused: true, createGraph });
  compareAll(grads, s.grads, `${what}: gradient`, 4);
  if (s.second === undefined) return;
  const again = grads.filter((g): g is Tensor => g !== null && g.requiresGrad);
  const second = torch.autograd.grad(again, [...inputs, ...gradOutputs], {
    gradOutputs: again.map(wave),
    allowUnused: true,
  });
  compareAll(second, s.second, `${what}: second derivative`, 16);
}

/** What draws from the generator, whose numbers on a card are PyTorch's there. */
const drawn = /^(rand.*|normal|poisson|multinomial|bernoulli|F\.(dropout|alpha_dropout|gumbel_softmax|rrelu))$/;

for (const [name, samples] of Map.groupBy(golden.samples, (s) => `${s.home && s.home + "."}${s.name}`)) {
  Deno.test({ name: `${name}: PyTorch's samples`, ignore: onCuda && drawn.test(name) }, () => {
    for (const s of samples) {
      const function_ = typeof homes[s.home][camel(s.name)] === "function", first = s.args[0];
      const method = s.home === "" && camel(s.name) in Tensor.prototype &&
        typeof first === "object" && first !== null && "b" in first && !["where", "normal"].includes(s.name);
      assert.ok(function_ || method, `${s.name} is missing`);
      if (function_) check(s, false);
      if (method) check(s, true);
    }
  });
}
