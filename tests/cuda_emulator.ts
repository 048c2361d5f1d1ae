// The CUDA emulator's own tests: what correct kernels may rely on, and planted faults that it must find.
import assert from "node:assert/strict";

const directory = new URL("./cuda_emulator/", import.meta.url);

function compiler(): string {
  return Deno.env.get("CXX") ?? "g++";
}

async function run(command: string, args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: directory }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function build(output: string, source: string, flags: string[]): Promise<void> {
  // deno-fmt-ignore
  const { code, text } = await run(compiler(), [
    "-std=gnu++17", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing", "-ffp-contract=off", "-I.", ...flags,
    "threads.cpp", "memory.cpp", "api.cpp", "-x", "c++", source, "-o", output,
  ]);
  assert.equal(code, 0, text);
}

/** The report that must end each planted fault, in the plain build and in the one with the race checker. */
const faults: [name: string, plain: RegExp | null, checked: RegExp][] = [
  ["early_return_before_barrier", /divergent barrier: .*thread 5 never reached/, /divergent barrier/],
  ["barrier_in_branch", /divergent barrier: .*line 18.*line 15/, /divergent barrier/],
  ["shuffle_without_a_lane", /divergent warp operation: .*mask ffffffff/, /divergent warp operation/],
  ["shuffle_from_outside_the_mask", /divergent warp operation: .*lane 20/, /divergent warp operation/],
  ["fragment_without_a_lane", /divergent warp operation: .*a fragment operation/, /divergent warp operation/],
  ["misaligned_fragment", /misaligned: .*not a multiple of 32 bytes/, /misaligned/],
  ["missing_barrier", /uninitialised read/, /uninitialised read: missing_barrier .*array tile/],
  ["two_writers", null, /race: two_writers .*written by thread 0, written by thread 1/],
  ["read_then_write", null, /race: read_then_write .*read by thread/],
  ["uninitialised_shared", /uninitialised read: .*word 60/, /uninitialised read: uninitialised_shared .*array tile/],
  ["uninitialised_device", /uninitialised read: .*word 63/, /uninitialised read: .*word 63/],
  ["write_before", /out of bounds: .*4 bytes before/, /out of bounds/],
  ["past_shared", /out of bounds: .*shared array tile/, /out of bounds: .*shared array tile/],
  ["past_dynamic_shared", /out of bounds: .*dynamic shared/, /out of bounds: .*dynamic shared/],
  ["read_past_the_end", /out of bounds: copy_unguarded block \(1,0,0\)/, /out of bounds/],
  ["write_a_little_past_the_end", /out of bounds: .*byte 244/, /out of bounds: .*byte 244/],
  ["use_after_free", /out of bounds: .*no live allocation/, /out of bounds/],
  ["host_reads_device", /host access to device memory/, /host access to device memory/],
  ["host_writes_device", /host access to device memory/, /host access to device memory/],
  ["host_pointer_in_kernel", /host pointer in a kernel: .*argument 2/, /host pointer in a kernel/],
];

const builds = [
  { name: "plain", flags: [] as string[] },
  { name: "race checker", flags: ["-DRAP_EMU_RACES"] },
];

const available = Deno.build.os === "linux";

for (const { name, flags } of builds) {
  Deno.test(`cuda emulator, ${name}: correct kernels`, { ignore: !available }, async () => {
    const directory = await Deno.makeTempDir();
    try {
      await build(`${directory}/semantics`, "cases/semantics.cu", flags);
      const { code, text } = await run(`${directory}/semantics`, []);
      assert.equal(text, "ok\n");
      assert.equal(code, 0);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });

  Deno.test(`cuda emulator, ${name}: planted faults are found`, { ignore: !available }, async () => {
    const directory = await Deno.makeTempDir();
    try {
      await build(`${directory}/faults`, "cases/faults.cu", flags);
      for (const [fault, plain, checked] of faults) {
        const report = name === "plain" ? plain : checked;
        if (!report) continue;
        const { code, text } = await run(`${directory}/faults`, [fault]);
        assert.match(text, report, `${fault}: ${text}`);
        assert.notEqual(code, 0, fault);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test(
  "cuda emulator, AddressSanitizer: a read just past an allocation is found",
  { ignore: !available },
  async () => {
    const directory = await Deno.makeTempDir();
    try {
      await build(`${directory}/faults`, "cases/faults.cu", ["-fsanitize=address", "-g1"]);
      const { code, text } = await run(`${directory}/faults`, ["read_a_little_past_the_end"]);
      assert.match(text, /AddressSanitizer: use-after-poison/);
      assert.notEqual(code, 0);
      await build(`${directory}/semantics`, "cases/semantics.cu", ["-fsanitize=address", "-g1"]);
      assert.equal((await run(`${directory}/semantics`, [])).text, "ok\n");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
