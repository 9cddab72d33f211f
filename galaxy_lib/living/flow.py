"""What flows forward and back through a network of 4 inputs, 3 hidden units and 2 outputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import traitlets

from galaxy_lib.checked import an_array, truth, whole, wrong
from galaxy_lib.living.figure import STATIC, LivingFigure

N_IN, N_HIDDEN, N_OUT, S = 4, 3, 2, 4
N_LINES = 7


def _matrix(shape: tuple[int, int]) -> Callable:
    """Return a check that makes a list of rows, as the browser takes it."""

    def check(name: str, value: Any) -> list[list[float]]:
        given = an_array(name, value, shape).astype(float)
        if not np.isfinite(given).all():
            raise wrong(name, value, "give finite numbers")
        return given.tolist()

    return check


class Flow(LivingFigure):
    """Line by line through forward pass and gradients, each with its numbers (chapter 3).

    Attributes
    ----------
    A, B : lists of rows, (2, 3) and (3, 4)
        The weights; the reader drags them, and the loss follows.
    x, y : lists of rows, (4, 4) and (2, 4)
        Four galaxies, one a column, and their known outputs.
    four : bool
        Whether all four galaxies are a batch; without it, the first one is alone.
    step : int
        The line shown, 1 (z̃) to 7 (∂L/∂B).
    """

    _esm = STATIC / "flow.js"

    _checks: ClassVar = LivingFigure._checks | {
        "A": _matrix((N_OUT, N_HIDDEN)),
        "B": _matrix((N_HIDDEN, N_IN)),
        "x": _matrix((N_IN, S)),
        "y": _matrix((N_OUT, S)),
        "four": truth,
        "step": partial(whole, high=N_LINES),
    }

    A = traitlets.List([[1, -1.5, 0.5], [-0.5, 2, -1]]).tag(sync=True)
    B = traitlets.List([[1, 0.5, -0.5, -1], [-1, 0.5, 1.5, 0.5], [0.5, -1, 1, -1.5]]).tag(sync=True)
    x = traitlets.List(
        [[0.9, 0.2, 0.8, 0.1], [0.6, 0.3, 0.9, 0.2], [0.2, 0.7, 0.3, 0.6], [0.1, 0.9, 0.2, 0.5]]
    ).tag(sync=True)
    y = traitlets.List([[0.99, 0.01, 0.99, 0.01], [0.01, 0.99, 0.01, 0.99]]).tag(sync=True)
    four = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    def __init__(self, **traits) -> None:
        super().__init__(**self._checked(traits))
