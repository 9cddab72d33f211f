"""Wrong answers that `answer_bank` lacks: (exercise, answer, words of the hint).

An empty string stands for a mistake that is rejected without being named. `RIGHT` holds right
answers to the exercises of which the bank has none, written differently from the solutions.
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

WRONG += [
    ("count_types", lambda answers: np.bincount(answers + 1, minlength=11)[:10], "entry ["),
    ("count_types", lambda answers: answers.count(0), "AttributeError in line"),
    ("redness", lambda p: p[..., 0] * 1.0 - p[..., 2], "each pixel"),
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


WRONG += [
    (
        "close_pairs",
        lambda ra, dec, r: pairs_within(separations(ra, dec, wrap=False, cos=False), r),
        "cos(dec), and ra goes round",
    ),
    ("close_pairs", lambda ra, dec, r: np.argwhere(separations(ra, dec) < r), "i < j"),
    ("close_pairs", lambda ra, dec, r: separations(ra, dec) < r, "not a table"),
]


# 2 Managing the data

WRONG += [
    ("one_hot", lambda a: np.eye(10)[a], "A column is a galaxy"),
    ("one_hot", lambda a: 0.01 + 0.98 * np.eye(9)[:, a], "IndexError in line"),
    ("coarsen", lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).mean((1, 3)).mT, ""),
    ("coarsen", lambda p, c: p.reshape(len(p) / c, c, -1, c, 3).mean((1, 3)), "TypeError in line"),
    ("coarsen", lambda p, c: p.reshape(-1, c, c, 3).mean((1, 2)), "shape (24, 3)"),
]


def cut(rows, n_training):
    return rows[:n_training], rows[n_training:]


def batches(x, y, size, order, order_y=None, stop=None):
    order_y = order if order_y is None else order_y
    for start in range(0, stop or x.shape[1], size):
        yield x[:, order[start : start + size]], y[:, order_y[start : start + size]]


@wrong("batches", "do not end")
def _(x, y, batch_size, rng):
    while True:
        rows = rng.permutation(x.shape[1])[:batch_size]
        yield x[:, rows], y[:, rows]


WRONG += [
    ("batches", lambda x, y, s, rng: batches(x, y, s, rng.permutation(23), stop=26), "empty"),
    ("batches", lambda x, y, s, rng: [(x, y)], "one batch of all"),
    ("batches", lambda x, y, s, rng: batches(x, y, 0, rng.permutation(23)), "ValueError in line"),
]


# 3 The maths of batching

WRONG += [
    ("sigmoid", lambda x: 1 / np.exp(-x), "1 is missing"),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x, out=x)), "changes its input `x`"),
    ("sigmoid", g(np.zeros(3)), "Give the check your function"),
    ("forward_one", lambda A, B, x: g(A.T @ g(B @ x)), "transposed"),
]


def delta(z, y):
    return 4 * (z - y) ** 3 * z * (1 - z)


WRONG += [
    ("gradient_A", lambda zt, z, y: delta(z, y) * zt, "transpose of z̃ is missing"),
    ("gradient_A", lambda zt, z, y: 4 * (z - y) ** 3 @ (z.T @ (1 - z)) @ zt.T, "`@` stands where"),
    ("gradient_A", lambda zt, z, y: delta(z, y) @ zt, "shapes do not fit: `delta(z, y)`|zt is (4,"),
    ("gradient_A", lambda zt, z, y: delta(z, y).T @ zt, "shape (1, 1)"),
    ("gradient_A", lambda zt, z, y: 3.5 * delta(z, y) @ zt.T, "3.5 times"),
    ("gradient_A", lambda zt, z, y: 2 * ((z - y) * z * (1 - z)) @ zt.T, "the squared error"),
]


def grad_B(A, x, zt, z, y, slope=True, factor=1.0):
    return factor * (A.T @ delta(z, y) * (1 - zt**2 if slope else 1)) @ x.T


WRONG += [
    ("gradient_B", lambda A, *rest: grad_B(A.T, *rest), "transpose is missing"),
    ("gradient_B", lambda A, x, zt, z, y: (delta(z, y) * (1 - zt**2)) @ x.T, "ẽ = Aᵀ"),
    ("gradient_B", lambda A, x, zt, z, y: A.T @ delta(z, y) @ x, "the shapes do not fit"),
    (
        "gradient_B",
        lambda A, x, zt, z, y: A.T @ delta(z, y) @ (zt.T @ (1 - zt)) @ x.T,
        "`@` stands where `*`",
    ),
    (
        "gradient_B",
        lambda A, x, zt, z, y: 2 * (A.T @ ((z - y) * z * (1 - z)) * zt * (1 - zt)) @ x.T,
        "the chapter's gradient",
    ),
]


def own(A, B, x, y, slope=True, hidden=True, transpose=True):
    zt = np.tanh(B @ x)
    z = g(A @ zt)
    d = 4 * (z - y) ** 3 * (z * (1 - z) if slope else 1)
    back = (A.T if transpose else A) @ d * (1 - zt**2 if hidden else 1)
    return d @ zt.T / x.shape[1], back @ x.T / x.shape[1]


WRONG += [
    ("gradients", lambda *a: [1.25 * v for v in own(*a)], "1.25 times"),
    ("gradients", lambda A, B, x, y: own(A, B, x, y, transpose=False), "transpose is missing"),
    ("gradients", lambda A, B, x, y: np.ones(3) / 0, "not 3"),
    ("gradients", network.gradients, "the chapter's gradient"),
]


# 4 Momentum

WRONG += [
    ("age_weight", lambda beta, k: (1 - beta) * beta ** (k - 1), "age 0"),
    ("age_weight", lambda beta: 1 - beta, "TypeError"),
]


def step(w, v, r):
    return w - r * v, v


def walk(slope, w, r, b, n, share=True, carry=True, fixed=False):
    v, points = np.zeros(2), [w]
    for _ in range(n):
        v = b * (v if carry else 0) + (1 - b if share else 1) * slope(w if fixed else points[-1])
        points.append(points[-1] - r * v)
    return np.array(points)


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


def arrive(slope, w, r, betas, tolerance, max_steps, size=np.linalg.norm, first=0, **options):
    counts = []
    for b in betas:
        path = walk(slope, w, r, b, max_steps, **options)
        sizes = [size(slope(point)) for point in path]
        counts.append(next((first + k for k, s in enumerate(sizes) if s < tolerance), max_steps))
    return counts


@wrong("steps_needed", "the result has shape")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = arrive(gradient, w, learning_rate, betas, tolerance, max_steps)
    return [k for k in counts if k < max_steps]


WRONG += [
    ("steps_needed", lambda *a: np.array(arrive(*a)) - 1, "one too small"),
    ("steps_needed", lambda *a: arrive(*a, carry=False), "not carried over"),
]


# 5 The network and its training


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


WRONG += [
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


WRONG += [
    ("study", lambda new, *rest: scan(new(), *rest), "TypeError in line"),
]


BEHIND = ["c", "e", "b", "a", "d"]
RIGHT += [
    ("faults", BEHIND),
    ("faults", "C, E, B, A, D"),
    ("faults", dict(zip("PQRST", "ceBaD", strict=True))),
]
WRONG += [
    ("faults", "cebac", "4 of 5 are right; look again at curve T"),
    ("faults", ["a", "e", "b", "c", "d"], "3 of 5 are right; look again at curve P"),
    ("faults", [*BEHIND, "f"], "these are 6"),
    ("faults", ["c", None, "b", "a", "d"], "1 of 5 letters are missing"),
    ("faults", set(BEHIND), "Write 5 letters"),
    ("faults", ["c", "e", "b", "a", "x"], "from a to g"),
    ("faults", [3, 5, 2, 1, 4], "from a to g"),
]


def epoch(left=(), S=lambda x_b, order: x_b.shape[1]):
    """Return the loop of the exercise, with the faults that are left."""

    def answer(A, B, x, y, order, size, eta, beta):
        v_A = v_B = 0.0
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            x_b, y_b = x[:, rows], y[:, start : start + size] if 1 in left else y[:, rows]
            v_A, v_B = (0.0, 0.0) if 2 in left else (v_A, v_B)
            t = g(B @ x_b)
            z = g(A @ t)
            e = np.mean(z - y_b, 1, keepdims=True) if 5 in left else z - y_b
            d = e * z * (1 - z) * 2 / (1 if 3 in left else S(x_b, order))
            v_A = beta * v_A + (1 - beta) * d @ t.T
            v_B = beta * v_B + (1 - beta) * (A.T @ d * t * (1 - t)) @ x_b.T
            A, B = A - eta * v_A, B + eta * v_B if 4 in left else B - eta * v_B
        return A, B

    return answer


@right("mended_epoch")
def _(A, B, x, y, order, size, eta, beta):
    v_A, v_B = np.zeros_like(A), np.zeros_like(B)
    x, y = x[:, order], y[:, order]
    for start in range(0, len(order), size):
        part = slice(start, start + size)
        grad_A, grad_B = network.gradients(A, B, x[:, part], y[:, part])
        v_A = beta * v_A + (1 - beta) * grad_A
        v_B = beta * v_B + (1 - beta) * grad_B
        A, B = A - eta * v_A, B - eta * v_B
    return A, B


RIGHT += [("mended_epoch", epoch())]
WRONG += [
    ("mended_epoch", epoch([1, 2, 3, 4, 5]), "All five"),
    ("mended_epoch", epoch([1]), "One fault is left: pictures and known outputs"),
    ("mended_epoch", epoch([2]), "One fault is left: nothing is remembered"),
    ("mended_epoch", epoch([3]), "One fault is left: the steps grow"),
    ("mended_epoch", epoch([4]), "One fault is left: one of the two"),
    ("mended_epoch", epoch([5]), "One fault is left: print the shapes"),
    ("mended_epoch", epoch([1, 4]), "2 faults are left"),
    ("mended_epoch", epoch([2, 3, 4, 5]), "4 faults are left"),
    ("mended_epoch", epoch(S=lambda x_b, order: len(order)), "not by all"),
    ("mended_epoch", epoch(S=lambda x_b, order: len(x_b)), "by the inputs"),
]


# 6 Evaluation


def matrix(a, p, n=10, dtype=int):
    M = np.zeros((n, n), dtype)
    for i, j in zip(a, p, strict=True):
        M[i, j] += 1
    return M


WRONG += [
    ("confusion_matrix", lambda a, p: matrix(a, p, 5), "IndexError in line"),
    ("recall", lambda M: [int(M[k, k]) / int(M[k].sum()) for k in range(10)], "ZeroDivisionError"),
]


def leaks(train, test, turns=4, mirror=True, same=np.array_equal):
    found = []
    for (i, a), (j, b) in itertools.product(enumerate(test), enumerate(train)):
        views = [np.rot90(b, k) for k in range(turns)]
        views += [v[:, ::-1] for v in views] if mirror else []
        if any(same(a, v) for v in views):
            found.append((i, j))
    return found


WRONG += [
    ("find_leaks", lambda train, test: leaks(train, test)[0], "list of pairs"),
    ("find_leaks", lambda train, test: [i for i, _ in leaks(train, test)], "list of pairs"),
]


def off(confidence, right, n_groups):
    """Return the calibration error of groups of equal size."""
    order = np.argsort(confidence, kind="stable")
    groups = np.array_split(order, n_groups)
    return sum(len(i) * abs(confidence[i].mean() - right[i].mean()) for i in groups) / len(order)


def honest(change=lambda mean, share: (mean, share), chance=lambda c: c, than=np.greater_equal):
    def answer(confidence, right, n_groups, n_draws, rng):
        p = np.zeros(len(confidence)) + chance(confidence)
        errors = [off(confidence, rng.random(len(p)) < p, n_groups) for _ in range(n_draws)]
        own = off(confidence, right, n_groups)
        return change(np.mean(errors), np.mean(than(errors, own)))

    return answer


@right("by_chance")
def _(confidence, right, n_groups, n_draws, rng):
    mean = above = 0.0
    for _ in range(n_draws):
        error = off(confidence, rng.binomial(1, confidence), n_groups)
        mean += error / n_draws
        above += (error >= off(confidence, right, n_groups)) / n_draws
    return [mean, above]


RIGHT += [
    ("by_chance", honest()),
    ("by_chance", honest(lambda mean, share: np.round([mean, share], 3))),
    ("graphs", ["b", "d", "a"]),
    ("graphs", "bda"),
]
WRONG += [
    ("by_chance", honest(lambda mean, share: (share, mean)), "order"),
    ("by_chance", honest(lambda mean, share: (100 * mean, 100 * share)), "per cent"),
    ("by_chance", honest(lambda mean, share: (mean, 1 - share)), "a smaller error"),
    ("by_chance", honest(lambda mean, share: (mean, 1000 * share)), "a count"),
    ("by_chance", honest(lambda mean, share: mean), "Return 2 values"),
    ("by_chance", honest(chance=lambda c: 1 - c), "its own confidence"),
    ("by_chance", honest(chance=lambda c: 0.5), ""),
    ("by_chance", honest(chance=np.mean), ""),
    ("by_chance", honest(than=np.less), "a smaller error"),
    ("by_chance", lambda c, right, n, draws, rng: (off(c, right, n), 0.5), "own error"),
    ("by_chance", lambda c, right, n, draws, rng: (off(c, rng.random(len(c)) < c, n), 1.0), ""),
    ("graphs", "bdc", "2 of 3 are right; look again at graph 3"),
    ("graphs", ["a", "d", "a"], "2 of 3 are right; look again at graph 1"),
    ("graphs", ["b", "d"], "these are 2"),
    ("graphs", 3, "Write 3 letters"),
]


# 7 A better output


def lse(u):
    return network.log_sum_exp(u)


def error(u, y):
    return (network.softmax(u) - (y > 0.5)) / u.shape[1]


def of_layers(change=lambda gradients: gradients, output=lambda z: 1, hidden=True, rate=0.0):
    """Return gradients for any depth, by recursion; options are mistakes."""

    def answer(weights, x, y):
        def descend(z, rest):
            """Return the error at what enters the first matrix, and the gradients of all."""
            u = rest[0] @ z
            if len(rest) == 1:
                d, above = (network.softmax(u) - (y > 0.5)) / x.shape[1], []
                d = d * output(network.softmax(u))
            else:
                out = g(u)
                d, above = descend(out, rest[1:])
                d = d * out * (1 - out) if hidden else d
            return (rest[0] - rate * (d @ z.T)).T @ d, [d @ z.T, *above]

        return change(descend(x, weights)[1])

    return answer


def coolest(score, low=0.1, high=10.0):
    """Return the T of the lowest score, by a grid that is drawn again around its best place."""

    def answer(u, y):
        start, end = low, high
        for _ in range(8):
            grid = np.geomspace(start, end, 21)
            best = np.argmin([score(T, u, y) for T in grid])
            start, end = grid[max(best - 1, 0)], grid[min(best + 1, 20)]
        return grid[best]

    return answer


def coldest(u, y):
    """Return the T at which the slope of the loss by 1/T is 0, by bisection."""
    low, high, k = 0.1, 10.0, y.argmax(axis=0)
    for _ in range(50):
        middle = (low + high) / 2
        expected = (network.softmax(u * middle) * u).sum(axis=0)
        low, high = (low, middle) if np.mean(expected - u[k, range(len(k))]) > 0 else (middle, high)
    return 1 / low


RIGHT += [
    ("log_sum_exp", lambda u: np.logaddexp.reduce(u, keepdims=True)),
    ("log_sum_exp", lambda u: [[m + math.log(sum(np.exp(c - m))) for c in u.T for m in [max(c)]]]),
    ("softmax", lambda u: 1 / np.exp(u[np.newaxis] - u[:, np.newaxis]).sum(axis=1)),
    ("softmax", lambda u: network.softmax(u - u.mean(axis=0)).astype(np.float32)),
    ("cross_entropy", network.cross_entropy),
    ("cross_entropy", lambda u, y: np.mean(lse(u) - np.take_along_axis(u, y.argmax(0)[None], 0))),
    ("output_error", error),
    ("output_error", lambda u, y: (np.exp(u - lse(u)) - np.round(y)) / len(u.T)),
    ("gradients_of_layers", of_layers()),
    ("temperature", coolest(lambda T, u, y: network.cross_entropy(u / T, y))),
    ("temperature", coldest),
    ("temperature", lambda u, y: round(float(coldest(u, y)), 3)),
]


@right("gradients_of_layers")
def _(weights, x, y):
    outputs = [x]
    for W in weights[:-1]:
        outputs += [g(W @ outputs[-1])]
    d = error(weights[-1] @ outputs[-1], y)
    gradients = [None] * len(weights)
    for i in range(len(weights))[::-1]:
        gradients[i] = np.einsum("os,hs->oh", d, outputs[i])
        d = weights[i].T @ d * outputs[i] * (1 - outputs[i])
    return tuple(gradients)


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
    (
        "log_sum_exp",
        lambda u: u.max() + np.log(np.exp(u - u.max()).sum(axis=0, keepdims=True)),
        "a largest entry of its own",
    ),
    (
        "softmax",
        lambda u: np.exp(u - np.max(u)) / np.exp(u - np.max(u)).sum(axis=0, keepdims=True),
        "a largest entry of its own",
    ),
    ("gradients_of_layers", of_layers(lambda v: v[::-1]), "order"),
    ("gradients_of_layers", of_layers(lambda v: [2 * m for m in v]), "factor 2"),
    ("gradients_of_layers", of_layers(lambda v: v[1:]), "first matrix is missing"),
    ("gradients_of_layers", of_layers(lambda v: [-m for m in v]), "sign is wrong"),
    ("gradients_of_layers", of_layers(hidden=False), "slope of the hidden layers"),
    ("gradients_of_layers", of_layers(output=lambda z: z * (1 - z)), "squared error"),
    (
        "gradients_of_layers",
        lambda w, x, y: [m * x.shape[1] for m in of_layers()(w, x, y)],
        "1/S is missing",
    ),
    ("gradients_of_layers", of_layers(rate=0.1), ""),
    (
        "gradients_of_layers",
        lambda w, x, y: network.cross_entropy_gradients(
            w[1], w[0], x, y, np.zeros((len(w[1]), 1)), np.zeros((len(w[0]), 1))
        ),
        "",
    ),
    ("temperature", coolest(lambda T, u, y: -network.cross_entropy(u / T, y)), ""),
    ("temperature", coolest(lambda T, u, y: network.cross_entropy(u * T, y)), "multiplies"),
    ("temperature", coolest(lambda T, u, y: ((network.softmax(u / T) - y) ** 2).sum()), "squared"),
    (
        "temperature",
        coolest(lambda T, u, y: ((network.softmax(u / T) - (y > 0.5)) ** 2).sum()),
        "squared",
    ),
    ("temperature", lambda u, y: network.cross_entropy(u / coldest(u, y), y), "the loss"),
    ("temperature", lambda u, y: round(float(coldest(u, y)), 1), "Four digits"),
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
