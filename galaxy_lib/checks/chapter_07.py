"""Checks of the exercises of chapter 7, each beside its known mistakes."""

from __future__ import annotations

import itertools

import numpy as np

from galaxy_lib.checks.runner import exercise


def _lse(u):
    return np.logaddexp.reduce(u, axis=0, keepdims=True)


def _softmax(u):
    return np.exp(u - _lse(u))


def _known(y):
    return y == y.max(axis=0)


def _batches(rng):
    """Give what, u and y for several shapes; in two of them sums overflow."""
    for n, S, size in ((4, 5, 2.0), (3, 4, 900.0), (10, 1, 1.0), (5, 5, 1.0), (4, 3, 1.0)):
        u = rng.normal(0, size, (n, S)) + rng.normal(0, size, (1, S))
        known = rng.integers(n, size=S)
        what = f"{n} outputs and S={S}"
        if size > 9:  # e⁹⁰⁰ is beyond a float, and the known output rounds to 0
            what += ", sums of some hundreds"
            u += size - u.max(axis=0)
            known = u.argmin(axis=0)
            u[known, range(S)] = np.minimum(u[known, range(S)], -100)
        if S == 3:  # beside the largest column, nothing is left of the others
            what += ", columns of very different size"
            u += rng.permutation([-1500.0, 20.0, 1500.0])
        yield what, u, np.where(np.arange(n)[:, np.newaxis] == known, 0.99, 0.01)


# ------------------------------------------------------------------------------------ 7.1, 7.2


@exercise(7)
def log_sum_exp(u):
    """Take log Σ eᵘ of each column, (1, S), without overflow."""
    return _lse(u)


log_sum_exp.cases(lambda rng: ((what, (u,)) for what, u, _ in _batches(rng)))

OVERFLOW = "Right for small sums, but e⁹⁰⁰ overflows: take out the largest entry first."
BATCH = (
    "Each column has a largest entry of its own: the batch's leaves nothing of the other columns."
)
DOWN = "That goes along the rows: a column is a galaxy, so add up over axis 0."

log_sum_exp.mistakes(
    (OVERFLOW, lambda u: np.log(np.exp(u).sum(axis=0, keepdims=True))),
    (BATCH, lambda u: u.max() + np.log(np.exp(u - u.max()).sum(axis=0, keepdims=True))),
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
    ("The sign of u is turned.", lambda u: _lse(-u)),
    ("That is log z of each output: log Σ eᵘ was asked for.", lambda u: u - _lse(u)),
    ("Each column has one result: (1, S).", lambda u: np.repeat(_lse(u), len(u), axis=0)),
    ("There is no 1 in the sum.", lambda u: np.logaddexp(_lse(u), 0)),
    generic="sum mean",
)  # fmt: skip


@exercise(7)
def softmax(u):
    """Turn the sums (N_out, S) into probabilities, column by column."""
    return _softmax(u)


softmax.cases(lambda rng: ((what, (u,)) for what, u, _ in _batches(rng)))

softmax.mistakes(
    (OVERFLOW, lambda u: np.exp(u) / np.exp(u).sum(axis=0)),
    (BATCH, lambda u: np.exp(u - u.max()) / np.exp(u - u.max()).sum(axis=0)),
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
    ("The base is e, not 2.", lambda u: _softmax(u * np.log(2))),
    (
        "Those are sigmoids, divided by their sum: take exponentials.",
        lambda u: _g(u) / _g(u).sum(axis=0),
    ),
    ("That is the place of the largest: softmax shares.", lambda u: u.argmax(axis=0)),
    generic="flat sum mean alone complement",
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
    ("That is eᴸ: the loss is the mean of −log z itself.", lambda u, y: np.exp(_loss(u, y))),
    ("That is 1 − z: take −log z.", lambda u, y: 1 - _softmax(u)[_known(y)].mean()),
    ("log Σ eᵘ is missing: log z = u − log Σ eᵘ.", lambda u, y: -u[_known(y)].mean()),
    ("Each output is taken by itself, with a sigmoid: here all share one softmax.",
     lambda u, y: np.logaddexp(0, np.where(_known(y), -u, u)).sum(axis=0).mean()),
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
    (TARGET, _slope(target=lambda y: y)),
    (FACTOR, _slope(lambda z: z * (1 - z)), _slope(lambda z: 2 * z * (1 - z), target=lambda y: y)),
    ("There is no square, and so no factor 2.", _slope(lambda z: 2)),
    ("1/S is missing: the loss is a mean.", lambda u, y: _softmax(u) - _known(y)),
    ("The target is missing: that is z / S.", _slope(target=lambda y: 0)),
    ("Divide by S alone, not by the outputs too.", _slope(lambda z: 1 / len(z))),
    ("z is the softmax of u, not u itself.", lambda u, y: (u - _known(y)) / u.shape[1]),
    ("z is the softmax, not its logarithm.", lambda u, y: (u - _lse(u) - _known(y)) / u.shape[1]),
    ("z is the softmax of u, not its sigmoid.", lambda u, y: (_g(u) - _known(y)) / u.shape[1]),
    (
        "The softmax goes down each column, not along the batch.",
        lambda u, y: (_softmax(u.T).T - _known(y)) / u.shape[1],
    ),
    ("Divide by S, not by the outputs.", lambda u, y: (_softmax(u) - _known(y)) / len(u)),
    (
        "The other classes have a slope too: z.",
        lambda u, y: (_softmax(u) - _known(y)) * _known(y) / u.shape[1],
    ),
    generic="flat sum mean absolute",
)


# ------------------------------------------------------------------------------------ 7.5


def _g(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _on_the_way(weights, x):
    """Return what comes out of each layer, the inputs first and the sums of the last at the end."""
    layers = [x]
    for W in weights[:-1]:
        layers.append(_g(W @ layers[-1]))
    return [*layers, weights[-1] @ layers[-1]]


def _of_layers(
    weights,
    x,
    y,
    target=_known,
    hidden=lambda z: z * (1 - z),
    output=lambda z: 1,
    last=_softmax,
    back=lambda W, d: W.T @ d,
):
    """Return the gradients of all layers; options change a step."""
    *layers, u = _on_the_way(weights, x)
    z = last(u)
    d = (z - target(y)) * output(z)
    gradients = []
    for i in range(len(weights) - 1, -1, -1):
        gradients.insert(0, d @ layers[i].T / x.shape[1])
        if i:
            d = back(weights[i], d) * hidden(layers[i])
    return gradients


@exercise(7)
def gradients_of_layers(weights, x, y):
    """Derive the cross-entropy of a batch by the weights of every layer."""
    S = x.shape[1]
    totals = [np.zeros(W.shape) for W in weights]
    for s in range(S):
        *layers, u = _on_the_way(weights, x[:, s])
        d = _softmax(u) - _known(y[:, s])
        for i in reversed(range(len(weights))):
            totals[i] += np.multiply.outer(d, layers[i]) / S
            d = np.einsum("oh,o,h->h", weights[i], d, layers[i] * (1 - layers[i]))
    return tuple(totals)


@gradients_of_layers.cases
def _(rng):
    # In the first, all are equal: a missing transpose shows in the values, not as an error.
    for sizes, S in (((4, 4, 4, 4), 5), ((3, 5, 4, 2, 6), 7), ((4, 3, 5), 4), ((3, 4), 6)):
        while True:  # deep down slopes are small: three decimals are to tell them from 0
            weights = [rng.normal(0, 1.5, pair[::-1]) for pair in itertools.pairwise(sizes)]
            x = rng.normal(0, 1, (sizes[0], S))
            known = np.arange(sizes[-1])[:, np.newaxis] == rng.integers(sizes[-1], size=S)
            case = weights, x, np.where(known, 0.99, 0.01)
            if min(np.abs(g).max() for g in _of_layers(*case)) > 0.01:
                break
        n = len(weights)
        yield f"{n} {'matrix' if n == 1 else 'matrices'} and S={S}", case


def _with(**options):
    return lambda *arguments: _of_layers(*arguments, **options)


def _changed(change):
    return lambda *arguments: change(_of_layers(*arguments))


def _of_depth(n):
    """Return a function that writes n layers out, as chapter 7 does, and serves no other depth."""

    def unpacked(weights, x, y):
        if len(weights) != n:
            raise ValueError
        return _of_layers(weights, x, y)

    return unpacked


gradients_of_layers.mistakes(
    ("Any depth is asked for: this unpacks two matrices.", _of_depth(2)),
    ("Any depth is asked for: this unpacks three matrices.", _of_depth(3)),
    (FACTOR, _with(output=lambda z: z * (1 - z)), _with(output=lambda z: 2 * z * (1 - z))),
    (TARGET, _with(target=lambda y: y)),
    ("1/S is missing: that is the sum over the batch.",
     lambda w, x, y: [x.shape[1] * g for g in _of_layers(w, x, y)]),
    ("The slope of the hidden layers, z(1 - z), is missing.", _with(hidden=lambda z: 1)),
    ("Of the hidden layers' slope z(1 - z), the factor (1 - z) is missing.",
     _with(hidden=lambda z: z)),
    ("Of the hidden layers' slope z(1 - z), the factor z is missing.",
     _with(hidden=lambda z: 1 - z)),
    ("The hidden layers have a sigmoid: their slope is z(1 - z), not 1 - z².",
     _with(hidden=lambda z: 1 - z**2)),
    ("A reshape is no transpose: the error goes back through Wᵀ.",
     _with(back=lambda W, d: W.reshape(W.shape[::-1]) @ d)),
    ("What comes out of a hidden layer is z already: its slope is z(1 - z), not g(z)(1 - g(z)).",
     _with(hidden=lambda z: _g(z) * (1 - _g(z)))),
    ("The error goes back through Wᵀ: the transpose is missing.", _with(back=lambda W, d: W @ d)),
    ("The error goes back through the matrices: they are missing.",
     _with(back=lambda W, d: np.broadcast_to(d.sum(0), (W.shape[1], d.shape[1])))),
    ("There is no square, and so no factor 2.", _changed(lambda g: [2 * m for m in g])),
    ("The gradients come in the order of the weights, the layer nearest to the inputs first.",
     _changed(lambda g: g[::-1])),
    ("The outputs have a softmax, not a sigmoid.", _with(last=_g),
     *(_with(last=_g, output=lambda z, n=n: n * z * (1 - z)) for n in (1, 2))),
    ("Each gradient has the shape of its matrix: these are transposed.",
     _changed(lambda g: [m.T for m in g])),
    ("The gradient of the first matrix is missing.", _changed(lambda g: g[1:])),
    ("The gradient of the last matrix is missing.", _changed(lambda g: g[:-1])),
    ("That is the gradient of the first matrix alone: return one for each.",
     _changed(lambda g: g[0])),
    ("That is the gradient of the last matrix alone: return one for each.",
     _changed(lambda g: g[-1])),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 7.6


def _loss_at(T, u, y):
    return _loss(np.asarray(u) / T, y)


def _lowest(score):
    """Return a function for the T from 0.1 to 10 with the lowest score, by a golden section."""

    def found(u, y):
        # In 1/T the cross-entropy is convex, so two points say on which side the lowest lies.
        low, high, part = 0.1, 10.0, (5**0.5 - 1) / 2
        for _ in range(60):
            left, right = high - part * (high - low), low + part * (high - low)
            if score(1 / left, u, y) < score(1 / right, u, y):
                high = right
            else:
                low = left
        return 2 / (low + high)

    return found


@exercise(7)
def temperature(u, y):
    """Find the divisor of the sums for which the cross-entropy is lowest."""
    return _lowest(_loss_at)(u, y)


@temperature.cases
def _(rng):
    # Labels drawn from the softmax of u / T: the best one lies near T.
    # Twenty outputs: there the other classes weigh enough to lead to another temperature.
    for T, n, S in ((3.0, 6, 400), (0.4, 4, 300), (1.0, 20, 500), (0.25, 8, 400)):
        u = rng.normal(0, 1.5 * T, (n, S))
        drawn = (np.cumsum(_softmax(u / T), axis=0) > rng.uniform(size=S)).argmax(axis=0)
        yield (
            f"{n} outputs and {S} galaxies",
            (u, np.where(np.arange(n)[:, np.newaxis] == drawn, 0.99, 0.01)),
        )


def _squares(T, u, y):
    return np.sum((_softmax(u / T) - _known(y)) ** 2)


def _dishonesty(T, u, y):
    """How far the mean of the largest outputs lies from the fraction that is right."""
    z = _softmax(u / T)
    return abs(z.max(axis=0).mean() - np.mean(z.argmax(axis=0) == y.argmax(axis=0)))


temperature.mistakes(
    ("The lowest cross-entropy is asked for, not the lowest squared error.",
     _lowest(_squares), _lowest(lambda T, u, y: np.sum((_softmax(u / T) - y) ** 2))),
    ("Divide by T: this multiplies.", lambda u, y: 1 / temperature.right(u, y)),
    ("That is the loss: return the temperature.",
     lambda u, y: _loss_at(temperature.right(u, y), u, y)),
    ("That is the loss without a temperature.", lambda u, y: _loss_at(1.0, u, y)),
    ("y weighs the other classes with 0.01: only the known one counts.",
     _lowest(lambda T, u, y: -np.sum(y * (u / T - _lse(u / T))))),
    ("Four digits are asked for: these are two.",
     *(lambda u, y, n=n: np.round(temperature.right(u, y), n) for n in (1, 2))),
    ("That is always 1: search for it.", lambda u, y: 1.0),
    ("The lowest cross-entropy is asked for, not where the mean of the largest outputs fits.",
     _lowest(_dishonesty)),
    ("That is the square of it.", lambda u, y: temperature.right(u, y) ** 2),
    ("That is the logarithm of it.", lambda u, y: np.log(temperature.right(u, y))),
)  # fmt: skip
