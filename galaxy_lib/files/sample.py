"""The simulated sample: drawn by several processes, kept in the user's cache, looked at once."""

from __future__ import annotations

import functools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from galaxy_lib.checked import FilePath, checked, whole
from galaxy_lib.files import hdf5
from galaxy_lib.files.disk import (
    cache_folder,
    digest_of,
    n_workers,
    progress,
    stamp,
    tell,
    written_whole,
)
from galaxy_lib.files.reading import block_sums, load_block_sums
from galaxy_lib.files.validate import (
    CATALOGUE,
    MOST,
    catalogue,
    open_dataset,
    text_attribute,
    votes,
)
from galaxy_lib.files.write import check_new, pack, write
from galaxy_lib.galaxy import N_TYPES

SAMPLE_SIZE = 1500
SAMPLE_SEED = 2026
FRESH_SIZE, FRESH_SEED = 3000, 300_000_007  # a seed that nothing else uses
TELL = 60  # seconds of waiting for another process after which a line says so
Many = Annotated[int, partial(whole, high=MOST)]
FixedSeed = Annotated[int, partial(whole, low=0, high=2**63 - 1)]


@checked
def simulated_sample_path(n_images: Many = SAMPLE_SIZE, seed: FixedSeed = SAMPLE_SEED) -> Path:
    """Return the simulated sample in the user's cache folder, made now if it is not there.

    One that has been damaged is made anew, and one that an older galaxy_lib drew is removed; a
    line on standard error says so.
    """
    from filelock import FileLock, Timeout

    path = sample_file(n_images, seed)
    folder = path.parent
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
                tell(f"Another process is making {path.name}; waiting for it.")
        try:
            if not _was_found_sound(path):  # or another process made it meanwhile
                if path.exists() and (problem := _unsound(path, n_images)):
                    tell(f"The simulated sample is made anew, for {problem}")
                    path.unlink()
                if not path.exists():
                    _say_in_a_notebook(n_images)
                    simulate_sample(path, n_images, seed)
                    _remove_older(path)
                _note_sound(path)
        finally:
            lock.release()
    except OSError as error:
        if path.exists() and not _once_unsound(path, n_images, stamp(path)):
            return path  # in a folder that others share and nobody changes
        raise OSError(
            f"The simulated sample cannot be written to {folder} ({error.strerror or error}); "
            "name another folder in the environment variable GALAXY10_CACHE."
        ) from error
    return path


def _say_in_a_notebook(n_images: int) -> None:
    if "JPY_SESSION_NAME" in os.environ:  # somebody looks at it, where no bar is shown
        print(f"Drawing {n_images:,} galaxies, once: a minute.", flush=True)


def sample_file(n_images: int = SAMPLE_SIZE, seed: int = SAMPLE_SEED) -> Path:
    """Return where the simulated sample is, or will be when it is drawn."""
    return cache_folder() / f"galaxy10-simulated-{_drawn_by()}-seed{seed}-n{n_images}.h5"


@functools.cache
def _drawn_by() -> str:
    """Return what decides pixels, plans and labels: a digest of the simulator's source."""
    from galaxy_lib import simulator

    return digest_of(Path(simulator.__file__).parent.glob("*.py"))


def _remove_older(path: Path) -> None:
    """Remove the sample of this seed and number that another drawing made, and what hangs on it."""
    rest = path.stem[path.stem.index("-seed") :]
    for old in path.parent.glob(f"galaxy10-simulated-*{rest}.h5"):
        if old != path:
            for kept in [old, *path.parent.glob(f"{old.stem}[.-]*")]:
                with suppress(OSError):  # another program may have it open
                    kept.unlink()
            if not old.exists():
                tell(f"{old.name} was drawn by another version of galaxy_lib: removed.")


def _was_found_sound(path: Path) -> bool:
    """Say whether a cached sample has the very bytes that were looked at before."""
    try:
        return hdf5.checked_note(path).read_text("utf-8") == repr(stamp(path))
    except (OSError, ValueError):
        return False


def _note_sound(path: Path) -> None:
    with written_whole(hdf5.checked_note(path)) as temporary:
        temporary.write_text(repr(stamp(path)), "utf-8")


def _unsound(path: Path, n_images: int) -> str | None:
    """Look at every byte of a cached sample; return what is wrong with it, in one sentence."""
    try:
        with open_dataset(path) as ds:
            if not all(ds[name].fletcher32 for name in ("ans", "votes", *CATALOGUE)):
                return f"{path} has no checksums."
            if text_attribute(ds, "drawn_by") != _drawn_by():
                return f"{path} was drawn by another version of galaxy_lib."
            if len(ds["ans"]) != n_images:
                return f"{path} holds {len(ds['ans'])} galaxies."
            for name in CATALOGUE:
                catalogue(ds, name)
            votes(ds)
            load_block_sums(ds["images"], ds["images"].shape[1])
    except (OSError, ValueError, KeyError) as error:
        return str(error)
    return None


@functools.cache
def _once_unsound(path: Path, n_images: int, of: tuple) -> str | None:
    """Return `_unsound`, asked once of the bytes that ``of`` stands for."""
    return _unsound(path, n_images)


@checked
def simulate_sample(
    path: FilePath, n_images: Many = SAMPLE_SIZE, seed: FixedSeed = SAMPLE_SEED
) -> None:
    """Write simulated galaxies to a new file; the same number and seed give the same bytes.

    On a processor of another kind, one level in some fifty thousand may differ by one.

    Raises FileExistsError if ``path`` exists, ValueError if ``n_images`` is below 1.
    """
    from galaxy_lib.simulator import plan_sample

    check_new(path)
    plans = plan_sample(seed, n_images)
    columns = {"ra": np.array([p.ra for p in plans]), "dec": np.array([p.dec for p in plans])}
    columns |= {"redshift": np.empty(n_images), "pxscale": np.empty(n_images)}
    columns["votes"] = np.empty((n_images, N_TYPES), np.uint8)

    def packed() -> Iterator[bytes]:
        for row, (drawn, picture) in enumerate(_drawings(plans, seed)):
            for name in ("redshift", "pxscale", "votes"):
                columns[name][row] = drawn[name]
            yield picture

    attributes = {"simulated": True, "seed": seed, "drawn_by": _drawn_by()}
    attributes["generator"] = "galaxy_lib"
    write(path, 256, [p.label for p in plans], packed(), columns, attributes)


def _draw(plan) -> tuple[dict, bytes]:
    """Draw one row: its redshift, scale and votes, and its picture compressed."""
    from galaxy_lib.simulator import draw

    drawn = draw(plan)._asdict()
    return drawn, pack(drawn.pop("image"))


@functools.cache
def fresh_galaxies() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 3,000 drawn galaxies that no set holds: classes, and block sums of their pictures.

    They are drawn once, which takes half a minute, and kept in the user's cache folder, where they
    take 16 MB: the labels (3000,), the whole pictures in blocks of 16 pixels, uint16
    (3000, 16, 16, 3), and their middle 128 pixels in blocks of 4, uint16 (3000, 32, 32, 3). These
    sums are mostly noise: predicted from their neighbours, those of the middle still hold 10 MB.
    """
    import h5py
    from filelock import FileLock

    from galaxy_lib.simulator import plan_sample

    folder = cache_folder()
    path = folder / f"galaxy10-fresh-{_drawn_by()}-seed{FRESH_SEED}-n{FRESH_SIZE}.h5"

    def read() -> tuple[np.ndarray, ...]:
        with h5py.File(path) as file:
            return tuple(file[name][:] for name in ("ans", "whole", "middle"))

    missing = (OSError, KeyError)  # or damaged: the checksums say so
    with suppress(*missing):
        return read()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            with suppress(*missing):  # another process drew them meanwhile
                return read()
            _say_in_a_notebook(FRESH_SIZE)
            plans = plan_sample(FRESH_SEED, FRESH_SIZE)
            drawn = _drawings(plans, FRESH_SEED, _coarsened)
            sums = zip(*progress(drawn, FRESH_SIZE, "drawing fresh galaxies"), strict=True)
            with written_whole(path) as temporary, h5py.File(temporary, "w") as file:
                packed = {"chunks": True, "shuffle": True, "compression": 4, "fletcher32": True}
                file.create_dataset("ans", data=[plan.label for plan in plans], **packed)
                for name, values in zip(("whole", "middle"), sums, strict=True):
                    file.create_dataset(name, data=np.stack(values), **packed)
            for old in folder.glob(f"galaxy10-fresh-*-seed{FRESH_SEED}-n{FRESH_SIZE}.*"):
                if old.stem != path.stem:  # another drawing's
                    with suppress(OSError):
                        old.unlink()
            return read()
    except OSError as error:
        raise OSError(
            f"Fresh galaxies cannot be written to {folder} ({error.strerror or error}); "
            "name another folder in the environment variable GALAXY10_CACHE."
        ) from error


def _coarsened(plan) -> tuple[np.ndarray, np.ndarray]:
    """Draw one fresh galaxy: block sums of its picture, and of its middle."""
    from galaxy_lib.simulator import draw

    picture = draw(plan).image[np.newaxis]
    return block_sums(picture, 16)[0], block_sums(picture[:, 64:192, 64:192], 4)[0]


def _drawings(plans: list, seed: int, each: Callable = _draw) -> Iterator:
    """Yield ``each(plan)`` of a sample's rows in order, drawn by several processes in turn.

    They are plain child processes that write to a pipe, because `multiprocessing` would run a
    reader's script again in each child if it has no ``__main__`` guard. A row that a child fails
    to deliver is drawn here.
    """
    n = min(n_workers(), len(plans) // 32)
    try:
        children = [_start_child(each, seed, len(plans), k, n) for k in range(n)]
    except OSError:  # no process can be started, as in a browser
        n, children = 0, []
    try:
        for row, plan in enumerate(plans):
            try:
                yield pickle.load(children[row % n].stdout) if n else each(plan)
            except (EOFError, OSError, pickle.UnpicklingError):
                yield each(plan)
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _start_child(each: Callable, *share: int) -> subprocess.Popen:
    package = str(Path(__file__).resolve().parents[2])
    paths = filter(None, [package, os.environ.get("PYTHONPATH")])
    settings = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    # On Linux a sixth of the time goes into memory that is given back after each picture.
    settings |= {"MALLOC_MMAP_THRESHOLD_": str(2**24), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-c",
            f"from galaxy_lib.files import sample; sample._work('{each.__name__}', *{share})",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | settings | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def _work(each: str, seed: int, n_images: int, first: int, step: int) -> None:
    """Draw every ``step``-th row from ``first`` on and send it to standard output (in a child)."""
    from galaxy_lib.simulator import plan_sample

    for plan in plan_sample(seed, n_images)[first::step]:
        pickle.dump(globals()[each](plan), sys.stdout.buffer)
        sys.stdout.buffer.flush()
