"""A window of 5×5 weights that slides over a galaxy, and the map that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import traitlets

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

    def __init__(
        self,
        pictures: np.ndarray,
        names: Sequence[str],
        learned: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        pictures = np.asarray(pictures, dtype=np.float64)
        if pictures.ndim == 4:
            pictures = pictures.mean(axis=3)
        if pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2]:
            raise ValueError(
                f"pictures has shape {pictures.shape}, but must be (n, side, side) "
                "or (n, side, side, C)."
            )
        if len(names) != len(pictures):
            raise ValueError(f"There are {len(pictures)} pictures, but {len(names)} names.")
        by_name = {}
        for name, weights in (learned or {}).items():
            if np.shape(weights) != (5, 5):
                raise ValueError(
                    f"The weights {name!r} have shape {np.shape(weights)}, but must be (5, 5)."
                )
            by_name[name] = np.ravel(weights).astype(float).tolist()
        bytes_ = np.clip((pictures - 0.01) / 0.99 * 255, 0, 255).round().astype(np.uint8)
        super().__init__(
            pictures=bytes_.tobytes(), side=pictures.shape[1], names=list(names), learned=by_name
        )
