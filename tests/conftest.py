"""Fixtures that several test files share: tiny files in the data set's own schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# An example, and drawing one, may take as long as the machine needs; the examples are the same in
# every run, or a gate would turn red for somebody who changed nothing.
settings.register_profile(
    "patient",
    settings.default,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


STYLE = {name: value for name, value in plt.rcParams.items() if not name.startswith("backend")}


@pytest.fixture(autouse=True)
def style_of_its_own():
    """Give each test Matplotlib's settings as they were: a page's style stays with its page."""
    with plt.rc_context(STYLE):
        yield


def beside(name: str) -> Path:
    """Return a file that lies beside the repository on the client's machines alone.

    Nothing else looks outside the repository: real pictures may not be committed, and how a page's
    minutes are measured is the client's affair. Where there is none, the test is skipped.
    """
    path = Path(__file__).resolve().parents[2] / "shared" / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine")
    return path


@pytest.fixture(scope="session")
def real_sample() -> Path:
    """Return the path of the 50 real pictures."""
    return beside("real_sample/galaxy10_real_sample.h5")


@pytest.fixture(scope="session")
def measure_chapters() -> Path:
    """Return the path of the script that measures a page's minutes."""
    return beside("measure_chapters.py")


NBGRADER = """\
import json, sys
from nbgrader.apps import NbGraderApp

for command in json.loads(sys.argv[1]):
    NbGraderApp.clear_instance()
    try:
        NbGraderApp.launch_instance(command)
    except SystemExit as end:  # a student's file was unreadable
        print("ended with", end.code, file=sys.stderr)
"""


@pytest.fixture(scope="session")
def nbgrader():
    """Return a function that runs commands of nbgrader's in a course, and returns its log.

    They run in one process, for it takes seconds to import: ``nbgrader(folder, [command, word],
    ..., VARIABLE=value)``; a variable of the environment that is None is taken away.
    """
    pytest.importorskip("nbgrader", reason="nbgrader (the extra [instructor]) is not installed")
    return _nbgrader


def _nbgrader(folder: Path, *commands: list[str], **variables: str | None) -> str:
    paths = [
        str(Path(__file__).resolve().parents[1]),
        *filter(None, [os.environ.get("PYTHONPATH")]),
    ]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "OMP_NUM_THREADS": "1",
        "NBGRADER_EXECUTION": None,
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", NBGRADER, json.dumps(commands)],
        cwd=folder,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr + done.stdout


@pytest.fixture(scope="session")
def write_galaxies():
    """Return a function that writes a file which the test may change: see `galaxy_file`."""
    return _write


@pytest.fixture(scope="session")
def galaxy_file(tmp_path_factory):
    """Return a factory of small Galaxy10 files: ``galaxy_file(n_per_class=3, size=32) -> Path``.

    Rows are sorted by class. A picture is noise around a level and a stripe that its class sets,
    so that a network can learn it. Further keywords go to ``create_dataset`` for ``images``
    (``chunks=``, ``compression=``, ...). Calls with equal arguments return the same file, which
    tests must not change.
    """
    folder = tmp_path_factory.mktemp("galaxies")
    made: dict[str, Path] = {}

    def make(n_per_class: int = 3, size: int = 32, *, seed: int = 0, **images_options) -> Path:
        key = repr((n_per_class, size, seed, sorted(images_options.items())))
        if key not in made:
            path = folder / f"galaxies-{len(made)}.h5"
            _write(path, n_per_class, size, seed, images_options)
            made[key] = path
        return made[key]

    return make


def _write(
    path: Path, n_per_class: int, size: int = 32, seed: int = 0, options: dict | None = None
) -> None:
    """Write a file of ``10 * n_per_class`` galaxies with known positions, redshifts and scales."""
    rng = np.random.default_rng(seed)
    answers = np.repeat(np.arange(10, dtype=np.uint8), n_per_class)
    n = len(answers)
    images = rng.integers(0, 60, (n, size, size, 3), dtype=np.uint8)
    images += (answers * 8)[:, None, None, None]
    for row, answer in enumerate(answers.tolist()):
        images[row, answer * size // 10 : (answer + 1) * size // 10] += 100
    with h5py.File(path, "w") as ds:
        ds.create_dataset(
            "images", data=images, **({"chunks": (1, size, size, 3)} | (options or {}))
        )
        ds["ans"] = answers
        ds["ra"] = rng.uniform(0, 360, n)
        ds["dec"] = rng.uniform(-30, 30, n)
        ds["redshift"] = np.where(np.arange(n) % 7 == 3, np.nan, rng.uniform(0.01, 0.2, n))
        ds["pxscale"] = np.full(n, 0.262)
