"""New files of galaxies, in the data set's schema: one picture a chunk, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np

from galaxy_lib.checked import FilePath, Seed, Whole, a_number, checked
from galaxy_lib.files.disk import in_threads, n_workers, progress, written_whole
from galaxy_lib.files.hdf5 import zlib
from galaxy_lib.files.reading import pictures
from galaxy_lib.files.validate import CATALOGUE, catalogue, is_simulated, open_dataset, votes

GZIP_LEVEL = 1  # of isal's 0 to 3: on these noisy pictures no other is smaller
Fraction = Annotated[float, partial(a_number, low=0, high=1, open_at="low", such_as=0.1)]


def write(
    path: Path, side: int, ans, packed: Iterable[bytes], columns, attributes, *, places=None
) -> None:
    """Write a file in the data set's schema, one picture a chunk, from compressed pictures.

    Pictures come in the order of rows, or ``places`` say which row each of them is in.
    ``columns`` are written last: they may be filled while ``packed`` is gone through. Everything
    in the file carries a checksum: pictures that of gzip, columns one of their own, and the
    structure that of the file format of HDF5 1.10.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (side, side, 3)
    try:
        with written_whole(path, anew=True) as temporary, _Disk(temporary) as disk:
            with h5py.File(disk, "w", libver=("v110", "v110")) as ds:
                ds.attrs.update(attributes)
                options = {"chunks": (1, *shape), "compression": "gzip"}
                options["compression_opts"] = GZIP_LEVEL
                images = ds.create_dataset("images", (len(ans), *shape), np.uint8, **options)
                rows = range(len(ans)) if places is None else places
                for row, picture in zip(rows, progress(packed, len(ans), "Writing"), strict=True):
                    images.id.write_direct_chunk((int(row), 0, 0, 0), picture)
                    disk.check()
                for name, values in {"ans": np.asarray(ans, np.uint8), **columns}.items():
                    ds.create_dataset(name, data=values, chunks=np.shape(values), fletcher32=True)
            disk.check()
    except _Full as error:
        raise OSError(f"{path} cannot be written: {error}; nothing is left of it.") from None


class _Full(Exception):
    """What the system says of a disk that takes nothing, or no more."""


class _Disk(io.FileIO):
    """What HDF5 writes to. It crashes when a disk refuses, so that is kept for `check` to say."""

    refused: OSError | None = None

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path, "w+")
        except OSError as error:
            raise _Full(error.strerror) from None

    def write(self, block) -> int:
        """Write all of it, as far as the disk allows."""
        block = memoryview(block)
        done = 0
        try:
            while done < len(block) and not self.refused:
                done += super().write(block[done:])
        except OSError as error:
            self.refused = error
        return len(block)

    def truncate(self, size: int | None = None) -> int:
        """Cut or extend the file, as far as the disk allows."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.refused = error
            return self.tell() if size is None else size

    def check(self) -> None:
        """Raise what the disk has refused until now."""
        if self.refused:
            raise _Full(self.refused.strerror)


def check_new(path: Path) -> None:
    if path.exists():
        raise FileExistsError(f"{path} exists and was left as it is; choose another name.")


def pack(picture: np.ndarray) -> bytes:
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
    check_new(piece)
    with open_dataset(full) as ds:
        ans, images = ds["ans"][:], ds["images"]
        chosen = []
        for k in np.unique(ans):
            rows = rng.permutation(np.flatnonzero(ans == k))
            chosen.append(rows[: per_class or max(1, round(fraction * len(rows)))])
        rows = np.sort(np.concatenate(chosen))
        packed = in_threads(pack, pictures(images, rows), n_workers())
        columns = {name: catalogue(ds, name)[rows] for name in CATALOGUE}
        if (counts := votes(ds)) is not None:
            columns["votes"] = counts[rows]
        simulated = {"simulated": True} if is_simulated(ds) else {}
        write(piece, images.shape[1], ans[rows], packed, columns, simulated)
