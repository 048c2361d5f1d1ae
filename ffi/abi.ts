/**
 * The C header as data: its functions, its op codes, and a hash that a library must carry to be opened.
 * Used by the generator and by the build, never at run time.
 *
 * @module
 */

const root = new URL("../", import.meta.url);
const headers = ["kernels/raptorch.h", "kernels/pointwise.h"];

/** The C types that the header may use, as Deno's FFI spells them. */
const types: Record<string, string> = {
  "void *": "pointer",
  "const void *": "pointer",
  "const int32_t *": "pointer",
  "const double *": "pointer",
  "int32_t": "i32",
  "double": "f64",
  "void": "void",
};

/** One exported C function. */
export interface CFunction {
  name: string;
  parameters: string[];
  result: string;
}

/** What the header says. */
export interface Abi {
  functions: CFunction[];
  /** Enum constants without `RAP_`, by group: `UNARY_EXP` is `exp` in group `unary`. */
  codes: Map<string, Map<string, number>>;
  hash: number;
}

/** The C compiler: `CC`, else the first of cc, gcc and clang that runs. */
export function findCompiler(): string {
  const candidates = [Deno.env.get("CC"), "cc", "gcc", "clang"].filter((c): c is string => !!c);
  for (const cc of candidates) {
    try {
      if (new Deno.Command(cc, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success) return cc;
    } catch {
      // Not installed: the next candidate.
    }
  }
  throw new Error(
    `no C compiler found (tried ${candidates.join(", ")}). Raptorch builds its kernels with gcc or clang: ` +
      "install one (Debian and Ubuntu: apt install gcc; macOS: xcode-select --install) or set CC to it.",
  );
}

/** FNV-1a over the headers without comments and white space, as a signed 32-bit integer. */
export function abiHash(): number {
  let hash = 0x811c9dc5;
  for (const file of headers) {
    const text = Deno.readTextFileSync(new URL(file, root))
      .replace(/\/\*[^]*?\*\//g, "").replace(/\/\/[^\n]*/g, "").replace(/\s+/g, "");
    for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  }
  return hash | 0;
}

/** Reads the header through the preprocessor, so that op tables written as macros are seen expanded. */
export function readAbi(): Abi {
  const output = new Deno.Command(findCompiler(), {
    args: ["-E", "-P", "-xc", new URL(headers[0], root).pathname],
    stderr: "inherit",
  }).outputSync();
  if (!output.success) throw new Error(`the preprocessor failed on ${headers[0]}`);
  const text = new TextDecoder().decode(output.stdout);

  const functions: CFunction[] = [];
  const declaration = /__attribute__\(\(visibility\("default"\)\)\)\s*([\w\s*]+?)\s*\brap_(\w+)\s*\(([^)]*)\)\s*;/g;
  for (const [, result, name, list] of text.matchAll(declaration)) {
    const parameters = list.trim() === "void" ? [] : list.split(",").map((p) => ctype(p.replace(/\w+\s*$/, ""), name));
    functions.push({ name: `rap_${name}`, parameters, result: ctype(result, name) });
  }

  const codes = new Map<string, Map<string, number>>();
  for (const [, body] of text.matchAll(/enum\s*\w*\s*\{([^}]*)\}/g)) {
    let next = 0;
    for (const entry of body.split(",").map((e) => e.trim()).filter((e) => e)) {
      const [name, value] = entry.split("=").map((s) => s.trim());
      if (value !== undefined) next = Number(value);
      const match = /^RAP_([A-Z0-9]+)_(\w+)$/.exec(name);
      if (match) {
        const group = match[1].toLowerCase();
        if (!codes.has(group)) codes.set(group, new Map());
        codes.get(group)!.set(camel(match[2]), next);
      }
      next++;
    }
  }
  return { functions, codes, hash: abiHash() };
}

function ctype(text: string, where: string): string {
  const type = types[text.replace(/\s+/g, " ").replace(/ ?\* ?/, " *").trim()];
  if (!type) throw new Error(`rap_${where}: the type '${text.trim()}' is not in the header's grammar`);
  return type;
}

/** `RELU_BACKWARD` as `reluBackward`. */
export function camel(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, c) => c.toUpperCase());
}
