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


def facts(name):
    return {"name": name, "function": hasattr(torch, name), "method": hasattr(torch.Tensor, name),
            "inplace": not name.endswith("_") and hasattr(torch.Tensor, name + "_")}


names = {"tensor": [facts(n) for n in tensor.split()], "linalg": linalg.split(), "functional": functional.split()}
pathlib.Path(__file__).with_name("names.json").write_text(json.dumps(names, indent=0) + "\n")
