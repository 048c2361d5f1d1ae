/**
 * What layers compute, as functions: `nn.functional`, also exported as `F`.
 *
 * @module
 */
export { relu, sigmoid, tanh } from "../ops/activation.ts";
export { linear } from "../ops/matmul.ts";
