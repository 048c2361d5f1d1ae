/**
 * Softmax as users call it: `F.softmax(x, 1)`.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import type { DTypeLike } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import * as ops from "./softmax.ts";

/** Options of {@linkcode softmax}, {@linkcode logSoftmax} and {@linkcode softmin}. */
export interface SoftmaxCallOptions {
  /** The dimension whose elements sum to 1. Default: PyTorch's old rule, with a warning. */
  dim?: number | null;
  /** The type to compute in. */
  dtype?: DTypeLike;
}

/** The positional arguments after the input. */
export type SoftmaxArguments = Trailing<[dim: number | null, dtype: DTypeLike], SoftmaxCallOptions>;

/** PyTorch's choice where no dimension is given. @internal */
export function implicitDim(operation: string, x: Tensor): number {
  console.warn(
    `Implicit dimension choice for ${operation} has been deprecated. Change the call to include dim=X as an argument.`,
  );
  return x.ndim === 0 || x.ndim === 1 || x.ndim === 3 ? 0 : 1;
}

function call(
  operation: string,
  run: (x: Tensor, dim: number, dtype?: DTypeLike) => Tensor,
  x: Tensor,
  rest: SoftmaxArguments,
): Tensor {
  const o = named<SoftmaxCallOptions>(operation, rest, ["dim", "dtype"]);
  return run(x, o.dim ?? implicitDim(operation, x), o.dtype);
}

/** exp(x) / Σ exp(x) along a dimension. */
export function softmax(x: Tensor, ...rest: SoftmaxArguments): Tensor {
  return call("softmax", ops.softmax, x, rest);
}

/** The logarithm of {@linkcode softmax}, computed without overflow. */
export function logSoftmax(x: Tensor, ...rest: SoftmaxArguments): Tensor {
  return call("log_softmax", ops.logSoftmax, x, rest);
}

/** {@linkcode softmax} of −x. */
export function softmin(x: Tensor, ...rest: SoftmaxArguments): Tensor {
  return call("softmin", ops.softmin, x, rest);
}
