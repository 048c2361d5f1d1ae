/**
 * Covariances and correlations.
 *
 * @module
 */
import { bool } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The covariances of the rows of `x`, whose columns are observations; a vector is one row.
 *
 * @param correction Taken from the number of observations in the divisor.
 * @param fweights How often each observation counts, integers.
 * @param aweights The weight of each observation.
 * @throws {RangeError} When `x` has more than two dimensions, or weights do not fit.
 */
export function cov(
  x: Tensor,
  correction = 1,
  fweights: Tensor | null = null,
  aweights: Tensor | null = null,
): Tensor {
  if (x.ndim > 2) {
    throw new RangeError(
      `cov(): expected input to have two or fewer dimensions but got an input with ${x.ndim} dimensions`,
    );
  }
  if (x.dtype === bool) throw new TypeError("cov(): bool dtype is not supported for input");
  const rows = x.ndim < 2 ? x.reshape(1, -1) : x, n = rows.sizes[1];
  checkWeights("fweights", fweights, n, false);
  checkWeights("aweights", aweights, n, true);
  const w = fweights !== null && aweights !== null ? fweights.mul(aweights) : fweights ?? aweights;
  if (w === null) {
    const centred = rows.sub(rows.sum(1).div(n).unsqueeze(1));
    return centred.mm(centred.t()).div(Math.max(n - correction, 0)).squeeze();
  }
  const total = w.sum(), centred = rows.sub(rows.mul(w).sum(1).div(total).unsqueeze(1));
  const lost = aweights !== null && correction !== 0
    ? w.mul(aweights).sum().div(total).mul(correction)
    : total.mul(0).add(correction);
  return centred.mm(centred.mul(w).t()).div(total.sub(lost).clampMin(0)).squeeze();
}

function checkWeights(name: string, w: Tensor | null, n: number, floating: boolean): void {
  if (w === null) return;
  if (w.ndim > 1) {
    throw new RangeError(
      `cov(): expected ${name} to have one or fewer dimensions but got ${name} with ${w.ndim} dimensions`,
    );
  }
  if (w.dtype.isFloatingPoint !== floating || w.dtype === bool) {
    const kind = floating ? "floating point" : "integral";
    throw new TypeError(`cov(): expected ${name} to have ${kind} dtype but got ${name} with ${w.dtype} dtype`);
  }
  if (w.count !== n) {
    throw new RangeError(
      `cov(): expected ${name} to have the same numel as there are observations in the input but got ${w.count} != ${n}`,
    );
  }
  if (w.lt(0).any().item()) throw new RangeError(`cov(): ${name} cannot be negative`);
}

/** The correlations of the rows of `x`: covariances over the standard deviations. */
export function corrcoef(x: Tensor): Tensor {
  if (x.ndim > 2) {
    throw new RangeError(
      `corrcoef(): expected input to have two or fewer dimensions but got an input with ${x.ndim} dimensions`,
    );
  }
  const c = cov(x);
  if (c.ndim === 0) return c.div(c);
  const spread = c.diagonal().sqrt();
  return c.div(spread.unsqueeze(1)).div(spread.unsqueeze(0)).clamp(-1, 1);
}
