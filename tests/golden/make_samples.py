"""Writes samples.json: for every name of names.json one or two small samples of those that PyTorch tests itself with,
with results, gradients and second derivatives (by the inputs and by the gradient's direction); and for each name whether PyTorch differentiates it once and twice.

Run with PyTorch 2.13 and expecttest: python tests/golden/make_samples.py
"""
import base64, json, math, pathlib, warnings

import torch
import torch.nn.functional as F
from torch.testing._internal.common_methods_invocations import op_db

warnings.simplefilter("ignore")
torch.set_num_threads(1)
here = pathlib.Path(__file__).parent
names = json.loads((here / "names.json").read_text())
wanted = {"": [f["name"] for f in names["tensor"]], "F": names["functional"], "linalg": names["linalg"]}
TYPES = {torch.float32: "float32", torch.float64: "float64", torch.int64: "int64", torch.int32: "int32",
         torch.uint8: "uint8", torch.bool: "bool"}


class Skip(Exception):
    pass


LARGEST = 60


def encode(x):
    if isinstance(x, torch.Tensor):
        if x.dtype not in TYPES or x.numel() > LARGEST:
            raise Skip
        data = base64.b64encode(x.detach().contiguous().numpy().tobytes()).decode()
        return {"t": TYPES[x.dtype], "s": list(x.shape), "b": data, **({"g": 1} if x.requires_grad else {})}
    if x is None or isinstance(x, (bool, str, int)):
        return x
    if isinstance(x, float):
        return x if math.isfinite(x) else {"f": repr(x)}
    if isinstance(x, torch.dtype):
        if x not in TYPES:
            raise Skip
        return {"dtype": TYPES[x]}
    if isinstance(x, slice):
        return {"slice": [x.start, x.stop, x.step]}
    if x is Ellipsis:
        return "..."
    if isinstance(x, (list, tuple)):
        return [encode(v) for v in x]
    raise Skip


def tensors(x):
    if isinstance(x, torch.Tensor):
        return [x]
    if isinstance(x, (list, tuple)):
        return [t for v in x for t in tensors(v)]
    return [t for v in x.values() for t in tensors(v)] if isinstance(x, dict) else []


def wave(t):
    return torch.cos(torch.arange(t.numel(), dtype=torch.float64)).to(t.dtype).view(t.shape)


def copy(x):
    if isinstance(x, torch.Tensor):
        return x.detach().clone().requires_grad_(x.requires_grad)
    return type(x)(copy(v) for v in x) if type(x) in (list, tuple) else x


def record(home, name, function, args, kwargs, twice):
    args, kwargs = copy(list(args)), {k: copy(v) for k, v in kwargs.items()}
    entry = {"home": home, "name": name, "args": encode(args), "kwargs": {k: encode(v) for k, v in kwargs.items()}}
    torch.manual_seed(0)
    y = function(*args, **kwargs)
    ys = tensors(y)
    if not ys:
        entry["plain"] = encode(list(y) if isinstance(y, (list, tuple)) else y)
        return entry
    entry["out"] = [encode(t) for t in ys]
    inputs = [t for t in tensors([args, kwargs]) if t.requires_grad]
    graphs = [t for t in ys if t.requires_grad]
    if not inputs or not graphs:
        return entry
    directions = [wave(t).requires_grad_(twice) for t in graphs]
    grads = torch.autograd.grad(graphs, inputs, directions, allow_unused=True, create_graph=twice)
    entry["grads"] = [None if g is None else encode(g.detach()) for g in grads]
    again = [g for g in grads if g is not None and g.requires_grad]
    if twice and again:
        second = torch.autograd.grad(again, [*inputs, *directions], [wave(g) for g in again], allow_unused=True)
        if any(g is not None and g.isnan().any() for g in second):
            raise Skip
        entry["second"] = [None if g is None else encode(g) for g in second]
    return entry


# Their entries in PyTorch's table are functions of another signature, or draw after seeding by themselves.
APART = {"pixel_shuffle", "pixel_unshuffle", "pad", "grid_sample", "where", "embedding", "embedding_bag", "bernoulli", "multinomial", "normal", "randn", "randn_like", "rand_like",
         "randint", "randint_like", "slice", "zero_", "unfold", "dropout", "dropout2d", "dropout3d", "alpha_dropout", "rrelu",
         "put", "meshgrid", "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d"}
samples, facts = [], {}


def note(home, name, once, twice):
    before = facts.get(f"{home}.{name}", [False, False])
    facts[f"{home}.{name}"] = [before[0] or once, before[1] or twice]


def size(s):
    return sum(t.numel() for t in tensors([s.input, s.args, s.kwargs]))


def take(op, home, name, dtype, grads, twice, count):
    """The samples nearest to a dozen elements that can be written down; larger ones where there is none."""
    global LARGEST
    found = 0
    torch.manual_seed(1)
    listed = list(op.sample_inputs("cpu", dtype, requires_grad=grads))
    ordered = sorted(listed, key=lambda s: abs(size(s) - 12) + (1000 if size(s) == 0 else 0))[:40]
    for LARGEST in (60, 300):
        for s in ordered:
            try:
                samples.append(record(home, name, op.op, (s.input, *s.args), s.kwargs, twice))
            except (Skip, RuntimeError):
                continue
            found += 1
            if found == count:
                break
        if found > 0:
            break
    LARGEST = 60


for op in op_db:
    home, _, name = op.name.rpartition(".")
    home = {"nn.functional": "F"}.get(home, home)
    if home not in wanted:
        continue
    for to, listed in wanted.items():
        spelled = [n for n in [name, *(a.name.split(".")[-1] for a in op.aliases)] if n in listed]
        if (to == "linalg") != (home == "linalg") or not spelled or (to == "F" and home == "" and not hasattr(F, name)):
            continue
        if to == "" and home == "F" and not hasattr(torch, name):
            continue
        once, twice = op.supports_autograd, op.supports_autograd and op.supports_gradgrad
        if spelled[0] in APART:
            continue
        note(to, spelled[0], once, twice)
        if torch.float64 in op.dtypes:
            take(op, to, spelled[0], torch.float64, once, twice, 1)
            if torch.float32 in op.dtypes:
                take(op, to, spelled[0], torch.float32, once, False, 1)
        elif torch.int64 in op.dtypes:
            take(op, to, spelled[0], torch.int64, False, False, 2)


def own(home, name, args, kwargs=None, once=True, twice=True):
    function = getattr({"": torch, "F": F}[home], name, None) or getattr(torch.Tensor, name)
    note(home, name, once, twice)
    samples.append(record(home, name, function if callable(function) else (lambda x: x.T), args, kwargs or {}, twice))


def real(*size):
    return torch.randn(*size, dtype=torch.float64, requires_grad=True)


torch.manual_seed(2)
x, flags = real(2, 3), torch.tensor([[True, False, True], [False, True, True]])
own("", "T", [x])
own("", "where", [flags, x, real(3)])
own("", "put", [x, torch.tensor([5, 0]), real(2)])
own("", "put", [x, torch.tensor([5, 0, 5]), real(3)], {"accumulate": True})
own("", "meshgrid", [[real(2), real(3)]], {"indexing": "ij"})
own("", "unfold", [real(7), 0, 3, 2])
own("", "zero_", [torch.ones(3)], once=False, twice=False)
own("", "type", [torch.ones(3), torch.float64], once=False, twice=False)
for name, args in [("poisson", [torch.rand(3, 4) * 20]), ("rand", [[2, 3]]), ("randn", [[2, 3]]), ("randperm", [9]),
                   ("randint", [0, 9, [2, 3]]), ("rand_like", [torch.ones(5)]), ("randn_like", [torch.ones(5)]),
                   ("randint_like", [torch.ones(5), 9]), ("bernoulli", [torch.rand(6)]),
                   ("multinomial", [torch.rand(2, 5), 3]), ("normal", [torch.zeros(4), torch.rand(4)])]:
    own("", name, args, once=False, twice=False)
rows = torch.tensor([[1, 0], [3, 1]])
own("F", "embedding", [rows, real(4, 2)])
own("F", "embedding_bag", [rows, real(4, 2)], {"mode": "sum"}, twice=False)
own("F", "unfold", [real(1, 2, 3, 3), [2, 2]])
own("F", "fold", [real(1, 8, 4), [3, 3], [2, 2]])
own("F", "affine_grid", [real(1, 2, 3), [1, 1, 2, 3]], {"align_corners": False})
for n, size in ((1, (1, 2, 6)), (2, (1, 2, 4, 4)), (3, (1, 1, 2, 4, 4))):
    own("F", f"max_pool{n}d", [real(*size), 2], {"stride": 2, "padding": 1})
    y, indices = getattr(F, f"max_pool{n}d")(torch.randn(*size, dtype=torch.float64), 2, return_indices=True)
    own("F", f"max_unpool{n}d", [y.requires_grad_(), indices, 2])
    own("F", f"dropout{n}d", [real(*size)], {"p": 0.4})
for name, options in (("dropout", {"p": 0.4}), ("alpha_dropout", {"p": 0.4, "training": True}), ("rrelu", {"training": True})):
    own("F", name, [real(3, 4)], options)
own("F", "grid_sample", [real(1, 2, 3, 3), torch.rand(1, 2, 2, 2, dtype=torch.float64, requires_grad=True)],
    {"align_corners": False}, twice=False)
facts["F.grid_sample"] = [True, True]
for arguments in ([[1, 2]], [[-1, 2]], [[1, 2], "reflect"], [[1, 2], "replicate"], [[1, 2], "circular"]):
    own("F", "pad", [real(1, 2, 3), *arguments])
own("F", "pixel_shuffle", [real(1, 8, 2, 2), 2])
own("F", "pixel_unshuffle", [real(1, 2, 4, 4), 2])
own("F", "gumbel_softmax", [real(3, 4)], {"tau": 0.7})
for args in ([real(4, 3)], [real(4, 3), 1, 1], [real(5, 3), 0, 1, 5, 2], [real(2, 6), -1, -4, None, 3]):
    note("", "slice", True, True)
    samples.append(record("", "slice", torch.ops.aten.slice.Tensor, args, {}, True))
for home, listed in wanted.items():
    for n in listed:
        if f"{home}.{n}" not in facts:
            print("no sample:", home, n)
with open(here / "samples.json", "w") as f:
    json.dump({"differentiable": facts, "samples": samples}, f, separators=(",", ":"))
    f.write("\n")
print(len(facts), len(samples))
