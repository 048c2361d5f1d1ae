/**
 * Neural networks, first tutorial continued: a multilayer perceptron that tells blobs apart.
 *
 *     deno run --allow-ffi --allow-read examples/feedforward.ts
 */

import { datasets, FloatTensor, manualSeed, nn, optim, type Tensor } from "@raptorch/raptorch";

manualSeed(0);

class Feedforward extends nn.Module {
  fc1: nn.Linear;
  relu = new nn.ReLU();
  fc2: nn.Linear;
  sigmoid = new nn.Sigmoid();

  constructor(readonly inputSize: number, readonly hiddenSize: number) {
    super();
    this.fc1 = new nn.Linear(inputSize, hiddenSize);
    this.fc2 = new nn.Linear(hiddenSize, 1);
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.fc1(x);
    const relu = this.relu(hidden);
    const output = this.fc2(relu);
    return this.sigmoid(output);
  }
}

/** Gives the label `label` to the points of the blobs `blobs`. */
function blobLabel(y: Tensor, label: number, blobs: number[]): Tensor {
  const target = y.clone();
  for (const blob of blobs) target.maskedFill_(y.eq(blob), label);
  return target;
}

// Random points in three blobs; the first is class 0, the others are class 1.
function makePoints(nSamples: number): [x: Tensor, y: Tensor] {
  const { x, y } = datasets.makeBlobs({ nSamples, nFeatures: 2, clusterStd: 1.5, shuffle: true });
  const labels = blobLabel(blobLabel(y, 0, [0]), 1, [1, 2, 3]);
  return [FloatTensor(x), FloatTensor(labels)];
}
const [xTrain, yTrain] = makePoints(40);
const [xTest, yTest] = makePoints(10);

const model = new Feedforward(2, 10);
console.log(model);
const criterion = new nn.BCELoss();
const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });

model.eval();
const before = criterion(model(xTest).squeeze(), yTest);
console.log("Test loss before training", before.item());

model.train();
for (let epoch = 0; epoch < 50; epoch++) {
  optimizer.zeroGrad();
  // Forward pass
  const yPred = model(xTrain);
  // Compute the loss
  const loss = criterion(yPred.squeeze(), yTrain);
  console.log(`Epoch ${epoch}: train loss: ${loss.item()}`);
  // Backward pass
  loss.backward();
  optimizer.step();
}

model.eval();
const after = criterion(model(xTest).squeeze(), yTest);
console.log("Test loss after Training", after.item());
