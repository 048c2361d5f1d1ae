/**
 * Factorisations of matrices and equations with them, as `torch.linalg`.
 *
 * @example
 * ```ts
 * import { linalg, tensor } from "@raptorch/raptorch";
 * const a = tensor([[4, 2], [2, 5]]);
 * console.assert(String(linalg.cholesky(a)) === "tensor([[2., 0.],\n        [1., 2.]])");
 * ```
 * @module
 */
import { type Call, inOrder, named as namedArguments, type Trailing } from "./arguments.ts";
import type { DTypeLike } from "./dtype.ts";
import { type Named, named } from "./named.ts";
import * as decompose from "./ops/decompose.ts";
import * as ops from "./ops/linalg.ts";
import { matrixNorm as matrixNormOp, type MatrixOrder } from "./ops/matrix_norm.ts";
import { chainMatmul, cross as crossOp } from "./ops/products.ts";
import type { Dims } from "./ops/reduce.ts";
import { powers } from "./ops/compositions.ts";
import * as matrices from "./ops/matrix_functions.ts";
import * as equations from "./ops/solve.ts";
import { vectorNorm as vectorNormOp } from "./ops/statistics.ts";
import type { Tensor } from "./tensor.ts";

export type { MatrixOrder };

/** Options of {@linkcode cholesky}. */
export interface CholeskyOptions {
  /** Give the upper triangular factor. Default: false. */
  upper?: boolean;
}

/** Options of {@linkcode qr}. */
export interface QrOptions {
  /** Whether Q has as many columns as A has rows (`complete`), or as R has rows. Default: `reduced`. */
  mode?: "reduced" | "complete";
}

/** Options of {@linkcode solveTriangular}. */
export interface SolveTriangularOptions {
  /** Whether A is upper triangular. */
  upper: boolean;
  /** Solve A X = B; else X A = B. Default: true. */
  left?: boolean;
  /** Take A's diagonal to be 1. Default: false. */
  unitriangular?: boolean;
}

/**
 * The lower triangular L with L Lᵀ = A, for each symmetric positive definite matrix in `a`.
 *
 * @throws {RangeError} When a matrix is not positive definite.
 */
export function cholesky(a: Tensor, options: CholeskyOptions = {}): Tensor {
  const { upper } = namedArguments<CholeskyOptions>("linalg.cholesky", [options], [], ["upper"]);
  return ops.cholesky(a, upper);
}

/** Q with orthonormal columns and R upper triangular, with Q R = A, for each matrix in `a`. */
export function qr(a: Tensor, mode: "reduced" | "complete" | QrOptions = "reduced"): Named<{ Q: Tensor; R: Tensor }> {
  const o = namedArguments<QrOptions>("linalg.qr", [mode], ["mode"]);
  if (o.mode !== "complete" && (o.mode ?? "reduced") !== "reduced") {
    throw new TypeError(`qr received unrecognized mode '${o.mode}' but expected one of 'reduced' or 'complete'`);
  }
  const [Q, R] = ops.qr(a, o.mode === "complete");
  return named({ Q, R });
}

/**
 * X with A X = B (or X A = B), for triangular A; A's other half is not read.
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function solveTriangular(a: Tensor, b: Tensor, options: SolveTriangularOptions): Tensor {
  const o = namedArguments<SolveTriangularOptions>("linalg.solve_triangular", [options], [], [
    "upper",
    "left",
    "unitriangular",
  ]);
  if (o.left ?? true) return ops.solveTriangular(a, b, o.upper, o.unitriangular);
  // X A = B is Aᵀ Xᵀ = Bᵀ.
  return ops.solveTriangular(a.transpose(-2, -1), b.transpose(-2, -1), !o.upper, o.unitriangular).transpose(-2, -1);
}

/** Options of {@linkcode solve}. */
export interface SolveOptions {
  /** Solve A X = B; else X A = B. Default: true. */
  left?: boolean;
}

/** Options of {@linkcode eigh} and {@linkcode eigvalsh}. */
export interface EighOptions {
  /** Which half of the matrix is read: the lower or the upper. Default: `L`. */
  UPLO?: "L" | "U";
}

/** Options of {@linkcode svd}. */
export interface SvdOptions {
  /** Whether U and Vᵀ are square. Default: true. */
  fullMatrices?: boolean;
}

/** Options of {@linkcode pinv} and {@linkcode matrixRank}. */
export interface ToleranceOptions {
  /** Singular values up to this count as 0. Default: 0. */
  atol?: number;
  /** And those up to this times the largest one. Default: the larger size times the spacing of numbers at 1. */
  rtol?: number;
  /** The matrices are symmetric. Default: false. */
  hermitian?: boolean;
}

/** Options of the norms. */
export interface NormOptions<Order, D> {
  /** Which norm. */
  ord?: Order;
  /** The dimensions it is taken over. */
  dim?: D;
  /** Whether those dimensions stay, with size 1. Default: false. */
  keepdim?: boolean;
  /** The type to compute in. */
  dtype?: DTypeLike;
}

/** The determinant of each matrix. */
export function det(a: Tensor): Tensor {
  return equations.det(a);
}

/** The sign of each determinant, and the natural logarithm of its absolute value. */
export function slogdet(a: Tensor): Named<{ sign: Tensor; logabsdet: Tensor }> {
  const [sign, logabsdet] = equations.slogdet(a);
  return named({ sign, logabsdet });
}

/**
 * The inverse of each matrix.
 *
 * @throws {RangeError} When a matrix is singular.
 */
export function inv(a: Tensor): Tensor {
  return equations.inv(a);
}

/**
 * X with A X = B, for matrices B, or vectors where `b` has the shape of `a` without its last dimension.
 *
 * @throws {RangeError} When a matrix is singular, and when the shapes do not fit.
 */
export function solve(
  a: Tensor,
  ...given: Call<[b: Tensor, options?: SolveOptions], { B: Tensor } & SolveOptions>
): Tensor {
  const [b, options = {}] = inOrder("solve", given, ["B"]);
  const o = namedArguments<SolveOptions>("linalg.solve", [options], [], ["left"]);
  if (o.left ?? true) return equations.solve(a, b);
  return equations.solve(a.transpose(-2, -1), b.transpose(-2, -1)).transpose(-2, -1);
}

function upperHalf(operation: string, half: "L" | "U" | EighOptions): boolean {
  const { UPLO = "L" } = namedArguments<EighOptions>(operation, [half], ["UPLO"]);
  if (!["L", "U", "l", "u"].includes(UPLO)) {
    throw new TypeError(`Expected UPLO argument to be 'L' or 'U', but got ${UPLO}`);
  }
  return UPLO.toUpperCase() === "U";
}

/** The eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices. */
export function eigh(
  a: Tensor,
  UPLO: "L" | "U" | EighOptions = "L",
): Named<{ eigenvalues: Tensor; eigenvectors: Tensor }> {
  const [eigenvalues, eigenvectors] = decompose.eigh(a, upperHalf("linalg.eigh", UPLO));
  return named({ eigenvalues, eigenvectors });
}

/** The eigenvalues of symmetric matrices, ascending. */
export function eigvalsh(a: Tensor, UPLO: "L" | "U" | EighOptions = "L"): Tensor {
  return decompose.eigh(a, upperHalf("linalg.eigvalsh", UPLO))[0];
}

/** U and Vᵀ with orthonormal columns and rows, and S ≥ 0, descending, with U diag(S) Vᵀ = A. */
export function svd(
  a: Tensor,
  fullMatrices: boolean | SvdOptions = true,
): Named<{ U: Tensor; S: Tensor; Vh: Tensor }> {
  const o = namedArguments<SvdOptions>("linalg.svd", [fullMatrices], ["fullMatrices"]);
  const [U, S, Vh] = decompose.svd(a, o.fullMatrices ?? true);
  return named({ U, S, Vh });
}

/** The singular values, descending. */
export function svdvals(a: Tensor): Tensor {
  return decompose.svd(a, false)[1];
}

const tolerances = ["atol", "rtol", "hermitian"] as const;

/** The pseudoinverse of each matrix. */
export function pinv(a: Tensor, options: ToleranceOptions = {}): Tensor {
  const o = namedArguments<ToleranceOptions>("linalg.pinv", [options], [], tolerances);
  return decompose.pinv(a, o.atol, o.rtol);
}

/** How many singular values of each matrix are above the tolerance. */
export function matrixRank(a: Tensor, options: ToleranceOptions = {}): Tensor {
  const o = namedArguments<ToleranceOptions>("linalg.matrix_rank", [options], [], tolerances);
  return decompose.matrixRank(a, o.atol, o.rtol);
}

/** Each matrix multiplied by itself n times; a negative n takes the inverse. */
export function matrixPower(a: Tensor, n: number): Tensor {
  return equations.matrixPower(a, n);
}

/** The product of matrices, in the cheapest order; the first and the last may be vectors. */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  if (tensors.length < 2) throw new RangeError("multi_dot(): expected at least 2 tensors but got " + tensors.length);
  const last = tensors.length - 1, row = tensors[0].ndim === 1, column = tensors[last].ndim === 1;
  const matrices = tensors.map((x, i) => {
    if (i === 0 && row) return x.unsqueeze(0);
    if (i === last && column) return x.unsqueeze(-1);
    if (x.ndim !== 2) throw new RangeError(`multi_dot(): tensor ${i} must be 2D but got ${x.ndim}D`);
    return x;
  });
  const y = chainMatmul(matrices), flat = column ? y.squeeze(-1) : y;
  return row ? flat.squeeze(0) : flat;
}

/** The cross product of 3-vectors along `dim` (-1). */
export function cross(
  a: Tensor,
  ...given: Call<[b: Tensor, options?: { dim?: number }], { other: Tensor } & { dim?: number }>
): Tensor {
  const [b, options = {}] = inOrder("cross", given, ["other"]);
  const { dim = -1 } = namedArguments<{ dim?: number }>("linalg.cross", [options], [], ["dim"]);
  return crossOp(a, b, dim);
}

/** (Σ |x|ᵖ)^(1/p) over all dimensions or some; p may be 0 and infinite. */
export function vectorNorm(
  x: Tensor,
  ...args: Trailing<[ord: number, dim: Dims, keepdim: boolean], NormOptions<number, Dims>>
): Tensor {
  const o = namedArguments<NormOptions<number, Dims>>("linalg.vector_norm", args, ["ord", "dim", "keepdim"], ["dtype"]);
  return vectorNormOp(x, o.ord ?? 2, o.dim, o.keepdim, o.dtype);
}

/** The norm of the matrices over two dimensions, the last ones unless given. */
export function matrixNorm(
  a: Tensor,
  ...args: Trailing<
    [ord: MatrixOrder, dim: readonly number[], keepdim: boolean],
    NormOptions<MatrixOrder, readonly number[]>
  >
): Tensor {
  const o = namedArguments<NormOptions<MatrixOrder, readonly number[]>>("linalg.matrix_norm", args, [
    "ord",
    "dim",
    "keepdim",
  ], ["dtype"]);
  return matrixNormOp(o.dtype === undefined ? a : a.to(o.dtype), o.ord, o.dim, o.keepdim);
}

/** A vector norm, or a matrix norm where `ord` and the dimensions are those of matrices. */
export function norm(
  x: Tensor,
  ...args: Trailing<[ord: MatrixOrder | null, dim: Dims, keepdim: boolean], NormOptions<MatrixOrder | null, Dims>>
): Tensor {
  const o = namedArguments<NormOptions<MatrixOrder | null, Dims>>("linalg.norm", args, ["ord", "dim", "keepdim"], [
    "dtype",
  ]);
  const ord = o.ord ?? null, dim = o.dim ?? null;
  if (ord === null) return vectorNormOp(x, 2, dim, o.keepdim, o.dtype);
  const dims = typeof dim === "number" ? [dim] : dim;
  if (dims === null && x.ndim !== 1 && x.ndim !== 2) {
    throw new RangeError(
      `linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${x.ndim}D.`,
    );
  }
  if ((dims === null ? x.ndim : dims.length) === 2) {
    const source = o.dtype === undefined ? x : x.to(o.dtype);
    return matrixNormOp(source, ord, dims ?? undefined, o.keepdim);
  }
  if (typeof ord === "string") {
    throw new RangeError(`linalg.norm: ord '${ord}' is of matrices, but the dimensions are those of a vector`);
  }
  return vectorNormOp(x, ord, dims, o.keepdim, o.dtype);
}

/** What {@linkcode lstsq} gives, under PyTorch's names. */
export type LstsqResult = Named<{ solution: Tensor; residuals: Tensor; rank: Tensor; singularValues: Tensor }>;

/** Options of {@linkcode lstsq}. */
export interface LstsqOptions {
  /** Singular values up to this times the largest one count as 0. Default: the larger size times the spacing at 1. */
  rcond?: number | null;
  /** Taken for PyTorch's sake: there is one way, which finds the rank. */
  driver?: string | null;
}

/**
 * X with the least |A X − B|, and of those the smallest, for each pair of matrices.
 *
 * @example
 * ```ts
 * import { linalg, tensor } from "@raptorch/raptorch";
 * const a = tensor([[1, 1], [1, 2], [1, 3]]), b = tensor([[1], [2], [4]]);
 * console.assert(String(linalg.lstsq(a, b).solution) === "tensor([[-0.6667],\n        [ 1.5000]])");
 * ```
 * @throws {RangeError} When the shapes do not fit.
 */
export function lstsq(a: Tensor, b: Tensor, ...args: Trailing<[rcond: number | null], LstsqOptions>): LstsqResult {
  const o = namedArguments<LstsqOptions>("linalg.lstsq", args, ["rcond"], ["driver"]);
  return named({ ...matrices.lstsq(a, b, o.rcond) });
}

/** How far the solution of A x = b follows errors: |A| |A⁻¹|, of singular values unless another norm is given. */
export function cond(a: Tensor, ...args: Trailing<[p: MatrixOrder | null], { p?: MatrixOrder | null }>): Tensor {
  return matrices.cond(a, namedArguments<{ p?: MatrixOrder | null }>("linalg.cond", args, ["p"]).p);
}

/** The sum of products along `dim` (-1). */
export function vecdot(x: Tensor, y: Tensor, options: { dim?: number } = {}): Tensor {
  const { dim = -1 } = namedArguments<{ dim?: number }>("linalg.vecdot", [options], [], ["dim"]);
  return x.mul(y).sum(dim);
}

/** x⁰, x¹, … along a new last dimension; as many as x has elements along its last one, unless N says otherwise. */
export function vander(x: Tensor, options: { N?: number | null } = {}): Tensor {
  const { N } = namedArguments<{ N?: number | null }>("linalg.vander", [options], [], ["N"]);
  return powers(x, N ?? x.sizes[x.ndim - 1]);
}

/** Options of {@linkcode diagonal}. */
export interface DiagonalOptions {
  /** How far above the main diagonal. Default: 0. */
  offset?: number;
  /** The first dimension. Default: -2. */
  dim1?: number;
  /** The second dimension. Default: -1. */
  dim2?: number;
}

/** The diagonal of each matrix. */
export function diagonal(a: Tensor, options: DiagonalOptions = {}): Tensor {
  const o = namedArguments<DiagonalOptions>("linalg.diagonal", [options], [], ["offset", "dim1", "dim2"]);
  return a.diagonal(o.offset ?? 0, o.dim1 ?? -2, o.dim2 ?? -1);
}

export { matmul } from "./ops/matmul.ts";
export { matrixExp } from "./ops/matrix_functions.ts";
