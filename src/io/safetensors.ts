/**
 * Tensors in a file: the safetensors format (https://github.com/huggingface/safetensors), which PyTorch programs
 * read and write with `safetensors.torch`.
 *
 * @module
 */

import { checkOptions } from "../check.ts";
import type { DeviceLike } from "../device.ts";
import { bfloat16, bool, type DType, float16, float32, float64, int32, int64, uint8 } from "../dtype.ts";
import { over } from "../make.ts";
import { copyElements } from "../read.ts";
import { contiguousStrides, formatSizes, product } from "../shape.ts";
import { wrapBuffer } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { replaceFile } from "./replace_file.ts";

const NAMES: ReadonlyMap<DType, string> = new Map([
  [float32, "F32"],
  [float64, "F64"],
  [float16, "F16"],
  [bfloat16, "BF16"],
  [int64, "I64"],
  [int32, "I32"],
  [uint8, "U8"],
  [bool, "BOOL"],
]);
const METADATA = "__metadata__";

/** Where a tensor is in the file, as its header says. */
interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [begin: number, end: number];
}

/** Options of {@linkcode save} and {@linkcode saveFile}. */
export interface SaveOptions {
  /** Texts to keep beside the tensors. Default: none. */
  metadata?: Record<string, string>;
}

/**
 * The bytes of a safetensors file.
 *
 * @param tensors The tensors by name, for example `net.stateDict()`.
 * @param options What to keep beside them.
 */
export function save(tensors: Record<string, Tensor>, options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  checkOptions("safetensors.save", options, ["metadata"]);
  const header: Record<string, Entry | Record<string, string>> = {};
  if (options.metadata) header[METADATA] = options.metadata;
  const parts: Uint8Array[] = [];
  let end = 0;
  // The widest types first, so that every tensor is aligned.
  for (const [name, x] of Object.entries(tensors).sort(([, a], [, b]) => b.itemsize - a.itemsize)) {
    const elements = copyElements(x);
    parts.push(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
    const begin = end;
    end += elements.byteLength;
    header[name] = { dtype: NAMES.get(x.dtype) ?? "", shape: [...x.sizes], data_offsets: [begin, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start); // the header is padded with spaces
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let offset = start;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/**
 * Writes tensors to a file. It is written under another name first, so that a crash leaves no half a file.
 *
 * @param tensors The tensors by name, for example `net.stateDict()`.
 * @param path Where to; needs `--allow-write`.
 * @param options What to keep beside them.
 */
export async function saveFile(
  tensors: Record<string, Tensor>,
  path: string | URL,
  options: SaveOptions = {},
): Promise<void> {
  await replaceFile(path, save(tensors, options));
}

/** Options of {@linkcode load} and {@linkcode loadFile}. */
export interface LoadOptions {
  /** The device of the tensors. Default: the CPU. */
  device?: DeviceLike;
}

/**
 * The tensors in the bytes of a safetensors file, by name.
 *
 * @param bytes The whole file.
 * @param options Where the tensors shall be.
 * @throws {RangeError} If the bytes are no safetensors file, truncated, or of a type that does not exist here.
 */
export function load(bytes: Uint8Array, options: LoadOptions = {}): Record<string, Tensor> {
  checkOptions("safetensors.load", options, ["device"]);
  const { header, start } = readHeader(bytes);
  const tensors: Record<string, Tensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) continue;
    const x = readEntry(bytes.subarray(start), name, entry);
    tensors[name] = options.device === undefined ? x : x.to(options.device);
  }
  return tensors;
}

/**
 * Reads the tensors of a file, by name.
 *
 * @param path Where from; needs `--allow-read`.
 * @param options Where the tensors shall be.
 * @throws {RangeError} If the file is no safetensors file, or truncated.
 */
export async function loadFile(path: string | URL, options: LoadOptions = {}): Promise<Record<string, Tensor>> {
  return load(await Deno.readFile(path), options);
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (!(8 + length <= bytes.length)) {
    throw new RangeError(`not a safetensors file, or truncated: its header takes ${length} of ${bytes.length} bytes`);
  }
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
    if (typeof header === "object" && header !== null) return { header: { ...header }, start: 8 + length };
  } catch (cause) {
    throw new RangeError("not a safetensors file: its header is no JSON", { cause });
  }
  throw new RangeError("not a safetensors file: its header is no JSON object");
}

function readEntry(data: Uint8Array, name: string, entry: unknown): Tensor {
  if (!isEntry(entry)) throw new RangeError(`safetensors: the entry of "${name}" is malformed`);
  const [begin, end] = entry.data_offsets;
  const dtype = [...NAMES].find(([, n]) => n === entry.dtype)?.[0];
  if (!dtype) throw new RangeError(`safetensors: "${name}" has the type ${entry.dtype}, which does not exist here`);
  const size = product(entry.shape) * dtype.itemsize;
  if (begin > end || end > data.length || end - begin !== size) {
    throw new RangeError(
      `safetensors: "${name}" is at the bytes ${begin} to ${end} of ${data.length}, but its shape ` +
        `${formatSizes(entry.shape)} of ${dtype} takes ${size}: the file is truncated or damaged`,
    );
  }
  const storage = wrapBuffer(data.slice(begin, end).buffer, 0, size);
  return over(storage, entry.shape, contiguousStrides(entry.shape), 0, dtype);
}

function isEntry(entry: unknown): entry is Entry {
  if (typeof entry !== "object" || entry === null) return false;
  const { dtype, shape, data_offsets: offsets } = entry as Partial<Record<keyof Entry, unknown>>;
  const areSizes = (x: unknown) => Array.isArray(x) && x.every((v) => Number.isSafeInteger(v) && v >= 0);
  return typeof dtype === "string" && areSizes(shape) && areSizes(offsets) && (offsets as number[]).length === 2;
}
