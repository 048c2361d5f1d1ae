/**
 * Functions of matrices that are made of the factorisations.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { type DType, float32 } from "../dtype.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { matrixRank, pinv, svd } from "./decompose.ts";
import { eye } from "./diagonal.ts";
import { checkMatrix, qr, solveTriangular, transposed } from "./linalg.ts";
import { matrixNorm, type MatrixOrder } from "./matrix_norm.ts";
import { underName } from "./node_name.ts";
import { sumTo } from "./reduce.ts";
import { inv, slogdet, solve } from "./solve.ts";
import { where } from "./where.ts";

/** The logarithm of the determinant; NaN where that is negative. */
export function logdet(a: Tensor): Tensor {
  const [sign, size] = slogdet(a);
  return where(sign.lt(0), NaN, size);
}

/** What {@linkcode lstsq} gives: of the residuals nothing where there are none. */
export interface LeastSquares {
  /** X. */
  solution: Tensor;
  /** The sums of squares of A X − B by column, where A has more rows than columns and full rank. */
  residuals: Tensor;
  /** The rank of each A. */
  rank: Tensor;
  /** Nothing, since no driver of Raptorch's computes them. */
  singularValues: Tensor;
}

/**
 * X with the least |A X − B|, and of those the smallest.
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function lstsq(a: Tensor, b: Tensor, rcond: number | null = null): LeastSquares {
  checkMatrix("linalg.lstsq", a, false);
  const [rows, columns] = a.sizes.slice(-2), vector = b.ndim === a.ndim - 1;
  const B = vector ? b.unsqueeze(-1) : b;
  if (B.ndim !== a.ndim || B.sizes[B.ndim - 2] !== rows) {
    throw new RangeError(
      `torch.linalg.lstsq: input.size(-2) should match other.size(-${vector ? 1 : 2}) (input ${
        formatSizes(a.sizes)
      }, other ${formatSizes(b.sizes)})`,
    );
  }
  const rank = matrixRank(a, 0, rcond ?? undefined), full = rank.detached().eq(columns).all().item() && rows >= columns;
  let solution: Tensor;
  if (full) {
    const [Q, R] = qr(a);
    solution = solveTriangular(R, transposed(Q).matmul(B), true);
  } else solution = pinv(a, 0, rcond ?? undefined).matmul(B);
  const residuals = full && rows > columns ? a.matmul(solution).sub(B).square().sum(-2) : a.newEmpty([0]);
  const flat = (x: Tensor): Tensor => vector && x.count > 0 ? x.squeeze(-1) : x;
  return { solution: flat(solution), residuals, rank, singularValues: a.newEmpty([0]) };
}

/** How far the solution of A x = b follows errors: |A| |A⁻¹|, of singular values unless another norm is given. */
export function cond(a: Tensor, p: MatrixOrder | null = null): Tensor {
  if (p === null || p === 2 || p === -2) {
    const S = svd(a, false)[1], large = S.amax(-1), small = S.amin(-1);
    return p === -2 ? small.div(large) : large.div(small);
  }
  return matrixNorm(a, p).mul(matrixNorm(inv(a), p));
}

/** Numerator coefficients of the Padé approximant of eˣ of order 13 (Higham 2005, table 10.4). */
const pade = [
  64764752532480000,
  32382376266240000,
  7771770303897600,
  1187353796428800,
  129060195264000,
  10559470521600,
  670442572800,
  33522128640,
  1323241920,
  40840800,
  960960,
  16380,
  182,
  1,
];
/** Up to this 1-norm the approximant is exact to float64's rounding (Higham 2005, table 10.2). */
const padeReach = 5.371920351148152;

/** Σ Aᵏ/k!, by scaling and squaring. */
export function matrixExp(a: Tensor): Tensor {
  checkMatrix("linalg.matrix_exp", a, true);
  if (a.count === 0) return a.clone();
  const n = a.sizes[a.ndim - 1], size = Number(a.detached().abs().sum(-2).amax().item());
  const halvings = size > padeReach && Number.isFinite(size) ? Math.ceil(Math.log2(size / padeReach)) : 0;
  const x = a.mul(2 ** -halvings), one = unit(n, x.dtype, x);
  const x2 = x.matmul(x), x4 = x2.matmul(x2), x6 = x4.matmul(x2);
  // Divided by the first coefficient, so that float32 holds them.
  const c = pade.map((v) => v / pade[0]);
  const sum = (i: number): Tensor => x6.mul(c[i + 6]).add(x4.mul(c[i + 4])).add(x2.mul(c[i + 2]));
  const high = (i: number): Tensor => x6.matmul(x6.mul(c[i + 12]).add(x4.mul(c[i + 10])).add(x2.mul(c[i + 8])));
  const even = high(0).add(sum(0)).add(one.mul(c[0])), odd = x.matmul(high(1).add(sum(1)).add(one.mul(c[1])));
  let y = solve(even.sub(odd), even.add(odd));
  for (let i = 0; i < halvings; i++) y = y.matmul(y);
  return underName("LinalgMatrixExpBackward0", y);
}

function unit(n: number, dtype: DType, x: Tensor): Tensor {
  return eye(n, n, dtype.isFloatingPoint ? dtype : float32, x.device);
}

/** X with A X = B, from the Cholesky factor of A. */
export function choleskySolve(b: Tensor, factor: Tensor, upper = false): Tensor {
  checkMatrix("cholesky_solve", factor, true);
  const X = byFactor(b.detached(), factor.detached(), upper);
  return record("CholeskySolveBackward0", X, [b, factor], [b, factor, X], (dX, [b, factor, X]) => {
    const dB = choleskySolve(dX, factor, upper);
    return [sumTo(dB, b.sizes), factorGrad(dB.matmul(transposed(X)), factor, upper)];
  });
}

/** A⁻¹ from the Cholesky factor of A. */
export function choleskyInverse(factor: Tensor, upper = false): Tensor {
  checkMatrix("cholesky_inverse", factor, true);
  const n = factor.sizes[factor.ndim - 1];
  const X = byFactor(unit(n, factor.dtype, factor), factor.detached(), upper);
  return record("CholeskyInverseBackward0", X, [factor], [factor, X], (dX, [factor, X]) => [
    factorGrad(X.matmul(dX).matmul(X), factor, upper),
  ]);
}

/** What A's gradient, −d, is for its factor: in both of its halves, as in PyTorch. */
function factorGrad(d: Tensor, factor: Tensor, upper: boolean): Tensor {
  const both = d.add(transposed(d));
  return sumTo((upper ? factor.matmul(both) : both.matmul(factor)).neg(), factor.sizes);
}

function byFactor(b: Tensor, factor: Tensor, upper: boolean): Tensor {
  const L = upper ? transposed(factor) : factor;
  return solveTriangular(transposed(L), solveTriangular(L, b, false), true);
}
