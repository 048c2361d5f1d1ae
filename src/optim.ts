/**
 * Optimizers, as `torch.optim`.
 *
 * @module
 */
export type { GroupExtras, GroupInput, ParamGroup, ParamList, Params } from "./optim/group.ts";
export { type Closure, Optimizer, type OptimizerHook, type OptimizerStateDict } from "./optim/optimizer.ts";
export {
  Adadelta,
  type AdadeltaOptions,
  type AdadeltaState,
  Adagrad,
  type AdagradOptions,
  type AdagradState,
} from "./optim/adagrad.ts";
export { Adam, type AdamOptions, type AdamState, AdamW, type AdamWOptions } from "./optim/adam.ts";
export { RMSprop, type RMSpropOptions, type RMSpropState } from "./optim/rmsprop.ts";
export { SGD, type SGDOptions, type SGDState } from "./optim/sgd.ts";
