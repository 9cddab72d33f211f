"""Bring a student's folder up to date, and leave alone what the student has changed.

    python tools/renew.py PAGES FOLDER      (copies PAGES into FOLDER, or what of it is new)

A folder's `.handed_out.json` holds a digest of each page as it was handed out. A page that still
has its digest is renewed; one that was changed stays, and the new one is written beside it, as
"NAME (new).ipynb". Running a page changes its outputs and not its digest, which is of the cells'
sources. Nothing is deleted, and nothing but Python's own library is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

NOTE = ".handed_out.json"


class Report(NamedTuple):
    """What happened to the pages, by their names in the folder."""

    added: list[str]
    renewed: list[str]
    same: list[str]
    beside: dict[str, str]  # a page that the student had changed: where the new one is

    def __str__(self) -> str:
        parts = [(self.added, "added"), (self.renewed, "renewed"), (self.same, "as they were")]
        lines = [", ".join(f"{len(names)} {word}" for names, word in parts) + "."]
        if self.renewed:
            lines.append("Renewed: " + ", ".join(self.renewed) + ".")
        if self.beside:
            lines.append("You had changed these, so yours stay, with the new ones beside them:")
            lines += [f"  {name}: see {new}" for name, new in self.beside.items()]
        return "\n".join(lines)


def digest(data: bytes) -> str:
    """Return the digest of a file: of a notebook's cells, without outputs, or of all its bytes."""
    try:
        cells = json.loads(data.decode("utf-8-sig"))["cells"]
        sources = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
        data = json.dumps(sources).encode()
    except (ValueError, KeyError, TypeError):
        pass  # not a notebook, or no longer one
    return hashlib.sha256(data).hexdigest()


def read_note(folder: Path) -> dict[str, str]:
    """Return the digests of what was handed out; nothing where that is not known."""
    try:
        known = json.loads((folder / NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def renew(folder: Path, wanted: dict[str, bytes]) -> Report:
    """Add what is missing, renew what is untouched, put the rest beside what the student has.

    ``wanted`` holds the bytes of each page by its name in the folder, with forward slashes.
    """
    note, report = read_note(folder), Report([], [], [], {})
    for name, data in wanted.items():
        path, new = folder / name, digest(data)
        if not path.exists():
            write(path, data)
            report.added.append(name)
        else:
            mine = digest(path.read_bytes())
            if mine == new or note.get(name) == new:
                report.same.append(name)
            elif mine == note.get(name):
                write(path, data)
                report.renewed.append(name)
            else:
                free = _beside(folder, name, note)
                write(folder / free, data)
                note[free] = new
                report.beside[name] = free
        note[name] = new
    write(folder / NOTE, json.dumps(note, indent=1).encode())
    return report


def _beside(folder: Path, name: str, note: dict[str, str]) -> str:
    """Return the name for a new page beside a changed one; no other change is lost for it."""
    stem, dot, suffix = name.rpartition(".")
    for number in range(1, 100):
        word = "new" if number == 1 else f"new {number}"
        free = f"{stem} ({word}){dot}{suffix}"
        path = folder / free
        if not path.exists() or digest(path.read_bytes()) == note.get(free):
            return free
    raise OSError(f"{folder / name} has 99 new versions beside it: remove those you have read.")


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its name there, for `renew`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    print(f"{options.folder.name}/: {renew(options.folder, files_of(options.pages))}")
