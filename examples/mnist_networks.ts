/**
 * Neural networks for MNIST, built up: weights by hand, a class, the functional form, Sequential, names.
 * What an untrained network thinks of a digit goes to build/examples/ as pictures.
 *
 *     deno run --allow-ffi --allow-read --allow-write=build examples/mnist_networks.ts [--device cuda]
 */

import { parseArgs } from "node:util";

import {
  datasets,
  exp,
  F,
  manualSeed,
  mm,
  nn,
  OrderedDict,
  randn,
  setDefaultDevice,
  slice,
  type Tensor,
  transforms,
  utils,
} from "@raptorch/raptorch";
import { save, viewClassify } from "./pictures.ts";

// Where weights and images live.
const { values: { device = "cpu" } } = parseArgs({ options: { device: { type: "string" } } });
setDefaultDevice(device);
manualSeed(0);

// A transform to normalize the data. MNIST has one channel, so one mean and one standard deviation: the three that
// the tutorial writes, for images in colour, are an error that says so.
const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.5], [0.5])]);
// The training data, and batches of 64 of it in a new order each time.
const trainset = await datasets.MNIST.load({ download: true, train: true, transform });
const trainloader = new utils.data.DataLoader(trainset, { batchSize: 64, shuffle: true });

let [[images, labels]] = trainloader; // the first batch
images = images.to(device);
console.log(images.shape);
console.log(labels.shape);
console.log(labels.get(1));

// The first network, by hand: 784 inputs, 256 hidden units with a sigmoid, 10 outputs.
function activation(x: Tensor): Tensor {
  return exp(x.neg()).add(1).reciprocal();
}
const inputs = images.view(images.shape[0], -1);
const w1 = randn(784, 256), b1 = randn(256);
const w2 = randn(256, 10), b2 = randn(10);
const h = activation(mm(inputs, w1).add(b1));
const out = mm(h, w2).add(b2);
console.log(out.shape);

// Softmax makes a probability distribution of each row.
function softmax(x: Tensor): Tensor {
  const numerator = exp(x);
  const denominator = numerator.sum(1).view(64, 1);
  return numerator.div(denominator);
}
let probabilities = softmax(out);
console.log(probabilities.shape);
console.log(probabilities.sum(1)); // all ones

// The same network as a class.
class Network extends nn.Module {
  hidden = new nn.Linear(784, 256); // inputs to hidden layer, linear transformation
  output = new nn.Linear(256, 10); // output layer, 10 units: one for each digit
  sigmoid = new nn.Sigmoid();
  softmax = new nn.Softmax({ dim: 1 });

  override forward(x: Tensor): Tensor {
    x = this.hidden(x);
    x = this.sigmoid(x);
    x = this.output(x);
    return this.softmax(x);
  }
}
console.log(new Network());

// More concisely, by functions.
class FunctionalNetwork extends nn.Module {
  hidden = new nn.Linear(784, 256);
  output = new nn.Linear(256, 10);

  override forward(x: Tensor): Tensor {
    x = F.sigmoid(this.hidden(x)); // hidden layer with sigmoid activation
    return F.softmax(this.output(x), 1); // output layer with softmax activation
  }
}
console.log(new FunctionalNetwork()(inputs).shape);

/** Two hidden layers with ReLU activation; the output has softmax activation. */
class ReluNet extends nn.Module {
  input_to_hidden_one: nn.Linear;
  hidden_one_to_hidden_two: nn.Linear;
  hidden_two_to_output: nn.Linear;
  relu = new nn.ReLU();
  softmax = new nn.Softmax({ dim: 1 });

  constructor(inputs = 784, hiddenOne = 128, hiddenTwo = 64, outputs = 10) {
    super();
    this.input_to_hidden_one = new nn.Linear(inputs, hiddenOne);
    this.hidden_one_to_hidden_two = new nn.Linear(hiddenOne, hiddenTwo);
    this.hidden_two_to_output = new nn.Linear(hiddenTwo, outputs);
  }

  override forward(x: Tensor): Tensor {
    x = this.relu(this.input_to_hidden_one(x));
    x = this.relu(this.hidden_one_to_hidden_two(x));
    return this.softmax(this.hidden_two_to_output(x));
  }
}
const reluNet = new ReluNet();
console.log(reluNet);

// Weights and biases are initialized for us …
console.log(reluNet.hidden_one_to_hidden_two.weight);
console.log(reluNet.hidden_one_to_hidden_two.bias);
// … but can be initialized anew: the biases to zero, the weights at random with a standard deviation of 0.01.
reluNet.input_to_hidden_one.bias?.data.fill_(0);
reluNet.input_to_hidden_one.weight.data.normal_({ std: 0.01 });

// What does it think of an image? Nothing yet: it is not trained.
[[images, labels]] = trainloader;
images = images.to(device).resize_(images.shape[0], 1, 28 * 28);
let image = images.index([0, slice()]);
probabilities = reluNet.forward(image);
const highest = probabilities.argmax();
console.log(highest);
console.log(probabilities.index([slice(), highest]));
await save("view_classify.svg", viewClassify(image.view(1, 28, 28), probabilities, trainset.classes));

// The same network by nn.Sequential.
const inputSize = 784, hiddenSizes = [128, 64], outputSize = 10;
const model = new nn.Sequential(
  new nn.Linear(inputSize, hiddenSizes[0]),
  new nn.ReLU(),
  new nn.Linear(hiddenSizes[0], hiddenSizes[1]),
  new nn.ReLU(),
  new nn.Linear(hiddenSizes[1], outputSize),
  new nn.Softmax({ dim: 1 }),
);
console.log(model);
[[images, labels]] = trainloader;
images = images.to(device).resize_(images.shape[0], 1, 784);
image = images.index([0, slice()]);
probabilities = model.forward(image);
console.log(probabilities);
await save("view_classify_sequential.svg", viewClassify(image.view(1, 28, 28), probabilities, trainset.classes));
console.log(model[0]);
console.log(model[0].weight);

// And with a name for each layer.
const named = new nn.Sequential(
  new OrderedDict([
    ["input_to_hidden", new nn.Linear(inputSize, hiddenSizes[0])],
    ["relu_1", new nn.ReLU()],
    ["hidden_to_hidden", new nn.Linear(hiddenSizes[0], hiddenSizes[1])],
    ["relu_2", new nn.ReLU()],
    ["output", new nn.Linear(hiddenSizes[1], outputSize)],
    ["softmax", new nn.Softmax({ dim: 1 })],
  ]),
);
console.log(named);
console.log(named[0]);
console.log(named.input_to_hidden);
console.log(named[0] === named.input_to_hidden);
