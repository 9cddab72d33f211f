"""Pictures as a network sees them: one interface, whether they are in memory or on disk.

Chapter 2 derives what a `View` does to a picture; where the bytes come from is in `files`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np

from galaxy_lib.checked import an_array, checked, whole, wrong
from galaxy_lib.files import cache, datasets, reading
from galaxy_lib.files.joined import JoinedPictures
from galaxy_lib.galaxy import scale_pixels

KEPT = 64e6
"""Bytes: inputs that take no more are kept scaled and turned, and a batch is only gathered."""

BLOCKS_AT_A_TIME = 16  # of those on disk are shuffled together

Turn = Annotated[int, partial(whole, low=0, high=7)]
Pixels = Annotated[np.ndarray, partial(an_array, shape=..., kinds="iufV")]  # V: bands as one


class View(NamedTuple):
    """What of a picture a network sees: its middle, in blocks (chapter 2)."""

    side: int
    crop: int
    coarsen: int

    @classmethod
    def of(cls, side: int, coarsen: int = 1, crop: int | None = None) -> View:
        """Return the view of the middle ``crop`` of ``side`` pixels, all of them without it.

        A ValueError says that they are no whole blocks of ``coarsen`` pixels around the middle.
        """
        if side % coarsen:
            raise wrong("coarsen", coarsen, f"give a divisor of the {side} pixels")
        sizes = range(side, 0, -2 * coarsen)  # whole blocks in the middle and around it
        if crop is not None and crop not in sizes:
            choices = f"{side} less a multiple of {2 * coarsen}, say {sizes[len(sizes) // 2]}"
            raise wrong("crop", crop, f"give {choices}")
        return cls(side, side if crop is None else crop, coarsen)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of a coarsened picture, in blocks and colours."""
        return self.crop // self.coarsen, self.crop // self.coarsen, 3

    def _middle(self, block: int) -> tuple[slice, ...]:
        """Return where the view is in pictures, in blocks of so many pixels."""
        edge = (self.side - self.crop) // 2
        return (slice(None), *(slice(edge // block, (edge + self.crop) // block),) * 2)

    def of_sums(self, sums: np.ndarray) -> np.ndarray:
        """Return the middle of whole pictures that are block sums already (S, ...)."""
        return sums[self._middle(self.coarsen)]

    def of_pixels(self, pictures: np.ndarray) -> np.ndarray:
        """Return the block sums of the middle of full-size pictures, uint8 (S, side, side, 3)."""
        return reading.block_sums(pictures[self._middle(1)], self.coarsen)

    def means(self, sums: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Turn sums over blocks into means: float32, and exact where ``coarsen`` is 2, 4, 8, ..."""
        return np.divide(sums, np.float32(self.coarsen**2), out=out)

    def inputs(self, sums: np.ndarray) -> np.ndarray:
        """Turn block sums (S, *shape) into inputs in [0.01, 1]: float32 (S, N_in)."""
        x = np.empty(sums.shape, np.float32)
        step = max(100_000 // sums[0].size, 1) if len(sums) else 1  # stay in the processor's cache
        for i in range(0, len(sums), step):
            few = x[i : i + step]
            scale_pixels(self.means(sums[i : i + step], out=few), out=few)
        return x.reshape(len(sums), -1)


class Pictures:
    """All pictures of a file or several, in one view, however they are kept.

    Parameters
    ----------
    images : uint8 (N, height, width, 3)
        The full-size pictures: ``images[row]``.
    view : View
    orientations : int
        In how many ways `inputs` turns pictures: 1, 4 or 8.
    """

    def __init__(self, images: Any, view: View, orientations: int = 1) -> None:
        self.images, self.view = images, view
        grid = np.arange(np.prod(view.shape[:2])).reshape(1, *view.shape[:2])
        # Where the pixels of each orientation stand in the picture.
        self._places = [turned(grid, turn).ravel() for turn in range(orientations)]

    def sums(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the block sums of some rows, (S, *view.shape): an array that is the caller's."""
        raise NotImplementedError

    def inputs(self, rows: np.ndarray, turns: np.ndarray | None = None) -> np.ndarray:
        """Return the inputs of some rows, float32 (S, N_in), each turned as ``turns`` says."""
        sums = self.sums(rows)
        if turns is not None:
            for picture, turn in zip(_pixels(sums), turns, strict=True):
                picture[:] = picture.take(self._places[turn])
        return self.view.inputs(sums)

    def shuffled(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return ``rows`` in a random order in which they are read fast."""
        return rng.permutation(rows)

    def close(self) -> None:
        """Close what is open. What is in memory stays usable."""


class InMemory(Pictures):
    """Pictures whose block sums are in memory; where they are small, their inputs too."""

    def __init__(self, sums: np.ndarray, images: Any, view: View, orientations: int = 1) -> None:
        super().__init__(sums if view.coarsen == 1 else images, view, orientations)
        # The cache holds whole pictures, so that one serves every crop.
        self._sums = sums if view.crop == view.side else view.of_sums(sums).copy()
        self._x = None
        if 4 * self._sums.size * orientations <= KEPT:
            pixels = _pixels(view.inputs(self._sums))
            turns = [pixels.take(places, axis=1) for places in self._places]
            self._x = np.concatenate(turns).view(np.float32)

    def sums(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the block sums of some rows."""
        return self._sums[rows]

    def inputs(self, rows: np.ndarray, turns: np.ndarray | None = None) -> np.ndarray:
        """Return the inputs of some rows."""
        if self._x is None:
            return super().inputs(rows, turns)
        return self._x.take(rows if turns is None else len(self._sums) * turns + rows, axis=0)


class OnDisk(Pictures):
    """Pictures whose block sums lie in a cache, in random order, and are read from there.

    They are read into arrays, not mapped: mapped pages would count as this process's memory.
    """

    def __init__(self, content: cache.Coarsened, folders, images, view, orientations=1) -> None:
        super().__init__(images, view, orientations)
        self._row = np.empty(content.shape[1:], content.dtype)
        self.path, self.place = cache.on_disk(content, folders)
        self.block_rows = max(1, cache.BLOCK // self._row.nbytes)  # lie side by side
        self._file = self.path.open("rb", buffering=0)

    def sums(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the block sums of some rows; an OSError if the cache was cut meanwhile."""
        sums = np.empty((len(rows), *self._row.shape), self._row.dtype)
        n_bytes = self._row.nbytes
        for picture, place in zip(sums, self.place[rows].tolist(), strict=True):
            self._file.seek(place * n_bytes)
            if self._file.readinto(memoryview(picture).cast("B")) < n_bytes:
                raise OSError(f"{self.path} was cut: make a new DataManager.")
        return np.ascontiguousarray(self.view.of_sums(sums))

    def shuffled(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return ``rows`` in an order that is random and still reads the disk in strides.

        The blocks in which they lie are shuffled, and the rows of every `BLOCKS_AT_A_TIME` blocks
        among each other. As the rows on disk are in random order, so is the result.
        """
        block = self.place[rows] // self.block_rows
        turn = rng.permutation(-(-len(self.place) // self.block_rows)) // BLOCKS_AT_A_TIME
        return rows[np.lexsort((rng.random(len(rows)), turn[block]))]

    def close(self) -> None:
        """Close the cache."""
        self._file.close()


class OnDemand(Pictures):
    """Pictures that are read from their files each time."""

    def __init__(self, parts: Sequence[cache.Part], images, view, orientations=1) -> None:
        super().__init__(images, view, orientations)
        self._joined = JoinedPictures([images for _, images in parts])

    def sums(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the block sums of some rows."""
        sums = np.empty((len(rows), *self.view.shape), reading.sum_dtype(self.view.coarsen))
        for i, row in enumerate(rows):
            picture = reading.rows_of(*self._joined.place_of(row))
            sums[i] = self.view.of_pixels(picture)[0]
        return sums


def open_pictures(
    images: Any,
    parts: Sequence[cache.Part],
    view: View,
    orientations: int,
    *,
    read_on_demand: bool,
    use_cache: bool,
    memory_limit: float,
) -> Pictures:
    """Open the pictures of some files as `joined.open_files` returns them.

    In memory, unless block sums take more bytes than ``memory_limit``, or they are to be read on
    demand. An OSError says that a file is damaged, or that memory or disk have no room.
    """
    path = parts[0][0]
    if read_on_demand:
        if (times := max(reading.overhead(part) for _, part in parts)) > 20:
            warnings.warn(
                f"One picture of {path.name} is read with {times:.0f} times its bytes, "
                "because its chunks cut across pictures: read_on_demand=False reads all at "
                "once, and `python -m galaxy_lib sample OLD.h5 NEW.h5 --fraction 1` mends it.",
                stacklevel=4,  # where the DataManager is made
            )
        return OnDemand(parts, images, view, orientations)
    folders = [path.parent, datasets.cache_folder()] if use_cache else []
    content = cache.Coarsened(parts, view.coarsen, mixed=True)
    if content.nbytes > memory_limit:
        return OnDisk(content, folders, images, view, orientations)
    if view.coarsen == 1:
        folders = []  # it would be the file once more, larger
    arrays = [cache.coarsened(*part, view.coarsen, folders) for part in parts]
    sums = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
    return InMemory(sums, images, view, orientations)


@checked
def turned(pictures: Pixels, turn: Turn) -> np.ndarray:
    """Return pictures (S, side, side, ...) in orientation 0 to 7; from 4 on they are mirrored."""
    return np.rot90(pictures[:, :, ::-1] if turn >= 4 else pictures, turn % 4, axes=(1, 2))


def _pixels(pictures: np.ndarray) -> np.ndarray:
    """View contiguous pictures as (S, pixels): a pixel's three bands move as one."""
    return pictures.view(f"V{3 * pictures.itemsize}").reshape(len(pictures), -1)
