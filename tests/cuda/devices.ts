/** Tensors of several devices in one operation: PyTorch's error, never a crash. */
import { strict as assert } from "node:assert";
import * as torch from "../../mod.ts";
import { arange, cpu, F, nn, ones, randn, tensor, zeros } from "../../mod.ts";

const mixed = /Expected all tensors to be on the same device, but found at least two devices, \S+ and \S+!/;
const host = <T extends torch.Tensor>(x: T): torch.Tensor => x.to("cpu");
const index = () => tensor([0n, 1n]), square = () => ones(2, 2), image = () => ones(1, 2, 4, 4);

/** Operations of several tensors; each of them in turn is put on the CPU. */
const cases: [name: string, make: () => torch.Tensor[], call: (...x: torch.Tensor[]) => unknown][] = [
  ["add", () => [ones(2), ones(2)], (a, b) => a.add(b)],
  ["add_", () => [ones(2), ones(2)], (a, b) => a.mul(1).add_(b)],
  ["where", () => [ones(2).gt(0), ones(2), ones(2)], (c, a, b) => torch.where(c, a, b)],
  ["addcmul", () => [ones(2), ones(2), ones(2)], (a, b, c) => a.addcmul(b, c)],
  ["lerp", () => [ones(2), ones(2), ones(2)], (a, b, c) => a.lerp(b, c)],
  ["matmul", () => [square(), square()], (a, b) => a.matmul(b)],
  ["addmm", () => [square(), square(), square()], (a, b, c) => a.addmm(b, c)],
  ["linear", () => [square(), square(), ones(2)], (x, w, b) => F.linear(x, w, b)],
  ["conv2d", () => [image(), ones(3, 2, 3, 3), ones(3)], (x, w, b) => F.conv2d(x, w, b)],
  ["convTranspose2d", () => [image(), ones(2, 3, 3, 3), ones(3)], (x, w, b) => F.convTranspose2d(x, w, b)],
  ["cat", () => [ones(2), ones(2)], (a, b) => torch.cat([a, b])],
  ["stack", () => [ones(2), ones(2)], (a, b) => torch.stack([a, b])],
  ["gather", () => [square(), square().long().mul(0)], (x, i) => x.gather(0, i)],
  ["scatter", () => [square(), square().long().mul(0), square()], (x, i, s) => x.scatter(0, i, s)],
  ["scatterAdd", () => [square(), square().long().mul(0), square()], (x, i, s) => x.scatterAdd(0, i, s)],
  ["indexSelect", () => [square(), index()], (x, i) => x.indexSelect(0, i)],
  ["indexAdd", () => [square(), index(), square()], (x, i, s) => x.indexAdd(0, i, s)],
  ["indexCopy", () => [square(), index(), square()], (x, i, s) => x.indexCopy(0, i, s)],
  ["indexFill", () => [square(), index()], (x, i) => x.indexFill(0, i, 1)],
  ["take", () => [square(), index()], (x, i) => x.take(i)],
  ["maskedSelect", () => [square(), square().gt(0)], (x, m) => x.maskedSelect(m)],
  ["maskedScatter", () => [square(), square().gt(0), square()], (x, m, s) => x.maskedScatter(m, s)],
  ["maskedFill", () => [square(), square().gt(0)], (x, m) => x.maskedFill(m, 1)],
  ["searchsorted", () => [ones(2), ones(2)], (s, v) => torch.searchsorted(s, v)],
  ["isin", () => [ones(2), ones(2)], (a, b) => torch.isin(a, b)],
  ["embedding", () => [index(), square()], (i, w) => F.embedding(i, w)],
  [
    "embeddingBag",
    () => [index(), square(), tensor([0n]), ones(2)],
    (i, w, offsets, perSampleWeights) => F.embeddingBag(i, w, { offsets, perSampleWeights, mode: "sum" }),
  ],
  ["layerNorm", () => [square(), ones(2), ones(2)], (x, w, b) => F.layerNorm(x, [2], w, b)],
  ["batchNorm", () => [image(), zeros(2), ones(2)], (x, m, v) => F.batchNorm(x, m, v)],
  ["groupNorm", () => [image(), ones(2), ones(2)], (x, w, b) => F.groupNorm(x, 1, { weight: w, bias: b })],
  ["mseLoss", () => [ones(2), ones(2)], (x, t) => F.mseLoss(x, t)],
  ["bce", () => [ones(2), ones(2)], (x, t) => F.binaryCrossEntropy(x, t)],
  ["crossEntropy", () => [square(), index(), ones(2)], (x, t, w) => F.crossEntropy(x, t, { weight: w })],
  ["multiMarginLoss", () => [square(), index()], (x, t) => F.multiMarginLoss(x, t)],
  ["attention", () => [ones(1, 2, 2), ones(1, 2, 2), ones(1, 2, 2)], (q, k, v) => F.scaledDotProductAttention(q, k, v)],
  ["solve", () => [torch.eye(2), square()], (a, b) => torch.linalg.solve(a, b)],
  ["solveTriangular", () => [torch.eye(2), square()], (a, b) => torch.linalg.solveTriangular(a, b, { upper: true })],
  ["cross", () => [ones(3), ones(3)], (a, b) => torch.cross(a, b, { dim: 0 })],
  ["prelu", () => [square(), ones(2)], (x, w) => F.prelu(x, w)],
  ["maxUnpool2d", () => [ones(1, 1, 1, 1), zeros(1, 1, 1, 1).long()], (x, i) => F.maxUnpool2d(x, i, 2)],
  [
    "bceWithLogits",
    () => [ones(2), ones(2), ones(2), ones(2)],
    (x, t, weight, posWeight) => F.binaryCrossEntropyWithLogits(x, t, { weight, posWeight }),
  ],
  [
    "maskedAttention",
    () => [ones(1, 1, 2, 2), ones(1, 1, 2, 2), ones(1, 1, 2, 2), ones(2, 2)],
    (q, k, v, attnMask) => F.scaledDotProductAttention(q, k, v, { attnMask }),
  ],
  ["ctcLoss", () => [F.logSoftmax(ones(2, 1, 2), 2), tensor([[1n]])], (x, t) => F.ctcLoss(x, t, [2], [1])],
  ["bilinear", () => [square(), square(), ones(1, 2, 2)], (a, b, w) => F.bilinear(a, b, w)],
];

for (const [name, make, call] of cases) {
  Deno.test(`devices: ${name} refuses tensors of two devices`, () => {
    call(...make());
    make().forEach((_, k) => {
      const inputs = make();
      inputs[k] = host(inputs[k]);
      assert.throws(() => call(...inputs), mixed, `argument ${k}`);
    });
    assert.equal((call(...make().map(host)) as torch.Tensor).device, cpu);
  });
}

Deno.test("devices: a 0-d tensor of the CPU goes along, and its gradient comes back", () => {
  const x = ones(3).requiresGrad_(), s = host(tensor(2)).detach().requiresGrad_();
  const y = x.mul(s);
  assert.equal(y.device.type, "cuda");
  y.sum().backward();
  assert.equal(s.grad!.device, cpu);
  assert.equal(s.grad!.item(), 3);
  assert.deepEqual(x.grad!.tolist(), [2, 2, 2]);
  assert.throws(() => host(ones(3)).mul(tensor(2)), mixed);
});

Deno.test("devices: indices and masks of the CPU may index a tensor of the card", () => {
  const x = arange(6).view(2, 3);
  assert.deepEqual(x.index([host(tensor([1n]))]).tolist(), [[3, 4, 5]]);
  assert.deepEqual(x.index([host(x.gt(3))]).tolist(), [4, 5]);
  assert.throws(() => host(x).index([tensor([1n])]), /^Error: indices should be either on cpu or on the same device/);
  assert.throws(() => x.indexPut([tensor([1n])], host(ones(3))), mixed);
  assert.deepEqual(x.indexPut([host(tensor([1n]))], host(tensor(9))).tolist(), [[0, 1, 2], [9, 9, 9]]);
  assert.throws(
    () => torch.meshgrid([ones(2), host(ones(2))]),
    /torch.meshgrid expects all tensors to have the same device/,
  );
});

Deno.test("devices: several devices, copies between them, and what belongs to which", {
  ignore: torch.cuda.deviceCount() < 2,
}, () => {
  const a = randn(3, 4), b = a.t().to("cuda:1");
  assert.equal(String(b.device), "cuda:1");
  assert.deepEqual(b.tolist(), a.t().tolist());
  assert.equal(b.mul(2).device, b.device);
  assert.throws(() => a.t().add(b), /found at least two devices, cuda:0 and cuda:1!/);
  assert.deepEqual(torch.cuda.device(1, () => ones(2, { device: "cuda" })).device, b.device);
  assert.equal(torch.cuda.currentDevice(), 0);
  const net = new nn.Linear(4, 2).cuda(1);
  assert.equal(net(b.t()).device, b.device);
  assert.equal(net.cpu().weight.device, cpu);
  assert.throws(() => ones(1, { device: "cuda:99" }), /CUDA error: invalid device ordinal/);
});
