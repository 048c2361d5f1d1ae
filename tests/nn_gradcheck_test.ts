/** The layers' functions against central differences in float64: gradients, and second derivatives of the smooth ones. */
import { strict as assert } from "node:assert";
import { arange, autograd, F, float64, manualSeed, rand, randn, type Tensor, tensor } from "../mod.ts";

const make = (...sizes: number[]): Tensor => randn(sizes, { dtype: float64 }).requiresGrad_();
const positive = (...sizes: number[]): Tensor =>
  rand(sizes, { dtype: float64 }).mul(0.8).add(0.1).detach().requiresGrad_();
const classes = tensor([1n, 0n, 2n]);

/** [name, function, inputs, whether it is smooth] */
const cases: [string, (...x: Tensor[]) => Tensor, () => Tensor[], boolean][] = [
  ["linear", (x, w, b) => F.linear(x, w, b), () => [make(3, 4), make(2, 4), make(2)], true],
  [
    "conv2d",
    (x, w, b) => F.conv2d(x, w, b, { padding: 1, stride: 2 }),
    () => [make(2, 2, 5, 4), make(3, 2, 3, 3), make(3)],
    true,
  ],
  [
    "conv2d, grouped and dilated",
    (x, w) => F.conv2d(x, w, { groups: 2, dilation: 2 }),
    () => [make(1, 2, 5, 5), make(2, 1, 2, 2)],
    true,
  ],
  ["conv1d", (x, w) => F.conv1d(x, w, { padding: "same" }), () => [make(2, 2, 6), make(3, 2, 3)], true],
  [
    "convTranspose2d",
    (x, w) => F.convTranspose2d(x, w, { stride: 2 }),
    () => [make(1, 2, 3, 3), make(2, 2, 2, 2)],
    true,
  ],
  ["maxPool2d", (x) => F.maxPool2d(x, 2), () => [make(1, 2, 4, 4)], false],
  ["avgPool2d", (x) => F.avgPool2d(x, 2), () => [make(1, 2, 4, 4)], true],
  ["adaptiveAvgPool2d", (x) => F.adaptiveAvgPool2d(x, [2, 3]), () => [make(1, 2, 5, 4)], true],
  ["softmax", (x) => F.softmax(x, 1), () => [make(3, 4)], true],
  ["logSoftmax", (x) => F.logSoftmax(x, 0), () => [make(3, 4)], true],
  [
    "batchNorm",
    (x, w, b) => F.batchNorm(x, null, null, w, b, { training: true }),
    () => [make(4, 3), make(3), make(3)],
    true,
  ],
  ["layerNorm", (x, w, b) => F.layerNorm(x, [4], w, b), () => [make(3, 4), make(4), make(4)], true],
  ["groupNorm", (x, w, b) => F.groupNorm(x, 2, w, b), () => [make(2, 4, 3), make(4), make(4)], true],
  ["crossEntropy", (x) => F.crossEntropy(x, classes), () => [make(3, 4)], true],
  ["crossEntropy, smoothed", (x) => F.crossEntropy(x, classes, { labelSmoothing: 0.1 }), () => [make(3, 4)], true],
  ["nllLoss", (x) => F.nllLoss(x, classes), () => [make(3, 4)], true],
  ["mseLoss", (x, y) => F.mseLoss(x, y), () => [make(3), make(3)], true],
  ["l1Loss", (x, y) => F.l1Loss(x, y), () => [make(3), make(3)], false],
  ["smoothL1Loss", (x, y) => F.smoothL1Loss(x, y), () => [make(5), make(5)], false],
  [
    "binaryCrossEntropy",
    (x) => F.binaryCrossEntropy(x, tensor([1, 0, 1], { dtype: float64 })),
    () => [positive(3)],
    true,
  ],
  [
    "binaryCrossEntropyWithLogits",
    (x) => F.binaryCrossEntropyWithLogits(x, tensor([1, 0, 1], { dtype: float64 })),
    () => [make(3)],
    true,
  ],
  [
    "klDiv",
    (x) => F.klDiv(x, tensor([0.2, 0.3, 0.5], { dtype: float64 }), { reduction: "sum" }),
    () => [make(3)],
    true,
  ],
  ["gelu", (x) => F.gelu(x), () => [make(5)], true],
  ["silu", (x) => F.silu(x), () => [make(5)], true],
  ["embedding", (w) => F.embedding(arange(3), w), () => [make(4, 2)], true],
  [
    "attention",
    (q, k, v) => F.scaledDotProductAttention(q, k, v),
    () => [make(1, 3, 2), make(1, 4, 2), make(1, 4, 2)],
    true,
  ],
];

for (const [name, f, inputs, smooth] of cases) {
  Deno.test(`gradcheck: ${name}`, () => {
    manualSeed(1);
    const x = inputs();
    assert.ok(autograd.gradcheck(f, x));
    if (smooth) assert.ok(autograd.gradgradcheck(f, x));
  });
}
