/**
 * Probabilities and their logarithms.
 *
 * @module
 */
import { finfo } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/** Log-odds (`binary`) or logarithms of probabilities, which are kept off 0 and 1 by one rounding unit. */
export function logitsOf(probs: Tensor, binary = false): Tensor {
  const { eps } = finfo(probs.dtype), p = probs.clamp(eps, 1 - eps);
  return binary ? p.log().sub(p.neg().log1p()) : p.log();
}
