"""Sphinx extension: the book shows what its author saw.

On the simulated sample a notebook whose outputs are those of its code is rendered as it was
committed, not executed. What is newer than its outputs is executed: `tools/execute_notebooks.py`
keeps a digest of the code cells with the outputs, and here the two are compared. With
``GALAXY10_FILE`` or ``BOOK_EXECUTE=all`` (``make book EXECUTE=all``) every notebook is executed.

A figure that moves is stored as its values (`galaxy_lib.living.stored`). It is made again here, on
the sample, and put where the kernel's own view of it would be: all that follows treats both alike.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

import nbformat
from sphinx.errors import ConfigError
from sphinx.util import logging

from galaxy_lib.files.find import lying_in

logger = logging.getLogger(__name__)

DIGEST = "code_digest"  # in a notebook's metadata
FIGURE = "application/vnd.galaxy-lib.figure+json"  # as galaxy_lib.living.stored has it
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


def code_digest(notebook: nbformat.NotebookNode) -> str:
    """Return a digest of the sources of a notebook's code cells, and of nothing else."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    sources = [source.replace("\r\n", "\n").replace("\r", "\n") for source in sources]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def executes_all(config) -> bool:
    """Say whether every notebook is executed, whatever is stored in it."""
    return config.galaxy_execute == "all"


def choose(app, config) -> None:
    """Note what is to be executed; when that changes, Sphinx reads every page again."""
    asked = os.environ.get("BOOK_EXECUTE", "")
    if asked not in ("", "all"):
        raise ConfigError(f"EXECUTE is {asked!r}: give EXECUTE=all, or nothing.")
    config.galaxy_execute = "all" if os.environ.get("GALAXY10_FILE") else asked


def is_rendered(path: Path, notebook: nbformat.NotebookNode, config) -> bool:
    """Say whether the outputs in a notebook are shown, and it is not executed."""
    # A real file beside a notebook is used by it: `galaxy_lib.dataset_path`.
    if executes_all(config) or lying_in(path.parent):
        return False
    return notebook.metadata.get(DIGEST) == code_digest(notebook)


def render_what_is_stored(app, docname: str, source: list[str]) -> None:
    """Have myst-nb render a notebook without executing it, and give it its figures that move."""
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".ipynb":
        return
    notebook = nbformat.reads(source[0], as_version=4)
    if not is_rendered(path, notebook, app.config):
        return
    notebook.metadata["mystnb"] = {"execution_mode": "off"}
    with contextlib.chdir(path.parent):
        for problem in show_figures(notebook):
            name = path.relative_to(app.srcdir).as_posix()
            mend = f"execute the page: python tools/execute_notebooks.py {name}"
            logger.warning("%s; %s", problem, mend, location=docname)
            app.env.reread_always.add(docname)  # the next build says so again
    source[0] = nbformat.writes(notebook)


def show_figures(notebook: nbformat.NotebookNode) -> list[str]:
    """Put the stored figures' views into a notebook's outputs, their state into its metadata.

    Returns what could not be shown, a sentence for each.
    """
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    stored = [output.data for output in outputs if FIGURE in output.get("data", {})]
    if not stored:
        return []
    # Only here: they take their time, and tools/execute_notebooks.py needs the digest alone.
    from ipywidgets.embed import dependency_state

    from galaxy_lib.living.stored import restored

    figures, problems = [], []
    for data in stored:
        told = data.pop(FIGURE)
        try:
            figure = restored(told)
        except ValueError as error:
            problems.append(f"the stored figure {told.get('figure')} cannot be shown: {error}")
            continue
        figures.append(figure)
        data[VIEW] = figure.get_view_spec()
    if not figures:
        return problems
    state = dependency_state(figures, drop_defaults=False)
    notebook.metadata["widgets"] = {STATE: {"version_major": 2, "version_minor": 0, "state": state}}
    # Names that are the same in every build, and that tell what was rendered from what was run.
    text = nbformat.writes(notebook)
    for number, name in enumerate(state):
        text = text.replace(name, f"stored-{number}")
    notebook.update(nbformat.reads(text, as_version=4))
    return problems


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("galaxy_execute", "", "env")
    app.connect("config-inited", choose)
    app.connect("source-read", render_what_is_stored)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
