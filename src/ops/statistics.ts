/**
 * Variance and further reductions: products, norms, counts, truth.
 *
 * @module
 */
import { reduce } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { record, recordMany } from "../autograd/node.ts";
import { bool, type DTypeLike, float32, int64, toDtype, uint8 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { product, type Sizes, wrapDim, wrapDims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { eq, isnan } from "./compare.ts";
import { castTo, floatType, unsupported } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { amax, type Dims, fold, mean, runReduce, runTotal, sum, unreduce } from "./reduce.ts";

/** The variance and the mean, outside of the graph. */
function moments(
  operation: string,
  x: Tensor,
  dims: readonly number[],
  correction: number,
  keepdim: boolean,
  root: boolean,
): [Tensor, Tensor] {
  if (!x.dtype.isFloatingPoint) {
    throw new TypeError(`${operation} only support floating point and complex dtypes (got ${x.dtype})`);
  }
  if (isHalf(x.dtype)) {
    return moments(operation, castTo(x, float32), dims, correction, keepdim, root).map((t) => castTo(t, x.dtype)) as [
      Tensor,
      Tensor,
    ];
  }
  const f = fold(x, dims), sizes = keepdim ? f.keptDims : f.kept;
  const v = empty(sizes, x.dtype, x.device), m = empty(sizes, x.dtype, x.device);
  if (x.kernels.var(x.dtype.code, v.ptr, m.ptr, f.x.ptr, f.outer, f.reduce, f.inner, root ? 1 : 0, correction) !== 0) {
    throw unsupported(operation, x.dtype);
  }
  if (f.reduce === 0) fill_(m, NaN);
  return [v, m];
}

/** An empty list of dimensions means all of them, here as in PyTorch. */
function all(dim: Dims): Dims {
  return Array.isArray(dim) && dim.length === 0 ? null : dim;
}

function degrees(x: Tensor, dims: readonly number[], correction: number): number {
  return Math.max(product(dims.map((d) => x.sizes[d])) - correction, 0);
}

/** Σ (x − mean)² / (n − correction). */
export function variance(x: Tensor, dim: Dims = null, correction = 1, keepdim = false): Tensor {
  const dims = wrapDims(all(dim), x.ndim);
  const [v] = moments("var", x, dims, correction, keepdim, false);
  return record("VarBackward0", v, [x], [x], (dy, [x]) => [varBackward(dy, x, dims, correction, keepdim)]);
}

function varBackward(dy: Tensor, x: Tensor, dims: readonly number[], correction: number, keepdim: boolean): Tensor {
  const centred = sub(x, mean(x, dims as Sizes, true));
  return mul(unreduce(mul(dy, 2 / degrees(x, dims, correction)), x.sizes, dims, keepdim), centred);
}

/** The square root of {@linkcode variance}. */
export function std(x: Tensor, dim: Dims = null, correction = 1, keepdim = false): Tensor {
  const dims = wrapDims(all(dim), x.ndim);
  const [s] = moments("std", x, dims, correction, keepdim, true);
  return record("StdBackward0", s, [x], [x, s], (dy, [x, s]) => [
    stdBackward(dy, x, s, dims, correction, keepdim),
  ]);
}

function stdBackward(dy: Tensor, x: Tensor, s: Tensor, dims: readonly number[], c: number, keepdim: boolean): Tensor {
  // Where all elements are equal the root has no slope; PyTorch gives 0 there.
  return varBackward(div(dy, mul(s, 2)).maskedFill(eq(s, 0), 0), x, dims, c, keepdim);
}

/** {@linkcode variance} and the mean, in one pass. */
export function varMean(x: Tensor, dim: Dims = null, correction = 1, keepdim = false): [Tensor, Tensor] {
  const dims = wrapDims(all(dim), x.ndim), pair = moments("var_mean", x, dims, correction, keepdim, false);
  return recordMany("VarMeanBackward0", pair, [x], [x], ([dv, dm], [x]) => [
    both(dv === null ? null : varBackward(dv, x, dims, correction, keepdim), dm, x, dims, keepdim),
  ]);
}

/** {@linkcode std} and the mean, in one pass. */
export function stdMean(x: Tensor, dim: Dims = null, correction = 1, keepdim = false): [Tensor, Tensor] {
  const dims = wrapDims(all(dim), x.ndim), pair = moments("std_mean", x, dims, correction, keepdim, true);
  return recordMany("StdMeanBackward0", pair, [x], [x, pair[0]], ([ds, dm], [x, s]) => [
    both(ds === null ? null : stdBackward(ds, x, s, dims, correction, keepdim), dm, x, dims, keepdim),
  ]);
}

/** The gradient that came through the spread, and the one through the mean. */
function both(
  dx: Tensor | null,
  dm: Tensor | null,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
): Tensor | null {
  if (dm === null) return dx;
  const shift = unreduce(div(dm, degrees(x, dims, 0)), x.sizes, dims, keepdim);
  return dx === null ? shift : dx.add(shift);
}

/** The product of the elements; of integers and bools in int64. */
export function prod(x: Tensor, dim: number | null = null, keepdim = false, dtype?: DTypeLike): Tensor {
  const wanted = dtype === undefined ? (x.dtype.isFloatingPoint ? x.dtype : int64) : toDtype(dtype);
  const dims = dim === null ? wrapDims(null, x.ndim) : [wrapDim(dim, x.ndim)].slice(0, x.ndim === 0 ? 0 : 1);
  const source = castTo(x, wanted);
  const y = runTotal("prod", reduce.prod, source, dims, keepdim, wanted);
  const name = dim === null ? "ProdBackward0" : "ProdBackward1";
  return record(name, y, [x], [x, y], (dy, [x, y]) => {
    const wide = (t: Tensor): Tensor => unreduce(t, x.sizes, dims, keepdim);
    if (x.count === 0) return [x.mul(wide(dy))];
    const zeros = amax(sum(eq(x, 0), dims as Sizes, true).to(float32)).item();
    // As PyTorch has it, where an infinity beside two zeros would make NaN.
    if (dim === null && zeros > 1 && !mode.enabled) return [x.newZeros(x.sizes)];
    if (zeros === 0) return [div(mul(wide(dy), wide(y)), x)];
    return [mul(wide(dy), productOfOthers(x, dims))];
  });
}

/** For each element the product of all others over `dims`: from the left times from the right, so that zeros do no harm. */
function productOfOthers(x: Tensor, dims: readonly number[]): Tensor {
  const order = [...x.sizes.keys()].filter((i) => !dims.includes(i)).concat(dims);
  const inverse = new Array<number>(order.length);
  order.forEach((d, i) => inverse[d] = i);
  const moved = x.permute(order), n = product(dims.map((d) => x.sizes[d]));
  const rows = moved.reshape([product(moved.sizes.slice(0, moved.ndim - dims.length)), n]);
  const one = rows.newOnes([rows.sizes[0], Math.min(n, 1)]);
  const left = n > 1 ? rows.narrow(1, 0, n - 1).cumprod(1) : null;
  const right = n > 1 ? rows.narrow(1, 1, n - 1).flip(1).cumprod(1).flip(1) : null;
  const before = left === null ? one : joinColumns(one, left), after = right === null ? one : joinColumns(right, one);
  return mul(before, after).reshape(moved.sizes).permute(inverse);
}

function joinColumns(a: Tensor, b: Tensor): Tensor {
  const y = a.newZeros([a.sizes[0], a.sizes[1] + b.sizes[1]]);
  return y.sliceScatter(a, { dim: 1, end: a.sizes[1] }).sliceScatter(b, { dim: 1, start: a.sizes[1] });
}

/** Whether any element is other than 0. */
export function any(x: Tensor, dim: Dims = null, keepdim = false): Tensor {
  return truth("any", reduce.any, x, dim, keepdim);
}

/** Whether all elements are other than 0. */
export function allTrue(x: Tensor, dim: Dims = null, keepdim = false): Tensor {
  return truth("all", reduce.all, x, dim, keepdim);
}

function truth(operation: string, op: number, x: Tensor, dim: Dims, keepdim: boolean): Tensor {
  const y = runReduce(operation, op, castTo(x, bool), wrapDims(dim, x.ndim), keepdim, bool);
  return x.dtype === uint8 ? castTo(y, uint8) : y;
}

/** How many elements are other than 0. */
export function countNonzero(x: Tensor, dim: Dims = null): Tensor {
  return runReduce("count_nonzero", reduce.countNonzero, castTo(x, bool), wrapDims(dim, x.ndim), false, int64);
}

/** The sum with NaN counted as 0. */
export function nansum(x: Tensor, dim: Dims = null, keepdim = false, dtype?: DTypeLike): Tensor {
  if (!x.dtype.isFloatingPoint) return sum(x, dim, keepdim, dtype);
  const wanted = dtype === undefined ? x.dtype : toDtype(dtype), dims = wrapDims(dim, x.ndim);
  const source = castTo(wanted.isFloatingPoint ? x : x.detach().maskedFill(isnan(x), 0), wanted); // no integer is NaN
  const y = runTotal("nansum", reduce.nansum, source, dims, keepdim, wanted);
  return record("NansumBackward0", y, [x], [x], (dy, [x]) => [
    unreduce(dy, x.sizes, dims, keepdim).maskedFill(isnan(x), 0),
  ]);
}

/** The mean of the elements that are not NaN. */
export function nanmean(x: Tensor, dim: Dims = null, keepdim = false, dtype?: DTypeLike): Tensor {
  if (!x.dtype.isFloatingPoint) {
    throw new TypeError(`nanmean(): expected input to have floating point or complex dtype but got ${x.dtype}`);
  }
  const count = sum(isnan(x).logicalNot(), dim, keepdim);
  return div(nansum(x, dim, keepdim, dtype), count);
}

/** log Σ eˣ, without overflow. */
export function logsumexp(x: Tensor, dim: Dims = null, keepdim = false): Tensor {
  const dims = wrapDims(all(dim), x.ndim), source = castTo(x, floatType(x.dtype));
  const y = runReduce("logsumexp", reduce.logsumexp, source, dims, keepdim, source.dtype);
  return record("LogsumexpBackward0", y, [x], [x, y], (dy, [x, y]) => [
    mul(unreduce(dy, x.sizes, dims, keepdim), sub(x, unreduce(y, x.sizes, dims, keepdim)).exp()),
  ]);
}

/** (Σ |x|ᵖ)^(1/p); p may be 0 and infinite. */
export function vectorNorm(x: Tensor, p: number, dim: Dims = null, keepdim = false, dtype?: DTypeLike): Tensor {
  const wanted = dtype === undefined ? x.dtype : toDtype(dtype);
  if (!wanted.isFloatingPoint) {
    throw new TypeError(
      `linalg.vector_norm: Expected a floating point or complex tensor as input. Got ${
        unsupported("", wanted).message.split("'")[1]
      }`,
    );
  }
  const dims = wrapDims(all(dim), x.ndim), source = castTo(x, wanted);
  const y = runReduce("linalg_vector_norm", reduce.norm, source, dims, keepdim, wanted, p);
  return record(
    "LinalgVectorNormBackward0",
    y,
    [x],
    [x, y],
    (dy, [x, y]) => [normBackward(dy, x, y, p, dims, keepdim)],
  );
}

function normBackward(dy: Tensor, x: Tensor, y: Tensor, p: number, dims: readonly number[], keepdim: boolean): Tensor {
  if (isHalf(x.dtype)) {
    return normBackward(dy.to(float32), x.to(float32), y.to(float32), p, dims, keepdim).to(x.dtype);
  }
  const g = unreduce(dy, x.sizes, dims, keepdim), n = unreduce(y, x.sizes, dims, keepdim);
  if (p === 0) return mul(g, 0);
  if (p === 1) return mul(g, x.sign());
  // Where the norm is 0 the slope is taken as 0.
  if (p === 2) return mul(x, div(g, n).maskedFill(eq(n, 0), 0));
  if (p === Infinity || p === -Infinity) {
    const mask = eq(x.abs(), n).add(isnan(x)).to(x.dtype);
    const share = div(g, unreduce(sum(mask, dims as Sizes, true), x.sizes, dims, true));
    return mul(mul(share, x.sign()), mask);
  }
  const scaled = mul(x, x.abs().pow(p - 2));
  const safe = p < 2 ? scaled.maskedFill(eq(x, 0), 0) : scaled;
  return mul(safe, div(g, n.pow(p - 1)).maskedFill(eq(n, 0), 0));
}

/** The norm of the difference. */
export function dist(a: Tensor, b: Tensor, p = 2): Tensor {
  const y = vectorNorm(sub(a.detached(), b.detached()), p);
  return record("DistBackward0", y, [a, b], [a, b, y], (dy, [a, b, y]) => {
    const difference = sub(a, b);
    const da = normBackward(dy, difference, y, p, wrapDims(null, difference.ndim), false);
    return [da, mul(da, -1)];
  });
}
