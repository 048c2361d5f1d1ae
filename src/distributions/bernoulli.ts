/**
 * The Bernoulli distribution.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { noGrad } from "../autograd/mode.ts";
import { arange } from "../ranges.ts";
import { binaryCrossEntropyWithLogits } from "../ops/loss.ts";
import { bernoulli } from "../random.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { broadcastAll, Distribution, type DistributionOptions, inherit } from "./distribution.ts";
import { logitsOf } from "./logits.ts";

/** Options of {@linkcode Bernoulli}. */
export interface BernoulliDistributionOptions extends DistributionOptions {
  /** The probability of a 1. */
  probs?: number | Tensor;
  /** The log-odds of a 1, instead of `probs`. */
  logits?: number | Tensor;
}

/**
 * The distribution of coin tosses: 1 with probability `probs`, else 0.
 *
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * console.assert(String(new distributions.Bernoulli({ logits: 0 }).probs) === "tensor(0.5000)");
 * ```
 */
export class Bernoulli extends Distribution {
  #probs: Tensor | null = null;
  #logits: Tensor | null = null;

  /** @throws {TypeError} When both or neither of `probs` and `logits` are given. */
  constructor(...args: Trailing<[probs: number | Tensor, logits: number | Tensor], BernoulliDistributionOptions>) {
    const o = named<BernoulliDistributionOptions>("Bernoulli", args, ["probs", "logits"], ["validateArgs"]);
    if ((o.probs === undefined) === (o.logits === undefined)) {
      throw new TypeError("Either `probs` or `logits` must be specified, but not both.");
    }
    const [value] = broadcastAll((o.probs ?? o.logits)!);
    super(value.sizes, [], o);
    if (o.probs === undefined) this.#logits = value;
    else this.#probs = value;
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { ...this.#probs && { probs: this.#probs }, ...this.#logits && { logits: this.#logits } };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { probs: constraints.unitInterval, logits: constraints.real };
  }

  /** 0 and 1. */
  get support(): constraints.Constraint {
    return constraints.boolean;
  }

  /** The probability of a 1. */
  get probs(): Tensor {
    return this.#probs ??= this.#logits!.sigmoid();
  }

  /** The log-odds of a 1. */
  get logits(): Tensor {
    return this.#logits ??= logitsOf(this.#probs!, true);
  }

  /** The shape of the parameter. */
  get paramShape(): Sizes {
    return (this.#probs ?? this.#logits!).shape;
  }

  /** The probability of a 1. */
  get mean(): Tensor {
    return this.probs;
  }

  /** The more probable value; NaN where both are alike. */
  get mode(): Tensor {
    return this.probs.ge(0.5).to(this.probs.dtype).maskedFill(this.probs.eq(0.5), NaN);
  }

  /** p (1 - p). */
  get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }

  override sample(shape: Sizes = []): Tensor {
    return noGrad(() => bernoulli(this.probs.expand(this.extendedShape(shape))));
  }

  /** The logarithm of the probability of `value`. */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const [logits, target] = broadcastAll(this.logits, value);
    return binaryCrossEntropyWithLogits(logits, target, null, "none", null).neg();
  }

  /** -p ln p - (1 - p) ln(1 - p). */
  entropy(): Tensor {
    return binaryCrossEntropyWithLogits(this.logits, this.probs, null, "none", null);
  }

  override get hasEnumerateSupport(): boolean {
    return true;
  }

  override enumerateSupport({ expand = true }: { expand?: boolean } = {}): Tensor {
    const { dtype, device } = this.#probs ?? this.#logits!;
    const values = arange(2, { dtype, device }).view(2, ...this.batchShape.map(() => 1));
    return expand ? values.expand([2, ...this.batchShape]) : values;
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Bernoulli {
    const options: BernoulliDistributionOptions = { validateArgs: false };
    if (this.#probs) options.probs = this.#probs.expand(batchShape);
    else options.logits = this.#logits!.expand(batchShape);
    return inherit(new Bernoulli(options), this);
  }
}
