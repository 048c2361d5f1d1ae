/**
 * `save` and `load`: PyTorch's own files.
 *
 * A file is a ZIP archive (of the npm package zip.js, which Deno fetches with the first use) of a pickle and of the elements
 * of each tensor. What Raptorch writes, `torch.load` reads, also with
 * `weights_only=True`; what `torch.save` wrote of tensors, numbers, texts, lists and dictionaries, Raptorch reads.
 *
 * @module
 */
import { named } from "../arguments.ts";
import { isOptions } from "../check.ts";
import { Device, type DeviceLike, toDevice } from "../device.ts";
import { DType, dtypes } from "../dtype.ts";
import { over } from "../make.ts";
import { copyElements } from "../read.ts";
import { contiguousStrides, product, Size } from "../shape.ts";
import { wrapBuffer } from "../storage.ts";
import { Parameter, Tensor } from "../tensor.ts";
import { Call, dumps, Global, loads, Persistent, Tuple } from "./pickle.ts";
import { replaceFile } from "./replace_file.ts";
import { readZip, writeZip } from "./zip.ts";

/** The classes of storages that PyTorch names in its files. */
const storages: Record<string, string> = {
  float32: "torch.FloatStorage",
  float64: "torch.DoubleStorage",
  float16: "torch.HalfStorage",
  bfloat16: "torch.BFloat16Storage",
  int64: "torch.LongStorage",
  int32: "torch.IntStorage",
  uint8: "torch.ByteStorage",
  bool: "torch.BoolStorage",
};
const ordered = new Global("collections.OrderedDict");
const rebuildTensor = "torch._utils._rebuild_tensor_v2", rebuildParameter = "torch._utils._rebuild_parameter";

/**
 * Writes a value to a file that `torch.load` reads: tensors, numbers, texts, booleans, null, and arrays, objects and maps of
 * them, such as state dicts.
 *
 * Whole numbers become Python's `int`, others `float`. Keys of objects become texts, but for whole numbers whose value is no
 * tensor, which become `int`, as an optimizer's state has them; a `Map` keeps its keys. Tensors that are the same memory stay so.
 *
 * @param value What to write, for example `net.stateDict()`.
 * @param path Where to; needs `--allow-write`.
 * @throws {TypeError} For what is no data, such as a module or a function.
 *
 * @example
 * ```ts
 * import { load, nn, save } from "@raptorch/raptorch";
 * const net = new nn.Linear(2, 1), path = Deno.makeTempFileSync();
 * await save(net.stateDict(), path);
 * console.assert(String(net.loadStateDict(await load(path))) === "<All keys matched successfully>");
 * Deno.removeSync(path);
 * ```
 */
export async function save(value: unknown, path: string | URL): Promise<void> {
  const files = new Map<string, Uint8Array>(), keys = new Map<string, string>(), ids = new Map<object, number>();
  const plain = (x: Tensor): Call => {
    if (!ids.has(x.storage)) ids.set(x.storage, ids.size);
    const place = [ids.get(x.storage), x.offset, x.sizes, x.strides, x.dtype].join();
    let key = keys.get(place);
    if (key === undefined) {
      key = String(keys.size);
      keys.set(place, key);
      const elements = copyElements(x);
      files.set(`archive/data/${key}`, new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
    }
    const id = new Tuple(["storage", new Global(storages[x.dtype.name]), key, "cpu", x.count]);
    const strides = new Tuple(contiguousStrides(x.sizes)), hooks = new Call(ordered, []);
    const asks = x.requiresGrad && !x.isParameter;
    return new Call(new Global(rebuildTensor), [new Persistent(id), 0, new Tuple([...x.sizes]), strides, asks, hooks]);
  };
  const pickle = dumps(value, (v, at) => {
    if (v instanceof Tensor) {
      return v.isParameter
        ? new Call(new Global(rebuildParameter), [plain(v), v.requiresGrad, new Call(ordered, [])])
        : plain(v);
    }
    if (v instanceof Size) return new Call(new Global("torch.Size"), [new Tuple([...v])]);
    if (v instanceof DType) return new Global(String(v));
    if (v instanceof Device) return new Call(new Global("torch.device"), [String(v)]);
    if (v !== null && typeof v === "object" && isPlain(v)) return entriesOf(v);
    if (typeof v === "function") {
      throw new TypeError(`save: cannot save ${at.slice(1) || "a function or module"}: save its stateDict() instead`);
    }
    return v;
  });
  const text = (s: string) => new TextEncoder().encode(s);
  const bytes = await writeZip(
    new Map([
      ["archive/data.pkl", pickle],
      ["archive/byteorder", text("little")],
      ...files,
      ["archive/version", text("3\n")],
    ]),
  );
  await replaceFile(path, bytes);
}

function isPlain(v: object): boolean {
  return isOptions(v) && !(v instanceof Map);
}

function entriesOf(v: object): Map<unknown, unknown> {
  return new Map<unknown, unknown>(
    Object.entries(v).filter(([, item]) => item !== undefined).map(([key, item]) => [
      /^(0|[1-9]\d*)$/.test(key) && !(item instanceof Tensor) ? Number(key) : key,
      item,
    ]),
  );
}

/** Options of {@linkcode load}. */
export interface LoadOptions {
  /** The device of all tensors. Default: the CPU. */
  mapLocation?: DeviceLike | null;
  /** Taken for PyTorch's sake: Raptorch never runs what a file says. Default: true. */
  weightsOnly?: boolean;
}

/**
 * Reads what {@linkcode save} or `torch.save` wrote: dictionaries as objects, tuples as arrays, integers as numbers (bigints
 * beyond 2⁵³).
 *
 * The type of the result is what the caller says it is, as with `JSON.parse`; a state dict unless told otherwise.
 *
 * @param source The path, which needs `--allow-read`, or the bytes of the file.
 * @throws {RangeError} When the file is damaged, or is none of `torch.save`'s, or holds objects of Python classes.
 *
 * @example
 * ```ts
 * import { load, ones, save, type Tensor } from "@raptorch/raptorch";
 * const path = Deno.makeTempFileSync();
 * await save({ epoch: 3, weights: [ones(2)] }, path);
 * const { epoch, weights } = await load<{ epoch: number; weights: Tensor[] }>(path);
 * console.assert(epoch === 3 && String(weights[0]) === "tensor([1., 1.])");
 * Deno.removeSync(path);
 * ```
 */
export async function load<T = Record<string, Tensor>>(
  source: string | URL | Uint8Array<ArrayBuffer>,
  ...args: [options?: LoadOptions] | [mapLocation: DeviceLike | null, options?: LoadOptions]
): Promise<T> {
  const { mapLocation } = named<LoadOptions>("load", args, ["mapLocation"], ["weightsOnly"]);
  const files = await readZip(source instanceof Uint8Array ? source : await Deno.readFile(source));
  const name = [...files.keys()].find((key) => key.endsWith("/data.pkl"));
  const pickle = name === undefined ? undefined : files.get(name);
  if (name === undefined || pickle === undefined) {
    throw new RangeError("load: not a file of torch.save: it has no data.pkl");
  }
  const root = name.slice(0, -"data.pkl".length), stores = new Map<string, Tensor>();
  const order = files.get(`${root}byteorder`);
  if (order && new TextDecoder().decode(order) !== "little") {
    throw new RangeError("load: the file is not little-endian");
  }
  const storage = (id: readonly unknown[]): Tensor => {
    const [, kind, key] = id, dtype = kind instanceof DType ? kind : undefined, at = `${root}data/${String(key)}`;
    const known = stores.get(at), data = files.get(at);
    if (known) return known;
    if (id[0] !== "storage" || !dtype || !data) throw new RangeError(`load: the file has no storage ${String(key)}`);
    const count = Math.floor(data.length / dtype.itemsize), copy = data.slice();
    const flat = over(wrapBuffer(copy.buffer, 0, copy.length), [count], [1], 0, dtype);
    const placed = mapLocation === undefined || mapLocation === null ? flat : flat.to(mapLocation);
    stores.set(at, placed);
    return placed;
  };
  const value = loads(pickle, {
    persistent: storage,
    global: (target) => {
      const kind = Object.entries(storages).find(([, path]) => path === target.path)?.[0];
      const dtype = dtypes.find((d) => d.name === kind || String(d) === target.path);
      return dtype ?? target;
    },
    call: ({ path }, args) => {
      if (path === ordered.path) return new Map((args[0] ?? []) as [unknown, unknown][]);
      if (path === "torch.Size") return Size.from((args[0] ?? []) as number[]);
      if (path === "torch.device") return toDevice(args.map(String).join(":"));
      if (path === rebuildTensor) return rebuild(args);
      if (path === rebuildParameter && args[0] instanceof Tensor) return new Parameter(args[0], args[1] === true);
      throw new RangeError(
        `Weights only load failed. Unsupported global: GLOBAL ${path} was not an allowed global by default. ` +
          "Save a state dict, of tensors, numbers, texts, lists and dictionaries, instead.",
      );
    },
  });
  // What the file holds is the caller's to say, as with JSON.parse.
  return plainOf(value) as T;
}

function rebuild([flat, offset, size, stride, asks]: readonly unknown[]): Tensor {
  const sizes = integers(size), strides = integers(stride), start = integers([offset])[0];
  const last = sizes.reduce((sum, s, i) => sum + (s - 1) * strides[i], start);
  if (!(flat instanceof Tensor) || strides.length !== sizes.length || (product(sizes) > 0 && last >= flat.count)) {
    throw new RangeError("load: the file is damaged: a tensor lies outside of its storage");
  }
  const x = over(flat.storage, sizes, strides, start, flat.dtype);
  return asks === true ? x.requiresGrad_() : x;
}

function integers(v: unknown): number[] {
  if (Array.isArray(v) && v.every((n) => typeof n === "number" && Number.isInteger(n) && n >= 0)) return v;
  throw new RangeError("load: the file is damaged: sizes are no integers");
}

/** Maps as objects, at any depth. */
function plainOf(v: unknown): unknown {
  if (v instanceof Map) return Object.fromEntries(Array.from(v, ([key, item]) => [String(key), plainOf(item)]));
  return Array.isArray(v) && !(v instanceof Size) ? v.map(plainOf) : v;
}
