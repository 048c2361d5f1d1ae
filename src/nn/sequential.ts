/**
 * Layers one after the other.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import type { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { registered } from "./hooks.ts";
import { type Layer, Module } from "./module.ts";
import { type Entry, type OrderedDict, pairs } from "./ordered_dict.ts";
import { definePositions, wrapPosition } from "./positions.ts";

/** The types of layers at their positions: `net[2].weight`, `net[-1]`. */
export type Positions<L extends readonly unknown[]> =
  & { [K in keyof L & `${number}`]: L[K] }
  & (L extends readonly [...unknown[], infer Last] ? { [-1]: Last } : unknown);

/** The types of layers by name. */
export type Named<E extends readonly Entry[]> = { [P in E[number] as P[0]]: P[1] };

/** The second of each pair. */
export type Values<E extends readonly Entry[]> = { [K in keyof E]: E[K] extends Entry<infer V> ? V : never };

/** Classes of the library whose `forward` keeps nothing of what passes through. */
const transparent = new WeakSet<object>();

/** Says that instances of these classes (not of classes derived from them) keep nothing of what passes through. @internal */
export function passesThrough(...classes: readonly { prototype: Module }[]): void {
  for (const c of classes) transparent.add(c);
}

function namesOf(net: Module): string[] {
  return Object.entries(net).filter(([, value]) => value instanceof Module).map(([name]) => name);
}

function layersOf(net: Module): Layer[] {
  return Object.values(net).filter((value): value is Layer => value instanceof Module);
}

/** Gives the layers new numbers. */
function rebuild(net: Module, layers: readonly Module[]): void {
  for (const name of namesOf(net)) Reflect.deleteProperty(net, name);
  layers.forEach((layer, i) => net.addModule(String(i), layer));
}

/** Layers that are called one after the other: what {@linkcode Sequential} makes. */
export class SequentialModule extends Module {
  /** The layer at a position. */
  [index: number]: Layer;

  /** Layers in their order; or one OrderedDict or object of named ones. */
  constructor(...layers: readonly Module[] | [Iterable<Entry<Module>> | Record<string, Module>]) {
    super();
    const [first] = layers;
    const named = layers.length === 1 && !(first instanceof Module);
    const entries: Iterable<Entry<Module>> = named
      ? pairs(first as Record<string, Module>)
      : layers.map((layer, i): Entry<Module> => [String(i), layer as Module]);
    for (const [name, layer] of entries) this.addModule(name, layer);
  }

  override addModule(name: string, module: Module | null): void {
    if (Object.hasOwn(this, name) || !/^-?\d+$/.test(name)) super.addModule(name, module);
    else if (module instanceof Module) {
      // Not an assignment: the prototype's accessor for the position would take it.
      Object.defineProperty(this, name, { value: module, writable: true, enumerable: true, configurable: true });
    } else throw new TypeError(`${String(module)} is not a Module subclass`);
    definePositions(SequentialModule.prototype, this.length);
  }

  /** The number of layers. */
  override get length(): number {
    return namesOf(this).length;
  }

  /** The layers in their order. */
  *[Symbol.iterator](): Generator<Layer, void, unknown> {
    yield* layersOf(this);
  }

  /**
   * The layer at a position, negative ones counted from the end.
   *
   * @throws {RangeError} When there is none.
   */
  at(index: number): Layer {
    const layers = layersOf(this);
    return layers[wrapPosition(index, layers.length)];
  }

  /** Puts another layer at a position. @internal */
  replaceAt(index: number, layer: unknown): void {
    const names = namesOf(this);
    Object.assign(this, { [names[wrapPosition(index, names.length)]]: layer });
  }

  /** A Sequential of the layers from `start` to `stop`, under the same names. */
  slice(start?: number, stop?: number): SequentialModule {
    const all = Object.entries(this).filter((e): e is [string, Layer] => e[1] instanceof Module);
    return new SequentialModule(all.slice(start, stop));
  }

  /** Adds a layer at the end. */
  append(layer: Module): this {
    this.addModule(String(this.length), layer);
    return this;
  }

  /** Adds a layer before a position; the layers are numbered anew. */
  insert(index: number, layer: Module): this {
    const layers: Module[] = layersOf(this), n = layers.length;
    if (!(layer instanceof Module)) throw new TypeError(`module should be of type: ${Module.name}`);
    if (index < -n || index > n) throw new RangeError(`Index out of range: ${index}`);
    layers.splice(index < 0 ? index + n : index, 0, layer);
    rebuild(this, layers);
    return this;
  }

  /** Adds layers at the end. */
  extend(layers: Iterable<Module>): this {
    for (const layer of layers) this.append(layer);
    return this;
  }

  /** Removes the layer at a position and returns it. */
  pop(index: number): Layer {
    const layers = layersOf(this);
    const [layer] = layers.splice(wrapPosition(index, layers.length), 1);
    rebuild(this, layers);
    return layer;
  }

  /**
   * Calls the layers one after the other. With gradients off, what passes between layers of the library is freed as
   * soon as the next one has used it, unless a hook could have seen it.
   */
  override forward(x: Tensor): Tensor {
    const layers = layersOf(this);
    if (mode.enabled || registered.count > 0) {
      for (const layer of layers) x = layer(x);
      return x;
    }
    // Never free what the caller holds.
    let spared: Storage | null = x instanceof Tensor ? x.storage : null;
    for (const layer of layers) {
      const y = layer(x);
      const clear = transparent.has(layer.constructor) && x instanceof Tensor && y instanceof Tensor;
      if (!clear) spared = y instanceof Tensor ? y.storage : null;
      else if (x.storage !== y.storage) {
        if (x.storage !== spared) free(x.storage);
        spared = null;
      }
      x = y;
    }
    return x;
  }
}

function free(storage: Storage): void {
  if (!storage.held && !storage.kept && storage.savers === 0) storage.release();
}

/** How {@linkcode Sequential} is made, with the types of its layers at their positions and names. */
export interface SequentialConstructor {
  /** Named layers, of an OrderedDict. */
  new <const E extends readonly Entry<Module>[]>(
    layers: OrderedDict<E>,
  ): SequentialModule & Positions<Values<E>> & Named<E>;
  /** Layers in their order. */
  new <const L extends readonly Module[]>(...layers: L): SequentialModule & Positions<L>;
  /** Named layers, of an object. */
  new <O extends Record<string, Module>>(layers: O): SequentialModule & O;
  /** Layers of any kind: what a class that extends Sequential calls. */
  new (...layers: readonly Module[] | [Iterable<Entry<Module>> | Record<string, Module>]): SequentialModule;
  /** What all instances have. */
  readonly prototype: SequentialModule;
}

/**
 * Layers that are called one after the other, positional or named.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@raptorch/raptorch";
 * const net = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU(), new nn.Linear(3, 2));
 * console.assert(net(ones(1, 4)).size(1) === 2 && net[2].weight.size(0) === 2);
 * ```
 */
export const Sequential: SequentialConstructor = SequentialModule;
/** See the constructor of the same name. */
export type Sequential = SequentialModule;
// The class is called what users call it.
Object.defineProperty(SequentialModule, "name", { value: "Sequential" });
passesThrough(SequentialModule);
