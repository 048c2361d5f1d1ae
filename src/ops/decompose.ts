/**
 * Eigenvalues and singular values, and what follows from them.
 *
 * @module
 */
import { type Grad, record, recordMany } from "../autograd/node.ts";
import { empty } from "../make.ts";
import { product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { diagEmbed, tril, triu } from "./diagonal.ts";
import { checkMatrix, transposed } from "./linalg.ts";
import { dense } from "./strided.ts";

/** x_j − x_i at (i, j), and 1 on the diagonal. */
function gaps(x: Tensor): Tensor {
  const differences = x.unsqueeze(-2).sub(x.unsqueeze(-1));
  return differences.add(diagEmbed(x.mul(0).add(1)));
}

/** Eigenvalues, ascending, and eigenvectors of symmetric matrices, of which one half is read. */
export function eigh(a: Tensor, upper = false): [eigenvalues: Tensor, eigenvectors: Tensor] {
  checkMatrix("linalg.eigh", a, true);
  const data = a.detached(), n = a.sizes[a.ndim - 1], lead = a.sizes.slice(0, -2);
  const whole = upper ? triu(data).add(transposed(triu(data, 1))) : tril(data).add(transposed(tril(data, -1)));
  const source = dense(whole), w = empty([...lead, n], a.dtype, a.device), v = empty(a.sizes, a.dtype, a.device);
  a.kernels.eigh(a.dtype.code, w.ptr, v.ptr, source.ptr, product(lead), n, upper ? 1 : 0);
  const outputs: [Tensor, Tensor] = [w, v];
  return recordMany(
    "LinalgEighBackward0",
    outputs,
    [a],
    [...outputs],
    ([dw, dV], [w, V]) => [eighBackward(dw, dV, w, V)],
  );
}

/** dA = V (diag(dw) + (Vᵀ dV) / (w_j − w_i)) Vᵀ, made symmetric. */
function eighBackward(dw: Grad, dV: Grad, w: Tensor, V: Tensor): Tensor {
  const adjoint = transposed(V);
  if (dV === null) return V.mul((dw ?? w.mul(0)).unsqueeze(-2)).matmul(adjoint);
  const turned = adjoint.matmul(dV), off = turned.sub(diagEmbed(turned.diagonal(0, -2, -1))).div(gaps(w));
  const dA = V.matmul(dw === null ? off : off.add(diagEmbed(dw))).matmul(adjoint);
  return dA.add(transposed(dA)).div(2); // The other half belongs to a change that is not symmetric.
}

/** U, the singular values, descending, and Vᵀ, with A = U diag(S) Vᵀ; U and Vᵀ are square if `full`. */
export function svd(a: Tensor, full: boolean): [U: Tensor, S: Tensor, Vh: Tensor] {
  checkMatrix("linalg.svd", a, false);
  const lead = a.sizes.slice(0, -2), [rows, columns] = a.sizes.slice(-2);
  const wide = rows < columns, m = Math.max(rows, columns), n = Math.min(rows, columns), width = full ? m : n;
  // The kernel's input is the transpose of a tall matrix: of A, or of Aᵀ, whose factors change places.
  const data = a.detached(), source = dense(wide ? data : transposed(data));
  const u = empty([...lead, width, m], a.dtype, a.device), s = empty([...lead, n], a.dtype, a.device);
  const v = empty([...lead, n, n], a.dtype, a.device);
  a.kernels.svd(a.dtype.code, u.ptr, s.ptr, v.ptr, source.ptr, product(lead), m, n, width, wide ? 1 : 0);
  const [U, Vh] = wide ? [dense(transposed(v)), u] : [dense(transposed(u)), v];
  const outputs: [Tensor, Tensor, Tensor] = [U, s, Vh];
  return recordMany("LinalgSvdBackward0", outputs, [a], [...outputs], ([dU, dS, dVh], [U, S, Vh]) => {
    const thin = (x: Grad, dim: number): Grad => x === null ? null : x.narrow(dim, 0, n);
    return [svdBackward(thin(dU, -1), dS, thin(dVh, -2), U.narrow(-1, 0, n), S, Vh.narrow(-2, 0, n))];
  });
}

const skew = (x: Tensor) => x.sub(transposed(x));

/** Of U, S and Vᵀ with as many columns, values and rows (Townsend 2016, Differentiating the singular value decomposition). */
function svdBackward(dU: Grad, dS: Grad, dVh: Grad, U: Tensor, S: Tensor, Vh: Tensor): Tensor {
  const k = S.sizes[S.ndim - 1], across = S.unsqueeze(-2), down = S.unsqueeze(-1);
  let core: Tensor | null = dS === null ? null : diagEmbed(dS);
  const plus = (x: Tensor) => core = core === null ? x : core.add(x);
  if (dU !== null || dVh !== null) {
    const E = gaps(S.mul(S));
    if (dU !== null) plus(skew(transposed(U).matmul(dU)).div(E).mul(across));
    if (dVh !== null) plus(down.mul(skew(Vh.matmul(transposed(dVh))).div(E)));
  }
  let dA = U.matmul(core ?? diagEmbed(S.mul(0))).matmul(Vh);
  if (dU !== null && U.sizes[U.ndim - 2] > k) {
    const g = dU.div(across);
    dA = dA.add(g.sub(U.matmul(transposed(U).matmul(g))).matmul(Vh));
  }
  if (dVh !== null && Vh.sizes[Vh.ndim - 1] > k) {
    const g = dVh.div(down);
    dA = dA.add(U.matmul(g.sub(g.matmul(transposed(Vh)).matmul(Vh))));
  }
  return dA;
}

/** Below which singular values count as 0: max(atol, rtol times the largest). */
function threshold(a: Tensor, S: Tensor, atol: number | undefined, rtol: number | undefined): Tensor {
  const [rows, columns] = a.sizes.slice(-2);
  const spacing = a.dtype.itemsize === 4 ? 2 ** -23 : 2 ** -52;
  const relative = rtol ?? (atol !== undefined && atol > 0 ? 0 : Math.max(rows, columns) * spacing);
  return S.narrow(-1, 0, 1).mul(relative).clampMin(atol ?? 0);
}

/** How many singular values are above the tolerance. */
export function matrixRank(a: Tensor, atol?: number, rtol?: number): Tensor {
  const S = svd(a.detached(), false)[1];
  if (S.sizes[S.ndim - 1] === 0) return S.gt(0).sum(-1);
  return S.gt(threshold(a, S, atol, rtol)).sum(-1);
}

/** The pseudoinverse (Moore and Penrose), of singular values above the tolerance. */
export function pinv(a: Tensor, atol?: number, rtol?: number): Tensor {
  checkMatrix("linalg.pinv", a, false);
  const sizes: Sizes = [...a.sizes.slice(0, -2), a.sizes[a.ndim - 1], a.sizes[a.ndim - 2]];
  const data = a.detached();
  let P: Tensor;
  if (a.count === 0) {
    P = empty(sizes, a.dtype, a.device);
  } else {
    const [U, S, Vh] = svd(data, false), kept = S.gt(threshold(a, S, atol, rtol));
    const inverse = S.reciprocal().maskedFill(kept.logicalNot(), 0);
    P = transposed(Vh).mul(inverse.unsqueeze(-2)).matmul(transposed(U));
  }
  return record("LinalgPinvBackward0", P, [a], [P, a], (dP, [P, a]) => [pinvBackward(dP, P, a)]);
}

/** The derivative while the rank stays (Golub and Pereyra 1973, eq. 4.12), with the smaller products first. */
function pinvBackward(dP: Tensor, P: Tensor, a: Tensor): Tensor {
  const g = transposed(dP), Pt = transposed(P);
  if (a.sizes[a.ndim - 2] <= a.sizes[a.ndim - 1]) {
    const K = g.matmul(P), KPt = K.matmul(Pt);
    const first = KPt.sub(transposed(P.matmul(K))).sub(a.matmul(P).matmul(KPt));
    return first.add(Pt.matmul(P).matmul(g.sub(K.matmul(a))));
  }
  const K = P.matmul(g), PtK = Pt.matmul(K);
  const first = g.sub(a.matmul(K)).matmul(P).matmul(Pt).sub(transposed(K.matmul(P)));
  return first.add(PtK).sub(PtK.matmul(P).matmul(a));
}
