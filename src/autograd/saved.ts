/**
 * Taking part in how tensors are saved for backward, and recomputing instead of saving.
 *
 * @module
 */
import { scalarTensor } from "../create.ts";
import { keep } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { checkOptions } from "../check.ts";
import { saveGenerators } from "../generator.ts";
import { runBackward } from "./engine.ts";
import { enableGrad, mode, type ModeGuard, noGrad } from "./mode.ts";
import { type Grad, Node, savedHooks, type SavedTensorHooks } from "./node.ts";

/**
 * While in force, `pack` is called with each tensor that an operation saves, and `unpack` with its result when backward needs
 * the tensor: `savedTensorsHooks(pack, unpack, () => …)`, or `using _ = savedTensorsHooks(pack, unpack)`.
 */
export function savedTensorsHooks<T>(
  pack: SavedTensorHooks["pack"],
  unpack: SavedTensorHooks["unpack"],
  body: () => T,
): T;
export function savedTensorsHooks(pack: SavedTensorHooks["pack"], unpack: SavedTensorHooks["unpack"]): ModeGuard;
export function savedTensorsHooks<T>(
  pack: SavedTensorHooks["pack"],
  unpack: SavedTensorHooks["unpack"],
  body?: () => T,
): T | ModeGuard {
  const hooks = { pack, unpack };
  savedHooks.push(hooks);
  const guard: ModeGuard = {
    [Symbol.dispose](): void {
      const at = savedHooks.lastIndexOf(hooks);
      if (at >= 0) savedHooks.splice(at, 1);
    },
  };
  if (body === undefined) return guard;
  try {
    return body();
  } finally {
    guard[Symbol.dispose]();
  }
}

/** Options of {@linkcode checkpoint}. */
export interface CheckpointOptions {
  /** Draw the same random numbers again when recomputing. Default: true. */
  preserveRngState?: boolean;
  /** Accepted for PyTorch's sake: both ways recompute the whole function. */
  useReentrant?: boolean;
}

/**
 * Runs `fn` without saving what its backward needs, and runs it again when backward comes: less memory for more time.
 *
 * @example
 * ```ts
 * import { tensor, utils } from "@raptorch/raptorch";
 * const x = tensor([1, 2], { requiresGrad: true });
 * utils.checkpoint.checkpoint((x) => x.mul(x).sum(), [x]).backward();
 * console.assert(String(x.grad) === "tensor([2., 4.])");
 * ```
 */
export function checkpoint(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: CheckpointOptions = {},
): Tensor {
  checkOptions("checkpoint", options, ["preserveRngState", "useReentrant"]);
  const rewind = options.preserveRngState === false ? null : saveGenerators();
  const result = noGrad(() => fn(...inputs));
  if (!mode.enabled) return result;
  const y = result.detached();
  const node = new Node("CheckpointFunctionBackward", [...inputs, trigger()], [], (dy): readonly Grad[] => {
    const goOn = rewind === null ? null : saveGenerators();
    rewind?.();
    const again = inputs.map((x) => x.detach().requiresGrad_(x.requiresGrad));
    const recomputed = enableGrad(() => fn(...again));
    goOn?.();
    if (recomputed.requiresGrad) {
      runBackward([recomputed], [dy], { retainGraph: false, createGraph: false, inputs: null, accumulate: true });
    }
    return [...again.map((x) => x.grad), null];
  });
  node.extra().custom = true;
  y.setHistory(node, 0);
  return y;
}

// The function may use parameters that are not among its inputs: the node must run for their sake.
let triggerTensor: Tensor | null = null;
function trigger(): Tensor {
  return triggerTensor ??= keep(scalarTensor(0, { device: "cpu" })).requiresGrad_();
}
