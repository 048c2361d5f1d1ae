/**
 * The types that public signatures name: options, operands, named results.
 *
 * @module
 */
export type { ToleranceOptions } from "./linalg.ts";
export type { Named } from "./named.ts";
export type { CeluOptions, InplaceOptions, RReLUOptions } from "./ops/activation_calls.ts";
export type {
  AdaptiveAvgPoolArguments,
  AdaptiveMaxPoolArguments,
  AdaptiveMaxPoolOptions,
  AdaptiveSize,
  AvgPoolArguments,
  AvgPoolOptions,
  KernelSize,
  MaxPoolArguments,
  MaxPoolOptions,
  OutputSize,
} from "./ops/pool_calls.ts";
export type {
  ConvArguments,
  ConvOptions,
  ConvPadding,
  ConvTransposeArguments,
  ConvTransposeOptions,
  IntOrTuple,
} from "./ops/conv_calls.ts";
export type { DropoutArguments, DropoutOptions } from "./ops/dropout.ts";
export type { GroupNormOptions, LayerNormOptions, RMSNormOptions } from "./ops/norm_calls.ts";
export type { CosineSimilarityOptions, PairwiseDistanceOptions } from "./ops/response_norm.ts";
export type { Operand, TensorArguments } from "./ops/elementwise.ts";
export type { MinMax } from "./ops/extremes.ts";
export type { Dims } from "./ops/reduce.ts";
export type { Scalar } from "./read.ts";
export type { AlphaOptions, DivOptions } from "./tensor/arithmetic.ts";
export type { NoOptions } from "./check.ts";
export type {
  AccumulateArguments,
  DiagonalArguments,
  DiagonalOptions,
  DiagOptions,
  FlipArguments,
  RepeatInterleaveOptions,
  RollArguments,
  RollOptions,
  SliceScatterArguments,
  SliceScatterOptions,
  TriangleArguments,
} from "./tensor/arrange.ts";
export type { ClampArguments, CloseArguments, ValueOptions } from "./tensor/binary.ts";
export type {
  DimArguments,
  KeepdimArguments,
  KeepdimOptions,
  ScatterOptions,
  SortArguments,
  SortOptions,
  TopkArguments,
  TopkOptions,
  UniqueArguments,
  UniqueConsecutiveArguments,
  UniqueConsecutiveOptions,
  UniqueOptions,
} from "./tensor/indexing.ts";
export type { AddmmOptions } from "./tensor/matmul.ts";
export type { ReduceArguments, ReduceOptions } from "./tensor/reduce.ts";
export type { LogitOptions, NanToNumOptions, RoundOptions } from "./tensor/special.ts";
export type { NormArguments, NormOptions, ScanOptions, VarArguments, VarOptions } from "./tensor/statistics.ts";
export type { Kernels } from "../ffi/library.ts";
export type { DeviceMemory, Pointer } from "./device.ts";
export type { TensorActivation } from "./tensor/activation.ts";
export type { TensorArithmetic } from "./tensor/arithmetic.ts";
export type { TensorArrange } from "./tensor/arrange.ts";
export type { TensorBinary } from "./tensor/binary.ts";
export type { TensorCore } from "./tensor/core.ts";
export type { TensorCompositions } from "./tensor/fill_at.ts";
export type { IncludeSelfOptions, SplitArguments, SplitOptions, TensorInPlace } from "./tensor/inplace.ts";
export type { ScatterReduction } from "./ops/scatter_reduce.ts";
export type { TensorIndexing } from "./tensor/indexing.ts";
export type { TensorMath } from "./tensor/math.ts";
export type { TensorMatmul } from "./tensor/matmul.ts";
export type { FlattenOptions, TensorMovement } from "./tensor/movement.ts";
export type { TensorRandom } from "./tensor/random.ts";
export type { TensorReduce } from "./tensor/reduce.ts";
export type { TensorSoftmax } from "./tensor/softmax.ts";
export type { TensorSpecial } from "./tensor/special.ts";
export type { TensorStatistics } from "./tensor/statistics.ts";
export type { AccumulateGrad } from "./autograd/node.ts";
export type { BackwardOptions } from "./tensor/core.ts";
export type { ClampOptions } from "./tensor/binary.ts";
export type { CloseOptions } from "./tensor/binary.ts";
export type { Edge } from "./autograd/node.ts";
export type { GradHook } from "./autograd/node.ts";
export type { IndexAddOptions } from "./tensor/indexing.ts";
export type { IndexPutOptions } from "./tensor/indexing.ts";
export type { Nested } from "./read.ts";
export type { Node } from "./autograd/node.ts";
export type { QuantileOptions } from "./tensor/statistics.ts";
export type { RemovableHandle } from "./tensor/core.ts";
export type { RoundingMode } from "./ops/arithmetic.ts";
export type { Storage } from "./storage.ts";
export type { Target } from "./ops/cast.ts";
export type { ToOptions } from "./ops/cast.ts";
export type { Extras } from "./autograd/node.ts";
export type { Grad } from "./autograd/node.ts";
export type { Interpolation } from "./ops/quantile.ts";
export type { symbols } from "../ffi/symbols.ts";
export type { AminmaxArguments } from "./tensor/statistics.ts";
export type { ArgsortArguments } from "./tensor/indexing.ts";
export type { Arguments } from "./arguments.ts";
export type { BincountArguments } from "./tensor/indexing.ts";
export type { ChunkArguments } from "./tensor/indexing.ts";
export type { GatherArguments } from "./tensor/indexing.ts";
export type { IndexAddArguments } from "./tensor/indexing.ts";
export type { IndexCopyArguments } from "./tensor/fill_at.ts";
export type { IndexFillArguments } from "./tensor/fill_at.ts";
export type { IndexOptions } from "./tensor/indexing.ts";
export type { IndexPutArguments } from "./tensor/indexing.ts";
export type { IndexSelectArguments } from "./tensor/indexing.ts";
export type { KthvalueArguments } from "./tensor/indexing.ts";
export type { BincountOptions } from "./tensor/indexing.ts";
export type { ChunkOptions } from "./tensor/indexing.ts";
export type { GatherOptions } from "./tensor/indexing.ts";
export type { IndexCopyOptions } from "./tensor/fill_at.ts";
export type { IndexFillOptions } from "./tensor/fill_at.ts";
export type { KthvalueOptions } from "./tensor/indexing.ts";
export type { TensorNames } from "./tensor/names.ts";
export type {
  CovArguments,
  CovOptions,
  NanquantileArguments,
  RenormArguments,
  RenormOptions,
  Rot90Arguments,
  Rot90Options,
  TensorComposed,
} from "./tensor/composed.ts";
export type { HistcArguments } from "./tensor/indexing.ts";
export type { HistcOptions } from "./tensor/indexing.ts";
