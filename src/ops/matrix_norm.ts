/**
 * Norms of matrices.
 *
 * @module
 */
import { isHalf, throughFloat32 } from "../make.ts";
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { svd } from "./decompose.ts";
import { checkMatrix } from "./linalg.ts";
import { vectorNorm } from "./statistics.ts";

/** Which norm of a matrix: Frobenius, the sum of the singular values, their extremes (±2), or those of row or column sums. */
export type MatrixOrder = "fro" | "nuc" | number;

/** The largest of numbers that are not negative: 0 where there is none. */
function largest(x: Tensor, dim: number): Tensor {
  return x.size(dim) === 0 ? x.sum(dim) : x.amax(dim);
}

/** The norm of the matrices over two dimensions. */
export function matrixNorm(
  a: Tensor,
  order: MatrixOrder = "fro",
  dim: readonly number[] = [-2, -1],
  keepdim = false,
): Tensor {
  const singular = order === "nuc" || order === 2 || order === -2;
  if (isHalf(a.dtype) && !singular) {
    return throughFloat32(a, (x) => matrixNorm(x, order, dim, keepdim));
  }
  checkMatrix("linalg.matrix_norm", a, false);
  if (dim.length !== 2) {
    throw new RangeError(`linalg.matrix_norm: dim must be a 2-tuple. Got ${dim.join(" ")}`);
  }
  const [rows, columns] = dim.map((d) => wrapDim(d, a.ndim));
  if (rows === columns) throw new RangeError("linalg.matrix_norm: dims must be different");
  if (order === "fro") return vectorNorm(a, 2, [rows, columns], keepdim);
  let y: Tensor;
  if (singular) {
    const S = svd(a.movedim([rows, columns], [-2, -1]), false)[1];
    y = order === "nuc" ? S.sum(-1) : order === 2 ? largest(S, -1) : S.amin(-1);
  } else if (Math.abs(order as number) === 1 || Math.abs(order as number) === Infinity) {
    const [summed, chosen] = Math.abs(order as number) === 1 ? [rows, columns] : [columns, rows];
    const sums = a.abs().sum(summed), rest = chosen > summed ? chosen - 1 : chosen;
    y = (order as number) > 0 ? largest(sums, rest) : sums.amin(rest);
  } else {
    throw new RangeError(`linalg.matrix_norm: Order ${order} not supported.`);
  }
  return keepdim ? [rows, columns].sort((p, q) => p - q).reduce((z, d) => z.unsqueeze(d), y) : y;
}
