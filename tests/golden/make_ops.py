"""Writes ops.json: samples of operations with PyTorch's results, gradients and second derivatives.

Run with PyTorch 2.13: python tests/golden/make_ops.py
A sample's arguments are tensors {"d": dtype, "s": shape, "v": values}, numbers, or lists. `grads` are the gradients of the
float64 inputs for the output gradient cos(0), cos(1), …; `second` those of sum(sin(i) * grads).
"""

import inspect
import json
import math
import pathlib
import random
import warnings

import torch
import torch.nn.functional as F

warnings.simplefilter("ignore")
f32, f64, i64, i32, u8, b8 = torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool
f16, bf16 = torch.float16, torch.bfloat16
rng = random.Random(0)
cases = []


def number(x):
    if isinstance(x, float) and not math.isfinite(x):
        return repr(x)
    if isinstance(x, float) and x == 0 and math.copysign(1, x) < 0:
        return "-0"
    if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2**53:
        return f"{x}n"
    return x


def encode(x):
    if isinstance(x, torch.Tensor):
        if x._is_zerotensor():  # A gradient that PyTorch knows to be zero has no memory.
            x = torch.zeros(x.shape, dtype=x.dtype)
        values = x.detach().reshape(-1).tolist()
        if x.dtype == f32:
            values = [float(f"{v:.9g}") if math.isfinite(v) else v for v in values]
        return {"d": str(x.dtype)[6:], "s": list(x.shape), "v": [number(v) for v in values]}
    if isinstance(x, (list, tuple)):
        return [encode(v) for v in x]
    if isinstance(x, dict):
        return {k: encode(v) for k, v in x.items()}
    return str(x)[6:] if isinstance(x, torch.dtype) else number(x)


def t(*shape, dtype=f32, low=-2.0, high=2.0):
    """A tensor of few digits; integers for integer types."""
    n = math.prod(shape)
    if dtype.is_floating_point:
        values = [round(rng.uniform(low, high), 3) for _ in range(n)]
    elif dtype == b8:
        values = [rng.random() < 0.5 for _ in range(n)]
    else:
        values = [rng.randint(max(0, int(low)) if dtype == u8 else int(low), int(high)) for _ in range(n)]
    return torch.tensor(values, dtype=dtype).reshape(shape)


def find(name):
    for home in (torch, F, torch.Tensor):
        if hasattr(home, name):
            return getattr(home, name)
    raise KeyError(name)


def tensors(args):
    flat = [v for a in args for v in (a if isinstance(a, (list, tuple)) else [a])]
    return [v for v in flat if isinstance(v, torch.Tensor)]


def outputs(result):
    return [result] if isinstance(result, (torch.Tensor, bool)) else list(result)


def add(name, *args, grad=True, second=True, fn=None, **kwargs):
    sample = {"op": name, "args": encode(args), "kwargs": encode(kwargs)}
    cases.append(sample)
    fn = fn or find(name)
    inputs = [x for x in tensors(args) if x.dtype.is_floating_point]
    wanted = grad and inputs and all(x.dtype == f64 for x in inputs)
    for x in inputs:
        x.requires_grad_(bool(grad))
    try:
        result = fn(*args, **kwargs)
    except Exception as error:  # What PyTorch refuses must be refused.
        sample["error"] = str(error).split("\n")[0]
        return
    outs = outputs(result)
    sample["out"] = [encode(y) if isinstance(y, torch.Tensor) else y for y in outs]
    graphs = [y for y in outs if isinstance(y, torch.Tensor) and y.requires_grad]
    if isinstance(outs[0], torch.Tensor):
        sample["gradFn"] = type(outs[0].grad_fn).__name__ if outs[0].grad_fn else None
    if not wanted or not graphs:
        return
    dys = [torch.cos(torch.arange(y.numel(), dtype=f64)).reshape(y.shape) for y in graphs]
    try:
        grads = torch.autograd.grad(graphs, inputs, dys, create_graph=second, allow_unused=True)
    except RuntimeError:
        return
    sample["grads"] = [None if g is None else encode(g) for g in grads]
    if not second:
        return
    total = sum((torch.sin(torch.arange(g.numel(), dtype=f64)).reshape(g.shape) * g).sum() for g in grads if g is not None)
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        sample["second"] = [None] * len(inputs)  # the gradients depend on nothing
    else:
        try:
            sample["second"] = [None if g is None else encode(g)
                                for g in torch.autograd.grad(total, inputs, allow_unused=True)]
        except RuntimeError:
            pass


SPECIAL = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.0, -1.0, 30.0, -30.0]


def unary(name, low=-2.0, high=2.0, special=True, **kwargs):
    add(name, t(2, 3, low=low, high=high), **kwargs)
    add(name, t(7, dtype=f64, low=low, high=high), **kwargs)
    add(name, t(dtype=f64, low=low, high=high), **kwargs)
    add(name, t(0, 3), **kwargs)
    if special:
        add(name, torch.tensor(SPECIAL), **{**kwargs, "grad": False})
    for dtype in (i64, i32, u8, b8):
        add(name, t(4, dtype=dtype, low=max(low, -3), high=min(high, 3)), **kwargs)


def binary(name, low=-2.0, high=2.0, scalar=True, ints=True, low2=None, reverse=False):
    low2 = low if low2 is None else low2
    add(name, t(2, 3, low=low, high=high), t(2, 3, low=low2, high=high))
    add(name, t(2, 1, 3, dtype=f64, low=low, high=high), t(4, 1, dtype=f64, low=low2, high=high))
    add(name, t(3, dtype=f64, low=low, high=high), t(dtype=f64, low=low2, high=high))
    add(name, t(2, 3), t(2, 4))
    add(name, t(0, 3), t(1, 3))
    add(name, torch.tensor(SPECIAL), torch.tensor(SPECIAL).flip(0), grad=False)
    add(name, torch.tensor(SPECIAL), torch.full((9,), float("nan")), grad=False)
    if scalar:
        for s in (2, 1.5):
            add(name, t(5, low=low, high=high), s)
            add(name, t(5, dtype=f64, low=low, high=high), s)
            add(name, t(5, dtype=i64, low=max(low, 1), high=5), s)
    if reverse:
        add(name, 1.5, t(5, dtype=f64, low=low2, high=high))
        add(name, 2, t(5, dtype=i64, low=1, high=5))
    if ints:
        for a, b in ((i64, i64), (i64, f32), (u8, i32), (b8, b8), (f32, f64), (b8, i64)):
            add(name, t(6, dtype=a, low=max(low, 1), high=5), t(6, dtype=b, low=max(low2, 1), high=5))
    add(name, t(6, low=low, high=high), t(dtype=f64, low=low2, high=high))


def pointwise():
    for name in ("abs", "sgn", "sign", "square", "exp", "exp2", "expm1", "sin", "cos", "sinh", "cosh", "tanh", "asinh", "atan",
                 "erf", "erfc", "sigmoid", "floor", "ceil", "trunc", "frac", "round", "deg2rad", "rad2deg", "neg", "positive",
                 "sinc", "nan_to_num", "isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "bitwise_not",
                 "logical_not", "tan"):
        unary(name)
    for name in ("log", "log2", "log10", "sqrt", "rsqrt", "lgamma"):
        unary(name, 0.1, 4.0)
    unary("digamma", 0.1, 4.0, second=False, grad=False)
    unary("reciprocal", 0.3, 2.0)
    unary("log1p", -0.8, 3.0)
    unary("logit", 0.1, 0.9)
    for name in ("asin", "acos", "atanh", "erfinv"):
        unary(name, -0.9, 0.9)
    unary("acosh", 1.1, 4.0)
    add("logit", t(5, dtype=f64, low=-0.2, high=1.2), eps=0.1)
    for decimals in (2, -1, 0):
        add("round", t(6, low=-99, high=99), decimals=decimals)
        add("round", t(6, dtype=f64, low=-99, high=99), decimals=decimals)
    add("nan_to_num", torch.tensor(SPECIAL), nan=2.0, posinf=9.0, neginf=-9.0)
    for name in ("maximum", "minimum", "fmax", "fmin"):
        binary(name, scalar=False)
        add(name, torch.tensor([1.0, 2.0, 3.0], dtype=f64), torch.tensor([1.0, 3.0, 2.0], dtype=f64))
    binary("pow", 0.2, 2.0, low2=-1.0, reverse=True)
    for p in (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5):
        add("pow", t(5, dtype=f64, low=0.2), p)
        add("pow", torch.tensor(SPECIAL), p, grad=False)
    add("pow", t(4, dtype=i64, low=1, high=4), -1)
    add("pow", torch.tensor([0.0, 0.0, 2.0], dtype=f64), torch.tensor([0.0, 2.0, 3.0], dtype=f64), second=False)
    for name in ("remainder", "fmod"):
        binary(name, -3.0, 3.0, low2=0.5, reverse=name == "remainder")
        add(name, t(4, dtype=i64), torch.tensor([0, 1, 2, 3]))
        add(name, torch.tensor([-5, 5, -7, 7]), torch.tensor([3, -3, -2, 2]))
        add(name, torch.tensor([-5.5, 5.5, -7.0, 7.0]), torch.tensor([3.0, -3.0, -2.0, 2.0]))
    binary("floor_divide", -3.0, 3.0, low2=0.5)
    add("floor_divide", torch.tensor([-5, 5, -7, 7]), torch.tensor([3, -3, -2, 2]))
    binary("atan2", scalar=False)
    binary("hypot", scalar=False)
    binary("copysign")
    binary("logaddexp", scalar=False)
    binary("logaddexp2", scalar=False)
    binary("xlogy", 0.2, 2.0, reverse=True)
    add("xlogy", torch.tensor([0.0, 0.0, 2.0, 0.0]), torch.tensor([0.0, 2.0, 0.0, float("nan")]), grad=False)
    binary("heaviside", scalar=False)
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        for a, b in ((i64, i64), (u8, i32), (b8, b8), (b8, i64), (f32, i64)):
            add(name, t(6, dtype=a, high=9), t(6, dtype=b, high=9))
        add(name, t(6, dtype=i64, high=9), 5)
    for name in ("bitwise_left_shift", "bitwise_right_shift"):
        add(name, t(6, dtype=i64, low=-9, high=99), t(6, dtype=i64, low=0, high=5))
        add(name, t(6, dtype=i64, low=-9, high=99), 2)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        binary(name)
    for name in ("logical_and", "logical_or", "logical_xor"):
        binary(name, scalar=False)
    add("isclose", t(5), t(5))
    x = torch.tensor(SPECIAL)
    add("isclose", x, x + 1e-6, grad=False)
    add("isclose", x, x, equal_nan=True, grad=False)
    add("isclose", torch.tensor([1.0, 2.0]), torch.tensor([1.05, 2.3]), rtol=0.1, atol=0.01)
    add("isclose", t(3, dtype=i64), t(3, dtype=i64))
    add("isclose", t(3), t(3, dtype=f64))
    add("allclose", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0 + 1e-7]))
    add("allclose", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]))
    add("equal", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]))
    add("equal", torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 2.0]]))
    add("isin", t(3, 4, dtype=i64, high=5), torch.tensor([1, 3, 3]))
    add("isin", t(3, 4, dtype=i64, high=5), torch.tensor([1, 3]), invert=True)
    add("isin", torch.tensor([1.0, 2.5]), torch.tensor([2.5, 7.0, 1.5]))
    add("isin", torch.tensor([1, 2]), 2)


def choices():
    c = t(2, 3, dtype=b8)
    add("where", c, t(2, 3), t(2, 3))
    add("where", c, t(3, dtype=f64), t(2, 1, dtype=f64))
    add("where", c, t(2, 3, dtype=f64), 0.5)
    add("where", c, 1.5, t(2, 3, dtype=i64))
    add("where", c, t(2, 3, dtype=i64), t(2, 3))
    add("where", t(2, 3), t(2, 3), t(2, 3))
    add("masked_fill", t(2, 3, dtype=f64), c, 7.5)
    add("masked_fill", t(2, 3, dtype=f64), t(3, dtype=b8), torch.tensor(2.0, dtype=f64))
    add("masked_fill", t(2, 3, dtype=i64), c, 7)
    for low, high in ((-0.5, 0.5), (None, 0.5), (-0.5, None), (0.5, -0.5)):
        add("clamp", t(2, 3), low, high)
        add("clamp", t(9, dtype=f64), low, high)
        add("clamp", t(5, dtype=i64, low=-3, high=3), low, high)
    add("clamp", t(5, dtype=i64, low=-5, high=5), -2, 3)
    add("clamp", torch.tensor(SPECIAL), -1.0, 1.0, grad=False)
    add("clamp", torch.tensor([-1.0, -0.5, 0.5, 1.0], dtype=f64), -0.5, 0.5)
    add("clamp", t(2, 3, dtype=f64), t(3, dtype=f64, high=0), t(2, 1, dtype=f64, low=0))
    add("clamp", t(2, 3, dtype=f64), t(3, dtype=f64), None)
    add("clamp", t(2, 3, dtype=f64), None, t(3, dtype=f64))
    add("clamp", t(3, dtype=i64), t(3), None)
    add("clamp", t(3))
    add("clamp_min", t(5, dtype=f64), 0.25)
    add("clamp_max", t(5, dtype=f64), 0.25)
    for w in (0.25, 0.75):
        add("lerp", t(2, 3, dtype=f64), t(2, 3, dtype=f64), w)
    add("lerp", t(2, 3, dtype=f64), t(3, dtype=f64), t(2, 1, dtype=f64))
    add("lerp", t(2, 3), t(2, 3), t(2, 3))
    add("lerp", t(2), t(2, dtype=f64), 0.5)
    for name in ("addcmul", "addcdiv"):
        add(name, t(2, 3, dtype=f64), t(3, dtype=f64), t(2, 1, dtype=f64, low=0.5), value=0.5)
        add(name, t(2, 3), t(2, 3), t(2, 3, low=0.5))
        add(name, t(2, 3, dtype=i64), t(2, 3, dtype=i64), t(2, 3, dtype=i64, low=1))
        add(name, t(3, dtype=i64), t(3), t(3, low=0.5))


def activations():
    for name in ("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "silu", "mish", "softplus", "softsign", "tanhshrink",
                 "hardtanh", "hardswish", "hardsigmoid", "hardshrink", "softshrink", "logsigmoid", "gelu", "rrelu"):
        unary(name, -4.0, 8.0)
    add("gelu", t(6, dtype=f64), approximate="tanh")
    add("gelu", t(6), approximate="tanh")
    add("gelu", t(6), approximate="sine")
    for name, kwargs in (("leaky_relu", {"negative_slope": 0.2}), ("elu", {"alpha": 0.5}), ("celu", {"alpha": 2.0}),
                         ("softplus", {"beta": 2.0, "threshold": 1.0}), ("hardtanh", {"min_val": -0.5, "max_val": 1.5}),
                         ("hardshrink", {"lambd": 1.0}), ("softshrink", {"lambd": 1.0}), ("softshrink", {"lambd": -1.0}),
                         ("rrelu", {"lower": 0.1, "upper": 0.3})):
        add(name, t(8, dtype=f64), **kwargs)
    add("threshold", t(8, dtype=f64), 0.1, 20.0)
    add("threshold", t(8), -0.1, -20.0)
    add("threshold", t(8, dtype=i64), 1, 5)
    add("prelu", t(2, 3, 2, dtype=f64), torch.tensor([0.25], dtype=f64))
    add("prelu", t(2, 3, 2, dtype=f64), torch.tensor([0.25, 0.5, -1.0], dtype=f64))
    add("prelu", t(4), torch.tensor([0.25]))
    add("prelu", t(2, 3), torch.tensor([0.25, 1.0]))
    add("glu", t(2, 4, dtype=f64))
    add("glu", t(4, 3, dtype=f64), dim=0)
    add("glu", t(2, 3))


def reductions():
    nan = torch.tensor([[1.0, float("nan"), 3.0], [4.0, 5.0, -6.0]])
    distinct = (torch.randperm(24, generator=torch.Generator().manual_seed(0)) * 0.25 - 3).to(f64).reshape(2, 3, 4)
    for name in ("max", "min"):
        for x in (distinct, t(2, 3, 4), nan, t(3, 4, dtype=i64), t(3, 4, dtype=u8, high=9), t(3, 4, dtype=b8), t()):
            add(name, x.clone().detach())
            add(name, x.clone().detach(), 0)
            add(name, x.clone().detach(), -1, keepdim=True)
        add(name, t(2, 3, dtype=f64), t(3, dtype=f64))
        add(name, t(0, 3))
        add(name, t(0, 3), 1)
        add(name, t(0, 3), 0)
        add(name, t(2, 3), 5)
    add("aminmax", distinct.clone())
    add("aminmax", distinct.clone(), dim=1, keepdim=True)
    for dims in (None, 1, (0, 2), -1):
        for keepdim in (False, True):
            kw = {} if dims is None else {"dim": dims, "keepdim": keepdim}
            for name in ("sum", "mean", "nansum", "nanmean", "any", "all", "std", "var", "amax", "amin", "norm", "std_mean", "var_mean"):
                add(name, (distinct if name.startswith("am") else t(2, 3, 4, dtype=f64)).clone().detach(), **kw)
                if not keepdim:
                    add(name, nan.clone(), **({} if dims is None or dims == (0, 2) else {"dim": dims}))
            if dims is not None:
                add("logsumexp", t(2, 3, 4, dtype=f64), **kw)
                if not isinstance(dims, tuple):
                    add("prod", t(2, 3, 4, dtype=f64), **kw)
        kw = {} if dims is None else {"dim": dims}
        add("count_nonzero", t(2, 3, 4, dtype=i64, high=1), **kw)
        for name in ("var", "std", "var_mean", "std_mean"):
            add(name, t(2, 3, 4, dtype=f64), **kw, correction=0)
        for dtype in (i64, u8, b8):
            for name in ("sum", "mean", "any", "all", "nansum", "std"):
                add(name, t(2, 3, 4, dtype=dtype), **kw)
    for name in ("sum", "mean", "any", "all", "std", "norm", "prod", "nansum"):
        add(name, t(0, 3))
        add(name, t(dtype=f64))
    for dtype in (i64, u8, b8):
        add("prod", t(2, 3, dtype=dtype))
        add("cumsum", t(5, dtype=dtype), 0)
        add("cumprod", t(5, dtype=dtype), 0)
    add("prod", torch.tensor([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]], dtype=f64))
    add("prod", torch.tensor([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [1.0, 2.0, 3.0]], dtype=f64), dim=1)
    for p in (0, 1, 1.5, 2, 3, float("inf"), -float("inf")):
        add("norm", t(2, 3, dtype=f64), p)
        add("norm", t(2, 3, dtype=f64), p, 1)
    add("norm", t(3, dtype=i64))
    add("dist", t(3, dtype=f64), t(3, dtype=f64))
    add("dist", t(3, dtype=f64), t(3, dtype=f64), 1)
    add("logsumexp", torch.tensor([1000.0, 1000.0, -1000.0]), 0)
    for name in ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"):
        for dim in (0, 1, -1):
            add(name, (distinct if name in ("cummax", "cummin") else t(2, 3, 4, dtype=f64)).clone().detach(), dim)
        add(name, nan.clone(), 1)
        add(name, t(0, 3), 1)
        add(name, t(), 0)
        add(name, t(2, 3), 2)
    add("cumprod", torch.tensor([[1.0, 0.0, 3.0, 2.0], [2.0, 2.0, 0.0, 0.0]], dtype=f64), 1)
    add("cumsum", t(2, 3), 1, dtype=f64)
    add("sum", t(2, 3), 1, dtype=f64)
    add("mean", t(2, 3, dtype=i64), dtype=f32)
    for q in (0.0, 0.3, 1.0, torch.tensor([0.25, 0.6], dtype=f64)):
        add("quantile", distinct.clone(), q, 1) if not isinstance(q, torch.Tensor) else add("quantile", distinct.clone(), q.tolist()[0])
    for interpolation in ("linear", "lower", "higher", "midpoint", "nearest"):
        add("quantile", distinct.clone(), 0.4, dim=2, keepdim=True, interpolation=interpolation)
    add("quantile", nan.clone(), 0.4, 1)
    for name in ("argmax", "argmin"):
        add(name, distinct.clone())
        add(name, distinct.clone(), 1)
        add(name, nan.clone(), 1)


def compositions():
    add("rsub", t(3, dtype=f64), t(2, 3, dtype=f64))
    add("rsub", t(3, dtype=f64), 2, alpha=3)
    add("true_divide", t(3, dtype=i64), t(3, dtype=i64, low=1))
    add("fill", t(2, 3, dtype=f64), 2.5)
    add("index_fill", t(3, 4, dtype=f64), 1, torch.tensor([0, 2]), -1.5)
    add("index_fill", t(3, 4, dtype=i64), 0, torch.tensor([2]), 7)
    add("index_copy", t(3, 4, dtype=f64), 0, torch.tensor([2, 0]), t(2, 4, dtype=f64))
    add("index_copy", t(3, 4), 0, torch.tensor([2, 0]), t(3, 4))
    add("masked_scatter", t(2, 3, dtype=f64), torch.tensor([[True, False, True], [False, True, False]]), t(4, dtype=f64))
    add("masked_scatter", t(2, 3), torch.tensor([True, False, True]), t(3))
    add("argwhere", t(3, 4, dtype=i64, low=0, high=1))
    add("msort", t(4, 2, dtype=f64))
    for kwargs in ({}, {"n": 2}, {"dim": 0}, {"n": 5}):
        add("diff", t(3, 4, dtype=f64), **kwargs)
    add("diff", t(3, 4, dtype=b8))
    add("diff", t(3, 2), prepend=t(3, 1), append=t(3, 2))
    for p in (0, 1, 2, 3, float("inf")):
        add("cdist", t(3, 4, dtype=f64), t(2, 4, dtype=f64), p)
    add("cdist", t(5, 3, 4), t(2, 4))
    add("cdist", t(3, 4), t(2, 5))


def shapes():
    """Views and rearrangements, names from m to z."""
    x = lambda *s, d=f64: t(*s, dtype=d)
    add("movedim", x(2, 3, 4), 0, -1)
    add("movedim", x(2, 3, 4), [0, 1], [1, 2])
    add("narrow", x(3, 4), 1, 1, 2)
    add("narrow", x(3, 4), -1, -3, 2)
    add("narrow", x(3, 4), 1, torch.tensor(1), 3)
    add("narrow", x(3, 4), 1, torch.tensor([1]), 3)
    add("narrow", x(3, 4), 1, 2, 3)
    add("permute", x(2, 3, 4), [2, 0, 1])
    add("permute", x(2, 3, 4), [0, 0, 1])
    add("ravel", x(2, 3))
    add("repeat", x(2, 3), 2, 1, 2)
    add("repeat", x(2, 3, d=i64), [2, 2])
    add("reshape", x(2, 6), [3, -1])
    add("reshape", x(0, 3), [-1, 0])
    add("roll", x(2, 3), 1)
    add("roll", x(2, 3, 4), [1, -2], [0, 2])
    add("roll", x(2, 3), shifts=-1, dims=1)
    add("roll", x(), 1, 0)
    add("select", x(2, 3), 1, -1)
    add("select", x(2, 3), 1, 3)
    add("select_scatter", x(2, 3), x(2), 1, 0)
    add("slice_scatter", x(4, 3), x(2, 3), 0, 1, 4, 2)
    add("slice_scatter", x(4, 3), x(4, 1), dim=1, start=-1)
    add("slice_scatter", x(4, 3), x(3, 1), dim=1, start=-1)
    for where in (2, [1, 2], [3, 0, 1]):
        add("split", x(4, 3), where)
        add("tensor_split", x(4, 3), where)
    add("split", x(2, 5), 2, 1)
    add("split", x(2, 5), 2, dim=-1)
    add("split", x(2, 5), [2, 2], dim=-1)
    add("split_with_sizes", x(2, 5), [2, 3], dim=1)
    add("tensor_split", x(5, 3), torch.tensor(2))
    add("tensor_split", x(5, 3), torch.tensor([1, 3]), dim=0)
    add("tensor_split", x(), 2)
    add("vsplit", x(4, 3), 2)
    add("vsplit", x(4, 3), [1])
    add("vsplit", x(4, 3), 3)
    for args in ((), (0,), (-1,), ([0, 2],)):
        add("squeeze", x(1, 3, 1), *args)
    add("stack", [x(2, 3), x(2, 3)], 1)
    add("stack", [x(2), x(3)])
    add("t", x(2, 3))
    add("t", x(2, 3, 4))
    add("tile", x(2, 3), [2, 1, 2])
    add("tile", x(2, 3), [2])
    add("transpose", x(2, 3, 4), 0, -1)
    for name in ("tril", "triu"):
        add(name, x(2, 3, 4))
        add(name, x(3, 3), 1)
        add(name, x(3, 3), diagonal=-1)
        add(name, x(3))
        add(name + "_indices", 3, 4)
        add(name + "_indices", 3, 4, -1)
        add(name + "_indices", 3, 4, offset=2, dtype=i32)
        add(name + "_indices", -1, 4)
    add("unbind", x(2, 3))
    add("unbind", x(2, 3), dim=1)
    add("unflatten", x(2, 6), 1, [2, -1])
    add("unflatten", x(2, 6), 1, [4, -1])
    for args in ((0, 2, 1), (1, 3, 2), (-1, 1, 3)):
        add("unfold", x(4, 5), *args, fn=torch.Tensor.unfold)
    add("unfold", x(), 0, 1, 1, fn=torch.Tensor.unfold)
    add("unfold", x(4), 0, 5, 1, fn=torch.Tensor.unfold)
    add("unsqueeze", x(2, 3), 1)
    add("unsqueeze", x(2, 3), -1)
    add("view", x(2, 6), [3, 4])
    add("view", x(2, 6), [5, 3])
    add("vstack", [x(3), x(2, 3)])
    add("meshgrid", [x(2), x(3)], indexing="ij")
    add("meshgrid", [x(2), x(3), x()], indexing="xy")
    add("meshgrid", [x(2), x(2, 2)], indexing="ij")
    for shape in ((2, 3), (1, 3), (3,), ()):
        add("sum_to_size", x(2, 3), shape)
    add("sum_to_size", x(2, 3), (2, 2))
    add("sum_to_size", t(2, 3, dtype=i32), ())
    add("trace", x(3, 4))
    add("trace", x(3))
    add("new_full", x(2), [2, 2], 1.5)
    add("new_ones", t(2, dtype=i64), [2, 1])
    add("new_zeros", x(2), [0, 2])
    add("unravel_index", t(2, 3, dtype=i32, low=0, high=19), [4, 5])
    add("unravel_index", t(3, dtype=f32, low=0, high=19), [4, 5])
    add("repeat_interleave", x(2, 3), 2)
    add("repeat_interleave", x(2, 3), 2, 1)
    add("repeat_interleave", x(2, 3), repeats=2, dim=0)
    add("repeat_interleave", x(2, 3), torch.tensor([2, 0, 1]), 1)
    add("repeat_interleave", x(2, 3), torch.tensor([2, 0, 1]), dim=1, output_size=3)
    add("repeat_interleave", x(2, 3), torch.tensor([2, 1]), 1)
    add("repeat_interleave", x(2, 3), torch.tensor([2, -1]), 0)
    add("repeat_interleave", torch.tensor([2, 0, 3]))


def orders():
    """Choosing, sorting and searching, names from m to z."""
    x = lambda *s, d=f64: t(*s, dtype=d)
    distinct = (torch.randperm(24, generator=torch.Generator().manual_seed(1)) * 0.25 - 3).to(f64).reshape(2, 3, 4)
    nan = torch.tensor([[1.0, float("nan"), 3.0, 2.0], [4.0, 5.0, -6.0, -6.0], [float("nan")] * 4])
    for name in ("median", "nanmedian", "mode"):
        for args in ((0,), (1, True), (-1,)):
            add(name, distinct.clone(), *args)
        add(name, nan[:2].clone(), 1)
        add(name, x(5), dim=0, keepdim=True)
        add(name, t(), 0)
        add(name, t(0, 3), 0)
    for name in ("median", "nanmedian"):
        add(name, distinct.clone())
        add(name, nan.clone())
    add("mode", torch.tensor([[3, 1, 3, 1, 2], [0, 0, 5, 5, 5]]))
    for args, kw in (((), {}), ((0,), {}), ((1, True), {}), ((), {"stable": True, "dim": -1, "descending": True})):
        add("sort", distinct.clone(), *args, **kw)
    add("sort", nan.clone(), descending=True)
    add("sort", torch.tensor([2, 1, 2, 0, 1]))
    add("sort", t(), 0)
    for args, kw in (((2,), {}), ((1, 0), {}), ((2, 1, False), {}), ((3,), {"dim": 1, "largest": False, "sorted": True})):
        add("topk", distinct.clone(), *args, **kw)
    add("topk", x(3), 4)
    rows = torch.tensor([[1, 2, 1], [0, 5, 0], [1, 2, 1], [0, 4, 9]])
    for kw in ({}, {"return_inverse": True}, {"return_counts": True}, {"return_inverse": True, "return_counts": True}):
        for dim in ({}, {"dim": 0}, {"dim": 1}):
            add("unique", rows.clone(), **kw, **dim)
            add("unique_consecutive", rows.clone(), **kw, **dim)
    add("unique", torch.tensor([2.5, 1.0, 2.5]), True, True)
    add("unique", t(0, 3), dim=1)
    add("unique", t(0, 3), dim=0)
    ascending = torch.tensor([[1, 3, 5, 7], [2, 4, 4, 8]])
    for kw in ({}, {"right": True}, {"side": "right"}, {"out_int32": True, "side": "left"}, {"right": True, "side": "left"}):
        add("searchsorted", ascending.clone(), torch.tensor([[3, 6], [4, 9]]), **kw)
    add("searchsorted", torch.tensor([3.0, 1.0, 2.0]), torch.tensor([1.5, 3.0]), sorter=torch.tensor([1, 2, 0]))
    add("searchsorted", torch.tensor([1.0, 2.0]), torch.tensor([1.5]), sorter=torch.tensor([1]))
    add("searchsorted", ascending.clone(), torch.tensor([1, 2, 3]))
    add("masked_select", x(2, 3), torch.tensor([True, False, True]))
    add("masked_select", x(2, 3), torch.tensor([1, 0, 1]))
    for v in (torch.tensor([[0, 2, 0], [1, 0, 3]]), torch.tensor(3.0), torch.tensor(0.0), torch.zeros(0, 2)):
        add("nonzero", v.clone())
        add("nonzero", v.clone(), as_tuple=True)
    i = torch.tensor([[0, 2, 1], [1, 0, 0]])
    add("take", x(2, 3), torch.tensor([[0, -1], [4, 2]]))
    add("take", x(2, 3), torch.tensor([6]))
    add("take_along_dim", x(2, 3), i.clone(), 1)
    add("take_along_dim", x(2, 3), torch.tensor([[0, 1, 1]]), dim=0)
    add("take_along_dim", x(2, 3), i.clone())
    for kw in ({}, {"accumulate": True}):
        add("put", x(2, 3), torch.tensor([0, 4, -1]), x(3), **kw)
    add("put", x(2, 3), torch.tensor([0, 0]), x(2), True)
    add("put", x(2, 3), torch.tensor([7]), x(1))
    add("scatter", x(2, 4), 1, torch.tensor([[0, 2, 1], [1, 0, 3]]), x(2, 3))
    add("scatter", x(2, 4), 1, torch.tensor([[0, 2, 1], [1, 0, 3]]), 2.5)
    for reduce in ("add", "multiply", "mean"):
        add("scatter", t(2, 4, dtype=i64), 1, i.clone(), t(2, 3, dtype=i64), reduce=reduce)
    add("scatter_add", x(3, 3), 0, i.clone(), x(2, 3))
    add("scatter_add", x(2, 2), 0, i.clone(), x(2, 3))
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include in (True, False):
            add("scatter_reduce", x(2, 4), 1, i.clone(), x(2, 3), reduce, include_self=include)
    add("scatter_reduce", x(2, 4), 1, i.clone(), x(2, 3), "median")
    add("quantile", distinct.clone(), torch.tensor([0.25, 0.6], dtype=f64), 1)
    add("quantile", distinct.clone(), torch.tensor([0.25, 0.6], dtype=f64), dim=0, keepdim=True)
    add("quantile", distinct.clone(), torch.tensor(0.6, dtype=f64))
    add("quantile", distinct.clone(), 1.5)
    for name in ("var", "std", "var_mean", "std_mean"):
        add(name, x(2, 3), False)
        add(name, x(2, 3), 1, True, True)
        add(name, x(2, 3), unbiased=False)
        add(name, x(3, 1), 1)
    for name in ("max", "min"):
        add(name, distinct.clone(), 1, True)
    add("norm", x(3, 2), "nuc")
    add("norm", x(3, 2), 3, 1, True)
    add("mean", t(), 0, True)


def products():
    """Products, names from m to z."""
    x = lambda *s, d=f64: t(*s, dtype=d)
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 2, 0), (0, 3)),
                 ((2, 3), (2, 3)), ((), (3,))):
        add("matmul", x(*a), x(*b))
    add("mm", x(2, 3), x(3, 2))
    add("mm", x(2, 3), x(2, 3))
    add("mv", x(2, 3), x(3))
    add("mv", x(2, 3), x(2))
    add("mul", x(2, 3), x(3))
    add("mul", t(3, dtype=i64), t(3))
    add("sub", x(2, 3), x(3), alpha=2)
    add("sub", t(3, dtype=b8), t(3, dtype=b8))
    add("outer", x(2), x(3))
    add("outer", x(2, 2), x(3))
    add("vdot", x(3), x(3))
    add("vdot", x(3), x(2))
    add("tensordot", x(2, 3, 4), x(3, 4, 2))
    add("tensordot", x(2, 3), x(3, 2), dims=1)
    add("tensordot", x(2, 3, 4), x(4, 3), dims=[[1, 2], [1, 0]])
    add("tensordot", x(1, 3), x(2, 3), dims=[[0], [0]])
    add("tensordot", x(2, 3), x(2, 3), dims=1)
    add("softmax", x(2, 3), 1)
    add("softmax", t(2, 3), dim=0, dtype=f64)
    add("softmax", x(2, 3), 2)


def halves():
    """Numbers and 0-d tensors beside 16-bit tensors: rounded, unless they are factors or divisors."""
    for d in (f16, bf16):
        x = lambda: torch.tensor([1.7, -2.3, 0.3, 100.0], dtype=d)
        for name in ("add", "sub", "mul", "div", "fmod", "remainder", "eq", "le"):
            add(name, x(), 0.3)
            add(name, x(), 1.7)
            add(name, x(), torch.tensor(0.3, dtype=f64))
        add("pow", x(), 1.7)
        add("maximum", x(), torch.tensor(0.3))
        add("mul", x(), torch.tensor([4099, 3, 5, 7]))


def others():
    """Statistics, integrals and functions of matrices."""
    x = lambda *s: t(*s, dtype=f64)
    positive = lambda: (lambda a: a @ a.T + 3 * torch.eye(3, dtype=f64))(x(3, 3))
    factor = lambda: torch.linalg.cholesky(positive())
    add("cov", x(3, 4))
    add("cov", x(5))
    add("cov", x(2, 4), correction=0)
    add("cov", x(2, 3, 4))
    add("cov", t(2, 3, dtype=i64))
    add("cov", x(2, 3), fweights=torch.tensor([1, 2, 3]))
    weights = torch.tensor([0.5, 1.5, 1.0], dtype=f64)
    add("cov", x(2, 3), fweights=torch.tensor([1, 2, 3]), aweights=weights)
    add("corrcoef", x(3, 4))
    add("corrcoef", x(4))
    with_nan = torch.tensor([[1.0, math.nan, 3.0, 2.0], [math.nan, math.nan, math.nan, math.nan]], dtype=f64)
    for q in (0.3, torch.tensor([0.0, 0.5, 1.0], dtype=f64)):
        add("nanquantile", with_nan.clone(), q, 1, grad=False)
        add("nanquantile", with_nan.clone(), q, grad=False)
        add("nanquantile", x(2, 4), q, 1)
    add("nanquantile", with_nan, 0.4, dim=0, keepdim=True, grad=False)
    for name in ("trapezoid", "cumulative_trapezoid"):
        add(name, x(2, 4))
        add(name, x(2, 4), dx=0.5, dim=0)
        add(name, x(2, 4), x(4))
        add(name, x(2, 4), x(2), dim=0)
        add(name, x(2, 4), x(2, 4))
        add(name, x(2, 4), x(3))
    add("vander", x(3))
    add("vander", x(3), 2, True)
    add("vander", t(3, dtype=i64), N=4)
    add("vander", x(2, 2))
    add("renorm", x(3, 4), 2, 0, 1.5)
    add("renorm", x(3, 2, 2), 1, 1, 2.0)
    add("renorm", x(3), 1, 0, 2.0)
    for k in range(-1, 4):
        add("rot90", x(2, 3), k)
    add("rot90", x(2, 3, 2), 1, [1, 2])
    add("rot90", x(2), 1)
    add("ldexp", x(3), torch.tensor([1, 0, 3]))
    add("ldexp", x(3), torch.tensor([-1, 0, 3]), grad=False)  # PyTorch's gradient takes 2 to the power -1 in integers.
    add("float_power", t(3, low=0.5), 2)
    add("float_power", t(3, dtype=i64, low=1), t(3))
    for name in ("swapaxes", "swapdims"):
        add(name, x(2, 3, 4), 0, -1)
    add("moveaxis", x(2, 3, 4), 0, 2)
    add("adjoint", x(2, 3, 4))
    add("logdet", positive())
    add("logdet", -positive(), grad=False)
    add("matrix_exp", x(3, 3))
    add("matrix_exp", 8 * x(2, 3, 3), second=False)
    add("matrix_exp", t(2, 2))
    add("matrix_exp", x(2, 3))
    for upper in (False, True):
        add("cholesky_solve", x(3, 2), factor().T.contiguous() if upper else factor(), upper)
        add("cholesky_inverse", factor().T.contiguous() if upper else factor(), upper)


def limits():
    """Numbers at the edges of the integer types, and beyond."""
    for d, values in ((u8, [0, 7, 128, 255]), (i32, [-2**31, -7, 2**31 - 1, 40]), (i64, [-2**63, -7, 2**63 - 1, 40])):
        x = lambda: torch.tensor(values, dtype=d)
        for other in (-1, 2, 8, 300):
            for name in ("add", "mul", "bitwise_left_shift", "bitwise_right_shift", "floor_divide", "remainder", "fmod"):
                add(name, x(), other)
        for number in (300, -300, -1, 2.5, 2**40, float("nan")):
            add("masked_fill", x(), torch.tensor([True, False, True, False]), number)
            add("where", torch.tensor([True, False, True, False]), x(), number)
            add("clamp", x(), None, number)
            add("addcmul", x(), x(), x(), value=number)
    for exponent in (True, False, 2):
        add("pow", torch.tensor([True, False]), exponent)
    for alpha in (2, 0):
        add("add", torch.tensor([True, False]), torch.tensor([True, True]), alpha=alpha)
    add("norm", torch.tensor([math.nan, 1.0, -3.0], dtype=f64), float("inf"), second=False)
    add("norm", torch.tensor([4e-4, 1.0], dtype=f16), 0.5)
    add("xlogy", torch.tensor([0.0, 2.0], dtype=f64), math.nan, second=False)
    add("logcumsumexp", torch.tensor(math.nan, dtype=f64), 0, second=False)
    add("prod", torch.tensor([math.inf, 0.0, 2.0], dtype=f64), second=False)
    for values in ([2.0, 0.0, 3.0, 4.0, 0.0, 5.0], [0.0, 1.5, -2.0, 3.0, 0.5, 7.0], [3.0, -2.0, 0.0, math.inf, 0.0, math.nan]):
        add("cumprod", torch.tensor([values, [1.0, 2.0, 3.0, 4.0, 5.0, 0.5]], dtype=f64), 1, second=False)
    add("round", torch.tensor([1e4, 0.37], dtype=f16), decimals=1)
    add("sub", t(3), True)
    add("cumsum", t(3), 0, dtype=b8)
    add("median", t(3, dtype=b8), 0)
    add("mode", torch.arange(120).reshape(2, 60) * 7 % 11 % 5, 1)  # Beyond 16 elements PyTorch's sort is not stable.
    add("mode", torch.arange(60.0).reshape(60, 1) * 7 % 11 % 5, 0, grad=False)
    add("bmm", t(2, 3, 4, dtype=f64), t(2, 4, 2, dtype=f64))
    add("kron", t(2, 3, dtype=f64), t(2, 2, dtype=f64))
    add("kron", t(3), t(2, 1, 2, dtype=i64))
    add("kron", t(dtype=f64), t(0, 2, dtype=f64))


if __name__ == "__main__":
    pointwise()
    choices()
    activations()
    reductions()
    compositions()
    shapes()
    orders()
    products()
    halves()
    others()
    limits()
    lines = ",\n".join(json.dumps(c) for c in cases)
    pathlib.Path(__file__).with_name("ops.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "samples")
