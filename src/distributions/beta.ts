/**
 * The beta distribution.
 *
 * @module
 */
import { stack } from "../ops/join.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { Dirichlet } from "./dirichlet.ts";
import { broadcastAll, Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/**
 * The beta distribution of shapes `concentration1` (α) and `concentration0` (β).
 *
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * console.assert(String(new distributions.Beta(1, 3).mean) === "tensor(0.2500)");
 * ```
 */
export class Beta extends Distribution {
  readonly #dirichlet: Dirichlet;

  /** @throws {RangeError} When a parameter is not positive. */
  constructor(concentration1: number | Tensor, concentration0: number | Tensor, options?: DistributionOptions) {
    const dirichlet = new Dirichlet(stack(broadcastAll(concentration1, concentration0), -1), options);
    super(dirichlet.batchShape, [], options);
    this.#dirichlet = dirichlet;
  }

  /** None of its own: they are the Dirichlet distribution's. @internal */
  parameters(): Record<string, Tensor> {
    return {};
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { concentration1: constraints.positive, concentration0: constraints.positive };
  }

  /** Numbers from 0 to 1. */
  get support(): constraints.Constraint {
    return constraints.unitInterval;
  }

  override get hasRsample(): boolean {
    return true;
  }

  /** α. */
  get concentration1(): Tensor {
    return this.#dirichlet.concentration.select(-1, 0);
  }

  /** β. */
  get concentration0(): Tensor {
    return this.#dirichlet.concentration.select(-1, 1);
  }

  /** α / (α + β). */
  get mean(): Tensor {
    return this.concentration1.div(this.concentration1.add(this.concentration0));
  }

  /** (α - 1) / (α + β - 2). */
  get mode(): Tensor {
    return this.#dirichlet.mode.select(-1, 0);
  }

  /** αβ / (α + β)² (α + β + 1). */
  get variance(): Tensor {
    const a = this.concentration1, b = this.concentration0, total = a.add(b);
    return a.mul(b).div(total.pow(2).mul(total.add(1)));
  }

  override rsample(shape: Sizes = []): Tensor {
    return this.#dirichlet.rsample(shape).select(-1, 0);
  }

  /** The logarithm of the density: (α - 1) ln x + (β - 1) ln(1 - x) - ln B(α, β). */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    return this.#dirichlet.logProb(stack([value, value.neg().add(1)], -1));
  }

  /** The entropy of the two shares. */
  entropy(): Tensor {
    return this.#dirichlet.entropy();
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Beta {
    const a = this.concentration1.expand(batchShape), b = this.concentration0.expand(batchShape);
    const make = new Beta(a, b, { validateArgs: false });
    make.#dirichlet.validateArgs = this.validateArgs;
    return inherit(make, this);
  }
}
