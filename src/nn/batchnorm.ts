/**
 * Batch and instance normalisation.
 *
 * @module
 */
import { called, type Trailing } from "../arguments.ts";
import { int64 } from "../dtype.ts";
import { formatFloat, formatValue } from "../format.ts";
import { batchNorm, instanceNorm } from "../ops/norm.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { blank, type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { ones_, zeros_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";
import type { Loading, StateDict } from "./state.ts";

/** Options of batch and instance normalisation. */
export interface BatchNormOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** The weight of the newest statistics; `null` averages them all. Default: 0.1. */
  momentum?: number | null;
  /** Whether there are a weight and a bias per channel. Default: true; for instance normalisation false. */
  affine?: boolean;
  /** Whether there is a bias, where there is a weight. Default: true. */
  bias?: boolean;
  /** Whether running statistics are kept, for evaluation. Default: true; for instance normalisation false. */
  trackRunningStats?: boolean;
}

/** The arguments after the number of features. */
export type BatchNormRest = Trailing<
  [eps: number, momentum: number | null, affine: boolean, trackRunningStats: boolean],
  BatchNormOptions
>;

/** Their names, in order. */
export const batchNormNames = ["eps", "momentum", "affine", "trackRunningStats"] as const;

/** The arguments of the normalisations. */
export type BatchNormArguments = [numFeatures: number, ...BatchNormRest] | [
  options: { numFeatures: number } & BatchNormOptions,
];

/** What the normalisations have. */
export abstract class NormLayer extends Module {
  /** The number of channels. */
  numFeatures: number;
  /** Added to the variance. */
  readonly eps: number;
  /** The weight of the newest statistics. */
  momentum: number | null;
  /** Whether there are a weight and a bias. */
  readonly affine: boolean;
  /** Whether running statistics are kept. */
  readonly trackRunningStats: boolean;
  /** `[numFeatures]`, or `null`. */
  weight: Parameter | null = null;
  /** `[numFeatures]`, or `null`. */
  bias: Parameter | null = null;
  /** `[numFeatures]`, a buffer. */
  declare running_mean: Tensor | null;
  /** `[numFeatures]`, a buffer. */
  declare running_var: Tensor | null;
  /** How many batches the statistics have seen, a buffer. */
  declare num_batches_tracked: Tensor | null;

  /** For the layers. */
  constructor(name: string, args: BatchNormArguments, otherwise: boolean) {
    super();
    const { numFeatures, ...o } = called<{ numFeatures: number } & BatchNormOptions>(
      name,
      args,
      ["numFeatures"],
      batchNormNames,
      ["bias", ...factoryOptions],
    );
    this.numFeatures = numFeatures;
    this.eps = o.eps ?? 1e-5;
    this.momentum = o.momentum === undefined ? 0.1 : o.momentum;
    this.affine = o.affine ?? otherwise;
    this.trackRunningStats = o.trackRunningStats ?? otherwise;
    if (this.affine) {
      this.weight = parameter([numFeatures], o);
      if (o.bias ?? true) this.bias = parameter([numFeatures], o);
    }
    const track = this.trackRunningStats;
    this.registerBuffer("running_mean", track ? blank([numFeatures], o) : null);
    this.registerBuffer("running_var", track ? blank([numFeatures], o) : null);
    this.registerBuffer("num_batches_tracked", track ? blank([], { ...o, dtype: int64 }) : null);
    this.resetParameters();
  }

  /** Forgets the running statistics. */
  resetRunningStats(): void {
    this.running_mean?.zero_();
    this.running_var?.fill_(1);
    this.num_batches_tracked?.zero_();
  }

  /** Sets weights to one, biases to zero, and forgets the running statistics. */
  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** State dicts from before PyTorch 0.4.1 do not count batches. @internal */
  override loadOwnState(state: StateDict, prefix: string, loading: Loading): void {
    const key = `${prefix}num_batches_tracked`, count = this.num_batches_tracked;
    super.loadOwnState(key in state || count === null ? state : { ...state, [key]: count }, prefix, loading);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const momentum = this.momentum === null ? "None" : formatFloat(this.momentum);
    return `${this.numFeatures}, eps=${formatFloat(this.eps)}, momentum=${momentum}, affine=${
      formatValue(this.affine)
    }, bias=${formatValue(this.bias !== null)}, track_running_stats=${formatValue(this.trackRunningStats)}`;
  }
}

/** What the batch normalisations have. */
export abstract class BatchNorm extends NormLayer {
  /** Which numbers of dimensions the input may have. */
  protected abstract readonly dims: readonly number[];

  /** For the layers. */
  constructor(name: string, args: BatchNormArguments) {
    super(name, args, true);
  }

  /** x normalised over all dimensions but the channels. */
  override forward(x: Tensor): Tensor {
    const { dims } = this;
    if (!dims.includes(x.ndim)) {
      throw new RangeError(`expected ${dims.map((d) => `${d}D`).join(" or ")} input (got ${x.ndim}D input)`);
    }
    let momentum = this.momentum ?? 0;
    if (this.training && this.trackRunningStats && this.num_batches_tracked !== null) {
      this.num_batches_tracked.add_(1);
      if (this.momentum === null) momentum = 1 / this.num_batches_tracked.item();
    }
    const batchStats = this.training || (this.running_mean === null && this.running_var === null);
    const keep = !this.training || this.trackRunningStats;
    const { running_mean: mean, running_var: variance, weight, bias, eps } = this;
    return batchNorm(x, keep ? mean : null, keep ? variance : null, weight, bias, batchStats, momentum, eps);
  }
}

/** Batch normalisation of `[batch, features]` or `[batch, features, length]` (Ioffe and Szegedy 2015). */
export class BatchNorm1d extends BatchNorm {
  /** The numbers of dimensions that an input may have. */
  protected override readonly dims: readonly number[] = [2, 3];

  /** `new BatchNorm1d(64)`. */
  constructor(...args: BatchNormArguments) {
    super("BatchNorm1d", args);
  }
}

/**
 * Batch normalisation of `[batch, features, height, width]` (Ioffe and Szegedy 2015).
 *
 * @example
 * ```ts
 * import { nn, randn } from "@raptorch/raptorch";
 * const y = new nn.BatchNorm2d(3)(randn(8, 3, 4, 4));
 * console.assert(Math.abs(y.mean().item()) < 1e-5);
 * ```
 */
export class BatchNorm2d extends BatchNorm {
  /** The numbers of dimensions that an input may have. */
  protected override readonly dims: readonly number[] = [4];

  /** `new BatchNorm2d(64)`. */
  constructor(...args: BatchNormArguments) {
    super("BatchNorm2d", args);
  }
}

/** Batch normalisation of `[batch, features, depth, height, width]` (Ioffe and Szegedy 2015). */
export class BatchNorm3d extends BatchNorm {
  /** The numbers of dimensions that an input may have. */
  protected override readonly dims: readonly number[] = [5];

  /** `new BatchNorm3d(64)`. */
  constructor(...args: BatchNormArguments) {
    super("BatchNorm3d", args);
  }
}

/** What the instance normalisations have. */
export abstract class InstanceNorm extends NormLayer {
  /** The number of dimensions of a batched input. */
  protected abstract readonly dims: number;

  /** For the layers. */
  constructor(name: string, args: BatchNormArguments) {
    super(name, args, false);
  }

  /** x with every channel of every sample normalised. */
  override forward(x: Tensor): Tensor {
    const { dims } = this;
    if (x.ndim !== dims && x.ndim !== dims - 1) {
      throw new RangeError(`expected ${dims - 1}D or ${dims}D input (got ${x.ndim}D input)`);
    }
    const channels = x.sizes[x.ndim - dims + 1];
    if (channels !== this.numFeatures && this.affine) {
      throw new RangeError(
        `expected input's size at dim=${
          x.ndim - dims + 1
        } to match num_features (${this.numFeatures}), but got: ${channels}.`,
      );
    }
    return x.ndim === dims ? normalise(this, x) : normalise(this, x.unsqueeze(0)).squeeze(0);
  }
}

function normalise(layer: InstanceNorm, x: Tensor): Tensor {
  const { running_mean: mean, running_var: variance, weight, bias, momentum, eps } = layer;
  const own = layer.training || !layer.trackRunningStats;
  return instanceNorm(x, mean, variance, weight, bias, own, momentum ?? 0, eps);
}

/** Instance normalisation of `[batch, features, length]` (Ulyanov et al. 2016). */
export class InstanceNorm1d extends InstanceNorm {
  /** The numbers of dimensions that an input may have. */
  protected override readonly dims: number = 3;

  /** `new InstanceNorm1d(64)`. */
  constructor(...args: BatchNormArguments) {
    super("InstanceNorm1d", args);
  }
}

/** Instance normalisation of `[batch, features, height, width]` (Ulyanov et al. 2016). */
export class InstanceNorm2d extends InstanceNorm {
  /** The numbers of dimensions that an input may have. */
  protected override readonly dims: number = 4;

  /** `new InstanceNorm2d(64)`. */
  constructor(...args: BatchNormArguments) {
    super("InstanceNorm2d", args);
  }
}

/** Instance normalisation of `[batch, features, depth, height, width]` (Ulyanov et al. 2016). */
export class InstanceNorm3d extends InstanceNorm {
  /** The numbers of dimensions that an input may have. */
  protected override readonly dims: number = 5;

  /** `new InstanceNorm3d(64)`. */
  constructor(...args: BatchNormArguments) {
    super("InstanceNorm3d", args);
  }
}

passesThrough(BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d);
