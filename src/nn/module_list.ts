/**
 * Lists and dictionaries of modules.
 *
 * @module
 */
import { indent, type Layer, Module } from "./module.ts";
import { type Entry, pairs } from "./ordered_dict.ts";
import { definePositions, wrapPosition } from "./positions.ts";

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

  // Only modules of this type are ever added.
  #items(): M[] {
    return Object.values(this).filter((value): value is M => value instanceof Module);
  }

  #set(items: readonly M[]): this {
    for (const name of Object.keys(this)) if (/^\d+$/.test(name)) Reflect.deleteProperty(this, name);
    for (const item of items) this.append(item);
    return this;
  }

  /** The number of modules. */
  override get length(): number {
    return this.#items().length;
  }

  /** The modules in their order. */
  *[Symbol.iterator](): Generator<M, void, unknown> {
    yield* this.#items();
  }

  /** The module at a position, negative ones counted from the end. */
  at(index: number): M {
    const items = this.#items();
    return items[wrapPosition(index, items.length)];
  }

  /** Puts another module at a position. @internal */
  replaceAt(index: number, module: unknown): void {
    Object.assign(this, { [String(wrapPosition(index, this.length))]: module });
  }

  /** A list of the modules from `start` to `stop`. */
  slice(start?: number, stop?: number): ModuleList<M> {
    return new ModuleList(this.#items().slice(start, stop));
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
    const items = this.#items();
    items.splice(index, 0, module);
    this.#set(items);
  }

  /** Removes the module at a position (default: the last) and returns it. */
  pop(index = -1): M {
    const items = this.#items();
    const [item] = items.splice(wrapPosition(index, items.length), 1);
    this.#set(items);
    return item;
  }

  /** Runs of equal modules are printed once: `(0-2): 3 x Linear(…)`. @internal */
  override childLines(): string[] {
    const runs: { from: number; to: number; text: string }[] = [];
    this.#items().map(String).forEach((text, i) => {
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

  *#entries(): Generator<[string, M], void, unknown> {
    for (const [name, value] of Object.entries(this)) {
      // Only modules of this type are ever added.
      if (value instanceof Module) yield [name, value as M];
    }
  }

  /** The number of modules. */
  override get length(): number {
    return [...this.#entries()].length;
  }

  /** The names in their order. */
  *[Symbol.iterator](): Generator<string, void, unknown> {
    yield* this.keys();
  }

  /** The names in their order. */
  *keys(): Generator<string, void, unknown> {
    for (const [name] of this.#entries()) yield name;
  }

  /** The modules in their order. */
  *values(): Generator<M, void, unknown> {
    for (const [, module] of this.#entries()) yield module;
  }

  /** Names and modules in their order. */
  items(): Generator<[string, M], void, unknown> {
    return this.#entries();
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
    for (const [key, module] of this.#entries()) if (key === name) return module;
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
