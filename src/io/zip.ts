/**
 * ZIP archives, by the npm package zip.js, which is loaded when the first is read or written.
 *
 * @module
 */
type ZipLibrary = typeof import("npm:@zip.js/zip.js@2.24.0");

/** @throws {Error} If the package cannot be had. */
async function library(): Promise<ZipLibrary> {
  const name = "npm:@zip.js/zip.js@2.24.0";
  try {
    // Not a literal specifier: Deno would download it for everyone who imports this library.
    const zip: ZipLibrary = await import(name);
    zip.configure({ useWebWorkers: false });
    return zip;
  } catch (cause) {
    throw new Error(
      `Cannot load ${name}, which reads and writes the files of torch.save: ` +
        (cause instanceof Error ? cause.message : cause),
      { cause },
    );
  }
}

/** The bytes of an archive whose entries are stored as they are, which is what PyTorch reads. */
export async function writeZip(entries: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } = await library();
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level: 0, extendedTimestamp: false });
  for (const [name, data] of entries) await writer.add(name, new Uint8ArrayReader(data));
  return await writer.close();
}

/**
 * The entries of an archive, each checked against its checksum.
 *
 * @throws {RangeError} When the bytes are no archive, or truncated, or damaged.
 */
export async function readZip(bytes: Uint8Array): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } = await library();
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { checkSignature: true });
  try {
    for (const entry of await reader.getEntries()) {
      if (!entry.directory) entries.set(entry.filename, await entry.getData(new Uint8ArrayWriter()));
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    throw new RangeError(`load: not a file of torch.save, or truncated, or damaged: ${why}`, { cause });
  } finally {
    await reader.close();
  }
  return entries;
}
