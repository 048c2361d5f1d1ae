/**
 * Layers that learn the number of their input features from the first input.
 *
 * @module
 */
import { type Arguments, called, named } from "../arguments.ts";
import type { IntOrTuple } from "../ops/conv_calls.ts";
import { empty } from "../make.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  batchNormNames,
  type BatchNormOptions,
  type BatchNormRest,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  type NormLayer,
} from "./batchnorm.ts";
import {
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvLayer,
  type ConvLayerOptions,
  type ConvLayerRest,
  convOptions,
  type ConvSizes,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeLayerOptions,
  type ConvTransposeLayerRest,
  convTransposeOptions,
} from "./conv.ts";
import { factoryOptions } from "./factory.ts";
import { Linear, type LinearOptions } from "./linear.ts";

/**
 * A class whose constructor takes anything. Published declarations call `super` with placeholders, which the tuple types of the
 * layers' own constructors refuse; the lazy layers' constructors keep those types.
 */
export type LooseClass<T> = new (...args: unknown[]) => T;

/** {@linkcode Linear} as {@linkcode LazyLinear} extends it. */
export const LinearBase: LooseClass<Linear> = Linear as unknown as LooseClass<Linear>;
/** {@linkcode Conv1d} as {@linkcode LazyConv1d} extends it. */
export const Conv1dBase: LooseClass<Conv1d> = Conv1d as unknown as LooseClass<Conv1d>;
/** {@linkcode ConvTranspose1d} as {@linkcode LazyConvTranspose1d} extends it. */
export const ConvTranspose1dBase: LooseClass<ConvTranspose1d> = ConvTranspose1d as unknown as LooseClass<
  ConvTranspose1d
>;
/** {@linkcode BatchNorm1d} as {@linkcode LazyBatchNorm1d} extends it. */
export const BatchNorm1dBase: LooseClass<BatchNorm1d> = BatchNorm1d as unknown as LooseClass<BatchNorm1d>;
/** {@linkcode Conv2d} as {@linkcode LazyConv2d} extends it. */
export const Conv2dBase: LooseClass<Conv2d> = Conv2d as unknown as LooseClass<Conv2d>;
/** {@linkcode ConvTranspose2d} as {@linkcode LazyConvTranspose2d} extends it. */
export const ConvTranspose2dBase: LooseClass<ConvTranspose2d> = ConvTranspose2d as unknown as LooseClass<
  ConvTranspose2d
>;
/** {@linkcode BatchNorm2d} as {@linkcode LazyBatchNorm2d} extends it. */
export const BatchNorm2dBase: LooseClass<BatchNorm2d> = BatchNorm2d as unknown as LooseClass<BatchNorm2d>;
/** {@linkcode Conv3d} as {@linkcode LazyConv3d} extends it. */
export const Conv3dBase: LooseClass<Conv3d> = Conv3d as unknown as LooseClass<Conv3d>;
/** {@linkcode ConvTranspose3d} as {@linkcode LazyConvTranspose3d} extends it. */
export const ConvTranspose3dBase: LooseClass<ConvTranspose3d> = ConvTranspose3d as unknown as LooseClass<
  ConvTranspose3d
>;
/** {@linkcode BatchNorm3d} as {@linkcode LazyBatchNorm3d} extends it. */
export const BatchNorm3dBase: LooseClass<BatchNorm3d> = BatchNorm3d as unknown as LooseClass<BatchNorm3d>;

/** {@linkcode InstanceNorm1d} as {@linkcode LazyInstanceNorm1d} extends it. */
export const InstanceNorm1dBase: LooseClass<InstanceNorm1d> = InstanceNorm1d as unknown as LooseClass<InstanceNorm1d>;
/** {@linkcode InstanceNorm2d} as {@linkcode LazyInstanceNorm2d} extends it. */
export const InstanceNorm2dBase: LooseClass<InstanceNorm2d> = InstanceNorm2d as unknown as LooseClass<InstanceNorm2d>;
/** {@linkcode InstanceNorm3d} as {@linkcode LazyInstanceNorm3d} extends it. */
export const InstanceNorm3dBase: LooseClass<InstanceNorm3d> = InstanceNorm3d as unknown as LooseClass<InstanceNorm3d>;

/** The required arguments of the lazy convolutions, by name. */
export type LazyConvSizes = Omit<ConvSizes, "inChannels">;

/** The arguments of the lazy convolutions: those of the convolutions without the channels of the input. */
export type LazyConvArguments = Arguments<
  [outChannels: number, kernelSize: IntOrTuple],
  ConvLayerRest,
  LazyConvSizes,
  ConvLayerOptions
>;

/** The arguments of the lazy transposed convolutions. */
export type LazyConvTransposeArguments = Arguments<
  [outChannels: number, kernelSize: IntOrTuple],
  ConvTransposeLayerRest,
  LazyConvSizes,
  ConvTransposeLayerOptions
>;

/** The arguments of {@linkcode LazyLinear}. */
export type LazyLinearArguments = Arguments<
  [outFeatures: number],
  [bias: boolean],
  { outFeatures: number },
  LinearOptions
>;

const lazySizes = ["outChannels", "kernelSize"] as const;

function lazyConv(name: string, args: LazyConvArguments): LazyConvSizes & ConvLayerOptions {
  return called<LazyConvSizes & ConvLayerOptions>(name, args, lazySizes, convOptions, factoryOptions);
}

function lazyConvTranspose(
  name: string,
  args: LazyConvTransposeArguments,
): LazyConvSizes & ConvTransposeLayerOptions {
  return called<LazyConvSizes & ConvTransposeLayerOptions>(
    name,
    args,
    lazySizes,
    convTransposeOptions,
    factoryOptions,
  );
}

/** Gives a tensor that stays the same object other sizes, contents undefined. */
function resize(x: Tensor | null, sizes: Sizes): void {
  if (x !== null) x.data = empty(sizes, x.dtype, x.device);
}

/** Makes a convolution one for `channels` channels, of the class that it stood in for. */
function settleConv(layer: ConvLayer, channels: number, prototype: object, transposed: boolean): void {
  layer.inChannels = channels;
  if (channels % layer.groups !== 0) throw new RangeError("in_channels must be divisible by groups");
  const { outChannels, groups, kernelSize } = layer;
  resize(
    layer.weight,
    transposed ? [channels, outChannels / groups, ...kernelSize] : [outChannels, channels / groups, ...kernelSize],
  );
  Object.setPrototypeOf(layer, prototype);
  layer.resetParameters();
}

/** The same for a normalisation. */
function settleNorm(layer: NormLayer, features: number, prototype: object): void {
  layer.numFeatures = features;
  for (const x of [layer.weight, layer.bias, layer.running_mean, layer.running_var]) resize(x, [features]);
  Object.setPrototypeOf(layer, prototype);
  layer.resetParameters();
}

/** A {@linkcode Linear} that learns its input's features from the first input, and is one from then on. */
export class LazyLinear extends LinearBase {
  /** `new LazyLinear(10)`. */
  constructor(...args: LazyLinearArguments) {
    const options = called<{ outFeatures: number } & LinearOptions>(
      "LazyLinear",
      args,
      ["outFeatures"],
      ["bias"],
      factoryOptions,
    );
    super({ inFeatures: 0, ...options });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(input: { input: Tensor }): Tensor;
  /** The same. */
  override forward(x: Tensor): Tensor;
  override forward(given: Tensor | { input: Tensor }): Tensor {
    const x = "input" in given ? given.input : given;
    this.inFeatures = x.size(-1);
    resize(this.weight, [this.outFeatures, this.inFeatures]);
    Object.setPrototypeOf(this, Linear.prototype);
    this.resetParameters();
    return this.forward(x);
  }
}

/** A {@linkcode Conv1d} that learns its input's channels from the first input, and is one from then on. */
export class LazyConv1d extends Conv1dBase {
  /** `new LazyConv1d(16, 3)`. */
  constructor(...args: LazyConvArguments) {
    super({ inChannels: 0, ...lazyConv("LazyConv1d", args) });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleConv(this, x.size(-2), Conv1d.prototype, false);
    return this.forward(x);
  }
}

/** A {@linkcode ConvTranspose1d} that learns its input's channels from the first input. */
export class LazyConvTranspose1d extends ConvTranspose1dBase {
  /** `new LazyConvTranspose1d(16, 3)`. */
  constructor(...args: LazyConvTransposeArguments) {
    super({ inChannels: 0, ...lazyConvTranspose("LazyConvTranspose1d", args) });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor, outputSize?: Sizes): Tensor {
    settleConv(this, x.size(-2), ConvTranspose1d.prototype, true);
    return this.forward(x, outputSize);
  }
}

/** A {@linkcode BatchNorm1d} that learns its input's channels from the first input. */
export class LazyBatchNorm1d extends BatchNorm1dBase {
  /** `new LazyBatchNorm1d()`. */
  constructor(...rest: BatchNormRest) {
    super(0, ...rest);
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleNorm(this, x.size(1), BatchNorm1d.prototype);
    return this.forward(x);
  }
}

/** A {@linkcode Conv2d} that learns its input's channels from the first input, and is one from then on. */
export class LazyConv2d extends Conv2dBase {
  /** `new LazyConv2d(16, 3)`. */
  constructor(...args: LazyConvArguments) {
    super({ inChannels: 0, ...lazyConv("LazyConv2d", args) });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleConv(this, x.size(-3), Conv2d.prototype, false);
    return this.forward(x);
  }
}

/** A {@linkcode ConvTranspose2d} that learns its input's channels from the first input. */
export class LazyConvTranspose2d extends ConvTranspose2dBase {
  /** `new LazyConvTranspose2d(16, 3)`. */
  constructor(...args: LazyConvTransposeArguments) {
    super({ inChannels: 0, ...lazyConvTranspose("LazyConvTranspose2d", args) });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor, outputSize?: Sizes): Tensor {
    settleConv(this, x.size(-3), ConvTranspose2d.prototype, true);
    return this.forward(x, outputSize);
  }
}

/** A {@linkcode BatchNorm2d} that learns its input's channels from the first input. */
export class LazyBatchNorm2d extends BatchNorm2dBase {
  /** `new LazyBatchNorm2d()`. */
  constructor(...rest: BatchNormRest) {
    super(0, ...rest);
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleNorm(this, x.size(1), BatchNorm2d.prototype);
    return this.forward(x);
  }
}

/** A {@linkcode Conv3d} that learns its input's channels from the first input, and is one from then on. */
export class LazyConv3d extends Conv3dBase {
  /** `new LazyConv3d(16, 3)`. */
  constructor(...args: LazyConvArguments) {
    super({ inChannels: 0, ...lazyConv("LazyConv3d", args) });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleConv(this, x.size(-4), Conv3d.prototype, false);
    return this.forward(x);
  }
}

/** A {@linkcode ConvTranspose3d} that learns its input's channels from the first input. */
export class LazyConvTranspose3d extends ConvTranspose3dBase {
  /** `new LazyConvTranspose3d(16, 3)`. */
  constructor(...args: LazyConvTransposeArguments) {
    super({ inChannels: 0, ...lazyConvTranspose("LazyConvTranspose3d", args) });
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor, outputSize?: Sizes): Tensor {
    settleConv(this, x.size(-4), ConvTranspose3d.prototype, true);
    return this.forward(x, outputSize);
  }
}

/** A {@linkcode BatchNorm3d} that learns its input's channels from the first input. */
export class LazyBatchNorm3d extends BatchNorm3dBase {
  /** `new LazyBatchNorm3d()`. */
  constructor(...rest: BatchNormRest) {
    super(0, ...rest);
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleNorm(this, x.size(1), BatchNorm3d.prototype);
    return this.forward(x);
  }
}

function instanceOptions(name: string, rest: BatchNormRest): BatchNormOptions {
  return {
    affine: true,
    trackRunningStats: true,
    ...named<BatchNormOptions>(name, rest, batchNormNames, ["bias", ...factoryOptions]),
  };
}

/** An {@linkcode InstanceNorm1d} that learns its input's channels from the first input; affine and tracking unless told not. */
export class LazyInstanceNorm1d extends InstanceNorm1dBase {
  /** `new LazyInstanceNorm1d()`. */
  constructor(...rest: BatchNormRest) {
    super(0, instanceOptions("LazyInstanceNorm1d", rest));
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleNorm(this, x.size(-2), InstanceNorm1d.prototype);
    return this.forward(x);
  }
}

/** An {@linkcode InstanceNorm2d} that learns its input's channels from the first input; affine and tracking unless told not. */
export class LazyInstanceNorm2d extends InstanceNorm2dBase {
  /** `new LazyInstanceNorm2d()`. */
  constructor(...rest: BatchNormRest) {
    super(0, instanceOptions("LazyInstanceNorm2d", rest));
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleNorm(this, x.size(-3), InstanceNorm2d.prototype);
    return this.forward(x);
  }
}

/** An {@linkcode InstanceNorm3d} that learns its input's channels from the first input; affine and tracking unless told not. */
export class LazyInstanceNorm3d extends InstanceNorm3dBase {
  /** `new LazyInstanceNorm3d()`. */
  constructor(...rest: BatchNormRest) {
    super(0, instanceOptions("LazyInstanceNorm3d", rest));
  }

  /** Draws the parameters anew. */
  override resetParameters(): void {}

  /** See the class. */
  override forward(x: Tensor): Tensor {
    settleNorm(this, x.size(-4), InstanceNorm3d.prototype);
    return this.forward(x);
  }
}
