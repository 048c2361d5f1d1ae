import { strict as assert } from "node:assert";
import { optim, zeros } from "../mod.ts";

const { lrScheduler } = optim;

interface Case {
  name: string;
  arguments: unknown[];
  named: Record<string, unknown>;
  options: { milestones?: number[] };
  lrs: number[][];
  momentum: number[][] | null;
  betas: boolean;
  metrics: number[] | null;
  state: Record<string, unknown>;
}
const golden: { schedules: Case[] } = JSON.parse(
  Deno.readTextFileSync(new URL("golden/optim.json", import.meta.url)),
);

type Optimizer = optim.SGD | optim.Adam;
interface Scheduler {
  step(metrics?: number): void;
  getLastLr(): number[];
  stateDict(): Record<string, unknown>;
  loadStateDict(dict: Record<string, unknown>): void;
}
type Make = new (optimizer: Optimizer, ...rest: unknown[]) => Scheduler;

function camel(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([k, v]) => [k.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()), v]),
  );
}

function make(c: Case): { optimizer: Optimizer; scheduler: Scheduler } {
  const groups = [{ params: [zeros(1).requiresGrad_()], lr: 0.5 }, { params: [zeros(1).requiresGrad_()] }];
  const optimizer = c.betas ? new optim.Adam(groups, { lr: 0.1 }) : new optim.SGD(groups, { lr: 0.1, momentum: 0.8 });
  const build = (name: string, args: unknown[], options: object): Scheduler =>
    new (lrScheduler[name as "StepLR"] as unknown as Make)(optimizer, ...args, options);
  if (c.name !== "SequentialLR" && c.name !== "ChainedScheduler") {
    return { optimizer, scheduler: build(c.name, c.arguments, c.named) };
  }
  const parts = (c.arguments as [string, unknown[], Record<string, unknown>][])
    .map(([name, args, options]) => build(name, args, camel(options))) as unknown as optim.lrScheduler.LRScheduler[];
  const scheduler = c.name === "SequentialLR"
    ? new lrScheduler.SequentialLR(optimizer, parts, c.options.milestones!)
    : new lrScheduler.ChainedScheduler(parts, optimizer);
  return { optimizer, scheduler };
}

function close(actual: readonly number[], expected: readonly number[], what: string): void {
  // Powers and cosines may differ by a rounding between the two mathematics libraries, and it adds up over 25 steps.
  actual.forEach((a, i) =>
    assert.ok(Math.abs(a - expected[i]) <= 1e-13, `${what}: ${actual}, PyTorch has ${expected}`)
  );
}

function normal(state: Record<string, unknown>): unknown {
  const text = JSON.stringify(
    state,
    (_, v) =>
      typeof v === "number" ? Number.isFinite(v) ? Number(v.toPrecision(10)) : String(v).replace("Infinity", "inf") : v,
  );
  return JSON.parse(text);
}

for (const c of golden.schedules) {
  const what = `${c.name} ${JSON.stringify(c.named)}`;
  Deno.test(`${what} sets PyTorch's learning rates`, () => {
    const { optimizer, scheduler } = make(c);
    let follower: ReturnType<typeof make> | null = null;
    c.lrs.forEach((expected, k) => {
      close(optimizer.paramGroups.map((g) => g.lr), expected, `epoch ${k}`);
      if (c.momentum !== null) {
        const now = optimizer.paramGroups.map((g) => "betas" in g ? g.betas[0] : g.momentum);
        close(now, c.momentum[k], `momentum of epoch ${k}`);
      }
      if (k > 0) close(scheduler.getLastLr(), expected, `getLastLr of epoch ${k}`);
      if (follower !== null) close(follower.optimizer.paramGroups.map((g) => g.lr), expected, `resumed, epoch ${k}`);
      optimizer.step();
      if (k === c.lrs.length - 1 && c.name === "OneCycleLR") return;
      if (k === 10) {
        // Another pair goes on from the state of this one.
        follower = make(c);
        follower.optimizer.loadStateDict(optimizer.stateDict());
        follower.scheduler.loadStateDict(scheduler.stateDict());
        follower.optimizer.step();
      }
      for (const s of [scheduler, follower?.scheduler]) {
        if (c.metrics) s?.step(c.metrics[k % c.metrics.length]);
        else s?.step();
      }
    });
    const { _schedulers: _, ...state } = scheduler.stateDict();
    assert.deepEqual(normal(state), normal(c.state));
  });
}

Deno.test("LambdaLR and MultiplicativeLR call the user's functions", () => {
  const optimizer = new optim.SGD([zeros(1).requiresGrad_()], { lr: 2 });
  const scheduler = new lrScheduler.LambdaLR(optimizer, (epoch) => 0.5 ** epoch);
  const seen: number[] = [];
  for (let k = 0; k < 3; k++) {
    seen.push(optimizer.paramGroups[0].lr);
    optimizer.step();
    scheduler.step();
  }
  assert.deepEqual(seen, [2, 1, 0.5]);
  const other = new lrScheduler.LambdaLR(optimizer, (epoch) => 0.5 ** epoch);
  other.loadStateDict(scheduler.stateDict());
  other.step();
  assert.equal(optimizer.paramGroups[0].lr, 2 * 0.5 ** 4);
  const third = new optim.SGD([zeros(1).requiresGrad_()], { lr: 1 });
  const product = new lrScheduler.MultiplicativeLR(third, (epoch) => epoch);
  for (let k = 0; k < 3; k++) {
    third.step();
    product.step();
  }
  assert.equal(third.paramGroups[0].lr, 6);
});

Deno.test("schedulers refuse what makes no sense", () => {
  const optimizer = new optim.SGD([zeros(1).requiresGrad_()], { lr: 1 });
  const other = new optim.SGD([zeros(1).requiresGrad_()], { lr: 1 });
  assert.throws(() => new lrScheduler.ConstantLR(optimizer, { factor: 2 }), /expected to be between 0 and 1/);
  assert.throws(() => new lrScheduler.LinearLR(optimizer, { startFactor: 0 }), /greater than 0 and less or equal to 1/);
  assert.throws(() => new lrScheduler.ReduceLROnPlateau(optimizer, { factor: 1 }), /Factor should be < 1.0/);
  assert.throws(() => new lrScheduler.CosineAnnealingWarmRestarts(optimizer, 0), /Expected positive integer T_0/);
  assert.throws(() => new lrScheduler.OneCycleLR(optimizer, 1), /You must define either total_steps OR/);
  assert.throws(() => new lrScheduler.LambdaLR(optimizer, []), /Expected 1 lr_lambdas, but got 0/);
  assert.throws(() => new lrScheduler.StepLR(optimizer, 1, { gama: 1 } as never), /unexpected option 'gama'/);
  const step = new lrScheduler.StepLR(optimizer, 1);
  assert.throws(() => new lrScheduler.SequentialLR(optimizer, [step], [1]), /one more than the number of milestone/);
  assert.throws(() => new lrScheduler.ChainedScheduler([step, new lrScheduler.StepLR(other, 1)]), /same optimizer/);
  assert.throws(() =>
    new lrScheduler.StepLR(other, 1, { lastEpoch: 3 }) && new lrScheduler.StepLR(
      new optim.SGD([zeros(1).requiresGrad_()], { lr: 1 }),
      1,
      { lastEpoch: 3 },
    ), /'initial_lr' is not specified in param_groups\[0\]/);
});

Deno.test("schedulers go to any epoch by their formulas, and take their options by position", () => {
  const sgd = () => new optim.SGD([zeros(1).requiresGrad_()], { lr: 0.1 });
  // PyTorch's `step(epoch)` for epochs 5, 2 and 9, one scheduler after the other on one optimizer's initial rate of 0.1.
  const cases: [lrScheduler: optim.lrScheduler.LRScheduler, expected: number[]][] = [
    [new lrScheduler.StepLR(sgd(), 3, 0.1), [0.01, 0.1, 0.0001]],
    [new lrScheduler.MultiStepLR(sgd(), [2, 2, 6], 0.5), [0.025, 0.025, 0.0125]],
    [new lrScheduler.CosineAnnealingLR(sgd(), 7), [0.018825509907063328, 0.08117449009293668, 0.018825509907063328]],
    [new lrScheduler.LambdaLR(sgd(), (e) => e * 0.5), [0.25, 0.1, 0.45]],
    [new lrScheduler.ExponentialLR(sgd(), 0.9), [0.059049, 0.081, 0.0387420489]],
    [new lrScheduler.LinearLR(sgd()), [0.1, 0.06, 0.1]],
    [new lrScheduler.ConstantLR(sgd(), 0.5, 4), [0.1, 0.05, 0.1]],
    [new lrScheduler.PolynomialLR(sgd(), 8, 2), [0.0140625, 0.05625, 0]],
  ];
  for (const [scheduler, expected] of cases) {
    const found = [5, 2, 9].map((epoch) => (scheduler.step(epoch), scheduler.getLastLr()[0]));
    close(found, expected, scheduler.constructor.name);
  }
  const optimizer = sgd();
  const restarts = new lrScheduler.CosineAnnealingWarmRestarts(optimizer, 5, 2);
  for (let k = 0; k < 6; k++) restarts.step();
  close(restarts.getLastLr(), [0.09755282581475769], "CosineAnnealingWarmRestarts");
});

Deno.test("a ChainedScheduler in a SequentialLR begins as PyTorch's does", () => {
  const optimizer = new optim.SGD([zeros(1).requiresGrad_()], { lr: 0.1 });
  const chained = new lrScheduler.ChainedScheduler([
    new lrScheduler.ConstantLR(optimizer, 0.1, 3),
    new lrScheduler.ExponentialLR(optimizer, 0.9),
  ], { optimizer });
  const scheduler = new lrScheduler.SequentialLR(optimizer, [chained, new lrScheduler.StepLR(optimizer, 4)], [6]);
  const found = [scheduler.getLastLr()[0]];
  for (let k = 0; k < 6; k++) {
    optimizer.step();
    scheduler.step();
    found.push(scheduler.getLastLr()[0]);
  }
  close(found, [0.009, 0.0081, 0.00729, 0.06561, 0.059049, 0.0531441, 0.1], "SequentialLR");
});
