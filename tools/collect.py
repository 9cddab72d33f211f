"""Take hand-ins from a learning management system to nbgrader, and the marks back.

    python tools/collect.py take 03_batching DOWNLOAD... --course ../galaxies --roster LIST.csv
    python tools/collect.py marks 03_batching LIST.csv --course ../galaxies --to FILLED.csv

A DOWNLOAD is what Moodle ("Download all submissions", in folders or not) or Canvas ("Download
submissions") delivers, as a zip file or unpacked. Students go by the system's own number, which
two of the same name do not share. LIST.csv is what names them all: Moodle's grading worksheet, or
the gradebook that Canvas exports. `take` puts each student's newest notebook where nbgrader looks
for it, with the time when it was handed in, names every file that it leaves, and everybody who is
missing. `marks` writes what `nbgrader export` gave into a copy of LIST.csv, which the system reads
again; where its largest grade is another, marks are scaled to it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime
import io
import json
import re
import sys
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dateutil import parser as dates

# Full name_4711_assignsubmission_file/path/name, with an underscore more in older versions, and
# Full name_4711_assignsubmission_file_name where it is not in folders.
MOODLE = re.compile(
    r"(?:^|/)(?P<name>[^/]*?)_(?P<id>\d+)_assignsubmission_file(?:_?/|_)(?P<file>.+)$"
)
# namefirst_LATE_4711_99888_name: the student's number, then the upload's, which grows.
CANVAS = re.compile(
    r"(?:^|/)(?:(?!late_)(?P<name>[^/]*?)_)?(?:(?P<late>late)_)?(?P<id>\d+|anon_[a-z0-9]{5})"
    r"_(?P<upload>[1-9]\d*)_(?P<file>[^/]+)$",
    flags=re.I,
)
# A system's "-1", a browser's " (1)", a desktop's " - Copy".
AGAIN = re.compile(r"(?:-| \()(\d+)\)?$|[ _-]+copy(?: \((\d+)\))?$", flags=re.I)
LARGEST = 50_000_000  # bytes of a file; an exercise has some 30,000
MOODLE_COLUMNS = {
    "grade": "Grade",
    "largest": "Maximum grade",
    "when": "Last modified (submission)",
}
TABLE = ["student", "name", "state", "late", "handed_in", "file", "note"]


class Upload(NamedTuple):
    """One file of a download: whose it is, and what is known of it."""

    student: str
    name: str
    late: bool
    path: str  # in the download
    file: str  # as the student named it
    data: bytes
    time: datetime.datetime | None  # when it was handed in, where the download knows that
    order: tuple  # later ones are newer


class Student(NamedTuple):
    """A line of the list of students."""

    name: str
    late: bool
    handed_in: datetime.datetime | None


# ---------------------------------------------------------------------------------- the downloads


def files_in(path: Path) -> Iterator[tuple[str, bytes, datetime.datetime | None]]:
    """Yield each file of a folder or a zip: its path, its bytes, its time where it tells one."""
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        times = [each.stat().st_mtime for each in files]
        # Unpacked without their times they are all of this minute.
        known = bool(times) and max(times) - min(times) > 600
        for each, time in zip(files, times, strict=True):
            when = datetime.datetime.fromtimestamp(time) if known else None
            yield each.relative_to(path.parent).as_posix(), each.read_bytes(), when
    elif zipfile.is_zipfile(path):
        yield from _files_in_zip(path, "")
    elif path.is_file():
        yield path.name, path.read_bytes(), None
    else:
        raise FileNotFoundError(f"There is no download {path}.")


def _files_in_zip(file: Path | io.BytesIO, above: str):
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            big = entry.file_size > LARGEST
            time = datetime.datetime(*entry.date_time) if entry.date_time[0] > 1980 else None
            yield above + entry.filename, b"" if big else archive.read(entry), time


def uploads(downloads: list[Path]) -> tuple[list[Upload], list[str]]:
    """Return what students have handed in, and the paths of files that are nobody's."""
    found, nobodys = [], []
    for download in downloads:
        for path, data, time in files_in(download):
            parts = PurePosixPath(path).parts
            if any(part == "__MACOSX" or part.startswith(".") for part in parts):
                continue
            if match := MOODLE.search(path):
                upload = (0, time or datetime.datetime.min)
                late = False
            elif match := CANVAS.search(path):
                # A zip of Canvas' has the time at which it was packed.
                upload, late, time = (int(match["upload"]),), bool(match["late"]), None
            else:
                nobodys.append(path)
                continue
            file = PurePosixPath(match["file"]).name
            number = AGAIN.search(PurePosixPath(file).stem)
            again = int(number[1] or number[2] or 1) if number else 0
            who = match["id"], match["name"] or "", late
            inside = [(path, file, data)]
            # One that is damaged or locked stays what it is: no notebook.
            with contextlib.suppress(zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):
                if file.lower().endswith(".zip"):
                    inner = [*_files_in_zip(io.BytesIO(data), f"{path}/")]
                    inside = [(name, PurePosixPath(name).name, each) for name, each, _ in inner]
            found += [Upload(*who, *each, time, (*upload, again)) for each in inside]
    return found, nobodys


def notebook(data: bytes) -> dict:
    """Return a notebook from its bytes, in whichever encoding; raise ValueError with the reason."""
    if not data.strip():
        raise ValueError("it is empty, or larger than 50 MB")
    try:
        found = json.loads(data)  # in any encoding of Unicode, with a mark or without
    except (ValueError, RecursionError):
        kind = (
            "a PDF" if data[:4] == b"%PDF" else "a page" if b"<html" in data[:999].lower() else ""
        )
        raise ValueError(f"it is {kind}, not a notebook" if kind else "it is damaged") from None
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError("it is not a notebook of format 4")
    return found


def exercises_in(found: dict) -> set[str]:
    """Return the names that nbgrader knows a notebook's cells by."""
    kept = [cell.get("metadata") for cell in found["cells"]]
    marks = [each.get("nbgrader") for each in kept if isinstance(each, dict)]
    names = [mark.get("grade_id") for mark in marks if isinstance(mark, dict)]
    return {name for name in names if isinstance(name, str)}


# ---------------------------------------------------------------------------- the list of students


class Table:
    """A system's list of students: read, and written as it was but for the marks."""

    def __init__(self, path: Path, columns: dict[str, str] | None = None) -> None:
        raw = path.read_bytes().decode("utf-8-sig")
        self.marked = path.read_bytes().startswith(b"\xef\xbb\xbf")
        self.end = "\r\n" if "\r\n" in raw else "\n"
        head = raw.splitlines()[0] if raw else ""
        self.separator = max(",;\t", key=head.count)
        self.rows = list(csv.reader(io.StringIO(raw, newline=""), delimiter=self.separator))
        if len(self.rows) < 2:
            raise ValueError(f"{path} has no students: give the system's list.")
        self.path, self.head = path, self.rows[0]
        self.canvas = "Student" in self.head[0] and "ID" in self.head
        self.columns = MOODLE_COLUMNS | (columns or {})
        number = self.head.index("ID") if self.canvas else 0
        self.lines: dict[str, list[str]] = {}
        for row in self.rows[1:]:
            cell = row[number] if len(row) > number else ""
            if match := re.search(r"(\d+)\s*$", cell):
                self.lines[match[1]] = row
        if not self.lines:
            raise ValueError(
                f"{path} has no column of students' numbers: give Moodle's grading worksheet, or "
                "the gradebook that Canvas exports."
            )

    def column(self, what: str) -> int | None:
        """Return the place of a column of Moodle's, which its language names."""
        wanted = self.columns[what].lower()
        return next((i for i, name in enumerate(self.head) if name.strip().lower() == wanted), None)

    def students(self) -> dict[str, Student]:
        """Return who is in the list, by the system's number."""
        when, found = self.column("when"), {}
        for number, row in self.lines.items():
            time, name = None, row[0] if self.canvas else row[1]
            if when is not None:
                # Not of "-", nor of a language that is not known.
                with contextlib.suppress(ValueError, OverflowError):
                    time = dates.parse(row[when])
            late = not self.canvas and any(re.search(r"\d.*\blate\b", cell) for cell in row[2:6])
            found[number] = Student(name, late, time)
        return found

    def place_of_marks(self, assignment: str) -> int:
        """Return the column that takes the marks, or raise ValueError naming the columns."""
        if not self.canvas:
            place = self.column("grade")
        else:
            named = [i for i, name in enumerate(self.head) if _plain(assignment) in _plain(name)]
            place = named[0] if len(named) == 1 else None
        if place is None:
            raise ValueError(
                f"{self.path} has no column for the marks of {assignment}; it has "
                f"{', '.join(self.head)}: name it with --column."
            )
        return place

    def largest(self, place: int, row: list[str]) -> str:
        """Return the largest grade as the list has it, or an empty text."""
        if self.canvas:
            points = [each for each in self.rows[1:4] if "Points Possible" in each[0]]
            return points[0][place].strip() if points and len(points[0]) > place else ""
        column = self.column("largest")
        return row[column].strip() if column is not None else ""

    def write(self, path: Path) -> None:
        """Write it as the system delivered it: its mark, its line ends, its separator."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.separator, lineterminator=self.end)
        writer.writerows(self.rows)
        data = (b"\xef\xbb\xbf" if self.marked else b"") + text.getvalue().encode()
        _write(path, data)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


# --------------------------------------------------------------------------------------- take them


def expected(course: Path, assignment: str) -> set[str]:
    """Return the names of an assignment's cells; raise FileNotFoundError where it is unknown."""
    path = course / "source" / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        known = sorted(each.name for each in (course / "source").glob("*"))
        raise FileNotFoundError(
            f"There is no assignment {assignment} in {course}; it has {', '.join(known) or 'none'}."
        )
    return exercises_in(notebook(path.read_bytes()))


def choose(mine: list[Upload], assignment: str, cells: set[str]) -> tuple[Upload | None, list[str]]:
    """Return one student's newest notebook of the assignment, and why newer files are left."""
    left: list[str] = []
    for upload in sorted(mine, key=lambda each: each.order, reverse=True):
        named = _plain(assignment) in _plain(upload.file)
        try:
            inside = exercises_in(notebook(upload.data))
        except ValueError as error:
            left.append(f"{upload.file}: {error}")
            continue
        if inside & cells:
            return upload, left
        if named and not inside:
            return upload, [*left, "no cell has nbgrader's marks any more"]
        left.append(f"{upload.file}: it is not {assignment}")
    return None, left


def take(
    assignment: str, downloads: list[Path], course: Path, roster: Path | None = None
) -> list[dict]:
    """Fill ``submitted/`` and return a line for each student, in the columns of `TABLE`."""
    cells = expected(course, assignment)
    students = Table(roster).students() if roster else {}
    found, nobodys = uploads(downloads)
    by_student: dict[str, list[Upload]] = defaultdict(list)
    for upload in found:
        by_student[upload.student].append(upload)
    lines = []
    for number in sorted({*students, *by_student}):
        mine, known = by_student.get(number, []), students.get(number)
        chosen, left = choose(mine, assignment, cells)
        name = known.name if known else mine[0].name
        late = bool(known and known.late) or any(each.late for each in mine)
        line = dict.fromkeys(TABLE, "") | {"student": number, "name": name}
        line |= {"late": "late" if late else "", "note": "; ".join(left)}
        if roster and not known:
            line["note"] = "; ".join(["not in the list of students", *left])
        if chosen is None:
            line["state"] = "unreadable" if mine else "missing"
        else:
            time = (known and known.handed_in) or chosen.time
            line |= {"file": chosen.path, "handed_in": str(time or "")}
            line["state"] = _hand_over(course, number, assignment, chosen, time)
        lines.append(line)
    lines += [dict.fromkeys(TABLE, "") | {"state": "nobody's", "file": each} for each in nobodys]
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, TABLE)
    writer.writeheader()
    writer.writerows(lines)
    _write(course / "collected" / f"{assignment}.csv", table.getvalue().encode())
    return lines


def _hand_over(course: Path, number: str, assignment: str, chosen: Upload, time) -> str:
    """Write one notebook where nbgrader looks for it; say whether it is new there."""
    folder = course / "submitted" / number / assignment
    path = folder / f"{assignment}.ipynb"
    # Half a letter, as an editor leaves of one that it cut, is none in UTF-8.
    text = json.dumps(notebook(chosen.data), indent=1, ensure_ascii=False)
    data = text.encode(errors="replace")
    before = path.read_bytes() if path.is_file() else None
    if before != data:
        _write(path, data)
    if time:
        stamp = time.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        _write(folder / "timestamp.txt", stamp.encode())
    return "taken" if before is None else "as before" if before == data else "newer"


def told(lines: list[dict]) -> str:
    """Return what to read: how many were taken, and each line that wants somebody to look."""
    states = defaultdict(list)
    for line in lines:
        states[line["state"]].append(line)
    words = ["taken", "newer", "as before", "unreadable", "missing", "nobody's"]
    text = [", ".join(f"{len(states[word])} {word}" for word in words if states[word]) + "."]
    for line in lines:
        who = f"{line['student']} {line['name']}".strip()
        if line["state"] in ("unreadable", "missing"):
            text.append(f"{line['state']}: {who}" + (f" ({line['note']})" if line["note"] else ""))
        elif line["state"] == "nobody's":
            text.append(f"nobody's: {line['file']} has neither Moodle's nor Canvas' form of name")
        elif line["note"]:
            text.append(f"look at: {who} ({line['note']})")
        if line["late"]:
            text.append(f"late: {who}" + (f", {line['handed_in']}" if line["handed_in"] else ""))
    if states["newer"]:
        text.append("Where a newer one came, grade again: nbgrader autograde --force.")
    return "\n".join(text)


# ---------------------------------------------------------------------------------- the marks back


def marks(
    assignment: str, roster: Path, course: Path, to: Path, column: str | None = None
) -> tuple[int, list[str]]:
    """Write the marks into a copy of the list; return how many, and what to say about them."""
    table = Table(roster, {"grade": column} if column else None)
    place = table.place_of_marks(column if column and table.canvas else assignment)
    said, n_marks = set(), 0
    known = dict(_grades(course / "grades.csv", assignment))
    for number, row in table.lines.items():
        handed_in = (course / "submitted" / number / assignment).is_dir()
        if number not in known or not handed_in:
            continue
        score, largest = known.pop(number)
        text = table.largest(place, row)
        try:
            wanted = float(text.replace(",", "."))
        except ValueError:
            wanted = largest
        if wanted != largest and largest:
            said.add(f"Scaled from {largest:g} points to the list's {wanted:g}.")
            score *= wanted / largest
        mark = f"{score:.2f}"
        row += [""] * (place + 1 - len(row))
        row[place] = mark.replace(".", ",") if "," in text else mark
        n_marks += 1
    for number in known:
        if (course / "submitted" / number / assignment).is_dir():
            said.add(f"{number} has a mark and is not in {roster.name}.")
    table.write(to)
    return n_marks, sorted(said)


def _grades(path: Path, assignment: str) -> Iterator[tuple[str, tuple[float, float]]]:
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}: run nbgrader export in the course first.")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            # nbgrader quotes nothing: a name may have a comma, what stands outside of names not.
            if row and row[0] == assignment:
                yield row[3], (float(row[-2]), float(row[-1]))


def main(words: list[str] | None = None) -> int:
    """Run one command; return 1 where somebody has to look."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("take", help="hand-ins to nbgrader").add_argument
    add("assignment", help="as 03_batching")
    add("downloads", nargs="+", type=Path)
    add("--course", type=Path, required=True, help="nbgrader's course folder")
    add("--roster", type=Path, help="Moodle's worksheet or Canvas' gradebook")
    add = commands.add_parser("marks", help="marks back").add_argument
    add("assignment", help="as 03_batching")
    add("roster", type=Path, help="Moodle's worksheet or Canvas' gradebook")
    add("--course", type=Path, required=True, help="nbgrader's course folder")
    add("--to", type=Path, required=True, help="a copy of the list, with the marks")
    add("--column", help="its column for them, where it is not found by itself")
    options = parser.parse_args(words)
    try:
        if options.command == "take":
            lines = take(options.assignment, options.downloads, options.course, options.roster)
            print(told(lines))
            return int(any(each["state"] in ("unreadable", "nobody's") for each in lines))
        n_marks, said = marks(
            options.assignment, options.roster, options.course, options.to, options.column
        )
        print("\n".join([f"{n_marks} marks in {options.to}.", *said]))
        return 0
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"collect: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
