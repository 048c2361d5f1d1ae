/** Trains small networks from one seed and compares the losses with PyTorch's (tests/golden/nn_training.py). */
import { strict as assert } from "node:assert";
import { F, manualSeed, nn, optim, rand, randint, randn, type Tensor } from "../mod.ts";
import { device, onCpu, onCuda } from "./device.ts";

const golden: Record<string, number[]> = JSON.parse(
  await Deno.readTextFile(new URL("golden/nn_training.json", import.meta.url)),
);

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 3);
  conv2 = new nn.Conv2d(6, 16, 3);
  fc1 = new nn.Linear(16 * 6 * 6, 120);
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);
  override forward(x: Tensor): Tensor {
    x = F.maxPool2d(F.relu(this.conv1(x)), [2, 2]);
    x = F.maxPool2d(F.relu(this.conv2(x)), 2);
    x = x.flatten(1);
    x = F.relu(this.fc1(x));
    x = F.relu(this.fc2(x));
    return this.fc3(x);
  }
}

function train(
  name: string,
  make: () => nn.Layer,
  batch: () => [Tensor, Tensor],
  criterion: (x: Tensor, t: Tensor) => Tensor,
  lr: number,
  momentum = 0,
): void {
  // Dropout on a card draws the card's numbers.
  const ignore = onCuda && (name === "bn" || name === "dropout");
  Deno.test({ name: `${name}: the losses of 25 steps are PyTorch's`, ignore }, () => {
    manualSeed(0);
    const net = onCpu(make).to(device);
    const optimizer = new optim.SGD(net.parameters(), { lr, momentum });
    for (const [step, expected] of golden[name].entries()) {
      const [x, t] = onCpu(batch).map((b) => b.to(device));
      optimizer.zeroGrad();
      const loss = criterion(net(x), t);
      loss.backward();
      optimizer.step();
      const found = loss.item();
      // float32 rounding, grown over the steps.
      assert.ok(Math.abs(found - expected) <= 1e-4 * expected, `step ${step}: ${found}, expected ${expected}`);
    }
  });
}

train(
  "mlp",
  () => new nn.Sequential(new nn.Linear(2, 10), new nn.ReLU(), new nn.Linear(10, 1), new nn.Sigmoid()),
  () => [randn(100, 2), rand(100, 1)],
  new nn.BCELoss(),
  0.1,
);
train(
  "mnist",
  () =>
    new nn.Sequential(
      new nn.Linear(784, 128),
      new nn.ReLU(),
      new nn.Linear(128, 64),
      new nn.ReLU(),
      new nn.Linear(64, 10),
      new nn.LogSoftmax({ dim: 1 }),
    ),
  () => [randn(64, 784), randint(0, 10, [64])],
  new nn.NLLLoss(),
  0.05,
  0.9,
);
train(
  "lenet",
  () => new LeNet(),
  () => [randn(8, 1, 32, 32), randint(0, 10, [8])],
  new nn.CrossEntropyLoss(),
  0.05,
  0.9,
);
train(
  "bn",
  () =>
    new nn.Sequential(
      new nn.Conv2d(3, 8, 3, { padding: 1 }),
      new nn.BatchNorm2d(8),
      new nn.ReLU(),
      new nn.Dropout(0.3),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(8 * 64, 5),
    ),
  () => [randn(16, 3, 16, 16), randint(0, 5, [16])],
  new nn.CrossEntropyLoss(),
  0.05,
);
train(
  "dropout",
  () =>
    new nn.Sequential(
      new nn.Linear(20, 50),
      new nn.Tanh(),
      new nn.Dropout(0.2),
      new nn.BatchNorm1d(50),
      new nn.Linear(50, 3),
    ),
  () => [randn(32, 20), randn(32, 3)],
  new nn.MSELoss(),
  0.05,
);
