/**
 * Lists and dictionaries of parameters.
 *
 * @module
 */
import { tensorTypes } from "../format.ts";
import { Parameter, Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { type Entry, pairs } from "./ordered_dict.ts";
import { definePositions, wrapPosition } from "./positions.ts";

// Tensors become parameters; what is a parameter or no tensor stays.
function parameter(value: Tensor): Tensor {
  return value instanceof Tensor && !(value instanceof Parameter) ? new Parameter(value) : value;
}

function describe(name: string, value: Tensor, type: string): string {
  const kind = value instanceof Parameter ? "Parameter" : "Tensor";
  const device = value.isCuda ? ` (${value.device})` : "";
  return `  (${name}): ${kind} containing: [${type} of size ${value.sizes.join("x")}${device}]`;
}

function itemsOf(list: Module): Tensor[] {
  return Object.values(list).filter((value): value is Tensor => value instanceof Tensor);
}

function* entriesOf(dictionary: Module): Generator<[string, Tensor], void, unknown> {
  for (const [name, value] of Object.entries(dictionary)) if (value instanceof Tensor) yield [name, value];
}

/** Parameters in a list. */
export class ParameterList extends Module {
  /** The parameter at a position. */
  [index: number]: Tensor;

  /** A list of the given parameters; tensors become parameters. */
  constructor(values: Iterable<Tensor> = []) {
    super();
    this.extend(values);
  }

  /** The number of parameters. */
  override get length(): number {
    return itemsOf(this).length;
  }

  /** The parameters in their order. */
  *[Symbol.iterator](): Generator<Tensor, void, unknown> {
    yield* itemsOf(this);
  }

  /** The parameter at a position, negative ones counted from the end. */
  at(index: number): Tensor {
    const items = itemsOf(this);
    return items[wrapPosition(index, items.length)];
  }

  /** Puts another parameter at a position. @internal */
  replaceAt(index: number, value: Tensor): void {
    Object.assign(this, { [String(wrapPosition(index, this.length))]: parameter(value) });
  }

  /** Adds a parameter at the end. */
  append(value: Tensor): this {
    const name = String(this.length);
    // Not an assignment: the prototype's accessor for the position would take it.
    Object.defineProperty(this, name, {
      value: parameter(value),
      writable: true,
      enumerable: true,
      configurable: true,
    });
    definePositions(ParameterList.prototype, this.length);
    return this;
  }

  /** Adds parameters at the end. */
  extend(values: Iterable<Tensor>): this {
    for (const value of values) this.append(value);
    return this;
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return itemsOf(this).map((value, i) => describe(String(i), value, String(value.dtype))).join("\n");
  }
}

/** Parameters by name. */
export class ParameterDict extends Module {
  /** A dictionary of the given parameters; tensors become parameters. */
  constructor(values: Iterable<Entry<Tensor>> | Record<string, Tensor> = {}) {
    super();
    this.update(values);
  }

  /** The number of parameters. */
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

  /** The parameters in their order. */
  *values(): Generator<Tensor, void, unknown> {
    for (const [, value] of entriesOf(this)) yield value;
  }

  /** Names and parameters in their order. */
  items(): Generator<[string, Tensor], void, unknown> {
    return entriesOf(this);
  }

  /** Whether there is a parameter of that name. */
  has(name: string): boolean {
    return Object.getOwnPropertyDescriptor(this, name)?.value instanceof Tensor;
  }

  /**
   * The parameter of that name.
   *
   * @throws {Error} When there is none.
   */
  get(name: string): Tensor {
    for (const [key, value] of entriesOf(this)) if (key === name) return value;
    throw new Error(`'${name}' (keys: ${[...this.keys()].join(", ")})`);
  }

  /** Adds or replaces a parameter. */
  set(name: string, value: Tensor): this {
    if (name in this && !this.has(name)) throw new Error(`attribute '${name}' already exists`);
    Object.assign(this, { [name]: parameter(value) });
    return this;
  }

  /** Adds or replaces several parameters. */
  update(values: Iterable<Entry<Tensor>> | Record<string, Tensor>): void {
    for (const [name, value] of pairs(values)) this.set(name, value);
  }

  /** Removes the parameter of that name and returns it. */
  pop(name: string): Tensor {
    const value = this.get(name);
    Reflect.deleteProperty(this, name);
    return value;
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return [...entriesOf(this)].map(([name, value]) => describe(name, value, tensorTypes[value.dtype.name])).join("\n");
  }
}
