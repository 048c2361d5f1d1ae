/**
 * The reference workloads in Raptorch: one function per kind, each returning the step that is timed.
 *
 * @module
 */
import * as torch from "../mod.ts";
import { F, nn, optim, type Tensor } from "../mod.ts";

/** One line of the workload file. */
export interface Workload {
  id: string;
  kind: string;
  op: string;
  model: string;
  mode: string;
  shape: number[];
  dim: number | null;
  m: number;
  k: number;
  n: number;
  transB: boolean;
  N: number;
  C: number;
  H: number;
  W: number;
  O: number;
  K: number;
  stride: number;
  pad: number;
  groups: number;
}

type Step = () => void;

const kinds: Record<string, (w: Workload, device: string) => Step> = {
  matmul({ m, k, n, transB }, device) {
    const x = torch.randn(m, k).to(device);
    const b = transB ? torch.randn(n, k).to(device).t() : torch.randn(k, n).to(device);
    return () => torch.matmul(x, b).dispose();
  },

  conv({ N, C, H, W, O, K, stride, pad, groups, mode }, device) {
    const x = torch.randn(N, C, H, W).to(device);
    const w = torch.randn(O, Math.floor(C / groups), K, K).mul(0.05).to(device);
    const b = torch.randn(O).to(device);
    const conv = (): Tensor => F.conv2d(x, w, b, { stride, padding: pad, groups });
    if (mode === "fwd") return () => torch.noGrad(conv).dispose();
    const dy = torch.randnLike(conv());
    for (const leaf of [x, w, b]) leaf.requiresGrad_();
    return () => {
      const y = conv();
      for (const dx of torch.autograd.grad(y, [x, w, b], { gradOutputs: dy })) dx!.dispose();
      y.dispose();
    };
  },

  reduce({ shape, dim, op }, device) {
    const x = torch.randn(shape).to(device);
    if (dim === null) {
      const all: Record<string, () => Tensor> = {
        sum: () => x.sum(),
        max: () => x.max(),
        mean: () => x.mean(),
        var: () => x.var(),
      };
      const f = all[op];
      return () => f().dispose();
    }
    const along: Record<string, Step> = {
      sum: () => x.sum(dim).dispose(),
      mean: () => x.mean(dim).dispose(),
      var: () => x.var(dim).dispose(),
      argmax: () => x.argmax(dim).dispose(),
      max: () => {
        const { values, indices } = x.max(dim);
        values.dispose();
        indices.dispose();
      },
    };
    return along[op];
  },

  softmax({ shape, op }, device) {
    const x = torch.randn(shape).to(device);
    return op === "softmax" ? () => F.softmax(x, 1).dispose() : () => F.logSoftmax(x, 1).dispose();
  },

  xent({ shape }, device) {
    const x = torch.randn(shape).to(device).requiresGrad_();
    const t = torch.randint(0, shape[1], [shape[0]]).to(device);
    return () => {
      x.clearGrad();
      F.crossEntropy(x, t).backward();
    };
  },

  elt({ n, op }, device) {
    const x = torch.randn(n).to(device), y = torch.randn(n).to(device);
    if (op === "add_") {
      y.mul_(1e-6);
      return () => void x.add_(y);
    }
    const steps: Record<string, Step> = {
      add: () => torch.add(x, y).dispose(),
      mul: () => torch.mul(x, y).dispose(),
      relu: () => torch.relu(x).dispose(),
      sigmoid: () => torch.sigmoid(x).dispose(),
      tanh: () => torch.tanh(x).dispose(),
      exp: () => torch.exp(x).dispose(),
      gelu: () => F.gelu(x).dispose(),
      // There are no out= variants: a result that is disposed of gives its memory to the next one.
      add_out: () => torch.add(x, y).dispose(),
    };
    return steps[op];
  },

  bcast({ m, n }, device) {
    const x = torch.randn(m, n).to(device), y = torch.randn(n).to(device);
    return () => x.add(y).dispose();
  },

  addT({ n }, device) {
    const x = torch.randn(n, n).to(device), y = torch.randn(n, n).to(device);
    return () => x.add(y.t()).dispose();
  },

  over({ op }, device) {
    const requiresGrad = op.endsWith("grad");
    const make = (...sizes: number[]): Tensor => {
      const x = torch.randn(...sizes).to(device);
      return requiresGrad ? x.requiresGrad_() : x;
    };
    if (op.startsWith("add4")) {
      const x = make(4), y = make(4);
      return () => void x.add(y);
    }
    if (op.startsWith("matmul4")) {
      const x = make(4, 4), y = make(4, 4);
      return () => void x.matmul(y);
    }
    const x = make(4).requiresGrad_(), b = make(4);
    return () => {
      x.clearGrad();
      let y = x;
      for (let i = 0; i < 100; i++) y = y.add(b);
      y.sum().backward();
    };
  },

  train({ model }, device) {
    return trainers[model](device);
  },
};

/** A step of training: forward, loss, backward, update. */
function training(net: nn.Module, x: Tensor, loss: (y: Tensor) => Tensor, optimizer: optim.Optimizer): Step {
  const forward = net as unknown as (x: Tensor) => Tensor; // Sequential's call, whatever the layers.
  net.train();
  return () => {
    optimizer.zeroGrad();
    loss(forward(x)).backward();
    optimizer.step();
  };
}

function mnistMlp(): nn.Sequential {
  return new nn.Sequential(
    new nn.Linear(784, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );
}

function classes(device: string): Tensor {
  return torch.randint(0, 10, [64]).to(device);
}

function block(input: number, output: number, stride: number): nn.Module[] {
  return [new nn.Conv2d(input, output, 3, { stride, padding: 1 }), new nn.BatchNorm2d(output), new nn.ReLU()];
}

const trainers: Record<string, (device: string) => Step> = {
  f1(device) {
    const net = new nn.Sequential(new nn.Linear(2, 10), new nn.ReLU(), new nn.Linear(10, 1), new nn.Sigmoid()).to(
      device,
    );
    const x = torch.rand(40, 2).to(device), t = torch.rand(40, 1).gt(0.5).float().to(device);
    const criterion = new nn.BCELoss();
    return training(net, x, (y) => criterion(y, t), new optim.SGD(net.parameters(), { lr: 0.01 }));
  },
  f2(device) {
    const net = mnistMlp().to(device), x = torch.randn(64, 784).to(device), t = classes(device);
    const criterion = new nn.CrossEntropyLoss();
    return training(net, x, (y) => criterion(y, t), new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 }));
  },
  f3(device) {
    const net = mnistMlp().to(device), x = torch.randn(64, 784).to(device), t = classes(device);
    const criterion = new nn.CrossEntropyLoss();
    return training(net, x, (y) => criterion(y, t), new optim.Adam(net.parameters(), { lr: 1e-3 }));
  },
  f4(device) {
    const net = new nn.Sequential(
      new nn.Conv2d(1, 6, 3),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(6, 16, 3),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(576, 120),
      new nn.ReLU(),
      new nn.Linear(120, 84),
      new nn.ReLU(),
      new nn.Linear(84, 10),
    ).to(device);
    const x = torch.randn(64, 1, 32, 32).to(device), t = classes(device), criterion = new nn.CrossEntropyLoss();
    return training(net, x, (y) => criterion(y, t), new optim.SGD(net.parameters(), { lr: 0.01 }));
  },
  f5(device) {
    const net = new nn.Sequential(
      ...block(3, 32, 1),
      ...block(32, 64, 2),
      ...block(64, 128, 2),
      new nn.AdaptiveAvgPool2d(1),
      new nn.Flatten(),
      new nn.Linear(128, 10),
    ).to(device);
    const x = torch.randn(64, 3, 32, 32).to(device), t = classes(device), criterion = new nn.CrossEntropyLoss();
    return training(net, x, (y) => criterion(y, t), new optim.Adam(net.parameters(), { lr: 1e-3 }));
  },
  f6(device) {
    const net = new nn.TransformerEncoderLayer(256, 8, { dimFeedforward: 1024, dropout: 0, batchFirst: true }).to(
      device,
    );
    const x = torch.randn(8, 128, 256).to(device);
    return training(net, x, (y) => y.mul(y).mean(), new optim.AdamW(net.parameters(), { lr: 1e-3 }));
  },
  f7(device) {
    const net = mnistMlp().to(device), x = torch.randn(1, 784).to(device);
    net.eval();
    return () => torch.noGrad(() => net(x) as Tensor).dispose();
  },
};

/** The step that a workload times. */
export function workload(w: Workload, device: string): Step {
  const make = kinds[w.kind];
  if (!make) throw new Error(`unknown kind of workload: ${w.kind}`);
  return make(w, device);
}
