"""The maths of `network`: by hand, against finite differences, and with mistakes planted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from galaxy_lib.galaxy import as_pixels, one_hot, scale_pixels
from galaxy_lib.gradient_check import check_gradients
from galaxy_lib.network import gradients, loss, sigmoid

sizes = st.tuples(*(st.integers(1, n) for n in (8, 6, 5, 7)))  # N_in, N_hidden, N_out, S
seeds = st.integers(0, 2**32 - 1)


def random_network(N_in=5, N_hidden=4, N_out=3, S=6, seed=0, dtype=np.float64):
    """Return A, B, x, y as training meets them: Gaussian weights, inputs and outputs in (0, 1)."""
    rng = np.random.default_rng(seed)
    A = rng.normal(0, 1 / math.sqrt(N_hidden), (N_out, N_hidden))
    B = rng.normal(0, 1 / math.sqrt(N_in), (N_hidden, N_in))
    x = rng.uniform(0.01, 1, (N_in, S))
    y = np.where(np.arange(N_out)[:, None] == rng.integers(N_out, size=S), 0.99, 0.01)
    return tuple(array.astype(dtype) for array in (A, B, x, y))


# --------------------------------------------------------------------------------- the sigmoid


def test_sigmoid_by_hand():
    assert sigmoid(0) == 0.5
    assert sigmoid(math.log(3)) == pytest.approx(0.75)
    assert_allclose(sigmoid(np.array([[-math.log(3)], [math.log(9)]])), [[0.25], [0.9]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sigmoid_far_from_0_warns_of_nothing(dtype):
    x = np.array([-np.inf, -60000, -90, 0, 90, 60000, np.inf], dtype)
    out = sigmoid(x)
    assert out.dtype == dtype
    assert_allclose(out, [0, 0, 0, 0.5, 1, 1, 1], atol=1e-30 if dtype != np.float16 else 1e-7)
    assert np.isnan(sigmoid(np.nan))


def test_sigmoid_takes_integers():
    assert_array_equal(sigmoid(np.array([1, 2], np.uint8)), sigmoid(np.array([1.0, 2.0])))


@given(st.floats(-700, 700))
def test_sigmoid_is_symmetric(x):
    assert sigmoid(x) + sigmoid(-x) == pytest.approx(1)


# ------------------------------------------------------------------------- loss and gradients


def test_by_hand():
    # One galaxy, one hidden unit, two outputs: z̃ = g(0) = 1/2.
    A, B = np.array([[0.0], [2 * math.log(3)]]), np.array([[0.0]])
    x, y = np.array([[0.8]]), np.array([[0.99], [0.01]])
    # z = (1/2, 3/4), e = (−0.49, 0.74), e∘z∘(1−z) = (−0.1225, 0.13875)
    assert loss(A, B, x, y) == pytest.approx(0.49**2 + 0.74**2)
    grad_A, grad_B = gradients(A, B, x, y)
    assert_allclose(grad_A, [[-0.1225], [0.13875]])
    # ẽ = 2 log 3 · 0.13875, and 2 ẽ z̃ (1 − z̃) x = ẽ · 0.4
    assert_allclose(grad_B, [[2 * math.log(3) * 0.13875 * 0.4]])


@given(sizes, seeds)
def test_gradients_agree_with_central_differences(size, seed):
    A, B, x, y = random_network(*size, seed)
    errors = check_gradients(A, B, x, y)
    assert max(errors) < 1e-6


@given(sizes, seeds)
def test_a_batch_is_the_mean_over_its_galaxies(size, seed):
    A, B, x, y = random_network(*size, seed)
    columns = [(x[:, [i]], y[:, [i]]) for i in range(x.shape[1])]
    singles = [gradients(A, B, *column) for column in columns]
    for i, gradient in enumerate(gradients(A, B, x, y)):
        assert_allclose(gradient, np.mean([single[i] for single in singles], axis=0), atol=1e-14)
    assert loss(A, B, x, y) == pytest.approx(np.mean([loss(A, B, *column) for column in columns]))


@given(sizes, seeds)
def test_a_small_step_downhill_lowers_the_loss(size, seed):
    A, B, x, y = random_network(*size, seed)
    grad_A, grad_B = gradients(A, B, x, y)
    assert loss(A - 1e-4 * grad_A, B - 1e-4 * grad_B, x, y) < loss(A, B, x, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_keep_shape_and_dtype_and_change_nothing(dtype):
    arrays = random_network(dtype=dtype)
    before = [array.copy() for array in arrays]
    for gradient, weights in zip(gradients(*arrays), arrays[:2], strict=True):
        assert gradient.shape == weights.shape
        assert gradient.dtype == dtype
    for array, old in zip(arrays, before, strict=True):
        assert_array_equal(array, old)


def test_float32_is_float64_rounded():
    exact = gradients(*random_network(300, 20, 10, 64))
    rounded = gradients(*random_network(300, 20, 10, 64, dtype=np.float32))
    for a, b in zip(exact, rounded, strict=True):
        assert np.linalg.norm(a - b) < 1e-5 * np.linalg.norm(a)


# -------------------------------------------------------------------------- the gradient check


def parts(A, B, x, y):
    z_tilde = sigmoid(B @ x)
    z = sigmoid(A @ z_tilde)
    d = (z - y) * z * (1 - z)
    return z_tilde, z, d, A.T @ d


def no_factor_2(A, B, x, y):
    grad_A, grad_B = gradients(A, B, x, y)
    return grad_A / 2, grad_B / 2


def sum_not_mean(A, B, x, y):
    grad_A, grad_B = gradients(A, B, x, y)
    return grad_A * x.shape[1], grad_B * x.shape[1]


def mean_over_outputs(A, B, x, y):
    grad_A, grad_B = sum_not_mean(A, B, x, y)
    return grad_A / len(y), grad_B / len(y)


def uphill(A, B, x, y):
    grad_A, grad_B = gradients(A, B, x, y)
    return -grad_A, -grad_B


def no_slope_of_the_output(A, B, x, y):
    z_tilde, z, _, _ = parts(A, B, x, y)
    return 2 / x.shape[1] * (z - y) @ z_tilde.T, gradients(A, B, x, y)[1]


def no_slope_of_the_hidden_layer(A, B, x, y):
    e_tilde = parts(A, B, x, y)[3]
    return gradients(A, B, x, y)[0], 2 / x.shape[1] * e_tilde @ x.T


def error_sent_back_without_slope(A, B, x, y):
    z_tilde, z, _, _ = parts(A, B, x, y)
    e_tilde = A.T @ (z - y)
    return gradients(A, B, x, y)[0], 2 / x.shape[1] * (e_tilde * z_tilde * (1 - z_tilde)) @ x.T


def slope_of_tanh(A, B, x, y):
    z_tilde, _, _, e_tilde = parts(A, B, x, y)
    return gradients(A, B, x, y)[0], 2 / x.shape[1] * (e_tilde * (1 - z_tilde**2)) @ x.T


def hidden_layer_without_sigmoid(A, B, x, y):
    d = parts(A, B, x, y)[2]
    return 2 / x.shape[1] * d @ (B @ x).T, gradients(A, B, x, y)[1]


def error_sent_back_through_the_new_A(A, B, x, y):
    grad_A, _ = gradients(A, B, x, y)
    return grad_A, gradients(A - 0.2 * grad_A, B, x, y)[1]


MISTAKES = [
    no_factor_2,
    sum_not_mean,
    mean_over_outputs,
    uphill,
    no_slope_of_the_output,
    no_slope_of_the_hidden_layer,
    error_sent_back_without_slope,
    slope_of_tanh,
    hidden_layer_without_sigmoid,
    error_sent_back_through_the_new_A,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_the_check_finds_planted_mistakes(mistake, seed):
    errors = check_gradients(*random_network(seed=seed), mistake)
    assert max(errors) > 1e-3


def test_the_check_says_which_matrix_is_wrong():
    errors = check_gradients(*random_network(), no_slope_of_the_output)
    assert errors.A > 1e-3
    assert errors.B < 1e-6
    first, second = str(errors).splitlines()
    assert first == f"grad_A: relative error {errors.A:.1e}"
    assert second == f"grad_B: relative error {errors.B:.1e}"


def test_the_check_tries_every_weight_of_a_small_matrix():
    for i in range(12):

        def one_wrong(A, B, x, y, i=i):
            grad_A, grad_B = gradients(A, B, x, y)
            grad_A.flat[i] *= 2
            return grad_A, grad_B

        assert check_gradients(*random_network(), one_wrong).A > 1e-3


def test_the_check_tries_some_weights_of_a_large_matrix():
    A, B, x, y = random_network(400, 30, 10, 4, dtype=np.float32)
    errors = check_gradients(A, B, x, y, max_weights=50, seed=1)
    assert max(errors) < 1e-6
    assert errors == check_gradients(A, B, x, y, max_weights=50, seed=1)
    assert errors != check_gradients(A, B, x, y, max_weights=50, seed=2)


def test_the_check_names_a_wrong_shape():
    def transposed(A, B, x, y):
        grad_A, grad_B = gradients(A, B, x, y)
        return grad_A.T, grad_B

    with pytest.raises(ValueError, match=r"grad_A has shape \(4, 3\), but A has \(3, 4\)\."):
        check_gradients(*random_network(), transposed)


def test_the_check_leaves_its_arguments_alone():
    arrays = random_network()
    before = [array.copy() for array in arrays]
    check_gradients(*arrays)
    for array, old in zip(arrays, before, strict=True):
        assert_array_equal(array, old)


def test_a_flat_loss_is_not_an_error():
    A, B, x, y = np.zeros((10, 2)), np.zeros((2, 3)), np.ones((3, 1)), one_hot(np.array([1]))
    assert check_gradients(A, B, x, y).B == 0


def test_pixels_come_back_as_they_were():
    pixels = np.arange(256, dtype=np.uint8)
    data = scale_pixels(pixels)
    assert_array_equal(as_pixels(data).round(), pixels)
    assert as_pixels(data).min() >= 0
    assert as_pixels(data).max() <= 255
    assert_allclose(as_pixels(scale_pixels(np.array([0.25, 17.5]))), [0.25, 17.5], atol=1e-4)
    assert_array_equal(as_pixels([0.0, 1.1]), [0, 255])
