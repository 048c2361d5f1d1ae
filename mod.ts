/**
 * Raptorch: PyTorch's programming model for Deno, on native kernels.
 *
 * `import * as torch from "@raptorch/raptorch"` then reads like PyTorch.
 *
 * @example
 * ```ts
 * import { tensor } from "@raptorch/raptorch";
 * const x = tensor([1, 2, 3], { requiresGrad: true });
 * x.mul(x).sum().backward();
 * console.assert(String(x.grad) === "tensor([2., 4., 6.])");
 * ```
 *
 * @module
 */
export * as autograd from "./src/autograd.ts";
export * as optim from "./src/optim.ts";
export {
  type AnomalyOptions,
  detectAnomaly,
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  type ModeGuard,
  noGrad,
  setGradEnabled,
} from "./src/autograd/mode.ts";
export type { ByName, Call, OptionsOf, Other, SizesBy, Trailing } from "./src/arguments.ts";
export * from "./src/constants.ts";
export * from "./src/create.ts";
export * as cuda from "./src/cuda.ts";
export {
  cpu,
  Device,
  type DeviceLike,
  getDefaultDevice,
  getNumThreads,
  setDefaultDevice,
  setNumThreads,
} from "./src/device.ts";
export * from "./src/dtype.ts";
export { getFloat32MatmulPrecision, type MatmulPrecision, setFloat32MatmulPrecision } from "./src/precision.ts";
export { getPrintoptions, type PrintOptions, type SetPrintOptions, setPrintoptions } from "./src/format.ts";
export { keep, type Scope, scope, tidy } from "./src/scope.ts";
export {
  defaultGenerator,
  Generator,
  getRngState,
  initialSeed,
  manualSeed,
  seed,
  setRngState,
} from "./src/generator.ts";
export * as linalg from "./src/linalg.ts";
export * from "./src/random.ts";
export * from "./src/ranges.ts";
export { Size, type Sizes } from "./src/shape.ts";
export { emptyCache, memory, type MemoryReport, setPoolLimit } from "./src/storage.ts";
export { Parameter, Tensor } from "./src/tensor.ts";
// Operations, by family.
export * from "./src/functions.ts";
// Data.
export * as distributions from "./src/distributions.ts";
export * as data from "./src/data/mod.ts";
export * as utils from "./src/utils.ts";
export { load, type LoadOptions, save } from "./src/io/torch_file.ts";
export * as safetensors from "./src/io/safetensors.ts";
export * as datasets from "./src/vision/datasets.ts";
export * as transforms from "./src/vision/transforms.ts";
// Networks.
export * as nn from "./src/nn.ts";
export * as F from "./src/nn/functional.ts";
export { type Entry, OrderedDict } from "./src/nn/ordered_dict.ts";
export type * from "./src/types.ts";
