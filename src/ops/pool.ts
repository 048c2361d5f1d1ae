/**
 * Pooling in one to three dimensions, and its adjoints.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { record } from "../autograd/node.ts";
import { type DType, float32, float64, int32, int64, uint8 } from "../dtype.ts";
import { empty, isHalf, throughFloat32, workspace } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { formatSizes, product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { castTo, checkDevices, unsupported } from "./elementwise.ts";
import { squeeze, unsqueeze } from "./movement.ts";
import { dense } from "./strided.ts";

/** A window that moves over the image; lists of one number per spatial dimension. */
export interface PoolGeometry {
  kernel: Sizes;
  stride: Sizes;
  padding: Sizes;
  dilation: Sizes;
}

/** Fills the kernels' description. `g` is null for adaptive pooling. */
function describe(image: Sizes, result: Sizes, n: number, g: PoolGeometry | null): void {
  const lead = image.length - n;
  meta[0] = product(image.slice(0, lead));
  for (let i = 0; i < 3; i++) {
    const d = i + n - 3; // Missing leading dimensions count 1.
    meta[1 + i] = d < 0 ? 1 : image[lead + d];
    meta[4 + i] = d < 0 ? 1 : result[lead + d];
    meta[7 + i] = g === null ? 0 : d < 0 ? 1 : g.kernel[d];
    if (g === null) continue;
    meta[10 + i] = d < 0 ? 1 : g.stride[d];
    meta[13 + i] = d < 0 ? 0 : g.padding[d];
    meta[16 + i] = d < 0 ? 1 : g.dilation[d];
  }
}

/**
 * The sizes of the result.
 *
 * @throws {RangeError} When the window does not fit.
 */
function pooledSizes(operation: string, x: Tensor, g: PoolGeometry, ceilMode: boolean): number[] {
  const n = g.kernel.length;
  checkDims(operation, x, n);
  if (g.kernel.some((k) => k <= 0)) {
    throw new RangeError(`kernel size should be greater than zero, but got ${formatSizes(g.kernel)} (${operation})`);
  }
  if (g.stride.some((s) => s <= 0)) {
    throw new RangeError(`stride should be greater than zero, but got ${formatSizes(g.stride)} (${operation})`);
  }
  if (g.dilation.some((d) => d <= 0)) {
    throw new RangeError(`dilation should be greater than zero, but got ${formatSizes(g.dilation)} (${operation})`);
  }
  const out = x.sizes.slice(0, -n);
  for (let i = 0; i < n; i++) {
    const size = x.sizes[x.ndim - n + i], k = g.kernel[i], s = g.stride[i], p = g.padding[i], d = g.dilation[i];
    if (p < 0) throw new RangeError(`pad must be non-negative, but got pad: ${p} (${operation})`);
    if (p > Math.floor((d * (k - 1) + 1) / 2)) {
      throw new RangeError(
        `pad should be at most half of effective kernel size, but got pad=${p}, kernel_size=${k} and dilation=${d} ` +
          `(${operation})`,
      );
    }
    let o = Math.floor((size + 2 * p - d * (k - 1) - 1 + (ceilMode ? s - 1 : 0)) / s) + 1;
    // The last window must begin inside the image or the padding before it.
    if (ceilMode && (o - 1) * s >= size + p) o--;
    if (o < 1) {
      throw new RangeError(
        `Given input size: (${
          x.sizes.slice(-n - 1).join("x")
        }). Calculated output size for dimension ${i}: ${o}. Output ` +
          `size is too small (${operation})`,
      );
    }
    out.push(o);
  }
  return out;
}

function checkDims(operation: string, x: Tensor, n: number): void {
  if (x.ndim === n + 1 || x.ndim === n + 2) {
    if (x.sizes.slice(x.ndim === n + 2 ? 1 : 0).every((s) => s > 0)) return;
  }
  throw new RangeError(
    `${operation}: Expected ${n + 1}D or ${
      n + 2
    }D (batch mode) tensor with optional 0 dim batch size for input, but got: ${formatSizes(x.sizes)}`,
  );
}

/** y = max over windows; also where each maximum was, when `indices` is wanted. */
export interface MaxPooled {
  y: Tensor;
  indices: Tensor | null;
}

/**
 * The largest element of each window. `wantIndices` asks for PyTorch's flat indices (int64).
 *
 * @throws {RangeError} When the window does not fit.
 */
export function maxPool(
  operation: string,
  x: Tensor,
  g: PoolGeometry,
  ceilMode: boolean,
  wantIndices: boolean,
): MaxPooled {
  return maxPoolTo(operation, x, pooledSizes(operation, x, g, ceilMode), g.kernel.length, g, wantIndices);
}

function maxPoolTo(
  operation: string,
  x: Tensor,
  sizes: Sizes,
  n: number,
  g: PoolGeometry | null,
  wantIndices: boolean,
): MaxPooled {
  const recorded = mode.enabled && x.requiresGrad;
  if (n === 1 && recorded) {
    const { y, indices } = maxPoolTo(operation, unsqueeze(x, -2), flatSizes(sizes), 2, flat(g), wantIndices);
    return { y: squeeze(y, -2), indices: indices === null ? null : squeeze(indices, -2) };
  }
  const wide = isHalf(x.dtype) ? castTo(x, float32) : x.dtype.isFloatingPoint ? x : castTo(x, float64);
  const source = dense(wide), y = empty(sizes, source.dtype, x.device);
  // The position within the window takes a byte, where nobody but backward will look at it.
  const type: DType = wantIndices ? int64 : g !== null && product(g.kernel) <= 255 ? uint8 : int32;
  const indices = wantIndices ? empty(sizes, int64, x.device) : recorded ? workspace(sizes, type, x.device) : null;
  if (y.count > 0) {
    describe(source.sizes, sizes, n, g);
    const ptr = indices === null ? null : indices.ptr;
    if (y.kernels.maxPool(y.dtype.code, y.ptr, ptr, source.ptr, type.code, metaPtr) !== 0) {
      throw unsupported(operation, x.dtype);
    }
  }
  const kind = g === null ? `AdaptiveMaxPool${n}DBackward0` : `MaxPool${n}DWithIndicesBackward0`;
  const out = castTo(y, x.dtype);
  if (!recorded) return { y: out, indices: wantIndices ? indices : null };
  record(kind, out, [x], [indices], (dy, [indices]) => [maxPoolBackward(dy, indices, x.sizes, n, g)]);
  return { y: out, indices: wantIndices ? indices : null };
}

// In PyTorch's graph one dimension is the last of two.
function flat(g: PoolGeometry | null): PoolGeometry | null {
  return g === null ? null : {
    kernel: [1, ...g.kernel],
    stride: [1, ...g.stride],
    padding: [0, ...g.padding],
    dilation: [1, ...g.dilation],
  };
}

function flatSizes(sizes: Sizes): Sizes {
  return [...sizes.slice(0, -1), 1, sizes[sizes.length - 1]];
}

/** The adjoint of {@linkcode maxPool}: dy where the maxima were. */
function maxPoolBackward(dy: Tensor, indices: Tensor, sizes: Sizes, n: number, g: PoolGeometry | null): Tensor {
  if (isHalf(dy.dtype)) return throughFloat32(dy, (dy) => maxPoolBackward(dy, indices, sizes, n, g));
  const grad = dense(dy);
  const dx = empty(sizes, dy.dtype, dy.device);
  describe(sizes, grad.sizes, n, g);
  if (dx.count > 0) {
    dx.kernels.maxPoolBackward(dx.dtype.code, dx.ptr, grad.ptr, indices.ptr, indices.dtype.code, metaPtr);
  }
  return record(`MaxPool${n}DWithIndicesBackwardBackward0`, dx, [dy], [indices], (ddx, [indices]) => [
    gather(ddx, indices, sizes, n, g),
  ]);
}

/** The elements of x at the places where maxima were. */
function gather(x: Tensor, indices: Tensor, sizes: Sizes, n: number, g: PoolGeometry | null): Tensor {
  if (isHalf(x.dtype)) return throughFloat32(x, (x) => gather(x, indices, sizes, n, g));
  const source = dense(x);
  const y = empty(indices.sizes, x.dtype, x.device);
  describe(sizes, indices.sizes, n, g);
  if (y.count > 0) y.kernels.maxPoolGather(y.dtype.code, y.ptr, source.ptr, indices.ptr, indices.dtype.code, metaPtr);
  return record("GatherBackward0", y, [x], [indices], (dy, [indices]) => [maxPoolBackward(dy, indices, sizes, n, g)]);
}

/**
 * The mean of each window.
 *
 * @param divisor Divides instead of the window's size, unless it is 0.
 * @throws {RangeError} When the window does not fit.
 */
export function avgPool(
  operation: string,
  x: Tensor,
  g: PoolGeometry,
  ceilMode: boolean,
  countIncludePad: boolean,
  divisor: number,
): Tensor {
  return avgPoolTo(operation, x, pooledSizes(operation, x, g, ceilMode), g.kernel.length, g, countIncludePad, divisor);
}

function avgPoolTo(
  operation: string,
  x: Tensor,
  sizes: Sizes,
  n: number,
  g: PoolGeometry | null,
  include: boolean,
  divisor: number,
): Tensor {
  if (n === 1 && mode.enabled && x.requiresGrad) {
    return squeeze(avgPoolTo(operation, unsqueeze(x, -2), flatSizes(sizes), 2, flat(g), include, divisor), -2);
  }
  // Long sums are exact below 2⁵³; the quotients are cut off, as division of integers is.
  const source = dense(isHalf(x.dtype) ? castTo(x, float32) : x.dtype === int64 ? castTo(x, float64) : x);
  const y = empty(sizes, source.dtype, x.device);
  if (y.count > 0) {
    describe(source.sizes, sizes, n, g);
    if (y.kernels.avgPool(y.dtype.code, y.ptr, source.ptr, include ? 1 : 0, divisor, metaPtr) !== 0) {
      throw unsupported(operation, x.dtype);
    }
  }
  const name = `${g === null ? "Adaptive" : ""}AvgPool${n}DBackward0`;
  return record(name, castTo(y, x.dtype), [x], [], (dy) => [
    avgPoolBackward(operation, dy, x.sizes, n, g, include, divisor),
  ]);
}

/** The adjoint of {@linkcode avgPool}, which is linear: its own adjoint is the pooling. */
function avgPoolBackward(
  operation: string,
  dy: Tensor,
  sizes: Sizes,
  n: number,
  g: PoolGeometry | null,
  include: boolean,
  divisor: number,
): Tensor {
  if (isHalf(dy.dtype)) {
    return throughFloat32(dy, (dy) => avgPoolBackward(operation, dy, sizes, n, g, include, divisor));
  }
  const grad = dense(dy);
  const dx = empty(sizes, dy.dtype, dy.device);
  describe(sizes, grad.sizes, n, g);
  if (dx.count > 0) dx.kernels.avgPoolBackward(dx.dtype.code, dx.ptr, grad.ptr, include ? 1 : 0, divisor, metaPtr);
  return record("AvgPoolBackwardBackward0", dx, [dy], [], (ddx) => [
    avgPoolTo(operation, ddx, dy.sizes, n, g, include, divisor),
  ]);
}

/** The output sizes of adaptive pooling: `null` keeps a dimension. */
export function adaptiveSizes(
  operation: string,
  x: Tensor,
  output: number | null | readonly (number | null)[],
  n: number,
): number[] {
  checkDims(operation, x, n);
  const list = Array.isArray(output) ? output : new Array<number | null>(n).fill(output as number | null);
  if (list.length !== n) {
    throw new RangeError(`${operation}: output_size must be 1 or ${n} numbers, got ${formatSizes(list as number[])}`);
  }
  return [...x.sizes.slice(0, -n), ...list.map((o, i) => o ?? x.sizes[x.ndim - n + i])];
}

/** Means over windows that are chosen so that the result has the given sizes. */
export function adaptiveAvgPool(operation: string, x: Tensor, sizes: Sizes, n: number): Tensor {
  return avgPoolTo(operation, x, sizes, n, null, true, 0);
}

/** Maxima over windows that are chosen so that the result has the given sizes. */
export function adaptiveMaxPool(
  operation: string,
  x: Tensor,
  sizes: Sizes,
  n: number,
  wantIndices: boolean,
): MaxPooled {
  return maxPoolTo(operation, x, sizes, n, null, wantIndices);
}

/**
 * Zeros of the given sizes, with x's elements at `indices` (as {@linkcode maxPool} gives them).
 *
 * @throws {RangeError} When an index is outside.
 */
export function maxUnpool(operation: string, x: Tensor, indices: Tensor, sizes: Sizes, n: number): Tensor {
  if (indices.dtype !== int64) {
    throw new TypeError(`elements in indices should be type int64 but got: ${indices.dtype} (${operation})`);
  }
  checkDevices(operation, x, indices);
  if (formatSizes(indices.sizes) !== formatSizes(x.sizes)) {
    throw new RangeError(
      `Expected shape of indices to be same as that of the input tensor (${
        formatSizes(x.sizes)
      }) but got indices tensor ` +
        `with shape: ${formatSizes(indices.sizes)} (${operation})`,
    );
  }
  const limit = product(sizes.slice(-n));
  if (indices.count > 0 && (indices.amin().item() < 0 || indices.amax().item() >= limit)) {
    throw new RangeError(
      `Found an invalid max index: ${indices.amax().item()} (output volumes are of size ${
        sizes.slice(-n).join("x")
      }) (${operation})`,
    );
  }
  if (n === 1) {
    // In PyTorch's graph one dimension is the first of two.
    return squeeze(maxUnpool(operation, unsqueeze(x, -1), unsqueeze(indices, -1), [...sizes, 1], 2), -1);
  }
  if (isHalf(x.dtype)) return throughFloat32(x, (x) => maxUnpool(operation, x, indices, sizes, n));
  const source = dense(x), places = dense(indices);
  const y = empty(sizes, x.dtype, x.device);
  describe(sizes, x.sizes, n, null);
  if (y.kernels.maxUnpool(y.dtype.code, y.ptr, source.ptr, places.ptr, int64.code, metaPtr) !== 0) {
    throw unsupported(operation, x.dtype);
  }
  return record(`MaxUnpool${n}DBackward0`, y, [x], [places], (dy, [places]) => [gather(dy, places, sizes, n, null)]);
}
