/**
 * Writes docs/coverage.md: the names of PyTorch, what they are here, and which golden files compare them.
 * `deno run --allow-all tests/coverage.ts`
 *
 * @module
 */
import * as torch from "../mod.ts";

interface Facts {
  name: string;
  function: boolean;
  method: boolean;
  inplace: boolean;
}
interface Sample {
  op?: string;
  name?: string;
  grads?: unknown;
  gradients?: unknown;
  dx?: unknown;
  second?: unknown;
}
type Compared = Map<string, { gradient: boolean; second: boolean }>;

const root = new URL("../", import.meta.url);
const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(`tests/golden/${path}.json`, root)));

const camel = (name: string) => name.replace(/_+(\w)/g, (_, c: string) => c.toUpperCase());
const plain = (name: string) => camel(name).toLowerCase();

/** Which names the samples of golden files compare, and how far. */
async function compared(...files: string[]): Promise<Compared> {
  const found: Compared = new Map();
  for (const file of files) {
    for (const sample of await read(file) as Sample[]) {
      const key = plain(sample.op ?? sample.name ?? ""), before = found.get(key);
      found.set(key, {
        gradient: (before?.gradient ?? false) || [sample.grads, sample.gradients, sample.dx].some((g) => !!g),
        second: (before?.second ?? false) || !!sample.second,
      });
    }
  }
  return found;
}

function row(name: string, here: string[], missing: string[], samples: Compared): string {
  const s = samples.get(plain(name)), yes = (b: boolean | undefined) => b ? "✓" : "";
  const spelling = here.map((n) => `\`${n}\``).join(" ") + missing.map((n) => ` **missing: ${n}**`).join("");
  return `| \`${name}\` | ${spelling} | ${yes(s !== undefined)} | ${yes(s?.gradient)} | ${yes(s?.second)} |`;
}

const head = "| PyTorch | Raptorch | values | gradient | second derivative |\n|---|---|---|---|---|\n";

/** The page, and the names that PyTorch has and this library does not. */
export async function coverage(): Promise<{ page: string; missing: string[] }> {
  const names: { tensor: Facts[]; linalg: string[]; functional: string[] } = await read("names");
  const ops = await compared("ops", "math", "scatter"), linalg = await compared("linalg");
  const functional = await compared("nn_functional", "ops"), missing: string[] = [];
  const methods = torch.Tensor.prototype;
  const tensorRows = names.tensor.map((f) => {
    const name = camel(f.name.replace(/_$/, "")) + (f.name.endsWith("_") ? "_" : "");
    const wanted: [string, boolean][] = [];
    if (f.function) wanted.push([name, name in torch]);
    if (f.method) wanted.push([`x.${name}`, name in methods]);
    if (f.inplace) wanted.push([`x.${name}_`, `${name}_` in methods]);
    if (wanted.length === 0) wanted.push([name, name in torch]);
    const absent = wanted.filter(([, is]) => !is).map(([n]) => n);
    missing.push(...absent);
    return row(f.name, wanted.filter(([, is]) => is).map(([n]) => n), absent, ops);
  });
  const rows = (prefix: string, list: string[], where: object, samples: Compared) =>
    list.map((name) => {
      const spelled = `${prefix}.${camel(name)}`, is = camel(name) in where;
      if (!is) missing.push(spelled);
      return row(name, is ? [spelled] : [], is ? [] : [spelled], samples);
    });
  const page = `# What of PyTorch is here

Made by \`tests/coverage.ts\`. A mark says that samples in \`tests/golden\` compare it with PyTorch's results; names without
one may have tests of another kind.

## Tensors

${head}${tensorRows.join("\n")}

## linalg

${head}${rows("linalg", names.linalg, torch.linalg, linalg).join("\n")}

## nn.functional

${head}${rows("F", names.functional, torch.F, functional).join("\n")}
`;
  return { page, missing };
}

if (import.meta.main) {
  const { page, missing } = await coverage();
  await Deno.writeTextFile(new URL("docs/coverage.md", root), page);
  if (missing.length > 0) console.log(`missing: ${missing.join(" ")}`);
}
