/**
 * Writes a file under another name first, so that a crash leaves the old one or the new one, never half of it.
 *
 * @module
 */

/** Puts `bytes` into the file at `path`; needs `--allow-write`. What a failure has begun is removed. */
export async function replaceFile(path: string | URL, bytes: Uint8Array): Promise<void> {
  // A name of its own, since another process may be writing the same file.
  const name = `.${crypto.randomUUID()}.part`;
  const aside = path instanceof URL ? new URL(`${path.href}${name}`) : `${path}${name}`;
  try {
    await Deno.writeFile(aside, bytes);
    await Deno.rename(aside, path);
  } catch (error) {
    await Deno.remove(aside).catch(() => {});
    throw error;
  }
}
