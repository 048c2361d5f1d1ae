/**
 * Activation functions.
 *
 * @module
 */
import { binary, unary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { floatType, runBinary, runUnary } from "./elementwise.ts";
import { inPlace } from "./inplace.ts";

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  const y = runUnary("relu", unary.relu, x);
  return record("ReluBackward0", y, [x], [y], (dy, [y]) => [reluBackward(dy, y)]);
}

/** The adjoint of {@linkcode relu}: dy where y > 0. */
export function reluBackward(dy: Tensor, y: Tensor): Tensor {
  const dx = runBinary("relu_backward", binary.reluBackward, dy, y, dy.dtype);
  return record("ThresholdBackwardBackward0", dx, [dy], [y], (ddx, [y]) => [reluBackward(ddx, y)]);
}

/** x = max(x, 0). */
export function relu_(x: Tensor): Tensor {
  return inPlace("relu", x, [], relu);
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  const y = runUnary("sigmoid", unary.sigmoid, x, floatType(x.dtype));
  return record("SigmoidBackward0", y, [x], [y], (dy, [y]) => [sigmoidBackward(dy, y)]);
}

/** The adjoint of {@linkcode sigmoid}: dy·y·(1 − y). */
export function sigmoidBackward(dy: Tensor, y: Tensor): Tensor {
  const dx = runBinary("sigmoid_backward", binary.sigmoidBackward, dy, y, dy.dtype);
  return record("SigmoidBackwardBackward0", dx, [dy, y], [dy, y], (ddx, [dy, y], needs) => [
    needs[0] ? sigmoidBackward(ddx, y) : null,
    needs[1] ? mul(mul(ddx, dy), y.mul(-2).add(1)) : null,
  ]);
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  const y = runUnary("tanh", unary.tanh, x, floatType(x.dtype));
  return record("TanhBackward0", y, [x], [y], (dy, [y]) => [tanhBackward(dy, y)]);
}

/** The adjoint of {@linkcode tanh}: dy·(1 − y²). */
export function tanhBackward(dy: Tensor, y: Tensor): Tensor {
  const dx = runBinary("tanh_backward", binary.tanhBackward, dy, y, dy.dtype);
  return record("TanhBackwardBackward0", dx, [dy, y], [dy, y], (ddx, [dy, y], needs) => [
    needs[0] ? tanhBackward(ddx, y) : null,
    needs[1] ? mul(mul(ddx, dy), y.mul(-2)) : null,
  ]);
}
