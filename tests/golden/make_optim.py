"""Writes optim.json: what PyTorch's optimizers make of fixed gradients, and the learning rates of its schedulers.

Run with PyTorch 2.13: python tests/golden/make_optim.py
"""

import json
import math
import pathlib
import re

import torch

STEPS = 12
START = [[0.5, -1.25], [2.0, 0.125], [-0.75, 1.5]], [0.25, -0.5]


def gradients(step, shape, shift):
    """Deterministic, of either sign and several magnitudes."""
    n = math.prod(shape)
    values = [math.sin(1.7 * i + 0.9 * step + shift) * (0.1 if i % 3 else 1.0) for i in range(n)]
    return torch.tensor(values).reshape(shape)


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name)


def encode(value):
    if isinstance(value, torch.Tensor):
        return {"tensor": value.tolist(), "dtype": str(value.dtype)}
    if isinstance(value, dict):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    return value


def finite(value):
    """JSON has no infinities: they become text."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def run(name, options, dtype=torch.float32, cls=None):
    params = [torch.tensor(v, dtype=dtype, requires_grad=True) for v in START]
    if name == "Muon":
        params = params[:1]
    optimizer = getattr(torch.optim, name)(params, **options)
    text = repr(optimizer)
    values = []
    for step in range(STEPS):
        for k, p in enumerate(params):
            p.grad = gradients(step, p.shape, k).to(dtype)
            if name == "SparseAdam":
                p.grad[1] = 0
                p.grad = p.grad.to_sparse(1)
        optimizer.step()
        values.append([p.detach().flatten().tolist() for p in params])
    return {
        "name": name, "options": {camel(k): v for k, v in options.items()}, "dtype": str(dtype)[6:], "text": text,
        "values": values, "state": encode(optimizer.state_dict()),
    }


CASES = [
    ("SGD", {}), ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.25, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("SGD", {"lr": 1.0, "weight_decay": 0.5}),
    ("Adam", {}), ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adam", {"lr": 0.1, "betas": (0.3, 0.5)}),
    ("AdamW", {}), ("AdamW", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.3}), ("AdamW", {"lr": 0.1, "maximize": True}),
    ("RMSprop", {}), ("RMSprop", {"lr": 0.1, "momentum": 0.9, "centered": True, "alpha": 0.9}),
    ("RMSprop", {"lr": 0.1, "weight_decay": 0.1, "maximize": True, "eps": 0.01}), ("RMSprop", {"lr": 0.05, "momentum": 0.5}),
    ("RMSprop", {"lr": 0.05, "centered": True}),
    ("Adagrad", {}), ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adagrad", {"lr": 0.1, "maximize": True, "eps": 0.1}),
    ("Adadelta", {}), ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}), ("Adadelta", {"maximize": True}),
    ("SparseAdam", {}), ("SparseAdam", {"lr": 0.1, "betas": (0.8, 0.9), "maximize": True}),
    ("Adamax", {}), ("Adamax", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}), ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "momentum_decay": 0.01}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}), ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "betas": (0.8, 0.9)}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("ASGD", {}), ("ASGD", {"lr": 0.1, "lambd": 0.01, "alpha": 0.5, "t0": 3, "weight_decay": 0.1, "maximize": True}),
    ("Rprop", {}), ("Rprop", {"lr": 0.1, "etas": (0.4, 1.5), "step_sizes": (0.01, 0.3), "maximize": True}),
    ("Adafactor", {}), ("Adafactor", {"lr": 0.1, "weight_decay": 0.1, "d": 2.0, "eps": (1e-5, 1e-2), "maximize": True}),
    ("Muon", {}), ("Muon", {"lr": 0.1, "nesterov": False, "adjust_lr_fn": "match_rms_adamw", "weight_decay": 0.0}),
]


def lbfgs(options):
    """Rosenbrock's valley, in two parameters."""
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in ([-1.5], [2.0, -0.5]))
    optimizer = torch.optim.LBFGS([x, y], **options)
    values, losses = [], []

    def closure():
        optimizer.zero_grad()
        loss = ((1 - x) ** 2 + 10 * (y[0] - x * x) ** 2 + 3 * (y[1] - x) ** 2).sum()
        loss.backward()
        return loss

    text = repr(optimizer)
    for _ in range(10):
        losses.append(optimizer.step(closure).item())
        values.append([x.item(), *y.tolist()])
    state = optimizer.state_dict()["state"][0]
    return {
        "options": {camel(k): v for k, v in options.items()}, "text": text, "losses": losses, "values": values,
        "n_iter": state["n_iter"], "func_evals": state["func_evals"],
    }


def schedule(name, arguments, options, *, momentum=None, epochs=None, metrics=None, extra=None):
    params = [torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)]
    groups = [{"params": params[:1], "lr": 0.5}, {"params": params[1:]}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.8) if momentum != "betas" else torch.optim.Adam(groups, lr=0.1)
    make = (lambda n, a, o: getattr(torch.optim.lr_scheduler, n)(optimizer, *a, **o))
    if name in ("SequentialLR", "ChainedScheduler"):
        inner = [make(*s) for s in arguments]
        scheduler = (torch.optim.lr_scheduler.SequentialLR(optimizer, inner, options["milestones"])
                     if name == "SequentialLR" else torch.optim.lr_scheduler.ChainedScheduler(inner, optimizer))
    else:
        scheduler = make(name, arguments, options)
    lrs, moments = [], []
    for k in range(25):
        lrs.append([g["lr"] for g in optimizer.param_groups])
        moments.append([g.get("momentum", g.get("betas", [None])[0]) for g in optimizer.param_groups])
        optimizer.step()
        if metrics:
            scheduler.step(metrics[k % len(metrics)])
        elif name == "OneCycleLR" and k >= 19:
            break
        else:
            scheduler.step()
    state = {k: v for k, v in scheduler.state_dict().items() if not k.startswith("_schedulers") and not callable(v)}
    return {
        "name": name, "arguments": arguments, "options": options if name == "SequentialLR" else {},
        "named": {camel({"T_mult": "TMult", "T_max": "TMax", "T_0": "T0"}.get(k, k)): v for k, v in options.items()},
        "lrs": lrs, "momentum": moments if momentum else None, "betas": momentum == "betas", "metrics": metrics,
        "state": json.loads(json.dumps(state, default=lambda o: None)),
    }


SCHEDULES = [
    ("StepLR", [4], {"gamma": 0.5}), ("StepLR", [7], {}), ("MultiStepLR", [[3, 8, 8, 15]], {"gamma": 0.3}),
    ("ConstantLR", [], {}), ("ConstantLR", [], {"factor": 0.5, "total_iters": 8}),
    ("LinearLR", [], {}), ("LinearLR", [], {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 12}),
    ("ExponentialLR", [0.9], {}), ("PolynomialLR", [], {}), ("PolynomialLR", [], {"total_iters": 15, "power": 2.0}),
    ("CosineAnnealingLR", [10], {}), ("CosineAnnealingLR", [7], {"eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", [5], {}), ("CosineAnnealingWarmRestarts", [4], {"T_mult": 2, "eta_min": 0.01}),
    ("SequentialLR", [("ConstantLR", [], {"factor": 0.1, "total_iters": 3}), ("ExponentialLR", [0.9], {})],
     {"milestones": [5]}),
    ("SequentialLR", [("LinearLR", [], {"start_factor": 0.1, "total_iters": 4}), ("CosineAnnealingLR", [10], {}),
                      ("StepLR", [2], {})], {"milestones": [4, 14]}),
    ("ChainedScheduler", [("ConstantLR", [], {"factor": 0.1, "total_iters": 6}), ("ExponentialLR", [0.9], {})], {}),
]

if __name__ == "__main__":
    schedules = [schedule(*s) for s in SCHEDULES]
    metrics = [1.0, 0.9, 0.9, 0.91, 0.95, 0.9, 0.8, 0.8, 0.8, 0.81, 0.8, 0.8, 0.8, 0.8]
    for options in ({}, {"mode": "max", "factor": 0.5, "patience": 2}, {"patience": 1, "cooldown": 2, "min_lr": 0.002},
                    {"patience": 2, "threshold": 0.05, "threshold_mode": "abs", "factor": 0.3, "min_lr": [0.1, 0.01]}):
        schedules.append(schedule("ReduceLROnPlateau", [], options, metrics=metrics))
    for options in ({"step_size_up": 4}, {"step_size_up": 3, "step_size_down": 5, "mode": "triangular2"},
                    {"step_size_up": 4, "mode": "exp_range", "gamma": 0.9},
                    {"step_size_up": 4, "base_momentum": 0.7, "max_momentum": 0.95}):
        schedules.append(schedule("CyclicLR", [0.01, 0.2], options, momentum="momentum"))
    for options in ({"total_steps": 20}, {"epochs": 4, "steps_per_epoch": 5, "anneal_strategy": "linear"},
                    {"total_steps": 20, "three_phase": True, "div_factor": 10.0, "final_div_factor": 100.0, "pct_start": 0.4}):
        schedules.append(schedule("OneCycleLR", [0.2], options, momentum="momentum"))
    schedules.append(schedule("OneCycleLR", [0.2], {"total_steps": 20}, momentum="betas"))
    optim = [run(*c) for c in CASES]
    optim += [run(n, o, torch.float64) for n, o in CASES[1:2] + CASES[6:7]]
    out = {
        "optimizers": optim,
        "lbfgs": [lbfgs(o) for o in ({}, {"lr": 0.1, "max_iter": 4}, {"line_search_fn": "strong_wolfe"},
                                     {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2})],
        "schedules": schedules,
    }
    text = json.dumps(finite(out), allow_nan=False)
    pathlib.Path(__file__).with_name("optim.json").write_text(text)
