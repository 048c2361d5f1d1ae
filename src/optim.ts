/**
 * Optimizers, as `torch.optim`.
 *
 * @module
 */
export type { GroupExtras, GroupInput, ParamGroup, ParamList, Params } from "./optim/group.ts";
export {
  type Closure,
  type LrOptions,
  Optimizer,
  type OptimizerHook,
  type OptimizerStateDict,
} from "./optim/optimizer.ts";
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
export {
  Adafactor,
  type AdafactorOptions,
  type AdafactorState,
  Muon,
  type MuonOptions,
  type MuonState,
} from "./optim/adafactor.ts";
export {
  Adamax,
  type AdamaxOptions,
  type AdamaxState,
  NAdam,
  type NAdamOptions,
  type NAdamState,
  RAdam,
  type RAdamOptions,
  type RAdamState,
} from "./optim/adamax.ts";
export { ASGD, type ASGDOptions, type ASGDState, Rprop, type RpropOptions, type RpropState } from "./optim/asgd.ts";
export { LBFGS, type LBFGSOptions, type LBFGSState } from "./optim/lbfgs.ts";
export { SparseAdam, type SparseAdamOptions, type SparseAdamState } from "./optim/sparse_adam.ts";
export * as lrScheduler from "./optim/lr_scheduler.ts";
export * as swaUtils from "./optim/swa_utils.ts";
