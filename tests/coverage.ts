/**
 * Writes docs/coverage.md: the names of PyTorch, what they are here, and which tables of the tests compare them.
 * `deno run --allow-all tests/coverage.ts`
 *
 * @module
 */
import * as torch from "../mod.ts";

interface Names {
  tensor: { name: string; function: boolean; method: boolean; inplace: boolean }[];
  [group: string]: string[] | Names["tensor"];
}
interface Sample {
  op?: string;
  name?: string;
  home?: string;
  out?: unknown;
  grads?: unknown;
  gradients?: unknown;
  dx?: unknown;
  second?: unknown;
}

/** How far the tables compare a name, and whether on the CUDA device as well. */
interface Mark {
  gradient: boolean;
  second: boolean;
  /** PyTorch has no second derivative. */
  once: boolean;
  cuda: boolean;
}
type Marks = Map<string, Mark>;

const root = new URL("../", import.meta.url);
const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(`tests/golden/${path}.json`, root)));

const camel = (name: string): string => name.replace(/(?<=.)_+(\w)/g, (_, c: string) => c.toUpperCase());
const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();
const tick = (yes: boolean | undefined): string => yes ? "✓" : "";

/** The test files that run a second time with the CUDA device as the default one. */
async function filesOnCuda(): Promise<Set<string>> {
  const text = await Deno.readTextFile(new URL("tests/cuda/files.ts", root)).catch(() => "");
  return new Set(Array.from(text.matchAll(/"(\w+_test)\.ts"/g), ([, file]) => file));
}

function add(marks: Marks, key: string, mark: Mark): void {
  const before = marks.get(plain(key));
  marks.set(plain(key), {
    gradient: mark.gradient || (before?.gradient ?? false),
    second: mark.second || (before?.second ?? false),
    once: mark.once || (before?.once ?? false),
    cuda: mark.cuda || (before?.cuda ?? false),
  });
}

/** What the samples of golden files compare; `test` runs them. */
function compared(marks: Marks, samples: readonly Sample[], cuda: boolean): void {
  for (const s of samples) {
    const gradient = [s.grads, s.gradients, s.dx].some((g) => !!g);
    add(marks, s.op ?? s.name ?? "", { gradient, second: !!s.second, once: s.second === null, cuda });
  }
}

/** The tables of operations: [golden file, test that runs it]. */
const tables: Record<string, [string, string][]> = {
  tensor: [["ops", "pointwise_test"], ["math", "math_test"], ["scatter", "scatter_test"]],
  linalg: [["linalg", "linalg_golden_test"]],
  functional: [["nn_functional", "nn_functional_test"], ["ops", "pointwise_test"]],
};
const homes: Record<string, string> = { tensor: "", linalg: "linalg", functional: "F" };

const head = "| PyTorch | Raptorch | values | gradient | second derivative | CUDA |\n|---|---|---|---|---|---|\n";
const short = "| PyTorch | Raptorch | tests | CUDA |\n|---|---|---|---|\n";

/** Names that no table can hold, and the tests that have them. */
const apart: Record<string, string> = { broadcast_shapes: "core_test", to: "core_test" };

/** Where PyTorch's own table of operations claims more derivatives, once and twice, than PyTorch has. */
const exceptions: Record<string, [boolean, boolean]> = { "F.ctc_loss": [true, false], "F.one_hot": [false, false] };

/** What exists of the spellings that a name should have. */
function spelled(wanted: [string, boolean][], missing: string[]): string {
  missing.push(...wanted.filter(([, is]) => !is).map(([name]) => name));
  return wanted.map(([name, is]) => is ? `\`${name}\`` : `**missing: ${name}**`).join(" ");
}

function spellings(facts: Names["tensor"][number]): [string, boolean][] {
  const name = camel(facts.name.replace(/_$/, "")) + (facts.name.endsWith("_") ? "_" : "");
  const wanted: [string, boolean][] = [], methods = torch.Tensor.prototype;
  if (facts.function) wanted.push([name, name in torch]);
  if (facts.method) wanted.push([`x.${name}`, name in methods]);
  if (facts.inplace) wanted.push([`x.${name}_`, `${name}_` in methods]);
  return wanted.length > 0 ? wanted : [[name, name in torch]];
}

/** Follows a dotted path from an object. */
function exists(path: string, from: object): boolean {
  let at: unknown = from;
  for (const part of path.split(".")) {
    if ((typeof at !== "object" && typeof at !== "function") || at === null || !(part in at)) return false;
    at = (at as Record<string, unknown>)[part];
  }
  return true;
}

async function operations(names: Names, cuda: Set<string>, missing: string[]): Promise<Record<string, string>> {
  const { differentiable, samples }: { differentiable: Record<string, [boolean, boolean]>; samples: Sample[] } =
    await read("samples");
  const sections: Record<string, string> = {};
  for (const [group, files] of Object.entries(tables)) {
    const marks: Marks = new Map();
    for (const [file, test] of files) compared(marks, await read(file), cuda.has(test));
    compared(marks, samples.filter((s) => s.home === homes[group]), cuda.has("samples_test"));
    const rows = names[group].map((entry) => {
      const name = typeof entry === "string" ? entry : entry.name, prefix = homes[group];
      const found = typeof entry === "string"
        ? spelled([[`${prefix}.${camel(name)}`, exists(`${prefix}.${camel(name)}`, torch)]], missing)
        : spelled(spellings(entry), missing);
      const mark = marks.get(plain(name)),
        [once, twice] = { ...differentiable, ...exceptions }[`${prefix}.${name}`] ?? [true, true];
      const differs = once && !(name in apart);
      return `| \`${name}\` | ${found} | ${tick(mark !== undefined || name in apart)} | ${
        differs ? tick(mark?.gradient) : "–"
      } | ${differs && twice ? tick(mark?.second) : "–"} | ${tick(mark?.cuda || cuda.has(apart[name]))} |`;
    });
    sections[group] = head + rows.join("\n");
  }
  return sections;
}

/** Modules that are called by nobody, but hold others. */
const containers = new Set(["ModuleList", "ModuleDict", "ParameterList", "ParameterDict"]);

/** The layers: their own table, and for those that none compares, whether a test uses them. */
async function modules(names: Names, cuda: Set<string>, missing: string[]): Promise<string> {
  const marks: Marks = new Map(), tests = await sources();
  compared(marks, (await read("nn_modules") as Sample[]).filter((s) => s.out), cuda.has("nn_modules_test"));
  return head + (names.modules as string[]).map((name) => {
    const mark = marks.get(plain(name)), files = used(name, tests), holds = containers.has(name);
    return `| \`${name}\` | ${spelled([[`nn.${name}`, exists(name, torch.nn)]], missing)} | ${
      tick(mark !== undefined || files.length > 0)
    } | ${holds ? "–" : tick(mark?.gradient)} | ${holds || (mark?.once && !mark.second) ? "–" : tick(mark?.second)} | ${
      tick(mark?.cuda || files.some((f) => cuda.has(f)))
    } |`;
  }).join("\n");
}

/** The texts of the test files, by name. */
async function sources(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const found = Array.from(Deno.readDirSync(new URL("tests/", root)), (e) => e.name).sort();
  for (const file of found.filter((f) => f.endsWith("_test.ts"))) {
    texts.set(file.slice(0, -3), await Deno.readTextFile(new URL(`tests/${file}`, root)));
  }
  // These run what their golden files name.
  const named: [string, string][] = [["optim_test", "optim"], ["scheduler_test", "optim"], [
    "utils_golden_test",
    "utils",
  ], [
    "distributions_test",
    "distributions",
  ]];
  for (const [test, file] of named) texts.set(test, texts.get(test) + JSON.stringify(await read(file)));
  return texts;
}

function used(name: string, tests: Map<string, string>): string[] {
  const last = name.split(".").at(-1)!, word = new RegExp(`\\b${last}\\b`);
  return [...tests].filter(([file, text]) => file !== "coverage_test" && word.test(text)).map(([file]) => file);
}

async function others(
  names: readonly string[],
  prefix: string,
  where: object,
  cuda: Set<string>,
  missing: string[],
): Promise<string> {
  const tests = await sources();
  return short + names.map((name) => {
    const own = name.split(".").map((part) => camel(part.replace(/_$/, "")) + (part.endsWith("_") ? "_" : "")).join(
      ".",
    );
    const files = used(own, tests);
    return `| \`${name}\` | ${spelled([[prefix + own, exists(own, where)]], missing)} | ${files.join(", ")} | ${
      tick(files.some((f) => cuda.has(f)))
    } |`;
  }).join("\n");
}

/** The page, and the names that PyTorch has and this library has not. */
export async function coverage(): Promise<{ page: string; missing: string[] }> {
  const names: Names = await read("names"), cuda = await filesOnCuda(), missing: string[] = [];
  const list = (group: string): string[] => names[group] as string[];
  const { tensor, linalg, functional } = await operations(names, cuda, missing);
  const rest = (group: string, prefix: string, where: object) => others(list(group), prefix, where, cuda, missing);
  const distributions = await rest("distributions", "distributions.", torch.distributions);
  const page = `# What of PyTorch is here

Made by \`tests/coverage.ts\`. A mark says that a table in \`tests/golden\` compares the name with PyTorch's results: its
values, its gradient, its second derivative; under CUDA, that the test which does so also runs on the CUDA device. A dash
says that PyTorch has no such derivative either.

## Tensors

${tensor}

## linalg

${linalg}

## nn.functional

${functional}

## nn

${await modules(names, cuda, missing)}

## nn.utils

${await rest("utils", "nn.utils.", torch.nn.utils)}

## optim

${await rest("optim", "optim.", torch.optim)}

## optim.lrScheduler

${await rest("schedulers", "optim.lrScheduler.", torch.optim.lrScheduler)}

## optim.swaUtils

${await rest("swa", "optim.swaUtils.", torch.optim.swaUtils)}

## autograd

${await rest("autograd", "", torch)}

## distributions

Each has \`sample\`, \`rsample\` (where PyTorch has it), \`logProb\` and \`entropy\`; \`distributions.klDivergence\` takes two.

${distributions}
`;
  return { page, missing };
}

if (import.meta.main) {
  const { page, missing } = await coverage();
  await Deno.writeTextFile(new URL("docs/coverage.md", root), page);
  if (missing.length > 0) console.log(`missing: ${missing.join(" ")}`);
}
