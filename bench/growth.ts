/**
 * How cost grows: a training step by batch, a layer by width and a product by width, as a plot.
 *
 *     deno run -A bench/growth.ts [--threads 1] [--out growth.json] [--torch growth_torch.json] [--svg docs/growth.svg]
 *
 * Measures and writes `--out`; with `--svg` draws it, beside the same figures of PyTorch (bench/growth_torch.py) if there are
 * any. `--from FILE` draws figures measured before.
 *
 * @module
 */
import { render } from "../examples/pictures.ts";
import * as torch from "../mod.ts";
import { nn, optim, type Tensor } from "../mod.ts";

/** One point: what it costs at a size, as median milliseconds. */
interface Point {
  what: string;
  size: number;
  ms: number;
}

const sizes = [64, 128, 256, 512, 1024, 2048, 4096];

const steps: Record<string, { sizes: number[]; make: (size: number) => () => void }> = {
  // The MLP 784-128-64-10 with SGD, per batch.
  "MLP step by batch": { sizes: [1, 2, 4, 8, 16, 32, ...sizes], make: mlp },
  // Linear(width, width), batch 64, forward and backward.
  "layer by width": { sizes, make: layer },
  // [width, width]·[width, width].
  "product by width": { sizes, make: square },
};

function mlp(batch: number): () => void {
  const net = new nn.Sequential(
    new nn.Linear(784, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );
  const x = torch.randn(batch, 784), t = torch.randint(0, 10, [batch]), criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
  return () => {
    optimizer.zeroGrad();
    criterion(net(x) as Tensor, t).backward();
    optimizer.step();
  };
}

function layer(width: number): () => void {
  const net = new nn.Linear(width, width), x = torch.randn(64, width).requiresGrad_();
  return () => {
    net.zeroGrad();
    x.clearGrad();
    net(x).sum().backward();
  };
}

function square(width: number): () => void {
  const a = torch.randn(width, width), b = torch.randn(width, width);
  return () => torch.matmul(a, b).dispose();
}

/** Median over samples of at least 1 ms, for at least 0.3 s. */
function median(step: () => void): number {
  step();
  const samples: number[] = [], begin = performance.now();
  let calls = 1;
  while (performance.now() - begin < 300 || samples.length < 3) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) step();
    const each = (performance.now() - start) / calls;
    if (each * calls < 1) calls *= 2;
    else samples.push(each);
  }
  return samples.sort((a, b) => a - b)[samples.length >> 1];
}

function measure(): Point[] {
  torch.manualSeed(0);
  return Object.entries(steps).flatMap(([what, { sizes, make }]) =>
    sizes.map((size) => {
      const ms = median(make(size));
      console.log(`${what} ${size}: ${ms.toFixed(4)} ms`);
      return { what, size, ms };
    })
  );
}

/** The plot as SVG: a panel for each series, both axes logarithmic. */
function draw(figures: { who: string; points: Point[] }[]): Promise<string> {
  const values = figures.flatMap(({ who, points }) => points.map((p) => ({ ...p, who })));
  return render({
    background: "white",
    data: { values },
    facet: { field: "what", type: "nominal", title: null, sort: Object.keys(steps) },
    spec: {
      width: 260,
      height: 240,
      mark: { type: "line", point: true },
      encoding: {
        x: { field: "size", type: "quantitative", scale: { type: "log", base: 2 }, title: "batch or width" },
        y: { field: "ms", type: "quantitative", scale: { type: "log" }, title: "ms" },
        color: { field: "who", type: "nominal", title: null },
      },
    },
    resolve: { scale: { x: "independent", y: "independent" } },
  });
}

function option(name: string): string | null {
  const at = Deno.args.indexOf(`--${name}`);
  return at >= 0 ? Deno.args[at + 1] : null;
}

torch.setNumThreads(Number(option("threads") ?? "1"));
const from = option("from"), out = option("out"), other = option("torch"), svg = option("svg");
const points: Point[] = from === null ? measure() : JSON.parse(Deno.readTextFileSync(from));
if (out !== null) Deno.writeTextFileSync(out, JSON.stringify(points));
if (svg !== null) {
  const figures = [{ who: "Raptorch", points }];
  if (other !== null) figures.push({ who: "PyTorch", points: JSON.parse(Deno.readTextFileSync(other)) });
  Deno.writeTextFileSync(svg, await draw(figures));
}
