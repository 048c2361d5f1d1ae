/**
 * Blocks of images as columns, and columns as images.
 *
 * @module
 */
import { type Call, inOrder, type OptionsOf } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { empty, over } from "../make.ts";
import { formatSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add_ } from "./arithmetic.ts";
import type { IntOrTuple } from "./conv_calls.ts";
import { tuple } from "../check.ts";
import { fill_ } from "./fill.ts";
import { narrow, reshape, squeeze, unsqueeze } from "./movement.ts";
import { underName } from "./node_name.ts";
import { pad } from "./pad.ts";
import { copyElementsTo, dense } from "./strided.ts";
import { type BlockGeometry, blockGeometry, type FoldArguments } from "./vision.ts";

function blocksOf(sizes: Sizes, g: BlockGeometry): number[] {
  return sizes.map((s, i) =>
    Math.floor((s + 2 * g.padding[i] - g.dilation[i] * (g.kernel[i] - 1) - 1) / g.stride[i]) + 1
  );
}

/** The elements of padded images `[batch, channels, h, w]` that position (i, j) of the blocks sees. */
function slots(image: Tensor, g: BlockGeometry, [rows, columns]: Sizes, i: number, j: number): Tensor {
  const [batch, channels] = image.sizes, [sb, sc, sh, sw] = image.strides;
  const offset = image.offset + i * g.dilation[0] * sh + j * g.dilation[1] * sw;
  return over(
    image.storage,
    [batch, channels, rows, columns],
    [sb, sc, sh * g.stride[0], sw * g.stride[1]],
    offset,
    image.dtype,
  );
}

/** Padded images to columns `[batch, channels, kh, kw, rows, columns]`. */
function toColumns(image: Tensor, g: BlockGeometry, blocks: Sizes): Tensor {
  const source = dense(image), [kh, kw] = g.kernel, [batch, channels] = image.sizes;
  const y = empty([batch, channels, kh, kw, ...blocks], image.dtype, image.device);
  const all = y.detached();
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) copyElementsTo(all.select(2, i).select(2, j), slots(source, g, blocks, i, j));
  }
  return record("Im2ColBackward0", y, [image], [], (dy) => [fromColumns(dy, image.sizes, g, blocks)]);
}

/** The adjoint of {@linkcode toColumns}: the sum of the columns at their places. */
function fromColumns(columns: Tensor, sizes: Sizes, g: BlockGeometry, blocks: Sizes): Tensor {
  const source = dense(columns).detached(), [kh, kw] = g.kernel;
  const image = empty(sizes, columns.dtype, columns.device);
  fill_(image, 0);
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) add_(slots(image, g, blocks, i, j), source.select(2, i).select(2, j));
  }
  return record("Col2ImBackward0", image, [columns], [], (dy) => [toColumns(dy, g, blocks)]);
}

/**
 * The blocks of images `[batch, channels, h, w]` as columns `[batch, channels · kernel, blocks]`.
 *
 * @throws {RangeError} When no block fits.
 */
export function unfold(
  x: Tensor,
  ...given: Call<
    [kernelSize: IntOrTuple, ...rest: FoldArguments],
    { kernelSize: IntOrTuple } & OptionsOf<FoldArguments>
  >
): Tensor {
  const [kernelSize, ...rest] = inOrder("unfold", given, ["kernelSize"]);
  const g = blockGeometry("unfold", kernelSize, rest);
  if (x.ndim === 3) return underName("Im2ColBackward0", squeeze(unfoldBatch(unsqueeze(x, 0), g), 0));
  if (x.ndim !== 4) {
    throw new RangeError(
      `Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${
        formatSizes(x.sizes)
      } (unfold)`,
    );
  }
  return underName("Im2ColBackward0", unfoldBatch(x, g));
}

function unfoldBatch(x: Tensor, g: BlockGeometry): Tensor {
  const blocks = blocksOf(x.sizes.slice(2), g);
  if (blocks.some((b) => b < 1)) {
    throw new RangeError(
      `Given input with spatial size (${x.sizes.slice(2).join(", ")}), kernel_size=(${
        g.kernel.join(", ")
      }), dilation=(${g.dilation.join(", ")}), padding=(${
        g.padding.join(", ")
      }), calculated shape of the array of sliding blocks as (${
        blocks.join(", ")
      }), but its components must be at least one.`,
    );
  }
  const [ph, pw] = g.padding;
  const columns = toColumns(ph + pw > 0 ? pad(x, [pw, pw, ph, ph]) : x, g, blocks);
  return reshape(columns, [x.sizes[0], x.sizes[1] * g.kernel[0] * g.kernel[1], blocks[0] * blocks[1]]);
}

/** The reverse of {@linkcode unfold}: overlapping blocks are added. */
export function fold(x: Tensor, outputSize: IntOrTuple, kernelSize: IntOrTuple, ...rest: FoldArguments): Tensor {
  const g = blockGeometry("fold", kernelSize, rest);
  const output = tuple("fold", "output_size", outputSize, 2);
  if (x.ndim === 2) return squeeze(foldBatch(unsqueeze(x, 0), output, g), 0);
  if (x.ndim !== 3) throw new RangeError(`Expected 2D or 3D input to fold, but got: ${formatSizes(x.sizes)}`);
  return foldBatch(x, output, g);
}

function foldBatch(x: Tensor, output: Sizes, g: BlockGeometry): Tensor {
  const blocks = blocksOf(output, g), taps = g.kernel[0] * g.kernel[1];
  if (x.sizes[1] % taps !== 0) {
    throw new RangeError(
      `Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=${
        x.sizes[1]
      } and kernel_size=(${g.kernel.join(", ")}).`,
    );
  }
  if (x.sizes[2] !== blocks[0] * blocks[1]) {
    throw new RangeError(
      `Given output_size=(${output.join(", ")}), kernel_size=(${g.kernel.join(", ")}), dilation=(${
        g.dilation.join(", ")
      }), padding=(${g.padding.join(", ")}), stride=(${
        g.stride.join(", ")
      }), expected size of input's dimension 2 to match the calculated number of sliding blocks ${blocks[0]} * ${
        blocks[1]
      } = ${blocks[0] * blocks[1]}, but got input.size(2)=${x.sizes[2]}.`,
    );
  }
  const [batch] = x.sizes, channels = x.sizes[1] / taps, [ph, pw] = g.padding;
  const columns = reshape(x, [batch, channels, ...g.kernel, ...blocks]);
  const padded = fromColumns(columns, [batch, channels, output[0] + 2 * ph, output[1] + 2 * pw], g, blocks);
  if (ph + pw === 0) return padded;
  return underName("Col2ImBackward0", narrow(narrow(padded, 2, ph, output[0]), 3, pw, output[1]).contiguous());
}
