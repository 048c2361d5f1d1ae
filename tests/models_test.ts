/** Whole models, made and trained 20 steps from one seed: the losses are PyTorch's (tests/golden/make_models.py). */
import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import { F, manualSeed, nn, optim, type Tensor } from "../mod.ts";

const golden: { text: string; losses: Record<string, number[][]> } = JSON.parse(
  await Deno.readTextFile(new URL("golden/models.json", import.meta.url)),
);
const letters = [...new Set(golden.text)].sort();
const codes = torch.LongTensor([...golden.text].map((c) => letters.indexOf(c)));

function same(name: string, makeStep: () => () => Tensor | Tensor[]): void {
  Deno.test(`${name}: the losses of 20 steps are PyTorch's`, () => {
    manualSeed(1);
    const step = makeStep();
    golden.losses[name].forEach((expected, n) => {
      const losses = [step()].flat().map((loss) => loss.item());
      // float32 rounding, grown over the steps.
      expected.forEach((e, i) =>
        assert.ok(Math.abs(losses[i] - e) <= 1e-4 * Math.abs(e), `step ${n}: ${losses[i]}, expected ${e}`)
      );
    });
  });
}

class CharLSTM extends nn.Module {
  embed = new nn.Embedding(letters.length, 12);
  lstm = new nn.LSTM(12, 24, { numLayers: 2, dropout: 0.1 });
  head = new nn.Linear(24, letters.length);
  override forward(x: Tensor): Tensor {
    const [y] = this.lstm(this.embed(x));
    return this.head(y);
  }
}

/** Random pieces of the text and the same moved by one letter, `[length, batch]`. */
function snippets(length: number, batch: number): [Tensor, Tensor] {
  const starts = torch.randint(0, golden.text.length - length - 1, [batch]).tolist() as number[];
  const cut = (shift: number): Tensor => torch.stack(starts.map((s) => codes.narrow(0, s + shift, length)), 1);
  return [cut(0), cut(1)];
}

same("lstm", () => {
  const net = new CharLSTM(), optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
  return () => {
    const [x, t] = snippets(15, 8);
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(x).reshape(-1, letters.length), t.reshape(-1));
    loss.backward();
    nn.utils.clipGradNorm_(net.parameters(), 1);
    optimizer.step();
    return loss;
  };
});

class GRUClassifier extends nn.Module {
  gru = new nn.GRU(5, 16, { batchFirst: true, bidirectional: true });
  head = new nn.Linear(32, 3);
  override forward(x: Tensor): Tensor {
    const [, h] = this.gru(x);
    return this.head(torch.cat([h.get(0), h.get(1)], 1));
  }
}

same("gru", () => {
  const net = new GRUClassifier(), optimizer = new optim.RMSprop(net.parameters(), { lr: 0.005 });
  return () => {
    const x = torch.randn(8, 12, 5), t = torch.randint(0, 3, [8]);
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(x), t);
    loss.backward();
    optimizer.step();
    return loss;
  };
});

class Block extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  shortcut: nn.Sequential;
  constructor(before: number, after: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(before, after, 3, stride, 1, { bias: false });
    this.bn1 = new nn.BatchNorm2d(after);
    this.conv2 = new nn.Conv2d(after, after, 3, 1, 1, { bias: false });
    this.bn2 = new nn.BatchNorm2d(after);
    this.shortcut = stride !== 1 || before !== after
      ? new nn.Sequential(new nn.Conv2d(before, after, 1, stride, { bias: false }), new nn.BatchNorm2d(after))
      : new nn.Sequential();
  }
  override forward(x: Tensor): Tensor {
    const y = F.relu(this.bn1(this.conv1(x)));
    return F.relu(this.bn2(this.conv2(y)).add(this.shortcut(x)));
  }
}

class ResNet extends nn.Module {
  stem = new nn.Conv2d(3, 8, 3, 1, 1, { bias: false });
  bn = new nn.BatchNorm2d(8);
  layers = new nn.Sequential(new Block(8, 8, 1), new Block(8, 16, 2), new Block(16, 16, 1));
  pool = new nn.AdaptiveAvgPool2d(1);
  fc = new nn.Linear(16, 4);
  constructor() {
    super();
    for (const m of this.modules()) {
      if (m instanceof nn.Conv2d) nn.init.kaimingNormal_(m.weight, { mode: "fan_out", nonlinearity: "relu" });
    }
  }
  override forward(x: Tensor): Tensor {
    const y = this.layers(F.relu(this.bn(this.stem(x))));
    return this.fc(torch.flatten(this.pool(y), 1));
  }
}

same("resnet", () => {
  const net = new ResNet();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.05, momentum: 0.9, weightDecay: 5e-4, nesterov: true });
  const schedule = new optim.lrScheduler.CosineAnnealingLR(optimizer, 20);
  return () => {
    const x = torch.randn(8, 3, 12, 12), t = torch.randint(0, 4, [8]);
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(x), t, { labelSmoothing: 0.1 });
    loss.backward();
    optimizer.step();
    schedule.step();
    return loss;
  };
});

class VAE extends nn.Module {
  fc1 = new nn.Linear(36, 20);
  fc21 = new nn.Linear(20, 4);
  fc22 = new nn.Linear(20, 4);
  fc3 = new nn.Linear(4, 20);
  fc4 = new nn.Linear(20, 36);
  override forward(x: Tensor): [y: Tensor, mu: Tensor, logvar: Tensor] {
    const h = F.relu(this.fc1(x)), mu = this.fc21(h), logvar = this.fc22(h);
    const std = logvar.mul(0.5).exp();
    const z = mu.add(torch.randnLike(std).mul(std));
    return [this.fc4(F.relu(this.fc3(z))).sigmoid(), mu, logvar];
  }
}

same("vae", () => {
  const net = new VAE(), optimizer = new optim.Adam(net.parameters(), { lr: 1e-2 });
  return () => {
    const x = torch.rand(10, 36);
    optimizer.zeroGrad();
    const [y, mu, logvar] = net(x);
    const divergence = logvar.add(1).sub(mu.pow(2)).sub(logvar.exp()).sum().mul(-0.5);
    const loss = F.binaryCrossEntropy(y, x, { reduction: "sum" }).add(divergence);
    loss.backward();
    optimizer.step();
    return loss;
  };
});

function dcganWeights(m: nn.Module): void {
  if (m instanceof nn.Conv2d || m instanceof nn.ConvTranspose2d) nn.init.normal_(m.weight, 0, 0.02);
  else if (m instanceof nn.BatchNorm2d) {
    nn.init.normal_(m.weight!, 1, 0.02);
    nn.init.zeros_(m.bias!);
  }
}

same("dcgan", () => {
  const plain = { bias: false };
  const generator = new nn.Sequential(
    new nn.ConvTranspose2d(6, 16, 4, 1, 0, plain),
    new nn.BatchNorm2d(16),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(16, 8, 4, 2, 1, plain),
    new nn.BatchNorm2d(8),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(8, 1, 4, 2, 1, plain),
    new nn.Tanh(),
  );
  const discriminator = new nn.Sequential(
    new nn.Conv2d(1, 8, 4, 2, 1, plain),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(8, 16, 4, 2, 1, plain),
    new nn.BatchNorm2d(16),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(16, 1, 4, 1, 0, plain),
    new nn.Sigmoid(),
  );
  generator.apply(dcganWeights);
  discriminator.apply(dcganWeights);
  const criterion = new nn.BCELoss(), settings: Partial<optim.AdamOptions> = { lr: 2e-3, betas: [0.5, 0.999] };
  const optimizerD = new optim.Adam(discriminator.parameters(), settings);
  const optimizerG = new optim.Adam(generator.parameters(), settings);
  return () => {
    const real = torch.randn(6, 1, 16, 16);
    discriminator.zeroGrad();
    const label = torch.full([6], 1);
    const lossReal = criterion(discriminator(real).view(-1), label);
    lossReal.backward();
    const fake = generator(torch.randn(6, 6, 1, 1));
    label.fill_(0);
    const lossFake = criterion(discriminator(fake.detach()).view(-1), label);
    lossFake.backward();
    optimizerD.step();
    generator.zeroGrad();
    label.fill_(1);
    const lossG = criterion(discriminator(fake).view(-1), label);
    lossG.backward();
    optimizerG.step();
    return [lossReal, lossFake, lossG];
  };
});

class TransformerClassifier extends nn.Module {
  embed = new nn.Embedding(11, 16);
  position = new nn.Parameter(torch.randn(10, 16).mul(0.1));
  encoder: nn.TransformerEncoder;
  head: nn.Linear;
  constructor() {
    super();
    const layer = new nn.TransformerEncoderLayer(16, 4, 32, {
      dropout: 0.1,
      activation: "gelu",
      batchFirst: true,
    });
    this.encoder = new nn.TransformerEncoder(layer, 2, new nn.LayerNorm(16));
    this.head = new nn.Linear(16, 11);
  }
  override forward(x: Tensor, padding: Tensor): Tensor {
    return this.head(this.encoder(this.embed(x).add(this.position), { srcKeyPaddingMask: padding }));
  }
}

same("transformer", () => {
  const net = new TransformerClassifier();
  const optimizer = new optim.AdamW(net.parameters(), { lr: 3e-3, weightDecay: 0.01 });
  return () => {
    const x = torch.randint(0, 11, [6, 10]), padding = torch.arange(10).ge(torch.randint(5, 11, [6, 1]));
    optimizer.zeroGrad();
    const y = net(x, padding);
    const loss = F.crossEntropy(y.transpose(1, 2), x.maskedFill(padding, -100));
    loss.backward();
    optimizer.step();
    return loss;
  };
});
