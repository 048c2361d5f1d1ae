/**
 * Checks of what callers pass, and the texts of their errors.
 *
 * @module
 */
import { formatSizes, type Sizes } from "./shape.ts";

/**
 * Fails with a text that names the operation.
 *
 * @throws {Error} When `condition` does not hold.
 */
export function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}

/**
 * Fails when the caller passed an option that the operation does not have.
 *
 * @throws {TypeError} That names the operation, the option and the options there are.
 */
export function checkOptions(operation: string, options: object | undefined, known: readonly string[]): void {
  if (options === undefined) return;
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(
        `${operation}() got an unexpected option '${name}'` +
          (known.length > 0 ? ` (it has: ${known.join(", ")})` : " (it has none)"),
      );
    }
  }
}

/** The options of an operation that has none: `{}` or nothing. */
export type NoOptions = Record<string, never>;

/** Whether `value` is an options object: not null, not an array, and made by a literal. */
export function isOptions(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What a wrong argument is, for an error text. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "object";
}

/** A number for each of `n` spatial dimensions, from one number or a list of `n`. */
export function tuple(operation: string, what: string, value: number | Sizes, n: number): number[] {
  const list = typeof value === "number" ? new Array<number>(n).fill(value) : [...value];
  if (list.length === 1 && n > 1) return new Array<number>(n).fill(list[0]);
  if (list.length !== n || list.some((v) => !Number.isInteger(v))) {
    throw new TypeError(`${operation}: ${what} must be an integer or ${n} of them, got ${formatSizes(list)}`);
  }
  return list;
}
