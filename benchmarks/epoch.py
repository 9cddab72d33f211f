"""How long does one epoch take? Ours beside the plain loop, clear NumPy, PyTorch and scikit-learn.

    python benchmarks/epoch.py                            # full size: 14188 pictures, 400 hidden
    python benchmarks/epoch.py --batch 512 --threads 2
    python benchmarks/epoch.py --only ours --n 1000       # and the floor, always
    python benchmarks/epoch.py --course                   # the network of the chapters, one thread

One process, made-up pictures in a temporary file. All contestants take turns, round by round, so
that a slow moment of the machine hits them alike; ratios are medians over rounds. The floor, the
two big matrix products of each batch and nothing else, is timed at the start, in every round and
at the end: where it moved, the figures are not to be quoted, and the last line says so. The plain
loops run on a share of the pictures and their time is scaled up. PyTorch and scikit-learn are
skipped where not installed. Ours is timed without its assessing, but for "whole", which is all that
an epoch takes; "turned" is whole too, with ``augment="d4"``. With one thread it is processor time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--n", type=int, default=14188, help="training pictures")
parser.add_argument("--hidden", type=int, default=400, help="hidden units")
parser.add_argument("--batch", type=int, default=64, help="pictures per batch")
parser.add_argument("--threads", type=int, help="threads of every library (all cores)")
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--only", nargs="+", metavar="NAME", help="leave the other contestants out")
parser.add_argument("--coarsen", type=int, default=4)
parser.add_argument("--course", action="store_true", help="1080 pictures, 40 hidden, coarsen 16")
options = parser.parse_args()
if options.course:
    parser.set_defaults(n=1080, hidden=40, coarsen=16, threads=1, rounds=101)
    parser.set_defaults(only=["ours", "whole", "turned"])
    options = parser.parse_args()

# Libraries read these once, when they are loaded.
if options.threads:
    for name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
        os.environ[f"{name}_NUM_THREADS"] = str(options.threads)
if core := os.environ.pop("OPENBLAS_CORETYPE", None):
    print(f"OPENBLAS_CORETYPE={core} would hold OpenBLAS back: ignored.")

import h5py  # noqa: E402
import numpy as np  # noqa: E402
from scipy.linalg.blas import saxpy, sgemm  # noqa: E402

from galaxy_lib.data import DataManager  # noqa: E402
from galaxy_lib.galaxy import N_TYPES, Galaxy  # noqa: E402
from galaxy_lib.network import NeuralNetwork, gradients, sigmoid  # noqa: E402

COARSEN, POOL = options.coarsen, 256
LEARNING_RATE, BETA = 0.2, 0.9
PLAIN_SHARE = 1 / 16  # of the pictures that the plain loops meet in a round
MOVED = 1.2  # floors further apart than this: too noisy

rng = np.random.default_rng(0)
clock = time.process_time if options.threads == 1 else time.perf_counter


def write_stand_in(path: Path, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Write ``n`` pictures in the layout of Galaxy10, ``POOL`` different ones over and over."""
    answers = np.arange(POOL, dtype=np.uint8) % N_TYPES
    blobs = rng.integers(0, 200, (N_TYPES, 16, 16, 3))[answers]
    pictures = (blobs + rng.integers(0, 56, blobs.shape)).repeat(16, axis=1).repeat(16, axis=2)
    pictures = pictures.astype(np.uint8)
    packed = [zlib.compress(picture.tobytes(), 1) for picture in pictures]
    with h5py.File(path, "w") as file:
        shape = (n, *pictures.shape[1:])
        chunks = (1, *shape[1:])
        images = file.create_dataset("images", shape, "u1", chunks=chunks, compression="gzip")
        for row in range(n):
            images.id.write_direct_chunk((row, 0, 0, 0), packed[row % POOL])
        file["ans"] = np.resize(answers, n)
        for name in ("ra", "dec", "redshift", "pxscale"):
            file[name] = np.full(n, np.nan)
    return pictures, answers


# ------------------------------------------------------------------------------- the contestants
# Each yields the seconds of one epoch at a time.


def coarsened(row: int) -> Galaxy:
    """Return a galaxy made the plain way: from the full picture, by a mean over a 5-d view."""
    height, width, bands = pictures.shape[1:]
    blocks = pictures[row % POOL].reshape(
        height // COARSEN, COARSEN, width // COARSEN, COARSEN, bands
    )
    return Galaxy(blocks.mean(axis=(1, 3)), answers[row % POOL], index=row)


def plain_loop() -> Iterator[float]:
    A, B = network.A.copy("C"), network.B.copy("C")
    n = max(options.batch, int(options.n * PLAIN_SHARE) // options.batch * options.batch)
    n = min(n, options.n)
    while True:
        v_A, v_B = np.zeros_like(A), np.zeros_like(B)
        start = time.perf_counter()
        rows = rng.permutation(manager.training_indices)[:n]
        for first in range(0, n, options.batch):
            inputs, outputs = [], []
            for row in rows[first : first + options.batch]:
                galaxy = coarsened(row)
                inputs.append(np.ravel(galaxy.data))
                outputs.append(galaxy.out)
            grad_A, grad_B = gradients(A, B, np.array(inputs).T, np.array(outputs).T)
            v_A = BETA * v_A + (1 - BETA) * grad_A
            v_B = BETA * v_B + (1 - BETA) * grad_B
            A = A - LEARNING_RATE * v_A
            B = B - LEARNING_RATE * v_B
        yield (time.perf_counter() - start) * options.n / n


def clear_numpy() -> Iterator[float]:
    A, B = network.A.copy("C"), network.B.copy("C")
    v_A, v_B = np.zeros_like(A), np.zeros_like(B)
    while True:
        start = time.perf_counter()
        for x, y in manager.training_batches(options.batch):
            grad_A, grad_B = gradients(A, B, x, y)
            for weights, v, gradient in ((A, v_A, grad_A), (B, v_B, grad_B)):
                v *= BETA
                gradient *= 1 - BETA
                v += gradient
                weights -= LEARNING_RATE * v
        yield time.perf_counter() - start


def ours() -> Iterator[float]:
    for record in network.epochs(10**6, LEARNING_RATE, BETA, options.batch):
        yield record.seconds


def whole(augment: str | None = None) -> Iterator[float]:
    with DataManager(SHARE, path, coarsen=COARSEN, seed=1, augment=augment, cache=False) as data:
        another = NeuralNetwork(data, hidden_layer_size=options.hidden, seed=2)
    records = another.epochs(10**6, LEARNING_RATE, BETA, options.batch)
    while True:
        start = clock()
        next(records)
        yield clock() - start


def floor() -> Iterator[float]:
    """Time the two big products of each batch, on arrays that stay where they are."""
    x = np.asfortranarray(rng.random((network.N_in, options.batch), dtype=np.float32))
    d = np.asfortranarray(rng.random((network.N_hidden, options.batch), dtype=np.float32))
    B, grad_B = network.B.copy("F"), np.empty_like(network.B, order="F")
    sizes = [options.batch] * (options.n // options.batch) + [options.n % options.batch]
    while True:
        start = clock()
        for S in filter(None, sizes):
            sgemm(1, B, x[:, :S])
            sgemm(1, d[:, :S], x[:, :S], trans_b=1, c=grad_B, overwrite_c=1)
        yield clock() - start


def pytorch() -> Iterator[float]:
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    x, y = (torch.from_numpy(array.T) for array in manager.training_set())
    model = torch.nn.Sequential(
        torch.nn.Linear(network.N_in, network.N_hidden, bias=False),
        torch.nn.Sigmoid(),
        torch.nn.Linear(network.N_hidden, network.N_out, bias=False),
        torch.nn.Sigmoid(),
    )
    optimizer = torch.optim.SGD(
        model.parameters(), lr=LEARNING_RATE, momentum=BETA, dampening=1 - BETA
    )
    while True:
        start = time.perf_counter()
        for rows in torch.randperm(len(x)).split(options.batch):
            loss = ((model(x[rows]) - y[rows]) ** 2).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield time.perf_counter() - start


def scikit_learn() -> Iterator[float]:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (network.N_hidden,), activation="logistic", solver="sgd", alpha=0,
        batch_size=options.batch, learning_rate_init=0.01, momentum=BETA, nesterovs_momentum=False,
    )  # fmt: skip
    x, y = manager.training_set()
    x, y = x.T, y.argmax(axis=0)
    while True:
        start = time.perf_counter()
        model.partial_fit(x, y, classes=range(N_TYPES))
        yield time.perf_counter() - start


def plain_assess() -> Iterator[float]:
    rows = manager.test_indices[: max(64, int(manager.n_test * PLAIN_SHARE))]
    A, B = network.A.copy("C"), network.B.copy("C")
    while True:
        start = time.perf_counter()
        for galaxy in map(coarsened, rows):
            galaxy.validate(sigmoid(A @ sigmoid(B @ galaxy.data.reshape(-1, 1))))
        yield (time.perf_counter() - start) * manager.n_test / len(rows)


def our_assess() -> Iterator[float]:
    while True:
        start = time.perf_counter()
        network.assess()
        yield time.perf_counter() - start


CONTESTANTS: dict[str, Callable[[], Iterator[float]]] = {
    "plain": plain_loop,
    "clear": clear_numpy,
    "ours": ours,
    "whole": whole,
    "turned": lambda: whole("d4"),
    "pytorch": pytorch,
    "sklearn": scikit_learn,
    "plain assess": plain_assess,
    "our assess": our_assess,
}

with tempfile.TemporaryDirectory() as folder:
    n_file = -(-options.n * 5 // 4)  # partition=0.8 leaves n, or one more
    path = Path(folder) / "stand_in.h5"
    pictures, answers = write_stand_in(path, n_file)
    SHARE = (options.n + 0.5) / n_file
    manager = DataManager(SHARE, path, coarsen=COARSEN, seed=1, cache=False)
    assert manager.n_training == options.n
    network = NeuralNetwork(manager, hidden_layer_size=options.hidden, seed=2)

    running = {"floor": floor()}
    for name, contestant in CONTESTANTS.items():
        if not options.only or name in options.only:
            running[name] = contestant()
            try:
                next(running[name])  # to warm up: threads, caches, memory
            except ImportError as error:
                del running[name]
                print(f"{name} is left out: {error}.")

    first_floor = min(next(running["floor"]) for _ in range(3))
    times: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(options.rounds):
        for name, epochs in running.items():
            times[name].append(next(epochs))
    last_floor = min(next(running["floor"]) for _ in range(3))

    vector = network.B.ravel("K").copy()
    passes = []
    for _ in range(50):
        start = time.perf_counter()
        saxpy(vector, network.B.ravel("K"), a=1e-9)
        passes.append(time.perf_counter() - start)
    manager.close()


def ratio(name: str, to: str) -> float:
    """Return the median over rounds of how many times longer ``name`` took."""
    return median(a / b for a, b in zip(times[name], times[to], strict=True))


cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
print(
    f"{options.n} pictures of {network.N_in} values, {options.hidden} hidden, batches of "
    f"{options.batch}, threads: {options.threads or 'all'} of {cores}; medians of "
    f"{options.rounds} rounds (Python {sys.version.split()[0]}, NumPy {np.__version__})"
)
print(f"{'':14}{'s':>9}{'from':>9}{'to':>9}{'ms/picture':>12}{'of floor':>10}")
for name, seconds in times.items():
    count = manager.n_test if "assess" in name else options.n
    columns = f"{median(seconds):9.3f}{min(seconds):9.3f}{max(seconds):9.3f}"
    per_picture = 1000 * median(seconds) / count
    of_floor = "" if "assess" in name else f"{ratio(name, 'floor'):10.2f}"
    print(f"{name:14}{columns}{per_picture:12.4f}{of_floor}")
for name, to in (
    ("plain", "ours"), ("clear", "ours"), ("ours", "pytorch"), ("ours", "sklearn"),
    ("plain assess", "our assess"),
):  # fmt: skip
    if name in times and to in times:
        print(f"{name} takes {ratio(name, to):.2f} times as long as {to}")

products = 4 * options.n * network.N_in * options.hidden / median(times["floor"])
print(f"roofline: products {products / 1e9:.0f} GFLOP/s, ", end="")
print(f"memory passes {3 * vector.nbytes / median(passes) / 1e9:.0f} GB/s")
low, high = np.percentile(times["floor"], (10, 90))
spread = high / low
moved = max(first_floor, last_floor) / min(first_floor, last_floor)
print(f"floor: {first_floor:.3f} s at the start, {last_floor:.3f} s at the end, ", end="")
print(f"within a factor of {spread:.2f} in eight rounds of ten: ", end="")
print("the machine was too noisy to quote this." if max(moved, spread) > MOVED else "quiet.")
