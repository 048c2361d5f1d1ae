/**
 * CUDA devices: whether there are any, and what they are doing.
 *
 * The CUDA library is optional and opened when it is first asked for. (With `RAPTORCH_CUDA_LIBRARY` set it is opened at load, so that
 * a test that uses it is not charged for opening it.)
 *
 * @module
 */
import { environment, findCudaLibrary, type OpenLibrary } from "../ffi/library.ts";
import { Device, type DeviceLike, type DeviceMemory, type Pointer, setDeviceResolver } from "./device.ts";

type Kernels = OpenLibrary["kernels"];

const copyToDevice = 0, copyToHost = 1;
const info = { total: 0, free: 1, live: 2, peak: 3, reserved: 4, blocks: 5, major: 6, minor: 7 };

/** What was found: the devices, or why there are none. */
interface Found {
  devices: Device[];
  why: string | null;
}

let found: Found | null = null;

function lastError(kernels: Kernels): string {
  const text = new Uint8Array(512);
  kernels.deviceError(Deno.UnsafePointer.of(text), text.length);
  return new TextDecoder().decode(text.subarray(0, Math.max(text.indexOf(0), 0)));
}

/** Fails with the device's own words when a call did. */
function ensure(kernels: Kernels, status: number, what: string): void {
  if (status !== 0) throw new Error(`CUDA error: ${lastError(kernels)} (${what})`);
}

function memoryOf(kernels: Kernels, name: string): DeviceMemory {
  return {
    allocate(bytes: number): Pointer {
      const ptr = kernels.deviceAlloc(bytes);
      if (ptr !== null) return ptr;
      const mib = (n: number): string => `${(n / 2 ** 20).toFixed(2)} MiB`;
      lastError(kernels); // Taken, so that it does not surface at the next call.
      throw new Error(
        `CUDA out of memory. Tried to allocate ${mib(bytes)}. ${name} has a total capacity of ` +
          `${mib(kernels.deviceInfo(info.total))} of which ${mib(kernels.deviceInfo(info.free))} is free; ` +
          `${
            mib(kernels.deviceInfo(info.live))
          } is in use by tensors. Release tensors (scope(), tidy(), dispose()), use a ` +
          "smaller batch, or let the event loop turn (await) so that tensors out of reach are collected.",
      );
    },
    free: (ptr) => kernels.deviceFree(ptr),
    read(target, ptr) {
      ensure(
        kernels,
        kernels.deviceCopy(Deno.UnsafePointer.of(target), ptr, target.byteLength, copyToHost, 0),
        "copy to the host",
      );
    },
    write(ptr, source) {
      const bytes = new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
      ensure(
        kernels,
        kernels.deviceCopy(ptr, Deno.UnsafePointer.of(bytes), bytes.length, copyToDevice, 0),
        "copy to the device",
      );
    },
  };
}

/** With several cards, every call must first make its card the current one. */
function onDevice(kernels: Kernels, index: number): Kernels {
  const entries = Object.entries(kernels).map(([name, call]) => [name, (...args: unknown[]): unknown => {
    kernels.deviceSet(index);
    return (call as (...args: unknown[]) => unknown)(...args);
  }]);
  return Object.fromEntries(entries) as Kernels; // The same names with the same signatures.
}

function search(): Found {
  try {
    const { kernels, path } = findCudaLibrary();
    const count = kernels.deviceCount();
    if (count < 1) return { devices: [], why: lastError(kernels) || "the driver reports no CUDA device" };
    const devices = Array.from({ length: count }, (_, i) => {
      const own = count === 1 ? kernels : onDevice(kernels, i);
      return new Device("cuda", i, own, path, memoryOf(own, `cuda:${i}`));
    });
    return { devices, why: null };
  } catch (error) {
    return { devices: [], why: error instanceof Error ? error.message : String(error) };
  }
}

function available(): Found {
  return found ??= search();
}

if (environment("RAPTORCH_CUDA_LIBRARY")) available();

let current = 0;

setDeviceResolver((name) => {
  const { devices, why } = available();
  const index = name === "cuda" ? current : Number(name.slice("cuda:".length));
  if (devices.length === 0) throw new Error(`Torch not compiled with CUDA enabled: ${why}`);
  if (index >= devices.length) {
    throw new Error(
      `CUDA error: invalid device ordinal (${name}; there ${
        devices.length === 1 ? "is 1 device" : `are ${devices.length} devices`
      })`,
    );
  }
  return devices[index];
});

/** The device that `device` names: a number, a name, or nothing for the current one. */
function pick(device: DeviceLike | number | undefined): Device {
  const { devices, why } = available();
  if (devices.length === 0) throw new Error(`Torch not compiled with CUDA enabled: ${why}`);
  if (device instanceof Device) return device;
  const index = device === undefined || device === "cuda"
    ? current
    : typeof device === "number"
    ? device
    : Number(device.slice(5));
  if (!devices[index]) throw new Error(`CUDA error: invalid device ordinal (${device})`);
  return devices[index];
}

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

/** How many CUDA devices there are. */
export function deviceCount(): number {
  return available().devices.length;
}

/** The index of the device that `"cuda"` means. */
export function currentDevice(): number {
  pick(undefined);
  return current;
}

/** Makes `"cuda"` mean this device from now on. */
export function setDevice(device: DeviceLike | number): void {
  current = pick(device).index!;
}

/** The device's name, as its driver reports it. */
export function getDeviceName(device?: DeviceLike | number): string {
  const { kernels } = pick(device);
  const text = new Uint8Array(256);
  kernels.deviceName(Deno.UnsafePointer.of(text), text.length);
  return new TextDecoder().decode(text.subarray(0, Math.max(text.indexOf(0), 0)));
}

/** The compute capability, `[major, minor]`. */
export function getDeviceCapability(device?: DeviceLike | number): [number, number] {
  const { kernels } = pick(device);
  return [kernels.deviceInfo(info.major), kernels.deviceInfo(info.minor)];
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

/** Bytes that tensors hold on the device. */
export function memoryAllocated(device?: DeviceLike | number): number {
  return pick(device).kernels.deviceInfo(info.live);
}

/** The most bytes that tensors have held on the device. */
export function maxMemoryAllocated(device?: DeviceLike | number): number {
  return pick(device).kernels.deviceInfo(info.peak);
}

/** Bytes held by tensors or cached for new ones. */
export function memoryReserved(device?: DeviceLike | number): number {
  return pick(device).kernels.deviceInfo(info.reserved);
}

/** Gives cached blocks back to the driver. */
export function emptyCache(): void {
  for (const device of available().devices) device.kernels.deviceTrim();
}
