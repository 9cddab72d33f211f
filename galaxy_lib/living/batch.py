"""The slopes that batches report, as the reader changes their size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import traitlets

from galaxy_lib.checked import a_text, checked, several, whole
from galaxy_lib.living.figure import STATIC, LivingFigure


class Batch(LivingFigure):
    """A cloud of 300 batches of S galaxies in the plane of two slopes, and its noise (chapter 3).

    Parameters
    ----------
    slopes : float array (2, N)
        ∂L/∂w of two weights w, as each of N galaxies alone reports them.
    names : two strings
        What the axes are called.
    S : int
        The batch size shown first, 1 to 256.
    """

    _esm = STATIC / "batch.js"

    slopes = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    S = traitlets.Int(16).tag(sync=True)

    _checks: ClassVar = LivingFigure._checks | {"S": partial(whole, high=256)}

    @checked
    def __init__(
        self,
        slopes: Annotated[np.ndarray, (2, "N")],
        names: Annotated[Sequence[str], several(a_text, "give two texts", 2)],
        S: Annotated[int, partial(whole, high=256)] = 16,
    ) -> None:
        slopes = np.asarray(slopes, dtype="<f4")
        super().__init__(slopes=slopes.tobytes(), names=list(names), S=S)
