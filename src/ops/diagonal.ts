/**
 * Diagonals and triangles.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { bool, type DType, int64 } from "../dtype.ts";
import type { Device } from "../device.ts";
import { empty, view } from "../make.ts";
import { formatSizes, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { ge, le } from "./compare.ts";
import { unsupported } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { nonzero } from "./index.ts";
import { permute, reshape, t, unsqueeze } from "./movement.ts";
import { clone, copyElementsTo } from "./strided.ts";

/** 0, 1, … n − 1 as int64. */
export function indices(n: number, device: Device, start = 0): Tensor {
  const x = empty([n], int64, device);
  if (n > 0 && x.kernels.arange(int64.code, x.ptr, n, start, 1) !== 0) throw unsupported("arange", int64);
  return x;
}

function diagonalLayout(
  sizes: Sizes,
  strides: Sizes,
  offset: number,
  a: number,
  b: number,
): { length: number; start: number } {
  const length = Math.max(
    offset >= 0 ? Math.min(sizes[a], sizes[b] - offset) : Math.min(sizes[a] + offset, sizes[b]),
    0,
  );
  const start = length === 0 ? 0 : offset >= 0 ? offset * strides[b] : -offset * strides[a];
  return { length, start };
}

/** The diagonal over two dimensions, as a view whose last dimension it is. */
export function diagonal(x: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
  const a = wrapDim(dim1, x.ndim), b = wrapDim(dim2, x.ndim);
  if (a === b) throw new RangeError(`diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
  const { length, start } = diagonalLayout(x.sizes, x.strides, offset, a, b);
  const others = x.sizes.map((_, i) => i).filter((i) => i !== a && i !== b);
  const sizes = [...others.map((i) => x.sizes[i]), length];
  const strides = [...others.map((i) => x.strides[i]), x.strides[a] + x.strides[b]];
  const y = view(x, sizes, strides, x.offset + start);
  return record("DiagonalBackward0", y, [x], [], (dy) => [diagonalBackward(dy, x.sizes, offset, a, b)]);
}

function diagonalBackward(dy: Tensor, sizes: Sizes, offset: number, a: number, b: number): Tensor {
  const dx = empty(sizes, dy.dtype, dy.device);
  fill_(dx, 0);
  copyElementsTo(diagonal(dx.detached(), offset, a, b), dy);
  return record("DiagonalBackwardBackward0", dx, [dy], [], (ddx) => [diagonal(ddx, offset, a, b)]);
}

/** The last dimension as a diagonal over two new dimensions, zeros elsewhere. */
export function diagEmbed(x: Tensor, offset = 0, dim1 = -2, dim2 = -1): Tensor {
  const ndim = x.ndim + 1, a = wrapDim(dim1, ndim), b = wrapDim(dim2, ndim);
  if (a === b) throw new RangeError(`diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
  const n = x.sizes[x.ndim - 1] + Math.abs(offset);
  const sizes = [...x.sizes.slice(0, -1)];
  for (const d of [a, b].sort((p, q) => p - q)) sizes.splice(d, 0, n);
  const y = empty(sizes, x.dtype, x.device);
  fill_(y, 0);
  copyElementsTo(diagonal(y.detached(), offset, a, b), x);
  return record("DiagEmbedBackward0", y, [x], [], (dy) => [diagonal(dy, offset, a, b)]);
}

/** A vector as a diagonal matrix, or the diagonal of a matrix. */
export function diag(x: Tensor, offset = 0): Tensor {
  if (x.ndim === 1) return diagEmbed(x, offset);
  if (x.ndim === 2) return clone(diagonal(x, offset));
  throw new RangeError(`diag(): Supports 1D or 2D tensors. Got ${x.ndim}D`);
}

/** All elements as a diagonal matrix. */
export function diagflat(x: Tensor, offset = 0): Tensor {
  return diagEmbed(reshape(x, [-1]), offset);
}

/** A copy of x with `source` on its diagonal. */
export function diagonalScatter(x: Tensor, source: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
  const y = clone(x.detached());
  const target = diagonal(y, offset, dim1, dim2);
  if (target.sizes.some((s, i) => s !== source.sizes[i]) || target.ndim !== source.ndim) {
    throw new RangeError(
      `expected src to have a size equal to the slice of self. src size = ${formatSizes(source.sizes)}, slice size = ` +
        formatSizes(target.sizes),
    );
  }
  target.copy_(source.detached());
  return record("DiagonalScatterBackward0", y, [x, source], [], (dy, _, needs) => [
    needs[0] ? diagonalScatter(dy, target.like().zero_(), offset, dim1, dim2) : null,
    needs[1] ? diagonal(dy, offset, dim1, dim2) : null,
  ]);
}

/** Whether column − row is at most (lower) or at least (upper) `diagonal`, as a [rows, columns] mask. */
function triangle(rows: number, columns: number, offset: number, lower: boolean, device: Device): Tensor {
  const column = unsqueeze(indices(columns, device), 0), row = unsqueeze(indices(rows, device, offset), 1);
  return lower ? le(column, row) : ge(column, row);
}

function triangular(name: string, x: Tensor, offset: number, lower: boolean): Tensor {
  if (x.ndim < 2) throw new RangeError(`${lower ? "tril" : "triu"}: input tensor must have at least 2 dimensions`);
  const mask = triangle(x.sizes[x.ndim - 2], x.sizes[x.ndim - 1], offset, lower, x.device);
  // Multiplying would turn an infinity outside of the triangle into NaN: choose instead.
  const zero = empty([], x.dtype, x.device);
  fill_(zero, 0);
  const y = x.detached().where(mask, zero);
  return record(name, y, [x], [], (dy) => [triangular(name, dy, offset, lower)]);
}

/** The lower triangle: elements on and below the diagonal. */
export function tril(x: Tensor, offset = 0): Tensor {
  return triangular("TrilBackward0", x, offset, true);
}

/** The upper triangle: elements on and above the diagonal. */
export function triu(x: Tensor, offset = 0): Tensor {
  return triangular("TriuBackward0", x, offset, false);
}

/** The positions of a triangle's elements, row by row, as [2, n]. */
export function triangleIndices(rows: number, columns: number, offset: number, lower: boolean, device: Device): Tensor {
  return clone(t(nonzero(triangle(rows, columns, offset, lower, device))));
}

/** The sum of the diagonal of a matrix. */
export function trace(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new RangeError("trace: expected a matrix");
  const y = diagonal(x.detached()).sum();
  return record("TraceBackward0", y, [x], [], (dy) => [mul(eyeLike(x, dy.dtype), dy)]);
}

function eyeLike(x: Tensor, dtype: DType): Tensor {
  return eye(x.sizes[0], x.sizes[1], dtype, x.device);
}

/**
 * Ones on the diagonal, zeros elsewhere.
 *
 * @throws {RangeError} When a size is negative.
 */
export function eye(rows: number, columns: number, dtype: DType, device: Device): Tensor {
  if (rows < 0) throw new RangeError(`n must be greater or equal to 0, got ${rows}`);
  if (columns < 0) throw new RangeError(`m must be greater or equal to 0, got ${columns}`);
  const y = empty([rows, columns], dtype, device);
  fill_(y, 0);
  const d = diagonal(y.detached());
  fill_(d, dtype === bool ? true : 1);
  return y;
}

/** The elements in the reverse order along `dims`. */
export function flip(x: Tensor, dims: Sizes): Tensor {
  const chosen = dims.map((d) => wrapDim(d, x.ndim));
  if (new Set(chosen).size !== chosen.length) throw new RangeError("dim appears multiple times in the list of dims");
  let y = x.detached();
  for (const d of chosen) {
    const n = y.sizes[d];
    if (y.ndim === 0 || n < 2) continue;
    const order = indices(n, x.device).neg().add(n - 1);
    y = y.indexSelect(d, order);
  }
  const own = y.storage === x.storage ? clone(y) : y;
  return record("FlipBackward0", own, [x], [], (dy) => [flip(dy, dims)]);
}

/** The elements moved by `shifts` along `dims`, those that leave coming in at the other end; without `dims`, flattened. */
export function roll(x: Tensor, shifts: number | Sizes, dims: number | Sizes = []): Tensor {
  const by = typeof shifts === "number" ? [shifts] : shifts;
  if (by.length === 0) throw new RangeError("`shifts` required");
  if (typeof dims !== "number" && dims.length === 0) {
    if (by.length !== 1) throw new RangeError("shifts and dimensions must align");
    const y = reshape(roll(reshape(x.detached(), [-1]), by, [0]), x.sizes);
    y.base = null; // An output of its own.
    return record("RollBackward0", y, [x], [], (dy) => [roll(dy, -by[0])]);
  }
  const along = (typeof dims === "number" ? [dims] : dims).map((d) => wrapDim(d, x.ndim));
  if (along.length !== by.length) {
    throw new RangeError(`shifts and dimensions must align. shifts: ${by.length}, dims:${along.length}`);
  }
  if (x.ndim === 0) throw new RangeError(`Dimension specified as ${along[0]} but tensor has no dimensions`);
  let y = x.detached();
  along.forEach((d, i) => {
    const n = y.sizes[d];
    if (n < 2) return;
    const shift = ((by[i] % n) + n) % n;
    const moved = y.like();
    // What stays in order, and what wraps around.
    if (n - shift > 0) copyElementsTo(moved.narrow(d, shift, n - shift), y.narrow(d, 0, n - shift));
    if (shift > 0) copyElementsTo(moved.narrow(d, 0, shift), y.narrow(d, n - shift, shift));
    y = moved;
  });
  const own = y.storage === x.storage ? clone(y) : y;
  return record("RollBackward0", own, [x], [], (dy) => [roll(dy, by.map((s) => -s), along)]);
}

/** Moves dimensions to other places. */
export function movedim(x: Tensor, source: number | Sizes, destination: number | Sizes): Tensor {
  const from = (typeof source === "number" ? [source] : source).map((d) => wrapDim(d, x.ndim));
  const to = (typeof destination === "number" ? [destination] : destination).map((d) => wrapDim(d, x.ndim));
  if (from.length !== to.length) {
    throw new RangeError(
      `movedim: Invalid source or destination dims: source (${
        formatSizes(from)
      } dims) should contain the same number of ` +
        `dims as destination (${formatSizes(to)} dims)`,
    );
  }
  if (new Set(from).size !== from.length) {
    throw new RangeError(`movedim: repeated dim in \`source\` (${formatSizes(from)})`);
  }
  if (new Set(to).size !== to.length) {
    throw new RangeError(`movedim: repeated dim in \`destination\` (${formatSizes(to)})`);
  }
  if (x.ndim === 0) return record("AliasBackward0", view(x, [], [], x.offset), [x], [], (dy) => [dy]);
  const order = new Array<number>(x.ndim).fill(-1);
  to.forEach((d, i) => order[d] = from[i]);
  const rest = x.sizes.map((_, i) => i).filter((i) => !from.includes(i));
  return permute(x, order.map((d) => d >= 0 ? d : rest.shift()!));
}

/** Windows of `size` elements every `step` along `dim`, as a view with a new last dimension. */
export function unfold(x: Tensor, dim: number, size: number, step: number): Tensor {
  const d = wrapDim(dim, x.ndim), n = x.ndim === 0 ? 1 : x.sizes[d];
  if (size > n) throw new RangeError(`maximum size for tensor at dimension ${d} is ${n} but size is ${size}`);
  if (!(step > 0)) throw new RangeError(`step is ${step} but must be > 0`);
  if (x.ndim === 0) {
    const y = view(x, [size], [1], x.offset);
    return record("UnfoldBackward0", y, [x], [], (dy) => [dy.sum()]);
  }
  const stride = x.strides[d];
  const sizes = [...x.sizes, size], strides = [...x.strides, stride];
  sizes[d] = Math.floor((n - size) / step) + 1;
  strides[d] = stride * step;
  const y = view(x, sizes, strides, x.offset);
  return record("UnfoldBackward0", y, [x], [], (dy) => [unfoldBackward(dy, x.sizes, d, size, step)]);
}

/** The adjoint of {@linkcode unfold}: windows may overlap, so their gradients are added. */
function unfoldBackward(dy: Tensor, sizes: Sizes, d: number, size: number, step: number): Tensor {
  const dx = empty(sizes, dy.dtype, dy.device);
  fill_(dx, 0);
  for (let k = 0; k < size; k++) {
    const windows = dy.sizes[d];
    const target = dx.narrow(d, k, (windows - 1) * step + 1);
    const strides = [...target.strides];
    strides[d] *= step;
    view(dx, dy.sizes.slice(0, -1), strides, target.offset).detached().add_(dy.detached().select(-1, k));
  }
  return record("UnfoldBackwardBackward0", dx, [dy], [], (ddx) => [unfold(ddx, d, size, step)]);
}
