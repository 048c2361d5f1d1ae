/**
 * What every learning-rate scheduler has.
 *
 * @module
 */
import { kindOf } from "../check.ts";
import type { Tensor } from "../tensor.ts";
import type { GroupExtras } from "./group.ts";

/** A group as schedulers see it. */
export interface ScheduledGroup extends GroupExtras {
  /** The learning rate, which schedulers write. */
  lr: number;
  /** The tensors of the group. */
  params: Tensor[];
  /** The momentum, which CyclicLR and OneCycleLR write. */
  momentum?: number;
  /** Adam's betas, whose first they write. */
  betas?: [number, number];
}

/** An optimizer as schedulers see it. */
export interface Schedulable {
  /** The groups. */
  readonly paramGroups: ScheduledGroup[];
  /** The options of groups. */
  readonly defaults: object;
  /** Whether it has stepped yet. */
  readonly stepped: boolean;
}

/** Options of every scheduler. */
export interface SchedulerOptions {
  /** The last epoch, when resuming. Default: -1, from the beginning. */
  lastEpoch?: number;
}

/** A scheduler's state as a checkpoint holds it, with PyTorch's names. */
export type SchedulerStateDict = Record<string, unknown>;

/** What every scheduler remembers, with PyTorch's names. */
export interface SchedulerValues {
  /** The learning rates that it started from. */
  base_lrs: number[];
  /** The number of the epoch. */
  last_epoch: number;
  /** How often `step` was called, at construction included. */
  _step_count: number;
  /** Whether the step of the construction is under way. */
  _is_initial: boolean;
  /** Kept for PyTorch's state dicts. */
  _get_lr_called_within_step: boolean;
  /** The learning rates as last set. */
  _last_lr: number[];
}

/**
 * Checks that a scheduler was given an optimizer.
 *
 * @throws {TypeError} When it was given something else.
 */
export function checkOptimizer(optimizer: Schedulable): void {
  if (!Array.isArray(optimizer?.paramGroups)) throw new TypeError(`${kindOf(optimizer)} is not an Optimizer`);
}

/** A number per group, from one for all or a list. */
export function perGroup(name: string, optimizer: Schedulable, value: number | readonly number[]): number[] {
  const groups = optimizer.paramGroups.length;
  if (typeof value === "number") return new Array<number>(groups).fill(value);
  if (value.length !== groups) {
    throw new RangeError(
      `${name} must have the same length as optimizer.param_groups. ${name} has ${value.length} values, param_groups has ` +
        `${groups}.`,
    );
  }
  return [...value];
}

/** The base class of schedulers; `V` is what they remember beside {@linkcode SchedulerValues}. */
export abstract class LRScheduler<V extends object = object> {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Schedulable;
  /** The state, with PyTorch's names. @internal */
  readonly values: V & SchedulerValues;

  /** Sets the first learning rates. */
  constructor(optimizer: Schedulable, own: V, lastEpoch = -1) {
    checkOptimizer(optimizer);
    this.optimizer = optimizer;
    optimizer.paramGroups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined) {
        throw new Error(
          `param 'initial_lr' is not specified in param_groups[${i}] when resuming scheduler with last_epoch >= 0.`,
        );
      }
    });
    this.values = {
      ...own,
      base_lrs: optimizer.paramGroups.map((g) => g.initialLr!),
      last_epoch: lastEpoch,
      _step_count: 0,
      _is_initial: false,
      _get_lr_called_within_step: false,
      _last_lr: [],
    };
    this.initialStep();
  }

  /** @internal */
  initialStep(): void {
    this.values._step_count = 0;
    this.values._is_initial = true;
    try {
      this.step();
    } finally {
      this.values._is_initial = false;
    }
  }

  /** The number of the epoch. */
  get lastEpoch(): number {
    return this.values.last_epoch;
  }

  /** The learning rates as last set, one per group. */
  getLastLr(): number[] {
    return [...this.values._last_lr];
  }

  /** The learning rates of the present epoch, one per group. */
  abstract getLr(): number[];

  /** The current learning rates. @internal */
  protected get lrs(): number[] {
    return this.optimizer.paramGroups.map((g) => g.lr);
  }

  /** Goes to the next epoch, or to `epoch`, which PyTorch calls deprecated. */
  step(epoch?: number): void {
    const { values } = this;
    if (values._step_count === 1 && !this.optimizer.stepped) {
      console.warn(
        "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: " +
          "`optimizer.step()` before `lr_scheduler.step()`. Failure to do this skips the first value of the learning rate " +
          "schedule.",
      );
    }
    values._step_count++;
    if (epoch === undefined) this.update(values.last_epoch + 1);
    else this.goTo(epoch);
  }

  /** Sets the learning rates of an epoch. @internal */
  update(epoch: number): void {
    this.values.last_epoch = epoch;
    this.setLrs(this.getLr());
  }

  /** @internal */
  protected setLrs(lrs: readonly number[]): void {
    this.optimizer.paramGroups.forEach((group, i) => group.lr = lrs[i]);
    this.values._last_lr = this.lrs;
  }

  /** Begins at epoch 0, whatever was before: a part of a SequentialLR. @internal */
  restart(): void {
    this.goTo(0);
  }

  /** Goes to any epoch. @internal */
  goTo(epoch: number): void {
    this.values.last_epoch = epoch;
    this.setLrs(this.closedLrs());
  }

  /** The learning rates of the present epoch from those that the scheduler started from, where there is a formula. @internal */
  protected closedLrs(): number[] {
    return this.getLr();
  }

  /** Takes back the step of the construction. @internal */
  undo(): void {
    this.values.last_epoch--;
  }

  /** The state as a plain object with PyTorch's names. */
  stateDict(): SchedulerStateDict {
    return structuredClone(this.values) as unknown as SchedulerStateDict;
  }

  /** Takes over a state dict, of PyTorch's or of {@linkcode stateDict}. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    Object.assign(this.values, structuredClone(stateDict));
  }
}
