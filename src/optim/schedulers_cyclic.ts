/**
 * Schedulers that raise and lower the learning rate, and the momentum against it.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { LRScheduler, perGroup, type Schedulable, type ScheduledGroup, type SchedulerOptions } from "./scheduler.ts";
import type { SchedulerStateDict } from "./scheduler.ts";

function setMomentum(group: ScheduledGroup, useBeta1: boolean, momentum: number): void {
  if (useBeta1) group.betas = [momentum, group.betas![1]];
  else group.momentum = momentum;
}

/** Whether it is Adam's first beta that plays the momentum. */
function usesBeta1(optimizer: Schedulable): boolean {
  if (!("momentum" in optimizer.defaults) && !("betas" in optimizer.defaults)) {
    throw new Error("optimizer must support momentum or beta1 with `cycle_momentum` option enabled");
  }
  return "betas" in optimizer.defaults;
}

function startMomentum(optimizer: Schedulable, useBeta1: boolean, base: number[], max: number[]): void {
  optimizer.paramGroups.forEach((group, i) => {
    setMomentum(group, useBeta1, max[i]);
    group.maxMomentum = max[i];
    group.baseMomentum = base[i];
  });
}

/** Options of {@linkcode CyclicLR}. */
export interface CyclicLROptions extends SchedulerOptions {
  /** Steps of the rising half. Default: 2000. */
  stepSizeUp?: number;
  /** Steps of the falling half. Default: as the rising half. */
  stepSizeDown?: number;
  /** How the height changes: not, halved each cycle, or by `gamma` each step. Default: `"triangular"`. */
  mode?: "triangular" | "triangular2" | "exp_range";
  /** The factor of `"exp_range"`. Default: 1. */
  gamma?: number;
  /** The height by a function of the user's own; `mode` is then ignored. */
  scaleFn?: (x: number) => number;
  /** Whether `scaleFn` gets the number of the cycle or that of the step. Default: `"cycle"`. */
  scaleMode?: "cycle" | "iterations";
  /** Move the momentum against the learning rate. Default: true. */
  cycleMomentum?: boolean;
  /** The lowest momentum. Default: 0.8. */
  baseMomentum?: number | readonly number[];
  /** The highest momentum. Default: 0.9. */
  maxMomentum?: number | readonly number[];
}

interface CyclicValues {
  max_lrs: number[];
  total_size: number;
  step_ratio: number;
  mode: string;
  gamma: number;
  scale_mode: string;
  cycle_momentum: boolean;
  use_beta1?: boolean;
  base_momentums?: number[];
  max_momentums?: number[];
  _scale_fn_custom: ((x: number) => number) | null;
}

function heightOf(values: CyclicValues & { last_epoch: number }, cycle: number): number {
  const { mode, gamma, scale_mode, last_epoch, _scale_fn_custom } = values;
  const x = scale_mode === "cycle" ? cycle : last_epoch;
  if (_scale_fn_custom !== null) return _scale_fn_custom(x);
  return mode === "triangular" ? 1 : mode === "triangular2" ? 1 / 2 ** (x - 1) : gamma ** x;
}

/** The learning rate goes up and down between two bounds (https://arxiv.org/abs/1506.01186). Step after every batch. */
export class CyclicLR extends LRScheduler<CyclicValues> {
  /** @throws {RangeError} When the mode is unknown. */
  constructor(
    optimizer: Schedulable,
    baseLr: number | readonly number[],
    maxLr: number | readonly number[],
    ...args: Trailing<
      [
        stepSizeUp: CyclicLROptions["stepSizeUp"],
        stepSizeDown: CyclicLROptions["stepSizeDown"],
        mode: CyclicLROptions["mode"],
        gamma: CyclicLROptions["gamma"],
        scaleFn: CyclicLROptions["scaleFn"],
        scaleMode: CyclicLROptions["scaleMode"],
        cycleMomentum: CyclicLROptions["cycleMomentum"],
        baseMomentum: CyclicLROptions["baseMomentum"],
        maxMomentum: CyclicLROptions["maxMomentum"],
        lastEpoch: CyclicLROptions["lastEpoch"],
      ],
      CyclicLROptions
    >
  ) {
    const options = named<CyclicLROptions>("CyclicLR", args, [
      "stepSizeUp",
      "stepSizeDown",
      "mode",
      "gamma",
      "scaleFn",
      "scaleMode",
      "cycleMomentum",
      "baseMomentum",
      "maxMomentum",
      "lastEpoch",
    ]);
    const base = perGroup("base_lr", optimizer, baseLr), lastEpoch = options.lastEpoch ?? -1;
    if (lastEpoch === -1) optimizer.paramGroups.forEach((group, i) => group.lr = base[i]);
    const { mode = "triangular", stepSizeUp: up = 2000, stepSizeDown: down = up, cycleMomentum = true } = options;
    const custom = options.scaleFn ?? null;
    if (!["triangular", "triangular2", "exp_range"].includes(mode) && custom === null) {
      throw new RangeError("mode is invalid and scale_fn is None");
    }
    const own: CyclicValues = {
      max_lrs: perGroup("max_lr", optimizer, maxLr),
      total_size: up + down,
      step_ratio: up / (up + down),
      mode,
      gamma: options.gamma ?? 1,
      scale_mode: custom !== null ? options.scaleMode ?? "cycle" : mode === "exp_range" ? "iterations" : "cycle",
      cycle_momentum: cycleMomentum,
      _scale_fn_custom: custom,
    };
    if (cycleMomentum) {
      own.use_beta1 = usesBeta1(optimizer);
      own.base_momentums = perGroup("base_momentum", optimizer, options.baseMomentum ?? 0.8);
      own.max_momentums = perGroup("max_momentum", optimizer, options.maxMomentum ?? 0.9);
      if (lastEpoch === -1) startMomentum(optimizer, own.use_beta1, own.base_momentums, own.max_momentums);
    }
    super(optimizer, own, lastEpoch);
    this.values.base_lrs = base;
  }

  /** The learning rates of the present step. */
  override getLr(): number[] {
    const v = this.values, cycle = Math.floor(1 + v.last_epoch / v.total_size);
    const x = 1 + v.last_epoch / v.total_size - cycle;
    const factor = x <= v.step_ratio ? x / v.step_ratio : (x - 1) / (v.step_ratio - 1);
    const height = heightOf(v, cycle);
    if (v.cycle_momentum) {
      this.optimizer.paramGroups.forEach((group, i) => {
        const max = v.max_momentums![i];
        setMomentum(group, v.use_beta1!, max - (max - v.base_momentums![i]) * factor * height);
      });
    }
    return v.base_lrs.map((base, i) => base + (v.max_lrs[i] - base) * factor * height);
  }

  /** The state; a function of the user's own is not saved. */
  override stateDict(): SchedulerStateDict {
    return structuredClone({ ...this.values, _scale_fn_custom: null });
  }

  /** Takes over a state dict; a function of the user's own stays. */
  override loadStateDict(stateDict: SchedulerStateDict): void {
    const custom = this.values._scale_fn_custom;
    super.loadStateDict(stateDict);
    this.values._scale_fn_custom = custom;
  }
}

/** Options of {@linkcode OneCycleLR}: `totalSteps`, or `epochs` and `stepsPerEpoch`, must be given. */
export interface OneCycleLROptions extends SchedulerOptions {
  /** The number of steps. */
  totalSteps?: number;
  /** The number of epochs. */
  epochs?: number;
  /** The number of steps in each. */
  stepsPerEpoch?: number;
  /** The part of the steps in which the rate rises. Default: 0.3. */
  pctStart?: number;
  /** Along a cosine or a line. Default: `"cos"`. */
  annealStrategy?: "cos" | "linear";
  /** Move the momentum against the learning rate. Default: true. */
  cycleMomentum?: boolean;
  /** The lowest momentum. Default: 0.85. */
  baseMomentum?: number | readonly number[];
  /** The highest momentum. Default: 0.95. */
  maxMomentum?: number | readonly number[];
  /** The first rate is `maxLr` divided by this. Default: 25. */
  divFactor?: number;
  /** The last rate is the first one divided by this. Default: 1e4. */
  finalDivFactor?: number;
  /** Fall back to the first rate as fast as it rose, then to the last. Default: false. */
  threePhase?: boolean;
}

type LrBound = "initial_lr" | "max_lr" | "min_lr";
type MomentumBound = "max_momentum" | "base_momentum";

interface Phase {
  end_step: number;
  start_lr: LrBound;
  end_lr: LrBound;
  start_momentum: MomentumBound;
  end_momentum: MomentumBound;
}

interface OneCycleValues {
  total_steps: number;
  _schedule_phases: Phase[];
  _anneal_func_type: "cos" | "linear";
  cycle_momentum: boolean;
  use_beta1?: boolean;
}

function phases(total: number, start: number, three: boolean): Phase[] {
  const rise: Phase = {
    end_step: start * total - 1,
    start_lr: "initial_lr",
    end_lr: "max_lr",
    start_momentum: "max_momentum",
    end_momentum: "base_momentum",
  };
  const fall: Phase = {
    end_step: three ? 2 * start * total - 2 : total - 1,
    start_lr: "max_lr",
    end_lr: three ? "initial_lr" : "min_lr",
    start_momentum: "base_momentum",
    end_momentum: "max_momentum",
  };
  const end: Phase = {
    end_step: total - 1,
    start_lr: "initial_lr",
    end_lr: "min_lr",
    start_momentum: "max_momentum",
    end_momentum: "max_momentum",
  };
  return three ? [rise, fall, end] : [rise, fall];
}

function countSteps(options: OneCycleLROptions): number {
  const positive = (name: string, n: number): number => {
    if (!(n > 0 && Number.isInteger(n))) throw new RangeError(`Expected positive integer ${name}, but got ${n}`);
    return n;
  };
  if (options.totalSteps !== undefined) return positive("total_steps", options.totalSteps);
  if (options.epochs === undefined || options.stepsPerEpoch === undefined) {
    throw new TypeError("You must define either total_steps OR (epochs AND steps_per_epoch)");
  }
  return positive("epochs", options.epochs) * positive("steps_per_epoch", options.stepsPerEpoch);
}

/** The learning rate rises once and falls far below (https://arxiv.org/abs/1708.07120). Step after every batch. */
export class OneCycleLR extends LRScheduler<OneCycleValues> {
  /** @throws {RangeError} When an option is out of its range. */
  constructor(
    optimizer: Schedulable,
    maxLr: number | readonly number[],
    ...args: Trailing<
      [
        totalSteps: OneCycleLROptions["totalSteps"],
        epochs: OneCycleLROptions["epochs"],
        stepsPerEpoch: OneCycleLROptions["stepsPerEpoch"],
        pctStart: OneCycleLROptions["pctStart"],
        annealStrategy: OneCycleLROptions["annealStrategy"],
        cycleMomentum: OneCycleLROptions["cycleMomentum"],
        baseMomentum: OneCycleLROptions["baseMomentum"],
        maxMomentum: OneCycleLROptions["maxMomentum"],
        divFactor: OneCycleLROptions["divFactor"],
        finalDivFactor: OneCycleLROptions["finalDivFactor"],
        threePhase: OneCycleLROptions["threePhase"],
        lastEpoch: OneCycleLROptions["lastEpoch"],
      ],
      OneCycleLROptions
    >
  ) {
    const options = named<OneCycleLROptions>("OneCycleLR", args, [
      "totalSteps",
      "epochs",
      "stepsPerEpoch",
      "pctStart",
      "annealStrategy",
      "cycleMomentum",
      "baseMomentum",
      "maxMomentum",
      "divFactor",
      "finalDivFactor",
      "threePhase",
      "lastEpoch",
    ]);
    const total = countSteps(options), start = options.pctStart ?? 0.3, strategy = options.annealStrategy ?? "cos";
    if (!(start >= 0 && start <= 1)) throw new RangeError(`Expected float between 0 and 1 pct_start, but got ${start}`);
    if (strategy !== "cos" && strategy !== "linear") {
      throw new RangeError(`anneal_strategy must be one of 'cos' or 'linear', instead got ${strategy}`);
    }
    const highest = perGroup("max_lr", optimizer, maxLr), fresh = (options.lastEpoch ?? -1) === -1;
    if (fresh) {
      optimizer.paramGroups.forEach((group, i) => {
        group.initialLr = highest[i] / (options.divFactor ?? 25);
        group.maxLr = highest[i];
        group.minLr = group.initialLr / (options.finalDivFactor ?? 1e4);
      });
    }
    const own: OneCycleValues = {
      total_steps: total,
      _schedule_phases: phases(total, start, options.threePhase ?? false),
      _anneal_func_type: strategy,
      cycle_momentum: options.cycleMomentum ?? true,
    };
    if (own.cycle_momentum) {
      own.use_beta1 = usesBeta1(optimizer);
      const max = perGroup("max_momentum", optimizer, options.maxMomentum ?? 0.95);
      const base = perGroup("base_momentum", optimizer, options.baseMomentum ?? 0.85);
      if (fresh) startMomentum(optimizer, own.use_beta1, base, max);
    }
    super(optimizer, own, options.lastEpoch);
  }

  /** The learning rates of the present step. */
  override getLr(): number[] {
    const v = this.values, step = v.last_epoch, last = v._schedule_phases.length - 1;
    if (step > v.total_steps) {
      throw new Error(`Tried to step ${step} times. The specified number of total steps is ${v.total_steps}`);
    }
    const at = v._schedule_phases.findIndex((p, i) => step <= p.end_step || i === last), phase = v._schedule_phases[at];
    const begin = at === 0 ? 0 : v._schedule_phases[at - 1].end_step;
    const part = (step - begin) / (phase.end_step - begin);
    const between = (a: number, b: number): number =>
      v._anneal_func_type === "cos" ? b + (a - b) / 2 * (Math.cos(Math.PI * part) + 1) : (b - a) * part + a;
    return this.optimizer.paramGroups.map((group) => {
      const lr = { initial_lr: group.initialLr!, max_lr: group.maxLr!, min_lr: group.minLr! };
      if (v.cycle_momentum) {
        const momentum = { max_momentum: group.maxMomentum!, base_momentum: group.baseMomentum! };
        const now = between(momentum[phase.start_momentum], momentum[phase.end_momentum]);
        setMomentum(group, v.use_beta1!, now);
      }
      return between(lr[phase.start_lr], lr[phase.end_lr]);
    });
  }
}
