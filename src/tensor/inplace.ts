/**
 * Reductions into chosen places, and the in-place forms of methods that have no kernel of their own for it.
 *
 * @module
 */
import { type Call, inOrder, type Other } from "../arguments.ts";
import { mode } from "../autograd/mode.ts";
import { checkOptions, isOptions, kindOf } from "../check.ts";
import * as arrange from "../ops/arrange.ts";
import * as compare from "../ops/compare.ts";
import type { Operand } from "../ops/elementwise.ts";
import { inPlace } from "../ops/inplace.ts";
import * as ops from "../ops/scatter_reduce.ts";
import * as equations from "../ops/solve.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { TriangleArguments } from "./arrange.ts";
import { TensorComposed } from "./composed.ts";
import type { AddmmOptions } from "./matmul.ts";

/** Options of `scatterReduce` and `indexReduce`. */
export interface IncludeSelfOptions {
  /** Whether the elements that are there take part. Default: true. */
  includeSelf?: boolean;
}

/** Where {@linkcode TensorInPlace.hsplit} and its kin cut: into so many pieces, or at the listed indices. */
export interface SplitOptions {
  /** The number of equal pieces. */
  sections?: number;
  /** The indices at which later pieces begin. */
  indices?: Sizes;
}

/** The arguments of {@linkcode TensorInPlace.hsplit} and its kin. */
export type SplitArguments = [sectionsOrIndices: number | Sizes] | [options: SplitOptions];

function cuts(operation: string, args: SplitArguments): number | Sizes {
  const [given] = args,
    where = isOptions(given) ? (given as SplitOptions).sections ?? (given as SplitOptions).indices : given;
  if (typeof where !== "number" && !Array.isArray(where)) {
    throw new TypeError(
      `${operation}() received an invalid combination of arguments - got (Tensor, ${
        kindOf(where)
      }), but expected a number of ` +
        "sections or a list of indices",
    );
  }
  return where;
}

function includeSelf(operation: string, options: IncludeSelfOptions): boolean {
  checkOptions(operation, options, ["includeSelf"]);
  return options.includeSelf ?? true;
}

/** Gives `x` the sizes and strides of `y`, a view of all of it. */
function become(operation: string, x: Tensor, y: Tensor): Tensor {
  if (mode.enabled && x.requiresGrad) {
    if (x.gradFn === null) {
      throw new Error(`a leaf Variable that requires grad is being used in an in-place operation. (${operation})`);
    }
    // Whoever saved x saved its shape: a later backward must say so.
    x.bump();
  }
  const { node, outputNr } = y;
  x.relocate(x.storage, y.sizes, y.strides, y.count);
  if (node !== null) x.setHistory(node, outputNr);
  return x;
}

/** The last of the methods. */
export class TensorInPlace extends TensorComposed {
  /** This tensor with reductions of `source`'s elements at the places that `index` names along `dim`. */
  scatterReduce(
    this: Tensor,
    ...given: Call<
      [dim: number, index: Tensor, source: Tensor, reduce: ops.ScatterReduction, options?: IncludeSelfOptions],
      { dim: number; index: Tensor; src: Tensor; reduce: ops.ScatterReduction } & IncludeSelfOptions
    >
  ): Tensor {
    const [dim, index, source, reduce, options = {}] = inOrder("scatter_reduce", given, [
      "dim",
      "index",
      "src",
      "reduce",
    ]);
    return ops.scatterReduce(this, dim, index, source, reduce, includeSelf("scatter_reduce", options));
  }
  /** `scatterReduce` in place. */
  scatterReduce_(
    this: Tensor,
    ...given: Call<
      [dim: number, index: Tensor, source: Tensor, reduce: ops.ScatterReduction, options?: IncludeSelfOptions],
      { dim: number; index: Tensor; src: Tensor; reduce: ops.ScatterReduction } & IncludeSelfOptions
    >
  ): Tensor {
    const [dim, index, source, reduce, options = {}] = inOrder("scatter_reduce_", given, [
      "dim",
      "index",
      "src",
      "reduce",
    ]);
    return inPlace("scatter_reduce", this, [source], (x) => x.scatterReduce(dim, index, source, reduce, options));
  }
  /** This tensor with reductions of `source`'s rows in the rows that `index` names along `dim`. */
  indexReduce(
    this: Tensor,
    ...given: Call<
      [
        dim: number,
        index: Tensor,
        source: Tensor,
        reduce: Exclude<ops.ScatterReduction, "sum">,
        options?: IncludeSelfOptions,
      ],
      { dim: number; index: Tensor; source: Tensor; reduce: Exclude<ops.ScatterReduction, "sum"> } & IncludeSelfOptions
    >
  ): Tensor {
    const [dim, index, source, reduce, options = {}] = inOrder("index_reduce", given, [
      "dim",
      "index",
      "source",
      "reduce",
    ]);
    return ops.indexReduce(this, dim, index, source, reduce, includeSelf("index_reduce", options));
  }
  /** `indexReduce` in place. */
  indexReduce_(
    this: Tensor,
    ...given: Call<
      [
        dim: number,
        index: Tensor,
        source: Tensor,
        reduce: Exclude<ops.ScatterReduction, "sum">,
        options?: IncludeSelfOptions,
      ],
      { dim: number; index: Tensor; source: Tensor; reduce: Exclude<ops.ScatterReduction, "sum"> } & IncludeSelfOptions
    >
  ): Tensor {
    const [dim, index, source, reduce, options = {}] = inOrder("index_reduce_", given, [
      "dim",
      "index",
      "source",
      "reduce",
    ]);
    return inPlace("index_reduce", this, [source], (x) => x.indexReduce(dim, index, source, reduce, options));
  }
  /** Pieces along the columns (of a vector: along it). */
  hsplit(this: Tensor, ...args: SplitArguments): Tensor[] {
    return arrange.hsplit(this, cuts("hsplit", args));
  }
  /** Pieces along the rows. */
  vsplit(
    this: Tensor,
    ...given: Call<
      [where: number | Sizes],
      ({ indicesOrSections: number | Sizes } | { indices: number | Sizes } | { sections: number | Sizes })
    >
  ): Tensor[] {
    const [where] = inOrder("vsplit", given, ["indicesOrSections|indices|sections"]);
    return arrange.vsplit(this, where);
  }
  /** Pieces along the third dimension. */
  dsplit(this: Tensor, ...args: SplitArguments): Tensor[] {
    return arrange.dsplit(this, cuts("dsplit", args));
  }
  /** `addmm` in place. */
  addmm_(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: AddmmOptions], { mat1: Tensor; mat2: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addmm_", given, ["mat1", "mat2"]);
    return inPlace("addmm", this, [a, b], (x) => x.addmm(a, b, options));
  }
  /** `addbmm` in place. */
  addbmm_(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: AddmmOptions], { batch1: Tensor; batch2: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addbmm_", given, ["batch1", "batch2"]);
    return inPlace("addbmm", this, [a, b], (x) => x.addbmm(a, b, options));
  }
  /** `baddbmm` in place. */
  baddbmm_(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: AddmmOptions], { batch1: Tensor; batch2: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, b, options] = inOrder("baddbmm_", given, ["batch1", "batch2"]);
    return inPlace("baddbmm", this, [a, b], (x) => x.baddbmm(a, b, options));
  }
  /** `addmv` in place. */
  addmv_(
    this: Tensor,
    ...given: Call<[a: Tensor, v: Tensor, options?: AddmmOptions], { mat: Tensor; vec: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, v, options] = inOrder("addmv_", given, ["mat", "vec"]);
    return inPlace("addmv", this, [a, v], (x) => x.addmv(a, v, options));
  }
  /** `addr` in place. */
  addr_(
    this: Tensor,
    ...given: Call<[u: Tensor, v: Tensor, options?: AddmmOptions], { vec1: Tensor; vec2: Tensor } & AddmmOptions>
  ): Tensor {
    const [u, v, options] = inOrder("addr_", given, ["vec1", "vec2"]);
    return inPlace("addr", this, [u, v], (x) => x.addr(u, v, options));
  }
  /** Keeps the lower triangle, in place. */
  tril_(this: Tensor, ...diagonal: TriangleArguments): Tensor {
    return inPlace("tril", this, [], (x) => x.tril(...diagonal));
  }
  /** Keeps the upper triangle, in place. */
  triu_(this: Tensor, ...diagonal: TriangleArguments): Tensor {
    return inPlace("triu", this, [], (x) => x.triu(...diagonal));
  }
  /** `trueDivide` in place. */
  trueDivide_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("true_divide_", given, ["other"]);
    return this.div_(other);
  }
  /** Writes whether this = other. */
  eq_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("eq_", given, ["other"]);
    return inPlace("eq", this, [], (x) => compare.eq(x, other).to(x.dtype));
  }
  /** Writes whether this ≠ other. */
  ne_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("ne_", given, ["other"]);
    return inPlace("ne", this, [], (x) => compare.ne(x, other).to(x.dtype));
  }
  /** Writes whether this < other. */
  lt_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("lt_", given, ["other"]);
    return inPlace("lt", this, [], (x) => compare.lt(x, other).to(x.dtype));
  }
  /** Writes whether this ≤ other. */
  le_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("le_", given, ["other"]);
    return inPlace("le", this, [], (x) => compare.le(x, other).to(x.dtype));
  }
  /** Writes whether this > other. */
  gt_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("gt_", given, ["other"]);
    return inPlace("gt", this, [], (x) => compare.gt(x, other).to(x.dtype));
  }
  /** Writes whether this ≥ other. */
  ge_(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("ge_", given, ["other"]);
    return inPlace("ge", this, [], (x) => compare.ge(x, other).to(x.dtype));
  }
  /** Writes whether both are true. */
  logicalAnd_(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logical_and_", given, ["other"]);
    return inPlace("logical_and", this, [], (x) => compare.logicalAnd(x, other).to(x.dtype));
  }
  /** Writes whether either is true. */
  logicalOr_(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logical_or_", given, ["other"]);
    return inPlace("logical_or", this, [], (x) => compare.logicalOr(x, other).to(x.dtype));
  }
  /** Writes whether exactly one is true. */
  logicalXor_(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("logical_xor_", given, ["other"]);
    return inPlace("logical_xor", this, [], (x) => compare.logicalXor(x, other).to(x.dtype));
  }
  /** Writes whether the element is 0. */
  logicalNot_(this: Tensor): Tensor {
    return inPlace("logical_not", this, [], (x) => compare.logicalNot(x).to(x.dtype));
  }
  /** Swaps two dimensions of this tensor itself. */
  transpose_(this: Tensor, ...given: Call<[dim0: number, dim1: number], { dim0: number; dim1: number }>): Tensor {
    const [dim0, dim1] = inOrder("transpose_", given, ["dim0", "dim1"]);
    return become("transpose_", this, this.transpose(dim0, dim1));
  }
  /** Transposes this tensor itself. */
  t_(this: Tensor): Tensor {
    return become("t_", this, this.t());
  }
  /** Removes dimensions of size 1 from this tensor itself. */
  squeeze_(this: Tensor, dim?: number | Sizes): Tensor {
    return become("squeeze_", this, dim === undefined ? this.squeeze() : this.squeeze(dim));
  }
  /** Gives this tensor itself a dimension of size 1. */
  unsqueeze_(this: Tensor, ...given: Call<[dim: number], { dim: number }>): Tensor {
    const [dim] = inOrder("unsqueeze_", given, ["dim"]);
    return become("unsqueeze_", this, this.unsqueeze(dim));
  }
  /** The determinant of each matrix. */
  det(this: Tensor): Tensor {
    return equations.det(this);
  }
  /** The inverse of each matrix. */
  inverse(this: Tensor): Tensor {
    return equations.inv(this);
  }
  /** Each matrix multiplied by itself n times; a negative n takes the inverse. */
  matrixPower(this: Tensor, n: number): Tensor {
    return equations.matrixPower(this, n);
  }
}
