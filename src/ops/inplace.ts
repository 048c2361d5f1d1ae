/**
 * Writing in place: what may be written, and what becomes of the history.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { Node, record } from "../autograd/node.ts";
import { canCast } from "../dtype.ts";
import { over } from "../make.ts";
import { expandStrides, formatSizes, sameSizes } from "../shape.ts";
import { closeArena, openArena, type Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { castTo, checkDevices, isTensor, type Operand, runBinaryInPlace } from "./elementwise.ts";
import { fill_ as fillRaw } from "./fill.ts";
import type { Scalar } from "../read.ts";
import { asStrided, asStridedBackward, clone, contiguous, copyElementsTo, region } from "./strided.ts";

/**
 * Checks that `x` may be written in place.
 *
 * @throws {Error} When it is a leaf that requires gradients, or a view of one, and gradients are on.
 */
export function checkWritable(x: Tensor): void {
  for (let d = 0; d < x.sizes.length; d++) {
    if (x.strides[d] === 0 && x.sizes[d] > 1) {
      throw new Error(
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. " +
          `Please clone() the tensor before performing the operation. (shape ${formatSizes(x.sizes)}, strides ` +
          `${formatSizes(x.strides)})`,
      );
    }
  }
  if (!mode.enabled || !x.requiresGrad) return;
  if (x.gradFn === null) throw new Error("a leaf Variable that requires grad is being used in an in-place operation.");
  if (x.base !== null && x.base.requiresGrad && x.base.gradFn === null) {
    throw new Error("a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
}

/**
 * x = compute(x), in place. `others` are the further inputs of `compute`; the result must have x's shape, and a type
 * that x can hold.
 */
export function inPlace(
  operation: string,
  x: Tensor,
  others: readonly Operand[],
  compute: (x: Tensor) => Tensor,
): Tensor {
  checkWritable(x);
  const recorded = mode.enabled && (x.requiresGrad || others.some((o) => isTensor(o) && o.requiresGrad));
  // What compute saves must survive the write, so it works on the old values.
  const before = recorded ? snapshot(x) : x;
  // Without a graph, what compute allocates has served when the values are copied.
  const arena = recorded ? null : openArena();
  let y: Tensor;
  try {
    y = compute(before);
    store(operation, x, y);
  } finally {
    if (arena !== null) closeArena(arena, recycle);
  }
  x.bump();
  if (recorded) takeHistory(x, y);
  return x;
}

function recycle(storage: Storage): boolean {
  if (!storage.held && !storage.kept) storage.release();
  return false;
}

/** Copies the result of an operation to where it is wanted. */
function store(operation: string, x: Tensor, y: Tensor): void {
  if (!sameSizes(y.sizes, x.sizes)) {
    throw new Error(
      `output with shape ${formatSizes(x.sizes)} doesn't match the broadcast shape ${
        formatSizes(y.sizes)
      } (${operation}_)`,
    );
  }
  if (!canCast(y.dtype, x.dtype)) {
    throw new Error(`result type ${y.dtype} can't be cast to the desired output type ${x.dtype} (${operation}_)`);
  }
  copyElementsTo(x, castTo(y, x.dtype));
}

/** The values of `x` as they are now, with its history. */
function snapshot(x: Tensor): Tensor {
  const before = clone(x.detached());
  if (x.requiresGrad) before.setHistory(x.gradEdge(), x.outputNr);
  return before;
}

/** Makes `y`'s history that of `x`; when `x` is a view, its base's history says that this part was replaced. */
export function takeHistory(x: Tensor, y: Tensor): void {
  const { base } = x;
  if (base === null) {
    if (y.node !== null) x.setHistory(y.node, y.outputNr);
    // The memory was the user's before the graph's: it is not the graph's to recycle.
    x.storage.held = true;
    x.rebases++;
    return;
  }
  const { sizes } = x, { strides, offset } = region(base, x.strides, x.offset);
  const node = new Node("CopySlices", [base, y], [], (dy) => {
    const grad = contiguous(dy);
    const part = asStrided(grad, sizes, strides, grad.offset + offset).clone();
    if (mode.enabled) {
      return [
        grad.sub(
          asStridedBackward(part, { sizes: grad.sizes, strides: grad.strides, offset: 0 }, sizes, strides, offset),
        ),
        part,
      ];
    }
    const rest = clone(grad);
    fillRaw(over(rest.storage, sizes, strides, offset, rest.dtype), 0);
    return [rest, part];
  });
  base.storage.held = true;
  base.setHistory(node, 0);
  base.rebases++;
}

/** Copies `source` into `x`, with broadcasting and conversion. */
export function copy_(x: Tensor, source: Tensor): Tensor {
  checkWritable(x);
  if (x.sizes.length < source.sizes.length || !broadcastable(source.sizes, x.sizes)) {
    throw new RangeError(
      `The size of tensor a ${formatSizes(x.sizes)} must match the size of tensor b ${
        formatSizes(source.sizes)
      } (copy_)`,
    );
  }
  const moved = source.device === x.device ? source : source.detached().to(x.device);
  const values = castTo(moved, x.dtype);
  const strides = expandStrides(values.sizes, values.strides, x.sizes);
  const overlapping = values.storage === x.storage;
  const from = over(values.storage, x.sizes, strides, values.offset, x.dtype);
  copyElementsTo(x, overlapping ? clone(from) : from);
  x.bump();
  if (mode.enabled && (x.requiresGrad || source.requiresGrad)) {
    const y = over(x.storage, x.sizes, x.strides, x.offset, x.dtype);
    y.base = x; // Not an output of its own: nothing to recycle.
    const old = x.requiresGrad ? x : null;
    takeHistory(x, recordCopy(y, old, source));
  }
  return x;
}

function recordCopy(y: Tensor, old: Tensor | null, source: Tensor): Tensor {
  return record("CopyBackwards", y, [old, source], [], (dy, _, [needsOld, needsSource]) => [
    needsOld ? dy.mul(0) : null,
    needsSource ? dy.to(source.device) : null,
  ]);
}

function broadcastable(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return from.every((s, i) => s === 1 || s === to[i + lead]);
}

/** Sets every element to `value`. */
export function fill_(x: Tensor, value: Scalar | Tensor, name = "FillBackward0"): Tensor {
  if (isTensor(value)) {
    if (value.sizes.length > 0) {
      throw new Error(
        `fill_ only supports 0-dimension value tensor but got tensor with ${value.sizes.length} dimensions.`,
      );
    }
    checkDevices("fill_", x, value);
    return copy_(x, value);
  }
  checkWritable(x);
  fillRaw(x, value);
  x.bump();
  if (mode.enabled && x.requiresGrad) {
    const y = over(x.storage, x.sizes, x.strides, x.offset, x.dtype);
    y.base = x;
    takeHistory(x, record(name, y, [x], [], () => [null]));
  }
  return x;
}

/** x = op(x, b) in place, by the kernel itself where nothing is recorded. */
export function binaryInPlace(
  operation: string,
  op: number,
  x: Tensor,
  b: Operand,
  compute: (x: Tensor) => Tensor,
  p = 0,
): Tensor {
  const recorded = mode.enabled && (x.requiresGrad || (isTensor(b) && b.requiresGrad));
  if (!recorded) {
    checkWritable(x);
    if (runBinaryInPlace(op, x, b, p)) {
      x.bump();
      return x;
    }
  }
  return inPlace(operation, x, [b], compute);
}
