/**
 * The table of operations that the generic suites run: one entry per operation of `golden/ops.json`, whose samples say what
 * goes in and what PyTorch makes of it.
 *
 * An entry is needed for what differs from the rule: the function of that name in camelCase, of the module or of `F`, called
 * with the sample's arguments and one options object; the method of the same name; and an in-place form.
 */
import * as torch from "../mod.ts";
import type { Tensor } from "../mod.ts";

/** What a sample's argument is on this side. */
export type Argument = Tensor | Tensor[] | number | bigint | boolean | string | null | Argument[];

/** What an operation gives. */
export type Result = Tensor | boolean | Iterable<Tensor>;

/** An operation, ready to be called. */
export type Call = (args: Argument[], options: Record<string, unknown>) => Result;

/** What differs from the rule. */
export interface OpCase {
  /** How to call it. */
  call?: Call;
  /** The relative difference from PyTorch that is allowed in float32 (default 2e-6) and float64 (default 1e-12). */
  tolerance?: { float32?: number; float64?: number };
  /** Whether the second derivative is compared, by central differences too. Default: true. */
  second?: boolean;
  /** The name of the last node, where an operation made of others ends with another one than PyTorch's. */
  gradFn?: string;
  /** Whether the method is called as well. Default: where there is one. */
  method?: boolean;
}

// Kernels approximate these by polynomials of their own, PyTorch by Sleef's or its own series.
const series = { tolerance: { float32: 2e-5, float64: 1e-10 } };

/** The operations that need an entry. */
export const opCases: Record<string, OpCase> = {
  digamma: series,
  lgamma: series,
  erfinv: series,
  // A method; the function of this name is F's.
  unfold: { call: ([x, ...rest]) => (x as Tensor).unfold(...rest as [number, number, number]) },
  // Without `repeats`, the function's tensor is what the method's argument is.
  repeat_interleave: { method: false },
  // Compositions of other operations: their last nodes are those operations'.
  index_copy: { gradFn: "ScatterBackward0" },
  masked_scatter: { gradFn: "ViewBackward0" },
  cdist: { gradFn: "LinalgVectorNormBackward0" },
  // The method's first argument is the second of the function.
  where: { method: false },
  // PyTorch's 1/6 is a float32 even in float64.
  hardsigmoid: { tolerance: { float64: 2e-9 } },
  // The result is differentiated through a quotient of roundings.
  copysign: { second: false },
};

type Functions = Record<string, unknown>;

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}

/** How to call the operation that PyTorch names `name`: as a function, as a method, in place. */
export function callsOf(name: string): { function?: Call; method?: Call; inPlace?: Call } {
  const own = opCases[name] ?? {}, key = camel(name);
  const pack = (args: Argument[], options: Record<string, unknown>): unknown[] =>
    Object.keys(options).length === 0
      ? args
      : [...args, Object.fromEntries(Object.entries(options).map(([k, v]) => [camel(k), v]))];
  const home = [torch as unknown as Functions, torch.nn.functional as unknown as Functions]
    .find((h) => typeof h[key] === "function");
  const asMethod = (key: string): Call | undefined =>
    typeof (torch.Tensor.prototype as unknown as Functions)[key] !== "function" || own.method === false
      ? undefined
      : ([self, ...rest], options) =>
        (self as unknown as Record<string, (...a: unknown[]) => Result>)[key](...pack(rest, options));
  return {
    function: own.call ??
      (home === undefined
        ? undefined
        : (args, options) => (home[key] as (...a: unknown[]) => Result)(...pack(args, options))),
    method: asMethod(key),
    inPlace: asMethod(`${key}_`),
  };
}
