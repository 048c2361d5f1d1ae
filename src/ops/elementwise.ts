/**
 * How pointwise operations reach the kernels: promotion, broadcasting, strides. Nothing here is recorded.
 *
 * @module
 */
import { binary } from "../../ffi/symbols.ts";
import { kindOf } from "../check.ts";
import type { Device } from "../device.ts";
import { bool, type DType, float32, getDefaultDtype, int64, promoteScalar, promoteTypes } from "../dtype.ts";
import { tensorTypes } from "../format.ts";
import { empty, isHalf } from "../make.ts";
import { rounded, type Scalar } from "../read.ts";
import { meta, metaPtr } from "../scratch.ts";
import { broadcastSizes, expandStrides, sameSizes, type Sizes } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { scalarTensor } from "./fill.ts";
import { dense } from "./strided.ts";

/** A tensor, or a number that takes part as a weak scalar. */
export type Operand = Tensor | Scalar;

/** Tensors that must agree about something. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/** Tensors one by one, or as one list. */
export type TensorArguments = readonly Tensor[] | readonly [readonly Tensor[]];

/**
 * The tensors of a call that takes them one by one or as one list.
 *
 * @throws {TypeError} When something else is among them.
 */
export function tensorList(operation: string, args: TensorArguments): readonly Tensor[] {
  const list: readonly unknown[] = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
  list.forEach((t, i) => {
    if (!isTensor(t)) {
      throw new TypeError(`expected Tensor as element ${i} in argument 0, but got ${kindOf(t)} (${operation})`);
    }
  });
  return list as readonly Tensor[];
}

/**
 * Checks that an argument is a tensor.
 *
 * @throws {TypeError} With PyTorch's words.
 */
export function requireTensor(operation: string, x: unknown, name = "input", position = 1): void {
  if (isTensor(x)) return;
  throw new TypeError(`${operation}(): argument '${name}' (position ${position}) must be Tensor, not ${kindOf(x)}`);
}

/** `Long` for int64: how PyTorch's errors name types. */
export function scalarTypeName(dtype: DType): string {
  return tensorTypes[dtype.name].slice("torch.".length, -"Tensor".length);
}

/** `"relu" not implemented for 'Bool'`, as PyTorch says it. */
export function unsupported(operation: string, dtype: DType): Error {
  return new Error(`"${operation}" not implemented for '${scalarTypeName(dtype)}'`);
}

/**
 * Checks that tensors live on one device; `null` lives everywhere.
 *
 * @throws {Error} With PyTorch's words.
 */
export function checkDevices(operation: string, a: Tensor, ...others: readonly (Tensor | null | undefined)[]): void {
  for (const b of others) {
    if (b && a.storage.device !== b.storage.device) throw mixedDevices(operation, a.device, b.device);
  }
}

function mixedDevices(operation: string, a: Device, b: Device): Error {
  return new Error(
    `Expected all tensors to be on the same device, but found at least two devices, ${a} and ${b}! (${operation})`,
  );
}

/** The tensors on the device of the first that is not on the CPU: 0-d tensors of the CPU go along as numbers do. */
function together(operation: string, tensors: Tensor[]): Tensor[] {
  const { device } = tensors.find((t) => t.isCuda) ?? tensors[0];
  return tensors.map((t) => {
    if (t.device === device) return t;
    if (t.ndim > 0 || t.isCuda) throw mixedDevices(operation, device, t.device);
    return t.detached().to(device);
  });
}

/**
 * The type that an operation on `a` and `b` computes in: tensors with dimensions outrank 0-d ones, those outrank numbers.
 *
 * @throws {TypeError} When neither is a tensor, or one is neither tensor nor number.
 */
export function resultType(a: Operand, b: Operand, operation = "binary"): DType {
  if (!isTensor(a)) {
    if (isTensor(b) && isScalar(a)) return promoteScalar(b.dtype, a);
    throw wrongOperands(operation, a, b);
  }
  if (!isTensor(b)) {
    if (isScalar(b)) return promoteScalar(a.dtype, b);
    throw wrongOperands(operation, a, b);
  }
  if (a.dtype === b.dtype) return a.dtype;
  const da = a.sizes.length > 0, db = b.sizes.length > 0;
  if (da === db) return promoteTypes(a.dtype, b.dtype);
  const high = da ? a.dtype : b.dtype, low = da ? b.dtype : a.dtype;
  if (high.isFloatingPoint) return high;
  return high === bool || low.isFloatingPoint ? promoteTypes(high, low) : high;
}

/** {@linkcode resultType} of any number of operands. */
export function commonType(...operands: Operand[]): DType {
  const promote = (types: DType[]): DType | null =>
    types.reduce<DType | null>((a, b) => a === null ? b : promoteTypes(a, b), null);
  const tensors = operands.filter(isTensor);
  const wide = promote(tensors.filter((t) => t.ndim > 0).map((t) => t.dtype));
  const single = promote(tensors.filter((t) => t.ndim === 0).map((t) => t.dtype));
  const plain = promote(operands.filter((o): o is Scalar => !isTensor(o)).map(scalarType));
  const outrank = (high: DType | null, low: DType | null): DType | null => {
    if (high === null || low === null) return high ?? low;
    if (high.isFloatingPoint) return high;
    return high === bool || low.isFloatingPoint ? promoteTypes(high, low) : high;
  };
  return outrank(wide, outrank(single, plain)) ?? getDefaultDtype();
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
}

/** The error for operands that are neither tensors nor, one of them, a number. */
export function wrongOperands(operation: string, ...operands: unknown[]): TypeError {
  return new TypeError(
    `${operation}() received an invalid combination of arguments - got (${
      operands.map(kindOf).join(", ")
    }), but expected tensors, or one tensor and a number`,
  );
}

/**
 * Checks that the operands of an operation that takes no numbers are tensors.
 *
 * @throws {TypeError} With PyTorch's words.
 */
export function checkTensors(operation: string, a: unknown, b: unknown): void {
  if (isTensor(a) && isTensor(b)) return;
  const [name, position, value] = isTensor(a) ? ["other", 2, b] : ["input", 1, a];
  throw new TypeError(`${operation}(): argument '${name}' (position ${position}) must be Tensor, not ${kindOf(value)}`);
}

/** The type of a number by itself. */
export function scalarType(value: Scalar): DType {
  if (typeof value === "boolean") return bool;
  return typeof value === "bigint" || Number.isInteger(value) ? int64 : getDefaultDtype();
}

/** `x` in another type, outside of the graph; `x` itself when it has that type. */
export function castTo(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const source = dense(x);
  const y = empty(x.sizes, dtype, x.device);
  x.kernels.cast(dtype.code, x.dtype.code, y.ptr, source.ptr, x.count);
  return y;
}

/** The smallest floating-point type for an operation that only exists there. */
export function floatType(dtype: DType): DType {
  return dtype.isFloatingPoint ? dtype : getDefaultDtype();
}

/** y = op(x), in `dtype` (default: x's own); predicates give bool. */
export function runUnary(
  operation: string,
  op: number,
  x: Tensor,
  dtype: DType = x.dtype,
  result: DType = dtype,
  p = 0,
  q = 0,
): Tensor {
  if (isHalf(dtype)) {
    return castTo(runUnary(operation, op, x, float32, result === dtype ? float32 : result, p, q), result);
  }
  const source = dense(castTo(x, dtype));
  const y = empty(x.sizes, result, x.device);
  if (x.kernels.unary(op, dtype.code, y.ptr, source.ptr, x.count, p, q) !== 0) throw unsupported(operation, x.dtype);
  return y;
}

/** The kernels' status 2 is an integer division by zero. */
function failed(status: number, operation: string, dtype: DType): Error {
  return status === 2 ? new RangeError(`ZeroDivisionError (${operation})`) : unsupported(operation, dtype);
}

const keepDigits: ReadonlySet<number> = new Set([binary.mul, binary.div, binary.floorDivide]);

/**
 * An operand of an operation of a 16-bit type: numbers and other types are rounded to it, as comparisons with them show.
 * Only a factor or divisor without dimensions keeps its digits, as PyTorch computes with it in float32.
 */
function halfOperand(op: number, x: Operand, dtype: DType, second: boolean): Operand {
  const kept = second && keepDigits.has(op);
  if (!isTensor(x)) return kept ? x : rounded(Number(x), dtype);
  return kept && x.ndim === 0 ? x : castTo(x, dtype);
}

/** y = op(a, b), both of type `dtype` afterwards; comparisons give bool. */
export function runBinary(
  operation: string,
  op: number,
  a: Operand,
  b: Operand,
  dtype: DType,
  result: DType = dtype,
  p = 0,
  q = 0,
): Tensor {
  if (isHalf(dtype)) {
    const x = halfOperand(op, a, dtype, false), z = halfOperand(op, b, dtype, true);
    return castTo(runBinary(operation, op, x, z, float32, result === dtype ? float32 : result, p, q), result);
  }
  if (!isTensor(a)) return runScalar(operation, op, b as Tensor, a, dtype, result, 1, p, q);
  if (!isTensor(b)) return runScalar(operation, op, a, b, dtype, result, 0, p, q);
  if (a.storage.device !== b.storage.device) [a, b] = together(operation, [a, b]) as [Tensor, Tensor];
  const x = a.dtype === dtype ? a : castTo(a, dtype), z = b.dtype === dtype ? b : castTo(b, dtype);
  if (sameSizes(x.sizes, z.sizes) && x.isContiguous() && z.isContiguous()) {
    const y = empty(x.sizes, result, x.storage.device);
    const status = y.kernels.binary(op, dtype.code, y.ptr, x.ptr, z.ptr, y.count, p, q, null);
    if (status !== 0) throw failed(status, operation, dtype);
    return y;
  }
  const y = empty(broadcastSizes(x.sizes, z.sizes, operation), result, x.storage.device);
  writeMeta(y.sizes, [y, x, z]);
  const status = y.kernels.binary(op, dtype.code, y.ptr, x.ptr, z.ptr, y.count, p, q, metaPtr);
  if (status !== 0) throw failed(status, operation, dtype);
  return y;
}

function runScalar(
  operation: string,
  op: number,
  a: Tensor,
  s: Scalar,
  dtype: DType,
  result: DType,
  reverse: number,
  p: number,
  q: number,
): Tensor {
  if (typeof s === "bigint" && !Number.isSafeInteger(Number(s))) {
    const exact = scalarTensor(castTo(a, dtype), s);
    return reverse
      ? runBinary(operation, op, exact, a, dtype, result, p, q)
      : runBinary(operation, op, a, exact, dtype, result, p, q);
  }
  const x = dense(a.dtype === dtype ? a : castTo(a, dtype));
  const y = empty(x.sizes, result, x.storage.device);
  const status = y.kernels.binaryScalar(op, dtype.code, y.ptr, x.ptr, y.count, reverse, Number(s), p, q);
  if (status !== 0) throw failed(status, operation, dtype);
  return y;
}

/** y = op(a, b, c) with broadcasting, all of type `dtype`; `first` is the type of `a` where it differs (bool in `where`). */
export function runTernary(
  operation: string,
  op: number,
  a: Tensor,
  b: Tensor,
  c: Tensor,
  dtype: DType,
  first: DType = dtype,
  p = 0,
): Tensor {
  if (isHalf(dtype)) {
    return castTo(runTernary(operation, op, a, b, c, float32, first === dtype ? float32 : first, p), dtype);
  }
  if (a.device !== b.device || b.device !== c.device) [a, b, c] = together(operation, [a, b, c]);
  const x = castTo(a, first), z = castTo(b, dtype), w = castTo(c, dtype);
  const sizes = broadcastSizes(broadcastSizes(x.sizes, z.sizes, operation), w.sizes, operation);
  const y = empty(sizes, dtype, x.device);
  const flat = [x, z, w].every((t) => sameSizes(t.sizes, sizes) && t.isContiguous());
  if (!flat) writeMeta(sizes, [y, x, z, w]);
  const status = y.kernels.ternary(op, dtype.code, y.ptr, x.ptr, z.ptr, w.ptr, y.count, p, flat ? null : metaPtr);
  if (status !== 0) throw unsupported(operation, dtype);
  return y;
}

/** Writes [ndim, sizes, one row of broadcast strides per tensor] for a kernel. */
export function writeMeta(sizes: Sizes, tensors: readonly Tensor[]): void {
  const n = sizes.length;
  meta[0] = n;
  for (let i = 0; i < n; i++) meta[1 + i] = sizes[i];
  let at = 1 + n;
  for (const t of tensors) {
    if (t.sizes === sizes || sameSizes(t.sizes, sizes)) { for (let i = 0; i < n; i++) meta[at + i] = t.strides[i]; }
    else {
      const strides = expandStrides(t.sizes, t.strides, sizes);
      for (let i = 0; i < n; i++) meta[at + i] = strides[i];
    }
    at += n;
  }
}

/** x = op(x, b) in x's own memory where the kernel can do it directly; `false` when it cannot. */
export function runBinaryInPlace(op: number, x: Tensor, b: Operand, p = 0): boolean {
  if (isHalf(x.dtype) || resultType(x, b) !== x.dtype || x.count === 0) return false;
  if (!isTensor(b)) {
    if (!x.isContiguous() || (typeof b === "bigint" && !Number.isSafeInteger(Number(b)))) return false;
    return x.kernels.binaryScalar(op, x.dtype.code, x.ptr, x.ptr, x.count, 0, Number(b), p, 0) === 0;
  }
  if (b.dtype !== x.dtype || b.device !== x.device) return false;
  if (sameSizes(x.sizes, b.sizes) && x.isContiguous() && b.isContiguous()) {
    return x.kernels.binary(op, x.dtype.code, x.ptr, x.ptr, b.ptr, x.count, p, 0, null) === 0;
  }
  // Partial overlap of the two could be read after it was written.
  if (b.storage === x.storage || !sameSizes(broadcastSizes(x.sizes, b.sizes), x.sizes)) return false;
  writeMeta(x.sizes, [x, x, b]);
  return x.kernels.binary(op, x.dtype.code, x.ptr, x.ptr, b.ptr, x.count, p, 0, metaPtr) === 0;
}
