/**
 * Cross entropy and the negative log-likelihood.
 *
 * @module
 */
import { binary, reduction as codes } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { type Grad, Node, record } from "../autograd/node.ts";
import { float32, int64, uint8 } from "../dtype.ts";
import { empty, isHalf, over, throughFloat32, workspace } from "../make.ts";
import { formatSizes, product, sameSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg } from "./arithmetic.ts";
import { castTo, checkDevices, runBinary, unsupported } from "./elementwise.ts";
import { reshape, view } from "./movement.ts";
import { sum } from "./reduce.ts";
import { logSoftmax, logSoftmaxBackward } from "./softmax.ts";
import { dense } from "./strided.ts";

/** What becomes of the losses of the elements: as they are, their mean, or their sum. */
export type Reduction = "none" | "mean" | "sum";

/**
 * The kernels' code of a reduction.
 *
 * @throws {TypeError} When it is none.
 */
export function reductionCode(reduction: string): number {
  if (reduction === "none") return codes.none;
  if (reduction === "mean") return codes.mean;
  if (reduction === "sum") return codes.sum;
  throw new TypeError(`${reduction} is not a valid value for reduction`);
}

/** What the kernels need beside the tensors. */
interface Setting {
  batch: number;
  classes: number;
  inner: number;
  ignoreIndex: number;
  reduction: number;
  smoothing: number;
  /** The loss's sizes. */
  sizes: Sizes;
}

/** The kernel; `saved` takes what the backward needs. */
function run(x: Tensor, target: Tensor, weight: Tensor | null, logProbs: number, s: Setting, saved: Tensor): Tensor {
  const loss = empty(s.sizes, x.dtype, x.device);
  const source = dense(x);
  const status = loss.kernels.crossEntropy(
    x.dtype.code,
    loss.ptr,
    saved.ptr,
    source.ptr,
    target.ptr,
    weight === null ? null : weight.ptr,
    s.batch,
    s.classes,
    s.inner,
    s.ignoreIndex,
    s.reduction,
    logProbs,
    s.smoothing,
  );
  if (status === 1) throw unsupported("nll_loss_out_frame", x.dtype);
  if (status === 2) throw outOfBounds(target, s);
  return loss;
}

function outOfBounds(target: Tensor, s: Setting): Error {
  const wrong = (target.toTypedArray() as BigInt64Array).find((t) => {
    const label = Number(t);
    return label !== s.ignoreIndex && (label < 0 || label >= s.classes);
  });
  return new RangeError(`Target ${wrong} is out of bounds. (there are ${s.classes} classes)`);
}

function runBackward(
  dloss: Tensor,
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  logProbs: number,
  s: Setting,
  saved: Tensor,
): Tensor {
  const dx = empty(x.sizes, x.dtype, x.device);
  const grad = dense(dloss), source = dense(x);
  dx.kernels.crossEntropyBackward(
    x.dtype.code,
    dx.ptr,
    grad.ptr,
    saved.ptr,
    source.ptr,
    target.ptr,
    weight === null ? null : weight.ptr,
    s.batch,
    s.classes,
    s.inner,
    s.ignoreIndex,
    s.reduction,
    logProbs,
    s.smoothing,
  );
  return dx;
}

/** Checks shapes and types as PyTorch does, and describes them. */
function prepare(
  operation: string,
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  ignoreIndex: number,
  reduction: string,
  smoothing: number,
): Setting {
  const code = reductionCode(reduction);
  checkDevices(operation, x, target);
  if (x.ndim === 0) throw new RangeError(`input tensor should be 1D or 2D (${operation})`);
  if (x.ndim === 1 ? target.ndim > 1 : target.ndim !== x.ndim - 1) {
    throw new RangeError(
      `0D or 1D target tensor expected, multi-target not supported (${operation}: input ${
        formatSizes(x.sizes)
      }, target ${formatSizes(target.sizes)})`,
    );
  }
  const batch = x.ndim === 1 ? 1 : x.sizes[0];
  const given = x.ndim === 1 ? product(target.sizes) : target.sizes[0];
  if (given !== batch) {
    throw new RangeError(
      `Expected input batch_size (${batch}) to match target batch_size (${given}). (${operation}: input ${
        formatSizes(x.sizes)
      }, target ${formatSizes(target.sizes)})`,
    );
  }
  if (x.ndim > 2 && !sameSizes(x.sizes.slice(2), target.sizes.slice(1))) {
    throw new RangeError(
      `Expected target size ${formatSizes([batch, ...x.sizes.slice(2)])}, got ${
        formatSizes(target.sizes)
      } (${operation})`,
    );
  }
  const classes = x.sizes[x.ndim === 1 ? 0 : 1];
  checkWeight(operation, x, weight, classes);
  const inner = x.ndim > 2 ? product(x.sizes.slice(2)) : 1;
  const sizes = code === codes.none ? target.sizes : [];
  return { batch, classes, inner, ignoreIndex, reduction: code, smoothing, sizes };
}

function checkWeight(operation: string, x: Tensor, weight: Tensor | null, classes: number): void {
  if (weight === null) return;
  checkDevices(operation, x, weight);
  if (weight.ndim !== 1 || weight.sizes[0] !== classes) {
    throw new RangeError(
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ${
        formatSizes(weight.sizes)
      } (${operation})`,
    );
  }
  if (weight.dtype !== x.dtype) {
    throw new TypeError(`expected scalar type ${x.dtype.name} but found ${weight.dtype.name} (${operation}: weight)`);
  }
}

function labels(operation: string, target: Tensor): Tensor {
  if (target.dtype !== int64 && target.dtype !== uint8) {
    throw new TypeError(
      `expected target dtype to be Long or Byte, but got ${unsupported("", target.dtype).message.split("'")[1]} ` +
        `(${operation})`,
    );
  }
  return dense(castTo(target, int64));
}

/** −weight[target] · x[target], x being log-probabilities `[batch, classes, …]`. */
export function nllLoss(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  ignoreIndex: number,
  reduction: string,
): Tensor {
  if (isHalf(x.dtype)) {
    const wide = weight === null ? null : castTo(weight, float32);
    return throughFloat32(x, (x) => nllLoss(x, target, wide, ignoreIndex, reduction));
  }
  const t = labels("nll_loss", target);
  return nll(x, t, weight, prepare("nll_loss", x, t, weight, ignoreIndex, reduction, 0));
}

function nll(x: Tensor, target: Tensor, weight: Tensor | null, s: Setting): Tensor {
  const saved = workspace([s.batch * s.inner + 1], x.dtype, x.device);
  const loss = run(x, target, weight, 1, s, saved);
  const w = weight === null ? null : dense(weight);
  const name = x.ndim > 2 ? "NllLoss2DBackward0" : "NllLossBackward0";
  const result = record(name, loss, [x], [x, target, w, saved], (dloss, [x, target, w, saved]) => [
    nllBackward(dloss, x, target, w, s, saved),
  ]);
  return shaped(result, x, s);
}

/** In PyTorch's graph, losses of elements with other than two spatial dimensions are a view of some with two. */
function shaped(loss: Tensor, x: Tensor, s: Setting): Tensor {
  return s.reduction === codes.none && x.ndim > 2 && x.ndim !== 4 ? view(loss, loss.sizes) : loss;
}

/** The adjoint of {@linkcode nll}, which is linear in x: its own adjoint is the loss of what arrives. */
function nllBackward(
  dloss: Tensor,
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  s: Setting,
  saved: Tensor,
): Tensor {
  const dx = runBackward(dloss, x, target, weight, 1, s, saved);
  return record("NllLossBackwardBackward0", dx, [dloss], [target, weight], (g, [target, weight]) => [
    nll(g, target, weight, s),
  ]);
}

/**
 * The cross entropy of logits x `[batch, classes, …]` with class labels `[batch, …]`, or with probabilities of x's shape.
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function crossEntropy(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  ignoreIndex: number,
  reduction: string,
  smoothing: number,
): Tensor {
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new RangeError(`label_smoothing must be between 0.0 and 1.0. Got: ${smoothing}`);
  }
  if (isHalf(x.dtype)) {
    const w = weight === null ? null : castTo(weight, float32);
    const t = isHalf(target.dtype) ? castTo(target, float32) : target;
    return throughFloat32(x, (x) => crossEntropy(x, t, w, ignoreIndex, reduction, smoothing));
  }
  if (sameSizes(x.sizes, target.sizes)) {
    if (target.dtype.isFloatingPoint) return probabilityEntropy(x, target, weight, reduction, smoothing);
    if (x.ndim > 0) {
      throw new TypeError(
        `Expected floating point type for target with class probabilities, got ${target.dtype} (cross_entropy)`,
      );
    }
  }
  const t = labels("cross_entropy", target);
  const s = prepare("cross_entropy", x, t, weight, ignoreIndex, reduction, smoothing);
  const saved = workspace([s.batch * s.inner + 1], x.dtype, x.device);
  const loss = run(x, t, weight, 0, s, saved);
  if (!mode.enabled || !x.requiresGrad) return loss;
  const w = weight === null ? null : dense(weight);
  const result = record(lossName(x, smoothing), loss, [throughLogSoftmax(x)], [x, t, w, saved], (dloss, saves) => [
    mode.enabled ? differentiable(dloss, saves, s) : runBackward(dloss, saves[0], saves[1], saves[2], 0, s, saves[3]),
  ]);
  return shaped(result, x, s);
}

function lossName(x: Tensor, smoothing: number): string {
  return smoothing > 0 ? "AddBackward0" : x.ndim > 2 ? "NllLoss2DBackward0" : "NllLossBackward0";
}

/**
 * The node that PyTorch's graph has between the loss and x. The loss's backward gives the gradient of x itself, which
 * passes it unchanged.
 */
function throughLogSoftmax(x: Tensor): Tensor {
  const passed = over(x.storage, x.sizes, x.strides, x.offset, x.dtype);
  passed.setHistory(new Node("LogSoftmaxBackward0", [x], [], (dx): Grad[] => [dx]), 0);
  return passed;
}

/** The same gradient, of operations that can be differentiated again. */
function differentiable(dloss: Tensor, [x, target, weight, saved]: Tensor[], s: Setting): Tensor {
  const dim = x.ndim === 1 ? 0 : 1;
  const y = logSoftmax(x, dim);
  return logSoftmaxBackward(nllBackward(dloss, y, target, weight, s, saved), y, dim);
}

function probabilityEntropy(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  reduction: string,
  smoothing: number,
): Tensor {
  reductionCode(reduction);
  const dim = x.ndim === 1 ? 0 : 1, classes = x.sizes[dim];
  checkWeight("cross_entropy", x, weight, classes);
  const q = smoothing > 0 ? add(mul(target, 1 - smoothing), smoothing / classes) : target;
  let terms = mul(logSoftmax(x, dim), q);
  if (weight !== null) {
    terms = mul(terms, reshape(weight, x.sizes.map((s, i) => i === dim ? s : 1)));
  }
  if (reduction === "none") return neg(sum(terms, dim));
  const total = neg(sum(terms));
  if (reduction === "sum") return total;
  const rows = x.count / classes, y = runBinary("div", binary.div, total, rows, total.dtype);
  return record("DivBackward1", y, [total], [], (dy) => [div(dy, rows)]);
}
