/**
 * The graph: nodes, edges, what they save, and `record`, by which operations enter it.
 *
 * @module
 */
import type { Device } from "../device.ts";
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

/** One input of a node: which output of which node it is, and the shape, type and device that its gradient must have. @internal */
export class Edge {
  /** The node that made the input, or its leaf's node. */
  readonly node: Node;
  /** Which of that node's outputs the input is. */
  readonly output: number;
  /** The input's sizes. */
  readonly sizes: Sizes;
  /** The input's element type. */
  readonly dtype: DType;
  /** Where the input lives. */
  readonly device: Device;

  /** For tensors only. */
  constructor(node: Node, output: number, sizes: Sizes, dtype: DType, device: Device) {
    this.node = node;
    this.output = output;
    this.sizes = sizes;
    this.dtype = dtype;
    this.device = device;
  }
}

/** What few nodes have: kept apart, since a node is made for every recorded operation. @internal */
export interface Extras {
  /** Hooks on the outputs' gradients, by output. */
  preHooks: Map<number, GradHook[]>;
  /** Outputs whose gradients stay readable (`retainGrad`). */
  retained: Map<number, Tensor>;
  /** Hooks on the whole node, after it ran. */
  postHooks: ((gradInputs: readonly Grad[], gradOutputs: readonly Grad[]) => readonly Grad[] | void)[];
  /** Hooks on a leaf, after its gradient was accumulated. */
  accumulatedHooks: (() => void)[];
  /** Where the forward operation was called, in anomaly mode. */
  trace: string | null;
  /** User code runs in this node's backward and may keep what it sees. */
  custom: boolean;
  /** What the hooks on saved tensors made of them, and how to get them back. */
  packed: { values: unknown[]; unpack: (packed: unknown) => Tensor } | null;
}

/**
 * One recorded operation. `tensor.gradFn` is the node that made the tensor.
 */
export class Node {
  /** Grows with time, so that a node's inputs always have smaller numbers than the node. @internal */
  readonly id: number = nextId++;
  /** Where the inputs' gradients go; `null` for an input that wants none. @internal */
  readonly edges: readonly (Edge | null)[];
  /** How many outputs the operation has. @internal */
  outputs = 1;
  /** The output's own memory, to be recycled after the graph was used; `null` for views and in-place results. @internal */
  output: Storage | Storage[] | null = null;
  /** The gradient that has arrived in the running backward; a list where there are several outputs. @internal */
  arrived: Grad | Grad[] = null;
  /** The last backward that met this node. @internal */
  pass = 0;
  /** Whether the running backward leads from here to a wanted input. @internal */
  wanted = true;
  /** Hooks and the like. @internal */
  extras: Extras | null = null;

  readonly #name: string;
  readonly #many: boolean;
  #saved: readonly (Tensor | null)[] | null;
  #versions: number[] | null = null;
  #backward: Backward | BackwardMany | null;
  #freed = false;

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
    const edges: (Edge | null)[] = [];
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      edges.push(input !== null && input.requiresGrad ? input.edge() : null);
    }
    this.edges = edges;
    this.#saved = saved.length === 0 ? null : saved;
    if (saved.length > 0) this.#keep(saved);
    if (mode.anomaly) this.extra().trace = new Error().stack ?? null;
  }

  #keep(saved: readonly (Tensor | null)[]): void {
    if (savedHooks.length > 0) {
      const { pack, unpack } = savedHooks[savedHooks.length - 1];
      this.extra().packed = { values: saved.map((x) => x === null ? null : pack(x)), unpack };
      this.#saved = null;
      return;
    }
    const versions: number[] = [];
    for (let i = 0; i < saved.length; i++) {
      const x = saved[i];
      if (x === null) {
        versions.push(0);
        continue;
      }
      versions.push(x.storage.version);
      x.storage.savers++;
    }
    this.#versions = versions;
  }

  /** The part of this node that few nodes have. @internal */
  extra(): Extras {
    return this.extras ??= {
      preHooks: new Map(),
      retained: new Map(),
      postHooks: [],
      accumulatedHooks: [],
      trace: null,
      custom: false,
      packed: null,
    };
  }

  /** The name that PyTorch prints: `AddmmBackward0`, `AccumulateGrad`. */
  name(): string {
    return this.#name;
  }

  /** The nodes that made the inputs, each with the number of the output that was used. */
  get nextFunctions(): [Node | null, number][] {
    return this.edges.map((edge) => edge === null ? [null, 0] : [edge.node, edge.output]);
  }

  /** Calls `hook(gradInputs, gradOutputs)` after this node has run; what it returns replaces the first. */
  registerHook(
    hook: (gradInputs: readonly Grad[], gradOutputs: readonly Grad[]) => readonly Grad[] | void,
  ): { remove(): void } {
    const hooks = this.extra().postHooks;
    hooks.push(hook);
    return { remove: (): void => void hooks.splice(hooks.indexOf(hook), 1) };
  }

  /** Runs the adjoint. @internal */
  apply(dy: Grad | Grad[], needs: boolean[]): readonly Grad[] {
    if (this.#freed || this.#backward === null) {
      throw new Error(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already " +
          "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). " +
          "Specify retainGraph: true if you need to backward through the graph a second time or if you need to access " +
          `saved tensors after calling backward. (at ${this.#name})`,
      );
    }
    const saved = this.saved();
    // The two kinds of closure are told apart by #many, which the type system cannot see.
    if (this.#many) return (this.#backward as BackwardMany)(Array.isArray(dy) ? dy : [dy], saved, needs);
    return (this.#backward as Backward)(dy as Tensor, saved, needs);
  }

  /** What the operation saved, checked to be unchanged. @internal */
  saved(): Tensor[] {
    const packed = this.extras?.packed;
    if (packed) return packed.values.map((p) => p === null ? null : packed.unpack(p)) as Tensor[];
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
    if (saved !== null || this.extras?.packed) {
      this.#freed = true;
      this.#backward = null;
      if (this.extras !== null) this.extras.packed = null;
    }
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
  const maker = x.gradFn === null
    ? ""
    : `, which is output ${x.outputNr} of ${x.gradFn.name().replace(/Backward\d*$/, "")},`;
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
  if (!mode.enabled || !wanted(inputs) || !output.dtype.isFloatingPoint) {
    releaseWorkspaces(saved);
    return output;
  }
  const node = new Node(name, inputs, saved, backward);
  if (output.base === null) node.output = output.storage;
  output.setHistory(node, 0);
  return output;
}

/** No backward will ever see what it alone would have needed. */
function releaseWorkspaces(saved: readonly (Tensor | null)[]): void {
  for (let i = 0; i < saved.length; i++) {
    const x = saved[i];
    if (x !== null && x.storage.workspace && x.storage.savers === 0) x.storage.release();
  }
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
