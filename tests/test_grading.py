"""Twelve submissions through nbgrader's own commands, one for each kind of slip and of trick."""

from __future__ import annotations

import html
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import cheats
import make_exercises
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
ASKED = ("sigmoid", "forward_one", "forward", "batches")  # 1, 1, 2 and 4 points
POINTS = {"sigmoid": 1, "forward_one": 1, "forward": 2, "batches": 4}
NAME = "03_batching"
NBGRADER = """\
import json, sys
from nbgrader.apps import NbGraderApp

for command in json.loads(sys.argv[1]):
    NbGraderApp.clear_instance()
    try:
        NbGraderApp.launch_instance(command)
    except SystemExit as end:  # a student's file was unreadable
        print("ended with", end.code, file=sys.stderr)
"""
# The cells of one student block a kernel: they are stopped soon. A slow machine may take long
# for any other one.
PATIENT = """
c.Execute.timeout_func = lambda cell: 4 if "while True" in cell.source else 300
c.Execute.startup_timeout = 300
"""


def source() -> nbformat.NotebookNode:
    """Return chapter 3's exercises with four of its answers and checks, and their headings."""
    notebook = make_exercises.as_source(make_exercises.SOLUTIONS[2])
    wanted = {"setup", "library-sigmoid", *ASKED, *(f"check_{name}" for name in ASKED)}
    kept, heading = [], None
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            heading = cell
        elif cell.metadata.get("nbgrader", {}).get("grade_id") in wanted:
            kept += [heading] if heading else []
            kept.append(cell)
            heading = None
    notebook.cells = kept
    return notebook


def cell_of(notebook, name: str):
    """Return the cell that has a certain grade_id."""
    marks = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return notebook.cells[marks.index(name)]


def answers() -> dict[str, str]:
    return {name: cell_of(source(), name).source for name in ASKED}


# ------------------------------------------------------------------------- the twelve submissions


def right(notebook) -> None:
    """Every answer is right, and nothing was moved."""


def copied(notebook) -> None:
    """An answer's cell and a check's were copied, as JupyterLab does: with all their metadata."""
    for name in ("sigmoid", "check_forward", "setup"):
        cell = cell_of(notebook, name)
        again = nbformat.from_dict(json.loads(json.dumps(cell)))
        again.id = f"{name}-2"
        notebook.cells.insert(notebook.cells.index(cell) + 1, again)


def moved(notebook) -> None:
    """A check stands before its answer, another is gone; an answer's cell was split."""
    check = cell_of(notebook, "check_forward")
    notebook.cells.remove(check)
    notebook.cells.insert(0, check)
    notebook.cells.remove(cell_of(notebook, "check_sigmoid"))
    cell = cell_of(notebook, "batches")
    rest = nbformat.from_dict(json.loads(json.dumps(cell)))
    rest.id, rest.source = "rest", "print('the lower half')"
    notebook.cells.insert(notebook.cells.index(cell) + 1, rest)


def stripped(notebook) -> None:
    """An editor left no metadata, and the kernel has another name."""
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "galaxies-3.12", "display_name": "Mine"}}
    )


def colab(notebook) -> None:
    """Colab saves with ids of its own and no minor version; then an editor put a mark before."""
    for i, cell in enumerate(notebook.cells):
        cell.metadata |= {"id": f"c{i}", "colab": {"base_uri": "x"}, "outputId": "y"}
        cell.metadata.get("nbgrader", {}).pop("schema_version", None)
        cell.pop("id", None)
    notebook.metadata["colab"] = {"provenance": []}
    notebook.nbformat_minor = 0


def vscode(notebook) -> None:
    """VS Code adds its languages; the file is UTF-16."""
    for cell in notebook.cells:
        cell.metadata["vscode"] = {"languageId": "python"}
        cell.metadata.get("nbgrader", {}).pop("points", None)


def endless(notebook) -> None:
    """A generator that never ends is also called by a cell of the student's own; one kills."""
    cell_of(notebook, "batches").source = (
        "def batches(x, y, batch_size, rng):\n    while True:\n        yield x, y"
    )
    notebook.cells[-1:-1] = [
        nbformat.v4.new_code_cell("while True:\n    for pair in batches(1, 2, 3, 4): pass"),
        nbformat.v4.new_code_cell(
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        ),
        nbformat.v4.new_code_cell("import os\nos._exit(1)"),
    ]


def greedy(notebook) -> None:
    """Output and memory without end."""
    flood = nbformat.v4.new_code_cell("while True: print('flood ' * 1000)")
    notebook.cells.insert(0, flood)
    cell_of(notebook, "forward").source = (
        "def forward(A, B, x):\n    kept = []\n    while True:\n"
        "        kept.append(np.ones((1000, 100_000)))"
    )
    cell_of(notebook, "sigmoid").source += "\nnp.ones((1_000_000, 100_000))"


def short_batch(notebook) -> None:
    """The last, short batch is forgotten."""
    cell = cell_of(notebook, "batches")
    cell.source = cell.source.replace("len(order), ", "len(order) - batch_size + 1, ")


def reference(notebook) -> None:
    """What is right, from the checks."""
    for name in ASKED:
        cell_of(notebook, name).source = f"{name} = checks.{name}.right"


def library(notebook) -> None:
    """The library's functions, and a wrapper around one."""
    cell_of(notebook, "sigmoid").source = "sigmoid = network.sigmoid"
    cell_of(notebook, "forward").source = (
        "def forward(A, B, x):\n    z_tilde, z = network.forward(A, B, x)\n    return z_tilde, z"
    )


def unreadable(notebook) -> None:
    """It is cut off in the middle."""


TWELVE = (
    right, copied, moved, stripped, colab, vscode, endless, greedy, short_batch, reference, library,
    unreadable,
)  # fmt: skip
EARNED = dict.fromkeys([each.__name__ for each in TWELVE], 8) | {
    "endless": 4,
    "greedy": 6,
    "short_batch": 7,
    "reference": 0,
    "library": 5,
    "unreadable": None,
}


def written(student: str, notebook) -> bytes:
    """Return the file that a student hands in."""
    text = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    if student == "unreadable":
        return text[: len(text) // 2].encode()
    encoding = {"colab": "utf-8-sig", "vscode": "utf-16"}.get(student, "utf-8")
    return text.encode(encoding)


def nbgrader(folder: Path, *commands: list[str]) -> str:
    """Run commands of nbgrader's in one process, and return its log."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "OMP_NUM_THREADS": "1",
        # Nothing can be kept there, as in a home that is read-only: no sample can be drawn.
        "GALAXY10_CACHE": str(folder / "nbgrader_config.py" / "cache"),
    }
    for name in ("NBGRADER_EXECUTION", "CHECK_SEED", "GALAXY10_FILE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", NBGRADER, json.dumps(commands)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    return done.stderr + done.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory):
    """Grade the twelve; return the folder and the log."""
    pytest.importorskip("nbgrader", reason="nbgrader (the extra [instructor]) is not installed")
    folder = tmp_path_factory.mktemp("grading") / "course"
    make_exercises.write_course(folder)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(PATIENT)
    nbformat.write(source(), folder / "source" / NAME / f"{NAME}.ipynb")
    log = nbgrader(folder, ["generate_assignment", NAME])
    own = answers()
    for student in TWELVE:
        notebook = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        for name, code in own.items():
            cell_of(notebook, name).source = code
        student(notebook)
        path = folder / "submitted" / student.__name__ / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(written(student.__name__, notebook))
    log += nbgrader(
        folder, ["autograde", NAME, "--Execute.limit=2"], ["generate_feedback", NAME]
    )
    return folder, log


def marks(folder: Path) -> dict[str, dict[str, float]]:
    """Return what each student earned, by exercise."""
    with sqlite3.connect(folder / "gradebook.db") as book:
        rows = book.execute(
            "select submitted_assignment.student_id, base_cell.name, grade.auto_score from grade"
            " join base_cell on base_cell.id = grade.cell_id"
            " join submitted_notebook on submitted_notebook.id = grade.notebook_id"
            " join submitted_assignment"
            " on submitted_assignment.id = submitted_notebook.assignment_id"
        ).fetchall()
    found: dict[str, dict[str, float]] = {}
    for student, name, score in rows:
        found.setdefault(student, {})[name.removeprefix("check_")] = score
    return found


def page(folder: Path, student: str) -> str:
    """Return the text of a student's feedback."""
    path = folder / "feedback" / student / NAME / f"{NAME}.html"
    return html.unescape(re.sub(r"<[^>]+>", "", path.read_text("utf-8")))


def test_each_slip_costs_its_own_points(course) -> None:
    folder, log = course
    found = marks(folder)
    earned = {
        name: None if None in found[name].values() else sum(found[name].values()) for name in EARNED
    }
    assert earned == EARNED, log[-3000:]
