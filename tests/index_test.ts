/** Indexing, joining and sorting; the expected values are PyTorch 2.13's. */
import { strict as assert } from "node:assert";
import { arange, cat, float32, iinfo, int32, int64, ones, slice, stack, tensor, uint8, where, zeros } from "../mod.ts";
import { throwsByValue } from "./device.ts";

Deno.test("brackets: integers, slices, ellipsis, null", () => {
  const x = arange(24).view(2, 3, 4);
  assert.equal(String(x.index([0, slice(1, 3), "...", null]).shape), "torch.Size([2, 4, 1])");
  assert.deepEqual(x.index(["...", 1]).tolist(), [[1, 5, 9], [13, 17, 21]]);
  assert.deepEqual(x.index([-1, -1, slice(null, null, 2)]).tolist(), [20, 22]);
});

Deno.test("brackets: index tensors and masks", () => {
  const x = arange(24).view(2, 3, 4);
  assert.deepEqual(x.index([tensor([0n, 1n]), tensor([2n, 0n])]).tolist(), [[8, 9, 10, 11], [12, 13, 14, 15]]);
  assert.deepEqual(x.index([slice(), [2, 0], 1]).tolist(), [[9, 1], [21, 13]]);
  assert.deepEqual(x.index([x.gt(20)]).tolist(), [21, 22, 23]);
  assert.deepEqual(x.index([slice(), slice(), tensor([[0n, 1n], [2n, -1n]])]).sizes, [2, 3, 2, 2]);
});

Deno.test("writing through brackets, with history", () => {
  const w = ones(3, 4).requiresGrad_();
  const v = tensor([2, 3, 4, 5], { requiresGrad: true });
  const z = w.mul(1);
  z.indexPut_([tensor([0n, 2n])], v);
  assert.deepEqual(z.tolist(), [[2, 3, 4, 5], [1, 1, 1, 1], [2, 3, 4, 5]]);
  z.index([[0, 0, 1]]).sum().backward();
  assert.deepEqual(w.grad!.tolist(), [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]);
  assert.deepEqual(v.grad!.tolist(), [2, 2, 2, 2]);
  const counts = zeros(3);
  counts.indexPut_([tensor([1n, 1n, 2n])], 1, { accumulate: true });
  assert.deepEqual(counts.tolist(), [0, 2, 1]);
});

Deno.test("indices out of range are named", () => {
  const x = zeros(2, 3);
  assert.deepEqual(where(tensor([[1, 0], [0, 3]]).gt(0)).map((i) => i.tolist()), [[0, 1], [0, 1]]);
  assert.throws(() => x.get(5), /index 5 is out of bounds for dimension 0 with size 2/);
  assert.throws(() => x.get(0, 3), /index 3 is out of bounds for dimension 1 with size 3/);
  assert.throws(() => x.get(0, 0, 0), /too many indices for tensor of dimension 2/);
  assert.throws(() => x.index([5]), /index 5 is out of bounds for dimension 0 with size 2/);
  const late = /an index is out of bounds/;
  throwsByValue(() => x.index([slice(), tensor([-4n])]), /index -4 is out of bounds for dimension 1 with size 3/, late);
  assert.throws(() => x.index([0, 0, 0]), /too many indices for tensor of dimension 2/);
  throwsByValue(() => x.gather(1, tensor([[3n]])), /index 3 is out of bounds for dimension 1 with size 3/, late);
  assert.throws(() => x.indexPut_([0], ones(4)), /must match|cannot be broadcast/);
});

Deno.test("gather and scatter are adjoint", () => {
  const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
  const y = x.gather(1, tensor([[0n, 0n], [1n, 0n]]));
  assert.deepEqual(y.tolist(), [[1, 1], [4, 3]]);
  y.mul(tensor([[1, 2], [3, 4]])).sum().backward();
  assert.deepEqual(x.grad!.tolist(), [[3, 0], [4, 3]]);
  assert.deepEqual(zeros(2, 3).scatter_(1, tensor([[0n], [2n]]), 5).tolist(), [[5, 0, 0], [0, 0, 5]]);
});

Deno.test("sorting is stable and puts NaN last", () => {
  const { values, indices } = tensor([3, 1, NaN, 2, 1]).sort();
  assert.deepEqual(values.tolist(), [1, 1, 2, 3, NaN]);
  assert.deepEqual(indices.tolist(), [1, 4, 3, 0, 2]);
  const [top, at] = tensor([[1, 5, 3], [9, 7, 8]]).topk(2);
  assert.deepEqual(top.tolist(), [[5, 3], [9, 8]]);
  assert.deepEqual(at.tolist(), [[1, 2], [0, 2]]);
  assert.equal(tensor([3, 1, 2, 4]).median().item(), 2);
  assert.ok(Number.isNaN(tensor([3, NaN, 2]).median().item()));
});

Deno.test("joining and cutting", () => {
  const a = ones(2, 1).requiresGrad_(), b = zeros(2, 2).requiresGrad_();
  cat([a, b], 1).mul(tensor([1, 2, 3])).sum().backward();
  assert.deepEqual([a.grad!.tolist(), b.grad!.tolist()], [[[1], [1]], [[2, 3], [2, 3]]]);
  assert.deepEqual(stack([ones(2), zeros(2)], 1).tolist(), [[1, 0], [1, 0]]);
  assert.deepEqual(arange(7).split(3).map((p) => p.tolist()), [[0, 1, 2], [3, 4, 5], [6]]);
  assert.deepEqual(tensor([[1, 2]]).repeat(2, 2).tolist(), [[1, 2, 1, 2], [1, 2, 1, 2]]);
  assert.throws(() => cat([ones(2, 1), ones(3, 2)], 1), /Sizes of tensors must match except in dimension 1/);
});

Deno.test("iinfo gives the limits of integers", () => {
  assert.deepEqual(iinfo(int32), { max: 2147483647, min: -2147483648, bits: 32 });
  assert.deepEqual(iinfo(int64), { max: 9223372036854775807n, min: -9223372036854775808n, bits: 64 });
  assert.deepEqual(iinfo(uint8), { max: 255, min: 0, bits: 8 });
  assert.throws(() => iinfo(float32), /torch.iinfo\(\) requires an integer input type, got torch.float32/);
});
