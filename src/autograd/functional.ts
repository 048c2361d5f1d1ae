/**
 * Jacobians, Hessians and their products with vectors: `autograd.functional`.
 *
 * @module
 */
import { onesLike, zeros, zerosLike } from "../create.ts";
import { stack } from "../ops/join.ts";
import { checkOptions, kindOf } from "../check.ts";
import { formatSize } from "../format.ts";
import { sameSizes } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { grad } from "./grad.ts";
import { enableGrad } from "./mode.ts";

/** One tensor, or a list. */
export type Tensors = Tensor | readonly Tensor[];

/** Options of this module's functions. */
export interface FunctionalOptions {
  /** Record the computation, so that the result can be differentiated. Default: false. */
  createGraph?: boolean;
  /** Fail when an output does not depend on an input, rather than give zeros. Default: false. */
  strict?: boolean;
  /** Accepted: rows are computed one after the other in any case. */
  vectorize?: boolean;
  /** Accepted: derivatives are computed backwards in any case. */
  strategy?: "reverse-mode" | "forward-mode";
  /** The same for {@linkcode hessian}. */
  outerJacobianStrategy?: "reverse-mode" | "forward-mode";
}

function list(x: Tensors): readonly Tensor[] {
  return x instanceof Tensor ? [x] : x;
}

/** What a caller or a user's function gave, as a list of tensors. */
function checked(what: string, given: unknown): readonly Tensor[] {
  const all = Array.isArray(given) ? given : [given];
  const wrong = all.find((x) => !(x instanceof Tensor));
  if (wrong === undefined) return all;
  throw new TypeError(
    `The ${what} must be either a Tensor or a tuple of Tensors but the given ${
      what.replace(/ given to \w+$/, "")
    } has type ` +
      `${kindOf(wrong)}.`,
  );
}

function checkVectors(vs: readonly Tensor[], likes: readonly Tensor[]): void {
  if (vs.length !== likes.length) {
    throw new RangeError(`v is a tuple of invalid length: should be ${likes.length} but got ${vs.length}.`);
  }
  vs.forEach((v, i) => {
    if (sameSizes(v.sizes, likes[i].sizes)) return;
    const entry = likes.length > 1 ? `Entry ${i} in ` : "";
    throw new RangeError(
      `${entry}v has invalid size: should be ${formatSize(likes[i].sizes)} but got ${formatSize(v.sizes)}.`,
    );
  });
}

function like<T>(given: Tensors, results: T[]): T | T[] {
  return given instanceof Tensor ? results[0] : results;
}

/** Inputs of their own, so that nobody else's graph takes part. */
function prepared(inputs: readonly Tensor[], createGraph: boolean): Tensor[] {
  return inputs.map((x) =>
    createGraph ? x.requiresGrad ? x.viewAs(x) : x.clone().requiresGrad_() : x.detach().requiresGrad_()
  );
}

function gradients(
  y: Tensor,
  xs: readonly Tensor[],
  dy: Tensor | undefined,
  createGraph: boolean,
  strict: boolean,
): Tensor[] {
  if (!y.requiresGrad) {
    if (strict) {
      throw new Error(
        "Output 0 of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.",
      );
    }
    return xs.map((x) => zerosLike(x));
  }
  const found = grad(y, xs, { gradOutputs: dy, createGraph, retainGraph: true, allowUnused: true });
  return found.map((dx, i) => {
    if (dx === null && strict) {
      throw new Error(
        `Output 0 of the user-provided function is independent of input ${i}. This is not allowed in strict mode.`,
      );
    }
    return dx ?? zerosLike(xs[i]);
  });
}

function open(operation: string, options: FunctionalOptions): { createGraph: boolean; strict: boolean } {
  const rows = operation === "jacobian" ? ["vectorize", "strategy"] : ["vectorize", "outerJacobianStrategy"];
  checkOptions(operation, options, [
    "createGraph",
    "strict",
    ...(operation === "jacobian" || operation === "hessian" ? rows : []),
  ]);
  return { createGraph: options.createGraph ?? false, strict: options.strict ?? false };
}

/**
 * The Jacobian of `fn`: for one input and output, a tensor of the output's shape followed by the input's; else nested lists,
 * outputs outside.
 */
export function jacobian(
  fn: (...x: Tensor[]) => Tensors,
  inputs: Tensors,
  options: FunctionalOptions = {},
): Tensor | Tensor[] | Tensor[][] {
  const { createGraph, strict } = open("jacobian", options);
  return enableGrad(() => {
    const xs = prepared(checked("inputs given to jacobian", inputs), createGraph);
    const ys = fn(...xs);
    const rows = checked("outputs of the user-provided function given to jacobian", ys).map((y) => {
      const flat = y.reshape(-1);
      const perElement = Array.from(
        { length: y.count },
        (_, j) => gradients(flat.select(0, j), xs, undefined, createGraph, strict),
      );
      return xs.map((x, i) =>
        y.count === 0
          ? zeros([...y.sizes, ...x.sizes], { dtype: x.dtype, device: x.device })
          : stack(perElement.map((g) => g[i])).view([...y.sizes, ...x.sizes])
      );
    });
    return like(ys, rows.map((row) => like(inputs, row))) as Tensor | Tensor[] | Tensor[][];
  });
}

/** The Hessian of `fn`, whose output is a scalar; nested lists for several inputs. */
export function hessian(
  fn: (...x: Tensor[]) => Tensor,
  inputs: Tensors,
  options: FunctionalOptions = {},
): Tensor | Tensor[] | Tensor[][] {
  const { createGraph, strict } = open("hessian", options);
  const first = (...xs: Tensor[]): Tensors => {
    const y = fn(...xs);
    if (!(y instanceof Tensor)) throw new TypeError("The function given to hessian should return a single Tensor");
    if (y.count !== 1) {
      throw new Error("The Tensor returned by the function given to hessian should contain a single element");
    }
    return like(inputs, gradients(y.reshape([]), xs, undefined, true, strict));
  };
  return jacobian(first, inputs, { createGraph, strict });
}

/** `[fn(x), vᵀ·J]`; for a function with several outputs `v` is a list of as many. */
export function vjp<Y extends Tensors>(
  fn: (...x: Tensor[]) => Y,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Y, Tensor | Tensor[]] {
  const { createGraph, strict } = open("vjp", options);
  return enableGrad(() => {
    const xs = prepared(checked("inputs given to vjp", inputs), createGraph);
    const result = fn(...xs), ys = checked("outputs of the user-provided function given to vjp", result);
    if (v === undefined && !(ys.length === 1 && ys[0].count === 1)) {
      throw new Error(
        "The vector v can only be None if the user-provided function returns a single Tensor with a single element.",
      );
    }
    const vs = v === undefined ? [onesLike(ys[0])] : list(v);
    checkVectors(vs, ys);
    const parts = ys.map((y, k) => gradients(y, xs, vs[k], createGraph, strict));
    const found = xs.map((_, i) => parts.map((p) => p[i]).reduce((a, b) => a.add(b)));
    return [finished(result, ys, createGraph), like(inputs, found)] as [Y, Tensor | Tensor[]];
  });
}

/** The outputs in the form that the user's function gave, cut off from the graph unless that is wanted. */
function finished<Y extends Tensors>(result: Y, ys: readonly Tensor[], createGraph: boolean): Y {
  return like(result, createGraph ? [...ys] : ys.map((y) => y.detach())) as Y;
}

/** `[fn(x), J·v]`, by differentiating vᵀ·J twice; a list for a function with several outputs. */
export function jvp<Y extends Tensors>(
  fn: (...x: Tensor[]) => Y,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Y, Y] {
  const { createGraph, strict } = open("jvp", options);
  return enableGrad(() => {
    const xs = prepared(checked("inputs given to jvp", inputs), createGraph);
    if (v === undefined && !(xs.length === 1 && xs[0].count === 1)) {
      throw new Error(
        "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.",
      );
    }
    const vs = v === undefined ? xs.map((x) => onesLike(x)) : list(v);
    checkVectors(vs, xs);
    const result = fn(...xs), ys = checked("outputs of the user-provided function given to jvp", result);
    const found = ys.map((y) => forwards(y, xs, vs, createGraph, strict));
    return [finished(result, ys, createGraph), like(result, found)] as [Y, Y];
  });
}

/** J·v of one output. */
function forwards(
  y: Tensor,
  xs: readonly Tensor[],
  vs: readonly Tensor[],
  createGraph: boolean,
  strict: boolean,
): Tensor {
  const dummy = zerosLike(y).requiresGrad_();
  const kept = gradients(y, xs, dummy, true, strict).map((b, i) => ({ b, v: vs[i] })).filter(({ b }) => b.requiresGrad);
  if (kept.length === 0) return zerosLike(y);
  const [forward] = grad(kept.map(({ b }) => b), dummy, {
    gradOutputs: kept.map(({ v }) => v),
    createGraph,
    retainGraph: true,
    allowUnused: true,
  });
  return forward ?? zerosLike(y);
}

/** `[fn(x), vᵀ·H]` of a scalar function. */
export function vhp(
  fn: (...x: Tensor[]) => Tensor,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Tensor, Tensor | Tensor[]] {
  const { createGraph, strict } = open("vhp", options);
  return enableGrad(() => {
    const xs = prepared(list(inputs), createGraph);
    const y = fn(...xs);
    const first = gradients(y, xs, undefined, true, strict);
    const vs = v === undefined ? xs.map((x) => onesLike(x)) : list(v);
    const kept = first.map((g, i) => ({ g, v: vs[i] })).filter(({ g }) => g.requiresGrad);
    const found = kept.length === 0 ? xs.map((x) => zerosLike(x)) : grad(kept.map(({ g }) => g), xs, {
      gradOutputs: kept.map(({ v }) => v),
      createGraph,
      allowUnused: true,
    }).map((dx, i) => dx ?? zerosLike(xs[i]));
    return [createGraph ? y : y.detach(), like(inputs, found)] as [Tensor, Tensor | Tensor[]];
  });
}

/** `[fn(x), H·v]` of a scalar function; the Hessian is symmetric, so this is {@linkcode vhp}. */
export function hvp(
  fn: (...x: Tensor[]) => Tensor,
  inputs: Tensors,
  v?: Tensors,
  options: FunctionalOptions = {},
): [Tensor, Tensor | Tensor[]] {
  return vhp(fn, inputs, v, options);
}
