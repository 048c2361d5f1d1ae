/**
 * Made-up data for classifiers, with scikit-learn's recipes.
 *
 * @module
 */

import { checkOptions } from "../check.ts";
import { fromTypedArray, tensor } from "../create.ts";
import { cpu, type Device } from "../device.ts";
import { float64, getDefaultDtype, int64 } from "../dtype.ts";
import { Generator } from "../generator.ts";
import { rand, randint, randn, randperm } from "../random.ts";
import type { Tensor } from "../tensor.ts";

/** Points and their labels; `const [x, y] = makeBlobs()` works too. */
export interface LabeledPoints extends Iterable<Tensor> {
  /** The points, `[samples, features]`, of the default float type. */
  readonly x: Tensor;
  /** The number of each point's class, int64 `[samples]`. */
  readonly y: Tensor;
}

/** Options of {@linkcode makeBlobs}. */
export interface MakeBlobsOptions {
  /** How many points in all, or in each blob. Default 100. */
  nSamples?: number | readonly number[];
  /** Coordinates of a point. Default 2. */
  nFeatures?: number;
  /** How many blobs, or where they are. Default: 3, or as many as `nSamples` has numbers. */
  centers?: number | readonly (readonly number[])[] | null;
  /** Standard deviation of the blobs, or of each. Default 1. */
  clusterStd?: number | readonly number[];
  /** Where centers are drawn from. Default `[-10, 10]`. */
  centerBox?: readonly [number, number];
  /** Whether to mix the points of the blobs. Default `true`. */
  shuffle?: boolean;
  /** A seed or a generator. Default: the default generator. */
  randomState?: number | Generator | null;
}

const BLOB_OPTIONS = ["nSamples", "nFeatures", "centers", "clusterStd", "centerBox", "shuffle", "randomState"];

/**
 * Isotropic Gaussian blobs, one per class, as scikit-learn's `make_blobs`.
 *
 * @param options How many, and where.
 * @returns The points and their blobs.
 * @throws {RangeError} If lengths among the options do not fit.
 *
 * @example
 * ```ts
 * import { datasets, manualSeed } from "@raptorch/raptorch";
 *
 * manualSeed(0);
 * const { x, y } = datasets.makeBlobs({ nSamples: 40, nFeatures: 2, clusterStd: 1.5 });
 * console.assert(`${x.shape} ${y.shape}` === "torch.Size([40, 2]) torch.Size([40])");
 * ```
 */
export function makeBlobs(options: MakeBlobsOptions = {}): LabeledPoints {
  checkOptions("makeBlobs", options, BLOB_OPTIONS);
  const { nSamples = 100, clusterStd = 1, centerBox = [-10, 10], shuffle = true } = options;
  const draw = new Draw(options.randomState);
  const wanted = options.centers ?? (typeof nSamples === "number" ? 3 : nSamples.length);
  if (centerBox[0] > centerBox[1]) throw new RangeError(`makeBlobs: centerBox must be [low, high], got ${centerBox}`);
  const features = typeof wanted === "number" ? options.nFeatures ?? 2 : wanted[0]?.length ?? 0;
  const centers = typeof wanted === "number" ? draw.uniform(wanted, features, ...centerBox) : wanted;
  const n = centers.length;
  const sizes = typeof nSamples === "number" ? evenly(nSamples, n) : nSamples;
  const stds = typeof clusterStd === "number" ? new Array<number>(n).fill(clusterStd) : clusterStd;
  if (sizes.length !== n) {
    throw new RangeError(`Length of nSamples not consistent with number of centers: got ${sizes.length} and ${n}`);
  }
  if (stds.length !== n) {
    throw new RangeError(`Length of clusterStd not consistent with number of centers: got ${stds.length} and ${n}`);
  }
  if (centers.some((c) => c.length !== features)) {
    throw new RangeError(`makeBlobs: every center must have ${features} coordinates`);
  }
  const points = centers.flatMap((center, k) =>
    draw.normal(sizes[k], features).map((z) => z.map((v, j) => center[j] + stds[k] * v))
  );
  const labels = sizes.flatMap((size, k) => new Array<number>(size).fill(k));
  const order = shuffle ? draw.permutation(points.length) : null;
  return labeled(points, labels, features, order);
}

/** Options of {@linkcode makeClassification}. */
export interface MakeClassificationOptions {
  /** How many points. Default 100. */
  nSamples?: number;
  /** Coordinates of a point in all. Default 20. */
  nFeatures?: number;
  /** Coordinates that the class decides. Default 2. */
  nInformative?: number;
  /** Coordinates that are linear combinations of the informative ones. Default 2. */
  nRedundant?: number;
  /** Coordinates that repeat others. Default 0. */
  nRepeated?: number;
  /** How many classes. Default 2. */
  nClasses?: number;
  /** Clusters per class, each at a corner of a hypercube. Default 2. */
  nClustersPerClass?: number;
  /** The share of each class, or of all but the last. Default: equal shares. */
  weights?: readonly number[] | null;
  /** The share of the labels that are drawn anew. Default 0.01. */
  flipY?: number;
  /** Half the side of the hypercube: larger is easier. Default 1. */
  classSep?: number;
  /** Corners of a hypercube, or of a random polytope. Default `true`. */
  hypercube?: boolean;
  /** Added to the coordinates, to all or to each; `null` draws it. Default 0. */
  shift?: number | readonly number[] | null;
  /** Multiplied with the shifted coordinates; `null` draws it from 1 to 100. Default 1. */
  scale?: number | readonly number[] | null;
  /** Whether to mix points and coordinates. Default `true`. */
  shuffle?: boolean;
  /** A seed or a generator. Default: the default generator. */
  randomState?: number | Generator | null;
}

const CLASSIFICATION_OPTIONS = [
  "nSamples",
  "nFeatures",
  "nInformative",
  "nRedundant",
  "nRepeated",
  "nClasses",
  "nClustersPerClass",
  "weights",
  "flipY",
  "classSep",
  "hypercube",
  "shift",
  "scale",
  "shuffle",
  "randomState",
];

/**
 * A classification problem in many dimensions, as scikit-learn's `make_classification` (Guyon's "Madelon", 2003).
 *
 * Every class is some Gaussian clusters at corners of a hypercube, each stretched at random, in the informative
 * coordinates. Redundant coordinates mix those, repeated ones copy, and the rest is noise.
 *
 * @param options How many of what.
 * @returns The points and their classes.
 * @throws {RangeError} If there are fewer coordinates or corners than asked for.
 */
export function makeClassification(options: MakeClassificationOptions = {}): LabeledPoints {
  checkOptions("makeClassification", options, CLASSIFICATION_OPTIONS);
  const { nSamples = 100, nFeatures = 20, nInformative = 2, nRedundant = 2, nRepeated = 0, nClasses = 2 } = options;
  const { nClustersPerClass = 2, flipY = 0.01, classSep = 1, hypercube = true, shuffle = true } = options;
  const clusters = nClasses * nClustersPerClass;
  if (nInformative + nRedundant + nRepeated > nFeatures) {
    throw new RangeError(
      "Number of informative, redundant and repeated features must sum to less than the number of total features: " +
        `${nInformative} + ${nRedundant} + ${nRepeated} > ${nFeatures}`,
    );
  }
  if (clusters > 2 ** nInformative) {
    throw new RangeError(
      `nClasses(${nClasses}) * nClustersPerClass(${nClustersPerClass}) must be smaller or equal ` +
        `2**nInformative(${nInformative})=${2 ** nInformative}`,
    );
  }
  const draw = new Draw(options.randomState);
  const sizes = clusterSizes(nSamples, clusters, nClasses, options.weights ?? null);
  const corners = draw.corners(clusters, nInformative, classSep);
  if (!hypercube) {
    const perCluster = draw.uniform(clusters, 1), perFeature = draw.uniform(1, nInformative)[0];
    corners.forEach((corner, k) => corner.forEach((_, j) => corner[j] *= perCluster[k][0] * perFeature[j]));
  }
  const informative = corners.flatMap((corner, k) => {
    const stretch = draw.uniform(nInformative, nInformative, -1, 1);
    return multiply(draw.normal(sizes[k], nInformative), stretch).map((row) => row.map((v, j) => v + corner[j]));
  });
  const redundant = multiply(informative, draw.uniform(nInformative, nRedundant, -1, 1));
  const useful = nInformative + nRedundant;
  const copied = draw.uniform(1, nRepeated)[0].map((u) => Math.trunc((useful - 1) * u + 0.5));
  const noise = draw.normal(nSamples, nFeatures - useful - nRepeated);
  let points = informative.map((row, i) => {
    const known = [...row, ...redundant[i]];
    return [...known, ...copied.map((j) => known[j]), ...noise[i]];
  });
  const classes = sizes.flatMap((size, k) => new Array<number>(size).fill(k % nClasses));
  const flipped = draw.uniform(1, nSamples)[0];
  const labels = classes.map((k, i) => flipped[i] < flipY ? draw.integer(nClasses) : k);
  const shift = each(options.shift, 0, nFeatures) ?? draw.uniform(1, nFeatures, -classSep, classSep)[0];
  const scale = each(options.scale, 1, nFeatures) ?? draw.uniform(1, nFeatures, 1, 101)[0];
  const order = shuffle ? draw.permutation(nSamples) : null;
  const columns = shuffle ? draw.permutation(nFeatures) : null;
  points = points.map((row) => row.map((v, j) => (v + shift[j]) * scale[j]));
  if (columns) points = points.map((row) => columns.map((j) => row[j]));
  return labeled(points, labels, nFeatures, order);
}

/** Points per cluster; cluster `k` belongs to class `k % nClasses`, and the first get what is left over. */
function clusterSizes(
  nSamples: number,
  clusters: number,
  nClasses: number,
  weights: readonly number[] | null,
): number[] {
  if (weights && weights.length !== nClasses && weights.length !== nClasses - 1) {
    throw new RangeError(
      `Weights specified but incompatible with number of classes: ${weights.length} weights, ${nClasses} classes`,
    );
  }
  const shares = weights ? [...weights] : new Array<number>(nClasses).fill(1 / nClasses);
  if (shares.length < nClasses) shares.push(1 - shares.reduce((a, b) => a + b, 0));
  const perClass = clusters / nClasses;
  const sizes = Array.from({ length: clusters }, (_, k) => Math.trunc(nSamples * shares[k % nClasses] / perClass));
  const left = nSamples - sizes.reduce((a, b) => a + b, 0);
  for (let i = 0; i < left; i++) sizes[i % clusters]++;
  return sizes;
}

function each(value: number | readonly number[] | null | undefined, byDefault: number, n: number) {
  if (value === null) return null;
  const list = typeof value === "object" ? value : new Array<number>(n).fill(value ?? byDefault);
  if (list.length !== n) throw new RangeError(`makeClassification: ${list.length} shifts or scales for ${n} features`);
  return list;
}

function evenly(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(total / parts) + (i < total % parts ? 1 : 0));
}

function multiply(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  const columns = b[0]?.length ?? 0;
  return a.map((row) =>
    Array.from({ length: columns }, (_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0))
  );
}

function labeled(points: number[][], labels: number[], features: number, order: number[] | null): LabeledPoints {
  const rows = order ? order.map((i) => points[i]) : points;
  const x = fromTypedArray(Float64Array.from(rows.flat()), [rows.length, features]).to(getDefaultDtype());
  const y = tensor(order ? order.map((i) => labels[i]) : labels, { dtype: int64, device: "cpu" });
  return { x, y, [Symbol.iterator]: () => [x, y][Symbol.iterator]() };
}

/** Random numbers as nested arrays. */
class Draw {
  readonly #options: { generator?: Generator; device: Device };

  constructor(randomState: number | Generator | null | undefined) {
    const generator = typeof randomState === "number"
      ? new Generator().manualSeed(randomState)
      : randomState ?? undefined;
    this.#options = { generator, device: generator?.device ?? cpu };
  }

  uniform(rows: number, columns: number, low = 0, high = 1): number[][] {
    const draws = rand([rows, columns], { dtype: float64, ...this.#options }).tolist() as number[][];
    return draws.map((row) => row.map((u) => low + (high - low) * u));
  }

  normal(rows: number, columns: number): number[][] {
    return randn([rows, columns], { dtype: float64, ...this.#options }).tolist() as number[][];
  }

  permutation(n: number): number[] {
    return randperm(n, this.#options).tolist() as number[];
  }

  integer(n: number): number {
    return Number(randint(0, n, [1], this.#options).item());
  }

  /** `count` different corners of the hypercube with the coordinates ±`half`. */
  corners(count: number, dimensions: number, half: number): number[][] {
    const chosen = new Set<string>();
    const corners: number[][] = [];
    // Of up to 2^20 corners draw a permutation; of more, two draws hardly ever meet.
    const order = dimensions <= 20 ? this.permutation(2 ** dimensions) : null;
    while (corners.length < count) {
      const corner = order
        ? Array.from({ length: dimensions }, (_, j) => (order[corners.length] >> j) & 1 ? half : -half)
        : this.uniform(1, dimensions)[0].map((u) => u < 0.5 ? -half : half);
      const key = corner.map(Math.sign).join();
      if (chosen.has(key)) continue;
      chosen.add(key);
      corners.push(corner);
    }
    return corners;
  }
}
