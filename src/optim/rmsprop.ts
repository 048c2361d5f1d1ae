/**
 * RMSprop.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import { packed } from "../ops/strided.ts";
import type { Rows } from "./batch.ts";
import { atLeastZero, checkImplementation } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import { add_, addcdiv_, addcmul_, addNumber_, effectiveGrad, lerp_, scale_, sqrt_ } from "./update.ts";

/** Options of {@linkcode RMSprop}. */
export interface RMSpropOptions {
  /** The learning rate. Default: 0.01. */
  lr: number;
  /** The factor of the running step. Default: 0, none. */
  momentum: number;
  /** How slowly the average square forgets. Default: 0.99. */
  alpha: number;
  /** Keeps the denominator from 0. Default: 1e-8. */
  eps: number;
  /** Divide by the deviation rather than the root mean square. Default: false. */
  centered: boolean;
  /** The factor of the L2 penalty. Default: 0. */
  weightDecay: number;
  /** Accepted and ignored. */
  capturable: boolean;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted when false. */
  differentiable: boolean;
}

const defaults: RMSpropOptions = {
  lr: 1e-2,
  momentum: 0,
  alpha: 0.99,
  eps: 1e-8,
  centered: false,
  weightDecay: 0,
  capturable: false,
  foreach: null,
  maximize: false,
  differentiable: false,
};

function check(o: RMSpropOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("epsilon value", o.eps);
  atLeastZero("momentum value", o.momentum);
  atLeastZero("weight_decay value", o.weightDecay);
  atLeastZero("alpha value", o.alpha);
  checkImplementation(o);
}

const slots = ["square_avg", "momentum_buffer", "grad_avg"];

/** What {@linkcode RMSprop} remembers of a parameter. */
export interface RMSpropState {
  /** The number of steps. */
  step: number;
  /** The average square of the gradient. */
  square_avg: Tensor;
  /** The running step. */
  momentum_buffer?: Tensor;
  /** The average gradient, with `centered`. */
  grad_avg?: Tensor;
}

/**
 * RMSprop (Hinton, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf):
 * v ← alpha·v + (1 − alpha)·g², p ← p − lr·g/(√v + eps).
 */
export class RMSprop extends Optimizer<RMSpropOptions, RMSpropState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<RMSpropOptions>,
    ...args: Trailing<
      [
        lr: RMSpropOptions["lr"],
        alpha: RMSpropOptions["alpha"],
        eps: RMSpropOptions["eps"],
        weightDecay: RMSpropOptions["weightDecay"],
        momentum: RMSpropOptions["momentum"],
        centered: RMSpropOptions["centered"],
      ],
      Given<RMSpropOptions>
    >
  ) {
    const options = optionsOf("RMSprop", args, defaults, ["lr", "alpha", "eps", "weightDecay", "momentum", "centered"]);
    super(params, defaults, options, { texts: { momentum: "0", weightDecay: "0" }, check });
  }

  /** @internal */
  protected override initial(group: ParamGroup<RMSpropOptions>, p: Tensor): RMSpropState {
    const state: RMSpropState = { step: 0, square_avg: stateLike(p) };
    if (group.momentum > 0) state.momentum_buffer = stateLike(p);
    if (group.centered) state.grad_avg = stateLike(p);
    return state;
  }

  /** @internal */
  protected override slots(): readonly string[] {
    return slots;
  }

  /** @internal */
  protected override prepare(_: ParamGroup<RMSpropOptions>, _p: Tensor, state: RMSpropState): number {
    state.step++;
    return 0;
  }

  /** @internal */
  protected override launch(group: ParamGroup<RMSpropOptions>, rows: Rows): void {
    const { lr, alpha, eps, weightDecay, momentum } = group;
    const flags = (group.maximize ? 1 : 0) | (group.centered ? 2 : 0);
    rows.kernels.rmsprop(rows.dtype, rows.table, flags, lr, alpha, eps, weightDecay, momentum, rows.meta);
  }

  /** @internal */
  protected override update(group: ParamGroup<RMSpropOptions>, p: Tensor, grad: Tensor, state: RMSpropState): void {
    const { lr, alpha, momentum } = group;
    state.step++;
    const g = effectiveGrad(p, grad, group.maximize, group.weightDecay);
    scale_(state.square_avg, alpha);
    addcmul_(state.square_avg, g, g, 1 - alpha);
    const average = packed(state.square_avg);
    if (state.grad_avg !== undefined) {
      lerp_(state.grad_avg, g, 1 - alpha);
      addcmul_(average, state.grad_avg, state.grad_avg, -1);
    }
    sqrt_(average);
    addNumber_(average, group.eps);
    if (state.momentum_buffer !== undefined) {
      scale_(state.momentum_buffer, momentum);
      addcdiv_(state.momentum_buffer, g, average);
      add_(p, state.momentum_buffer, -lr);
    } else addcdiv_(p, g, average, -lr);
  }
}
