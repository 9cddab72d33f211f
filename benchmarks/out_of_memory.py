"""Training on more pictures than memory holds: how much slower, how much memory, how random?

    python benchmarks/out_of_memory.py                 # 200,000 pictures of 64×64×3, 2.5 GB on disk
    python benchmarks/out_of_memory.py --n 50000 --updates 50

A stand-in of ``--n`` pictures is trained on from disk (`DataManager(memory_limit=0)`) and, for
comparison, one of ``--few`` pictures from memory; each in a new process, in turns. What counts is
the time of an update, as a ratio, and the largest resident memory. Then *our network* of the
chapters is trained with a full shuffle and with the shuffle in blocks, made as coarse for the
sample as it is for 200,000 pictures, with several seeds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev

import h5py
import numpy as np

from galaxy_lib import DataManager, NeuralNetwork, course, pictures

SIDE, HIDDEN, BATCH = 64, 400, 64
GOALS = {"update, disk / memory": 1.4, "peak MB": 400}


def write_stand_in(path: Path, n: int) -> None:
    """Write ``n`` pictures sorted by class, as Galaxy10's are."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as ds:
        images = ds.create_dataset("images", (n, SIDE, SIDE, 3), np.uint8)
        for start in range(0, n, 2000):
            few = min(2000, n - start)
            images[start : start + few] = rng.integers(0, 256, (few, SIDE, SIDE, 3), np.uint8)
        ds["ans"] = np.sort(np.arange(n) % 10).astype(np.uint8)


def measure(path: Path, memory_limit: float, updates: int) -> dict:
    """Train in this process; return ms an update and the peak memory in MB."""
    import resource

    with DataManager(datafile=path, seed=1, memory_limit=memory_limit) as dm:
        network = NeuralNetwork(dm, hidden_layer_size=HIDDEN, seed=1)
        momenta = [np.zeros(w.shape, np.float32, order="F") for w in (network.A, network.B)]
        times = []
        start = time.perf_counter()
        for x, y in itertools.islice(dm.training_batches(BATCH), updates):
            network._step(momenta, x, y, 0.2, 0.9)
            times.append(time.perf_counter() - start)
            start = time.perf_counter()
        # A pass over part of the test set, which lies at random on the disk.
        for x, _ in itertools.islice(dm.test_batches(), 4):
            network.forward(x)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"ms": 1000 * mean(times[1:]), "MB": peak / (1e6 if sys.platform == "darwin" else 1e3)}


def in_new_process(path: Path, memory_limit: float, updates: int) -> dict:
    """Run `measure` where nothing was loaded before."""
    command = [sys.executable, __file__, "--measure", str(path), str(memory_limit), str(updates)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def report_speed(n: int, few: int, updates: int, rounds: int, folder: Path) -> bool:
    """Print the table and say whether the goals are met."""
    large, small = folder / "large.h5", folder / "small.h5"
    write_stand_in(large, n)
    write_stand_in(small, few)
    start = time.perf_counter()
    DataManager(datafile=large, memory_limit=0).close()  # writes the rows to disk
    print(f"{n:,} pictures written in random order in {time.perf_counter() - start:.0f} s, once")
    disk, memory = [], []
    for _ in range(rounds):
        disk.append(in_new_process(large, 0, updates))
        memory.append(in_new_process(small, 1e10, updates))
    print(f"{'':26}{'ms an update':>14}{'peak MB':>10}")
    for name, found in ((f"{n:,} from disk", disk), (f"{few:,} from memory", memory)):
        print(f"{name:26}{median(f['ms'] for f in found):14.2f}{max(f['MB'] for f in found):10.0f}")
    found = {
        "update, disk / memory": median(
            d["ms"] / m["ms"] for d, m in zip(disk, memory, strict=True)
        ),
        "peak MB": max(d["MB"] for d in disk),
    }
    for goal, value in found.items():
        verdict = "met" if value <= GOALS[goal] else "MISSED"
        print(f"{goal}: {value:.2f} (goal {GOALS[goal]}) {verdict}")
    return all(value <= GOALS[goal] for goal, value in found.items())


def report_shuffle(seeds: int, epochs: int) -> bool:
    """Train our network with both shuffles; print means, errors and their difference."""
    accuracies: dict[str, list[float]] = {"full": [], "blocks": []}
    # At 200,000 pictures 16 blocks of 341 are shuffled together, 2.7 % of them: here 40 of 1,500.
    pictures.BLOCKS_AT_A_TIME = 10
    for seed, (name, found) in itertools.product(range(seeds), accuracies.items()):
        data = course.OUR_DATA | {"seed": seed, "memory_limit": 1e10 if name == "full" else 0}
        with DataManager(**data) as dm:
            if name == "blocks":
                dm.pictures.block_rows = 4
            network = NeuralNetwork(dm, **(course.OUR_NETWORK | {"seed": seed}))
            list(network.epochs(epochs, **course.OUR_TRAINING))
            found.append(mean(record.test_accuracy for record in network.history[-10:]))
    for name, found in accuracies.items():
        error = stdev(found) / seeds**0.5
        print(f"{name:8} shuffle: {mean(found):.3f} ± {error:.3f} of the test set right")
    differences = [b - f for f, b in zip(*accuracies.values(), strict=True)]
    error = stdev(differences) / seeds**0.5
    print(f"blocks − full: {mean(differences):+.3f} ± {error:.3f} ({seeds} seeds, {epochs} epochs)")
    return abs(mean(differences)) <= 2 * error


def main() -> int:
    """Measure speed and shuffle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--few", type=int, default=10_000, help="pictures for the comparison")
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        path, limit, updates = args.measure
        print(json.dumps(measure(Path(path), float(limit), int(updates))))
        return 0
    with tempfile.TemporaryDirectory(prefix="stand-ins-") as folder:
        met = report_speed(args.n, args.few, args.updates, args.rounds, Path(folder))
    return 0 if report_shuffle(args.seeds, args.epochs) and met else 1


if __name__ == "__main__":
    sys.exit(main())
