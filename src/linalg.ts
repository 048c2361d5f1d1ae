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
import { named as namedArguments } from "./arguments.ts";
import { type Named, named } from "./named.ts";
import * as ops from "./ops/linalg.ts";
import type { Tensor } from "./tensor.ts";

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
