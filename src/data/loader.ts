/**
 * The DataLoader: a dataset in batches, shuffled as PyTorch shuffles.
 *
 * @module
 */

import { named, type Trailing } from "../arguments.ts";
import { isAvailable } from "../cuda.ts";
import { cpu } from "../device.ts";
import type { Generator } from "../generator.ts";
import { Tensor } from "../tensor.ts";
import { type Collated, defaultCollate, defaultConvert } from "./collate.ts";
import { type DatasetLike, isMapDataset, sampleOf } from "./dataset.ts";
import { BatchSampler, drawSeed, RandomSampler, SequentialSampler, type Sized } from "./sampler.ts";

/** Options of {@linkcode DataLoader}. */
export interface DataLoaderOptions<T, B> {
  /** Samples per batch; `null` gives single samples, not collated. Default 1. */
  batchSize?: number | null;
  /** Whether each pass has a new random order. Default `false`. */
  shuffle?: boolean;
  /** The order, instead of `shuffle`. */
  sampler?: (Iterable<number> & Partial<Sized>) | null;
  /** The lists of indices that make the batches, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: (Iterable<readonly number[]> & Partial<Sized>) | null;
  /** Whether a last, shorter batch is left out. Default `false`. */
  dropLast?: boolean;
  /** Makes a batch of a list of samples. Default {@linkcode defaultCollate}. */
  collateFn?: ((batch: T[]) => B) | null;
  /** What draws the seed and the order. Default: the default generator. */
  generator?: Generator | null;
  /** Taken for PyTorch's sake, without effect: samples are made in this thread, when they are asked for. */
  numWorkers?: number;
  /**
   * Whether batches are put into memory that CUDA devices can copy from by themselves: `x.to(device, { nonBlocking: true })`
   * then goes on at once. Default `false`.
   */
  pinMemory?: boolean;
}

/** Those that have no position. */
const OPTIONS = [
  "sampler",
  "batchSampler",
  "dropLast",
  "collateFn",
  "generator",
  "numWorkers",
  "pinMemory",
] as const;

/**
 * Reads a dataset in batches, as PyTorch's `DataLoader` with `num_workers=0`.
 *
 * Every pass (`for … of`) draws one 64-bit number from the default generator, and `shuffle` draws a second one as
 * the seed of its permutation, as in PyTorch: the same `manualSeed` gives the same batches.
 *
 * @example
 * ```ts
 * import { arange, manualSeed, utils } from "@raptorch/raptorch";
 *
 * manualSeed(0);
 * const loader = new utils.data.DataLoader(new utils.data.TensorDataset(arange(10)), { batchSize: 4, shuffle: true });
 * const batches = [...loader].map(([x]) => x.tolist());
 * console.assert(loader.length === 3 && String(batches) === "6,7,1,4,2,0,9,8,3,5");
 * ```
 */
export class DataLoader<T, B = Collated<T>, D extends DatasetLike<T> | Iterable<T> = DatasetLike<T>>
  implements Iterable<B> {
  /** What is read. */
  readonly dataset: D;
  /** Samples per batch, or `null` if a batch sampler decides, or batching is off. */
  readonly batchSize: number | null;
  /** Whether a last, shorter batch is left out. */
  readonly dropLast: boolean;
  /** The order of the samples; `null` for a stream. */
  readonly sampler: (Iterable<number> & Partial<Sized>) | null;
  /** The indices of each batch; `null` without batching, and for a stream. */
  readonly batchSampler: (Iterable<readonly number[]> & Partial<Sized>) | null;
  /** What draws, or `null` for the default generator. */
  readonly generator: Generator | null;
  /** Whether batches are put into pinned memory. */
  readonly pinMemory: boolean;
  readonly #collateFn: ((batch: T[]) => B) | null;

  /**
   * @param dataset A dataset, an array, or a stream (an iterable without `get`).
   * @param options How to read it.
   * @throws {RangeError} If options contradict each other, or the dataset.
   */
  constructor(
    dataset: D & (DatasetLike<T> | Iterable<T>),
    ...args: Trailing<[batchSize: number | null, shuffle: boolean], DataLoaderOptions<T, B>>
  ) {
    const options = named<DataLoaderOptions<T, B>>("DataLoader", args, ["batchSize", "shuffle"], OPTIONS);
    const { sampler = null, batchSampler = null, dropLast = false, generator = null, shuffle = false } = options;
    const batchSize = options.batchSize === undefined ? 1 : options.batchSize;
    if (!isIndexed(dataset)) refuseForStreams({ shuffle, sampler, batchSampler });
    if (sampler && shuffle) throw new RangeError("sampler option is mutually exclusive with shuffle");
    if (batchSampler && (batchSize !== 1 || shuffle || sampler || dropLast)) {
      throw new RangeError("batchSampler option is mutually exclusive with batchSize, shuffle, sampler, and dropLast");
    }
    if (batchSize === null && dropLast) {
      throw new RangeError("batchSize: null disables auto-batching and is mutually exclusive with dropLast");
    }
    if ((options.numWorkers ?? 0) < 0) throw new RangeError("numWorkers option should be non-negative");
    this.dataset = dataset;
    this.generator = generator;
    this.dropLast = dropLast;
    this.batchSize = batchSampler ? null : batchSize;
    this.#collateFn = options.collateFn ?? null;
    this.pinMemory = options.pinMemory ?? false;
    if (this.pinMemory && !isAvailable()) {
      console.warn(
        "'pinMemory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
      );
    }
    this.sampler = sampler;
    this.batchSampler = batchSampler;
    if (isIndexed(dataset)) {
      this.sampler ??= shuffle ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset);
      if (batchSize !== null) this.batchSampler ??= new BatchSampler(this.sampler, batchSize, dropLast);
    } else if (batchSize !== null) {
      new BatchSampler([], batchSize, dropLast); // for its check of the size
    }
  }

  /**
   * How many batches one pass gives: PyTorch's `len(loader)`.
   *
   * @throws {TypeError} If the sampler or the stream does not know.
   */
  get length(): number {
    if (isIndexed(this.dataset)) return lengthOf(this.batchSampler ?? this.sampler ?? [], "sampler");
    const samples = lengthOf(this.dataset, "stream");
    if (this.batchSize === null) return samples;
    return this.dropLast ? Math.floor(samples / this.batchSize) : Math.ceil(samples / this.batchSize);
  }

  /** Makes a batch of a list of samples. */
  get collateFn(): (batch: T[]) => B {
    return this.#collateFn ?? (defaultCollate as (batch: readonly T[]) => unknown as (batch: T[]) => B); // B's default
  }

  /** One pass over the dataset. Draws its seed at once, as PyTorch does, not at the first batch. */
  [Symbol.iterator](): Pass<B> {
    const source: DatasetLike<T> | Iterable<T> = this.dataset;
    const indices = isIndexed(source) ? (this.batchSampler ?? this.sampler ?? [])[Symbol.iterator]() : null;
    drawSeed(this.generator);
    const pass = indices && isIndexed(source) ? this.#indexed(source, indices) : this.#streamed();
    return this.pinMemory && isAvailable() ? pinned(pass) : pass;
  }

  *#indexed(dataset: DatasetLike<T>, indices: Iterator<number | readonly number[]>): Pass<B> {
    for (let next = indices.next(); !next.done; next = indices.next()) {
      if (typeof next.value === "number") yield this.#single(sampleOf(dataset, next.value));
      else yield this.#batchOf(dataset, next.value);
    }
  }

  *#streamed(): Pass<B> {
    let batch: T[] = [];
    for (const sample of this.dataset as Iterable<T>) { // not indexed, so a stream
      if (this.batchSize === null) {
        yield this.#single(sample);
        continue;
      }
      batch.push(sample);
      if (batch.length === this.batchSize) {
        yield this.collateFn(batch);
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield this.collateFn(batch);
  }

  #batchOf(dataset: DatasetLike<T>, indices: readonly number[]): B {
    if (!this.#collateFn && isMapDataset(dataset)) {
      const batch = dataset.batch?.(indices) ?? null;
      if (batch !== null) return batch as B; // B is Collated<T> when there is no collateFn
    }
    return this.collateFn(indices.map((i) => sampleOf(dataset, i)));
  }

  /** A sample without batching; a collateFn is given the sample itself, as in PyTorch. */
  #single(sample: T): B {
    const convert = (this.#collateFn ?? defaultConvert) as (sample: T) => unknown;
    return convert(sample) as B; // the caller's type says that batching is off
  }
}

/** One pass over the batches; the name `Generator` is taken by random numbers here. */
type Pass<B> = globalThis.Generator<B, undefined, undefined>;

/** The batches, their tensors in pinned memory. */
function* pinned<B>(batches: Iterable<B>): Pass<B> {
  for (const batch of batches) yield pin(batch) as B; // the same shape, tensors for tensors
}

function pin(x: unknown): unknown {
  if (x instanceof Tensor) return x.device === cpu ? x.pinMemory() : x;
  if (Array.isArray(x)) return x.map(pin);
  if (typeof x !== "object" || x === null || Object.getPrototypeOf(x) !== Object.prototype) return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, pin(value)]));
}

function isIndexed<T>(dataset: DatasetLike<T> | Iterable<T>): dataset is DatasetLike<T> {
  return Array.isArray(dataset) || "get" in dataset;
}

function lengthOf(x: object, what: string): number {
  if ("length" in x && typeof x.length === "number") return x.length;
  throw new TypeError(`DataLoader: the ${what} has no length`);
}

function refuseForStreams(given: { shuffle: boolean; sampler: unknown; batchSampler: unknown }): void {
  for (const [name, value] of Object.entries(given)) {
    if (value) {
      throw new RangeError(`DataLoader with IterableDataset: expected unspecified ${name} option, but got ${value}`);
    }
  }
}
