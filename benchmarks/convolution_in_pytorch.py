"""Chapter 8's network in PyTorch: what a framework leaves you to do."""

import torch
from torch import nn


def make_network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(16, 32, 5, stride=2, padding=2), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip


def train(network, batches, learning_rate=0.2, beta=0.9):
    # Their v is ours divided by 1 − β, so the step is multiplied by it.
    lr = (1 - beta) * learning_rate
    step = torch.optim.SGD(network.parameters(), lr, momentum=beta)
    for x, y in batches:  # x (N_in, S) and y (N_out, S) of a DataManager
        pictures = torch.from_numpy(x.T.reshape(-1, 32, 32, 3))
        u = network(pictures.permute(0, 3, 1, 2))
        loss = nn.functional.cross_entropy(u, torch.from_numpy(y.argmax(0)))
        step.zero_grad()
        loss.backward()
        step.step()


def take_weights(network, ours):
    """Start from a ConvolutionalNetwork's weights, channels first."""
    first, second, last = network[0], network[2], network[6]
    A, B_1, B_2 = (torch.tensor(w) for w in (ours.A, ours.B_1, ours.B_2))
    with torch.no_grad():
        first.weight[:] = B_1.reshape(16, 5, 5, 3).permute(0, 3, 1, 2)
        second.weight[:] = B_2.reshape(32, 5, 5, 16).permute(0, 3, 1, 2)
        A = A.reshape(10, 4, 4, 32).permute(0, 3, 1, 2)
        last.weight[:] = A.flatten(start_dim=1)
        biases = ours.b_1, ours.b_2, ours.a
        for layer, b in zip((first, second, last), biases, strict=True):
            layer.bias[:] = torch.tensor(b).flatten()
