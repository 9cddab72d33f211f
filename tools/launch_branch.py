"""Give every notebook a first cell that installs the course's package where it is missing.

    python tools/launch_branch.py REPOSITORY_URL COMMIT

Colab opens a notebook alone, without the repository around it. The address is known only when a
fork publishes its book, so the cell is added then, on the branch that the launch buttons open.
"""

import sys
from pathlib import Path

import nbformat

SOURCE = """\
# Colab opens this notebook alone: fetch the course's package. Elsewhere it is there already.
import importlib.util

if importlib.util.find_spec("galaxy_lib") is None:
    %pip install --quiet "galaxy-lib[survey] @ git+{url}@{commit}"
"""

for path in Path("chapters").rglob("*.ipynb"):
    notebook = nbformat.read(path, as_version=4)
    source = SOURCE.format(url=sys.argv[1], commit=sys.argv[2])
    notebook.cells.insert(0, nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)
