"""Managing the data: galaxies in a random order, split in sets, one at a time or in batches.

Chapter 2 derives what `DataManager` does. It knows neither where a file comes from (`datasets`) and
how its pictures are kept (`pictures`), nor what the galaxies are used for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np

from galaxy_lib import splits
from galaxy_lib.checked import (
    BelowOne,
    FilePaths,
    Inside,
    NotNegative,
    Seed,
    Truth,
    Whole,
    checked,
    one_of,
    whole,
)
from galaxy_lib.files import datasets
from galaxy_lib.files.joined import open_files
from galaxy_lib.galaxy import N_TYPES, Galaxy, one_hot
from galaxy_lib.pictures import View, open_pictures
from galaxy_lib.splits import ASplit, Split

ORIENTATIONS = {None: 1, "rot90": 4, "d4": 8}
"""In how many ways `DataManager` turns a picture, by the name of the augmentation."""

ONE_HOT = one_hot(np.arange(N_TYPES)).T
"""The known outputs of each class, a row for each: float32 (10, 10)."""

Batch = tuple[np.ndarray, np.ndarray]
Augment = Annotated[str | None, one_of(*ORIENTATIONS)]


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
    split : galaxy_lib.splits.Split, optional
        The sets, made before: ``partition``, ``validation``, ``stratify`` and ``group_by_sky``,
        which say how to make them, are then not used.

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
    pictures : Pictures
        The same as a network sees them, coarsened, however they are kept.
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
        split: ASplit | None = None,
    ) -> None:
        self.n_sky_pairs = self.n_conflicts = None
        self.rng = np.random.default_rng(seed)
        self.ds, parts = open_files(datafile)
        try:
            self.path = parts[0][0]
            self.ans = self.ds["ans"][:]
            self.simulated = datasets.is_simulated(self.ds)
            split = split or self._split(partition, validation, stratify, group_by_sky)
            self.indices = split.rows_of(len(self.ans))
            view = View.of(self.ds["images"].shape[1], coarsen, crop)
            self.pictures = open_pictures(
                self.ds["images"], parts, view, ORIENTATIONS[augment], use_cache=cache,
                read_on_demand=read_on_demand, memory_limit=memory_limit,
            )  # fmt: skip
        except BaseException:
            self.ds.close()
            raise
        self.training_indices, self.validation_indices, self.test_indices = split
        self.n_training, self.n_validation, self.n_test = map(len, split)
        self.images, self.input_size = self.pictures.images, math.prod(view.shape)
        self.coarsen, self.crop, self.augment = view.coarsen, view.crop, augment
        self._next_training = self._next_test = 0

    def _split(self, partition, validation, stratify, group_by_sky) -> Split:
        """Shuffle the rows and split them."""
        groups, strata = None, self.ans if stratify else None
        if group_by_sky:
            columns = (datasets.catalogue(self.ds, name) for name in ("ra", "dec", "pxscale"))
            found = splits.sky_groups(*columns, self.ans, side=self.ds["images"].shape[1])
            groups, self.n_sky_pairs, self.n_conflicts = found
        return splits.split(
            len(self.ans), partition, validation, strata=strata, groups=groups, rng=self.rng
        )

    # ------------------------------------------------------------------------- one at a time

    def galaxy(self, row: int) -> Galaxy:
        """Return the galaxy in a row of the file, coarsened."""
        whole("row", row, 0, len(self.ans) - 1)
        means = self.pictures.view.means(self.pictures.sums([row])[0])
        return Galaxy(means, self.ans[row], index=row)

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
        self.training_indices = self.pictures.shuffled(self.training_indices, self.rng)
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
        y = ONE_HOT.take(self.ans[rows], axis=0)
        return self.pictures.inputs(rows, turns).T, y.T

    # ------------------------------------------------------------------------------ the file

    def close(self) -> None:
        """Close the file. What was read stays usable; what is read on demand does not."""
        self.ds.close()
        self.pictures.close()

    def __enter__(self) -> DataManager:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = "simulated" if self.simulated else "real"
        shape = "×".join(str(n) for n in self.pictures.view.shape)
        sets = f"{self.n_training} training, {self.n_validation} validation, {self.n_test} test"
        if self.n_sky_pairs is not None:
            sets += (
                f"; {self.n_sky_pairs} pairs share sky, {self.n_conflicts} with two labels for one"
            )
        return f"<DataManager: {len(self.ans)} {kind} galaxies as {shape}; {sets}>"
