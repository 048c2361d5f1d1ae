/**
 * Transformers: stacks of their layers (Vaswani et al. 2017).
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { mode } from "../autograd/mode.ts";
import { getDefaultDevice } from "../device.ts";
import { bool, getDefaultDtype } from "../dtype.ts";
import { empty } from "../make.ts";
import { causalMask } from "../ops/attention.ts";
import { unsqueeze } from "../ops/movement.ts";
import { maskedFill } from "../ops/where.ts";
import type { Tensor } from "../tensor.ts";
import { factoryOptions } from "./factory.ts";
import { xavierUniform_ } from "./init.ts";
import { type Layer, Module } from "./module.ts";
import { ModuleList } from "./module_list.ts";
import { LayerNorm } from "./normalization.ts";
import {
  type DecoderCall,
  type DecoderMasks,
  layerOptions,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from "./transformer_layers.ts";
import type { TransformerActivation } from "./transformer_layers.ts";
export * from "./transformer_layers.ts";

/** Masks of {@linkcode TransformerEncoder}. */
export interface EncoderMasks {
  /** `[length, length]`. Default: none. */
  mask?: Tensor | null;
  /** `[batch, length]`: true where an input is to be ignored. Default: none. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says whether the mask is causal. Default: found out. */
  isCausal?: boolean | null;
}

/** The masks in PyTorch's order, or by name. */
export type EncoderCall = Trailing<
  [mask: Tensor | null, srcKeyPaddingMask: Tensor | null, isCausal: boolean | null],
  EncoderMasks
>;

/** Options of {@linkcode TransformerEncoder}. */
export interface TransformerEncoderOptions {
  /** Normalises the output. Default: none. */
  norm?: Layer | null;
  /** Whether padded positions are zero where PyTorch leaves them out of the computation. Default: true. */
  enableNestedTensor?: boolean;
  /** Accepted for PyTorch's sake. Default: true. */
  maskCheck?: boolean;
}

/** Whether every row of a bool mask has its true elements at the end. */
function leftAligned(padding: Tensor): boolean {
  const [, length] = padding.sizes;
  if (length < 2) return true;
  const [before, after] = [padding.narrow(1, 0, length - 1), padding.narrow(1, 1, length - 1)];
  return !before.logicalAnd(after.logicalNot()).any().item();
}

/** Copies of an encoder layer, one after the other. */
export class TransformerEncoder extends Module {
  /** The layers. */
  layers: ModuleList<TransformerEncoderLayer>;
  /** The number of layers. */
  readonly numLayers: number;
  /** Normalises the output, or `null`. */
  norm: Layer | null;
  /** Whether padded positions are zero where PyTorch leaves them out of the computation. */
  readonly enableNestedTensor: boolean;

  /** `new TransformerEncoder(layer, 6)`. */
  constructor(
    encoderLayer: TransformerEncoderLayer,
    numLayers: number,
    ...rest: Trailing<[norm: Layer | null, enableNestedTensor: boolean, maskCheck: boolean], TransformerEncoderOptions>
  ) {
    super();
    const o = named<TransformerEncoderOptions>("TransformerEncoder", rest, [
      "norm",
      "enableNestedTensor",
      "maskCheck",
    ]);
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => encoderLayer.deepcopy()));
    this.numLayers = numLayers;
    this.norm = o.norm ?? null;
    this.enableNestedTensor = o.enableNestedTensor ?? true;
  }

  /**
   * The layers' output. Without gradients and in evaluation, PyTorch computes only what is not padded, where its nested
   * tensors allow that: the rest is zero before the last normalisation, and is here too.
   */
  override forward(x: Tensor, ...rest: EncoderCall): Tensor {
    const names = ["mask", "srcKeyPaddingMask", "isCausal"] as const;
    const o = named<EncoderMasks>("TransformerEncoder", rest, names);
    const mask = o.mask ?? null, padding = o.srcKeyPaddingMask ?? null;
    const first = this.layers.at(0);
    const nested = this.enableNestedTensor && first.skipsPadding() && mask === null && padding !== null &&
      padding.dtype === bool && x.ndim === 3 && !(mode.enabled && x.requiresGrad) && leftAligned(padding);
    for (const layer of this.layers) {
      x = layer(x, { srcMask: mask, srcKeyPaddingMask: padding, isCausal: o.isCausal ?? false });
    }
    if (nested) x = maskedFill(x, unsqueeze(padding, -1), 0);
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
  norm: Layer | null;

  /** `new TransformerDecoder(layer, 6)`. */
  constructor(
    decoderLayer: TransformerDecoderLayer,
    numLayers: number,
    ...rest: Trailing<[norm: Layer | null], { norm?: Layer | null }>
  ) {
    super();
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => decoderLayer.deepcopy()));
    this.numLayers = numLayers;
    this.norm = named<{ norm?: Layer | null }>("TransformerDecoder", rest, ["norm"]).norm ?? null;
  }

  /** See the class. */
  override forward(x: Tensor, memory: Tensor, ...masks: DecoderCall): Tensor {
    for (const layer of this.layers) x = layer(x, memory, ...masks);
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
  /** An encoder of your own. Default: a {@linkcode TransformerEncoder}. */
  customEncoder?: Module | null;
  /** A decoder of your own. Default: a {@linkcode TransformerDecoder}. */
  customDecoder?: Module | null;
}

/** The arguments of {@linkcode Transformer}. */
export type TransformerArguments = Trailing<
  [
    dModel: number,
    nhead: number,
    numEncoderLayers: number,
    numDecoderLayers: number,
    dimFeedforward: number,
    dropout: number,
    activation: TransformerActivation,
    customEncoder: Module | null,
    customDecoder: Module | null,
    layerNormEps: number,
    batchFirst: boolean,
    normFirst: boolean,
    bias: boolean,
  ],
  TransformerOptions
>;

/** Masks of {@linkcode Transformer}. */
export interface TransformerMasks extends DecoderMasks {
  /** `[source, source]`. Default: none. */
  srcMask?: Tensor | null;
  /** `[batch, source]`. Default: none. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says whether `srcMask` is causal. Default: found out. */
  srcIsCausal?: boolean | null;
}

/** The masks in PyTorch's order, or by name. */
export type TransformerCall = Trailing<
  [
    srcMask: Tensor | null,
    tgtMask: Tensor | null,
    memoryMask: Tensor | null,
    srcKeyPaddingMask: Tensor | null,
    tgtKeyPaddingMask: Tensor | null,
    memoryKeyPaddingMask: Tensor | null,
    srcIsCausal: boolean | null,
    tgtIsCausal: boolean,
    memoryIsCausal: boolean,
  ],
  TransformerMasks
>;

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
  constructor(...args: TransformerArguments) {
    super();
    const [feedforward, dropout, activation, ...others] = layerOptions;
    const names = ["dModel", "nhead", "numEncoderLayers", "numDecoderLayers"] as const;
    const options = named<TransformerOptions>("Transformer", args, [
      ...names,
      feedforward,
      dropout,
      activation,
      "customEncoder",
      "customDecoder",
      ...others,
    ], factoryOptions);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...own } = options;
    const { customEncoder = null, customDecoder = null, ...rest } = own;
    const { layerNormEps: eps = 1e-5, bias = true, device, dtype } = options;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, device, dtype });
    // Own ones are called as PyTorch calls them.
    this.encoder = customEncoder as TransformerEncoder | null ??
      new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, rest), numEncoderLayers, norm());
    this.decoder = customDecoder as TransformerDecoder | null ??
      new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, rest), numDecoderLayers, norm());
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = options.batchFirst ?? false;
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
  }

  /** The decoder's output for a source and a target. */
  override forward(src: Tensor, tgt: Tensor, ...masks: TransformerCall): Tensor {
    const o = named<TransformerMasks>("Transformer", masks, [
      "srcMask",
      "tgtMask",
      "memoryMask",
      "srcKeyPaddingMask",
      "tgtKeyPaddingMask",
      "memoryKeyPaddingMask",
      "srcIsCausal",
      "tgtIsCausal",
      "memoryIsCausal",
    ]);
    const { srcMask: mask, srcKeyPaddingMask, srcIsCausal: isCausal, ...rest } = o;
    const batch = this.batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.sizes[batch] !== tgt.sizes[batch]) {
      throw new RangeError("the batch number of src and tgt must be equal");
    }
    if (src.sizes[src.ndim - 1] !== this.dModel || tgt.sizes[tgt.ndim - 1] !== this.dModel) {
      throw new RangeError("the feature number of src and tgt must be equal to d_model");
    }
    return this.decoder(tgt, this.encoder(src, { mask, srcKeyPaddingMask, isCausal }), rest);
  }

  /** A `[size, size]` mask: −∞ above the diagonal, so that a position sees none after it. */
  static generateSquareSubsequentMask(size: number): Tensor {
    const zero = empty([size, size], getDefaultDtype(), getDefaultDevice()).fill_(0);
    return maskedFill(zero, causalMask(size, size, zero).logicalNot(), -Infinity);
  }

  /** See the static method of the same name. */
  generateSquareSubsequentMask(size: number): Tensor {
    return Transformer.generateSquareSubsequentMask(size);
  }
}
