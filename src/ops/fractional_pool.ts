/**
 * Fractional maximum pooling, as users call it.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { tuple } from "../check.ts";
import { float32, int64 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { rand } from "../random.ts";
import { meta, metaPtr } from "../scratch.ts";
import { formatSizes, product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { flip } from "./diagonal.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import { castTo, checkDevices, unsupported } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { scatterAdd } from "./gather.ts";
import { reshape } from "./movement.ts";
import { underName } from "./node_name.ts";
import { pad } from "./pad.ts";
import type { KernelSize } from "./pool_calls.ts";
import { dense } from "./strided.ts";

/** Options of {@linkcode fractionalMaxPool2d} and {@linkcode fractionalMaxPool3d}. */
export interface FractionalMaxPoolOptions {
  /** The size of the result. Default: from `outputRatio`, of which one must be given. */
  outputSize?: IntOrTuple | null;
  /** The size of the result as a share of the input's. Default: none. */
  outputRatio?: number | Sizes | null;
  /** Whether to return `[y, indices]`. Default: false. */
  returnIndices?: boolean;
  /** What shifts the windows, in [0, 1): `[batch, channels, dimensions]`. Default: drawn anew. */
  _randomSamples?: Tensor | null;
}

/** The arguments after the input. */
export type FractionalMaxPoolArguments = Arguments<
  [kernelSize: IntOrTuple],
  [
    outputSize: IntOrTuple | null,
    outputRatio: number | Sizes | null,
    returnIndices: boolean,
    _randomSamples: Tensor | null,
  ],
  KernelSize,
  FractionalMaxPoolOptions
>;

function call(n: number, x: Tensor, rest: readonly unknown[]): Tensor | [Tensor, Tensor] {
  const operation = `fractional_max_pool${n}d`;
  const names = ["outputSize", "outputRatio", "returnIndices", "_randomSamples"] as const;
  const o = called<KernelSize & FractionalMaxPoolOptions>(operation, rest, ["kernelSize"], names);
  const kernel = tuple(operation, "kernel_size", o.kernelSize, n);
  if (kernel.some((k) => k < 1)) throw new RangeError(`${operation}: kernel_size must be positive, got ${kernel}`);
  const lead = x.ndim - n, spatial = x.sizes.slice(lead);
  if ((x.ndim !== n + 1 && x.ndim !== n + 2) || x.sizes.slice(lead - 1).some((s) => s === 0)) {
    throw new RangeError(`${operation}(): Expected ${n + 1}D or ${n + 2}D tensor, but got: ${formatSizes(x.sizes)}`);
  }
  const size = outputSize(operation, o, spatial, n);
  checkWindows(operation, kernel, size, spatial);
  const batch = x.ndim === n + 2 ? x.sizes[0] : 1, channels = x.sizes[lead - 1];
  const samples = o._randomSamples ?? rand(batch, channels, n, { dtype: x.dtype, device: x.device });
  checkSamples(operation, x, samples, [batch, channels, n]);
  const [y, indices] = pool(x, kernel, size, samples.detach().narrow(0, 0, batch));
  return o.returnIndices ? [y, indices] : y;
}

function outputSize(operation: string, o: FractionalMaxPoolOptions, spatial: Sizes, n: number): number[] {
  const given = o.outputSize ?? null, ratio = o.outputRatio ?? null;
  if (given !== null) {
    const size = tuple(operation, "output_size", given, n);
    if (size.some((s) => s < 0)) throw new RangeError(`${operation}: output_size must not be negative, got ${size}`);
    return size;
  }
  if (ratio === null) {
    throw new TypeError(`${operation} requires specifying either an output_size or an output_ratio`);
  }
  const ratios = typeof ratio === "number" ? new Array<number>(n).fill(ratio) : [...ratio];
  if (ratios.length !== n) {
    throw new TypeError(`${operation} requires output_ratio to either be a single Int or tuple of Ints.`);
  }
  return spatial.map((s, i) => Math.trunc(s * ratios[i]));
}

/** PyTorch wants one position more in three dimensions than in two. */
function checkWindows(operation: string, kernel: Sizes, size: Sizes, spatial: Sizes): void {
  const n = spatial.length, names = ["time", "height", "width"].slice(-n);
  for (let i = 0; i < n; i++) {
    const needed = size[i] + kernel[i] - (n === 3 ? 0 : 1);
    if (!(size[i] >= 0 && needed <= spatial[i])) {
      throw new RangeError(
        `${operation}(): pool ${names[i]} ${kernel[i]} too large relative to input ${names[i]} ${spatial[i]} ` +
          `(the result's is ${size[i]})`,
      );
    }
  }
}

function checkSamples(operation: string, x: Tensor, samples: Tensor, [batch, channels, n]: Sizes): void {
  if (samples.dtype !== x.dtype) throw new TypeError("Expect _random_samples to have the same dtype as input");
  if (samples.ndim !== 3) throw new RangeError(`Expect _random_samples to have 3 dimensions, got ${samples.ndim}`);
  if (samples.sizes[0] < batch) {
    throw new RangeError("Expect _random_samples.size(0) no less then input batch size.");
  }
  if (samples.sizes[1] !== channels) {
    throw new RangeError("Expect _random_samples.size(1) equals to input channel size.");
  }
  if (samples.sizes[2] !== n) {
    throw new RangeError(`Expect _random_samples.size(2) equals to ${n}; got ${samples.sizes[2]}.`);
  }
  checkDevices(operation, x, samples);
}

function pool(x: Tensor, kernel: Sizes, size: Sizes, samples: Tensor): [Tensor, Tensor] {
  const n = size.length, lead = x.sizes.slice(0, -n), spatial = x.sizes.slice(-n), planes = product(lead);
  const source = dense(isHalf(x.dtype) ? castTo(x, float32) : x.detached());
  // In two dimensions the width's sample comes first; the kernels want them in the order of the dimensions.
  const shifts = dense(castTo(n === 2 ? pad(flip(samples, [-1]), [1, 0]) : samples, source.dtype));
  const sizes = [...lead, ...size];
  const y = empty(sizes, source.dtype, x.device), indices = empty(sizes, int64, x.device);
  meta[0] = planes;
  for (let i = 0; i < 3; i++) {
    const d = i + n - 3; // A missing leading dimension counts 1.
    meta[1 + i] = d < 0 ? 1 : spatial[d];
    meta[4 + i] = d < 0 ? 1 : size[d];
    meta[7 + i] = d < 0 ? 1 : kernel[d];
  }
  const { kernels } = source;
  if (
    y.count > 0 &&
    kernels.fractionalMaxPool(source.dtype.code, y.ptr, indices.ptr, source.ptr, shifts.ptr, metaPtr) !== 0
  ) {
    throw unsupported(`fractional_max_pool${n}d`, x.dtype);
  }
  const name = `FractionalMaxPool${n}DBackward`;
  const out = record(`${name}0`, castTo(y, x.dtype), [x], [indices], (dy, [indices]) => {
    const dx = empty([planes, product(spatial)], dy.dtype, dy.device);
    fill_(dx, 0);
    const put = scatterAdd(dx, 1, reshape(indices, [planes, -1]), reshape(dy, [planes, -1]));
    return [underName(`${name}Backward0`, reshape(put, x.sizes))];
  });
  return [out, indices];
}

/**
 * The largest element of each of windows `kernelSize` that are spread over x `[…, height, width]` at random so that the
 * result has `outputSize`, or `outputRatio` of x's size; with `returnIndices` also where it was (Graham 2014,
 * "Fractional Max-Pooling").
 *
 * @throws {RangeError} When the windows do not fit.
 */
export function fractionalMaxPool2d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: FractionalMaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each of windows that are spread over x `[…, height, width]` at random. */
export function fractionalMaxPool2d(x: Tensor, ...rest: FractionalMaxPoolArguments): Tensor;
export function fractionalMaxPool2d(x: Tensor, ...rest: readonly unknown[]): Tensor | [Tensor, Tensor] {
  return call(2, x, rest);
}

/**
 * {@linkcode fractionalMaxPool2d} of x `[…, depth, height, width]`.
 *
 * @throws {RangeError} When the windows do not fit.
 */
export function fractionalMaxPool3d(
  x: Tensor,
  kernelSize: IntOrTuple,
  options: FractionalMaxPoolOptions & { returnIndices: true },
): [Tensor, Tensor];
/** The largest element of each of windows that are spread over x `[…, depth, height, width]` at random. */
export function fractionalMaxPool3d(x: Tensor, ...rest: FractionalMaxPoolArguments): Tensor;
export function fractionalMaxPool3d(x: Tensor, ...rest: readonly unknown[]): Tensor | [Tensor, Tensor] {
  return call(3, x, rest);
}
