/**
 * Tables of vectors.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { formatFloat, formatValue } from "../format.ts";
import { type EmbeddingOptions, paddingRow, renorm_, takeEmbedding } from "../ops/embedding.ts";
import { type BagMode, embeddingBag, type EmbeddingBagOptions } from "../ops/embedding_bag.ts";
import { Parameter, type Tensor } from "../tensor.ts";
import { noGrad } from "../autograd/mode.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { normal_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** Options of {@linkcode Embedding}. */
export interface EmbeddingLayerOptions extends EmbeddingOptions, FactoryOptions {}

/** The sizes of a table, by name. */
export interface TableSizes {
  /** The number of vectors. */
  numEmbeddings: number;
  /** The length of a vector. */
  embeddingDim: number;
}

/** The arguments of {@linkcode Embedding}. */
export type EmbeddingArguments = Arguments<
  [numEmbeddings: number, embeddingDim: number],
  [
    paddingIdx: number | null,
    maxNorm: number | null,
    normType: number,
    scaleGradByFreq: boolean,
    sparse: boolean,
  ],
  TableSizes,
  EmbeddingLayerOptions
>;

const sizes = ["numEmbeddings", "embeddingDim"] as const;

/**
 * A vector for each of `numEmbeddings` indices.
 *
 * @example
 * ```ts
 * import { LongTensor, nn } from "@raptorch/raptorch";
 * const words = new nn.Embedding(10, 3);
 * console.assert(String(words(LongTensor([[1, 2], [4, 5]])).shape) === "torch.Size([2, 2, 3])");
 * ```
 */
export class Embedding extends Module {
  /** The number of vectors. */
  readonly numEmbeddings: number;
  /** The length of a vector. */
  readonly embeddingDim: number;
  /** A row that stays zero and gets no gradient. */
  readonly paddingIdx: number | null;
  /** Rows with a larger norm are scaled down to it. */
  readonly maxNorm: number | null;
  /** Which norm that is. */
  readonly normType: number;
  /** Whether gradients are divided by how often a row occurs. */
  readonly scaleGradByFreq: boolean;
  /** Accepted for PyTorch's sake. */
  readonly sparse: boolean;
  /** `[numEmbeddings, embeddingDim]`. */
  weight: Parameter;

  /** A table of normal numbers. */
  constructor(...args: EmbeddingArguments) {
    super();
    const { numEmbeddings, embeddingDim, ...options } = called<TableSizes & EmbeddingLayerOptions>(
      "Embedding",
      args,
      sizes,
      ["paddingIdx", "maxNorm", "normType", "scaleGradByFreq", "sparse"],
      factoryOptions,
    );
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    const row = paddingRow("Embedding", options.paddingIdx, numEmbeddings);
    this.paddingIdx = row < 0 ? null : row;
    this.maxNorm = options.maxNorm ?? null;
    this.normType = options.normType ?? 2;
    this.scaleGradByFreq = options.scaleGradByFreq ?? false;
    this.sparse = options.sparse ?? false;
    this.weight = parameter([numEmbeddings, embeddingDim], options);
    this.resetParameters();
  }

  /** A layer with the given table. */
  static fromPretrained(table: Tensor, options: EmbeddingOptions & { freeze?: boolean } = {}): Embedding {
    const { freeze = true, ...rest } = options;
    if (table.ndim !== 2) throw new RangeError("Embeddings parameter is expected to be 2-dimensional");
    const layer = new Embedding(1, 1, { ...rest, paddingIdx: null });
    Object.assign(layer, {
      numEmbeddings: table.sizes[0],
      embeddingDim: table.sizes[1],
      paddingIdx: rest.paddingIdx ?? null,
      weight: new Parameter(table.detach(), !freeze),
    });
    return layer;
  }

  /** Draws the table anew. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).zero_());
  }

  /** The rows of the table. */
  override forward(x: Tensor): Tensor {
    if (this.maxNorm !== null) renorm_(this.weight, x, this.maxNorm, this.normType);
    return takeEmbedding(x, this.weight, this.paddingIdx ?? -1, this.scaleGradByFreq);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    let text = `${this.numEmbeddings}, ${this.embeddingDim}`;
    if (this.paddingIdx !== null) text += `, padding_idx=${this.paddingIdx}`;
    if (this.maxNorm !== null) text += `, max_norm=${formatFloat(this.maxNorm)}`;
    if (this.normType !== 2) text += `, norm_type=${formatFloat(this.normType)}`;
    if (this.scaleGradByFreq) text += ", scale_grad_by_freq=True";
    if (this.sparse) text += ", sparse=True";
    return text;
  }
}

/** Options of {@linkcode EmbeddingBag}. */
export interface EmbeddingBagLayerOptions extends EmbeddingLayerOptions {
  /** How rows are joined. Default: `"mean"`. */
  mode?: BagMode;
  /** Whether the last offset is the end of the last bag. Default: false. */
  includeLastOffset?: boolean;
}

/** The arguments of {@linkcode EmbeddingBag}. */
export type EmbeddingBagArguments = Arguments<
  [numEmbeddings: number, embeddingDim: number],
  [maxNorm: number | null, normType: number, scaleGradByFreq: boolean, mode: BagMode, sparse: boolean],
  TableSizes,
  EmbeddingBagLayerOptions
>;

/** Sums, means or maxima of bags of vectors. */
export class EmbeddingBag extends Module {
  /** The number of vectors. */
  readonly numEmbeddings: number;
  /** The length of a vector. */
  readonly embeddingDim: number;
  /** How rows are joined. */
  readonly mode: BagMode;
  /** `[numEmbeddings, embeddingDim]`. */
  weight: Parameter;
  /** The options of the function. @internal */
  protected readonly options: EmbeddingBagOptions;

  /** A table of normal numbers. */
  constructor(...args: EmbeddingBagArguments) {
    super();
    const { numEmbeddings, embeddingDim, ...options } = called<TableSizes & EmbeddingBagLayerOptions>(
      "EmbeddingBag",
      args,
      sizes,
      ["maxNorm", "normType", "scaleGradByFreq", "mode", "sparse"],
      ["includeLastOffset", "paddingIdx", ...factoryOptions],
    );
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.mode = options.mode ?? "mean";
    const { device: _, dtype: __, ...rest } = options;
    this.options = rest;
    this.weight = parameter([numEmbeddings, embeddingDim], options);
    this.resetParameters();
  }

  /** Draws the table anew. */
  resetParameters(): void {
    normal_(this.weight);
    const row = paddingRow("EmbeddingBag", this.options.paddingIdx, this.numEmbeddings);
    if (row >= 0) noGrad(() => this.weight.select(0, row).zero_());
  }

  /** One vector for each bag. */
  override forward(x: Tensor, offsets: Tensor | null = null, perSampleWeights: Tensor | null = null): Tensor {
    return embeddingBag(x, this.weight, { ...this.options, mode: this.mode, offsets, perSampleWeights });
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const { maxNorm = null, normType = 2, scaleGradByFreq = false, paddingIdx = null } = this.options;
    let text = `${this.numEmbeddings}, ${this.embeddingDim}`;
    if (maxNorm !== null) text += `, max_norm=${formatFloat(maxNorm)}`;
    if (normType !== 2) text += `, norm_type=${formatFloat(normType)}`;
    if (scaleGradByFreq) text += ", scale_grad_by_freq=True";
    text += `, mode=${formatValue(this.mode)}`;
    return paddingIdx === null ? text : `${text}, padding_idx=${paddingIdx}`;
  }
}

passesThrough(Embedding, EmbeddingBag);
