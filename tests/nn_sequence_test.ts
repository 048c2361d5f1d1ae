import { strict as assert } from "node:assert";
import { arange, manualSeed, nn, noGrad, ones, randn, type Tensor, tensor } from "../mod.ts";
import { throwsByValue } from "./device.ts";

Deno.test("a packed sequence gives each sequence what it gets alone", () => {
  manualSeed(0);
  for (const make of [() => new nn.GRU(3, 4, { bidirectional: true }), () => new nn.RNN(3, 4, 2)]) {
    const layer = make();
    const sequences = [randn(2, 3), randn(5, 3), randn(3, 3)];
    const packed = nn.utils.rnn.packSequence(sequences, { enforceSorted: false });
    const [output, hn] = layer(packed);
    const [padded, lengths] = nn.utils.rnn.padPackedSequence(output);
    assert.deepEqual(lengths.tolist(), [2, 5, 3]);
    sequences.forEach((s, b) => {
      const [alone, last] = layer(s);
      const got = padded.select(1, b).narrow(0, 0, s.size(0));
      assert.ok(got.sub(alone).abs().amax().item() < 1e-6);
      assert.ok(hn.select(1, b).sub(last).abs().amax().item() < 1e-6);
    });
  }
});

Deno.test("padding packs and unpacks as PyTorch's", () => {
  const { packPaddedSequence, padPackedSequence, padSequence } = nn.utils.rnn, x = arange(12).float().view(2, 3, 2);
  const packed = packPaddedSequence(x, tensor([2, 3], { dtype: "int64" }), { batchFirst: true, enforceSorted: false });
  assert.deepEqual(packed.data.tolist(), [[6, 7], [0, 1], [8, 9], [2, 3], [10, 11]]);
  assert.deepEqual(packed.batchSizes.tolist(), [2, 2, 1]);
  assert.deepEqual([packed.sortedIndices, packed.unsortedIndices].map((t) => t?.tolist()), [[1, 0], [1, 0]]);
  const [padded, lengths] = padPackedSequence(packed, { batchFirst: true, paddingValue: -1 });
  assert.deepEqual(padded.tolist(), [[[0, 1], [2, 3], [-1, -1]], [[6, 7], [8, 9], [10, 11]]]);
  assert.deepEqual(lengths.tolist(), [2, 3]);
  const left = padSequence([ones(1), ones(3)], { batchFirst: true, paddingValue: 7, paddingSide: "left" });
  assert.deepEqual(left.tolist(), [[7, 7, 1], [1, 1, 1]]);
});

Deno.test("an LSTM takes packed sequences", () => {
  const layer = new nn.LSTM(3, 4);
  const [output, [h, c]] = layer(nn.utils.rnn.packSequence([randn(4, 3), randn(2, 3)]));
  assert.deepEqual([[...output.data.shape], [...h.shape], [...c.shape]], [[6, 4], [1, 2, 4], [1, 2, 4]]);
});

Deno.test("fuseConvBnEval gives the same output", () => {
  manualSeed(0);
  const conv = new nn.Conv2d(2, 3, 3), bn = new nn.BatchNorm2d(3);
  bn(randn(4, 3, 5, 5).mul(3).add(1));
  conv.eval();
  bn.eval();
  const x = randn(2, 2, 6, 6);
  noGrad(() => {
    const before = bn(conv(x));
    const after = nn.utils.fuseConvBnEval(conv, bn)(x);
    assert.ok(before.sub(after).abs().amax().item() < 1e-5);
  });
});

Deno.test("bad input is refused with PyTorch's words", () => {
  assert.throws(() => new nn.Linear(3, 2)(ones(1, 4)), /linear: input has 4 features but weight expects 3/);
  assert.throws(() => new nn.Conv2d(2, 3, 3)(ones(1, 3, 5, 5)), /expected input\[1, 3, 5, 5\] to have 2 channels/);
  assert.throws(() => new nn.MaxPool2d(3)(ones(1, 1, 2, 2)), /Output size is too small/);
  assert.throws(() => new nn.BatchNorm2d(2)(ones(1, 2)), /expected 4D input \(got 2D input\)/);
  assert.throws(() => new nn.Dropout(1.5), /dropout probability has to be between 0 and 1/);
  assert.throws(() => new nn.LSTM(3, 4)(ones(2, 2, 5)), /input.size\(-1\) must be equal to input_size/);
  assert.throws(() => new nn.MultiheadAttention(5, 2), /embed_dim must be divisible by num_heads/);
  const wrong = () => new nn.CrossEntropyLoss()(ones(2, 3), tensor([0, 5]).long());
  throwsByValue(wrong, /Target 5 is out of bounds/, /a target is neither a class nor ignore_index/);
  // The compiler would refuse it too.
  const misspelt = { biass: false } as nn.LinearOptions;
  assert.throws(() => new nn.Linear(3, 2, misspelt), /unexpected option 'biass'/);
});

Deno.test("the outputs of recurrent layers come from the nodes that PyTorch prints", () => {
  const x = randn(5, 2, 3), node = (y: Tensor) => y.gradFn?.name();
  if (x.isCuda) return; // there the layer is one node of another name
  assert.equal(node(new nn.LSTM(3, 4)(x)[0]), "MkldnnRnnLayerBackward0");
  assert.equal(node(new nn.LSTM(3, 4, { batchFirst: true })(x)[0]), "TransposeBackward0");
  assert.equal(node(new nn.LSTM(3, 4, { projSize: 2 })(x)[0]), "StackBackward0");
  assert.equal(node(new nn.GRU(3, 4)(x)[0]), "StackBackward0");
  assert.equal(node(new nn.RNN(3, 4, { bidirectional: true })(x)[0]), "CatBackward0");
});
