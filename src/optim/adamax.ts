/**
 * Adam's relatives: Adamax, NAdam, RAdam.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import type { Rows } from "./batch.ts";
import { atLeastZero, checkBetas, checkImplementation } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import {
  abs,
  add_,
  addcdiv_,
  addcmul_,
  addNumber_,
  div_,
  divNumber_,
  effectiveGrad,
  lerp_,
  maximum_,
  scale,
  scale_,
  sqrt,
  sqrt_,
} from "./update.ts";

/** Options of {@linkcode Adamax}. */
export interface AdamaxOptions {
  /** The learning rate. Default: 0.002. */
  lr: number;
  /** How slowly the average and the largest gradient are forgotten. Default: [0.9, 0.999]. */
  betas: [number, number];
  /** Keeps the denominator from 0. Default: 1e-8. */
  eps: number;
  /** The factor of the L2 penalty. Default: 0. */
  weightDecay: number;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted when false. */
  differentiable: boolean;
  /** Accepted and ignored. */
  capturable: boolean;
}

const adamaxDefaults: AdamaxOptions = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  foreach: null,
  maximize: false,
  differentiable: false,
  capturable: false,
};

function checkAdamax(o: AdamaxOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("epsilon value", o.eps);
  checkBetas(o.betas);
  atLeastZero("weight_decay value", o.weightDecay);
  checkImplementation(o);
}

const adamaxSlots = ["exp_avg", "exp_inf"];

/** What {@linkcode Adamax} remembers of a parameter. */
export interface AdamaxState {
  /** The number of steps. */
  step: number;
  /** The average gradient. */
  exp_avg: Tensor;
  /** The largest gradient, slowly forgotten. */
  exp_inf: Tensor;
}

/**
 * Adamax (Kingma and Ba, https://arxiv.org/abs/1412.6980, section 7.1): Adam with the largest gradient in place of the
 * root mean square.
 */
export class Adamax extends Optimizer<AdamaxOptions, AdamaxState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<AdamaxOptions>,
    ...args: Trailing<
      [
        lr: AdamaxOptions["lr"],
        betas: AdamaxOptions["betas"],
        eps: AdamaxOptions["eps"],
        weightDecay: AdamaxOptions["weightDecay"],
      ],
      Given<AdamaxOptions>
    >
  ) {
    const options = optionsOf("Adamax", args, adamaxDefaults, ["lr", "betas", "eps", "weightDecay"]);
    super(params, adamaxDefaults, options, { texts: { weightDecay: "0" }, check: checkAdamax });
  }

  /** @internal */
  protected override initial(_: ParamGroup<AdamaxOptions>, p: Tensor): AdamaxState {
    return { step: 0, exp_avg: stateLike(p), exp_inf: stateLike(p) };
  }

  /** @internal */
  protected override slots(): readonly string[] {
    return adamaxSlots;
  }

  /** @internal */
  protected override prepare(_: ParamGroup<AdamaxOptions>, _p: Tensor, state: AdamaxState): number {
    return ++state.step;
  }

  /** @internal */
  protected override launch(group: ParamGroup<AdamaxOptions>, rows: Rows, step: number): void {
    const { eps, weightDecay, betas: [beta1, beta2] } = group, lr = group.lr / (1 - beta1 ** step);
    rows.kernels.adamax(rows.dtype, rows.table, group.maximize ? 1 : 0, lr, beta1, beta2, eps, weightDecay, rows.meta);
  }

  /** @internal */
  protected override update(group: ParamGroup<AdamaxOptions>, p: Tensor, grad: Tensor, state: AdamaxState): void {
    const [beta1, beta2] = group.betas, step = ++state.step;
    const g = effectiveGrad(p, grad, group.maximize, group.weightDecay);
    lerp_(state.exp_avg, g, 1 - beta1);
    scale_(state.exp_inf, beta2);
    const size = abs(g);
    addNumber_(size, group.eps);
    maximum_(state.exp_inf, size);
    addcdiv_(p, state.exp_avg, state.exp_inf, -group.lr / (1 - beta1 ** step));
  }
}

/** Options of {@linkcode RAdam}. */
export interface RAdamOptions {
  /** The learning rate. Default: 0.001; NAdam's 0.002. */
  lr: number;
  /** How slowly the averages of the gradient and of its square forget. Default: [0.9, 0.999]. */
  betas: [number, number];
  /** Keeps the denominator from 0. Default: 1e-8. */
  eps: number;
  /** The factor of the L2 penalty. Default: 0. */
  weightDecay: number;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Accepted and ignored. */
  capturable: boolean;
  /** Decay the weights by themselves, as AdamW does. Default: false. */
  decoupledWeightDecay: boolean;
  /** Accepted when false. */
  differentiable: boolean;
}

/** Options of {@linkcode NAdam}. */
export interface NAdamOptions extends RAdamOptions {
  /** How fast the momentum warms up. Default: 0.004. */
  momentumDecay: number;
}

const nadamDefaults: NAdamOptions = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  momentumDecay: 4e-3,
  decoupledWeightDecay: false,
  maximize: false,
  foreach: null,
  capturable: false,
  differentiable: false,
};

function checkRAdam(o: RAdamOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("epsilon value", o.eps);
  checkBetas(o.betas);
  atLeastZero("weight_decay value", o.weightDecay);
  checkImplementation(o);
}

function checkNAdam(o: NAdamOptions): void {
  checkRAdam(o);
  atLeastZero("momentum_decay value", o.momentumDecay);
}

/** What {@linkcode NAdam} remembers of a parameter. */
export interface NAdamState {
  /** The number of steps. */
  step: number;
  /** The product of the momenta so far. */
  mu_product: number;
  /** The average gradient. */
  exp_avg: Tensor;
  /** The average square of the gradient. */
  exp_avg_sq: Tensor;
}

/** The averages that both keep, and the gradient that went into them. */
function average(
  group: ParamGroup<RAdamOptions>,
  p: Tensor,
  grad: Tensor,
  state: { exp_avg: Tensor; exp_avg_sq: Tensor },
): Tensor {
  const { weightDecay, decoupledWeightDecay, betas: [beta1, beta2] } = group;
  if (decoupledWeightDecay) scale_(p, 1 - group.lr * weightDecay);
  const g = effectiveGrad(p, grad, group.maximize, decoupledWeightDecay ? 0 : weightDecay);
  lerp_(state.exp_avg, g, 1 - beta1);
  scale_(state.exp_avg_sq, beta2);
  addcmul_(state.exp_avg_sq, g, g, 1 - beta2);
  return g;
}

/**
 * NAdam (Dozat, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ): Adam with Nesterov's momentum.
 */
export class NAdam extends Optimizer<NAdamOptions, NAdamState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<NAdamOptions>,
    ...args: Trailing<
      [
        lr: NAdamOptions["lr"],
        betas: NAdamOptions["betas"],
        eps: NAdamOptions["eps"],
        weightDecay: NAdamOptions["weightDecay"],
        momentumDecay: NAdamOptions["momentumDecay"],
        decoupledWeightDecay: NAdamOptions["decoupledWeightDecay"],
      ],
      Given<NAdamOptions>
    >
  ) {
    const options = optionsOf("NAdam", args, nadamDefaults, [
      "lr",
      "betas",
      "eps",
      "weightDecay",
      "momentumDecay",
      "decoupledWeightDecay",
    ]);
    super(params, nadamDefaults, options, { texts: { weightDecay: "0" }, check: checkNAdam });
  }

  /** @internal */
  protected override initial(_: ParamGroup<NAdamOptions>, p: Tensor): NAdamState {
    return { step: 0, mu_product: 1, exp_avg: stateLike(p), exp_avg_sq: stateLike(p) };
  }

  /** @internal */
  protected override update(group: ParamGroup<NAdamOptions>, p: Tensor, grad: Tensor, state: NAdamState): void {
    const { lr, momentumDecay, betas: [beta1, beta2] } = group, step = ++state.step;
    const g = average(group, p, grad, state);
    const mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
    const next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentumDecay));
    state.mu_product = Math.fround(state.mu_product * mu); // PyTorch keeps the product in float32.
    const root = scale(state.exp_avg_sq, 1);
    divNumber_(root, 1 - beta2 ** step);
    sqrt_(root);
    addNumber_(root, group.eps);
    addcdiv_(p, g, root, -lr * (1 - mu) / (1 - state.mu_product));
    addcdiv_(p, state.exp_avg, root, -lr * next / (1 - state.mu_product * next));
  }
}

const radamDefaults: RAdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  maximize: false,
  foreach: null,
  capturable: false,
  decoupledWeightDecay: false,
  differentiable: false,
};

/** What {@linkcode RAdam} remembers of a parameter. */
export interface RAdamState {
  /** The number of steps. */
  step: number;
  /** The average gradient. */
  exp_avg: Tensor;
  /** The average square of the gradient. */
  exp_avg_sq: Tensor;
}

/**
 * RAdam (Liu et al., https://arxiv.org/abs/1908.03265): Adam that steps by momentum alone until the variance of its
 * denominator is known.
 */
export class RAdam extends Optimizer<RAdamOptions, RAdamState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<RAdamOptions>,
    ...args: Trailing<
      [
        lr: RAdamOptions["lr"],
        betas: RAdamOptions["betas"],
        eps: RAdamOptions["eps"],
        weightDecay: RAdamOptions["weightDecay"],
        decoupledWeightDecay: RAdamOptions["decoupledWeightDecay"],
      ],
      Given<RAdamOptions>
    >
  ) {
    const options = optionsOf("RAdam", args, radamDefaults, [
      "lr",
      "betas",
      "eps",
      "weightDecay",
      "decoupledWeightDecay",
    ]);
    super(params, radamDefaults, options, { texts: { weightDecay: "0" }, check: checkRAdam });
  }

  /** @internal */
  protected override initial(_: ParamGroup<RAdamOptions>, p: Tensor): RAdamState {
    return { step: 0, exp_avg: stateLike(p), exp_avg_sq: stateLike(p) };
  }

  /** @internal */
  protected override update(group: ParamGroup<RAdamOptions>, p: Tensor, grad: Tensor, state: RAdamState): void {
    const { lr, betas: [beta1, beta2] } = group, step = ++state.step;
    average(group, p, grad, state);
    const bias2 = 1 - beta2 ** step, longest = 2 / (1 - beta2) - 1;
    const length = longest - 2 * step * beta2 ** step / bias2;
    const change = scale(state.exp_avg, lr / (1 - beta1 ** step));
    if (length > 5) {
      const rectified = Math.sqrt(
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length),
      );
      const root = sqrt(state.exp_avg_sq);
      addNumber_(root, group.eps);
      div_(change, root);
      scale_(change, rectified * Math.sqrt(bias2));
    }
    add_(p, change, -1);
  }
}
