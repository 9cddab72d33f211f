"""Pictures from the file, coarsened while they are read.

Apart from `datasets`, and below it: how bytes become block sums has nothing to do with
which file they come from. A file of 2.7 GB is read chunk by chunk in threads, so no more than a few
chunks of full-size pictures are ever in memory, whatever the chunks look like.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterator
from typing import Annotated

import h5py
import numpy as np

from galaxy_lib.checked import Whole, checked, wrong
from galaxy_lib.files.disk import in_threads, n_workers, progress
from galaxy_lib.files.hdf5 import chunk_grid, readable, unpacked

SLAB_BYTES = 64 * 2**20  # full-size pictures read at a time on h5py's own path


@checked
def sum_dtype(coarsen: Whole) -> np.dtype:
    """Return the smallest unsigned type that holds a sum over ``coarsen²`` pixels of a byte."""
    return np.min_scalar_type(255 * coarsen**2)


Pictures = Annotated[np.ndarray, ("n", "height", "width", "bands")]


@checked
def block_sums(pictures: Pictures, coarsen: Whole) -> np.ndarray:
    """Add up blocks of ``coarsen`` × ``coarsen`` pixels, exactly (chapter 2).

    ``pictures`` is uint8 (n, height, width, bands), and ``coarsen`` divides height and width. The
    sums are (n, height / coarsen, width / coarsen, bands), of the smallest type that holds them.
    """
    if pictures.shape[1] % coarsen or pictures.shape[2] % coarsen:
        sides = f"{pictures.shape[1]} and {pictures.shape[2]} pixels"
        raise wrong("coarsen", coarsen, f"give a divisor of {sides}")
    if coarsen == 1:
        return pictures
    dtype = sum_dtype(coarsen)
    # Adding c strided slices is far faster than one mean over a 5-d view.
    rows = pictures[:, ::coarsen].astype(dtype)
    for i in range(1, coarsen):
        rows += pictures[:, i::coarsen]
    sums = rows[:, :, ::coarsen].copy()
    for i in range(1, coarsen):
        sums += rows[:, :, i::coarsen]
    return sums


def overhead(images: h5py.Dataset) -> float:
    """Return how many times its own bytes must be read for one picture, as the chunks lie."""
    if images.chunks is None:
        return 1.0
    sides = zip(images.shape[1:], images.chunks[1:], strict=True)
    touched = math.prod(-(-length // chunk) for length, chunk in sides)
    return touched * math.prod(images.chunks) / math.prod(images.shape[1:])


def rows_of(images: h5py.Dataset, start: int, stop: int | None = None) -> np.ndarray:
    """Return full-size pictures, uint8 (n, height, width, bands); without ``stop`` it is one.

    An OSError says that the file is damaged.
    """
    stop = start + 1 if stop is None else stop
    with readable(images):
        if images.chunks is None:
            return images[start:stop]
        pixels = np.empty((stop - start, *images.shape[1:]), np.uint8)
        first, *others = chunk_grid(images)
        touched = first[start // first.step : -(-stop // first.step)]
        for corner in itertools.product(touched, *others):
            chunk = _read_chunk(images, corner)
            top, bottom = max(corner[0], start), min(corner[0] + len(chunk), stop)
            sides = zip(corner[1:], chunk.shape[1:], strict=True)
            place = (slice(top - start, bottom - start), *(slice(i, i + k) for i, k in sides))
            pixels[place] = chunk[top - corner[0] : bottom - corner[0]]
        return pixels


def pictures(images: h5py.Dataset, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the full-size pictures of ``rows``, which increase, opening each chunk but once."""
    n = _slab_rows(images, 1)
    for start in range(0, len(images), n):
        wanted = rows[(rows >= start) & (rows < start + n)]
        if len(wanted):
            yield from rows_of(images, start, min(start + n, len(images)))[wanted - start]


def load_block_sums(images: h5py.Dataset, coarsen: int, rows: range | None = None) -> np.ndarray:
    """Read all pictures as `block_sums`, with no more than a slab of full-size ones in memory.

    ``images`` is uint8 (N, height, width, bands), in any layout; ``rows`` are those to read, from
    the beginning of a chunk on. An OSError says that the file is damaged, or that the result takes
    more memory than there is.
    """
    rows = range(len(images)) if rows is None else rows
    n, (height, width, bands) = len(rows), images.shape[1:]
    shape, dtype = (n, height // coarsen, width // coarsen, bands), sum_dtype(coarsen)
    try:
        sums = np.zeros(shape, dtype)
    except MemoryError:
        size = math.prod(shape) * dtype.itemsize / 1e9
        raise OSError(
            f"{n:,} pictures with coarsen={coarsen} take {size:,.1f} GB of memory: choose a "
            "larger coarsen, or read_on_demand=True."
        ) from None
    with readable(images):
        (_add_slabs if images.chunks is None else _add_chunks)(images, coarsen, rows, sums)
    return sums


def slabs_of_block_sums(images: h5py.Dataset, coarsen: int) -> Iterator[np.ndarray]:
    """Yield what `load_block_sums` returns, some thousand rows at a time."""
    first = 1 if images.chunks is None else images.chunks[0]
    step = first * max(1, 1024 // first)
    for start in range(0, len(images), step):
        yield load_block_sums(images, coarsen, range(start, min(start + step, len(images))))


def _slab_rows(images: h5py.Dataset, n: int) -> int:
    """Return about ``n`` rows, in whole chunks if they fit in memory."""
    chunk = 1 if images.chunks is None else images.chunks[0]
    most = max(1, SLAB_BYTES // math.prod(images.shape[1:]))
    return min(most, -(-n // chunk) * chunk)


def _add_slabs(images: h5py.Dataset, coarsen: int, rows: range, sums: np.ndarray) -> None:
    """Fill ``sums`` from pictures that lie in one block, a slab of them at a time."""
    n = _slab_rows(images, 64)
    starts = range(0, len(rows), n)
    for start in progress(starts, len(starts), "Reading"):
        few = rows[start : start + n]
        sums[start : start + n] = block_sums(images[few.start : few.stop], coarsen)


def _add_chunks(images: h5py.Dataset, coarsen: int, rows: range, sums: np.ndarray) -> None:
    """Fill ``sums`` chunk by chunk: each adds what it knows of a block, so any layout will do."""
    adding = threading.Lock()

    def add(start: tuple[int, ...]) -> None:
        pixels = _read_chunk(images, start)
        top, left = start[1] % coarsen, start[2] % coarsen
        bottom, right = -(top + pixels.shape[1]) % coarsen, -(left + pixels.shape[2]) % coarsen
        if top or left or bottom or right:
            # A block cut by the chunk's edge: what lies outside is another chunk's to add.
            pixels = np.pad(pixels, ((0, 0), (top, bottom), (left, right), (0, 0)))
        part = block_sums(pixels, coarsen)
        part = part[: rows.stop - start[0]]
        first = (start[0] - rows.start, start[1] // coarsen, start[2] // coarsen, start[3])
        with adding:
            sums[tuple(slice(i, i + k) for i, k in zip(first, part.shape, strict=True))] += part

    grid = [rows[:: images.chunks[0]], *chunk_grid(images)[1:]]
    threads = max(1, min(n_workers(), 2 * SLAB_BYTES // math.prod(images.chunks)))
    n_chunks = math.prod(map(len, grid))
    for _ in progress(in_threads(add, itertools.product(*grid), threads), n_chunks, "Reading"):
        pass


def _read_chunk(images: h5py.Dataset, start: tuple[int, ...]) -> np.ndarray:
    """Return one chunk's pixels, cut at the edge of the data set, uint8 and four-dimensional."""
    inside = tuple(
        slice(i, min(i + k, n)) for i, k, n in zip(start, images.chunks, images.shape, strict=True)
    )
    stored = unpacked(images, start)
    if stored is None:
        return images[inside]
    whole = np.frombuffer(stored, np.uint8).reshape(images.chunks)
    return whole[tuple(slice(part.stop - part.start) for part in inside)]
