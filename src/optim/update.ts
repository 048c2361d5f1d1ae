/**
 * The arithmetic of update rules, straight to the kernels: contiguous float32 or float64 tensors of one shape, nothing
 * recorded, nothing checked. Functions with a trailing underscore write their first argument.
 *
 * @module
 */
import { binary, ternary, unary } from "../../ffi/symbols.ts";
import { copyElementsTo } from "../ops/strided.ts";
import type { Tensor } from "../tensor.ts";

function binary_(op: number, x: Tensor, b: Tensor, p = 0): void {
  x.kernels.binary(op, x.dtype.code, x.ptr, x.ptr, b.ptr, x.count, p, 0, null);
}

function scalar_(op: number, x: Tensor, s: number): void {
  x.kernels.binaryScalar(op, x.dtype.code, x.ptr, x.ptr, x.count, 0, s, 0, 0);
}

function unary_(op: number, y: Tensor, x: Tensor, p = 0, q = 0): Tensor {
  y.kernels.unary(op, y.dtype.code, y.ptr, x.ptr, y.count, p, q);
  return y;
}

/** x += s·b. */
export function add_(x: Tensor, b: Tensor, s = 1): void {
  if (s === 1) binary_(binary.add, x, b);
  else binary_(binary.addScaled, x, b, s);
}

/** a + s·b. */
export function add(a: Tensor, b: Tensor, s = 1): Tensor {
  const y = a.like();
  y.kernels.binary(binary.addScaled, y.dtype.code, y.ptr, a.ptr, b.ptr, y.count, s, 0, null);
  return y;
}

/** x += s. */
export function addNumber_(x: Tensor, s: number): void {
  if (s !== 0) scalar_(binary.add, x, s);
}

/** x *= s. */
export function scale_(x: Tensor, s: number): void {
  if (s !== 1) scalar_(binary.mul, x, s);
}

/** x·s. */
export function scale(x: Tensor, s: number): Tensor {
  const y = x.like();
  y.kernels.binaryScalar(binary.mul, y.dtype.code, y.ptr, x.ptr, y.count, 0, s, 0, 0);
  return y;
}

/** x /= s. */
export function divNumber_(x: Tensor, s: number): void {
  scalar_(binary.div, x, s);
}

/** x *= b. */
export function mul_(x: Tensor, b: Tensor): void {
  binary_(binary.mul, x, b);
}

/** x /= b. */
export function div_(x: Tensor, b: Tensor): void {
  binary_(binary.div, x, b);
}

/** x = max(x, b). */
export function maximum_(x: Tensor, b: Tensor): void {
  binary_(binary.maximum, x, b);
}

/** x += s·b·c. */
export function addcmul_(x: Tensor, b: Tensor, c: Tensor, s = 1): void {
  x.kernels.ternary(ternary.addcmul, x.dtype.code, x.ptr, x.ptr, b.ptr, c.ptr, x.count, s, null);
}

/** x += s·b/c. */
export function addcdiv_(x: Tensor, b: Tensor, c: Tensor, s = 1): void {
  x.kernels.ternary(ternary.addcdiv, x.dtype.code, x.ptr, x.ptr, b.ptr, c.ptr, x.count, s, null);
}

/** x += w·(b − x), as PyTorch's lerp: from the nearer end. */
export function lerp_(x: Tensor, b: Tensor, w: number): void {
  const distance = add(b, x, -1);
  if (w < 0.5) add_(x, distance, w);
  else copyElementsTo(x, add(b, distance, w - 1));
}

/** √x. */
export function sqrt(x: Tensor): Tensor {
  return unary_(unary.sqrt, x.like(), x);
}

/** x = √x. */
export function sqrt_(x: Tensor): Tensor {
  return unary_(unary.sqrt, x, x);
}

/** x = 1/√x. */
export function rsqrt_(x: Tensor): Tensor {
  return unary_(unary.rsqrt, x, x);
}

/** −x. */
export function neg(x: Tensor): Tensor {
  return unary_(unary.neg, x.like(), x);
}

/** |x|. */
export function abs(x: Tensor): Tensor {
  return unary_(unary.abs, x.like(), x);
}

/** −1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return unary_(unary.sign, x.like(), x);
}

/** x·b. */
export function mul(x: Tensor, b: Tensor): Tensor {
  const y = x.like();
  y.kernels.binary(binary.mul, y.dtype.code, y.ptr, x.ptr, b.ptr, y.count, 0, 0, null);
  return y;
}

/** x, held between `low` and `high`. */
export function clamp_(x: Tensor, low: number, high: number): Tensor {
  return unary_(unary.clamp, x, x, low, high);
}

/** The gradient to follow: against the ascent when maximizing, with the weights' own pull. */
export function effectiveGrad(p: Tensor, grad: Tensor, maximize: boolean, weightDecay: number): Tensor {
  const g = maximize ? neg(grad) : grad;
  return weightDecay === 0 ? g : add(g, p, weightDecay);
}
