/**
 * The layers of the Transformer (Vaswani et al. 2017).
 *
 * @module
 */
import { type Arguments, called, named, type Trailing } from "../arguments.ts";
import { mode } from "../autograd/mode.ts";
import { relu } from "../ops/activation.ts";
import { gelu } from "../ops/activations.ts";
import type { Tensor } from "../tensor.ts";
import { MultiheadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { type FactoryOptions, factoryOptions } from "./factory.ts";
import { Linear } from "./linear.ts";
import { type Layer, Module } from "./module.ts";
import { LayerNorm } from "./normalization.ts";

/** A function between the two linear layers. */
export type TransformerActivation = "relu" | "gelu" | ((x: Tensor) => Tensor) | Layer;

/** Options of {@linkcode TransformerEncoderLayer} and {@linkcode TransformerDecoderLayer}. */
export interface TransformerLayerOptions extends FactoryOptions {
  /** The width between the two linear layers. Default: 2048. */
  dimFeedforward?: number;
  /** The probability of dropout. Default: 0.1. */
  dropout?: number;
  /** The function between the two linear layers. Default: `"relu"`. */
  activation?: TransformerActivation;
  /** Added to variances. Default: 1e-5. */
  layerNormEps?: number;
  /** Whether inputs are `[batch, length, features]`. Default: false. */
  batchFirst?: boolean;
  /** Whether normalisation comes before attention and linear layers. Default: false. */
  normFirst?: boolean;
  /** Whether there are biases. Default: true. */
  bias?: boolean;
}

/** The required arguments of the layers, by name. */
export interface TransformerSizes {
  /** Features. */
  dModel: number;
  /** Heads. */
  nhead: number;
}

/** The arguments of the layers. */
export type TransformerLayerArguments = Arguments<
  [dModel: number, nhead: number],
  [
    dimFeedforward: number,
    dropout: number,
    activation: TransformerActivation,
    layerNormEps: number,
    batchFirst: boolean,
    normFirst: boolean,
    bias: boolean,
  ],
  TransformerSizes,
  TransformerLayerOptions
>;

/** The names of the options of the layers, in their order. @internal */
export const layerOptions = [
  "dimFeedforward",
  "dropout",
  "activation",
  "layerNormEps",
  "batchFirst",
  "normFirst",
  "bias",
] as const;

function layerArguments(name: string, args: TransformerLayerArguments): TransformerSizes & TransformerLayerOptions {
  return called<TransformerSizes & TransformerLayerOptions>(
    name,
    args,
    ["dModel", "nhead"],
    layerOptions,
    factoryOptions,
  );
}

/** What both layers are made of; each constructor makes the parts in the order in which PyTorch draws their weights. */
function layerParts(name: string, args: TransformerLayerArguments) {
  const { dModel, nhead, ...options } = layerArguments(name, args);
  const { dimFeedforward = 2048, dropout = 0.1, bias = true, layerNormEps: eps = 1e-5, batchFirst, device, dtype } =
    options;
  const place = { device, dtype };
  return {
    attention: () => new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, ...place }),
    linear1: () => new Linear(dModel, dimFeedforward, { bias, ...place }),
    linear2: () => new Linear(dimFeedforward, dModel, { bias, ...place }),
    norm: () => new LayerNorm(dModel, { eps, bias, ...place }),
    dropout: () => new Dropout(dropout),
    normFirst: options.normFirst ?? false,
    activation: resolve(options.activation ?? "relu"),
  };
}

function plainGelu(x: Tensor): Tensor {
  return gelu(x);
}

function resolve(activation: TransformerActivation): (x: Tensor) => Tensor {
  if (activation === "relu") return relu;
  if (activation === "gelu") return plainGelu;
  if (typeof activation === "function") return activation;
  throw new TypeError(`activation should be relu/gelu, not ${activation}`);
}

/** Masks of {@linkcode TransformerEncoderLayer}. */
export interface EncoderLayerMasks {
  /** `[length, length]`. Default: none. */
  srcMask?: Tensor | null;
  /** `[batch, length]`: true where an input is to be ignored. Default: none. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says that the mask is causal. Default: false. */
  isCausal?: boolean;
}

/** The masks in PyTorch's order, or by name. */
export type EncoderLayerCall = Trailing<
  [srcMask: Tensor | null, srcKeyPaddingMask: Tensor | null, isCausal: boolean],
  EncoderLayerMasks
>;

const encoderLayerMasks = ["srcMask", "srcKeyPaddingMask", "isCausal"] as const;

/** Self-attention and two linear layers, each with dropout, a shortcut and normalisation. */
export class TransformerEncoderLayer extends Module {
  /** Attention of the inputs to themselves. */
  self_attn: MultiheadAttention;
  /** To the inner width. */
  linear1: Linear;
  /** Between the linear layers. */
  dropout: Dropout;
  /** Back from the inner width. */
  linear2: Linear;
  /** Whether normalisation comes first. */
  readonly normFirst: boolean;
  /** After (or before) attention. */
  norm1: LayerNorm;
  /** After (or before) the linear layers. */
  norm2: LayerNorm;
  /** After attention. */
  dropout1: Dropout;
  /** After the linear layers. */
  dropout2: Dropout;
  /** Between the linear layers. */
  readonly activation: (x: Tensor) => Tensor;

  /** `new TransformerEncoderLayer(512, 8)`. */
  constructor(...args: TransformerLayerArguments) {
    super();
    const make = layerParts("TransformerEncoderLayer", args);
    this.self_attn = make.attention();
    this.linear1 = make.linear1();
    this.dropout = make.dropout();
    this.linear2 = make.linear2();
    this.normFirst = make.normFirst;
    this.norm1 = make.norm();
    this.norm2 = make.norm();
    this.dropout1 = make.dropout();
    this.dropout2 = make.dropout();
    this.activation = make.activation;
  }

  /** Whether PyTorch computes only what is not padded, when a padding mask says so. @internal */
  skipsPadding(): boolean {
    const { self_attn: attention, norm1, norm2 } = this;
    return !this.training && !this.normFirst && attention.batchFirst && attention.in_proj_bias !== null &&
      norm1.eps === norm2.eps && attention.numHeads % 2 === 0 &&
      (this.activation === relu || this.activation === plainGelu) &&
      !(mode.enabled && [...this.parameters()].some((p) => p.requiresGrad));
  }

  /** See the class. */
  override forward(x: Tensor, ...rest: EncoderLayerCall): Tensor {
    const { srcMask: attnMask, srcKeyPaddingMask: keyPaddingMask, isCausal } = named<EncoderLayerMasks>(
      "TransformerEncoderLayer",
      rest,
      encoderLayerMasks,
    );
    const attention = (x: Tensor): Tensor =>
      this.dropout1(this.self_attn(x, x, x, { attnMask, keyPaddingMask, isCausal, needWeights: false })[0]);
    const feedForward = (x: Tensor): Tensor =>
      this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(x)))));
    if (this.normFirst) {
      x = x.add(attention(this.norm1(x)));
      return x.add(feedForward(this.norm2(x)));
    }
    x = this.norm1(x.add(attention(x)));
    return this.norm2(x.add(feedForward(x)));
  }
}

/** Masks of {@linkcode TransformerDecoderLayer} and {@linkcode TransformerDecoder}. */
export interface DecoderMasks {
  /** `[length, length]`. Default: none. */
  tgtMask?: Tensor | null;
  /** `[length, source]`. Default: none. */
  memoryMask?: Tensor | null;
  /** `[batch, length]`. Default: none. */
  tgtKeyPaddingMask?: Tensor | null;
  /** `[batch, source]`. Default: none. */
  memoryKeyPaddingMask?: Tensor | null;
  /** Says that `tgtMask` is causal. Default: false. */
  tgtIsCausal?: boolean;
  /** Says that `memoryMask` is causal. Default: false. */
  memoryIsCausal?: boolean;
}

/** The masks in PyTorch's order, or by name. */
export type DecoderCall = Trailing<
  [
    tgtMask: Tensor | null,
    memoryMask: Tensor | null,
    tgtKeyPaddingMask: Tensor | null,
    memoryKeyPaddingMask: Tensor | null,
    tgtIsCausal: boolean,
    memoryIsCausal: boolean,
  ],
  DecoderMasks
>;

const decoderMasks = [
  "tgtMask",
  "memoryMask",
  "tgtKeyPaddingMask",
  "memoryKeyPaddingMask",
  "tgtIsCausal",
  "memoryIsCausal",
] as const;

/** Self-attention, attention to the encoder's output, and two linear layers. */
export class TransformerDecoderLayer extends Module {
  /** Attention of the inputs to themselves. */
  self_attn: MultiheadAttention;
  /** Attention to the encoder's output. */
  multihead_attn: MultiheadAttention;
  /** To the inner width. */
  linear1: Linear;
  /** Between the linear layers. */
  dropout: Dropout;
  /** Back from the inner width. */
  linear2: Linear;
  /** Whether normalisation comes first. */
  readonly normFirst: boolean;
  /** After (or before) self-attention. */
  norm1: LayerNorm;
  /** After (or before) attention to the encoder. */
  norm2: LayerNorm;
  /** After (or before) the linear layers. */
  norm3: LayerNorm;
  /** After self-attention. */
  dropout1: Dropout;
  /** After attention to the encoder. */
  dropout2: Dropout;
  /** After the linear layers. */
  dropout3: Dropout;
  /** Between the linear layers. */
  readonly activation: (x: Tensor) => Tensor;

  /** `new TransformerDecoderLayer(512, 8)`. */
  constructor(...args: TransformerLayerArguments) {
    super();
    const make = layerParts("TransformerDecoderLayer", args);
    this.self_attn = make.attention();
    this.multihead_attn = make.attention();
    this.linear1 = make.linear1();
    this.dropout = make.dropout();
    this.linear2 = make.linear2();
    this.normFirst = make.normFirst;
    this.norm1 = make.norm();
    this.norm2 = make.norm();
    this.norm3 = make.norm();
    this.dropout1 = make.dropout();
    this.dropout2 = make.dropout();
    this.dropout3 = make.dropout();
    this.activation = make.activation;
  }

  /** See the class. */
  override forward(x: Tensor, memory: Tensor, ...rest: DecoderCall): Tensor {
    const o = named<DecoderMasks>("TransformerDecoderLayer", rest, decoderMasks);
    const own = { attnMask: o.tgtMask, keyPaddingMask: o.tgtKeyPaddingMask, isCausal: o.tgtIsCausal };
    const other = { attnMask: o.memoryMask, keyPaddingMask: o.memoryKeyPaddingMask, isCausal: o.memoryIsCausal };
    const selfAttention = (x: Tensor): Tensor =>
      this.dropout1(this.self_attn(x, x, x, { ...own, needWeights: false })[0]);
    const memoryAttention = (x: Tensor): Tensor =>
      this.dropout2(this.multihead_attn(x, memory, memory, { ...other, needWeights: false })[0]);
    const feedForward = (x: Tensor): Tensor =>
      this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(x)))));
    if (this.normFirst) {
      x = x.add(selfAttention(this.norm1(x)));
      x = x.add(memoryAttention(this.norm2(x)));
      return x.add(feedForward(this.norm3(x)));
    }
    x = this.norm1(x.add(selfAttention(x)));
    x = this.norm2(x.add(memoryAttention(x)));
    return this.norm3(x.add(feedForward(x)));
  }
}
