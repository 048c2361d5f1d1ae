/**
 * Runs one C function on the CPU library and on the emulated CUDA library with the same arguments, and compares what
 * they write. Buffers go through device memory, so a kernel that touches host memory faults.
 *
 * @module
 */
import assert from "node:assert/strict";
import { buildFolder, levels, libraryName, probeLevel, probeName } from "../ffi/targets.ts";
import { symbols } from "../ffi/symbols.ts";

/** What the tests make buffers of. */
export type Data = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array;
type Call = (...args: (number | Deno.PointerValue)[]) => number | Deno.PointerValue | undefined;

/** The C code of a typed array's element type. */
export function dtypeOf(data: Data): number {
  if (data instanceof Float32Array) return 0;
  if (data instanceof Float64Array) return 1;
  if (data instanceof BigInt64Array) return 2;
  if (data instanceof Int32Array) return 3;
  return data instanceof Uint16Array ? 6 : 4;
}

/** An argument that is a block of device memory: read, written, or both. */
export class Buffer {
  constructor(readonly data: Data, readonly output: boolean) {}
}
/** A buffer that the function writes (its first contents count where it also reads it). */
export const out = (data: Data): Buffer => new Buffer(data, true);
/** A buffer that the function reads. */
export const input = (data: Data): Buffer => new Buffer(data, false);
/** A host array: meta. */
export class Host {
  constructor(readonly data: Data) {}
}
/** A host array of int32. */
export const meta = (...values: (number | number[])[]): Host => new Host(Int32Array.from(values.flat()));
/** A host block of bytes that the function may change, compared too. */
export const host = (data: Data): Host => new Host(data);

/** A host array of the addresses of buffers. */
export class Addresses {
  constructor(readonly buffers: (Buffer | null)[]) {}
}

/** An argument of a call. */
export type Argument = number | null | Buffer | Host | Addresses;

const parameters: Record<string, Deno.ForeignFunction> = {};
for (const { name, parameters: types, result } of Object.values(symbols)) {
  parameters[name] = { parameters: [...types] as Deno.NativeType[], result: result as Deno.NativeResultType };
}

function open(path: string | URL): Map<string, Call> {
  const library = Deno.dlopen(
    path,
    Object.fromEntries(Object.entries(parameters).map(([n, p]) => [n, { ...p, optional: true }])),
  );
  // A symbol that the library does not have is null: the tests name it.
  return new Map(Object.entries(library.symbols).filter(([, f]) => f) as [string, Call][]);
}

function pointer(data: Data): Deno.PointerValue {
  return data.byteLength ? Deno.UnsafePointer.of(data as Data & { buffer: ArrayBuffer }) : null;
}

/** Both libraries. */
export class Pair {
  readonly cpu: Map<string, Call>;
  readonly cuda: Map<string, Call>;
  /** The functions that were called on both. */
  readonly reached: Set<string> = new Set();

  /** Without an emulator (it needs Linux) there is nothing to call. */
  constructor(emulator: string | null) {
    if (emulator === null) {
      this.cpu = this.cuda = new Map();
      return;
    }
    const folder = buildFolder()!;
    const isa = Deno.env.get("RAPTORCH_ISA") ?? levels[Deno.build.arch][probeLevel(new URL(probeName, folder))].isa;
    this.cpu = open(new URL(libraryName(isa), folder));
    this.cuda = open(emulator);
  }

  /** Calls a function of the CUDA library's device layer. */
  device(name: string, ...args: (number | Deno.PointerValue)[]): number | Deno.PointerValue | undefined {
    const f = this.cuda.get(`rap_${name}`);
    assert(f, `rap_${name} is missing`);
    this.reached.add(`rap_${name}`);
    return f(...args);
  }

  /** The status and the output buffers of a call on the CPU. */
  onCpu(symbol: string, args: Argument[]): { status: unknown; outputs: Data[] } {
    const outputs: Data[] = [];
    const copy = (a: Buffer | Host): Deno.PointerValue => {
      const data = a.data.slice();
      if (isOutput(a)) outputs.push(data);
      else kept.push(data);
      return pointer(data);
    };
    const kept: Data[] = [];
    const f = this.cpu.get(symbol);
    assert(f, `${symbol} is missing on the CPU`);
    const status = f(...args.map((a) => {
      if (a === null || typeof a === "number") return a;
      return a instanceof Addresses ? addresses(a.buffers.map((b) => b && copy(b)), kept) : copy(a);
    }));
    kept.length = 0; // the inputs were needed until here
    return { status, outputs };
  }

  /** The same on CUDA, through device memory. */
  onCuda(symbol: string, args: Argument[]): { status: unknown; outputs: Data[] } {
    const f = this.cuda.get(symbol);
    assert(f, `${symbol} is missing on CUDA`);
    const blocks: Deno.PointerValue[] = [];
    const outputs: Data[] = [], kept: Data[] = [];
    const back: (() => void)[] = [];
    const send = (a: Buffer): Deno.PointerValue => {
      const bytes = a.data.byteLength;
      const p = bytes ? this.device("device_alloc", bytes) as Deno.PointerValue : null;
      if (bytes) {
        assert(p);
        blocks.push(p);
        assert.equal(this.device("device_copy", p, pointer(a.data), bytes, 0, 0), 0);
      }
      if (a.output) {
        const data = a.data.slice();
        outputs.push(data);
        if (bytes) back.push(() => void this.device("device_copy", pointer(data), p, bytes, 1, 0));
      }
      return p;
    };
    const status = f(...args.map((a) => {
      if (a === null || typeof a === "number") return a;
      if (a instanceof Addresses) return addresses(a.buffers.map((b) => b && send(b)), kept);
      if (a instanceof Buffer) return send(a);
      const data = a.data.slice();
      (isOutput(a) ? outputs : kept).push(data);
      return pointer(data);
    }));
    kept.length = 0;
    for (const copy of back) copy();
    for (const p of blocks) this.device("device_free", p);
    const text = new Uint8Array(512);
    const code = this.device("device_error", pointer(text), text.length);
    if (code !== 0) throw new Error(`${symbol}: ${new TextDecoder().decode(text)}`);
    return { status, outputs };
  }

  /** Runs `rap_NAME` on both and compares the statuses and every output to a relative and an absolute tolerance. */
  check(
    name: string,
    args: Argument[],
    options: { tolerance?: number; atol?: number; label?: string; status?: number } = {},
  ): Data[] {
    const symbol = `rap_${name}`, label = `${name} ${options.label ?? ""}`;
    const expected = this.onCpu(symbol, args), got = this.onCuda(symbol, args);
    this.reached.add(symbol);
    assert.equal(got.status, expected.status, `${label}: status`);
    if (options.status !== undefined) assert.equal(got.status, options.status, `${label}: status`);
    got.outputs.forEach((g, i) =>
      compare(g, expected.outputs[i], options.tolerance ?? 1e-6, options.atol ?? 1e-6, `${label} output ${i}`)
    );
    return got.outputs;
  }
}

function addresses(pointers: Deno.PointerValue[], kept: Data[]): Deno.PointerValue {
  const data = BigInt64Array.from(pointers, (p) => p ? Deno.UnsafePointer.value(p) : 0n);
  kept.push(data);
  return pointer(data);
}

function isOutput(a: Buffer | Host): boolean {
  return a instanceof Buffer ? a.output : a.data instanceof Uint8Array;
}

/** Fails at the first element where two arrays differ by more than the tolerances; NaNs are equal. */
export function compare(got: Data, expected: Data, tolerance: number, atol: number, label: string): void {
  assert.equal(got.length, expected.length, label);
  for (let i = 0; i < got.length; i++) {
    const g = Number(got[i]), e = Number(expected[i]);
    if (g === e || (Number.isNaN(g) && Number.isNaN(e))) continue;
    if (!(Math.abs(g - e) <= atol + tolerance * Math.abs(e))) {
      assert.fail(`${label}: element ${i} is ${g}, expected ${e}`);
    }
  }
}

/** A repeatable source of numbers (mulberry32). */
export class Numbers {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    let t = this.#state = (this.#state + 0x6D2B79F5) | 0;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  }
  /** n floats in [low, high). */
  floats(n: number, low = -2, high = 2): Float32Array {
    return Float32Array.from({ length: n }, () => low + this.next() * (high - low));
  }
  doubles(n: number, low = -2, high = 2): Float64Array {
    return Float64Array.from({ length: n }, () => low + this.next() * (high - low));
  }
  integers(n: number, low: number, high: number): Int32Array {
    return Int32Array.from({ length: n }, () => low + Math.floor(this.next() * (high - low)));
  }
  longs(n: number, low: number, high: number): BigInt64Array {
    return BigInt64Array.from(this.integers(n, low, high), (v) => BigInt(v));
  }
  bytes(n: number, low = 0, high = 256): Uint8Array {
    return Uint8Array.from(this.integers(n, low, high));
  }
  /** n elements of a dtype of numbers. */
  of(dtype: number, n: number, low = -2, high = 2): Data {
    switch (dtype) {
      case 0:
        return this.floats(n, low, high);
      case 1:
        return this.doubles(n, low, high);
      case 2:
        return this.longs(n, Math.floor(low), Math.ceil(high));
      case 3:
        return this.integers(n, Math.floor(low), Math.ceil(high));
      case 4:
        return this.bytes(n, Math.max(0, Math.floor(low)), Math.ceil(high));
      default:
        return this.bytes(n, 0, 2);
    }
  }
}

/** An array of zeros of a dtype. */
export function zeros(dtype: number, n: number): Data {
  return dtype === 0
    ? new Float32Array(n)
    : dtype === 1
    ? new Float64Array(n)
    : dtype === 2
    ? new BigInt64Array(n)
    : dtype === 3
    ? new Int32Array(n)
    : dtype >= 6
    ? new Uint16Array(n)
    : new Uint8Array(n);
}
