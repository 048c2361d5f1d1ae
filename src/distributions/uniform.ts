/**
 * The uniform distribution.
 *
 * @module
 */
import { rand } from "../random.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { broadcastAll, Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/**
 * The uniform distribution over [low, high).
 *
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * console.assert(String(new distributions.Uniform(0, 4).mean) === "tensor(2.)");
 * ```
 */
export class Uniform extends Distribution {
  /** The lower bound, included. */
  readonly low: Tensor;
  /** The upper bound, excluded. */
  readonly high: Tensor;

  /** @throws {RangeError} When a lower bound is not below its upper bound. */
  constructor(low: number | Tensor, high: number | Tensor, options?: DistributionOptions) {
    const [lower, upper] = broadcastAll(low, high);
    super(lower.sizes, [], options);
    this.low = lower;
    this.high = upper;
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { low: this.low, high: this.high };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { low: constraints.lessThan(this.high), high: constraints.greaterThan(this.low) };
  }

  /** The interval itself. */
  get support(): constraints.Constraint {
    return constraints.interval(this.low, this.high);
  }

  override get hasRsample(): boolean {
    return true;
  }

  /** The middle of the interval. */
  get mean(): Tensor {
    return this.high.add(this.low).div(2);
  }

  /** NaN: there is none. */
  get mode(): Tensor {
    return this.high.mul(NaN);
  }

  override get stddev(): Tensor {
    return this.high.sub(this.low).div(Math.sqrt(12));
  }

  /** A twelfth of the squared length. */
  get variance(): Tensor {
    return this.high.sub(this.low).pow(2).div(12);
  }

  override rsample(shape: Sizes = []): Tensor {
    const u = rand(this.extendedShape(shape), { dtype: this.low.dtype, device: this.low.device });
    return this.low.add(u.mul(this.high.sub(this.low)));
  }

  /** The logarithm of the density: -ln(high - low) inside, -∞ outside. */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const above = this.low.le(value).to(this.low.dtype), below = this.high.gt(value).to(this.low.dtype);
    return above.mul(below).log().sub(this.high.sub(this.low).log());
  }

  override cdf(value: Tensor): Tensor {
    this.checkValue(value);
    return value.sub(this.low).div(this.high.sub(this.low)).clamp(0, 1);
  }

  override icdf(value: Tensor): Tensor {
    return value.mul(this.high.sub(this.low)).add(this.low);
  }

  /** The logarithm of the length. */
  entropy(): Tensor {
    return this.high.sub(this.low).log();
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Uniform {
    const make = new Uniform(this.low.expand(batchShape), this.high.expand(batchShape), { validateArgs: false });
    return inherit(make, this);
  }
}
