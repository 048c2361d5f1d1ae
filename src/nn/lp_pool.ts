/**
 * Power-average pooling as layers.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { formatValue } from "../format.ts";
import type { IntOrTuple } from "../ops/conv_calls.ts";
import { lpPool1d, lpPool2d, lpPool3d, type LPPoolOptions } from "../ops/lp_pool.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** The required arguments of the layers, by name. */
export interface LPPoolSizes {
  /** The exponent. */
  normType: number;
  /** The window's size. */
  kernelSize: IntOrTuple;
}

/** The arguments of the layers. */
export type LPPoolLayerArguments = Arguments<
  [normType: number, kernelSize: IntOrTuple],
  [stride: IntOrTuple | null, ceilMode: boolean],
  LPPoolSizes,
  LPPoolOptions
>;

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
  constructor(name: string, args: LPPoolLayerArguments) {
    super();
    const o = called<LPPoolSizes & LPPoolOptions>(name, args, ["normType", "kernelSize"], ["stride", "ceilMode"]);
    this.normType = o.normType;
    this.kernelSize = o.kernelSize;
    this.stride = o.stride ?? null;
    this.ceilMode = o.ceilMode ?? false;
  }

  /** What is printed between the parentheses. */
  override extraRepr(): string {
    // Not a float by PyTorch's signature: it prints what it was given, and that is a whole number as a rule.
    return `norm_type=${formatValue(this.normType)}, kernel_size=${formatValue(this.kernelSize)}, stride=${
      formatValue(this.stride)
    }, ceil_mode=${formatValue(this.ceilMode)}`;
  }
}

/** (Σ x^p)^(1/p) of each window. */
export class LPPool1d extends LPPool {
  /** `new LPPool1d(2, 3)`. */
  constructor(...args: LPPoolLayerArguments) {
    super("LPPool1d", args);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** (Σ x^p)^(1/p) of each window. */
export class LPPool2d extends LPPool {
  /** `new LPPool2d(2, 3)`. */
  constructor(...args: LPPoolLayerArguments) {
    super("LPPool2d", args);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** (Σ x^p)^(1/p) of each window. */
export class LPPool3d extends LPPool {
  /** `new LPPool3d(2, 3)`. */
  constructor(...args: LPPoolLayerArguments) {
    super("LPPool3d", args);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return lpPool3d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
