/**
 * Indexing, gathering, sorting and cutting as methods.
 *
 * @module
 */
import { type Arguments, called, named, type Trailing } from "../arguments.ts";
import { checkOptions, isOptions } from "../check.ts";
import * as gather from "../ops/gather.ts";
import * as indexing from "../ops/index.ts";
import type { Index } from "../ops/index.ts";
import * as join from "../ops/join.ts";
import * as order from "../ops/sort.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import type { Scalar } from "../read.ts";
import { type Sizes, sizesFrom } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorActivation } from "./activation.ts";

/** Options of {@linkcode TensorIndexing.indexPut_}. */
export interface IndexPutOptions {
  /** Add the values to what is there. Default: false. */
  accumulate?: boolean;
}

/** The arguments of {@linkcode TensorIndexing.indexPut} beside indices and values. */
export type IndexPutArguments = Trailing<[accumulate: boolean], IndexPutOptions>;

/** Where along a dimension. */
export interface IndexOptions {
  /** The dimension. */
  dim: number;
  /** Indices along it. */
  index: Tensor;
}

/** The arguments of {@linkcode TensorIndexing.indexSelect}. */
export type IndexSelectArguments = Arguments<[dim: number, index: Tensor], [], IndexOptions, Partial<IndexOptions>>;

/** Options of {@linkcode TensorIndexing.gather}. */
export interface GatherOptions extends IndexOptions {
  /** Accepted and ignored: gradients are always dense. */
  sparseGrad?: boolean;
}

/** The arguments of {@linkcode TensorIndexing.gather}. */
export type GatherArguments = Arguments<[dim: number, index: Tensor], [], GatherOptions, Partial<GatherOptions>>;

/** The arguments of {@linkcode TensorIndexing.indexAdd}. */
export type IndexAddArguments = Arguments<
  [dim: number, index: Tensor, source: Tensor],
  [],
  IndexAddOptions,
  Partial<IndexAddOptions>
>;

/** The arguments of {@linkcode TensorIndexing.argsort}. */
export type ArgsortArguments = Trailing<[dim: number, descending: boolean], SortOptions>;

/** Options of {@linkcode TensorIndexing.kthvalue}. */
export interface KthvalueOptions extends KeepdimOptions {
  /** Which one, counted from 1. */
  k: number;
}

/** The arguments of {@linkcode TensorIndexing.kthvalue}. */
export type KthvalueArguments = Arguments<
  [k: number],
  [dim: number, keepdim: boolean],
  KthvalueOptions,
  Partial<KthvalueOptions>
>;

/** Options of {@linkcode TensorIndexing.bincount}. */
export interface BincountOptions {
  /** What each occurrence counts. Default: null, 1. */
  weights?: Tensor | null;
  /** The least length of the result. Default: 0. */
  minlength?: number;
}

/** The arguments of {@linkcode TensorIndexing.bincount}. */
export type BincountArguments = Trailing<[weights: Tensor | null, minlength: number], BincountOptions>;

/** Options of {@linkcode TensorIndexing.chunk}. */
export interface ChunkOptions {
  /** How many pieces at the most. */
  chunks: number;
  /** The dimension. Default: 0. */
  dim?: number;
}

/** The arguments of {@linkcode TensorIndexing.chunk}. */
export type ChunkArguments = Arguments<[chunks: number], [dim: number], ChunkOptions, Partial<ChunkOptions>>;

/** Options of {@linkcode TensorIndexing.indexAdd}. */
export interface IndexAddOptions extends IndexOptions {
  /** What is added. */
  source: Tensor;
  /** Multiplies the source. Default: 1. */
  alpha?: number | boolean;
}

/** Options of {@linkcode TensorIndexing.sort}. */
export interface SortOptions {
  /** The dimension; may also be given as the first argument. Default: -1. */
  dim?: number;
  /** From the largest to the smallest. Default: false. */
  descending?: boolean;
  /** Sorting is always stable. */
  stable?: boolean;
}

/** Options of {@linkcode TensorIndexing.topk}. */
export interface TopkOptions {
  /** The dimension; may also be given as the second argument. Default: -1. */
  dim?: number;
  /** The largest rather than the smallest. Default: true. */
  largest?: boolean;
  /** The result is always sorted. */
  sorted?: boolean;
}

/** Options of reductions that keep one element of a dimension. */
export interface KeepdimOptions {
  /** The dimension; may also be given by position. */
  dim?: number;
  /** Whether the reduced dimension stays, with size 1. Default: false. */
  keepdim?: boolean;
}

/** Options of {@linkcode TensorIndexing.unique}. */
export interface UniqueOptions {
  /** Results are always sorted. */
  sorted?: boolean;
  /** Also give where each element's value is. Default: false. */
  returnInverse?: boolean;
  /** Also give how often each value occurs. Default: false. */
  returnCounts?: boolean;
}

/** A dimension by position or in the options. @internal */
export function withDim<O extends { dim?: number }>(
  operation: string,
  dim: number | O | undefined,
  options: O | undefined,
  known: readonly string[],
): O {
  const merged = isOptions(dim) ? dim as O : { ...options, ...(dim === undefined ? {} : { dim }) } as O;
  checkOptions(operation, merged, known);
  return merged;
}

function distinct(operation: string, found: order.UniqueResult, options: UniqueOptions): Tensor | Tensor[] {
  checkOptions(operation, options, ["sorted", "returnInverse", "returnCounts"]);
  const extra = [...(options.returnInverse ? [found.inverse] : []), ...(options.returnCounts ? [found.counts] : [])];
  return extra.length === 0 ? found.values : [found.values, ...extra];
}

/** Methods that choose elements. */
export class TensorIndexing extends TensorActivation {
  /** `x[…]`: integers, `slice(…)`, `"..."`, null, masks and index tensors. */
  index(this: Tensor, indices: readonly Index[]): Tensor {
    return indexing.index(this, indices);
  }
  /** `x[indices] = values`. */
  indexPut_(this: Tensor, indices: readonly Index[], values: Tensor | Scalar, ...args: IndexPutArguments): Tensor {
    const o = named<IndexPutOptions>("index_put_", args, ["accumulate"]);
    return indexing.indexPut_(this, indices, values, o.accumulate);
  }
  /** A copy with `values` at `indices`. */
  indexPut(this: Tensor, indices: readonly Index[], values: Tensor | Scalar, ...args: IndexPutArguments): Tensor {
    return this.clone().indexPut_(indices, values, ...args);
  }
  /** The rows that `index` lists along `dim`. */
  indexSelect(this: Tensor, ...args: IndexSelectArguments): Tensor {
    const o = called<IndexOptions>("index_select", args, ["dim", "index"]);
    return gather.indexSelect(this, o.dim, o.index);
  }
  /** This tensor with `source`'s rows added at `index` along `dim`. */
  indexAdd(this: Tensor, ...args: IndexAddArguments): Tensor {
    const o = called<IndexAddOptions>("index_add", args, ["dim", "index", "source"], [], ["alpha"]);
    return gather.indexAdd(this, o.dim, o.index, o.source, Number(o.alpha ?? 1));
  }
  /** Adds `source`'s rows at `index` along `dim`, in place. */
  indexAdd_(this: Tensor, ...args: IndexAddArguments): Tensor {
    const o = called<IndexAddOptions>("index_add_", args, ["dim", "index", "source"], [], ["alpha"]);
    return gather.indexAdd_(this, o.dim, o.index, o.source, Number(o.alpha ?? 1));
  }
  /** Elements by index along `dim`. */
  gather(this: Tensor, ...args: GatherArguments): Tensor {
    const o = called<GatherOptions>("gather", args, ["dim", "index"], [], ["sparseGrad"]);
    return gather.gather(this, o.dim, o.index);
  }
  /** A copy with `source` at the places that `index` names along `dim`. */
  scatter(this: Tensor, dim: number, index: Tensor, source: Tensor | Scalar): Tensor {
    return gather.scatter(this, dim, index, source);
  }
  /** Writes `source` to the places that `index` names along `dim`. */
  scatter_(this: Tensor, dim: number, index: Tensor, source: Tensor | Scalar): Tensor {
    return gather.scatter_(this, dim, index, source);
  }
  /** A copy with `source` added at the places that `index` names along `dim`. */
  scatterAdd(this: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
    return gather.scatterAdd(this, dim, index, source);
  }
  /** Adds `source` at the places that `index` names along `dim`. */
  scatterAdd_(this: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
    return gather.scatterAdd_(this, dim, index, source);
  }
  /** The elements where `mask` is true, in one dimension. */
  maskedSelect(this: Tensor, mask: Tensor): Tensor {
    return indexing.maskedSelect(this, mask);
  }
  /** The positions of elements other than 0, one row each; with `asTuple`, one vector per dimension. */
  nonzero(this: Tensor, options?: { asTuple?: false }): Tensor;
  /** The positions of elements other than 0, one row each; with `asTuple`, one vector per dimension. */
  nonzero(this: Tensor, options: { asTuple: true }): Tensor[];
  nonzero(this: Tensor, options?: { asTuple?: boolean }): Tensor | Tensor[] {
    checkOptions("nonzero", options, ["asTuple"]);
    const found = indexing.nonzero(this);
    return options?.asTuple ? join.unbind(found, 1) : found;
  }
  /** The elements along `dim` (-1) in order: values, and the indices that they come from. */
  sort(this: Tensor, dim?: number | SortOptions, options?: SortOptions): ValuesIndices {
    const o = withDim("sort", dim, options, ["dim", "descending", "stable"]);
    return order.sort(this, o.dim, o.descending);
  }
  /** The indices that sort this tensor along `dim` (-1). */
  argsort(this: Tensor, ...args: ArgsortArguments): Tensor {
    const o = named<SortOptions>("argsort", args, ["dim", "descending"], ["stable"]);
    return order.argsort(this, o.dim, o.descending);
  }
  /** The k largest elements along `dim` (-1), in order. */
  topk(this: Tensor, k: number, dim?: number | TopkOptions, options?: TopkOptions): ValuesIndices {
    const o = withDim("topk", dim, options, ["dim", "largest", "sorted"]);
    return order.topk(this, k, o.dim, o.largest);
  }
  /** The k-th smallest element along `dim` (-1). */
  kthvalue(this: Tensor, ...args: KthvalueArguments): ValuesIndices {
    const o = called<KthvalueOptions>("kthvalue", args, ["k"], ["dim", "keepdim"]);
    return order.kthvalue(this, o.k, o.dim, o.keepdim);
  }
  /** The median of all elements, or along `dim` with its indices. */
  median(this: Tensor): Tensor;
  /** The median of all elements, or along `dim` with its indices. */
  median(this: Tensor, dim: number | KeepdimOptions, options?: KeepdimOptions): ValuesIndices;
  median(this: Tensor, dim?: number | KeepdimOptions, options?: KeepdimOptions): Tensor | ValuesIndices {
    const o = withDim("median", dim, options, ["dim", "keepdim"]);
    return o.dim === undefined ? order.median(this) : order.medianAlong(this, o.dim, o.keepdim);
  }
  /** The distinct elements in ascending order. */
  unique(this: Tensor): Tensor;
  /** The distinct elements in ascending order. */
  unique(this: Tensor, options: UniqueOptions): Tensor | Tensor[];
  unique(this: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] {
    return distinct("unique", order.unique(this), options);
  }
  /** The elements without repetitions of the one before. */
  uniqueConsecutive(this: Tensor): Tensor;
  /** The elements without repetitions of the one before. */
  uniqueConsecutive(this: Tensor, options: UniqueOptions): Tensor | Tensor[];
  uniqueConsecutive(this: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] {
    return distinct("unique_consecutive", order.uniqueConsecutive(this), options);
  }
  /** How often each of 0, 1, … occurs, or the sum of weights for each. */
  bincount(this: Tensor, ...args: BincountArguments): Tensor {
    const o = named<BincountOptions>("bincount", args, ["weights", "minlength"]);
    return order.bincount(this, o.weights, o.minlength);
  }
  /** Pieces of a size, or of the listed sizes, along `dim` (0). */
  split(this: Tensor, size: number | Sizes, dim?: number): Tensor[] {
    return join.split(this, size, dim);
  }
  /** Pieces of the listed sizes along `dim` (0). */
  splitWithSizes(this: Tensor, sizes: Sizes, dim?: number): Tensor[] {
    return join.splitWithSizes(this, sizes, dim);
  }
  /** A number of nearly equal pieces, or pieces between the listed indices. */
  tensorSplit(this: Tensor, where: number | Sizes, dim?: number): Tensor[] {
    return join.tensorSplit(this, where, dim);
  }
  /** At most `chunks` pieces of equal length along `dim` (0). */
  chunk(this: Tensor, ...args: ChunkArguments): Tensor[] {
    const o = called<ChunkOptions>("chunk", args, ["chunks"], ["dim"]);
    return join.chunk(this, o.chunks, o.dim);
  }
  /** The rows along `dim` (0). */
  unbind(this: Tensor, dim?: number): Tensor[] {
    return join.unbind(this, dim);
  }
  /** This tensor repeated along each dimension. */
  repeat(this: Tensor, ...sizes: number[] | [Sizes]): Tensor {
    return join.repeat(this, sizesFrom(sizes));
  }
  /** This tensor repeated along its last dimensions. */
  tile(this: Tensor, ...sizes: number[] | [Sizes]): Tensor {
    const times = sizesFrom(sizes);
    const lead = Math.max(this.ndim - times.length, 0);
    return join.repeat(this, [...new Array<number>(lead).fill(1), ...times]);
  }
}
