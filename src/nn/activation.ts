/**
 * Activation functions as layers.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { relu, relu_, sigmoid, tanh } from "../ops/activation.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** The option of activations that can overwrite their input. */
export interface InplaceOptions {
  /** Whether the input is overwritten. Default: false. */
  inplace?: boolean;
}

/** max(x, 0). */
export class ReLU extends Module {
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** `new ReLU()`, `new ReLU({ inplace: true })`. */
  constructor(...rest: Trailing<[inplace: boolean], InplaceOptions>) {
    super();
    this.inplace = named<InplaceOptions>("ReLU", rest, ["inplace"]).inplace ?? false;
  }

  /** max(x, 0). */
  override forward(x: Tensor): Tensor {
    return this.inplace ? relu_(x) : relu(x);
  }

  override extraRepr(): string {
    return this.inplace ? "inplace=True" : "";
  }
}

/** 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Module {
  /** 1 / (1 + e⁻ˣ). */
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  /** tanh x. */
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

passesThrough(ReLU, Sigmoid, Tanh);
