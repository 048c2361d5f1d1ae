/**
 * What a card's memory is used for, and the caching allocator.
 *
 * @module
 */
import { info } from "../../ffi/symbols.ts";
import type { DeviceLike } from "../device.ts";
import { available, pick } from "./found.ts";

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

/** The most bytes that were held by tensors or cached for new ones. */
export function maxMemoryReserved(device?: DeviceLike | number): number {
  return pick(device).kernels.deviceInfo(info.peakReserved);
}

/** Lets {@linkcode maxMemoryAllocated} and {@linkcode maxMemoryReserved} begin anew, at what is in use now. */
export function resetPeakMemoryStats(device?: DeviceLike | number): void {
  pick(device).kernels.deviceResetPeaks();
}

/** Bytes of the device's memory that nobody uses, and all of them, by the driver. */
export function memGetInfo(device?: DeviceLike | number): [free: number, total: number] {
  const { kernels } = pick(device);
  return [kernels.deviceInfo(info.free), kernels.deviceInfo(info.total)];
}

/** Figures of the caching allocator, in bytes and blocks, under the names of PyTorch's that they correspond to. */
export function memoryStats(device?: DeviceLike | number): Record<string, number> {
  const { kernels } = pick(device);
  return {
    "allocated_bytes.all.current": kernels.deviceInfo(info.live),
    "allocated_bytes.all.peak": kernels.deviceInfo(info.peak),
    "reserved_bytes.all.current": kernels.deviceInfo(info.reserved),
    "reserved_bytes.all.peak": kernels.deviceInfo(info.peakReserved),
    "active.all.current": kernels.deviceInfo(info.blocks),
  };
}

/** {@linkcode memoryStats} as a table to print. */
export function memorySummary(device?: DeviceLike | number): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`.padStart(14);
  const stats = memoryStats(device), [free, total] = memGetInfo(device);
  const row = (label: string, ...columns: string[]): string => label.padEnd(22) + columns.join("");
  return [
    `${pick(device)}`,
    row("held by tensors", mib(stats["allocated_bytes.all.current"])),
    row("  at most", mib(stats["allocated_bytes.all.peak"])),
    row("held or cached", mib(stats["reserved_bytes.all.current"])),
    row("  at most", mib(stats["reserved_bytes.all.peak"])),
    row("tensors' blocks", String(stats["active.all.current"]).padStart(14)),
    row("free, of the card's", mib(free), mib(total)),
  ].join("\n");
}

/** Gives cached blocks back to the driver. */
export function emptyCache(): void {
  for (const device of available().devices) device.kernels.deviceTrim();
}
