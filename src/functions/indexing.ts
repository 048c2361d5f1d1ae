/**
 * Functions that choose, join and cut, where they have options.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { checkOptions, kindOf } from "../check.ts";
import * as order from "../ops/sort.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import * as join from "../ops/join.ts";
import { isTensor, type Operand, tensorList } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import type { IndexCopyArguments, IndexFillArguments } from "../tensor/fill_at.ts";
import {
  type ArgsortArguments,
  type BincountArguments,
  type ChunkArguments,
  type GatherArguments,
  type IndexAddArguments,
  type IndexSelectArguments,
  type KeepdimOptions,
  type KthvalueArguments,
  type SortOptions,
  type TopkOptions,
  type UniqueOptions,
  withDim,
} from "../tensor/indexing.ts";

/** The tensors one after another along `dim` (0). */
export function cat(tensors: readonly Tensor[], ...args: Trailing<[dim: number], { dim?: number }>): Tensor {
  if (!Array.isArray(tensors)) {
    throw new TypeError(`cat(): argument 'tensors' (position 1) must be an array of Tensors, not ${kindOf(tensors)}`);
  }
  return join.cat(tensorList("cat", [tensors]), named<{ dim?: number }>("cat", args, ["dim"]).dim);
}
export { cat as concat, cat as concatenate };

/** Elements by index along `dim`: y[i][j] = x[index[i][j]][j] along dimension 0, and so on for others. */
export function gather(x: Tensor, ...args: GatherArguments): Tensor {
  return x.gather(...args);
}

/** The rows that `index` lists along `dim`. */
export function indexSelect(x: Tensor, ...args: IndexSelectArguments): Tensor {
  return x.indexSelect(...args);
}

/** x with the rows of `source`, times alpha, added at `index` along `dim`. */
export function indexAdd(x: Tensor, ...args: IndexAddArguments): Tensor {
  return x.indexAdd(...args);
}

/** x with the rows of `source` where `index` says along `dim`. */
export function indexCopy(x: Tensor, ...args: IndexCopyArguments): Tensor {
  return x.indexCopy(...args);
}

/** x with `value` in the rows that `index` names along `dim`. */
export function indexFill(x: Tensor, ...args: IndexFillArguments): Tensor {
  return x.indexFill(...args);
}

/** At most `chunks` pieces of equal length along `dim` (0). */
export function chunk(x: Tensor, ...args: ChunkArguments): Tensor[] {
  return x.chunk(...args);
}

/** How often each of 0, 1, … occurs, or the sum of weights for each. */
export function bincount(x: Tensor, ...args: BincountArguments): Tensor {
  return x.bincount(...args);
}

/** The tensors along a new dimension, `dim` (0). */
export function stack(tensors: readonly Tensor[], dim?: number | { dim?: number }): Tensor {
  return join.stack(tensors, withDim("stack", dim, undefined, ["dim"]).dim);
}

/** The elements along `dim` (-1) in order: values, and the indices that they come from. */
export function sort(x: Tensor, dim?: number | SortOptions, options?: SortOptions): ValuesIndices {
  return x.sort(dim, options);
}

/** The indices that sort `x` along `dim` (-1). */
export function argsort(x: Tensor, ...args: ArgsortArguments): Tensor {
  return x.argsort(...args);
}

/** The k largest elements along `dim` (-1), in order. */
export function topk(x: Tensor, k: number, dim?: number | TopkOptions, options?: TopkOptions): ValuesIndices {
  return x.topk(k, dim, options);
}

/** The k-th smallest element along `dim` (-1). */
export function kthvalue(x: Tensor, ...args: KthvalueArguments): ValuesIndices {
  return x.kthvalue(...args);
}

/** The median of all elements, or along `dim` with its indices. */
export function median(x: Tensor): Tensor;
/** The median of all elements, or along `dim` with its indices. */
export function median(x: Tensor, dim: number | KeepdimOptions, options?: KeepdimOptions): ValuesIndices;
export function median(x: Tensor, dim?: number | KeepdimOptions, options?: KeepdimOptions): Tensor | ValuesIndices {
  return dim === undefined ? x.median() : x.median(dim, options);
}

/** The distinct elements in ascending order. */
export function unique(x: Tensor): Tensor;
/** The distinct elements in ascending order. */
export function unique(x: Tensor, options: UniqueOptions): Tensor | Tensor[];
export function unique(x: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] {
  return x.unique(options);
}

/** The elements without repetitions of the one before. */
export function uniqueConsecutive(x: Tensor): Tensor;
/** The elements without repetitions of the one before. */
export function uniqueConsecutive(x: Tensor, options: UniqueOptions): Tensor | Tensor[];
export function uniqueConsecutive(x: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] {
  return x.uniqueConsecutive(options);
}

/** Options of {@linkcode searchsorted}. */
export interface SearchOptions {
  /** Behind equal elements rather than before them. Default: false. */
  right?: boolean;
  /** Give int32 rather than int64. Default: false. */
  outInt32?: boolean;
}

/** Where `values` belong in the sorted `sequence`. */
export function searchsorted(sequence: Tensor, values: Operand, options: SearchOptions = {}): Tensor {
  checkOptions("searchsorted", options, ["right", "outInt32"]);
  return order.searchsorted(sequence, values, options.right, options.outInt32);
}

/** Which bucket between `boundaries` each value falls in. */
export function bucketize(values: Operand, boundaries: Tensor, options: SearchOptions = {}): Tensor {
  checkOptions("bucketize", options, ["right", "outInt32"]);
  if (!isTensor(boundaries)) throw new TypeError("bucketize(): argument 'boundaries' (position 2) must be Tensor");
  if (boundaries.ndim !== 1) {
    throw new RangeError(`boundaries tensor must be 1 dimension, but got dim(${boundaries.ndim}) (bucketize)`);
  }
  return order.searchsorted(boundaries, values, options.right, options.outInt32);
}
