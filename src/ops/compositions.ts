/**
 * Functions that are a line or two of others.
 *
 * @module
 */
import { float64, getDefaultDtype, int64 } from "../dtype.ts";
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { pow } from "./binary.ts";
import { isTensor, type Operand } from "./elementwise.ts";
import { cat } from "./join.ts";
import { underName } from "./node_name.ts";
import { vectorNorm } from "./statistics.ts";
import { where } from "./where.ts";

/** x turned by k right angles, from the first of two dimensions to the second. */
export function rot90(x: Tensor, k = 1, dims: readonly number[] = [0, 1]): Tensor {
  if (dims.length !== 2) {
    throw new RangeError(`expected total rotation dims == 2, but got dims = ${dims.length}`);
  }
  if (x.ndim < 2) throw new RangeError(`expected total dims >= 2, but got total dims = ${x.ndim}`);
  const [a, b] = dims.map((d) => wrapDim(d, x.ndim));
  if (a === b) {
    throw new RangeError(`expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}`);
  }
  const name = "Rot90Backward0";
  switch (((k % 4) + 4) % 4) {
    case 1:
      return underName(name, x.flip(b).transpose(a, b));
    case 2:
      return underName(name, x.flip(a, b));
    case 3:
      return underName(name, x.flip(a).transpose(a, b));
    default:
      return underName(name, x.clone());
  }
}

/** x · 2ⁿ. */
export function ldexp(x: Tensor, n: Tensor): Tensor {
  return underName("LdexpBackward0", x.mul(pow(2, n.dtype.isFloatingPoint ? n : n.to(getDefaultDtype()))));
}

/** aᵇ in float64. */
export function floatPower(a: Operand, b: Operand): Tensor {
  const wide = (v: Operand): Operand => isTensor(v) ? v.to(float64) : v;
  return pow(wide(a), wide(b));
}

/** x⁰, x¹, … x^(n−1) along a new last dimension. */
export function powers(x: Tensor, n: number): Tensor {
  const columns = x.unsqueeze(-1), ones = columns.detach().mul(0).add(1);
  if (n < 2) return ones.narrow(-1, 0, n);
  return cat([ones.to(x.dtype.isFloatingPoint ? x.dtype : int64), columns.expand([...x.sizes, n - 1])], -1).cumprod(-1);
}

/**
 * The matrix of powers of a vector, the highest first unless `increasing`.
 *
 * @throws {RangeError} When `x` is no vector, or n is negative.
 */
export function vander(x: Tensor, n: number | null = null, increasing = false): Tensor {
  if (x.ndim !== 1) throw new RangeError("x must be a one-dimensional tensor.");
  const columns = n ?? x.count;
  if (columns < 0) throw new RangeError(`N must be non-negative. (got ${columns})`);
  const y = powers(x, columns);
  return increasing ? y : y.flip(-1);
}

/**
 * x with each slice along `dim` whose p-norm is above `maxnorm` scaled down to it.
 *
 * @throws {RangeError} When p is not positive, or maxnorm is negative.
 */
export function renorm(x: Tensor, p: number, dim: number, maxnorm: number): Tensor {
  if (!(p > 0)) throw new RangeError("renorm: non-positive-norm not supported");
  if (x.ndim < 2) throw new RangeError(`renorm: input needs at least 2 dimensions, got ${x.ndim} dimensions`);
  if (!(maxnorm >= 0)) throw new RangeError(`renorm: expected maxnorm to be >= 0 but got ${maxnorm}`);
  const along = wrapDim(dim, x.ndim), others = x.sizes.map((_, i) => i).filter((i) => i !== along);
  const norm = vectorNorm(x, p, others, true), scale = norm.add(1e-7).reciprocal().mul(maxnorm);
  return underName("RenormBackward0", x.mul(where(norm.gt(maxnorm), scale, norm.mul(0).add(1))));
}
