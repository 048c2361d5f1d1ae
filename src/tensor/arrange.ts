/**
 * Diagonals, rearrangements and composed products as methods.
 *
 * @module
 */
import {
  type Arguments,
  type Call,
  called,
  inOrder,
  named,
  type OptionsOf,
  type Other,
  sizesOf,
  type Trailing,
} from "../arguments.ts";
import { checkOptions, type NoOptions } from "../check.ts";
import { type CreateOptions, empty, full, parseSizes, type SizeArguments, tensor, type TensorData } from "../create.ts";
import * as arrange from "../ops/arrange.ts";
import * as diagonals from "../ops/diagonal.ts";
import { inPlace } from "../ops/inplace.ts";
import * as products from "../ops/products.ts";
import type { Scalar } from "../read.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorIndexing } from "./indexing.ts";
import type { AddmmOptions } from "./matmul.ts";

/** Options of {@linkcode TensorArrange.diagonal} and its kin. */
export interface DiagonalOptions {
  /** Which diagonal: above the main one when positive. Default: 0. */
  offset?: number;
  /** The first of the two dimensions. Default: 0. */
  dim1?: number;
  /** The second of the two dimensions. Default: 1. */
  dim2?: number;
}

/** Options of `rot90`-like and slicing methods. */
export interface SliceScatterOptions {
  /** The dimension. Default: 0. */
  dim?: number;
  /** The first index. Default: null. */
  start?: number | null;
  /** The index after the last. Default: null. */
  end?: number | null;
  /** The step. Default: 1. */
  step?: number;
}

/** The arguments of {@linkcode TensorArrange.diagonal} and its kin. */
export type DiagonalArguments = Trailing<[offset: number, dim1: number, dim2: number], DiagonalOptions>;

/** Options of {@linkcode TensorArrange.diag}. */
export interface DiagOptions {
  /** Which diagonal: above the main one when positive. Default: 0. */
  diagonal?: number;
}

/** Dimensions as numbers, as a list, or by name. */
export type FlipArguments = number[] | [dims: Sizes] | [options: { dims: number | Sizes }];

const diagonalOptions = ["offset", "dim1", "dim2"] as const;

/** Options of {@linkcode TensorArrange.repeatInterleave}. */
export interface RepeatInterleaveOptions {
  /** How often: all equally often, or each as often as a tensor says; may also be given as the first argument. */
  repeats?: number | Tensor;
  /** The dimension. Default: null, the flattened tensor. */
  dim?: number | null;
  /** What the repeats add up to, where it is known. */
  outputSize?: number | null;
}

/** Arguments of {@linkcode TensorArrange.sliceScatter} behind the source. */
export type SliceScatterArguments = Trailing<
  [dim: number, start: number | null, end: number | null, step: number],
  SliceScatterOptions
>;
/** The arguments of {@linkcode TensorArrange.roll} by name. */
export interface RollOptions {
  /** By how many places, for each of `dims`. */
  shifts: number | Sizes;
  /** The dimensions. Default: the flattened tensor. */
  dims?: number | Sizes;
}

/** Arguments of {@linkcode TensorArrange.roll}. */
export type RollArguments = Arguments<
  [shifts: number | Sizes],
  [dims: number | Sizes],
  { shifts: number | Sizes },
  { dims?: number | Sizes }
>;
/** Arguments of {@linkcode TensorArrange.tril}. */
export type TriangleArguments = Trailing<[diagonal: number], { diagonal?: number }>;
/** Arguments of {@linkcode TensorArrange.put} behind the source. */
export type AccumulateArguments = Trailing<[accumulate: boolean], { accumulate?: boolean }>;

function triangleOf(operation: string, args: TriangleArguments): number | undefined {
  return named<{ diagonal?: number }>(operation, args, ["diagonal"]).diagonal;
}

const scaled = ["beta", "alpha"];

/** The type and device of a new tensor where the options do not say. */
function inherit(x: Tensor, options: CreateOptions): CreateOptions {
  return { dtype: x.dtype, device: x.device, ...options };
}

/** Methods that rearrange. */
export class TensorArrange extends TensorIndexing {
  /** The diagonal over two dimensions, as a view. */
  diagonal(this: Tensor, ...args: DiagonalArguments): Tensor {
    const o = named<DiagonalOptions>("diagonal", args, diagonalOptions);
    return diagonals.diagonal(this, o.offset, o.dim1, o.dim2);
  }
  /** A vector as a diagonal matrix, or the diagonal of a matrix. */
  diag(this: Tensor, ...args: Trailing<[diagonal: number], DiagOptions>): Tensor {
    return diagonals.diag(this, named<DiagOptions>("diag", args, ["diagonal"]).diagonal);
  }
  /** All elements as a diagonal matrix. */
  diagflat(this: Tensor, ...args: Trailing<[offset: number], { offset?: number }>): Tensor {
    return diagonals.diagflat(this, named<{ offset?: number }>("diagflat", args, ["offset"]).offset);
  }
  /** The last dimension as a diagonal over two new dimensions. */
  diagEmbed(this: Tensor, ...args: DiagonalArguments): Tensor {
    const o = named<DiagonalOptions>("diag_embed", args, diagonalOptions);
    return diagonals.diagEmbed(this, o.offset, o.dim1, o.dim2);
  }
  /** A copy with `src` on a diagonal. */
  diagonalScatter(
    this: Tensor,
    ...given: Call<[src: Tensor, ...args: DiagonalArguments], { src: Tensor } & OptionsOf<DiagonalArguments>>
  ): Tensor {
    const [src, ...args] = inOrder("diagonal_scatter", given, ["src"]);
    const o = named<DiagonalOptions>("diagonal_scatter", args, diagonalOptions);
    return diagonals.diagonalScatter(this, src, o.offset, o.dim1, o.dim2);
  }
  /** The lower triangle. */
  tril(this: Tensor, ...diagonal: TriangleArguments): Tensor {
    return diagonals.tril(this, triangleOf("tril", diagonal));
  }
  /** The upper triangle. */
  triu(this: Tensor, ...diagonal: TriangleArguments): Tensor {
    return diagonals.triu(this, triangleOf("triu", diagonal));
  }
  /** The sum of the diagonal of a matrix. */
  trace(this: Tensor): Tensor {
    return diagonals.trace(this);
  }
  /** The elements in the reverse order along `dims`. */
  flip(this: Tensor, ...args: FlipArguments): Tensor {
    return diagonals.flip(this, sizesOf("flip", "dims", args));
  }
  /** The columns in the reverse order. */
  fliplr(this: Tensor): Tensor {
    if (this.ndim < 2) throw new RangeError("Input must be >= 2-d.");
    return diagonals.flip(this, [1]);
  }
  /** The rows in the reverse order. */
  flipud(this: Tensor): Tensor {
    if (this.ndim < 1) throw new RangeError("Input must be >= 1-d.");
    return diagonals.flip(this, [0]);
  }
  /** The elements moved along `dims`, those that leave coming in at the other end. */
  roll(this: Tensor, ...args: RollArguments): Tensor {
    const o = called<RollOptions>("roll", args, ["shifts"], ["dims"]);
    return diagonals.roll(this, o.shifts, o.dims);
  }
  /** Moves dimensions to other places. */
  movedim(
    this: Tensor,
    ...given: Call<
      [source: number | Sizes, destination: number | Sizes],
      { source: number | Sizes; destination: number | Sizes }
    >
  ): Tensor {
    const [source, destination] = inOrder("movedim", given, ["source", "destination"]);
    return diagonals.movedim(this, source, destination);
  }
  /** Windows of `size` elements every `step` along `dim`, as a view. */
  unfold(
    this: Tensor,
    ...given: Call<[dim: number, size: number, step: number], { dimension: number; size: number; step: number }>
  ): Tensor {
    const [dim, size, step] = inOrder("unfold", given, ["dimension", "size", "step"]);
    return diagonals.unfold(this, dim, size, step);
  }
  /** Each element repeated: all equally often, or each as often as a tensor says. */
  repeatInterleave(
    this: Tensor,
    ...args: Trailing<[repeats: number | Tensor, dim: number | null], RepeatInterleaveOptions>
  ): Tensor {
    const o = named<RepeatInterleaveOptions>("repeat_interleave", args, ["repeats", "dim"], ["outputSize"]);
    if (o.repeats === undefined) throw new TypeError("repeat_interleave() is missing the argument repeats");
    return arrange.repeatInterleave(this, o.repeats, o.dim, o.outputSize);
  }
  /** Elements by their index in the flattened tensor. */
  take(this: Tensor, ...given: Call<[index: Tensor, options?: NoOptions], { index: Tensor }>): Tensor {
    const [index, options] = inOrder("take", given, ["index"]);
    checkOptions("take", options, []);
    return arrange.take(this, index);
  }
  /** Elements by index along `dim`, with broadcasting of the others. */
  takeAlongDim(
    this: Tensor,
    ...given: Arguments<[index: Tensor], [dim: number | null], { indices: Tensor }, { dim?: number | null }>
  ): Tensor {
    const [index, ...dim] = inOrder("take_along_dim", given, ["indices"]);
    return arrange.takeAlongDim(this, index, named<{ dim?: number | null }>("take_along_dim", dim, ["dim"]).dim);
  }
  /** A copy with `source` written at indices into the flattened tensor. */
  put(
    this: Tensor,
    ...given: Call<
      [index: Tensor, source: Tensor, ...args: AccumulateArguments],
      { index: Tensor; source: Tensor } & OptionsOf<AccumulateArguments>
    >
  ): Tensor {
    const [index, source, ...args] = inOrder("put", given, ["index", "source"]);
    return arrange.put(this, index, source, named<{ accumulate?: boolean }>("put", args, ["accumulate"]).accumulate);
  }
  /** Writes `source` at indices into the flattened tensor. */
  put_(
    this: Tensor,
    ...given: Call<
      [index: Tensor, source: Tensor, ...args: AccumulateArguments],
      { index: Tensor; source: Tensor } & OptionsOf<AccumulateArguments>
    >
  ): Tensor {
    const [index, source, ...args] = inOrder("put_", given, ["index", "source"]);
    return inPlace("put", this, [source], (x) => x.put(index, source, ...args));
  }
  /** A copy with `source` as row `index` along `dim`. */
  selectScatter(
    this: Tensor,
    ...given: Call<[source: Tensor, dim: number, index: number], { src: Tensor; dim: number; index: number }>
  ): Tensor {
    const [source, dim, index] = inOrder("select_scatter", given, ["src", "dim", "index"]);
    return arrange.selectScatter(this, source, dim, index);
  }
  /** A copy with `source` in place of a slice. */
  sliceScatter(
    this: Tensor,
    ...given: Call<[source: Tensor, ...args: SliceScatterArguments], { src: Tensor } & OptionsOf<SliceScatterArguments>>
  ): Tensor {
    const [source, ...args] = inOrder("slice_scatter", given, ["src"]);
    const o = named<SliceScatterOptions>("slice_scatter", args, ["dim", "start", "end", "step"]);
    return arrange.sliceScatter(this, source, o.dim, o.start, o.end, o.step);
  }
  /** The products of all pairs of elements of two vectors. */
  outer(this: Tensor, ...given: Call<[other: Tensor], { vec2: Tensor }>): Tensor {
    const [other] = inOrder("outer", given, ["vec2"]);
    return products.outer(this, other);
  }
  /** The sum of products over the last dimensions. */
  inner(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("inner", given, ["other"]);
    return products.inner(this, other);
  }
  /** The Kronecker product. */
  kron(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("kron", given, ["other"]);
    return products.kron(this, other);
  }
  /** The sum of products of two vectors. */
  vdot(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("vdot", given, ["other"]);
    return products.vdot(this, other);
  }
  /** The cross product of 3-vectors along `dim`, the first of size 3 unless given. */
  cross(
    this: Tensor,
    ...given: Arguments<[other: Tensor], [dim: number | null], { other: Tensor }, { dim?: number | null }>
  ): Tensor {
    const [other, ...args] = inOrder("cross", given, ["other"]);
    return products.cross(this, other, named<{ dim?: number | null }>("cross", args, ["dim"]).dim);
  }
  /** beta·this + alpha·Σ a[i]·b[i]. */
  addbmm(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: AddmmOptions], { batch1: Tensor; batch2: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, b, options = {}] = inOrder("addbmm", given, ["batch1", "batch2"]);
    checkOptions("addbmm", options, scaled);
    return products.addbmm(this, a, b, options.beta, options.alpha);
  }
  /** beta·this + alpha·a[i]·b[i]. */
  baddbmm(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: AddmmOptions], { batch1: Tensor; batch2: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, b, options = {}] = inOrder("baddbmm", given, ["batch1", "batch2"]);
    checkOptions("baddbmm", options, scaled);
    return products.baddbmm(this, a, b, options.beta, options.alpha);
  }
  /** beta·this + alpha·a·v. */
  addmv(
    this: Tensor,
    ...given: Call<[a: Tensor, v: Tensor, options?: AddmmOptions], { mat: Tensor; vec: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, v, options = {}] = inOrder("addmv", given, ["mat", "vec"]);
    checkOptions("addmv", options, scaled);
    return products.addmv(this, a, v, options.beta, options.alpha);
  }
  /** beta·this + alpha·u·vᵀ. */
  addr(
    this: Tensor,
    ...given: Call<[u: Tensor, v: Tensor, options?: AddmmOptions], { vec1: Tensor; vec2: Tensor } & AddmmOptions>
  ): Tensor {
    const [u, v, options = {}] = inOrder("addr", given, ["vec1", "vec2"]);
    checkOptions("addr", options, scaled);
    return products.addr(this, u, v, options.beta, options.alpha);
  }
  /** Zeros of the given sizes, in this tensor's type and device. */
  newZeros(this: Tensor, ...args: SizeArguments): Tensor {
    const { sizes, options } = parseSizes("new_zeros", args);
    return full(sizes, 0, inherit(this, options));
  }
  /** Ones of the given sizes, in this tensor's type and device. */
  newOnes(this: Tensor, ...args: SizeArguments): Tensor {
    const { sizes, options } = parseSizes("new_ones", args);
    return full(sizes, 1, inherit(this, options));
  }
  /** Undefined contents of the given sizes, in this tensor's type and device. */
  newEmpty(this: Tensor, ...args: SizeArguments): Tensor {
    const { sizes, options } = parseSizes("new_empty", args);
    return empty(sizes, inherit(this, options));
  }
  /** One value in the given sizes, in this tensor's type and device. */
  newFull(
    this: Tensor,
    ...given: Call<
      [sizes: Sizes, value: Scalar, options?: CreateOptions],
      { size: Sizes; fillValue: Scalar } & CreateOptions
    >
  ): Tensor {
    const [sizes, value, options = {}] = inOrder("new_full", given, ["size", "fillValue"]);
    return full(sizes, value, inherit(this, options));
  }
  /** A tensor of `data` in this tensor's type and device. */
  newTensor(this: Tensor, data: TensorData, options: CreateOptions = {}): Tensor {
    return tensor(data, inherit(this, options));
  }
}
