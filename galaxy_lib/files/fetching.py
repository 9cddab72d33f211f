"""The real file, downloaded: resumed after any interruption, verified before it gets its name.

It knows bytes and servers, and of a file only how every one of its kind begins.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from galaxy_lib.checked import a_path, a_text, wrong
from galaxy_lib.files.disk import locked, on_terminal, put_in_place, sha256_of, written_whole

__all__ = ["fetch"]  # the others are for `small`

URL = "https://zenodo.org/records/10845026/files/Galaxy10_DECals.h5"
SHA256 = "19aefc477c41bb7f77ff07599a6b82a038dc042f889a111b0d4d98bb755c1571"
SIGNATURE = b"\x89HDF\r\n\x1a\n"  # with which an HDF5 file begins, and no login page does
AGENT = "galaxy_lib (a course module)"  # Zenodo refuses who calls itself python-requests
BLOCK = 2**14  # bytes written at a time, and at most what a lost connection loses
ATTEMPTS = 300  # before we give up
FAILURES = 6  # in a row that get no further before we give up
PAUSE = 1.0  # seconds before the second attempt, doubled for each further one
LONGEST_PAUSE = 60  # seconds that a server may ask us to wait
TELL = 15  # seconds after which a line says how it stands
STALL = 60  # seconds with less than SLOWEST bytes in each that count as a lost connection
SLOWEST = 1000
BUSY = (408, 425, 429, 500, 502, 503, 504)  # what a server says when asking again may help


def fetch(url: str = URL, sha256: str = SHA256, folder: str | os.PathLike = ".") -> Path:
    """Download a file into ``folder`` and return its path; what is there already is not fetched.

    The bytes gather beside it in a ``.part`` file, from which the next call goes on.

    Raises
    ------
    FileExistsError
        If another file has the name already.
    OSError
        If the server, the connection or the disk fails for good; the part is kept.
    ValueError
        If ``sha256`` is not one, or not that of the file that came.
    """
    sha256 = a_sha256(sha256)
    folder = destination(url, folder)
    name = Path(unquote(urlsplit(url).path)).name
    target = folder / (name if name.endswith(".h5") else "Galaxy10_DECals.h5")
    part = target.with_name(target.name + ".part")
    with alone(part):
        if target.exists():
            if sha256_of(target) == sha256:
                return target
            raise FileExistsError(
                f"{target} exists with another SHA-256 and was left as it is; "
                "move it away or choose another folder."
            )
        gather(url, part, SIGNATURE, sha256)
        put_in_place(part, target)
        _Notes(part).forget()
    return target


def a_sha256(sha256: str) -> str:
    """Return a SHA-256 in small letters, or raise a ValueError."""
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256.strip().lower()):
        raise wrong("sha256", sha256, "give 64 hexadecimal digits")
    return sha256.strip().lower()


def destination(url: str, folder: str | os.PathLike) -> Path:
    """Return the folder to download to, which is made, after a look at the address."""
    if not re.fullmatch(r"https?://[^\s/]+/\S*", a_text("url", url)):
        raise wrong("url", url, "give an address that begins with https://")
    folder = a_path("folder", folder)
    if folder.exists() and not folder.is_dir():
        raise wrong("folder", str(folder), "it is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def alone(part: Path) -> Iterator[None]:
    """See to it that no other fetch writes the same part meanwhile: an OSError."""
    from filelock import Timeout

    try:
        with locked(Path(f"{part}.lock"), timeout=0):
            yield
    except Timeout:
        raise OSError(f"Another fetch is writing {part}; wait for it to end.") from None


def gather(url: str, part: Path, begins: bytes, sha256: str | None, whose: str = "") -> None:
    """Download to ``part``, from where it ends, until it is whole and verified.

    Without a ``sha256``, that which the server states decides, where it states one; ``whose`` it
    is, a complaint says. ``begins`` is how every such file begins, and no login page does.
    """
    notes = _Notes(part)

    def verified() -> bool:
        if not part.exists():
            return False
        if wanted := sha256 or notes.get("stated"):
            return sha256_of(part) == wanted
        return bool(notes.get("complete"))

    if not verified():
        if notes.get("complete"):  # all of a file, and not of this one
            part.unlink(missing_ok=True)
            notes.forget()
        _download(url, part, notes, verified, begins)
    if not verified():
        wanted = sha256 or notes.get("stated")
        raise ValueError(
            f"What {url} sent has another SHA-256 than {wanted}{whose}: it stays in {part}, "
            "unused, and the next fetch removes it and begins again."
        )


def forget(part: Path) -> None:
    """Remove a part, and what was noted of it."""
    part.unlink(missing_ok=True)
    _Notes(part).forget()


class _Notes:
    """What a later call has to know of a part, in a file beside it."""

    def __init__(self, part: Path) -> None:
        self.path = part.with_name(part.name + ".json")

    def get(self, key: str):
        """Return a note, or None: a damaged file of notes is none."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return json.loads(self.path.read_text("utf-8")).get(key)

    def write(self, **notes) -> None:
        """Replace all notes."""
        with written_whole(self.path) as temporary:
            temporary.write_text(json.dumps(notes), "utf-8")

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def _kept(part: Path) -> str:
    if _size(part):
        return "what has come is kept, and the same command goes on from there."
    return "nothing has come yet; the same command tries again."


def _download(url: str, part: Path, notes: _Notes, verified, begins: bytes) -> None:
    """Append to ``part`` until it is as long as the server says; the caller checks what it is."""
    import requests
    from requests import exceptions

    final = (exceptions.HTTPError, exceptions.TooManyRedirects, ValueError)  # bad URLs among them
    furthest, failures, anew = 0, 0, False
    for _ in range(ATTEMPTS):
        have, pause = 0 if anew else _size(part), PAUSE * 2**failures
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        headers |= {"Range": f"bytes={have}-"} if have else {}
        if have and (validator := notes.get("validator")):  # the rest, if it is still the same
            headers["If-Range"] = validator
        try:
            with requests.get(url, headers=headers, stream=True, timeout=(10, TELL)) as reply:
                problem = f"the server answers {reply.status_code} {reply.reason}"
                if reply.status_code in BUSY:
                    asked = reply.headers.get("Retry-After", "")
                    pause = max(pause, int(asked) if asked.isdecimal() else 0)
                elif reply.status_code == 416:
                    # The part is as long as the file there, or longer, and is not ours: but then
                    # that file may be a login page. What comes from its beginning will show.
                    anew = True
                else:
                    reply.raise_for_status()
                    problem = _receive(reply, part, have, notes, begins)
                    if problem is None:
                        return
        except final as error:
            raise OSError(f"{url} cannot be fetched: {error}.") from None
        except requests.RequestException as error:
            # Of requests' nest of objects, what the system or the protocol said comes last.
            why = re.split(r": |\] ", str(error))[-1].strip(" '\").")
            problem = f"the connection failed ({why})"
            # Some servers leave out the end of the last chunk, and say no length.
            if _size(part) > have and notes.get("total") is None and verified():
                return
        except OSError as error:
            told = f"{part} cannot be written: {error.strerror}; {_kept(part)}"
            raise OSError(told) from error
        failures = 0 if _size(part) > furthest else failures + 1
        furthest = max(furthest, _size(part))
        if failures == FAILURES or pause > LONGEST_PAUSE:
            break
        if failures:
            print(f"{part.name}: {problem}; trying again.", file=sys.stderr, flush=True)
        time.sleep(pause)
    raise OSError(f"{url} cannot be fetched now, {problem}; {_kept(part)}")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _receive(reply, part: Path, have: int, notes: _Notes, begins: bytes) -> str | None:
    """Write a reply's bytes; return None when the part is complete, and else what went wrong."""
    from tqdm import tqdm

    resumed = reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if reply.status_code == 206 and not resumed:
        return "the server sent another part of the file than asked for"
    have = have if resumed else 0
    # Of a reply that is packed for the way, the length says nothing about the file.
    packed = reply.headers.get("Content-Encoding", "identity") != "identity"
    length = None if packed else reply.headers.get("Content-Length")
    total = have + int(length) if length else None
    free = shutil.disk_usage(part.parent).free
    if length and int(length) > free:
        need = f"{int(length) / 1e6:,.0f} MB are to come and {free / 1e6:,.0f} MB are free"
        raise OSError(errno.ENOSPC, need)
    blocks = reply.iter_content(BLOCK)
    first = next(blocks, b"")
    if not have and not first.startswith(begins[: len(first)] if first else begins):
        # What has come before stays as it is: this is a login page, or an error as a page.
        kind = reply.headers.get("Content-Type", "unknown")
        return f"the server sent something else than the file (of type {kind}): log in first?"
    etag = reply.headers.get("ETag", "")
    validator = etag if etag[:1] == '"' else reply.headers.get("Last-Modified")
    known = {"validator": validator, "total": total, "stated": _stated(reply)}
    notes.write(**known, complete=False)
    hidden = not on_terminal()
    with (
        _Part(part, have) as file,
        tqdm(total=total, initial=have, unit="B", unit_scale=True, disable=hidden) as bar,
        _Watch(reply, part.name, have, total, hidden) as watch,
    ):
        for block in itertools.chain([first], blocks):
            file.write(block)
            bar.update(len(block))
            watch.size += len(block)
        if total is None or watch.size == total:
            file.end()
    if total is not None and watch.size != total:
        return f"{watch.size:,} of {total:,} bytes have come"
    notes.write(**known, complete=True)
    return None


def _stated(reply) -> str | None:
    """Return the SHA-256 that the Hugging Face hub states of a large file, or None."""
    for answer in (*reply.history, reply):  # it sends us on to where the bytes are
        tag = answer.headers.get("X-Linked-ETag", "").strip('"').lower()
        if re.fullmatch("[0-9a-f]{64}", tag):
            return tag
    return None


class _Part:
    """Takes the bytes of a file from some place on, and keeps what is there while it is the same.

    A server that sends all from the beginning, and is cut again, costs nothing that had come.
    """

    def __init__(self, path: Path, start: int) -> None:
        path.touch()
        self.file = path.open("r+b")
        self.file.seek(start)

    def write(self, block: bytes) -> None:
        """Take the next bytes."""
        here = self.file.tell()
        if self.file.read(len(block)) != block:
            self.file.seek(here)
            self.file.truncate()
            self.file.write(block)

    def end(self) -> None:
        """Say that nothing follows."""
        self.file.truncate()

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *error) -> None:
        self.file.close()


class _Watch(threading.Thread):
    """Says now and then how a download stands, and hangs up on a server that has gone to sleep."""

    def __init__(self, reply, name: str, size: int, total: int | None, tells: bool) -> None:
        super().__init__(daemon=True)
        self.reply, self.name_, self.size, self.total, self.tells = reply, name, size, total, tells
        self.over = threading.Event()

    def run(self) -> None:
        """Look every second."""
        told = marked = time.monotonic()
        told_size = marked_size = self.size
        while not self.over.wait(min(1.0, STALL / 10)):
            now = time.monotonic()
            if self.tells and now - told >= TELL:
                rate = (self.size - told_size) / (now - told) / 1e6
                of = f" of {self.total / 1e6:,.0f}" if self.total else ""
                line = f"{self.name_}: {self.size / 1e6:,.1f}{of} MB, {rate:.2f} MB a second"
                print(line, file=sys.stderr, flush=True)
                told, told_size = now, self.size
            if now - marked >= STALL:
                if self.size - marked_size < SLOWEST * STALL:
                    with contextlib.suppress(AttributeError, OSError):
                        # A read that waits in another thread ends only with its socket.
                        buffered = self.reply.raw._fp.fp
                        socket.socket(fileno=os.dup(buffered.fileno())).shutdown(socket.SHUT_RDWR)
                marked, marked_size = now, self.size

    def __enter__(self) -> _Watch:
        self.start()
        return self

    def __exit__(self, *error) -> None:
        self.over.set()
