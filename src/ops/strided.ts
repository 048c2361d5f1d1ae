/**
 * Copies between layouts, and the general strided view with its adjoint.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { empty, view } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { contiguousStrides, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fill_ } from "./fill.ts";

/** Copies the elements of `x` to `y`, whatever their strides; `x` may have stride 0. Same sizes, same type. */
export function copyElementsTo(y: Tensor, x: Tensor): void {
  const n = y.sizes.length;
  meta[0] = n;
  for (let i = 0; i < n; i++) {
    meta[1 + i] = y.sizes[i];
    meta[1 + n + i] = y.strides[i];
    meta[1 + 2 * n + i] = x.strides[i];
  }
  y.kernels.copyStrided(y.dtype.itemsize, y.ptr, x.ptr, metaPtr);
}

/** A contiguous copy, outside of the graph. */
export function packed(x: Tensor): Tensor {
  const y = empty(x.sizes, x.dtype, x.device);
  copyElementsTo(y, x);
  return y;
}

/** `x` itself when it is contiguous, else a contiguous copy outside of the graph: what kernels are given. */
export function dense(x: Tensor): Tensor {
  return x.isContiguous() ? x : packed(x);
}

/** A copy. The result is always contiguous. */
export function clone(x: Tensor): Tensor {
  return record("CloneBackward0", packed(x), [x], [], (dy) => [dy]);
}

/** `x` itself when it is contiguous, else a contiguous copy. */
export function contiguous(x: Tensor): Tensor {
  return x.isContiguous() ? x : clone(x);
}

/**
 * A view with the given sizes, strides and offset into the storage.
 *
 * @throws {RangeError} When the view would reach outside of the storage.
 */
export function asStrided(x: Tensor, sizes: Sizes, strides: Sizes, offset: number = x.offset): Tensor {
  let last = offset, count = 1;
  if (strides.length !== sizes.length) throw new RangeError("mismatch in length of strides and shape");
  sizes.forEach((s, i) => {
    if (strides[i] < 0) throw new RangeError(`as_strided: Negative strides are not supported, got ${strides}`);
    last += (s - 1) * strides[i];
    count *= s;
  });
  if (offset < 0 || (count > 0 && (last + 1) * x.dtype.itemsize > x.storage.bytes)) {
    throw new RangeError(
      `setStorage: sizes [${sizes.join(", ")}], strides [${
        strides.join(", ")
      }], storage offset ${offset}, and itemsize ` +
        `${x.dtype.itemsize} requiring a storage size of ${
          (last + 1) * x.dtype.itemsize
        } are out of bounds for storage ` +
        `of size ${x.storage.bytes}`,
    );
  }
  const y = view(x, sizes, strides, offset);
  return record("AsStridedBackward0", y, [x], [], (dy) => [asStridedBackward(dy, x, sizes, strides, offset)]);
}

/** The adjoint of a strided view without overlap: zeros of the base's shape, with `dy` where the view was. */
export function asStridedBackward(
  dy: Tensor,
  base: TensorLayout,
  sizes: Sizes,
  strides: Sizes,
  offset: number,
): Tensor {
  const dx = empty(base.sizes, dy.dtype, dy.device);
  fill_(dx, 0);
  const target = region(base, strides, offset);
  copyElementsTo(view(dx, sizes, target.strides, target.offset), dy);
  return record("AsStridedBackwardBackward", dx, [dy], [], (ddx) => [
    asStrided(contiguous(ddx), sizes, target.strides, target.offset + ddx.offset),
  ]);
}

/** Where a view of `base` lies in a contiguous gradient of the base. */
export function region(base: TensorLayout, strides: Sizes, offset: number): { strides: Sizes; offset: number } {
  return { strides: relocate(strides, base), offset: relocateOffset(offset, base) };
}

/** The part of a tensor that {@linkcode asStridedBackward} needs. */
export interface TensorLayout {
  readonly sizes: Sizes;
  readonly strides: Sizes;
  readonly offset: number;
}

function relocate(strides: Sizes, base: TensorLayout): Sizes {
  const target = contiguousStrides(base.sizes);
  return strides.map((s) => {
    if (s === 0) return 0;
    const exact = base.strides.findIndex((b, i) => b === s && base.sizes[i] !== 1);
    if (exact >= 0) return target[exact];
    const multiple = base.strides.findLastIndex((b, i) => b > 0 && s % b === 0 && base.sizes[i] !== 1);
    return multiple >= 0 ? (s / base.strides[multiple]) * target[multiple] : s;
  });
}

function relocateOffset(offset: number, base: TensorLayout): number {
  let rest = offset - base.offset, out = 0;
  const target = contiguousStrides(base.sizes);
  const order = base.strides.map((_, i) => i).filter((i) => base.strides[i] > 0)
    .sort((a, b) => base.strides[b] - base.strides[a]);
  for (const i of order) {
    const k = Math.min(Math.floor(rest / base.strides[i]), base.sizes[i] - 1);
    out += k * target[i];
    rest -= k * base.strides[i];
  }
  return out;
}
