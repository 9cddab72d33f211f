"""Which file of galaxies is used, whether it is sound, and where one comes from.

A file is the real Galaxy10 DECaLS, a piece of it, or the simulated sample; all have the same
schema. `dataset_path` chooses, `open_dataset` opens and validates, `describe` says what a file is.
"""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib.galaxy import N_TYPES, galaxy_types
from galaxy_lib.reading import in_threads, n_workers, progress, written_whole

FILE_NAME = "Galaxy10_DECals.h5"
SAMPLE_SIZE = 1500
SAMPLE_SEED = 2026
CATALOGUE = ("ra", "dec", "redshift", "pxscale")
GZIP_LEVEL = 4
PICTURE = struct.Struct("<qdd")  # how a worker sends one: bytes, redshift, pxscale

# ---------------------------------------------------------------------------------- which file


def cache_folder() -> Path:
    """Return the user's cache folder, or the one that the variable GALAXY10_CACHE names."""
    if chosen := os.environ.get("GALAXY10_CACHE"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("galaxy_lib"))


def find_dataset(datafile: str | os.PathLike | None = None) -> tuple[Path, str]:
    """Return the file in use and why it is this one; see `dataset_path`."""
    if datafile is not None:
        return _existing(Path(datafile).expanduser(), ""), "it was named"
    if named := os.environ.get("GALAXY10_FILE"):
        hint = " (named by the environment variable GALAXY10_FILE)"
        return _existing(Path(named).expanduser(), hint), "GALAXY10_FILE names it"
    if (here := Path(FILE_NAME)).exists():
        return here, "it is in the working directory"
    return simulated_sample_path(), "no real file was named or found"


def _existing(path: Path, hint: str) -> Path:
    if not path.exists():
        raise FileNotFoundError(
            f"There is no file {path}{hint}; `python -m galaxy_lib fetch` gets the real one."
        )
    return path


def dataset_path(datafile: str | os.PathLike | None = None) -> Path:
    """Find the file of galaxies to use (chapter 1).

    Parameters
    ----------
    datafile : path, optional
        An explicit choice. Without one it is the file that the environment variable
        ``GALAXY10_FILE`` names, else ``Galaxy10_DECals.h5`` in the working directory, else the
        simulated sample, which is made on first use and kept in the user's cache folder (or in
        the one that ``GALAXY10_CACHE`` names).

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        If the file that was chosen does not exist.
    """
    return find_dataset(datafile)[0]


# ------------------------------------------------------------------------------- is it sound?


def open_dataset(path: str | os.PathLike) -> h5py.File:
    """Open a file for reading and validate what every use of it relies on.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    OSError
        If it is not HDF5, or only a part of it.
    ValueError
        If its contents are not those of a Galaxy10 file.
    """
    path = _existing(Path(path), "")
    try:
        ds = h5py.File(path, "r")
    except OSError as error:
        raise OSError(
            f"{path} is not a readable HDF5 file ({error}); is it another file, or a part of one?"
        ) from None
    for problem in problems(ds):
        ds.close()
        raise ValueError(f"{path}: {problem}")
    return ds


def problems(ds: h5py.File) -> Iterator[str]:
    """Yield what keeps an open file from being used, one sentence each."""
    for name in ("images", "ans"):
        if not isinstance(ds.get(name), h5py.Dataset):
            yield f"it holds no data set {name!r}; a Galaxy10 file has 'images' and 'ans'."
            return
    images, ans = ds["images"], ds["ans"]
    shape = "×".join(str(n) for n in images.shape)
    if images.ndim != 4 or images.shape[3] != 3 or images.shape[1] != images.shape[2]:
        yield f"'images' is {shape}, but N×256×256×3 is needed: square pictures in three bands."
        return
    if images.shape[1] == 69:
        yield "its pictures are 69×69: that is Galaxy10 SDSS, whose classes are not these ten."
    if images.dtype != np.uint8:
        yield f"'images' holds {images.dtype}, but uint8 is needed (0 to 255)."
    if ans.ndim != 1 or ans.dtype.kind not in "iu":
        yield f"'ans' is {ans.dtype} {ans.shape}, but one whole number per galaxy is needed."
        return
    if len(ans) != len(images):
        yield f"'images' has {len(images)} rows and 'ans' has {len(ans)}; they must be as long."
    if len(images) == 0:
        yield "it holds no galaxies; choose another file."
    wrong = [k for k in np.unique(ans[:]).tolist() if k not in galaxy_types]
    if wrong:
        yield f"'ans' holds {wrong[0]}, but the classes run from 0 to {N_TYPES - 1}."


def catalogue(ds: h5py.File, name: str) -> np.ndarray:
    """Return a column (N,) of ``ra``, ``dec``, ``redshift`` or ``pxscale``; NaN where unknown."""
    n = len(ds["ans"])
    if name in ds and ds[name].shape == (n,):
        return ds[name][:].astype(np.float64)
    return np.full(n, np.nan)


@dataclass(frozen=True)
class Description:
    """What `describe` found out about a file; ``print`` it for a table of the classes."""

    path: Path
    simulated: bool
    counts: tuple[int, ...] = ()
    picture: tuple[int, ...] = ()
    storage: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def n_galaxies(self) -> int:
        """The number of rows."""
        return sum(self.counts)

    @property
    def statement(self) -> str:
        """One sentence that says whether the galaxies are real, for the page that uses them."""
        n = f"{self.n_galaxies:,}"
        if self.simulated:
            return f"These are {n} simulated galaxies, drawn by galaxy_lib: not real ones."
        return f"These are {n} real galaxies from Galaxy10 DECaLS."

    def __str__(self) -> str:
        lines = [self.statement] if self.counts else []
        for k, count in enumerate(self.counts):
            share = f"{count / max(self.n_galaxies, 1):7.1%}"
            lines.append(f"{k}  {galaxy_types[k]:32} {count:6,} {share}")
        lines += [f"pictures: {self.storage}"] if self.storage else []
        return "\n".join(lines + [f"problem: {problem}" for problem in self.problems])


def describe(path: str | os.PathLike) -> Description:
    """Say what a file is: real or simulated, how many of each class, what is wrong with it."""
    path = Path(path)
    try:
        ds = open_dataset(path)
    except (OSError, ValueError) as error:
        return Description(path, False, problems=[str(error)])
    with ds:
        images = ds["images"]
        layout = "one block" if images.chunks is None else f"chunks of {images.chunks}"
        packing = images.compression or "not compressed"
        return Description(
            path,
            bool(ds.attrs.get("simulated", False)),
            tuple(np.bincount(ds["ans"][:], minlength=N_TYPES).tolist()),
            images.shape[1:],
            f"{'×'.join(str(n) for n in images.shape[1:])}, {layout}, {packing}",
        )


# --------------------------------------------------------------------------- writing such files


def _write(path: Path, ans, packed: Iterable[bytes], size: int, columns: dict, attributes: dict):
    """Write a file in the data set's schema, one picture a chunk, from compressed pictures.

    ``columns`` are written last: they may be filled while ``packed`` is gone through.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists and was left as it is; choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary, h5py.File(temporary, "w") as ds:
        ds.attrs.update(attributes)
        images = ds.create_dataset(
            "images",
            (len(ans), size, size, 3),
            np.uint8,
            chunks=(1, size, size, 3),
            compression="gzip",
            compression_opts=GZIP_LEVEL,
        )
        for row, picture in enumerate(progress(packed, len(ans), "Writing")):
            images.id.write_direct_chunk((row, 0, 0, 0), picture)
        ds["ans"] = np.asarray(ans, np.uint8)
        for name, column in columns.items():
            ds[name] = column


def simulated_sample_path(n_images: int = SAMPLE_SIZE, seed: int = SAMPLE_SEED) -> Path:
    """Return the simulated sample in the user's cache folder, made now if it is not there."""
    from filelock import FileLock

    from galaxy_lib.simulate import VERSION

    name = f"galaxy10-simulated-v{VERSION}-seed{seed}-n{n_images}.h5"
    path = cache_folder() / name
    if _is_whole(path, n_images):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not _is_whole(path, n_images):  # another process may have made it meanwhile
                path.unlink(missing_ok=True)
                simulate_sample(path, n_images, seed)
    except OSError as error:
        raise OSError(
            f"The simulated sample cannot be written to {path.parent} ({error.strerror or error}); "
            "name another folder in the environment variable GALAXY10_CACHE."
        ) from error
    return path


def _is_whole(path: Path, n_images: int) -> bool:
    """Say whether a cached sample is complete: HDF5 refuses a truncated file when it opens it."""
    try:
        with open_dataset(path) as ds:
            return len(ds["ans"]) == n_images
    except (OSError, ValueError):
        return False


def simulate_sample(
    path: str | os.PathLike, n_images: int = SAMPLE_SIZE, seed: int = SAMPLE_SEED
) -> None:
    """Write a sample of simulated galaxies; the same numbers give the same bytes.

    Parameters
    ----------
    path : path
        A new file.
    n_images : int
        Number of galaxies.
    seed : int
        Seed of the sample.

    Raises
    ------
    FileExistsError
        If ``path`` exists.
    ValueError
        If ``n_images`` is below 1.
    """
    from galaxy_lib.simulate import VERSION, plan_sample

    if n_images < 1:
        raise ValueError(f"n_images is {n_images}, but a sample needs at least 1 galaxy.")
    plans = plan_sample(seed, n_images)
    columns = {"ra": np.array([p.ra for p in plans]), "dec": np.array([p.dec for p in plans])}
    columns |= {name: np.full(n_images, np.nan) for name in ("redshift", "pxscale")}

    def packed() -> Iterator[bytes]:
        for row, drawing in enumerate(_drawings(seed, n_images)):
            columns["redshift"][row], columns["pxscale"][row], picture = drawing
            yield picture

    attributes = {"simulated": True, "seed": seed, "version": VERSION, "generator": "galaxy_lib"}
    _write(Path(path), [p.label for p in plans], packed(), 256, columns, attributes)


def _draw_row(plan) -> tuple[float, float, bytes]:
    """Draw one picture: its redshift, its scale, and its bytes compressed."""
    from galaxy_lib.simulate import draw

    drawn = draw(plan)
    packed = zlib.compress(np.ascontiguousarray(drawn.image), GZIP_LEVEL)
    return float(drawn.redshift), float(drawn.pxscale), packed


def _drawings(seed: int, n_images: int) -> Iterator[tuple[float, float, bytes]]:
    """Yield all rows of a sample in order, drawn by several processes.

    The processes are plain children that answer row numbers on their standard input, because
    `multiprocessing` would run a script without a ``__main__`` guard again in each of them. A row
    that no child can draw is drawn here.
    """
    from galaxy_lib.simulate import plan_sample

    plans = plan_sample(seed, n_images)
    workers = [_start_worker(seed, n_images) for _ in range(min(n_workers(), n_images // 32))]
    idle: queue.SimpleQueue = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def draw_elsewhere(row: int) -> tuple[float, float, bytes]:
        worker = idle.get()
        try:
            worker.stdin.write(struct.pack("<q", row))
            worker.stdin.flush()
            length, redshift, pxscale = PICTURE.unpack(worker.stdout.read(PICTURE.size))
            packed = worker.stdout.read(length)
        except (OSError, struct.error):
            return _draw_row(plans[row])
        finally:
            idle.put(worker)
        return (redshift, pxscale, packed) if len(packed) == length else _draw_row(plans[row])

    try:
        if workers:
            yield from in_threads(draw_elsewhere, range(n_images), len(workers))
        else:
            yield from map(_draw_row, plans)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _start_worker(seed: int, n_images: int) -> subprocess.Popen:
    code = f"from galaxy_lib.datasets import _work; _work({seed}, {n_images})"
    package = str(Path(__file__).resolve().parents[1])
    paths = [package, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )


def _work(seed: int, n_images: int) -> None:
    """Draw the rows that are asked for on standard input until it closes (in a child process)."""
    from galaxy_lib.simulate import plan_sample

    plans = plan_sample(seed, n_images)
    while request := sys.stdin.buffer.read(8):
        redshift, pxscale, packed = _draw_row(plans[struct.unpack("<q", request)[0]])
        sys.stdout.buffer.write(PICTURE.pack(len(packed), redshift, pxscale) + packed)
        sys.stdout.buffer.flush()
