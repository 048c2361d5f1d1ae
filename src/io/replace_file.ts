/**
 * Writes a file under another name first, so that a crash leaves the old one or the new one, never half of it.
 *
 * @module
 */

/** Puts `bytes` into the file at `path`; needs `--allow-write`. */
export async function replaceFile(path: string | URL, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const aside = path instanceof URL ? new URL(`${path.href}.tmp`) : `${path}.tmp`;
  await Deno.writeFile(aside, bytes);
  await Deno.rename(aside, path);
}
