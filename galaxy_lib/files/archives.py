"""A trained network's file: arrays under their names, written whole, read back as exactly that."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from galaxy_lib.files.reading import written_whole


def save_arrays(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Write ``arrays`` to ``path`` in NumPy's ``.npz`` format: whole or not at all."""
    with written_whole(Path(path)) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def load_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return what `save_arrays` wrote; a ValueError, KeyError or the like if it is no such file."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


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
