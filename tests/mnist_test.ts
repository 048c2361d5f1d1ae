import assert from "node:assert/strict";
import { datasets, F, manualSeed, nn, optim, transforms, utils } from "../mod.ts";
import golden from "./golden/mnist.json" with { type: "json" };

Deno.test("50 steps on MNIST lose what PyTorch loses", async () => {
  const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.1307], [0.3081])]);
  const trainset = await datasets.MNIST.load({ transform });
  manualSeed(0);
  const net = new nn.Sequential(
    new nn.Conv2d(1, 6, 3),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.BatchNorm2d(6),
    new nn.Flatten(),
    new nn.Dropout(0.2),
    new nn.Linear(6 * 13 * 13, 10),
  );
  const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
  const losses: number[] = [];
  for (const [images, labels] of new utils.data.DataLoader(trainset, { batchSize: 64, shuffle: true })) {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(images), labels);
    loss.backward();
    optimizer.step();
    losses.push(loss.item());
    if (losses.length === golden.losses.length) break;
  }
  // Measured: 1e-6. Float32 sums in another order, carried through 50 steps of Adam.
  losses.forEach((loss, i) => assert.ok(Math.abs(loss - golden.losses[i]) < 1e-4, `step ${i}: ${loss}`));
});
