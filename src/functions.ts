/**
 * Operations as functions, `torch.add(a, b)` and the like: what `mod.ts` exports of `ops/`.
 *
 * A family whose operations take more than tensors and numbers has its own file in `functions/`, where the options object is
 * taken apart; the rest is exported as it is.
 *
 * @module
 */
export { relu, sigmoid, tanh } from "./ops/activation.ts";
export {
  eq,
  ge,
  gt,
  isfinite,
  isinf,
  isnan,
  le,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  ne,
} from "./ops/compare.ts";
export { mul, neg } from "./ops/arithmetic.ts";
export { bmm, dot, matmul, mm, mv } from "./ops/matmul.ts";
export {
  flatten,
  narrow,
  permute,
  reshape,
  select,
  squeeze,
  t,
  transpose,
  unflatten,
  unsqueeze,
} from "./ops/movement.ts";
export { add, addmm, amax, amin, argmax, argmin, div, mean, sub, sum } from "./functions/basic.ts";
export * from "./functions/indexing.ts";
export { gather, indexAdd, indexSelect, scatter, scatterAdd } from "./ops/gather.ts";
export { type Index, maskedSelect, nonzero, type Slice, slice } from "./ops/index.ts";
export { chunk, repeat, split, splitWithSizes, tensorSplit, unbind } from "./ops/join.ts";
export { bincount, type ValuesIndices } from "./ops/sort.ts";
