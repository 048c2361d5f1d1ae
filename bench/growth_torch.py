"""PyTorch's side of growth.ts: python growth_torch.py THREADS OUT.json"""
import json, sys, time
import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
SIZES = [64, 128, 256, 512, 1024, 2048, 4096]


def mlp(batch):
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    x, t, criterion = torch.randn(batch, 784), torch.randint(0, 10, (batch,)), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        criterion(net(x), t).backward()
        optimizer.step()

    return step


def layer(width):
    net, x = nn.Linear(width, width), torch.randn(64, width, requires_grad=True)

    def step():
        net.zero_grad()
        x.grad = None
        net(x).sum().backward()

    return step


def square(width):
    a, b = torch.randn(width, width), torch.randn(width, width)
    return lambda: torch.matmul(a, b)


def median(step):
    step()
    samples, begin, calls = [], time.perf_counter(), 1
    while time.perf_counter() - begin < 0.3 or len(samples) < 3:
        start = time.perf_counter()
        for _ in range(calls):
            step()
        each = (time.perf_counter() - start) * 1e3 / calls
        if each * calls < 1:
            calls *= 2
        else:
            samples.append(each)
    return sorted(samples)[len(samples) // 2]


series = {
    "MLP step by batch": ([1, 2, 4, 8, 16, 32] + SIZES, mlp),
    "layer by width": (SIZES, layer),
    "product by width": (SIZES, square),
}
points = [{"what": what, "size": n, "ms": median(make(n))} for what, (sizes, make) in series.items() for n in sizes]
json.dump(points, open(sys.argv[2], "w"))
