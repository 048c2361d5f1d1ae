/**
 * Neural networks, second tutorial: a convolutional network for 32×32 images, by the book.
 *
 *     deno run --allow-ffi --allow-read examples/lenet.ts
 */

import { F, manualSeed, nn, optim, randn, type Tensor, tensor } from "@raptorch/raptorch";

manualSeed(0);

class Net extends nn.Module {
  // 1 input image channel, 6 output channels, 3×3 square convolution kernel
  conv1 = new nn.Conv2d(1, 6, 3);
  conv2 = new nn.Conv2d(6, 16, 3);
  // an affine operation: y = Wx + b
  fc1 = new nn.Linear(16 * 6 * 6, 120); // 6·6 from the image's size
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);

  override forward(x: Tensor): Tensor {
    // Max pooling over a (2, 2) window
    x = F.maxPool2d(F.relu(this.conv1(x)), [2, 2]);
    // If the size is a square, a single number is enough
    x = F.maxPool2d(F.relu(this.conv2(x)), 2);
    x = x.view(-1, this.numFlatFeatures(x));
    x = F.relu(this.fc1(x));
    x = F.relu(this.fc2(x));
    return this.fc3(x);
  }

  numFlatFeatures(x: Tensor): number {
    const size = x.size().slice(1); // all dimensions except the batch dimension
    return size.reduce((features, s) => features * s, 1);
  }
}

const net = new Net();
console.log(net);

const params = [...net.parameters()];
console.log(params.length);
console.log(params[0].size()); // conv1's .weight

// A random 32×32 input.
const input = randn(1, 1, 32, 32);
const out = net(input);
console.log(out);

// Backpropagation of random gradients.
net.zeroGrad();
out.backward(randn(1, 10));

// The loss against a dummy target.
let output = net(input);
const target = randn(10).view(1, -1); // the same shape as the output
const criterion = new nn.MSELoss();
let loss = criterion(output, target);
console.log(loss);

console.log(loss.gradFn); // MSELoss
console.log(loss.gradFn?.nextFunctions[0][0]); // Linear
console.log(loss.gradFn?.nextFunctions[0][0]?.nextFunctions[0][0]); // its bias

net.zeroGrad();
console.log("conv1.bias.grad before backward");
console.log(net.conv1.bias?.grad);
loss.backward();
console.log("conv1.bias.grad after backward");
console.log(net.conv1.bias?.grad);

// Stochastic gradient descent by hand …
const learningRate = 1e-2;
for (const f of net.parameters()) f.data.sub_(f.grad!.data.mul(learningRate));

// … and by an optimizer.
const optimizer = new optim.SGD(net.parameters(), { lr: 1e-2 });
const losses: number[] = [];
for (let step = 0; step < 50; step++) {
  optimizer.zeroGrad();
  output = net(input);
  loss = criterion(output, target);
  loss.backward();
  optimizer.step(); // does the update
  losses.push(loss.item());
}
console.log(tensor(losses));
