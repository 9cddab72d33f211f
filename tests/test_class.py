"""The student's own folder: complete, giving nothing away, renewed where nobody has changed it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import make_class
import prose_numbers
import pytest
import renew
from hypothesis import given
from hypothesis import strategies as st

FOLD = re.compile(r"<details>.*?</details>", flags=re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("course") / "class"
    make_class.make(path)
    return path


def notebooks(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.ipynb"))


def cells(path: Path, kind: str) -> list[str]:
    found = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def test_chapters_come_without_outputs_and_solutions(folder):
    names = {path.relative_to(folder).as_posix() for path in notebooks(folder)}
    assert {"START.ipynb", "01_exploring_the_data.ipynb", "notation.ipynb"} <= names
    assert "exercises/01_exploring_the_data.ipynb" in names
    assert not any("solutions" in name or "questions" in name for name in names)
    for path in notebooks(folder):
        if path.parent.name == "exercises":
            assert "BEGIN SOLUTION" not in path.read_text("utf-8")
            continue
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            assert not cell.get("outputs"), path
            assert cell.get("execution_count") is None, path


def test_cells_that_only_draw_are_folded(folder):
    cells = [
        cell
        for path in folder.glob("0*.ipynb")
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    folded = [c for c in cells if c["metadata"].get("jupyter", {}).get("source_hidden")]
    tagged = [c for c in cells if make_class.FOLDED & set(c["metadata"].get("tags", []))]
    assert folded == tagged
    assert folded


# ----------------------------------------------------------------------------- what is given away


def test_no_result_can_be_read_before_its_cell_is_run(folder):
    """No number that a result quotes stands open in its section, unless the question gives it."""
    given_away, n_quoted = [], 0
    for source in [path for path in make_class.pages() if path.suffix == ".ipynb"]:
        printed = set()
        for cell in json.loads(source.read_text("utf-8"))["cells"]:
            for text in prose_numbers.output_texts(cell):
                printed |= set(map(prose_numbers.value, prose_numbers.numbers(text)))
        name = source.relative_to(make_class.CHAPTERS).as_posix()
        text = "\0\n".join(cells(folder / name, "markdown"))
        before = ""
        for section in re.split(r"^(?=#+ )", text, flags=re.M):
            question, _, rest = section.partition("<details>")
            before += question
            came_out = re.findall(r"<b>What came out</b>.*?</details>", section, flags=re.S)
            quoted = {n for result in came_out for n in prose_numbers.numbers(result)}
            quoted = {n for n in quoted if make_class.is_telling(n)}
            quoted = {n for n in quoted if prose_numbers.value(n) in printed}
            n_quoted += len(quoted)
            # What is read with the result: to the end of its cell.
            *middle, last = FOLD.sub("FOLD", "<details>" + rest).split("FOLD")
            shown = set(prose_numbers.numbers("".join([*middle, last.partition("\0")[0]])))
            given = set(prose_numbers.numbers(before))
            given_away += [(name, n) for n in quoted & shown - given]
    assert n_quoted > 150
    assert given_away == []


def test_every_result_is_folded(folder):
    for source in [path for path in make_class.pages() if path.suffix == ".ipynb"]:
        copy = folder / source.relative_to(make_class.CHAPTERS)
        before, text = ("\n".join(cells(path, "markdown")) for path in (source, copy))
        assert before.count(prose_numbers.CAME_OUT) == text.count("<b>What came out</b>"), copy
        assert prose_numbers.CAME_OUT not in text, copy
        assert make_class.SUMMARY not in before or "<b>In short</b>" in text, copy
        # Nor do captions or a line that holds the author's machine to a range say it.
        assert not re.search(r"^assert ", "\n".join(cells(copy, "code")), flags=re.M), copy
        assert '"alt"' not in copy.read_text("utf-8"), copy


def test_answers_of_exercises_are_folded(folder):
    n_folded = 0
    for path in folder.glob("exercises/*.ipynb"):
        text = "\n".join(cells(path, "markdown"))
        assert make_class.ANSWER not in text, path.name
        n_folded += text.count("<b>Answer</b>")
    assert n_folded >= 10


def test_folding_takes_the_result_and_what_goes_on_with_it():
    text = "**What came out.** 0.61 of them.\n\nOf those 0.123 count.\n\nWhy?\n\n## Next\n\n0.123"
    shown = FOLD.sub("FOLD", make_class.folded(text, {0.1234}))
    assert shown == "FOLD\n\nWhy?\n\n## Next\n\n0.123"
    text = "Before.\n\n## Summary\n\n- 0.61\n- many\n\nNext: [two](2.ipynb)."
    shown = FOLD.sub("FOLD", make_class.folded(text, set()))
    assert shown == "Before.\n\n## Summary\n\nFOLD\n\nNext: [two](2.ipynb)."


def test_asserts_go_and_the_rest_of_a_cell_stays():
    source = "a = 1\nassert (\n    a == 1\n)\n\n\ndef f():\n    assert a\n\n\nprint(a)"
    kept = "a = 1\n\n\ndef f():\n    assert a\n\n\nprint(a)"
    assert make_class.without_asserts(source) == kept
    assert make_class.without_asserts("assert 0.5 < right < 0.6") == ""
    assert make_class.without_asserts("%pip list") == "%pip list"


# ------------------------------------------------------------------------------------------- links


def test_links_lead_somewhere_and_start_leads_everywhere(folder):
    broken, reached = [], {}
    for path in notebooks(folder):
        text = "\n".join(cells(path, "markdown"))
        links = [
            *re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text),
            *re.findall(r'src="([^":]+)"', text),
        ]
        reached[path.name] = {(path.parent / link).resolve() for link in links}
        broken += [(path.name, link) for link in links if not (path.parent / link).exists()]
    assert broken == []
    everything = {path.resolve() for path in notebooks(folder)} - {
        (folder / "START.ipynb").resolve()
    }
    assert everything - reached["START.ipynb"] == set()


def test_a_page_that_no_list_has_is_in_start_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "_toc.yml").write_text("parts: []", encoding="utf-8")
    monkeypatch.setattr(make_class, "ROOT", tmp_path)
    assert "[Momentum](04_momentum.ipynb)" in make_class.start("")


def test_no_directive_shows_raw(folder):
    for path in notebooks(folder):
        if len(found := cells(path, "markdown")) == 1:  # a page that is Markdown in the book
            text = found[0]
            assert not re.search(r"^:::|^```\{|\{\w+\}`", text, flags=re.M), path.name
            assert text.startswith("# ") or "\n# " in text


# ----------------------------------------------------------------------------------------- renewal


def page(*sources: str, outputs: str | None = None) -> bytes:
    outputs = [{"output_type": "stream", "name": "stdout", "text": outputs}] if outputs else []
    made = [
        {"cell_type": "code", "source": source.splitlines(True), "outputs": outputs, "metadata": {}}
        for source in sources
    ]
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def test_work_is_kept_and_what_is_untouched_is_renewed(tmp_path):
    first = renew.renew(tmp_path, {name: page(name) for name in ("a.ipynb", "b.ipynb", "c.ipynb")})
    assert first == (["a.ipynb", "b.ipynb", "c.ipynb"], [], [], {})
    run = page("a.ipynb", outputs="42")
    (tmp_path / "a.ipynb").write_bytes(run)  # run, and not changed
    (tmp_path / "b.ipynb").write_bytes(page("b.ipynb", "my work"))
    (tmp_path / "c.ipynb").unlink()
    same = renew.renew(tmp_path, {name: page(name) for name in ("a.ipynb", "b.ipynb", "c.ipynb")})
    assert same == (["c.ipynb"], [], ["a.ipynb", "b.ipynb"], {})
    assert (tmp_path / "a.ipynb").read_bytes() == run

    corrected = {name: page(name, "corrected") for name in ("a.ipynb", "b.ipynb")}
    report = renew.renew(tmp_path, corrected)
    assert report == ([], ["a.ipynb"], [], {"b.ipynb": "b (new).ipynb"})
    assert "Renewed: a.ipynb." in str(report)
    assert "b.ipynb: see b (new).ipynb" in str(report)
    assert (tmp_path / "a.ipynb").read_bytes() == corrected["a.ipynb"]
    assert b"my work" in (tmp_path / "b.ipynb").read_bytes()
    assert (tmp_path / "b (new).ipynb").read_bytes() == corrected["b.ipynb"]
    # Said once; a second correction takes the place of the first, unless that was worked on too.
    assert renew.renew(tmp_path, corrected).same == ["a.ipynb", "b.ipynb"]
    again = {"b.ipynb": page("b.ipynb", "corrected again")}
    assert renew.renew(tmp_path, again).beside == {"b.ipynb": "b (new).ipynb"}
    (tmp_path / "b (new).ipynb").write_bytes(page("mine too"))
    last = {"b.ipynb": page("b.ipynb", "corrected a third time")}
    assert renew.renew(tmp_path, last).beside == {"b.ipynb": "b (new 2).ipynb"}
    assert not list(tmp_path.rglob("*.part"))


def test_an_answer_that_became_a_text_is_work():
    page_as_code = page("a = 1")
    assert renew.digest(page_as_code) != renew.digest(page_as_code.replace(b"code", b"markdown"))


def test_a_folder_of_unknown_age_loses_nothing(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(page("from before"))
    (tmp_path / "b.ipynb").write_text("no notebook at all", encoding="utf-8")
    (tmp_path / renew.NOTE).write_text("[broken", encoding="utf-8")
    wanted = {"a.ipynb": page("a"), "b.ipynb": page("b")}
    assert set(renew.renew(tmp_path, wanted).beside) == {"a.ipynb", "b.ipynb"}
    assert b"from before" in (tmp_path / "a.ipynb").read_bytes()
    # The student takes the new one: from then on it is renewed.
    (tmp_path / "a (new).ipynb").replace(tmp_path / "a.ipynb")
    assert renew.renew(tmp_path, {"a.ipynb": page("a, corrected")}).renewed == ["a.ipynb"]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["new", "work", "delete", "run"]))))
def test_no_order_of_updates_and_work_loses_work(tmp_path_factory, steps):
    """What a student has written is in the folder as long as the student does not remove it."""
    folder, texts, written = tmp_path_factory.mktemp("class"), [0, 0, 0], set()
    for number, (which, what) in enumerate(steps):
        path = folder / f"{which}.ipynb"
        if what == "new" or not path.exists():
            texts[which] += what == "new"
            renew.renew(folder, {f"{i}.ipynb": page(f"{i}: {t}") for i, t in enumerate(texts)})
        elif what == "work":
            written -= {path.read_bytes()}
            path.write_bytes(page(f"work {number}"))
            written.add(path.read_bytes())
        elif what == "run":
            source = json.loads(path.read_bytes())["cells"][0]["source"]
            written -= {path.read_bytes()}
            path.write_bytes(page("".join(source), outputs="42"))
            if "work" in "".join(source):
                written.add(path.read_bytes())
        else:
            written -= {path.read_bytes()}
            path.unlink()
        assert written <= {each.read_bytes() for each in folder.glob("*.ipynb")}


def test_what_is_handed_out_can_be_renewed_as_a_whole(folder, tmp_path):
    copy = tmp_path / "class"
    report = renew.renew(copy, renew.files_of(folder))
    assert (copy / "exercises/01_exploring_the_data.ipynb").is_file()
    assert len(report.added) == len([p for p in folder.rglob("*") if p.is_file()])
    assert make_class.make(folder).renewed == make_class.make(folder).added == []
