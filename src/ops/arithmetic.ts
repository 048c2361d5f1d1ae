/**
 * Addition, multiplication and their kin: the operations of two operands with PyTorch's broadcasting and promotion.
 *
 * @module
 */
import { binary, unary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { bool, type DType } from "../dtype.ts";
import { isHalf } from "../make.ts";
import { checkFits } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { floatType, isTensor, type Operand, resultType, runBinary, runUnary } from "./elementwise.ts";
import { binaryInPlace } from "./inplace.ts";

function tensorOrNull(x: Operand): Tensor | null {
  return isTensor(x) ? x : null;
}

/** a + alpha·b. */
export function add(a: Operand, b: Operand, alpha = 1): Tensor {
  const dtype = resultType(a, b, "add");
  checkAlpha("add", dtype, alpha);
  const y = alpha === 1 || (dtype === bool && alpha)
    ? runBinary("add", binary.add, a, b, dtype)
    : dtype === bool
    ? runBinary("add", binary.add, a, isTensor(b) ? mul(b, false) : false, dtype)
    : runBinary("add", binary.addScaled, a, b, dtype, dtype, alpha);
  return record("AddBackward0", y, [tensorOrNull(a), tensorOrNull(b)], [], (dy) => [
    dy,
    alpha === 1 ? dy : mul(dy, alpha),
  ]);
}

/** a − alpha·b. */
export function sub(a: Operand, b: Operand, alpha = 1): Tensor {
  const dtype = resultType(a, b, "sub");
  checkNumbers(a, b, dtype);
  checkAlpha("sub", dtype, alpha);
  const y = alpha === 1
    ? runBinary("sub", binary.sub, a, b, dtype)
    : runBinary("sub", binary.addScaled, a, b, dtype, dtype, -alpha);
  const name = isTensor(a) ? "SubBackward0" : "RsubBackward1";
  return record(name, y, [tensorOrNull(a), tensorOrNull(b)], [], (dy, _, [, needsB]) => [
    dy,
    needsB ? (alpha === 1 ? neg(dy) : mul(dy, -alpha)) : null,
  ]);
}

/** Refuses to subtract truth values. */
function checkNumbers(a: Operand, b: Operand, dtype: DType): void {
  const truth = (x: Operand): boolean => isTensor(x) ? x.dtype === bool : typeof x === "boolean";
  if (dtype !== bool && (truth(a) || truth(b))) {
    throw new TypeError(
      "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` " +
        "or `logical_not()` operator instead.",
    );
  }
  if (dtype === bool) {
    throw new TypeError(
      "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.",
    );
  }
}

function checkAlpha(operation: string, dtype: DType, alpha: number): void {
  if (!dtype.isFloatingPoint && !Number.isInteger(alpha)) {
    throw new TypeError(
      `For integral input tensors, argument alpha must not be a floating point number. (${operation})`,
    );
  }
  checkFits(alpha, dtype);
}

/** a · b. */
export function mul(a: Operand, b: Operand): Tensor {
  const dtype = resultType(a, b, "mul");
  const y = runBinary("mul", binary.mul, a, b, dtype);
  if (!isTensor(b)) return record("MulBackward0", y, [tensorOrNull(a)], [], (dy) => [mul(dy, b)]);
  if (!isTensor(a)) return record("MulBackward0", y, [b], [], (dy) => [mul(dy, a)]);
  return record(
    "MulBackward0",
    y,
    [a, b],
    [b.requiresGrad ? a : null, a.requiresGrad ? b : null],
    (dy, [a, b], needs) => [
      needs[0] ? mul(dy, b) : null,
      needs[1] ? mul(dy, a) : null,
    ],
  );
}

/** How `div` rounds: not at all, towards zero, or down. */
export type RoundingMode = "trunc" | "floor" | null;

/** a / b: true division, or rounded to an integer. */
export function div(a: Operand, b: Operand, rounding: RoundingMode = null): Tensor {
  if (rounding === "floor") return roundedDiv("floor_divide", binary.floorDivide, a, b);
  if (rounding === "trunc") return roundedDiv("div", binary.truncDivide, a, b);
  if (rounding !== null) {
    throw new Error(`div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${rounding}'`);
  }
  const y = runBinary("div", binary.div, a, b, floatType(resultType(a, b, "div")));
  if (!isTensor(b)) return record("DivBackward0", y, [tensorOrNull(a)], [], (dy) => [div(dy, b)]);
  if (!isTensor(a)) {
    return record("DivBackward0", y, [b], [b, y], (dy, [b, y]) => [neg(div(mul(dy, y), b))]);
  }
  return record("DivBackward0", y, [a, b], [a, b], (dy, [a, b], needs) => [
    needs[0] ? div(dy, b) : null,
    needs[1] ? neg(div(mul(dy, div(a, b)), b)) : null,
  ]);
}

function roundedDiv(operation: string, op: number, a: Operand, b: Operand): Tensor {
  const dtype = resultType(a, b, operation);
  // PyTorch rounds the quotient of 16-bit numbers to 16 bits before it cuts it.
  const y = op === binary.truncDivide && isHalf(dtype)
    ? runUnary(operation, unary.trunc, runBinary(operation, binary.div, a, b, dtype))
    : runBinary(operation, op, a, b, dtype);
  const inputs = [tensorOrNull(a), tensorOrNull(b)];
  return record("DivBackward1", y, inputs, [], (dy, _, needs) => [
    needs[0] ? mul(dy, 0) : null,
    needs[1] ? mul(dy, 0) : null,
  ]);
}

/** −x. */
export function neg(x: Tensor): Tensor {
  if (x.dtype === bool) {
    throw new TypeError(
      "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or " +
        "`logical_not()` operator instead.",
    );
  }
  return record("NegBackward0", runUnary("neg", unary.neg, x), [x], [], (dy) => [neg(dy)]);
}

/** x += alpha·b. */
export function add_(x: Tensor, b: Operand, alpha = 1): Tensor {
  const op = alpha === 1 ? binary.add : binary.addScaled;
  return binaryInPlace("add", op, x, b, (x) => add(x, b, alpha), alpha);
}

/** x −= alpha·b. */
export function sub_(x: Tensor, b: Operand, alpha = 1): Tensor {
  checkNumbers(x, b, resultType(x, b, "sub"));
  const op = alpha === 1 ? binary.sub : binary.addScaled;
  return binaryInPlace("sub", op, x, b, (x) => sub(x, b, alpha), -alpha);
}

/** x *= b. */
export function mul_(x: Tensor, b: Operand): Tensor {
  return binaryInPlace("mul", binary.mul, x, b, (x) => mul(x, b));
}

/** x /= b. */
export function div_(x: Tensor, b: Operand, rounding: RoundingMode = null): Tensor {
  const op = rounding === null ? binary.div : rounding === "floor" ? binary.floorDivide : binary.truncDivide;
  return binaryInPlace("div", op, x, b, (x) => div(x, b, rounding));
}
