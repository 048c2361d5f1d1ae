/**
 * `autograd.backward` and `autograd.grad`.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { checkOptions } from "../check.ts";
import { stack } from "../ops/join.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { implicitGrad, runBackward } from "./engine.ts";
import { zerosLike } from "../create.ts";

/** Options of {@linkcode grad}. */
export interface GradOptions {
  /** The outputs' gradients. Default: 1 for each scalar output. */
  gradOutputs?: Tensor | readonly (Tensor | null)[] | null;
  /** Keep what the graph saved. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Record the backward itself, for second derivatives. Default: false. */
  createGraph?: boolean;
  /** Give `null` for inputs that the outputs do not depend on, rather than an error. Default: `materializeGrads`. */
  allowUnused?: boolean;
  /** Give zeros instead of `null` for unused inputs. Default: false. */
  materializeGrads?: boolean;
  /** Whether `gradOutputs` are batches, their first dimension over several backward passes, as the results are. Default: false. */
  isGradsBatched?: boolean;
}

/** The arguments of {@linkcode grad} after outputs and inputs. */
export type GradArguments = Trailing<
  [
    gradOutputs: Tensor | readonly (Tensor | null)[] | null,
    retainGraph: boolean,
    createGraph: boolean,
    onlyInputs: boolean,
    allowUnused: boolean,
    isGradsBatched: boolean,
    materializeGrads: boolean,
  ],
  GradOptions & { onlyInputs?: boolean }
>;

/** The arguments of {@linkcode grad} where every input must be used, so that no gradient is `null`. */
export type UsedGradArguments = Trailing<
  [gradOutputs: Tensor | readonly (Tensor | null)[] | null, retainGraph: boolean, createGraph: boolean],
  GradOptions & { allowUnused?: false }
>;

const gradNames = [
  "gradOutputs",
  "retainGraph",
  "createGraph",
  "onlyInputs",
  "allowUnused",
  "isGradsBatched",
  "materializeGrads",
] as const;

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

function gradients(roots: readonly Tensor[], given: readonly (Tensor | null)[] | undefined): Tensor[] {
  if (given !== undefined && given.length !== roots.length) {
    throw new Error(`got ${roots.length} tensors and ${given.length} gradients`);
  }
  return roots.map((root, i) => {
    if (!root.requiresGrad) {
      throw new Error(`element ${i} of tensors does not require grad and does not have a grad_fn`);
    }
    const grad = given?.[i];
    if (!grad) return implicitGrad(root);
    if (!sameSizes(grad.sizes, root.sizes)) {
      throw new Error(
        `Mismatch in shape: grad_output[${i}] has a shape of torch.Size(${
          formatSizes(grad.sizes)
        }) and output[${i}] has a ` +
          `shape of torch.Size(${formatSizes(root.sizes)}).`,
      );
    }
    return grad;
  });
}

/**
 * The gradients of `outputs` with respect to `inputs`, without touching anybody's `grad`.
 *
 * @throws {Error} When an input was not used to compute the outputs, unless `allowUnused`.
 *
 * @example
 * ```ts
 * import { autograd, tensor } from "@raptorch/raptorch";
 * const x = tensor(2, { requiresGrad: true });
 * const [dx] = autograd.grad(x.mul(x), [x], { createGraph: true });
 * const [ddx] = autograd.grad(dx, x);
 * console.assert(dx.item() === 4 && ddx.item() === 2);
 * ```
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  ...rest: UsedGradArguments
): Tensor[];
/** Gradients of which some are `null`, of inputs that the outputs do not depend on. */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  ...rest: GradArguments
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  ...rest: GradArguments
): (Tensor | null)[] {
  const options = named<GradOptions & { onlyInputs?: boolean }>("grad", rest, gradNames);
  if (options.materializeGrads && options.allowUnused === false) {
    throw new Error(
      "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.",
    );
  }
  const roots = list(outputs), wanted = list(inputs);
  const given = options.gradOutputs === undefined || options.gradOutputs === null
    ? undefined
    : list(options.gradOutputs as Tensor);
  if (options.isGradsBatched) return batched(roots, wanted, given, options);
  wanted.forEach((x) => {
    if (!x.requiresGrad) throw new Error("One of the differentiated Tensors does not require grad");
  });
  const createGraph = options.createGraph ?? false;
  const found = runBackward(roots, gradients(roots, given), {
    createGraph,
    retainGraph: options.retainGraph ?? createGraph,
    inputs: wanted,
    accumulate: false,
  });
  return found.map((dx, i) => {
    if (dx !== null) return dx;
    if (options.materializeGrads) return zerosLike(wanted[i]);
    if (options.allowUnused) return null;
    throw new Error(
      `The differentiated Tensor at index ${i} appears to not have been used in the graph. Set allow_unused=True if this is ` +
        "the desired behavior.",
    );
  });
}

/** One backward pass for each element of the first dimension of `given`, the results stacked. */
function batched(
  roots: readonly Tensor[],
  wanted: readonly Tensor[],
  given: readonly (Tensor | null)[] | undefined,
  options: GradOptions,
): (Tensor | null)[] {
  const count = given?.find((g) => g !== null)?.sizes[0];
  if (count === undefined) throw new Error("grad: isGradsBatched needs gradOutputs with a batch dimension");
  const { isGradsBatched: _, ...each } = options;
  const passes = Array.from({ length: count }, (_, i) =>
    grad(roots, wanted, {
      ...each,
      gradOutputs: given!.map((g) => g === null ? null : g.select(0, i)),
      retainGraph: i < count - 1 || (options.retainGraph ?? options.createGraph ?? false),
    }));
  return wanted.map((_, i) => {
    const parts = passes.map((p) => p[i]);
    return parts.every((g) => g !== null) ? stack(parts) : null;
  });
}

/** Options of {@linkcode backward}. */
export interface BackwardAllOptions {
  /** Keep what the graph saved. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Record the backward itself. Default: false. */
  createGraph?: boolean;
  /** Accumulate into these leaves only. */
  inputs?: readonly Tensor[];
}

/** Computes the sum of gradients of `tensors` with respect to the graph's leaves, and adds them to their `grad`. */
export function backward(
  tensors: Tensor | readonly Tensor[],
  gradTensors?: Tensor | readonly (Tensor | null)[] | null,
  options: BackwardAllOptions = {},
): void {
  checkOptions("backward", options, ["retainGraph", "createGraph", "inputs"]);
  const roots = list(tensors);
  const given = gradTensors === undefined || gradTensors === null ? undefined : list(gradTensors as Tensor);
  const createGraph = options.createGraph ?? false;
  runBackward(roots, gradients(roots, given), {
    createGraph,
    retainGraph: options.retainGraph ?? createGraph,
    inputs: options.inputs ?? null,
    accumulate: true,
  });
}
