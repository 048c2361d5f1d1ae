import assert from "node:assert/strict";
import { safetensors } from "../mod.ts";

const root = new URL("../", import.meta.url);

async function run(name: string, flags: string[], args: string[] = []): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, `examples/${name}.ts`, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** JavaScript's words for Python's. */
function asPython(text: string): string {
  const words: Record<string, string> = { null: "None", true: "True", false: "False" };
  return text.replace(/0x[0-9a-f]+/g, "0x…").replace(/\b(null|true|false)\b/g, (word) => words[word]);
}

const NUMBER = /-?\d+(?:\.\d*)?(?:e[-+]\d+)?/g;

/**
 * Lines are equal, except that numbers may differ by 1.5 in the fourth decimal: sums of float32 in another order, which
 * training carries on, and the rounding of what is printed.
 */
function sameLine(actual: string, expected: string): boolean {
  const blank = (text: string) => text.replace(NUMBER, "#").replace(/ +/g, " ");
  const values = (text: string) => (text.match(NUMBER) ?? []).map(Number);
  const wanted = values(expected);
  return blank(actual) === blank(expected) && values(actual).every((v, i) => Math.abs(v - wanted[i]) <= 1.5e-4);
}

const only = ["--allow-ffi", "--allow-read"];
const tutorials: Record<string, string[]> = {
  perceptron: only,
  feedforward: only,
  lenet: only,
  classifier: [...only, "--allow-write=build"],
  fizbuz: only,
  mnist_networks: [...only, "--allow-write=build"],
};

for (const [name, flags] of Object.entries(tutorials)) {
  Deno.test(`examples/${name}.ts prints what PyTorch prints`, async () => {
    const golden = await Deno.readTextFile(new URL(`tests/golden/tutorial_${name}.txt`, root));
    const expected = golden.trimEnd().split("\n");
    const actual = asPython(await run(name, flags)).split("\n");
    expected.forEach((line, i) =>
      assert.ok(sameLine(actual[i], line), `line ${i + 1}: ${actual[i]}\nPyTorch: ${line}`)
    );
  });
}

// The main job on all of MNIST, with what it must reach: about 5 s and 15 s on two cores.
for (const [model, accuracy] of [["mlp", 97], ["lenet", 98.5]] as const) {
  Deno.test(`examples/mnist.ts --model ${model} reaches ${accuracy} %`, async () => {
    const text = await run("mnist", [...only, "--allow-write=build"], ["--model", model]);
    const reached = [...text.matchAll(/test accuracy ([\d.]+) %/g)].map((match) => Number(match[1]));
    assert.ok(reached[reached.length - 1] >= accuracy, text);
    const checkpoint = await safetensors.loadFile(new URL(`build/examples/mnist_${model}.safetensors`, root));
    assert.equal(Object.keys(checkpoint).length, model === "mlp" ? 6 : 10);
    for (const picture of ["loss", "accuracy", "digits"]) {
      const svg = await Deno.readTextFile(new URL(`build/examples/mnist_${model}_${picture}.svg`, root));
      assert.match(svg, /^<svg [^]*<\/svg>$/);
    }
  });
}

Deno.test("examples/mnist.ts refuses options that make no sense", async () => {
  const fails = async (...args: string[]) => await run("mnist", only, args).catch((error: Error) => error.message);
  assert.match(await fails("--model", "cnn"), /--model is mlp or lenet, not cnn/);
  assert.match(await fails("--epochs", "many"), /--epochs is a number, not many/);
  assert.match(await fails("--epoch", "3"), /Unknown option '--epoch'/);
  assert.match(await run("mnist", only, ["--help"]), /--batch-size N/);
});
