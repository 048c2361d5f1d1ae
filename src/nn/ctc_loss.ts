/**
 * The loss of labels without positions, as a module.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { ctcLoss, type CTCLossOptions, type Lengths } from "../ops/ctc_loss.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/**
 * Connectionist temporal classification (Graves et al. 2006): −log of the probability of all paths that read as the target.
 *
 * Shape: log-probabilities `[length, batch, classes]` or `[length, classes]`, targets `[batch, most labels]` or one after
 * another `[total]`, lengths `[batch]`.
 *
 * @example
 * ```ts
 * import { LongTensor, nn, zeros } from "@raptorch/raptorch";
 * const uniform = new nn.LogSoftmax(2)(zeros(2, 1, 2));
 * const loss = new nn.CTCLoss()(uniform, LongTensor([[1]]), [2], [1]);
 * console.assert(Math.abs(loss.item() - Math.log(4 / 3)) < 1e-6);
 * ```
 */
export class CTCLoss extends Module {
  /** The class that stands for no label. */
  readonly blank: number;
  /** What becomes of the samples' losses. */
  readonly reduction: NonNullable<CTCLossOptions["reduction"]>;
  /** Whether infinite losses count as 0. */
  readonly zeroInfinity: boolean;

  /** `new CTCLoss()`, `new CTCLoss({ zeroInfinity: true })`. */
  constructor(
    ...rest: Trailing<
      [blank: number, reduction: NonNullable<CTCLossOptions["reduction"]>, zeroInfinity: boolean],
      CTCLossOptions
    >
  ) {
    super();
    const o = named<CTCLossOptions>("CTCLoss", rest, ["blank", "reduction", "zeroInfinity"]);
    this.blank = o.blank ?? 0;
    this.reduction = o.reduction ?? "mean";
    this.zeroInfinity = o.zeroInfinity ?? false;
  }

  /** See the class. */
  override forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    const { blank, reduction, zeroInfinity } = this;
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, reduction, zeroInfinity });
  }
}
