/**
 * Matrix products as methods.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import * as product from "../ops/matmul.ts";
import type { Tensor } from "../tensor.ts";
import { TensorReduce } from "./reduce.ts";

/** Options of {@linkcode TensorMatmul.addmm} and its kin. */
export interface AddmmOptions {
  /** Multiplies the added tensor. Default: 1. */
  beta?: number;
  /** Multiplies the product. Default: 1. */
  alpha?: number;
}

/** Methods that multiply matrices. */
export class TensorMatmul extends TensorReduce {
  /** The matrix product by PyTorch's rules for vectors, matrices and batches. */
  matmul(this: Tensor, other: Tensor): Tensor {
    return product.matmul(this, other);
  }
  /** The product of two matrices. */
  mm(this: Tensor, other: Tensor): Tensor {
    return product.mm(this, other);
  }
  /** Products of matrices in batches. */
  bmm(this: Tensor, other: Tensor): Tensor {
    return product.bmm(this, other);
  }
  /** A matrix times a vector. */
  mv(this: Tensor, vector: Tensor): Tensor {
    return product.mv(this, vector);
  }
  /** The sum of products of two vectors. */
  dot(this: Tensor, other: Tensor): Tensor {
    return product.dot(this, other);
  }
  /** beta·this + alpha·a·b. */
  addmm(this: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions): Tensor {
    checkOptions("addmm", options, ["beta", "alpha"]);
    return product.addmm(this, a, b, options?.beta, options?.alpha);
  }
}
