/**
 * What every optimizer has: groups, state, hooks, state dicts, the step's frame.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { float32 } from "../dtype.ts";
import { empty, isHalf } from "../make.ts";
import { castTo } from "../ops/elementwise.ts";
import { fill_ } from "../ops/fill.ts";
import { copyElementsTo, dense, packed } from "../ops/strided.ts";
import { closeArena, openArena, resumeArena, type Storage, suspendArena } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import type { RemovableHandle } from "../tensor/core.ts";
import { Batch, batchable, type Rows } from "./batch.ts";
import {
  camelCase,
  type Given,
  type GroupInput,
  makeGroup,
  type OptionSpec,
  type ParamGroup,
  type Params,
  printGroup,
  snakeCase,
  withDefaults,
} from "./group.ts";

/** An optimizer's state as a checkpoint holds it, with PyTorch's names. */
export interface OptimizerStateDict {
  /** The state of each parameter, by its number. */
  state: Record<string, Record<string, unknown>>;
  /** The groups; `params` are numbers. */
  param_groups: Record<string, unknown>[];
}

/** Evaluates the model again and returns the loss. */
export type Closure = () => Tensor | number;

/** What happens around a step or a state dict. */
export type OptimizerHook = (optimizer: Optimizer<object>, stateDict?: OptimizerStateDict) => OptimizerStateDict | void;

/** When hooks run. */
type Moment = "stepPre" | "stepPost" | "stateDictPre" | "stateDictPost" | "loadPre" | "loadPost";

/** State that PyTorch keeps as 0-d tensors and optimizers here as numbers. */
const scalarState = ["step", "eta", "mu", "mu_product"];

function recycle(storage: Storage): boolean {
  storage.release();
  return false;
}

/** Fills a tensor that must outlive the step. */
export function persistent(make: () => Tensor): Tensor {
  const outer = suspendArena();
  try {
    const x = make();
    x.storage.held = true;
    x.storage.kept = true;
    return x;
  } finally {
    resumeArena(outer);
  }
}

/** A state tensor of `x`'s shape, filled with `value`. */
export function stateLike(x: Tensor, value = 0): Tensor {
  return persistent(() => {
    const y = empty(x.sizes, x.dtype, x.device);
    fill_(y, value);
    return y;
  });
}

/** The option that the groups of every optimizer have. */
export interface LrOptions {
  /** The learning rate. */
  lr: number;
}

/** The base class of optimizers. `O` are the options of a group, `S` is what is remembered of a parameter. */
export abstract class Optimizer<O extends object = LrOptions, S extends object = object> {
  /** The options that groups have unless they say otherwise. */
  readonly defaults: O;
  /** The groups. Their options may be written between steps: `optimizer.paramGroups[0].lr = 0.1`. */
  readonly paramGroups: ParamGroup<O>[] = [];
  /** What is remembered of each parameter, under PyTorch's names. Steps are counted in plain numbers. */
  readonly state: Map<Tensor, S> = new Map();
  /** Whether {@linkcode step} has been called. Schedulers warn when they step first. */
  stepped = false;
  readonly #spec: OptionSpec<O>;
  readonly #hooks: Record<Moment, OptimizerHook[]> = {
    stepPre: [],
    stepPost: [],
    stateDictPre: [],
    stateDictPost: [],
    loadPre: [],
    loadPost: [],
  };

  /** Whether PyTorch keeps the state `step` (and the like) as tensors. @internal */
  protected readonly tensorSteps: boolean = true;

  /** @throws {Error} When there are no parameters, or an option makes no sense. */
  constructor(params: Params<O>, defaults: O, options: Given<O>, spec: OptionSpec<O> = {}) {
    const operation = new.target.name;
    this.defaults = withDefaults(operation, defaults, options);
    this.#spec = spec;
    this.#printedDefaults = defaults;
    spec.check?.(this.defaults);
    if (params instanceof Tensor) {
      throw new TypeError(
        "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a Tensor",
      );
    }
    const list = [...params as Iterable<unknown>];
    if (list.length === 0) throw new Error("optimizer got an empty parameter list");
    const first = list[0];
    const groups = first instanceof Tensor || Array.isArray(first) ? [{ params: list }] : list;
    for (const group of groups) this.addParamGroup(group as GroupInput<O>);
  }
  readonly #printedDefaults: O;

  /**
   * Adds a group, for instance of layers that were frozen so far.
   *
   * @throws {Error} When a parameter is in a group already.
   */
  addParamGroup(input: GroupInput<O>): void {
    const group = makeGroup(this.constructor.name, this.defaults, input);
    const known = new Set(this.paramGroups.flatMap((g) => g.params));
    if (group.params.some((p) => known.has(p))) {
      throw new Error("some parameters appear in more than one parameter group");
    }
    if (new Set(group.params).size !== group.params.length) {
      console.warn("optimizer contains a parameter group with duplicate parameters");
    }
    this.paramGroups.push(group);
  }

  /** Lets go of the gradients, or sets them to zero. */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        if (p.accumulated === null) continue;
        if (options.setToNone ?? true) p.clearGrad();
        else {
          if (p.accumulated.requiresGrad) p.accumulated.detach_();
          fill_(p.accumulated, 0);
          p.accumulated.bump();
        }
      }
    }
  }

  /**
   * Updates the parameters from their gradients; parameters without a gradient stay as they are.
   *
   * @param closure Evaluates the model again and returns the loss, which becomes the result.
   */
  step(closure?: Closure): Tensor | number | null {
    this.stepped = true;
    this.run("stepPre");
    const loss = closure === undefined ? null : this.evaluate(closure);
    const enabled = mode.enabled, arena = openArena();
    mode.enabled = false;
    try {
      for (const group of this.paramGroups) this.stepGroup(group);
    } finally {
      mode.enabled = enabled;
      closeArena(arena, recycle);
    }
    this.run("stepPost");
    return loss;
  }

  /** Runs a closure with gradients on. @internal */
  protected evaluate(closure: Closure): Tensor | number {
    const enabled = mode.enabled;
    mode.enabled = true;
    try {
      return closure();
    } finally {
      mode.enabled = enabled;
    }
  }

  /** Updates the parameters of one group that have gradients. @internal */
  protected stepGroup(group: ParamGroup<O>): void {
    const slots = this.slots(group), { params } = group;
    const batch = slots === null ? null : new Batch(slots);
    for (let i = 0; i < params.length; i++) {
      const p = params[i], grad = p.accumulated;
      if (grad === null) continue;
      let state = this.state.get(p);
      if (state === undefined) this.state.set(p, state = this.initial(group, p));
      if (batch === null || !batchable(p, grad)) this.#stepOne(group, p, grad, state);
      else {
        const phase = this.prepare(group, p, state);
        if (!batch.takes(p, phase)) this.launch(group, batch.finish(), batch.phase);
        batch.add(p, grad, state, phase);
      }
      p.bump();
    }
    if (batch !== null && batch.count > 0) this.launch(group, batch.finish(), batch.phase);
  }

  /**
   * The state that the fused kernel wants of a parameter, by name and in its order; null when there is no such kernel, and
   * {@linkcode update} does the work. @internal
   */
  protected slots(_group: ParamGroup<O>): readonly string[] | null {
    return null;
  }

  /** Counts the step. Only parameters with equal results can share a call of the kernel. @internal */
  protected prepare(_group: ParamGroup<O>, _p: Tensor, _state: S): number {
    return 0;
  }

  /** Calls the fused kernel. @internal */
  protected launch(_group: ParamGroup<O>, _rows: Rows, _phase: number): void {}

  /** Kernels want contiguous numbers of 32 or 64 bits: others are copied there and back. */
  #stepOne(group: ParamGroup<O>, p: Tensor, grad: Tensor, state: S): void {
    if (!isHalf(p.dtype) && p.isContiguous()) {
      this.update(group, p, dense(grad), state);
      return;
    }
    const wide = (x: Tensor): Tensor => isHalf(x.dtype) ? castTo(x, float32) : packed(x);
    const x = wide(p.detached());
    const own = state as Record<string, unknown>, copies: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(own)) copies[key] = value instanceof Tensor ? wide(value) : value;
    this.update(group, x, wide(grad), copies as S);
    copyElementsTo(p, castTo(x, p.dtype));
    for (const [key, value] of Object.entries(copies)) {
      const old = own[key];
      if (!(value instanceof Tensor)) own[key] = value;
      else if (old instanceof Tensor) copyElementsTo(old, castTo(value, old.dtype));
      else own[key] = persistent(() => packed(castTo(value, p.dtype)));
    }
  }

  /** What is remembered of `p` before its first step; made with {@linkcode stateLike}. @internal */
  protected abstract initial(group: ParamGroup<O>, p: Tensor): S;

  /** One step of one parameter: all tensors contiguous, float32 or float64. @internal */
  protected abstract update(group: ParamGroup<O>, p: Tensor, grad: Tensor, state: S): void;

  /** The state as a plain object with PyTorch's names and layout; it shares the tensors. */
  stateDict(): OptimizerStateDict {
    this.run("stateDictPre");
    const numbers = new Map<Tensor, number>();
    let start = 0;
    const groups = this.paramGroups.map((group) => {
      const saved: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(group)) if (key !== "params") saved[snakeCase(key)] = value;
      group.params.forEach((p, i) => numbers.has(p) || numbers.set(p, start + i));
      start += group.params.length;
      saved.params = group.params.map((p) => numbers.get(p)!);
      return saved;
    });
    const state: OptimizerStateDict["state"] = {};
    for (const [p, own] of this.state) {
      const saved = this.saveState(own);
      if (Object.keys(saved).length > 0) state[numbers.get(p)!] = saved;
    }
    let dict: OptimizerStateDict = { state, param_groups: groups };
    for (const hook of this.#hooks.stateDictPost) dict = hook(this, dict) ?? dict;
    return dict;
  }

  /** One parameter's state as it is saved. @internal */
  protected saveState(own: S): Record<string, unknown> {
    const saved: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(own)) {
      if (value === undefined) continue;
      saved[key] = this.tensorSteps && scalarState.includes(key) && typeof value === "number"
        ? stateLike(empty([], float32, this.paramGroups[0].params[0].device), value)
        : value;
    }
    return saved;
  }

  /**
   * Takes over a state dict, of PyTorch's or of {@linkcode stateDict}.
   *
   * @throws {Error} When its groups are not those of this optimizer.
   */
  loadStateDict(stateDict: OptimizerStateDict): void {
    let dict: OptimizerStateDict = { ...stateDict };
    for (const hook of this.#hooks.loadPre) dict = hook(this, dict) ?? dict;
    const groups = dict.param_groups;
    if (groups.length !== this.paramGroups.length) {
      throw new Error(
        `loaded state dict has a different number of parameter groups (${groups.length}, expected ${this.paramGroups.length})`,
      );
    }
    const params = new Map<string, Tensor>();
    this.paramGroups.forEach((own, i) => {
      const ids = groups[i].params as readonly unknown[];
      if (ids.length !== own.params.length) {
        throw new Error(
          `loaded state dict contains a parameter group that doesn't match the size of optimizer's group (group ${i}: ` +
            `${ids.length} parameters, expected ${own.params.length})`,
        );
      }
      ids.forEach((id, k) => params.set(String(id), own.params[k]));
    });
    this.paramGroups.forEach((own, i) => {
      for (const [key, value] of Object.entries(groups[i])) {
        if (key !== "params") {
          (own as Record<string, unknown>)[camelCase(key)] = Array.isArray(value) ? [...value] : value;
        }
      }
    });
    this.state.clear();
    const entries: Iterable<readonly [unknown, Record<string, unknown>]> = dict.state instanceof Map
      ? dict.state
      : Object.entries(dict.state);
    for (const [id, saved] of entries) {
      const p = params.get(String(id));
      if (p !== undefined) this.state.set(p, this.loadState(p, saved));
    }
    this.run("loadPost");
  }

  /** One parameter's state from what was saved. @internal */
  protected loadState(p: Tensor, saved: Record<string, unknown>): S {
    const load = (key: string, value: unknown): unknown => {
      if (Array.isArray(value)) return value.map((v) => load("", v));
      if (!(value instanceof Tensor)) return value;
      if (scalarState.includes(key)) return value.item();
      return persistent(() =>
        packed(castTo(value.detached().to(p.device), value.isFloatingPoint() ? p.dtype : value.dtype))
      );
    };
    return Object.fromEntries(Object.entries(saved).map(([key, value]) => [key, load(key, value)])) as S;
  }

  /** Runs the hooks of a moment. @internal */
  protected run(moment: Moment): void {
    for (const hook of this.#hooks[moment]) hook(this);
  }

  #register(moment: Moment, hook: OptimizerHook): RemovableHandle {
    const hooks = this.#hooks[moment];
    hooks.push(hook);
    return { remove: (): void => void hooks.splice(hooks.indexOf(hook), 1) };
  }

  /** Calls `hook(optimizer)` before each step. */
  registerStepPreHook(hook: OptimizerHook): RemovableHandle {
    return this.#register("stepPre", hook);
  }
  /** Calls `hook(optimizer)` after each step. */
  registerStepPostHook(hook: OptimizerHook): RemovableHandle {
    return this.#register("stepPost", hook);
  }
  /** Calls `hook(optimizer)` before each {@linkcode stateDict}. */
  registerStateDictPreHook(hook: OptimizerHook): RemovableHandle {
    return this.#register("stateDictPre", hook);
  }
  /** Calls `hook(optimizer, dict)` with each state dict; what it returns replaces it. */
  registerStateDictPostHook(hook: OptimizerHook): RemovableHandle {
    return this.#register("stateDictPost", hook);
  }
  /** Calls `hook(optimizer, dict)` before {@linkcode loadStateDict} uses it; what it returns replaces it. */
  registerLoadStateDictPreHook(hook: OptimizerHook): RemovableHandle {
    return this.#register("loadPre", hook);
  }
  /** Calls `hook(optimizer)` after {@linkcode loadStateDict}. */
  registerLoadStateDictPostHook(hook: OptimizerHook): RemovableHandle {
    return this.#register("loadPost", hook);
  }

  /** PyTorch's text. */
  toString(): string {
    const groups = this.paramGroups.map((group, i) =>
      `\nParameter Group ${i}\n${printGroup(group, this.#printedDefaults, this.#spec)}`
    );
    return `${this.constructor.name} (${groups.join("")})`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
