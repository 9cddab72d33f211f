"""The cache of coarsened pictures: block sums, made once of one file or several, checked when read.

One format: the sums, row after row, then each row's place among them (int64), then a line of JSON
with what they were made from, and by, and a checksum for each `BLOCK` bytes of all before it. Rows
lie in the order of their files, for memory, or in a random one, for training from disk: then any
run of rows is a fair sample, although files are sorted by class.
"""

from __future__ import annotations

import functools
import json
import math
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from galaxy_lib.files import disk, hdf5, reading
from galaxy_lib.files.hdf5 import zlib

BLOCK = 4 * 2**20  # bytes that share one checksum, and are read from disk in one stride
LINE = 64 * 2**20  # bytes, more than any cache's line
UNSOUND = (OSError, ValueError, KeyError, TypeError, RecursionError)  # what a bad cache brings

Part = tuple[Path, h5py.Dataset]
"""A file and its pictures, uint8 (N, height, width, 3)."""


class Coarsened(NamedTuple):
    """What a cache holds: the pictures of some files, one after another, as block sums."""

    parts: Sequence[Part]
    coarsen: int
    mixed: bool = False  # in one random order, the same each time

    @property
    def shape(self) -> tuple[int, ...]:
        """The sums' shape, (N, height / coarsen, width / coarsen, 3)."""
        _, height, width, bands = self.parts[0][1].shape
        n = sum(len(images) for _, images in self.parts)
        return n, height // self.coarsen, width // self.coarsen, bands

    @property
    def dtype(self) -> np.dtype:
        """The sums' type."""
        return reading.sum_dtype(self.coarsen)

    @property
    def nbytes(self) -> int:
        """Bytes of all sums."""
        return math.prod(self.shape) * self.dtype.itemsize

    def key(self) -> str:
        """Return what the cache must have been made from, and by."""
        files = [(*disk.stamp(path), images.shape) for path, images in self.parts]
        return repr((_made_by(), self.coarsen, self.mixed, files))

    def paths(self, folders: Iterable[Path]) -> list[Path]:
        """Return where the cache may be: a name that says which files, in any of the folders."""
        files = [path for path, _ in self.parts]
        where = "\n".join(str(path.resolve()) for path in files).encode()
        name = f"{files[0].stem}-{blake2b(where, digest_size=4).hexdigest()}-coarsen{self.coarsen}"
        return [folder / f"{name}{'.rows' if self.mixed else ''}.cache" for folder in folders]


@functools.cache
def _made_by() -> str:
    """Return a digest of what makes the caches: this file, and the reading of pictures."""
    return disk.digest_of(Path(module) for module in (__file__, hdf5.__file__, reading.__file__))


def coarsened(path: Path, images: h5py.Dataset, coarsen: int, folders=()) -> np.ndarray:
    """Return the block sums of a file's pictures, from a cache where there is a sound one.

    The cache is looked for in all ``folders`` and written to the first that allows it.
    """
    content = Coarsened([(path, images)], coarsen)
    key, caches = content.key(), content.paths(folders)
    for cache in caches:
        with suppress(*UNSOUND):
            sums = np.empty(content.shape, content.dtype)
            sound(cache, content, sums)
            return sums
    sums = reading.load_block_sums(images, coarsen)
    for cache in caches:
        if _obstacle(cache, content.nbytes) is None:
            with suppress(OSError):
                _write(cache, content, key, [sums])
                break
    return sums


def pieces(
    path: Path, images: h5py.Dataset, coarsen: int, rows: int, folders=()
) -> Iterator[np.ndarray]:
    """Yield what `coarsened` returns, ``rows`` pictures at a time, to save memory (chapter 9).

    A sound cache is used where there is one; none is made. The pieces are the same either way.
    """
    content = Coarsened([(path, images)], coarsen)
    for cache in content.paths(folders):
        with suppress(*UNSOUND):
            sound(cache, content)
            break
    else:
        yield from _pieces_of_file(images, coarsen, rows)
        return
    n, *shape = content.shape
    with cache.open("rb") as file:
        for first in range(0, n, rows):
            few = min(rows, n - first)
            yield np.fromfile(file, content.dtype, few * math.prod(shape)).reshape(few, *shape)


def _pieces_of_file(images: h5py.Dataset, coarsen: int, rows: int) -> Iterator[np.ndarray]:
    """Yield `pieces` from slabs of whole chunks, each read but once."""
    left: list[np.ndarray] = []
    for slab in reading.slabs_of_block_sums(images, coarsen):
        sums = np.concatenate([*left, slab])
        whole = len(sums) - len(sums) % rows
        yield from (sums[i : i + rows] for i in range(0, whole, rows))
        left = [sums[whole:]]
    if len(left[0]):
        yield left[0]


def on_disk(content: Coarsened, folders: Sequence[Path]) -> tuple[Path, np.ndarray]:
    """Return a sound cache of pictures that memory cannot hold, and the place of each row (N,).

    Raises
    ------
    OSError
        If a file is damaged or changes meanwhile, or no folder can hold its cache.
    """
    key, caches, why = content.key(), content.paths(folders), []
    for cache in caches:
        with suppress(*UNSOUND):
            return cache, sound(cache, content)
    for cache in caches:
        if problem := _obstacle(cache, content.nbytes):
            why.append(problem)
            continue
        with disk.locked(cache.with_suffix(".lock")):
            with suppress(*UNSOUND):
                return cache, sound(cache, content)  # another process made it meanwhile
            slabs = (
                slab
                for _, images in content.parts
                for slab in reading.slabs_of_block_sums(images, content.coarsen)
            )
            _write(cache, content, key, slabs)
            return cache, sound(cache, content)
    raise OSError(
        f"The coarsened pictures take {content.nbytes / 1e9:.1f} GB, more than memory_limit, and "
        f"found no place on disk ({'; '.join(why) or 'cache=False allows no folder'}): name a "
        "folder in the variable GALAXY10_CACHE."
    )


def _obstacle(cache: Path, n_bytes: int) -> str | None:
    """Say what keeps a cache of so many bytes from being written, or None; its folder is made."""
    folder = cache.parent
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if cache.exists() and not cache.is_file():
        return f"{cache} is not a file"
    # Root in a container could ignore the bit that says that a folder is to stay as it is.
    if not folder.is_dir() or not folder.stat().st_mode & stat.S_IWUSR:
        return f"{folder} cannot be written to"
    if (free := shutil.disk_usage(folder).free) < 1.02 * n_bytes:
        return f"{folder} has {free / 1e9:.1f} GB free"
    return None


def _write(cache: Path, content: Coarsened, key: str, slabs: Iterable[np.ndarray]) -> None:
    """Write a cache whole, from block sums in the order of the files.

    A file that changed while it was read must not pass for the one it has become: an OSError.
    """
    n = content.shape[0]
    place = np.random.default_rng(0).permutation(n) if content.mixed else np.arange(n)
    with disk.written_whole(cache) as temporary:
        with temporary.open("wb") as file:
            row = 0
            for sums in slabs:
                if content.mixed:
                    few = zip(sums, place[row : row + len(sums)].tolist(), strict=True)
                    for picture, where in few:
                        file.seek(where * picture.nbytes)
                        file.write(picture)
                else:
                    file.write(np.ascontiguousarray(sums))
                row += len(sums)
            file.seek(content.nbytes)
            file.write(place.astype("<i8"))
        checksums = _checksums(temporary, content)
        if content.key() != key:
            raise OSError(f"{content.parts[0][0]} changed while it was read: run this again.")
        with temporary.open("ab") as file:
            file.write(json.dumps({"key": key, "checksums": checksums}).encode())


def sound(cache: Path, content: Coarsened, sums: np.ndarray | None = None) -> np.ndarray:
    """Return the place of each row in a cache (N,), and fill ``sums`` with all its rows.

    A ValueError or the like says that it is another's, cut or damaged; ``sums`` then hold anything.
    """
    if not cache.is_file():
        raise ValueError("not a file")
    with cache.open("rb") as file:
        file.seek(content.nbytes)
        place = np.fromfile(file, "<i8", content.shape[0])
        line = json.loads(file.read(LINE))
    if line["key"] != content.key():
        raise ValueError("made from another file, or by another version")
    if line["checksums"] != _checksums(cache, content, sums):
        raise ValueError("damaged")
    return place


def _checksums(cache: Path, content: Coarsened, sums: np.ndarray | None = None) -> list[int]:
    """Return a checksum for each block before a cache's line, and fill ``sums`` with the rows."""
    end = content.nbytes + 8 * content.shape[0]
    rows = memoryview(b"" if sums is None else sums.reshape(-1).view(np.uint8))

    def checksum(start: int) -> int:
        with cache.open("rb", buffering=0) as file:
            file.seek(start)
            block = file.read(min(BLOCK, end - start))  # of a cut file less, never what was there
        if part := rows[start : start + len(block)]:
            part[:] = block[: len(part)]
        return zlib.crc32(block)

    starts = range(0, end, BLOCK)
    found = disk.in_threads(checksum, starts, disk.n_workers())
    return list(disk.progress(found, len(starts), "Checking"))
