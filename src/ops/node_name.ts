/**
 * One name for what is made of several operations.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { over } from "../make.ts";
import type { Tensor } from "../tensor.ts";

/** `y` as the output of a node of PyTorch's name, behind which are the operations that it was made of. */
export function underName(name: string, y: Tensor): Tensor {
  if (!y.requiresGrad) return y;
  return record(name, over(y.storage, y.sizes, y.strides, y.offset, y.dtype), [y], [], (dy) => [dy]);
}
