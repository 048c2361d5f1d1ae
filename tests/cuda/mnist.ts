/** The MNIST examples on the CUDA device: on a few hundred digits the loss falls as it does on the CPU. */
import { strict as assert } from "node:assert";

const root = new URL("../../", import.meta.url);

async function run(example: string, device: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // deno-fmt-ignore
    args: ["run", "--no-prompt", "--allow-ffi", "--allow-read", "--allow-env", "--allow-write=build", `examples/${example}.ts`, "--device", device, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The training losses of the epochs. */
const losses = (text: string): number[] => [...text.matchAll(/: loss ([\d.]+)/g)].map((m) => Number(m[1]));

for (const [model, limit] of [["mlp", 320], ["lenet", 64]] as const) {
  Deno.test(`examples/mnist.ts --model ${model} --device cuda loses what it loses on the CPU`, async () => {
    // deno-fmt-ignore
    const args = ["--model", model, "--limit", String(limit), "--test-limit", "32", "--epochs", "3", "--batch-size", "32", "--lr", "0.003"];
    const text = await run("mnist", "cuda", args),
      got = losses(text),
      expected = losses(await run("mnist", "cpu", args));
    assert.match(text, /on cuda/);
    assert.equal(got.length, 3);
    assert.ok(got[2] < got[0], `the loss falls: ${got}`);
    // The weights and batches are the same; float32 sums in another order grow apart over the steps of Adam.
    got.forEach((loss, i) =>
      assert.ok(Math.abs(loss - expected[i]) < 2e-2 * expected[i], `${got} on the CPU ${expected}`)
    );
  });
}

Deno.test("examples/mnist_networks.ts --device cuda prints the shapes that it prints on the CPU", async () => {
  const blank = (text: string): string =>
    text.replace(/,\s+device='cuda:0'/g, "").replace(/-?\d+\.\d*(e[-+]\d+)?|0x[0-9a-f]+|tensor\(\d+\)/g, "#").replace(
      /[\s[\]]+/g,
      " ",
    );
  assert.equal(blank(await run("mnist_networks", "cuda", [])), blank(await run("mnist_networks", "cpu", [])));
});
