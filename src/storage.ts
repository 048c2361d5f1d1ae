/**
 * Blocks of memory that tensors view, and the pool that they return to.
 *
 * A CPU block is an ArrayBuffer, so that V8 can always collect it and nothing is lost for good. A block whose end of
 * life is known (a consumed graph, a closed scope, `dispose`) goes back to a pool of size classes: a fresh page costs
 * about as much as 4 KB of arithmetic many times over. Tiny blocks are cut from slabs and left to V8.
 *
 * @module
 */
import { cpu, type Device, type Pointer } from "./device.ts";

/** Blocks up to this size are cut from slabs and never recycled: a loss, a bias, an index. */
export const tinyBytes = 1024;

const slabBytes = 64 * 1024;
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
}

/** What a device does for memory. The CPU's is here; another device's comes with its library. */
export interface Memory {
  /** A new block, its contents undefined. */
  allocate(bytes: number): Block;
  /** Copies bytes from the device into `target`; for blocks without a `buffer`. */
  read(ptr: Pointer, offset: number, target: ArrayBuffer): void;
  /** Copies bytes to the device; for blocks without a `buffer`. */
  write(ptr: Pointer, source: ArrayBufferView): void;
}

const cpuMemory: Pick<Memory, "allocate"> = {
  allocate(bytes: number): Block {
    const buffer = new ArrayBuffer(bytes + alignment);
    const start = Deno.UnsafePointer.of(buffer);
    const byteOffset = (alignment - Number(Deno.UnsafePointer.value(start)) % alignment) % alignment;
    const ptr = byteOffset === 0 ? start : cpu.kernels.offset(start, byteOffset);
    if (bytes >= hugeBytes) cpu.kernels.adviseHuge(ptr, bytes);
    return { ptr, bytes, buffer, byteOffset };
  },
};

/** Sizes in a class differ by at most a quarter: 1024, 1280, 1536, 1792, 2048, … */
function sizeClass(bytes: number): number {
  const exponent = 31 - Math.clz32(bytes - 1); // 2^exponent < bytes <= 2^(exponent + 1)
  const step = 1 << Math.max(exponent - 2, 6);
  return Math.ceil(bytes / step) * step;
}

/** Free blocks of one device, by size class. */
class Pool {
  readonly free = new Map<number, Block[]>();
  /** Bytes in `free`. */
  pooled = 0;
  /** Bytes handed out and not returned; what V8 collected by itself still counts. */
  live = 0;
  peak = 0;
  #slab: Block | null = null;
  #slabUsed = 0;

  take(bytes: number): Block {
    const size = bytes < 1 << 30 ? sizeClass(bytes) : Math.ceil(bytes / 4096) * 4096;
    this.live += size;
    if (this.live > this.peak) this.peak = this.live;
    const list = this.free.get(size);
    if (list !== undefined && list.length > 0) {
      this.pooled -= size;
      return list.pop()!;
    }
    return cpuMemory.allocate(size);
  }

  give(block: Block): void {
    this.live -= block.bytes;
    this.pooled += block.bytes;
    const list = this.free.get(block.bytes);
    if (list === undefined) this.free.set(block.bytes, [block]);
    else list.push(block);
    if (this.pooled > poolLimit) this.trim(poolLimit / 2);
  }

  /** Drops pooled blocks, the largest classes first, until at most `limit` bytes remain. */
  trim(limit: number): void {
    for (const size of [...this.free.keys()].sort((a, b) => b - a)) {
      const list = this.free.get(size)!;
      while (this.pooled > limit && list.length > 0) {
        list.pop();
        this.pooled -= size;
      }
      if (list.length === 0) this.free.delete(size);
    }
  }

  tiny(bytes: number): Storage {
    const size = (bytes + alignment - 1) & -alignment;
    if (this.#slab === null || this.#slabUsed + size > slabBytes) {
      this.#slab = cpuMemory.allocate(slabBytes);
      this.#slabUsed = 0;
    }
    const slab = this.#slab, used = this.#slabUsed;
    this.#slabUsed += size;
    const ptr = used === 0 ? slab.ptr : cpu.kernels.offset(slab.ptr, used);
    return new Storage(cpu, ptr, bytes, slab.buffer, slab.byteOffset + used, null);
  }
}

/** A pool keeps at most this much; beyond it, half is given back to V8. */
let poolLimit = 2 ** 31;

const pool = new Pool();

/** The storages that the innermost open scope must release, or `null` outside of scopes. */
let arena: Storage[] | null = null;

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

  /** Whether the block is too small to be worth recycling. */
  get tiny(): boolean {
    return this.#block === null;
  }

  /** Copies bytes from `offset` on into `target`; for a device whose memory JavaScript does not see. */
  read(_offset: number, _target: ArrayBuffer): void {
    throw new Error(`memory of device ${this.device} cannot be read`);
  }

  /** Copies elements to the block's begin. */
  write(source: ArrayBufferView): void {
    if (this.buffer === null) throw new Error(`memory of device ${this.device} cannot be written`);
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    new Uint8Array(this.buffer, this.byteOffset, bytes.length).set(bytes);
  }

  /** Returns the block to the pool. Whoever touches it afterwards gets an error. */
  release(): void {
    if (this.released || this.#block === null) return;
    this.released = true;
    pool.give(this.#block);
    this.#block = null;
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
  if (bytes <= tinyBytes) {
    const storage = pool.tiny(bytes);
    if (arena !== null) arena.push(storage);
    return storage;
  }
  const block = pool.take(bytes);
  const storage = new Storage(device, block.ptr, bytes, block.buffer, block.byteOffset, block);
  if (arena !== null) arena.push(storage);
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

/** Starts to collect the storages that are allocated from now on. Returns what {@linkcode closeArena} needs. */
export function openArena(): Storage[] | null {
  const outer = arena;
  arena = [];
  return outer;
}

/** Stops collecting, and returns what was collected. The caller releases it or passes it on to {@linkcode adopt}. */
export function closeArena(outer: Storage[] | null): Storage[] {
  const collected = arena!;
  arena = outer;
  return collected;
}

/** Stops collecting for a while: what is allocated now outlives every open scope. Returns what to resume with. */
export function suspendArena(): Storage[] | null {
  const outer = arena;
  arena = null;
  return outer;
}

/** Collects again, where {@linkcode suspendArena} stopped. */
export function resumeArena(outer: Storage[] | null): void {
  arena = outer;
}

/** Puts a storage that survived an inner scope into the scope around it, if there is one. */
export function adopt(storage: Storage): void {
  if (arena !== null) arena.push(storage);
}

/** Bytes in use and in reserve, as {@linkcode memory} reports them. */
export interface MemoryReport {
  /** Bytes handed out to tensors and not released; what V8 collected by itself still counts here. */
  live: number;
  /** The largest that `live` has been. */
  peak: number;
  /** Bytes of released blocks that wait to be used again. */
  pooled: number;
}

/**
 * How much memory tensors use: blocks above {@linkcode tinyBytes} bytes.
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
export function memory(): MemoryReport {
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
