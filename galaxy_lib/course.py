"""What the chapters share: the settings of *our network*, and the table that it grows in.

From chapter 3 on the book trains one network, always from the same first weights on the same split.
Each chapter changes one thing and adds one row to one table, beside the same three baselines.
"""

from __future__ import annotations

import math

import numpy as np

from galaxy_lib import arguments
from galaxy_lib.arguments import optional, takes, whole
from galaxy_lib.network import NeuralNetwork

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


@takes(right=arguments.SHARE, n=whole)
def fraction_right(right: float, n: int) -> str:
    """Write a fraction of ``n`` galaxies with its standard error √(p(1 − p)/n): "0.540 ± 0.029"."""
    return f"{right:.3f} ± {math.sqrt(right * (1 - right) / n):.3f}"


@takes(
    what=arguments.text, network=arguments.having("history", "give a NeuralNetwork"),
    epoch=optional(whole),
)  # fmt: skip
def row(what: str, network: NeuralNetwork, epoch: int | None = None) -> str:
    """Return a trained network's row of the table: an epoch, judged on the test set.

    ``epoch`` counts from 1, as ``network.best_epoch`` does; without it, it is the last one.
    """
    if not network.history or (epoch or 0) > len(network.history):
        mend = f"the network has {len(network.history)} epochs; train it, or give one of these"
        raise arguments.wrong("epoch", epoch, mend)
    records = network.history[:epoch]
    last, seconds = records[-1], sum(record.seconds for record in records)
    scored = fraction_right(last.test_accuracy, network.data_manager.n_test)
    return f"| {what} | {last.n_updates:,} | {seconds:.1f} | {last.test_loss:.3f} | {scored} |"


@takes(data_manager=arguments.having("training_set", "give a DataManager"))
def baselines(data_manager) -> dict[str, float]:
    """Return the fraction of the test set right for three rules that do not learn (chapter 1).

    ``largest class`` always answers the commonest class of the training set; ``nearest mean``
    answers the class whose mean training picture is closest (in squared distance over all inputs);
    ``nearest neighbour`` answers like the closest training picture.
    """
    x, y = data_manager.training_set()
    x_test, y_test = data_manager.test_set()
    answers, test_answers = y.argmax(axis=0), y_test.argmax(axis=0)
    kinds = np.unique(answers)
    means = np.stack([x[:, answers == k].mean(axis=1) for k in kinds], axis=1)
    said = {
        "largest class": np.full(len(test_answers), np.bincount(answers).argmax()),
        "nearest mean": kinds[_nearest(means, x_test)],
        "nearest neighbour": answers[_nearest(x, x_test)],
    }
    return {name: float(np.mean(choice == test_answers)) for name, choice in said.items()}


@takes(data_manager=arguments.having("training_set", "give a DataManager"))
def baseline_rows(data_manager) -> str:
    """Return the rows of the three baselines."""
    n = data_manager.n_test
    found = baselines(data_manager).items()
    return "\n".join(f"| {name} | | | | {fraction_right(right, n)} |" for name, right in found)


def _nearest(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    # |p − x|² without |x|², which is the same for every p; float64, for the differences are small.
    points, x = points.astype(np.float64), x.astype(np.float64)
    return ((points**2).sum(axis=0)[:, np.newaxis] - 2 * points.T @ x).argmin(axis=0)
