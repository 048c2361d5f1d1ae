/**
 * Python's pickles, as far as they hold data: numbers, texts, lists, dictionaries, and what the caller builds from globals.
 *
 * Nothing is imported or called that the caller does not know: a pickle is data here, not a program.
 *
 * @module
 */

/** A name of a Python module, as in `torch.FloatStorage`. */
export class Global {
  /** The module and the name in it. */
  readonly path: string;

  /** For `collections.OrderedDict` and the like. */
  constructor(path: string) {
    this.path = path;
  }
}

/** A call, as pickles have it: the function and its arguments. */
export class Call {
  /** What is called. */
  readonly target: Global;
  /** Its arguments. */
  readonly args: readonly unknown[];

  /** For the writer only. */
  constructor(target: Global, args: readonly unknown[]) {
    this.target = target;
    this.args = args;
  }
}

/** A tuple, where a list would be another thing. */
export class Tuple {
  /** What is in it. */
  readonly items: readonly unknown[];

  /** A tuple of these. */
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** Something that is kept beside the pickle, and is named in it. */
export class Persistent {
  /** What names it. */
  readonly id: Tuple;

  /** For the writer only. */
  constructor(id: Tuple) {
    this.id = id;
  }
}

/** What makes something else out of a value before it is written; or gives it back. */
export type Reducer = (value: unknown, path: string) => unknown;

const MARK = Symbol("mark");

/** A pickle of protocol 2. */
export function dumps(value: unknown, reduce: Reducer): Uint8Array<ArrayBuffer> {
  const out: number[] = [0x80, 2];
  const code = (op: string): void => void out.push(op.charCodeAt(0));
  const little = (n: number, bytes: number): void => {
    for (let i = 0; i < bytes; i++) out.push(Math.floor(n / 256 ** i) & 255);
  };
  const text = (s: string): void => {
    const bytes = new TextEncoder().encode(s);
    code("X");
    little(bytes.length, 4);
    for (const b of bytes) out.push(b);
  };
  const integer = (n: bigint): void => {
    if (n >= -(2n ** 31n) && n < 2n ** 31n) {
      code("J");
      little(Number(BigInt.asUintN(32, n)), 4);
      return;
    }
    const bytes: number[] = [];
    for (let rest = n;; rest >>= 8n) {
      bytes.push(Number(BigInt.asUintN(8, rest)));
      // The last byte holds the sign.
      if (BigInt.asIntN(bytes.length * 8, n) === n) break;
    }
    out.push(0x8a, bytes.length, ...bytes);
  };
  const write = (given: unknown, path: string): void => {
    const v = reduce(given, path);
    if (v === null || v === undefined) code("N");
    else if (typeof v === "boolean") out.push(v ? 0x88 : 0x89);
    else if (typeof v === "bigint") integer(v);
    else if (typeof v === "number") {
      if (Number.isSafeInteger(v) && !Object.is(v, -0)) return integer(BigInt(v));
      code("G");
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setFloat64(0, v);
      for (let i = 0; i < 8; i++) out.push(bytes.getUint8(i));
    } else if (typeof v === "string") text(v);
    else if (v instanceof Global) {
      const dot = v.path.lastIndexOf(".");
      code("c");
      for (const c of `${v.path.slice(0, dot)}\n${v.path.slice(dot + 1)}\n`) code(c);
    } else if (v instanceof Call) {
      write(v.target, path);
      write(new Tuple(v.args), path);
      code("R");
    } else if (v instanceof Persistent) {
      write(v.id, path);
      code("Q");
    } else if (v instanceof Tuple) {
      code("(");
      v.items.forEach((item) => write(item, path));
      code("t");
    } else if (Array.isArray(v)) {
      code("]");
      code("(");
      v.forEach((item, i) => write(item, `${path}[${i}]`));
      code("e");
    } else if (v instanceof Map) {
      code("}");
      code("(");
      for (const [key, item] of v) {
        write(key, path);
        write(item, `${path}.${key}`);
      }
      code("u");
    } else throw new TypeError(`save: cannot save ${path.slice(1) || "a value"}: ${typeof v} is no data`);
  };
  write(value, "");
  code(".");
  return Uint8Array.from(out);
}

/** How the reader makes things: calls, and what is kept beside the pickle. */
export interface Builders {
  /** The result of a call of a global. */
  call(target: Global, args: readonly unknown[]): unknown;
  /** What a global is by itself. */
  global(target: Global): unknown;
  /** What the id names. */
  persistent(id: readonly unknown[]): unknown;
}

/**
 * The value in a pickle: dictionaries as maps, tuples as arrays, integers as numbers where those are exact.
 *
 * @throws {RangeError} When the pickle is damaged, or holds what is not data.
 */
export function loads(bytes: Uint8Array<ArrayBuffer>, build: Builders): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), memo = new Map<number, unknown>();
  const stack: unknown[] = [], decoder = new TextDecoder();
  let at = 0;
  const damaged = (why: string): Error => new RangeError(`load: the file's pickle is damaged: ${why} at byte ${at}`);
  const pop = (): unknown => {
    if (stack.length === 0) throw damaged("nothing on the stack");
    return stack.pop();
  };
  const top = (): unknown => stack.length > 0 ? stack[stack.length - 1] : pop();
  const marked = (): unknown[] => {
    const from = stack.lastIndexOf(MARK);
    if (from < 0) throw damaged("no mark on the stack");
    const items = stack.splice(from);
    items.shift();
    return items;
  };
  const take = (n: number): Uint8Array<ArrayBuffer> => {
    if (!(n >= 0 && at + n <= bytes.length)) throw damaged("it ends too early");
    at += n;
    return bytes.subarray(at - n, at);
  };
  const unsigned = (n: 1 | 2 | 4): number => {
    take(n);
    return n === 1 ? view.getUint8(at - 1) : n === 2 ? view.getUint16(at - 2, true) : view.getUint32(at - 4, true);
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    return decoder.decode(take(end - at + 1)).slice(0, -1);
  };
  const put = (into: unknown, items: readonly unknown[]): void => {
    if (!(into instanceof Map)) throw damaged("items for what is no dictionary");
    for (let i = 0; i + 1 < items.length; i += 2) into.set(items[i], items[i + 1]);
  };
  const push = (into: unknown, items: readonly unknown[]): void => {
    if (!Array.isArray(into)) throw damaged("items for what is no list");
    for (const item of items) into.push(item);
  };
  const array = (v: unknown): readonly unknown[] => {
    if (!Array.isArray(v)) throw damaged("no tuple where one belongs");
    return v;
  };
  const recall = (i: number): void => {
    if (!memo.has(i)) throw damaged(`nothing remembered as ${i}`);
    stack.push(memo.get(i));
  };
  const long = (n: number): void => {
    const digits = take(n);
    const value = BigInt.asIntN(n * 8, digits.reduceRight((sum, b) => sum * 256n + BigInt(b), 0n));
    stack.push(Number.isSafeInteger(Number(value)) ? Number(value) : value);
  };
  for (;;) {
    const op = unsigned(1);
    switch (op < 0x80 ? String.fromCharCode(op) : op) {
      case 0x80: // PROTO
        unsigned(1);
        break;
      case ".":
        return pop();
      case "(":
        stack.push(MARK);
        break;
      case "N":
        stack.push(null);
        break;
      case 0x88:
      case 0x89:
        stack.push(op === 0x88);
        break;
      case "K":
        stack.push(unsigned(1));
        break;
      case "M":
        stack.push(unsigned(2));
        break;
      case "J":
        stack.push(unsigned(4) | 0);
        break;
      case 0x8a: // LONG1
        long(unsigned(1));
        break;
      case "G":
        take(8);
        stack.push(view.getFloat64(at - 8));
        break;
      case "X":
        stack.push(decoder.decode(take(unsigned(4))));
        break;
      case "c": {
        const module = line();
        stack.push(build.global(new Global(`${module}.${line()}`)));
        break;
      }
      case "]":
      case ")":
        stack.push([]);
        break;
      case "}":
        stack.push(new Map());
        break;
      case "t":
        stack.push(marked());
        break;
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87: {
        const n = op - 0x84;
        if (stack.length < n) throw damaged("nothing on the stack");
        stack.push(stack.splice(stack.length - n));
        break;
      }
      case "a": {
        const item = pop();
        push(top(), [item]);
        break;
      }
      case "e": {
        const items = marked();
        push(top(), items);
        break;
      }
      case "s": {
        const item = pop(), key = pop();
        put(top(), [key, item]);
        break;
      }
      case "u": {
        const items = marked();
        put(top(), items);
        break;
      }
      case "R": {
        const args = array(pop()), target = pop();
        if (!(target instanceof Global)) throw damaged("a call of what is no function");
        stack.push(build.call(target, args));
        break;
      }
      case 0x81: { // NEWOBJ: an object of a class.
        const args = array(pop()), target = pop();
        if (!(target instanceof Global)) throw damaged("an object of what is no class");
        stack.push(build.call(target, args));
        break;
      }
      case "Q":
        stack.push(build.persistent(array(pop())));
        break;
      case "b": // BUILD: attributes of a dictionary, as `_metadata` of state dicts, are nothing that could be kept here.
        pop();
        if (!(top() instanceof Map)) throw damaged("attributes for what is no dictionary");
        break;
      case "q":
        memo.set(unsigned(1), top());
        break;
      case "r":
        memo.set(unsigned(4), top());
        break;
      case "h":
        recall(unsigned(1));
        break;
      case "j":
        recall(unsigned(4));
        break;
      default:
        throw damaged(`the unknown operation 0x${op.toString(16)}`);
    }
  }
}
