/**
 * Sorting and what follows from it: top-k, medians, unique values, places in sorted sequences.
 *
 * @module
 */
import { scan } from "../../ffi/symbols.ts";
import type { Pointer } from "../device.ts";
import { record, recordMany } from "../autograd/node.ts";
import { bool, float32, int32, int64, promoteTypes } from "../dtype.ts";
import { empty, isHalf, over } from "../make.ts";
import { type Named, named } from "../named.ts";
import { contiguousStrides, formatSizes, sameSizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { isnan } from "./compare.ts";
import { castTo, checkDevices, isTensor, type Operand, unsupported } from "./elementwise.ts";
import { fill_, scalarTensor } from "./fill.ts";
import { gather, scatterAdd } from "./gather.ts";
import { flatNonzero } from "./index.ts";
import { movedim } from "./diagonal.ts";
import { cat } from "./join.ts";
import { narrow, reshape, select, transpose } from "./movement.ts";
import { clone, dense } from "./strided.ts";
import { arange } from "../ranges.ts";

/** Values and where they come from. */
export type ValuesIndices = Named<{ values: Tensor; indices: Tensor }>;

/** What a kernel takes from rows: the pointers of values, indices and source, rows, and their length. */
type Take = (y: number, values: Pointer, indices: Pointer, x: Pointer, outer: number, n: number) => number;

/** The k elements along `dim` that a kernel takes, and where they are, outside of the graph. */
function taken(operation: string, x: Tensor, dim: number, k: number, take: Take): [Tensor, Tensor] {
  if (isHalf(x.dtype)) {
    const [values, indices] = taken(operation, castTo(x, float32), dim, k, take);
    return [castTo(values, x.dtype), indices];
  }
  const source = dense(transpose(x.detached(), dim, -1));
  const n = source.sizes[source.ndim - 1];
  const sizes = [...source.sizes.slice(0, -1), k];
  const values = empty(sizes, x.dtype, x.device), indices = empty(sizes, int64, x.device);
  const outer = n === 0 ? 0 : source.count / n;
  if (take(x.dtype.code, values.ptr, indices.ptr, source.ptr, outer, n) !== 0) throw unsupported(operation, x.dtype);
  const last = wrapDim(dim, x.ndim) === x.ndim - 1;
  return last ? [values, indices] : [clone(transpose(values, dim, -1)), clone(transpose(indices, dim, -1))];
}

/** The elements along `dim` in order. */
function sorted(x: Tensor, dim: number, descending: boolean, stable: boolean): [Tensor, Tensor] {
  const n = x.sizes[dim];
  return taken(
    "sort",
    x,
    dim,
    n,
    (...args) => x.kernels.sort(...args, n, descending ? 1 : 0, stable ? 1 : 0),
  );
}

/** Enters values picked by indices along `dim` into the graph. */
export function recordPicked(name: string, x: Tensor, dim: number, values: Tensor, indices: Tensor): ValuesIndices {
  recordMany(name, [values, indices], [x], [], ([dy]) => {
    if (dy === null) return [null];
    const dx = empty(x.sizes, dy.dtype, dy.device);
    fill_(dx, 0);
    return [scatterAdd(dx, dim, indices, dy)];
  });
  return named({ values, indices });
}

/** Enters values with their places into the graph, with the reduced dimension taken away: one node, as in PyTorch. @internal */
export function recordSqueezed(name: string, x: Tensor, d: number, kept: Tensor, at: Tensor): ValuesIndices {
  const sizes = x.sizes.filter((_, i) => i !== d), keptSizes = kept.sizes;
  const values = over(kept.storage, sizes, contiguousStrides(sizes), 0, kept.dtype), indices = reshape(at, sizes);
  recordMany(name, [values, indices], [x], [at], ([dy], [at]) => {
    if (dy === null) return [null];
    const dx = empty(x.sizes, dy.dtype, dy.device);
    fill_(dx, 0);
    return [scatterAdd(dx, d, at, reshape(dy, keptSizes))];
  });
  return named({ values, indices });
}

/**
 * The elements along `dim` in ascending or descending order. Equal ones keep their order if `stable`; else it is
 * PyTorch's, whose radix sort of long integers and whose way with expanded tensors are stable too.
 */
export function sort(x: Tensor, dim = -1, descending = false, stable = false, name = "SortBackward0"): ValuesIndices {
  if (x.ndim === 0) return recordOnly(name, x);
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  const radix = x.ndim === 1 && n >= 32768 && !descending && !x.dtype.isFloatingPoint && x.dtype !== bool;
  const [values, indices] = sorted(x, d, descending, stable || radix || x.strides[d] === 0);
  return recordPicked(name, x, d, values, indices);
}

/** The indices that sort `x` along `dim`. */
export function argsort(x: Tensor, dim = -1, descending = false, stable = false): Tensor {
  return sort(x.detached(), dim, descending, stable).indices;
}

/**
 * The k largest or smallest elements along `dim`, in order if `sorted`.
 *
 * @throws {RangeError} When there are fewer than k.
 */
export function topk(x: Tensor, k: number, dim = -1, largest = true, sorted = true): ValuesIndices {
  const d = wrapDim(dim, x.ndim), n = x.ndim === 0 ? 1 : x.sizes[d];
  if (!(k >= 0 && k <= n)) throw new RangeError(`selected index k out of range (k ${k}, size ${n} of dimension ${d})`);
  if (x.ndim === 0) return recordOnly("TopkBackward0", x);
  const { topk } = x.kernels;
  const [values, indices] = taken("topk", x, d, k, (...args) => topk(...args, k, largest ? 1 : 0, sorted ? 1 : 0));
  return recordPicked("TopkBackward0", x, d, values, indices);
}

/** A scalar as the one element that there is to pick. */
function recordOnly(name: string, x: Tensor): ValuesIndices {
  return recordPicked(name, x, 0, clone(x.detached()), scalarTensor(castTo(x.detached(), int64), 0));
}

/** Enters the one element along `d` that a kernel takes into the graph. */
function pick(name: string, operation: string, x: Tensor, d: number, keepdim: boolean, take: Take): ValuesIndices {
  if (x.ndim === 0) return recordOnly(name, x);
  const [values, indices] = taken(operation, x, d, 1, take);
  return (keepdim ? recordPicked : recordSqueezed)(name, x, d, values, indices);
}

/** The k-th smallest element along `dim`. */
export function kthvalue(x: Tensor, k: number, dim = -1, keepdim = false): ValuesIndices {
  if (x.dtype === bool) throw unsupported("kthvalue_cpu", bool);
  const d = wrapDim(dim, x.ndim), n = x.ndim === 0 ? 1 : x.sizes[d];
  if (!(k >= 1 && k <= n)) {
    throw new RangeError(`kthvalue(): selected number k out of range for dimension ${dim} (k ${k}, size ${n})`);
  }
  return pick("KthvalueBackward0", "kthvalue", x, d, keepdim, (...args) => x.kernels.kth(...args, k - 1));
}

/** The median along `dim`: the lower of the two middle elements; NaN where there is one. */
export function medianAlong(x: Tensor, dim: number, keepdim = false): ValuesIndices {
  return middle("MedianBackward1", x, dim, keepdim, false);
}

/** {@linkcode medianAlong} of the elements that are not NaN; NaN where all are. */
export function nanmedianAlong(x: Tensor, dim: number, keepdim = false): ValuesIndices {
  return middle("NanmedianBackward1", x, dim, keepdim, true);
}

function middle(name: string, x: Tensor, dim: number, keepdim: boolean, ignoreNaN: boolean): ValuesIndices {
  if (x.dtype === bool) throw unsupported("median_out", bool);
  const d = wrapDim(dim, x.ndim), n = x.ndim === 0 ? 1 : x.sizes[d];
  if (n === 0) throw new RangeError(`median(): Expected reduction dim ${d} to have non-zero size.`);
  return pick(name, "median", x, d, keepdim, (...args) => x.kernels.median(...args, ignoreNaN ? 1 : 0));
}

/** The median of all elements that are not NaN. */
export function nanmedian(x: Tensor): Tensor {
  if (x.count === 0) return median(x);
  return recordShared("NanmedianBackward0", x, nanmedianAlong(reshape(x.detached(), [-1]), 0).values);
}

/** The most frequent element along `dim`, the smallest of several, with the place of the last of it in sorted order. */
export function mode(x: Tensor, dim = -1, keepdim = false): ValuesIndices {
  const d = wrapDim(dim, x.ndim), n = x.ndim === 0 ? 1 : x.sizes[d];
  if (n === 0) throw new RangeError(`mode(): Expected reduction dim ${d} to have non-zero size.`);
  return pick("ModeBackward0", "mode", x, d, keepdim, (...args) => x.kernels.mode(...args));
}

/** The median of all elements. */
export function median(x: Tensor): Tensor {
  // Of no elements it is NaN, which integers have not.
  if (x.count === 0 && x.dtype.isFloatingPoint) {
    return recordShared("MedianBackward0", x, scalarTensor(x.detached(), NaN));
  }
  return recordShared("MedianBackward0", x, medianAlong(reshape(x.detached(), [-1]), 0).values);
}

/** Enters one of x's elements into the graph: its gradient is shared evenly by all that equal it. */
function recordShared(name: string, x: Tensor, y: Tensor): Tensor {
  const value = y.detached();
  value.base = null; // An output of its own.
  return record(name, value, [x], [x, value], (dy, [x, y]) => {
    const mask = (isnan(y.detached()).item() ? isnan(x) : x.detached().eq(y.detached())).to(dy.dtype);
    return [mask.mul(dy.div(mask.sum()))];
  });
}

/** Options of {@linkcode unique}. */
export interface UniqueResult {
  /** The distinct values. */
  values: Tensor;
  /** For each element, where its value is. */
  inverse: Tensor;
  /** How often each value occurs. */
  counts: Tensor;
}

/** The distinct elements, or rows along `dim`, in ascending order, with inverse and counts. */
export function unique(x: Tensor, dim: number | null = null): UniqueResult {
  if (dim !== null) return uniqueRows(x, dim, true);
  const flat = reshape(x.detached(), [-1]);
  const { values, indices } = sort(flat);
  const runs = uniqueConsecutive(values);
  const inverse = empty(flat.sizes, int64, x.device);
  if (flat.count > 0) inverse.scatter_(0, indices, runs.inverse);
  return { values: runs.values, inverse: reshape(inverse, x.sizes), counts: runs.counts };
}

/** The elements, or rows along `dim`, without repetitions of the one before, with inverse and counts. */
export function uniqueConsecutive(x: Tensor, dim: number | null = null): UniqueResult {
  if (dim !== null) return uniqueRows(x, dim, false);
  const flat = dense(reshape(x.detached(), [-1])), n = flat.count;
  if (n === 0) {
    return { values: clone(flat), inverse: empty(x.sizes, int64, x.device), counts: empty([0], int64, x.device) };
  }
  const { starts, inverse, counts } = runs(narrow(flat, 0, 1, n - 1).ne(narrow(flat, 0, 0, n - 1)));
  return { values: flat.indexSelect(0, starts), inverse: reshape(inverse, x.sizes), counts };
}

/** Runs of equals, from whether each element but the first differs from the one before. */
function runs(differ: Tensor): { starts: Tensor; inverse: Tensor; counts: Tensor } {
  const n = differ.count + 1, first = empty([1], bool, differ.device);
  fill_(first, 1);
  const begins = cat([first, differ]), starts = flatNonzero(begins);
  const ends = cat([narrow(starts, 0, 1, starts.count - 1), scalarTensor(starts, n).view([1])]);
  const marks = begins.to(int64), inverse = empty([n], int64, differ.device);
  marks.kernels.scan(scan.cumsum, int64.code, inverse.ptr, null, marks.ptr, 1, n, 1);
  return { starts, inverse: inverse.sub_(1), counts: ends.sub(starts) };
}

/** Distinct rows along `dim`; `ordered`: in lexicographic order, else as they come. */
function uniqueRows(x: Tensor, dim: number, ordered: boolean): UniqueResult {
  const d = wrapDim(dim, x.ndim), source = x.detached(), n = x.sizes[d] ?? 1;
  const empties = x.sizes.filter((s) => s === 0).length;
  if (n === 0 && empties > 1) {
    throw new RangeError("Number of zero sized dimensions is more than one, so unique cannot be applied ");
  }
  if (n === 0) {
    return { values: clone(source), inverse: empty([0], int64, x.device), counts: empty([0], int64, x.device) };
  }
  if (empties > 0) {
    throw new RangeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
  }
  const moved = dense(movedim(x.ndim === 0 ? reshape(source, [1]) : source, d, 0));
  let rows = reshape(moved, [n, -1]), order: Tensor | null = null;
  if (ordered) {
    // Stable sorts by one column after another, the first column last.
    order = arange(n, { device: x.device });
    for (let k = rows.sizes[1] - 1; k >= 0; k--) {
      order = order.indexSelect(0, argsort(select(rows, 1, k).indexSelect(0, order), -1, false, true));
    }
    rows = rows.indexSelect(0, order);
  }
  const differ = narrow(rows, 0, 1, n - 1).ne(narrow(rows, 0, 0, n - 1)).any(1);
  const { starts, inverse, counts } = runs(differ);
  const values = reshape(rows.indexSelect(0, starts), [starts.count, ...moved.sizes.slice(1)]);
  return {
    values: clone(movedim(values, 0, d)),
    inverse: order === null ? inverse : inverse.like().scatter_(0, order, inverse),
    counts,
  };
}

/**
 * Where `values` belong in the sorted `sequence`, along its last dimension.
 *
 * @param sorter The order that sorts `sequence`, where it is not sorted.
 */
export function searchsorted(
  sequence: Tensor,
  values: Operand,
  right = false,
  useInt32 = false,
  sorter: Tensor | null = null,
): Tensor {
  const v = isTensor(values) ? values : scalarTensor(sequence.detached(), values);
  checkDevices("searchsorted", sequence, v, sorter);
  const common = promoteTypes(sequence.dtype, v.dtype), dtype = isHalf(common) ? float32 : common;
  const s = dense(castTo(ordered(sequence, sorter), dtype)), w = dense(castTo(v, dtype));
  const rowwise = s.ndim > 1;
  if (rowwise && (w.ndim !== s.ndim || s.sizes.slice(0, -1).some((n, k) => n !== w.sizes[k]))) {
    throw new RangeError(
      "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and " +
        `input value tensor must match, but we got boundaries tensor ${formatSizes(s.sizes)} and input value tensor ${
          formatSizes(w.sizes)
        }`,
    );
  }
  const n = s.ndim === 0 ? 1 : s.sizes[s.ndim - 1];
  const rows = rowwise ? s.count / Math.max(n, 1) : 1;
  const m = rowwise ? w.sizes[w.ndim - 1] : w.count;
  const y = empty(w.sizes, int64, s.device);
  if (y.count > 0 && y.kernels.searchsorted(dtype.code, y.ptr, s.ptr, w.ptr, rows, n, m, right ? 1 : 0) !== 0) {
    throw unsupported("searchsorted", dtype);
  }
  return useInt32 ? castTo(y, int32) : y;
}

function ordered(sequence: Tensor, sorter: Tensor | null): Tensor {
  if (sorter === null) return sequence;
  if (!sameSizes(sequence.sizes, sorter.sizes)) {
    throw new RangeError(
      `torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor ${
        formatSizes(sequence.sizes)
      }and got sorter tensor ${formatSizes(sorter.sizes)}`,
    );
  }
  if (sorter.dtype !== int64) {
    throw new TypeError(
      `torch.searchsorted(): sorter must be a tensor of long dtype but got dtype ${sorter.dtype.name}`,
    );
  }
  return gather(sequence.detached(), -1, sorter);
}

/**
 * How many elements fall into each of `bins` equal parts of [min, max], or of the elements' own range where both are 0.
 * Elements outside are not counted.
 */
export function histc(x: Tensor, bins = 100, min = 0, max = 0): Tensor {
  if (!x.dtype.isFloatingPoint) throw unsupported("histogramdd", x.dtype);
  if (!(Number.isInteger(bins) && bins > 0)) throw new RangeError("torch.histc(): bins must be > 0");
  if (!(min <= max)) throw new RangeError("torch.histc(): max must be larger than min");
  const flat = reshape(x.detached(), [-1]);
  if (min === 0 && max === 0 && flat.count > 0) {
    [min, max] = [Number(flat.amin().item()), Number(flat.amax().item())];
  }
  if (!(Number.isFinite(min) && Number.isFinite(max))) {
    throw new RangeError(`torch.histc: range of [${min}, ${max}] is not finite`);
  }
  if (min === max) [min, max] = [min - 1, max + 1];
  const inside = flat.maskedSelect(flat.ge(min).logicalAnd(flat.le(max)));
  const places = inside.sub(min).mul(bins).div(max - min).to(int64).clampMax(bins - 1);
  return castTo(bincount(places, null, bins), x.dtype);
}

/** How often each of 0, 1, … occurs, or the sum of weights for each. */
export function bincount(x: Tensor, weights: Tensor | null = null, minlength = 0): Tensor {
  if (x.ndim !== 1 || x.dtype.isFloatingPoint) {
    throw new TypeError("bincount only supports 1-d non-negative integral inputs.");
  }
  if (!(minlength >= 0)) throw new RangeError("minlength should be >= 0");
  const index = dense(castTo(x, int64));
  if (index.count > 0 && (index.amin().item() < 0)) {
    throw new TypeError("bincount only supports 1-d non-negative integral inputs.");
  }
  const n = Math.max(index.count === 0 ? 0 : index.amax().item() + 1, minlength);
  checkDevices("bincount", x, weights);
  const w = weights === null ? null : dense(weights.dtype.isFloatingPoint ? weights : weights.double());
  if (w !== null && (w.ndim !== 1 || w.count !== index.count)) {
    throw new RangeError("weights should be 1-d and have the same length as input");
  }
  const y = empty([n], w === null ? int64 : w.dtype, x.device);
  fill_(y, 0);
  if (y.kernels.bincount(y.dtype.code, y.ptr, index.ptr, w === null ? null : w.ptr, index.count) !== 0) {
    throw unsupported("bincount", y.dtype);
  }
  return y;
}
