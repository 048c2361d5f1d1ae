import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import { tensor, zeros } from "../mod.ts";

Deno.test("backward fills the gradients of leaves", () => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  x.mul(x).sum().backward();
  assert.deepEqual(x.grad!.tolist(), [2, 4, 6]);
});

Deno.test("writing to a view gives the base a new history", () => {
  const x = zeros(3).requiresGrad_();
  const y = x.clone();
  const first = y.get(0);
  y.get(1).add_(5);
  assert.equal(y.gradFn!.name(), "CopySlices");
  assert.equal(first.gradFn!.name(), "AsStridedBackward0");
  y.mul(tensor([1, 2, 3])).sum().backward();
  assert.deepEqual(x.grad!.tolist(), [1, 2, 3]);
});

Deno.test("a leaf that requires gradients cannot be written in place", () => {
  const x = zeros(3).requiresGrad_();
  assert.throws(() => x.add_(1), /a leaf Variable that requires grad is being used in an in-place operation/);
  torch.noGrad(() => x.add_(1));
  assert.deepEqual(x.tolist(), [1, 1, 1]);
});

Deno.test("a saved tensor that was written in place is noticed", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(2);
  const z = y.mul(y);
  y.add_(1);
  assert.throws(
    () => z.sum().backward(),
    /modified by an inplace operation: \[torch.FloatTensor \[2\]\], which is output 0 of/,
  );
});

Deno.test("backward twice is an error, unless the graph is retained", () => {
  const x = tensor(2, { requiresGrad: true });
  const y = x.mul(x);
  y.backward({ retainGraph: true });
  y.backward();
  assert.equal(x.grad!.item(), 8);
  assert.throws(() => y.backward(), /Trying to backward through the graph a second time/);
});

Deno.test("second derivatives", () => {
  const x = tensor(3, { requiresGrad: true });
  const [dx] = torch.autograd.grad(x.mul(x).mul(x), x, { createGraph: true });
  const [ddx] = torch.autograd.grad(dx!, x);
  assert.equal(dx!.item(), 27);
  assert.equal(ddx!.item(), 18);
});

Deno.test("a plain loop uses bounded memory", () => {
  const w = zeros(256, 256).requiresGrad_();
  const x = torch.ones(256, 256);
  let before = 0;
  for (let step = 0; step < 200; step++) {
    if (step === 20) before = torch.memory().live;
    x.matmul(w).relu().mean().backward();
    w.clearGrad();
  }
  assert.ok(torch.memory().live <= before + 2 ** 20, `${before} grew to ${torch.memory().live}`);
});

Deno.test("to changes types, and what has one shape with another is a shape", () => {
  const x = tensor([1.5, -2.5]);
  assert.equal(x.to("float32"), x);
  assert.deepEqual([x.to("int64").tolist(), x.to("int64").dtype], [[1, -2], torch.int64]);
  const wide = x.to(tensor([true])).to("float64");
  assert.deepEqual([wide.tolist(), wide.dtype], [[1, 1], torch.float64]);
  assert.notEqual(x.to("float32", { copy: true }), x);
  const y = x.clone().requiresGrad_();
  y.to("float64").sum().backward();
  assert.deepEqual(y.grad!.tolist(), [1, 1]);
  assert.deepEqual([...torch.broadcastShapes([2, 1], [3], [])], [2, 3]);
  assert.throws(
    () => torch.broadcastShapes([2], [3]),
    /Attempting to broadcast a dimension of length 3 at -1! Mismatching argument at index 1 had \(3,\)/,
  );
});
