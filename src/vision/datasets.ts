/**
 * Datasets: the MNIST family from files, blobs and classification problems made up; PyTorch users know them from
 * `torchvision.datasets` and `sklearn.datasets`.
 *
 * @module
 */

export { FashionMNIST, KMNIST, MNIST, type MNISTOptions } from "./mnist.ts";
export {
  type LabeledPoints,
  makeBlobs,
  type MakeBlobsOptions,
  makeClassification,
  type MakeClassificationOptions,
} from "./synthetic.ts";
