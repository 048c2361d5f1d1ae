/**
 * Schedulers that follow a formula.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { kindOf } from "../check.ts";
import { LRScheduler, type Schedulable, type SchedulerOptions, type SchedulerStateDict } from "./scheduler.ts";

/** From the epoch to a factor. */
export type LrLambda = (epoch: number) => number;

function lambdas(optimizer: Schedulable, given: LrLambda | readonly LrLambda[]): LrLambda[] {
  const groups = optimizer.paramGroups.length;
  if (typeof given === "function") return new Array<LrLambda>(groups).fill(given);
  if (given.length !== groups) throw new RangeError(`Expected ${groups} lr_lambdas, but got ${given.length}`);
  return [...given];
}

/** The learning rate is the initial one times `lrLambda(epoch)`. */
export class LambdaLR extends LRScheduler<{ lr_lambdas: LrLambda[] }> {
  /** `lrLambda` is one function, or one per group. */
  constructor(
    optimizer: Schedulable,
    lrLambda: LrLambda | readonly LrLambda[],
    ...args: Trailing<[lastEpoch: number], SchedulerOptions>
  ) {
    const options = named<SchedulerOptions>("LambdaLR", args, ["lastEpoch"]);
    super(optimizer, { lr_lambdas: lambdas(optimizer, lrLambda) }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { base_lrs, lr_lambdas, last_epoch } = this.values;
    return base_lrs.map((lr, i) => lr * lr_lambdas[i](last_epoch));
  }

  /** The state; functions are not saved. */
  override stateDict(): SchedulerStateDict {
    return withoutLambdas(this.values);
  }

  /** Takes over a state dict; the functions stay. */
  override loadStateDict(stateDict: SchedulerStateDict): void {
    super.loadStateDict({ ...stateDict, lr_lambdas: undefined });
    this.values.lr_lambdas = this.#lambdas;
  }
  readonly #lambdas: LrLambda[] = this.values.lr_lambdas;
}

function withoutLambdas(values: { lr_lambdas: LrLambda[] }): SchedulerStateDict {
  return structuredClone({ ...values, lr_lambdas: values.lr_lambdas.map(() => null) });
}

/** The learning rate is multiplied by `lrLambda(epoch)` at each step. */
export class MultiplicativeLR extends LRScheduler<{ lr_lambdas: LrLambda[] }> {
  /** `lrLambda` is one function, or one per group. */
  constructor(
    optimizer: Schedulable,
    lrLambda: LrLambda | readonly LrLambda[],
    ...args: Trailing<[lastEpoch: number], SchedulerOptions>
  ) {
    const options = named<SchedulerOptions>("MultiplicativeLR", args, ["lastEpoch"]);
    super(optimizer, { lr_lambdas: lambdas(optimizer, lrLambda) }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { lr_lambdas, last_epoch, _is_initial } = this.values;
    return _is_initial ? this.lrs : this.lrs.map((lr, i) => lr * lr_lambdas[i](last_epoch));
  }

  /** The state; functions are not saved. */
  override stateDict(): SchedulerStateDict {
    return withoutLambdas(this.values);
  }

  /** Takes over a state dict; the functions stay. */
  override loadStateDict(stateDict: SchedulerStateDict): void {
    super.loadStateDict({ ...stateDict, lr_lambdas: undefined });
    this.values.lr_lambdas = this.#lambdas;
  }
  readonly #lambdas: LrLambda[] = this.values.lr_lambdas;
}

/** Options of {@linkcode StepLR}, {@linkcode MultiStepLR}. */
export interface GammaOptions extends SchedulerOptions {
  /** The factor. Default: 0.1. */
  gamma?: number;
}

/**
 * The learning rate is multiplied by `gamma` every `stepSize` epochs.
 *
 * @example
 * ```ts
 * import { optim, zeros } from "@raptorch/raptorch";
 * const optimizer = new optim.SGD([zeros(1).requiresGrad_()], { lr: 1 });
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, 2, { gamma: 0.5 });
 * const lrs = [0, 1, 2, 3].map(() => {
 *   optimizer.step();
 *   scheduler.step();
 *   return optimizer.paramGroups[0].lr;
 * });
 * console.assert(String(lrs) === "1,0.5,0.5,0.25");
 * ```
 */
export class StepLR extends LRScheduler<{ step_size: number; gamma: number }> {
  /** Multiplies by `gamma` (0.1) every `stepSize` epochs. */
  constructor(
    optimizer: Schedulable,
    stepSize: number,
    ...args: Trailing<[gamma: number, lastEpoch: number], GammaOptions>
  ) {
    const options = named<GammaOptions>("StepLR", args, ["gamma", "lastEpoch"]);
    super(optimizer, { step_size: stepSize, gamma: options.gamma ?? 0.1 }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { last_epoch, step_size, gamma } = this.values;
    return last_epoch === 0 || last_epoch % step_size !== 0 ? this.lrs : this.lrs.map((lr) => lr * gamma);
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { base_lrs, last_epoch, step_size, gamma } = this.values;
    return base_lrs.map((lr) => lr * gamma ** Math.floor(last_epoch / step_size));
  }
}

/** The learning rate is multiplied by `gamma` at each of the milestones. */
export class MultiStepLR extends LRScheduler<{ milestones: Record<string, number>; gamma: number }> {
  /** Multiplies by `gamma` (0.1) at the epochs in `milestones`. */
  constructor(
    optimizer: Schedulable,
    milestones: readonly number[],
    ...args: Trailing<[gamma: number, lastEpoch: number], GammaOptions>
  ) {
    const options = named<GammaOptions>("MultiStepLR", args, ["gamma", "lastEpoch"]);
    const counts: Record<string, number> = {};
    for (const m of milestones) counts[m] = (counts[m] ?? 0) + 1;
    super(optimizer, { milestones: counts, gamma: options.gamma ?? 0.1 }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { last_epoch, milestones, gamma } = this.values, times = milestones[last_epoch];
    return times === undefined ? this.lrs : this.lrs.map((lr) => lr * gamma ** times);
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { base_lrs, last_epoch, milestones, gamma } = this.values;
    const passed = Object.keys(milestones).filter((m) => Number(m) <= last_epoch);
    const times = passed.reduce((sum, m) => sum + milestones[m], 0);
    return base_lrs.map((lr) => lr * gamma ** times);
  }
}

/** Options of {@linkcode ConstantLR}. */
export interface ConstantLROptions extends SchedulerOptions {
  /** The factor. Default: 1/3. */
  factor?: number;
  /** For how many epochs. Default: 5. */
  totalIters?: number;
}

/** The learning rate is multiplied by `factor` for the first `totalIters` epochs. */
export class ConstantLR extends LRScheduler<{ factor: number; total_iters: number }> {
  /** @throws {RangeError} When the factor is not in [0, 1]. */
  constructor(
    optimizer: Schedulable,
    ...args: Trailing<[factor: number, totalIters: number, lastEpoch: number], ConstantLROptions>
  ) {
    const options = named<ConstantLROptions>("ConstantLR", args, ["factor", "totalIters", "lastEpoch"]);
    const factor = options.factor ?? 1 / 3;
    if (!(factor >= 0 && factor <= 1)) {
      throw new RangeError("Constant multiplicative factor expected to be between 0 and 1.");
    }
    super(optimizer, { factor, total_iters: options.totalIters ?? 5 }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { last_epoch, factor, total_iters } = this.values;
    if (last_epoch === 0) return this.lrs.map((lr) => lr * factor);
    return last_epoch !== total_iters ? this.lrs : this.lrs.map((lr) => lr * (1 / factor));
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { base_lrs, last_epoch, factor, total_iters } = this.values;
    return base_lrs.map((lr) => last_epoch >= total_iters ? lr : lr * factor);
  }
}

/** Options of {@linkcode LinearLR}. */
export interface LinearLROptions extends SchedulerOptions {
  /** The first factor. Default: 1/3. */
  startFactor?: number;
  /** The last factor. Default: 1. */
  endFactor?: number;
  /** In how many epochs. Default: 5. */
  totalIters?: number;
}

/** The learning rate's factor goes from `startFactor` to `endFactor` in `totalIters` epochs. */
export class LinearLR extends LRScheduler<{ start_factor: number; end_factor: number; total_iters: number }> {
  /** @throws {RangeError} When a factor is not in [0, 1]. */
  constructor(
    optimizer: Schedulable,
    ...args: Trailing<[startFactor: number, endFactor: number, totalIters: number, lastEpoch: number], LinearLROptions>
  ) {
    const options = named<LinearLROptions>("LinearLR", args, ["startFactor", "endFactor", "totalIters", "lastEpoch"]);
    const start_factor = options.startFactor ?? 1 / 3, end_factor = options.endFactor ?? 1;
    if (!(start_factor > 0 && start_factor <= 1)) {
      throw new RangeError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.");
    }
    if (!(end_factor >= 0 && end_factor <= 1)) {
      throw new RangeError("Ending multiplicative factor expected to be between 0 and 1.");
    }
    super(optimizer, { start_factor, end_factor, total_iters: options.totalIters ?? 5 }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { last_epoch, start_factor, end_factor, total_iters, _is_initial } = this.values;
    if (last_epoch === 0) return this.lrs.map((lr) => lr * start_factor);
    if (_is_initial || last_epoch > total_iters) return this.lrs;
    const rise = end_factor - start_factor;
    return this.lrs.map((lr) => lr * (1 + rise / (total_iters * start_factor + (last_epoch - 1) * rise)));
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { base_lrs, last_epoch, start_factor, end_factor, total_iters } = this.values;
    const rise = (end_factor - start_factor) * Math.min(total_iters, last_epoch) / total_iters;
    return base_lrs.map((lr) => lr * (start_factor + rise));
  }
}

/** The learning rate is multiplied by `gamma` every epoch. */
export class ExponentialLR extends LRScheduler<{ gamma: number }> {
  /** Multiplies by `gamma` every epoch. */
  constructor(optimizer: Schedulable, gamma: number, ...args: Trailing<[lastEpoch: number], SchedulerOptions>) {
    const options = named<SchedulerOptions>("ExponentialLR", args, ["lastEpoch"]);
    super(optimizer, { gamma }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { _is_initial, gamma } = this.values;
    return _is_initial ? this.lrs : this.lrs.map((lr) => lr * gamma);
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { base_lrs, last_epoch, gamma } = this.values;
    return base_lrs.map((lr) => lr * gamma ** last_epoch);
  }
}

/** Options of {@linkcode PolynomialLR}. */
export interface PolynomialLROptions extends SchedulerOptions {
  /** In how many epochs the rate falls to 0. Default: 5. */
  totalIters?: number;
  /** The power. Default: 1. */
  power?: number;
}

/** The learning rate falls to 0 in `totalIters` epochs, by a power of what is left. */
export class PolynomialLR extends LRScheduler<{ total_iters: number; power: number }> {
  /** Falls to 0 in `totalIters` (5) epochs. */
  constructor(
    optimizer: Schedulable,
    ...args: Trailing<[totalIters: number, power: number, lastEpoch: number], PolynomialLROptions>
  ) {
    const options = named<PolynomialLROptions>("PolynomialLR", args, ["totalIters", "power", "lastEpoch"]);
    super(optimizer, { total_iters: options.totalIters ?? 5, power: options.power ?? 1 }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { last_epoch, total_iters, power, _is_initial } = this.values;
    if (_is_initial || last_epoch > total_iters) return this.lrs;
    const factor = ((1 - last_epoch / total_iters) / (1 - (last_epoch - 1) / total_iters)) ** power;
    return this.lrs.map((lr) => lr * factor);
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { base_lrs, last_epoch, total_iters, power } = this.values;
    return base_lrs.map((lr) => lr * (1 - Math.min(total_iters, last_epoch) / total_iters) ** power);
  }
}

/** Options of {@linkcode CosineAnnealingLR}. */
export interface CosineAnnealingLROptions extends SchedulerOptions {
  /** The lowest learning rate. Default: 0. */
  etaMin?: number;
}

/** The learning rate falls along half a cosine in `TMax` epochs (SGDR, https://arxiv.org/abs/1608.03983). */
export class CosineAnnealingLR extends LRScheduler<{ T_max: number; eta_min: number }> {
  /** Falls to `etaMin` (0) in `TMax` epochs. */
  constructor(
    optimizer: Schedulable,
    TMax: number,
    ...args: Trailing<[etaMin: number, lastEpoch: number], CosineAnnealingLROptions>
  ) {
    const options = named<CosineAnnealingLROptions>("CosineAnnealingLR", args, ["etaMin", "lastEpoch"]);
    super(optimizer, { T_max: TMax, eta_min: options.etaMin ?? 0 }, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { T_max, eta_min, base_lrs, last_epoch, _step_count, _is_initial } = this.values;
    if (_is_initial) return this.lrs;
    const at = (epoch: number): number => 1 + Math.cos(Math.PI * epoch / T_max);
    if (_step_count === 1 && last_epoch > 0) {
      return base_lrs.map((base) => eta_min + (base - eta_min) * at(last_epoch) / 2);
    }
    if ((last_epoch - 1 - T_max) % (2 * T_max) === 0) {
      return this.lrs.map((lr, i) => lr + (base_lrs[i] - eta_min) * (1 - Math.cos(Math.PI / T_max)) / 2);
    }
    return this.lrs.map((lr) => at(last_epoch) / at(last_epoch - 1) * (lr - eta_min) + eta_min);
  }

  /** @internal */
  protected override closedLrs(): number[] {
    const { T_max, eta_min, base_lrs, last_epoch } = this.values;
    return base_lrs.map((lr) => eta_min + (lr - eta_min) * (1 + Math.cos(Math.PI * last_epoch / T_max)) / 2);
  }
}

/** Options of {@linkcode CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions extends SchedulerOptions {
  /** How much longer each period is than the one before. Default: 1. */
  TMult?: number;
  /** The lowest learning rate. Default: 0. */
  etaMin?: number;
}

interface RestartValues {
  T_0: number;
  T_i: number;
  T_mult: number;
  eta_min: number;
  T_cur: number;
}

/** {@linkcode CosineAnnealingLR} that starts anew after each period (SGDR, https://arxiv.org/abs/1608.03983). */
export class CosineAnnealingWarmRestarts extends LRScheduler<RestartValues> {
  /** @throws {RangeError} When a period is not a positive integer. */
  constructor(
    optimizer: Schedulable,
    T0: number,
    ...args: Trailing<[TMult: number, etaMin: number, lastEpoch: number], CosineAnnealingWarmRestartsOptions>
  ) {
    const options = named<CosineAnnealingWarmRestartsOptions>("CosineAnnealingWarmRestarts", args, [
      "TMult",
      "etaMin",
      "lastEpoch",
    ]);
    const T_mult = options.TMult ?? 1;
    if (!(T0 > 0 && Number.isInteger(T0))) throw new RangeError(`Expected positive integer T_0, but got ${T0}`);
    if (!(T_mult >= 1 && Number.isInteger(T_mult))) {
      throw new RangeError(`Expected integer T_mult >= 1, but got ${T_mult}`);
    }
    const { etaMin = 0 } = options;
    if (typeof etaMin !== "number") {
      throw new TypeError(`Expected float or int eta_min, but got ${etaMin} of type ${kindOf(etaMin)}`);
    }
    const own = { T_0: T0, T_i: T0, T_mult, eta_min: etaMin, T_cur: options.lastEpoch ?? -1 };
    super(optimizer, own, options.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { base_lrs, eta_min, T_cur, T_i } = this.values;
    return base_lrs.map((lr) => eta_min + (lr - eta_min) * (1 + Math.cos(Math.PI * T_cur / T_i)) / 2);
  }

  /** Goes to the next epoch, or to any, which may be fractional. */
  override step(epoch?: number): void {
    const { values } = this;
    if (epoch === undefined && values.last_epoch < 0) epoch = 0;
    if (epoch === undefined) {
      epoch = values.last_epoch + 1;
      values.T_cur++;
      if (values.T_cur >= values.T_i) {
        values.T_cur %= values.T_i;
        values.T_i *= values.T_mult;
      }
    } else jump(values, epoch);
    this.update(Math.floor(epoch));
  }
}

function jump(values: RestartValues, epoch: number): void {
  const { T_0, T_mult } = values;
  if (epoch < 0) throw new RangeError(`Expected non-negative epoch, but got ${epoch}`);
  if (epoch < T_0) {
    values.T_i = T_0;
    values.T_cur = epoch;
  } else if (T_mult === 1) values.T_cur = epoch % T_0;
  else {
    const n = Math.floor(Math.log(epoch / T_0 * (T_mult - 1) + 1) / Math.log(T_mult));
    values.T_cur = epoch - T_0 * (T_mult ** n - 1) / (T_mult - 1);
    values.T_i = T_0 * T_mult ** n;
  }
}
