/**
 * The per-user cache of release assets: for programs that import Raptorch from a registry, where no build is at hand.
 *
 * @module
 */
import { libraryName, probeName } from "./targets.ts";
import { checksums, releaseUrl } from "./manifest.ts";

function granted(...wanted: Deno.PermissionDescriptor[]): boolean {
  return wanted.every((p) => Deno.permissions.querySync(p).state === "granted");
}

/** The folder that release assets are kept in, or `null` when the environment may not be read. */
function cacheFolder(): string | null {
  if (!granted({ name: "env" })) return null;
  const home = Deno.env.get("XDG_CACHE_HOME") ?? Deno.env.get("LOCALAPPDATA") ??
    (Deno.env.get("HOME") ? `${Deno.env.get("HOME")}/.cache` : undefined);
  return home ? `${home}/raptorch` : null;
}

async function sha256(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Whether `path` is there with the published checksum; a file that is not what was published is an error. */
async function verified(path: string, name: string): Promise<boolean> {
  try {
    await Deno.stat(path);
  } catch {
    return false;
  }
  const sum = await sha256(path);
  if (sum !== checksums[name]) {
    throw new Error(`${path} has the SHA-256 ${sum}, published was ${checksums[name] ?? "none"}: remove the file`);
  }
  return true;
}

/** Fetches one asset through plug, which caches it; the verified copy is renamed into the cache folder. */
async function download(name: string, target: string): Promise<void> {
  // deno-lint-ignore no-import-prefix -- a literal import in the only branch that needs it: everything else works without JSR
  const { download: plug } = await import("jsr:@denosaurs/plug@1.1.0");
  const fetched = await plug({ name, url: new URL(name, releaseUrl).href, cache: "use" });
  const sum = await sha256(fetched);
  if (sum !== checksums[name]) {
    throw new Error(`the download of ${name} has the SHA-256 ${sum}, published was ${checksums[name]}: not used`);
  }
  const side = `${target}.${Deno.pid}`;
  await Deno.copyFile(fetched, side);
  await Deno.rename(side, target);
}

/**
 * The path of the cached library for this CPU, downloaded first where that is permitted; `null` when there is none.
 * What was tried is added to `tried`.
 */
export async function cachedLibrary(
  wantedLevels: (probe: string | null) => string[],
  tried: string[],
): Promise<string | null> {
  const folder = cacheFolder();
  if (!folder) {
    tried.push("the per-user cache (not tried: reading the environment is not permitted, --allow-env)");
    return null;
  }
  const mayDownload = granted({ name: "net" }, { name: "write", path: folder });
  const obtain = async (name: string): Promise<string | null> => {
    const path = `${folder}/${name}`;
    if (await verified(path, name)) return path;
    tried.push(path);
    if (!checksums[name]) {
      tried.push(`${new URL(name, releaseUrl)} (this version publishes no such asset)`);
      return null;
    }
    if (!mayDownload) {
      tried.push(`${new URL(name, releaseUrl)} (not tried: needs --allow-net and --allow-write=${folder})`);
      return null;
    }
    await Deno.mkdir(folder, { recursive: true });
    await download(name, path);
    return path;
  };
  const probe = await obtain(probeName);
  if (!probe) return null;
  for (const isa of wantedLevels(probe)) {
    const path = await obtain(libraryName(isa));
    if (path) return path;
  }
  return null;
}
