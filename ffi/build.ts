/**
 * Compiles the CPU kernels: `deno task build` for this machine's CPU, `--all` for every level of its architecture,
 * `--isa NAME` for one. Does nothing when the build is newer than its sources.
 *
 * @module
 */
import { abiHash, findCompiler } from "./abi.ts";
import { buildFolder, levels, libraryName, probeLevel, probeName } from "./targets.ts";

const root = new URL("../", import.meta.url);
const flags = [
  "-std=c17",
  "-O3",
  "-fPIC",
  "-fvisibility=hidden",
  // Contract a*b+c into fused multiply-adds; keep NaN and infinity, forget errno and trapping.
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-Wall",
  "-Wextra",
];

function sources(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].filter((e) => e.isFile).map((e) => e.name).sort();
}

async function sha256(...parts: string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\0")));
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

function versionOf(cc: string): string {
  return new TextDecoder().decode(new Deno.Command(cc, { args: ["--version"], stderr: "null" }).outputSync().stdout);
}

/** SHA-256 of everything that decides what the compiler makes. */
function fingerprint(cc: string, isa: string): Promise<string> {
  const parts = [cc, versionOf(cc), isa, flags.join(" ")];
  for (const folder of ["kernels/", "kernels/cpu/", "kernels/probe/"]) {
    for (const file of sources(folder)) {
      if (/\.[ch]$/.test(file)) parts.push(file, Deno.readTextFileSync(new URL(folder + file, root)));
    }
  }
  return sha256(...parts);
}

/** The preprocessed text without the declarations that this file has no use for: another kernel's do not rebuild it. */
async function preprocessed(cc: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(cc, { args: [...args, "-E", "-P"], stderr: "piped" })
    .output();
  if (!success) throw new Error(`${cc} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  const text = new TextDecoder().decode(stdout);
  const used = new Map<string, number>();
  for (const [name] of text.matchAll(/\brap_\w+/g)) used.set(name, (used.get(name) ?? 0) + 1);
  return text.replace(
    /__attribute__\(\(visibility\("default"\)\)\)[^;{]*?\b(rap_\w+)\s*\([^;{]*\);/g,
    (all, name) => used.get(name) === 1 ? "" : all,
  );
}

/** Compiles one file, or finds its object from an earlier build. Returns the object's path. */
async function compile(cc: string, version: string, target: string[], file: string, objects: URL): Promise<string> {
  const own = file === "library.c" ? [`-DRAP_ABI_HASH=${abiHash()}`] : [];
  const args = [...flags, ...target, ...own, new URL(`kernels/cpu/${file}`, root).pathname];
  const text = await preprocessed(cc, args);
  const key = await sha256(cc, version, target.join(" "), flags.join(" "), text);
  const object = new URL(`${file.replace(/\.c$/, "")}-${key.slice(0, 24)}.o`, objects).pathname;
  try {
    Deno.statSync(object);
  } catch {
    const side = `${object}.${Deno.pid}`;
    await run(cc, [...args, "-c", "-o", side]);
    Deno.renameSync(side, object);
  }
  return object;
}

/** Runs the compiler. */
export async function run(cc: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(cc, { args, stderr: "piped" }).output();
  if (!success) throw new Error(`${cc} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
}

/** Runs `jobs` with as many at once as there are processors. */
async function parallel(jobs: (() => Promise<void>)[]): Promise<void> {
  const queue = [...jobs];
  const workers = Array.from({ length: navigator.hardwareConcurrency }, async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await job();
  });
  await Promise.all(workers);
}

/** Compiles all kernels with the flags of a target, as far as `folder` has not got their objects. Returns their paths. */
export async function compileKernels(cc: string, target: string[], folder: URL): Promise<string[]> {
  const objects = new URL("objects/", folder);
  Deno.mkdirSync(objects, { recursive: true });
  const version = versionOf(cc);
  const files = sources("kernels/cpu/").filter((f) => f.endsWith(".c"));
  const paths: string[] = [];
  await parallel(
    files.map((file, i) => async () => void (paths[i] = await compile(cc, version, target, file, objects))),
  );
  return paths;
}

/** Links objects into a shared library; the finished file is renamed into place, so that a reader never sees half of it. */
export async function linkLibrary(cc: string, objects: string[], target: URL): Promise<void> {
  const linked = `${target.pathname}.${Deno.pid}`;
  const libraries = ["-lm", "-lpthread", ...(Deno.build.os === "linux" ? ["-ldl"] : [])];
  await run(cc, ["-shared", "-o", linked, ...objects, ...libraries]);
  Deno.renameSync(linked, target);
}

/** Builds one library, unless it is newer than its sources. */
async function build(cc: string, isa: string, flag: string, folder: URL): Promise<boolean> {
  const target = new URL(libraryName(isa), folder), stamp = new URL(`${libraryName(isa)}.stamp`, folder);
  const wanted = await fingerprint(cc, isa);
  try {
    Deno.statSync(target);
    if (Deno.readTextFileSync(stamp) === wanted) return false;
  } catch {
    // Not built yet.
  }
  await linkLibrary(cc, await compileKernels(cc, [flag], folder), target);
  Deno.writeTextFileSync(stamp, wanted);
  return true;
}

if (import.meta.main) {
  const folder = buildFolder();
  if (!folder) throw new Error("the kernels are built from a checkout on disk");
  Deno.mkdirSync(folder, { recursive: true });
  const cc = findCompiler();
  const all = levels[Deno.build.arch];
  if (!all) throw new Error(`no kernels for the architecture ${Deno.build.arch}`);

  const oldest = all[all.length - 1];
  const probe = new URL(probeName, folder);
  try {
    Deno.statSync(probe);
  } catch {
    const side = `${probe.pathname}.${Deno.pid}`;
    const source = new URL("kernels/probe/probe.c", root).pathname;
    await run(cc, [...flags, oldest.flag, "-shared", source, "-o", side]);
    Deno.renameSync(side, probe);
  }

  const wanted = Deno.args.includes("--isa") ? Deno.args[Deno.args.indexOf("--isa") + 1] : Deno.env.get("RAPTORCH_ISA");
  const native = all[probeLevel(probe)];
  const chosen = Deno.args.includes("--all") ? all : wanted ? all.filter((l) => l.isa === wanted) : [native];
  if (chosen.length === 0) throw new Error(`no such level: ${wanted} (there are ${all.map((l) => l.isa).join(", ")})`);
  for (const { isa, flag } of chosen) {
    const start = performance.now();
    if (await build(cc, isa, flag, folder)) {
      console.error(`built ${libraryName(isa)} with ${cc} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  }
}
