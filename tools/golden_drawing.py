"""What the simulator draws, kept in the repository: three rows of each class of the sample.

    python tools/golden_drawing.py       (writes tests/data/golden_drawing.npz; after a new drawing)

A cached sample can be older than the code, and then all that was computed from it is wrong on every
other machine. So the tests draw these rows anew and compare them, and the cached sample, with what
is kept here; `make notebooks` executes no page on a sample that differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from galaxy_lib.files.datasets import SAMPLE_SEED, SAMPLE_SIZE
from galaxy_lib.files.disk import written_whole
from galaxy_lib.files.reading import block_sums
from galaxy_lib.simulator import draw, plan_sample

GOLDEN = Path(__file__).resolve().parents[1] / "tests/data/golden_drawing.npz"
BLOCK = 64  # pixels a side
MOST = 16
"""Levels by which the sum over a block of 4096 pixels may differ from one processor to another.

Measured: single levels in one pixel of fifty thousand, so 0 or 1 a block. A constant of the drawing
that changes by a thousandth moves dozens of sums by hundreds."""


class Rows(NamedTuple):
    """Some rows of a sample: ``sums`` (n, 4, 4, 3) over blocks of pixels, and their columns.

    ``columns`` (n, 5) float64 are label, ra, dec, redshift (NaN: unknown), pxscale.
    """

    rows: np.ndarray
    sums: np.ndarray
    columns: np.ndarray

    def difference(self, other: Rows) -> str | None:
        """Say in which of the rows another sample differs, or return None."""
        apart = np.abs(self.sums.astype(int) - other.sums).max(axis=(1, 2, 3)) > MOST
        alike = np.isclose(self.columns, other.columns, rtol=1e-12, atol=0, equal_nan=True)
        if apart.any():
            return f"the pictures of rows {self.rows[apart].tolist()} differ"
        if not alike.all():
            return f"the columns of rows {self.rows[~alike.all(axis=1)].tolist()} differ"
        return None


def golden() -> Rows:
    """Return what is kept in the repository."""
    with np.load(GOLDEN) as kept:
        return Rows(kept["rows"], kept["sums"], kept["columns"])


def _sums(pictures: Iterable[np.ndarray]) -> np.ndarray:
    return block_sums(np.stack([*pictures]), BLOCK)


def drawn(rows: np.ndarray) -> Rows:
    """Draw rows of the default sample, in memory: no cache has a say in it."""
    plans = plan_sample(SAMPLE_SEED, SAMPLE_SIZE)
    drawings = [draw(plans[row]) for row in rows]
    columns = [
        (plans[row].label, plans[row].ra, plans[row].dec, one.redshift, one.pxscale)
        for row, one in zip(rows, drawings, strict=True)
    ]
    return Rows(rows, _sums(one.image for one in drawings), np.array(columns))


def stored(path: Path, rows: np.ndarray) -> Rows:
    """Read rows of a file."""
    names = ("ans", "ra", "dec", "redshift", "pxscale")
    with h5py.File(path) as ds:
        columns = np.stack([ds[name][:][rows] for name in names], axis=1)
        return Rows(rows, _sums(ds["images"][row] for row in rows), columns.astype(float))


def refuse_another(sample: Path) -> None:
    """Raise a ValueError if the rows of a cached sample are not what the code draws."""
    rows = golden().rows
    if problem := drawn(rows).difference(stored(sample, rows)):
        raise ValueError(
            f"{sample} is not what galaxy_lib draws ({problem}): remove it, and it is drawn anew."
        )


def main() -> None:
    """Write what the code draws now."""
    labels = np.array([plan.label for plan in plan_sample(SAMPLE_SEED, SAMPLE_SIZE)])
    first = [np.flatnonzero(labels == label)[[0, 7, -1]] for label in range(10)]
    with written_whole(GOLDEN) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **drawn(np.concatenate(first))._asdict())
    print(f"{GOLDEN.name}: {GOLDEN.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
