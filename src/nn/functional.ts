/**
 * What layers compute, as functions: `nn.functional`, also exported as `F`.
 *
 * @module
 */
export { relu_, sigmoid, tanh } from "../ops/activation.ts";
export * from "../ops/activation_calls.ts";
export { logsigmoid, softsign, tanhshrink } from "../ops/activations.ts";
export * from "../ops/norm_calls.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  type ConvArguments,
  type ConvOptions,
  type ConvPadding,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type ConvTransposeArguments,
  type ConvTransposeOptions,
  type IntOrTuple,
} from "../ops/conv_calls.ts";
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  type DropoutArguments,
  type DropoutOptions,
  featureAlphaDropout,
} from "../ops/dropout.ts";
export type { Reduction } from "../ops/cross_entropy.ts";
export * from "../ops/loss_calls.ts";
export { linear } from "../ops/matmul.ts";
export { pad, type PadMode, type PadOptions } from "../ops/pad.ts";
export * from "../ops/fractional_pool.ts";
export * from "../ops/pool_calls.ts";
export { logSoftmax, softmax, type SoftmaxArguments, type SoftmaxCallOptions, softmin } from "../ops/softmax_calls.ts";
export { embedding, type EmbeddingOptions, oneHot } from "../ops/embedding.ts";
export { type BagArguments, type BagMode, embeddingBag, type EmbeddingBagOptions } from "../ops/embedding_bag.ts";
export {
  cosineSimilarity,
  type CosineSimilarityOptions,
  localResponseNorm,
  normalize,
  type NormalizeOptions,
  pairwiseDistance,
  type PairwiseDistanceOptions,
  type ResponseNormOptions,
} from "../ops/response_norm.ts";
export { type AttentionArguments, type AttentionOptions, scaledDotProductAttention } from "../ops/attention.ts";
export * from "../ops/margin_loss.ts";
export { ctcLoss, type CTCLossOptions, type Lengths } from "../ops/ctc_loss.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "../ops/grid_sample.ts";
export { pdist } from "../ops/distance.ts";
export { bilinear } from "../ops/bilinear.ts";
export { fold, unfold } from "../ops/fold.ts";
export { channelShuffle, type FoldArguments, type FoldOptions, pixelShuffle, pixelUnshuffle } from "../ops/vision.ts";
export {
  interpolate,
  type InterpolateOptions,
  type InterpolationMode,
  upsample,
  type UpsampleOptions,
} from "../ops/interpolate.ts";
export * from "../ops/lp_pool.ts";
