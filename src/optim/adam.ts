/**
 * Adam and AdamW.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import type { Rows } from "./batch.ts";
import { atLeastZero, checkBetas, checkImplementation } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import { addcdiv_, addcmul_, addNumber_, divNumber_, effectiveGrad, lerp_, maximum_, scale_, sqrt } from "./update.ts";

/** Options of {@linkcode AdamW}, and of {@linkcode Adam}. */
export interface AdamWOptions {
  /** The learning rate. Default: 0.001. */
  lr: number;
  /** How slowly the averages of the gradient and of its square forget. Default: [0.9, 0.999]. */
  betas: [number, number];
  /** Keeps the denominator from 0. Default: 1e-8. */
  eps: number;
  /** The factor of the L2 penalty, or of the decay of AdamW. Default: 0, AdamW's 0.01. */
  weightDecay: number;
  /** Divide by the largest average so far. Default: false. */
  amsgrad: boolean;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Accepted and ignored. */
  capturable: boolean;
  /** Accepted when false. */
  differentiable: boolean;
  /** Accepted and ignored. */
  fused: boolean | null;
}

/** Options of {@linkcode Adam}. */
export interface AdamOptions extends AdamWOptions {
  /** Decay the weights by themselves rather than through the gradient, as AdamW does. Default: false. */
  decoupledWeightDecay: boolean;
}

const defaults: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
  foreach: null,
  capturable: false,
  differentiable: false,
  fused: null,
  decoupledWeightDecay: false,
};

function check(o: AdamOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("epsilon value", o.eps);
  checkBetas(o.betas);
  atLeastZero("weight_decay value", o.weightDecay);
  checkImplementation(o);
}

const slots = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];

/** What {@linkcode Adam} remembers of a parameter. */
export interface AdamState {
  /** The number of steps. */
  step: number;
  /** The average gradient. */
  exp_avg: Tensor;
  /** The average square of the gradient. */
  exp_avg_sq: Tensor;
  /** The largest such average, with `amsgrad`. */
  max_exp_avg_sq?: Tensor;
}

/** The options that may be given by position, in their order. */
export type AdamPositions = [
  lr: AdamOptions["lr"],
  betas: AdamOptions["betas"],
  eps: AdamOptions["eps"],
  weightDecay: AdamOptions["weightDecay"],
  amsgrad: AdamOptions["amsgrad"],
];
const positions = ["lr", "betas", "eps", "weightDecay", "amsgrad"] as const;

/**
 * Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
 * p ← p − lr·m̂/(√v̂ + eps), with both averages corrected for their start at 0.
 *
 * @example
 * ```ts
 * import { optim, tensor } from "@raptorch/raptorch";
 * const w = tensor([1], { requiresGrad: true });
 * const optimizer = new optim.Adam([w], { lr: 0.1 });
 * w.mul(w).sum().backward();
 * optimizer.step();
 * console.assert(Math.abs(w.item() - 0.9) < 1e-6);
 * ```
 */
export class Adam extends Optimizer<AdamOptions, AdamState> {
  /** The options that are not given. @internal */
  static readonly own: AdamOptions = defaults;

  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<AdamOptions>,
    ...args: Trailing<AdamPositions, Given<AdamOptions>>
  ) {
    const own = new.target.own;
    const options = optionsOf(new.target.name, args, defaults, positions);
    super(params, own, options, { texts: own.weightDecay === 0 ? { weightDecay: "0" } : {}, check });
  }

  /** @internal */
  protected override initial(group: ParamGroup<AdamOptions>, p: Tensor): AdamState {
    const state: AdamState = { step: 0, exp_avg: stateLike(p), exp_avg_sq: stateLike(p) };
    if (group.amsgrad) state.max_exp_avg_sq = stateLike(p);
    return state;
  }

  /** @internal */
  protected override slots(): readonly string[] {
    return slots;
  }

  /** @internal */
  protected override prepare(_: ParamGroup<AdamOptions>, _p: Tensor, state: AdamState): number {
    return ++state.step;
  }

  /** @internal */
  protected override launch(group: ParamGroup<AdamOptions>, rows: Rows, step: number): void {
    const { lr, eps, weightDecay, betas: [beta1, beta2] } = group;
    const flags = (group.maximize ? 1 : 0) | (group.amsgrad ? 2 : 0) | (group.decoupledWeightDecay ? 4 : 0);
    const bias1 = 1 - beta1 ** step, bias2 = 1 - beta2 ** step;
    rows.kernels.adam(rows.dtype, rows.table, flags, lr, beta1, beta2, eps, weightDecay, bias1, bias2, rows.meta);
  }

  /** @internal */
  protected override update(group: ParamGroup<AdamOptions>, p: Tensor, grad: Tensor, state: AdamState): void {
    const { lr, eps, weightDecay, betas: [beta1, beta2] } = group;
    const step = ++state.step;
    if (group.decoupledWeightDecay) scale_(p, 1 - lr * weightDecay);
    const g = effectiveGrad(p, grad, group.maximize, group.decoupledWeightDecay ? 0 : weightDecay);
    lerp_(state.exp_avg, g, 1 - beta1);
    scale_(state.exp_avg_sq, beta2);
    addcmul_(state.exp_avg_sq, g, g, 1 - beta2);
    if (state.max_exp_avg_sq !== undefined) maximum_(state.max_exp_avg_sq, state.exp_avg_sq);
    const denominator = sqrt(state.max_exp_avg_sq ?? state.exp_avg_sq);
    divNumber_(denominator, Math.sqrt(1 - beta2 ** step));
    addNumber_(denominator, eps);
    addcdiv_(p, state.exp_avg, denominator, -lr / (1 - beta1 ** step));
  }
}

/**
 * Adam whose weights decay by themselves (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101):
 * p ← p − lr·weightDecay·p, then Adam's step.
 */
export class AdamW extends Adam {
  /** The options that are not given. @internal */
  static override readonly own: AdamOptions = { ...defaults, weightDecay: 1e-2, decoupledWeightDecay: true };

  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<AdamOptions>,
    ...args: Trailing<AdamPositions, Given<AdamWOptions>>
  ) {
    super(params, optionsOf(new.target.name, args, defaults, positions));
  }
}
