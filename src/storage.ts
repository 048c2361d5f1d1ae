/**
 * Blocks of memory that tensors view, and the pool that they return to.
 *
 * A CPU block is an ArrayBuffer, so that V8 can always collect it and nothing is lost for good. A block whose end of
 * life is known (a consumed graph, a closed scope, `dispose`) goes back to a pool of size classes: a fresh page costs
 * about as much as 4 KB of arithmetic many times over. Tiny blocks are cut from slabs and left to V8.
 *
 * @module
 */
import { cpu, type Device, type DeviceLike, type DeviceMemory, type Pointer, toDevice } from "./device.ts";

/** Blocks up to this size are cut from slabs and never recycled: a loss, a bias, an index. */
export const tinyBytes = 1024;

const slabBytes = 64 * 1024;
/** Blocks up to this size are cut from slabs too, but recycled one by one. */
const smallBytes = 16 * 1024;
const smallSlabBytes = 256 * 1024;
/** Kernels load whole vectors; a block that begins on a cache line never splits one. */
const alignment = 64;
/** A fresh block this large is backed by huge pages where the system has them: 512 times fewer page faults. */
const hugeBytes = 4 << 20;

/** Memory as the device hands it out: `buffer` is the ArrayBuffer behind it, on the CPU. */
interface Block {
  readonly ptr: Pointer;
  readonly bytes: number;
  readonly buffer: ArrayBuffer | null;
  readonly byteOffset: number;
  /** Streams of the device, other than the one it was made on, that use it. */
  streams?: Pointer[];
}

const cpuMemory = {
  allocate(bytes: number): Block {
    const buffer = new ArrayBuffer(bytes + alignment);
    const start = Deno.UnsafePointer.of(buffer);
    const byteOffset = (alignment - Number(Deno.UnsafePointer.value(start)) % alignment) % alignment;
    const ptr = byteOffset === 0 ? start : cpu.kernels.offset(start, byteOffset);
    if (bytes >= hugeBytes) cpu.kernels.adviseHuge(ptr, bytes);
    return { ptr, bytes, buffer, byteOffset };
  },
};

/**
 * The class of a block size: 4 classes to each power of two, so that a block is at most a quarter larger than asked for.
 * Class c holds blocks of {@linkcode classBytes}(c) bytes.
 */
function sizeClass(bytes: number): number {
  const exponent = 31 - Math.clz32(bytes - 1); // 2^exponent < bytes <= 2^(exponent + 1)
  return exponent * 4 + ((bytes - 1) >> (exponent - 2)) - 3; // its quarters are numbered 4 to 7
}

function classBytes(index: number): number {
  const exponent = (index - 1) >> 2;
  return (5 + ((index - 1) & 3)) * 2 ** (exponent - 2);
}

/** Free blocks of one device, by size class. */
class Pool {
  readonly free: Block[][] = [];
  /** Bytes in `free`. */
  pooled = 0;
  /** Bytes handed out and not returned; what V8 collected by itself still counts. */
  live = 0;
  peak = 0;
  #tiny: Block | null = null;
  #tinyUsed = 0;
  #small: Block | null = null;
  #smallUsed = 0;

  take(bytes: number): Block {
    // Beyond 1 GiB a block is as large as asked for, and never recycled: a class is by far too coarse.
    if (bytes > 1 << 30) return this.#counted(cpuMemory.allocate(bytes));
    const index = sizeClass(bytes);
    const list = this.free[index];
    if (list !== undefined && list.length > 0) {
      const block = list.pop()!;
      this.pooled -= block.bytes;
      return this.#counted(block);
    }
    const size = classBytes(index);
    return this.#counted(size <= smallBytes ? this.#cut(size) : cpuMemory.allocate(size));
  }

  #counted(block: Block): Block {
    this.live += block.bytes;
    if (this.live > this.peak) this.peak = this.live;
    return block;
  }

  /** A small block from a slab: an ArrayBuffer of its own would cost ten times as much. */
  #cut(size: number): Block {
    if (this.#small === null || this.#smallUsed + size > smallSlabBytes) {
      this.#small = cpuMemory.allocate(smallSlabBytes);
      this.#smallUsed = 0;
    }
    const slab = this.#small, used = this.#smallUsed;
    this.#smallUsed += size;
    const ptr = used === 0 ? slab.ptr : cpu.kernels.offset(slab.ptr, used);
    return { ptr, bytes: size, buffer: slab.buffer, byteOffset: slab.byteOffset + used };
  }

  give(block: Block): void {
    this.live -= block.bytes;
    if (block.bytes > 1 << 30) return;
    this.pooled += block.bytes;
    const index = sizeClass(block.bytes);
    const list = this.free[index];
    if (list === undefined) this.free[index] = [block];
    else list.push(block);
    if (this.pooled > poolLimit) this.trim(poolLimit / 2);
  }

  /** Drops pooled blocks, the largest classes first, until at most `limit` bytes remain. */
  trim(limit: number): void {
    for (let index = this.free.length - 1; index >= 0; index--) {
      const list = this.free[index];
      while (list !== undefined && this.pooled > limit && list.length > 0) this.pooled -= list.pop()!.bytes;
    }
  }

  tiny(bytes: number): Storage {
    const size = (bytes + alignment - 1) & -alignment;
    if (this.#tiny === null || this.#tinyUsed + size > slabBytes) {
      this.#tiny = cpuMemory.allocate(slabBytes);
      this.#tinyUsed = 0;
    }
    const slab = this.#tiny, used = this.#tinyUsed;
    this.#tinyUsed += size;
    const ptr = used === 0 ? slab.ptr : cpu.kernels.offset(slab.ptr, used);
    return new Storage(cpu, ptr, bytes, slab.buffer, slab.byteOffset + used, null);
  }
}

/** A pool keeps at most this much; beyond it, half is given back to V8. */
let poolLimit = 2 ** 31;

const pool = new Pool();

/** The storages made since the outermost open scope began; each scope owns the part from its own begin. */
const log: Storage[] = [];
/** Whether an open scope wants to know what is allocated. */
let tracking = false;

/**
 * One block of device memory, shared by a tensor and its views.
 */
export class Storage {
  /** Where the block is. */
  readonly device: Device;
  /** The block's address. */
  readonly ptr: Pointer;
  /** The block's size as asked for. */
  readonly bytes: number;
  /** The memory as JavaScript sees it, on the CPU. */
  readonly buffer: ArrayBuffer | null;
  /** Where the block begins in `buffer`. */
  readonly byteOffset: number;
  /** Counts writes in place, so that backward can tell that a saved tensor has changed. */
  version = 0;
  /** Nothing may recycle this block by itself: somebody outside the graph may look at it later. */
  held = false;
  /** The block is back in the pool (or gone): whoever still views it is told so. */
  released = false;
  /** Whether a device can copy from this memory of the host by itself. @internal */
  pinned = false;
  /** The user asked for it to outlive the scope it was made in. */
  kept = false;
  /** A running backward made this block and may recycle it. @internal */
  owned = false;
  /** How many gradients in flight view this block. @internal */
  inFlight = 0;
  /** How many nodes that have yet to run backward saved a tensor on this block. @internal */
  savers = 0;
  /** The block is seen by backward alone (a mask, statistics): free as soon as its node has run. @internal */
  workspace = false;
  #block: Block | null;

  /** For {@linkcode allocate} and {@linkcode wrapBuffer} only. */
  constructor(
    device: Device,
    ptr: Pointer,
    bytes: number,
    buffer: ArrayBuffer | null,
    byteOffset: number,
    block: Block | null,
  ) {
    this.device = device;
    this.ptr = ptr;
    this.bytes = bytes;
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.#block = block;
  }

  /** Whether the block is too small to be worth recycling: somebody may still want to read that loss. */
  get tiny(): boolean {
    return this.#block === null || (this.buffer === null && this.bytes <= tinyBytes);
  }

  /** Another stream than the one that the block was made on uses it: its memory waits for that one too. */
  recordStream(stream: Pointer): void {
    const block = this.#block;
    if (block !== null) (block.streams ??= []).push(stream);
  }

  /** Copies bytes from `offset` on into `target`, from a device whose memory JavaScript does not see. */
  read(offset: number, target: ArrayBufferView<ArrayBuffer>): void {
    const { memory, kernels } = this.device;
    if (target.byteLength > 0) memory!.read(target, offset === 0 ? this.ptr : kernels.offset(this.ptr, offset));
  }

  /** Copies elements to the block's begin; from pinned memory to a device it may return before that is done. */
  write(source: ArrayBufferView, nonBlocking = false): void {
    const bytes = new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength); // nobody shares
    if (this.buffer === null) {
      if (bytes.length > 0) this.device.memory!.write(this.ptr, bytes, nonBlocking);
      return;
    }
    new Uint8Array(this.buffer, this.byteOffset, bytes.length).set(bytes);
  }

  /** Returns the block to the pool. Whoever touches it afterwards gets an error. */
  release(): void {
    if (this.released || this.#block === null) return;
    this.released = true;
    const block = this.#block;
    this.#block = null;
    if (block.buffer !== null) pool.give(block);
    else {
      abandoned.unregister(this);
      this.device.memory!.free(block.ptr, block.streams ?? null);
    }
  }

  /** Ends this storage's life by the user's word, tiny or not. */
  dispose(): void {
    this.release();
    this.released = true;
  }
}

/**
 * A storage of `bytes` bytes with undefined contents.
 *
 * @throws {RangeError} When the system has no such memory.
 */
export function allocate(device: Device, bytes: number): Storage {
  if (device.memory !== null) return allocateOn(device, device.memory, bytes);
  if (bytes <= tinyBytes) {
    const storage = pool.tiny(bytes);
    if (tracking) log.push(storage);
    return storage;
  }
  const block = pool.take(bytes);
  const storage = new Storage(device, block.ptr, bytes, block.buffer, block.byteOffset, block);
  if (tracking) log.push(storage);
  return storage;
}

/** Device blocks whose tensors V8 collected: a safety net, which only works when the event loop turns. */
const abandoned = new FinalizationRegistry<{ memory: DeviceMemory; block: Block }>(({ memory, block }) =>
  memory.free(block.ptr, block.streams ?? null)
);

/** How many tiny blocks of a device outlive the graph that they were made in, at least. */
const lingering = 1 << 15;
const lingered: Storage[] = [];
let lingeredAt = 0;

/**
 * The graph that made this tiny block is done with it. On the CPU, V8 will collect it. A device's block it would collect
 * only when the event loop turns, so it goes once as many younger ones have come; it stays readable until then. @internal
 */
export function linger(storage: Storage): void {
  if (storage.buffer !== null || storage.released) return;
  const oldest = lingered[lingeredAt] as Storage | undefined;
  lingered[lingeredAt] = storage;
  lingeredAt = (lingeredAt + 1) % lingering;
  if (oldest !== undefined && !oldest.held && !oldest.kept && oldest.savers === 0) oldest.release();
}

function allocateOn(device: Device, memory: DeviceMemory, bytes: number): Storage {
  const ptr = memory.allocate(Math.max(bytes, 1));
  const block: Block = { ptr, bytes, buffer: null, byteOffset: 0 };
  const storage = new Storage(device, ptr, bytes, null, 0, block);
  abandoned.register(storage, { memory, block }, storage);
  if (tracking) log.push(storage);
  return storage;
}

/** Wraps an ArrayBuffer that the caller keeps using: `fromTypedArray` shares memory. */
export function wrapBuffer(buffer: ArrayBuffer, byteOffset: number, bytes: number): Storage {
  const start = Deno.UnsafePointer.of(buffer);
  const ptr = byteOffset === 0 || start === null ? start : cpu.kernels.offset(start, byteOffset);
  const storage = new Storage(cpu, ptr, bytes, buffer, byteOffset, null);
  storage.held = true;
  return storage;
}

/** Memory of the host that `device` can copy from by itself. @internal */
export function allocatePinned(device: Device, bytes: number): Storage {
  const storage = wrapBuffer(device.memory!.pinned(bytes), 0, bytes);
  storage.pinned = true;
  return storage;
}

/** An open scope: where its part of the log begins, and whether one around it is open. A number, since it is on hot paths. */
export type Arena = number;

/** Starts to collect the storages that are allocated from now on. */
export function openArena(): Arena {
  const token = log.length * 2 + (tracking ? 1 : 0);
  tracking = true;
  return token;
}

/**
 * Stops collecting. `decide` is called with each storage that was collected; those that it answers true for pass into the
 * scope around this one, if there is one. The caller releases the others.
 */
export function closeArena(arena: Arena, decide: (storage: Storage) => boolean): void {
  const begin = arena >> 1;
  tracking = (arena & 1) === 1;
  let end = begin;
  for (let i = begin; i < log.length; i++) {
    const storage = log[i];
    if (decide(storage) && tracking) log[end++] = storage;
  }
  log.length = end;
}

/** Stops collecting for a while: what is allocated now outlives every open scope. Returns what to resume with. */
export function suspendArena(): boolean {
  const before = tracking;
  tracking = false;
  return before;
}

/** Collects again, where {@linkcode suspendArena} stopped. */
export function resumeArena(before: boolean): void {
  tracking = before;
}

/** Puts a storage that was made outside into the open scope, if there is one. */
export function adopt(storage: Storage): void {
  if (tracking) log.push(storage);
}

/** Bytes in use and in reserve, as {@linkcode memory} reports them; of a CUDA device, by its caching allocator. */
export interface MemoryReport {
  /** Bytes handed out to tensors and not released; what V8 collected by itself still counts here. */
  live: number;
  /** The largest that `live` has been. */
  peak: number;
  /** Bytes of released blocks that wait to be used again. */
  pooled: number;
}

/**
 * How much memory tensors use on a device; on the CPU (the default), blocks above {@linkcode tinyBytes} bytes.
 *
 * @example
 * ```ts
 * import { memory, scope, zeros } from "@raptorch/raptorch";
 * const before = memory().live;
 * {
 *   using _ = scope();
 *   zeros(1000, 1000);
 *   console.assert(memory().live > before);
 * }
 * console.assert(memory().live === before);
 * ```
 */
export function memory(device: DeviceLike = cpu): MemoryReport {
  const { memory } = toDevice(device);
  if (memory !== null) return memory.report();
  return { live: pool.live, peak: pool.peak, pooled: pool.pooled };
}

/** Gives the pool's reserve back to V8, as `torch.cuda.empty_cache` does for its allocator. */
export function emptyCache(): void {
  pool.trim(0);
}

/** Limits the pool's reserve to `bytes`. The default is 2 GiB. */
export function setPoolLimit(bytes: number): void {
  poolLimit = bytes;
  if (pool.pooled > bytes) pool.trim(bytes);
}
