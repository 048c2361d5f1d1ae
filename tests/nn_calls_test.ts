/** Layers called as PyTorch calls them: arguments by position, by name and mixed; deep copies. */
import { strict as assert } from "node:assert";
import { manualSeed, nn, noGrad, ones, randn, tensor } from "../mod.ts";

const pairs: [string, () => nn.Module, () => nn.Module][] = [
  ["Linear", () => new nn.Linear(3, 4, false), () => new nn.Linear({ inFeatures: 3, outFeatures: 4, bias: false })],
  [
    "Conv2d",
    () => new nn.Conv2d(2, 4, 3, 2, 1),
    () => new nn.Conv2d({ inChannels: 2, outChannels: 4, kernelSize: 3, stride: 2, padding: 1 }),
  ],
  [
    "ConvTranspose1d",
    () => new nn.ConvTranspose1d(2, 4, 3, 2, 1, 1),
    () =>
      new nn.ConvTranspose1d({ inChannels: 2, outChannels: 4, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1 }),
  ],
  ["BatchNorm1d", () => new nn.BatchNorm1d(3, 1e-3), () => new nn.BatchNorm1d({ numFeatures: 3, eps: 1e-3 })],
  ["AvgPool1d", () => new nn.AvgPool1d(2), () => new nn.AvgPool1d({ kernelSize: 2 })],
  [
    "MaxPool2d",
    () => new nn.MaxPool2d(3, 2, 1, 1, false, true),
    () => new nn.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1, ceilMode: true }),
  ],
  [
    "Embedding",
    () => new nn.Embedding(4, 3, 1),
    () => new nn.Embedding({ numEmbeddings: 4, embeddingDim: 3, paddingIdx: 1 }),
  ],
  [
    "EmbeddingBag",
    () => new nn.EmbeddingBag(4, 3, null, 2, false, "sum"),
    () => new nn.EmbeddingBag({ numEmbeddings: 4, embeddingDim: 3, mode: "sum" }),
  ],
  [
    "RNN",
    () => new nn.RNN(2, 3, 2, "relu", false),
    () => new nn.RNN({ inputSize: 2, hiddenSize: 3, numLayers: 2, nonlinearity: "relu", bias: false }),
  ],
  [
    "LSTM",
    () => new nn.LSTM(2, 3, 2, true, true, 0, true, 2),
    () =>
      new nn.LSTM({ inputSize: 2, hiddenSize: 3, numLayers: 2, batchFirst: true, bidirectional: true, projSize: 2 }),
  ],
  ["GRUCell", () => new nn.GRUCell(2, 3, false), () => new nn.GRUCell({ inputSize: 2, hiddenSize: 3, bias: false })],
  [
    "MultiheadAttention",
    () => new nn.MultiheadAttention(4, 2, 0, true, false, false, null, null, true),
    () => new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true }),
  ],
  [
    "TransformerEncoderLayer",
    () => new nn.TransformerEncoderLayer(4, 2, 8, 0, "gelu"),
    () => new nn.TransformerEncoderLayer({ dModel: 4, nhead: 2, dimFeedforward: 8, dropout: 0, activation: "gelu" }),
  ],
  ["LayerNorm", () => new nn.LayerNorm([2, 3]), () => new nn.LayerNorm({ normalizedShape: [2, 3] })],
  ["GroupNorm", () => new nn.GroupNorm(2, 4), () => new nn.GroupNorm({ numGroups: 2, numChannels: 4 })],
  ["ConstantPad1d", () => new nn.ConstantPad1d(1, 2.5), () => new nn.ConstantPad1d({ padding: 1, value: 2.5 })],
  [
    "LazyConv1d",
    () => new nn.LazyConv1d(5, 3, 2),
    () => new nn.LazyConv1d({ outChannels: 5, kernelSize: 3, stride: 2 }),
  ],
];

for (const [name, positional, byName] of pairs) {
  Deno.test(`nn.${name} is made by position and by name`, () => {
    const made = [positional, byName].map((make) => {
      manualSeed(0);
      return make();
    });
    assert.equal(String(made[0]), String(made[1]));
    const [a, b] = made.map((m) => m.stateDict());
    assert.deepEqual(Object.keys(a), Object.keys(b));
    for (const key of Object.keys(a)) if (a[key].numel() > 0) assert.deepEqual(a[key].tolist(), b[key].tolist(), key);
  });
}

Deno.test("a missing argument is named", () => {
  const Loose = nn.Conv2d as unknown as new (...args: unknown[]) => nn.Conv2d;
  assert.throws(() => new Loose(3), {
    message: "Conv2d() missing 2 required positional arguments: 'outChannels' and 'kernelSize'",
  });
  assert.throws(() => new Loose(3, { outChannels: 4, kernelSizes: 3 }), /unexpected option 'kernelSizes'/);
});

Deno.test("a Linear takes its input by name", () => {
  const layer = new nn.Linear(3, 2), x = randn(4, 3);
  assert.ok(layer({ input: x }).equal(layer(x)));
});

Deno.test("a deep copy shares nothing, and keeps what is shared within", () => {
  const body = new nn.Linear(3, 3);
  const net = new nn.Sequential(
    body,
    new nn.BatchNorm1d(3),
    body,
    new nn.Sequential(new nn.ReLU(), new nn.Linear(3, 1)),
  );
  const copy = net.deepcopy();
  assert.equal(String(copy), String(net));
  assert.equal(copy[0], copy[2]);
  assert.notEqual(copy[0], net[0]);
  const x = randn(5, 3);
  assert.ok(copy(x).equal(net(x)));
  noGrad(() => copy[0].weight.zero_());
  assert.ok(net[0].weight.abs().sum().item() > 0);
  assert.deepEqual(Object.keys(copy.stateDict()), Object.keys(net.stateDict()));
  copy.append(new nn.Tanh());
  assert.equal(net.length + 1, copy.length);
});

Deno.test("lazy instance normalisation learns its features", () => {
  const layer = new nn.LazyInstanceNorm2d({ affine: true });
  layer(ones(2, 3, 4, 4));
  assert.equal(
    String(layer),
    "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
  );
});

Deno.test("attention takes its masks by position, and the causal hint", () => {
  manualSeed(0);
  const layer = new nn.MultiheadAttention(4, 2, { batchFirst: true }), x = randn(1, 3, 4);
  const mask = nn.Transformer.generateSquareSubsequentMask(3);
  const [plain] = layer(x, x, x, null, false, mask);
  const [hinted] = layer(x, x, x, { attnMask: mask, isCausal: true, needWeights: false });
  assert.ok(plain.allclose(hinted));
  assert.throws(() => layer(x, x, x, { isCausal: true }), /Need attn_mask if specifying the is_causal hint/);
  assert.throws(() => layer(x, x, x, { attnMask: randn(2, 2) }), /The shape of the 2D attn_mask is/);
});

Deno.test("an encoder in evaluation leaves padded positions zero, as PyTorch's nested tensors do", () => {
  const layer = new nn.TransformerEncoderLayer(4, 2, 8, { batchFirst: true });
  const encoder = new nn.TransformerEncoder(layer, 2).eval();
  const x = randn(2, 3, 4), padding = tensor([[0, 0, 1], [0, 0, 0]]).bool();
  const kept = encoder(x, { srcKeyPaddingMask: padding });
  noGrad(() => {
    const y = encoder(x, { srcKeyPaddingMask: padding });
    assert.equal(y.select(0, 0).select(0, 2).abs().sum().item(), 0);
    assert.ok(y.select(0, 1).allclose(kept.select(0, 1), { atol: 1e-6 }));
  });
  assert.ok(kept.select(0, 0).select(0, 2).abs().sum().item() > 0);
});
