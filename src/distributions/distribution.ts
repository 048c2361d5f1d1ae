/**
 * What every distribution is: parameters with a batch shape, samples with an event shape, and checks of both.
 *
 * @module
 */
import { noGrad } from "../autograd/mode.ts";
import { formatFloat, formatSize, formatTuple } from "../format.ts";
import { broadcastSizes, sameSizes, Size, type Sizes } from "../shape.ts";
import { tensor } from "../create.ts";
import { Tensor } from "../tensor.ts";
import type { Constraint } from "./constraints.ts";

/** Options of every distribution. */
export interface DistributionOptions {
  /** Whether to check parameters and values. Default: true. */
  validateArgs?: boolean;
}

let validateByDefault = true;

/** The base of all distributions. */
export abstract class Distribution {
  /** The shape of the parameters: one distribution for each. */
  readonly batchShape: Size;
  /** The shape of one sample of one distribution. */
  readonly eventShape: Size;
  /** Whether parameters and values are checked. */
  validateArgs: boolean;

  /** For the distributions themselves: called before the parameters are set. */
  constructor(batchShape: Sizes, eventShape: Sizes, options: DistributionOptions | undefined) {
    this.batchShape = Size.from(batchShape) as Size;
    this.eventShape = Size.from(eventShape) as Size;
    this.validateArgs = options?.validateArgs ?? validateByDefault;
  }

  /** Whether distributions check their arguments unless told otherwise. */
  static setDefaultValidateArgs(value: boolean): void {
    validateByDefault = value;
  }

  /** Whether {@linkcode Distribution.rsample} exists: samples through which gradients flow to the parameters. */
  get hasRsample(): boolean {
    return false;
  }

  /** Whether {@linkcode Distribution.enumerateSupport} exists. */
  get hasEnumerateSupport(): boolean {
    return false;
  }

  /** The region of each parameter, by PyTorch's names. */
  abstract get argConstraints(): Record<string, Constraint>;

  /** The region of the samples. */
  abstract get support(): Constraint;

  /** The parameters that exist so far, by PyTorch's names. @internal */
  abstract parameters(): Record<string, Tensor>;

  /** The mean of each distribution. */
  abstract get mean(): Tensor;

  /** The variance of each distribution. */
  abstract get variance(): Tensor;

  /** The most probable value of each distribution. */
  abstract get mode(): Tensor;

  /** The standard deviation of each distribution. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  /** Samples of shape `shape`, for each distribution, outside of the graph. */
  sample(shape: Sizes = []): Tensor {
    return noGrad(() => this.rsample(shape));
  }

  /**
   * Samples like {@linkcode Distribution.sample} through which gradients flow to the parameters.
   *
   * @throws {Error} When the distribution has none.
   */
  rsample(_shape: Sizes = []): Tensor {
    throw new Error(`${this.constructor.name} has no rsample`);
  }

  /** The logarithm of the probability (density) of `value`. */
  abstract logProb(value: Tensor): Tensor;

  /** The entropy of each distribution. */
  abstract entropy(): Tensor;

  /** The exponential of the entropy. */
  perplexity(): Tensor {
    return this.entropy().exp();
  }

  /** The probability of values up to `value`. */
  cdf(_value: Tensor): Tensor {
    throw new Error(`${this.constructor.name} has no cdf`);
  }

  /** The value below which samples lie with probability `value`. */
  icdf(_value: Tensor): Tensor {
    throw new Error(`${this.constructor.name} has no icdf`);
  }

  /** Every value that a sample can have, along a new first dimension. */
  enumerateSupport(_options: { expand?: boolean } = {}): Tensor {
    throw new Error(`${this.constructor.name} has no enumerateSupport`);
  }

  /** The same distribution with its parameters expanded to another batch shape. */
  abstract expand(batchShape: Sizes): Distribution;

  /** The shape of samples of shape `shape`. @internal */
  extendedShape(shape: Sizes): number[] {
    return [...shape, ...this.batchShape, ...this.eventShape];
  }

  /** Checks every parameter that was given. Constructors call it last. @internal */
  checkParameters(): void {
    if (!this.validateArgs) return;
    const constraints = this.argConstraints;
    for (const [name, value] of Object.entries(this.parameters())) {
      const constraint = constraints[name];
      if (allTrue(constraint.check(value))) continue;
      throw new RangeError(
        `Expected parameter ${name} (Tensor of shape ${formatTuple(value.sizes)}) of distribution ${this} to satisfy ` +
          `the constraint ${constraint}, but found invalid values:\n${plain(value)}`,
      );
    }
  }

  /** Checks that `value` can be a sample. @internal */
  checkValue(value: Tensor): void {
    if (!(value instanceof Tensor)) throw new TypeError("The value argument to log_prob must be a Tensor");
    if (!this.validateArgs) return;
    const sizes = value.sizes, event = this.eventShape, expected = [...this.batchShape, ...event];
    const tail = sizes.slice(Math.max(sizes.length - event.length, 0));
    if (tail.length !== event.length || tail.some((s, i) => s !== event[i])) {
      throw new RangeError(
        `The right-most size of value must match event_shape: ${formatSize(sizes)} vs ${formatSize(event)}.`,
      );
    }
    for (let i = 1; i <= Math.min(sizes.length, expected.length); i++) {
      const a = sizes[sizes.length - i], b = expected[expected.length - i];
      if (a !== 1 && b !== 1 && a !== b) {
        throw new RangeError(
          `Value is not broadcastable with batch_shape+event_shape: ${formatSize(sizes)} vs ${formatSize(expected)}.`,
        );
      }
    }
    if (allTrue(this.support.check(value))) return;
    throw new RangeError(
      `Expected value argument (Tensor of shape ${formatTuple(sizes)}) to be within the support (${this.support}) of ` +
        `the distribution ${this}, but found invalid values:\n${plain(value)}`,
    );
  }

  /** PyTorch's text: `Normal(loc: 0.0, scale: 1.0)`. */
  toString(): string {
    const parts = Object.entries(this.parameters()).map(([name, x]) =>
      `${name}: ${x.numel() === 1 ? plain(x) : formatSize(x.sizes)}`
    );
    return `${this.constructor.name}(${parts.join(", ")})`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

function allTrue(valid: Tensor): boolean {
  return valid.numel() === 0 || Boolean(valid.amin().item());
}

/** Python's text of a tensor in a format string: a 0-d one is its number. */
function plain(x: Tensor): string {
  if (x.ndim > 0) return x.detach().toString();
  return x.dtype.isFloatingPoint ? formatFloat(x.item()) : String(x.item());
}

/** Parameters given as numbers or tensors, as tensors of one shape; numbers take the type of the first tensor. @internal */
export function broadcastAll(...values: (number | Tensor)[]): Tensor[] {
  const first = values.find((v) => v instanceof Tensor);
  const options = first === undefined ? {} : { dtype: first.dtype, device: first.device };
  const tensors = values.map((v) => v instanceof Tensor ? v : tensor(v, options));
  const sizes = tensors.map((t) => t.sizes).reduce((a, b) => broadcastSizes(a, b));
  return tensors.map((t) => sameSizes(t.sizes, sizes) ? t : t.expand(sizes));
}

/** `made`, a distribution over parameters that `source` has checked, with the checks of `source`. @internal */
export function inherit<T extends Distribution>(made: T, source: T): T {
  made.validateArgs = source.validateArgs;
  return made;
}
