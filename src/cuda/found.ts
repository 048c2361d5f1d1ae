/**
 * Finds the CUDA devices: the library is optional and opened when it is first asked for. (With `RAPTORCH_CUDA_LIBRARY` set
 * it is opened at load, so that a test that uses it is not charged for opening it.)
 *
 * @module
 */
import { environment, findCudaLibrary, type OpenLibrary } from "../../ffi/library.ts";
import { copy, event as eventAction, info, stream as streamAction } from "../../ffi/symbols.ts";
import { addressOf, Device, type DeviceLike, type DeviceMemory, type Pointer, setDeviceResolver } from "../device.ts";
import { followPrecision } from "../precision.ts";

type Kernels = OpenLibrary["kernels"];

/** What was found: the devices, or why there are none. */
interface Found {
  devices: Device[];
  why: string | null;
  /** How the error of someone who wants one nevertheless begins, as PyTorch says it. */
  words: string;
}

let found: Found | null = null;
let current = 0;

/** A request for memory that the device could not serve. The message says what was asked for, what is live, what to do. */
export class OutOfMemoryError extends Error {
  /** PyTorch's name of it. */
  override readonly name: string = "OutOfMemoryError";
}

/** A text that a function of the library writes. @internal */
export function textOf(write: (to: Pointer, bytes: number) => unknown): string {
  const text = new Uint8Array(512);
  write(addressOf(text), text.length);
  return new TextDecoder().decode(text.subarray(0, Math.max(text.indexOf(0), 0)));
}

function lastError(kernels: Kernels): string {
  return textOf((to, bytes) => kernels.deviceError(to, bytes));
}

/** Fails with the device's own words when a call did. @internal */
export function ensure(kernels: Kernels, status: number, what: string): void {
  if (status === 0) return;
  const text = lastError(kernels);
  throw new Error(`${text.startsWith("CUDA") ? text : `CUDA error: ${text}`} (${what})`);
}

function size(bytes: number): string {
  const unit = ["bytes", "KiB", "MiB", "GiB"], i = bytes < 1024 ? 0 : bytes < 2 ** 20 ? 1 : bytes < 2 ** 30 ? 2 : 3;
  return i === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** i).toFixed(2)} ${unit[i]}`;
}

function outOfMemory(kernels: Kernels, index: number, bytes: number): OutOfMemoryError {
  lastError(kernels); // Taken, so that it does not surface at the next call.
  const about = (what: number): string => size(kernels.deviceInfo(what));
  const live = kernels.deviceInfo(info.live);
  return new OutOfMemoryError(
    `CUDA out of memory. Tried to allocate ${size(bytes)}. GPU ${index} has a total capacity of ${about(info.total)} ` +
      `of which ${about(info.free)} is free. Of the allocated memory ${size(live)} is live in ` +
      `${kernels.deviceInfo(info.blocks)} tensors' blocks (the most was ${about(info.peak)}), and ` +
      `${size(Math.max(0, kernels.deviceInfo(info.reserved) - live))} is reserved but unallocated. Release tensors ` +
      "(scope(), tidy(), dispose()), use a smaller batch, or let the event loop turn (await) so that tensors out of reach " +
      "are collected.",
  );
}

/** Pinned blocks go back when nothing can see them any more. */
const unpin = new FinalizationRegistry<{ kernels: Kernels; ptr: Pointer }>(({ kernels, ptr }) =>
  kernels.pinnedFree(ptr)
);

function memoryOf(kernels: Kernels, index: number): DeviceMemory {
  return {
    allocate(bytes) {
      const ptr = kernels.deviceAlloc(bytes);
      if (ptr === null) throw outOfMemory(kernels, index, bytes);
      return ptr;
    },
    free(ptr, streams) {
      for (const stream of streams ?? []) join(kernels, stream, currentStreams.get(index) ?? null);
      kernels.deviceFree(ptr);
    },
    read(target, ptr) {
      const status = kernels.deviceCopy(addressOf(target), ptr, target.byteLength, copy.toHost, 0);
      ensure(kernels, status, "copy to the host");
    },
    write(ptr, source, nonBlocking) {
      const later = nonBlocking ? 1 : 0;
      ensure(
        kernels,
        kernels.deviceCopy(ptr, addressOf(source), source.byteLength, copy.toDevice, later),
        "copy to the device",
      );
    },
    copy(ptr, source, bytes) {
      ensure(kernels, kernels.deviceCopy(ptr, source, bytes, copy.within, 0), "copy between devices");
      ensure(kernels, kernels.deviceSynchronize(), "copy between devices");
    },
    pinned(bytes) {
      const ptr = kernels.pinnedAlloc(Math.max(bytes, 1));
      if (ptr === null) ensure(kernels, 1, `pinning ${size(bytes)} of host memory`);
      const buffer = Deno.UnsafePointerView.getArrayBuffer(ptr!, bytes); // null has thrown
      unpin.register(buffer, { kernels, ptr });
      return buffer;
    },
    synchronize: () => ensure(kernels, kernels.deviceSynchronize(), "synchronize"),
    report() {
      const live = kernels.deviceInfo(info.live), reserved = kernels.deviceInfo(info.reserved);
      return { live, peak: kernels.deviceInfo(info.peak), pooled: Math.max(0, reserved - live) };
    },
  };
}

/** The current stream of each device, by its number, where it is not the default one. @internal */
export const currentStreams = new Map<number, Pointer>();

/** Makes the current stream, which is `now`, wait for what `stream` has been asked to do so far. */
function join(kernels: Kernels, stream: Pointer, now: Pointer): void {
  const event = kernels.eventCreate();
  kernels.stream(streamAction.use, stream);
  kernels.event(eventAction.record, event);
  kernels.stream(streamAction.use, now);
  kernels.event(eventAction.wait, event);
  kernels.event(eventAction.destroy, event);
}

/** Which device the library's calls concern now, where there are several. */
let active = -1;

/** With several cards, a call must first make its card the current one. */
function onDevice(kernels: Kernels, index: number): Kernels {
  const entries = Object.entries(kernels).map(([name, call]) => [name, (...args: unknown[]): unknown => {
    if (active !== index) {
      kernels.deviceSet(index);
      active = index;
    }
    return (call as (...args: unknown[]) => unknown)(...args);
  }]);
  return Object.fromEntries(entries) as Kernels; // The same names with the same signatures.
}

function search(): Found {
  let library: OpenLibrary;
  try {
    library = findCudaLibrary();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { devices: [], why, words: "Torch not compiled with CUDA enabled" };
  }
  const { kernels, path } = library, count = kernels.deviceCount();
  if (count < 1) {
    const why = lastError(kernels) || "the driver reports no CUDA device";
    return { devices: [], why, words: "No CUDA GPUs are available" };
  }
  followPrecision(kernels);
  const devices = Array.from({ length: count }, (_, i) => {
    const own = count === 1 ? kernels : onDevice(kernels, i);
    return new Device("cuda", i, own, path, memoryOf(own, i));
  });
  return { devices, why: null, words: "" };
}

/** The devices, searched for once. @internal */
export function available(): Found {
  return found ??= search();
}

if (environment("RAPTORCH_CUDA_LIBRARY")) available();

/** The number of the device that `"cuda"` means. @internal */
export function currentIndex(): number {
  return current;
}

/** Makes `"cuda"` mean another device. @internal */
export function setCurrentIndex(index: number): void {
  current = index;
}

/** The device that `device` names: a number, a name, or nothing for the current one. @internal */
export function pick(device: DeviceLike | number | null | undefined): Device {
  const { devices, why, words } = available();
  if (devices.length === 0) throw new Error(`${words}: ${why}`);
  if (device instanceof Device) {
    if (device.type === "cuda") return device;
    throw new RangeError(`Expected a cuda device, but got: ${device}`);
  }
  const index = device === undefined || device === null || device === "cuda"
    ? current
    : typeof device === "number"
    ? device
    : /^cuda:\d+$/.test(device)
    ? Number(device.slice("cuda:".length))
    : null;
  if (index === null) throw new RangeError(`Expected a cuda device, but got: ${device}`);
  const picked = devices[index];
  if (picked) return picked;
  const there = devices.length === 1 ? "is 1 device" : `are ${devices.length} devices`;
  throw new RangeError(`CUDA error: invalid device ordinal (${device}; there ${there})`);
}

setDeviceResolver(pick);
