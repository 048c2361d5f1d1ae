/** Imported as `jsr:@raptorch/raptorch`: a loopback registry serves exactly the published files. */
import { strict as assert } from "node:assert";
import { cpu } from "../mod.ts";

const root = new URL("../", import.meta.url);

/** The files that `deno publish` would upload, by their path in the package. */
async function publishedFiles(): Promise<Map<string, Uint8Array>> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, text);
  const files = new Map<string, Uint8Array>();
  for (const [, url] of text.matchAll(/^\s+(file:\S+) \(/gm)) {
    files.set(`/${url.slice(root.href.length)}`, await Deno.readFile(new URL(url)));
  }
  assert.ok(files.has("/mod.ts"), text);
  return files;
}

async function checksum(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return `sha256-${Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("")}`;
}

Deno.test("a training script runs from a registry, in an empty cache", async () => {
  const files = await publishedFiles();
  const config: { name: string; version: string; exports: string } = JSON.parse(
    new TextDecoder().decode(files.get("/deno.json")),
  );
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) manifest[path] = { size: bytes.length, checksum: await checksum(bytes) };

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const path = new URL(request.url).pathname;
    const base = `/${config.name}/`;
    if (path === `${base}meta.json`) {
      return Response.json({
        scope: "raptorch",
        name: "raptorch",
        latest: config.version,
        versions: { [config.version]: {} },
      });
    }
    if (path === `${base}${config.version}_meta.json`) {
      return Response.json({ manifest, exports: { ".": config.exports } });
    }
    const bytes = files.get(path.slice(`${base}${config.version}`.length));
    if (!bytes) return new Response("not published", { status: 404 });
    const type = path.endsWith(".ts") ? "text/typescript" : "application/octet-stream";
    return new Response(new Uint8Array(bytes), { headers: { "content-type": type } });
  });

  const folder = await Deno.makeTempDir();
  try {
    const script = `${folder}/train.ts`;
    await Deno.writeTextFile(
      script,
      `import { manualSeed, rand, tensor } from "jsr:${config.name}@${config.version}";
manualSeed(0);
const x = rand(64, 2), y = x.matmul(tensor([[2], [-3]]));
const w = tensor([[0], [0]], { requiresGrad: true });
let loss = Infinity;
for (let step = 0; step < 300; step++) {
  const error = x.matmul(w).sub(y);
  const mse = error.mul(error).mean();
  mse.backward();
  w.data.sub_(w.grad!.mul(0.5));
  w.grad = null;
  loss = mse.item();
}
console.log(loss < 1e-4 ? "trained" : \`loss \${loss}\`);
`,
    );
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-lock", "--allow-ffi", "--allow-read", "--allow-env=RAPTORCH_LIBRARY", script],
      cwd: folder,
      env: {
        DENO_DIR: `${folder}/cache`,
        JSR_URL: `http://127.0.0.1:${server.addr.port}/`,
        RAPTORCH_LIBRARY: cpu.library,
        NO_COLOR: "1",
      },
    }).output();
    const errors = new TextDecoder().decode(stderr);
    assert.ok(success, errors);
    assert.equal(new TextDecoder().decode(stdout).trim(), "trained", errors);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});
