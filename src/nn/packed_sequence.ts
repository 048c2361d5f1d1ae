/**
 * Sequences of different lengths in one batch: `nn.utils.rnn`.
 *
 * @module
 */
import { checkOptions } from "../check.ts";
import { cpu, type Device } from "../device.ts";
import { int64 } from "../dtype.ts";
import { empty } from "../make.ts";
import { cat } from "../ops/join.ts";
import { indexSelect } from "../ops/gather.ts";
import { narrow, select, transpose } from "../ops/movement.ts";
import { pad } from "../ops/pad.ts";
import { stack } from "../ops/join.ts";
import type { Tensor } from "../tensor.ts";

/** Sequences without their padding, step after step; the longest come first in each step. */
export class PackedSequence {
  /** `[all elements, …]`. */
  readonly data: Tensor;
  /** How many sequences have each step, int64. */
  readonly batchSizes: Tensor;
  /** Where the sequences were before they were sorted by length; `null` if they were not sorted. */
  readonly sortedIndices: Tensor | null;
  /** Where the sorted sequences belong. */
  readonly unsortedIndices: Tensor | null;

  /** For {@linkcode packPaddedSequence} and layers. */
  constructor(
    data: Tensor,
    batchSizes: Tensor,
    sortedIndices: Tensor | null = null,
    unsortedIndices: Tensor | null = null,
  ) {
    this.data = data;
    this.batchSizes = batchSizes;
    this.sortedIndices = sortedIndices;
    this.unsortedIndices = unsortedIndices;
  }

  /** How many sequences have each step. @internal */
  get sizes(): number[] {
    return Array.from(this.batchSizes.toTypedArray() as BigInt64Array, Number);
  }
}

/** An int64 vector. @internal */
export function indices(values: readonly number[], device: Device = cpu): Tensor {
  const x = empty([values.length], int64, device);
  x.storage.write(BigInt64Array.from(values, BigInt));
  return x;
}

/** Options of {@linkcode packPaddedSequence}. */
export interface PackOptions {
  /** Whether x is `[batch, steps, …]`. Default: false, `[steps, batch, …]`. */
  batchFirst?: boolean;
  /** Whether the longest sequences come first already. Default: true. */
  enforceSorted?: boolean;
}

/**
 * Packs padded sequences x `[steps, batch, …]` of the given lengths.
 *
 * @throws {RangeError} When the lengths do not fit, or are not sorted where they should be.
 */
export function packPaddedSequence(
  x: Tensor,
  lengths: readonly number[] | Tensor,
  options: PackOptions = {},
): PackedSequence {
  checkOptions("pack_padded_sequence", options, ["batchFirst", "enforceSorted"]);
  const given = Array.isArray(lengths) ? lengths as number[] : (lengths as Tensor).tolist() as number[];
  let padded = options.batchFirst ? transpose(x, 0, 1) : x;
  const batch = padded.sizes[1];
  if (given.length !== batch) {
    throw new RangeError(
      `Expected \`len(lengths)\` to be equal to batch_size, but got ${given.length} (batch_size=${batch})`,
    );
  }
  if (given.some((n) => n <= 0)) {
    throw new RangeError(
      "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0",
    );
  }
  let order: number[] | null = null;
  let sorted = given;
  if (options.enforceSorted ?? true) {
    if (given.some((n, i) => i > 0 && n > given[i - 1])) {
      throw new RangeError(
        "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass " +
          "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not " +
          "need ONNX exportability.",
      );
    }
  } else {
    order = given.map((_, i) => i).sort((a, b) => given[b] - given[a]);
    sorted = order.map((i) => given[i]);
    padded = indexSelect(padded, 1, indices(order, padded.device));
  }
  if (sorted[0] > padded.sizes[0]) {
    throw new RangeError(`Expected sequences of at most ${padded.sizes[0]} steps, but one has length ${sorted[0]}`);
  }
  const sizes = Array.from({ length: sorted[0] }, (_, t) => sorted.filter((n) => n > t).length);
  const data = cat(sizes.map((n, t) => narrow(select(padded, 0, t), 0, 0, n)), 0);
  if (order === null) return new PackedSequence(data, indices(sizes));
  const back = new Array<number>(batch);
  order.forEach((from, to) => back[from] = to);
  return new PackedSequence(data, indices(sizes), indices(order, data.device), indices(back, data.device));
}

/** Options of {@linkcode padPackedSequence}. */
export interface UnpackOptions {
  /** Whether the result is `[batch, steps, …]`. Default: false. */
  batchFirst?: boolean;
  /** What stands behind the ends. Default: 0. */
  paddingValue?: number;
  /** The number of steps of the result. Default: that of the longest sequence. */
  totalLength?: number | null;
}

/** The reverse of {@linkcode packPaddedSequence}: the padded sequences, and their lengths. */
export function padPackedSequence(sequence: PackedSequence, options: UnpackOptions = {}): [Tensor, Tensor] {
  checkOptions("pad_packed_sequence", options, ["batchFirst", "paddingValue", "totalLength"]);
  const { sizes } = sequence, batch = sizes[0], total = options.totalLength ?? sizes.length;
  if (total < sizes.length) {
    throw new RangeError(
      `Expected total_length to be at least the length of the longest sequence in input, but got total_length=${total} and ` +
        `max sequence length being ${sizes.length}`,
    );
  }
  const { data, unsortedIndices } = sequence, value = options.paddingValue ?? 0;
  const rest = new Array<number>(2 * (data.ndim - 1)).fill(0);
  let at = 0;
  const steps = sizes.map((n) => {
    const rows = narrow(data, 0, at, n);
    at += n;
    return n === batch ? rows : pad(rows, [...rest, 0, batch - n], "constant", value);
  });
  let padded = stack(steps, 0);
  if (total > sizes.length) padded = pad(padded, [...rest, 0, 0, 0, total - sizes.length], "constant", value);
  let lengths = indices(Array.from({ length: batch }, (_, b) => sizes.filter((n) => n > b).length));
  if (unsortedIndices !== null) {
    padded = indexSelect(padded, 1, unsortedIndices);
    lengths = indexSelect(lengths, 0, unsortedIndices.to(cpu));
  }
  return [options.batchFirst ? transpose(padded, 0, 1) : padded, lengths];
}

/** Options of {@linkcode padSequence}. */
export interface PadSequenceOptions {
  /** Whether the result is `[batch, steps, …]`. Default: false. */
  batchFirst?: boolean;
  /** What fills up. Default: 0. */
  paddingValue?: number;
  /** Which side is filled up. Default: `"right"`. */
  paddingSide?: "left" | "right";
}

/** Sequences `[steps, …]` of different lengths as one tensor. */
export function padSequence(sequences: readonly Tensor[], options: PadSequenceOptions = {}): Tensor {
  checkOptions("pad_sequence", options, ["batchFirst", "paddingValue", "paddingSide"]);
  const longest = Math.max(...sequences.map((s) => s.sizes[0]));
  const left = options.paddingSide === "left";
  const filled = sequences.map((s) => {
    const missing = longest - s.sizes[0], rest = new Array<number>(2 * (s.ndim - 1)).fill(0);
    return pad(s, [...rest, left ? missing : 0, left ? 0 : missing], "constant", options.paddingValue ?? 0);
  });
  return stack(filled, options.batchFirst ? 0 : 1);
}

/** The reverse of {@linkcode padSequence}. */
export function unpadSequence(
  x: Tensor,
  lengths: readonly number[] | Tensor,
  options: { batchFirst?: boolean } = {},
): Tensor[] {
  checkOptions("unpad_sequence", options, ["batchFirst"]);
  const given = Array.isArray(lengths) ? lengths as number[] : (lengths as Tensor).tolist() as number[];
  return given.map((n, b) => narrow(select(x, options.batchFirst ? 0 : 1, b), 0, 0, n));
}

/** Packs sequences `[steps, …]` of different lengths. */
export function packSequence(
  sequences: readonly Tensor[],
  options: { enforceSorted?: boolean } = {},
): PackedSequence {
  return packPaddedSequence(padSequence(sequences), sequences.map((s) => s.sizes[0]), options);
}

/** The sequences of a {@linkcode PackedSequence}. */
export function unpackSequence(packed: PackedSequence): Tensor[] {
  const [padded, lengths] = padPackedSequence(packed);
  return unpadSequence(padded, lengths);
}
