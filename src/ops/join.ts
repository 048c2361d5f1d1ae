/**
 * Tensors joined into one, and one cut into several.
 *
 * @module
 */
import { record, recordMany } from "../autograd/node.ts";
import { int64, promoteTypes } from "../dtype.ts";
import { empty, view } from "../make.ts";
import { formatSizes, product, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { castTo, checkDevices, isTensor } from "./elementwise.ts";
import { narrow, select, sliceAlong } from "./movement.ts";
import { copyElementsTo } from "./strided.ts";

/**
 * The tensors one after another along `dim`.
 *
 * @throws {Error} When there is none, or other sizes differ.
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  if (tensors.length === 0) throw new Error("torch.cat(): expected a non-empty list of Tensors");
  // PyTorch lets a 1-d tensor without elements stand beside anything.
  const parts = tensors.filter((t) => !(t.ndim === 1 && t.count === 0));
  if (parts.length === 0) return tensors[0].clone();
  const first = parts[0];
  if (first.ndim === 0) throw new Error("zero-dimensional tensor (at position 0) cannot be concatenated");
  const d = wrapDim(dim, first.ndim);
  let length = 0, dtype = tensors[0].dtype;
  tensors.forEach((t) => dtype = promoteTypes(dtype, t.dtype));
  parts.forEach((t, i) => {
    checkDevices("cat", first, t);
    if (t.ndim !== first.ndim) {
      throw new Error(`Tensors must have same number of dimensions: got ${first.ndim} and ${t.ndim} (cat)`);
    }
    t.sizes.forEach((s, k) => {
      if (k !== d && s !== first.sizes[k]) {
        throw new Error(
          `Sizes of tensors must match except in dimension ${d}. Expected size ${
            first.sizes[k]
          } but got size ${s} for ` +
            `tensor number ${i} in the list. (cat of ${formatSizes(first.sizes)} and ${formatSizes(t.sizes)})`,
        );
      }
    });
    length += t.sizes[d];
  });
  const sizes = first.sizes.map((s, k) => k === d ? length : s);
  const y = empty(sizes, dtype, first.device);
  const starts: number[] = [];
  let start = 0;
  for (const t of parts) {
    starts.push(start);
    if (t.count > 0) copyElementsTo(view(y, t.sizes, y.strides, start * y.strides[d]), castTo(t, dtype));
    start += t.sizes[d];
  }
  return record(
    "CatBackward0",
    y,
    parts,
    [],
    (dy, _, needs) => parts.map((t, i) => needs[i] ? narrow(dy, d, starts[i], t.sizes[d]) : null),
  );
}

/**
 * The tensors along a new dimension.
 *
 * @throws {Error} When there is none, or their sizes differ.
 */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  if (tensors.length === 0) throw new Error("stack expects a non-empty TensorList");
  const first = tensors[0];
  const d = wrapDim(dim, first.ndim + 1);
  let dtype = first.dtype;
  tensors.forEach((t, i) => {
    dtype = promoteTypes(dtype, t.dtype);
    checkDevices("stack", first, t);
    if (t.ndim !== first.ndim || t.sizes.some((s, k) => s !== first.sizes[k])) {
      throw new Error(
        `stack expects each tensor to be equal size, but got ${formatSizes(first.sizes)} at entry 0 and ` +
          `${formatSizes(t.sizes)} at entry ${i}`,
      );
    }
  });
  const sizes = [...first.sizes.slice(0, d), tensors.length, ...first.sizes.slice(d)];
  const y = empty(sizes, dtype, first.device);
  const strides = y.strides.filter((_, k) => k !== d);
  tensors.forEach((t, i) => {
    if (t.count > 0) copyElementsTo(view(y, t.sizes, strides, i * y.strides[d]), castTo(t, dtype));
  });
  return record(
    "StackBackward0",
    y,
    tensors,
    [],
    (dy, _, needs) => tensors.map((_, i) => needs[i] ? select(dy, d, i) : null),
  );
}

/** The rows along `dim`, each without that dimension, as views. */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  const d = wrapDim(dim, x.ndim);
  if (x.ndim === 0) throw new RangeError("Dimension specified as 0 but tensor has no dimensions");
  const sizes = x.sizes.filter((_, k) => k !== d), strides = x.strides.filter((_, k) => k !== d);
  const outputs = Array.from({ length: x.sizes[d] }, (_, i) => view(x, sizes, strides, x.offset + i * x.strides[d]));
  return recordMany("UnbindBackward0", outputs, [x], [], (dys) => [stack(filled(dys, outputs), d)]);
}

/** Gradients with zeros for the outputs that nobody used. */
function filled(dys: readonly (Tensor | null)[], outputs: readonly Tensor[]): Tensor[] {
  return dys.map((dy, i) => dy ?? outputs[i].like().zero_());
}

/**
 * Pieces of the given lengths along `dim`, as views.
 *
 * @throws {RangeError} When the lengths do not add up to the size of `dim`.
 */
export function splitWithSizes(x: Tensor, lengths: Sizes, dim = 0, name = "SplitWithSizesBackward0"): Tensor[] {
  const d = wrapDim(dim, x.ndim);
  const total = lengths.reduce((a, b) => a + b, 0);
  if (total !== x.sizes[d] || lengths.some((l) => l < 0)) {
    throw new RangeError(
      `split_with_sizes expects split_sizes to sum exactly to ${
        x.sizes[d]
      } (input tensor's size at dimension ${d}), but got ` +
        `split_sizes=${formatSizes(lengths)}`,
    );
  }
  let start = 0;
  const outputs = lengths.map((length) => {
    const y = view(x, x.sizes.map((s, k) => k === d ? length : s), x.strides, x.offset + start * x.strides[d]);
    start += length;
    return y;
  });
  return recordMany(name, outputs, [x], [], (dys) => [cat(filled(dys, outputs), d)]);
}

/** Pieces of `size` along `dim`, the last one shorter where it must be; or pieces of the listed sizes. */
export function split(x: Tensor, size: number | Sizes, dim = 0): Tensor[] {
  if (typeof size !== "number") return splitWithSizes(x, size, dim);
  if (x.ndim === 0) throw new RangeError("split expects at least a 1-dimensional tensor");
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  if (size < 0) throw new RangeError(`split expects split_size be non-negative, but got split_size=${size}`);
  if (size === 0 && n > 0) {
    throw new RangeError(`split_size can only be 0 if dimension size is 0, but got dimension size of ${n}`);
  }
  const pieces = size === 0 ? 1 : Math.max(Math.ceil(n / size), 1);
  const lengths = Array.from({ length: pieces }, (_, i) => Math.min(size, n - i * size));
  return splitWithSizes(x, lengths, d, "SplitBackward0");
}

/** At most `chunks` pieces of equal length along `dim`. */
export function chunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  if (!(chunks > 0)) throw new RangeError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
  if (x.ndim === 0) throw new RangeError("chunk expects at least a 1-dimensional tensor");
  const n = x.sizes[wrapDim(dim, x.ndim)];
  const size = Math.ceil(n / chunks);
  return size === 0 ? splitWithSizes(x, new Array<number>(chunks).fill(0), dim) : split(x, size, dim);
}

/**
 * Pieces along `dim`: a number of nearly equal ones, or between the listed indices.
 *
 * @param where As a tensor: of no dimension a number of pieces, of one dimension indices.
 */
export function tensorSplit(x: Tensor, where: number | Sizes | Tensor, dim = 0): Tensor[] {
  if (x.ndim === 0) {
    throw new RangeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
  }
  if (isTensor(where)) {
    if (where.dtype !== int64) {
      throw new TypeError(
        `tensor_split expected tensor_indices_or_sections to have dtype of long, but got ${where.dtype.name}`,
      );
    }
    if (where.ndim > 1) {
      throw new RangeError(
        "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got " +
          `a tensor with ${where.ndim} dims`,
      );
    }
    return tensorSplit(x, where.tolist() as number | number[], dim);
  }
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  if (typeof where === "number") {
    if (!(where > 0)) throw new RangeError(`number of sections must be larger than 0, got ${where}`);
    let start = 0;
    return Array.from({ length: where }, (_, i) => {
      const length = Math.floor(n / where) + (i < n % where ? 1 : 0);
      const piece = sliceAlong(x, d, start, start + length);
      start += length;
      return piece;
    });
  }
  const ends = [...where, n];
  return ends.map((end, i) => sliceAlong(x, d, i === 0 ? 0 : ends[i - 1], end));
}

/** `x` repeated: `sizes` times along each dimension, new ones in front. */
export function repeat(x: Tensor, sizes: Sizes): Tensor {
  if (sizes.length < x.ndim) {
    throw new RangeError(
      "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor " +
        `(${sizes.length} < ${x.ndim})`,
    );
  }
  if (sizes.some((s) => s < 0)) {
    throw new RangeError(`Trying to create tensor with negative dimension: ${formatSizes(sizes)}`);
  }
  const own = [...new Array<number>(sizes.length - x.ndim).fill(1), ...x.sizes];
  const y = empty(own.map((s, i) => s * sizes[i]), x.dtype, x.device);
  // y as [times, size] pairs; x is repeated along each `times` by a stride of 0.
  const pairs = own.flatMap((s, i) => [sizes[i], s]);
  const yStrides = own.flatMap((s, i) => [s * y.strides[i], y.strides[i]]);
  const lead = sizes.length - x.ndim;
  const xStrides = own.flatMap((_, i) => [0, i < lead ? 0 : x.strides[i - lead]]);
  if (y.count > 0) copyElementsTo(view(y, pairs, yStrides, 0), view(x, pairs, xStrides, x.offset));
  return record("RepeatBackward0", y, [x], [], (dy) => [
    product(sizes) === 0 ? x.like().zero_() : dy.contiguous().view(pairs).sum(own.map((_, i) => 2 * i)).view(own).sum(
      Array.from({ length: lead }, (_, i) => i),
    ).view(x.sizes),
  ]);
}
