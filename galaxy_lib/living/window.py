"""A window of 5×5 weights that slides over a galaxy, and the map that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import traitlets

from galaxy_lib.checked import a_text, an_array, checked, several, wrong
from galaxy_lib.galaxy import as_pixels
from galaxy_lib.living.figure import STATIC, LivingFigure


class Window(LivingFigure):
    """What a 5×5 window sees, its weights, their products, and the map of their sums (chapter 8).

    Parameters
    ----------
    pictures : float array (n, side, side) or (n, side, side, C)
        Galaxies scaled to [0.01, 1], as `Galaxy.data`; of several bands the mean is shown.
    names : n strings
        What the galaxies are called.
    learned : dict of float arrays (5, 5), optional
        Weights to choose beside the built-in ones, by name: a trained network's, for example.

    Attributes
    ----------
    weights : list of 25 floats
        Row by row, not flipped; ``galaxy`` is the picture shown and ``cut`` whether negative sums
        become 0.
    """

    _esm = STATIC / "window.js"

    pictures = traitlets.Bytes().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    learned = traitlets.Dict().tag(sync=True)
    galaxy = traitlets.Int(0).tag(sync=True)
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    cut = traitlets.Bool(False).tag(sync=True)

    @checked
    def __init__(
        self,
        pictures: np.ndarray,
        names: Annotated[Sequence[str], several(a_text, "give a text for each picture")],
        learned: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        given, pictures = pictures, an_array("pictures", pictures, ...).astype(float)
        if pictures.ndim == 4:
            pictures = pictures.mean(axis=3)
        if pictures.ndim != 3 or 0 in pictures.shape or pictures.shape[1] != pictures.shape[2]:
            mend = "give an array (n, side, side) or (n, side, side, C)"
            raise wrong("pictures", given, mend)
        if len(names) != len(pictures):
            raise wrong("names", names, f"give {len(pictures)}, one for each picture")
        if not isinstance(learned, Mapping | None):
            raise wrong("learned", learned, "give a dict of arrays (5, 5)")
        by_name = {}
        for name, weights in (learned or {}).items():
            weights = an_array(f"learned[{name!r}]", weights, (5, 5))
            by_name[a_text("learned's name", name)] = weights.ravel().astype(float).tolist()
        bytes_ = as_pixels(pictures).round().astype(np.uint8)
        super().__init__(
            pictures=bytes_.tobytes(), side=pictures.shape[1], names=list(names), learned=by_name
        )
