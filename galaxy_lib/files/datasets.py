"""Which file of galaxies is used, whether it is sound, and where one comes from.

A file is the real Galaxy10 DECaLS, a piece of it, or the simulated sample; all have the same
schema. `dataset_path` chooses, `open_dataset` opens and validates, `describe` says what a file is.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib.files.reading import (
    in_threads,
    n_workers,
    overhead,
    pictures,
    progress,
    written_whole,
)
from galaxy_lib.files.splits import conflicts, sky_pairs
from galaxy_lib.galaxy import N_TYPES, galaxy_types

FILE_NAME = "Galaxy10_DECals.h5"
SAMPLE_SIZE = 1500
SAMPLE_SEED = 2026
CATALOGUE = ("ra", "dec", "redshift", "pxscale")
GZIP_LEVEL = 1  # on these noisy pictures 6 is no smaller and takes twice the time

# ---------------------------------------------------------------------------------- which file


def cache_folder() -> Path:
    """Return the user's cache folder, or the one that the variable GALAXY10_CACHE names."""
    if chosen := os.environ.get("GALAXY10_CACHE"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("galaxy_lib"))


def dataset_path(datafile: str | os.PathLike | None = None) -> Path:
    """Find the file of galaxies to use (chapter 1).

    Parameters
    ----------
    datafile : path, optional
        An explicit choice. Without one it is the file that the environment variable
        ``GALAXY10_FILE`` names, else ``Galaxy10_DECals.h5`` in the working directory, else the
        simulated sample, which is made on first use and kept in the user's cache folder (or in
        the one that ``GALAXY10_CACHE`` names).

    Raises
    ------
    FileNotFoundError
        If the file that was chosen does not exist.
    """
    return find_dataset(datafile)[0]


def find_dataset(datafile: str | os.PathLike | None = None) -> tuple[Path, str]:
    """Return the file in use and why it is this one; see `dataset_path`."""
    if datafile is not None:
        return _existing(datafile), "it was named"
    if named := os.environ.get("GALAXY10_FILE"):
        return _existing(named, "GALAXY10_FILE names it, but "), "GALAXY10_FILE names it"
    if (here := Path(FILE_NAME)).exists():
        return here, "it is in the working directory"
    return simulated_sample_path(), "no real file was named or found"


def _existing(file: str | os.PathLike, but: str = "") -> Path:
    path = Path(file).expanduser()
    if not path.exists():
        hint = "`python -m galaxy_lib fetch` gets the real one"
        raise FileNotFoundError(f"{but}there is no file {path}; {hint}.")
    return path


# ------------------------------------------------------------------------------- is it sound?


def open_dataset(path: str | os.PathLike) -> h5py.File:
    """Open a file for reading and validate what every use of it relies on.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    OSError
        If it is not HDF5, or damaged, or only a part of a file.
    ValueError
        If its contents are not those of a Galaxy10 file.
    """
    path = _existing(path)
    try:
        ds = h5py.File(path, "r")
        problem = _problem(ds)
    except (OSError, RuntimeError, KeyError) as error:
        raise OSError(f"{path} is not a readable HDF5 file, or not all of one ({error}).") from None
    if problem:
        ds.close()
        raise ValueError(f"{path}: {problem}")
    return ds


def _problem(ds: h5py.File) -> str | None:
    """Return what keeps an open file from being used, in one sentence, if anything does."""
    for name in ("images", "ans"):
        if not isinstance(ds.get(name), h5py.Dataset):
            return f"it holds no data set {name!r}; a Galaxy10 file has 'images' and 'ans'."
    images, ans = ds["images"], ds["ans"]
    shape = "×".join(str(n) for n in images.shape)
    if images.ndim != 4 or images.shape[3] != 3 or images.shape[1] != images.shape[2]:
        return f"'images' is {shape}, but N×256×256×3 is needed: square pictures in three bands."
    if images.shape[1] == 69:
        return "its pictures are 69×69: that is Galaxy10 SDSS, whose classes are not these ten."
    if images.dtype != np.uint8:
        return f"'images' holds {images.dtype}, but uint8 is needed (0 to 255)."
    if ans.ndim != 1 or ans.dtype.kind not in "iu":
        return f"'ans' is {ans.dtype} {ans.shape}, but one whole number per galaxy is needed."
    if len(ans) != len(images):
        return f"'images' has {len(images)} rows and 'ans' has {len(ans)}; they must be as long."
    if len(images) == 0:
        return "it holds no galaxies; choose another file."
    wrong = [k for k in np.unique(ans[:]).tolist() if k not in galaxy_types]
    return (
        f"'ans' holds {wrong[0]}, but the classes run from 0 to {N_TYPES - 1}." if wrong else None
    )


def catalogue(ds: h5py.File, name: str) -> np.ndarray:
    """Return a column, float64 (N,): ``ra``, ``dec``, ``redshift``, ``pxscale``; NaN if unknown."""
    n = len(ds["ans"])
    known = name in ds and ds[name].shape == (n,)
    return ds[name][:].astype(np.float64) if known else np.full(n, np.nan)


@dataclass(frozen=True)
class Description:
    """What `describe` finds out about a file; print it for a table of the classes."""

    simulated: bool = False
    counts: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def statement(self) -> str:
        """One sentence for the page that uses the file: are these galaxies real?"""
        n = f"{sum(self.counts):,}"
        if self.simulated:
            return f"These are {n} simulated galaxies, drawn by galaxy_lib: not real ones."
        return f"These are {n} real galaxies from Galaxy10 DECaLS."

    def __str__(self) -> str:
        if self.problem:
            return f"It cannot be used: {self.problem}"
        table = [
            f"{k}  {galaxy_types[k]:32} {count:6,} {count / sum(self.counts):7.1%}"
            for k, count in enumerate(self.counts)
        ]
        return "\n".join([self.statement, *table, *self.notes])


def describe(path: str | os.PathLike) -> Description:
    """Say what a file is: ``simulated`` or real, ``counts`` of the classes, ``notes``, ``problem``.

    ``statement`` is a sentence for the reader, ``problem`` says why the file cannot be used.
    """
    try:
        with open_dataset(path) as ds:
            images, ans = ds["images"], ds["ans"][:]
            place = [catalogue(ds, name) for name in ("ra", "dec", "pxscale")]
            simulated = bool(ds.attrs.get("simulated", False))
            layout = "in one block" if images.chunks is None else f"in chunks of {images.chunks}"
            side, packing, times = images.shape[1], images.compression, overhead(images)
    except (OSError, ValueError) as error:
        return Description(problem=str(error))
    pairs, separation = sky_pairs(*place, side=side)
    notes = (
        f"Pictures are {side}×{side}×3, {layout}, compression: {packing or 'none'}; to read one "
        f"alone, {times:.0f} times its bytes must be read.",
        f"Positions are known for {np.isfinite(place[0] + place[1]).sum():,}; {len(pairs):,} pairs "
        f"share sky, {len(conflicts(pairs, separation, ans)):,} are one galaxy with two labels.",
    )
    return Description(simulated, tuple(np.bincount(ans, minlength=N_TYPES).tolist()), notes)


# --------------------------------------------------------------------------- writing such files


def _write(path: Path, side: int, ans, packed: Iterable[bytes], columns, attributes) -> None:
    """Write a file in the data set's schema, one picture a chunk, from compressed pictures.

    ``columns`` are written last: they may be filled while ``packed`` is gone through.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists and was left as it is; choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (side, side, 3)
    with written_whole(path, anew=True) as temporary, h5py.File(temporary, "w") as ds:
        ds.attrs.update(attributes)
        options = {"chunks": (1, *shape), "compression": "gzip", "compression_opts": GZIP_LEVEL}
        images = ds.create_dataset("images", (len(ans), *shape), np.uint8, **options)
        for row, picture in enumerate(progress(packed, len(ans), "Writing")):
            images.id.write_direct_chunk((row, 0, 0, 0), picture)
        ds["ans"] = np.asarray(ans, np.uint8)
        for name, column in columns.items():
            ds[name] = column


def _pack(picture: np.ndarray) -> bytes:
    return zlib.compress(np.ascontiguousarray(picture), GZIP_LEVEL)


def write_piece(
    full: str | os.PathLike,
    piece: str | os.PathLike,
    *,
    per_class: int | None = None,
    fraction: float | None = None,
    seed: int | None = None,
) -> None:
    """Write a random piece of the file ``full`` to a new file ``piece``, each class by itself.

    Parameters
    ----------
    per_class : int
        How many galaxies of each class; a class with fewer is taken whole.
    fraction : float
        Instead of ``per_class``: which share of each class, in (0, 1], at least one galaxy.
    seed : int, optional
        The same seed draws the same galaxies.

    Raises
    ------
    FileExistsError
        If ``piece`` exists.
    ValueError
        If not exactly one of ``per_class`` and ``fraction`` is given, or it is out of range.
    """
    if (per_class is None) == (fraction is None):
        raise ValueError("Give one of per_class and fraction.")
    if per_class is not None and per_class < 1:
        raise ValueError(f"per_class is {per_class}, but must be at least 1.")
    if fraction is not None and not 0 < fraction <= 1:
        raise ValueError(f"fraction is {fraction}, but must be above 0 and at most 1.")
    rng = np.random.default_rng(seed)
    with open_dataset(full) as ds:
        ans, images = ds["ans"][:], ds["images"]
        chosen = []
        for k in np.unique(ans):
            rows = rng.permutation(np.flatnonzero(ans == k))
            chosen.append(rows[: per_class or max(1, round(fraction * len(rows)))])
        rows = np.sort(np.concatenate(chosen))
        rows = rows[np.argsort(ans[rows], kind="stable")]
        packed = in_threads(_pack, pictures(images, rows), n_workers())
        columns = {name: catalogue(ds, name)[rows] for name in CATALOGUE}
        _write(Path(piece), images.shape[1], ans[rows], packed, columns, dict(ds.attrs))


def simulated_sample_path(n_images: int = SAMPLE_SIZE, seed: int = SAMPLE_SEED) -> Path:
    """Return the simulated sample in the user's cache folder, made now if it is not there."""
    from filelock import FileLock

    from galaxy_lib.simulator import VERSION

    folder = cache_folder()
    path = folder / f"galaxy10-simulated-v{VERSION}-seed{seed}-n{n_images}.h5"
    if _is_whole(path, n_images):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not _is_whole(path, n_images):  # or another process made it meanwhile
                path.unlink(missing_ok=True)
                simulate_sample(path, n_images, seed)
    except OSError as error:
        raise OSError(
            f"The simulated sample cannot be written to {folder} ({error.strerror or error}); "
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
    """Write simulated galaxies to a new file; the same number and seed give the same bytes.

    Raises FileExistsError if ``path`` exists, ValueError if ``n_images`` is below 1.
    """
    from galaxy_lib.simulator import VERSION, plan_sample

    if n_images < 1:
        raise ValueError(f"n_images is {n_images}, but a sample needs at least 1 galaxy.")
    plans = plan_sample(seed, n_images)
    columns = {"ra": np.array([p.ra for p in plans]), "dec": np.array([p.dec for p in plans])}
    columns |= {"redshift": np.empty(n_images), "pxscale": np.empty(n_images)}

    def packed() -> Iterator[bytes]:
        for row, drawing in enumerate(_drawings(plans, seed)):
            columns["redshift"][row], columns["pxscale"][row], picture = drawing
            yield picture

    attributes = {"simulated": True, "seed": seed, "version": VERSION, "generator": "galaxy_lib"}
    _write(Path(path), 256, [p.label for p in plans], packed(), columns, attributes)


def _draw(plan) -> tuple[float, float, bytes]:
    """Draw one row: its redshift, its scale, and its picture compressed."""
    from galaxy_lib.simulator import draw

    drawn = draw(plan)
    return float(drawn.redshift), float(drawn.pxscale), _pack(drawn.image)


def _drawings(plans: list, seed: int) -> Iterator[tuple[float, float, bytes]]:
    """Yield the rows of a sample in order, drawn by several processes in turn.

    They are plain child processes that write to a pipe, because `multiprocessing` would run a
    reader's script again in each child if it has no ``__main__`` guard. A row that a child fails
    to deliver is drawn here.
    """
    n = min(n_workers(), len(plans) // 32)
    children = [_start_child(seed, len(plans), k, n) for k in range(n)]
    try:
        for row, plan in enumerate(plans):
            try:
                yield pickle.load(children[row % n].stdout) if n else _draw(plan)
            except (EOFError, OSError, pickle.UnpicklingError):
                yield _draw(plan)
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _start_child(*share: int) -> subprocess.Popen:
    package = str(Path(__file__).resolve().parents[2])
    paths = filter(None, [package, os.environ.get("PYTHONPATH")])
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"from galaxy_lib.files.datasets import _work; _work{share}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | one_thread | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def _work(seed: int, n_images: int, first: int, step: int) -> None:
    """Draw every ``step``-th row from ``first`` on and send it to standard output (in a child)."""
    from galaxy_lib.simulator import plan_sample

    for plan in plan_sample(seed, n_images)[first::step]:
        pickle.dump(_draw(plan), sys.stdout.buffer)
        sys.stdout.buffer.flush()
