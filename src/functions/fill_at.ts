/**
 * Compositions with options as functions.
 *
 * @module
 */
import { type Arguments, type Call, called, inOrder, named, type Other, type Trailing } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { checkOptions } from "../check.ts";
import * as arithmetic from "../ops/arithmetic.ts";
import { isTensor, type Operand, requireTensor } from "../ops/elementwise.ts";
import * as ops from "../ops/fill_at.ts";
import { fill_ } from "../ops/inplace.ts";
import { clone } from "../ops/strided.ts";
import type { Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import type { AlphaOptions, DivOptions } from "../tensor/arithmetic.ts";
import { div, sub } from "./basic.ts";

/** b − alpha·a. */
export function rsub(
  a: Tensor,
  ...given: Call<[b: Operand, options?: AlphaOptions], { other: Operand } & AlphaOptions>
): Tensor {
  const [b, options] = inOrder("rsub", given, ["other"]);
  requireTensor("rsub", a);
  checkOptions("rsub", options, ["alpha"]);
  const alpha = Number(options?.alpha ?? 1);
  if (!isTensor(b)) return arithmetic.sub(b, a, alpha);
  const y = arithmetic.sub(b.detached(), a.detached(), alpha);
  return record("RsubBackward0", y, [a, b], [], (dy) => [arithmetic.mul(dy, -alpha), dy]);
}

/** a / b, never rounded. */
export function trueDivide(a: Operand, ...given: Other<Operand>): Tensor {
  const [b] = inOrder("true_divide", given, ["other"]);
  return arithmetic.div(a, b);
}

/** {@linkcode sub} by another name. */
export function subtract(a: Operand, b: Operand, options?: AlphaOptions): Tensor {
  return sub(a, b, options);
}

/** {@linkcode div} by another name. */
export function divide(a: Operand, b: Operand, options?: DivOptions): Tensor {
  return div(a, b, options);
}

/** x with every element set to `value`. */
export function fill(
  x: Tensor,
  ...args: Arguments<[value: Scalar | Tensor], [], { value: Scalar | Tensor }, Partial<{ value: Scalar | Tensor }>>
): Tensor {
  return fill_(clone(x), called<{ value: Scalar | Tensor }>("fill", args, ["value"]).value);
}

/** Options of {@linkcode diff}. */
export interface DiffOptions {
  /** How often to take differences. Default: 1. */
  n?: number;
  /** The dimension. Default: -1. */
  dim?: number;
  /** Put before x first. Default: nothing. */
  prepend?: Tensor | null;
  /** Put behind x first. Default: nothing. */
  append?: Tensor | null;
}

/** The arguments of {@linkcode diff}. */
export type DiffArguments = Trailing<
  [n: number, dim: number, prepend: Tensor | null, append: Tensor | null],
  DiffOptions
>;

/** The differences of neighbours along a dimension. */
export function diff(x: Tensor, ...args: DiffArguments): Tensor {
  return x.diff(...args);
}

/** Options of {@linkcode cdist}. */
export interface CdistOptions {
  /** The power of the norm. Default: 2. */
  p?: number;
  /** Accepted and ignored: the distances are always computed directly. */
  computeMode?: string | null;
}

/** The distances of each row of `a` and each row of `b`. */
export function cdist(
  a: Tensor,
  ...given: Arguments<[b: Tensor], [p: number, computeMode: string | null], { x2: Tensor }, CdistOptions>
): Tensor {
  const [b, ...args] = inOrder("cdist", given, ["x2"]);
  return ops.cdist(a, b, named<CdistOptions>("cdist", args, ["p", "computeMode"]).p);
}
