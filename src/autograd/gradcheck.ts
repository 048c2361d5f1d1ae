/**
 * Gradients against central differences: `gradcheck` and `gradgradcheck`.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import { float64 } from "../dtype.ts";
import { zeros, zerosLike } from "../create.ts";
import { copyElements, readElements } from "../read.ts";
import { formatSizes } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { randn } from "../random.ts";
import { grad } from "./grad.ts";
import { noGrad } from "./mode.ts";

/** Options of {@linkcode gradcheck}. */
export interface GradcheckOptions {
  /** The step of the differences. Default: 1e-6. */
  eps?: number;
  /** Absolute tolerance. Default: 1e-5. */
  atol?: number;
  /** Relative tolerance. Default: 1e-3. */
  rtol?: number;
  /** Throw an error that shows both, rather than answer false. Default: true. */
  raiseException?: boolean;
}

/** A function of tensors. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

const options = ["eps", "atol", "rtol", "raiseException"];

function outputsOf(fn: TensorFunction, inputs: readonly Tensor[]): Tensor[] {
  const result = fn(...inputs);
  return (result instanceof Tensor ? [result] : [...result]).filter((y) => y.dtype.isFloatingPoint);
}

/** The values of `x`, row-major, as numbers. */
function values(x: Tensor): number[] {
  return Array.from(copyElements(x.detached()) as Float64Array, Number);
}

/** d output[j] / d input[i] by central differences, as [i][j]. */
function numerical(
  fn: TensorFunction,
  inputs: readonly Tensor[],
  which: number,
  output: number,
  eps: number,
): number[][] {
  const x = inputs[which];
  const flat = x.detached().contiguous().view(-1);
  const shared = x.isContiguous();
  const evaluate = (): number[] => values(outputsOf(fn, inputs)[output]);
  const rows: number[][] = [];
  for (let i = 0; i < x.count; i++) {
    const place = shared ? flat.select(0, i) : elementOf(x, i);
    const before = readElements(place, [0])[0] as number;
    noGrad(() => place.fill_(before + eps));
    const up = evaluate();
    noGrad(() => place.fill_(before - eps));
    const down = evaluate();
    noGrad(() => place.fill_(before));
    rows.push(up.map((u, j) => (u - down[j]) / (2 * eps)));
  }
  return rows;
}

/** Element `i`, row-major, as a view of the same memory. */
function elementOf(x: Tensor, i: number): Tensor {
  let place = x.detached();
  let rest = i;
  const indices = x.sizes.map((_, d) => {
    const below = x.sizes.slice(d + 1).reduce((a, b) => a * b, 1);
    const at = Math.floor(rest / below);
    rest %= below;
    return at;
  });
  for (const at of indices) place = place.select(0, at);
  return place;
}

/** d output[j] / d input[i] by backward, as [i][j]. */
function analytical(fn: TensorFunction, inputs: readonly Tensor[], which: number, output: number): number[][] {
  const y = outputsOf(fn, inputs)[output];
  const x = inputs[which];
  const columns: number[][] = [];
  for (let j = 0; j < y.count; j++) {
    const dy = zeros(y.count, { dtype: y.dtype, device: y.device });
    dy.select(0, j).fill_(1);
    const [dx] = y.requiresGrad
      ? grad(y, x, { gradOutputs: dy.view(y.sizes), retainGraph: true, allowUnused: true })
      : [null];
    columns.push(dx === null ? new Array<number>(x.count).fill(0) : values(dx));
  }
  return Array.from({ length: x.count }, (_, i) => columns.map((c) => c[i]));
}

/**
 * Whether the gradients of `fn` agree with central differences, for each float64 input that requires gradients.
 *
 * @throws {Error} With both Jacobians, when they do not agree.
 *
 * @example
 * ```ts
 * import { autograd, float64, randn } from "@raptorch/raptorch";
 * const x = randn([3], { dtype: float64, requiresGrad: true });
 * console.assert(autograd.gradcheck((x) => x.tanh(), [x]));
 * ```
 */
export function gradcheck(
  fn: TensorFunction,
  inputs: Tensor | readonly Tensor[],
  opts: GradcheckOptions = {},
): boolean {
  checkOptions("gradcheck", opts, options);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = opts;
  const list = inputs instanceof Tensor ? [inputs] : inputs;
  const checked = list.map((x, i) => ({ x, i })).filter(({ x }) => x.requiresGrad);
  if (checked.length === 0) {
    throw new Error(
      "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True.",
    );
  }
  const count = outputsOf(fn, list).length;
  for (const { x, i } of checked) {
    for (let k = 0; k < count; k++) {
      const wanted = numerical(fn, list, i, k, eps), found = analytical(fn, list, i, k);
      const agree = wanted.every((row, a) =>
        row.every((w, b) => Object.is(w, found[a][b]) || Math.abs(w - found[a][b]) <= atol + rtol * Math.abs(w))
      );
      if (agree) continue;
      if (!raiseException) return false;
      throw new Error(
        `Jacobian mismatch for output ${k} with respect to input ${i} (shape ${formatSizes(x.sizes)}),\n` +
          `numerical:${JSON.stringify(wanted)}\nanalytical:${JSON.stringify(found)}`,
      );
    }
  }
  return true;
}

/** {@linkcode gradcheck} of the gradients themselves: second derivatives. */
export function gradgradcheck(
  fn: TensorFunction,
  inputs: Tensor | readonly Tensor[],
  opts: GradcheckOptions = {},
): boolean {
  checkOptions("gradgradcheck", opts, options);
  const list = inputs instanceof Tensor ? [inputs] : [...inputs];
  const grads = outputsOf(fn, list).map((y) =>
    randn([...y.sizes], { dtype: float64, device: y.device }).requiresGrad_()
  );
  const first: TensorFunction = (...all) => {
    const xs = all.slice(0, list.length), dys = all.slice(list.length);
    const roots = outputsOf(fn, xs);
    const wanted = xs.filter((x) => x.requiresGrad);
    const kept = roots.map((y, i) => ({ y, dy: dys[i] })).filter(({ y }) => y.requiresGrad);
    return grad(kept.map(({ y }) => y), wanted, {
      gradOutputs: kept.map(({ dy }) => dy),
      createGraph: true,
      allowUnused: true,
    })
      .map((dx, i) => dx ?? zerosLike(wanted[i]));
  };
  return gradcheck(first, [...list, ...grads], opts);
}
