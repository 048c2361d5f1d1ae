/**
 * Limited-memory BFGS.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import { mode } from "../autograd/mode.ts";
import { float64 } from "../dtype.ts";
import { reduce } from "../../ffi/symbols.ts";
import { empty, over } from "../make.ts";
import { castTo } from "../ops/elementwise.ts";
import { fill_ } from "../ops/fill.ts";
import { dot } from "../ops/matmul.ts";
import { runReduce, sum } from "../ops/reduce.ts";
import { copyElementsTo, packed } from "../ops/strided.ts";
import { contiguousStrides } from "../shape.ts";
import { resumeArena, suspendArena } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { atLeastZero } from "./checks.ts";
import { type Given, optionsOf, type Params } from "./group.ts";
import { strongWolfe } from "./line_search.ts";
import { type Closure, Optimizer } from "./optimizer.ts";
import { abs, add, add_, neg, scale } from "./update.ts";

/** Options of {@linkcode LBFGS}. */
export interface LBFGSOptions {
  /** The step size. Default: 1. */
  lr: number;
  /** The most iterations per step. Default: 20. */
  maxIter: number;
  /** The most evaluations of the closure per step. Default: null, maxIter·1.25. */
  maxEval: number | null;
  /** Stop when no element of the gradient is larger. Default: 1e-7. */
  toleranceGrad: number;
  /** Stop when neither a parameter nor the loss changes by more. Default: 1e-9. */
  toleranceChange: number;
  /** How many past steps are remembered. Default: 100. */
  historySize: number;
  /** `"strong_wolfe"`, or null for steps of length lr. Default: null. */
  lineSearchFn: "strong_wolfe" | null;
}

const defaults: LBFGSOptions = {
  lr: 1,
  maxIter: 20,
  maxEval: null,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null,
};

/** What {@linkcode LBFGS} remembers, with the first parameter. */
export interface LBFGSState {
  /** How often the closure has run. */
  func_evals: number;
  /** How many iterations there were. */
  n_iter: number;
  /** The coefficients of the last direction, as many as there may be past steps. */
  al?: (number | null)[];
  /** The direction. */
  d?: Tensor;
  /** The step along it. */
  t?: number;
  /** Changes of the gradient, oldest first. */
  old_dirs?: Tensor[];
  /** Changes of the parameters. */
  old_stps?: Tensor[];
  /** 1 over the products of the two. */
  ro?: number[];
  /** The scale of the first approximation of the inverse Hessian. */
  H_diag?: number;
  /** The gradient before. */
  prev_flat_grad?: Tensor;
  /** The loss before. */
  prev_loss?: number;
}

function inner(a: Tensor, b: Tensor): number {
  return dot(a, b).item();
}

function largest(x: Tensor): number {
  return x.count === 0 ? 0 : runReduce("max", reduce.max, abs(x), [0], false, x.dtype).item();
}

/**
 * L-BFGS (Liu and Nocedal, https://link.springer.com/article/10.1007/BF01589116), after minFunc. One group of
 * parameters; every step needs a closure that clears the gradients, computes the loss, runs backward and returns the loss.
 *
 * @example
 * ```ts
 * import { optim, tensor } from "@raptorch/raptorch";
 * const w = tensor([3, -2], { requiresGrad: true });
 * const optimizer = new optim.LBFGS([w], { lineSearchFn: "strong_wolfe" });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = w.mul(w).sum();
 *   loss.backward();
 *   return loss;
 * });
 * console.assert(w.mul(w).sum().item() < 1e-6);
 * ```
 */
export class LBFGS extends Optimizer<LBFGSOptions, LBFGSState> {
  /** @throws {Error} When there is more than one group, or an option is out of its range. */
  constructor(
    params: Params<LBFGSOptions>,
    ...args: Trailing<
      [
        lr: LBFGSOptions["lr"],
        maxIter: LBFGSOptions["maxIter"],
        maxEval: LBFGSOptions["maxEval"],
        toleranceGrad: LBFGSOptions["toleranceGrad"],
        toleranceChange: LBFGSOptions["toleranceChange"],
        historySize: LBFGSOptions["historySize"],
        lineSearchFn: LBFGSOptions["lineSearchFn"],
      ],
      Given<LBFGSOptions>
    >
  ) {
    const options = optionsOf("LBFGS", args, defaults, [
      "lr",
      "maxIter",
      "maxEval",
      "toleranceGrad",
      "toleranceChange",
      "historySize",
      "lineSearchFn",
    ]);
    const maxEval = options.maxEval ?? Math.floor((options.maxIter ?? defaults.maxIter) * 5 / 4);
    super(params, defaults, { ...options, maxEval }, {
      texts: { lr: "1" },
      integers: ["maxIter", "maxEval", "historySize"],
      check: (o) => atLeastZero("learning rate", o.lr),
    });
    if (this.paramGroups.length !== 1) {
      throw new Error("LBFGS doesn't support per-parameter options (parameter groups)");
    }
  }

  get #params(): Tensor[] {
    return this.paramGroups[0].params;
  }

  /** @internal */
  protected override initial(): LBFGSState {
    return { func_evals: 0, n_iter: 0 };
  }

  /** @internal */
  protected override update(): void {
    throw new Error("LBFGS updates all parameters together");
  }

  /** All gradients in one row; zeros where there is none. */
  #gather(): Tensor {
    const [first] = this.#params;
    const count = this.#params.reduce((n, p) => n + p.count, 0), flat = empty([count], first.dtype, first.device);
    let offset = 0;
    for (const p of this.#params) {
      const part = over(flat.storage, p.sizes, contiguousStrides(p.sizes), offset, flat.dtype);
      if (p.accumulated === null) fill_(part, 0);
      else if (p.count > 0) copyElementsTo(part, castTo(p.accumulated, flat.dtype));
      offset += p.count;
    }
    return flat;
  }

  /** Moves the parameters by t·d. */
  #move(t: number, d: Tensor): void {
    let offset = 0;
    for (const p of this.#params) {
      const part = packed(over(d.storage, p.sizes, contiguousStrides(p.sizes), offset, d.dtype));
      const moved = packed(castTo(p.detached(), d.dtype));
      add_(moved, part, t);
      copyElementsTo(p, castTo(moved, p.dtype));
      p.bump();
      offset += p.count;
    }
  }

  /**
   * Runs up to `maxIter` iterations.
   *
   * @throws {Error} When there is no closure.
   */
  override step(closure?: Closure): Tensor | number {
    if (closure === undefined) throw new Error("LBFGS.step() needs a closure that evaluates the model");
    this.stepped = true;
    this.run("stepPre");
    const enabled = mode.enabled, outer = suspendArena();
    mode.enabled = false;
    try {
      return this.#iterate(() => {
        resumeArena(outer);
        const loss = this.evaluate(closure);
        suspendArena();
        return loss;
      });
    } finally {
      mode.enabled = enabled;
      resumeArena(outer);
      this.run("stepPost");
    }
  }

  #iterate(closure: Closure): Tensor | number {
    const group = this.paramGroups[0], [first] = this.#params;
    const round = first.dtype === float64 ? (x: number): number => x : Math.fround;
    let state = this.state.get(first);
    if (state === undefined) this.state.set(first, state = this.initial());
    const number = (loss: Tensor | number): number => typeof loss === "number" ? loss : loss.item();
    const original = closure();
    let loss = number(original), evaluations = 1;
    state.func_evals++;
    let gradient = this.#gather();
    if (largest(gradient) <= group.toleranceGrad) return original;
    const limit = group.maxEval ?? Math.floor(group.maxIter * 5 / 4);

    for (let n = 1; n <= group.maxIter; n++) {
      state.n_iter++;
      const d = this.#direction(state, gradient);
      state.d = d;
      state.prev_flat_grad = packed(gradient);
      const before = state.prev_loss = loss;
      const small = 1 / sum(abs(gradient)).item();
      state.t = state.n_iter > 1 ? group.lr : small < 1 ? round(round(small) * group.lr) : group.lr;
      const slope = inner(gradient, d);
      if (slope > -group.toleranceChange) break;

      let used = 0;
      if (group.lineSearchFn !== null) {
        if (group.lineSearchFn !== "strong_wolfe") throw new Error("only 'strong_wolfe' is supported");
        const start = this.#params.map((p) => packed(p.detached()));
        const found = strongWolfe({
          evaluate: (t) => {
            this.#move(t, d);
            const value = number(closure()), at = this.#gather();
            this.#params.forEach((p, i) => {
              copyElementsTo(p, start[i]);
              p.bump();
            });
            return { loss: value, gradient: at };
          },
          slope: (g) => inner(g, d),
          t: state.t,
          loss,
          gradient,
          startSlope: slope,
          directionSize: largest(d),
          limit: limit - evaluations,
        });
        ({ loss, gradient, t: state.t, evaluations: used } = found);
        this.#move(state.t, d);
      } else {
        this.#move(state.t, d);
        if (n !== group.maxIter) {
          loss = number(closure());
          gradient = this.#gather();
          used = 1;
        }
      }
      evaluations += used;
      state.func_evals += used;
      const stop = n === group.maxIter || evaluations >= limit || largest(gradient) <= group.toleranceGrad ||
        largest(d) * Math.abs(state.t) <= group.toleranceChange || Math.abs(loss - before) < group.toleranceChange;
      if (stop) break;
    }
    return original;
  }

  /** The direction to go: minus the gradient times the approximated inverse Hessian, by the two-loop recursion. */
  #direction(state: LBFGSState, gradient: Tensor): Tensor {
    const { historySize } = this.paramGroups[0];
    // PyTorch keeps these scalars in the parameters' type.
    const round = gradient.dtype === float64 ? (x: number): number => x : Math.fround;
    if (state.n_iter === 1) {
      state.old_dirs = [];
      state.old_stps = [];
      state.ro = [];
      state.H_diag = 1;
      return neg(gradient);
    }
    const dirs = state.old_dirs!, steps = state.old_stps!, ro = state.ro!;
    const y = add(gradient, state.prev_flat_grad!, -1), s = scale(state.d!, state.t!), ys = inner(y, s);
    if (ys > 1e-10) {
      if (dirs.length === historySize) [dirs, steps, ro].forEach((list) => list.shift());
      dirs.push(y);
      steps.push(s);
      ro.push(round(1 / ys));
      state.H_diag = round(ys / inner(y, y));
    }
    const q = neg(gradient), al = state.al ??= new Array<number | null>(historySize).fill(null);
    for (let i = dirs.length - 1; i >= 0; i--) {
      const a = al[i] = round(inner(steps[i], q) * ro[i]);
      add_(q, dirs[i], -a);
    }
    const r = scale(q, state.H_diag!);
    for (let i = 0; i < dirs.length; i++) add_(r, steps[i], round(al[i]! - round(inner(dirs[i], r) * ro[i])));
    return r;
  }

  /** @internal */
  protected override loadState(p: Tensor, saved: Record<string, unknown>): LBFGSState {
    // PyTorch has 0-d tensors where numbers are enough.
    const plain = (value: unknown): unknown =>
      value instanceof Tensor && value.ndim === 0 ? value.item() : Array.isArray(value) ? value.map(plain) : value;
    return super.loadState(p, Object.fromEntries(Object.entries(saved).map(([key, value]) => [key, plain(value)])));
  }
}
