/**
 * Stochastic gradient descent.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import { packed } from "../ops/strided.ts";
import type { Tensor } from "../tensor.ts";
import type { Rows } from "./batch.ts";
import { atLeastZero, checkImplementation } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, persistent, stateLike } from "./optimizer.ts";
import { add, add_, effectiveGrad, scale_ } from "./update.ts";

/** Options of {@linkcode SGD}. */
export interface SGDOptions {
  /** The learning rate. Default: 0.001. */
  lr: number;
  /** The factor of the running gradient. Default: 0, none. */
  momentum: number;
  /** Damps the gradient's part in the momentum. Default: 0. */
  dampening: number;
  /** The factor of the L2 penalty. Default: 0. */
  weightDecay: number;
  /** Nesterov's momentum. Default: false. */
  nesterov: boolean;
  /** Ascend instead. Default: false. */
  maximize: boolean;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Accepted when false. */
  differentiable: boolean;
  /** Accepted and ignored. */
  fused: boolean | null;
}

const defaults: SGDOptions = {
  lr: 1e-3,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
  differentiable: false,
  fused: null,
};

function check(o: SGDOptions): void {
  atLeastZero("learning rate", o.lr);
  atLeastZero("momentum value", o.momentum);
  atLeastZero("weight_decay value", o.weightDecay);
  if (o.nesterov && (o.momentum <= 0 || o.dampening !== 0)) {
    throw new Error("Nesterov momentum requires a momentum and zero dampening");
  }
  checkImplementation(o);
}

const withMomentum = ["momentum_buffer"], withoutMomentum = ["none"];

/** What {@linkcode SGD} remembers of a parameter. */
export interface SGDState {
  /** The running gradient. */
  momentum_buffer?: Tensor;
}

/**
 * Stochastic gradient descent, with momentum, Nesterov's variant and weight decay:
 * b ← momentum·b + (1 − dampening)·g, p ← p − lr·b.
 *
 * @example
 * ```ts
 * import { optim, tensor } from "@raptorch/raptorch";
 * const w = tensor([1, 2], { requiresGrad: true });
 * const optimizer = new optim.SGD([w], { lr: 0.1 });
 * w.mul(w).sum().backward();
 * optimizer.step();
 * console.assert(String(w.detach()) === "tensor([0.8000, 1.6000])");
 * ```
 */
export class SGD extends Optimizer<SGDOptions, SGDState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<SGDOptions>,
    ...args: Trailing<
      [
        lr: SGDOptions["lr"],
        momentum: SGDOptions["momentum"],
        dampening: SGDOptions["dampening"],
        weightDecay: SGDOptions["weightDecay"],
        nesterov: SGDOptions["nesterov"],
      ],
      Given<SGDOptions>
    >
  ) {
    const options = optionsOf("SGD", args, defaults, ["lr", "momentum", "dampening", "weightDecay", "nesterov"]);
    super(params, defaults, options, { texts: { momentum: "0", dampening: "0", weightDecay: "0" }, check });
  }

  /** @internal */
  protected override initial(): SGDState {
    return {};
  }

  /** @internal */
  protected override slots(group: ParamGroup<SGDOptions>): readonly string[] {
    return group.momentum === 0 ? withoutMomentum : withMomentum;
  }

  /** The first step of a parameter is apart: its buffer starts as the gradient. @internal */
  protected override prepare(group: ParamGroup<SGDOptions>, p: Tensor, state: SGDState): number {
    if (group.momentum === 0 || state.momentum_buffer !== undefined) return 0;
    state.momentum_buffer = stateLike(p);
    return 4;
  }

  /** @internal */
  protected override launch(group: ParamGroup<SGDOptions>, rows: Rows, first: number): void {
    const { lr, momentum, dampening, weightDecay } = group;
    const flags = (group.maximize ? 1 : 0) | (group.nesterov ? 2 : 0) | first;
    rows.kernels.sgd(rows.dtype, rows.table, flags, lr, momentum, dampening, weightDecay, rows.meta);
  }

  /** @internal */
  protected override update(group: ParamGroup<SGDOptions>, p: Tensor, grad: Tensor, state: SGDState): void {
    const { lr, momentum, dampening } = group;
    let g = effectiveGrad(p, grad, group.maximize, group.weightDecay);
    if (momentum !== 0) {
      const buffer = state.momentum_buffer;
      if (buffer === undefined) state.momentum_buffer = persistent(() => packed(g));
      else {
        scale_(buffer, momentum);
        add_(buffer, g, 1 - dampening);
      }
      g = group.nesterov ? add(g, state.momentum_buffer!, momentum) : state.momentum_buffer!;
    }
    add_(p, g, -lr);
  }
}
