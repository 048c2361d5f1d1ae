/**
 * Reductions beyond sums, as functions.
 *
 * @module
 */
import type { Other, Trailing } from "../arguments.ts";
import type { Dims } from "../ops/reduce.ts";
import type { MinMax } from "../ops/extremes.ts";
import type { ValuesIndices } from "../ops/sort.ts";
import * as statistics from "../ops/statistics.ts";
import type { Tensor } from "../tensor.ts";
import { requireTensor } from "../ops/elementwise.ts";
import type { KeepdimArguments } from "../tensor/indexing.ts";
import type { ReduceArguments } from "../tensor/reduce.ts";
import {
  type AminmaxArguments,
  type NormArguments,
  type ScanOptions,
  spread,
  type VarArguments,
} from "../tensor/statistics.ts";

/** The largest of all elements; along `dim` with its index; or by element of two tensors. */
export function max(x: Tensor): Tensor;
/** The larger of each pair of elements. */
export function max(x: Tensor, ...other: Other<Tensor>): Tensor;
/** The largest along `dim`, with its index. */
export function max(x: Tensor, ...args: KeepdimArguments): ValuesIndices;
export function max(x: Tensor, ...args: Other<Tensor> | KeepdimArguments): Tensor | ValuesIndices {
  requireTensor("max", x);
  return x.max(...args as KeepdimArguments);
}

/** The smallest of all elements; along `dim` with its index; or by element of two tensors. */
export function min(x: Tensor): Tensor;
/** The smaller of each pair of elements. */
export function min(x: Tensor, ...other: Other<Tensor>): Tensor;
/** The smallest along `dim`, with its index. */
export function min(x: Tensor, ...args: KeepdimArguments): ValuesIndices;
export function min(x: Tensor, ...args: Other<Tensor> | KeepdimArguments): Tensor | ValuesIndices {
  requireTensor("min", x);
  return x.min(...args as KeepdimArguments);
}

/** Both extremes, of all elements or along a dimension. */
export function aminmax(x: Tensor, ...args: AminmaxArguments): MinMax {
  return x.aminmax(...args);
}

/** The variance, over all dimensions or some. */
function variance(x: Tensor, ...args: VarArguments): Tensor {
  return x.var(...args);
}
export { variance as var };

/** The standard deviation, over all dimensions or some. */
export function std(x: Tensor, ...args: VarArguments): Tensor {
  return x.std(...args);
}

/** The variance and the mean. */
export function varMean(x: Tensor, ...args: VarArguments): [Tensor, Tensor] {
  return statistics.varMean(x, ...spread("var_mean", args));
}

/** The standard deviation and the mean. */
export function stdMean(x: Tensor, ...args: VarArguments): [Tensor, Tensor] {
  return statistics.stdMean(x, ...spread("std_mean", args));
}

/** The product of the elements. */
export function prod(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.prod(...args);
}

/** Whether any element is other than 0. */
export function any(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.any(...args);
}

/** Whether all elements are other than 0. */
export function all(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.all(...args);
}

/** How many elements are other than 0. */
export function countNonzero(x: Tensor, ...args: Trailing<[dim: Dims], { dim?: Dims }>): Tensor {
  return x.countNonzero(...args);
}

/** The sum with NaN counted as 0. */
export function nansum(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.nansum(...args);
}

/** The mean of the elements that are not NaN. */
export function nanmean(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.nanmean(...args);
}

/** log Σ eˣ over the dimensions, without overflow. */
export function logsumexp(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.logsumexp(...args);
}

/** (Σ |x|ᵖ)^(1/p); p is 2 unless given. `"nuc"`: the sum of a matrix's singular values. */
export function norm(x: Tensor, ...args: NormArguments): Tensor {
  return x.norm(...args);
}

/** The norm of the difference. */
export function dist(a: Tensor, ...args: Parameters<Tensor["dist"]>): Tensor {
  return a.dist(...args);
}

/** The running sum along `dim`. */
export function cumsum(x: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
  return x.cumsum(dim, options);
}

/** The running product along `dim`. */
export function cumprod(x: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
  return x.cumprod(dim, options);
}

/** log of the running sum of eˣ along `dim`. */
export function logcumsumexp(x: Tensor, dim: number | { dim: number }): Tensor {
  return x.logcumsumexp(dim);
}

/** The largest so far along `dim`, and where it is. */
export function cummax(x: Tensor, dim: number | { dim: number }): ValuesIndices {
  return x.cummax(dim);
}

/** The smallest so far along `dim`, and where it is. */
export function cummin(x: Tensor, dim: number | { dim: number }): ValuesIndices {
  return x.cummin(dim);
}

/** The q-th quantiles along a dimension, or of all elements. */
export function quantile(
  x: Tensor,
  ...args: Parameters<Tensor["quantile"]>
): Tensor {
  return x.quantile(...args);
}
