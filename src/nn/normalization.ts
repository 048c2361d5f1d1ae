/**
 * Layer, group and root-mean-square normalisation.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { formatFloat, formatTuple, formatValue } from "../format.ts";
import { groupNorm, layerNorm, rmsNorm } from "../ops/norm.ts";
import { localResponseNorm } from "../ops/response_norm.ts";
import type { Sizes } from "../shape.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { ones_, zeros_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** Options of {@linkcode LayerNorm}. */
export interface LayerNormLayerOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether there are a weight and a bias. Default: true. */
  elementwiseAffine?: boolean;
  /** Whether there is a bias, where there is a weight. Default: true. */
  bias?: boolean;
}

/** The arguments of {@linkcode LayerNorm}. */
export type LayerNormArguments = Arguments<
  [normalizedShape: number | Sizes],
  [eps: number, elementwiseAffine: boolean, bias: boolean],
  { normalizedShape: number | Sizes },
  LayerNormLayerOptions
>;

/** Normalises over the last dimensions, whose sizes are given (Ba et al. 2016). */
export class LayerNorm extends Module {
  /** The sizes of the dimensions that are normalised together. */
  readonly normalizedShape: Sizes;
  /** Added to the variance. */
  readonly eps: number;
  /** Whether there are a weight and a bias. */
  readonly elementwiseAffine: boolean;
  /** A factor per element, or `null`. */
  weight: Parameter | null = null;
  /** Added per element, or `null`. */
  bias: Parameter | null = null;

  /** `new LayerNorm(512)`, `new LayerNorm([5, 10])`. */
  constructor(...args: LayerNormArguments) {
    super();
    const { normalizedShape, ...o } = called<{ normalizedShape: number | Sizes } & LayerNormLayerOptions>(
      "LayerNorm",
      args,
      ["normalizedShape"],
      ["eps", "elementwiseAffine", "bias"],
      factoryOptions,
    );
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    this.eps = o.eps ?? 1e-5;
    this.elementwiseAffine = o.elementwiseAffine ?? true;
    if (this.elementwiseAffine) {
      this.weight = parameter(this.normalizedShape, o);
      if (o.bias ?? true) this.bias = parameter(this.normalizedShape, o);
    }
    this.resetParameters();
  }

  /** Sets the weight to one and the bias to zero. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `${formatTuple(this.normalizedShape)}, eps=${formatFloat(this.eps)}, elementwise_affine=${
      formatValue(this.elementwiseAffine)
    }, bias=${formatValue(this.bias !== null)}`;
  }
}

/** Options of {@linkcode RMSNorm}. */
export interface RMSNormLayerOptions extends FactoryOptions {
  /** Added to the mean square. Default: the type's machine epsilon. */
  eps?: number | null;
  /** Whether there is a weight. Default: true. */
  elementwiseAffine?: boolean;
}

/** The arguments of {@linkcode RMSNorm}. */
export type RMSNormArguments = Arguments<
  [normalizedShape: number | Sizes],
  [eps: number | null, elementwiseAffine: boolean],
  { normalizedShape: number | Sizes },
  RMSNormLayerOptions
>;

/** Divides by the root of the mean square over the last dimensions (Zhang and Sennrich 2019). */
export class RMSNorm extends Module {
  /** The sizes of the dimensions that are normalised together. */
  readonly normalizedShape: Sizes;
  /** Added to the mean square. */
  readonly eps: number | null;
  /** Whether there is a weight. */
  readonly elementwiseAffine: boolean;
  /** A factor per element, or `null`. */
  weight: Parameter | null = null;

  /** `new RMSNorm(512)`. */
  constructor(...args: RMSNormArguments) {
    super();
    const { normalizedShape, ...o } = called<{ normalizedShape: number | Sizes } & RMSNormLayerOptions>(
      "RMSNorm",
      args,
      ["normalizedShape"],
      ["eps", "elementwiseAffine"],
      factoryOptions,
    );
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    this.eps = o.eps ?? null;
    this.elementwiseAffine = o.elementwiseAffine ?? true;
    if (this.elementwiseAffine) this.weight = parameter(this.normalizedShape, o);
    this.resetParameters();
  }

  /** Sets the weight to one. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const eps = this.eps === null ? "None" : formatFloat(this.eps);
    return `${formatTuple(this.normalizedShape)}, eps=${eps}, elementwise_affine=${
      formatValue(this.elementwiseAffine)
    }`;
  }
}

/** Options of {@linkcode GroupNorm}. */
export interface GroupNormLayerOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether there are a weight and a bias per channel. Default: true. */
  affine?: boolean;
  /** Whether there is a bias, where there is a weight. Default: true. */
  bias?: boolean;
}

/** The arguments of {@linkcode GroupNorm}. */
export type GroupNormArguments = Arguments<
  [numGroups: number, numChannels: number],
  [eps: number, affine: boolean],
  { numGroups: number; numChannels: number },
  GroupNormLayerOptions
>;

/** Normalises `[batch, channels, …]` over groups of channels (Wu and He 2018). */
export class GroupNorm extends Module {
  /** The number of groups. */
  readonly numGroups: number;
  /** The number of channels. */
  readonly numChannels: number;
  /** Added to the variance. */
  readonly eps: number;
  /** Whether there are a weight and a bias. */
  readonly affine: boolean;
  /** A factor per channel, or `null`. */
  weight: Parameter | null = null;
  /** Added per channel, or `null`. */
  bias: Parameter | null = null;

  /** `new GroupNorm(3, 6)`. */
  constructor(...args: GroupNormArguments) {
    super();
    const { numGroups, numChannels, ...o } = called<
      { numGroups: number; numChannels: number } & GroupNormLayerOptions
    >("GroupNorm", args, ["numGroups", "numChannels"], ["eps", "affine"], ["bias", ...factoryOptions]);
    if (numChannels % numGroups !== 0) {
      throw new RangeError(`num_channels (${numChannels}) must be divisible by num_groups (${numGroups})`);
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = o.eps ?? 1e-5;
    this.affine = o.affine ?? true;
    if (this.affine) {
      this.weight = parameter([numChannels], o);
      if (o.bias ?? true) this.bias = parameter([numChannels], o);
    }
    this.resetParameters();
  }

  /** Sets the weight to one and the bias to zero. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${formatFloat(this.eps)}, affine=${
      formatValue(this.affine)
    }, bias=${formatValue(this.bias !== null)}`;
  }
}

/** Options of {@linkcode LocalResponseNorm}. */
export interface LocalResponseNormOptions {
  /** The factor of the squares. Default: 1e-4. */
  alpha?: number;
  /** The exponent. Default: 0.75. */
  beta?: number;
  /** Added to the squares. Default: 1. */
  k?: number;
}

/** The arguments of {@linkcode LocalResponseNorm}. */
export type LocalResponseNormArguments = Arguments<
  [size: number],
  [alpha: number, beta: number, k: number],
  { size: number },
  LocalResponseNormOptions
>;

/** Divides by the squares of neighbouring channels (Krizhevsky et al. 2012). */
export class LocalResponseNorm extends Module {
  /** The number of neighbouring channels. */
  readonly size: number;
  /** The factor of the squares. */
  readonly alpha: number;
  /** The exponent. */
  readonly beta: number;
  /** Added to the squares. */
  readonly k: number;

  /** `new LocalResponseNorm(2)`. */
  constructor(...args: LocalResponseNormArguments) {
    super();
    const { size, ...o } = called<{ size: number } & LocalResponseNormOptions>("LocalResponseNorm", args, ["size"], [
      "alpha",
      "beta",
      "k",
    ]);
    this.size = size;
    this.alpha = o.alpha ?? 1e-4;
    this.beta = o.beta ?? 0.75;
    this.k = o.k ?? 1;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.alpha, this.beta, this.k);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `${this.size}, alpha=${formatFloat(this.alpha)}, beta=${formatFloat(this.beta)}, k=${formatFloat(this.k)}`;
  }
}

passesThrough(LayerNorm, RMSNorm, GroupNorm, LocalResponseNorm);
