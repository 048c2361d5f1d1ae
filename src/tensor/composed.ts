/**
 * Statistics, integrals and functions of matrices as methods, and second names of movements.
 *
 * @module
 */
import { type Arguments, called, named, type Trailing } from "../arguments.ts";
import * as compositions from "../ops/compositions.ts";
import { corrcoef, cov } from "../ops/covariance.ts";
import type { Operand } from "../ops/elementwise.ts";
import { inPlace } from "../ops/inplace.ts";
import * as matrices from "../ops/matrix_functions.ts";
import { quantile } from "../ops/quantile.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorNames } from "./names.ts";
import type { QuantileOptions } from "./statistics.ts";

/** Options of {@linkcode Tensor.cov}. */
export interface CovOptions {
  /** Taken from the number of observations in the divisor. Default: 1. */
  correction?: number;
  /** How often each observation counts, integers. Default: once. */
  fweights?: Tensor | null;
  /** The weight of each observation. Default: 1. */
  aweights?: Tensor | null;
}

/** The arguments of {@linkcode Tensor.cov}, all by name. */
export type CovArguments = Trailing<[], CovOptions>;

/** Options of {@linkcode Tensor.renorm}. */
export interface RenormOptions {
  /** The power of the norm. */
  p: number;
  /** The dimension whose slices are measured. */
  dim: number;
  /** The largest norm a slice keeps. */
  maxnorm: number;
}

/** The arguments of {@linkcode Tensor.renorm}. */
export type RenormArguments = Arguments<
  [p: number, dim: number, maxnorm: number],
  [],
  RenormOptions,
  Partial<RenormOptions>
>;

/** Options of {@linkcode Tensor.rot90}. */
export interface Rot90Options {
  /** How many right angles. Default: 1. */
  k?: number;
  /** From which dimension to which. Default: [0, 1]. */
  dims?: Sizes;
}

/** The arguments of {@linkcode Tensor.rot90}. */
export type Rot90Arguments = Trailing<[k: number, dims: Sizes], Rot90Options>;

/** The arguments of {@linkcode Tensor.nanquantile}. */
export type NanquantileArguments = Trailing<[dim: number | null, keepdim: boolean], QuantileOptions>;

/** Statistics, functions of matrices, and second names of movements. */
export class TensorComposed extends TensorNames {
  /** The covariances of the rows, whose columns are observations; a vector is one row. */
  cov(this: Tensor, ...args: CovArguments): Tensor {
    const o = named<CovOptions>("cov", args, [], ["correction", "fweights", "aweights"]);
    return cov(this, o.correction, o.fweights, o.aweights);
  }
  /** The correlations of the rows. */
  corrcoef(this: Tensor): Tensor {
    return corrcoef(this);
  }
  /** The q-th quantiles of the elements that are not NaN, along a dimension, or of all elements. */
  nanquantile(this: Tensor, q: number | Tensor, ...args: NanquantileArguments): Tensor {
    const o = named<QuantileOptions>("nanquantile", args, ["dim", "keepdim"], ["interpolation"]);
    return quantile(this, q, o.dim, o.keepdim, o.interpolation, true);
  }
  /** Each slice along `dim` whose p-norm is above `maxnorm` scaled down to it. */
  renorm(this: Tensor, ...args: RenormArguments): Tensor {
    const { p, dim, maxnorm } = called<RenormOptions>("renorm", args, ["p", "dim", "maxnorm"]);
    return compositions.renorm(this, p, dim, maxnorm);
  }
  /** {@linkcode renorm}, in place. */
  renorm_(this: Tensor, ...args: RenormArguments): Tensor {
    return inPlace("renorm", this, [], (x) => x.renorm(...args));
  }
  /** Turned by k right angles, from the first of two dimensions to the second. */
  rot90(this: Tensor, ...args: Rot90Arguments): Tensor {
    const o = named<Rot90Options>("rot90", args, ["k", "dims"]);
    return compositions.rot90(this, o.k, o.dims);
  }
  /** x · 2ⁿ. */
  ldexp(this: Tensor, n: Tensor): Tensor {
    return compositions.ldexp(this, n);
  }
  /** {@linkcode ldexp}, in place. */
  ldexp_(this: Tensor, n: Tensor): Tensor {
    return inPlace("ldexp", this, [n], (x) => compositions.ldexp(x, n));
  }
  /** To a power, in float64. */
  floatPower(this: Tensor, exponent: Operand): Tensor {
    return compositions.floatPower(this, exponent);
  }
  /** The logarithm of the determinant; NaN where that is negative. */
  logdet(this: Tensor): Tensor {
    return matrices.logdet(this);
  }
  /** Σ Aᵏ/k! of each matrix. */
  matrixExp(this: Tensor): Tensor {
    return matrices.matrixExp(this);
  }
  /** `movedim` by another name. */
  moveaxis(this: Tensor, source: number | Sizes, destination: number | Sizes): Tensor {
    return this.movedim(source, destination);
  }
  /** `transpose` by another name. */
  swapdims(this: Tensor, dim0: number, dim1: number): Tensor {
    return this.transpose(dim0, dim1);
  }
  /** The last two dimensions swapped: of real matrices the adjoint. */
  adjoint(this: Tensor): Tensor {
    return this.transpose(-2, -1);
  }
  /** The adjoint of each matrix, which is its transpose. */
  get mH(): Tensor {
    return (this as unknown as Tensor).mT;
  }
  /** The adjoint of a matrix, which is its transpose. */
  get H(): Tensor {
    return (this as unknown as Tensor).T;
  }
  /** `neg` by another name. */
  negative(this: Tensor): Tensor {
    return this.neg();
  }
  /** `neg_` by another name. */
  negative_(this: Tensor): Tensor {
    return this.neg_();
  }
  /** `ne` by another name. */
  notEqual(this: Tensor, other: Operand): Tensor {
    return this.ne(other);
  }
  /** `outer` by another name. */
  ger(this: Tensor, other: Tensor): Tensor {
    return this.outer(other);
  }
  /** `dim()` by another name. */
  ndimension(this: Tensor): number {
    return this.ndim;
  }
  /**
   * Whether the only element is other than 0.
   *
   * @throws {Error} When there is more than one element, or none.
   */
  isNonzero(this: Tensor): boolean {
    if (this.count !== 1) {
      throw new Error(
        `Boolean value of Tensor with ${this.count === 0 ? "no values" : "more than one value"} is ambiguous`,
      );
    }
    return Boolean(this.item());
  }
}
