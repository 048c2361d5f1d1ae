/**
 * Datasets, samplers and the DataLoader: PyTorch's `torch.utils.data`.
 *
 * @module
 */

export { type Collated, defaultCollate, defaultConvert } from "./collate.ts";
export {
  ChainDataset,
  ConcatDataset,
  Dataset,
  type DatasetLike,
  IterableDataset,
  type MapDataset,
  randomSplit,
  StackDataset,
  Subset,
  TensorDataset,
} from "./dataset.ts";
export { DataLoader, type DataLoaderOptions } from "./loader.ts";
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  Sampler,
  SequentialSampler,
  type Sized,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from "./sampler.ts";
