/**
 * Quantiles.
 *
 * @module
 */
import { int64 } from "../dtype.ts";
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { isnan } from "./compare.ts";
import { movedim } from "./diagonal.ts";
import { isTensor } from "./elementwise.ts";
import { scalarTensor } from "./fill.ts";
import { gather } from "./gather.ts";
import { expand, reshape, select, squeeze, transpose, unsqueeze } from "./movement.ts";
import { sum } from "./reduce.ts";
import { sort } from "./sort.ts";
import { clampMin, lerp, where } from "./where.ts";

/** How {@linkcode quantile} chooses between two elements. */
export type Interpolation = "linear" | "lower" | "higher" | "midpoint" | "nearest";

const interpolations: readonly string[] = ["linear", "lower", "higher", "midpoint", "nearest"];

/**
 * The q-th quantiles along `dim`, or of all elements; several q give a first dimension.
 *
 * @throws {RangeError} When a q is outside of [0, 1] or there are no elements.
 */
export function quantile(
  x: Tensor,
  q: number | Tensor,
  dim: number | null = null,
  keepdim = false,
  interpolation: Interpolation = "linear",
  skipNan = false,
): Tensor {
  if (x.dtype.itemsize < 4 || !x.dtype.isFloatingPoint) {
    throw new TypeError("quantile() input tensor must be either float or double dtype");
  }
  if (x.count === 0) throw new RangeError("quantile() input tensor must be non-empty");
  if (!interpolations.includes(interpolation)) {
    throw new TypeError(
      `quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${interpolation}`,
    );
  }
  const qs = isTensor(q) ? q : scalarTensor(x.detached(), q);
  if (qs.ndim > 1) throw new RangeError(`quantile() q must be a scalar or 1D tensor, but got ${qs.ndim}D`);
  if (qs.dtype !== x.dtype) throw new TypeError("quantile() q tensor must be same dtype as the input tensor");
  const limits = qs.detached(), inside = limits.ge(0).logicalAnd(limits.le(1));
  if (!inside.all().item()) {
    throw new RangeError(`quantile() q values must be in the range [0, 1] (got ${isTensor(q) ? limits.tolist() : q})`);
  }
  const d = dim === null ? 0 : wrapDim(dim, x.ndim);
  const flat = dim === null || x.ndim === 0 ? reshape(x, [-1]) : transpose(x, d, -1);
  const sorted = sort(flat, -1).values, last = flat.ndim - 1, n = flat.sizes[last];
  const wanted = expand(reshape(qs, [-1]), [...flat.sizes.slice(0, -1), qs.count]);
  const found = atRanks(sorted, wanted, n, interpolation, skipNan);
  // [rest with dim last, q] to [q, rest].
  const front = movedim(found, -1, 0), many = qs.ndim === 1;
  let y: Tensor;
  if (dim === null || x.ndim === 0) y = keepdim ? reshape(front, [qs.count, ...x.sizes.map(() => 1)]) : front;
  else {
    // Without its dimension, the last one has gone to where `dim` was.
    const kept = unsqueeze(front, -1);
    y = keepdim
      ? squeeze(transpose(unsqueeze(kept, -1), d + 1, -2), -1, "SqueezeBackward4")
      : squeeze(transpose(kept, d + 1, -1), d + 1, "SqueezeBackward4");
  }
  // PyTorch squeezes in place, which is another node.
  return many ? y : squeeze(y, 0, "SqueezeBackward4");
}

/**
 * The elements at ranks q·(n − 1) along the last dimension; NaN where there is one, which sorting has put last, or of the
 * numbers alone.
 */
function atRanks(sorted: Tensor, q: Tensor, n: number, interpolation: Interpolation, skipNan: boolean): Tensor {
  const nan = isnan(skipNan ? sorted.detached() : unsqueeze(select(sorted.detached(), -1, n - 1), -1));
  const ranks = skipNan ? clampMin(mul(q, sub(n - 1, sum(nan, -1, true))), 0) : where(nan, n - 1, mul(q, n - 1));
  const at = (rank: Tensor): Tensor => gather(sorted, -1, rank.detach().to(int64));
  if (interpolation === "lower") return at(ranks.floor());
  if (interpolation === "higher") return at(ranks.ceil());
  if (interpolation === "nearest") return at(ranks.round());
  const below = ranks.detach().floor();
  const weight = interpolation === "midpoint" ? below.mul(0).add(0.5) : sub(ranks, below);
  return lerp(at(below), at(ranks.detach().ceil()), weight);
}
