/**
 * Reductions as methods.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import type { DTypeLike } from "../dtype.ts";
import * as reduce from "../ops/reduce.ts";
import type { Dims } from "../ops/reduce.ts";
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

/** The arguments of a reduction beside the tensor. */
export type ReduceArguments = Trailing<[dim: Dims, keepdim: boolean], ReduceOptions>;

/** The arguments of a reduction by name. @internal */
export function reduceArguments(
  operation: string,
  args: readonly unknown[],
  more: readonly (keyof ReduceOptions)[] = withDtype,
): ReduceOptions {
  return args.length === 0 ? noOptions : named<ReduceOptions>(operation, args, dimAndKeepdim, more);
}
const dimAndKeepdim = ["dim", "keepdim"] as const, withDtype = ["dtype"] as const, noOptions: ReduceOptions = {};

/** Methods that reduce. */
export class TensorReduce extends TensorArithmetic {
  /** The sum of the elements, over all dimensions or some. */
  sum(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("sum", args);
    return reduce.sum(this, o.dim, o.keepdim, o.dtype);
  }
  /** The mean of the elements, over all dimensions or some. */
  mean(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("mean", args);
    return reduce.mean(this, o.dim, o.keepdim, o.dtype);
  }
  /** The largest element over the dimensions. */
  amax(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("amax", args, []);
    return reduce.amax(this, o.dim, o.keepdim);
  }
  /** The smallest element over the dimensions. */
  amin(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("amin", args, []);
    return reduce.amin(this, o.dim, o.keepdim);
  }
  /** The index of the largest element, in the flattened tensor or along `dim`. */
  argmax(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("argmax", args, []);
    return reduce.argmax(this, o.dim as number | null | undefined, o.keepdim);
  }
  /** The index of the smallest element, in the flattened tensor or along `dim`. */
  argmin(this: Tensor, ...args: ReduceArguments): Tensor {
    const o = reduceArguments("argmin", args, []);
    return reduce.argmin(this, o.dim as number | null | undefined, o.keepdim);
  }
}
