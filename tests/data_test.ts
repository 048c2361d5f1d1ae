import assert from "node:assert/strict";
import {
  arange,
  data,
  float32,
  Generator,
  int64,
  manualSeed,
  rand,
  randn,
  type Tensor,
  tensor,
  zeros,
} from "../mod.ts";
import golden from "./golden/data.json" with { type: "json" };

/** The default generator's next number, which tells how much has been drawn. */
function next(generator?: Generator): number {
  return Number(rand(1, { dtype: "float64", generator }).item());
}

function lists(loader: Iterable<Tensor>): unknown[] {
  return [...loader].map((batch) => batch.tolist());
}

Deno.test("a DataLoader draws what PyTorch draws", () => {
  for (const c of golden.loaders) {
    const { batch_size, drop_last, ...rest } = c.options as Record<string, number & boolean>;
    manualSeed(5);
    const range = Array.from({ length: c.n }, (_, i) => i);
    const loader = new data.DataLoader(range, { batchSize: batch_size ?? 1, dropLast: drop_last ?? false, ...rest });
    assert.equal(loader.length, c.length);
    assert.deepEqual([lists(loader), lists(loader)], c.passes);
    loader[Symbol.iterator]();
    assert.equal(next(), c.after);
  }
});

Deno.test("a DataLoader draws from its own generator", () => {
  manualSeed(5);
  const generator = new Generator().manualSeed(77);
  const range = Array.from({ length: 10 }, (_, i) => i);
  const loader = new data.DataLoader(range, { batchSize: 4, shuffle: true, generator });
  assert.deepEqual([lists(loader), lists(loader)], golden.withGenerator.passes);
  assert.equal(next(), golden.withGenerator.after);
  assert.equal(next(generator), golden.withGenerator.generatorAfter);
});

Deno.test("samplers draw what PyTorch's draw", () => {
  const source = Array.from({ length: 20 }, (_, i) => i);
  const make: Record<string, (generator: Generator | null) => data.Sampler> = {
    random: (generator) => new data.RandomSampler(source, { generator }),
    replacement: (generator) => new data.RandomSampler(source, { replacement: true, numSamples: 70, generator }),
    replacement64: (generator) => new data.RandomSampler(source, { replacement: true, numSamples: 64, generator }),
    long: (generator) => new data.RandomSampler(source, { numSamples: 50, generator }),
    subset: (generator) => new data.SubsetRandomSampler([5, 3, 9, 11], { generator }),
    weighted: (generator) => new data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3, 0.6], 10, { generator }),
    weightedOnce: (generator) =>
      new data.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, { replacement: false, generator }),
  };
  for (const c of golden.samplers) {
    manualSeed(9);
    const generator = c.own ? new Generator().manualSeed(11) : null;
    const sampler = make[c.name](generator);
    assert.equal(sampler.length, c.length, c.name);
    assert.deepEqual([[...sampler], [...sampler]], c.passes, c.name);
    assert.equal(next(generator ?? undefined), c.after, c.name);
  }
});

Deno.test("randomSplit splits as PyTorch does", () => {
  for (const c of golden.splits) {
    manualSeed(3);
    const range = Array.from({ length: c.n }, (_, i) => i);
    assert.deepEqual(data.randomSplit(range, c.lengths).map((s) => s.indices), c.indices);
  }
  assert.throws(() => data.randomSplit([1, 2, 3], [1, 1]), /Sum of input lengths does not equal .* 1 \+ 1 is not 3/);
  assert.throws(() => data.randomSplit([1, 2, 3], [-0.5, 1.5]), /Fraction at index 0 is not between 0 and 1/);
});

Deno.test("defaultCollate makes PyTorch's batches", () => {
  for (const c of golden.collate) {
    const batch = data.defaultCollate<unknown>(JSON.parse(c.batch));
    const text = (x: unknown): string =>
      Array.isArray(x)
        ? `[${x.map((v) => typeof v === "string" ? `'${v}'` : text(v)).join(", ")}]`
        : x && Object.getPrototypeOf(x) === Object.prototype
        ? `{${Object.entries(x).map(([k, v]) => `'${k}': ${text(v)}`).join(", ")}}`
        : String(x);
    // JavaScript has no 1.0: [1.5, 2] is the same list there and here.
    assert.equal(text(batch), c.text);
  }
  assert.equal(
    String(data.defaultCollate([new Float32Array([1, 2]), new Float32Array([3, 4])])),
    "tensor([[1., 2.],\n        [3., 4.]])",
  );
  assert.throws(() => data.defaultCollate([new Date()]), /default_collate: batch must contain .*; found Date/);
  assert.throws(() => data.defaultCollate([null]), /found null/);
  assert.throws(() => data.defaultCollate([[1], [1, 2]]), /each element in list of batch should be of equal size/);
  assert.throws(
    () => data.defaultCollate([zeros(2), zeros(3)]),
    /stack expects each tensor to be equal size, but got \[2\] at entry 0 and \[3\] at entry 1/,
  );
});

Deno.test("datasets combine", () => {
  const x = arange(12).reshape(6, 2), y = arange(6);
  const pairs = new data.TensorDataset(x, y);
  assert.equal(pairs.length, 6);
  assert.deepEqual(pairs.get(2).map((t) => t.tolist()), [[4, 5], 2]);
  const subset = new data.Subset(pairs, [5, 0]);
  assert.deepEqual([subset.length, subset.get(0)[1].item()], [2, 5]);
  const both = new data.ConcatDataset([subset, pairs]);
  assert.deepEqual([both.length, both.get(2)[1].item(), both.get(-1)[1].item()], [8, 0, 5]);
  assert.throws(() => both.get(8), /should not exceed dataset length/);
  const stacked = new data.StackDataset({ image: ["a", "b"], label: [1, 2] });
  assert.deepEqual(stacked.get(1), { image: "b", label: 2 });
  const tuple: [string, number] = new data.StackDataset<[string, number]>([["a", "b"], [1, 2]]).get(0);
  assert.deepEqual(tuple, ["a", 1]);
  assert.deepEqual([...new data.ChainDataset([[1, 2], [3]])], [1, 2, 3]);
  assert.throws(() => new data.TensorDataset(x, zeros(5)), /Size mismatch between tensors.*\[6, 2\], \[5\]/);
  assert.throws(() => new data.StackDataset({ a: [1], b: [1, 2] }), /Size mismatch between datasets/);
  assert.throws(() => new data.ConcatDataset([]), /datasets should not be an empty iterable/);
  assert.deepEqual(
    new (class extends data.Dataset<number> {
      length = 2;
      get(i: number): number {
        return i;
      }
    })().add([7]).get(2),
    7,
  );
});

Deno.test("a TensorDataset's batch is what collating its rows gives", () => {
  manualSeed(1);
  const dataset = new data.TensorDataset(randn(10, 3), arange(10));
  const indices = [4, 4, 0, 9];
  const [x, y] = dataset.batch(indices) ?? [];
  const [a, b] = data.defaultCollate(indices.map((i) => dataset.get(i)));
  assert.equal(`${x} ${y}`, `${a} ${b}`);
  const loader = new data.DataLoader(new data.Subset(dataset, [9, 8, 7]), { batchSize: 2 });
  const [[first, labels]] = loader;
  assert.deepEqual([first.tolist(), labels.tolist()], [[dataset.get(9)[0].tolist(), dataset.get(8)[0].tolist()], [
    9,
    8,
  ]]);
});

Deno.test("a DataLoader takes collateFn, samplers, streams, and no batching", () => {
  const numbers = [1, 2, 3, 4, 5];
  const texts = new data.DataLoader(numbers, { batchSize: 2, collateFn: (batch) => batch.join("+") });
  assert.deepEqual([...texts], ["1+2", "3+4", "5"]);
  assert.deepEqual(lists(new data.DataLoader(numbers, { sampler: [4, 0], batchSize: 2 })), [[5, 1]]);
  assert.deepEqual(lists(new data.DataLoader(numbers, { batchSampler: [[0], [1, 2, 3]] })), [[1], [2, 3, 4]]);
  assert.deepEqual([...new data.DataLoader<number, number>(numbers, { batchSize: null })], numbers);
  class Count extends data.IterableDataset<number> {
    override length = 5;
    *[Symbol.iterator](): Iterator<number> {
      yield* numbers;
    }
  }
  const stream = new data.DataLoader(new Count(), { batchSize: 2 });
  assert.deepEqual(lists(stream), [[1, 2], [3, 4], [5]]);
  assert.equal(stream.length, 3);
  assert.deepEqual(lists(new data.DataLoader(new Count(), { batchSize: 2, dropLast: true })), [[1, 2], [3, 4]]);
  const [first] = new data.DataLoader([[tensor([1]), 3], [tensor([2]), 4]], { batchSize: 2 });
  assert.deepEqual([first[0].dtype, first[1].dtype], [float32, int64]);
});

Deno.test("a DataLoader refuses what PyTorch refuses", () => {
  const numbers = [1, 2, 3];
  const make = (options: data.DataLoaderOptions<number, Tensor>) => () => new data.DataLoader(numbers, options);
  assert.throws(make({ sampler: [0], shuffle: true }), /sampler option is mutually exclusive with shuffle/);
  assert.throws(make({ batchSampler: [[0]], batchSize: 2 }), /batchSampler option is mutually exclusive/);
  assert.throws(make({ batchSize: null, dropLast: true }), /mutually exclusive with dropLast/);
  assert.throws(make({ batchSize: 0 }), /batch_size should be a positive integer value, but got batch_size=0/);
  assert.throws(make({ batch_size: 2 } as object), /unexpected option 'batch_size'/);
  assert.throws(() => new data.DataLoader([], { shuffle: true }), /num_samples should be a positive integer value/);
  assert.throws(() => new data.DataLoader(new Set([1]), { shuffle: true }), /expected unspecified shuffle option/);
  assert.throws(() => new data.DataLoader(new Set([1])).length, /has no length/);
  assert.throws(() => [...new data.DataLoader(numbers, { sampler: [7] })], /index 7 is out of range/);
});

Deno.test("datasets are iterated, stacked one by one, and found again in their loader with their own type", () => {
  class Squares extends data.Dataset<number> {
    override readonly length = 3;
    override get(i: number): number {
      return i * i;
    }
    squared = true;
  }
  const squares = new Squares();
  assert.deepEqual([...squares], [0, 1, 4]);
  assert.deepEqual([...new data.Subset(squares, [2, 0])], [4, 0]);
  const stacked = new data.StackDataset<[number, string]>(squares, ["a", "b", "c"]);
  assert.deepEqual([...stacked], [[0, "a"], [1, "b"], [4, "c"]]);
  const loader = new data.DataLoader(squares, { batchSize: 2 });
  assert.equal(loader.dataset.squared, true);
  assert.equal(loader.length, 2);
});

Deno.test("a DataLoader takes the batch size and the order by position", () => {
  assert.equal(new data.DataLoader([1, 2, 3], 2).length, 2);
  assert.equal(new data.DataLoader([1, 2, 3], 2, false, { dropLast: true }).length, 1);
});
