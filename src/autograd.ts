/**
 * Automatic differentiation: `autograd.grad`, `autograd.Function` and what belongs to them.
 *
 * @module
 */
export {
  backward,
  type BackwardAllOptions,
  grad,
  type GradArguments,
  type GradOptions,
  type UsedGradArguments,
} from "./autograd/grad.ts";
export { Function, FunctionCtx, onceDifferentiable } from "./autograd/function.ts";
export { AccumulateGrad, Node } from "./autograd/node.ts";
export type { Grad, GradHook, SavedTensorHooks } from "./autograd/node.ts";
export {
  type AnomalyOptions,
  detectAnomaly,
  enableGrad,
  inferenceMode,
  type ModeGuard,
  noGrad,
  setGradEnabled,
} from "./autograd/mode.ts";
export { gradcheck, type GradcheckOptions, gradgradcheck, type TensorFunction } from "./autograd/gradcheck.ts";
export * as functional from "./autograd/functional.ts";
export { savedTensorsHooks } from "./autograd/saved.ts";
export * as graph from "./autograd/graph.ts";
