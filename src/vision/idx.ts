/**
 * The IDX format of the MNIST family: two zero bytes, a type code, the rank, the sizes as big-endian 32-bit
 * integers, then the values (http://yann.lecun.com/exdb/mnist/).
 *
 * @module
 */

/** The contents of an IDX file of unsigned bytes. */
export interface IdxArray {
  /** Sizes, outermost first. */
  readonly shape: number[];
  /** The values, a view into the bytes that were parsed. */
  readonly data: Uint8Array<ArrayBuffer>;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads the bytes of an IDX file.
 *
 * @param bytes The whole file.
 * @param name What error messages call it, usually its path.
 * @param rank How many dimensions it must have: 3 for images, 1 for labels.
 * @returns The sizes, and the values without copying them.
 * @throws {RangeError} If the file is no IDX file, of another type or rank, truncated or too long.
 */
export function parseIdx(bytes: Uint8Array<ArrayBuffer>, name: string, rank: number): IdxArray {
  const header = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join(" ");
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    throw new RangeError(
      `${name} is not an IDX file: it begins with ${header || "nothing"}, expected 00 00 08 0${rank}`,
    );
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new RangeError(
      `${name}: its values have the IDX type 0x${header.slice(6, 8)}, expected 0x08 (unsigned bytes)`,
    );
  }
  if (bytes[3] !== rank) {
    const hint = rank === 3 ? "images" : "labels";
    throw new RangeError(`${name} has ${bytes[3]} dimension(s), but a file of ${hint} has ${rank}`);
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new RangeError(`${name} is truncated: ${bytes.length} bytes, but its header alone takes ${start}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = start + shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== expected) {
    const problem = bytes.length < expected ? "is truncated" : "has bytes left over";
    throw new RangeError(
      `${name} ${problem}: ${bytes.length} bytes, but its header promises ${shape.join("×")} values in ${expected}`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}
