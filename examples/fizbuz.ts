/**
 * A simple neural network: FizBuz, first with weights by hand, then with modules and an optimizer.
 *
 *     deno run --allow-ffi --allow-read examples/fizbuz.ts
 */

import {
  cuda,
  manualSeed,
  matmul,
  nn,
  noGrad,
  optim,
  randn,
  sigmoid,
  type Tensor,
  tensor,
  zeros,
} from "@raptorch/raptorch";

manualSeed(0);

// The hyperparameters.
const inputSize = 10; // binary digits of a number
const hiddenSize = 100;
const outputSize = 4; // "fizbuz", "buz", "fiz", or the number itself
const epochs = 501;
const batches = 64;
const lr = 0.01;

/** The dataset: numbers in binary, least significant digit first, and what to say, one-hot. */
function encodeNumber(n: number): number[] {
  return Array.from({ length: inputSize }, (_, digit) => (n >> digit) & 1);
}
function encodeAnswer(n: number): number[] {
  const fiz = n % 3 === 0, buz = n % 5 === 0;
  return [fiz && buz, buz && !fiz, fiz && !buz, !fiz && !buz].map(Number);
}
const numbers = Array.from({ length: 1023 - 100 }, (_, i) => i + 101);
const x = tensor(numbers.map(encodeNumber)), y = tensor(numbers.map(encodeAnswer));
console.log(x.shape, y.shape);

// The novice model: tensors that want gradients, and the graph that computing with them leaves behind.
const w1 = randn(inputSize, hiddenSize, { requiresGrad: true });
const w2 = randn(hiddenSize, outputSize, { requiresGrad: true });
const b1 = zeros(1, hiddenSize, { requiresGrad: true });
const b2 = zeros(1, outputSize, { requiresGrad: true });
console.log(x.requiresGrad, w1.requiresGrad, w1.grad, w1.gradFn);
const xBatch = x.narrow(0, 0, batches), yBatch = y.narrow(0, 0, batches);
let a2 = matmul(xBatch, w1);
a2 = a2.add(b1);
console.log(a2.gradFn);
const h2 = a2.sigmoid();
let a3 = matmul(h2, w2);
a3 = a3.add(b2);
const guess = a3.sigmoid();
const error = guess.sub(yBatch);
const output = error.pow(2).sum().div(2);
console.log(output);
output.backward();
console.log(w1.grad?.shape, b2.grad);
noGrad(() => {
  for (const w of [w1, w2, b1, b2]) w.sub_(w.grad!.mul(lr));
});
console.log(b2);

/** 2 layer network for predicting fiz or buz. */
class FizBuzNet extends nn.Module {
  hidden: nn.Linear;
  out: nn.Linear;

  constructor(inputSize: number, hiddenSize: number, outputSize: number) {
    super();
    this.hidden = new nn.Linear(inputSize, hiddenSize);
    this.out = new nn.Linear(hiddenSize, outputSize);
  }

  override forward(batch: Tensor): Tensor {
    const hidden = this.hidden(batch);
    const activated = sigmoid(hidden);
    return this.out(activated);
  }
}

/** What nn.Linear is inside. */
class Linear extends nn.Module {
  weight: nn.Parameter;
  bias: nn.Parameter;

  constructor(readonly inFeatures: number, readonly outFeatures: number) {
    super();
    this.weight = new nn.Parameter(randn(outFeatures, inFeatures));
    this.bias = new nn.Parameter(zeros(outFeatures));
  }

  override forward(input: Tensor): Tensor {
    return input.matmul(this.weight.t()).add(this.bias);
  }
}
const layer = new Linear(inputSize, 3);
console.log([...layer.namedParameters()].map(([name]) => name).join(" "), layer(x.narrow(0, 0, 2)).shape);

// Without a class: a Sequential.
const sequential = new nn.Sequential(
  new nn.Linear(inputSize, hiddenSize),
  new nn.Sigmoid(),
  new nn.Linear(hiddenSize, outputSize),
  new nn.Sigmoid(),
);
console.log(sequential);
// apply() runs a function on every module, here to shrink the weights.
sequential.apply((module) => {
  if (module instanceof nn.Linear) module.weight.data.mul_(0.5);
});
sequential.eval();
console.log(sequential.training);
sequential.train();
// Stochastic gradient descent by hand.
const lossFn = new nn.MSELoss();
lossFn(sequential(xBatch), yBatch).backward();
noGrad(() => {
  for (const p of sequential.parameters()) p.sub_(p.grad!.mul(lr));
});
sequential.zeroGrad();

// On a GPU where there is one.
const device = cuda.isAvailable() ? "cuda" : "cpu";
const net = new FizBuzNet(inputSize, hiddenSize, outputSize).to(device);
console.log(net);
const optimizer = new optim.Adam(net.parameters(), { lr });
const noOfBatches = Math.ceil(numbers.length / batches);
for (let epoch = 0; epoch < epochs; epoch++) {
  let last = 0;
  for (let batch = 0; batch < noOfBatches; batch++) {
    const start = batch * batches;
    const size = Math.min(batches, numbers.length - start);
    const hyp = net(x.narrow(0, start, size).to(device));
    const loss = lossFn(hyp, y.narrow(0, start, size).to(device));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step(); // update the parameters
    last = loss.item();
  }
  if (epoch % 50 === 0) console.log(`epoch ${epoch}: loss ${last.toFixed(4)}`);
}

// The numbers from 1 to 100, which it has not seen.
const test = Array.from({ length: 100 }, (_, i) => i + 1);
const answers = net(tensor(test.map(encodeNumber)).to(device)).argmax(1).tolist() as number[];
const says = (n: number, answer: number) => ["fizbuz", "buz", "fiz", String(n)][answer];
console.log(test.slice(0, 15).map((n, i) => says(n, answers[i])).join(" "));
const right = test.filter((n, i) => encodeAnswer(n)[answers[i]] === 1).length;
console.log(`${right} of 100 right`);
