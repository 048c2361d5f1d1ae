"""Writes names.json: the part of PyTorch that docs/coverage.md lists, and as what each name exists there."""
import json
import pathlib

import torch

tensor = """
T abs acos acosh add addbmm addcdiv addcmul addmm addmv addr all allclose amax amin aminmax any
arange argmax argmin argsort argwhere asin asinh atan atan2 atanh atleast_1d atleast_2d atleast_3d
baddbmm bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift
bitwise_xor block_diag bmm bool broadcast_shapes broadcast_tensors broadcast_to bucketize byte
cartesian_prod cat cdist ceil chunk clamp clamp_max clamp_min clone column_stack combinations
constant_pad_nd contiguous cos cosh count_nonzero cross cummax cummin cumprod cumsum deg2rad diag
diag_embed diagflat diagonal diagonal_scatter diff dist div dot double dsplit dstack einsum eq equal
erf erfc erfinv exp exp2 expand expand_as expm1 eye fill flatten flip fliplr flipud float floor
floor_divide fmax fmin fmod frac full full_like gather ge gt hsplit hstack hypot index_add
index_copy index_fill index_put index_reduce index_select inner int isclose isfinite isin isinf
isnan isneginf isposinf item kron kthvalue le lerp linspace log log10 log1p log2 log_softmax
logaddexp logaddexp2 logcumsumexp logical_and logical_not logical_or logical_xor logit logspace
logsumexp long lt mT masked_fill masked_scatter masked_select matmul max maximum mean median
meshgrid min minimum mm movedim msort mul multinomial mv nan_to_num nanmean nansum narrow ne neg
new_full new_ones new_zeros nonzero norm normal ones ones_like outer permute poisson positive pow
prod put quantile rad2deg rand rand_like randint randint_like randn randn_like randperm ravel
reciprocal remainder repeat repeat_interleave reshape reshape_as roll round rsqrt rsub scatter
scatter_add scatter_reduce searchsorted select select_scatter sigmoid sign signbit sin sinc sinh
slice slice_scatter softmax sort split split_with_sizes sqrt square squeeze stack std std_mean sub
sum sum_to_size t take take_along_dim tan tanh tensor_split tensordot tile to topk trace transpose
tril tril_indices triu triu_indices true_divide trunc type unbind unflatten unfold unique
unique_consecutive unravel_index unsqueeze var var_mean vdot view view_as vsplit vstack where xlogy
zero_ zeros zeros_like bernoulli
"""
linalg = "cholesky cross det eigh inv matrix_norm multi_dot norm qr solve svd vector_norm"
functional = """
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d batch_norm bilinear binary_cross_entropy
binary_cross_entropy_with_logits celu channel_shuffle conv1d conv2d conv3d conv_transpose1d
conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity cross_entropy ctc_loss
dropout dropout1d dropout2d dropout3d alpha_dropout elu embedding embedding_bag gaussian_nll_loss
gelu glu grid_sample affine_grid group_norm gumbel_softmax hardshrink hardsigmoid hardswish hardtanh
hinge_embedding_loss huber_loss instance_norm interpolate kl_div l1_loss layer_norm leaky_relu
linear local_response_norm log_softmax logsigmoid margin_ranking_loss max_pool1d max_pool2d
max_pool3d max_unpool1d max_unpool2d max_unpool3d mish mse_loss multi_margin_loss
multilabel_margin_loss multilabel_soft_margin_loss nll_loss normalize one_hot pad pairwise_distance
pdist pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu relu6 rms_norm rrelu
scaled_dot_product_attention selu silu smooth_l1_loss soft_margin_loss softmin softplus softshrink
softsign tanhshrink threshold triplet_margin_loss unfold fold
"""

modules = """
AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d
AvgPool3d BatchNorm1d BatchNorm2d BatchNorm3d Bilinear BCELoss BCEWithLogitsLoss CELU ChannelShuffle Conv1d Conv2d Conv3d
ConvTranspose1d ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CTCLoss Dropout Dropout1d
Dropout2d Dropout3d AlphaDropout ELU Embedding EmbeddingBag GaussianNLLLoss GELU GLU GroupNorm Hardshrink Hardsigmoid Hardswish
Hardtanh HingeEmbeddingLoss HuberLoss InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss L1Loss LayerNorm LeakyReLU Linear
LocalResponseNorm LogSoftmax LogSigmoid MarginRankingLoss MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish
MSELoss MultiMarginLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss NLLLoss PairwiseDistance PixelShuffle PixelUnshuffle
PoissonNLLLoss PReLU ReLU ReLU6 RMSNorm RReLU SELU Sigmoid SiLU SmoothL1Loss SoftMarginLoss Softmax Softmin Softplus Softshrink
Softsign Tanh Tanhshrink Threshold TripletMarginLoss ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d
ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d ZeroPad1d ZeroPad2d
ZeroPad3d LPPool1d LPPool2d LPPool3d Softmax2d Identity Flatten Unflatten Upsample UpsamplingNearest2d UpsamplingBilinear2d Fold
Unfold RNN LSTM GRU RNNCell LSTMCell GRUCell MultiheadAttention TransformerEncoderLayer TransformerEncoder TransformerDecoderLayer
TransformerDecoder Transformer LazyLinear LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d
LazyConvTranspose3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d
Sequential ModuleList ModuleDict ParameterList ParameterDict
"""
utils = """
clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters rnn.pack_padded_sequence rnn.pad_sequence
rnn.pad_packed_sequence parametrizations.weight_norm fuse_conv_bn_eval
"""
optim = "Adadelta Adafactor Adagrad Adam Adamax AdamW ASGD LBFGS Muon NAdam RAdam RMSprop Rprop SGD SparseAdam"
schedulers = """
LambdaLR MultiplicativeLR StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR CosineAnnealingLR
CosineAnnealingWarmRestarts ChainedScheduler SequentialLR ReduceLROnPlateau CyclicLR OneCycleLR
"""
swa = "AveragedModel SWALR update_bn get_ema_avg_fn get_swa_avg_fn get_ema_multi_avg_fn get_swa_multi_avg_fn"
autograd = """
autograd.grad autograd.functional.jacobian autograd.functional.hessian autograd.functional.vjp autograd.functional.jvp
autograd.functional.hvp autograd.functional.vhp autograd.gradcheck autograd.gradgradcheck autograd.graph.saved_tensors_hooks
autograd.detect_anomaly utils.checkpoint.checkpoint
"""
distributions = "Normal Uniform Bernoulli Categorical Beta Gamma Exponential MultivariateNormal"


def facts(name):
    return {"name": name, "function": hasattr(torch, name), "method": hasattr(torch.Tensor, name),
            "inplace": not name.endswith("_") and hasattr(torch.Tensor, name + "_")}


names = {"tensor": [facts(n) for n in tensor.split()], "linalg": linalg.split(), "functional": functional.split(),
         "modules": modules.split(), "utils": utils.split(), "optim": optim.split(), "schedulers": schedulers.split(),
         "swa": swa.split(), "autograd": autograd.split(), "distributions": distributions.split()}
for name in names["modules"]:
    assert hasattr(torch.nn, name), name
pathlib.Path(__file__).with_name("names.json").write_text(json.dumps(names, indent=0) + "\n")
