/**
 * Schedulers made of schedulers, and the one that watches a metric.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import {
  checkOptimizer,
  type LRScheduler,
  type Schedulable,
  type SchedulerOptions,
  type SchedulerStateDict,
} from "./scheduler.ts";

/** What a combined scheduler is made of. */
export type Combinable = LRScheduler | SequentialLR | ChainedScheduler;

function checkParts(name: string, optimizer: Schedulable, parts: readonly unknown[]): void {
  if (parts.length < 1) {
    const what = name === "ChainedScheduler" ? "at least one scheduler to be chained" : "at least one scheduler";
    throw new RangeError(`${name} expects ${what}, but got no scheduler.`);
  }
  parts.forEach((part, i) => {
    if (part instanceof ReduceLROnPlateau) {
      throw new TypeError(
        `${name} does not support \`ReduceLROnPlateau\` scheduler as it requires additional kwargs to be specified when ` +
          `calling \`step\`, but got one at index ${i} in the given schedulers sequence.`,
      );
    }
    if ((part as Combinable).optimizer !== optimizer) {
      throw new Error(
        `${name} expects all schedulers to belong to the same optimizer, but got scheduler ` +
          `${(part as object).constructor.name} at index ${i} has ${
            (part as Combinable).optimizer
          }, which is different from ` +
          `${optimizer.constructor.name}.`,
      );
    }
  });
}

function restore(parts: readonly Combinable[], saved: unknown): void {
  (saved as SchedulerStateDict[]).forEach((dict, i) => parts[i].loadStateDict(dict));
}

/** Schedulers one after the other: the next one begins at each milestone. */
export class SequentialLR {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Schedulable;
  #epoch: number;
  #milestones: number[];
  #last: number[];
  readonly #parts: readonly Combinable[];

  /** @throws {RangeError} When there is not one scheduler more than milestones. */
  constructor(
    optimizer: Schedulable,
    schedulers: readonly Combinable[],
    milestones: readonly number[],
    ...args: Trailing<[lastEpoch: number], SchedulerOptions>
  ) {
    const options = named<SchedulerOptions>("SequentialLR", args, ["lastEpoch"]);
    checkParts("SequentialLR", optimizer, schedulers);
    if (milestones.length !== schedulers.length - 1) {
      throw new RangeError(
        "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, " +
          `but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${milestones.length}`,
      );
    }
    this.optimizer = optimizer;
    this.#parts = schedulers;
    this.#milestones = [...milestones];
    this.#epoch = (options.lastEpoch ?? -1) + 1;
    for (const group of optimizer.paramGroups) group.lr = group.initialLr!;
    this.undo();
    const first = this.#parts[this.#index(0)];
    first.initialStep();
    this.#last = first.getLastLr();
  }

  #index(epoch: number): number {
    return this.#milestones.filter((m) => m <= epoch).length;
  }

  /** Takes back the steps of the parts' construction. @internal */
  undo(): void {
    for (const part of this.#parts) part.undo();
  }
  /** @internal */
  initialStep(): void {
    this.#parts[this.#index(0)].initialStep();
  }
  /** @internal */
  restart(): void {
    this.#epoch = 0;
    this.#parts[this.#index(0)].restart();
  }

  /** The number of the epoch. */
  get lastEpoch(): number {
    return this.#epoch;
  }

  /** Goes to the next epoch. */
  step(): void {
    const at = this.#index(++this.#epoch), part = this.#parts[at];
    if (at > 0 && this.#milestones[at - 1] === this.#epoch) part.restart();
    else part.step();
    this.#last = part.getLastLr();
  }

  /** The learning rates as last set. */
  getLastLr(): number[] {
    return [...this.#last];
  }

  /** The state, with that of the parts. */
  stateDict(): SchedulerStateDict {
    return {
      _milestones: [...this.#milestones],
      last_epoch: this.#epoch,
      _last_lr: [...this.#last],
      _schedulers: this.#parts.map((p) => p.stateDict()),
    };
  }

  /** Takes over a state dict. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    this.#milestones = [...stateDict._milestones as number[]];
    this.#epoch = stateDict.last_epoch as number;
    this.#last = [...stateDict._last_lr as number[]];
    restore(this.#parts, stateDict._schedulers);
  }
}

/** Options of {@linkcode ChainedScheduler}. */
export interface ChainedOptions {
  /** The optimizer. Default: the schedulers'. */
  optimizer?: Schedulable;
}

/** Schedulers that all step together. */
export class ChainedScheduler {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Schedulable;
  #last: number[];
  readonly #parts: readonly Combinable[];

  /** `optimizer` defaults to the schedulers'. */
  constructor(schedulers: readonly Combinable[], ...args: Trailing<[optimizer: Schedulable], ChainedOptions>) {
    this.optimizer = named<ChainedOptions>("ChainedScheduler", args, ["optimizer"]).optimizer ??
      schedulers[0]?.optimizer;
    checkParts("ChainedScheduler", this.optimizer, schedulers);
    this.#parts = schedulers;
    this.#last = this.optimizer.paramGroups.map((g) => g.lr);
  }

  /** @internal */
  undo(): void {
    for (const part of this.#parts) part.undo();
  }
  /** @internal */
  initialStep(): void {
    // As in PyTorch, where the parts do not know that this step is the first.
    this.step();
  }
  /** @internal */
  restart(): void {
    for (const part of this.#parts) part.restart();
    this.#last = this.optimizer.paramGroups.map((g) => g.lr);
  }

  /** Goes to the next epoch. */
  step(): void {
    for (const part of this.#parts) part.step();
    this.#last = this.optimizer.paramGroups.map((g) => g.lr);
  }

  /** The learning rates as last set. */
  getLastLr(): number[] {
    return [...this.#last];
  }

  /** The state, with that of the parts. */
  stateDict(): SchedulerStateDict {
    return { _last_lr: [...this.#last], _schedulers: this.#parts.map((p) => p.stateDict()) };
  }

  /** Takes over a state dict. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    this.#last = [...stateDict._last_lr as number[]];
    restore(this.#parts, stateDict._schedulers);
  }
}

/** Options of {@linkcode ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether a lower (`"min"`) or a higher metric is better. Default: `"min"`. */
  mode?: "min" | "max";
  /** The factor of the learning rate. Default: 0.1. */
  factor?: number;
  /** How many epochs without improvement are allowed. Default: 10. */
  patience?: number;
  /** What counts as an improvement. Default: 1e-4. */
  threshold?: number;
  /** Whether the threshold is relative to the best or absolute. Default: `"rel"`. */
  thresholdMode?: "rel" | "abs";
  /** How many epochs to wait after a reduction. Default: 0. */
  cooldown?: number;
  /** The lowest learning rate, one for all or one per group. Default: 0. */
  minLr?: number | readonly number[];
  /** Smaller changes are not made. Default: 1e-8. */
  eps?: number;
}

/** Lowers the learning rate when a metric has stopped improving. */
export class ReduceLROnPlateau {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Schedulable;
  /** The state, with PyTorch's names. @internal */
  readonly values: {
    factor: number;
    default_min_lr: number | null;
    min_lrs: number[];
    patience: number;
    cooldown: number;
    eps: number;
    last_epoch: number;
    _last_lr: number[];
    mode_worse: number;
    mode: "min" | "max";
    threshold: number;
    threshold_mode: "rel" | "abs";
    best: number;
    cooldown_counter: number;
    num_bad_epochs: number;
  };

  /** @throws {RangeError} When the factor is not below 1, or a mode is unknown. */
  constructor(
    optimizer: Schedulable,
    ...args: Trailing<
      [
        mode: ReduceLROnPlateauOptions["mode"],
        factor: ReduceLROnPlateauOptions["factor"],
        patience: ReduceLROnPlateauOptions["patience"],
        threshold: ReduceLROnPlateauOptions["threshold"],
        thresholdMode: ReduceLROnPlateauOptions["thresholdMode"],
        cooldown: ReduceLROnPlateauOptions["cooldown"],
        minLr: ReduceLROnPlateauOptions["minLr"],
        eps: ReduceLROnPlateauOptions["eps"],
      ],
      ReduceLROnPlateauOptions
    >
  ) {
    const options = named<ReduceLROnPlateauOptions>("ReduceLROnPlateau", args, [
      "mode",
      "factor",
      "patience",
      "threshold",
      "thresholdMode",
      "cooldown",
      "minLr",
      "eps",
    ]);
    const { mode = "min", factor = 0.1, thresholdMode = "rel", minLr = 0 } = options;
    if (factor >= 1) throw new RangeError("Factor should be < 1.0.");
    if (mode !== "min" && mode !== "max") throw new RangeError(`mode ${mode} is unknown!`);
    if (thresholdMode !== "rel" && thresholdMode !== "abs") {
      throw new RangeError(`threshold mode ${thresholdMode} is unknown!`);
    }
    checkOptimizer(optimizer);
    const groups = optimizer.paramGroups.length;
    if (typeof minLr !== "number" && minLr.length !== groups) {
      throw new RangeError(`expected ${groups} min_lrs, got ${minLr.length}`);
    }
    this.optimizer = optimizer;
    const worse = mode === "min" ? Infinity : -Infinity;
    this.values = {
      factor,
      default_min_lr: typeof minLr === "number" ? minLr : null,
      min_lrs: typeof minLr === "number" ? new Array<number>(groups).fill(minLr) : [...minLr],
      patience: options.patience ?? 10,
      cooldown: options.cooldown ?? 0,
      eps: options.eps ?? 1e-8,
      last_epoch: 0,
      _last_lr: optimizer.paramGroups.map((g) => g.lr),
      mode_worse: worse,
      mode,
      threshold: options.threshold ?? 1e-4,
      threshold_mode: thresholdMode,
      best: worse,
      cooldown_counter: 0,
      num_bad_epochs: 0,
    };
  }

  /** Goes to the next epoch, whose metric was `metrics`. */
  step(metrics: number | Tensor): void {
    const v = this.values, current = typeof metrics === "number" ? metrics : metrics.item();
    v.last_epoch++;
    if (this.#better(current)) {
      v.best = current;
      v.num_bad_epochs = 0;
    } else v.num_bad_epochs++;
    if (v.cooldown_counter > 0) {
      v.cooldown_counter--;
      v.num_bad_epochs = 0;
    }
    if (v.num_bad_epochs > v.patience) {
      this.#reduce();
      v.cooldown_counter = v.cooldown;
      v.num_bad_epochs = 0;
    }
    v._last_lr = this.optimizer.paramGroups.map((g) => g.lr);
  }

  #better(current: number): boolean {
    const { mode, threshold, threshold_mode, best } = this.values;
    if (mode === "min") return current < (threshold_mode === "rel" ? best * (1 - threshold) : best - threshold);
    return current > (threshold_mode === "rel" ? best * (threshold + 1) : best + threshold);
  }

  #reduce(): void {
    const v = this.values, groups = this.optimizer.paramGroups;
    if (groups.length !== v.min_lrs.length) {
      if (v.default_min_lr === null) {
        throw new Error(
          `The number of param groups in the \`optimizer\` (${groups.length}) differs from when \`ReduceLROnPlateau\` was ` +
            `initialized (${v.min_lrs.length}), usually due to a new param group being added to the optimizer.`,
        );
      }
      v.min_lrs = new Array<number>(groups.length).fill(v.default_min_lr);
    }
    groups.forEach((group, i) => {
      const lr = Math.max(group.lr * v.factor, v.min_lrs[i]);
      if (group.lr - lr > v.eps) group.lr = lr;
    });
  }

  /** The number of the epoch. */
  get lastEpoch(): number {
    return this.values.last_epoch;
  }

  /** The learning rates as last set. */
  getLastLr(): number[] {
    return [...this.values._last_lr];
  }

  /** The state as a plain object with PyTorch's names. */
  stateDict(): SchedulerStateDict {
    return structuredClone(this.values) as unknown as SchedulerStateDict;
  }

  /** Takes over a state dict. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    Object.assign(this.values, structuredClone(stateDict));
  }
}
