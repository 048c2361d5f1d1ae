/**
 * Element types and how they combine.
 *
 * @module
 */

/** The names of the element types, as in `torch.float32`. */
export type DTypeName = "float32" | "float64" | "int64" | "int32" | "uint8" | "bool" | "float16" | "bfloat16";

/** The typed arrays that hold tensor elements on the JavaScript side. */
export type TypedArray = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array;

/**
 * An element type such as {@linkcode float32}. Prints as in PyTorch.
 *
 * @example
 * ```ts
 * import { float32 } from "@raptorch/raptorch";
 * console.assert(String(float32) === "torch.float32");
 * ```
 */
export class DType {
  /** The name without `torch.` in front. */
  readonly name: DTypeName;
  /** The code that the C kernels know this type by. */
  readonly code: number;
  /** Bytes per element. */
  readonly itemsize: number;
  /** Whether this is float32, float64, float16 or bfloat16. */
  readonly isFloatingPoint: boolean;
  /** Whether negative numbers exist in this type. */
  readonly isSigned: boolean;

  /** For the constants of this module only. */
  constructor(name: DTypeName, code: number, itemsize: number) {
    this.name = name;
    this.code = code;
    this.itemsize = itemsize;
    this.isFloatingPoint = name.includes("float");
    this.isSigned = name !== "uint8" && name !== "bool";
  }

  /** `torch.float32` and so on. */
  toString(): string {
    return `torch.${this.name}`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** 32-bit floating point, the default. */
export const float32: DType = new DType("float32", 0, 4);
/** 64-bit floating point. */
export const float64: DType = new DType("float64", 1, 8);
/** 64-bit signed integer: indices, class labels, `arange`. */
export const int64: DType = new DType("int64", 2, 8);
/** 32-bit signed integer. */
export const int32: DType = new DType("int32", 3, 4);
/** 8-bit unsigned integer: images, masks. */
export const uint8: DType = new DType("uint8", 4, 1);
/** True or false. */
export const bool: DType = new DType("bool", 5, 1);
/** IEEE half precision: stored, printed and converted; computed through float32. */
export const float16: DType = new DType("float16", 6, 2);
/** Brain float, float32's upper half: stored, printed and converted; computed through float32. */
export const bfloat16: DType = new DType("bfloat16", 7, 2);

/** PyTorch's other names for the types. */
export const float: DType = float32;
/** Another name of {@linkcode float64}. */
export const double: DType = float64;
/** Another name of {@linkcode int64}. */
export const long: DType = int64;
/** Another name of {@linkcode int32}. */
export const int: DType = int32;
/** Another name of {@linkcode float16}. */
export const half: DType = float16;

/** Every element type, at the index that is its code. */
export const dtypes: readonly DType[] = [float32, float64, int64, int32, uint8, bool, float16, bfloat16];

let defaultDtype = float32;

/** The type that numbers become: {@linkcode float32} unless {@linkcode setDefaultDtype} said otherwise. */
export function getDefaultDtype(): DType {
  return defaultDtype;
}

/**
 * Sets the type that numbers become in `tensor`, `zeros`, `rand` and the like.
 *
 * @throws {TypeError} If `dtype` is not a floating-point type.
 */
export function setDefaultDtype(dtype: DType): void {
  if (!dtype.isFloatingPoint) {
    throw new TypeError(`only floating-point types are supported as the default type, got ${dtype}`);
  }
  defaultDtype = dtype;
}

// Kinds order promotion: any float beats any integer, any integer beats bool.
function kind(dtype: DType): number {
  return dtype.isFloatingPoint ? 2 : dtype === bool ? 0 : 1;
}

/**
 * The type that holds both `a` and `b`: PyTorch's promotion lattice.
 *
 * @example
 * ```ts
 * import { float32, int64, promoteTypes } from "@raptorch/raptorch";
 * console.assert(promoteTypes(int64, float32) === float32);
 * ```
 */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const ka = kind(a), kb = kind(b);
  if (ka !== kb) return ka > kb ? a : b;
  if (ka === 2) {
    if (a === float64 || b === float64) return float64;
    return float32; // float32 with a half type, or the two half types together
  }
  // uint8, int32 and int64 form a chain here: each holds the one below it.
  return a.itemsize > b.itemsize ? a : b;
}

/**
 * The type of an operation between a tensor of type `dtype` and a plain number or boolean: a scalar only decides
 * the kind, never the width (PyTorch's weak scalars).
 */
export function promoteScalar(dtype: DType, scalar: number | bigint | boolean): DType {
  if (typeof scalar === "boolean") return dtype;
  if (dtype.isFloatingPoint) return dtype;
  if (typeof scalar === "bigint" || Number.isInteger(scalar)) return dtype === bool ? int64 : dtype;
  return defaultDtype;
}

/** Whether a value of type `from` may be written in place into a tensor of type `to`, as PyTorch decides. */
export function canCast(from: DType, to: DType): boolean {
  return kind(from) <= kind(to);
}

/** A new typed array that views `length` elements of `buffer`. Half types are seen as their 16-bit patterns. */
export function viewBuffer(dtype: DType, buffer: ArrayBuffer, byteOffset: number, length: number): TypedArray {
  switch (dtype) {
    case float32:
      return new Float32Array(buffer, byteOffset, length);
    case float64:
      return new Float64Array(buffer, byteOffset, length);
    case int64:
      return new BigInt64Array(buffer, byteOffset, length);
    case int32:
      return new Int32Array(buffer, byteOffset, length);
    case float16:
    case bfloat16:
      return new Uint16Array(buffer, byteOffset, length);
    default:
      return new Uint8Array(buffer, byteOffset, length);
  }
}

/** The element type that a typed array holds, or `undefined` for one that has no counterpart. */
export function dtypeOf(array: ArrayBufferView): DType | undefined {
  if (array instanceof Float32Array) return float32;
  if (array instanceof Float64Array) return float64;
  if (array instanceof BigInt64Array) return int64;
  if (array instanceof Int32Array) return int32;
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return uint8;
  return undefined;
}

/** An element type, or its name with or without `torch.`. */
export type DTypeLike = DType | DTypeName;

/**
 * The element type that `value` names.
 *
 * @throws {TypeError} If there is no such type.
 */
export function toDtype(value: DTypeLike): DType {
  if (value instanceof DType) return value;
  const found = dtypes.find((d) => d.name === value);
  if (!found) throw new TypeError(`dtype: ${value} is none of ${dtypes.join(", ")}`);
  return found;
}

/** The range and step of a floating-point type, as in `torch.finfo`. */
export interface FloatInfo {
  /** The distance from 1 to the next number. */
  eps: number;
  /** The largest finite number. */
  max: number;
  /** The smallest finite number. */
  min: number;
  /** The smallest positive normal number. */
  tiny: number;
  /** Bits per element. */
  bits: number;
}

/**
 * `torch.finfo`: the limits of a floating-point type.
 *
 * @throws {TypeError} If `dtype` is not a floating-point type.
 */
export function finfo(dtype: DType): FloatInfo {
  const limits = (digits: number, exponent: number): FloatInfo => {
    const max = (2 - 2 ** (1 - digits)) * 2 ** exponent;
    return { eps: 2 ** (1 - digits), max, min: -max, tiny: 2 ** (1 - exponent), bits: dtype.itemsize * 8 };
  };
  switch (dtype) {
    case float32:
      return limits(24, 127);
    case float64:
      return limits(53, 1023);
    case float16:
      return limits(11, 15);
    case bfloat16:
      return limits(8, 127);
    default:
      throw new TypeError(`torch.finfo() requires a floating point input type, got ${dtype}`);
  }
}

/** The range of an integer type, as in `torch.iinfo`. */
export interface IntInfo {
  /** The largest number; a bigint of int64. */
  max: number | bigint;
  /** The smallest number; a bigint of int64. */
  min: number | bigint;
  /** Bits per element. */
  bits: number;
}

/**
 * `torch.iinfo`: the limits of an integer type.
 *
 * @throws {TypeError} If `dtype` is not an integer type.
 */
export function iinfo(dtype: DType): IntInfo {
  switch (dtype) {
    case int64:
      return { max: 2n ** 63n - 1n, min: -(2n ** 63n), bits: 64 };
    case int32:
      return { max: 2 ** 31 - 1, min: -(2 ** 31), bits: 32 };
    case uint8:
      return { max: 255, min: 0, bits: 8 };
    default:
      throw new TypeError(`torch.iinfo() requires an integer input type, got ${dtype}. Use torch.finfo for floats`);
  }
}
