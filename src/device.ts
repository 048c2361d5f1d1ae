/**
 * A device is a loaded library: its name, its kernels, its memory. Nothing outside this file asks which one it is.
 *
 * @module
 */
import { findLibrary, type Kernels } from "../ffi/library.ts";

/** An address in device memory. */
export type Pointer = Deno.PointerValue;

/** Memory that JavaScript does not see: what a device other than the CPU does for it. @internal */
export interface DeviceMemory {
  /** A block of memory. Throws an error that says what was asked for when there is not enough. */
  allocate(bytes: number): Pointer;
  /** Gives a block back; `streams` are others than the current one that may still use it. */
  free(ptr: Pointer, streams: readonly Pointer[] | null): void;
  /** Copies from the device to `target`. */
  read(target: ArrayBufferView<ArrayBuffer>, ptr: Pointer): void;
  /** Copies `source` to the device; from pinned memory it may return before that is done. */
  write(ptr: Pointer, source: ArrayBufferView<ArrayBuffer>, nonBlocking?: boolean): void;
  /** Copies from another device, which has finished writing. */
  copy(ptr: Pointer, source: Pointer, bytes: number): void;
  /** Host memory that the device can copy from by itself. */
  pinned(bytes: number): ArrayBuffer;
  /** Waits for all work of the device. */
  synchronize(): void;
  /** Bytes in use, the most that were, and in reserve. */
  report(): { live: number; peak: number; pooled: number };
}

/**
 * A device that tensors live on. Prints as in PyTorch: `cpu`, `cuda:0`.
 */
export class Device {
  /** `cpu` or `cuda`. */
  readonly type: "cpu" | "cuda";
  /** Which of several, or `null` for the CPU. */
  readonly index: number | null;
  /** The library's functions. @internal */
  readonly kernels: Kernels;
  /** The file that the library was loaded from. @internal */
  readonly library: string;
  /** The device's memory, or `null` for the CPU's, which is ArrayBuffers. @internal */
  readonly memory: DeviceMemory | null;

  /** For the loaders of devices only. */
  constructor(
    type: "cpu" | "cuda",
    index: number | null,
    kernels: Kernels,
    library: string,
    memory: DeviceMemory | null = null,
  ) {
    this.type = type;
    this.index = index;
    this.kernels = kernels;
    this.library = library;
    this.memory = memory;
  }

  /** `cpu` or `cuda:0`. */
  toString(): string {
    return this.index === null ? this.type : `${this.type}:${this.index}`;
  }

  /** What `console.log` shows, as PyTorch's repr. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.index === null ? `device(type='${this.type}')` : `device(type='${this.type}', index=${this.index})`;
  }
}

// Opened once, at load: a test that only imports Raptorch must not be charged for opening a library.
const opened = await findLibrary();

/** The device that the C library serves. */
export const cpu: Device = new Device("cpu", null, opened.kernels, opened.path);

/** The address of a host array. Lives here so that whoever needs it has waited for the library and its permissions. */
export function addressOf(array: ArrayBufferView<ArrayBuffer>): Pointer {
  return Deno.UnsafePointer.of(array);
}

/** A device, or its name: `cpu`, `cuda`, `cuda:1`. */
export type DeviceLike = Device | string;

/** How `cuda.ts` answers for devices that are not the CPU; it registers itself when it is loaded. */
let resolveOther: ((name: string) => Device) | null = null;

/** Lets another module serve device names other than `cpu`. @internal */
export function setDeviceResolver(resolve: (name: string) => Device): void {
  resolveOther = resolve;
}

let defaultDevice = cpu;

/**
 * Makes new tensors live on `device` where nothing says otherwise: creation, parameters of modules. `null` goes back to
 * the CPU. `fromTypedArray`, data loading and its random numbers stay on the CPU.
 *
 * @throws {Error} When there is no such device on this machine.
 * @example
 * ```ts
 * import { cuda, getDefaultDevice, setDefaultDevice, zeros } from "@raptorch/raptorch";
 * if (cuda.isAvailable()) setDefaultDevice("cuda");
 * console.assert(zeros(2).device === getDefaultDevice());
 * ```
 */
export function setDefaultDevice(device: DeviceLike | null): void {
  defaultDevice = device === null ? cpu : toDevice(device);
}

/** The device that new tensors live on where nothing says otherwise. */
export function getDefaultDevice(): Device {
  return defaultDevice;
}

/**
 * The device that `value` names; without one, the default one.
 *
 * @throws {Error} When there is no such device on this machine.
 */
export function toDevice(value: DeviceLike | undefined | null): Device {
  if (value === undefined || value === null) return defaultDevice;
  if (value === "cpu") return cpu;
  if (value instanceof Device) return value;
  if (/^cuda(:\d+)?$/.test(value) && resolveOther) return resolveOther(value);
  throw new Error(`Expected one of cpu, cuda device type at start of device string: ${value}`);
}

/** Sets how many threads the CPU kernels use. */
export function setNumThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`set_num_threads expects a positive integer, got ${n}`);
  cpu.kernels.setNumThreads(n);
}

/** How many threads the CPU kernels use. */
export function getNumThreads(): number {
  return cpu.kernels.getNumThreads();
}
