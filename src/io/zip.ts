/**
 * ZIP archives whose entries are stored as they are, which is what `torch.save` writes.
 *
 * @module
 */
import { crc32 } from "node:zlib";

const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50;
/** Flag: names are UTF-8. */
const UTF8 = 0x800;
/** The id of the extra field that only pads, as PyTorch's writer uses it. */
const PADDING = 0x4246;
/** Where the contents of entries begin: at multiples of this, so that a file can be mapped. */
const ALIGNMENT = 64;

/** The bytes of an archive. */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], central: Uint8Array[] = [];
  let at = 0;
  for (const [name, data] of entries) {
    const path = new TextEncoder().encode(name), sum = crc32(data);
    const bare = at + 30 + path.length + 4, pad = (ALIGNMENT - bare % ALIGNMENT) % ALIGNMENT;
    const local = new Uint8Array(30 + path.length + 4 + pad), view = new DataView(local.buffer);
    view.setUint32(0, LOCAL, true);
    describe(view, 6, sum, data.length, path.length);
    view.setUint16(28, 4 + pad, true);
    local.set(path, 30);
    view.setUint16(30 + path.length, PADDING, true);
    view.setUint16(32 + path.length, pad, true);
    const entry = new Uint8Array(46 + path.length), row = new DataView(entry.buffer);
    row.setUint32(0, CENTRAL, true);
    describe(row, 8, sum, data.length, path.length);
    row.setUint32(42, at, true);
    entry.set(path, 46);
    central.push(entry);
    parts.push(local, data);
    at += local.length + data.length;
  }
  const size = central.reduce((sum, c) => sum + c.length, 0);
  if (at + size > 0xffffffff) throw new RangeError("save: more than 4 GiB do not fit into one file");
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, central.length, true);
  end.setUint16(10, central.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  const bytes = new Uint8Array(at + size + 22);
  let offset = 0;
  for (const part of [...parts, ...central, new Uint8Array(end.buffer)]) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The fields that a local header and a row of the directory share: flags, method 0, time, checksum, sizes. */
function describe(view: DataView, at: number, sum: number, size: number, path: number): void {
  view.setUint16(at, UTF8, true);
  view.setUint32(at + 8, sum, true);
  view.setUint32(at + 12, size, true);
  view.setUint32(at + 16, size, true);
  view.setUint16(at + 20, path, true);
}

/**
 * The entries of an archive, as windows of its bytes.
 *
 * @throws {RangeError} When the bytes are no such archive, or truncated.
 */
export function readZip(bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The directory's end is followed by a comment of at most 65535 bytes.
  let end = bytes.length - 22;
  const first = Math.max(0, end - 0xffff);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw new RangeError("load: not a file of torch.save, or truncated: it has no ZIP directory");
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    let at = view.getUint32(end + 16, true);
    for (let i = view.getUint16(end + 10, true); i > 0; i--) {
      if (view.getUint32(at, true) !== CENTRAL) throw new RangeError("load: the file's ZIP directory is damaged");
      const method = view.getUint16(at + 10, true), size = view.getUint32(at + 20, true);
      const [path, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + path));
      if (method !== 0) throw new RangeError(`load: the entry ${name} is compressed, which torch.save does not do`);
      const local = view.getUint32(at + 42, true);
      const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (begin + size > bytes.length) throw new RangeError(`load: the entry ${name} is truncated`);
      const data = bytes.subarray(begin, begin + size);
      if (crc32(data) !== view.getUint32(at + 16, true)) {
        throw new RangeError(`load: the entry ${name} is damaged: its checksum does not match`);
      }
      entries.set(name, data);
      at += 46 + path + extra + comment;
    }
  } catch (cause) {
    if (cause instanceof RangeError && cause.message.startsWith("load:")) throw cause;
    throw new RangeError("load: the file's ZIP directory is damaged", { cause });
  }
  return entries;
}
