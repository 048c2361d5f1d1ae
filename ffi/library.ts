/**
 * Finds, verifies and opens the library of kernels.
 *
 * Where it looks, in order: `RAPTORCH_LIBRARY`; a build beside the sources; the per-user cache; a download of the
 * release asset into that cache. Whatever is opened must carry the hash of the header that `symbols.ts` came from.
 *
 * @module
 */
import { abiHash, symbols } from "./symbols.ts";
import { buildFolder, levels, libraryName, librarySuffix, probeLevel, probeName } from "./targets.ts";
import { cachedLibrary } from "./release.ts";

/** Every kernel as a function. */
export type Kernels = Deno.StaticForeignLibraryInterface<typeof symbols>;

/** An opened library: its functions and the file that they came from. */
export interface OpenLibrary {
  kernels: Kernels;
  path: string;
}

/** An environment variable, when reading it is permitted without a prompt. */
export function environment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/**
 * Opens one library file.
 *
 * @throws {Deno.errors.NotCapable} With the flag to add, when `--allow-ffi` is missing.
 * @throws {Error} When the file is not a Raptorch library of this version.
 */
export function openLibrary(path: string, partial = false): OpenLibrary {
  let hash: number;
  try {
    const probe = Deno.dlopen(path, { rap_abi_hash: symbols.abiHash });
    hash = probe.symbols.rap_abi_hash();
    probe.close();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw missingFfi(path);
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot open ${path} as Raptorch's library: ${message}`, { cause: error });
  }
  if (hash !== abiHash) {
    throw new Error(
      `${path} was built from another version of kernels/raptorch.h (its hash is ${hash}, expected ${abiHash}): ` +
        `build it again with deno task ${partial ? "build:cuda" : "build"}, or remove it`,
    );
  }
  return { kernels: partial ? openPartial(path) : Deno.dlopen(path, symbols).symbols, path };
}

/** Opens a library that may lack some kernels: calling one of those is an error that names it. */
function openPartial(path: string): Kernels {
  const optional = Object.fromEntries(
    Object.entries(symbols).map(([key, symbol]) => [key, { ...symbol, optional: true }]),
  );
  const found = Deno.dlopen(path, optional as Deno.ForeignLibraryInterface).symbols as Record<string, unknown>;
  const entries = Object.keys(symbols).map((key) => [
    key,
    found[key] ?? ((): never => {
      throw new Error(`${key} has no kernel for this device in ${path}: move the tensors to the CPU for it (x.cpu())`);
    }),
  ]);
  return Object.fromEntries(entries) as Kernels; // Every name of the table, as found or as the error above.
}

function missingFfi(path: string): Error {
  return new Deno.errors.NotCapable(
    `Raptorch computes in a C library and may not load it: add --allow-ffi to deno's flags (library: ${path})`,
  );
}

function exists(path: string | URL): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new Deno.errors.NotCapable(
        `Raptorch looks for its C library and may not read ${path}: add --allow-read to deno's flags`,
      );
    }
    return false;
  }
}

function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

/** The builds to try on this CPU, best first; `RAPTORCH_ISA` leaves one. */
function wantedLevels(probe: string | null): string[] {
  const all = (levels[Deno.build.arch] ?? []).map((l) => l.isa);
  const forced = environment("RAPTORCH_ISA");
  if (forced) {
    if (!all.includes(forced)) {
      throw new Error(`RAPTORCH_ISA is ${forced}; this architecture (${Deno.build.arch}) has ${all.join(", ")}`);
    }
    const best = probe ? ownLevel(probe) : 0;
    if (all.indexOf(forced) >= best) return [forced];
    throw new Error(`RAPTORCH_ISA is ${forced}; this CPU has ${all.slice(best).join(", ")}`);
  }
  return probe ? all.slice(ownLevel(probe)) : all.slice(-1);
}

function ownLevel(probe: string): number {
  try {
    return probeLevel(probe);
  } catch (error) {
    throw error instanceof Deno.errors.NotCapable ? missingFfi(probe) : error;
  }
}

/** Finds and opens the CPU library. */
export async function findLibrary(): Promise<OpenLibrary> {
  const tried: string[] = [];

  const given = environment("RAPTORCH_LIBRARY");
  if (given) return openLibrary(given);

  const folder = buildFolder();
  if (folder) {
    const probe = new URL(probeName, folder);
    const wanted = exists(probe) ? wantedLevels(pathOf(probe)) : [];
    for (const isa of wanted) {
      const path = pathOf(new URL(libraryName(isa), folder));
      if (exists(path)) return openLibrary(path);
      tried.push(path);
    }
    if (wanted.length === 0) tried.push(pathOf(probe));
  }

  const release = await cachedLibrary(wantedLevels, tried);
  if (release) return openLibrary(release);

  throw new Error(
    `Raptorch's C library (libraptorch-*.${librarySuffix}) was not found. Tried:\n` +
      tried.map((t) => `  ${t}\n`).join("") +
      (folder
        ? "Build it in the checkout with: deno task build (needs gcc or clang)."
        : "Allow the download with --allow-net --allow-env --allow-read --allow-write, or build the library in a " +
          "checkout (deno task build) and name it in RAPTORCH_LIBRARY (needs --allow-env=RAPTORCH_LIBRARY)."),
  );
}

/**
 * Opens the CUDA library, where there is one: `RAPTORCH_CUDA_LIBRARY`, else the build beside the sources.
 *
 * @throws {Error} When there is none, saying where it was looked for.
 */
export function findCudaLibrary(): OpenLibrary {
  const given = environment("RAPTORCH_CUDA_LIBRARY");
  if (given) return openLibrary(given, true);
  const folder = buildFolder();
  const path = folder === null ? null : pathOf(new URL(`libraptorch-cuda.${librarySuffix}`, folder));
  if (path !== null) {
    // Whoever only asks whether there is a card is not to be asked for a permission.
    for (const name of ["read", "ffi"] as const) {
      if (Deno.permissions.querySync({ name, path }).state === "granted") continue;
      throw new Error(`Raptorch may not look for its CUDA library ${path}: add --allow-${name} to deno's flags`);
    }
    if (exists(path)) return openLibrary(path, true);
  }
  throw new Error(
    `Raptorch's CUDA library was not found (tried ${
      path ?? "no folder: the sources are not on disk"
    }). Build it in a checkout ` +
      "with: deno task build:cuda (needs nvcc), or name it in RAPTORCH_CUDA_LIBRARY (needs --allow-env).",
  );
}
