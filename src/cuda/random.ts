/**
 * The cards' default random number generators.
 *
 * @module
 */
import type { DeviceLike } from "../device.ts";
import { defaultGeneratorOf } from "../generator.ts";
import type { Tensor } from "../tensor.ts";
import { available, pick } from "./found.ts";

/** Seeds the current device's generator. */
export function manualSeed(seed: number | bigint): void {
  defaultGeneratorOf(pick(undefined)).manualSeed(seed);
}

/** Seeds the generators of all devices. */
export function manualSeedAll(seed: number | bigint): void {
  for (const device of available().devices) defaultGeneratorOf(device).manualSeed(seed);
}

/** Seeds the current device's generator from the system. */
export function seed(): void {
  defaultGeneratorOf(pick(undefined)).seed();
}

/** Seeds the generators of all devices with one seed from the system. */
export function seedAll(): void {
  manualSeedAll(crypto.getRandomValues(new BigUint64Array(1))[0]);
}

/** The seed that the current device's generator was started from. */
export function initialSeed(): number | bigint {
  return defaultGeneratorOf(pick(undefined)).initialSeed();
}

/** The state of a device's generator: 16 bytes, the same as PyTorch's. */
export function getRngState(device?: DeviceLike | number): Tensor {
  return defaultGeneratorOf(pick(device)).getState();
}

/** Sets the state of a device's generator. */
export function setRngState(state: Tensor, device?: DeviceLike | number): void {
  defaultGeneratorOf(pick(device)).setState(state);
}
