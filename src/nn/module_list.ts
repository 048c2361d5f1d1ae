/**
 * Lists and dictionaries of modules.
 *
 * @module
 */
import { indent, type Layer, Module } from "./module.ts";
import { type Entry, pairs } from "./ordered_dict.ts";
import { definePositions, wrapPosition } from "./positions.ts";

// Only modules of the container's type are ever added.
function itemsOf<M extends Module>(list: ModuleList<M>): M[] {
  return Object.values(list).filter((value): value is M => value instanceof Module);
}

function* entriesOf<M extends Module>(dictionary: ModuleDictionary<M>): Generator<[string, M], void, unknown> {
  for (const [name, value] of Object.entries(dictionary)) if (value instanceof Module) yield [name, value as M];
}

function replaceAll<M extends Module>(list: ModuleList<M>, items: readonly M[]): void {
  for (const name of Object.keys(list)) if (/^\d+$/.test(name)) Reflect.deleteProperty(list, name);
  list.extend(items);
}

/**
 * Modules in a list: registered, but called by whoever holds it.
 *
 * @example
 * ```ts
 * import { nn } from "@raptorch/raptorch";
 * const layers = new nn.ModuleList([new nn.Linear(2, 3), new nn.Linear(3, 2)]);
 * console.assert(layers.length === 2 && layers[-1] === layers[1]);
 * ```
 */
export class ModuleList<M extends Module = Layer> extends Module {
  /** The module at a position. */
  [index: number]: M;

  /** A list of the given modules. */
  constructor(modules: Iterable<M> = []) {
    super();
    this.extend(modules);
  }

  /** The number of modules. */
  override get length(): number {
    return itemsOf(this).length;
  }

  /** The modules in their order. */
  *[Symbol.iterator](): Generator<M, void, unknown> {
    yield* itemsOf(this);
  }

  /** The module at a position, negative ones counted from the end. */
  at(index: number): M {
    const items = itemsOf(this);
    return items[wrapPosition(index, items.length)];
  }

  /** Puts another module at a position. @internal */
  replaceAt(index: number, module: unknown): void {
    Object.assign(this, { [String(wrapPosition(index, this.length))]: module });
  }

  /** A list of the modules from `start` to `stop`. */
  slice(start?: number, stop?: number): ModuleList<M> {
    return new ModuleList(itemsOf(this).slice(start, stop));
  }

  /** Adds a module at the end. */
  append(module: M): this {
    if (!(module instanceof Module)) throw new TypeError(`${String(module)} is not a Module subclass`);
    const name = String(this.length);
    // Not an assignment: the prototype's accessor for the position would take it.
    Object.defineProperty(this, name, { value: module, writable: true, enumerable: true, configurable: true });
    definePositions(ModuleList.prototype, this.length);
    return this;
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }

  /** Adds a module before a position. */
  insert(index: number, module: M): void {
    const items = itemsOf(this);
    items.splice(index, 0, module);
    replaceAll(this, items);
  }

  /** Removes the module at a position (default: the last) and returns it. */
  pop(index = -1): M {
    const items = itemsOf(this);
    const [item] = items.splice(wrapPosition(index, items.length), 1);
    replaceAll(this, items);
    return item;
  }

  /** Runs of equal modules are printed once: `(0-2): 3 x Linear(…)`. @internal */
  override childLines(): string[] {
    const runs: { from: number; to: number; text: string }[] = [];
    itemsOf(this).map(String).forEach((text, i) => {
      const last = runs[runs.length - 1];
      if (last !== undefined && last.text === text) last.to = i;
      else runs.push({ from: i, to: i, text });
    });
    return runs.map(({ from, to, text }) =>
      from === to ? `(${from}): ${indent(text)}` : `(${from}-${to}): ${to - from + 1} x ${indent(text)}`
    );
  }
}

/** Modules by name: what {@linkcode ModuleDict} makes. */
export class ModuleDictionary<M extends Module = Layer> extends Module {
  /** A dictionary of the given modules. */
  constructor(modules: Iterable<Entry<M>> | Record<string, M> = {}) {
    super();
    this.update(modules);
  }

  /** The number of modules. */
  override get length(): number {
    return [...entriesOf(this)].length;
  }

  /** The names in their order. */
  *[Symbol.iterator](): Generator<string, void, unknown> {
    yield* this.keys();
  }

  /** The names in their order. */
  *keys(): Generator<string, void, unknown> {
    for (const [name] of entriesOf(this)) yield name;
  }

  /** The modules in their order. */
  *values(): Generator<M, void, unknown> {
    for (const [, module] of entriesOf(this)) yield module;
  }

  /** Names and modules in their order. */
  items(): Generator<[string, M], void, unknown> {
    return entriesOf(this);
  }

  /** Whether there is a module of that name. */
  has(name: string): boolean {
    return Object.getOwnPropertyDescriptor(this, name)?.value instanceof Module;
  }

  /**
   * The module of that name.
   *
   * @throws {Error} When there is none.
   */
  get(name: string): M {
    for (const [key, module] of entriesOf(this)) if (key === name) return module;
    throw new Error(`'${name}' (keys: ${[...this.keys()].join(", ")})`);
  }

  /** Adds or replaces a module. */
  set(name: string, module: M): this {
    this.addModule(name, module);
    return this;
  }

  /** Adds or replaces several modules. */
  update(modules: Iterable<Entry<M>> | Record<string, M>): void {
    for (const [name, module] of pairs(modules)) this.set(name, module);
  }

  /** Removes the module of that name and returns it. */
  pop(name: string): M {
    const module = this.get(name);
    Reflect.deleteProperty(this, name);
    return module;
  }

  /** Removes all modules. */
  clear(): void {
    for (const name of [...this.keys()]) Reflect.deleteProperty(this, name);
  }
}

/** How {@linkcode ModuleDict} is made, with the types of its modules at their names. */
export interface ModuleDictConstructor {
  /** Modules of an object. */
  new <O extends Record<string, Module>>(modules: O): ModuleDictionary<O[keyof O]> & O;
  /** Modules of an OrderedDict, a Map or pairs. */
  new <M extends Module = Layer>(modules?: Iterable<Entry<M>>): ModuleDictionary<M>;
  /** What all instances have. */
  readonly prototype: ModuleDictionary;
}

/**
 * Modules by name: registered, but called by whoever holds it.
 *
 * @example
 * ```ts
 * import { nn } from "@raptorch/raptorch";
 * const heads = new nn.ModuleDict({ a: new nn.Linear(2, 3), b: new nn.Linear(2, 1) });
 * console.assert(heads.a.outFeatures === 3 && heads.get("b") === heads.b);
 * ```
 */
export const ModuleDict: ModuleDictConstructor = ModuleDictionary;
/** See the constructor of the same name. */
export type ModuleDict<M extends Module = Layer> = ModuleDictionary<M>;
// The class is called what users call it.
Object.defineProperty(ModuleDictionary, "name", { value: "ModuleDict" });
