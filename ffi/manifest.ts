/**
 * The release assets of this version. `deno task build --all` and a release fill the table; an empty one means that
 * this version is run from a checkout or with `RAPTORCH_LIBRARY`.
 *
 * @module
 */

/** Where release assets are, with a slash at the end. */
export const releaseUrl = "https://github.com/raptorch/raptorch/releases/download/v0.1.0/";

/** SHA-256 of each published asset, by file name. */
export const checksums: Readonly<Record<string, string>> = {};
