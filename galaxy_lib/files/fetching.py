"""The real file, downloaded: resumed after any interruption, verified before it gets its name.

Apart from `datasets`: it knows bytes and servers, nothing of galaxies.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

URL = "https://zenodo.org/records/10845026/files/Galaxy10_DECals.h5"
SHA256 = "19aefc477c41bb7f77ff07599a6b82a038dc042f889a111b0d4d98bb755c1571"
BLOCK = 2**14  # bytes written at a time, and at most what a lost connection loses
ATTEMPTS = 300  # before we give up
FAILURES = 6  # in a row that get no further before we give up
PAUSE = 1.0  # seconds before the second attempt, doubled for each further one
LONGEST_PAUSE = 60  # seconds that a server may ask us to wait
BUSY = (408, 425, 429, 500, 502, 503, 504)  # what a server says when asking again may help
RESUME = "what has come is kept, and the same command goes on from there."


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
    import pooch
    from filelock import FileLock, Timeout

    sha256 = sha256.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(f"sha256 is {sha256!r}, but 64 hexadecimal digits are needed.")
    name = Path(unquote(urlsplit(url).path)).name
    target = Path(folder) / (name if name.endswith(".h5") else "Galaxy10_DECals.h5")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")

    def verified(path: Path) -> bool:
        return path.exists() and pooch.file_hash(str(path)) == sha256

    try:
        with FileLock(f"{part}.lock", timeout=0):
            if verified(target):
                return target
            if target.exists():
                raise FileExistsError(
                    f"{target} exists with another SHA-256 and was left as it is; "
                    "move it away or choose another folder."
                )
            if not verified(part):
                _download(url, part)
            if not verified(part):
                raise ValueError(
                    f"What {url} sent has another SHA-256 than {sha256}: it stays in {part}, "
                    "unused, and the next fetch starts anew."
                )
            os.replace(part, target)
    except Timeout:
        raise OSError(f"Another fetch is writing {part}; wait for it to end.") from None
    return target


def _download(url: str, part: Path) -> None:
    """Append to ``part`` until it is as long as the server says; the caller checks what it is."""
    import requests
    from requests import exceptions

    final = (exceptions.HTTPError, exceptions.TooManyRedirects, ValueError)  # bad URLs among them
    furthest, failures, validator = 0, 0, None
    for _ in range(ATTEMPTS):
        have, pause = _size(part), PAUSE * 2**failures
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        if have and validator:  # the rest is wanted only while the file is still the same
            headers["If-Range"] = validator
        try:
            with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as reply:
                problem = f"the server answers {reply.status_code} {reply.reason}"
                if reply.status_code in BUSY:
                    asked = reply.headers.get("Retry-After", "")
                    pause = max(pause, int(asked) if asked.isdecimal() else 0)
                elif reply.status_code == 416:
                    part.unlink(missing_ok=True)  # as long as the file, and not it: start anew
                else:
                    reply.raise_for_status()
                    etag = reply.headers.get("ETag", "")
                    validator = etag if etag[:1] == '"' else reply.headers.get("Last-Modified")
                    if _receive(reply, part, have):
                        return
        except final as error:
            raise OSError(f"{url} cannot be fetched: {error}.") from None
        except requests.RequestException as error:
            problem = f"the connection failed ({error})"
        except OSError as error:
            raise OSError(f"{part} cannot be written: {error.strerror}; {RESUME}") from error
        failures = 0 if _size(part) > furthest else failures + 1
        furthest = max(furthest, _size(part))
        if failures == FAILURES or pause > LONGEST_PAUSE:
            break
        time.sleep(pause)
    raise OSError(f"{url} cannot be fetched now, {problem}; {RESUME}")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _receive(reply, part: Path, have: int) -> bool:
    """Write a reply's bytes and say whether the part is complete."""
    from tqdm import tqdm

    resumed = reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if reply.status_code == 206 and not resumed:
        return False
    have = have if resumed else 0
    length = reply.headers.get("Content-Length")
    total = have + int(length) if length else None
    free = shutil.disk_usage(part.parent).free
    if length and int(length) > free:
        need = f"{int(length) / 1e6:,.0f} MB are to come and {free / 1e6:,.0f} MB are free"
        raise OSError(errno.ENOSPC, need)
    hidden = not sys.stderr.isatty()
    with (
        part.open("ab" if resumed else "wb") as file,
        tqdm(total=total, initial=have, unit="B", unit_scale=True, disable=hidden) as bar,
    ):
        for block in reply.iter_content(BLOCK):
            file.write(block)
            bar.update(len(block))
    return total is None or _size(part) == total
