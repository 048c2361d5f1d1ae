/**
 * Transforms of an image's values and channels.
 *
 * @module
 */

import { tensor } from "../create.ts";
import { getDefaultDtype, int64, uint8 } from "../dtype.ts";
import { formatFloat } from "../format.ts";
import { Tensor } from "../tensor.ts";
import { channelsFirst, Transform } from "./transform.ts";

/** A uint8 image becomes a float tensor `[channels, height, width]` of values from 0 to 1. */
export class ToTensor extends Transform {
  /** @throws {TypeError} If `image` is no uint8 tensor `[height, width]` or `[height, width, channels]`. */
  forward(image: Tensor): Tensor {
    return toTensor(image, image.dim());
  }

  override forwardBatch(images: Tensor): Tensor {
    return toTensor(images, images.dim() - 1);
  }
}

/** `rank` is that of one image, whether or not `x` is a stack of them. */
function toTensor(x: Tensor, rank: number): Tensor {
  if (!(x instanceof Tensor) || x.dtype !== uint8) {
    const got = x instanceof Tensor ? `${x.dtype} [${x.shape.join(", ")}]` : typeof x;
    throw new TypeError(`pic should be an image: a uint8 tensor [height, width(, channels)]. Got ${got}`);
  }
  if (rank !== 2 && rank !== 3) throw new RangeError(`pic should be 2/3 dimensional. Got ${rank} dimensions.`);
  const planes = rank === 2 ? x.unsqueeze(-3) : channelsFirst(x).contiguous();
  return planes.to(getDefaultDtype()).div_(255);
}

/**
 * `(x - mean) / std`, channel by channel.
 *
 * `mean` and `std` have one value per channel; a single one serves all channels.
 */
export class Normalize extends Transform {
  /** The means of the channels. */
  readonly mean: readonly number[];
  /** The standard deviations of the channels. */
  readonly std: readonly number[];

  /** @throws {RangeError} If a standard deviation is 0. */
  constructor(mean: number | readonly number[], std: number | readonly number[]) {
    super();
    this.mean = typeof mean === "number" ? [mean] : mean;
    this.std = typeof std === "number" ? [std] : std;
    if (this.std.some((s) => Math.fround(s) === 0)) {
      throw new RangeError("std evaluated to zero after conversion to torch.float32, leading to division by zero.");
    }
  }

  /**
   * @throws {TypeError} If `image` is not a float tensor.
   * @throws {RangeError} If `image` has another number of channels.
   */
  forward(image: Tensor): Tensor {
    if (!image.dtype.isFloatingPoint) {
      throw new TypeError(
        `Input tensor should be a float tensor. Got ${image.dtype}. (Normalize comes after ToTensor.)`,
      );
    }
    if (image.dim() < 3) {
      throw new RangeError(
        `Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = ${image.shape}`,
      );
    }
    checkChannels(image.shape.slice(-3), this.mean, "means");
    checkChannels(image.shape.slice(-3), this.std, "standard deviations");
    const options = { dtype: image.dtype, device: image.device };
    const mean = tensor([...this.mean], options).view(-1, 1, 1);
    const std = tensor([...this.std], options).view(-1, 1, 1);
    return image.sub(mean).div_(std);
  }

  override forwardBatch(images: Tensor): Tensor {
    return this.forward(images);
  }

  override toString(): string {
    return `Normalize(mean=${floats(this.mean)}, std=${floats(this.std)})`;
  }
}

/** A tuple of floats as Python prints it. */
function floats(values: readonly number[]): string {
  return `(${values.map(formatFloat).join(", ")}${values.length === 1 ? "," : ""})`;
}

/** @throws {RangeError} With PyTorch's broadcasting error, and the fix, unless there is one value per channel. */
function checkChannels(shape: readonly number[], values: readonly number[], what: string): void {
  const [channels, height, width] = shape;
  if (values.length === 1 || values.length === channels) return;
  const problem = channels === 1
    ? `output with shape [1, ${height}, ${width}] doesn't match the broadcast shape [${values.length}, ${height}, ${width}]`
    : `The size of tensor a (${channels}) must match the size of tensor b (${values.length}) at non-singleton dimension 0`;
  const fix = channels === 1 ? "Normalize([0.5], [0.5])" : `${channels} values in Normalize, or one for all`;
  throw new RangeError(`${problem} (${values.length} ${what} for an image of ${channels} channel(s): write ${fix})`);
}

/** Makes a colour image grey, with one channel or three equal ones. */
export class Grayscale extends Transform {
  /** 1 or 3. */
  readonly numOutputChannels: number;

  /** @throws {RangeError} If the number of channels is not 1 or 3. */
  constructor(numOutputChannels: number | { numOutputChannels?: number } = 1) {
    super();
    const n = typeof numOutputChannels === "number" ? numOutputChannels : numOutputChannels.numOutputChannels ?? 1;
    if (n !== 1 && n !== 3) throw new RangeError(`num_output_channels should be either 1 or 3, got ${n}`);
    this.numOutputChannels = n;
  }

  /** The grey image: `0.299 red + 0.587 green + 0.114 blue`. */
  forward(image: Tensor): Tensor {
    return image.dtype === uint8 ? this.#picture(image) : this.#planes(image);
  }

  /** The integer arithmetic of image libraries: 16-bit fixed point, rounded. */
  #picture(image: Tensor): Tensor {
    const grey = image.dim() === 2 ? image : image.size(2) === 1 ? image.select(2, 0) : this.#mix(image);
    return this.numOutputChannels === 1 ? grey.contiguous() : grey.unsqueeze(2).expand(-1, -1, 3).contiguous();
  }

  #mix(image: Tensor): Tensor {
    const weights = tensor([19595, 38470, 7471], { dtype: int64, device: image.device });
    const sum = image.narrow(2, 0, 3).to(int64).mul(weights).sum(2);
    return sum.add(0x8000).div(0x10000, { roundingMode: "floor" }).to(uint8);
  }

  #planes(image: Tensor): Tensor {
    const channels = image.size(-3);
    if (channels !== 1 && channels !== 3) {
      throw new TypeError(`Input image tensor permitted channel values are [1, 3], but found ${channels}`);
    }
    const [r, g, b] = [0, 1, 2].map((c) => image.narrow(-3, Math.min(c, channels - 1), 1));
    const grey = channels === 1 ? image : r.mul(0.2989).add(g.mul(0.587)).add(b.mul(0.114));
    const shape = [...grey.shape];
    shape[shape.length - 3] = this.numOutputChannels;
    return grey.expand(shape).contiguous();
  }

  /** The text that torchvision prints. */
  override toString(): string {
    return `Grayscale(num_output_channels=${this.numOutputChannels})`;
  }
}
