/**
 * More functions of one operand as methods: special functions, rounding, tests, logic.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import * as activation from "../ops/activation.ts";
import { neg } from "../ops/arithmetic.ts";
import * as compare from "../ops/compare.ts";
import { inPlace } from "../ops/inplace.ts";
import * as ops from "../ops/pointwise.ts";
import type { Tensor } from "../tensor.ts";
import { TensorMath } from "./math.ts";

/** Options of {@linkcode Tensor.round}. */
export interface RoundOptions {
  /** Digits to keep behind the point; negative ones before it. Default: 0. */
  decimals?: number;
}

/** Options of {@linkcode Tensor.nanToNum}. */
export interface NanToNumOptions {
  /** What NaN becomes. Default: 0. */
  nan?: number | null;
  /** What +∞ becomes. Default: the type's largest number. */
  posinf?: number | null;
  /** What −∞ becomes. Default: the type's lowest number. */
  neginf?: number | null;
}

/** Options of {@linkcode Tensor.logit}. */
export interface LogitOptions {
  /** Holds the input in [eps, 1 − eps]. Default: null, as it is. */
  eps?: number | null;
}

function nanToNum(x: Tensor, args: readonly unknown[]): Tensor {
  const o = named<NanToNumOptions>("nan_to_num", args, ["nan", "posinf", "neginf"]);
  return ops.nanToNum(x, o.nan, o.posinf, o.neginf);
}

/** Special functions, rounding, tests, logic. */
export class TensorSpecial extends TensorMath {
  /** The error function. */
  erf(this: Tensor): Tensor {
    return ops.erf(this);
  }
  /** {@linkcode erf}, in place. */
  erf_(this: Tensor): Tensor {
    return inPlace("erf", this, [], ops.erf);
  }
  /** 1 − erf, exact for large numbers. */
  erfc(this: Tensor): Tensor {
    return ops.erfc(this);
  }
  /** {@linkcode erfc}, in place. */
  erfc_(this: Tensor): Tensor {
    return inPlace("erfc", this, [], ops.erfc);
  }
  /** The inverse of the error function. */
  erfinv(this: Tensor): Tensor {
    return ops.erfinv(this);
  }
  /** {@linkcode erfinv}, in place. */
  erfinv_(this: Tensor): Tensor {
    return inPlace("erfinv", this, [], ops.erfinv);
  }
  /** The logarithm of |Γ|. */
  lgamma(this: Tensor): Tensor {
    return ops.lgamma(this);
  }
  /** {@linkcode lgamma}, in place. */
  lgamma_(this: Tensor): Tensor {
    return inPlace("lgamma", this, [], ops.lgamma);
  }
  /** The derivative of lgamma. */
  digamma(this: Tensor): Tensor {
    return ops.digamma(this);
  }
  /** {@linkcode digamma}, in place. */
  digamma_(this: Tensor): Tensor {
    return inPlace("digamma", this, [], ops.digamma);
  }
  /** sin(πx)/(πx), 1 at 0. */
  sinc(this: Tensor): Tensor {
    return ops.sinc(this);
  }
  /** {@linkcode sinc}, in place. */
  sinc_(this: Tensor): Tensor {
    return inPlace("sinc", this, [], ops.sinc);
  }
  /** The largest integers that are not above. */
  floor(this: Tensor): Tensor {
    return ops.floor(this);
  }
  /** {@linkcode floor}, in place. */
  floor_(this: Tensor): Tensor {
    return inPlace("floor", this, [], ops.floor);
  }
  /** The smallest integers that are not below. */
  ceil(this: Tensor): Tensor {
    return ops.ceil(this);
  }
  /** {@linkcode ceil}, in place. */
  ceil_(this: Tensor): Tensor {
    return inPlace("ceil", this, [], ops.ceil);
  }
  /** Without what is behind the point. */
  trunc(this: Tensor): Tensor {
    return ops.trunc(this);
  }
  /** {@linkcode trunc}, in place. */
  trunc_(this: Tensor): Tensor {
    return inPlace("trunc", this, [], ops.trunc);
  }
  /** What is behind the point. */
  frac(this: Tensor): Tensor {
    return ops.frac(this);
  }
  /** {@linkcode frac}, in place. */
  frac_(this: Tensor): Tensor {
    return inPlace("frac", this, [], ops.frac);
  }
  /** Degrees to radians. */
  deg2rad(this: Tensor): Tensor {
    return ops.deg2rad(this);
  }
  /** {@linkcode deg2rad}, in place. */
  deg2rad_(this: Tensor): Tensor {
    return inPlace("deg2rad", this, [], ops.deg2rad);
  }
  /** Radians to degrees. */
  rad2deg(this: Tensor): Tensor {
    return ops.rad2deg(this);
  }
  /** {@linkcode rad2deg}, in place. */
  rad2deg_(this: Tensor): Tensor {
    return inPlace("rad2deg", this, [], ops.rad2deg);
  }
  /** The complement of the bits, or of a bool. */
  bitwiseNot(this: Tensor): Tensor {
    return ops.bitwiseNot(this);
  }
  /** {@linkcode bitwiseNot}, in place. */
  bitwiseNot_(this: Tensor): Tensor {
    return inPlace("bitwiseNot", this, [], ops.bitwiseNot);
  }
  /** This tensor as it is. */
  positive(this: Tensor): Tensor {
    return ops.positive(this);
  }
  /** Where this is +∞. */
  isposinf(this: Tensor): Tensor {
    return ops.isposinf(this);
  }
  /** Where this is −∞. */
  isneginf(this: Tensor): Tensor {
    return ops.isneginf(this);
  }
  /** Where this is negative, −0 included. */
  signbit(this: Tensor): Tensor {
    return ops.signbit(this);
  }
  /** Where this is NaN. */
  isnan(this: Tensor): Tensor {
    return compare.isnan(this);
  }
  /** Where this is infinite. */
  isinf(this: Tensor): Tensor {
    return compare.isinf(this);
  }
  /** Where this is neither NaN nor infinite. */
  isfinite(this: Tensor): Tensor {
    return compare.isfinite(this);
  }
  /** −this, in place. */
  neg_(this: Tensor): Tensor {
    return inPlace("neg", this, [], neg);
  }
  /** {@linkcode sigmoid}, in place. */
  sigmoid_(this: Tensor): Tensor {
    return inPlace("sigmoid", this, [], activation.sigmoid);
  }
  /** {@linkcode tanh}, in place. */
  tanh_(this: Tensor): Tensor {
    return inPlace("tanh", this, [], activation.tanh);
  }
  /** not this. */
  logicalNot(this: Tensor): Tensor {
    return compare.logicalNot(this);
  }
  /** The nearest integers, the even one of two; or with `decimals` digits behind the point. */
  round(this: Tensor, ...args: Trailing<[], RoundOptions>): Tensor {
    return ops.round(this, named<RoundOptions>("round", args, [], ["decimals"]).decimals);
  }
  /** {@linkcode round}, in place. */
  round_(this: Tensor, ...args: Trailing<[], RoundOptions>): Tensor {
    return inPlace("round", this, [], (x) => x.round(...args));
  }
  /** NaN and the infinities replaced by numbers. */
  nanToNum(
    this: Tensor,
    ...args: Trailing<[nan: number | null, posinf: number | null, neginf: number | null], NanToNumOptions>
  ): Tensor {
    return nanToNum(this, args);
  }
  /** {@linkcode nanToNum}, in place. */
  nanToNum_(
    this: Tensor,
    ...args: Trailing<[nan: number | null, posinf: number | null, neginf: number | null], NanToNumOptions>
  ): Tensor {
    return inPlace("nan_to_num", this, [], (x) => nanToNum(x, args));
  }
  /** log(x/(1 − x)). */
  logit(this: Tensor, ...args: Trailing<[eps: number | null], LogitOptions>): Tensor {
    return ops.logit(this, named<LogitOptions>("logit", args, ["eps"]).eps);
  }
  /** {@linkcode logit}, in place. */
  logit_(this: Tensor, ...args: Trailing<[eps: number | null], LogitOptions>): Tensor {
    return inPlace("logit", this, [], (x) => x.logit(...args));
  }
}
