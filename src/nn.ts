/**
 * Networks: modules, layers, losses, initialisers.
 *
 * @module
 */
export * as functional from "./nn/functional.ts";
export * as init from "./nn/init.ts";
export * as utils from "./nn/utils.ts";
export { Parameter } from "./tensor.ts";
export { type Layer, Module, type NamedOptions, type StateDictOptions } from "./nn/module.ts";
export { type IncompatibleKeys, type LoadStateDictOptions, type StateDict } from "./nn/state.ts";
export { Sequential, type SequentialConstructor, SequentialModule } from "./nn/sequential.ts";
export { ModuleDict, type ModuleDictConstructor, ModuleDictionary, ModuleList } from "./nn/module_list.ts";
export { ParameterDict, ParameterList } from "./nn/parameter_list.ts";
export * from "./nn/linear.ts";
export * from "./nn/activation.ts";
export * from "./nn/batchnorm.ts";
export * from "./nn/conv.ts";
export * from "./nn/dropout.ts";
export * from "./nn/loss.ts";
export * from "./nn/fractional_pool.ts";
export * from "./nn/pooling.ts";
export * from "./nn/activations.ts";
export * from "./nn/embedding.ts";
export * from "./nn/normalization.ts";
export * from "./nn/rnn.ts";
export { PackedSequence } from "./nn/packed_sequence.ts";
export * from "./nn/attention.ts";
export * from "./nn/transformer.ts";
export * from "./nn/margin_loss.ts";
export * from "./nn/ctc_loss.ts";
export * from "./nn/linear_cross_entropy.ts";
export * from "./nn/padding.ts";
export * from "./nn/vision.ts";
export * from "./nn/lazy.ts";
export * from "./nn/lp_pool.ts";
