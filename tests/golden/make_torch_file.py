"""Writes torch_file.json: files of torch.save, in base64, and what PyTorch prints of their contents.

Run with PyTorch 2.13: python tests/golden/make_torch_file.py
"""

import base64
import io
import json
import pathlib

import torch
from torch import nn

torch.manual_seed(0)


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return base64.b64encode(buffer.getvalue()).decode()


net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net(torch.randn(4, 3)).pow(2).sum().backward()
optimizer.step()
a = torch.arange(6.0)
values = {
    "numbers": [1, -7, 10**20, -(10**15), 2.5, None, True, "hé"],
    "view": a[2:5],
    "transposed": a.view(2, 3).t(),
    "parameter": nn.Parameter(a),
    "asks": torch.ones(2, requires_grad=True),
    "none": torch.zeros(0, 2),
    "scalar": torch.tensor(2.5),
    "size": a.shape,
    "dtype": torch.int64,
    "float64": torch.tensor([0.1], dtype=torch.float64),
    "int64": torch.tensor([-3]),
    "int32": torch.tensor([-3], dtype=torch.int32),
    "uint8": torch.tensor([200], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "float16": torch.tensor([0.1], dtype=torch.float16),
    "bfloat16": torch.tensor([0.1], dtype=torch.bfloat16),
}
texts = {k: str(v) for k, v in values.items() if not isinstance(v, list)}
state = {"model": net.state_dict(), "optimizer": optimizer.state_dict()}
momentum = optimizer.state_dict()["state"][0]["momentum_buffer"]
out = {
    "values": saved(values),
    "texts": texts,
    "state": saved(state),
    "momentum": str(momentum),
    "output": str(net.eval()(torch.ones(2, 3))),
    "module": saved(net),
}
pathlib.Path(__file__).with_name("torch_file.json").write_text(json.dumps(out, indent=1) + "\n")
