/**
 * The backward pass: walks the graph from the outputs, latest node first, and hands gradients down the edges.
 *
 * The pass owns its memory: a gradient goes back to the pool as soon as nobody in flight views it, workspaces as soon
 * as their node has run, and the graph's interior outputs when the next backward begins.
 *
 * @module
 */
import { formatSizes, sameSizes } from "../shape.ts";
import { adopt, closeArena, openArena, resumeArena, type Storage, suspendArena } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { mode } from "./mode.ts";
import { AccumulateGrad, type Grad, type Node } from "./node.ts";

/** The few operations that the engine itself needs; `ops/engine_ops.ts` provides them at load. */
export interface EngineOps {
  add(a: Tensor, b: Tensor): Tensor;
  addInPlace(a: Tensor, b: Tensor): void;
  clone(x: Tensor): Tensor;
  sumTo(x: Tensor, sizes: readonly number[]): Tensor;
  cast(x: Tensor, like: Tensor["dtype"]): Tensor;
  onesLike(x: Tensor): Tensor;
  hasNaN(x: Tensor): boolean;
}

let ops: EngineOps;

/** @internal */
export function provideEngineOps(provided: EngineOps): void {
  ops = provided;
}

let pass = 0;
/** Interior outputs of consumed graphs: recycled when the next backward begins, so that they stay readable until then. */
let retired: Storage[] = [];

function recycle(storage: Storage): void {
  if (!storage.held && !storage.kept) storage.release();
}

/** Returns a block to the pool once no gradient in flight views it and backward made it. */
function drop(grad: Grad): void {
  if (grad === null) return;
  const { storage } = grad;
  storage.inFlight--;
  if (storage.owned && storage.inFlight === 0) {
    storage.owned = false;
    recycle(storage);
  }
}

/** What a backward pass is asked for. */
export interface Request {
  retainGraph: boolean;
  createGraph: boolean;
  /** The gradients of these alone are wanted; `null` for those of all leaves. */
  inputs: readonly Tensor[] | null;
  /** Whether gradients are added to the leaves' `grad` or returned. */
  accumulate: boolean;
}

/** All nodes that can be reached from `roots`, latest first. */
function collect(roots: readonly Node[]): Node[] {
  const order: Node[] = [];
  const stack = [...roots];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node.pass === pass) continue;
    node.pass = pass;
    node.wanted = true;
    order.push(node);
    const { edges } = node;
    for (let i = 0; i < edges.length; i++) {
      const next = edges[i];
      if (next !== null && next.pass !== pass) stack.push(next);
    }
  }
  // A node's inputs are older than the node; leaves come last, when their gradients are complete.
  return order.sort(later);
}

function later(a: Node, b: Node): number {
  const la = a instanceof AccumulateGrad, lb = b instanceof AccumulateGrad;
  if (la !== lb) return la ? 1 : -1;
  return b.id - a.id;
}

/** Marks the nodes from which a wanted input can be reached. */
function markWanted(order: Node[], targets: ReadonlySet<Node>): void {
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    node.wanted = targets.has(node) || node.edges.some((next) => next !== null && next.wanted);
  }
}

/** Adds a gradient that has arrived at one output of a node. */
function deliver(node: Node, output: number, grad: Tensor, createGraph: boolean): void {
  const pending = node.pending ??= new Array<Grad>(node.outputs).fill(null);
  const before = pending[output];
  grad.storage.inFlight++;
  if (before === null) {
    pending[output] = grad;
    return;
  }
  const { storage } = before;
  const writable = !createGraph && storage.owned && storage.inFlight === 1 && !storage.held && before.isContiguous() &&
    before.dtype === grad.dtype && storage !== grad.storage;
  if (writable) {
    ops.addInPlace(before, grad);
    drop(grad);
    return;
  }
  const outer = createGraph ? null : openArena();
  const sum = ops.add(before, grad);
  if (!createGraph) {
    for (const made of closeArena(outer)) made.owned = true;
  }
  sum.storage.inFlight++;
  pending[output] = sum;
  drop(before);
  drop(grad);
}

/** The gradient as the input's shape and type ask for it. */
function fit(node: Node, index: number, grad: Tensor): Tensor {
  const sizes = node.inputSizes[index]!;
  if (!sameSizes(grad.sizes, sizes)) {
    const lead = grad.sizes.length - sizes.length;
    const reducible = lead >= 0 && sizes.every((s, i) => s === 1 || s === grad.sizes[i + lead]);
    if (!reducible) {
      throw new Error(
        `Function ${node.name()} returned an invalid gradient at index ${index} - got ${formatSizes(grad.sizes)} ` +
          `but expected shape compatible with ${formatSizes(sizes)}`,
      );
    }
    grad = ops.sumTo(grad, sizes);
  }
  const dtype = node.inputDtypes[index]!;
  return grad.dtype === dtype ? grad : ops.cast(grad, dtype);
}

/** Runs tensor hooks on the gradients that have arrived at a node, and keeps those that `retainGrad` asked for. */
function runPreHooks(node: Node): void {
  const pending = node.pending!;
  const replace = (i: number, value: Tensor): void => {
    value.storage.held = true;
    value.storage.inFlight++;
    drop(pending[i]);
    pending[i] = value;
  };
  if (node.preHooks !== null) {
    for (const [output, hooks] of node.preHooks) {
      for (const hook of hooks) {
        const grad = pending[output];
        if (grad === null) continue;
        grad.storage.held = true;
        const result = hook(grad);
        if (result) replace(output, result);
      }
    }
  }
  if (node.retained !== null) {
    for (const [output, tensor] of node.retained) {
      const grad = pending[output];
      if (grad === null) continue;
      grad.storage.held = true;
      tensor.accumulated = tensor.accumulated === null ? grad : ops.add(tensor.accumulated, grad);
    }
  }
}

/** Adds the gradient to a leaf's `grad`, taking over its memory where nobody else views it. */
function accumulate(node: AccumulateGrad, createGraph: boolean): void {
  const grad = node.pending![0];
  if (grad === null) return;
  const leaf = node.variable;
  const { storage } = grad;
  if (leaf.accumulated === null) {
    if (createGraph) {
      leaf.accumulated = grad;
    } else if (
      storage.owned && storage.inFlight === 1 && grad.isContiguous() && grad.offset === 0 && !storage.workspace &&
      storage.bytes === grad.count * grad.dtype.itemsize
    ) {
      storage.owned = false;
      storage.inFlight = 0;
      leaf.accumulated = grad.node === null ? grad : grad.detached();
      return;
    } else leaf.accumulated = ops.clone(grad);
  } else if (createGraph) leaf.accumulated = ops.add(leaf.accumulated, grad);
  else ops.addInPlace(leaf.accumulated, grad);
  drop(grad);
}

/** Runs one interior node and hands the gradients of its inputs on. */
function runNode(node: Node, request: Request): void {
  const { createGraph } = request;
  const dys = node.pending!;
  const needs = new Array<boolean>(node.edges.length);
  for (let i = 0; i < needs.length; i++) {
    const next = node.edges[i];
    needs[i] = next !== null && next.wanted;
  }
  // What the closure allocates is the pass's own. User code, and a graph to be differentiated again, keep everything.
  const track = !createGraph && !node.custom;
  if (node.custom) { for (const dy of dys) if (dy !== null) dy.storage.held = true; }
  const outer = track ? openArena() : null;
  let made: Storage[] | null = null;
  let dxs: readonly Grad[];
  try {
    dxs = node.apply(dys, needs);
    if (node.postHooks !== null) dxs = runPostHooks(node, dxs, dys);
    for (let i = 0; i < needs.length; i++) {
      if (!needs[i]) continue;
      const dx = dxs[i];
      if (dx === null || dx === undefined) continue;
      const fitted = fit(node, i, dx);
      if (mode.anomaly && ops.hasNaN(fitted)) {
        throw new Error(`Function '${node.name()}' returned nan values in its ${i}th output.`);
      }
      // Seen here first so that a gradient for two inputs counts twice before anything is dropped.
      deliverLater.push(node.edges[i]!, node.edgeOutputs[i], fitted);
    }
  } finally {
    if (track) {
      made = closeArena(outer);
      for (let i = 0; i < made.length; i++) made[i].owned = true;
    }
  }
  const queue = deliverLater.splice(0);
  for (let i = 0; i < queue.length; i += 3) (queue[i + 2] as Tensor).storage.inFlight++;
  for (let i = 0; i < queue.length; i += 3) {
    const grad = queue[i + 2] as Tensor;
    deliver(queue[i] as Node, queue[i + 1] as number, grad, createGraph);
    grad.storage.inFlight--;
  }
  if (made !== null) {
    for (let i = 0; i < made.length; i++) {
      const storage = made[i];
      if (storage.inFlight === 0 && storage.owned) {
        storage.owned = false;
        recycle(storage);
      }
    }
  }
}

const deliverLater: (Node | number | Tensor)[] = [];

function runPostHooks(node: Node, dxs: readonly Grad[], dys: readonly Grad[]): readonly Grad[] {
  for (const grad of [...dxs, ...dys]) if (grad) grad.storage.held = true;
  for (const hook of node.postHooks!) dxs = hook(dxs, dys) ?? dxs;
  return dxs;
}

/** Names the forward operation in an error, when anomaly mode recorded where it was called. */
function explain(node: Node, error: unknown): unknown {
  if (!(error instanceof Error) || node.trace === null) return error;
  error.message += `\nThe forward call of ${node.name()} was made here:\n${node.trace.split("\n").slice(1).join("\n")}`;
  return error;
}

/**
 * Runs backward from `roots` with their gradients. Returns the gradients of `request.inputs`, when those are asked for.
 */
export function runBackward(roots: readonly Tensor[], grads: readonly Tensor[], request: Request): Grad[] {
  const { createGraph, retainGraph } = request;
  pass++;
  for (const storage of retired) if (storage.savers === 0) recycle(storage);
  retired = [];
  const rootNodes = roots.map((r) => r.gradEdge());
  const order = collect(rootNodes);

  const results: Grad[] = request.inputs === null ? [] : new Array<Grad>(request.inputs.length).fill(null);
  const captures = new Map<Node, { output: number; slot: number }[]>();
  if (request.inputs !== null) {
    request.inputs.forEach((input, slot) => {
      const node = input.gradEdge();
      const list = captures.get(node) ?? [];
      list.push({ output: input.outputNr, slot });
      captures.set(node, list);
    });
    markWanted(order, new Set(captures.keys()));
  }

  const outer = suspendArena();
  const enabled = mode.enabled;
  mode.enabled = createGraph;
  try {
    roots.forEach((root, i) => deliver(rootNodes[i], root.outputNr, grads[i], createGraph));
    for (let k = 0; k < order.length; k++) {
      const node = order[k];
      if (node.pending === null) continue;
      try {
        if (node.preHooks !== null || node.retained !== null) runPreHooks(node);
        const captured = captures.get(node);
        if (captured !== undefined) {
          for (const { output, slot } of captured) {
            const grad = node.pending[output];
            if (grad === null) continue;
            grad.storage.held = true;
            results[slot] = createGraph || grad.node === null ? grad : grad.detached();
          }
        }
        if (node instanceof AccumulateGrad) {
          if (request.inputs === null) accumulate(node, createGraph);
        } else if (node.wanted && (captured === undefined || node.edges.some((e) => e !== null && e.wanted))) {
          runNode(node, request);
          if (!retainGraph) consume(node);
        }
      } catch (error) {
        throw explain(node, error);
      }
      if (!(node instanceof AccumulateGrad) || request.inputs !== null) node.pending?.forEach(drop);
      node.pending = null;
    }
  } finally {
    mode.enabled = enabled;
    deliverLater.length = 0;
    for (const node of order) node.pending = null;
    resumeArena(outer);
  }
  if (request.accumulate && request.inputs !== null) {
    request.inputs.forEach((input, i) => {
      const grad = results[i];
      if (grad !== null) input.accumulated = input.accumulated === null ? grad : ops.add(input.accumulated, grad);
    });
  } else for (const grad of results) if (grad !== null) adopt(grad.storage);
  return results;
}

/** After its last use: frees what the node saved, and retires its output. */
function consume(node: Node): void {
  node.free(recycle);
  const { output } = node;
  if (output === null) return;
  node.output = null;
  if (Array.isArray(output)) { for (const storage of output) if (!storage.tiny) retired.push(storage); }
  else if (!output.tiny) retired.push(output);
}

/** The gradient that a backward without an argument begins with: 1, for a scalar. */
export function implicitGrad(root: Tensor): Tensor {
  if (root.count !== 1) {
    throw new Error(`grad can be implicitly created only for scalar outputs (got shape ${formatSizes(root.sizes)})`);
  }
  if (!root.dtype.isFloatingPoint) {
    throw new Error(`grad can be implicitly created only for real scalar outputs but got ${root.dtype}`);
  }
  return ops.onesLike(root);
}
