/**
 * Distances between vectors.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { empty, isHalf, throughFloat32 } from "../make.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { unsupported } from "./elementwise.ts";
import { dense } from "./strided.ts";

/**
 * The p-norms of the differences of all pairs of rows, in the order (0, 1), (0, 2), …, (1, 2), ….
 *
 * Shape: x `[rows, width]`; the result `[rows · (rows − 1) / 2]`.
 *
 * @throws {RangeError} When x is no matrix or p is negative.
 * @example
 * ```ts
 * import { F, tensor } from "@raptorch/raptorch";
 * const d = F.pdist(tensor([[0, 0], [3, 4], [0, 1]]));
 * console.assert(d.get(0).item() === 5 && d.get(1).item() === 1);
 * ```
 */
export function pdist(x: Tensor, ...rest: Trailing<[p: number], { p?: number }>): Tensor {
  const { p = 2 } = named<{ p?: number }>("pdist", rest, ["p"]);
  if (x.ndim !== 2) {
    throw new RangeError(`pdist only supports 2D tensors, got: ${x.ndim}D (${formatSizes(x.sizes)})`);
  }
  if (!x.dtype.isFloatingPoint) throw new TypeError(`pdist only supports floating-point dtypes (got ${x.dtype})`);
  if (!(p >= 0)) throw new RangeError("pdist only supports non-negative p values");
  if (isHalf(x.dtype)) return throughFloat32(x, (x) => pdist(x, p));
  const [rows, cols] = x.sizes, source = dense(x);
  const y = empty([Math.max(rows * (rows - 1) / 2, 0)], x.dtype, x.device);
  if (y.count > 0 && y.kernels.pdist(y.dtype.code, y.ptr, source.ptr, rows, cols, p) !== 0) {
    throw unsupported("pdist", x.dtype);
  }
  return record("PdistBackward0", y, [x], [source, y], (dy, [source, y]) => {
    const dx = empty(source.sizes, dy.dtype, dy.device), grad = dense(dy);
    if (dx.count === 0) return [dx];
    dx.kernels.pdistBackward(dx.dtype.code, dx.ptr, grad.ptr, source.ptr, y.ptr, rows, cols, p);
    return [record("PdistBackwardBackward0", dx, [dy, source, y], [], () => {
      throw new Error("the derivative for '_pdist_backward' is not implemented.");
    })];
  });
}
