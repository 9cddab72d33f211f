"""Chapter 4's narrow valley, with β, η and the starting point in the reader's hands."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import traitlets

from galaxy_lib.checked import Positive, a_number, check_of, several, truth, whole
from galaxy_lib.living.figure import STATIC, LivingFigure


def _start(name: str, value: Any) -> list[float]:
    ends = (
        partial(a_number, low=-11, high=4, such_as=-10),
        partial(a_number, low=-2.2, high=2.2, such_as=1.5),
    )
    given = several(lambda _name, each: each, "give two numbers, such as [-10, 1.5]", 2)(
        name, value
    )
    return [
        check(f"{name}[{i}]", each) for i, (check, each) in enumerate(zip(ends, given, strict=True))
    ]


class Valley(LivingFigure):
    """The path down L = ½ Σ λᵢ wᵢ² with momentum, and beside it with the plain step (chapter 4).

    Attributes
    ----------
    curvature : list of 2 floats
        λ₀ and λ₁, the curvatures along w₀ and w₁.
    start : list of 2 floats
        w₀ in [−11, 4] and w₁ in [−2.2, 2.2], where both paths begin.
    eta, beta : float
        The learning rate η in [0.002, 4], and β in [0, 0.98]; set them, and the figure follows.
    noise : bool
        Whether Gaussian noise of spread 5 is added to each component of the gradient.
    n_steps : int
    """

    _esm = STATIC / "valley.js"

    _checks: ClassVar = LivingFigure._checks | {
        "curvature": several(
            check_of(Positive), "give two numbers above 0, such as [1.0, 50.0]", 2
        ),
        "start": _start,
        "eta": partial(a_number, low=0.002, high=4, such_as=0.04),
        "beta": partial(a_number, low=0, high=0.98, such_as=0.9),
        "noise": truth,
        "n_steps": whole,
    }

    curvature = traitlets.List(traitlets.Float(), [1.0, 50.0]).tag(sync=True)
    start = traitlets.List(traitlets.Float(), [-10.0, 1.5]).tag(sync=True)
    eta = traitlets.Float(0.039).tag(sync=True)
    beta = traitlets.Float(0.9).tag(sync=True)
    noise = traitlets.Bool(False).tag(sync=True)
    n_steps = traitlets.Int(60).tag(sync=True)

    def __init__(self, **traits) -> None:
        super().__init__(**self._checked(traits))
