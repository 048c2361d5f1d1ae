"""Writes models.json: the losses of 20 steps of whole models, made and trained from one seed in PyTorch.

Run with PyTorch 2.13: python tests/golden/make_models.py
"""
import json, os, warnings
import torch
from torch import nn
import torch.nn.functional as F

warnings.simplefilter("ignore")
STEPS = 20
results = {}


def record(name):
    def run(make_step):
        torch.manual_seed(1)
        step = make_step()
        losses = []
        for _ in range(STEPS):
            values = step()
            losses.append([v.item() for v in (values if isinstance(values, (list, tuple)) else [values])])
        results[name] = losses
    return run


text = "the quick brown fox jumps over the lazy dog and runs away from the slow red bear. "
letters = sorted(set(text))
codes = torch.tensor([letters.index(c) for c in text])


def snippets(length, batch):
    """Random pieces of the text and the same moved by one letter, [length, batch]."""
    starts = torch.randint(0, len(text) - length - 1, (batch,)).tolist()
    xs = torch.stack([codes[s:s + length] for s in starts], 1)
    ts = torch.stack([codes[s + 1:s + length + 1] for s in starts], 1)
    return xs, ts


class CharLSTM(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.embed = nn.Embedding(n, 12)
        self.lstm = nn.LSTM(12, 24, num_layers=2, dropout=0.1)
        self.head = nn.Linear(24, n)

    def forward(self, x):
        y, _ = self.lstm(self.embed(x))
        return self.head(y)


@record("lstm")
def _():
    net = CharLSTM(len(letters))
    opt = torch.optim.Adam(net.parameters(), lr=0.01)

    def step():
        x, t = snippets(15, 8)
        opt.zero_grad()
        loss = F.cross_entropy(net(x).reshape(-1, len(letters)), t.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        return loss
    return step


class GRUClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(5, 16, batch_first=True, bidirectional=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        _, h = self.gru(x)
        return self.head(torch.cat([h[0], h[1]], 1))


@record("gru")
def _():
    net = GRUClassifier()
    opt = torch.optim.RMSprop(net.parameters(), lr=0.005)

    def step():
        x, t = torch.randn(8, 12, 5), torch.randint(0, 3, (8,))
        opt.zero_grad()
        loss = F.cross_entropy(net(x), t)
        loss.backward()
        opt.step()
        return loss
    return step


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.layers = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2), Block(16, 16, 1))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 4)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        y = self.layers(F.relu(self.bn(self.stem(x))))
        return self.fc(torch.flatten(self.pool(y), 1))


@record("resnet")
def _():
    net = ResNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=STEPS)

    def step():
        x, t = torch.randn(8, 3, 12, 12), torch.randint(0, 4, (8,))
        opt.zero_grad()
        loss = F.cross_entropy(net(x), t, label_smoothing=0.1)
        loss.backward()
        opt.step()
        schedule.step()
        return loss
    return step


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(36, 20)
        self.fc21 = nn.Linear(20, 4)
        self.fc22 = nn.Linear(20, 4)
        self.fc3 = nn.Linear(4, 20)
        self.fc4 = nn.Linear(20, 36)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


@record("vae")
def _():
    net = VAE()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)

    def step():
        x = torch.rand(10, 36)
        opt.zero_grad()
        y, mu, logvar = net(x)
        loss = F.binary_cross_entropy(y, x, reduction="sum") - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss.backward()
        opt.step()
        return loss
    return step


def dcgan_weights(m):
    name = m.__class__.__name__
    if name.find("Conv") != -1:
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif name.find("BatchNorm") != -1:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


@record("dcgan")
def _():
    generator = nn.Sequential(
        nn.ConvTranspose2d(6, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
        nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(True),
        nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=False), nn.Tanh())
    discriminator = nn.Sequential(
        nn.Conv2d(1, 8, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(8, 16, 4, 2, 1, bias=False), nn.BatchNorm2d(16), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(16, 1, 4, 1, 0, bias=False), nn.Sigmoid())
    generator.apply(dcgan_weights)
    discriminator.apply(dcgan_weights)
    criterion = nn.BCELoss()
    opt_d = torch.optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    opt_g = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))

    def step():
        real = torch.randn(6, 1, 16, 16)
        discriminator.zero_grad()
        label = torch.full((6,), 1.0)
        loss_real = criterion(discriminator(real).view(-1), label)
        loss_real.backward()
        fake = generator(torch.randn(6, 6, 1, 1))
        label.fill_(0.0)
        loss_fake = criterion(discriminator(fake.detach()).view(-1), label)
        loss_fake.backward()
        opt_d.step()
        generator.zero_grad()
        label.fill_(1.0)
        loss_g = criterion(discriminator(fake).view(-1), label)
        loss_g.backward()
        opt_g.step()
        return loss_real, loss_fake, loss_g
    return step


class TransformerClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 16)
        self.position = nn.Parameter(torch.randn(10, 16) * 0.1)
        layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.1, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(16))
        self.head = nn.Linear(16, 11)

    def forward(self, x, padding):
        y = self.encoder(self.embed(x) + self.position, src_key_padding_mask=padding)
        return self.head(y)


@record("transformer")
def _():
    net = TransformerClassifier()
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)

    def step():
        x = torch.randint(0, 11, (6, 10))
        padding = torch.arange(10) >= torch.randint(5, 11, (6, 1))
        opt.zero_grad()
        y = net(x, padding)
        loss = F.cross_entropy(y.transpose(1, 2), x.masked_fill(padding, -100))
        loss.backward()
        opt.step()
        return loss
    return step


with open(os.path.join(os.path.dirname(__file__), "models.json"), "w") as f:
    json.dump({"text": text, "losses": results}, f)
    f.write("\n")
