/**
 * Power-average pooling as layers.
 *
 * @module
 */
import { named } from "../arguments.ts";
import { formatFloat, formatValue } from "../format.ts";
import type { IntOrTuple } from "../ops/conv_calls.ts";
import { lpPool1d, lpPool2d, lpPool3d, type LPPoolArguments, type LPPoolOptions } from "../ops/lp_pool.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** What the layers have. */
export abstract class LPPool extends Module {
  /** The exponent. */
  readonly normType: number;
  /** The window's size. */
  readonly kernelSize: IntOrTuple;
  /** Steps of the window. */
  readonly stride: IntOrTuple | null;
  /** Whether a last window may reach over the end. */
  readonly ceilMode: boolean;

  /** For the layers. */
  constructor(normType: number, kernelSize: IntOrTuple, rest: LPPoolArguments) {
    super();
    const o = named<LPPoolOptions>("LPPool", rest, ["stride", "ceilMode"]);
    this.normType = normType;
    this.kernelSize = kernelSize;
    this.stride = o.stride ?? null;
    this.ceilMode = o.ceilMode ?? false;
  }

  /** What is printed between the parentheses. */
  override extraRepr(): string {
    return `norm_type=${formatFloat(this.normType)}, kernel_size=${formatValue(this.kernelSize)}, stride=${
      formatValue(this.stride)
    }, ceil_mode=${formatValue(this.ceilMode)}`;
  }
}

/** (Σ x^p)^(1/p) of each window. */
export class LPPool1d extends LPPool {
  /** `new LPPool1d(2, 3)`. */
  constructor(normType: number, kernelSize: IntOrTuple, ...rest: LPPoolArguments) {
    super(normType, kernelSize, rest);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** (Σ x^p)^(1/p) of each window. */
export class LPPool2d extends LPPool {
  /** `new LPPool2d(2, 3)`. */
  constructor(normType: number, kernelSize: IntOrTuple, ...rest: LPPoolArguments) {
    super(normType, kernelSize, rest);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** (Σ x^p)^(1/p) of each window. */
export class LPPool3d extends LPPool {
  /** `new LPPool3d(2, 3)`. */
  constructor(normType: number, kernelSize: IntOrTuple, ...rest: LPPoolArguments) {
    super(normType, kernelSize, rest);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return lpPool3d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
