/**
 * Functions of matrices that `torch` has beside `torch.linalg`, and writing at chosen places.
 *
 * @module
 */
import type { Index } from "../ops/index.ts";
import type { ScatterReduction } from "../ops/scatter_reduce.ts";
import type { Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import type { IndexPutArguments } from "../tensor/indexing.ts";
import type { IncludeSelfOptions } from "../tensor/inplace.ts";

export { det, matrixPower, pinv as pinverse, slogdet } from "../linalg.ts";
export { inv as inverse } from "../linalg.ts";

/** x with reductions of `source`'s elements at the places that `index` names along `dim`. */
export function scatterReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: ScatterReduction,
  options?: IncludeSelfOptions,
): Tensor {
  return x.scatterReduce(dim, index, source, reduce, options);
}

/** x with reductions of `source`'s rows in the rows that `index` names along `dim`. */
export function indexReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: Exclude<ScatterReduction, "sum">,
  options?: IncludeSelfOptions,
): Tensor {
  return x.indexReduce(dim, index, source, reduce, options);
}

/** A copy of x with `values` at `indices`. */
export function indexPut(
  x: Tensor,
  indices: readonly Index[],
  values: Tensor | Scalar,
  ...args: IndexPutArguments
): Tensor {
  return x.indexPut(indices, values, ...args);
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
