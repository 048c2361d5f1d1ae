/**
 * Power-average pooling, and samples of softmax.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import { relu } from "./activation.ts";
import { add, div, mul } from "./arithmetic.ts";
import { pow } from "./binary.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import { abs, sign } from "./pointwise.ts";
import { avgPool } from "./pool.ts";
import { poolGeometry } from "./pool_calls.ts";
import { softmax } from "./softmax.ts";

/** Options of {@linkcode lpPool1d}, {@linkcode lpPool2d} and {@linkcode lpPool3d}. */
export interface LPPoolOptions {
  /** Steps of the window. Default: the window's size. */
  stride?: IntOrTuple | null;
  /** Whether a last window may reach over the end. Default: false. */
  ceilMode?: boolean;
}

/** The positional arguments after the kernel size. */
export type LPPoolArguments = Trailing<[stride: IntOrTuple | null, ceilMode: boolean], LPPoolOptions>;

function lpPool(n: number, x: Tensor, normType: number, kernelSize: IntOrTuple, rest: LPPoolArguments): Tensor {
  const operation = `lp_pool${n}d`;
  const o = named<LPPoolOptions>(operation, rest, ["stride", "ceilMode"]);
  const g = poolGeometry(operation, n, kernelSize, { stride: o.stride });
  const means = avgPool(operation, pow(x, normType), g, o.ceilMode ?? false, true, 0);
  const window = g.kernel.reduce((a, b) => a * b, 1);
  return pow(mul(mul(sign(means), relu(abs(means))), window), 1 / normType);
}

/** (Σ x^p)^(1/p) of each window. */
export function lpPool1d(x: Tensor, normType: number, kernelSize: IntOrTuple, ...rest: LPPoolArguments): Tensor {
  return lpPool(1, x, normType, kernelSize, rest);
}

/** (Σ x^p)^(1/p) of each window. */
export function lpPool2d(x: Tensor, normType: number, kernelSize: IntOrTuple, ...rest: LPPoolArguments): Tensor {
  return lpPool(2, x, normType, kernelSize, rest);
}

/** (Σ x^p)^(1/p) of each window. */
export function lpPool3d(x: Tensor, normType: number, kernelSize: IntOrTuple, ...rest: LPPoolArguments): Tensor {
  return lpPool(3, x, normType, kernelSize, rest);
}

/** Options of {@linkcode gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** The temperature. Default: 1. */
  tau?: number;
  /** Whether the result is one-hot, with the gradient of the soft one. Default: false. */
  hard?: boolean;
  /** The dimension. Default: -1. */
  dim?: number;
}

/** A sample of the Gumbel-softmax distribution (Jang et al. 2017). */
export function gumbelSoftmax(
  logits: Tensor,
  ...rest: Trailing<[tau: number, hard: boolean], GumbelSoftmaxOptions>
): Tensor {
  const o = named<GumbelSoftmaxOptions>("gumbel_softmax", rest, ["tau", "hard"], ["dim"]);
  const noise = logits.detached().clone().exponential_().log().neg();
  const soft = softmax(div(add(logits, noise), o.tau ?? 1), o.dim ?? -1);
  if (!o.hard) return soft;
  const dim = o.dim ?? -1;
  const best = soft.detached().argmax(dim, { keepdim: true });
  const hard = soft.detached().clone().zero_().scatter_(dim, best, 1);
  return add(hard.sub(soft.detached()), soft);
}
