/**
 * Writes `ffi/symbols.ts` from the C header: `deno task generate`. With `--check` it only compares.
 *
 * @module
 */
import { camel, readAbi } from "./abi.ts";

/** The text of `ffi/symbols.ts` that the header asks for. */
export function generate(): string {
  const { functions, codes, hash } = readAbi();
  const lines = [
    "// Generated from kernels/raptorch.h by ffi/generate.ts: do not edit.",
    "",
    "/** The header's hash: a library built from another header is refused. */",
    `export const abiHash = ${hash};`,
    "",
    "/** Every C function, by its name without `rap_`. */",
    "export const symbols = {",
    ...functions.map((f) =>
      `  ${camel(f.name.slice(4))}: { name: "${f.name}", parameters: [${
        f.parameters.map((p) => `"${p}"`).join(", ")
      }], result: "${f.result}" },`
    ),
    "} as const;",
  ];
  for (const [group, members] of codes) {
    if (members.size < 2) continue;
    lines.push(
      "",
      `/** Op codes \`RAP_${group.toUpperCase()}_*\`. */`,
      `export const ${group} = {`,
      ...[...members].map(([name, value]) => `  ${name}: ${value},`),
      "} as const;",
    );
  }
  return lines.join("\n") + "\n";
}

if (import.meta.main) {
  const file = new URL("./symbols.ts", import.meta.url);
  const text = generate();
  if (Deno.args.includes("--check")) {
    if (Deno.readTextFileSync(file) !== text) {
      console.error("ffi/symbols.ts is not in step with kernels/raptorch.h: run deno task generate");
      Deno.exit(1);
    }
  } else Deno.writeTextFileSync(file, text);
}
