"""Wrong answers that `answer_bank` lacks: (exercise, answer, words of the hint).

An empty string stands for a mistake that is rejected without being named. `RIGHT` holds right
answers to the exercises of which the bank has none, written differently from the solutions.
"""

from __future__ import annotations

import numpy as np

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


def separations(ra, dec, right=True):
    dx = ra[:, None] - ra[None, :]
    if right:
        dx = (dx + 180) % 360 - 180
        dx = dx * np.cos(np.radians((dec[:, None] + dec[None, :]) / 2))
    return 3600 * np.hypot(dx, dec[:, None] - dec[None, :])


WRONG += [
    (
        "close_pairs",
        lambda ra, dec, r: np.argwhere(np.triu(separations(ra, dec, right=False) < r, 1)),
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


def batches(x, y, size, order, stop=None):
    for start in range(0, stop or x.shape[1], size):
        yield x[:, order[start : start + size]], y[:, order[start : start + size]]


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
    (
        "gradient_B",
        lambda A, x, zt, z, y: (A @ delta(z, y) * (1 - zt**2)) @ x.T,
        "transpose is missing",
    ),
    ("gradient_B", lambda A, x, zt, z, y: (delta(z, y) * (1 - zt**2)) @ x.T, "ẽ = Aᵀ"),
    ("gradient_B", lambda A, x, zt, z, y: A.T @ delta(z, y) @ x, "the shapes do not fit"),
    (
        "gradient_B",
        lambda A, x, zt, z, y: A.T @ delta(z, y) @ (zt.T @ (1 - zt)) @ x.T,
        "`@` stands where `*`",
    ),
]


def own(A, B, x, y, transpose=True):
    zt = np.tanh(B @ x)
    d = delta(g(A @ zt), y)
    back = (A.T if transpose else A) @ d * (1 - zt**2)
    return d @ zt.T / x.shape[1], back @ x.T / x.shape[1]


WRONG += [
    ("gradients", lambda *a: [1.25 * v for v in own(*a)], "1.25 times"),
    ("gradients", lambda A, B, x, y: own(A, B, x, y, transpose=False), "transpose is missing"),
    ("gradients", lambda A, B, x, y: np.ones(3) / 0, "not 3"),
]


# 4 Momentum

WRONG += [
    ("age_weight", lambda beta, k: (1 - beta) * beta ** (k - 1), "age 0"),
    ("age_weight", lambda beta: 1 - beta, "TypeError"),
]


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


def arrive(slope, w, r, betas, tolerance, max_steps, carry=True):
    counts = []
    for b in betas:
        v, point, n = np.zeros(2), w, 0
        while n < max_steps and not np.linalg.norm(slope(point)) < tolerance:
            v = b * (v if carry else 0) + (1 - b) * slope(point)
            point, n = point - r * v, n + 1
        counts.append(n)
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


@wrong("train", "ValueError in line|TypeError in line")
def _(A, B, epochs, rate, beta):
    for batches in epochs[0]:  # these are pairs already
        for x, y in batches:
            grad_A, grad_B = network.gradients(A, B, x, y)
            A, B = A - rate * grad_A, B - rate * grad_B
    return A, B


WRONG += [
    ("train", lambda A, B, e, r, b: (A, B), "do not change"),
    ("study", lambda new, *rest: new()(), "TypeError in line"),
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


WRONG += [
    ("find_leaks", lambda train, test: (0, 3), "list of pairs"),
    ("find_leaks", lambda train, test: [0, 1, 2], "list of pairs"),
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

WRONG += [
    ("log_sum_exp", lambda u: np.exp(network.log_sum_exp(u)), "logarithm is missing"),
    (
        "gradients_of_layers",
        lambda w, x, y: network.cross_entropy_gradients(
            w[1], w[0], x, y, np.zeros((len(w[1]), 1)), np.zeros((len(w[0]), 1))
        ),
        "",
    ),
]


@wrong("gradients_of_layers")
def _(weights, x, y):
    outputs = [x]
    for W in weights[:-1]:
        outputs.append(g(W @ outputs[-1]))
    d = (network.softmax(weights[-1] @ outputs[-1]) - (y > 0.5)) / x.shape[1]
    gradients = []
    for W, z in zip(weights[::-1], outputs[::-1], strict=True):
        gradients.insert(0, d @ z.T)
        d = (W - 0.1 * gradients[0]).T @ d * z * (1 - z)  # W has moved already
    return gradients


# 8 Convolution by hand

WRONG += [
    ("receptive_field", lambda layers: layers[-1][0], "last layer"),
    ("max_pool", lambda h, n: h[: len(h) // n * n].reshape(len(h) // n, n, -1).max(axis=1), ""),
    ("max_pool_slope", lambda d, h, n: np.kron(d, np.ones((n, n, 1))) * (h > 0), ""),
]


@wrong("col2im", "a place is a column|read along its rows")
def _(d_X, shape, k, stride):
    d_x, place = np.zeros(shape), 0
    rows = d_X.reshape(-1, k, k, shape[2])
    for i in range(0, shape[0] - k + 1, stride):
        for j in range(0, shape[1] - k + 1, stride):
            d_x[i : i + k, j : j + k] += rows[place]
            place += 1
    return d_x


# 9 A survey

WRONG += [("hours", lambda n, b, w, f, s, k: n * (b / w + f / s) / (k + 1) / 3600, "")]


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
