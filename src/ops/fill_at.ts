/**
 * Writing at chosen places, out of place; differences, distances and other compositions.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { bool } from "../dtype.ts";
import type { Scalar } from "../read.ts";
import { broadcastSizes, formatSizes, sameSizes, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sub } from "./arithmetic.ts";
import { logicalXor } from "./compare.ts";
import { castTo, checkDevices, isTensor } from "./elementwise.ts";
import { scatter } from "./gather.ts";
import { flatNonzero, nonzero } from "./index.ts";
import { cat } from "./join.ts";
import { expand, narrow, reshape, unsqueeze } from "./movement.ts";
import { sumTo } from "./reduce.ts";
import { sort, unique } from "./sort.ts";
import { vectorNorm } from "./statistics.ts";
import { clone } from "./strided.ts";

/** A vector of indices along `dim`, repeated over x's other dimensions. */
function spreadIndex(operation: string, x: Tensor, dim: number, index: Tensor): Tensor {
  if (index.ndim > 1) throw new RangeError(`${operation}(): Index is supposed to be a vector`);
  const d = wrapDim(dim, x.ndim), sizes = x.sizes.map((s, i) => i === d ? index.count : s);
  return expand(reshape(index, x.sizes.map((_, i) => i === d ? index.count : 1)), sizes);
}

/** x with `value` in the rows that `index` names along `dim`. */
export function indexFill(x: Tensor, dim: number, index: Tensor, value: Scalar | Tensor): Tensor {
  if (isTensor(value) && value.ndim > 0) {
    throw new RangeError(
      `index_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.ndim} dimension(s).`,
    );
  }
  const at = spreadIndex("index_fill_", x, dim, index).contiguous(), raw = isTensor(value) ? value.detached() : value;
  const y = scatter(x.detached(), dim, at, isTensor(raw) ? expand(castTo(raw, x.dtype), at.sizes) : raw);
  const name = isTensor(value) ? "IndexFillBackward1" : "IndexFillBackward0";
  return record(name, y, [x, isTensor(value) ? value : null], [], (dy, _, needs) => [
    needs[0] ? indexFill(dy, dim, index, 0) : null,
    // A row that is named twice is filled once.
    needs[1] ? dy.indexSelect(dim, unique(index).values).sum() : null,
  ]);
}

/** x with the rows of `source` where `index` says along `dim`. */
export function indexCopy(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const at = clone(spreadIndex("index_copy_", x, dim, index));
  if (!sameSizes(at.sizes, source.sizes)) {
    throw new RangeError(
      `index_copy_(): Number of indices (${index.count}) should be equal to source.size(dim) and the other sizes to x's ` +
        `(source ${formatSizes(source.sizes)}, expected ${formatSizes(at.sizes)})`,
    );
  }
  return scatter(x, dim, at, source);
}

/** x with the elements of `source`, in their order, where the mask holds. */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  if (mask.dtype !== bool) {
    throw new TypeError(`masked_scatter_ only supports boolean masks, but got mask with dtype ${mask.dtype}`);
  }
  if (x.dtype !== source.dtype) {
    throw new TypeError(
      `masked_scatter: expected self and source to have same dtypes but got ${x.dtype} and ${source.dtype}`,
    );
  }
  checkDevices("masked_scatter", x, mask, source);
  const sizes = broadcastSizes(x.sizes, mask.sizes, "masked_scatter");
  const at = flatNonzero(clone(expand(mask, sizes)));
  if (at.count > source.count) {
    throw new RangeError(
      `masked_scatter: expected at least ${at.count} elements in source, one for each true in the mask, but got ${source.count}`,
    );
  }
  const flat = reshape(expand(x, sizes), [-1]);
  return reshape(scatter(flat, 0, reshape(at, [-1]), narrow(reshape(source, [-1]), 0, 0, at.count)), sizes);
}

/** The indices of the elements that are not 0, a row for each. */
export function argwhere(x: Tensor): Tensor {
  return nonzero(x);
}

/** The rows in ascending order, column by column. */
export function msort(x: Tensor): Tensor {
  return sort(x, 0).values;
}

/** Summed to a smaller shape that broadcasts to x's. */
export function sumToSize(x: Tensor, sizes: Sizes): Tensor {
  const lead = x.ndim - sizes.length;
  if (lead < 0 || sizes.some((s, i) => s !== 1 && s !== x.sizes[i + lead])) {
    throw new RangeError(`size {${formatSizes(sizes)}} is not expandable to size {${formatSizes(x.sizes)}}.`);
  }
  // PyTorch sums to no dimensions by `sum`, of which integers become int64.
  return sizes.length === 0 ? x.sum() : sumTo(x, sizes);
}

/** The differences of neighbours along `dim`, taken `n` times. */
export function diff(
  x: Tensor,
  n = 1,
  dim = -1,
  prepend: Tensor | null = null,
  append: Tensor | null = null,
): Tensor {
  if (x.ndim === 0) throw new RangeError("diff expects input to be at least one-dimensional");
  if (n < 0) throw new RangeError(`order must be non-negative but got ${n}`);
  const d = wrapDim(dim, x.ndim);
  if (n === 0) return clone(x);
  const parts = [prepend, x, append].filter((t) => t !== null);
  let y = parts.length === 1 ? x : cat(parts, d);
  for (let i = 0; i < n; i++) {
    const length = Math.max(y.sizes[d] - 1, 0);
    if (y.sizes[d] === 0) return y;
    const later = narrow(y, d, 1, length), earlier = narrow(y, d, 0, length);
    y = y.dtype === bool ? logicalXor(later, earlier) : sub(later, earlier);
  }
  return y;
}

/** The p-norms of the differences of each row of `a` and each row of `b`: [.., P, M], [.., R, M] → [.., P, R]. */
export function cdist(a: Tensor, b: Tensor, p = 2): Tensor {
  if (a.ndim < 2 || b.ndim < 2) {
    throw new RangeError(`cdist only supports at least 2D tensors, got ${a.ndim}D and ${b.ndim}D`);
  }
  if (a.sizes[a.ndim - 1] !== b.sizes[b.ndim - 1]) {
    throw new RangeError(
      `X1 and X2 must have the same number of columns. X1: ${a.sizes[a.ndim - 1]} X2: ${b.sizes[b.ndim - 1]}`,
    );
  }
  if (!(p >= 0)) throw new RangeError("cdist only supports non-negative p values");
  return vectorNorm(sub(unsqueeze(a, -2), unsqueeze(b, -3)), p, -1);
}
