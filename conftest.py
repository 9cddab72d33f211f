"""Every test sees the simulated sample, whatever the environment says (a notebook's kernel too)."""

import os
from pathlib import Path

# Its first import lists the fonts and says so on stderr, which in a notebook is an error.
import matplotlib.font_manager  # noqa: F401

from galaxy_lib.files.datasets import simulated_sample_path

os.environ["GALAXY10_FILE"] = str(simulated_sample_path())


def pytest_collectstart(collector) -> None:
    """Compare no drawings, as nbval compares no PNG: they differ from machine to machine."""
    if Path(collector.path).suffix == ".ipynb" and hasattr(collector, "skip_compare"):
        collector.skip_compare += ("image/svg+xml",)
