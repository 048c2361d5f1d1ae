/** The CUDA kernels and their emulator, which the host's C++ compiler builds: left out where there is none. */

const compiler = Deno.env.get("CXX") ?? "g++";

function installed(): boolean {
  try {
    return new Deno.Command(compiler, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

if (installed()) {
  await import("./cuda_emulator.ts");
  await import("./cuda_kernels.ts");
  await import("./cuda_ops.ts");
} else {
  Deno.test({ name: `cuda: needs a C++ compiler, and ${compiler} is not installed`, ignore: true, fn() {} });
}
