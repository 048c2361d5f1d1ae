import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import { Tensor } from "../mod.ts";
import { toDtype } from "../src/dtype.ts";
import golden from "./golden/math.json" with { type: "json" };

interface Encoded {
  shape: number[];
  dtype: string;
  values: (number | string | boolean)[];
}
type Argument = Encoded | number | null;
interface Case {
  name: string;
  args: Argument[];
  options: Record<string, Argument>;
  y: Encoded;
  gradFn?: string;
  grads?: Encoded[];
  second?: Encoded[];
}

const numberOf = (v: number | string | boolean) => typeof v === "string" ? Number(v.replace("inf", "Infinity")) : v;

function decode(a: Argument): Tensor | number | null {
  if (a === null || typeof a === "number") return a;
  return torch.tensor(a.values.map(numberOf), { dtype: toDtype(a.dtype as "float32") }).view(a.shape);
}

function close(actual: Tensor, expected: Encoded, label: string): void {
  assert.deepEqual([...actual.shape], expected.shape, `${label}: shape`);
  assert.equal(actual.dtype.name, expected.dtype, `${label}: type`);
  // Float32 functions may be off by a few roundings; second derivatives add up several.
  // PyTorch's polygamma itself is off by 5e-10, and by 3e-4 in float32.
  const gamma = /^(lgamma|digamma).*(gradient|second)/.test(label);
  const tolerance = expected.dtype === "float32" ? gamma ? 3e-4 : 4e-6 : gamma ? 1e-9 : 1e-12;
  const flat = actual.detach().reshape(-1).tolist() as (number | boolean)[];
  flat.forEach((v, i) => {
    const e = numberOf(expected.values[i]);
    const same = Object.is(v, e) || v === e || Math.abs(Number(v) - Number(e)) <= tolerance * (Math.abs(Number(e)) + 1);
    assert.ok(same, `${label}: element ${i} is ${v}, expected ${e}`);
  });
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, c) => c.toUpperCase());

Deno.test("functions and their derivatives are PyTorch's", () => {
  for (const c of golden as unknown as Case[]) {
    const label = `${c.name}(${JSON.stringify(c.args)}) ${JSON.stringify(c.options)}`;
    const args = c.args.map(decode);
    const options = Object.fromEntries(Object.entries(c.options).map(([k, v]) => [camel(k), decode(v)]));
    const leaves: Tensor[] = [];
    if (c.grads) {
      for (const a of [...args, ...Object.values(options)]) {
        if (a instanceof Tensor && a.isFloatingPoint() && leaves.length < c.grads.length) {
          leaves.push(a.requiresGrad_());
        }
      }
    }
    // deno-lint-ignore no-explicit-any
    const f = (torch as any)[camel(c.name)];
    const y: Tensor = Object.keys(options).length > 0 ? f(...args, options) : f(...args);
    close(y, c.y, label);
    if (!c.grads) continue;
    if (c.gradFn) assert.equal(y.gradFn?.name() ?? "NoneType", c.gradFn, label);
    const n = y.numel(), weights = torch.linspace(0.5, 1.5, n, { dtype: y.dtype }).view(y.shape);
    const first = torch.autograd.grad([y.mul(weights).sum()], leaves, { createGraph: true }) as Tensor[];
    first.forEach((g, i) => close(g, c.grads![i], `${label}: gradient ${i}`));
    if (!c.second) continue;
    const total = first.map((g) => g.mul(g).sum()).reduce((a, b) => a.add(b));
    const second = torch.autograd.grad([total], leaves, { allowUnused: true });
    second.forEach((g, i) => close(g ?? torch.zerosLike(leaves[i]), c.second![i], `${label}: second derivative ${i}`));
  }
});

Deno.test("functions in place write what the functions return", () => {
  const x = torch.tensor([0.2, 0.5, 0.9], { dtype: torch.float64 });
  // deno-lint-ignore no-explicit-any
  const t = torch.Tensor.prototype as any;
  for (const name of ["exp", "log", "sqrt", "sin", "erf", "floor", "abs", "reciprocal", "lgamma", "square"]) {
    const y = x.clone();
    assert.equal(t[`${name}_`].call(y), y);
    assert.deepEqual(y.tolist(), t[name].call(x).tolist(), name);
  }
  assert.deepEqual(x.clone().clamp_(0.3, 0.6).tolist(), [0.3, 0.5, 0.6]);
  assert.deepEqual(x.clone().maskedFill_(x.gt(0.4), 1).tolist(), [0.2, 1, 1]);
  assert.deepEqual(torch.tensor([4n, 9n]).pow_(2).tolist(), [16, 81]);
});

Deno.test("bad arguments of functions are named", () => {
  const i = torch.tensor([1n, 2n]), b = torch.tensor([true]);
  const bad: [() => unknown, RegExp][] = [
    [() => i.pow(-1), /Integers to negative integer powers are not allowed/],
    [() => i.frac(), /"frac" not implemented for 'Long'/],
    [() => b.abs(), /not implemented for 'Bool'/],
    [() => i.exp_(), /result type torch\.float32 can't be cast to the desired output type torch\.int64/],
    [() => i.clamp(), /At least one of 'min' or 'max' must not be None/],
    [() => torch.where(i, i, i), /where expected condition to be a boolean tensor/],
    [() => i.maskedFill(i, 1), /masked_fill_ only supports boolean masks/],
    [() => torch.ones(2).maximum(torch.ones(3)), /The size of tensor a \(2\) must match the size of tensor b \(3\)/],
  ];
  for (const [body, message] of bad) assert.throws(body, message, String(body));
});
