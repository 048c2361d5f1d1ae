/**
 * Taking part in how tensors are saved for backward, and recomputing instead of saving.
 *
 * @module
 */
import { scalarTensor } from "../create.ts";
import { keep } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { checkOptions, isOptions } from "../check.ts";
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
 * utils.checkpoint.checkpoint((x) => x.mul(x).sum(), x, { useReentrant: false }).backward();
 * console.assert(String(x.grad) === "tensor([2., 4.])");
 * ```
 */
export function checkpoint(
  fn: (...inputs: Tensor[]) => Tensor,
  ...args: [inputs: readonly Tensor[], options?: CheckpointOptions] | Tensor[] | [...Tensor[], CheckpointOptions]
): Tensor {
  const last = args[args.length - 1], options: CheckpointOptions = isOptions(last) ? last : {};
  const inputs = (isOptions(last) ? args.slice(0, -1) : args).flat() as Tensor[];
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

/**
 * Runs the modules of a Sequential, or of a list, in `segments` pieces, each of which but the last is checkpointed.
 *
 * @example
 * ```ts
 * import { nn, randn, utils } from "@raptorch/raptorch";
 * const net = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2));
 * utils.checkpoint.checkpointSequential(net, 2, randn(5, 3)).sum().backward();
 * console.assert(net[0].weight.grad !== null);
 * ```
 */
export function checkpointSequential(
  functions: Iterable<(x: Tensor) => Tensor>,
  segments: number,
  input: Tensor,
  options: CheckpointOptions = {},
): Tensor {
  const all = [...functions], size = Math.floor(all.length / segments);
  const piece = (from: number, to: number) => (x: Tensor): Tensor => all.slice(from, to).reduce((x, f) => f(x), x);
  let x = input, at = 0;
  for (; at < size * (segments - 1); at += size) x = checkpoint(piece(at, at + size), x, options);
  return piece(at, all.length)(x);
}

// The function may use parameters that are not among its inputs: the node must run for their sake.
let triggerTensor: Tensor | null = null;
function trigger(): Tensor {
  return triggerTensor ??= keep(scalarTensor(0, { device: "cpu" })).requiresGrad_();
}
