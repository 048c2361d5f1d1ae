/**
 * Factorisations of matrices and batches of them. They run on the CPU, wherever the matrices live.
 *
 * @module
 */
import { type Grad, record, recordMany } from "../autograd/node.ts";
import { arange } from "../ranges.ts";
import { float64, int32 } from "../dtype.ts";
import { empty } from "../make.ts";
import { broadcastSizes, formatSizes, product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkDevices, unsupported } from "./elementwise.ts";
import { cat } from "./join.ts";
import { dense } from "./strided.ts";

/** @internal */
export function checkMatrix(operation: string, x: Tensor, square: boolean): void {
  if (x.ndim < 2) {
    throw new RangeError(
      `${operation}: The input tensor A must have at least 2 dimensions. (shape ${formatSizes(x.sizes)})`,
    );
  }
  const [rows, columns] = x.sizes.slice(-2);
  if (square && rows !== columns) {
    throw new RangeError(
      `${operation}: A must be batches of square matrices, but they are ${rows} by ${columns} matrices`,
    );
  }
  if (x.dtype.code > float64.code) throw unsupported(operation, x.dtype);
}

/** How many matrices there are. */
export const batchOf = (sizes: Sizes) => product(sizes.slice(0, -2));

/** The half of a square matrix at and below the diagonal (above it, if `upper`), as ones and zeros of x's type. */
export function half(x: Tensor, upper: boolean, strict: boolean): Tensor {
  const n = x.sizes[x.ndim - 1], columns = arange(n, { device: x.device }), rows = columns.view(n, 1);
  const inside = upper ? strict ? rows.lt(columns) : rows.le(columns) : strict ? rows.gt(columns) : rows.ge(columns);
  return inside.to(x.dtype);
}

/** Swaps the last two dimensions. */
export const transposed = (x: Tensor) => x.transpose(-2, -1);

/** The lower Cholesky factors, and per matrix 0 or the order of the first leading minor that is not positive. */
export function choleskyEx(a: Tensor): { L: Tensor; info: Tensor } {
  checkMatrix("linalg.cholesky", a, true);
  const source = dense(a.detached());
  const out = empty(a.sizes, a.dtype, a.device), info = empty(a.sizes.slice(0, -2), int32, a.device);
  a.kernels.cholesky(a.dtype.code, out.ptr, info.ptr, source.ptr, batchOf(a.sizes), a.sizes[a.ndim - 1]);
  const L = record("LinalgCholeskyExBackward0", out, [a], [out], (dL, [L]) => [choleskyBackward(dL, L)]);
  return { L, info };
}

/** With Φ keeping the lower half, and half of the diagonal: S = L⁻ᵀ Φ(Lᵀ dL) L⁻¹, and its symmetric part. */
function choleskyBackward(dL: Tensor, L: Tensor): Tensor {
  const phi = half(L, false, false).add(half(L, false, true)).mul(0.5);
  const inner = transposed(L).matmul(dL).mul(phi);
  const left = solveTriangular(transposed(L), inner, true);
  const s = transposed(solveTriangular(transposed(L), transposed(left), true));
  return s.add(transposed(s)).mul(0.5);
}

/**
 * The Cholesky factor: the lower triangular L with L Lᵀ = A, or the upper one.
 *
 * @throws {RangeError} When a matrix is not positive definite.
 */
export function cholesky(a: Tensor, upper = false): Tensor {
  const { L, info } = choleskyEx(upper ? transposed(a) : a);
  const orders = info.reshape(-1).tolist() as number[], bad = orders.findIndex((order) => order > 0);
  if (bad >= 0) {
    const which = info.ndim > 0 ? `(Batch element ${bad}): ` : "";
    throw new RangeError(
      `linalg.cholesky: ${which}The factorization could not be completed because the input is not positive-definite ` +
        `(the leading minor of order ${orders[bad]} is not positive-definite).`,
    );
  }
  return upper ? transposed(L) : L;
}

/**
 * X with A X = B, A being triangular; the other half of A is not read.
 *
 * @param upper Whether A is upper triangular.
 * @param unit Whether A's diagonal is taken to be 1.
 * @throws {RangeError} When the shapes do not fit.
 */
export function solveTriangular(a: Tensor, b: Tensor, upper: boolean, unit = false): Tensor {
  checkMatrix("linalg.solve_triangular", a, true);
  checkMatrix("linalg.solve_triangular", b, false);
  checkDevices("linalg.solve_triangular", a, b);
  const n = a.sizes[a.ndim - 1], [rows, columns] = b.sizes.slice(-2);
  if (rows !== n) {
    throw new RangeError(
      `linalg.solve_triangular: Incompatible shapes of A and B for the equation AX = B (${n}x${n} and ${rows}x${columns})`,
    );
  }
  if (a.dtype !== b.dtype) {
    throw new TypeError(`linalg.solve_triangular: expected A and B of one dtype, got ${a.dtype} and ${b.dtype}`);
  }
  const lead = broadcastSizes(a.sizes.slice(0, -2), b.sizes.slice(0, -2), "linalg.solve_triangular");
  const expanded = (x: Tensor) => dense(x.detached().expand([...lead, ...x.sizes.slice(-2)]));
  const out = empty([...lead, n, columns], a.dtype, a.device), x = expanded(a), y = expanded(b);
  const flags = (upper ? 1 : 0) + (unit ? 4 : 0);
  a.kernels.solveTriangular(a.dtype.code, out.ptr, x.ptr, y.ptr, product(lead), n, columns, flags);
  return record("LinalgSolveTriangularBackward0", out, [a, b], [out, a], (dx, [x, a], [needsA]) => {
    const db = solveTriangular(transposed(a), dx, !upper, unit);
    if (!needsA) return [null, db];
    return [db.matmul(transposed(x)).neg().mul(half(a, upper, unit)), db];
  });
}

/** Matrices Q, with orthonormal columns, and R, upper triangular, with Q R = A; Q is square if `complete`. */
export function qr(a: Tensor, complete = false): [Q: Tensor, R: Tensor] {
  checkMatrix("linalg.qr", a, false);
  const lead = a.sizes.slice(0, -2), [m, n] = a.sizes.slice(-2), k = Math.min(m, n), width = complete ? m : k;
  const source = dense(a.detached());
  const q = empty([...lead, m, width], a.dtype, a.device), r = empty([...lead, width, n], a.dtype, a.device);
  a.kernels.qr(a.dtype.code, q.ptr, r.ptr, source.ptr, product(lead), m, n, complete ? 1 : 0);
  const outputs: [Tensor, Tensor] = [q, r];
  return recordMany("LinalgQrBackward0", outputs, [a], [...outputs], ([dQ, dR], [Q, R]) => {
    if (width > n) {
      throw new Error(
        "The QR decomposition is not differentiable when mode='complete' and nrows > ncols " +
          `(the matrices are ${m} by ${n})`,
      );
    }
    return [m < n ? wideQrBackward(dQ, dR, Q, R) : qrBackward(dQ, dR, Q, R)];
  });
}

/** Of [A₁ A₂] = Q [R₁ R₂], A₁ being square and R₂ = Qᵀ A₂: dA₂ = Q dR₂, and dQ gains A₂ dR₂ᵀ. */
function wideQrBackward(dQ: Grad, dR: Grad, Q: Tensor, R: Tensor): Tensor {
  const [m, n] = R.sizes.slice(-2),
    left = (x: Tensor) => x.narrow(-1, 0, m),
    right = (x: Tensor) => x.narrow(-1, m, n - m);
  if (dR === null) return cat([qrBackward(dQ, null, Q, left(R)), right(R).mul(0)], -1);
  const through = Q.matmul(right(R)).matmul(transposed(right(dR)));
  const first = qrBackward(dQ === null ? through : dQ.add(through), left(dR), Q, left(R));
  return cat([first, Q.matmul(right(dR))], -1);
}

/** With M = R dRᵀ - dQᵀ Q, its lower half mirrored: dA = (dQ + Q M) R⁻ᵀ (Roberts and Roberts 2020, arXiv:2009.10071). */
function qrBackward(dQ: Grad, dR: Grad, Q: Tensor, R: Tensor): Tensor {
  let m = R.mul(0);
  if (dR !== null) m = R.matmul(transposed(dR));
  if (dQ !== null) m = m.sub(transposed(dQ).matmul(Q));
  const below = m.mul(half(R, false, true)), mirrored = m.mul(half(R, false, false)).add(transposed(below));
  const inner = Q.matmul(mirrored), sum = dQ === null ? inner : inner.add(dQ);
  return transposed(solveTriangular(R, transposed(sum), true));
}
