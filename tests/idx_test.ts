import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { downloadFile, expandHome, findFile } from "../src/vision/files.ts";
import { parseIdx } from "../src/vision/idx.ts";

/** An IDX file of unsigned bytes. */
function idx(shape: number[], data: number[], type = 8): Uint8Array<ArrayBuffer> {
  const sizes = shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...data]);
}

Deno.test("an IDX file is read without copying", () => {
  const bytes = idx([2, 1, 3], [1, 2, 3, 4, 5, 6]);
  const { shape, data } = parseIdx(bytes, "images", 3);
  assert.deepEqual(shape, [2, 1, 3]);
  assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
  assert.equal(data.buffer, bytes.buffer);
});

Deno.test("a wrong IDX file says what is wrong with it", () => {
  const cases: [Uint8Array<ArrayBuffer>, number, RegExp][] = [
    [new Uint8Array(), 3, /f is not an IDX file: it begins with nothing, expected 00 00 08 03/],
    [new TextEncoder().encode("<html>"), 1, /begins with 3c 68 74 6d, expected 00 00 08 01/],
    [idx([1], [0], 0x0d), 1, /IDX type 0x0d, expected 0x08/],
    [idx([3], [1, 2, 3]), 3, /has 1 dimension\(s\), but a file of images has 3/],
    [idx([1, 1, 1], [0]), 1, /has 3 dimension\(s\), but a file of labels has 1/],
    [idx([2, 1, 3], []).slice(0, 9), 3, /truncated: 9 bytes, but its header alone takes 16/],
    [idx([2, 1, 3], [1, 2]), 3, /truncated: 18 bytes, but its header promises 2×1×3 values in 22/],
    [idx([2], [1, 2, 3]), 1, /has bytes left over: 11 bytes/],
  ];
  for (const [bytes, rank, message] of cases) assert.throws(() => parseIdx(bytes, "f", rank), message);
});

Deno.test("a file is found plain or compressed, with either spelling", async () => {
  const root = await Deno.makeTempDir();
  const bytes = idx([2], [7, 8]);
  assert.equal(await findFile([root, `${root}/missing`], "train-labels-idx1-ubyte"), null);
  for (const name of ["train-labels.idx1-ubyte.gz", "train-labels-idx1-ubyte.gz"]) {
    await Deno.writeFile(`${root}/${name}`, gzipSync(bytes));
    const found = await findFile([`${root}/missing`, root], "train-labels-idx1-ubyte");
    assert.equal(found?.path, `${root}/${name}`);
    assert.deepEqual(found.bytes, bytes);
  }
  await Deno.writeFile(`${root}/train-labels-idx1-ubyte`, gzipSync(bytes).subarray(0, 20));
  await assert.rejects(findFile([root], "train-labels-idx1-ubyte"), /idx1-ubyte is truncated or damaged/);
  await Deno.remove(root, { recursive: true });
});

Deno.test("a download is verified, and kept only if it is whole", async () => {
  const root = await Deno.makeTempDir();
  const good = gzipSync(idx([2], [7, 8]));
  const md5 = createHash("md5").update(good).digest("hex");
  const bodies: Record<string, Uint8Array<ArrayBuffer>> = {
    "/good/x.gz": new Uint8Array(good),
    "/altered/x.gz": gzipSync(idx([2], [7, 9])).slice(),
  };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const body = bodies[new URL(request.url).pathname];
    return body ? new Response(body) : new Response("no", { status: 404 });
  });
  const mirror = (name: string) => `http://127.0.0.1:${server.addr.port}/${name}/`;
  const resource = { name: "x", md5 };
  await assert.rejects(
    downloadFile(resource, [mirror("none"), mirror("altered")], `${root}/raw`),
    /Error downloading x\.gz:\nTried .*none.*\n.*404.*\nTried .*altered.*\n.*truncated or altered: its md5 is/,
  );
  assert.deepEqual([...Deno.readDirSync(root)], []);
  await downloadFile(resource, [mirror("none"), mirror("good")], `${root}/raw`);
  assert.deepEqual([...Deno.readDirSync(`${root}/raw`)].map((f) => f.name), ["x"]);
  assert.deepEqual((await findFile([`${root}/raw`], "x"))?.bytes, idx([2], [7, 8]));
  await server.shutdown();
  await Deno.remove(root, { recursive: true });
});

Deno.test("a missing permission names its flag", async () => {
  const files = new URL("../src/vision/files.ts", import.meta.url);
  const run = async (code: string, flags: string[]) => {
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(script, `import * as files from "${files}";\n${code}`);
    const command = new Deno.Command(Deno.execPath(), { args: ["run", "--no-prompt", ...flags, script] });
    const { stderr } = await command.output();
    await Deno.remove(script);
    return new TextDecoder().decode(stderr);
  };
  assert.match(
    await run(`await files.findFile(["/data"], "x")`, []),
    /Cannot read \/data\/x: run again with --allow-read/,
  );
  assert.match(await run(`files.expandHome("~/data")`, []), /run again with --allow-env=HOME/);
  const download = `await files.downloadFile({ name: "x", md5: "" }, ["http://127.0.0.1:12345/"], "/data")`;
  assert.match(await run(download, []), /Cannot download .*: run again with --allow-net/);
});

Deno.test("~ is the home folder", () => {
  assert.equal(expandHome("data/~"), "data/~");
  assert.equal(expandHome("~/mnist"), `${Deno.env.get("HOME")}/mnist`);
});
