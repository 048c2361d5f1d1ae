/**
 * Reductions into places that a tensor of indices names.
 *
 * @module
 */
import { scatter as scatterOp } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { formatSizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gather, runScatter, scatter, wrapIndices } from "./gather.ts";
import { expand, narrow, reshape } from "./movement.ts";
import { clone } from "./strided.ts";

/** What is done with the elements that fall on one place. */
export type ScatterReduction = "sum" | "prod" | "mean" | "amax" | "amin";

const codes = {
  sum: scatterOp.add,
  mean: scatterOp.add,
  prod: scatterOp.mul,
  amax: scatterOp.max,
  amin: scatterOp.min,
} as const;

/** What is reduced, and where to. */
interface Places {
  /** The dimension. */
  d: number;
  /** Indices from the front, contiguous. */
  rows: Tensor;
  /** The reduction. */
  reduction: ScatterReduction;
  /** Whether the elements that are there take part. */
  self: boolean;
}

/** How many elements fall on each place, at least 1, in x's type. */
function counts(x: Tensor, source: Tensor, { d, rows, self }: Places): Tensor {
  const n = self ? x.newOnes(x.sizes) : x.newZeros(x.sizes);
  runScatter("scatter_reduce", scatterOp.add, n, d, rows, source.newOnes(rows.sizes));
  return n.clampMin(1);
}

/** The values, outside of the graph. */
function reduced(x: Tensor, source: Tensor, places: Places): Tensor {
  const { d, rows, reduction, self } = places, from = source.detached();
  const y = clone(x.detached());
  if (rows.count === 0) return y;
  if (!self) {
    // An extreme may begin with any of the elements that it is of.
    const first = reduction === "amax" || reduction === "amin" ? from : reduction === "prod" ? 1 : 0;
    runScatter("scatter_reduce", scatterOp.set, y, d, rows, first);
  }
  runScatter("scatter_reduce", codes[reduction], y, d, rows, from);
  if (reduction !== "mean") return y;
  return y.div(counts(y, from, places), { roundingMode: y.dtype.isFloatingPoint ? null : "floor" });
}

/**
 * x with the sums, products, means or extremes of `source`'s elements at the places that `index` names along `dim`.
 *
 * @param self Whether x's own elements take part.
 */
export function scatterReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduction: ScatterReduction,
  self = true,
  name = "ScatterReduceBackward0",
): Tensor {
  if (!(reduction in codes)) {
    throw new RangeError(`reduce argument must be either sum, prod, mean, amax or amin, got ${reduction}.`);
  }
  if (x.ndim === 0) {
    const y = scatterReduce(reshape(x, [1]), dim, reshape(index, [-1]), reshape(source, [-1]), reduction, self, name);
    return reshape(y, []);
  }
  const d = wrapDim(dim, x.ndim);
  if (index.ndim !== x.ndim) {
    throw new RangeError("Index tensor must have the same number of dimensions as self tensor (scatter_reduce)");
  }
  index.sizes.forEach((s, k) => {
    if (k !== d && s > x.sizes[k]) {
      throw new RangeError(
        `Expected index ${formatSizes(index.sizes)} to be no larger than self ${formatSizes(x.sizes)} apart from ` +
          `dimension ${d} (scatter_reduce)`,
      );
    }
  });
  const places: Places = { d, rows: wrapIndices("scatter_reduce", index, x.sizes[d], d), reduction, self };
  // Only the part of the source that has an index is read.
  const used = index.sizes.reduce<Tensor>((part, s, k) => s < part.sizes[k] ? narrow(part, k, 0, s) : part, source);
  const y = reduced(x, used, places);
  return record(
    name,
    y,
    [x, used],
    [x, used, y],
    (dy, [x, source, y]) => scatterReduceBackward(dy, x, source, y, places),
  );
}

function scatterReduceBackward(dy: Tensor, x: Tensor, source: Tensor, y: Tensor, places: Places): [Tensor, Tensor] {
  const { d, rows, reduction, self } = places, at = (t: Tensor) => gather(t, d, rows);
  let dx: Tensor, ds: Tensor;
  if (reduction === "sum" || reduction === "mean") {
    dx = reduction === "sum" ? dy : dy.div(counts(x.detached(), source.detached(), places));
    ds = at(dx);
  } else if (reduction === "prod") {
    const zero = source.eq(0), regular = x.maskedFill(x.eq(0), 1);
    dx = dy.mul(scatterReduce(regular, d, rows, source, "prod", self)).div(regular);
    // Where an element is the only 0 of its product, its derivative is the product of the others.
    const zeros = scatterReduce(x.detached().mul(0), d, rows, zero.to(x.dtype), "sum");
    const single = zero.logicalAnd(at(zeros).eq(1));
    const others = scatterReduce(x, d, rows, source.maskedFill(single, 1), "prod", self);
    const quotient = at(dy.mul(y)).div(source.maskedFill(zero, 1));
    ds = at(dy.mul(others)).where(single, quotient);
  } else {
    // The gradient is shared by all that are the extreme; as in PyTorch x's element counts even where it took no part.
    const mine = x.eq(y).to(x.dtype), theirs = source.eq(at(y)).to(x.dtype);
    const share = dy.div(scatterReduce(mine, d, rows, theirs, "sum").clampMin(1));
    dx = mine.mul(share);
    ds = theirs.mul(at(share));
  }
  // What took no part is as if it had been overwritten.
  return [self ? dx : scatter(reduction === "sum" ? dx : scatterUntouched(dx, dy, rows, d), d, rows, 0), ds];
}

/** Where no element falls, x goes through as it is. */
function scatterUntouched(dx: Tensor, dy: Tensor, rows: Tensor, d: number): Tensor {
  const touched = scatter(dy.detached().mul(0), d, rows, 1).gt(0);
  return dx.where(touched, dy);
}

/** x with the products, means or extremes of `source`'s rows in the rows that `index` names along `dim`. */
export function indexReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduction: Exclude<ScatterReduction, "sum">,
  self = true,
): Tensor {
  if (!["prod", "mean", "amax", "amin"].includes(reduction)) {
    throw new RangeError(
      `index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ${reduction}.`,
    );
  }
  if (index.ndim > 1) throw new RangeError("index_reduce_(): Index is supposed to be a vector");
  const d = wrapDim(dim, x.ndim);
  if (source.ndim !== x.ndim || (source.sizes[d] ?? 1) !== index.count) {
    throw new RangeError(
      `index_reduce_(): Number of indices (${index.count}) should be equal to source.size(dim): (${
        source.sizes[d] ?? 1
      }), for dim: ${d}`,
    );
  }
  const at = clone(expand(reshape(index, x.sizes.map((_, k) => k === d ? index.count : 1)), source.sizes));
  return scatterReduce(x, dim, at, source, reduction, self, "IndexReduceBackward0");
}
