/**
 * Averaged SGD and resilient propagation.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import { binary, ternary } from "../../ffi/symbols.ts";
import { bool } from "../dtype.ts";
import { empty } from "../make.ts";
import { copyElementsTo } from "../ops/strided.ts";
import { fill_ } from "../ops/fill.ts";
import type { Tensor } from "../tensor.ts";
import { atLeastZero, checkImplementation } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import { add, add_, addcmul_, clamp_, effectiveGrad, mul, mul_, scale_, sign } from "./update.ts";

/** Options of {@linkcode ASGD}. */
export interface ASGDOptions {
  /** The learning rate. Default: 0.01. */
  lr: number;
  /** How fast the weights decay. Default: 0.0001. */
  lambd: number;
  /** The power by which the learning rate falls. Default: 0.75. */
  alpha: number;
  /** The step at which averaging starts. Default: 1e6. */
  t0: number;
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

const asgdDefaults: ASGDOptions = {
  lr: 1e-2,
  lambd: 1e-4,
  alpha: 0.75,
  t0: 1e6,
  weightDecay: 0,
  foreach: null,
  maximize: false,
  differentiable: false,
  capturable: false,
};

function checkASGD(o: ASGDOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("weight_decay value", o.weightDecay);
  checkImplementation(o);
}

/** What {@linkcode ASGD} remembers of a parameter. */
export interface ASGDState {
  /** The number of steps. */
  step: number;
  /** The learning rate of the next step. */
  eta: number;
  /** The weight of the next values in the average. */
  mu: number;
  /** The averaged parameter. */
  ax: Tensor;
}

/**
 * Averaged stochastic gradient descent (Polyak and Juditsky, https://dl.acm.org/citation.cfm?id=131098): the average of the
 * parameter is in the state `ax`.
 */
export class ASGD extends Optimizer<ASGDOptions, ASGDState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<ASGDOptions>,
    ...args: Trailing<
      [
        lr: ASGDOptions["lr"],
        lambd: ASGDOptions["lambd"],
        alpha: ASGDOptions["alpha"],
        t0: ASGDOptions["t0"],
        weightDecay: ASGDOptions["weightDecay"],
      ],
      Given<ASGDOptions>
    >
  ) {
    const options = optionsOf("ASGD", args, asgdDefaults, ["lr", "lambd", "alpha", "t0", "weightDecay"]);
    super(params, asgdDefaults, options, {
      texts: { weightDecay: "0", t0: "1000000.0" },
      integers: ["t0"],
      check: checkASGD,
    });
  }

  /** @internal */
  protected override initial(group: ParamGroup<ASGDOptions>, p: Tensor): ASGDState {
    return { step: 0, eta: Math.fround(group.lr), mu: 1, ax: stateLike(p) };
  }

  /** @internal */
  protected override update(group: ParamGroup<ASGDOptions>, p: Tensor, grad: Tensor, state: ASGDState): void {
    const { lr, lambd } = group, step = ++state.step;
    const g = effectiveGrad(p, grad, group.maximize, group.weightDecay);
    scale_(p, 1 - lambd * state.eta);
    add_(p, g, -state.eta);
    if (state.mu === 1) copyElementsTo(state.ax, p);
    else add_(state.ax, add(p, state.ax, -1), state.mu);
    // PyTorch keeps both in float32.
    state.eta = Math.fround(lr / (1 + lambd * lr * step) ** group.alpha);
    state.mu = Math.fround(1 / Math.max(1, step - group.t0));
  }
}

/** Options of {@linkcode Rprop}. */
export interface RpropOptions {
  /** The first step sizes. Default: 0.01. */
  lr: number;
  /** The factors by which step sizes shrink and grow. Default: [0.5, 1.2]. */
  etas: [number, number];
  /** The smallest and the largest step size. Default: [1e-6, 50]. */
  stepSizes: [number, number];
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted when false. */
  differentiable: boolean;
  /** Accepted and ignored. */
  capturable: boolean;
}

const rpropDefaults: RpropOptions = {
  lr: 1e-2,
  etas: [0.5, 1.2],
  stepSizes: [1e-6, 50],
  foreach: null,
  maximize: false,
  differentiable: false,
  capturable: false,
};

function checkRprop(o: RpropOptions): void {
  atLeastZero("learning rate", o.lr);
  const [shrink, grow] = o.etas;
  if (!(shrink > 0 && shrink < 1 && grow > 1)) throw new RangeError(`Invalid eta values: ${shrink}, ${grow}`);
  checkImplementation(o);
}

/** What {@linkcode Rprop} remembers of a parameter. */
export interface RpropState {
  /** The number of steps. */
  step: number;
  /** The last gradient. */
  prev: Tensor;
  /** The step size of each element. */
  step_size: Tensor;
}

/** `value` where x `op` 0, else the elements of `other`. */
function choose(op: number, x: Tensor, value: number, other: Tensor): Tensor {
  const mask = empty(x.sizes, bool, x.device), chosen = x.like(), y = x.like();
  x.kernels.binaryScalar(op, x.dtype.code, mask.ptr, x.ptr, x.count, 0, 0, 0, 0);
  fill_(chosen, value);
  x.kernels.ternary(ternary.where, x.dtype.code, y.ptr, mask.ptr, chosen.ptr, other.ptr, x.count, 0, null);
  return y;
}

/**
 * Resilient propagation (Riedmiller and Braun): each element has its own step size, which grows while its gradient keeps
 * its sign. For whole batches.
 */
export class Rprop extends Optimizer<RpropOptions, RpropState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<RpropOptions>,
    ...args: Trailing<
      [lr: RpropOptions["lr"], etas: RpropOptions["etas"], stepSizes: RpropOptions["stepSizes"]],
      Given<RpropOptions>
    >
  ) {
    const options = optionsOf("Rprop", args, rpropDefaults, ["lr", "etas", "stepSizes"]);
    super(params, rpropDefaults, options, { integers: ["stepSizes"], check: checkRprop });
  }

  /** @internal */
  protected override initial(group: ParamGroup<RpropOptions>, p: Tensor): RpropState {
    return { step: 0, prev: stateLike(p), step_size: stateLike(p, group.lr) };
  }

  /** @internal */
  protected override update(group: ParamGroup<RpropOptions>, p: Tensor, grad: Tensor, state: RpropState): void {
    const { etas: [shrink, grow], stepSizes: [smallest, largest] } = group;
    state.step++;
    const g = effectiveGrad(p, grad, group.maximize, 0);
    const turn = sign(mul(g, state.prev));
    const ones = p.like();
    fill_(ones, 1);
    mul_(state.step_size, choose(binary.gt, turn, grow, choose(binary.lt, turn, shrink, ones)));
    clamp_(state.step_size, smallest, largest);
    const followed = choose(binary.lt, turn, 0, g);
    addcmul_(p, sign(followed), state.step_size, -1);
    copyElementsTo(state.prev, followed);
  }
}
