/**
 * The activation functions beside the few in `activation.ts`, with their slopes.
 *
 * @module
 */
import { type Call, inOrder } from "../arguments.ts";
import { binary, unary } from "../../ffi/symbols.ts";
import { record } from "../autograd/node.ts";
import { bool, promoteTypes, uint8 } from "../dtype.ts";
import { wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sigmoid, tanh } from "./activation.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { ge, gt, le, lt } from "./compare.ts";
import { runBinary, runUnary } from "./elementwise.ts";
import { cat } from "./join.ts";
import { narrow, reshape } from "./movement.ts";
import { abs, erf, exp, fused, square } from "./pointwise.ts";
import { where } from "./where.ts";

/** y = op(x) for numbers of any floating type. */
function activate(operation: string, op: number, x: Tensor, p = 0, q = 0): Tensor {
  return runUnary(operation, op, x, x.dtype, x.dtype, p, q);
}

/** dy times a slope that is constant between its jumps: linear in dy, so its adjoint is itself. */
function piecewise(op: number, dy: Tensor, x: Tensor, p = 0, q = 0): Tensor {
  const dx = runBinary("backward", op, dy, x, dy.dtype, dy.dtype, p, q);
  return record("PiecewiseBackwardBackward0", dx, [dy], [x], (ddx, [x]) => [piecewise(op, ddx, x, p, q)]);
}

/** min(max(x, low), high). */
export function hardtanh(x: Tensor, low = -1, high = 1): Tensor {
  if (x.dtype === bool) throw new TypeError("Bool inputs not supported for hardtanh");
  if (x.dtype === uint8 && (low < 0 || high < 0)) {
    throw new TypeError("cannot do hardtanh on an unsigned type with negative limits");
  }
  if (low > high) throw new RangeError("min_val cannot be greater than max_val");
  const y = activate("hardtanh", unary.hardtanh, x, low, high);
  return record("HardtanhBackward0", y, [x], [x], (dy, [x]) => [piecewise(binary.hardtanhBackward, dy, x, low, high)]);
}

/** min(max(x, 0), 6). */
export function relu6(x: Tensor): Tensor {
  return hardtanh(x, 0, 6);
}

/** x, times `slope` where it is negative. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  const y = activate("leaky_relu_cpu", unary.leakyRelu, x, slope);
  return record("LeakyReluBackward0", y, [x], [x], (dy, [x]) => [piecewise(binary.leakyReluBackward, dy, x, slope)]);
}

/** x where it is above the threshold, else `value`. */
export function threshold(
  x: Tensor,
  ...given: Call<[threshold: number, value: number], { threshold: number; value: number }>
): Tensor {
  const [threshold, value] = inOrder("threshold", given, ["threshold", "value"]);
  const y = activate("threshold", unary.threshold, x, threshold, value);
  return record("ThresholdBackward0", y, [x], [x], (dy, [x]) => [
    piecewise(binary.thresholdBackward, dy, x, threshold),
  ]);
}

/** x outside of [−λ, λ], else 0. */
export function hardshrink(x: Tensor, lambd = 0.5): Tensor {
  const y = activate("hardshrink_cpu", unary.hardshrink, x, lambd);
  return record("HardshrinkBackward0", y, [x], [x], (dy, [x]) => [piecewise(binary.hardshrinkBackward, dy, x, lambd)]);
}

/** x moved towards 0 by λ, and 0 within [−λ, λ]. */
export function softshrink(x: Tensor, lambd = 0.5): Tensor {
  if (!(lambd >= 0)) throw new RangeError(`lambda must be greater or equal to 0, but found to be ${lambd}.`);
  const y = activate("softshrink_cpu", unary.softshrink, x, lambd);
  return record("SoftshrinkBackward0", y, [x], [x], (dy, [x]) => [piecewise(binary.hardshrinkBackward, dy, x, lambd)]);
}

/** min(max(x + 3, 0), 6) / 6. */
export function hardsigmoid(x: Tensor): Tensor {
  const y = activate("hardsigmoid", unary.hardsigmoid, x);
  return record("HardsigmoidBackward0", y, [x], [x], (dy, [x]) => [piecewise(binary.hardsigmoidBackward, dy, x)]);
}

/** x · hardsigmoid(x). */
export function hardswish(x: Tensor): Tensor {
  const y = activate("hardswish", unary.hardswish, x);
  return record("HardswishBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.hardswishBackward, dy, x, () => {
      const slope = add(div(x, 3), 0.5), flat = x.detached();
      return where(le(flat, -3), 0, where(lt(flat, 3), mul(dy, slope), dy));
    }),
  ]);
}

/** x where positive, else α(eˣ − 1). */
export function elu(x: Tensor, alpha = 1): Tensor {
  const y = activate("elu_cpu", unary.elu, x, alpha);
  return record("EluBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.eluBackward, dy, x, () => bent(dy, x, 1, () => mul(exp(x), alpha)), alpha),
  ]);
}

/** dy·slope where x is positive, dy·low() elsewhere. */
function bent(dy: Tensor, x: Tensor, slope: number, low: () => Tensor): Tensor {
  return where(le(x.detached(), 0), mul(dy, low()), mul(dy, slope));
}

/** x where positive, else α(e^(x/α) − 1): its slope has no jump. */
export function celu(x: Tensor, alpha = 1): Tensor {
  if (alpha === 0) throw new RangeError("ZeroDivisionError: alpha cannot be 0 for CELU");
  const y = activate("celu", unary.celu, x, alpha);
  return record("CeluBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.celuBackward, dy, x, () => bent(dy, x, 1, () => exp(div(x, alpha))), alpha),
  ]);
}

// The fixed point of the means and variances of a deep network (https://arxiv.org/abs/1706.02515).
const seluAlpha = 1.6732632423543772848170429916717, seluScale = 1.0507009873554804934193349852946;

/** {@linkcode elu} with the constants that keep mean 0 and variance 1. */
export function selu(x: Tensor): Tensor {
  const y = activate("elu_cpu", unary.selu, x);
  return record("EluBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.seluBackward, dy, x, () => bent(dy, x, seluScale, () => mul(exp(x), seluScale * seluAlpha))),
  ]);
}

/** How {@linkcode gelu} is computed. */
export type GeluApproximation = "none" | "tanh";

/** x·Φ(x), Φ the distribution function of the normal; or its approximation by tanh. */
export function gelu(x: Tensor, approximate: GeluApproximation = "none"): Tensor {
  if (approximate !== "none" && approximate !== "tanh") {
    throw new RangeError(`approximate argument must be either none or tanh. (got ${approximate})`);
  }
  const exact = approximate === "none";
  const y = activate("GeluKernelImpl", exact ? unary.gelu : unary.geluTanh, x);
  return record("GeluBackward0", y, [x], [x], (dy, [x]) => [
    exact
      ? fused(binary.geluBackward, dy, x, () => mul(dy, geluSlope(x)))
      : fused(binary.geluTanhBackward, dy, x, () => mul(dy, geluTanhSlope(x))),
  ]);
}

function geluSlope(x: Tensor): Tensor {
  const distribution = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  return add(distribution, mul(x, mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))));
}

function geluTanhSlope(x: Tensor): Tensor {
  const beta = Math.sqrt(2 / Math.PI), cubic = mul(square(x), 0.044715);
  const t = tanh(mul(mul(x, add(cubic, 1)), beta));
  const slope = mul(mul(sub(1, square(t)), mul(add(mul(cubic, 3), 1), beta)), mul(x, 0.5));
  return add(mul(add(t, 1), 0.5), slope);
}

/** x·σ(x), also called swish. */
export function silu(x: Tensor): Tensor {
  const y = activate("silu_cpu", unary.silu, x);
  return record("SiluBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.siluBackward, dy, x, () => {
      const s = sigmoid(x);
      return mul(dy, mul(s, add(mul(x, sub(1, s)), 1)));
    }),
  ]);
}

/** x·tanh(softplus(x)). */
export function mish(x: Tensor): Tensor {
  const y = activate("mish_cpu", unary.mish, x);
  return record("MishBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.mishBackward, dy, x, () => {
      const s = sigmoid(x), t = tanh(softplus(x));
      return mul(dy, add(t, mul(mul(x, s), sub(1, square(t)))));
    }),
  ]);
}

/** log(1 + e^(βx)) / β; x itself where βx is above the threshold. */
export function softplus(x: Tensor, beta = 1, threshold = 20): Tensor {
  const y = activate("softplus_cpu", unary.softplus, x, beta, threshold);
  return record("SoftplusBackward0", y, [x], [x], (dy, [x]) => [
    fused(
      binary.softplusBackward,
      dy,
      x,
      () => {
        const t = mul(x, beta);
        return where(gt(t.detached(), threshold), dy, mul(dy, sigmoid(t)));
      },
      beta,
      threshold,
    ),
  ]);
}

/** x / (1 + |x|). */
export function softsign(x: Tensor): Tensor {
  return div(x, add(abs(x), 1));
}

/** x − tanh(x). */
export function tanhshrink(x: Tensor): Tensor {
  return sub(x, tanh(x));
}

/** log σ(x). */
export function logsigmoid(x: Tensor): Tensor {
  const y = activate("log_sigmoid", unary.logsigmoid, x);
  return record("LogSigmoidBackward0", y, [x], [x], (dy, [x]) => [
    fused(binary.logsigmoidBackward, dy, x, () => mul(dy, sigmoid(neg(x)))),
  ]);
}

/** x, times a learnt slope where it is negative: one slope, or one per channel (dimension 1). */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  if (weight.ndim > 1) {
    throw new RangeError(
      `prelu: Expected \`weight\` to be a scalar or 1D tensor, but got: ndim = ${weight.ndim}`,
    );
  }
  if (weight.count !== 1) {
    if (x.ndim === 0) throw new RangeError("Not allow zero-dim input tensor.");
    const channels = x.ndim > 1 ? x.sizes[1] : 1;
    if (channels !== weight.count) {
      throw new RangeError(
        `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${weight.count} and channel size = ` +
          `${channels}.`,
      );
    }
  }
  const sizes = x.sizes.map((_, i) => i === (x.ndim > 1 ? 1 : 0) ? weight.count : 1);
  return preluKernel(x, reshape(weight, sizes));
}

function preluKernel(x: Tensor, w: Tensor): Tensor {
  const raw = x.detached(), y = where(gt(raw, 0), raw, mul(w.detached(), raw));
  return record("PreluKernelBackward0", y, [x, w], [x, w], (dy, [x, w], needs) => {
    const positive = gt(x.detached(), 0);
    return [
      needs[0] ? where(positive, dy, mul(dy, w)) : null,
      needs[1] ? where(positive, 0, mul(dy, x)) : null,
    ];
  });
}

/** The first half along `dim`, times σ of the second half. */
export function glu(x: Tensor, dim = -1): Tensor {
  if (x.ndim === 0) throw new RangeError("glu does not support 0-dimensional tensors");
  const d = wrapDim(dim, x.ndim), n = x.sizes[d];
  if (n % 2 !== 0) throw new RangeError(`Halving dimension must be even, but dimension ${d} is size ${n}`);
  const halves = (x: Tensor): [Tensor, Tensor] => [narrow(x, d, 0, n / 2), narrow(x, d, n / 2, n / 2)];
  const [a, b] = halves(x.detached());
  return record("GluBackward0", mul(a, sigmoid(b)), [x], [x], (dy, [x]) => {
    const [a, b] = halves(x), s = sigmoid(b);
    const first = mul(dy, s);
    return [cat([first, mul(mul(first, a), sub(1, s))], d)];
  });
}

/**
 * x, times a slope where it is negative: in training drawn anew for each element from [lower, upper] (given as `noise`), else
 * the middle of the two.
 */
export function rrelu(x: Tensor, lower: number, upper: number, noise: Tensor | null): Tensor {
  if (lower > upper) throw new RangeError(`Lower bound should be less than or equal to the upper bound`);
  if (noise === null) {
    const slope = (lower + upper) / 2, y = leakyRelu(x.detached(), slope);
    return record("RreluWithNoiseBackward0", y, [x], [x], (dy, [x]) => [
      piecewise(binary.leakyReluBackward, dy, x, slope),
    ]);
  }
  const slope = where(ge(x.detached(), 0), 1, noise);
  const y = runBinary("rrelu", binary.mul, x, slope, promoteTypes(x.dtype, slope.dtype));
  return record("RreluWithNoiseBackward0", y, [x], [slope], (dy, [slope]) => [mul(dy, slope)]);
}
