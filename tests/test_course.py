"""Our network's table and its baselines, against values worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from galaxy_lib import course
from galaxy_lib.files import sample
from galaxy_lib.pictures import View
from galaxy_lib.simulator import draw, plan_sample


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


def test_baselines_of_other_galaxies():
    manager = SimpleNamespace(
        training_set=lambda: (np.array([[0.1, 0.5, 0.9]]), columns([0, 0, 3])),
        test_set=lambda: pytest.fail("it was not to be asked"),
    )
    others = np.array([[0.2, 0.8]]), columns([3, 3])
    assert course.baselines(manager, others)["nearest neighbour"] == 1 / 2
    with pytest.raises(ValueError, match=r"^galaxies"):
        course.baselines(manager, others[0])


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


@pytest.fixture
def fresh(monkeypatch):
    """Three galaxies whose blocks are known: 16·16 pixels of 7, and 4·4 of 100 + column."""
    whole = np.full((3, 16, 16, 3), 256 * 7, np.uint16)
    middle = np.full((3, 32, 32, 3), 16 * 100, np.uint16) + 16 * np.arange(32)[:, None].astype("u2")
    kept = np.array([4, 0, 9]), whole, middle
    monkeypatch.setattr(course, "fresh_galaxies", lambda: kept)


def manager(crop, coarsen):
    return SimpleNamespace(pictures=SimpleNamespace(view=View.of(256, coarsen, crop)))


def test_fresh_galaxies_are_seen_as_the_network_sees_its_own(fresh):
    x, y = course.fresh_set(manager(None, 16))
    assert x.shape == (768, 3)
    assert y.shape == (10, 3)
    assert y.argmax(axis=0).tolist() == [4, 0, 9]
    assert y.max() == np.float32(0.99)
    np.testing.assert_allclose(x, 0.01 + 0.99 * 7 / 255, rtol=1e-6)
    x, _ = course.fresh_set(manager(None, 64))
    assert x.shape == (48, 3)
    np.testing.assert_allclose(x, 0.01 + 0.99 * 7 / 255, rtol=1e-6)
    x, _ = course.fresh_set(manager(128, 8))
    columns = x.reshape(16, 16, 3, 3)[5, :, 1, 2]  # one row, one colour, the last galaxy
    means = 100 + 2 * np.arange(16) + 0.5  # of two columns each
    np.testing.assert_allclose(columns, 0.01 + 0.99 * means / 255, rtol=1e-6)


def test_the_fraction_of_fresh_galaxies_right(fresh):
    """A network that answers 4, 0 and 0 is right for two of the three."""
    said = np.eye(10)[:, [4, 0, 0]]
    network = SimpleNamespace(data_manager=manager(None, 16), forward=lambda x: said)
    assert course.on_fresh(network) == 2 / 3


def test_the_table_with_fresh_galaxies(fresh, monkeypatch):
    data = manager(None, 16)
    data.n_test = 4
    data.training_set = lambda: (np.full((768, 1), 0.5), columns([9]))
    data.test_set = lambda: (np.full((768, 4), 0.5), columns([9, 9, 9, 0]))
    epoch = SimpleNamespace(test_accuracy=0.5, test_loss=0.25, n_updates=1200, seconds=2.0)
    network = SimpleNamespace(
        data_manager=data, history=[epoch], forward=lambda x: np.eye(10)[:, [4, 0, 0]]
    )
    monkeypatch.setattr(course, "networks", lambda: iter([("first", network)]))
    head, rule, first, ours, largest, *others = course.fresh_table("ours", network).splitlines()
    assert head.endswith("| fraction right | of 3,000 fresh |")
    assert rule.count("|") == head.count("|") == 7
    assert first == ours.replace("ours", "first")
    assert ours == "| ours | 1,200 | 2.0 | 0.250 | 0.500 ± 0.250 | 0.667 ± 0.009 |"
    assert largest == "| largest class | | | | 0.750 ± 0.217 | 0.333 ± 0.009 |"
    assert len(others) == 2


def test_the_networks_are_those_of_the_chapters(monkeypatch):
    """Their settings as the chapters give them; the best epoch leaves the last one's weights."""
    asked = []

    class Network:
        def __init__(self, data, **options):
            self.data, self.options, self.weights = data, options, "last"
            self.history, self.best_epoch = [1, 2, 3], 2

        def epochs(self, n, **training):
            asked.append((self.data, n, training, self.options))
            return []

        def restore_best(self):
            self.weights = "best"

    monkeypatch.setattr(course, "DataManager", lambda **data: data)
    monkeypatch.setattr(course, "NeuralNetwork", Network)
    rows = dict(course.networks())
    assert [name[8:10] for name in rows] == ["3:", "4:", "5:", "5:", "6:", "7:"]
    ends = [(network.weights, network.history) for network in rows.values()]
    last = "last", [1, 2, 3]
    assert ends == [last] * 4 + [("best", [1, 2]), last]
    assert [n for _, n, _, _ in asked] == [300, 300, 1800, 1800, 80, 220]
    betas = [training["beta_momentum"] for _, _, training, _ in asked]
    assert betas == [0.0, 0.9, 0.9, 0.9, 0.9, 0.9]
    views = [(d.get("crop"), d["coarsen"], d.get("augment")) for d, *_ in asked]
    assert views == [(None, 16, None)] * 3 + [(None, 16, "d4")] + [(128, 8, "d4")] * 2
    assert [o.get("loss") for *_, o in asked] == [None] * 4 + ["cross-entropy"] * 2
    # All on the same split, from the same initial weights, with the same steps.
    assert {(d["seed"], d["validation"]) for d, *_ in asked} == {(1, 0.1)}
    assert {(o["hidden_layer_size"], o["seed"]) for *_, o in asked} == {(40, 1)}
    assert {(t["learning_rate"], t["batch_size"]) for _, _, t, _ in asked} == {(1.0, 64)}


@pytest.mark.parametrize(("crop", "coarsen"), [(None, 8), (128, 2), (192, 16), (64, 4)])
def test_fresh_galaxies_in_a_form_that_is_not_kept(fresh, crop, coarsen):
    with pytest.raises(ValueError, match=r"^data_manager") as error:
        course.fresh_set(manager(crop, coarsen))
    assert "coarsen=16" in str(error.value)


def test_fresh_galaxies_are_drawn_once_and_anew_where_damaged(monkeypatch, tmp_path):
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path))
    monkeypatch.setattr(sample, "FRESH_SIZE", 40)
    of_another = tmp_path / f"galaxy10-fresh-0123-seed{sample.FRESH_SEED}-n40.h5"
    of_another.touch()

    def ask():
        sample.fresh_galaxies.cache_clear()
        try:
            return sample.fresh_galaxies()
        finally:  # no other test is to be given these
            sample.fresh_galaxies.cache_clear()

    answers, whole, middle = ask()
    assert not of_another.exists()
    (path,) = tmp_path.glob("*.h5")
    plans = plan_sample(sample.FRESH_SEED, 40)
    assert answers.tolist() == [plan.label for plan in plans]
    picture = draw(plans[17]).image.astype(int)
    assert (whole[17, 3, 5] == picture[48:64, 80:96].sum(axis=(0, 1))).all()
    assert (middle[17, 0, 31] == picture[64:68, 188:192].sum(axis=(0, 1))).all()

    before = path.stat().st_mtime_ns
    ask()
    assert path.stat().st_mtime_ns == before
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        place = file["middle"].id.get_chunk_info(0).byte_offset
    content[place] ^= 1
    path.write_bytes(content)
    again = ask()
    for one, other in zip(again, (answers, whole, middle), strict=True):
        assert (one == other).all()
    assert path.read_bytes() != bytes(content)


def test_a_fresh_galaxy_is_in_no_sample(tmp_path):
    """Its seed is no other's, and no plan of the sample draws the same picture."""
    ours = {plan.seed for plan in plan_sample(sample.SAMPLE_SEED, sample.SAMPLE_SIZE)}
    fresh = {plan.seed for plan in plan_sample(sample.FRESH_SEED, sample.FRESH_SIZE)}
    assert not ours & fresh
    assert len(fresh) > 2900
