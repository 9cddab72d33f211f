"""What a machine may lack: compiled helpers, threads, child processes, links, a newer HDF5."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from galaxy_lib.files import hdf5

LACKS_MODULES = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"isal", "psutil", "fcntl", "resource"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
LACKS_THE_SYSTEM = """
import os, subprocess, threading

def refused(*args, **options):
    raise OSError(138, "not supported")

def no_thread(self):
    raise RuntimeError("can't start new thread")

del os.link
if hasattr(os, "sched_getaffinity"):
    del os.sched_getaffinity
subprocess.Popen, threading.Thread.start = refused, no_thread
"""
WORKS = """
import numpy as np
from galaxy_lib import DataManager, NeuralNetwork, checks
from galaxy_lib.files import datasets, hdf5

datasets.simulate_sample("few.h5", 40, seed=1)
for _ in range(2):  # the second time from the cache
    with DataManager(datafile="few.h5", coarsen=16, seed=1) as dm:
        network = NeuralNetwork(dm, seed=1)
        network.train(n_epochs=2)
        network.save("net.npz")
print(NeuralNetwork.load("net.npz", dm).n_trained, hdf5.zlib.__name__)
print(repr(checks.sigmoid(lambda u: 1 / (1 + np.exp(-u)))), "|", repr(checks.sigmoid(np.exp)))
"""
ENDLESS = """
def endless(u):
    while True:
        pass
print(repr(checks.sigmoid(endless)))
"""


def said_by(code: str, folder: Path) -> list[str]:
    environment = os.environ | {"GALAXY10_CACHE": str(folder), "GALAXY10_FILE": ""}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.splitlines()[4:]  # after two times two epochs


@pytest.mark.parametrize("lacks", ["", LACKS_MODULES, LACKS_MODULES + LACKS_THE_SYSTEM])
def test_it_works_without(lacks, tmp_path):
    works = WORKS if LACKS_THE_SYSTEM in lacks else WORKS + ENDLESS
    trained, checked, *stopped = said_by(lacks + works, tmp_path)
    assert trained == f"64 {'zlib' if lacks else 'isal.isal_zlib'}"
    assert checked.startswith("correct | ")
    assert "correct" not in checked.split(" | ")[1]
    assert all("does every loop there end?" in sentence for sentence in stopped)
    assert len(stopped) == (works != WORKS)


def test_both_libraries_write_and_read_the_same(tmp_path):
    block = np.random.default_rng(1).integers(0, 9, 100_000, dtype=np.uint8).tobytes()
    for one, other in ((zlib, hdf5.zlib), (hdf5.zlib, zlib)):
        assert one.crc32(block) == other.crc32(block)
        assert one.decompressobj().decompress(other.compress(block, 1), len(block) + 1) == block


def test_chunks_are_found_one_by_one_too(tmp_path):
    class Older:  # HDF5 before 1.12.3 cannot iterate over chunks
        def __init__(self, array_id):
            self.get_num_chunks, self.get_chunk_info = (
                array_id.get_num_chunks,
                array_id.get_chunk_info,
            )

    with h5py.File(tmp_path / "a.h5", "w") as file:
        array = file.create_dataset("a", data=np.arange(60).reshape(6, 10), chunks=(2, 5))
        found = hdf5._chunks(array.id).reshape(6, 5)
        assert np.array_equal(found[:, :2], [(i, k) for i in (0, 2, 4) for k in (0, 5)])
        assert np.array_equal(hdf5._chunks(Older(array.id)).reshape(6, 5), found)


def test_a_users_own_style_does_not_reach_a_page(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\nlines.marker: o\n")
    code = (
        "import matplotlib.pyplot as plt\nfrom galaxy_lib import plots\n"
        "print(plt.rcParams['text.usetex'])\nplots.use_style()\n"
        "print(*map(plt.rcParams.get, ['text.usetex', 'font.size', 'lines.marker']))"
    )
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path), "MPLBACKEND": "Agg"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=600
    )
    assert run.stdout.splitlines() == ["True", "False 10.0 None"]


def test_a_kernel_shows_figures_whatever_the_shell_says(tmp_path):
    notebook = nbformat.v4.new_notebook()
    lines = "from galaxy_lib import plots\nplots.use_style()\nimport matplotlib.pyplot as plt"
    notebook.cells = [
        nbformat.v4.new_code_cell(lines),
        nbformat.v4.new_code_cell("plt.plot([1, 2])\nplt.show()"),
    ]
    environment = os.environ | {"MPLBACKEND": "Agg"}
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute(env=environment)
    kinds = [kind for output in notebook.cells[1].outputs for kind in output.get("data", {})]
    assert "image/svg+xml" in kinds
    assert "image/png" in kinds
