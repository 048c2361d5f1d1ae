/**
 * Random tensors. Equal seeds give the numbers that PyTorch draws on the CPU.
 *
 * @module
 */
import { named, type Trailing } from "./arguments.ts";
import { type CreateOptions, createOptions, finish, parseSizes } from "./create.ts";
import { record } from "./autograd/node.ts";
import { checkOptions, isOptions } from "./check.ts";
import { toDevice } from "./device.ts";
import { type DType, getDefaultDtype, int64, toDtype } from "./dtype.ts";
import { empty } from "./make.ts";
import * as ops from "./ops/random.ts";
import { broadcastSizes, type Sizes } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { type BernoulliOptions, integer, type RandomOptions } from "./tensor/random.ts";

export type {
  BernoulliOptions,
  CauchyOptions,
  ExponentialOptions,
  GeometricOptions,
  MultinomialOptions,
  NormalOptions,
  RandomIntegerOptions,
  RandomOptions,
  UniformOptions,
} from "./tensor/random.ts";

/** Options of the functions that create random tensors. */
export interface RandomCreateOptions extends CreateOptions, RandomOptions {}

/** Sizes as numbers or as one array, then options. */
export type RandomSizeArguments =
  | [...sizes: number[]]
  | [...sizes: number[], options: RandomCreateOptions]
  | [sizes: Sizes, options?: RandomCreateOptions];

const known: readonly string[] = [...createOptions, "generator"];

function blank(sizes: Sizes, options: RandomCreateOptions, dtype: DType): Tensor {
  return empty(sizes, options.dtype === undefined ? dtype : toDtype(options.dtype), toDevice(options.device));
}

/**
 * A tensor of numbers that are uniform over [0, 1).
 *
 * @example
 * ```ts
 * import { manualSeed, rand } from "@raptorch/raptorch";
 * manualSeed(0);
 * console.assert(String(rand(2)) === "tensor([0.4963, 0.7682])");
 * ```
 */
export function rand(...args: RandomSizeArguments): Tensor {
  const { sizes, options } = parseSizes<RandomCreateOptions>("rand", args, known);
  return finish(ops.uniform_(blank(sizes, options, getDefaultDtype()), 0, 1, options.generator), options);
}

/**
 * A tensor of normal numbers of mean 0 and standard deviation 1.
 *
 * @example
 * ```ts
 * import { manualSeed, randn } from "@raptorch/raptorch";
 * manualSeed(0);
 * console.assert(String(randn(2)) === "tensor([ 1.5410, -0.2934])");
 * ```
 */
export function randn(...args: RandomSizeArguments): Tensor {
  const { sizes, options } = parseSizes<RandomCreateOptions>("randn", args, known);
  return finish(ops.normal_(blank(sizes, options, getDefaultDtype()), 0, 1, options.generator), options);
}

function like(
  operation: string,
  x: Tensor,
  options: RandomCreateOptions,
  draw: (y: Tensor) => Tensor,
): Tensor {
  checkOptions(operation, options, known);
  const device = options.device === undefined ? x.device : toDevice(options.device);
  return finish(ops.drawLike(x, options.dtype === undefined ? x.dtype : toDtype(options.dtype), device, draw), options);
}

/** Numbers uniform over [0, 1), with the sizes, type and device of `x`. */
export function randLike(x: Tensor, options: RandomCreateOptions = {}): Tensor {
  return like("rand_like", x, options, (y) => ops.uniform_(y, 0, 1, options.generator));
}

/** Normal numbers of mean 0 and standard deviation 1, with the sizes, type and device of `x`. */
export function randnLike(x: Tensor, options: RandomCreateOptions = {}): Tensor {
  return like("randn_like", x, options, (y) => ops.normal_(y, 0, 1, options.generator));
}

/**
 * Integers from `low` (default 0) to `high` - 1: `randint(high, size)` or `randint(low, high, size)`.
 *
 * @throws {RangeError} When there is no such integer, or the type cannot hold them.
 * @example
 * ```ts
 * import { manualSeed, randint } from "@raptorch/raptorch";
 * manualSeed(0);
 * console.assert(String(randint(10, [3])) === "tensor([4, 9, 3])");
 * ```
 */
export function randint(high: number | bigint, size: Sizes, options?: RandomCreateOptions): Tensor;
/** Integers from `low` to `high` - 1. */
export function randint(
  low: number | bigint,
  high: number | bigint,
  size: Sizes,
  options?: RandomCreateOptions,
): Tensor;
/** Integers from 0 to the first number - 1, or from it to `high` - 1. */
export function randint(
  first: number | bigint,
  options: { high?: number | bigint; size: Sizes } & RandomCreateOptions,
): Tensor;
export function randint(...given: unknown[]): Tensor {
  const args = bounded(given, ["high", "size"]);
  const at = args.findIndex((a) => Array.isArray(a));
  if (at < 1 || at > 2) throw new TypeError("randint(): the arguments are (high, size) or (low, high, size)");
  const options = (args[at + 1] ?? {}) as RandomCreateOptions;
  checkOptions("randint", options, known);
  const [low, high] = at === 1 ? [0, args[0]] : args;
  const x = blank(args[at] as Sizes, options, int64);
  return finish(between("randint", x, low as number, high as number, options), options);
}

/** The arguments in their order, where the options at the end name some of `names`. */
function bounded(given: readonly unknown[], names: readonly string[]): unknown[] {
  const last = given[given.length - 1];
  if (!isOptions(last)) return [...given];
  const { ...options } = last;
  const found = names.filter((name) => options[name] !== undefined).map((name) => options[name]);
  for (const name of names) delete options[name];
  return [...given.slice(0, -1), ...found, options];
}

function between(
  operation: string,
  x: Tensor,
  low: number | bigint,
  high: number | bigint,
  options: RandomOptions,
): Tensor {
  return ops.random_(x, integer(operation, low), integer(operation, high), options.generator);
}

/** Integers from `low` (default 0) to `high` - 1, with the sizes, type and device of `x`. */
export function randintLike(x: Tensor, high: number | bigint, options?: RandomCreateOptions): Tensor;
/** Integers from `low` to `high` - 1, with the sizes, type and device of `x`. */
export function randintLike(
  x: Tensor,
  low: number | bigint,
  high: number | bigint,
  options?: RandomCreateOptions,
): Tensor;
/** Integers from `low` (default 0) to `high` - 1, with the sizes, type and device of `x`. */
export function randintLike(
  x: Tensor,
  options: { low?: number | bigint; high: number | bigint } & RandomCreateOptions,
): Tensor;
export function randintLike(x: Tensor, ...given: unknown[]): Tensor {
  const args = bounded(given, ["low", "high"]);
  const two = typeof args[1] === "number" || typeof args[1] === "bigint";
  const [low, high] = two ? args : [0, args[0]];
  const options = (args[two ? 2 : 1] ?? {}) as RandomCreateOptions;
  return like("randint_like", x, options, (y) => between("randint_like", y, low as number, high as number, options));
}

/**
 * A random permutation of the integers from 0 to n - 1.
 *
 * @example
 * ```ts
 * import { manualSeed, randperm } from "@raptorch/raptorch";
 * manualSeed(0);
 * console.assert(String(randperm(4)) === "tensor([2, 0, 1, 3])");
 * ```
 */
export function randperm(n: number, options: RandomCreateOptions = {}): Tensor {
  checkOptions("randperm", options, known);
  if (!Number.isInteger(n)) throw new TypeError(`randperm(): n must be an integer, got ${n}`);
  const dtype = options.dtype === undefined ? int64 : toDtype(options.dtype);
  return finish(ops.randperm(n, dtype, toDevice(options.device), options.generator), options);
}

/** Options of {@linkcode normal}. */
export interface NormalFunctionOptions extends RandomCreateOptions {
  /** The standard deviation. Default: 1. */
  std?: number | Tensor;
  /** The shape, when both mean and standard deviation are numbers. */
  size?: Sizes;
}

/**
 * Normal numbers: `normal(mean, std)` with tensors (or one tensor and a number) gives one per element,
 * `normal(0, 1, [2, 3])` with numbers a tensor of that shape.
 *
 * @throws {RangeError} When a standard deviation is negative.
 */
export function normal(
  mean: number | Tensor,
  std?: number | Tensor | NormalFunctionOptions,
  size?: Sizes | NormalFunctionOptions,
  options?: NormalFunctionOptions,
): Tensor {
  const o: NormalFunctionOptions = { ...[std, size, options].find((a) => isOptions(a)) as NormalFunctionOptions };
  checkOptions("normal", o, ["std", "size", ...known]);
  if (typeof std === "number" || std instanceof Tensor) o.std = std;
  if (Array.isArray(size)) o.size = size;
  const deviation = o.std ?? 1;
  if (typeof mean === "number" && typeof deviation === "number") {
    if (o.size === undefined) throw new TypeError("normal(): a size is needed when mean and std are numbers");
    return finish(ops.normal_(blank(o.size, o, getDefaultDtype()), mean, deviation, o.generator), o);
  }
  return normalEach(mean, deviation, o.generator);
}

function normalEach(mean: number | Tensor, std: number | Tensor, generator: ops.GeneratorOption): Tensor {
  if (std instanceof Tensor && std.numel() > 0 && !(std.detached().amin().item() >= 0)) {
    throw new RangeError("normal expects all elements of std >= 0.0");
  }
  const like = mean instanceof Tensor ? mean : std as Tensor;
  const sizes = mean instanceof Tensor && std instanceof Tensor
    ? broadcastSizes(mean.sizes, std.sizes, "normal")
    : like.sizes;
  const x = empty(sizes, like.dtype, like.device);
  let y = ops.normal_(x, 0, typeof std === "number" ? std : 1, generator);
  if (std instanceof Tensor) y = y.mul(std.detached());
  y = y.add(mean instanceof Tensor ? mean.detached() : mean).to(like.dtype);
  const inputs = [mean, std].filter((t) => t instanceof Tensor);
  const name = inputs.length === 2 ? "NormalBackward3" : mean instanceof Tensor ? "NormalBackward1" : "NormalBackward2";
  return record(name, y, inputs, [], () => inputs.map(() => null));
}

/** A tensor of ones, each with the probability that `x` holds there (or `p`), and zeros. */
export function bernoulli(x: Tensor, ...args: Trailing<[p: number | Tensor], BernoulliOptions>): Tensor {
  const o = named<BernoulliOptions>("bernoulli", args, ["p"], ["generator"]);
  return ops.bernoulli(x, o.p ?? null, o.generator);
}

/**
 * Indices of categories, drawn by the weights in the vector `x`, or in each row of the matrix `x`.
 *
 * @throws {RangeError} When weights are negative, infinite or all zero, or there are too few for a draw without
 * replacement.
 */
export function multinomial(
  x: Tensor,
  ...args: Parameters<Tensor["multinomial"]>
): Tensor {
  return x.multinomial(...args);
}

/** Counts of events, each of a Poisson distribution whose rate is the element of `x`. */
export function poisson(x: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions("poisson", options, ["generator"]);
  return ops.poisson(x, options.generator);
}

/** Counts of successes in `count` trials that succeed with probability `prob`, element by element. */
export function binomial(count: Tensor, prob: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions("binomial", options, ["generator"]);
  return ops.binomial(count, prob, options.generator);
}
