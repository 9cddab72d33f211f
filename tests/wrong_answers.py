"""Wrong answers to the exercises, as students give them: (exercise, answer, words of the hint).

An empty string stands for a mistake that is rejected without being named. `RIGHT` holds right
answers in the same form, at least two an exercise and written differently from the solutions.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from galaxy_lib import network

WRONG: list[tuple[str, object, str]] = []
RIGHT: list[tuple[str, object]] = []


def wrong(exercise: str, hint: str = ""):
    """Put the decorated function into the bank."""

    def keep(answer):
        WRONG.append((exercise, answer, hint))
        return answer

    return keep


def right(exercise: str):
    """Put the decorated function among the right answers."""

    def keep(answer):
        RIGHT.append((exercise, answer))
        return answer

    return keep


def g(x):
    return 1 / (1 + np.exp(-x))


# 1 Exploring the data

RIGHT += [
    ("bytes_of_pictures", 3487039488),
    ("bytes_of_pictures", 17736.0 * 2**16 * 3),
    ("count_types", lambda answers: [int(np.sum(answers == k)) for k in range(10)]),
    ("count_types", lambda answers: np.eye(10)[answers].sum(axis=0)),
    ("redness", lambda p: np.diff(p[..., ::2].astype(int)).mean() * -1),
    ("redness", lambda p: p[..., 0].mean(dtype=np.float32) - p[..., 2].mean(dtype=np.float32)),
]
WRONG += [
    ("bytes_of_pictures", 17736 * 256 * 256, "three bands"),
    ("bytes_of_pictures", 17736 * 256 * 3, "256 rows and 256 columns"),
    ("bytes_of_pictures", 17736 * 256 * 256 * 3 * 4, "one byte"),
    ("bytes_of_pictures", 17736 * 256 * 256 * 3 * 8, "bits"),
    ("bytes_of_pictures", 3.487039488, "GB"),
    ("bytes_of_pictures", "3.5 GB", "numbers"),
    ("bytes_of_pictures", -1, ""),
    ("count_types", lambda answers: np.bincount(answers), "Empty classes at the end"),
    ("count_types", lambda answers: np.unique(answers, return_counts=True)[1], "without a galaxy"),
    ("count_types", lambda answers: np.bincount(answers, minlength=10) / len(answers), "fractions"),
    (
        "count_types",
        lambda answers: np.bincount(answers, minlength=10).astype(np.uint8),
        "overflow",
    ),
    ("count_types", lambda answers: np.bincount(answers + 1, minlength=11)[:10], "entry ["),
    ("count_types", lambda answers: sorted(np.bincount(answers, minlength=10))[::-1], "sorted"),
    ("count_types", lambda answers: answers.count(0), "AttributeError in line"),
    ("redness", lambda p: (p[..., 0] - p[..., 2]).mean(), "overflow"),
    ("redness", lambda p: p[..., 2].mean() - p[..., 0].mean(), "sign"),
    ("redness", lambda p: np.abs(p[..., 0].astype(int) - p[..., 2]).mean(), "absolute"),
    ("redness", lambda p: p[..., 0].sum() * 1.0 - p[..., 2].sum(), "sum over the pixels"),
    ("redness", lambda p: p[..., 0].mean() - p[..., 1].mean(), "blue is band 2"),
    ("redness", lambda p: p[0].mean() - p[2].mean(), "last axis"),
    ("redness", lambda p: p[..., 0] * 1.0 - p[..., 2], "each pixel"),
    ("redness", lambda p: (p[..., 0] / p[..., 2].clip(1)).mean(), ""),
]


@wrong("redness", "changes its input `picture`")
def _(picture):
    picture //= 2
    return picture[..., 0].mean() - picture[..., 2].mean()


@wrong("redness", "stopped after 2 s of computing in line")
def _(picture):
    total = 0.0
    row = 0
    while row < len(picture):
        total += float(picture[row, 0, 0])
    return total


def separations(ra, dec, wrap=True, cos=True):
    dx = ra[:, None] - ra[None, :]
    if wrap:
        dx = np.where(dx > 180, dx - 360, np.where(dx < -180, dx + 360, dx))
    if cos:
        dx = dx * np.cos(np.radians((dec[:, None] + dec[None, :]) / 2))
    return 3600 * np.hypot(dx, dec[:, None] - dec[None, :])


def pairs_within(separation, radius):
    return [(i, j) for i, j in zip(*np.nonzero(separation < radius), strict=True) if i < j]


@right("close_pairs")
def _(ra, dec, radius):
    found = set()
    for i, j in itertools.combinations(range(len(ra)), 2):
        a, b, turn = math.radians(dec[i]), math.radians(dec[j]), math.radians(ra[i] - ra[j])
        sine = math.sin((a - b) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
        if math.degrees(2 * math.asin(math.sqrt(sine))) * 3600 <= radius:
            found.add((i, j))
    return found


@right("close_pairs")
def _(ra, dec, radius):
    close = np.triu(separations(ra, dec) < radius, 1)
    return np.argwhere(close)


WRONG += [
    (
        "close_pairs",
        lambda ra, dec, r: pairs_within(separations(ra, dec, cos=False), r),
        "cos(dec)",
    ),
    ("close_pairs", lambda ra, dec, r: pairs_within(separations(ra, dec, wrap=False), r), "round"),
    (
        "close_pairs",
        lambda ra, dec, r: pairs_within(separations(ra, dec, wrap=False, cos=False), r),
        "cos(dec), and ra goes round",
    ),
    ("close_pairs", lambda ra, dec, r: pairs_within(separations(ra, dec) / 3600, r), "3600"),
    ("close_pairs", lambda ra, dec, r: np.argwhere(separations(ra, dec) < r), "i < j"),
    (
        "close_pairs",
        lambda ra, dec, r: [
            (i, j) for i, j in np.argwhere(separations(ra, dec) < r).tolist() if i != j
        ],
        "twice",
    ),
    ("close_pairs", lambda ra, dec, r: separations(ra, dec) < r, "not a table"),
    ("close_pairs", lambda ra, dec, r: [], "No pair"),
]


# 2 Managing the data

RIGHT += [
    ("inputs_per_galaxy", 3 * 32**2),
    ("inputs_per_galaxy", np.prod([256 // 8, 256 // 8, 3])),
    ("one_hot", lambda answers: 0.01 + 0.98 * np.eye(10)[:, answers]),
    ("one_hot", lambda a: np.where(np.arange(10)[:, None] == a, 0.99, 0.01).astype(np.float32)),
    ("coarsen", lambda p, c: sum(p[i::c, j::c] / c**2 for i in range(c) for j in range(c))),
    (
        "coarsen",
        lambda p, c: sliding_window_view(p, (c, c), axis=(0, 1))[::c, ::c].mean(
            (-1, -2), dtype=np.float32
        ),
    ),
]
WRONG += [
    ("inputs_per_galaxy", 1024, "three bands"),
    ("inputs_per_galaxy", 12288, "coarsen=4"),
    ("inputs_per_galaxy", 196608, "full size"),
    ("inputs_per_galaxy", 24576, "Both sides"),
    ("inputs_per_galaxy", [32, 32, 3], "one number"),
    ("one_hot", lambda a: np.eye(10)[a].T, "never reaches 0 or 1"),
    ("one_hot", lambda a: np.eye(10)[a], "A column is a galaxy"),
    ("one_hot", lambda a: 0.01 + 0.98 * np.eye(10)[a], "transposed"),
    ("one_hot", lambda a: 0.99 * np.eye(10)[:, a], "0.01, not 0"),
    ("one_hot", lambda a: 0.99 - 0.98 * np.eye(10)[:, a], "swapped"),
    ("one_hot", lambda a: 0.01 + 0.98 * np.eye(10)[:, a - 1], "shifted by one"),
    ("one_hot", lambda a: 0.01 + 0.98 * np.eye(a.max() + 2)[:, a], "shape (11, 7)"),
    ("one_hot", lambda a: 0.01 + 0.98 * np.eye(9)[:, a], "IndexError in line"),
    ("coarsen", lambda p, c: p[::c, ::c], "one pixel"),
    ("coarsen", lambda p, c: p[c // 2 :: c, c // 2 :: c], "one pixel"),
    (
        "coarsen",
        lambda p, c: sum(p[i::c, j::c] for i in range(c) for j in range(c)) / c**2,
        "overflowed",
    ),
    (
        "coarsen",
        lambda p, c: sum(p[i::c, j::c] * 1.0 for i in range(c) for j in range(c)),
        "the sum",
    ),
    (
        "coarsen",
        lambda p, c: np.round(p.reshape(len(p) // c, c, -1, c, 3).mean((1, 3))),
        "rounded: keep",
    ),
    (
        "coarsen",
        lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).mean((1, 3)).astype(np.uint8),
        "fractions are cut off",
    ),
    ("coarsen", lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).mean((1, 3, 4)), "colours"),
    (
        "coarsen",
        lambda p, c: p.reshape(c, len(p) // c, c, -1, 3).mean((0, 2)),
        "mixes distant pixels",
    ),
    ("coarsen", lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).mean((1, 3)).mT, ""),
    ("coarsen", lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).sum((1, 3)) / c, "c×c"),
    ("coarsen", lambda p, c: p.reshape(len(p) / c, c, -1, c, 3).mean((1, 3)), "TypeError in line"),
    ("coarsen", lambda p, c: p.reshape(-1, c, c, 3).mean((1, 2)), "shape (24, 3)"),
]


@right("split")
def _(n, partition, rng):
    rows = list(range(n))
    rng.shuffle(rows)
    return rows[: int(partition * n)], rows[int(partition * n) :]


@right("split")
def _(n, partition, rng):
    return np.split(np.argsort(rng.random(n)), [int(partition * n)])


def cut(rows, n_training):
    return rows[:n_training], rows[n_training:]


WRONG += [
    ("split", lambda n, f, rng: cut(np.arange(n), int(f * n)), "end of the file"),
    ("split", lambda n, f, rng: cut(np.arange(n)[::-1], int(f * n)), "beginning of the file"),
    ("split", lambda n, f, rng: cut(rng.permutation(n), int(f * n))[::-1], "swapped"),
    ("split", lambda n, f, rng: cut(rng.permutation(n), round(f * n)), "86 rows to train on"),
    ("split", lambda n, f, rng: cut(rng.permutation(n), int((1 - f) * n)), "not of the test rows"),
    ("split", lambda n, f, rng: cut(rng.permutation(n) + 1, int(f * n)), "rows end at 106|from 0"),
    ("split", lambda n, f, rng: cut(rng.integers(0, n, n), int(f * n)), "drawn twice"),
    ("split", lambda n, f, rng: (rng.permutation(n)[:85], rng.permutation(n)[85:]), "both sets"),
    (
        "split",
        lambda n, f, rng: (rng.permutation(n)[:85], np.arange(n)),
        "testing on training|both",
    ),
    ("split", lambda n, f, rng: cut(np.random.permutation(n), int(f * n)), "same seed"),  # noqa: NPY002
    (
        "split",
        lambda n, f, rng: cut(np.random.default_rng(0).permutation(n), int(f * n)),
        "Another seed",
    ),
    ("split", lambda n, f, rng: cut(rng.permutation(n), int(f * n))[0], "only one"),
    (
        "split",
        lambda n, f, rng: (rng.permutation(n)[:85], rng.permutation(n)[86:86]),
        "neither set",
    ),
]


@right("batches")
def _(x, y, batch_size, rng):
    order = rng.permutation(x.shape[1])
    while len(order):
        rows, order = order[:batch_size], order[batch_size:]
        yield x[:, rows], y[:, rows]


@right("batches")
def _(x, y, batch_size, rng):
    both = rng.permuted(np.tile(np.arange(x.shape[1]), (1, 1)), axis=1)[0]
    cuts = range(batch_size, len(both), batch_size)
    return [(np.take(x, r, 1), np.take(y, r, 1)) for r in np.split(both, cuts)]


def batches(x, y, size, order, order_y=None, stop=None):
    order_y = order if order_y is None else order_y
    for start in range(0, stop or x.shape[1], size):
        yield x[:, order[start : start + size]], y[:, order_y[start : start + size]]


def turn_rows(made):
    return [(x.T, y.T) for x, y in made]


@wrong("batches", "do not end")
def _(x, y, batch_size, rng):
    while True:
        rows = rng.permutation(x.shape[1])[:batch_size]
        yield x[:, rows], y[:, rows]


@wrong("batches", "Some galaxies come twice")
def _(x, y, batch_size, rng):
    return batches(x, y, batch_size, rng.integers(0, x.shape[1], x.shape[1]))


@wrong("batches", "shuffled apart")
def _(x, y, batch_size, rng):
    n = x.shape[1]
    return batches(x, y, batch_size, rng.permutation(n), rng.permutation(n))


@wrong("batches", "same order")
def _(x, y, batch_size, rng):
    return batches(x, y, batch_size, np.random.default_rng(1).permutation(x.shape[1]))


WRONG += [
    ("batches", lambda x, y, s, rng: batches(x, y, s, np.arange(x.shape[1])), "old order"),
    ("batches", lambda x, y, s, rng: batches(x, y, s, rng.permutation(23), stop=20), "left out"),
    ("batches", lambda x, y, s, rng: batches(x, y, s, rng.permutation(23), stop=26), "empty"),
    ("batches", lambda x, y, s, rng: turn_rows(batches(x, y, s, rng.permutation(23))), "column"),
    ("batches", lambda x, y, s, rng: [(x, y)], "one batch of all"),
    ("batches", lambda x, y, s, rng: [x[:, rng.permutation(23)[:5]]], "x_b alone"),
    ("batches", lambda x, y, s, rng: batches(x, y, 0, rng.permutation(23)), "ValueError in line"),
]


# 3 The maths of batching

RIGHT += [
    ("sigmoid", lambda x: np.where(x < 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x)))),
    ("sigmoid", lambda x: (1 / (1 + np.exp(-x))).astype(np.float32)),
    ("forward_one", lambda A, B, x: g(A.dot(g(B.dot(x))))),
    ("forward_one", lambda A, B, x: g((A * g((B * x).sum(axis=1))).sum(axis=1))),
    ("forward", lambda A, B, x: (g(B @ x), g(A @ g(B @ x)))),
    ("forward", lambda A, B, x: [g(x.T @ B.T).T, g(g(x.T @ B.T) @ A.T).T]),
]
WRONG += [
    ("sigmoid", lambda x: 1 / (1 + np.exp(x)), "sign"),
    ("sigmoid", lambda x: 1 + np.exp(-x), "fraction"),
    ("sigmoid", lambda x: 1 / np.exp(-x), "1 is missing"),
    ("sigmoid", lambda x: 1 / 1 + np.exp(-x), ""),
    ("sigmoid", lambda x: np.tanh(x), "tanh"),
    ("sigmoid", lambda x: g(x) * (1 - g(x)), "derivative"),
    ("sigmoid", lambda x: g(x).mean(), "mean over the array"),
    ("sigmoid", lambda x: 1 / (1 + math.exp(-x)), "math.exp"),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x, out=x)), "changes its input `x`"),
    ("sigmoid", g(np.zeros(3)), "Give the check your function"),
    ("forward_one", lambda A, B, x: g(A @ (B @ x)), "hidden layer has no sigmoid"),
    ("forward_one", lambda A, B, x: A @ g(B @ x), "output layer has no sigmoid"),
    ("forward_one", lambda A, B, x: A @ B @ x, "Both layers"),
    ("forward_one", lambda A, B, x: g(B @ x), "the hidden layer"),
    ("forward_one", lambda A, B, x: g(A.T @ g(B @ x)), "transposed"),
    ("forward_one", lambda A, B, x: g(A * g(B @ x)), "`@` belongs"),
    ("forward_one", lambda A, B, x: g(B @ g(A @ x)), "swapped|ValueError in line"),
    ("forward", lambda A, B, x: (g(A @ g(B @ x)), g(B @ x)), "order"),
    ("forward", lambda A, B, x: (B @ x, g(A @ B @ x)), "hidden layer has no sigmoid"),
    ("forward", lambda A, B, x: (B @ x, g(A @ g(B @ x))), "out of the sigmoid"),
    ("forward", lambda A, B, x: (g(B @ x), A @ g(B @ x)), "output layer has no sigmoid"),
    ("forward", lambda A, B, x: (g(x.T @ B.T), g(g(x.T @ B.T) @ A.T)), "transposed"),
    ("forward", lambda A, B, x: (g(B @ x[:, 0]), g(A @ g(B @ x[:, 0]))), "first galaxy"),
    ("forward", lambda A, B, x: (g(B @ x).mean(1), g(A @ g(B @ x)).mean(1)), "averaged"),
    ("forward", lambda A, B, x: g(A @ g(B @ x)), "z alone"),
]


def delta(z, y):
    return 2 * (z - y) * z * (1 - z)


RIGHT += [
    ("gradient_A", lambda zt, z, y: np.outer(2 * (z - y) * z * (1 - z), zt)),
    ("gradient_A", lambda zt, z, y: -2 * (y - z) * (z - z**2) * zt.T),
    ("gradient_B", lambda A, x, zt, z, y: ((delta(z, y).T @ A).T * zt * (1 - zt)) @ x.T),
    (
        "gradient_B",
        lambda A, x, zt, z, y: np.kron(np.diag((zt * (1 - zt)).ravel()) @ A.T @ delta(z, y), x.T),
    ),
    ("gradients", network.gradients),
]
WRONG += [
    ("gradient_A", lambda zt, z, y: -delta(z, y) @ zt.T, "sign"),
    ("gradient_A", lambda zt, z, y: delta(z, y) @ zt.T / 2, "factor 2"),
    ("gradient_A", lambda zt, z, y: 2 * (z - y) @ zt.T, "slope of the output's sigmoid"),
    ("gradient_A", lambda zt, z, y: 2 * (z - y) * z @ zt.T, "(1 - z) is missing"),
    ("gradient_A", lambda zt, z, y: zt @ delta(z, y).T, "transposed"),
    ("gradient_A", lambda zt, z, y: delta(z, y) * zt, "transpose of z̃ is missing"),
    ("gradient_A", lambda zt, z, y: 2 * (z - y) @ (z.T @ (1 - z)) @ zt.T, "`@` stands where `*`"),
    ("gradient_A", lambda zt, z, y: delta(z, y) @ zt, "ValueError in line"),
    ("gradient_A", lambda zt, z, y: delta(z, y).T @ zt, "shape (1, 1)"),
    ("gradient_A", lambda zt, z, y: 3 * delta(z, y) @ zt.T, "3 times"),
]


def grad_B(A, x, zt, z, y, slope=True, factor=1.0):
    return factor * (A.T @ delta(z, y) * (zt * (1 - zt) if slope else 1)) @ x.T


WRONG += [
    ("gradient_B", lambda *a: grad_B(*a, factor=-1), "sign"),
    ("gradient_B", lambda *a: grad_B(*a, factor=0.5), "factor 2"),
    ("gradient_B", lambda *a: grad_B(*a, slope=False), "slope of the hidden sigmoid"),
    ("gradient_B", lambda A, *rest: grad_B(A.T, *rest), "transpose is missing"),
    (
        "gradient_B",
        lambda A, x, zt, z, y: 2 * (A.T @ (z - y) * zt * (1 - zt)) @ x.T,
        "slope of the output",
    ),
    ("gradient_B", lambda *a: grad_B(*a).T, "transposed"),
    ("gradient_B", lambda A, x, zt, z, y: (delta(z, y) * zt * (1 - zt)) @ x.T, "ẽ = Aᵀ"),
    ("gradient_B", lambda A, x, zt, z, y: A.T @ delta(z, y) @ x, "ValueError in line"),
    (
        "gradient_B",
        lambda A, x, zt, z, y: A.T @ delta(z, y) @ (zt.T @ (1 - zt)) @ x.T,
        "`@` stands where `*`",
    ),
]


@right("gradients")
def _(A, B, x, y):
    zt = g(B @ x)
    z = g(A @ zt)
    d = delta(z, y)
    back = np.einsum("oh,os->hs", A, d) * zt * (1 - zt)
    n = x.shape[1]
    return np.einsum("os,hs->oh", d, zt) / n, np.einsum("hs,is->hi", back, x) / n


@right("gradients")
def _(A, B, x, y):
    A, B, x, y = (a.astype(np.float32) for a in (A, B, x, y))
    singles = [network.gradients(A, B, x[:, [s]], y[:, [s]]) for s in range(x.shape[1])]
    return tuple(sum(part) / len(singles) for part in zip(*singles, strict=True))


def both(A, B, x, y, first=1.0, second=1.0):
    grad_A, grad_B = network.gradients(A, B, x, y)
    return first * grad_A, second * grad_B


def own(A, B, x, y, slope=True, hidden=True, transpose=True):
    zt = g(B @ x)
    z = g(A @ zt)
    d = 2 * (z - y) * (z * (1 - z) if slope else 1)
    back = (A.T if transpose else A) @ d * (zt * (1 - zt) if hidden else 1)
    return d @ zt.T / x.shape[1], back @ x.T / x.shape[1]


WRONG += [
    ("gradients", lambda A, B, x, y: both(A, B, x, y, x.shape[1], x.shape[1]), "1/S is missing"),
    ("gradients", lambda A, B, x, y: both(A, B, x, y, x.shape[1]), "1/S is missing in the first"),
    ("gradients", lambda A, B, x, y: both(A, B, x, y, 1, x.shape[1]), "1/S is missing in the sec"),
    ("gradients", lambda A, B, x, y: both(A, B, x, y, -1, -1), "sign"),
    ("gradients", lambda A, B, x, y: both(A, B, x, y, 0.5, 0.5), "factor 2"),
    ("gradients", lambda A, B, x, y: both(A, B, x, y, 5 / 4, 5 / 4), "1.25 times"),
    ("gradients", lambda A, B, x, y: both(A, B, x, y)[::-1], "order"),
    ("gradients", lambda A, B, x, y: own(A, B, x, y, slope=False), "slope of the output"),
    ("gradients", lambda A, B, x, y: own(A, B, x, y, hidden=False), "slope of the hidden"),
    ("gradients", lambda A, B, x, y: own(A, B, x, y, transpose=False), "transpose is missing"),
    (
        "gradients",
        lambda A, B, x, y: both(A, B, x.mean(1, keepdims=True), y.mean(1, keepdims=True)),
        "not the galaxies",
    ),
    ("gradients", lambda A, B, x, y: np.ones(3) / 0, "not 3"),
]


@right("numerical_gradient")
def _(loss, w, h):
    flat = w.ravel()
    steps = h * np.eye(flat.size)
    slopes = [loss((flat + s).reshape(w.shape)) - loss((flat - s).reshape(w.shape)) for s in steps]
    return np.reshape(slopes, w.shape) / (2 * h)


@right("numerical_gradient")
def _(loss, w, h):
    w, gradient = w.astype(np.float32), np.zeros(w.shape, np.float32)
    for place in np.ndindex(*w.shape):
        for way in (1, -1):
            moved = w.copy()
            moved[place] += way * h
            gradient[place] += way * loss(moved) / (2 * h)
    return gradient


def slopes(loss, w, h, ahead=1, behind=1, divide=None):
    out = np.zeros(w.shape)
    for place in np.ndindex(*w.shape):
        step = np.zeros(w.shape)
        step[place] = h
        out[place] = (loss(w + ahead * step) - loss(w - behind * step)) / (divide or 2 * h)
    return out


@wrong("numerical_gradient", "changes its input `w`")
def _(loss, w, h):
    out = np.zeros(w.shape)
    for place in np.ndindex(*w.shape):
        w[place] += h
        ahead = loss(w)
        w[place] -= 2 * h
        out[place] = (ahead - loss(w)) / (2 * h)
    return out


WRONG += [
    ("numerical_gradient", lambda f, w, h: slopes(f, w, h, behind=0, divide=h), "one side"),
    ("numerical_gradient", lambda f, w, h: slopes(f, w, h, ahead=0, divide=h), "one side"),
    ("numerical_gradient", lambda f, w, h: slopes(f, w, h, divide=h), "2h apart"),
    ("numerical_gradient", lambda f, w, h: slopes(f, w, h, divide=1), "division by 2h is missing"),
    ("numerical_gradient", lambda f, w, h: slopes(f, w, h, divide=2 / h), "Brackets"),
    ("numerical_gradient", lambda f, w, h: slopes(f, w, -h, divide=2 * h), "sign"),
    ("numerical_gradient", lambda f, w, h: slopes(f, w, h).ravel(), "shape of the weights"),
    ("numerical_gradient", lambda f, w, h: (f(w + h) - f(w - h)) / (2 * h), "one at a time"),
    (
        "numerical_gradient",
        lambda f, w, h: np.full(w.shape, (f(w + h) - f(w - h)) / (2 * h)),
        "one at a time",
    ),
]


# 4 Momentum

RIGHT += [
    ("age_weight", lambda beta, k: (1 - beta) * beta**k),
    ("age_weight", lambda beta, k: beta**k - beta ** (k + 1)),
    ("momentum_step", lambda w, v, g, r, b: (w - r * (v + (1 - b) * (g - v)), b * v + (1 - b) * g)),
]
WRONG += [
    ("age_weight", lambda beta, k: beta**k, "forgotten"),
    ("age_weight", lambda beta, k: (1 - beta) * beta ** (k + 1), "age 0"),
    ("age_weight", lambda beta, k: (1 - beta) * beta ** (k - 1), "age 0"),
    ("age_weight", lambda beta, k: beta * (1 - beta) ** k, "swapped"),
    ("age_weight", lambda beta, k: (1 - beta) * beta * k, "power"),
    ("age_weight", lambda beta: 1 - beta, "TypeError"),
]


@right("momentum_step")
def _(weights, velocity, gradient, learning_rate, beta):
    velocity = np.average([velocity, gradient], axis=0, weights=[beta, 1 - beta])
    return np.add(weights, -learning_rate * velocity), velocity


def step(w, v, r):
    return w - r * v, v


WRONG += [
    ("momentum_step", lambda w, v, g, r, b: step(w, b * v + g, r), "(1 - β) is forgotten"),
    ("momentum_step", lambda w, v, g, r, b: (w - r * v, b * v + (1 - b) * g), "old velocity"),
    ("momentum_step", lambda w, v, g, r, b: (w - r * g, b * v + (1 - b) * g), "by the gradient"),
    ("momentum_step", lambda w, v, g, r, b: step(w, b * v + (1 - b) * g, -r), "sign"),
    ("momentum_step", lambda w, v, g, r, b: step(w, b * v + (1 - b) * g, 1), "learning rate"),
    ("momentum_step", lambda w, v, g, r, b: step(w, b * g + (1 - b) * v, r), "swapped"),
    ("momentum_step", lambda w, v, g, r, b: step(w, b * v + (1 - b) * g, r)[::-1], "order"),
    ("momentum_step", lambda w, v, g, r, b: step(w, (1 - b) * g, r), "is not used"),
    ("momentum_step", lambda w, v, g, r, b: (w - r * (b * v + (1 - b) * g), v), "carried over"),
    ("momentum_step", lambda w, v, g, r, b: (w - r * g, v), "not used"),
    ("momentum_step", lambda w, v, g, r, b: w - r * (b * v + (1 - b) * g), "weights alone"),
]


@wrong("momentum_step", "changes its input `v`")
def _(w, v, gradient, learning_rate, beta):
    v *= beta
    v += (1 - beta) * gradient
    return w - learning_rate * v, v


def walk(slope, w, r, b, n, share=True, carry=True, fixed=False):
    v, points = np.zeros(2), [w]
    for _ in range(n):
        v = b * (v if carry else 0) + (1 - b if share else 1) * slope(w if fixed else points[-1])
        points.append(points[-1] - r * v)
    return np.array(points)


@right("descend")
def _(gradient, w, learning_rate, beta, n_steps):
    path = [w, w - learning_rate * (1 - beta) * gradient(w)]
    while len(path) <= n_steps:
        push = learning_rate * (1 - beta) * gradient(path[-1])
        path.append(path[-1] + beta * (path[-1] - path[-2]) - push)
    return path


@right("descend")
def _(gradient, w, learning_rate, beta, n_steps):
    path, v = np.empty((n_steps + 1, len(w)), np.float32), 0 * w
    path[0] = w
    for k in range(n_steps):
        v = beta * v + gradient(path[k]) * (1 - beta)
        path[k + 1] = path[k] - learning_rate * v
    return path


@wrong("descend", "All rows are the last point")
def _(gradient, w, learning_rate, beta, n_steps):
    w, v, path = w.copy(), np.zeros_like(w), []
    path.append(w)
    for _ in range(n_steps):
        v = beta * v + (1 - beta) * gradient(w)
        w -= learning_rate * v
        path.append(w)
    return np.array(path)


@wrong("descend", "changes its input `w`")
def _(gradient, w, learning_rate, beta, n_steps):
    path, v = [w.copy()], np.zeros_like(w)
    for _ in range(n_steps):
        v = beta * v + (1 - beta) * gradient(w)
        w -= learning_rate * v
        path.append(w.copy())
    return np.array(path)


@wrong("descend", "stopped after 2 s of computing in line")
def _(gradient, w, learning_rate, beta, n_steps):
    path, step = [w], 0
    while step < n_steps:
        path = [*path[-3:], w - learning_rate * gradient(w)]
    return np.array(path)


WRONG += [
    ("descend", lambda *a: walk(*a, carry=False), "not carried over"),
    ("descend", lambda *a: walk(*a, share=False), "(1 - β) is forgotten"),
    ("descend", lambda f, w, r, b, n: walk(f, w, r, 0, n), "plain descent"),
    ("descend", lambda *a: walk(*a, fixed=True), "first point"),
    ("descend", lambda f, w, r, b, n: walk(f, w, -r, b, n), "sign"),
    ("descend", lambda *a: walk(*a)[1:], "starting point"),
    ("descend", lambda *a: walk(*a)[:-1], "last point is missing"),
    ("descend", lambda f, w, r, b, n: walk(f, w, r, b, n + 1), "too many"),
    ("descend", lambda *a: walk(*a)[-1], "whole path"),
    ("descend", lambda *a: walk(*a).T, "transposed"),
]


def arrive(slope, w, r, betas, tolerance, max_steps, size=np.linalg.norm, first=0, **options):
    counts = []
    for b in betas:
        path = walk(slope, w, r, b, max_steps, **options)
        sizes = [size(slope(point)) for point in path]
        counts.append(next((first + k for k, s in enumerate(sizes) if s < tolerance), max_steps))
    return counts


@right("steps_needed")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = np.zeros(len(betas), dtype=int)
    for i, beta in enumerate(betas):
        here, v = w.copy(), np.zeros(len(w))
        while not math.hypot(*gradient(here)) < tolerance and counts[i] < max_steps:
            v += (1 - beta) * (gradient(here) - v)
            here -= learning_rate * v
            counts[i] += 1
    return counts


@right("steps_needed")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    return tuple(arrive(gradient, w, learning_rate, betas, tolerance, max_steps))


@wrong("steps_needed", "entry [")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts, here = [], w.copy()
    for beta in betas:
        v, k = 0 * w, 0
        while np.linalg.norm(gradient(here)) >= tolerance and k < max_steps:
            v = beta * v + (1 - beta) * gradient(here)
            here = here - learning_rate * v
            k += 1
        counts.append(k)
    return counts


@wrong("steps_needed", "the result has shape")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = arrive(gradient, w, learning_rate, betas, tolerance, max_steps)
    return [k for k in counts if k < max_steps]


WRONG += [
    ("steps_needed", lambda *a: arrive(*a, first=1), "one too large"),
    ("steps_needed", lambda *a: np.array(arrive(*a)) - 1, "one too small"),
    ("steps_needed", lambda *a: arrive(*a, carry=False), "not carried over"),
    ("steps_needed", lambda *a: arrive(*a, share=False), "(1 - β) is forgotten"),
    ("steps_needed", lambda *a: arrive(*a, size=max), "negative"),
    ("steps_needed", lambda *a: arrive(*a, size=lambda g: g @ g), "square of the length"),
]


# 5 The network and its training

RIGHT += [
    ("updates", lambda n, size, epochs: epochs * math.ceil(n / size)),
    ("updates", lambda n, size, epochs: sum(1 for _ in range(epochs) for _ in range(0, n, size))),
    (
        "fraction_correct",
        lambda f, _, test: np.mean(f(test[0]).argmax(axis=0) == test[1].argmax(axis=0)),
    ),
]
WRONG += [
    ("updates", lambda n, size, epochs: epochs * (n // size), "round up"),
    ("updates", lambda n, size, epochs: -(-n // size), "one epoch"),
    ("updates", lambda n, size, epochs: n * epochs / size, "whole numbers"),
    ("updates", lambda n, size, epochs: math.ceil(n * epochs / size), "in each epoch"),
    ("updates", lambda n, size, epochs: n * epochs, "number of pictures"),
    ("updates", lambda n, size, epochs: round(n / size, epochs) * epochs + 1, ""),
]


@right("fraction_correct")
def _(forward, training, test):
    x, y = test
    good = [forward(x[:, [s]]).argmax() == y[:, s].argmax() for s in range(x.shape[1])]
    return np.float32(sum(good) / len(good))


def hits(f, part, axis=0):
    return f(part[0]).argmax(axis) == part[1].argmax(axis)


WRONG += [
    ("fraction_correct", lambda f, train, test: hits(f, train).mean(), "testing on training data"),
    (
        "fraction_correct",
        lambda f, train, test: np.append(hits(f, train), hits(f, test)).mean(),
        "testing on training data",
    ),
    ("fraction_correct", lambda f, train, test: hits(f, test).sum(), "count"),
    ("fraction_correct", lambda f, train, test: 100 * hits(f, test).mean(), "per cent"),
    ("fraction_correct", lambda f, train, test: hits(f, test).sum() / 40, "30 test galaxies"),
    ("fraction_correct", lambda f, train, test: hits(f, test).sum() / 4, "30 test galaxies"),
    ("fraction_correct", lambda f, train, test: 1 - hits(f, test).mean(), "wrong"),
    ("fraction_correct", lambda f, train, test: hits(f, test, 1).mean(), "axis 0"),
    (
        "fraction_correct",
        lambda f, train, test: (f(test[0]).round() == test[1].round()).mean(),
        "largest",
    ),
    ("fraction_correct", lambda f, train, test: (f(test[0]) == test[1]).mean(), "largest"),
    ("fraction_correct", lambda f, train, test: hits(f, test), "these verdicts"),
]


def run(A, B, epochs, rate, beta, carry="all", share=True, part=slice(None), late=False):
    v_A, v_B = 0 * A, 0 * B
    for batches in epochs:
        v_A, v_B = (v_A, v_B) if carry != "epoch" else (0 * A, 0 * B)
        for x, y in batches[part]:
            v_A, v_B = (v_A, v_B) if carry != "batch" else (0 * A, 0 * B)
            grad_A, grad_B = network.gradients(A, B, x, y)
            v_A = beta * v_A + (1 - beta if share else 1) * grad_A
            A = A - rate * v_A
            if late:
                grad_B = network.gradients(A, B, x, y)[1]
            v_B = beta * v_B + (1 - beta if share else 1) * grad_B
            B = B - rate * v_B
    return A, B


@right("train")
def _(A, B, epochs, learning_rate, beta):
    return run(A.astype(np.float32), B.astype(np.float32), epochs, learning_rate, beta)


@right("train")
def _(A, B, epochs, learning_rate, beta):
    A, B = A.copy(), B.copy()
    v = [np.zeros_like(A), np.zeros_like(B)]
    for x, y in itertools.chain.from_iterable(epochs):
        for w, velocity, gradient in zip((A, B), v, network.gradients(A, B, x, y), strict=True):
            velocity += (1 - beta) * (gradient - velocity)
            w -= learning_rate * velocity
    return A, B


@wrong("train", "changes its input `A`")
def _(A, B, epochs, learning_rate, beta):
    v_A = v_B = 0
    for batches in epochs:
        for x, y in batches:
            grad_A, grad_B = network.gradients(A, B, x, y)
            v_A, v_B = beta * v_A + (1 - beta) * grad_A, beta * v_B + (1 - beta) * grad_B
            A -= learning_rate * v_A
            B -= learning_rate * v_B
    return A, B


WRONG += [
    ("train", lambda *a: run(*a, carry="epoch"), "from epoch to epoch"),
    ("train", lambda *a: run(*a, carry="batch"), "from batch to batch"),
    ("train", lambda A, B, e, r, b: run(A, B, e, r, 0), "plain descent"),
    ("train", lambda *a: run(*a, share=False), "(1 - β) is forgotten"),
    ("train", lambda *a: run(*a, part=slice(-1)), "last batch"),
    ("train", lambda *a: run(*a, part=slice(1)), "first batch"),
    ("train", lambda A, B, e, r, b: run(A, B, e[:1], r, b), "first epoch"),
    ("train", lambda *a: run(*a, late=True), "old weights"),
    ("train", lambda A, B, e, r, b: run(A, B, e, -r, b), "sign"),
    ("train", lambda *a: run(*a)[::-1], "order"),
    ("train", lambda A, B, e, r, b: (A, B), "do not change"),
    ("train", lambda A, B, e, r, b: run(A, B, e[0], r, b), "ValueError in line|TypeError in line"),
]


def scan(new, rates, sizes, n_updates, n, look="validation_accuracy", epochs=None, fresh=True):
    table, net = [], new()
    for rate in rates:
        for size in sizes:
            net = new() if fresh else net
            n_epochs = epochs(size) if epochs else math.ceil(n_updates / math.ceil(n / size))
            net.train(n_epochs=n_epochs, learning_rate=rate, batch_size=size)
            table.append(getattr(net.history[-1], look))
    return np.array(table).reshape(len(rates), len(sizes))


@right("study")
def _(new_network, rates, batch_sizes, n_updates, n_training):
    table = np.zeros((len(rates), len(batch_sizes)))
    for (i, rate), (j, size) in itertools.product(enumerate(rates), enumerate(batch_sizes)):
        done = 0
        for record in new_network().epochs(10**6, rate, batch_size=size):
            done += -(-n_training // size)
            table[i, j] = record.validation_accuracy
            if done >= n_updates:
                break
    return table


@right("study")
def _(*arguments):
    return scan(*arguments).astype(np.float32).tolist()


WRONG += [
    ("study", lambda *a: scan(*a, look="test_accuracy"), "test set chooses nothing"),
    ("study", lambda *a: scan(*a, look="training_accuracy"), "training data"),
    ("study", lambda *a: scan(*a, fresh=False), "trained on and on"),
    ("study", lambda *a: scan(*a, epochs=lambda size: a[3]), "n_updates is not n_epochs"),
    ("study", lambda *a: scan(*a, epochs=lambda size: a[3] // -(-a[4] // size)), "Round"),
    ("study", lambda *a: scan(*a, epochs=lambda size: -(-a[3] // (a[4] // size))), "short batch"),
    ("study", lambda *a: scan(*a, epochs=lambda size: 1), "one epoch"),
    ("study", lambda *a: scan(*a).T, "one row for each rate"),
    ("study", lambda new, *rest: scan(new(), *rest), "TypeError in line"),
]


# 6 Evaluation

RIGHT += [
    ("baseline", lambda train, test: np.mean(test == np.bincount(train).argmax())),
    (
        "baseline",
        lambda train, test: list(test).count(max(train, key=list(train).count)) / len(test),
    ),
    (
        "confusion_matrix",
        lambda a, p: np.bincount(10 * a.astype(int) + p, minlength=100).reshape(10, 10),
    ),
    ("confusion_matrix", lambda a, p: np.eye(10)[:, a] @ np.eye(10)[p]),
    ("confusion_matrix", lambda a, p: np.histogram2d(a, p, np.arange(11) - 0.5)[0]),
    ("recall", lambda M: np.array([row[k] / row.sum() for k, row in enumerate(M)])),
    ("recall", lambda M: np.where(M.any(1), M.diagonal() / M.sum(1).clip(1), np.nan)),
    ("most_confused", lambda M: np.unravel_index((M * (1 - np.eye(10))).argmax(), (10, 10))),
]
WRONG += [
    ("baseline", lambda train, test: np.bincount(test).max() / len(test), "not known beforehand"),
    (
        "baseline",
        lambda train, test: np.bincount(train).max() / len(train),
        "share in the training",
    ),
    ("baseline", lambda train, test: 0.1, "random"),
    ("baseline", lambda train, test: np.sum(test == np.bincount(train).argmax()), "count"),
    (
        "baseline",
        lambda train, test: np.sum(test == np.bincount(train).argmax()) / 100,
        "100 galaxies",
    ),
    ("baseline", lambda train, test: np.bincount(train).argmax(), "the class"),
]


@wrong("confusion_matrix", "counts repeats once")
def _(answers, predictions):
    M = np.zeros((10, 10))
    M[answers, predictions] += 1
    return M


def matrix(a, p, n=10, dtype=int):
    M = np.zeros((n, n), dtype)
    for i, j in zip(a, p, strict=True):
        M[i, j] += 1
    return M


def present(a, p):
    names = {k: i for i, k in enumerate(np.unique(a))}
    return matrix([names[k] for k in a], [names[k] for k in p], len(names))


WRONG += [
    ("confusion_matrix", lambda a, p: matrix(p, a), "a row is an answer"),
    ("confusion_matrix", lambda a, p: matrix(a, p) / len(a), "fractions"),
    ("confusion_matrix", lambda a, p: matrix(a, p) / matrix(a, p).sum(1).clip(1)[:, None], "frac"),
    ("confusion_matrix", present, "Absent classes|shape (6, 6)"),
    ("confusion_matrix", lambda a, p: matrix(a, p, max(a) + 1), "largest class that occurs"),
    ("confusion_matrix", lambda a, p: matrix(a, p, dtype=np.uint8), "overflow"),
    ("confusion_matrix", lambda a, p: np.diag(np.bincount(a[a == p], minlength=10)), "Mistakes"),
    ("confusion_matrix", lambda a, p: matrix(a, p, 5), "IndexError in line"),
    ("recall", lambda M: M.diagonal() / M.sum(0), "precision"),
    ("recall", lambda M: M.diagonal() / M.sum(1).clip(1), "NaN, not 0"),
    ("recall", lambda M: [M[k, k] / M[k].sum() for k in range(10) if M[k].any()], "Absent"),
    ("recall", lambda M: M.diagonal() / M.sum(), "of each class"),
    ("recall", lambda M: M.trace() / M.sum(), "accuracy"),
    ("recall", lambda M: np.nanmean(M.diagonal() / M.sum(1)), "mean"),
    ("recall", lambda M: 1 - M.diagonal() / M.sum(1), "missed"),
    ("recall", lambda M: [int(M[k, k]) / int(M[k].sum()) for k in range(10)], "ZeroDivisionError"),
    ("most_confused", lambda M: np.unravel_index(M.argmax(), M.shape), "diagonal"),
    ("most_confused", lambda M: (M - np.diag(M.diagonal())).argmax(), "flattened"),
    ("most_confused", lambda M: (M - np.diag(M.diagonal())).max(), "count"),
    (
        "most_confused",
        lambda M: np.unravel_index((M - np.diag(M.diagonal())).T.argmax(), M.shape),
        "order",
    ),
]


@right("most_confused")
def _(M):
    return max(itertools.permutations(range(len(M)), 2), key=lambda place: M[place])


@wrong("most_confused", "changes its input `matrix`")
def _(matrix):
    np.fill_diagonal(matrix, 0)
    return divmod(int(matrix.argmax()), 10)


def orientations(picture):
    turned = [np.rot90(picture, k) for k in range(4)]
    return turned + [t[:, ::-1] for t in turned]


@right("find_leaks")
def _(train, test):
    known = {}
    for j, picture in enumerate(train):
        for t in orientations(picture):
            known.setdefault(t.tobytes(), set()).add(j)
    return [(i, j) for i, t in enumerate(test) for j in known.get(t.tobytes(), ())]


@right("find_leaks")
def _(train, test):
    turned = np.stack([orientations(picture) for picture in test]).astype(float)
    apart = np.abs(turned[:, :, None] - train[None, None]).sum((-1, -2, -3)).min(1)
    return np.argwhere(apart == 0)


def leaks(train, test, turns=4, mirror=True, same=np.array_equal):
    found = []
    for (i, a), (j, b) in itertools.product(enumerate(test), enumerate(train)):
        views = [np.rot90(b, k) for k in range(turns)]
        views += [v[:, ::-1] for v in views] if mirror else []
        if any(same(a, v) for v in views):
            found.append((i, j))
    return found


WRONG += [
    ("find_leaks", lambda train, test: leaks(train, test, 1, False), "Exact copies"),
    ("find_leaks", lambda train, test: leaks(train, test, mirror=False), "Mirrored"),
    ("find_leaks", lambda train, test: [(j, i) for i, j in leaks(train, test)], "order"),
    (
        "find_leaks",
        lambda train, test: leaks(train, test, 1, False, lambda a, b: a.sum() == b.sum()),
        "The same mean",
    ),
    ("find_leaks", lambda train, test: leaks(train, test)[0], "list of pairs"),
    ("find_leaks", lambda train, test: leaks(train, test, 2), ""),
    ("find_leaks", lambda train, test: [i for i, _ in leaks(train, test)], "list of pairs"),
]


# 7 A better output


def lse(u):
    return network.log_sum_exp(u)


def error(u, y):
    return (network.softmax(u) - (y > 0.5)) / u.shape[1]


def four(change=lambda *gradients: gradients, y_as=lambda y: y):
    def answer(A, B, x, y, a, b):
        return change(*network.cross_entropy_gradients(A, B, x, y_as(y), a, b))

    return answer


def coolest(score):
    return lambda u, y, candidates: candidates[np.argmin([score(T, u, y) for T in candidates])]


RIGHT += [
    ("log_sum_exp", lambda u: np.logaddexp.reduce(u, keepdims=True)),
    ("log_sum_exp", lambda u: [[m + math.log(sum(np.exp(c - m))) for c in u.T for m in [max(c)]]]),
    ("softmax", lambda u: 1 / np.exp(u[np.newaxis] - u[:, np.newaxis]).sum(axis=1)),
    ("softmax", lambda u: network.softmax(u - u.mean(axis=0)).astype(np.float32)),
    ("cross_entropy", network.cross_entropy),
    ("cross_entropy", lambda u, y: np.mean(lse(u) - np.take_along_axis(u, y.argmax(0)[None], 0))),
    ("output_error", error),
    ("output_error", lambda u, y: (np.exp(u - lse(u)) - np.round(y)) / len(u.T)),
    ("four_gradients", network.cross_entropy_gradients),
    ("temperature", coolest(lambda T, u, y: network.cross_entropy(u / T, y))),
    ("temperature", lambda u, y, c: sorted((network.cross_entropy(u / T, y), T) for T in c)[0][1]),
]


@right("four_gradients")
def _(A, B, x, y, a, b):
    # Biases as weights whose input is 1.
    ones = np.ones((1, x.shape[1]))
    wide = np.vstack([x, ones])
    zt = np.vstack([g(np.hstack([B, b]) @ wide), ones])
    e = error(np.hstack([A, a]) @ zt, y)
    of_A, of_B = e @ zt.T, (A.T @ e * (zt * (1 - zt))[:-1]) @ wide.T
    return of_A[:, :-1], of_B[:, :-1], of_A[:, -1:], of_B[:, -1:]


WRONG += [
    ("log_sum_exp", lambda u: np.log(np.exp(u).sum(axis=0, keepdims=True)), "overflows"),
    ("log_sum_exp", lambda u: lse(u)[0], "shape (1, S)"),
    ("log_sum_exp", lambda u: lse(u.T), "axis 0"),
    ("log_sum_exp", lambda u: lse(u - u.max(axis=0)), "largest entry again"),
    ("log_sum_exp", lambda u: u.max(axis=0, keepdims=True), "rest of the sum"),
    ("log_sum_exp", lambda u: np.exp(lse(u)), "logarithm is missing"),
    ("softmax", lambda u: np.exp(u) / np.exp(u).sum(axis=0), "overflows"),
    ("softmax", lambda u: network.softmax(u.T).T, "axis 0"),
    ("softmax", lambda u: g(u), "sigmoid"),
    ("softmax", lambda u: np.exp(u - u.max(axis=0)), "division by the sum"),
    ("softmax", network.log_softmax, "exponential is missing"),
    ("softmax", lambda u: np.exp(u - np.logaddexp.reduce(u, None)), "whole batch"),
    ("cross_entropy", lambda u, y: -network.cross_entropy(u, y), "sign"),
    ("cross_entropy", lambda u, y: network.cross_entropy(u, y) * u.shape[1], "1/S is missing"),
    ("cross_entropy", lambda u, y: -np.mean(np.log(network.softmax(u))[y > 0.5]), "rounds to 0"),
    (
        "cross_entropy",
        lambda u, y: -(y * network.log_softmax(u)).sum() / u.shape[1],
        "only the known one",
    ),
    ("cross_entropy", lambda u, y: -network.log_softmax(u)[y > 0.5], "average"),
    ("cross_entropy", lambda u, y: np.mean(lse(u) - u.max(axis=0)), "largest output"),
    ("output_error", lambda u, y: -error(u, y), "sign"),
    ("output_error", lambda u, y: (network.softmax(u) - y) / u.shape[1], "target"),
    ("output_error", lambda u, y: error(u, y) * u.shape[1], "1/S is missing"),
    ("output_error", lambda u, y: 2 * error(u, y), "factor 2"),
    (
        "output_error",
        lambda u, y: error(u, y) * network.softmax(u) * (1 - network.softmax(u)),
        "squared error",
    ),
    ("four_gradients", four(lambda A, B, a, b: (A, a, B, b)), "order"),
    ("four_gradients", four(lambda *g: [2 * m for m in g]), "factor 2"),
    ("four_gradients", four(lambda A, B, a, b: (A, B, a[:, 0], b[:, 0])), "columns"),
    ("four_gradients", four(lambda A, B, a, b: (A, B)), "Return 4 values"),
    ("four_gradients", four(lambda *g: [-m for m in g]), "signs"),
    (
        "four_gradients",
        lambda A, B, x, y, a, b: network.cross_entropy_gradients(A, B, x, y, 0 * a, b),
        "bias of the outputs",
    ),
    (
        "four_gradients",
        lambda A, B, x, y, a, b: [
            m * x.shape[1] for m in network.cross_entropy_gradients(A, B, x, y, a, b)
        ],
        "1/S is missing",
    ),
    ("temperature", coolest(lambda T, u, y: -network.cross_entropy(u / T, y)), ""),
    ("temperature", coolest(lambda T, u, y: network.cross_entropy(u * T, y)), "multiplies"),
    (
        "temperature",
        lambda u, y, c: np.argmin([network.cross_entropy(u / T, y) for T in c]),
        "not its place",
    ),
    (
        "temperature",
        lambda u, y, c: min(network.cross_entropy(u / T, y) for T in c),
        "not its loss",
    ),
    ("temperature", lambda u, y, c: min(c), "smallest"),
]


# 8 Convolution by hand


def columns_of(x, k, stride):
    views = sliding_window_view(x, (k, k), axis=(0, 1))[::stride, ::stride]
    return views.transpose(3, 4, 2, 0, 1).reshape(k * k * x.shape[2], -1)


RIGHT += [
    ("weight_count", 3480),
    ("weight_count", 24 * (3 * 3 * 16 + 1.0)),
    ("im2col", columns_of),
    ("slide", lambda w, x: np.einsum("ijcpq,pqc", sliding_window_view(x, w.shape[:2], (0, 1)), w)),
    (
        "max_pool",
        lambda h, n: np.maximum.reduce([h[i::n, j::n] for i in range(n) for j in range(n)]),
    ),
]
WRONG += [
    ("weight_count", 24 * 9 * 16, "bias"),
    ("weight_count", 24 * 9 + 24, "16 maps"),
    ("weight_count", 24 * 9 * 3 + 24, "16 maps"),
    ("weight_count", 5000, ""),
    ("receptive_field", lambda layers: 1 + sum(k - 1 for k, _ in layers), "stride"),
    ("receptive_field", lambda layers: math.prod(k for k, _ in layers), "not to be multiplied"),
    ("receptive_field", lambda layers: layers[-1][0], "last layer"),
    ("slide", lambda w, x: np.einsum("ijcpq,qpc", sliding_window_view(x, w.shape[:2], (0, 1)), w),
     "swapped"),
    ("slide", lambda w, x: np.einsum(
        "ijcpq,pqc", sliding_window_view(x, w.shape[:2], (0, 1)), w[::-1, ::-1]), "mirrored"),
    ("slide", lambda w, x: np.einsum("ijcpq,pqc->ijc",
                                     sliding_window_view(x, w.shape[:2], (0, 1)), w),
     "colours are still apart"),
    ("im2col", lambda x, k, stride: columns_of(x, k, stride).T, "transposed"),
    ("im2col", lambda x, k, stride: columns_of(x, k, 1), "stride is not used"),
    ("im2col", lambda x, k, stride: columns_of(x, k, k), "by the stride"),
    ("max_pool", lambda h, n: h[::n, ::n], "upper left"),
    ("max_pool", lambda h, n: h.max(axis=(0, 1)), "one number a map"),
    ("max_pool", lambda h, n: h[: len(h) // n * n].reshape(len(h) // n, n, -1).max(axis=1), ""),
]  # fmt: skip


@right("receptive_field")
def _(layers):
    seen = step = 1
    for k, s in layers:
        seen, step = seen + (k - 1) * step, step * s
    return seen


@right("receptive_field")
def _(layers):
    side = 400  # more than four layers of (7, 3) see
    x = np.zeros(side)
    x[:] = np.arange(side)
    first, last = x, x
    for k, s in layers:
        places = range((len(first) - k) // s + 1)
        first, last = [first[i * s] for i in places], [last[i * s + k - 1] for i in places]
    return last[0] - first[0] + 1


@right("slide")
def _(w, x):
    k = len(w)
    return [[(w * x[i : i + k, j : j + k]).sum() for j in range(x.shape[1] - k + 1)]
            for i in range(x.shape[0] - k + 1)]  # fmt: skip


@right("im2col")
def _(x, k, stride):
    columns = []
    for i in range(0, len(x) - k + 1, stride):
        for j in range(0, x.shape[1] - k + 1, stride):
            columns.append(x[i : i + k, j : j + k].reshape(-1))
    return np.array(columns).T


@right("max_pool")
def _(h, size):
    H, W, K = h.shape
    return (
        np.moveaxis(h, 2, 0)
        .reshape(K, H // size, size, W // size, size)
        .max((2, 4))
        .transpose(1, 2, 0)
    )


@right("max_pool_slope")
def _(d, h, size):
    top = h.reshape(len(d), size, d.shape[1], size, -1).max((1, 3), keepdims=True)
    hit = h.reshape(len(d), size, d.shape[1], size, -1) == top
    return (hit * d[:, None, :, None]).reshape(h.shape)


@right("max_pool_slope")
def _(d, h, size):
    slope = np.zeros_like(h)
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            for k in range(d.shape[2]):
                part = (slice(i * size, i * size + size), slice(j * size, j * size + size), k)
                slope[part][h[part] == h[part].max()] = d[i, j, k]
    return slope


def spread_out(d, size):
    return np.kron(d, np.ones((size, size, 1)))


WRONG += [
    ("max_pool_slope", lambda d, h, n: spread_out(d, n), "not to all"),
    ("max_pool_slope", lambda d, h, n: spread_out(d, n) / n**2, "slope of the mean"),
    ("max_pool_slope", lambda d, h, n: d, "shape of `h`"),
    ("max_pool_slope", lambda d, h, n: spread_out(d, n) * (h > 0), ""),
]


@right("col2im")
def _(d_X, shape, k, stride):
    # Transposed by the letter: the matrix of `im2col`, column by column.
    unit = np.eye(math.prod(shape)).reshape(-1, *shape)
    matrix = np.stack([columns_of(x, k, stride).ravel() for x in unit], axis=1)
    return (matrix.T @ d_X.ravel()).reshape(shape)


@right("col2im")
def _(d_X, shape, k, stride):
    d_x, place = np.zeros(shape), 0
    for i in range(0, shape[0] - k + 1, stride):
        for j in range(0, shape[1] - k + 1, stride):
            d_x[i : i + k, j : j + k] += d_X[:, place].reshape(k, k, shape[2])
            place += 1
    return d_x


@wrong("col2im", "do not overwrite")
def _(d_X, shape, k, stride):
    d_x, place = np.zeros(shape), 0
    for i in range(0, shape[0] - k + 1, stride):
        for j in range(0, shape[1] - k + 1, stride):
            d_x[i : i + k, j : j + k] = d_X[:, place].reshape(k, k, shape[2])
            place += 1
    return d_x


@wrong("col2im", "a place is a column|read along its rows")
def _(d_X, shape, k, stride):
    d_x, place = np.zeros(shape), 0
    rows = d_X.reshape(-1, k, k, shape[2])
    for i in range(0, shape[0] - k + 1, stride):
        for j in range(0, shape[1] - k + 1, stride):
            d_x[i : i + k, j : j + k] += rows[place]
            place += 1
    return d_x


@wrong("col2im", "colours come first")
def _(d_X, shape, k, stride):
    d_x, place = np.zeros(shape), 0
    for i in range(0, shape[0] - k + 1, stride):
        for j in range(0, shape[1] - k + 1, stride):
            column = d_X[:, place].reshape(shape[2], k, k)
            d_x[i : i + k, j : j + k] += column.transpose(1, 2, 0)
            place += 1
    return d_x


# 10 What comes after


def report(**changes):
    M = np.diag(np.arange(10, 20)) + np.eye(10, k=1, dtype=int) * 5
    accuracy = M.trace() / M.sum()
    good = {
        "data": "simulated",
        "seeds": [1, 2, 3],
        "accuracies": [accuracy, accuracy - 0.02, accuracy + 0.01],
        "baseline": M.sum(1).max() / M.sum(),
        "confusion_matrix": M,
    }
    return good | changes


RIGHT += [
    ("final_report", report()),
    (
        "final_report",
        report(
            data="real", seeds=(5, 6, 7), confusion_matrix=report()["confusion_matrix"].tolist()
        ),
    ),
]
WRONG += [
    ("final_report", report(data=None), "lacks data"),
    ("final_report", report(data="galaxies"), 'write "simulated"'),
    ("final_report", report(seeds=[1, 1, 1]), "seed of its own"),
    ("final_report", report(seeds=[1], accuracies=[0.8]), "no evidence"),
    ("final_report", report(accuracies=[70.1, 72.0, 71.0]), "per cent"),
    ("final_report", report(accuracies=[0.3, 0.31, 0.32]), "No accuracy belongs"),
    ("final_report", report(baseline=0.5), "baseline"),
    ("final_report", report(confusion_matrix=np.eye(3)), "shape (3, 3)"),
    ("final_report", {"accuracy": 0.9}, "no key"),
    ("final_report", 0.9, "dict"),
]


# 9 A survey

RIGHT += [
    ("hours", lambda n, b, w, f, s, k: n / k * (b / w + f / s) / 3.6e3),
    ("hours", lambda n, b, w, f, s, k: np.float32(n * (b / w + f / s)) / (3600 * k)),
    ("true_number", lambda m, n, found, mistaken: n * (m / n - mistaken) / (found - mistaken)),
    (
        "true_number",
        lambda m, n, r, f: (np.linalg.inv([[r, f], [1 - r, 1 - f]]) @ [m, n - m])[0],
    ),
    ("most_kept", lambda c, r, a: max(k for k in range(len(c) + 1) if kept_share(c, r, k) >= a)),
    ("most_kept", lambda c, r, a: np.float64(best_threshold(c, r, a))),
    ("finished", lambda s, n: free_times(s, n)[-1]),
    ("finished", lambda s, n: int(1e6 * free_times(list(s), n)[-1]) / 1e6),
]
WRONG += [
    ("hours", lambda n, b, w, f, s, k: n * (b / w + f / s) / k, "in seconds"),
    ("hours", lambda n, b, w, f, s, k: n * (b / w + f / s) / 3600, "share the galaxies"),
    ("hours", lambda n, b, w, f, s, k: n * (b / w + f / s) / k / 60, "in minutes"),
    ("hours", lambda n, b, w, f, s, k: n * b / w / k / 3600, "left out"),
    ("hours", lambda n, b, w, f, s, k: n * max(b / w, f / s) / k / 3600, "add the two"),
    ("hours", lambda n, b, w, f, s, k: n * (b / w + f / s) / (k + 1) / 3600, ""),
    ("true_number", lambda m, n, r, f: m / r, "`mistaken`"),
    ("true_number", lambda m, n, r, f: (m - f * n) / r, "by `found` alone"),
    ("true_number", lambda m, n, r, f: (m / n - f) / (r - f), "a fraction"),
    ("true_number", lambda m, n, r, f: m, "nothing is corrected"),
    ("true_number", lambda m, n, r, f: max(0, min(n, round((m - f * n) / (r - f)))), "round"),
    ("most_kept", lambda c, r, a: int((c >= a).sum()), "count"),
    ("most_kept", lambda c, r, a: int(r.sum()), "how many of all"),
    ("most_kept", lambda c, r, a: int(a * len(c)), "share of the galaxies"),
    ("most_kept", lambda c, r, a: best_threshold(-c, r, a), "surest"),
    ("most_kept", lambda c, r, a: best_threshold(c, r, a) / len(c), "fraction"),
    ("finished", lambda s, n: sum(s) / n, "cannot be cut"),
    ("finished", lambda s, n: sum(s), "one worker"),
    ("finished", lambda s, n: free_times(s, n)[0], "last one|last worker"),
    ("finished", lambda s, n: free_times(sorted(s)[::-1], n)[-1], "order of the list"),
    ("finished", lambda s, n: max(s[i::n].sum() for i in range(n)), "beforehand"),
]


def kept_share(confidence, right, k):
    return 1 if k == 0 else np.mean(right[np.argsort(confidence)[::-1][:k]])


def best_threshold(confidence, right, accuracy):
    counts = [0]
    for threshold in confidence:
        kept = confidence >= threshold
        if right[kept].mean() >= accuracy:
            counts.append(int(kept.sum()))
    return max(counts)


def free_times(seconds, n):
    free = [0] * n
    for duration in seconds:
        free[0] += duration
        free.sort()
    return free
