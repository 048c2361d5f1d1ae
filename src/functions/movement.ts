/**
 * Functions that move elements, by position or by name.
 *
 * @module
 */
import { type Call, inOrder, type SizesBy } from "../arguments.ts";
import * as arrange from "../ops/arrange.ts";
import * as diagonals from "../ops/diagonal.ts";
import * as fill from "../ops/fill_at.ts";
import * as gather from "../ops/gather.ts";
import * as move from "../ops/movement.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** x with `source` added at the places that `index` names along `dim`. */
export function scatterAdd(
  x: Tensor,
  ...given: Call<[dim: number, index: Tensor, source: Tensor], { dim: number; index: Tensor; src: Tensor }>
): Tensor {
  return gather.scatterAdd(x, ...inOrder("scatter_add", given, ["dim", "index", "src"]));
}

/** x with the elements of `source`, in their order, where the mask holds. */
export function maskedScatter(
  x: Tensor,
  ...given: Call<[mask: Tensor, source: Tensor], { mask: Tensor; source: Tensor }>
): Tensor {
  return fill.maskedScatter(x, ...inOrder("masked_scatter", given, ["mask", "source"]));
}

/** Moves dimensions to other places. */
export function movedim(
  x: Tensor,
  ...given: Call<
    [source: number | Sizes, destination: number | Sizes],
    { source: number | Sizes; destination: number | Sizes }
  >
): Tensor {
  return diagonals.movedim(x, ...inOrder("movedim", given, ["source", "destination"]));
}

/** A copy of x with `source` as row `index` along `dim`. */
export function selectScatter(
  x: Tensor,
  ...given: Call<[source: Tensor, dim: number, index: number], { src: Tensor; dim: number; index: number }>
): Tensor {
  return arrange.selectScatter(x, ...inOrder("select_scatter", given, ["src", "dim", "index"]));
}

/** Coordinates, one tensor per dimension, from indices into a flattened tensor. */
export function unravelIndex(
  index: Tensor,
  ...given: Call<[size: number | Sizes], { shape: number | Sizes }>
): Tensor[] {
  return arrange.unravelIndex(index, ...inOrder("unravel_index", given, ["shape"]));
}

/** Cuts along the first dimension. */
export function vsplit(
  x: Tensor,
  ...given: Call<
    [where: number | Sizes],
    ({ indicesOrSections: number | Sizes } | { indices: number | Sizes } | { sections: number | Sizes })
  >
): Tensor[] {
  return arrange.vsplit(x, ...inOrder("vsplit", given, ["indicesOrSections|indices|sections"]));
}

/** Row `index` along `dim`, without that dimension. */
export function select(
  x: Tensor,
  ...given: Call<[dim: number, index: number], { dim: number; index: number }>
): Tensor {
  return move.select(x, ...inOrder("select", given, ["dim", "index"]));
}

/** Swaps two dimensions. */
export function transpose(
  x: Tensor,
  ...given: Call<[dim0: number, dim1: number], { dim0: number; dim1: number }>
): Tensor {
  return move.transpose(x, ...inOrder("transpose", given, ["dim0", "dim1"]));
}

/** The reverse of {@linkcode flatten}: cuts one dimension into several, one of which may be -1. */
export function unflatten(
  x: Tensor,
  ...given: Call<[dim: number, sizes: Sizes], { dim: number; sizes: Sizes }>
): Tensor {
  return move.unflatten(x, ...inOrder("unflatten", given, ["dim", "sizes"]));
}

/** Adds a dimension of size 1. */
export function unsqueeze(x: Tensor, ...given: Call<[dim: number], { dim: number }>): Tensor {
  return move.unsqueeze(x, ...inOrder("unsqueeze", given, ["dim"]));
}

/** The dimensions in another order. */
export function permute(x: Tensor, ...dims: SizesBy<"dims">): Tensor {
  return x.permute(...dims);
}

/** The same elements with other sizes: a view where possible, else a copy. */
export function reshape(x: Tensor, ...shape: SizesBy<"shape">): Tensor {
  return x.reshape(...shape);
}

/** Without dimensions of size 1: all, one, or those listed. */
export function squeeze(x: Tensor, dim?: number | Sizes | { dim: number | Sizes }): Tensor {
  return x.squeeze(dim);
}
