/**
 * The Tensor: its data in `tensor/core.ts`, its operations in the files beside it, one line each.
 *
 * @module
 */
import { TensorInPlace } from "./tensor/inplace.ts";
import "./autograd/engine_ops.ts";

/**
 * A multi-dimensional array of one element type, on one device, that remembers how it was made.
 *
 * @example
 * ```ts
 * import { tensor } from "@raptorch/raptorch";
 * const x = tensor([1, 2, 3], { requiresGrad: true });
 * x.mul(x).sum().backward();
 * console.assert(String(x.grad) === "tensor([2., 4., 6.])");
 * ```
 */
export class Tensor extends TensorInPlace {}

/**
 * A tensor that a module trains: assigned to a module's property it registers itself, and it requires gradients.
 */
export class Parameter extends Tensor {
  /** A parameter over the data of `data`, which is shared and not copied. */
  constructor(data: Tensor, requiresGrad = true) {
    super(data.storage, data.sizes, data.strides, data.offset, data.dtype, data.count);
    this.storage.held = true;
    this.storage.kept = true;
    if (requiresGrad) this.requiresGrad = true;
  }

  /** @internal */
  override get isParameter(): boolean {
    return true;
  }
}
