"""The book on paper: an outline, numbered sheets, and answers where nobody sees them too early."""

from __future__ import annotations

import re

import make_pdf
import pytest
from built_book import HTML

PdfReader = pytest.importorskip("pypdf", reason="pip install -e '.[browser]'").PdfReader
CHAPTER = "chapters/03_batching.html"
SOLUTIONS = "chapters/solutions/03_batching.html"


@pytest.fixture(scope="module")
def printed(browser, tmp_path_factory):
    """Two pages of the book, with its list of contents: the reader, and the text of each sheet."""
    pages = make_pdf.entries(HTML)
    chosen = [page for page in pages if page.name in (pages[0].name, CHAPTER, SOLUTIONS)]
    target = tmp_path_factory.mktemp("pdf") / "two.pdf"
    make_pdf.make(chosen, target, browser, HTML)
    reader = PdfReader(target)
    return reader, [page.extract_text() for page in reader.pages]


def titles(outline) -> list[str]:
    """Return the titles of an outline, those below others included."""
    found = []
    for each in outline:
        found += titles(each) if isinstance(each, list) else [each.title]
    return found


def sheet_of(reader, title: str) -> int:
    """Return the sheet on which the outline says that a title stands; the first is 0."""
    found, rest = [], list(reader.outline)
    while rest:
        each = rest.pop(0)
        if isinstance(each, list):
            rest = each + rest
        elif each.title.strip() == title:
            found.append(reader.get_destination_page_number(each))
    assert len(found) == 1, title
    return found[0]


def test_the_order_of_the_book():
    names = [page.name for page in make_pdf.entries(HTML)]
    assert names[0] == "chapters/index.html"
    assert len(names) == len(set(names)) > 40
    assert names.index("chapters/02_managing_the_data.html") < names.index(CHAPTER)


def test_outline_and_numbers(printed):
    reader, texts = printed
    found = [title.strip() for title in titles(reader.outline)]
    assert {"Contents", "Answers", "Solutions", "One tiny galaxy, by hand"} <= set(found)
    for number, text in enumerate(texts, 1):
        assert re.search(rf"(^|\n)\s*{number}\s*(\n|$)", text), f"sheet {number} says its number"


def sheet_with(reader, place: str) -> int:
    """Return the sheet on which a place stands that links lead to; the first is 0."""
    return reader.get_destination_page_number(reader.named_destinations[place])


def test_the_contents_name_the_sheets(printed):
    reader, texts = printed
    sheet = sheet_with(reader, "/p1")
    assert "Write a network with one hidden layer" in texts[sheet]
    contents = texts[sheet_of(reader, "Contents")]
    assert "The maths of batching" in contents
    assert re.search(rf"\b{sheet + 1}\b", contents.replace("Contents", ""))


def test_answers_and_solutions_come_last(printed):
    reader, texts = printed
    answers, solutions = sheet_of(reader, "Answers"), sheet_of(reader, "Solutions")
    before, after = "".join(texts[:answers]), "".join(texts[answers:solutions])
    assert answers < solutions
    assert "Predict." in before
    asked = before.count("Answer 3.")
    assert asked > 4
    assert after.count("What came out.") == after.count("asked on page") == asked
    assert "def " not in after
    assert "def " in "".join(texts[solutions:])
    assert answers == sheet_with(reader, "/answers") <= sheet_with(reader, "/p1-answer-1")
    assert "3.1, asked on page" in texts[sheet_with(reader, "/p1-answer-1")]


def test_a_page_that_is_not_there(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["make_pdf.py", "chapters/99_nothing"])
    assert make_pdf.main() == 1
    assert "no page 'chapters/99_nothing'" in capsys.readouterr().err
