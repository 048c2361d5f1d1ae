/**
 * Operations as functions, `torch.add(a, b)` and the like: what `mod.ts` exports of `ops/`.
 *
 * A family whose operations take more than tensors and numbers has its own file in `functions/`, where the options object is
 * taken apart; the rest is exported as it is.
 *
 * @module
 */
export { sigmoid, tanh } from "./ops/activation.ts";
export { celu, relu, rrelu, selu } from "./ops/activation_calls.ts";
export { prelu } from "./ops/activations.ts";
export { isfinite, isinf, isnan, logicalNot } from "./ops/compare.ts";
export { neg, neg as negative } from "./ops/arithmetic.ts";
export * from "./functions/operands.ts";
export { outer as ger } from "./functions/operands.ts";
export {
  atan2 as arctan2,
  ge as greaterEqual,
  gt as greater,
  le as lessEqual,
  lt as less,
  mul as multiply,
} from "./functions/operands.ts";
export * from "./functions/movement.ts";
export { transpose as swapaxes, transpose as swapdims } from "./functions/movement.ts";
export { t } from "./ops/movement.ts";
export { add, addmm, amax, amin, argmax, argmin, div, mean, sub, sum } from "./functions/basic.ts";
export * from "./functions/indexing.ts";
export { type Index, type Slice } from "./ops/index.ts";
export type { ValuesIndices } from "./ops/sort.ts";
export * from "./functions/pointwise.ts";
export {
  abs,
  abs as absolute,
  acos,
  acos as arccos,
  acosh,
  acosh as arccosh,
  asin,
  asin as arcsin,
  asinh,
  asinh as arcsinh,
  atan,
  atan as arctan,
  atanh,
  atanh as arctanh,
  bitwiseNot,
  ceil,
  cos,
  cosh,
  deg2rad,
  digamma,
  erf,
  erfc,
  erfinv,
  exp,
  exp2,
  expm1,
  floor,
  frac,
  isneginf,
  isposinf,
  lgamma,
  log,
  log10,
  log1p,
  log2,
  positive,
  rad2deg,
  reciprocal,
  rsqrt,
  sgn,
  sign,
  signbit,
  sin,
  sinc,
  sinh,
  sqrt,
  square,
  tan,
  trunc,
  trunc as fix,
} from "./ops/pointwise.ts";
export * from "./functions/arrange.ts";
export { broadcastShapes, columnStack, dstack, hstack, vstack, vstack as rowStack } from "./ops/arrange.ts";
export { trace } from "./ops/diagonal.ts";
export * from "./functions/statistics.ts";
export { logSoftmax, softmax, type SoftmaxArguments, type SoftmaxCallOptions } from "./ops/softmax_calls.ts";
export * from "./functions/fill_at.ts";
export { argwhere, msort } from "./ops/fill_at.ts";
export * from "./functions/linalg.ts";
export * from "./functions/composed.ts";
export { isTensor, resultType } from "./ops/elementwise.ts";
export { floatPower, ldexp } from "./ops/compositions.ts";
export { logdet, matrixExp } from "./ops/matrix_functions.ts";
// Functions of layers that `torch` has as well.
export { adaptiveAvgPool1d, adaptiveMaxPool1d, avgPool1d, maxPool1d, maxPool2d, maxPool3d } from "./ops/pool_calls.ts";
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from "./ops/conv_calls.ts";
export { alphaDropout, dropout, featureAlphaDropout } from "./ops/dropout.ts";
export { cosineSimilarity, pairwiseDistance } from "./ops/response_norm.ts";
export { groupNorm, layerNorm, rmsNorm } from "./ops/norm_calls.ts";
