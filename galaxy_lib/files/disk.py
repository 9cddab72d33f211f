"""What we ask of a machine: threads, folders, files that are whole, a line of progress."""

from __future__ import annotations

import errno
import glob
import os
import platform
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b, file_digest
from pathlib import Path

from galaxy_lib.checked import a_path

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}  # a disk without them


def digest_of(sources: Iterable[Path]) -> str:
    """Return twelve hex digits that change with any line of some source files.

    They name what the files make. A checkout with other line ends is the same source.
    """
    digest = blake2b(digest_size=6)
    for source in sorted(sources, key=lambda path: path.name):
        digest.update(source.name.encode() + b"\n")
        digest.update(source.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


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


@contextmanager
def locked(lock: Path, timeout: float = -1) -> Iterator[None]:
    """Hold a lock against other processes that make the same file, or a ``filelock.Timeout``.

    Where the disk has no locks, as some shared ones, it goes on without: files are written whole,
    under names of their own, so that two processes at most do the same work twice, and what is
    fetched has to pass its checks.
    """
    from filelock import FileLock

    held = FileLock(lock)
    try:
        held.acquire(timeout=timeout)
    except (OSError, NotImplementedError) as error:
        if getattr(error, "errno", errno.ENOLCK) not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        held.release()


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


@contextmanager
def from_the_extra() -> Iterator[None]:
    """Say in one sentence what brings a package that only surveys and Parquet files need."""
    try:
        yield
    except ModuleNotFoundError as error:
        mend = (
            'in the project\'s folder, `.venv/bin/python -m pip install -e ".[survey]"` brings it'
        )
        raise ModuleNotFoundError(f"{error}: {mend}.", name=error.name) from None


def stamp(path: Path) -> tuple[int, ...]:
    """Return what changes with a file's bytes. The change time cannot be set by hand."""
    file = path.stat()
    return file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns


def cache_folder() -> Path:
    """Return the user's cache folder, or the one that the variable GALAXY10_CACHE names.

    What galaxy_lib keeps, there and elsewhere, and what makes it stale:

    - the simulated sample (here): named by a digest of the source of `galaxy_lib.simulator`, the
      seed and the number of galaxies; another drawing is another file, and takes the old one away;
    - its note that all of it was looked at (``.checked``): the file's inode, size and times;
    - coarsened pictures (beside the file, or here; ``.cache``, and in random order, for training
      from disk, ``.rows.cache``: see `cache`): the same of each file they were made from, the size
      of the blocks, and a digest of the source that makes them;
    - a download that was cut (``.part`` where it goes): the address, and what the server says of
      the file's version;
    - a survey's catalogue (where it was asked for): the network's fingerprint, the calibration,
      each file's size and time, and the form of its columns;
    - executed pages, with GALAXY10_FILE or EXECUTE=all (``_build/.jupyter_cache``): the file in
      use, all of galaxy_lib's source, and the page's code.

    What a process keeps in memory is keyed by the same things. The pages themselves keep outputs
    with a digest of the code that made them; nbval holds them to what comes out today.
    """
    if chosen := os.environ.get("GALAXY10_CACHE"):
        return a_path("GALAXY10_CACHE", chosen)
    import pooch

    return Path(pooch.os_cache("galaxy_lib"))


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
