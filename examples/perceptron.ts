/**
 * Neural networks, first tutorial: a single-layer perceptron, its loss, its graph, and one step of training.
 *
 *     deno run --allow-ffi --allow-read examples/perceptron.ts
 */

import { manualSeed, nn, optim, randn, type Tensor, tensor } from "@raptorch/raptorch";

manualSeed(0);

class Perceptron extends nn.Module {
  fc: nn.Linear;
  sigmoid = new nn.Sigmoid(); // the activation function

  constructor(inputSize: number, numClass: number) {
    super();
    this.fc = new nn.Linear(inputSize, numClass);
  }

  override forward(x: Tensor): Tensor {
    const output = this.fc(x);
    return this.sigmoid(output);
  }
}

// The learnable parameters: y = xAᵀ + b has A and b.
const params = [...new Perceptron(48, 10).parameters()];
console.log(params.length);
console.log(params[0].size());
console.log(params[1].size());

// A random input of 48 features.
const input = randn(48);
console.log(input.size());
const model = new Perceptron(48, 10);
const out = model(input);
console.log(out.size());

// Zero the gradient buffers of all parameters.
model.zeroGrad();

// A loss function takes the output and the target, and says how far away they are.
let output = model(input);
const target = randn(10); // a dummy target, for example
const criterion = new nn.MSELoss();
let loss = criterion(output, target);
console.log(loss);

// Backwards through the graph.
console.log(loss.gradFn); // MSELoss
console.log(loss.gradFn?.nextFunctions[0][0]); // Sigmoid
console.log(loss.gradFn?.nextFunctions[0][0]?.nextFunctions[0][0]); // Linear: a view of addmm's result

// Backpropagation, with a look at the bias gradient before and after.
model.zeroGrad();
console.log("fc.bias.grad before backward");
console.log(model.fc.bias?.grad);
loss.backward();
console.log("fc.bias.grad after backward");
console.log(model.fc.bias?.grad);

// The simplest update rule: weight = weight - learning rate · gradient.
const learningRate = 0.01;
for (const f of model.parameters()) f.data.sub_(f.grad!.data.mul(learningRate));

// The same by an optimizer, 50 times.
const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
const losses: number[] = [];
for (let step = 0; step < 50; step++) {
  optimizer.zeroGrad(); // gradients accumulate otherwise
  output = model(input);
  loss = criterion(output, target);
  loss.backward();
  optimizer.step();
  losses.push(loss.item());
}
console.log(tensor(losses));
