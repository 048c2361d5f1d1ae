/**
 * Batch normalisation folded into the layer before it.
 *
 * @module
 */
import { noGrad } from "../autograd/mode.ts";
import { reshape } from "../ops/movement.ts";
import { Parameter, type Tensor } from "../tensor.ts";
import { BatchNorm } from "./batchnorm.ts";
import type { Conv } from "./conv.ts";
import type { Linear } from "./linear.ts";

/** Multiplies the batch normalisation into a weight whose first dimension (or second, transposed) are the channels. */
function fused(
  weight: Tensor,
  bias: Tensor | null,
  bn: BatchNorm,
  transposed: boolean,
): { weight: Parameter; bias: Parameter } {
  return noGrad(() => {
    const scale = bn.running_var!.add(bn.eps).rsqrt().mul(bn.weight ?? 1);
    const shape = weight.sizes.map((_, i) => i === (transposed ? 1 : 0) ? scale.count : 1);
    const shift = (bias === null ? bn.running_mean!.neg() : bias.sub(bn.running_mean!)).mul(scale).add(bn.bias ?? 0);
    return { weight: new Parameter(weight.detach().mul(reshape(scale, shape))), bias: new Parameter(shift) };
  });
}

/**
 * A convolution that does what a convolution and the batch normalisation after it do in evaluation. The convolution given
 * is changed.
 *
 * @throws {Error} When one of the two is in training.
 */
export function fuseConvBnEval<C extends Conv>(conv: C, bn: BatchNorm, transpose = false): C {
  if (conv.training || bn.training) throw new Error("Fusion only for eval!");
  if (!(bn instanceof BatchNorm) || bn.running_var === null) {
    throw new Error("fuse_conv_bn_eval: the normalisation has no running statistics");
  }
  return Object.assign(conv, fused(conv.weight, conv.bias, bn, transpose));
}

/** {@linkcode fuseConvBnEval} for a linear layer. */
export function fuseLinearBnEval(linear: Linear, bn: BatchNorm): Linear {
  if (linear.training || bn.training) throw new Error("Fusion only for eval!");
  return Object.assign(linear, fused(linear.weight, linear.bias, bn, false));
}
