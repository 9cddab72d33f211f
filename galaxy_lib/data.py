"""Managing the data: galaxies in a random order, split in sets, one at a time or in batches.

Chapter 2 derives what `DataManager` does. It knows neither where a file comes from (`datasets`) and
how it is read (`reading`), nor what the galaxies are used for.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Annotated

import numpy as np

from galaxy_lib.checked import (
    BelowOne,
    FilePaths,
    Inside,
    NotNegative,
    Seed,
    Truth,
    Whole,
    an_array,
    checked,
    one_of,
    whole,
    wrong,
)
from galaxy_lib.files import datasets, reading
from galaxy_lib.files.joined import JoinedFiles, JoinedPictures
from galaxy_lib.files.splits import conflicts, linked, sky_pairs, split_rows
from galaxy_lib.files.stored import StoredRows, load
from galaxy_lib.galaxy import Galaxy, one_hot, scale_pixels

ORIENTATIONS = {None: 1, "rot90": 4, "d4": 8}
"""In how many ways `DataManager` turns a picture, by the name of the augmentation."""

KEPT = 64e6
"""Bytes: inputs that take no more are kept scaled and turned, and a batch is only gathered."""

Batch = tuple[np.ndarray, np.ndarray]
Augment = Annotated[str | None, one_of(*ORIENTATIONS)]
Turn = Annotated[int, partial(whole, low=0, high=7)]
Pixels = Annotated[np.ndarray, partial(an_array, shape=..., kinds="iufV")]  # V: bands as one


class DataManager:
    """A file of galaxies, shuffled, split and coarsened (chapter 2).

    Parameters
    ----------
    partition : float
        Share of the N galaxies to train on, in (0, 1). The training rows are the first
        ``int(partition * N)`` of the shuffled ones; the others are the test set.
    datafile : path or list of paths, optional
        The file, or several that are taken as one; without any it is found by
        `galaxy_lib.dataset_path`.
    coarsen : int
        Pictures become the exact means over blocks of ``coarsen`` × ``coarsen`` pixels.
    read_on_demand : bool
        Read each picture when it is used, not all at once: little memory, and much slower.
    seed : int, Generator or what else `numpy.random.default_rng` takes, optional
        The same seed gives the same sets and the same order in every epoch.
    validation : float
        Share of the training rows, in [0, 1), set aside to choose between networks.
    stratify : bool
        Keep the proportions of the classes in every set.
    group_by_sky : bool
        Keep galaxies in one set if the picture of one holds the other's centre.
    augment : {None, "rot90", "d4"}
        Turn each picture of a training batch at random: by a multiple of 90°, and with "d4" also
        mirrored or not. Single galaxies and the other sets stay as they are.
    cache : bool
        Keep the coarsened pictures on disk, beside the file or in the user's cache folder.
    memory_limit : float
        Coarsened pictures of more bytes than this stay there, and batches are read from it: the
        training set is then shuffled in blocks that lie at random in it (chapter 9).
    crop : int, optional
        Only the middle ``crop`` × ``crop`` pixels of each picture, in whole blocks (chapter 7).

    Attributes
    ----------
    path : Path
        The file, or the first of several; ``simulated`` says whether galaxies are drawn, not real.
    ds : h5py.File
        The open file.
    ans : integer array (N,)
        The classes, 0 to 9.
    images : uint8 (N, height, width, 3)
        The full-size pictures, in memory or on disk: ``images[row]``.
    indices : int array (N,)
        All rows of the file in random order, split into ``training_indices`` (``n_training`` of
        them), ``validation_indices`` (``n_validation``) and ``test_indices`` (``n_test``).
    n_sky_pairs, n_conflicts : int or None
        With ``group_by_sky``: pairs that share sky, and those that are one galaxy with two labels.
    input_size : int
        Inputs per galaxy, N_in.
    rng : numpy.random.Generator
        The source of all that is random here.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        If there is no such file, it is not one of galaxies (see `datasets.open_dataset`), or a
        parameter is not what it should be.
    """

    @checked
    def __init__(
        self,
        partition: Inside = 0.8,
        datafile: FilePaths | None = None,
        coarsen: Whole = 1,
        read_on_demand: Truth = False,
        *,
        seed: Seed = None,
        validation: BelowOne = 0.0,
        stratify: Truth = False,
        group_by_sky: Truth = False,
        augment: Augment = None,
        cache: Truth = True,
        crop: Whole | None = None,
        memory_limit: NotNegative = 4e9,
    ) -> None:
        self.augment = augment
        self.n_sky_pairs = self.n_conflicts = None
        self.rng = np.random.default_rng(seed)
        if datafile is None or isinstance(datafile, str | os.PathLike):
            self.path = datasets.dataset_path(datafile)
            self.ds = datasets.open_dataset(self.path)
        else:
            self.ds = JoinedFiles(datafile)
            self.path = self.ds.paths[0]
        try:
            self.ans = self.ds["ans"][:]
            self.simulated = datasets.is_simulated(self.ds)
            self._split(partition, validation, stratify, group_by_sky)
            self._load(coarsen, read_on_demand, cache, crop, memory_limit)
        except BaseException:
            self.close()
            raise
        self._next_training = self._next_test = 0

    def _split(self, partition, validation, stratify, group_by_sky) -> None:
        """Shuffle the rows and split them: the test set first, then validation from the rest."""
        n = len(self.ans)
        strata = self.ans if stratify else np.zeros(n, int)
        groups = self._sky_groups() if group_by_sky else np.arange(n)
        rows = self.rng.permutation(n)
        rows, self.test_indices = split_rows(rows, int(partition * n), strata, groups, self.rng)
        n_training = len(rows) - (max(1, int(validation * len(rows))) if validation else 0)
        if n_training < 1 or len(self.test_indices) == 0:
            raise ValueError(
                f"partition={partition} and validation={validation} leave a set of {n} galaxies "
                "empty: choose other shares, or a larger file."
            )
        rows, self.validation_indices = split_rows(rows, n_training, strata, groups, self.rng)
        self.training_indices = rows
        self.indices = np.concatenate([rows, self.validation_indices, self.test_indices])
        self.n_training, self.n_test = len(rows), len(self.test_indices)
        self.n_validation = len(self.validation_indices)

    def _sky_groups(self) -> np.ndarray:
        """Number the galaxies that share sky and count the pairs: int array (N,)."""
        columns = (datasets.catalogue(self.ds, name) for name in ("ra", "dec", "pxscale"))
        pairs, separation = sky_pairs(*columns, side=self.ds["images"].shape[1])
        self.n_sky_pairs = len(pairs)
        self.n_conflicts = len(conflicts(pairs, separation, self.ans))
        return linked(pairs, len(self.ans))

    def _load(self, coarsen, read_on_demand, cache, crop, memory_limit) -> None:
        """Read the pictures as block sums, unless they are to be read on demand."""
        self.images = self.ds["images"]
        side = self.images.shape[1]
        if side % coarsen:
            raise wrong("coarsen", coarsen, f"give a divisor of the {side} pixels")
        self.coarsen = coarsen
        sizes = range(side, 0, -2 * self.coarsen)  # whole blocks in the middle and around it
        if crop is not None and crop not in sizes:
            choices = f"{side} less a multiple of {2 * self.coarsen}, say {sizes[len(sizes) // 2]}"
            raise wrong("crop", crop, f"give {choices}")
        self.crop = side if crop is None else crop
        edge = (side - self.crop) // 2
        self._middle = (slice(edge, edge + self.crop),) * 2
        self._shape = (self.crop // self.coarsen,) * 2 + (3,)
        self.input_size = int(np.prod(self._shape))
        grid = np.arange(self._shape[0] ** 2).reshape(1, *self._shape[:2])
        # Where the pixels of each orientation stand in the picture.
        self._places = [turned(grid, turn).ravel() for turn in range(ORIENTATIONS[self.augment])]
        self._blocks = (slice(edge // self.coarsen, (edge + self.crop) // self.coarsen),) * 2
        paths = getattr(self.ds, "paths", [self.path])
        parts = getattr(self.images, "parts", [self.images])
        folders = [self.path.parent, datasets.cache_folder()] if cache else []
        self._sums = None
        if read_on_demand:
            if (times := max(map(reading.overhead, parts))) > 20:
                warnings.warn(
                    f"One picture of {self.path.name} is read with {times:.0f} times its bytes, "
                    "because its chunks cut across pictures: read_on_demand=False reads all at "
                    "once, and `python -m galaxy_lib sample OLD.h5 NEW.h5 --fraction 1` mends it.",
                    stacklevel=4,
                )
        else:
            self._sums = load(paths, parts, self.coarsen, folders, memory_limit)
            if self.coarsen == 1 and isinstance(self._sums, np.ndarray):
                self.images = self._sums
        if edge and isinstance(self._sums, np.ndarray):
            # The cache holds whole pictures, so that one serves every crop.
            self._sums = self._sums[:, *self._blocks].copy()
        self._x = self._y = None
        if isinstance(self._sums, np.ndarray) and 4 * self._sums.size * len(self._places) <= KEPT:
            pixels = _pixels(self._scaled(self._sums))
            turns = [pixels.take(places, axis=1) for places in self._places]
            self._x = np.concatenate(turns).view(np.float32)
            self._y = np.ascontiguousarray(one_hot(self.ans).T)

    # ------------------------------------------------------------------------- one at a time

    def galaxy(self, row: int) -> Galaxy:
        """Return the galaxy in a row of the file, coarsened."""
        whole("row", row, 0, len(self.ans) - 1)
        return Galaxy(self._means(self._block_sums([row])[0]), self.ans[row], index=row)

    def get_next_training_image(self) -> Galaxy | None:
        """Return the next galaxy to train on, or None after the last, again and again."""
        if self._next_training == self.n_training:
            return None
        self._next_training += 1
        return self.galaxy(self.training_indices[self._next_training - 1])

    def get_next_test_image(self) -> Galaxy | None:
        """Return the next galaxy of the test set, or None after the last, again and again."""
        if self._next_test == self.n_test:
            return None
        self._next_test += 1
        return self.galaxy(self.test_indices[self._next_test - 1])

    def reset_training(self) -> None:
        """Shuffle the training rows and start over."""
        # A new array, so that batches under way keep to their order.
        shuffled = self._sums.shuffled if isinstance(self._sums, StoredRows) else _shuffled
        self.training_indices = shuffled(self.training_indices, self.rng)
        self._next_training = 0

    def reset_testing(self) -> None:
        """Start over with the test set."""
        self._next_test = 0

    def training_images(self) -> Iterator[Galaxy]:
        """Yield what `get_next_training_image` returns, until None."""
        while g := self.get_next_training_image():
            yield g

    def test_images(self) -> Iterator[Galaxy]:
        """Yield what `get_next_test_image` returns, until None."""
        while g := self.get_next_test_image():
            yield g

    # -------------------------------------------------------------------------- many at once

    @checked
    def training_batches(self, batch_size: Whole) -> Iterator[Batch]:
        """Shuffle as `reset_training` does and give every training galaxy once (chapter 3).

        Parameters
        ----------
        batch_size : int
            Galaxies per batch, S; the last batch is as short as it comes.

        Yields
        ------
        x : float32 array (N_in, S), in Fortran order: one contiguous column per galaxy
            The coarsened pictures as `numpy.ravel` flattens them, in [0.01, 1].
        y : float32 array (N_out, S), likewise
            The known outputs. No later batch overwrites these arrays.

        Raises
        ------
        ValueError
            If ``batch_size`` is below 1.
        """
        self.reset_training()
        return self._batches(self.training_indices, batch_size, ORIENTATIONS[self.augment])

    @checked
    def test_batches(self, batch_size: Whole = 512) -> Iterator[Batch]:
        """Give the test set in a fixed order, in batches like those of `training_batches`."""
        return self._batches(self.test_indices, batch_size)

    @checked
    def validation_batches(self, batch_size: Whole = 512) -> Iterator[Batch]:
        """Give the validation set in a fixed order, in batches like those of `training_batches`."""
        return self._batches(self.validation_indices, batch_size)

    def training_set(self) -> Batch:
        """Return the whole training set as one batch: x (N_in, S) and y (N_out, S)."""
        return self._columns(self.training_indices)

    def test_set(self) -> Batch:
        """Return the whole test set as one batch."""
        return self._columns(self.test_indices)

    def validation_set(self) -> Batch:
        """Return the whole validation set as one batch."""
        return self._columns(self.validation_indices)

    def _batches(self, rows: np.ndarray, batch_size: int, orientations: int = 1) -> Iterator[Batch]:
        starts = range(0, len(rows), batch_size)
        # An expression, not `yield`, so that a wrong batch_size is reported at once.
        return (self._columns(rows[i : i + batch_size], orientations) for i in starts)

    def _columns(self, rows: np.ndarray, orientations: int = 1) -> Batch:
        """Return x and y of some rows, each picture in one of the first few orientations."""
        turns = self.rng.integers(orientations, size=len(rows)) if orientations > 1 else None
        if self._x is not None:
            kept = rows if turns is None else len(self.ans) * turns + rows
            return self._x.take(kept, axis=0).T, self._y.take(rows, axis=0).T
        sums = self._block_sums(rows)
        if turns is not None:
            for picture, turn in zip(_pixels(sums), turns, strict=True):
                picture[:] = picture.take(self._places[turn])
        return self._scaled(sums).T, np.asfortranarray(one_hot(self.ans[rows]))

    def _scaled(self, sums: np.ndarray) -> np.ndarray:
        """Turn sums over blocks into inputs (S, N_in) float32, a row for each picture."""
        x = np.empty(sums.shape, np.float32)
        step = max(100_000 // self.input_size, 1)  # stay in the processor's cache meanwhile
        for i in range(0, len(sums), step):
            few = x[i : i + step]
            scale_pixels(self._means(sums[i : i + step], out=few), out=few)
        return x.reshape(len(sums), self.input_size)

    def _block_sums(self, rows) -> np.ndarray:
        """Return sums over blocks of pixels, an array (S, side, side, 3) that is the caller's."""
        if isinstance(self._sums, StoredRows):
            return np.ascontiguousarray(self._sums[rows][:, *self._blocks])
        if self._sums is not None:
            return self._sums[rows]
        sums = np.empty((len(rows), *self._shape), reading.sum_dtype(self.coarsen))
        for i, row in enumerate(rows):
            joined = isinstance(self.images, JoinedPictures)
            where = self.images.place_of(row) if joined else (self.images, row)
            picture = reading.rows_of(*where)[:, *self._middle]
            sums[i] = reading.block_sums(picture, self.coarsen)[0]
        return sums

    def _means(self, sums: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Turn sums over blocks into means: float32, and exact where ``coarsen`` is 2, 4, 8, ..."""
        return np.divide(sums, np.float32(self.coarsen**2), out=out)

    # ------------------------------------------------------------------------------ the file

    def close(self) -> None:
        """Close the file. What was read stays usable; what is read on demand does not."""
        self.ds.close()
        if isinstance(getattr(self, "_sums", None), StoredRows):
            self._sums.close()

    def __enter__(self) -> DataManager:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = "simulated" if self.simulated else "real"
        shape = "×".join(str(n) for n in self._shape)
        sets = f"{self.n_training} training, {self.n_validation} validation, {self.n_test} test"
        if self.n_sky_pairs is not None:
            sets += (
                f"; {self.n_sky_pairs} pairs share sky, {self.n_conflicts} with two labels for one"
            )
        return f"<DataManager: {len(self.ans)} {kind} galaxies as {shape}; {sets}>"


@checked
def turned(pictures: Pixels, turn: Turn) -> np.ndarray:
    """Return pictures (S, side, side, ...) in orientation 0 to 7; from 4 on they are mirrored."""
    return np.rot90(pictures[:, :, ::-1] if turn >= 4 else pictures, turn % 4, axes=(1, 2))


def _pixels(pictures: np.ndarray) -> np.ndarray:
    """View contiguous pictures as (S, pixels): a pixel's three bands move as one."""
    return pictures.view(f"V{3 * pictures.itemsize}").reshape(len(pictures), -1)


def _shuffled(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(rows)
