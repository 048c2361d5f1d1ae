/**
 * Activation functions as users call them: `F.leakyRelu(x, 0.2)`, `F.elu(x, { alpha: 0.5, inplace: true })`.
 *
 * @module
 */
import { type Arguments, called, inOrder, named, type Trailing } from "../arguments.ts";
import { float64 } from "../dtype.ts";
import { empty } from "../make.ts";
import type { Tensor } from "../tensor.ts";
import { relu as reluOp } from "./activation.ts";
import * as ops from "./activations.ts";
import { le } from "./compare.ts";
import { inPlace } from "./inplace.ts";
import { reshape } from "./movement.ts";
import { uniform_ } from "./random.ts";

/** The option of activations that can overwrite their input. */
export interface InplaceOptions {
  /** Whether the input is overwritten. Default: false. */
  inplace?: boolean;
}

function apply(operation: string, x: Tensor, inplace: boolean | undefined, compute: (x: Tensor) => Tensor): Tensor {
  return inplace ? inPlace(operation, x, [], compute) : compute(x);
}

/** max(x, 0). */
export function relu(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("relu", x, named<InplaceOptions>("relu", rest, ["inplace"]).inplace, reluOp);
}

/** min(max(x, 0), 6). */
export function relu6(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("relu6", x, named<InplaceOptions>("relu6", rest, ["inplace"]).inplace, ops.relu6);
}

/** ELU scaled so that mean and variance settle (Klambauer et al. 2017). */
export function selu(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("selu", x, named<InplaceOptions>("selu", rest, ["inplace"]).inplace, ops.selu);
}

/** x · sigmoid(x). */
export function silu(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("silu", x, named<InplaceOptions>("silu", rest, ["inplace"]).inplace, ops.silu);
}

/** x · tanh(log(1 + eˣ)). */
export function mish(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("mish", x, named<InplaceOptions>("mish", rest, ["inplace"]).inplace, ops.mish);
}

/** min(max(x + 3, 0), 6) / 6. */
export function hardsigmoid(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("hardsigmoid", x, named<InplaceOptions>("hardsigmoid", rest, ["inplace"]).inplace, ops.hardsigmoid);
}

/** x · min(max(x + 3, 0), 6) / 6. */
export function hardswish(x: Tensor, ...rest: Trailing<[inplace: boolean], InplaceOptions>): Tensor {
  return apply("hardswish", x, named<InplaceOptions>("hardswish", rest, ["inplace"]).inplace, ops.hardswish);
}

/** Options of {@linkcode hardtanh}. */
export interface HardtanhOptions extends InplaceOptions {
  /** The lower bound. Default: -1. */
  minVal?: number;
  /** The upper bound. Default: 1. */
  maxVal?: number;
}

/** min(max(x, minVal), maxVal). */
export function hardtanh(
  x: Tensor,
  ...rest: Trailing<[minVal: number, maxVal: number, inplace: boolean], HardtanhOptions>
): Tensor {
  const o = named<HardtanhOptions>("hardtanh", rest, ["minVal", "maxVal", "inplace"]);
  return apply("hardtanh", x, o.inplace, (x) => ops.hardtanh(x, o.minVal, o.maxVal));
}

/** Options of {@linkcode leakyRelu}. */
export interface LeakyReluOptions extends InplaceOptions {
  /** The slope below zero. Default: 0.01. */
  negativeSlope?: number;
}

/** x, times `negativeSlope` where it is negative. */
export function leakyRelu(
  x: Tensor,
  ...rest: Trailing<[negativeSlope: number, inplace: boolean], LeakyReluOptions>
): Tensor {
  const o = named<LeakyReluOptions>("leaky_relu", rest, ["negativeSlope", "inplace"]);
  return apply("leaky_relu", x, o.inplace, (x) => ops.leakyRelu(x, o.negativeSlope));
}

/** Options of {@linkcode elu}. */
export interface EluOptions extends InplaceOptions {
  /** α. Default: 1. */
  alpha?: number;
}

/** x above zero, α (eˣ − 1) below. */
export function elu(x: Tensor, ...rest: Trailing<[alpha: number, inplace: boolean], EluOptions>): Tensor {
  const o = named<EluOptions>("elu", rest, ["alpha", "inplace"]);
  return apply("elu", x, o.inplace, (x) => ops.elu(x, o.alpha));
}

/** Options of {@linkcode celu}. */
export interface CeluOptions extends InplaceOptions {
  /** α. Default: 1. */
  alpha?: number;
}

/** x above zero, α (e^(x/α) − 1) below. */
export function celu(x: Tensor, ...rest: Trailing<[alpha: number, inplace: boolean], CeluOptions>): Tensor {
  const o = named<CeluOptions>("celu", rest, ["alpha", "inplace"]);
  return apply("celu", x, o.inplace, (x) => ops.celu(x, o.alpha));
}

/** Options of {@linkcode softplus}. */
export interface SoftplusOptions {
  /** β. Default: 1. */
  beta?: number;
  /** Where the function passes into x. Default: 20. */
  threshold?: number;
}

/** log(1 + e^(βx)) / β, and x itself where βx is above the threshold. */
export function softplus(x: Tensor, ...rest: Trailing<[beta: number, threshold: number], SoftplusOptions>): Tensor {
  const o = named<SoftplusOptions>("softplus", rest, ["beta", "threshold"]);
  return ops.softplus(x, o.beta, o.threshold);
}

/** Options of {@linkcode hardshrink}. */
export interface HardshrinkOptions {
  /** λ. Default: 0.5. */
  lambd?: number;
}

/** x outside of [−λ, λ], else 0. */
export function hardshrink(x: Tensor, ...rest: Trailing<[lambd: number], HardshrinkOptions>): Tensor {
  const o = named<HardshrinkOptions>("hardshrink", rest, ["lambd"]);
  return ops.hardshrink(x, o.lambd);
}

/** Options of {@linkcode softshrink}. */
export interface SoftshrinkOptions {
  /** λ. Default: 0.5. */
  lambd?: number;
}

/** x − λ above λ, x + λ below −λ, else 0. */
export function softshrink(x: Tensor, ...rest: Trailing<[lambd: number], SoftshrinkOptions>): Tensor {
  const o = named<SoftshrinkOptions>("softshrink", rest, ["lambd"]);
  return ops.softshrink(x, o.lambd);
}

/** Options of {@linkcode glu}. */
export interface GluOptions {
  /** The dimension. Default: -1. */
  dim?: number;
}

/** The first half along `dim` times the sigmoid of the second half. */
export function glu(x: Tensor, ...rest: Trailing<[dim: number], GluOptions>): Tensor {
  const o = named<GluOptions>("glu", rest, ["dim"]);
  return ops.glu(x, o.dim);
}

/** Options of {@linkcode gelu}. */
export interface GeluOptions {
  /** Whether by the hyperbolic tangent. Default: "none". */
  approximate?: "none" | "tanh";
}

/** x Φ(x), Φ being the normal distribution function. */
export function gelu(x: Tensor, ...rest: Trailing<[approximate: "none" | "tanh"], GeluOptions>): Tensor {
  const o = named<GeluOptions>("gelu", rest, ["approximate"]);
  return ops.gelu(x, o.approximate);
}

/** x where it is above the threshold, else `value`. */
export function threshold(
  x: Tensor,
  ...given: Arguments<
    [threshold: number, value: number],
    [inplace: boolean],
    { threshold: number; value: number },
    InplaceOptions
  >
): Tensor {
  const [threshold, value, ...rest] = inOrder("threshold", given, ["threshold", "value"]);
  const o = named<InplaceOptions>("threshold", rest, ["inplace"]);
  return apply("threshold", x, o.inplace, (x) => ops.threshold(x, threshold, value));
}

/** x, times the weight where it is negative: one for all elements, or one for each channel (He et al. 2015). */
export function prelu(x: Tensor, ...rest: Arguments<[weight: Tensor], [], { weight: Tensor }, object>): Tensor {
  return ops.prelu(x, called<{ weight: Tensor }>("prelu", rest, ["weight"]).weight);
}

/** Options of {@linkcode rrelu}. */
export interface RReLUOptions extends InplaceOptions {
  /** The least slope. Default: 1/8. */
  lower?: number;
  /** The largest slope. Default: 1/3. */
  upper?: number;
  /** Whether slopes are random; else they are the mean of the bounds. Default: false. */
  training?: boolean;
}

/** x, times a random slope where it is negative (Xu et al. 2015). */
export function rrelu(
  x: Tensor,
  ...rest: Trailing<[lower: number, upper: number, training: boolean, inplace: boolean], RReLUOptions>
): Tensor {
  const o = named<RReLUOptions>("rrelu", rest, ["lower", "upper", "training", "inplace"]);
  const { lower = 1 / 8, upper = 1 / 3, training = false } = o;
  return apply("rrelu", x, o.inplace, (x) => ops.rrelu(x, lower, upper, training ? slopes(x, lower, upper) : null));
}

/** A slope for each element: 1, or where x is not positive a number drawn between the bounds, as PyTorch draws. */
function slopes(x: Tensor, lower: number, upper: number): Tensor {
  const noise = empty([x.count], x.dtype, x.device).fill_(1), mask = reshape(le(x.detached(), 0), [-1]);
  const drawn = uniform_(empty([mask.sum().item()], float64, x.device), lower, upper, null);
  return reshape(noise.indexPut_([mask], drawn.to(x.dtype)), x.sizes);
}
