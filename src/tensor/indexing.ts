/**
 * Indexing, gathering, sorting and cutting as methods.
 *
 * @module
 */
import {
  type Arguments,
  type Call,
  called,
  inOrder,
  named,
  type OptionsOf,
  type SizesBy,
  sizesOf,
  type Trailing,
} from "../arguments.ts";
import { checkOptions, isOptions, type NoOptions } from "../check.ts";
import * as gather from "../ops/gather.ts";
import * as indexing from "../ops/index.ts";
import type { Index } from "../ops/index.ts";
import * as join from "../ops/join.ts";
import * as order from "../ops/sort.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import type { Scalar } from "../read.ts";
import type { Sizes } from "../shape.ts";
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

/** Options of {@linkcode TensorIndexing.histc}. */
export interface HistcOptions {
  /** The number of parts. Default: 100. */
  bins?: number;
  /** Where the first begins. Default: 0; the least element where `max` is 0 too. */
  min?: number;
  /** Where the last ends. Default: 0; the largest element where `min` is 0 too. */
  max?: number;
}

/** The arguments of {@linkcode TensorIndexing.histc}. */
export type HistcArguments = Trailing<[bins: number, min: number, max: number], HistcOptions>;

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
  /** Whether equal elements keep their order. Default: false; they then come in PyTorch's order on the CPU. */
  stable?: boolean;
}

/** Options of {@linkcode TensorIndexing.topk}. */
export interface TopkOptions {
  /** How many. */
  k: number;
  /** The dimension; may also be given as the second argument. Default: -1. */
  dim?: number;
  /** The largest rather than the smallest. Default: true. */
  largest?: boolean;
  /** Whether the result is in order. Default: true. */
  sorted?: boolean;
}

/** Options of reductions that keep one element of a dimension. */
export interface KeepdimOptions {
  /** The dimension; may also be given by position. */
  dim?: number;
  /** Whether the reduced dimension stays, with size 1. Default: false. */
  keepdim?: boolean;
}

/** Options of {@linkcode TensorIndexing.uniqueConsecutive}. */
export interface UniqueConsecutiveOptions {
  /** Also give where each element's value is. Default: false. */
  returnInverse?: boolean;
  /** Also give how often each value occurs. Default: false. */
  returnCounts?: boolean;
  /** Compare whole rows along this dimension. Default: null, single elements. */
  dim?: number | null;
}

/** Options of {@linkcode TensorIndexing.unique}. */
export interface UniqueOptions extends UniqueConsecutiveOptions {
  /** Results are always sorted. */
  sorted?: boolean;
}

/** Options of {@linkcode TensorIndexing.scatter}. */
export interface ScatterOptions {
  /** Add to the elements that are there, or multiply them, rather than to replace them. Default: null. */
  reduce?: "add" | "multiply" | null;
}

/** Arguments of {@linkcode TensorIndexing.sort}. */
export type SortArguments = Trailing<[dim: number, descending: boolean, stable: boolean], SortOptions>;
/** The arguments of {@linkcode TensorIndexing.topk}. */
export type TopkArguments = Arguments<
  [k: number],
  [dim: number, largest: boolean, sorted: boolean],
  TopkOptions,
  Partial<TopkOptions>
>;
/** Arguments of reductions that keep one element of a dimension. */
export type KeepdimArguments = Trailing<[dim: number, keepdim: boolean], KeepdimOptions>;
/** A dimension, by position or by name. */
export type DimArguments = Trailing<[dim: number], { dim?: number }>;
/** Arguments of {@linkcode TensorIndexing.unique}. */
export type UniqueArguments = Trailing<
  [sorted: boolean, returnInverse: boolean, returnCounts: boolean, dim: number | null],
  UniqueOptions
>;
/** Arguments of {@linkcode TensorIndexing.uniqueConsecutive}. */
export type UniqueConsecutiveArguments = Trailing<
  [returnInverse: boolean, returnCounts: boolean, dim: number | null],
  UniqueConsecutiveOptions
>;

/** The dimension in {@linkcode DimArguments}. @internal */
export function dimOf(operation: string, args: DimArguments): number | undefined {
  return named<{ dim?: number }>(operation, args, ["dim"]).dim;
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

function distinct(found: order.UniqueResult, options: UniqueConsecutiveOptions): Tensor | Tensor[] {
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
  indexPut_(
    this: Tensor,
    ...given: Call<
      [indices: readonly Index[], values: Tensor | Scalar, ...args: IndexPutArguments],
      { indices: readonly Index[]; values: Tensor | Scalar } & OptionsOf<IndexPutArguments>
    >
  ): Tensor {
    const [indices, values, ...args] = inOrder("index_put_", given, ["indices", "values"]);
    const o = named<IndexPutOptions>("index_put_", args, ["accumulate"]);
    return indexing.indexPut_(this, indices, values, o.accumulate);
  }
  /** A copy with `values` at `indices`. */
  indexPut(
    this: Tensor,
    ...given: Call<
      [indices: readonly Index[], values: Tensor | Scalar, ...args: IndexPutArguments],
      { indices: readonly Index[]; values: Tensor | Scalar } & OptionsOf<IndexPutArguments>
    >
  ): Tensor {
    const [indices, values, ...args] = inOrder("index_put", given, ["indices", "values"]);
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
  /** A copy with `source` at the places that `index` names along `dim`, or added to or multiplied with what is there. */
  scatter(
    this: Tensor,
    ...given: Call<
      [dim: number, index: Tensor, source: Tensor | Scalar, options?: ScatterOptions],
      { dim: number; index: Tensor } & ({ src: Tensor | Scalar } | { value: Tensor | Scalar }) & ScatterOptions
    >
  ): Tensor {
    const [dim, index, source, options = {}] = inOrder("scatter", given, ["dim", "index", "src|value"]);
    checkOptions("scatter", options, ["reduce"]);
    return gather.scatter(this, dim, index, source, options.reduce);
  }
  /** {@linkcode TensorIndexing.scatter} in place. */
  scatter_(
    this: Tensor,
    ...given: Call<
      [dim: number, index: Tensor, source: Tensor | Scalar, options?: ScatterOptions],
      { dim: number; index: Tensor } & ({ src: Tensor | Scalar } | { value: Tensor | Scalar }) & ScatterOptions
    >
  ): Tensor {
    const [dim, index, source, options = {}] = inOrder("scatter_", given, ["dim", "index", "src|value"]);
    checkOptions("scatter_", options, ["reduce"]);
    return gather.scatter_(this, dim, index, source, options.reduce);
  }
  /** A copy with `source` added at the places that `index` names along `dim`. */
  scatterAdd(
    this: Tensor,
    ...given: Call<[dim: number, index: Tensor, source: Tensor], { dim: number; index: Tensor; src: Tensor }>
  ): Tensor {
    const [dim, index, source] = inOrder("scatter_add", given, ["dim", "index", "src"]);
    return gather.scatterAdd(this, dim, index, source);
  }
  /** Adds `source` at the places that `index` names along `dim`. */
  scatterAdd_(
    this: Tensor,
    ...given: Call<[dim: number, index: Tensor, source: Tensor], { dim: number; index: Tensor; src: Tensor }>
  ): Tensor {
    const [dim, index, source] = inOrder("scatter_add_", given, ["dim", "index", "src"]);
    return gather.scatterAdd_(this, dim, index, source);
  }
  /** The elements where `mask` is true, in one dimension. */
  maskedSelect(this: Tensor, ...given: Call<[mask: Tensor, options?: NoOptions], { mask: Tensor }>): Tensor {
    const [mask, options] = inOrder("masked_select", given, ["mask"]);
    checkOptions("masked_select", options, []);
    return indexing.maskedSelect(this, mask);
  }
  /** The positions of elements other than 0, one row each; with `asTuple`, one vector per dimension. */
  nonzero(this: Tensor, options?: { asTuple?: false }): Tensor;
  /** The positions of elements other than 0, one row each; with `asTuple`, one vector per dimension. */
  nonzero(this: Tensor, options: { asTuple: true }): Tensor[];
  nonzero(this: Tensor, options?: { asTuple?: boolean }): Tensor | Tensor[] {
    checkOptions("nonzero", options, ["asTuple"]);
    if (options?.asTuple) return join.unbind(indexing.nonzero(this.ndim === 0 ? this.reshape([1]) : this), 1);
    return indexing.nonzero(this);
  }
  /** The elements along `dim` (-1) in order: values, and the indices that they come from. */
  sort(this: Tensor, ...args: SortArguments): ValuesIndices {
    const o = named<SortOptions>("sort", args, ["dim", "descending", "stable"]);
    // PyTorch has two functions of this name, of which one takes `stable`.
    return order.sort(this, o.dim, o.descending, o.stable, o.stable === undefined ? "SortBackward0" : "SortBackward1");
  }
  /** The indices that sort this tensor along `dim` (-1). */
  argsort(this: Tensor, ...args: ArgsortArguments): Tensor {
    const o = named<SortOptions>("argsort", args, ["dim", "descending"], ["stable"]);
    return order.argsort(this, o.dim, o.descending, o.stable);
  }
  /** The k largest elements along `dim` (-1), in order. */
  topk(this: Tensor, ...args: TopkArguments): ValuesIndices {
    const o = called<TopkOptions>("topk", args, ["k"], ["dim", "largest", "sorted"]);
    return order.topk(this, o.k, o.dim, o.largest, o.sorted);
  }
  /** The k-th smallest element along `dim` (-1). */
  kthvalue(this: Tensor, ...args: KthvalueArguments): ValuesIndices {
    const o = called<KthvalueOptions>("kthvalue", args, ["k"], ["dim", "keepdim"]);
    return order.kthvalue(this, o.k, o.dim, o.keepdim);
  }
  /** The median of all elements, or along `dim` with its indices. */
  median(this: Tensor): Tensor;
  /** The median of all elements, or along `dim` with its indices. */
  median(this: Tensor, ...args: KeepdimArguments): ValuesIndices;
  median(this: Tensor, ...args: KeepdimArguments): Tensor | ValuesIndices {
    const o = named<KeepdimOptions>("median", args, ["dim", "keepdim"]);
    return o.dim === undefined ? order.median(this) : order.medianAlong(this, o.dim, o.keepdim);
  }
  /** The median of the elements that are not NaN, or along `dim` with its indices. */
  nanmedian(this: Tensor): Tensor;
  /** The median of the elements that are not NaN, or along `dim` with its indices. */
  nanmedian(this: Tensor, ...args: KeepdimArguments): ValuesIndices;
  nanmedian(this: Tensor, ...args: KeepdimArguments): Tensor | ValuesIndices {
    const o = named<KeepdimOptions>("nanmedian", args, ["dim", "keepdim"]);
    return o.dim === undefined ? order.nanmedian(this) : order.nanmedianAlong(this, o.dim, o.keepdim);
  }
  /** The most frequent element along `dim` (-1), the smallest of several, and a place where it is. */
  mode(this: Tensor, ...args: KeepdimArguments): ValuesIndices {
    const o = named<KeepdimOptions>("mode", args, ["dim", "keepdim"]);
    return order.mode(this, o.dim, o.keepdim);
  }
  /** The distinct elements (or rows along `dim`) in ascending order. */
  unique(this: Tensor): Tensor;
  /** The distinct elements (or rows along `dim`) in ascending order. */
  unique(this: Tensor, ...args: UniqueArguments): Tensor | Tensor[];
  unique(this: Tensor, ...args: UniqueArguments): Tensor | Tensor[] {
    const o = named<UniqueOptions>("unique", args, ["sorted", "returnInverse", "returnCounts", "dim"]);
    return distinct(order.unique(this, o.dim), o);
  }
  /** The elements (or rows along `dim`) without repetitions of the one before. */
  uniqueConsecutive(this: Tensor): Tensor;
  /** The elements (or rows along `dim`) without repetitions of the one before. */
  uniqueConsecutive(this: Tensor, ...args: UniqueConsecutiveArguments): Tensor | Tensor[];
  uniqueConsecutive(this: Tensor, ...args: UniqueConsecutiveArguments): Tensor | Tensor[] {
    const o = named<UniqueConsecutiveOptions>("unique_consecutive", args, ["returnInverse", "returnCounts", "dim"]);
    return distinct(order.uniqueConsecutive(this, o.dim), o);
  }
  /** How often each of 0, 1, … occurs, or the sum of weights for each. */
  bincount(this: Tensor, ...args: BincountArguments): Tensor {
    const o = named<BincountOptions>("bincount", args, ["weights", "minlength"]);
    return order.bincount(this, o.weights, o.minlength);
  }
  /** Pieces of a size, or of the listed sizes, along `dim` (0). */
  split(
    this: Tensor,
    ...given: Call<
      [size: number | Sizes, ...dim: DimArguments],
      ({ splitSizeOrSections: number | Sizes } | { splitSize: number | Sizes }) & OptionsOf<DimArguments>
    >
  ): Tensor[] {
    const [size, ...dim] = inOrder("split", given, ["splitSizeOrSections|splitSize"]);
    return join.split(this, size, dimOf("split", dim));
  }
  /** Pieces of the listed sizes along `dim` (0). */
  splitWithSizes(
    this: Tensor,
    ...given: Call<[sizes: Sizes, ...dim: DimArguments], { splitSizes: Sizes } & OptionsOf<DimArguments>>
  ): Tensor[] {
    const [sizes, ...dim] = inOrder("split_with_sizes", given, ["splitSizes"]);
    return join.splitWithSizes(this, sizes, dimOf("split_with_sizes", dim));
  }
  /** A number of nearly equal pieces, or pieces between the listed indices, along `dim` (0). */
  tensorSplit(
    this: Tensor,
    ...given: Call<
      [where: number | Sizes | Tensor, ...dim: DimArguments],
      ({ indicesOrSections: number | Sizes | Tensor } | { indices: number | Sizes | Tensor } | {
        sections: number | Sizes | Tensor;
      } | { tensorIndicesOrSections: number | Sizes | Tensor }) & OptionsOf<DimArguments>
    >
  ): Tensor[] {
    const [where, ...dim] = inOrder("tensor_split", given, [
      "indicesOrSections|indices|sections|tensorIndicesOrSections",
    ]);
    return join.tensorSplit(this, where, dimOf("tensor_split", dim));
  }
  /** How many elements fall into each of `bins` (100) equal parts of [min, max], by default of their own range. */
  histc(this: Tensor, ...args: HistcArguments): Tensor {
    const o = named<HistcOptions>("histc", args, ["bins", "min", "max"]);
    return order.histc(this, o.bins, o.min, o.max);
  }
  /** At most `chunks` pieces of equal length along `dim` (0). */
  chunk(this: Tensor, ...args: ChunkArguments): Tensor[] {
    const o = called<ChunkOptions>("chunk", args, ["chunks"], ["dim"]);
    return join.chunk(this, o.chunks, o.dim);
  }
  /** The rows along `dim` (0). */
  unbind(this: Tensor, ...dim: DimArguments): Tensor[] {
    return join.unbind(this, dimOf("unbind", dim));
  }
  /** This tensor repeated along each dimension. */
  repeat(this: Tensor, ...repeats: SizesBy<"repeats">): Tensor {
    return join.repeat(this, sizesOf("repeat", "repeats", repeats));
  }
  /** This tensor repeated along its last dimensions. */
  tile(this: Tensor, ...dims: SizesBy<"dims">): Tensor {
    const times = sizesOf("tile", "dims", dims);
    const lead = Math.max(this.ndim - times.length, 0);
    return join.repeat(this, [...new Array<number>(lead).fill(1), ...times]);
  }
}
