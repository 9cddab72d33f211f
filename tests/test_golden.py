"""The drawing is the one that the pages were executed on: see tools/golden_drawing.py."""

from __future__ import annotations

import re
import shutil

import golden_drawing as tool
import h5py
import numpy as np
import pytest

from galaxy_lib.files.datasets import simulated_sample_path
from galaxy_lib.simulator import drawing

MEND = (
    "Numbers on every page hang on the drawing. If it was meant to change: "
    "python tools/golden_drawing.py, make notebooks, and renew the prose."
)


@pytest.fixture(scope="module")
def golden():
    return tool.golden()


def test_three_rows_of_each_class_are_kept(golden):
    assert golden.columns[:, 0].tolist() == np.repeat(np.arange(10), 3).tolist()
    assert len(set(golden.rows.tolist())) == 30
    assert tool.GOLDEN.stat().st_size < 10_000


def test_the_code_draws_what_is_kept(golden):
    assert (problem := golden.difference(tool.drawn(golden.rows))) is None, f"{problem}. {MEND}"


def test_the_cached_sample_is_what_is_kept(golden):
    sample = simulated_sample_path()
    problem = golden.difference(tool.stored(sample, golden.rows))
    assert problem is None, f"The cached sample {sample} is stale: {problem}. Remove it."


FAULTS = {
    "constant": ("MARGIN", 17),
    "size": ("KINDS", tuple((*kind[:1], kind[1] * 1.001, *kind[2:]) for kind in drawing.KINDS)),
    "profile": ("sersic", lambda r, half, n, right=drawing.sersic: right(r, 1.001 * half, n)),
    "reordered draw": (
        "add_companions",
        lambda rng, *given, right=drawing.add_companions: (rng.random(), right(rng, *given)),
    ),
}


@pytest.mark.parametrize(("name", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_changed_drawing_is_noticed(golden, monkeypatch, name, fault):
    few = tool.Rows(*(part[6:9] for part in golden))
    assert few.difference(tool.drawn(few.rows)) is None
    monkeypatch.setattr(drawing, name, fault)
    assert "pictures" in few.difference(tool.drawn(few.rows))


def test_a_changed_plan_is_noticed(golden, monkeypatch):
    moved = drawing.sky_position

    def position(rng):
        ra, dec = moved(rng)
        return ra, dec + 1e-6

    monkeypatch.setattr(drawing, "sky_position", position)
    few = tool.Rows(*(part[:3] for part in golden))
    assert few.difference(tool.drawn(few.rows)) == f"the columns of rows {few.rows.tolist()} differ"


def test_pages_are_executed_on_no_stale_sample(golden, tmp_path):
    stale = tmp_path / "stale.h5"
    shutil.copyfile(simulated_sample_path(), stale)
    row = int(golden.rows[4])
    with h5py.File(stale, "r+") as ds:
        picture = ds["images"][row].astype(int) + 1
        ds["images"][row] = np.minimum(picture, 255)
    with pytest.raises(ValueError, match=re.escape(f"rows [{row}] differ")):
        tool.refuse_another(stale)
    assert tool.refuse_another(simulated_sample_path()) is None
