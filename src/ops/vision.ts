/**
 * Rearranging and resizing images.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import { named, type Trailing } from "../arguments.ts";
import { tuple } from "../check.ts";
import { int64 } from "../dtype.ts";
import { empty } from "../make.ts";
import { formatSizes, product } from "../shape.ts";
import { underName } from "./node_name.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import { indexSelect } from "./gather.ts";
import { permute, reshape } from "./movement.ts";
import { adaptiveAvgPool } from "./pool.ts";

/** `[…, c·r², h, w]` as `[…, c, h·r, w·r]` (Shi et al. 2016). */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const r = upscaleFactor;
  if (x.ndim < 3) {
    throw new RangeError(
      `pixel_shuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
    );
  }
  const lead = x.sizes.slice(0, -3), [c, h, w] = x.sizes.slice(-3), n = lead.length;
  if (r <= 0) throw new RangeError(`pixel_shuffle expects a positive upscale_factor, but got ${r}`);
  if (c % (r * r) !== 0) {
    throw new RangeError(
      `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but ` +
        `input.size(-3)=${c} is not divisible by ${r * r}`,
    );
  }
  const cut = reshape(x, [...lead, c / (r * r), r, r, h, w]);
  const order = [...lead.keys(), n, n + 3, n + 1, n + 4, n + 2];
  return underName("PixelShuffleBackward0", reshape(permute(cut, order), [...lead, c / (r * r), h * r, w * r]));
}

/** The reverse of {@linkcode pixelShuffle}. */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const r = downscaleFactor;
  if (x.ndim < 3) {
    throw new RangeError(
      `pixel_unshuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
    );
  }
  const lead = x.sizes.slice(0, -3), [c, h, w] = x.sizes.slice(-3), n = lead.length;
  if (r <= 0) throw new RangeError(`pixel_unshuffle expects a positive downscale_factor, but got ${r}`);
  if (h % r !== 0 || w % r !== 0) {
    throw new RangeError(
      `pixel_unshuffle expects height and width to be divisible by downscale_factor, but input ${
        formatSizes(x.sizes)
      } is not divisible by ${r}`,
    );
  }
  const cut = reshape(x, [...lead, c, h / r, r, w / r, r]);
  const order = [...lead.keys(), n, n + 2, n + 4, n + 1, n + 3];
  return underName("PixelUnshuffleBackward0", reshape(permute(cut, order), [...lead, c * r * r, h / r, w / r]));
}

/** Deals the channels of `[batch, channels, …]` out among groups. */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  if (x.ndim < 3) {
    throw new RangeError(
      `channel_shuffle expects input with > 2 dims, but got input with sizes ${formatSizes(x.sizes)}`,
    );
  }
  const [batch, channels] = x.sizes, inner = product(x.sizes.slice(2));
  if (!(groups > 0) || channels % groups !== 0) {
    throw new RangeError(
      `Number of channels must be divisible by groups. Got ${channels} channels and ${groups} groups.`,
    );
  }
  const dealt = permute(reshape(x, [batch, groups, channels / groups, inner]), [0, 2, 1, 3]);
  return underName("ChannelShuffleBackward0", reshape(dealt, x.sizes));
}

/** How {@linkcode interpolate} chooses between pixels. */
export type InterpolationMode = "nearest" | "nearest-exact" | "linear" | "bilinear" | "bicubic" | "trilinear" | "area";

/** Options of {@linkcode interpolate}. */
export interface InterpolateOptions {
  /** The size of the result. */
  size?: IntOrTuple | null;
  /** What the size is multiplied by, where `size` is not given. */
  scaleFactor?: number | readonly number[] | null;
  /** Default: `"nearest"`. */
  mode?: InterpolationMode;
  /** Whether corner pixels stay where they are. Default: false. */
  alignCorners?: boolean | null;
  /** Whether coordinates come from the sizes instead of the factor. Default: false. */
  recomputeScaleFactor?: boolean | null;
  /** Not supported: images are not smoothed before they shrink. Default: false. */
  antialias?: boolean;
}

/** Where the pixels of one dimension come from: a few source positions and their weights. */
interface Taps {
  positions: BigInt64Array[];
  weights: Float64Array[];
}

function nearestTaps(n: number, out: number, scale: number, offset: number): Taps {
  const at = new BigInt64Array(out);
  for (let i = 0; i < out; i++) at[i] = BigInt(Math.min(Math.floor(Math.fround((i + offset) * scale)), n - 1));
  return { positions: [at], weights: [] };
}

function source(i: number, n: number, out: number, scale: number, align: boolean): number {
  return align ? (out > 1 ? i * (n - 1) / (out - 1) : 0) : (i + 0.5) * scale - 0.5;
}

function linearTaps(n: number, out: number, scale: number, align: boolean): Taps {
  const low = new BigInt64Array(out), high = new BigInt64Array(out);
  const a = new Float64Array(out), b = new Float64Array(out);
  for (let i = 0; i < out; i++) {
    const x = Math.max(source(i, n, out, scale, align), 0), x0 = Math.min(Math.floor(x), n - 1);
    low[i] = BigInt(x0);
    high[i] = BigInt(Math.min(x0 + 1, n - 1));
    b[i] = x - x0;
    a[i] = 1 - b[i];
  }
  return { positions: [low, high], weights: [a, b] };
}

/** The cubic convolution of Keys (1981) with PyTorch's parameter. */
function cubic(d: number): number {
  const a = -0.75, x = Math.abs(d);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * a * x - 4 * a : 0;
}

function cubicTaps(n: number, out: number, scale: number, align: boolean): Taps {
  const positions = [0, 1, 2, 3].map(() => new BigInt64Array(out));
  const weights = [0, 1, 2, 3].map(() => new Float64Array(out));
  for (let i = 0; i < out; i++) {
    const x = source(i, n, out, scale, align), x0 = Math.floor(x);
    for (let k = 0; k < 4; k++) {
      positions[k][i] = BigInt(Math.min(Math.max(x0 - 1 + k, 0), n - 1));
      weights[k][i] = cubic(x - (x0 - 1 + k));
    }
  }
  return { positions, weights };
}

function hostVector(values: BigInt64Array | Float64Array, like: Tensor): Tensor {
  if (values instanceof BigInt64Array) {
    const x = empty([values.length], int64, like.device);
    x.storage.write(values);
    return x;
  }
  const x = empty([values.length], like.dtype, like.device);
  x.storage.write(like.dtype.name === "float64" ? values : Float32Array.from(values));
  return x;
}

/** Σ weight · x[position] along one dimension. */
function resample(x: Tensor, dim: number, { positions, weights }: Taps): Tensor {
  let y: Tensor | null = null;
  positions.forEach((at, k) => {
    let term = indexSelect(x, dim, hostVector(at, x));
    if (weights.length > 0) {
      const shape = x.sizes.map((_, i) => i === dim ? at.length : 1);
      term = mul(term, reshape(hostVector(weights[k], x), shape));
    }
    y = y === null ? term : add(y, term);
  });
  return y!;
}

const nodeNames: Record<string, string> = {
  nearest: "Nearest",
  "nearest-exact": "NearestExact",
  linear: "Linear",
  bilinear: "Bilinear",
  bicubic: "Bicubic",
  trilinear: "Trilinear",
};

const spatialOf: Partial<Record<InterpolationMode, number>> = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 };

/**
 * Resizes x `[batch, channels, …]`.
 *
 * @throws {Error} When neither size nor factor is given, or the mode does not fit the dimensions.
 */
export function interpolate(
  x: Tensor,
  ...rest: Trailing<
    [
      size: IntOrTuple | null,
      scaleFactor: number | readonly number[] | null,
      mode: InterpolationMode,
      alignCorners: boolean | null,
    ],
    InterpolateOptions
  >
): Tensor {
  const o = named<InterpolateOptions>("interpolate", rest, ["size", "scaleFactor", "mode", "alignCorners"], [
    "recomputeScaleFactor",
    "antialias",
  ]);
  const mode = o.mode ?? "nearest", n = x.ndim - 2;
  if (n < 1 || n > 3) {
    throw new RangeError(
      `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${x.ndim}D) for the modes: nearest | linear | bilinear ` +
        `| bicubic | trilinear | area | nearest-exact (got ${mode})`,
    );
  }
  if ((spatialOf[mode] ?? n) !== n) {
    throw new RangeError(`Got ${x.ndim}D input, but ${mode} mode needs ${spatialOf[mode]! + 2}D input`);
  }
  const smooth = mode in spatialOf;
  if (!smooth && o.alignCorners !== undefined && o.alignCorners !== null) {
    throw new Error(
      "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear",
    );
  }
  if (o.antialias) throw new Error(`interpolate: antialias is not supported (mode ${mode})`);
  const { sizes, scales } = targets(x, n, o);
  if (mode === "area") return adaptiveAvgPool(`adaptive_avg_pool${n}d`, x, [...x.sizes.slice(0, 2), ...sizes], n);
  let y = x;
  for (let d = 0; d < n; d++) {
    const from = x.sizes[2 + d], to = sizes[d], scale = scales[d] ?? from / to, align = o.alignCorners ?? false;
    const taps = mode === "nearest"
      ? nearestTaps(from, to, scale, 0)
      : mode === "nearest-exact"
      ? nearestTaps(from, to, scale, 0.5)
      : mode === "bicubic"
      ? cubicTaps(from, to, scale, align)
      : linearTaps(from, to, scale, align);
    y = resample(y, 2 + d, taps);
  }
  return underName(`Upsample${nodeNames[mode]}${n}DBackward0`, y);
}

function targets(x: Tensor, n: number, o: InterpolateOptions): { sizes: number[]; scales: (number | null)[] } {
  const { size = null, scaleFactor = null } = o;
  if (size !== null && scaleFactor !== null) throw new Error("only one of size or scale_factor should be defined");
  if (size !== null) {
    return { sizes: tuple("interpolate", "size", size, n), scales: new Array<null>(n).fill(null) };
  }
  if (scaleFactor === null) throw new Error("either size or scale_factor should be defined");
  const factors = typeof scaleFactor === "number" ? new Array<number>(n).fill(scaleFactor) : [...scaleFactor];
  if (factors.length !== n) {
    throw new RangeError(
      `Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of ` +
        `${formatSizes(x.sizes.slice(2))} and scale_factor of shape ${formatSizes(factors)}.`,
    );
  }
  const sizes = factors.map((f, i) => Math.floor(x.sizes[2 + i] * f));
  return { sizes, scales: factors.map((f) => o.recomputeScaleFactor ? null : 1 / f) };
}

/** Options of {@linkcode unfold} and {@linkcode fold}. */
export interface FoldOptions {
  /** Distance of a block's elements. Default: 1. */
  dilation?: IntOrTuple;
  /** Zeros around the image. Default: 0. */
  padding?: IntOrTuple;
  /** Steps of the blocks. Default: 1. */
  stride?: IntOrTuple;
}

/** The positional arguments after the sizes. */
export type FoldArguments = Trailing<[dilation: IntOrTuple, padding: IntOrTuple, stride: IntOrTuple], FoldOptions>;

/** Geometry of {@linkcode unfold} and {@linkcode fold}. @internal */
export interface BlockGeometry {
  kernel: number[];
  stride: number[];
  padding: number[];
  dilation: number[];
}

/** The geometry that arguments describe. @internal */
export function blockGeometry(operation: string, kernelSize: IntOrTuple, rest: readonly unknown[]): BlockGeometry {
  const o = named<FoldOptions>(operation, rest, ["dilation", "padding", "stride"]);
  return {
    kernel: tuple(operation, "kernel_size", kernelSize, 2),
    stride: tuple(operation, "stride", o.stride ?? 1, 2),
    padding: tuple(operation, "padding", o.padding ?? 0, 2),
    dilation: tuple(operation, "dilation", o.dilation ?? 1, 2),
  };
}

/** Options of {@linkcode upsample}. */
export type UpsampleOptions = Omit<InterpolateOptions, "antialias" | "recomputeScaleFactor">;

/** {@linkcode interpolate} by its old name. */
export function upsample(x: Tensor, options: UpsampleOptions): Tensor {
  checkOptions("upsample", options, ["size", "scaleFactor", "mode", "alignCorners"]);
  return interpolate(x, options);
}
