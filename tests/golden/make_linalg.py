"""Writes linalg.json: torch.linalg's values and gradients, for tests/linalg_golden_test.ts.

Each case: the function, its arguments (tensors as {"shape", "values"}), the result or results to compare, and the
gradients of sum(w * result) with w[i] = sin(i + 1). Vectors whose sign is free enter as their projections, in the test.
"""
import json
import pathlib

import torch

torch.manual_seed(0)
D = torch.float64


def pack(x):
    return {"shape": list(x.shape), "values": x.detach().reshape(-1).tolist()}


def weights(x):
    return torch.sin(torch.arange(1, x.numel() + 1, dtype=D)).reshape(x.shape)


def square(*lead, n=3):
    return torch.randn(*lead, n, n, dtype=D)


cases = []


def case(name, tensors, *args, pick=None, gradient=True, call=None, dtype=None):
    xs = [x.to(dtype or D).clone().requires_grad_() for x in tensors]
    y = (call or getattr(torch.linalg, name))(*xs, *args)
    if pick is not None:
        y = y[pick]
    record = {"name": name, "tensors": [pack(x) for x in tensors], "args": list(args), "pick": pick, "result": pack(y.to(D))}
    if dtype is not None:
        record["dtype"] = str(dtype).removeprefix("torch.")
    if gradient:
        (y * weights(y)).sum().backward()
        record["gradients"] = [pack(x.grad.to(D)) for x in xs]
    cases.append(record)


for a in (square(), square(2), square(2, 2, n=4), square(n=1)):
    case("det", [a])
# PyTorch's gradient is 0 where the determinant is exactly 0; ours is the cofactors, which the test checks by itself.
case("det", [torch.tensor([[1, 2], [2, 4.0]], dtype=D)], gradient=False)
for a in (square(), square(2), square(n=5)):
    case("slogdet", [a], pick=0, gradient=False)
    case("slogdet", [a], pick=1)
    case("inv", [a])
    case("matrix_power", [a], 3)
    case("matrix_power", [a], -2)
    case("matrix_power", [a], 0, gradient=False)
    case("solve", [a, torch.randn(a.shape[-1], 2, dtype=D)])
    case("eigvalsh", [a])
    case("eigh", [a], "U", pick=0)
    case("matrix_rank", [a], gradient=False)
case("solve", [square(), torch.randn(3, dtype=D)])
case("solve", [square(2), torch.randn(2, 3, dtype=D)])
case("solve", [square(), torch.randn(2, 3, 1, dtype=D)])
for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 4)):
    a = torch.randn(shape, dtype=D)
    case("svdvals", [a])
    case("pinv", [a])
    for order in ("fro", "nuc", 2, -2, 1, -1):
        case("matrix_norm", [a], order)
        if a.ndim == 2:
            case("norm", [a], order)
    for order in (0, 1, 2, 3.5):
        case("vector_norm", [a], order, gradient=order != 0)
    case("norm", [a])
low = torch.randn(4, 2, dtype=D) @ torch.randn(2, 5, dtype=D)
case("matrix_rank", [low], gradient=False)
case("pinv", [low], gradient=False)
case("multi_dot", [torch.randn(3, 4, dtype=D), torch.randn(4, 2, dtype=D), torch.randn(2, 5, dtype=D)], call=lambda *x: torch.linalg.multi_dot(x))
case("multi_dot", [torch.randn(4, dtype=D), torch.randn(4, 2, dtype=D), torch.randn(2, dtype=D)], call=lambda *x: torch.linalg.multi_dot(x))
case("cross", [torch.randn(2, 3, dtype=D), torch.randn(2, 3, dtype=D)])
case("cross", [torch.randn(2, 3, dtype=D), torch.randn(1, 3, dtype=D)])
for shape, columns in (((4, 2), 2), ((3, 3), 1), ((2, 4), 2), ((2, 4, 3), 2)):
    a = torch.randn(*shape, dtype=D)
    case("lstsq", [a, torch.randn(*shape[:-1], columns, dtype=D)], pick=0)
for p in (None, 1, -2, "fro"):
    case("cond", [square(2)], p, gradient=p in (None, -2))
case("vecdot", [torch.randn(2, 3, dtype=D), torch.randn(2, 3, dtype=D)])
case("matrix_exp", [square(2)])
case("vander", [torch.randn(2, 3, dtype=D)])
# Of wide matrices: Q is square, and R's columns beyond it have gradients too.
for shape in ((2, 4), (2, 3, 5)):
    a = torch.randn(shape, dtype=D)
    case("qr", [a], pick=0)
    case("qr", [a], pick=1)
# Numbers of 16 bits: what is exact in both, so that the inputs are the same.
for dtype in (torch.float16, torch.bfloat16):
    a = torch.randn(3, 4).bfloat16().half().to(D)
    for order in (1, 2, 3):
        case("vector_norm", [a], order, dtype=dtype)
    case("norm", [a], "fro", dtype=dtype)
pathlib.Path(__file__).with_name("linalg.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
