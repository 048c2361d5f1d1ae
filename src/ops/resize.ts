/**
 * Changing a tensor's sizes in place.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { metaOf } from "../scratch.ts";
import { contiguousStrides, formatSizes, product, type Sizes } from "../shape.ts";
import { allocate } from "../storage.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Gives `x` other sizes, contiguous, on the same memory while that is large enough, else on new memory that begins with
 * the old elements.
 *
 * @throws {Error} When `x` requires gradients, or a size is negative.
 */
export function resize_(x: Tensor, sizes: Sizes): Tensor {
  if (sizes.some((s) => s < 0)) {
    throw new RangeError(`Trying to create tensor with negative dimension: ${formatSizes(sizes)}`);
  }
  if (x.requiresGrad && mode.enabled) throw new Error("cannot resize variables that require grad");
  const count = product(sizes), bytes = (x.offset + count) * x.dtype.itemsize;
  if (bytes > x.storage.bytes) {
    const grown = allocate(x.device, bytes);
    x.kernels.copyStrided(1, grown.ptr, x.storage.ptr, metaOf(1, x.storage.bytes, 1, 1));
    grown.held = true;
    x.relocate(grown, sizes, contiguousStrides(sizes), count);
  } else x.relocate(x.storage, sizes, contiguousStrides(sizes), count);
  return x;
}
