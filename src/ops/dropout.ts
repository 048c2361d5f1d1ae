/**
 * Dropout: elements or whole channels set to zero at random.
 *
 * @module
 */
import { binary } from "../../ffi/symbols.ts";
import { named, type Trailing } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { over } from "../make.ts";
import { contiguousStrides, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { runBinary } from "./elementwise.ts";
import { inPlace } from "./inplace.ts";
import { dropoutMask } from "./random.ts";

/** Options of the dropout functions. */
export interface DropoutOptions {
  /** The probability of a zero. Default: 0.5. */
  p?: number;
  /** Whether to drop anything at all. Default: true. */
  training?: boolean;
  /** Whether the input is overwritten. Default: false. */
  inplace?: boolean;
}

/** The positional arguments after the input. */
export type DropoutArguments = Trailing<[p: number, training: boolean, inplace: boolean], DropoutOptions>;

/**
 * Checks a probability.
 *
 * @throws {RangeError} When it is none.
 */
export function checkProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout probability has to be between 0 and 1, but got ${p}`);
}

/** 0 with probability p, else 1 / (1 − p), for the elements of x or of a tensor with fewer: seen by backward alone. */
function mask(x: Tensor, p: number, sizes: Sizes | null): Tensor {
  const m = dropoutMask(sizes === null ? x : over(x.storage, sizes, contiguousStrides(sizes), 0, x.dtype), p);
  m.storage.workspace = true;
  return m;
}

/** x · mask. `sizes` are the mask's where it has fewer elements than x. */
function masked(x: Tensor, p: number, sizes: Sizes | null): Tensor {
  const m = mask(x, p, sizes);
  const y = runBinary("mul", binary.mul, x, m, x.dtype);
  return record("MulBackward0", y, [x], [m], (dy, [m]) => [mul(dy, m)]);
}

function call(x: Tensor, p: number, training: boolean, inplace: boolean, drop: (x: Tensor) => Tensor): Tensor {
  checkProbability(p);
  if (!training || p === 0 || x.count === 0) return x;
  return inplace ? inPlace("dropout", x, [], drop) : drop(x);
}

/** Sets elements to zero with probability `p` and scales the others by 1 / (1 − p). */
export function dropElements(x: Tensor, p: number, training: boolean, inplace: boolean): Tensor {
  return call(x, p, training, inplace, (x) => masked(x, p, null));
}

/** Sets whole channels of x `[batch, channels, …]` to zero. */
export function dropChannels(x: Tensor, p: number, training: boolean, inplace: boolean): Tensor {
  if (x.ndim < 2) {
    throw new RangeError("Feature dropout requires at least 2 dimensions in the input");
  }
  return call(x, p, training, inplace, (x) => masked(x, p, channelSizes(x)));
}

/** SELU's value far below zero, which alpha dropout sets dropped elements to. */
const alpha = 1.7580993408473766;

/** Dropout that keeps mean and variance under SELU (Klambauer et al. 2017); `channels` drops whole channels. */
export function dropAlpha(x: Tensor, p: number, training: boolean, inplace: boolean, channels = false): Tensor {
  return call(x, p, training, inplace, (x) => {
    if (p === 1) return mul(x, 0);
    const a = 1 / Math.sqrt((alpha * alpha * p + 1) * (1 - p));
    const kept = mask(x, p, channels ? channelSizes(x) : null).ne(0).to(x.dtype);
    const shift = add(mul(add(kept, -1), alpha * a), alpha * a * p);
    return add(mul(x, mul(kept, a)), shift);
  });
}

function channelSizes(x: Tensor): number[] {
  return x.sizes.map((s, i) => i < 2 ? s : 1);
}

function options(operation: string, rest: DropoutArguments): Required<DropoutOptions> {
  const o = named<DropoutOptions>(operation, rest, ["p", "training", "inplace"]);
  return { p: o.p ?? 0.5, training: o.training ?? true, inplace: o.inplace ?? false };
}

/** Sets elements to zero with probability `p` (default 0.5) and scales the others by 1 / (1 − p). */
export function dropout(x: Tensor, ...rest: DropoutArguments): Tensor {
  const { p, training, inplace } = options("dropout", rest);
  return dropElements(x, p, training, inplace);
}

/** A batch of one for inputs without a batch. */
function withBatch(x: Tensor, n: number, drop: (x: Tensor) => Tensor): Tensor {
  return x.ndim === n + 1 ? drop(x.unsqueeze(0)).squeeze(0) : drop(x);
}

/** Sets channels of x `[batch, channels, length]` to zero. */
export function dropout1d(x: Tensor, ...rest: DropoutArguments): Tensor {
  const { p, training, inplace } = options("dropout1d", rest);
  if (x.ndim !== 2 && x.ndim !== 3) {
    throw new RangeError(`dropout1d: Expected 2D or 3D input, but received a ${x.ndim}D input.`);
  }
  return withBatch(x, 1, (x) => dropChannels(x, p, training, inplace));
}

/** Sets channels of x `[batch, channels, height, width]` to zero. */
export function dropout2d(x: Tensor, ...rest: DropoutArguments): Tensor {
  const { p, training, inplace } = options("dropout2d", rest);
  return dropChannels(x, p, training, inplace);
}

/** Sets channels of x `[batch, channels, depth, height, width]` to zero. */
export function dropout3d(x: Tensor, ...rest: DropoutArguments): Tensor {
  const { p, training, inplace } = options("dropout3d", rest);
  return withBatch(x, 3, (x) => dropChannels(x, p, training, inplace));
}

function alphaOptions(operation: string, rest: DropoutArguments): Required<DropoutOptions> {
  const o = named<DropoutOptions>(operation, rest, ["p", "training", "inplace"]);
  return { p: o.p ?? 0.5, training: o.training ?? false, inplace: o.inplace ?? false };
}

/** Dropout for SELU networks: mean and variance stay. `training` is false by default, as in PyTorch. */
export function alphaDropout(x: Tensor, ...rest: DropoutArguments): Tensor {
  const { p, training, inplace } = alphaOptions("alpha_dropout", rest);
  return dropAlpha(x, p, training, inplace);
}

/** {@linkcode alphaDropout} of whole channels. */
export function featureAlphaDropout(x: Tensor, ...rest: DropoutArguments): Tensor {
  const { p, training, inplace } = alphaOptions("feature_alpha_dropout", rest);
  return dropAlpha(x, p, training, inplace, true);
}
