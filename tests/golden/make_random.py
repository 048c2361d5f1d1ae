"""Writes random.json: what PyTorch draws from given seeds.

Run with PyTorch 2.13: python tests/golden/make_random.py
Long results are kept as their first and last elements. `next` is the 64-bit draw that follows, so that the number of
draws is compared as well.
"""

import json
import pathlib

import torch

cases = []
KEPT = 24


def encode(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) > 2**53 else value
    return value if value == value and abs(value) != float("inf") else repr(value)


def describe(value):
    """Tensors among the arguments."""
    if isinstance(value, torch.Tensor):
        name = str(value.dtype).removeprefix("torch.")
        return {"tensor": [encode(v) for v in value.reshape(-1).tolist()], "shape": list(value.shape), "dtype": name}
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


def add(call, args, y, seed, **more):
    following = torch.empty((), dtype=torch.int64).random_().item()
    flat = [encode(v) for v in y.reshape(-1).tolist()]
    values = flat if len(flat) <= 2 * KEPT else flat[:KEPT] + flat[-KEPT:]
    cases.append({
        "call": call, "args": [describe(a) for a in args], "seed": str(seed), "shape": list(y.shape),
        "dtype": str(y.dtype).removeprefix("torch."), "values": values, "next": str(following), **more,
    })


def function(name, *args, seed=0, dtype=None, **options):
    torch.manual_seed(seed)
    if dtype is not None:
        options["dtype"] = dtype
    y = getattr(torch, name)(*args, **options)
    add(name, args, y, seed, options={k: str(v).removeprefix("torch.") if k == "dtype" else v for k, v in options.items()})


def method(name, shape, *args, seed=0, dtype=torch.float32, layout="contiguous"):
    """In place on a tensor of this shape: contiguous, transposed, or every second element of the last dimension."""
    x = torch.zeros(shape, dtype=dtype)
    if layout == "transposed":
        x = x.transpose(0, -1)
    elif layout == "strided":
        x = torch.zeros(*shape[:-1], 2 * shape[-1], dtype=dtype)[..., ::2]
    torch.manual_seed(seed)
    getattr(x, name)(*args)
    add(name, args, x, seed, on={"shape": shape, "dtype": str(dtype).removeprefix("torch."), "layout": layout})


f32, f64, i64 = torch.float32, torch.float64, torch.int64

for n in (1, 3, 15, 16, 17, 31, 32, 100, 1000, 10007):
    function("randn", n)
    function("rand", n)
    if n in (3, 17, 100, 1000):
        function("randn", n, dtype=f64)
        function("rand", n, dtype=f64)
for seed in (1, 12345, 2**40 + 7, -5, 2**63 + 11):
    function("randn", 20, seed=seed)
    function("rand", 5, seed=seed)
function("rand", 5, dtype=torch.float16)
function("randn", 20, dtype=torch.bfloat16)
function("randn", 5, dtype=torch.float16)

for dtype in (i64, torch.int32, torch.uint8, torch.bool, f32, f64):
    for low, high in ((0, 2), (0, 1), (0, 100), (-50, 77), (0, 2**28), (-(2**31), 2**31 - 1), (5, 2**40), (-(2**62), 2**62 + 9)):
        if dtype == torch.bool and (low < 0 or high > 2) or dtype == torch.uint8 and (low < 0 or high > 256):
            continue
        if dtype == torch.int32 and high > 2**31 or dtype == f32 and high > 2**24 or dtype == f64 and high > 2**53:
            continue
        function("randint", low, high, (10,), dtype=dtype)
    method("random_", [10], dtype=dtype)
method("random_", [10], -(2**63), None, dtype=i64)
method("random_", [10], 7, None, dtype=i64)
method("random_", [10], 5, dtype=i64)
method("random_", [10], 0, 2**25 + 3, dtype=f32)

for n in (0, 1, 2, 10, 100, 60000):
    function("randperm", n)
function("randperm", 10, dtype=torch.int32)
function("randperm", 10, dtype=f32)

for layout in ("contiguous", "transposed", "strided"):
    for dtype in (f32, f64):
        for name, args in (("uniform_", (-0.3, 1.7)), ("normal_", (0.5, 2.0)), ("log_normal_", (0.5, 0.7)), ("cauchy_", (1, 2)),
                           ("exponential_", (1.5,)), ("geometric_", (0.2,)), ("bernoulli_", (0.3,)), ("random_", (0, 100))):
            method(name, [4, 3, 7], *args, dtype=dtype, layout=layout)
method("normal_", [5])
method("exponential_", [3])
method("bernoulli_", [7])
method("log_normal_", [3])
method("geometric_", [9], 0.3, dtype=i64)
method("bernoulli_", [9], 0.3, dtype=torch.bool)
method("bernoulli_", [4, 3], torch.tensor([0.1, 0.5, 0.9]))
method("bernoulli_", [3, 4], torch.tensor([0.1, 0.5, 0.9]).double(), layout="transposed")

torch.manual_seed(7)
p = torch.rand(3, 4)
weights = torch.rand(2, 6)
function("bernoulli", p)
function("bernoulli", p.double())
function("bernoulli", p, p=0.25)
for samples, replacement in ((1, True), (5, True), (1, False), (4, False), (6, False)):
    function("multinomial", weights, samples, replacement)
    function("multinomial", weights[0].double(), samples, replacement)
rates = torch.tensor([0.0, 0.3, 2.5, 9.0, 11.0, 100.0, 1e5])
function("poisson", rates)
function("poisson", rates.double())
function("binomial", torch.tensor([0.0, 5.0, 20.0, 100.0, 1000.0, 1000.0]), torch.tensor([0.5, 0.3, 0.9, 0.01, 0.4, 0.8]))
function("normal", torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 1.0, 2.0]))
function("normal", torch.zeros(2, 1), torch.tensor([0.5, 1.0, 2.0]))
function("normal", torch.arange(20).double(), 0.5)
function("normal", 1.5, torch.tensor([0.5, 1.0, 2.0]))
function("normal", 2.0, 3.0, (2, 3))

torch.manual_seed(42)
torch.randn(3)
state = torch.get_rng_state().tolist()
after = torch.randn(3).tolist()

here = pathlib.Path(__file__).parent
# Runs of equal bytes are written as [byte, count].
runs = []
for byte in state:
    if runs and runs[-1][0] == byte:
        runs[-1][1] += 1
    else:
        runs.append([byte, 1])
text = ",\n".join(json.dumps(c) for c in cases)
(here / "random.json").write_text(
    '{\n"state": ' + json.dumps(runs).replace(" ", "") + ',\n"after": ' + json.dumps(after) + ',\n"cases": [\n' + text + "\n]\n}\n"
)
