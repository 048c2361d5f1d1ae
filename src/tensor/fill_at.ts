/**
 * Writing at chosen places, differences and other names, as methods.
 *
 * @module
 */
import { type Arguments, type Call, called, inOrder, named, type Other, type SizesBy, sizesOf } from "../arguments.ts";
import type { DiffArguments, DiffOptions } from "../functions/fill_at.ts";
import type { Operand } from "../ops/elementwise.ts";
import * as ops from "../ops/fill_at.ts";
import { inPlace } from "../ops/inplace.ts";
import type { Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import type { IndexOptions } from "./indexing.ts";
import { TensorSoftmax } from "./softmax.ts";

/** Options of {@linkcode TensorCompositions.indexFill}. */
export interface IndexFillOptions extends IndexOptions {
  /** What is written: a number, or a tensor without dimensions. */
  value: Scalar | Tensor;
}

/** The arguments of {@linkcode TensorCompositions.indexFill}. */
export type IndexFillArguments = Arguments<
  [dim: number, index: Tensor, value: Scalar | Tensor],
  [],
  IndexFillOptions,
  Partial<IndexFillOptions>
>;

/** Options of {@linkcode TensorCompositions.indexCopy}. */
export interface IndexCopyOptions extends IndexOptions {
  /** What is written. */
  source: Tensor;
}

/** The arguments of {@linkcode TensorCompositions.indexCopy}. */
export type IndexCopyArguments = Arguments<
  [dim: number, index: Tensor, source: Tensor],
  [],
  IndexCopyOptions,
  Partial<IndexCopyOptions>
>;

/** Writing at chosen places, differences, other names. */
export class TensorCompositions extends TensorSoftmax {
  /** This with `value` in the rows that `index` names along `dim`. */
  indexFill(this: Tensor, ...args: IndexFillArguments): Tensor {
    const o = called<IndexFillOptions>("index_fill", args, ["dim", "index", "value"]);
    return ops.indexFill(this, o.dim, o.index, o.value);
  }
  /** {@linkcode indexFill}, in place. */
  indexFill_(this: Tensor, ...args: IndexFillArguments): Tensor {
    const o = called<IndexFillOptions>("index_fill_", args, ["dim", "index", "value"]);
    return inPlace("index_fill", this, [o.value], (x) => ops.indexFill(x, o.dim, o.index, o.value));
  }
  /** This with the rows of `source` where `index` says along `dim`. */
  indexCopy(this: Tensor, ...args: IndexCopyArguments): Tensor {
    const o = called<IndexCopyOptions>("index_copy", args, ["dim", "index", "source"]);
    return ops.indexCopy(this, o.dim, o.index, o.source);
  }
  /** {@linkcode indexCopy}, in place. */
  indexCopy_(this: Tensor, ...args: IndexCopyArguments): Tensor {
    const o = called<IndexCopyOptions>("index_copy_", args, ["dim", "index", "source"]);
    return inPlace("index_copy", this, [o.source], (x) => ops.indexCopy(x, o.dim, o.index, o.source));
  }
  /** This with the elements of `source`, in their order, where the mask holds. */
  maskedScatter(
    this: Tensor,
    ...given: Call<[mask: Tensor, source: Tensor], { mask: Tensor; source: Tensor }>
  ): Tensor {
    const [mask, source] = inOrder("masked_scatter", given, ["mask", "source"]);
    return ops.maskedScatter(this, mask, source);
  }
  /** {@linkcode maskedScatter}, in place. */
  maskedScatter_(
    this: Tensor,
    ...given: Call<[mask: Tensor, source: Tensor], { mask: Tensor; source: Tensor }>
  ): Tensor {
    const [mask, source] = inOrder("masked_scatter_", given, ["mask", "source"]);
    return inPlace("masked_scatter", this, [source], (x) => ops.maskedScatter(x, mask, source));
  }
  /** The indices of the elements that are not 0, a row for each. */
  argwhere(this: Tensor): Tensor {
    return ops.argwhere(this);
  }
  /** The rows in ascending order, column by column. */
  msort(this: Tensor): Tensor {
    return ops.msort(this);
  }
  /** The differences of neighbours along a dimension. */
  diff(this: Tensor, ...args: DiffArguments): Tensor {
    const o = named<DiffOptions>("diff", args, ["n", "dim", "prepend", "append"]);
    return ops.diff(this, o.n, o.dim, o.prepend, o.append);
  }
  /** Summed to a smaller shape that broadcasts to this one. */
  sumToSize(this: Tensor, ...sizes: SizesBy<"size">): Tensor {
    return ops.sumToSize(this, sizesOf("sum_to_size", "size", sizes));
  }
  /** `sub` by another name. */
  subtract(this: Tensor, ...args: Parameters<Tensor["sub"]>): Tensor {
    return this.sub(...args);
  }
  /** `sub_` by another name. */
  subtract_(this: Tensor, ...args: Parameters<Tensor["sub_"]>): Tensor {
    return this.sub_(...args);
  }
  /** `mul` by another name. */
  multiply(this: Tensor, ...args: Parameters<Tensor["mul"]>): Tensor {
    return this.mul(...args);
  }
  /** `mul_` by another name. */
  multiply_(this: Tensor, ...args: Parameters<Tensor["mul_"]>): Tensor {
    return this.mul_(...args);
  }
  /** `div` by another name. */
  divide(this: Tensor, ...args: Parameters<Tensor["div"]>): Tensor {
    return this.div(...args);
  }
  /** `div_` by another name. */
  divide_(this: Tensor, ...args: Parameters<Tensor["div_"]>): Tensor {
    return this.div_(...args);
  }
  /** this / other, never rounded. */
  trueDivide(this: Tensor, ...given: Other<Operand>): Tensor {
    const [other] = inOrder("true_divide", given, ["other"]);
    return this.div(other);
  }
}
