"""Chunks of an HDF5 file: are they all there, and what is in them once they are unpacked.

HDF5 trusts what a file says. Here nothing is read that lies elsewhere, is missing, or unpacks to
more than it should; a file that cannot be read is told why in one sentence.
"""

from __future__ import annotations

import itertools
import math
from array import array as array_of
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

try:  # it unpacks in half the time, and its checksum takes a third
    from isal import isal_zlib as zlib
except ImportError:  # no wheel for this processor
    import zlib

LARGEST_CHUNK = 256 * 2**20  # a chunk has to be in memory whole
GZIP, SHUFFLE = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE
FLETCHER32, SZIP = h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SZIP
NBIT = h5py.h5z.FILTER_NBIT


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
            grid, size = chunk_grid(array), _chunk_bytes(array)
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


def _applied(array: h5py.Dataset, skipped: int) -> list[int]:
    """Return the numbers of the filters that pack a chunk, in their order.

    A bit of ``skipped`` says that one was not applied, as HDF5 does where it would save nothing.
    """
    layout = array.id.get_create_plist()
    filters = [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]
    return [kind for i, kind in enumerate(filters) if not skipped >> i & 1]


def _packing_problem(array: h5py.Dataset, never: int) -> str | None:
    """Return what keeps chunks from being unpacked; bits of ``never`` are filters never applied."""
    name, layout = array.name.lstrip("/"), array.id.get_create_plist()
    applied = _applied(array, never)
    for kind in applied:
        if not h5py.h5z.filter_avail(kind):
            return (
                f"{name!r} is packed with filter {kind}, which this h5py lacks: `pip install "
                "hdf5plugin` and import it first, or repack the file with gzip."
            )
    for i in range(layout.get_nfilters()):
        kind, _, values, _ = layout.get_filter(i)
        if kind not in applied:
            continue
        # What would end the whole program: no numbers at all, or none for pixels of szip's blocks
        # and lines.
        bad = len(values) != 4 or not 2 <= values[1] <= min(32, values[3])
        if (kind == NBIT and not values) or (kind == SZIP and bad):
            return f"the packing of {name!r} is damaged: get the file anew."
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


def chunk_grid(array: h5py.Dataset) -> list[range]:
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


def column(array: h5py.Dataset) -> np.ndarray:
    """Return all of a data set of one row per galaxy; an OSError if it is damaged."""
    with readable(array):
        if array.chunks is not None:
            for start in itertools.product(*chunk_grid(array)):
                unpacked(array, start)
        return array[:]


def unpacked(array: h5py.Dataset, start: tuple[int, ...]) -> bytes | None:
    """Return a chunk's bytes unpacked, or None if HDF5 has to do that; an OSError if it is damaged.

    HDF5 would unpack as much as comes, and fill up with anything what does not. So the filters are
    gone through from the last to the first, and what gzip makes is bounded.
    """
    mask, raw = array.id.read_direct_chunk(start)  # an error where the index does not lead to it
    size, ours = _chunk_bytes(array), True
    applied = _applied(array, mask)
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
