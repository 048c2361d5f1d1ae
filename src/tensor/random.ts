/**
 * Random numbers as methods of tensors.
 *
 * @module
 */
import { type Arguments, inOrder, named, type Trailing } from "../arguments.ts";
import type { Generator } from "../generator.ts";
import * as ops from "../ops/random.ts";
import type { Tensor } from "../tensor.ts";
import { TensorArrange } from "./arrange.ts";

/** The option of everything that draws random numbers. */
export interface RandomOptions {
  /** The generator to draw from. Default: the one that `manualSeed` seeds. */
  generator?: Generator | null;
}

/** Options of {@linkcode Tensor.uniform_}. */
export interface UniformOptions extends RandomOptions {
  /** The lower bound, included. Default: 0. */
  from?: number;
  /** The upper bound, excluded. Default: 1. */
  to?: number;
}

/** Options of {@linkcode Tensor.normal_} and {@linkcode Tensor.logNormal_}. */
export interface NormalOptions extends RandomOptions {
  /** The mean. Default: 0; 1 for `logNormal_`. */
  mean?: number;
  /** The standard deviation. Default: 1; 2 for `logNormal_`. */
  std?: number;
}

/** Options of {@linkcode Tensor.random_}. */
export interface RandomIntegerOptions extends RandomOptions {
  /** The smallest integer. Default: 0. */
  from?: number | bigint;
  /** One more than the largest integer. Default: what the type holds. */
  to?: number | bigint | null;
}

/** Options of {@linkcode Tensor.bernoulli_} and {@linkcode Tensor.bernoulli}. */
export interface BernoulliOptions extends RandomOptions {
  /** The probability of a 1. */
  p?: number | Tensor;
}

/** Options of {@linkcode Tensor.cauchy_}. */
export interface CauchyOptions extends RandomOptions {
  /** The median. Default: 0. */
  median?: number;
  /** The scale. Default: 1. */
  sigma?: number;
}

/** Options of {@linkcode Tensor.exponential_}. */
export interface ExponentialOptions extends RandomOptions {
  /** The rate. Default: 1. */
  lambd?: number;
}

/** Options of {@linkcode Tensor.geometric_}. */
export interface GeometricOptions extends RandomOptions {
  /** The probability of success. */
  p?: number;
}

/** Options of {@linkcode Tensor.multinomial}. */
export interface MultinomialOptions extends RandomOptions {
  /** Whether a category may be drawn more than once. Default: false. */
  replacement?: boolean;
}

/** Integers given as numbers or bigints. @internal */
export function integer(operation: string, value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new TypeError(`${operation}(): expected an integer, got ${value}`);
  }
  return BigInt(value);
}

/** The part of {@linkcode Tensor} that draws random numbers. */
export class TensorRandom extends TensorArrange {
  /** Fills this tensor with numbers that are uniform over [from, to). */
  uniform_(this: Tensor, ...args: Trailing<[from: number, to: number], UniformOptions>): Tensor {
    const o = named<UniformOptions>("uniform_", args, ["from", "to"], ["generator"]);
    return ops.uniform_(this, o.from ?? 0, o.to ?? 1, o.generator);
  }

  /** Fills this tensor with normal numbers of the given mean and standard deviation. */
  normal_(this: Tensor, ...args: Trailing<[mean: number, std: number], NormalOptions>): Tensor {
    const o = named<NormalOptions>("normal_", args, ["mean", "std"], ["generator"]);
    return ops.normal_(this, o.mean ?? 0, o.std ?? 1, o.generator);
  }

  /** Fills this tensor with exponentials of normal numbers of mean 1 and standard deviation 2, or as given. */
  logNormal_(this: Tensor, ...args: Trailing<[mean: number, std: number], NormalOptions>): Tensor {
    const o = named<NormalOptions>("log_normal_", args, ["mean", "std"], ["generator"]);
    return ops.logNormal_(this, o.mean ?? 1, o.std ?? 2, o.generator);
  }

  /** Fills this tensor with numbers of a Cauchy distribution. */
  cauchy_(this: Tensor, ...args: Trailing<[median: number, sigma: number], CauchyOptions>): Tensor {
    const o = named<CauchyOptions>("cauchy_", args, ["median", "sigma"], ["generator"]);
    return ops.cauchy_(this, o.median ?? 0, o.sigma ?? 1, o.generator);
  }

  /** Fills this tensor with numbers of an exponential distribution of rate `lambd`. */
  exponential_(this: Tensor, ...args: Trailing<[lambd: number], ExponentialOptions>): Tensor {
    const o = named<ExponentialOptions>("exponential_", args, ["lambd"], ["generator"]);
    return ops.exponential_(this, o.lambd ?? 1, o.generator);
  }

  /** Fills this tensor with numbers of trials until the first success, each trial succeeding with probability `p`. */
  geometric_(this: Tensor, ...args: Trailing<[p: number], GeometricOptions>): Tensor {
    const o = named<GeometricOptions>("geometric_", args, ["p"], ["generator"]);
    return ops.geometric_(this, o.p ?? NaN, o.generator);
  }

  /** Fills this tensor with ones, each with probability `p` (default 0.5; a tensor gives one per element), and zeros. */
  bernoulli_(this: Tensor, ...args: Trailing<[p: number | Tensor], BernoulliOptions>): Tensor {
    const o = named<BernoulliOptions>("bernoulli_", args, ["p"], ["generator"]);
    return ops.bernoulli_(this, o.p ?? 0.5, o.generator);
  }

  /** A tensor of ones, each with the probability that this tensor holds there (or `p`), and zeros. */
  bernoulli(this: Tensor, ...args: Trailing<[p: number | Tensor], BernoulliOptions>): Tensor {
    const o = named<BernoulliOptions>("bernoulli", args, ["p"], ["generator"]);
    return ops.bernoulli(this, o.p ?? null, o.generator);
  }

  /**
   * Fills this tensor with integers: `random_()` any non-negative ones that the type holds (floats: up to 2 to the
   * number of bits of their precision), `random_(to)` those from 0 to `to - 1`, `random_(from, to)` those from `from`
   * to `to - 1`; with `to` null, from `from` on.
   */
  random_(
    this: Tensor,
    ...args: Trailing<[from: number | bigint, to: number | bigint | null], RandomIntegerOptions>
  ): Tensor {
    const o = named<RandomIntegerOptions>("random_", args, ["from", "to"], ["generator"]);
    if (o.from === undefined && (o.to === undefined || o.to === null)) {
      return ops.random_(this, null, null, o.generator);
    }
    // One number alone is the upper bound.
    if (o.to === undefined && typeof args[0] !== "object") [o.from, o.to] = [0, o.from];
    const end = o.to === undefined || o.to === null ? null : integer("random_", o.to);
    return ops.random_(this, integer("random_", o.from ?? 0), end, o.generator);
  }

  /** Indices of categories, drawn by the weights in this vector, or in each row of this matrix. */
  multinomial(
    this: Tensor,
    ...given: Arguments<[numSamples: number], [replacement: boolean], { numSamples: number }, MultinomialOptions>
  ): Tensor {
    const [numSamples, ...args] = inOrder("multinomial", given, ["numSamples"]);
    const o = named<MultinomialOptions>("multinomial", args, ["replacement"], ["generator"]);
    return ops.multinomial(this, numSamples, o.replacement ?? false, o.generator);
  }
}
