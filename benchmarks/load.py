"""How long it takes to load the whole file, and how much memory, in two chunk layouts.

    python benchmarks/load.py [--rounds 3] [--stand-ins DIR]
    python benchmarks/load.py --n 3000       # a sixth of the file: a few minutes on two cores

Makes two stand-ins for the real file (17,736 pictures of 256×256×3, gzip, about 2.7 GB each) from
the simulated sample, one with a picture a chunk and one in the chunks that h5py chooses by itself.
Then, in fresh processes that take turns, it measures the naive way (`np.array(ds["images"])` and
block sums), `DataManager` with h5py's own reading of chunks, as it is for filters that we do not
know, and `DataManager` as it is, without and with its cache. Ratios are of medians. The stand-ins
are deleted at the end unless ``--stand-ins`` names a folder to keep them in.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib import DataManager, dataset_path, reading
from galaxy_lib.files import disk, hdf5

N, SHAPE, COARSEN = 17736, (256, 256, 3), 4
GOALS = {"times faster than naive": 3.0, "layouts apart": 1.3, "peak MB": 650, "cached s": 0.5}


def make_stand_in(path: Path, automatic: bool, n: int) -> None:
    """Write a full-size file from the sample's pictures, over and over."""
    print(f"making {path.name} ...", flush=True)
    with h5py.File(dataset_path()) as sample, h5py.File(path.with_suffix(".part"), "w") as ds:
        layout = {"chunks": True if automatic else (1, *SHAPE), "compression": "gzip"}
        images = ds.create_dataset("images", (n, *SHAPE), np.uint8, **layout)
        pictures = sample["images"][:]
        order = np.random.default_rng(0).integers(len(pictures), size=n)
        grid = [range(0, m, k) for m, k in zip(images.shape, images.chunks, strict=True)]

        def pack(start):
            chunk = np.zeros(images.chunks, np.uint8)
            rows = order[start[0] : start[0] + images.chunks[0]]
            cut = (slice(i, i + k) for i, k in zip(start[1:], images.chunks[1:], strict=True))
            part = pictures[(rows, *cut)]
            chunk[tuple(map(slice, part.shape))] = part
            return start, zlib.compress(chunk, 4)

        for start, packed in disk.in_threads(pack, itertools.product(*grid), os.cpu_count()):
            images.id.write_direct_chunk(start, packed)
        ds["ans"] = np.sort(np.arange(n) % 10).astype(np.uint8)
    path.with_suffix(".part").rename(path)


def naive(path: Path) -> np.ndarray:
    """Read all, then coarsen, in the fast way: what is compared is reading."""
    with h5py.File(path) as ds:
        pictures = np.array(ds["images"])
    return np.concatenate([reading.block_sums(p[np.newaxis], COARSEN) for p in pictures])


def by_h5py(path: Path) -> np.ndarray:
    """h5py's own reading of chunks, as for files with other filters."""
    hdf5.unpacked = lambda images, start: None
    return manager(path)


def manager(path: Path) -> np.ndarray:
    """`DataManager` without a cache."""
    with DataManager(datafile=path, coarsen=COARSEN, seed=0, cache=False) as data:
        return data.pictures.sums(np.arange(len(data.ans)))


def cached(path: Path) -> np.ndarray:
    """`DataManager` with a cache, which the first call writes."""
    with DataManager(datafile=path, coarsen=COARSEN, seed=0) as data:
        return data.pictures.sums(np.arange(len(data.ans)))


WAYS = {way.__name__: way for way in (naive, by_h5py, manager, cached)}


def measure(way: str, path: Path) -> dict:
    """Run one way in this process: seconds, peak MB, and a checksum of what it loaded."""
    import resource

    start = time.perf_counter()
    loaded = WAYS[way](path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e3
    )
    return {"s": seconds, "MB": peak, "check": zlib.crc32(loaded)}


def in_new_process(way: str, path: Path) -> dict:
    """Run `measure` where nothing was loaded before."""
    command = [sys.executable, __file__, "--measure", way, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def report(files: dict[str, Path], rounds: int) -> bool:
    """Measure all ways in turns, print the table, and say whether the goals are met."""
    results: dict[tuple[str, str], list[dict]] = {}
    for path in files.values():
        in_new_process("cached", path)
    for _ in range(rounds):
        for way, (layout, path) in itertools.product(WAYS, files.items()):
            results.setdefault((way, layout), []).append(in_new_process(way, path))
    assert len({r["check"] for rs in results.values() for r in rs}) == 1, "unequal pixels"
    median = {
        key: {what: statistics.median(r[what] for r in rs) for what in ("s", "MB")}
        for key, rs in results.items()
    }
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"medians of {rounds} rounds on {cores} cores")
    print(f"{'':10}" + "".join(f"{layout:>28}" for layout in files))
    for way in WAYS:
        cells = [median[way, layout] for layout in files]
        print(f"{way:10}" + "".join(f"{c['s']:16.2f} s {c['MB']:7.0f} MB" for c in cells))
    ours, one, two = [median["manager", layout]["s"] for layout in files], *files
    found = {
        "times faster than naive": min(
            median["naive", layout]["s"] / median["manager", layout]["s"] for layout in (one, two)
        ),
        "layouts apart": max(ours) / min(ours),
        "peak MB": max(median["manager", layout]["MB"] for layout in files),
        "cached s": max(median["cached", layout]["s"] for layout in files),
    }
    met = True
    for goal, value in found.items():
        good = value >= GOALS[goal] if goal.startswith("times") else value <= GOALS[goal]
        met &= good
        print(f"{goal}: {value:.2f} (goal {GOALS[goal]}) {'met' if good else 'MISSED'}")
    return met


def main() -> int:
    """Make the stand-ins, measure, tidy up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n", type=int, default=N, help="pictures in a stand-in (%(default)s)")
    parser.add_argument(
        "--stand-ins", type=Path, help="keep the stand-ins here, and use them again"
    )
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure[0], Path(args.measure[1]))))
        return 0
    folder = args.stand_ins or Path(tempfile.mkdtemp(prefix="stand-ins-"))
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < (needed := 8e9 * args.n / N):
        sys.exit(f"{folder} needs {needed / 1e9:.1f} GB free; name another with --stand-ins.")
    try:
        files = {"one picture a chunk": folder / "one.h5", "automatic chunks": folder / "auto.h5"}
        for layout, path in files.items():
            if not path.exists():
                make_stand_in(path, layout.startswith("automatic"), args.n)
        return 0 if report(files, args.rounds) else 1
    finally:
        if args.stand_ins is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
