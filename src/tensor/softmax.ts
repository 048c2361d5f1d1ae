/**
 * Softmax as methods.
 *
 * @module
 */
import { named } from "../arguments.ts";
import { logSoftmax, softmax } from "../ops/softmax.ts";
import type { SoftmaxArguments, SoftmaxCallOptions } from "../ops/softmax_calls.ts";
import { implicitDim } from "../ops/softmax_calls.ts";
import type { Tensor } from "../tensor.ts";
import { TensorStatistics } from "./statistics.ts";

/** Softmax and its logarithm. */
export class TensorSoftmax extends TensorStatistics {
  /** exp(x) / Σ exp(x) along a dimension. */
  softmax(this: Tensor, ...rest: SoftmaxArguments): Tensor {
    const o = named<SoftmaxCallOptions>("softmax", rest, ["dim", "dtype"]);
    return softmax(this, o.dim ?? implicitDim("softmax", this), o.dtype);
  }
  /** The logarithm of {@linkcode softmax}. */
  logSoftmax(this: Tensor, ...rest: SoftmaxArguments): Tensor {
    const o = named<SoftmaxCallOptions>("log_softmax", rest, ["dim", "dtype"]);
    return logSoftmax(this, o.dim ?? implicitDim("log_softmax", this), o.dtype);
  }
}
