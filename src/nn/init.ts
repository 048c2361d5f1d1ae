/**
 * Initialisers of parameters. Each fills a tensor in place, outside of the graph, and returns it.
 *
 * @example
 * ```ts
 * import { manualSeed, nn, zeros } from "@raptorch/raptorch";
 * manualSeed(0);
 * const weight = nn.init.xavierUniform_(zeros(3, 5), { gain: nn.init.calculateGain("relu") });
 * console.assert(weight.abs().amax().item() < Math.sqrt(2) * Math.sqrt(6 / 8));
 * ```
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { noGrad } from "../autograd/mode.ts";
import type { Generator } from "../generator.ts";
import { empty } from "../make.ts";
import { logicalAnd, logicalOr } from "../ops/compare.ts";
import { qr } from "../ops/linalg.ts";
import { where } from "../ops/where.ts";
import { randperm } from "../random.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { NormalOptions, RandomOptions } from "../tensor/random.ts";

/** The nonlinearities that {@linkcode calculateGain} knows. */
export type Nonlinearity =
  | "linear"
  | "conv1d"
  | "conv2d"
  | "conv3d"
  | "conv_transpose1d"
  | "conv_transpose2d"
  | "conv_transpose3d"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leaky_relu"
  | "selu";

/** Which side of a layer keeps its variance. */
export type FanMode = "fan_in" | "fan_out";

/** Options of {@linkcode uniform_}. */
export interface InitUniformOptions extends RandomOptions {
  /** The lower bound. Default: 0. */
  a?: number;
  /** The upper bound. Default: 1. */
  b?: number;
}

/** Options of {@linkcode truncNormal_}. */
export interface InitTruncNormalOptions extends NormalOptions {
  /** The smallest value. Default: -2. */
  a?: number;
  /** The largest value. Default: 2. */
  b?: number;
}

/** Options of {@linkcode dirac_}. */
export interface InitDiracOptions {
  /** The number of groups of the convolution. Default: 1. */
  groups?: number;
}

/** Options of {@linkcode xavierUniform_}, {@linkcode xavierNormal_} and {@linkcode orthogonal_}. */
export interface InitGainOptions extends RandomOptions {
  /** A factor on the values. Default: 1. */
  gain?: number;
}

/** Options of {@linkcode kaimingUniform_} and {@linkcode kaimingNormal_}. */
export interface InitKaimingOptions extends RandomOptions {
  /** The negative slope of the leaky ReLU that follows. Default: 0. */
  a?: number;
  /** Whose variance to keep: that of the activations or that of the gradients. Default: `fan_in`. */
  mode?: FanMode;
  /** The nonlinearity that follows. Default: `leaky_relu`. */
  nonlinearity?: Nonlinearity;
}

/** Options of {@linkcode sparse_}. */
export interface InitSparseOptions extends RandomOptions {
  /** The fraction of each column to set to zero. */
  sparsity?: number;
  /** The standard deviation of the others. Default: 0.01. */
  std?: number;
}

/**
 * The factor by which a nonlinearity shrinks what passes through it.
 *
 * @param param The negative slope, for `leaky_relu`. Default: 0.01.
 * @throws {TypeError} For a nonlinearity that is not known.
 */
export function calculateGain(nonlinearity: Nonlinearity, param?: number | null): number {
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leaky_relu": {
      if (param !== undefined && param !== null && typeof param !== "number") {
        throw new TypeError(`negative_slope ${param} not a valid number`);
      }
      return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
    }
    case "selu":
      return 3 / 4;
    case "sigmoid":
    case "linear":
      return 1;
    default:
      if (/^conv(_transpose)?[123]d$/.test(nonlinearity)) return 1;
      throw new TypeError(`Unsupported nonlinearity ${nonlinearity}`);
  }
}

function fans(x: Tensor): { fanIn: number; fanOut: number } {
  if (x.ndim < 2) {
    throw new RangeError(
      "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions " +
        `(shape ${formatSizes(x.sizes)})`,
    );
  }
  const field = x.sizes.slice(2).reduce((a, b) => a * b, 1);
  return { fanIn: x.sizes[1] * field, fanOut: x.sizes[0] * field };
}

/** Fills `x` with numbers uniform over [a, b). */
export function uniform_(x: Tensor, ...args: Trailing<[a: number, b: number], InitUniformOptions>): Tensor {
  const o = named<InitUniformOptions>("uniform_", args, ["a", "b"], ["generator"]);
  return noGrad(() => x.uniform_(o.a ?? 0, o.b ?? 1, { generator: o.generator }));
}

/** Fills `x` with normal numbers. */
export function normal_(x: Tensor, ...args: Trailing<[mean: number, std: number], NormalOptions>): Tensor {
  const o = named<NormalOptions>("normal_", args, ["mean", "std"], ["generator"]);
  return noGrad(() => x.normal_(o.mean ?? 0, o.std ?? 1, { generator: o.generator }));
}

/** Fills `x` with one value. */
export function constant_(x: Tensor, val: number): Tensor {
  return noGrad(() => x.fill_(val));
}

/** Fills `x` with ones. */
export function ones_(x: Tensor): Tensor {
  return constant_(x, 1);
}

/** Fills `x` with zeros. */
export function zeros_(x: Tensor): Tensor {
  return noGrad(() => x.zero_());
}

/**
 * Makes the matrix `x` the identity.
 *
 * @throws {RangeError} When `x` is no matrix.
 */
export function eye_(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new RangeError("Only tensors with 2 dimensions are supported");
  return noGrad(() => {
    x.zero_();
    x.asStrided([Math.min(...x.sizes)], [x.strides[0] + x.strides[1]]).fill_(1);
    return x;
  });
}

/**
 * Makes the convolution weight `x` pass its inputs through, group by group.
 *
 * @throws {RangeError} When `x` has not 3 to 5 dimensions, or its channels do not divide by `groups`.
 */
export function dirac_(x: Tensor, ...args: Trailing<[groups: number], InitDiracOptions>): Tensor {
  const { groups = 1 } = named<InitDiracOptions>("dirac_", args, ["groups"]);
  if (x.ndim < 3 || x.ndim > 5) throw new RangeError("Only tensors with 3, 4, or 5 dimensions are supported");
  if (x.sizes[0] % groups !== 0) throw new RangeError("dim 0 must be divisible by groups");
  const perGroup = x.sizes[0] / groups, count = Math.min(perGroup, x.sizes[1]);
  const center = x.sizes.slice(2).map((size) => Math.floor(size / 2));
  return noGrad(() => {
    x.zero_();
    for (let g = 0; g < groups; g++) {
      for (let d = 0; d < count; d++) x.get(g * perGroup + d, d, ...center).fill_(1);
    }
    return x;
  });
}

/** Fills `x` uniformly, so that variances pass through linear layers (Glorot and Bengio 2010). */
export function xavierUniform_(x: Tensor, ...args: Trailing<[gain: number], InitGainOptions>): Tensor {
  const o = named<InitGainOptions>("xavier_uniform_", args, ["gain"], ["generator"]);
  const bound = Math.sqrt(3) * xavierStd(x, o.gain ?? 1);
  return noGrad(() => x.uniform_(-bound, bound, { generator: o.generator }));
}

/** Fills `x` with normal numbers, so that variances pass through linear layers (Glorot and Bengio 2010). */
export function xavierNormal_(x: Tensor, ...args: Trailing<[gain: number], InitGainOptions>): Tensor {
  const o = named<InitGainOptions>("xavier_normal_", args, ["gain"], ["generator"]);
  return noGrad(() => x.normal_(0, xavierStd(x, o.gain ?? 1), { generator: o.generator }));
}

function xavierStd(x: Tensor, gain: number): number {
  const { fanIn, fanOut } = fans(x);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Fills `x` uniformly, so that variances pass through rectified layers (He et al. 2015). */
export function kaimingUniform_(
  x: Tensor,
  ...args: Trailing<[a: number, mode: FanMode, nonlinearity: Nonlinearity], InitKaimingOptions>
): Tensor {
  const o = named<InitKaimingOptions>("kaiming_uniform_", args, ["a", "mode", "nonlinearity"], ["generator"]);
  if (x.numel() === 0) return nothing(x);
  const bound = Math.sqrt(3) * kaimingStd(x, o);
  return noGrad(() => x.uniform_(-bound, bound, { generator: o.generator }));
}

/** Fills `x` with normal numbers, so that variances pass through rectified layers (He et al. 2015). */
export function kaimingNormal_(
  x: Tensor,
  ...args: Trailing<[a: number, mode: FanMode, nonlinearity: Nonlinearity], InitKaimingOptions>
): Tensor {
  const o = named<InitKaimingOptions>("kaiming_normal_", args, ["a", "mode", "nonlinearity"], ["generator"]);
  if (x.numel() === 0) return nothing(x);
  return noGrad(() => x.normal_(0, kaimingStd(x, o), { generator: o.generator }));
}

function kaimingStd(x: Tensor, o: InitKaimingOptions): number {
  const mode = (o.mode ?? "fan_in").toLowerCase();
  if (mode !== "fan_in" && mode !== "fan_out") {
    throw new TypeError(`Mode ${mode} not supported, please use one of ['fan_in', 'fan_out']`);
  }
  const { fanIn, fanOut } = fans(x);
  return calculateGain(o.nonlinearity ?? "leaky_relu", o.a ?? 0) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut);
}

function nothing(x: Tensor): Tensor {
  console.warn("Initializing zero-element tensors is a no-op");
  return x;
}

/**
 * Fills `x` with normal numbers, those outside of [a, b] drawn again.
 *
 * By rejection from the normal distribution where most of it lies inside, else from the uniform one.
 */
export function truncNormal_(
  x: Tensor,
  ...args: Trailing<[mean: number, std: number, a: number, b: number], InitTruncNormalOptions>
): Tensor {
  const o = named<InitTruncNormalOptions>("trunc_normal_", args, ["mean", "std", "a", "b"], ["generator"]);
  const law = { mean: o.mean ?? 0, std: o.std ?? 1, a: o.a ?? -2, b: o.b ?? 2, generator: o.generator };
  if (law.mean < law.a - 2 * law.std || law.mean > law.b + 2 * law.std) {
    console.warn(
      "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
    );
  }
  const below = (bound: number) => (1 + erf((bound - law.mean) / law.std / Math.SQRT2)) / 2;
  if (x.count === 0) return x;
  return noGrad(() => below(law.b) - below(law.a) > 0.3 ? redrawn(x, law) : rejected(x, law));
}

interface Truncated {
  mean: number;
  std: number;
  a: number;
  b: number;
  generator?: Generator | null;
}

/** The error function to double precision, by the series of its integral or, far out, 1. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/** Replaces elements of `x` where `condition` holds. */
function where_(x: Tensor, condition: Tensor, values: Tensor): void {
  x.copy_(where(condition, values, x));
}

function none(condition: Tensor): boolean {
  return !condition.amax().item();
}

function redrawn(x: Tensor, { mean, std, a, b, generator }: Truncated): Tensor {
  x.normal_(mean, std, { generator });
  for (;;) {
    const outside = logicalOr(x.lt(a), x.gt(b));
    if (none(outside)) return x;
    where_(x, outside, empty(x.sizes, x.dtype, x.device).normal_(mean, std, { generator }));
  }
}

function rejected(x: Tensor, { mean, std, a, b, generator }: Truncated): Tensor {
  const peak = -0.5 * ((Math.max(a, Math.min(mean, b)) - mean) / std) ** 2;
  const refused = (candidates: Tensor) => {
    const z = candidates.sub(mean).div(std), density = z.mul(z).mul(-0.5).sub(peak);
    return empty(x.sizes, x.dtype, x.device).uniform_({ generator }).log().gt(density);
  };
  x.uniform_(a, b, { generator });
  let pending = refused(x);
  while (!none(pending)) {
    const candidates = empty(x.sizes, x.dtype, x.device).uniform_(a, b, { generator });
    where_(x, pending, candidates);
    pending = logicalAnd(pending, refused(candidates));
  }
  return x;
}

/**
 * Fills `x`, seen as a matrix of `x.size(0)` rows, with orthogonal rows or columns (Saxe et al. 2013).
 *
 * @throws {RangeError} When `x` has fewer than two dimensions.
 */
export function orthogonal_(x: Tensor, ...args: Trailing<[gain: number], InitGainOptions>): Tensor {
  const o = named<InitGainOptions>("orthogonal_", args, ["gain"], ["generator"]);
  if (x.ndim < 2) throw new RangeError("Only tensors with 2 or more dimensions are supported");
  if (x.numel() === 0) return x;
  return noGrad(() => {
    const rows = x.sizes[0], columns = x.numel() / rows;
    const flat = empty([rows, columns], x.dtype, x.device).normal_(0, 1, { generator: o.generator });
    const [Q, R] = qr(rows < columns ? flat.t() : flat);
    // Columns whose R has a negative diagonal are turned round, which makes Q uniform (arXiv:math-ph/0609050).
    const diagonal = R.asStrided([R.sizes[0]], [R.sizes[1] + 1]);
    const q = Q.mul(diagonal.gt(0).to(x.dtype).mul(2).sub(1));
    return x.copy_((rows < columns ? q.t() : q).mul(o.gain ?? 1).reshape(x.sizes));
  });
}

/**
 * Fills the matrix `x` with normal numbers, and a fraction `sparsity` of each column with zeros (Martens 2010).
 *
 * @throws {RangeError} When `x` is no matrix.
 */
export function sparse_(x: Tensor, ...args: Trailing<[sparsity: number, std: number], InitSparseOptions>): Tensor {
  const o = named<InitSparseOptions>("sparse_", args, ["sparsity", "std"], ["generator"]);
  if (o.sparsity === undefined) throw new TypeError("sparse_() is missing its argument 'sparsity'");
  if (x.ndim !== 2) throw new RangeError("Only tensors with 2 dimensions are supported");
  const zeros = Math.ceil(o.sparsity * x.sizes[0]);
  return noGrad(() => {
    x.normal_(0, o.std ?? 0.01, { generator: o.generator });
    for (let column = 0; column < x.sizes[1]; column++) {
      x.select(1, column).indexPut_([randperm(x.sizes[0]).narrow(0, 0, zeros)], 0);
    }
    return x;
  });
}
