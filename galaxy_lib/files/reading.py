"""Pictures from the file, coarsened while they are read, and the cache of the result.

Apart from `datasets`, and below it: how bytes become block sums has nothing to do with
which file they come from. A file of 2.7 GB is read chunk by chunk in threads, so no more than a few
chunks of full-size pictures are ever in memory, whatever the chunks look like.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import secrets
import stat
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import h5py
import numpy as np

FORMAT = 1  # of the cache: raised when its bytes change their meaning
SLAB_BYTES = 64 * 2**20  # full-size pictures read at a time on h5py's own path
SHUFFLE = h5py.h5z.FILTER_SHUFFLE
CACHE_BLOCK = 16 * 2**20  # bytes that share one checksum


def n_workers() -> int:
    """Return how many threads or processes are worth starting on this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(usable or 1, 8)


def progress(steps: Iterable, total: int, what: str) -> Iterator:
    """Pass on ``steps``, with a progress bar on terminals only (a notebook's page stays clean)."""
    from tqdm import tqdm

    yield from tqdm(steps, what, total, disable=not sys.stderr.isatty(), leave=False)


def in_threads(job: Callable, items: Iterable, threads: int) -> Iterator:
    """Yield ``job(item)`` in the order of ``items``, a few ahead of what is asked for."""
    pool, ahead = ThreadPoolExecutor(threads), deque()
    try:
        for item in items:
            ahead.append(pool.submit(job, item))
            if len(ahead) > 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:  # an error or Ctrl-C drops what is left
        pool.shutdown(cancel_futures=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a whole file its name, unless another file got it meanwhile: a FileExistsError."""
    try:
        os.link(temporary, path)  # unlike a rename it never takes the place of a file
    except FileExistsError:
        raise FileExistsError(
            f"{path} appeared meanwhile and was left as it is; what was made is in {temporary}."
        ) from None
    except OSError:  # a file system without links
        os.replace(temporary, path)
        return
    temporary.unlink()


@contextmanager
def written_whole(path: Path, *, anew: bool = False) -> Iterator[Path]:
    """Give a name to write to, which becomes ``path`` at the end or vanishes after an error.

    Parts that a killed process left more than a day ago are removed. With ``anew``, a file that
    has the name by then is left as it is, and that is a FileExistsError.
    """
    for old in path.parent.glob(f".{path.name}-????????.part"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > 86400:
                old.unlink()
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    try:
        yield temporary
        if anew and path.exists():
            raise FileExistsError(f"{path} appeared meanwhile and was left as it is.")
        (put_in_place if anew else os.replace)(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sum_dtype(coarsen: int) -> np.dtype:
    """Return the smallest unsigned type that holds a sum over ``coarsen²`` pixels of a byte."""
    return np.min_scalar_type(255 * coarsen**2)


def block_sums(pictures: np.ndarray, coarsen: int) -> np.ndarray:
    """Add up blocks of ``coarsen`` × ``coarsen`` pixels, exactly (chapter 2).

    ``pictures`` is uint8 (n, height, width, bands), and ``coarsen`` divides height and width. The
    sums are (n, height / coarsen, width / coarsen, bands), of the smallest type that holds them.
    """
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


def pictures(images: h5py.Dataset, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield full-size pictures in increasing order of ``rows``, opening each chunk but once."""
    n = _slab_rows(images, 1)
    for start in range(0, len(images), n):
        wanted = rows[(rows >= start) & (rows < start + n)]
        if len(wanted):
            yield from images[start : start + n][wanted - start]


def load_block_sums(images: h5py.Dataset, coarsen: int) -> np.ndarray:
    """Read all pictures as `block_sums`, with no more than a slab of full-size ones in memory.

    ``images`` is uint8 (N, height, width, bands), in any layout. An OSError says that the file is
    damaged.
    """
    n, height, width, bands = images.shape
    sums = np.zeros((n, height // coarsen, width // coarsen, bands), sum_dtype(coarsen))
    add_all = _add_raw_chunks if _reads_raw(images) else _add_slabs
    try:
        add_all(images, coarsen, sums)
    except (OSError, RuntimeError, zlib.error) as error:
        raise OSError(f"{images.file.filename} is damaged ({error}); get it anew.") from error
    return sums


def _slab_rows(images: h5py.Dataset, n: int) -> int:
    """Return about ``n`` rows, in whole chunks if they fit in memory."""
    chunk = 1 if images.chunks is None else images.chunks[0]
    most = max(1, SLAB_BYTES // math.prod(images.shape[1:]))
    return min(most, -(-n // chunk) * chunk)


def _add_slabs(images: h5py.Dataset, coarsen: int, sums: np.ndarray) -> None:
    """Fill ``sums`` through h5py, a slab of whole pictures at a time."""
    n = _slab_rows(images, 64)
    starts = range(0, len(images), n)
    for start in progress(starts, len(starts), "Reading"):
        sums[start : start + n] = block_sums(images[start : start + n], coarsen)


def _reads_raw(images: h5py.Dataset) -> bool:
    """Say whether chunks are plain or gzip (shuffling single bytes leaves them as they are)."""
    if images.chunks is None:
        return False
    plist = images.id.get_create_plist()
    filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
    kinds = [kind for kind, _, values, _ in filters if (kind, values[:1]) != (SHUFFLE, (1,))]
    return kinds in ([], [h5py.h5z.FILTER_DEFLATE])


def _add_raw_chunks(images: h5py.Dataset, coarsen: int, sums: np.ndarray) -> None:
    """Fill ``sums`` chunk by chunk: each adds what it knows of a block, so any layout will do."""
    chunk_bytes = math.prod(images.chunks)
    packed = images.compression is not None
    adding = threading.Lock()

    def add(start: tuple[int, ...]) -> None:
        pixels = _read_chunk(images, start, packed)
        top, left = start[1] % coarsen, start[2] % coarsen
        bottom, right = -(top + pixels.shape[1]) % coarsen, -(left + pixels.shape[2]) % coarsen
        if top or left or bottom or right:
            # A block cut by the chunk's edge: what lies outside is another chunk's to add.
            pixels = np.pad(pixels, ((0, 0), (top, bottom), (left, right), (0, 0)))
        part = block_sums(pixels, coarsen)
        first = (start[0], start[1] // coarsen, start[2] // coarsen, start[3])
        with adding:
            sums[tuple(slice(i, i + k) for i, k in zip(first, part.shape, strict=True))] += part

    grid = [range(0, n, k) for n, k in zip(images.shape, images.chunks, strict=True)]
    threads = max(1, min(n_workers(), 2 * SLAB_BYTES // chunk_bytes))
    n_chunks = math.prod(map(len, grid))
    for _ in progress(in_threads(add, itertools.product(*grid), threads), n_chunks, "Reading"):
        pass


def _read_chunk(images: h5py.Dataset, start: tuple[int, ...], packed: bool) -> np.ndarray:
    """Return one chunk's pixels, cut at the edge of the data set, uint8 and four-dimensional."""
    inside = tuple(
        slice(i, min(i + k, n)) for i, k, n in zip(start, images.chunks, images.shape, strict=True)
    )
    try:
        mask, raw = images.id.read_direct_chunk(start)
    except (OSError, RuntimeError):
        if images.id.get_chunk_info_by_coord(start).byte_offset is not None:
            raise
        return images[inside]  # never written: h5py knows what such pixels are
    # The mask says that filters were skipped, as HDF5 does where gzip would save nothing.
    whole = np.frombuffer(raw if mask or not packed else zlib.decompress(raw), np.uint8)
    if len(whole) != math.prod(images.chunks):  # h5py would fill it up with anything
        raise OSError("a chunk has the wrong length")
    return whole.reshape(images.chunks)[tuple(slice(part.stop - part.start) for part in inside)]


# ------------------------------------------------------------------------- the coarsened pictures


def coarsened(path: Path, images: h5py.Dataset, coarsen: int, cache_folders=()) -> np.ndarray:
    """Return `load_block_sums` of a file's pictures, from a cache where there is a sound one.

    The cache is looked for in all ``cache_folders`` and written to the first that allows it.
    """
    key = _key(path, images.shape, coarsen)
    shape = (images.shape[0], images.shape[1] // coarsen, images.shape[2] // coarsen, 3)
    caches = _caches(path, coarsen, cache_folders)
    for cache in caches:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return _read_cache(cache, key, np.empty(shape, sum_dtype(coarsen)))
    sums = load_block_sums(images, coarsen)
    # A file that changed while it was read must not pass for the one it has become.
    if key == _key(path, images.shape, coarsen):
        for cache in caches:
            with suppress(OSError):
                _write_cache(cache, key, sums)
                break
    return sums


def pieces(
    path: Path, images: h5py.Dataset, coarsen: int, rows: int, cache_folders=()
) -> Iterator[np.ndarray]:
    """Yield what `coarsened` returns, ``rows`` pictures at a time, to save memory (chapter 9).

    A sound cache is used where there is one; none is made. The pieces are the same either way.
    """
    key = _key(path, images.shape, coarsen)
    for cache in _caches(path, coarsen, cache_folders):
        with suppress(OSError, ValueError, KeyError, TypeError):
            start = _verify_cache(cache, key)
            break
    else:
        yield from _pieces_of_file(images, coarsen, rows)
        return
    dtype = sum_dtype(coarsen)
    shape = (images.shape[1] // coarsen, images.shape[2] // coarsen, images.shape[3])
    with cache.open("rb") as file:
        file.seek(start)
        for first in range(0, len(images), rows):
            n = min(rows, len(images) - first)
            yield np.fromfile(file, dtype, n * math.prod(shape)).reshape(n, *shape)


def _pieces_of_file(images: h5py.Dataset, coarsen: int, rows: int) -> Iterator[np.ndarray]:
    """Yield `pieces` from slabs of whole chunks, each read but once."""
    slab, read = _slab_rows(images, rows), []
    for first in range(0, len(images), slab):
        try:
            read.append(block_sums(images[first : first + slab], coarsen))
        except (OSError, RuntimeError) as error:
            raise OSError(f"{images.file.filename} is damaged ({error}); get it anew.") from error
        sums = np.concatenate(read)
        whole = len(sums) - len(sums) % rows
        yield from (sums[i : i + rows] for i in range(0, whole, rows))
        read = [sums[whole:]]
    if len(read[0]):
        yield read[0]


def _caches(path: Path, coarsen: int, folders) -> list[Path]:
    """Return where the cache of a file may be."""
    place = blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    return [folder / f"{path.stem}-{place}-coarsen{coarsen}.cache" for folder in folders]


def _key(path: Path, shape: tuple[int, ...], coarsen: int) -> str:
    """Return what a cache must have been made from. The change time cannot be set by hand."""
    file = path.stat()
    stamp = (file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns)
    return repr((FORMAT, *stamp, shape, coarsen))


def _blocks(array: np.ndarray) -> list[memoryview]:
    """Return the bytes of ``array`` as blocks that are checked one by one."""
    data = memoryview(array.reshape(-1).view(np.uint8))
    return [data[i : i + CACHE_BLOCK] for i in range(0, len(data), CACHE_BLOCK)]


def _read_cache(cache: Path, key: str, sums: np.ndarray) -> np.ndarray:
    """Fill ``sums`` from ``cache``; a ValueError or the like if it is another's, or damaged."""
    with cache.open("rb") as file:
        head = json.loads(file.readline())
        if head["key"] != key:
            raise ValueError("made from another file")
        start = file.tell()

    def fill(numbered: tuple[int, memoryview]) -> int:
        number, block = numbered
        with cache.open("rb") as file:
            file.seek(start + number * CACHE_BLOCK)
            file.readinto(block)
        return zlib.crc32(block)

    if list(in_threads(fill, enumerate(_blocks(sums)), n_workers())) != head["checksums"]:
        raise ValueError("damaged")
    return sums


def _verify_cache(cache: Path, key: str) -> int:
    """Return where in ``cache`` its sums begin; a ValueError as in `_read_cache`."""
    with cache.open("rb") as file:
        head = json.loads(file.readline())
        start = file.tell()
        checksums = iter(
            lambda: zlib.crc32(block) if (block := file.read(CACHE_BLOCK)) else None, None
        )
        if head["key"] != key or list(checksums) != head["checksums"]:
            raise ValueError("made from another file, or damaged")
    return start


def _write_cache(cache: Path, key: str, sums: np.ndarray) -> None:
    """Write ``sums`` to ``cache`` with what tells later whether they can be trusted."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    if not cache.parent.stat().st_mode & stat.S_IWUSR:  # which root in a container could ignore
        raise PermissionError(f"{cache.parent} is meant to stay as it is")
    checksums = list(in_threads(zlib.crc32, _blocks(sums), n_workers()))
    with written_whole(cache) as temporary, temporary.open("wb") as file:
        file.write(json.dumps({"key": key, "checksums": checksums}).encode() + b"\n")
        for block in _blocks(sums):
            file.write(block)
