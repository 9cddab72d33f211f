"""The maths of `convolution`: by hand, by loops, against finite differences and against PyTorch."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import statistics
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from test_training import FakeManager

from galaxy_lib import convolution
from galaxy_lib.convolution import (
    ConvolutionalNetwork,
    Layout,
    col2im,
    im2col,
    mean_pool,
    spread,
)
from galaxy_lib.galaxy import Galaxy, one_hot
from galaxy_lib.network import NeuralNetwork, cross_entropy

ROOT = Path(__file__).resolve().parents[1]
seeds = st.integers(0, 2**32 - 1)
layouts = st.builds(
    Layout,
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    pool=st.just(2),
)
sides = st.tuples(st.integers(4, 8), st.integers(4, 8))


# ------------------------------------------------------------------- windows, as loops say it


def columns_by_loops(x, layout):
    """Write the definition out: a frame of zeros, then each place of each picture."""
    S, H, W, C = x.shape
    n, d, p = layout.window, layout.stride, layout.padding
    columns = []
    for s in range(S):
        for top in range(-p, H + p - n + 1, d):
            for left in range(-p, W + p - n + 1, d):
                seen = np.zeros((n, n, C))
                for i in range(n):
                    for j in range(n):
                        if 0 <= top + i < H and 0 <= left + j < W:
                            seen[i, j] = x[s, top + i, left + j]
                columns.append(seen.ravel())
    return np.array(columns).T


@given(layouts, sides, st.integers(1, 3), st.integers(1, 3), seeds)
def test_im2col_is_what_loops_find(layout, side, S, C, seed):
    x = np.random.default_rng(seed).normal(size=(S, *side, C))
    X = im2col(x, layout)
    assert_array_equal(X, columns_by_loops(x, layout))
    assert X.shape[1] == S * layout.n_places(side[0]) * layout.n_places(side[1])


def test_im2col_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    X = im2col(x, Layout(window=2, stride=1, padding=0))
    assert_array_equal(X, [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]])
    framed = im2col(x, Layout(window=2, stride=2, padding=1))
    assert_array_equal(framed, [[0, 0, 0, 4], [0, 0, 3, 5], [0, 1, 0, 7], [0, 2, 6, 8]])


def test_columns_are_contiguous_and_keep_their_dtype():
    X = im2col(np.ones((2, 8, 8, 3), np.float32), Layout())
    assert X.flags.f_contiguous
    assert X.dtype == np.float32
    assert X.shape == (75, 2 * 4 * 4)


def test_windows_do_not_change_the_picture():
    x = np.ones((1, 4, 4, 1))
    im2col(x, Layout(window=2, stride=2, padding=0))[:] = 7
    assert (x == 1).all()


@given(layouts, sides, st.integers(1, 3), st.integers(1, 3), seeds)
def test_col2im_is_im2col_transposed(layout, side, S, C, seed):
    # ⟨im2col(x), Y⟩ = ⟨x, col2im(Y)⟩ for all x and Y is what "transposed" means.
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(S, *side, C))
    X = im2col(x, layout)
    Y = rng.normal(size=X.shape)
    assert np.vdot(X, Y) == pytest.approx(np.vdot(x, col2im(Y, x.shape, layout)))


def test_col2im_counts_the_windows_that_see_a_pixel():
    layout = Layout(window=3, stride=1, padding=0)
    seen = col2im(np.ones((9, 4)), (1, 4, 4, 1), layout)[0, :, :, 0]
    assert_array_equal(seen, [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]])


# ------------------------------------------------------------------------------------ pooling


def test_mean_pool_by_hand():
    h = np.arange(25.0).reshape(1, 5, 5, 1)
    assert_array_equal(mean_pool(h, 2)[0, :, :, 0], [[3, 5], [13, 15]])  # row and column 4 left out


@given(st.integers(1, 4), sides, seeds)
def test_spread_is_mean_pool_transposed(size, side, seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(2, *side, 3))
    d = rng.normal(size=mean_pool(h, size).shape)
    assert np.vdot(mean_pool(h, size), d) == pytest.approx(np.vdot(h, spread(d, h.shape, size)))


# ---------------------------------------------------------------------------------- gradients


def random_network(layout, side=(11, 9), maps=(3, 4), S=3, C=2, seed=0):
    rng = np.random.default_rng(seed)
    H, W = [layout.n_places(layout.n_places(n)) // layout.pool for n in side]
    n = layout.window**2
    shapes = {"B_1": (maps[0], n * C), "B_2": (maps[1], n * maps[0]), "A": (5, H * W * maps[1])}
    weights = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    for name, rows in {"b_1": maps[0], "b_2": maps[1], "a": 5}.items():
        weights[name] = rng.normal(0, 0.5, (rows, 1))
    x = rng.uniform(0.01, 1, (S, *side, C))
    y = np.where(np.arange(5)[:, None] == rng.integers(5, size=S), 0.99, 0.01)
    return weights, x, y


def errors_of_gradients(layout, **options):
    """Return by name ‖slope − central difference‖ / ‖central difference‖, over every weight."""
    weights, x, y = random_network(layout, **options)
    step, errors = 1e-5, {}
    for name, slope in convolution.gradients(weights, x, y, layout).items():
        assert slope.shape == weights[name].shape, name
        differences = np.zeros(slope.shape)
        for place in np.ndindex(slope.shape):
            for sign in (1, -1):
                moved = weights[name].copy()
                moved[place] += sign * step
                u = convolution.layers(weights | {name: moved}, x, layout).u
                differences[place] += sign * cross_entropy(u, y) / (2 * step)
        errors[name] = np.linalg.norm(slope - differences) / np.linalg.norm(differences)
    return errors


GEOMETRIES = {
    "as in the chapter": (Layout(), {"side": (16, 16)}),
    "no padding, odd sizes": (Layout(window=3, stride=1, padding=0), {"side": (9, 11)}),
    "what fills no square of the pool": (Layout(window=3, stride=1, padding=1), {"side": (7, 9)}),
    "an even window": (Layout(window=2, stride=1, padding=1, pool=3), {"side": (7, 8)}),
    "pixels that no window sees": (Layout(window=2, stride=3, padding=0, pool=1), {}),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_gradients_agree_with_central_differences(name):
    layout, options = GEOMETRIES[name]
    errors = errors_of_gradients(layout, **options)
    assert set(errors) == {"A", "B_1", "B_2", "a", "b_1", "b_2"}
    assert max(errors.values()) < 1e-6, errors


# ---------------------------------------------------------------------------- the same in PyTorch


class Pictures(FakeManager):
    """What a `ConvolutionalNetwork` needs of a `DataManager`: squares, brightest where y says."""

    def __init__(self, side=32, n=200, seed=0):
        self.rng = np.random.default_rng(seed)
        self.ans = self.rng.integers(0, 10, n).astype(np.uint8)
        x = self.rng.uniform(0.01, 0.3, (n, side, side, 3)).astype(np.float32)
        for picture, k in zip(x, self.ans.tolist(), strict=True):
            picture[k * side // 10 : (k + 1) * side // 10] += 0.5
        self.x, self.y = x.reshape(n, -1).T, np.asfortranarray(one_hot(self.ans))
        self.input_size = len(self.x)
        rows = np.arange(n)
        self.training_indices, self.validation_indices, self.test_indices = np.split(
            rows, [n * 7 // 10, n * 8 // 10]
        )


def test_pytorch_takes_the_same_twenty_steps():
    torch = pytest.importorskip("torch")
    theirs_file = ROOT / "benchmarks" / "convolution_in_pytorch.py"
    spec = importlib.util.spec_from_file_location("in_pytorch", theirs_file)
    in_pytorch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(in_pytorch)

    pictures = Pictures(n=1000)
    ours = ConvolutionalNetwork(pictures, seed=1)
    theirs = in_pytorch.make_network()
    in_pytorch.take_weights(theirs, ours)
    batches = [tuple(batch) for batch in pictures.training_batches(32)][:20]
    assert len(batches) == 20
    v = [np.zeros_like(w) for w in ours._weights()]
    for x, y in batches:
        ours._step(v, x, y, 0.2, 0.9)
    in_pytorch.train(theirs, batches, learning_rate=0.2, beta=0.9)

    reached = in_pytorch.make_network()
    in_pytorch.take_weights(reached, ours)
    first = ConvolutionalNetwork(pictures, seed=1)
    assert np.abs(ours.B_2 - first.B_2).max() > 0.01  # twenty steps lead somewhere
    for (name, a), b in zip(theirs.named_parameters(), reached.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-4), name
    with torch.no_grad():
        x = torch.from_numpy(pictures.x.T.reshape(-1, 32, 32, 3)).permute(0, 3, 1, 2)
        z = torch.softmax(theirs(x), dim=1).numpy().T
    assert_allclose(ours.forward(pictures.x), z, rtol=0, atol=1e-4)


# -------------------------------------------------------------------------------- the Python class


SMALL = {"maps": (4, 6), "seed": 1}


def small_network(n=200, side=16, **settings):
    return ConvolutionalNetwork(Pictures(side, n), **(SMALL | settings))


def test_it_learns():
    network = small_network()
    *_, last = network.epochs(12, 0.2, 0.9, 16)
    assert network.history[0].training_accuracy < 0.6
    assert last.training_accuracy > 0.95
    assert network.assess() == last.test_accuracy > 0.9
    assert network.confusion_matrix().sum() == 40
    assert network.confusion_matrix().trace() / 40 == pytest.approx(network.assess())


def test_an_epoch_is_its_steps_written_out():
    network, pictures = small_network(), Pictures(16)
    weights = {name: getattr(network, name).astype(np.float64) for name in network.weight_names}
    v = {name: 0.0 for name in weights}
    total, n = 0.0, 0
    for x, y in pictures.training_batches(32):
        x = x.T.reshape(-1, 16, 16, 3).astype(np.float64)
        total += cross_entropy(convolution.layers(weights, x, Layout()).u, y) * len(x)
        n += len(x)
        for name, slope in convolution.gradients(weights, x, y, Layout()).items():
            v[name] = 0.8 * v[name] + 0.2 * slope
        weights = {name: w - 0.1 * v[name] for name, w in weights.items()}
    (record,) = network.epochs(1, 0.1, 0.8, 32)
    assert record.n_updates == 5
    assert record.training_loss == pytest.approx(total / n, rel=1e-5)
    for name, w in weights.items():
        assert getattr(network, name).dtype == np.float32
        assert_allclose(getattr(network, name), w, atol=1e-5, err_msg=name)


def test_initial_weights():
    network = ConvolutionalNetwork(Pictures(32, 20), seed=1)
    assert network.n_weights == 19178 == 16 * 75 + 16 + 32 * 400 + 32 + 10 * 512 + 10
    assert network.N_hidden == 512
    assert network.B_1.std() == pytest.approx((2 / 75) ** 0.5, rel=0.05)
    assert network.B_2.std() == pytest.approx((2 / 400) ** 0.5, rel=0.05)
    assert network.A.std() == pytest.approx(512**-0.5, rel=0.05)
    assert not network.b_1.any()
    assert not network.b_2.any()
    assert not network.a.any()
    again = ConvolutionalNetwork(Pictures(32, 20), seed=1)
    assert_array_equal(network.B_2, again.B_2)
    assert not np.array_equal(network.B_2, ConvolutionalNetwork(Pictures(32, 20), seed=2).B_2)


def test_a_moved_picture_gives_moved_maps():
    # The reason for all this: two pixels to the right are one place to the right in the maps.
    network = small_network(side=32)
    x = np.zeros((1, 32, 32, 3), np.float32)
    x[0, 10:16, 10:16] = network.data_manager.rng.uniform(size=(6, 6, 3))
    moved = np.roll(x, 2, axis=2)
    h, h_moved = (network.layers(p.reshape(1, -1).T).h_1 for p in (x, moved))
    assert np.ptp(h) > 0.1
    assert_allclose(h_moved[:, :, 1:], h[:, :, :-1], atol=1e-6)


@pytest.mark.parametrize("layout", [Layout(pool=5), Layout(window=40)], ids=str)
def test_layouts_that_do_not_fit(layout):
    with pytest.raises(ValueError, match="do not fit on 768 "):
        small_network(layout=layout)


def test_pictures_are_square_and_coloured():
    pictures = Pictures(16)
    pictures.input_size = 16 * 16
    with pytest.raises(ValueError, match="do not fit on 256 inputs"):
        ConvolutionalNetwork(pictures)


def test_saved_and_loaded_it_goes_on_as_before(tmp_path):
    layout = Layout(window=3, stride=1, padding=0, pool=3)
    network = small_network(layout=layout)
    list(network.epochs(2, 0.1, 0.9, 32))
    network.save(tmp_path / "network.npz")
    other = Pictures(16)
    # One `load` brings each kind back, as the archive names it.
    loaded = NeuralNetwork.load(tmp_path / "network.npz", other)
    assert type(loaded) is ConvolutionalNetwork
    assert loaded.layout == layout
    assert loaded.history == network.history
    assert_array_equal(loaded.forward(other.x), network.forward(other.x))
    loaded.restore_best()
    network.restore_best()
    assert_array_equal(loaded.B_1, network.B_1)
    assert repr(loaded) == repr(network)
    assert "16×16×3, 4 and 6 maps" in repr(network)


def test_a_class_of_the_same_name_takes_no_place(tmp_path):
    """A reader's own class may bear the name of one of ours: ours still loads as ours."""
    data = Pictures(16)
    ours = ConvolutionalNetwork
    small_network().save(tmp_path / "net.npz")
    theirs = type("ConvolutionalNetwork", (ours,), {})
    assert type(NeuralNetwork.load(tmp_path / "net.npz", data)) is ours
    assert type(theirs.load(tmp_path / "net.npz", data)) is theirs


def test_a_file_that_names_no_kind_still_loads(tmp_path):
    network, path = small_network(), tmp_path / "network.npz"
    network.save(path)
    saved = dict(np.load(path))
    del saved["kind"]
    np.savez(path, **saved)
    loaded = ConvolutionalNetwork.load(path, Pictures(16))
    assert_array_equal(loaded.B_1, network.B_1)
    assert type(NeuralNetwork.load(path, Pictures(16))) is ConvolutionalNetwork


def test_loading_what_does_not_fit(tmp_path):
    path = tmp_path / "network.npz"
    small_network().save(path)
    with pytest.raises(ValueError, match="takes 768 inputs: coarsen the data to that size"):
        ConvolutionalNetwork.load(path, Pictures(32, 20))
    dense = tmp_path / "dense.npz"
    NeuralNetwork(Pictures(16), seed=1).save(dense)
    with pytest.raises(ValueError, match=r"is not a network that ConvolutionalNetwork\.save wrote"):
        ConvolutionalNetwork.load(dense, Pictures(16))
    saved = dict(np.load(path))
    for name, value in {
        "layout": np.array([5, 2, 2, 0]),
        "B_1": saved["B_1"][:, :9],
        "B_2": saved["B_2"] * np.nan,
        "loss": np.array("squared"),
        "N_hidden": np.array(7),
        "kind": np.array("NeuralNetwork"),
    }.items():
        np.savez(path, **saved | {name: value})
        with pytest.raises(ValueError, match=r"that ConvolutionalNetwork\.save wrote"):
            ConvolutionalNetwork.load(path, Pictures(16))


def test_predict_takes_a_galaxy():
    network = small_network()
    galaxy = Galaxy(np.full((16, 16, 3), 100, np.uint8), 3)
    z = network.predict(galaxy)
    assert z.shape == (10, 1)
    assert z.sum() == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="coarsen it to 768"):
        network.predict(Galaxy(np.zeros((8, 8, 3), np.uint8), 3))


def test_too_large_a_rate_is_told():
    with pytest.raises(FloatingPointError, match="less learning_rate"):
        list(small_network().epochs(5, 1e30, 0.9, 32))


def test_a_training_step_at_batches_of_64_stays_below_300_mb():
    network = ConvolutionalNetwork(Pictures(32, 100), seed=1)
    (batch,) = network.data_manager._batches(np.arange(64), 64)
    x, y = batch
    v = [np.zeros_like(w) for w in network._weights()]
    tracemalloc.start()
    network._step(v, x, y, 0.2, 0.9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 10e6 < peak < 300e6  # the columns of the first layer alone are 5 MB


# ------------------------------------------------------------------------------- planted faults


def facts():
    """Say what must hold of `convolution`, whatever its source: quick, and enough for any fault."""
    x = np.random.default_rng(3).normal(size=(2, 7, 9, 2))
    for layout in (Layout(window=3, stride=2, padding=1), Layout(window=2, stride=1, padding=0)):
        X = convolution.im2col(x, layout)
        assert_array_equal(X, columns_by_loops(x, layout))
        back = convolution.col2im(X, x.shape, layout)
        assert np.vdot(X, X) == pytest.approx(np.vdot(x, back))
    means = convolution.mean_pool(x, 2)
    assert means[1, 2, 3, 1] == pytest.approx(x[1, 4:6, 6:8, 1].mean())
    for layout, options in (
        (Layout(window=3, stride=1, padding=0), {"side": (9, 8)}),
        (Layout(window=2, stride=2, padding=1, pool=1), {"side": (5, 6)}),
    ):
        errors = errors_of_gradients(layout, maps=(2, 3), S=2, **options)
        assert max(errors.values()) < 1e-6
    layout = Layout(window=3, stride=1, padding=1)
    weights, x, _ = random_network(layout, side=(6, 6))
    found = convolution.layers(weights, x, layout)
    by_loops = np.maximum(weights["B_1"] @ columns_by_loops(x, layout) + weights["b_1"], 0)
    assert_allclose(found.h_1[1, 2, 3], by_loops.reshape(3, 3, 6, 6)[:, 1, 2, 3])
    test_an_epoch_is_its_steps_written_out()


FAULTS = [
    ("return (side + 2 * self.padding - self.window) // self.stride + 1",
     "return (side + 2 * self.padding - self.window) // self.stride"),
    ("axis=(1, 2))[:, ::stride, ::stride]", "axis=(1, 2))[:, ::stride, 1::stride]"),
    ("views.transpose(0, 1, 2, 4, 5, 3)", "views.transpose(0, 1, 2, 5, 4, 3)"),
    ("seen += d_X[:, :, :, p, q]", "seen[:] = d_X[:, :, :, p, q]"),
    ("seen += d_X[:, :, :, p, q]", "seen += d_X[:, :, :, q, p]"),
    ("return d_x[:, padding : padding + H,", "return d_x[:, :H,"),
    (".mean(axis=(2, 4))", ".max(axis=(2, 4))"),
    ("d / d.dtype.type(size**2)", "d / d.dtype.type(size)"),
    ("d_h[:, p:H:size, q:W:size] = d", "d_h[:, :H:size, q:W:size] = d"),
    ("e = e / S", "e = e / 1"),
    ("softmax(found.u) - (y > 0.5), layout", "softmax(found.u) - y, layout"),
    ("layout.pool) * (f.h_2 > 0))", "layout.pool))"),
    ("f.h_1.shape, layout) * (f.h_1 > 0))", "f.h_1.shape, layout))"),
    ('"B_2": d_2 @ f.X_2.T', '"B_2": 2 * d_2 @ f.X_2.T'),
    ('biases = {"b_1": d_1, "b_2": d_2, "a": e}', 'biases = {"b_1": d_1, "b_2": 2 * d_2, "a": e}'),
    ("    u += b.T\n", ""),
    ("np.maximum(u, 0, out=u)", "np.abs(u, out=u)"),
    ("framed[:, padding : padding + H,", "framed[:, :H,"),
    ("v_w *= beta", "v_w *= 1"),
    ("v_w += (1 - beta) * slopes[name]", "v_w += slopes[name]"),
    ("w -= eta * v_w", "w -= eta * slopes[name]"),
]  # fmt: skip


def test_the_facts_hold():
    facts()


@pytest.mark.parametrize(("right", "wrong"), FAULTS, ids=[wrong.strip() for _, wrong in FAULTS])
@pytest.mark.filterwarnings("ignore")
def test_a_planted_fault_is_noticed(monkeypatch, right, wrong):
    source = inspect.getsource(convolution)
    assert source.count(right) == 1, "Mend this fault: its line is no longer there."
    spec = importlib.util.spec_from_loader("faulty", loader=None)
    faulty = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "faulty", faulty)
    exec(source.replace(right, wrong), faulty.__dict__)
    for name in ("im2col", "col2im", "mean_pool", "spread", "layers", "gradients"):
        monkeypatch.setattr(convolution, name, getattr(faulty, name))
    monkeypatch.setitem(globals(), "ConvolutionalNetwork", faulty.ConvolutionalNetwork)
    with pytest.raises((AssertionError, ValueError)):
        facts()


# -------------------------------------------------------------------------------- what pages say


def page(name):
    cells = json.loads((ROOT / "chapters" / name).read_text("utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def test_the_page_shows_the_file_that_the_test_runs():
    shown = re.findall(r"```python\n(.*?)```", page("deeper/the_same_in_pytorch.ipynb"), re.S)
    assert shown == [(ROOT / "benchmarks" / "convolution_in_pytorch.py").read_text("utf-8")]
    assert max(map(len, shown[0].splitlines())) <= 76


def error_of_mean(values: list[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5


def test_the_table_of_chapter_8_is_what_the_benchmark_stored():
    stored = json.loads((ROOT / "benchmarks" / "convolution.json").read_text("utf-8"))
    text = page("08_convolution.ipynb")
    assert f"`{stored['command']}`" in text
    rows = re.findall(
        r"^\| ([^|]+) \| ([\d,]+) \| ([\d,]+) \| (\d\.\d{3}) ± (\d\.\d{3}) ", text, re.M
    )
    assert len(rows) == len(stored["networks"]) >= 3
    for what, pictures, weights, right, error in rows:
        entry = stored["networks"][what]
        runs = [run["right"] for run in entry["runs"]]
        assert int(pictures.replace(",", "")) == entry["pictures"]
        assert int(weights.replace(",", "")) == entry["weights"]
        assert float(right) == pytest.approx(statistics.mean(runs), abs=6e-4)
        assert float(error) == pytest.approx(error_of_mean(runs), abs=6e-4)
    found = re.findall(
        r"^\| nearest neighbour, ([^|]+) \|.*\| (\d\.\d{3}) ± (\d\.\d{3}) \|", text, re.M
    )
    assert {name for name, *_ in found} == set(stored["nearest neighbour"])
    for name, right, error in found:
        runs = stored["nearest neighbour"][name]
        assert float(right) == pytest.approx(statistics.mean(runs), abs=6e-4)
        assert float(error) == pytest.approx(error_of_mean(runs), abs=6e-4)


def test_what_the_neighbourhood_adds_in_chapter_8_is_compared_run_by_run():
    stored = json.loads((ROOT / "benchmarks" / "convolution.json").read_text("utf-8"))
    dense, ours, control = (
        {run["seed"]: run["right"] for run in stored["networks"][name]["runs"]}
        for name in ("dense, cross-entropy", "convolutional", "convolutional, pixels shuffled")
    )
    text = page("08_convolution.ipynb")
    for phrase, more, less in (
        ("still beats the dense one, by", control, dense),
        ("The neighbourhood adds", ours, control),
    ):
        gain, error = map(float, re.search(rf"{phrase} ([\d.]+) ± (\d\.\d{{3}})", text).groups())
        gains = [more[seed] - less[seed] for seed in more]
        assert gain == pytest.approx(statistics.mean(gains), abs=6e-4)
        assert error == pytest.approx(error_of_mean(gains), abs=6e-4)
    assert "it helps in all five runs" in text
    assert len(gains) == 5
    assert min(gains) > 0


def test_what_was_promised_of_accuracy_was_reached():
    stored = json.loads((ROOT / "benchmarks" / "convolution.json").read_text("utf-8"))
    networks = stored["networks"]
    mean = {k: statistics.mean(r["right"] for r in n["runs"]) for k, n in networks.items()}
    ours = networks["convolutional"]
    assert len({run["seed"] for run in ours["runs"]}) >= 3
    assert mean["convolutional"] >= 0.62
    assert ours["weights"] * 30 <= 12288 * 400 + 400 * 10  # the original's dense network
    assert mean["convolutional"] >= 0.617 + 0.10  # chapter 6's best, at 18 times the pictures
