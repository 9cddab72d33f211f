"""Which file of galaxies is used: the one that is named, or lies here, or else the sample."""

from __future__ import annotations

import os
from pathlib import Path

from galaxy_lib.files.sample import simulated_sample_path
from galaxy_lib.files.validate import existing

FILE_NAME = "Galaxy10_DECals.h5"
SMALL_NAME = "Galaxy10_DECals_small.h5"  # a tenth of it


def dataset_path(datafile: str | os.PathLike | None = None) -> Path:
    """Find the file of galaxies to use (chapter 1).

    Parameters
    ----------
    datafile : path, optional
        An explicit choice. Without one it is the file that the environment variable
        ``GALAXY10_FILE`` names, else ``Galaxy10_DECals.h5`` or ``Galaxy10_DECals_small.h5`` (a
        tenth of it) in the working directory, else the simulated sample, which is made on first
        use and kept in the user's cache folder (or in the one that ``GALAXY10_CACHE`` names).

    Raises
    ------
    FileNotFoundError
        If the file that was chosen does not exist.
    """
    return find_dataset(datafile)[0]


def find_dataset(datafile: str | os.PathLike | None = None) -> tuple[Path, str]:
    """Return the file in use and why it is this one; see `dataset_path`."""
    if datafile is not None:
        return existing("datafile", datafile), "it was named"
    if named := os.environ.get("GALAXY10_FILE"):
        return existing("GALAXY10_FILE", named), "GALAXY10_FILE names it"
    if here := lying_in(Path()):
        return existing("path", here), "it is in the working directory"
    return simulated_sample_path(), "no real file was named or found"


def lying_in(folder: Path) -> Path | None:
    """Return the real file, or the tenth of it, that lies in a folder: a link to nothing too."""
    places = (folder / FILE_NAME, folder / SMALL_NAME)
    return next((place for place in places if os.path.lexists(place)), None)
