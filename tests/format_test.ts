import assert from "node:assert/strict";
import {
  formatExponential,
  formatFixed,
  formatFloat,
  formatSize,
  formatTensor,
  formatTuple,
  formatValue,
  getPrintoptions,
  type Printable,
  type SetPrintOptions,
  setPrintoptions,
} from "../src/format.ts";
import golden from "./golden/format.json" with { type: "json" };

type Value = number | bigint | boolean;

/** Undo the encoding of make_format.py. */
function decode(value: number | string | boolean, dtype = "float64"): Value {
  if (typeof value !== "string") return value;
  if (dtype === "int64") return BigInt(value);
  return Number(value.replace("inf", "Infinity"));
}

const RECIPES: Record<string, (i: number) => Value> = {
  arange: (i) => i,
  float: (i) => i,
  half: (i) => i / 2,
  mod: (i) => ((i * 7919) % 101) / 64 - 0.5,
  bool: (i) => i % 3 === 0,
  spread: (i) => Number(`1e${(i % 9) - 4}`),
};

function printable(c: typeof golden.tensors[number]): Printable {
  const element = c.recipe ? RECIPES[c.recipe] : (i: number) => decode(c.values![i], c.dtype);
  const read = (indices: readonly (readonly number[])[]): Value[] => {
    let offsets = [0];
    indices.forEach((list, dim) => {
      offsets = offsets.flatMap((offset) => list.map((i) => offset * c.shape[dim] + i));
    });
    return offsets.map(element);
  };
  return { ...c, device: "cpu", read };
}

Deno.test("tensors print as in PyTorch", () => {
  for (const c of golden.tensors) {
    const { sci_mode: sciMode, ...rest } = c.options as Record<string, unknown>;
    setPrintoptions({ profile: "default" });
    setPrintoptions({ ...rest, sciMode } as SetPrintOptions);
    const text = formatTensor(printable(c));
    setPrintoptions({ profile: "default" });
    assert.equal(text, c.text, JSON.stringify({ ...c, text: undefined }));
  }
});

Deno.test("floats print as in Python", () => {
  for (const [value, text] of golden.floats) assert.equal(formatFloat(Number(decode(value))), text);
});

Deno.test("rounding is exact, ties to even", () => {
  for (const [value, digits, fixed, exponential] of golden.rounded) {
    assert.equal(formatFixed(Number(decode(value)), Number(digits)), fixed);
    assert.equal(formatExponential(Number(decode(value)), Number(digits)), exponential);
  }
});

Deno.test("another device, another default dtype", () => {
  const x = printable({ ...golden.tensors[0], shape: [2], values: [1, 2] });
  assert.equal(formatTensor({ ...x, device: "cuda:0" }), "tensor([1., 2.], device='cuda:0')");
  assert.equal(formatTensor(x, { dtype: "float64" }), "tensor([1., 2.], dtype=torch.float32)");
});

Deno.test("Python values and sizes", () => {
  assert.equal(formatSize([10, 48]), "torch.Size([10, 48])");
  assert.equal(formatTuple([3]), "(3,)");
  assert.equal(formatTuple([0.9, 0.999]), "(0.9, 0.999)");
  assert.equal(formatValue([null, true, "it's", "zeros", 1e-5]), `(None, True, "it's", 'zeros', 1e-05)`);
});

Deno.test("print options are checked and can be read back", () => {
  const before = getPrintoptions();
  setPrintoptions({ precision: 2, sciMode: false });
  assert.deepEqual(getPrintoptions(), { ...before, precision: 2, sciMode: false });
  setPrintoptions({ profile: "default" });
  assert.deepEqual(getPrintoptions(), before);
  assert.throws(() => setPrintoptions({ digits: 3 } as SetPrintOptions), /unknown option "digits"/);
});
