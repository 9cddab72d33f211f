"""What a page says came out did come out: its numbers stand in the outputs above it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from prose_numbers import (
    ASIDE,
    CAME_OUT,
    NUMBER,
    PERCENT,
    ROW,
    numbers,
    output_texts,
    paragraphs,
    plain,
    stands_in,
    value,
)

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "chapters"
PAGES = sorted(
    [*CHAPTERS.glob("*.ipynb"), *(CHAPTERS / "deeper").glob("*.ipynb")], key=lambda p: p.name
)
WRITTEN = sorted(
    [
        *PAGES,
        *CHAPTERS.glob("solutions/*.ipynb"),
        *(page for page in CHAPTERS.rglob("*.md") if "node_modules" not in page.parts),
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    ]
)


def missing_numbers(path: Path) -> list[tuple[str, str]]:
    """Return (number, beginning of the paragraph) of what stands in no output above it."""
    printed: set[float] = set()
    missing = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for text in output_texts(cell):
            printed |= {value(n) for n in numbers(text)}
        if cell["cell_type"] != "markdown":
            continue
        for paragraph in paragraphs("".join(cell["source"])):
            if not paragraph.startswith(CAME_OUT):
                continue
            text = plain(re.sub(ASIDE, " ", paragraph))
            for match in re.finditer(NUMBER, text):
                number = match[0].rstrip(",")
                percent = PERCENT.match(text[match.end() :]) is not None
                if not stands_in(number, printed, percent):
                    missing.append((number, paragraph[:60]))
    return missing


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(CHAPTERS).as_posix())
def test_every_number_came_out(path):
    assert missing_numbers(path) == []


def test_the_search_finds_what_is_wrong(tmp_path):
    """The test above can fail: for another number, another rounding, a number below it."""

    def page(prose: str, output: str) -> Path:
        cells = [
            {"cell_type": "code", "outputs": [{"text": [output]}]},
            {"cell_type": "markdown", "source": [f"**What came out.** {prose}"]},
            {"cell_type": "code", "outputs": [{"text": ["77"]}]},
        ]
        path = tmp_path / "page.ipynb"
        path.write_text(json.dumps({"cells": cells}), "utf-8")
        return path

    output = "0.5467 right of 1,080, error 7.3e-08, slope -0.12"
    for prose in ("0.547", "0.55 of 1,080", "55 %", "7 · 10⁻⁸", "−0.12 in chapter 9", "`k=9`"):
        assert missing_numbers(page(prose, output)) == [], prose
    for prose in ("0.546", "0.54", "54 %", "1,081", "7 · 10⁻⁷", "77", "55"):
        assert len(missing_numbers(page(prose, output))) == 1, prose


def test_rows_of_our_network_are_those_of_the_runs():
    """A table "Our network so far" quotes rows that some chapter printed, seconds aside."""

    def without_seconds(row: str) -> str:
        cells = row.split(" | ")
        return " | ".join(cells[:2] + cells[3:])

    printed, quoted = set(), []
    for path in PAGES:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                rows = ROW.findall("".join(output.get("text", "")))
                printed |= set(map(without_seconds, rows))
            if cell["cell_type"] == "markdown":
                quoted += [(path.name, row) for row in ROW.findall("".join(cell["source"]))]
    unknown = [(name, row) for name, row in quoted if without_seconds(row) not in printed]
    assert unknown == []
    assert quoted


QUAINT = re.compile(
    r"\b(anew|first weights|whoever|for it is|behind their checks|mend(s|ed|ing)?|bears? longer)\b"
    r"|\bin the mean(?! of)",
    re.IGNORECASE,
)
"""What a native would not write, and a search would not find."""


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_words_are_those_of_the_field(path):
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    assert [text[max(0, m.start() - 40) : m.end() + 20] for m in QUAINT.finditer(text)] == []


def test_chapters_fit_the_hour(measure_chapters):
    """The client's own measure, where it is at hand."""
    run = subprocess.run(
        [sys.executable, measure_chapters, "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout


def test_the_instructors_plans_add_up():
    """Each row sums to its class, with the minutes that the chapters state."""
    text = (CHAPTERS / "instructor.md").read_text("utf-8")
    stated = {}
    for path in CHAPTERS.glob("0[1-9]_*.ipynb"):
        opener = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
        stated[int(path.name[:2])] = int(re.search(r"about (\d+) minutes", opener)[1])
    spent = Counter()
    for chapter, cells in re.findall(r"^\| (\d) \|((?: \d+ \|)+)$", text, flags=re.M):
        *minutes, total = [int(cell) for cell in cells.split("|")[:-1]]
        assert sum(minutes) == total, (chapter, cells)
        assert minutes[0] >= 5, "five for the room"
        spent[int(chapter), total] += minutes[1]
    assert spent == {(n, length): stated[n] for n in stated for length in (50, 75, 90)}


def test_the_plan_of_90_minutes_has_its_deeper_pages_minutes():
    text = (CHAPTERS / "instructor.md").read_text("utf-8")
    planned = re.findall(
        r"^\| (\d) \|(?: \d+ \|){3} (\d+) \| \d+ \| \d+ \| 90 \|$", text, flags=re.M
    )
    assert len(planned) == 9
    for chapter, minutes in planned:
        first = re.search(rf"^\| {chapter} \| \[.*?\]\((deeper/[^)]*)\)", text, flags=re.M)[1]
        page = {"7": "deeper/votes_not_words.ipynb", "9": "deeper/on_a_cluster.md"}.get(
            chapter, first
        )
        said = (CHAPTERS / page).read_text("utf-8")
        assert f"about {minutes} minutes" in said, (chapter, page)


def test_a_weeks_homework_is_neither_little_nor_much():
    """The minutes that the exercises state, added up."""
    text = (CHAPTERS / "instructor.md").read_text("utf-8")
    minutes = {}
    for path in (CHAPTERS / "exercises").glob("0[1-9]_*.ipynb"):
        cells = ["".join(c["source"]) for c in json.loads(path.read_text("utf-8"))["cells"]]
        for number, effort in re.findall(r"^## (\d\.\d) [^#]*?(\d+) min", "\n".join(cells), re.M):
            minutes[number] = int(effort)
    rows = re.findall(r"^\| (\d) \| chapter \d[^|]*\|([^|]*)\| (\d+) \|$", text, flags=re.M)
    assert [week for week, _, _ in rows] == list("123456789")
    for week, at_home, total in rows:
        numbers = re.findall(r"\b\d\.\d\b", at_home)
        assert 40 <= int(total) <= 75, week
        if numbers:
            assert sum(minutes[number] for number in numbers) == int(total), week


def test_stars_are_points_and_the_syllabus_adds_them_up():
    text = (CHAPTERS / "instructor.md").read_text("utf-8")
    said = dict(re.findall(r"^\| (\d) \| \[.*?\| (\d+) \| \[", text, flags=re.M))
    for path in sorted((CHAPTERS / "solutions").glob("0[1-9]_*.ipynb")):
        worth, points = 0, []
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if heading := re.search(r"^## \d\.\d [^★]*(★*)", "".join(cell["source"]), re.M):
                worth = {0: 2, 1: 1, 2: 2, 3: 4}[len(heading[1])]  # without stars: in words
            given = cell["metadata"].get("nbgrader", {}).get("points")
            if given is not None:
                points.append(given)
                assert given == worth, (path.name, cell["metadata"]["nbgrader"]["grade_id"])
        assert int(said[path.name[1]]) == sum(points), path.name


def test_the_landing_page_has_the_chapters_minutes():
    cards = re.findall(
        r":link: (\d\d_\w+)\n.*?\+\+\+\n(\d+) minutes",
        (CHAPTERS / "index.md").read_text("utf-8"),
        re.S,
    )
    assert len(cards) == 10
    for name, minutes in cards:
        (path,) = CHAPTERS.glob(f"{name}.*")
        assert f"takes about {minutes} minutes" in path.read_text("utf-8"), name
