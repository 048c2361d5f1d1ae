/**
 * The categorical distribution.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { full } from "../create.ts";
import { arange } from "../ranges.ts";
import { finfo, int64 } from "../dtype.ts";
import { multinomial } from "../random.ts";
import { broadcastSizes, product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { Distribution, type DistributionOptions, inherit } from "./distribution.ts";
import { logSoftmax, softmax } from "../ops/softmax.ts";
import { logitsOf } from "./logits.ts";

/** Options of {@linkcode Categorical}. */
export interface CategoricalOptions extends DistributionOptions {
  /** The weights of the categories, along the last dimension. They are normalised. */
  probs?: Tensor;
  /** Their logarithms, instead of `probs`. They are normalised as well. */
  logits?: Tensor;
}

/**
 * The distribution of category numbers 0 … K - 1.
 *
 * @example
 * ```ts
 * import { distributions, tensor } from "@raptorch/raptorch";
 * const d = new distributions.Categorical(tensor([1, 3]));
 * console.assert(String(d.probs) === "tensor([0.2500, 0.7500])");
 * ```
 */
export class Categorical extends Distribution {
  #probs: Tensor | null = null;
  #logits: Tensor | null = null;
  readonly #categories: number;

  /** @throws {TypeError} When both or neither of `probs` and `logits` are given. */
  constructor(...args: Trailing<[probs: Tensor, logits: Tensor], CategoricalOptions>) {
    const o = named<CategoricalOptions>("Categorical", args, ["probs", "logits"], ["validateArgs"]);
    if ((o.probs === undefined) === (o.logits === undefined)) {
      throw new TypeError("Either `probs` or `logits` must be specified, but not both.");
    }
    const name = o.probs === undefined ? "logits" : "probs", value = (o.probs ?? o.logits)!;
    if (value.ndim < 1) throw new RangeError(`\`${name}\` parameter must be at least one-dimensional.`);
    super(value.sizes.slice(0, -1), [], o);
    if (o.probs === undefined) this.#logits = logSoftmax(value, -1);
    else this.#probs = value.div(value.sum(-1, { keepdim: true }));
    this.#categories = value.sizes[value.ndim - 1];
    this.checkParameters();
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    return { ...this.#probs && { probs: this.#probs }, ...this.#logits && { logits: this.#logits } };
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    return { probs: constraints.simplex, logits: constraints.realVector };
  }

  /** The numbers of the categories. */
  get support(): constraints.Constraint {
    return constraints.integerInterval(0, this.#categories - 1);
  }

  /** The probabilities. */
  get probs(): Tensor {
    return this.#probs ??= softmax(this.#logits!, -1);
  }

  /** Their logarithms. */
  get logits(): Tensor {
    return this.#logits ??= logitsOf(this.#probs!);
  }

  /** The shape of the parameter. */
  get paramShape(): Sizes {
    return (this.#probs ?? this.#logits!).shape;
  }

  /** NaN: categories have no mean. */
  get mean(): Tensor {
    return this.#undefined();
  }

  /** NaN: categories have no variance. */
  get variance(): Tensor {
    return this.#undefined();
  }

  #undefined(): Tensor {
    return full(this.extendedShape([]), NaN, { dtype: this.probs.dtype, device: this.probs.device });
  }

  /** The most probable category. */
  get mode(): Tensor {
    return this.probs.argmax(-1);
  }

  override sample(shape: Sizes = []): Tensor {
    const rows = this.probs.detach().reshape(-1, this.#categories);
    return multinomial(rows, product(shape), true).t().reshape(this.extendedShape(shape));
  }

  /** The logarithm of the probability of the category `value`. */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const sizes = broadcastSizes([...value.sizes, 1], this.logits.sizes);
    const index = value.to(int64).unsqueeze(-1).expand(sizes), logits = this.logits.expand(sizes);
    return logits.gather(-1, index.narrow(-1, 0, 1)).squeeze(-1);
  }

  /** -Σ p ln p. */
  entropy(): Tensor {
    return this.logits.clamp(finfo(this.logits.dtype).min).mul(this.probs).sum(-1).neg();
  }

  override get hasEnumerateSupport(): boolean {
    return true;
  }

  override enumerateSupport({ expand = true }: { expand?: boolean } = {}): Tensor {
    const n = this.#categories, { device } = this.#probs ?? this.#logits!;
    const values = arange(n, { dtype: int64, device }).view(n, ...this.batchShape.map(() => 1));
    return expand ? values.expand([n, ...this.batchShape]) : values;
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): Categorical {
    const sizes = [...batchShape, this.#categories], options: CategoricalOptions = { validateArgs: false };
    if (this.#probs) options.probs = this.#probs.expand(sizes);
    else options.logits = this.#logits!.expand(sizes);
    return inherit(new Categorical(options), this);
  }
}
