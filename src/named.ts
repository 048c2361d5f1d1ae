/**
 * What is a named tuple in PyTorch: an object with those names that is also iterable.
 *
 * @module
 */

/** An object whose values can also be taken by position: `const { values, indices } = r` and `const [v, i] = r`. */
export type Named<T extends object> = T & Iterable<T[keyof T]> & { readonly length: number };

/** Makes `fields` iterable, in the order they are written. */
export function named<T extends object>(fields: T): Named<T> {
  const values = Object.values(fields) as T[keyof T][];
  return Object.defineProperties(fields, {
    [Symbol.iterator]: { value: () => values[Symbol.iterator]() },
    length: { value: values.length },
  }) as Named<T>;
}
