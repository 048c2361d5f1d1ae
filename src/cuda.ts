/**
 * CUDA devices: whether there are any, what they are doing, streams and events, memory, random numbers.
 *
 * @module
 */
import { info } from "../ffi/symbols.ts";
import { available, currentIndex, ensure, pick, setCurrentIndex, textOf } from "./cuda/found.ts";
import type { DeviceLike } from "./device.ts";

export { OutOfMemoryError } from "./cuda/found.ts";
export * from "./cuda/memory.ts";
export * from "./cuda/random.ts";
export * from "./cuda/stream.ts";

/**
 * Whether there is a CUDA device that can be used. Never throws.
 *
 * @example
 * ```ts
 * import { cuda, ones } from "@raptorch/raptorch";
 * const device = cuda.isAvailable() ? "cuda" : "cpu";
 * console.assert(ones(2, { device }).sum().item() === 2);
 * ```
 */
export function isAvailable(): boolean {
  return available().devices.length > 0;
}

/** Why {@linkcode isAvailable} is false; `null` when it is true. */
export function whyUnavailable(): string | null {
  return available().why;
}

/**
 * Finds the devices now instead of when one is first asked for.
 *
 * @throws {Error} When there is none.
 */
export function init(): void {
  pick(undefined);
}

/** How many CUDA devices there are. */
export function deviceCount(): number {
  return available().devices.length;
}

/** The index of the device that `"cuda"` means. */
export function currentDevice(): number {
  pick(undefined);
  return currentIndex();
}

/** Makes `"cuda"` mean this device from now on. */
export function setDevice(device: DeviceLike | number): void {
  setCurrentIndex(pick(device).index!); // a CUDA device has a number
}

/** The device's name, as its driver reports it. */
export function getDeviceName(device?: DeviceLike | number): string {
  const { kernels } = pick(device);
  return textOf((to, bytes) => kernels.deviceName(to, bytes));
}

/** The compute capability, `[major, minor]`. */
export function getDeviceCapability(device?: DeviceLike | number): [number, number] {
  const { kernels } = pick(device);
  return [kernels.deviceInfo(info.major), kernels.deviceInfo(info.minor)];
}

/** What {@linkcode getDeviceProperties} says of a device. */
export interface DeviceProperties {
  /** The name, as the driver reports it. */
  name: string;
  /** The compute capability's first number. */
  major: number;
  /** Its second number. */
  minor: number;
  /** Bytes of memory. */
  totalMemory: number;
  /** Multiprocessors. */
  multiProcessorCount: number;
  /** Threads that may be resident on a multiprocessor at once. */
  maxThreadsPerMultiProcessor: number;
  /** 32-bit registers of a multiprocessor. */
  regsPerMultiprocessor: number;
  /** Bytes of shared memory that a block may have without asking for more. */
  sharedMemoryPerBlock: number;
  /** Bytes of the cache that all multiprocessors share. */
  L2CacheSize: number;
  /** Threads that run in step. */
  warpSize: number;
}

/** What a device is. */
export function getDeviceProperties(device?: DeviceLike | number): DeviceProperties {
  const { kernels } = pick(device), [major, minor] = getDeviceCapability(device);
  return {
    name: getDeviceName(device),
    major,
    minor,
    totalMemory: kernels.deviceInfo(info.total),
    multiProcessorCount: kernels.deviceInfo(info.multiprocessors),
    maxThreadsPerMultiProcessor: kernels.deviceInfo(info.threads),
    regsPerMultiprocessor: kernels.deviceInfo(info.registers),
    sharedMemoryPerBlock: kernels.deviceInfo(info.shared),
    L2CacheSize: kernels.deviceInfo(info.l2),
    warpSize: 32,
  };
}

/** Whether the device multiplies bfloat16 in its tensor cores. False without a device. */
export function isBf16Supported(): boolean {
  return isAvailable() && getDeviceCapability()[0] >= 8;
}

/**
 * Waits until the device has done everything that it was asked for.
 *
 * @throws {Error} With the device's words, when something that it was asked for failed.
 */
export function synchronize(device?: DeviceLike | number): void {
  const { kernels } = pick(device);
  ensure(kernels, kernels.deviceSynchronize(), "synchronize");
}
