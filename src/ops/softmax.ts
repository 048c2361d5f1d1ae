/**
 * Softmax and its logarithm along one dimension.
 *
 * @module
 */
import { unary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { type DTypeLike, float32, toDtype } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { product, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, neg, sub } from "./arithmetic.ts";
import { castTo, runUnary, unsupported } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { dense } from "./strided.ts";

function outer(sizes: Sizes, dim: number): number {
  return product(sizes.slice(0, dim));
}

function inner(sizes: Sizes, dim: number): number {
  return product(sizes.slice(dim + 1));
}

/** The kernel; `takeLog` is 1 for the logarithm. Outside of the graph. */
function run(operation: string, x: Tensor, dim: number, takeLog: number): Tensor {
  if (isHalf(x.dtype)) return castTo(run(operation, castTo(x, float32), dim, takeLog), x.dtype);
  const source = dense(x), { sizes } = x;
  const y = empty(sizes, x.dtype, x.device);
  const n = sizes.length === 0 ? 1 : sizes[dim];
  if (y.count === 0) return y;
  const status = y.kernels.softmax(y.dtype.code, y.ptr, source.ptr, outer(sizes, dim), n, inner(sizes, dim), takeLog);
  if (status !== 0) throw unsupported(operation, x.dtype);
  return y;
}

function runBackward(dy: Tensor, y: Tensor, dim: number, takeLog: number): Tensor {
  if (isHalf(dy.dtype)) return castTo(runBackward(castTo(dy, float32), castTo(y, float32), dim, takeLog), dy.dtype);
  const { sizes } = y, grad = dense(dy), out = dense(y);
  const dx = empty(sizes, dy.dtype, dy.device);
  const n = sizes.length === 0 ? 1 : sizes[dim];
  if (dx.count === 0) return dx;
  dx.kernels.softmaxBackward(
    dx.dtype.code,
    dx.ptr,
    grad.ptr,
    out.ptr,
    outer(sizes, dim),
    n,
    inner(sizes, dim),
    takeLog,
  );
  return dx;
}

/** exp(x) / Σ exp(x) along `dim`. */
export function softmax(x: Tensor, dim: number, dtype?: DTypeLike): Tensor {
  if (dtype !== undefined) x = x.to(toDtype(dtype));
  const d = wrapDim(dim, x.ndim);
  const y = run("softmax_lastdim_kernel_impl", x, d, 0);
  return record("SoftmaxBackward0", y, [x], [y], (dy, [y]) => [softmaxBackward(dy, y, d)]);
}

/** The adjoint of {@linkcode softmax}: y (dy − Σ dy y). */
export function softmaxBackward(dy: Tensor, y: Tensor, dim: number): Tensor {
  const dx = runBackward(dy, y, dim, 0);
  return record("SoftmaxBackwardBackward0", dx, [dy, y], [dy, y], (g, [dy, y], needs) => [
    needs[0] ? softmaxBackward(g, y, dim) : null,
    needs[1] ? sub(mul(g, sub(dy, sum(mul(dy, y), dim, true))), mul(dy, sum(mul(g, y), dim, true))) : null,
  ]);
}

/** The logarithm of {@linkcode softmax}. */
export function logSoftmax(x: Tensor, dim: number, dtype?: DTypeLike): Tensor {
  if (dtype !== undefined) x = x.to(toDtype(dtype));
  const d = wrapDim(dim, x.ndim);
  const y = run("log_softmax_lastdim_kernel_impl", x, d, 1);
  return record("LogSoftmaxBackward0", y, [x], [y], (dy, [y]) => [logSoftmaxBackward(dy, y, d)]);
}

/** The adjoint of {@linkcode logSoftmax}: dy − exp(y) Σ dy. */
export function logSoftmaxBackward(dy: Tensor, y: Tensor, dim: number): Tensor {
  const dx = runBackward(dy, y, dim, 1);
  return record("LogSoftmaxBackwardBackward0", dx, [dy, y], [dy, y], (g, [dy, y], needs) => {
    const p = exp(y);
    return [
      needs[0] ? sub(g, sum(mul(g, p), dim, true)) : null,
      needs[1] ? neg(mul(mul(g, p), sum(dy, dim, true))) : null,
    ];
  });
}

function exp(x: Tensor): Tensor {
  const y = runUnary("exp", unary.exp, x);
  return record("ExpBackward0", y, [x], [y], (dy, [y]) => [mul(dy, y)]);
}

/** softmax(−x). */
export function softmin(x: Tensor, dim: number, dtype?: DTypeLike): Tensor {
  return softmax(neg(x), dim, dtype);
}
