/**
 * Compiles the CUDA kernels: `deno task build:cuda` with nvcc for real cards, `--emulate` with the host's C++ compiler
 * and `tests/cuda_emulator` for the tests. Under nvcc it reads the compiler's resource report, writes it beside the
 * library, and fails when a hot kernel spills registers or uses local memory.
 *
 * Options: `--arch sm_80` for one architecture (while developing), `--races` and `--asan` (emulator) for the build with
 * the race checker and with AddressSanitizer, `--check` to compile without linking.
 *
 * @module
 */
import { abiHash } from "./abi.ts";
import { buildFolder } from "./targets.ts";

const root = new URL("../", import.meta.url);
const source = (path: string) => new URL(path, root).pathname;

/**
 * The fat binary: machine code for each card, and the newest PTX for cards to come. The cards of one generation share a
 * pass of the front end, which takes longer than making their machine code.
 */
const codes = [
  "arch=compute_75,code=sm_75",
  "arch=compute_80,code=[sm_80,sm_86,sm_89]",
  "arch=compute_90,code=[sm_90,compute_90]",
];
/** Files whose kernels may neither spill registers nor use local memory; elsewhere spills are only told. */
const hot = /^(matmul|conv|reduce|softmax|attention|norm|pool|copy|optim)/;

/** One kernel's line of the resource report. */
export interface Resources {
  file: string;
  arch: string;
  kernel: string;
  registers: number;
  shared: number;
  stack: number;
  spills: number;
}

function files(folder: string, suffix: RegExp): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].filter((e) => e.isFile && suffix.test(e.name)).map((e) => e.name)
    .sort();
}

async function run(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${command} ${args.join(" ")}\n${text}`);
  return text;
}

async function digest(parts: string[]): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\0")));
  return Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
}

function text(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Runs `jobs`, two at a time. */
async function twoAtATime(jobs: (() => Promise<void>)[]): Promise<void> {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await job();
  };
  await Promise.all([worker(), worker()]);
}

/** The kernels of one `ptxas -v` report. */
export function readReport(file: string, report: string): Resources[] {
  const kernels: Resources[] = [];
  for (const line of report.split("\n")) {
    const compiling = /Compiling entry function '(\S+)' for 'sm_(\d+)'/.exec(line);
    if (compiling) {
      kernels.push({ file, arch: compiling[2], kernel: compiling[1], registers: 0, shared: 0, stack: 0, spills: 0 });
    }
    const last = kernels[kernels.length - 1];
    if (!last) continue;
    const frame = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (frame) {
      last.stack = Math.max(last.stack, Number(frame[1]));
      last.spills = Math.max(last.spills, Number(frame[2]) + Number(frame[3]));
    }
    const used = /Used (\d+) registers/.exec(line);
    if (used) last.registers = Number(used[1]);
    const shared = /(\d+) bytes smem/.exec(line);
    if (shared) last.shared = Number(shared[1]);
  }
  return kernels;
}

/** What in a report is a mistake: a hot kernel that spills or uses local memory. */
export function complaints(kernels: Resources[]): string[] {
  return kernels.filter((k) => hot.test(k.file) && k.spills + k.stack > 0).map(describe);
}

function describe(k: Resources): string {
  return `${k.file} sm_${k.arch} ${k.kernel}: ${k.registers} registers, ${k.stack} bytes of local memory, ${k.spills} of spills`;
}

/** A source with the headers of ours that it includes; of the ABI only the declarations whose functions it names. */
function closure(file: string, seen: Set<string>, folders: string[]): string[] {
  if (seen.has(file) || text(file) === "") return [];
  seen.add(file);
  const parts = [text(file)];
  for (const [, name] of parts[0].matchAll(/^#include [<"]([\w./]+)[>"]/gm)) {
    for (const folder of [file.slice(0, file.lastIndexOf("/") + 1), ...folders]) {
      parts.push(...closure(new URL(name, `file://${folder}`).pathname, seen, folders));
    }
  }
  return parts;
}

function dependencies(file: string, folders: string[]): string[] {
  const parts = closure(file, new Set(), folders), abi = (part: string) => part.includes("#define RAP_API");
  const code = parts.filter((part) => !abi(part)).join("");
  const named = (name: string) => new RegExp(`\\b${name}\\b`).test(code);
  return parts.map((part) =>
    !abi(part) ? part : part.replace(/\/\/[^\n]*$/gm, "")
      .replace(/^RAP_API [^;]*?\b(rap_\w+)\([^;]*;$/gm, (line, name) => named(name) ? line : "")
      .replace(/^enum \{[^}]*\};$/gm, (list) => (list.match(/\bRAP_\w+/g) ?? []).some(named) ? list : "")
      .replace(/\s+/g, " ")
  );
}

interface Kind {
  /** Of the library: `libraptorch-NAME.so`. */
  name: string;
  compiler: string;
  compile: string[];
  link: string[];
  /** Files of very many kernels, compiled without optimisation: the tests wait longer for the compiler than for them. */
  hasty: RegExp;
  /** Sources beside the kernels. */
  extra: string[];
  /** Where `#include <…>` of ours is looked for. */
  folders: string[];
}

function nvcc(one: string | null): Kind {
  const chosen = one ? [`arch=compute_${one.slice(3)},code=${one}`] : codes;
  // deno-fmt-ignore
  return {
    name: "cuda",
    compiler: Deno.env.get("NVCC") ?? "nvcc",
    compile: ["-std=c++17", "-O3", "-Werror", "all-warnings", "-Xcompiler", "-fPIC,-fvisibility=hidden,-Wall,-Wextra",
      "-Xptxas", "-v", ...chosen.flatMap((c) => ["-gencode", c])],
    link: ["-shared", "-cudart", "static", "-Xcompiler", "-static-libgcc,-static-libstdc++", ...chosen.flatMap((c) => ["-gencode", c])],
    hasty: /^$/,
    extra: [],
    folders: [],
  };
}

function emulator(races: boolean, asan: boolean): Kind {
  // deno-fmt-ignore
  const flags = ["-std=gnu++17", "-O1", "-fPIC", "-fvisibility=hidden", "-fno-strict-aliasing", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas",
    ...(Deno.build.arch === "x86_64" ? ["-march=x86-64-v3"] : []), ...(races ? ["-DRAP_EMU_RACES"] : []), ...(asan ? ["-fsanitize=address", "-g1"] : [])];
  return {
    name: `cuda-emulated${races ? "-races" : ""}${asan ? "-asan" : ""}`,
    compiler: Deno.env.get("CXX") ?? "g++",
    compile: [...flags, "-I", source("tests/cuda_emulator"), "-x", "c++"],
    link: ["-shared", "-ldl", ...(asan ? ["-fsanitize=address"] : [])],
    hasty: /^(pointwise|cast)/,
    extra: files("tests/cuda_emulator/", /\.cpp$/).map((f) => source(`tests/cuda_emulator/${f}`)),
    folders: [source("tests/cuda_emulator/")],
  };
}

/** Compiles one source, or finds its object from an earlier build; what the compiler said is kept beside the object. */
async function compile(kind: Kind, file: string, objects: URL): Promise<{ object: string; report: string }> {
  const base = file.slice(file.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
  const args = [
    ...kind.compile,
    ...(kind.hasty.test(base) ? ["-O0"] : []),
    ...(base === "library" ? [`-DRAP_ABI_HASH=${abiHash()}`] : []),
  ];
  const key = await digest([kind.compiler, ...args, ...dependencies(file, kind.folders)]);
  const object = new URL(`${base}-${key.slice(0, 24)}.o`, objects).pathname;
  if (text(`${object}.report`) === "") {
    const start = performance.now(), side = `${object}.${Deno.pid}.o`;
    const report = await run(kind.compiler, [...args, "-c", file, "-o", side]);
    Deno.renameSync(side, object);
    Deno.writeTextFileSync(`${object}.report`, `${base}\n${report}`);
    console.error(`${kind.name}: compiled ${base} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  return { object, report: text(`${object}.report`) };
}

/** Writes the resource report beside the library and throws where a hot kernel breaks the rule. */
function checkResources(reports: [file: string, report: string][], library: string): void {
  const kernels = reports.flatMap(([file, report]) => readReport(file, report));
  kernels.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.kernel < b.kernel ? -1 : 1);
  Deno.writeTextFileSync(`${library}.resources.json`, JSON.stringify(kernels, null, 1));
  const spilling = kernels.filter((k) => k.spills > 0 && !hot.test(k.file));
  if (spilling.length > 0) {
    console.error(`${spilling.length} kernels that are not hot spill, among them ${describe(spilling[0])}`);
  }
  const wrong = complaints(kernels);
  if (wrong.length > 0) throw new Error(`the compiler's resource report:\n${wrong.join("\n")}`);
}

/** Compiles what no earlier build has compiled, links when anything changed; the path of the library. */
export async function buildCuda(kind: Kind, check = false): Promise<string> {
  const folder = buildFolder();
  if (!folder) throw new Error("the kernels are built from a checkout on disk");
  const objects = new URL(`${kind.name}/`, folder);
  Deno.mkdirSync(objects, { recursive: true });
  const start = performance.now();
  const kernels = files("kernels/cuda/", /\.cu$/).map((f) => source(`kernels/cuda/${f}`));
  const library = new URL(`libraptorch-${kind.name}.so`, folder).pathname;
  const parts: string[] = [], reports: [string, string][] = [];
  // The files that take longest first, so that no processor idles at the end.
  const slow = (file: string) => /\/(pointwise|reduce|conv|matmul|attention|random)\w*\.cu$/.test(file) ? 0 : 1;
  const inOrder = [...kernels, ...kind.extra].sort((a, b) => slow(a) - slow(b));
  await twoAtATime(inOrder.map((file) => async () => {
    const { object, report } = await compile(kind, file, objects);
    parts.push(object);
    if (file.endsWith(".cu")) reports.push([report.slice(0, report.indexOf("\n")), report]);
  }));
  if (kind.name === "cuda") checkResources(reports, library);
  const wanted = parts.sort().join("\n");
  if (!check && text(`${library}.stamp`) !== wanted) {
    await run(kind.compiler, [...kind.link, ...parts, "-o", `${library}.${Deno.pid}`]);
    Deno.renameSync(`${library}.${Deno.pid}`, library);
    Deno.writeTextFileSync(`${library}.stamp`, wanted);
    console.error(`${kind.name}: linked ${library} after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  return library;
}

/** Builds the emulator's library when it is older than its sources; its path. */
export function buildEmulator(options: { races?: boolean; asan?: boolean } = {}): Promise<string> {
  return buildCuda(emulator(options.races ?? false, options.asan ?? false));
}

if (import.meta.main) {
  const has = (flag: string) => Deno.args.includes(flag);
  const arch = has("--arch") ? Deno.args[Deno.args.indexOf("--arch") + 1] : null;
  await buildCuda(has("--emulate") ? emulator(has("--races"), has("--asan")) : nvcc(arch), has("--check"));
}
