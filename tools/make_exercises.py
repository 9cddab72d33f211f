"""Make the students' notebooks from the solutions, by nbgrader's own preprocessors.

    python tools/make_exercises.py                      writes and executes chapters/exercises/
    python tools/make_exercises.py --course FOLDER      sets up a new nbgrader course instead

A solution notebook has the answers between BEGIN SOLUTION and END SOLUTION.
Needs the extra: pip install -e '.[instructor]'.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = sorted((ROOT / "chapters/solutions").glob("*.ipynb"))
STUB = "# YOUR CODE HERE"
BOOK_TAGS = {"hide-input", "remove-input"}

CONFIG = f'''"""nbgrader's settings for this course; see the instructor's page of the book."""

from nbgrader.converters import Autograde

from galaxy_lib import dataset_path
from galaxy_lib.checks.grading import Execute, Feedback, Repair, Submissions

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "galaxies"
c.CourseDirectory.root = {{root!r}}
c.ClearSolutions.code_stub = {{{{"python": "{STUB}"}}}}
# Notebooks are read as any editor writes them, and cells that lost their marks get them back.
c.Autograde.exporter_class = Submissions
c.Autograde.sanitize_preprocessors = [
    Repair,
    *Autograde.sanitize_preprocessors.default(),
]
# The sample is drawn beforehand, once: in a notebook, the time limit would end that.
c.Autograde.pre_convert_hook = lambda **submission: dataset_path()
# Checks are judged in nbgrader's own process, where a notebook cannot reach them.
c.Autograde.autograde_preprocessors = [
    Execute,
    *Autograde.autograde_preprocessors.default()[1:],
]
# An endless function is stopped after 10 s; this stops an endless loop outside of one.
c.Execute.limit = 10
c.Execute.timeout = 60
# The list on a student's page has the exercises' titles.
c.GenerateFeedback.exporter_class = Feedback
# A learning management system's names: anna_01_exploring_the_data.ipynb, or anna_…_01_….ipynb.
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\\\](?P<student_id>[^/\\\\_]+)_(?:.*_)?(?P<file_id>\\d\\d_[a-z_]+)\\.ipynb$"
)
'''


def as_source(path: Path) -> nbformat.NotebookNode:
    """Return a solution notebook as nbgrader's source: a student's title, no tags for the book."""
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0]
    title.source = title.source.replace("# Solutions: ", "# Exercises: ", 1)
    for cell in notebook.cells:
        tags = [tag for tag in cell.metadata.pop("tags", []) if tag not in BOOK_TAGS]
        if tags:
            cell.metadata["tags"] = tags
    return notebook


def as_exercises(path: Path) -> nbformat.NotebookNode:
    """Return what the student gets, not yet executed."""
    from nbgrader import preprocessors
    from traitlets.config import Config

    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    notebook = as_source(path)
    for name in (
        "LockCells",
        "ClearSolutions",
        "ClearOutput",
        "CheckCellMetadata",
        "ClearHiddenTests",
        "ClearMarkScheme",
        "ComputeChecksums",
        "CheckCellMetadata",
    ):
        notebook, _ = getattr(preprocessors, name)(config=config).preprocess(notebook, {})
    return notebook


def write_exercises() -> None:
    """Write and execute chapters/exercises/, one notebook for each solution."""
    from execute_notebooks import execute

    from galaxy_lib.files.datasets import simulated_sample_path

    os.environ["GALAXY10_FILE"] = str(simulated_sample_path())
    for path in SOLUTIONS:
        target = ROOT / "chapters/exercises" / path.name
        print(target.relative_to(ROOT), flush=True)
        part = target.with_name(f".{target.name}")
        nbformat.write(as_exercises(path), part)
        try:
            execute(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def write_course(folder: Path) -> None:
    """Write a course folder: settings, and each chapter as an assignment of its own."""
    folder.mkdir(parents=True)
    config = CONFIG.format(root=str(folder.resolve()))
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    for path in SOLUTIONS:
        source = folder / "source" / path.stem / path.name
        source.parent.mkdir(parents=True)
        nbformat.write(as_source(path), source)
    print(f"{folder} holds {len(SOLUTIONS)} assignments")


if __name__ == "__main__":
    parser = argparse.ArgumentParser("make_exercises.py", description=__doc__.splitlines()[0])
    parser.add_argument("--course", type=Path, metavar="FOLDER", help="a folder yet to be made")
    arguments = parser.parse_args()
    if arguments.course:
        write_course(arguments.course)
    else:
        write_exercises()
