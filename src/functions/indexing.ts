/**
 * Functions that choose, join and cut, where they have options.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import * as order from "../ops/sort.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import * as join from "../ops/join.ts";
import type { Operand } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import {
  type KeepdimOptions,
  type SortOptions,
  type TopkOptions,
  type UniqueOptions,
  withDim,
} from "../tensor/indexing.ts";

/** The tensors one after another along `dim` (0). */
export function cat(tensors: readonly Tensor[], dim?: number | { dim?: number }): Tensor {
  return join.cat(tensors, withDim("cat", dim, undefined, ["dim"]).dim);
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
export function argsort(x: Tensor, dim?: number | SortOptions, options?: SortOptions): Tensor {
  return x.argsort(dim, options);
}

/** The k largest elements along `dim` (-1), in order. */
export function topk(x: Tensor, k: number, dim?: number | TopkOptions, options?: TopkOptions): ValuesIndices {
  return x.topk(k, dim, options);
}

/** The k-th smallest element along `dim` (-1). */
export function kthvalue(x: Tensor, k: number, dim?: number | KeepdimOptions, options?: KeepdimOptions): ValuesIndices {
  return x.kthvalue(k, dim, options);
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
  if (boundaries.ndim !== 1) {
    throw new RangeError(`bucketize(): boundaries tensor must be 1 dimension, but got dim(${boundaries.ndim})`);
  }
  return order.searchsorted(boundaries, values, options.right, options.outInt32);
}
