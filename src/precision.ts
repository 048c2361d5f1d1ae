/**
 * How exactly float32 products are computed on devices that have faster units.
 *
 * @module
 */
import type { Kernels } from "../ffi/library.ts";

/** `highest`: as float32. `high`: operands rounded to TF32. `medium`: to bfloat16. */
export type MatmulPrecision = "highest" | "high" | "medium";

const levels: Record<MatmulPrecision, number> = { highest: 0, high: 1, medium: 2 };

let current: MatmulPrecision = "highest";
const libraries: Kernels[] = [];

/** Tells a library that has just been opened, and keeps telling it. @internal */
export function followPrecision(kernels: Kernels): void {
  libraries.push(kernels);
  kernels.setMatmulPrecision(levels[current]);
}

/**
 * Sets what the operands of float32 matrix products and convolutions may be rounded to before they are multiplied:
 * nothing (`"highest"`, the default), TF32 with 11 significant bits (`"high"`), or bfloat16 with 8 (`"medium"`). Sums
 * stay float32. It concerns CUDA devices with tensor cores (compute capability 8.0 and later); the CPU always computes
 * in float32.
 *
 * @throws {RangeError} When `precision` is none of the three.
 *
 * @example
 * ```ts
 * import { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from "@raptorch/raptorch";
 * setFloat32MatmulPrecision("high");
 * console.assert(getFloat32MatmulPrecision() === "high");
 * setFloat32MatmulPrecision("highest");
 * ```
 */
export function setFloat32MatmulPrecision(precision: MatmulPrecision): void {
  if (!Object.hasOwn(levels, precision)) {
    throw new RangeError(`${precision} is not one of 'highest', 'high', or 'medium'`);
  }
  current = precision;
  for (const kernels of libraries) kernels.setMatmulPrecision(levels[precision]);
}

/** What {@linkcode setFloat32MatmulPrecision} was last given. */
export function getFloat32MatmulPrecision(): MatmulPrecision {
  return current;
}
