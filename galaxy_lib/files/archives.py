"""A trained network's file: arrays under their names, written whole, read back as exactly that."""

from __future__ import annotations

import os
import zipfile

import numpy as np

from galaxy_lib.checked import a_path
from galaxy_lib.files.disk import written_whole


def save_arrays(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Write ``arrays`` to ``path`` in NumPy's ``.npz`` format: whole or not at all."""
    with written_whole(a_path("path", path)) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def load_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return what `save_arrays` wrote; a ValueError if it is no such file."""
    path = a_path("path", path)
    if path.exists() and not path.is_file():
        raise ValueError("not a file")
    with path.open("rb") as opened:
        try:
            # Written unpacked: what has to be unpacked could become any size.
            if any(entry.compress_type for entry in zipfile.ZipFile(opened).infolist()):
                raise ValueError("packed")
            with np.load(opened, allow_pickle=False) as file:
                return dict(file)
        except Exception as error:  # whatever a damaged archive leads to
            raise ValueError(f"no archive of arrays: {error}") from None


def taken_as(like: dict[str, np.ndarray], arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return ``arrays`` in the data types of ``like``.

    Names, shapes and kinds of data must be those of ``like`` and all numbers finite, or it is a
    ValueError that names the first array at fault.
    """
    if arrays.keys() != like.keys():
        raise ValueError(f"other names: {sorted(arrays.keys() ^ like.keys())}")
    for name, array in arrays.items():
        kind = like[name].dtype.kind
        if array.shape != like[name].shape or array.dtype.kind != kind:
            raise ValueError(f"{name}: {array.dtype} {array.shape}")
        if kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name}: not all are finite")
    return {name: array.astype(like[name].dtype, order="F") for name, array in arrays.items()}
