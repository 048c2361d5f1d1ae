/**
 * Reductions over any dimensions: sums, means, extremes.
 *
 * @module
 */
import { reduce } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { kindOf } from "../check.ts";
import { bool, type DType, type DTypeLike, float32, int64, toDtype } from "../dtype.ts";
import { empty, isHalf, over } from "../make.ts";
import { product, sameSizes, type Sizes, wrapDims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul } from "./arithmetic.ts";
import { eq } from "./compare.ts";
import { castTo, unsupported } from "./elementwise.ts";
import { expand, reshape } from "./movement.ts";
import { dense } from "./strided.ts";

/** One dimension, several, or (null) all. */
export type Dims = number | Sizes | null;

/** A tensor as the kernels reduce it: the middle one of three dimensions. */
export interface Folded {
  /** Contiguous. */
  x: Tensor;
  outer: number;
  reduce: number;
  inner: number;
  /** The sizes that remain. */
  kept: number[];
  /** The same with 1 for each reduced dimension. */
  keptDims: number[];
}

/** Folds `x` for a reduction over `dims` (wrapped and sorted), copying only when they are scattered. */
export function fold(x: Tensor, dims: readonly number[]): Folded {
  const { sizes } = x;
  const kept = sizes.filter((_, i) => !dims.includes(i));
  const keptDims = sizes.map((s, i) => dims.includes(i) ? 1 : s);
  const size = (from: number, to: number): number => product(sizes.slice(from, to));
  const first = dims[0] ?? sizes.length, last = dims[dims.length - 1] ?? sizes.length - 1;
  if (last - first + 1 === dims.length) {
    const y = dense(x);
    return {
      x: y,
      outer: size(0, first),
      reduce: size(first, last + 1),
      inner: size(last + 1, sizes.length),
      kept,
      keptDims,
    };
  }
  const order = [...sizes.keys()].filter((i) => !dims.includes(i)).concat(dims);
  const moved = over(x.storage, order.map((i) => sizes[i]), order.map((i) => x.strides[i]), x.offset, x.dtype);
  const reduced = product(dims.map((d) => sizes[d]));
  return { x: dense(moved), outer: product(kept), reduce: reduced, inner: 1, kept, keptDims };
}

/** y = op over `dims`, in the type that the operation has for x's type. */
export function runReduce(
  operation: string,
  op: number,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
  result: DType,
  p = 0,
): Tensor {
  if (isHalf(x.dtype)) {
    return castTo(
      runReduce(operation, op, castTo(x, float32), dims, keepdim, result === x.dtype ? float32 : result, p),
      result,
    );
  }
  const f = fold(x, dims);
  const y = empty(keepdim ? f.keptDims : f.kept, result, x.device);
  if (x.kernels.reduce(op, x.dtype.code, y.ptr, null, f.x.ptr, f.outer, f.reduce, f.inner, p) !== 0) {
    throw unsupported(operation, x.dtype);
  }
  return y;
}

/** Sums and products: of integers in int64, whatever type is wanted of them. */
export function runTotal(
  operation: string,
  op: number,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
  wanted: DType,
): Tensor {
  return castTo(runReduce(operation, op, x, dims, keepdim, wanted.isFloatingPoint ? wanted : int64), wanted);
}

/** `dy` of a reduction as a view of x's shape. */
export function unreduce(dy: Tensor, sizes: Sizes, dims: readonly number[], keepdim: boolean): Tensor {
  const wide = keepdim ? dy : reshape(dy, sizes.map((s, i) => dims.includes(i) ? 1 : s));
  return expand(wide, sizes);
}

/** Sums a gradient back to a shape that was broadcast. */
export function sumTo(x: Tensor, sizes: Sizes): Tensor {
  const lead = x.sizes.length - sizes.length;
  const dims = x.sizes.map((_, i) => i).filter((i) => i < lead || (sizes[i - lead] === 1 && x.sizes[i] !== 1));
  const y = dims.length === 0 ? x : sum(x, dims, true);
  return sameSizes(y.sizes, sizes) ? y : reshape(y, sizes);
}

/** The sum of the elements; of integers and bools in int64. */
export function sum(x: Tensor, dim: Dims = null, keepdim = false, dtype?: DTypeLike): Tensor {
  const wanted = dtype === undefined ? (x.dtype.isFloatingPoint ? x.dtype : int64) : toDtype(dtype);
  const dims = wrapDims(dim, x.ndim);
  const source = wanted === x.dtype || (wanted === int64 && !x.dtype.isFloatingPoint) ? x : castTo(x, wanted);
  const y = runTotal("sum", reduce.sum, source, dims, keepdim, wanted);
  const name = dim === null ? "SumBackward0" : "SumBackward1";
  return record(name, y, [x], [], (dy) => [unreduce(dy, x.sizes, dims, keepdim)]);
}

/**
 * The mean of the elements.
 *
 * @throws {TypeError} For integers and bools, unless `dtype` is a floating-point type.
 */
export function mean(x: Tensor, dim: Dims = null, keepdim = false, dtype?: DTypeLike): Tensor {
  const wanted = dtype === undefined ? x.dtype : toDtype(dtype);
  if (!wanted.isFloatingPoint) {
    throw new TypeError(
      `mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${
        unsupported("mean", wanted).message.split("'")[1]
      }`,
    );
  }
  const dims = wrapDims(dim, x.ndim);
  const y = runReduce("mean", reduce.mean, castTo(x, wanted), dims, keepdim, wanted);
  const n = product(dims.map((d) => x.sizes[d]));
  const name = dim === null ? "MeanBackward0" : "MeanBackward1";
  return record(name, y, [x], [], (dy) => [unreduce(div(dy, n), x.sizes, dims, keepdim)]);
}

/**
 * An extreme over all or some dimensions; its gradient is shared evenly among equal elements. With `amongNaN` a NaN shares it
 * among all NaN, as PyTorch's `max()` and `min()` of all elements do and its `amax` and `amin` do not.
 */
function extreme(
  operation: string,
  name: string,
  op: number,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
  { explicit = false, amongNaN = false }: { explicit?: boolean; amongNaN?: boolean },
): Tensor {
  const empty = x.count === 0 ? dims.find((d) => x.sizes[d] === 0) : undefined;
  if (empty !== undefined) {
    if (explicit) {
      throw new RangeError(`${operation}(): Expected reduction dim ${empty} to have non-zero size.`);
    }
    throw new RangeError(
      `${operation}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.`,
    );
  }
  const y = runReduce(operation, op, x, dims, keepdim, x.dtype);
  return record(name, y, [x], [x, y], (dy, [x, y]) => {
    const nan = amongNaN && x.dtype.isFloatingPoint && y.isnan().item();
    const mask = (nan ? x.isnan() : eq(x, unreduce(y.detach(), x.sizes, dims, keepdim))).to(x.dtype);
    const share = div(dy, sum(mask, dims.length === 0 ? null : dims, keepdim));
    return [mul(unreduce(share, x.sizes, dims, keepdim), mask)];
  });
}

/** The largest of all elements. */
export function maxAll(x: Tensor): Tensor {
  return extreme("max", "MaxBackward1", reduce.max, x, wrapDims(null, x.ndim), false, { amongNaN: true });
}

/** The smallest of all elements. */
export function minAll(x: Tensor): Tensor {
  return extreme("min", "MinBackward1", reduce.min, x, wrapDims(null, x.ndim), false, { amongNaN: true });
}

/** The largest element over `dims`. */
export function amax(x: Tensor, dim: Dims = null, keepdim = false): Tensor {
  return extremeOver("amax", "AmaxBackward0", reduce.max, x, dim, keepdim);
}

/** The smallest element over `dims`. */
export function amin(x: Tensor, dim: Dims = null, keepdim = false): Tensor {
  return extremeOver("amin", "AminBackward0", reduce.min, x, dim, keepdim);
}

/** {@linkcode extreme} over `dim`; none named, or an empty list, is all. */
function extremeOver(operation: string, node: string, code: number, x: Tensor, dim: Dims, keepdim: boolean): Tensor {
  const dims = emptyIsAll(dim);
  return extreme(operation, node, code, x, wrapDims(dims, x.ndim), keepdim, { explicit: dims !== null });
}

function emptyIsAll(dim: Dims): Dims {
  return Array.isArray(dim) && dim.length === 0 ? null : dim;
}

/** The index of the largest element along `dim`, or in the flattened tensor. */
export function argmax(x: Tensor, dim: number | null = null, keepdim = false): Tensor {
  return argExtreme("argmax", reduce.argmax, x, dim, keepdim);
}

/** The index of the smallest element along `dim`, or in the flattened tensor. */
export function argmin(x: Tensor, dim: number | null = null, keepdim = false): Tensor {
  return argExtreme("argmin", reduce.argmin, x, dim, keepdim);
}

function argExtreme(operation: string, op: number, x: Tensor, dim: number | null, keepdim: boolean): Tensor {
  if (dim !== null && typeof dim !== "number") {
    throw new TypeError(`${operation}(): argument 'dim' (position 2) must be int, not ${kindOf(dim)}`);
  }
  if (x.dtype === bool) throw new TypeError(`${operation}(): does not support bool input`);
  const dims = wrapDims(dim, x.ndim);
  if (dims.some((d) => x.sizes[d] === 0)) {
    throw new RangeError(`${operation}(): Expected reduction dim ${dim ?? ""} to have non-zero size.`);
  }
  return runReduce(operation, op, x, dims, keepdim, int64);
}
