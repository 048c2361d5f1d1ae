/**
 * Functions that rearrange and multiply, where they have options.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import { type CreateOptions, createOptions, finish } from "../create.ts";
import { toDevice } from "../device.ts";
import { getDefaultDtype, int64, toDtype } from "../dtype.ts";
import * as arrange from "../ops/arrange.ts";
import * as diagonals from "../ops/diagonal.ts";
import * as products from "../ops/products.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { DiagonalOptions, SliceScatterOptions } from "../tensor/arrange.ts";
import type { AddmmOptions } from "../tensor/matmul.ts";

/** The diagonal over two dimensions, as a view. */
export function diagonal(x: Tensor, options: DiagonalOptions | number = {}, dim1?: number, dim2?: number): Tensor {
  return x.diagonal(options, dim1, dim2);
}

/** The last dimension as a diagonal over two new dimensions. */
export function diagEmbed(x: Tensor, options: DiagonalOptions = {}): Tensor {
  return x.diagEmbed(options);
}

/** A copy of x with `source` on a diagonal. */
export function diagonalScatter(x: Tensor, source: Tensor, options: DiagonalOptions = {}): Tensor {
  return x.diagonalScatter(source, options);
}

/** A copy of x with `source` in place of a slice. */
export function sliceScatter(x: Tensor, source: Tensor, options: SliceScatterOptions = {}): Tensor {
  return x.sliceScatter(source, options);
}

/** Ones on the diagonal, zeros elsewhere; `columns` is `rows` unless given. */
export function eye(rows: number, columns?: number | CreateOptions, options: CreateOptions = {}): Tensor {
  if (typeof columns === "object") [options, columns] = [columns, undefined];
  checkOptions("eye", options, createOptions);
  const dtype = options.dtype === undefined ? getDefaultDtype() : toDtype(options.dtype);
  return finish(diagonals.eye(rows, columns ?? rows, dtype, toDevice(options.device)), options);
}

/** The positions of the lower triangle of a matrix, row by row, as [2, n]. */
export function trilIndices(rows: number, columns: number, offset = 0, options: CreateOptions = {}): Tensor {
  return triangle("tril_indices", rows, columns, offset, true, options);
}

/** The positions of the upper triangle of a matrix, row by row, as [2, n]. */
export function triuIndices(rows: number, columns: number, offset = 0, options: CreateOptions = {}): Tensor {
  return triangle("triu_indices", rows, columns, offset, false, options);
}

function triangle(
  name: string,
  rows: number,
  columns: number,
  offset: number,
  lower: boolean,
  options: CreateOptions,
): Tensor {
  checkOptions(name, options, createOptions);
  const found = diagonals.triangleIndices(rows, columns, offset, lower, toDevice(options.device));
  return found.to(options.dtype === undefined ? int64 : toDtype(options.dtype));
}

/** The elements in the reverse order along `dims`. */
export function flip(x: Tensor, dims: number | Sizes): Tensor {
  return x.flip(typeof dims === "number" ? [dims] : dims);
}

/** The columns in the reverse order. */
export function fliplr(x: Tensor): Tensor {
  return x.fliplr();
}

/** The rows in the reverse order. */
export function flipud(x: Tensor): Tensor {
  return x.flipud();
}

/** Grids of coordinates from vectors. */
export function meshgrid(tensors: readonly Tensor[], options: { indexing?: "ij" | "xy" } = {}): Tensor[] {
  checkOptions("meshgrid", options, ["indexing"]);
  return arrange.meshgrid(tensors, options.indexing);
}

/** All tuples of one element from each vector, as rows. */
export function cartesianProd(...tensors: Tensor[]): Tensor {
  return arrange.cartesianProd(tensors);
}

/** All combinations of `r` elements of a vector, as rows. */
export function combinations(x: Tensor, r?: number, options: { withReplacement?: boolean } = {}): Tensor {
  checkOptions("combinations", options, ["withReplacement"]);
  return arrange.combinations(x, r, options.withReplacement);
}

/** Matrices along the diagonal of a larger one. */
export function blockDiag(...tensors: Tensor[]): Tensor {
  return arrange.blockDiag(tensors);
}

/** The tensors, all in the shape that they broadcast to. */
export function broadcastTensors(...tensors: Tensor[]): Tensor[] {
  return arrange.broadcastTensors(tensors);
}

/** `x` repeated up to `sizes`, without a copy. */
export function broadcastTo(x: Tensor, sizes: Sizes): Tensor {
  return x.expand(sizes);
}

/** `x` repeated along its last dimensions. */
export function tile(x: Tensor, sizes: Sizes): Tensor {
  return x.tile(sizes);
}

/** Writes `source` at indices into the flattened tensor, in a copy. */
export function put(x: Tensor, index: Tensor, source: Tensor, options: { accumulate?: boolean } = {}): Tensor {
  return x.put(index, source, options);
}

/** Contracts dimensions of `a` with dimensions of `b`: the last n with the first n (2), or those listed. */
export function tensordot(
  a: Tensor,
  b: Tensor,
  options: { dims?: number | readonly [Sizes, Sizes] } | number = {},
): Tensor {
  const o = typeof options === "number" ? { dims: options } : options;
  checkOptions("tensordot", o, ["dims"]);
  return products.tensordot(a, b, o.dims ?? 2);
}

/** Sums of products by Einstein's convention: `einsum("ij,jk->ik", a, b)`. */
export function einsum(equation: string, ...operands: Tensor[] | [readonly Tensor[]]): Tensor {
  const list = operands.length === 1 && Array.isArray(operands[0])
    ? operands[0] as readonly Tensor[]
    : operands as Tensor[];
  return products.einsum(equation, list);
}

/** The product of a chain of matrices, in the cheapest order. */
export function chainMatmul(...tensors: Tensor[]): Tensor {
  return products.chainMatmul(tensors);
}

/** beta·x + alpha·Σ a[i]·b[i]. */
export function addbmm(x: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
  return x.addbmm(a, b, options);
}

/** beta·x + alpha·a[i]·b[i]. */
export function baddbmm(x: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
  return x.baddbmm(a, b, options);
}

/** beta·x + alpha·a·v. */
export function addmv(x: Tensor, a: Tensor, v: Tensor, options?: AddmmOptions): Tensor {
  return x.addmv(a, v, options);
}

/** beta·x + alpha·u·vᵀ. */
export function addr(x: Tensor, u: Tensor, v: Tensor, options?: AddmmOptions): Tensor {
  return x.addr(u, v, options);
}
