"""Several files of galaxies as one: what `DataManager` reads from them, end to end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib.files.datasets import CATALOGUE, catalogue, dataset_path, open_dataset


class JoinedPictures:
    """The pictures of several files, indexable by row like one data set (N, height, width, 3)."""

    dtype = np.dtype(np.uint8)

    def __init__(self, parts: Sequence[h5py.Dataset]) -> None:
        self.parts = list(parts)
        self.ends = np.cumsum([len(part) for part in parts])
        self.shape = (int(self.ends[-1]), *parts[0].shape[1:])
        self.size = int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def place_of(self, row: int) -> tuple[h5py.Dataset, int]:
        """Return the data set that holds a row, and the row's number in it."""
        row = range(len(self))[row]
        k = int(np.searchsorted(self.ends, row, side="right"))
        return self.parts[k], int(row - (self.ends[k] - len(self.parts[k])))

    def __getitem__(self, key) -> np.ndarray:
        """Return one picture, ``[row]``, or a part of it, ``[row, 10:20, 10:20]``."""
        row, *inside = key if isinstance(key, tuple) else (key,)
        part, row = self.place_of(row)
        return part[(row, *inside)]


class JoinedFiles(dict):
    """Several files in the data set's schema, opened as one: ``ans``, ``images``, the catalogue.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        If one of them is not a sound file of galaxies (`datasets.open_dataset`), if their pictures
        differ in size, or if some are simulated and others real.
    """

    def __init__(self, paths: Sequence[str | os.PathLike]) -> None:
        self.paths = [Path(path).expanduser() for path in paths]
        self._files: list[h5py.File] = []
        try:
            for path in self.paths:
                self._files.append(open_dataset(path))
            self._join()
        except BaseException:
            self.close()
            raise

    def _join(self) -> None:
        first = self._files[0]
        self.attrs = dict(first.attrs)
        for path, ds in zip(self.paths, self._files, strict=True):
            if ds["images"].shape[1:] != first["images"].shape[1:]:
                sides = f"{ds['images'].shape[1]} and {first['images'].shape[1]} pixels"
                raise ValueError(
                    f"{path} and {self.paths[0]} hold pictures of {sides}: join equals."
                )
            if bool(ds.attrs.get("simulated")) != bool(first.attrs.get("simulated")):
                raise ValueError(f"{path} and {self.paths[0]}: one is simulated, the other is not.")
        self["ans"] = np.concatenate([ds["ans"][:] for ds in self._files])
        self["images"] = JoinedPictures([ds["images"] for ds in self._files])
        for name in CATALOGUE:
            self[name] = np.concatenate([catalogue(ds, name) for ds in self._files])

    def close(self) -> None:
        """Close all of them."""
        for ds in self._files:
            ds.close()


def open_files(
    datafile: str | os.PathLike | Sequence[str | os.PathLike] | None,
) -> tuple[h5py.File | JoinedFiles, list[tuple[Path, h5py.Dataset]]]:
    """Open a file, found by `datasets.dataset_path`, or several as one.

    Returns
    -------
    ds
        What holds ``ans``, ``images`` and the catalogue of all of them, and is to be closed.
    parts
        Each file's path and its pictures, uint8 (N, height, width, 3).
    """
    if datafile is None or isinstance(datafile, str | os.PathLike):
        path = dataset_path(datafile)
        ds = open_dataset(path)
        return ds, [(path, ds["images"])]
    ds = JoinedFiles(datafile)
    return ds, list(zip(ds.paths, ds["images"].parts, strict=True))
