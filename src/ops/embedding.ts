/**
 * Rows of a table by index.
 *
 * @module
 */
import { scatter } from "../../ffi/symbols.ts";
import { type Arguments, inOrder, named, type Trailing } from "../arguments.ts";
import { record } from "../autograd/node.ts";
import { noGrad } from "../autograd/mode.ts";
import { float32, int32, int64 } from "../dtype.ts";
import { tensorTypes } from "../format.ts";
import { empty, isHalf } from "../make.ts";
import { formatSizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul } from "./arithmetic.ts";
import { castTo, checkDevices } from "./elementwise.ts";
import { fill_ } from "./fill.ts";
import { putRows, takeRows, wrapIndices } from "./gather.ts";
import { index } from "./index.ts";
import { reshape, select, unsqueeze } from "./movement.ts";
import { pNorm } from "./response_norm.ts";
import { dense } from "./strided.ts";
import { where } from "./where.ts";

/** Options of {@linkcode embedding}. */
export interface EmbeddingOptions {
  /** A row that gets no gradient. Default: none. */
  paddingIdx?: number | null;
  /** Rows with a larger norm are scaled down to it, in place. Default: none. */
  maxNorm?: number | null;
  /** Which norm that is. Default: 2. */
  normType?: number;
  /** Whether gradients are divided by how often a row occurs. Default: false. */
  scaleGradByFreq?: boolean;
  /** Accepted for PyTorch's sake: gradients are always dense. Default: false. */
  sparse?: boolean;
}

/** Refuses indices that are no integers, and a table that is none. @internal */
export function checkIndices(operation: string, x: Tensor, weight: Tensor): void {
  if (x.dtype !== int64 && x.dtype !== int32) {
    throw new TypeError(
      `Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got ${
        tensorTypes[x.dtype.name]
      } ` +
        `instead (while checking arguments for ${operation})`,
    );
  }
  if (weight.ndim !== 2) {
    throw new RangeError(`'weight' must be 2-D (${operation}: it is ${formatSizes(weight.sizes)})`);
  }
}

/** The row of `weight` for each index. `padding` is −1 for none. */
export function takeEmbedding(x: Tensor, weight: Tensor, padding: number, byFrequency: boolean): Tensor {
  checkIndices("embedding", x, weight);
  // Unlike elsewhere, they do not count from the end.
  if (x.count > 0 && x.amin().item() < 0) {
    throw new RangeError("index out of range in self: one is negative (embedding)");
  }
  const rows = wrapIndices("embedding", x, weight.sizes[0], 0);
  return take(rows, weight, padding, byFrequency);
}

function take(rows: Tensor, weight: Tensor, padding: number, byFrequency: boolean): Tensor {
  const y = takeRows(dense(weight), rows, [...rows.sizes, weight.sizes[1]]);
  return record("EmbeddingBackward0", y, [weight], [rows], (dy, [rows]) => [
    embeddingBackward(dy, rows, weight.sizes[0], padding, byFrequency),
  ]);
}

/** Adds the gradients of equal rows. */
function embeddingBackward(dy: Tensor, rows: Tensor, count: number, padding: number, byFrequency: boolean): Tensor {
  const width = dy.sizes[dy.ndim - 1];
  const grad = byFrequency ? mul(dy, unsqueeze(frequency(rows, count, dy), -1)) : dy;
  const dw = empty([count, width], dy.dtype, dy.device);
  fill_(dw, 0);
  putRows(scatter.add, dw, rows, grad.detached(), width);
  if (padding >= 0) fill_(select(dw.detached(), 0, padding), 0);
  return record("EmbeddingDenseBackwardBackward0", dw, [grad], [rows], (g, [rows]) => {
    if (padding >= 0) g = g.clone().indexPut_([padding], 0);
    return [take(rows, g, padding, false)];
  });
}

/** One over the number of times that each index occurs. @internal */
export function frequency(rows: Tensor, count: number, like: Tensor): Tensor {
  const counts = reshape(rows, [-1]).bincount(null, count);
  return div(1, castTo(takeRows(reshape(counts, [-1, 1]), rows, rows.sizes), like.dtype));
}

/** The index counted from the front, or −1. @internal */
export function paddingRow(operation: string, padding: number | null | undefined, count: number): number {
  if (padding === null || padding === undefined) return -1;
  if (padding < -count || padding >= count) {
    throw new RangeError(`${operation}: Padding_idx must be within num_embeddings (${padding}, ${count})`);
  }
  return padding < 0 ? padding + count : padding;
}

/** Scales rows whose norm is too large, in place. @internal */
export function renorm_(weight: Tensor, x: Tensor, maxNorm: number, p: number): void {
  noGrad(() => {
    const used = reshape(x, [-1]).unique();
    const rows = index(weight.detached(), [used]);
    const wide = isHalf(rows.dtype) ? castTo(rows, float32) : rows;
    // A norm is a number of the rows' type.
    const norms = castTo(castTo(pNorm(wide, p, 1, true), rows.dtype), wide.dtype);
    const factor = where(norms.gt(maxNorm), div(maxNorm, add(norms, 1e-7)), 1);
    weight.indexPut_([used], castTo(mul(wide, factor), rows.dtype));
  });
}

/**
 * The rows of `weight` `[count, width]` that x lists: `[…]` becomes `[…, width]`.
 *
 * @throws {RangeError} When an index is out of range.
 */
export function embedding(
  x: Tensor,
  ...given: Arguments<
    [weight: Tensor],
    [
      paddingIdx: number | null,
      maxNorm: number | null,
      normType: number,
      scaleGradByFreq: boolean,
      sparse: boolean,
    ],
    { weight: Tensor },
    EmbeddingOptions
  >
): Tensor {
  const [weight, ...rest] = inOrder("embedding", given, ["weight"]);
  const names = ["paddingIdx", "maxNorm", "normType", "scaleGradByFreq", "sparse"] as const;
  const o = named<EmbeddingOptions>("embedding", rest, names);
  checkDevices("embedding", x, weight);
  const padding = paddingRow("embedding", o.paddingIdx, weight.sizes[0]);
  if (o.maxNorm !== undefined && o.maxNorm !== null) renorm_(weight, x, o.maxNorm, o.normType ?? 2);
  return takeEmbedding(x, weight, padding, o.scaleGradByFreq ?? false);
}

/**
 * A row of zeros with a one for each class: `[…]` becomes `[…, classes]`, int64.
 *
 * @throws {RangeError} When a class is negative or too large.
 */
export function oneHot(x: Tensor, ...rest: Trailing<[numClasses: number], { numClasses?: number }>): Tensor {
  const given = named<{ numClasses?: number }>("one_hot", rest, ["numClasses"]).numClasses ?? -1;
  if (x.dtype !== int64) throw new TypeError("one_hot is only applicable to index tensor of type LongTensor.");
  if (x.count === 0 && given <= 0) throw new RangeError("Can not infer total number of classes from empty tensor.");
  const low = x.count === 0 ? 0 : x.amin().item(), high = x.count === 0 ? -1 : x.amax().item();
  if (low < 0) throw new RangeError("Class values must be non-negative.");
  const classes = given === -1 ? high + 1 : given;
  if (high >= classes) throw new RangeError("Class values must be smaller than num_classes.");
  const y = empty([...x.sizes, classes], int64, x.device);
  fill_(y, 0);
  return y.scatter_(-1, unsqueeze(x, -1), 1);
}
