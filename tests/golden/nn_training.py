"""Writes nn_training.json: losses of 25 steps of small networks, trained from one seed.

Run with PyTorch 2.13: python tests/golden/nn_training.py
"""
import json, os
import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(16 * 6 * 6, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def train(name, make, batch, criterion, lr, **options):
    torch.manual_seed(0)
    net = make()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, **options)
    losses = []
    for _ in range(25):
        x, t = batch()
        optimizer.zero_grad()
        loss = criterion(net(x), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    results[name] = losses


results = {}
train("mlp", lambda: nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1), nn.Sigmoid()),
      lambda: (torch.randn(100, 2), torch.rand(100, 1)), nn.BCELoss(), 0.1)
train("mnist", lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.LogSoftmax(dim=1)),
      lambda: (torch.randn(64, 784), torch.randint(0, 10, (64,))), nn.NLLLoss(), 0.05, momentum=0.9)
train("lenet", LeNet, lambda: (torch.randn(8, 1, 32, 32), torch.randint(0, 10, (8,))), nn.CrossEntropyLoss(), 0.05, momentum=0.9)
train("bn", lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 64, 5)),
      lambda: (torch.randn(16, 3, 16, 16), torch.randint(0, 5, (16,))), nn.CrossEntropyLoss(), 0.05)
train("dropout", lambda: nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Dropout(0.2), nn.BatchNorm1d(50), nn.Linear(50, 3)),
      lambda: (torch.randn(32, 20), torch.randn(32, 3)), nn.MSELoss(), 0.05)
with open(os.path.join(os.path.dirname(__file__), "nn_training.json"), "w") as f:
    json.dump(results, f, indent=1)
