/**
 * Transforms of an image's size, place and channels.
 *
 * @module
 */

import { checkOptions } from "../check.ts";
import { full, tensor } from "../create.ts";
import { rowsOf } from "../data/collate.ts";
import { rand, randint } from "../random.ts";
import { float32, uint8 } from "../dtype.ts";
import { formatFloat, formatTuple, formatValue } from "../format.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { channelsFirst, channelsLast, Transform } from "./transform.ts";

/** How {@linkcode Pad} fills: a value, the edge pixel, or the image mirrored without or with its edge. */
export type PaddingMode = "constant" | "edge" | "reflect" | "symmetric";

/** Padding on all sides; left and right, top and bottom; or left, top, right, bottom. */
export type Padding =
  | number
  | readonly [number]
  | readonly [number, number]
  | readonly [number, number, number, number];

/** Whether an image, or each of a stack of images, is `[height, width, channels]`. */
function isChannelsLast(image: Tensor, stacked = false): boolean {
  return image.dtype === uint8 && image.dim() === (stacked ? 4 : 3);
}

/** A transform of the planes `[…, height, width]` of an image, however its channels lie. */
export abstract class PlaneTransform extends Transform {
  /** The transformed planes. */
  protected abstract planes(planes: Tensor): Tensor;

  /** The transformed image. */
  forward(image: Tensor): Tensor {
    if (image.dim() < 2) {
      throw new RangeError(`Tensor is not a torch image: it has the shape ${formatSizes(image.sizes)}`);
    }
    if (!isChannelsLast(image)) return this.planes(image);
    return channelsLast(this.planes(channelsFirst(image))).contiguous();
  }
}

/** A {@linkcode PlaneTransform} that treats every image alike, and so many at once. */
export abstract class FixedTransform extends PlaneTransform {
  override forwardBatch(images: Tensor): Tensor {
    if (!isChannelsLast(images, true)) return this.planes(images);
    return channelsLast(this.planes(channelsFirst(images))).contiguous();
  }
}

/** Rows `rows` and columns `columns` of every plane. */
function pick(planes: Tensor, rows: readonly number[], columns: readonly number[]): Tensor {
  return rowsOf(rowsOf(planes, rows, planes.dim() - 2), columns, planes.dim() - 1);
}

function range(start: number, stop: number): number[] {
  return Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i);
}

function pair(size: number | readonly number[], what: string): [number, number] {
  const list = typeof size === "number" ? [size, size] : size.length === 1 ? [size[0], size[0]] : size;
  if (list.length !== 2 || list.some((s) => !Number.isInteger(s) || s < 1)) {
    throw new RangeError(`${what}: Please provide only two dimensions (h, w) for size, got ${formatValue(size)}`);
  }
  return [list[0], list[1]];
}

/** Options of {@linkcode Pad}. */
export interface PadOptions {
  /** The value of `"constant"` padding. Default 0. */
  fill?: number;
  /** Default `"constant"`. */
  paddingMode?: PaddingMode;
}

/** Enlarges an image on its sides. */
export class Pad extends FixedTransform {
  /** How much. */
  readonly padding: Padding;
  /** The value of constant padding. */
  readonly fill: number;
  /** How. */
  readonly paddingMode: PaddingMode;

  /** @throws {RangeError} If `padding` is negative or has another length than 1, 2 or 4. */
  constructor(padding: Padding, options: PadOptions = {}) {
    super();
    checkOptions("Pad", options, ["fill", "paddingMode"]);
    this.padding = padding;
    this.fill = options.fill ?? 0;
    this.paddingMode = options.paddingMode ?? "constant";
    if (!["constant", "edge", "reflect", "symmetric"].includes(this.paddingMode)) {
      throw new RangeError("Padding mode should be either constant, edge, reflect or symmetric");
    }
    sides(padding);
  }

  protected planes(planes: Tensor): Tensor {
    return pad(planes, this.padding, this.fill, this.paddingMode);
  }

  /** The text that torchvision prints. */
  override toString(): string {
    const padding = formatValue(this.padding);
    return `Pad(padding=${padding}, fill=${this.fill}, padding_mode=${this.paddingMode})`;
  }
}

/** Left, top, right and bottom of a padding. */
function sides(padding: Padding): [left: number, top: number, right: number, bottom: number] {
  const list = typeof padding === "number" ? [padding] : [...padding];
  if (![1, 2, 4].includes(list.length)) {
    throw new RangeError(
      `Padding must be an int or a 1, 2, or 4 element tuple, not a ${list.length} element tuple`,
    );
  }
  if (list.some((p) => !Number.isInteger(p) || p < 0)) {
    throw new RangeError(`Padding must not be negative or fractional, got ${formatValue(list)}`);
  }
  const [left, top, right, bottom] = [0, 1, 2, 3].map((i) => list[i % list.length]);
  return [left, top, right, bottom];
}

function pad(planes: Tensor, padding: Padding, fill: number, mode: PaddingMode): Tensor {
  const [left, top, right, bottom] = sides(padding);
  const [height, width] = planes.shape.slice(-2);
  if (mode !== "constant") {
    return pick(planes, source(height, top, bottom, mode), source(width, left, right, mode));
  }
  const shape = [...planes.shape.slice(0, -2), top + height + bottom, left + width + right];
  const padded = full(shape, fill, { dtype: planes.dtype, device: planes.device });
  padded.narrow(-2, top, height).narrow(-1, left, width).copy_(planes);
  return padded;
}

/** For each position of a padded line of `n`, the position that its value comes from. */
function source(n: number, before: number, after: number, mode: "edge" | "reflect" | "symmetric"): number[] {
  if (mode === "reflect" && Math.max(before, after) >= n) {
    throw new RangeError(`Padding size should be less than the corresponding input dimension, got ${before}, ${after}`);
  }
  const period = mode === "reflect" ? Math.max(1, 2 * n - 2) : 2 * n;
  return range(-before, n + after).map((i) => {
    if (mode === "edge") return Math.min(n - 1, Math.max(0, i));
    const j = ((i % period) + period) % period;
    return j < n ? j : mode === "reflect" ? period - j : period - 1 - j;
  });
}

/** Cuts the middle out of an image; one that is too small is padded with 0 first. */
export class CenterCrop extends FixedTransform {
  /** Height and width of the result. */
  readonly size: readonly [number, number];

  /** Cut out `size`: one number, or height and width. */
  constructor(size: number | readonly number[]) {
    super();
    this.size = pair(size, "CenterCrop");
  }

  protected planes(planes: Tensor): Tensor {
    const [height, width] = this.size;
    const [h, w] = planes.shape.slice(-2);
    const [missingX, missingY] = [Math.max(0, width - w), Math.max(0, height - h)];
    const padding = [missingX >> 1, missingY >> 1, (missingX + 1) >> 1, (missingY + 1) >> 1] as const;
    const large = missingX || missingY ? pad(planes, padding, 0, "constant") : planes;
    const top = roundHalfEven((h + missingY - height) / 2), left = roundHalfEven((w + missingX - width) / 2);
    return large.narrow(-2, top, height).narrow(-1, left, width).contiguous();
  }

  /** The text that torchvision prints. */
  override toString(): string {
    return `CenterCrop(size=${formatTuple(this.size)})`;
  }
}

/** Python's `round`, which torchvision places crops with. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  return x - down === 0.5 ? down + (down % 2) : Math.round(x);
}

/** Options of {@linkcode RandomCrop}. */
export interface RandomCropOptions extends PadOptions {
  /** Padding before the crop. Default `null`: none. */
  padding?: Padding | null;
  /** Whether to pad an image that is too small. Default `false`. */
  padIfNeeded?: boolean;
}

/** Cuts a piece out of an image at a random place. */
export class RandomCrop extends PlaneTransform {
  /** Height and width of the result. */
  readonly size: readonly [number, number];
  /** Padding before the crop. */
  readonly padding: Padding | null;
  readonly #options: RandomCropOptions;

  /** Cut out `size`: one number, or height and width. */
  constructor(size: number | readonly number[], options: RandomCropOptions = {}) {
    super();
    checkOptions("RandomCrop", options, ["padding", "padIfNeeded", "fill", "paddingMode"]);
    this.size = pair(size, "RandomCrop");
    this.padding = options.padding ?? null;
    this.#options = options;
  }

  protected planes(planes: Tensor): Tensor {
    const { fill = 0, paddingMode = "constant", padIfNeeded = false } = this.#options;
    const [height, width] = this.size;
    let x = this.padding === null ? planes : pad(planes, this.padding, fill, paddingMode);
    if (padIfNeeded && x.size(-1) < width) x = pad(x, [width - x.size(-1), 0], fill, paddingMode);
    if (padIfNeeded && x.size(-2) < height) x = pad(x, [0, height - x.size(-2)], fill, paddingMode);
    const [h, w] = [x.size(-2), x.size(-1)];
    if (h < height || w < width) {
      throw new RangeError(
        `Required crop size ${formatTuple(this.size)} is larger than input image size ${formatTuple([h, w])}`,
      );
    }
    if (h === height && w === width) return x;
    const top = Number(randint(0, h - height + 1, [1], { device: "cpu" }).item());
    const left = Number(randint(0, w - width + 1, [1], { device: "cpu" }).item());
    return x.narrow(-2, top, height).narrow(-1, left, width).contiguous();
  }

  /** The text that torchvision prints. */
  override toString(): string {
    return `RandomCrop(size=${formatTuple(this.size)}, padding=${formatValue(this.padding)})`;
  }
}

/** Base of the random flips. */
export abstract class RandomFlip extends PlaneTransform {
  /** Probability of a flip. */
  readonly p: number;

  /** Flip with probability `p`. */
  constructor(p: number | { p?: number } = 0.5) {
    super();
    this.p = typeof p === "number" ? p : p.p ?? 0.5;
  }

  protected planes(planes: Tensor): Tensor {
    if (Number(rand([1], { device: "cpu" }).item()) >= this.p) return planes;
    return this.flip(planes, range(0, planes.size(-2)), range(0, planes.size(-1)));
  }

  /** The mirror image of planes, whose rows and columns have these indices. */
  protected abstract flip(planes: Tensor, rows: number[], columns: number[]): Tensor;

  /** The text that torchvision prints. */
  override toString(): string {
    return `${this.constructor.name}(p=${formatFloat(this.p)})`;
  }
}

/** Mirrors left and right with probability `p`. */
export class RandomHorizontalFlip extends RandomFlip {
  protected flip(planes: Tensor, rows: number[], columns: number[]): Tensor {
    return pick(planes, rows, columns.reverse());
  }
}

/** Mirrors top and bottom with probability `p`. */
export class RandomVerticalFlip extends RandomFlip {
  protected flip(planes: Tensor, rows: number[], columns: number[]): Tensor {
    return pick(planes, rows.reverse(), columns);
  }
}

/** Options of {@linkcode Resize}. */
export interface ResizeOptions {
  /** Default `"bilinear"`. */
  interpolation?: "bilinear" | "nearest";
  /** A limit for the longer edge, where `size` is that of the shorter one. Default `null`: none. */
  maxSize?: number | null;
  /** Whether `"bilinear"` averages over all pixels that fall into one when it shrinks. Default `true`. */
  antialias?: boolean;
}

/** Resizes an image; one number is the size of the shorter edge. */
export class Resize extends FixedTransform {
  /** Height and width, or the size of the shorter edge. */
  readonly size: number | readonly number[];
  /** How new pixels are computed. */
  readonly interpolation: "bilinear" | "nearest";
  /** A limit for the longer edge. */
  readonly maxSize: number | null;
  /** Whether shrinking averages. */
  readonly antialias: boolean;

  /** @throws {RangeError} If the sizes or the interpolation make no sense. */
  constructor(size: number | readonly number[], options: ResizeOptions = {}) {
    super();
    checkOptions("Resize", options, ["interpolation", "maxSize", "antialias"]);
    pair(size, "Resize");
    this.size = size;
    this.interpolation = options.interpolation ?? "bilinear";
    this.maxSize = options.maxSize ?? null;
    this.antialias = options.antialias ?? true;
    if (this.interpolation !== "bilinear" && this.interpolation !== "nearest") {
      throw new RangeError(`Resize: interpolation must be "bilinear" or "nearest", got ${this.interpolation}`);
    }
  }

  protected planes(planes: Tensor): Tensor {
    const [height, width] = [planes.size(-2), planes.size(-1)];
    const [newHeight, newWidth] = this.#target(height, width);
    if (height === newHeight && width === newWidth) return planes;
    if (this.interpolation === "nearest") {
      const middle = planes.dtype === uint8 ? 0.5 : 0; // Pillow looks at a pixel's middle, PyTorch at its corner
      return pick(planes, nearest(height, newHeight, middle), nearest(width, newWidth, middle));
    }
    const across = this.#apply(planes, width, newWidth, (x, weights) => x.matmul(weights.t()));
    return this.#apply(across, height, newHeight, (x, weights) => weights.matmul(x));
  }

  /** One pass; an image of bytes is rounded after each pass, as image libraries do. */
  #apply(x: Tensor, from: number, to: number, multiply: (x: Tensor, weights: Tensor) => Tensor): Tensor {
    if (from === to) return x;
    const bytes = x.dtype === uint8;
    const dtype = bytes ? float32 : x.dtype;
    const weights = tensor(bilinear(from, to, this.antialias || bytes), { dtype, device: x.device });
    const y = multiply(x.to(dtype), weights);
    return bytes ? y.add(0.5).to(uint8) : y;
  }

  #target(height: number, width: number): [number, number] {
    if (typeof this.size !== "number" && this.size.length === 2) return [this.size[0], this.size[1]];
    const size = typeof this.size === "number" ? this.size : this.size[0];
    const [short, long] = [Math.min(height, width), Math.max(height, width)];
    let [newShort, newLong] = [size, Math.trunc(size * long / short)];
    if (this.maxSize !== null) {
      if (this.maxSize <= size) {
        throw new RangeError(
          `max_size = ${this.maxSize} must be strictly greater than the requested size for the smaller edge size = ${size}`,
        );
      }
      if (newLong > this.maxSize) {
        [newShort, newLong] = [Math.trunc(this.maxSize * newShort / newLong), this.maxSize];
      }
    }
    return height <= width ? [newShort, newLong] : [newLong, newShort];
  }

  /** The text that torchvision prints. */
  override toString(): string {
    const { interpolation, maxSize } = this;
    const antialias = formatValue(this.antialias);
    return `Resize(size=${formatValue(this.size)}, interpolation=${interpolation}, max_size=${
      formatValue(maxSize)
    }, antialias=${antialias})`;
  }
}

/** For each of `to` pixels, the one of `from` that lies there. */
function nearest(from: number, to: number, middle: number): number[] {
  return range(0, to).map((i) => Math.min(from - 1, Math.floor((i + middle) * from / to)));
}

/** The weights `[to, from]` of linear interpolation; with `antialias`, a triangle as wide as a shrunken pixel. */
function bilinear(from: number, to: number, antialias: boolean): number[][] {
  const scale = from / to;
  const support = antialias ? Math.max(1, scale) : 1;
  return range(0, to).map((i) => {
    const center = Math.min(from - 0.5, Math.max(0.5, (i + 0.5) * scale));
    const middle = antialias ? (i + 0.5) * scale : center;
    const weights = range(0, from).map((j) => Math.max(0, 1 - Math.abs((j + 0.5 - middle) / support)));
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / total);
  });
}
