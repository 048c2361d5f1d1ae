/**
 * The functions of daily use that have options.
 *
 * @module
 */
import { apart, type ByName, isByName } from "../arguments.ts";
import type { Operand } from "../ops/elementwise.ts";
import { checkOptions } from "../check.ts";
import * as arithmetic from "../ops/arithmetic.ts";
import type { Tensor } from "../tensor.ts";
import { type AlphaOptions, alphaOptions, type DivOptions, divOptions, scaleOf } from "../tensor/arithmetic.ts";
import type { ReduceArguments } from "../tensor/reduce.ts";

/** a + alpha·b. */
export function add(a: Operand, b: Operand | ByName<Operand, AlphaOptions>, options?: AlphaOptions): Tensor {
  if (isByName(b)) return add(a, ...apart(b));
  checkOptions("add", options, alphaOptions);
  return arithmetic.add(a, b, scaleOf(options));
}

/** a − alpha·b. */
export function sub(a: Operand, b: Operand | ByName<Operand, AlphaOptions>, options?: AlphaOptions): Tensor {
  if (isByName(b)) return sub(a, ...apart(b));
  checkOptions("sub", options, alphaOptions);
  return arithmetic.sub(a, b, scaleOf(options));
}

/** a / b: true division, unless `roundingMode` says otherwise. */
export function div(a: Operand, b: Operand | ByName<Operand, DivOptions>, options?: DivOptions): Tensor {
  if (isByName(b)) return div(a, ...apart(b));
  checkOptions("div", options, divOptions);
  return arithmetic.div(a, b, options?.roundingMode);
}

/** beta·x + alpha·a·b. */
export function addmm(x: Tensor, ...args: Parameters<Tensor["addmm"]>): Tensor {
  return x.addmm(...args);
}

/** The sum of the elements, over all dimensions or some. */
export function sum(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.sum(...args);
}

/** The mean of the elements, over all dimensions or some. */
export function mean(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.mean(...args);
}

/** The largest element over the dimensions. */
export function amax(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.amax(...args);
}

/** The smallest element over the dimensions. */
export function amin(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.amin(...args);
}

/** The index of the largest element, in the flattened tensor or along `dim`. */
export function argmax(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.argmax(...args);
}

/** The index of the smallest element, in the flattened tensor or along `dim`. */
export function argmin(x: Tensor, ...args: ReduceArguments): Tensor {
  return x.argmin(...args);
}
