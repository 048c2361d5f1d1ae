/**
 * Functions of two and three operands, by position or by name.
 *
 * @module
 */
import { type ByName, type Call, inOrder, isByName, type Other } from "../arguments.ts";
import * as arithmetic from "../ops/arithmetic.ts";
import * as binary from "../ops/binary.ts";
import * as compare from "../ops/compare.ts";
import type { Operand } from "../ops/elementwise.ts";
import * as products from "../ops/matmul.ts";
import * as more from "../ops/products.ts";
import * as choose from "../ops/where.ts";
import type { Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";

/** a == b. */
export function eq(a: Operand, ...given: Other<Operand>): Tensor {
  return compare.eq(a, ...inOrder("eq", given, ["other"]));
}

/** a >= b. */
export function ge(a: Operand, ...given: Other<Operand>): Tensor {
  return compare.ge(a, ...inOrder("ge", given, ["other"]));
}

/** a > b. */
export function gt(a: Operand, ...given: Other<Operand>): Tensor {
  return compare.gt(a, ...inOrder("gt", given, ["other"]));
}

/** a <= b. */
export function le(a: Operand, ...given: Other<Operand>): Tensor {
  return compare.le(a, ...inOrder("le", given, ["other"]));
}

/** a < b. */
export function lt(a: Operand, ...given: Other<Operand>): Tensor {
  return compare.lt(a, ...inOrder("lt", given, ["other"]));
}

/** a != b. */
export function ne(a: Operand, ...given: Other<Operand>): Tensor {
  return compare.ne(a, ...inOrder("ne", given, ["other"]));
}

/** a and b, elements taken as true unless 0. */
export function logicalAnd(a: Tensor, ...given: Other<Tensor>): Tensor {
  return compare.logicalAnd(a, ...inOrder("logical_and", given, ["other"]));
}

/** a or b. */
export function logicalOr(a: Tensor, ...given: Other<Tensor>): Tensor {
  return compare.logicalOr(a, ...inOrder("logical_or", given, ["other"]));
}

/** Either a or b. */
export function logicalXor(a: Tensor, ...given: Other<Tensor>): Tensor {
  return compare.logicalXor(a, ...inOrder("logical_xor", given, ["other"]));
}

/** The angle of (b, a): atan(a/b) in the right quadrant. */
export function atan2(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.atan2(a, ...inOrder("atan2", given, ["other"]));
}

/** The bits that both have. */
export function bitwiseAnd(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.bitwiseAnd(a, ...inOrder("bitwise_and", given, ["other"]));
}

/** The bits of a moved up by b places. */
export function bitwiseLeftShift(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.bitwiseLeftShift(a, ...inOrder("bitwise_left_shift", given, ["other"]));
}

/** The bits that either has. */
export function bitwiseOr(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.bitwiseOr(a, ...inOrder("bitwise_or", given, ["other"]));
}

/** The bits of a moved down by b places; the sign stays. */
export function bitwiseRightShift(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.bitwiseRightShift(a, ...inOrder("bitwise_right_shift", given, ["other"]));
}

/** The bits that one of the two has. */
export function bitwiseXor(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.bitwiseXor(a, ...inOrder("bitwise_xor", given, ["other"]));
}

/** The size of a with the sign of b. */
export function copysign(a: Tensor, ...given: Other<Operand>): Tensor {
  return binary.copysign(a, ...inOrder("copysign", given, ["other"]));
}

/** Whether two tensors have one shape and the same elements. */
export function equal(a: Tensor, ...given: Other<Tensor>): boolean {
  return binary.equal(a, ...inOrder("equal", given, ["other"]));
}

/** a / b rounded down. Not differentiable. */
export function floorDivide(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.floorDivide(a, ...inOrder("floor_divide", given, ["other"]));
}

/** The larger of two; the number if one is NaN. */
export function fmax(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.fmax(a, ...inOrder("fmax", given, ["other"]));
}

/** The smaller of two; the number if one is NaN. */
export function fmin(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.fmin(a, ...inOrder("fmin", given, ["other"]));
}

/** What is left of a / b rounded towards zero: of a's sign. */
export function fmod(a: Tensor, ...given: Other<Operand>): Tensor {
  return binary.fmod(a, ...inOrder("fmod", given, ["other"]));
}

/** √(a² + b²). */
export function hypot(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.hypot(a, ...inOrder("hypot", given, ["other"]));
}

/** log(eᵃ + eᵇ), without overflow. */
export function logaddexp(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.logaddexp(a, ...inOrder("logaddexp", given, ["other"]));
}

/** log₂(2ᵃ + 2ᵇ), without overflow. */
export function logaddexp2(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.logaddexp2(a, ...inOrder("logaddexp2", given, ["other"]));
}

/** The larger of two; NaN if one is. */
export function maximum(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.maximum(a, ...inOrder("maximum", given, ["other"]));
}

/** The smaller of two; NaN if one is. */
export function minimum(a: Tensor, ...given: Other<Tensor>): Tensor {
  return binary.minimum(a, ...inOrder("minimum", given, ["other"]));
}

/** What is left of a / b rounded down: of b's sign. */
export function remainder(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.remainder(a, ...inOrder("remainder", given, ["other"]));
}

/** a·log(b), 0 where a is. */
export function xlogy(a: Operand, ...given: Other<Operand>): Tensor {
  return binary.xlogy(a, ...inOrder("xlogy", given, ["other"]));
}

/** 0 where a is negative, b where it is 0, 1 where it is positive. */
export function heaviside(a: Tensor, ...given: Call<[b: Tensor], { values: Tensor }>): Tensor {
  return binary.heaviside(a, ...inOrder("heaviside", given, ["values"]));
}

/** aᵇ. */
export function pow(a: Operand, ...given: Call<[b: Operand], { exponent: Operand }>): Tensor {
  return binary.pow(a, ...inOrder("pow", given, ["exponent"]));
}

/** a · b. */
export function mul(a: Operand, b: Operand | ByName<Operand>): Tensor {
  return arithmetic.mul(a, isByName(b) ? b.other : b);
}

/** Products of matrices in batches, [batch, m, k]·[batch, k, n]. */
export function bmm(a: Tensor, ...given: Call<[b: Tensor], { mat2: Tensor }>): Tensor {
  return products.bmm(a, ...inOrder("bmm", given, ["mat2"]));
}

/** The sum of products of two vectors. */
export function dot(a: Tensor, ...given: Call<[b: Tensor], { tensor: Tensor }>): Tensor {
  return products.dot(a, ...inOrder("dot", given, ["tensor"]));
}

/**
 * The matrix product by PyTorch's rules: vectors are rows on the left and columns on the right, leading dimensions
 * are a batch and broadcast.
 */
export function matmul(a: Tensor, ...given: Other<Tensor>): Tensor {
  return products.matmul(a, ...inOrder("matmul", given, ["other"]));
}

/**
 * The product of two matrices, [m, k]·[k, n].
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function mm(a: Tensor, ...given: Call<[b: Tensor], { mat2: Tensor }>): Tensor {
  return products.mm(a, ...inOrder("mm", given, ["mat2"]));
}

/** A matrix times a vector, [m, k]·[k]. */
export function mv(a: Tensor, ...given: Call<[x: Tensor], { vec: Tensor }>): Tensor {
  return products.mv(a, ...inOrder("mv", given, ["vec"]));
}

/** The sum of products over the last dimensions. */
export function inner(a: Tensor, ...given: Other<Tensor>): Tensor {
  return more.inner(a, ...inOrder("inner", given, ["other"]));
}

/** The Kronecker product. */
export function kron(a: Tensor, ...given: Other<Tensor>): Tensor {
  return more.kron(a, ...inOrder("kron", given, ["other"]));
}

/** The products of all pairs of elements of two vectors. */
export function outer(a: Tensor, ...given: Call<[b: Tensor], { vec2: Tensor }>): Tensor {
  return more.outer(a, ...inOrder("outer", given, ["vec2"]));
}

/** The sum of products of two vectors, as {@linkcode dot}. */
export function vdot(a: Tensor, ...given: Other<Tensor>): Tensor {
  return more.vdot(a, ...inOrder("vdot", given, ["other"]));
}

/** x, not above `max`. */
export function clampMax(x: Tensor, ...given: Call<[max: Operand], { max: Operand }>): Tensor {
  return choose.clampMax(x, ...inOrder("clamp_max", given, ["max"]));
}

/** x, not below `min`. */
export function clampMin(x: Tensor, ...given: Call<[min: Operand], { min: Operand }>): Tensor {
  return choose.clampMin(x, ...inOrder("clamp_min", given, ["min"]));
}

/** a + weight·(b − a). */
export function lerp(
  a: Tensor,
  ...given: Call<[b: Tensor, weight: number | Tensor], { end: Tensor; weight: number | Tensor }>
): Tensor {
  return choose.lerp(a, ...inOrder("lerp", given, ["end", "weight"]));
}

/** x with `value` where the mask holds. */
export function maskedFill(
  x: Tensor,
  ...given: Call<[mask: Tensor, value: Scalar | Tensor], { mask: Tensor; value: Scalar | Tensor }>
): Tensor {
  return choose.maskedFill(x, ...inOrder("masked_fill", given, ["mask", "value"]));
}

/** Where the condition holds: one vector of places per dimension, `nonzero` with `asTuple`. */
export function where(condition: Tensor): Tensor[];
/** a where the condition holds, b elsewhere. */
export function where(
  condition: Tensor,
  ...given: Call<[a: Operand, b: Operand], { other: Operand } & ({ input: Operand } | { self: Operand })>
): Tensor;
export function where(
  condition: Tensor,
  ...given: [] | Call<[a: Operand, b: Operand], { other: Operand } & ({ input: Operand } | { self: Operand })>
): Tensor | Tensor[] {
  if (given.length === 0) return condition.nonzero({ asTuple: true });
  return choose.where(condition, ...inOrder("where", given, ["input|self", "other"]));
}
