/**
 * Elements chosen along one dimension by a tensor of indices, and their adjoints.
 *
 * @module
 */
import { scatter as scatterOp } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { bool, float32, int32, int64 } from "../dtype.ts";
import { empty, isHalf, over } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { contiguousStrides, formatSizes, product, sameSizes, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { castTo, checkDevices, isTensor, unsupported } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { inPlace } from "./inplace.ts";
import { reshape, transpose } from "./movement.ts";
import { copyElementsTo, dense } from "./strided.ts";
import { mul } from "./arithmetic.ts";
import type { Scalar } from "../read.ts";
import { readElements } from "../read.ts";

/**
 * Indices counted from the front, contiguous int64.
 *
 * @throws {RangeError} When one is out of range.
 */
export function wrapIndices(operation: string, index: Tensor, size: number, dim: number): Tensor {
  if (index.dtype !== int64 && index.dtype !== int32) {
    throw new TypeError(`${operation}(): Expected dtype int64 for index, got ${index.dtype}`);
  }
  const source = dense(castTo(index, int64));
  const out = empty(source.sizes, int64, source.device);
  const bad = source.kernels.wrapIndex(out.ptr, source.ptr, source.count, size);
  if (bad >= 0) {
    const value = readElements(reshape(source.detached(), [-1]), [[bad]])[0];
    const where = `index ${value} is out of bounds for dimension ${dim} with size ${size} (${operation})`;
    throw new RangeError(operation === "embedding" ? `index out of range in self: ${where}` : where);
  }
  return out;
}

/** Rows `index` of `x` (contiguous, dimension 0), for indices that are in range. */
export function takeRows(x: Tensor, index: Tensor, sizes: Sizes): Tensor {
  checkDevices("index_select", x, index);
  const y = empty(sizes, x.dtype, x.device);
  const row = index.count > 0 ? y.count / index.count : 0;
  y.kernels.takeRows(x.dtype.itemsize, y.ptr, x.ptr, index.ptr, index.count, row);
  return y;
}

/** Sums of bools are whether any holds: their maximum. */
function combine(op: number, y: Tensor): number {
  return y.dtype === bool && op === scatterOp.add ? scatterOp.max : op;
}

/** y[index[i], :] = op(…, values[i, :]), outside of the graph. */
export function putRows(op: number, y: Tensor, index: Tensor, values: Tensor, row: number): void {
  checkDevices("index_put", y, index, values);
  const v = dense(values), step = values.count === row ? 0 : row;
  if (index.count === 0 || row === 0) return;
  if (isHalf(y.dtype) && op !== scatterOp.set) {
    const wide = castTo(y, float32);
    putRows(op, wide, index, castTo(values, float32), row);
    copyElementsTo(y, castTo(wide, y.dtype));
    return;
  }
  if (y.kernels.putRows(combine(op, y), y.dtype.code, y.ptr, index.ptr, v.ptr, index.count, row, step) !== 0) {
    throw unsupported("index_put", y.dtype);
  }
}

/**
 * The rows that `index` lists along `dim`.
 *
 * @throws {RangeError} When an index is out of range.
 */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  const d = wrapDim(dim, x.ndim);
  if (index.ndim > 1) {
    throw new RangeError(`index_select(): Index is supposed to be a vector (it is ${formatSizes(index.sizes)})`);
  }
  const rows = wrapIndices("index_select", index, x.ndim === 0 ? 1 : x.sizes[d], d);
  const source = x.ndim === 0 ? reshape(x.detached(), [1]) : x.detached();
  const moved = dense(transpose(source, 0, d));
  const y = takeRows(moved, rows, [index.count, ...moved.sizes.slice(1)]);
  const result = d === 0 ? y : dense(transpose(y, 0, d));
  const out = x.ndim === 0 ? reshape(result, []) : result;
  out.base = null; // A transposed copy: an output of its own.
  return record("IndexSelectBackward0", out, [x], [], (dy) => [indexAdd(zerosOf(x, dy), d, rows, dy)]);
}

function zerosOf(x: Tensor, dy: Tensor): Tensor {
  const y = empty(x.sizes, dy.dtype, dy.device);
  fill_(y, 0);
  return y;
}

/** x with `source`'s rows, times alpha, added at `index` along `dim`. */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, factor = 1): Tensor {
  const alpha = x.dtype.isFloatingPoint ? factor : Math.trunc(factor);
  const d = wrapDim(dim, x.ndim);
  checkIndexAdd(x, d, index, source);
  const rows = wrapIndices("index_add", index, x.sizes[d] ?? 1, d);
  const added = alpha === 1 ? source.detached() : mul(source.detached(), alpha);
  const line = (t: Tensor): Tensor => t.ndim === 0 ? reshape(t, [1]) : transpose(t, 0, d);
  const moved = line(x.detached()).clone();
  putRows(scatterOp.add, moved, rows, line(added), product(moved.sizes.slice(1)));
  const turned = d === 0 ? moved : dense(transpose(moved, 0, d));
  const y = over(turned.storage, x.sizes, contiguousStrides(x.sizes), 0, x.dtype);
  return record("IndexAddBackward0", y, [x, source], [], (dy, _, needs) => [
    needs[0] ? dy : null,
    needs[1] ? mul(reshape(indexSelect(dy, d, rows), source.sizes), alpha) : null,
  ]);
}

function checkIndexAdd(x: Tensor, d: number, index: Tensor, source: Tensor): void {
  if (index.ndim > 1) {
    throw new RangeError(`index_add_(): Index is supposed to be a vector, but got dim: ${index.ndim}`);
  }
  if (source.dtype !== x.dtype) {
    throw new TypeError(
      `index_add_(): self and source expected to have the same dtype, but got (self) ${x.dtype} and (source) ${source.dtype}`,
    );
  }
  const n = source.ndim === 0 ? 1 : source.sizes[d];
  const without = (sizes: Sizes): Sizes => sizes.filter((_, i) => i !== d);
  if (Math.max(source.ndim, 1) !== Math.max(x.ndim, 1) || !sameSizes(without(source.sizes), without(x.sizes))) {
    throw new RangeError(
      "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = " +
        `${formatSizes(x.sizes)} source.shape = ${formatSizes(source.sizes)} (index_add)`,
    );
  }
  if (n !== index.count) {
    throw new RangeError(
      `index_add_(): Number of indices (${index.count}) should be equal to source.size(dim): (${n}), for dim: ${d}`,
    );
  }
}

function checkGather(operation: string, x: Tensor, d: number, index: Tensor): void {
  if (Math.max(index.ndim, 1) !== Math.max(x.ndim, 1)) {
    throw new RangeError(`Index tensor must have the same number of dimensions as input tensor (${operation})`);
  }
  index.sizes.forEach((s, k) => {
    if (k !== d && s > x.sizes[k]) {
      throw new RangeError(
        `Size does not match at dimension ${k} expected index ${formatSizes(index.sizes)} to be no larger than self ` +
          `${formatSizes(x.sizes)} apart from dimension ${d} (${operation})`,
      );
    }
  });
}

function writeWalk(index: Tensor, d: number, a: Sizes, b: Sizes | null): void {
  const n = index.ndim;
  meta[0] = n;
  meta[1] = d;
  for (let k = 0; k < n; k++) {
    meta[2 + k] = index.sizes[k];
    meta[2 + n + k] = a[k];
    meta[2 + 2 * n + k] = b === null ? 0 : b[k];
  }
}

/** y[i][j] = x[index[i][j]][j] along dimension 0, and so on for others. */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  if (index.count === 0) {
    wrapDim(dim, x.ndim);
    return record("GatherBackward0", empty(index.sizes, x.dtype, x.device), [x], [], (dy) => [zerosOf(x, dy)]);
  }
  if (x.ndim === 0) return reshape(gather(reshape(x, [1]), 0, reshape(index, [-1])), index.sizes);
  const d = wrapDim(dim, x.ndim);
  checkGather("gather", x, d, index);
  const rows = wrapIndices("gather", index, x.sizes[d], d);
  checkDevices("gather", x, rows);
  const y = empty(index.sizes, x.dtype, x.device);
  writeWalk(rows, d, x.strides, null);
  if (y.count > 0) y.kernels.gather(x.dtype.itemsize, y.ptr, x.ptr, rows.ptr, y.count, metaPtr);
  return record(
    "GatherBackward0",
    y,
    [x],
    [],
    (dy) => [scatterReduce("scatter_add", scatterOp.add, zerosOf(x, dy), d, rows, dy)],
  );
}

/** A copy of x, with op(…, source) at the places that `index` names along `dim`. */
function scatterReduce(
  operation: string,
  op: number,
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | Scalar,
): Tensor {
  if (x.ndim === 0) {
    const flat = isTensor(source) ? reshape(source, [-1]) : source;
    return reshape(scatterReduce(operation, op, reshape(x, [1]), 0, reshape(index, [-1]), flat), []);
  }
  const d = wrapDim(dim, x.ndim);
  checkGather(operation, x, d, index);
  const rows = wrapIndices(operation, index, x.sizes[d], d);
  const y = x.detached().clone();
  if (rows.count > 0) runScatter(operation, op, y, d, rows, source);
  const from = isTensor(source) ? source : null;
  const name = operation === "scatter_add"
    ? "ScatterAddBackward0"
    : from === null
    ? "ScatterBackward1"
    : "ScatterBackward0";
  return record(name, y, [x, from], [], (dy, _, needs) => [
    needs[0] ? (op === scatterOp.add ? dy : scatterReduce("scatter", scatterOp.set, dy, d, rows, 0)) : null,
    needs[1] ? padTo(gather(dy, d, rows), from!.sizes) : null,
  ]);
}

/** Only the part of the source that has an index is read: the rest has a gradient of zero. */
function padTo(dx: Tensor, sizes: Sizes): Tensor {
  if (dx.sizes.every((s, k) => s === sizes[k])) return dx;
  const y = empty(sizes, dx.dtype, dx.device);
  fill_(y, 0);
  dx.sizes.reduce<Tensor>((part, s, k) => part.narrow(k, 0, s), y).copy_(dx);
  return y;
}

/** The kernel on a contiguous y. */
export function runScatter(
  operation: string,
  op: number,
  y: Tensor,
  d: number,
  rows: Tensor,
  source: Tensor | Scalar,
): void {
  checkDevices(operation, y, rows, isTensor(source) ? source : null);
  let values: Tensor, strides: Sizes;
  if (isTensor(source)) {
    if (source.dtype !== y.dtype) {
      throw new TypeError(
        `${operation}(): Expected self.dtype to be equal to src.dtype (${y.dtype} and ${source.dtype})`,
      );
    }
    if (source.ndim !== rows.ndim) {
      throw new RangeError(`Index tensor must have the same number of dimensions as src tensor (${operation})`);
    }
    source.sizes.forEach((s, k) => {
      if (rows.sizes[k] > s) {
        throw new RangeError(
          `Expected index ${formatSizes(rows.sizes)} to be no larger than src ${
            formatSizes(source.sizes)
          } (${operation})`,
        );
      }
    });
    if (isHalf(y.dtype) && op !== scatterOp.set) {
      const wide = castTo(y, float32);
      runScatter(operation, op, wide, d, rows, castTo(source, float32));
      copyElementsTo(y, castTo(wide, y.dtype));
      return;
    }
    values = source;
    strides = source.strides;
  } else {
    values = empty([], y.dtype, y.device);
    fill_(values, source);
    strides = rows.sizes.map(() => 0);
  }
  writeWalk(rows, d, y.strides, strides);
  if (y.kernels.scatter(combine(op, y), y.dtype.code, y.ptr, rows.ptr, values.ptr, rows.count, metaPtr) !== 0) {
    throw unsupported(operation, y.dtype);
  }
}

/** How {@linkcode scatter} combines the source with what is there; null replaces it. */
type Combination = "add" | "multiply" | null;

/** x with `source` written to the places that `index` names along `dim`, or combined with what is there. */
export function scatter(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | Scalar,
  reduce: Combination = null,
): Tensor {
  if (reduce === null) return scatterReduce("scatter", scatterOp.set, x, dim, index, source);
  if (reduce !== "add" && reduce !== "multiply") {
    throw new TypeError("reduce argument must be either add or multiply.");
  }
  if (x.requiresGrad || (isTensor(source) && source.requiresGrad)) {
    throw new Error("the derivative for 'scatter with reduce' is not implemented. Use scatterReduce instead.");
  }
  return scatterReduce("scatter", reduce === "add" ? scatterOp.add : scatterOp.mul, x, dim, index, source);
}

/** x with `source` added at the places that `index` names along `dim`. */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  return scatterReduce("scatter_add", scatterOp.add, x, dim, index, source);
}

/** {@linkcode scatter} in place. */
export function scatter_(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | Scalar,
  reduce: Combination = null,
): Tensor {
  return inPlace("scatter", x, isTensor(source) ? [source] : [], (x) => scatter(x, dim, index, source, reduce));
}

/** {@linkcode scatterAdd} in place. */
export function scatterAdd_(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  return inPlace("scatter_add", x, [source], (x) => scatterAdd(x, dim, index, source));
}

/** {@linkcode indexAdd} in place. */
export function indexAdd_(x: Tensor, dim: number, index: Tensor, source: Tensor, alpha = 1): Tensor {
  return inPlace("index_add", x, [source], (x) => indexAdd(x, dim, index, source, alpha));
}
