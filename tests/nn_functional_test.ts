/** Compares F's values, gradients, second derivatives and grad_fn names with PyTorch's (tests/golden/nn_functional.py). */
import { strict as assert } from "node:assert";
import { arange, autograd, type DTypeName, F, manualSeed, Tensor, tensor } from "../mod.ts";
import { onCuda } from "./device.ts";

interface Packed {
  dtype: DTypeName;
  shape: number[];
  data: (number | string | boolean)[];
  grad: boolean;
}
interface Argument {
  tensor?: Packed;
  list?: Argument[];
  number?: string;
  value?: unknown;
}
interface Case {
  name: string;
  args: Argument[];
  options: Record<string, Argument>;
  seed?: number;
  out: Packed[];
  gradFn?: string;
  grads?: (Packed | null)[];
  second?: (Packed | null)[];
}

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
const number = (v: number | string | boolean): number => v === "inf" ? Infinity : v === "-inf" ? -Infinity : Number(v);

function unpack(p: Packed): Tensor {
  const x = tensor(p.data.map(number), { dtype: p.dtype }).reshape(p.shape);
  return p.grad ? x.detach().requiresGrad_() : x;
}

function argument(a: Argument, leaves: Tensor[]): unknown {
  if (a.tensor) {
    const x = unpack(a.tensor);
    if (x.requiresGrad) leaves.push(x);
    return x;
  }
  if (a.list) return a.list.map((item) => argument(item, leaves));
  if (a.number) return number(a.number);
  return a.value;
}

function close(got: Tensor, want: Packed, what: string): void {
  assert.deepEqual([...got.shape], want.shape, `${what}: shape`);
  assert.equal(got.dtype.name, want.dtype, `${what}: type`);
  const values = [got.detach().tolist()].flat(Infinity as 1).map(Number);
  // The golden numbers have 10 digits; sums differ in their type's last bits.
  const tolerance = { float64: 1e-8, float16: 2e-3, bfloat16: 1.6e-2 }[want.dtype as string] ?? 2e-5;
  want.data.forEach((w, i) => {
    const v = number(w);
    if (Number.isNaN(v) || Math.abs(v) === Infinity) return assert.equal(values[i], v, `${what}[${i}]`);
    assert.ok(Math.abs(values[i] - v) <= tolerance * (1 + Math.abs(v)), `${what}[${i}]: ${values[i]}, expected ${v}`);
  });
}

function closeAll(got: readonly (Tensor | null)[], want: (Packed | null)[], what: string): void {
  want.forEach((w, i) => {
    if (w === null) return assert.ok(got[i] === null || got[i]!.eq(0).sum().item() === got[i]!.numel(), `${what} ${i}`);
    if (!got[i]) return assert.ok(w.data.every((v) => Number(v) === 0), `${what} ${i} is missing`);
    close(got[i], w, `${what} ${i}`);
  });
}

const cases: Case[] = JSON.parse(await Deno.readTextFile(new URL("golden/nn_functional.json", import.meta.url)));
const functions = F as unknown as Record<string, (...args: unknown[]) => Tensor | readonly Tensor[]>;
const warn = console.warn;

for (const [index, c] of cases.entries()) {
  const text = Object.entries(c.options).map(([k, v]) => `${k}=${JSON.stringify(v.value ?? "…")}`).join(" ");
  // What a card draws differs from what the CPU draws.
  const ignore = onCuda && c.seed !== undefined;
  Deno.test({ name: `F.${camel(c.name)} #${index} ${text}`, ignore }, () => {
    console.warn = () => {};
    try {
      run(c);
    } finally {
      console.warn = warn;
    }
  });
}

function run(c: Case): void {
  const leaves: Tensor[] = [];
  const args = c.args.map((a) => argument(a, leaves));
  const options = Object.fromEntries(Object.entries(c.options).map(([k, v]) => [camel(k), argument(v, leaves)]));
  if (c.seed !== undefined) manualSeed(c.seed);
  const y = functions[camel(c.name)](...args, ...(Object.keys(options).length > 0 ? [options] : []));
  const outs = y instanceof Tensor ? [y] : [...y];
  assert.equal(outs.length, c.out.length);
  outs.forEach((o, i) => close(o, c.out[i], `output ${i}`));
  if (!c.grads) return;
  const differentiable = outs.filter((o) => o.requiresGrad);
  const first = differentiable[0].gradFn!.name();
  assert.equal(first, c.gradFn);
  let total: Tensor | null = null;
  for (const o of differentiable) {
    const weights = tensor(Array.from({ length: o.numel() }, (_, i) => Math.cos(i)), { dtype: o.dtype });
    const term = o.mul(weights.reshape(o.shape)).sum();
    total = total === null ? term : total.add(term);
  }
  const grads = autograd.grad(total!, leaves, { createGraph: c.second !== undefined, allowUnused: true });
  closeAll(grads, c.grads, "gradient");
  if (!c.second) return;
  let square: Tensor | null = null;
  for (const g of grads) {
    if (g === null || !g.requiresGrad) continue;
    const s = g.mul(g).sum();
    square = square === null ? s : square.add(s);
  }
  const second = square === null ? leaves.map(() => null) : autograd.grad(square, leaves, { allowUnused: true });
  closeAll(second, c.second, "second derivative");
}

Deno.test("the fast backward of every loss is that of the composed one", () => {
  const x = arange(6).to("float64").div(7).add(0.05).requiresGrad_();
  const target = arange(6).to("float64").div(6);
  const loss = F.binaryCrossEntropy(x, target);
  const [slow] = autograd.grad(loss, x, { createGraph: true });
  const [fast] = autograd.grad(F.binaryCrossEntropy(x, target), x);
  const difference = slow!.sub(fast!).detach();
  assert.ok(difference.mul(difference).amax().item() < 1e-20);
});
