/**
 * More activation functions as layers.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { formatFloat, formatValue } from "../format.ts";
import * as calls from "../ops/activation_calls.ts";
import * as ops from "../ops/activations.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { constant_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** What activations without options have. */
export abstract class InplaceLayer extends Module {
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** `new SiLU()`, `new SiLU({ inplace: true })`. */
  constructor(...rest: Trailing<[inplace: boolean], calls.InplaceOptions>) {
    super();
    this.inplace = named<calls.InplaceOptions>("activation", rest, ["inplace"]).inplace ?? false;
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return this.inplace ? "inplace=True" : "";
  }
}

/** min(max(x, 0), 6). */
export class ReLU6 extends InplaceLayer {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.relu6(x, this.inplace);
  }
}

/** x above zero, α (eˣ − 1) below. */
export class ELU extends Module {
  /** α. */
  readonly alpha: number;
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[alpha: number, inplace: boolean], calls.EluOptions>) {
    super();
    const o = named<calls.EluOptions>("ELU", rest, ["alpha", "inplace"]);
    this.alpha = o.alpha ?? 1;
    this.inplace = o.inplace ?? false;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.elu(x, this.alpha, this.inplace);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `alpha=${formatFloat(this.alpha)}${this.inplace ? ", inplace=True" : ""}`;
  }
}

/** x above zero, α (e^(x/α) − 1) below. */
export class CELU extends Module {
  /** α. */
  readonly alpha: number;
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[alpha: number, inplace: boolean], calls.CeluOptions>) {
    super();
    const o = named<calls.CeluOptions>("CELU", rest, ["alpha", "inplace"]);
    this.alpha = o.alpha ?? 1;
    this.inplace = o.inplace ?? false;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.celu(x, this.alpha, this.inplace);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `alpha=${formatFloat(this.alpha)}${this.inplace ? ", inplace=True" : ""}`;
  }
}

/** ELU scaled so that mean and variance settle (Klambauer et al. 2017). */
export class SELU extends InplaceLayer {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.selu(x, this.inplace);
  }
}

/** x · sigmoid(x). */
export class SiLU extends InplaceLayer {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.silu(x, this.inplace);
  }
}

/** x · tanh(log(1 + eˣ)). */
export class Mish extends InplaceLayer {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.mish(x, this.inplace);
  }
}

/** min(max(x + 3, 0), 6) / 6. */
export class Hardsigmoid extends InplaceLayer {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.hardsigmoid(x, this.inplace);
  }

  // PyTorch does not say it here.
  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return "";
  }
}

/** x · min(max(x + 3, 0), 6) / 6. */
export class Hardswish extends InplaceLayer {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.hardswish(x, this.inplace);
  }

  // PyTorch does not say it here.
  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return "";
  }
}

/** x, times a small slope where it is negative. */
export class LeakyReLU extends Module {
  /** The slope below zero. */
  readonly negativeSlope: number;
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[negativeSlope: number, inplace: boolean], calls.LeakyReluOptions>) {
    super();
    const o = named<calls.LeakyReluOptions>("LeakyReLU", rest, ["negativeSlope", "inplace"]);
    this.negativeSlope = o.negativeSlope ?? 0.01;
    this.inplace = o.inplace ?? false;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.leakyRelu(x, this.negativeSlope, this.inplace);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `negative_slope=${formatFloat(this.negativeSlope)}${this.inplace ? ", inplace=True" : ""}`;
  }
}

/** min(max(x, minVal), maxVal). */
export class Hardtanh extends Module {
  /** The lower bound. */
  readonly minVal: number;
  /** The upper bound. */
  readonly maxVal: number;
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[minVal: number, maxVal: number, inplace: boolean], calls.HardtanhOptions>) {
    super();
    const o = named<calls.HardtanhOptions>("Hardtanh", rest, ["minVal", "maxVal", "inplace"]);
    this.minVal = o.minVal ?? -1;
    this.maxVal = o.maxVal ?? 1;
    this.inplace = o.inplace ?? false;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.hardtanh(x, this.minVal, this.maxVal, this.inplace);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `min_val=${formatFloat(this.minVal)}, max_val=${formatFloat(this.maxVal)}${
      this.inplace ? ", inplace=True" : ""
    }`;
  }
}

/** log(1 + e^(βx)) / β. */
export class Softplus extends Module {
  /** β. */
  readonly beta: number;
  /** Where the function passes into x. */
  readonly threshold: number;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[beta: number, threshold: number], calls.SoftplusOptions>) {
    super();
    const o = named<calls.SoftplusOptions>("Softplus", rest, ["beta", "threshold"]);
    this.beta = o.beta ?? 1;
    this.threshold = o.threshold ?? 20;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.softplus(x, this.beta, this.threshold);
  }

  /** What the repr shows between its parentheses: the defaults are floats, what is given prints as it is written. */
  override extraRepr(): string {
    const text = (x: number, otherwise: number): string => x === otherwise ? formatFloat(x) : formatValue(x);
    return `beta=${text(this.beta, 1)}, threshold=${text(this.threshold, 20)}`;
  }
}

/** x outside of [−λ, λ], else 0. */
export class Hardshrink extends Module {
  /** λ. */
  readonly lambd: number;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[lambd: number], calls.HardshrinkOptions>) {
    super();
    const o = named<calls.HardshrinkOptions>("Hardshrink", rest, ["lambd"]);
    this.lambd = o.lambd ?? 0.5;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.hardshrink(x, this.lambd);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `${formatFloat(this.lambd)}`;
  }
}

/** x − λ above λ, x + λ below −λ, else 0. */
export class Softshrink extends Module {
  /** λ. */
  readonly lambd: number;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[lambd: number], calls.SoftshrinkOptions>) {
    super();
    const o = named<calls.SoftshrinkOptions>("Softshrink", rest, ["lambd"]);
    this.lambd = o.lambd ?? 0.5;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.softshrink(x, this.lambd);
  }

  /** What the repr shows between its parentheses, as it was given. */
  override extraRepr(): string {
    return formatValue(this.lambd);
  }
}

/** x Φ(x), Φ being the normal distribution function. */
export class GELU extends Module {
  /** Whether by the hyperbolic tangent. */
  readonly approximate: "none" | "tanh";

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[approximate: "none" | "tanh"], calls.GeluOptions>) {
    super();
    const o = named<calls.GeluOptions>("GELU", rest, ["approximate"]);
    this.approximate = o.approximate ?? "none";
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.gelu(x, this.approximate);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `approximate=${formatValue(this.approximate)}`;
  }
}

/** The first half along `dim` times the sigmoid of the second half. */
export class GLU extends Module {
  /** The dimension. */
  readonly dim: number;

  /** The arguments by position or by name. */
  constructor(...rest: Trailing<[dim: number], calls.GluOptions>) {
    super();
    const o = named<calls.GluOptions>("GLU", rest, ["dim"]);
    this.dim = o.dim ?? -1;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.glu(x, this.dim);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `dim=${formatValue(this.dim)}`;
  }
}

/** log(1 / (1 + e⁻ˣ)). */
export class LogSigmoid extends Module {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return ops.logsigmoid(x);
  }
}

/** x / (1 + |x|). */
export class Softsign extends Module {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return ops.softsign(x);
  }
}

/** x − tanh(x). */
export class Tanhshrink extends Module {
  /** See the class. */
  override forward(x: Tensor): Tensor {
    return ops.tanhshrink(x);
  }
}

/** x where it is above the threshold, else a value. */
export class Threshold extends Module {
  /** The threshold. */
  readonly threshold: number;
  /** What replaces the others. */
  readonly value: number;
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** `new Threshold(0.1, 20)`. */
  constructor(threshold: number, value: number, ...rest: Trailing<[inplace: boolean], calls.InplaceOptions>) {
    super();
    this.threshold = threshold;
    this.value = value;
    this.inplace = named<calls.InplaceOptions>("Threshold", rest, ["inplace"]).inplace ?? false;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.threshold(x, this.threshold, this.value, this.inplace);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const inplace = this.inplace ? ", inplace=True" : "";
    return `threshold=${formatFloat(this.threshold)}, value=${formatFloat(this.value)}${inplace}`;
  }
}

/** x, times a random slope where it is negative (Xu et al. 2015). */
export class RReLU extends Module {
  /** The least slope. */
  readonly lower: number;
  /** The largest slope. */
  readonly upper: number;
  /** Whether the input is overwritten. */
  readonly inplace: boolean;

  /** `new RReLU(0.1, 0.3)`. */
  constructor(
    ...rest: Trailing<[lower: number, upper: number, inplace: boolean], Omit<calls.RReLUOptions, "training">>
  ) {
    super();
    const o = named<Omit<calls.RReLUOptions, "training">>("RReLU", rest, ["lower", "upper", "inplace"]);
    this.lower = o.lower ?? 1 / 8;
    this.upper = o.upper ?? 1 / 3;
    this.inplace = o.inplace ?? false;
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return calls.rrelu(x, this.lower, this.upper, this.training, this.inplace);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const inplace = this.inplace ? ", inplace=True" : "";
    return `lower=${formatFloat(this.lower)}, upper=${formatFloat(this.upper)}${inplace}`;
  }
}

/** Options of {@linkcode PReLU}. */
export interface PReLUOptions extends FactoryOptions {
  /** One slope for all, or one for each channel. Default: 1. */
  numParameters?: number;
  /** The slope to begin with. Default: 0.25. */
  init?: number;
}

/** x, times a learned slope where it is negative (He et al. 2015). */
export class PReLU extends Module {
  /** The number of slopes. */
  readonly numParameters: number;
  /** The slope to begin with. */
  readonly init: number;
  /** The slopes. */
  weight: Parameter;

  /** `new PReLU()`, `new PReLU(64)`. */
  constructor(...rest: Trailing<[numParameters: number, init: number], PReLUOptions>) {
    super();
    const o = named<PReLUOptions>("PReLU", rest, ["numParameters", "init"], factoryOptions);
    this.numParameters = o.numParameters ?? 1;
    this.init = o.init ?? 0.25;
    this.weight = parameter([this.numParameters], o);
    constant_(this.weight, this.init);
  }

  /** See the class. */
  override forward(x: Tensor): Tensor {
    return ops.prelu(x, this.weight);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}

passesThrough(ReLU6, ELU, CELU, SELU, SiLU, Mish, Hardsigmoid, Hardswish, LeakyReLU, Hardtanh, Softplus, Hardshrink);
passesThrough(Softshrink, GELU, GLU, LogSigmoid, Softsign, Tanhshrink, Threshold, RReLU, PReLU);
