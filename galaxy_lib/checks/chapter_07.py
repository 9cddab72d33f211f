"""Checks of the exercises of chapter 7, each beside its known mistakes."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checks.runner import exercise


def _lse(u):
    return np.logaddexp.reduce(u, axis=0, keepdims=True)


def _softmax(u):
    return np.exp(u - _lse(u))


def _known(y):
    return y == y.max(axis=0)


def _batches(rng):
    """Give what, u and y for several shapes; the second has sums that overflow."""
    for n, S, size in ((4, 5, 2.0), (3, 4, 900.0), (10, 1, 1.0), (5, 5, 1.0)):
        u = rng.normal(0, size, (n, S)) + rng.normal(0, size, (1, S))
        known = rng.integers(n, size=S)
        what = f"{n} outputs and S={S}"
        if size > 9:  # e⁹⁰⁰ is beyond a float, and the known output rounds to 0
            what += ", sums of some hundreds"
            u += size - u.max(axis=0)
            known = u.argmin(axis=0)
            u[known, range(S)] = np.minimum(u[known, range(S)], -100)
        yield what, u, np.where(np.arange(n)[:, np.newaxis] == known, 0.99, 0.01)


# ------------------------------------------------------------------------------------ 7.1, 7.2


@exercise(7)
def log_sum_exp(u):
    """Take log Σ eᵘ of each column, (1, S), without overflow."""
    return _lse(u)


log_sum_exp.cases(lambda rng: ((what, (u,)) for what, u, _ in _batches(rng)))

OVERFLOW = "Right for small sums, but e⁹⁰⁰ overflows: take out the largest entry first."
DOWN = "That goes along the rows: a column is a galaxy, so add up over axis 0."

log_sum_exp.mistakes(
    (OVERFLOW, lambda u: np.log(np.exp(u).sum(axis=0, keepdims=True))),
    ("Keep the shape (1, S): keepdims=True.", lambda u: _lse(u)[0]),
    (DOWN, lambda u: np.logaddexp.reduce(u, axis=1, keepdims=True), lambda u: _lse(u.T)),
    ("That is one number for all columns.", lambda u: np.logaddexp.reduce(u, axis=None)),
    ("Add the largest entry again, after the logarithm.",
     lambda u: np.log(np.exp(u - u.max(axis=0)).sum(axis=0, keepdims=True))),
    ("The largest entry is to be added, not subtracted.", lambda u: _lse(u) - 2 * u.max(axis=0)),
    ("The logarithm is missing.", lambda u: np.exp(_lse(u))),
    ("The natural logarithm is meant: np.log.", lambda u: _lse(u) / np.log(10)),
    ("That is the largest entry: the rest of the sum is missing.", lambda u: u.max(0)[np.newaxis]),
    ("That is the sum of the logarithms or exponents.", lambda u: u.sum(axis=0, keepdims=True)),
    ("That is the logarithm of the mean: add up, do not average.",
     lambda u: _lse(u) - np.log(len(u))),
    generic="sum mean",
)  # fmt: skip


@exercise(7)
def softmax(u):
    """Turn the sums (N_out, S) into probabilities, column by column."""
    return _softmax(u)


softmax.cases(lambda rng: ((what, (u,)) for what, u, _ in _batches(rng)))

softmax.mistakes(
    (OVERFLOW, lambda u: np.exp(u) / np.exp(u).sum(axis=0)),
    (DOWN, lambda u: _softmax(u.T).T),
    (
        "It adds up to 1 over the whole batch: each column is to do so.",
        lambda u: np.exp(u - np.logaddexp.reduce(u, axis=None)),
    ),
    ("That is log z: the exponential is missing.", lambda u: u - _lse(u)),
    ("The division by the sum is missing.", lambda u: np.exp(u - u.max(axis=0))),
    ("The sums are divided, not their exponentials.", lambda u: u / u.sum(axis=0)),
    ("That is the sigmoid: each output by itself.", lambda u: 0.5 + 0.5 * np.tanh(u / 2)),
    ("The signs are turned: e⁻ᵘ.", lambda u: _softmax(-u)),
    ("That is 1 at the largest: softmax shares.", lambda u: (u == u.max(axis=0)) * 1.0),
    generic="flat sum mean alone",
)


# ------------------------------------------------------------------------------------ 7.3, 7.4


@exercise(7)
def cross_entropy(u, y):
    """Average −log z of the known class over the batch."""
    return -np.sum(np.where(_known(y), u - _lse(u), 0)) / u.shape[1]


cross_entropy.cases(lambda rng: ((what, (u, y)) for what, u, y in _batches(rng)))
_loss = cross_entropy.right

cross_entropy.mistakes(
    ("The sign is wrong: −log z is positive.", lambda u, y: -_loss(u, y)),
    ("1/S is missing: that is the sum over the batch.", lambda u, y: u.shape[1] * _loss(u, y)),
    ("Divide by S alone: this averages over the outputs too.", lambda u, y: _loss(u, y) / len(u)),
    ("Where z rounds to 0 its logarithm is −∞: use log z = u − log Σ eᵘ.",
     lambda u, y: -np.log(_softmax(u))[_known(y)].sum() / u.shape[1]),
    ("y weighs the other classes with 0.01: only the known one counts.",
     lambda u, y: -np.sum(y * (u - _lse(u))) / u.shape[1]),
    ("y is 0.99 at the known class: count it as 1.", lambda u, y: 0.99 * _loss(u, y)),
    ("The logarithm is missing.", lambda u, y: -_softmax(u)[_known(y)].sum() / u.shape[1]),
    ("The natural logarithm is meant: np.log.",
     lambda u, y: _loss(u, y) / np.log(10), lambda u, y: _loss(u, y) / np.log(2)),
    ("That is the surprise at the largest output: take the known class.",
     lambda u, y: -(u.max(axis=0) - _lse(u)).mean()),
    ("That is the squared error.", lambda u, y: np.sum((_softmax(u) - y) ** 2) / u.shape[1]),
    ("One loss for each galaxy: average them.",
     lambda u, y: -(u - _lse(u)).T[_known(y).T], lambda u, y: -(u - _lse(u))[_known(y)]),
)  # fmt: skip


@exercise(7)
def output_error(u, y):
    """Derive the cross-entropy of a batch by its sums, (N_out, S)."""
    return (_softmax(u) - _known(y)) / u.shape[1]


output_error.cases(lambda rng: ((what, (u, y)) for what, u, y in _batches(rng)))


def _slope(change=lambda z: 1, target=_known):
    return lambda u, y: (_softmax(u) - target(y)) * change(_softmax(u)) / u.shape[1]


TARGET = "The target is 1 at the known class and 0 elsewhere: y > 0.5."
FACTOR = "The factor z(1 - z) belongs to the squared error: here it is gone."

output_error.mistakes(
    ("The sign is wrong: z − t.", lambda u, y: -output_error.right(u, y)),
    (TARGET, _slope(target=lambda y: y)),
    (FACTOR, _slope(lambda z: z * (1 - z)), _slope(lambda z: 2 * z * (1 - z), target=lambda y: y)),
    ("There is no square, and so no factor 2.", _slope(lambda z: 2)),
    ("1/S is missing: the loss is a mean.", lambda u, y: _softmax(u) - _known(y)),
    ("The target is missing: that is z / S.", _slope(target=lambda y: 0)),
    ("The slope is z − t, not −t/z.", lambda u, y: -1.0 * _known(y) / _softmax(u) / u.shape[1]),
    ("Divide by S alone, not by the outputs too.", _slope(lambda z: 1 / len(z))),
    generic="flat sum mean absolute",
)


# ------------------------------------------------------------------------------------ 7.5


def _g(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _four(A, B, x, y, a, b, target=_known, factor=False, hidden=True, mean=True, back=None):
    """Return the four gradients, galaxy by galaxy; options leave something out."""
    totals = [np.zeros(w.shape) for w in (A, B, a, b)]
    for xs, ys in zip(x.T, target(y).T, strict=True):
        zt = _g(B @ xs + b[:, 0])
        z = _softmax((A @ zt + a[:, 0])[:, np.newaxis])[:, 0]
        e = (z - ys) * (z * (1 - z) if factor else 1)
        dt = np.einsum("oh,o->h" if back is None else back, A, e) * (zt * (1 - zt) if hidden else 1)
        parts = np.multiply.outer(e, zt), np.multiply.outer(dt, xs), e[:, None], dt[:, None]
        for total, part in zip(totals, parts, strict=True):
            total += part
    return tuple(total / (x.shape[1] if mean else 1) for total in totals)


@exercise(7)
def four_gradients(A, B, x, y, a, b):
    """Derive the cross-entropy of a batch by weights and biases."""
    return _four(A, B, x, y, a, b)


@four_gradients.cases
def _(rng):
    for N_out, N_hidden, N_in, S in ((4, 4, 4, 5), (3, 5, 4, 6), (6, 3, 2, 1)):
        shapes = (N_out, N_hidden), (N_hidden, N_in), (N_in, S), (N_out, 1), (N_hidden, 1)
        A, B, x, a, b = (rng.normal(0, 0.7, shape) for shape in shapes)
        known = np.arange(N_out)[:, np.newaxis] == rng.integers(N_out, size=S)
        what = f"{N_in} inputs, {N_hidden} hidden units, {N_out} outputs and S={S}"
        yield what, (A, B, x, np.where(known, 0.99, 0.01), a, b)


def _with(**options):
    return lambda *arguments: _four(*arguments, **options)


def _changed(change):
    return lambda *arguments: change(*_four(*arguments))


four_gradients.mistakes(
    (FACTOR, _with(factor=True)),
    (TARGET, _with(target=lambda y: y)),
    ("1/S is missing: that is the sum over the batch.", _with(mean=False)),
    ("The slope of the hidden layer, z̃(1 - z̃), is missing.", _with(hidden=False)),
    ("The error goes back through Aᵀ: the transpose is missing.", _with(back="ho,o->h")),
    ("There is no square, and so no factor 2.", _changed(lambda *g: tuple(2 * m for m in g))),
    ("The order is grad_A, grad_B, grad_a, grad_b.",
     _changed(lambda A, B, a, b: (A, a, B, b)), _changed(lambda A, B, a, b: (B, A, b, a))),
    ("The biases are missing in the sums.",
     lambda A, B, x, y, a, b: _four(A, B, x, y, 0 * a, 0 * b)),
    ("The bias of the outputs is missing.", lambda A, B, x, y, a, b: _four(A, B, x, y, 0 * a, b)),
    ("The bias of the hidden layer is missing.",
     lambda A, B, x, y, a, b: _four(A, B, x, y, a, 0 * b)),
    ("The slopes of the biases are columns: keepdims=True.",
     _changed(lambda A, B, a, b: (A, B, a[:, 0], b[:, 0]))),
    ("The slopes of the biases are means over the batch: 1/S is missing there.",
     lambda A, B, x, *rest: tuple(m * (x.shape[1] if m.shape[1] == 1 and i > 1 else 1)
                                      for i, m in enumerate(_four(A, B, x, *rest)))),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 7.6


def _loss_at(T, u, y):
    return _loss(np.asarray(u) / T, y)


@exercise(7)
def temperature(u, y, candidates):
    """Choose the divisor of the sums for which the cross-entropy is lowest."""
    return float(min(candidates, key=lambda T: _loss_at(T, u, y)))


@temperature.cases
def _(rng):
    # Labels drawn from the softmax of u / T: the best candidate lies near T.
    # Twenty outputs: there the other classes weigh enough to lead to another candidate.
    for T, n, S in ((3.0, 6, 400), (0.4, 4, 300), (1.0, 20, 500), (0.25, 8, 400)):
        u = rng.normal(0, 1.5 * T, (n, S))
        drawn = (np.cumsum(_softmax(u / T), axis=0) > rng.uniform(size=S)).argmax(axis=0)
        y = np.where(np.arange(n)[:, np.newaxis] == drawn, 0.99, 0.01)
        candidates = rng.permutation(np.geomspace(0.13, 7.7, 15))
        yield f"{n} outputs, {S} galaxies and 15 candidates", (u, y, candidates)


def _best(score):
    return lambda u, y, candidates: float(min(candidates, key=lambda T: score(T, u, y)))


def _accuracy(T, u, y):
    return -np.mean((u / T).argmax(axis=0) == y.argmax(axis=0))


temperature.mistakes(
    ("That is the smallest candidate.", lambda u, y, c: min(c)),
    ("That is the largest candidate.", lambda u, y, c: max(c)),
    ("Divide by T: this multiplies.", _best(lambda T, u, y: _loss_at(1 / T, u, y))),
    ("Return the candidate, not its place in the list.",
     lambda u, y, c: float(np.argmin([_loss_at(T, u, y) for T in c]))),
    ("Return the candidate, not its loss.", lambda u, y, c: min(_loss_at(T, u, y) for T in c)),
    ("No temperature changes which output is largest: compare losses.", _best(_accuracy)),
    ("y weighs the other classes with 0.01: only the known one counts.",
     _best(lambda T, u, y: -np.sum(y * (u / T - _lse(u / T))))),
)  # fmt: skip
