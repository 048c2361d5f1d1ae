/**
 * Mathematical functions of one operand.
 *
 * A derivative is written in operations, so that it can be differentiated again. Where there is a kernel that computes it
 * at once, that one is taken unless the backward itself is being recorded.
 *
 * @module
 */
import { binary, unary } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { underName } from "./node_name.ts";
import { record } from "../autograd/node.ts";
import { bool, finfo, float32, promoteScalar } from "../dtype.ts";
import { isHalf, throughFloat32 } from "../make.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { eq, isfinite } from "./compare.ts";
import { floatType, runBinary, runUnary, unsupported } from "./elementwise.ts";
import { maskedFill, where } from "./where.ts";

/** dx from dy and what was saved. */
export type Slope = (dy: Tensor, saved: Tensor) => Tensor;

/** y = op(x) in floating point, with the derivative in terms of x. */
function ofInput(operation: string, op: number, x: Tensor, name: string, slope: Slope, p = 0, q = 0): Tensor {
  const y = runUnary(operation, op, x, floatType(x.dtype), undefined, p, q);
  return record(name, y, [x], [x], (dy, [x]) => [slope(dy, x)]);
}

/** The same with the derivative in terms of y. */
function ofOutput(operation: string, op: number, x: Tensor, name: string, slope: Slope): Tensor {
  const y = runUnary(operation, op, x, floatType(x.dtype));
  return record(name, y, [x], [y], (dy, [y]) => [slope(dy, y)]);
}

/** The kernel for a derivative; its formula in operations when it will be differentiated itself. */
export function fused(op: number, dy: Tensor, saved: Tensor, formula: () => Tensor, p = 0, q = 0): Tensor {
  if (mode.enabled && (dy.requiresGrad || saved.requiresGrad)) return formula();
  return runBinary("backward", op, dy, saved, dy.dtype, dy.dtype, p, q);
}

/** y = op(x) in x's own type, constant between its jumps. */
function stepwise(operation: string, op: number, x: Tensor, name: string): Tensor {
  if (x.dtype === bool) throw unsupported(operation, bool);
  return record(name, runUnary(operation, op, x), [x], [], (dy) => [mul(dy, 0)]);
}

/** |x|. */
export function abs(x: Tensor): Tensor {
  if (x.dtype === bool) throw unsupported("abs_cpu", bool);
  const y = runUnary("abs", unary.abs, x);
  return record("AbsBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.absBackward, dy, x, () => mul(dy, sign(x))),
  ]);
}

/** −1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return record("SignBackward0", runUnary("sign", unary.sign, x), [x], [], (dy) => [mul(dy, 0)]);
}

/** {@linkcode sign}, by PyTorch's other name for it. */
export function sgn(x: Tensor): Tensor {
  return record("SgnBackward0", runUnary("sgn", unary.sgn, x), [x], [], (dy) => [mul(dy, 0)]);
}

/** x². */
export function square(x: Tensor): Tensor {
  const y = runUnary("square", unary.square, x, promoteScalar(x.dtype, 2));
  return record("PowBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.squareBackward, dy, x, () => mul(dy, mul(x, 2))),
  ]);
}

/** √x. */
export function sqrt(x: Tensor): Tensor {
  const slope: Slope = (dy, y) => fused(binary.sqrtBackward, dy, y, () => div(dy, mul(y, 2)));
  return ofOutput("sqrt", unary.sqrt, x, "SqrtBackward0", slope);
}

/** 1/√x. */
export function rsqrt(x: Tensor): Tensor {
  const slope: Slope = (dy, y) => fused(binary.rsqrtBackward, dy, y, () => mul(mul(dy, -0.5), mul(y, square(y))));
  return ofOutput("rsqrt", unary.rsqrt, x, "RsqrtBackward0", slope);
}

/** 1/x. */
export function reciprocal(x: Tensor): Tensor {
  const slope: Slope = (dy, y) => fused(binary.reciprocalBackward, dy, y, () => neg(mul(dy, square(y))));
  return ofOutput("reciprocal", unary.reciprocal, x, "ReciprocalBackward0", slope);
}

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return ofOutput("exp", unary.exp, x, "ExpBackward0", (dy, y) => mul(dy, y));
}

/** 2ˣ. */
export function exp2(x: Tensor): Tensor {
  return ofOutput("exp2", unary.exp2, x, "Exp2Backward0", (dy, y) => mul(mul(dy, y), Math.LN2));
}

/** eˣ − 1, exact near 0. */
export function expm1(x: Tensor): Tensor {
  return ofOutput("expm1", unary.expm1, x, "Expm1Backward0", (dy, y) => mul(dy, add(y, 1)));
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return ofInput("log", unary.log, x, "LogBackward0", (dy, x) => div(dy, x));
}

/** The logarithm to base 2. */
export function log2(x: Tensor): Tensor {
  return ofInput("log2", unary.log2, x, "Log2Backward0", (dy, x) => div(dy, mul(x, Math.LN2)));
}

/** The logarithm to base 10. */
export function log10(x: Tensor): Tensor {
  return ofInput("log10", unary.log10, x, "Log10Backward0", (dy, x) => div(dy, mul(x, Math.LN10)));
}

/** log(1 + x), exact near 0. */
export function log1p(x: Tensor): Tensor {
  return ofInput("log1p", unary.log1p, x, "Log1PBackward0", (dy, x) => div(dy, add(x, 1)));
}

/** The sine. */
export function sin(x: Tensor): Tensor {
  const slope: Slope = (dy, x) => fused(binary.sinBackward, dy, x, () => mul(dy, cos(x)));
  return ofInput("sin", unary.sin, x, "SinBackward0", slope);
}

/** The cosine. */
export function cos(x: Tensor): Tensor {
  const slope: Slope = (dy, x) => fused(binary.cosBackward, dy, x, () => mul(dy, neg(sin(x))));
  return ofInput("cos", unary.cos, x, "CosBackward0", slope);
}

/** The tangent. */
export function tan(x: Tensor): Tensor {
  return ofOutput("tan", unary.tan, x, "TanBackward0", (dy, y) => mul(dy, add(square(y), 1)));
}

/** 1 − x². */
function oneMinusSquare(x: Tensor): Tensor {
  return sub(1, square(x));
}

/** The inverse sine. */
export function asin(x: Tensor): Tensor {
  return ofInput("asin", unary.asin, x, "AsinBackward0", (dy, x) => mul(dy, rsqrt(oneMinusSquare(x))));
}

/** The inverse cosine. */
export function acos(x: Tensor): Tensor {
  return ofInput("acos", unary.acos, x, "AcosBackward0", (dy, x) => neg(mul(dy, rsqrt(oneMinusSquare(x)))));
}

/** The inverse tangent. */
export function atan(x: Tensor): Tensor {
  return ofInput("atan", unary.atan, x, "AtanBackward0", (dy, x) => div(dy, add(square(x), 1)));
}

/** The hyperbolic sine. */
export function sinh(x: Tensor): Tensor {
  return ofInput("sinh", unary.sinh, x, "SinhBackward0", (dy, x) => mul(dy, cosh(x)));
}

/** The hyperbolic cosine. */
export function cosh(x: Tensor): Tensor {
  return ofInput("cosh", unary.cosh, x, "CoshBackward0", (dy, x) => mul(dy, sinh(x)));
}

/** The inverse hyperbolic sine. */
export function asinh(x: Tensor): Tensor {
  return ofInput("asinh", unary.asinh, x, "AsinhBackward0", (dy, x) => mul(dy, rsqrt(add(square(x), 1))));
}

/** The inverse hyperbolic cosine. */
export function acosh(x: Tensor): Tensor {
  return ofInput("acosh", unary.acosh, x, "AcoshBackward0", (dy, x) => mul(dy, rsqrt(sub(square(x), 1))));
}

/** The inverse hyperbolic tangent. */
export function atanh(x: Tensor): Tensor {
  return ofInput("atanh", unary.atanh, x, "AtanhBackward0", (dy, x) => div(dy, oneMinusSquare(x)));
}

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** The error function. */
export function erf(x: Tensor): Tensor {
  const slope: Slope = (dy, x) =>
    fused(binary.erfBackward, dy, x, () => mul(mul(dy, twoOverRootPi), exp(neg(square(x)))));
  return ofInput("erf", unary.erf, x, "ErfBackward0", slope);
}

/** 1 − erf(x), exact for large x. */
export function erfc(x: Tensor): Tensor {
  const slope: Slope = (dy, x) => mul(mul(dy, -twoOverRootPi), exp(neg(square(x))));
  return ofInput("erfc", unary.erfc, x, "ErfcBackward0", slope);
}

/** The inverse of {@linkcode erf}. */
export function erfinv(x: Tensor): Tensor {
  return ofOutput("erfinv", unary.erfinv, x, "ErfinvBackward0", (dy, y) => mul(div(dy, twoOverRootPi), exp(square(y))));
}

/** The logarithm of |Γ(x)|. */
export function lgamma(x: Tensor): Tensor {
  return ofInput("lgamma", unary.lgamma, x, "LgammaBackward0", (dy, x) => mul(dy, digamma(x)));
}

/** The derivative of {@linkcode lgamma}. */
export function digamma(x: Tensor): Tensor {
  return ofInput("digamma", unary.digamma, x, "DigammaBackward0", (dy, x) => mul(dy, trigamma(x)));
}

/**
 * The derivative of {@linkcode digamma}, made of simpler operations: by reflection for x < ½, by recurrence to above 8,
 * and there by the asymptotic series (Abramowitz and Stegun 6.4.7, 6.4.6, 6.4.12).
 */
function trigamma(x: Tensor): Tensor {
  if (isHalf(x.dtype)) return throughFloat32(x, trigamma);
  const negative = x.lt(0.5);
  let sum: Tensor | null = null, z = where(negative, sub(1, x), x);
  for (let i = 0; i < 8; i++, z = add(z, 1)) {
    const term = reciprocal(square(z));
    sum = sum === null ? term : add(sum, term);
  }
  const w = reciprocal(z), w2 = square(w);
  let series = mul(w2, 5 / 66);
  for (const coefficient of [-1 / 30, 1 / 42, -1 / 30, 1 / 6]) series = mul(add(series, coefficient), w2);
  const y = add(add(sum!, mul(add(series, 1), w)), mul(w2, 0.5));
  const turn = reciprocal(sin(mul(where(negative, x, 0.5), Math.PI)));
  return where(negative, sub(mul(square(turn), Math.PI ** 2), y), y);
}

/** sin(πx)/(πx), 1 at 0. */
export function sinc(x: Tensor): Tensor {
  return ofInput("sinc", unary.sinc, x, "SincBackward0", (dy, x) => {
    const t = mul(x, Math.PI), top = sub(mul(t, cos(t)), sin(t)), bottom = mul(mul(x, x), Math.PI);
    // Where the square vanishes the slope does, too.
    return maskedFill(mul(dy, div(top, bottom)), eq(bottom.detached(), 0), 0);
  });
}

/** log(x/(1 − x)); with `eps`, of x held in [eps, 1 − eps]. */
export function logit(x: Tensor, eps: number | null = null): Tensor {
  const outside = (x: Tensor, eps: number): Tensor => x.lt(eps).add(x.gt(1 - eps));
  return ofInput("logit", unary.logit, x, "LogitBackward0", (dy, x) => {
    const dx = div(dy, mul(x, sub(1, x)));
    return maskedFill(dx, outside(x.detached(), eps ?? 0), eps === null ? NaN : 0);
  }, eps ?? -1);
}

/** The largest integer that is not above x. */
export function floor(x: Tensor): Tensor {
  return stepwise("floor", unary.floor, x, "FloorBackward0");
}

/** The smallest integer that is not below x. */
export function ceil(x: Tensor): Tensor {
  return stepwise("ceil", unary.ceil, x, "CeilBackward0");
}

/** x without what is behind the point. */
export function trunc(x: Tensor): Tensor {
  return stepwise("trunc", unary.trunc, x, "TruncBackward0");
}

/** What is behind the point of x. */
export function frac(x: Tensor): Tensor {
  return record("FracBackward0", runUnary("frac", unary.frac, x), [x], [], (dy) => [dy]);
}

/** The nearest integer, the even one of two; or with `decimals` digits behind the point. */
export function round(x: Tensor, decimals: number | null = null): Tensor {
  if (decimals === null) return stepwise("round", unary.round, x, "RoundBackward0");
  if (!x.dtype.isFloatingPoint) return x.clone();
  if (isHalf(x.dtype)) return underName("RoundBackward1", throughFloat32(x, (x) => round(x, decimals)));
  const scale = 10 ** Math.abs(decimals), raw = x.detached();
  const y = decimals > 0 ? div(round(mul(raw, scale)), scale) : mul(round(div(raw, scale)), scale);
  return record("RoundBackward1", y, [x], [], (dy) => [mul(dy, 0)]);
}

/** Degrees to radians. */
export function deg2rad(x: Tensor): Tensor {
  const y = runUnary("deg2rad", unary.deg2rad, x, floatType(x.dtype));
  return record("Deg2RadBackward0", y, [x], [], (dy) => [mul(dy, Math.PI / 180)]);
}

/** Radians to degrees. */
export function rad2deg(x: Tensor): Tensor {
  const y = runUnary("rad2deg", unary.rad2deg, x, floatType(x.dtype));
  return record("Rad2DegBackward0", y, [x], [], (dy) => [mul(dy, 180 / Math.PI)]);
}

/** x as it is. */
export function positive(x: Tensor): Tensor {
  if (x.dtype === bool) throw new TypeError("The `+` operator, on a bool tensor is not supported.");
  return x;
}

/** NaN and the infinities replaced by numbers: 0 and the type's extremes, unless given. */
export function nanToNum(
  x: Tensor,
  nan: number | null = 0,
  posinf: number | null = null,
  neginf: number | null = null,
): Tensor {
  if (!x.dtype.isFloatingPoint) return x.clone();
  const { max } = finfo(isHalf(x.dtype) ? float32 : x.dtype), own = finfo(x.dtype).max;
  const wide = runUnary("nan_to_num", unary.nanToNum, x, x.dtype, x.dtype, nan ?? 0, posinf ?? Math.min(max, own));
  const y = runUnary("nan_to_num", unary.neginfToNum, wide, x.dtype, x.dtype, neginf ?? -Math.min(max, own));
  return record("NanToNumBackward0", y, [x], [x], (dy, [x]) => [mul(dy, isfinite(x.detached()))]);
}

/** The complement of an integer's bits, or of a bool. */
export function bitwiseNot(x: Tensor): Tensor {
  return runUnary("bitwise_not", unary.bitwiseNot, x);
}

/** Where x is +∞. */
export function isposinf(x: Tensor): Tensor {
  return runUnary("isposinf", unary.isposinf, x, x.dtype, bool);
}

/** Where x is −∞. */
export function isneginf(x: Tensor): Tensor {
  return runUnary("isneginf", unary.isneginf, x, x.dtype, bool);
}

/** Where x is negative, −0 included. */
export function signbit(x: Tensor): Tensor {
  return runUnary("signbit", unary.signbit, x, x.dtype, bool);
}
