/**
 * Datasets: what a sample is, how many there are, and ways to combine them.
 *
 * @module
 */

import { checkOptions } from "../check.ts";
import type { Generator } from "../generator.ts";
import { randperm } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import type { Collated } from "./collate.ts";
import { rowsOf } from "./collate.ts";

/** What a {@linkcode DataLoader} can index: a count and a sample for each index; arrays qualify. */
export type DatasetLike<T> = readonly T[] | MapDataset<T>;

/** The part of {@linkcode Dataset} that has to be there; any object with it is a dataset. */
export interface MapDataset<T> {
  /** How many samples there are. */
  readonly length: number;
  /** Sample number `index`, from 0 to `length - 1`. */
  get(index: number): T;
  /**
   * The samples of `indices` as {@linkcode defaultCollate} would collate them, made in one go.
   * `null` says that this dataset cannot do it, and the samples are fetched one by one.
   */
  batch?(indices: readonly number[]): Collated<T> | null;
}

/**
 * Base class for datasets that are indexed, as PyTorch's `Dataset`.
 *
 * @example
 * ```ts
 * import { Tensor, tensor, utils } from "@raptorch/raptorch";
 *
 * class Squares extends utils.data.Dataset<[Tensor, Tensor]> {
 *   length = 100;
 *   get(i: number): [Tensor, Tensor] {
 *     return [tensor([i]), tensor([i * i])];
 *   }
 * }
 * for (const [x, y] of new utils.data.DataLoader(new Squares(), { batchSize: 10 })) {
 *   console.assert(String(y) === String(x.mul(x)));
 * }
 * ```
 */
export abstract class Dataset<T> implements MapDataset<T> {
  /** How many samples there are. */
  abstract readonly length: number;
  /** Sample number `index`. */
  abstract get(index: number): T;

  /** The samples one after the other. */
  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }

  /** This dataset followed by `other`: PyTorch's `a + b`. */
  add(other: DatasetLike<T>): ConcatDataset<T> {
    return new ConcatDataset([this, other]);
  }
}

/** Base class for datasets that are streams: only an iterator, perhaps a `length`. */
export abstract class IterableDataset<T> implements Iterable<T> {
  /** How many samples the stream has, where it is known. */
  readonly length?: number;
  /** A new pass over the stream. */
  abstract [Symbol.iterator](): Iterator<T>;
}

/**
 * Sample `index` of a dataset or an array.
 *
 * @throws {RangeError} If an array has no such element.
 */
export function sampleOf<T>(dataset: DatasetLike<T>, index: number): T {
  if (isMapDataset(dataset)) return dataset.get(index);
  if (!(index in dataset)) throw new RangeError(`index ${index} is out of range for a dataset of ${dataset.length}`);
  return dataset[index];
}

/** Tells a dataset from an array. */
export function isMapDataset<T>(dataset: DatasetLike<T>): dataset is MapDataset<T> {
  return "get" in dataset;
}

/**
 * Samples are the rows of one or more tensors: `get(i)` is `[a[i], b[i], …]`.
 *
 * @example
 * ```ts
 * import { randn, utils, zeros } from "@raptorch/raptorch";
 *
 * const dataset = new utils.data.TensorDataset(randn(8, 3), zeros(8));
 * const [x, y] = dataset.get(0);
 * console.assert(String(x.shape) === "torch.Size([3])" && y.dim() === 0);
 * ```
 */
export class TensorDataset<T extends Tensor[] = Tensor[]> extends Dataset<T> {
  /** The tensors, all with as many rows. */
  readonly tensors: T;
  /** How many rows there are. */
  readonly length: number;

  /** @throws {RangeError} If the tensors differ in their first dimension, or there is none. */
  constructor(...tensors: T) {
    super();
    const rows = tensors.map((t) => t.dim() > 0 ? t.size(0) : -1);
    if (rows.length === 0 || rows.some((n) => n !== rows[0] || n < 0)) {
      const shapes = tensors.map((t) => `[${t.shape.join(", ")}]`).join(", ");
      throw new RangeError(`Size mismatch between tensors: expected the same first dimension, got ${shapes || "none"}`);
    }
    this.tensors = tensors;
    this.length = rows[0];
  }

  /** Row `index` of each tensor, as views. */
  get(index: number): T {
    return this.tensors.map((t) => t.select(0, index)) as T; // map keeps the tuple's length
  }

  /** The rows `indices` of each tensor, gathered. */
  batch(indices: readonly number[]): Collated<T> | null {
    // Rows that carry a gradient are stacked one by one, so that the graph is PyTorch's.
    if (this.tensors.some((t) => t.requiresGrad)) return null;
    return this.tensors.map((t) => rowsOf(t, indices)) as Collated<T>; // map keeps the tuple's length
  }
}

/** Several datasets read together: `get(i)` is `[a.get(i), b.get(i)]`, or an object where an object was given. */
export class StackDataset<T extends readonly unknown[] | Record<string, unknown>> extends Dataset<T> {
  /** The datasets, in a list or by name. */
  readonly datasets: { readonly [K in keyof T]: DatasetLike<T[K]> };
  /** How many samples each has. */
  readonly length: number;

  /**
   * Datasets in a list or by name, or one by one.
   *
   * @throws {RangeError} If the datasets differ in length, or there is none.
   */
  constructor(datasets: { readonly [K in keyof T]: DatasetLike<T[K]> });
  /** Datasets one by one, `T` being the list of their samples' types. */
  constructor(first: DatasetLike<unknown>, second: DatasetLike<unknown>, ...more: DatasetLike<unknown>[]);
  constructor(...given: unknown[]) {
    super();
    // Either signature gives the same list or object.
    const datasets = (given.length === 1 ? given[0] : given) as { readonly [K in keyof T]: DatasetLike<T[K]> };
    const lengths = Object.values<DatasetLike<unknown>>(datasets).map((d) => d.length);
    if (lengths.length === 0) throw new RangeError("At least one dataset should be passed");
    if (lengths.some((n) => n !== lengths[0])) {
      throw new RangeError(`Size mismatch between datasets: they have ${lengths.join(", ")} samples`);
    }
    this.datasets = datasets;
    this.length = lengths[0];
  }

  /** Sample `index` of every dataset. */
  get(index: number): T {
    const entries = Object.entries<DatasetLike<unknown>>(this.datasets).map(([k, d]) => [k, sampleOf(d, index)]);
    const sample = Array.isArray(this.datasets) ? entries.map(([, v]) => v) : Object.fromEntries(entries);
    return sample as T; // the same keys as `datasets`
  }
}

/** Datasets one after the other. */
export class ConcatDataset<T> extends Dataset<T> {
  /** The datasets, in order. */
  readonly datasets: DatasetLike<T>[];
  /** Where each dataset ends. */
  readonly cumulativeSizes: number[];

  /** @throws {RangeError} If there is no dataset. */
  constructor(datasets: Iterable<DatasetLike<T>>) {
    super();
    this.datasets = [...datasets];
    if (this.datasets.length === 0) throw new RangeError("datasets should not be an empty iterable");
    let end = 0;
    this.cumulativeSizes = this.datasets.map((d) => end += d.length);
  }

  /** How many samples there are in all. */
  get length(): number {
    return this.cumulativeSizes[this.cumulativeSizes.length - 1];
  }

  /** Sample `index` of the whole; negative ones count from the end. */
  get(index: number): T {
    if (index < -this.length || index >= this.length) {
      throw new RangeError(
        `absolute value of index should not exceed dataset length: got ${index}, length ${this.length}`,
      );
    }
    const i = index < 0 ? index + this.length : index;
    const which = this.cumulativeSizes.findIndex((end) => i < end);
    return sampleOf(this.datasets[which], which === 0 ? i : i - this.cumulativeSizes[which - 1]);
  }
}

/** Streams one after the other. */
export class ChainDataset<T> extends IterableDataset<T> {
  /** The streams, in order. */
  readonly datasets: Iterable<Iterable<T>>;

  /** Chain these streams. */
  constructor(datasets: Iterable<Iterable<T>>) {
    super();
    this.datasets = datasets;
  }

  /** Every sample of every stream. */
  *[Symbol.iterator](): Iterator<T> {
    for (const dataset of this.datasets) yield* dataset;
  }
}

/** Some samples of a dataset, in a given order. */
export class Subset<T> extends Dataset<T> {
  /** The whole dataset. */
  readonly dataset: DatasetLike<T>;
  /** Which of its samples belong to the subset. */
  readonly indices: readonly number[];

  /** The samples `indices` of `dataset`. */
  constructor(dataset: DatasetLike<T>, indices: readonly number[]) {
    super();
    this.dataset = dataset;
    this.indices = indices;
  }

  /** How many samples the subset has. */
  get length(): number {
    return this.indices.length;
  }

  /** Sample `index` of the subset. */
  get(index: number): T {
    return sampleOf(this.dataset, this.indices[index]);
  }

  /** The samples `indices` of the subset at once, where the dataset can do that. */
  batch(indices: readonly number[]): Collated<T> | null {
    if (!isMapDataset(this.dataset)) return null;
    return this.dataset.batch?.(indices.map((i) => this.indices[i])) ?? null;
  }
}

/**
 * Split a dataset at random into parts of these lengths, or of these fractions if they sum to 1.
 *
 * Fractions are rounded down, and what is left over goes to the first parts, one each.
 *
 * @param dataset What to split.
 * @param lengths Lengths that sum to the dataset's, or fractions that sum to 1.
 * @param options `generator` draws the permutation.
 * @returns One subset per length.
 * @throws {RangeError} If the lengths do not fit.
 */
export function randomSplit<T>(
  dataset: DatasetLike<T>,
  lengths: readonly number[],
  options: { generator?: Generator } = {},
): Subset<T>[] {
  checkOptions("randomSplit", options, ["generator"]);
  const n = dataset.length;
  const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
  let sizes = [...lengths];
  if (Math.abs(sum(sizes) - 1) <= 1e-9 && sum(sizes) <= 1) {
    const wrong = sizes.findIndex((f) => f < 0 || f > 1);
    if (wrong >= 0) throw new RangeError(`Fraction at index ${wrong} is not between 0 and 1: ${sizes[wrong]}`);
    sizes = sizes.map((fraction) => Math.floor(n * fraction));
    const left = n - sum(sizes);
    for (let i = 0; i < left; i++) sizes[i % sizes.length]++;
    sizes.forEach((size, i) => {
      if (size === 0) {
        console.warn(`Length of split at index ${i} is 0. This might result in an empty dataset.`);
      }
    });
  }
  if (sum(sizes) !== n) {
    throw new RangeError(
      `Sum of input lengths does not equal the length of the input dataset! ${sizes.join(" + ")} is not ${n}`,
    );
  }
  const order = randperm(n, { generator: options.generator, device: options.generator?.device ?? "cpu" })
    .tolist() as number[]; // one dimension
  let end = 0;
  return sizes.map((size) => new Subset(dataset, order.slice(end, end += size)));
}
