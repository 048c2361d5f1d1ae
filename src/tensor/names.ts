/**
 * PyTorch's second names of methods.
 *
 * @module
 */
import type { Operand } from "../ops/elementwise.ts";
import { inPlace } from "../ops/inplace.ts";
import type { Tensor } from "../tensor.ts";
import type { ClampArguments } from "./binary.ts";
import { TensorCompositions } from "./fill_at.ts";

/** Second names. */
export class TensorNames extends TensorCompositions {
  /** `abs` by another name. */
  absolute(this: Tensor): Tensor {
    return this.abs();
  }
  /** `abs_` by another name. */
  absolute_(this: Tensor): Tensor {
    return this.abs_();
  }
  /** `acos` by another name. */
  arccos(this: Tensor): Tensor {
    return this.acos();
  }
  /** `acos_` by another name. */
  arccos_(this: Tensor): Tensor {
    return this.acos_();
  }
  /** `acosh` by another name. */
  arccosh(this: Tensor): Tensor {
    return this.acosh();
  }
  /** `acosh_` by another name. */
  arccosh_(this: Tensor): Tensor {
    return this.acosh_();
  }
  /** `asin` by another name. */
  arcsin(this: Tensor): Tensor {
    return this.asin();
  }
  /** `asin_` by another name. */
  arcsin_(this: Tensor): Tensor {
    return this.asin_();
  }
  /** `asinh` by another name. */
  arcsinh(this: Tensor): Tensor {
    return this.asinh();
  }
  /** `asinh_` by another name. */
  arcsinh_(this: Tensor): Tensor {
    return this.asinh_();
  }
  /** `atan` by another name. */
  arctan(this: Tensor): Tensor {
    return this.atan();
  }
  /** `atan_` by another name. */
  arctan_(this: Tensor): Tensor {
    return this.atan_();
  }
  /** `atanh` by another name. */
  arctanh(this: Tensor): Tensor {
    return this.atanh();
  }
  /** `atanh_` by another name. */
  arctanh_(this: Tensor): Tensor {
    return this.atanh_();
  }
  /** `trunc` by another name. */
  fix(this: Tensor): Tensor {
    return this.trunc();
  }
  /** `trunc_` by another name. */
  fix_(this: Tensor): Tensor {
    return this.trunc_();
  }
  /** `atan2` by another name. */
  arctan2(this: Tensor, other: Tensor): Tensor {
    return this.atan2(other);
  }
  /** `atan2_` by another name. */
  arctan2_(this: Tensor, other: Tensor): Tensor {
    return this.atan2_(other);
  }
  /** `clamp_` by another name. */
  clip_(this: Tensor, ...args: ClampArguments): Tensor {
    return this.clamp_(...args);
  }
  /** `gt` by another name. */
  greater(this: Tensor, other: Operand): Tensor {
    return this.gt(other);
  }
  /** Writes what `gt` gives. */
  greater_(this: Tensor, other: Operand): Tensor {
    return inPlace("gt", this, [], (x) => x.gt(other).to(x.dtype));
  }
  /** `ge` by another name. */
  greaterEqual(this: Tensor, other: Operand): Tensor {
    return this.ge(other);
  }
  /** Writes what `ge` gives. */
  greaterEqual_(this: Tensor, other: Operand): Tensor {
    return inPlace("ge", this, [], (x) => x.ge(other).to(x.dtype));
  }
  /** `lt` by another name. */
  less(this: Tensor, other: Operand): Tensor {
    return this.lt(other);
  }
  /** Writes what `lt` gives. */
  less_(this: Tensor, other: Operand): Tensor {
    return inPlace("lt", this, [], (x) => x.lt(other).to(x.dtype));
  }
  /** `le` by another name. */
  lessEqual(this: Tensor, other: Operand): Tensor {
    return this.le(other);
  }
  /** Writes what `le` gives. */
  lessEqual_(this: Tensor, other: Operand): Tensor {
    return inPlace("le", this, [], (x) => x.le(other).to(x.dtype));
  }
}
