/**
 * Copies of modules with everything below them, as Python's `copy.deepcopy` makes them.
 *
 * @module
 */
import { noGrad } from "../autograd/mode.ts";
import { Parameter, Tensor } from "../tensor.ts";

/** What has been copied already: shared objects stay shared. @internal */
export type Memo = Map<unknown, unknown>;

function copyTensor(x: Tensor): Tensor {
  if (!x.isLeaf) {
    throw new Error("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol");
  }
  const data = noGrad(() => x.detach().clone());
  data.storage.held = data.storage.kept = true;
  const copy = x instanceof Parameter ? new Parameter(data, x.requiresGrad) : data.requiresGrad_(x.requiresGrad);
  if (x.accumulated !== null) copy.grad = noGrad(() => x.accumulated!.detach().clone());
  return copy;
}

/**
 * A copy of tensors, and of arrays, maps, sets and plain objects with what is in them; all else is shared.
 *
 * @param other Copies what it knows, and returns `undefined` for what it does not. @internal
 */
export function copyValue(value: unknown, memo: Memo, other: (value: unknown) => unknown): unknown {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return value;
  if (memo.has(value)) return memo.get(value);
  const known = other(value);
  if (known !== undefined) return known;
  const nested = (item: unknown): unknown => copyValue(item, memo, other);
  if (value instanceof Tensor) {
    const copy = copyTensor(value);
    memo.set(value, copy);
    return copy;
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    memo.set(value, copy);
    for (const item of value) copy.push(nested(item));
    return copy;
  }
  if (value instanceof Map || value instanceof Set) {
    const copy = value instanceof Map
      ? new Map([...value].map(([key, item]) => [key, nested(item)]))
      : new Set([...value].map(nested));
    memo.set(value, copy);
    return copy;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = {};
  memo.set(value, copy);
  for (const [key, item] of Object.entries(value)) copy[key] = nested(item);
  return copy;
}
