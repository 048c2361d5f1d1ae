/**
 * What a tensor is: memory with sizes, strides and a type, and its place in the graph.
 *
 * @module
 */
import { AccumulateGrad, Edge, type GradHook, Node } from "../autograd/node.ts";
import { implicitGrad, runBackward } from "../autograd/engine.ts";
import { checkOptions } from "../check.ts";
import type { Device, Pointer } from "../device.ts";
import type { DType } from "../dtype.ts";
import type { TypedArray } from "../dtype.ts";
import { formatTensor } from "../format.ts";
import type { Kernels } from "../../ffi/library.ts";
import { formatSizes, isContiguous, sameSizes, Size, type Sizes, wrapDim } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { empty, over } from "../make.ts";
import { copyElements, type Nested, readElements, toNested } from "../read.ts";
import { asStridedBackward } from "../ops/strided.ts";

/** Options of {@linkcode Tensor.backward}. */
export interface BackwardOptions {
  /** The gradient of this tensor; may also be given as the first argument. Default: 1, for a scalar. */
  gradient?: Tensor;
  /** Keep what the graph saved, so that backward can run again. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Record the backward itself, for second derivatives. Default: false. */
  createGraph?: boolean;
  /** Accumulate into these leaves only. Default: all. */
  inputs?: readonly Tensor[];
}

/** A hook that can be taken away again. */
export interface RemovableHandle {
  /** Takes the hook away. */
  remove(): void;
}

/** The base of {@linkcode Tensor}: its data and its history. The operations come in the classes on top of it. */
export class TensorCore {
  /** @internal */
  storage: Storage;
  /** @internal */
  sizes: Sizes;
  /** @internal */
  strides: Sizes;
  /** Where the first element is, in elements from the storage's begin. @internal */
  readonly offset: number;
  /** The element type. */
  readonly dtype: DType;
  /** The number of elements. @internal */
  count: number;
  /** The node that made this tensor; `gradFn` to users. @internal */
  node: Node | null = null;
  /** Which of that node's outputs this is. */
  outputNr = 0;
  /** `grad` without telling the memory system that somebody looked. @internal */
  accumulated: Tensor | null = null;
  /** The tensor that this one is a view of. @internal */
  base: Tensor | null = null;
  /** On a base: how often a write in place through a view gave it a new history. @internal */
  rebases = 0;
  /** On a view: the base's `rebases` that its own history belongs to. @internal */
  seenRebases = 0;
  /** Came from `data`: writes are not counted, as in PyTorch. @internal */
  untracked = false;
  #requires = false;
  #accumulator: AccumulateGrad | null = null;
  #ptr: Pointer = null;
  #edge: Edge | null = null;
  #contiguous: boolean | null = null;

  /** For the functions of `make.ts` only: use `tensor`, `zeros` and the like. */
  constructor(storage: Storage, sizes: Sizes, strides: Sizes, offset: number, dtype: DType, count: number) {
    this.storage = storage;
    this.sizes = sizes;
    this.strides = strides;
    this.offset = offset;
    this.dtype = dtype;
    this.count = count;
  }

  /** The address of the first element. @internal */
  get ptr(): Pointer {
    const { storage } = this;
    if (storage.released) throw this.#gone();
    if (this.offset === 0) return storage.ptr;
    if (this.#ptr !== null) return this.#ptr;
    const bytes = this.offset * this.dtype.itemsize;
    const { kernels } = storage.device;
    return this.#ptr = bytes < 2 ** 31
      ? kernels.offset(storage.ptr, bytes)
      : kernels.offsetFar(storage.ptr, this.offset, this.dtype.itemsize);
  }

  /** Views other memory, in other sizes: what `resize_` does. @internal */
  relocate(storage: Storage, sizes: Sizes, strides: Sizes, count: number): void {
    this.storage = storage;
    this.sizes = sizes;
    this.strides = strides;
    this.count = count;
    this.#ptr = null;
    this.#contiguous = null;
    this.#edge = null;
  }

  #gone(): Error {
    return new Error(
      `this tensor of shape ${formatSizes(this.sizes)}${this.node ? `, made by ${this.node.name()},` : ""} has been ` +
        "released: its graph was used up by backward() and a later backward() took its memory back, or it was disposed " +
        "of or left the scope it was made in. To use it later, take x.detach(), x.clone() or keep(x) before that.",
    );
  }

  /** The library that computes on this tensor's device. @internal */
  get kernels(): Kernels {
    return this.storage.device.kernels;
  }

  /** The device that this tensor lives on. */
  get device(): Device {
    return this.storage.device;
  }

  /** Whether the tensor's device is a CUDA card. */
  get isCuda(): boolean {
    return this.storage.device.type === "cuda";
  }

  /** The sizes. */
  get shape(): Size {
    return Size.from(this.sizes) as Size;
  }

  /** The number of dimensions. */
  get ndim(): number {
    return this.sizes.length;
  }

  /** Bytes per element. */
  get itemsize(): number {
    return this.dtype.itemsize;
  }

  /** Bytes that the elements take. */
  get nbytes(): number {
    return this.count * this.dtype.itemsize;
  }

  /** The sizes, or the size of one dimension. */
  size(): Size;
  /** The sizes, or the size of one dimension. */
  size(dim: number): number;
  size(dim?: number): Size | number {
    return dim === undefined ? this.shape : this.sizes[wrapDim(dim, this.sizes.length)];
  }

  /** The strides in elements, or that of one dimension. */
  stride(): number[];
  /** The strides in elements, or that of one dimension. */
  stride(dim: number): number;
  stride(dim?: number): number[] | number {
    return dim === undefined ? [...this.strides] : this.strides[wrapDim(dim, this.sizes.length)];
  }

  /** The number of dimensions. */
  dim(): number {
    return this.sizes.length;
  }

  /** The number of elements. */
  numel(): number {
    return this.count;
  }

  /** The number of elements. */
  nelement(): number {
    return this.count;
  }

  /** Bytes per element. */
  elementSize(): number {
    return this.dtype.itemsize;
  }

  /** Where the first element is in the storage, in elements. */
  storageOffset(): number {
    return this.offset;
  }

  /** The address of the first element. */
  dataPtr(): bigint {
    return BigInt(Deno.UnsafePointer.value(this.ptr));
  }

  /** Whether elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return this.#contiguous ??= isContiguous(this.sizes, this.strides);
  }

  /** Whether the element type is a floating-point type. */
  isFloatingPoint(): boolean {
    return this.dtype.isFloatingPoint;
  }

  /** Whether the two have the same sizes. */
  isSameSize(other: Tensor): boolean {
    return sameSizes(this.sizes, other.sizes);
  }

  /** A new tensor of the same sizes, type and device, contents undefined. @internal */
  like(): Tensor {
    return empty(this.sizes, this.dtype, this.storage.device);
  }

  /** Counts a write in place. @internal */
  bump(): void {
    if (!this.untracked) this.storage.version++;
  }

  /** How often the memory has been written in place. */
  get _version(): number {
    return this.storage.version;
  }

  // ---- autograd ----

  /** Whether gradients are wanted for this tensor. */
  get requiresGrad(): boolean {
    return this.#requires || this.node !== null || (this.base !== null && this.base.rebases !== this.seenRebases &&
      this.base.node !== null);
  }

  /** Asks for gradients of a leaf, or stops asking. */
  set requiresGrad(wanted: boolean) {
    if (this.node !== null) {
      if (wanted) return;
      throw new Error(
        "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a " +
          "subgraph that doesn't require differentiation use varNoGrad = var.detach().",
      );
    }
    if (wanted && !this.dtype.isFloatingPoint) {
      throw new Error(`only Tensors of floating point dtype can require gradients (this one is ${this.dtype})`);
    }
    this.#requires = wanted;
    if (wanted) this.storage.held = true;
  }

  /** Asks for gradients of this leaf, or stops asking. */
  requiresGrad_(this: Tensor, requiresGrad = true): Tensor {
    this.requiresGrad = requiresGrad;
    return this;
  }

  /** Whether this tensor was not made by a recorded operation: gradients are accumulated in leaves. */
  get isLeaf(): boolean {
    return !this.requiresGrad || this.gradFn === null;
  }

  /** The recorded operation that made this tensor, or `null` for a leaf. */
  get gradFn(): Node | null {
    this.#refresh();
    return this.node;
  }

  /** A view of a base that was written in place since gets its history from the base. */
  #refresh(): void {
    const { base } = this;
    if (base === null || base.rebases === this.seenRebases) return;
    this.seenRebases = base.rebases;
    const { sizes, strides, offset } = this;
    this.node = new Node(
      "AsStridedBackward0",
      [base],
      [],
      (dy) => [asStridedBackward(dy, base, sizes, strides, offset)],
    );
    this.outputNr = 0;
  }

  /** The node that gradients of this tensor go to. @internal */
  gradEdge(this: Tensor): Node {
    return this.gradFn ?? this.accumulator();
  }

  /** Where gradients of this tensor go, as a node's input. @internal */
  edge(this: Tensor): Edge {
    const node = this.gradEdge();
    const known = this.#edge;
    if (known !== null && known.node === node) return known;
    return this.#edge = new Edge(node, this.outputNr, this.sizes, this.dtype, this.storage.device);
  }

  /** The leaf's own node. @internal */
  accumulator(this: Tensor): AccumulateGrad {
    return this.#accumulator ??= new AccumulateGrad(this);
  }

  /** Makes this tensor an output of `node`. @internal */
  setHistory(node: Node, output: number): void {
    this.node = node;
    this.outputNr = output;
    if (this.base !== null) this.seenRebases = this.base.rebases;
  }

  /** The accumulated gradient of a leaf; `null` until there is one. */
  get grad(): Tensor | null {
    // From here on the user may keep it, so its memory is not reused at the next zeroGrad.
    if (this.accumulated !== null) {
      this.accumulated.storage.held = true;
      this.accumulated.storage.kept = true;
    }
    return this.accumulated;
  }

  /** Replaces the gradient. */
  set grad(value: Tensor | null) {
    if (value !== null) {
      if (!sameSizes(value.sizes, this.sizes)) {
        throw new Error(
          `attempting to assign a gradient of size '${formatSizes(value.sizes)}' to a tensor of size '${
            formatSizes(this.sizes)
          }'. Please ensure that the gradient and the tensor are the same size`,
        );
      }
      if (value.dtype !== this.dtype) {
        throw new Error(
          `attempting to assign a gradient with dtype '${value.dtype}' to a tensor with grad_dtype '${this.dtype}'. The ` +
            "gradient must match the tensor's dtype.",
        );
      }
      if (value.device !== this.device) {
        throw new Error(
          `assigned grad has data located on a different device (grad ${value.device}, tensor ${this.device})`,
        );
      }
      value.storage.held = true;
      value.storage.kept = true;
    }
    this.accumulated = value;
  }

  /** Lets go of the gradient; its memory is reused unless the user has seen it. @internal */
  clearGrad(): void {
    const grad = this.accumulated;
    this.accumulated = null;
    if (grad !== null && !grad.storage.held && grad.storage.savers === 0) grad.storage.release();
  }

  /** The same data outside of the graph; writes to it are not noticed by autograd. */
  get data(): Tensor {
    const x = this.detached();
    x.storage.held = true;
    x.untracked = true;
    return x;
  }

  /** Makes this tensor one over the memory of another one, as `param.data = value` does: the object stays the same. */
  set data(value: Tensor) {
    if (value.dtype.isFloatingPoint !== this.dtype.isFloatingPoint) {
      throw new Error(
        `Attempted to call variable.set_data(tensor), but variable and tensor have incompatible tensor type ` +
          `(${this.dtype} and ${value.dtype})`,
      );
    }
    value.storage.held = true;
    if (this.isParameter) value.storage.kept = true;
    this.relocate(value.storage, value.sizes, value.strides, value.count);
    // Read-only to everybody else.
    Object.assign(this, { dtype: value.dtype, offset: value.offset });
  }

  /** The same data outside of the graph, for internal use: the block is not held by it. @internal */
  detached(): Tensor {
    return over(this.storage, this.sizes, this.strides, this.offset, this.dtype);
  }

  /** The same data outside of the graph. Writes in place show in both. */
  detach(): Tensor {
    this.storage.held = true;
    return this.detached();
  }

  /** Takes this tensor itself out of the graph. */
  detach_(this: Tensor): Tensor {
    if (this.base !== null && this.requiresGrad) {
      throw new Error("Can't detach views in-place. Use detach() instead.");
    }
    this.storage.held = true;
    this.node = null;
    this.outputNr = 0;
    this.base = null;
    this.#requires = false;
    return this;
  }

  /** Keeps `grad` of a tensor that is not a leaf. */
  retainGrad(this: Tensor): void {
    if (!this.requiresGrad) throw new Error("can't retain_grad on Tensor that has requires_grad=False");
    const node = this.gradFn;
    if (node === null) return;
    node.extra().retained.set(this.outputNr, this);
  }

  /** Whether {@linkcode retainGrad} keeps this tensor's gradient. */
  get retainsGrad(): boolean {
    return this.node?.extras?.retained.get(this.outputNr) as unknown === this;
  }

  /**
   * Calls `hook` with the gradient of this tensor whenever it is computed; what it returns replaces the gradient.
   *
   * @throws {Error} When the tensor does not require gradients.
   */
  registerHook(this: Tensor, hook: GradHook): RemovableHandle {
    if (!this.requiresGrad) throw new Error("cannot register a hook on a tensor that doesn't require gradient");
    const node = this.gradEdge();
    const all = node.extra().preHooks;
    const hooks = all.get(this.outputNr) ?? [];
    all.set(this.outputNr, hooks);
    hooks.push(hook);
    return { remove: (): void => void hooks.splice(hooks.indexOf(hook), 1) };
  }

  /**
   * Calls `hook` with this leaf whenever a backward has added to its gradient.
   *
   * @throws {Error} When this is not a leaf that requires gradients.
   */
  registerPostAccumulateGradHook(this: Tensor, hook: (x: Tensor) => void): RemovableHandle {
    if (!this.requiresGrad || this.gradFn !== null) {
      throw new Error("post accumulate grad hooks cannot be registered on non-leaf tensors");
    }
    const hooks = this.accumulator().extra().accumulatedHooks;
    const call = (): void => hook(this);
    hooks.push(call);
    return { remove: (): void => void hooks.splice(hooks.indexOf(call), 1) };
  }

  /**
   * Computes the gradients of the graph's leaves and adds them to their `grad`.
   *
   * @param gradient The gradient of this tensor. Default: 1, for a scalar.
   * @throws {Error} When there is no graph, when the gradient is missing or has another shape, and when the graph was
   * used up by an earlier backward.
   */
  backward(this: Tensor, gradient?: Tensor | null | BackwardOptions, options: BackwardOptions = {}): void {
    if (gradient && !(gradient instanceof TensorCore)) {
      options = gradient;
      gradient = options.gradient;
    }
    checkOptions("backward", options, ["gradient", "retainGraph", "createGraph", "inputs"]);
    if (!this.requiresGrad) {
      throw new Error("element 0 of tensors does not require grad and does not have a grad_fn");
    }
    const grad = checkGrad(this, gradient ?? options.gradient ?? null);
    const createGraph = options.createGraph ?? false;
    const inputs = options.inputs ?? null;
    runBackward([this], [grad], {
      createGraph,
      retainGraph: options.retainGraph ?? createGraph,
      inputs,
      accumulate: true,
    });
  }

  // ---- elements ----

  /**
   * The only element, as a number (bigint for an int64 beyond 2^53) or boolean.
   *
   * @throws {Error} When there is not exactly one element.
   */
  item(this: Tensor): number {
    if (this.count !== 1) {
      throw new Error(
        `a Tensor with ${this.count} elements cannot be converted to Scalar (shape ${formatSizes(this.sizes)})`,
      );
    }
    return readElements(this, [0])[0] as number;
  }

  /** The elements as nested arrays; a number for a 0-d tensor. */
  tolist(this: Tensor): Nested {
    return toNested(this);
  }

  /** A copy of the elements, row-major, in the typed array of this element type. */
  toTypedArray(this: Tensor): TypedArray {
    return copyElements(this);
  }

  /** Releases the memory now. Using this tensor, or a view of it, is an error from here on. */
  dispose(): void {
    this.storage.dispose();
  }

  /** `using x = …` releases the memory when the block ends. */
  [Symbol.dispose](): void {
    this.storage.dispose();
  }

  /** The rows: `for (const row of x)`. */
  *[Symbol.iterator](this: Tensor): Generator<Tensor, void, unknown> {
    if (this.sizes.length === 0) throw new TypeError("iteration over a 0-d tensor");
    for (let i = 0; i < this.sizes[0]; i++) yield this.select(0, i);
  }

  /** The number of rows. */
  get length(): number {
    if (this.sizes.length === 0) throw new TypeError("len() of a 0-d tensor");
    return this.sizes[0];
  }

  /** PyTorch's text. */
  toString(this: Tensor): string {
    return formatTensor({
      shape: this.sizes,
      dtype: this.dtype.name,
      device: this.device.toString(),
      requiresGrad: this.requiresGrad,
      gradName: this.gradFn?.name() ?? null,
      isParameter: this.isParameter,
      read: (indices) => readElements(this, indices),
    });
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](this: Tensor): string {
    return this.toString();
  }

  /** Whether this is a module's parameter. @internal */
  get isParameter(): boolean {
    return false;
  }
}

function checkGrad(root: Tensor, grad: Tensor | null): Tensor {
  if (grad === null) return implicitGrad(root);
  if (!sameSizes(grad.sizes, root.sizes)) {
    throw new Error(
      `Mismatch in shape: grad_output[0] has a shape of torch.Size(${
        formatSizes(grad.sizes)
      }) and output[0] has a shape ` +
        `of torch.Size(${formatSizes(root.sizes)}).`,
    );
  }
  return grad;
}
