/**
 * Which builds of the library exist, and where they are looked for. Shared by the build and by the loader.
 *
 * @module
 */

/** The instruction-set levels of an architecture, best first, with the compiler's flag for each. */
export const levels: Record<string, readonly { isa: string; flag: string }[]> = {
  x86_64: [
    { isa: "x86-64-v4", flag: "-march=x86-64-v4" },
    { isa: "x86-64-v3", flag: "-march=x86-64-v3" },
    { isa: "x86-64-v2", flag: "-march=x86-64-v2" },
  ],
  aarch64: [{ isa: "aarch64", flag: "-march=armv8-a" }],
};

/** The end of a shared library's name on this system. */
export const librarySuffix: string = Deno.build.os === "windows" ? "dll" : Deno.build.os === "darwin" ? "dylib" : "so";

/** The file name of the CPU library for an instruction-set level. */
export function libraryName(isa: string): string {
  return `libraptorch-${isa}.${librarySuffix}`;
}

/** The file name of the small library that tells which level this CPU has. */
export const probeName = `libraptorch-probe.${librarySuffix}`;

/** The folder of builds beside the sources, when the sources are on disk. */
export function buildFolder(): URL | null {
  const folder = new URL("../build/", import.meta.url);
  return folder.protocol === "file:" ? folder : null;
}

/** This CPU's level: an index into `levels[arch]`, told by the probe library. */
export function probeLevel(path: string | URL): number {
  const probe = Deno.dlopen(path, { rap_cpu_level: { parameters: [], result: "i32" } });
  try {
    return probe.symbols.rap_cpu_level();
  } finally {
    probe.close();
  }
}
