/**
 * Views, copies and conversions as methods.
 *
 * @module
 */
import { type Call, called, inOrder, named, type Other, type SizesBy, sizesOf, type Trailing } from "../arguments.ts";
import { isOptions } from "../check.ts";
import { bfloat16, bool, float16, float32, float64, int32, int64, toDtype, uint8 } from "../dtype.ts";
import type { DTypeLike } from "../dtype.ts";
import { tensorTypes } from "../format.ts";
import type { DeviceLike } from "../device.ts";
import type { Target, ToOptions } from "../ops/cast.ts";
import { to } from "../ops/cast.ts";
import * as inplace from "../ops/inplace.ts";
import * as move from "../ops/movement.ts";
import * as strided from "../ops/strided.ts";
import { resize_ } from "../ops/resize.ts";
import { pinMemory } from "../ops/transfer.ts";
import type { Scalar } from "../read.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorCore } from "./core.ts";

/** Options of {@linkcode TensorMovement.flatten}. */
export interface FlattenOptions {
  /** The first dimension that is joined. Default: 0. */
  startDim?: number;
  /** The last dimension that is joined. Default: -1. */
  endDim?: number;
}

/** Where `narrow` begins, of a 0-d tensor. */
function startOf(start: Tensor): number {
  if (start.ndim !== 0 || start.dtype.isFloatingPoint || start.dtype === bool) {
    throw new TypeError("start must be an 0-dim integral Tensor.");
  }
  return Number(start.item());
}

/** Methods that move elements or only look at them differently. */
export class TensorMovement extends TensorCore {
  /** The same elements with other sizes, without a copy; one size may be -1. */
  view(this: Tensor, ...sizes: SizesBy<"size">): Tensor {
    return move.view(this, sizesOf("view", "size", sizes));
  }
  /** This tensor with the sizes of `other`, without a copy. */
  viewAs(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("view_as", given, ["other"]);
    return move.view(this, other.sizes);
  }
  /** The same elements with other sizes: a view where possible, else a copy. */
  reshape(this: Tensor, ...shape: SizesBy<"shape">): Tensor {
    return move.reshape(this, sizesOf("reshape", "shape", shape));
  }
  /** This tensor with the sizes of `other`: a view where possible, else a copy. */
  reshapeAs(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("reshape_as", given, ["other"]);
    return move.reshape(this, other.sizes);
  }
  /** Joins the dimensions from `startDim` (0) to `endDim` (-1) into one. */
  flatten(this: Tensor, ...args: Trailing<[startDim: number, endDim: number], FlattenOptions>): Tensor {
    const o = named<FlattenOptions>("flatten", args, ["startDim", "endDim"]);
    return move.flatten(this, o.startDim, o.endDim);
  }
  /** Cuts one dimension into several, one of which may be -1. */
  unflatten(this: Tensor, ...given: Call<[dim: number, sizes: Sizes], { dim: number; sizes: Sizes }>): Tensor {
    const [dim, sizes] = inOrder("unflatten", given, ["dim", "sizes"]);
    return move.unflatten(this, dim, sizes);
  }
  /** All elements in one dimension. */
  ravel(this: Tensor): Tensor {
    return move.reshape(this, [-1]);
  }
  /** Swaps two dimensions. */
  transpose(this: Tensor, ...given: Call<[dim0: number, dim1: number], { dim0: number; dim1: number }>): Tensor {
    const [dim0, dim1] = inOrder("transpose", given, ["dim0", "dim1"]);
    return move.transpose(this, dim0, dim1);
  }
  /** Swaps two dimensions. */
  swapaxes(this: Tensor, ...given: Call<[dim0: number, dim1: number], { axis0: number; axis1: number }>): Tensor {
    const [dim0, dim1] = inOrder("swapaxes", given, ["axis0", "axis1"]);
    return move.transpose(this, dim0, dim1);
  }
  /** The transpose of a matrix. */
  t(this: Tensor): Tensor {
    return move.t(this);
  }
  /** The dimensions in reverse order; the transpose of a matrix. */
  get T(): Tensor {
    const x = this as unknown as Tensor; // A getter has no `this` parameter; every TensorCore is made as a Tensor.
    return move.permute(x, x.sizes.map((_, i) => x.ndim - 1 - i));
  }
  /** The last two dimensions swapped. */
  get mT(): Tensor {
    return move.transpose(this as unknown as Tensor, -2, -1);
  }
  /** Puts the dimensions in another order. */
  permute(this: Tensor, ...dims: SizesBy<"dims">): Tensor {
    return move.permute(this, sizesOf("permute", "dims", dims));
  }
  /** Repeats dimensions of size 1, without a copy; -1 keeps a size. */
  expand(this: Tensor, ...sizes: SizesBy<"size">): Tensor {
    return move.expand(this, sizesOf("expand", "size", sizes));
  }
  /** Repeats dimensions of size 1 to the sizes of `other`. */
  expandAs(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("expand_as", given, ["other"]);
    return move.expand(this, other.sizes);
  }
  /** Repeats dimensions of size 1, without a copy. */
  broadcastTo(this: Tensor, ...sizes: SizesBy<"size">): Tensor {
    return move.expand(this, sizesOf("broadcast_to", "size", sizes));
  }
  /** Removes dimensions of size 1: all, one, or those listed. */
  squeeze(this: Tensor, dim?: number | Sizes | { dim: number | Sizes }): Tensor {
    return move.squeeze(this, named<{ dim: number | Sizes }>("squeeze", [dim], ["dim"]).dim);
  }
  /** Adds a dimension of size 1. */
  unsqueeze(this: Tensor, ...given: Call<[dim: number], { dim: number }>): Tensor {
    const [dim] = inOrder("unsqueeze", given, ["dim"]);
    return move.unsqueeze(this, dim);
  }
  /** Row `index` along `dim`, without that dimension. */
  select(this: Tensor, ...given: Call<[dim: number, index: number], { dim: number; index: number }>): Tensor {
    const [dim, index] = inOrder("select", given, ["dim", "index"]);
    return move.select(this, dim, index);
  }
  /** `length` elements from `start` on along `dim`. */
  narrow(
    this: Tensor,
    ...given: Call<
      [dim: number, start: number | Tensor, length: number],
      { dim: number; start: number | Tensor; length: number }
    >
  ): Tensor {
    const [dim, start, length] = inOrder("narrow", given, ["dim", "start", "length"]);
    return move.narrow(this, dim, typeof start === "number" ? start : startOf(start), length);
  }
  /** A view with any sizes, strides and offset. */
  asStrided(this: Tensor, sizes: Sizes, strides: Sizes, offset?: number): Tensor {
    return strided.asStrided(this, sizes, strides, offset);
  }
  /** The tensor at plain integers: `x.get(1, 2)` is `x[1, 2]`. */
  get(this: Tensor, ...indices: number[]): Tensor {
    return indices.reduce<Tensor>((x, i, dim) => {
      if (x.ndim === 0) throw new RangeError(`too many indices for tensor of dimension ${this.ndim}`);
      if (i < -x.sizes[0] || i >= x.sizes[0]) {
        throw new RangeError(`index ${i} is out of bounds for dimension ${dim} with size ${x.sizes[0]}`);
      }
      return move.select(x, 0, i);
    }, this);
  }
  /** A copy. */
  clone(this: Tensor): Tensor {
    return strided.clone(this);
  }
  /** This tensor when it is contiguous, else a contiguous copy. */
  contiguous(this: Tensor): Tensor {
    return strided.contiguous(this);
  }
  /** Copies `source` into this tensor, with broadcasting and conversion. */
  copy_(this: Tensor, source: Tensor): Tensor {
    return inplace.copy_(this, source);
  }
  /** Sets every element to `value`. */
  fill_(this: Tensor, value: Scalar | Tensor | { value: Scalar | Tensor }): Tensor {
    return inplace.fill_(
      this,
      isOptions(value) ? called<{ value: Scalar | Tensor }>("fill_", [value], ["value"]).value : value,
    );
  }
  /** Sets every element to 0. */
  zero_(this: Tensor): Tensor {
    return inplace.fill_(this, 0, "ZeroBackward0");
  }
  /** Changes the sizes in place; new elements are undefined. */
  resize_(this: Tensor, ...sizes: SizesBy<"sizes">): Tensor {
    return resize_(this, sizesOf("resize_", "sizes", sizes));
  }
  /** This tensor in another type, on another device, or both. */
  to(this: Tensor, target: Target, options?: ToOptions): Tensor {
    return to(this, target, options);
  }
  /** This tensor in the type (and on the device) of `other`. */
  typeAs(this: Tensor, other: Tensor): Tensor {
    return to(this, other);
  }
  /** This tensor in the type `dtype`, or the name of its own type as `torch.FloatTensor`. */
  type(this: Tensor): string;
  /** This tensor in the type `dtype`, or the name of its own type as `torch.FloatTensor`. */
  type(this: Tensor, dtype: DTypeLike): Tensor;
  type(this: Tensor, dtype?: DTypeLike): Tensor | string {
    if (dtype !== undefined) return to(this, toDtype(dtype));
    return tensorTypes[this.dtype.name].replace(".", this.isCuda ? ".cuda." : ".");
  }
  /** This tensor on the CPU. */
  cpu(this: Tensor): Tensor {
    return to(this, "cpu");
  }
  /** This tensor on a CUDA device; with `nonBlocking` a copy out of pinned memory may still be under way. */
  cuda(this: Tensor, device: DeviceLike | number | null = "cuda", options: { nonBlocking?: boolean } = {}): Tensor {
    return to(this, { ...options, device: typeof device === "number" ? `cuda:${device}` : device ?? "cuda" });
  }
  /**
   * This tensor in memory of the host that CUDA devices can copy from by themselves, while the program goes on.
   *
   * @throws {Error} When there is no such device.
   */
  pinMemory(this: Tensor): Tensor {
    return pinMemory(this);
  }
  /** Whether this tensor is in such memory. */
  isPinned(this: Tensor): boolean {
    return this.storage.pinned;
  }
  /** Says that `stream` (a `cuda.Stream`) uses this tensor: its memory is not given to others before that stream has got so far. */
  recordStream(this: Tensor, stream: { readonly ptr: Deno.PointerValue }): void {
    this.storage.recordStream(stream.ptr);
  }
  /** As float32. */
  float(this: Tensor): Tensor {
    return to(this, float32);
  }
  /** As float64. */
  double(this: Tensor): Tensor {
    return to(this, float64);
  }
  /** As float16. */
  half(this: Tensor): Tensor {
    return to(this, float16);
  }
  /** As bfloat16. */
  bfloat16(this: Tensor): Tensor {
    return to(this, bfloat16);
  }
  /** As int64. */
  long(this: Tensor): Tensor {
    return to(this, int64);
  }
  /** As int32. */
  int(this: Tensor): Tensor {
    return to(this, int32);
  }
  /** As uint8. */
  byte(this: Tensor): Tensor {
    return to(this, uint8);
  }
  /** As bool: true unless 0. */
  bool(this: Tensor): Tensor {
    return to(this, bool);
  }
}
