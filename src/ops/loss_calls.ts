/**
 * Losses as users call them: `F.crossEntropy(x, target, { labelSmoothing: 0.1 })`.
 *
 * @module
 */
import { type Arguments, inOrder, named } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import * as entropy from "./cross_entropy.ts";
import type { Reduction } from "./cross_entropy.ts";
import * as loss from "./loss.ts";

/** What PyTorch calls deprecated: `reduction` in two booleans. */
export interface LegacyReduction {
  /** Deprecated: a sum instead of a mean where it is false. */
  sizeAverage?: boolean | null;
  /** Deprecated: no reduction where it is false. */
  reduce?: boolean | null;
}

/** The option of every loss. */
export interface ReductionOptions extends LegacyReduction {
  /** What becomes of the elements' losses. Default: `"mean"`. */
  reduction?: Reduction;
}

/** The reduction that options ask for. @internal */
export function reductionOf<R extends string>(o: LegacyReduction & { reduction?: R }): R | "mean" | "sum" | "none" {
  const average = o.sizeAverage ?? null, reduce = o.reduce ?? null;
  if (average === null && reduce === null) return o.reduction ?? "mean";
  return reduce === false ? "none" : average === false ? "sum" : "mean";
}

/** How most losses end: the positions of the deprecated booleans, and the reduction. */
export type ReductionArguments = [sizeAverage: boolean | null, reduce: boolean | null, reduction: Reduction];

/** Options of losses whose elements can be weighted. */
export interface WeightedLossOptions extends ReductionOptions {
  /** A factor for each element (for classes: for each class). Default: none. */
  weight?: Tensor | null;
}

/** Options of {@linkcode nllLoss}. */
export interface NLLLossOptions extends WeightedLossOptions {
  /** Targets of this label do not count. Default: -100. */
  ignoreIndex?: number;
}

/** Options of {@linkcode crossEntropy}. */
export interface CrossEntropyOptions extends NLLLossOptions {
  /** How much of each target is shared among all classes, 0 to 1. Default: 0. */
  labelSmoothing?: number;
}

/** Options of {@linkcode binaryCrossEntropyWithLogits}. */
export interface BCEWithLogitsOptions extends WeightedLossOptions {
  /** A factor for the terms of positive targets. Default: none. */
  posWeight?: Tensor | null;
}

/** Options of {@linkcode smoothL1Loss}. */
export interface SmoothL1LossOptions extends ReductionOptions {
  /** Where the square passes into the absolute value. Default: 1. */
  beta?: number;
}

/** Options of {@linkcode huberLoss}. */
export interface HuberLossOptions extends WeightedLossOptions {
  /** Where the square passes into the absolute value. Default: 1. */
  delta?: number;
}

/** Options of {@linkcode klDiv}. */
export interface KLDivOptions extends LegacyReduction {
  /** What becomes of the elements' losses; `"batchmean"` is their sum over the batch size. Default: `"mean"`. */
  reduction?: Reduction | "batchmean";
  /** Whether the target is a logarithm too. Default: false. */
  logTarget?: boolean;
}

/**
 * The cross entropy of logits and class labels, or probabilities of the logits' shape.
 *
 * Shape: x `[batch, classes, …]` or `[classes]`, labels `[batch, …]` or none.
 *
 * @example
 * ```ts
 * import { F, LongTensor, zeros } from "@raptorch/raptorch";
 * const loss = F.crossEntropy(zeros(2, 4), LongTensor([1, 3]));
 * console.assert(Math.abs(loss.item() - Math.log(4)) < 1e-6);
 * ```
 */
export function crossEntropy(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [
      weight: Tensor | null,
      sizeAverage: boolean | null,
      ignoreIndex: number,
      reduce: boolean | null,
      reduction: Reduction,
      labelSmoothing: number,
    ],
    { target: Tensor },
    CrossEntropyOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("cross_entropy", given, ["target"]);
  const o = named<CrossEntropyOptions>("cross_entropy", rest, [
    "weight",
    "sizeAverage",
    "ignoreIndex",
    "reduce",
    "reduction",
    "labelSmoothing",
  ]);
  return entropy.crossEntropy(
    x,
    target,
    o.weight ?? null,
    o.ignoreIndex ?? -100,
    reductionOf(o),
    o.labelSmoothing ?? 0,
  );
}

/** The negative log-likelihood of class labels under log-probabilities; shapes as of {@linkcode crossEntropy}. */
export function nllLoss(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [
      weight: Tensor | null,
      sizeAverage: boolean | null,
      ignoreIndex: number,
      reduce: boolean | null,
      reduction: Reduction,
    ],
    { target: Tensor },
    NLLLossOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("nll_loss", given, ["target"]);
  const o = named<NLLLossOptions>("nll_loss", rest, ["weight", "sizeAverage", "ignoreIndex", "reduce", "reduction"]);
  return entropy.nllLoss(x, target, o.weight ?? null, o.ignoreIndex ?? -100, reductionOf(o));
}

/** The arguments after the input of {@linkcode mseLoss} and {@linkcode l1Loss}. */
export type DifferenceArguments = Arguments<
  [target: Tensor],
  [...ReductionArguments, weight: Tensor | null],
  { target: Tensor },
  WeightedLossOptions
>;

/** The squared difference. */
export function mseLoss(
  x: Tensor,
  ...given: DifferenceArguments
): Tensor {
  const [target, ...rest] = inOrder("mse_loss", given, ["target"]);
  const o = named<WeightedLossOptions>("mse_loss", rest, ["sizeAverage", "reduce", "reduction", "weight"]);
  return loss.mseLoss(x, target, reductionOf(o), o.weight ?? null);
}

/** The absolute difference. */
export function l1Loss(
  x: Tensor,
  ...given: DifferenceArguments
): Tensor {
  const [target, ...rest] = inOrder("l1_loss", given, ["target"]);
  const o = named<WeightedLossOptions>("l1_loss", rest, ["sizeAverage", "reduce", "reduction", "weight"]);
  return loss.l1Loss(x, target, reductionOf(o), o.weight ?? null);
}

/** The squared difference over 2β below β, the absolute difference less β/2 above. */
export function smoothL1Loss(
  x: Tensor,
  ...given: Arguments<[target: Tensor], [...ReductionArguments, beta: number], { target: Tensor }, SmoothL1LossOptions>
): Tensor {
  const [target, ...rest] = inOrder("smooth_l1_loss", given, ["target"]);
  const o = named<SmoothL1LossOptions>("smooth_l1_loss", rest, ["sizeAverage", "reduce", "reduction", "beta"]);
  return loss.smoothL1Loss(x, target, reductionOf(o), o.beta ?? 1);
}

/** Half the squared difference below δ, δ times the absolute difference less δ/2 above. */
export function huberLoss(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [reduction: Reduction, delta: number, weight: Tensor | null],
    { target: Tensor },
    HuberLossOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("huber_loss", given, ["target"]);
  const o = named<HuberLossOptions>("huber_loss", rest, ["reduction", "delta", "weight"]);
  return loss.huberLoss(x, target, reductionOf(o), o.delta ?? 1, o.weight ?? null);
}

/** The cross entropy of probabilities and targets between 0 and 1, of one shape. */
export function binaryCrossEntropy(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [weight: Tensor | null, ...ReductionArguments],
    { target: Tensor },
    WeightedLossOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("binary_cross_entropy", given, ["target"]);
  const o = named<WeightedLossOptions>("binary_cross_entropy", rest, ["weight", "sizeAverage", "reduce", "reduction"]);
  return loss.binaryCrossEntropy(x, target, o.weight ?? null, reductionOf(o));
}

/** {@linkcode binaryCrossEntropy} of sigmoid(x), computed without overflow. */
export function binaryCrossEntropyWithLogits(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [weight: Tensor | null, ...ReductionArguments, posWeight: Tensor | null],
    { target: Tensor },
    BCEWithLogitsOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("binary_cross_entropy_with_logits", given, ["target"]);
  const o = named<BCEWithLogitsOptions>("binary_cross_entropy_with_logits", rest, [
    "weight",
    "sizeAverage",
    "reduce",
    "reduction",
    "posWeight",
  ]);
  const { weight = null, posWeight = null } = o;
  return loss.binaryCrossEntropyWithLogits(x, target, weight, reductionOf(o), posWeight);
}

/** The Kullback-Leibler divergence of log-probabilities x from the target's probabilities. */
export function klDiv(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [sizeAverage: boolean | null, reduce: boolean | null, reduction: Reduction | "batchmean", logTarget: boolean],
    { target: Tensor },
    KLDivOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("kl_div", given, ["target"]);
  const o = named<KLDivOptions>("kl_div", rest, ["sizeAverage", "reduce", "reduction", "logTarget"]);
  return loss.klDivLoss(x, target, reductionOf(o), o.logTarget ?? false);
}

/** log(1 + exp(−target x)), the target being ±1. */
export function softMarginLoss(
  x: Tensor,
  ...given: Arguments<[target: Tensor], ReductionArguments, { target: Tensor }, ReductionOptions>
): Tensor {
  const [target, ...rest] = inOrder("soft_margin_loss", given, ["target"]);
  const o = named<ReductionOptions>("soft_margin_loss", rest, ["sizeAverage", "reduce", "reduction"]);
  return loss.softMarginLoss(x, target, reductionOf(o));
}
