/** Finding the library: permissions, missing and wrong files, the forced instruction set. */
import { strict as assert } from "node:assert";
import { cpu } from "../mod.ts";
import { levels } from "../ffi/targets.ts";
import { abiHash } from "../ffi/symbols.ts";
import { generate } from "../ffi/generate.ts";

const mod = new URL("../mod.ts", import.meta.url).href;
const program = `import { ones } from "${mod}"; console.log(ones(2).sum().item());`;

async function run(
  flags: string[],
  env: Record<string, string> = {},
): Promise<{ out: string; errors: string; ok: boolean }> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--no-lock", ...flags, file],
      env: { NO_COLOR: "1", ...env },
    }).output();
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return { out: decode(stdout).trim(), errors: decode(stderr), ok: success };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("--allow-ffi and --allow-read are all that computing needs", async () => {
  const { out, errors } = await run(["--allow-ffi", "--allow-read"]);
  assert.equal(out, "2", errors);
});

Deno.test("a missing permission names the flag to add", async () => {
  assert.match((await run(["--allow-read"])).errors, /add --allow-ffi to deno's flags/);
  assert.match((await run(["--allow-ffi"])).errors, /add --allow-read to deno's flags/);
});

Deno.test("a library that is missing, or is something else, is named", async () => {
  const flags = ["--allow-ffi", "--allow-read", "--allow-env"];
  const missing = await run(flags, { RAPTORCH_LIBRARY: "/nowhere/libraptorch.so" });
  assert.ok(!missing.ok);
  assert.match(missing.errors, /cannot open \/nowhere\/libraptorch\.so as Raptorch's library/);
  const wrong = await run(flags, { RAPTORCH_LIBRARY: new URL("../mod.ts", import.meta.url).pathname });
  assert.match(wrong.errors, /cannot open .*mod\.ts as Raptorch's library/);
});

Deno.test("RAPTORCH_ISA forces a build, and an unknown one lists those there are", async () => {
  const flags = ["--allow-ffi", "--allow-read", "--allow-env"];
  const isa = levels[Deno.build.arch].find((l) => cpu.library.includes(l.isa))!.isa;
  assert.equal((await run(flags, { RAPTORCH_ISA: isa })).out, "2");
  assert.match(
    (await run(flags, { RAPTORCH_ISA: "x87" })).errors,
    /RAPTORCH_ISA is x87; this architecture \(.*\) has /,
  );
  const all = levels[Deno.build.arch];
  const level = all.findIndex((l) => l.isa === isa);
  if (level === 0) return;
  assert.match(
    (await run(flags, { RAPTORCH_ISA: all[level - 1].isa })).errors,
    new RegExp(`RAPTORCH_ISA is ${all[level - 1].isa}; this CPU has ${isa}`),
  );
});

Deno.test("the symbol table is in step with the C header", async () => {
  assert.equal(await Deno.readTextFile(new URL("../ffi/symbols.ts", import.meta.url)), generate());
  assert.equal(cpu.kernels.abiHash(), abiHash);
});
