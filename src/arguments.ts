/**
 * Trailing arguments that PyTorch lets callers give by position or by name.
 *
 * @module
 */
import { isOptions } from "./check.ts";

/** Any number of the positional arguments `P`, then perhaps an options object. */
export type Trailing<P extends readonly unknown[], O> = P extends readonly [infer First, ...infer Rest]
  ? [] | [options: O] | [First, ...Trailing<Rest, O>]
  : [] | [options: O];

/**
 * The arguments by name: those given by position get the names in `positional`, the last may be an options object.
 *
 * @param more Names that only the options object has.
 * @throws {TypeError} For an unknown name, a name given twice, and too many arguments.
 */
export function named<O extends object>(
  operation: string,
  args: readonly unknown[],
  positional: readonly (string & keyof O)[],
  more: readonly (string & keyof O)[] = [],
): O {
  const last = args.length > 0 ? args[args.length - 1] : undefined;
  const options = isOptions(last) ? last : null;
  const count = options === null ? args.length : args.length - 1;
  const found: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    if (args[i] === undefined) continue;
    if (i >= positional.length) {
      throw new TypeError(
        `${operation}() takes at most ${positional.length} further arguments (${
          positional.join(", ")
        }), but ${count} were given`,
      );
    }
    found[positional[i]] = args[i];
  }
  for (const name in options) {
    if (!positional.includes(name as string & keyof O) && !more.includes(name as string & keyof O)) {
      throw new TypeError(
        `${operation}() got an unexpected option '${name}' (it has: ${[...positional, ...more].join(", ")})`,
      );
    }
    if (name in found) throw new TypeError(`${operation}() got multiple values for argument '${name}'`);
    if (options[name] !== undefined) found[name] = options[name];
  }
  // Every name is one of O's; the values are checked by whoever uses them.
  return found as O;
}
