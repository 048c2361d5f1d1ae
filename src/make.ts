/**
 * How operations get tensors for their results: uninitialised memory, and views of what is there.
 *
 * @module
 */
import { bfloat16, type DType, float16, float32 } from "./dtype.ts";
import type { Device } from "./device.ts";
import { contiguousStrides, formatSizes, product, type Sizes } from "./shape.ts";
import { allocate, type Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/**
 * A contiguous tensor with undefined contents.
 *
 * @throws {RangeError} When a size is negative or not an integer, or there are 2³¹ elements or more.
 */
export function empty(sizes: Sizes, dtype: DType, device: Device): Tensor {
  let count = 1;
  for (let i = 0; i < sizes.length; i++) {
    if (!(sizes[i] >= 0 && Number.isInteger(sizes[i]))) throw badSizes(sizes);
    count *= sizes[i];
  }
  if (!(count < 2 ** 31)) throw badSizes(sizes);
  return new Tensor(allocate(device, count * dtype.itemsize), sizes, contiguousStrides(sizes), 0, dtype, count);
}

function badSizes(sizes: Sizes): Error {
  const negative = sizes.find((s) => !(s >= 0));
  if (sizes.some((s) => !Number.isInteger(s))) {
    return new TypeError(`sizes must be integers, got ${formatSizes(sizes)}`);
  }
  return new RangeError(
    negative !== undefined
      ? `Trying to create tensor with negative dimension ${negative}: ${formatSizes(sizes)}`
      : `a tensor of shape ${formatSizes(sizes)} has more than 2^31 - 1 elements, the most that Raptorch can hold`,
  );
}

/** {@linkcode empty} for memory that only backward will see: it is recycled as soon as its node has run. */
export function workspace(sizes: Sizes, dtype: DType, device: Device): Tensor {
  const x = empty(sizes, dtype, device);
  x.storage.workspace = true;
  return x;
}

/** A tensor over memory that another tensor owns, outside of any graph. */
export function over(storage: Storage, sizes: Sizes, strides: Sizes, offset: number, dtype: DType): Tensor {
  return new Tensor(storage, sizes, strides, offset, dtype, product(sizes));
}

/** A view of `x`: shares its memory, its version and, through `base`, its history. */
export function view(x: Tensor, sizes: Sizes, strides: Sizes, offset: number): Tensor {
  const y = new Tensor(x.storage, sizes, strides, offset, x.dtype, product(sizes));
  const base = x.base ?? x;
  y.base = base;
  y.seenRebases = base.rebases;
  y.untracked = x.untracked;
  return y;
}

/** Whether `dtype` is stored in 16 bits and computed through float32. */
export function isHalf(dtype: DType): boolean {
  return dtype === float16 || dtype === bfloat16;
}

/** Runs a float32 computation on a 16-bit tensor and brings the result back to its type. */
export function throughFloat32(x: Tensor, compute: (x: Tensor) => Tensor): Tensor {
  return compute(x.to(float32)).to(x.dtype);
}
