/**
 * Local response normalisation, and vectors of unit length.
 *
 * @module
 */
import { type Arguments, inOrder, named, type Trailing } from "../arguments.ts";
import { getDefaultDtype } from "../dtype.ts";
import { isHalf, throughFloat32 } from "../make.ts";
import { broadcastSizes, product } from "../shape.ts";
import { underName } from "./node_name.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul } from "./arithmetic.ts";
import { pow } from "./binary.ts";
import { expand, reshape, squeeze } from "./movement.ts";
import { pad } from "./pad.ts";
import { avgPool } from "./pool.ts";
import { sum } from "./reduce.ts";
import { abs } from "./pointwise.ts";
import { clampMin } from "./where.ts";

/** Options of {@linkcode localResponseNorm}. */
export interface ResponseNormOptions {
  /** The factor of the squares. Default: 1e-4. */
  alpha?: number;
  /** The exponent. Default: 0.75. */
  beta?: number;
  /** Added to the squares. Default: 1. */
  k?: number;
}

/** x / (k + α · mean of the squares of `size` neighbouring channels)^β; x is `[batch, channels, …]`. */
export function localResponseNorm(
  x: Tensor,
  ...given: Arguments<[size: number], [alpha: number, beta: number, k: number], { size: number }, ResponseNormOptions>
): Tensor {
  const [size, ...rest] = inOrder("local_response_norm", given, ["size"]);
  const o = named<ResponseNormOptions>("local_response_norm", rest, ["alpha", "beta", "k"]);
  if (x.ndim < 3) {
    throw new RangeError(`Expected 3D or higher dimensionality input (got ${x.ndim} dimensions)`);
  }
  if (x.count === 0) return x;
  const [batch, channels] = x.sizes, inner = product(x.sizes.slice(2));
  const squares = reshape(mul(x, x), [batch, 1, channels, inner]);
  const padded = pad(squares, [0, 0, Math.floor(size / 2), Math.floor((size - 1) / 2)]);
  const g = { kernel: [size, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1] };
  const means = reshape(squeeze(avgPool("avg_pool2d", padded, g, false, true, 0), 1), x.sizes);
  return div(x, pow(add(mul(means, o.alpha ?? 1e-4), o.k ?? 1), o.beta ?? 0.75));
}

/** Options of {@linkcode normalize}. */
export interface NormalizeOptions {
  /** Which norm. Default: 2. */
  p?: number;
  /** The dimension of the vectors. Default: 1. */
  dim?: number;
  /** The least norm to divide by. Default: 1e-12. */
  eps?: number;
}

/** (Σ |x|^p)^(1/p) along a dimension. @internal */
export function pNorm(x: Tensor, p: number, dim: number, keepdim: boolean): Tensor {
  if (!x.dtype.isFloatingPoint) x = x.to(getDefaultDtype());
  if (isHalf(x.dtype)) return throughFloat32(x, (x) => pNorm(x, p, dim, keepdim));
  if (p === 0) return sum(x.detached().ne(0).to(x.dtype), dim, keepdim);
  if (p === Infinity) return abs(x).amax(dim, { keepdim });
  if (p === 2) return sum(mul(x, x), dim, keepdim).sqrt();
  if (p === 1) return sum(abs(x), dim, keepdim);
  return pow(sum(pow(abs(x), p), dim, keepdim), 1 / p);
}

/** Vectors along a dimension, divided by their norms. */
export function normalize(
  x: Tensor,
  ...rest: Trailing<[p: number, dim: number, eps: number], NormalizeOptions>
): Tensor {
  const o = named<NormalizeOptions>("normalize", rest, ["p", "dim", "eps"]);
  const norm = pNorm(x, o.p ?? 2, o.dim ?? 1, true);
  return div(x, clampMin(norm, o.eps ?? 1e-12));
}

/** Options of {@linkcode cosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** The dimension of the vectors. Default: 1. */
  dim?: number;
  /** The least norm to divide by. Default: 1e-8. */
  eps?: number;
}

/** The cosine of the angle between vectors along a dimension. */
export function cosineSimilarity(
  a: Tensor,
  ...given: Arguments<[b: Tensor], [dim: number, eps: number], { x2: Tensor }, CosineSimilarityOptions>
): Tensor {
  const [b, ...rest] = inOrder("cosine_similarity", given, ["x2"]);
  const o = named<CosineSimilarityOptions>("cosine_similarity", rest, ["dim", "eps"]);
  const dim = o.dim ?? 1, eps = o.eps ?? 1e-8;
  const sizes = broadcastSizes(a.sizes, b.sizes, "cosine_similarity");
  const unit = (x: Tensor): Tensor => {
    const wide = expand(x, sizes);
    return div(wide, clampMin(pNorm(wide, 2, dim, true), eps));
  };
  return sum(mul(unit(a), unit(b)), dim);
}

/** Options of {@linkcode pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** Which norm. Default: 2. */
  p?: number;
  /** Added to the differences. Default: 1e-6. */
  eps?: number;
  /** Whether the last dimension stays. Default: false. */
  keepdim?: boolean;
}

/** The norm of a − b + eps along the last dimension. */
export function pairwiseDistance(
  a: Tensor,
  ...given: Arguments<[b: Tensor], [p: number, eps: number, keepdim: boolean], { x2: Tensor }, PairwiseDistanceOptions>
): Tensor {
  const [b, ...rest] = inOrder("pairwise_distance", given, ["x2"]);
  const o = named<PairwiseDistanceOptions>("pairwise_distance", rest, ["p", "eps", "keepdim"]);
  return underName("NormBackward1", pNorm(add(a.sub(b), o.eps ?? 1e-6), o.p ?? 2, -1, o.keepdim ?? false));
}
