/**
 * Convolutions as layers.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { tuple } from "../check.ts";
import { formatTuple } from "../format.ts";
import { type ConvGeometry, convolution, convolutionTransposed } from "../ops/conv.ts";
import { type ConvPadding, type IntOrTuple, outputPaddingFor, resolvePadding } from "../ops/conv_calls.ts";
import { pad, type PadMode } from "../ops/pad.ts";
import { product, type Sizes } from "../shape.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { kaimingUniform_, uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** What is put around the image. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** Options of the convolution layers. */
export interface ConvLayerOptions extends FactoryOptions {
  /** Steps of the kernel. Default: 1. */
  stride?: IntOrTuple;
  /** Padding around the image. Default: 0. */
  padding?: ConvPadding;
  /** Distance of the kernel's elements. Default: 1. */
  dilation?: IntOrTuple;
  /** Groups of channels that do not see each other. Default: 1. */
  groups?: number;
  /** Whether the layer adds a bias. Default: true. */
  bias?: boolean;
  /** What is put around the image. Default: `"zeros"`. */
  paddingMode?: PaddingMode;
}

/** Options of the transposed convolution layers. */
export interface ConvTransposeLayerOptions extends Omit<ConvLayerOptions, "padding"> {
  /** Padding of the convolution of which this is the adjoint. Default: 0. */
  padding?: IntOrTuple;
  /** Added to the output's size on one side. Default: 0. */
  outputPadding?: IntOrTuple;
}

/** The required arguments of the convolution layers, by name. */
export interface ConvSizes {
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  outChannels: number;
  /** The kernel's size. */
  kernelSize: IntOrTuple;
}

/** The positional arguments after the kernel size. */
export type ConvLayerRest = [
  stride: IntOrTuple,
  padding: ConvPadding,
  dilation: IntOrTuple,
  groups: number,
  bias: boolean,
  paddingMode: PaddingMode,
];

/** The positional arguments after the kernel size. */
export type ConvTransposeLayerRest = [
  stride: IntOrTuple,
  padding: IntOrTuple,
  outputPadding: IntOrTuple,
  groups: number,
  bias: boolean,
  dilation: IntOrTuple,
  paddingMode: PaddingMode,
];

/** The arguments of the convolution layers. */
export type ConvLayerArguments = Arguments<
  [inChannels: number, outChannels: number, kernelSize: IntOrTuple],
  ConvLayerRest,
  ConvSizes,
  ConvLayerOptions
>;
/** The arguments of the transposed convolution layers. */
export type ConvTransposeLayerArguments = Arguments<
  [inChannels: number, outChannels: number, kernelSize: IntOrTuple],
  ConvTransposeLayerRest,
  ConvSizes,
  ConvTransposeLayerOptions
>;

/** The names of the required arguments. @internal */
export const convSizes = ["inChannels", "outChannels", "kernelSize"] as const;
/** The names of the optional arguments of the convolution layers, in their order. @internal */
export const convOptions = ["stride", "padding", "dilation", "groups", "bias", "paddingMode"] as const;
/** The names of the optional arguments of the transposed convolution layers, in their order. @internal */
export const convTransposeOptions = [
  "stride",
  "padding",
  "outputPadding",
  "groups",
  "bias",
  "dilation",
  "paddingMode",
] as const;

/** What all convolution layers have. */
export abstract class ConvLayer extends Module {
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** The kernel's size. */
  readonly kernelSize: Sizes;
  /** Steps of the kernel. */
  readonly stride: Sizes;
  /** Padding around the image. */
  readonly padding: Sizes | "same" | "valid";
  /** Distance of the kernel's elements. */
  readonly dilation: Sizes;
  /** Added to the output's size: transposed convolutions alone. */
  readonly outputPadding: Sizes;
  /** Groups of channels that do not see each other. */
  readonly groups: number;
  /** What is put around the image. */
  readonly paddingMode: PaddingMode;
  /** `[outChannels, inChannels / groups, …kernelSize]`; transposed: the first two the other way round. */
  weight: Parameter;
  /** `[outChannels]`, or `null`. */
  bias: Parameter | null;
  /** The name, for messages. @internal */
  protected readonly operation: string;

  /** For the layers. */
  constructor(
    operation: string,
    n: number,
    transposed: boolean,
    o: ConvSizes & ConvLayerOptions & { outputPadding?: IntOrTuple },
  ) {
    super();
    const { inChannels, outChannels, kernelSize, groups = 1 } = o;
    if (!(groups > 0)) throw new RangeError("groups must be a positive integer");
    if (inChannels % groups !== 0) throw new RangeError("in_channels must be divisible by groups");
    if (outChannels % groups !== 0) throw new RangeError("out_channels must be divisible by groups");
    const { padding = 0, paddingMode = "zeros" } = o;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = tuple(operation, "kernel_size", kernelSize, n);
    this.stride = tuple(operation, "stride", o.stride ?? 1, n);
    this.padding = typeof padding === "string" ? padding : tuple(operation, "padding", padding, n);
    this.dilation = tuple(operation, "dilation", o.dilation ?? 1, n);
    this.outputPadding = tuple(operation, "output_padding", o.outputPadding ?? 0, n);
    this.groups = groups;
    this.paddingMode = paddingMode;
    this.operation = operation;
    if (!["zeros", "reflect", "replicate", "circular"].includes(paddingMode)) {
      throw new TypeError(
        `padding_mode must be one of {'circular', 'reflect', 'replicate', 'zeros'}, but got padding_mode='${paddingMode}'`,
      );
    }
    if (typeof padding === "string") resolvePadding(operation, padding, this.kernelSize, this.stride, this.dilation);
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.weight = parameter([...channels, ...this.kernelSize], o);
    this.bias = o.bias ?? true ? parameter([outChannels], o) : null;
    this.resetParameters();
  }

  /** Draws the weights anew, uniformly over ±1/√(fan in). */
  resetParameters(): void {
    kaimingUniform_(this.weight, Math.sqrt(5));
    if (this.bias === null) return;
    const fanIn = product(this.weight.sizes.slice(1));
    if (fanIn === 0) return;
    const bound = 1 / Math.sqrt(fanIn);
    uniform_(this.bias, -bound, bound);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    const { padding, dilation, outputPadding, groups, paddingMode } = this;
    const some = (list: Sizes, otherwise: number): boolean => list.some((v) => v !== otherwise);
    let text = `${this.inChannels}, ${this.outChannels}, kernel_size=${formatTuple(this.kernelSize)}, stride=${
      formatTuple(this.stride)
    }`;
    if (typeof padding === "string") text += `, padding=${padding}`;
    else if (some(padding, 0)) text += `, padding=${formatTuple(padding)}`;
    if (some(dilation, 1)) text += `, dilation=${formatTuple(dilation)}`;
    if (some(outputPadding, 0)) text += `, output_padding=${formatTuple(outputPadding)}`;
    if (groups !== 1) text += `, groups=${groups}`;
    if (this.bias === null) text += ", bias=False";
    if (paddingMode !== "zeros") text += `, padding_mode=${paddingMode}`;
    return text;
  }
}

/** What the convolution layers have. */
export abstract class Conv extends ConvLayer {
  /** The numbers that the kernels want. @internal */
  protected readonly geometry: ConvGeometry;
  /** Padding after the image, where it differs from that before. @internal */
  protected readonly after: Sizes;

  /** For the layers. */
  constructor(n: number, args: ConvLayerArguments) {
    const o = called<ConvSizes & ConvLayerOptions>(`Conv${n}d`, args, convSizes, convOptions, factoryOptions);
    super(`conv${n}d`, n, false, o);
    const { stride, dilation, groups } = this;
    const { before, after } = resolvePadding(this.operation, this.padding, this.kernelSize, stride, dilation);
    this.geometry = { stride, padding: before, dilation, groups };
    this.after = after;
  }

  /** x ⋆ weight + bias. */
  override forward(x: Tensor): Tensor {
    const g = this.geometry;
    if (this.paddingMode === "zeros") return convolution(this.operation, x, this.weight, this.bias, g, this.after);
    // From the last dimension to the first, before and after.
    const around = g.padding.map((p, i) => [p, this.after[i]]).reverse().flat();
    const none = g.padding.map(() => 0);
    // The names of the other modes are those of the function.
    const padded = pad(x, around, this.paddingMode as PadMode);
    return convolution(this.operation, padded, this.weight, this.bias, { ...g, padding: none });
  }
}

/** Convolution over `[batch, channels, length]`. */
export class Conv1d extends Conv {
  /** `new Conv1d(16, 33, 3, { stride: 2 })`. */
  constructor(...args: ConvLayerArguments) {
    super(1, args);
  }
}

/**
 * Convolution over `[batch, channels, height, width]`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@raptorch/raptorch";
 * const layer = new nn.Conv2d(1, 6, 3, { padding: 1 });
 * console.assert(String(layer(ones(1, 1, 8, 8)).shape) === "torch.Size([1, 6, 8, 8])");
 * ```
 */
export class Conv2d extends Conv {
  /** `new Conv2d(1, 6, 3, { padding: 1 })`. */
  constructor(...args: ConvLayerArguments) {
    super(2, args);
  }
}

/** Convolution over `[batch, channels, depth, height, width]`. */
export class Conv3d extends Conv {
  /** `new Conv3d(16, 33, 3)`. */
  constructor(...args: ConvLayerArguments) {
    super(3, args);
  }
}

/** What the transposed convolution layers have. */
export abstract class ConvTranspose extends ConvLayer {
  /** The numbers that the kernels want. @internal */
  protected readonly geometry: ConvGeometry;

  /** For the layers. */
  constructor(n: number, args: ConvTransposeLayerArguments) {
    const name = `ConvTranspose${n}d`;
    const o = called<ConvSizes & ConvTransposeLayerOptions>(
      name,
      args,
      convSizes,
      convTransposeOptions,
      factoryOptions,
    );
    if ((o.paddingMode ?? "zeros") !== "zeros") {
      throw new TypeError(`Only "zeros" padding mode is supported for ${name}`);
    }
    super(`conv_transpose${n}d`, n, true, o);
    const { stride, dilation, groups } = this;
    this.geometry = { stride, padding: tuple(this.operation, "padding", o.padding ?? 0, n), dilation, groups };
  }

  /** The adjoint of a convolution, applied to x. `outputSize` chooses among the sizes that a stride makes possible. */
  override forward(x: Tensor, outputSize?: Sizes): Tensor {
    const g = this.geometry;
    const extra = outputSize === undefined ? this.outputPadding : outputPaddingFor(x, outputSize, this.kernelSize, g);
    return convolutionTransposed(this.operation, x, this.weight, this.bias, g, extra);
  }
}

/** Transposed convolution over `[batch, channels, length]`. */
export class ConvTranspose1d extends ConvTranspose {
  /** `new ConvTranspose1d(16, 33, 3, { stride: 2 })`. */
  constructor(...args: ConvTransposeLayerArguments) {
    super(1, args);
  }
}

/** Transposed convolution over `[batch, channels, height, width]`. */
export class ConvTranspose2d extends ConvTranspose {
  /** `new ConvTranspose2d(16, 33, 3, { stride: 2 })`. */
  constructor(...args: ConvTransposeLayerArguments) {
    super(2, args);
  }
}

/** Transposed convolution over `[batch, channels, depth, height, width]`. */
export class ConvTranspose3d extends ConvTranspose {
  /** `new ConvTranspose3d(16, 33, 3, { stride: 2 })`. */
  constructor(...args: ConvTransposeLayerArguments) {
    super(3, args);
  }
}

passesThrough(Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d);
