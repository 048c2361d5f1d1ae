import assert from "node:assert/strict";
import { coverage } from "./coverage.ts";

Deno.test("docs/coverage.md is what tests/coverage.ts writes, and no name is missing", async () => {
  const { page, missing } = await coverage();
  const written = await Deno.readTextFile(new URL("../docs/coverage.md", import.meta.url));
  assert.equal(written, page, "run: deno run --allow-all tests/coverage.ts");
  assert.deepEqual(missing, []);
});
