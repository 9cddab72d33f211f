"""A tenth of the real file: a third party's copy as Parquet, fetched, unpacked and checked.

Zenodo has all of Galaxy10 DECaLS or nothing, 2.7 GB. The Hugging Face hub has it in pieces, of
which one is enough for a class. We know no checksum of that piece: its revision is pinned, the hub
is held to the SHA-256 that it states itself, what comes has to have the right number of rows, all
ten classes and pictures of the right size, and later fetches are held to the first one.
"""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np

from galaxy_lib.files import fetching
from galaxy_lib.files.disk import from_the_extra, written_whole
from galaxy_lib.files.find import SMALL_NAME
from galaxy_lib.files.hdf5 import Damaged
from galaxy_lib.files.parquet import convert
from galaxy_lib.files.validate import describe, text_attribute
from galaxy_lib.galaxy import N_TYPES

REVISION = "88428bc"
PARQUET = "test-00000-of-00001-cef82967b9d8e57e.parquet"
URL = (
    f"https://huggingface.co/datasets/matthieulel/galaxy10_decals/resolve/{REVISION}/data/{PARQUET}"
)
N_ROWS = 1774
SIGNATURE = b"PAR1"


def fetch_small(url: str = URL, folder: str | os.PathLike = ".", sha256: str | None = None) -> Path:
    """Fetch a tenth of the real file into ``folder``, unpack it, and return the path of the HDF5.

    What is there already is not fetched, and a download that was cut goes on, as in
    `fetching.fetch`. The SHA-256 of the Parquet file is kept beside the result: a later fetch that
    brings another file is refused. The Parquet file itself is removed once it is unpacked.

    Parameters
    ----------
    url : str
        Where the Parquet file is, say on a server of your own.
    sha256 : str, optional
        Of the Parquet file, if you know it. Without it that of the first fetch decides, and for the
        first fetch that which the server states, if it does.

    Raises
    ------
    FileExistsError
        If another file has the name already.
    OSError
        If the server, the connection or the disk fails for good; the part is kept.
    ValueError
        If what came is not what it should be: it is removed, and the next fetch begins again.
    ModuleNotFoundError
        If the extra ``[survey]`` is not installed: with the line that brings it.
    """
    with from_the_extra():  # before anything is fetched
        import pyarrow.parquet  # noqa: F401

    sha256 = None if sha256 is None else fetching.a_sha256(sha256)
    folder = fetching.destination(url, folder)
    target, note = folder / SMALL_NAME, folder / f"{SMALL_NAME}.sha256"
    part = folder / f"{SMALL_NAME}.parquet.part"
    with fetching.alone(part):
        first = _noted(note)
        whose = ""
        if sha256 is None and first is not None:
            sha256 = first
            whose = f", that of the first fetch (remove {note} if you trust the new one)"
        if target.exists():
            if problem := _problem(target, sha256):
                raise FileExistsError(
                    f"{target} exists and was left as it is, but {problem}: move it away or "
                    "choose another folder."
                )
        else:
            fetching.gather(url, part, SIGNATURE, sha256, whose)
            try:
                convert(part, target, source=url, n_rows=N_ROWS)
                if problem := _problem(target, None):
                    target.unlink()
                    raise ValueError(f"{part}: {problem}.")
            except (Damaged, ValueError) as error:
                fetching.forget(part)
                raise ValueError(
                    f"What {url} sent cannot be used and was removed ({error}) The next fetch "
                    "begins again."
                ) from None
        if first != (made_from := _made_from(target)):
            with written_whole(note) as temporary:
                temporary.write_text(f"{made_from}  {PARQUET}\n", "utf-8")
        fetching.forget(part)
    return target


def _noted(note: Path) -> str | None:
    """Return the SHA-256 of the first fetch, or None."""
    try:
        words = note.read_text("utf-8").split()
        return fetching.a_sha256(words[0])
    except FileNotFoundError:
        return None
    except (ValueError, IndexError):
        raise ValueError(f"{note} holds no SHA-256: remove it, and fetch again.") from None


def _made_from(path: Path) -> str:
    """Return the SHA-256 of the Parquet file that a file was made from, as it says itself."""
    with h5py.File(path, "r", locking=False) as ds:
        return text_attribute(ds, "sha256")


def _problem(path: Path, sha256: str | None) -> str | None:
    """Return why a file is not the tenth that it should be, or None, after a look at all of it."""
    found = describe(path, every_picture=True)
    if found.problem:
        return f"it cannot be used ({found.problem.rstrip('.')})"
    if found.simulated or sum(found.counts) != N_ROWS:
        return f"it holds {sum(found.counts):,} galaxies, not {N_ROWS:,} real ones"
    if missing := np.flatnonzero(np.array(found.counts) == 0).tolist():
        return f"it has no galaxy of {len(missing)} of the {N_TYPES} classes, {missing[0]} say"
    made_from = _made_from(path)
    if sha256 is not None and made_from != sha256:
        return f"it was made from a file with another SHA-256 than {sha256}"
    return None
