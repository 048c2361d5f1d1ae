"""Writes nn_functional.json: values, gradients, second derivatives and grad_fn names of torch.nn.functional.

Run with PyTorch 2.13: python tests/golden/nn_functional.py
"""
import json, os, sys, warnings
import torch
import torch.nn.functional as F

warnings.simplefilter("ignore")
torch.manual_seed(0)
cases = []


def pack(t):
    if t is None:
        return None
    if isinstance(t, (tuple, list)):
        return [pack(x) for x in t]
    if t._is_zerotensor():  # has no memory to read
        t = torch.zeros(t.shape, dtype=t.dtype)
    kind = str(t.dtype).removeprefix("torch.")
    digits = 9 if kind == "float32" else 10
    flat = t.detach().reshape(-1).tolist()
    return {
        "dtype": kind,
        "shape": list(t.shape),
        "data": [(str(v) if v != v or v in (float("inf"), float("-inf")) else float(f"%.{digits}g" % v)) if t.is_floating_point() else v for v in flat],
        "grad": t.requires_grad and t.is_leaf,
    }


def arg(v):
    if isinstance(v, torch.Tensor):
        return {"tensor": pack(v)}
    if isinstance(v, (list, tuple)) and any(isinstance(x, torch.Tensor) for x in v):
        return {"list": [arg(x) for x in v]}
    if isinstance(v, float) and v in (float("inf"), float("-inf")):
        return {"number": str(v)}
    return {"value": v}


def cotangent(y):
    return torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape)


def case(name, *args, second=True, fn=None, seed=None, **kwargs):
    """One call. `second`: also the gradient of the sum of squares of the gradients. `seed`: set before the call."""
    call = fn or getattr(F, name)
    entry = {"name": name, "args": [arg(a) for a in args], "options": {k: arg(v) for k, v in kwargs.items()}}
    if seed is not None:
        entry["seed"] = seed
        torch.manual_seed(seed)
    y = call(*args, **kwargs)
    outs = list(y) if isinstance(y, (tuple, list)) else [y]
    entry["out"] = [pack(o) for o in outs]
    everything = [*args, *kwargs.values()]
    leaves = []
    for a in everything:
        for t in a if isinstance(a, (list, tuple)) else [a]:
            if isinstance(t, torch.Tensor) and t.requires_grad:
                leaves.append(t)
    diff = [o for o in outs if o.requires_grad]
    if leaves and diff:
        entry["gradFn"] = diff[0].grad_fn.name().removeprefix("torch::autograd::")
        total = sum((o * cotangent(o)).sum() for o in diff)
        grads = torch.autograd.grad(total, leaves, create_graph=second, allow_unused=True)
        entry["grads"] = [pack(g) for g in grads]
        if second:
            square = sum((g * g).sum() for g in grads if g is not None and g.requires_grad)
            if not isinstance(square, torch.Tensor) or not square.requires_grad:
                entry["second"] = [None] * len(leaves)  # the gradients depend on nothing
            else:
                try:
                    entry["second"] = [pack(g) for g in torch.autograd.grad(square, leaves, allow_unused=True)]
                except RuntimeError:
                    pass
    cases.append(entry)


def r(*shape, grad=True, dtype=torch.float64):
    return torch.randn(shape, dtype=dtype).requires_grad_(grad)


def u(*shape, grad=True, low=0.05, high=0.95, dtype=torch.float64):
    return (torch.rand(*shape, dtype=dtype) * (high - low) + low).requires_grad_(grad)


# ---- convolution ----
case("conv1d", r(2, 3, 9), r(4, 3, 3), r(4), stride=2, padding=1)
case("conv1d", r(3, 9), r(4, 3, 2), dilation=3)
case("conv2d", r(2, 3, 7, 6), r(4, 3, 3, 2), r(4))
case("conv2d", r(2, 4, 7, 6), r(6, 2, 3, 2), r(6), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)
case("conv2d", r(1, 2, 5, 5), r(3, 2, 4, 3), padding="same")
case("conv2d", r(1, 2, 5, 5), r(3, 2, 3, 3), padding="valid")
case("conv2d", r(2, 4, 5, 5), r(4, 1, 3, 3), groups=4, padding=1)
case("conv2d", r(2, 1, 8, 8, dtype=torch.float32), r(3, 1, 3, 3, dtype=torch.float32), r(3, dtype=torch.float32), second=False)
case("conv3d", r(1, 2, 4, 5, 3), r(3, 2, 2, 2, 2), r(3), padding=1, stride=2)
case("conv_transpose1d", r(2, 3, 5), r(3, 4, 3), r(4), stride=2, padding=1, output_padding=1)
case("conv_transpose2d", r(2, 4, 3, 4), r(4, 3, 3, 2), r(6), stride=2, padding=1, groups=2, dilation=2)
case("conv_transpose2d", r(4, 3, 4), r(4, 3, 3, 2))
case("conv_transpose3d", r(1, 2, 2, 3, 2), r(2, 2, 2, 2, 2), r(2), stride=2)
# ---- pooling ----
case("max_pool1d", r(2, 3, 9), 3, stride=2, padding=1)
case("max_pool2d", r(2, 3, 7, 6), 2)
case("max_pool2d", r(2, 3, 7, 6), (3, 2), stride=(2, 1), padding=1, ceil_mode=True)
case("max_pool2d", r(3, 7, 6), 2, dilation=2)
case("max_pool2d", r(2, 2, 6, 6), 3, return_indices=True)
case("max_pool2d", r(2, 2, 40, 40, dtype=torch.float32), 17, second=False)
case("max_pool3d", r(1, 2, 5, 4, 6), 2, ceil_mode=True)
case("avg_pool1d", r(2, 3, 9), 3, stride=2, padding=1)
case("avg_pool2d", r(2, 3, 7, 6), 2)
case("avg_pool2d", r(2, 3, 7, 6), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)
case("avg_pool2d", r(2, 3, 7, 6), 3, divisor_override=2)
case("avg_pool3d", r(1, 2, 5, 4, 6), 2, padding=1)
case("adaptive_avg_pool1d", r(2, 3, 10), 4)
case("adaptive_avg_pool2d", r(2, 3, 7, 6), (3, None))
case("adaptive_avg_pool2d", r(2, 3, 7, 6), 1)
case("adaptive_avg_pool3d", r(1, 2, 5, 4, 6), 2)
case("adaptive_max_pool1d", r(2, 3, 10), 4, second=False)
case("adaptive_max_pool2d", r(2, 3, 7, 6), (3, 2), second=False)
case("adaptive_max_pool2d", r(2, 3, 7, 6), (3, 2), return_indices=True, second=False)
case("adaptive_max_pool3d", r(1, 2, 5, 4, 6), 2, second=False)
x = r(2, 2, 6, 6)
y, i = F.max_pool2d(x.detach(), 2, return_indices=True)
case("max_unpool2d", y.requires_grad_(), i, 2)
# ---- softmax ----
case("softmax", r(3, 4), 1)
case("softmax", r(3, 4, 2), 1)
case("softmax", r(3, 4, 2), 0)
case("log_softmax", r(3, 4), -1)
case("log_softmax", r(3, 4, 2), 1)
case("softmin", r(3, 4), 1)
# ---- normalisation ----
mean, var = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
case("batch_norm", r(4, 3, 5), mean.clone(), var.clone(), weight=r(3), bias=r(3), training=True)
case("batch_norm", r(4, 3), mean.clone() + 0.5, var.clone() * 2, weight=r(3), bias=r(3), training=False, eps=1e-3)
case("batch_norm", r(4, 3, 2, 2), None, None, training=True)
case("layer_norm", r(4, 3, 5), (3, 5), weight=r(3, 5), bias=r(3, 5))
case("layer_norm", r(4, 5), (5,))
case("rms_norm", r(4, 5), (5,), weight=r(5))
case("rms_norm", r(4, 5), (5,), eps=0.1)
case("group_norm", r(2, 6, 4), 3, weight=r(6), bias=r(6))
case("group_norm", r(2, 6, 2, 2), 2)
case("instance_norm", r(2, 3, 5), weight=r(3), bias=r(3))
case("instance_norm", r(2, 3, 4, 4))
# ---- losses ----
for red in ("mean", "sum", "none"):
    case("mse_loss", r(3, 4), r(3, 4), reduction=red)
    case("l1_loss", r(3, 4), r(3, 4), reduction=red)
    case("smooth_l1_loss", r(3, 4), r(3, 4), reduction=red, beta=0.7)
    case("huber_loss", r(3, 4), r(3, 4), reduction=red, delta=0.6)
    case("binary_cross_entropy", u(3, 4), u(3, 4), reduction=red, weight=u(3, 4, grad=False))
    case("binary_cross_entropy_with_logits", r(3, 4), u(3, 4), reduction=red)
    case("binary_cross_entropy_with_logits", r(3, 4), u(3, 4), reduction=red, weight=u(4, grad=False), pos_weight=u(4, grad=False))
    case("kl_div", r(3, 4), u(3, 4), reduction=red)
    case("kl_div", r(3, 4), r(3, 4), reduction=red, log_target=True)
    case("nll_loss", r(3, 4), torch.tensor([0, 3, 1]), reduction=red)
    case("nll_loss", r(3, 4, 2), torch.tensor([[0, 3], [1, 2], [2, 2]]), reduction=red, weight=u(4, grad=False), ignore_index=2)
    case("cross_entropy", r(3, 4), torch.tensor([0, 3, 1]), reduction=red)
    case("cross_entropy", r(3, 4, 2), torch.tensor([[0, 3], [1, 2], [2, 2]]), reduction=red, weight=u(4, grad=False), ignore_index=2)
    case("cross_entropy", r(3, 4), torch.tensor([0, 3, 1]), reduction=red, label_smoothing=0.2, weight=u(4, grad=False))
    case("cross_entropy", r(3, 4), u(3, 4), reduction=red, label_smoothing=0.1)
    case("cross_entropy", r(3, 4, 2), u(3, 4, 2), reduction=red, weight=u(4, grad=False))
    case("soft_margin_loss", r(3, 4), torch.sign(r(3, 4, grad=False)), reduction=red)
case("cross_entropy", r(4), torch.tensor(2))
case("kl_div", r(3, 4), u(3, 4), reduction="batchmean")
case("mse_loss", r(3, 4), r(3, 4), weight=u(3, 4, grad=False))
case("smooth_l1_loss", r(3, 4), r(3, 4), beta=0.0)
# ---- padding ----
for mode in ("constant", "reflect", "replicate", "circular"):
    case("pad", r(2, 3, 5), (2, 1), mode=mode)
    case("pad", r(2, 3, 5, 4), (2, 1, 0, 3), mode=mode)
    case("pad", r(1, 2, 4, 5, 4), (2, 1, 0, 3, 1, 1), mode=mode)
case("pad", r(2, 3), (1, -1), value=2.5)
case("linear", r(2, 3), r(4, 3), r(4))
case("linear", r(3), r(4, 3), r(4))
case("linear", r(2, 5, 3), r(4, 3), r(4))


# ---- margins, embeddings, likelihoods ----
sign = lambda *shape: torch.sign(torch.randn(*shape, dtype=torch.float64))
for red in ("mean", "none"):
    case("margin_ranking_loss", r(5), r(5), sign(5), margin=0.3, reduction=red)
    case("hinge_embedding_loss", r(3, 4), sign(3, 4), margin=0.7, reduction=red)
    case("cosine_embedding_loss", r(3, 4), r(3, 4), sign(3), margin=0.1, reduction=red)
    case("triplet_margin_loss", r(3, 4), r(3, 4), r(3, 4), margin=1.5, reduction=red)
    case("triplet_margin_loss", r(3, 4), r(3, 4), r(3, 4), swap=True, p=3, reduction=red)
    case("multi_margin_loss", r(3, 4), torch.tensor([1, 0, 3]), reduction=red)
    case("multi_margin_loss", r(3, 4), torch.tensor([1, 0, 3]), p=2, margin=0.5, weight=u(4, grad=False), reduction=red)
    case("multilabel_margin_loss", r(2, 4), torch.tensor([[3, 0, -1, 1], [1, 2, 3, -1]]), reduction=red)
    case("multilabel_soft_margin_loss", r(3, 4), torch.randint(0, 2, (3, 4)).double(), weight=u(4, grad=False), reduction=red)
    case("poisson_nll_loss", r(3, 4), torch.randint(0, 6, (3, 4)).double(), full=True, reduction=red)
    case("poisson_nll_loss", u(3, 4), torch.randint(0, 6, (3, 4)).double(), log_input=False, reduction=red)
    case("gaussian_nll_loss", r(3, 4), r(3, 4), u(3, 4), full=True, reduction=red)
case("gaussian_nll_loss", r(3, 4), r(3, 4), u(3, 1))
# ---- embeddings, distances, norms ----
case("embedding", torch.tensor([[1, 2], [4, 1]]), r(5, 3))
case("embedding", torch.tensor([[1, 2], [4, 1]]), r(5, 3), padding_idx=1)
case("embedding", torch.tensor([[1, 2], [4, 1]]), r(5, 3), scale_grad_by_freq=True, second=False)
for mode in ("sum", "mean", "max"):
    case("embedding_bag", torch.tensor([1, 2, 4, 1, 0]), r(5, 3), torch.tensor([0, 2, 2]), mode=mode, second=False)
case("embedding_bag", torch.tensor([[1, 2], [4, 1]]), r(5, 3), mode="sum", per_sample_weights=u(2, 2), second=False)
case("one_hot", torch.tensor([[0, 2], [1, 1]]))
case("one_hot", torch.tensor([0, 2]), num_classes=5)
case("cosine_similarity", r(3, 4), r(3, 4))
case("cosine_similarity", r(3, 4, 2), r(3, 4, 2), dim=-1)
case("pairwise_distance", r(3, 4), r(3, 4))
case("pairwise_distance", r(3, 4), r(3, 4), p=3, keepdim=True)
case("normalize", r(3, 4))
case("normalize", r(3, 4), p=1, dim=0)
case("local_response_norm", r(2, 5, 3), 3)
case("local_response_norm", r(2, 5, 3, 2), 2, alpha=0.1, beta=0.5, k=2.0)
case("bilinear", r(2, 3), r(2, 4), r(5, 3, 4), r(5))
# ---- images ----
case("pixel_shuffle", r(2, 8, 2, 3), 2)
case("pixel_unshuffle", r(2, 2, 4, 6), 2)
case("channel_shuffle", r(2, 6, 2, 2), 3)
for mode, shape in (("nearest", (2, 2, 5)), ("nearest", (1, 2, 4, 3)), ("nearest-exact", (1, 2, 4, 3)), ("linear", (2, 2, 5)), ("bilinear", (1, 2, 4, 3)),
                    ("bicubic", (1, 2, 4, 3)), ("trilinear", (1, 1, 2, 3, 2)), ("area", (1, 2, 4, 6)), ("nearest", (1, 1, 2, 3, 2))):
    case("interpolate", r(*shape), scale_factor=2, mode=mode)
    case("interpolate", r(*shape), size=[5, 7, 3][: len(shape) - 2], mode=mode)
    if "linear" in mode or "cubic" in mode:
        case("interpolate", r(*shape), size=[5, 7, 3][: len(shape) - 2], mode=mode, align_corners=True)
case("interpolate", r(1, 1, 5, 5), scale_factor=(0.6, 1.7), mode="bilinear")
case("unfold", r(2, 3, 5, 4), (2, 3), stride=(2, 1), padding=1)
case("unfold", r(3, 5, 4), 2, dilation=2)
case("fold", r(2, 12, 12), (4, 5), 2)
# ---- attention ----
case("scaled_dot_product_attention", r(2, 2, 3, 4), r(2, 2, 5, 4), r(2, 2, 5, 6))
case("scaled_dot_product_attention", r(2, 3, 4), r(2, 3, 4), r(2, 3, 4), is_causal=True)
case("scaled_dot_product_attention", r(2, 3, 4), r(2, 5, 4), r(2, 5, 4), attn_mask=r(3, 5), scale=0.3)
case("scaled_dot_product_attention", r(1, 4, 3, 4), r(1, 2, 5, 4), r(1, 2, 5, 4), enable_gqa=True)
# ---- activations ----
for name in ("relu", "relu6", "elu", "celu", "selu", "silu", "mish", "hardsigmoid", "hardswish", "leaky_relu", "hardtanh", "softplus", "hardshrink",
             "softshrink", "gelu", "logsigmoid", "softsign", "tanhshrink", "sigmoid", "tanh", "glu"):
    case(name, r(3, 4))
case("leaky_relu", r(3, 4), 0.2)
case("elu", r(3, 4), alpha=0.5)
case("celu", r(3, 4), alpha=0.5)
case("gelu", r(3, 4), approximate="tanh")
case("hardtanh", r(3, 4), min_val=-0.5, max_val=0.3)
case("softplus", r(3, 4), beta=2, threshold=1)
case("threshold", r(3, 4), 0.1, 2.0)
case("prelu", r(3, 4), r(4))
case("prelu", r(3, 4), r(1))
case("rrelu", r(3, 4))
case("glu", r(4, 3), 0)

case("lp_pool1d", u(2, 3, 9), 2, 3, stride=2)
case("lp_pool2d", u(2, 3, 7, 6), 3, 2)

# ---- alignments, distances, grids ----
log_probs = F.log_softmax(r(7, 3, 4, grad=False), 2)
padded, joined = torch.tensor([[1, 2, 2], [3, 0, 0], [1, 3, 2]]), torch.tensor([1, 2, 2, 3, 1, 3, 2], dtype=torch.int32)
for red in ("mean", "sum", "none"):
    case("ctc_loss", log_probs.clone().requires_grad_(), padded, torch.tensor([7, 5, 6]), torch.tensor([3, 1, 3]), reduction=red, second=False)
case("ctc_loss", log_probs.clone().requires_grad_(), joined, (7, 5, 2), (3, 1, 3), zero_infinity=True, second=False)
case("ctc_loss", log_probs.clone().requires_grad_(), joined, (7, 5, 2), (3, 1, 3), 0, "none", second=False)
case("ctc_loss", log_probs[:, 0].clone().requires_grad_(), torch.tensor([1, 0]), torch.tensor(7), torch.tensor(2), blank=3, second=False)
for p in (0.0, 0.7, 1.0, 2.0, 3.0, float("inf")):
    case("pdist", r(4, 3), p, second=False)
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        for align in (True, False):
            case("grid_sample", r(1, 2, 4, 3), u(1, 2, 3, 2, low=-1.7, high=1.7), mode, padding, align)
            if mode != "bicubic" and not align:
                case("grid_sample", r(1, 1, 2, 4, 3), u(1, 1, 2, 2, 3, low=-1.7, high=1.7), mode=mode, padding_mode=padding, align_corners=align)
case("affine_grid", r(2, 2, 3), [2, 1, 3, 4], align_corners=True)
case("affine_grid", r(2, 2, 3), [2, 1, 1, 4], align_corners=False)
case("affine_grid", r(1, 3, 4), [1, 1, 2, 3, 4], False)
# ---- smoothed and rounded images ----
for mode in ("bilinear", "bicubic"):
    case("interpolate", r(1, 2, 9, 7), size=[4, 3], mode=mode, antialias=True)
    case("interpolate", r(1, 2, 5, 5), None, 1.7, mode, False, None, True)
    case("interpolate", torch.randint(0, 256, (1, 3, 5, 6), dtype=torch.uint8), size=[3, 8], mode=mode)
case("interpolate", r(2, 2, 5), scale_factor=1.7, mode="linear", recompute_scale_factor=True)
# ---- integers ----
i = lambda *shape, dtype=torch.int64: torch.randint(-9, 10, shape, dtype=dtype)
case("conv1d", i(2, 3, 9), i(4, 3, 3), i(4), stride=2)
case("conv2d", i(3, 5, 5), i(2, 3, 3, 2), None, 1, "same")
case("conv_transpose2d", i(1, 2, 3, 3), i(2, 2, 2, 2), i(2), 2)
case("avg_pool1d", i(2, 3, 9), 3, 2)
case("max_pool2d", i(2, 6, 6), 3, stride=2, return_indices=True)
case("max_pool3d", i(1, 4, 4, 4, dtype=torch.int32), 2)
case("local_response_norm", i(2, 5, 3), 3)
case("margin_ranking_loss", i(5), i(5), i(5).sign(), 1.0)
case("pairwise_distance", i(3, 4), i(3, 4))
case("bilinear", i(3, dtype=torch.int32), i(4, dtype=torch.int32), i(5, 3, 4, dtype=torch.int32), i(5, dtype=torch.int32))
# ---- 16-bit numbers ----
for half in (torch.float16, torch.bfloat16):
    h = lambda *shape: r(*shape, grad=False, dtype=torch.float32).to(half)
    case("conv2d", h(1, 2, 5, 5), h(3, 2, 3, 3), h(3))
    case("conv_transpose1d", h(1, 2, 3), h(2, 1, 2), h(1))
    case("batch_norm", h(3, 2, 4), h(2), h(2).abs() + 0.1, h(2), h(2))
    case("scaled_dot_product_attention", h(2, 3, 4), h(2, 5, 4), h(2, 5, 4), is_causal=True)
    case("interpolate", h(1, 1, 3, 3), scale_factor=2, mode="bilinear")
    case("embedding", torch.tensor([1, 0, 1]), h(3, 4), None, 1.0)
    case("binary_cross_entropy_with_logits", h(3, 4), h(3, 4).sigmoid(), reduction="none")
    case("pdist", h(4, 3).float())
# ---- random numbers ----
for name, shape in (("dropout", (4, 5)), ("dropout1d", (2, 3, 4)), ("dropout2d", (2, 3, 2, 2)), ("dropout3d", (2, 3, 2, 1, 2)), ("alpha_dropout", (4, 5))):
    case(name, r(*shape), 0.4, True, seed=1)
case("dropout", r(3), seed=2)
case("rrelu", r(4, 5), 0.1, 0.4, True, seed=3)
case("rrelu", -r(grad=False).abs(), training=True, seed=3)
case("gumbel_softmax", r(3, 4), 0.7, seed=4)
case("gumbel_softmax", r(3, 4), hard=True, dim=0, seed=4, second=False)
case("scaled_dot_product_attention", r(2, 3, 4), r(2, 5, 4), r(2, 5, 4), None, 0.3, seed=5)
# ---- masks, edges and other ways to call ----
case("scaled_dot_product_attention", r(2, 2, 3, 4), r(2, 5, 4), r(2, 5, 4), torch.tensor([[True] * 5, [False] * 5, [True, False] * 2 + [True]]))
case("max_pool1d", r(2, 3, 9), 3, 2, 1, 1, True, True)
case("normalize", r(3, 4), p=0.0)
case("cosine_similarity", r(1, 2, 3), r(2, 1, 3), dim=-2)
case("multi_margin_loss", r(), torch.tensor(0))
case("prelu", r(), r(1, grad=False).reshape(()))
case("pad", r(2, 3, 4), (-4, 5), mode="replicate")
case("mse_loss", r(3, 4), r(3, 4), False)
case("nll_loss", r(3, 4), torch.tensor([0, 3, 1]), None, None, 3, None, "sum")
case("embedding_bag", torch.tensor([1, 2, 4, 1, 0]), r(5, 3), torch.tensor([0, 2, 2]), 1.0, 2.0, False, "sum", False, u(5), False, 1, second=False)
case("max_unpool1d", r(1, 2, 3), torch.tensor([[[0, 2, 5], [1, 3, 4]]]), 2)
case("max_unpool3d", r(1, 1, 1, 2, 2), torch.tensor([[[[[0, 3], [9, 17]]]]]), (1, 2, 2), output_size=(2, 3, 3), stride=(2, 1, 1))
# ---- bytes whose borders count twice, and a width that stays ----
for mode in ("bilinear", "bicubic"):
    case("interpolate", torch.randint(0, 256, (2, 2, 5, 4), dtype=torch.uint8), size=[3, 3], mode=mode)
    case("interpolate", torch.randint(0, 256, (1, 3, 6, 3), dtype=torch.uint8), scale_factor=[1.7, 1.3], mode=mode)
# ---- bags of rows, with ties, NaN, padding and empty ends; fractional pooling ----
listed, starts = torch.tensor([1, 2, 4, 1, 0, 4, 2]), torch.tensor([0, 2, 2, 7])
equal = torch.tensor([[1.0, 2], [1, 2], [0, 3], [float("nan"), 3], [2, float("nan")]], dtype=torch.float64)
for mode in ("sum", "mean", "max"):
    case("embedding_bag", listed, r(5, 3), starts, mode=mode, padding_idx=1, second=False)
    case("embedding_bag", listed, r(5, 17), starts, mode=mode, include_last_offset=True, second=False)
    case("embedding_bag", torch.tensor([[0, 1], [2, 3], [3, 2], [4, 1]]), equal.clone().requires_grad_(), mode=mode, padding_idx=-1, second=False)
    if mode != "max":
        case("embedding_bag", listed, r(5, 3), starts, mode=mode, scale_grad_by_freq=True, padding_idx=2, second=False)
case("embedding_bag", listed.int(), r(5, 3), starts.int(), mode="sum", per_sample_weights=u(7), padding_idx=4, include_last_offset=True, second=False)
case("embedding_bag", listed[:0], r(5, 3), torch.tensor([0, 0]), mode="max", second=False)


def samples(*shape):
    return torch.rand(*shape, dtype=torch.float64)


case("fractional_max_pool2d", r(2, 3, 7, 9), 2, 4, None, False, samples(2, 3, 2))
case("fractional_max_pool2d", r(3, 8, 6), (3, 2), None, (0.6, 0.7), True, samples(1, 3, 2))
case("fractional_max_pool2d", equal.view(1, 1, 2, 5), (1, 2), (2, 4), None, True, samples(1, 1, 2))
case("fractional_max_pool2d", r(2, 5, 5), 2, (1, 3), None, False, samples(1, 2, 2))
case("fractional_max_pool3d", r(2, 2, 5, 6, 7), 2, (2, 3, 4), None, True, samples(2, 2, 3))
case("fractional_max_pool3d", r(2, 6, 5, 7), (3, 1, 2), None, (0.4, 0.5, 0.6), False, samples(1, 2, 3))
for n in (2, 3):
    case(f"fractional_max_pool{n}d", r(2, 2, *[7] * n), 2, output_size=3, seed=6)
# ---- sums of squares beyond float16, and slopes where there is no number ----
case("normalize", torch.tensor([[300.0, -400.0]], dtype=torch.float16))
case("smooth_l1_loss", torch.tensor([float("nan"), 0.3, 2.0], requires_grad=True), torch.zeros(3), reduction="none", second=False)
for other in (torch.float16, torch.float32):
    case("mse_loss", torch.tensor([1, 5, -2]), torch.tensor([0.5, 2.0, 1.0], dtype=other))
case("conv1d", i(1, 2, 7, dtype=torch.int32), i(3, 2, 2, dtype=torch.int32))
case("conv1d", torch.randint(0, 256, (1, 1, 6), dtype=torch.uint8), torch.tensor([[[3, 250]]], dtype=torch.uint8))
for half in (torch.float16, torch.bfloat16):
    h = lambda *shape: r(*shape, grad=False, dtype=torch.float32).to(half)
    case("embedding_bag", torch.tensor([[0, 1], [2, 2]]), h(3, 4).requires_grad_(), mode="sum", second=False)
    case("bilinear", h(3, 4), h(3, 5), h(2, 4, 5), h(2))

with open(os.path.join(os.path.dirname(__file__), "nn_functional.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases))
