/**
 * Parameter groups: how they are given, printed and saved.
 *
 * @module
 */
import { named } from "../arguments.ts";
import { checkOptions } from "../check.ts";
import { formatFloat, formatValue } from "../format.ts";
import { Tensor } from "../tensor.ts";

/** What schedulers add to a group, and what a group may be called. */
export interface GroupExtras {
  /** The learning rate before any scheduler changed it. */
  initialLr?: number;
  /** OneCycleLR's highest learning rate. */
  maxLr?: number;
  /** OneCycleLR's lowest learning rate. */
  minLr?: number;
  /** OneCycleLR's and CyclicLR's highest momentum. */
  maxMomentum?: number;
  /** OneCycleLR's and CyclicLR's lowest momentum. */
  baseMomentum?: number;
  /** The factor that `swaUtils.SWALR` anneals to. */
  swaLr?: number;
  /** A name of the user's own. */
  name?: string;
  /** The parameters' names, when they were given as `namedParameters()`. */
  paramNames?: string[];
}

/** A live group: its options may be written between steps. */
export type ParamGroup<O> = O & GroupExtras & {
  /** The tensors that this group trains. */
  params: Tensor[];
};

/** Parameters, or parameters with their names. */
export type ParamList = Tensor | Iterable<Tensor | readonly [string, Tensor]>;

/** Options as the caller gives them: some, and the learning rate perhaps as a tensor of one number, which is read at once. */
export type Given<O> = { [K in keyof O]?: K extends "lr" ? O[K] | Tensor : O[K] };

/** A group as the caller gives it: options that are left out are the optimizer's. */
export type GroupInput<O> = Given<O> & GroupExtras & {
  /** The tensors that this group trains. */
  params: ParamList;
};

/** What an optimizer is given: parameters, named parameters, or groups. */
export type Params<O> = Iterable<Tensor> | Iterable<readonly [string, Tensor]> | Iterable<GroupInput<O>>;

/** What an optimizer says about its options. */
export interface OptionSpec<O> {
  /** How PyTorch prints defaults that Python writes otherwise than floats: `0`, `(1e-06, 50)`. */
  texts?: Readonly<Record<string, string>>;
  /** Options that are integers in PyTorch. */
  integers?: readonly string[];
  /** Fails for values that make no sense. */
  check?(options: O): void;
}

/** `weightDecay` → `weight_decay`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (c) => "_" + c.toLowerCase());
}

/** `weight_decay` → `weightDecay`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}

const extras = [
  "params",
  "name",
  "paramNames",
  "initialLr",
  "maxLr",
  "minLr",
  "maxMomentum",
  "baseMomentum",
  "swaLr",
];

/** A number instead of a learning rate that is a tensor. */
function plain(key: string, value: unknown): unknown {
  if (key !== "lr" || !(value instanceof Tensor)) return value;
  if (value.count !== 1) throw new RangeError("Tensor lr must be 1-element");
  return value.item();
}

/** What the caller gave beside the parameters: the first options by position, in PyTorch's order, the others by name. */
export function optionsOf<O extends object>(
  operation: string,
  args: readonly unknown[],
  defaults: O,
  positional: readonly (string & keyof O)[],
): Given<O> {
  const names = Object.keys(defaults) as (string & keyof O)[];
  return named<Given<O>>(operation, args, positional, names.filter((n) => !positional.includes(n)));
}

/** `options` over `defaults`, in the order of the defaults. */
export function withDefaults<O extends object>(operation: string, defaults: O, options: Given<O>): O {
  checkOptions(operation, options, Object.keys(defaults));
  const all = { ...defaults };
  for (const key of Object.keys(defaults) as (keyof O)[]) {
    const value = plain(key as string, options[key]);
    if (value !== undefined) all[key] = value as O[keyof O];
  }
  return all;
}

/**
 * A live group from what the caller gave.
 *
 * @throws {TypeError} When a parameter is no tensor.
 * @throws {Error} When a parameter is not a leaf.
 */
export function makeGroup<O extends object>(operation: string, defaults: O, input: GroupInput<O>): ParamGroup<O> {
  checkOptions(operation, input, [...extras, ...Object.keys(defaults)]);
  const { params: given, ...options } = input;
  if (given instanceof Set) {
    throw new TypeError(
      "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will change " +
        "between runs. Please use a list instead.",
    );
  }
  const params: Tensor[] = [], names: string[] = [];
  for (const item of given instanceof Tensor ? [given] : given) {
    if (Array.isArray(item)) {
      names.push(item[0] as string);
      params.push(item[1] as Tensor);
    } else params.push(item as Tensor);
  }
  if (names.length > 0 && names.length !== params.length) {
    throw new Error("all optimizer params should be with/without names. Some param names are missing");
  }
  for (const p of params) {
    if (!(p instanceof Tensor)) {
      throw new TypeError(`optimizer can only optimize Tensors, but one of the params is ${typeof p}`);
    }
    if (!p.isLeaf && !p.retainsGrad) throw new Error("can't optimize a non-leaf Tensor");
  }
  const group = { params, ...defaults } as ParamGroup<O>;
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) (group as Record<string, unknown>)[key] = plain(key, value);
  }
  if (names.length > 0) group.paramNames = names;
  return group;
}

function sameValue(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((v, i) => v === b[i]) : a === b;
}

function printed<O extends object>(key: string, value: unknown, defaults: O, spec: OptionSpec<O>): string {
  const text = spec.texts?.[key];
  if (text !== undefined && sameValue(value, defaults[key as keyof O])) return text;
  if (typeof value === "string") return value;
  if (spec.integers?.includes(key)) return formatValue(value);
  if (typeof value === "number") return formatFloat(value);
  if (Array.isArray(value)) {
    return `(${value.map((v) => typeof v === "number" ? formatFloat(v) : formatValue(v)).join(", ")})`;
  }
  return formatValue(value);
}

/** A group's lines in an optimizer's text. */
export function printGroup<O extends object>(group: ParamGroup<O>, defaults: O, spec: OptionSpec<O>): string {
  const lines = Object.entries(group).filter(([key]) => key !== "params")
    .map(([key, value]) => [snakeCase(key), printed(key, value, defaults, spec)])
    .sort(([a], [b]) => a < b ? -1 : 1);
  return lines.map(([key, text]) => `    ${key}: ${text}\n`).join("");
}
