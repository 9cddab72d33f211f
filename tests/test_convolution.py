"""The maths of `convolution`: by hand, by loops, against finite differences and against PyTorch."""

from __future__ import annotations

import importlib
import inspect
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from galaxy_lib import convolution
from galaxy_lib.convolution import Layout, col2im, gradients, im2col, layers, mean_pool, spread
from galaxy_lib.network import cross_entropy

seeds = st.integers(0, 2**32 - 1)
layouts = st.builds(
    Layout, window=st.integers(1, 4), stride=st.integers(1, 3), padding=st.integers(0, 2)
)
sides = st.tuples(st.integers(4, 8), st.integers(4, 8))
inner = {"derandomize": True, "deadline": None}


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


@settings(**inner)
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


@settings(**inner)
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


@settings(**inner)
@given(st.integers(1, 4), sides, seeds)
def test_spread_is_mean_pool_transposed(size, side, seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(2, *side, 3))
    d = rng.normal(size=mean_pool(h, size).shape)
    assert np.vdot(mean_pool(h, size), d) == pytest.approx(np.vdot(h, spread(d, h.shape, size)))


# ---------------------------------------------------------------------------------- gradients


def random_network(layout, side=(11, 9), maps=(3, 4), S=3, C=2, seed=0):
    rng = np.random.default_rng(seed)
    H, W = ([layout.n_places(layout.n_places(n)) // layout.pool for n in side])
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
