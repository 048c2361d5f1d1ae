/**
 * Images sampled at the points of a grid, and the grids of affine maps.
 *
 * @module
 */
import { grid as codes } from "../../ffi/symbols.ts";
import { type Arguments, inOrder, named, type Trailing } from "../arguments.ts";
import { mode } from "../autograd/mode.ts";
import { record } from "../autograd/node.ts";
import { float64 } from "../dtype.ts";
import { empty, isHalf, throughFloat32 } from "../make.ts";
import { meta, metaPtr } from "../scratch.ts";
import { formatSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkDevices, unsupported } from "./elementwise.ts";
import { composedGradients, type Sampling } from "./grid_sample_gradient.ts";
import { stack } from "./join.ts";
import { matmul } from "./matmul.ts";
import { expand, reshape, transpose } from "./movement.ts";
import { underName } from "./node_name.ts";
import { dense } from "./strided.ts";

/** Options of {@linkcode gridSample}. */
export interface GridSampleOptions {
  /** How values between pixels come about; `"bicubic"` for images of two dimensions. Default: `"bilinear"`. */
  mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside of the image. Default: `"zeros"`. */
  paddingMode?: "zeros" | "border" | "reflection";
  /** Whether −1 and 1 are the centres of the corner pixels, not their outer edges. Default: false. */
  alignCorners?: boolean | null;
}

const modes: Record<string, number> = { bilinear: codes.linear, nearest: codes.nearest, bicubic: codes.cubic };
const paddings: Record<string, number> = { zeros: codes.zeros, border: codes.border, reflection: codes.reflection };

/** Fills the kernels' description. */
function describe(image: Sizes, grid: Sizes): void {
  const dims = image.length - 2;
  const flat = dims === 2 ? [1] : [];
  [image[0], image[1], dims, ...flat, ...image.slice(2), ...flat, ...grid.slice(1, -1)].forEach((v, i) => meta[i] = v);
}

function sample(x: Tensor, grid: Tensor, s: Sampling): Tensor {
  const image = dense(x), points = dense(grid), dims = x.ndim - 2;
  const y = empty([x.sizes[0], x.sizes[1], ...grid.sizes.slice(1, -1)], x.dtype, x.device);
  describe(image.sizes, points.sizes);
  if (y.count > 0) {
    const { kernels, dtype, ptr } = y;
    if (kernels.gridSample(dtype.code, ptr, image.ptr, points.ptr, s.mode, s.padding, s.align, metaPtr) !== 0) {
      throw unsupported("grid_sampler", x.dtype);
    }
  }
  return record(`GridSampler${dims}DBackward0`, y, [x, grid], [image, points], (dy, [image, points], needs) => {
    if (!mode.enabled) return gradients(dy, image, points, s, needs);
    const name = `GridSampler${dims}DBackwardBackward0`;
    return composedGradients(dy, image, points, s, needs).map((g) => g && underName(name, g));
  });
}

function gradients(dy: Tensor, x: Tensor, grid: Tensor, s: Sampling, needs: boolean[]): (Tensor | null)[] {
  const g = dense(dy);
  const dx = needs[0] ? empty(x.sizes, x.dtype, x.device) : null;
  const dgrid = needs[1] ? empty(grid.sizes, x.dtype, x.device) : null;
  describe(x.sizes, grid.sizes);
  g.kernels.gridSampleBackward(
    g.dtype.code,
    dx === null ? null : dx.ptr,
    dgrid === null ? null : dgrid.ptr,
    g.ptr,
    x.ptr,
    grid.ptr,
    s.mode,
    s.padding,
    s.align,
    metaPtr,
  );
  return [dx, dgrid];
}

function checkShapes(x: Tensor, grid: Tensor, mode: string): void {
  checkDevices("grid_sampler", x, grid);
  const shapes = `input ${formatSizes(x.sizes)}, grid ${formatSizes(grid.sizes)}`;
  if (x.dtype !== grid.dtype) {
    throw new TypeError(
      `grid_sampler(): expected input and grid to have same dtype, but input has ${x.dtype.name} and grid has ` +
        `${grid.dtype.name}`,
    );
  }
  if (x.ndim !== 4 && x.ndim !== 5 || x.ndim !== grid.ndim) {
    throw new RangeError(
      "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes " +
        `${formatSizes(x.sizes)} and grid with sizes ${formatSizes(grid.sizes)}`,
    );
  }
  if (x.sizes[0] !== grid.sizes[0]) {
    throw new RangeError(`grid_sampler(): expected grid and input to have same batch size, but got ${shapes}`);
  }
  if (grid.sizes[grid.ndim - 1] !== x.ndim - 2) {
    throw new RangeError(
      `grid_sampler(): expected grid to have size ${x.ndim - 2} in last dimension, but got grid with sizes ` +
        formatSizes(grid.sizes),
    );
  }
  if (x.sizes.slice(2).some((s) => s === 0)) {
    throw new RangeError(
      `grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes ${
        formatSizes(x.sizes)
      }`,
    );
  }
  if (mode === "bicubic" && x.ndim !== 4) {
    throw new RangeError("grid_sampler(): bicubic interpolation only supports 4D input");
  }
}

/**
 * The values of an image at the points of a grid, whose coordinates run from −1 to 1 with the innermost first.
 *
 * Shape: x `[batch, channels, height, width]`, grid `[batch, outHeight, outWidth, 2]`; or one dimension more of each.
 *
 * @throws {RangeError} When the shapes do not fit.
 * @example
 * ```ts
 * import { F, tensor } from "@raptorch/raptorch";
 * const image = tensor([[[[0, 1], [2, 3]]]]);
 * const centre = F.gridSample(image, tensor([[[[0, 0]]]]), { alignCorners: false });
 * console.assert(centre.item() === 1.5);
 * ```
 */
export function gridSample(
  x: Tensor,
  ...given: Arguments<
    [grid: Tensor],
    [
      mode: "bilinear" | "nearest" | "bicubic",
      paddingMode: "zeros" | "border" | "reflection",
      alignCorners: boolean | null,
    ],
    { grid: Tensor },
    GridSampleOptions
  >
): Tensor {
  const [grid, ...rest] = inOrder("grid_sample", given, ["grid"]);
  const o = named<GridSampleOptions>("grid_sample", rest, ["mode", "paddingMode", "alignCorners"]);
  const { mode = "bilinear", paddingMode = "zeros" } = o;
  if (!(mode in modes)) {
    throw new TypeError(
      `nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '${mode}'`,
    );
  }
  if (!(paddingMode in paddings)) {
    throw new TypeError(
      "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: " +
        `'${paddingMode}'`,
    );
  }
  checkShapes(x, grid, mode);
  if (isHalf(x.dtype)) return throughFloat32(x, (x) => gridSample(x, grid.to(x.dtype), o));
  return sample(x, grid, { mode: modes[mode], padding: paddings[paddingMode], align: o.alignCorners ? 1 : 0 });
}

/** n coordinates from −1 to 1: of the outermost pixels' centres with `align`, else of their edges. */
function line(n: number, align: boolean, like: Tensor): Tensor {
  const x = empty([n], float64, like.device), edge = align ? 1 : (n - 1) / n;
  if (n === 1) x.kernels.fill(x.dtype.code, x.ptr, n, 0);
  else if (n > 1) x.kernels.linspace(x.dtype.code, x.ptr, n, -edge, edge);
  return x.to(like.dtype);
}

/**
 * The grid for {@linkcode gridSample} that an affine map takes the points of the result to.
 *
 * Shape: theta `[batch, 2, 3]` for size `[batch, channels, height, width]`, `[batch, 3, 4]` with a depth; the result
 * `[batch, height, width, 2]` or `[batch, depth, height, width, 3]`.
 *
 * @throws {RangeError} When the shapes do not fit.
 * @example
 * ```ts
 * import { F, tensor } from "@raptorch/raptorch";
 * const identity = tensor([[[1, 0, 0], [0, 1, 0]]]);
 * const grid = F.affineGrid(identity, [1, 1, 2, 2], { alignCorners: true });
 * console.assert(String(grid.get(0, 0, 0).tolist()) === "-1,-1");
 * ```
 */
export function affineGrid(
  theta: Tensor,
  size: Sizes,
  ...rest: Trailing<[alignCorners: boolean | null], { alignCorners?: boolean | null }>
): Tensor {
  const o = named<{ alignCorners?: boolean | null }>("affine_grid", rest, ["alignCorners"]);
  if (!theta.dtype.isFloatingPoint) {
    throw new TypeError(`Expected theta to have floating point type, but got ${theta.dtype}`);
  }
  const dims = size.length - 2;
  if (dims !== 2 && dims !== 3) {
    throw new RangeError(
      "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size " +
        `torch.Size(${formatSizes(size)})`,
    );
  }
  if (
    theta.ndim !== 3 || theta.sizes[0] !== size[0] || theta.sizes[1] !== dims || theta.sizes[2] !== dims + 1
  ) {
    throw new RangeError(
      `Expected a batch of ${dims}D affine matrices of shape Nx${dims}x${dims + 1} for size torch.Size(${
        formatSizes(size)
      }). Got torch.Size(${formatSizes(theta.sizes)}).`,
    );
  }
  if (size.some((s) => !(s > 0))) {
    throw new RangeError(`Expected non-zero, positive output size. Got torch.Size(${formatSizes(size)})`);
  }
  if (isHalf(theta.dtype)) return throughFloat32(theta, (t) => affineGrid(t, size, o));
  const spatial = size.slice(2), align = o.alignCorners ?? false;
  const axes = spatial.map((n, d) => {
    const x = line(n, align, theta);
    return expand(reshape(x, spatial.map((_, e) => e === d ? n : 1)), spatial);
  }).reverse();
  const ones = empty(spatial, theta.dtype, theta.device).fill_(1);
  const base = reshape(stack([...axes, ones], -1), [1, -1, dims + 1]);
  const grid = reshape(matmul(base, transpose(theta, 1, 2)), [size[0], ...spatial, dims]);
  return underName("AffineGridGeneratorBackward0", grid);
}
