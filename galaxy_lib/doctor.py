"""Is this machine ready for the course? A line for each thing that it needs, with its mend.

It looks and changes nothing: the sample, for one, is not drawn.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from galaxy_lib.files.datasets import cache_folder, describe
from galaxy_lib.files.disk import n_workers
from galaxy_lib.files.find import lying_in
from galaxy_lib.files.sample import SAMPLE_SIZE, sample_file

GB = 1e9
NEEDED = {"cache": 0.6, "memory": 1.5, "here": 0.1}  # GB: measured, and a third more


class Finding(NamedTuple):
    """What was found: the thing, what is said of it, and how to mend it."""

    thing: str
    said: str
    mend: str = ""  # where there is something to do
    in_the_way: bool = False  # the course does not work before that

    def __str__(self) -> str:
        state = "MEND" if self.in_the_way else "note" if self.mend else "ok"
        return f"{state:4}  {self.thing:8}  {self.said}{': ' if self.mend else ''}{self.mend}"


def examine() -> list[Finding]:
    """Return a finding for each thing that the course needs; none of them raises."""
    looks: list[Callable[[], Finding]] = [python, packages, jupyterlab, survey, cores, memory]
    looks += [here, cache, sample, galaxies, processes]
    found = []
    for look in looks:
        try:
            found.append(look())
        except (OSError, ImportError) as error:
            said = getattr(error, "strerror", "") or str(error)
            found.append(Finding(look.__name__, "cannot be looked at", f"{said}", in_the_way=True))
    return found


def python() -> Finding:
    """Look at Python: its version, and whether it is of 64 bits."""
    said = f"{platform.python_version()}, {platform.system()} on {platform.machine()}"
    if sys.maxsize < 2**32:
        return Finding("python", said, "install a Python of 64 bits", in_the_way=True)
    return Finding("python", said)


def packages() -> Finding:
    """Look at the packages that galaxy_lib names: there, and of a version that it allows."""
    from packaging.requirements import Requirement

    wrong, needed = [], [Requirement(text) for text in metadata.requires("galaxy-lib") or []]
    needed = [each for each in needed if not each.marker or each.marker.evaluate({"extra": ""})]
    for each in needed:
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{each.name} is missing")
            continue
        if not each.specifier.contains(version, prereleases=True):
            wrong.append(f"{each.name} is {version}, not {each.specifier}")
    if not wrong:
        return Finding("packages", f"{len(needed)} as galaxy_lib {metadata.version('galaxy-lib')}")
    mend = "delete the folder .venv, and install again"
    return Finding("packages", "; ".join(wrong), mend, in_the_way=True)


def jupyterlab() -> Finding:
    """Look for what opens the notebooks, in this Python or in another."""
    try:
        return Finding("notebook", f"JupyterLab {metadata.version('jupyterlab')}")
    except metadata.PackageNotFoundError:
        mend = "python -m pip install jupyterlab, unless you open them in VS Code or on a hub"
        return Finding("notebook", "no JupyterLab beside this Python", mend)


def survey() -> Finding:
    """Look for what chapter 9 needs beside the rest."""
    missing = []
    for name in ("dask", "distributed", "pyarrow", "threadpoolctl"):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if not missing:
        return Finding("survey", "Dask and Parquet are there, for chapter 9")
    mend = f"for all of chapter 9, python -m pip install {' '.join(missing)}"
    return Finding("survey", f"without {', '.join(missing)}", mend)


def cores() -> Finding:
    """Look at how many cores may be used, and whether matrix products are told to use fewer."""
    said = f"{n_workers()} to use of {os.cpu_count()}"
    threads = os.environ.get("OMP_NUM_THREADS")
    return Finding("cores", said + (f", OMP_NUM_THREADS={threads}" if threads else ""))


def memory() -> Finding:
    """Look at the memory that is free; the longest page takes about 1 GB."""
    import psutil

    free = psutil.virtual_memory().available / GB
    said = f"{free:.1f} GB free"
    if free < NEEDED["memory"]:
        return Finding("memory", said, "close other programs: a page takes about 1 GB")
    return Finding("memory", said)


def here() -> Finding:
    """Look at the working directory: writable, with room for notebooks with outputs."""
    return _room("here", Path.cwd(), "go to a folder of your own")


def cache() -> Finding:
    """Look at the folder of the sample and of coarsened pictures."""
    folder = cache_folder()
    mend = "name another folder in the environment variable GALAXY10_CACHE"
    found = _room("cache", folder, mend)
    if found.in_the_way and _why_not(folder) and sample_file().is_file():
        mend = "pictures are coarsened again in each session; that is fine"
        return Finding("cache", f"{folder} holds the sample and cannot be written to", mend)
    return found


def _room(thing: str, folder: Path, mend: str) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if why := _why_not(there):
        return Finding(thing, f"{folder} cannot be written to ({why})", mend, in_the_way=True)
    free = shutil.disk_usage(there).free / GB
    said = f"{folder}, {free:.1f} GB free"
    if free < NEEDED[thing] and not (thing == "cache" and sample_file().is_file()):
        more = f"{mend}, or make room: {NEEDED[thing]:g} GB are needed"
        return Finding(thing, said, more, in_the_way=True)
    return Finding(thing, said)


def _why_not(folder: Path) -> str:
    """Try to write: rights, quotas, full disks and read-only mounts are all seen only in this way.

    Return the system's reason, or an empty text where it works.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"galaxies")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def sample() -> Finding:
    """Look at the simulated sample: drawn, and of this version."""
    path = sample_file()
    if not path.is_file():
        mend = (
            "it is drawn when it is first used, in about a minute; now: python -m galaxy_lib info"
        )
        return Finding("sample", f"{SAMPLE_SIZE:,} galaxies are not drawn yet", mend)
    if problem := describe(path).problem:
        return Finding("sample", problem.rstrip("."), f"delete {path}", in_the_way=True)
    return Finding("sample", f"{SAMPLE_SIZE:,} galaxies, {path.stat().st_size / 1e6:.0f} MB")


def galaxies() -> Finding:
    """Look at the file of galaxies that somebody has chosen."""
    named, here = os.environ.get("GALAXY10_FILE"), lying_in(Path())
    if not named and not here:
        return Finding("galaxies", "the simulated sample; no other file is named")
    path = Path(named or here).expanduser()
    if not path.is_file():
        mend = "give a file's whole path, or unset it"
        said = f"GALAXY10_FILE names {path}" if named else f"{path} is a link to a file"
        said += ", which is not there"
        return Finding("galaxies", said, mend, in_the_way=True)
    if problem := describe(path).problem:
        return Finding("galaxies", problem.rstrip("."), "get it anew", in_the_way=True)
    return Finding("galaxies", describe(path).statement)


def processes() -> Finding:
    """Try to start a process: the checks run an answer in one of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", "print(6 * 7)"], capture_output=True, timeout=60
        )
        works = done.stdout.strip() == b"42"
    except (OSError, subprocess.SubprocessError):
        works = False
    if works:
        return Finding("checks", "an answer can run in a process of its own")
    mend = "answers run in the notebook itself; restart its kernel after an endless loop"
    return Finding("checks", "no process can be started", mend)
