/**
 * How layers make their parameters.
 *
 * @module
 */
import { type DeviceLike, toDevice } from "../device.ts";
import { type DTypeLike, getDefaultDtype, toDtype } from "../dtype.ts";
import { empty } from "../make.ts";
import type { Sizes } from "../shape.ts";
import { Parameter, type Tensor } from "../tensor.ts";

/** Where a layer's parameters are made: options of every layer that has any. */
export interface FactoryOptions {
  /** The device of the parameters. Default: the CPU. */
  device?: DeviceLike;
  /** The type of the parameters. Default: the default type. */
  dtype?: DTypeLike;
}

/** The names of {@linkcode FactoryOptions}. @internal */
export const factoryOptions = ["device", "dtype"] as const;

/** A tensor with undefined contents, as the options say. @internal */
export function blank(sizes: Sizes, options: FactoryOptions): Tensor {
  const dtype = options.dtype === undefined ? getDefaultDtype() : toDtype(options.dtype);
  return empty(sizes, dtype, toDevice(options.device));
}

/** A parameter with undefined contents, as the options say. @internal */
export function parameter(sizes: Sizes, options: FactoryOptions): Parameter {
  return new Parameter(blank(sizes, options));
}
