/**
 * Losses with margins and likelihoods, as modules.
 *
 * @module
 */
import { named } from "../arguments.ts";
import type { ReductionOptions, WeightedLossOptions } from "../ops/loss_calls.ts";
import * as calls from "../ops/margin_loss.ts";
import type { Tensor } from "../tensor.ts";
import { Loss, WeightedLoss } from "./loss.ts";
import { PairwiseDistance } from "./vision.ts";

/** max(0, −target (a − b) + margin). */
export class MarginRankingLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.MarginOptions;

  /** See the options. */
  constructor(options?: calls.MarginOptions) {
    const o = named<calls.MarginOptions>("MarginRankingLoss", [options], [], ["margin", "reduction"]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return calls.marginRankingLoss(a, b, target, this.options);
  }
}

/** x where the target is 1, max(0, margin − x) where it is −1. */
export class HingeEmbeddingLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.MarginOptions;

  /** See the options. */
  constructor(options?: calls.MarginOptions) {
    const o = named<calls.MarginOptions>("HingeEmbeddingLoss", [options], [], ["margin", "reduction"]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return calls.hingeEmbeddingLoss(x, target, this.options);
  }
}

/** 1 − cos where the target is 1, max(0, cos − margin) where it is −1. */
export class CosineEmbeddingLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.MarginOptions;

  /** See the options. */
  constructor(options?: calls.MarginOptions) {
    const o = named<calls.MarginOptions>("CosineEmbeddingLoss", [options], [], ["margin", "reduction"]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return calls.cosineEmbeddingLoss(a, b, target, this.options);
  }
}

/** max(0, |anchor − positive| − |anchor − negative| + margin). */
export class TripletMarginLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.TripletMarginOptions;

  /** See the options. */
  constructor(options?: calls.TripletMarginOptions) {
    const o = named<calls.TripletMarginOptions>("TripletMarginLoss", [options], [], [
      "margin",
      "p",
      "eps",
      "swap",
      "reduction",
    ]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return calls.tripletMarginLoss(anchor, positive, negative, this.options);
  }
}

/** The triplet loss with any distance. */
export class TripletMarginWithDistanceLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.TripletDistanceOptions;
  /** The distance; a child where it is a module. */
  readonly distance_function: (a: Tensor, b: Tensor) => Tensor;

  /** See the options. */
  constructor(options?: calls.TripletDistanceOptions) {
    const o = named<calls.TripletDistanceOptions>("TripletMarginWithDistanceLoss", [options], [], [
      "distanceFunction",
      "margin",
      "swap",
      "reduction",
    ]);
    super(o.reduction);
    this.options = o;
    this.distance_function = o.distanceFunction ?? new PairwiseDistance();
  }

  /** See the class. */
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return calls.tripletMarginWithDistanceLoss(anchor, positive, negative, {
      ...this.options,
      distanceFunction: this.distance_function,
    });
  }
}

/** Σ max(0, 1 − (x[target] − x[i])) over target and other classes. */
export class MultiLabelMarginLoss extends Loss {
  /** What the constructor was given. */
  readonly options: ReductionOptions;

  /** See the options. */
  constructor(options?: ReductionOptions) {
    const o = named<ReductionOptions>("MultiLabelMarginLoss", [options], [], ["reduction"]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return calls.multilabelMarginLoss(x, target, this.options);
  }
}

/** The negative log-likelihood of counts under Poisson distributions. */
export class PoissonNLLLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.PoissonNLLOptions;

  /** See the options. */
  constructor(options?: calls.PoissonNLLOptions) {
    const o = named<calls.PoissonNLLOptions>("PoissonNLLLoss", [options], [], ["logInput", "full", "eps", "reduction"]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return calls.poissonNllLoss(x, target, this.options);
  }
}

/** The negative log-likelihood under normal distributions. */
export class GaussianNLLLoss extends Loss {
  /** What the constructor was given. */
  readonly options: calls.GaussianNLLOptions;

  /** See the options. */
  constructor(options?: calls.GaussianNLLOptions) {
    const o = named<calls.GaussianNLLOptions>("GaussianNLLLoss", [options], [], ["full", "eps", "reduction"]);
    super(o.reduction);
    this.options = o;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    return calls.gaussianNllLoss(x, target, variance, this.options);
  }
}

/** The mean over classes of the cross entropy of sigmoid(x) and multi-hot targets. */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  /** See the options. */
  constructor(options?: WeightedLossOptions) {
    const o = named<WeightedLossOptions>("MultiLabelSoftMarginLoss", [options], [], ["weight", "reduction"]);
    super(o.weight, o.reduction);
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    const reduction = this.reduction as ReductionOptions["reduction"];
    return calls.multilabelSoftMarginLoss(x, target, { weight: this.weight, reduction });
  }
}

/** Σ max(0, margin − x[target] + x[i])^p over the other classes, over their number. */
export class MultiMarginLoss extends WeightedLoss {
  /** The exponent. */
  readonly p: number;
  /** The distance that is asked for. */
  readonly margin: number;

  /** See the options. */
  constructor(options?: calls.MultiMarginOptions) {
    const o = named<calls.MultiMarginOptions>("MultiMarginLoss", [options], [], ["p", "margin", "weight", "reduction"]);
    super(o.weight, o.reduction);
    this.p = o.p ?? 1;
    this.margin = o.margin ?? 1;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    const { weight, p, margin } = this, reduction = this.reduction as ReductionOptions["reduction"];
    return calls.multiMarginLoss(x, target, { weight, p, margin, reduction });
  }
}
