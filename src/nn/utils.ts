/**
 * What training loops do with all parameters at once: `nn.utils`.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { named, type Trailing } from "../arguments.ts";
import { kindOf } from "../check.ts";
import { cpu } from "../device.ts";
import { float32 } from "../dtype.ts";
import { empty } from "../make.ts";
import { clamp } from "../ops/where.ts";
import { div, mul_ } from "../ops/arithmetic.ts";
import { isTensor } from "../ops/elementwise.ts";
import { fill_ } from "../ops/fill.ts";
import { cat, stack } from "../ops/join.ts";
import { narrow, reshape } from "../ops/movement.ts";
import { isfinite } from "../ops/compare.ts";
import { vectorNorm } from "../ops/statistics.ts";
import type { Tensor } from "../tensor.ts";

export { fuseConvBnEval, fuseLinearBnEval } from "./fuse.ts";
/** Tensors of a module computed from others. */
export * as parametrize from "./parametrize.ts";
/** Ready-made ones: weight normalisation. */
export * as parametrizations from "./parametrizations.ts";
/** Sequences of different lengths in one batch. */
export * as rnn from "./packed_sequence.ts";

/** Options of {@linkcode clipGradNorm_}. */
export interface ClipGradNormOptions {
  /** The power of the norm; may be Infinity. Default: 2. */
  normType?: number;
  /** Fail when the norm is NaN or infinite. Default: false. */
  errorIfNonfinite?: boolean;
  /** Accepted and ignored. */
  foreach?: boolean | null;
}

/** Options of {@linkcode clipGradValue_}. */
export interface ClipGradValueOptions {
  /** Accepted and ignored. */
  foreach?: boolean | null;
}

/** The gradients that there are, without handing them out. */
function gradients(parameters: Tensor | Iterable<Tensor>): Tensor[] {
  const list = isTensor(parameters) ? [parameters] : [...parameters];
  return list.map((p) => p.accumulated).filter((g) => g !== null);
}

/** Runs outside of the graph. */
function untracked<T>(body: () => T): T {
  const enabled = mode.enabled;
  mode.enabled = false;
  try {
    return body();
  } finally {
    mode.enabled = enabled;
  }
}

function totalNorm(grads: readonly Tensor[], p: number): Tensor {
  if (grads.length === 0) {
    const zero = empty([], float32, cpu);
    fill_(zero, 0);
    return zero;
  }
  const norms = grads.map((g) => vectorNorm(g, p));
  return vectorNorm(stack(norms), p);
}

function clipOptions(operation: string, args: readonly unknown[]): ClipGradNormOptions {
  return named<ClipGradNormOptions>(operation, args, ["normType", "errorIfNonfinite", "foreach"]);
}

function checkedNorm(grads: readonly Tensor[], normType: number, errorIfNonfinite: boolean): Tensor {
  const total = totalNorm(grads, normType);
  if (errorIfNonfinite && !isfinite(total).item()) {
    throw new Error(
      `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. To ` +
        "disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`",
    );
  }
  return total;
}

/**
 * Scales the gradients so that their norm, taken over all of them as one vector, is at most `maxNorm`. Returns the norm that
 * it was.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@raptorch/raptorch";
 * const w = tensor([1, 1], { requiresGrad: true });
 * w.grad = tensor([3, 4]);
 * console.assert(nn.utils.clipGradNorm_([w], 1).item() === 5);
 * console.assert(Math.abs(w.grad!.norm().item() - 1) < 1e-6);
 * ```
 *
 * @throws {Error} When the norm is not finite and `errorIfNonfinite` is set.
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  ...args: Trailing<[normType: number, errorIfNonfinite: boolean, foreach: boolean | null], ClipGradNormOptions>
): Tensor {
  const { normType = 2, errorIfNonfinite = false } = clipOptions("clip_grad_norm_", args);
  return untracked(() => {
    const grads = gradients(parameters), total = checkedNorm(grads, normType, errorIfNonfinite);
    scaleTo(grads, maxNorm, total);
    return total;
  });
}

/** Scales gradients of the norm `total` so that it is at most `maxNorm`. */
function scaleTo(grads: readonly Tensor[], maxNorm: number, total: Tensor): void {
  const factor = clamp(div(maxNorm, total.add(1e-6)), null, 1);
  for (const g of grads) mul_(g, factor);
}

/** Scales the gradients as {@linkcode clipGradNorm_} does, given the norm that they have. */
export function clipGradsWithNorm_(parameters: Tensor | Iterable<Tensor>, maxNorm: number, totalNorm: Tensor): void {
  untracked(() => scaleTo(gradients(parameters), maxNorm, totalNorm));
}

/** Holds each gradient's elements in [−clipValue, clipValue]. */
export function clipGradValue_(
  parameters: Tensor | Iterable<Tensor>,
  clipValue: number,
  ...args: Trailing<[foreach: boolean | null], ClipGradValueOptions>
): void {
  named<ClipGradValueOptions>("clip_grad_value_", args, ["foreach"]);
  untracked(() => {
    for (const g of gradients(parameters)) g.clamp_(-clipValue, clipValue);
  });
}

/** The norm of several tensors taken as one vector. */
export function getTotalNorm(
  tensors: Tensor | Iterable<Tensor>,
  ...args: Trailing<[normType: number, errorIfNonfinite: boolean, foreach: boolean | null], ClipGradNormOptions>
): Tensor {
  const { normType = 2, errorIfNonfinite = false } = clipOptions("get_total_norm", args);
  return untracked(() => checkedNorm(isTensor(tensors) ? [tensors] : [...tensors], normType, errorIfNonfinite));
}

/** All parameters one after another in one vector. */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  return cat([...parameters].map((p) => reshape(p, [-1])));
}

/**
 * Gives the parameters the values of one vector, as {@linkcode parametersToVector} lays them out.
 *
 * @throws {RangeError} When the vector is too short.
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  if (!isTensor(vector)) throw new TypeError(`expected torch.Tensor, but got: ${kindOf(vector)}`);
  untracked(() => {
    let offset = 0;
    for (const p of parameters) {
      p.data.copy_(reshape(narrow(vector.detach(), 0, offset, p.count), p.sizes));
      offset += p.count;
    }
  });
}
