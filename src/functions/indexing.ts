/**
 * Functions that choose, join and cut, where they have options.
 *
 * @module
 */
import { type Call, inOrder, named, type Trailing } from "../arguments.ts";
import { checkOptions, kindOf } from "../check.ts";
import * as order from "../ops/sort.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import * as join from "../ops/join.ts";
import { isTensor, type Operand, tensorList } from "../ops/elementwise.ts";
import { type Slice, slice as sliceIndex } from "../ops/index.ts";
import { sliceAlong } from "../ops/movement.ts";
import type { Tensor } from "../tensor.ts";
import type { IndexCopyArguments, IndexFillArguments } from "../tensor/fill_at.ts";
import {
  type ArgsortArguments,
  type BincountArguments,
  type ChunkArguments,
  type DimArguments,
  type GatherArguments,
  type HistcArguments,
  type IndexAddArguments,
  type IndexSelectArguments,
  type KeepdimArguments,
  type KthvalueArguments,
  type SortArguments,
  type TopkArguments,
  type UniqueArguments,
  type UniqueConsecutiveArguments,
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

/**
 * How many elements fall into each of `bins` (100) equal parts of [min, max], by default of their own range.
 *
 * @example
 * ```ts
 * import { histc, tensor } from "@raptorch/raptorch";
 * console.assert(String(histc(tensor([1, 2, 1]), 4, 0, 3)) === "tensor([0., 2., 1., 0.])");
 * ```
 */
export function histc(x: Tensor, ...args: HistcArguments): Tensor {
  return x.histc(...args);
}

/** The tensors along a new dimension, `dim` (0). */
export function stack(tensors: readonly Tensor[], dim?: number | { dim?: number }): Tensor {
  return join.stack(tensors, withDim("stack", dim, undefined, ["dim"]).dim);
}

/** The elements along `dim` (-1) in order: values, and the indices that they come from. */
export function sort(x: Tensor, ...args: SortArguments): ValuesIndices {
  return x.sort(...args);
}

/** The indices that sort `x` along `dim` (-1). */
export function argsort(x: Tensor, ...args: ArgsortArguments): Tensor {
  return x.argsort(...args);
}

/** The k largest elements along `dim` (-1), in order. */
export function topk(x: Tensor, ...args: TopkArguments): ValuesIndices {
  return x.topk(...args);
}

/** The k-th smallest element along `dim` (-1). */
export function kthvalue(x: Tensor, ...args: KthvalueArguments): ValuesIndices {
  return x.kthvalue(...args);
}

/** The median of all elements, or along `dim` with its indices. */
export function median(x: Tensor): Tensor;
/** The median of all elements, or along `dim` with its indices. */
export function median(x: Tensor, ...args: KeepdimArguments): ValuesIndices;
export function median(x: Tensor, ...args: KeepdimArguments): Tensor | ValuesIndices {
  return x.median(...args);
}

/** The median of the elements that are not NaN, or along `dim` with its indices. */
export function nanmedian(x: Tensor): Tensor;
/** The median of the elements that are not NaN, or along `dim` with its indices. */
export function nanmedian(x: Tensor, ...args: KeepdimArguments): ValuesIndices;
export function nanmedian(x: Tensor, ...args: KeepdimArguments): Tensor | ValuesIndices {
  return x.nanmedian(...args);
}

/** The most frequent element along `dim` (-1), the smallest of several, and a place where it is. */
export function mode(x: Tensor, ...args: KeepdimArguments): ValuesIndices {
  return x.mode(...args);
}

/** The distinct elements (or rows along `dim`) in ascending order. */
export function unique(x: Tensor): Tensor;
/** The distinct elements (or rows along `dim`) in ascending order. */
export function unique(x: Tensor, ...args: UniqueArguments): Tensor | Tensor[];
export function unique(x: Tensor, ...args: UniqueArguments): Tensor | Tensor[] {
  return x.unique(...args);
}

/** The elements (or rows along `dim`) without repetitions of the one before. */
export function uniqueConsecutive(x: Tensor): Tensor;
/** The elements (or rows along `dim`) without repetitions of the one before. */
export function uniqueConsecutive(x: Tensor, ...args: UniqueConsecutiveArguments): Tensor | Tensor[];
export function uniqueConsecutive(x: Tensor, ...args: UniqueConsecutiveArguments): Tensor | Tensor[] {
  return x.uniqueConsecutive(...args);
}

/** Options of {@linkcode slice} of a tensor. */
export interface SliceOptions {
  /** The dimension. Default: 0. */
  dim?: number;
  /** The first index. Default: null. */
  start?: number | null;
  /** The index after the last. Default: null. */
  end?: number | null;
  /** The step. Default: 1. */
  step?: number;
}

/**
 * `start:stop:step` for {@linkcode Tensor.index}; `null` is what Python leaves out, `slice()` is `:`.
 *
 * @example
 * ```ts
 * import { arange, slice } from "@raptorch/raptorch";
 * console.assert(String(arange(6).index([slice(1, null, 2)])) === "tensor([1, 3, 5])");
 * console.assert(String(slice(arange(6), 0, 1, null, 2)) === "tensor([1, 3, 5])");
 * ```
 */
export function slice(start?: number | null, stop?: number | null, step?: number): Slice;
/** Elements start, start + step, … before `end` of a tensor, along `dim`, as a view. */
export function slice(
  x: Tensor,
  ...args: Trailing<[dim: number, start: number | null, end: number | null, step: number], SliceOptions>
): Tensor;
export function slice(first: number | null | Tensor = null, ...rest: unknown[]): Slice | Tensor {
  if (!isTensor(first)) return sliceIndex(first, ...rest as [number | null, number]);
  const o = named<SliceOptions>("slice", rest, ["dim", "start", "end", "step"]);
  return sliceAlong(first, o.dim ?? 0, o.start, o.end, o.step);
}

/** `length` elements from `start` on along `dim`, as a view. */
export function narrow(x: Tensor, ...args: Parameters<Tensor["narrow"]>): Tensor {
  return x.narrow(...args);
}

/** Pieces of a size, or of the listed sizes, along `dim` (0). */
export function split(x: Tensor, ...args: Parameters<Tensor["split"]>): Tensor[] {
  return x.split(...args);
}

/** Pieces of the listed sizes along `dim` (0). */
export function splitWithSizes(x: Tensor, ...args: Parameters<Tensor["splitWithSizes"]>): Tensor[] {
  return x.splitWithSizes(...args);
}

/** A number of nearly equal pieces, or pieces between the listed indices, along `dim` (0). */
export function tensorSplit(x: Tensor, ...args: Parameters<Tensor["tensorSplit"]>): Tensor[] {
  return x.tensorSplit(...args);
}

/** The rows along `dim` (0). */
export function unbind(x: Tensor, ...dim: DimArguments): Tensor[] {
  return x.unbind(...dim);
}

/** The elements where `mask` is true, in one dimension. */
export function maskedSelect(x: Tensor, ...args: Parameters<Tensor["maskedSelect"]>): Tensor {
  return x.maskedSelect(...args);
}

/** The positions of elements other than 0, one row each; with `asTuple`, one vector per dimension. */
export function nonzero(x: Tensor, options?: { asTuple?: false }): Tensor;
/** The positions of elements other than 0, one row each; with `asTuple`, one vector per dimension. */
export function nonzero(x: Tensor, options: { asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: { asTuple?: boolean }): Tensor | Tensor[] {
  return x.nonzero(options as { asTuple: true });
}

/** x with `source` at the places that `index` names along `dim`, or added to or multiplied with what is there. */
export function scatter(
  x: Tensor,
  ...args: Parameters<Tensor["scatter"]>
): Tensor {
  return x.scatter(...args);
}

/** Options of {@linkcode bucketize}. */
export interface SearchOptions {
  /** Behind equal elements rather than before them. Default: false. */
  right?: boolean;
  /** Give int32 rather than int64. Default: false. */
  outInt32?: boolean;
}

/** Options of {@linkcode searchsorted}. */
export interface SearchSortedOptions extends SearchOptions {
  /** `"right"` is `right: true`. Default: `"left"`. */
  side?: "left" | "right" | null;
  /** The order that sorts the sequence, where it is not sorted. Default: null. */
  sorter?: Tensor | null;
}

/** Where `values` belong in the sorted `sequence`. */
export function searchsorted(
  sequence: Tensor,
  ...given: Call<
    [values: Operand, options?: SearchSortedOptions],
    ({ input: Operand } | { self: Operand }) & SearchSortedOptions
  >
): Tensor {
  const [values, options = {}] = inOrder("searchsorted", given, ["input|self"]);
  checkOptions("searchsorted", options, ["right", "outInt32", "side", "sorter"]);
  const { side, right } = options;
  if (side !== undefined && side !== null && side !== "left" && side !== "right") {
    throw new TypeError(`torch.searchsorted(): side can only be 'left' or 'right' but got ${side}`);
  }
  if (side === "left" && right) {
    throw new RangeError(
      "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True",
    );
  }
  return order.searchsorted(sequence, values, right || side === "right", options.outInt32, options.sorter);
}

/** Which bucket between `boundaries` each value falls in. */
export function bucketize(
  values: Operand,
  ...given: Call<[boundaries: Tensor, options?: SearchOptions], { boundaries: Tensor } & SearchOptions>
): Tensor {
  const [boundaries, options = {}] = inOrder("bucketize", given, ["boundaries"]);
  checkOptions("bucketize", options, ["right", "outInt32"]);
  if (!isTensor(boundaries)) throw new TypeError("bucketize(): argument 'boundaries' (position 2) must be Tensor");
  if (boundaries.ndim !== 1) {
    throw new RangeError(`boundaries tensor must be 1 dimension, but got dim(${boundaries.ndim}) (bucketize)`);
  }
  return order.searchsorted(boundaries, values, options.right, options.outInt32);
}
