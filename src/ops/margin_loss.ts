/**
 * Losses made of other operations: margins, embeddings, likelihoods.
 *
 * @module
 */
import { type Arguments, type Call, inOrder, named } from "../arguments.ts";
import { getDefaultDtype, int64 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import { underName } from "./node_name.ts";
import type { Tensor } from "../tensor.ts";
import { logsigmoid } from "./activations.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { type Reduction, reductionCode } from "./cross_entropy.ts";
import { checkDevices } from "./elementwise.ts";
import { gather } from "./gather.ts";
import { type ReductionArguments, reductionOf, type ReductionOptions, type WeightedLossOptions } from "./loss_calls.ts";
import { reshape, unsqueeze } from "./movement.ts";
import { exp, log } from "./pointwise.ts";
import { mean, sum } from "./reduce.ts";
import { clampMin, where } from "./where.ts";
import { minimum } from "./binary.ts";
import { pairwiseDistance } from "./response_norm.ts";

function reduced(losses: Tensor, reduction = "mean"): Tensor {
  const code = reductionCode(reduction);
  return code === 0 ? losses : reduction === "mean" ? mean(losses) : sum(losses);
}

/** Options of losses with a margin. */
export interface MarginOptions extends ReductionOptions {
  /** The distance that is asked for. */
  margin?: number;
}

/** The arguments after the first input of losses of two inputs with a margin. */
export type PairMarginArguments = Arguments<
  [b: Tensor, target: Tensor],
  [margin: number, ...ReductionArguments],
  { input2: Tensor; target: Tensor },
  MarginOptions
>;

const reductions = ["sizeAverage", "reduce", "reduction"] as const;

/** max(0, −target (a − b) + margin). */
export function marginRankingLoss(
  a: Tensor,
  ...given: PairMarginArguments
): Tensor {
  const [b, target, ...rest] = inOrder("margin_ranking_loss", given, ["input2", "target"]);
  const o = named<MarginOptions>("margin_ranking_loss", rest, ["margin", ...reductions]);
  if (a.ndim !== b.ndim || a.ndim !== target.ndim) {
    throw new RangeError(
      `margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ${
        formatSizes(a.sizes)
      }, input2: ${formatSizes(b.sizes)}, target: ${formatSizes(target.sizes)} `,
    );
  }
  let terms = mul(neg(target), sub(a, b));
  // The margin is a float in PyTorch, whatever its value.
  if (!terms.dtype.isFloatingPoint) terms = terms.to(getDefaultDtype());
  return reduced(clampMin(add(terms, o.margin ?? 0), 0), reductionOf(o));
}

/** x where the target is 1, max(0, margin − x) where it is −1. */
export function hingeEmbeddingLoss(
  x: Tensor,
  ...given: Arguments<[target: Tensor], [margin: number, ...ReductionArguments], { target: Tensor }, MarginOptions>
): Tensor {
  const [target, ...rest] = inOrder("hinge_embedding_loss", given, ["target"]);
  const o = named<MarginOptions>("hinge_embedding_loss", rest, ["margin", ...reductions]);
  // A number that 16-bit numbers are subtracted from is rounded to their type first.
  const margin = isHalf(x.dtype) ? empty([], x.dtype, x.device).fill_(o.margin ?? 1) : o.margin ?? 1;
  const far = clampMin(sub(margin, x), 0);
  return reduced(add(where(target.ne(1), far, 0), where(target.ne(-1), x, 0)), reductionOf(o));
}

/** 1 − cos where the target is 1, max(0, cos − margin) where it is −1. */
export function cosineEmbeddingLoss(
  a: Tensor,
  ...given: PairMarginArguments
): Tensor {
  const [b, target, ...rest] = inOrder("cosine_embedding_loss", given, ["input2", "target"]);
  const o = named<MarginOptions>("cosine_embedding_loss", rest, ["margin", ...reductions]);
  if (!sameSizes(a.sizes, b.sizes) || target.ndim !== a.ndim - 1) {
    throw new RangeError(
      `${Math.max(a.ndim - 1, 0)}D target tensor expects ${a.ndim}D input tensors, but found inputs with sizes ${
        formatSizes(a.sizes)
      } and ${formatSizes(b.sizes)}. (target ${formatSizes(target.sizes)})`,
    );
  }
  const eps = 1e-12;
  const square = (x: Tensor): Tensor => add(sum(mul(x, x), -1), eps);
  const cosine = div(sum(mul(a, b), -1), mul(square(a), square(b)).sqrt());
  const close = where(target.eq(1), sub(1, cosine), 0);
  const far = where(target.eq(-1), clampMin(sub(cosine, o.margin ?? 0), 0), 0);
  return reduced(add(close, far), reductionOf(o));
}

/** Options of {@linkcode tripletMarginLoss}. */
export interface TripletMarginOptions extends MarginOptions {
  /** Which norm. Default: 2. */
  p?: number;
  /** Added to the differences. Default: 1e-6. */
  eps?: number;
  /** Whether the positive takes the anchor's place where it is nearer to the negative. Default: false. */
  swap?: boolean;
}

/** max(0, |anchor − positive| − |anchor − negative| + margin). */
export function tripletMarginLoss(
  anchor: Tensor,
  ...given: Arguments<
    [positive: Tensor, negative: Tensor],
    [margin: number, p: number, eps: number, swap: boolean, ...ReductionArguments],
    { positive: Tensor; negative: Tensor },
    TripletMarginOptions
  >
): Tensor {
  const [positive, negative, ...rest] = inOrder("triplet_margin_loss", given, ["positive", "negative"]);
  const o = named<TripletMarginOptions>("triplet_margin_loss", rest, ["margin", "p", "eps", "swap", ...reductions]);
  const { margin = 1, p = 2, eps = 1e-6 } = o;
  if (margin <= 0) throw new RangeError(`margin must be greater than 0, got ${margin}`);
  const distance = (a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b, p, eps);
  let far = distance(anchor, negative);
  if (o.swap) far = minimum(far, distance(positive, negative));
  return reduced(clampMin(add(sub(distance(anchor, positive), far), margin), 0), reductionOf(o));
}

/** Options of {@linkcode tripletMarginWithDistanceLoss}. */
export interface TripletDistanceOptions extends MarginOptions {
  /** The distance. Default: {@linkcode pairwiseDistance}. */
  distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
  /** Whether the positive takes the anchor's place where it is nearer to the negative. Default: false. */
  swap?: boolean;
}

/** {@linkcode tripletMarginLoss} with any distance. */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  ...given: Call<
    [positive: Tensor, negative: Tensor, options?: TripletDistanceOptions],
    { positive: Tensor; negative: Tensor } & TripletDistanceOptions
  >
): Tensor {
  const [positive, negative, options] = inOrder("triplet_margin_with_distance_loss", given, ["positive", "negative"]);
  const o = named<TripletDistanceOptions>("triplet_margin_with_distance_loss", [options], [], [
    "margin",
    "reduction",
    "distanceFunction",
    "swap",
  ]);
  const distance = o.distanceFunction ?? ((a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b));
  let far = distance(anchor, negative);
  if (o.swap) far = minimum(far, distance(positive, negative));
  return reduced(clampMin(add(sub(distance(anchor, positive), far), o.margin ?? 1), 0), reductionOf(o));
}

/** Options of {@linkcode multiMarginLoss}. */
export interface MultiMarginOptions extends WeightedLossOptions {
  /** The exponent, 1 or 2. Default: 1. */
  p?: number;
  /** The distance that is asked for. Default: 1. */
  margin?: number;
}

/** Σ max(0, margin − x[target] + x[i])^p over the other classes, over their number. */
export function multiMarginLoss(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [p: number, margin: number, weight: Tensor | null, ...ReductionArguments],
    { target: Tensor },
    MultiMarginOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("multi_margin_loss", given, ["target"]);
  const o = named<MultiMarginOptions>("multi_margin_loss", rest, ["p", "margin", "weight", ...reductions]);
  const { p = 1, margin = 1, weight = null } = o;
  if (p !== 1 && p !== 2) throw new RangeError("only p == 1 and p == 2 supported");
  checkDevices("multi_margin_loss", x, target, weight);
  const rows = x.ndim < 2 ? reshape(x, [1, -1]) : x;
  const labels = reshape(target, [-1, 1]);
  if (labels.sizes[0] !== rows.sizes[0]) {
    throw new RangeError(
      `inconsistent target size, expected ${rows.sizes[0]} but got ${formatSizes(target.sizes)} (multi_margin_loss)`,
    );
  }
  const hinge = clampMin(add(sub(rows, gather(rows, 1, labels)), margin), 0);
  const others = rows.detached().clone().fill_(1).scatter_(1, labels, 0);
  let terms = mul(p === 1 ? hinge : mul(hinge, hinge), others);
  if (weight !== null) terms = mul(terms, unsqueeze(weight.indexSelect(0, reshape(target, [-1])), 1));
  const losses = div(sum(terms, 1), rows.sizes[1]);
  return underName("MultiMarginLossBackward0", reduced(x.ndim < 2 ? reshape(losses, []) : losses, reductionOf(o)));
}

/** The mean over classes of the cross entropy of sigmoid(x) and multi-hot targets. */
export function multilabelSoftMarginLoss(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [weight: Tensor | null, ...ReductionArguments],
    { target: Tensor },
    WeightedLossOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("multilabel_soft_margin_loss", given, ["target"]);
  const o = named<WeightedLossOptions>("multilabel_soft_margin_loss", rest, ["weight", ...reductions]);
  let terms = neg(add(mul(target, logsigmoid(x)), mul(sub(1, target), logsigmoid(neg(x)))));
  if (o.weight) terms = mul(terms, o.weight);
  return reduced(div(sum(terms, -1), x.sizes[x.ndim - 1]), reductionOf(o));
}

/** Σ max(0, 1 − (x[target] − x[i])) over target and other classes; a row's targets end at the first −1. */
export function multilabelMarginLoss(
  x: Tensor,
  ...given: Arguments<[target: Tensor], ReductionArguments, { target: Tensor }, ReductionOptions>
): Tensor {
  const [target, ...rest] = inOrder("multilabel_margin_loss", given, ["target"]);
  const o = named<ReductionOptions>("multilabel_margin_loss", rest, reductions);
  if (!sameSizes(x.sizes, target.sizes)) {
    throw new RangeError(
      `inconsistent target size: ${formatSizes(target.sizes)} for input of size: ${formatSizes(x.sizes)}`,
    );
  }
  checkDevices("multilabel_margin_loss", x, target);
  const rows = x.ndim === 2 ? x : reshape(x, [1, -1]), labels = reshape(target, rows.sizes);
  const [batch, classes] = rows.sizes;
  // Labels count until the first −1 of their row.
  const ended = labels.lt(0).to(int64);
  const before = reshape(ended, [batch, 1, classes]).mul(lowerTriangle(classes, labels)).sum(2);
  const valid = before.eq(0).to(x.dtype);
  const places = labels.clampMin(0);
  const chosen = rows.detached().clone().zero_().scatterAdd_(1, places, valid).gt(0).to(x.dtype);
  const hinge = clampMin(add(sub(unsqueeze(rows, 1), unsqueeze(gather(rows, 1, places), 2)), 1), 0);
  const terms = mul(mul(hinge, unsqueeze(valid, 2)), unsqueeze(sub(1, chosen), 1));
  const losses = div(sum(terms, [1, 2]), classes);
  const shaped = x.ndim === 2 ? losses : reshape(losses, []);
  return underName("MultilabelMarginLossBackward0", reduced(shaped, reductionOf(o)));
}

function lowerTriangle(n: number, like: Tensor): Tensor {
  const line = reshape(like, [-1]).detached().narrow(0, 0, n).clone();
  line.kernels.arange(line.dtype.code, line.ptr, n, 0, 1);
  return unsqueeze(line, 0).le(unsqueeze(line, 1)).to(int64);
}

/** Options of {@linkcode poissonNllLoss}. */
export interface PoissonNLLOptions extends ReductionOptions {
  /** Whether x is the logarithm of the rate. Default: true. */
  logInput?: boolean;
  /** Whether Stirling's approximation of log(target!) is added. Default: false. */
  full?: boolean;
  /** Added inside of the logarithm. Default: 1e-8. */
  eps?: number;
}

/** The negative log-likelihood of counts under Poisson distributions. */
export function poissonNllLoss(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor],
    [
      logInput: boolean,
      full: boolean,
      sizeAverage: boolean | null,
      eps: number,
      reduce: boolean | null,
      reduction: Reduction,
    ],
    { target: Tensor },
    PoissonNLLOptions
  >
): Tensor {
  const [target, ...rest] = inOrder("poisson_nll_loss", given, ["target"]);
  const o = named<PoissonNLLOptions>("poisson_nll_loss", rest, [
    "logInput",
    "full",
    "sizeAverage",
    "eps",
    "reduce",
    "reduction",
  ]);
  const terms = o.logInput ?? true ? sub(exp(x), mul(target, x)) : sub(x, mul(target, log(add(x, o.eps ?? 1e-8))));
  if (!o.full) return reduced(terms, reductionOf(o));
  const large = clampMin(target, 1);
  const stirling = add(sub(mul(large, log(large)), large), mul(log(mul(large, 2 * Math.PI)), 0.5));
  return reduced(add(terms, where(target.le(1), 0, stirling)), reductionOf(o));
}

/** Options of {@linkcode gaussianNllLoss}. */
export interface GaussianNLLOptions extends ReductionOptions {
  /** Whether the constant term is added. Default: false. */
  full?: boolean;
  /** The least variance. Default: 1e-6. */
  eps?: number;
}

/** The negative log-likelihood of targets under normal distributions of mean x and the given variances. */
export function gaussianNllLoss(
  x: Tensor,
  ...given: Arguments<
    [target: Tensor, variance: Tensor | number],
    [full: boolean, eps: number, reduction: Reduction],
    { target: Tensor; var: Tensor | number },
    GaussianNLLOptions
  >
): Tensor {
  const [target, variance, ...rest] = inOrder("gaussian_nll_loss", given, ["target", "var"]);
  const o = named<GaussianNLLOptions>("gaussian_nll_loss", rest, ["full", "eps", "reduction"]);
  let spread = typeof variance === "number" ? mul(x.detached().clone().fill_(1), variance) : variance;
  if (spread.lt(0).sum().item() > 0) throw new RangeError("var has negative entry/entries");
  if (!sameSizes(spread.sizes, x.sizes)) {
    if (sameSizes(spread.sizes, x.sizes.slice(0, -1))) spread = unsqueeze(spread, -1);
    else if (spread.ndim !== x.ndim || spread.sizes.reduce((n, v, i) => v === x.sizes[i] ? n : n + v, 0) !== 1) {
      // One dimension may be shared, no more.
      throw new RangeError(
        `var is of incorrect size (${formatSizes(spread.sizes)}, input ${formatSizes(x.sizes)})`,
      );
    }
  }
  // The bound moves the value, not the gradient.
  const bounded = add(spread, clampMin(spread.detached(), o.eps ?? 1e-6).sub(spread.detached()));
  const d = sub(x, target);
  let terms = mul(add(log(bounded), div(mul(d, d), bounded)), 0.5);
  if (o.full) terms = add(terms, 0.5 * Math.log(2 * Math.PI));
  return reduced(terms, reductionOf(o));
}
