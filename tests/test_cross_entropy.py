"""Chapter 7's output: its functions by hand, its gradients and network, and planted faults."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg.blas import saxpy, sgemm
from test_training import FakeManager, lines_of

from galaxy_lib.gradient_check import check_gradients
from galaxy_lib.network import (
    NeuralNetwork,
    cross_entropy,
    cross_entropy_gradients,
    log_softmax,
    log_sum_exp,
    relu,
    sigmoid,
    softmax,
)

sizes = st.tuples(*(st.integers(1, n) for n in (8, 6, 5, 7)))  # N_in, N_hidden, N_out, S
seeds = st.integers(0, 2**32 - 1)


def random_network(N_in=5, N_hidden=4, N_out=3, S=6, seed=0):
    """Return A, B, x, y, a, b in float64, no weight or bias near 0, y as a `DataManager`'s."""
    rng = np.random.default_rng(seed)
    A, B = rng.normal(0, 1, (N_out, N_hidden)), rng.normal(0, 1, (N_hidden, N_in))
    x = rng.uniform(0.01, 1, (N_in, S))
    y = np.where(np.arange(N_out)[:, None] == rng.integers(N_out, size=S), 0.99, 0.01)
    return A, B, x, y, rng.normal(0, 1, (N_out, 1)), rng.normal(0, 1, (N_hidden, 1))


def check(A, B, x, y, a, b, function=cross_entropy_gradients, **options):
    return check_gradients(A, B, x, y, function, a=a, b=b, **options)


# --------------------------------------------------------------------- softmax and log-sum-exp


def test_softmax_by_hand():
    u = np.log([[1.0, 3.0], [2.0, 3.0], [5.0, 3.0]])
    assert_allclose(softmax(u), [[1 / 8, 1 / 3], [2 / 8, 1 / 3], [5 / 8, 1 / 3]])
    assert_allclose(log_sum_exp(u), np.log([[8.0, 9.0]]))


@given(sizes, seeds, st.floats(-100, 100))
def test_softmax_sums_to_1_and_minds_no_shift(size, seed, shift):
    u = np.random.default_rng(seed).normal(0, 3, (size[2], size[3]))
    z = softmax(u)
    assert_allclose(z.sum(axis=0), 1)
    assert_allclose(softmax(u + shift), z, rtol=1e-9)
    assert_allclose(log_sum_exp(u + shift), log_sum_exp(u) + shift, atol=1e-9)
    assert_array_equal(z.argsort(axis=0), u.argsort(axis=0))  # the same order, the same class
    order = np.random.default_rng(seed).permutation(len(u))
    assert_allclose(softmax(u[order]), z[order])


def test_softmax_of_two_is_a_sigmoid():
    u = np.array([[3.0, -2.0], [1.0, 5.0]])
    assert_allclose(softmax(u)[0], sigmoid(u[0] - u[1]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_inputs_overflow_nowhere(dtype):
    u = np.array([[1000, -1000, 3e4], [998, -1000, -3e4]], dtype)
    for function in (softmax, log_softmax, log_sum_exp):
        assert function(u).dtype == dtype
        assert np.isfinite(function(u)).all()
    assert_allclose(
        softmax(u), [[1 / (1 + math.exp(-2)), 0.5, 1], [1 / (1 + math.exp(2)), 0.5, 0]], 1e-6
    )
    # z of the last has rounded to 0, its logarithm has not
    assert_allclose(log_softmax(u)[1, 2], -6e4)
    assert cross_entropy(u, np.array([[0, 0, 0], [1, 1, 1]])) == pytest.approx(
        (2 + math.log(1 + math.exp(-2)) + math.log(2) + 6e4) / 3, rel=1e-6
    )


def test_cross_entropy_by_hand():
    u = np.log([[1.0, 3.0], [2.0, 3.0], [5.0, 3.0]])
    for y in ([[0, 1], [0, 0], [1, 0]], [[0.01, 0.99], [0.01, 0.01], [0.99, 0.01]]):
        assert cross_entropy(u, np.array(y)) == pytest.approx(-math.log(5 / 8 * 1 / 3) / 2)
    # to know nothing costs log 10
    assert cross_entropy(np.zeros((10, 4)), np.eye(10)[:, :4]) == pytest.approx(math.log(10))


def test_relu():
    assert_array_equal(relu(np.array([[-2.0, 0, 3]])), [[0, 0, 3]])
    assert relu(np.float32([1])).dtype == np.float32


# -------------------------------------------------------------------------------- its gradients


def test_gradients_by_hand():
    # One galaxy, one hidden unit, two outputs: z̃ = g(0.8·0 + log 3) = 3/4, z = (1/4, 3/4).
    A, B = np.array([[0.0], [4 / 3 * math.log(3)]]), np.array([[0.0]])
    a, b = np.zeros((2, 1)), np.array([[math.log(3)]])
    x, y = np.array([[0.8]]), np.array([[0.99], [0.01]])
    grad_A, grad_B, grad_a, grad_b = cross_entropy_gradients(A, B, x, y, a, b)
    assert_allclose(grad_a, [[-3 / 4], [3 / 4]])  # e = z − y, no factor
    assert_allclose(grad_A, [[-9 / 16], [9 / 16]])
    assert_allclose(grad_b, [[math.log(3) * 3 / 16]])  # ẽ = 3/4 · 4/3 log 3
    assert_allclose(grad_B, [[math.log(3) * 3 / 16 * 0.8]])


@given(sizes, seeds, st.sampled_from(["sigmoid", "relu"]))
def test_gradients_agree_with_central_differences(size, seed, hidden):
    errors = check(*random_network(*size, seed), hidden=hidden, function=cross_entropy_gradients)
    flat = size[2] == 1  # a single output is certain: no slopes, no relative errors
    assert max(errors) < 1e-6 or flat


def test_the_check_is_as_exact_for_a_large_network():
    errors = check(*random_network(40, 20, 10, 16), max_weights=100, seed=1)
    assert list(vars(errors)) == ["A", "B", "a", "b"]
    assert max(errors) < 1e-6
    assert str(errors).splitlines()[2] == f"grad_a: relative error {errors.a:.1e}"


def one_column(A, B, x, y, a, b, hidden="sigmoid"):
    """Another way to the gradients: loops over galaxies, outputs and the softmax's own slopes."""
    totals = [np.zeros_like(w) for w in (A, B, a, b)]
    for s in range(x.shape[1]):
        u_tilde = [sum(B[j] * x[:, s]) + b[j, 0] for j in range(len(B))]
        z_tilde = [max(u, 0) if hidden == "relu" else 1 / (1 + math.exp(-u)) for u in u_tilde]
        u = [sum(A[i] * z_tilde) + a[i, 0] for i in range(len(A))]
        total = sum(math.exp(v) for v in u)
        z = [math.exp(v) / total for v in u]
        known = int(np.argmax(y[:, s]))
        slopes = np.zeros(len(B))
        for i in range(len(A)):
            # ∂L/∂u_i = Σ_l (−δ_lk / z_l) ∂z_l/∂u_i, with ∂z_l/∂u_i = z_l (δ_li − z_i)
            d = -1 / z[known] * z[known] * ((known == i) - z[i])
            totals[0][i] += d * np.array(z_tilde)
            totals[2][i] += d
            slopes += d * A[i]
        for j in range(len(B)):
            steep = float(u_tilde[j] > 0) if hidden == "relu" else z_tilde[j] * (1 - z_tilde[j])
            totals[1][j] += slopes[j] * steep * x[:, s]
            totals[3][j] += slopes[j] * steep
    return [total / x.shape[1] for total in totals]


@given(sizes, seeds, st.sampled_from(["sigmoid", "relu"]))
def test_gradients_are_those_of_plain_loops(size, seed, hidden):
    arguments = random_network(*size, seed)
    pair = cross_entropy_gradients(*arguments, hidden), one_column(*arguments, hidden)
    for ours, plain in zip(*pair, strict=True):
        assert ours.shape == plain.shape
        assert_allclose(ours, plain, atol=1e-12)


# ------------------------------------------------------------------------------ planted mistakes


def with_factor(A, B, x, y, a, b):
    """Keep the factor z (1 − z) that cross-entropy removes."""
    z_tilde = sigmoid(B @ x + b)
    z = softmax(A @ z_tilde + a)
    d = (z - (y > 0.5)) * z * (1 - z)
    d_tilde = (A.T @ d) * z_tilde * (1 - z_tilde)
    return [m / x.shape[1] for m in (d @ z_tilde.T, d_tilde @ x.T)] + [
        m.mean(axis=1, keepdims=True) for m in (d, d_tilde)
    ]


def targets_of_099(A, B, x, y, a, b):
    z_tilde = sigmoid(B @ x + b)
    e = softmax(A @ z_tilde + a) - y
    d_tilde = (A.T @ e) * z_tilde * (1 - z_tilde)
    return [m / x.shape[1] for m in (e @ z_tilde.T, d_tilde @ x.T)] + [
        m.mean(axis=1, keepdims=True) for m in (e, d_tilde)
    ]


def changed(change):
    def mistake(*arguments):
        return change(*cross_entropy_gradients(*arguments))

    return mistake


MISTAKES = {
    "with the factor of the squared error": with_factor,
    "targets of 0.99 and 0.01": targets_of_099,
    "a factor 2": changed(lambda *g: [2 * m for m in g]),
    "summed biases": changed(lambda A, B, a, b: (A, B, 6 * a, 6 * b)),
    "no bias of the outputs": changed(lambda A, B, a, b: (A, B, 0 * a, b)),
    "no bias of the hidden layer": changed(lambda A, B, a, b: (A, B, a, 0 * b)),
    "biases forgotten on the way": lambda A, B, x, y, a, b: cross_entropy_gradients(
        A, B, x, y, 0 * a, 0 * b
    ),
    "softmax over the galaxies": lambda A, B, x, y, a, b: [
        m.mean(axis=0, keepdims=True) + w * 0
        for m, w in zip(cross_entropy_gradients(A, B, x, y, a, b), (A, B, a, b), strict=True)
    ],
    "the other hidden unit": partial(cross_entropy_gradients, hidden="relu"),
    "uphill": changed(lambda *g: [-m for m in g]),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("seed", range(3))
def test_the_check_finds_planted_mistakes(name, seed):
    assert max(check(*random_network(seed=seed), function=MISTAKES[name])) > 1e-3


def test_the_check_names_a_wrong_shape():
    flat = changed(lambda A, B, a, b: (A, B, a.ravel(), b))
    with pytest.raises(ValueError, match=r"grad_a has shape \(3,\), but a has \(3, 1\)\."):
        check(*random_network(), function=flat)


# ---------------------------------------------------------------------------------- the network


def network_of(hidden="sigmoid", *, seed=1, manager=None, **options):
    options = {"hidden_layer_size": 12, "loss": "cross-entropy", "hidden": hidden} | options
    return NeuralNetwork(manager or FakeManager(), seed=seed, **options)


@pytest.mark.parametrize("hidden", ["sigmoid", "relu"])
@pytest.mark.parametrize(("beta", "batch_size"), [(0.9, 64), (0.0, 7), (0.5, 1), (0.9, 1000)])
def test_epochs_are_those_of_the_clear_form(hidden, beta, batch_size):
    eta, network, kept = 0.05, network_of(hidden), network_of(hidden)
    weights = [w.astype(np.float64) for w in (kept.A, kept.B, kept.a, kept.b)]
    v = [np.zeros_like(w) for w in weights]
    unit = relu if hidden == "relu" else sigmoid

    def outputs(x):
        A, B, a, b = weights
        return A @ unit(B @ x + b) + a

    for record in network.epochs(3, eta, beta, batch_size):
        total, n_right, n = 0.0, 0, 0
        for x, y in kept.data_manager.training_batches(batch_size):
            u = outputs(x)
            total += cross_entropy(u, y) * x.shape[1]
            n_right += np.sum(u.argmax(axis=0) == y.argmax(axis=0))
            n += x.shape[1]
            A, B, a, b = weights
            slopes = cross_entropy_gradients(A, B, x, y, a, b, hidden)
            v = [beta * m + (1 - beta) * slope for m, slope in zip(v, slopes, strict=True)]
            weights = [w - eta * m for w, m in zip(weights, v, strict=True)]
        assert record.training_loss == pytest.approx(total / n, rel=1e-4)
        assert record.training_accuracy == pytest.approx(n_right / n, abs=2 / 300 + 1e-9)
        x, y = next(kept.data_manager.test_batches(10**6))
        assert record.test_loss == pytest.approx(cross_entropy(outputs(x), y), rel=1e-4)
    for name, exact in zip("ABab", weights, strict=True):
        ours = getattr(network, name)
        assert ours.dtype == np.float32
        assert ours.flags.f_contiguous
        assert_allclose(ours, exact, rtol=2e-3, atol=2e-4)
    assert_allclose(network.forward(x), softmax(outputs(x)), rtol=2e-3, atol=2e-4)


def test_gradients_of_whole_numbers():
    """As one writes them by hand."""
    A, B, x = np.array([[1, 0], [0, 2]]), np.array([[1, -1], [2, 0]]), np.array([[1], [3]])
    y, a, b = np.array([[1], [0]]), np.zeros((2, 1), int), np.zeros((2, 1), int)
    arrays = A, B, x, y, a, b
    given = cross_entropy_gradients(*arrays)
    for ours, exact in zip(given, cross_entropy_gradients(*map(np.float64, arrays)), strict=True):
        assert_array_equal(ours, exact)


def test_squared_is_what_it_was():
    """The default goes step by step as the squared error's formula does, bit for bit."""
    network, manager = NeuralNetwork(FakeManager(), hidden_layer_size=12, seed=1), FakeManager()
    rng = np.random.default_rng(1)
    A = rng.normal(0, 1 / math.sqrt(12), (10, 12)).astype(np.float32, order="F")
    B = rng.normal(0, 1 / math.sqrt(48), (12, 48)).astype(np.float32, order="F")
    v_A, v_B = np.zeros_like(A), np.zeros_like(B)
    list(network.epochs(4, 0.5, 0.9, 32))
    for _ in range(4):
        for x, y in manager.training_batches(32):
            z_tilde = sigmoid(sgemm(1, B, x))
            z = sigmoid(sgemm(1, A, z_tilde))
            d = (z - y) * z * (1 - z)
            d_tilde = sgemm(1, A, d, trans_a=1) * z_tilde * (1 - z_tilde)
            for w, v_w, slope, inputs in ((A, v_A, d, z_tilde), (B, v_B, d_tilde, x)):
                share = (1 - 0.9) * 2 / x.shape[1]
                sgemm(share, slope, inputs, trans_b=1, beta=0.9, c=v_w, overwrite_c=1)
                saxpy(v_w.ravel("K"), w.ravel("K"), a=-0.5)
    assert_array_equal(network.A, A)
    assert_array_equal(network.B, B)
    assert network.a is network.b is None


def test_initial_weights():
    squared, plain, rectified = (
        NeuralNetwork(FakeManager(), seed=5),
        *(network_of(hidden, seed=5, hidden_layer_size=20) for hidden in ("sigmoid", "relu")),
    )
    assert_array_equal(plain.A, squared.A)
    assert_array_equal(plain.B, squared.B)
    assert_array_equal(rectified.A, squared.A)
    assert_allclose(rectified.B, squared.B * np.sqrt(2), rtol=1e-6)
    for network in (plain, rectified):
        assert (network.a.shape, network.b.shape) == ((10, 1), (20, 1))
        assert not network.a.any()
        assert not network.b.any()


def test_predict_gives_probabilities():
    network = network_of("relu")
    list(network.epochs(20))
    z = network.forward(network.data_manager.x)
    assert z.dtype == np.float32
    assert_allclose(z.sum(axis=0), 1, rtol=1e-5)
    matrix = network.confusion_matrix()
    assert network.assess() == pytest.approx(matrix.trace() / matrix.sum())
    assert network.assess() > 0.5
    assert repr(network).startswith(
        "<NeuralNetwork: 48 inputs, 12 hidden, 10 outputs, relu and cross-entropy, trained on"
    )


def test_relu_needs_cross_entropy():
    with pytest.raises(ValueError, match=r"^hidden is 'relu': give .*\.$"):
        network_of(loss="squared", hidden="relu")


@pytest.mark.filterwarnings("error")
def test_divergence_is_reported_without_warnings():
    network = network_of("relu")
    with pytest.raises(FloatingPointError, match="less learning_rate"):
        list(network.epochs(50, learning_rate=1e30))


def test_a_stall_is_reported(capsys):
    network_of().train(n_epochs=120, learning_rate=1e-7, batch_size=16)
    assert any(line.startswith("Stalled") for line in lines_of(capsys))
    network_of().train(n_epochs=120, learning_rate=0.2, batch_size=16)
    assert not any(line.startswith("Stalled") for line in lines_of(capsys))


# ---------------------------------------------------------------------------- saving and loading


@pytest.mark.parametrize("n_validation", [0, 60])
@pytest.mark.parametrize("hidden", ["sigmoid", "relu"])
def test_saved_and_loaded_it_goes_on_as_before(tmp_path, hidden, n_validation):
    network = network_of(hidden, manager=FakeManager(n_validation=n_validation))
    list(network.epochs(3))
    network.save(tmp_path / "network.npz")
    loaded = NeuralNetwork.load(tmp_path / "network.npz", FakeManager(n_validation=n_validation))
    assert repr(loaded) == repr(network)
    for name in ("A", "B", "a", "b", "best_A", "best_a", "best_b", "best_epoch", "loss", "hidden"):
        ours, theirs = getattr(loaded, name), getattr(network, name)
        assert type(ours) is type(theirs), name
        assert_array_equal(ours, theirs)
    loaded.data_manager = network.data_manager
    for epoch in range(2):  # the second from the best weights, which training must not have moved
        state = network.data_manager.rng.bit_generator.state
        rows = network.data_manager.training_indices.copy()
        records = [*network.epochs(1)]
        network.data_manager.rng.bit_generator.state = state
        network.data_manager.training_indices[:] = rows
        records += loaded.epochs(1)
        assert records[0].test_loss == records[1].test_loss
        if n_validation and not epoch:
            loaded.restore_best()
            network.restore_best()


def test_a_file_of_version_1_still_loads(tmp_path):
    network = NeuralNetwork(FakeManager(), hidden_layer_size=7, seed=1)
    list(network.epochs(2))
    network.save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as file:
        old = {name: file[name] for name in file if name not in ("loss", "hidden", "kind")}
    np.savez(tmp_path / "old.npz", **old)
    loaded = NeuralNetwork.load(tmp_path / "old.npz", FakeManager())
    assert loaded.loss == "squared"
    assert_array_equal(loaded.B, network.B)


def spoiled(saved, **changes):
    saved = saved | changes
    return {name: value for name, value in saved.items() if value is not None}


SPOILED = {
    "no A": {"A": None},
    "no bias": {"b": None},
    "no history": {"history": None},
    "no best A though a best epoch": {"best_A": None},
    "something more": {"data_manager": np.array(1)},
    "another shape": {"A": np.zeros((9, 12), np.float32)},
    "a flat bias": {"a": np.zeros(10, np.float32)},
    "strings": {"A": np.full((10, 12), "x")},
    "whole numbers": {"A": np.zeros((10, 12), int)},
    "not a number": {"A": np.full((10, 12), np.nan, np.float32)},
    "an infinite bias": {"a": np.full((10, 1), np.inf, np.float32)},
    "another size": {"N_hidden": np.array(13)},
    "another input": {"N_in": np.array(47)},
    "another loss": {"loss": np.array("squared")},
    "an unknown loss": {"loss": np.array("hinge")},
    "a number for a loss": {"loss": np.array(3)},
    "an unknown kind": {"kind": np.array("Forest")},
    "a kind of other weights": {"kind": np.array("ConvolutionalNetwork")},
    "two kinds": {"kind": np.array(["NeuralNetwork"] * 2)},
    "a short history": {"history": np.zeros((2, 3))},
    "a text for a count": {"n_trained": np.array("many")},
    "a flat B": {"B": np.zeros(5, np.float32)},
}


@pytest.mark.parametrize("what", SPOILED)
def test_load_accepts_exactly_what_save_writes(tmp_path, what):
    network = network_of()
    list(network.epochs(2))
    network.save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz") as file:
        saved = dict(file)
    np.savez(tmp_path / "spoiled.npz", **spoiled(saved, **SPOILED[what]))
    with pytest.raises(ValueError, match="is not a network that"):
        NeuralNetwork.load(tmp_path / "spoiled.npz", FakeManager())
