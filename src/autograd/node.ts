/**
 * The graph: nodes, edges, what they save, and `record`, by which operations enter it.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import { formatSizes, type Sizes } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { mode } from "./mode.ts";

/** A gradient, or `null` where there is none. */
export type Grad = Tensor | null;

/** The gradients of an operation's inputs, from its output's gradient, what it saved, and which inputs want one. */
export type Backward = (dy: Tensor, saved: Tensor[], needs: boolean[]) => readonly Grad[];

/** The same for an operation with several outputs; the gradient of an unused one is `null`. */
export type BackwardMany = (dys: Grad[], saved: Tensor[], needs: boolean[]) => readonly Grad[];

/** A function called with a gradient that may replace it. */
export type GradHook = (grad: Tensor) => Tensor | void | null;

/** Lets a caller take part in how tensors are saved: `pack` at record time, `unpack` when backward needs them. */
export interface SavedTensorHooks {
  pack: (x: Tensor) => unknown;
  unpack: (packed: unknown) => Tensor;
}

let nextId = 1;

/** The hooks that `savedTensorsHooks` put in force, innermost last. @internal */
export const savedHooks: SavedTensorHooks[] = [];

/**
 * One recorded operation. `tensor.gradFn` is the node that made the tensor.
 */
export class Node {
  /** Grows with time, so that a node's inputs always have smaller numbers than the node. @internal */
  readonly id: number = nextId++;
  /** The nodes that made the inputs, or `null` for an input that wants no gradient. @internal */
  readonly edges: (Node | null)[] = [];
  /** Which output of that node each input is. @internal */
  readonly edgeOutputs: number[] = [];
  /** The inputs' shapes, that gradients must come back to. @internal */
  readonly inputSizes: (Sizes | null)[] = [];
  /** The inputs' element types. @internal */
  readonly inputDtypes: (DType | null)[] = [];
  /** How many outputs the operation has. @internal */
  outputs = 1;
  /** The output's own memory, to be recycled after the graph was used; `null` for views and in-place results. @internal */
  output: Storage | Storage[] | null = null;
  /** Gradients that have arrived in the running backward, by output. @internal */
  pending: Grad[] | null = null;
  /** The last backward that met this node. @internal */
  pass = 0;
  /** Whether the running backward leads from here to a wanted input. @internal */
  wanted = true;
  /** Hooks on the outputs' gradients, by output. @internal */
  preHooks: Map<number, GradHook[]> | null = null;
  /** Outputs whose gradients stay readable (`retainGrad`). @internal */
  retained: Map<number, Tensor> | null = null;
  /** Hooks on the whole node, after it ran. @internal */
  postHooks: ((gradInputs: readonly Grad[], gradOutputs: readonly Grad[]) => readonly Grad[] | void)[] | null = null;
  /** Where the forward operation was called, in anomaly mode. @internal */
  trace: string | null = null;
  /** User code runs in this node's backward and may keep what it sees. @internal */
  custom = false;

  readonly #name: string;
  #saved: (Tensor | null)[] | null;
  #packed: unknown[] | null = null;
  #unpack: ((packed: unknown) => Tensor) | null = null;
  #versions: number[] | null = null;
  #backward: Backward | BackwardMany | null;
  #freed = false;
  readonly #many: boolean;

  /** For {@linkcode record} and its siblings only. */
  constructor(
    name: string,
    inputs: readonly (Tensor | null)[],
    saved: readonly (Tensor | null)[],
    backward: Backward | null,
    many: BackwardMany | null = null,
  ) {
    this.#name = name;
    this.#backward = backward ?? many;
    this.#many = many !== null;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      if (input !== null && input.requiresGrad) {
        const node = input.gradEdge();
        this.edges.push(node);
        this.edgeOutputs.push(input.outputNr);
        this.inputSizes.push(input.sizes);
        this.inputDtypes.push(input.dtype);
      } else {
        this.edges.push(null);
        this.edgeOutputs.push(0);
        this.inputSizes.push(null);
        this.inputDtypes.push(null);
      }
    }
    this.#saved = saved.length === 0 ? null : saved as (Tensor | null)[];
    if (saved.length > 0) this.#keep(saved);
    if (mode.anomaly) this.trace = new Error().stack ?? null;
  }

  #keep(saved: readonly (Tensor | null)[]): void {
    if (savedHooks.length > 0) {
      const { pack, unpack } = savedHooks[savedHooks.length - 1];
      this.#packed = saved.map((x) => x === null ? null : pack(x));
      this.#unpack = unpack;
      this.#saved = null;
      return;
    }
    const versions = new Array<number>(saved.length);
    for (let i = 0; i < saved.length; i++) {
      const x = saved[i];
      if (x === null) continue;
      versions[i] = x.storage.version;
      x.storage.savers++;
    }
    this.#versions = versions;
  }

  /** The name that PyTorch prints: `AddmmBackward0`, `AccumulateGrad`. */
  name(): string {
    return this.#name;
  }

  /** The nodes that made the inputs, each with the number of the output that was used. */
  get nextFunctions(): [Node | null, number][] {
    return this.edges.map((node, i) => [node, this.edgeOutputs[i]]);
  }

  /** Calls `hook(gradInputs, gradOutputs)` after this node has run; what it returns replaces the first. */
  registerHook(
    hook: (gradInputs: readonly Grad[], gradOutputs: readonly Grad[]) => readonly Grad[] | void,
  ): { remove(): void } {
    const hooks = this.postHooks ??= [];
    hooks.push(hook);
    return { remove: (): void => void hooks.splice(hooks.indexOf(hook), 1) };
  }

  /** Runs the adjoint. @internal */
  apply(dys: Grad[], needs: boolean[]): readonly Grad[] {
    if (this.#freed || this.#backward === null) {
      throw new Error(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already " +
          "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). " +
          "Specify retainGraph: true if you need to backward through the graph a second time or if you need to access " +
          `saved tensors after calling backward. (at ${this.#name})`,
      );
    }
    const saved = this.saved();
    if (this.#many) return (this.#backward as BackwardMany)(dys, saved, needs);
    return (this.#backward as Backward)(dys[0]!, saved, needs);
  }

  /** What the operation saved, checked to be unchanged. @internal */
  saved(): Tensor[] {
    if (this.#packed !== null) {
      const unpack = this.#unpack!;
      return this.#packed.map((p) => p === null ? null : unpack(p)) as Tensor[];
    }
    const saved = this.#saved;
    if (saved === null) return none;
    const versions = this.#versions!;
    for (let i = 0; i < saved.length; i++) {
      const x = saved[i];
      if (x !== null && x.storage.version !== versions[i]) throw modified(x, versions[i]);
    }
    return saved as Tensor[];
  }

  /** Lets go of what was saved. Backward through this node is an error from now on, if it saved anything. @internal */
  free(recycle: (storage: Storage) => void): void {
    const saved = this.#saved;
    if (saved !== null) {
      for (let i = 0; i < saved.length; i++) {
        const x = saved[i];
        if (x === null) continue;
        x.storage.savers--;
        if (x.storage.workspace && x.storage.savers === 0) recycle(x.storage);
      }
      this.#saved = null;
    }
    if (saved !== null || this.#packed !== null) {
      this.#freed = true;
      this.#backward = null;
    }
    this.#packed = null;
  }

  /** `<AddmmBackward0 object at 0x…>`, as Python prints it; the number is the node's own. */
  toString(): string {
    return `<${this.#name} object at 0x${(0x7f0000000000 + this.id * 16).toString(16)}>`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

const none: Tensor[] = [];

function modified(x: Tensor, expected: number): Error {
  const maker = x.gradFn === null ? "" : `, which is output ${x.outputNr} of ${x.gradFn.name()},`;
  const type = { float32: "FloatTensor", float64: "DoubleTensor", int64: "LongTensor", int32: "IntTensor" }[
    x.dtype.name as "float32"
  ] ?? `${x.dtype.name} tensor`;
  return new Error(
    "one of the variables needed for gradient computation has been modified by an inplace operation: " +
      `[torch.${type} ${
        formatSizes(x.sizes)
      }]${maker} is at version ${x.storage.version}; expected version ${expected} ` +
      "instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with " +
      "autograd.detectAnomaly().",
  );
}

/** The node of a leaf: it adds what arrives to the leaf's `grad`. */
export class AccumulateGrad extends Node {
  /** The leaf. */
  readonly variable: Tensor;

  /** For tensors only. */
  constructor(variable: Tensor) {
    super("AccumulateGrad", [], [], null);
    this.variable = variable;
  }
}

function wanted(inputs: readonly (Tensor | null)[]): boolean {
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (x !== null && x.requiresGrad) return true;
  }
  return false;
}

/**
 * Enters an operation into the graph, when gradients are on and an input wants one. Returns `output`.
 *
 * `backward` gets the output's gradient, exactly the tensors in `saved`, and for each input whether it wants a gradient;
 * it returns a gradient per input. It is made of operations, so that it can be differentiated again. A gradient may
 * have the broadcast shape: it is summed back to the input's shape here.
 */
export function record(
  name: string,
  output: Tensor,
  inputs: readonly (Tensor | null)[],
  saved: readonly (Tensor | null)[],
  backward: Backward,
): Tensor {
  if (!mode.enabled || !wanted(inputs) || !output.dtype.isFloatingPoint) return output;
  const node = new Node(name, inputs, saved, backward);
  if (output.base === null) node.output = output.storage;
  output.setHistory(node, 0);
  return output;
}

/** {@linkcode record} for an operation with several outputs. Integer outputs take no part. Returns `outputs`. */
export function recordMany<T extends readonly Tensor[]>(
  name: string,
  outputs: T,
  inputs: readonly (Tensor | null)[],
  saved: readonly (Tensor | null)[],
  backward: BackwardMany,
): T {
  if (!mode.enabled || !wanted(inputs)) return outputs;
  const node = new Node(name, inputs, saved, null, backward);
  node.outputs = outputs.length;
  const own: Storage[] = [];
  for (let i = 0; i < outputs.length; i++) {
    if (outputs[i].base === null) own.push(outputs[i].storage);
    if (outputs[i].dtype.isFloatingPoint) outputs[i].setHistory(node, i);
  }
  if (own.length > 0) node.output = own;
  return outputs;
}
