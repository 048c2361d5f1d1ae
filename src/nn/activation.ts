/**
 * Activation functions as layers.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { relu, relu_, sigmoid, tanh } from "../ops/activation.ts";
import { formatValue } from "../format.ts";
import type { InplaceOptions } from "../ops/activation_calls.ts";
import { logSoftmax, softmax, softmin } from "../ops/softmax.ts";
import { implicitDim } from "../ops/softmax_calls.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

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

  /** What the repr shows between its parentheses. */
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

/** The option of the softmax layers. */
export interface SoftmaxOptions {
  /** The dimension whose elements sum to 1. Default: PyTorch's old rule, with a warning. */
  dim?: number | null;
}

/** What the softmax layers have. */
export abstract class SoftmaxLayer extends Module {
  /** The dimension whose elements sum to 1. */
  dim: number | null;

  /** `new Softmax({ dim: 1 })`, `new Softmax(1)`. */
  constructor(...rest: Trailing<[dim: number | null], SoftmaxOptions>) {
    super();
    this.dim = named<SoftmaxOptions>("Softmax", rest, ["dim"]).dim ?? null;
  }
}

/** exp(x) / Σ exp(x). */
export class Softmax extends SoftmaxLayer {
  /** exp(x) / Σ exp(x). */
  override forward(x: Tensor): Tensor {
    return softmax(x, this.dim ?? implicitDim("softmax", x));
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `dim=${formatValue(this.dim)}`;
  }
}

/** The logarithm of {@linkcode Softmax}. */
export class LogSoftmax extends SoftmaxLayer {
  /** x − log Σ exp(x). */
  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim ?? implicitDim("log_softmax", x));
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `dim=${formatValue(this.dim)}`;
  }
}

/** {@linkcode Softmax} of −x. */
export class Softmin extends SoftmaxLayer {
  /** exp(−x) / Σ exp(−x). */
  override forward(x: Tensor): Tensor {
    return softmin(x, this.dim ?? implicitDim("softmin", x));
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `dim=${formatValue(this.dim)}`;
  }
}

/** {@linkcode Softmax} over the channels of `[batch, channels, height, width]`. */
export class Softmax2d extends Module {
  /** exp(x) / Σ exp(x) over the channels. */
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new RangeError(`Softmax2d: expected input to be 3D or 4D, got ${x.ndim}D instead`);
    }
    return softmax(x, -3);
  }
}

passesThrough(ReLU, Sigmoid, Tanh, Softmax, LogSoftmax, Softmin, Softmax2d);
