/**
 * Connectionist temporal classification.
 *
 * @module
 */
import { type Arguments, inOrder, named } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { type DType, int32, int64 } from "../dtype.ts";
import { empty, isHalf, throughFloat32 } from "../make.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div } from "./arithmetic.ts";
import { type Reduction, reductionCode } from "./cross_entropy.ts";
import { checkDevices, unsupported } from "./elementwise.ts";
import { squeeze, unsqueeze } from "./movement.ts";
import { sum } from "./reduce.ts";
import { dense } from "./strided.ts";
import { where } from "./where.ts";

/** Options of {@linkcode ctcLoss}. */
export interface CTCLossOptions {
  /** The class that stands for no label. Default: 0. */
  blank?: number;
  /** What becomes of the samples' losses; a mean divides each by its target's length first. Default: `"mean"`. */
  reduction?: Reduction;
  /** Whether infinite losses, of targets too long for their input, count as 0. Default: false. */
  zeroInfinity?: boolean;
}

/** Lengths of inputs or targets: one for each sample, or the number itself without a batch. */
export type Lengths = Tensor | readonly number[] | number;

/** What the kernels know of a batch. */
interface Alignment {
  targets: Tensor;
  lengths: Tensor;
  longest: number;
  blank: number;
  zeroInfinity: boolean;
}

function numbers(what: string, lengths: Lengths, batch: number): number[] {
  let list: number[];
  if (typeof lengths === "number") list = [lengths];
  else if (Array.isArray(lengths)) list = [...lengths];
  else {
    // What is neither a number nor an array is a tensor, by the type.
    const x = lengths as Tensor;
    if (x.dtype.isFloatingPoint) throw new TypeError(`${what} must be integral (got ${x.dtype})`);
    list = Array.from(x.to(int64).toTypedArray() as BigInt64Array, Number);
  }
  if (list.length !== batch) throw new RangeError(`${what} must be of size batch_size (${list.length} for ${batch})`);
  return list;
}

function upload(values: readonly number[], like: Tensor): Tensor {
  const x = empty([values.length], int64, like.device);
  x.storage.write(BigInt64Array.from(values, BigInt));
  return x;
}

/** Where each sample's target begins, once all that could lead outside of it is ruled out. */
function starts(x: Tensor, targets: Tensor, inputs: number[], lengths: number[]): number[] {
  const steps = x.sizes[0], batch = x.sizes[1], classes = x.sizes[2];
  inputs.forEach((n, b) => {
    if (!(n >= 0 && n <= steps)) {
      throw new RangeError(
        `Expected input_lengths to have value at most ${steps}, but got value ${n} (while checking arguments for ` +
          `ctc_loss: sample ${b})`,
      );
    }
  });
  let at = 0;
  const wide = targets.ndim === 2;
  if (wide && targets.sizes[0] !== batch) {
    throw new RangeError(
      `Expected tensor to have size ${batch} at dimension 0, but got size ${
        targets.sizes[0]
      } for argument #2 'targets' ` +
        "(while checking arguments for ctc_loss)",
    );
  }
  const offsets = lengths.map((n, b) => {
    if (!(n >= 0)) throw new RangeError(`Expected target_lengths to have value at least 0, but got value ${n}`);
    const start = wide ? b * targets.sizes[1] : at;
    at += n;
    if (wide ? n > targets.sizes[1] : at > targets.count) {
      throw new RangeError(
        `Expected tensor to have size at least ${wide ? n : at} at dimension ${wide ? 1 : 0}, but got size ` +
          `${formatSizes(targets.sizes)} for argument #2 'targets' (while checking arguments for ctc_loss)`,
      );
    }
    return start;
  });
  const labels = targets.toTypedArray() as BigInt64Array;
  offsets.forEach((start, b) => {
    for (const label of labels.subarray(start, start + lengths[b])) {
      if (label < 0n || label >= BigInt(classes)) {
        throw new RangeError(`ctc_loss: Expected targets in [0, ${classes}), but got ${label} (sample ${b})`);
      }
    }
  });
  return offsets;
}

/** The losses of a batch; x `[steps, batch, classes]`. */
function losses(x: Tensor, a: Alignment): Tensor {
  const source = dense(x), [steps, batch, classes] = x.sizes;
  const loss = empty([batch], x.dtype, x.device);
  const alpha = empty([batch, steps, 2 * a.longest + 1], x.dtype, x.device);
  const { targets, lengths, longest, blank } = a;
  // What the loss and its backward read, and its sizes.
  const problem = (source: Tensor, targets: Tensor, lengths: Tensor) =>
    [source.ptr, targets.ptr, lengths.ptr, steps, batch, classes, longest, blank] as const;
  const status = loss.kernels.ctcLoss(loss.dtype.code, loss.ptr, alpha.ptr, ...problem(source, targets, lengths));
  if (status !== 0) throw unsupported("ctc_loss_cpu", x.dtype);
  return record("CtcLossBackward0", loss, [x], [source, targets, lengths, loss, alpha], (dy, saved) => {
    const [source, targets, lengths, loss, alpha] = saved, grad = dense(dy);
    const dx = empty(source.sizes, dy.dtype, dy.device);
    if (dx.count === 0) return [dx];
    dx.kernels.ctcLossBackward(
      dx.dtype.code,
      dx.ptr,
      grad.ptr,
      loss.ptr,
      alpha.ptr,
      ...problem(source, targets, lengths),
      a.zeroInfinity ? 1 : 0,
    );
    return [record("CtcLossBackwardBackward0", dx, [dy, source], [], () => {
      throw new Error("derivative for aten::_ctc_loss_backward is not implemented");
    })];
  });
}

function isLabels(dtype: DType): boolean {
  return dtype === int64 || dtype === int32;
}

/**
 * The negative log-likelihood of each target, summed over all its alignments with the inputs (Graves et al. 2006).
 *
 * Shape: logProbs `[steps, batch, classes]` or `[steps, classes]`, from `logSoftmax`; targets `[batch, longest]` or one
 * after another `[total]`; the lengths `[batch]`, as tensors or arrays.
 *
 * @throws {RangeError} When a length or a label does not fit.
 * @example
 * ```ts
 * import { F, LongTensor, zeros } from "@raptorch/raptorch";
 * const uniform = F.logSoftmax(zeros(2, 1, 2), 2);
 * // Of the four paths "a a", "a -", "- a" and "- -" the last one alone does not read "a".
 * const loss = F.ctcLoss(uniform, LongTensor([[1]]), [2], [1]);
 * console.assert(Math.abs(loss.item() - Math.log(4 / 3)) < 1e-6);
 * ```
 */
export function ctcLoss(
  logProbs: Tensor,
  ...given: Arguments<
    [targets: Tensor, inputLengths: Lengths, targetLengths: Lengths],
    [blank: number, reduction: Reduction, zeroInfinity: boolean],
    { targets: Tensor; inputLengths: Lengths; targetLengths: Lengths },
    CTCLossOptions
  >
): Tensor {
  const [targets, inputLengths, targetLengths, ...rest] = inOrder("ctc_loss", given, [
    "targets",
    "inputLengths",
    "targetLengths",
  ]);
  const o = named<CTCLossOptions>("ctc_loss", rest, ["blank", "reduction", "zeroInfinity"]);
  const { blank = 0, reduction = "mean", zeroInfinity = false } = o;
  reductionCode(reduction);
  checkDevices("ctc_loss", logProbs, targets);
  if (isHalf(logProbs.dtype)) {
    return throughFloat32(logProbs, (x) => ctcLoss(x, targets, inputLengths, targetLengths, o));
  }
  if (logProbs.ndim !== 2 && logProbs.ndim !== 3) {
    throw new RangeError(`ctc_loss: Expected log_probs to be 2D or 3D, but got ${formatSizes(logProbs.sizes)}`);
  }
  if (!isLabels(targets.dtype)) {
    throw new TypeError(`ctc_loss: Expected targets to be of type int64 or int32, but got ${targets.dtype}`);
  }
  const single = logProbs.ndim === 2, x = single ? unsqueeze(logProbs, 1) : logProbs;
  const [, batch, classes] = x.sizes;
  if (!(Number.isInteger(blank) && blank >= 0 && blank < classes)) {
    throw new RangeError(`blank must be in label range (${blank} for ${classes} classes)`);
  }
  if (targets.ndim > 2) {
    throw new RangeError(`ctc_loss: Expected targets to be 1D or 2D, but got ${formatSizes(targets.sizes)}`);
  }
  const inputs = numbers("input_lengths", inputLengths, batch);
  const lengths = numbers("target_lengths", targetLengths, batch);
  const labels = dense(targets.to(int64).to(x.device));
  const offsets = starts(x, labels, inputs, lengths);
  let y = losses(x, {
    targets: labels,
    lengths: upload([...inputs, ...lengths, ...offsets], x),
    longest: Math.max(0, ...lengths),
    blank,
    zeroInfinity,
  });
  if (zeroInfinity) y = where(y.eq(Infinity), 0, y);
  if (reduction === "mean") return div(y, upload(lengths, x).clamp(1).to(x.dtype)).mean();
  if (reduction === "sum") return sum(y);
  return single ? squeeze(y, 0) : y;
}
