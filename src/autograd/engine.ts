/**
 * The backward pass: walks the graph from the outputs, latest node first, and hands gradients down the edges.
 *
 * The pass owns its memory: a gradient goes back to the pool as soon as nobody in flight views it, workspaces as soon
 * as their node has run, and the graph's interior outputs when the next backward begins.
 *
 * @module
 */
import { kindOf } from "../check.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import { adopt, closeArena, linger, openArena, resumeArena, type Storage, suspendArena } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { mode } from "./mode.ts";
import { AccumulateGrad, type Edge, type Grad, type Node } from "./node.ts";

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

/** All nodes that can be reached from `roots`, latest first; leaves come last, when their gradients are complete. */
function collect(roots: readonly Node[]): Node[] {
  const order: Node[] = [], leaves: Node[] = [];
  const stack = [...roots];
  let sorted = true;
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node.pass === pass) continue;
    node.pass = pass;
    node.wanted = true;
    if (node instanceof AccumulateGrad) {
      leaves.push(node);
      continue;
    }
    if (order.length > 0 && order[order.length - 1].id < node.id) sorted = false;
    order.push(node);
    const { edges } = node;
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      if (edge !== null && edge.node.pass !== pass) stack.push(edge.node);
    }
  }
  // A node's inputs are older than the node.
  if (!sorted) order.sort((a, b) => b.id - a.id);
  for (let i = 0; i < leaves.length; i++) order.push(leaves[i]);
  return order;
}

/** Marks the nodes from which a wanted input can be reached. */
function markWanted(order: Node[], targets: ReadonlySet<Node>): void {
  // Leaves stand at the end although others may be older: they are looked at first here.
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    node.wanted = targets.has(node) || node.edges.some((edge) => edge !== null && edge.node.wanted);
  }
}

/** Adds a gradient that has arrived at one output of a node. */
function deliver(node: Node, output: number, grad: Tensor, createGraph: boolean): void {
  grad.storage.inFlight++;
  if (node.outputs === 1) {
    const before = node.arrived as Grad;
    node.arrived = before === null ? grad : sum(before, grad, createGraph);
    return;
  }
  const arrived = (node.arrived ??= new Array<Grad>(node.outputs).fill(null)) as Grad[];
  const before = arrived[output];
  arrived[output] = before === null ? grad : sum(before, grad, createGraph);
}

/** The sum of two gradients in flight, in the memory of the first where backward owns that alone. */
function sum(a: Tensor, b: Tensor, createGraph: boolean): Tensor {
  const { storage } = a;
  const writable = !createGraph && storage.owned && storage.inFlight === 1 && !storage.held && a.isContiguous() &&
    a.dtype === b.dtype && storage !== b.storage;
  if (writable) {
    ops.addInPlace(a, b);
    drop(b);
    return a;
  }
  const arena = createGraph ? 0 : openArena();
  const total = ops.add(a, b);
  total.storage.inFlight++;
  if (!createGraph) closeArena(arena, own);
  drop(a);
  drop(b);
  return total;
}

/** Makes what a closure allocated the pass's own, or recycles it when no gradient in flight views it. */
function own(storage: Storage): boolean {
  if (storage.inFlight > 0) storage.owned = true;
  else recycle(storage);
  return false;
}

/** The gradient as the input's shape and type ask for it. */
function fit(node: Node, index: number, edge: Edge, grad: Tensor): Tensor {
  const { sizes, dtype, device } = edge;
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
  if (grad.dtype !== dtype) grad = ops.cast(grad, dtype);
  // A 0-d tensor of the CPU may have taken part in what a device did.
  return grad.storage.device === device ? grad : grad.to(device);
}

/** Runs tensor hooks on the gradients that have arrived at a node, and keeps those that `retainGrad` asked for. */
function runPreHooks(node: Node): void {
  const { preHooks, retained } = node.extras!;
  const at = (output: number): Grad => node.outputs === 1 ? node.arrived as Grad : (node.arrived as Grad[])[output];
  for (const [output, hooks] of preHooks) {
    for (const hook of hooks) {
      const grad = at(output);
      if (grad === null) continue;
      grad.storage.held = true;
      const result = hook(grad);
      if (!result) continue;
      checkHooked(grad, result);
      result.storage.held = true;
      result.storage.inFlight++;
      drop(grad);
      if (node.outputs === 1) node.arrived = result;
      else (node.arrived as Grad[])[output] = result;
    }
  }
  for (const [output, tensor] of retained) {
    const grad = at(output);
    if (grad === null) continue;
    grad.storage.held = true;
    tensor.accumulated = tensor.accumulated === null ? grad : ops.add(tensor.accumulated, grad);
  }
}

/** A hook's gradient must stand in for the one that it was given. */
function checkHooked(grad: Tensor, result: Tensor): void {
  if (result.storage === undefined) throw new TypeError(`expected Variable, but hook returned '${kindOf(result)}'`);
  if (!sameSizes(result.sizes, grad.sizes)) throw new Error("hook has changed the size of value");
  if (result.dtype !== grad.dtype) throw new Error("hook has changed the type of value");
}

/** Adds the gradient to a leaf's `grad`, taking over its memory where nobody else views it. */
function accumulate(node: AccumulateGrad, createGraph: boolean): void {
  const grad = node.arrived as Tensor;
  node.arrived = null;
  const leaf = node.variable;
  const { storage } = grad;
  const whole = grad.offset === 0 && storage.bytes === grad.count * grad.dtype.itemsize && grad.isContiguous();
  if (leaf.accumulated !== null) {
    if (createGraph) leaf.accumulated = ops.add(leaf.accumulated, grad);
    else ops.addInPlace(leaf.accumulated, grad);
    drop(grad);
  } else if (createGraph) {
    leaf.accumulated = grad;
    drop(grad);
  } else if (storage.owned && storage.inFlight === 1 && whole) {
    storage.owned = false;
    storage.inFlight = 0;
    leaf.accumulated = grad.base === null ? grad : grad.detached();
  } else {
    leaf.accumulated = ops.clone(grad);
    drop(grad);
  }
  if (node.extras !== null) { for (const hook of node.extras.accumulatedHooks) hook(); }
}

/** Runs one interior node and hands the gradients of its inputs on. */
function runNode(node: Node, createGraph: boolean): void {
  const { edges, extras } = node;
  const needs: boolean[] = [];
  for (let i = 0; i < edges.length; i++) {
    const edge = edges[i];
    needs.push(edge !== null && edge.node.wanted);
  }
  const custom = extras !== null && extras.custom;
  if (custom) forEachGrad(node.arrived, (dy) => dy.storage.held = true);
  // What the closure allocates is the pass's own. User code, and a graph to be differentiated again, keep everything.
  const track = !createGraph && !custom;
  const arena = track ? openArena() : 0;
  const fitted: Tensor[] = [];
  try {
    let dxs = node.apply(node.arrived, needs);
    if (extras !== null && extras.postHooks.length > 0) dxs = runPostHooks(node, dxs);
    for (let i = 0; i < edges.length; i++) {
      const dx = needs[i] ? dxs[i] : null;
      if (dx === null || dx === undefined) {
        needs[i] = false;
        continue;
      }
      const grad = fit(node, i, edges[i]!, dx);
      if (mode.anomaly && mode.checkNan && ops.hasNaN(grad)) {
        throw new Error(`Function '${node.name()}' returned nan values in its ${i}th output.`);
      }
      grad.storage.inFlight++; // Until all are delivered: one may be the gradient of two inputs.
      fitted.push(grad);
    }
  } finally {
    if (track) closeArena(arena, own);
  }
  for (let i = 0, k = 0; i < edges.length; i++) {
    if (needs[i]) deliver(edges[i]!.node, edges[i]!.output, fitted[k++], createGraph);
  }
  for (let k = 0; k < fitted.length; k++) drop(fitted[k]);
}

function forEachGrad(arrived: Grad | Grad[], visit: (grad: Tensor) => void): void {
  if (Array.isArray(arrived)) { for (const grad of arrived) if (grad !== null) visit(grad); }
  else if (arrived !== null) visit(arrived);
}

function runPostHooks(node: Node, dxs: readonly Grad[]): readonly Grad[] {
  const dys = Array.isArray(node.arrived) ? node.arrived : [node.arrived];
  for (const grad of [...dxs, ...dys]) if (grad) grad.storage.held = true;
  for (const hook of node.extras!.postHooks) dxs = hook(dxs, dys) ?? dxs;
  return dxs;
}

/** Names the forward operation in an error, when anomaly mode recorded where it was called. */
function explain(node: Node, error: unknown): unknown {
  const trace = node.extras?.trace;
  if (!(error instanceof Error) || !trace) return error;
  error.message += `\nThe forward call of ${node.name()} was made here:\n${trace.split("\n").slice(1).join("\n")}`;
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

  const captures = request.inputs === null ? null : new Captures(request.inputs, createGraph);
  if (captures !== null) markWanted(order, captures.targets());

  const outer = suspendArena();
  const enabled = mode.enabled;
  mode.enabled = createGraph;
  try {
    for (let i = 0; i < roots.length; i++) deliver(rootNodes[i], roots[i].outputNr, grads[i], createGraph);
    for (let k = 0; k < order.length; k++) {
      const node = order[k];
      if (node.arrived === null) continue;
      if (node.extras !== null) runPreHooks(node);
      captures?.take(node);
      if (node instanceof AccumulateGrad) {
        if (captures === null) accumulate(node, createGraph);
      } else if (captures === null || (node.wanted && node.edges.some((e) => e !== null && e.node.wanted))) {
        try {
          runNode(node, createGraph);
        } catch (error) {
          throw explain(node, error);
        }
        if (!retainGraph) consume(node);
      }
      forEachGrad(node.arrived, drop);
      node.arrived = null;
    }
  } finally {
    mode.enabled = enabled;
    for (let k = 0; k < order.length; k++) order[k].arrived = null;
    resumeArena(outer);
  }
  if (captures === null) return [];
  const { results } = captures;
  if (request.accumulate) {
    request.inputs!.forEach((input, i) => {
      const grad = results[i];
      if (grad !== null) input.accumulated = input.accumulated === null ? grad : ops.add(input.accumulated, grad);
    });
  } else for (const grad of results) if (grad !== null) adopt(grad.storage);
  return results;
}

/** The gradients of chosen tensors, taken out of the graph as they arrive. */
class Captures {
  readonly results: Grad[];
  readonly #slots = new Map<Node, { output: number; slot: number }[]>();
  readonly #createGraph: boolean;

  constructor(inputs: readonly Tensor[], createGraph: boolean) {
    this.results = new Array<Grad>(inputs.length).fill(null);
    this.#createGraph = createGraph;
    inputs.forEach((input, slot) => {
      const node = input.gradEdge();
      const list = this.#slots.get(node) ?? [];
      list.push({ output: input.outputNr, slot });
      this.#slots.set(node, list);
    });
  }

  targets(): ReadonlySet<Node> {
    return new Set(this.#slots.keys());
  }

  take(node: Node): void {
    const captured = this.#slots.get(node);
    if (captured === undefined) return;
    for (const { output, slot } of captured) {
      const grad = node.outputs === 1 ? node.arrived as Grad : (node.arrived as Grad[])[output];
      if (grad === null) continue;
      grad.storage.held = true;
      this.results[slot] = this.#createGraph || grad.node === null ? grad : grad.detached();
    }
  }
}

function retire(storage: Storage): void {
  if (storage.tiny) linger(storage);
  else retired.push(storage);
}

/** After its last use: frees what the node saved, and retires its output. */
function consume(node: Node): void {
  node.free(recycle);
  const { output } = node;
  if (output === null) return;
  node.output = null;
  if (Array.isArray(output)) { for (const storage of output) retire(storage); }
  else retire(output);
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
