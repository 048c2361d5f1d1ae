/**
 * Pooling as layers.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { formatValue } from "../format.ts";
import type { IntOrTuple } from "../ops/conv_calls.ts";
import { adaptiveMaxPool, adaptiveSizes, avgPool, maxPool } from "../ops/pool.ts";
import * as calls from "../ops/pool_calls.ts";
import {
  type AdaptiveSize,
  type AvgPoolOptions,
  type KernelSize,
  type MaxPoolOptions,
  type MaxUnpoolOptions,
  poolGeometry,
} from "../ops/pool_calls.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

export type { KernelSize };

/** The arguments of the maximum pooling layers. */
export type MaxPoolLayerArguments = Arguments<
  [kernelSize: IntOrTuple],
  [stride: IntOrTuple | null, padding: IntOrTuple, dilation: IntOrTuple, returnIndices: boolean, ceilMode: boolean],
  KernelSize,
  MaxPoolOptions
>;

/** The arguments of the average pooling layers. */
export type AvgPoolLayerArguments = Arguments<
  [kernelSize: IntOrTuple],
  [
    stride: IntOrTuple | null,
    padding: IntOrTuple,
    ceilMode: boolean,
    countIncludePad: boolean,
    divisorOverride: number | null,
  ],
  KernelSize,
  AvgPoolOptions
>;

/** The arguments of the undoing layers. */
export type MaxUnpoolLayerArguments = Arguments<
  [kernelSize: IntOrTuple],
  [stride: IntOrTuple | null, padding: IntOrTuple],
  KernelSize,
  Omit<MaxUnpoolOptions, "outputSize">
>;

const listed = (value: IntOrTuple): string => formatValue(value);

/** What the maximum pooling layers have. */
export abstract class MaxPool extends Module {
  /** The window's size. */
  readonly kernelSize: IntOrTuple;
  /** Steps of the window. */
  readonly stride: IntOrTuple;
  /** Positions around the image, that never win. */
  readonly padding: IntOrTuple;
  /** Distance of the window's elements. */
  readonly dilation: IntOrTuple;
  /** Whether the layer gives `[y, indices]`. */
  readonly returnIndices: boolean;
  /** Whether a last window may reach over the end. */
  readonly ceilMode: boolean;
  /** The number of spatial dimensions. @internal */
  protected readonly n: number;

  /** For the layers. */
  constructor(n: number, args: MaxPoolLayerArguments) {
    super();
    const names = ["stride", "padding", "dilation", "returnIndices", "ceilMode"] as const;
    const o = called<KernelSize & MaxPoolOptions>(`MaxPool${n}d`, args, ["kernelSize"], names);
    this.kernelSize = o.kernelSize;
    this.stride = o.stride ?? o.kernelSize;
    this.padding = o.padding ?? 0;
    this.dilation = o.dilation ?? 1;
    this.returnIndices = o.returnIndices ?? false;
    this.ceilMode = o.ceilMode ?? false;
    this.n = n;
  }

  /** The largest element of each window. With `returnIndices` the result is `[y, indices]`. */
  override forward(x: Tensor): Tensor {
    const operation = `max_pool${this.n}d`;
    const g = poolGeometry(operation, this.n, this.kernelSize, this);
    const { y, indices } = maxPool(operation, x, g, this.ceilMode, this.returnIndices);
    // Callers that ask for indices know that they get a pair.
    return indices === null ? y : [y, indices] as unknown as Tensor;
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    return `kernel_size=${listed(kernelSize)}, stride=${listed(stride)}, padding=${listed(padding)}, dilation=${
      listed(dilation)
    }, ceil_mode=${formatValue(ceilMode)}`;
  }
}

/** What the average pooling layers have. */
export abstract class AvgPool extends Module {
  /** The window's size. */
  readonly kernelSize: IntOrTuple;
  /** Steps of the window. */
  readonly stride: IntOrTuple;
  /** Zeros around the image. */
  readonly padding: IntOrTuple;
  /** Whether a last window may reach over the end. */
  readonly ceilMode: boolean;
  /** Whether the padding counts in the mean. */
  readonly countIncludePad: boolean;
  /** Divides instead of the window's size. */
  readonly divisorOverride: number | null;
  /** The number of spatial dimensions. @internal */
  protected readonly n: number;

  /** For the layers. */
  constructor(n: number, args: AvgPoolLayerArguments) {
    super();
    const names = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"] as const;
    const o = called<KernelSize & AvgPoolOptions>(`AvgPool${n}d`, args, ["kernelSize"], names);
    this.kernelSize = o.kernelSize;
    this.stride = o.stride ?? o.kernelSize;
    this.padding = o.padding ?? 0;
    this.ceilMode = o.ceilMode ?? false;
    this.countIncludePad = o.countIncludePad ?? true;
    this.divisorOverride = o.divisorOverride ?? null;
    this.n = n;
  }

  /** The mean of each window. */
  override forward(x: Tensor): Tensor {
    const operation = `avg_pool${this.n}d`;
    const g = poolGeometry(operation, this.n, this.kernelSize, this);
    return avgPool(operation, x, g, this.ceilMode, this.countIncludePad, this.divisorOverride ?? 0);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    // PyTorch makes tuples of one dimension's numbers, here only.
    const text = (v: IntOrTuple): string => formatValue(this.n === 1 && typeof v === "number" ? [v] : v);
    return `kernel_size=${text(this.kernelSize)}, stride=${text(this.stride)}, padding=${text(this.padding)}`;
  }
}

/** What the adaptive pooling layers have. */
export abstract class AdaptivePool extends Module {
  /** The size of the result: `null` keeps a dimension. */
  readonly outputSize: AdaptiveSize;

  /** For the layers. */
  constructor(outputSize: AdaptiveSize) {
    super();
    this.outputSize = outputSize;
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `output_size=${formatValue(this.outputSize)}`;
  }
}

/** What the undoing layers have. */
export abstract class MaxUnpool extends Module {
  /** The window's size. */
  readonly kernelSize: Sizes;
  /** Steps of the window. */
  readonly stride: Sizes;
  /** The padding of the pooling that is undone. */
  readonly padding: Sizes;

  /** For the layers. */
  constructor(n: number, args: MaxUnpoolLayerArguments) {
    super();
    const name = `MaxUnpool${n}d`;
    const o = called<KernelSize & Omit<MaxUnpoolOptions, "outputSize">>(name, args, ["kernelSize"], [
      "stride",
      "padding",
    ]);
    const { kernel, stride, padding } = poolGeometry(name, n, o.kernelSize, o);
    this.kernelSize = kernel;
    this.stride = stride;
    this.padding = padding;
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `kernel_size=${formatValue(this.kernelSize)}, stride=${formatValue(this.stride)}, padding=${
      formatValue(this.padding)
    }`;
  }
}

/** The largest element of each window of `[…, length]`. */
export class MaxPool1d extends MaxPool {
  /** `new MaxPool1d(2)`, `new MaxPool1d(3, { stride: 2 })`. */
  constructor(...args: MaxPoolLayerArguments) {
    super(1, args);
  }
}

/** The mean of each window of `[…, length]`. */
export class AvgPool1d extends AvgPool {
  /** `new AvgPool1d(2)`, `new AvgPool1d(3, { stride: 2 })`. */
  constructor(...args: AvgPoolLayerArguments) {
    super(1, args);
  }
}

/** Undoes {@linkcode MaxPool1d} with its indices. */
export class MaxUnpool1d extends MaxUnpool {
  /** `new MaxUnpool1d(2)`. */
  constructor(...args: MaxUnpoolLayerArguments) {
    super(1, args);
  }

  /** Zeros with x's elements at `indices`. */
  override forward(x: Tensor, indices: Tensor, outputSize: Sizes | null = null): Tensor {
    const { kernelSize, stride, padding } = this;
    return calls.maxUnpool1d(x, indices, kernelSize, { stride, padding, outputSize });
  }
}

/** Maxima over windows of `[…, length]` chosen by the size of the result. */
export class AdaptiveMaxPool1d extends AdaptivePool {
  /** Whether the layer gives `[y, indices]`. */
  readonly returnIndices: boolean;

  /** `new AdaptiveMaxPool1d(5)`. */
  constructor(outputSize: AdaptiveSize, options: { returnIndices?: boolean } = {}) {
    super(outputSize);
    this.returnIndices = options.returnIndices ?? false;
  }

  /** The maxima. With `returnIndices` the result is `[y, indices]`. */
  override forward(x: Tensor): Tensor {
    const operation = "adaptive_max_pool1d", sizes = adaptiveSizes(operation, x, this.outputSize, 1);
    const { y, indices } = adaptiveMaxPool(operation, x, sizes, 1, this.returnIndices);
    // Callers that ask for indices know that they get a pair.
    return indices === null ? y : [y, indices] as unknown as Tensor;
  }
}

/** Means over windows of `[…, length]` chosen by the size of the result. */
export class AdaptiveAvgPool1d extends AdaptivePool {
  /** `new AdaptiveAvgPool1d(1)`. */
  constructor(outputSize: AdaptiveSize) {
    super(outputSize);
  }

  /** The means. */
  override forward(x: Tensor): Tensor {
    return calls.adaptiveAvgPool1d(x, this.outputSize);
  }
}

/** The largest element of each window of `[…, height, width]`. */
export class MaxPool2d extends MaxPool {
  /** `new MaxPool2d(2)`, `new MaxPool2d(3, { stride: 2 })`. */
  constructor(...args: MaxPoolLayerArguments) {
    super(2, args);
  }
}

/** The mean of each window of `[…, height, width]`. */
export class AvgPool2d extends AvgPool {
  /** `new AvgPool2d(2)`, `new AvgPool2d(3, { stride: 2 })`. */
  constructor(...args: AvgPoolLayerArguments) {
    super(2, args);
  }
}

/** Undoes {@linkcode MaxPool2d} with its indices. */
export class MaxUnpool2d extends MaxUnpool {
  /** `new MaxUnpool2d(2)`. */
  constructor(...args: MaxUnpoolLayerArguments) {
    super(2, args);
  }

  /** Zeros with x's elements at `indices`. */
  override forward(x: Tensor, indices: Tensor, outputSize: Sizes | null = null): Tensor {
    const { kernelSize, stride, padding } = this;
    return calls.maxUnpool2d(x, indices, kernelSize, { stride, padding, outputSize });
  }
}

/** Maxima over windows of `[…, height, width]` chosen by the size of the result. */
export class AdaptiveMaxPool2d extends AdaptivePool {
  /** Whether the layer gives `[y, indices]`. */
  readonly returnIndices: boolean;

  /** `new AdaptiveMaxPool2d(5)`. */
  constructor(outputSize: AdaptiveSize, options: { returnIndices?: boolean } = {}) {
    super(outputSize);
    this.returnIndices = options.returnIndices ?? false;
  }

  /** The maxima. With `returnIndices` the result is `[y, indices]`. */
  override forward(x: Tensor): Tensor {
    const operation = "adaptive_max_pool2d", sizes = adaptiveSizes(operation, x, this.outputSize, 2);
    const { y, indices } = adaptiveMaxPool(operation, x, sizes, 2, this.returnIndices);
    // Callers that ask for indices know that they get a pair.
    return indices === null ? y : [y, indices] as unknown as Tensor;
  }
}

/** Means over windows of `[…, height, width]` chosen by the size of the result. */
export class AdaptiveAvgPool2d extends AdaptivePool {
  /** `new AdaptiveAvgPool2d(1)`. */
  constructor(outputSize: AdaptiveSize) {
    super(outputSize);
  }

  /** The means. */
  override forward(x: Tensor): Tensor {
    return calls.adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** The largest element of each window of `[…, depth, height, width]`. */
export class MaxPool3d extends MaxPool {
  /** `new MaxPool3d(2)`, `new MaxPool3d(3, { stride: 2 })`. */
  constructor(...args: MaxPoolLayerArguments) {
    super(3, args);
  }
}

/** The mean of each window of `[…, depth, height, width]`. */
export class AvgPool3d extends AvgPool {
  /** `new AvgPool3d(2)`, `new AvgPool3d(3, { stride: 2 })`. */
  constructor(...args: AvgPoolLayerArguments) {
    super(3, args);
  }
}

/** Undoes {@linkcode MaxPool3d} with its indices. */
export class MaxUnpool3d extends MaxUnpool {
  /** `new MaxUnpool3d(2)`. */
  constructor(...args: MaxUnpoolLayerArguments) {
    super(3, args);
  }

  /** Zeros with x's elements at `indices`. */
  override forward(x: Tensor, indices: Tensor, outputSize: Sizes | null = null): Tensor {
    const { kernelSize, stride, padding } = this;
    return calls.maxUnpool3d(x, indices, kernelSize, { stride, padding, outputSize });
  }
}

/** Maxima over windows of `[…, depth, height, width]` chosen by the size of the result. */
export class AdaptiveMaxPool3d extends AdaptivePool {
  /** Whether the layer gives `[y, indices]`. */
  readonly returnIndices: boolean;

  /** `new AdaptiveMaxPool3d(5)`. */
  constructor(outputSize: AdaptiveSize, options: { returnIndices?: boolean } = {}) {
    super(outputSize);
    this.returnIndices = options.returnIndices ?? false;
  }

  /** The maxima. With `returnIndices` the result is `[y, indices]`. */
  override forward(x: Tensor): Tensor {
    const operation = "adaptive_max_pool3d", sizes = adaptiveSizes(operation, x, this.outputSize, 3);
    const { y, indices } = adaptiveMaxPool(operation, x, sizes, 3, this.returnIndices);
    // Callers that ask for indices know that they get a pair.
    return indices === null ? y : [y, indices] as unknown as Tensor;
  }
}

/** Means over windows of `[…, depth, height, width]` chosen by the size of the result. */
export class AdaptiveAvgPool3d extends AdaptivePool {
  /** `new AdaptiveAvgPool3d(1)`. */
  constructor(outputSize: AdaptiveSize) {
    super(outputSize);
  }

  /** The means. */
  override forward(x: Tensor): Tensor {
    return calls.adaptiveAvgPool3d(x, this.outputSize);
  }
}

passesThrough(MaxPool1d, MaxPool2d, MaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d, MaxUnpool1d, MaxUnpool2d, MaxUnpool3d);
passesThrough(AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d);
passesThrough(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d);
