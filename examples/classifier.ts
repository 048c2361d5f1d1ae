/**
 * Building and experimenting: a classifier with two hidden layers, its probabilities over time, two activation
 * functions at once, and a loss of our own. The pictures go to build/examples/.
 *
 *     deno run --allow-ffi --allow-read --allow-write=build examples/classifier.ts
 */

import { datasets, manualSeed, nn, optim, type Tensor, tensor } from "@raptorch/raptorch";
import { lineChart, save, scatterChart } from "./pictures.ts";

manualSeed(0);

// Two classes in five dimensions, which no line can separate.
const data = datasets.makeClassification({ nSamples: 100, nFeatures: 5, nInformative: 3 });
const X = data.x, y = data.y.float();

const nInput = X.shape[1]; // must match the shape of the input features
const nHidden1 = 8; // neurons in the 1st hidden layer
const nHidden2 = 4; // neurons in the 2nd hidden layer
const nOutput = 1; // output units, for example 1 for binary classification

class Network extends nn.Module {
  hidden1 = new nn.Linear(nInput, nHidden1);
  hidden2 = new nn.Linear(nHidden1, nHidden2);
  relu = new nn.ReLU();
  output = new nn.Linear(nHidden2, nOutput);
  sigmoid = new nn.Sigmoid();

  override forward(x: Tensor): Tensor {
    x = this.hidden1(x);
    x = this.relu(x);
    x = this.hidden2(x);
    x = this.relu(x);
    x = this.output(x);
    return this.sigmoid(x);
  }
}

const model = new Network();
console.log(model);
const criterion = new nn.BCELoss(); // binary cross-entropy loss
const logits = model.forward(X); // output of the forward pass: probabilities, all close to 0.5
console.log(logits.narrow(0, 0, 10));
let loss = criterion(logits.view(-1), y);
console.log(loss);

// The five steps of training.
let optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
function step(): number {
  optimizer.zeroGrad(); // reset the gradients, i.e. do not accumulate over passes
  const output = model.forward(X); // forward pass
  loss = criterion(output.view(output.shape[0]), y); // calculate the loss
  loss.backward(); // backward pass
  optimizer.step(); // one step of the optimizer
  return loss.item();
}
step();
for (let epoch = 0; epoch < 10; epoch++) {
  console.log(`Epoch - ${epoch + 1}, Loss - ${Number(step().toFixed(3))}`);
}

// 1000 epochs, and how the probabilities evolve.
const history: number[] = [];
const means: [number[], number[]] = [[], []];
for (let epoch = 0; epoch < 1000; epoch++) {
  const probabilities = model(X).detach().view(-1);
  const [zero, one] = [0, 1].map((k) => {
    const members = y.eq(k).float();
    return probabilities.mul(members).sum().div(members.sum()).item();
  });
  means[0].push(zero);
  means[1].push(one);
  if ([0, 10, 100, 999].includes(epoch)) {
    console.log(
      `epoch ${epoch}: mean probability of class 0 is ${zero.toFixed(3)}, of class 1 ${one.toFixed(3)}`,
    );
  }
  history.push(step());
}
console.log(tensor(history.filter((_, epoch) => epoch % 100 === 0)));

// tanh and relu side by side: the first layer's result flows through both, and the second layer gets the sum.
class SplitNetwork extends nn.Module {
  hidden1 = new nn.Linear(nInput, nHidden1);
  hidden2 = new nn.Linear(nHidden1, nHidden2);
  relu = new nn.ReLU();
  tanh = new nn.Tanh();
  output = new nn.Linear(nHidden2, nOutput);
  sigmoid = new nn.Sigmoid();

  override forward(x: Tensor): Tensor {
    x = this.hidden1(x);
    const x1 = this.tanh(x);
    const x2 = this.relu(x);
    x = x1.add(x2);
    x = this.hidden2(x);
    x = this.relu(x);
    x = this.output(x);
    return this.sigmoid(x);
  }
}

const split = new SplitNetwork();
console.log(split);
optimizer = new optim.SGD(split.parameters(), { lr: 0.1 });
for (let epoch = 0; epoch < 50; epoch++) {
  optimizer.zeroGrad();
  loss = criterion(split(X).view(-1), y);
  loss.backward();
  optimizer.step();
  if (epoch % 10 === 9) console.log(`Epoch - ${epoch + 1}, Loss - ${Number(loss.item().toFixed(3))}`);
}

// A loss of our own is a function of tensors: the mean fourth power of the error, for a regression.
function quarticLoss(output: Tensor, target: Tensor): Tensor {
  return output.sub(target).pow(4).mean();
}

// The network without the sigmoid that shuts its output in between 0 and 1.
class RegressionNetwork extends nn.Module {
  hidden1 = new nn.Linear(nInput, nHidden1);
  hidden2 = new nn.Linear(nHidden1, nHidden2);
  relu = new nn.ReLU();
  output = new nn.Linear(nHidden2, nOutput);

  override forward(x: Tensor): Tensor {
    x = this.relu(this.hidden1(x));
    x = this.relu(this.hidden2(x));
    return this.output(x);
  }
}

const regModel = new RegressionNetwork();
optimizer = new optim.SGD(regModel.parameters(), { lr: 0.05 });
const target = X.mean(1);
const losses: number[] = [];
for (let epoch = 0; epoch < 50; epoch++) {
  optimizer.zeroGrad();
  const output = regModel(X);
  loss = quarticLoss(output.view(-1), target);
  loss.backward();
  optimizer.step();
  losses.push(loss.item());
}
console.log(loss);
console.log(tensor(losses.filter((_, epoch) => epoch % 7 === 0)));

const classes = y.tolist() as number[];
const points = (X.tolist() as number[][]).map(([a, b], i) => ({ x: a, y: b, group: classes[i] }));
await save("classifier_data.svg", scatterChart("The data, two of its five dimensions", points, ["class 0", "class 1"]));
await save("classifier_loss.svg", lineChart("Loss over 1000 epochs", "epoch", [{ name: "loss", values: history }]));
await save(
  "classifier_probabilities.svg",
  lineChart("Mean predicted probability", "epoch", [
    { name: "class 0", values: means[0] },
    { name: "class 1", values: means[1] },
  ]),
);
