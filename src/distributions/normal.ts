/**
 * The normal distribution.
 *
 * @module
 */
import { noGrad } from "../autograd/mode.ts";
import { normal, randn } from "../random.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { broadcastAll, Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/**
 * The normal distribution of mean `loc` and standard deviation `scale`.
 *
 * @example
 * ```ts
 * import { distributions, tensor } from "@raptorch/raptorch";
 * const d = new distributions.Normal(0, 1);
 * console.assert(String(d.logProb(tensor(0))) === "tensor(-0.9189)");
 * ```
 */
export class Normal extends Distribution {
  /** The mean. */
  readonly loc: Tensor;
  /** The standard deviation. */
  readonly scale: Tensor;

  /** @throws {RangeError} When a standard deviation is not positive. */
  constructor(loc: number | Tensor, scale: number | Tensor, options?: DistributionOptions) {
    const [mean, deviation] = broadcastAll(loc, scale);
    super(mean.sizes, [], options);
    this.loc = mean;
    this.scale = deviation;
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { loc: this.loc, scale: this.scale };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { loc: constraints.real, scale: constraints.positive };
  }

  /** All numbers. */
  get support(): constraints.Constraint {
    return constraints.real;
  }

  override get hasRsample(): boolean {
    return true;
  }

  /** The mean. */
  get mean(): Tensor {
    return this.loc;
  }

  /** The mean. */
  get mode(): Tensor {
    return this.loc;
  }

  override get stddev(): Tensor {
    return this.scale;
  }

  /** The squared standard deviation. */
  get variance(): Tensor {
    return this.scale.pow(2);
  }

  override sample(shape: Sizes = []): Tensor {
    const sizes = this.extendedShape(shape);
    return noGrad(() => normal(this.loc.expand(sizes), this.scale.expand(sizes)));
  }

  override rsample(shape: Sizes = []): Tensor {
    const eps = randn(this.extendedShape(shape), { dtype: this.loc.dtype, device: this.loc.device });
    return this.loc.add(eps.mul(this.scale));
  }

  /** The logarithm of the density: -(x - μ)² / 2σ² - ln σ - ln √2π. */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const deviation = value.sub(this.loc).pow(2).neg().div(this.scale.pow(2).mul(2));
    return deviation.sub(this.scale.log()).sub(Math.log(Math.sqrt(2 * Math.PI)));
  }

  override cdf(value: Tensor): Tensor {
    this.checkValue(value);
    return value.sub(this.loc).mul(this.scale.reciprocal()).div(Math.SQRT2).erf().add(1).mul(0.5);
  }

  override icdf(value: Tensor): Tensor {
    return this.loc.add(this.scale.mul(value.mul(2).sub(1).erfinv()).mul(Math.SQRT2));
  }

  /** ½ + ln √2π + ln σ. */
  entropy(): Tensor {
    return this.scale.log().add(0.5 + 0.5 * Math.log(2 * Math.PI));
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Normal {
    const make = new Normal(this.loc.expand(batchShape), this.scale.expand(batchShape), { validateArgs: false });
    return inherit(make, this);
  }
}
