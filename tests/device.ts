/**
 * The device that the tests of operations run on: the default one, which `cuda/default_device.ts` makes the CUDA device.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import { cuda, type Device, getDefaultDevice, memory, setDefaultDevice } from "../mod.ts";

/** The device under test. */
export const device: Device = getDefaultDevice();

/** Whether that is not the CPU. */
export const onCuda: boolean = device.type === "cuda";

/** Makes tensors on the CPU: for numbers that PyTorch's CPU generator draws. */
export function onCpu<T>(make: () => T): T {
  setDefaultDevice("cpu");
  try {
    return make();
  } finally {
    setDefaultDevice(device);
  }
}

/** Bytes that tensors hold on the device under test. */
export function liveBytes(): number {
  return onCuda ? cuda.memoryAllocated() : memory().live;
}

/** A tensor's text without the device, which the CPU's has not. */
export function shown(x: unknown): string {
  return String(x).replace(/, device='cuda:\d+'/, "");
}

/** Waits for the device, which may only now say that a value was wrong. */
export function settle(): void {
  if (onCuda) cuda.synchronize();
}

/** Fails unless `call` throws: on the CPU with `message`, on a card, which finds bad values later, with `later`. */
export function throwsByValue(call: () => unknown, message: RegExp, later: RegExp): void {
  if (!onCuda) return void assert.throws(call, message);
  assert.throws(() => {
    call();
    cuda.synchronize();
  }, later);
}
