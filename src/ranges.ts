/**
 * Evenly spaced numbers.
 *
 * @module
 */
import { type Call, inOrder, named, type Trailing } from "./arguments.ts";
import { isOptions } from "./check.ts";
import { type CreateOptions, createOptions, finish } from "./create.ts";
import { toDevice } from "./device.ts";
import { type DType, float32, float64, getDefaultDtype, int64, toDtype } from "./dtype.ts";
import { empty, isHalf } from "./make.ts";
import { pow } from "./ops/binary.ts";
import { castTo, isTensor, unsupported } from "./ops/elementwise.ts";
import { rounded } from "./read.ts";
import type { Tensor } from "./tensor.ts";

/** Options of {@linkcode arange}. */
export interface ArangeOptions extends CreateOptions {
  /** The first number. Default: 0. */
  start?: number | bigint;
  /** The bound, which is not reached. */
  end?: number | bigint;
  /** The distance of two neighbours. Default: 1. */
  step?: number | bigint;
}

/** The end, or start and end, or start, end and step of {@linkcode arange}; each but the first also by name. */
export type ArangeArguments = Trailing<
  [startOrEnd: number | bigint, end: number | bigint, step: number | bigint],
  ArangeOptions
>;

function python(x: number): string {
  return Number.isNaN(x) ? "nan" : Number.isFinite(x) ? String(x) : x < 0 ? "-inf" : "inf";
}

/**
 * Numbers from `start` (0) to `end`, exclusive, in steps of `step` (1): int64 when all are integers, else float32.
 *
 * @example
 * ```ts
 * import { arange } from "@raptorch/raptorch";
 * console.assert(String(arange(1, 7, 2)) === "tensor([1, 3, 5])");
 * ```
 * @throws {RangeError} When the step is 0 or leads away from `end`.
 */
export function arange(...args: ArangeArguments): Tensor {
  const last = args[args.length - 1], numbers = isOptions(last) ? args.length - 1 : args.length;
  const alone = numbers === 1 && !(isOptions(last) && last.end !== undefined);
  const names = alone ? ["end"] as const : ["start", "end", "step"] as const;
  const o = named<ArangeOptions>("arange", args, names, [
    ...(["start", "end", "step"] as const).filter((n) => !(names as readonly string[]).includes(n)),
    ...createOptions,
  ]);
  const given = [o.start ?? 0, o.end, o.step ?? 1];
  for (const g of given) {
    if (typeof g !== "number" && typeof g !== "bigint" && typeof g !== "boolean") {
      throw new TypeError(`arange(): start, end and step must be numbers, got ${String(g)}`);
    }
  }
  const integral = given.every((g) => typeof g !== "number" || Number.isInteger(g));
  const dtype = typeOf(o, integral ? int64 : getDefaultDtype());
  const whole = (x: number): number => dtype.isFloatingPoint ? x : Math.trunc(x);
  const [start, end, step] = given.map(Number);
  if (step === 0 || Number.isNaN(step) || (dtype === int64 && whole(step) === 0)) {
    throw new RangeError("step must be nonzero");
  }
  if (!Number.isFinite(start) || !Number.isFinite(end)) {
    throw new RangeError(`unsupported range: ${python(start)} -> ${python(end)}`);
  }
  if ((end - start) * step < 0) throw new RangeError("upper bound and lower bound inconsistent with step sign");
  // In int64 alone the bounds are cut to integers before they are counted, as in PyTorch.
  const count = dtype === int64 ? (whole(end) - whole(start)) / whole(step) : (end - start) / step;
  const wide = isHalf(dtype) ? float32 : dtype;
  const x = empty([Math.max(Math.ceil(count), 0)], wide, toDevice(o.device));
  if (x.count > 0 && x.kernels.arange(wide.code, x.ptr, x.count, whole(start), whole(step)) !== 0) {
    throw unsupported("arange", dtype);
  }
  return finish(castTo(x, dtype), o);
}

function typeOf(options: CreateOptions, otherwise: DType): DType {
  return options.dtype === undefined ? otherwise : toDtype(options.dtype);
}

/** The bounds as numbers of a type. */
function bounds(operation: string, start: Bound, end: Bound, dtype: DType): [number, number] {
  const dims = [start, end].map((b) => isTensor(b) ? b.ndim : 0);
  if (dims.some((n) => n > 0)) {
    throw new RangeError(
      `${operation} only supports 0-dimensional start and end tensors, but got start with ${
        dims[0]
      } dimension(s) and end ` +
        `with ${dims[1]} dimension(s).`,
    );
  }
  const [a, b] = [start, end].map((b) => rounded(Number(isTensor(b) ? b.item() : b), dtype));
  return [a, b];
}

function countSteps(operation: string, steps: number | undefined): number {
  if (typeof steps !== "number" || !Number.isInteger(steps)) {
    throw new TypeError(`${operation}(): argument 'steps' must be an integer, got ${String(steps)}`);
  }
  if (steps < 0) throw new RangeError("number of steps must be non-negative");
  return steps;
}

/** A number, or a 0-d tensor. */
export type Bound = number | bigint | Tensor;

/** Options of {@linkcode linspace}. */
export interface LinspaceOptions extends CreateOptions {
  /** How many numbers; may also be given by position. */
  steps?: number;
}

/**
 * `steps` numbers from `start` to `end`, both inclusive, evenly spaced.
 *
 * @example
 * ```ts
 * import { linspace } from "@raptorch/raptorch";
 * console.assert(String(linspace(0, 1, 3)) === "tensor([0.0000, 0.5000, 1.0000])");
 * ```
 * @throws {RangeError} When `steps` is negative, or a bound is a tensor with dimensions.
 */
export function linspace(
  start: Bound,
  ...given: Call<
    [end: Bound, ...args: Trailing<[steps: number], LinspaceOptions>],
    { end: Bound } & LinspaceOptions
  >
): Tensor {
  const [end, ...args] = inOrder("linspace", given, ["end"]);
  const o = named<LinspaceOptions>("linspace", args, ["steps"], createOptions as readonly (keyof LinspaceOptions)[]);
  const steps = countSteps("linspace", o.steps), dtype = typeOf(o, getDefaultDtype());
  const [a, b] = bounds("linspace", start, end, dtype);
  const wide = isHalf(dtype) ? float32 : dtype;
  const x = empty([steps], wide, toDevice(o.device));
  if (steps > 0 && x.kernels.linspace(wide.code, x.ptr, steps, a, b) !== 0) throw unsupported("linspace", dtype);
  return finish(castTo(x, dtype), o);
}

/** Options of {@linkcode logspace}. */
export interface LogspaceOptions extends LinspaceOptions {
  /** The base of the powers; may also be given by position. Default: 10. */
  base?: number;
}

/**
 * `steps` powers of the base, from base^start to base^end, evenly spaced in their exponents.
 *
 * @throws {RangeError} When `steps` is negative, or a bound is a tensor with dimensions.
 */
export function logspace(
  start: Bound,
  ...given: Call<
    [end: Bound, ...args: Trailing<[steps: number, base: number], LogspaceOptions>],
    { end: Bound } & LogspaceOptions
  >
): Tensor {
  const [end, ...args] = inOrder("logspace", given, ["end"]);
  const o = named<LogspaceOptions>("logspace", args, ["steps", "base"], [
    ...createOptions,
  ] as (keyof LogspaceOptions)[]);
  const steps = countSteps("logspace", o.steps), dtype = typeOf(o, getDefaultDtype());
  const [a, b] = bounds("logspace", start, end, dtype);
  const exponents = linspace(a, b, steps, { dtype: float64, device: o.device });
  return finish(castTo(pow(o.base ?? 10, exponents), dtype), o);
}
