/**
 * Layers that are linear in their inputs.
 *
 * @module
 */
import { type Arguments, called, named, type Trailing } from "../arguments.ts";
import { checkOptions } from "../check.ts";
import { formatValue } from "../format.ts";
import { linear } from "../ops/matmul.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { kaimingUniform_, uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** Gives its input back, whatever it was constructed with. */
export class Identity extends Module {
  /** Takes anything and ignores it. */
  constructor(..._args: unknown[]) {
    super();
  }

  /** x. */
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Options of {@linkcode Linear}. */
export interface LinearOptions extends FactoryOptions {
  /** Whether the layer adds a bias. Default: true. */
  bias?: boolean;
}

/** The arguments of {@linkcode Linear}. */
export type LinearArguments = Arguments<
  [inFeatures: number, outFeatures: number],
  [bias: boolean],
  { inFeatures: number; outFeatures: number },
  LinearOptions
>;

/** A {@linkcode Linear} takes its input by name too. */
export interface Linear {
  /** x·Wᵀ + b. */
  (x: Tensor): Tensor;
  /** The same. */
  (named: { input: Tensor }): Tensor;
}

/**
 * y = x·Wᵀ + b over the last dimension.
 *
 * Shape: x `[…, inFeatures]`, y `[…, outFeatures]`; `weight` is `[outFeatures, inFeatures]`. Both are initialised
 * uniformly over ±1/√inFeatures.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@raptorch/raptorch";
 * const layer = new nn.Linear(20, 30);
 * console.assert(layer(ones(128, 20)).size(1) === 30);
 * ```
 */
export class Linear extends Module {
  /** Features of the input. */
  inFeatures: number;
  /** Features of the output. */
  readonly outFeatures: number;
  /** `[outFeatures, inFeatures]`. */
  weight: Parameter;
  /** `[outFeatures]`, or `null`. */
  bias: Parameter | null;

  /** A layer with random weights. */
  constructor(...args: LinearArguments) {
    super();
    const { inFeatures, outFeatures, ...options } = called<
      { inFeatures: number; outFeatures: number } & LinearOptions
    >("Linear", args, ["inFeatures", "outFeatures"], ["bias"], factoryOptions);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = parameter([outFeatures, inFeatures], options);
    this.bias = options.bias ?? true ? parameter([outFeatures], options) : null;
    this.resetParameters();
  }

  /** Draws the weights anew. */
  resetParameters(): void {
    kaimingUniform_(this.weight, Math.sqrt(5));
    if (this.bias === null) return;
    const bound = this.inFeatures > 0 ? 1 / Math.sqrt(this.inFeatures) : 0;
    uniform_(this.bias, -bound, bound);
  }

  /** x·Wᵀ + b. */
  override forward(input: { input: Tensor }): Tensor;
  /** The same. */
  override forward(x: Tensor): Tensor;
  override forward(x: Tensor | { input: Tensor }): Tensor {
    return linear("input" in x ? x.input : x, this.weight, this.bias);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${formatValue(this.bias !== null)}`;
  }
}

/** Options of {@linkcode Flatten}. */
export interface FlattenOptions {
  /** The first dimension to join. Default: 1. */
  startDim?: number;
  /** The last dimension to join. Default: -1. */
  endDim?: number;
}

/** Joins dimensions into one: by default all but the batch. */
export class Flatten extends Module {
  /** The first dimension to join. */
  readonly startDim: number;
  /** The last dimension to join. */
  readonly endDim: number;

  /** `new Flatten()`, `new Flatten(0)`, `new Flatten({ startDim: 2 })`. */
  constructor(...rest: Trailing<[startDim: number, endDim: number], FlattenOptions>) {
    super();
    const options = named<FlattenOptions>("Flatten", rest, ["startDim", "endDim"]);
    this.startDim = options.startDim ?? 1;
    this.endDim = options.endDim ?? -1;
  }

  /** x with the dimensions joined. */
  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** Cuts one dimension into several. */
export class Unflatten extends Module {
  /** The dimension. */
  readonly dim: number;
  /** What it is cut into. */
  readonly unflattenedSize: readonly number[];

  /** `new Unflatten(1, [2, 5])`. */
  constructor(dim: number, unflattenedSize: readonly number[], options?: Record<never, never>) {
    super();
    checkOptions("Unflatten", options, []);
    this.dim = dim;
    this.unflattenedSize = [...unflattenedSize];
  }

  /** x with the dimension cut up. */
  override forward(x: Tensor): Tensor {
    return x.unflatten(this.dim, this.unflattenedSize);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${formatValue(this.unflattenedSize)}`;
  }
}

passesThrough(Identity, Linear, Flatten, Unflatten);
