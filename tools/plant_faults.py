"""Break the module in four ways, one at a time, and see that its two commands notice.

    python tools/plant_faults.py

Works on a copy of what git tracks, with its own environment; takes about a quarter of an hour.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]


def copy_of_tree(target: Path) -> None:
    """Copy the tracked files, as they are in the work tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def substitute(pattern: str, replacement: str) -> Callable[[str], str]:
    """Return an edit of a text that must change it."""

    def edit(text: str) -> str:
        changed, count = re.subn(pattern, replacement, text, count=1)
        if not count:
            raise LookupError(f"Nothing matches {pattern!r}: mend this mutation.")
        return changed

    return edit


def other_number(text: str) -> str:
    """Change one digit in the first stored text output that nbval compares and that has one."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and re.search(r"\d", output.text):
                output.text = re.sub(
                    r"\d", lambda m: str((int(m[0]) + 1) % 10), output.text, count=1
                )
                return nbformat.writes(notebook)
    raise LookupError("No stored output holds a number: mend this mutation.")


def raising_cell(text: str) -> str:
    """Add a cell that raises."""
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    return nbformat.writes(notebook)


MUTATIONS = [
    ("a formula", "galaxy_lib/network.py", substitute(r"z \* \(1 - z\)", "z * (1 + z)"), "test"),
    ("a stored number", "chapters/01_exploring_the_data.ipynb", other_number, "test"),
    ("a cross-reference", "chapters/index.md", substitute(r"notation\.md", "notatoin.md"), "book"),
    ("a raising cell", "chapters/02_managing_the_data.ipynb", raising_cell, "book"),
]


def main() -> int:
    """Return the number of mutations that nothing noticed."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "copy"
        copy_of_tree(tree)
        subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
        for what, name, edit, target in MUTATIONS:
            path = tree / name
            before = path.read_text(encoding="utf-8")
            path.write_text(edit(before), encoding="utf-8")
            run = subprocess.run(["make", target], cwd=tree, capture_output=True, text=True)
            path.write_text(before, encoding="utf-8")
            missed += run.returncode == 0
            said = "noticed" if run.returncode else "MISSED"
            print(f"{what:18s} in {name:40s} make {target}: {said}", flush=True)
        for target in ("book", "test"):
            run = subprocess.run(["make", target], cwd=tree, capture_output=True, text=True)
            missed += run.returncode != 0
            print(f"{'nothing broken':62s} make {target}: exit {run.returncode}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
