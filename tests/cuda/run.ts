/**
 * Runs test files with the CUDA device as the default one. As a program, `deno task test:cuda`: everything on a real card.
 *
 * @module
 */
import { halves } from "./files.ts";

const root = new URL("../../", import.meta.url);

/** What a process said, and whether it went well. */
export interface Outcome {
  /** Whether all tests passed. */
  success: boolean;
  /** Its output. */
  text: string;
}

/** Runs some of the test files in a process of their own; `library` is the emulator, or `null` for a card's. */
export async function runOnCuda(files: readonly string[], library: string | null): Promise<Outcome> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // deno-fmt-ignore
    args: ["test", "--allow-all", "--no-check", "--quiet", "--preload", "tests/cuda/default_device.ts", ...files.map((f) => `tests/${f}`)],
    cwd: root,
    env: {
      NO_COLOR: "1",
      ...(library === null ? {} : { RAPTORCH_CUDA_LIBRARY: library, RAPTORCH_EMULATOR_MEMORY_MB: "768" }),
    },
  }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function everythingOnACard(): Promise<boolean> {
  const { getDeviceName, isAvailable, whyUnavailable } = await import("../../src/cuda.ts");
  if (!isAvailable()) {
    console.error(`deno task test:cuda needs a CUDA device: ${whyUnavailable()}`);
    return false;
  }
  console.log(`on ${getDeviceName()}`);
  const { cpu } = await import("../../src/device.ts"), { findCudaLibrary } = await import("../../ffi/library.ts");
  let well = true;
  for (const files of halves) {
    const { success, text } = await runOnCuda(files, null);
    console.log(text);
    well &&= success;
  }
  // Every function of the header, against the CPU library's.
  const kernels = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", "--quiet", "tests/cuda_kernels.ts"],
    cwd: root,
    env: { RAPTORCH_TEST_CUDA: findCudaLibrary().path, RAPTORCH_LIBRARY: cpu.library },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return well && kernels.success;
}

if (import.meta.main && !await everythingOnACard()) Deno.exit(1);
