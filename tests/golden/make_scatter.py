"""Writes scatter.json: reductions into chosen places and their gradients, for tests/scatter_test.ts."""
import json
import pathlib

import torch

torch.manual_seed(0)
D = torch.float64


def pack(x):
    return {"shape": list(x.shape), "values": x.detach().reshape(-1).tolist()}


cases = []
for reduce in ("sum", "prod", "mean", "amax", "amin"):
    for self in (True, False):
        for ties in (True, False):
            make = lambda *s: torch.randint(-1, 3, s).to(D) if ties else torch.randn(s, dtype=D)
            for dim, index, sizes in ((0, (4, 3), (3, 3)), (1, (2, 5), (3, 3)), (-1, (3,), (4,))):
                x, source = make(*sizes).requires_grad_(), make(*index).requires_grad_()
                at = torch.randint(0, sizes[dim], index)
                y = x.scatter_reduce(dim, at, source, reduce, include_self=self)
                (y * torch.sin(torch.arange(1, y.numel() + 1, dtype=D)).reshape(y.shape)).sum().backward()
                cases.append({"name": "scatterReduce", "reduce": reduce, "self": self, "dim": dim, "x": pack(x), "source": pack(source),
                              "index": pack(at), "result": pack(y), "dx": pack(x.grad), "dsource": pack(source.grad)})
            if reduce == "sum":
                continue
            x, source, at = make(4, 3).requires_grad_(), make(4, 5).requires_grad_(), torch.tensor([0, 2, 0, 2, 2])
            y = x.index_reduce(1, at, source, reduce, include_self=self)
            (y * torch.sin(torch.arange(1, y.numel() + 1, dtype=D)).reshape(y.shape)).sum().backward()
            cases.append({"name": "indexReduce", "reduce": reduce, "self": self, "dim": 1, "x": pack(x), "source": pack(source),
                          "index": pack(at), "result": pack(y), "dx": pack(x.grad), "dsource": pack(source.grad)})
pathlib.Path(__file__).with_name("scatter.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
