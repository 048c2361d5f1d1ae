"""Writes init.json: what PyTorch's torch.nn.init makes from given seeds.

Run with PyTorch 2.13: python tests/golden/make_init.py
"""

import json
import pathlib
import warnings

import torch
from torch.nn import init

warnings.simplefilter("ignore")
cases = []


def add(name, shape, *args, dtype=torch.float32, seed=0, **options):
    x = torch.full(shape, 7.0, dtype=dtype)
    torch.manual_seed(seed)
    getattr(init, name)(x, *args, **options)
    following = torch.empty((), dtype=torch.int64).random_().item()
    cases.append({
        "name": name, "shape": shape, "dtype": str(dtype).removeprefix("torch."), "seed": seed, "args": args,
        "options": options, "values": x.reshape(-1).tolist(), "next": str(following),
    })


add("uniform_", [3, 5])
add("uniform_", [3, 5], -1.0, 2.0)
add("normal_", [4, 5], mean=1.0, std=0.1)
add("constant_", [2, 2], 0.3)
add("ones_", [2, 2])
add("zeros_", [2, 2])
add("eye_", [3, 5])
add("eye_", [5, 3])
add("dirac_", [3, 4, 3])
add("dirac_", [4, 2, 3, 3], 2)
add("dirac_", [2, 2, 3, 3, 2])
for shape in ([3, 5], [4, 2, 3, 3], [5, 3, 2]):
    add("xavier_uniform_", shape)
    add("xavier_normal_", shape, gain=1.5)
    add("kaiming_uniform_", shape, a=5**0.5)
    add("kaiming_uniform_", shape, mode="fan_out", nonlinearity="relu")
    add("kaiming_normal_", shape)
    add("kaiming_normal_", shape, 0.2, "fan_out", "leaky_relu", seed=3)
for dtype in (torch.float32, torch.float64):
    add("trunc_normal_", [4, 10], dtype=dtype)
    add("trunc_normal_", [5, 10], dtype=dtype, mean=0.3, std=2.0, a=-1.0, b=1.5)
    add("trunc_normal_", [5, 10], dtype=dtype, std=0.02)
    add("trunc_normal_", [5, 10], dtype=dtype, mean=0.0, std=1.0, a=2.0, b=3.0)
    for shape in ([4, 7], [7, 4], [5, 5], [3, 2, 2, 2], [20, 30]):
        add("orthogonal_", shape, dtype=dtype)
    add("orthogonal_", [6, 4], gain=2.0, dtype=dtype)
add("sparse_", [10, 4], sparsity=0.25)
add("sparse_", [7, 3], 0.5, 2.0)

gains = {name: init.calculate_gain(name) for name in ("linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")}
gains["leaky_relu 0.2"] = init.calculate_gain("leaky_relu", 0.2)
text = ",\n".join(json.dumps(c) for c in cases)
pathlib.Path(__file__).with_name("init.json").write_text('{\n"gains": ' + json.dumps(gains) + ',\n"cases": [\n' + text + "\n]\n}\n")
