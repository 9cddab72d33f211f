"""A small convolutional network: the maths as plain functions, and the class that trains by it.

Chapter 8 derives it. Pictures are (S, H, W, C), as in the file; a *column* (N_window,) holds the
``window`` × ``window`` × C values that a window sees at one place, and ``X`` (N_window, P) has one
column for each of the P = S H′ W′ places, so that a layer is ``B @ X + b`` as before. ``B`` is
(K, N_window): a row for each of K maps. Memory runs along columns, and along a picture's channels.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from galaxy_lib.checked import (
    Galaxies,
    Seed,
    Whole,
    a_dict_of_arrays,
    a_record,
    checked,
    several,
    shaped,
    whole,
    wrong,
)
from galaxy_lib.galaxy import N_TYPES
from galaxy_lib.network import Inputs, NeuralNetwork, Outputs, softmax

Array = np.ndarray
WEIGHTS = ("B_1", "B_2", "A", "b_1", "b_2", "a")
Weights = Annotated[dict[str, Array], a_dict_of_arrays(*WEIGHTS)]
Pictures = Annotated[Array, ("S", "H", "W", "C")]
Maps = Annotated[Array, ("S", "H", "W", "K")]
Columns = Annotated[Array, ("N_window", "P")]
Shape = Annotated[tuple, several(whole, "give the four lengths of an array of pictures or maps", 4)]
TwoNumbers = Annotated[tuple, several(whole, "give two numbers of maps, such as (16, 32)", 2)]
Side = Annotated[int, partial(whole, low=0)]


class Layout(NamedTuple):
    """How windows lie on a picture: their size, their step, the border of zeros, the pooling."""

    window: int = 5
    stride: int = 2
    padding: int = 2
    pool: int = 2

    @checked
    def n_places(self, side: Side) -> int:
        """Return how many windows fit along ``side`` pixels (chapter 8)."""
        return (side + 2 * self.padding - self.window) // self.stride + 1

    def _check_side(self, side: int) -> int:
        """Return `n_places`, or raise a ValueError if there is none."""
        if (n := self.n_places(side)) < 1:
            raise wrong("layout", self, f"give a window that fits on {side} pixels")
        return n


AnyLayout = Annotated[Layout, a_record(Layout, padding=0)]


@checked
def im2col(x: Pictures, layout: AnyLayout) -> Array:
    """Return what the window sees at each place, one column a place (chapter 8).

    Parameters
    ----------
    x : array (S, H, W, C)
        Pictures, or the maps of the layer below.
    layout : Layout

    Returns
    -------
    X : array (N_window, S H′ W′), in Fortran order and in the dtype of ``x``
        N_window = window² C, ordered as ``x[s, i : i + window, j : j + window].ravel()``; places
        in the order s, i, j.
    """
    window, stride, padding, _ = layout
    layout._check_side(min(x.shape[1:3]))
    x = _framed(x, padding)
    views = sliding_window_view(x, (window, window), axis=(1, 2))[:, ::stride, ::stride]
    views = views.transpose(0, 1, 2, 4, 5, 3)  # (S, H′, W′, window, window, C); no copy as yet
    return views.reshape(-1, window * window * x.shape[3]).T


@checked
def col2im(d_X: Columns, shape: Shape, layout: AnyLayout) -> Array:
    """Return ∂L/∂x (S, H, W, C) from ∂L/∂X (N_window, P): `im2col` transposed (chapter 8).

    A pixel that several windows saw is told by each of them, and the sum is its slope.
    """
    S, H, W, C = shape
    window, stride, padding, _ = layout
    rows, columns = layout._check_side(H), layout._check_side(W)
    shaped("d_X", d_X, (window**2 * C, S * rows * columns), "shape and layout")
    d_X = d_X.T.reshape(S, rows, columns, window, window, C)
    d_x = np.zeros((S, H + 2 * padding, W + 2 * padding, C), d_X.dtype)
    for p in range(window):
        for q in range(window):
            seen = d_x[:, p : p + stride * rows : stride, q : q + stride * columns : stride]
            seen += d_X[:, :, :, p, q]
    return d_x[:, padding : padding + H, padding : padding + W]


@checked
def mean_pool(h: Maps, size: Whole) -> Array:
    """Return the means over squares of ``size`` places; what fills no square is left out."""
    S, H, W, K = h.shape
    if size > min(H, W):
        raise wrong("size", size, f"give {min(H, W)} at most, a side of the maps")
    H, W = H // size, W // size
    return h[:, : H * size, : W * size].reshape(S, H, size, W, size, K).mean(axis=(2, 4))


@checked
def spread(d: Maps, shape: Shape, size: Whole) -> Array:
    """Return ∂L/∂h of a ``shape`` from ∂L/∂(its means): `mean_pool` transposed (chapter 8)."""
    shaped("d", d, (shape[0], shape[1] // size, shape[2] // size, shape[3]), "shape and size")
    d_h = np.zeros(shape, d.dtype)
    H, W = size * d.shape[1], size * d.shape[2]
    for p in range(size):
        for q in range(size):
            d_h[:, p:H:size, q:W:size] = d / d.dtype.type(size**2)
    return d_h


LAYOUT = Layout()
"""The chapter's: windows of 5×5, two pixels apart, a frame of two zeros, squares of 2×2."""


class Layers(NamedTuple):
    """All that the network computes on the way from pictures to u, its outputs before softmax."""

    X_1: Array  # (N_window_1, P_1)
    h_1: Array  # (S, H_1, W_1, K_1)
    X_2: Array  # (N_window_2, P_2)
    h_2: Array  # (S, H_2, W_2, K_2)
    p: Array  # (N_pooled, S)
    u: Array  # (N_out, S)


def _check_weights(weights: dict[str, Array], x: Array, layout: Layout) -> None:
    n, sides, (K_1, K_2) = layout.window**2, x.shape[1:3], map(len, map(weights.get, WEIGHTS[:2]))
    for _ in range(2):
        sides = [layout._check_side(side) for side in sides]
    N_pooled = math.prod(side // layout.pool for side in sides) * K_2
    shapes = [(K_1, n * x.shape[3]), (K_2, n * K_1), (len(weights["A"]), N_pooled)]
    shapes += [(rows, 1) for rows, _ in shapes]
    for name, shape in zip(WEIGHTS, shapes, strict=True):
        shaped(f"weights[{name!r}]", weights[name], shape, "x, layout and the other weights")


@checked
def layers(weights: Weights, x: Pictures, layout: AnyLayout) -> Layers:
    """Return every layer's values for pictures ``x`` (S, H, W, C) (chapter 8).

    ``weights`` holds ``B_1`` (K_1, N_window_1), ``B_2`` (K_2, N_window_2), ``A`` (N_out, N_pooled)
    and the biases ``b_1``, ``b_2`` and ``a``, columns all.
    """
    _check_weights(weights, x, layout)
    X_1 = im2col(x, layout)
    h_1 = _maps(weights["B_1"], weights["b_1"], X_1, x, layout)
    X_2 = im2col(h_1, layout)
    h_2 = _maps(weights["B_2"], weights["b_2"], X_2, h_1, layout)
    p = mean_pool(h_2, layout.pool).reshape(len(x), -1).T
    return Layers(X_1, h_1, X_2, h_2, p, weights["A"] @ p + weights["a"])


@checked
def gradients(weights: Weights, x: Pictures, y: Outputs, layout: AnyLayout) -> dict[str, Array]:
    """Return the slopes of the cross-entropy, averaged over the batch, by name (chapter 8).

    Parameters
    ----------
    weights, x, layout : as in `layers`
    y : float array (N_out, S)
        The known outputs; only where they are above 1/2 counts.
    """
    found = layers(weights, x, layout)
    shaped("y", y, found.u.shape, "A and x")
    return _backward(weights, found, softmax(found.u) - (y > 0.5), layout)


def _backward(weights: dict[str, Array], f: Layers, e: Array, layout: Layout) -> dict[str, Array]:
    """Return the slopes of L for ``e`` (N_out, S), S times ∂L/∂u."""
    A, B_2 = weights["A"], weights["B_2"]
    S, H, W, K = f.h_2.shape
    e = e / S
    d_p = (A.T @ e).T.reshape(S, H // layout.pool, W // layout.pool, K)
    d_2 = _columns(spread(d_p, f.h_2.shape, layout.pool) * (f.h_2 > 0))
    # Transposed twice, so that the product lies in memory as `col2im` reads it.
    d_X = (d_2.T @ B_2).T
    d_1 = _columns(col2im(d_X, f.h_1.shape, layout) * (f.h_1 > 0))
    slopes = {"B_1": d_1 @ f.X_1.T, "B_2": d_2 @ f.X_2.T, "A": e @ f.p.T}
    biases = {"b_1": d_1, "b_2": d_2, "a": e}
    return slopes | {name: d.sum(axis=1, keepdims=True) for name, d in biases.items()}


def _framed(x: Array, padding: int) -> Array:
    S, H, W, C = x.shape
    framed = np.zeros((S, H + 2 * padding, W + 2 * padding, C), x.dtype)
    framed[:, padding : padding + H, padding : padding + W] = x
    return framed


def _maps(B: Array, b: Array, X: Array, x: Array, layout: Layout) -> Array:
    u = X.T @ B.T  # (B @ X).T, so that the maps of one place are neighbours in memory
    u += b.T
    np.maximum(u, 0, out=u)
    return u.reshape(len(x), layout.n_places(x.shape[1]), layout.n_places(x.shape[2]), len(B))


def _columns(h: Array) -> Array:
    return h.reshape(-1, h.shape[3]).T


class ConvolutionalNetwork(NeuralNetwork):
    """Two layers of windows, a mean pool and a softmax: chapter 8's network.

    It trains, judges and saves as every `NeuralNetwork` does, on square pictures of three bands.

    Parameters
    ----------
    data_manager : DataManager
    maps : tuple of two int
        K_1 and K_2, how many windows each layer has.
    layout : Layout
        The same for both layers; a ValueError if it does not fit on the pictures.
    seed : what ``numpy.random.default_rng`` takes, optional
        For the first weights, ``B_1``, ``B_2``, ``A`` in this order: Gaussian, mean 0, width
        √(2/the layer's inputs), as He et al. (2015) advise for ReLU, and 1/√N_hidden for ``A``.

    Attributes
    ----------
    B_1, B_2, A, b_1, b_2, a : float32 arrays, shapes as in `layers`
        The weights; ``best_B_1`` and so on, and all others, as in `NeuralNetwork`.
    side, N_hidden, n_weights : int
        Pixels along a side; pooled values per galaxy; weights, biases included.
    """

    @checked
    def __init__(
        self, data_manager: Galaxies, *, maps: TwoNumbers = (16, 32), layout: AnyLayout = LAYOUT,
        seed: Seed = None,
    ) -> None:  # fmt: skip
        K_1, K_2 = maps
        self.N_in, self.N_out = int(data_manager.input_size), N_TYPES
        self.layout, self.loss, self.hidden = layout, "cross-entropy", "relu"
        self.side = math.isqrt(self.N_in // 3)
        pooled = layout.n_places(max(layout.n_places(self.side), 0)) // layout.pool
        if 3 * self.side**2 != self.N_in or pooled < 1:
            what = f"maps={tuple(maps)} and {layout}"
            raise ValueError(f"{what} do not fit on {self.N_in} inputs: 32×32×3 suits the default.")
        n, self.N_hidden = layout.window**2, pooled**2 * K_2
        rng = np.random.default_rng(seed)
        weights = {
            "B_1": rng.normal(0, math.sqrt(2 / (3 * n)), (K_1, 3 * n)),
            "B_2": rng.normal(0, math.sqrt(2 / (K_1 * n)), (K_2, K_1 * n)),
            "A": rng.normal(0, math.sqrt(1 / self.N_hidden), (self.N_out, self.N_hidden)),
        }
        for name, rows in {"b_1": K_1, "b_2": K_2, "a": self.N_out}.items():
            weights[name] = np.zeros((rows, 1))
        self._begin(data_manager, weights)
        self.n_weights = sum(w.size for w in weights.values())

    @checked
    def layers(self, x: Inputs) -> Layers:
        """Return every layer's values for the inputs ``x`` (N_in, S), as `layers` does."""
        if len(x) != self.N_in:
            raise wrong("x", x, f"give {self.N_in} rows, one for each input")
        return layers(self._named_weights(), self._pictures(x), self.layout)

    def _pictures(self, x: Array) -> Array:
        return x.T.reshape(-1, self.side, self.side, 3)

    def _named_weights(self) -> dict[str, Array]:
        return dict(zip(self.weight_names, self._weights(), strict=True))

    def _output(self, x: Array) -> Array:
        return self._loss.output(self.layers(x).u)

    @np.errstate(over="ignore", invalid="ignore")  # what is no number is reported by `epochs`
    def _step(self, v: list[Array], x: Array, y: Array, eta: float, beta: float) -> Array:
        weights, found = self._named_weights(), self.layers(x)
        log_z = self._loss.output(found.u)
        slopes = _backward(weights, found, self._loss.slope(log_z, y), self.layout)
        for v_w, (name, w) in zip(v, weights.items(), strict=True):
            v_w *= beta
            v_w += (1 - beta) * slopes[name]
            w -= eta * v_w
        return log_z

    _kept = (*NeuralNetwork._kept, "layout")

    @classmethod
    def _settings(cls, saved: dict[str, Array]) -> tuple[int, dict]:
        layout = Layout(*saved["layout"].tolist())
        settings = {"maps": (len(saved["B_1"]), len(saved["B_2"])), "layout": layout}
        return saved["N_in"].item(), settings

    def __repr__(self) -> str:
        sizes = f"{self.side}×{self.side}×3, {len(self.B_1)} and {len(self.B_2)} maps"
        weights = f"{self.n_weights:,} weights"
        return f"<ConvolutionalNetwork: {sizes}, {weights}, trained on {self.n_trained} pictures>"
