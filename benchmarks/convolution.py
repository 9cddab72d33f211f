"""Chapter 8's network: an epoch beside PyTorch's and beside bare matrix products; its accuracy.

    python benchmarks/convolution.py                 # speed and memory, on the sample
    python benchmarks/convolution.py --accuracy      # the table of chapter 8, about five minutes

Speed: one process, the same batches; the contestants take turns, round by round, and ratios are
medians over rounds. "Products" are the six matrix products of each step and nothing else, on
arrays that stay where they are; the sixth is the smallest. PyTorch is left out where it is missing.

Accuracy: each seed is one split and one set of initial weights, the same for all networks, so that
their differences are paired. Each is judged by its last epoch; seconds are the processor's, judging
after each epoch included. Chapter 8 quotes the results, which go to benchmarks/convolution.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np

from galaxy_lib import DataManager, NeuralNetwork, course
from galaxy_lib.convolution import ConvolutionalNetwork

STORED = Path(__file__).with_suffix(".json")
MIDDLE = {"coarsen": 4, "crop": 128, "seed": 1, "validation": 0.1, "augment": "d4"}
OURS = course.OUR_DATA | {"augment": "d4"}  # chapters 5 and 6: the whole picture as 16×16
BETTER = OURS | {"coarsen": 8, "crop": 128}  # chapter 7: the middle as 16×16
N_EPOCHS = 100  # each with every training picture once


# ------------------------------------------------------------------------------------------ speed


def our_epochs(network: ConvolutionalNetwork, batch_size: int) -> Iterator[float]:
    for record in network.epochs(10**6, 0.2, 0.9, batch_size):
        yield record.seconds


def pytorch_epochs(network: ConvolutionalNetwork, batch_size: int) -> Iterator[float]:
    import convolution_in_pytorch
    import torch

    torch.set_num_threads(cores())
    theirs = convolution_in_pytorch.make_network()
    convolution_in_pytorch.take_weights(theirs, network)
    while True:
        start = time.perf_counter()
        batches = network.data_manager.training_batches(batch_size)
        convolution_in_pytorch.train(theirs, batches)
        yield time.perf_counter() - start


def products(network: ConvolutionalNetwork, batch_size: int) -> Iterator[float]:
    x, _ = next(network.data_manager.training_batches(batch_size))
    found = network.layers(x)
    d_1, d_2 = (np.ones((X.shape[1], len(B)), np.float32)
                for X, B in ((found.X_1, network.B_1), (found.X_2, network.B_2)))  # fmt: skip
    B_1, B_2 = (np.ascontiguousarray(B) for B in (network.B_1, network.B_2))
    X_1, X_2 = found.X_1.T, found.X_2.T
    whole, rest = divmod(network.data_manager.n_training, batch_size)
    steps = whole + rest / batch_size
    while True:
        start = time.perf_counter()
        for _ in range(whole):
            X_1 @ B_1.T, X_2 @ B_2.T  # forwards
            d_1.T @ X_1, d_2.T @ X_2, d_2 @ B_2  # backwards
            network.A @ found.p
        yield (time.perf_counter() - start) * steps / whole


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def speed(rounds: int, batch_size: int) -> None:
    manager = DataManager(**MIDDLE)
    network = ConvolutionalNetwork(manager, seed=1)
    contestants = {"ours": our_epochs, "pytorch": pytorch_epochs, "products": products}
    running = {}
    for name, epochs in contestants.items():
        running[name] = epochs(network, batch_size)
        try:
            next(running[name])  # to warm up: threads, caches, memory
        except ImportError as error:
            del running[name]
            print(f"{name} is left out: {error}.")
    times = {name: [] for name in running}
    for _ in range(rounds):
        for name, epochs in running.items():
            times[name].append(next(epochs))
    print(
        f"{network}\n{manager.n_training} pictures, batches of {batch_size}, {cores()} cores; "
        f"medians of {rounds} rounds (Python {sys.version.split()[0]}, NumPy {np.__version__})"
    )
    for name, seconds in times.items():
        print(f"{name:9}{median(seconds):8.3f} s an epoch, from {min(seconds):.3f}", end="")
        ratios = [a / b for a, b in zip(times["ours"], seconds, strict=True)]
        print("" if name == "ours" else f"; ours takes {median(ratios):.2f} times as long")


def memory(batch_size: int) -> None:
    manager = DataManager(**MIDDLE)
    network = ConvolutionalNetwork(manager, seed=1)
    batches = manager.training_batches(batch_size)
    tracemalloc.start()
    x, y = next(batches)
    network._step([np.zeros_like(w) for w in network._weights()], x, y, 0.2, 0.9)
    print(f"one step at batches of {batch_size}: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
    tracemalloc.stop()


# --------------------------------------------------------------------------------------- accuracy


def dense(seed: int, data: dict, **settings):
    manager = DataManager(**data | {"seed": seed})
    network = NeuralNetwork(manager, hidden_layer_size=40, seed=seed, **settings)
    yield network
    list(network.epochs(N_EPOCHS, **course.OUR_TRAINING))


class Permuted:
    """A `DataManager` whose pixels are shuffled, in all pictures alike (chapter 8)."""

    def __init__(self, manager: DataManager) -> None:
        self.manager, self.order = manager, np.random.default_rng(0).permutation(32 * 32)

    def __getattr__(self, name: str):
        return getattr(self.manager, name)

    def _permuted(self, batches) -> Iterator:
        for x, y in batches:
            pixels = x.T.reshape(-1, 32 * 32, 3)[:, self.order]
            yield pixels.reshape(len(pixels), -1).T, y

    def training_batches(self, batch_size: int) -> Iterator:
        return self._permuted(self.manager.training_batches(batch_size))

    def validation_batches(self) -> Iterator:
        return self._permuted(self.manager.validation_batches())

    def test_batches(self) -> Iterator:
        return self._permuted(self.manager.test_batches())


def convolutional(seed: int, manager):
    network = ConvolutionalNetwork(manager, seed=seed)
    yield network
    list(network.epochs(N_EPOCHS - 10, 0.2, 0.9, 32))
    list(network.epochs(10, 0.02, 0.9, 32))


def networks(seed: int) -> dict:
    """Return what is held beside each other, as generators: first the network, then it trained."""
    middle = MIDDLE | {"seed": seed}
    return {
        "dense, squared error": dense(seed, OURS),
        "dense, cross-entropy": dense(seed, BETTER, loss="cross-entropy"),
        "convolutional": convolutional(seed, DataManager(**middle)),
        "convolutional, pixels shuffled": convolutional(seed, Permuted(DataManager(**middle))),
    }


def accuracy(seeds: list[int]) -> None:
    found: dict[str, dict] = {}
    for seed in seeds:
        for name, training in networks(seed).items():
            network = next(training)
            start = time.process_time()
            for _ in training:
                pass
            seconds = time.process_time() - start
            last = network.history[-1]
            weights = sum(w.size for w in network._weights())
            entry = found.setdefault(name, {"weights": weights, "runs": []})
            entry["pictures"] = network.n_trained
            entry["runs"].append(
                {
                    "seed": seed,
                    "right": round(last.test_accuracy, 4),
                    "seconds": round(seconds, 1),
                }
            )
            print(name, entry["runs"][-1], flush=True)
    neighbours = {
        name: [
            round(course.baselines(DataManager(**data | {"seed": seed}))["nearest neighbour"], 4)
            for seed in seeds
        ]
        for name, data in {"whole, 16×16": OURS, "middle, 32×32": MIDDLE}.items()
    }
    n_test = DataManager(**OURS).n_test
    stored = {"command": "python benchmarks/convolution.py --accuracy --seeds "
              + " ".join(map(str, seeds)), "n_test": n_test,
              "nearest neighbour": neighbours, "networks": found}  # fmt: skip
    STORED.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", "utf-8")
    right = {
        name: [run["right"] for run in entry["runs"]] for name, entry in found.items()
    } | neighbours
    for name, values in right.items():
        print(f"{name:32}{with_error(values)}")
    for name in ("dense, cross-entropy", "convolutional, pixels shuffled"):
        gains = np.subtract(right["convolutional"], right[name])
        print(f"convolutional less {name}: {with_error(gains)}, {np.round(gains, 3)}")
    gains = np.subtract(right["convolutional, pixels shuffled"], right["dense, cross-entropy"])
    print(f"shuffled less dense: {with_error(gains)}, {np.round(gains, 3)}")


def with_error(values) -> str:
    """Return the mean over seeds and its error, their spread over the root of their number."""
    return f"{mean(values):.3f} ± {stdev(values) / len(values) ** 0.5:.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accuracy", action="store_true", help="train, and store what comes out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    if options.accuracy:
        accuracy(options.seeds)
    else:
        speed(options.rounds, options.batch)
        memory(64)
