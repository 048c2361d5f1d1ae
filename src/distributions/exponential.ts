/**
 * The exponential distribution.
 *
 * @module
 */
import { zerosLike } from "../create.ts";
import { empty } from "../make.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { broadcastAll, Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/**
 * The exponential distribution of rate `rate`.
 *
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * console.assert(String(new distributions.Exponential(4).mean) === "tensor(0.2500)");
 * ```
 */
export class Exponential extends Distribution {
  /** The inverse of the mean. */
  readonly rate: Tensor;

  /** @throws {RangeError} When a rate is not positive. */
  constructor(rate: number | Tensor, options?: DistributionOptions) {
    const [value] = broadcastAll(rate);
    super(value.sizes, [], options);
    this.rate = value;
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { rate: this.rate };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { rate: constraints.positive };
  }

  /** Numbers from 0 on. */
  get support(): constraints.Constraint {
    return constraints.nonnegative;
  }

  override get hasRsample(): boolean {
    return true;
  }

  /** 1 / rate. */
  get mean(): Tensor {
    return this.rate.reciprocal();
  }

  /** 0. */
  get mode(): Tensor {
    return zerosLike(this.rate);
  }

  override get stddev(): Tensor {
    return this.rate.reciprocal();
  }

  /** 1 / rate². */
  get variance(): Tensor {
    return this.rate.pow(-2);
  }

  override rsample(shape: Sizes = []): Tensor {
    return empty(this.extendedShape(shape), this.rate.dtype, this.rate.device).exponential_().div(this.rate);
  }

  /** The logarithm of the density: ln λ - λx. */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    return this.rate.log().sub(this.rate.mul(value));
  }

  override cdf(value: Tensor): Tensor {
    this.checkValue(value);
    return this.rate.mul(value).neg().exp().neg().add(1);
  }

  override icdf(value: Tensor): Tensor {
    return value.neg().log1p().neg().div(this.rate);
  }

  /** 1 - ln λ. */
  entropy(): Tensor {
    return this.rate.log().neg().add(1);
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Exponential {
    return inherit(new Exponential(this.rate.expand(batchShape), { validateArgs: false }), this);
  }
}
