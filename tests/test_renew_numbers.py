"""Numbers in prose follow the outputs; what a person has to judge is listed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import renew_numbers
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
ROW = "| chapter 3: plain steps | 5,100 | {} | 0.749 | {} ± 0.028 |"


def page(*cells: str | tuple[str, str]) -> str:
    """Return a notebook: a text is Markdown, a pair an output and the figure's alt text."""
    made = []
    for k, cell in enumerate(cells):
        if isinstance(cell, str):
            made.append(new_markdown_cell(cell, id=f"cell-{k}"))
            continue
        output, alt = cell
        metadata = {"mystnb": {"image": {"alt": alt}}} if alt else {}
        outputs = [new_output("stream", name="stdout", text=output)]
        made.append(new_code_cell("f()", outputs=outputs, metadata=metadata, id=f"cell-{k}"))
    return nbformat.writes(new_notebook(cells=made))


class Book:
    """Pages before and after, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.old = folder, {}

    def add(self, name: str, old: str, new: str | None = None) -> None:
        self.old[name] = old
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(old if new is None else new, "utf-8")

    def renew(self, check: bool = False) -> list[tuple[str, str, str]]:
        listed = renew_numbers.renew(self.old, self.folder, check)
        return [(item["old"], item["new"], item["why"]) for item in listed]

    def source(self, name: str, cell: int) -> str:
        return nbformat.read(self.folder / name, as_version=4).cells[cell].source


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def one_page(book: Book, before: str, after: str, prose: str) -> tuple[str, list]:
    """Return what a paragraph below one output becomes, and what is listed."""
    text = f"**What came out.** {prose}"
    book.add("03_a.ipynb", page((before, ""), text), page((after, ""), text))
    listed = book.renew()
    return book.source("03_a.ipynb", 1).removeprefix("**What came out.** "), listed


@pytest.mark.parametrize(
    ("before", "after", "prose", "renewed"),
    [
        ("right: 0.5467", "right: 0.6133", "It is 0.547.", "It is 0.613."),
        ("right: 0.5467", "right: 0.6133", "It is 55 %.", "It is 61 %."),
        ("1080 pictures", "12345 pictures", "All 1,080 of them.", "All 12,345 of them."),
        ("4440 updates", "5550 updates", "After 4440 updates", "After 5550 updates"),
        ("slope -0.12", "slope -0.34", "The slope is −0.12.", "The slope is −0.34."),
        ("slope -0.12", "slope -0.34", "Falls by 0.12.", "Falls by 0.34."),
        ("error 7.3e-08", "error 2.16e-07", "An error of 7.3 · 10⁻⁸.", "An error of 2.2 · 10⁻⁷."),
        ("error 3.1e-05", "error 2.0e-05", "It is 3.1·10⁻⁵.", "It is 2.0·10⁻⁵."),
        ("9 of 36", "11 of 41", "There are 9 in 36.", "There are 11 in 41."),
        ("it is 0.55", "it is 0.61", "`0.55` in $0.55$ is 0.55", "`0.55` in $0.55$ is 0.61"),
        ("17 found", "23 found", "In chapter 17 are 17 of them.", "In chapter 17 are 23 of them."),
        ("it is 0.245", "it is 0.245", "It is 0.25.", "It is 0.25."),
        ("a 0.31\nb 0.44", "new 7\na 0.32\nb 0.45", "0.31 for a", "0.32 for a"),
    ],
)
def test_a_number_follows_its_place(book, before, after, prose, renewed):
    assert one_page(book, before, after, prose) == (renewed, [])


def test_places_that_disagree_are_listed(book):
    text, listed = one_page(book, "a 0.50\nb 0.50", "a 0.61\nb 0.72", "It is 0.50.")
    assert (text, listed) == ("It is 0.50.", [("0.50", "0.61 or 0.72", "several places")])


def test_the_nearest_output_comes_first(book):
    prose = "**What came out.** It is 0.50."
    book.add(
        "03_a.ipynb",
        page(("0.50", ""), "text", ("0.50", ""), prose),
        page(("0.61", ""), "text", ("0.72", ""), prose),
    )
    assert book.renew() == []
    assert book.source("03_a.ipynb", 3).endswith("0.72.")


@pytest.mark.parametrize(
    ("before", "after", "prose", "renewed", "why"),
    [
        ("0.50, 0.60", "0.71, 0.65", "0.50 and 0.60", "0.71 and 0.65", "order turned"),
        (
            "0.500 ± 0.030, 0.520",
            "0.500 ± 0.031, 0.577",
            "0.500 ± 0.030 is 0.520",
            "0.500 ± 0.031 is 0.577",
            "within the error",
        ),
        ("gain 0.12", "gain -0.15", "It gains 0.12.", "It gains −0.15.", "sign changed"),
        ("right 0.250", "right 0.333", "0.250, a quarter", "0.333, a quarter", "words beside"),
        ("right 0.25", "right", "It is 0.25.", "It is 0.25.", "gone"),
        ("right 0.25", "right 0.36", "It is 0.77.", "It is 0.77.", "stood nowhere"),
    ],
)
def test_what_a_person_judges_is_listed(book, before, after, prose, renewed, why):
    text, listed = one_page(book, before, after, prose)
    assert text == renewed
    assert [item for item in listed if why in item[2]], listed


def test_alt_text(book):
    before = page(("0.501", "A line that rises to 0.501 at the end."))
    book.add("03_a.ipynb", before, page(("0.612", "A line that rises to 0.501 at the end.")))
    assert book.renew() == []
    cell = nbformat.read(book.folder / "03_a.ipynb", as_version=4).cells[0]
    assert cell.metadata.mystnb.image.alt == "A line that rises to 0.612 at the end."


def test_a_row_is_carried_to_other_pages(book):
    old, new = ROW.format("2.1", "0.353"), ROW.format("9.9", "0.397")
    book.add("03_a.ipynb", page((old, "")), page((new, "")))
    table = "## Our network so far\n\n| what | updates |\n|:--|--:|\n{}\n| end | |"
    # What a later page quotes may have other seconds.
    book.add("04_b.ipynb", page(table.format(ROW.format("2.2", "0.353"))))
    assert book.renew() == []
    assert book.source("04_b.ipynb", 0) == table.format(new)


def test_answers_and_other_pages(book):
    book.add("05_t.ipynb", page(("0.550 right", "")), page(("0.527 right", "")))
    answer = "**Answer.** It is 0.123."
    book.add(
        "solutions/05_t.ipynb",
        page(("0.123", ""), answer),
        page(("0.456", ""), answer),
    )
    prose = "# Title\n\nIn [chapter 5](05_t.ipynb) it is 0.550.\n\nWithout a link 0.550.\n"
    book.add("instructor.md", prose)
    assert book.renew() == []
    assert book.source("solutions/05_t.ipynb", 1) == "**Answer.** It is 0.456."
    text = (book.folder / "instructor.md").read_text("utf-8")
    assert text == prose.replace("0.550", "0.527", 1)


def test_a_second_run_changes_nothing(book):
    """Also where a new value is another place's old one, in the same paragraph and in the next."""
    items = "- Here 0.501.\n- Here 0.612."
    text = "**What came out.** First 0.501, then 0.612.\n\n" + items
    book.add(
        "03_a.ipynb",
        page(("0.501, 0.612", ""), text),
        page(("0.612, 0.733", ""), text),
    )
    first = book.renew()
    renewed = book.source("03_a.ipynb", 1)
    assert renewed == text.replace("0.612", "0.733").replace("0.501", "0.612")
    assert book.renew() == first
    assert book.source("03_a.ipynb", 1) == renewed


def test_a_paragraph_that_a_person_edited_is_left_alone(book):
    before = page(("0.501", ""), "**What came out.** It is 0.501.")
    book.add("03_a.ipynb", before, page(("0.612", ""), "**What came out.** Now it is 0.501."))
    assert book.renew() == []
    assert book.source("03_a.ipynb", 1).endswith("Now it is 0.501.")


def test_a_check_writes_nothing(book):
    text = "**What came out.** It is 0.501 and 0.99."
    book.add("03_a.ipynb", page(("0.501", ""), text), page(("0.612", ""), text))
    before = (book.folder / "03_a.ipynb").read_bytes()
    assert book.renew(check=True) == [("0.99", "", "stood nowhere in the old outputs")]
    assert (book.folder / "03_a.ipynb").read_bytes() == before


def test_committed_pages_keep_every_byte(tmp_path):
    """Nothing new, nothing renewed; and what is written is written in the pages' own form."""
    pages = renew_numbers.ROOT / "chapters"
    old = {
        path.relative_to(pages).as_posix(): path.read_text("utf-8")
        for path in pages.rglob("*")
        if renew_numbers.is_page(path.relative_to(pages).as_posix())
    }
    book = Book(tmp_path)
    for name, text in old.items():
        book.add(name, text)
        if name.endswith(".ipynb"):
            nbformat.write(nbformat.reads(text, as_version=4), tmp_path / "again")
            assert (tmp_path / "again").read_text("utf-8") == text, name
    renew_numbers.renew(old, tmp_path)
    assert {name: (tmp_path / name).read_text("utf-8") for name in old} == old


def test_the_command_says_whether_something_is_listed(tmp_path):
    (tmp_path / "notes.md").write_text("no numbers\n", "utf-8")
    command = [sys.executable, ROOT / "tools/renew_numbers.py", "--chapters", tmp_path]
    run = subprocess.run([*command, "--report", tmp_path / "r.json"], capture_output=True)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "r.json").read_text("utf-8") == "[]\n"
