"""`NeuralNetwork`: its step and its epochs against the formulas, and what surrounds them."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from galaxy_lib import kernels, training
from galaxy_lib.data import DataManager
from galaxy_lib.galaxy import Galaxy, one_hot, scale_pixels
from galaxy_lib.network import NeuralNetwork, gradients, loss, sigmoid


class FakeManager:
    """What a network needs of a `DataManager`, with ten clouds of points for galaxies."""

    def __init__(self, n_training=300, n_validation=60, n_test=100, input_size=48, seed=0):
        self.rng = np.random.default_rng(seed)
        n = n_training + n_validation + n_test
        self.ans = self.rng.integers(0, 10, n).astype(np.uint8)
        centres = self.rng.uniform(0, 200, (10, input_size))
        pixels = centres[self.ans] + self.rng.normal(0, 30, (n, input_size))
        self.x = np.asfortranarray(scale_pixels(np.clip(pixels, 0, 255)).T)
        self.y = np.asfortranarray(one_hot(self.ans))
        self.input_size = input_size
        rows = self.rng.permutation(n)
        self.training_indices, self.validation_indices, self.test_indices = np.split(
            rows, [n_training, n_training + n_validation]
        )

    def _batches(self, rows, batch_size):
        for i in range(0, len(rows), batch_size):
            chosen = rows[i : i + batch_size]
            yield np.asfortranarray(self.x[:, chosen]), np.asfortranarray(self.y[:, chosen])

    def training_batches(self, batch_size):
        self.rng.shuffle(self.training_indices)
        return self._batches(self.training_indices, batch_size)

    def validation_batches(self, batch_size=512):
        return self._batches(self.validation_indices, batch_size)

    def test_batches(self, batch_size=512):
        return self._batches(self.test_indices, batch_size)


def trained(n_epochs=1, *, hidden_layer_size=12, seed=1, **settings):
    network = NeuralNetwork(FakeManager(), hidden_layer_size=hidden_layer_size, seed=seed)
    list(network.epochs(n_epochs, **settings))
    return network


def lines_of(capsys):
    return capsys.readouterr().out.splitlines()


# ------------------------------------------------------------------------------------ one step


@given(
    st.tuples(*(st.integers(1, n) for n in (30, 20, 10, 40))),
    st.floats(0.001, 2),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_a_step_is_the_formula(size, eta, beta, seed):
    N_in, N_hidden, N_out, S = size
    rng = np.random.default_rng(seed)
    shapes = [(N_out, N_hidden), (N_hidden, N_in)] * 2 + [(N_in, S), (N_out, S)]
    arrays = [rng.normal(0, 0.5, shape).astype(np.float32, order="F") for shape in shapes]
    A, B, v_A, v_B, x, y = (array.astype(np.float64) for array in arrays)
    z = sigmoid(A @ sigmoid(B @ x))
    grad_A, grad_B = gradients(A, B, x, y)
    v_A = beta * v_A + (1 - beta) * grad_A
    v_B = beta * v_B + (1 - beta) * grad_B
    A = A - eta * v_A
    B = B - eta * v_B

    network = NeuralNetwork(FakeManager(), seed=1)
    network._set_weights(arrays[:2])
    v = arrays[2:4]
    assert_allclose(network._step(v, *arrays[4:], eta, beta), z, rtol=1e-4, atol=1e-6)
    for ours, exact in zip((network.A, network.B, *v), (A, B, v_A, v_B), strict=True):
        assert_allclose(ours, exact, rtol=1e-4, atol=1e-6)


def test_numpys_products_stay_out_of_the_hot_loop():
    # NumPy and SciPy may each bring a pool of threads; both in one loop cost 3 to 10 times.
    hot = [kernels.sigmoid, kernels.product, kernels.log_softmax, training._score]
    hot += [NeuralNetwork._forward, NeuralNetwork._step]
    hot += [NeuralNetwork._epochs, NeuralNetwork._evaluate, NeuralNetwork.forward]
    for function in hot:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        for node in ast.walk(tree):
            assert not isinstance(node, ast.MatMult), function.__name__
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"dot", "vdot", "matmul", "einsum", "norm", "inner"}


# ---------------------------------------------------------------------------------- the epochs


def reference(network, n_epochs, eta, beta, batch_size):
    """Train copies of the weights in clear NumPy; yield them and the epoch's figures."""
    manager = network.data_manager
    A, B = network.A.copy(), network.B.copy()
    v_A, v_B = np.zeros_like(A), np.zeros_like(B)
    x_test, y_test = next(manager.test_batches(10**6))
    for _ in range(n_epochs):
        total_loss, n_correct, n_seen = 0.0, 0, 0
        for x, y in manager.training_batches(batch_size):
            total_loss += loss(A, B, x, y) * x.shape[1]
            z = sigmoid(A @ sigmoid(B @ x))
            n_correct += np.sum(z.argmax(axis=0) == y.argmax(axis=0))
            n_seen += x.shape[1]
            grad_A, grad_B = gradients(A, B, x, y)
            v_A = beta * v_A + (1 - beta) * grad_A
            v_B = beta * v_B + (1 - beta) * grad_B
            A = A - eta * v_A
            B = B - eta * v_B
        z = sigmoid(A @ sigmoid(B @ x_test))
        n_right = np.sum(z.argmax(axis=0) == y_test.argmax(axis=0))
        yield A, B, total_loss / n_seen, n_correct / n_seen, n_right, loss(A, B, x_test, y_test)


@pytest.mark.parametrize(("beta", "batch_size"), [(0.9, 64), (0.0, 7), (0.5, 1), (0.9, 1000)])
def test_five_epochs_are_those_of_the_clear_form(beta, batch_size):
    # 300 pictures: the last batch is shorter than the others, or the only one.
    kept = NeuralNetwork(FakeManager(), hidden_layer_size=30, seed=3)
    network = NeuralNetwork(FakeManager(), hidden_layer_size=30, seed=3)
    expected = reference(kept, 5, 0.2, beta, batch_size)
    records = network.epochs(5, 0.2, beta, batch_size)
    for record, (A, B, *figures) in zip(records, expected, strict=True):
        mean_loss, accuracy, n_right, test_loss = figures
        assert record.training_loss == pytest.approx(mean_loss, rel=1e-4)
        assert record.training_accuracy == pytest.approx(accuracy, abs=1 / 300 + 1e-9)
        assert record.test_loss == pytest.approx(test_loss, rel=1e-4)
        assert record.test_accuracy * 100 == pytest.approx(n_right, abs=1 + 1e-9)
        for ours, clear in ((network.A, A), (network.B, B)):
            assert ours.dtype == clear.dtype == np.float32
            assert np.linalg.norm(ours - clear) < 1e-5 * np.linalg.norm(clear)
    assert network.n_trained == 5 * 300
    assert network.n_updates == 5 * -(-300 // batch_size)


def test_momentum_lasts_as_long_as_the_iterator():
    together, apart = trained(2), trained(1)
    list(apart.epochs(1))
    assert not np.array_equal(together.B, apart.B)
    assert [r.epoch for r in apart.history] == [1, 2]


def test_beta_1_never_moves():
    network = trained(beta_momentum=1)
    assert_array_equal(network.B, NeuralNetwork(FakeManager(), hidden_layer_size=12, seed=1).B)


def test_momentum_that_faded_away_ends_with_the_epoch():
    """A dead unit's would go on through subnormal numbers, three times as slow."""
    momenta = []

    class Watched(NeuralNetwork):
        def _step(self, v, *batch_and_rates):
            z = super()._step(v, *batch_and_rates)
            momenta.append(v[1].copy())
            return z

    network = Watched(
        FakeManager(), hidden_layer_size=12, seed=1, loss="cross-entropy", hidden="relu"
    )
    epochs = network.epochs(250, batch_size=100)
    next(epochs)
    network.b[:6] = -1000  # from here on these never let a slope through
    list(epochs)
    dead = np.abs([v_B[:6] for v_B in momenta[3:]])
    assert dead[0].max() > 1e-6
    assert not dead[-1].any()
    assert not ((dead > 0) & (dead < np.finfo(np.float32).tiny)).any()
    assert momenta[-1][6:].any()


def test_it_learns():
    network = trained(60, batch_size=16)
    assert network.assess() > 0.9
    assert network.history[-1].training_loss < 0.5 * network.history[0].training_loss


def test_the_iterator_gives_one_epoch_a_step():
    network = NeuralNetwork(FakeManager(), seed=1)
    epochs = network.epochs(n_epochs=3, batch_size=100)
    assert network.n_trained == 0
    for i, record in enumerate(epochs, start=1):
        assert network.n_trained == 300 * i
        assert record is network.history[-1]
        assert (record.epoch, record.n_updates) == (i, 3 * i)
    assert network.training_time == pytest.approx(sum(r.seconds for r in network.history))


def test_weights_that_a_reader_puts_in_are_trained_on():
    plain, replaced = trained(2), NeuralNetwork(FakeManager(), hidden_layer_size=12, seed=1)
    replaced.A = np.ascontiguousarray(replaced.A, dtype=np.float64)
    replaced.B = np.ascontiguousarray(replaced.B)
    list(replaced.epochs(2))
    assert_array_equal(plain.A, replaced.A)
    assert_array_equal(plain.B, replaced.B)


# ------------------------------------------------------------------------- train and its lines


def test_train_prints_a_line_an_epoch(capsys):
    network = NeuralNetwork(FakeManager(), seed=1)
    network.train(n_epochs=11)
    lines = lines_of(capsys)
    assert len(lines) == 11
    for i, line in enumerate(lines, start=1):
        found = re.fullmatch(
            r"epoch +(\d+): (\d\.\d{3}) of the test set correct, (\d+\.\d\d) s", line
        )
        assert int(found[1]) == i
        assert float(found[2]) == pytest.approx(network.history[i - 1].test_accuracy, abs=5e-4)
    assert lines[0].startswith("epoch  1: ")
    assert lines[10].startswith("epoch 11: ")


def test_same_seed_same_lines(capsys):
    def lines(seed):
        NeuralNetwork(FakeManager(), seed=seed).train(n_epochs=4)
        return [line.rsplit(",", 1)[0] for line in lines_of(capsys)]

    assert lines(1) == lines(1)
    assert lines(1) != lines(2)


def test_the_signature_is_the_one_promised():
    parameters = inspect.signature(NeuralNetwork(FakeManager()).train).parameters.values()
    assert {p.name: p.default for p in parameters} == {
        "n_epochs": 1, "learning_rate": 0.2, "beta_momentum": 0.9, "batch_size": 64
    }  # fmt: skip
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters)


class Interrupting(FakeManager):
    """Ctrl-C in the middle of the second epoch."""

    epoch = 0

    def training_batches(self, batch_size):
        self.epoch += 1
        for i, batch in enumerate(super().training_batches(batch_size)):
            if self.epoch == 2 and i == 3:
                raise KeyboardInterrupt
            yield batch


def test_an_interrupt_keeps_what_was_learned(capsys):
    network = NeuralNetwork(Interrupting(), seed=1)
    start = network.B.copy()
    network.train(n_epochs=5, batch_size=50)
    assert lines_of(capsys)[1:] == ["Interrupted: what was learned from 450 pictures is kept."]
    assert len(network.history) == 1
    assert (network.n_trained, network.n_updates) == (450, 9)
    assert network.training_time > network.history[0].seconds
    assert not np.array_equal(network.B, start)
    network.train(batch_size=50)
    assert [r.epoch for r in network.history] == [1, 2]


@pytest.mark.parametrize("learning_rate", [1e-5, 1e4])
def test_a_stalled_start_is_told_once(capsys, learning_rate):
    NeuralNetwork(FakeManager(), seed=1).train(
        n_epochs=30, learning_rate=learning_rate, batch_size=16
    )
    told = [line for line in lines_of(capsys) if not line.startswith("epoch")]
    assert len(told) == 1
    assert "learning_rate" in told[0]


@pytest.mark.parametrize("name", kernels.LOSSES)
def test_what_a_stalled_loss_is_held_to_is_the_least_of_one_output_for_all(name):
    answers = np.repeat([0, 3, 7], [6, 3, 1])
    share = np.bincount(answers, minlength=10) / 10
    y = one_hot(answers).astype(np.float64).T
    loss = kernels.LOSSES[name]

    def of(z):
        output = np.repeat(z[:, np.newaxis], 10, axis=1)
        return loss.terms(output if name == "squared" else np.log(output), y.T).sum() / 10

    best = y.mean(axis=0) if name == "squared" else np.maximum(share, 1e-30)
    assert loss.constant(share[answers]) == pytest.approx(of(best), rel=1e-6)
    for other in np.random.default_rng(0).dirichlet(np.ones(10), 20):
        assert of(0.9 * best + 0.1 * other) > of(best)


def test_a_good_start_is_not_called_stalled(capsys):
    NeuralNetwork(FakeManager(), seed=1).train(n_epochs=40, batch_size=4)
    assert all(line.startswith("epoch") for line in lines_of(capsys))


def test_a_loss_that_is_no_number_ends_training():
    manager = FakeManager()
    manager.x[0, manager.training_indices[7]] = np.nan
    network = NeuralNetwork(manager, seed=1)
    with pytest.raises(FloatingPointError, match=r"loss is nan.*learning_rate"):
        network.train(n_epochs=3)
    assert network.history == []


# ------------------------------------------------------------------------------------ beginning


def test_the_initial_weights():
    network = NeuralNetwork(FakeManager(input_size=400), hidden_layer_size=300, seed=5)
    assert network.A.shape == (10, 300)
    assert network.B.shape == (300, 400)
    assert (network.N_in, network.N_hidden, network.N_out) == (400, 300, 10)
    assert network.n_trained == network.training_time == 0
    for weights, n in ((network.A, 300), (network.B, 400)):
        assert weights.dtype == np.float32
        assert weights.std() * np.sqrt(n) == pytest.approx(1, abs=0.05)
        assert abs(weights.mean()) * np.sqrt(n) < 4 / np.sqrt(weights.size)
    # as a chapter writes them
    rng = np.random.default_rng(5)
    A = rng.normal(0, 1 / np.sqrt(300), (10, 300)).astype(np.float32)
    B = rng.normal(0, 1 / np.sqrt(400), (300, 400)).astype(np.float32)
    assert_array_equal(network.A, A)
    assert_array_equal(network.B, B)


def test_seeds():
    def weights(seed):
        return NeuralNetwork(FakeManager(), seed=seed).B

    assert_array_equal(weights(1), weights(1))
    assert_array_equal(weights(1), weights(np.random.default_rng(1)))
    assert not np.array_equal(weights(None), weights(None))


def test_sigmoid_is_a_method_too():
    assert NeuralNetwork(FakeManager()).sigmoid(0) == NeuralNetwork.sigmoid(0) == 0.5


def test_numpys_whole_numbers_will_do():
    NeuralNetwork(FakeManager(), hidden_layer_size=np.int64(2)).train(n_epochs=np.int8(1))


# -------------------------------------------------------------------------------- what it knows


def test_predict():
    network = trained(hidden_layer_size=12)
    galaxy = Galaxy(np.arange(48.0).reshape(4, 4, 3), 2)
    z = network.predict(galaxy)
    assert z.shape == (10, 1)
    assert z.dtype == np.float32
    x = galaxy.data.reshape(48, 1)
    assert_allclose(z, sigmoid(network.A @ sigmoid(network.B @ x)), rtol=1e-5)
    with pytest.raises(ValueError, match=r"has 12 values.*48"):
        network.predict(Galaxy(np.zeros((2, 2, 3)), 0))


def test_assess_is_the_loop_over_predictions():
    network = trained(10, batch_size=16)
    manager = network.data_manager
    right = [
        manager.ans[row] == network.forward(manager.x[:, [row]]).argmax()
        for row in manager.test_indices
    ]
    assert 0.2 < network.assess() < 1
    assert network.assess() == pytest.approx(np.mean(right))
    assert_array_equal(network.predictions() == manager.ans[manager.test_indices], right)
    matrix = network.confusion_matrix()
    assert matrix.trace() / matrix.sum() == pytest.approx(np.mean(right))


def test_confusion_matrix_and_recall():
    network = NeuralNetwork(FakeManager(), hidden_layer_size=4, seed=1)
    manager = network.data_manager
    manager.test_indices = np.array([i for i in manager.test_indices if manager.ans[i] != 9])
    network.A[:] = -5
    network.A[3] = 5  # everything is a 3
    matrix = network.confusion_matrix()
    counts = np.bincount(manager.ans[manager.test_indices], minlength=10)
    assert matrix.dtype.kind == "i"
    assert_array_equal(matrix[:, 3], counts)
    assert matrix.sum() == counts.sum()
    expected = np.where(np.arange(10) == 3, 1.0, 0.0)
    expected[9] = np.nan
    assert_array_equal(network.recall(), expected)


def test_no_test_set_is_no_number():
    network = NeuralNetwork(FakeManager(n_test=0, n_validation=0), seed=1)
    list(network.epochs(1))
    assert np.isnan(network.assess())
    assert np.isnan(network.history[0].validation_loss)
    assert network.predictions().shape == (0,)
    assert network.confusion_matrix().sum() == 0


def test_the_best_epoch_is_the_first_best_on_the_validation_set():
    network = NeuralNetwork(FakeManager(), hidden_layer_size=12, seed=1)
    weights = []
    for _ in network.epochs(40, learning_rate=1, batch_size=16):
        weights.append((network.A.copy(), network.B.copy()))
    accuracies = [r.validation_accuracy for r in network.history]
    best = int(np.argmax(accuracies))
    assert network.best_epoch == best + 1 < 40
    network.restore_best()
    assert_array_equal(network.A, weights[best][0])
    assert_array_equal(network.B, weights[best][1])
    list(network.epochs(1))
    assert_array_equal(network.best_B, weights[best][1])  # a copy, not the weights themselves


def test_without_a_validation_set_no_epoch_is_best():
    network = NeuralNetwork(FakeManager(n_validation=0), seed=1)
    list(network.epochs(2))
    assert network.best_epoch is None
    with pytest.raises(RuntimeError, match=r"validation=0\.1"):
        network.restore_best()


def test_repr():
    network = trained(2)
    assert repr(network) == (
        "<NeuralNetwork: 48 inputs, 12 hidden, 10 outputs, trained on 600 pictures>"
    )


# ---------------------------------------------------------------------------- saving and loading


@pytest.mark.parametrize("n_epochs", [0, 3])
@pytest.mark.parametrize("n_validation", [0, 60])
def test_saved_and_loaded_it_goes_on_as_before(tmp_path, n_epochs, n_validation):
    def manager():
        return FakeManager(n_validation=n_validation)

    network = NeuralNetwork(manager(), hidden_layer_size=7, seed=1)
    if n_epochs:
        list(network.epochs(n_epochs))
    path = tmp_path / "network"  # exactly this name, no .npz added
    network.save(path)
    assert os.listdir(tmp_path) == ["network"]
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file)
    loaded = NeuralNetwork.load(path, network.data_manager)
    assert_array_equal(loaded.A, network.A)
    assert repr(loaded) == repr(network)
    for name in ("best_epoch", "n_trained", "n_updates", "training_time", "N_hidden"):
        assert getattr(loaded, name) == getattr(network, name), name
        assert type(getattr(loaded, name)) is type(getattr(network, name)), name
    assert_allclose(np.array(loaded.history), np.array(network.history))
    assert [type(value) for r in loaded.history for value in r] == [
        type(value) for r in network.history for value in r
    ]
    state = network.data_manager.rng.bit_generator.state
    rows = network.data_manager.training_indices.copy()
    list(network.epochs(2))
    network.data_manager.rng.bit_generator.state = state
    loaded.data_manager.training_indices[:] = rows
    list(loaded.epochs(2))
    assert_array_equal(loaded.B, network.B)
    assert loaded.best_epoch == network.best_epoch


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    network, path = trained(), tmp_path / "network.npz"
    network.save(path)
    before = path.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        network.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["network.npz"]


def test_loading_what_does_not_fit(tmp_path):
    network, path = trained(), tmp_path / "network.npz"
    network.save(path)
    with pytest.raises(ValueError, match="takes 48 inputs"):
        NeuralNetwork.load(path, FakeManager(input_size=12))
    with pytest.raises(FileNotFoundError):
        NeuralNetwork.load(tmp_path / "missing.npz", network.data_manager)

    whole = path.read_bytes()
    others = {"empty": b"", "text": b"not a network", "half": whole[: len(whole) // 2]}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "other.npz", a=1)
    np.save(tmp_path / "array.npy", np.arange(3))
    np.savez(tmp_path / "pickle.npz", A=np.array([{}], dtype=object))
    for name in [*others, "other.npz", "array.npy", "pickle.npz"]:
        with pytest.raises(ValueError, match="is not a network that"):
            NeuralNetwork.load(tmp_path / name, network.data_manager)


# ----------------------------------------------------------------------- threads, and real data

SCRIPT = """
import os, sys
sys.path.insert(0, sys.argv[1])
from test_training import FakeManager, NeuralNetwork
network = NeuralNetwork(FakeManager(input_size=1536), hidden_layer_size=96, seed=1)
list(network.epochs(3))
network.save(sys.argv[2])
print(len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0)
"""


def test_the_number_of_threads_changes_nothing_but_rounding(tmp_path):
    networks = []
    for n_threads in (1, 2):
        path = tmp_path / f"{n_threads}.npz"
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
        environment["OMP_NUM_THREADS"] = str(n_threads)
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(path)],
            env=environment, capture_output=True, text=True, check=True, timeout=600,
        )  # fmt: skip
        if n_threads == 1:
            assert int(run.stdout) <= 1  # OMP_NUM_THREADS=1 is honoured: no helpers at all
        networks.append(NeuralNetwork.load(path, FakeManager(input_size=1536)))
    one, two = networks
    for a, b in ((one.A, two.A), (one.B, two.B)):
        assert np.linalg.norm(a - b) < 1e-5 * np.linalg.norm(a)
    for a, b in zip(one.history, two.history, strict=True):
        assert a.test_accuracy == pytest.approx(b.test_accuracy, abs=0.01 + 1e-9)


def test_with_a_real_data_manager(tmp_path, capsys):
    rng = np.random.default_rng(0)
    answers = np.sort(np.arange(40) % 10).astype(np.uint8)
    with h5py.File(tmp_path / "small.h5", "w") as file:
        pixels = rng.integers(0, 150, (10, 8, 8, 3))[answers] + rng.integers(0, 60, (40, 8, 8, 3))
        file["images"] = pixels.astype(np.uint8).repeat(32, axis=1).repeat(32, axis=2)
        file["ans"] = answers
        for name in ("ra", "dec", "redshift", "pxscale"):
            file[name] = np.full(40, np.nan)
    with DataManager(
        0.8, tmp_path / "small.h5", 32, seed=1, validation=0.1, augment="d4", cache=False
    ) as manager:
        network = NeuralNetwork(manager, hidden_layer_size=20, seed=1)
        network.train(n_epochs=3, batch_size=64)  # larger than the training set
        assert len(lines_of(capsys)) == 3
        assert network.n_trained == 3 * manager.n_training
        x, y = next(manager.training_batches(8))
        assert x.flags.f_contiguous  # or BLAS would work on copies
        assert y.flags.f_contiguous
        while galaxy := manager.get_next_test_image():
            assert network.predict(galaxy).shape == (10, 1)
        manager.reset_testing()
        right = [galaxy.validate(network.predict(galaxy)) for galaxy in manager.test_images()]
        assert network.assess() == pytest.approx(np.mean(right))
        assert network.confusion_matrix().sum() == manager.n_test == len(network.predictions())
