/**
 * Matrix products as methods.
 *
 * @module
 */
import { type Call, inOrder, type Other } from "../arguments.ts";
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
  matmul(this: Tensor, ...given: Other<Tensor>): Tensor {
    const [other] = inOrder("matmul", given, ["other"]);
    return product.matmul(this, other);
  }
  /** The product of two matrices. */
  mm(this: Tensor, ...given: Call<[other: Tensor], { mat2: Tensor }>): Tensor {
    const [other] = inOrder("mm", given, ["mat2"]);
    return product.mm(this, other);
  }
  /** Products of matrices in batches. */
  bmm(this: Tensor, ...given: Call<[other: Tensor], { mat2: Tensor }>): Tensor {
    const [other] = inOrder("bmm", given, ["mat2"]);
    return product.bmm(this, other);
  }
  /** A matrix times a vector. */
  mv(this: Tensor, ...given: Call<[vector: Tensor], { vec: Tensor }>): Tensor {
    const [vector] = inOrder("mv", given, ["vec"]);
    return product.mv(this, vector);
  }
  /** The sum of products of two vectors. */
  dot(this: Tensor, ...given: Call<[other: Tensor], { tensor: Tensor }>): Tensor {
    const [other] = inOrder("dot", given, ["tensor"]);
    return product.dot(this, other);
  }
  /** beta·this + alpha·a·b. */
  addmm(
    this: Tensor,
    ...given: Call<[a: Tensor, b: Tensor, options?: AddmmOptions], { mat1: Tensor; mat2: Tensor } & AddmmOptions>
  ): Tensor {
    const [a, b, options] = inOrder("addmm", given, ["mat1", "mat2"]);
    checkOptions("addmm", options, ["beta", "alpha"]);
    return product.addmm(this, a, b, options?.beta, options?.alpha);
  }
}
