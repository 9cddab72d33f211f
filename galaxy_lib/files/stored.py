"""Coarsened pictures that stay on disk, for files that memory cannot hold.

They are written once, in one fixed random order: then any run of consecutive rows is a fair sample,
although the files are sorted by class, and an epoch can go through the disk in long strides. Rows
are read into arrays, not mapped: mapped pages would count as this process's memory.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib.files import reading
from galaxy_lib.files.reading import zlib

BLOCK_BYTES = 4 * 2**20  # read in one stride, and share one checksum
BLOCKS_AT_A_TIME = 16  # are shuffled together


class StoredRows:
    """Block sums on disk: ``stored[rows]`` reads an array (len(rows), side, side, 3).

    Attributes
    ----------
    shape, dtype
        Of all rows together.
    block_rows : int
        Rows that lie side by side and are read in one stride.
    """

    def __init__(self, cache: Path, key: str) -> None:
        """Open what `store` wrote; a ValueError or the like if it is another's, or damaged."""
        if not cache.is_file():
            raise ValueError("not a file")
        with h5py.File(cache, "r") as ds:
            if ds.attrs["key"] != key:
                raise ValueError("made from other files")
            rows, self.place = ds["rows"], ds["place"][:]
            self.shape, self.dtype = rows.shape, rows.dtype
            self._offset, checksums = rows.id.get_offset(), ds["checksums"][:]
        self._row_bytes = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        self.block_rows = max(1, BLOCK_BYTES // self._row_bytes)
        self.path = cache
        self._file = cache.open("rb", buffering=0)
        if checksums.tolist() != _checksums(cache, self._offset, self.nbytes):
            self.close()
            raise ValueError("damaged")

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return len(self) * self._row_bytes

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows) -> np.ndarray:
        sums = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for i, place in enumerate(self.place[rows].tolist()):
            self._file.seek(self._offset + place * self._row_bytes)
            self._file.readinto(memoryview(sums[i]).cast("B"))
        return sums

    def shuffled(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return ``rows`` in an order that is random and still reads the disk in strides.

        The blocks in which they lie are shuffled, and the rows of every `BLOCKS_AT_A_TIME` blocks
        among each other. As the rows on disk are in random order, so is the result.
        """
        block = self.place[rows] // self.block_rows
        turn = rng.permutation(-(-len(self) // self.block_rows)) // BLOCKS_AT_A_TIME
        return rows[np.lexsort((rng.random(len(rows)), turn[block]))]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def load(
    paths: Sequence[Path],
    parts: Sequence[h5py.Dataset],
    coarsen: int,
    folders: Sequence[Path],
    memory_limit: float,
) -> np.ndarray | StoredRows:
    """Return the block sums of all pictures, in memory or, where they are too many, on disk.

    Parameters
    ----------
    paths, parts
        The files, and in the same order their pictures, uint8 (N, height, width, 3).
    coarsen : int
        Pixels of a block's side.
    folders
        A cache is looked for in all of them and written to the first that allows it.
    memory_limit : float
        Sums of more bytes than this stay on disk.

    Raises
    ------
    OSError
        If a file is damaged, or none of the folders can hold what memory cannot.
    """
    n, side = sum(map(len, parts)), parts[0].shape[1] // coarsen
    shape = (n, side, side, 3)
    if np.prod(shape) * reading.sum_dtype(coarsen).itemsize > memory_limit:
        return _stored(paths, parts, coarsen, folders, shape)
    if coarsen == 1:  # not cached: it would be the file once more, larger
        arrays = [reading.load_block_sums(part, 1) for part in parts]
    else:
        arrays = [
            reading.coarsened(path, part, coarsen, folders)
            for path, part in zip(paths, parts, strict=True)
        ]
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def _stored(paths, parts, coarsen, folders, shape) -> StoredRows:
    """Return the rows of the cache, which is made now unless a sound one is there."""
    from filelock import FileLock

    key = repr([reading.cache_key(p, d.shape, coarsen) for p, d in zip(paths, parts, strict=True)])
    name = f"{paths[0].stem}-{zlib.crc32(repr([str(p.resolve()) for p in paths]).encode()):08x}"
    caches = [folder / f"{name}-coarsen{coarsen}.rows.cache" for folder in folders]
    for cache in caches:
        with suppress(OSError, ValueError, KeyError):
            return StoredRows(cache, key)
    cache = _roomy(caches, int(np.prod(shape)) * reading.sum_dtype(coarsen).itemsize)
    with FileLock(cache.with_suffix(".lock")):
        with suppress(OSError, ValueError, KeyError):
            return StoredRows(cache, key)  # another process made it meanwhile
        with reading.written_whole(cache) as temporary:
            _write(temporary, key, parts, coarsen, shape)
        return StoredRows(cache, key)


def _roomy(caches: Sequence[Path], n_bytes: int) -> Path:
    """Return the first of ``caches`` whose folder may be written to and has room."""
    why = ["cache=False allows no folder"] if not caches else []
    for cache in caches:
        folder = cache.parent
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        if cache.exists() and not cache.is_file():
            why.append(f"{cache} is not a file")
        elif not folder.is_dir() or not folder.stat().st_mode & stat.S_IWUSR:
            why.append(f"{folder} cannot be written to")
        elif (free := shutil.disk_usage(folder).free) < 1.02 * n_bytes:
            why.append(f"{folder} has {free / 1e9:.1f} GB free")
        else:
            return cache
    raise OSError(
        f"The coarsened pictures take {n_bytes / 1e9:.1f} GB, more than memory_limit, and found no "
        f"place on disk ({'; '.join(why)}): name a folder in the variable GALAXY10_CACHE."
    )


def _write(cache: Path, key: str, parts, coarsen: int, shape: tuple[int, ...]) -> None:
    place = np.random.default_rng(0).permutation(shape[0])
    with h5py.File(cache, "w") as ds:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)  # or it would have no place to read from
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple(shape)
        kind = h5py.h5t.py_create(reading.sum_dtype(coarsen))
        rows = h5py.Dataset(h5py.h5d.create(ds.id, b"rows", kind, space, creation))
        ds.attrs["key"], ds["place"] = key, place
        row = 0
        for part in parts:
            for sums in reading.slabs_of_block_sums(part, coarsen):
                for picture in sums:
                    rows[place[row]] = picture
                    row += 1
        offset, n_bytes = rows.id.get_offset(), int(np.prod(shape)) * rows.dtype.itemsize
        ds.flush()
        ds["checksums"] = np.array(_checksums(cache, offset, n_bytes), np.int64)


def _checksums(cache: Path, offset: int, n_bytes: int) -> list[int]:
    """Return one checksum for each `BLOCK_BYTES` from ``offset`` on."""

    def checksum(start: int) -> int:
        with cache.open("rb", buffering=0) as file:
            file.seek(offset + start)
            return zlib.crc32(file.read(min(BLOCK_BYTES, n_bytes - start)))

    starts = range(0, n_bytes, BLOCK_BYTES)
    checked = reading.in_threads(checksum, starts, reading.n_workers())
    return list(reading.progress(checked, len(starts), "Checking"))
