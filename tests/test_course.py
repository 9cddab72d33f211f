"""Our network's table and its baselines, against values worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from galaxy_lib import course


def columns(answers):
    return np.where(np.arange(10)[:, np.newaxis] == np.asarray(answers), 0.99, 0.01)


def test_baselines_by_hand():
    # Class 0 lies at 0.1 and 0.5, class 3 at 0.9; the mean of class 0 is 0.3.
    manager = SimpleNamespace(
        training_set=lambda: (np.array([[0.1, 0.5, 0.9]]), columns([0, 0, 3])),
        test_set=lambda: (np.array([[0.12, 0.62, 0.69, 0.95]]), columns([0, 0, 0, 3])),
    )
    assert course.baselines(manager) == {
        "largest class": 3 / 4,
        "nearest mean": 2 / 4,  # 0.62 and 0.69 are nearer to 0.9 than to 0.3
        "nearest neighbour": 1.0,
    }


def test_a_fraction_with_its_error():
    assert course.fraction_right(0.5, 100) == "0.500 ± 0.050"
    assert course.fraction_right(0.0, 300) == "0.000 ± 0.000"


def test_a_row_is_the_epoch_that_was_asked_for():
    epochs = [
        SimpleNamespace(test_accuracy=a, test_loss=1 - a, n_updates=n, seconds=0.72)
        for a, n in ((0.2, 2550), (0.36, 5100))
    ]
    network = SimpleNamespace(history=epochs, data_manager=SimpleNamespace(n_test=300))
    assert course.row("plain", network) == "| plain | 5,100 | 1.4 | 0.640 | 0.360 ± 0.028 |"
    assert course.row("first", network, 1) == "| first | 2,550 | 0.7 | 0.800 | 0.200 ± 0.023 |"


def test_baselines_learn_from_the_training_set_alone():
    """Sets whose largest classes differ, and test pictures that are not near their own class."""
    manager = SimpleNamespace(
        training_set=lambda: (np.array([[0.1, 0.2, 0.9]]), columns([2, 2, 7])),
        test_set=lambda: (np.array([[0.15, 0.8, 0.85, 0.88]]), columns([7, 7, 7, 2])),
    )
    assert course.baselines(manager) == {
        "largest class": 1 / 4,
        "nearest mean": 2 / 4,
        "nearest neighbour": 2 / 4,
    }
