"""Give every notebook a first cell that installs the course's package where it is missing.

    python tools/launch_branch.py REPOSITORY_URL COMMIT

Colab opens a notebook alone, without the repository around it. The address is known only when a
fork publishes its book, so the cell is added then, on the branch that the launch buttons open; it
names the commit, so that notebooks and library stay together. `handout --launch` writes that branch
without the solutions.
"""

import sys
from pathlib import Path

import nbformat

SOURCE = """\
# Colab opens this notebook alone: fetch the course's package. Elsewhere it is there already.
import importlib.util

if importlib.util.find_spec("galaxy_lib") is None:
    %pip install --quiet "galaxy-lib[survey] @ {where}"
"""


def with_first_cell(notebook: nbformat.NotebookNode, where: str) -> nbformat.NotebookNode:
    """Return a notebook that first installs the package from ``where``, what pip reads."""
    cell = nbformat.v4.new_code_cell(SOURCE.format(where=where), id="install")
    notebook.cells.insert(0, cell)
    return notebook


if __name__ == "__main__":
    address = f"git+{sys.argv[1]}@{sys.argv[2]}"
    for path in Path("chapters").rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(with_first_cell(notebook, address), path)
