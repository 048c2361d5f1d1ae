/**
 * Fractional maximum pooling as layers.
 *
 * @module
 */
import { called } from "../arguments.ts";
import { tuple } from "../check.ts";
import { formatValue } from "../format.ts";
import {
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  type FractionalMaxPoolArguments,
  type FractionalMaxPoolOptions,
} from "../ops/fractional_pool.ts";
import type { KernelSize } from "../ops/pool_calls.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** What the fractional pooling layers have. */
export abstract class FractionalMaxPool extends Module {
  /** The windows' size. */
  readonly kernelSize: Sizes;
  /** The size of the result, or null. */
  readonly outputSize: Sizes | null;
  /** The size of the result as a share of the input's, or null. */
  readonly outputRatio: Sizes | null;
  /** Whether the layer gives `[y, indices]`. */
  readonly returnIndices: boolean;
  /** What shifts the windows each time; null: drawn anew. */
  _randomSamples: Tensor | null;

  /** For the layers. */
  constructor(n: number, args: FractionalMaxPoolArguments) {
    super();
    const names = ["outputSize", "outputRatio", "returnIndices", "_randomSamples"] as const, layer = new.target.name;
    const o = called<KernelSize & FractionalMaxPoolOptions>(layer, args, ["kernelSize"], names);
    const size = o.outputSize ?? null, ratio = o.outputRatio ?? null;
    if (size === null && ratio === null) {
      throw new TypeError(`${layer} requires specifying either an output size, or a pooling ratio`);
    }
    if (size !== null && ratio !== null) {
      throw new TypeError("only one of output_size and output_ratio may be specified");
    }
    const ratios = ratio === null ? null : typeof ratio === "number" ? new Array<number>(n).fill(ratio) : ratio;
    if (ratios !== null && !(ratios.length === n && ratios.every((r) => r > 0 && r < 1))) {
      throw new RangeError(`output_ratio must be between 0 and 1 (got ${formatValue(ratio)})`);
    }
    this.kernelSize = tuple(layer, "kernel_size", o.kernelSize, n);
    this.outputSize = size === null ? null : tuple(layer, "output_size", size, n);
    this.outputRatio = ratios;
    this.returnIndices = o.returnIndices ?? false;
    this._randomSamples = o._randomSamples ?? null;
  }
}

/**
 * The largest element of each of windows that are spread over `[batch, channels, height, width]` at random.
 *
 * ```ts
 * import { nn, randn } from "@raptorch/raptorch";
 * const halve = new nn.FractionalMaxPool2d(3, { outputRatio: 0.5 });
 * console.assert(String(halve(randn(1, 2, 8, 10)).shape) === "torch.Size([1, 2, 4, 5])");
 * ```
 */
export class FractionalMaxPool2d extends FractionalMaxPool {
  /** A layer of windows `kernelSize`, and of an `outputSize` or an `outputRatio`. */
  constructor(...args: FractionalMaxPoolArguments) {
    super(2, args);
  }

  /** The largest element of each window. With `returnIndices` the result is `[y, indices]`. */
  override forward(x: Tensor): Tensor {
    const { kernelSize, outputSize, outputRatio, returnIndices, _randomSamples } = this;
    return fractionalMaxPool2d(x, kernelSize, outputSize, outputRatio, returnIndices, _randomSamples);
  }
}

/** {@linkcode FractionalMaxPool2d} of `[batch, channels, depth, height, width]`. */
export class FractionalMaxPool3d extends FractionalMaxPool {
  /** A layer of windows `kernelSize`, and of an `outputSize` or an `outputRatio`. */
  constructor(...args: FractionalMaxPoolArguments) {
    super(3, args);
  }

  /** The largest element of each window. With `returnIndices` the result is `[y, indices]`. */
  override forward(x: Tensor): Tensor {
    const { kernelSize, outputSize, outputRatio, returnIndices, _randomSamples } = this;
    return fractionalMaxPool3d(x, kernelSize, outputSize, outputRatio, returnIndices, _randomSamples);
  }
}

passesThrough(FractionalMaxPool2d, FractionalMaxPool3d);
