/**
 * Optimizers for matrices: Adafactor and Muon.
 *
 * @module
 */
import type { Trailing } from "../arguments.ts";
import { bfloat16, finfo } from "../dtype.ts";
import { packed } from "../ops/strided.ts";
import { formatSize } from "../format.ts";
import { empty } from "../make.ts";
import { castTo } from "../ops/elementwise.ts";
import { div } from "../ops/arithmetic.ts";
import { addmm, matmul, mm } from "../ops/matmul.ts";
import { t } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import { fromBfloat16, toBfloat16 } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { type Given, optionsOf, type ParamGroup, type Params } from "./group.ts";
import { Optimizer, stateLike } from "./optimizer.ts";
import { add_, clamp_, effectiveGrad, lerp_, mul, mul_, rsqrt_, scale_ } from "./update.ts";

/** Options of {@linkcode Adafactor}. */
export interface AdafactorOptions {
  /** The learning rate. Default: 0.01. */
  lr: number;
  /** The power by which the averages' weight falls. Default: -0.8. */
  beta2Decay: number;
  /** Keeps the roots from 0 (null: the type's own precision), and the least size of a step. Default: [null, 0.001]. */
  eps: [number | null, number];
  /** Where a step is clipped. Default: 1. */
  d: number;
  /** How fast the weights decay. Default: 0. */
  weightDecay: number;
  /** Accepted and ignored. */
  foreach: boolean | null;
  /** Ascend instead. Default: false. */
  maximize: boolean;
}

const adafactorDefaults: AdafactorOptions = {
  lr: 1e-2,
  beta2Decay: -0.8,
  eps: [null, 1e-3],
  d: 1,
  weightDecay: 0,
  foreach: null,
  maximize: false,
};

function checkAdafactor(o: AdafactorOptions): void {
  const fail = (text: string): never => {
    throw new RangeError(text);
  };
  if (!(o.lr >= 0)) fail(`Learning rate should be >= 0 but is: ${o.lr}`);
  if (!(o.beta2Decay <= 0)) fail(`beta2_decay should be <= 0 but is: ${o.beta2Decay}`);
  if (o.eps[0] !== null && !(o.eps[0] >= 0)) fail(`epsilon1 should be >= 0 but is: ${o.eps[0]}`);
  if (!(o.eps[1] >= 0)) fail(`epsilon2 should be >= 0 but is: ${o.eps[1]}`);
  if (!(o.d >= 1)) fail(`Clipping threshold d should be >= 1 but is: ${o.d}`);
  if (!(o.weightDecay >= 0)) fail(`weight_decay should be >= 0 but is: ${o.weightDecay}`);
}

/** What {@linkcode Adafactor} remembers of a parameter. */
export interface AdafactorState {
  /** The number of steps. */
  step: number;
  /** The average squared gradient of each row, of a matrix. */
  row_var?: Tensor;
  /** The average squared gradient of each column, of a matrix. */
  col_var?: Tensor;
  /** The average squared gradient, of a vector. */
  variance?: Tensor;
}

/** The root mean square of the elements. */
function rms(x: Tensor): number {
  return Math.sqrt(sum(mul(x, x)).item() / x.count);
}

/**
 * Adafactor (Shazeer and Stern, https://arxiv.org/abs/1804.04235): the squares' averages of a matrix are kept as one number
 * per row and per column.
 */
export class Adafactor extends Optimizer<AdafactorOptions, AdafactorState> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    params: Params<AdafactorOptions>,
    ...args: Trailing<
      [
        lr: AdafactorOptions["lr"],
        beta2Decay: AdafactorOptions["beta2Decay"],
        eps: AdafactorOptions["eps"],
        d: AdafactorOptions["d"],
        weightDecay: AdafactorOptions["weightDecay"],
      ],
      Given<AdafactorOptions>
    >
  ) {
    const options = optionsOf("Adafactor", args, adafactorDefaults, ["lr", "beta2Decay", "eps", "d", "weightDecay"]);
    super(params, adafactorDefaults, options, { check: checkAdafactor });
  }

  /** @internal */
  protected override initial(_: ParamGroup<AdafactorOptions>, p: Tensor): AdafactorState {
    if (p.ndim < 2) return { step: 0, variance: stateLike(p) };
    const rows = [...p.sizes], columns = [...p.sizes];
    rows[p.ndim - 1] = 1;
    columns[p.ndim - 2] = 1;
    return {
      step: 0,
      row_var: stateLike(empty(rows, p.dtype, p.device)),
      col_var: stateLike(empty(columns, p.dtype, p.device)),
    };
  }

  /** @internal */
  protected override update(
    group: ParamGroup<AdafactorOptions>,
    p: Tensor,
    grad: Tensor,
    state: AdafactorState,
  ): void {
    const { lr, eps: [given, least] } = group, step = ++state.step;
    const eps = given ?? finfo(p.dtype).eps;
    const g = effectiveGrad(p, grad, group.maximize, 0), weight = step ** group.beta2Decay;
    const size = Math.max(least, rms(p)) * Math.min(lr, 1 / Math.sqrt(step));
    scale_(p, 1 - lr * group.weightDecay);
    const estimate = varianceOf(mul(g, g), state, weight, eps);
    const update = rsqrt_(clamp_(estimate, eps * eps, Infinity));
    mul_(update, g);
    add_(p, update, -size / Math.max(1, rms(update) / group.d));
  }
}

/** Updates the averages with the squared gradient; their estimate for every element. */
function varianceOf(square: Tensor, state: AdafactorState, weight: number, eps: number): Tensor {
  const { row_var, col_var, variance } = state;
  if (row_var === undefined || col_var === undefined) {
    lerp_(variance!, square, weight);
    return packed(variance!);
  }
  lerp_(row_var, mean(square, -1, true), weight);
  lerp_(col_var, mean(square, -2, true), weight);
  return packed(div(matmul(row_var, col_var), clamp_(mean(row_var, -2, true), eps, Infinity)));
}

/** Options of {@linkcode Muon}. */
export interface MuonOptions {
  /** The learning rate. Default: 0.001. */
  lr: number;
  /** How fast the weights decay. Default: 0.1. */
  weightDecay: number;
  /** How slowly the average gradient forgets. Default: 0.95. */
  momentum: number;
  /** Look ahead along the average. Default: true. */
  nesterov: boolean;
  /** The coefficients of the quintic iteration. Default: [3.4445, -4.775, 2.0315]. */
  nsCoefficients: [number, number, number];
  /** Keeps the norm from 0. Default: 1e-7. */
  eps: number;
  /** How often to iterate. Default: 5. */
  nsSteps: number;
  /** How the step depends on the matrix's shape: `"original"` or `"match_rms_adamw"`. Default: null, as original. */
  adjustLrFn: "original" | "match_rms_adamw" | null;
}

const muonDefaults: MuonOptions = {
  lr: 1e-3,
  weightDecay: 0.1,
  momentum: 0.95,
  nesterov: true,
  nsCoefficients: [3.4445, -4.775, 2.0315],
  eps: 1e-7,
  nsSteps: 5,
  adjustLrFn: null,
};

function checkMuon(o: MuonOptions): void {
  const fail = (text: string): never => {
    throw new RangeError(text);
  };
  if (!(o.lr >= 0)) fail(`Learning rate should be >= 0 but is: ${o.lr}`);
  if (!(o.momentum >= 0)) fail(`momentum should be >= 0 but is: ${o.momentum}`);
  if (!(o.weightDecay >= 0)) fail(`weight decay should be >= 0 but is: ${o.weightDecay}`);
  if (o.adjustLrFn !== null && !["original", "match_rms_adamw"].includes(o.adjustLrFn)) {
    fail(`Adjust learning rate function ${o.adjustLrFn} is not supported`);
  }
  if (o.nsSteps >= 100) fail("Number of steps must be less than 100 for computational efficiency");
  if (o.nsCoefficients.length !== 3) fail("Coefficients must be a tuple of exactly 3 values");
}

/** What {@linkcode Muon} remembers of a parameter. */
export interface MuonState {
  /** The average gradient. */
  momentum_buffer: Tensor;
}

/**
 * Muon (Jordan, https://kellerjordan.github.io/posts/muon/): the average gradient of a matrix, made orthogonal by
 * Newton-Schulz iterations in bfloat16.
 */
export class Muon extends Optimizer<MuonOptions, MuonState> {
  /** @throws {RangeError} When an option is out of its range, or a parameter is no matrix. */
  constructor(
    params: Params<MuonOptions>,
    ...args: Trailing<
      [
        lr: MuonOptions["lr"],
        weightDecay: MuonOptions["weightDecay"],
        momentum: MuonOptions["momentum"],
        nesterov: MuonOptions["nesterov"],
        nsCoefficients: MuonOptions["nsCoefficients"],
        eps: MuonOptions["eps"],
        nsSteps: MuonOptions["nsSteps"],
        adjustLrFn: MuonOptions["adjustLrFn"],
      ],
      Given<MuonOptions>
    >
  ) {
    const options = optionsOf("Muon", args, muonDefaults, [
      "lr",
      "weightDecay",
      "momentum",
      "nesterov",
      "nsCoefficients",
      "eps",
      "nsSteps",
      "adjustLrFn",
    ]);
    super(params, muonDefaults, options, { integers: ["nsSteps"], check: checkMuon });
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        if (p.ndim !== 2) {
          throw new RangeError(
            `Muon only supports 2D parameters whereas we found a parameter with size: ${formatSize(p.sizes)}`,
          );
        }
      }
    }
  }

  /** @internal */
  protected override initial(_: ParamGroup<MuonOptions>, p: Tensor): MuonState {
    return { momentum_buffer: stateLike(p) };
  }

  /** @internal */
  protected override update(group: ParamGroup<MuonOptions>, p: Tensor, grad: Tensor, state: MuonState): void {
    const { lr, momentum, nsCoefficients, nsSteps, eps } = group, [rows, columns] = p.sizes;
    lerp_(state.momentum_buffer, grad, 1 - momentum);
    let ahead = state.momentum_buffer;
    if (group.nesterov) {
      ahead = packed(grad);
      lerp_(ahead, state.momentum_buffer, momentum);
    }
    const update = packed(castTo(orthogonal(ahead, nsCoefficients, nsSteps, eps), p.dtype));
    const ratio = group.adjustLrFn === "match_rms_adamw"
      ? 0.2 * Math.sqrt(Math.max(rows, columns))
      : Math.sqrt(Math.max(1, rows / columns));
    scale_(p, 1 - lr * group.weightDecay);
    add_(p, update, -lr * ratio);
  }
}

/** The nearest orthogonal matrix, roughly: its singular values end up between 0.5 and 1.5. */
function orthogonal(x: Tensor, [a, b, c]: readonly number[], steps: number, eps: number): Tensor {
  const tall = x.sizes[0] > x.sizes[1];
  let y = castTo(tall ? t(x) : x, bfloat16);
  const wide = packed(castTo(y, x.dtype));
  const norm = fromBfloat16(toBfloat16(Math.sqrt(sum(mul(wide, wide)).item())));
  y = div(y, Math.max(norm, eps));
  for (let i = 0; i < steps; i++) {
    const gram = mm(y, t(y));
    y = addmm(y, addmm(gram, gram, gram, b, c), y, a);
  }
  return tall ? t(y) : y;
}
