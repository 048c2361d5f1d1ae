/**
 * Attention in one kernel: the scores never exist as a whole.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { type Grad, record } from "../autograd/node.ts";
import { bool, float32, float64 } from "../dtype.ts";
import { empty, workspace } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { contiguousStrides } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { unsupported } from "./elementwise.ts";
import { expand } from "./movement.ts";
import { packed } from "./strided.ts";
import { maskedFill } from "./where.ts";

/** What the kernel is given beside q, k and v. */
export interface KernelOptions {
  /** Added to the scores, or where attention may go (bool). */
  mask: Tensor | null;
  /** Whether a position only sees itself and those before it. */
  causal: boolean;
  /** The factor of the scores. */
  scale: number;
}

/** The gradients of q, k and v, composed of operations: for a backward that is itself differentiated. */
export type ComposedBackward = (dy: Tensor, q: Tensor, k: Tensor, v: Tensor, needs: boolean[]) => readonly Grad[];

/** A float mask from a bool one in which `true` shuts out; a float mask as it is. @internal */
export function floatMask(mask: Tensor, like: Tensor): Tensor {
  if (mask.dtype !== bool) return mask;
  return maskedFill(empty(mask.sizes, like.dtype, like.device).fill_(0), mask, -Infinity);
}

/** Whether the kernel takes these: q `[batch, heads, length, width]`, k and v with as many heads or fewer. */
export function kernelTakes(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null): boolean {
  if (q.ndim !== 4 || k.ndim !== 4 || v.ndim !== 4) return false;
  if (q.dtype !== float32 && q.dtype !== float64) return false;
  if (q.count === 0 || k.count === 0 || v.count === 0) return false;
  if (k.sizes[0] !== q.sizes[0] || v.sizes[0] !== q.sizes[0]) return false;
  if (k.sizes[1] !== v.sizes[1] || q.sizes[1] % k.sizes[1] !== 0) return false;
  if (k.sizes[3] !== q.sizes[3] || k.sizes[2] !== v.sizes[2]) return false;
  if (mask === null) return true;
  const scores = [...q.sizes.slice(0, 3), k.sizes[2]], lead = 4 - mask.ndim;
  return lead >= 0 && (mask.dtype === bool || mask.dtype === q.dtype) &&
    mask.sizes.every((s, i) => s === 1 || s === scores[i + lead]);
}

/** Features side by side, as the kernel wants them. */
function adjacent(x: Tensor): Tensor {
  return x.strides[3] === 1 || x.sizes[3] === 1 ? x : packed(x);
}

/** `[batch, heads, rows, width]` laid out as `[batch, rows, heads, width]`: the heads are then joined without a copy. */
function besideHeads([batch, heads, rows, width]: readonly number[], like: Tensor): Tensor {
  const y = empty([batch, rows, heads, width], like.dtype, like.device);
  const [b, r, h, w] = contiguousStrides(y.sizes);
  y.relocate(y.storage, [batch, heads, rows, width], [b, h, r, w], y.count);
  return y;
}

function placeAt(at: number, x: Tensor): void {
  for (let i = 0; i < 3; i++) meta[at + i] = x.strides[i];
}

function describe(q: Tensor, k: Tensor, v: Tensor, y: Tensor, mask: Tensor | null, causal: boolean): void {
  const [batch, heads, length, width] = q.sizes, [, groups, source, out] = v.sizes;
  [batch, heads, groups, length, source, width, out, causal ? 1 : 0].forEach((n, i) => meta[i] = n);
  placeAt(8, q);
  placeAt(11, k);
  placeAt(14, v);
  placeAt(17, y);
  for (let i = 0; i < 4; i++) meta[20 + i] = mask === null ? 0 : mask.strides[i];
}

/** The kernel, for what {@linkcode kernelTakes}. */
export function attentionKernel(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask: given, causal, scale }: KernelOptions,
  composed: ComposedBackward,
): Tensor {
  const [batch, heads, length] = q.sizes;
  const y = besideHeads([batch, heads, length, v.sizes[3]], q);
  const lse = workspace([batch, heads, length], q.dtype, q.device);
  const [qs, ks, vs] = [adjacent(q), adjacent(k), adjacent(v)];
  const mask = given === null ? null : spread(given, [batch, heads, length, k.sizes[2]], q);
  describe(qs, ks, vs, y, mask, causal);
  const pointer = mask === null ? null : mask.ptr;
  const status = y.kernels.attention(y.dtype.code, y.ptr, lse.ptr, qs.ptr, ks.ptr, vs.ptr, pointer, scale, metaPtr);
  if (status !== 0) throw unsupported("scaled_dot_product_attention", q.dtype);
  const name = "ScaledDotProductFlashAttentionForCpuBackward0";
  return record(name, y, [q, k, v], [q, k, v, y, lse, mask], (dy, [q, k, v, y, lse, mask], needs) => {
    if (mode.enabled) return composed(dy, q, k, v, needs);
    const [qs, ks, vs, dys] = [adjacent(q), adjacent(k), adjacent(v), adjacent(dy)];
    const [dq, dk, dv] = [qs, ks, vs].map((x) => besideHeads(x.sizes, x));
    describe(qs, ks, vs, y, mask, causal);
    [dys, dq, dk, dv].forEach((x, i) => placeAt(24 + 3 * i, x));
    const { kernels, dtype } = y, pointer = mask === null ? null : mask.ptr;
    // deno-fmt-ignore
    kernels.attentionBackward(dtype.code, dq.ptr, dk.ptr, dv.ptr, dys.ptr, y.ptr, lse.ptr, qs.ptr, ks.ptr, vs.ptr, pointer, scale, metaPtr);
    return [dq, dk, dv];
  });
}

/** A mask of the scores' sizes, broadcast by strides of 0, outside of the graph. */
function spread(mask: Tensor, sizes: readonly number[], like: Tensor): Tensor {
  const float = mask.dtype === bool ? floatMask(mask.logicalNot(), like) : mask;
  return expand(float.detached(), sizes);
}
