/**
 * The kernels' own tests (`tests/kernels/*.c`) for every target that this machine can run, by itself or emulated: each
 * x86-64 level, the AVX-512 code on AVX2 (`tests/kernels/avx512.h`), and aarch64 under qemu-user.
 */
import { strict as assert } from "node:assert";
import { findCompiler } from "../ffi/abi.ts";
import { compileKernels, linkLibrary, run } from "../ffi/build.ts";
import { buildFolder, levels, probeLevel, probeName } from "../ffi/targets.ts";

const folder = buildFolder()!;
const root = new URL("../", import.meta.url);

interface Target {
  name: string;
  cc: string;
  flags: string[];
  /** The program that runs its binaries, with arguments; empty for this machine. */
  emulator: string[];
  /** How many random problems the tests make; fewer where each is slow. (vecmath_test: every how manieth number.) */
  rounds: number;
}

const avx512: Target = {
  name: "AVX-512 on AVX2",
  cc: findCompiler(),
  flags: [
    "-march=x86-64-v3",
    "-include",
    new URL("tests/kernels/avx512.h", root).pathname,
    "-Wno-psabi",
    // The vectors of 64 bytes become two of 32 each: as correct, and compiled in a third of the time.
    "-O1",
    "-fexpensive-optimizations", // at least multiplications and additions are fused
    // What threads.c defines comes too late behind an included file.
    "-D_GNU_SOURCE=",
  ],
  emulator: [],
  rounds: 60,
};
const aarch64: Target = {
  name: "aarch64",
  cc: "aarch64-linux-gnu-gcc",
  flags: ["-march=armv8-a"],
  emulator: ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
  rounds: 12,
};

/** Whether a program can be run at all. */
function installed(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const all = levels[Deno.build.arch];
const level = probeLevel(new URL(probeName, folder));
const targets = all.slice(level).map(({ isa, flag }): Target => ({
  name: isa,
  cc: findCompiler(),
  flags: [flag],
  emulator: [],
  rounds: 100,
}));
const hasAvx2 = Deno.build.arch === "x86_64" && level <= 1;
if (hasAvx2) targets.push(avx512);
if (Deno.build.arch !== "aarch64") targets.push(aarch64);

/** Compiles one of `tests/kernels` against the kernels' objects and runs it. */
async function runTest(target: Target, test: string, objects: string[]): Promise<void> {
  const binary = new URL(`objects/${test}-${target.name.replaceAll(" ", "-")}`, folder).pathname;
  const source = new URL(`tests/kernels/${test}.c`, root).pathname;
  const include = ["kernels", "kernels/cpu"].map((path) => `-I${new URL(path, root).pathname}`);
  await run(target.cc, [
    "-std=gnu17",
    "-O2",
    ...target.flags,
    ...include,
    source,
    ...objects,
    "-o",
    binary,
    "-lm",
    "-lpthread",
  ]);
  const [program, ...args] = [...target.emulator, binary, test === "vecmath_test" ? "9973" : `${target.rounds}`];
  const { success, stdout } = await new Deno.Command(program, { args }).output();
  assert.ok(success, new TextDecoder().decode(stdout));
}

const tests = ["conv_test", "elementwise_test", "matmul_test", "pool_test", "threads_test"];
for (const target of targets) {
  const missing = [target.cc, ...target.emulator.slice(0, 1)].filter((program) => !installed(program));
  if (missing.length > 0) console.log(`the kernels' tests for ${target.name} are left out: no ${missing.join(", ")}`);
  Deno.test({
    name: `kernels for ${target.name}`,
    ignore: missing.length > 0,
    async fn(t) {
      const objects = await compileKernels(target.cc, target.flags, folder);
      // The bounds of the elementary functions hold where multiplications and additions are fused.
      const own = target.flags.includes("-march=x86-64-v2") ? tests : ["vecmath_test", ...tests];
      for (const test of own) await t.step(test, () => runTest(target, test, objects));
    },
  });
}

/** Runs some of the op tests in a process of their own, with another library. */
async function opTests(env: Record<string, string>): Promise<void> {
  const files = ["pointwise", "reduce", "nn_functional", "math"].map((name) => `tests/${name}_test.ts`);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", "--quiet", ...files],
    cwd: root.pathname,
    env: { NO_COLOR: "1", ...env },
  }).output();
  assert.ok(success, new TextDecoder().decode(stdout).slice(-4000));
}

Deno.test({
  name: "op tests with the AVX-512 code on AVX2",
  ignore: !hasAvx2,
  async fn() {
    const library = new URL("libraptorch-avx512-on-avx2.so", folder);
    await linkLibrary(avx512.cc, await compileKernels(avx512.cc, avx512.flags, folder), library);
    await opTests({ RAPTORCH_LIBRARY: library.pathname });
  },
});

Deno.test({
  name: "op tests with the oldest level forced by RAPTORCH_ISA",
  ignore: all.length - 1 === level,
  async fn() {
    const { isa } = all[all.length - 1];
    const args = ["run", "--allow-all", "ffi/build.ts", "--isa", isa];
    const built = await new Deno.Command(Deno.execPath(), { args, cwd: root.pathname }).output();
    assert.ok(built.success, new TextDecoder().decode(built.stderr));
    await opTests({ RAPTORCH_ISA: isa });
  },
});
