/**
 * Adagrad and Adadelta.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import { packed } from "../ops/strided.ts";
import type { Tensor } from "../tensor.ts";
import type { Rows } from "./batch.ts";
import { atLeastZero, checkImplementation } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import { add_, addcdiv_, addcmul_, addNumber_, div_, effectiveGrad, mul_, scale_, sqrt, sqrt_ } from "./update.ts";

/** Options of {@linkcode Adagrad}. */
export interface AdagradOptions {
  /** The learning rate. Default: 0.01. */
  lr: number;
  /** How the learning rate falls with the steps. Default: 0. */
  lrDecay: number;
  /** Keeps the denominator from 0. Default: 1e-10. */
  eps: number;
  /** The factor of the L2 penalty. Default: 0. */
  weightDecay: number;
  /** What the sums of squares begin with. Default: 0. */
  initialAccumulatorValue: number;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted when false. */
  differentiable: boolean;
  /** Accepted and ignored. */
  fused: boolean | null;
}

const adagradDefaults: AdagradOptions = {
  lr: 1e-2,
  lrDecay: 0,
  eps: 1e-10,
  weightDecay: 0,
  initialAccumulatorValue: 0,
  foreach: null,
  maximize: false,
  differentiable: false,
  fused: null,
};

function checkAdagrad(o: AdagradOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("lr_decay value", o.lrDecay);
  atLeastZero("weight_decay value", o.weightDecay);
  atLeastZero("initial_accumulator_value value", o.initialAccumulatorValue);
  atLeastZero("epsilon value", o.eps);
  checkImplementation(o);
}

const adagradSlots = ["sum"], adadeltaSlots = ["square_avg", "acc_delta"];

/** What {@linkcode Adagrad} remembers of a parameter. */
export interface AdagradState {
  /** The number of steps. */
  step: number;
  /** The sum of the squared gradients. */
  sum: Tensor;
}

/**
 * Adagrad (Duchi et al., https://jmlr.org/papers/v12/duchi11a.html): s ← s + g², p ← p − lr·g/(√s + eps).
 */
export class Adagrad extends Optimizer<AdagradOptions, AdagradState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<AdagradOptions>,
    ...args: Trailing<
      [
        lr: AdagradOptions["lr"],
        lrDecay: AdagradOptions["lrDecay"],
        weightDecay: AdagradOptions["weightDecay"],
        initialAccumulatorValue: AdagradOptions["initialAccumulatorValue"],
        eps: AdagradOptions["eps"],
      ],
      Given<AdagradOptions>
    >
  ) {
    const options = optionsOf("Adagrad", args, adagradDefaults, [
      "lr",
      "lrDecay",
      "weightDecay",
      "initialAccumulatorValue",
      "eps",
    ]);
    const texts = { lrDecay: "0", weightDecay: "0", initialAccumulatorValue: "0" };
    super(params, adagradDefaults, options, { texts, check: checkAdagrad });
    this.#prepare();
  }

  /** As in PyTorch, the state is there from the beginning. */
  #prepare(): void {
    for (const group of this.paramGroups) {
      for (const p of group.params) if (!this.state.has(p)) this.state.set(p, this.initial(group, p));
    }
  }

  /** @internal */
  protected override initial(_: ParamGroup<AdagradOptions>, p: Tensor): AdagradState {
    return { step: 0, sum: stateLike(p, this.defaults.initialAccumulatorValue) };
  }

  /** @internal */
  protected override slots(): readonly string[] {
    return adagradSlots;
  }

  /** @internal */
  protected override prepare(_: ParamGroup<AdagradOptions>, _p: Tensor, state: AdagradState): number {
    return ++state.step;
  }

  /** @internal */
  protected override launch(group: ParamGroup<AdagradOptions>, rows: Rows, step: number): void {
    const lr = group.lr / (1 + (step - 1) * group.lrDecay);
    rows.kernels.adagrad(rows.dtype, rows.table, group.maximize ? 1 : 0, lr, group.eps, group.weightDecay, rows.meta);
  }

  /** @internal */
  protected override update(group: ParamGroup<AdagradOptions>, p: Tensor, grad: Tensor, state: AdagradState): void {
    const step = ++state.step;
    const g = effectiveGrad(p, grad, group.maximize, group.weightDecay);
    addcmul_(state.sum, g, g);
    const root = sqrt(state.sum);
    addNumber_(root, group.eps);
    addcdiv_(p, g, root, -group.lr / (1 + (step - 1) * group.lrDecay));
  }
}

/** Options of {@linkcode Adadelta}. */
export interface AdadeltaOptions {
  /** Scales the step. Default: 1. */
  lr: number;
  /** How slowly the averages forget. Default: 0.9. */
  rho: number;
  /** Keeps the roots from 0. Default: 1e-6. */
  eps: number;
  /** The factor of the L2 penalty. Default: 0. */
  weightDecay: number;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted and ignored. */
  capturable: boolean;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Accepted when false. */
  differentiable: boolean;
}

const adadeltaDefaults: AdadeltaOptions = {
  lr: 1,
  rho: 0.9,
  eps: 1e-6,
  weightDecay: 0,
  maximize: false,
  capturable: false,
  foreach: null,
  differentiable: false,
};

function checkAdadelta(o: AdadeltaOptions): void {
  atLeastZero("learning rate", o.lr);
  if (!(o.rho >= 0 && o.rho <= 1)) throw new RangeError(`Invalid rho value: ${o.rho}`);
  atLeastZero("epsilon value", o.eps);
  atLeastZero("weight_decay value", o.weightDecay);
  checkImplementation(o);
}

/** What {@linkcode Adadelta} remembers of a parameter. */
export interface AdadeltaState {
  /** The number of steps. */
  step: number;
  /** The average square of the gradient. */
  square_avg: Tensor;
  /** The average square of the steps. */
  acc_delta: Tensor;
}

/**
 * Adadelta (Zeiler, https://arxiv.org/abs/1212.5701): v ← ρv + (1 − ρ)g², Δ = g·√(u + eps)/√(v + eps),
 * u ← ρu + (1 − ρ)Δ², p ← p − lr·Δ.
 */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<AdadeltaOptions>,
    ...args: Trailing<
      [
        lr: AdadeltaOptions["lr"],
        rho: AdadeltaOptions["rho"],
        eps: AdadeltaOptions["eps"],
        weightDecay: AdadeltaOptions["weightDecay"],
      ],
      Given<AdadeltaOptions>
    >
  ) {
    const options = optionsOf("Adadelta", args, adadeltaDefaults, ["lr", "rho", "eps", "weightDecay"]);
    super(params, adadeltaDefaults, options, { texts: { weightDecay: "0" }, check: checkAdadelta });
  }

  /** @internal */
  protected override initial(_: ParamGroup<AdadeltaOptions>, p: Tensor): AdadeltaState {
    return { step: 0, square_avg: stateLike(p), acc_delta: stateLike(p) };
  }

  /** @internal */
  protected override slots(): readonly string[] {
    return adadeltaSlots;
  }

  /** @internal */
  protected override prepare(_: ParamGroup<AdadeltaOptions>, _p: Tensor, state: AdadeltaState): number {
    state.step++;
    return 0;
  }

  /** @internal */
  protected override launch(group: ParamGroup<AdadeltaOptions>, rows: Rows): void {
    const { lr, rho, eps, weightDecay } = group;
    rows.kernels.adadelta(rows.dtype, rows.table, group.maximize ? 1 : 0, lr, rho, eps, weightDecay, rows.meta);
  }

  /** @internal */
  protected override update(group: ParamGroup<AdadeltaOptions>, p: Tensor, grad: Tensor, state: AdadeltaState): void {
    const { rho, eps } = group;
    state.step++;
    const g = effectiveGrad(p, grad, group.maximize, group.weightDecay);
    scale_(state.square_avg, rho);
    addcmul_(state.square_avg, g, g, 1 - rho);
    const root = packed(state.square_avg), delta = packed(state.acc_delta);
    addNumber_(root, eps);
    addNumber_(delta, eps);
    sqrt_(root);
    sqrt_(delta);
    div_(delta, root);
    mul_(delta, g);
    scale_(state.acc_delta, rho);
    addcmul_(state.acc_delta, delta, delta, 1 - rho);
    add_(p, delta, -group.lr);
  }
}
