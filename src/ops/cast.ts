/**
 * Conversion between element types and devices.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { checkOptions, isOptions } from "../check.ts";
import { Device, type DeviceLike, toDevice } from "../device.ts";
import { DType, type DTypeLike, dtypes, toDtype } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { castTo } from "./elementwise.ts";
import { moveTo } from "./transfer.ts";

/** Options of {@linkcode Tensor.to}. */
export interface ToOptions {
  /** The element type. Default: the tensor's. */
  dtype?: DTypeLike;
  /** The device. Default: the tensor's. */
  device?: DeviceLike;
  /** Whether a copy to or from a card may still be under way when the call returns. Default: false. */
  nonBlocking?: boolean;
  /** Copy even when nothing changes. Default: false. */
  copy?: boolean;
}

/** What `to` accepts: a type, a device, another tensor to be like, or options. */
export type Target = DTypeLike | DeviceLike | Tensor | ToOptions;

function isDtype(target: Target): target is DTypeLike {
  return target instanceof DType || dtypes.some((d) => d.name === target);
}

/** `x` in another type, on another device, or both; `x` itself when nothing changes. */
export function to(x: Tensor, target: Target, options: ToOptions = {}): Tensor {
  if (isDtype(target)) options = { ...options, dtype: target };
  else if (target instanceof Device || typeof target === "string") options = { ...options, device: target };
  else if (isOptions(target)) options = target;
  else options = { ...options, dtype: (target as Tensor).dtype, device: (target as Tensor).device };
  checkOptions("to", options, ["dtype", "device", "nonBlocking", "copy"]);
  const dtype = options.dtype === undefined ? x.dtype : toDtype(options.dtype);
  const device = options.device === undefined ? x.device : toDevice(options.device);
  if (dtype === x.dtype && device === x.device) return options.copy ? x.clone() : x;
  let y = castTo(x, dtype);
  if (device !== x.device) y = moveTo(y, device, options.nonBlocking);
  return record("ToCopyBackward0", y, [x], [], (dy) => [to(dy, { dtype: x.dtype, device: x.device })]);
}
