/**
 * A linear layer and the cross entropy of its outputs in one.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { formatFloat, formatValue } from "../format.ts";
import { crossEntropy, type Reduction } from "../ops/cross_entropy.ts";
import { reshape } from "../ops/movement.ts";
import { product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions } from "./factory.ts";
import { Linear } from "./linear.ts";
import { WeightedLoss } from "./loss.ts";

/** The required arguments of {@linkcode LinearCrossEntropyLoss}, by name. */
export interface LinearCrossEntropySizes {
  /** Features of the input. */
  inFeatures: number;
  /** The number of classes. */
  numClasses: number;
}

/** Options of {@linkcode LinearCrossEntropyLoss}. */
export interface LinearCrossEntropyOptions extends FactoryOptions {
  /** Further dimensions of targets. Default: none. */
  outFeatures?: Sizes;
  /** Whether the linear layer has a bias. Default: false. */
  bias?: boolean;
  /** What becomes of the samples' losses. Default: `"mean"`. */
  reduction?: Reduction;
  /** The factors of the classes, `[numClasses]`. Default: none. */
  weight?: Tensor | null;
  /** Targets of this label do not count. Default: none, which is −100 for labels. */
  ignoreIndex?: number | null;
  /** How much of each target is shared among all classes. Default: 0. */
  labelSmoothing?: number;
  /** PyTorch's choice of chunks, of which there are none here: null. */
  options?: null;
}

/** The arguments of {@linkcode LinearCrossEntropyLoss}. */
export type LinearCrossEntropyArguments = Arguments<
  [inFeatures: number, numClasses: number],
  [],
  LinearCrossEntropySizes,
  LinearCrossEntropyOptions
>;

/**
 * The cross entropy of x·Wᵀ + b and labels or probabilities.
 *
 * Shape: x `[batch, inFeatures]` or `[inFeatures]`, labels `[batch, …outFeatures]`, probabilities
 * `[batch, numClasses, …outFeatures]`.
 *
 * @example
 * ```ts
 * import { LongTensor, nn, zeros } from "@raptorch/raptorch";
 * const loss = new nn.LinearCrossEntropyLoss(5, 4);
 * console.assert(Math.abs(loss(zeros(2, 5), LongTensor([1, 3])).item() - Math.log(4)) < 1e-6);
 * ```
 */
export class LinearCrossEntropyLoss extends WeightedLoss {
  /** The number of classes. */
  readonly numClasses: number;
  /** Further dimensions of targets. */
  readonly outFeatures: Sizes;
  /** Targets of this label do not count. */
  readonly ignoreIndex: number | null;
  /** How much of each target is shared among all classes. */
  readonly labelSmoothing: number;
  /** Gives the logits, all further dimensions in one. */
  linear: Linear;

  /** `new LinearCrossEntropyLoss(768, 1000)`. */
  constructor(...args: LinearCrossEntropyArguments) {
    const o = called<LinearCrossEntropySizes & LinearCrossEntropyOptions>(
      "LinearCrossEntropyLoss",
      args,
      ["inFeatures", "numClasses"],
      [],
      [
        "outFeatures",
        "bias",
        "reduction",
        "weight",
        "ignoreIndex",
        "labelSmoothing",
        "options",
        ...factoryOptions,
      ],
    );
    const { inFeatures, numClasses, outFeatures = [], weight = null, labelSmoothing = 0, device, dtype } = o;
    if (weight !== null && (weight.ndim !== 1 || weight.sizes[0] !== numClasses)) {
      throw new RangeError(
        `expected weight shape to be ${formatValue([numClasses])}, got ${formatValue([...weight.sizes])}`,
      );
    }
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new RangeError(`expected label_smoothing to be in range [0, 1], got ${labelSmoothing}`);
    }
    super(weight, o.reduction);
    this.numClasses = numClasses;
    this.outFeatures = [...outFeatures];
    this.ignoreIndex = o.ignoreIndex ?? null;
    this.labelSmoothing = labelSmoothing;
    const rows = numClasses * product(outFeatures);
    this.linear = new Linear(inFeatures, rows, { bias: o.bias ?? false, device, dtype });
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    const logits = this.linear(x), { numClasses, outFeatures, weight, reduction, labelSmoothing } = this;
    const y = reshape(logits, [...logits.sizes.slice(0, -1), numClasses, ...outFeatures]);
    return crossEntropy(y, target, weight, this.ignoreIndex ?? -100, reduction, labelSmoothing);
  }

  /** What is printed between the parentheses. */
  override extraRepr(): string {
    return `in_features=${this.linear.inFeatures}, num_classes=${this.numClasses}, out_features=${
      formatValue(this.outFeatures)
    }, bias=${formatValue(this.linear.bias !== null)}, reduction=${this.reduction}, ignore_index=${
      formatValue(this.ignoreIndex)
    }, label_smoothing=${formatFloat(this.labelSmoothing)}, options=None`;
  }
}
