/**
 * Rearranging images.
 *
 * @module
 */
import { type Arguments, called, named, type Trailing } from "../arguments.ts";
import { tuple } from "../check.ts";
import { formatSizes, product } from "../shape.ts";
import { underName } from "./node_name.ts";
import type { Tensor } from "../tensor.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import { permute, reshape } from "./movement.ts";

/** `[…, c·r², h, w]` as `[…, c, h·r, w·r]` (Shi et al. 2016). */
export function pixelShuffle(
  x: Tensor,
  ...rest: Arguments<[upscaleFactor: number], [], { upscaleFactor: number }, object>
): Tensor {
  const r = called<{ upscaleFactor: number }>("pixel_shuffle", rest, ["upscaleFactor"]).upscaleFactor;
  if (x.ndim < 3) {
    throw new RangeError(
      `pixel_shuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
    );
  }
  const lead = x.sizes.slice(0, -3), [c, h, w] = x.sizes.slice(-3), n = lead.length;
  if (r <= 0) throw new RangeError(`pixel_shuffle expects a positive upscale_factor, but got ${r}`);
  if (c % (r * r) !== 0) {
    throw new RangeError(
      `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but ` +
        `input.size(-3)=${c} is not divisible by ${r * r}`,
    );
  }
  const cut = reshape(x, [...lead, c / (r * r), r, r, h, w]);
  const order = [...lead.keys(), n, n + 3, n + 1, n + 4, n + 2];
  return underName("PixelShuffleBackward0", reshape(permute(cut, order), [...lead, c / (r * r), h * r, w * r]));
}

/** The reverse of {@linkcode pixelShuffle}. */
export function pixelUnshuffle(
  x: Tensor,
  ...rest: Arguments<[downscaleFactor: number], [], { downscaleFactor: number }, object>
): Tensor {
  const r = called<{ downscaleFactor: number }>("pixel_unshuffle", rest, ["downscaleFactor"]).downscaleFactor;
  if (x.ndim < 3) {
    throw new RangeError(
      `pixel_unshuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
    );
  }
  const lead = x.sizes.slice(0, -3), [c, h, w] = x.sizes.slice(-3), n = lead.length;
  if (r <= 0) throw new RangeError(`pixel_unshuffle expects a positive downscale_factor, but got ${r}`);
  if (h % r !== 0 || w % r !== 0) {
    throw new RangeError(
      `pixel_unshuffle expects height and width to be divisible by downscale_factor, but input ${
        formatSizes(x.sizes)
      } is not divisible by ${r}`,
    );
  }
  const cut = reshape(x, [...lead, c, h / r, r, w / r, r]);
  const order = [...lead.keys(), n, n + 2, n + 4, n + 1, n + 3];
  return underName("PixelUnshuffleBackward0", reshape(permute(cut, order), [...lead, c * r * r, h / r, w / r]));
}

/** Deals the channels of `[batch, channels, …]` out among groups. */
export function channelShuffle(
  x: Tensor,
  ...rest: Arguments<[groups: number], [], { groups: number }, object>
): Tensor {
  const { groups } = called<{ groups: number }>("channel_shuffle", rest, ["groups"]);
  if (x.ndim < 3) {
    throw new RangeError(
      `channel_shuffle expects input with > 2 dims, but got input with sizes ${formatSizes(x.sizes)}`,
    );
  }
  const [batch, channels] = x.sizes, inner = product(x.sizes.slice(2));
  if (!(groups > 0) || channels % groups !== 0) {
    throw new RangeError(
      `Number of channels must be divisible by groups. Got ${channels} channels and ${groups} groups.`,
    );
  }
  const dealt = permute(reshape(x, [batch, groups, channels / groups, inner]), [0, 2, 1, 3]);
  return underName("ChannelShuffleBackward0", reshape(dealt, x.sizes));
}

/** Options of {@linkcode unfold} and {@linkcode fold}. */
export interface FoldOptions {
  /** Distance of a block's elements. Default: 1. */
  dilation?: IntOrTuple;
  /** Zeros around the image. Default: 0. */
  padding?: IntOrTuple;
  /** Steps of the blocks. Default: 1. */
  stride?: IntOrTuple;
}

/** The positional arguments after the sizes. */
export type FoldArguments = Trailing<[dilation: IntOrTuple, padding: IntOrTuple, stride: IntOrTuple], FoldOptions>;

/** Geometry of {@linkcode unfold} and {@linkcode fold}. @internal */
export interface BlockGeometry {
  kernel: number[];
  stride: number[];
  padding: number[];
  dilation: number[];
}

/** The geometry that arguments describe. @internal */
export function blockGeometry(operation: string, kernelSize: IntOrTuple, rest: readonly unknown[]): BlockGeometry {
  const o = named<FoldOptions>(operation, rest, ["dilation", "padding", "stride"]);
  return {
    kernel: tuple(operation, "kernel_size", kernelSize, 2),
    stride: tuple(operation, "stride", o.stride ?? 1, 2),
    padding: tuple(operation, "padding", o.padding ?? 0, 2),
    dilation: tuple(operation, "dilation", o.dilation ?? 1, 2),
  };
}
