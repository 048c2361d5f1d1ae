/**
 * Normalisation over batches, layers and groups.
 *
 * The kernels compute values and first derivatives; a backward that is itself to be differentiated is composed of
 * elementary operations on the same statistics.
 *
 * @module
 */
import { unary } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { type Grad, record } from "../autograd/node.ts";
import { float32 } from "../dtype.ts";
import { empty, isHalf, workspace } from "../make.ts";
import { formatSizes, product, sameSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { castTo, checkDevices, runUnary, unsupported } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { mean, sum } from "./reduce.ts";
import { dense } from "./strided.ts";

const pointer = (x: Tensor | null): Deno.PointerValue => x === null ? null : x.ptr;
const packed = (x: Tensor | null): Tensor | null => x === null ? null : dense(x);
const wide = (x: Tensor | null): Tensor | null => x === null ? null : castTo(x, float32);

/** x to the power −1/2. */
function rsqrt(x: Tensor): Tensor {
  const y = runUnary("rsqrt", unary.rsqrt, x);
  return record("RsqrtBackward0", y, [x], [y], (dy, [y]) => [mul(dy, mul(mul(y, mul(y, y)), -0.5))]);
}

/** The normalised input: (x − mean) / √(variance + eps) over `dims`, as a composition that can be differentiated. */
function normalised(
  x: Tensor,
  dims: readonly number[],
  eps: number,
  centered: boolean,
): { hat: Tensor; inverse: Tensor } {
  const d = centered ? sub(x, mean(x, dims, true)) : x;
  const inverse = rsqrt(add(mean(mul(d, d), dims, true), eps));
  return { hat: mul(d, inverse), inverse };
}

/**
 * The gradients of y = hat·gamma + beta with hat normalised over `dims`, composed of operations. `along` are the
 * dimensions that gamma's gradient is summed over, `shape` is gamma's shape within x.
 */
function composed(
  dy: Tensor,
  x: Tensor,
  gamma: Tensor | null,
  dims: readonly number[],
  along: readonly number[],
  shape: Sizes,
  eps: number,
  centered: boolean,
): [dx: Tensor, dgamma: () => Tensor] {
  const { hat, inverse } = normalised(x, dims, eps, centered);
  const scaled = gamma === null ? dy : mul(dy, reshape(gamma, shape));
  const projected = sub(scaled, mul(hat, mean(mul(scaled, hat), dims, true)));
  const dx = mul(inverse, centered ? sub(projected, mean(scaled, dims, true)) : projected);
  return [dx, () => reshape(sum(mul(dy, hat), along, true), gamma!.sizes)];
}

/** All dimensions but the channels'. */
function others(x: Tensor): number[] {
  return x.sizes.map((_, i) => i).filter((i) => i !== 1);
}

function channelShape(x: Tensor): number[] {
  return x.sizes.map((s, i) => i === 1 ? s : 1);
}

function checkChannels(operation: string, x: Tensor, named: Record<string, Tensor | null>): void {
  checkDevices(operation, x, ...Object.values(named));
  for (const [what, t] of Object.entries(named)) {
    if (t !== null && t.count !== x.sizes[1]) {
      throw new RangeError(
        `${what} should contain ${x.sizes[1]} elements not ${t.count} (${operation}: input ${formatSizes(x.sizes)})`,
      );
    }
  }
}

/**
 * Batch normalisation of x `[batch, channels, …]`. In training the statistics are the batch's, and the running ones move
 * towards them in place.
 *
 * @throws {RangeError} When there is one value per channel in training, or a parameter does not fit.
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  gamma: Tensor | null,
  beta: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
): Tensor {
  if (x.ndim === 1 && x.count === 0) return x.clone();
  if (x.ndim < 2) throw new RangeError(`batch_norm: expected 2D or more, got ${x.ndim}D input`);
  const inner = product(x.sizes.slice(2)), [batch, channels] = x.sizes;
  if (training && batch * inner === 1) {
    throw new RangeError(
      `Expected more than 1 value per channel when training, got input size torch.Size(${formatSizes(x.sizes)})`,
    );
  }
  if (!training && (runningMean === null || runningVar === null)) {
    throw new Error("Expected running_mean and running_var to be defined when training=False");
  }
  checkChannels("batch_norm", x, { running_mean: runningMean, running_var: runningVar, weight: gamma, bias: beta });
  const half = isHalf(x.dtype);
  const source = half ? castTo(x, float32) : dense(x);
  for (const t of [runningMean, runningVar, gamma, beta]) {
    if (!half && t !== null && t.dtype !== x.dtype) {
      throw new TypeError(`batch_norm: expected parameters of ${x.dtype}, got ${t.dtype}`);
    }
  }
  const y = empty(x.sizes, source.dtype, x.device);
  const middle = workspace([channels], source.dtype, x.device), inverse = workspace([channels], source.dtype, x.device);
  const g = packed(half ? wide(gamma) : gamma), b = packed(half ? wide(beta) : beta);
  // 16-bit statistics are moved as copies, and written back.
  const running = [runningMean, runningVar].map((t) => half ? wide(t) : t);
  const status = y.kernels.batchNorm(
    y.dtype.code,
    y.ptr,
    middle.ptr,
    inverse.ptr,
    // An empty batch has no statistics to move them by.
    training && x.count === 0 ? null : pointer(running[0]),
    training && x.count === 0 ? null : pointer(running[1]),
    source.ptr,
    pointer(g),
    pointer(b),
    batch,
    channels,
    inner,
    training ? 1 : 0,
    momentum,
    eps,
  );
  if (status !== 0) throw unsupported("batch_norm", x.dtype);
  if (training) {
    [runningMean, runningVar].forEach((t, i) => running[i] === t ? t?.bump() : t!.detached().copy_(running[i]!));
  }
  const result = castTo(y, x.dtype);
  return record(
    "NativeBatchNormBackward0",
    result,
    [x, gamma, beta],
    [x, gamma, middle, inverse],
    (dy, saved, needs) => {
      const [x, gamma, middle, inverse] = saved;
      if (mode.enabled) return differentiable(dy, x, gamma, middle, inverse, training, eps, needs);
      return batchNormBackward(dy, x, gamma, middle, inverse, training, needs);
    },
  );
}

function batchNormBackward(
  dy: Tensor,
  x: Tensor,
  gamma: Tensor | null,
  middle: Tensor,
  inverse: Tensor,
  training: boolean,
  needs: boolean[],
): Grad[] {
  const grad = dense(castTo(dy, middle.dtype)), source = dense(castTo(x, middle.dtype));
  const g = packed(gamma === null ? null : castTo(gamma, middle.dtype));
  const dx = needs[0] ? empty(x.sizes, middle.dtype, x.device) : null;
  const channels = x.sizes[1];
  const dgamma = needs[1] ? empty([channels], middle.dtype, x.device) : null;
  const dbeta = needs[2] ? empty([channels], middle.dtype, x.device) : null;
  source.kernels.batchNormBackward(
    middle.dtype.code,
    pointer(dx),
    pointer(dgamma),
    pointer(dbeta),
    grad.ptr,
    source.ptr,
    pointer(g),
    middle.ptr,
    inverse.ptr,
    x.sizes[0],
    channels,
    product(x.sizes.slice(2)),
    training ? 1 : 0,
  );
  return [dx, dgamma, dbeta];
}

function differentiable(
  dy: Tensor,
  x: Tensor,
  gamma: Tensor | null,
  middle: Tensor,
  inverse: Tensor,
  training: boolean,
  eps: number,
  needs: boolean[],
): Grad[] {
  const along = others(x), shape = channelShape(x);
  const dbeta = needs[2] ? sum(dy, along) : null;
  if (training) {
    const [dx, dgamma] = composed(dy, x, gamma, along, along, shape, eps, true);
    return [needs[0] ? dx : null, needs[1] ? dgamma() : null, dbeta];
  }
  const scale = reshape(inverse, shape);
  const scaled = gamma === null ? dy : mul(dy, reshape(gamma, shape));
  const hat = mul(sub(x, reshape(middle, shape)), scale);
  return [needs[0] ? mul(scaled, scale) : null, needs[1] ? sum(mul(dy, hat), along) : null, dbeta];
}

/** The number of trailing dimensions that `normalizedShape` covers, checked. */
function rowsOf(operation: string, x: Tensor, shape: Sizes, gamma: Tensor | null, beta: Tensor | null): number {
  if (shape.length === 0) {
    throw new RangeError(
      `Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got ` +
        `normalized_shape = [] (${operation})`,
    );
  }
  if (x.ndim < shape.length || !sameSizes(x.sizes.slice(x.ndim - shape.length), shape)) {
    throw new RangeError(
      `Given normalized_shape=${formatSizes(shape)}, expected input with shape [*, ${
        shape.join(", ")
      }], but got input of ` +
        `size${formatSizes(x.sizes)} (${operation})`,
    );
  }
  checkDevices(operation, x, gamma, beta);
  for (const [what, t] of [["weight", gamma], ["bias", beta]] as const) {
    if (t !== null && !sameSizes(t.sizes, shape)) {
      throw new RangeError(
        `Expected ${what} to be of same shape as normalized_shape, but got ${what} of shape ${
          formatSizes(t.sizes)
        } and normalized_shape = ${formatSizes(shape)} (${operation})`,
      );
    }
  }
  return product(x.sizes.slice(0, x.ndim - shape.length));
}

function lastDims(x: Tensor, n: number): number[] {
  return Array.from({ length: n }, (_, i) => x.ndim - n + i);
}

function firstDims(x: Tensor, n: number): number[] {
  return Array.from({ length: x.ndim - n }, (_, i) => i);
}

/** (x − mean) / √(variance + eps) · gamma + beta over the last dimensions, whose sizes are `shape`. */
export function layerNorm(
  x: Tensor,
  shape: Sizes,
  gamma: Tensor | null,
  beta: Tensor | null,
  eps: number,
): Tensor {
  const rows = rowsOf("layer_norm", x, shape, gamma, beta), n = shape.length;
  if (isHalf(x.dtype)) {
    return layerNorm(x.to(float32), shape, gamma?.to(float32) ?? null, beta?.to(float32) ?? null, eps).to(x.dtype);
  }
  const source = dense(x), columns = product(shape);
  const y = empty(x.sizes, x.dtype, x.device);
  const middle = workspace([rows], x.dtype, x.device), inverse = workspace([rows], x.dtype, x.device);
  const g = packed(gamma), b = packed(beta);
  const status = y.kernels.layerNorm(
    y.dtype.code,
    y.ptr,
    middle.ptr,
    inverse.ptr,
    source.ptr,
    pointer(g),
    pointer(b),
    rows,
    columns,
    eps,
  );
  if (status !== 0) throw unsupported("LayerNormKernelImpl", x.dtype);
  return record("NativeLayerNormBackward0", y, [x, gamma, beta], [x, gamma, middle, inverse], (dy, saved, needs) => {
    const [x, gamma, middle, inverse] = saved;
    if (mode.enabled) {
      const along = firstDims(x, n), dims = lastDims(x, n);
      const [dx, dgamma] = composed(dy, x, gamma, dims, along, shape, eps, true);
      return [needs[0] ? dx : null, needs[1] ? dgamma() : null, needs[2] ? reshape(sum(dy, along), shape) : null];
    }
    const grad = dense(dy), source = dense(x), g = packed(gamma);
    const dx = needs[0] ? empty(x.sizes, x.dtype, x.device) : null;
    const dgamma = needs[1] ? empty(shape, x.dtype, x.device) : null;
    const dbeta = needs[2] ? empty(shape, x.dtype, x.device) : null;
    source.kernels.layerNormBackward(
      x.dtype.code,
      pointer(dx),
      pointer(dgamma),
      pointer(dbeta),
      grad.ptr,
      source.ptr,
      pointer(g),
      middle.ptr,
      inverse.ptr,
      rows,
      columns,
    );
    return [dx, dgamma, dbeta];
  });
}

/** x / √(mean x² + eps) · gamma over the last dimensions, whose sizes are `shape`. */
export function rmsNorm(x: Tensor, shape: Sizes, gamma: Tensor | null, eps: number | null): Tensor {
  const rows = rowsOf("rms_norm", x, shape, gamma, null), n = shape.length;
  if (isHalf(x.dtype)) return rmsNorm(x.to(float32), shape, gamma?.to(float32) ?? null, eps).to(x.dtype);
  // PyTorch's default is the type's machine epsilon.
  const small = eps ?? (x.dtype === float32 ? 2 ** -23 : 2 ** -52);
  const source = dense(x), columns = product(shape), g = packed(gamma);
  const y = empty(x.sizes, x.dtype, x.device), inverse = workspace([rows], x.dtype, x.device);
  const status = y.kernels.rmsNorm(y.dtype.code, y.ptr, inverse.ptr, source.ptr, pointer(g), rows, columns, small);
  if (status !== 0) throw unsupported("rms_norm", x.dtype);
  return record("MulBackward0", y, [x, gamma], [x, gamma, inverse], (dy, [x, gamma, inverse], needs) => {
    if (mode.enabled) {
      const along = firstDims(x, n);
      const [dx, dgamma] = composed(dy, x, gamma, lastDims(x, n), along, shape, small, false);
      return [needs[0] ? dx : null, needs[1] ? dgamma() : null];
    }
    const grad = dense(dy), source = dense(x), g = packed(gamma);
    const dx = needs[0] ? empty(x.sizes, x.dtype, x.device) : null;
    const dgamma = needs[1] ? empty(shape, x.dtype, x.device) : null;
    source.kernels.rmsNormBackward(
      x.dtype.code,
      pointer(dx),
      pointer(dgamma),
      grad.ptr,
      source.ptr,
      pointer(g),
      inverse.ptr,
      rows,
      columns,
    );
    return [dx, dgamma];
  });
}

/** Normalises x `[batch, channels, …]` over each of `groups` groups of channels. */
export function groupNorm(x: Tensor, groups: number, gamma: Tensor | null, beta: Tensor | null, eps: number): Tensor {
  if (x.ndim < 2) throw new RangeError(`Expected at least 2 dimensions for input tensor but received ${x.ndim}`);
  const [batch, channels] = x.sizes, inner = product(x.sizes.slice(2));
  if (!(groups > 0) || channels % groups !== 0) {
    throw new RangeError(
      `Expected number of channels in input to be divisible by num_groups, but got input of shape ${
        formatSizes(x.sizes)
      } and num_groups=${groups}`,
    );
  }
  checkChannels("group_norm", x, { weight: gamma, bias: beta });
  if (isHalf(x.dtype)) {
    return groupNorm(x.to(float32), groups, gamma?.to(float32) ?? null, beta?.to(float32) ?? null, eps).to(x.dtype);
  }
  const source = dense(x), g = packed(gamma), b = packed(beta);
  const y = empty(x.sizes, x.dtype, x.device);
  const middle = workspace([batch, groups], x.dtype, x.device), inverse = workspace([batch, groups], x.dtype, x.device);
  const status = y.kernels.groupNorm(
    y.dtype.code,
    y.ptr,
    middle.ptr,
    inverse.ptr,
    source.ptr,
    pointer(g),
    pointer(b),
    batch,
    channels,
    inner,
    groups,
    eps,
  );
  if (status !== 0) throw unsupported("GroupNormKernelImpl", x.dtype);
  return record("NativeGroupNormBackward0", y, [x, gamma, beta], [x, gamma, middle, inverse], (dy, saved, needs) => {
    const [x, gamma, middle, inverse] = saved;
    if (mode.enabled) return differentiableGroups(dy, x, gamma, groups, eps, needs);
    const grad = dense(dy), source = dense(x), g = packed(gamma);
    const dx = needs[0] ? empty(x.sizes, x.dtype, x.device) : null;
    const dgamma = needs[1] ? empty([channels], x.dtype, x.device) : null;
    const dbeta = needs[2] ? empty([channels], x.dtype, x.device) : null;
    source.kernels.groupNormBackward(
      x.dtype.code,
      pointer(dx),
      pointer(dgamma),
      pointer(dbeta),
      grad.ptr,
      source.ptr,
      pointer(g),
      middle.ptr,
      inverse.ptr,
      batch,
      channels,
      inner,
      groups,
    );
    return [dx, dgamma, dbeta];
  });
}

function differentiableGroups(
  dy: Tensor,
  x: Tensor,
  gamma: Tensor | null,
  groups: number,
  eps: number,
  needs: boolean[],
): Grad[] {
  const [batch, channels] = x.sizes, inner = product(x.sizes.slice(2));
  const cut = [batch, groups, channels / groups, inner];
  const [dx, dgamma] = composed(
    reshape(dy, cut),
    reshape(x, cut),
    gamma === null ? null : reshape(gamma, [1, groups, channels / groups, 1]),
    [2, 3],
    [0, 3],
    [1, groups, channels / groups, 1],
    eps,
    true,
  );
  return [
    needs[0] ? reshape(dx, x.sizes) : null,
    needs[1] ? reshape(dgamma(), [channels]) : null,
    needs[2] ? sum(dy, others(x)) : null,
  ];
}

/** Normalises every channel of every sample, or with running statistics the channels. */
export function instanceNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  gamma: Tensor | null,
  beta: Tensor | null,
  useInputStats: boolean,
  momentum: number,
  eps: number,
): Tensor {
  if (!useInputStats) return batchNorm(x, runningMean, runningVar, gamma, beta, false, momentum, eps);
  const [batch, channels] = x.sizes;
  if (product(x.sizes.slice(2)) === 1) {
    throw new RangeError(
      `Expected more than 1 spatial element when training, got input size torch.Size(${formatSizes(x.sizes)})`,
    );
  }
  checkDevices("instance_norm", x, runningMean, runningVar, gamma, beta);
  const flat = reshape(x, [1, batch * channels, ...x.sizes.slice(2)]);
  const repeat = (t: Tensor | null): Tensor | null => t === null ? null : reshape(t.expand([batch, channels]), [-1]);
  const means = runningMean === null ? null : repeat(runningMean)!.clone();
  const variances = runningVar === null ? null : repeat(runningVar)!.clone();
  const y = batchNorm(flat, means, variances, repeat(gamma), repeat(beta), true, momentum, eps);
  for (const [to, from] of [[runningMean, means], [runningVar, variances]] as const) {
    if (to !== null && from !== null) to.copy_(mean(reshape(from, [batch, channels]), 0));
  }
  return reshape(y, x.sizes);
}
