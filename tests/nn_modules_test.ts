/** Compares modules made and run from one seed with PyTorch's (tests/golden/nn_modules.py). */
import { strict as assert } from "node:assert";
import { arange, manualSeed, nn, randint, randn, Tensor } from "../mod.ts";
import { device, onCpu, onCuda } from "./device.ts";

type Input = number[] | { randint: [number, number[]] };
interface Case {
  name: string;
  args: unknown[];
  options: Record<string, unknown>;
  inputs: Input[];
  call: Record<string, unknown>;
  eval: boolean;
  repr: string;
  state: Record<string, number[]>;
  out?: { shape: number[]; data: number[] }[];
  grads?: (number[] | null)[];
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
  const ignore = onCuda && !c.eval && (/Dropout|RReLU|Fractional/.test(c.name) || Number(c.options.dropout ?? 0) > 0);
  Deno.test({ name: `nn.${c.name} #${index} ${JSON.stringify(c.options)}`, ignore }, () => {
    manualSeed(0);
    const options = Object.keys(c.options).length > 0 ? [renamed(c.options)] : [];
    const m = onCpu(() => new modules[c.name](...c.args, ...options)).to(device);
    assert.equal(String(m), c.repr);
    const state = Object.entries(m.stateDict()).map(([k, v]) => [k, [...v.shape]]);
    assert.deepEqual(state, Object.entries(c.state));
    if (c.eval) m.eval();
    if (c.inputs.length === 0) return;
    const xs = c.inputs.map((i) =>
      Array.isArray(i)
        ? onCpu(() => randn(i)).to(device).requiresGrad_()
        : onCpu(() => randint(0, i.randint[0], i.randint[1])).to(device)
    );
    const outs = flat(m(...xs, ...(Object.keys(c.call).length > 0 ? [renamed(c.call)] : [])));
    outs.forEach((o, i) => {
      assert.deepEqual([...o.shape], c.out![i].shape);
      close(o, c.out![i].data, `output ${i}`);
    });
    [...m.buffers()].forEach((b, i) => close(b, c.buffers![i], `buffer ${i}`));
    if (!c.grads) return;
    let total: Tensor | null = null;
    for (const o of outs) {
      if (!o.requiresGrad) continue;
      const weights = arange(o.numel()).to(o.dtype).cos().reshape(o.shape);
      const term = o.mul(weights).sum();
      total = total === null ? term : total.add(term);
    }
    total!.backward();
    const leaves = [...xs.filter((x) => x.requiresGrad), ...m.parameters()];
    leaves.forEach((p, i) => {
      const want = c.grads![i];
      if (want === null) assert.equal(p.grad, null);
      else close(p.grad!, want, `gradient ${i}`);
    });
  });
}
