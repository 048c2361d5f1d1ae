/**
 * The table of addresses by which one kernel call updates many parameters.
 *
 * @module
 */
import type { Kernels } from "../../ffi/library.ts";
import { cpu, type Pointer } from "../device.ts";
import { float32, float64 } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

// Kernels read both before they return, so one of each serves every optimizer.
let addresses = new BigUint64Array(1024);
let addressesPtr = Deno.UnsafePointer.of(addresses);
let counts = new Int32Array(256);
let countsPtr = Deno.UnsafePointer.of(counts);

/** What a fused kernel is given. */
export interface Rows {
  /** The device's kernels. */
  readonly kernels: Kernels;
  /** The code of the element type. */
  readonly dtype: number;
  /** A host array of addresses: for each parameter itself, its gradient, its states. */
  readonly table: Pointer;
  /** A host array: the number of parameters, then the number of elements of each. */
  readonly meta: Pointer;
}

/** Whether the fused kernels can work on a parameter and its gradient as they are. */
export function batchable(p: Tensor, grad: Tensor): boolean {
  return (p.dtype === float32 || p.dtype === float64) && p.dtype === grad.dtype && p.isContiguous() &&
    grad.isContiguous();
}

/** Collects the parameters of one call. */
export class Batch implements Rows {
  /** How many there are. */
  count = 0;
  /** What `prepare` said of them. */
  phase = 0;
  readonly #slots: readonly string[];
  #first: Tensor | null = null;

  /** `slots` are the names of the states that the kernel wants. */
  constructor(slots: readonly string[]) {
    this.#slots = slots;
  }

  /** Whether `p` can join those that are waiting. */
  takes(p: Tensor, phase: number): boolean {
    const first = this.#first;
    return this.count === 0 || (phase === this.phase && p.dtype === first!.dtype && p.device === first!.device);
  }

  /** Adds a parameter. */
  add(p: Tensor, grad: Tensor, state: object, phase: number): void {
    const slots = this.#slots, n = this.count++;
    let at = n * (slots.length + 2);
    if (at + slots.length + 2 > addresses.length) growAddresses();
    if (n + 2 > counts.length) growCounts();
    if (n === 0) {
      this.#first = p;
      this.phase = phase;
    }
    counts[n + 1] = p.count;
    const { setAddress } = cpu.kernels;
    setAddress(addressesPtr, at++, p.ptr);
    setAddress(addressesPtr, at++, grad.ptr);
    for (let i = 0; i < slots.length; i++) {
      const value = (state as Record<string, Tensor | undefined>)[slots[i]];
      setAddress(addressesPtr, at++, value === undefined ? null : value.ptr);
    }
  }

  /** Makes the table ready for the kernel, and forgets what is in it after the call. */
  finish(): Rows {
    counts[0] = this.count;
    this.count = 0;
    return this;
  }

  get kernels(): Kernels {
    return this.#first!.kernels;
  }
  get dtype(): number {
    return this.#first!.dtype.code;
  }
  get table(): Pointer {
    return addressesPtr;
  }
  get meta(): Pointer {
    return countsPtr;
  }
}

function growAddresses(): void {
  const larger = new BigUint64Array(addresses.length * 2);
  larger.set(addresses);
  addresses = larger;
  addressesPtr = Deno.UnsafePointer.of(addresses);
}

function growCounts(): void {
  const larger = new Int32Array(counts.length * 2);
  larger.set(counts);
  counts = larger;
  countsPtr = Deno.UnsafePointer.of(counts);
}
