/**
 * Averages of weights over the steps of training, as `torch.optim.swa_utils`.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { noGrad } from "../autograd/mode.ts";
import { cpu, type DeviceLike, toDevice } from "../device.ts";
import { int64 } from "../dtype.ts";
import { empty } from "../make.ts";
import { BatchNorm } from "../nn/batchnorm.ts";
import { Module } from "../nn/module.ts";
import { Tensor } from "../tensor.ts";
import { LRScheduler, perGroup, type Schedulable, type SchedulerOptions } from "./scheduler.ts";

/** The new average from the present one, the model's value, and how many were averaged so far. */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: Tensor) => Tensor;

/** The same for lists of tensors, in place. */
export type MultiAvgFn = (averaged: readonly Tensor[], current: readonly Tensor[], numAveraged: Tensor) => void;

function checkDecay(decay: number): void {
  if (!(decay >= 0 && decay <= 1)) {
    throw new RangeError(`Invalid decay value ${decay} provided. Please provide a value in [0,1] range.`);
  }
}

/** An exponential moving average: decay·a + (1 − decay)·x. */
export function getEmaAvgFn(decay = 0.999): AvgFn {
  checkDecay(decay);
  return (averaged, current) => noGrad(() => averaged.mul(decay).add(current.mul(1 - decay)));
}

/** The equal average: a + (x − a) / (n + 1). */
export function getSwaAvgFn(): AvgFn {
  return (averaged, current, n) => noGrad(() => averaged.add(current.sub(averaged).div(n.item() + 1)));
}

/** {@linkcode getEmaAvgFn} for lists, in place. */
export function getEmaMultiAvgFn(decay = 0.999): MultiAvgFn {
  checkDecay(decay);
  return (averaged, current) =>
    noGrad(() =>
      averaged.forEach((a, i) => {
        if (a.isFloatingPoint()) a.lerp_(current[i], 1 - decay);
        else a.copy_(a.mul(decay).add(current[i].mul(1 - decay)));
      })
    );
}

/** {@linkcode getSwaAvgFn} for lists, in place. */
export function getSwaMultiAvgFn(): MultiAvgFn {
  return (averaged, current, n) =>
    noGrad(() =>
      averaged.forEach((a, i) => {
        const part = 1 / (n.item() + 1);
        if (a.isFloatingPoint()) a.lerp_(current[i], part);
        else a.copy_(a.add(current[i].sub(a).mul(part)));
      })
    );
}

/** Options of {@linkcode AveragedModel}. */
export interface AveragedModelOptions {
  /** Where the average is kept. Default: where the model is. */
  device?: DeviceLike | null;
  /** How one tensor is averaged. Default: equally. */
  avgFn?: AvgFn | null;
  /** How all tensors are averaged. Default: equally. */
  multiAvgFn?: MultiAvgFn | null;
  /** Whether buffers are averaged too, instead of copied. Default: false. */
  useBuffers?: boolean;
}

/**
 * A copy of a model whose weights are the average of the model's over its training: equally weighted (Izmailov et al. 2018)
 * or exponentially, with `multiAvgFn: getEmaMultiAvgFn(0.999)`.
 *
 * @example
 * ```ts
 * import { nn, noGrad, optim } from "@raptorch/raptorch";
 * const model = new nn.Linear(1, 1);
 * const averaged = new optim.swaUtils.AveragedModel(model);
 * for (const value of [1, 2, 3]) {
 *   noGrad(() => model.weight.fill_(value));
 *   averaged.updateParameters(model);
 * }
 * console.assert(averaged.module.weight.item() === 2);
 * ```
 */
export class AveragedModel<M extends Module = Module> extends Module {
  /** The averaged copy. */
  module: M;
  /** How often {@linkcode updateParameters} was called, a buffer. */
  declare n_averaged: Tensor;
  /** How one tensor is averaged. */
  readonly avgFn: AvgFn | null;
  /** How all tensors are averaged. */
  readonly multiAvgFn: MultiAvgFn | null;
  /** Whether buffers are averaged too. */
  readonly useBuffers: boolean;

  /**
   * `new AveragedModel(model, { multiAvgFn: getEmaMultiAvgFn(0.999) })`.
   *
   * @throws {Error} When both functions are given.
   */
  constructor(
    model: M,
    ...rest: Trailing<
      [device: DeviceLike | null, avgFn: AvgFn | null, multiAvgFn: MultiAvgFn | null, useBuffers: boolean],
      AveragedModelOptions
    >
  ) {
    super();
    const o = named<AveragedModelOptions>("AveragedModel", rest, ["device", "avgFn", "multiAvgFn", "useBuffers"]);
    this.avgFn = o.avgFn ?? null;
    this.multiAvgFn = o.multiAvgFn ?? null;
    this.useBuffers = o.useBuffers ?? false;
    if (this.avgFn !== null && this.multiAvgFn !== null) {
      throw new Error("Only one of avg_fn and multi_avg_fn should be provided");
    }
    this.module = model.deepcopy();
    const device = o.device ?? null;
    if (device !== null) this.module.to({ device });
    this.registerBuffer("n_averaged", empty([], int64, device === null ? cpu : toDevice(device)).fill_(0));
  }

  /** The averaged model's output. */
  override forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    // The module is called with what its own forward takes.
    return (this.module as unknown as (...args: unknown[]) => ReturnType<M["forward"]>)(...args);
  }

  /** Takes the model's present weights into the average; the first time they are copied. */
  updateParameters(model: Module): void {
    const listed = (m: Module): Tensor[] => [...m.parameters(), ...(this.useBuffers ? m.buffers() : [])];
    noGrad(() => {
      const averaged = listed(this.module).map((p) => p.detach());
      const current = listed(model).map((p, i) => p.detach().to(averaged[i].device));
      const { n_averaged: n, avgFn } = this;
      if (n.item() === 0) averaged.forEach((a, i) => a.copy_(current[i]));
      else if (avgFn === null) (this.multiAvgFn ?? getSwaMultiAvgFn())(averaged, current, n);
      else averaged.forEach((a, i) => a.copy_(avgFn(a, current[i], n)));
      if (!this.useBuffers) {
        const buffers = [...model.buffers()];
        [...this.module.buffers()].forEach((b, i) => b.detach().copy_(buffers[i].detach().to(b.device)));
      }
      n.add_(1);
    });
  }
}

/**
 * Computes the running statistics of a model's batch normalisations anew, from one pass over a loader of inputs (or of
 * lists whose first element is the input).
 */
export function updateBn(
  loader: Iterable<unknown>,
  model: Module & ((x: Tensor) => unknown),
  device: DeviceLike | null = null,
): void {
  const momenta = new Map<BatchNorm, number | null>();
  for (const module of model.modules()) {
    if (!(module instanceof BatchNorm)) continue;
    module.resetRunningStats();
    momenta.set(module, module.momentum);
  }
  if (momenta.size === 0) return;
  const { training } = model;
  model.train();
  for (const module of momenta.keys()) module.momentum = null;
  noGrad(() => {
    for (const batch of loader) {
      const x = Array.isArray(batch) ? batch[0] : batch;
      if (!(x instanceof Tensor)) throw new TypeError(`update_bn: expected batches of tensors, got ${typeof x}`);
      model(device === null ? x : x.to({ device }));
    }
  });
  for (const [module, momentum] of momenta) module.momentum = momentum;
  model.train(training);
}

/** Options of {@linkcode SWALR}. */
export interface SWALROptions extends SchedulerOptions {
  /** How many epochs the way to the new learning rate takes. Default: 10. */
  annealEpochs?: number;
  /** The way: along a cosine or straight. Default: `"cos"`. */
  annealStrategy?: "cos" | "linear";
}

/** What {@linkcode SWALR} remembers. */
export interface SWALRValues {
  /** How many epochs the way takes. */
  anneal_epochs: number;
  /** The way. */
  _anneal_strategy: "cos" | "linear";
}

/** Brings the learning rates to a fixed value, for {@linkcode AveragedModel}. */
export class SWALR extends LRScheduler<SWALRValues> {
  /** `new SWALR(optimizer, 0.05)`; one learning rate, or one per group. */
  constructor(
    optimizer: Schedulable,
    swaLr: number | readonly number[],
    ...rest: Trailing<
      [annealEpochs: number, annealStrategy: "cos" | "linear", lastEpoch: number],
      SWALROptions
    >
  ) {
    const o = named<SWALROptions>("SWALR", rest, ["annealEpochs", "annealStrategy", "lastEpoch"]);
    const { annealEpochs = 10, annealStrategy = "cos" } = o;
    if (annealStrategy !== "cos" && annealStrategy !== "linear") {
      throw new TypeError(`anneal_strategy must be one of 'cos' or 'linear', instead got ${annealStrategy}`);
    }
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0) {
      throw new RangeError(`anneal_epochs must be equal or greater than 0, got ${annealEpochs}`);
    }
    const rates = perGroup("swa_lr", optimizer, swaLr);
    optimizer.paramGroups.forEach((group, i) => group.swaLr = rates[i]);
    super(optimizer, { anneal_epochs: annealEpochs, _anneal_strategy: annealStrategy }, o.lastEpoch);
  }

  /** The learning rates of the present epoch. */
  override getLr(): number[] {
    const { anneal_epochs: epochs, _anneal_strategy: strategy, _step_count: count } = this.values;
    const alpha = (step: number): number => {
      const t = Math.max(0, Math.min(1, step / Math.max(1, epochs)));
      return strategy === "cos" ? (1 - Math.cos(Math.PI * t)) / 2 : t;
    };
    const step = epochs === 0 ? Math.max(1, count - 1) : count - 1;
    const before = alpha(step - 1), now = alpha(step);
    return this.optimizer.paramGroups.map(({ lr, swaLr }) => {
      const start = before === 1 ? swaLr! : (lr - before * swaLr!) / (1 - before);
      return swaLr! * now + start * (1 - now);
    });
  }
}
