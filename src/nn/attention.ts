/**
 * Attention with several heads.
 *
 * @module
 */
import { type Arguments, called, named, type Trailing } from "../arguments.ts";
import { formatSize, formatTuple } from "../format.ts";
import { add } from "../ops/arithmetic.ts";
import { attend, scaledDotProductAttention } from "../ops/attention.ts";
import { floatMask } from "../ops/attention_kernel.ts";
import { cat, split } from "../ops/join.ts";
import { linear } from "../ops/matmul.ts";
import { narrow, permute, reshape, squeeze, transpose, unsqueeze } from "../ops/movement.ts";
import { pad } from "../ops/pad.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { constant_, xavierNormal_, xavierUniform_ } from "./init.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

/** A {@linkcode Linear} by the name that PyTorch prints inside of attention. */
export class NonDynamicallyQuantizableLinear extends Linear {}

/** Options of {@linkcode MultiheadAttention}. */
export interface MultiheadAttentionOptions extends FactoryOptions {
  /** The probability of dropout of the weights. Default: 0. */
  dropout?: number;
  /** Whether there are biases. Default: true. */
  bias?: boolean;
  /** Whether a learned position is added to keys and values. Default: false. */
  addBiasKv?: boolean;
  /** Whether a position of zeros is added to keys and values. Default: false. */
  addZeroAttn?: boolean;
  /** Features of the keys. Default: those of the queries. */
  kdim?: number | null;
  /** Features of the values. Default: those of the queries. */
  vdim?: number | null;
  /** Whether inputs are `[batch, length, features]`. Default: false, `[length, batch, features]`. */
  batchFirst?: boolean;
}

/** Options of a call of {@linkcode MultiheadAttention}. */
export interface MultiheadAttentionCallOptions {
  /** `[batch, source]`: true, or −∞, where a key is to be ignored. Default: none. */
  keyPaddingMask?: Tensor | null;
  /** Whether the weights are returned. Default: true. */
  needWeights?: boolean;
  /** `[length, source]` or `[batch · heads, length, source]`: true, or −∞, where attention may not go. Default: none. */
  attnMask?: Tensor | null;
  /** Whether returned weights are the mean over the heads. Default: true. */
  averageAttnWeights?: boolean;
  /** Says that `attnMask` is causal; it must be given all the same. Default: false. */
  isCausal?: boolean;
}

/** The required arguments of {@linkcode MultiheadAttention}, by name. */
export interface AttentionSizes {
  /** Features of queries and outputs. */
  embedDim: number;
  /** The number of heads. */
  numHeads: number;
}

/** The arguments of {@linkcode MultiheadAttention}. */
export type MultiheadAttentionArguments = Arguments<
  [embedDim: number, numHeads: number],
  [
    dropout: number,
    bias: boolean,
    addBiasKv: boolean,
    addZeroAttn: boolean,
    kdim: number | null,
    vdim: number | null,
    batchFirst: boolean,
  ],
  AttentionSizes,
  MultiheadAttentionOptions
>;

/** The arguments of a call of {@linkcode MultiheadAttention} after query, key and value. */
export type MultiheadAttentionCall = Trailing<
  [
    keyPaddingMask: Tensor | null,
    needWeights: boolean,
    attnMask: Tensor | null,
    averageAttnWeights: boolean,
    isCausal: boolean,
  ],
  MultiheadAttentionCallOptions
>;

const callNames = ["keyPaddingMask", "needWeights", "attnMask", "averageAttnWeights", "isCausal"] as const;

/**
 * Attention of queries to keys and values in several heads (Vaswani et al. 2017).
 *
 * Shape: query `[length, batch, embedDim]`, key and value `[source, batch, …]`; output as the query, weights
 * `[batch, length, source]`.
 */
export class MultiheadAttention extends Module {
  /** Features of queries and outputs. */
  readonly embedDim: number;
  /** The number of heads. */
  readonly numHeads: number;
  /** The probability of dropout of the weights. */
  dropout: number;
  /** Whether inputs are `[batch, length, features]`. */
  readonly batchFirst: boolean;
  /** `[3 · embedDim, embedDim]`, or `null` where keys or values have other sizes. */
  in_proj_weight: Parameter | null = null;
  /** `[embedDim, embedDim]`, where keys or values have other sizes. */
  q_proj_weight: Parameter | null = null;
  /** `[embedDim, kdim]`, where keys or values have other sizes. */
  k_proj_weight: Parameter | null = null;
  /** `[embedDim, vdim]`, where keys or values have other sizes. */
  v_proj_weight: Parameter | null = null;
  /** `[3 · embedDim]`, or `null`. */
  in_proj_bias: Parameter | null = null;
  /** `[1, 1, embedDim]`, or `null`. */
  bias_k: Parameter | null = null;
  /** `[1, 1, embedDim]`, or `null`. */
  bias_v: Parameter | null = null;
  /** Joins the heads. */
  out_proj: NonDynamicallyQuantizableLinear;
  /** Whether a position of zeros is added to keys and values. */
  readonly addZeroAttn: boolean;

  /** `new MultiheadAttention(512, 8)`. */
  constructor(...args: MultiheadAttentionArguments) {
    super();
    const { embedDim, numHeads, ...options } = called<AttentionSizes & MultiheadAttentionOptions>(
      "MultiheadAttention",
      args,
      ["embedDim", "numHeads"],
      ["dropout", "bias", "addBiasKv", "addZeroAttn", "kdim", "vdim", "batchFirst"],
      factoryOptions,
    );
    const { bias = true, kdim, vdim } = options;
    if (!(embedDim > 0 && numHeads > 0)) {
      throw new RangeError(
        `embed_dim and num_heads must be greater than 0, got embed_dim=${embedDim} and num_heads=${numHeads} instead`,
      );
    }
    if (embedDim % numHeads !== 0) throw new RangeError("embed_dim must be divisible by num_heads");
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.dropout = options.dropout ?? 0;
    this.batchFirst = options.batchFirst ?? false;
    this.addZeroAttn = options.addZeroAttn ?? false;
    const keys = kdim ?? embedDim, values = vdim ?? embedDim;
    if (keys === embedDim && values === embedDim) this.in_proj_weight = parameter([3 * embedDim, embedDim], options);
    else {
      this.q_proj_weight = parameter([embedDim, embedDim], options);
      this.k_proj_weight = parameter([embedDim, keys], options);
      this.v_proj_weight = parameter([embedDim, values], options);
    }
    if (bias) this.in_proj_bias = parameter([3 * embedDim], options);
    const { device, dtype } = options;
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, device, dtype });
    if (options.addBiasKv) {
      this.bias_k = parameter([1, 1, embedDim], options);
      this.bias_v = parameter([1, 1, embedDim], options);
    }
    this.resetParameters();
  }

  /** Draws the projections anew. */
  resetParameters(): void {
    for (const w of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight]) {
      if (w !== null) xavierUniform_(w);
    }
    if (this.in_proj_bias !== null) {
      constant_(this.in_proj_bias, 0);
      constant_(this.out_proj.bias!, 0);
    }
    if (this.bias_k !== null) xavierNormal_(this.bias_k);
    if (this.bias_v !== null) xavierNormal_(this.bias_v);
  }

  /** The attention's output, and its weights unless `needWeights` is false. */
  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...rest: MultiheadAttentionCall
  ): [output: Tensor, weights: Tensor | null] {
    const options = named<MultiheadAttentionCallOptions>("MultiheadAttention", rest, callNames);
    checkDims(query, key, value, options);
    if (options.isCausal && !options.attnMask) {
      throw new Error(
        "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method " +
          "`generateSquareSubsequentMask` to create this mask.",
      );
    }
    const single = query.ndim === 2;
    if (single) {
      const { keyPaddingMask } = options;
      const one = unsqueeze(query, 1), two = key === query ? one : unsqueeze(key, 1);
      const three = value === query ? one : unsqueeze(value, 1);
      const own = { ...options, keyPaddingMask: keyPaddingMask ? unsqueeze(keyPaddingMask, 0) : null };
      const [y, weights] = attendHeads(this, one, two, three, own, 0);
      return [squeeze(y, 1), weights === null ? null : squeeze(weights, 0)];
    }
    if (!this.batchFirst) return attendHeads(this, query, key, value, options, 0);
    const [y, weights] = attendHeads(this, query, key, value, options, 1);
    // Nothing was turned; but as in PyTorch's graph, a transposition comes last.
    return [transpose(transpose(y, 0, 1), 0, 1), weights];
  }
}

/** Queries, keys and values of embedDim features. */
function project(m: MultiheadAttention, query: Tensor, key: Tensor, value: Tensor): Tensor[] {
  const { embedDim: n, in_proj_weight: all, in_proj_bias: bias } = m;
  // Attention to itself: one product for the three of them.
  if (all !== null && query === key && key === value) return split(linear(query, all, bias), n, -1);
  const separate = [m.q_proj_weight, m.k_proj_weight, m.v_proj_weight];
  return [query, key, value].map((x, i) => {
    const weight = all === null ? separate[i]! : narrow(all, 0, i * n, n);
    return linear(x, weight, bias === null ? null : narrow(bias, 0, i * n, n));
  });
}

/** The dimensions of inputs and masks, batched or not. */
function checkDims(query: Tensor, key: Tensor, value: Tensor, o: MultiheadAttentionCallOptions): void {
  const { ndim } = query, kind = ndim === 3 ? "batched (3-D)" : "unbatched (2-D)", want = ndim;
  if (ndim !== 2 && ndim !== 3) {
    throw new RangeError(
      `query should be unbatched 2D or batched 3D tensor but received ${ndim}-D query tensor`,
    );
  }
  if (key.ndim !== want || value.ndim !== want) {
    throw new RangeError(
      `For ${kind} \`query\`, expected \`key\` and \`value\` to be ${want}-D but found ${key.ndim}-D and ${value.ndim}-D ` +
        `tensors respectively`,
    );
  }
  const ignored = o.keyPaddingMask ?? null, mask = o.attnMask ?? null;
  if (ignored !== null && ignored.ndim !== want - 1) {
    throw new RangeError(
      `For ${kind} \`query\`, expected \`key_padding_mask\` to be \`None\` or ${
        want - 1
      }-D but found ${ignored.ndim}-D ` +
        `tensor instead`,
    );
  }
  if (mask !== null && mask.ndim !== 2 && mask.ndim !== 3) {
    throw new RangeError(
      `For ${kind} \`query\`, expected \`attn_mask\` to be \`None\`, 2-D or 3-D but found ${mask.ndim}-D tensor instead`,
    );
  }
}

/** The mask as `[1 or batch · heads, length, source]`. */
function spreadMask(mask: Tensor, heads: number, length: number, source: number): Tensor {
  const wanted = mask.ndim === 2 ? [length, source] : [heads, length, source];
  if (!sameSizes(mask.sizes, wanted)) {
    throw new RangeError(
      `The shape of the ${mask.ndim}D attn_mask is ${formatSize(mask.sizes)}, but should be ${formatTuple(wanted)}.`,
    );
  }
  return mask.ndim === 2 ? unsqueeze(mask, 0) : mask;
}

/** Attention in the inputs' own order: `along` is the dimension of the positions, 0 or 1; the other is the batch. */
function attendHeads(
  m: MultiheadAttention,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  o: MultiheadAttentionCallOptions,
  along: 0 | 1,
): [Tensor, Tensor | null] {
  const { numHeads: heads, embedDim } = m, width = embedDim / heads;
  const length = query.sizes[along], batch = query.sizes[1 - along];
  if (query.sizes[2] !== embedDim) {
    throw new RangeError(`was expecting embedding dimension of ${embedDim}, but got ${query.sizes[2]}`);
  }
  if (key.sizes[0] !== value.sizes[0] || key.sizes[1] !== value.sizes[1]) {
    const dims = (x: Tensor): string => formatSizes([x.sizes[along], x.sizes[1 - along]]);
    throw new RangeError(`key's sequence and batch dims ${dims(key)} do not match value's ${dims(value)}`);
  }
  let [q, k, v] = project(m, query, key, value);
  // The hint alone makes PyTorch take a causal mask, whatever the given one holds.
  const causal = (o.isCausal ?? false) && !o.keyPaddingMask && o.needWeights === false;
  let mask = o.attnMask && !causal
    ? spreadMask(floatMask(o.attnMask, q), batch * heads, length, key.sizes[along])
    : null;
  let ignored = o.keyPaddingMask ? floatMask(o.keyPaddingMask, q) : null;
  const lengthen = (x: Tensor | null): Tensor | null => x === null ? null : pad(x, [0, 1]);
  if (m.bias_k !== null && m.bias_v !== null) {
    const each = along === 0 ? [1, batch, embedDim] : [batch, 1, embedDim];
    k = cat([k, m.bias_k.expand(each)], along);
    v = cat([v, m.bias_v.expand(each)], along);
    mask = lengthen(mask);
    ignored = lengthen(ignored);
  }
  // [batch, heads, positions, width]
  const separate = (x: Tensor): Tensor => {
    const parts = reshape(x, [x.sizes[0], x.sizes[1], heads, width]);
    return along === 0 ? permute(parts, [1, 2, 0, 3]) : transpose(parts, 1, 2);
  };
  let [qs, ks, vs] = [separate(q), separate(k), separate(v)];
  if (m.addZeroAttn) {
    ks = pad(ks, [0, 0, 0, 1]);
    vs = pad(vs, [0, 0, 0, 1]);
    mask = lengthen(mask);
    ignored = lengthen(ignored);
  }
  const source = ks.sizes[2];
  if (mask !== null) {
    mask = mask.sizes[0] === 1 ? unsqueeze(mask, 0) : reshape(mask, [batch, heads, length, source]);
  }
  if (ignored !== null) {
    if (!sameSizes(ignored.sizes, [batch, source])) {
      throw new RangeError(
        `expected key_padding_mask.shape[1] to be ${source}, but got ${formatSize(ignored.sizes)} (batch ${batch})`,
      );
    }
    const spread = reshape(ignored, [batch, 1, 1, source]);
    mask = mask === null ? spread : add(mask, spread);
  }
  const dropoutP = m.training ? m.dropout : 0;
  const options = { attnMask: mask, dropoutP, isCausal: causal };
  const { y, weights } = o.needWeights === false
    ? { y: scaledDotProductAttention(qs, ks, vs, options), weights: null }
    : attend(qs, ks, vs, options);
  const joined = reshape(along === 0 ? permute(y, [2, 0, 1, 3]) : transpose(y, 1, 2), query.sizes);
  const straight = m.out_proj(joined);
  // PyTorch's output lies in memory with its lengths first, and a dropout after it draws in that order.
  const out = along === 0 || dropoutP === 0 ? straight : transpose(transpose(straight, 0, 1).contiguous(), 0, 1);
  if (weights === null) return [out, null];
  return [out, o.averageAttnWeights ?? true ? weights.mean(1) : weights];
}
