"""Writes distributions.json: what torch.distributions gives, with gradients.

Run with PyTorch 2.13: python tests/golden/make_distributions.py
"""

import itertools
import json
import pathlib
import warnings

import torch
from torch import distributions as D

warnings.simplefilter("ignore")
torch.manual_seed(0)


def encode(x):
    if x is None:
        return None
    values = [v if v == v and abs(v) != float("inf") else repr(v) for v in x.detach().reshape(-1).tolist()]
    return {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": values}


def tensors(args):
    return [a if not isinstance(a, torch.Tensor) else a.clone().requires_grad_() for a in args]


def gradients(y, inputs):
    wanted = [x for x in inputs if isinstance(x, torch.Tensor)]
    if not wanted or not y.requires_grad:
        return None
    weights = torch.arange(1, y.numel() + 1, dtype=y.dtype).reshape(y.shape) / y.numel()
    return [encode(g) for g in torch.autograd.grad((y * weights).sum(), wanted, allow_unused=True)]


def attempt(make):
    try:
        return make()
    except NotImplementedError:
        return None


def describe(name, args, options, value):
    given = tensors(args)
    named = dict(zip(options, tensors(options.values())))
    inputs = given + list(named.values())

    def make():
        return getattr(D, name)(*given, **named)

    d = make()
    case = {
        "name": name, "args": [encode(a) if isinstance(a, torch.Tensor) else a for a in args],
        "options": {k: encode(v) if isinstance(v, torch.Tensor) else v for k, v in options.items()},
        "text": repr(d), "batch": list(d.batch_shape), "event": list(d.event_shape), "support": str(d.support),
        "value": encode(value), "results": {},
    }
    results = case["results"]
    for key in ("mean", "variance", "stddev", "mode"):
        results[key] = {"y": encode(getattr(make(), key))}
    for key in ("entropy", "perplexity"):
        y = getattr(make(), key)()
        results[key] = {"y": encode(y), "grads": gradients(y, inputs)}
    y = make().log_prob(value)
    results["log_prob"] = {"y": encode(y), "grads": gradients(y, inputs)}
    density = y.dtype
    for key in ("cdf", "icdf"):
        if name == "Gamma":
            continue
        at = value if key == "cdf" else torch.full_like(value, 0.3, dtype=density)
        y = attempt(lambda: getattr(make(), key)(at))
        if y is not None:
            results[key] = {"y": encode(y), "grads": gradients(y, inputs)}
    y = attempt(lambda: make().enumerate_support())
    if y is not None:
        results["enumerate_support"] = {"y": encode(y)}
    for shape in ([], [3, 2]):
        torch.manual_seed(5)
        results[f"sample {shape}"] = {"y": encode(make().sample(shape))}
        if d.has_rsample:
            torch.manual_seed(5)
            y = make().rsample(shape)
            results[f"rsample {shape}"] = {"y": encode(y), "grads": gradients(y, inputs)}
    return case


def rand(*shape, low=0.2, high=3.0, dtype=torch.float32):
    return torch.rand(*shape, dtype=dtype) * (high - low) + low


f64 = torch.float64
cases = [
    describe("Normal", [0.5, 2.0], {}, torch.tensor([0.3, -1.0])),
    describe("Normal", [torch.tensor([0.5, -1.0, 2.0]), rand(3)], {}, torch.randn(2, 3)),
    describe("Normal", [torch.randn(2, 1, dtype=f64), rand(3, dtype=f64)], {}, torch.randn(2, 3, dtype=f64)),
    describe("Uniform", [-1.0, 2.0], {}, torch.tensor([0.3, -0.5])),
    describe("Uniform", [-rand(3), rand(3)], {}, torch.zeros(2, 3)),
    describe("Bernoulli", [0.3], {}, torch.tensor([0.0, 1.0])),
    describe("Bernoulli", [rand(3, low=0.1, high=0.9)], {}, torch.tensor([0.0, 1.0, 1.0])),
    describe("Bernoulli", [], {"logits": torch.tensor([-1.0, 0.5, 40.0])}, torch.tensor([0.0, 1.0, 1.0])),
    describe("Bernoulli", [torch.tensor([0.0, 0.5, 1.0])], {}, torch.tensor([0.0, 1.0, 1.0])),
    describe("Categorical", [rand(4)], {}, torch.tensor([0, 3])),
    describe("Categorical", [rand(2, 4, dtype=f64)], {}, torch.tensor([1, 3])),
    describe("Categorical", [], {"logits": torch.randn(3, 5)}, torch.tensor([[0, 1, 2], [4, 3, 2]])),
    describe("Beta", [2.0, 3.5], {}, torch.tensor([0.3, 0.9])),
    describe("Beta", [rand(3), rand(3)], {}, rand(2, 3, low=0.1, high=0.9)),
    describe("Beta", [rand(3, low=5, high=20, dtype=f64), rand(3, low=0.1, high=1, dtype=f64)], {}, rand(3, low=0.1, high=0.9, dtype=f64)),
    describe("Dirichlet", [rand(2, 3)], {}, torch.tensor([0.2, 0.5, 0.3])),
    describe("Dirichlet", [torch.tensor([0.2, 0.5, 0.3], dtype=f64)], {}, torch.tensor([0.2, 0.5, 0.3], dtype=f64)),
    describe("Gamma", [2.0, 3.5], {}, torch.tensor([0.3, 0.9])),
    describe("Gamma", [rand(3), rand(3)], {}, rand(2, 3)),
    describe("Gamma", [rand(3, low=0.05, high=20, dtype=f64), rand(3, dtype=f64)], {}, rand(3, dtype=f64)),
    describe("Exponential", [1.5], {}, torch.tensor([0.3, 0.9])),
    describe("Exponential", [rand(3)], {}, rand(2, 3)),
    describe("Exponential", [rand(3, dtype=f64)], {}, rand(2, 3, dtype=f64)),
]
matrix = torch.randn(2, 3, 3)
covariance = matrix @ matrix.mT + 0.5 * torch.eye(3)
factor = torch.linalg.cholesky(covariance)
cases += [
    describe("MultivariateNormal", [torch.randn(3), covariance[0]], {}, torch.randn(2, 3)),
    describe("MultivariateNormal", [torch.randn(2, 3)], {"scale_tril": factor}, torch.randn(2, 3)),
    describe("MultivariateNormal", [torch.randn(3).double()], {"precision_matrix": covariance[1].double()}, torch.randn(4, 3).double()),
    describe("MultivariateNormal", [torch.randn(4, 1, 3)], {"covariance_matrix": covariance}, torch.randn(5, 4, 2, 3)),
]

few = {
    "Normal": [torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0])], "Uniform": [torch.tensor([0.1, 0.2]), torch.tensor([0.7, 0.9])],
    "Bernoulli": [torch.tensor([0.3, 0.6])], "Categorical": [rand(2, 3)], "Beta": [rand(2), rand(2)], "Dirichlet": [rand(2, 3)],
    "Gamma": [rand(2), rand(2)], "Exponential": [rand(2)], "MultivariateNormal": [torch.randn(2, 3), covariance],
}
divergences = []
for p, q in itertools.product(few, few):
    ps, qs = tensors(few[p]), tensors([a * 1.1 if q != "Bernoulli" else a * 0.9 for a in few[q]])
    y = attempt(lambda: D.kl_divergence(getattr(D, p)(*ps), getattr(D, q)(*qs)))
    if y is None:
        continue
    divergences.append({
        "p": [p, *[encode(a) for a in ps]], "q": [q, *[encode(a) for a in qs]], "y": encode(y), "grads": gradients(y, ps + qs),
    })
torch.manual_seed(1)


def line(c):
    return json.dumps(c)


pathlib.Path(__file__).with_name("distributions.json").write_text(
    '{\n"cases": [\n' + ",\n".join(map(line, cases)) + '\n],\n"divergences": [\n' + ",\n".join(map(line, divergences)) + "\n]\n}\n"
)
