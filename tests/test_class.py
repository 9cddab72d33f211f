"""The student's own folder: complete, without outputs or solutions, and never overwritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import make_class
import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("course") / "class"
    make_class.make(path)
    return path


def notebooks(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.ipynb"))


def test_chapters_come_without_outputs_and_solutions(folder):
    names = {path.relative_to(folder).as_posix() for path in notebooks(folder)}
    assert {"START.ipynb", "01_exploring_the_data.ipynb", "notation.ipynb"} <= names
    assert "exercises/01_exploring_the_data.ipynb" in names
    assert not any("solutions" in name for name in names)
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


def test_links_lead_somewhere(folder):
    broken = []
    for path in notebooks(folder):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            text = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
                if not (path.parent / link).exists():
                    broken.append((path.name, link))
    assert broken == []


def test_no_directive_shows_raw(folder):
    for path in [folder / "notation.ipynb", folder / "glossary.ipynb", folder / "START.ipynb"]:
        text = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
        assert not re.search(r"^:::|^```\{|\{\w+\}`", text, flags=re.M), path.name
        assert text.startswith("# ") or "\n# " in text


def test_work_is_never_overwritten_and_new_files_come(tmp_path):
    first = make_class.make(tmp_path)
    assert first[1] == 0
    mine = tmp_path / "01_exploring_the_data.ipynb"
    mine.write_text("my work", encoding="utf-8")
    (tmp_path / "exercises" / "02_managing_the_data.ipynb").unlink()
    assert make_class.make(tmp_path) == (1, first[0] - 1)
    assert mine.read_text("utf-8") == "my work"
    assert not list(tmp_path.rglob("*.part"))
