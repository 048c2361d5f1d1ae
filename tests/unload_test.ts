import assert from "node:assert/strict";

Deno.test("the thread pool outlives the isolate that started it", async () => {
  const folder = await Deno.makeTempDir();
  const mod = new URL("../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    `${folder}/worker.ts`,
    `import { randn } from "${mod}";
     const x = randn(256, 256);
     for (let i = 0; i < 20; i++) x.matmul(x);
     postMessage("done");`,
  );
  // The library is open in one worker at a time, so each end closes it for good.
  await Deno.writeTextFile(
    `${folder}/main.ts`,
    `for (let i = 0; i < 3; i++) {
       const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
       await new Promise((resolve) => worker.onmessage = resolve);
       worker.terminate();
       await new Promise((resolve) => setTimeout(resolve, 5));
     }
     console.log("survived");`,
  );
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-ffi", "--allow-read", `${folder}/main.ts`],
    signal: AbortSignal.timeout(60_000),
  });
  const { stdout, stderr } = await command.output();
  assert.equal(new TextDecoder().decode(stdout), "survived\n", new TextDecoder().decode(stderr));
  await Deno.remove(folder, { recursive: true });
});
