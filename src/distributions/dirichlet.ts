/**
 * The Dirichlet distribution.
 *
 * @module
 */
import { arange } from "../ranges.ts";
import { dirichlet } from "../ops/random.ts";
import { xlogy } from "../ops/binary.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/**
 * The Dirichlet distribution over vectors of shares that sum to 1.
 *
 * @example
 * ```ts
 * import { distributions, tensor } from "@raptorch/raptorch";
 * console.assert(String(new distributions.Dirichlet(tensor([1, 3])).mean) === "tensor([0.2500, 0.7500])");
 * ```
 */
export class Dirichlet extends Distribution {
  /** The weight of each share. */
  readonly concentration: Tensor;

  /** @throws {RangeError} When there is no dimension of shares, or a concentration is not positive. */
  constructor(concentration: Tensor, options?: DistributionOptions) {
    if (concentration.ndim < 1) throw new RangeError("`concentration` parameter must be at least one-dimensional.");
    super(concentration.sizes.slice(0, -1), concentration.sizes.slice(-1), options);
    this.concentration = concentration;
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { concentration: this.concentration };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { concentration: constraints.independent(constraints.positive, 1) };
  }

  /** Vectors whose sum is 1. */
  get support(): constraints.Constraint {
    return constraints.simplex;
  }

  override get hasRsample(): boolean {
    return true;
  }

  /** The concentrations over their sum. */
  get mean(): Tensor {
    return this.concentration.div(this.#total());
  }

  /** The most probable shares; where no concentration reaches 1, the first corner, as in PyTorch. */
  get mode(): Tensor {
    const above = this.concentration.sub(1).clamp(0), mode = above.div(above.sum(-1, { keepdim: true }));
    const flat = this.concentration.lt(1).amin(-1, { keepdim: true });
    return arange(this.eventShape[0], { device: mode.device }).eq(0).to(mode.dtype).where(flat, mode);
  }

  /** a (A - a) / A² (A + 1), A being the sum. */
  get variance(): Tensor {
    const total = this.#total();
    return this.concentration.mul(total.sub(this.concentration)).div(total.pow(2).mul(total.add(1)));
  }

  #total(): Tensor {
    return this.concentration.sum(-1, { keepdim: true });
  }

  override rsample(shape: Sizes = []): Tensor {
    return dirichlet(this.concentration.expand(this.extendedShape(shape)), null);
  }

  /** The logarithm of the density: Σ (a - 1) ln x + ln Γ(A) - Σ ln Γ(a). */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const a = this.concentration;
    return xlogy(a.sub(1), value).sum(-1).add(a.sum(-1).lgamma()).sub(a.lgamma().sum(-1));
  }

  /** Σ ln Γ(a) - ln Γ(A) - (k - A) ψ(A) - Σ (a - 1) ψ(a). */
  entropy(): Tensor {
    const a = this.concentration, total = a.sum(-1), k = a.sizes[a.ndim - 1];
    const rest = total.neg().add(k).mul(total.digamma()).add(a.sub(1).mul(a.digamma()).sum(-1));
    return a.lgamma().sum(-1).sub(total.lgamma()).sub(rest);
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Dirichlet {
    const concentration = this.concentration.expand([...batchShape, ...this.eventShape]);
    return inherit(new Dirichlet(concentration, { validateArgs: false }), this);
  }
}
