"""Is an argument what it should be? If not: its name, its value and the mend, in one sentence.

Every function here returns the argument, in the type that its name says, or raises a ValueError.
"""

from __future__ import annotations

import math
import operator
import os
import reprlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np


def wrong(name: str, value: Any, mend: str) -> ValueError:
    """Return the error to raise: ``learning_rate is '0.2': give a number above 0, such as 0.2.``"""
    if isinstance(value, np.ndarray) and value.ndim:
        shown = f"an array {value.shape} of {value.dtype}"
    else:
        try:
            shown = " ".join(reprlib.repr(value).split())
        except Exception:  # a repr of a reader's own
            shown = f"a {type(value).__name__}"
    return ValueError(f"{name} is {shown}: {mend}.")


def whole(name: str, value: Any, low: int = 1, high: int | None = None) -> int:
    """Return a whole number from ``low`` to ``high``, both allowed."""
    upper = math.inf if high is None else high
    try:
        number = operator.index(value)
        if not isinstance(value, (bool, np.bool_)) and low <= number <= upper:
            return number
    except TypeError:
        pass
    span = f", {low} or more" if high is None else f" from {low} to {high}"
    raise wrong(name, value, f"give a whole number{span}")


def number(
    name: str, value: Any, low: float, high: float, *, open_at: str = "", such_as: float
) -> float:
    """Return a finite number from ``low`` to ``high``, the ends in ``open_at`` ("low high") not."""
    try:
        if isinstance(value, (bool, np.bool_, str, bytes)) or np.ndim(value):
            raise TypeError
        given = float(value)
        inside = given > low if "low" in open_at else given >= low
        inside &= given < high if "high" in open_at else given <= high
        if inside and math.isfinite(given):
            return given
    except (TypeError, ValueError, OverflowError):
        pass
    start = f"above {low:g}" if "low" in open_at else f"of at least {low:g}"
    end = f" and below {high:g}" if "high" in open_at else f" and at most {high:g}"
    end = "" if math.isinf(high) else end
    raise wrong(name, value, f"give a number {start}{end}, such as {such_as:g}")


def truth(name: str, value: Any) -> bool:
    """Return True or False."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise wrong(name, value, "give True or False")


def one_of(name: str, value: Any, choices: Collection) -> Any:
    """Return one of ``choices``."""
    try:
        if not isinstance(value, (bool, np.bool_, np.ndarray)) and value in choices:
            return value
    except (TypeError, ValueError):
        pass
    *most, last = (repr(choice).replace("'", '"') for choice in choices)
    raise wrong(name, value, f"give {', '.join(most)} or {last}")


def text(name: str, value: Any) -> str:
    """Return a text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value
    raise wrong(name, value, "give a text")


def path(name: str, value: Any) -> Path:
    """Return a path, with ``~`` written out."""
    mend = "give the path of a file"
    if not isinstance(value, (str, os.PathLike)) or "\0" in (given := os.fspath(value) or "\0"):
        raise wrong(name, value, mend)
    try:
        return Path(given).expanduser()
    except (RuntimeError, TypeError):
        raise wrong(name, value, f"{mend}; there is no such user") from None


def generator(name: str, value: Any) -> np.random.Generator:
    """Return the random numbers that a seed stands for; see `numpy.random.default_rng`."""
    try:
        if not isinstance(value, (bool, np.bool_, str, bytes)):
            return np.random.default_rng(value)
    except (TypeError, ValueError):
        pass
    raise wrong(name, value, "give a whole number, 0 or more, or a Generator of numpy.random")


def array(name: str, value: Any, shape: tuple, dtype: Any = None) -> np.ndarray:
    """Return an array of finite numbers, its ``shape`` in lengths and names of lengths."""
    axes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    try:
        given = np.asarray(value)
        fits = given.ndim == len(shape) and all(
            isinstance(wanted, str) or wanted == length
            for wanted, length in zip(shape, given.shape, strict=True)
        )
        if fits and given.dtype.kind in "iuf" and np.isfinite(given).all():
            return given if dtype is None else given.astype(dtype)
        if fits and given.dtype.kind in "iuf":
            raise wrong(name, given, f"some of its numbers are not finite; give ({axes}) numbers")
    except (TypeError, OverflowError):
        pass
    raise wrong(name, value, f"give an array ({axes}) of numbers")
