"""The names by which the simulator asks for its checks: `checked` has them.

Its source names the sample, so that it changes when the drawing does, and not before.
"""

from collections.abc import Callable
from functools import partial

from galaxy_lib import checked
from galaxy_lib.checked import a_seed as seed
from galaxy_lib.checked import having, whole

__all__ = ["CLASS", "having", "seed", "takes", "whole"]

CLASS = partial(whole, low=0, high=9)


def takes(**checks: Callable) -> Callable:
    """Return a decorator that checks arguments by name before the function sees them."""
    return lambda function: checked.guarded(function, checks)
