"""Writes nn_modules.json: reprs, state dicts, outputs, gradients and second derivatives of torch.nn's modules, made and run
from one seed. `second` is the gradient of the gradients' squares; null where PyTorch has no second derivative.

Run with PyTorch 2.13: python tests/golden/nn_modules.py
"""
import json, os, warnings
import torch
import torch.nn as nn

warnings.simplefilter("ignore")
cases = []


def flat(y):
    if y is None:
        return []
    if isinstance(y, (tuple, list)):
        return [t for x in y for t in flat(x)]
    return [y]


def numbers(t):
    return [float("%.7g" % v) for v in t.detach().reshape(-1).double().tolist()]


def again(grads, leaves):
    square = sum((g * g).sum() for g in grads if g is not None and g.requires_grad)
    if not isinstance(square, torch.Tensor):
        return [None] * len(leaves)
    try:
        return [None if g is None else numbers(g) for g in torch.autograd.grad(square, leaves, allow_unused=True)]
    except RuntimeError:
        return None


def build(a):
    """An argument that is a module is named as {"module": name, "args": [...], "options": {...}}."""
    if isinstance(a, dict):
        return getattr(nn, a["module"])(*[build(v) for v in a.get("args", [])], **a.get("options", {}))
    return a


def draw(i):
    """Shapes are drawn by randn, {"rand": shape} by rand; {"randint": [high, shape]}, {"sign": shape} and {"values": list} need no
    gradient."""
    if isinstance(i, list):
        return torch.randn(*i).requires_grad_()
    if "rand" in i:
        return torch.rand(*i["rand"]).requires_grad_()
    if "sign" in i:
        return torch.randint(0, 2, i["sign"]).float() * 2 - 1
    return torch.tensor(i["values"]) if "values" in i else torch.randint(0, i["randint"][0], i["randint"][1])


def module(name, args=(), options=None, inputs=(), call=None, evaluate=False):
    """`inputs`: as `draw` takes them. `call`: further options of the call."""
    options, call = options or {}, call or {}
    torch.manual_seed(0)
    m = getattr(nn, name)(*[build(a) for a in args], **options)
    entry = {"name": name, "args": list(args), "options": options, "inputs": list(inputs), "call": call, "eval": evaluate,
             "repr": repr(m)}
    if not name.startswith("Lazy"):
        entry["state"] = {k: list(v.shape) for k, v in m.state_dict().items()}
    if evaluate:
        m.eval()
    if inputs:
        xs = [draw(i) for i in inputs]
        outs = flat(m(*xs, **call))
        entry.setdefault("state", {k: list(v.shape) for k, v in m.state_dict().items()})
        entry["out"] = [{"shape": list(o.shape), "data": numbers(o)} for o in outs]
        total = sum((o * torch.cos(torch.arange(o.numel(), dtype=o.dtype)).reshape(o.shape)).sum() for o in outs if o.requires_grad)
        if isinstance(total, torch.Tensor) and total.requires_grad:
            leaves = [*[x for x in xs if x.requires_grad], *m.parameters()]
            grads = torch.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
            entry["grads"] = [None if g is None else numbers(g) for g in grads]
            entry["second"] = again(grads, leaves)
        entry["buffers"] = [numbers(b) for b in m.buffers()]
    cases.append(entry)


module("Identity", inputs=[[2, 3]])
module("Linear", (3, 4), inputs=[[2, 3]])
module("Linear", (3, 4), {"bias": False}, inputs=[[2, 5, 3]])
module("Flatten", inputs=[[2, 3, 4]])
module("Unflatten", (1, (2, 3)), inputs=[[2, 6]])
for n, shape in ((1, [2, 4, 9]), (2, [2, 4, 7, 6]), (3, [1, 4, 4, 5, 4])):
    module(f"Conv{n}d", (4, 6, 3), {"padding": 1}, inputs=[shape])
    module(f"Conv{n}d", (4, 6, 2), {"stride": 2, "groups": 2, "bias": False, "padding_mode": "circular", "padding": 1}, inputs=[shape])
    module(f"ConvTranspose{n}d", (4, 6, 3), {"stride": 2, "output_padding": 1, "padding": 1}, inputs=[shape])
    module(f"MaxPool{n}d", (2,), inputs=[shape])
    module(f"AvgPool{n}d", (2,), {"padding": 1}, inputs=[shape])
    module(f"AdaptiveAvgPool{n}d", (2,), inputs=[shape])
    module(f"AdaptiveMaxPool{n}d", (3,), inputs=[shape])
    module(f"BatchNorm{n}d", (4,), inputs=[shape])
    module(f"BatchNorm{n}d", (4,), {"affine": False, "track_running_stats": False}, inputs=[shape])
    module(f"InstanceNorm{n}d", (4,), {"affine": True}, inputs=[shape])
    module(f"InstanceNorm{n}d", (4,), {"track_running_stats": True}, inputs=[shape])
    module(f"Dropout{n}d", (0.4,), inputs=[shape])
module("Conv2d", (4, 6, (3, 2)), {"padding": "same", "dilation": (1, 2)}, inputs=[[2, 4, 7, 6]])
module("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "reflect"}, inputs=[[4, 7, 6]])
module("BatchNorm1d", (4,), {"momentum": None}, inputs=[[5, 4]])
module("BatchNorm1d", (4,), inputs=[[5, 4]], evaluate=True)
module("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, inputs=[[2, 3, 8, 8]])
module("MaxPool2d", (2,), {"return_indices": True}, inputs=[[2, 3, 8, 8]])
module("Dropout", (0.25,), inputs=[[4, 5]])
module("Dropout", inputs=[[4, 5]], evaluate=True)
module("AlphaDropout", (0.25,), inputs=[[4, 5]])
module("LayerNorm", (5,), inputs=[[4, 5]])
module("LayerNorm", ((4, 5),), {"bias": False}, inputs=[[2, 4, 5]])
module("RMSNorm", (5,), inputs=[[4, 5]])
module("GroupNorm", (2, 4), inputs=[[3, 4, 5]])
module("LocalResponseNorm", (2,), inputs=[[2, 4, 5, 3]])
for name in ("ReLU", "ReLU6", "ELU", "CELU", "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish", "LeakyReLU", "Hardtanh", "Softplus", "Hardshrink",
             "Softshrink", "GELU", "LogSigmoid", "Softsign", "Tanhshrink", "Sigmoid", "Tanh", "PReLU", "RReLU"):
    module(name, inputs=[[3, 4]])
module("GELU", (), {"approximate": "tanh"}, inputs=[[3, 4]])
module("ELU", (0.5,), {"inplace": True})
module("PReLU", (3,), inputs=[[2, 3, 4]])
module("RReLU", (0.1, 0.3), inputs=[[3, 4]], evaluate=True)
module("GLU", inputs=[[3, 4]])
module("Threshold", (0.1, 2.0), inputs=[[3, 4]])
module("Softmax", (), {"dim": 1}, inputs=[[3, 4]])
module("LogSoftmax", (), {"dim": -1}, inputs=[[3, 4]])
module("Softmax2d", inputs=[[2, 3, 4, 2]])
module("Embedding", (10, 3), inputs=[{"randint": [10, [2, 4]]}])
module("Embedding", (10, 3), {"padding_idx": 2}, inputs=[{"randint": [10, [2, 4]]}])
for mode in ("sum", "mean", "max"):
    module("EmbeddingBag", (10, 3), {"mode": mode}, inputs=[{"randint": [10, [2, 4]]}])
for name in ("RNN", "GRU", "LSTM"):
    module(name, (3, 4), inputs=[[5, 2, 3]])
    module(name, (3, 4, 2), {"bidirectional": True, "batch_first": True, "dropout": 0.3}, inputs=[[2, 5, 3]])
    module(name, (3, 4), {"bias": False}, inputs=[[5, 3]])
    module(f"{name}Cell", (3, 4), inputs=[[2, 3]])
    module(f"{name}Cell", (3, 4), {"bias": False}, inputs=[[3]])
module("LSTM", (3, 4), {"proj_size": 2, "num_layers": 2}, inputs=[[5, 2, 3]])
module("RNN", (3, 4), {"nonlinearity": "relu"}, inputs=[[5, 2, 3]])
module("MultiheadAttention", (4, 2), inputs=[[3, 2, 4], [5, 2, 4], [5, 2, 4]])
module("MultiheadAttention", (4, 2), {"batch_first": True, "kdim": 3, "vdim": 5}, inputs=[[2, 3, 4], [2, 6, 3], [2, 6, 5]])
module("MultiheadAttention", (4, 2), {"add_bias_kv": True, "add_zero_attn": True}, inputs=[[3, 2, 4], [5, 2, 4], [5, 2, 4]], call={"average_attn_weights": False})
module("TransformerEncoderLayer", (4, 2), {"dim_feedforward": 8, "dropout": 0.0}, inputs=[[3, 2, 4]])
module("TransformerEncoderLayer", (4, 2), {"dim_feedforward": 8, "dropout": 0.0, "norm_first": True, "activation": "gelu", "batch_first": True}, inputs=[[3, 2, 4]])
module("TransformerDecoderLayer", (4, 2), {"dim_feedforward": 8, "dropout": 0.0}, inputs=[[3, 2, 4], [5, 2, 4]])
module("Transformer", (), {"d_model": 4, "nhead": 2, "num_encoder_layers": 2, "num_decoder_layers": 1, "dim_feedforward": 8, "dropout": 0.0}, inputs=[[3, 2, 4], [5, 2, 4]])
for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCEWithLogitsLoss"):
    module(name, inputs=[[3, 4], [3, 4]])
module("CrossEntropyLoss", (), {"label_smoothing": 0.1}, inputs=[[3, 4], {"randint": [4, [3]]}])
module("NLLLoss", inputs=[[3, 4], {"randint": [4, [3]]}])
module("KLDivLoss", (), {"reduction": "batchmean", "log_target": True}, inputs=[[3, 4], [3, 4]])

for n, shape in ((1, [2, 3, 6]), (2, [2, 3, 6, 5]), (3, [1, 2, 4, 5, 4])):
    module(f"ConstantPad{n}d", (1, 3.5), inputs=[shape])
    for kind in ("Zero", "Reflection", "Replication", "Circular"):
        module(f"{kind}Pad{n}d", (2,), inputs=[shape])
for name in ("PoissonNLLLoss",):
    module(name, inputs=[[3, 4], [3, 4]])
module("MultiMarginLoss", inputs=[[3, 4], {"randint": [4, [3]]}])
module("PixelShuffle", (2,), inputs=[[2, 8, 2, 3]])
module("PixelUnshuffle", (2,), inputs=[[2, 2, 4, 6]])
module("ChannelShuffle", (2,), inputs=[[2, 4, 2, 2]])
module("Upsample", (), {"scale_factor": 2, "mode": "nearest"}, inputs=[[1, 2, 3, 3]])
module("Upsample", (), {"size": (5, 4), "mode": "bilinear", "align_corners": True}, inputs=[[1, 2, 3, 3]])
module("Unfold", ((2, 3),), {"padding": 1}, inputs=[[1, 2, 4, 4]])
module("Fold", ((4, 5), (2, 2)), inputs=[[1, 12, 12]])
module("CosineSimilarity", (), {"dim": 1}, inputs=[[3, 4], [3, 4]])
module("PairwiseDistance", inputs=[[3, 4], [3, 4]])
module("Bilinear", (3, 4, 5), inputs=[[2, 3], [2, 4]])

module("LinearCrossEntropyLoss", (5, 4), inputs=[[8, 5], {"randint": [4, [8]]}])
module("LinearCrossEntropyLoss", (5, 4), {"out_features": (3, 2), "bias": True, "label_smoothing": 0.1, "reduction": "sum"},
       inputs=[[8, 5], {"randint": [4, [8, 3, 2]]}])
for n in (2, 3):
    module(f"FractionalMaxPool{n}d", (2,), {"output_size": 3}, inputs=[[2, 3, *[7] * n]])
    module(f"FractionalMaxPool{n}d", (2,), {"output_ratio": 0.5, "return_indices": True}, inputs=[[3, *[6] * n]])


# ---- losses of other inputs than drawn numbers ----
sign = {"sign": [3]}
module("BCELoss", inputs=[{"rand": [3, 4]}, {"rand": [3, 4]}])
module("CosineEmbeddingLoss", (), {"margin": 0.2}, inputs=[[3, 4], [3, 4], sign])
module("CTCLoss", (), {"blank": 1}, inputs=[[5, 2, 4], {"values": [[0, 2, 2], [3, 0, 2]]}, {"values": [5, 4]}, {"values": [3, 2]}])
module("GaussianNLLLoss", (), {"full": True}, inputs=[[3, 4], [3, 4], {"rand": [3, 4]}])
module("HingeEmbeddingLoss", (), {"margin": 0.7}, inputs=[[3, 4], {"sign": [3, 4]}])
module("MarginRankingLoss", (), {"margin": 0.3}, inputs=[[3], [3], sign])
module("MultiLabelMarginLoss", inputs=[[2, 4], {"values": [[3, 0, -1, 1], [2, -1, 0, 0]]}])
module("MultiLabelSoftMarginLoss", inputs=[[3, 4], {"rand": [3, 4]}])
module("SoftMarginLoss", inputs=[[3, 4], {"sign": [3, 4]}])
module("TripletMarginLoss", (), {"margin": 2.0, "swap": True}, inputs=[[3, 4], [3, 4], [3, 4]])
module("TripletMarginWithDistanceLoss", inputs=[[3, 4], [3, 4], [3, 4]])
module("AdaptiveAvgPool2d", ((None, 2),), inputs=[[1, 2, 5, 4]])
module("Softmin", (), {"dim": 1}, inputs=[[3, 4]])
# ---- pooling and resizing ----
for n in (1, 2, 3):
    module(f"LPPool{n}d", (2, 2), {"stride": 1}, inputs=[[2, 3, *[5, 4, 3][:n]]])
    places = torch.arange(2 ** n).reshape(1, 1, *[2] * n)
    module(f"MaxUnpool{n}d", (2,), inputs=[[1, 1, *[2] * n], {"values": (3 * places // 2).tolist()}])
module("UpsamplingNearest2d", (), {"scale_factor": 2}, inputs=[[1, 2, 3, 2]])
module("UpsamplingBilinear2d", (), {"size": (5, 4)}, inputs=[[1, 2, 3, 2]])
# ---- layers that find their sizes ----
module("LazyLinear", (3,), inputs=[[2, 5]])
for n, shape in ((1, [2, 4, 6]), (2, [2, 4, 5, 4]), (3, [1, 4, 3, 4, 3])):
    module(f"LazyConv{n}d", (3, 2), inputs=[shape])
    module(f"LazyConvTranspose{n}d", (3, 2), {"stride": 2}, inputs=[shape])
    module(f"LazyBatchNorm{n}d", inputs=[shape])
    module(f"LazyInstanceNorm{n}d", (), {"affine": True}, inputs=[shape])
# ---- of modules ----
small = {"dim_feedforward": 8, "dropout": 0.0}
module("TransformerEncoder", ({"module": "TransformerEncoderLayer", "args": [4, 2], "options": small}, 2), inputs=[[3, 2, 4]])
module("TransformerDecoder", ({"module": "TransformerDecoderLayer", "args": [4, 2], "options": small}, 2), inputs=[[3, 2, 4], [5, 2, 4]])
module("Sequential", ({"module": "Linear", "args": [3, 4]}, {"module": "Tanh"}, {"module": "Linear", "args": [4, 1]}), inputs=[[2, 3]])

with open(os.path.join(os.path.dirname(__file__), "nn_modules.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases))
