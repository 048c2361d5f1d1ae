"""Writes format.json: tensors and the text that PyTorch prints for them.

Run with PyTorch 2.13: python tests/golden/make_format.py
"""

import json
import pathlib
import random

import torch

torch.manual_seed(0)
random.seed(0)
cases = []


def encode(value):
    """JSON has no infinities, and integers above 2^53 need a string."""
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) > 2**53 else value
    if value != value or value in (float("inf"), float("-inf")):
        return repr(value)
    return "-0" if value == 0 and str(value)[0] == "-" else value


def add(x, recipe=None, **options):
    """`recipe` stands for the data of tensors too large to write down."""
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**{**options})
    grad_fn = x.grad_fn
    values = None if recipe else encode(x.detach().reshape(-1).tolist())
    cases.append({
        "shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": values, "recipe": recipe,
        "requiresGrad": x.requires_grad, "gradName": type(grad_fn).__name__ if grad_fn else None,
        "isParameter": isinstance(x, torch.nn.Parameter), "options": options, "text": repr(x),
    })
    torch.set_printoptions(profile="default")


inf, nan = float("inf"), float("nan")
lists = [
    [], [0.0], [-0.0], [1.0], [-1.0, 2.0], [0.5], [1.5, 2.5], [0.03125, 0.09375], [1e-5], [1e-4], [9.9e-5, 1], [1e8], [1.1e8],
    [1, 1001], [1, 1000], [0.001, 1.1], [0.001, 1.0], [nan], [inf], [-inf], [nan, 1.0], [nan, 1.5], [inf, 1e-8], [inf, 0.0],
    [0.0, 0.0, 0.0], [-0.0, 1.0], [-0.0, 1.5], [-0.0, 1e-9], [1e20], [1e21, 3e22], [3.4e38], [1e-45], [1.17549435e-38],
    [123456789.0], [16777216.0, 1.0], [0.1, 0.2, 0.3], [99999.5, 100.25], [1000.5, 1.5], [12345678.0], [-12345.678, 1234.5],
    [0.99995], [0.999949], [1.00005, 2.00015], [1e10, 1e-10, nan, inf, -inf, 0], [2.5e-5, 1.00005e-5], [1, 2, 3, nan, -inf],
    [0.5, 1e6], [1.000050e10, 1.00015e10], [1.00005, 1.03125e5], [103125.0, 1.0], [1e-4, 0.1], [0.00010001], [5e-5, 0.00015],
]
for data in lists:
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        add(torch.tensor(data, dtype=dtype))
    if len(data) == 1:
        add(torch.tensor(data[0]))
        add(torch.tensor(data[0], dtype=torch.float64))
        add(torch.tensor(data[0], requires_grad=True))
        add(torch.tensor(data[0], requires_grad=True) * 1)
for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
    for data in ([], [0], [1, 0, 1], [[1, 20], [3, 4]], 7, [[[1]], [[0]]], list(range(50)), [[], []]):
        add(torch.tensor(data, dtype=dtype))
for data in ([-1, 100], [2**62, -2**63], [[-5], [1000]]):
    add(torch.tensor(data))
for shape in ((0,), (0, 3), (3, 0), (0, 0, 2), (2, 0, 2)):
    for dtype in (torch.float32, torch.float64, torch.int64, torch.bool, torch.uint8):
        add(torch.zeros(shape, dtype=dtype))
    add(torch.zeros(shape, requires_grad=True))
    add(torch.nn.Parameter(torch.zeros(shape)))

shapes = [(1,), (5,), (9,), (10,), (11,), (12,), (30,), (1, 1), (2, 3), (3, 20), (1, 10), (2, 2, 2), (1, 2, 1, 3), (2, 1, 2, 1, 2), (7, 1)]
for shape in shapes:
    for scale in (1, 100, 1e-3, 1e5, 1e-7):
        add(torch.randn(shape) * scale)
    add(torch.randn(shape, dtype=torch.float64))
    add(torch.randn(shape).round() * 3)
    add(torch.randn(shape).half())
    add(torch.randn(shape).bfloat16())
    add(torch.randn(shape) > 0)
    add(torch.randint(-1000, 1000, shape))
    add(torch.randn(shape, requires_grad=True))
    add(torch.randn(shape, requires_grad=True) + 1)
    add(torch.randn(shape, requires_grad=True).relu())
    add((torch.randn(shape, dtype=torch.float64, requires_grad=True) * 2).sigmoid())
    add(torch.nn.Parameter(torch.randn(shape)))
    add(torch.nn.Parameter(torch.randn(shape, dtype=torch.float64)))
for n in range(1, 16):  # where the suffixes wrap
    add(torch.rand(n, requires_grad=True).exp())
    add(torch.rand(n, dtype=torch.float64, requires_grad=True).exp())
    add(torch.rand(n, dtype=torch.float64, requires_grad=True))
    add(torch.arange(n, dtype=torch.int32))

def add_recipe(shape, kind, **options):
    n = 1
    for s in shape:
        n *= s
    i = torch.arange(n)
    x = {
        "arange": lambda: i, "float": lambda: i.float(), "half": lambda: i.double() / 2, "mod": lambda: ((i * 7919) % 101).float() / 64 - 0.5,
        "bool": lambda: i % 3 == 0, "spread": lambda: 10.0 ** (i % 9 - 4).double(),
    }[kind]()
    add(x.reshape(shape), recipe=kind, **options)

for shape in ((1000,), (1001,), (2000,), (40, 26), (64, 784), (6, 200), (7, 200), (2, 1000), (500, 3), (10, 10, 11), (4, 6, 7, 8), (8, 8, 8, 8), (3, 3, 5, 5, 5), (1, 1, 2000)):
    for kind in ("arange", "float", "half", "mod", "bool", "spread"):
        add_recipe(shape, kind)
for options in ({"precision": 2}, {"precision": 0}, {"precision": 8}, {"threshold": 5}, {"threshold": 5, "edgeitems": 1}, {"edgeitems": 0},
                {"threshold": 1, "edgeitems": 0}, {"linewidth": 40}, {"linewidth": 120}, {"sci_mode": True}, {"sci_mode": False},
                {"profile": "short"}, {"profile": "full"}, {"precision": 6, "linewidth": 200, "sci_mode": True}):
    for shape in ((4,), (9,), (20,), (3, 4), (9, 9), (2, 3, 4)):
        for kind in ("arange", "float", "half", "mod", "bool", "spread"):
            add_recipe(shape, kind, **options)
    add(torch.tensor([0.5, 1.5, 2.5, 3.5, 1e9, 1e-9, nan, inf, -0.0]), **options)
    add(torch.tensor([1.0, 3.0, 1e22, 0.0, nan]), **options)
    add(torch.tensor(2.5), **options)
    add(torch.tensor([]), **options)

floats = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 1.5e-5, 1e-4, 123456.0, 1e15, 1e16, 1.2345e17, 1e22, 1e100, 5e-324, inf, -inf, nan, 0.3, 2 / 3, 1e-7, 3.0e-10, 123456789.125]
floats += [random.uniform(-1, 1) * 10 ** random.randint(-30, 30) for _ in range(100)]
ties = [0.5, 1.5, 2.5, 0.125, 0.375, 0.03125, 0.09375, 1.03125e5, 103125.0, 1.00005, 100005.0, 100015.0, 1.5e22, 2.5e-3, 1e21, 1e25, 12345678901234567890.0]
rounded = []
for x in ties + floats[:40]:
    if x == x and abs(x) != inf:
        for digits in (0, 1, 2, 4, 6):
            rounded += [[encode(x), digits, f"{x:.{digits}f}", f"{x:.{digits}e}"], [encode(-x), digits, f"{-x:.{digits}f}", f"{-x:.{digits}e}"]]

out = {"torch": torch.__version__.split("+")[0], "tensors": cases, "floats": [[encode(x), repr(x)] for x in floats], "rounded": rounded}
text = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path = pathlib.Path(__file__).with_name("format.json")
path.write_text('{"torch":%s,\n"floats":%s,\n"rounded":%s,\n"tensors":[\n%s]}\n' % (json.dumps(out["torch"]), json.dumps(out["floats"]), json.dumps(out["rounded"]), text))
print(len(cases), "tensors,", path.stat().st_size, "bytes")
