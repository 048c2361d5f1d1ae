/** Weight normalisation and averaged models against PyTorch's (tests/golden/make_utils.py). */
import { strict as assert } from "node:assert";
import { manualSeed, nn, optim, randn, Tensor, zeros } from "../mod.ts";
import { device, onCpu } from "./device.ts";

type Numbers = Record<string, number[]>;
interface Golden {
  weight_norm: {
    kind: string;
    args: number[];
    name: string;
    dim: number | null;
    shape: number[];
    repr: string;
    weight: number[];
    losses: number[];
    state: Numbers;
  }[];
  averages: { label: string; repr: string; state: Numbers; updated: Numbers }[];
  swalr: { strategy: "cos" | "linear"; epochs: number; lrs: number[][]; state: Record<string, unknown> }[];
}
const golden: Golden = JSON.parse(await Deno.readTextFile(new URL("golden/utils.json", import.meta.url)));
const { parametrizations, parametrize } = nn.utils;
const { swaUtils } = optim;

function close(got: Tensor, want: number[], what: string): void {
  const values = Array.from(got.detach().toTypedArray() as Iterable<number | bigint>, Number);
  assert.equal(values.length, want.length, what);
  // float32 after a few steps, its sums in another order.
  want.forEach((w, i) =>
    assert.ok(Math.abs(values[i] - w) <= 2e-5 * Math.max(1, Math.abs(w)), `${what}: ${values[i]}, ${w}`)
  );
}

function sameState(m: nn.Module, want: Numbers): void {
  const state = m.stateDict();
  assert.deepEqual(Object.keys(state), Object.keys(want));
  for (const [key, values] of Object.entries(want)) close(state[key], values, key);
}

function train(m: nn.Module, x: Tensor, steps: number, after: () => void = () => {}): number[] {
  const optimizer = new optim.SGD(m.parameters(), { lr: 0.1 });
  return Array.from({ length: steps }, () => {
    optimizer.zeroGrad();
    const out = (m as unknown as (x: Tensor) => Tensor | Tensor[])(x), y = out instanceof Tensor ? out : out[0];
    const loss = y.mul(y).mean();
    loss.backward();
    optimizer.step();
    after();
    return loss.item();
  });
}

for (const c of golden.weight_norm) {
  Deno.test(`weightNorm of ${c.kind}.${c.name} along ${c.dim} trains as PyTorch's`, () => {
    manualSeed(0);
    const Layer = (nn as unknown as Record<string, new (...args: number[]) => nn.Module>)[c.kind];
    const layer = onCpu(() => parametrizations.weightNorm(new Layer(...c.args), c.name, c.dim));
    assert.equal(String(layer.to(device)), c.repr);
    const x = onCpu(() => randn(c.shape)).to(device), weight = (): Tensor => Reflect.get(layer, c.name) as Tensor;
    close(weight(), c.weight, "weight");
    train(layer, x, 3).forEach((loss, i) => assert.ok(Math.abs(loss - c.losses[i]) <= 1e-5 * c.losses[i], String(i)));
    sameState(layer, c.state);
    const copy = layer.deepcopy();
    assert.equal(String(copy), c.repr);
    const before = weight().detach().clone();
    parametrize.removeParametrizations(layer, c.name);
    assert.equal(layer.reprName, c.kind);
    assert.ok(weight() instanceof nn.Parameter && weight().equal(before));
    assert.ok((Reflect.get(copy, c.name) as Tensor).equal(before));
  });
}

Deno.test("a parametrized tensor can be assigned, where there is an inverse", () => {
  const layer = parametrizations.weightNorm(new nn.Linear(2, 2));
  assert.ok(parametrize.isParametrized(layer, "weight") && !parametrize.isParametrized(layer, "bias"));
  const wanted = randn(2, 2);
  layer.weight = new nn.Parameter(wanted);
  assert.ok(layer.weight.allclose(wanted));
  assert.throws(() => parametrizations.weightNorm(layer, "nothing"), /does not have a parameter, a buffer/);
});

const averages: Record<string, optim.swaUtils.AveragedModelOptions> = {
  "swa": {},
  "ema": { multiAvgFn: swaUtils.getEmaMultiAvgFn(0.9) },
  "ema buffers": { multiAvgFn: swaUtils.getEmaMultiAvgFn(0.9), useBuffers: true },
  "ema one": { avgFn: swaUtils.getEmaAvgFn(0.8) },
  "swa one": { avgFn: swaUtils.getSwaAvgFn() },
  "swa many": { multiAvgFn: swaUtils.getSwaMultiAvgFn() },
};
for (const c of golden.averages) {
  Deno.test(`AveragedModel: ${c.label}`, () => {
    manualSeed(0);
    const model = onCpu(() => new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.Linear(4, 2)));
    model.to(device);
    const x = onCpu(() => randn(6, 3)).to(device), averaged = new swaUtils.AveragedModel(model, averages[c.label]);
    assert.equal(String(averaged), c.repr);
    train(model, x, 4, () => averaged.updateParameters(model));
    sameState(averaged, c.state);
    swaUtils.updateBn([x, [x.mul(2).add(1), null]], averaged);
    sameState(averaged, c.updated);
  });
}

for (const c of golden.swalr) {
  Deno.test(`SWALR ${c.strategy} over ${c.epochs}`, () => {
    const groups = [{ params: [zeros(1).requiresGrad_()], lr: 0.5 }, { params: [zeros(1).requiresGrad_()] }];
    const optimizer = new optim.SGD(groups, { lr: 0.1 });
    const scheduler = new swaUtils.SWALR(optimizer, [0.05, 0.2], c.epochs, c.strategy);
    for (const lrs of c.lrs) {
      optimizer.step();
      scheduler.step();
      scheduler.getLastLr().forEach((lr, i) => assert.ok(Math.abs(lr - lrs[i]) < 1e-12, `${lr}, ${lrs[i]}`));
    }
    assert.deepEqual(Object.keys(scheduler.stateDict()).sort(), Object.keys(c.state).sort());
  });
}
