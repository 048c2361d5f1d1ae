/**
 * Running sums, products and extremes along a dimension.
 *
 * @module
 */
import { scan } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { record } from "../autograd/node.ts";
import { bool, type DType, type DTypeLike, finfo, float32, int64, toDtype } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { castTo, unsupported } from "./elementwise.ts";
import { flip } from "./diagonal.ts";
import { fold } from "./reduce.ts";
import { recordPicked, type ValuesIndices } from "./sort.ts";
import { eq } from "./compare.ts";

function run(operation: string, op: number, x: Tensor, dim: number, dtype: DType): Tensor {
  if (isHalf(dtype)) return castTo(run(operation, op, castTo(x, float32), dim, float32), dtype);
  const f = fold(castTo(x, dtype), x.ndim === 0 ? [] : [dim]);
  const y = empty(x.sizes, dtype, x.device);
  if (y.kernels.scan(op, dtype.code, y.ptr, null, f.x.ptr, f.outer, f.reduce, f.inner) !== 0) {
    throw unsupported(operation, dtype);
  }
  return y;
}

function accumulator(operation: string, x: Tensor, dtype: DTypeLike | undefined): DType {
  const type = dtype === undefined ? (x.dtype.isFloatingPoint ? x.dtype : int64) : toDtype(dtype);
  if (type === bool) throw unsupported(`${operation}_out_cpu`, bool);
  return type;
}

/** The running sum along `dim`. */
export function cumsum(x: Tensor, dim: number, dtype?: DTypeLike): Tensor {
  const d = wrapDim(dim, x.ndim);
  const y = run("cumsum", scan.cumsum, x, d, accumulator("cumsum", x, dtype));
  return record("CumsumBackward0", y, [x], [], (dy) => [reversed(dy, d)]);
}

/** The running sum from the end: the adjoint of the running sum. */
function reversed(dy: Tensor, d: number): Tensor {
  return dy.ndim === 0 ? dy : flip(cumsum(flip(dy, [d]), d), [d]);
}

/** The running product along `dim`. */
export function cumprod(x: Tensor, dim: number, dtype?: DTypeLike): Tensor {
  const d = wrapDim(dim, x.ndim);
  const y = run("cumprod", scan.cumprod, x, d, accumulator("cumprod", x, dtype));
  return record("CumprodBackward0", y, [x], [x, y], (dy, [x, y]) => [cumprodBackward(dy, x, y, d)]);
}

function cumprodBackward(dy: Tensor, x: Tensor, y: Tensor, d: number): Tensor {
  if (x.ndim === 0 || x.sizes[d] === 1) return dy;
  const zero = eq(x.detached(), 0);
  if (!zero.any().item()) return div(reversed(mul(dy, y), d), x);
  if (!mode.enabled) return aroundZeros(dy, x, y, zero, d);
  // To be differentiated again: dx[k] is the sum over i ≥ k of dy[i] times the product up to i without x[k], one k at a
  // time.
  const n = x.sizes[d], one = x.newOnes(x.sizes.filter((_, i) => i !== d));
  const parts = Array.from({ length: n }, (_, k) => {
    const without = x.selectScatter(one, d, k);
    const products = cumprod(without, d);
    return mul(dy, products).narrow(d, k, n - k).sum(d);
  });
  return parts.reduce<Tensor>((dx, part, k) => dx.selectScatter(part, d, k), x.newZeros(x.sizes));
}

/**
 * {@linkcode cumprodBackward} of rows with zeros, in a few passes: before the first zero as without one, at it the
 * products up to the second without it, and 0 behind it.
 */
function aroundZeros(dy: Tensor, x: Tensor, y: Tensor, zero: Tensor, d: number): Tensor {
  const zeros = cumsum(zero, d), one = eq(zeros, 1), first = one.mul(zero), between = one.mul(first.logicalNot());
  const before = eq(zeros, 0), none = before.logicalNot();
  const left = div(reversed(mul(dy, y).maskedFill(none, 0), d), x);
  const products = cumprod(x.maskedFill(between.logicalNot(), 1), d);
  const right = mul(products, dy.maskedFill(one.logicalNot(), 0)).sum(d, { keepdim: true });
  const place = first.to(int64).argmax(d, { keepdim: true });
  const lead = y.gather(d, place.sub(1).clamp(0)).maskedFill(eq(place, 0), 1);
  return left.maskedFill(none, 0).where(first.logicalNot(), mul(right, lead));
}

/** log of the running sum of eˣ along `dim`. */
export function logcumsumexp(x: Tensor, dim: number): Tensor {
  const d = wrapDim(dim, x.ndim);
  if (!x.dtype.isFloatingPoint) throw unsupported("logcumsumexp", x.dtype);
  const y = run("logcumsumexp", scan.logcumsumexp, x, d, x.dtype);
  return record("LogcumsumexpBackward0", y, [x], [x, y], (dy, [x, y]) => {
    if (x.ndim === 0) return [dy];
    // Σ_{i ≥ k} dy[i] e^(x[k] − y[i]), in logarithms of the positive and of the negative part; the lowest number stands for
    // log 0, since −∞ would make NaN of the next derivative.
    const part = (g: Tensor): Tensor => {
      const positive = g.gt(0);
      const logs = g.maskedFill(positive.logicalNot(), 1).log().maskedFill(positive.logicalNot(), finfo(g.dtype).min);
      const terms = sub(logs, y);
      return flip(logcumsumexp(flip(terms, [d]), d), [d]).add(x).exp();
    };
    return [sub(part(dy), part(dy.neg()))];
  });
}

function extremes(operation: string, name: string, op: number, x: Tensor, dim: number): ValuesIndices {
  const d = wrapDim(dim, x.ndim);
  if (isHalf(x.dtype)) {
    const wide = extremes(operation, name, op, castTo(x, float32), d);
    return recordPicked(name, x, d, castTo(wide.values, x.dtype), wide.indices);
  }
  const f = fold(x, x.ndim === 0 ? [] : [d]);
  const values = empty(x.sizes, x.dtype, x.device), indices = empty(x.sizes, int64, x.device);
  if (x.kernels.scan(op, x.dtype.code, values.ptr, indices.ptr, f.x.ptr, f.outer, f.reduce, f.inner) !== 0) {
    throw unsupported(operation, x.dtype);
  }
  return recordPicked(name, x, d, values, indices);
}

/** The largest so far along `dim`, and where it is. */
export function cummax(x: Tensor, dim: number): ValuesIndices {
  return extremes("cummax", "CummaxBackward0", scan.cummax, x, dim);
}

/** The smallest so far along `dim`, and where it is. */
export function cummin(x: Tensor, dim: number): ValuesIndices {
  return extremes("cummin", "CumminBackward0", scan.cummin, x, dim);
}
