/**
 * Views: new sizes and strides on the same memory. Only `reshape` and `contiguous` ever copy, and only when they must.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { empty, view as viewOf } from "../make.ts";
import {
  contiguousStrides,
  expandStrides,
  formatSizes,
  inferSizes,
  sameSizes,
  type Sizes,
  viewStrides,
  wrapDim,
} from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fill_ } from "./fill.ts";
import { clone, copyElementsTo } from "./strided.ts";

/**
 * The same elements with other sizes, without a copy; one size may be -1.
 *
 * @throws {RangeError} When the element counts differ or the strides allow no such view.
 */
export function view(x: Tensor, sizes: Sizes): Tensor {
  const target = inferSizes(sizes, x.count, x.sizes);
  const strides = x.isContiguous() ? contiguousStrides(target) : viewStrides(x.sizes, x.strides, target);
  if (strides === null) {
    throw new RangeError(
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two " +
        `contiguous subspaces). Use .reshape(...) instead. (sizes ${formatSizes(x.sizes)}, strides ` +
        `${formatSizes(x.strides)}, wanted ${formatSizes(target)})`,
    );
  }
  return record("ViewBackward0", viewOf(x, target, strides, x.offset), [x], [], (dy) => [reshape(dy, x.sizes)]);
}

/** The same elements with other sizes: a view where possible, else a copy. */
export function reshape(x: Tensor, sizes: Sizes): Tensor {
  const target = inferSizes(sizes, x.count, x.sizes);
  const strides = x.isContiguous() ? contiguousStrides(target) : viewStrides(x.sizes, x.strides, target);
  if (strides !== null) {
    return record("ViewBackward0", viewOf(x, target, strides, x.offset), [x], [], (dy) => [reshape(dy, x.sizes)]);
  }
  const y = clone(x);
  return record(
    "UnsafeViewBackward0",
    viewOf(y, target, contiguousStrides(target), 0),
    [y],
    [],
    (dy) => [reshape(dy, y.sizes)],
  );
}

/** Swaps two dimensions. */
export function transpose(x: Tensor, dim0: number, dim1: number, name = "TransposeBackward0"): Tensor {
  const a = wrapDim(dim0, x.ndim), b = wrapDim(dim1, x.ndim);
  const sizes = [...x.sizes], strides = [...x.strides];
  if (sizes.length > 0) {
    [sizes[a], sizes[b]] = [sizes[b], sizes[a]];
    [strides[a], strides[b]] = [strides[b], strides[a]];
  }
  return record(name, viewOf(x, sizes, strides, x.offset), [x], [], (dy) => [transpose(dy, a, b, name)]);
}

/**
 * The transpose of a matrix; a vector or a 0-d tensor as it is.
 *
 * @throws {RangeError} For more than two dimensions.
 */
export function t(x: Tensor): Tensor {
  if (x.ndim > 2) {
    throw new RangeError(
      `t() expects a tensor with <= 2 dimensions, but self is ${x.ndim}D (shape ${formatSizes(x.sizes)})`,
    );
  }
  const sizes = [...x.sizes].reverse(), strides = [...x.strides].reverse();
  return record("TBackward0", viewOf(x, sizes, strides, x.offset), [x], [], (dy) => [t(dy)]);
}

/** Puts the dimensions in the order `dims`. */
export function permute(x: Tensor, dims: Sizes): Tensor {
  if (dims.length !== x.ndim) {
    throw new RangeError(
      "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of " +
        `dimensions i.e. input.dim() = ${x.ndim} is not equal to len(dims) = ${dims.length}`,
    );
  }
  const order = dims.map((d) => wrapDim(d, x.ndim));
  if (new Set(order).size !== order.length) throw new RangeError("permute(): duplicate dims are not allowed.");
  const inverse = new Array<number>(order.length);
  order.forEach((d, i) => inverse[d] = i);
  const y = viewOf(x, order.map((d) => x.sizes[d]), order.map((d) => x.strides[d]), x.offset);
  return record("PermuteBackward0", y, [x], [], (dy) => [permute(dy, inverse)]);
}

/**
 * Repeats dimensions of size 1 up to `sizes`, without a copy; -1 keeps a size.
 *
 * @throws {RangeError} When a size other than 1 would have to change.
 */
export function expand(x: Tensor, sizes: Sizes): Tensor {
  const lead = sizes.length - x.ndim;
  if (lead < 0) {
    throw new RangeError(
      `expand(torch.FloatTensor{${formatSizes(x.sizes)}}, size=${formatSizes(sizes)}): the number of sizes provided ` +
        `(${sizes.length}) must be greater or equal to the number of dimensions in the tensor (${x.ndim})`,
    );
  }
  const target = sizes.map((s, i) => {
    if (s === -1 && i >= lead) return x.sizes[i - lead];
    if (s < 0) {
      throw new RangeError(
        `The expanded size of the tensor (${s}) isn't allowed in a leading, non-existing dimension ${i}`,
      );
    }
    if (i >= lead && x.sizes[i - lead] !== s && x.sizes[i - lead] !== 1) {
      throw new RangeError(
        `The expanded size of the tensor (${s}) must match the existing size (${x.sizes[i - lead]}) at non-singleton ` +
          `dimension ${i}.  Target sizes: ${formatSizes(sizes)}.  Tensor sizes: ${formatSizes(x.sizes)}`,
      );
    }
    return s;
  });
  const y = viewOf(x, target, expandStrides(x.sizes, x.strides, target), x.offset);
  return record("ExpandBackward0", y, [x], [], (dy) => [dy]); // Summed back to x's shape by the engine.
}

/** Removes dimensions of size 1: all of them, one, or those listed. */
export function squeeze(x: Tensor, dim?: number | Sizes, name: string = squeezeName(dim)): Tensor {
  const chosen = dim === undefined
    ? x.sizes.map((_, i) => i)
    : (typeof dim === "number" ? [dim] : dim).map((d) => wrapDim(d, x.ndim));
  const kept = x.sizes.map((_, i) => i).filter((i) => x.sizes[i] !== 1 || !chosen.includes(i));
  const y = viewOf(x, kept.map((i) => x.sizes[i]), kept.map((i) => x.strides[i]), x.offset);
  return record(name, y, [x], [], (dy) => [reshape(dy, x.sizes)]);
}

function squeezeName(dim: number | Sizes | undefined): string {
  return dim === undefined ? "SqueezeBackward0" : typeof dim === "number" ? "SqueezeBackward1" : "SqueezeBackward2";
}

/** Adds a dimension of size 1. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const at = wrapDim(dim, x.ndim + 1);
  const sizes = [...x.sizes], strides = [...x.strides];
  sizes.splice(at, 0, 1);
  strides.splice(at, 0, at < x.ndim ? x.sizes[at] * x.strides[at] : 1);
  return record("UnsqueezeBackward0", viewOf(x, sizes, strides, x.offset), [x], [], (dy) => [squeeze(dy, at)]);
}

/** Row `index` along `dim`, without that dimension. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  if (x.ndim === 0) throw new RangeError("select() cannot be applied to a 0-dim tensor.");
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  if (!(Number.isInteger(index) && index >= -n && index < n)) {
    throw new RangeError(
      `select(): index ${index} out of range for tensor of size ${formatSizes(x.sizes)} at dimension ${d}`,
    );
  }
  const at = index < 0 ? index + n : index;
  const sizes = x.sizes.filter((_, i) => i !== d), strides = x.strides.filter((_, i) => i !== d);
  const y = viewOf(x, sizes, strides, x.offset + at * x.strides[d]);
  return record("SelectBackward0", y, [x], [], (dy) => [selectBackward(dy, x.sizes, d, at)]);
}

/** The adjoint of {@linkcode select}: zeros with `dy` as row `index`. */
export function selectBackward(dy: Tensor, sizes: Sizes, dim: number, index: number): Tensor {
  const dx = zerosLikeGrad(dy, sizes);
  const strides = dx.strides.filter((_, i) => i !== dim);
  copyElementsTo(viewOf(dx, dy.sizes, strides, index * dx.strides[dim]), dy);
  return record("SelectBackwardBackward0", dx, [dy], [], (ddx) => [select(ddx, dim, index)]);
}

function zerosLikeGrad(dy: Tensor, sizes: Sizes): Tensor {
  const dx = empty(sizes, dy.dtype, dy.device);
  fill_(dx, 0);
  return dx;
}

/** Elements start, start + step, … before `stop` along `dim`, with Python's rules for negative and large bounds. */
export function sliceAlong(
  x: Tensor,
  dim: number,
  start: number | null = null,
  stop: number | null = null,
  step = 1,
): Tensor {
  if (x.ndim === 0) throw new RangeError("slice() cannot be applied to a 0-dim tensor.");
  if (!(Number.isInteger(step) && step > 0)) throw new RangeError(`slice step must be positive (got ${step})`);
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  const clamp = (v: number | null, otherwise: number): number =>
    v === null ? otherwise : Math.min(Math.max(v < 0 ? v + n : v, 0), n);
  const begin = clamp(start, 0), end = Math.max(clamp(stop, n), begin);
  const sizes = [...x.sizes], strides = [...x.strides];
  sizes[d] = Math.ceil((end - begin) / step);
  strides[d] *= step;
  const y = viewOf(x, sizes, strides, x.offset + begin * x.strides[d]);
  return record("SliceBackward0", y, [x], [], (dy) => [sliceBackward(dy, x.sizes, d, begin, step)]);
}

/** The adjoint of {@linkcode sliceAlong}: zeros with `dy` where the slice was. */
export function sliceBackward(dy: Tensor, sizes: Sizes, dim: number, begin: number, step: number): Tensor {
  const dx = zerosLikeGrad(dy, sizes);
  const strides = [...dx.strides];
  strides[dim] *= step;
  if (dy.count > 0) copyElementsTo(viewOf(dx, dy.sizes, strides, begin * dx.strides[dim]), dy);
  const end = begin + dy.sizes[dim] * step;
  return record("SliceBackwardBackward0", dx, [dy], [], (ddx) => [sliceAlong(ddx, dim, begin, end, step)]);
}

/**
 * `length` elements from `start` on along `dim`.
 *
 * @throws {RangeError} When they reach outside.
 */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  if (x.ndim === 0) throw new RangeError("narrow() cannot be applied to a 0-dim tensor.");
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  if (length < 0) throw new RangeError("narrow(): length must be non-negative.");
  const begin = start < 0 ? start + n : start;
  if (!(start >= -n && start <= n)) {
    throw new RangeError(`start (${start}) is out of range for dimension ${d} of size ${n}: expected [${-n}, ${n}]`);
  }
  if (begin + length > n) {
    throw new RangeError(`start (${start}) + length (${length}) exceeds dimension size (${n}).`);
  }
  return sliceAlong(x, d, begin, begin + length);
}

/** Joins the dimensions from `start` to `end` into one; a 0-d tensor becomes 1-d. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  const a = wrapDim(start, x.ndim), b = wrapDim(end, x.ndim);
  if (a > b) throw new RangeError("flatten() has invalid args: start_dim cannot come after end_dim");
  if (x.ndim === 0) return reshape(x, [1]);
  if (a === b) return x;
  let joined = 1;
  for (let i = a; i <= b; i++) joined *= x.sizes[i];
  return reshape(x, [...x.sizes.slice(0, a), joined, ...x.sizes.slice(b + 1)]);
}

/** The reverse of {@linkcode flatten}: cuts one dimension into several, one of which may be -1. */
export function unflatten(x: Tensor, dim: number, sizes: Sizes): Tensor {
  const d = wrapDim(dim, x.ndim);
  if (sizes.length === 0) throw new RangeError("unflatten: sizes must be non-empty");
  const parts = inferSizes(sizes, x.sizes[d], [x.sizes[d]]);
  return view(x, [...x.sizes.slice(0, d), ...parts, ...x.sizes.slice(d + 1)]);
}

/** The larger of two shapes when `x` only has to be repeated to get there. */
export function expandAs(x: Tensor, other: Tensor): Tensor {
  return sameSizes(x.sizes, other.sizes) ? x : expand(x, other.sizes);
}
