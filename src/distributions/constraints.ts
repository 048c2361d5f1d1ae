/**
 * Regions over which parameters and samples of distributions are valid.
 *
 * @module
 */
import { arange } from "../ranges.ts";
import { formatFloat } from "../format.ts";
import { logicalAnd, logicalOr } from "../ops/compare.ts";
import { choleskyEx } from "../ops/linalg.ts";
import type { Tensor } from "../tensor.ts";

/** A bound: a number, or a tensor that broadcasts to what is checked. */
export type Bound = number | Tensor;

/** A region over which a value is valid. Prints as in PyTorch. */
export abstract class Constraint {
  /** How many of the last dimensions together are one value: {@linkcode Constraint.check} takes them away. */
  readonly eventDim: number = 0;
  /** Whether the region is made of separate points. */
  readonly isDiscrete: boolean = false;

  /** For each value, whether it lies in the region: a bool tensor. */
  abstract check(value: Tensor): Tensor;

  /** PyTorch's text. */
  abstract toString(): string;

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

function text(bound: Bound, whole: boolean): string {
  if (typeof bound === "number") return whole ? String(bound) : formatFloat(bound);
  return bound.ndim === 0 ? formatFloat(bound.item()) : bound.toString();
}

class Region extends Constraint {
  readonly #text: string;
  readonly #check: (value: Tensor) => Tensor;
  override readonly eventDim: number;
  override readonly isDiscrete: boolean;

  constructor(text: string, check: (value: Tensor) => Tensor, eventDim = 0, isDiscrete = false) {
    super();
    this.#text = text;
    this.#check = check;
    this.eventDim = eventDim;
    this.isDiscrete = isDiscrete;
  }

  check(value: Tensor): Tensor {
    return this.#check(value);
  }

  toString(): string {
    return this.#text;
  }
}

/** Every number but NaN. */
export const real: Constraint = new Region("Real()", (x) => x.eq(x));

/** 0 or 1. */
export const boolean: Constraint = new Region("Boolean()", (x) => logicalOr(x.eq(0), x.eq(1)), 0, true);

/** Numbers above a bound. */
export function greaterThan(lower: Bound): Constraint {
  return new Region(`GreaterThan(lower_bound=${text(lower, false)})`, (x) => x.gt(lower));
}

/** Numbers from a bound on. */
export function greaterThanEq(lower: Bound): Constraint {
  return new Region(`GreaterThanEq(lower_bound=${text(lower, false)})`, (x) => x.ge(lower));
}

/** Numbers below a bound. */
export function lessThan(upper: Bound): Constraint {
  return new Region(`LessThan(upper_bound=${text(upper, false)})`, (x) => x.lt(upper));
}

/** Numbers from one bound to another, both included. */
export function interval(lower: Bound, upper: Bound): Constraint {
  return new Region(
    `Interval(lower_bound=${text(lower, false)}, upper_bound=${text(upper, false)})`,
    (x) => logicalAnd(x.ge(lower), x.le(upper)),
  );
}

/** Integers from one bound to another, both included. */
export function integerInterval(lower: Bound, upper: Bound): Constraint {
  return new Region(
    `IntegerInterval(lower_bound=${text(lower, true)}, upper_bound=${text(upper, true)})`,
    (x) => logicalAnd(x.remainder(1).eq(0), logicalAnd(x.ge(lower), x.le(upper))),
    0,
    true,
  );
}

/** Values whose last `count` dimensions are valid together: where every element of them is. */
export function independent(base: Constraint, count: number): Constraint {
  return new Region(
    `IndependentConstraint(${base}, ${count})`,
    (x) => {
      const valid = base.check(x);
      if (valid.ndim < count) {
        throw new RangeError(`Expected value.dim() >= ${base.eventDim + count} but got ${x.ndim}`);
      }
      return valid.reshape(...valid.sizes.slice(0, valid.ndim - count), -1).amin(-1);
    },
    base.eventDim + count,
    base.isDiscrete,
  );
}

/** Numbers above 0. */
export const positive: Constraint = greaterThan(0);
/** Numbers from 0 on. */
export const nonnegative: Constraint = greaterThanEq(0);
/** Numbers from 0 to 1. */
export const unitInterval: Constraint = interval(0, 1);
/** Vectors without NaN. */
export const realVector: Constraint = independent(real, 1);

/** Vectors of numbers from 0 on whose sum is 1. */
export const simplex: Constraint = new Region(
  "Simplex()",
  (x) => logicalAnd(x.ge(0).amin(-1), x.sum(-1).sub(1).abs().lt(1e-6)),
  1,
);

/** Lower triangular matrices with a positive diagonal. */
export const lowerCholesky: Constraint = new Region(
  "LowerCholesky()",
  (x) => {
    const n = x.sizes[x.ndim - 1], columns = arange(n, { device: x.device }), rows = columns.view(n, 1);
    const lower = logicalOr(x.eq(0), rows.ge(columns)), positive = logicalOr(x.gt(0), rows.ne(columns));
    return logicalAnd(lower, positive).flatten(-2).amin(-1);
  },
  2,
);

/** Symmetric matrices whose eigenvalues are positive. */
export const positiveDefinite: Constraint = new Region(
  "PositiveDefinite()",
  (x) => {
    const turned = x.transpose(-2, -1), difference = x.sub(turned).abs();
    const symmetric = difference.le(turned.abs().mul(1e-5).add(1e-6)).flatten(-2).amin(-1);
    return logicalAnd(symmetric, choleskyEx(x.detach()).info.eq(0));
  },
  2,
);
