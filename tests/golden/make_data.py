"""Writes data.json: what PyTorch's samplers and DataLoader draw.

Run with PyTorch 2.13: python tests/golden/make_data.py
"""

import json
import pathlib

import torch
from torch.utils import data

out = {"torch": torch.__version__.split("+")[0], "loaders": [], "samplers": [], "splits": [], "resize": [], "collate": []}


def numbers(batch):
    return batch.tolist() if isinstance(batch, torch.Tensor) else batch


for n, options in [
    (10, {"batch_size": 3}), (10, {"batch_size": 4, "shuffle": True}), (10, {"batch_size": 4, "shuffle": True, "drop_last": True}),
    (7, {}), (7, {"shuffle": True}), (1, {"shuffle": True}), (100, {"batch_size": 30, "shuffle": True}),
]:
    torch.manual_seed(5)
    loader = data.DataLoader(torch.arange(n).tolist(), **options)
    passes = [[numbers(b) for b in loader], [numbers(b) for b in loader]]
    iter(loader)  # draws, though nothing is read
    out["loaders"].append({"n": n, "options": options, "length": len(loader), "passes": passes, "after": torch.rand(1, dtype=torch.float64).item()})
torch.manual_seed(5)
g = torch.Generator().manual_seed(77)
loader = data.DataLoader(list(range(10)), batch_size=4, shuffle=True, generator=g)
passes = [[numbers(b) for b in loader], [numbers(b) for b in loader]]
out["withGenerator"] = {"passes": passes, "after": torch.rand(1, dtype=torch.float64).item(), "generatorAfter": torch.rand(1, dtype=torch.float64, generator=g).item()}

source = list(range(20))
for name, make in {
    "random": lambda g: data.RandomSampler(source, generator=g),
    "replacement": lambda g: data.RandomSampler(source, replacement=True, num_samples=70, generator=g),
    "replacement64": lambda g: data.RandomSampler(source, replacement=True, num_samples=64, generator=g),
    "long": lambda g: data.RandomSampler(source, num_samples=50, generator=g),
    "subset": lambda g: data.SubsetRandomSampler([5, 3, 9, 11], generator=g),
    "weighted": lambda g: data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 10, generator=g),
    "weightedOnce": lambda g: data.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement=False, generator=g),
}.items():
    for own in (False, True):
        torch.manual_seed(9)
        g = torch.Generator().manual_seed(11) if own else None
        sampler = make(g)
        out["samplers"].append({"name": name, "own": own, "length": len(sampler), "passes": [list(sampler), list(sampler)], "after": torch.rand(1, dtype=torch.float64, generator=g).item()})

for n, lengths in [(10, [3, 7]), (30, [0.3, 0.3, 0.4]), (11, [0.5, 0.5]), (10, [0.25, 0.25, 0.25, 0.25])]:
    torch.manual_seed(3)
    out["splits"].append({"n": n, "lengths": lengths, "indices": [list(s.indices) for s in data.random_split(range(n), lengths)]})

torch.manual_seed(0)
for shape, size in [((1, 28, 28), (32, 32)), ((2, 7, 9), (3, 4)), ((1, 5, 5), (5, 9)), ((1, 12, 8), (5, 8)), ((3, 6, 6), (13, 2))]:
    x = torch.rand(shape)
    results = {str(a): torch.nn.functional.interpolate(x[None], size, mode="bilinear", antialias=a).flatten().tolist() for a in (True, False)}
    results["nearest"] = torch.nn.functional.interpolate(x[None], size, mode="nearest").flatten().tolist()
    out["resize"].append({"shape": shape, "size": size, "x": x.flatten().tolist(), "antialias": results["True"], "plain": results["False"], "nearest": results["nearest"]})

for text, batch in {
    "[1, 2, 3]": [1, 2, 3], "[1.5, 2]": [1.5, 2.0], "[true, false]": [True, False], '["a", "b"]': ["a", "b"],
    "[[1, 2], [3, 4]]": [[1, 2], [3, 4]], '[{"a": 1, "b": [2.5]}, {"a": 3, "b": [4.5]}]': [{"a": 1, "b": [2.5]}, {"a": 3, "b": [4.5]}],
}.items():
    out["collate"].append({"batch": text, "text": repr(data.default_collate(batch))})

path = pathlib.Path(__file__).with_name("data.json")
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "\n}\n")
print(path.stat().st_size, "bytes")
