/**
 * Pooling as users call it.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { tuple } from "../check.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import {
  adaptiveAvgPool,
  adaptiveMaxPool,
  adaptiveSizes,
  avgPool,
  maxPool,
  type MaxPooled,
  maxUnpool,
  type PoolGeometry,
} from "./pool.ts";

/** Options of {@linkcode maxPool1d}, {@linkcode maxPool2d} and {@linkcode maxPool3d}. */
export interface MaxPoolOptions {
  /** Steps of the window. Default: the window's size. */
  stride?: IntOrTuple | null;
  /** Positions around the image, that never win. Default: 0. */
  padding?: IntOrTuple;
  /** Distance of the window's elements. Default: 1. */
  dilation?: IntOrTuple;
  /** Whether a last window may reach over the end. Default: false. */
  ceilMode?: boolean;
  /** Whether to return `[y, indices]`. Default: false. */
  returnIndices?: boolean;
}

/** The positional arguments after the kernel size. */
export type MaxPoolArguments = Trailing<
  [stride: IntOrTuple | null, padding: IntOrTuple, dilation: IntOrTuple, ceilMode: boolean, returnIndices: boolean],
  MaxPoolOptions
>;

/** Options of {@linkcode avgPool1d}, {@linkcode avgPool2d} and {@linkcode avgPool3d}. */
export interface AvgPoolOptions {
  /** Steps of the window. Default: the window's size. */
  stride?: IntOrTuple | null;
  /** Zeros around the image. Default: 0. */
  padding?: IntOrTuple;
  /** Whether a last window may reach over the end. Default: false. */
  ceilMode?: boolean;
  /** Whether the padding counts in the mean. Default: true. */
  countIncludePad?: boolean;
  /** Divides instead of the window's size. Default: none. */
  divisorOverride?: number | null;
}

/** The positional arguments after the kernel size. */
export type AvgPoolArguments = Trailing<
  [
    stride: IntOrTuple | null,
    padding: IntOrTuple,
    ceilMode: boolean,
    countIncludePad: boolean,
    divisorOverride: number | null,
  ],
  AvgPoolOptions
>;

/** An output size of adaptive pooling: one number for all dimensions or one for each, `null` to keep a dimension. */
export type AdaptiveSize = number | null | readonly (number | null)[];

/** Options of adaptive maximum pooling. */
export interface AdaptiveMaxPoolOptions {
  /** Whether to return `[y, indices]`. Default: false. */
  returnIndices?: boolean;
}

/** Options of {@linkcode maxUnpool1d}, {@linkcode maxUnpool2d} and {@linkcode maxUnpool3d}. */
export interface MaxUnpoolOptions {
  /** Steps of the window. Default: the window's size. */
  stride?: IntOrTuple | null;
  /** The padding of the pooling that is undone. Default: 0. */
  padding?: IntOrTuple;
  /** The size of the result. Default: the smallest that fits. */
  outputSize?: Sizes | null;
}

/** The positional arguments after the kernel size. */
export type MaxUnpoolArguments = Trailing<
  [stride: IntOrTuple | null, padding: IntOrTuple, outputSize: Sizes | null],
  MaxUnpoolOptions
>;

/** The window that options describe. @internal */
export function poolGeometry(
  operation: string,
  n: number,
  kernelSize: IntOrTuple,
  o: { stride?: IntOrTuple | null; padding?: IntOrTuple; dilation?: IntOrTuple },
): PoolGeometry {
  const kernel = tuple(operation, "kernel_size", kernelSize, n);
  const given = o.stride ?? null;
  const own = given === null || (Array.isArray(given) && given.length === 0);
  return {
    kernel,
    stride: own ? kernel : tuple(operation, "stride", given, n),
    padding: tuple(operation, "padding", o.padding ?? 0, n),
    dilation: tuple(operation, "dilation", o.dilation ?? 1, n),
  };
}

function pair({ y, indices }: MaxPooled): Tensor | [Tensor, Tensor] {
  return indices === null ? y : [y, indices];
}

function max(
  n: number,
  x: Tensor,
  kernel: IntOrTuple,
  rest: readonly unknown[],
): Tensor | [Tensor, Tensor] {
  const operation = `max_pool${n}d`;
  const o = named<MaxPoolOptions>(operation, rest, ["stride", "padding", "dilation", "ceilMode", "returnIndices"]);
  const g = poolGeometry(operation, n, kernel, o);
  return pair(maxPool(operation, x, g, o.ceilMode ?? false, o.returnIndices ?? false));
}

function average(n: number, x: Tensor, kernel: IntOrTuple, rest: AvgPoolArguments): Tensor {
  const operation = `avg_pool${n}d`;
  const o = named<AvgPoolOptions>(operation, rest, [
    "stride",
    "padding",
    "ceilMode",
    "countIncludePad",
    "divisorOverride",
  ]);
  if (o.divisorOverride === 0) throw new RangeError(`divisor must be not zero (${operation})`);
  const g = poolGeometry(operation, n, kernel, o);
  return avgPool(operation, x, g, o.ceilMode ?? false, o.countIncludePad ?? true, o.divisorOverride ?? 0);
}

function unpool(n: number, x: Tensor, indices: Tensor, kernelSize: IntOrTuple, rest: MaxUnpoolArguments): Tensor {
  const operation = `max_unpool${n}d`;
  const o = named<MaxUnpoolOptions>(operation, rest, ["stride", "padding", "outputSize"]);
  const { kernel, stride, padding } = poolGeometry(operation, n, kernelSize, o);
  const lead = x.sizes.slice(0, -n);
  const least = x.sizes.slice(-n).map((s, i) => (s - 1) * stride[i] + kernel[i] - 2 * padding[i]);
  const wanted = o.outputSize === undefined || o.outputSize === null ? least : o.outputSize.slice(-n);
  wanted.forEach((s, i) => {
    if (s <= least[i] - stride[i] || s >= least[i] + stride[i]) {
      throw new RangeError(
        `invalid output_size [${wanted.join(", ")}] (dim ${i} must be between ${least[i] - stride[i]} and ${
          least[i] + stride[i]
        }) (${operation})`,
      );
    }
  });
  return maxUnpool(operation, x, indices, [...lead, ...wanted], n);
}

function adaptiveMax(
  n: number,
  x: Tensor,
  outputSize: AdaptiveSize,
  rest: readonly unknown[],
): Tensor | [Tensor, Tensor] {
  const operation = `adaptive_max_pool${n}d`;
  const o = named<AdaptiveMaxPoolOptions>(operation, rest, ["returnIndices"]);
  const sizes = adaptiveSizes(operation, x, outputSize, n);
  return pair(adaptiveMaxPool(operation, x, sizes, n, o.returnIndices ?? false));
}

function adaptiveAverage(n: number, x: Tensor, outputSize: AdaptiveSize): Tensor {
  const operation = `adaptive_avg_pool${n}d`;
  const sizes = adaptiveSizes(operation, x, outputSize, n);
  // As PyTorch's graph has it.
  const whole = n > 1 && sizes.slice(-n).every((s) => s === 1);
  return whole
    ? x.mean(Array.from({ length: n }, (_, i) => -1 - i), { keepdim: true })
    : adaptiveAvgPool(operation, x, sizes, n);
}

/** The largest element of each window of x `[…, length]`; with `returnIndices` also where it was. */
export function maxPool1d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: MaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each window of x `[…, length]`; with `returnIndices` also where it was. */
export function maxPool1d(x: Tensor, kernelSize: IntOrTuple, ...rest: MaxPoolArguments): Tensor;
export function maxPool1d(
  x: Tensor,
  kernelSize: IntOrTuple,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return max(1, x, kernelSize, rest);
}

/** The mean of each window of x `[…, length]`. */
export function avgPool1d(x: Tensor, kernelSize: IntOrTuple, ...rest: AvgPoolArguments): Tensor {
  return average(1, x, kernelSize, rest);
}

/** Undoes {@linkcode maxPool1d}: zeros, with x's elements where the maxima were. */
export function maxUnpool1d(
  x: Tensor,
  indices: Tensor,
  kernelSize: IntOrTuple,
  ...rest: MaxUnpoolArguments
): Tensor {
  return unpool(1, x, indices, kernelSize, rest);
}

/** Maxima over windows chosen so that the result has size `outputSize`; with `returnIndices` also where they were. */
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: AdaptiveMaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** Maxima over windows chosen so that the result has size `outputSize`; with `returnIndices` also where they were. */
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  ...rest: Trailing<[returnIndices: boolean], AdaptiveMaxPoolOptions>
): Tensor;
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return adaptiveMax(1, x, outputSize, rest);
}

/** Means over windows chosen so that the result has size `outputSize`. */
export function adaptiveAvgPool1d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return adaptiveAverage(1, x, outputSize);
}

/** The largest element of each window of x `[…, height, width]`; with `returnIndices` also where it was. */
export function maxPool2d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: MaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each window of x `[…, height, width]`; with `returnIndices` also where it was. */
export function maxPool2d(x: Tensor, kernelSize: IntOrTuple, ...rest: MaxPoolArguments): Tensor;
export function maxPool2d(
  x: Tensor,
  kernelSize: IntOrTuple,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return max(2, x, kernelSize, rest);
}

/** The mean of each window of x `[…, height, width]`. */
export function avgPool2d(x: Tensor, kernelSize: IntOrTuple, ...rest: AvgPoolArguments): Tensor {
  return average(2, x, kernelSize, rest);
}

/** Undoes {@linkcode maxPool2d}: zeros, with x's elements where the maxima were. */
export function maxUnpool2d(
  x: Tensor,
  indices: Tensor,
  kernelSize: IntOrTuple,
  ...rest: MaxUnpoolArguments
): Tensor {
  return unpool(2, x, indices, kernelSize, rest);
}

/** Maxima over windows chosen so that the result has size `outputSize`; with `returnIndices` also where they were. */
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: AdaptiveMaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** Maxima over windows chosen so that the result has size `outputSize`; with `returnIndices` also where they were. */
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  ...rest: Trailing<[returnIndices: boolean], AdaptiveMaxPoolOptions>
): Tensor;
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return adaptiveMax(2, x, outputSize, rest);
}

/** Means over windows chosen so that the result has size `outputSize`. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return adaptiveAverage(2, x, outputSize);
}

/** The largest element of each window of x `[…, depth, height, width]`; with `returnIndices` also where it was. */
export function maxPool3d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: MaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each window of x `[…, depth, height, width]`; with `returnIndices` also where it was. */
export function maxPool3d(x: Tensor, kernelSize: IntOrTuple, ...rest: MaxPoolArguments): Tensor;
export function maxPool3d(
  x: Tensor,
  kernelSize: IntOrTuple,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return max(3, x, kernelSize, rest);
}

/** The mean of each window of x `[…, depth, height, width]`. */
export function avgPool3d(x: Tensor, kernelSize: IntOrTuple, ...rest: AvgPoolArguments): Tensor {
  return average(3, x, kernelSize, rest);
}

/** Undoes {@linkcode maxPool3d}: zeros, with x's elements where the maxima were. */
export function maxUnpool3d(
  x: Tensor,
  indices: Tensor,
  kernelSize: IntOrTuple,
  ...rest: MaxUnpoolArguments
): Tensor {
  return unpool(3, x, indices, kernelSize, rest);
}

/** Maxima over windows chosen so that the result has size `outputSize`; with `returnIndices` also where they were. */
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: AdaptiveMaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** Maxima over windows chosen so that the result has size `outputSize`; with `returnIndices` also where they were. */
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  ...rest: Trailing<[returnIndices: boolean], AdaptiveMaxPoolOptions>
): Tensor;
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return adaptiveMax(3, x, outputSize, rest);
}

/** Means over windows chosen so that the result has size `outputSize`. */
export function adaptiveAvgPool3d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return adaptiveAverage(3, x, outputSize);
}
