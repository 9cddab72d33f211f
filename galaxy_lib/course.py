"""What the chapters share: the settings of *our network*, and the table that it grows in.

From chapter 3 on the book trains one network, always from the same initial weights on the same
split. Each chapter changes one thing and adds one row to one table, beside the same three
baselines. Chapter 8 asks all of them about galaxies that no chapter has looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Annotated, Any

import numpy as np

from galaxy_lib.assessment import baseline_rows, baselines, fraction_right, row
from galaxy_lib.checked import Text, checked, having, wrong
from galaxy_lib.data import DataManager
from galaxy_lib.files.sample import FRESH_SIZE, fresh_galaxies
from galaxy_lib.galaxy import one_hot
from galaxy_lib.network import NeuralNetwork

__all__ = [
    "baseline_rows",
    "baselines",
    "fraction_right",
    "fresh_set",
    "fresh_table",
    "networks",
    "on_fresh",
    "row",
]

OUR_DATA = {"coarsen": 16, "seed": 1, "validation": 0.1}
"""For `DataManager`: 16×16 pixels in 3 colours, so N_in = 768."""

OUR_NETWORK = {"hidden_layer_size": 40, "seed": 1}
"""For `NeuralNetwork`."""

OUR_TRAINING = {"learning_rate": 1.0, "beta_momentum": 0.9, "batch_size": 64}
"""For `NeuralNetwork.train` and `NeuralNetwork.epochs`: η, β and S."""

HEADER = (
    "| what | updates | seconds | loss | fraction right |\n"
    "|:--|--:|--:|--:|--:|"
)  # fmt: skip
"""The head of the table, in Markdown."""


def networks() -> Iterator[tuple[str, NeuralNetwork]]:
    """Train the networks of chapters 3 to 7 once more, and yield each with its name in the table.

    They are the chapters' own: the same initial weights, the same batches in the same order. All
    five runs take about 15 seconds. After chapter 5's last comes chapter 6's, its best epoch.
    """

    def trained(epochs=(1800,), data=None, training=None, **options):
        manager = DataManager(**OUR_DATA | (data or {}))
        network = NeuralNetwork(manager, **OUR_NETWORK, **options)
        for n_epochs in epochs:  # momentum starts at 0 in each
            list(network.epochs(n_epochs, **OUR_TRAINING | (training or {})))
        return network

    yield "chapter 3: plain steps", trained((300,), training={"beta_momentum": 0.0})
    yield "chapter 4: with momentum", trained((300,))
    yield "chapter 5: longer, pictures as they are", trained()
    turned = trained(data={"augment": "d4"})
    yield "chapter 5: longer, pictures turned", turned
    best = copy(turned)
    best.restore_best()
    best.history = turned.history[: turned.best_epoch]
    yield "chapter 6: its best epoch", best
    middle = {"augment": "d4", "crop": 128, "coarsen": 8}
    crossed = trained((80, 220), middle, loss="cross-entropy")
    yield "chapter 7: cross-entropy, biases, the middle", crossed


@checked
def fresh_set(
    data_manager: Annotated[Any, having("pictures", "give a DataManager")],
) -> tuple[np.ndarray, np.ndarray]:
    """Return 3,000 galaxies that no set holds, as ``data_manager`` sees pictures (chapter 8).

    Returns
    -------
    x : float32 array (N_in, 3000)
    y : float32 array (N_out, 3000)

    Raises
    ------
    ValueError
        If pictures are seen otherwise than whole in blocks of 16, 32, ... pixels, or in their
        middle 128 pixels in blocks of 4, 8, ...
    """
    view = data_manager.pictures.view
    answers, *kept = fresh_galaxies()
    for sums, crop, block in zip(kept, (256, 128), (16, 4), strict=True):
        n, rest = divmod(view.coarsen, block)
        if (view.side, view.crop) == (256, crop) and n and not rest:
            side = view.shape[0]
            blocks = sums.reshape(len(sums), side, n, side, n, 3)
            x = view.inputs(blocks.sum(axis=(2, 4), dtype=np.uint32))
            return x.T, one_hot(answers)
    mend = "fresh galaxies are kept with coarsen=16 whole, and with crop=128, coarsen=4 or 8"
    raise wrong("data_manager", view, mend)


@checked
def on_fresh(network: Annotated[Any, having("forward", "give a NeuralNetwork")]) -> float:
    """Return the fraction of `fresh_set` that a trained network gets right (chapter 8)."""
    x, y = fresh_set(network.data_manager)
    # 500 at a time: all maps of a convolutional network at once take a gigabyte.
    said = [network.forward(x[:, i : i + 500]).argmax(axis=0) for i in range(0, x.shape[1], 500)]
    return float(np.mean(np.hstack(said) == y.argmax(axis=0)))


@checked
def fresh_table(
    what: Text, network: Annotated[Any, having("forward", "give a NeuralNetwork")]
) -> str:
    """Return the table of `networks`, one more and the baselines, with a column from `fresh_set`.

    The first five networks are trained for it; ``network`` is the one more, ``what`` its name.
    """
    rows = [*networks(), (what, network)]
    lines = [row(*each) for each in rows]
    right = [on_fresh(each) for _, each in rows]
    whole = rows[0][1].data_manager
    lines += baseline_rows(whole).splitlines()
    right += baselines(whole, fresh_set(whole)).values()
    head, rule = HEADER.splitlines()
    table = [f"{head} of 3,000 fresh |", f"{rule}--:|"]
    for line, fraction in zip(lines, right, strict=True):
        table.append(f"{line} {fraction_right(fraction, FRESH_SIZE)} |")
    return "\n".join(table)
