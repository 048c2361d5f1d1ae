/** Arguments by name: what is required may be named as well as what is optional, in functions and in methods. */
import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import { F, type Tensor } from "../mod.ts";

type Callable = (...args: unknown[]) => unknown;

const x = torch.arange(1, 13, { dtype: torch.float64 }).reshape(3, 4), y = x.cos(), mask = y.gt(0);
const rows = torch.LongTensor([[0, 2, 1, 0]]), picks = torch.LongTensor([2, 0]), row = x.select(0, 0);
const image = torch.arange(32, { dtype: torch.float64 }).sin().reshape(1, 2, 4, 4);
const weight = torch.arange(72, { dtype: torch.float64 }).cos().reshape(4, 2, 3, 3);
const labels = torch.LongTensor([0, 3, 1]);

/** Arguments after the first, by their names: what is required, and options. */
const calls: [name: string, input: Tensor, required: Record<string, unknown>, options?: Record<string, unknown>][] = [
  ["add", x, { other: y }, { alpha: 2 }],
  ["sub", x, { other: 3 }],
  ["mul", x, { other: y }],
  ["div", x, { other: 2 }, { roundingMode: "floor" }],
  ["pow", x, { exponent: 2 }],
  ["maximum", x, { other: y }],
  ["le", x, { other: 3 }],
  ["max", x, { other: y }],
  ["isclose", x, { other: y }, { rtol: 0.5 }],
  ["clampMin", x, { min: 3 }],
  ["lerp", x, { end: y, weight: 0.25 }],
  ["maskedFill", x, { mask, value: 0 }],
  ["addcmul", x, { tensor1: y, tensor2: y }, { value: 2 }],
  ["addmm", x.matmul(x.t()), { mat1: x, mat2: y.t() }, { beta: 0.5 }],
  ["matmul", x, { other: y.t() }],
  ["mm", x, { mat2: y.t() }],
  ["outer", row, { vec2: row }],
  ["narrow", x, { dim: 1, start: 0, length: 2 }],
  ["split", x, { splitSizeOrSections: 2 }, { dim: 1 }],
  ["tensorSplit", x, { sections: 2 }, { dim: 1 }],
  ["select", x, { dim: 1, index: 2 }],
  ["permute", x, { dims: [1, 0] }],
  ["transpose", x, { dim0: 0, dim1: 1 }],
  ["reshape", x, { shape: [4, 3] }],
  ["unflatten", x, { dim: 1, sizes: [2, 2] }],
  ["unsqueeze", x, { dim: 1 }],
  ["movedim", x, { source: 0, destination: 1 }],
  ["tile", x, { dims: [2, 1] }],
  ["gather", x, { dim: 0, index: rows }],
  ["scatter", x, { dim: 0, index: rows, src: y }],
  ["scatterAdd", x, { dim: 0, index: rows, src: y }],
  ["scatterReduce", x, { dim: 0, index: rows, src: y, reduce: "amax" }, { includeSelf: false }],
  ["indexSelect", x, { dim: 0, index: picks }],
  ["indexAdd", x, { dim: 0, index: picks, source: y.narrow(0, 0, 2) }],
  ["selectScatter", x, { src: row, dim: 0, index: 2 }],
  ["take", x, { index: picks }],
  ["takeAlongDim", x, { indices: rows }, { dim: 0 }],
  ["topk", x, { k: 2 }, { largest: false }],
  ["quantile", x, { q: 0.25 }, { dim: 1 }],
  ["cross", x.narrow(1, 0, 3), { other: y.narrow(1, 0, 3) }, { dim: 1 }],
  ["fullLike", x, { fillValue: 2.5 }],
  ["pad", image, { pad: [1, 1, 2, 0] }, { mode: "reflect" }],
  ["linear", x, { weight: y }, { bias: row.narrow(0, 0, 3) }],
  ["conv2d", image, { weight }, { stride: 2 }],
  ["crossEntropy", x, { target: labels }, { labelSmoothing: 0.1 }],
  ["mseLoss", x, { target: y }, { reduction: "sum" }],
  ["layerNorm", x, { normalizedShape: [4] }, { eps: 0.1 }],
  ["scaledDotProductAttention", x, { key: y, value: y }, { isCausal: true }],
  ["cosineSimilarity", x, { x2: y }, { dim: 0 }],
];

function text(result: unknown): string {
  return Array.isArray(result) ? result.map(String).join("\n") : String(result);
}

Deno.test("what is required may be given by name", () => {
  for (const [name, input, required, options] of calls) {
    const home = (name in torch ? torch : F) as unknown as Record<string, Callable>;
    const expected = text(home[name](input, ...Object.values(required), ...(options ? [options] : [])));
    assert.equal(text(home[name](input, { ...required, ...options })), expected, name);
    const method = (input as unknown as Record<string, Callable>)[name];
    if (method) assert.equal(text(method.call(input, { ...required, ...options })), expected, `${name} as a method`);
  }
});

Deno.test("in-place forms take names, and so do functions of sizes", () => {
  assert.equal(String(x.clone().add_({ other: y, alpha: 2 })), String(x.add(y, { alpha: 2 })));
  assert.equal(String(x.clone().maskedFill_({ mask, value: 1 })), String(x.maskedFill(mask, 1)));
  assert.equal(String(torch.full([2], { fillValue: 3 })), String(torch.full([2], 3)));
  assert.equal(String(torch.zeros({ size: [2, 3] })), String(torch.zeros(2, 3)));
  assert.equal(String(x.newOnes({ size: [2] })), String(x.newOnes(2)));
  assert.equal(String(torch.linspace(0, { end: 1, steps: 3 })), String(torch.linspace(0, 1, 3)));
  assert.equal(String(torch.where(mask, { input: x, other: 0 })), String(torch.where(mask, x, 0)));
});

Deno.test("a required argument that is missing or given twice is an error that names it", () => {
  assert.throws(
    () => (x.narrow as Callable).call(x, { dim: 1, start: 0 }),
    /missing 1 required positional argument: 'length'/,
  );
  assert.throws(
    () => (x.narrow as Callable).call(x, 1),
    /missing 2 required positional arguments: 'start' and 'length'/,
  );
  assert.throws(
    () => (x.narrow as Callable).call(x, 1, { dim: 1, start: 0, length: 2 }),
    /multiple values for argument 'dim'/,
  );
  assert.throws(() => (F.mseLoss as Callable)(x, { target: y, size: 1 }), /unexpected option 'size'/);
});
