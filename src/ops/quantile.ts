/**
 * Quantiles.
 *
 * @module
 */
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { isnan } from "./compare.ts";
import { cat } from "./join.ts";
import { narrow, reshape, unsqueeze } from "./movement.ts";
import { sort } from "./sort.ts";
import { lerp, where } from "./where.ts";

/** How {@linkcode quantile} chooses between two elements. */
export type Interpolation = "linear" | "lower" | "higher" | "midpoint" | "nearest";

/** The q-th quantiles along `dim`, or of all elements; several q give a first dimension. */
export function quantile(
  x: Tensor,
  q: number | Tensor,
  dim: number | null = null,
  keepdim = false,
  interpolation: Interpolation = "linear",
): Tensor {
  const many = typeof q !== "number" && q.ndim > 0;
  const qs = typeof q === "number" ? [q] : [...q.reshape([-1]).tolist() as number[]];
  if (qs.some((v) => !(v >= 0 && v <= 1))) {
    throw new RangeError(`quantile() q values must be in the range [0, 1] (got ${qs})`);
  }
  if (!x.dtype.isFloatingPoint) throw new TypeError("quantile() input tensor must be either float or double dtype");
  const flat = dim === null ? reshape(x, [-1]) : x, d = dim === null ? 0 : wrapDim(dim, x.ndim);
  const { values } = sort(flat, d), n = flat.sizes[d];
  if (n === 0) throw new RangeError("quantile() input tensor must be non-empty");
  const nan = isnan(narrow(values, d, n - 1, 1).detach());
  const results = qs.map((q) => {
    const rank = q * (n - 1), low = Math.floor(rank), high = Math.ceil(rank);
    const at = (i: number): Tensor => narrow(values, d, i, 1);
    const y = interpolation === "lower"
      ? at(low)
      : interpolation === "higher"
      ? at(high)
      : interpolation === "nearest"
      ? at(rank - low === 0.5 ? low + low % 2 : Math.round(rank))
      : lerp(at(low), at(high), interpolation === "midpoint" ? 0.5 : rank - low);
    const kept = where(nan, NaN, y);
    const sizes = dim === null ? x.sizes.map(() => 1) : kept.sizes;
    return keepdim ? reshape(kept, sizes) : reshape(kept, dim === null ? [] : kept.sizes.filter((_, i) => i !== d));
  });
  return many ? cat(results.map((y) => unsqueeze(y, 0)), 0) : results[0];
}
