/**
 * `deno task ok`: everything that must hold before a commit, in the order of how fast it fails.
 *
 * @module
 */

const deno = Deno.execPath();

/** Whether a program can be run at all. */
function installed(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function kernelSources(): string[] {
  const files: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else if (/\.(c|h|cu|cuh)$/.test(entry.name)) files.push(path);
    }
  };
  walk("kernels");
  return files.sort();
}

const steps: [name: string, program: string, ...args: string[]][] = [
  ["formatted", deno, "fmt", "--check", "--quiet"],
  ["linted", deno, "lint", "--quiet"],
  ["symbol table in step with the header", deno, "task", "generate", "--check"],
  ["kernels formatted", "clang-format", "--dry-run", "--Werror", ...kernelSources()],
  ["built", deno, "task", "build"],
  ["types", deno, "check", "--quiet", "."],
  ["documented", deno, "doc", "--lint", "--quiet", "mod.ts"],
  ["publishable", deno, "publish", "--dry-run", "--allow-dirty", "--quiet"],
  ["tested", deno, "task", "test"],
];

for (const [name, program, ...args] of steps) {
  if (program !== deno && !installed(program)) {
    console.log(`${name}: left out, ${program} is not installed`);
    continue;
  }
  const start = performance.now();
  const { success } = await new Deno.Command(program, { args, stdout: "inherit", stderr: "inherit" }).spawn().status;
  console.log(`${name}: ${success ? "ok" : "FAILED"} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (!success) Deno.exit(1);
}
