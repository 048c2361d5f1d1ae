/**
 * Comparisons and logic: bool results, no gradients.
 *
 * @module
 */
import { binary, unary } from "../../ffi/symbols.ts";
import { bool } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { checkTensors, isTensor, type Operand, resultType, runBinary, runUnary, wrongOperands } from "./elementwise.ts";

function compare(operation: string, op: number, a: Operand, b: Operand): Tensor {
  if (!isTensor(a)) throw wrongOperands(operation, a, b);
  return runBinary(operation, op, a, b, resultType(a, b, operation), bool);
}

function logic(operation: string, op: number, a: Tensor, b: Tensor): Tensor {
  checkTensors(operation, a, b);
  return runBinary(operation, op, a, b, resultType(a, b), bool);
}

/** a == b. */
export function eq(a: Operand, b: Operand): Tensor {
  return compare("eq", binary.eq, a, b);
}

/** a != b. */
export function ne(a: Operand, b: Operand): Tensor {
  return compare("ne", binary.ne, a, b);
}

/** a < b. */
export function lt(a: Operand, b: Operand): Tensor {
  return compare("lt", binary.lt, a, b);
}

/** a <= b. */
export function le(a: Operand, b: Operand): Tensor {
  return compare("le", binary.le, a, b);
}

/** a > b. */
export function gt(a: Operand, b: Operand): Tensor {
  return compare("gt", binary.gt, a, b);
}

/** a >= b. */
export function ge(a: Operand, b: Operand): Tensor {
  return compare("ge", binary.ge, a, b);
}

/** a and b, elements taken as true unless 0. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return logic("logical_and", binary.logicalAnd, a, b);
}

/** a or b. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return logic("logical_or", binary.logicalOr, a, b);
}

/** Either a or b. */
export function logicalXor(a: Tensor, b: Tensor): Tensor {
  return logic("logical_xor", binary.logicalXor, a, b);
}

/** not x. */
export function logicalNot(x: Tensor): Tensor {
  return runUnary("logical_not", unary.logicalNot, x, x.dtype, bool);
}

/** Where x is NaN. */
export function isnan(x: Tensor): Tensor {
  return runUnary("isnan", unary.isnan, x, x.dtype, bool);
}

/** Where x is infinite. */
export function isinf(x: Tensor): Tensor {
  return runUnary("isinf", unary.isinf, x, x.dtype, bool);
}

/** Where x is neither NaN nor infinite. */
export function isfinite(x: Tensor): Tensor {
  return runUnary("isfinite", unary.isfinite, x, x.dtype, bool);
}
