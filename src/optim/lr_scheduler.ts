/**
 * Learning-rate schedulers, as `torch.optim.lr_scheduler`.
 *
 * @module
 */
export {
  LRScheduler,
  type Schedulable,
  type ScheduledGroup,
  type SchedulerOptions,
  type SchedulerStateDict,
  type SchedulerValues,
} from "./scheduler.ts";
export {
  ConstantLR,
  type ConstantLROptions,
  CosineAnnealingLR,
  type CosineAnnealingLROptions,
  CosineAnnealingWarmRestarts,
  type CosineAnnealingWarmRestartsOptions,
  ExponentialLR,
  type GammaOptions,
  LambdaLR,
  LinearLR,
  type LinearLROptions,
  type LrLambda,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  type PolynomialLROptions,
  StepLR,
} from "./schedulers.ts";
export {
  type ChainedOptions,
  ChainedScheduler,
  type Combinable,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  SequentialLR,
} from "./schedulers_combined.ts";
export { CyclicLR, type CyclicLROptions, OneCycleLR, type OneCycleLROptions } from "./schedulers_cyclic.ts";
