"""Which file of galaxies is used, whether it is sound, and where one comes from.

A file is the real Galaxy10 DECaLS, a piece of it, or the simulated sample; all have the same
schema. `dataset_path` chooses, `open_dataset` opens and validates, `describe` says what a file is.
"""

from __future__ import annotations

import functools
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np

from galaxy_lib.checked import (
    FilePath,
    Seed,
    Whole,
    a_number,
    a_path,
    checked,
    having,
    one_of,
    whole,
)
from galaxy_lib.files import reading
from galaxy_lib.files.reading import in_threads, n_workers, overhead, progress, zlib
from galaxy_lib.galaxy import N_TYPES, galaxy_types
from galaxy_lib.splits import conflicts, sky_pairs

FILE_NAME = "Galaxy10_DECals.h5"
SAMPLE_SIZE = 1500
SAMPLE_SEED = 2026
CATALOGUE = ("ra", "dec", "redshift", "pxscale")
PLAUSIBLE = {"ra": (-180, 360), "dec": (-90, 90), "pxscale": (0.001, 1000)}  # degrees, arcsec
MOST = 1_000_000  # galaxies in a file; pictures of more would take 200 GB
LARGEST_SIDE = 1024
TELL = 60  # seconds of waiting for another process after which a line says so
GZIP_LEVEL = 1  # of isal's 0 to 3: on these noisy pictures no other is smaller

# ---------------------------------------------------------------------------------- which file


def cache_folder() -> Path:
    """Return the user's cache folder, or the one that the variable GALAXY10_CACHE names.

    What galaxy_lib keeps, there and elsewhere, and what makes it stale:

    - the simulated sample (here): named by a digest of the source of `galaxy_lib.simulator`, the
      seed and the number of galaxies; another drawing is another file, and takes the old one away;
    - its note that all of it was looked at (``.checked``): the file's inode, size and times;
    - coarsened pictures (beside the file, or here; ``.cache``, and in random order, for training
      from disk, ``.rows.cache``: see `cache`): the same of each file they were made from, the size
      of the blocks, and a digest of the source that makes them;
    - a download that was cut (``.part`` where it goes): the address, and what the server says of
      the file's version;
    - a survey's catalogue (where it was asked for): the network's fingerprint, the calibration,
      each file's size and time, and the form of its columns;
    - executed pages, with GALAXY10_FILE or EXECUTE=all (``_build/.jupyter_cache``): the file in
      use, all of galaxy_lib's source, and the page's code.

    What a process keeps in memory is keyed by the same things. The pages themselves keep outputs
    with a digest of the code that made them; nbval holds them to what comes out today.
    """
    if chosen := os.environ.get("GALAXY10_CACHE"):
        return a_path("GALAXY10_CACHE", chosen)
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
        return _existing("datafile", datafile), "it was named"
    if named := os.environ.get("GALAXY10_FILE"):
        return _existing("GALAXY10_FILE", named), "GALAXY10_FILE names it"
    if (here := Path(FILE_NAME)).exists() or here.is_symlink():
        return _existing("path", here), "it is in the working directory"
    return simulated_sample_path(), "no real file was named or found"


def _existing(name: str, file: str | os.PathLike) -> Path:
    path = a_path(name, file)
    but = "GALAXY10_FILE names it, but " if name == "GALAXY10_FILE" else ""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        hint = "`python -m galaxy_lib fetch` gets the real one"
        raise FileNotFoundError(f"{but}there is no file {path}; {hint}.") from None
    except OSError as error:
        raise OSError(f"{but}{path} cannot be opened: {error.strerror}.") from None
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
    path = _existing("path", path)
    if not path.is_file():
        raise OSError(f"{path} is not a file; name the file itself.")
    try:
        try:
            ds = h5py.File(path, "r")
        except OSError as error:
            if "lock" not in str(error):
                raise
            # A file system has no locks, or a notebook that writes was left open.
            ds = h5py.File(path, "r", locking=False)
    except Exception as error:  # whatever HDF5 makes of a damaged file
        raise OSError(_why_unopened(path, error)) from None
    try:
        problem = _problem(ds)
    except Exception as error:
        ds.close()
        if isinstance(error, (MemoryError, reading.Damaged)):
            raise
        raise reading.Damaged(f"{path} is damaged; get it anew.") from None
    if problem:
        ds.close()
        raise ValueError(f"{path}: {problem}")
    return ds


def _why_unopened(path: Path, error: Exception) -> str:
    """Say in our own words why HDF5 does not open a file."""
    try:
        with path.open("rb") as file:
            begins = file.read(8)
    except OSError as refused:
        return f"{path} cannot be read: {refused.strerror}."
    size = path.stat().st_size
    if "truncated" in str(error):
        return f"{path} is only a part of a file ({size:,} bytes of it); get it anew."
    if size == 0:
        return f"{path} is empty; get it anew."
    if begins != b"\x89HDF\r\n\x1a\n":
        return f"{path} is not a readable HDF5 file (it begins with {begins!r}); get it anew."
    return f"{path} is a damaged HDF5 file, or not all of one; get it anew."


def _problem(ds: h5py.File) -> str | None:
    """Return what keeps an open file from being used, in one sentence, if anything does."""
    arrays = {}
    for name in ("images", "ans", *CATALOGUE):
        link = ds.get(name, getlink=True)
        if link is None and name in CATALOGUE:
            continue
        if link is not None and not isinstance(link, h5py.HardLink):
            return (
                f"{name!r} is a link to another place; copy the numbers themselves into the file."
            )
        if link is None or not isinstance(ds[name], h5py.Dataset):
            return (
                f"it holds no data set {name!r}; a Galaxy10 file has 'images' and 'ans', and maybe "
                f"{', '.join(CATALOGUE)}."
            )
        arrays[name] = ds[name]
    images, ans = arrays["images"], arrays["ans"]
    shape = "×".join(str(n) for n in images.shape or ())
    if images.ndim != 4 or images.shape[3] != 3 or images.shape[1] != images.shape[2]:
        return f"'images' is {shape}, but N×256×256×3 is needed: square pictures in three bands."
    if images.shape[1] == 69:
        return "its pictures are 69×69: that is Galaxy10 SDSS, whose classes are not these ten."
    if images.shape[1] > LARGEST_SIDE:
        return f"its pictures are {shape}; their sides may be {LARGEST_SIDE} pixels at most."
    if images.dtype != np.uint8:
        return f"'images' holds {images.dtype}, but uint8 is needed (0 to 255)."
    if not images.id.get_type().equal(h5py.h5t.STD_U8LE):
        return "'images' holds bytes of which only some bits count, but uint8 is needed."
    n = len(images)
    if ans.ndim != 1 or ans.dtype.kind not in "iu":
        return f"'ans' is {ans.dtype} {ans.shape}, but one whole number per galaxy is needed."
    if len(ans) != n:
        return f"'images' has {n} rows and 'ans' has {len(ans)}; they must be as long."
    if n == 0:
        return "it holds no galaxies; choose another file."
    if n > MOST:
        return f"it claims to hold {n:,} galaxies, and at most {MOST:,} can be in a file."
    for name in arrays.keys() & set(CATALOGUE):
        if arrays[name].shape != (n,) or arrays[name].dtype.kind not in "iuf":
            kind = f"{arrays[name].dtype} {arrays[name].shape}"
            return f"{name!r} is {kind}, but one number per galaxy is needed."
    if "simulated" in ds.attrs:
        told = ds.attrs.get_id("simulated")
        if told.shape != () or told.dtype.kind not in "biu":
            return "its attribute 'simulated' is neither true nor false."
    if problem := reading.storage_problem(arrays.values()):
        return problem
    wrong = [k for k in np.unique(reading.column(ans)).tolist() if k not in galaxy_types]
    return (
        f"'ans' holds {wrong[0]}, but the classes run from 0 to {N_TYPES - 1}." if wrong else None
    )


OpenFile = Annotated[h5py.File, having("attrs", "give an open file of galaxies")]
Column = Annotated[str, one_of(*CATALOGUE)]
Fraction = Annotated[float, partial(a_number, low=0, high=1, open_at="low", such_as=0.1)]
Many = Annotated[int, partial(whole, high=MOST)]
FixedSeed = Annotated[int, partial(whole, low=0, high=2**63 - 1)]


@checked
def is_simulated(ds: OpenFile) -> bool:
    """Say whether the galaxies of an open file were drawn by galaxy_lib."""
    return bool(ds.attrs.get("simulated", False))


@checked
def catalogue(ds: OpenFile, name: Column) -> np.ndarray:
    """Return a column, float64 (N,): ``ra``, ``dec``, ``redshift``, ``pxscale``; NaN if unknown.

    An OSError says that it is damaged, a ValueError that its numbers cannot be what they should.
    """
    if name not in ds:
        return np.full(len(ds["ans"]), np.nan)
    values = reading.column(ds[name]).astype(np.float64)
    values[np.isinf(values)] = np.nan
    low, high = PLAUSIBLE.get(name, (-np.inf, np.inf))
    if len(wrong := values[(values < low) | (values > high)]):
        raise ValueError(
            f"{ds.filename}: {name!r} holds {wrong[0]:g}, but runs from {low} to {high}."
        )
    return values


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
        if self.problem:
            return f"It cannot be used: {self.problem}"
        n = f"{sum(self.counts):,}"
        if self.simulated:
            return f"These are {n} simulated galaxies, drawn by galaxy_lib: not real ones."
        return f"These are {n} real galaxies from Galaxy10 DECaLS."

    def __str__(self) -> str:
        if self.problem:
            return self.statement
        table = [
            f"{k}  {galaxy_types[k]:32} {count:6,} {count / sum(self.counts):7.1%}"
            for k, count in enumerate(self.counts)
        ]
        return "\n".join([self.statement, *table, *self.notes])


@checked
def describe(path: FilePath) -> Description:
    """Say what a file is: ``simulated`` or real, ``counts`` of the classes, ``notes``, ``problem``.

    ``statement`` is a sentence for the reader, ``problem`` says why the file cannot be used.
    """
    try:
        with open_dataset(path) as ds:
            images, ans = ds["images"], ds["ans"][:]
            columns = {name: catalogue(ds, name) for name in CATALOGUE}
            place = [columns[name] for name in ("ra", "dec", "pxscale")]
            simulated = is_simulated(ds)
            layout = "in one block" if images.chunks is None else f"in chunks of {images.chunks}"
            side, packing, times = images.shape[1], images.compression, overhead(images)
        pairs, separation = sky_pairs(*place, side=side)
    except (OSError, ValueError) as error:
        return Description(problem=str(error))
    missing = [name for name, column in columns.items() if np.isnan(column).all()]
    notes = (
        f"Pictures are {side}×{side}×3, {layout}, compression: {packing or 'none'}; to read one "
        f"alone, {times:.0f} times its bytes must be read.",
        f"Positions are known for {np.isfinite(place[0] + place[1]).sum():,}; {len(pairs):,} pairs "
        f"share sky, {len(conflicts(pairs, separation, ans)):,} are one galaxy with two labels.",
        *([f"Unknown for all of them: {', '.join(missing)}."] if missing else []),
    )
    return Description(simulated, tuple(np.bincount(ans, minlength=N_TYPES).tolist()), notes)


# --------------------------------------------------------------------------- writing such files


def _write(path: Path, side: int, ans, packed: Iterable[bytes], columns, attributes) -> None:
    """Write a file in the data set's schema, one picture a chunk, from compressed pictures.

    ``columns`` are written last: they may be filled while ``packed`` is gone through. Everything
    in the file carries a checksum: pictures that of gzip, columns one of their own, and the
    structure that of the file format of HDF5 1.10.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (side, side, 3)
    try:
        with (
            reading.written_whole(path, anew=True) as temporary,
            # Nobody else knows the name, and some file systems have no locks.
            h5py.File(temporary, "w", libver=("v110", "v110"), locking=False) as ds,
        ):
            ds.attrs.update(attributes)
            options = {"chunks": (1, *shape), "compression": "gzip"}
            options["compression_opts"] = GZIP_LEVEL
            images = ds.create_dataset("images", (len(ans), *shape), np.uint8, **options)
            for row, picture in enumerate(progress(packed, len(ans), "Writing")):
                images.id.write_direct_chunk((row, 0, 0, 0), picture)
            for name, values in {"ans": np.asarray(ans, np.uint8), **columns}.items():
                ds.create_dataset(name, data=values, chunks=(len(ans),), fletcher32=True)
    except (OSError, RuntimeError) as error:
        # HDF5 tells of its insides in several lines, and among them why the system refused.
        if not (number := re.search(r"errno = (\d+)", str(error))):
            raise
        why = os.strerror(int(number[1]))
        raise OSError(f"{path} cannot be written: {why}; nothing is left of it.") from None


def _check_new(path: Path) -> None:
    if path.exists():
        raise FileExistsError(f"{path} exists and was left as it is; choose another name.")


def _pack(picture: np.ndarray) -> bytes:
    return zlib.compress(np.ascontiguousarray(picture), GZIP_LEVEL)


@checked
def write_piece(
    full: FilePath,
    piece: FilePath,
    *,
    per_class: Whole | None = None,
    fraction: Fraction | None = None,
    seed: Seed = None,
) -> None:
    """Write a random piece of the file ``full`` to a new file ``piece``, each class by itself.

    Rows stay in the file's order.

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
        given = "neither" if fraction is None else f"both, {per_class} and {fraction}"
        raise ValueError(f"Of per_class and fraction you gave {given}: give one of them.")
    rng = np.random.default_rng(seed)
    _check_new(piece)
    with open_dataset(full) as ds:
        ans, images = ds["ans"][:], ds["images"]
        chosen = []
        for k in np.unique(ans):
            rows = rng.permutation(np.flatnonzero(ans == k))
            chosen.append(rows[: per_class or max(1, round(fraction * len(rows)))])
        rows = np.sort(np.concatenate(chosen))
        packed = in_threads(_pack, reading.pictures(images, rows), n_workers())
        columns = {name: catalogue(ds, name)[rows] for name in CATALOGUE}
        simulated = {"simulated": True} if is_simulated(ds) else {}
        _write(piece, images.shape[1], ans[rows], packed, columns, simulated)


@checked
def simulated_sample_path(n_images: Many = SAMPLE_SIZE, seed: FixedSeed = SAMPLE_SEED) -> Path:
    """Return the simulated sample in the user's cache folder, made now if it is not there.

    One that has been damaged is made anew, and one that an older galaxy_lib drew is removed; a
    line on standard error says so.
    """
    from filelock import FileLock, Timeout

    folder = cache_folder()
    path = folder / f"galaxy10-simulated-{_drawn_by()}-seed{seed}-n{n_images}.h5"
    if _was_found_sound(path):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        while True:
            try:
                lock.acquire(timeout=TELL)
                break
            except Timeout:
                _tell(f"Another process is making {path.name}; waiting for it.")
        try:
            if not _was_found_sound(path):  # or another process made it meanwhile
                if path.exists() and (problem := _unsound(path, n_images)):
                    _tell(f"The simulated sample is made anew, for {problem}")
                    path.unlink()
                if not path.exists():
                    simulate_sample(path, n_images, seed)
                    _remove_older(path)
                _note_sound(path)
        finally:
            lock.release()
    except OSError as error:
        raise OSError(
            f"The simulated sample cannot be written to {folder} ({error.strerror or error}); "
            "name another folder in the environment variable GALAXY10_CACHE."
        ) from error
    return path


@functools.cache
def _drawn_by() -> str:
    """Return what decides pixels, plans and labels: a digest of the simulator's source."""
    from galaxy_lib import simulator

    return reading.digest_of(Path(simulator.__file__).parent.glob("*.py"))


def _remove_older(path: Path) -> None:
    """Remove the sample of this seed and number that another drawing made, and what hangs on it."""
    rest = path.stem[path.stem.index("-seed") :]
    for old in path.parent.glob(f"galaxy10-simulated-*{rest}.h5"):
        if old != path:
            for kept in [old, *path.parent.glob(f"{old.stem}[.-]*")]:
                with suppress(OSError):  # another program may have it open
                    kept.unlink()
            if not old.exists():
                _tell(f"{old.name} was drawn by another version of galaxy_lib: removed.")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _was_found_sound(path: Path) -> bool:
    """Say whether a cached sample has the very bytes that were looked at before."""
    try:
        return reading.checked_note(path).read_text("utf-8") == repr(reading.stamp(path))
    except (OSError, ValueError):
        return False


def _note_sound(path: Path) -> None:
    with reading.written_whole(reading.checked_note(path)) as temporary:
        temporary.write_text(repr(reading.stamp(path)), "utf-8")


def _unsound(path: Path, n_images: int) -> str | None:
    """Look at every byte of a cached sample; return what is wrong with it, in one sentence."""
    try:
        with open_dataset(path) as ds:
            if not all(ds[name].fletcher32 for name in ("ans", *CATALOGUE)):
                return f"{path} has no checksums."
            if ds.attrs.get("drawn_by") != _drawn_by():
                return f"{path} was drawn by another version of galaxy_lib."
            if len(ds["ans"]) != n_images:
                return f"{path} holds {len(ds['ans'])} galaxies."
            for name in CATALOGUE:
                catalogue(ds, name)
            reading.load_block_sums(ds["images"], ds["images"].shape[1])
    except (OSError, ValueError, KeyError) as error:
        return str(error)
    return None


@checked
def simulate_sample(
    path: FilePath, n_images: Many = SAMPLE_SIZE, seed: FixedSeed = SAMPLE_SEED
) -> None:
    """Write simulated galaxies to a new file; the same number and seed give the same bytes.

    On a processor of another kind, one level in some fifty thousand may differ by one.

    Raises FileExistsError if ``path`` exists, ValueError if ``n_images`` is below 1.
    """
    from galaxy_lib.simulator import plan_sample

    _check_new(path)
    plans = plan_sample(seed, n_images)
    columns = {"ra": np.array([p.ra for p in plans]), "dec": np.array([p.dec for p in plans])}
    columns |= {"redshift": np.empty(n_images), "pxscale": np.empty(n_images)}

    def packed() -> Iterator[bytes]:
        for row, drawing in enumerate(_drawings(plans, seed)):
            columns["redshift"][row], columns["pxscale"][row], picture = drawing
            yield picture

    attributes = {"simulated": True, "seed": seed, "drawn_by": _drawn_by()}
    attributes["generator"] = "galaxy_lib"
    _write(path, 256, [p.label for p in plans], packed(), columns, attributes)


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
    try:
        children = [_start_child(seed, len(plans), k, n) for k in range(n)]
    except OSError:  # no process can be started, as in a browser
        n, children = 0, []
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
    settings = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    # On Linux a sixth of the time goes into memory that is given back after each picture.
    settings |= {"MALLOC_MMAP_THRESHOLD_": str(2**24), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"from galaxy_lib.files.datasets import _work; _work{share}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | settings | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def _work(seed: int, n_images: int, first: int, step: int) -> None:
    """Draw every ``step``-th row from ``first`` on and send it to standard output (in a child)."""
    from galaxy_lib.simulator import plan_sample

    for plan in plan_sample(seed, n_images)[first::step]:
        pickle.dump(_draw(plan), sys.stdout.buffer)
        sys.stdout.buffer.flush()
