"""Writes utils.json: weight normalisation and averaged models, trained in PyTorch.

Run with PyTorch 2.13: python tests/golden/make_utils.py
"""
import json, os, warnings
import torch
from torch import nn
from torch.optim import swa_utils

warnings.simplefilter("ignore")


def numbers(t):
    return [float("%.8g" % v) for v in t.detach().reshape(-1).double().tolist()]


def state(m):
    return {k: numbers(v) for k, v in m.state_dict().items()}


def train(m, x, steps=3, after=None):
    opt = torch.optim.SGD(m.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        y = m(x)
        y = y[0] if isinstance(y, tuple) else y
        loss = (y * y).mean()
        loss.backward()
        opt.step()
        losses.append(loss.item())
        if after:
            after()
    return losses


out = {"weight_norm": [], "averages": [], "swalr": []}
for kind, args, name, dim, shape in [
    ("Linear", (4, 3), "weight", 0, (5, 4)),
    ("Linear", (4, 3), "weight", None, (5, 4)),
    ("Conv1d", (2, 3, 3), "weight", 1, (2, 2, 7)),
    ("LSTM", (3, 4), "weight_hh_l0", 0, (5, 2, 3)),
]:
    torch.manual_seed(0)
    m = nn.utils.parametrizations.weight_norm(getattr(nn, kind)(*args), name, dim)
    x = torch.randn(*shape)
    first = numbers(getattr(m, name))
    losses = train(m, x)
    out["weight_norm"].append({"kind": kind, "args": args, "name": name, "dim": dim, "shape": shape, "repr": repr(m),
                               "weight": first, "losses": losses, "state": state(m)})

for label, options in [
    ("swa", {}),
    ("ema", {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}),
    ("ema buffers", {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9), "use_buffers": True}),
    ("ema one", {"avg_fn": swa_utils.get_ema_avg_fn(0.8)}),
    ("swa one", {"avg_fn": swa_utils.get_swa_avg_fn()}),
    ("swa many", {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}),
]:
    torch.manual_seed(0)
    m = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    x = torch.randn(6, 3)
    averaged = swa_utils.AveragedModel(m, **options)
    train(m, x, 4, lambda: averaged.update_parameters(m))
    entry = {"label": label, "repr": repr(averaged), "state": state(averaged)}
    swa_utils.update_bn([x, (x * 2 + 1, None)], averaged)
    entry["updated"] = state(averaged)
    out["averages"].append(entry)

for strategy, epochs in [("cos", 5), ("linear", 3), ("linear", 0)]:
    p = nn.Parameter(torch.zeros(1))
    q = nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD([{"params": [p], "lr": 0.5}, {"params": [q]}], lr=0.1)
    scheduler = swa_utils.SWALR(opt, [0.05, 0.2], anneal_epochs=epochs, anneal_strategy=strategy)
    lrs = []
    for _ in range(8):
        opt.step()
        scheduler.step()
        lrs.append(scheduler.get_last_lr())
    out["swalr"].append({"strategy": strategy, "epochs": epochs, "lrs": lrs, "state": scheduler.state_dict()})

with open(os.path.join(os.path.dirname(__file__), "utils.json"), "w") as f:
    json.dump(out, f)
    f.write("\n")
