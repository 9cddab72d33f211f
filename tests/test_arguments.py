"""Wrong arguments: each is named with its value and the mend, and nothing is touched by then.

One table names every parameter of every public function and method, and every flag; each gets at
least fifteen bad values.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import galaxy_lib
from galaxy_lib import (
    DataManager,
    Galaxy,
    NeuralNetwork,
    assessment,
    checked,
    convolution,
    course,
    doctor,
    galaxy,
    living,
    network,
    pictures,
    plots,
    splits,
    survey,
)
from galaxy_lib.__main__ import main, parser
from galaxy_lib.assessment import Epoch
from galaxy_lib.convolution import ConvolutionalNetwork, Layout
from galaxy_lib.files import archives, datasets, fetching, reading, small
from galaxy_lib.gradient_check import GradientErrors, check_gradients
from galaxy_lib.saved import Saved
from galaxy_lib.simulator import Plan, draw, plan_sample, simulate_galaxy
from galaxy_lib.splits import Split
from galaxy_lib.training import Training

ROOT = Path(__file__).resolve().parents[1]


class Silly:
    """A thing that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other) -> bool:
        raise RuntimeError("nor compared")

    __hash__ = None


# Nothing that takes an argument of some kind takes one of these.
JUNK = [Silly(), object(), {"a": 1}, {1, 2}, print, DataManager, 1j, NotImplemented, ..., b"x"]
NUMBERS = [np.nan, np.inf, -np.inf, -1, -0.5, True]
TEXTS = ["", "three", "0.2", "\n"]
ARRAYS = [np.array(["a"]), np.zeros((2, 0, 3), complex), [[1], [1, 2]], [None]]
BAD = {
    "whole": [
        *JUNK,
        *NUMBERS,
        *TEXTS,
        *ARRAYS,
        2.0,
        2.5,
        1e3,
        [1],
        np.float32(2),
        np.arange(2),
        0,
        None,
    ],
    "number": [*JUNK, *NUMBERS, *TEXTS, *ARRAYS, [0.1], np.zeros(2), 10**400],
    "share": [*JUNK, *NUMBERS, *TEXTS, *ARRAYS, [0.1], 1.0001, 2, 10**400],
    "truth": [*JUNK, *NUMBERS[:-1], *TEXTS, *ARRAYS, 0, 1, "False", None],
    "choice": [*JUNK, *NUMBERS, *TEXTS, *ARRAYS, 0, "ROT90", ("d4",)],
    "seed": [*JUNK[:-3], *NUMBERS, *TEXTS, 2.5, [-1], "7", [0.5], np.random, np.random.RandomState],
    "path": [*JUNK, *NUMBERS, "", "x\0y", "~nouser/x", *ARRAYS, 3, ["x.h5"], Path, b"x.h5", None],
    "text": [*JUNK, *NUMBERS, "", "  ", 0, ["x"], None, *ARRAYS],
    "array": [*JUNK[:-2], *TEXTS, *ARRAYS, None, Path("x"), [Galaxy], ["1", "2"]],
    "thing": [*JUNK, *NUMBERS, *TEXTS, *ARRAYS, None, 0, [1, 2]],
}
from_0 = [bad for bad in BAD["whole"] if not isinstance(bad, int) or bad]
BAD["from 0"] = from_0
BAD["index"] = [bad for bad in from_0 if not isinstance(bad, int) or bad != -1]
BAD["class"] = [*from_0, 10, 10**30]
BAD["turn"] = [*from_0, 8, 10**30]
BAD["row"] = [*from_0, 100, -2, 10**30]
BAD["fixed seed"] = [*from_0, 2**63, 10**30]
BAD["whole or none"] = [bad for bad in BAD["whole"] if bad is not None]
BAD["many"] = [*BAD["whole"], 10**6 + 1, 10**12, 10**30]
BAD["sides"] = [*BAD["whole"], 15, 1025]
BAD["inside"] = [*BAD["share"], 0, 1]
BAD["open share"], BAD["low share"] = [*BAD["share"], 1], [*BAD["share"], 0]
BAD["positive"] = [*BAD["number"], 0, -1e-300]
BAD["size"] = [*BAD["array"], [], np.zeros((0, 3)), np.zeros(5), np.zeros((3, 3, 3)), 7, 0.5]
BAD["answers"] = [*BAD["array"], 10, -1, [0, 11], 0.5, [1.0]]
BAD["function"] = [bad for bad in BAD["thing"] if not callable(bad)]
BAD["sha256"] = [*BAD["text"], "12", "g" * 64, "0" * 63, "0" * 65]
BAD["sha256 or none"] = [bad for bad in BAD["sha256"] if bad is not None]
BAD["text or none"] = [bad for bad in BAD["text"] if bad is not None]
BAD["url"] = [*BAD["text"], "file:///x", "ftp://a.b/c", "https://", "zenodo.org/x", "http:// a"]
BAD["paths"] = [bad for bad in BAD["path"] if type(bad) is not list] + [[], (), [3], ["x.h5", None]]
BAD["room"] = [*BAD["number"], -1e9]
BAD["caption"] = [bad for bad in BAD["text"] if not isinstance(bad, str)]
BAD["text or function"] = [bad for bad in BAD["caption"] if not callable(bad)]
BAD["list"] = [*JUNK, *NUMBERS, *TEXTS, None, 0, np.zeros(()), [None], [1], ["x", None]]
BAD["names"] = [*JUNK, *NUMBERS, "", "\n", None, 0, [], np.zeros(()), [None], [1], ["x", None]]
BAD["codes"] = [*JUNK[:2], *JUNK[3:], *NUMBERS, None, 0, np.zeros(()), [None], [1], ["x", None]]
BAD["values"] = [*JUNK, *NUMBERS, *TEXTS, None, 0, [], (), np.zeros(()), np.zeros((0, 3))]
BAD["list of texts"] = BAD["list"]
BAD["two texts"] = [*BAD["list"], [], ["a"], ["a", "b", "c"], ["a", ""], ("a", 1)]
BAD["files"] = [bad for bad in BAD["paths"] if not isinstance(bad, np.ndarray)]
BAD["any whole"] = [bad for bad in from_0 if not isinstance(bad, int) or bad is True]
BAD["processes"] = [*BAD["whole or none"], 1025, 10**30]
BAD["to 256"] = [*BAD["whole"], 257, 10**30]
BAD["curves"] = [*JUNK, *NUMBERS, *TEXTS, None, {}, [], {"a": [1]}, {"a": (1, 2)}, {"a": "xy"},
                 {"a": ([1], [1, 2])}, {"a": (["x"], [1])}, {1: ([1], [1])}]  # fmt: skip
BAD["matrix"] = [*BAD["size"], np.zeros((10, 9)), np.zeros((9, 9), int), np.zeros((1, 10, 10))]
BAD["maps"] = [*BAD["list"], (16,), (16, 32, 64), (0, 32), (16, -1), (16, 2.0), (True, 2), "16"]
BAD["lengths"] = [*BAD["list"], (1, 2, 3), (0, 8, 8, 3), (1, 8, 8, 3.0), (1, 8, 8, True)]
BAD["layout"] = [*JUNK, *NUMBERS, *TEXTS, None, (), (5, 2, 2), (5, 2, 2, 2, 2), Layout(window=0),
                 Layout(stride=0), Layout(pool=0), Layout(padding=-1), Layout(window=2.0),
                 Layout(stride=True), Layout(pool="2"), Layout(pool=None)]  # fmt: skip
BAD["fitting layout"] = [*BAD["layout"], Layout(window=40), Layout(window=21)]
BAD["pictures"] = [*BAD["size"], np.zeros((8, 8, 3)), np.zeros((0, 8, 8, 3))]
WEIGHTS = {name: np.ones((2, 2)) for name in ("B_1", "b_1", "B_2", "b_2", "A", "a")}
BAD["weights"] = [*JUNK, *NUMBERS, *TEXTS, None, {}, [], WEIGHTS, WEIGHTS | {"B_1": None},
                  WEIGHTS | {"c": 1}, {**WEIGHTS, "A": ["a"]}]  # fmt: skip
BAD["classes"] = [*BAD["size"], [], [0.5], [-1] * 20, [10] * 20, [1] * 19, [[1] * 20], [True] * 20]
BAD["split"] = [*JUNK, *NUMBERS, *TEXTS, *ARRAYS, [[0], [], [1]], ([0], [1], [2]), Split(0, 1, 2),
                Split([], [], [1]), Split([0], [1], []), Split([0, 1], [], [1]),
                Split([0.5], [], [1]), Split(["a"], [], [1]), Split([[0]], [], [1]),
                Split([0], None, [1]), Split([0], [], [-1]), Split([0], [], [10**6])]  # fmt: skip
for kind in ("array", "path", "paths", "thing", "size", "function", "classes", "split"):
    BAD[f"{kind} or none"] = [bad for bad in BAD[kind] if bad is not None]
BAD["twenty"] = [*BAD["size"], [], [1] * 19, [10] * 20, [-1] * 20, [0.5] * 20, [True] * 20]
BAD["windows"] = [*JUNK[:2], *JUNK[3:], *NUMBERS, *TEXTS, [], {"a": np.zeros((4, 4))}, {"a": 1},
                  {1: np.zeros((5, 5))}, {"": np.eye(5)}, {"a": [["x"] * 5] * 5}]  # fmt: skip
BAD["squares"] = [
    *BAD["array"],
    [],
    7,
    np.zeros(5),
    np.zeros((2, 4, 5)),
    np.zeros((2, 4, 5, 3)),
    np.zeros((2, 0, 0)),
]
BAD["two above 0"] = [*BAD["list"], [], [1.0], [1, 2, 3], [0, 1], [1, -1], [1, np.nan], [True, 1]]
BAD["start"] = [*BAD["list"], [], [1.0], [1, 2, 3], [-12, 0], [5, 0], [0, 3], [0, np.nan]]
BAD["small matrix"] = [*BAD["size"], np.eye(7), np.full((4, 4), np.nan), [[np.inf] * 4] * 2]
BAD["line"] = [*BAD["whole"], 8, 10**30]
BAD["eta"] = [*BAD["positive"], 0.001, 4.1]
BAD["beta"] = [*BAD["share"], 0.99, 1]
BAD["seed of a page"] = [*from_0, 2**53, 10**30]
BAD["network or path"] = [*JUNK, *NUMBERS, "", "x\0y", "~nouser/x", *ARRAYS, None, 0, [1, 2]]


@pytest.fixture(scope="module")
def manager(galaxy_file):
    with DataManager(datafile=galaxy_file(10), coarsen=2, seed=0) as made:
        yield made


@pytest.fixture
def good(manager, galaxy_file, tmp_path):
    """Good values of all parameters, from which one is taken at a time."""
    rng = np.random.default_rng(0)

    def some(*shape) -> np.ndarray:
        return np.asfortranarray(rng.random(shape), np.float32)

    trained = NeuralNetwork(manager, seed=0)
    trained.history = [Epoch(1, 1, 1.0, *[0.5] * 6)]
    return {
        "A": some(10, 4), "B": some(4, 6), "v_A": some(10, 4), "v_B": some(4, 6), "x": some(6, 5),
        "y": some(10, 5), "u": some(10, 5), "a": some(10, 1), "b": some(4, 1), "eta": 0.1,
        "beta": 0.9, "hidden": "sigmoid", "gradients": network.gradients, "seed": 1,
        "data_manager": manager, "path": tmp_path / "new", "galaxy": manager.galaxy(0),
        "full": galaxy_file(), "piece": tmp_path / "piece.h5", "fraction": 0.5, "n_images": 10,
        "pixels": np.zeros((4, 4, 3)), "answers": [1, 2], "data": np.zeros((4, 4, 3)), "answer": 3,
        "prediction": np.zeros(10), "pictures": np.zeros((2, 4, 4, 3), np.uint8), "turn": 1,
        "row": 0, "batch_size": 5, "right": 0.5, "n": 10, "what": "chapter 3", "network": trained,
        "coarsen": 2, "ds": manager.ds, "name": "ra", "ra": np.zeros(3), "dec": np.arange(3.0),
        "pairs": np.zeros((0, 2), int), "separation": np.zeros(0), "ans": np.zeros(3, int),
        "kind": 2, "rng": 1, "arrays": {"a": np.zeros(2)}, "url": "http://127.0.0.1:1/x.h5",
        "sha256": "0" * 64, "folder": tmp_path,
        "layout": Layout(), "side": 8, "shape": (1, 16, 16, 3), "d_X": some(75, 64), "size": 2,
        "h": some(1, 4, 4, 2), "d": some(1, 8, 8, 3), "weights": {}, "network_file": "n",
        "z": some(10, 4), "p": some(10, 4), "files": ["x.h5"], "to": tmp_path / "c",
        "figure": plt.Figure(), "galaxies": [manager.galaxy(0)], "caption": "", "titles": ["a"],
        "curves": {"a": ([1], [2])}, "matrix": np.zeros((10, 10), int), "draw": print, "alt": "",
        "record": trained.history[0], "constant": 0.5, "learning_rate": 1.0,
        "values": [1], "slopes": some(2, 3), "names": ["a", "b"], "predictions": [1] * 20,
        "codes": [], "said": [1] * 20, "plan": plan_sample(1, 10)[0],
    }  # fmt: skip


def pictures_of_16() -> dict:
    """A picture for the chapter's layout, with small weights that fit it, and what is known."""
    shapes = {"B_1": (2, 75), "b_1": (2, 1), "B_2": (3, 50), "b_2": (3, 1), "A": (10, 12)}
    weights = {name: np.ones(shape) for name, shape in (shapes | {"a": (10, 1)}).items()}
    return {"x": np.ones((1, 16, 16, 3)), "y": np.ones((10, 1)), "weights": weights}


SHAPES = {"A": "size", "B": "size", "x": "size", "y": "size"}
DATA = {
    "partition": "inside", "datafile": "paths or none", "coarsen": "whole",
    "read_on_demand": "truth",
    "seed": "seed", "validation": "open share", "stratify": "truth", "group_by_sky": "truth",
    "augment": "choice", "cache": "truth", "crop": "whole or none", "memory_limit": "room",
    "split": "split or none",
}  # fmt: skip
TRAIN = {"n_epochs": "whole", "learning_rate": "positive", "beta_momentum": "share"}
TRAIN |= {"batch_size": "whole"}
BATCH = {"batch_size": "whole"}
TABLE: list[tuple[Callable, dict[str, str]]] = [
    (galaxy.scale_pixels, {"pixels": "array", "out": "array or none"}),
    (galaxy.as_pixels, {"data": "array"}),
    (galaxy.one_hot, {"answers": "answers"}),
    (Galaxy, {"data": "array", "answer": "class", "index": "index"}),
    (Galaxy.plot, {"ax": "thing or none"}),
    (Galaxy.validate, {"prediction": "size"}),
    (DataManager, DATA),
    (DataManager.galaxy, {"row": "row"}),
    (DataManager.training_batches, BATCH),
    (DataManager.test_batches, BATCH),
    (DataManager.validation_batches, BATCH),
    (pictures.turned, {"pictures": "array", "turn": "turn"}),
    (network.sigmoid, {"x": "array"}),
    (network.relu, {"u": "array"}),
    (network.loss, SHAPES),
    (network.gradients, SHAPES),
    (network.log_sum_exp, {"u": "size"}),
    (network.log_softmax, {"u": "size"}),
    (network.softmax, {"u": "size"}),
    (network.cross_entropy, {"u": "size", "y": "size"}),
    (network.cross_entropy_gradients, SHAPES | {"a": "size", "b": "size", "hidden": "choice"}),
    (check_gradients, SHAPES | {
        "gradients": "function", "a": "size or none", "b": "size or none", "hidden": "choice",
        "max_weights": "whole", "seed": "seed"}),
    (NeuralNetwork, {"data_manager": "thing", "hidden_layer_size": "whole", "seed": "seed",
                     "loss": "choice", "hidden": "choice"}),
    (NeuralNetwork.forward, {"x": "size"}),
    (NeuralNetwork.sigmoid, {"x": "array"}),
    (NeuralNetwork.predict, {"galaxy": "thing"}),
    (NeuralNetwork.train, TRAIN),
    (NeuralNetwork.epochs, TRAIN),
    (NeuralNetwork.save, {"path": "path"}),
    (NeuralNetwork.load, {"path": "path", "data_manager": "thing"}),
    (assessment.stalled, {"record": "thing", "constant": "room", "learning_rate": "positive"}),
    (assessment.confusion_matrix, {"answers": "answers", "predictions": "answers"}),
    (assessment.recall, {"matrix": "matrix"}),
    (course.fraction_right, {"right": "share", "n": "whole"}),
    (course.row, {"what": "text", "network": "thing", "epoch": "whole or none"}),
    (course.baselines, {"data_manager": "thing", "galaxies": "thing or none"}),
    (course.fresh_set, {"data_manager": "thing"}),
    (course.on_fresh, {"network": "thing"}),
    (course.fresh_table, {"what": "text", "network": "thing"}),
    (course.baseline_rows, {"data_manager": "thing"}),
    (datasets.dataset_path, {"datafile": "path or none"}),
    (datasets.find_dataset, {"datafile": "path or none"}),
    (datasets.open_dataset, {"path": "path"}),
    (datasets.is_simulated, {"ds": "thing"}),
    (datasets.catalogue, {"ds": "thing", "name": "choice"}),
    (datasets.votes, {"ds": "thing"}),
    (datasets.describe, {"path": "path", "every_picture": "truth"}),
    (datasets.write_piece, {"full": "path", "piece": "path", "per_class": "whole or none",
                            "fraction": "low share", "seed": "seed"}),
    (datasets.simulated_sample_path, {"n_images": "many", "seed": "fixed seed"}),
    (datasets.simulate_sample, {"path": "path", "n_images": "many", "seed": "fixed seed"}),
    (datasets.convert, {"parquet": "path", "file": "path", "source": "text or none",
                        "n_rows": "whole or none"}),
    (fetching.fetch, {"url": "url", "sha256": "sha256", "folder": "path"}),
    (small.fetch_small, {"url": "url", "sha256": "sha256 or none", "folder": "path"}),
    (reading.block_sums, {"pictures": "size", "coarsen": "whole"}),
    (reading.sum_dtype, {"coarsen": "whole"}),
    (splits.sky_pairs, {"ra": "array", "dec": "array", "pxscale": "array or none",
                        "side": "whole"}),
    (splits.conflicts, {"pairs": "array", "separation": "array", "ans": "array"}),
    (archives.save_arrays, {"path": "path"}),
    (archives.load_arrays, {"path": "path"}),
    (Layout.n_places, {"side": "from 0"}),
    (convolution.im2col, {"x": "pictures", "layout": "fitting layout"}),
    (convolution.col2im, {"d_X": "size", "shape": "lengths", "layout": "fitting layout"}),
    (convolution.mean_pool, {"h": "pictures", "size": "whole"}),
    (convolution.spread, {"d": "pictures", "shape": "lengths", "size": "whole"}),
    (convolution.layers, {"weights": "weights", "x": "pictures", "layout": "fitting layout"}),
    (convolution.gradients, {"weights": "weights", "x": "pictures", "y": "size",
                             "layout": "fitting layout"}),
    (ConvolutionalNetwork, {"data_manager": "thing", "maps": "maps", "layout": "layout",
                            "seed": "seed"}),
    (ConvolutionalNetwork.layers, {"x": "size"}),
    (survey.Calibration.probabilities, {"z": "size"}),
    (survey.Calibration.asks, {"p": "size"}),
    (survey.Calibration.save, {"network_file": "path"}),
    (survey.Calibration.load, {"network_file": "path"}),
    (survey.calibrate, {"network": "thing", "accuracy": "inside"}),
    (survey.fingerprint, {"network": "thing"}),
    (survey.classify, {"files": "files", "network": "network or path", "to": "path",
                       "client": "thing or none", "calibration": "thing or none"}),
    (survey.local_client, {"n_workers": "processes"}),
    (survey.part_name, {"path": "path"}),
    (plots.photograph, {"figure": "thing"}),
    (plots.svg, {"figure": "thing", "photographs": "truth"}),
    (plots.mosaic, {"galaxies": "list", "caption": "caption"}),
    (plots.first_of_each_type, {"galaxies": "list", "title": "caption"}),
    (plots.gallery, {"galaxies": "list", "titles": "list of texts", "columns": "whole",
                     "title": "caption"}),
    (plots.learning_curves, {"curves": "curves", "ax": "thing or none", "xlabel": "caption",
                             "ylabel": "caption", "title": "caption"}),
    (plots.confusion, {"matrix": "matrix", "ax": "thing or none", "title": "caption"}),
    (living.frames, {"draw": "function", "values": "values", "name": "names",
                     "alt": "text or function", "label": "text or function",
                     "start": "any whole"}),
    (living.live, {"draw": "function", "alt": "text or function", "controls": "thing"}),
    (living.browse, {"data_manager": "thing"}),
    (living.train_live, {"network": "thing", "draw": "function or none", "n_epochs": "whole",
                         "interval": "whole", "settings": "positive"}),
    (living.Batch, {"slopes": "size", "names": "two texts", "S": "to 256"}),
    (living.Confusion, {"data_manager": "thing", "predictions": "classes"}),
    (living.Flow, {"A": "small matrix", "B": "small matrix", "x": "small matrix",
                   "y": "small matrix", "four": "truth", "step": "line", "compact": "truth"}),
    (living.Trainer, {
        "data_manager": "thing or none", "hidden_layer_size": "whole", "view": "choice",
        "learning_rate": "positive", "beta_momentum": "share", "batch_size": "whole",
        "seed": "seed of a page", "loss": "choice", "turned": "truth", "compact": "truth"}),
    (living.Trainer.show, {"network": "thing"}),
    (living.Valley, {"curvature": "two above 0", "start": "start", "eta": "eta", "beta": "beta",
                     "noise": "truth", "n_steps": "whole", "compact": "truth"}),
    (living.Volunteer, {"data_manager": "thing", "predictions": "classes or none"}),
    (living.Volunteer.read_codes, {"codes": "codes"}),
    (living.Volunteer.confusion_matrix, {"said": "twenty"}),
    (living.Window, {"pictures": "squares", "names": "list of texts", "learned": "windows"}),
    (simulate_galaxy, {"kind": "class", "rng": "seed", "size": "sides"}),
    (draw, {"plan": "thing", "size": "sides"}),
    (plan_sample, {"seed": "seed", "n_images": "many"}),
]  # fmt: skip
# Of these, what is given as keywords is told under their names.
KEYWORDS = {"controls": "sigma", "settings": "learning_rate"}
CASES = [(function, name, kind) for function, names in TABLE for name, kind in names.items()]


def owner(method: Callable, good: dict):
    """Return something that has the method."""
    manager, calibration = (
        good["data_manager"],
        survey.Calibration("", 32, 32, 2, 1, 0.5, 0.9, 1, 1),
    )
    made = {
        "Galaxy": lambda: good["galaxy"],
        "DataManager": lambda: manager,
        "NeuralNetwork": lambda: good["network"],
        "Saved": lambda: good["network"],
        "Training": lambda: good["network"],
        "ConvolutionalNetwork": lambda: ConvolutionalNetwork(manager, seed=0),
        "Layout": Layout,
        "Calibration": lambda: calibration,
        "Trainer": lambda: living.Trainer(manager),
        "Volunteer": lambda: living.Volunteer(manager),
    }
    return made[method.__qualname__.split(".")[0]]()


def shown(value) -> str:
    return value.__qualname__ if callable(value) else str(value)


@pytest.mark.parametrize(("function", "name", "kind"), CASES, ids=shown)
def test_a_wrong_argument_is_one_sentence(function, name, kind, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path / "cache"))
    parameters = inspect.signature(function).parameters
    given = {
        key: good[key]
        for key, parameter in parameters.items()
        if key in good and (parameter.default is parameter.empty or key == "fraction")
    }
    if function.__module__ == convolution.__name__:
        given |= {key: value for key, value in pictures_of_16().items() if key in given}
    if "self" in parameters:
        given["self"] = owner(function, good)
    if function is datasets.write_piece and name == "per_class":
        del given["fraction"]
    bad = BAD[kind]
    assert len(bad) >= 15
    name = KEYWORDS.get(name, name)
    random = good["data_manager"].rng.bit_generator.state
    for value in bad:
        keywords = {key: entry for key, entry in {**given, name: value}.items() if key != "self"}
        with pytest.raises(ValueError, match=rf"^{name}(\[.+?\]|'s name)? is ") as caught:
            function(*[given["self"]] if "self" in given else [], **keywords)
        said = str(caught.value)
        assert said.endswith(".")
        assert ": " in said
        assert "give " in said
        assert "\n" not in said
        assert len(said) < 250
    assert os.listdir(tmp_path) == []
    assert good["data_manager"].rng.bit_generator.state == random
    assert plt.get_fignums() == []


# Made by the library, or a record whose entries are checked where it is used.
RECORDS = {Epoch, Saved, Training, network.Loss, datasets.Description, convolution.Layers, Layout,
           survey.Calibration, survey.Summary, Plan, GradientErrors, doctor.Finding}  # fmt: skip


def modules() -> Iterator:
    """The library's top level, and of its folder of files what people call.

    Answers to `checks` may be anything: tests/test_checks.py hands over that. `checked` is what
    all this tests, and `Frame` the simulator's own canvas.
    """
    found = [module.name for module in pkgutil.iter_modules(galaxy_lib.__path__)]
    # `pictures` and `splits` are called by DataManager, with arguments that it has checked.
    unchecked = ("checked", "checks", "pictures", "splits")
    for name in [*found, "files.datasets", "files.fetching", "files.small"]:
        if not name.startswith("_") and name not in unchecked:
            yield importlib.import_module(f"galaxy_lib.{name}")


def public() -> Iterator[tuple[Callable, str]]:
    """Each public function, method and class, with each of its parameters."""
    for module in modules():
        own = [k for k, v in vars(module).items() if getattr(v, "__module__", 0) == module.__name__]
        names = [name for name in getattr(module, "__all__", own) if name[0] != "_"]
        for thing in (getattr(module, name) for name in names if name != "Frame"):
            found = [thing] if inspect.isfunction(thing) else []
            if inspect.isclass(thing):
                members = [getattr(thing, key) for key in vars(thing) if key[0] != "_"]
                found = [member for member in members if callable(member)]
                found += [thing] if thing not in RECORDS else []
            for function in (each for each in found if each.__name__[0] != "_"):
                names = set(inspect.signature(function).parameters)
                if "traits" in names:
                    names |= function._checks.keys()
                yield from ((function, name) for name in names - {"self", "traits"})


def place(function: Callable) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def test_the_table_names_every_public_parameter():
    known = {(place(function), name) for function, name, _ in CASES}
    found = {(place(function), name) for function, name in public()}
    assert found - known == set()
    assert len(found) > 150
    shown_in_the_book = re.findall(r"automodule:: (\S+)", (ROOT / "chapters/api.md").read_text())
    assert {*shown_in_the_book} - {module.__name__ for module in modules()} == {"galaxy_lib.checks"}


def test_lengths_that_should_be_equal_are_named(good):
    A, B, x, y = (good[name] for name in "ABxy")
    with pytest.raises(ValueError, match=r"x is an array \(4, 5\) of float32: its N_in is 4; give"):
        network.loss(A, B, x[:4], y)
    with pytest.raises(ValueError, match=r"its S is 4; give 5, as x has\."):
        network.gradients(A, B, x, y[:, :4])


def test_a_gradient_function_that_returns_something_else_is_named(good):
    A, B, x, y = (good[name] for name in "ABxy")
    for wrong in (lambda *given: None, lambda *given: A, lambda *given: (A, B, B)):
        with pytest.raises(ValueError, match="gradients returned no grad_A and grad_B"):
            check_gradients(A, B, x, y, wrong)


def test_good_arguments_come_back_in_their_type():
    assert type(checked.whole("n", np.int8(3))) is int
    assert checked.a_number("p", np.float32(0.5), 0, 1, such_as=0.1) == 0.5
    assert checked.a_number("p", 1, 0, 1, such_as=0.1) == 1.0
    assert checked.truth("t", np.True_) is True
    assert checked.a_path("p", "~") == Path.home()
    assert checked.an_array("x", [[1, 2]], (1, "n")).shape == (1, 2)
    for seed in (None, 0, 2**70, [1, 2], np.random.default_rng(1), np.random.SeedSequence(1)):
        assert checked.a_seed("seed", seed) is seed
    long = checked.wrong("x", list(range(10_000)), "give less")
    assert len(str(long)) < 100


def test_a_check_stands_in_the_annotation():
    class Counter:
        @checked.checked
        def add(self, x: network.Inputs, y: network.Outputs, *, n: checked.Whole | None = None,
                other: str = "free") -> Counter:  # fmt: skip
            return x.shape, y.shape, n, other

    add = Counter().add
    assert add([[1, 2]], [[1, 2], [3, 4]]) == ((1, 2), (2, 2), None, "free")
    assert add([[1]], [[1]], n=np.int8(2), other=3) == ((1, 1), (1, 1), 2, 3)
    with pytest.raises(
        ValueError, match=r"y is an array \(1, 1\) of int64: its S is 1; give 2, as x"
    ):
        add([[1, 2]], np.ones((1, 1), np.int64))
    with pytest.raises(ValueError, match=r"^n is 0: give a whole number, 1 or more\.$"):
        add([[1]], [[1]], n=0)
    assert checked.check_of(int) is checked.check_of(int | None) is None


# ------------------------------------------------------------------------- the command line

JUNK_WORDS = ["", " ", "x", "nan", "inf", "-inf", "1e3", "2.5", "0x10", "1_0_", "½", "[1]", "None",
              "1,000", "--", "\udcff", "9" * 5000]  # fmt: skip
# No file is in any of these places, and none can be made there.
PLACES = ["", ".", "..", "/", "folder", "folder/", "folder/.", "file", "./file", "folder/../file",
          "file/below", "file/below/x", "~nouser", "~nouser/x", "x\0y", "x" * 300, "x" * 5000,
          "folder/" + "y" * 300]  # fmt: skip
FOLDERS = [*PLACES[7:], "\0", "file/../file", "file/.", "~nouser/..", "./file/x"]
FLAGS = {
    "simulate @": PLACES,
    "simulate new.h5 --n @": [*JUNK_WORDS, "0", "-5", str(10**7), str(10**30)],
    "simulate new.h5 --n 10 --seed @": [*JUNK_WORDS, "-1", str(2**63), str(10**30)],
    "fetch --url http://127.0.0.1:1/x.h5 --sha256 00 --to @": FOLDERS,
    "fetch --sha256 00 --url @": [*JUNK_WORDS, "file:///etc/hosts", "ftp://a.b/c", "http://"],
    "fetch --url http://127.0.0.1:1/x.h5 --sha256 @": [*JUNK_WORDS, "0" * 63, "g" * 64],
    "fetch --small --url http://127.0.0.1:1/x --to @": FOLDERS,
    "fetch --small --url @": [*JUNK_WORDS, "file:///etc/hosts", "ftp://a.b/c", "http://"],
    "fetch --small --url http://127.0.0.1:1/x --sha256 @": [*JUNK_WORDS, "0" * 63, "g" * 64],
    "convert @ new.h5": [*PLACES, "gone"],
    "convert full.h5 @": PLACES,
    "sample @ new.h5 --fraction 1": [*PLACES, "gone"],
    "sample full.h5 @ --fraction 1": PLACES,
    "sample full.h5 new.h5 --per-class @": [*JUNK_WORDS, "0", "-5"],
    "sample full.h5 new.h5 --fraction @": [*JUNK_WORDS[:6], *JUNK_WORDS[7:9], *JUNK_WORDS[10:],
                                           "0", "-0.5", "1.01", "1e300"],
    "sample full.h5 new.h5 --fraction 1 --seed @": [*JUNK_WORDS, "-1"],
    "classify @ --network net.npz --to new --workers 1": [*PLACES[:12], *PLACES[15:], "gone"],
    "classify full.h5 --to new --workers 1 --network @": [*PLACES, "gone"],
    "classify full.h5 --workers 1 --network net.npz --to @": FOLDERS,
    "classify full.h5 --network net.npz --to new --workers @": [*JUNK_WORDS, "0", "-5"],
    "classify full.h5 --network net.npz --to new --scheduler @": [*JUNK_WORDS, "tcp://", "x:1"],
    "info @": [*PLACES, "gone"],
}  # fmt: skip


@pytest.mark.parametrize("line", FLAGS)
def test_a_wrong_flag_is_one_sentence(line, tmp_path, galaxy_file, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    Path("full.h5").symlink_to(galaxy_file())
    with DataManager(datafile="full.h5", coarsen=8, seed=0, validation=0.5, cache=False) as d:
        trained = NeuralNetwork(d, seed=0)
        trained.save("net.npz")
        survey.calibrate(trained).save("net.npz")
    before = sorted(os.walk("."))
    assert len(FLAGS[line]) >= 15
    for value in FLAGS[line]:
        words = [value if word == "@" else word for word in line.split(" ")]
        try:
            status = main([{"00": "0" * 64}.get(word, word) for word in words])
        except SystemExit as stopped:
            status = stopped.code
        said = capsys.readouterr()
        *usage, sentence = (said.out + said.err).splitlines()
        assert status in (1, 2), value
        assert "Traceback" not in said.err
        if words[:2] == ["classify", value]:  # what can't be read is listed in the catalogue
            assert "1 could not be read" in said.out
            shutil.rmtree("new")
        elif status == 1 and words[0] != "info":
            assert usage == []
            assert sentence.startswith("galaxy_lib: ")
            assert sentence.endswith(".")
        elif status == 2:  # argparse's own, which names the flag and the value
            assert ": error: " in sentence
        assert sorted(os.walk(".")) == before


def test_the_table_names_every_flag():
    commands = parser()._subparsers._group_actions[0].choices
    for name, command in commands.items():
        lines = [line for line in FLAGS if line.startswith(name)]
        places = 0
        for action in command._actions:
            if action.option_strings and action.nargs != 0:  # and it takes a value
                assert any(f"{action.option_strings[-1]} @" in line for line in lines)
            places += not action.option_strings
        assert places == sum("--" not in line.split("@")[0] for line in lines)
