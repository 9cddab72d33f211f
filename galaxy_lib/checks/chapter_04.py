"""Checks of the exercises of chapter 4, each beside its known mistakes."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checks.runner import exercise

# ------------------------------------------------------------------------------------ 4.1


@exercise(4)
def age_weight(beta, k):
    """Weigh a gradient that is k steps old."""
    return (1 - beta) * float(np.prod(np.full(k, beta)))


@age_weight.cases
def _(rng):
    some = round(float(rng.uniform(0.5, 0.95)), 3)
    for beta, k in (
        (0.8, 3),
        (some, int(rng.integers(4, 8))),
        (some, 0),
        (0.9, 20),
        (0.0, 2),
        (0.0, 0),
    ):
        yield f"β={beta} and k={k}", (beta, k)


age_weight.mistakes(
    ("(1 - β) is forgotten.", lambda beta, k: beta**k),
    ("The newest gradient has age 0, so the power is k, not k + 1.",
     lambda b, k: (1 - b) * b ** (k + 1)),
    ("The newest gradient has age 0, so the power is k, not k - 1.",
     lambda b, k: (1 - b) * b ** (k - 1)),
    ("β and (1 - β) are swapped.", lambda b, k: b * (1 - b) ** k),
    ("The power is β's alone: (1 - β) stands before it once.", lambda b, k: ((1 - b) * b) ** k),
    ("It is (1 - β)·βᵏ, not (1 - β)ᵏ.", lambda b, k: (1 - b) ** k),
    ("It is a power, not a product: βᵏ.", lambda b, k: (1 - b) * b * k),
    ("That is 1 - βᵏ⁺¹, the weight of k + 1 gradients together (or brackets are missing).",
     lambda b, k: 1 - b ** (k + 1)),
    ("It is the weight of one gradient, not of k together.", lambda b, k: 1 - b**k),
    ("Each age has the weight of the newest: with age it falls by β.", lambda b, k: 1 - b),
    ("β is always 0.9: use `beta`.", lambda b, k: 0.1 * 0.9**k),
    ("(1 - β) is always 0.1: use `beta`.", lambda b, k: 0.1 * b**k),
    ("The weight falls with age by a factor β, not by a division.",
     lambda b, k: (1 - b) / (k + 1), lambda b, k: (1 - b) * b / k),
    ("The weight falls with age by a factor β: this is an exponential of its own.",
     lambda b, k: (1 - b) * np.exp(-k * (1 - b)), lambda b, k: np.exp(-k * (1 - b))),
    ("For β = 0 a logarithm has no value: use the power βᵏ.",
     lambda b, k: (1 - b) * np.exp(k * np.log(b))),
    ("The age has no limit of ten steps.", lambda b, k: (1 - b) * b ** min(k, 10)),
    ("Return the weight of age k alone, not of all ages.",
     lambda b, k: [(1 - b) * b**i for i in range(k + 1)]),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 4.2


@exercise(4)
def momentum_step(w, v, gradient, learning_rate, beta):
    """Make one step: the new weights and the new velocity."""
    new = np.stack([v, gradient], -1) @ [beta, 1 - beta]
    return w - learning_rate * new, new


@momentum_step.cases
def _(rng):
    w, v, g = rng.normal(size=(3, 4))
    yield "arrays of shape (4,), η=0.3, β=0.8", (w, v, g, 0.3, 0.8)
    w, v, g = rng.normal(size=(3, 2, 5))
    yield "arrays of shape (2, 5), η=0.9, β=0.3", (w, v, g, 0.9, 0.3)
    w, g = rng.normal(size=(2, 3, 2))
    yield "a velocity of 0, η=2, β=0.9", (w, 0 * w, g, 2.0, 0.9)


def _step(keep=lambda b: b, take=lambda b: 1 - b, move=lambda v, new, g, b: new, sign=-1):
    """Return a function for a step; options change something."""

    def step(w, v, g, eta, beta):
        new = keep(beta) * v + take(beta) * g
        return w + sign * eta * move(v, new, g, beta), new

    return step


_first = momentum_step.right


def _by(move):
    """Return a function that gives the right velocity ``new``, and weights by another rule."""

    def step(w, v, g, eta, beta):
        new = _first(w, v, g, eta, beta)[1]
        return move(w, g, eta, beta, new), new

    return step


momentum_step.mistakes(
    ("(1 - β) is forgotten: the gradient enters with that share.", _step(take=lambda b: 1)),
    ("The weights move by the old velocity: update v first.", _step(move=lambda v, new, g, b: v)),
    ("The sign is wrong: the weights go downhill.", _step(sign=1)),
    ("The learning rate is missing.",
     lambda w, v, g, eta, b: _step()(w, v, g, 1, b)[:1] + _step()(w, v, g, eta, b)[1:]),
    ("β and (1 - β) are swapped.", _step(keep=lambda b: 1 - b, take=lambda b: b)),
    ("The weights move by the gradient: let them move by v.", _step(move=lambda v, new, g, b: g)),
    ("β v is missing: the velocity that is handed in is not used.", _step(keep=lambda b: 0)),
    ("The velocity is the gradient alone: β is not used.",
     _step(keep=lambda b: 0, take=lambda b: 1)),
    ("The gradient is missing: the velocity only shrinks.", _step(take=lambda b: 0)),
    ("The old velocity is multiplied by β: here it is kept whole.", _step(keep=lambda b: 1)),
    ("The new velocity is not carried over: return it, not the old one.",
     lambda w, v, *a: (_first(w, v, *a)[0], v)),
    ("The velocity is not used.", lambda w, v, g, eta, b: (w - eta * g, v)),
    ("β is always 0.9: use `beta`.", _step(keep=lambda b: 0.9, take=lambda b: 0.1)),
    ("That is the heavy-ball form: here η stands before v, (1 - β) before the gradient.",
     lambda w, v, g, eta, b: (w + b * v - eta * g, b * v - eta * g),
     lambda w, v, g, eta, b: (w - b * v - eta * g, b * v + eta * g)),
    ("The learning rate enters in w alone, not in v.",
     lambda w, v, g, eta, b: (w - (b * v + (1 - b) * eta * g), b * v + (1 - b) * eta * g),
     lambda w, v, g, eta, b: (w - eta * (b * v + (1 - b) * eta * g), b * v + (1 - b) * eta * g),
     lambda w, v, g, eta, b: (w - eta * (b * v + (1 - b) * g), eta * (b * v + (1 - b) * g))),
    ("Those are two steps: make one.", lambda w, v, *a: _first(*_first(w, v, *a), *a)),
    ("That looks ahead (Nesterov): move by the new v alone.",
     _by(lambda w, g, eta, b, new: w - eta * (b * new + (1 - b) * g)),
     _by(lambda w, g, eta, b, new: w - eta * (b * new + g))),
    ("That is the step alone: the weights are w minus it.",
     _by(lambda w, g, eta, b, new: -eta * new), _by(lambda w, g, eta, b, new: eta * new)),
    ("The weights do not decay by themselves: w stands there whole.",
     _by(lambda w, g, eta, b, new: b * w - eta * new)),
    generic="pair",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 4.3, 4.4

HILL = np.array([[4.0, 0.6], [0.6, 1.0]])


def _slope(hill):
    return lambda w: hill @ w


def _path(gradient, w, eta, beta, n, carry=1.0, share=True, v=0.0, at=None, sign=-1):
    """Follow the gradient for n steps; options change something."""
    path, w = [np.array(w, float)], np.array(w, float)
    for _ in range(n):
        v = carry * beta * v + (1 - beta if share else 1) * gradient(w if at is None else at)
        w = w + sign * eta * v
        path.append(w)
    return np.array(path)


@exercise(4)
def descend(gradient, w, learning_rate, beta, n_steps):
    """Follow momentum descent: the path, (n_steps + 1, 2)."""
    return _path(gradient, w, learning_rate, beta, n_steps)


@descend.cases
def _(rng):
    a, b = rng.uniform(0.3, 5, 2)
    start = np.round(rng.uniform(0.5, 3, 2), 2)
    yield "8 steps, η=0.15, β=0.7", (_slope(HILL), np.array([1.0, -2.0]), 0.15, 0.7, 8)
    yield f"5 steps from {start.tolist()}, η=0.1, β=0.6", (_slope(HILL), start, 0.1, 0.6, 5)
    yield "3 steps in another valley, η=0.2, β=0.9", (_slope(np.diag([a, b])), start, 0.2, 0.9, 3)
    yield "1 step", (_slope(HILL), start, 0.1, 0.6, 1)


def _old_velocity(gradient, w, eta, beta, n):
    path, v = [w], 0 * w
    for _ in range(n):
        path.append(path[-1] - eta * v)
        v = beta * v + (1 - beta) * gradient(path[-2])
    return np.array(path)


def _one_by_one(gradient, w, eta, beta, n):
    path, v, w = [w.copy()], 0 * w, w.copy()
    for _ in range(n):
        for k in range(len(w)):
            v[k] = beta * v[k] + (1 - beta) * gradient(w)[k]
            w[k] -= eta * v[k]
        path.append(w.copy())
    return np.array(path)


descend.mistakes(
    ("(1 - β) is forgotten.", lambda *a: _path(*a, share=False)),
    ("The velocity is not carried over from step to step.", lambda *a: _path(*a, carry=0)),
    ("That is plain descent: the velocity is not used.",
     lambda f, w, eta, b, n: _path(f, w, eta, 0, n)),
    ("β and (1 - β) are swapped.", lambda f, w, eta, b, n: _path(f, w, eta, 1 - b, n)),
    ("β and the learning rate are swapped.", lambda f, w, eta, b, n: _path(f, w, b, eta, n)),
    ("The gradient stays that of the first point.", lambda f, w, *a: _path(f, w, *a, at=w)),
    ("The sign is wrong: the path climbs.", lambda *a: _path(*a, sign=1)),
    ("The velocity begins at 0, not at 1.", lambda *a: _path(*a, v=1.0)),
    ("The velocity begins at 0, not at the first gradient.",
     lambda f, w, *a: _path(f, w, *a, v=f(w))),
    ("There is one step too many.", lambda f, w, eta, b, n: _path(f, w, eta, b, n + 1)),
    ("All rows are the last point: store a copy in each step.",
     lambda *a: np.repeat(_path(*a)[-1:], a[-1] + 1, 0)),
    ("It makes 25 steps, whatever `n_steps` is.", lambda f, w, eta, b, n: _path(f, w, eta, b, 25)),
    ("It starts at 0: the path begins at `w`.", lambda f, w, *a: _path(f, 0 * w, *a)),
    ("It starts at the example's point: the path begins at `w`.",
     lambda f, w, *a: _path(f, np.array([-2, 0.5]), *a)),
    ("The weights move by the old velocity: update v first.", _old_velocity),
    ("The gradient is taken anew for the second coordinate: take it once a step.", _one_by_one),
    generic="flat order alone left_out",
)  # fmt: skip


@exercise(4)
def steps_needed(gradient, w, learning_rate, betas, tolerance, max_steps):
    """Count for each β the steps until the gradient is below tolerance."""
    return _count()(gradient, w, learning_rate, betas, tolerance, max_steps)


@steps_needed.cases
def _(rng):
    w = rng.uniform(2, 3, 2) * [1, -1]
    yield "a first β with which the path swings out", (_slope(HILL), w, 0.55, [0.0, 0.7], 0.1, 30)
    betas = [0.999, 0.8, 0.0, 0.5]
    yield "η=0.15, β of 0.999, 0.8, 0 and 0.5", (_slope(HILL), w, 0.15, betas, 1e-2, 120)
    low = np.array([1e-4, 1e-4])
    yield "a start that is flat enough already", (_slope(HILL), low, 0.15, [0.0, 0.9], 1e-2, 50)
    yield "a path that flies off", (_slope(HILL), rng.normal(size=2), 3000.0, [0.0, 0.5], 1e-2, 100)
    case = (_slope(HILL), np.array([2.0, 1.0]), 0.1, [0.9, 0.9, 0.0], 1e-3, 200)
    yield "the same β twice", case
    turned = _slope(HILL[::-1, ::-1])
    yield "a turned valley", (turned, rng.uniform(1, 2, 2), 0.2, [0.3, 0.9], 1e-2, 150)
    slanted = _slope(np.array([[2.0, 1.4], [1.4, 2.0]]))
    yield "a slanted valley", (slanted, np.array([2.0, -1.5]), 0.2, [0.3], 1e-2, 90)
    flat = np.array([3.0, 4.0])
    yield "a gradient just as long as the tolerance", (lambda w: flat, flat, 0.1, [0.5], 5.0, 7)


def _count(
    size=np.linalg.norm, late=lambda most: most, shift=0, follow=False, below=np.less, **options
):
    """Return a function for the counts; options change something."""

    def count(gradient, w, eta, betas, tolerance, most):
        counts, start = [], w
        for beta in betas:
            path = _path(gradient, start, eta, beta, most, **options)
            flat = (i for i, p in enumerate(path[:most]) if below(size(gradient(p)), tolerance))
            found = next(flat, None)
            counts.append(late(most) if found is None else found + shift)
            start = path[most if found is None else found] if follow else w
        return np.array(counts)

    return count


def _twice(*size, **options):
    """Return such a function, and the same where NaN counts as below the tolerance, too."""
    return _count(*size, **options), _count(*size, below=_not_above, **options)


def _not_above(size, tolerance):
    return not size >= tolerance


def _by_hand(keep=False, goes_on=np.greater_equal):
    """Return a function that walks by a loop; NaN is neither above the tolerance nor below it."""

    def count(gradient, w, eta, betas, tolerance, most):
        counts, v = [], 0 * w
        for beta in betas:
            point, v, n = w, v if keep else 0 * w, 0
            while n < most and goes_on(np.linalg.norm(gradient(point)), tolerance):
                v = beta * v + (1 - beta) * gradient(point)
                point, n = point - eta * v, n + 1
            counts.append(n)
        return counts

    return count


def _settings(tolerance=None, most=None, betas=None):
    def count(gradient, w, eta, b, t, m):
        return steps_needed.right(gradient, w, eta, betas or b, tolerance or t, most or m)

    return count


steps_needed.mistakes(
    ("The counts are one too large: look before each step.",
     lambda *a: steps_needed.right(*a) + 1, lambda *a: np.add(_by_hand()(*a), 1), *_twice(shift=1),
     lambda *a: np.minimum(steps_needed.right(*a) + 1, a[-1]),
     lambda *a: steps_needed.right(*a).clip(1)),
    ("The counts are one too small.", lambda *a: steps_needed.right(*a) - 1,
     lambda *a: np.subtract(_by_hand()(*a), 1), *_twice(shift=-1)),
    ("(1 - β) is forgotten.", *_twice(share=False)),
    ("The velocity is not carried over from step to step.", *_twice(carry=0)),
    ("Arrived is *below* the tolerance: a gradient just as long is not.",
     _count(below=np.less_equal)),
    ("The first entry alone is looked at: take the gradient's length.",
     *_twice(lambda g: abs(g[0])), *_twice(lambda g: g[0])),
    ("The last entry alone is looked at: take the gradient's length.",
     *_twice(lambda g: abs(g[-1])), *_twice(lambda g: g[-1])),
    ("Entries of the gradient may be negative: take its length.",
     *_twice(np.max), *_twice(np.sum), *_twice(lambda g: abs(np.sum(g))), *_twice(np.mean)),
    ("Each entry is compared: take the gradient's length.", *_twice(lambda g: np.abs(g).max())),
    ("The entries are added up: the length is the root of the sum of their squares.",
     *_twice(lambda g: np.abs(g).sum())),
    ("That is the square of the length: take the root.", *_twice(lambda g: g @ g)),
    ("Those are the lengths over √2: take the sum of squares, not the mean.",
     *_twice(lambda g: np.sqrt(np.mean(g**2)))),
    ("A run that does not arrive counts max_steps, not -1.", *_twice(late=lambda most: -1)),
    ("A run that does not arrive counts max_steps, not 0.", *_twice(late=lambda most: 0)),
    ("A run that does not arrive counts max_steps, not NaN.", *_twice(late=lambda most: np.nan)),
    ("A run that does not arrive counts max_steps, not one less.",
     *_twice(late=lambda most: most - 1)),
    ("A run that does not arrive counts max_steps, not one more.",
     *_twice(late=lambda most: most + 1)),
    ("That is a β: return a count for each.", lambda *a: a[3][steps_needed.right(*a).argmin()]),
    ("The limit is always 400: use `max_steps`.", _settings(most=400)),
    ("The tolerance is always 0.001: use `tolerance`.", _settings(tolerance=1e-3)),
    ("The β are always the same ones: use `betas`.", _settings(betas=[0.0, 0.5, 0.8, 0.9, 0.95])),
    ("That is plain descent: the velocity is not used.",
     lambda f, w, eta, betas, *a: steps_needed.right(f, w, eta, [0.0] * len(betas), *a)),
    ("Each β starts where the last one stopped: begin again at w.", *_twice(follow=True)),
    ("The velocity of the last β goes on: begin again at 0.",
     _by_hand(keep=True, goes_on=lambda length, tolerance: not length < tolerance),
     _by_hand(keep=True)),
    ("The count goes on from β to β: begin again at 0.",
     lambda *a: steps_needed.right(*a).cumsum(), lambda *a: np.cumsum(_by_hand()(*a))),
    # Last: another mistake beside it is told first.
    ("A path that overflows to NaN has not arrived: NaN >= tolerance is False.", _by_hand()),
    generic="extreme order",
)  # fmt: skip
