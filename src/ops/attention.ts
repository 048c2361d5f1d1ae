/**
 * Attention: softmax(q·kᵀ / √width)·v.
 *
 * @module
 */
import { type Call, inOrder, named, type OptionsOf, type Trailing } from "../arguments.ts";
import { bool, float32 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { attentionKernel, kernelTakes } from "./attention_kernel.ts";
import { ge } from "./compare.ts";
import { dropElements } from "./dropout.ts";
import { checkDevices } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { expand, reshape, transpose, unsqueeze } from "./movement.ts";
import { underName } from "./node_name.ts";
import { softmax } from "./softmax.ts";
import { where } from "./where.ts";

/** Options of {@linkcode scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Where attention may go (bool), or what is added to the scores. Default: everywhere. */
  attnMask?: Tensor | null;
  /** The probability of dropout of the weights. Default: 0. */
  dropoutP?: number;
  /** Whether a position only sees itself and those before it. Default: false. */
  isCausal?: boolean;
  /** The factor of the scores. Default: 1/√width. */
  scale?: number | null;
  /** Whether k and v may have fewer heads, each shared by several of q's. Default: false. */
  enableGqa?: boolean;
}

/** The positional arguments after the value. */
export type AttentionArguments = Trailing<
  [attnMask: Tensor | null, dropoutP: number, isCausal: boolean],
  AttentionOptions
>;

/** A bool matrix that is true on and below the diagonal. @internal */
export function causalMask(rows: number, columns: number, like: Tensor): Tensor {
  const line = (n: number): Tensor => {
    const x = empty([n], float32, like.device);
    x.kernels.arange(x.dtype.code, x.ptr, n, 0, 1);
    return x;
  };
  return ge(unsqueeze(line(rows), 1), unsqueeze(line(columns), 0));
}

/** The scores with a mask: −∞ where a bool mask is false, or a sum. */
function applyMask(scores: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== bool) return add(scores, mask);
  const cover = empty(mask.sizes, scores.dtype, scores.device).fill_(0).maskedFill_(mask.logicalNot(), -Infinity);
  return add(scores, cover);
}

/** The rows of a mask that let nothing through. */
function blindRows(mask: Tensor): Tensor {
  if (mask.dtype !== bool) return mask.detached().amax(-1, { keepdim: true }).eq(-Infinity);
  return mask.logicalNot().all(-1, true);
}

/** Repeats the heads of k or v for grouped queries. */
function shared(x: Tensor, heads: number): Tensor {
  const have = x.sizes[x.ndim - 3];
  if (have === heads) return x;
  const lead = x.sizes.slice(0, -3), [rows, width] = x.sizes.slice(-2);
  const wide = expand(unsqueeze(x, -3), [...lead, have, heads / have, rows, width]);
  return reshape(wide, [...lead, heads, rows, width]);
}

/** Scaled products of all queries and keys. */
function scoresOf(q: Tensor, k: Tensor, o: AttentionOptions, late: boolean): Tensor {
  const scale = o.scale ?? 1 / Math.sqrt(q.sizes[q.ndim - 1]);
  if (late) return mul(matmul(q, transpose(k, -2, -1)), scale);
  // Both factors get the root, as PyTorch does for the sake of the range.
  const root = Math.sqrt(Math.abs(scale));
  return matmul(mul(q, scale < 0 ? -root : root), mul(transpose(k, -2, -1), root));
}

/**
 * Attention and, beside it, its weights, after dropout. `late` scales the scores, not the factors: PyTorch's own kernel rounds so.
 *
 * @internal
 */
export function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  o: AttentionOptions,
  late = false,
): { y: Tensor; weights: Tensor } {
  let scores = scoresOf(q, k, o, late);
  if (o.isCausal) scores = applyMask(scores, causalMask(q.sizes[q.ndim - 2], k.sizes[k.ndim - 2], q));
  const mask = o.attnMask ?? null;
  if (mask !== null) scores = applyMask(scores, mask);
  // A row that may look nowhere is zero, not NaN, and so are its gradients.
  const blind = mask !== null && mask.ndim > 0 ? expand(blindRows(mask), scores.sizes) : null;
  let weights = softmax(blind === null ? scores : where(blind, 0, scores), -1);
  if (blind !== null) weights = where(blind, 0, weights);
  weights = dropElements(weights, o.dropoutP ?? 0, true, false);
  return { y: matmul(weights, v), weights };
}

function checkInputs(q: Tensor, k: Tensor, v: Tensor, o: AttentionOptions): void {
  if (q.dtype !== k.dtype || q.dtype !== v.dtype) {
    throw new TypeError(
      `Expected query, key, and value to have the same dtype, but got query.dtype: ${q.dtype} key.dtype: ${k.dtype} and ` +
        `value.dtype: ${v.dtype} instead.`,
    );
  }
  if (q.ndim < 2 || k.ndim < 2 || v.ndim < 2) {
    throw new RangeError(
      `Expected query, key, and value to all be at least 2 dimensional, but got query.dim(): ${q.ndim}, key.dim(): ${k.ndim} ` +
        `and value.dim(): ${v.ndim} instead. (shapes ${formatSizes(q.sizes)}, ${formatSizes(k.sizes)}, ${
          formatSizes(v.sizes)
        })`,
    );
  }
  const mask = o.attnMask ?? null;
  checkDevices("scaled_dot_product_attention", q, k, v, mask);
  if (mask !== null && mask.dtype !== bool && mask.dtype !== float32 && mask.dtype !== q.dtype) {
    throw new TypeError(
      `Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: ${mask.dtype} and  ` +
        `query.dtype: ${q.dtype} instead.`,
    );
  }
  if (o.isCausal && mask !== null) {
    throw new Error("Explicit attn_mask should not be set when is_causal=True");
  }
  if (!o.enableGqa) return;
  const [heads, ks, vs] = [q, k, v].map((x) => x.sizes[x.ndim - 3] ?? 1);
  if (q.ndim < 3 || k.ndim < 3 || v.ndim < 3 || heads % ks !== 0 || heads % vs !== 0) {
    throw new RangeError(
      "Number of heads in key and value must divide the number of heads in query, or be the same (enable_gqa: heads " +
        `${heads}, ${ks}, ${vs})`,
    );
  }
}

/**
 * softmax(query·keyᵀ·scale + mask)·value.
 *
 * Shape: query `[…, heads, length, width]`, key `[…, heads, source, width]`, value `[…, heads, source, out]`.
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function scaledDotProductAttention(
  query: Tensor,
  ...given: Call<
    [key: Tensor, value: Tensor, ...rest: AttentionArguments],
    { key: Tensor; value: Tensor } & OptionsOf<AttentionArguments>
  >
): Tensor {
  const [key, value, ...rest] = inOrder("scaled_dot_product_attention", given, ["key", "value"]);
  const names = ["attnMask", "dropoutP", "isCausal"] as const;
  const o = named<AttentionOptions>("scaled_dot_product_attention", rest, names, ["scale", "enableGqa"]);
  checkInputs(query, key, value, o);
  const type = query.dtype;
  const heads = query.sizes[query.ndim - 3], own = flash(query, value, o);
  // 16-bit numbers are widened once, not between the steps.
  const half = isHalf(type), wide = (x: Tensor): Tensor => half ? x.to(float32) : x;
  const mask = o.attnMask ? (o.attnMask.dtype === bool ? o.attnMask : wide(o.attnMask)) : null;
  const full = { ...o, attnMask: mask };
  const q = wide(query);
  let [k, v] = [wide(key), wide(value)];
  if (own && kernelTakes(q, k, v, mask) && (o.enableGqa || k.sizes[1] === heads)) {
    const y = fused(q, k, v, full);
    return half ? underName(flashName, y.to(type)) : y;
  }
  if (o.enableGqa) [k, v] = [shared(k, heads), shared(v, heads)];
  const y = attend(q, k, v, full, own).y.to(type);
  return own ? underName(flashName, y) : y;
}

const flashName = "ScaledDotProductFlashAttentionForCpuBackward0";

/** The kernel; a backward that is itself differentiated is composed of operations on the weights, made again. */
function fused(q: Tensor, k: Tensor, v: Tensor, o: AttentionOptions): Tensor {
  const scale = o.scale ?? 1 / Math.sqrt(q.sizes[3]), [batch, heads] = q.sizes, groups = k.sizes[1];
  // Sums the gradients of the heads that share keys and values.
  const gather = (dx: Tensor): Tensor =>
    groups === heads ? dx : dx.reshape([batch, groups, heads / groups, ...dx.sizes.slice(2)]).sum(2);
  const options = { mask: o.attnMask ?? null, causal: o.isCausal ?? false, scale };
  return attentionKernel(q, k, v, options, (dy, q, k, v, needs) => {
    const keys = shared(k, heads), values = shared(v, heads);
    const { weights } = attend(q, keys, values, o, true);
    const dweights = matmul(dy, transpose(values, -2, -1));
    const slopes = mul(mul(weights, dweights.sub(mul(weights, dweights).sum(-1, true))), scale);
    return [
      needs[0] ? matmul(slopes, keys) : null,
      needs[1] ? gather(matmul(transpose(slopes, -2, -1), q)) : null,
      needs[2] ? gather(matmul(transpose(weights, -2, -1), dy)) : null,
    ];
  });
}

/** Whether PyTorch has a kernel of its own for the case, whose node then is in the graph. */
function flash(q: Tensor, v: Tensor, o: AttentionOptions): boolean {
  return q.ndim === 4 && q.sizes[3] === v.sizes[3] && (o.dropoutP ?? 0) === 0 && !o.attnMask?.requiresGrad;
}
