"""Managing the data: a split of the galaxies, in a random order, one at a time or in batches.

Chapter 2 derives what `DataManager` does. It knows neither where the file comes from (`datasets`,
`reading`) nor what the galaxies are used for.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import h5py
import numpy as np

from galaxy_lib import datasets, reading
from galaxy_lib.galaxy import Galaxy, one_hot, scale_pixels

ARCSEC = np.pi / 180 / 3600  # in radians
HALF_FIELD = 33.0  # arcsec: half a picture's side where its scale is unknown
SLOW = 20  # times the bytes of a picture that reading it may cost before we warn


class DataManager:
    """A file of galaxies, shuffled, split and coarsened (chapter 2).

    Parameters
    ----------
    partition : float
        Share of the galaxies to train on, in (0, 1). The training rows are the first
        ``int(partition * N)`` of the shuffled ones, the others are the test set.
    datafile : path, optional
        The file; without one it is found by `galaxy_lib.dataset_path`.
    coarsen : int
        Pictures are averaged over blocks of ``coarsen`` by ``coarsen`` pixels.
    read_on_demand : bool
        Read each picture when it is used instead of all at once: little memory, much slower.
    seed : int, Generator or what else `numpy.random.default_rng` takes, optional
        The same seed gives the same split and the same order of every epoch.
    validation : float
        Share of the training rows, in [0, 1), that is set aside to choose between networks.
    stratify : bool
        Keep the proportions of the classes in every set.
    group_by_sky : bool
        Keep galaxies whose pictures overlap in one set, see `sky_groups`.
    augment : {None, "rot90", "d4"}
        Turn every training picture at random, each time a batch brings it: by a multiple of 90°,
        and with "d4" also mirrored or not. Nothing but `training_batches` does it.
    cache : bool
        Keep the coarsened pictures on disk, for a quick start the next time.

    Attributes
    ----------
    ds : h5py.File
        The open file; ``path`` is where it is, ``simulated`` says whether it is not real.
    ans : uint8 array (N,)
        The classes.
    images : uint8 (N, height, width, 3)
        The full-size pictures, in memory or on disk, as ``images[row]``.
    indices, training_indices, validation_indices, test_indices : int arrays
        Rows of the file: all, in random order, and the three sets they are split into.
    n_training, n_validation, n_test : int
        How many they are.
    input_size : int
        Inputs per galaxy.
    rng : numpy.random.Generator
        The source of every random number here.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        See `galaxy_lib.datasets.open_dataset`; ValueError too for a parameter out of its range.
    """

    def __init__(
        self,
        partition: float = 0.8,
        datafile: str | os.PathLike | None = None,
        coarsen: int = 1,
        read_on_demand: bool = False,
        *,
        seed=None,
        validation: float = 0.0,
        stratify: bool = False,
        group_by_sky: bool = False,
        augment: str | None = None,
        cache: bool = True,
    ) -> None:
        if not 0 < partition < 1:
            raise ValueError(f"partition is {partition}, but must be between 0 and 1, say 0.8.")
        if not 0 <= validation < 1:
            raise ValueError(f"validation is {validation}, but must be in [0, 1), say 0.1.")
        if augment not in ORIENTATIONS:
            raise ValueError(f'augment is {augment!r}, but must be None, "rot90" or "d4".')
        self.path = datasets.dataset_path(datafile)
        self.ds = datasets.open_dataset(self.path)
        try:
            self._load(coarsen, read_on_demand, cache)
            self.rng = np.random.default_rng(seed)
            self._split(partition, validation, stratify, group_by_sky)
        except BaseException:
            self.close()
            raise
        self.augment = augment
        self._next_training = self._next_test = 0

    def _load(self, coarsen: int, read_on_demand: bool, cache: bool) -> None:
        """Read the answers, and the pictures unless they are to be read on demand."""
        images = self.ds["images"]
        size = images.shape[1]
        if coarsen != int(coarsen) or coarsen < 1 or size % coarsen:
            raise ValueError(
                f"coarsen is {coarsen}, but must divide the {size} pixels of a side, say 4."
            )
        self.coarsen = int(coarsen)
        self.simulated = bool(self.ds.attrs.get("simulated", False))
        self.ans = self.ds["ans"][:]
        self._shape = (size // self.coarsen, size // self.coarsen, 3)
        self.input_size = int(np.prod(self._shape))
        self._sums = None
        if read_on_demand:
            _warn_if_slow(images)
        else:
            # Pictures at full size are not cached: they would fill the disk a second time.
            folders = [self.path.parent, datasets.cache_folder()] if cache and coarsen > 1 else []
            self._sums = reading.coarsened(self.path, images, self.coarsen, folders)
        self.images = self._sums if self.coarsen == 1 and self._sums is not None else images

    def _split(self, partition, validation, stratify, group_by_sky) -> None:
        n = len(self.ans)
        n_training = int(partition * n)
        n_validation = max(1, int(validation * n_training)) if validation else 0
        if n_training - n_validation < 1:
            raise ValueError(
                f"partition={partition} of {n} galaxies leaves none to train on "
                f"({n_validation} for validation): choose a larger partition."
            )
        strata = self.ans if stratify else np.zeros(n, np.uint8)
        groups = np.arange(n)
        if group_by_sky:
            columns = [datasets.catalogue(self.ds, name) for name in ("ra", "dec", "pxscale")]
            groups = sky_groups(*columns, side=self.ds["images"].shape[1])
        rows, sets = self.rng.permutation(n), (strata, groups, self.rng)
        rows, self.test_indices = split(rows, n_training, *sets)
        rows, self.validation_indices = split(rows, len(rows) - n_validation, *sets)
        self.training_indices = rows
        self.indices = np.concatenate([rows, self.validation_indices, self.test_indices])

    @property
    def n_training(self) -> int:
        return len(self.training_indices)

    @property
    def n_validation(self) -> int:
        return len(self.validation_indices)

    @property
    def n_test(self) -> int:
        return len(self.test_indices)

    # ------------------------------------------------------------------------ one at a time

    def galaxy(self, row: int) -> Galaxy:
        """Return the galaxy in one row of the file, coarsened."""
        return Galaxy(self._means(row), self.ans[row], index=row)

    def get_next_training_image(self) -> Galaxy | None:
        """Return the next galaxy to train on, as it is in the file, or None after the last."""
        if self._next_training >= self.n_training:
            return None
        self._next_training += 1
        return self.galaxy(self.training_indices[self._next_training - 1])

    def get_next_test_image(self) -> Galaxy | None:
        """Return the next galaxy of the test set, or None after the last."""
        if self._next_test >= self.n_test:
            return None
        self._next_test += 1
        return self.galaxy(self.test_indices[self._next_test - 1])

    def reset_training(self) -> None:
        """Shuffle the training rows and start over."""
        # A new array: batches that are under way keep their order.
        self.training_indices = self.rng.permutation(self.training_indices)
        self._next_training = 0

    def reset_testing(self) -> None:
        """Start over with the test set."""
        self._next_test = 0

    def training_images(self) -> Iterator[Galaxy]:
        """Yield what `get_next_training_image` returns until it is None."""
        while g := self.get_next_training_image():
            yield g

    def test_images(self) -> Iterator[Galaxy]:
        """Yield what `get_next_test_image` returns until it is None."""
        while g := self.get_next_test_image():
            yield g

    # -------------------------------------------------------------------------- many at once

    def training_batches(self, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield every training galaxy once, in a fresh random order, a batch at a time (chapter 3).

        Parameters
        ----------
        batch_size : int
            Galaxies per batch; the last batch is as short as it comes.

        Yields
        ------
        x : float32 array (N_in, S), one contiguous column per galaxy
            The coarsened pictures, flattened as `numpy.ravel` does, in [0.01, 1].
        y : float32 array (N_out, S)
            The known outputs. Both are new arrays, the caller's to keep.

        Raises
        ------
        ValueError
            If ``batch_size`` is below 1.
        """
        self.reset_training()
        return self._batches(self.training_indices, batch_size, ORIENTATIONS[self.augment])

    def test_batches(self, batch_size: int = 512) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the test set in batches, always in the same order; see `training_batches`."""
        return self._batches(self.test_indices, batch_size)

    def validation_batches(self, batch_size: int = 512) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the validation set in batches, always in the same order."""
        return self._batches(self.validation_indices, batch_size)

    def training_set(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the whole training set as one batch, x (N_in, S) and y (N_out, S)."""
        return self._columns(self.training_indices)

    def test_set(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the whole test set as one batch."""
        return self._columns(self.test_indices)

    def validation_set(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the whole validation set as one batch."""
        return self._columns(self.validation_indices)

    def _batches(self, rows: np.ndarray, batch_size: int, orientations: int = 1) -> Iterator:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, but a batch needs at least 1 galaxy.")
        starts = range(0, len(rows), int(batch_size))
        # A generator of its own, so that a wrong batch_size is reported at once.
        return (self._columns(rows[i : i + batch_size], orientations) for i in starts)

    def _columns(self, rows: np.ndarray, orientations: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y of some rows, each picture in one of the first few orientations."""
        pictures = scale_pixels(self._means(rows))
        if orientations > 1:
            turns = self.rng.integers(orientations, size=len(rows))
            for turn in range(1, orientations):
                chosen = turns == turn
                pictures[chosen] = turned(pictures[chosen], turn)
        x = pictures.reshape(len(rows), self.input_size).T
        return x, np.asfortranarray(one_hot(self.ans[rows]))

    def _means(self, rows) -> np.ndarray:
        """Return the mean over blocks of pixels, float32 (..., height, width, 3), exactly."""
        if self._sums is not None:
            sums = self._sums[rows]
        else:
            pictures = np.stack([self.images[row] for row in np.atleast_1d(rows)])
            sums = reading.block_sums(pictures, self.coarsen).reshape(*np.shape(rows), *self._shape)
        return sums / np.float32(self.coarsen**2)

    # ---------------------------------------------------------------------------- the file

    def close(self) -> None:
        """Close the file; what is in memory stays usable."""
        self.ds.close()

    def __enter__(self) -> DataManager:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = "simulated" if self.simulated else "real"
        shape = "×".join(str(n) for n in self._shape)
        sets = f"{self.n_training} training, {self.n_validation} validation, {self.n_test} test"
        return f"<DataManager: {len(self.ans)} {kind} galaxies as {shape}; {sets}>"


ORIENTATIONS = {None: 1, "rot90": 4, "d4": 8}


def turned(pictures: np.ndarray, turn: int) -> np.ndarray:
    """Return pictures (S, height, width, 3) in orientation 0 to 7; from 4 on they are mirrored."""
    return np.rot90(pictures[:, :, ::-1] if turn >= 4 else pictures, turn % 4, axes=(1, 2))


def _warn_if_slow(images: h5py.Dataset) -> None:
    """Warn when one picture on demand costs reading the chunks of many."""
    if images.chunks is None:
        return
    n_chunks = reading.chunks_per_picture(images)
    times = n_chunks * int(np.prod(images.chunks)) / np.prod(images.shape[1:])
    if times > SLOW:
        warnings.warn(
            f"One picture is spread over {n_chunks} chunks of this file, so reading on demand "
            f"handles {times:.0f} times its bytes; `python -m galaxy_lib sample FILE NEW.h5 "
            "--fraction 1` rewrites it one picture a chunk, or leave read_on_demand off.",
            stacklevel=4,
        )


# ---------------------------------------------------------------------------------- splitting


def split(rows, n_first: int, strata, groups, rng) -> tuple[np.ndarray, np.ndarray]:
    """Split shuffled rows in two, keeping the proportions of strata and whole groups.

    Without strata and groups that matter these are the first ``n_first`` rows and the others.

    Parameters
    ----------
    rows : int array (n,)
        Rows in random order.
    n_first : int
        How many go to the first part; large groups may make it a few more or less.
    strata, groups : int arrays (N,), by row
        What is to be kept in proportion, and what is to be kept together.
    rng : numpy.random.Generator
        Draws the side that each group goes to.

    Returns
    -------
    first, second : int arrays, in the order of ``rows``
    """
    kinds, kind = np.unique(strata[rows], return_inverse=True)
    wanted = np.bincount(kind) * (n_first / max(len(rows), 1))
    quota = np.floor(wanted).astype(int)
    quota[np.argsort(quota - wanted, kind="stable")[: n_first - quota.sum()]] += 1
    room = np.bincount(kind) - quota
    in_first = np.zeros(len(rows), bool)
    _, group, size = np.unique(groups[rows], return_inverse=True, return_counts=True)
    together = size[group] > 1
    for members in _members(group, together):
        need = np.bincount(kind[members], minlength=len(kinds))
        fits, fits_second = np.all(need <= quota), np.all(need <= room)
        first = rng.random() < n_first / len(rows) if fits == fits_second else fits
        in_first[members] = first
        side = quota if first else room
        side -= need
    for k in range(len(kinds)):
        single = np.flatnonzero((kind == k) & ~together)
        in_first[single[: max(quota[k], 0)]] = True
    return rows[in_first], rows[~in_first]


def _members(group: np.ndarray, together: np.ndarray) -> list[np.ndarray]:
    """Return the places of each group that has several members."""
    places = np.flatnonzero(together)
    places = places[np.argsort(group[places], kind="stable")]
    return np.split(places, np.flatnonzero(np.diff(group[places])) + 1) if len(places) else []


def sky_pairs(ra, dec, pxscale=None, *, side: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Find pairs of galaxies of which one picture holds the other's centre (chapter 1).

    Parameters
    ----------
    ra, dec : arrays (N,)
        Positions in degrees; NaN where unknown, and such a galaxy is in no pair.
    pxscale : array (N,), optional
        Arcsec per pixel, which times ``side / 2`` is half a field; 33 arcsec where unknown.
    side : int
        Pixels of a picture's side.

    Returns
    -------
    pairs : int array (P, 2)
        Row numbers.
    separation : float array (P,)
        In arcsec.
    """
    from scipy.spatial import cKDTree

    ra, dec = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    reach = np.full(len(ra), HALF_FIELD)
    if pxscale is not None:
        reach = np.where(np.isfinite(pxscale), np.asarray(pxscale) * side / 2, HALF_FIELD)
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    # Points on the unit sphere have neither poles nor a seam at RA 0.
    unit = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    if len(known) == 0:
        return np.empty((0, 2), int), np.empty(0)
    chord = 2 * np.sin(reach[known].max() * ARCSEC / 2)
    pairs = known[cKDTree(unit[known]).query_pairs(chord, output_type="ndarray")]
    apart = np.linalg.norm(unit[pairs[:, 0]] - unit[pairs[:, 1]], axis=1)
    separation = 2 * np.arcsin(apart / 2) / ARCSEC
    near = separation <= reach[pairs].max(axis=1)
    return pairs[near], separation[near]


def sky_groups(ra, dec, pxscale=None, *, side: int = 256) -> np.ndarray:
    """Number the groups that `sky_pairs` link, directly or by a chain: int array (N,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs, _ = sky_pairs(ra, dec, pxscale, side=side)
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(ra), len(ra)))
    return connected_components(links, directed=False)[1]
