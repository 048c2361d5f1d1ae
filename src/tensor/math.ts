/**
 * Mathematical functions of one operand as methods.
 *
 * @module
 */
import { inPlace } from "../ops/inplace.ts";
import * as ops from "../ops/pointwise.ts";
import type { Tensor } from "../tensor.ts";
import { TensorRandom } from "./random.ts";

/** Powers, exponentials, logarithms, angles. */
export class TensorMath extends TensorRandom {
  /** |this|. */
  abs(this: Tensor): Tensor {
    return ops.abs(this);
  }
  /** {@linkcode abs}, in place. */
  abs_(this: Tensor): Tensor {
    return inPlace("abs", this, [], ops.abs);
  }
  /** −1, 0 or 1. */
  sgn(this: Tensor): Tensor {
    return ops.sgn(this);
  }
  /** {@linkcode sgn}, in place. */
  sgn_(this: Tensor): Tensor {
    return inPlace("sgn", this, [], ops.sgn);
  }
  /** −1, 0 or 1. */
  sign(this: Tensor): Tensor {
    return ops.sign(this);
  }
  /** {@linkcode sign}, in place. */
  sign_(this: Tensor): Tensor {
    return inPlace("sign", this, [], ops.sign);
  }
  /** this². */
  square(this: Tensor): Tensor {
    return ops.square(this);
  }
  /** {@linkcode square}, in place. */
  square_(this: Tensor): Tensor {
    return inPlace("square", this, [], ops.square);
  }
  /** √this. */
  sqrt(this: Tensor): Tensor {
    return ops.sqrt(this);
  }
  /** {@linkcode sqrt}, in place. */
  sqrt_(this: Tensor): Tensor {
    return inPlace("sqrt", this, [], ops.sqrt);
  }
  /** 1/√this. */
  rsqrt(this: Tensor): Tensor {
    return ops.rsqrt(this);
  }
  /** {@linkcode rsqrt}, in place. */
  rsqrt_(this: Tensor): Tensor {
    return inPlace("rsqrt", this, [], ops.rsqrt);
  }
  /** 1/this. */
  reciprocal(this: Tensor): Tensor {
    return ops.reciprocal(this);
  }
  /** {@linkcode reciprocal}, in place. */
  reciprocal_(this: Tensor): Tensor {
    return inPlace("reciprocal", this, [], ops.reciprocal);
  }
  /** eˣ. */
  exp(this: Tensor): Tensor {
    return ops.exp(this);
  }
  /** {@linkcode exp}, in place. */
  exp_(this: Tensor): Tensor {
    return inPlace("exp", this, [], ops.exp);
  }
  /** 2ˣ. */
  exp2(this: Tensor): Tensor {
    return ops.exp2(this);
  }
  /** {@linkcode exp2}, in place. */
  exp2_(this: Tensor): Tensor {
    return inPlace("exp2", this, [], ops.exp2);
  }
  /** eˣ − 1, exact near 0. */
  expm1(this: Tensor): Tensor {
    return ops.expm1(this);
  }
  /** {@linkcode expm1}, in place. */
  expm1_(this: Tensor): Tensor {
    return inPlace("expm1", this, [], ops.expm1);
  }
  /** The natural logarithm. */
  log(this: Tensor): Tensor {
    return ops.log(this);
  }
  /** {@linkcode log}, in place. */
  log_(this: Tensor): Tensor {
    return inPlace("log", this, [], ops.log);
  }
  /** The logarithm to base 2. */
  log2(this: Tensor): Tensor {
    return ops.log2(this);
  }
  /** {@linkcode log2}, in place. */
  log2_(this: Tensor): Tensor {
    return inPlace("log2", this, [], ops.log2);
  }
  /** The logarithm to base 10. */
  log10(this: Tensor): Tensor {
    return ops.log10(this);
  }
  /** {@linkcode log10}, in place. */
  log10_(this: Tensor): Tensor {
    return inPlace("log10", this, [], ops.log10);
  }
  /** log(1 + x), exact near 0. */
  log1p(this: Tensor): Tensor {
    return ops.log1p(this);
  }
  /** {@linkcode log1p}, in place. */
  log1p_(this: Tensor): Tensor {
    return inPlace("log1p", this, [], ops.log1p);
  }
  /** The sine. */
  sin(this: Tensor): Tensor {
    return ops.sin(this);
  }
  /** {@linkcode sin}, in place. */
  sin_(this: Tensor): Tensor {
    return inPlace("sin", this, [], ops.sin);
  }
  /** The cosine. */
  cos(this: Tensor): Tensor {
    return ops.cos(this);
  }
  /** {@linkcode cos}, in place. */
  cos_(this: Tensor): Tensor {
    return inPlace("cos", this, [], ops.cos);
  }
  /** The tangent. */
  tan(this: Tensor): Tensor {
    return ops.tan(this);
  }
  /** {@linkcode tan}, in place. */
  tan_(this: Tensor): Tensor {
    return inPlace("tan", this, [], ops.tan);
  }
  /** The inverse sine. */
  asin(this: Tensor): Tensor {
    return ops.asin(this);
  }
  /** {@linkcode asin}, in place. */
  asin_(this: Tensor): Tensor {
    return inPlace("asin", this, [], ops.asin);
  }
  /** The inverse cosine. */
  acos(this: Tensor): Tensor {
    return ops.acos(this);
  }
  /** {@linkcode acos}, in place. */
  acos_(this: Tensor): Tensor {
    return inPlace("acos", this, [], ops.acos);
  }
  /** The inverse tangent. */
  atan(this: Tensor): Tensor {
    return ops.atan(this);
  }
  /** {@linkcode atan}, in place. */
  atan_(this: Tensor): Tensor {
    return inPlace("atan", this, [], ops.atan);
  }
  /** The hyperbolic sine. */
  sinh(this: Tensor): Tensor {
    return ops.sinh(this);
  }
  /** {@linkcode sinh}, in place. */
  sinh_(this: Tensor): Tensor {
    return inPlace("sinh", this, [], ops.sinh);
  }
  /** The hyperbolic cosine. */
  cosh(this: Tensor): Tensor {
    return ops.cosh(this);
  }
  /** {@linkcode cosh}, in place. */
  cosh_(this: Tensor): Tensor {
    return inPlace("cosh", this, [], ops.cosh);
  }
  /** The inverse hyperbolic sine. */
  asinh(this: Tensor): Tensor {
    return ops.asinh(this);
  }
  /** {@linkcode asinh}, in place. */
  asinh_(this: Tensor): Tensor {
    return inPlace("asinh", this, [], ops.asinh);
  }
  /** The inverse hyperbolic cosine. */
  acosh(this: Tensor): Tensor {
    return ops.acosh(this);
  }
  /** {@linkcode acosh}, in place. */
  acosh_(this: Tensor): Tensor {
    return inPlace("acosh", this, [], ops.acosh);
  }
  /** The inverse hyperbolic tangent. */
  atanh(this: Tensor): Tensor {
    return ops.atanh(this);
  }
  /** {@linkcode atanh}, in place. */
  atanh_(this: Tensor): Tensor {
    return inPlace("atanh", this, [], ops.atanh);
  }
}
