"""Checks of the exercises of chapter 5, each beside its known mistakes."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np

from galaxy_lib.checks.chapter_03 import slopes
from galaxy_lib.checks.choices import judge_letters
from galaxy_lib.checks.runner import exercise, judged

# ------------------------------------------------------------------------------------ 5.1


@exercise(5)
def updates(n_training, batch_size, n_epochs):
    """Count how often the weights move."""
    return -(-n_training // batch_size) * n_epochs


@updates.cases
def _(rng):
    size = int(rng.integers(11, 40))
    n = size * int(rng.integers(5, 20)) + size - 2
    for case in ((900, 64, 20), (n, size, 3), (640, 32, 3), (50, 64, 7)):
        yield "{} galaxies, batches of {}, {} epochs".format(*case), case


updates.mistakes(
    ("The last, short batch of an epoch is an update too: round up.", lambda n, s, e: n // s * e),
    ("Where the size divides the galaxies, there is no short batch: this counts one too many.",
     lambda n, s, e: (n // s + 1) * e),
    ("The last, short batch of an epoch is an update too: round up, not to the nearest.",
     lambda n, s, e: round(n / s) * e),
    ("That is one epoch.", lambda n, s, e: -(-n // s)),
    ("Updates are whole numbers: round up in each epoch.", lambda n, s, e: n / s * e),
    ("Round up in each epoch: what is left over does not wait for the next.",
     lambda n, s, e: math.ceil(n * e / s), lambda n, s, e: n * e // s),
    ("Round up in each epoch: each has its short batch.", lambda n, s, e: n // s * e + (n % s > 0)),
    ("That is the number of pictures, not of batches.", lambda n, s, e: n * e),
    ("Each batch is an update, not each epoch.", lambda n, s, e: e),
    ("Divide by the batch size.", lambda n, s, e: n * s, lambda n, s, e: n * s * e),
    ("Epochs multiply: they are not divided by.",
     lambda n, s, e: math.ceil(n / s) / e, lambda n, s, e: math.ceil(n / (s * e))),
    ("The batch size is always 64: use `batch_size`.", lambda n, s, e: math.ceil(n / 64) * e),
    ("Both matrices move in one update.", lambda n, s, e: 2 * math.ceil(n / s) * e),
    ("That is an epoch too many.", lambda n, s, e: math.ceil(n / s) * (e + 1)),
    ("Each epoch makes as many updates again: multiply, do not add.",
     lambda n, s, e: math.ceil(n / s) + e),
    ("A ceil of `//` comes too late: the fraction is gone.", lambda n, s, e: max(1, n // s) * e),
    ("Divide the galaxies by the batch size, not the other way round.",
     lambda n, s, e: math.ceil(s / n) * e),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 5.2


@exercise(5)
def fraction_correct(forward, training, test):
    """Find the fraction correct to report for a network."""
    x, y = test
    right = [
        [*a].index(max(a)) == [*b].index(max(b)) for a, b in zip(forward(x).T, y.T, strict=True)
    ]
    return sum(right) / len(right)


@fraction_correct.cases
def _(rng):
    # A fraction of few galaxies often agrees by chance with what a mistake leads to.
    while not fraction_correct.told_apart_by(cases := [*_networks(rng)]):
        pass
    yield from cases


def _networks(rng):
    for n_out, n_in, n_training, n_test, known in (
        (4, 4, 40, 30, (0.8, 0.4)),
        (10, 10, 17, 23, (0.3, 0.8)),
        (3, 5, 30, 12, (0.5, 0.9)),
    ):
        sets = []
        for n, share in zip((n_training, n_test), known, strict=True):
            y = np.full((n_out, n), 0.01)
            y[rng.integers(0, n_out, n), np.arange(n)] = 0.99
            x = rng.uniform(0, 1.3, size=(n_in, n))
            x[:n_out, : int(share * n)] += y[:, : int(share * n)]
            sets.append((x, y))
        order = rng.permutation(n)
        x, y = x[:, order], y[:, order]
        # In the last set alone, the largest output of all is where the first known one is.
        x[tuple(np.argwhere(y > 0.5)[0 if n == 12 else -1])] += 3
        sets[1] = x, y
        yield f"{n} test galaxies of {n_out} classes", (_forward(n_out), *sets)


def _forward(n_out):
    return lambda x: np.tanh(0.6 * np.asarray(x)[:n_out])


def _hits(forward, data):
    return forward(data[0]).argmax(0) == data[1].argmax(0)


def _on_test(rule):
    return lambda forward, training, test: rule(forward(test[0]), test[1])


def _rate(f, data):
    return _hits(f, data).mean()


fraction_correct.mistakes(
    ("That is testing on training data, which may be learned by heart.",
     lambda f, a, b: _rate(f, a)),
    ("Training data are counted too: that is testing on training data.",
     lambda f, a, b: np.concatenate([_hits(f, a), _hits(f, b)]).mean()),
    ("Training data are counted too: report the test set alone.",
     lambda f, a, b: (_rate(f, a) + _rate(f, b)) / 2),
    ("Report the test set alone, not the better of both.",
     lambda f, a, b: max(_rate(f, a), _rate(f, b))),
    ("Report the test set alone, not both fractions.", lambda f, a, b: (_rate(f, a), _rate(f, b))),
    ("Report the test set alone, not a difference.", lambda f, a, b: _rate(f, a) - _rate(f, b)),
    ("That is a count: divide by the number of galaxies.", lambda f, a, b: 1.0 * _hits(f, b).sum()),
    ("Divide by the size of the test set, not of the training set.",
     lambda f, a, b: _hits(f, b).sum() / a[0].shape[1]),
    ("Divide by the number of galaxies, which are columns: this divides by the outputs.",
     lambda f, a, b: _hits(f, b).sum() / len(b[1])),
    ("Divide by the number of galaxies, which are columns: this divides by the inputs.",
     lambda f, a, b: _hits(f, b).sum() / len(b[0])),
    ("A column is a galaxy: argmax along axis 0.",
     _on_test(lambda z, y: (z.argmax(1) == y.argmax(1)).mean())),
    ("argmax needs axis=0: this is the place of one largest of all.",
     _on_test(lambda z, y: 1.0 * (z.argmax() == y.argmax()))),
    ("Outputs never equal the targets: compare which one is largest (argmax).",
     _on_test(lambda z, y: (z == y).mean()),
     _on_test(lambda z, y: np.isclose(z, y, atol=0.1).mean()),
     _on_test(lambda z, y: np.isclose(z, y, atol=0.1).all(0).mean()),
     _on_test(lambda z, y: np.isclose(z.max(0), y.max(0)).mean())),
    ("Compare which output is largest, not each of them.",
     _on_test(lambda z, y: (np.rint(z) == np.rint(y)).mean()),
     _on_test(lambda z, y: (np.rint(z) == np.rint(y)).all(0).mean()),
     _on_test(lambda z, y: ((z > 0.5) == (y > 0.5)).mean())),
    ("The largest output may be below a half: compare which one is largest.",
     _on_test(lambda z, y: (z[y.argmax(0), np.arange(y.shape[1])] > 0.5).mean())),
    ("That is the smallest output: take the largest.",
     _on_test(lambda z, y: (z.argmin(0) == y.argmin(0)).mean()),
     _on_test(lambda z, y: (z.argmin(0) == y.argmax(0)).mean())),
    ("That is a loss: count the galaxies that are right.",
     _on_test(lambda z, y: ((z - y) ** 2).mean()),
     _on_test(lambda z, y: ((z - y) ** 2).sum(0).mean())),
    ("Return one number: the mean of these verdicts.", lambda f, a, b: _hits(f, b)),
    ("Those are ten galaxies alone: take the whole test set.",
     lambda f, a, b: _hits(f, b)[:10].mean()),
    generic="percent complement",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 5.3


@exercise(5)
def train(A, B, epochs, learning_rate, beta):
    """Train with momentum: the new A and B."""
    return _train(A, B, epochs, learning_rate, beta)


@train.cases
def _(rng):
    A, B, X = (rng.normal(0, 1, shape) for shape in ((3, 3), (3, 5), (5, 8)))
    Y = rng.uniform(size=(3, 8))
    parts = [(X[:, :3], Y[:, :3]), (X[:, 3:6], Y[:, 3:6]), (X[:, 6:], Y[:, 6:])]
    yield "two epochs of three batches, η=0.9, β=0.7", (A, B, [parts, parts[::-1]], 0.9, 0.7)
    A, B, X = (rng.normal(0, 1, shape) for shape in ((4, 5), (5, 2), (2, 6)))
    Y = rng.uniform(size=(4, 6))
    batches = [(X[:, :4], Y[:, :4]), (X[:, 4:], Y[:, 4:])]
    yield "one epoch of two batches, η=0.4, β=0.5", (A, B, [batches], 0.4, 0.5)
    epochs = [batches, batches[1:], batches[::-1]]
    yield "three epochs of unequal length, η=1.5, β=0.8", (A, B, epochs, 1.5, 0.8)


def _train(
    A, B, epochs, eta, beta, reset=None, share=True, late=False, v=0.0, sign=-1, S=True, at=None,
    swap=False, old=False,
):  # fmt: skip
    """Train in loops over both weights; options change something."""
    w, v = [A, B], [v * np.ones_like(A), v * np.ones_like(B)]
    keep = 1 - beta if swap else beta
    for batches in epochs:
        v = [0.0, 0.0] if reset == "epoch" else v
        for x, y in batches:
            v = [0.0, 0.0] if reset == "batch" else v
            before, moved = [*w], [*w]
            for i in (0, 1):
                place = at or (moved if late else before)
                g = slopes(*place, x, y)[i] / (x.shape[1] if S else 1)
                new = keep * v[i] + (1 - keep if share else 1) * g
                moved[i] = w[i] + sign * eta * (v[i] if old else new)
                v = [new, v[1]] if i == 0 else [v[0], new]
            w = moved
    return tuple(w)


def _option(**options):
    return lambda *a: _train(*a, **options)


def _epochs(choose):
    return lambda A, B, epochs, eta, beta: _train(A, B, choose(epochs), eta, beta)


train.mistakes(
    ("The weights do not change.", lambda A, B, *a: (A, B)),
    ("The velocity is not carried over from epoch to epoch.", _option(reset="epoch")),
    ("The velocity is not carried over from batch to batch.", _option(reset="batch")),
    ("That is plain descent: the velocity is not used.",
     lambda A, B, e, eta, b: _train(A, B, e, eta, 0)),
    ("(1 - β) is forgotten.", _option(share=False)),
    ("β and (1 - β) are swapped.", _option(swap=True)),
    ("β and the learning rate are swapped.", lambda A, B, e, eta, b: _train(A, B, e, b, eta)),
    ("β is always 0.9: use `beta`.", lambda A, B, e, eta, b: _train(A, B, e, eta, 0.9)),
    ("The learning rate is missing.", lambda A, B, e, eta, b: _train(A, B, e, 1, b)),
    ("The sign is wrong: the weights go downhill.", _option(sign=1)),
    ("The velocities begin at 0, not at 1.", _option(v=1.0)),
    ("The weights move by the old velocity: update v first.", _option(old=True)),
    ("Take both gradients at the old weights.", _option(late=True)),
    ("The gradients stay those of the first weights.",
     lambda A, B, *a: _train(A, B, *a, at=[A, B])),
    ("1/S is missing in the gradients: divide by the number of galaxies.", _option(S=False)),
    ("That is the first epoch alone.", _epochs(lambda e: e[:1])),
    ("That is the last epoch alone.", _epochs(lambda e: e[-1:])),
    ("The last epoch is left out.", _epochs(lambda e: e[:-1])),
    ("The first epoch comes again and again: go through all.",
     _epochs(lambda e: [e[0] for _ in e])),
    ("That is the first batch of each epoch alone.", _epochs(lambda e: [b[:1] for b in e])),
    ("That is the last batch of each epoch alone.", _epochs(lambda e: [b[-1:] for b in e])),
    ("The last batch of each epoch is left out.", _epochs(lambda e: [b[:-1] for b in e])),
    ("The batches come backwards: keep their order.", _epochs(lambda e: [b[::-1] for b in e])),
    ("The epochs come backwards: keep their order.", _epochs(lambda e: e[::-1])),
    ("Only the first batch of all was trained on: does `return` stand inside the loops?",
     _epochs(lambda e: [e[0][:1]])),
    ("Those are the changes: return the new weights.",
     lambda A, B, *a: [n - o for n, o in zip(_train(A, B, *a), (A, B), strict=True)]),
    generic="pair",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 5.4


class Pupil:
    """It learns nothing, but its accuracies follow from how it was trained."""

    def __init__(self) -> None:
        self.history, self.seen = [], 0.0

    def train(self, *, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64) -> None:
        for _ in self.epochs(n_epochs, learning_rate, beta_momentum, batch_size):
            pass

    def epochs(self, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64):
        for _ in range(n_epochs):
            self.seen += learning_rate * 7 + batch_size / 50
            a = [abs(np.sin(self.seen + k)) for k in range(3)]
            names = "training_accuracy", "validation_accuracy", "test_accuracy"
            self.history.append(SimpleNamespace(**dict(zip(names, a, strict=True))))
            yield self.history[-1]

    def assess(self) -> float:
        return self.history[-1].test_accuracy


@exercise(5)
def study(new_network, rates, batch_sizes, n_updates, n_training):
    """Tabulate the accuracies to choose a learning rate and a batch size by."""
    return _table()(new_network, rates, batch_sizes, n_updates, n_training)


@study.cases
def _(rng):
    r = [round(float(rate), 2) for rate in rng.uniform(0.1, 2, 3)]
    for rates, sizes, n_updates, n in ((r, [8, 32], 40, 100), ([0.3, 1.1], [5, 64, 20], 57, 200)):
        what = f"{n_updates} updates on {n} galaxies, rates {rates}, batch sizes {sizes}"
        yield what, (Pupil, rates, sizes, n_updates, n)


def _needed(n_updates, n, size):
    return -(-n_updates // -(-n // size))


def _table(look=lambda h: h[-1].validation_accuracy, epochs=_needed, new="run"):
    """Return a function for the table; options change something."""

    def study(new_network, rates, sizes, n_updates, n):
        network, rows = new_network(), []
        for rate in rates:
            network = new_network() if new == "row" else network
            for size in sizes:
                network = new_network() if new == "run" else network
                n_epochs = epochs(n_updates, n, size)
                network.train(n_epochs=n_epochs, learning_rate=rate, batch_size=size)
                rows.append(look(network.history))
        return np.reshape(rows, (len(rates), len(sizes)))

    return study


def _best(new_network, rates, sizes, n_updates, n):
    table = _table()(new_network, rates, sizes, n_updates, n)
    i, j = np.unravel_index(table.argmax(), table.shape)
    return rates[i], sizes[j]


study.mistakes(
    ("The test set chooses nothing: compare on the validation set.",
     _table(lambda h: h[-1].test_accuracy)),
    ("Comparing on training data rewards learning by heart.",
     _table(lambda h: h[-1].training_accuracy)),
    ("Compare on the validation set alone: this is a mean with others.",
     _table(
         lambda h: (h[-1].training_accuracy + h[-1].validation_accuracy + h[-1].test_accuracy) / 3
     ), _table(lambda h: (h[-1].validation_accuracy + h[-1].test_accuracy) / 2)),
    ("Compare on the validation set alone: this is a difference.",
     _table(lambda h: h[-1].training_accuracy - h[-1].validation_accuracy)),
    ("That is what one epoch gives: make n_updates updates, and look at the last epoch.",
     _table(lambda h: h[0].validation_accuracy), _table(epochs=lambda u, n, s: 1),
     _table(epochs=lambda u, n, s: math.ceil(u / n))),
    ("Look at the last epoch: this is the best.",
     _table(lambda h: max(r.validation_accuracy for r in h))),
    ("One network is trained on and on: take a new one for each run.", _table(new=None)),
    ("One network is trained on and on within a row: take a new one for each run.",
     _table(new="row")),
    ("n_updates is not n_epochs: a batch is an update.", _table(epochs=lambda u, n, s: u)),
    ("All runs need the same number of updates, so not the same number of epochs.",
     _table(epochs=lambda u, n, s: 10),
     lambda f, r, sizes, *a: _table(epochs=lambda u, n, s: _needed(u, n, sizes[0]))(
         f, r, sizes, *a)),
    ("All runs need the same number of updates: the batch size counts.",
     _table(epochs=lambda u, n, s: _needed(u, n, 8))),
    ("Round the number of epochs up.",
     _table(epochs=lambda u, n, s: u // -(-n // s)),
     _table(epochs=lambda u, n, s: max(1, u // -(-n // s)))),
    ("Round the number of epochs up, not to the nearest.",
     _table(epochs=lambda u, n, s: max(1, round(u / -(-n // s))))),
    ("A short batch counts: round the batches of an epoch up.",
     _table(epochs=lambda u, n, s: -(-u // (n // s))),
     _table(epochs=lambda u, n, s: math.ceil(u * s / n))),
    ("That is an epoch too many: take the smallest number that makes the updates.",
     _table(epochs=lambda u, n, s: _needed(u, n, s) + 1),
     _table(epochs=lambda u, n, s: u // -(-n // s) + 1)),
    ("The number of galaxies is `n_training`, not always 800.",
     _table(epochs=lambda u, n, s: _needed(u, 800, s))),
    ("That is the best pair alone: return the table.", _best),
    ("Every row has the first learning rate.",
     lambda f, rates, *a: _table()(f, rates[:1] * len(rates), *a)),
    ("Every column has the first batch size.",
     lambda f, rates, sizes, *a: _table()(f, rates, sizes[:1] * len(sizes), *a)),
    generic="flat sum mean extreme percent order",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 5.5, 5.6

# What ails each curve of 5.5, and what is said where something else is named.
CURVES = {
    "curve P": ("c", "one epoch was enough to leave the outputs where no sigmoid has a slope."),
    "curve Q": ("e", "read the shapes: one column stands where each galaxy should have its own."),
    "curve R": ("b", "it learns, and no curve is smoother: what makes each of its steps so short?"),
    "curve S": (
        "a",
        "it stays where a network stays that knows how common the classes are, and no more.",
    ),
    "curve T": ("d", "its loss is larger than at the start: no step that goes down ends there."),
}


@judged(5)
def faults(answer):
    """Name the fault behind each of five curves."""
    judge_letters(answer.value, CURVES, "abcdefg")


@exercise(5)
def mended_epoch(A, B, x, y, order, batch_size, learning_rate, beta):
    """Train for one epoch with momentum: what the broken loop should have done."""
    w, v = [A, B], [0.0, 0.0]
    for columns in np.split(order, range(batch_size, len(order), batch_size)):
        for i, slope in enumerate(slopes(*w, x[:, columns], y[:, columns])):
            v[i] = beta * v[i] + (1 - beta) * slope / len(columns)
        w = [matrix - learning_rate * velocity for matrix, velocity in zip(w, v, strict=True)]
    return tuple(w)


@mended_epoch.cases
def _(rng):
    for N_out, N_hidden, N_in, n, size in ((3, 4, 5, 14, 4), (4, 4, 4, 12, 3), (2, 5, 3, 11, 5)):
        A, B = rng.normal(0, 1, (N_out, N_hidden)), rng.normal(0, 1, (N_hidden, N_in))
        x, y = rng.normal(0, 1, (N_in, n)), rng.uniform(0, 1, (N_out, n))
        # No galaxy stays at its place, so that each batch meets others than in the old order.
        order = np.roll(np.arange(n), rng.integers(2, n - 2))
        order[::2] = rng.permutation(order[::2])
        eta, beta = rng.uniform(0.2, 0.5), rng.uniform(0.4, 0.8)
        yield f"{n} galaxies in batches of {size}", (A, B, x, y, order, size, eta, beta)


def _g(u):
    return 0.5 + 0.5 * np.tanh(0.5 * u)


def _epoch(left=(), S=lambda x_b, x, size: x_b.shape[1], share=True, both=False, late=False):
    """Return the loop of 5.6 with the faults that are left; further options are other mistakes."""

    def epoch(A, B, x, y, order, size, eta, beta):
        v_A, v_B = np.zeros_like(A), np.zeros_like(B)
        n = len(order) - (len(order) % size if late else 0)
        for start in range(0, n, size):
            rows = order[start : start + size]
            x_b, y_b = x[:, rows], y[:, rows]
            if "order" in left:
                y_b = y[:, start : start + size]
            if "velocity" in left:
                v_A, v_B = np.zeros_like(A), np.zeros_like(B)
            z_tilde = _g(B @ x_b)
            z = _g(A @ z_tilde)
            e = z - y_b
            if "shape" in left:
                e = e.mean(axis=1, keepdims=True)
            e_tilde = A.T @ (e * z * (1 - z))
            factor = 2 if "mean" in left else 2 / S(x_b, x, size)
            grad_A = factor * (e * z * (1 - z)) @ z_tilde.T
            grad_B = factor * (e_tilde * z_tilde * (1 - z_tilde)) @ x_b.T
            v_A = beta * v_A + (1 - beta if share else 1) * grad_A
            v_B = beta * v_B + (1 - beta if share else 1) * grad_B
            A = A + eta * v_A if both else A - eta * v_A
            B = B + eta * v_B if "sign" in left or both else B - eta * v_B
        return A, B

    return epoch


SYMPTOMS = {
    "order": "pictures and known outputs come in different orders.",
    "velocity": "nothing is remembered from one batch to the next.",
    "mean": "the steps grow with the number of galaxies in a batch.",
    "shape": "print the shapes: one of them has lost its galaxies.",
    "sign": "one of the two matrices moves uphill.",
}

mended_epoch.mistakes(
    ("All five faults are still there.", _epoch([*SYMPTOMS])),
    *((f"One fault is left: {symptom}", _epoch([fault])) for fault, symptom in SYMPTOMS.items()),
    *((f"{n} faults are left; one of them: {SYMPTOMS[left[0]]}", _epoch(left))
      for n in (2, 3, 4) for left in itertools.combinations(SYMPTOMS, n)),
    ("Both matrices move uphill now.", _epoch(both=True)),
    ("The last batch is a short one: divide by its own number of galaxies.",
     _epoch(S=lambda x_b, x, size: size)),
    ("Divide by the galaxies of the batch, not by all.", _epoch(S=lambda x_b, x, size: x.shape[1])),
    ("Divide by the galaxies of the batch, which are columns: this divides by the inputs.",
     _epoch(S=lambda x_b, x, size: len(x))),
    ("(1 - β) is forgotten.", _epoch(share=False)),
    ("The last, short batch is left out.", _epoch(late=True)),
    ("The weights are as they were: return the new ones.", lambda A, B, *a: (A, B)),
    ("That is the network after its first batch: does `return` stand inside the loop?",
     lambda A, B, x, y, order, size, *a: mended_epoch.right(A, B, x, y, order[:size], size, *a)),
    generic="pair",
)  # fmt: skip
