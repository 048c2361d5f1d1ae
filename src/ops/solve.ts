/**
 * Determinants, inverses and equations, by the LU factorisation.
 *
 * @module
 */
import { type Grad, record, recordMany } from "../autograd/node.ts";
import { int32, int64 } from "../dtype.ts";
import { empty } from "../make.ts";
import { broadcastSizes, formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { svd } from "./decompose.ts";
import { eye } from "./diagonal.ts";
import { checkDevices } from "./elementwise.ts";
import { gather } from "./gather.ts";
import { batchOf, checkMatrix, solveTriangular, transposed } from "./linalg.ts";
import { dense } from "./strided.ts";

interface Factors {
  /** L below the diagonal, U above. */
  LU: Tensor;
  /** The row of A that each row came from. */
  order: Tensor;
  /** Per matrix the order of the first zero pivot, or 0. */
  singular: number[];
  /** Per matrix the determinant of the permutation. */
  parity: Tensor;
}

/** P A = L U, outside of the graph. */
function factor(a: Tensor): Factors {
  const n = a.sizes[a.ndim - 1], lead = a.sizes.slice(0, -2), batch = batchOf(a.sizes);
  const source = dense(a.detached()), LU = empty(a.sizes, a.dtype, a.device);
  const order = empty([...lead, n], int64, a.device), info = empty([batch, 2], int32, a.device);
  a.kernels.lu(a.dtype.code, LU.ptr, order.ptr, info.ptr, source.ptr, batch, n);
  const singular = info.select(1, 0).tolist() as number[];
  return { LU, order, singular, parity: info.select(1, 1).reshape(lead).to(a.dtype) };
}

function checkRegular(operation: string, { singular, order }: Factors): void {
  const bad = singular.findIndex((at) => at > 0);
  if (bad < 0) return;
  const which = order.ndim > 1 ? `(Batch element ${bad}): ` : "";
  throw new RangeError(
    operation === "linalg.inv"
      ? `linalg.inv: ${which}The diagonal element ${singular[bad]} is zero, the inversion could not be completed ` +
        "because the input matrix is singular."
      : `torch.linalg.solve: ${which}The solver failed because the input matrix is singular.`,
  );
}

/** X with A X = B, from A's factors. */
function solveFactors({ LU, order }: Factors, b: Tensor): Tensor {
  const lead = broadcastSizes(LU.sizes.slice(0, -2), b.sizes.slice(0, -2), "linalg.solve");
  const wide = b.detached().expand([...lead, ...b.sizes.slice(-2)]);
  const rows = gather(dense(wide), -2, dense(order.unsqueeze(-1).expand(wide.sizes)));
  return solveTriangular(LU, solveTriangular(LU, rows, false, true), true);
}

/**
 * X with A X = B, or x with A x = b.
 *
 * @throws {RangeError} When a matrix is singular, and when the shapes do not fit.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  checkMatrix("linalg.solve", a, true);
  checkDevices("linalg.solve", a, b);
  if (a.dtype !== b.dtype) {
    throw new TypeError(
      `linalg.solve: Expected A and B to have the same dtype, but found A of type ${a.dtype} and B of type ${b.dtype} instead`,
    );
  }
  const lead = a.sizes.slice(0, -1);
  const vector = b.ndim === 1 || (b.ndim === lead.length && lead.every((s, i) => s === b.sizes[i]));
  if (vector) return solve(a, b.unsqueeze(-1)).squeeze(-1);
  const n = a.sizes[a.ndim - 1];
  if (b.ndim < 2 || b.sizes[b.ndim - 2] !== n) {
    throw new RangeError(
      `linalg.solve: Incompatible shapes of A and B for the equation AX = B (${n}x${n} and ${
        b.sizes.slice(-2).join("x")
      }; A ${formatSizes(a.sizes)}, B ${formatSizes(b.sizes)})`,
    );
  }
  const factors = factor(a);
  checkRegular("linalg.solve", factors);
  const X = solveFactors(factors, b);
  return record("LinalgSolveExBackward0", X, [a, b], [a, X], (dX, [a, X], [needsA]) => {
    const dB = solve(transposed(a), dX);
    return [needsA ? dB.matmul(transposed(X)).neg() : null, dB];
  });
}

/**
 * The inverse.
 *
 * @throws {RangeError} When a matrix is singular.
 */
export function inv(a: Tensor): Tensor {
  checkMatrix("linalg.inv", a, true);
  const factors = factor(a), n = a.sizes[a.ndim - 1];
  checkRegular("linalg.inv", factors);
  const X = solveFactors(factors, eye(n, n, a.dtype, a.device));
  return record("LinalgInvExBackward0", X, [a], [X], (dX, [X]) => {
    const adjoint = transposed(X);
    return [adjoint.matmul(dX).matmul(adjoint).neg()];
  });
}

/** The determinant. */
export function det(a: Tensor): Tensor {
  checkMatrix("linalg.det", a, true);
  const { LU, parity } = factor(a);
  const d = LU.diagonal(0, -2, -1).prod(-1).mul(parity);
  return record("LinalgDetBackward0", d, [a], [a, d], (dd, [a, d]) => [detBackward(dd, a, d)]);
}

/** d det(A) = the cofactors: det(A) A⁻ᵀ where there is an inverse, else made of the singular values. */
function detBackward(dd: Tensor, a: Tensor, d: Tensor): Tensor {
  if (!d.eq(0).any().item()) return transposed(inv(a)).mul(dd.mul(d).unsqueeze(-1).unsqueeze(-1));
  const [U, S, Vh] = svd(a, false), n = S.sizes[S.ndim - 1];
  const others = S.unsqueeze(-2).expand([...S.sizes, n]).maskedFill(eye(n, n, a.dtype, a.device).gt(0), 1).prod(-1);
  const cofactors = U.mul(others.unsqueeze(-2)).matmul(Vh).mul(det(U).mul(det(Vh)).unsqueeze(-1).unsqueeze(-1));
  return cofactors.mul(dd.unsqueeze(-1).unsqueeze(-1));
}

/** The determinant's sign, and the logarithm of its size. */
export function slogdet(a: Tensor): [sign: Tensor, logabsdet: Tensor] {
  checkMatrix("linalg.slogdet", a, true);
  const { LU, parity } = factor(a), diagonal = LU.diagonal(0, -2, -1);
  const outputs: [Tensor, Tensor] = [
    diagonal.sign().prod(-1).mul(parity),
    diagonal.abs().log().sum(-1),
  ];
  return recordMany("LinalgSlogdetBackward0", outputs, [a], [a], ([, dl]: Grad[], [a]) => [
    dl === null ? a.mul(0) : transposed(inv(a)).mul(dl.unsqueeze(-1).unsqueeze(-1)),
  ]);
}

/** A multiplied by itself n times; a negative n takes the inverse. */
export function matrixPower(a: Tensor, n: number): Tensor {
  checkMatrix("linalg.matrix_power", a, true);
  if (n < 0) return matrixPower(inv(a), -n);
  if (n === 0) {
    const size = a.sizes[a.ndim - 1];
    return eye(size, size, a.dtype, a.device).expand(a.sizes).clone();
  }
  let power: Tensor | null = null, square = a;
  for (let rest = n;;) {
    if (rest % 2 === 1) power = power === null ? square : power.matmul(square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return power ?? square;
    square = square.matmul(square);
  }
}
