/**
 * Sums, means and maxima of bags of rows of a table.
 *
 * @module
 */
import { bag as code } from "../../ffi/symbols.ts";
import { type Call, inOrder, named, type OptionsOf, type Trailing } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { float32, int32, int64 } from "../dtype.ts";
import { empty, isHalf, throughFloat32 } from "../make.ts";
import { arange } from "../ranges.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { castTo, checkDevices } from "./elementwise.ts";
import { checkIndices, type EmbeddingOptions, frequency, paddingRow, renorm_ } from "./embedding.ts";
import { fill_, scalarTensor } from "./fill.ts";
import { scatterAdd, wrapIndices } from "./gather.ts";
import { cat } from "./join.ts";
import { narrow, reshape } from "./movement.ts";
import { underName } from "./node_name.ts";
import { dense } from "./strided.ts";

/** How {@linkcode embeddingBag} joins the rows of a bag. */
export type BagMode = "sum" | "mean" | "max";

/** Options of {@linkcode embeddingBag}. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Where each bag begins in a one-dimensional x. */
  offsets?: Tensor | null;
  /** How rows are joined. Default: `"mean"`. */
  mode?: BagMode;
  /** A factor for each index, for `"sum"` only. Default: none. */
  perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag. Default: false. */
  includeLastOffset?: boolean;
}

/** The arguments behind x and the table. */
export type BagArguments = Trailing<
  [
    offsets: Tensor | null,
    maxNorm: number | null,
    normType: number,
    scaleGradByFreq: boolean,
    mode: BagMode,
    sparse: boolean,
    perSampleWeights: Tensor | null,
    includeLastOffset: boolean,
    paddingIdx: number | null,
  ],
  EmbeddingBagOptions
>;

/** Which rows lie in which bags: what the kernels read. */
interface Bags {
  /** int64 `[n]`: the rows. */
  index: Tensor;
  /** int64 `[count + 1]`: where each bag begins in `index`, and where the last one ends. */
  starts: Tensor;
  count: number;
  /** How many rows the table has. */
  rows: number;
  /** The row that is left out, or −1. */
  padding: number;
  mean: boolean;
}

/**
 * Sums, means or maxima of the rows of `weight` `[count, width]` that the bags in x list: `[bags, width]`, with zeros for
 * an empty bag. A two-dimensional x has a bag in each row; a one-dimensional one has them behind each other, the
 * `offsets` saying where they begin.
 *
 * ```ts
 * import { nn, tensor } from "@raptorch/raptorch";
 * const weight = tensor([[1, 2], [3, 4], [5, 6]]);
 * const y = nn.functional.embeddingBag(tensor([0n, 2n, 1n]), weight, tensor([0n, 2n]), { mode: "sum" });
 * console.log(y.tolist()); // [[6, 8], [3, 4]]
 * ```
 *
 * @throws {RangeError} When an index or an offset is out of range, or sizes do not fit together.
 */
export function embeddingBag(
  x: Tensor,
  ...given: Call<[weight: Tensor, ...rest: BagArguments], { weight: Tensor } & OptionsOf<BagArguments>>
): Tensor {
  const [weight, ...rest] = inOrder("embedding_bag", given, ["weight"]);
  const o = named<EmbeddingBagOptions>("embedding_bag", rest, [
    "offsets",
    "maxNorm",
    "normType",
    "scaleGradByFreq",
    "mode",
    "sparse",
    "perSampleWeights",
    "includeLastOffset",
    "paddingIdx",
  ]);
  checkCall(x, weight, o);
  if (o.maxNorm !== undefined && o.maxNorm !== null) renorm_(weight, x, o.maxNorm, o.normType ?? 2);
  return join(x, weight, o);
}

function join(x: Tensor, weight: Tensor, o: EmbeddingBagOptions): Tensor {
  const scale = o.perSampleWeights ?? null;
  if (isHalf(weight.dtype)) {
    const wide = { ...o, perSampleWeights: scale && scale.to(float32) };
    return underName("EmbeddingBagBackward0", throughFloat32(weight, (weight) => join(x, weight, wide)));
  }
  const rows = weight.sizes[0], padding = paddingRow("embedding_bag", o.paddingIdx, rows);
  if (x.count > 0 && x.amin().item() < 0) {
    throw new RangeError(`embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be ${x.amin()}`);
  }
  const index = wrapIndices("embedding_bag", reshape(x, [-1]), rows, 0);
  const starts = x.ndim === 2
    ? mul(arange(x.sizes[0] + 1, { device: x.device }), x.sizes[1])
    : startsOf(o.offsets!, x.count, o.includeLastOffset ?? false);
  const bags = { index, starts, count: starts.count - 1, rows, padding, mean: (o.mode ?? "mean") === "mean" };
  if (o.mode === "max") return maxima(weight, bags);
  const often = o.scaleGradByFreq ? frequency(index, rows, weight.detached()) : null;
  return sums(weight, scale && reshape(scale, [-1]), bags, often, "EmbeddingBagBackward0");
}

function checkCall(x: Tensor, weight: Tensor, o: EmbeddingBagOptions): void {
  const { offsets = null, mode = "mean", perSampleWeights = null } = o;
  if (weight.ndim !== 2) {
    throw new RangeError(`weight has to be a 2D Tensor, but got Tensor of dimension ${weight.ndim}`);
  }
  if (x.ndim === 2 && offsets !== null) {
    throw new RangeError(
      "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. " +
        `However, found offsets of type ${offsets.dtype}`,
    );
  }
  if (x.ndim === 1 && offsets === null) throw new RangeError("offsets has to be a 1D Tensor but got null");
  if (x.ndim === 1 && offsets!.ndim !== 1) throw new RangeError("offsets has to be a 1D Tensor");
  if (x.ndim !== 1 && x.ndim !== 2) {
    throw new RangeError(`input has to be 1D or 2D Tensor, but got Tensor of dimension ${x.ndim}`);
  }
  if (!["sum", "mean", "max"].includes(mode)) throw new TypeError("mode has to be one of sum, mean or max");
  if (mode === "max" && o.scaleGradByFreq) {
    throw new RangeError("max mode does not support scaling the gradient by the frequency");
  }
  if (mode === "max" && o.sparse) throw new RangeError("max mode does not support sparse weights");
  if (perSampleWeights !== null && mode !== "sum") {
    throw new Error(
      `embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode='${mode}').`,
    );
  }
  if (perSampleWeights !== null && !sameSizes(perSampleWeights.sizes, x.sizes)) {
    throw new RangeError(
      `embedding_bag: If per_sample_weights (${formatSizes(perSampleWeights.sizes)}) is not None, then it must have ` +
        `the same shape as the input (${formatSizes(x.sizes)})`,
    );
  }
  checkIndices("embedding_bag", x, weight);
  if (offsets !== null) checkIndices("embedding_bag", offsets, weight);
  if (perSampleWeights !== null && perSampleWeights.dtype !== weight.dtype) {
    throw new TypeError(
      "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 'per_sample_weights'; " +
        `but type ${weight.dtype} does not equal ${perSampleWeights.dtype} (while checking arguments for embedding_bag)`,
    );
  }
  checkDevices("embedding_bag", weight, x, offsets, perSampleWeights);
}

/** Where bags begin and the last one ends, in order and within the n indices. */
function startsOf(offsets: Tensor, n: number, includeLast: boolean): Tensor {
  const given = dense(castTo(offsets, int64));
  if (includeLast && given.count === 0) {
    throw new RangeError("include_last_offset: number of offset should be at least 1");
  }
  const starts = includeLast ? given : cat([given, scalarTensor(given.detached(), n).view([1])]);
  const first = starts.index([0]).item(), last = given.count === 0 ? 0 : given.index([-1]).item();
  if (given.count > 0 && first !== 0) {
    throw new RangeError(
      `offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got ${first}`,
    );
  }
  if (last > n) {
    throw new RangeError(
      `offsets[-1] can not be greater than input's length ${n} but got offsets[-1] of ${last} (embedding_bag)`,
    );
  }
  const bags = starts.count - 1;
  if (bags > 0 && narrow(starts, 0, 1, bags).lt(narrow(starts, 0, 0, bags)).any().item()) {
    throw new RangeError("embedding_bag: offsets have to be in ascending order");
  }
  return starts;
}

const isMean = (bags: Bags): number => bags.mean ? code.mean : code.sum;

/**
 * The sum or mean of each bag, with a factor for each index. It is linear in the table, in the factors and, seen from
 * behind, in dy: the three derivatives below are each other's. `often` scales the table's gradient alone.
 */
function sums(weight: Tensor, factor: Tensor | null, bags: Bags, often: Tensor | null, name: string): Tensor {
  const w = dense(weight), f = factor && dense(factor), width = w.sizes[1];
  const y = empty([bags.count, width], w.dtype, w.device);
  const scale = f === null ? null : f.ptr, { index, starts, count, padding } = bags;
  w.kernels.bag(w.dtype.code, isMean(bags), y.ptr, null, w.ptr, index.ptr, starts.ptr, scale, count, width, padding);
  return record(name, y, [weight, factor], [factor && weight, factor], (dy, [weight, factor], needs) => [
    needs[0] ? spread(dy, often === null ? factor : factor === null ? often : mul(factor, often), bags) : null,
    factor !== null && needs[1] ? dots(dy, weight, bags) : null,
  ]);
}

/** The gradient of the table: dy in all rows of its bag. */
function spread(dy: Tensor, factor: Tensor | null, bags: Bags): Tensor {
  const g = dense(dy), f = factor && dense(factor), width = g.sizes[1], { index, starts, count, padding } = bags;
  const dw = empty([bags.rows, width], g.dtype, g.device), scale = f === null ? null : f.ptr;
  fill_(dw, 0);
  g.kernels.bagSpread(
    g.dtype.code,
    isMean(bags),
    dw.ptr,
    g.ptr,
    index.ptr,
    starts.ptr,
    scale,
    index.count,
    count,
    width,
    padding,
  );
  const name = "EmbeddingBagBackwardBackward0";
  return record(name, dw, [dy, factor], [factor && dy, factor], (ddw, [dy, factor], needs) => [
    needs[0] ? sums(ddw, factor, bags, null, name) : null,
    factor !== null && needs[1] ? dots(dy, ddw, bags) : null,
  ]);
}

/** The gradient of a sum's factors: dy times the row. */
function dots(dy: Tensor, weight: Tensor, bags: Bags): Tensor {
  const g = dense(dy), w = dense(weight), { index, starts, count, padding } = bags;
  const df = empty(index.sizes, g.dtype, g.device), name = "EmbeddingBagPerSampleWeightsBackwardBackward0";
  fill_(df, 0);
  g.kernels.bagDot(g.dtype.code, df.ptr, g.ptr, w.ptr, index.ptr, starts.ptr, count, g.sizes[1], padding);
  return record(name, df, [dy, weight], [dy, weight], (ddf, [dy, weight], needs) => [
    needs[0] ? sums(weight, ddf, bags, null, name) : null,
    needs[1] ? spread(dy, ddf, bags) : null,
  ]);
}

/** The maximum of each bag and column: one row, the first of equals, has all of the gradient. */
function maxima(weight: Tensor, bags: Bags): Tensor {
  const w = dense(weight), width = w.sizes[1], sizes = [bags.count, width], { index, starts, count, padding } = bags;
  const y = empty(sizes, w.dtype, w.device), at = empty(sizes, int32, w.device);
  w.kernels.bag(w.dtype.code, code.max, y.ptr, at.ptr, w.ptr, index.ptr, starts.ptr, null, count, width, padding);
  return record("EmbeddingBagBackward0", y, [weight], [at], (dy, [at]) => {
    const dw = empty([bags.rows, width], dy.dtype, dy.device);
    fill_(dw, 0);
    if (bags.rows === 0) return [dw];
    // An empty bag, whose row is −1, has no gradient.
    return [scatterAdd(dw, 0, castTo(at, int64).clamp(0), mul(dy, castTo(at.ge(0), dy.dtype)))];
  });
}
