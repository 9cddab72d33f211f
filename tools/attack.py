"""Attack what reads files, downloads and caches, and count what comes of it.

Each case ends in one of: the right data, or one sentence (an OSError or ValueError of ours).
Anything else is bad: other data, a bare traceback, a crash, more than 1 GB, more than 90 seconds.

    python tools/attack.py                    # the whole campaign: some ten minutes of one core
    python tools/attack.py damaged --n 50     # fifty damaged files
    python tools/attack.py hostile --only 17  # one case, with its traceback

A case is made from its kind, its number and the seed alone, so that it can be made again. Cases run
in a child process; one that crashes or sleeps is bad, and the next child goes on after it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fault_server import FaultServer  # noqa: E402

from galaxy_lib import DataManager, NeuralNetwork  # noqa: E402
from galaxy_lib.files import datasets, fetching, hdf5  # noqa: E402

CAMPAIGN = {"damaged": 2000, "hostile": 500, "downloads": 300, "caches": 200, "processes": 16}
PATIENCE = 90  # seconds for a case
MEMORY = 2**30
INSIDES = re.compile(
    r"synchronously|object header|B-tree|errno|Traceback|\[Errno|dataset ID| at 0x"
)
COLUMNS = ("ra", "dec", "redshift", "pxscale")
Content = dict[str, np.ndarray]


class Bad(Exception):
    """An outcome that must not be."""


# ------------------------------------------------------------------------------ what comes of it


def sentence(error: BaseException) -> str:
    """Return the one sentence, or two, that an error is; else it is bad."""
    said = str(error)
    if not isinstance(error, OSError | ValueError):
        raise Bad(f"{type(error).__name__}: {said}") from error
    if "\n" in said or INSIDES.search(said) or not said.endswith(".") or len(said) > 600:
        raise Bad(f"no sentence: {said}") from error
    return re.sub(r"/\S+|\d[\d,.]*", "…", said)


def same(found: Content, truth: Content | None) -> None:
    """Assert that what was read is what was written."""
    if truth is None:
        raise Bad("was read, though nothing right can be in it")
    for name, values in truth.items():
        if not np.array_equal(found[name], values, equal_nan=name in COLUMNS):
            raise Bad(f"wrong {name}")


def use(path: Path, truth: Content | None, folder: Path) -> str:
    """Use a file in every way there is; return "right" or the sentence."""
    outcomes = []
    told = datasets.describe(path)
    if told.problem:
        sentence(ValueError(told.problem))
        assert not told.counts
    for way in (_load, _on_demand, _piece):
        try:
            found = way(path, folder)
        except Exception as error:
            outcomes.append(sentence(error))
        else:
            lost = [
                name
                for name in COLUMNS
                if f" {name}" in told.notes[-1].partition("Unknown for all")[2].replace(",", "")
            ]
            same(found, truth and {key: truth[key] for key in truth if key not in lost})
            outcomes.append(
                "right" if set(lost) <= unknown(truth) else "a column is said to be lost"
            )
    return next((outcome for outcome in outcomes if outcome != "right"), "right")


def unknown(truth: Content) -> set[str]:
    """Return the columns of which nothing is known."""
    return {name for name in COLUMNS if np.isnan(truth[name]).all()}


def _content(d: DataManager, pictures: np.ndarray) -> Content:
    columns = {name: datasets.catalogue(d.ds, name) for name in COLUMNS}
    return {"ans": d.ans, "images": pictures, **columns}


def _load(path: Path, _folder: Path) -> Content:
    with DataManager(0.5, path, seed=0, cache=False) as d:
        return _content(d, d.images)


def _on_demand(path: Path, _folder: Path) -> Content:
    with DataManager(0.5, path, seed=0, read_on_demand=True) as d:
        n = len(d.ans)
        rows = [d.pictures.sums([row])[0] for row in range(min(n, 50))]
        content = _content(d, np.array(rows))
        return content if n <= 50 else content | {"images": d.pictures.sums(np.arange(n))}


def _piece(path: Path, folder: Path) -> Content:
    piece = folder / "piece.h5"
    try:
        datasets.write_piece(path, piece, fraction=1)
        with h5py.File(piece) as ds:
            return {name: ds[name][:] for name in ds}
    finally:
        piece.unlink(missing_ok=True)


# -------------------------------------------------------------------------------- damaged files

LAYOUTS: dict[str, dict] = {
    "ours": {},
    "gzip": {"chunks": (1, 16, 16, 3), "compression": "gzip"},
    "many chunks": {"chunks": (1, 8, 8, 1), "compression": "gzip", "shuffle": True},
    "across": {"chunks": (7, 16, 16, 1), "compression": "gzip"},
    "fletcher32": {"chunks": (2, 16, 16, 3), "compression": "gzip", "fletcher32": True},
    "lzf": {"chunks": (3, 16, 16, 3), "compression": "lzf", "fletcher32": True},
    "plain chunks": {"chunks": (4, 16, 16, 3)},
    "one block": {},
    "newest": {"chunks": (1, 16, 16, 3), "compression": "gzip"},
}


@functools.cache
def base(layout: str) -> tuple[bytes, Content, dict[str, list[tuple[int, int]]]]:
    """Return a sound file, what is in it, and where what carries no checksum lies."""
    rng = np.random.default_rng(1)
    n = 60 if layout == "many chunks" else 20
    ans = np.sort(np.arange(n, dtype=np.uint8) % 10)
    truth: Content = {
        "images": rng.integers(0, 200, (n, 16, 16, 3), np.uint8) // 8 + ans[:, None, None, None],
        "ans": ans,
        "ra": rng.uniform(0, 360, n),
        "dec": rng.uniform(-30, 30, n),
        "redshift": np.where(np.arange(n) % 7 == 3, np.nan, rng.uniform(0.01, 0.2, n)),
        "pxscale": rng.uniform(0.262, 0.5, n),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.h5"
        bounds = "latest" if layout == "newest" else "earliest"
        with h5py.File(path, "w", libver=(bounds, "latest")) as ds:
            ds.create_dataset("images", data=truth["images"], **LAYOUTS[layout])
            for name in ("ans", *COLUMNS):
                ds[name] = truth[name]
        if layout == "ours":
            datasets.write_piece(path, Path(folder) / "ours.h5", fraction=1)
            path = Path(folder) / "ours.h5"
        bare: dict[str, list[tuple[int, int]]] = {}
        with h5py.File(path) as ds:
            for name in ds:
                if ds[name].chunks is None:
                    bare[name] = [(ds[name].id.get_offset(), ds[name].nbytes)]
                elif ds[name].compression is None and not ds[name].fletcher32:
                    chunks = [
                        ds[name].id.get_chunk_info(i) for i in range(ds[name].id.get_num_chunks())
                    ]
                    bare[name] = [(chunk.byte_offset, chunk.size) for chunk in chunks]
        return path.read_bytes(), truth, bare


def as_it_lies(good: bytes, bad: bytes, truth: Content, bare: dict) -> Content:
    """Return what is in a file now, where bytes changed that no checksum guards."""
    now = dict(truth)
    if len(good) == len(bad):
        for name, places in bare.items():
            raw = b"".join(bad[at : at + size] for at, size in places)
            if raw != b"".join(good[at : at + size] for at, size in places):
                values = np.frombuffer(raw, truth[name].dtype)
                if values.size == truth[name].size:
                    now[name] = values.reshape(truth[name].shape)
    return now


def damage(good: bytes, bare: dict, rng: np.random.Generator) -> bytes:
    """Return the bytes of a file with something wrong, mostly in its structure."""
    n, bytes_ = len(good), bytearray(good)
    data = np.zeros(n, bool)
    for at, size in (place for places in bare.values() for place in places):
        data[at : at + size] = True
    structure = np.flatnonzero(~data)
    what, at = rng.random(), int(rng.choice(structure))
    if what < 0.5:
        for place in rng.choice(structure, int(rng.integers(1, 4))):
            bytes_[place] ^= 1 << int(rng.integers(8))
    elif what < 0.65:
        bytes_[at] = int(rng.choice([0, 1, 2, 127, 128, 254, 255]))
    elif what < 0.72:
        bytes_[int(rng.integers(n))] ^= 1 << int(rng.integers(8))
    elif what < 0.79:
        bytes_ = bytes_[: int(rng.integers(n))]
    elif what < 0.86:
        size = int(2 ** rng.integers(1, 10))
        bytes_[at : at + size] = bytes(len(bytes_[at : at + size]))
    elif what < 0.92:
        size, other = int(2 ** rng.integers(2, 10)), int(rng.integers(n))
        bytes_[at : at + size] = good[other : other + len(bytes_[at : at + size])]
        bytes_ = bytes_[:n]
    elif what < 0.96:
        bytes_[at : at + 8] = rng.bytes(len(bytes_[at : at + 8]))
    else:
        bytes_[: int(rng.integers(1, 300))] = b"<!doctype html><title>Log in</title>"
    return bytes(bytes_)


def damaged(number: int, rng: np.random.Generator, folder: Path) -> str:
    """A sound file with a few bytes changed, cut off, or overwritten."""
    good, truth, bare = base(list(LAYOUTS)[number % len(LAYOUTS)])
    bad = damage(good, bare, rng)
    path = folder / "x.h5"
    path.write_bytes(bad)
    return use(path, as_it_lies(good, bad, truth, bare), folder)


# -------------------------------------------------------------------------------- hostile files


def hostile(number: int, rng: np.random.Generator, folder: Path) -> str:
    """A file that was made to be trouble: one of the recipes, with numbers drawn anew."""
    path, n, side = folder / "x.h5", int(rng.integers(2, 40)), int(rng.choice([1, 8, 16, 23]))
    truth: Content = {
        "images": rng.integers(0, 256, (n, side, side, 3), np.uint8),
        "ans": rng.integers(0, 10, n).astype(np.uint8),
        **{name: rng.uniform(0.3, 0.5, n) for name in COLUMNS},
    }
    name = str(rng.choice(["images", "ans", *COLUMNS]))
    recipe = RECIPES[number % len(RECIPES)]
    with h5py.File(path, "w", libver=("earliest" if number % 2 else "v110", "latest")) as ds:
        for key, values in truth.items():
            ds[key] = values
        try:
            expected = recipe(ds, name, truth, rng, folder)
        except OSError:  # a chunk so long that HDF5 itself does not write it
            expected = truth
    if callable(expected):
        return expected(path)
    return use(path, expected, folder)


def _replace(ds: h5py.File, name: str, *arguments, **options) -> h5py.Dataset:
    del ds[name]
    return ds.create_dataset(name, *arguments, **options)


def _chunked(ds, name, truth, rng, **options) -> h5py.Dataset:
    shape = truth[name].shape
    chunks = tuple(int(rng.integers(1, length + 1)) for length in shape)
    return _replace(ds, name, data=truth[name], chunks=chunks, **options)


def soft_link(ds, name, truth, rng, folder):
    """A link to itself, to nowhere, to a group, to the numbers under another name."""
    ds.move(name, "elsewhere")
    ds[name] = h5py.SoftLink(str(rng.choice([f"/{name}", "/nowhere", "/", "/elsewhere"])))


def external_link(ds, name, truth, rng, folder):
    """A link to another file, to a text, to this file, to a device."""
    (folder / "other.h5").write_bytes(base("gzip")[0])
    del ds[name]
    other = str(rng.choice(["other.h5", "x.h5", "gone.h5", "/etc/hosts", "/proc/self/mem"]))
    ds[name] = h5py.ExternalLink(other, f"/{name}")


def external_storage(ds, name, truth, rng, folder):
    """Numbers that are kept in another file, as a text of the user's."""
    (folder / "diary.txt").write_bytes(b"\1" * 100_000)
    size = truth[name].nbytes if rng.random() < 0.5 else h5py.h5f.UNLIMITED
    where = [(str(folder / str(rng.choice(["diary.txt", "gone.txt"]))), int(rng.integers(9)), size)]
    _replace(ds, name, truth[name].shape, truth[name].dtype, external=where)


def virtual(ds, name, truth, rng, folder):
    """Numbers that are looked up in another file, or in this one."""
    (folder / "other.h5").write_bytes(base("gzip")[0])
    layout = h5py.VirtualLayout(truth[name].shape, truth[name].dtype)
    source = str(rng.choice([str(folder / "other.h5"), ".", "gone.h5"]))
    layout[...] = h5py.VirtualSource(source, f"/{name}", truth[name].shape)
    del ds[name]
    ds.create_virtual_dataset(name, layout)


@functools.lru_cache(maxsize=64)
def zeros(n: int) -> bytes:
    """Return so many zeros, packed."""
    return zlib.compress(bytes(n), 9)


def bomb(ds, name, truth, rng, folder):
    """A chunk that unpacks to far more, or to a little less, than it should."""
    options = {"compression": "gzip"} | ({"shuffle": True} if rng.random() < 0.3 else {})
    options |= {"fletcher32": True} if rng.random() < 0.2 else {}
    array = _chunked(ds, name, truth, rng, **options)
    size = int(np.prod(array.chunks)) * array.dtype.itemsize
    long = int(rng.choice([size + 1, size * 2, 40_000_000, 300_000_000]))
    much = long if rng.random() < 0.8 else size - 1
    raw = zeros(much)
    array.id.write_direct_chunk((0,) * array.ndim, raw + b"0000" * ("fletcher32" in options))


def never_written(ds, name, truth, rng, folder):
    """Nothing, or not all, was ever written."""
    shape, dtype = truth[name].shape, truth[name].dtype
    if rng.random() < 0.5:
        _replace(ds, name, shape, dtype)
        return
    chunks = (1, *shape[1:])
    array = _replace(ds, name, shape, dtype, chunks=chunks, compression="gzip")
    array[: len(array) - 1] = truth[name][: len(array) - 1]


def giant(ds, name, truth, rng, folder):
    """More galaxies, or larger pictures, than there is memory for."""
    n = int(10 ** rng.uniform(6, 12))
    side = int(rng.choice([1, 8, 256, 60_000]))
    options = {"compression": "gzip", "fillvalue": 1}
    chunk = int(min(n, 10**8 // (3 * side * side) + 1))
    _replace(ds, "images", (n, side, side, 3), np.uint8, chunks=(chunk, side, side, 3), **options)
    _replace(ds, "ans", (n,), np.uint8, chunks=(min(n, 10**7),), **options)


def large_chunks(ds, name, truth, rng, folder):
    """Chunks far larger than what is in them."""
    shape = truth[name].shape
    chunks = (int(10 ** rng.choice([3, 4, 5, 5.5, 6.5, 7])), *shape[1:])
    array = _replace(ds, name, shape, truth[name].dtype, chunks=chunks,
                     maxshape=(None, *shape[1:]), compression="gzip")  # fmt: skip
    if np.prod(chunks) * truth[name].itemsize > hdf5.LARGEST_CHUNK:
        return None
    array[...] = truth[name]
    return truth


def any_layout(ds, name, truth, rng, folder):
    """Nothing wrong: chunks and filters of all kinds, on all that is in the file."""
    for key in truth:
        packing = [None, "gzip", "lzf"][int(rng.integers(3))]
        _chunked(ds, key, truth, rng, compression=packing, shuffle=bool(rng.random() < 0.5),
                 fletcher32=bool(rng.random() < 0.5))  # fmt: skip
    return truth


def skipped_filters(ds, name, truth, rng, folder):
    """Chunks whose filters were skipped, in any combination, and all of them true."""
    array = _chunked(ds, "images", truth, rng, compression="gzip", shuffle=True)
    for start in np.ndindex(*(-(-n // k) for n, k in zip(array.shape, array.chunks, strict=True))):
        corner = tuple(i * k for i, k in zip(start, array.chunks, strict=True))
        whole = np.zeros(array.chunks, np.uint8)
        part = truth["images"][
            tuple(slice(i, i + k) for i, k in zip(corner, array.chunks, strict=True))
        ]
        whole[tuple(slice(length) for length in part.shape)] = part
        mask = int(rng.integers(4))
        raw = whole.tobytes() if mask & 2 else zlib.compress(whole.tobytes())
        array.id.write_direct_chunk(corner, raw, filter_mask=mask)
    return truth


def packed_twice(ds, name, truth, rng, folder):
    """Gzip in gzip: a million to one."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(truth[name].shape)
    plist.set_deflate(9)
    plist.set_deflate(9)
    space = h5py.h5s.create_simple(truth[name].shape)
    kind = h5py.h5t.py_create(truth[name].dtype)
    del ds[name]
    array = h5py.Dataset(h5py.h5d.create(ds.id, name.encode(), kind, space, plist))
    if rng.random() < 0.5:
        array[...] = truth[name]
        return truth
    array.id.write_direct_chunk((0,) * array.ndim, zlib.compress(zeros(300_000_000), 9))


def odd_type(ds, name, truth, rng, folder):
    """Numbers of a type that is not what they should be of."""
    kinds = [np.complex128, "S3", h5py.string_dtype(), h5py.ref_dtype, np.dtype("f4,i2"),
             np.dtype("V5"), h5py.vlen_dtype(np.uint8), h5py.enum_dtype({"A": 0, "B": 1}),
             np.dtype((np.uint8, (3,)))]  # fmt: skip
    kind = kinds[int(rng.integers(len(kinds)))]
    array = _replace(ds, name, truth[name].shape, kind)
    with contextlib.suppress(Exception):
        array[...] = np.zeros(truth[name].shape, array.dtype)
    # An enumeration is a whole number, and says 0 for all.
    zero = np.zeros(truth[name].shape)
    return truth | {name: zero} if kind is kinds[7] and name != "images" else None


def other_number(ds, name, truth, rng, folder):
    """The same numbers in another width, sign, or order of bytes."""
    kinds = [">f8", ">f4", "<f2"] if name in COLUMNS else ["<i8", ">i4", "<u2", "i1", ">u8"]
    values = truth[name].astype(str(rng.choice(kinds)))
    _replace(ds, name, data=values)
    return None if name == "images" else truth | {name: values}


def narrow_type(ds, name, truth, rng, folder):
    """A byte of which only some bits count."""
    kind = h5py.h5t.STD_U8LE.copy()
    kind.set_precision(int(rng.integers(1, 8)))
    kind.set_offset(int(rng.integers(0, 2)))
    space = h5py.h5s.create_simple(truth["images"].shape)
    del ds["images"]
    array = h5py.Dataset(h5py.h5d.create(ds.id, b"images", kind, space))
    array[...] = truth["images"] % 2


def odd_shape(ds, name, truth, rng, folder):
    """No axis, too many, none at all, or another length."""
    what = int(rng.integers(5))
    del ds[name]
    if what == 0:
        ds[name] = truth[name].flat[0]
    elif what == 1:
        ds[name] = h5py.Empty(truth[name].dtype)
    elif what == 2:
        ds[name] = truth[name][..., None]
    elif what == 3:
        ds[name] = truth[name][:-1]
    else:
        ds.create_group(name)


def nothing(ds, name, truth, rng, folder):
    """A column that is not there, which is no harm, or pictures or labels that are not."""
    del ds[name]
    unknown = np.full(len(truth["ans"]), np.nan)
    return truth | {name: unknown} if name in COLUMNS else None


def wild_labels(ds, name, truth, rng, folder):
    """Labels that are no classes."""
    values = truth["ans"].astype(np.int64)
    values[int(rng.integers(len(values)))] = int(rng.choice([-1, 10, 255, 2**62, -(2**63)]))
    _replace(ds, "ans", data=values)


def wild_columns(ds, name, truth, rng, folder):
    """Positions and scales that cannot be; what is not finite counts as unknown."""
    name = str(rng.choice(["ra", "dec", "pxscale"]))
    value = float(rng.choice([1e300, -1e9, np.inf, -np.inf, np.nan]))
    truth[name][0] = value
    _replace(ds, name, data=truth[name])
    truth[name][0] = value if np.isfinite(value) else np.nan
    return None if np.isfinite(value) else truth


def one_place(ds, name, truth, rng, folder):
    """Twenty thousand galaxies in one place of the sky: two hundred million pairs."""
    n = int(rng.integers(5_000, 20_000))
    for key, values in truth.items():
        _replace(ds, key, data=np.zeros((n, 1, 1, 3) if key == "images" else n, values.dtype))

    def grouped(path: Path) -> str:
        try:
            DataManager(datafile=path, group_by_sky=True, cache=False)
        except ValueError as error:
            return sentence(error)
        raise Bad("two hundred million pairs")

    _replace(ds, "pxscale", data=np.full(n, 0.262))
    return grouped


def odd_simulated(ds, name, truth, rng, folder):
    """An attribute that should be true or false."""
    values = [np.arange(3), "no", h5py.Empty("f"), 0.5, np.array([True]), b"\xff", ds.ref]
    ds.attrs["simulated"] = values[int(rng.integers(len(values)))]


def many_attributes(ds, name, truth, rng, folder):
    """Thousands of attributes, some of them large, which are nobody's business."""
    for i in range(int(rng.integers(10, 300))):
        ds.attrs[f"a{i}"] = "x" * int(
            rng.integers(1, 60_000 if ds.libver[0] != "earliest" else 200)
        )
    return truth


def loops(ds, name, truth, rng, folder):
    """Groups that hold each other, a thousand deep, with odd names: nobody looks."""
    group = ds
    for i in range(int(rng.integers(1, 200))):
        group = group.create_group(f"{i} ~ ½ ../")
        group["root"] = ds["/"]
    return truth


def shared_storage(ds, name, truth, rng, folder):
    """Two names for one data set."""
    del ds["ra"]
    ds["ra"] = ds["dec"]
    return truth | {"ra": truth["dec"]}


def garbage_chunk(ds, name, truth, rng, folder):
    """A chunk of random bytes where packed ones should be."""
    array = _chunked(ds, name, truth, rng, compression="gzip")
    array.id.write_direct_chunk((0,) * array.ndim, rng.bytes(int(rng.integers(1, 5000))))


def short_chunk(ds, name, truth, rng, folder):
    """A chunk that has too few bytes, or too many, after a filter that keeps their number."""
    array = _chunked(ds, name, truth, rng, shuffle=True)
    size = int(np.prod(array.chunks)) * array.dtype.itemsize
    wrong = int(rng.choice([size + 1, size + 7, 10 * size, *([size - 1] if size > 1 else [])]))
    array.id.write_direct_chunk((0,) * array.ndim, b"\1" * wrong)


def resized(ds, name, truth, rng, folder):
    """Grown, shrunk, and grown again: what is between was never written."""
    shape = truth["images"].shape
    array = _replace(ds, "images", data=truth["images"], maxshape=(None, *shape[1:]),
                     chunks=(1, *shape[1:]), compression="gzip")  # fmt: skip
    array.resize(1, axis=0)
    array.resize(shape[0], axis=0)


def hostile_network(ds, name, truth, rng, folder):
    """A network's file with other arrays, shapes, types, numbers, or packed."""

    class Manager:
        input_size = 12

    path = folder / "net.npz"
    network = NeuralNetwork(Manager(), hidden_layer_size=3, seed=0)
    network.save(path)

    def load(_path: Path) -> str:
        arrays = dict(np.load(path))
        key = str(rng.choice(sorted(arrays)))
        what, size = int(rng.integers(9)), os.path.getsize(path)
        if what == 0:
            del arrays[key]
        elif what == 1:
            arrays[key] = np.full(arrays[key].shape, np.nan)
        elif what == 2:
            arrays[key] = np.zeros((*arrays[key].shape, 2), arrays[key].dtype)
        elif what == 3:
            arrays["data_manager"] = np.zeros(3)
        elif what == 4:
            arrays[key] = np.array("text")
        if what == 5:
            np.savez_compressed(path, **arrays | {"A": np.zeros((10, 30_000_000), np.float32)})
        elif what == 6:
            path.write_bytes(path.read_bytes()[: int(rng.integers(size))])
        elif what == 7:
            bytes_ = bytearray(path.read_bytes())
            bytes_[int(rng.integers(size))] ^= 1 << int(rng.integers(8))
            path.write_bytes(bytes_)
        elif what == 8:
            np.save(path.with_suffix(".npy"), np.array([print]), allow_pickle=True)
            path.with_suffix(".npy").replace(path)
        else:
            np.savez(path, **arrays)
        try:
            back = NeuralNetwork.load(path, Manager())
        except Exception as error:
            return sentence(error)
        if not np.array_equal(back.A, network.A) or not np.array_equal(back.B, network.B):
            raise Bad("other weights")
        if type(back.data_manager) is not Manager:
            raise Bad("another data manager")
        return "right"

    return load


RECIPES: list[Callable] = [
    soft_link, external_link, external_storage, virtual, bomb, never_written, giant, large_chunks,
    any_layout, skipped_filters, packed_twice, odd_type, other_number, narrow_type, odd_shape,
    nothing, wild_labels, wild_columns, one_place, odd_simulated, many_attributes, loops,
    shared_storage, garbage_chunk, short_chunk, resized, hostile_network,
]  # fmt: skip

# ------------------------------------------------------------------------------------ downloads

BODY = fetching.SIGNATURE + np.random.default_rng(0).bytes(150_000)
OTHER = fetching.SIGNATURE + np.random.default_rng(1).bytes(150_000)
LOGIN = b"<!doctype html><title>Log in</title>" * 500


def fault(rng: np.random.Generator) -> dict:
    """Return what goes wrong in one reply, for `fault_server.FaultServer`."""
    step: dict = {}
    if rng.random() < 0.5:
        step["cut"] = int(rng.integers(len(BODY)))
    if rng.random() < 0.2:
        step["status"] = int(rng.choice([403, 404, 408, 416, 429, 500, 502, 503, 418]))
    if rng.random() < 0.2:
        step["whole"] = True
    if rng.random() < 0.15:
        step["body"] = [BODY, OTHER, LOGIN, b"", BODY + b"more"][int(rng.integers(5))]
    if rng.random() < 0.15:
        step["etag"] = str(rng.choice(['"one"', '"two"', 'W/"weak"', ""]))
    if rng.random() < 0.2:
        names = ["Content-Encoding", "Retry-After", "Content-Range", "Content-Type"]
        values = ["gzip", "0", "bytes 5-9/10", "text/html"]
        k = int(rng.integers(4))
        step["headers"] = {names[k]: values[k]}
    if rng.random() < 0.05:
        step["pace"] = 0.05
    return step


def downloads(number: int, rng: np.random.Generator, folder: Path) -> str:
    """A server that goes wrong several times; afterwards a calm one must lead to the file."""
    fetching.PAUSE, fetching.STALL, fetching.TELL = 0.001, 1.0, 5
    sha256 = hashlib.sha256(BODY).hexdigest()
    what, outcome = int(rng.integers(8)), "right"
    target, part = folder / "galaxies.h5", folder / "galaxies.h5.part"
    if what == 0:
        part.write_bytes([BODY[:70_000], BODY, BODY + b"x", OTHER[:9_000], LOGIN][number % 5])
    elif what == 1:
        (folder / "galaxies.h5.part.json").write_bytes(rng.bytes(50))
        part.write_bytes(BODY[:50_000])
    before = part.read_bytes() if part.exists() else b""
    script = [fault(rng) for _ in range(int(rng.integers(1, 9)))]
    used = list(script)  # the server empties its own
    quiet = contextlib.redirect_stderr(io.StringIO())
    with FaultServer(BODY, script, etag='"one"') as server, quiet:
        try:
            fetching.fetch(server.url, sha256, folder)
        except Exception as error:
            outcome = sentence(error)
            if target.exists():
                raise Bad("a file has the name, and it was an error") from None
            kept = part.read_bytes() if part.exists() else b""
            honest = not any(step.get("body") is OTHER for step in used)
            if honest and BODY.startswith(before) and not kept.startswith(before):
                raise Bad("what had come is gone") from None
    if target.exists() and target.read_bytes() != BODY:
        raise Bad("a wrong file has the name")
    for _ in range(2):  # the first may have to find out that the part is another's
        with FaultServer(BODY, etag='"one"') as server, contextlib.redirect_stderr(io.StringIO()):
            try:
                fetching.fetch(server.url, sha256, folder)
                break
            except Exception as error:
                sentence(error)
    if target.read_bytes() != BODY or part.exists():
        raise Bad("a calm server did not lead to the file")
    return outcome


# --------------------------------------------------------------------------------------- caches


def caches(number: int, rng: np.random.Generator, folder: Path) -> str:
    """A cache that is damaged, another's, no file, or in nobody's folder: the data are right."""
    os.environ["GALAXY10_CACHE"] = str(folder / "cache")
    if number % 20 == 19:
        return _sample_cache(rng)
    good, truth, _ = base("gzip")
    path = folder / "x.h5"
    path.write_bytes(good)
    options = {"partition": 0.5, "datafile": path, "coarsen": 2, "seed": 0}
    options |= {"memory_limit": 0} if number % 3 == 2 else {}
    right = truth["images"].reshape(20, 8, 2, 8, 2, 3).sum(axis=(2, 4))

    def load() -> str:
        try:
            with DataManager(**options) as d:
                if not np.array_equal(d.pictures.sums(np.arange(20)), right):
                    raise Bad("wrong pictures")
        except (OSError, ValueError) as error:
            return sentence(error)
        return "right"

    load()
    (cache,) = folder.glob("*.cache")
    bytes_ = bytearray(cache.read_bytes())
    what = int(rng.integers(10))
    if what < 4:
        bytes_[int(rng.integers(len(bytes_) if what < 2 else min(400, len(bytes_))))] ^= 1 << int(
            rng.integers(8)
        )
        cache.write_bytes(bytes_)
    elif what == 4:
        cache.write_bytes(bytes_[: int(rng.integers(len(bytes_)))])
    elif what == 5:
        cache.write_bytes([b"", b"[" * 100_000, b"{}\n", b"x" * 3_000_000, b"\n" * 9][number % 5])
    elif what == 6:
        cache.unlink()
        cache.mkdir()
    elif what == 7:
        cache.unlink()
        os.mkfifo(cache)
    elif what == 8:
        cache.unlink()
        cache.symlink_to([cache.name, "gone", "x.h5"][number % 3])
    else:  # the file has become another, as long as before
        path.write_bytes(good)
        with h5py.File(path, "r+") as ds:
            ds["images"][3] = 255 - ds["images"][3]
        right = right.copy()
        right[3] = 255 * 4 - right[3]
    outcome = load()
    if path.read_bytes()[:8] != good[:8]:
        raise Bad("the file was overwritten")
    return outcome


def _sample_cache(rng: np.random.Generator) -> str:
    with contextlib.redirect_stderr(io.StringIO()):
        path = datasets.simulated_sample_path(10, 1)
        good = path.read_bytes()
        bytes_ = bytearray(good)
        what = int(rng.integers(4))
        if what == 0:
            path.write_bytes(bytes_[: int(rng.integers(len(good)))])
        elif what == 1:
            hdf5.checked_note(path).write_bytes(rng.bytes(20))
        else:
            bytes_[int(rng.integers(len(good)))] ^= 1 << int(rng.integers(8))
            path.write_bytes(bytes_)
        again = datasets.simulated_sample_path(10, 1)
    with DataManager(0.5, again, seed=0, cache=False) as d, h5py.File(again) as ds:
        if not np.array_equal(d.images, ds["images"][:]):
            raise Bad("wrong pictures")
    if what == 0 and again.read_bytes() != good:
        raise Bad("the sample was not made again")
    return "right"


# ---------------------------------------------------------------------------- all at the same time

AT_ONCE = """
import sys, zlib
from pathlib import Path
from galaxy_lib import DataManager
from galaxy_lib.files import datasets, fetching
fetching.PAUSE = 0.01
folder, url, sha256 = Path(sys.argv[1]), *sys.argv[2:]
d = DataManager(0.5, datasets.simulated_sample_path(10, 1), coarsen=8, seed=0)
e = DataManager(0.5, datasets.simulated_sample_path(10, 1), coarsen=8, seed=0, memory_limit=0)
found = d.pictures.sums(range(10))
assert (found == e.pictures.sums(range(10))).all()
try:
    name = fetching.fetch(url, sha256, folder).name
except OSError as error:
    name = str(error)
print(zlib.crc32(found), name)
"""


def processes(n: int, folder: Path) -> Counter:
    """Let many processes ask for the same sample, the same caches and the same download at once."""
    environment = os.environ | {"GALAXY10_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    body = BODY * 20
    with FaultServer(body, etag='"one"') as server:
        words = [str(folder), server.url, hashlib.sha256(body).hexdigest()]
        run = [sys.executable, "-c", AT_ONCE, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        children = [subprocess.Popen(run, env=environment, **pipes) for _ in range(n)]
        said = [child.communicate(timeout=600) for child in children]
    outcomes = Counter()
    for child, (out, error) in zip(children, said, strict=True):
        number, _, name = out.strip().partition(" ")
        fine = child.returncode == 0 and number == said[0][0].partition(" ")[0]
        if fine and name == "galaxies.h5":
            outcomes["right"] += 1
        elif fine and "Another fetch is writing" in name:
            outcomes["sentence"] += 1
        else:
            outcomes["bad"] += 1
            print(f"processes: {out} {error}", file=sys.stderr)
    left = {path.suffix for path in (folder / "cache").iterdir()}
    if (folder / "galaxies.h5").read_bytes() != body or ".part" in left:
        outcomes["bad"] += 1
    return outcomes


# ------------------------------------------------------------------------------------ the campaign

KINDS = {"damaged": damaged, "hostile": hostile, "downloads": downloads, "caches": caches}


def one_case(kind: str, number: int, seed: int) -> str:
    """Make a case and let it happen; return "right" or the sentence, or raise."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind), number])
    with tempfile.TemporaryDirectory() as folder:
        return KINDS[kind](number, rng, Path(folder))


def work(kind: str, numbers: range, seed: int) -> None:
    """Run cases in this process, and write a line about each: its number, and what came."""
    resource.setrlimit(resource.RLIMIT_AS, (6 * MEMORY, 6 * MEMORY))
    for number in numbers:
        try:
            outcome = one_case(kind, number, seed)
        except Exception as error:
            outcome = f"bad: {error!r} {traceback.extract_tb(error.__traceback__)[-1]}"
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY:
            outcome = f"bad: more than 1 GB, then {outcome}"
        print(json.dumps([number, outcome]), flush=True)
        if "more than 1 GB" in outcome:
            return  # the peak would be held against all that follow


def attack(kind: str, numbers: range, seed: int = 0) -> tuple[Counter, list[str]]:
    """Run cases in child processes; return the counts, and a line about each bad one."""
    counts, bad, at = Counter(), [], numbers.start
    while at < numbers.stop:
        words = [kind, "--first", str(at), "--n", str(numbers.stop - at), "--seed", str(seed)]
        run = [sys.executable, __file__, *words, "--work"]
        child = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        watch = None
        for line in _lines(child):
            if line is None:
                break
            at, outcome = json.loads(line)
            at += 1
            if outcome.startswith("bad"):
                bad.append(f"{kind} {at - 1}: {outcome}")
                print(bad[-1], file=sys.stderr, flush=True)
            counts["bad" if outcome.startswith("bad") else _short(outcome)] += 1
        child.kill()
        child.wait()
        if at < numbers.stop and (not bad or "more than 1 GB" not in bad[-1] or watch):
            bad.append(f"{kind} {at}: the process ended or slept ({child.returncode})")
            print(bad[-1], file=sys.stderr, flush=True)
            counts["bad"] += 1
            at += 1
    return counts, bad


def _short(outcome: str) -> str:
    return "right" if outcome == "right" else "sentence"


def _lines(child: subprocess.Popen):
    """Yield a child's lines; it is killed when it writes none for too long."""
    while True:
        timer = threading.Timer(PATIENCE + 30, child.kill)  # 30 s for it to start
        timer.start()
        line = child.stdout.readline()
        timer.cancel()
        if not line:
            return
        yield line


def main() -> int:
    """Run what was asked for and print the table."""
    ask = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    ask.add_argument("kind", nargs="?", choices=CAMPAIGN)
    ask.add_argument("--n", type=int, help="cases")
    ask.add_argument("--first", type=int, default=0, help="number of the first case")
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--only", type=int, help="one case, with its traceback")
    ask.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    args = ask.parse_args()
    if args.only is not None:
        print(one_case(args.kind, args.only, args.seed))
        return 0
    if args.work:
        work(args.kind, range(args.first, args.first + args.n), args.seed)
        return 0
    status = 0
    print(f"{'':10} {'cases':>6} {'right':>6} {'sentence':>9} {'bad':>5} {'seconds':>8}")
    for kind in [args.kind] if args.kind else CAMPAIGN:
        n, start = args.n or CAMPAIGN[kind], time.perf_counter()
        if kind == "processes":
            folder = Path(tempfile.mkdtemp())
            counts = processes(n, folder)
            shutil.rmtree(folder)
        else:
            counts, _ = attack(kind, range(args.first, args.first + n), args.seed)
        seconds = time.perf_counter() - start
        numbers = f"{counts['right']:6} {counts['sentence']:9} {counts['bad']:5}"
        print(f"{kind:10} {n:6} {numbers} {seconds:8.0f}", flush=True)
        status |= counts["bad"] > 0
    return status


if __name__ == "__main__":
    sys.exit(main())
