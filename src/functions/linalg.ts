/**
 * Functions of matrices that `torch` has beside `torch.linalg`, and writing at chosen places.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";

export { det, matrixPower, pinv as pinverse, slogdet } from "../linalg.ts";
export { inv as inverse } from "../linalg.ts";

/** x with reductions of `source`'s elements at the places that `index` names along `dim`. */
export function scatterReduce(
  x: Tensor,
  ...args: Parameters<Tensor["scatterReduce"]>
): Tensor {
  return x.scatterReduce(...args);
}

/** x with reductions of `source`'s rows in the rows that `index` names along `dim`. */
export function indexReduce(
  x: Tensor,
  ...args: Parameters<Tensor["indexReduce"]>
): Tensor {
  return x.indexReduce(...args);
}

/** A copy of x with `values` at `indices`. */
export function indexPut(
  x: Tensor,
  ...args: Parameters<Tensor["indexPut"]>
): Tensor {
  return x.indexPut(...args);
}

/** A copy, which is part of the graph. */
export function clone(x: Tensor): Tensor {
  return x.clone();
}

/** Sets every element to 0. */
export function zero_(x: Tensor): Tensor {
  return x.zero_();
}

/** All elements in one dimension. */
export function ravel(x: Tensor): Tensor {
  return x.reshape(-1);
}
