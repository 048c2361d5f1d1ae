/**
 * Random fills in place. Elements are drawn in the order in which they lie in memory, as PyTorch draws them.
 *
 * @module
 */
import { fill, sample } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { record } from "../autograd/node.ts";
import type { Device } from "../device.ts";
import { bool, type DType, float32, float64, int32, int64, uint8 } from "../dtype.ts";
import { type Generator, generatorOf } from "../generator.ts";
import { empty, isHalf, over } from "../make.ts";
import { metaOf } from "../scratch.ts";
import { contiguousStrides, formatSizes, product, sameSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { castTo, unsupported } from "./elementwise.ts";
import { checkWritable, takeHistory } from "./inplace.ts";
import { copyElementsTo, dense } from "./strided.ts";
import { clamp, where } from "./where.ts";

/** The generator of a random operation; `null` is the default one. */
export type GeneratorOption = Generator | null | undefined;

/**
 * The dimensions of `x` from the slowest to the fastest in memory: those of PyTorch's iteration. Dimensions of stride
 * 0 or of equal strides stay where they are.
 */
function memoryOrder(x: Tensor): number[] {
  const { sizes, strides } = x;
  const order = sizes.map((_, i) => sizes.length - 1 - i);
  for (let i = 1; i < order.length; i++) {
    let inner = i;
    for (let j = i - 1; j >= 0; j--) {
      const a = strides[order[j]], b = strides[order[inner]];
      if (a === 0 || b === 0) continue;
      if (a > b || (a === b && sizes[order[j]] > sizes[order[inner]])) {
        [order[j], order[inner]] = [order[inner], order[j]];
        inner = j;
      } else if (a < b) break;
    }
  }
  return order.reverse();
}

/** Calls `draw` with contiguous memory of x's size, laid out as x's memory, and brings the numbers to `y`. */
function drawInto(y: Tensor, x: Tensor, dtype: DType, draw: (numbers: Tensor, contiguous: boolean) => void): void {
  const contiguous = x.isContiguous();
  if (contiguous && dtype === y.dtype && y.isContiguous()) return draw(y, true);
  const order = contiguous ? x.sizes.map((_, i) => i) : memoryOrder(x);
  const numbers = empty(order.map((d) => x.sizes[d]), dtype, y.device);
  draw(numbers, contiguous);
  const strides = new Array<number>(order.length), inner = contiguousStrides(numbers.sizes);
  order.forEach((d, i) => strides[d] = inner[i]);
  const shaped = over(numbers.storage, x.sizes, strides, 0, dtype);
  copyElementsTo(y, castTo(shaped, y.dtype));
}

/** Fills `x` in place by `draw`, which gets memory of type `dtype`. `name` is PyTorch's name of the operation's node. */
function fillInPlace(
  x: Tensor,
  name: string,
  draw: (numbers: Tensor, contiguous: boolean) => void,
  dtype: DType = isHalf(x.dtype) ? float32 : x.dtype,
): Tensor {
  checkWritable(x);
  if (x.count > 0) drawInto(x, x, dtype, draw);
  x.bump();
  if (mode.enabled && x.requiresGrad) {
    const y = over(x.storage, x.sizes, x.strides, x.offset, x.dtype);
    y.base = x;
    takeHistory(x, record(name, y, [x], [], () => [null]));
  }
  return x;
}

/** Fills contiguous memory from one of the kernel's distributions. */
function fillKernel(numbers: Tensor, generator: GeneratorOption, code: number, a: number, b: number): void {
  const { ptr } = generatorOf(generator, numbers.device);
  numbers.kernels.randomFill(numbers.dtype.code, numbers.ptr, ptr, numbers.count, code, a, b);
}

function requireFloat(x: Tensor, what: string): void {
  if (!x.dtype.isFloatingPoint) throw unsupported(what, x.dtype);
}

/** x ~ U[from, to). */
export function uniform_(x: Tensor, from: number, to: number, generator: GeneratorOption): Tensor {
  requireFloat(x, "check_uniform_bounds");
  if (!(from <= to)) {
    throw new RangeError(`uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
  }
  return fillInPlace(x, "UniformBackward0", (y) => {
    fillKernel(y, generator, fill.uniform, from, to);
    // Rounding to 16 bits may reach `to`, which is excluded.
    if (!isHalf(x.dtype)) return;
    y.copy_(where(y.to(x.dtype).lt(to), y, from));
  });
}

/** x ~ N(mean, std²). */
export function normal_(x: Tensor, mean: number, std: number, generator: GeneratorOption): Tensor {
  if (!(std >= 0)) throw new RangeError(`normal expects std >= 0.0, but found std ${std}`);
  requireFloat(x, "normal_kernel_cpu");
  return fillInPlace(x, "NormalBackward0", (y, contiguous) => {
    const part = (begin: number, count: number) => over(y.storage, [count], [1], begin, y.dtype);
    const n = y.count, whole = n - n % 16;
    if (!contiguous) fillKernel(y, generator, fill.normalEach, mean, std);
    else if (isHalf(x.dtype) && n > 16 && whole < n) {
      // PyTorch draws 16-bit numbers in groups of 16, the last group over the end of the one before.
      fillKernel(part(0, whole), generator, fill.normal, mean, std);
      fillKernel(part(n - 16, 16), generator, fill.normal, mean, std);
    } else fillKernel(y, generator, fill.normal, mean, std);
  });
}

/** x = exp(y), y ~ N(mean, std²). */
export function logNormal_(x: Tensor, mean: number, std: number, generator: GeneratorOption): Tensor {
  if (!(std > 0)) throw new RangeError(`log_normal_ expects std > 0.0, but found std=${std}`);
  requireFloat(x, "log_normal_cpu");
  return fillInPlace(x, "LogNormalBackward0", (y) => fillKernel(y, generator, fill.logNormal, mean, std));
}

/** x ~ Cauchy(median, sigma). */
export function cauchy_(x: Tensor, median: number, sigma: number, generator: GeneratorOption): Tensor {
  if (!(sigma > 0)) throw new RangeError(`cauchy_ expects sigma > 0.0, but found sigma=${sigma}`);
  if (!x.dtype.isFloatingPoint) throw continuous("Cauchy", x.dtype);
  return fillInPlace(x, "CauchyBackward0", (y) => fillKernel(y, generator, fill.cauchy, median, sigma));
}

/** x ~ Exp(lambd). */
export function exponential_(x: Tensor, lambd: number, generator: GeneratorOption): Tensor {
  if (!(lambd > 0)) throw new RangeError(`exponential_ expects lambda > 0.0, but found lambda=${lambd}`);
  if (!x.dtype.isFloatingPoint) throw continuous("Exponential", x.dtype);
  return fillInPlace(x, "ExponentialBackward0", (y) => fillKernel(y, generator, fill.exponential, lambd, 0));
}

function continuous(distribution: string, dtype: DType): Error {
  return new TypeError(
    `${distribution} distribution is a continuous probability distribution. dtype must be a floating point but you ` +
      `specified ${dtype}`,
  );
}

/** x = the number of trials until the first success of probability p. */
export function geometric_(x: Tensor, p: number, generator: GeneratorOption): Tensor {
  if (!(p > 0 && p < 1)) throw new RangeError(`geometric_ expects p to be in (0, 1), but got p=${p}`);
  if (x.dtype === bool) throw unsupported("geometric_cpu", x.dtype);
  return fillInPlace(x, "GeometricBackward0", (y) => fillKernel(y, generator, fill.geometric, p, 0));
}

/** x = 1 with probability p, else 0; p is a number, or a tensor that broadcasts to x. */
export function bernoulli_(x: Tensor, p: number | Tensor, generator: GeneratorOption): Tensor {
  if (typeof p === "number") {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`bernoulli_ expects p to be in [0, 1], but got p=${p}`);
    return fillInPlace(x, "BernoulliBackward2", (y) => fillKernel(y, generator, fill.bernoulli, p, 1));
  }
  requireFloat(p, "bernoulli_tensor_cpu_p_");
  const chances = castTo(p.detached().expand(x.sizes).to(x.device), p.dtype === float64 ? float64 : float32);
  return fillInPlace(x, "BernoulliBackward1", (y, contiguous) => {
    const ordered = dense(contiguous ? chances : chances.permute(...memoryOrder(x)));
    const { ptr } = generatorOf(generator, x.device);
    const status = x.kernels.randomBernoulli(y.dtype.code, y.ptr, ptr, ordered.ptr, ordered.dtype.code, y.count);
    if (status !== 0) throw new RangeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.");
  });
}

/** A new tensor of x's shape: 1 with the probability in `x` (or `p`), else 0. */
export function bernoulli(x: Tensor, p: number | Tensor | null, generator: GeneratorOption): Tensor {
  const y = bernoulli_(empty(x.sizes, x.dtype, x.device), p ?? x.detached(), generator);
  return record("BernoulliBackward0", y, [x], [], () => [null]);
}

/** What dropout multiplies by: 0 with probability p, else 1 / (1 - p). One draw of 64 bits per element of `x`. */
export function dropoutMask(x: Tensor, p: number, generator?: GeneratorOption): Tensor {
  const mask = empty(x.sizes, x.dtype, x.device);
  // PyTorch divides ones by 1 - p in the tensor's own precision.
  const scale = x.dtype === float64 ? 1 / (1 - p) : Math.fround(1 / Math.fround(1 - p));
  drawInto(mask, x, isHalf(x.dtype) ? float32 : x.dtype, (y) => {
    fillKernel(y, generator, fill.bernoulli, 1 - p, p === 1 ? 0 : scale);
  });
  return mask;
}

/** `like`'s shape in contiguous memory, filled in the order of `like`'s memory by `draw`. */
export function drawLike(
  like: Tensor,
  dtype: DType,
  device: Device,
  draw: (x: Tensor) => Tensor,
): Tensor {
  if (like.isContiguous()) return draw(empty(like.sizes, dtype, device));
  const order = memoryOrder(like);
  const inner = contiguousStrides(order.map((d) => like.sizes[d])), strides = new Array<number>(order.length);
  order.forEach((d, i) => strides[d] = inner[i]);
  const storage = empty(like.sizes, dtype, device).storage;
  return dense(draw(over(storage, like.sizes, strides, 0, dtype)));
}

// ---- integers --------------------------------------------------------------------------------------------

const mostInt64 = 2n ** 63n - 1n, leastInt64 = -(2n ** 63n);

/** The largest and smallest values that integers drawn into `dtype` may have. */
function integerRange(dtype: DType): { least: bigint; most: bigint } {
  switch (dtype) {
    case int64:
      return { least: leastInt64, most: mostInt64 };
    case int32:
      return { least: -(2n ** 31n), most: 2n ** 31n - 1n };
    case uint8:
      return { least: 0n, most: 255n };
    case bool:
      return { least: 0n, most: 1n };
    default:
      return { least: leastInt64, most: mostInt64 };
  }
}

/** Bits of a floating-point significand, by type. */
function digits(dtype: DType): bigint {
  return { float32: 24n, float64: 53n, float16: 11n, bfloat16: 8n }[dtype.name as "float32"];
}

/** The floating-point number of `bits` significant bits nearest to an integer, ties to even. */
function roundTo(value: bigint, bits: bigint): bigint {
  const step = 1n << BigInt(Math.max(0, exponent(value) - Number(bits) + 1));
  const low = value / step * step, rest = value - low, twice = 2n * (rest < 0n ? -rest : rest);
  const up = twice > step || (twice === step && low / step % 2n !== 0n);
  return up ? low + (rest < 0n ? -step : step) : low;
}

/** floor(log2 |value|), 0 for 0. */
function exponent(value: bigint): number {
  return Math.max(0, (value < 0n ? -value : value).toString(2).length - 1);
}

/** Moves the bounds of [from, to) inwards to where no integer between them rounds out of them in `dtype`. */
function roundableRange(from: bigint, to: bigint, dtype: DType): { from: bigint; to: bigint } {
  const bits = digits(dtype), first = roundTo(from + 1n, bits), last = roundTo(to - 1n, bits);
  const step = (value: bigint) => 1n << BigInt(Math.max(0, exponent(value) - Number(bits) + 1));
  return {
    from: first < from ? first + step(from + 1n) : from,
    to: last >= to ? last - step(to - 1n) : to,
  };
}

/** C's name of a type, as PyTorch says it in the errors of `random_`. */
function cName(dtype: DType): string {
  const names: Record<string, string> = { int64: "long int", int32: "int", uint8: "unsigned char", bool: "bool" };
  return names[dtype.name] ?? dtype.name;
}

/**
 * x = integers from `from` to `to` - 1, uniform; without both, any non-negative integer that the type holds; with
 * `from` alone, any from there on.
 */
export function random_(x: Tensor, from: bigint | null, to: bigint | null, generator: GeneratorOption): Tensor {
  const { ptr } = generatorOf(generator, x.device);
  if (from === null) {
    return fillInPlace(x, "RandomBackward2", (y) => {
      if (!isHalf(x.dtype)) x.kernels.randomAny(y.dtype.code, y.ptr, ptr, y.count);
      else x.kernels.randomIntegers(y.dtype.code, y.ptr, ptr, y.count, rangeMeta((1n << digits(x.dtype)) + 1n, 0n));
    });
  }
  const { least, most } = integerRange(x.dtype);
  const openEnd = to === null;
  if (to !== null && from < to && x.dtype.isFloatingPoint) ({ from, to } = roundableRange(from, to, x.dtype));
  const last = to === null ? x.dtype.isFloatingPoint ? 1n << digits(x.dtype) : most : to - 1n;
  if (from > last) {
    throw new RangeError(`random_ expects 'from' to be less than 'to', but got from=${from} >= to=${last + 1n}`);
  }
  if (from < least || from > most) throw new RangeError(`from is out of bounds for ${cName(x.dtype)} (from=${from})`);
  if (last > most || last < least) {
    throw new RangeError(`to - 1 is out of bounds for ${cName(x.dtype)} (to=${last + 1n})`);
  }
  const base = from, range = last - base + 1n;
  return fillInPlace(x, openEnd ? "RandomBackward0" : from === 0n ? "RandomBackward1" : "RandomBackward0", (y) => {
    x.kernels.randomIntegers(y.dtype.code, y.ptr, ptr, y.count, rangeMeta(range, base));
  });
}

function rangeMeta(range: bigint, base: bigint): Deno.PointerValue {
  const half = (x: bigint) => Number(BigInt.asIntN(32, x));
  return metaOf(half(range), half(range >> 32n), half(base), half(base >> 32n));
}

/** A random permutation of 0 … n - 1. */
export function randperm(n: number, dtype: DType, device: Device, generator: GeneratorOption): Tensor {
  const x = empty([n], isHalf(dtype) ? float32 : dtype, device);
  const status = x.kernels.randperm(x.dtype.code, x.ptr, generatorOf(generator, device).ptr, n);
  if (status !== 0) throw unsupported("randperm", dtype);
  return castTo(x, dtype);
}

// ---- parameters per element ------------------------------------------------------------------------------

/** One draw per element of `a` (and `b`), from the kernel's distribution `code`. */
function sampleEach(operation: string, code: number, a: Tensor, b: Tensor | null, generator: GeneratorOption): Tensor {
  requireFloat(a, operation);
  const dtype = a.dtype === float64 ? float64 : float32;
  const x = dense(castTo(a.detached(), dtype));
  const z = b === null ? null : dense(castTo(b.detached(), dtype));
  const y = empty(a.sizes, dtype, a.device);
  const { ptr } = generatorOf(generator, a.device);
  const status = a.kernels.randomSample(dtype.code, y.ptr, ptr, x.ptr, z === null ? null : z.ptr, y.count, code);
  if (status === 2) throw new RangeError("invalid Poisson rate, expected rate to be non-negative");
  return castTo(y, a.dtype);
}

/** Counts of events whose rates are the elements of `rate`. */
export function poisson(rate: Tensor, generator: GeneratorOption): Tensor {
  const y = sampleEach("poisson_cpu", sample.poisson, rate, null, generator);
  return record("PoissonBackward0", y, [rate], [], () => [null]);
}

/** Counts of successes in `count` trials of probability `prob`; the two have one shape. */
export function binomial(count: Tensor, prob: Tensor, generator: GeneratorOption): Tensor {
  if (count.dtype !== prob.dtype) {
    throw new TypeError(`Found dtype ${prob.dtype} but expected ${count.dtype} (binomial)`);
  }
  if (!sameSizes(count.sizes, prob.sizes)) {
    throw new RangeError(
      `binomial: count ${formatSizes(count.sizes)} and prob ${formatSizes(prob.sizes)} differ in shape`,
    );
  }
  return sampleEach("binomial_cpu", sample.binomial, count, prob, generator);
}

/** Samples of gamma distributions of rate 1 whose shapes are the elements of `shape`; differentiable by it. */
export function standardGamma(shape: Tensor, generator: GeneratorOption): Tensor {
  const y = sampleEach("gamma_cpu", sample.standardGamma, shape, null, generator);
  return record("StandardGammaBackward0", y, [shape], [y, shape], (dy, [y, shape]) => [
    dy.mul(sampleGradient(y, shape, null)),
  ]);
}

/** Samples of Dirichlet distributions over the last dimension; differentiable by the concentrations. */
export function dirichlet(concentration: Tensor, generator: GeneratorOption): Tensor {
  const gamma = sampleEach("gamma_cpu", sample.standardGamma, concentration.detached().to(float64), null, generator);
  const { tiny, below1 } = concentration.dtype === float64
    ? { tiny: 2 ** -1022, below1: 1 - 2 ** -53 }
    : { tiny: 2 ** -126, below1: 1 - 2 ** -24 };
  const shares = gamma.div(gamma.sum(-1, { keepdim: true })).to(concentration.dtype);
  const y = clamp(shares, tiny, below1);
  return record("DirichletBackward0", y, [concentration], [y, concentration], (dy, [y, concentration]) => {
    const total = concentration.sum(-1, { keepdim: true }).expand(concentration.sizes);
    const slope = sampleGradient(y, concentration, total);
    return [slope.mul(dy.sub(y.mul(dy).sum(-1, { keepdim: true })))];
  });
}

/** The derivative of gamma (`total` null) or Dirichlet samples by their shapes. It has no derivative itself. */
function sampleGradient(y: Tensor, shape: Tensor, total: Tensor | null): Tensor {
  const dtype = y.dtype === float64 ? float64 : float32;
  const flat = (t: Tensor) => dense(castTo(t.detached(), dtype));
  const x = flat(y), a = flat(shape), sum = total === null ? null : flat(total);
  const dx = empty(y.sizes, dtype, y.device);
  y.kernels.randomGradient(dtype.code, dx.ptr, x.ptr, a.ptr, sum === null ? null : sum.ptr, dx.count);
  return castTo(dx, y.dtype);
}

// ---- multinomial -----------------------------------------------------------------------------------------

/** Category indices drawn by the weights in each row of `weights`. */
export function multinomial(
  weights: Tensor,
  samples: number,
  replacement: boolean,
  generator: GeneratorOption,
): Tensor {
  const n = weights.ndim;
  if (n < 1 || n > 2) throw new RangeError(`prob_dist must be 1 or 2 dim (shape ${formatSizes(weights.sizes)})`);
  if (!weights.dtype.isFloatingPoint) {
    throw new TypeError(`multinomial only supports floating-point dtypes for input, got: ${weights.dtype}`);
  }
  if (!(samples > 0)) throw new RangeError(`cannot sample n_sample <= 0 samples (numSamples ${samples})`);
  const categories = weights.sizes[n - 1], rows = product(weights.sizes.slice(0, -1));
  if (!replacement && samples > categories) {
    throw new RangeError(
      "cannot sample n_sample > prob_dist.size(-1) samples without replacement " +
        `(numSamples ${samples}, ${categories} categories)`,
    );
  }
  if (categories > 2 ** 24) throw new RangeError(`number of categories cannot exceed 2^24 (got ${categories})`);
  const dtype = weights.dtype === float64 ? float64 : float32;
  const x = dense(castTo(weights.detached(), dtype));
  const out = empty([...weights.sizes.slice(0, -1), samples], int64, weights.device);
  if (out.count === 0) return out;
  const { ptr } = generatorOf(generator, weights.device);
  const once = replacement && samples > 1;
  const status = weights.kernels.multinomial(
    dtype.code,
    out.ptr,
    ptr,
    x.ptr,
    rows,
    categories,
    samples,
    replacement ? 1 : 0,
  );
  if (status !== 0) throw badWeights(status, once);
  return out;
}

function badWeights(status: number, replacement: boolean): Error {
  if (status === 4) return new RangeError("invalid multinomial distribution (sum of probabilities <= 0)");
  if (!replacement) return new RangeError("probability tensor contains either `inf`, `nan` or element < 0");
  return new RangeError(
    "invalid multinomial distribution (encountering probability entry " +
      (status === 2 ? "< 0)" : "= infinity or NaN)"),
  );
}
