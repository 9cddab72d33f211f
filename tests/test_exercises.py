"""The exercises: made from the solutions, and graded by nbgrader as an instructor would."""

from __future__ import annotations

import html
import json
import re
import zipfile
from pathlib import Path

import cheats
import execute_notebooks
import make_exercises
import nbformat
import numpy as np
import pytest

from galaxy_lib import checks

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = ROOT / "chapters/exercises"
CHECKED = [name for names in checks.exercises().values() for name in names]
chapter = pytest.mark.parametrize("path", make_exercises.SOLUTIONS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def graded(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The check cells, marked by a machine."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]


def shown(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_every_check_has_its_exercise_and_its_effort() -> None:
    names = []
    for path in make_exercises.SOLUTIONS:
        notebook = read(path)
        names += [cell.metadata.nbgrader.grade_id for cell in graded(notebook)]
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        assert len(re.findall(r"^\*★{1,3} · \d+ minutes\*$", text, re.M)) == len(graded(notebook))
    assert names == [f"check_{name}" for name in CHECKED]
    assert len(names) >= 24


@chapter
def test_solutions_are_correct_and_exercises_not_attempted(path: Path) -> None:
    assert {shown(cell) for cell in graded(read(path))} == {"correct"}
    assert {shown(cell) for cell in graded(read(EXERCISES / path.name))} == {"not attempted yet"}


@chapter
def test_exercises_hold_no_solution(path: Path) -> None:
    text = (EXERCISES / path.name).read_text(encoding="utf-8")
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert read(EXERCISES / path.name).cells[0].source.startswith("# Exercises: ")
    assert read(path).cells[0].source.startswith("# Solutions: ")


@chapter
def test_exercises_are_made_from_the_solutions(path: Path) -> None:
    """`python tools/make_exercises.py` would write the same, outputs (nbval's part) aside."""
    pytest.importorskip("nbgrader", reason="nbgrader (the extra [instructor]) is not installed")
    committed = read(EXERCISES / path.name)
    for cell in committed.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    made = make_exercises.as_exercises(path)
    for each in (made, committed):  # of each one's own code: tests/test_notebooks.py
        each.metadata.pop(execute_notebooks.DIGEST, None)
    assert made == committed, "run: python tools/make_exercises.py"


def test_the_curves_of_the_five_faults_are_what_the_faulty_loops_give() -> None:
    """Exercise 5.5 prints numbers: here they are computed, by the loop of 5.6 with its faults."""
    from galaxy_lib import DataManager
    from galaxy_lib.checks import chapter_05

    notebook = read(ROOT / "chapters/solutions/05_training.ipynb")
    (cell,) = [cell for cell in notebook.cells if cell.source.startswith("curves = {")]
    told: dict = {}
    exec(cell.source.partition("\nprint")[0], told)
    x, y = DataManager(coarsen=16, seed=5, validation=0.15).training_set()
    faults = {"P": "mean", "Q": "shape", "R": "velocity", "S": "order", "T": "sign"}
    assert [*told["curves"]] == ["sound", *faults]
    for name, curve in told["curves"].items():
        epoch = chapter_05._epoch([faults[name]] if name in faults else [])
        rng = np.random.default_rng(1)
        A, B = rng.normal(0, 20**-0.5, (10, 20)), rng.normal(0, len(x) ** -0.5, (20, len(x)))
        found = []
        for n in range(241):
            if n % 40 == 0:  # every other point of the curve
                z = chapter_05._g(A @ chapter_05._g(B @ x))
                found.append(np.sum((z - y) ** 2) / x.shape[1])
            A, B = epoch(A, B, x, y, rng.permutation(x.shape[1]), 32, 1.0, 0.9)
        assert np.allclose(found, curve[::2], atol=0.03), name


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, nbgrader):
    """Hand out all chapters, collect five submissions, grade them, write feedback."""
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    make_exercises.write_course(folder)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(PATIENT)
    # All chapters in one assignment here: it saves starting nbgrader six times more.
    sources = sorted((folder / "source").glob("*/*.ipynb"))
    (folder / "source/all").mkdir()
    for source in sources:
        source.rename(folder / "source/all" / source.name)
        source.parent.rmdir()
    nbformat.write(joined(), folder / "source/all" / JOINED)
    log = nbgrader(folder, ["generate_assignment", "all"])
    hand_in(folder)
    log += nbgrader(
        folder,
        ["zip_collect", "all"],
        ["autograde", "all", "--Execute.limit=2"],
        ["generate_feedback", "all"],
    )
    assert "ended with" not in log, log[-3000:]
    return folder


def joined() -> nbformat.NotebookNode:
    """All chapters' answers and checks in one notebook: it saves starting kernels."""
    whole = make_exercises.as_source(make_exercises.SOLUTIONS[0])
    whole.cells = []
    for path in make_exercises.SOLUTIONS:
        notebook = make_exercises.as_source(path)
        cheats.bare(notebook)
        for cell in notebook.cells:
            if cell.metadata.nbgrader.grade_id == "setup":
                cell.metadata.nbgrader.grade_id = f"setup_{path.stem}"
                cell.id = path.stem[:2]
        whole.cells += notebook.cells
    return whole


# The cell that never ends is stopped soon; a slow machine may take long for any other one.
PATIENT = """
c.Execute.timeout_func = lambda cell: 3 if cell.source.startswith("while True:") else 600
c.Execute.startup_timeout = 600
"""


def answered(path: Path) -> nbformat.NotebookNode:
    """Exercises with the model solutions filled in."""
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in joined().cells
        if cell.metadata.nbgrader.get("solution")
    }
    notebook = read(path)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.metadata.nbgrader.grade_id]
    return notebook


JOINED = "00_all_chapters.ipynb"
UNTOUCHED = ["03_batching.ipynb", "10_what_comes_after.ipynb"]
BROKEN = ["forward_one", "gradient_A", "gradients", "numerical_gradient"]
ENDLESS = {
    "descend": "def descend(gradient, w, *more):\n    while True:\n        w = w + 1",
    "age_weight": "while True:\n    pass",
}


def hand_in(folder: Path) -> None:
    """Put the submissions where a learning management system's download goes."""
    archive = folder / "downloaded/all/archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "submissions.zip", "w") as submissions:
        # All but the untouched ones hand in answers and checks alone: it saves training networks.
        def submit(student, name, answers, tamper=cheats.bare) -> None:
            path = folder / "release/all" / name
            notebook = read(path) if answers is None else answered(path)
            for cell in notebook.cells:
                grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
                cell.source = (answers or {}).get(grade_id, cell.source)
            tamper(notebook)
            submissions.writestr(f"{student}_{name}", nbformat.writes(notebook))

        submit("perfect", JOINED, {})
        for name in UNTOUCHED:
            submit("untouched", name, None, lambda notebook: None)
        broken = {name: f'{name} = lambda *a: "broken"' for name in BROKEN}
        submit("half", "03_batching.ipynb", broken)
        submit("endless", "04_momentum.ipynb", ENDLESS)
        nothing = dict.fromkeys(CHECKED, "pass")
        submit("cheating", JOINED, nothing | cheats.ANSWERS)
        for student, (code, tamper) in cheats.NOTEBOOKS.items():
            wrong = code + "\n\n\ndef age_weight(beta, k):\n    return 0.5"
            submit(student, "04_momentum.ipynb", nothing | {"age_weight": wrong}, tamper)


def scores(course: Path, student: str) -> dict[str, tuple[float, float]]:
    """What a student earned and could have earned, of what a machine marks."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission("all", student)
        given = {path.stem for path in (course / "submitted" / student).rglob("*.ipynb")}
        books = [book for book in submission.notebooks if book.name in given]
        grades = [grade for book in books for grade in book.grades]
        return {
            grade.name.removeprefix("check_"): (grade.auto_score, grade.max_score)
            for grade in grades
            if grade.name.startswith("check_")
        }


def lost(course: Path, student: str) -> set[str]:
    """Exercises that earned nothing; the others earned all their points."""
    marks = scores(course, student)
    assert all(score in (0, best) for score, best in marks.values())
    return {name for name, (score, _) in marks.items() if score == 0}


def exercises_of(*names: str) -> set[str]:
    found = [cell for name in names for cell in graded(read(EXERCISES / name))]
    return {cell.metadata.nbgrader.grade_id.removeprefix("check_") for cell in found}


def test_release_is_the_committed_notebook(course: Path) -> None:
    """So a student may hand in the notebook from the repository itself."""
    for path in make_exercises.SOLUTIONS:
        released = read(course / "release/all" / path.name)
        assert [c.source for c in released.cells] == [
            c.source for c in read(EXERCISES / path.name).cells
        ]


def test_a_perfect_submission_earns_everything(course: Path) -> None:
    assert set(scores(course, "perfect")) == set(CHECKED)
    assert lost(course, "perfect") == set()


def test_an_untouched_submission_earns_nothing(course: Path) -> None:
    assert lost(course, "untouched") == exercises_of(*UNTOUCHED)


def test_broken_answers_cost_their_own_marks_alone(course: Path) -> None:
    marks = scores(course, "half")
    mine = exercises_of("03_batching.ipynb")
    assert {name for name in mine if marks[name][0] == 0} == set(BROKEN)


def test_endless_loops_cost_their_own_marks_alone(course: Path) -> None:
    marks = scores(course, "endless")
    mine = exercises_of("04_momentum.ipynb")
    assert {name for name in mine if marks[name][0] == 0} == set(ENDLESS)


def test_thirty_ways_to_cheat_earn_nothing(course: Path) -> None:
    assert set(cheats.ANSWERS) <= set(CHECKED)
    assert len(cheats.ANSWERS) + len(cheats.NOTEBOOKS) >= 35
    marks = scores(course, "cheating")
    assert {name: marks[name][0] for name in cheats.ANSWERS} == dict.fromkeys(cheats.ANSWERS, 0)
    for student in cheats.NOTEBOOKS:
        assert not any(score for score, _ in scores(course, student).values()), student


def test_feedback_names_the_mistake_and_shows_no_library_source(course: Path) -> None:
    folder = Path(checks.__file__).parent
    names = ("runner", "compare", "process", "worker", "grading")
    files = [folder / f"{name}.py" for name in names]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    secret = {line.strip() for line in lines if len(line.strip()) > 40 and '"' not in line}
    pages = sorted((course / "feedback").rglob("*.html"))
    assert len(pages) >= 12
    everything = ""
    for page in pages:
        text = html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))
        assert not [line for line in secret if line in text], page
        everything += text
    assert "CheckFailed: gradient_A: The result is a str" in everything
    assert "CheckFailed: sigmoid: not attempted yet" in everything
    assert "CheckFailed: descend: It was stopped after 2 s of computing in line" in everything


def test_the_book_without_solutions_has_all_other_pages() -> None:
    def files(name: str) -> list[str]:
        found = re.findall(r"file: (\S+)", (ROOT / name).read_text(encoding="utf-8"))
        return [file for file in found if "/exercises/" not in file and "/solutions/" not in file]

    without = (ROOT / "_toc_without_solutions.yml").read_text(encoding="utf-8")
    assert files("_toc_without_solutions.yml") == files("_toc.yml")
    assert "chapters/solutions" not in without
    for path in make_exercises.SOLUTIONS:
        assert f"chapters/exercises/{path.stem}\n" in without


def test_committed_json_is_what_nbformat_writes() -> None:
    """Regenerating changes no byte that nobody meant to change."""
    for path in [*make_exercises.SOLUTIONS, *EXERCISES.glob("*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        assert text == nbformat.writes(nbformat.reads(text, as_version=4)) + "\n", path
        assert "execution" not in {key for c in json.loads(text)["cells"] for key in c["metadata"]}
