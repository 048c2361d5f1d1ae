/**
 * Gives the backward engine the few operations that it needs.
 *
 * @module
 */
import { unary } from "../../ffi/symbols.ts";
import { provideEngineOps } from "./engine.ts";
import { empty } from "../make.ts";
import { add, add_ } from "../ops/arithmetic.ts";
import { to } from "../ops/cast.ts";
import { runUnary } from "../ops/elementwise.ts";
import { fill_ } from "../ops/fill.ts";
import { sumTo } from "../ops/reduce.ts";
import { clone } from "../ops/strided.ts";
import { bool } from "../dtype.ts";
import { readElements } from "../read.ts";
import { mode } from "./mode.ts";

provideEngineOps({
  add: (a, b) => add(a, b),
  addInPlace: (a, b) => {
    const before = mode.enabled;
    mode.enabled = false;
    add_(a, b);
    mode.enabled = before;
  },
  clone,
  sumTo,
  cast: (x, dtype) => to(x, dtype),
  onesLike: (x) => {
    const one = empty(x.sizes, x.dtype, x.device);
    fill_(one, 1);
    return one;
  },
  hasNaN: (x) => {
    const found = runUnary("isnan", unary.isnan, x.detached(), x.dtype, bool);
    return found.count > 0 &&
      readElements(found, found.sizes.map((s) => Array.from({ length: s }, (_, i) => i))).includes(true);
  },
});
