/**
 * Layers that rearrange and resize images, and layers of distances.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { checkOptions } from "../check.ts";
import { formatFloat, formatValue } from "../format.ts";
import type { IntOrTuple } from "../ops/conv_calls.ts";
import { fold, unfold } from "../ops/fold.ts";
import { bilinear } from "../ops/bilinear.ts";
import {
  cosineSimilarity,
  type CosineSimilarityOptions,
  pairwiseDistance,
  type PairwiseDistanceOptions,
} from "../ops/response_norm.ts";
import { channelShuffle, type FoldOptions, pixelShuffle, pixelUnshuffle } from "../ops/vision.ts";
import { interpolate, type InterpolateOptions } from "../ops/interpolate.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** `[…, c·r², h, w]` as `[…, c, h·r, w·r]`. */
export class PixelShuffle extends Module {
  /** r. */
  readonly upscaleFactor: number;

  /** `new PixelShuffle(3)`. */
  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = upscaleFactor;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/** The reverse of {@linkcode PixelShuffle}. */
export class PixelUnshuffle extends Module {
  /** r. */
  readonly downscaleFactor: number;

  /** `new PixelUnshuffle(3)`. */
  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = downscaleFactor;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/** Deals channels out among groups. */
export class ChannelShuffle extends Module {
  /** The number of groups. */
  readonly groups: number;

  /** `new ChannelShuffle(2)`. */
  constructor(groups: number) {
    super();
    this.groups = groups;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}

/** Resizes images. */
export class Upsample extends Module {
  /** What the constructor was given. */
  readonly options: InterpolateOptions;

  /** `new Upsample({ scaleFactor: 2, mode: "bilinear" })`. */
  constructor(options: InterpolateOptions) {
    super();
    checkOptions("Upsample", options, ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"]);
    this.options = options;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const { size, scaleFactor, mode = "nearest" } = this.options;
    const factor = typeof scaleFactor === "number"
      ? formatFloat(scaleFactor)
      : `(${(scaleFactor ?? []).map(formatFloat).join(", ")})`;
    const extent = size === undefined || size === null ? `scale_factor=${factor}` : `size=${formatValue(size)}`;
    return `${extent}, mode=${formatValue(mode)}`;
  }
}

/** {@linkcode Upsample} in mode `"nearest"`. */
export class UpsamplingNearest2d extends Upsample {
  /** `new UpsamplingNearest2d({ scaleFactor: 2 })`. */
  constructor(options: Pick<InterpolateOptions, "size" | "scaleFactor">) {
    super({ ...options, mode: "nearest" });
  }
}

/** {@linkcode Upsample} in mode `"bilinear"` with aligned corners. */
export class UpsamplingBilinear2d extends Upsample {
  /** `new UpsamplingBilinear2d({ scaleFactor: 2 })`. */
  constructor(options: Pick<InterpolateOptions, "size" | "scaleFactor">) {
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}

/** Blocks of images as columns. */
export class Unfold extends Module {
  /** The blocks' size. */
  readonly kernelSize: IntOrTuple;
  /** Distances, padding, steps. */
  readonly options: FoldOptions;

  /** `new Unfold([2, 3], { stride: 2 })`. */
  constructor(
    kernelSize: IntOrTuple,
    ...rest: Trailing<[dilation: IntOrTuple, padding: IntOrTuple, stride: IntOrTuple], FoldOptions>
  ) {
    super();
    this.kernelSize = kernelSize;
    this.options = named<FoldOptions>("Unfold", rest, ["dilation", "padding", "stride"]);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this.options);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const { dilation = 1, padding = 0, stride = 1 } = this.options;
    return `kernel_size=${formatValue(this.kernelSize)}, dilation=${formatValue(dilation)}, padding=${
      formatValue(padding)
    }, stride=${formatValue(stride)}`;
  }
}

/** Columns as images: overlapping blocks are added. */
export class Fold extends Module {
  /** The images' size. */
  readonly outputSize: IntOrTuple;
  /** The blocks' size. */
  readonly kernelSize: IntOrTuple;
  /** Distances, padding, steps. */
  readonly options: FoldOptions;

  /** `new Fold([4, 5], [2, 2])`. */
  constructor(
    outputSize: IntOrTuple,
    kernelSize: IntOrTuple,
    ...rest: Trailing<[dilation: IntOrTuple, padding: IntOrTuple, stride: IntOrTuple], FoldOptions>
  ) {
    super();
    this.outputSize = outputSize;
    this.kernelSize = kernelSize;
    this.options = named<FoldOptions>("Fold", rest, ["dilation", "padding", "stride"]);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this.options);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const { dilation = 1, padding = 0, stride = 1 } = this.options;
    return `output_size=${formatValue(this.outputSize)}, kernel_size=${formatValue(this.kernelSize)}, dilation=${
      formatValue(dilation)
    }, padding=${formatValue(padding)}, stride=${formatValue(stride)}`;
  }
}

/** The cosine of the angle between vectors. */
export class CosineSimilarity extends Module {
  /** The dimension of the vectors. */
  readonly dim: number;
  /** The least norm to divide by. */
  readonly eps: number;

  /** `new CosineSimilarity({ dim: 1 })`. */
  constructor(...rest: Trailing<[dim: number, eps: number], CosineSimilarityOptions>) {
    super();
    const o = named<CosineSimilarityOptions>("CosineSimilarity", rest, ["dim", "eps"]);
    this.dim = o.dim ?? 1;
    this.eps = o.eps ?? 1e-8;
  }

  /** See the class. */
  override forward(a: Tensor, b: Tensor): Tensor {
    return cosineSimilarity(a, b, this.dim, this.eps);
  }
}

/** The norm of a − b. */
export class PairwiseDistance extends Module {
  /** What the constructor was given. */
  readonly options: PairwiseDistanceOptions;

  /** `new PairwiseDistance(2)`. */
  constructor(...rest: Trailing<[p: number, eps: number, keepdim: boolean], PairwiseDistanceOptions>) {
    super();
    this.options = named<PairwiseDistanceOptions>("PairwiseDistance", rest, ["p", "eps", "keepdim"]);
  }

  /** See the class. */
  override forward(a: Tensor, b: Tensor): Tensor {
    return pairwiseDistance(a, b, this.options);
  }
}

/** Options of {@linkcode Bilinear}. */
export interface BilinearOptions extends FactoryOptions {
  /** Whether the layer adds a bias. Default: true. */
  bias?: boolean;
}

/** aᵀ·W·b + c for each output. */
export class Bilinear extends Module {
  /** Features of the first input. */
  readonly in1Features: number;
  /** Features of the second input. */
  readonly in2Features: number;
  /** Features of the output. */
  readonly outFeatures: number;
  /** `[outFeatures, in1Features, in2Features]`. */
  weight: Parameter;
  /** `[outFeatures]`, or `null`. */
  bias: Parameter | null;

  /** `new Bilinear(20, 30, 40)`. */
  constructor(
    in1Features: number,
    in2Features: number,
    outFeatures: number,
    ...rest: Trailing<[bias: boolean], BilinearOptions>
  ) {
    super();
    const o = named<BilinearOptions>("Bilinear", rest, ["bias"], factoryOptions);
    if (in1Features <= 0) throw new RangeError(`in1_features must be > 0, but got ${in1Features}`);
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.weight = parameter([outFeatures, in1Features, in2Features], o);
    this.bias = o.bias ?? true ? parameter([outFeatures], o) : null;
    this.resetParameters();
  }

  /** Draws the weights anew, uniformly over ±1/√in1Features. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    uniform_(this.weight, -bound, bound);
    if (this.bias !== null) uniform_(this.bias, -bound, bound);
  }

  /** See the class. */
  override forward(a: Tensor, b: Tensor): Tensor {
    return bilinear(a, b, this.weight, this.bias);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, bias=${
      formatValue(this.bias !== null)
    }`;
  }
}

passesThrough(PixelShuffle, PixelUnshuffle, ChannelShuffle, Upsample, UpsamplingNearest2d, UpsamplingBilinear2d);
passesThrough(Unfold, Fold, CosineSimilarity, PairwiseDistance, Bilinear);
