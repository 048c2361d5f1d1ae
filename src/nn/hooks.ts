/**
 * Hooks of modules: what runs before and after `forward`, and when gradients have passed.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { type Grad, recordMany } from "../autograd/node.ts";
import { view } from "../make.ts";
import { Tensor } from "../tensor.ts";
import type { RemovableHandle } from "../tensor/core.ts";

/** What one module has registered. The functions' arguments are those of the module's `register…Hook`. @internal */
export interface Hooks {
  pre: ((args: unknown[]) => unknown)[];
  post: ((args: unknown[], output: unknown) => unknown)[];
  backwardPre: ((gradOutputs: Grad[]) => unknown)[];
  backward: ((gradInputs: Grad[], gradOutputs: Grad[]) => unknown)[];
}

/** How many hooks there are in the whole program: as long as there are none, containers may free what passes through. @internal */
export const registered = { count: 0 };

/** Adds a hook to a list. The handle that comes back takes it away. @internal */
export function register<H>(list: H[], hook: H, prepend = false): RemovableHandle {
  if (prepend) list.unshift(hook);
  else list.push(hook);
  registered.count++;
  return {
    remove(): void {
      const at = list.indexOf(hook);
      if (at < 0) return;
      list.splice(at, 1);
      registered.count--;
    },
  };
}

/** Runs `forward` with everything that is registered around it. @internal */
export function callWithHooks(hooks: Hooks, args: unknown[], forward: (args: unknown[]) => unknown): unknown {
  for (const hook of hooks.pre) {
    const changed = hook(args);
    if (changed !== undefined && changed !== null) args = Array.isArray(changed) ? changed : [changed];
  }
  const passage = hooks.backward.length + hooks.backwardPre.length > 0 && mode.enabled ? new Passage(hooks) : null;
  let output = forward(passage === null ? args : passage.enter(args));
  for (const hook of hooks.post) output = hook(args, output) ?? output;
  return passage === null ? output : passage.leave(output);
}

/** Two nodes around a module, that see the gradients of its outputs and then those of its inputs. */
class Passage {
  readonly #hooks: Hooks;
  #gradOutputs: Grad[] = [];
  /** Whether an input wants a gradient, so that the gradients of the inputs will come by. */
  #entered = false;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  enter(args: unknown[]): unknown[] {
    this.#entered = args.some((a) => a instanceof Tensor && a.requiresGrad);
    return !this.#entered ? args : through(args, (gradInputs) => {
      const all: Grad[] = [];
      let next = 0;
      for (const a of args) all.push(a instanceof Tensor ? gradInputs[next++] : null);
      const changed = this.#finish(all);
      return changed.filter((_, i) => args[i] instanceof Tensor);
    });
  }

  leave(output: unknown): unknown {
    const many = Array.isArray(output);
    const outputs = many ? output : [output];
    const left = through(outputs, (gradOutputs) => {
      for (const hook of this.#hooks.backwardPre) gradOutputs = replaced(hook(gradOutputs), gradOutputs);
      this.#gradOutputs = gradOutputs;
      if (!this.#entered) this.#finish([null]);
      return gradOutputs;
    });
    return many ? left : left[0];
  }

  #finish(gradInputs: Grad[]): Grad[] {
    for (const hook of this.#hooks.backward) gradInputs = replaced(hook(gradInputs, this.#gradOutputs), gradInputs);
    return gradInputs;
  }
}

function replaced(result: unknown, grads: Grad[]): Grad[] {
  if (result === undefined || result === null) return grads;
  const list = Array.isArray(result) ? result : [result];
  if (list.length !== grads.length) {
    throw new Error(
      `Backward hook returned an invalid number of grad_input, got ${list.length}, but expected ${grads.length}`,
    );
  }
  return list;
}

/** The values, their tensors passed through one node whose backward is `see`. */
function through(values: unknown[], see: (grads: Grad[]) => Grad[]): unknown[] {
  const tensors = values.filter((v): v is Tensor => v instanceof Tensor);
  const outputs = tensors.map((x) => view(x, x.sizes, x.strides, x.offset));
  recordMany("BackwardHookFunctionBackward", outputs, tensors, [], (grads) => {
    for (const grad of grads) if (grad !== null) grad.storage.held = true;
    return see([...grads]);
  });
  let next = 0;
  return values.map((v) => v instanceof Tensor ? outputs[next++] : v);
}
