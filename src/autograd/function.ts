/**
 * Operations that users define with their own backward: `class MyFn extends autograd.Function`.
 *
 * @module
 */
import { Tensor } from "../tensor.ts";
import { mode, noGrad } from "./mode.ts";
import { type Grad, Node } from "./node.ts";

/**
 * What `forward` and `backward` of a {@linkcode Function} share. Further properties may be set freely.
 */
export class FunctionCtx {
  [name: string]: unknown;
  #saved: readonly (Tensor | null)[] = [];
  #node: Node | null = null;
  #fixed: ReadonlySet<Tensor> = new Set();
  #dirty: ReadonlySet<Tensor> = new Set();
  #materialize = true;
  /** For each input of `forward`, whether it wants a gradient. */
  needsInputGrad: boolean[] = [];

  /** Keeps tensors for `backward`, which finds them in {@linkcode savedTensors}. */
  saveForBackward(...tensors: (Tensor | null)[]): void {
    this.#saved = tensors;
  }

  /**
   * What `saveForBackward` kept.
   *
   * @throws {Error} When one of them was written in place since, or the graph was used up.
   */
  get savedTensors(): Tensor[] {
    return this.#node === null ? this.#saved as Tensor[] : this.#node.saved();
  }

  /** Says that these outputs have no gradient. */
  markNonDifferentiable(...outputs: Tensor[]): void {
    this.#fixed = new Set(outputs);
  }

  /** Says that `forward` wrote these inputs in place. */
  markDirty(...inputs: Tensor[]): void {
    this.#dirty = new Set(inputs);
  }

  /** Whether `backward` gets zeros (the default) or null for outputs without a gradient. */
  setMaterializeGrads(value: boolean): void {
    this.#materialize = value;
  }

  /** @internal */
  get state(): {
    saved: readonly (Tensor | null)[];
    fixed: ReadonlySet<Tensor>;
    dirty: ReadonlySet<Tensor>;
    materialize: boolean;
  } {
    return { saved: this.#saved, fixed: this.#fixed, dirty: this.#dirty, materialize: this.#materialize };
  }

  /** @internal */
  bind(node: Node): void {
    this.#node = node;
  }
}

/** The shape of a class that {@linkcode Function.apply} can run. */
interface FunctionClass<A extends unknown[], R extends Tensor | Tensor[]> {
  name: string;
  forward(ctx: FunctionCtx, ...args: A): R;
  backward(ctx: FunctionCtx, ...grads: Tensor[]): unknown;
}

/** The same with a `forward` that gets no context. */
interface SetupClass<A extends unknown[], R extends Tensor | Tensor[]> {
  name: string;
  forward(...args: A): R;
  setupContext(ctx: FunctionCtx, inputs: A, output: R): void;
  backward(ctx: FunctionCtx, ...grads: Tensor[]): unknown;
}

/**
 * The base of operations with a hand-written adjoint.
 *
 * @example
 * ```ts
 * import { autograd, tensor, type Tensor } from "@raptorch/raptorch";
 * class Square extends autograd.Function {
 *   static override forward(ctx: autograd.FunctionCtx, x: Tensor): Tensor {
 *     ctx.saveForBackward(x);
 *     return x.mul(x);
 *   }
 *   static override backward(ctx: autograd.FunctionCtx, dy: Tensor): Tensor {
 *     return dy.mul(ctx.savedTensors[0]).mul(2);
 *   }
 * }
 * const x = tensor(3, { requiresGrad: true });
 * Square.apply(x).backward();
 * console.assert(x.grad!.item() === 6);
 * ```
 */
export class Function {
  /** Computes the outputs. Runs outside of the graph. */
  static forward(..._args: never[]): Tensor | Tensor[] {
    throw new Error(`You must implement the forward function for custom autograd.Function (${this.name}).`);
  }

  /** Computes the inputs' gradients: one per argument of `forward`, null where there is none. */
  static backward(_ctx: FunctionCtx, ..._grads: Tensor[]): unknown {
    throw new Error(
      `You must implement either the backward or vjp method for your custom autograd.Function (${this.name}) to use it with ` +
        "backward mode AD.",
    );
  }

  /**
   * Where a class has this, its `forward` gets no context: it is called afterwards, with the arguments and what came of them,
   * to save what `backward` needs.
   */
  static setupContext(_ctx: FunctionCtx, _inputs: never, _output: never): void {}

  /** Runs `forward` and enters the operation into the graph. */
  static apply<A extends unknown[], R extends Tensor | Tensor[]>(this: FunctionClass<A, R>, ...args: A): R;
  /** Runs `forward` and `setupContext` and enters the operation into the graph. */
  static apply<A extends unknown[], R extends Tensor | Tensor[]>(this: SetupClass<A, R>, ...args: A): R;
  static apply<A extends unknown[], R extends Tensor | Tensor[]>(
    this: FunctionClass<A, R> | SetupClass<A, R>,
    ...args: A
  ): R {
    const ctx = new FunctionCtx();
    const inputs = args.map((a) => a instanceof Tensor ? a : null);
    const recorded = mode.enabled && inputs.some((i) => i !== null && i.requiresGrad);
    ctx.needsInputGrad = inputs.map((i) => i !== null && i.requiresGrad);
    const enabled = mode.enabled;
    mode.enabled = false;
    let result: R;
    try {
      if (hasSetup(this)) {
        result = this.forward(...args);
        this.setupContext(ctx, args, result);
      } else result = this.forward(ctx, ...args);
    } finally {
      mode.enabled = enabled;
    }
    for (const x of ctx.state.dirty) {
      if (recorded && x.requiresGrad && x.isLeaf) {
        throw new Error("a leaf Variable that requires grad has been used in an in-place operation.");
      }
    }
    const list: Tensor[] = Array.isArray(result) ? result : [result];
    if (!recorded) return result;
    return enter(this, ctx, inputs, list, Array.isArray(result)) as R;
  }
}

/**
 * A `backward` that is not recorded, and whose results cannot be differentiated again:
 * `static override backward = autograd.onceDifferentiable((ctx, dy) => …)`.
 */
export function onceDifferentiable<R>(
  backward: (ctx: FunctionCtx, ...grads: Tensor[]) => R,
): (ctx: FunctionCtx, ...grads: Tensor[]) => R {
  return (ctx, ...grads) => {
    const recorded = mode.enabled && grads.some((g) => g?.requiresGrad);
    const found = noGrad(() => backward(ctx, ...grads));
    if (recorded) {
      const refuse = (): never => {
        throw new Error("trying to differentiate twice a function that was marked with @once_differentiable");
      };
      for (const x of Array.isArray(found) ? found : [found]) {
        if (x instanceof Tensor) x.setHistory(new Node("DelayedError", grads, [], refuse), 0);
      }
    }
    return found;
  };
}

function hasSetup<A extends unknown[], R extends Tensor | Tensor[]>(
  fn: FunctionClass<A, R> | SetupClass<A, R>,
): fn is SetupClass<A, R> {
  return (fn as SetupClass<A, R>).setupContext !== Function.setupContext;
}

function enter(
  fn: { name: string; backward(ctx: FunctionCtx, ...grads: Tensor[]): unknown },
  ctx: FunctionCtx,
  inputs: (Tensor | null)[],
  list: Tensor[],
  many: boolean,
): Tensor | Tensor[] {
  const { saved, fixed, dirty, materialize } = ctx.state;
  // An input handed through unchanged becomes an output of its own.
  const outputs = list.map((y) => inputs.includes(y) && !dirty.has(y) ? y.detached() : y);
  const shapes = outputs.map((y) => ({ sizes: y.sizes, like: y.detached() }));
  const node = new Node(`${fn.name}Backward`, inputs, [], null, (dys) => {
    const grads = dys.map((dy, i) => dy ?? (materialize ? zeros(shapes[i].like) : null));
    const found = fn.backward(ctx, ...grads as Tensor[]);
    const dxs = Array.isArray(found) ? found as Grad[] : [found as Grad];
    if (dxs.length < inputs.length || dxs.slice(inputs.length).some((d) => d !== null && d !== undefined)) {
      throw new Error(
        `function ${fn.name}Backward returned an incorrect number of gradients (expected ${inputs.length}, got ${dxs.length})`,
      );
    }
    return inputs.map((_, i) => dxs[i] ?? null);
  });
  node.extra().custom = true;
  node.outputs = outputs.length;
  outputs.forEach((y, i) => {
    if (y.dtype.isFloatingPoint && !fixed.has(list[i])) y.setHistory(node, i);
  });
  const own = new Node(
    "saved",
    [],
    saved.map((s) => {
      const at = s === null ? -1 : list.indexOf(s);
      return at >= 0 ? outputs[at] : s;
    }),
    null,
  );
  ctx.bind(own);
  return many ? outputs : outputs[0];
}

function zeros(like: Tensor): Tensor {
  const x = like.like();
  return x.zero_();
}
