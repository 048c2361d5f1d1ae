/**
 * Arithmetic and comparisons as methods.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import * as arithmetic from "../ops/arithmetic.ts";
import type { RoundingMode } from "../ops/arithmetic.ts";
import * as compare from "../ops/compare.ts";
import type { Operand } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import { TensorMovement } from "./movement.ts";

/** Options of {@linkcode TensorArithmetic.add} and `sub`. */
export interface AlphaOptions {
  /** Multiplies the second operand. Default: 1. */
  alpha?: number | boolean;
}

/** Options of {@linkcode TensorArithmetic.div}. */
export interface DivOptions {
  /** `"trunc"`, `"floor"`, or null for true division. Default: null. */
  roundingMode?: RoundingMode;
}

/** The factor of the second operand. @internal */
export function scaleOf(options: AlphaOptions | undefined): number | undefined {
  return typeof options?.alpha === "boolean" ? Number(options.alpha) : options?.alpha;
}
/** @internal */
export const alphaOptions: readonly string[] = ["alpha"];
/** @internal */
export const divOptions: readonly string[] = ["roundingMode"];

/** Methods of two operands. */
export class TensorArithmetic extends TensorMovement {
  /** this + alpha·other. */
  add(this: Tensor, other: Operand, options?: AlphaOptions): Tensor {
    checkOptions("add", options, alphaOptions);
    return arithmetic.add(this, other, scaleOf(options));
  }
  /** this += alpha·other. */
  add_(this: Tensor, other: Operand, options?: AlphaOptions): Tensor {
    checkOptions("add_", options, alphaOptions);
    return arithmetic.add_(this, other, scaleOf(options));
  }
  /** this − alpha·other. */
  sub(this: Tensor, other: Operand, options?: AlphaOptions): Tensor {
    checkOptions("sub", options, alphaOptions);
    return arithmetic.sub(this, other, scaleOf(options));
  }
  /** this −= alpha·other. */
  sub_(this: Tensor, other: Operand, options?: AlphaOptions): Tensor {
    checkOptions("sub_", options, alphaOptions);
    return arithmetic.sub_(this, other, scaleOf(options));
  }
  /** this · other. */
  mul(this: Tensor, other: Operand): Tensor {
    return arithmetic.mul(this, other);
  }
  /** this *= other. */
  mul_(this: Tensor, other: Operand): Tensor {
    return arithmetic.mul_(this, other);
  }
  /** this / other: true division, unless `roundingMode` says otherwise. */
  div(this: Tensor, other: Operand, options?: DivOptions): Tensor {
    checkOptions("div", options, divOptions);
    return arithmetic.div(this, other, options?.roundingMode);
  }
  /** this /= other. */
  div_(this: Tensor, other: Operand, options?: DivOptions): Tensor {
    checkOptions("div_", options, divOptions);
    return arithmetic.div_(this, other, options?.roundingMode);
  }
  /** −this. */
  neg(this: Tensor): Tensor {
    return arithmetic.neg(this);
  }
  /** this == other, by element. */
  eq(this: Tensor, other: Operand): Tensor {
    return compare.eq(this, other);
  }
  /** this != other, by element. */
  ne(this: Tensor, other: Operand): Tensor {
    return compare.ne(this, other);
  }
  /** this < other, by element. */
  lt(this: Tensor, other: Operand): Tensor {
    return compare.lt(this, other);
  }
  /** this <= other, by element. */
  le(this: Tensor, other: Operand): Tensor {
    return compare.le(this, other);
  }
  /** this > other, by element. */
  gt(this: Tensor, other: Operand): Tensor {
    return compare.gt(this, other);
  }
  /** this >= other, by element. */
  ge(this: Tensor, other: Operand): Tensor {
    return compare.ge(this, other);
  }
}
