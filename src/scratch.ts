/**
 * The host array in which operations pass shapes and strides to kernels. Kernels read it before they return, so one
 * array serves every call.
 *
 * @module
 */
import { addressOf, type Pointer } from "./device.ts";

const words = new Int32Array(4096);

/** The array. */
export const meta: Int32Array = words;
/** Its address. */
export const metaPtr: Pointer = addressOf(words);

/** Writes numbers to the array's begin and returns its address. */
export function metaOf(...values: number[]): Pointer {
  for (let i = 0; i < values.length; i++) words[i] = values[i];
  return metaPtr;
}
