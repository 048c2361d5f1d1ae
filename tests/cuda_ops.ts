// The tests of operations, modules, optimizers and the device layer on the emulated CUDA device, each in a process of its
// own: there `cuda.isAvailable()` is true, and a fault that the emulator finds ends the process. And what holds without one.
import { strict as assert } from "node:assert";
import { cuda, nn, ones, zeros } from "../mod.ts";
import { buildEmulator } from "../ffi/build_cuda.ts";
import { halves } from "./cuda/files.ts";
import { runOnCuda } from "./cuda/run.ts";

const root = new URL("../", import.meta.url);

Deno.test("cuda: the operations, layers, optimizers and examples on the emulator", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const library = await buildEmulator();
  const outcomes = await Promise.all(halves.map((files) => runOnCuda(files, library)));
  for (const { success, text } of outcomes) {
    assert.ok(success, text.slice(-20000));
    console.log(`cuda, on the emulator: ${/\d+ passed[^\n]*/.exec(text)?.[0]}`);
  }
});

Deno.test("cuda: no kernel's threads race for shared memory", { ignore: Deno.build.os !== "linux" }, async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", "--quiet", "tests/cuda_kernels.ts"],
    cwd: root,
    env: { NO_COLOR: "1", RAPTORCH_EMULATOR_RACES: "1" },
  }).output();
  const decoder = new TextDecoder();
  assert.ok(success, (decoder.decode(stdout) + decoder.decode(stderr)).slice(-20000));
});

/** Whether nvcc can be run. */
function nvccInstalled(): boolean {
  try {
    return new Deno.Command(Deno.env.get("NVCC") ?? "nvcc", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

const nvcc = nvccInstalled();
console.log(
  nvcc ? "cuda: nvcc compiles the kernels for sm_80" : "cuda: nvcc is not installed, so it compiles nothing here",
);

// One architecture; objects are kept under the hash of their sources, so only what has changed takes time.
Deno.test("cuda: nvcc compiles every kernel, and the hot ones without spills", { ignore: !nvcc }, async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "ffi/build_cuda.ts", "--arch", "sm_80", "--check"],
    cwd: root,
    // Half an hour on two busy cores is many times what it takes.
    signal: AbortSignal.timeout(30 * 60 * 1000),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr).slice(-20000));
});

Deno.test("cuda: without a card everything says so, and nothing breaks", { ignore: cuda.isAvailable() }, () => {
  const reason = cuda.whyUnavailable()!;
  assert.ok(reason.length > 0);
  assert.equal(cuda.deviceCount(), 0);
  assert.equal(cuda.isBf16Supported(), false);
  const refused = (call: () => unknown) =>
    assert.throws(
      call,
      (error: Error) =>
        /^(Torch not compiled with CUDA enabled|No CUDA GPUs are available): /.test(error.message) &&
        error.message.includes(reason),
    );
  refused(() => ones(1).cuda());
  refused(() => zeros(2, { device: "cuda:0" }));
  refused(() => new nn.Linear(2, 2).cuda());
  refused(() => cuda.synchronize());
  refused(() => cuda.getDeviceName());
  refused(() => new cuda.Stream());
  assert.throws(() => ones(1).pinMemory(), /Cannot access accelerator device when none is available/);
  assert.equal(ones(1).isPinned(), false);
  cuda.emptyCache();
  cuda.manualSeedAll(1);
});

Deno.test(
  "cuda: asking for a card takes no permission that was not given",
  { ignore: cuda.isAvailable() },
  async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      // deno-fmt-ignore
      args: ["run", "--no-prompt", "--quiet", "--allow-ffi", `--allow-read=${new URL("build", root).pathname}`, "tests/cuda/permissions.ts"],
      cwd: root,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^false /);
  },
);
