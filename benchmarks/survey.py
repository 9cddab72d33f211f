"""How fast is a survey? Classifying beside its floor, one worker beside two, N beside 2N.

    python benchmarks/survey.py                       # 8 files of 8,000: 64,000 pictures of 64×64×3
    python benchmarks/survey.py --files 4 --n 2000

Made-up files of 256×256×3 with their caches, coarsened by 4, in a temporary folder: 25 kB a picture
on disk. The network has 400 hidden units, as the original's. The floor is reading the caches and
the big product, on one core, and nothing else. All sides take turns, round by round; ratios are
medians over rounds. A million is not run but reckoned from the slice, and the last lines say so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
import zlib
from pathlib import Path
from statistics import median

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--files", type=int, default=8)
parser.add_argument("--n", type=int, default=8000, help="pictures in each file")
parser.add_argument("--hidden", type=int, default=400, help="hidden units")
parser.add_argument("--rounds", type=int, default=5)
options = parser.parse_args()
# Read once, when the libraries are loaded: floor and contestants use one core each.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import h5py  # noqa: E402
import numpy as np  # noqa: E402
from scipy.linalg.blas import sgemm  # noqa: E402

from galaxy_lib import DataManager, NeuralNetwork, survey  # noqa: E402
from galaxy_lib.files import cache, datasets  # noqa: E402

COARSEN, SIDE, POOL = 4, 256, 64
rng = np.random.default_rng(0)


def write_file(path: Path, n: int) -> None:
    """Write ``n`` galaxies, ``POOL`` different pictures over and over, and the cache beside it."""
    pictures = rng.integers(0, 256, (POOL, 16, 16, 3), dtype=np.uint8)
    packed = [zlib.compress(p.repeat(16, 0).repeat(16, 1).tobytes(), 1) for p in pictures]
    with h5py.File(path, "w") as file:
        shape = (n, SIDE, SIDE, 3)
        images = file.create_dataset(
            "images", shape, "u1", chunks=(1, *shape[1:]), compression="gzip"
        )
        for row in range(n):
            images.id.write_direct_chunk((row, 0, 0, 0), packed[row % POOL])
        file["ans"] = np.arange(n, dtype=np.uint8) % 10
        for name in ("ra", "dec"):
            file[name] = rng.uniform(0, 90, n)
    with datasets.open_dataset(path) as ds:
        cache.coarsened(path, ds["images"], COARSEN, [path.parent])


def floor(files: list[Path], network: NeuralNetwork) -> tuple[float, float]:
    """Return the seconds of reading all caches, and of the big product for as many pictures."""
    start = time.perf_counter()
    for path in files:
        with datasets.open_dataset(path) as ds:
            for _ in cache.pieces(path, ds["images"], COARSEN, survey.PIECE, [path.parent]):
                pass
    middle = time.perf_counter()
    x = np.asfortranarray(rng.random((network.N_in, survey.PIECE), dtype=np.float32))
    sizes = [survey.PIECE] * (options.n // survey.PIECE) + [options.n % survey.PIECE]
    for S in filter(None, sizes * len(files)):
        sgemm(1, network.B, x[:, :S])
    return middle - start, time.perf_counter() - middle


def peak_megabytes() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    files = [folder / f"field-{i:03}.h5" for i in range(options.files)]
    for path in files:
        write_file(path, options.n)
    manager = DataManager(0.5, files[0], coarsen=COARSEN, seed=1, validation=0.1)
    network = NeuralNetwork(manager, hidden_layer_size=options.hidden, seed=1)
    calibration = survey.calibrate(network)
    total = options.files * options.n
    times: dict[str, list[float]] = {}
    runs = 0

    def classify(files, client=None) -> float:
        nonlocal runs
        runs += 1
        to = folder / f"catalogue-{runs}"
        done = survey.classify(files, network, to, client, calibration=calibration)
        assert done.n_galaxies == len(files) * options.n
        assert not done.failed
        shutil.rmtree(to)
        return done.seconds

    with survey.local_client(1) as one, survey.local_client(2) as two:
        for client in (None, one, two):
            classify(files[:2], client)  # to warm up: imports, disk, memory
        for _ in range(options.rounds):
            read, product = floor(files, network)
            for name, seconds in {
                "reading the caches": read,
                "bare product": product,
                "floor, both": read + product,
                "this process": classify(files),
                "one worker": classify(files, one),
                "two workers": classify(files, two),
                "two, half the files": classify(files[: options.files // 2], two),
            }.items():
                times.setdefault(name, []).append(seconds)
        peaks = [*one.run(peak_megabytes).values(), *two.run(peak_megabytes).values()]
    manager.close()
    shutil.rmtree(folder)

    def ratio(name: str, to: str) -> float:
        return median(a / b for a, b in zip(times[name], times[to], strict=True))

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(
        f"{total:,} pictures of 64×64×3 in {options.files} files, {options.hidden} hidden, "
        f"{cores} cores; medians of {options.rounds} rounds"
    )
    print(f"{'':22}{'s':>8}{'from':>8}{'to':>8}{'µs/picture':>13}")
    for name, seconds in times.items():
        n = total // 2 if "half" in name else total
        of_one = 1e6 * median(seconds) / n
        columns = f"{median(seconds):8.2f}{min(seconds):8.2f}{max(seconds):8.2f}"
        print(f"{name:22}{columns}{of_one:13.0f}")
    print(f"this process: {ratio('this process', 'floor, both'):.2f} × the floor")
    print(f"two workers: {ratio('one worker', 'two workers'):.2f} × as fast as one")
    doubled = ratio("two workers", "two, half the files")
    print(f"twice the files: {doubled:.2f} × the time")
    print(f"peak memory of a worker: {max(peaks):.0f} MB")
    million = 1e6 * median(times["two workers"]) / total
    print(f"a million, reckoned from {total:,}, not run: {million:.0f} s with two workers")


if __name__ == "__main__":
    main()
