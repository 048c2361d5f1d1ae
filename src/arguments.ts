/**
 * Trailing arguments that PyTorch lets callers give by position or by name.
 *
 * @module
 */
import { checkOptions, isOptions } from "./check.ts";

/**
 * Sizes or dimensions given as numbers, as one list, or by name: `x.flip(0, 1)`, `x.flip([0, 1])`, `x.flip({ dims: [0, 1] })`.
 *
 * @throws {TypeError} When something else was given.
 */
export function sizesOf(operation: string, name: string, args: readonly unknown[]): number[] {
  let given: unknown = args.length === 1 ? args[0] : args;
  if (isOptions(given)) {
    checkOptions(operation, given, [name]);
    given = given[name];
  }
  const list = Array.isArray(given) ? given : [given];
  if (list.some((v) => typeof v !== "number" || !Number.isInteger(v))) {
    throw new TypeError(`${operation}(): argument '${name}' must be integers, got [${list.map(String).join(", ")}]`);
  }
  return [...list];
}

/** Any number of the positional arguments `P`, then perhaps an options object. */
export type Trailing<P extends readonly unknown[], O> = P extends readonly [infer First, ...infer Rest]
  ? [] | [options: O] | [First, ...Trailing<Rest, O>]
  : [] | [options: O];

/**
 * Arguments of which those of `R` must be given: by position, followed by any number of those of `P` and perhaps an options
 * object; or all by name, in one options object.
 */
export type Arguments<R extends readonly unknown[], P extends readonly unknown[], ByName, O> =
  | [...R, ...Trailing<P, O>]
  | [options: ByName & O];

/**
 * The arguments by name, as {@linkcode named} finds them, of which those in `required` must be there.
 *
 * @throws {TypeError} When one of them is missing, and as {@linkcode named} does.
 */
export function called<O extends object>(
  operation: string,
  args: readonly unknown[],
  required: readonly (string & keyof O)[],
  optional: readonly (string & keyof O)[] = [],
  more: readonly (string & keyof O)[] = [],
): O {
  const found = named<O>(operation, args, [...required, ...optional], more);
  const absent = required.filter((name) => found[name] === undefined).map((name) => `'${name}'`);
  if (absent.length > 0) {
    throw new TypeError(
      `${operation}() missing ${absent.length} required positional argument${absent.length > 1 ? "s" : ""}: ${
        absent.join(", ").replace(/, (?=[^,]*$)/, " and ")
      }`,
    );
  }
  return found;
}

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
