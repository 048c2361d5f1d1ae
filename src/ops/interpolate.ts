/**
 * Resizing images: every dimension by itself, each of its new pixels a weighted sum of a few old ones.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { tuple } from "../check.ts";
import { record } from "../autograd/node.ts";
import { float64, int32, int64, uint8 } from "../dtype.ts";
import { empty, isHalf, throughFloat32 } from "../make.ts";
import { formatSizes, product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import { castTo, unsupported } from "./elementwise.ts";
import { indexSelect } from "./gather.ts";
import { underName } from "./node_name.ts";
import { adaptiveAvgPool } from "./pool.ts";
import { dense } from "./strided.ts";

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
  /** Whether an image that shrinks is smoothed; for `"bilinear"` and `"bicubic"`. Default: false. */
  antialias?: boolean;
}

/** Where the pixels of one dimension come from: rows of as many source positions and weights; −1 ends a shorter row. */
interface Taps {
  count: number;
  positions: Int32Array;
  weights: Float64Array;
}

/** How one dimension of `from` pixels becomes one of `to`. */
interface Line {
  from: number;
  to: number;
  /** The distance of new pixels in old ones. */
  step: number;
  align: boolean;
}

function nearest({ from, to, step }: Line, offset: number): number[] {
  return Array.from({ length: to }, (_, i) => Math.min(Math.floor(Math.fround((i + offset) * step)), from - 1));
}

function source(i: number, { step, align }: Line): number {
  return align ? i * step : (i + 0.5) * step - 0.5;
}

function taps(line: Line, count: number, row: (i: number) => [position: number, weight: number][]): Taps {
  const positions = new Int32Array(line.to * count).fill(-1), weights = new Float64Array(line.to * count);
  for (let i = 0; i < line.to; i++) {
    row(i).forEach(([position, weight], k) => {
      positions[i * count + k] = position;
      weights[i * count + k] = weight;
    });
  }
  return { count, positions, weights };
}

function linear(line: Line): Taps {
  return taps(line, 2, (i) => {
    const x = Math.max(source(i, line), 0), low = Math.min(Math.floor(x), line.from - 1), rest = x - low;
    return [[low, 1 - rest], [Math.min(low + 1, line.from - 1), rest]];
  });
}

/** The cubic convolution of Keys (1981). */
function cubicWeight(d: number, a: number): number {
  const x = Math.abs(d);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function cubic(line: Line): Taps {
  return taps(line, 4, (i) => {
    const x = source(i, line), low = Math.floor(x);
    return [-1, 0, 1, 2].map((k) => [
      Math.min(Math.max(low + k, 0), line.from - 1),
      cubicWeight(x - low - k, -0.75),
    ]);
  });
}

/** Taps as wide as what a new pixel covers, as Pillow's: the parameter of the cubic is its, too. */
function smooth(line: Line, reach: number): Taps {
  const { from, step } = line, wide = Math.max(step, 1), support = reach * wide;
  const weight = reach === 1 ? (d: number) => Math.max(1 - Math.abs(d), 0) : (d: number) => cubicWeight(d, -0.5);
  const count = 2 * Math.ceil(support) + 1;
  return taps(line, count, (i) => {
    const centre = step * (i + 0.5);
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const last = Math.min(Math.trunc(centre + support + 0.5), from, first + count);
    const row = Array.from({ length: last - first }, (_, k) => weight((k + first - centre + 0.5) / wide));
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((w, k) => [first + k, total === 0 ? w : w / total]);
  });
}

function upload(values: Int32Array | Float64Array | BigInt64Array, like: Tensor): Tensor {
  const dtype = values instanceof Int32Array ? int32 : values instanceof Float64Array ? float64 : int64;
  const x = empty([values.length], dtype, like.device);
  x.storage.write(values);
  return x;
}

/** What {@linkcode resample} and its adjoint share: one is the other with x and y exchanged. */
function run(x: Tensor, dim: number, sizes: Sizes, positions: Tensor, weights: Tensor, back: boolean): Tensor {
  const source = dense(x), y = empty(sizes, x.dtype, x.device);
  if (y.count === 0) return y;
  const outer = product(sizes.slice(0, dim)), inner = product(sizes.slice(dim + 1));
  const [from, to] = back ? [sizes[dim], x.sizes[dim]] : [x.sizes[dim], sizes[dim]], count = positions.count / to;
  const pointers = [y.ptr, source.ptr, positions.ptr, weights.ptr] as const;
  const status = back
    ? y.kernels.resampleBackward(y.dtype.code, ...pointers, outer, from, inner, to, count)
    : y.kernels.resample(y.dtype.code, ...pointers, outer, from, inner, to, count);
  if (status !== 0) throw unsupported("upsample", x.dtype);
  return record(back ? "UpsampleBackwardBackward0" : "UpsampleBackward0", y, [x], [positions, weights], (dy, saved) => [
    run(dy, dim, x.sizes, saved[0], saved[1], !back),
  ]);
}

/** Σ weight · x[position] along one dimension. */
function resample(x: Tensor, dim: number, to: number, t: Taps): Tensor {
  const sizes = x.sizes.map((s, i) => i === dim ? to : s);
  return run(x, dim, sizes, upload(t.positions, x), upload(t.weights, x), false);
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

/** Each position once: at the borders several taps meet in one pixel. */
function merged(t: Taps, to: number): Taps {
  const positions = new Int32Array(to * t.count).fill(-1), weights = new Float64Array(to * t.count);
  for (let start = 0; start < positions.length; start += t.count) {
    let last = start - 1;
    for (let k = start; k < start + t.count && t.positions[k] >= 0; k++) {
      if (last < start || positions[last] !== t.positions[k]) positions[++last] = t.positions[k];
      weights[last] += t.weights[k];
    }
  }
  return { count: t.count, positions, weights };
}

/** Weights as 16-bit integers over a power of two, the largest that their largest one allows. */
function rounded(t: Taps): Taps {
  const largest = t.weights.reduce((a, b) => Math.max(a, b), 0);
  let unit = 1;
  while (unit < 2 ** 22 && 0.5 + largest * unit * 2 < 2 ** 15) unit *= 2;
  return { ...t, weights: t.weights.map((w) => Math.trunc(w * unit + (w < 0 ? -0.5 : 0.5)) / unit) };
}

/**
 * Bytes are resized in integer arithmetic, as PyTorch's and Pillow's: with rounded weights, and rounded after every
 * dimension, of which the last one comes first.
 */
function resizeBytes(x: Tensor, lines: Line[], tapsOf: (line: Line) => Taps): Tensor {
  // float64 holds the integers exactly.
  let y = castTo(x, float64);
  for (let d = lines.length - 1; d >= 0; d--) {
    if (lines[d].from === lines[d].to) continue;
    const weighted = rounded(merged(tapsOf(lines[d]), lines[d].to));
    y = resample(y, 2 + d, lines[d].to, weighted).add(0.5).floor().clamp(0, 255);
  }
  return castTo(y, uint8);
}

function resize(x: Tensor, lines: Line[], mode: InterpolationMode, antialias: boolean): Tensor {
  if (mode === "nearest" || mode === "nearest-exact") {
    let y = x;
    lines.forEach((line, d) => {
      const at = nearest(line, mode === "nearest" ? 0 : 0.5);
      y = indexSelect(y, 2 + d, upload(BigInt64Array.from(at, BigInt), x));
    });
    return y;
  }
  const tapsOf = mode === "bicubic"
    ? (antialias ? (line: Line) => smooth(line, 2) : cubic)
    : antialias
    ? (line: Line) => smooth(line, 1)
    : linear;
  if (x.dtype === uint8) return resizeBytes(x, lines, tapsOf);
  if (isHalf(x.dtype)) return throughFloat32(x, (x) => resize(x, lines, mode, antialias));
  let y = x;
  lines.forEach((line, d) => y = resample(y, 2 + d, line.to, tapsOf(line)));
  return y;
}

function checkMode(x: Tensor, mode: InterpolationMode, o: InterpolateOptions): void {
  const n = x.ndim - 2;
  if (mode !== "area" && !(mode in nodeNames)) {
    throw new TypeError(
      `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${x.ndim}D) for the modes: nearest | linear | bilinear ` +
        `| bicubic | trilinear | area | nearest-exact (got ${mode})`,
    );
  }
  if (n < 1 || n > 3) {
    throw new RangeError(
      `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${x.ndim}D) for the modes: nearest | linear | bilinear ` +
        `| bicubic | trilinear | area | nearest-exact (got ${mode})`,
    );
  }
  if ((spatialOf[mode] ?? n) !== n) {
    throw new RangeError(`Got ${x.ndim}D input, but ${mode} mode needs ${spatialOf[mode]! + 2}D input`);
  }
  if (!(mode in spatialOf) && o.alignCorners !== undefined && o.alignCorners !== null) {
    throw new Error(
      "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear",
    );
  }
  if (o.antialias && mode !== "bilinear" && mode !== "bicubic") {
    throw new Error(
      "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input",
    );
  }
}

/**
 * Resizes x `[batch, channels, …]`.
 *
 * @throws {Error} When neither size nor factor is given, or the mode does not fit the dimensions.
 * @example
 * ```ts
 * import { F, tensor } from "@raptorch/raptorch";
 * const y = F.interpolate(tensor([[[0, 1]]]), { scaleFactor: 2, mode: "linear", alignCorners: false });
 * console.assert(String(y.tolist()) === "0,0.25,0.75,1");
 * ```
 */
export function interpolate(
  x: Tensor,
  ...rest: Trailing<
    [
      size: IntOrTuple | null,
      scaleFactor: number | readonly number[] | null,
      mode: InterpolationMode,
      alignCorners: boolean | null,
      recomputeScaleFactor: boolean | null,
      antialias: boolean,
    ],
    InterpolateOptions
  >
): Tensor {
  const names = ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor", "antialias"] as const;
  const o = named<InterpolateOptions>("interpolate", rest, names);
  const mode = o.mode ?? "nearest", n = x.ndim - 2;
  checkMode(x, mode, o);
  const { sizes, scales } = targets(x, n, o);
  if (mode === "area") return adaptiveAvgPool(`adaptive_avg_pool${n}d`, x, [...x.sizes.slice(0, 2), ...sizes], n);
  if ([...sizes, ...x.sizes.slice(1)].some((s) => !(s > 0))) {
    throw new RangeError(
      `Input and output sizes should be greater than 0, but got input ${formatSizes(x.sizes)}, output ${
        formatSizes(sizes)
      } (interpolate)`,
    );
  }
  const align = o.alignCorners ?? false;
  const lines = sizes.map((to, d): Line => {
    const from = x.sizes[2 + d];
    const step = align ? (to > 1 ? (from - 1) / (to - 1) : 0) : scales[d] ?? from / to;
    return { from, to, step, align };
  });
  const y = resize(x, lines, mode, o.antialias ?? false);
  return underName(`Upsample${nodeNames[mode]}${n}D${o.antialias ? "Aa" : ""}Backward0`, y);
}

function targets(x: Tensor, n: number, o: InterpolateOptions): { sizes: number[]; scales: (number | null)[] } {
  const { size = null, scaleFactor = null } = o;
  if (size !== null && scaleFactor !== null) throw new Error("only one of size or scale_factor should be defined");
  if (size !== null) {
    if (o.recomputeScaleFactor) {
      throw new Error("recompute_scale_factor is not meaningful with an explicit size.");
    }
    if (typeof size !== "number" && size.length !== n) {
      throw new RangeError(
        `Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of ` +
          `${formatSizes(x.sizes.slice(2))} and output size of ${formatSizes(size)}. Please provide input tensor in ` +
          "(N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) format.",
      );
    }
    return { sizes: tuple("interpolate", "size", size, n), scales: new Array<null>(n).fill(null) };
  }
  if (scaleFactor === null) throw new Error("either size or scale_factor should be defined");
  const factors = typeof scaleFactor === "number" ? new Array<number>(n).fill(scaleFactor) : [...scaleFactor];
  if (factors.length !== n) {
    throw new RangeError(
      `Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of ` +
        `${formatSizes(x.sizes.slice(2))} and scale_factor of shape ${
          formatSizes(factors)
        }. Please provide input tensor in ` +
        "(N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format.",
    );
  }
  const sizes = factors.map((f, i) => Math.floor(x.sizes[2 + i] * f));
  return { sizes, scales: factors.map((f) => o.recomputeScaleFactor ? null : 1 / f) };
}

/** Options of {@linkcode upsample}. */
export type UpsampleOptions = Omit<InterpolateOptions, "antialias" | "recomputeScaleFactor">;

/** {@linkcode interpolate} by its old name. */
export function upsample(
  x: Tensor,
  ...rest: Trailing<
    [
      size: IntOrTuple | null,
      scaleFactor: number | readonly number[] | null,
      mode: InterpolationMode,
      alignCorners: boolean | null,
    ],
    UpsampleOptions
  >
): Tensor {
  const names = ["size", "scaleFactor", "mode", "alignCorners"] as const;
  return interpolate(x, named<UpsampleOptions>("upsample", rest, names));
}
