/**
 * Named layers in their order.
 *
 * @module
 */

/** A name and what it stands for. */
export type Entry<T = unknown> = readonly [name: string, value: T];

/**
 * A dictionary that remembers its order, as Python's `collections.OrderedDict`; but a repeated key is an error.
 *
 * @example
 * ```ts
 * import { nn, OrderedDict } from "@raptorch/raptorch";
 * const model = new nn.Sequential(new OrderedDict([["fc", new nn.Linear(2, 3)], ["act", new nn.ReLU()]]));
 * console.assert(model[0] === model.fc);
 * ```
 */
export class OrderedDict<const E extends readonly Entry[] = readonly Entry[]> extends Map<E[number][0], E[number][1]> {
  /**
   * A dictionary of the given pairs.
   *
   * @throws {Error} When a key is given twice.
   */
  constructor(entries?: E) {
    super();
    for (const [key, value] of entries ?? []) {
      if (this.has(key)) throw new Error(`OrderedDict: the key '${key}' is given twice`);
      this.set(key, value);
    }
  }

  /** The number of pairs. */
  get length(): number {
    return this.size;
  }

  /** The pairs, as in Python. */
  items(): MapIterator<[E[number][0], E[number][1]]> {
    return this.entries();
  }
}

/**
 * The pairs of an OrderedDict, a Map, a list of pairs or an object.
 *
 * @throws {Error} When a key comes twice.
 * @internal
 */
export function pairs<T>(source: Iterable<Entry<T>> | Record<string, T>): Entry<T>[] {
  if (!(Symbol.iterator in source)) return Object.entries(source);
  const found = [...source as Iterable<Entry<T>>];
  const names = new Set<string>();
  for (const [name] of found) {
    if (names.has(name)) throw new Error(`the key '${name}' is given twice`);
    names.add(name);
  }
  return found;
}
