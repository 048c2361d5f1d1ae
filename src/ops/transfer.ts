/**
 * Copies between devices, and to memory that they can copy from by themselves.
 *
 * @module
 */
import { type Device, toDevice } from "../device.ts";
import { empty, over } from "../make.ts";
import { contiguousStrides } from "../shape.ts";
import { allocatePinned } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { copyElementsTo, dense } from "./strided.ts";

/** The bytes of a contiguous tensor of the CPU. */
function bytesOf(x: Tensor): Uint8Array<ArrayBuffer> {
  void x.ptr; // Throws the error that explains it, when the memory is gone.
  const { storage, dtype: { itemsize } } = x;
  return new Uint8Array(storage.buffer!, storage.byteOffset + x.offset * itemsize, x.count * itemsize); // the CPU's
}

/** A contiguous copy of `x` on another device, outside of the graph. Only a copy out of pinned memory can be under way. */
export function moveTo(x: Tensor, device: Device, nonBlocking = false): Tensor {
  const source = dense(x), y = empty(x.sizes, x.dtype, device), from = source.device.memory, to = device.memory;
  if (x.count === 0) return y;
  if (from === null) y.storage.write(bytesOf(source), nonBlocking && source.storage.pinned);
  else if (to === null) source.storage.read(source.offset * x.dtype.itemsize, bytesOf(y));
  else {
    from.synchronize();
    to.copy(y.ptr, source.ptr, x.count * x.dtype.itemsize);
  }
  return y;
}

/**
 * `x` in memory of the host that CUDA devices can copy from by themselves, while the program goes on; `x` itself if it is
 * there already.
 *
 * @throws {Error} When there is no such device, or `x` is on one.
 */
export function pinMemory(x: Tensor): Tensor {
  if (x.device.memory !== null) {
    throw new Error("cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned");
  }
  if (x.storage.pinned) return x;
  let device: Device;
  try {
    device = toDevice("cuda");
  } catch (error) {
    throw new Error(`Cannot access accelerator device when none is available. ${(error as Error).message}`);
  }
  const storage = allocatePinned(device, x.count * x.dtype.itemsize);
  const y = over(storage, x.sizes, contiguousStrides(x.sizes), 0, x.dtype);
  if (x.count > 0) copyElementsTo(y, x.detached());
  return y;
}
