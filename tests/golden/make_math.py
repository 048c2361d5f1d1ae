"""Writes math.json: pointwise functions, their first and second derivatives, by PyTorch.

Run with PyTorch 2.13: python tests/golden/make_math.py
"""

import json
import math
import pathlib

import torch

torch.manual_seed(0)
INF, NAN = math.inf, math.nan
LINE = [-3.7, -2.5, -1.0, -0.6, -1e-3, 0.3, 0.5, 0.99, 1.0, 1.5, 2.0, 3.3, 8.0, 25.0]
UNIT = [-0.95, -0.5, -0.1, 0.2, 0.6, 0.97]
ABOVE = [1e-3, 0.2, 0.5, 1.0, 1.5, 2.0, 3.3, 9.5, 40.0]
UNARY = {
    **{n: LINE for n in "square exp exp2 expm1 sin cos tan atan sinh cosh asinh deg2rad rad2deg erf erfc abs sign sgn floor ceil "
       "trunc frac round lgamma digamma reciprocal positive".split()},
    **{n: ABOVE for n in "sqrt rsqrt log log2 log10".split()},
    **{n: UNIT for n in "asin acos atanh erfinv log1p".split()}, "sinc": [x for x in LINE if abs(x) > 0.01], "acosh": [1.1, 1.5, 3.0, 20.0], "logit": [0.02, 0.3, 0.9],
}
SPECIAL = [0.0, -0.0, INF, -INF, NAN]
cases = []


def encode(x):
    if not isinstance(x, torch.Tensor):
        return x
    x = torch.zeros_like(x) + x if x._is_zerotensor() else x
    values = [v if isinstance(v, bool) or v == v and abs(v) != INF else repr(v) for v in x.detach().reshape(-1).tolist()]
    return {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": values}


def add(name, *args, options=None, grads=True):
    """The first and second derivatives are those of a weighted sum of the values."""
    options = options or {}
    leaves = [a.clone().requires_grad_() if isinstance(a, torch.Tensor) and a.is_floating_point() and grads else a for a in args]
    y = getattr(torch, name)(*leaves, **options)
    case = {"name": name, "args": [encode(a) for a in args], "options": {k: encode(v) for k, v in options.items()}, "y": encode(y)}
    wanted = [a for a in leaves if isinstance(a, torch.Tensor) and a.requires_grad]
    if wanted and y.requires_grad:
        case["gradFn"] = type(y.grad_fn).__name__
        weights = torch.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).reshape(y.shape)
        first = torch.autograd.grad((y * weights).sum(), wanted, create_graph=True)
        case["grads"] = [encode(g) for g in first]
        total = sum((g * g).sum() for g in first)
        if total.requires_grad:
            second = torch.autograd.grad(total, wanted, allow_unused=True)
            case["second"] = [encode(torch.zeros_like(w) if g is None else g) for g, w in zip(second, wanted)]
    cases.append(case)


for name, values in UNARY.items():
    add(name, torch.tensor(values, dtype=torch.float64))
    add(name, torch.tensor(values))
    add(name, torch.tensor(SPECIAL), grads=False)
    if name not in ("frac",):
        add(name, torch.tensor([1, 2, 3]), grads=False)
add("signbit", torch.tensor([-1.0, 0.0, -0.0, 2.0]), grads=False)
add("logit", torch.tensor([-0.5, 0.0, 0.3, 1.0, 2.0]).double(), options={"eps": 0.1})
add("round", torch.tensor(LINE).double(), options={"decimals": 1})
add("round", torch.tensor([123.0, 155.0]).double(), options={"decimals": -1})
add("nan_to_num", torch.tensor(SPECIAL + [1.5]))
add("nan_to_num", torch.tensor(SPECIAL + [1.5]), options={"nan": 1.0, "posinf": 2.0, "neginf": -3.0})

a, b = torch.randn(3, 4).double(), torch.randn(4).double()
for name in "atan2 hypot logaddexp logaddexp2 maximum minimum fmax fmin remainder fmod".split():
    add(name, a, b)
    add(name, torch.tensor([1.0, NAN, 2.0, INF]), torch.tensor([NAN, 1.0, 2.0, -INF]), grads=False)
for name in ("maximum", "minimum", "fmax", "fmin"):
    add(name, torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 1.0, 4.0]))
    add(name, torch.tensor([1, 2]), torch.tensor([1.5, 1.5]), grads=False)
for name in ("remainder", "fmod"):
    add(name, a, 0.7)
    add(name, torch.tensor([5, -5, 7]), 3, grads=False)
add("pow", a.abs() + 0.1, b)
add("pow", torch.tensor([0.0, 0.0, 2.0]).double(), torch.tensor([0.0, 2.0, 0.0]).double(), grads=False)
for exponent in (0, 1, 2, 3, -1, 0.5, -0.5, 2.5):
    add("pow", a.abs() + 0.1, exponent)
add("pow", a, 3)
add("pow", 2, b)
add("pow", torch.tensor([1, 2, 3]), 2, grads=False)
add("pow", torch.tensor([1, 2, 3]), 0.5, grads=False)
add("pow", torch.tensor([1, 2, 3]), torch.tensor([2.0, 0.5, 1.0]), grads=False)
add("xlogy", a, b.abs())
add("xlogy", torch.tensor([0.0, 0.0, 2.0]).double(), torch.tensor([0.0, 3.0, 0.5]).double(), grads=False)
add("xlogy", 2.5, b.abs())
add("xlogy", a, 2.5)
add("clamp", a, -0.5, 0.5)
add("clamp", torch.tensor([-1.0, 0.0, 1.0, NAN]), 0.0, 1.0)
add("clamp", a, options={"max": 0.3})
add("clamp", a, options={"min": b})
add("clamp", a, b - 1, b + 1)
add("clamp", torch.tensor([1, 5, 9]), 2, 6, grads=False)
add("clamp", torch.tensor([1, 5, 9]), 2.5, grads=False)
condition = a > 0
add("where", condition, a, b)
add("where", condition, a, 2.0)
add("where", condition, 1.5, b)
add("where", condition[0], torch.tensor([1, 2, 3, 4]), torch.tensor([1.5, 2.5, 3.5, 4.5]), grads=False)
add("masked_fill", a, condition, 7.0)
add("masked_fill", a, condition, torch.tensor(7.0).double())
add("masked_fill", torch.tensor([1, 2, 3]), torch.tensor([True, False, True]), 9, grads=False)

text = ",\n".join(json.dumps(c) for c in cases)
pathlib.Path(__file__).with_name("math.json").write_text("[\n" + text + "\n]\n")
