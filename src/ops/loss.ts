/**
 * Losses of pairs of elements, each with its reduction in one kernel.
 *
 * @module
 */
import { loss as kinds, unary } from "../../ffi/symbols.ts";
import { mode } from "../autograd/mode.ts";
import { record } from "../autograd/node.ts";
import { float32, promoteTypes } from "../dtype.ts";
import { formatSize } from "../format.ts";
import { empty, isHalf } from "../make.ts";
import { broadcastSizes, sameSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sigmoid } from "./activation.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { ge, le } from "./compare.ts";
import { castTo, checkDevices, runUnary, unsupported } from "./elementwise.ts";
import { reductionCode } from "./cross_entropy.ts";
import { expand } from "./movement.ts";
import { dense } from "./strided.ts";

/** One of the kernel's losses: `dx` and `dt` are its derivatives, of operations that can be differentiated again. */
interface Kind {
  code: number;
  /** The name of PyTorch's node. */
  name: string;
  dx: (x: Tensor, t: Tensor, p: number) => Tensor;
  /** `null` where the target takes no gradient. */
  dt: ((x: Tensor, t: Tensor, p: number) => Tensor) | null;
}

const raw = (op: number, x: Tensor): Tensor => runUnary("sign", op, x.detached());
const sign = (x: Tensor): Tensor => raw(unary.sign, x);

function log(x: Tensor): Tensor {
  return record("LogBackward0", runUnary("log", unary.log, x), [x], [x], (dy, [x]) => [div(dy, x)]);
}

function exp(x: Tensor): Tensor {
  const y = runUnary("exp", unary.exp, x);
  return record("ExpBackward0", y, [x], [y], (dy, [y]) => [mul(dy, y)]);
}

function logSigmoid(x: Tensor): Tensor {
  const y = runUnary("logsigmoid", unary.logsigmoid, x);
  return record("LogSigmoidBackward0", y, [x], [x], (dy, [x]) => [mul(dy, sub(1, sigmoid(x)))]);
}

/** `inner` where the mask is set and `outer` elsewhere. */
function either(mask: Tensor, inner: Tensor, outer: Tensor): Tensor {
  const m = castTo(mask, inner.dtype);
  return add(mul(inner, m), mul(outer, sub(1, m)));
}

const symmetric = (dx: Kind["dx"]): Pick<Kind, "dx" | "dt"> => ({ dx, dt: (x, t, p) => neg(dx(x, t, p)) });

const mse: Kind = { code: kinds.mse, name: "MseLossBackward0", ...symmetric((x, t) => mul(sub(x, t), 2)) };
const l1: Kind = { code: kinds.l1, name: "L1LossBackward0", ...symmetric((x, t) => sign(sub(x, t))) };
const smooth: Kind = {
  code: kinds.smoothL1,
  name: "SmoothL1LossBackward0",
  ...symmetric((x, t, beta) => {
    const d = sub(x, t);
    return either(ge(raw(unary.abs, d), beta), sign(d), div(d, beta));
  }),
};
const huber: Kind = {
  code: kinds.huber,
  name: "HuberLossBackward0",
  ...symmetric((x, t, delta) => {
    const d = sub(x, t);
    return either(le(raw(unary.abs, d), delta), d, mul(sign(d), delta));
  }),
};
const bce: Kind = {
  code: kinds.bce,
  name: "BinaryCrossEntropyBackward0",
  dx: (x, t) => div(sub(x, t), mul(x, sub(1, x))),
  dt: (x) => sub(log(sub(1, x)), log(x)),
};
const bceWithLogits: Kind = {
  code: kinds.bceWithLogits,
  name: "BinaryCrossEntropyWithLogitsBackward0",
  dx: (x, t) => sub(sigmoid(x), t),
  dt: (x) => neg(x),
};
const klDiv: Kind = {
  code: kinds.klDiv,
  name: "KlDivBackward0",
  dx: (_, t) => neg(t),
  dt: (x, t) => sub(add(log(t), 1), x),
};
const klDivLog: Kind = {
  code: kinds.klDivLog,
  name: "KlDivBackward0",
  dx: (_, t) => neg(exp(t)),
  dt: (x, t) => mul(exp(t), add(sub(t, x), 1)),
};
const softMargin: Kind = {
  code: kinds.softMargin,
  name: "SoftMarginLossBackward0",
  dx: (x, t) => neg(mul(t, sigmoid(neg(mul(t, x))))),
  dt: null,
};

/** The loss of tensors of one shape and type. */
function elementwise(
  operation: string,
  kind: Kind,
  x: Tensor,
  t: Tensor,
  reduction: string,
  weight: Tensor | null = null,
  p = 0,
): Tensor {
  const code = reductionCode(reduction);
  checkDevices(operation, x, t, weight);
  const dtype = promoteTypes(x.dtype, t.dtype);
  if (isHalf(dtype)) {
    const w = weight === null ? null : castTo(weight, float32);
    return elementwise(operation, kind, x.to(float32), t.to(float32), reduction, w, p).to(dtype);
  }
  if (x.dtype !== dtype) x = x.to(dtype);
  if (t.dtype !== dtype) t = t.to(dtype);
  const w = weight === null ? null : dense(expand(castTo(weight, dtype), x.sizes));
  const y = empty(reduction === "none" ? x.sizes : [], dtype, x.device);
  const a = dense(x), b = dense(t);
  const status = y.kernels.loss(
    kind.code,
    dtype.code,
    y.ptr,
    a.ptr,
    b.ptr,
    w === null ? null : w.ptr,
    x.count,
    code,
    p,
  );
  if (status !== 0) throw unsupported(operation, dtype);
  return record(kind.name, y, [x, t], [x, t, w], (dy, [x, t, w], needs) => {
    const known = mode.enabled ? null : runBackward(kind, dy, x, t, w, code, p);
    if (known !== null && kind.dt === null) return [known, null];
    const scaled = (slope: Tensor): Tensor => {
      const weighted = w === null ? slope : mul(slope, w);
      const g = mul(weighted, dy);
      return reduction === "mean" ? div(g, x.count) : g;
    };
    return [
      needs[0] ? known ?? scaled(kind.dx(x, t, p)) : null,
      needs[1] && kind.dt !== null ? scaled(kind.dt(x, t, p)) : null,
    ];
  });
}

function runBackward(
  kind: Kind,
  dy: Tensor,
  x: Tensor,
  t: Tensor,
  w: Tensor | null,
  code: number,
  p: number,
): Tensor {
  const dx = empty(x.sizes, x.dtype, x.device);
  const grad = dense(dy), a = dense(x), b = dense(t);
  const weight = w === null ? null : w.ptr;
  dx.kernels.lossBackward(kind.code, x.dtype.code, dx.ptr, grad.ptr, a.ptr, b.ptr, weight, x.count, code, p);
  return dx;
}

/** Broadcasts input and target, with PyTorch's warning when they differ. */
function matched(x: Tensor, t: Tensor): [Tensor, Tensor] {
  if (sameSizes(x.sizes, t.sizes)) return [x, t];
  console.warn(
    `Using a target size (${formatSize(t.sizes)}) that is different to the input size (${
      formatSize(x.sizes)
    }). This will ` +
      "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
  );
  const sizes = broadcastSizes(x.sizes, t.sizes);
  return [sameSizes(x.sizes, sizes) ? x : expand(x, sizes), sameSizes(t.sizes, sizes) ? t : expand(t, sizes)];
}

/** (x − t)². */
export function mseLoss(x: Tensor, t: Tensor, reduction: string, weight: Tensor | null = null): Tensor {
  const [a, b] = matched(x, t);
  checkLossWeight(weight, a);
  // PyTorch's weighted form divides by the sum of the weights.
  if (weight !== null && reduction === "mean") {
    return div(elementwise("mse_loss", mse, a, b, "sum", weight), expand(weight, a.sizes).sum());
  }
  return elementwise("mse_loss", mse, a, b, reduction, weight);
}

function checkLossWeight(weight: Tensor | null, x: Tensor): void {
  if (weight !== null && !sameSizes(weight.sizes, x.sizes)) {
    throw new RangeError("Weights and input must have the same size.");
  }
}

/** |x − t|. */
export function l1Loss(x: Tensor, t: Tensor, reduction: string, weight: Tensor | null = null): Tensor {
  const [a, b] = matched(x, t);
  checkLossWeight(weight, a);
  const name = weight !== null || reduction === "none"
    ? "AbsBackward0"
    : reduction === "mean"
    ? "MeanBackward0"
    : "SumBackward0";
  const kind = { ...l1, name };
  if (weight !== null && reduction === "mean") {
    return div(elementwise("l1_loss", kind, a, b, "sum", weight), expand(weight, a.sizes).sum());
  }
  return elementwise("l1_loss", kind, a, b, reduction, weight);
}

/** (x − t)² / 2β where |x − t| < β, else |x − t| − β/2. */
export function smoothL1Loss(x: Tensor, t: Tensor, reduction: string, beta: number): Tensor {
  if (beta < 0) throw new RangeError("smooth_l1_loss does not support negative values for beta.");
  const [a, b] = matched(x, t);
  if (beta === 0) return l1Loss(a, b, reduction);
  return elementwise("smooth_l1_loss", smooth, a, b, reduction, null, beta);
}

/** (x − t)² / 2 where |x − t| ≤ δ, else δ (|x − t| − δ/2). */
export function huberLoss(
  x: Tensor,
  t: Tensor,
  reduction: string,
  delta: number,
  weight: Tensor | null = null,
): Tensor {
  if (!(delta > 0)) throw new RangeError("huber_loss does not support non-positive values for delta.");
  const [a, b] = matched(x, t);
  checkLossWeight(weight, a);
  if (weight !== null && reduction === "mean") {
    return div(elementwise("huber_loss", huber, a, b, "sum", weight, delta), expand(weight, a.sizes).sum());
  }
  return elementwise("huber_loss", huber, a, b, reduction, weight, delta);
}

/** −t log x − (1 − t) log(1 − x), the logarithms not below −100. */
export function binaryCrossEntropy(x: Tensor, t: Tensor, weight: Tensor | null, reduction: string): Tensor {
  if (!sameSizes(x.sizes, t.sizes)) {
    throw new RangeError(
      `Using a target size (${formatSize(t.sizes)}) that is different to the input size (${formatSize(x.sizes)}) is ` +
        "deprecated. Please ensure they have the same size.",
    );
  }
  if (!t.dtype.isFloatingPoint || t.dtype !== x.dtype) {
    const typeName = (x: Tensor): string => unsupported("", x.dtype).message.split("'")[1];
    throw new TypeError(`Found dtype ${typeName(t)} but expected ${typeName(x)} (binary_cross_entropy: target)`);
  }
  if (x.count > 0 && !x.isCuda) {
    const values = x.detached(), low = values.amin().item(), high = values.amax().item();
    if (!(low >= 0 && high <= 1)) {
      throw new RangeError(
        `all elements of input should be between 0 and 1 (binary_cross_entropy: they are between ${low} and ${high})`,
      );
    }
  }
  return elementwise("binary_cross_entropy", bce, x, t, reduction, weight);
}

/** {@linkcode binaryCrossEntropy} of sigmoid(x). `positive` multiplies the terms of positive targets. */
export function binaryCrossEntropyWithLogits(
  x: Tensor,
  t: Tensor,
  weight: Tensor | null,
  reduction: string,
  positive: Tensor | null,
): Tensor {
  if (!sameSizes(x.sizes, t.sizes)) {
    throw new RangeError(
      `Target size (${formatSize(t.sizes)}) must be the same as input size (${formatSize(x.sizes)})`,
    );
  }
  const operation = "binary_cross_entropy_with_logits";
  checkDevices(operation, x, t, weight, positive);
  // PyTorch composes the loss of operations, each of which rounds to 16 bits.
  if (positive === null && !isHalf(x.dtype)) return elementwise(operation, bceWithLogits, x, t, reduction, weight);
  const code = reductionCode(reduction);
  const logs = (factor: Tensor | null, x: Tensor): Tensor => factor ? mul(factor, logSigmoid(x)) : logSigmoid(x);
  const factor = (t: Tensor): Tensor | null => positive && add(mul(sub(positive, 1), t), 1);
  const terms = sub(mul(sub(1, t.detached()), x.detached()), logs(factor(t.detached()), x.detached()));
  const weighted = weight === null ? terms : mul(terms, weight.detached());
  const y = code === 0 ? weighted : reduction === "mean" ? weighted.mean() : weighted.sum();
  return record(bceWithLogits.name, y, [x, t], [x, t], (dy, [x, t], needs) => {
    const scaled = (slope: Tensor): Tensor => {
      const g = mul(weight === null ? slope : mul(slope, weight), dy);
      return reduction === "mean" ? div(g, x.count) : g;
    };
    return [
      needs[0] ? scaled(sub(sub(1, t), mul(factor(t) ?? 1, sub(1, sigmoid(x))))) : null,
      needs[1] ? scaled(positive ? sub(neg(x), mul(sub(positive, 1), logSigmoid(x))) : neg(x)) : null,
    ];
  });
}

/** t (log t − x), or for targets that are logarithms exp(t) (t − x). */
export function klDivLoss(x: Tensor, t: Tensor, reduction: string, logTarget: boolean): Tensor {
  if (!["batchmean", "none", "mean", "sum"].includes(reduction)) {
    throw new TypeError(`${reduction} is not a valid value for reduction`);
  }
  if (reduction === "mean") {
    console.warn(
      "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by the " +
        "batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as 'batchmean' in " +
        "the next major release.",
    );
  }
  const name = { none: logTarget ? "MulBackward0" : "SubBackward0", mean: "MeanBackward0" }[reduction as "none"] ??
    "SumBackward0";
  const kind = { ...(logTarget ? klDivLog : klDiv), name };
  const sizes = broadcastSizes(t.sizes, x.sizes, "kl_div");
  const a = sameSizes(x.sizes, sizes) ? x : expand(x, sizes), b = sameSizes(t.sizes, sizes) ? t : expand(t, sizes);
  if (reduction !== "batchmean") return elementwise("kl_div", kind, a, b, reduction);
  // A single number is a batch of one.
  return div(elementwise("kl_div", kind, a, b, "sum"), x.sizes[0] ?? 1);
}

/** log(1 + exp(−t x)), t being ±1. */
export function softMarginLoss(x: Tensor, t: Tensor, reduction: string): Tensor {
  const sizes = broadcastSizes(x.sizes, t.sizes, "soft_margin_loss");
  const a = sameSizes(x.sizes, sizes) ? x : expand(x, sizes);
  return elementwise("soft_margin_loss", softMargin, a, sameSizes(t.sizes, sizes) ? t : expand(t, sizes), reduction);
}
