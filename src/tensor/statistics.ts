/**
 * Extremes, variance, norms, running sums and truth as methods.
 *
 * @module
 */
import { type Arguments, called, inOrder, named, type Other, type Trailing } from "../arguments.ts";
import { type Interpolation, quantile } from "../ops/quantile.ts";
import type { DTypeLike } from "../dtype.ts";
import { isTensor } from "../ops/elementwise.ts";
import * as extremes from "../ops/extremes.ts";
import { inPlace } from "../ops/inplace.ts";
import { maximum, minimum } from "../ops/binary.ts";
import { type Dims, maxAll, minAll } from "../ops/reduce.ts";
import * as scans from "../ops/scan.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import * as statistics from "../ops/statistics.ts";
import type { Tensor } from "../tensor.ts";
import { matrixNorm } from "../ops/matrix_norm.ts";
import { type KeepdimArguments, type KeepdimOptions, withDim } from "./indexing.ts";
import { type ReduceArguments, reduceArguments, type ReduceOptions } from "./reduce.ts";
import { TensorBinary } from "./binary.ts";

/** Options of {@linkcode Tensor.quantile}. */
export interface QuantileOptions {
  /** The dimension. Default: null, all elements. */
  dim?: number | null;
  /** Whether it stays, with size 1. Default: false. */
  keepdim?: boolean;
  /** How to choose between two elements. Default: `"linear"`. */
  interpolation?: Interpolation;
}

/** Options of `var` and `std`. */
export interface VarOptions {
  /** The dimensions; may also be given as the first argument. Default: all. */
  dim?: Dims;
  /** Taken from the number of elements in the divisor. Default: 1. */
  correction?: number;
  /** `false` is `correction: 0`. */
  unbiased?: boolean;
  /** Whether reduced dimensions stay, with size 1. Default: false. */
  keepdim?: boolean;
}

/** Options of {@linkcode TensorStatistics.norm}. */
export interface NormOptions {
  /** The dimensions; may also be given as the second argument. Default: all. */
  dim?: Dims;
  /** Whether reduced dimensions stay, with size 1. Default: false. */
  keepdim?: boolean;
  /** The type to compute in. */
  dtype?: DTypeLike;
}

/** Options of running sums and products. */
export interface ScanOptions {
  /** The dimension; may also be given as the first argument. */
  dim?: number;
  /** The type to compute in. */
  dtype?: DTypeLike;
}

/** The arguments of {@linkcode TensorStatistics.aminmax}. */
export type AminmaxArguments = Trailing<[dim: number | null, keepdim: boolean], KeepdimOptions>;

const keepdims = ["dim", "keepdim"] as const;

/** Arguments of variances: the dimensions, or at once whether Bessel's correction is made. */
export type VarArguments = [unbiased: boolean] | Trailing<[dim: Dims, unbiased: boolean, keepdim: boolean], VarOptions>;
/** Arguments of {@linkcode TensorStatistics.norm}. */
export type NormArguments = Trailing<
  [p: number | string | null, dim: Dims, keepdim: boolean, dtype: DTypeLike],
  NormOptions & { p?: number | string | null }
>;

/** The dimensions, the correction and keepdim of a variance, from its arguments. @internal */
export function spread(operation: string, args: VarArguments): [Dims, number, boolean] {
  const [first, ...rest] = args;
  const o = typeof first === "boolean"
    ? named<VarOptions>(operation, [first, ...rest], ["unbiased"])
    : named<VarOptions>(operation, args, ["dim", "unbiased", "keepdim"], ["correction"]);
  if (o.correction !== undefined && o.unbiased !== undefined) {
    throw new TypeError(`${operation}() takes unbiased or correction, not both`);
  }
  return [o.dim ?? null, o.correction ?? (o.unbiased === false ? 0 : 1), o.keepdim ?? false];
}

/** Which value of p `norm` was asked for. */
function order(p: number | string): number {
  if (p === "fro") return 2;
  if (p === "inf") return Infinity;
  if (p === "-inf") return -Infinity;
  if (typeof p !== "number") throw new TypeError(`norm: p must be a number, "fro", "inf" or "-inf", got ${p}`);
  return p;
}

/** The dimension of a scan. */
function scanned(
  operation: string,
  dim: number | ScanOptions,
  options: ScanOptions | undefined,
): Required<Pick<ScanOptions, "dim">> & ScanOptions {
  const o = withDim(operation, dim, options, ["dim", "dtype"]);
  if (o.dim === undefined) throw new TypeError(`${operation}() is missing the argument dim`);
  return { ...o, dim: o.dim };
}

/** Methods that reduce by more than a sum. */
export class TensorStatistics extends TensorBinary {
  /** The largest of all elements; along `dim` with its index; or by element with another tensor. */
  max(this: Tensor): Tensor;
  /** The largest of all elements; along `dim` with its index; or by element with another tensor. */
  max(this: Tensor, ...other: Other<Tensor>): Tensor;
  /** The largest of all elements; along `dim` with its index; or by element with another tensor. */
  max(this: Tensor, ...args: KeepdimArguments): ValuesIndices;
  max(this: Tensor, ...args: Other<Tensor> | KeepdimArguments): Tensor | ValuesIndices {
    const o = named<KeepdimOptions & { other?: Tensor }>("max", args, isTensor(args[0]) ? ["other"] : keepdims, [
      "other",
    ]);
    if (o.other !== undefined) return maximum(this, o.other);
    return o.dim === undefined ? maxAll(this) : extremes.maxAlong(this, o.dim, o.keepdim);
  }
  /** The smallest of all elements; along `dim` with its index; or by element with another tensor. */
  min(this: Tensor): Tensor;
  /** The smallest of all elements; along `dim` with its index; or by element with another tensor. */
  min(this: Tensor, ...other: Other<Tensor>): Tensor;
  /** The smallest of all elements; along `dim` with its index; or by element with another tensor. */
  min(this: Tensor, ...args: KeepdimArguments): ValuesIndices;
  min(this: Tensor, ...args: Other<Tensor> | KeepdimArguments): Tensor | ValuesIndices {
    const o = named<KeepdimOptions & { other?: Tensor }>("min", args, isTensor(args[0]) ? ["other"] : keepdims, [
      "other",
    ]);
    if (o.other !== undefined) return minimum(this, o.other);
    return o.dim === undefined ? minAll(this) : extremes.minAlong(this, o.dim, o.keepdim);
  }
  /** Both extremes. */
  aminmax(this: Tensor, ...args: AminmaxArguments): extremes.MinMax {
    const o = named<KeepdimOptions>("aminmax", args, ["dim", "keepdim"]);
    return extremes.aminmax(this, o.dim, o.keepdim);
  }
  /** The variance, over all dimensions or some. */
  var(this: Tensor, ...args: VarArguments): Tensor {
    return statistics.variance(this, ...spread("var", args));
  }
  /** The standard deviation, over all dimensions or some. */
  std(this: Tensor, ...args: VarArguments): Tensor {
    return statistics.std(this, ...spread("std", args));
  }
  /** The product of the elements. */
  prod(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("prod", args);
    return statistics.prod(this, o.dim as number | null | undefined, o.keepdim, o.dtype);
  }
  /** Whether any element is other than 0. */
  any(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("any", args, []);
    return statistics.any(this, o.dim, o.keepdim);
  }
  /** Whether all elements are other than 0. */
  all(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("all", args, []);
    return statistics.allTrue(this, o.dim, o.keepdim);
  }
  /** How many elements are other than 0. */
  countNonzero(this: Tensor, ...args: Trailing<[dim: Dims], { dim?: Dims }>): Tensor {
    return statistics.countNonzero(this, named<{ dim?: Dims }>("count_nonzero", args, ["dim"]).dim);
  }
  /** The q-th quantiles along a dimension, or of all elements. */
  quantile(
    this: Tensor,
    ...given: Arguments<
      [q: number | Tensor],
      [dim: number | null, keepdim: boolean],
      { q: number | Tensor },
      QuantileOptions
    >
  ): Tensor {
    const [q, ...args] = inOrder("quantile", given, ["q"]);
    const o = named<QuantileOptions>("quantile", args, ["dim", "keepdim"], ["interpolation"]);
    return quantile(this, q, o.dim, o.keepdim, o.interpolation);
  }
  /** The sum with NaN counted as 0. */
  nansum(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("nansum", args);
    return statistics.nansum(this, o.dim, o.keepdim, o.dtype);
  }
  /** The mean of the elements that are not NaN. */
  nanmean(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("nanmean", args);
    return statistics.nanmean(this, o.dim, o.keepdim, o.dtype);
  }
  /** log Σ eˣ over the dimensions, without overflow. */
  logsumexp(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = called<ReduceOptions>("logsumexp", args, ["dim"], ["keepdim"]);
    return statistics.logsumexp(this, o.dim, o.keepdim);
  }
  /** (Σ |x|ᵖ)^(1/p); p is 2 unless given. `"nuc"`: the sum of a matrix's singular values. */
  norm(this: Tensor, ...args: NormArguments): Tensor {
    const o = named<NormOptions & { p?: number | string | null }>("norm", args, ["p", "dim", "keepdim", "dtype"]);
    if (o.p === "nuc") {
      const dims = typeof o.dim === "number" ? [o.dim] : o.dim ?? undefined;
      return matrixNorm(o.dtype === undefined ? this : this.to(o.dtype), "nuc", dims, o.keepdim);
    }
    return statistics.vectorNorm(this, order(o.p ?? 2), o.dim, o.keepdim, o.dtype);
  }
  /** The norm of the difference. */
  dist(
    this: Tensor,
    ...given: Arguments<[other: Tensor], [p: number], { other: Tensor }, { p?: number }>
  ): Tensor {
    const [other, ...args] = inOrder("dist", given, ["other"]);
    return statistics.dist(this, other, named<{ p?: number }>("dist", args, ["p"]).p);
  }
  /** The running sum along `dim`. */
  cumsum(this: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
    const o = scanned("cumsum", dim, options);
    return scans.cumsum(this, o.dim, o.dtype);
  }
  /** This tensor replaced by its running sum along `dim`. */
  cumsum_(this: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
    return inPlace("cumsum", this, [], (x) => x.cumsum(dim, options).to(x.dtype));
  }
  /** The running product along `dim`. */
  cumprod(this: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
    const o = scanned("cumprod", dim, options);
    return scans.cumprod(this, o.dim, o.dtype);
  }
  /** This tensor replaced by its running product along `dim`. */
  cumprod_(this: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
    return inPlace("cumprod", this, [], (x) => x.cumprod(dim, options).to(x.dtype));
  }
  /** log of the running sum of eˣ along `dim`. */
  logcumsumexp(this: Tensor, dim: number | { dim: number }): Tensor {
    return scans.logcumsumexp(this, scanned("logcumsumexp", dim, undefined).dim);
  }
  /** The largest so far along `dim`, and where it is. */
  cummax(this: Tensor, dim: number | { dim: number }): ValuesIndices {
    return scans.cummax(this, scanned("cummax", dim, undefined).dim);
  }
  /** The smallest so far along `dim`, and where it is. */
  cummin(this: Tensor, dim: number | { dim: number }): ValuesIndices {
    return scans.cummin(this, scanned("cummin", dim, undefined).dim);
  }
}
