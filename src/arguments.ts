/**
 * Trailing arguments that PyTorch lets callers give by position or by name.
 *
 * @module
 */
import { checkOptions, isOptions } from "./check.ts";
import type { Sizes } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Sizes or dimensions as numbers, as one list, or as one list by the name `K`. */
export type SizesBy<K extends string> = number[] | [Sizes] | [options: { [name in K]: Sizes }];

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

/** Arguments by position, `R`, or by name in one options object. */
export type Call<R extends readonly unknown[], N> = R | [options: N];

/** The second operand, by position or by name. */
export type Other<T> = Call<[other: T], ByName<T>>;

/** The second operand by name, beside the options of `O`. */
export type ByName<T, O = object> = { other: T } & O;

/** Whether the second operand came by name: for the operations that are so short that a list of arguments costs time. */
export function isByName<G>(given: G): given is Extract<G, ByName<unknown>> {
  return isOptions(given);
}

/** The second operand and the options that came with it. */
export function apart<T, O>({ other, ...options }: ByName<T, O>): [other: T, options: Omit<ByName<T, O>, "other">] {
  return [other, options];
}

/** The options object at the end of {@linkcode Trailing} arguments. */
export type OptionsOf<A extends readonly unknown[]> = A extends readonly [infer O]
  ? O extends readonly unknown[] | Tensor ? never : O extends object ? O : never
  : never;

/** Those forms of `A` that give the argument called `K` by position. */
type ByPosition<A extends readonly unknown[], K extends string> = A extends readonly [infer O]
  ? [O] extends [Tensor] ? A : [O] extends [object] ? [K & KeysOf<O>] extends [never] ? A : never : A
  : A;

/** The keys of each of a union. */
type KeysOf<O> = O extends unknown ? keyof O : never;

/**
 * The arguments of a {@linkcode Call} in their order: the required ones, whose names are given, and after them what else there
 * was. A name may list others that mean the same, as in `"src|value"`.
 *
 * @throws {TypeError} When one of the required is missing, or given twice.
 */
export function inOrder<A extends readonly unknown[], K extends string>(
  operation: string,
  given: A,
  names: readonly [K, ...string[]],
): ByPosition<A, Alternatives<K>> {
  const n = given.length;
  const byPosition = n > names.length || (n === names.length && !isOptions(given[n - 1]));
  // What is put in order are the same arguments as by position, which the caller's type has beside the form by name.
  return (byPosition ? given : ordered(operation, given, names)) as ByPosition<A, Alternatives<K>>;
}

/** The rest of {@linkcode inOrder}, apart so that the common case stays short. */
function ordered(operation: string, given: readonly unknown[], names: readonly string[]): readonly unknown[] {
  const last = given.length > 0 ? given[given.length - 1] : undefined;
  const options = isOptions(last) ? { ...last } : {};
  const positional: readonly unknown[] = isOptions(last) ? given.slice(0, -1) : given;
  const absent: string[] = [];
  const found = names.map((name, i) => {
    const present = name.split("|").filter((n) => options[n] !== undefined);
    if (present.length + (i < positional.length ? 1 : 0) > 1) {
      throw new TypeError(`${operation}() got multiple values for argument '${present[0]}'`);
    }
    if (i < positional.length) return positional[i];
    if (present.length === 0) absent.push(name.split("|")[0]);
    const value = options[present[0]];
    delete options[present[0]];
    return value;
  });
  if (absent.length > 0) throw missing(operation, absent);
  if (Object.keys(options).length > 0) found.push(options);
  return found;
}

/** The names in `"src|value"`. */
type Alternatives<K extends string> = K extends `${infer First}|${infer Rest}` ? First | Alternatives<Rest> : K;

function missing(operation: string, names: readonly string[]): TypeError {
  return new TypeError(
    `${operation}() missing ${names.length} required positional argument${names.length > 1 ? "s" : ""}: ${
      names.map((name) => `'${name}'`).join(", ").replace(/, (?=[^,]*$)/, " and ")
    }`,
  );
}

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
  const absent = required.filter((name) => found[name] === undefined);
  if (absent.length > 0) throw missing(operation, absent);
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
