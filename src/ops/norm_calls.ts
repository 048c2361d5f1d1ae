/**
 * Normalisation as users call it.
 *
 * @module
 */
import { type Arguments, inOrder, named, type Trailing } from "../arguments.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as norm from "./norm.ts";

/** Options of {@linkcode batchNorm}. */
export interface BatchNormCallOptions {
  /** A factor per channel. Default: none. */
  weight?: Tensor | null;
  /** Added per channel. Default: none. */
  bias?: Tensor | null;
  /** Whether the batch's statistics are used, and the running ones updated. Default: false. */
  training?: boolean;
  /** The weight of the newest statistics. Default: 0.1. */
  momentum?: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
}

/** Batch normalisation of x `[batch, channels, …]` by the given or, in training, by its own statistics. */
export function batchNorm(
  x: Tensor,
  ...given: Arguments<
    [runningMean: Tensor | null, runningVar: Tensor | null],
    [weight: Tensor | null, bias: Tensor | null, training: boolean, momentum: number, eps: number],
    { runningMean: Tensor | null; runningVar: Tensor | null },
    BatchNormCallOptions
  >
): Tensor {
  const [runningMean, runningVar, ...rest] = inOrder("batch_norm", given, ["runningMean", "runningVar"]);
  const names = ["weight", "bias", "training", "momentum", "eps"] as const;
  const o = named<BatchNormCallOptions>("batch_norm", rest, names);
  const { weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = o;
  return norm.batchNorm(x, runningMean, runningVar, weight, bias, training, momentum, eps);
}

/** Options of {@linkcode instanceNorm}. */
export interface InstanceNormOptions extends Omit<BatchNormCallOptions, "training"> {
  /** The running mean. Default: none. */
  runningMean?: Tensor | null;
  /** The running variance. Default: none. */
  runningVar?: Tensor | null;
  /** Whether the input's own statistics are used. Default: true. */
  useInputStats?: boolean;
}

/** Normalises every channel of every sample of x `[batch, channels, …]`. */
export function instanceNorm(
  x: Tensor,
  ...rest: Trailing<
    [
      runningMean: Tensor | null,
      runningVar: Tensor | null,
      weight: Tensor | null,
      bias: Tensor | null,
      useInputStats: boolean,
      momentum: number,
      eps: number,
    ],
    InstanceNormOptions
  >
): Tensor {
  const names = ["runningMean", "runningVar", "weight", "bias", "useInputStats", "momentum", "eps"] as const;
  const o = named<InstanceNormOptions>("instance_norm", rest, names);
  const { runningMean = null, runningVar = null, weight = null, bias = null, useInputStats = true } = o;
  return norm.instanceNorm(
    x,
    runningMean,
    runningVar,
    weight,
    bias,
    useInputStats,
    o.momentum ?? 0.1,
    o.eps ?? 1e-5,
  );
}

/** Options of {@linkcode layerNorm}. */
export interface LayerNormOptions {
  /** A factor per element of the shape. Default: none. */
  weight?: Tensor | null;
  /** Added per element of the shape. Default: none. */
  bias?: Tensor | null;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
}

/** Normalises over the last dimensions, whose sizes are `normalizedShape` (Ba et al. 2016). */
export function layerNorm(
  x: Tensor,
  ...given: Arguments<
    [normalizedShape: number | Sizes],
    [weight: Tensor | null, bias: Tensor | null, eps: number],
    { normalizedShape: number | Sizes },
    LayerNormOptions
  >
): Tensor {
  const [normalizedShape, ...rest] = inOrder("layer_norm", given, ["normalizedShape"]);
  const { weight = null, bias = null, eps = 1e-5 } = named<LayerNormOptions>("layer_norm", rest, [
    "weight",
    "bias",
    "eps",
  ]);
  return norm.layerNorm(x, shapeOf(normalizedShape), weight, bias, eps);
}

function shapeOf(shape: number | Sizes): Sizes {
  return typeof shape === "number" ? [shape] : shape;
}

/** Options of {@linkcode rmsNorm}. */
export interface RMSNormOptions {
  /** A factor per element of the shape. Default: none. */
  weight?: Tensor | null;
  /** Added to the mean square. Default: the type's machine epsilon. */
  eps?: number | null;
}

/** Divides by the root of the mean square over the last dimensions (Zhang and Sennrich 2019). */
export function rmsNorm(
  x: Tensor,
  ...given: Arguments<
    [normalizedShape: number | Sizes],
    [weight: Tensor | null, eps: number | null],
    { normalizedShape: number | Sizes },
    RMSNormOptions
  >
): Tensor {
  const [normalizedShape, ...rest] = inOrder("rms_norm", given, ["normalizedShape"]);
  const { weight = null, eps = null } = named<RMSNormOptions>("rms_norm", rest, ["weight", "eps"]);
  return norm.rmsNorm(x, shapeOf(normalizedShape), weight, eps);
}

/** Options of {@linkcode groupNorm}. */
export interface GroupNormOptions {
  /** A factor per channel. Default: none. */
  weight?: Tensor | null;
  /** Added per channel. Default: none. */
  bias?: Tensor | null;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
}

/** Normalises x `[batch, channels, …]` over groups of channels (Wu and He 2018). */
export function groupNorm(
  x: Tensor,
  ...given: Arguments<
    [numGroups: number],
    [weight: Tensor | null, bias: Tensor | null, eps: number],
    { numGroups: number },
    GroupNormOptions
  >
): Tensor {
  const [numGroups, ...rest] = inOrder("group_norm", given, ["numGroups"]);
  const { weight = null, bias = null, eps = 1e-5 } = named<GroupNormOptions>("group_norm", rest, [
    "weight",
    "bias",
    "eps",
  ]);
  return norm.groupNorm(x, numGroups, weight, bias, eps);
}
