/**
 * Batches of rows.
 *
 * @module
 */

import { empty } from "../make.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** The slices `indices` of `x` along `dim`, copied into a new tensor. */
export function gatherRows(x: Tensor, indices: readonly number[], dim = 0): Tensor {
  const sizes = [...x.sizes];
  sizes[dim] = indices.length;
  const rows = empty(sizes, x.dtype, x.device);
  indices.forEach((index, i) => rows.select(dim, i).copy_(x.select(dim, index)));
  return rows;
}

/**
 * Tensors of one shape, stacked.
 *
 * @throws {RangeError} If their shapes differ.
 */
export function stack(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  tensors.forEach((x, i) => {
    if (!sameSizes(x.sizes, first.sizes)) {
      throw new RangeError(
        `stack expects each tensor to be equal size, but got ${formatSizes(first.sizes)} at entry 0 and ` +
          `${formatSizes(x.sizes)} at entry ${i}`,
      );
    }
  });
  const rows = empty([tensors.length, ...first.sizes], first.dtype, first.device);
  tensors.forEach((x, i) => rows.select(0, i).copy_(x));
  return rows;
}
