/**
 * Tensors from nothing and from JavaScript values.
 *
 * @module
 */
import { type Call, inOrder } from "./arguments.ts";
import { checkOptions, isOptions } from "./check.ts";
import { cpu, type Device, type DeviceLike, toDevice } from "./device.ts";
import {
  bool,
  type DType,
  type DTypeLike,
  dtypeOf,
  float16,
  float32,
  float64,
  getDefaultDtype,
  int32,
  int64,
  toDtype,
  type TypedArray,
  uint8,
  viewBuffer,
} from "./dtype.ts";
import { empty as allocateEmpty } from "./make.ts";
import { fill_ } from "./ops/fill.ts";
import { castTo, isTensor } from "./ops/elementwise.ts";
import { encode, flatten, type Scalar } from "./read.ts";
import { contiguousStrides, formatSizes, inferSizes, product, type Sizes, sizesFrom } from "./shape.ts";
import { wrapBuffer } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/** What every function that creates a tensor accepts. */
export interface CreateOptions {
  /** The element type. */
  dtype?: DTypeLike;
  /** The device. Default: the CPU. */
  device?: DeviceLike;
  /** Whether gradients are wanted. Default: false. */
  requiresGrad?: boolean;
}

/** The option names of {@linkcode CreateOptions}. */
export const createOptions: readonly (keyof CreateOptions)[] = ["dtype", "device", "requiresGrad"];

/** Sizes as numbers or as one array, then options. */
export type SizeArguments =
  | [...sizes: number[]]
  | [...sizes: number[], options: CreateOptions]
  | [sizes: Sizes, options?: CreateOptions]
  | [options: { size: Sizes } & CreateOptions];

/** Splits `zeros(2, 3, { dtype })` and `zeros([2, 3], { dtype })` into sizes and options. @internal */
export function parseSizes<O extends object = CreateOptions>(
  operation: string,
  args: readonly unknown[],
  known: readonly string[] = createOptions,
): { sizes: Sizes; options: O } {
  const last = args[args.length - 1];
  const given = isOptions(last) ? last : undefined;
  const rest = args.slice(0, given || last === undefined ? args.length - 1 : args.length);
  const byName = rest.length === 0 && Array.isArray(given?.size);
  const { size, ...others } = given ?? {};
  const options = byName ? others : given;
  checkOptions(operation, options, known);
  const sizes = sizesFrom(byName ? [size as Sizes] : rest as (number | Sizes)[]);
  for (const size of sizes) {
    if (!Number.isInteger(size)) {
      throw new TypeError(`${operation}(): sizes must be integers, got ${formatSizes(sizes)}`);
    }
  }
  return { sizes, options: (options ?? {}) as O };
}

/** Applies `requiresGrad`. @internal */
export function finish(x: Tensor, options: CreateOptions): Tensor {
  return options.requiresGrad ? x.requiresGrad_() : x;
}

function typeOf(options: CreateOptions, otherwise: DType): DType {
  return options.dtype === undefined ? otherwise : toDtype(options.dtype);
}

function filled(operation: string, args: readonly unknown[], value: number | null): Tensor {
  const { sizes, options } = parseSizes(operation, args);
  const x = allocateEmpty(sizes, typeOf(options, getDefaultDtype()), toDevice(options.device));
  if (value !== null) fill_(x, value);
  return finish(x, options);
}

/**
 * A tensor of zeros.
 *
 * @example
 * ```ts
 * import { zeros } from "@raptorch/raptorch";
 * console.assert(String(zeros(2)) === "tensor([0., 0.])");
 * ```
 */
export function zeros(...args: SizeArguments): Tensor {
  return filled("zeros", args, 0);
}

/** A tensor of ones. */
export function ones(...args: SizeArguments): Tensor {
  return filled("ones", args, 1);
}

/** A tensor with undefined contents. */
export function empty(...args: SizeArguments): Tensor {
  return filled("empty", args, null);
}

/** A tensor of one value: float32 from a number, int64 from a bigint, bool from a boolean, unless `dtype` says otherwise. */
export function full(
  sizes: Sizes | number,
  ...given: Call<[value: Scalar, options?: CreateOptions], { fillValue: Scalar } & CreateOptions>
): Tensor {
  const [value, options = {}] = inOrder("full", given, ["fillValue"]);
  checkOptions("full", options, createOptions);
  const x = allocateEmpty(
    typeof sizes === "number" ? [sizes] : [...sizes],
    typeOf(options, defaultType(value)),
    toDevice(options.device),
  );
  fill_(x, value);
  return finish(x, options);
}

function defaultType(value: Scalar | undefined): DType {
  return typeof value === "bigint" ? int64 : typeof value === "boolean" ? bool : getDefaultDtype();
}

function likeOf(operation: string, x: Tensor, options: CreateOptions, value: Scalar | null): Tensor {
  checkOptions(operation, options, createOptions);
  const device = options.device === undefined ? x.device : toDevice(options.device);
  const y = allocateEmpty(x.sizes, typeOf(options, x.dtype), device);
  if (value !== null) fill_(y, value);
  return finish(y, options);
}

/** Zeros with the sizes, type and device of `x`. */
export function zerosLike(x: Tensor, options: CreateOptions = {}): Tensor {
  return likeOf("zeros_like", x, options, 0);
}

/** Ones with the sizes, type and device of `x`. */
export function onesLike(x: Tensor, options: CreateOptions = {}): Tensor {
  return likeOf("ones_like", x, options, 1);
}

/** Undefined contents with the sizes, type and device of `x`. */
export function emptyLike(x: Tensor, options: CreateOptions = {}): Tensor {
  return likeOf("empty_like", x, options, null);
}

/** One value with the sizes, type and device of `x`. */
export function fullLike(
  x: Tensor,
  ...given: Call<[value: Scalar, options?: CreateOptions], { fillValue: Scalar } & CreateOptions>
): Tensor {
  const [value, options = {}] = inOrder("full_like", given, ["fillValue"]);
  return likeOf("full_like", x, options, value);
}

/** Numbers, nested arrays of numbers, a typed array, or a tensor. */
export type TensorData = Scalar | TypedArray | Uint8ClampedArray | Float32Array | Tensor | readonly TensorData[];

/**
 * A tensor that copies `data`.
 *
 * Numbers become the default float type (their values never decide), bigints int64, booleans bool; a typed array keeps
 * its own type.
 *
 * @throws {Error} When nested arrays are ragged, or hold something that is not a number, bigint or boolean.
 *
 * @example
 * ```ts
 * import { tensor } from "@raptorch/raptorch";
 * console.assert(String(tensor([[1, 2], [3, 4]]).shape) === "torch.Size([2, 2])");
 * ```
 */
export function tensor(data: TensorData, options: CreateOptions = {}): Tensor {
  checkOptions("tensor", options, createOptions);
  const device = toDevice(options.device);
  if (isTensor(data)) {
    const copy = castTo(data.detached(), typeOf(options, data.dtype)).clone();
    return finish(device === copy.device ? copy : copy.to(device), options);
  }
  if (ArrayBuffer.isView(data)) {
    const dtype = arrayType("tensor", data);
    const x = fromValues([data.length], dtype, cpu, data as unknown as ArrayLike<Scalar>);
    return finish(castTo(x, typeOf(options, dtype)).to(device), options);
  }
  const plain = Array.isArray(data) && data.some(isTensor) ? data.map((d) => isTensor(d) ? d.tolist() : d) : data;
  const { sizes, values } = flatten(plain);
  const dtype = typeOf(options, commonType(values));
  return finish(fromValues(sizes, dtype, device, values), options);
}

/** Another name of {@linkcode tensor}, for what may be a tensor already: then it is returned as it is. */
export function asTensor(data: TensorData, options: CreateOptions = {}): Tensor {
  if (isTensor(data)) return data.to({ dtype: options.dtype, device: options.device } as CreateOptions);
  return tensor(data, options);
}

function commonType(values: readonly Scalar[]): DType {
  if (values.some((v) => typeof v === "number")) return getDefaultDtype();
  return values.length === 0 ? getDefaultDtype() : values.some((v) => typeof v === "bigint") ? int64 : bool;
}

function arrayType(operation: string, array: ArrayBufferView): DType {
  const dtype = dtypeOf(array);
  if (!dtype) {
    throw new TypeError(
      `${operation}: ${array.constructor.name} has no element type here (expected Float32Array, Float64Array, BigInt64Array, Int32Array or Uint8Array)`,
    );
  }
  return dtype;
}

/** A tensor of the given values. @internal */
export function fromValues(sizes: Sizes, dtype: DType, device: Device, values: ArrayLike<Scalar>): Tensor {
  const x = allocateEmpty(sizes, dtype, device);
  const { buffer, byteOffset } = x.storage;
  if (buffer !== null) encode(dtype, viewBuffer(dtype, buffer, byteOffset, x.count), values);
  else {
    const host = viewBuffer(dtype, new ArrayBuffer(x.count * dtype.itemsize), 0, x.count);
    encode(dtype, host, values);
    x.storage.write(host);
  }
  return x;
}

/**
 * A tensor over the memory of a typed array, shared and not copied: writes to one show in the other.
 *
 * @param sizes The shape. Default: one dimension.
 * @throws {RangeError} When the shape does not match the array's length.
 */
export function fromTypedArray(array: TypedArray, sizes?: Sizes | number): Tensor {
  const dtype = arrayType("fromTypedArray", array);
  const shape = inferSizes(typeof sizes === "number" ? [sizes] : [...sizes ?? [array.length]], array.length, [
    array.length,
  ]);
  if (!(array.buffer instanceof ArrayBuffer)) throw new TypeError("fromTypedArray: a shared buffer cannot be used");
  // Arrays of a few bytes may live in V8's own heap, which moves; asking for `buffer` has pinned it.
  const storage = wrapBuffer(array.buffer, array.byteOffset, array.byteLength);
  return new Tensor(storage, shape, contiguousStrides(shape), 0, dtype, product(shape));
}

/** A 0-d tensor of one value. */
export function scalarTensor(value: Scalar, options: CreateOptions = {}): Tensor {
  return tensor(value, { dtype: getDefaultDtype(), ...options });
}

function typed(operation: string, dtype: DType): (...args: (number | Sizes | TypedArray | TensorData)[]) => Tensor {
  return (...args) => {
    const sizes = args.every((a) => typeof a === "number") ? args as number[] : null;
    if (sizes) return allocateEmpty(sizes, dtype, toDevice(null));
    if (args.length !== 1) throw new TypeError(`${operation}: expected sizes as numbers, or one array of data`);
    return tensor(args[0] as TensorData, { dtype });
  };
}

/** Makes a typed tensor: from sizes as numbers (contents undefined) or from data. */
export type TypedConstructor = (...args: (number | Sizes | TypedArray | TensorData)[]) => Tensor;

/** A float32 tensor from sizes or data, as `torch.FloatTensor`. */
export const FloatTensor: TypedConstructor = typed("FloatTensor", float32);
/** A float64 tensor from sizes or data. */
export const DoubleTensor: TypedConstructor = typed("DoubleTensor", float64);
/** An int64 tensor from sizes or data. */
export const LongTensor: TypedConstructor = typed("LongTensor", int64);
/** An int32 tensor from sizes or data. */
export const IntTensor: TypedConstructor = typed("IntTensor", int32);
/** A uint8 tensor from sizes or data. */
export const ByteTensor: TypedConstructor = typed("ByteTensor", uint8);
/** A bool tensor from sizes or data. */
export const BoolTensor: TypedConstructor = typed("BoolTensor", bool);
/** A float16 tensor from sizes or data. */
export const HalfTensor: TypedConstructor = typed("HalfTensor", float16);
