/**
 * Membership.
 *
 * @module
 */
import { tensor } from "../create.ts";
import { bool } from "../dtype.ts";
import { empty } from "../make.ts";
import type { Tensor } from "../tensor.ts";
import { eq, logicalNot } from "./compare.ts";
import { castTo, checkDevices, isTensor, type Operand, resultType } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { indexSelect } from "./gather.ts";
import { reshape } from "./movement.ts";
import { searchsorted, sort } from "./sort.ts";

/** Where an element is one of `test` (or, inverted, is not): by its place in the sorted list. */
export function isin(elements: Operand, test: Operand, invert = false): Tensor {
  const dtype = resultType(elements, test);
  const device = isTensor(elements) ? elements.device : isTensor(test) ? test.device : undefined;
  const made = (v: Operand) => castTo(isTensor(v) ? v.detached() : tensor(v, { device }), dtype);
  const x = made(elements), list = reshape(made(test), [-1]);
  checkDevices("isin", x, list);
  if (list.count === 0 || x.count === 0) {
    const none = empty(x.sizes, bool, x.device);
    fill_(none, invert);
    return none;
  }
  const { values } = sort(list), flat = reshape(x, [-1]);
  const at = searchsorted(values, flat).clamp({ max: list.count - 1 });
  const found = reshape(eq(indexSelect(values, 0, at), flat), x.sizes);
  return invert ? logicalNot(found) : found;
}
