"""Sphinx extension: pages follow the data, the library and the fork that they are made from.

Sphinx and its execution cache look at a notebook's text alone. Here they also look at what the
notebook reads: the data file in use and galaxy_lib's source. Each combination keeps a cache of its
own, so that going from one file of real galaxies to another and back executes nothing twice.

What is executed at all `stored_outputs` decides: on the simulated sample, notebooks whose code is
newer than their outputs, and the two pages in Markdown that have code and keep no outputs, the
landing page and the bibliography.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

import galaxy_lib
from galaxy_lib.files.datasets import dataset_path
from stored_outputs import is_rendered

logger = logging.getLogger(__name__)

# A long one that begins last would keep one core alone. The others follow by size.
LONGEST = (
    "05_training",
    "five_seeds",
    "08_convolution",
    "09_a_survey",
    "06_evaluation",
    "01_exploring_the_data",
    "bold_and_timid_steps",
)


def fingerprint(srcdir: Path) -> str:
    """Return a short hash of the data file in use (path, size, time) and of galaxy_lib's source."""
    with contextlib.chdir(srcdir / "chapters"):
        data = dataset_path().resolve()
    status = data.stat()
    digest = hashlib.sha256(f"{data} {status.st_size} {status.st_mtime_ns}".encode())
    package = Path(galaxy_lib.__file__).parent
    for source in sorted([*package.rglob("*.py"), *package.glob("living/static/*.js")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def separate_caches(app, config) -> None:
    """Give this fingerprint its own execution cache."""
    if os.environ.get("GALAXY10_FILE"):
        os.environ["GALAXY10_FILE"] = os.path.abspath(os.environ["GALAXY10_FILE"])
    config.galaxy_fingerprint = fingerprint(Path(app.srcdir))
    config.nb_execution_cache_path = str(
        Path(app.outdir).parent / ".jupyter_cache" / config.galaxy_fingerprint
    )


def start_afresh_for_another_toc(app, config) -> None:
    """Remove the site of another table of contents: its pages would stay, solutions included."""
    toc = Path(app.srcdir, config.external_toc_path).read_bytes()
    stamp = Path(app.doctreedir) / "toc"
    if stamp.exists() and stamp.read_bytes() != toc:
        shutil.rmtree(app.outdir)
        Path(app.outdir).mkdir()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_bytes(toc)


def work_side_by_side(app, config) -> None:
    """Read and write pages on all cores, for which jupyter-book has no option.

    Two extensions of its own do not say that they allow it: one numbers when all pages are read,
    the other makes PDFs.
    """
    app.parallel = os.cpu_count() or 1
    for name in ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex"):
        app.extensions[name].parallel_read_safe = True


def execute_side_by_side(app, env, docnames) -> None:
    """Fill the cache with the notebooks that have to run, as many at a time as there are cores.

    myst-nb would run them one after the other. What fails here is left to it: it runs that
    notebook once more, and reports it in its own way.
    """
    if app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(app.config.nb_execution_cache_path)

    def has_to_run(path, notebook) -> bool:
        if is_rendered(path, notebook, app.config):
            return False
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            return True
        return False

    def turn(path) -> tuple[int, int]:
        first = LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST)
        return first, -path.stat().st_size

    waiting = {}
    for path in sorted((Path(env.doc2path(name)) for name in docnames), key=turn):
        text = path.read_text(encoding="utf-8")
        # Of a page in Markdown it reads a notebook if there is code.
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        if reader is not None and has_to_run(path, notebook := reader.read(text)):
            waiting[path] = notebook
    if not waiting:
        return
    # Its first import lists the fonts and says so on stderr, which in a notebook is an error.
    import matplotlib.font_manager  # noqa: F401

    workers = min(os.cpu_count() or 1, len(waiting))
    logger.info("executing %d notebooks, %d at a time", len(waiting), workers)
    with ThreadPoolExecutor(workers) as pool:
        running = {
            pool.submit(
                single_nb_execution,
                notebook,
                cwd=str(path.parent),
                timeout=app.config.nb_execution_timeout,
                allow_errors=False,
                # A kernel's own remarks are not the reader's.
                extra_arguments=["--IPKernelApp.log_level=ERROR"],
            ): path
            for path, notebook in waiting.items()
        }
        for done, future in enumerate(as_completed(running), 1):
            path, result = running[future], future.result()
            name = path.relative_to(app.srcdir)
            logger.info("  %2d/%d %s %.0f s", done, len(running), name, result.time)
            if result.err is None:
                bundle = CacheBundleIn(
                    result.nb, str(path), data={"execution_seconds": result.time}
                )
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def follow_the_fork(app, config) -> None:
    """Name the authors that CITATION.cff names, and lead to the repository that publishes the book.

    A fork fills in that file alone; where a workflow publishes, it says the address itself.
    """
    citation = yaml.safe_load(Path(app.srcdir, "CITATION.cff").read_text("utf-8"))
    names = (
        each.get("name") or f"{each['given-names']} {each['family-names']}"
        for each in citation["authors"]
    )
    config.author = ", ".join(names)
    if url := os.environ.get("BOOK_REPOSITORY_URL") or citation.get("repository-code"):
        config.html_theme_options |= {
            "repository_url": url,
            "repository_branch": os.environ.get("BOOK_REPOSITORY_BRANCH", "main"),
            "use_repository_button": True,
            "launch_buttons": {
                "notebook_interface": "jupyterlab",
                "binderhub_url": "https://mybinder.org",
                "colab_url": "https://colab.research.google.com",
            },
        }


def setup(app):
    """Register with Sphinx; a changed fingerprint makes it read every page again."""
    app.add_config_value("galaxy_fingerprint", "", "env")
    app.connect("config-inited", separate_caches, priority=100)
    app.connect("config-inited", work_side_by_side)
    app.connect("config-inited", start_afresh_for_another_toc)
    app.connect("config-inited", follow_the_fork)
    app.connect("env-before-read-docs", execute_side_by_side)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
