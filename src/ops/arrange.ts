/**
 * Tensors put side by side, cut apart, repeated and paired: compositions of joins and views.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { empty, view as viewOf } from "../make.ts";
import { broadcastSizes, formatSizes, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fill_ } from "./fill.ts";
import { gather, scatter, scatterAdd, wrapIndices } from "./gather.ts";
import { copy_ } from "./inplace.ts";
import { indices } from "./diagonal.ts";
import { cat, stack, tensorSplit } from "./join.ts";
import { expand, reshape, select, sliceAlong, unsqueeze } from "./movement.ts";
import { clone } from "./strided.ts";
import { bool, int32, int64 } from "../dtype.ts";
import { readElements, type Scalar } from "../read.ts";
import { searchsorted } from "./sort.ts";

/** At least one dimension. */
export function atleast1d(x: Tensor): Tensor {
  return x.ndim === 0 ? unsqueeze(x, 0) : x;
}

/** At least two dimensions: a vector becomes a row. */
export function atleast2d(x: Tensor): Tensor {
  return x.ndim < 2 ? unsqueeze(atleast1d(x), 0) : x;
}

/** At least three dimensions. */
export function atleast3d(x: Tensor): Tensor {
  return x.ndim < 3 ? unsqueeze(atleast2d(x), -1) : x;
}

/** Side by side along the second dimension; vectors end to end. */
export function hstack(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new Error("hstack expects a non-empty TensorList");
  const all = tensors.map(atleast1d);
  return cat(all, all[0].ndim === 1 ? 0 : 1);
}

/** On top of each other; vectors as rows. */
export function vstack(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new Error("vstack expects a non-empty TensorList");
  return cat(tensors.map(atleast2d), 0);
}

/** Behind each other along the third dimension. */
export function dstack(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new Error("dstack expects a non-empty TensorList");
  return cat(tensors.map(atleast3d), 2);
}

/** Vectors as the columns of a matrix, matrices side by side. */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  return hstack(tensors.map((x) => x.ndim <= 1 ? reshape(x, [x.count, 1]) : x));
}

/** Cuts along the second dimension (the first of a vector). */
export function hsplit(x: Tensor, where: number | Sizes): Tensor[] {
  if (x.ndim < 1) {
    throw new RangeError(
      `torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with ${x.ndim} dimensions!`,
    );
  }
  return evenSplit("hsplit", x, where, x.ndim === 1 ? 0 : 1);
}

/** Cuts along the first dimension. */
export function vsplit(x: Tensor, where: number | Sizes): Tensor[] {
  if (x.ndim < 2) {
    throw new RangeError(
      `torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with ${x.ndim} dimensions!`,
    );
  }
  return evenSplit("vsplit", x, where, 0);
}

/** Cuts along the third dimension. */
export function dsplit(x: Tensor, where: number | Sizes): Tensor[] {
  if (x.ndim < 3) {
    throw new RangeError(
      `torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with ${x.ndim} dimensions!`,
    );
  }
  return evenSplit("dsplit", x, where, 2);
}

function evenSplit(operation: string, x: Tensor, where: number | Sizes, dim: number): Tensor[] {
  if (typeof where !== "number" && !Array.isArray(where)) {
    throw new TypeError(
      `${operation}() received an invalid combination of arguments: expected an int or a tuple of ints, got ${where}`,
    );
  }
  if (typeof where === "number" && (where === 0 || x.sizes[dim] % where !== 0)) {
    throw new RangeError(
      `torch.${operation} attempted to split along dimension ${dim}, but the size of the dimension ${
        x.sizes[dim]
      } is not ` +
        `divisible by the split_size ${where}!`,
    );
  }
  return tensorSplit(x, where, dim);
}

/** The tensors, all in the shape that they broadcast to. */
export function broadcastTensors(tensors: readonly Tensor[]): Tensor[] {
  const sizes = tensors.map((t) => t.sizes).reduce((a, b) => broadcastSizes(a, b), [] as Sizes);
  return tensors.map((t) => expand(t, sizes));
}

/** The shape that shapes broadcast to. */
export function broadcastShapes(...shapes: (number | Sizes)[]): Sizes {
  const lists = shapes.map((s) => typeof s === "number" ? [s] : s);
  const result = new Array<number>(Math.max(0, ...lists.map((s) => s.length))).fill(1);
  lists.forEach((sizes, index) =>
    sizes.toReversed().forEach((size, back) => {
      const at = result.length - 1 - back;
      if (size < 0) throw new RangeError("Attempting to broadcast a dimension with negative length!");
      if (result[at] === 1) result[at] = size;
      if (size !== 1 && size !== result[at]) {
        throw new RangeError(
          `Attempting to broadcast a dimension of length ${size} at ${
            -1 - back
          }! Mismatching argument at index ${index} ` +
            `had (${sizes.join(", ")}${
              sizes.length === 1 ? "," : ""
            }); but expected shape should be broadcastable to ` +
            `[${result.join(", ")}]`,
        );
      }
    })
  );
  return result;
}

/** Grids of coordinates from vectors; `indexing` is "ij" (matrix) or "xy" (Cartesian). */
export function meshgrid(tensors: readonly Tensor[], indexing: "ij" | "xy" = "ij"): Tensor[] {
  if (tensors.length === 0) throw new Error("meshgrid expects a non-empty TensorList");
  if (indexing !== "ij" && indexing !== "xy") {
    throw new TypeError(`torch.meshgrid: indexing must be one of "xy" or "ij", but received: ${indexing}`);
  }
  tensors.forEach((t) => {
    if (t.ndim > 1) {
      throw new RangeError(
        `torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ${formatSizes(t.sizes)}`,
      );
    }
    if (t.device !== tensors[0].device) throw new Error("torch.meshgrid expects all tensors to have the same device");
  });
  const swap = indexing === "xy" && tensors.length >= 2;
  const list = swap ? [tensors[1], tensors[0], ...tensors.slice(2)] : tensors;
  const sizes = list.map((t) => t.count);
  const grids = list.map((t, i) => expand(reshape(t, sizes.map((_, k) => k === i ? -1 : 1)), sizes));
  return swap ? [grids[1], grids[0], ...grids.slice(2)] : grids;
}

/** All tuples of one element from each vector, as rows. */
export function cartesianProd(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0];
  return stack(meshgrid(tensors).map((g) => reshape(g, [-1])), 1);
}

/** All combinations of `r` elements of a vector, as rows. */
export function combinations(x: Tensor, r = 2, withReplacement = false): Tensor {
  if (x.ndim !== 1) throw new RangeError(`Expect a 1D vector, but got shape ${formatSizes(x.sizes)}`);
  if (r < 0) throw new RangeError(`Expect a non-negative number, but got ${r}`);
  if (r === 0) return empty([0], x.dtype, x.device);
  if (r === 1) return reshape(x, [-1, 1]);
  const grids = meshgrid(Array.from({ length: r }, () => indices(x.count, x.device)));
  let mask: Tensor | null = null;
  for (let i = 1; i < r; i++) {
    const ordered = withReplacement ? grids[i - 1].le(grids[i]) : grids[i - 1].lt(grids[i]);
    mask = mask === null ? ordered : mask.logicalAnd(ordered);
  }
  const values = meshgrid(new Array<Tensor>(r).fill(x));
  return stack(values.map((g) => mask === null ? reshape(g, [-1]) : g.maskedSelect(mask)), 1);
}

/** Matrices along the diagonal of a larger one. */
export function blockDiag(tensors: readonly Tensor[]): Tensor {
  const parts = tensors.map((x) => {
    if (x.ndim > 2) {
      throw new RangeError(`torch.block_diag: Input tensors must have 2 or fewer dimensions. (got ${x.ndim})`);
    }
    return atleast2d(x);
  });
  const columns = parts.reduce((n, p) => n + p.sizes[1], 0);
  let before = 0;
  const rows = parts.map((p) => {
    const left = zeros(p, [p.sizes[0], before]);
    before += p.sizes[1];
    return cat([left, p, zeros(p, [p.sizes[0], columns - before])], 1);
  });
  return cat(rows, 0);
}

function zeros(like: Tensor, sizes: Sizes): Tensor {
  const y = empty(sizes, like.dtype, like.device);
  fill_(y, 0);
  return y;
}

/**
 * Each element (of `dim`, or of the flattened tensor) repeated: all equally often, or each as often as a tensor says.
 *
 * @param length What the repeats add up to, where it is known.
 */
export function repeatInterleave(
  x: Tensor,
  repeats: number | Tensor,
  dim: number | null = null,
  length: number | null = null,
): Tensor {
  const source = dim === null || x.ndim === 0 ? reshape(x, [-1]) : x;
  const d = dim === null ? 0 : wrapDim(dim, x.ndim);
  const n = source.sizes[d];
  if (typeof repeats === "number") {
    if (repeats < 0) throw new RangeError("repeats can not be negative");
    const wide = unsqueeze(source, d + 1);
    const sizes = [...wide.sizes];
    sizes[d + 1] = repeats;
    const joined = [...source.sizes];
    joined[d] = n * repeats;
    checkLength(length, n * repeats);
    return reshape(clone(expand(wide, sizes)), joined);
  }
  if (repeats.ndim > 1) throw new RangeError("repeats must be 0-dim or 1-dim tensor");
  const counts = repeats.count === 1 ? expand(reshape(repeats, [1]), [n]) : repeats;
  if (counts.count !== n) {
    throw new RangeError(
      `repeats must have the same size as input along dim, but got repeats.size(0) = ${counts.count} and input.size(${d}) = ${n}`,
    );
  }
  return source.indexSelect(d, repeatedIndices(counts, length));
}

function checkLength(expected: number | null, length: number): void {
  if (expected !== null && expected !== length) {
    throw new RangeError(
      `allocated size does not match required size (output size ${expected}, repeats sum ${length})`,
    );
  }
}

/** 0, 1, … each as often as `counts` says. */
export function repeatedIndices(counts: Tensor, length: number | null = null): Tensor {
  if (counts.ndim !== 1) throw new RangeError("repeat_interleave only accept 1D vector as repeat");
  if (counts.dtype !== int64 && counts.dtype !== int32) {
    throw new TypeError("repeats has to be Long or Int tensor");
  }
  if (counts.count > 0 && readElements(counts.amin(), [[]])[0] as number < 0) {
    throw new RangeError("repeats can not be negative");
  }
  const ends = counts.to(int64).cumsum(0), total = counts.count === 0 ? 0 : Number(select(ends, 0, -1).item());
  checkLength(length, total);
  // Which end is the first beyond each position.
  return searchsorted(ends, indices(total, counts.device), true);
}

/** Elements by their index in the flattened tensor. */
export function take(x: Tensor, index: Tensor): Tensor {
  const flat = reshape(x.detached(), [-1]);
  const y = reshape(gather(flat, 0, wrapIndices("take", reshape(index, [-1]), flat.count, 0)), index.sizes);
  y.base = null; // An output of its own.
  return record("TakeBackward0", y, [x], [], (dy) => [put(zeros(dy, x.sizes), index, dy, true)]);
}

/** {@linkcode gather} with broadcasting of the other dimensions; without `dim`, in the flattened tensor. */
export function takeAlongDim(x: Tensor, index: Tensor, dim: number | null = null): Tensor {
  if (index.dtype !== int64) {
    throw new TypeError(`torch.take_along_dim(): dtype of indices should be Long but got ${index.dtype.name}`);
  }
  if (dim === null) return gather(reshape(x, [-1]), 0, reshape(index, [-1]));
  const d = wrapDim(dim, x.ndim);
  if (index.ndim !== x.ndim) {
    throw new RangeError(
      `torch.take_along_dim(): input and indices should have the same number of dimensions, but got ${x.ndim} dimensions for input, and ${index.ndim} dimensions for indices`,
    );
  }
  const common = broadcastSizes(x.sizes.map((s, i) => i === d ? 1 : s), index.sizes.map((s, i) => i === d ? 1 : s));
  const wide = (t: Tensor): Tensor => expand(t, common.map((s, i) => i === d ? t.sizes[d] : s));
  return gather(wide(x), d, wide(index).contiguous());
}

/** A copy of x with `source` as row `index` along `dim`. */
export function selectScatter(x: Tensor, source: Tensor, dim: number, index: number): Tensor {
  const y = clone(x.detached()), target = select(y, dim, index);
  checkSlice("select_scatter", target, source);
  copy_(target, source.detached());
  return record("SelectScatterBackward0", y, [x, source], [], (dy) => [
    selectScatter(dy, zeros(dy, target.sizes), dim, index),
    select(dy, dim, index),
  ]);
}

/** A copy of x with `source` in place of a slice. */
export function sliceScatter(
  x: Tensor,
  source: Tensor,
  dim = 0,
  start: number | null = null,
  end: number | null = null,
  step = 1,
): Tensor {
  if (step <= 0) throw new RangeError("slice step must be positive");
  const y = clone(x.detached()), target = sliceAlong(y, dim, start, end, step);
  checkSlice("slice_scatter", target, source);
  copy_(target, source.detached());
  return record("SliceScatterBackward0", y, [x, source], [], (dy) => [
    sliceScatter(dy, zeros(dy, target.sizes), dim, start, end, step),
    sliceAlong(dy, dim, start, end, step),
  ]);
}

function checkSlice(operation: string, target: Tensor, source: Tensor): void {
  if (target.ndim !== source.ndim || target.sizes.some((s, i) => s !== source.sizes[i])) {
    throw new RangeError(
      `expected src to have a size equal to the slice of self. src size = ${formatSizes(source.sizes)}, slice size = ` +
        `${formatSizes(target.sizes)} (${operation})`,
    );
  }
}

/** Coordinates, one tensor per dimension, from indices into a flattened tensor. */
export function unravelIndex(index: Tensor, size: number | Sizes): Tensor[] {
  const sizes = typeof size === "number" ? [size] : size;
  if (index.dtype.isFloatingPoint || index.dtype === bool) {
    throw new TypeError(`expected 'indices' to be an integer dtype, but got ${index.dtype}`);
  }
  if (sizes.some((s) => s < 0)) {
    throw new RangeError(`'shape' cannot have negative values, but got ${formatSizes(sizes)}`);
  }
  let rest = index.to(int64);
  const out: Tensor[] = [];
  for (let d = sizes.length - 1; d >= 0; d--) {
    const quotient = rest.div(sizes[d], { roundingMode: "floor" });
    out.unshift(rest.sub(quotient.mul(sizes[d])));
    rest = quotient;
  }
  return out;
}

/** x with `value` written at indices into the flattened tensor. */
export function put(x: Tensor, index: Tensor, source: Tensor, accumulate = false): Tensor {
  if (index.count !== source.count) {
    throw new RangeError(
      `put_(): Expected source and index to have the same number of elements, but got source.numel() = ${source.count}, ` +
        `index.numel() = ${index.count}`,
    );
  }
  const flat = reshape(x.detached(), [-1]), values = reshape(source.detached(), [-1]);
  const at = wrapIndices("put", reshape(index, [-1]), flat.count, 0);
  const y = reshape(accumulate ? scatterAdd(flat, 0, at, values) : scatter(flat, 0, at, values), x.sizes);
  y.base = null; // An output of its own.
  return record("PutBackward0", y, [x, source], [], (dy, _, [needsX]) => [
    !needsX || accumulate ? dy : put(dy, index, zeros(dy, index.sizes)),
    reshape(take(dy, index), source.sizes),
  ]);
}

/** Zeros around a tensor: pairs of (before, after), last dimension first; negative ones cut off. */
export function constantPad(x: Tensor, pads: Sizes, value: Scalar = 0): Tensor {
  if (pads.length % 2 !== 0 || pads.length > 2 * x.ndim) {
    throw new RangeError(
      `Length of pad must be even and at most twice the number of dimensions of the input. Input has ${x.ndim} dimensions, got ` +
        `${pads.length} numbers`,
    );
  }
  const before = x.sizes.map((_, d) => pads[2 * (x.ndim - 1 - d)] ?? 0);
  const after = x.sizes.map((_, d) => pads[2 * (x.ndim - 1 - d) + 1] ?? 0);
  const sizes = x.sizes.map((s, d) => s + before[d] + after[d]);
  if (sizes.some((s) => s < 0)) {
    throw new RangeError(
      `The input size ${formatSizes(x.sizes)}, plus padding ${
        formatSizes(pads)
      }, resulted in a negative output size, which is invalid. (constant_pad_nd)`,
    );
  }
  const y = empty(sizes, x.dtype, x.device);
  fill_(y, value);
  const inner = (t: Tensor, b: Sizes): Tensor =>
    x.sizes.reduce<Tensor>((part, s, d) => {
      const begin = Math.max(b[d], 0), length = s + Math.min(before[d], 0) + Math.min(after[d], 0);
      return viewOf(
        part,
        part.sizes.map((v, k) => k === d ? Math.max(length, 0) : v),
        part.strides,
        part.offset + begin * part.strides[d],
      );
    }, t);
  const target = inner(y.detached(), before), source = inner(x.detached(), before.map((b) => -b));
  if (target.count > 0) target.copy_(source);
  return record("ConstantPadNdBackward0", y, [x], [], (dy) => [constantPad(dy, pads.map((p) => -p))]);
}
