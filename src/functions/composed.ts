/**
 * Statistics, integrals, functions of matrices and questions, as functions.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { svd as linalgSvd } from "../linalg.ts";
import { type Named, named as together } from "../named.ts";
import * as compositions from "../ops/compositions.ts";
import type { Operand } from "../ops/elementwise.ts";
import * as linalg from "../ops/linalg.ts";
import * as matrices from "../ops/matrix_functions.ts";
import * as integrals from "../ops/trapezoid.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { CovArguments, NanquantileArguments, RenormArguments, Rot90Arguments } from "../tensor/composed.ts";

/**
 * The covariances of the rows of `x`, whose columns are observations; a vector is one row.
 *
 * @example
 * ```ts
 * import { cov, tensor } from "@raptorch/raptorch";
 * const x = tensor([[0, 1, 2], [2, 1, 0]]);
 * console.assert(String(cov(x)) === "tensor([[ 1., -1.],\n        [-1.,  1.]])");
 * ```
 */
export function cov(x: Tensor, ...args: CovArguments): Tensor {
  return x.cov(...args);
}

/** The correlations of the rows of `x`: covariances over the standard deviations. */
export function corrcoef(x: Tensor): Tensor {
  return x.corrcoef();
}

/** The q-th quantiles of the elements that are not NaN, along a dimension, or of all elements. */
export function nanquantile(x: Tensor, q: number | Tensor, ...args: NanquantileArguments): Tensor {
  return x.nanquantile(q, ...args);
}

/** x with each slice along `dim` whose p-norm is above `maxnorm` scaled down to it. */
export function renorm(x: Tensor, ...args: RenormArguments): Tensor {
  return x.renorm(...args);
}

/** x turned by k right angles, from the first of two dimensions to the second. */
export function rot90(x: Tensor, ...args: Rot90Arguments): Tensor {
  return x.rot90(...args);
}

/** Options of {@linkcode vander}. */
export interface VanderOptions {
  /** How many powers. Default: as many as x has elements. */
  N?: number | null;
  /** The lowest power first. Default: false. */
  increasing?: boolean;
}

/** The matrix of powers of a vector, the highest first unless `increasing`. */
export function vander(
  x: Tensor,
  ...args: Trailing<[N: number | null, increasing: boolean], VanderOptions>
): Tensor {
  const o = named<VanderOptions>("vander", args, ["N", "increasing"]);
  return compositions.vander(x, o.N, o.increasing);
}

/** Options of {@linkcode trapezoid} and {@linkcode cumulativeTrapezoid}. */
export interface TrapezoidOptions {
  /** Where the points are, instead of `dx`. Default: null. */
  x?: Tensor | null;
  /** How far apart they are. Default: 1. */
  dx?: number;
  /** The dimension. Default: -1. */
  dim?: number;
}

/** The arguments of {@linkcode trapezoid} after the points. */
export type TrapezoidArguments = Trailing<[x: Tensor | null], TrapezoidOptions>;

/** ∫ y dx along `dim` by the trapezoidal rule. */
export function trapezoid(y: Tensor, ...args: TrapezoidArguments): Tensor {
  const o = named<TrapezoidOptions>("trapezoid", args, ["x"], ["dx", "dim"]);
  return integrals.trapezoid(y, o.x ?? null, o.dx ?? 1, o.dim ?? -1);
}

/** {@linkcode trapezoid} by another name. */
export function trapz(y: Tensor, ...args: TrapezoidArguments): Tensor {
  return trapezoid(y, ...args);
}

/** The integral from the first point to each of the others along `dim`. */
export function cumulativeTrapezoid(y: Tensor, ...args: TrapezoidArguments): Tensor {
  const o = named<TrapezoidOptions>("cumulative_trapezoid", args, ["x"], ["dx", "dim"]);
  return integrals.cumulativeTrapezoid(y, o.x ?? null, o.dx ?? 1, o.dim ?? -1);
}

/** Options of the Cholesky functions. */
export interface UpperOptions {
  /** Whether the factor is the upper triangular one. Default: false. */
  upper?: boolean;
}

/** The arguments of the Cholesky functions. */
export type UpperArguments = Trailing<[upper: boolean], UpperOptions>;

const isUpper = (operation: string, args: UpperArguments): boolean =>
  named<UpperOptions>(operation, args, ["upper"]).upper ?? false;

/** The triangular factor of each symmetric positive definite matrix, `linalg.cholesky` by its older name. */
export function cholesky(a: Tensor, ...args: UpperArguments): Tensor {
  return linalg.cholesky(a, isUpper("cholesky", args));
}

/** X with A X = B, from the Cholesky factor of A. */
export function choleskySolve(b: Tensor, factor: Tensor, ...args: UpperArguments): Tensor {
  return matrices.choleskySolve(b, factor, isUpper("cholesky_solve", args));
}

/** A⁻¹ from the Cholesky factor of A. */
export function choleskyInverse(factor: Tensor, ...args: UpperArguments): Tensor {
  return matrices.choleskyInverse(factor, isUpper("cholesky_inverse", args));
}

/** Options of {@linkcode svd}. */
export interface OldSvdOptions {
  /** Only as many columns as there are singular values. Default: true. */
  some?: boolean;
}

/** U, S and V (not its transpose, unlike `linalg.svd`) with U diag(S) Vᵀ = A. */
export function svd(
  a: Tensor,
  ...args: Trailing<[some: boolean], OldSvdOptions>
): Named<{ U: Tensor; S: Tensor; V: Tensor }> {
  const { some = true } = named<OldSvdOptions>("svd", args, ["some"]);
  const { U, S, Vh } = linalgSvd(a, !some);
  return together({ U, S, V: Vh.mT });
}

/** Q and R of each matrix, `linalg.qr` by its older name. */
export function qr(a: Tensor, ...args: Trailing<[some: boolean], OldSvdOptions>): Named<{ Q: Tensor; R: Tensor }> {
  const { some = true } = named<OldSvdOptions>("qr", args, ["some"]);
  const [Q, R] = linalg.qr(a, !some);
  return together({ Q, R });
}

/** `movedim` by another name. */
export function moveaxis(x: Tensor, source: number | Sizes, destination: number | Sizes): Tensor {
  return x.movedim(source, destination);
}

/** The last two dimensions swapped: of real matrices the adjoint. */
export function adjoint(x: Tensor): Tensor {
  return x.adjoint();
}

/** How many elements there are. */
export function numel(x: Tensor): number {
  return x.numel();
}

/** Whether the elements are floats. */
export function isFloatingPoint(x: Tensor): boolean {
  return x.isFloatingPoint();
}

/** Whether the only element is other than 0. */
export function isNonzero(x: Tensor): boolean {
  return x.isNonzero();
}

/** Whether two tensors have the same sizes. */
export function isSameSize(x: Tensor, other: Tensor): boolean {
  return x.isSameSize(other);
}

/** Another name of `detach`: the same elements outside of the graph. */
export function detach(x: Tensor): Tensor {
  return x.detach();
}

/** Where all of aᵢ ≠ bᵢ, `ne` by another name. */
export function notEqual(x: Tensor, other: Operand): Tensor {
  return x.ne(other);
}
