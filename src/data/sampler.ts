/**
 * Samplers: in which order a dataset is read, drawing exactly the random numbers that PyTorch draws.
 *
 * @module
 */

import { checkOptions } from "../check.ts";
import { empty, tensor } from "../create.ts";
import { float64, int64 } from "../dtype.ts";
import { Generator } from "../generator.ts";
import { multinomial, randint, randperm } from "../random.ts";
import { Tensor } from "../tensor.ts";

/** Anything with a length. */
export interface Sized {
  /** How many there are. */
  readonly length: number;
}

/** Base class for samplers: an iterable of indices (or of lists of indices), usually with a length. */
export abstract class Sampler<T = number> implements Iterable<T> {
  /** How many indices (or lists) one pass gives. */
  abstract readonly length: number;
  /** One pass. */
  abstract [Symbol.iterator](): Iterator<T>;
}

/** The indices in order. */
export class SequentialSampler extends Sampler {
  /** What is sampled. */
  readonly dataSource: Sized;

  /** All indices of `dataSource`. */
  constructor(dataSource: Sized) {
    super();
    this.dataSource = dataSource;
  }

  /** How many samples there are. */
  get length(): number {
    return this.dataSource.length;
  }

  /** 0, 1, 2, … */
  *[Symbol.iterator](): Iterator<number> {
    for (let i = 0; i < this.dataSource.length; i++) yield i;
  }
}

/** Options of {@linkcode RandomSampler}. */
export interface RandomSamplerOptions {
  /** Whether an index can come twice. Default `false`. */
  replacement?: boolean;
  /** How many indices one pass gives. Default: as many as there are samples. */
  numSamples?: number | null;
  /** What draws. Default: a generator seeded from the default one at each pass. */
  generator?: Generator | null;
}

/** The indices in random order. */
export class RandomSampler extends Sampler {
  /** What is sampled. */
  readonly dataSource: Sized;
  /** Whether an index can come twice. */
  readonly replacement: boolean;
  /** What draws, or `null` for a newly seeded generator at each pass. */
  readonly generator: Generator | null;
  readonly #numSamples: number | null;

  /** @throws {RangeError} If there is nothing to draw. */
  constructor(dataSource: Sized, options: RandomSamplerOptions = {}) {
    super();
    checkOptions("RandomSampler", options, ["replacement", "numSamples", "generator"]);
    this.dataSource = dataSource;
    this.replacement = options.replacement ?? false;
    this.generator = options.generator ?? null;
    this.#numSamples = options.numSamples ?? null;
    checkPositive("num_samples", this.numSamples);
  }

  /** How many indices one pass gives. */
  get numSamples(): number {
    return this.#numSamples ?? this.dataSource.length;
  }

  /** How many indices one pass gives. */
  get length(): number {
    return this.numSamples;
  }

  /** One pass; without a generator of its own, it seeds one with a 64-bit number of the default generator. */
  *[Symbol.iterator](): Iterator<number> {
    const n = this.dataSource.length;
    const generator = this.generator ?? new Generator().manualSeed(drawSeed());
    const options = { generator, device: generator.device };
    const draw = (count: number) => this.replacement ? randint(n, [count], options) : randperm(n, options);
    const chunk = this.replacement ? 32 : n;
    for (let i = 0; i < Math.floor(this.numSamples / chunk); i++) yield* numbers(draw(chunk));
    // PyTorch draws once more even when nothing is left, which a generator of the caller's remembers.
    const rest = this.numSamples % chunk;
    yield* numbers(draw(rest)).slice(0, rest);
  }
}

/** Given indices in random order, each once. */
export class SubsetRandomSampler extends Sampler {
  /** The indices. */
  readonly indices: readonly number[];
  /** What draws, or `null` for the default generator. */
  readonly generator: Generator | null;

  /** Sample from `indices`. */
  constructor(indices: readonly number[], options: { generator?: Generator | null } = {}) {
    super();
    checkOptions("SubsetRandomSampler", options, ["generator"]);
    this.indices = indices;
    this.generator = options.generator ?? null;
  }

  /** How many indices there are. */
  get length(): number {
    return this.indices.length;
  }

  /** One pass. */
  *[Symbol.iterator](): Iterator<number> {
    const generator = this.generator ?? undefined, device = generator?.device ?? "cpu";
    for (const i of numbers(randperm(this.indices.length, { generator, device }))) yield this.indices[i];
  }
}

/** Options of {@linkcode WeightedRandomSampler}. */
export interface WeightedRandomSamplerOptions {
  /** Whether an index can come twice. Default `true`. */
  replacement?: boolean;
  /** What draws. Default: the default generator. */
  generator?: Generator | null;
}

/** Index `i` with a probability proportional to `weights[i]`. */
export class WeightedRandomSampler extends Sampler {
  /** The weights, `[n]`, float64. */
  readonly weights: Tensor;
  /** How many indices one pass gives. */
  readonly numSamples: number;
  /** Whether an index can come twice. */
  readonly replacement: boolean;
  /** What draws, or `null` for the default generator. */
  readonly generator: Generator | null;

  /** @throws {RangeError} If the weights are not a list, or there is nothing to draw. */
  constructor(weights: readonly number[] | Tensor, numSamples: number, options: WeightedRandomSamplerOptions = {}) {
    super();
    checkOptions("WeightedRandomSampler", options, ["replacement", "generator"]);
    checkPositive("num_samples", numSamples);
    this.weights = weights instanceof Tensor
      ? weights.to(float64)
      : tensor([...weights], { dtype: float64, device: "cpu" });
    if (this.weights.dim() !== 1) {
      throw new RangeError(
        `weights should be a 1d sequence but given weights have shape [${this.weights.shape.join(", ")}]`,
      );
    }
    this.numSamples = numSamples;
    this.replacement = options.replacement ?? true;
    this.generator = options.generator ?? null;
  }

  /** How many indices one pass gives. */
  get length(): number {
    return this.numSamples;
  }

  /** One pass. */
  *[Symbol.iterator](): Iterator<number> {
    const options = { replacement: this.replacement, generator: this.generator ?? undefined };
    yield* numbers(multinomial(this.weights, this.numSamples, options));
  }
}

/** Another sampler's indices in lists of `batchSize`. */
export class BatchSampler extends Sampler<number[]> {
  /** Where the indices come from. */
  readonly sampler: Iterable<number> & Partial<Sized>;
  /** Length of a list. */
  readonly batchSize: number;
  /** Whether a last, shorter list is left out. */
  readonly dropLast: boolean;

  /** @throws {RangeError} If `batchSize` is not a positive integer. */
  constructor(sampler: Iterable<number> & Partial<Sized>, batchSize: number, dropLast: boolean) {
    super();
    checkPositive("batch_size", batchSize);
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
  }

  /** How many lists one pass gives. */
  get length(): number {
    const n = this.sampler.length;
    if (n === undefined) throw new TypeError("BatchSampler: its sampler has no length");
    return this.dropLast ? Math.floor(n / this.batchSize) : Math.ceil(n / this.batchSize);
  }

  /** One pass. */
  *[Symbol.iterator](): Iterator<number[]> {
    let batch: number[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length === this.batchSize) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}

/** One 64-bit number, as PyTorch draws seeds: `torch.empty((), dtype=torch.int64).random_()`. */
export function drawSeed(generator?: Generator | null): number | bigint {
  const options = generator ? { generator } : {};
  return empty([], { dtype: int64, device: generator?.device ?? "cpu" }).random_(options).item() as number | bigint; // int64
}

function numbers(indices: Tensor): number[] {
  return indices.tolist() as number[]; // one dimension, below 2^31
}

function checkPositive(name: string, value: number): void {
  if (!Number.isInteger(value) || value <= 0) {
    throw new RangeError(`${name} should be a positive integer value, but got ${name}=${value}`);
  }
}
