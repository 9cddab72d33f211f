"""Pictures from the file, coarsened while they are read.

Apart from `datasets`, and below it: how bytes become block sums has nothing to do with
which file they come from. A file of 2.7 GB is read chunk by chunk in threads, so no more than a few
chunks of full-size pictures are ever in memory, whatever the chunks look like.
"""

from __future__ import annotations

import glob
import itertools
import math
import os
import platform
import secrets
import sys
import threading
import time
from array import array as array_of
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np

from galaxy_lib.checked import Whole, checked, wrong

try:  # it unpacks in half the time, and its checksum takes a third
    from isal import isal_zlib as zlib
except ImportError:  # no wheel for this processor
    import zlib

SLAB_BYTES = 64 * 2**20  # full-size pictures read at a time on h5py's own path
LARGEST_CHUNK = 256 * 2**20  # a chunk has to be in memory whole
GZIP, SHUFFLE = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE
FLETCHER32 = h5py.h5z.FILTER_FLETCHER32


def digest_of(sources: Iterable[Path]) -> str:
    """Return twelve hex digits that change with any line of some source files.

    They name what the files make. A checkout with other line ends is the same source.
    """
    digest = blake2b(digest_size=6)
    for source in sorted(sources, key=lambda path: path.name):
        digest.update(source.name.encode() + b"\n")
        digest.update(source.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def n_workers() -> int:
    """Return how many threads or processes are worth starting on this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(usable or 1, 8)


def progress(steps: Iterable, total: int, what: str) -> Iterator:
    """Pass on ``steps``, with a progress bar on terminals only (a notebook's page stays clean)."""
    from tqdm import tqdm

    yield from tqdm(steps, what, total, disable=not on_terminal(), leave=False)


def on_terminal() -> bool:
    """Say whether somebody reads standard error; a program without a console has none at all."""
    return sys.stderr is not None and sys.stderr.isatty()


def in_threads(job: Callable, items: Iterable, threads: int) -> Iterator:
    """Yield ``job(item)`` in the order of ``items``, a few ahead of what is asked for."""
    pool, ahead = ThreadPoolExecutor(threads), deque()
    try:
        for item in items:
            try:
                ahead.append(pool.submit(job, item))
            except RuntimeError:  # no thread can be started, as in a browser
                yield job(item)
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
    except (OSError, AttributeError):  # a file system, or a system, without links
        os.replace(temporary, path)
        return
    temporary.unlink()


def _replace(temporary: Path, path: Path) -> None:
    """Rename; on Windows, wait a moment while somebody, say a virus scanner, has the file open."""
    for pause in (0.05, 0.1, 0.2, 0.4, 0.8, None):
        try:
            return os.replace(temporary, path)
        except PermissionError as error:
            if pause is None or not getattr(error, "winerror", None):
                raise
            time.sleep(pause)


@contextmanager
def written_whole(path: Path, *, anew: bool = False) -> Iterator[Path]:
    """Give a name to write to, which becomes ``path`` at the end or vanishes after an error.

    Parts whose process was killed are removed. With ``anew``, a file that has the name by then is
    left as it is, and that is a FileExistsError.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into.")
    here = platform.node().replace("-", "_") or "here"
    for old in path.parent.glob(f".{glob.escape(path.name)}-*.part"):
        with suppress(OSError):
            *_, host, pid, _ = ("", "", *old.stem.split("-"))
            dead = host == here and pid.isdecimal() and not _is_running(int(pid))
            if dead or time.time() - old.stat().st_mtime > 86400:
                old.unlink()
    who = f"{here}-{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.name}-{who}.part")
    try:
        yield temporary
        if anew and path.exists():
            raise FileExistsError(f"{path} appeared meanwhile and was left as it is.")
        (put_in_place if anew else _replace)(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    """Say whether this machine has such a process; where that cannot be asked, it may have."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


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


# --------------------------------------------------------------------------- is it all there?


def storage_problem(arrays: Iterable[h5py.Dataset]) -> str | None:
    """Return what is wrong with where the file says that its data sets lie, in one sentence.

    All that is read must be in the file itself, all of it must be there, and no byte may belong
    to two: a wrong byte in an index would else be read as black, or as another's picture.
    """
    places = []
    for array in arrays:
        name, layout = array.name.lstrip("/"), array.id.get_create_plist()
        kind = layout.get_layout()
        if kind == h5py.h5d.VIRTUAL or layout.get_external_count():
            return f"{name!r} is kept in other files; copy its numbers into this one."
        if kind == h5py.h5d.CONTIGUOUS:
            if array.id.get_offset() is None:
                return f"{name!r} was never written: get a file that is whole."
            places.append(np.array([[array.id.get_offset(), array.nbytes]], np.uint64))
        elif kind == h5py.h5d.CHUNKED:
            grid, size = _grid(array), _chunk_bytes(array)
            expected, found = math.prod(map(len, grid)), array.id.get_num_chunks()
            if size > LARGEST_CHUNK:
                return (
                    f"the chunks of {name!r} are {size / 2**20:,.0f} MB each, and at most "
                    f"{LARGEST_CHUNK >> 20} MB can be read: store it in smaller ones."
                )
            if found != expected:
                return (
                    f"{name!r} has {found:,} of its {expected:,} chunks: what is missing was "
                    "never written or is lost; get the file anew."
                )
            found = _chunks(array.id).reshape(expected, -1)
            if problem := _packing_problem(array, int(np.bitwise_and.reduce(found[:, -3]))):
                return problem
            corners, odd = np.divmod(found[:, :-3], np.array(array.chunks, np.uint64))
            inside = not odd.any() and np.all(corners < np.array([len(axis) for axis in grid]))
            # What does not shrink is kept as it is, and packing adds next to nothing. HDF5 itself
            # would read what is longer into room that is not.
            most = _most(size) if layout.get_nfilters() else size
            if (
                not inside
                or len(np.unique(corners, axis=0)) < expected
                or not np.all((found[:, -1] > 0) & (found[:, -1] <= most))
            ):
                return f"the index of {name!r} is damaged: get the file anew."
            places.append(found[:, -2:])
    start, size = np.concatenate([np.empty((0, 2), np.uint64), *places]).T
    order = np.argsort(start, kind="stable")
    if np.any((start + size)[order][:-1] > start[order][1:]):
        return "two of its data sets or chunks claim the same bytes: get the file anew."
    return None


def _chunks(array_id: h5py.h5d.DatasetID) -> np.ndarray:
    """Return of each chunk corner, skipped filters, place and bytes, as one flat array."""
    numbers = array_of("Q")

    def note(chunk) -> None:
        where = (*chunk.chunk_offset, chunk.filter_mask, chunk.byte_offset, chunk.size)
        numbers.extend(where)

    if hasattr(array_id, "chunk_iter"):
        array_id.chunk_iter(note)
    else:  # HDF5 before 1.12.3
        for i in range(array_id.get_num_chunks()):
            note(array_id.get_chunk_info(i))
    return np.array(numbers, np.uint64)


def _filters(array: h5py.Dataset) -> list[int]:
    """Return the numbers of the filters that pack a chunk, in their order."""
    layout = array.id.get_create_plist()
    return [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]


def _packing_problem(array: h5py.Dataset, never: int) -> str | None:
    """Return what keeps chunks from being unpacked; bits of ``never`` are filters never applied."""
    name = array.name.lstrip("/")
    applied = [kind for i, kind in enumerate(_filters(array)) if not never >> i & 1]
    for kind in applied:
        if not h5py.h5z.filter_avail(kind):
            return (
                f"{name!r} is packed with filter {kind}, which this h5py lacks: `pip install "
                "hdf5plugin` and import it first, or repack the file with gzip."
            )
    for kind in reversed(applied):
        if kind == GZIP:
            break
        if kind not in (SHUFFLE, FLETCHER32) and GZIP in applied:  # any size could come of it
            return f"{name!r} is packed with gzip and again with filter {kind}: pack it once."
    return None


def _chunk_bytes(array: h5py.Dataset) -> int:
    """Return how many bytes a chunk has when it is unpacked, as the file keeps numbers."""
    return math.prod(array.chunks) * array.id.get_type().get_size()


def _most(size: int) -> int:
    """Return how many bytes packing may make of ``size``: where it does not help, a few more."""
    return size + size // 8 + 4096


def _grid(array: h5py.Dataset) -> list[range]:
    """Return where chunks begin, along each axis."""
    return [range(0, n, k) for n, k in zip(array.shape, array.chunks, strict=True)]


class Damaged(OSError):
    """A file whose bytes cannot be what was written."""


@contextmanager
def readable(array: h5py.Dataset) -> Iterator[None]:
    """Turn what goes wrong while ``array`` is read into one sentence."""
    if not array:
        raise ValueError("The file of galaxies is closed: make a new DataManager to read on.")
    path, name = Path(array.file.filename), array.name.lstrip("/")
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, zlib.error) as error:
        mend = "get it anew"
        if (note := checked_note(path)).exists():  # the sample, which is looked at once
            note.unlink(missing_ok=True)
            mend = "run this again, and it is made anew"
        raise Damaged(f"{path} is damaged ({name!r} cannot be read); {mend}.") from error


def checked_note(path: Path) -> Path:
    """Return the file that says of a cached sample which bytes were found sound."""
    return path.with_suffix(".checked")


def stamp(path: Path) -> tuple[int, ...]:
    """Return what changes with a file's bytes. The change time cannot be set by hand."""
    file = path.stat()
    return file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns


def column(array: h5py.Dataset) -> np.ndarray:
    """Return all of a data set of one number per galaxy; an OSError if it is damaged."""
    with readable(array):
        if array.chunks is not None:
            for start in itertools.product(*_grid(array)):
                _stored(array, start)
        return array[:]


# ------------------------------------------------------------------------------------ pictures


def rows_of(images: h5py.Dataset, start: int, stop: int | None = None) -> np.ndarray:
    """Return full-size pictures, uint8 (n, height, width, bands); without ``stop`` it is one.

    An OSError says that the file is damaged.
    """
    stop = start + 1 if stop is None else stop
    with readable(images):
        if images.chunks is None:
            return images[start:stop]
        pixels = np.empty((stop - start, *images.shape[1:]), np.uint8)
        first, *others = _grid(images)
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

    grid = [rows[:: images.chunks[0]], *_grid(images)[1:]]
    threads = max(1, min(n_workers(), 2 * SLAB_BYTES // math.prod(images.chunks)))
    n_chunks = math.prod(map(len, grid))
    for _ in progress(in_threads(add, itertools.product(*grid), threads), n_chunks, "Reading"):
        pass


def _read_chunk(images: h5py.Dataset, start: tuple[int, ...]) -> np.ndarray:
    """Return one chunk's pixels, cut at the edge of the data set, uint8 and four-dimensional."""
    inside = tuple(
        slice(i, min(i + k, n)) for i, k, n in zip(start, images.chunks, images.shape, strict=True)
    )
    stored = _stored(images, start)
    if stored is None:
        return images[inside]
    whole = np.frombuffer(stored, np.uint8).reshape(images.chunks)
    return whole[tuple(slice(part.stop - part.start) for part in inside)]


def _stored(array: h5py.Dataset, start: tuple[int, ...]) -> bytes | None:
    """Return a chunk's bytes unpacked, or None if HDF5 has to do that; an OSError if it is damaged.

    HDF5 would unpack as much as comes, and fill up with anything what does not. So the filters are
    gone through from the last to the first, and what gzip makes is bounded.
    """
    mask, raw = array.id.read_direct_chunk(start)  # an error where the index does not lead to it
    size, ours = _chunk_bytes(array), True
    # A bit of the mask says that the filter was skipped, as HDF5 does where it would save nothing.
    applied = [kind for i, kind in enumerate(_filters(array)) if not mask >> i & 1]
    while applied:
        kind = applied.pop()
        if kind == GZIP:
            unpack = zlib.decompressobj()  # benchmarks/load.py: unpacking is most of reading
            # Checksums were added before, and what was packed before may be a little longer.
            most = _most(size) if set(applied) - {SHUFFLE} else size
            raw = unpack.decompress(raw, most + 1)
            if len(raw) > most or not unpack.eof:
                raise OSError("a chunk has the wrong length")
        elif kind == FLETCHER32:
            raw, ours = memoryview(raw)[:-4], False
        elif kind == SHUFFLE:  # it leaves single bytes as they are
            ours = ours and array.id.get_type().get_size() == 1
        else:
            return None
    if len(raw) != size:
        raise OSError("a chunk has the wrong length")
    return raw if ours else None
