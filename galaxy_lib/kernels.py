"""What the training loop computes with at every step: unchecked, in place where it can be.

`network` has each of these in the form that the chapters derive. What differs from one hidden unit
or one loss to another stands in one table each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from scipy.linalg.blas import sgemm

from galaxy_lib.checked import one_of

__all__ = ["HIDDEN_UNITS", "LOSSES", "HiddenUnit", "Loss", "LossName"]

Array = np.ndarray


def sigmoid(u: Array) -> Array:
    """Return g(u) in the place of ``u``."""
    z = np.exp(np.negative(u, out=u), out=u)
    z += 1
    return np.divide(1, z, out=z)


def log_softmax(u: Array) -> Array:
    """Return log z (N_out, S) of the sums ``u``."""
    below = u - u.max(axis=0, keepdims=True)  # first, or a large u would round the difference
    below -= np.log(np.sum(np.exp(below), axis=0, keepdims=True))
    return below


def product(W: Array, x: Array, w: Array | None) -> Array:
    """Return W @ x, plus ``w`` if there is one.

    Not by ``@``: NumPy and SciPy may each bring a pool of threads, and two in one loop collide.
    """
    u = sgemm(1, W, x)
    if w is not None:
        u += w
    return u


def _before_sigmoid(e_tilde: Array, z_tilde: Array) -> Array:
    """Return e_tilde * z_tilde * (1 - z_tilde), in the place of ``e_tilde``."""
    e_tilde *= z_tilde
    e_tilde *= 1 - z_tilde
    return e_tilde


def _relu(u: Array) -> Array:
    return np.maximum(u, 0, out=u)


HIDDEN_UNITS = {
    "sigmoid": (sigmoid, _before_sigmoid, 1),
    "relu": (_relu, lambda e_tilde, z_tilde: e_tilde * (z_tilde > 0), 2),
}
"""A hidden unit's function, in the place of what it is given; a slope ``e_tilde`` behind the unit
as one before it, from the unit's *output*; and N_in times the variance of its first weights: 1, and
2 for ReLU, which lets half of its input through (He et al. 2015).

:meta hide-value:
"""

HiddenUnit = Annotated[str, one_of(*HIDDEN_UNITS)]


class Loss(NamedTuple):
    """All in which one loss differs from another: its output layer and its slope."""

    output: Callable  # u = A z̃ + a (N_out, S) -> z, or log z, exact also where z rounds to 0
    z: Callable  # output -> z
    slope: Callable  # output, y -> S ∂L/∂u (N_out, S)
    terms: Callable  # output, y -> what adds up to S L
    constant: Callable  # each galaxy's share of its class -> L of the best output that never varies
    biases: bool
    hidden: tuple[str, ...]  # the hidden units that it is taught with


LOSSES = {
    "squared": Loss(
        output=sigmoid,
        z=lambda z: z,
        slope=lambda z, y: 2 * (z - y) * z * (1 - z),
        terms=lambda z, y: (z - y) ** 2,
        constant=lambda share: 0.98**2 * (1 - share.mean()),
        biases=False,
        hidden=("sigmoid",),
    ),
    "cross-entropy": Loss(
        output=log_softmax,
        z=np.exp,
        slope=lambda log_z, y: np.exp(log_z) - (y > 0.5),
        terms=lambda log_z, y: -log_z[y > 0.5],
        constant=lambda share: -np.log(share).mean(),
        biases=True,
        hidden=tuple(HIDDEN_UNITS),
    ),
}
"""`network.loss` and `network.cross_entropy`, as the training loop takes them.

:meta hide-value:
"""

LossName = Annotated[str, one_of(*LOSSES)]
