/**
 * Choosing between two operands, and operations of three.
 *
 * @module
 */
import { binary, ternary, unary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { bool, type DType, float32, promoteScalar, promoteTypes, uint8 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { checkFits, type Scalar } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, neg, sub } from "./arithmetic.ts";
import {
  castTo,
  commonType,
  isTensor,
  type Operand,
  resultType,
  runBinary,
  runTernary,
  runUnary,
  scalarType,
  scalarTypeName,
  unsupported,
  wrongOperands,
} from "./elementwise.ts";
import { scalarTensor } from "./fill.ts";

/** `x` as a tensor of `dtype` on the device of `like`. */
function operand(x: Operand, dtype: DType, like: Tensor): Tensor {
  if (isTensor(x)) return castTo(x, dtype);
  checkFits(x, dtype);
  return scalarTensor(empty([], dtype, like.device), x);
}

function tensorOrNull(x: Operand): Tensor | null {
  return isTensor(x) ? x : null;
}

/** a where the condition holds, b elsewhere. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (condition.dtype !== bool && condition.dtype !== uint8) {
    throw new TypeError(
      `where expected condition to be a boolean tensor, but got a tensor with dtype ${scalarTypeName(condition.dtype)}`,
    );
  }
  const dtype = isTensor(a) || isTensor(b) ? resultType(a, b) : promoteTypes(scalarType(a), scalarType(b));
  const y = runTernary(
    "where",
    ternary.where,
    condition,
    operand(a, dtype, condition),
    operand(b, dtype, condition),
    dtype,
    bool,
  );
  return record("WhereBackward0", y, [tensorOrNull(a), tensorOrNull(b)], [condition], (dy, [condition], needs) => [
    needs[0] ? where(condition, dy, 0) : null,
    needs[1] ? where(condition, 0, dy) : null,
  ]);
}

/** x with `value` where the mask holds. */
export function maskedFill(x: Tensor, mask: Tensor, value: Scalar | Tensor): Tensor {
  if (mask.dtype !== bool) {
    throw new TypeError(`masked_fill_ only supports boolean masks, but got mask with dtype ${mask.dtype}`);
  }
  if (isTensor(value) && value.ndim > 0) {
    throw new RangeError(
      `masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.ndim} dimension(s).`,
    );
  }
  const y = runTernary("masked_fill", ternary.where, mask, operand(value, x.dtype, x), x, x.dtype, bool);
  return record(
    isTensor(value) ? "MaskedFillBackward1" : "MaskedFillBackward0",
    y,
    [x, isTensor(value) ? value : null],
    [
      mask,
    ],
    (dy, [mask], needs) => [
      needs[0] ? maskedFill(dy, mask, 0) : null,
      needs[1] ? where(mask, dy, 0).sum() : null,
    ],
  );
}

/** a + weight·(b − a). */
export function lerp(a: Tensor, b: Tensor, weight: number | Tensor): Tensor {
  if (a.dtype !== b.dtype) {
    throw new TypeError(`expected dtype ${a.dtype} for \`end\` but got dtype ${b.dtype}`);
  }
  if (isTensor(weight) && weight.dtype !== a.dtype) {
    throw new TypeError(`expected dtype ${a.dtype} for \`weight\` but got dtype ${weight.dtype}`);
  }
  // A number is not rounded to 16 bits: the kernel computes in float32.
  const factor = operand(weight, isTensor(weight) || !isHalf(a.dtype) ? a.dtype : float32, a);
  const y = runTernary("lerp", ternary.lerp, a, b, factor, a.dtype);
  if (!isTensor(weight)) {
    return record("LerpBackward0", y, [a, b], [], (dy) => [mul(dy, 1 - weight), mul(dy, weight)]);
  }
  return record("LerpBackward1", y, [a, b, weight], [a, b, weight], (dy, [a, b, weight], needs) => [
    needs[0] ? mul(dy, sub(1, weight)) : null,
    needs[1] ? mul(dy, weight) : null,
    needs[2] ? mul(dy, sub(b, a)) : null,
  ]);
}

/** a + value·b·c. */
export function addcmul(a: Tensor, b: Tensor, c: Tensor, value = 1): Tensor {
  const dtype = commonType(a, b, c);
  checkFits(value, dtype);
  const y = runTernary("addcmul", ternary.addcmul, a, b, c, dtype, undefined, value);
  return record("AddcmulBackward0", y, [a, b, c], [b, c], (dy, [b, c], needs) => [
    dy,
    needs[1] ? mul(dy, mul(c, value)) : null,
    needs[2] ? mul(dy, mul(b, value)) : null,
  ]);
}

/** a + value·b/c. */
export function addcdiv(a: Tensor, b: Tensor, c: Tensor, value = 1): Tensor {
  if (!b.dtype.isFloatingPoint && !c.dtype.isFloatingPoint) {
    throw new TypeError(
      "Integer division with addcdiv is no longer supported, and in a future release addcdiv will perform a true division of " +
        "tensor1 and tensor2.",
    );
  }
  const y = runTernary("addcdiv", ternary.addcdiv, a, b, c, commonType(a, b, c), undefined, value);
  return record("AddcdivBackward0", y, [a, b, c], [b, c], (dy, [b, c], needs) => [
    dy,
    needs[1] ? mul(dy, div(value, c)) : null,
    needs[2] ? neg(mul(dy, div(mul(b, value), mul(c, c)))) : null,
  ]);
}

/** x held between two bounds; null for none. `oneSided` is for the names of `clampMin` and `clampMax`. */
export function clamp(x: Tensor, min: Operand | null = null, max: Operand | null = null, oneSided = false): Tensor {
  if (min === null && max === null) throw new TypeError("torch.clamp: At least one of 'min' or 'max' must not be None");
  if (isTensor(min) || isTensor(max)) return clampBetween(x, min, max, oneSided);
  let dtype = x.dtype;
  if (min !== null) dtype = promoteTypes(dtype, promoteScalar(x.dtype, min));
  if (max !== null) dtype = promoteTypes(dtype, promoteScalar(x.dtype, max));
  if (dtype === bool) throw unsupported("clamp_scalar_cpu", bool);
  if (Number.isNaN(min) || Number.isNaN(max)) {
    const none = castTo(x.detached(), dtype).clone().fill_(NaN);
    return record("ClampBackward1", none, [x], [], (dy) => [mul(dy, 0)]);
  }
  // With both bounds in the wrong order, the upper one wins. Bounds have the type of the rest.
  const bound = (value: Scalar): number => {
    checkFits(value, dtype);
    return dtype === uint8 ? Number(value) & 255 : Number(value);
  };
  const low = min === null ? -Infinity : bound(min), high = max === null ? Infinity : bound(max);
  let y: Tensor;
  if (min === null) y = runUnary("clamp", unary.clampMax, x, dtype, dtype, high);
  else if (max === null) y = runUnary("clamp", unary.clampMin, x, dtype, dtype, low);
  else y = runUnary("clamp", unary.clamp, x, dtype, dtype, low, high);
  const name = !oneSided ? "ClampBackward1" : max === null ? "ClampMinBackward0" : "ClampMaxBackward0";
  return record(name, y, [x], [x], (dy, [x]) => [clampBackward(dy, x, low, high)]);
}

/** dy where x is between the bounds. */
function clampBackward(dy: Tensor, x: Tensor, low: number, high: number): Tensor {
  const dx = runBinary("clamp_backward", binary.clampBackward, dy, x, dy.dtype, dy.dtype, low, high);
  return record("WhereBackward0", dx, [dy], [x], (ddx, [x]) => [clampBackward(ddx, x, low, high)]);
}

function clampBetween(x: Tensor, min: Operand | null, max: Operand | null, oneSided: boolean): Tensor {
  const dtype = commonType(x, ...[min, max].filter((bound) => bound !== null));
  if (dtype === bool && min !== null && max !== null) throw unsupported("clamp_cpu", bool);
  const low = min === null ? null : operand(min, dtype, x), high = max === null ? null : operand(max, dtype, x);
  const raw = castTo(x, dtype);
  const y = low !== null && high !== null
    ? runTernary("clamp", ternary.clamp, raw, low, high, dtype)
    : low !== null
    ? runBinary("clamp", binary.maximum, raw, low, dtype)
    : runBinary("clamp", binary.minimum, raw, high!, dtype);
  const inputs = [x, min === null ? null : tensorOrNull(min), max === null ? null : tensorOrNull(max)];
  const name = !oneSided ? "ClampBackward0" : max === null ? "ClampMinBackward1" : "ClampMaxBackward1";
  return record(name, y, inputs, [x, low, high], (dy, [x, low, high], needs) => {
    const above = low === null ? null : x.detached().ge(low.detached());
    const below = high === null ? null : x.detached().le(high.detached());
    const inside = above === null ? below! : below === null ? above : above.mul(below);
    const ordered = low === null || high === null ? null : low.detached().lt(high.detached());
    const atLow = above === null ? null : x.detached().lt(low.detached());
    const atHigh = below === null
      ? null
      : ordered === null
      ? x.detached().gt(high.detached())
      : x.detached().gt(high.detached()).add(high.detached().lt(low.detached()));
    return [
      needs[0] ? where(inside, dy, 0) : null,
      needs[1] ? where(ordered === null ? atLow! : ordered.mul(atLow!), dy, 0) : null,
      needs[2] ? where(atHigh!, dy, 0) : null,
    ];
  });
}

/** x, not below `min`. */
export function clampMin(x: Tensor, min: Operand): Tensor {
  if (!isTensor(x)) throw wrongOperands("clamp_min", x, min);
  return clamp(x, min, null, true);
}

/** x, not above `max`. */
export function clampMax(x: Tensor, max: Operand): Tensor {
  if (!isTensor(x)) throw wrongOperands("clamp_max", x, max);
  return clamp(x, null, max, true);
}
