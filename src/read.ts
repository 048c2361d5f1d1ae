/**
 * Elements as JavaScript values: for `item`, `tolist`, printing.
 *
 * @module
 */
import {
  bfloat16,
  bool,
  type DType,
  finfo,
  float16,
  float32,
  float64,
  int32,
  int64,
  type TypedArray,
  uint8,
  viewBuffer,
} from "./dtype.ts";
import type { Sizes } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** One element: a boolean for bool, a bigint for an int64 beyond 2^53, else a number. */
export type Scalar = number | bigint | boolean;

/** An element, or nested arrays of elements. */
export type Nested = Scalar | Nested[];

const scratch = new DataView(new ArrayBuffer(8));

/** The value of a float16 bit pattern. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The value of a bfloat16 bit pattern: float32's upper half. */
export function fromBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16 >>> 0);
  return scratch.getFloat32(0);
}

/** How an element of `dtype` appears in JavaScript. */
export function decoder(dtype: DType): (raw: number | bigint) => Scalar {
  switch (dtype) {
    case bool:
      return (v) => v !== 0;
    case float16:
      return (v) => fromFloat16(Number(v));
    case bfloat16:
      return (v) => fromBfloat16(Number(v));
    default:
      return (v) => typeof v === "bigint" && BigInt.asIntN(54, v) === v ? Number(v) : v;
  }
}

/** A typed array over the memory of a CPU tensor, from its first element to its last; shared, not copied. */
function window(x: Tensor): TypedArray {
  if (x.storage.released) void x.ptr; // Throws the error that explains it.
  let span = 1;
  for (let i = 0; i < x.sizes.length; i++) {
    if (x.sizes[i] === 0) return viewBuffer(x.dtype, new ArrayBuffer(0), 0, 0);
    span += (x.sizes[i] - 1) * x.strides[i];
  }
  const { itemsize } = x.dtype, { storage } = x;
  if (storage.buffer !== null) {
    return viewBuffer(x.dtype, storage.buffer, storage.byteOffset + x.offset * itemsize, span);
  }
  const copy = new ArrayBuffer(span * itemsize);
  storage.read(x.offset * itemsize, new Uint8Array(copy));
  return viewBuffer(x.dtype, copy, 0, span);
}

/** The elements at the cross product of one index list per dimension; a 0-d tensor has one element. */
export function readElements(x: Tensor, indices: readonly (readonly number[])[] | readonly number[]): Scalar[] {
  const memory = window(x), decode = decoder(x.dtype);
  let offsets = [0];
  const lists = x.sizes.length === 0 || typeof indices[0] === "number"
    ? x.sizes.map(() => [0])
    : indices as readonly (readonly number[])[];
  lists.forEach((list, d) => {
    const next: number[] = [];
    for (const offset of offsets) for (const i of list) next.push(offset + i * x.strides[d]);
    offsets = next;
  });
  return offsets.map((o) => decode(memory[o]));
}

/** All elements as nested arrays. */
export function toNested(x: Tensor): Nested {
  const memory = window(x), decode = decoder(x.dtype);
  const nest = (dim: number, offset: number): Nested => {
    if (dim === x.sizes.length) return decode(memory[offset]);
    return Array.from({ length: x.sizes[dim] }, (_, i) => nest(dim + 1, offset + i * x.strides[dim]));
  };
  return nest(0, 0);
}

/** A copy of the elements, row-major. */
export function copyElements(x: Tensor): TypedArray {
  const contiguous = x.isContiguous() ? x : x.detached().contiguous();
  const memory = window(contiguous);
  return memory.slice();
}

/** Elements of nested arrays, with the shape that they have. */
export interface Flat {
  sizes: Sizes;
  values: Scalar[];
}

/**
 * Flattens nested arrays.
 *
 * @throws {Error} When rows differ in length.
 */
export function flatten(data: unknown): Flat {
  const sizes: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0]) sizes.push(level.length);
  const values: Scalar[] = [];
  const walk = (value: unknown, dim: number): void => {
    if (dim === sizes.length) {
      if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean") {
        throw new TypeError(
          Array.isArray(value)
            ? `too many dimensions: rows are nested unevenly at dim ${dim}`
            : `tensor: cannot make an element from ${typeof value} (expected numbers, bigints or booleans)`,
        );
      }
      values.push(value);
      return;
    }
    if (!Array.isArray(value)) {
      throw new TypeError(`expected a sequence of length ${sizes[dim]} at dim ${dim} (got ${value})`);
    }
    if (value.length !== sizes[dim]) {
      throw new Error(`expected sequence of length ${sizes[dim]} at dim ${dim} (got ${value.length})`);
    }
    for (const v of value) walk(v, dim + 1);
  };
  walk(data, 0);
  return { sizes, values };
}

/** A float16 bit pattern, rounded to nearest even. */
export function toFloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0), sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(Math.fround(value));
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude || 2 ** -24)), -14);
  const units = magnitude / 2 ** (exponent - 10), low = Math.floor(units), rest = units - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
  return sign | (rounded + (exponent + 14) * 1024);
}

/** A bfloat16 bit pattern, rounded to nearest even. */
export function toBfloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The nearest number of a type: integers are cut. */
export function rounded(value: number, dtype: DType): number {
  switch (dtype) {
    case float64:
      return value;
    case float32:
      return Math.fround(value);
    case float16:
      return fromFloat16(toFloat16(value));
    case bfloat16:
      return fromBfloat16(toBfloat16(value));
    default:
      return Math.trunc(value);
  }
}

/** What the elements of a type may be, and the type's name in PyTorch's errors. */
const ranges: readonly (readonly [DType, low: number | bigint, high: number | bigint, name: string])[] = [
  [uint8, -255, 255, "uint8_t"], // Negative integers wrap, as in C.
  [int32, -(2 ** 31), 2 ** 31 - 1, "int"],
  [int64, -(2n ** 63n), 2n ** 63n - 1n, "int64_t"],
  [float32, finfo(float32).min, finfo(float32).max, "float"],
  [float16, finfo(float16).min, finfo(float16).max, "c10::Half"],
  [bfloat16, finfo(bfloat16).min, finfo(bfloat16).max, "c10::BFloat16"],
];

/** Whether a number can become an element: cut to an integer or rounded, but not out of the type's range. */
function fits(value: number | bigint, dtype: DType, low: number | bigint, high: number | bigint): boolean {
  if (dtype.isFloatingPoint && typeof value === "number" && !Number.isFinite(value)) return true;
  // A number is compared with a bigint far more slowly than with a number.
  if (dtype === int64 && typeof value === "number") return value >= -(2 ** 63) && value < 2 ** 63;
  const negative = dtype === uint8 && typeof value === "number" && !Number.isInteger(value) && value < 0;
  return value >= low && value <= high && !negative;
}

/**
 * Checks that a number can become an element of `dtype`.
 *
 * @throws {RangeError} With PyTorch's words.
 */
export function checkFits(value: Scalar, dtype: DType): void {
  if (typeof value === "boolean" || value === 0 || value === 1) return;
  const range = ranges.find(([type]) => type === dtype);
  if (range !== undefined && !fits(value, dtype, range[1], range[2])) throw overflow(range[3]);
}

function overflow(type: string): RangeError {
  return new RangeError(`value cannot be converted to type ${type} without overflow`);
}

/**
 * Writes JavaScript values into a typed array that holds elements of `dtype`.
 *
 * @throws {RangeError} When a number of a list does not fit into an integer type.
 */
export function encode(dtype: DType, target: TypedArray, values: ArrayLike<Scalar>): void {
  const n = values.length;
  const range = ranges.find(([type]) => type === dtype);
  if (range !== undefined && !dtype.isFloatingPoint && Array.isArray(values)) {
    const good = (v: Scalar): boolean => typeof v === "boolean" || fits(v, dtype, range[1], range[2]);
    if (!values.every(good)) throw overflow(dtype.name);
  }
  if (dtype === float16) { for (let i = 0; i < n; i++) target[i] = toFloat16(Number(values[i])); }
  else if (dtype === bfloat16) { for (let i = 0; i < n; i++) target[i] = toBfloat16(Number(values[i])); }
  else if (dtype === bool) { for (let i = 0; i < n; i++) target[i] = values[i] ? 1 : 0; }
  else if (target instanceof BigInt64Array) {
    for (let i = 0; i < n; i++) {
      const v = values[i];
      target[i] = typeof v === "bigint" ? v : BigInt(Math.trunc(Number(v)) || 0);
    }
  } else for (let i = 0; i < n; i++) target[i] = Number(values[i]);
}
