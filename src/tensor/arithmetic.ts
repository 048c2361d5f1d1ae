/**
 * Arithmetic and comparisons as methods.
 *
 * @module
 */
import { apart, type ByName, inOrder, isByName, type Other } from "../arguments.ts";
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
  add(this: Tensor, other: Operand | ByName<Operand, AlphaOptions>, options?: AlphaOptions): Tensor {
    if (isByName(other)) return this.add(...apart(other));
    checkOptions("add", options, alphaOptions);
    return arithmetic.add(this, other, scaleOf(options));
  }
  /** this += alpha·other. */
  add_(this: Tensor, other: Operand | ByName<Operand, AlphaOptions>, options?: AlphaOptions): Tensor {
    if (isByName(other)) return this.add_(...apart(other));
    checkOptions("add_", options, alphaOptions);
    return arithmetic.add_(this, other, scaleOf(options));
  }
  /** this − alpha·other. */
  sub(this: Tensor, other: Operand | ByName<Operand, AlphaOptions>, options?: AlphaOptions): Tensor {
    if (isByName(other)) return this.sub(...apart(other));
    checkOptions("sub", options, alphaOptions);
    return arithmetic.sub(this, other, scaleOf(options));
  }
  /** this −= alpha·other. */
  sub_(this: Tensor, other: Operand | ByName<Operand, AlphaOptions>, options?: AlphaOptions): Tensor {
    if (isByName(other)) return this.sub_(...apart(other));
    checkOptions("sub_", options, alphaOptions);
    return arithmetic.sub_(this, other, scaleOf(options));
  }
  /** this · other. */
  mul(this: Tensor, other: Operand | ByName<Operand>): Tensor {
    if (isByName(other)) return this.mul(other.other);
    return arithmetic.mul(this, other);
  }
  /** this *= other. */
  mul_(this: Tensor, other: Operand | ByName<Operand>): Tensor {
    if (isByName(other)) return this.mul_(other.other);
    return arithmetic.mul_(this, other);
  }
  /** this / other: true division, unless `roundingMode` says otherwise. */
  div(this: Tensor, other: Operand | ByName<Operand, DivOptions>, options?: DivOptions): Tensor {
    if (isByName(other)) return this.div(...apart(other));
    checkOptions("div", options, divOptions);
    return arithmetic.div(this, other, options?.roundingMode);
  }
  /** this /= other. */
  div_(this: Tensor, other: Operand | ByName<Operand, DivOptions>, options?: DivOptions): Tensor {
    if (isByName(other)) return this.div_(...apart(other));
    checkOptions("div_", options, divOptions);
    return arithmetic.div_(this, other, options?.roundingMode);
  }
  /** −this. */
  neg(this: Tensor): Tensor {
    return arithmetic.neg(this);
  }
  /** this == other, by element. */
  eq(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("eq", given, ["other"]);
    return compare.eq(this, other);
  }
  /** this != other, by element. */
  ne(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("ne", given, ["other"]);
    return compare.ne(this, other);
  }
  /** this < other, by element. */
  lt(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("lt", given, ["other"]);
    return compare.lt(this, other);
  }
  /** this <= other, by element. */
  le(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("le", given, ["other"]);
    return compare.le(this, other);
  }
  /** this > other, by element. */
  gt(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("gt", given, ["other"]);
    return compare.gt(this, other);
  }
  /** this >= other, by element. */
  ge(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("ge", given, ["other"]);
    return compare.ge(this, other);
  }
}
