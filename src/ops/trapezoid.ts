/**
 * Integrals by the trapezoidal rule.
 *
 * @module
 */
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { underName } from "./node_name.ts";

/** The widths between points: `x` is along `dim` of `y`, or has y's shape. */
function widths(operation: string, y: Tensor, x: Tensor, dim: number): Tensor {
  if (x.ndim === 0 || y.ndim === 0) {
    throw new RangeError(`${operation}: Currently only at least one-dimensional tensors are supported`);
  }
  if (x.ndim === 1) {
    if (x.sizes[0] !== y.sizes[dim]) {
      throw new RangeError(
        `${operation}: There must be one \`x\` value for each sample point (x has ${x.sizes[0]}, y has ${
          y.sizes[dim]
        })`,
      );
    }
    return x.diff().reshape(y.sizes.map((_, i) => i === dim ? x.sizes[0] - 1 : 1));
  }
  const wide = x.ndim < y.ndim ? x.reshape([...y.sizes.slice(x.ndim).map(() => 1), ...x.sizes]) : x;
  return wide.diff({ dim: wide.ndim - y.ndim + dim });
}

/** The areas between neighbours, twice. */
function areas(y: Tensor, dim: number): Tensor {
  const n = y.sizes[dim];
  return y.narrow(dim, 0, n - 1).add(y.narrow(dim, 1, n - 1));
}

/** ∫ y dx along `dim`, of points at `x`, or `dx` apart. */
export function trapezoid(y: Tensor, x: Tensor | null, dx: number, along: number): Tensor {
  const dim = wrapDim(along, y.ndim);
  if (y.ndim === 0 || y.sizes[dim] === 0) return y.sum(y.ndim === 0 ? null : dim).mul(0);
  if (x !== null) return underName("DivBackward1", areas(y, dim).mul(widths("trapezoid", y, x, dim)).sum(dim).div(2));
  return underName("MulBackward1", y.sum(dim).sub(y.select(dim, 0).add(y.select(dim, -1)).mul(0.5)).mul(dx));
}

/** The integral from the first point to each of the others along `dim`. */
export function cumulativeTrapezoid(y: Tensor, x: Tensor | null, dx: number, along: number): Tensor {
  const dim = wrapDim(along, y.ndim);
  if (y.ndim === 0 || y.sizes[dim] === 0) return y.mul(0);
  if (x !== null) {
    return underName("DivBackward1", areas(y, dim).mul(widths("cumulative_trapezoid", y, x, dim)).cumsum(dim).div(2));
  }
  return areas(y, dim).mul(dx / 2).cumsum(dim);
}
