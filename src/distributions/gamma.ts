/**
 * The gamma distribution.
 *
 * @module
 */
import { finfo } from "../dtype.ts";
import { standardGamma } from "../ops/random.ts";
import { xlogy } from "../ops/binary.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { broadcastAll, Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/**
 * The gamma distribution of shape `concentration` and rate `rate`.
 *
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * console.assert(String(new distributions.Gamma(3, 2).mean) === "tensor(1.5000)");
 * ```
 */
export class Gamma extends Distribution {
  /** The shape. */
  readonly concentration: Tensor;
  /** The inverse of the scale. */
  readonly rate: Tensor;

  /** @throws {RangeError} When a parameter is not positive. */
  constructor(concentration: number | Tensor, rate: number | Tensor, options?: DistributionOptions) {
    const [shape, inverse] = broadcastAll(concentration, rate);
    super(shape.sizes, [], options);
    this.concentration = shape;
    this.rate = inverse;
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { concentration: this.concentration, rate: this.rate };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { concentration: constraints.positive, rate: constraints.positive };
  }

  /** Numbers from 0 on. */
  get support(): constraints.Constraint {
    return constraints.nonnegative;
  }

  override get hasRsample(): boolean {
    return true;
  }

  /** concentration / rate. */
  get mean(): Tensor {
    return this.concentration.div(this.rate);
  }

  /** (concentration - 1) / rate, or 0. */
  get mode(): Tensor {
    return this.concentration.sub(1).div(this.rate).clamp(0);
  }

  /** concentration / rate². */
  get variance(): Tensor {
    return this.concentration.div(this.rate.pow(2));
  }

  override rsample(shape: Sizes = []): Tensor {
    const sizes = this.extendedShape(shape);
    const value = standardGamma(this.concentration.expand(sizes), null).div(this.rate.expand(sizes));
    // Never 0, where the density may be infinite; not recorded, as in PyTorch.
    value.detach().clamp_(finfo(value.dtype).tiny);
    return value;
  }

  /** The logarithm of the density: α ln β + (α - 1) ln x - βx - ln Γ(α). */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const { concentration, rate } = this;
    return xlogy(concentration, rate).add(xlogy(concentration.sub(1), value)).sub(rate.mul(value)).sub(
      concentration.lgamma(),
    );
  }

  /** α - ln β + ln Γ(α) + (1 - α) ψ(α). */
  entropy(): Tensor {
    const { concentration, rate } = this;
    return concentration.sub(rate.log()).add(concentration.lgamma()).add(
      concentration.neg().add(1).mul(concentration.digamma()),
    );
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Gamma {
    const make = new Gamma(this.concentration.expand(batchShape), this.rate.expand(batchShape), {
      validateArgs: false,
    });
    return inherit(make, this);
  }
}
