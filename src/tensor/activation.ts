/**
 * Activation functions as methods.
 *
 * @module
 */
import * as activation from "../ops/activation.ts";
import type { Tensor } from "../tensor.ts";
import { TensorMatmul } from "./matmul.ts";

/** Activation functions. */
export class TensorActivation extends TensorMatmul {
  /** max(this, 0). */
  relu(this: Tensor): Tensor {
    return activation.relu(this);
  }
  /** this = max(this, 0). */
  relu_(this: Tensor): Tensor {
    return activation.relu_(this);
  }
  /** 1 / (1 + e⁻ˣ). */
  sigmoid(this: Tensor): Tensor {
    return activation.sigmoid(this);
  }
  /** The hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return activation.tanh(this);
  }
}
