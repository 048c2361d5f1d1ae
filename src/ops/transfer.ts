/**
 * Copies between devices.
 *
 * @module
 */
import type { Device } from "../device.ts";
import { empty } from "../make.ts";
import { copyElements } from "../read.ts";
import type { Tensor } from "../tensor.ts";

/** A contiguous copy of `x` on another device, outside of the graph. */
export function moveTo(x: Tensor, device: Device): Tensor {
  const y = empty(x.sizes, x.dtype, device);
  y.storage.write(copyElements(x));
  return y;
}
