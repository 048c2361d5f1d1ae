/**
 * PyTorch's square brackets: integers, slices, ellipsis, null, masks and index tensors.
 *
 * @module
 */
import { scatter } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { bool, int64, uint8 } from "../dtype.ts";
import { empty } from "../make.ts";
import { broadcastSizes, formatSizes, product, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { castTo, checkDevices, isTensor } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { putRows, takeRows, wrapIndices } from "./gather.ts";
import { checkWritable, copy_, takeHistory } from "./inplace.ts";
import { expand, permute, reshape, select, sliceAlong, unsqueeze } from "./movement.ts";
import { clone, copyElementsTo, dense } from "./strided.ts";
import { scalarTensor } from "./fill.ts";
import { checkFits, readElements } from "../read.ts";
import { mode } from "../autograd/mode.ts";

/** A slice as Python writes it; made by {@linkcode slice}. */
export class Slice {
  /** The first index, or null. */
  readonly start: number | null;
  /** The index after the last, or null. */
  readonly stop: number | null;
  /** The step. */
  readonly step: number;

  /** Use {@linkcode slice}. */
  constructor(start: number | null, stop: number | null, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}

/**
 * `start:stop:step` for {@linkcode Tensor.index}; `null` is what Python leaves out, `slice()` is `:`.
 *
 * @example
 * ```ts
 * import { arange, slice } from "@raptorch/raptorch";
 * console.assert(String(arange(6).index([slice(1, null, 2)])) === "tensor([1, 3, 5])");
 * ```
 */
export function slice(start: number | null = null, stop: number | null = null, step = 1): Slice {
  return new Slice(start, stop, step ?? 1);
}

/** What may stand between the brackets. */
export type Index = number | boolean | null | "..." | Slice | Tensor | readonly number[];

/** The part of an index that only makes views, and what is left for each dimension. */
interface Viewed {
  x: Tensor;
  /** An index tensor (int64 or mask) at its first dimension in `x`. */
  tensors: { dim: number; index: Tensor }[];
}

function dimensionsOf(index: Index): number {
  if (index === null || index === "..." || typeof index === "boolean") return 0;
  return isTensor(index) && (index.dtype === bool || index.dtype === uint8) ? index.ndim : 1;
}

/** A 0-d integer tensor selects as a plain number does, as in PyTorch. */
function plainIndex(index: Index): Index {
  if (!isTensor(index) || index.ndim > 0 || index.dtype.isFloatingPoint) return index;
  return index.dtype === bool || index.dtype === uint8 ? index : Number(readElements(index, [])[0]);
}

/** Applies integers, slices, ellipsis and null; collects the index tensors. */
function applyViews(x: Tensor, given: readonly Index[]): Viewed {
  const indices = given.map(plainIndex);
  const used = indices.reduce<number>((n, i) => n + dimensionsOf(i), 0);
  if (used > x.ndim) throw new RangeError(`too many indices for tensor of dimension ${x.ndim}`);
  if (indices.filter((i) => i === "...").length > 1) {
    throw new RangeError("an index can only have a single ellipsis ('...')");
  }
  const tensors: { dim: number; index: Tensor }[] = [];
  let dim = 0;
  for (const index of indices) {
    if (index === "...") dim += x.ndim - dim - remaining(indices, index);
    else if (index === null) x = unsqueeze(x, dim++);
    else if (typeof index === "number") {
      if (!Number.isInteger(index)) {
        throw new TypeError(
          `only integers, slices (slice(…)), ellipsis ("..."), null, and integer or boolean tensors are valid indices, got ${index}`,
        );
      }
      const n = x.sizes[dim];
      if (index < -n || index >= n) {
        throw new RangeError(`index ${index} is out of bounds for dimension ${dim} with size ${n}`);
      }
      x = select(x, dim, index);
    } else if (index instanceof Slice) {
      x = sliceAlong(x, dim++, index.start, index.stop, index.step);
    } else if (typeof index === "boolean") {
      x = unsqueeze(x, dim);
      const mask = empty([1], bool, x.device);
      fill_(mask, index);
      tensors.push({ dim: dim++, index: mask });
    } else {
      const list = isTensor(index) ? index : listTensor(x, index);
      tensors.push({ dim, index: list });
      dim += dimensionsOf(list);
    }
  }
  return { x, tensors };
}

function listTensor(x: Tensor, list: readonly number[]): Tensor {
  const t = empty([list.length], int64, x.device);
  t.storage.write(BigInt64Array.from(list, BigInt));
  return t;
}

/** How many dimensions the indices behind the ellipsis take. */
function remaining(indices: readonly Index[], at: Index): number {
  return indices.slice(indices.indexOf(at) + 1).reduce<number>((n, i) => n + dimensionsOf(i), 0);
}

/** The positions of a mask's true elements: one int64 vector for each of its dimensions. */
export function maskIndices(mask: Tensor): Tensor[] {
  const flat = flatNonzero(mask);
  const out: Tensor[] = [];
  let stride = 1;
  for (let d = mask.ndim - 1; d >= 0; d--) {
    const quotient = stride === 1 ? flat : flat.div(stride, { roundingMode: "floor" });
    out.unshift(
      d === 0 ? quotient : quotient.sub(quotient.div(mask.sizes[d], { roundingMode: "floor" }).mul(mask.sizes[d])),
    );
    stride *= mask.sizes[d];
  }
  return out;
}

/** The row-major positions of elements other than 0. */
export function flatNonzero(x: Tensor): Tensor {
  const mask = dense(castTo(x.detached(), bool));
  const n = mask.count === 0 ? 0 : readElements(mask.sum(), [0])[0] as number;
  const y = empty([n], int64, x.device);
  if (n > 0) y.kernels.nonzero(y.ptr, mask.ptr, mask.count);
  return y;
}

/** Index tensors in the form that the row kernels take. */
interface Advanced {
  /** The tensor with its indexed dimensions in front. */
  moved: Tensor;
  /** For each result element of the index part: which row of `moved`, its indexed dimensions joined. */
  rows: Tensor;
  /** The indices' common shape. */
  shape: Sizes;
  /** The sizes of the other dimensions. */
  rest: Sizes;
  /** Where the index part stands in the result. */
  at: number;
  /** How `moved`'s dimensions were ordered. */
  order: number[];
}

function advanced(x: Tensor, tensors: Viewed["tensors"]): Advanced {
  const perDim: { dim: number; index: Tensor }[] = [];
  for (const { dim, index } of tensors) {
    if (index.dtype === bool || index.dtype === uint8) {
      index.sizes.forEach((s, k) => {
        if (s !== x.sizes[dim + k]) {
          throw new RangeError(
            `The shape of the mask ${
              formatSizes(index.sizes)
            } at index ${k} does not match the shape of the indexed tensor ` +
              `${formatSizes(x.sizes)} at index ${dim + k}`,
          );
        }
      });
      maskIndices(index).forEach((i, k) => perDim.push({ dim: dim + k, index: i }));
    } else {
      if (index.dtype.isFloatingPoint) {
        throw new TypeError("tensors used as indices must be long, int, byte or bool tensors");
      }
      perDim.push({ dim, index });
    }
  }
  const dims = perDim.map((p) => p.dim);
  let shape: Sizes = [];
  for (const { index } of perDim) {
    try {
      shape = broadcastSizes(shape, index.sizes, "index");
    } catch {
      throw new RangeError(
        `shape mismatch: indexing tensors could not be broadcast together with shapes ${
          perDim.map((p) => formatSizes(p.index.sizes)).join(", ")
        }`,
      );
    }
  }
  let rows: Tensor | null = null;
  perDim.forEach(({ dim, index }) => {
    if (index.isCuda && index.device !== x.device) {
      throw new Error(
        `indices should be either on cpu or on the same device as the indexed tensor (${x.device}, index: ${index.device})`,
      );
    }
    const wrapped = wrapIndices("index", index.device === x.device ? index : index.to(x.device), x.sizes[dim], dim);
    rows = rows === null ? wrapped : add(mul(rows, x.sizes[dim]), wrapped);
  });
  const others = x.sizes.map((_, i) => i).filter((i) => !dims.includes(i));
  const adjacent = dims.every((d, i) => i === 0 || d === dims[i - 1] + 1);
  const order = [...dims, ...others];
  return {
    moved: permute(x, order),
    rows: dense(expand(rows!, shape)),
    shape,
    rest: others.map((i) => x.sizes[i]),
    at: adjacent ? dims[0] : 0,
    order,
  };
}

/** Brings the index part of a result from the front to where it belongs. */
function place(y: Tensor, { shape, rest, at }: Advanced): Tensor {
  if (at === 0) return y;
  const front = shape.length;
  const order = [
    ...Array.from({ length: at }, (_, i) => front + i),
    ...Array.from({ length: front }, (_, i) => i),
    ...Array.from({ length: rest.length - at }, (_, i) => front + at + i),
  ];
  return permute(y, order);
}

/** The reverse of {@linkcode place}. */
function unplace(y: Tensor, { shape, rest, at }: Advanced): Tensor {
  if (at === 0) return y;
  const front = shape.length;
  const order = [
    ...Array.from({ length: front }, (_, i) => at + i),
    ...Array.from({ length: at }, (_, i) => i),
    ...Array.from({ length: rest.length - at }, (_, i) => front + at + i),
  ];
  return permute(y, order);
}

/** Undoes the order that {@linkcode advanced} brought the dimensions into. */
function restore(moved: Tensor, { order }: Advanced): Tensor {
  const inverse = new Array<number>(order.length);
  order.forEach((d, i) => inverse[d] = i);
  return permute(moved, inverse);
}

/** x[indices], as PyTorch's brackets. */
export function index(x: Tensor, indices: readonly Index[]): Tensor {
  const { x: viewed, tensors } = applyViews(x, indices);
  if (tensors.length === 0) return viewed === x ? sliceAll(x) : viewed;
  return pick(viewed, advanced(viewed.detached(), tensors));
}

/** What tensors pick out of x. */
function pick(x: Tensor, a: Advanced): Tensor {
  const y = takeRows(dense(permute(x.detached(), a.order)), a.rows, [...a.shape, ...a.rest]);
  const result = a.at === 0 ? y : clone(place(y, a));
  return record("IndexBackward0", result, [x], [], (dy) => [indexBackward(dy, a)]);
}

function sliceAll(x: Tensor): Tensor {
  return x.ndim === 0 ? x : sliceAlong(x, 0);
}

/** The adjoint of indexing by tensors: zeros, to which the rows of dy are added. */
function indexBackward(dy: Tensor, a: Advanced): Tensor {
  const rows = dense(unplace(dy.detached(), a));
  const moved = empty(a.moved.sizes, dy.dtype, dy.device);
  fill_(moved, 0);
  putRows(scatter.add, moved, a.rows, rows, product(a.rest));
  const dx = dense(restore(moved, a));
  dx.base = null;
  return record("IndexBackwardBackward0", dx, [dy], [], (ddx) => [pick(ddx, a)]);
}

/**
 * x[indices] = values, in place; with `accumulate`, values are added.
 *
 * @throws {RangeError} When an index is out of range or the values do not fit.
 */
export function indexPut_(
  x: Tensor,
  indices: readonly Index[],
  values: Tensor | number | bigint | boolean,
  accumulate = false,
): Tensor {
  const { x: viewed, tensors } = applyViews(x, indices);
  if (!isTensor(values)) checkFits(values, x.dtype);
  const given = isTensor(values) ? values : scalarTensor(x.detached(), values);
  if (tensors.length === 0) {
    if (accumulate) viewed.add_(given);
    else copy_(viewed, given);
    return x;
  }
  checkWritable(x);
  const recorded = mode.enabled && (viewed.requiresGrad || given.requiresGrad);
  const a = advanced(viewed.detached(), tensors);
  const target = place(empty([...a.shape, ...a.rest], x.dtype, x.device), a).sizes;
  // A number goes along; other values of another device are refused.
  const v = castTo(given.ndim === 0 ? given.detached().to(x.device) : given.detached(), x.dtype);
  let wide: Tensor;
  try {
    wide = expand(v, target);
  } catch {
    throw new RangeError(
      `shape mismatch: value tensor of shape ${
        formatSizes(given.sizes)
      } cannot be broadcast to indexing result of shape ` +
        formatSizes(target),
    );
  }
  const moved = clone(a.moved);
  putRows(accumulate ? scatter.add : scatter.set, moved, a.rows, dense(unplace(wide, a)), product(a.rest));
  const y = restore(moved, a);
  const before = recorded ? historyOf(viewed) : null;
  copyElementsTo(viewed.detached(), y);
  viewed.bump();
  if (recorded) {
    const result = y.detached();
    result.base = x;
    record("IndexPutBackward0", result, [before, given], [], (dy, _, needs) => [
      needs[0] ? (accumulate ? dy : cleared(dy, a)) : null,
      needs[1] ? pick(dy, a) : null,
    ]);
    takeHistory(viewed, result);
  }
  return x;
}

/** A stand-in for the tensor before it was written: its place in the graph without its values. */
function historyOf(x: Tensor): Tensor | null {
  if (!x.requiresGrad) return null;
  const before = x.detached();
  before.setHistory(x.gradEdge(), x.outputNr);
  return before;
}

/** dy with zeros where the indices point. */
function cleared(dy: Tensor, a: Advanced): Tensor {
  const moved = clone(permute(dy.detached(), a.order));
  const zero = empty([product(a.rest)], dy.dtype, dy.device);
  fill_(zero, 0);
  putRows(scatter.set, moved, a.rows, zero, product(a.rest));
  return record("IndexPutBackward0", restore(moved, a), [dy], [], (ddx) => [cleared(ddx, a)]);
}

/** The elements where `mask` is true, in one dimension. */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== bool) throw new TypeError(`masked_select: expected BoolTensor for mask, got ${mask.dtype}`);
  checkDevices("masked_select", x, mask);
  const sizes = broadcastSizes(x.sizes, mask.sizes, "masked_select");
  const flat = reshape(expand(x, sizes), [-1]);
  const rows = flatNonzero(expand(mask, sizes));
  const y = takeRows(dense(flat.detached()), rows, [rows.count]);
  return record("MaskedSelectBackward0", y, [flat], [], (dy) => {
    const dx = empty(flat.sizes, dy.dtype, dy.device);
    fill_(dx, 0);
    putRows(scatter.set, dx, rows, dy.detached(), 1);
    return [
      record(
        "MaskedSelectBackwardBackward0",
        dx,
        [dy],
        [],
        (ddx) => [takeRows(dense(ddx.detached()), rows, [rows.count])],
      ),
    ];
  });
}

/** The positions of elements other than 0: one row per element. */
export function nonzero(x: Tensor): Tensor {
  const parts = maskIndices(castTo(x.detached(), bool));
  const n = parts[0]?.count ?? flatNonzero(x).count;
  const y = empty([n, x.ndim], int64, x.device);
  parts.forEach((p, k) => copy_(select(y, 1, k), p));
  return y;
}
