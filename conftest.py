"""Every test sees the simulated sample, whatever the environment says (a notebook's kernel too).

What the checks draw comes from one seed, the same in every run: a gate that draws anew can turn
red for somebody who changed nothing. ``CHECK_SEED=$RANDOM make test`` tries another one.
"""

import os
from pathlib import Path

# Its first import lists the fonts and says so on stderr, which in a notebook is an error.
import matplotlib.font_manager  # noqa: F401
import pytest

from galaxy_lib.files.datasets import simulated_sample_path

# A kernel's figures go into the notebook, whatever a shell says, and nobody looks at it.
os.environ.pop("MPLBACKEND", None)
os.environ.pop("JPY_SESSION_NAME", None)

os.environ["GALAXY10_FILE"] = str(simulated_sample_path())


def pytest_configure() -> None:
    """Set the seed of a run; the workers of xdist, and kernels, inherit it."""
    os.environ["CHECK_SEED"] = os.environ.get("CHECK_SEED") or "2026"


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Let ``-n auto`` be one worker more than there are cores.

    Each waits a quarter of its time or more, for a kernel, a browser or a limit that has to pass.
    Not more than one: memory does not grow with the cores.
    """
    return (yield) + 1


def pytest_report_header() -> str:
    return f"the checks draw from CHECK_SEED={os.environ['CHECK_SEED']}"


def pytest_terminal_summary(terminalreporter) -> None:
    """Say it again at the end, where a log is read, also under ``-q``."""
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"To see it again: {pytest_report_header()}")


def pytest_collectstart(collector) -> None:
    """Compare no drawings, as nbval compares no PNG: they differ from machine to machine."""
    if Path(collector.path).suffix == ".ipynb" and hasattr(collector, "skip_compare"):
        collector.skip_compare += ("image/svg+xml",)
