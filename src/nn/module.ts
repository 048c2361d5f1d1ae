/**
 * The base of all networks and layers.
 *
 * A module is a function object with the class's prototype, so it is called as `net(x)`. What it registers are its own
 * properties, in their order: there is nothing else to keep in step.
 *
 * @module
 */
import type { Grad } from "../autograd/node.ts";
import { checkOptions } from "../check.ts";
import type { DeviceLike } from "../device.ts";
import { bfloat16, type DTypeLike, float16, float32, float64, toDtype } from "../dtype.ts";
import type { Target, ToOptions } from "../ops/cast.ts";
import { Parameter, Tensor } from "../tensor.ts";
import type { RemovableHandle } from "../tensor/core.ts";
import { copyValue, type Memo } from "./deepcopy.ts";
import { callWithHooks, type Hooks, register } from "./hooks.ts";
import {
  collectState,
  type IncompatibleKeys,
  type Loading,
  loadOwn,
  loadState,
  type LoadStateDictOptions,
  type StateDict,
} from "./state.ts";

/** Calls a module: `run` is set below, where `Module` is known. */
let run: (self: Callable, args: unknown[]) => unknown;

/**
 * Makes `new` return a function. A class of its own, because only what a base class returned gets the private fields of
 * the classes derived from it.
 */
class Callable {
  constructor() {
    const self: Callable = Object.setPrototypeOf((...args: unknown[]) => run(self, args), new.target.prototype);
    // A function's own `length` and `name` would hide what classes define.
    for (const name of ["length", "name"]) Reflect.deleteProperty(self, name);
    return self;
  }
}

/** A module that takes one tensor and gives one, as most layers do. */
export type Layer = Module & ((x: Tensor) => Tensor);

/** Options of the `named…` methods of {@linkcode Module}. */
export interface NamedOptions {
  /** Put before every name, with a dot. Default: none. */
  prefix?: string;
  /** Whether to go into children. Default: true. */
  recurse?: boolean;
  /** Whether what is registered twice is listed once. Default: true. */
  removeDuplicate?: boolean;
}

/** Options of {@linkcode Module.stateDict}. */
export interface StateDictOptions {
  /** Put before every name. Default: none. */
  prefix?: string;
  /** Whether the parameters themselves are given, not their values outside of the graph. Default: false. */
  keepVars?: boolean;
}

/** A module is called like a function, with the arguments of its `forward`. */
export interface Module {
  /** Runs hooks and {@linkcode Module.forward}. */
  (...args: Parameters<this["forward"]>): ReturnType<this["forward"]>;
}

/**
 * A network or a part of one: parameters, buffers and other modules in its properties, and `forward`.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "@raptorch/raptorch";
 * class Net extends nn.Module {
 *   fc = new nn.Linear(3, 2);
 *   override forward(x: Tensor): Tensor {
 *     return this.fc(x).relu();
 *   }
 * }
 * const net = new Net();
 * console.assert(String(net(ones(5, 3)).shape) === "torch.Size([5, 2])");
 * console.assert(String(net) === "Net(\n  (fc): Linear(in_features=3, out_features=2, bias=True)\n)");
 * ```
 */
export class Module extends Callable {
  /** Whether the module is being trained: dropout and batch normalisation behave accordingly. */
  training = true;
  /** Names of buffers, and whether they belong to the state dict. */
  #buffers: Map<string, boolean> | null = null;
  #hooks: Hooks | null = null;

  static {
    run = (self, args) => {
      // Only constructors of modules make callables.
      const module = self as Module;
      const forward = (given: unknown[]): unknown => module.forward(...given as never[]);
      return module.#hooks === null ? forward(args) : callWithHooks(module.#hooks, args, forward);
    };
  }

  /**
   * Computes the output. Classes override it; callers write `net(x)`, which also runs the hooks.
   *
   * @throws {Error} When a class does not override it.
   */
  forward(..._args: never[]): unknown {
    throw new Error(`Module [${this.constructor.name}] is missing the required "forward" function`);
  }

  // ---- registration ----

  /**
   * Adds a tensor that is part of the state but not trained.
   *
   * @param persistent Whether it belongs to the state dict. Default: true.
   * @throws {Error} When the name is taken or not usable.
   */
  registerBuffer(name: string, tensor: Tensor | null, options: { persistent?: boolean } = {}): void {
    checkOptions("register_buffer", options, ["persistent"]);
    this.#checkName("buffer", name, !(this.#buffers?.has(name) ?? false));
    if (tensor !== null && !(tensor instanceof Tensor)) {
      throw new TypeError(
        `cannot assign '${typeof tensor}' object to buffer '${name}' (torch Tensor or None required)`,
      );
    }
    (this.#buffers ??= new Map()).set(name, options.persistent ?? true);
    if (tensor !== null) tensor.storage.held = tensor.storage.kept = true;
    Object.assign(this, { [name]: tensor });
  }

  /** Adds a parameter, as assigning it to a property does. */
  registerParameter(name: string, parameter: Parameter | null): void {
    this.#checkName("parameter", name, true);
    if (parameter !== null && !(parameter instanceof Parameter)) {
      throw new TypeError(
        `cannot assign '${typeof parameter}' object to parameter '${name}' (torch.nn.Parameter or None required)`,
      );
    }
    Object.assign(this, { [name]: parameter });
  }

  /** Adds a child, as assigning it to a property does. */
  registerModule(name: string, module: Module | null): void {
    this.addModule(name, module);
  }

  /** Adds a child, as assigning it to a property does. */
  addModule(name: string, module: Module | null): void {
    this.#checkName("module", name, true);
    if (module !== null && !(module instanceof Module)) {
      throw new TypeError(`${String(module)} is not a Module subclass`);
    }
    Object.assign(this, { [name]: module });
  }

  #checkName(kind: string, name: string, mustBeNew: boolean): void {
    if (typeof name !== "string") throw new TypeError(`${kind} name should be a string. Got ${typeof name}`);
    if (name.includes(".")) throw new Error(`${kind} name can't contain "."`);
    if (name === "") throw new Error(`${kind} name can't be empty string ""`);
    if (!mustBeNew || !(name in this)) return;
    const own = Object.getOwnPropertyDescriptor(this, name)?.value;
    const replaceable = own === null || (kind === "parameter" ? own instanceof Parameter : own instanceof Module);
    if (!Object.hasOwn(this, name) || !replaceable) throw new Error(`attribute '${name}' already exists`);
  }

  /** The module's own properties of one kind, in order. */
  *#own<T>(kind: (value: unknown) => value is T): Generator<[string, T], void, unknown> {
    for (const [name, value] of Object.entries(this)) if (kind(value)) yield [name, value];
  }

  // ---- listing ----

  /** The modules registered here, by name. One that is registered twice is listed once. */
  *namedChildren(): Generator<[string, Layer], void, unknown> {
    const seen = new Set<Module>();
    for (const [name, child] of this.#own(isLayer)) {
      if (seen.has(child)) continue;
      seen.add(child);
      yield [name, child];
    }
  }

  /** The modules registered here. */
  *children(): Generator<Layer, void, unknown> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  /** This module and all below it, by path (`""` for itself). */
  *namedModules(options: Omit<NamedOptions, "recurse"> = {}): Generator<[string, Module], void, unknown> {
    checkOptions("named_modules", options, ["prefix", "removeDuplicate"]);
    const unique = options.removeDuplicate ?? true;
    const seen = new Set<Module>();
    function* visit(module: Module, path: string): Generator<[string, Module], void, unknown> {
      if (unique && seen.has(module)) return;
      seen.add(module);
      yield [path, module];
      for (const [name, child] of module.#own(isLayer)) yield* visit(child, path === "" ? name : `${path}.${name}`);
    }
    yield* visit(this, options.prefix ?? "");
  }

  /** This module and all below it. */
  *modules(): Generator<Module, void, unknown> {
    for (const [, module] of this.namedModules()) yield module;
  }

  *#named<T extends Tensor>(
    members: (module: Module) => Iterable<[string, T]>,
    options: NamedOptions,
  ): Generator<[string, T], void, unknown> {
    checkOptions("named_members", options, ["prefix", "recurse", "removeDuplicate"]);
    const { prefix = "", recurse = true, removeDuplicate = true } = options;
    const seen = new Set<T>();
    const modules: Iterable<[string, Module]> = recurse
      ? this.namedModules({ prefix, removeDuplicate })
      : [[prefix, this]];
    for (const [path, module] of modules) {
      for (const [name, value] of members(module)) {
        if (removeDuplicate && seen.has(value)) continue;
        seen.add(value);
        yield [path === "" ? name : `${path}.${name}`, value];
      }
    }
  }

  /** The parameters of this module and all below it, by full name. One that is shared is listed once. */
  namedParameters(options: NamedOptions = {}): Generator<[string, Parameter], void, unknown> {
    return this.#named((module) => module.#own(isParameter), options);
  }

  /** The parameters of this module and, unless `recurse` is false, of all below it. */
  *parameters(recurse = true): Generator<Parameter, void, unknown> {
    for (const [, parameter] of this.namedParameters({ recurse })) yield parameter;
  }

  /** The buffers of this module and all below it, by full name. */
  namedBuffers(options: NamedOptions = {}): Generator<[string, Tensor], void, unknown> {
    return this.#named((module) => module.#ownBuffers(), options);
  }

  /** The buffers of this module and, unless `recurse` is false, of all below it. */
  *buffers(recurse = true): Generator<Tensor, void, unknown> {
    for (const [, buffer] of this.namedBuffers({ recurse })) yield buffer;
  }

  *#ownBuffers(): Generator<[string, Tensor], void, unknown> {
    if (this.#buffers === null) return;
    for (const [name, value] of this.#own(isTensor)) if (this.#buffers.has(name)) yield [name, value];
  }

  /**
   * The module at a path such as `"layer1.0.conv"`; `""` is this one.
   *
   * @throws {Error} When there is none.
   */
  getSubmodule(target: string): Module {
    if (target === "") return this;
    const dot = target.indexOf("."), name = dot < 0 ? target : target.slice(0, dot);
    const child = this.#property(name);
    if (!(child instanceof Module)) throw new Error(missing(this, name, child, "an nn.Module"));
    return dot < 0 ? child : child.getSubmodule(target.slice(dot + 1));
  }

  /** The parameter at a path such as `"fc.weight"`. */
  getParameter(target: string): Parameter {
    const [module, name] = this.#locate(target);
    const found = module.#property(name);
    if (!(found instanceof Parameter)) throw new Error(missing(module, name, found, "an nn.Parameter"));
    return found;
  }

  /** The buffer at a path such as `"bn.running_mean"`. */
  getBuffer(target: string): Tensor {
    const [module, name] = this.#locate(target);
    const found = module.#property(name);
    if (!(found instanceof Tensor && module.#buffers?.has(name))) {
      throw new Error(missing(module, name, found, "a buffer"));
    }
    return found;
  }

  #locate(target: string): [Module, string] {
    const dot = target.lastIndexOf(".");
    return [this.getSubmodule(target.slice(0, Math.max(dot, 0))), target.slice(dot + 1)];
  }

  #property(name: string): unknown {
    return Object.getOwnPropertyDescriptor(this, name)?.value;
  }

  // ---- state ----

  /** The parameters and persistent buffers registered here, in the state dict's order. @internal */
  *ownState(): Generator<[string, Tensor], void, unknown> {
    yield* this.#own(isParameter);
    for (const [name, buffer] of this.#ownBuffers()) if (this.#buffers!.get(name)) yield [name, buffer];
  }

  /** Loads what belongs to this module alone; classes with old formats override it. @internal */
  loadOwnState(state: StateDict, prefix: string, loading: Loading): void {
    loadOwn(this, state, prefix, loading);
  }

  /** Parameters and persistent buffers by their full names; they share the module's memory. */
  stateDict(options: StateDictOptions = {}): StateDict {
    checkOptions("state_dict", options, ["prefix", "keepVars"]);
    return collectState(this, {}, options.prefix ?? "", options.keepVars ?? false);
  }

  /**
   * Copies the values of a state dict into this module.
   *
   * @throws {Error} That lists missing and unexpected names (unless `strict` is false) and sizes that differ.
   */
  loadStateDict(state: StateDict, options: LoadStateDictOptions = {}): IncompatibleKeys {
    checkOptions("load_state_dict", options, ["strict", "assign"]);
    return loadState(this, state, options);
  }

  /**
   * A copy of this module and all below it, with parameters and buffers of its own: Python's `copy.deepcopy(module)`.
   * What is shared within stays shared; hooks are not copied. Private fields (`#x`) of derived classes cannot be copied:
   * such a class overrides this method.
   *
   * @example
   * ```ts
   * import { nn } from "@raptorch/raptorch";
   * const layer = new nn.Linear(2, 1), copy = layer.deepcopy();
   * copy.weight.data.zero_();
   * console.assert(copy.weight !== layer.weight && layer.weight.abs().sum().item() > 0);
   * ```
   */
  deepcopy(): this {
    return this.#copy(new Map());
  }

  #copy(memo: Memo): this {
    const copy = Object.setPrototypeOf(new Module(), Object.getPrototypeOf(this));
    memo.set(this, copy);
    if (this.#buffers !== null) copy.#buffers = new Map(this.#buffers);
    const child = (value: unknown): unknown => value instanceof Module ? value.#copy(memo) : undefined;
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(this))) {
      if ("value" in property) property.value = copyValue(property.value, memo, child);
      Object.defineProperty(copy, name, property);
    }
    return copy;
  }

  // ---- modes and conversions ----

  /** Calls `fn` with every child, its children first, and then with this module. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /** Switches this module and its children to training, or with `false` to evaluation. */
  train(mode = true): this {
    if (typeof mode !== "boolean") throw new TypeError("training mode is expected to be boolean");
    this.training = mode;
    for (const child of this.children()) child.train(mode);
    return this;
  }

  /** Switches this module and its children to evaluation. */
  eval(): this {
    return this.train(false);
  }

  /** Asks for gradients of all parameters, or stops asking. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Forgets the gradients of all parameters, or sets them to zero in place. */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    checkOptions("zero_grad", options, ["setToNone"]);
    for (const parameter of this.parameters()) {
      if (options.setToNone ?? true) parameter.clearGrad();
      else parameter.accumulated?.detach_().zero_();
    }
  }

  /** Replaces the data of every parameter, gradient and buffer here and below; the parameters stay the same objects. */
  #convert(change: (x: Tensor) => Tensor): this {
    for (const module of this.modules()) {
      for (const [, parameter] of module.#own(isParameter)) {
        parameter.data = change(parameter.detached());
        if (parameter.accumulated !== null) parameter.accumulated = change(parameter.accumulated);
      }
      for (const [name, buffer] of module.#ownBuffers()) Object.assign(module, { [name]: change(buffer) });
    }
    return this;
  }

  /** Moves all parameters and buffers to a device, and converts those of floating-point type to another one. */
  to(target: Target, options: ToOptions = {}): this {
    return this.#convert((x) => {
      const y = x.to(target, options);
      if (y.dtype === x.dtype || x.dtype.isFloatingPoint) return y;
      return y.device === x.device ? x : x.to(y.device);
    });
  }

  /** Moves all parameters and buffers to the CPU. */
  cpu(): this {
    return this.to("cpu");
  }

  /** Moves all parameters and buffers to a CUDA card. */
  cuda(device: DeviceLike | number = "cuda"): this {
    return this.to({ device: typeof device === "number" ? `cuda:${device}` : device });
  }

  /** Converts floating-point parameters and buffers to float32. */
  float(): this {
    return this.to(float32);
  }

  /** Converts floating-point parameters and buffers to float64. */
  double(): this {
    return this.to(float64);
  }

  /** Converts floating-point parameters and buffers to float16. */
  half(): this {
    return this.to(float16);
  }

  /** Converts floating-point parameters and buffers to bfloat16. */
  bfloat16(): this {
    return this.to(bfloat16);
  }

  /** Converts all parameters and buffers to a type. */
  type(dtype: DTypeLike): this {
    const wanted = toDtype(dtype);
    return this.#convert((x) => x.to(wanted));
  }

  // ---- hooks ----

  #allHooks(): Hooks {
    return this.#hooks ??= { pre: [], post: [], backwardPre: [], backward: [] };
  }

  /** Calls `hook(module, args)` before every `forward`; what it returns replaces the arguments. */
  registerForwardPreHook<M extends Module>(
    this: M,
    hook: (module: M, args: Parameters<M["forward"]>) => unknown,
    options: { prepend?: boolean } = {},
  ): RemovableHandle {
    checkOptions("register_forward_pre_hook", options, ["prepend"]);
    // The arguments are those of forward: calls are typed so.
    const run = (args: unknown[]): unknown => hook(this, args as Parameters<M["forward"]>);
    return register(this.#allHooks().pre, run, options.prepend);
  }

  /** Calls `hook(module, args, output)` after every `forward`; what it returns replaces the output. */
  registerForwardHook<M extends Module>(
    this: M,
    hook: (module: M, args: Parameters<M["forward"]>, output: ReturnType<M["forward"]>) => unknown,
    options: { prepend?: boolean } = {},
  ): RemovableHandle {
    checkOptions("register_forward_hook", options, ["prepend"]);
    const run = (args: unknown[], output: unknown): unknown =>
      hook(this, args as Parameters<M["forward"]>, output as ReturnType<M["forward"]>);
    return register(this.#allHooks().post, run, options.prepend);
  }

  /**
   * Calls `hook(module, gradInputs, gradOutputs)` when the gradients of the module's inputs have been computed; what it
   * returns replaces those.
   */
  registerFullBackwardHook<M extends Module>(
    this: M,
    hook: (module: M, gradInputs: Grad[], gradOutputs: Grad[]) => readonly Grad[] | Grad | void,
    options: { prepend?: boolean } = {},
  ): RemovableHandle {
    checkOptions("register_full_backward_hook", options, ["prepend"]);
    return register(this.#allHooks().backward, (dxs, dys) => hook(this, dxs, dys), options.prepend);
  }

  /** Calls `hook(module, gradOutputs)` before gradients pass the module; what it returns replaces them. */
  registerFullBackwardPreHook<M extends Module>(
    this: M,
    hook: (module: M, gradOutputs: Grad[]) => readonly Grad[] | Grad | void,
    options: { prepend?: boolean } = {},
  ): RemovableHandle {
    checkOptions("register_full_backward_pre_hook", options, ["prepend"]);
    return register(this.#allHooks().backwardPre, (dys) => hook(this, dys), options.prepend);
  }

  // ---- printing ----

  /** The name that is printed: that of the class. @internal */
  get reprName(): string {
    return this.constructor.name;
  }

  /** What is printed between the parentheses: the options. Classes override it. */
  extraRepr(): string {
    return "";
  }

  /** The lines for the children. @internal */
  childLines(): string[] {
    return [...this.#own(isLayer)].map(([name, child]) => `(${name}): ${indent(String(child))}`);
  }

  /** PyTorch's text. */
  override toString(): string {
    const extra = this.extraRepr();
    const own = extra === "" ? [] : extra.split("\n");
    const children = this.childLines();
    if (own.length + children.length === 0) return `${this.reprName}()`;
    if (own.length === 1 && children.length === 0) return `${this.reprName}(${own[0]})`;
    return `${this.reprName}(\n  ${[...own, ...children].join("\n  ")}\n)`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** Shifts all lines but the first by two columns. @internal */
export function indent(text: string): string {
  return text.replaceAll("\n", "\n  ");
}

function isLayer(value: unknown): value is Layer {
  return value instanceof Module;
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

function isParameter(value: unknown): value is Parameter {
  return value instanceof Parameter;
}

function missing(module: Module, name: string, found: unknown, wanted: string): string {
  return found === undefined || found === null
    ? `${module.constructor.name} has no attribute \`${name}\``
    : `\`${name}\` is not ${wanted}`;
}
