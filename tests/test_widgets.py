"""Interactive figures: what a published page gets, and what a live kernel does."""

from __future__ import annotations

import base64
import io
import re

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from galaxy_lib import DataManager, NeuralNetwork, galaxy_types
from galaxy_lib.living import browse, frames, live, train_live

plt.switch_backend("agg")


def draw_line(n):
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.plot([0, n])
    return figure


def picture(widget):
    """The alt text of a picture, and the picture."""
    alt, data = re.search(r'alt="([^"]*)".*base64,([^"]+)"', widget.value).groups()
    return alt, Image.open(io.BytesIO(base64.b64decode(data)))


def links_of(box):
    """Links have no parent in the tree of widgets: look among all that are alive."""
    sliders = [child for child in box.children if isinstance(child, widgets.SelectionSlider)]
    alive = widgets.widget._instances.values()
    return [w for w in alive if isinstance(w, widgets.widget_link.Link) and w.source[0] in sliders]


def test_one_picture_a_value_linked_in_the_browser():
    box = frames(draw_line, [1, 2, 5], name="n", alt="A line up to {}.", label="{:.1f}", start=1)
    slider, stack = box.children
    assert slider.description == "n"
    assert list(slider._options_labels) == ["1.0", "2.0", "5.0"]
    assert slider.index == stack.selected_index == 1
    assert [picture(child)[0] for child in stack.children] == [
        "A line up to 1.",
        "A line up to 2.",
        "A line up to 5.",
    ]
    assert all(picture(child)[1].size == (300, 200) for child in stack.children)
    assert len({child.value for child in stack.children}) == 3
    (link,) = links_of(box)
    assert link.source == (slider, "index")
    assert link.target == (stack, "selected_index")


def test_two_sliders_reach_every_picture():
    def draw(i, j):
        return np.full((4, 4, 3), 10 * i + j, dtype=np.uint8)

    box = frames(draw, [[1, 2], [3, 4, 5]], name=["a", "b"], alt=lambda i, j: f"{i}&{j}")
    first, second, outer = box.children
    assert len(links_of(box)) == 1 + 2
    assert (len(first.options), len(second.options)) == (2, 3)
    for i, inner in zip([1, 2], outer.children, strict=True):
        for j, child in zip([3, 4, 5], inner.children, strict=True):
            alt, image = picture(child)
            assert alt == f"{i}&amp;{j}"
            assert np.array_equal(image.convert("RGB"), draw(i, j))


@pytest.mark.parametrize("c", [1, 4, 32])
def test_coarse_pixels_are_kept_or_nearly(c):
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    pixels = np.kron(pixels, np.ones((32 // c, 32 // c, 1), dtype=np.uint8))
    box = frames(lambda _: pixels, [0], name="n", alt="noise")
    shown = np.array(picture(box.children[1].children[0])[1].convert("RGB"), dtype=float)
    tolerance = 0 if len(pixels) <= 64 else 8
    assert np.abs(shown - pixels).mean() <= tolerance


def test_pictures_are_small_and_figures_are_closed():
    rng = np.random.default_rng(0)

    def draw(n):
        _, ax = plt.subplots(figsize=(6.4, 3.8))
        for _ in range(3):
            ax.plot(rng.normal(size=100).cumsum())
        return ax

    plt.close("all")
    box = frames(draw, range(5), name="n", alt="Random walks, {}.")
    assert plt.get_fignums() == []
    assert sum(len(child.value) for child in box.children[1].children) < 5 * 40_000


@pytest.mark.parametrize(
    ("values", "name"), [([], "n"), ([[1], []], ["a", "b"]), ([[1]], ["a", "b"])]
)
def test_a_slider_needs_a_name_and_values(values, name):
    with pytest.raises(ValueError, match=r"^values(\[1\])? is \["):
        frames(draw_line, values, name=name, alt="")


def test_live_draws_again_when_a_control_moves():
    box = live(draw_line, alt="Up to {n}.", n=widgets.IntSlider(3))
    control, shown = box.children
    assert picture(shown)[0] == "Up to 3."
    control.value = 4
    assert picture(shown)[0] == "Up to 4."
    assert "galaxy-live" in box._dom_classes


class FewGalaxies:
    """As much of a DataManager as `browse` needs; no class has more than two, class 4 none."""

    def __init__(self):
        self.ans = np.array([0, 0, 1, 2, 3, 5, 6, 7, 8, 9, 9], dtype=np.uint8)
        self.images = np.zeros((11, 16, 16, 3), dtype=np.uint8)


def test_browse_offers_the_galaxies_there_are():
    kind, number, shown = browse(FewGalaxies()).children
    assert [value for _, value in kind.options] == [k for k in galaxy_types if k != 4]
    assert number.max == 1
    number.value = 1
    assert picture(shown)[0] == "Galaxy 1 of class 0 in the file."
    kind.value = 3
    assert (number.value, number.max) == (0, 0)
    assert picture(shown)[0] == "Galaxy 0 of class 3 in the file."


class Record:
    def __init__(self, epoch):
        self.epoch = epoch
        self.n_updates = 10 * epoch
        self.test_accuracy = 0.1 * epoch


class Network:
    """As much of a NeuralNetwork as `train_live` needs."""

    def __init__(self, fail_after=100):
        self.history = []
        self.fail_after = fail_after

    def epochs(self, n_epochs, **settings):
        assert settings == {"learning_rate": 0.3}
        for epoch in range(1, n_epochs + 1):
            if epoch > self.fail_after:
                raise FloatingPointError("The loss is <nan>.")
            self.history.append(Record(epoch))
            yield self.history[-1]


def test_train_live_runs_pauses_and_steps():
    network = Network()
    buttons, line, shown = train_live(network, n_epochs=3, learning_rate=0.3).children
    play, step = buttons.children
    assert network.history == []
    step.click()
    assert line.value == "epoch 1: 0.100 of the test set correct"
    assert picture(shown)[0] == line.value
    play.value = 1  # what the browser sends while it plays
    assert len(network.history) == 2
    play.value = 0  # and when it is stopped
    assert len(network.history) == 2
    step.click()
    assert not step.disabled
    step.click()
    assert len(network.history) == 3
    assert (step.disabled, line.value) == (True, "3 epochs: the end.")


def test_train_live_says_when_training_blows_up():
    network = Network(fail_after=1)
    buttons, line, _ = train_live(network, lambda n: draw_line(1), learning_rate=0.3).children
    _, step = buttons.children
    step.click()
    step.click()
    assert line.value == "The loss is &lt;nan&gt;."
    assert step.disabled


def test_the_live_ones_meet_the_library(galaxy_file):
    with DataManager(datafile=galaxy_file(), coarsen=8, seed=1) as d:
        network = NeuralNetwork(d, hidden_layer_size=4, seed=1)
        train_live(network, batch_size=8).children[0].children[1].click()
        assert len(network.history) == 1
        assert picture(browse(d).children[2])[1].size == (400, 400)
