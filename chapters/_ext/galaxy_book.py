"""Sphinx extension: pages follow the data, the library and the fork that they are made from.

Sphinx and its execution cache look at a notebook's text alone. Here they also look at what the
notebook reads: the data file in use and galaxy_lib's source. Each combination keeps a cache of its
own, so that going from the simulated sample to the real galaxies and back executes nothing twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

import galaxy_lib
from galaxy_lib.files.datasets import dataset_path


def fingerprint(srcdir: Path) -> str:
    """Return a short hash of the data file in use (path, size, time) and of galaxy_lib's source."""
    with contextlib.chdir(srcdir / "chapters"):
        data = dataset_path().resolve()
    status = data.stat()
    digest = hashlib.sha256(f"{data} {status.st_size} {status.st_mtime_ns}".encode())
    for source in sorted(Path(galaxy_lib.__file__).parent.rglob("*.py")):
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


def follow_the_fork(app, config) -> None:
    """Lead the launch buttons to the repository that publishes the book, if it says which."""
    if url := os.environ.get("BOOK_REPOSITORY_URL"):
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
    app.connect("config-inited", start_afresh_for_another_toc)
    app.connect("config-inited", follow_the_fork)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
