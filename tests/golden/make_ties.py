"""Writes ties.json: which of several equal elements PyTorch takes when it sorts and selects.

Run with PyTorch 2.13: python tests/golden/make_ties.py
"""
import json, pathlib

import torch


def row(kind, n):
    """Numbers with few different values, made alike in tests/index_test.ts."""
    i = torch.arange(n)
    if kind == "few":
        return (i * i * 7 + i * 3) % 5
    if kind == "many":
        return (i * i * 13 + i * 5) % 97
    if kind == "pipe":
        return torch.minimum(i, n - 1 - i)
    # The median of three is always next to an end, so that quicksort gives up (Musser 1997).
    half = n // 2
    killer = torch.where(i >= half, 2 * (i - half + 1), torch.where(i % 2 == 0, i + 1, half + i + (half % 2)))
    return killer // 3


cases = []
for kind, n, dtype in [("nan", 9, "float64"), ("few", 16, "float32"), ("few", 17, "uint8"), ("many", 40, "float64"), ("many", 300, "int32"),
                       ("pipe", 129, "int64"), ("killer", 1200, "float32"), ("nan", 70, "float32")]:
    x = row("many" if kind == "nan" else kind, n).to(getattr(torch, dtype))
    if kind == "nan":
        x[::5] = float("nan")
    calls = [("sort", [-1, d]) for d in (False, True)]
    if n < 1000:
        calls += [("topk", [k, -1, largest, sort]) for k in sorted({1, n // 64, n // 3, n} - {0})
                  for largest in (True, False) for sort in (True, False)]
    calls += [("kthvalue", [k]) for k in (1, n // 3, n // 2, n)] + [("median", [-1]), ("nanmedian", [-1]), ("mode", [-1])]
    for name, args in calls:
        cases.append({"kind": kind, "n": n, "dtype": dtype, "name": name, "args": args,
                      "indices": getattr(x, name)(*args).indices.view(-1).tolist()})
with open(pathlib.Path(__file__).parent / "ties.json", "w") as f:
    json.dump(cases, f, separators=(",", ":"))
    f.write("\n")
print(len(cases))
