"""The living figures' Python side: what the browser gets, and what it gives back."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from galaxy_lib import DataManager, NeuralNetwork, course
from galaxy_lib.galaxy import galaxy_types
from galaxy_lib.living import Trainer
from galaxy_lib.living.figure import sample

ROOT = Path(__file__).resolve().parents[1]
LIVING = ROOT / "galaxy_lib" / "living"
KINDS = {".css", ".js", ".json"}


def write_file(path, n, side=64, simulated=False):
    """A file of galaxies whose middle is brighter the higher their row, on a dark border."""
    images = np.zeros((n, side, side, 3), np.uint8)
    inner = slice(side // 4, -(side // 4))
    images[:, inner, inner] = np.linspace(40, 250, n)[:, np.newaxis, np.newaxis, np.newaxis]
    with h5py.File(path, "w") as file:
        file["images"], file["ans"] = images, (np.arange(n) % 10).astype(np.uint8)
        file.attrs["simulated"] = simulated
    return path


def tiles(sprite, n, side=16):
    picture = np.array(Image.open(io.BytesIO(sprite)).convert("RGB"))
    columns = picture.shape[1] // side
    return picture.reshape(-1, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)[:n]


def test_the_bundles_are_what_the_sources_made():
    """`npm run build` was not forgotten, and nobody edited a bundle by hand."""
    text = (LIVING / "static" / "SUMS.sha256").read_text("utf-8")
    sums = dict(line.split("  ")[::-1] for line in text.splitlines())
    of_vendor = [ROOT / "chapters/_static/vendor" / name for name in ("living.js", "widgets.js")]
    sources = [p for p in (ROOT / "chapters/_ext/vendor").iterdir() if p.suffix in KINDS]
    there = [*(LIVING / "src").iterdir(), *(LIVING / "static").glob("*.js"), *sources, *of_vendor]
    assert sums == {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in there
    }


def test_a_galaxy_is_a_tile(tmp_path):
    """Tile n of each sprite is the galaxy of rows[n]: training, then validation, then test."""
    with DataManager(
        datafile=write_file(tmp_path / "g.h5", 60), seed=3, validation=0.2, cache=False
    ) as data:
        found = sample(data)
        assert (found.n_training, found.n_validation, found.n_test) == (39, 9, 12)
        assert set(found.rows[:39]) == set(data.training_indices)
        assert set(found.rows[48:]) == set(data.test_indices)
        assert np.array_equal(found.labels, data.ans[found.rows])
    brightness = np.linspace(40, 250, 60)[found.rows]
    middle, whole = tiles(found.middle, 60), tiles(found.whole, 60)
    assert np.abs(middle.mean(axis=(1, 2, 3)) - brightness).max() < 8
    assert np.abs(whole[:, 6:10, 6:10].mean(axis=(1, 2, 3)) - brightness).max() < 8
    assert whole[:, 0].mean() < 8, "the border belongs to the whole picture alone"


def test_a_large_file_is_thinned_in_its_proportions(tmp_path, monkeypatch):
    monkeypatch.setattr("galaxy_lib.living.figure.MOST_GALAXIES", 50)
    with DataManager(datafile=write_file(tmp_path / "g.h5", 200), seed=0, cache=False) as data:
        found = sample(data)
        assert (found.n_training, found.n_validation, found.n_test) == (40, 0, 10)
        assert set(found.rows[40:]) <= set(data.test_indices)


def test_the_file_in_use_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("GALAXY10_FILE", str(write_file(tmp_path / "real.h5", 40)))
    assert Trainer().statement == "40 real galaxies"
    monkeypatch.setenv("GALAXY10_FILE", str(write_file(tmp_path / "sim.h5", 40, simulated=True)))
    assert Trainer().statement == "40 simulated galaxies"


def test_pictures_of_an_odd_size_are_refused(tmp_path):
    path = write_file(tmp_path / "odd.h5", 30, side=40)
    with (
        DataManager(datafile=path, cache=False) as data,
        pytest.raises(ValueError, match=r"odd\.h5 have 40 pixels"),
    ):
        sample(data)


def test_the_sample_is_light():
    found = sample()
    assert len(found.middle) <= 120_000
    assert len(found.whole) <= 120_000
    assert found.simulated
    assert len(found.labels) == 1500


def test_the_counts_are_those_of_each_set(tmp_path):
    """The dashed line is the largest class of the training set, judged on the test set."""
    with DataManager(datafile=write_file(tmp_path / "g.h5", 60), seed=3, cache=False) as data:
        trainer = Trainer(data)
        for name, rows in (("training", data.training_indices), ("test", data.test_indices)):
            assert trainer.counts[name] == np.bincount(data.ans[rows], minlength=10).tolist(), name
    assert trainer.counts["training"] != trainer.counts["test"]


def test_it_begins_with_our_network():
    trainer = Trainer()
    assert trainer.hidden_layer_size == course.OUR_NETWORK["hidden_layer_size"]
    assert trainer.learning_rate == course.OUR_TRAINING["learning_rate"]
    assert trainer.names == list(galaxy_types.values())
    with pytest.raises(RuntimeError, match="Train it now"):
        trainer.network()


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
@pytest.mark.parametrize("view", [{"coarsen": 16}, {"crop": 128, "coarsen": 8}])
def test_a_network_goes_in_and_out(view, loss):
    data = DataManager(**course.OUR_DATA | view)
    network = NeuralNetwork(data, hidden_layer_size=7, seed=2, loss=loss)
    list(network.epochs(2))
    trainer = Trainer()
    trainer.show(network)
    assert trainer.view == ("middle" if "crop" in view else "whole")
    for name, n in (("a", 10), ("b", 7)):
        biases = np.frombuffer(getattr(trainer, name), "<f4")
        assert biases.shape == (n,)
        assert np.isfinite(biases).all()
        assert biases.any() == (loss == "cross-entropy")
    again = trainer.network()
    for name in network.weight_names:
        assert np.array_equal(getattr(again, name), getattr(network, name)), name
    assert again.n_updates == network.n_updates
    assert again.assess() == network.assess()
    assert set(again.data_manager.training_indices) == set(data.training_indices)


@pytest.mark.parametrize("turned", [False, True])
def test_the_network_turns_as_it_was_trained(turned):
    """What it is trained on from here is what the browser showed it, turned or not."""
    trainer = Trainer(turned=turned)
    data = DataManager(**course.OUR_DATA)
    trainer.show(NeuralNetwork(data, hidden_layer_size=3, seed=2))
    assert trainer.network().data_manager.augment == ("d4" if turned else None)


def test_a_network_that_does_not_fit_is_refused():
    trainer = Trainer()
    with pytest.raises(ValueError, match="coarsen=16"):
        trainer.show(NeuralNetwork(DataManager(coarsen=32, seed=1)))
    data = DataManager(**course.OUR_DATA)
    with pytest.raises(ValueError, match="relu"):
        trainer.show(NeuralNetwork(data, loss="cross-entropy", hidden="relu"))
