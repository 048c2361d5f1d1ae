/**
 * Matrix products. Transposes are strides: nothing is copied for them.
 *
 * @module
 */
import { type Call, inOrder } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { float32 } from "../dtype.ts";
import { empty, isHalf, view as viewOf } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { broadcastSizes, contiguousStrides, formatSizes, product } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { checkOptions, isOptions } from "../check.ts";
import { castTo, checkDevices, unsupported } from "./elementwise.ts";
import { expand, reshape, squeeze, t, transpose, unsqueeze, view } from "./movement.ts";

/** What happens to the product before it is stored. */
export const activation = { none: 0, relu: 1 } as const;

/** Checks that two tensors can be multiplied as far as types and devices go. @internal */
export function sameType(operation: string, a: Tensor, b: Tensor): void {
  checkDevices(operation, a, b);
  if (a.dtype !== b.dtype) {
    throw new TypeError(`expected m1 and m2 to have the same dtype, but got: ${a.dtype} != ${b.dtype} (${operation})`);
  }
}

/**
 * The kernel on matrices [m, k]·[k, n], or on batches of them: act(alpha·a·b + beta·bias), the bias broadcast.
 * Outside of the graph.
 */
export function gemm(
  a: Tensor,
  b: Tensor,
  bias: Tensor | null = null,
  alpha = 1,
  beta = 1,
  act: number = activation.none,
): Tensor {
  if (isHalf(a.dtype)) {
    const wide = bias === null ? null : castTo(bias, float32);
    return castTo(gemm(castTo(a, float32), castTo(b, float32), wide, alpha, beta, act), a.dtype);
  }
  const batched = a.sizes.length === 3 ? 1 : 0;
  const batch = batched ? a.sizes[0] : 1;
  const m = a.sizes[batched], k = a.sizes[batched + 1], n = b.sizes[batched + 1];
  const c = empty(batched ? [batch, m, n] : [m, n], a.dtype, a.storage.device);
  meta[0] = m;
  meta[1] = n;
  meta[2] = k;
  meta[3] = act;
  meta[4] = 1;
  meta[5] = batch;
  meta[6] = a.strides[batched];
  meta[7] = a.strides[batched + 1];
  meta[8] = 0;
  meta[9] = batched ? a.strides[0] : 0;
  meta[10] = b.strides[batched];
  meta[11] = b.strides[batched + 1];
  meta[12] = 0;
  meta[13] = batched ? b.strides[0] : 0;
  meta[14] = n;
  meta[15] = 0;
  meta[16] = m * n;
  meta[17] =
    meta[18] =
    meta[19] =
    meta[20] =
      0;
  if (bias !== null) {
    const lead = c.sizes.length - bias.sizes.length;
    for (let i = 0; i < bias.sizes.length; i++) {
      if (bias.sizes[i] === 1 && c.sizes[i + lead] !== 1) continue;
      const row = c.sizes.length - 2;
      meta[i + lead === row ? 17 : i + lead > row ? 18 : 20] = bias.strides[i];
    }
  }
  const status = c.kernels.matmul(
    a.dtype.code,
    c.ptr,
    a.ptr,
    b.ptr,
    bias === null ? null : bias.ptr,
    alpha,
    beta,
    metaPtr,
  );
  if (status !== 0) throw unsupported("addmm_impl_cpu_", a.dtype);
  return c;
}

/**
 * The product of two matrices, [m, k]·[k, n].
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function mm(a: Tensor, b: Tensor): Tensor {
  if (a.ndim !== 2 || b.ndim !== 2) {
    throw new RangeError(
      `${a.ndim !== 2 ? "self" : "mat2"} must be a matrix (mm of shapes ${formatSizes(a.sizes)} and ${
        formatSizes(b.sizes)
      })`,
    );
  }
  fits("mm", a, b);
  sameType("mm", a, b);
  return record("MmBackward0", gemm(a, b), [a, b], saveBoth(a, b), turned(b) ? mmBackwardTurned : mmBackward);
}

/** Whether columns are adjacent, as in a transposed weight: its gradient is then laid out so too, as PyTorch does. */
function turned(b: Tensor): boolean {
  return b.strides[0] === 1 && b.strides[1] > 1;
}

function saveBoth(a: Tensor, b: Tensor): (Tensor | null)[] {
  return [b.requiresGrad ? a : null, a.requiresGrad ? b : null];
}

function mmBackward(dy: Tensor, [a, b]: Tensor[], needs: boolean[]): (Tensor | null)[] {
  return [needs[0] ? mm(dy, t(b)) : null, needs[1] ? mm(t(a), dy) : null];
}

function mmBackwardTurned(dy: Tensor, [a, b]: Tensor[], needs: boolean[]): (Tensor | null)[] {
  return [needs[0] ? mm(dy, t(b)) : null, needs[1] ? t(mm(t(dy), a)) : null];
}

function fits(operation: string, a: Tensor, b: Tensor): void {
  if (a.sizes[a.ndim - 1] !== b.sizes[b.ndim - 2]) {
    throw new RangeError(
      `mat1 and mat2 shapes cannot be multiplied (${product(a.sizes.slice(0, -1))}x${a.sizes[a.ndim - 1]} and ` +
        `${b.sizes[b.ndim - 2]}x${b.sizes[b.ndim - 1]}) (${operation} of shapes ${formatSizes(a.sizes)} and ` +
        `${formatSizes(b.sizes)})`,
    );
  }
}

/** beta·bias + alpha·a·b, the bias broadcast to [m, n]. */
export function addmm(bias: Tensor, a: Tensor, b: Tensor, beta = 1, alpha = 1): Tensor {
  if (a.ndim !== 2 || b.ndim !== 2) {
    throw new RangeError(
      `${a.ndim !== 2 ? "mat1" : "mat2"} must be a matrix, got ${(a.ndim !== 2 ? a : b).ndim}-D tensor (addmm)`,
    );
  }
  fits("addmm", a, b);
  sameType("addmm", a, b);
  sameType("addmm", a, bias);
  expandable("addmm", bias, [a.sizes[0], b.sizes[1]]);
  const y = gemm(a, b, bias, alpha, beta), across = turned(b);
  return record("AddmmBackward0", y, [bias, a, b], saveBoth(a, b), (dy, [a, b], needs) => {
    const scaled = alpha === 1 ? dy : mul(dy, alpha);
    return [
      needs[0] ? (beta === 1 ? dy : mul(dy, beta)) : null,
      needs[1] ? mm(scaled, t(b)) : null,
      needs[2] ? (across ? t(mm(t(scaled), a)) : mm(t(a), scaled)) : null,
    ];
  });
}

/** Checks that `bias` can be broadcast to the shape of a product. @internal */
export function expandable(operation: string, bias: Tensor, sizes: readonly number[]): void {
  const lead = sizes.length - bias.ndim;
  if (lead < 0 || bias.sizes.some((s, i) => s !== 1 && s !== sizes[i + lead])) {
    throw new RangeError(
      `The expanded size of the tensor (${formatSizes(sizes)}) must match the existing size (${
        formatSizes(bias.sizes)
      }) ` +
        `of the added tensor (${operation})`,
    );
  }
}

/** Products of matrices in batches, [batch, m, k]·[batch, k, n]. */
export function bmm(a: Tensor, b: Tensor): Tensor {
  if (a.ndim !== 3 || b.ndim !== 3) throw new RangeError(`${a.ndim !== 3 ? "batch1" : "batch2"} must be a 3D tensor`);
  if (a.sizes[0] !== b.sizes[0] || a.sizes[2] !== b.sizes[1]) {
    throw new RangeError(
      `Expected size for first two dimensions of batch2 tensor to be: [${a.sizes[0]}, ${a.sizes[2]}] but got: ` +
        `[${b.sizes[0]}, ${b.sizes[1]}]. (bmm)`,
    );
  }
  sameType("bmm", a, b);
  return record("BmmBackward0", gemm(a, b), [a, b], saveBoth(a, b), (dy, [a, b], needs) => [
    needs[0] ? bmm(dy, transpose(b, 1, 2)) : null,
    needs[1] ? bmm(transpose(a, 1, 2), dy) : null,
  ]);
}

/** A matrix times a vector, [m, k]·[k]. */
export function mv(a: Tensor, x: Tensor): Tensor {
  if (a.ndim !== 2 || x.ndim !== 1) {
    throw new RangeError(`vector + matrix @ vector expected, got ${a.ndim}, ${x.ndim} (mv)`);
  }
  if (a.sizes[1] !== x.sizes[0]) {
    throw new RangeError(`size mismatch, got input (${a.sizes[0]}x${a.sizes[1]}), vec (${x.sizes[0]}) (mv)`);
  }
  sameType("mv", a, x);
  const y = gemm(a.detached(), unsqueeze(x.detached(), 1));
  return record("MvBackward0", squeezeLast(y), [a, x], saveBoth(a, x), (dy, [a, x], needs) => [
    needs[0] ? mul(unsqueeze(dy, 1), unsqueeze(x, 0)) : null,
    needs[1] ? mv(t(a), dy) : null,
  ]);
}

/** The kernel's own result without its last dimension: still an output of its own, not a view of one. @internal */
export function squeezeLast(y: Tensor): Tensor {
  y.relocate(y.storage, y.sizes.slice(0, -1), y.strides.slice(0, -1), y.count);
  return y;
}

/** The sum of products of two vectors. */
export function dot(a: Tensor, b: Tensor, name = "DotBackward0"): Tensor {
  if (a.ndim !== 1 || b.ndim !== 1) {
    throw new RangeError(`1D tensors expected, but got ${a.ndim}D and ${b.ndim}D tensors`);
  }
  if (a.dtype !== b.dtype) {
    throw new TypeError(`dot : expected both vectors to have same dtype, but found ${a.dtype} and ${b.dtype}`);
  }
  if (a.count !== b.count) {
    throw new RangeError(
      `inconsistent tensor size, expected tensor [${a.count}] and src [${b.count}] to have the same number of elements, but ` +
        `got ${a.count} and ${b.count} elements respectively`,
    );
  }
  sameType("dot", a, b);
  const y = gemm(unsqueeze(a.detached(), 0), unsqueeze(b.detached(), 1));
  return record(name, squeezeLast(squeezeLast(y)), [a, b], saveBoth(a, b), (dy, [a, b], needs) => [
    needs[0] ? mul(dy, b) : null,
    needs[1] ? mul(dy, a) : null,
  ]);
}

/**
 * The matrix product by PyTorch's rules: vectors are rows on the left and columns on the right, leading dimensions
 * are a batch and broadcast.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const na = a.ndim, nb = b.ndim;
  if (na === 2 && nb === 2) return mm(a, b);
  if (na === 0 || nb === 0) {
    throw new RangeError(`both arguments to matmul need to be at least 1D, but they are ${na}D and ${nb}D`);
  }
  if (na === 1 && nb === 1) return dot(a, b);
  if (na === 2 && nb === 1) return mv(a, b);
  if (na === 1 && nb === 2) return squeeze(mm(unsqueeze(a, 0), b), 0, "SqueezeBackward4");
  if (na === 1) return squeeze(matmul(unsqueeze(a, 0), b), -2);
  if (nb === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  fits("matmul", a, b);
  if (nb === 2) {
    // One matrix on the right serves all rows: a single product.
    const rows = reshape(a, [product(a.sizes.slice(0, -1)), a.sizes[na - 1]]);
    return unsafeView(mm(rows, b), [...a.sizes.slice(0, -1), b.sizes[1]]);
  }
  const batch = broadcastSizes(a.sizes.slice(0, -2), b.sizes.slice(0, -2), "matmul");
  const [m, k] = a.sizes.slice(-2), n = b.sizes[nb - 1];
  const left = reshape(expand(a, [...batch, m, k]), [product(batch), m, k]);
  const right = reshape(expand(b, [...batch, k, n]), [product(batch), k, n]);
  return unsafeView(bmm(left, right), [...batch, m, n]);
}

/** A view that PyTorch's graph names so because nobody else sees what it views. */
function unsafeView(x: Tensor, sizes: readonly number[]): Tensor {
  const y = viewOf(x, sizes, contiguousStrides(sizes), x.offset);
  return record("UnsafeViewBackward0", y, [x], [], (dy) => [reshape(dy, x.sizes)]);
}

/**
 * x·Wᵀ + b, over the last dimension.
 *
 * @throws {RangeError} When the number of features differs.
 */
export function linear(
  x: Tensor,
  ...given: Call<
    [weight: Tensor, bias?: Tensor | null | { bias?: Tensor | null }],
    { weight: Tensor; bias?: Tensor | null }
  >
): Tensor {
  const [weight, last = null] = inOrder("linear", given, ["weight"]);
  if (isOptions(last)) checkOptions("linear", last, ["bias"]);
  // What is no options object is a tensor, or null.
  const bias = isOptions(last) ? (last as { bias?: Tensor | null }).bias ?? null : last as Tensor | null;
  const features = x.sizes[x.ndim - 1], expected = weight.sizes[weight.ndim - 1];
  if (x.ndim === 0 || features !== expected) {
    throw new RangeError(
      `linear: input has ${features ?? 0} features but weight expects ${expected} (input ${
        formatSizes(x.sizes)
      }, weight ` +
        `${formatSizes(weight.sizes)}): mat1 and mat2 shapes cannot be multiplied`,
    );
  }
  if (weight.ndim === 1) {
    const y = matmul(x, weight);
    return bias === null ? y : add(y, bias);
  }
  if (x.dtype !== weight.dtype) {
    throw new TypeError(
      `mat1 and mat2 must have the same dtype, but got ${x.dtype} and ${weight.dtype} (linear)`,
    );
  }
  if (bias === null) return matmul(x, t(weight));
  if (x.ndim === 2) return addmm(bias, x, t(weight));
  const rows = addmm(bias, reshape(x, [-1, features]), t(weight));
  return view(rows, [...x.sizes.slice(0, -1), weight.sizes[0]]);
}
