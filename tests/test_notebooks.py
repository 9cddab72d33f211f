"""What a committed notebook must be: a page that reads well, and a reference that nbval trusts."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "chapters" / "_ext"))

from stored_outputs import DIGEST, FIGURE, code_digest  # noqa: E402

NOTEBOOKS = sorted(
    path for path in (ROOT / "chapters").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
TEXTS = {"text/plain", "text/html", "text/markdown"}
SHOWN = {*TEXTS, "image/png", "image/jpeg", "image/svg+xml", FIGURE}
ABSOLUTE_PATH = re.compile(r"(?:^|[\s'\"(])(?:/(?:home|root|tmp|work|Users|opt|var)/\w|[A-Z]:\\\\)")


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(path: Path) -> list[dict]:
    return [c for c in load(path)["cells"] if c["cell_type"] == "code" and "".join(c["source"])]


def text_of(output: dict) -> str:
    parts = [output.get("text", "")]
    parts += [v for k, v in output.get("data", {}).items() if k.startswith("text/")]
    return "\n".join("".join(part) for part in parts)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix())
def notebook(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 5


def test_executed_once_from_top_to_bottom(notebook: Path) -> None:
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_the_outputs_are_those_of_the_code(notebook: Path) -> None:
    found = nbformat.read(notebook, as_version=4)
    name = notebook.relative_to(ROOT).as_posix()
    assert found.metadata.get(DIGEST) == code_digest(found), (
        f"The code of {name} is newer than its outputs: run `make notebooks`, "
        f"or `python tools/execute_notebooks.py {name}`."
    )


def test_figures_that_move_are_not_compared(notebook: Path) -> None:
    """A kernel shows one as a view of its own, which no notebook keeps."""
    for cell in code_cells(notebook):
        if any(FIGURE in out.get("data", {}) for out in cell["outputs"]):
            assert "nbval-ignore-output" in cell["metadata"].get("tags", [])


def test_no_errors_and_nothing_on_stderr(notebook: Path) -> None:
    outputs = [out for cell in code_cells(notebook) for out in cell["outputs"]]
    assert not [out for out in outputs if out["output_type"] == "error"]
    assert not [out for out in outputs if out.get("name") == "stderr"]


def test_the_book_can_show_every_output(notebook: Path) -> None:
    """The build passes over other mime types, and says nothing."""
    outputs = [out for cell in code_cells(notebook) for out in cell["outputs"]]
    assert {kind for out in outputs for kind in out.get("data", {})} <= SHOWN


def test_no_absolute_paths(notebook: Path) -> None:
    for cell in load(notebook)["cells"]:
        texts = ["".join(cell["source"]), *map(text_of, cell.get("outputs", []))]
        assert not [t for t in texts if ABSOLUTE_PATH.search(t)]


def test_every_figure_has_alt_text(notebook: Path) -> None:
    for cell in code_cells(notebook):
        if any(
            kind.startswith("image/") for out in cell["outputs"] for kind in out.get("data", {})
        ):
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 20, "".join(cell["source"])[:200]


def test_no_trailing_semicolon(notebook: Path) -> None:
    assert not [c for c in code_cells(notebook) if "".join(c["source"]).rstrip().endswith(";")]


def test_size(notebook: Path) -> None:
    assert notebook.stat().st_size < 1_100_000


def test_no_widget_state_and_no_versions(notebook: Path) -> None:
    metadata = load(notebook)["metadata"]
    assert "widgets" not in metadata
    assert "version" not in metadata["language_info"]
    assert "widget-view" not in notebook.read_text(encoding="utf-8")


def test_few_cells_escape_the_comparison(notebook: Path) -> None:
    # A figure that moves does not count: tests/test_stored_outputs.py and the browser look at it.
    shown = [
        cell
        for cell in code_cells(notebook)
        if cell["outputs"] and not any(FIGURE in out.get("data", {}) for out in cell["outputs"])
    ]
    ignored = [c for c in shown if "nbval-ignore-output" in c["metadata"].get("tags", [])]
    assert len(ignored) <= max(1, len(shown) / 5)


def test_starts_with_one_title(notebook: Path) -> None:
    cells = [c for c in load(notebook)["cells"] if c["cell_type"] == "markdown"]
    source = re.sub(r"```.*?```", "", "\n\n".join("".join(c["source"]) for c in cells), flags=re.S)
    assert source.startswith("# ")
    assert len(re.findall(r"^# ", source, flags=re.M)) == 1


def test_cell_ids_are_there_and_unique(notebook: Path) -> None:
    ids = [cell["id"] for cell in load(notebook)["cells"]]
    assert len(set(ids)) == len(ids)


def test_no_line_is_cut_on_a_page(notebook: Path) -> None:
    lines = [line for cell in code_cells(notebook) for line in "".join(cell["source"]).splitlines()]
    assert [line for line in lines if len(line) > 76] == []


def test_opens_like_every_other_page(notebook: Path) -> None:
    text = "".join(load(notebook)["cells"][0]["source"])
    found = re.findall(r"^> \*\*([^*]+)\*\*", text, flags=re.M)
    assert found[:3] == ["What you will do.", "What you need.", "Time."]
    assert re.search(r"\*\*Time\.\*\*[^\n]*?about \d+ minutes", text)
