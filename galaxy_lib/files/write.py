"""New files of galaxies, in the data set's schema: one picture a chunk, whole or not at all."""

from __future__ import annotations

import os
import re
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


def write(path: Path, side: int, ans, packed: Iterable[bytes], columns, attributes) -> None:
    """Write a file in the data set's schema, one picture a chunk, from compressed pictures.

    ``columns`` are written last: they may be filled while ``packed`` is gone through. Everything
    in the file carries a checksum: pictures that of gzip, columns one of their own, and the
    structure that of the file format of HDF5 1.10.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (side, side, 3)
    try:
        with (
            written_whole(path, anew=True) as temporary,
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
                ds.create_dataset(name, data=values, chunks=np.shape(values), fletcher32=True)
    except (OSError, RuntimeError) as error:
        # HDF5 tells of its insides in several lines, and among them why the system refused.
        if not (number := re.search(r"errno = (\d+)", str(error))):
            raise
        why = os.strerror(int(number[1]))
        raise OSError(f"{path} cannot be written: {why}; nothing is left of it.") from None


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
