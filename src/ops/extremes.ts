/**
 * The largest and smallest along one dimension, with where they are.
 *
 * @module
 */
import { reduce } from "../../ffi/symbols.ts";
import { kindOf } from "../check.ts";
import { recordMany } from "../autograd/node.ts";
import { float32, int64 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { type Named, named } from "../named.ts";
import { wrapDim, wrapDims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul } from "./arithmetic.ts";
import { eq } from "./compare.ts";
import { unsupported } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { amax, amin, type Dims, fold, sum, unreduce } from "./reduce.ts";
import { recordPicked, recordSqueezed, type ValuesIndices } from "./sort.ts";

function along(operation: string, name: string, op: number, x: Tensor, dim: number, keepdim: boolean): ValuesIndices {
  if (x.ndim === 0) {
    wrapDim(dim, 0);
    const one = along(operation, name, op, reshape(x, [1]), 0, true);
    return named({ values: reshape(one.values, []), indices: reshape(one.indices, []) });
  }
  const d = wrapDim(dim, x.ndim);
  if (x.sizes[d] === 0) {
    throw new RangeError(`${operation}(): Expected reduction dim ${d} to have non-zero size.`);
  }
  if (isHalf(x.dtype)) {
    const wide = along(operation, name, op, x.to(float32), d, keepdim);
    return named({ values: wide.values.to(x.dtype), indices: wide.indices });
  }
  const f = fold(x, [d]);
  const values = empty(f.keptDims, x.dtype, x.device), indices = empty(f.keptDims, int64, x.device);
  if (x.kernels.reduce(op, x.dtype.code, values.ptr, indices.ptr, f.x.ptr, f.outer, f.reduce, f.inner, 0) !== 0) {
    throw unsupported(operation, x.dtype);
  }
  if (!keepdim && !x.requiresGrad) {
    values.relocate(values.storage, f.kept, values.strides.filter((_, i) => i !== d), values.count);
    indices.relocate(indices.storage, f.kept, indices.strides.filter((_, i) => i !== d), indices.count);
    return named({ values, indices });
  }
  return keepdim ? recordPicked(name, x, d, values, indices) : recordSqueezed(name, x, d, values, indices);
}

/** The largest along `dim` and its index, the first of equals. */
export function maxAlong(x: Tensor, dim: number, keepdim = false): ValuesIndices {
  return along("max", "MaxBackward0", reduce.max, x, dim, keepdim);
}

/** The smallest along `dim` and its index, the first of equals. */
export function minAlong(x: Tensor, dim: number, keepdim = false): ValuesIndices {
  return along("min", "MinBackward0", reduce.min, x, dim, keepdim);
}

/** Both extremes. */
export type MinMax = Named<{ min: Tensor; max: Tensor }>;

/** The smallest and the largest, of all elements or along `dim`. */
export function aminmax(x: Tensor, dim: Dims = null, keepdim = false): MinMax {
  if (dim !== null && typeof dim !== "number") {
    throw new TypeError(`aminmax(): argument 'dim' must be int, not ${kindOf(dim)}`);
  }
  const raw = x.detached(), dims = wrapDims(dim, x.ndim), none = dims.find((d) => x.sizes[d] === 0);
  if (none !== undefined) {
    throw new RangeError(
      dim === null
        ? "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        : `aminmax: Expected reduction dim ${none} to have non-zero size.`,
    );
  }
  const pair: [Tensor, Tensor] = [amin(raw, dim, keepdim), amax(raw, dim, keepdim)];
  recordMany("AminmaxBackward0", pair, [x], [x, ...pair], (dys, [x, ...ends]) => {
    // Shared evenly among equal elements.
    const parts = dys.map((dy, i) => {
      if (dy === null) return null;
      const mask = eq(x, unreduce(ends[i].detached(), x.sizes, dims, keepdim)).to(x.dtype);
      return mul(unreduce(div(dy, sum(mask, dim, keepdim)), x.sizes, dims, keepdim), mask);
    });
    return [parts[0] === null ? parts[1] : parts[1] === null ? parts[0] : parts[0].add(parts[1])];
  });
  return named({ min: pair[0], max: pair[1] });
}
