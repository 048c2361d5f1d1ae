/**
 * Adam for gradients that touch few rows.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import { reduce } from "../../ffi/symbols.ts";
import { bool } from "../dtype.ts";
import { castTo } from "../ops/elementwise.ts";
import { ne } from "../ops/compare.ts";
import { expand, reshape } from "../ops/movement.ts";
import { runReduce } from "../ops/reduce.ts";
import { packed } from "../ops/strided.ts";
import type { Tensor } from "../tensor.ts";
import { checkBetas } from "./checks.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import { add, addcmul_, addNumber_, div_, effectiveGrad, mul, mul_, sqrt } from "./update.ts";

/** Options of {@linkcode SparseAdam}. */
export interface SparseAdamOptions {
  /** The learning rate. Default: 0.001. */
  lr: number;
  /** How slowly the averages of the gradient and of its square forget. Default: [0.9, 0.999]. */
  betas: [number, number];
  /** Keeps the denominator from 0. Default: 1e-8. */
  eps: number;
  /** Ascend instead. Default: false. */
  maximize: boolean;
}

const defaults: SparseAdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, maximize: false };

function check(o: SparseAdamOptions): void {
  if (!(o.lr > 0)) throw new RangeError(`Invalid learning rate: ${o.lr}`);
  if (!(o.eps > 0)) throw new RangeError(`Invalid epsilon value: ${o.eps}`);
  checkBetas(o.betas);
}

/** What {@linkcode SparseAdam} remembers of a parameter. */
export interface SparseAdamState {
  /** The number of steps. */
  step: number;
  /** The average gradient. */
  exp_avg: Tensor;
  /** The average square of the gradient. */
  exp_avg_sq: Tensor;
}

/**
 * Adam that leaves alone what the gradient does not touch, averages included: rows (along the first dimension) whose
 * gradient is all zero. PyTorch's version takes sparse gradients; here the untouched rows of a dense one are found.
 */
export class SparseAdam extends Optimizer<SparseAdamOptions, SparseAdamState> {
  /** PyTorch counts these steps in plain integers. @internal */
  protected override readonly tensorSteps: boolean = false;

  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<SparseAdamOptions>,
    ...args: Trailing<
      [lr: SparseAdamOptions["lr"], betas: SparseAdamOptions["betas"], eps: SparseAdamOptions["eps"]],
      Given<SparseAdamOptions>
    >
  ) {
    const options = optionsOf("SparseAdam", args, defaults, ["lr", "betas", "eps"]);
    super(params, defaults, options, { check });
  }

  /** @internal */
  protected override initial(_: ParamGroup<SparseAdamOptions>, p: Tensor): SparseAdamState {
    return { step: 0, exp_avg: stateLike(p), exp_avg_sq: stateLike(p) };
  }

  /** @internal */
  protected override update(
    group: ParamGroup<SparseAdamOptions>,
    p: Tensor,
    grad: Tensor,
    state: SparseAdamState,
  ): void {
    const [beta1, beta2] = group.betas, step = ++state.step;
    const g = effectiveGrad(p, grad, group.maximize, 0), touched = touchedRows(g);
    const { exp_avg, exp_avg_sq } = state;
    addcmul_(exp_avg, add(g, exp_avg, -1), touched, 1 - beta1);
    addcmul_(exp_avg_sq, add(mul(g, g), exp_avg_sq, -1), touched, 1 - beta2);
    const root = sqrt(exp_avg_sq), numerator = mul(exp_avg, touched);
    addNumber_(root, group.eps);
    div_(numerator, root);
    mul_(numerator, touched);
    addcmul_(p, numerator, touched, -group.lr * Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step));
  }
}

/** 1 in the rows that have a gradient, else 0. */
function touchedRows(g: Tensor): Tensor {
  if (g.ndim < 2 || g.count === 0) return castTo(ne(g, 0), g.dtype);
  const rows = g.sizes[0];
  const any = runReduce("any", reduce.any, reshape(ne(g, 0), [rows, g.count / rows]), [1], false, bool);
  return packed(expand(reshape(castTo(any, g.dtype), [rows, ...g.sizes.slice(1).map(() => 1)]), g.sizes));
}
