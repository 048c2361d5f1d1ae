/**
 * Convolutions in one to three dimensions, and their adjoints.
 *
 * Three maps, each linear in both of its tensors, are all there is: `image ⋆ weight → result`, and the two that carry
 * gradients back to the image and to the weight. Each one's derivatives are the other two, so derivatives of any order
 * exist. A transposed convolution is the second map run forward.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { record } from "../autograd/node.ts";
import { binary } from "../../ffi/symbols.ts";
import { bool, type DType, float32, float64 } from "../dtype.ts";
import { empty, isHalf, over } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { formatSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { castTo, checkDevices, runBinaryInPlace, unsupported } from "./elementwise.ts";
import { squeeze, unsqueeze } from "./movement.ts";
import { sum } from "./reduce.ts";
import { dense } from "./strided.ts";

/** How a kernel moves over the image; `padding` is the one before it. Lists of one number per spatial dimension. */
export interface ConvGeometry {
  stride: Sizes;
  padding: Sizes;
  dilation: Sizes;
  groups: number;
}

/** Fills the kernels' description. All sizes are [batch, channels, …spatial]. */
function describe(image: Sizes, weight: Sizes, result: Sizes, g: ConvGeometry): void {
  const n = image.length - 2;
  meta[0] = image[0];
  meta[1] = image[1];
  meta[2] = result[1];
  meta[3] = g.groups;
  for (let i = 0; i < 3; i++) {
    const d = i + n - 3; // Missing leading dimensions count 1.
    meta[4 + i] = d < 0 ? 1 : image[2 + d];
    meta[7 + i] = d < 0 ? 1 : weight[2 + d];
    meta[10 + i] = d < 0 ? 1 : result[2 + d];
    meta[13 + i] = d < 0 ? 1 : g.stride[d];
    meta[16 + i] = d < 0 ? 0 : g.padding[d];
    meta[19 + i] = d < 0 ? 1 : g.dilation[d];
  }
}

const wide = (x: Tensor): Tensor => castTo(x, float32);

/** What a type is computed in: integers in float64, exact below 2⁵³. */
function computeType(dtype: DType): DType {
  return isHalf(dtype) ? float32 : dtype.isFloatingPoint || dtype === bool ? dtype : float64;
}

function runForward(image: Tensor, w: Tensor, bias: Tensor | null, sizes: Sizes, g: ConvGeometry): Tensor {
  const type = computeType(image.dtype);
  if (type !== image.dtype) {
    const b = bias && castTo(bias, type);
    return castTo(runForward(castTo(image, type), castTo(w, type), b, sizes, g), image.dtype);
  }
  const y = empty(sizes, image.dtype, image.device);
  if (y.count === 0) return y;
  const x = dense(image), weight = dense(w), b = bias === null ? null : dense(bias);
  describe(x.sizes, weight.sizes, sizes, g);
  const status = y.kernels.convForward(y.dtype.code, y.ptr, x.ptr, weight.ptr, b === null ? null : b.ptr, 0, metaPtr);
  if (status !== 0) throw unsupported("convolution", image.dtype);
  return y;
}

function runInput(result: Tensor, w: Tensor, sizes: Sizes, g: ConvGeometry): Tensor {
  if (isHalf(result.dtype)) return castTo(runInput(wide(result), wide(w), sizes, g), result.dtype);
  const image = empty(sizes, result.dtype, result.device);
  if (image.count === 0) return image;
  const dy = dense(result), weight = dense(w);
  describe(sizes, weight.sizes, dy.sizes, g);
  if (image.kernels.convBackwardInput(image.dtype.code, image.ptr, dy.ptr, weight.ptr, metaPtr) !== 0) {
    throw unsupported("convolution", result.dtype);
  }
  return image;
}

/** {@linkcode runInput} as an operation of its own, with a bias. */
function runTransposed(x: Tensor, w: Tensor, bias: Tensor | null, sizes: Sizes, g: ConvGeometry): Tensor {
  const type = computeType(x.dtype);
  if (type !== x.dtype) {
    const b = bias && castTo(bias, type);
    return castTo(runTransposed(castTo(x, type), castTo(w, type), b, sizes, g), x.dtype);
  }
  const y = runInput(x, w, sizes, g);
  if (bias === null) return y;
  const inner = sizes.slice(2), shape = [sizes[1], ...inner.map(() => 1)];
  const strides = [bias.strides[0], ...inner.map(() => 0)];
  runBinaryInPlace(binary.add, y, over(bias.storage, shape, strides, bias.offset, bias.dtype));
  return y;
}

/** The weight's gradient, and the bias's where `bias` is to be filled. */
function runWeight(result: Tensor, image: Tensor, sizes: Sizes, bias: Tensor | null, g: ConvGeometry): Tensor {
  if (isHalf(result.dtype)) return castTo(runWeight(wide(result), wide(image), sizes, null, g), result.dtype);
  const dw = empty(sizes, result.dtype, result.device);
  const dy = dense(result), x = dense(image);
  describe(x.sizes, sizes, dy.sizes, g);
  const status = dw.kernels.convBackwardWeight(
    dw.dtype.code,
    dw.ptr,
    bias === null ? null : bias.ptr,
    dy.ptr,
    x.ptr,
    metaPtr,
  );
  if (status !== 0) throw unsupported("convolution", result.dtype);
  return dw;
}

const second = "ConvolutionBackwardBackward0";

/** image ⋆ w, of the given sizes. */
function forward(image: Tensor, w: Tensor, sizes: Sizes, g: ConvGeometry): Tensor {
  const y = runForward(image, w, null, sizes, g);
  return record(second, y, [image, w], [image, w], (dy, [image, w], needs) => [
    needs[0] ? backwardInput(dy, w, image.sizes, g) : null,
    needs[1] ? backwardWeight(dy, image, w.sizes, g) : null,
  ]);
}

/** The image's gradient. */
function backwardInput(result: Tensor, w: Tensor, sizes: Sizes, g: ConvGeometry): Tensor {
  const image = runInput(result, w, sizes, g);
  return record(second, image, [result, w], [result, w], (dd, [result, w], needs) => [
    needs[0] ? forward(dd, w, result.sizes, g) : null,
    needs[1] ? backwardWeight(result, dd, w.sizes, g) : null,
  ]);
}

/** The weight's gradient. */
function backwardWeight(result: Tensor, image: Tensor, sizes: Sizes, g: ConvGeometry): Tensor {
  const dw = runWeight(result, image, sizes, null, g);
  return record(second, dw, [result, image], [result, image], (dd, [result, image], needs) => [
    needs[0] ? forward(image, dd, result.sizes, g) : null,
    needs[1] ? backwardInput(result, dd, image.sizes, g) : null,
  ]);
}

function biasGradient(dy: Tensor): Tensor {
  return sum(dy, dy.sizes.map((_, i) => i).filter((i) => i !== 1));
}

/** The operation's name and all that PyTorch checks about the tensors. */
function checkTensors(operation: string, x: Tensor, w: Tensor, b: Tensor | null, outputs: number): void {
  checkDevices(operation, x, w, b);
  for (const [what, other] of [["weight", w], ["bias", b]] as const) {
    if (other !== null && other.dtype !== x.dtype) {
      throw new TypeError(
        `Input type (${x.dtype.name}) and ${what} type (${other.dtype.name}) should be the same (${operation})`,
      );
    }
  }
  if (b !== null && (b.ndim !== 1 || b.sizes[0] !== outputs)) {
    throw new RangeError(
      `Given weight of size ${
        formatSizes(w.sizes)
      }, expected bias to be 1-dimensional with ${outputs} elements, but got ` +
        `bias of size ${formatSizes(b.sizes)} instead (${operation})`,
    );
  }
}

function checkGeometry(operation: string, g: ConvGeometry): void {
  if (g.stride.some((s) => s <= 0)) throw new RangeError(`non-positive stride is not supported (${operation})`);
  if (g.dilation.some((s) => s <= 0)) throw new RangeError(`dilation should be greater than zero (${operation})`);
  if (g.padding.some((p) => p < 0)) throw new RangeError(`negative padding is not supported (${operation})`);
  if (!Number.isInteger(g.groups) || g.groups <= 0) {
    throw new RangeError(`non-positive groups is not supported (${operation})`);
  }
}

/** Adds a batch of one to an input without a batch. */
function batched(operation: string, x: Tensor, w: Tensor, n: number, compute: (x: Tensor) => Tensor): Tensor {
  if (w.ndim !== n + 2) {
    throw new RangeError(
      `expected ${
        n + 2
      }-dimensional weight for ${n}-dimensional ${operation}, but got ${w.ndim}-dimensional weight of ` +
        `size ${formatSizes(w.sizes)}`,
    );
  }
  if (x.ndim === n + 2) return compute(x);
  if (x.ndim === n + 1) return squeeze(compute(unsqueeze(x, 0)), 0);
  throw new RangeError(
    `Expected ${n + 1}D (unbatched) or ${n + 2}D (batched) input to ${operation}, but got input of size: ${
      formatSizes(x.sizes)
    }`,
  );
}

/**
 * A convolution over `n` spatial dimensions. `after` is the padding behind the image where it differs from the one before.
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function convolution(
  operation: string,
  x: Tensor,
  w: Tensor,
  b: Tensor | null,
  g: ConvGeometry,
  after: Sizes = g.padding,
): Tensor {
  const n = g.stride.length;
  checkGeometry(operation, g);
  return batched(operation, x, w, n, (x) => {
    checkTensors(operation, x, w, b, w.sizes[0]);
    if (x.sizes[1] !== w.sizes[1] * g.groups) {
      throw new RangeError(
        `Given groups=${g.groups}, weight of size ${formatSizes(w.sizes)}, expected input${
          formatSizes(x.sizes)
        } to have ` +
          `${w.sizes[1] * g.groups} channels, but got ${x.sizes[1]} channels instead`,
      );
    }
    if (w.sizes[0] % g.groups !== 0) {
      throw new RangeError(
        `Given groups=${g.groups}, expected weight to be divisible by ${g.groups} at dimension 0, but got weight of size ` +
          `${formatSizes(w.sizes)} instead`,
      );
    }
    const padded = g.padding.map((p, i) => x.sizes[2 + i] + p + after[i]);
    const spread = g.dilation.map((d, i) => d * (w.sizes[2 + i] - 1) + 1);
    if (padded.some((size, i) => size < spread[i])) {
      throw new RangeError(
        `Calculated padded input size per channel: (${padded.join(" x ")}). Kernel size: (${
          spread.join(" x ")
        }). Kernel ` +
          `size can't be greater than actual input size (${operation})`,
      );
    }
    const out = padded.map((size, i) => Math.floor((size - spread[i]) / g.stride[i]) + 1);
    const y = runForward(x, w, b, [x.sizes[0], w.sizes[0], ...out], g);
    return record("ConvolutionBackward0", y, [x, w, b], [x, w], (dy, [x, w], needs) => {
      const fused = needs[1] && needs[2] && !mode.enabled && !isHalf(dy.dtype);
      const db = fused ? empty([w.sizes[0]], dy.dtype, dy.device) : null;
      return [
        needs[0] ? backwardInput(dy, w, x.sizes, g) : null,
        !needs[1] ? null : fused ? runWeight(dy, x, w.sizes, db, g) : backwardWeight(dy, x, w.sizes, g),
        !needs[2] ? null : db ?? biasGradient(dy),
      ];
    });
  });
}

/**
 * The adjoint of a convolution as an operation of its own; w is [inputs, outputs / groups, …kernel].
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function convolutionTransposed(
  operation: string,
  x: Tensor,
  w: Tensor,
  b: Tensor | null,
  g: ConvGeometry,
  outputPadding: Sizes,
): Tensor {
  const n = g.stride.length;
  checkGeometry(operation, g);
  return batched(operation, x, w, n, (x) => {
    const outputs = w.sizes[1] * g.groups;
    checkTensors(operation, x, w, b, outputs);
    if (x.sizes[1] !== w.sizes[0]) {
      throw new RangeError(
        `Given transposed=1, weight of size ${formatSizes(w.sizes)}, expected input${formatSizes(x.sizes)} to have ` +
          `${w.sizes[0]} channels, but got ${x.sizes[1]} channels instead`,
      );
    }
    outputPadding.forEach((p, i) => {
      if (p >= g.stride[i] && p >= g.dilation[i]) {
        throw new RangeError(
          `output padding must be smaller than either stride or dilation, but got output_padding ${p}, stride ` +
            `${g.stride[i]}, dilation ${g.dilation[i]} (${operation})`,
        );
      }
    });
    const out = outputPadding.map((p, i) =>
      (x.sizes[2 + i] - 1) * g.stride[i] - 2 * g.padding[i] + g.dilation[i] * (w.sizes[2 + i] - 1) + p + 1
    );
    if (out.some((size) => size <= 0)) {
      throw new RangeError(
        `Given input size per channel: (${x.sizes.slice(2).join(" x ")}). Calculated output size per channel: (${
          out.join(" x ")
        }). Output size is too small (${operation})`,
      );
    }
    const y = runTransposed(x, w, b, [x.sizes[0], outputs, ...out], g);
    return record("ConvolutionBackward0", y, [x, w, b], [x, w], (dy, [x, w], needs) => [
      needs[0] ? forward(dy, w, x.sizes, g) : null,
      needs[1] ? backwardWeight(x, dy, w.sizes, g) : null,
      needs[2] ? biasGradient(dy) : null,
    ]);
  });
}
