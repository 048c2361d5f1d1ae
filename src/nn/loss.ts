/**
 * Losses as modules.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import * as entropy from "../ops/cross_entropy.ts";
import * as loss from "../ops/loss.ts";
import type {
  BCEWithLogitsOptions,
  CrossEntropyOptions,
  HuberLossOptions,
  KLDivOptions,
  NLLLossOptions,
  ReductionOptions,
  SmoothL1LossOptions,
  WeightedLossOptions,
} from "../ops/loss_calls.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** What all losses have. */
export abstract class Loss extends Module {
  /** What becomes of the elements' losses. */
  readonly reduction: string;

  /** For the losses. */
  constructor(reduction: string | undefined) {
    super();
    this.reduction = reduction ?? "mean";
  }
}

/** What losses with a weight have. */
export abstract class WeightedLoss extends Loss {
  /** The factors of elements or classes, a buffer. */
  declare weight: Tensor | null;

  /** For the losses. */
  constructor(weight: Tensor | null | undefined, reduction: string | undefined) {
    super(reduction);
    this.registerBuffer("weight", weight ?? null);
  }
}

/** The squared difference. */
export class MSELoss extends Loss {
  /** `new MSELoss({ reduction: "sum" })`. */
  constructor(options?: ReductionOptions) {
    super(named<ReductionOptions>("MSELoss", [options], [], ["reduction"]).reduction);
  }

  /** (x − target)². */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.mseLoss(x, target, this.reduction);
  }
}

/** The absolute difference. */
export class L1Loss extends Loss {
  /** `new L1Loss({ reduction: "sum" })`. */
  constructor(options?: ReductionOptions) {
    super(named<ReductionOptions>("L1Loss", [options], [], ["reduction"]).reduction);
  }

  /** |x − target|. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.l1Loss(x, target, this.reduction);
  }
}

/** The squared difference near zero, the absolute difference elsewhere. */
export class SmoothL1Loss extends Loss {
  /** Where the one passes into the other. */
  readonly beta: number;

  /** `new SmoothL1Loss({ beta: 0.5 })`. */
  constructor(options?: SmoothL1LossOptions) {
    const o = named<SmoothL1LossOptions>("SmoothL1Loss", [options], [], ["reduction", "beta"]);
    super(o.reduction);
    this.beta = o.beta ?? 1;
  }

  /** See {@linkcode SmoothL1LossOptions}. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.smoothL1Loss(x, target, this.reduction, this.beta);
  }
}

/** Half the squared difference near zero, the scaled absolute difference elsewhere. */
export class HuberLoss extends Loss {
  /** Where the one passes into the other. */
  readonly delta: number;

  /** `new HuberLoss({ delta: 0.5 })`. */
  constructor(options?: Omit<HuberLossOptions, "weight">) {
    const o = named<HuberLossOptions>("HuberLoss", [options], [], ["reduction", "delta"]);
    super(o.reduction);
    this.delta = o.delta ?? 1;
  }

  /** See {@linkcode HuberLossOptions}. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.huberLoss(x, target, this.reduction, this.delta);
  }
}

/**
 * The cross entropy of logits and class labels or probabilities.
 *
 * Shape: logits `[batch, classes, …]`, labels `[batch, …]`.
 */
export class CrossEntropyLoss extends WeightedLoss {
  /** Targets of this label do not count. */
  readonly ignoreIndex: number;
  /** How much of each target is shared among all classes. */
  readonly labelSmoothing: number;

  /** `new CrossEntropyLoss({ labelSmoothing: 0.1 })`. */
  constructor(...rest: Trailing<[weight: Tensor | null], CrossEntropyOptions>) {
    const o = named<CrossEntropyOptions>("CrossEntropyLoss", rest, ["weight"], [
      "ignoreIndex",
      "reduction",
      "labelSmoothing",
    ]);
    super(o.weight, o.reduction);
    this.ignoreIndex = o.ignoreIndex ?? -100;
    this.labelSmoothing = o.labelSmoothing ?? 0;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return entropy.crossEntropy(x, target, this.weight, this.ignoreIndex, this.reduction, this.labelSmoothing);
  }
}

/** The negative log-likelihood of class labels under log-probabilities. */
export class NLLLoss extends WeightedLoss {
  /** Targets of this label do not count. */
  readonly ignoreIndex: number;

  /** `new NLLLoss({ weight })`. */
  constructor(...rest: Trailing<[weight: Tensor | null], NLLLossOptions>) {
    const o = named<NLLLossOptions>("NLLLoss", rest, ["weight"], ["ignoreIndex", "reduction"]);
    super(o.weight, o.reduction);
    this.ignoreIndex = o.ignoreIndex ?? -100;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return entropy.nllLoss(x, target, this.weight, this.ignoreIndex, this.reduction);
  }
}

/** The cross entropy of probabilities and targets between 0 and 1. */
export class BCELoss extends WeightedLoss {
  /** `new BCELoss({ reduction: "sum" })`. */
  constructor(...rest: Trailing<[weight: Tensor | null], WeightedLossOptions>) {
    const o = named<WeightedLossOptions>("BCELoss", rest, ["weight"], ["reduction"]);
    super(o.weight, o.reduction);
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.binaryCrossEntropy(x, target, this.weight, this.reduction);
  }
}

/** {@linkcode BCELoss} of sigmoid(x), computed without overflow. */
export class BCEWithLogitsLoss extends WeightedLoss {
  /** The factors for the terms of positive targets, a buffer. */
  declare pos_weight: Tensor | null;

  /** `new BCEWithLogitsLoss({ posWeight })`. */
  constructor(...rest: Trailing<[weight: Tensor | null], BCEWithLogitsOptions>) {
    const o = named<BCEWithLogitsOptions>("BCEWithLogitsLoss", rest, ["weight"], ["reduction", "posWeight"]);
    super(o.weight, o.reduction);
    this.registerBuffer("pos_weight", o.posWeight ?? null);
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.binaryCrossEntropyWithLogits(x, target, this.weight, this.reduction, this.pos_weight);
  }
}

/** The Kullback-Leibler divergence of log-probabilities from the target's probabilities. */
export class KLDivLoss extends Loss {
  /** Whether the target is a logarithm too. */
  readonly logTarget: boolean;

  /** `new KLDivLoss({ reduction: "batchmean" })`. */
  constructor(options?: KLDivOptions) {
    const o = named<KLDivOptions>("KLDivLoss", [options], [], ["reduction", "logTarget"]);
    super(o.reduction);
    this.logTarget = o.logTarget ?? false;
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.klDivLoss(x, target, this.reduction, this.logTarget);
  }
}

/** log(1 + exp(−target x)), the target being ±1. */
export class SoftMarginLoss extends Loss {
  /** `new SoftMarginLoss({ reduction: "sum" })`. */
  constructor(options?: ReductionOptions) {
    super(named<ReductionOptions>("SoftMarginLoss", [options], [], ["reduction"]).reduction);
  }

  /** See the class. */
  override forward(x: Tensor, target: Tensor): Tensor {
    return loss.softMarginLoss(x, target, this.reduction);
  }
}
