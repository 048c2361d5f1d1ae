/**
 * What is a named tuple in PyTorch: an object with those names that is also iterable.
 *
 * @module
 */

/** An object whose values can also be taken by position: `const { values, indices } = r`, `const [v, i] = r` and `r[1]`. */
export type Named<T extends object> = T & Iterable<T[keyof T]> & {
  /** How many there are. */
  readonly length: number;
  /** The value at a position, in the order in which the names are written. */
  readonly [position: number]: T[keyof T];
};

/** Makes `fields` iterable, in the order they are written. */
export function named<T extends object>(fields: T): Named<T> {
  const values = Object.values(fields) as T[keyof T][];
  values.forEach((value, i) => Object.defineProperty(fields, i, { value }));
  return Object.defineProperties(fields, {
    [Symbol.iterator]: { value: () => values[Symbol.iterator]() },
    length: { value: values.length },
  }) as Named<T>;
}
