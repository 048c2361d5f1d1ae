/**
 * Functions of two operands beside arithmetic: powers, extremes, remainders, angles, bits.
 *
 * @module
 */
import { binary, unary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { bool, type DType, int64, promoteScalar, uint8 } from "../dtype.ts";
import { checkFits, rounded, type Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { eq, ge, gt, isnan, le, lt } from "./compare.ts";
import {
  castTo,
  checkTensors,
  floatType,
  isTensor,
  type Operand,
  resultType,
  runBinary,
  runUnary,
  unsupported,
  wrongOperands,
} from "./elementwise.ts";
import { exp, exp2, fused, log, reciprocal, rsqrt, sqrt, square } from "./pointwise.ts";
import { maskedFill, where } from "./where.ts";

function tensorOrNull(x: Operand): Tensor | null {
  return isTensor(x) ? x : null;
}

/** What a backward keeps of an operand: tensors by the saved list, numbers by the closure. */
function pair(a: Operand, b: Operand): [Tensor | null, Tensor | null] {
  return [tensorOrNull(a), tensorOrNull(b)];
}

/** aᵇ. */
export function pow(a: Operand, b: Operand): Tensor {
  if (!isTensor(a) && !isTensor(b)) throw wrongOperands("pow", a, b);
  if (!isTensor(b)) return powScalar(a as Tensor, Number(b), b);
  const dtype = resultType(a, b, "pow");
  if (dtype === bool) throw unsupported("pow", bool);
  const y = runBinary("pow", binary.pow, a, b, dtype);
  if (!isTensor(a)) {
    const base = Number(a);
    return record("PowBackward2", y, [b], [b, y], (dy, [b, y]) => {
      const db = mul(mul(dy, y), Math.log(base));
      return [base === 0 ? where(ge(b.detached(), 0), 0, db) : db];
    });
  }
  return record("PowBackward1", y, [a, b], [a, b, y], (dy, [a, b, y], needs) => [
    needs[0] ? where(eq(b.detached(), 0), 0, mul(dy, mul(b, pow(a, sub(b, 1))))) : null,
    needs[1] ? where(eq(a.detached(), 0).mul(ge(b.detached(), 0)), 0, mul(dy, mul(y, log(a)))) : null,
  ]);
}

function powScalar(x: Tensor, exponent: number, given: Scalar): Tensor {
  const dtype = promoteScalar(x.dtype, given);
  if (!dtype.isFloatingPoint && exponent < 0) {
    throw new RangeError("Integers to negative integer powers are not allowed.");
  }
  checkFits(given, dtype);
  const y = runPow(castTo(x.detached(), dtype), exponent, dtype);
  return record("PowBackward0", y, [x], [x], (dy, [x]) => {
    if (exponent === 0) return [mul(dy, 0)];
    const formula = (): Tensor => mul(dy, mul(pow(x, exponent - 1), exponent));
    return [exponent === 2 ? fused(binary.squareBackward, dy, x, formula) : formula()];
  });
}

/** Frequent exponents have their own kernels, as in PyTorch. */
function runPow(x: Tensor, exponent: number, dtype: DType): Tensor {
  // Truth to the power of truth: only the power of 0 is not the base itself.
  if (dtype === bool) return runBinary("pow", exponent === 0 ? binary.eq : binary.logicalAnd, x, x, bool);
  if (exponent === 2) return runUnary("pow", unary.square, x);
  if (exponent === 3) return runUnary("pow", unary.cube, x);
  if (dtype.isFloatingPoint) {
    if (exponent === 0.5) return sqrt(x);
    if (exponent === -0.5) return rsqrt(x);
    if (exponent === -1) return reciprocal(x);
    if (exponent === -2) return reciprocal(square(x));
  }
  return runUnary("pow", unary.powScalar, x, dtype, dtype, rounded(exponent, dtype));
}

function extreme(
  name: string,
  operation: string,
  op: number,
  a: Tensor,
  b: Tensor,
  wins: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  checkTensors(operation, a, b);
  const y = runBinary(operation, op, a, b, resultType(a, b));
  return record(name, y, [a, b], [a, b], (dy, [x, z], needs) => {
    const shared = where(eq(x, z), div(dy, 2), dy);
    return [
      needs[0] ? maskedFill(shared, wins(z, x), 0) : null,
      needs[1] ? maskedFill(shared, wins(x, z), 0) : null,
    ];
  });
}

/** The larger of two; NaN if one is. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return extreme("MaximumBackward0", "maximum", binary.maximum, a, b, gt);
}

/** The smaller of two; NaN if one is. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return extreme("MinimumBackward0", "minimum", binary.minimum, a, b, lt);
}

function extremeNumber(
  name: string,
  operation: string,
  op: number,
  a: Tensor,
  b: Tensor,
  holds: (a: Operand, b: Operand) => Tensor,
): Tensor {
  checkTensors(operation, a, b);
  const y = runBinary(operation, op, a, b, resultType(a, b));
  return record(name, y, [a, b], [a, b], (dy, [a, b], needs) => {
    const first = holds(a.detached(), b.detached()).add(isnan(b.detached()));
    return [needs[0] ? where(first, dy, 0) : null, needs[1] ? where(first, 0, dy) : null];
  });
}

/** The larger of two; the number if one is NaN. */
export function fmax(a: Tensor, b: Tensor): Tensor {
  return extremeNumber("FmaxBackward0", "fmax", binary.fmax, a, b, ge);
}

/** The smaller of two; the number if one is NaN. */
export function fmin(a: Tensor, b: Tensor): Tensor {
  return extremeNumber("FminBackward0", "fmin", binary.fmin, a, b, le);
}

function numeric(operation: string, a: Operand, b: Operand): DType {
  const dtype = resultType(a, b, operation);
  if (dtype === bool) throw unsupported(operation, bool);
  return dtype;
}

/** What is left of a / b rounded down: of b's sign. */
export function remainder(a: Operand, b: Operand): Tensor {
  const y = runBinary("remainder", binary.remainder, a, b, numeric("remainder", a, b));
  const name = isTensor(a) && !isTensor(b) ? "RemainderBackward0" : "RemainderBackward1";
  return record(name, y, pair(a, b), pair(a, b), (dy, saved, needs) => [
    needs[0] ? dy : null,
    needs[1] ? neg(mul(dy, div((saved[0] ?? a) as Tensor, saved[1], "floor"))) : null,
  ]);
}

/** What is left of a / b rounded towards zero: of a's sign. */
export function fmod(a: Tensor, b: Operand): Tensor {
  if (!isTensor(a)) throw wrongOperands("fmod", a, b);
  const y = runBinary("fmod", binary.fmod, a, b, numeric("fmod", a, b));
  return record(isTensor(b) ? "FmodBackward1" : "FmodBackward0", y, pair(a, b), pair(a, b), (dy, [a, b], needs) => [
    needs[0] ? dy : null,
    needs[1] ? neg(mul(dy, div(a, b, "trunc"))) : null,
  ]);
}

/** a / b rounded down. Not differentiable. */
export function floorDivide(a: Operand, b: Operand): Tensor {
  const y = runBinary("floor_divide", binary.floorDivide, a, b, numeric("floor_divide", a, b));
  return record("NotImplemented", y, pair(a, b), [], () => {
    throw new Error("derivative for floor_divide is not implemented");
  });
}

/** The angle of (b, a): atan(a/b) in the right quadrant. */
export function atan2(a: Tensor, b: Tensor): Tensor {
  checkTensors("atan2", a, b);
  const y = runBinary("atan2", binary.atan2, a, b, floatType(resultType(a, b)));
  return record("Atan2Backward0", y, [a, b], [a, b], (dy, [a, b], needs) => {
    const squares = add(square(a), square(b));
    // At the origin, where there is no angle, the slope is taken as 0.
    const scaled = maskedFill(div(dy, squares), eq(squares, 0), 0);
    return [needs[0] ? mul(scaled, b) : null, needs[1] ? neg(mul(scaled, a)) : null];
  });
}

/** √(a² + b²). */
export function hypot(a: Tensor, b: Tensor): Tensor {
  checkTensors("hypot", a, b);
  const y = runBinary("hypot", binary.hypot, a, b, resultType(a, b));
  return record("HypotBackward0", y, [a, b], [a, b, y], (dy, [a, b, y], needs) => [
    needs[0] ? mul(dy, div(a, y)) : null,
    needs[1] ? mul(dy, div(b, y)) : null,
  ]);
}

/** The size of a with the sign of b. */
export function copysign(a: Tensor, b: Operand): Tensor {
  if (!isTensor(a)) throw wrongOperands("copysign", a, b);
  const y = runBinary("copysign", binary.copysign, a, b, floatType(resultType(a, b, "copysign")));
  const name = isTensor(b) ? "CopysignBackward0" : "CopysignBackward1";
  return record(name, y, pair(a, b), [a, y], (dy, [a, y], needs) => [
    needs[0] ? maskedFill(mul(dy, div(y, a).detached()), eq(a, 0), 0) : null,
    needs[1] ? mul(dy, 0) : null,
  ]);
}

/** log(eᵃ + eᵇ), without overflow. */
export function logaddexp(a: Tensor, b: Tensor): Tensor {
  checkTensors("logaddexp", a, b);
  const y = runBinary("logaddexp", binary.logaddexp, a, b, resultType(a, b));
  return record("LogaddexpBackward0", y, [a, b], [a, b], (dy, [a, b], needs) => [
    needs[0] ? div(dy, add(exp(sub(b, a)), 1)) : null,
    needs[1] ? div(dy, add(exp(sub(a, b)), 1)) : null,
  ]);
}

/** log₂(2ᵃ + 2ᵇ), without overflow. */
export function logaddexp2(a: Tensor, b: Tensor): Tensor {
  checkTensors("logaddexp2", a, b);
  const y = runBinary("logaddexp2", binary.logaddexp2, a, b, resultType(a, b));
  return record("Logaddexp2Backward0", y, [a, b], [a, b], (dy, [a, b], needs) => [
    needs[0] ? div(dy, add(exp2(sub(b, a)), 1)) : null,
    needs[1] ? div(dy, add(exp2(sub(a, b)), 1)) : null,
  ]);
}

/** a·log(b), 0 where a is. */
export function xlogy(a: Operand, b: Operand): Tensor {
  const y = runBinary("xlogy", binary.xlogy, a, b, floatType(resultType(a, b, "xlogy")));
  const name = !isTensor(a) ? "XlogyBackward1" : isTensor(b) ? "XlogyBackward0" : "XlogyBackward2";
  return record(name, y, pair(a, b), pair(a, b), (dy, saved, needs) => {
    const x = saved[0] ?? a, z = saved[1] ?? b;
    const zero = (): Tensor => eq(x, 0).mul(le(z, 0));
    return [
      needs[0] ? maskedFill(xlogy(dy, z), isTensor(z) ? zero() : eq(x, 0).mul(!(Number(z) > 0)), 0) : null,
      needs[1] ? div(mul(dy, x), z) : null,
    ];
  });
}

/** 0 where a is negative, b where it is 0, 1 where it is positive. */
export function heaviside(a: Tensor, b: Tensor): Tensor {
  checkTensors("heaviside", a, b);
  if (a.dtype !== b.dtype) {
    throw new TypeError("heaviside is not yet implemented for tensors with different dtypes.");
  }
  if (a.dtype === bool) return castTo(heaviside(castTo(a, uint8), castTo(b, uint8)), bool);
  return runBinary("heaviside", binary.heaviside, a, b, a.dtype);
}

const kernelNames: Record<string, string> = { bitwise_left_shift: "lshift", bitwise_right_shift: "rshift" };

function bitwise(name: string, op: number, a: Operand, b: Operand): Tensor {
  const dtype = resultType(a, b, name), operation = kernelNames[name] ?? name;
  if (dtype.isFloatingPoint) throw unsupported(`${operation}_cpu`, dtype);
  return runBinary(operation, op, a, b, dtype);
}

/** The bits that both have. */
export function bitwiseAnd(a: Operand, b: Operand): Tensor {
  return bitwise("bitwise_and", binary.bitwiseAnd, a, b);
}

/** The bits that either has. */
export function bitwiseOr(a: Operand, b: Operand): Tensor {
  return bitwise("bitwise_or", binary.bitwiseOr, a, b);
}

/** The bits that one of the two has. */
export function bitwiseXor(a: Operand, b: Operand): Tensor {
  return bitwise("bitwise_xor", binary.bitwiseXor, a, b);
}

/** The bits of a moved up by b places. */
export function bitwiseLeftShift(a: Operand, b: Operand): Tensor {
  return bitwise("bitwise_left_shift", binary.bitwiseLeftShift, a, b);
}

/** The bits of a moved down by b places; the sign stays. */
export function bitwiseRightShift(a: Operand, b: Operand): Tensor {
  return bitwise("bitwise_right_shift", binary.bitwiseRightShift, a, b);
}

/** Where |a − b| ≤ atol + rtol·|b|; equal infinities are close, and with `equalNan` two NaNs. */
export function isclose(a: Tensor, b: Tensor, rtol = 1e-5, atol = 1e-8, equalNan = false): Tensor {
  checkTensors("isclose", a, b);
  if (a.dtype !== b.dtype) throw new TypeError(`${a.dtype} did not match ${b.dtype}`);
  if (!(rtol >= 0)) throw new RangeError(`rtol must be greater than or equal to zero, but got ${rtol}`);
  if (!(atol >= 0)) throw new RangeError(`atol must be greater than or equal to zero, but got ${atol}`);
  const y = runBinary("isclose", binary.isclose, a, b, a.dtype, bool, rtol, atol);
  return equalNan && a.dtype.isFloatingPoint ? y.add(isnan(a).mul(isnan(b))) : y;
}

/** Whether two tensors have one shape and the same elements. */
export function equal(a: Tensor, b: Tensor): boolean {
  checkTensors("equal", a, b);
  if (a.device !== b.device) {
    throw new Error(`Cannot compare two tensors on different devices. Got: ${a.device} and ${b.device}`);
  }
  if (a.sizes.length !== b.sizes.length || a.sizes.some((s, i) => s !== b.sizes[i])) return false;
  return a.count === 0 || eq(a, b).to(int64).sum().item() === a.count;
}
