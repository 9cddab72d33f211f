"""Checks of the exercises of chapter 3, each beside its known mistakes."""

from __future__ import annotations

import math

import numpy as np

from galaxy_lib.checks.compare import Failure, Wrong, as_numbers, forbid, is_endless
from galaxy_lib.checks.runner import exercise, judged


def _g(x):
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(x, float))


def _random_network(rng, N_out=3, N_hidden=5, N_in=4, S=6):
    """Draw A, B, x and y; the weights are large enough for every slope to matter."""
    A, B = rng.normal(0, 0.7, (N_out, N_hidden)), rng.normal(0, 0.7, (N_hidden, N_in))
    return A, B, rng.normal(0, 0.7, (N_in, S)), rng.uniform(0, 1, (N_out, S))


def _networks(rng):
    # In the first, all are equal: a missing transpose shows in the values, not as an error.
    for N_out, N_hidden, N_in, S in ((4, 4, 4, 5), (3, 5, 4, 6), (6, 3, 2, 1)):
        what = f"{N_in} inputs, {N_hidden} hidden units, {N_out} outputs"
        yield what, S, _random_network(rng, N_out, N_hidden, N_in, S)


def slopes(A, B, x, y, factor=2.0, output=True, hidden=True, back="oh,o->h"):
    """Return both gradients, summed over the batch in a loop; options leave something out."""
    grad_A, grad_B = np.zeros(A.shape), np.zeros(B.shape)
    for xs, ys in zip(x.T, y.T, strict=True):
        zt = _g(B @ xs)
        z = _g(A @ zt)
        d = factor * (z - ys) * (z * (1 - z) if output else 1)
        grad_A += np.multiply.outer(d, zt)
        grad_B += np.multiply.outer(np.einsum(back, A, d) * (zt * (1 - zt) if hidden else 1), xs)
    return grad_A, grad_B


# ------------------------------------------------------------------------------------ 3.1


@exercise(3)
def sigmoid(x):
    """Apply 1/(1 + e⁻ˣ) element by element, to an array of any shape."""
    return _g(x)


@sigmoid.cases
def _(rng):
    yield "an array of shape (4, 5)", (rng.normal(0, 2, (4, 5)),)
    yield "an array of shape (2, 3, 4)", (rng.normal(0, 6, (2, 3, 4)),)
    yield "-1000, -40, 0, 40 and 1000", (np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0]),)
    yield "the integers from -3 to 5", (rng.permutation(np.arange(-3, 6)),)
    yield "one number", (np.array(0.75),)


sigmoid.mistakes(
    ("The sign in the exponent is wrong: it is e⁻ˣ.", lambda x: _g(-x)),
    ("That is 1 + e⁻ˣ: the fraction 1 / (1 + e⁻ˣ) is missing, or its brackets.",
     lambda x: 1 + np.exp(-x)),
    ("That is e⁻ˣ alone.", lambda x: np.exp(-x)),
    ("In the denominator, the 1 is missing.", lambda x: 1 / np.exp(-x)),
    ("In the denominator it is 1 + e⁻ˣ, with a plus.", lambda x: 1 / (1 - np.exp(-x))),
    ("That is tanh, which runs from -1 to 1.", np.tanh),
    ("That is tanh of x: of half of it, it would fit.", lambda x: (1 + np.tanh(x)) / 2),
    ("That is the derivative of the sigmoid.", lambda x: _g(x) * (1 - _g(x))),
    ("That is the rectifier, max(x, 0).", lambda x: np.maximum(x, 0)),
    ("That is 0 and 1 alone, a step: the sigmoid rises smoothly.",
     lambda x: (x > 0) * 1.0, lambda x: (x >= 0) * 1.0, lambda x: np.rint(_g(x))),
    ("The values are cut down to integers: is the result made as an array like `x`?",
     lambda x: _g(x).astype(x.dtype)),
    ("The base is e, not 2: use np.exp.", lambda x: 1 / (1 + 2.0**-x)),
    ("Where eˣ is too large for a number, eˣ/(1 + eˣ) is NaN: use e⁻ˣ.",
     lambda x: np.exp(x) / (1 + np.exp(x))),
    ("Leave `x` as it is: it is cut off at -5 and 5.", lambda x: _g(np.clip(x, -5, 5))),
    ("Leave the values as they are: they are cut off near 0 and 1.",
     lambda x: _g(x).clip(0.01, 0.99)),
    ("The sign of x is lost: an absolute value is taken.", lambda x: _g(abs(x))),
    ("math.exp takes one number: use np.exp for arrays.", lambda x: 1 / (1 + math.exp(-x))),
    ("math.exp raises far below 0, where np.exp gives a result.",
     lambda x: [1 / (1 + math.exp(-v)) for v in np.ravel(x)]),
    generic="flat sum mean extreme",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 3.2, 3.3


@exercise(3)
def forward_one(A, B, x):
    """Compute the outputs (N_out,) for one galaxy x (N_in,)."""
    return _g(A @ _g(B @ x))


forward_one.cases(lambda rng: ((what, (A, B, x[:, 0])) for what, _, (A, B, x, _) in _networks(rng)))

forward_one.mistakes(
    ("The hidden layer has no sigmoid.", lambda A, B, x: _g(A @ (B @ x))),
    ("The output layer has no sigmoid.", lambda A, B, x: A @ _g(B @ x)),
    ("Both layers lack their sigmoid.", lambda A, B, x: A @ (B @ x)),
    ("That is the hidden layer: the output layer comes after it.", lambda A, B, x: _g(B @ x)),
    ("There is a sigmoid too many at the output.", lambda A, B, x: _g(_g(A @ _g(B @ x)))),
    ("There is a sigmoid too many in the hidden layer.", lambda A, B, x: _g(A @ _g(_g(B @ x)))),
    ("The inputs go in as they are, without a sigmoid.", lambda A, B, x: _g(A @ _g(B @ _g(x)))),
    ("The sigmoid is taken of the sums, not of weights.",
     lambda A, B, x: _g(A) @ (_g(B) @ x), lambda A, B, x: _g(_g(A) @ _g(_g(B) @ x))),
    ("The hidden layer has tanh in place of the sigmoid.", lambda A, B, x: _g(A @ np.tanh(B @ x))),
    ("The output layer has tanh in place of the sigmoid.", lambda A, B, x: np.tanh(A @ _g(B @ x))),
    ("Each output has a sigmoid of its own: they do not add up to 1.",
     lambda A, B, x: _soft(A @ _g(B @ x))),
    ("A is transposed, but A z̃ needs it as it is.", lambda A, B, x: _g(A.T @ _g(B @ x))),
    ("A and B are swapped: B meets the inputs first.", lambda A, B, x: _g(B @ _g(A @ x))),
    ("`*` stands where `@` belongs: a layer is a matrix product.",
     lambda A, B, x: _g(A * _g(B @ x)), lambda A, B, x: _g(A * _g(B * x))),
    ("Return the outputs alone, not both layers.", lambda A, B, x: (_g(B @ x), _g(A @ _g(B @ x)))),
    ("The last hidden unit is left out.", lambda A, B, x: _g(A[:, :-1] @ _g(B @ x)[:-1])),
    ("This network has no bias: nothing is added to the sums.",
     lambda A, B, x: _g(A @ _g(B @ x) + 1), lambda A, B, x: _g(A @ _g(B @ x + 1))),
    ("The inputs are scaled already: take them as they are.",
     lambda A, B, x: _g(A @ _g(B @ (x / 255)))),
    generic="axis sum mean extreme shared",
)  # fmt: skip


def _soft(a):
    return np.exp(a) / np.exp(a).sum(0)


@exercise(3)
def forward(A, B, x):
    """Compute both layers' outputs for the galaxies x (N_in, S)."""
    zt = np.stack([_g(B @ column) for column in x.T], axis=1)
    return zt, np.stack([_g(A @ column) for column in zt.T], axis=1)


forward.cases(
    lambda rng: ((f"{what} and S={S}", (A, B, x)) for what, S, (A, B, x, _) in _networks(rng))
)


def _layers(A, B, x, hidden=_g, output=_g):
    zt = hidden(B @ x)
    return zt, output(A @ zt)


_raw = np.asarray

forward.mistakes(
    ("The hidden layer has no sigmoid.", lambda A, B, x: _layers(A, B, x, _raw)),
    ("z_tilde is what comes out of the sigmoid.", lambda A, B, x: (B @ x, _layers(A, B, x)[1])),
    ("z is computed from the sums: z_tilde, after its sigmoid, belongs there.",
     lambda A, B, x: (_g(B @ x), _g(A @ (B @ x)))),
    ("The output layer has no sigmoid.", lambda A, B, x: _layers(A, B, x, _g, _raw)),
    ("Both layers lack their sigmoid.", lambda A, B, x: _layers(A, B, x, _raw, _raw)),
    ("A is transposed, but A z̃ needs it as it is.",
     lambda A, B, x: (_g(B @ x), _g(A.T @ _g(B @ x)))),
    ("The galaxies are averaged first: each keeps its column.",
     lambda A, B, x: _layers(A, B, x.mean(1)),
     lambda A, B, x: _layers(A, B, x.mean(1, keepdims=True))),
    ("z goes through the sigmoid twice.",
     lambda A, B, x: _layers(A, B, x, _g, lambda a: _g(_g(a)))),
    ("Both are divided by S: nothing is averaged here.",
     lambda A, B, x: [a / x.shape[1] for a in _layers(A, B, x)]),
    ("The hidden layer has tanh in place of the sigmoid.",
     lambda A, B, x: _layers(A, B, x, np.tanh)),
    ("Both layers have tanh in place of the sigmoid.",
     lambda A, B, x: _layers(A, B, x, np.tanh, np.tanh)),
    ("The output layer has a softmax in place of the sigmoid.",
     lambda A, B, x: _layers(A, B, x, _g, _soft)),
    ("The output layer has a softmax in place of the sigmoid, along the batch.",
     lambda A, B, x: _layers(A, B, x, _g, lambda a: _soft(a.T).T)),
    generic="pair sum mean left_out alone",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 3.4, 3.5

# The loss is Σ(z − y)⁴, and from 3.5 on the hidden layer has tanh: no cell of the chapter answers.
NO_4 = "The fourth power's factor 4 is missing."
NO_OUTPUT = "The slope of the output's sigmoid is missing: z(1 - z)."
NO_HIDDEN = "The slope of the hidden tanh is missing: 1 - z̃²."
NO_TRANSPOSE = "The transpose is missing: errors go back through Aᵀ."
SQUARED = "That is the gradient of the squared error: here the loss is Σ(z - y)⁴."
SIGMOID = "z̃(1 - z̃) is the slope of the sigmoid: here the hidden layer has tanh."
CHAPTER = "That is the chapter's gradient: here are a fourth power and a tanh."


def _fourth_slopes(A, B, x, y, error=lambda e: 4 * e**3, output=True, hidden=True, back="oh,o->h"):
    """Return both gradients of Σ(z − y)⁴ behind tanh, summed over the batch in a loop."""
    grad_A, grad_B = np.zeros(A.shape), np.zeros(B.shape)
    for xs, ys in zip(x.T, y.T, strict=True):
        zt = np.tanh(B @ xs)
        z = _g(A @ zt)
        d = error(z - ys) * (z * (1 - z) if output else 1)
        grad_A += np.multiply.outer(d, zt)
        grad_B += np.multiply.outer(np.einsum(back, A, d) * (1 - zt**2 if hidden else 1), xs)
    return grad_A, grad_B


@exercise(3)
def gradient_A(z_tilde, z, y):
    """Derive the fourth power's loss of one galaxy by A, shape (N_out, N_hidden)."""
    return np.einsum("os,hs->oh", 4 * (z - y) ** 3 * z * (1 - z), z_tilde)


@gradient_A.cases
def _(rng):
    for what, _, (A, B, x, y) in _networks(rng):
        zt = _g(B @ x[:, :1])
        yield what, (zt, _g(A @ zt), y[:, :1])
    zt = rng.uniform(0, 1, (5, 1))
    yield "5 hidden units, 12 outputs", (zt, rng.uniform(0, 1, (12, 1)), rng.uniform(0, 1, (12, 1)))


# Slips at the output, in either gradient: what `_grad_A` and `_grad_B` are to be given.
AT_THE_OUTPUT = [
    (SQUARED, {"factor": 2, "error": lambda e: e}),
    (SQUARED, {"factor": 1, "error": lambda e: e}),
    (NO_4, {"factor": 1}),
    ("The fourth power gives a factor 4 once.", {"factor": 16}),
    ("The derivative of a fourth power is 4(z - y)³: the third power is missing.",
     {"error": lambda e: e}),
    ("The derivative of a fourth power is 4(z - y)³, with a sign: here it is squared.",
     {"error": lambda e: e**2}),
    ("The derivative of the fourth power is 4(z - y)³: the error stands there three times.",
     {"error": lambda e: e**4}),
    ("The signs are lost: (z - y)³ is negative where z is below y.",
     {"error": lambda e: abs(e) ** 3}),
    (NO_OUTPUT, {"output": np.ones_like}),
    ("The slope z(1 - z) and the factor 4 are missing.", {"factor": 1, "output": np.ones_like}),
    ("Of the slope z(1 - z), the factor (1 - z) is missing.", {"output": lambda z: z}),
    ("Of the slope z(1 - z), the factor z is missing.", {"output": lambda z: 1 - z}),
    ("The slope is z(1 - z), with a minus.", {"output": lambda z: z * (1 + z)}),
    ("The slope is z(1 - z), with a minus.", {"output": lambda z: 1 + z}),
    ("The slope z(1 - z) enters once: the power is the error's alone.",
     {"output": lambda z: (z * (1 - z)) ** 2}),
    ("The slope z(1 - z) enters once: the power is the error's alone.",
     {"output": lambda z: (z * (1 - z)) ** 3}),
    ("That is the slope of tanh: the sigmoid's is z(1 - z).", {"output": lambda z: 1 - z**2}),
    ("z is an output already: its slope is z(1 - z), not g(z)(1 - g(z)).",
     {"output": lambda z: _g(z) * (1 - _g(z))}),
]  # fmt: skip


def _grad_A(factor=4.0, output=lambda z: z * (1 - z), error=lambda e: e**3):
    return lambda t, z, y: factor * error(z - y) * output(z) @ t.T


gradient_A.mistakes(
    *((sentence, _grad_A(**slip)) for sentence, slip in AT_THE_OUTPUT),
    ("The slope is that at z, not at y: z(1 - z).",
     lambda t, z, y: 4 * ((z - y) ** 3 * y * (1 - y)) @ t.T),
    ("Brackets are missing around z - y.",
     lambda t, z, y: (4 * (z - y**3 * z * (1 - z))) @ t.T,
     lambda t, z, y: (4 * z - y**3 * z * (1 - z)) @ t.T,
     lambda t, z, y: (4 * (z**3 - y**3) * z * (1 - z)) @ t.T),
    ("z̃ is missing: the weight of A multiplies it.",
     lambda t, z, y: 4 * (z - y) ** 3 * z * (1 - z),
     lambda t, z, y: 4 * (z - y) ** 3 * z * (1 - z) + 0 * t.T),
    ("Divide by nothing: the loss is the sum over the outputs.",
     lambda t, z, y: gradient_A.right(t, z, y) / len(z)),
    ("The hidden layer's slope belongs to the gradient for B.",
     lambda t, z, y: _grad_A()(t * (1 - t), z, y)),
    ("The transpose of z̃ is missing, and `@` belongs there.",
     lambda t, z, y: 4 * (z - y) ** 3 * z * (1 - z) * t),
    ("`@` stands where `*` belongs: e³∘z∘(1 - z).",
     lambda t, z, y: 4 * (z - y) ** 3 @ (z.T @ (1 - z)) @ t.T),
    ("The known outputs are rounded: take y as it is.",
     lambda t, z, y: _grad_A()(t, z, np.rint(y))),
    generic="flat sum mean",
)  # fmt: skip


@exercise(3)
def gradient_B(A, x, z_tilde, z, y):
    """Derive the fourth power's loss of one galaxy by B, behind tanh, shape (N_hidden, N_in)."""
    d = 4 * (z - y) ** 3 * z * (1 - z)
    return np.einsum("oh,os,hs,is->hi", A, d, 1 - z_tilde**2, x)


@gradient_B.cases
def _(rng):
    for what, _, (A, B, x, y) in _networks(rng):
        zt = np.tanh(B @ x[:, :1])
        yield what, (A, x[:, :1], zt, _g(A @ zt), y[:, :1])


def _grad_B(
    factor=4.0,
    output=lambda z: z * (1 - z),
    hidden=lambda t: 1 - t**2,
    back=lambda A: A.T,
    error=lambda e: e**3,
):
    return lambda A, x, t, z, y: (back(A) @ (factor * error(z - y) * output(z)) * hidden(t)) @ x.T


def _sigmoid_slope(t):
    return t * (1 - t)


def _delta(z, y):
    return (z - y) ** 3 * z * (1 - z)


gradient_B.mistakes(
    (CHAPTER, _grad_B(2, hidden=_sigmoid_slope, error=lambda e: e)),
    *((sentence, _grad_B(**slip)) for sentence, slip in AT_THE_OUTPUT),
    (SIGMOID, _grad_B(hidden=_sigmoid_slope)),
    (NO_TRANSPOSE, _grad_B(back=lambda A: A)),
    ("A reshape is no transpose: errors go back through Aᵀ.",
     _grad_B(back=lambda A: A.reshape(A.shape[::-1]))),
    (NO_HIDDEN, _grad_B(hidden=np.ones_like)),
    ("The factor 4 and the slope of the hidden tanh are missing.", _grad_B(1, hidden=np.ones_like)),
    ("Both slopes are missing: z(1 - z) and 1 - z̃².",
     _grad_B(output=np.ones_like, hidden=np.ones_like)),
    ("The slope of tanh is 1 - z̃², with a square.", _grad_B(hidden=lambda t: 1 - t)),
    ("The slope of tanh is 1 - z̃², with a minus.", _grad_B(hidden=lambda t: 1 + t**2)),
    ("The slope of tanh is 1 - z̃², not its square.", _grad_B(hidden=lambda t: (1 - t**2) ** 2)),
    ("z̃ is not yet the slope of tanh: that is 1 - z̃².",
     _grad_B(hidden=lambda t: t), _grad_B(hidden=lambda t: t**2)),
    ("z̃ has been through tanh already: its slope is 1 - z̃², not 1 - tanh(z̃)².",
     _grad_B(hidden=lambda t: 1 - np.tanh(t) ** 2)),
    ("z̃ has been through tanh already: its slope is 1 - z̃².",
     _grad_B(hidden=lambda t: _g(t) * (1 - _g(t)))),
    ("Aᵀ acts on e³∘z∘(1 - z).",
     lambda A, x, t, z, y: 4 * (A.T @ (z - y) ** 3 * z * (1 - z) * (1 - t**2)) @ x.T),
    ("The third power is taken of each output's error, before Aᵀ.",
     lambda A, x, t, z, y: 4 * ((A.T @ ((z - y) * z * (1 - z))) ** 3 * (1 - t**2)) @ x.T),
    ("The error ẽ = Aᵀ[…] is missing.",
     lambda A, x, t, z, y: 4 * (_delta(z, y) * (1 - t**2)) @ x.T),
    ("A is missing: the error goes back through Aᵀ.",
     lambda A, x, t, z, y: 4 * (_delta(z, y).sum() * (1 - t**2)) @ x.T),
    ("The rows of A are not to be normalized: errors go back through Aᵀ.",
     _grad_B(back=lambda A: (A / A.sum(0)).T),
     _grad_B(back=lambda A: (A / A.sum(1, keepdims=True)).T),
     _grad_B(back=lambda A: (A / np.linalg.norm(A)).T)),
    ("`@` stands where `*` belongs.",
     lambda A, x, t, z, y: 4 * A.T @ _delta(z, y) @ (t.T @ (1 - t)) @ x.T,
     lambda A, x, t, z, y: 4 * A.T @ _delta(z, y) @ (1 - t**2).T @ x),
    ("x belongs at the end, in place of z̃.", lambda A, x, t, z, y: _grad_B()(A, t, t, z, y)),
    ("x is missing: the weight of B multiplies it.",
     lambda A, x, t, z, y: _grad_B()(A, np.ones((1, 1)), t, z, y),
     lambda A, x, t, z, y: _grad_B()(A, np.ones_like(x), t, z, y)),
    ("The inputs have no tanh, and so no slope.",
     lambda A, x, t, z, y: _grad_B()(A, x * (1 - x), t, z, y),
     lambda A, x, t, z, y: _grad_B()(A, 1 - x**2, t, z, y)),
    ("That is the error at the hidden layer: it is not yet the gradient.",
     lambda A, x, t, z, y: A.T @ _delta(z, y), lambda A, x, t, z, y: 4 * A.T @ _delta(z, y)),
    ("That is the gradient for A.", lambda A, x, t, z, y: gradient_A.right(t, z, y)),
    ("Divide by nothing: the loss is the sum over the outputs.",
     lambda A, *a: gradient_B.right(A, *a) / len(A)),
    ("Divide by nothing: the hidden units' errors are not averaged.",
     lambda A, *a: gradient_B.right(A, *a) / A.shape[1]),
    generic="flat sum mean absolute",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 3.6


@exercise(3)
def gradients(A, B, x, y):
    """Average both gradients of 3.5's loss over the batch, the S columns of x and y."""
    return tuple(grad / x.shape[1] for grad in _fourth_slopes(A, B, x, y))


@gradients.cases
def _(rng):
    for what, S, case in _networks(rng):
        yield f"{what} and S={S}", case
    yield "3 inputs, 2 hidden units, 5 outputs and S=11", _random_network(rng, 5, 2, 3, 11)


def _mean(factor_A=1.0, factor_B=1.0, slopes=_fourth_slopes, **options):
    """Return a function for both averaged gradients, changed by a factor or an option."""

    def changed(A, B, x, y):
        factors = [f(A, x) if callable(f) else f for f in (factor_A, factor_B)]
        return [
            f * g / x.shape[1] for f, g in zip(factors, slopes(A, B, x, y, **options), strict=True)
        ]

    return changed


def _both(factor):
    return _mean(factor, factor)


def _columns(choose):
    return lambda A, B, x, y: _fourth_slopes(A, B, choose(x), choose(y))


def _layer_by_layer(
    first=np.tanh, hidden=lambda t: 1 - t**2, error=lambda e: 4 * e**3, led=None, join=np.matmul
):
    """Return a function for both averaged gradients by products; options change a step."""

    def changed(A, B, x, y):
        zt = first(B @ x)
        z = _g(A @ zt)
        d = error(z - y) * z * (1 - z)
        dt = (A.T @ (d if led is None else led(z - y))) * hidden(zt)
        return [join(a, b.T) / x.shape[1] for a, b in ((d, zt), (dt, x))]

    return changed


gradients.mistakes(
    (CHAPTER, _mean(slopes=slopes)),
    ("That is the chapter's gradient, and 1/S is missing: here are a fourth power and a tanh.",
     slopes),
    (SQUARED, _mean(error=lambda e: 2 * e), _mean(error=lambda e: e)),
    ("The hidden layer has tanh here, not the sigmoid.",
     _layer_by_layer(_g, _sigmoid_slope), _layer_by_layer(_g)),
    (SIGMOID, _layer_by_layer(hidden=_sigmoid_slope)),
    ("The third power is missing: the derivative of (z - y)⁴ is 4(z - y)³.",
     _mean(error=lambda e: 4 * e)),
    ("The derivative of (z - y)⁴ is 4(z - y)³, with a sign: here it is squared.",
     _mean(error=lambda e: 4 * e**2)),
    ("1/S is missing: that is the sum over the batch.", _both(lambda A, x: x.shape[1])),
    ("1/S is missing in the first gradient.", _mean(lambda A, x: x.shape[1], 1)),
    ("1/S is missing in the second gradient.", _mean(1, lambda A, x: x.shape[1])),
    (NO_4, _both(0.25)),
    ("The factor 4 is missing in the second gradient.", _mean(1, 0.25)),
    ("The factor 4 is missing in the first gradient.", _mean(0.25, 1)),
    (NO_OUTPUT, _mean(output=False)),
    (NO_HIDDEN, _mean(hidden=False)),
    (NO_TRANSPOSE, _mean(back="ho,o->h")),
    ("The error goes back through Aᵀ with its slope: e³∘z∘(1 - z).",
     _layer_by_layer(led=lambda e: 4 * e**3), _layer_by_layer(led=lambda e: e**3)),
    ("S is the number of galaxies, which are columns: this divides by the inputs.",
     _both(lambda A, x: x.shape[1] / len(x))),
    ("S is the number of galaxies, which are columns: this divides by the outputs.",
     _both(lambda A, x: x.shape[1] / len(A))),
    ("Divide by S alone: this divides by the outputs too.", _both(lambda A, x: 1 / len(A))),
    ("Divide by S once: this divides twice.", _both(lambda A, x: 1 / x.shape[1])),
    ("Divide by S, not by its root.", _both(lambda A, x: x.shape[1] ** 0.5)),
    ("Divide by S, not by S - 1.", _both(lambda A, x: x.shape[1] / np.float64(x.shape[1] - 1))),
    ("Batches have any size: divide by S, the number of columns, not by 8.",
     _both(lambda A, x: x.shape[1] / 8)),
    ("That is the first galaxy alone.", _columns(lambda a: a[:, :1])),
    ("That is the last galaxy alone.", _columns(lambda a: a[:, -1:])),
    ("Average the gradients, not the galaxies.", _columns(lambda a: a.mean(1, keepdims=True))),
    generic="pair flat sum mean",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 3.7


@judged(3)
def batches(answer):
    """Hand out the batches of one epoch."""
    draw = answer.rng
    x = draw.permutation(200.0 + np.arange(138)).reshape(6, 23)
    y = x[:2] + 1000

    def epochs(x, y, size, *rngs):
        for made in answer.several(*[(x, y, size, rng) for rng in rngs]):
            if not isinstance(made, list):
                raise Wrong("Hand out a list of pairs (x_b, y_b), or yield them.")
            if is_endless(made):
                raise Wrong("The batches do not end: stop when every galaxy was met once.")
            yield [_pair(pair, x, y) for pair in made]

    seed = int(draw.integers(2**31))
    rng, same = np.random.default_rng(seed), np.random.default_rng(seed)
    first, second, repeated = epochs(x, y, 5, rng, rng, same)
    widths = [a.shape[-1] if a.ndim == 2 else None for a, _ in first]
    a, b = first[0] if first else (x[:, :0], y[:, :0])
    left_out = widths == [5] * 4  # costs a quarter, where all else is right
    n_met = 20 if left_out else 23
    forbid(
        (not first, "There is no batch: was a generator used up before?"),
        (a.shape == (5, 6), "A column is a galaxy: x_b should be (6, 5), not (5, 6)."),
        (a.shape[:1] == (2,) and b.shape[:1] == (6,), "x_b comes first, then y_b."),
        (0 in widths, "The last batch is empty."),
        (widths == [4, 4, 4, 4, 4, 3], "The batches hold 4 galaxies: use `batch_size`."),
        (widths == [5], "There is one batch alone: go through all galaxies."),
        (widths == [23], "There is one batch of all galaxies: cut it."),
        (len(widths) == 5
             and sum(w or 0 for w in widths) == 23
             and widths[0] != 3
             and widths != [5, 5, 5, 5, 3],
         f"The batches are {widths} wide: all but the last have `batch_size` galaxies."),
        (widths == [5] * 5,
         "The last batch is filled up: each galaxy comes once, so it has 3 of 23."),
        (not left_out and widths != [5, 5, 5, 5, 3],
         f"23 galaxies in batches of 5 come as {widths}, not as [5, 5, 5, 5, 3]."),
        ({a.shape[0] for a, _ in first} != {6}, f"x_b has shape {a.shape}, not (6, 5)."),
        ([(2, w) for w in widths] != [b.shape for _, b in first],
         f"y_b has shape {b.shape}, not (2, 5)."),
    )  # fmt: skip
    columns, targets = (np.concatenate(part, axis=1) for part in zip(*first, strict=True))
    again = np.concatenate([a for a, _ in second], axis=1)
    # Both epochs: a shuffle of six inputs leaves them in place once in 720 times.
    both = np.concatenate([columns, again], axis=1)
    here, met, there = ({tuple(column) for column in part.T} for part in (columns, both, x))
    forbid(
        (np.array_equal(targets, y[:, :n_met]) and not np.array_equal(columns, x[:, :n_met]),
         "y is left in its old order: shuffle it as x."),
        (not met <= there and np.array_equal(np.sort(both.ravel()), np.sort([x, x], axis=None)),
         "The inputs of a galaxy are shuffled too: its column is to stay as it is."),
        (not met <= there, "Some columns of x_b are no galaxy of x."),
        ((targets - 1000 != columns[:2]).any(), "x and y are shuffled apart: use one permutation."),
        (len(here) < n_met, "Some galaxies come twice, others never: use a permutation."),
        (np.array_equal(columns, x[:, :n_met]),
         "The galaxies come in their old order: shuffle them."),
        (np.array_equal(columns, x[:, ::-1][:, :n_met]),
         "The galaxies come in their old order, backwards: shuffle them."),
    )  # fmt: skip
    blocks = [set(a[0]) for a, _ in first]
    in_order = [set(x[0, i : i + 5]) for i in range(0, n_met, 5)]
    repeat = np.concatenate([a for a, _ in repeated], axis=1)
    place = {value: i for i, value in enumerate(x[0])}
    runs = [[place[v] for v in a[0]] for a, _ in first]
    forbid(
        (blocks == in_order, "Galaxies are shuffled inside a batch only: shuffle them all."),
        (all(np.all(np.diff(run) == 1) for run in runs),
         "The batches are shuffled, not the galaxies in them."),
        (np.array_equal(columns, again),
         "The next epoch has the same order: draw a new one from `rng`."),
        (not np.array_equal(columns, repeat),
         "The same seed gives another order: draw from `rng` alone."),
    )  # fmt: skip
    for n, size in ((20, 5), (9, 4), (6, 7)):
        what = f"{n} galaxies in batches of {size}"
        fitting = [min(size, n - i) for i in range(0, n, size)]
        fitting = [size] * (n // size) if left_out else fitting
        x_n = draw.normal(size=(4, n)).astype(np.float32)
        try:
            (made,) = epochs(x_n, x_n[:3] + 7, size, rng)
        except Failure as failure:
            raise Wrong(f"For {what}: {failure.told}") from None
        widths = [a.shape[-1] for a, _ in made]
        forbid(
            (0 in widths, f"For {what}: the last batch is empty."),
            (widths != fitting, f"For {what}: they come as {widths}, not as {fitting}."),
        )
    if left_out:
        raise Wrong("The last batch, a short one, is left out.", share=0.75)


def _pair(pair, x, y):
    if isinstance(pair, np.ndarray) and pair.ndim == 2 and len(pair) == len(x):
        raise Wrong("A batch is a pair (x_b, y_b): this is x_b alone.")
    if not isinstance(pair, list) or len(pair) != 2:
        raise Wrong("Hand out pairs (x_b, y_b): two arrays for each batch.")
    a, b = as_numbers(pair, (x, y))
    if a.ndim == 1 and a.dtype.kind in "iu":
        raise Wrong("Hand out the columns of x and y, not their numbers.")
    if a.ndim != 2 or b.ndim != 2:
        raise Wrong(f"x_b has shape {a.shape}, y_b {b.shape}: both have a column for each galaxy.")
    return a, b


# ------------------------------------------------------------------------------------ 3.8


@exercise(3)
def numerical_gradient(loss, w, h):
    """Take the central differences of ``loss``, in the shape of ``w``."""
    return _differences(lambda loss, w, step, h: (loss(w + step) - loss(w - step)) / (2 * h))(
        loss, w, h
    )


@numerical_gradient.cases
def _(rng):
    # As many slopes of each sign: by chance alone they would all be positive now and then.
    c = rng.permutation([-1, 1] * 3).reshape(2, 3) * rng.uniform(1, 7, (2, 3))
    yield "weights of shape (2, 3)", (_curved(c), rng.normal(size=(2, 3)), 0.1)
    c = rng.permutation([-1, 1] * 2) * rng.uniform(1, 3, 4)
    yield "weights of shape (4,)", (lambda w: np.sum(c * w**3), rng.normal(size=4), 0.2)
    d = rng.uniform(1, 3, (2, 2, 3))
    yield (
        "weights of shape (2, 2, 3)",
        (lambda w: np.sum(d * np.exp(w)), rng.normal(size=d.shape), 0.3),
    )


def _curved(c):
    return lambda w: np.sum(c * np.exp(w)) + w[0, 0] * w[1, 1]


def _differences(rule):
    """Return a numerical gradient by ``rule(loss, w, step, h)``, weight by weight."""

    def gradient(loss, w, h):
        steps = h * np.eye(w.size).reshape(w.size, *w.shape)
        return np.reshape([rule(loss, w, step, h) for step in steps], w.shape)

    return gradient


def _central(loss, w, s, h):
    return (loss(w + s) - loss(w - s)) / (2 * h)


def _never_put_back(loss, w, h):
    gradient, moved = np.zeros(w.shape), w.copy()
    for place in np.ndindex(*w.shape):
        moved[place] += h
        above = loss(moved)
        moved[place] -= 2 * h
        gradient[place] = (above - loss(moved)) / (2 * h)
    return gradient


def _piled_up(loss, w, h):
    gradient, above, below = np.zeros(w.shape), w.copy(), w.copy()
    for place in np.ndindex(*w.shape):
        above[place] += h
        below[place] -= h
        gradient[place] = (loss(above) - loss(below)) / (2 * h)
    return gradient


def _one_loop(loss, w, h):
    steps = h * np.eye(len(w))
    return [_central(loss, w, step.reshape(-1, *[1] * (w.ndim - 1)), h) for step in steps]


def _changed(change):
    return lambda *a: change(numerical_gradient.right(*a))


numerical_gradient.mistakes(
    ("That is a step to one side: take w + h and w - h.",
     _differences(lambda f, w, s, h: (f(w + s) - f(w)) / h),
     _differences(lambda f, w, s, h: (f(w) - f(w - s)) / h)),
    ("That is a step to one side, and the points are h apart.",
     _differences(lambda f, w, s, h: (f(w + s) - f(w)) / (2 * h))),
    ("The two points are 2h apart: divide by 2h.",
     _differences(lambda f, w, s, h: 2 * _central(f, w, s, h))),
    ("The points are h apart, h/2 to each side: go by h.",
     _differences(lambda f, w, s, h: _central(f, w, s / 2, h))),
    ("The points are 4h apart, 2h to each side: go by h.",
     _differences(lambda f, w, s, h: _central(f, w, 2 * s, h))),
    ("The division by 2h is missing.", _differences(lambda f, w, s, h: _central(f, w, s, 0.5))),
    ("Brackets are missing: `/ 2 * h` multiplies by h.",
     _differences(lambda f, w, s, h: _central(f, w, s, h) * h * h)),
    ("That is the second derivative: f(w + h) - f(w - h).",
     _differences(lambda f, w, s, h: (f(w + s) - 2 * f(w) + f(w - s)) / h**2)),
    ("That is the length of the gradient: return all its entries.", _changed(np.linalg.norm)),
    ("The step is `h`, not one of your own.",
     lambda f, w, h: numerical_gradient.right(f, w, 1e-4)),
    ("All weights moved at once: move one at a time.",
     lambda f, w, h: np.full(w.shape, _central(f, w, h, h)), lambda f, w, h: _central(f, w, h, h)),
    ("Put each weight back before the next one moves.", _never_put_back, _piled_up),
    ("Both points are the same: is `above = w` the array itself? Copy it.", lambda f, w, h: 0 * w),
    ("One loop moves whole rows: move one weight at a time.", _one_loop),
    generic="flat absolute left_out",
)  # fmt: skip
