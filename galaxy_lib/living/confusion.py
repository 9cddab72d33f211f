"""A confusion matrix that shows the galaxies behind each of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import traitlets

from galaxy_lib.checked import checked
from galaxy_lib.course import OUR_DATA
from galaxy_lib.data import DataManager
from galaxy_lib.galaxy import N_TYPES, galaxy_types
from galaxy_lib.living.figure import GALAXIES, STATIC, LivingFigure, predicted
from galaxy_lib.living.pictures import middles, sprite

SIDE = 64
SHOWN = 24


class Confusion(LivingFigure):
    """A confusion matrix; a click on a cell shows its galaxies (chapter 6).

    Parameters
    ----------
    data_manager : DataManager
        Its test set is shown.
    predictions : int array (n_test,)
        What the network says of each, in the order of ``data_manager.test_indices``.

    At most 24 galaxies of a cell are shown.
    """

    _esm = STATIC / "confusion.js"

    names = traitlets.List(list(galaxy_types.values())).tag(sync=True)
    counts = traitlets.List().tag(sync=True)  # [answer][prediction]
    cells = traitlets.Dict().tag(sync=True)  # 10 answer + prediction: places in the sprite
    rows = traitlets.List().tag(sync=True)  # of the file, for each place in the sprite
    simulated = traitlets.Bool().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    sprite = traitlets.Bytes().tag(sync=True)

    _pictures: ClassVar = ("sprite",)

    @classmethod
    def _drawn(cls, values: dict[str, Any]) -> dict[str, Any]:
        rows = values["rows"]
        with DataManager(**OUR_DATA) as data_manager:
            for cell, places in values["cells"].items():
                if (data_manager.ans[[rows[i] for i in places]] != int(cell) // N_TYPES).any():
                    raise ValueError("its rows are other galaxies in the file in use")
            pictures = middles(data_manager, rows, SIDE)
        return {"sprite": sprite(pictures)}

    @checked
    def __init__(self, data_manager: Annotated[Any, GALAXIES], predictions: Sequence[int]) -> None:
        rows = data_manager.test_indices
        predictions = predicted("predictions", predictions, len(rows))
        answers = data_manager.ans[rows]
        counts = np.zeros((N_TYPES, N_TYPES), int)
        np.add.at(counts, (answers, predictions), 1)
        places, shown = {}, []
        for cell in np.unique(N_TYPES * answers.astype(int) + predictions):
            of_cell = rows[(answers == cell // N_TYPES) & (predictions == cell % N_TYPES)][:SHOWN]
            places[str(cell)] = list(range(len(shown), len(shown) + len(of_cell)))
            shown += of_cell.tolist()
        pictures = middles(data_manager, shown, SIDE)
        super().__init__(
            counts=counts.tolist(),
            cells=places,
            rows=shown,
            simulated=data_manager.simulated,
            sprite=sprite(pictures),
            side=pictures.shape[1],
        )
