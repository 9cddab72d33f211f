"""Gradients held to finite differences of their loss (chapters 3 and 7)."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checked import Function, Seed, Whole, checked
from galaxy_lib.network import (
    HIDDEN_UNITS,
    HiddenUnit,
    Inputs,
    OfA,
    OfB,
    OfBiasA,
    OfBiasB,
    Outputs,
    cross_entropy,
    gradients,
    loss,
)


def _cross_entropy_loss(A, B, x, y, a, b, hidden="sigmoid") -> float:
    return cross_entropy(A @ HIDDEN_UNITS[hidden][0](B @ x + b) + a, y)


class GradientErrors(tuple):
    """The relative errors of the gradients: a tuple, ``.A``, ``.B`` and so on, a line for each."""

    def __new__(cls, **errors: float) -> GradientErrors:
        self = super().__new__(cls, errors.values())
        vars(self).update(errors)
        return self

    def __repr__(self) -> str:
        return "\n".join(f"grad_{w}: relative error {error:.1e}" for w, error in vars(self).items())


@checked
def check_gradients(
    A: OfA, B: OfB, x: Inputs, y: Outputs, gradients: Function = gradients, *,
    a: OfBiasA | None = None, b: OfBiasB | None = None, hidden: HiddenUnit = "sigmoid",
    max_weights: Whole = 2000, seed: Seed = None,
) -> GradientErrors:  # fmt: skip
    """Hold ``gradients`` to central differences of the loss in float64 (chapters 3 and 7).

    The relative errors ‖difference‖ / ‖gradient‖, ``.A`` and ``.B`` of what is returned, are below
    1e-6 where the gradient is right and above 1e-3 where it is wrong.

    Parameters
    ----------
    A, B, x, y : float arrays, as in `gradients`; taken as float64
    gradients : function to check, the library's or yours; a ValueError if its shapes are wrong
    a, b, hidden : as in `cross_entropy_gradients`, a function like which is then to be checked
    max_weights : int; of a larger matrix so many weights are tried, drawn at random with ``seed``
    """
    given = {"A": A, "B": B, "x": x, "y": y} | ({} if a is None else {"a": a, "b": b})
    given = {name: np.array(array, dtype=np.float64) for name, array in given.items()}
    if hidden != "sigmoid":
        given["hidden"] = hidden
    value = loss if a is None else _cross_entropy_loss
    rng, step, errors = np.random.default_rng(seed), 1e-5, {}
    names = "AB" if a is None else "ABab"
    returned = gradients(*given.values())
    if not isinstance(returned, (tuple, list)) or len(returned) != len(names):
        raise ValueError(f"gradients returned no {' and '.join(f'grad_{name}' for name in names)}.")
    for name, gradient in zip(names, returned, strict=True):
        weights = given[name]
        shape = np.shape(gradient)
        if shape != weights.shape:
            raise ValueError(f"grad_{name} has shape {shape}, but {name} has {weights.shape}.")
        chosen = rng.permutation(weights.size)[:max_weights]
        slopes = np.zeros(len(chosen))
        for i, place in enumerate(chosen):
            before = weights.flat[place]
            for sign in (1, -1):
                weights.flat[place] = before + sign * step
                slopes[i] += sign * value(*given.values()) / (2 * step)
            weights.flat[place] = before
        difference = np.linalg.norm(np.ravel(gradient)[chosen] - slopes)
        errors[name] = float(difference / max(np.linalg.norm(slopes), np.finfo(float).tiny))
    return GradientErrors(**errors)
