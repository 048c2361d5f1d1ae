/**
 * Setting every element to one number.
 *
 * @module
 */
import { int64 } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { copyElementsTo } from "./strided.ts";
import { expandStrides } from "../shape.ts";
import { empty, over } from "../make.ts";
import { checkFits, encode, type Scalar } from "../read.ts";
import { viewBuffer } from "../dtype.ts";

/**
 * Sets every element, outside of the graph and without counting it as a write.
 *
 * @throws {RangeError} When the value does not fit into the type.
 */
export function fill_(x: Tensor, value: Scalar): void {
  checkFits(value, x.dtype);
  if (x.count === 0) return;
  const exact = typeof value !== "bigint" || Number.isSafeInteger(Number(value));
  if (x.isContiguous() && exact) {
    x.kernels.fill(x.dtype.code, x.ptr, x.count, Number(value));
    return;
  }
  const one = scalarTensor(x, value);
  copyElementsTo(x, over(one.storage, x.sizes, expandStrides([], [], x.sizes), 0, x.dtype));
}

/** A 0-d tensor of `like`'s type and device that holds `value`, exact even for an int64 beyond 2^53. */
export function scalarTensor(like: Tensor, value: Scalar): Tensor {
  const one = empty([], like.dtype, like.device);
  if (like.dtype === int64 && typeof value === "bigint" && one.storage.buffer !== null) {
    encode(int64, viewBuffer(int64, one.storage.buffer, one.storage.byteOffset, 1), [value]);
  } else one.kernels.fill(like.dtype.code, one.ptr, 1, Number(value));
  return one;
}
