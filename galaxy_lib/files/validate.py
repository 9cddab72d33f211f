"""Is a file sound, and what is in it: one answer, whatever the file is used for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np

from galaxy_lib.checked import FilePath, Truth, a_path, checked, having, one_of
from galaxy_lib.files import hdf5
from galaxy_lib.files.reading import load_block_sums, overhead
from galaxy_lib.galaxy import N_TYPES, galaxy_types
from galaxy_lib.splits import conflicts, sky_pairs

CATALOGUE = ("ra", "dec", "redshift", "pxscale")
PLAUSIBLE = {"ra": (-180, 360), "dec": (-90, 90), "pxscale": (0.001, 1000)}  # degrees, arcsec
MOST = 1_000_000  # galaxies in a file; pictures of more would take 200 GB
UNKNOWN = (-99, -999, -9999, -99999)  # what columns say in place of a number that nobody has
LARGEST_SIDE = 1024


def existing(name: str, file: str | os.PathLike) -> Path:
    path = a_path(name, file)
    but = "GALAXY10_FILE names it, but " if name == "GALAXY10_FILE" else ""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        hint = "`python -m galaxy_lib fetch --small` gets a tenth of the real one"
        raise FileNotFoundError(f"{but}there is no file {path}; {hint}.") from None
    except OSError as error:
        raise OSError(f"{but}{path} cannot be opened: {error.strerror}.") from None
    return path


def open_dataset(path: str | os.PathLike) -> h5py.File:
    """Open a file for reading and validate what every use of it relies on.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    OSError
        If it is not HDF5, or damaged, or only a part of a file.
    ValueError
        If its contents are not those of a Galaxy10 file.
    """
    path = existing("path", path)
    if not path.is_file():
        raise OSError(f"{path} is not a file; name the file itself.")
    try:
        try:
            ds = h5py.File(path, "r")
        except OSError as error:
            if "lock" not in str(error):
                raise
            # A file system has no locks, or a notebook that writes was left open.
            ds = h5py.File(path, "r", locking=False)
    except Exception as error:  # whatever HDF5 makes of a damaged file
        raise OSError(_why_unopened(path, error)) from None
    try:
        problem = _problem(ds)
    except Exception as error:
        ds.close()
        if isinstance(error, (MemoryError, hdf5.Damaged)):
            raise
        raise hdf5.Damaged(f"{path} is damaged; get it anew.") from None
    if problem:
        ds.close()
        raise ValueError(f"{path}: {problem}")
    try:
        votes(ds)
        for name in CATALOGUE:
            catalogue(ds, name)
    except (OSError, ValueError):
        ds.close()
        raise
    return ds


def _why_unopened(path: Path, error: Exception) -> str:
    """Say in our own words why HDF5 does not open a file."""
    try:
        with path.open("rb") as file:
            begins = file.read(8)
    except OSError as refused:
        return f"{path} cannot be read: {refused.strerror}."
    size = path.stat().st_size
    if "truncated" in str(error):
        return f"{path} is only a part of a file ({size:,} bytes of it); get it anew."
    if size == 0:
        return f"{path} is empty; get it anew."
    if begins != b"\x89HDF\r\n\x1a\n":
        return f"{path} is not a readable HDF5 file (it begins with {begins!r}); get it anew."
    return f"{path} is a damaged HDF5 file, or not all of one; get it anew."


def _problem(ds: h5py.File) -> str | None:
    """Return what keeps an open file from being used, in one sentence, if anything does."""
    arrays = {}
    for name in ("images", "ans", "votes", *CATALOGUE):
        link = ds.get(name, getlink=True)
        if link is None and name in ("votes", *CATALOGUE):
            continue
        if link is not None and not isinstance(link, h5py.HardLink):
            return (
                f"{name!r} is a link to another place; copy the numbers themselves into the file."
            )
        if link is None or not isinstance(ds[name], h5py.Dataset):
            return (
                f"it holds no data set {name!r}; a Galaxy10 file has 'images' and 'ans', and maybe "
                f"{', '.join(CATALOGUE)}."
            )
        try:
            ds[name].dtype  # noqa: B018
        except TypeError:
            return f"{name!r} holds numbers of a kind that NumPy lacks; store it in a usual one."
        arrays[name] = ds[name]
    images, ans = arrays["images"], arrays["ans"]
    shape = "×".join(str(n) for n in images.shape or ())
    if images.ndim != 4 or images.shape[3] != 3 or images.shape[1] != images.shape[2]:
        return f"'images' is {shape}, but N×256×256×3 is needed: square pictures in three bands."
    if images.shape[1] == 69:
        return "its pictures are 69×69: that is Galaxy10 SDSS, whose classes are not these ten."
    if images.shape[1] > LARGEST_SIDE:
        return f"its pictures are {shape}; their sides may be {LARGEST_SIDE} pixels at most."
    if images.dtype != np.uint8:
        return f"'images' holds {images.dtype}, but uint8 is needed (0 to 255)."
    kind = images.id.get_type()
    if isinstance(kind, h5py.h5t.TypeEnumID):
        kind = kind.get_super()
    if (kind.get_precision(), kind.get_offset()) != (8, 0):
        return "'images' holds bytes of which only some bits count, but uint8 is needed."
    n = len(images)
    if ans.ndim != 1 or ans.dtype.kind not in "iu":
        return f"'ans' is {ans.dtype} {ans.shape}, but one whole number per galaxy is needed."
    if len(ans) != n:
        return f"'images' has {n} rows and 'ans' has {len(ans)}; they must be as long."
    if n == 0:
        return "it holds no galaxies; choose another file."
    if n > MOST:
        return f"it claims to hold {n:,} galaxies, and at most {MOST:,} can be in a file."
    for name in arrays.keys() & set(CATALOGUE):
        if arrays[name].shape != (n,) or arrays[name].dtype.kind not in "iuf":
            kind = f"{arrays[name].dtype} {arrays[name].shape}"
            return f"{name!r} is {kind}, but one number per galaxy is needed."
    if "votes" in arrays:
        kind, shape = arrays["votes"].dtype, arrays["votes"].shape
        if shape != (n, N_TYPES) or kind.kind != "u" or kind.itemsize > 2:
            return (
                f"'votes' is {kind} {shape}, but {N_TYPES} counts for each galaxy are needed, "
                "uint8 or uint16."
            )
    if "simulated" in ds.attrs:
        told = ds.attrs.get_id("simulated")
        if told.shape != () or told.dtype.kind not in "biu":
            return "its attribute 'simulated' is neither true nor false."
    if problem := hdf5.storage_problem(arrays.values()):
        return problem
    wrong = [k for k in np.unique(hdf5.column(ans)).tolist() if k not in galaxy_types]
    return (
        f"'ans' holds {wrong[0]}, but the classes run from 0 to {N_TYPES - 1}." if wrong else None
    )


OpenFile = Annotated[h5py.File, having("attrs", "give an open file of galaxies")]
Column = Annotated[str, one_of(*CATALOGUE)]


@checked
def is_simulated(ds: OpenFile) -> bool:
    """Say whether the galaxies of an open file were drawn by galaxy_lib."""
    return bool(ds.attrs.get("simulated", False))


def text_attribute(ds: h5py.File, name: str) -> str:
    """Return an attribute that is one line of text, or an empty one: nothing relies on it."""
    try:
        value = ds.attrs.get(name, "")
    except Exception:  # whatever HDF5 makes of damaged ones
        return ""
    return " ".join(value.split())[:300] if isinstance(value, str) else ""


@checked
def catalogue(ds: OpenFile, name: Column) -> np.ndarray:
    """Return a column, float64 (N,): ``ra``, ``dec``, ``redshift``, ``pxscale``; NaN if unknown.

    Infinite ones are unknown as well, and those that say so by a number of `UNKNOWN`.

    An OSError says that it is damaged, a ValueError that its numbers cannot be what they should.
    """
    if name not in ds:
        return np.full(len(ds["ans"]), np.nan)
    values = hdf5.column(ds[name]).astype(np.float64)
    values[np.isinf(values) | np.isin(values, UNKNOWN)] = np.nan
    low, high = PLAUSIBLE.get(name, (-np.inf, np.inf))
    if len(wrong := values[(values < low) | (values > high)]):
        raise ValueError(
            f"{ds.filename}: {name!r} holds {wrong[0]:g}, but runs from {low} to {high}."
        )
    return values


@checked
def votes(ds: OpenFile) -> np.ndarray | None:
    """Return how many volunteers named each class, uint8 or uint16 (N, 10); None if unknown.

    An OSError says that they are damaged.
    """
    return hdf5.column(ds["votes"]) if "votes" in ds else None


@dataclass(frozen=True)
class Description:
    """What `describe` finds out about a file; print it for a table of the classes."""

    simulated: bool = False
    counts: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def statement(self) -> str:
        """One sentence for the page that uses the file: are these galaxies real?"""
        if self.problem:
            return f"It cannot be used: {self.problem}"
        n = f"{sum(self.counts):,}"
        if self.simulated:
            return f"These are {n} simulated galaxies, drawn by galaxy_lib: not real ones."
        return f"These are {n} real galaxies from Galaxy10 DECaLS."

    def __str__(self) -> str:
        if self.problem:
            return self.statement
        table = [
            f"{k}  {galaxy_types[k]:32} {count:6,} {count / sum(self.counts):7.1%}"
            for k, count in enumerate(self.counts)
        ]
        return "\n".join([self.statement, *table, *self.notes])


@checked
def describe(path: FilePath, *, every_picture: Truth = False) -> Description:
    """Say what a file is: ``simulated`` or real, ``counts`` of the classes, ``notes``, ``problem``.

    ``statement`` is a sentence for the reader, ``problem`` says why the file cannot be used. With
    ``every_picture`` all of them are read, so that no damage stays unseen.
    """
    try:
        with open_dataset(path) as ds:
            images, ans = ds["images"], ds["ans"][:]
            columns = {name: catalogue(ds, name) for name in CATALOGUE}
            place = [columns[name] for name in ("ra", "dec", "pxscale")]
            counts = votes(ds)
            simulated, source = is_simulated(ds), text_attribute(ds, "source")
            layout = "in one block" if images.chunks is None else f"in chunks of {images.chunks}"
            side, packing, times = images.shape[1], images.compression, overhead(images)
            if every_picture:
                load_block_sums(images, side)
    except (OSError, ValueError) as error:
        return Description(problem=str(error))
    try:
        pairs, separation = sky_pairs(*place, side=side)
        two_labels = len(conflicts(pairs, separation, ans))
        near = f"{len(pairs):,} pairs share sky, {two_labels:,} are one galaxy with two labels."
    except ValueError as error:
        near = str(error)  # the file can be used, but not split by sky
    missing = [name for name, column in columns.items() if np.isnan(column).all()]
    looked = [] if counts is None else np.unique(counts.sum(axis=1, dtype=int))
    voted = f", {looked[0]} to {looked[-1]} for each galaxy" if len(looked) else ""
    notes = (
        f"Pictures are {side}×{side}×3, {layout}, compression: {packing or 'none'}; to read one "
        f"alone, {times:.0f} times its bytes must be read.",
        f"Positions are known for {np.isfinite(place[0] + place[1]).sum():,}; {near}",
        *([f"Volunteers' votes are in it{voted}."] if voted else []),
        *([f"Unknown for all of them: {', '.join(missing)}."] if missing else []),
        *([f"Source: {source}."] if source else []),
    )
    return Description(simulated, tuple(np.bincount(ans, minlength=N_TYPES).tolist()), notes)
