/**
 * Padding: constant, reflected, replicated, circular.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { binary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { empty, over } from "../make.ts";
import { metaPtr } from "../scratch.ts";
import { formatSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { writeMeta } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { expand, narrow } from "./movement.ts";
import { underName } from "./node_name.ts";
import { copyElementsTo, dense } from "./strided.ts";
import { add_ } from "./arithmetic.ts";

/** What the padding is made of. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** Options of {@linkcode pad}. */
export interface PadOptions {
  /** What the padding is made of. Default: `"constant"`. */
  mode?: PadMode;
  /** The constant. Default: 0. */
  value?: number | null;
}

/** A part of `x` along `dim`: `length` elements from `start` on in steps of `step` (−1 backwards, 0 the same again). */
function part(x: Tensor, dim: number, start: number, length: number, step = 1): Tensor {
  const sizes = [...x.sizes], strides = [...x.strides];
  sizes[dim] = length;
  strides[dim] *= step;
  return over(x.storage, sizes, strides, x.offset + start * x.strides[dim], x.dtype);
}

/** Adds zeros (or `value`) around x: `before` and `after` per dimension, negative numbers cut. */
function constantPad(x: Tensor, before: Sizes, after: Sizes, value: number): Tensor {
  const sizes = x.sizes.map((s, i) => s + before[i] + after[i]);
  sizes.forEach((s, i) => {
    if (s < 0) {
      throw new RangeError(
        `The input size ${x.sizes[i]}, plus negative padding ${before[i]} and ${
          after[i]
        } resulted in a negative output size, which is invalid. Check dimension ${i} of your input.`,
      );
    }
  });
  const y = empty(sizes, x.dtype, x.device);
  fill_(y, value);
  let from = x, to = y.detached();
  for (let d = 0; d < sizes.length; d++) {
    const cut = Math.max(-before[d], 0), kept = x.sizes[d] + Math.min(before[d], 0) + Math.min(after[d], 0);
    from = part(from, d, cut, Math.max(kept, 0));
    to = part(to, d, Math.max(before[d], 0), Math.max(kept, 0));
  }
  if (from.count > 0) copyElementsTo(to, from);
  return record("ConstantPadNdBackward0", y, [x], [], (dy) => [
    constantPad(dy, before.map((b) => -b), after.map((a) => -a), 0),
  ]);
}

/** Where the elements before and after the image come from, along one dimension of `n` elements. */
interface Border {
  start: number;
  step: number;
}

function borders(mode: PadMode, n: number, before: number): { left: Border; right: Border } {
  if (mode === "reflect") return { left: { start: before, step: -1 }, right: { start: n - 2, step: -1 } };
  if (mode === "replicate") return { left: { start: 0, step: 0 }, right: { start: n - 1, step: 0 } };
  return { left: { start: n - before, step: 1 }, right: { start: 0, step: 1 } };
}

function checkBorder(mode: PadMode, x: Tensor, dim: number, before: number, after: number): void {
  const n = x.sizes[dim], most = Math.max(before, after);
  if (mode === "reflect" && most >= n) {
    throw new RangeError(
      `Argument #4: Padding size should be less than the corresponding input dimension, but got: padding (${before}, ` +
        `${after}) at dimension ${dim} of input ${formatSizes(x.sizes)}`,
    );
  }
  if (mode === "circular" && most > n) {
    throw new RangeError("Padding value causes wrapping around more than once.");
  }
  if (n === 0) {
    throw new RangeError(`pad: Expected input with no zero size to pad, but got: ${formatSizes(x.sizes)}`);
  }
}

/** One dimension padded by its own elements. */
function padAlong(x: Tensor, dim: number, before: number, after: number, mode: PadMode, name: string): Tensor {
  const all = x.sizes[dim];
  if (
    mode === "replicate" && all > 0 && all + Math.min(before, 0) + Math.min(after, 0) <= 0 && all + before + after > 0
  ) {
    // Nothing of the image is left but the element that its border repeats.
    const edge = narrow(x, dim, before > 0 ? 0 : all - 1, 1);
    const y = expand(edge, x.sizes.map((s, i) => i === dim ? all + before + after : s));
    return underName(name, y.contiguous());
  }
  if (before < 0 || after < 0) {
    const cut = narrow(x, dim, Math.max(-before, 0), x.sizes[dim] + Math.min(before, 0) + Math.min(after, 0));
    return padAlong(cut, dim, Math.max(before, 0), Math.max(after, 0), mode, name);
  }
  checkBorder(mode, x, dim, before, after);
  const n = x.sizes[dim];
  const y = empty(x.sizes.map((s, i) => i === dim ? s + before + after : s), x.dtype, x.device);
  copyElementsTo(part(y, dim, before, n), x);
  const { left, right } = borders(mode, n, before);
  if (before > 0) copyElementsTo(part(y, dim, 0, before), part(x, dim, left.start, before, left.step));
  if (after > 0) copyElementsTo(part(y, dim, before + n, after), part(x, dim, right.start, after, right.step));
  return record(name, y, [x], [], (dy) => [padAlongBackward(dy, dim, before, after, mode, name)]);
}

/** Adds the padding's gradients to those of the elements that it was made of. */
function padAlongBackward(
  dy: Tensor,
  dim: number,
  before: number,
  after: number,
  mode: PadMode,
  name: string,
): Tensor {
  const grad = dense(dy), n = dy.sizes[dim] - before - after;
  const dx = empty(dy.sizes.map((s, i) => i === dim ? n : s), dy.dtype, dy.device);
  copyElementsTo(dx, part(grad, dim, before, n));
  const { left, right } = borders(mode, n, before);
  accumulate(dx, dim, left, part(grad, dim, 0, before));
  accumulate(dx, dim, right, part(grad, dim, before + n, after));
  return record(`${name}Backward`, dx, [dy], [], (g) => [padAlong(g, dim, before, after, mode, name)]);
}

function accumulate(dx: Tensor, dim: number, { start, step }: Border, grad: Tensor): void {
  const length = grad.sizes[dim];
  if (length === 0 || dx.count === 0) return;
  if (step === 0) {
    add_(part(dx, dim, start, 1), dense(grad).sum(dim, { keepdim: true }));
    return;
  }
  const target = part(dx, dim, start, length, step);
  writeMeta(target.sizes, [target, target, grad]);
  const { kernels } = dx;
  kernels.binary(binary.add, dx.dtype.code, target.ptr, target.ptr, grad.ptr, target.count, 0, 0, metaPtr);
}

/**
 * Padding of the last dimensions: `pad` is [before, after] of the last one, then of the one before it, and so on.
 * Negative numbers cut.
 *
 * @example
 * ```ts
 * import { F, tensor } from "@raptorch/raptorch";
 * console.assert(String(F.pad(tensor([1, 2, 3]), [1, 0])) === "tensor([0., 1., 2., 3.])");
 * ```
 * @throws {RangeError} When the padding does not fit the input.
 */
export function pad(
  x: Tensor,
  ...given: Arguments<
    [pad: Sizes],
    [mode: PadMode, value: number | null],
    PadOptions & { pad: Sizes },
    PadOptions
  >
): Tensor {
  const o = called<PadOptions & { pad: Sizes }>("pad", given, ["pad"], ["mode", "value"]);
  return padded(x, o.pad, o.mode ?? "constant", o.value ?? null);
}

function padded(x: Tensor, padding: Sizes, mode: PadMode, value: number | null): Tensor {
  if (padding.length % 2 !== 0) throw new RangeError("Padding length must be divisible by 2");
  const n = padding.length / 2;
  if (n > x.ndim) {
    throw new RangeError(
      `Padding length should be less than or equal to two times the input dimension but got padding length ` +
        `${padding.length} and input of dimension ${x.ndim}`,
    );
  }
  if (mode === "constant") {
    const before = x.sizes.map(() => 0), after = x.sizes.map(() => 0);
    for (let i = 0; i < n; i++) {
      before[x.ndim - 1 - i] = padding[2 * i];
      after[x.ndim - 1 - i] = padding[2 * i + 1];
    }
    return constantPad(x, before, after, value ?? 0);
  }
  if (value !== null && value !== 0) throw new Error(`Padding mode "${mode}" doesn't take in value argument`);
  if (!["reflect", "replicate", "circular"].includes(mode)) {
    throw new TypeError(`Unrecognised padding mode ${mode}`);
  }
  if (n > 3 || (x.ndim !== n + 1 && x.ndim !== n + 2)) {
    throw new Error(
      `Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now (${mode}, padding ${
        formatSizes(padding)
      }, input ${formatSizes(x.sizes)})`,
    );
  }
  const name = mode === "reflect"
    ? `ReflectionPad${n}DBackward0`
    : mode === "replicate"
    ? `ReplicationPad${n}DBackward0`
    : "CopySlices";
  let y = x;
  for (let i = 0; i < n; i++) {
    if (padding[2 * i] === 0 && padding[2 * i + 1] === 0) continue;
    y = padAlong(y, x.ndim - 1 - i, padding[2 * i], padding[2 * i + 1], mode, name);
  }
  return y === x ? x.clone() : y;
}
