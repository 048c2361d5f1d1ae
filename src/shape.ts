/**
 * Pure shape arithmetic: sizes, strides, broadcasting, views. Nothing here touches memory.
 *
 * @module
 */

/** Sizes or strides, one number per dimension. */
export type Sizes = readonly number[];

/**
 * A tensor's shape: an array of sizes that prints as `torch.Size([2, 3])`.
 *
 * @example
 * ```ts
 * import { Size } from "@raptorch/raptorch";
 * console.assert(String(Size.from([2, 3])) === "torch.Size([2, 3])");
 * ```
 */
export class Size extends Array<number> {
  /** The product of all sizes. */
  numel(): number {
    return product(this);
  }

  /** Whether two shapes are the same. */
  equals(other: Sizes): boolean {
    return sameSizes(this, other);
  }

  /** `torch.Size([2, 3])`. */
  override toString(): string {
    return `torch.Size(${formatSizes(this)})`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** `[2, 3]`, as Python prints a list. */
export function formatSizes(sizes: Sizes): string {
  return `[${sizes.join(", ")}]`;
}

/** The product of the sizes: the number of elements. */
export function product(sizes: Sizes): number {
  let n = 1;
  for (let i = 0; i < sizes.length; i++) n *= sizes[i];
  return n;
}

/** Whether two shapes are the same. */
export function sameSizes(a: Sizes, b: Sizes): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

// A few shapes come back in every step; their strides are made once.
const stridesCache = new Map<number, Sizes>();
const noStrides: Sizes = [];

/** The strides of a contiguous (row-major) tensor. The result is shared: do not change it. */
export function contiguousStrides(sizes: Sizes): Sizes {
  const n = sizes.length;
  if (n === 0) return noStrides;
  if (n === 1) return oneStride;
  if (n === 2) {
    const columns = Math.max(sizes[1], 1);
    let found = stridesCache.get(columns);
    if (!found) {
      if (stridesCache.size > 4096) stridesCache.clear();
      stridesCache.set(columns, found = [columns, 1]);
    }
    return found;
  }
  const strides = new Array<number>(n);
  let stride = 1;
  for (let i = n - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= Math.max(sizes[i], 1);
  }
  return strides;
}
const oneStride: Sizes = [1];

/** Whether elements lie in row-major order without gaps; a dimension of size 1 may have any stride. */
export function isContiguous(sizes: Sizes, strides: Sizes): boolean {
  let expected = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    if (sizes[i] === 0) return true;
    if (sizes[i] !== 1) {
      if (strides[i] !== expected) return false;
      expected *= sizes[i];
    }
  }
  return true;
}

/**
 * A dimension counted from the front: -1 is the last one. A 0-d tensor accepts 0 and -1, as in PyTorch.
 *
 * @throws {RangeError} With PyTorch's words when out of range.
 */
export function wrapDim(dim: number, ndim: number): number {
  const n = Math.max(ndim, 1);
  if (!(Number.isInteger(dim) && dim >= -n && dim < n)) {
    throw new RangeError(`Dimension out of range (expected to be in range of [${-n}, ${n - 1}], but got ${dim})`);
  }
  return dim < 0 ? dim + n : dim;
}

/**
 * The dimensions that `dims` names, counted from the front and sorted; all of them for `null`.
 *
 * @throws {RangeError} When one is out of range or appears twice.
 */
export function wrapDims(dims: number | Sizes | null | undefined, ndim: number): number[] {
  if (dims === null || dims === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const list = (typeof dims === "number" ? [dims] : [...dims]).map((d) => wrapDim(d, ndim)).sort((a, b) => a - b);
  for (let i = 1; i < list.length; i++) {
    if (list[i] === list[i - 1]) throw new RangeError(`dim ${list[i]} appears multiple times in the list of dims`);
  }
  return ndim === 0 ? [] : list;
}

/**
 * The shape that `a` and `b` broadcast to.
 *
 * @throws {RangeError} With PyTorch's words when they do not.
 */
export function broadcastSizes(a: Sizes, b: Sizes, operation = ""): Sizes {
  if (sameSizes(a, b)) return a;
  const n = Math.max(a.length, b.length);
  const out = new Array<number>(n);
  for (let i = n - 1; i >= 0; i--) {
    const x = i - (n - a.length) >= 0 ? a[i - (n - a.length)] : 1;
    const y = i - (n - b.length) >= 0 ? b[i - (n - b.length)] : 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `The size of tensor a (${x}) must match the size of tensor b (${y}) at non-singleton dimension ${i}` +
          ` (${operation ? operation + ": " : ""}shapes ${formatSizes(a)} and ${formatSizes(b)})`,
      );
    }
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/** The strides that show a tensor as the larger shape `target`: 0 where it repeats. */
export function expandStrides(sizes: Sizes, strides: Sizes, target: Sizes): number[] {
  const lead = target.length - sizes.length;
  return target.map((_, i) => i < lead || (sizes[i - lead] === 1 && target[i] !== 1) ? 0 : strides[i - lead]);
}

/**
 * The strides of a view with new sizes on the same elements, or `null` when only a copy can have them.
 * (A run of old dimensions that is contiguous in itself may be cut up anew.)
 */
export function viewStrides(sizes: Sizes, strides: Sizes, target: Sizes): Sizes | null {
  if (product(sizes) === 0) return sameSizes(sizes, target) ? strides : contiguousStrides(target);
  if (sizes.length === 0) return target.map(() => 1);
  const out = new Array<number>(target.length);
  let t = target.length - 1;
  let base = strides[sizes.length - 1], run = 1;
  let viewed = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    run *= sizes[i];
    if (i === 0 || (sizes[i - 1] !== 1 && strides[i - 1] !== run * base)) {
      while (t >= 0 && (viewed < run || target[t] === 1)) {
        out[t] = viewed * base;
        viewed *= target[t];
        t--;
      }
      if (viewed !== run) return null;
      if (i > 0) {
        base = strides[i - 1];
        run = 1;
        viewed = 1;
      }
    }
  }
  return t === -1 ? out : null;
}

/**
 * Sizes with a -1 replaced by what is left of `count` elements.
 *
 * @throws {RangeError} With PyTorch's words when the element counts do not match.
 */
export function inferSizes(sizes: Sizes, count: number, source: Sizes): Sizes {
  let unknown = -1, known = 1;
  for (let i = 0; i < sizes.length; i++) {
    if (sizes[i] === -1) {
      if (unknown >= 0) throw new RangeError("only one dimension can be inferred");
      unknown = i;
    } else if (sizes[i] < 0 || !Number.isInteger(sizes[i])) {
      throw new RangeError(`invalid shape dimension ${sizes[i]} at index ${i} of shape ${formatSizes(sizes)}`);
    } else known *= sizes[i];
  }
  if (unknown < 0 && known === count) return sizes;
  if (unknown < 0 || (known === 0 ? count !== 0 : count % known !== 0)) {
    throw new RangeError(
      `shape '${formatSizes(sizes)}' is invalid for input of size ${count} (a tensor of shape ${formatSizes(source)})`,
    );
  }
  if (known === 0) {
    throw new RangeError(
      `cannot reshape tensor of 0 elements into shape ${
        formatSizes(sizes)
      } because the unspecified dimension size -1 ` +
        "can be any value and is ambiguous",
    );
  }
  const out = [...sizes];
  out[unknown] = count / known;
  return out;
}

/** Sizes given as numbers or as one array: `zeros(2, 3)` and `zeros([2, 3])`. */
export function sizesFrom(args: readonly (number | Sizes)[]): Sizes {
  const sizes = args.length === 1 && typeof args[0] !== "number" ? args[0] : args as Sizes;
  return [...sizes];
}
