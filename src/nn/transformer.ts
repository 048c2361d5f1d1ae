/**
 * The Transformer (Vaswani et al. 2017).
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import { getRngState, setRngState } from "../generator.ts";
import { cpu } from "../device.ts";
import { getDefaultDtype } from "../dtype.ts";
import { empty } from "../make.ts";
import { relu } from "../ops/activation.ts";
import { gelu } from "../ops/activations.ts";
import { causalMask } from "../ops/attention.ts";
import { maskedFill } from "../ops/where.ts";
import type { Tensor } from "../tensor.ts";
import { MultiheadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { type FactoryOptions, factoryOptions } from "./factory.ts";
import { xavierUniform_ } from "./init.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { ModuleList } from "./module_list.ts";
import { LayerNorm } from "./normalization.ts";

/** A function between the two linear layers. */
export type TransformerActivation = "relu" | "gelu" | ((x: Tensor) => Tensor);

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

const known = [
  "dimFeedforward",
  "dropout",
  "activation",
  "layerNormEps",
  "batchFirst",
  "normFirst",
  "bias",
  ...factoryOptions,
];

function resolve(activation: TransformerActivation): (x: Tensor) => Tensor {
  if (activation === "relu") return relu;
  if (activation === "gelu") return (x) => gelu(x);
  if (typeof activation === "function") return activation;
  throw new TypeError(`activation should be relu/gelu, not ${activation}`);
}

/** A layer that can make copies of itself, weights included, without drawing random numbers. */
export interface Cloneable<M extends Module> {
  /** A copy with the same weights. */
  clone(): M;
}

/** A copy of `layer` as `make` builds it, with the layer's weights; the random state stays as it is. */
function copied<M extends Module>(layer: M, make: () => M): M {
  const state = getRngState();
  const copy = make();
  setRngState(state);
  copy.loadStateDict(layer.stateDict());
  return copy.train(layer.training);
}

/** Masks of {@linkcode TransformerEncoderLayer} and {@linkcode TransformerEncoder}. */
export interface EncoderMasks {
  /** `[length, length]`, of the encoder. Default: none. */
  mask?: Tensor | null;
  /** The same, of a layer. Default: none. */
  srcMask?: Tensor | null;
  /** `[batch, length]`: true where an input is to be ignored. Default: none. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says that the mask is causal. Default: false. */
  isCausal?: boolean;
}

/** Self-attention and two linear layers, each with dropout, a shortcut and normalisation. */
export class TransformerEncoderLayer extends Module implements Cloneable<TransformerEncoderLayer> {
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
  readonly #activation: (x: Tensor) => Tensor;
  readonly #arguments: [number, number, TransformerLayerOptions];

  /** `new TransformerEncoderLayer(512, 8)`. */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    checkOptions("TransformerEncoderLayer", options, known);
    const { dimFeedforward = 2048, dropout = 0.1, bias = true, layerNormEps: eps = 1e-5, batchFirst, device, dtype } =
      options;
    const place = { device, dtype };
    this.#arguments = [dModel, nhead, options];
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, ...place });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, ...place });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, ...place });
    this.normFirst = options.normFirst ?? false;
    this.norm1 = new LayerNorm(dModel, { eps, bias, ...place });
    this.norm2 = new LayerNorm(dModel, { eps, bias, ...place });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.#activation = resolve(options.activation ?? "relu");
  }

  /** See the class. */
  override forward(x: Tensor, masks: EncoderMasks = {}): Tensor {
    checkOptions("TransformerEncoderLayer", masks, ["mask", "srcMask", "srcKeyPaddingMask", "isCausal"]);
    if (this.normFirst) {
      x = x.add(this.#attention(this.norm1(x), masks));
      return x.add(this.#feedForward(this.norm2(x)));
    }
    x = this.norm1(x.add(this.#attention(x, masks)));
    return this.norm2(x.add(this.#feedForward(x)));
  }

  #attention(x: Tensor, masks: EncoderMasks): Tensor {
    const [y] = this.self_attn(x, x, x, {
      attnMask: masks.srcMask ?? masks.mask ?? null,
      keyPaddingMask: masks.srcKeyPaddingMask ?? null,
      needWeights: false,
    });
    return this.dropout1(y);
  }

  #feedForward(x: Tensor): Tensor {
    return this.dropout2(this.linear2(this.dropout(this.#activation(this.linear1(x)))));
  }

  /** A copy with the same weights. */
  clone(): TransformerEncoderLayer {
    return copied<TransformerEncoderLayer>(this, () => new TransformerEncoderLayer(...this.#arguments));
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

const decoderMasks = [
  "tgtMask",
  "memoryMask",
  "tgtKeyPaddingMask",
  "memoryKeyPaddingMask",
  "tgtIsCausal",
  "memoryIsCausal",
];

/** Self-attention, attention to the encoder's output, and two linear layers. */
export class TransformerDecoderLayer extends Module implements Cloneable<TransformerDecoderLayer> {
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
  readonly #activation: (x: Tensor) => Tensor;
  readonly #arguments: [number, number, TransformerLayerOptions];

  /** `new TransformerDecoderLayer(512, 8)`. */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    checkOptions("TransformerDecoderLayer", options, known);
    const { dimFeedforward = 2048, dropout = 0.1, bias = true, layerNormEps: eps = 1e-5, batchFirst, device, dtype } =
      options;
    const place = { device, dtype };
    this.#arguments = [dModel, nhead, options];
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, ...place });
    this.multihead_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, ...place });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, ...place });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, ...place });
    this.normFirst = options.normFirst ?? false;
    this.norm1 = new LayerNorm(dModel, { eps, bias, ...place });
    this.norm2 = new LayerNorm(dModel, { eps, bias, ...place });
    this.norm3 = new LayerNorm(dModel, { eps, bias, ...place });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.#activation = resolve(options.activation ?? "relu");
  }

  /** See the class. */
  override forward(x: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    checkOptions("TransformerDecoderLayer", masks, decoderMasks);
    if (this.normFirst) {
      x = x.add(this.#selfAttention(this.norm1(x), masks));
      x = x.add(this.#memoryAttention(this.norm2(x), memory, masks));
      return x.add(this.#feedForward(this.norm3(x)));
    }
    x = this.norm1(x.add(this.#selfAttention(x, masks)));
    x = this.norm2(x.add(this.#memoryAttention(x, memory, masks)));
    return this.norm3(x.add(this.#feedForward(x)));
  }

  #selfAttention(x: Tensor, masks: DecoderMasks): Tensor {
    const { tgtMask: attnMask, tgtKeyPaddingMask: keyPaddingMask } = masks;
    return this.dropout1(this.self_attn(x, x, x, { attnMask, keyPaddingMask, needWeights: false })[0]);
  }

  #memoryAttention(x: Tensor, memory: Tensor, masks: DecoderMasks): Tensor {
    const { memoryMask: attnMask, memoryKeyPaddingMask: keyPaddingMask } = masks;
    return this.dropout2(this.multihead_attn(x, memory, memory, { attnMask, keyPaddingMask, needWeights: false })[0]);
  }

  #feedForward(x: Tensor): Tensor {
    return this.dropout3(this.linear2(this.dropout(this.#activation(this.linear1(x)))));
  }

  /** A copy with the same weights. */
  clone(): TransformerDecoderLayer {
    return copied<TransformerDecoderLayer>(this, () => new TransformerDecoderLayer(...this.#arguments));
  }
}

/** Copies of an encoder layer, one after the other. */
export class TransformerEncoder extends Module {
  /** The layers. */
  layers: ModuleList<TransformerEncoderLayer>;
  /** The number of layers. */
  readonly numLayers: number;
  /** Normalises the output, or `null`. */
  norm: LayerNorm | null;

  /** `new TransformerEncoder(layer, 6)`. */
  constructor(encoderLayer: TransformerEncoderLayer, numLayers: number, norm: LayerNorm | null = null) {
    super();
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => encoderLayer.clone()));
    this.numLayers = numLayers;
    this.norm = norm;
  }

  /** See the class. */
  override forward(x: Tensor, masks: EncoderMasks = {}): Tensor {
    for (const layer of this.layers) x = layer(x, masks);
    return this.norm === null ? x : this.norm(x);
  }
}

/** Copies of a decoder layer, one after the other. */
export class TransformerDecoder extends Module {
  /** The layers. */
  layers: ModuleList<TransformerDecoderLayer>;
  /** The number of layers. */
  readonly numLayers: number;
  /** Normalises the output, or `null`. */
  norm: LayerNorm | null;

  /** `new TransformerDecoder(layer, 6)`. */
  constructor(decoderLayer: TransformerDecoderLayer, numLayers: number, norm: LayerNorm | null = null) {
    super();
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => decoderLayer.clone()));
    this.numLayers = numLayers;
    this.norm = norm;
  }

  /** See the class. */
  override forward(x: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    for (const layer of this.layers) x = layer(x, memory, masks);
    return this.norm === null ? x : this.norm(x);
  }
}

/** Options of {@linkcode Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Features. Default: 512. */
  dModel?: number;
  /** Heads. Default: 8. */
  nhead?: number;
  /** Layers of the encoder. Default: 6. */
  numEncoderLayers?: number;
  /** Layers of the decoder. Default: 6. */
  numDecoderLayers?: number;
}

/** An encoder and a decoder. */
export class Transformer extends Module {
  /** Reads the source. */
  encoder: TransformerEncoder;
  /** Writes the target. */
  decoder: TransformerDecoder;
  /** Features. */
  readonly dModel: number;
  /** Heads. */
  readonly nhead: number;
  /** Whether inputs are `[batch, length, features]`. */
  readonly batchFirst: boolean;

  /** `new Transformer({ nhead: 16, numEncoderLayers: 12 })`. */
  constructor(options: TransformerOptions = {}) {
    super();
    checkOptions("Transformer", options, [...known, "dModel", "nhead", "numEncoderLayers", "numDecoderLayers"]);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...rest } = options;
    const { layerNormEps: eps = 1e-5, bias = true, device, dtype } = options;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, device, dtype });
    const encoderLayer = new TransformerEncoderLayer(dModel, nhead, rest);
    this.encoder = new TransformerEncoder(encoderLayer, numEncoderLayers, norm());
    const decoderLayer = new TransformerDecoderLayer(dModel, nhead, rest);
    this.decoder = new TransformerDecoder(decoderLayer, numDecoderLayers, norm());
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = options.batchFirst ?? false;
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
  }

  /** The decoder's output for a source and a target. */
  override forward(
    src: Tensor,
    tgt: Tensor,
    masks: DecoderMasks & { srcMask?: Tensor | null; srcKeyPaddingMask?: Tensor | null } = {},
  ): Tensor {
    const { srcMask = null, srcKeyPaddingMask = null, ...rest } = masks;
    if (src.sizes[src.ndim - 1] !== this.dModel || tgt.sizes[tgt.ndim - 1] !== this.dModel) {
      throw new RangeError("the feature number of src and tgt must be equal to d_model");
    }
    return this.decoder(tgt, this.encoder(src, { srcMask, srcKeyPaddingMask }), rest);
  }

  /** A `[size, size]` mask: −∞ above the diagonal, so that a position sees none after it. */
  static generateSquareSubsequentMask(size: number): Tensor {
    const zero = empty([size, size], getDefaultDtype(), cpu).fill_(0);
    return maskedFill(zero, causalMask(size, size, zero).logicalNot(), -Infinity);
  }

  /** See the static method of the same name. */
  generateSquareSubsequentMask(size: number): Tensor {
    return Transformer.generateSquareSubsequentMask(size);
  }
}
