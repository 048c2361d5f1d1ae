/**
 * Collation: a list of samples becomes one batch.
 *
 * @module
 */

import { fromTypedArray, tensor } from "../create.ts";
import { float64, int64, type TypedArray } from "../dtype.ts";
import { stack } from "../ops/join.ts";
import { Tensor } from "../tensor.ts";

/** What {@linkcode defaultCollate} makes of samples of type `T`. */
export type Collated<T> = T extends Tensor | TypedArray | number | bigint | boolean ? Tensor
  : T extends string ? string[]
  : T extends object ? { -readonly [K in keyof T]: Collated<T[K]> }
  : never;

/**
 * Collate as PyTorch's `default_collate`: tensors are stacked, lists and objects collated field by field.
 *
 * Numbers become int64 if all are integers, as class labels are, and float64 otherwise; booleans become bool;
 * strings stay a list.
 *
 * @param batch The samples, at least one.
 * @returns The batch, with a new first dimension.
 * @throws {TypeError} If a sample holds something else.
 * @throws {RangeError} If lists among the samples differ in length.
 */
export function defaultCollate<T>(batch: readonly T[]): Collated<T> {
  return collate(batch) as Collated<T>; // Collated is what collate computes, case by case
}

function collate(batch: readonly unknown[]): unknown {
  if (batch.every((x) => x instanceof Tensor)) return stack(batch, 0);
  if (batch.every(isTypedArray)) return stack(batch.map((x) => fromTypedArray(x)), 0);
  if (batch.every((x) => typeof x === "boolean")) return tensor(batch, { device: "cpu" });
  if (batch.every((x) => typeof x === "bigint")) return tensor(batch, { device: "cpu" });
  if (batch.every((x) => typeof x === "number" || typeof x === "bigint")) {
    const integral = batch.every((x) => typeof x === "bigint" || Number.isInteger(x));
    return tensor(batch.map(Number), { dtype: integral ? int64 : float64, device: "cpu" });
  }
  if (batch.every((x) => typeof x === "string")) return [...batch];
  if (batch.every((x) => Array.isArray(x))) return collateLists(batch);
  if (batch.every(isPlainObject)) {
    return Object.fromEntries(Object.keys(batch[0]).map((key) => [key, collate(batch.map((x) => field(x, key)))]));
  }
  const found = [...new Set(batch.map(typeName))].join(", ");
  throw new TypeError(
    `default_collate: batch must contain tensors, typed arrays, numbers, objects or lists; found ${found}`,
  );
}

function collateLists(batch: readonly (readonly unknown[])[]): unknown[] {
  const length = batch[0].length;
  if (batch.some((x) => x.length !== length)) {
    throw new RangeError(
      `each element in list of batch should be of equal size, got ${[...new Set(batch.map((x) => x.length))]}`,
    );
  }
  return Array.from({ length }, (_, i) => collate(batch.map((x) => x[i])));
}

function field(sample: Record<string, unknown>, key: string): unknown {
  if (!Object.hasOwn(sample, key)) throw new RangeError(`default_collate: a sample has no field "${key}"`);
  return sample[key];
}

/**
 * What a sample becomes without batching: typed arrays become tensors, wherever they are; the rest stays.
 *
 * @param sample One sample.
 * @returns The sample.
 */
export function defaultConvert<T>(sample: T): T {
  return convert(sample) as T; // the same structure
}

function convert(x: unknown): unknown {
  if (isTypedArray(x)) return fromTypedArray(x);
  if (Array.isArray(x)) return x.map(convert);
  if (isPlainObject(x)) return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, convert(v)]));
  return x;
}

function isTypedArray(x: unknown): x is TypedArray {
  return ArrayBuffer.isView(x) && !(x instanceof DataView);
}

function isPlainObject(x: unknown): x is Record<string, unknown> {
  if (typeof x !== "object" || x === null) return false;
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

function typeName(x: unknown): string {
  return typeof x === "object" && x !== null ? x.constructor?.name ?? "object" : x === null ? "null" : typeof x;
}

/** The slices `indices` of `x` along `dim`, in one kernel call. */
export function rowsOf(x: Tensor, indices: readonly number[], dim = 0): Tensor {
  return x.indexSelect(dim, tensor(indices, { dtype: int64, device: x.device }));
}
