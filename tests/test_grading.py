"""Twelve submissions through nbgrader's own commands, one for each kind of slip and of trick."""

from __future__ import annotations

import functools
import html
import itertools
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
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets.config import Config

from galaxy_lib import checks, network
from galaxy_lib.checks import apart, runner
from galaxy_lib.checks.process import Handed

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
c.Execute.timeout_func = lambda cell: 2 if "while True" in cell.source else 300
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
    cell_of(
        notebook, "batches"
    ).source = "def batches(x, y, batch_size, rng):\n    while True:\n        yield x, y"
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
    """The library's function; where the work is the student's, it may be used."""
    cell_of(notebook, "sigmoid").source = "sigmoid = network.sigmoid"
    wrapper = (
        "def forward(A, B, x):\n    z_tilde = ready(B @ x)\n    return z_tilde, ready(A @ z_tilde)"
    )
    cell_of(notebook, "forward").source = f"ready = network.sigmoid\n\n\n{wrapper}"


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
    "library": 7,
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
    log += nbgrader(folder, ["autograde", NAME, "--Execute.limit=2"], ["generate_feedback", NAME])
    (folder / "log").write_text(log, "utf-8")
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


def table(folder: Path, earned: dict) -> str:
    """Return a line for each student: points, seconds of grading, and what was said first."""
    written = (folder / "autograded").glob("*/*/*.ipynb")
    times = sorted((path.stat().st_mtime, path.parts[-3]) for path in written)
    seconds = {name: end - begin for (begin, _), (end, name) in itertools.pairwise(times)}
    lines = []
    for name in earned:
        text = page(folder, name) if earned[name] is not None else "it is named in the log"
        told = re.findall(r"CheckFailed: (.*)|(\w+: .*\(CHECK_SEED=\d+\))", text)
        first = next(("".join(one) for one in told), "")
        time = f"{seconds[name]:.0f} s" if name in seconds else ""
        lines.append(f"{name:<12}{earned[name] or 0:3.0f} of 8 {time:>6}  {first[:90]}")
    return "\n".join(lines)


def test_each_slip_costs_its_own_points(course) -> None:
    folder, log = course
    found = marks(folder)
    earned = {
        name: None if None in found[name].values() else sum(found[name].values()) for name in EARNED
    }
    print(table(folder, earned))
    assert earned == EARNED, log[-3000:]
    assert {name: found["short_batch"][name] for name in ASKED} == POINTS | {"batches": 3}
    assert {name: found["endless"][name] for name in ASKED} == POINTS | {"batches": 0}
    assert {name: found["greedy"][name] for name in ASKED} == POINTS | {"forward": 0}


def test_the_log_names_who_was_mended_and_who_cannot_be_read(course) -> None:
    _, log = course
    mended = dict(re.findall(r"WARNING\] Mended for grading: (\w+), 03_batching: (.*)", log))
    assert set(mended) == {"copied", "moved", "stripped"}
    assert "`sigmoid` stands there 2 times" in mended["copied"]
    assert "`check_forward` stood before its answer" in mended["moved"]
    assert "`check_sigmoid` was missing" in mended["moved"]
    assert "`check_batches` had lost its mark" in mended["stripped"]
    assert "unreadable/03_batching/03_batching.ipynb is no notebook that can be read" in log
    assert "assignment '03_batching' for student 'unreadable'" in log
    assert log.count("There was an error processing assignment '") == 1


def test_right_answers_leave_no_warning(course) -> None:
    _, log = course
    part = log[log.index("submitted/right/03_batching/03_batching.ipynb") :]
    part = part[: part.index("submitted/short_batch")]
    assert "autograded/right" in part
    assert not re.findall(r"(?:WARNING|ERROR)\].*", part)


def test_feedback_says_why_and_from_which_seed(course) -> None:
    folder, _ = course
    said = {student: page(folder, student) for student in EARNED if student != "unreadable"}
    assert all(re.search(r"CHECK_SEED=\d+", text) for text in said.values())
    assert "3.7 Project: batches (Score: 3.0 / 4.0)" in said["short_batch"]
    assert "Test cell" not in said["short_batch"]
    assert "The last batch, a short one, is left out. (CHECK_SEED=" in said["short_batch"]
    assert "3 of 4 points" in said["short_batch"]
    assert "`sigmoid` of galaxy_lib does the work" in said["library"]
    assert "The batches do not end" in said["endless"]
    assert "This cell ended the kernel" in said["endless"]
    assert "MemoryError" in said["greedy"] or sys.platform != "linux"
    assert "characters were written here" in said["greedy"]
    assert all(len(text) < 2_000_000 for text in said.values())


def test_a_regrade_gives_the_same(course) -> None:
    folder, _ = course

    def seeds() -> list[str]:
        text = (folder / "autograded/short_batch" / NAME / f"{NAME}.ipynb").read_text("utf-8")
        return re.findall(r"CHECK_SEED=\d+", text)

    before = marks(folder)["short_batch"], seeds()
    again = ["--student", "short_batch", "--force", "--Execute.limit=2"]
    log = nbgrader(folder, ["autograde", NAME, *again])
    assert (marks(folder)["short_batch"], seeds()) == before, log[-2000:]
    assert len(before[1]) == 4
    assert len(set(before[1])) == 1


def test_the_galaxies_are_there_before_the_first_submission(galaxy_file, monkeypatch) -> None:
    pytest.importorskip("nbgrader", reason="nbgrader (the extra [instructor]) is not installed")
    monkeypatch.setenv("GALAXY10_FILE", str(galaxy_file()))
    config = Config()
    exec(make_exercises.CONFIG.format(root="."), {"get_config": lambda: config})
    drawn = config.Autograde.pre_convert_hook(assignment="a", student="b", notebooks=[])
    assert drawn == galaxy_file()


# ------------------------------------------------------------------------------ mending cells


def known_cells(notebook) -> dict[str, dict]:
    """Return what nbgrader keeps of a released notebook."""
    return {
        cell.metadata.nbgrader.grade_id: {
            "source": cell.source,
            "meta": {**cell.metadata.nbgrader, "cell_type": cell.cell_type, "task": False},
        }
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }


STEPS = st.lists(
    st.tuples(st.sampled_from(["copy", "move", "strip", "drop", "retype"]), st.integers())
)


@functools.cache
def without_outputs(chapter: int) -> str:
    notebook = nbformat.read(make_exercises.SOLUTIONS[chapter], as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return nbformat.writes(notebook)


@settings(max_examples=30)
@given(chapter=st.sampled_from([0, 2, 9]), steps=STEPS)
def test_whatever_was_done_to_cells_each_check_stands_there_once(chapter, steps) -> None:
    grading = pytest.importorskip("galaxy_lib.checks.grading")
    known = known_cells(nbformat.reads(without_outputs(chapter), as_version=4))
    notebook = nbformat.reads(without_outputs(chapter), as_version=4)
    cells = notebook.cells
    for what, number in steps:
        place = number % len(cells)
        cell = cells[place]
        if what == "copy":
            cells.insert(number % 7, nbformat.from_dict(json.loads(json.dumps(cell))))
        elif what == "move":
            del cells[place]  # not `remove`, which takes the first of equal ones
            cells.insert(number % (len(cells) + 1), cell)
        elif what == "strip":
            cell.metadata = nbformat.NotebookNode()
        elif what == "drop" and len(cells) > 1:
            del cells[place]
        elif what == "retype":
            cell.cell_type = "markdown"
            cell.metadata.get("nbgrader", {}).pop("schema_version", None)
    grading.mended(notebook, known)
    nbgraderformat = pytest.importorskip("nbgrader.nbgraderformat")
    nbgraderformat.MetadataValidator().validate_nb(notebook)
    marked = [cell for cell in cells if "nbgrader" in cell.metadata]
    ids = [cell.metadata.nbgrader.grade_id for cell in marked]
    graded = [name for name, one in known.items() if one["meta"]["grade"]]
    assert sorted(name for name in ids if name in graded) == sorted(graded)
    assert len(ids) == len(set(ids))
    for cell in marked:
        one = known[cell.metadata.nbgrader.grade_id]
        assert cell.cell_type == one["meta"]["cell_type"]
        assert cell.source == one["source"] or not one["meta"]["locked"]


def test_a_text_that_lost_its_mark_is_found_behind_its_heading() -> None:
    grading = pytest.importorskip("galaxy_lib.checks.grading")
    notebook = nbformat.reads(without_outputs(9), as_version=4)
    known = known_cells(notebook)
    texts = [name for name, one in known.items() if one["meta"]["cell_type"] == "markdown"]
    before = {name: cell_of(notebook, name).source for name in texts}
    stripped(notebook)
    told = grading.mended(notebook, known)
    assert {name: cell_of(notebook, name).source for name in texts} == before
    assert not [sentence for sentence in told if "look into" in sentence]


# --------------------------------------------------------------------- reaching for what is right

# A process as the kernel is while nbgrader grades; it hands over what each attempt leaves.
KERNEL = """\
import json, os, sys

os.environ["NBGRADER_EXECUTION"] = "autograde"
exec(sys.argv[1])
import numpy as np
from galaxy_lib import checks
from galaxy_lib.checks.process import hand_over

for name, how, code in json.loads(sys.stdin.read()):
    modules, names = dict(sys.modules), {"checks": checks, "np": np, "__name__": "__main__"}
    handed = None
    try:
        exec(code, names)
        handed = hand_over(names[name], name).to_text()
    except Exception as error:
        handed = type(error).__name__
    sys.modules.update(modules)
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    print(json.dumps([name, how, handed]))
"""


def handed_over(attempts: list, folder: Path, guard: str) -> list:
    """Return for each attempt (name, how, code) what comes out of the notebook's process."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, guard],
        input=json.dumps(attempts),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def judged(name: str, handed: str) -> runner.Result:
    if not handed.startswith("{"):
        return runner.Result(f"It was not handed over: {handed}.")
    return runner.judge(name, Handed.from_text(handed), fresh=True, limit=2, seed=1)


def test_what_is_right_is_out_of_reach_for_every_exercise(tmp_path) -> None:
    grading = pytest.importorskip("galaxy_lib.checks.grading")
    attempts = [
        (name, how, code.format(name=name, chapter=chapter))
        for chapter, names in checks.exercises().items()
        for name in names
        for how, code in cheats.REACHING.items()
        # Some take longer: for the first exercise of each chapter.
        if how not in ("later", "gc", "hook") or name == next(iter(names))
    ]
    assert len(attempts) > 800
    found = handed_over(attempts, tmp_path, grading.GUARD.format(memory=4))
    assert len(found) == len(attempts)
    told = {(name, how): judged(name, handed) for name, how, handed in found}
    earned = {key: str(result) for key, result in told.items() if result.share}
    assert earned == {}
    assert not [result for result in told.values() if "\n" in result.message]


def test_what_an_open_process_would_hand_over_is_refused_where_it_is_judged(tmp_path) -> None:
    """The second lock; and at home these attempts do reach what is right."""
    attempts = [
        (name, how, cheats.REACHING[how].format(name=name, chapter=chapter))
        for chapter, name in ((3, "sigmoid"), (4, "age_weight"))
        for how in ("attribute", "wrapper", "cloudpickle", "chapter")
    ]
    open_process = "os.environ['NBGRADER_EXECUTION'] = 'validate'"
    for name, how, handed in handed_over(attempts, tmp_path, open_process):
        at_home = runner.judge(name, Handed.from_text(handed), limit=2, seed=1)
        assert at_home.passed, (name, how, at_home)
        assert "without the checks" in judged(name, handed).message


def test_functions_of_the_library_are_no_answers_where_it_counts(tmp_path) -> None:
    grading = pytest.importorskip("galaxy_lib.checks.grading")
    attempts = [(name, "library", code) for name, code in cheats.LIBRARY.items()]
    for name, _, handed in handed_over(attempts, tmp_path, grading.GUARD.format(memory=4)):
        result = judged(name, handed)
        if name in cheats.ALLOWED:
            assert result.passed, result
        else:
            assert "of galaxy_lib does the work" in result.message, (name, result)
        # At home they pass: a student may look whether the check is content with the library.
        at_home = runner.judge(name, Handed.from_text(handed), limit=2, seed=1)
        assert at_home.passed, (name, at_home)


FORBIDDEN = """\
import gc, importlib.util, multiprocessing, os, subprocess, sys

spec = importlib.util.spec_from_file_location("apart", sys.argv[1])
apart = importlib.util.module_from_spec(spec)
spec.loader.exec_module(apart)
apart.keep_apart()
hook = next(one for one in gc.get_objects() if getattr(one, "__name__", "") == "hook"
            and type(one).__name__ == "function")

def started():
    multiprocessing.get_context("spawn").Process(target=print).start()

attempts = {
    "solutions": lambda: open("chapters/solutions/03_batching.ipynb"),
    "checks": lambda: open("galaxy_lib/checks/chapter_03.py"),
    "bytecode": lambda: open("__pycache__/chapter_03.cpython-312.pyc", "rb"),
    "memory": lambda: open("/proc/self/mem", "r+b"),
    "memory of another": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
    "subprocess": lambda: subprocess.run([sys.executable, "-c", ""]),
    "system": lambda: os.system(""),
    "multiprocessing": started,
    "kill": lambda: os.kill(os.getpid(), 0),
    "hook's code": lambda: setattr(hook, "__code__", (lambda *given: None).__code__),
    "hook's values": lambda: setattr(hook, "__defaults__", ()),
    "hook's names": lambda: setattr(hook, "__kwdefaults__", {}),
    "an own file": lambda: open(sys.argv[1]),
    "an own function": lambda: setattr(started, "__defaults__", ()),
}
if hasattr(os, "fork"):
    attempts["fork"] = lambda: os.fork() or os._exit(0)
for name, attempt in attempts.items():
    try:
        attempt()
        print(name)
    except PermissionError as error:
        if "answer" not in str(error):
            print(name, error)
    except Exception as error:
        print(name, error)
"""


def test_a_process_that_is_kept_apart_reads_starts_and_loosens_nothing(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, apart.__file__],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["an own file", "an own function"]


def test_work_that_was_handed_on_to_the_library_is_seen() -> None:
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    watch = apart.Watch()
    with watch:
        result = network.softmax(x)
    assert watch.worker_for("softmax", [], None) == "softmax"
    assert watch.worker_for("another", [x], result) == "softmax"
    # Part of one's own work it may do: of other numbers, or on the way to another result.
    assert watch.worker_for("another", [x.copy()], result) == ""
    assert watch.worker_for("another", [x], result.copy()) == ""
    assert watch.worker_for("another", [], result) == ""


def test_the_table_of_exercises_is_that_of_the_chapters() -> None:
    by_chapter = {chapter: [*names] for chapter, names in checks.exercises().items()}
    assert by_chapter == {chapter: names.split() for chapter, names in checks.EXERCISES.items()}
