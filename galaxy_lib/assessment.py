"""How good is a network? Its epochs, its confusion matrix, baselines, and rows of a table.

The last station of file → manager → batch → network → assessment. A network is here what has a
``history`` and a ``data_manager``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from galaxy_lib.checked import (
    NotNegative,
    Positive,
    Share,
    Text,
    Whole,
    an_array,
    checked,
    having,
    shaped,
    wrong,
)
from galaxy_lib.galaxy import N_TYPES


class Epoch(NamedTuple):
    """An entry of `NeuralNetwork.history`; training figures run over the batches (chapter 5)."""

    epoch: int
    n_updates: int
    seconds: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float


AnEpoch = Annotated[Epoch, having("test_loss", "give an Epoch")]


@checked
def stalled(record: AnEpoch, constant: NotNegative, learning_rate: Positive) -> str | None:
    """Return the sentence for a loss that should have left ``constant``, and has not.

    ``constant`` is the loss of the best output that is the same for every galaxy.
    """
    progress = min(record.training_loss, record.test_loss) / constant
    if record.n_updates < 500 or progress <= (1.05 if record.n_updates < 2000 else 0.99):
        return None
    near = 0.01 <= learning_rate <= 10  # what has worked is not far from 1
    rates = f"{learning_rate / 10:g} or {learning_rate * 10:g}" if near else "1"
    return (
        "Stalled, no better than one output for every galaxy: "
        f"try a new network with learning_rate={rates}."
    )


def _classes(name: str, value: Any) -> np.ndarray:
    classes = an_array(name, value, ("P",), kinds="iu")
    if classes.size and not (classes.min() >= 0 and classes.max() < N_TYPES):
        raise wrong(name, value, f"give classes from 0 to {N_TYPES - 1}")
    return classes


Classes = Annotated[np.ndarray, _classes]
Counts = Annotated[np.ndarray, (N_TYPES, N_TYPES)]
Trained = Annotated[Any, having("history", "give a NeuralNetwork")]
Sets = Annotated[Any, having("training_set", "give a DataManager")]


def _galaxies(name: str, value: Any) -> Any:
    if not (isinstance(value, tuple) and len(value) == 2):
        raise wrong(name, value, "give x and y as `test_set` returns them")
    return value


Galaxies = Annotated[tuple[np.ndarray, np.ndarray], _galaxies]


@checked
def confusion_matrix(answers: Classes, predictions: Classes) -> np.ndarray:
    """Return int counts (N_out, N_out): ``answers`` (n,) down, ``predictions`` (n,) across."""
    shaped("predictions", predictions, answers.shape, "answers")
    cells = answers.astype(int) * N_TYPES + predictions
    return np.bincount(cells, minlength=N_TYPES**2).reshape(N_TYPES, N_TYPES)


@checked
def recall(matrix: Counts) -> np.ndarray:
    """Return the fraction correct of each class (N_out,); NaN where there is none of it."""
    with np.errstate(invalid="ignore"):
        return matrix.diagonal() / matrix.sum(axis=1)


@checked
def fraction_right(right: Share, n: Whole) -> str:
    """Write a fraction of ``n`` galaxies with its standard error √(p(1 − p)/n): "0.540 ± 0.029"."""
    return f"{right:.3f} ± {math.sqrt(right * (1 - right) / n):.3f}"


@checked
def row(what: Text, network: Trained, epoch: Whole | None = None) -> str:
    """Return a trained network's row of the table: an epoch, judged on the test set.

    ``epoch`` counts from 1, as ``network.best_epoch`` does; without it, it is the last one.
    """
    if not network.history or (epoch or 0) > len(network.history):
        mend = f"the network has {len(network.history)} epochs; train it, or give one of these"
        raise wrong("epoch", epoch, mend)
    records = network.history[:epoch]
    last, seconds = records[-1], sum(record.seconds for record in records)
    scored = fraction_right(last.test_accuracy, network.data_manager.n_test)
    return f"| {what} | {last.n_updates:,} | {seconds:.1f} | {last.test_loss:.3f} | {scored} |"


@checked
def baselines(data_manager: Sets, galaxies: Galaxies | None = None) -> dict[str, float]:
    """Return the fraction of the test set right for three rules that do not learn (chapter 1).

    Instead of the test set, ``galaxies`` may hold others: x (N_in, S) and y (N_out, S).

    ``largest class`` always answers the commonest class of the training set; ``nearest mean``
    answers the class whose mean training picture is closest (in squared distance over all inputs);
    ``nearest neighbour`` answers like the closest training picture.
    """
    x, y = data_manager.training_set()
    x_test, y_test = galaxies or data_manager.test_set()
    answers, test_answers = y.argmax(axis=0), y_test.argmax(axis=0)
    kinds = np.unique(answers)
    means = np.stack([x[:, answers == k].mean(axis=1) for k in kinds], axis=1)
    said = {
        "largest class": np.full(len(test_answers), np.bincount(answers).argmax()),
        "nearest mean": kinds[_nearest(means, x_test)],
        "nearest neighbour": answers[_nearest(x, x_test)],
    }
    return {name: float(np.mean(choice == test_answers)) for name, choice in said.items()}


@checked
def baseline_rows(data_manager: Sets) -> str:
    """Return the rows of the three baselines."""
    n = data_manager.n_test
    found = baselines(data_manager).items()
    return "\n".join(f"| {name} | | | | {fraction_right(right, n)} |" for name, right in found)


def _nearest(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    # |p − x|² without |x|², which is the same for every p; float64, for the differences are small.
    points, x = points.astype(np.float64), x.astype(np.float64)
    return ((points**2).sum(axis=0)[:, np.newaxis] - 2 * points.T @ x).argmin(axis=0)
