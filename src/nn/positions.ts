/**
 * `model[0]` and `model[-1]`: positions in containers, as accessors on the container's prototype.
 *
 * @module
 */

/** A container whose items have positions. @internal */
export interface Positioned {
  /** The item at a position, negative ones counted from the end. */
  at(index: number): unknown;
  /** Puts another item at a position. */
  replaceAt(index: number, value: unknown): void;
}

const defined = new WeakMap<object, number>();

/** Makes sure that `prototype` has accessors for the positions −n … n − 1. @internal */
export function definePositions(prototype: Positioned, n: number): void {
  for (let i = defined.get(prototype) ?? 0; i < n; i++) {
    for (const index of [i, -i - 1]) {
      Object.defineProperty(prototype, String(index), {
        configurable: true,
        get(this: Positioned): unknown {
          return this.at(index);
        },
        set(this: Positioned, value: unknown): void {
          this.replaceAt(index, value);
        },
      });
    }
    defined.set(prototype, i + 1);
  }
}

/**
 * A position as an index into `n` items.
 *
 * @throws {RangeError} When there is no such item.
 * @internal
 */
export function wrapPosition(index: number, n: number): number {
  if (!Number.isInteger(index) || index < -n || index >= n) throw new RangeError(`index ${index} is out of range`);
  return index < 0 ? index + n : index;
}
