/**
 * Convolutions as users call them.
 *
 * @module
 */
import { type Call, inOrder, named, type OptionsOf, type Trailing } from "../arguments.ts";
import { tuple } from "../check.ts";
import { formatSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type ConvGeometry, convolution, convolutionTransposed } from "./conv.ts";

/** One number for all dimensions, or one for each. */
export type IntOrTuple = number | Sizes;

/** Padding by numbers, `"same"` (the output is as large as the input; stride 1 only) or `"valid"` (none). */
export type ConvPadding = IntOrTuple | "same" | "valid";

/** Options of {@linkcode conv1d}, {@linkcode conv2d} and {@linkcode conv3d}. */
export interface ConvOptions {
  /** Added to every output channel. Default: none. */
  bias?: Tensor | null;
  /** Steps of the kernel. Default: 1. */
  stride?: IntOrTuple;
  /** Zeros around the image. Default: 0. */
  padding?: ConvPadding;
  /** Distance of the kernel's elements. Default: 1. */
  dilation?: IntOrTuple;
  /** Groups of channels that do not see each other. Default: 1. */
  groups?: number;
}

/** Options of {@linkcode convTranspose1d}, {@linkcode convTranspose2d} and {@linkcode convTranspose3d}. */
export interface ConvTransposeOptions extends Omit<ConvOptions, "padding"> {
  /** Zeros around the image of which this is the adjoint: they make the output smaller. Default: 0. */
  padding?: IntOrTuple;
  /** Added to the output's size on one side. Default: 0. */
  outputPadding?: IntOrTuple;
}

/** The positional arguments after the weight. */
export type ConvArguments = Trailing<
  [bias: Tensor | null, stride: IntOrTuple, padding: ConvPadding, dilation: IntOrTuple, groups: number],
  ConvOptions
>;
/** The positional arguments after the weight. */
export type ConvTransposeArguments = Trailing<
  [
    bias: Tensor | null,
    stride: IntOrTuple,
    padding: IntOrTuple,
    outputPadding: IntOrTuple,
    groups: number,
    dilation: IntOrTuple,
  ],
  ConvTransposeOptions
>;

/**
 * The padding before and after the image.
 *
 * @throws {Error} For an unknown word, and for `"same"` with a stride. @internal
 */
export function resolvePadding(
  operation: string,
  padding: ConvPadding,
  kernel: Sizes,
  stride: Sizes,
  dilation: Sizes,
): { before: number[]; after: number[] } {
  const n = kernel.length;
  if (padding === "valid") return { before: new Array<number>(n).fill(0), after: new Array<number>(n).fill(0) };
  if (padding === "same") {
    if (stride.some((s) => s !== 1)) throw new Error("padding='same' is not supported for strided convolutions");
    const total = kernel.map((k, i) => dilation[i] * (k - 1));
    return { before: total.map((t) => Math.floor(t / 2)), after: total.map((t) => t - Math.floor(t / 2)) };
  }
  if (typeof padding === "string") {
    throw new Error(`Invalid padding string '${padding}', should be one of 'valid', 'same' (${operation})`);
  }
  const before = tuple(operation, "padding", padding, n);
  return { before, after: before };
}

function conv(operation: string, n: number, x: Tensor, w: Tensor, rest: ConvArguments): Tensor {
  const o = named<ConvOptions>(operation, rest, ["bias", "stride", "padding", "dilation", "groups"]);
  const stride = tuple(operation, "stride", o.stride ?? 1, n),
    dilation = tuple(operation, "dilation", o.dilation ?? 1, n);
  const { before, after } = resolvePadding(operation, o.padding ?? 0, w.sizes.slice(2), stride, dilation);
  const g: ConvGeometry = { stride, padding: before, dilation, groups: o.groups ?? 1 };
  return convolution(operation, x, w, o.bias ?? null, g, after);
}

/** Convolution of x `[batch, in, length]` with w `[out, in / groups, kernel]`. */
export function conv1d(
  x: Tensor,
  ...given: Call<[w: Tensor, ...rest: ConvArguments], { weight: Tensor } & OptionsOf<ConvArguments>>
): Tensor {
  const [w, ...rest] = inOrder("conv1d", given, ["weight"]);
  return conv("conv1d", 1, x, w, rest);
}

/**
 * Convolution of x `[batch, in, height, width]` with w `[out, in / groups, kernel, kernel]`.
 *
 * @example
 * ```ts
 * import { F, ones } from "@raptorch/raptorch";
 * const y = F.conv2d(ones(1, 1, 5, 5), ones(2, 1, 3, 3), null, { padding: "same" });
 * console.assert(String(y.shape) === "torch.Size([1, 2, 5, 5])" && y.get(0, 0, 2, 2).item() === 9);
 * ```
 */
export function conv2d(
  x: Tensor,
  ...given: Call<[w: Tensor, ...rest: ConvArguments], { weight: Tensor } & OptionsOf<ConvArguments>>
): Tensor {
  const [w, ...rest] = inOrder("conv2d", given, ["weight"]);
  return conv("conv2d", 2, x, w, rest);
}

/** Convolution of x `[batch, in, depth, height, width]` with w `[out, in / groups, kernel, kernel, kernel]`. */
export function conv3d(
  x: Tensor,
  ...given: Call<[w: Tensor, ...rest: ConvArguments], { weight: Tensor } & OptionsOf<ConvArguments>>
): Tensor {
  const [w, ...rest] = inOrder("conv3d", given, ["weight"]);
  return conv("conv3d", 3, x, w, rest);
}

function transposed(operation: string, n: number, x: Tensor, w: Tensor, rest: ConvTransposeArguments): Tensor {
  const o = named<ConvTransposeOptions>(operation, rest, [
    "bias",
    "stride",
    "padding",
    "outputPadding",
    "groups",
    "dilation",
  ]);
  const size = (what: "stride" | "padding" | "outputPadding" | "dilation", otherwise: number): number[] =>
    tuple(operation, what, o[what] ?? otherwise, n);
  const g: ConvGeometry = {
    stride: size("stride", 1),
    padding: size("padding", 0),
    dilation: size("dilation", 1),
    groups: o.groups ?? 1,
  };
  return convolutionTransposed(operation, x, w, o.bias ?? null, g, size("outputPadding", 0));
}

/** The adjoint of {@linkcode conv1d} as an operation; w is `[in, out / groups, kernel]`. */
export function convTranspose1d(
  x: Tensor,
  ...given: Call<[w: Tensor, ...rest: ConvTransposeArguments], { weight: Tensor } & OptionsOf<ConvTransposeArguments>>
): Tensor {
  const [w, ...rest] = inOrder("conv_transpose1d", given, ["weight"]);
  return transposed("conv_transpose1d", 1, x, w, rest);
}

/** The adjoint of {@linkcode conv2d} as an operation; w is `[in, out / groups, kernel, kernel]`. */
export function convTranspose2d(
  x: Tensor,
  ...given: Call<[w: Tensor, ...rest: ConvTransposeArguments], { weight: Tensor } & OptionsOf<ConvTransposeArguments>>
): Tensor {
  const [w, ...rest] = inOrder("conv_transpose2d", given, ["weight"]);
  return transposed("conv_transpose2d", 2, x, w, rest);
}

/** The adjoint of {@linkcode conv3d} as an operation; w is `[in, out / groups, kernel, kernel, kernel]`. */
export function convTranspose3d(
  x: Tensor,
  ...given: Call<[w: Tensor, ...rest: ConvTransposeArguments], { weight: Tensor } & OptionsOf<ConvTransposeArguments>>
): Tensor {
  const [w, ...rest] = inOrder("conv_transpose3d", given, ["weight"]);
  return transposed("conv_transpose3d", 3, x, w, rest);
}

/**
 * The output padding that gives a transposed convolution the output size that was asked for.
 *
 * @throws {RangeError} When no output padding does. @internal
 */
export function outputPaddingFor(
  x: Tensor,
  outputSize: Sizes,
  kernel: Sizes,
  g: Pick<ConvGeometry, "stride" | "padding" | "dilation">,
): number[] {
  const n = kernel.length, wanted = outputSize.slice(-n);
  const spatial = x.sizes.slice(-n);
  const least = spatial.map((s, i) => (s - 1) * g.stride[i] - 2 * g.padding[i] + g.dilation[i] * (kernel[i] - 1) + 1);
  const most = least.map((s, i) => s + g.stride[i] - 1);
  if (wanted.length !== n || wanted.some((s, i) => s < least[i] || s > most[i])) {
    throw new RangeError(
      `requested an output size of ${formatSizes(outputSize)}, but valid sizes range from ${formatSizes(least)} to ` +
        `${formatSizes(most)} (for an input of ${formatSizes(spatial)})`,
    );
  }
  return wanted.map((s, i) => s - least[i]);
}
