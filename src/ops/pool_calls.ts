/**
 * Pooling as users call it.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
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

/** An argument that must be there, by name. */
export interface KernelSize {
  /** The size of the window. */
  kernelSize: IntOrTuple;
}

/** The arguments after the input. */
export type MaxPoolArguments = Arguments<
  [kernelSize: IntOrTuple],
  [stride: IntOrTuple | null, padding: IntOrTuple, dilation: IntOrTuple, ceilMode: boolean, returnIndices: boolean],
  KernelSize,
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

/** The arguments after the input. */
export type AvgPoolArguments = Arguments<
  [kernelSize: IntOrTuple],
  [
    stride: IntOrTuple | null,
    padding: IntOrTuple,
    ceilMode: boolean,
    countIncludePad: boolean,
    divisorOverride: number | null,
  ],
  KernelSize,
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

/** The arguments after the input. */
export type MaxUnpoolArguments =
  | Arguments<
    [indices: Tensor, kernelSize: IntOrTuple],
    [stride: IntOrTuple | null, padding: IntOrTuple, outputSize: Sizes | null],
    { indices: Tensor } & KernelSize,
    MaxUnpoolOptions
  >
  | [indices: Tensor, options: KernelSize & MaxUnpoolOptions];

/** The arguments after the input. */
export type AdaptiveAvgPoolArguments = Arguments<[outputSize: AdaptiveSize], [], OutputSize, object>;

/** An argument that must be there, by name. */
export interface OutputSize {
  /** The size of the result. */
  outputSize: AdaptiveSize;
}

/** The arguments after the input. */
export type AdaptiveMaxPoolArguments = Arguments<
  [outputSize: AdaptiveSize],
  [returnIndices: boolean],
  OutputSize,
  AdaptiveMaxPoolOptions
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
  rest: readonly unknown[],
): Tensor | [Tensor, Tensor] {
  const operation = `max_pool${n}d`;
  const names = ["stride", "padding", "dilation", "ceilMode", "returnIndices"] as const;
  const o = called<KernelSize & MaxPoolOptions>(operation, rest, ["kernelSize"], names);
  const g = poolGeometry(operation, n, o.kernelSize, o);
  return pair(maxPool(operation, x, g, o.ceilMode ?? false, o.returnIndices ?? false));
}

function average(n: number, x: Tensor, rest: AvgPoolArguments): Tensor {
  const operation = `avg_pool${n}d`;
  const names = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"] as const;
  const o = called<KernelSize & AvgPoolOptions>(operation, rest, ["kernelSize"], names);
  if (o.divisorOverride === 0) throw new RangeError(`divisor must be not zero (${operation})`);
  const g = poolGeometry(operation, n, o.kernelSize, o);
  return avgPool(operation, x, g, o.ceilMode ?? false, o.countIncludePad ?? true, o.divisorOverride ?? 0);
}

function unpool(n: number, x: Tensor, rest: MaxUnpoolArguments): Tensor {
  const operation = `max_unpool${n}d`;
  const names = ["stride", "padding", "outputSize"] as const;
  const o = called<{ indices: Tensor } & KernelSize & MaxUnpoolOptions>(
    operation,
    rest,
    ["indices", "kernelSize"],
    names,
  );
  const { indices } = o;
  const { kernel, stride, padding } = poolGeometry(operation, n, o.kernelSize, o);
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
  rest: readonly unknown[],
): Tensor | [Tensor, Tensor] {
  const operation = `adaptive_max_pool${n}d`;
  const o = called<OutputSize & AdaptiveMaxPoolOptions>(operation, rest, ["outputSize"], ["returnIndices"]);
  const sizes = adaptiveSizes(operation, x, o.outputSize, n);
  return pair(adaptiveMaxPool(operation, x, sizes, n, o.returnIndices ?? false));
}

function adaptiveAverage(n: number, x: Tensor, rest: AdaptiveAvgPoolArguments): Tensor {
  const operation = `adaptive_avg_pool${n}d`;
  const sizes = adaptiveSizes(operation, x, called<OutputSize>(operation, rest, ["outputSize"]).outputSize, n);
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
export function maxPool1d(x: Tensor, ...rest: MaxPoolArguments): Tensor;
export function maxPool1d(
  x: Tensor,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return max(1, x, rest);
}

/** The mean of each window of x `[…, length]`. */
export function avgPool1d(x: Tensor, ...rest: AvgPoolArguments): Tensor {
  return average(1, x, rest);
}

/** Undoes {@linkcode maxPool1d}: zeros, with x's elements where the maxima were. */
export function maxUnpool1d(
  x: Tensor,
  ...rest: MaxUnpoolArguments
): Tensor {
  return unpool(1, x, rest);
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
  ...rest: AdaptiveMaxPoolArguments
): Tensor;
export function adaptiveMaxPool1d(
  x: Tensor,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return adaptiveMax(1, x, rest);
}

/** Means over windows chosen so that the result has size `outputSize`. */
export function adaptiveAvgPool1d(x: Tensor, ...rest: AdaptiveAvgPoolArguments): Tensor {
  return adaptiveAverage(1, x, rest);
}

/** The largest element of each window of x `[…, height, width]`; with `returnIndices` also where it was. */
export function maxPool2d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: MaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each window of x `[…, height, width]`; with `returnIndices` also where it was. */
export function maxPool2d(x: Tensor, ...rest: MaxPoolArguments): Tensor;
export function maxPool2d(
  x: Tensor,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return max(2, x, rest);
}

/** The mean of each window of x `[…, height, width]`. */
export function avgPool2d(x: Tensor, ...rest: AvgPoolArguments): Tensor {
  return average(2, x, rest);
}

/** Undoes {@linkcode maxPool2d}: zeros, with x's elements where the maxima were. */
export function maxUnpool2d(
  x: Tensor,
  ...rest: MaxUnpoolArguments
): Tensor {
  return unpool(2, x, rest);
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
  ...rest: AdaptiveMaxPoolArguments
): Tensor;
export function adaptiveMaxPool2d(
  x: Tensor,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return adaptiveMax(2, x, rest);
}

/** Means over windows chosen so that the result has size `outputSize`. */
export function adaptiveAvgPool2d(x: Tensor, ...rest: AdaptiveAvgPoolArguments): Tensor {
  return adaptiveAverage(2, x, rest);
}

/** The largest element of each window of x `[…, depth, height, width]`; with `returnIndices` also where it was. */
export function maxPool3d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: MaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each window of x `[…, depth, height, width]`; with `returnIndices` also where it was. */
export function maxPool3d(x: Tensor, ...rest: MaxPoolArguments): Tensor;
export function maxPool3d(
  x: Tensor,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return max(3, x, rest);
}

/** The mean of each window of x `[…, depth, height, width]`. */
export function avgPool3d(x: Tensor, ...rest: AvgPoolArguments): Tensor {
  return average(3, x, rest);
}

/** Undoes {@linkcode maxPool3d}: zeros, with x's elements where the maxima were. */
export function maxUnpool3d(
  x: Tensor,
  ...rest: MaxUnpoolArguments
): Tensor {
  return unpool(3, x, rest);
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
  ...rest: AdaptiveMaxPoolArguments
): Tensor;
export function adaptiveMaxPool3d(
  x: Tensor,
  ...rest: readonly unknown[]
): Tensor | [Tensor, Tensor] {
  return adaptiveMax(3, x, rest);
}

/** Means over windows chosen so that the result has size `outputSize`. */
export function adaptiveAvgPool3d(x: Tensor, ...rest: AdaptiveAvgPoolArguments): Tensor {
  return adaptiveAverage(3, x, rest);
}
