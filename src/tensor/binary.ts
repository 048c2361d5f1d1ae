/**
 * Functions of two and three operands as methods.
 *
 * @module
 */
import { type Call, inOrder, named, type OptionsOf, type Other, type Trailing } from "../arguments.ts";
import { checkOptions } from "../check.ts";
import * as ops from "../ops/binary.ts";
import * as compare from "../ops/compare.ts";
import type { Operand } from "../ops/elementwise.ts";
import { inPlace } from "../ops/inplace.ts";
import * as choose from "../ops/where.ts";
import type { Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { TensorSpecial } from "./special.ts";

/** Options of {@linkcode Tensor.clamp}. */
export interface ClampOptions {
  /** The lower bound. Default: null, none. */
  min?: Operand | null;
  /** The upper bound. Default: null, none. */
  max?: Operand | null;
}

/** Options of {@linkcode Tensor.addcmul} and {@linkcode Tensor.addcdiv}. */
export interface ValueOptions {
  /** The factor. Default: 1. */
  value?: number;
}

/** Options of {@linkcode Tensor.isclose} and {@linkcode Tensor.allclose}. */
export interface CloseOptions {
  /** The difference allowed relative to the other. Default: 1e-5. */
  rtol?: number;
  /** The difference allowed absolutely. Default: 1e-8. */
  atol?: number;
  /** Whether NaN is close to NaN. Default: false. */
  equalNan?: boolean;
}

/** The arguments of `clamp` beside the tensor. */
export type ClampArguments = Trailing<[min: Operand | null, max: Operand | null], ClampOptions>;

/** The arguments of `isclose` beside the tensors. */
export type CloseArguments = Trailing<[rtol: number, atol: number], CloseOptions>;

function clamp(x: Tensor, args: readonly unknown[]): Tensor {
  const o = named<ClampOptions>("clamp", args, ["min", "max"]);
  return choose.clamp(x, o.min, o.max);
}

function isclose(a: Tensor, b: Tensor, args: readonly unknown[]): Tensor {
  const o = named<CloseOptions>("isclose", args, ["rtol", "atol"], ["equalNan"]);
  return ops.isclose(a, b, o.rtol, o.atol, o.equalNan);
}

function valueOf(operation: string, options: ValueOptions | undefined): number {
  checkOptions(operation, options, ["value"]);
  return options?.value ?? 1;
}

/** Powers, extremes, remainders, bits, choices. */
export class TensorBinary extends TensorSpecial {
  /** The larger of two; NaN if one is. */
  maximum(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("maximum", given, ["other"]);
    return ops.maximum(this, other);
  }
  /** The smaller of two; NaN if one is. */
  minimum(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("minimum", given, ["other"]);
    return ops.minimum(this, other);
  }
  /** The larger of two; the number if one is NaN. */
  fmax(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("fmax", given, ["other"]);
    return ops.fmax(this, other);
  }
  /** The smaller of two; the number if one is NaN. */
  fmin(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("fmin", given, ["other"]);
    return ops.fmin(this, other);
  }
  /** this to the power of `other`. */
  pow(this: Tensor, ...given: Call<[other: Operand], { exponent: Operand }>): Tensor {
    const [other] = inOrder("pow", given, ["exponent"]);
    return ops.pow(this, other);
  }
  /** {@linkcode pow}, in place. */
  pow_(this: Tensor, ...given: Call<[other: Operand], { exponent: Operand }>): Tensor {
    const [other] = inOrder("pow_", given, ["exponent"]);
    return inPlace("pow", this, [other], (x) => ops.pow(x, other));
  }
  /** What is left of this / other rounded down: of other's sign. */
  remainder(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("remainder", given, ["other"]);
    return ops.remainder(this, other);
  }
  /** {@linkcode remainder}, in place. */
  remainder_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("remainder_", given, ["other"]);
    return inPlace("remainder", this, [other], (x) => ops.remainder(x, other));
  }
  /** What is left of this / other rounded towards zero: of this's sign. */
  fmod(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("fmod", given, ["other"]);
    return ops.fmod(this, other);
  }
  /** {@linkcode fmod}, in place. */
  fmod_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("fmod_", given, ["other"]);
    return inPlace("fmod", this, [other], (x) => ops.fmod(x, other));
  }
  /** this / other, rounded down. */
  floorDivide(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("floor_divide", given, ["other"]);
    return ops.floorDivide(this, other);
  }
  /** {@linkcode floorDivide}, in place. */
  floorDivide_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("floor_divide_", given, ["other"]);
    return inPlace("floorDivide", this, [other], (x) => ops.floorDivide(x, other));
  }
  /** The angle of (other, this). */
  atan2(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("atan2", given, ["other"]);
    return ops.atan2(this, other);
  }
  /** {@linkcode atan2}, in place. */
  atan2_(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("atan2_", given, ["other"]);
    return inPlace("atan2", this, [other], (x) => ops.atan2(x, other));
  }
  /** √(this² + other²). */
  hypot(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("hypot", given, ["other"]);
    return ops.hypot(this, other);
  }
  /** {@linkcode hypot}, in place. */
  hypot_(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("hypot_", given, ["other"]);
    return inPlace("hypot", this, [other], (x) => ops.hypot(x, other));
  }
  /** The size of this with the sign of other. */
  copysign(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("copysign", given, ["other"]);
    return ops.copysign(this, other);
  }
  /** {@linkcode copysign}, in place. */
  copysign_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("copysign_", given, ["other"]);
    return inPlace("copysign", this, [other], (x) => ops.copysign(x, other));
  }
  /** log(eᵃ + eᵇ), without overflow. */
  logaddexp(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logaddexp", given, ["other"]);
    return ops.logaddexp(this, other);
  }
  /** log₂(2ᵃ + 2ᵇ), without overflow. */
  logaddexp2(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logaddexp2", given, ["other"]);
    return ops.logaddexp2(this, other);
  }
  /** this·log(other), 0 where this is. */
  xlogy(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("xlogy", given, ["other"]);
    return ops.xlogy(this, other);
  }
  /** {@linkcode xlogy}, in place. */
  xlogy_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("xlogy_", given, ["other"]);
    return inPlace("xlogy", this, [other], (x) => ops.xlogy(x, other));
  }
  /** 0 where this is negative, other where it is 0, 1 where it is positive. */
  heaviside(this: Tensor, ...given: Call<[other: Tensor], { values: Tensor }>): Tensor {
    const [other] = inOrder("heaviside", given, ["values"]);
    return ops.heaviside(this, other);
  }
  /** {@linkcode heaviside}, in place. */
  heaviside_(this: Tensor, ...given: Call<[other: Tensor], { values: Tensor }>): Tensor {
    const [other] = inOrder("heaviside_", given, ["values"]);
    return inPlace("heaviside", this, [other], (x) => ops.heaviside(x, other));
  }
  /** The bits that both have. */
  bitwiseAnd(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_and", given, ["other"]);
    return ops.bitwiseAnd(this, other);
  }
  /** {@linkcode bitwiseAnd}, in place. */
  bitwiseAnd_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_and_", given, ["other"]);
    return inPlace("bitwiseAnd", this, [other], (x) => ops.bitwiseAnd(x, other));
  }
  /** The bits that either has. */
  bitwiseOr(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_or", given, ["other"]);
    return ops.bitwiseOr(this, other);
  }
  /** {@linkcode bitwiseOr}, in place. */
  bitwiseOr_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_or_", given, ["other"]);
    return inPlace("bitwiseOr", this, [other], (x) => ops.bitwiseOr(x, other));
  }
  /** The bits that one of the two has. */
  bitwiseXor(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_xor", given, ["other"]);
    return ops.bitwiseXor(this, other);
  }
  /** {@linkcode bitwiseXor}, in place. */
  bitwiseXor_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_xor_", given, ["other"]);
    return inPlace("bitwiseXor", this, [other], (x) => ops.bitwiseXor(x, other));
  }
  /** The bits moved up by `other` places. */
  bitwiseLeftShift(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_left_shift", given, ["other"]);
    return ops.bitwiseLeftShift(this, other);
  }
  /** {@linkcode bitwiseLeftShift}, in place. */
  bitwiseLeftShift_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_left_shift_", given, ["other"]);
    return inPlace("bitwiseLeftShift", this, [other], (x) => ops.bitwiseLeftShift(x, other));
  }
  /** The bits moved down by `other` places. */
  bitwiseRightShift(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_right_shift", given, ["other"]);
    return ops.bitwiseRightShift(this, other);
  }
  /** {@linkcode bitwiseRightShift}, in place. */
  bitwiseRightShift_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("bitwise_right_shift_", given, ["other"]);
    return inPlace("bitwiseRightShift", this, [other], (x) => ops.bitwiseRightShift(x, other));
  }
  /** this held between two bounds. */
  clamp(this: Tensor, ...args: ClampArguments): Tensor {
    return clamp(this, args);
  }
  /** {@linkcode clamp}, in place. */
  clamp_(this: Tensor, ...args: ClampArguments): Tensor {
    const o = named<ClampOptions>("clamp_", args, ["min", "max"]);
    return inPlace("clamp", this, [o.min ?? 0, o.max ?? 0], (x) => choose.clamp(x, o.min, o.max));
  }
  /** {@linkcode clamp} by another name. */
  clip(this: Tensor, ...args: ClampArguments): Tensor {
    return clamp(this, args);
  }
  /** this, not below `min`. */
  clampMin(this: Tensor, ...given: Call<[min: Operand], { min: Operand }>): Tensor {
    const [min] = inOrder("clamp_min", given, ["min"]);
    return choose.clampMin(this, min);
  }
  /** {@linkcode clampMin}, in place. */
  clampMin_(this: Tensor, ...given: Call<[min: Operand], { min: Operand }>): Tensor {
    const [min] = inOrder("clamp_min_", given, ["min"]);
    return inPlace("clamp_min", this, [min], (x) => choose.clampMin(x, min));
  }
  /** this, not above `max`. */
  clampMax(this: Tensor, ...given: Call<[max: Operand], { max: Operand }>): Tensor {
    const [max] = inOrder("clamp_max", given, ["max"]);
    return choose.clampMax(this, max);
  }
  /** {@linkcode clampMax}, in place. */
  clampMax_(this: Tensor, ...given: Call<[max: Operand], { max: Operand }>): Tensor {
    const [max] = inOrder("clamp_max_", given, ["max"]);
    return inPlace("clamp_max", this, [max], (x) => choose.clampMax(x, max));
  }
  /** this where the condition holds, other elsewhere. */
  where(
    this: Tensor,
    ...given: Call<[condition: Tensor, other: Operand], { condition: Tensor; other: Operand }>
  ): Tensor {
    const [condition, other] = inOrder("where", given, ["condition", "other"]);
    return choose.where(condition, this, other);
  }
  /** this with `value` where the mask holds. */
  maskedFill(
    this: Tensor,
    ...given: Call<[mask: Tensor, value: Scalar | Tensor], { mask: Tensor; value: Scalar | Tensor }>
  ): Tensor {
    const [mask, value] = inOrder("masked_fill", given, ["mask", "value"]);
    return choose.maskedFill(this, mask, value);
  }
  /** {@linkcode maskedFill}, in place. */
  maskedFill_(
    this: Tensor,
    ...given: Call<[mask: Tensor, value: Scalar | Tensor], { mask: Tensor; value: Scalar | Tensor }>
  ): Tensor {
    const [mask, value] = inOrder("masked_fill_", given, ["mask", "value"]);
    return inPlace("masked_fill", this, [value], (x) => choose.maskedFill(x, mask, value));
  }
  /** this + weight·(end − this). */
  lerp(
    this: Tensor,
    ...given: Call<[end: Tensor, weight: number | Tensor], { end: Tensor; weight: number | Tensor }>
  ): Tensor {
    const [end, weight] = inOrder("lerp", given, ["end", "weight"]);
    return choose.lerp(this, end, weight);
  }
  /** {@linkcode lerp}, in place. */
  lerp_(
    this: Tensor,
    ...given: Call<[end: Tensor, weight: number | Tensor], { end: Tensor; weight: number | Tensor }>
  ): Tensor {
    const [end, weight] = inOrder("lerp_", given, ["end", "weight"]);
    return inPlace("lerp", this, [end, weight], (x) => choose.lerp(x, end, weight));
  }
  /** this + value·a·b. */
  addcmul(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: ValueOptions], { tensor1: Tensor; tensor2: Tensor } & ValueOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addcmul", given, ["tensor1", "tensor2"]);
    return choose.addcmul(this, a, b, valueOf("addcmul", options));
  }
  /** {@linkcode addcmul}, in place. */
  addcmul_(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: ValueOptions], { tensor1: Tensor; tensor2: Tensor } & ValueOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addcmul_", given, ["tensor1", "tensor2"]);
    return inPlace("addcmul", this, [a, b], (x) => x.addcmul(a, b, options));
  }
  /** this + value·a/b. */
  addcdiv(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: ValueOptions], { tensor1: Tensor; tensor2: Tensor } & ValueOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addcdiv", given, ["tensor1", "tensor2"]);
    return choose.addcdiv(this, a, b, valueOf("addcdiv", options));
  }
  /** {@linkcode addcdiv}, in place. */
  addcdiv_(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: ValueOptions], { tensor1: Tensor; tensor2: Tensor } & ValueOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addcdiv_", given, ["tensor1", "tensor2"]);
    return inPlace("addcdiv", this, [a, b], (x) => x.addcdiv(a, b, options));
  }
  /** Where two tensors are close. */
  isclose(
    this: Tensor,
    ...given: Call<[other: Tensor, ...args: CloseArguments], { other: Tensor } & OptionsOf<CloseArguments>>
  ): Tensor {
    const [other, ...args] = inOrder("isclose", given, ["other"]);
    return isclose(this, other, args);
  }
  /** Whether two tensors are close everywhere. */
  allclose(
    this: Tensor,
    ...given: Call<[other: Tensor, ...args: CloseArguments], { other: Tensor } & OptionsOf<CloseArguments>>
  ): boolean {
    const [other, ...args] = inOrder("allclose", given, ["other"]);
    return isclose(this, other, args).logicalNot().sum().item() === 0;
  }
  /** Whether two tensors have one shape and the same elements. */
  equal(this: Tensor, ...given: Other<Tensor>): boolean {
    const [other] = inOrder("equal", given, ["other"]);
    return ops.equal(this, other);
  }
  /** this and other, elements taken as true unless 0. */
  logicalAnd(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logical_and", given, ["other"]);
    return compare.logicalAnd(this, other);
  }
  /** this or other. */
  logicalOr(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logical_or", given, ["other"]);
    return compare.logicalOr(this, other);
  }
  /** Either this or other. */
  logicalXor(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logical_xor", given, ["other"]);
    return compare.logicalXor(this, other);
  }
}
