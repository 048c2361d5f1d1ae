/**
 * Functions that rearrange and multiply, where they have options.
 *
 * @module
 */
import { type Arguments, called, inOrder, named, type SizesBy, type Trailing } from "../arguments.ts";
import { checkOptions, isOptions } from "../check.ts";
import { type CreateOptions, createOptions, finish } from "../create.ts";
import { toDevice } from "../device.ts";
import { getDefaultDtype, int64, toDtype } from "../dtype.ts";
import { isTensor, type TensorArguments, tensorList } from "../ops/elementwise.ts";
import * as arrange from "../ops/arrange.ts";
import * as diagonals from "../ops/diagonal.ts";
import * as products from "../ops/products.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type {
  DiagonalArguments,
  DiagOptions,
  FlipArguments,
  RepeatInterleaveOptions,
  RollArguments,
  TriangleArguments,
} from "../tensor/arrange.ts";
import type { SplitArguments } from "../tensor/inplace.ts";
import type { FlattenOptions } from "../tensor/movement.ts";
import type { Scalar } from "../read.ts";

/** The diagonal over two dimensions, as a view. */
export function diagonal(x: Tensor, ...args: DiagonalArguments): Tensor {
  return x.diagonal(...args);
}

/** The last dimension as a diagonal over two new dimensions. */
export function diagEmbed(x: Tensor, ...args: DiagonalArguments): Tensor {
  return x.diagEmbed(...args);
}

/** A copy of x with `src` on a diagonal. */
export function diagonalScatter(x: Tensor, ...args: Parameters<Tensor["diagonalScatter"]>): Tensor {
  return x.diagonalScatter(...args);
}

/** A copy of x with `source` in place of a slice. */
export function sliceScatter(x: Tensor, ...args: Parameters<Tensor["sliceScatter"]>): Tensor {
  return x.sliceScatter(...args);
}

/** Options of {@linkcode eye}. */
export interface EyeOptions extends CreateOptions {
  /** The number of columns; may also be given by position. Default: that of the rows. */
  m?: number | null;
}

/**
 * Ones on the diagonal, zeros elsewhere; m columns, n unless given.
 *
 * @throws {RangeError} When a size is negative.
 */
export function eye(n: number, ...args: Trailing<[m: number | null], EyeOptions>): Tensor {
  const o = named<EyeOptions>("eye", args, ["m"], createOptions);
  const dtype = o.dtype === undefined ? getDefaultDtype() : toDtype(o.dtype);
  return finish(diagonals.eye(n, o.m ?? n, dtype, toDevice(o.device)), o);
}

/** Options of {@linkcode trilIndices} and {@linkcode triuIndices}. */
export interface TriangleOptions extends CreateOptions {
  /** Which diagonal bounds the triangle: above the main one when positive. Default: 0. */
  offset?: number;
}

/** The positions of the lower triangle of a matrix, row by row, as [2, n]. */
export function trilIndices(
  rows: number,
  ...given: Arguments<[columns: number], [offset: number], { col: number }, TriangleOptions>
): Tensor {
  const [columns, ...args] = inOrder("tril_indices", given, ["col"]);
  return triangle("tril_indices", rows, columns, true, args);
}

/** The positions of the upper triangle of a matrix, row by row, as [2, n]. */
export function triuIndices(
  rows: number,
  ...given: Arguments<[columns: number], [offset: number], { col: number }, TriangleOptions>
): Tensor {
  const [columns, ...args] = inOrder("triu_indices", given, ["col"]);
  return triangle("triu_indices", rows, columns, false, args);
}

function triangle(name: string, rows: number, columns: number, lower: boolean, args: readonly unknown[]): Tensor {
  const o = named<TriangleOptions>(name, args, ["offset"], ["dtype", "device", "requiresGrad"]);
  if (!(rows >= 0)) throw new RangeError(`row must be non-negative, got${rows}`);
  if (!(columns >= 0)) throw new RangeError(`col must be non-negative, got${columns}`);
  const found = diagonals.triangleIndices(rows, columns, o.offset ?? 0, lower, toDevice(o.device));
  return found.to(o.dtype === undefined ? int64 : toDtype(o.dtype));
}

/** All dimensions from `startDim` (0) to `endDim` (-1) as one. */
export function flatten(x: Tensor, ...args: Trailing<[startDim: number, endDim: number], FlattenOptions>): Tensor {
  return x.flatten(...args);
}

/** At least one dimension; a list of tensors gives a list. */
export function atleast1d(x: Tensor): Tensor;
/** At least one dimension; a list of tensors gives a list. */
export function atleast1d(...tensors: TensorArguments): Tensor | Tensor[];
export function atleast1d(...tensors: TensorArguments): Tensor | Tensor[] {
  return each("atleast_1d", tensors, arrange.atleast1d);
}

/** At least two dimensions: a vector becomes a row; a list of tensors gives a list. */
export function atleast2d(x: Tensor): Tensor;
/** At least two dimensions: a vector becomes a row; a list of tensors gives a list. */
export function atleast2d(...tensors: TensorArguments): Tensor | Tensor[];
export function atleast2d(...tensors: TensorArguments): Tensor | Tensor[] {
  return each("atleast_2d", tensors, arrange.atleast2d);
}

/** At least three dimensions; a list of tensors gives a list. */
export function atleast3d(x: Tensor): Tensor;
/** At least three dimensions; a list of tensors gives a list. */
export function atleast3d(...tensors: TensorArguments): Tensor | Tensor[];
export function atleast3d(...tensors: TensorArguments): Tensor | Tensor[] {
  return each("atleast_3d", tensors, arrange.atleast3d);
}

/** One tensor, or each of several. */
function each(operation: string, args: TensorArguments, change: (x: Tensor) => Tensor): Tensor | Tensor[] {
  const list = tensorList(operation, args);
  return args.length === 1 && isTensor(args[0]) ? change(args[0]) : list.map(change);
}

/** Pieces along the columns (of a vector: along it): a number of equal ones, or between the listed indices. */
export function hsplit(x: Tensor, ...args: SplitArguments): Tensor[] {
  return x.hsplit(...args);
}

/** Pieces along the third dimension: a number of equal ones, or between the listed indices. */
export function dsplit(x: Tensor, ...args: SplitArguments): Tensor[] {
  return x.dsplit(...args);
}

/** Options of {@linkcode constantPadNd}. */
export interface ConstantPadOptions {
  /** Pairs of numbers of elements before and behind, last dimension first; negative ones cut off. */
  pad: Sizes;
  /** What is put there. Default: 0. */
  value?: Scalar;
}

/** A number around a tensor. */
export function constantPadNd(
  x: Tensor,
  ...args: Arguments<[pad: Sizes], [value: Scalar], ConstantPadOptions, Partial<ConstantPadOptions>>
): Tensor {
  const o = called<ConstantPadOptions>("constant_pad_nd", args, ["pad"], ["value"]);
  return arrange.constantPad(x, o.pad, o.value);
}

/** The cross product of 3-vectors along `dim`, the first of size 3 unless given. */
export function cross(a: Tensor, ...args: Parameters<Tensor["cross"]>): Tensor {
  return a.cross(...args);
}

/** A vector as a diagonal matrix, or the diagonal of a matrix. */
export function diag(x: Tensor, ...args: Trailing<[diagonal: number], DiagOptions>): Tensor {
  return x.diag(...args);
}

/** All elements as a diagonal matrix. */
export function diagflat(x: Tensor, ...args: Trailing<[offset: number], { offset?: number }>): Tensor {
  return x.diagflat(...args);
}

/** The elements in the reverse order along `dims`. */
export function flip(x: Tensor, ...args: FlipArguments): Tensor {
  return x.flip(...args);
}

/** The columns in the reverse order. */
export function fliplr(x: Tensor): Tensor {
  return x.fliplr();
}

/** The rows in the reverse order. */
export function flipud(x: Tensor): Tensor {
  return x.flipud();
}

/** Options of {@linkcode meshgrid}. */
export interface MeshgridOptions {
  /** The first two dimensions as matrices have them, or swapped, as in a plane. Default: `"ij"`. */
  indexing?: "ij" | "xy";
}

/** Grids of coordinates from vectors. */
export function meshgrid(tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[];
/** Grids of coordinates from vectors. */
export function meshgrid(...args: [...tensors: Tensor[], options: MeshgridOptions] | Tensor[]): Tensor[];
export function meshgrid(...args: unknown[]): Tensor[] {
  const options: MeshgridOptions | undefined = isOptions(args.at(-1)) ? args.pop() as MeshgridOptions : undefined;
  checkOptions("meshgrid", options, ["indexing"]);
  const tensors = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
  return arrange.meshgrid(tensors as Tensor[], options?.indexing);
}

/** All tuples of one element from each vector, as rows. */
export function cartesianProd(...tensors: TensorArguments): Tensor {
  return arrange.cartesianProd(tensorList("cartesian_prod", tensors));
}

/** Options of {@linkcode combinations}. */
export interface CombinationsOptions {
  /** How many elements. Default: 2. */
  r?: number;
  /** Whether an element may occur twice. Default: false. */
  withReplacement?: boolean;
}

/** All combinations of `r` elements of a vector, as rows. */
export function combinations(
  x: Tensor,
  ...args: Trailing<[r: number, withReplacement: boolean], CombinationsOptions>
): Tensor {
  const o = named<CombinationsOptions>("combinations", args, ["r", "withReplacement"]);
  return arrange.combinations(x, o.r, o.withReplacement);
}

/** Matrices along the diagonal of a larger one. */
export function blockDiag(...tensors: TensorArguments): Tensor {
  return arrange.blockDiag(tensorList("block_diag", tensors));
}

/** The tensors, all in the shape that they broadcast to. */
export function broadcastTensors(...tensors: TensorArguments): Tensor[] {
  return arrange.broadcastTensors(tensorList("broadcast_tensors", tensors));
}

/** `x` repeated up to `sizes`, without a copy. */
export function broadcastTo(x: Tensor, ...sizes: SizesBy<"size">): Tensor {
  return x.broadcastTo(...sizes);
}

/** `x` repeated along each dimension, new ones in front. */
export function repeat(x: Tensor, ...repeats: SizesBy<"repeats">): Tensor {
  return x.repeat(...repeats);
}

/** `x` repeated along its last dimensions. */
export function tile(x: Tensor, ...dims: SizesBy<"dims">): Tensor {
  return x.tile(...dims);
}

/** Writes `source` at indices into the flattened tensor, in a copy. */
export function put(x: Tensor, ...args: Parameters<Tensor["put"]>): Tensor {
  return x.put(...args);
}

/** Elements by their index in the flattened tensor. */
export function take(x: Tensor, ...args: Parameters<Tensor["take"]>): Tensor {
  return x.take(...args);
}

/** Elements by index along `dim`, with broadcasting of the others. */
export function takeAlongDim(
  x: Tensor,
  ...args: Parameters<Tensor["takeAlongDim"]>
): Tensor {
  return x.takeAlongDim(...args);
}

/** The lower triangle. */
export function tril(x: Tensor, ...diagonal: TriangleArguments): Tensor {
  return x.tril(...diagonal);
}

/** The upper triangle. */
export function triu(x: Tensor, ...diagonal: TriangleArguments): Tensor {
  return x.triu(...diagonal);
}

/** The elements moved along `dims`, those that leave coming in at the other end; without `dims`, flattened. */
export function roll(x: Tensor, ...args: RollArguments): Tensor {
  return x.roll(...args);
}

/** Each element repeated: all equally often, or each as often as a tensor says. */
export function repeatInterleave(
  x: Tensor,
  repeats: number | Tensor | RepeatInterleaveOptions,
  ...args: Trailing<[dim: number | null], RepeatInterleaveOptions>
): Tensor;
/** The numbers 0, 1, …, each as often as `repeats` says. */
export function repeatInterleave(repeats: Tensor, options?: { outputSize?: number | null }): Tensor;
export function repeatInterleave(x: Tensor, ...args: unknown[]): Tensor {
  const o = named<RepeatInterleaveOptions>("repeat_interleave", args, ["repeats", "dim"], ["outputSize"]);
  return o.repeats === undefined
    ? arrange.repeatedIndices(x, o.outputSize)
    : arrange.repeatInterleave(x, o.repeats, o.dim, o.outputSize);
}

/** Contracts dimensions of `a` with dimensions of `b`: the last n with the first n (2), or those listed. */
export function tensordot(
  a: Tensor,
  ...given: Arguments<
    [b: Tensor],
    [dims: number | readonly [Sizes, Sizes]],
    { b: Tensor },
    { dims?: number | readonly [Sizes, Sizes] }
  >
): Tensor {
  const [b, ...args] = inOrder("tensordot", given, ["b"]);
  return products.tensordot(a, b, named<{ dims?: number | readonly [Sizes, Sizes] }>("tensordot", args, ["dims"]).dims);
}

/**
 * Sums of products by Einstein's convention: `einsum("ij,jk->ik", a, b)`, the operands also as a list, and the equation
 * also behind it. A letter that two operands share is multiplied along, one that the output has not is summed over.
 *
 * @example
 * ```ts
 * import { einsum, tensor } from "@raptorch/raptorch";
 * const a = tensor([[1, 2], [3, 4]]);
 * console.assert(String(einsum("ij->j", a)) === "tensor([4., 6.])");
 * ```
 * @throws {Error} When the equation and the operands do not fit.
 */
export function einsum(
  ...args:
    | [equation: string, ...operands: Tensor[]]
    | [equation: string, operands: readonly Tensor[]]
    | [operands: readonly Tensor[], equation: string]
): Tensor {
  const behind = args.length === 2 && typeof args[1] === "string", equation = behind ? args[1] : args[0];
  if (typeof equation !== "string") {
    throw new TypeError("einsum(): the first argument must be a string with the equation, or the last behind a list");
  }
  const operands = behind ? [args[0]] : args.slice(1);
  return products.einsum(equation, tensorList("einsum", operands as TensorArguments));
}

/** The product of a chain of matrices, in the cheapest order. */
export function chainMatmul(...tensors: TensorArguments): Tensor {
  return products.chainMatmul(tensorList("chain_matmul", tensors));
}

/** beta·x + alpha·Σ a[i]·b[i]. */
export function addbmm(x: Tensor, ...args: Parameters<Tensor["addbmm"]>): Tensor {
  return x.addbmm(...args);
}

/** beta·x + alpha·a[i]·b[i]. */
export function baddbmm(x: Tensor, ...args: Parameters<Tensor["baddbmm"]>): Tensor {
  return x.baddbmm(...args);
}

/** beta·x + alpha·a·v. */
export function addmv(x: Tensor, ...args: Parameters<Tensor["addmv"]>): Tensor {
  return x.addmv(...args);
}

/** beta·x + alpha·u·vᵀ. */
export function addr(x: Tensor, ...args: Parameters<Tensor["addr"]>): Tensor {
  return x.addr(...args);
}
