/** Compares modules made and run from one seed with PyTorch's (tests/golden/nn_modules.py). */
import { strict as assert } from "node:assert";
import { arange, autograd, manualSeed, nn, rand, randint, randn, Tensor, tensor } from "../mod.ts";
import { device, onCpu, onCuda } from "./device.ts";

/** How an input is drawn: by randn, or as it says; `sign` is -1 or 1. */
type Input = number[] | { rand: number[] } | { randint: [number, number[]] } | { sign: number[] } | {
  values: number[];
};
type Argument = { module: string; args?: Argument[]; options?: Record<string, unknown> } | number | string;
interface Case {
  name: string;
  args: Argument[];
  options: Record<string, unknown>;
  inputs: Input[];
  call: Record<string, unknown>;
  eval: boolean;
  repr: string;
  state: Record<string, number[]>;
  out?: { shape: number[]; data: number[] }[];
  grads?: (number[] | null)[];
  /** Null where PyTorch has no second derivative. */
  second?: (number[] | null)[] | null;
  buffers?: number[][];
}
type Callable = nn.Module & ((...args: unknown[]) => unknown);

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
const renamed = (o: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [camel(k), v]));
const modules = nn as unknown as Record<string, new (...args: unknown[]) => Callable>;
const cases: Case[] = JSON.parse(await Deno.readTextFile(new URL("golden/nn_modules.json", import.meta.url)));

function flat(y: unknown): Tensor[] {
  if (y instanceof Tensor) return [y];
  return Array.isArray(y) ? y.flatMap(flat) : [];
}

function build(a: Argument): unknown {
  if (typeof a !== "object" || !("module" in a)) return a;
  return new modules[a.module](...(a.args ?? []).map(build), ...(a.options ? [renamed(a.options)] : []));
}

function draw(i: Input): Tensor {
  if (Array.isArray(i)) return onCpu(() => randn(i)).to(device).requiresGrad_();
  if ("rand" in i) return onCpu(() => rand(i.rand)).to(device).requiresGrad_();
  if ("sign" in i) return onCpu(() => randint(0, 2, i.sign).float().mul(2).sub(1)).to(device);
  return onCpu(() => "values" in i ? tensor(i.values, { dtype: "int64" }) : randint(0, ...i.randint)).to(device);
}

/** The sum of what `term` makes of the tensors that ask for gradients. */
function total(tensors: readonly (Tensor | null)[], term: (x: Tensor) => Tensor): Tensor | null {
  const wanted = tensors.filter((x): x is Tensor => x !== null && x.requiresGrad);
  return wanted.length === 0 ? null : wanted.map((x) => term(x).sum()).reduce((a, b) => a.add(b));
}

function close(got: Tensor, want: number[], what: string): void {
  const values = Array.from(got.toTypedArray() as Iterable<number | bigint>, Number);
  assert.equal(values.length, want.length, what);
  // float32 sums in another order.
  const scale = Math.max(1, ...want.map(Math.abs));
  want.forEach((w, i) => {
    if (Number.isNaN(w)) return;
    assert.ok(Math.abs(values[i] - w) <= 3e-5 * scale, `${what}[${i}]: ${values[i]}, expected ${w}`);
  });
}

for (const [index, c] of cases.entries()) {
  // What a card draws differs from what the CPU draws.
  const ignore = onCuda && !c.eval &&
    (/Dropout|RReLU|Fractional|Lazy(Linear|Conv)/.test(c.name) || Number(c.options.dropout ?? 0) > 0);
  Deno.test({ name: `nn.${c.name} #${index} ${JSON.stringify(c.options)}`, ignore }, () => {
    manualSeed(0);
    const options = Object.keys(c.options).length > 0 ? [renamed(c.options)] : [];
    const m = onCpu(() => new modules[c.name](...c.args.map(build), ...options)).to(device);
    assert.equal(String(m), c.repr);
    if (c.eval) m.eval();
    const checkState = (): void =>
      assert.deepEqual(Object.entries(m.stateDict()).map(([k, v]) => [k, [...v.shape]]), Object.entries(c.state));
    if (c.inputs.length === 0) return checkState();
    const xs = c.inputs.map(draw);
    const outs = flat(m(...xs, ...(Object.keys(c.call).length > 0 ? [renamed(c.call)] : [])));
    checkState(); // which lazy layers have from here on
    outs.forEach((o, i) => {
      assert.deepEqual([...o.shape], c.out![i].shape);
      close(o, c.out![i].data, `output ${i}`);
    });
    [...m.buffers()].forEach((b, i) => close(b, c.buffers![i], `buffer ${i}`));
    if (!c.grads) return;
    const leaves = [...xs.filter((x) => x.requiresGrad), ...m.parameters()];
    const derive = (of: Tensor | null, wanted: (number[] | null)[], what: string, createGraph: boolean) => {
      const found = of === null
        ? leaves.map(() => null)
        : autograd.grad(of, leaves, { createGraph, allowUnused: true });
      wanted.forEach((want, i) => {
        const got = found[i];
        // Nothing, or zeros: where nothing depends on a leaf, both are right.
        if (got === null || want === null) {
          assert.ok((want ?? []).every((v) => v === 0), `${what} ${i}`);
          assert.ok(got === null || got.countNonzero().item() === 0, `${what} ${i}`);
        } else close(got, want, `${what} ${i}`);
      });
      return found;
    };
    const weighed = total(outs, (o) => o.mul(arange(o.numel()).to(o.dtype).cos().reshape(o.shape)));
    const second = c.second ?? null, grads = derive(weighed, c.grads, "gradient", second !== null);
    if (second !== null) derive(total(grads, (g) => g.mul(g)), second, "second derivative", false);
  });
}
