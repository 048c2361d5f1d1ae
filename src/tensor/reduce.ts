/**
 * Reductions as methods.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import type { DTypeLike } from "../dtype.ts";
import * as reduce from "../ops/reduce.ts";
import type { Dims } from "../ops/reduce.ts";
import { isOptions } from "../check.ts";
import type { Tensor } from "../tensor.ts";
import { TensorArithmetic } from "./arithmetic.ts";

/** Options of reductions. */
export interface ReduceOptions {
  /** The dimensions; may also be given as the first argument. Default: all. */
  dim?: Dims;
  /** Whether reduced dimensions stay, with size 1. Default: false. */
  keepdim?: boolean;
  /** The type to compute in. */
  dtype?: DTypeLike;
}

/** Splits `x.sum(1, { keepdim })` and `x.sum({ dim: 1, keepdim })`. @internal */
export function reduceArguments(
  operation: string,
  dim: unknown,
  options: ReduceOptions | undefined,
  known = reduceOptions,
): ReduceOptions {
  if (isOptions(dim)) options = dim as ReduceOptions;
  else if (dim !== undefined) options = { ...options, dim: dim as Dims };
  checkOptions(operation, options, known);
  return options ?? {};
}
const reduceOptions = ["dim", "keepdim", "dtype"];

/** Methods that reduce. */
export class TensorReduce extends TensorArithmetic {
  /** The sum of the elements, over all dimensions or some. */
  sum(this: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
    const o = reduceArguments("sum", dim, options);
    return reduce.sum(this, o.dim, o.keepdim, o.dtype);
  }
  /** The mean of the elements, over all dimensions or some. */
  mean(this: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
    const o = reduceArguments("mean", dim, options);
    return reduce.mean(this, o.dim, o.keepdim, o.dtype);
  }
  /** The largest element over the dimensions. */
  amax(this: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
    const o = reduceArguments("amax", dim, options);
    return reduce.amax(this, o.dim, o.keepdim);
  }
  /** The smallest element over the dimensions. */
  amin(this: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
    const o = reduceArguments("amin", dim, options);
    return reduce.amin(this, o.dim, o.keepdim);
  }
  /** The index of the largest element, in the flattened tensor or along `dim`. */
  argmax(this: Tensor, dim?: number | null | ReduceOptions, options?: ReduceOptions): Tensor {
    const o = reduceArguments("argmax", dim, options);
    return reduce.argmax(this, o.dim as number | null | undefined, o.keepdim);
  }
  /** The index of the smallest element, in the flattened tensor or along `dim`. */
  argmin(this: Tensor, dim?: number | null | ReduceOptions, options?: ReduceOptions): Tensor {
    const o = reduceArguments("argmin", dim, options);
    return reduce.argmin(this, o.dim as number | null | undefined, o.keepdim);
  }
}
