"""Is an argument what it should be? If not: its name, its value and the mend, in one sentence.

Every function here returns the argument, in the type that its name says, or raises a ValueError.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import os
import reprlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
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


def one_of(*choices: Any) -> Callable:
    """Return a check that asks for one of ``choices``."""
    *most, last = (repr(choice).replace("'", '"') for choice in choices)

    def check(name: str, value: Any) -> Any:
        with suppress(Exception):  # of a comparison of a reader's own
            if not isinstance(value, (bool, np.bool_, np.ndarray)) and value in choices:
                return value
        raise wrong(name, value, f"give {', '.join(most)} or {last}")

    return check


def text(name: str, value: Any, empty: bool = False) -> str:
    """Return a text; only where it may be ``empty`` can it be without letters."""
    if isinstance(value, str) and (empty or value.strip()):
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


def paths(name: str, value: Any) -> Path | list[Path]:
    """Return a path, or a list of at least one."""
    if not isinstance(value, (list, tuple)):
        return path(name, value)
    if not value:
        raise wrong(name, value, "give the path of a file, or several")
    return [path(name, one) for one in value]


def seed(name: str, value: Any) -> Any:
    """Return what `numpy.random.default_rng` takes."""
    try:
        if not isinstance(value, (bool, np.bool_, str, bytes)):
            np.random.default_rng(value)
            return value
    except Exception:  # NumPy's own message fails where the value's repr does
        pass
    raise wrong(name, value, "give a whole number, 0 or more, or a Generator of numpy.random")


def array(name: str, value: Any, shape: tuple, kinds: str = "iuf") -> np.ndarray:
    """Return an array; ``shape`` says its lengths, as numbers or names (``...`` for any shape).

    A length of pairs, "P", may be 0, no other.
    """
    try:
        given = np.asarray(value)
        # A list of other things is one of objects, or of texts.
        fits = given.dtype.kind in kinds
        if fits and (shape == ... or _fits(given.shape, shape)):
            return given
    except (TypeError, ValueError):  # rows of different lengths
        pass
    axes = "" if shape == ... else f" ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
    numbers = "numbers" if "f" in kinds else "whole numbers"
    raise wrong(name, value, f"give an array{axes} of {numbers}")


def _fits(lengths: tuple, shape: tuple) -> bool:
    return len(lengths) == len(shape) and all(
        length == wanted if isinstance(wanted, int) else length > 0 or wanted == "P"
        for wanted, length in zip(shape, lengths, strict=True)
    )


def optional(check: Callable | tuple) -> Callable:
    """Return a check that lets None pass."""
    given = partial(array, shape=check) if isinstance(check, tuple) else check
    return lambda name, value: None if value is None else given(name, value)


def having(attribute: str, mend: str) -> Callable:
    """Return a check that asks for an attribute, whatever the class."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, type) and hasattr(value, attribute):
            return value
        raise wrong(name, value, mend)

    return check


def several(check: Callable, mend: str, n: int | None = None) -> Callable:
    """Return a check of a sequence (of ``n``), each entry of which passes ``check``."""

    def check_all(name: str, value: Any) -> list:
        listed = isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim > 0)
        if isinstance(value, (str, bytes)) or not listed or n not in (None, len(value)):
            raise wrong(name, value, mend)
        return [check(f"{name}[{i}]", entry) for i, entry in enumerate(value)]

    return check_all


def record(kind: type, **lows: int) -> Callable:
    """Return a check of a NamedTuple of whole numbers, of at least 1 or what ``lows`` says."""

    def check(name: str, value: Any) -> Any:
        mend = f"give a {kind.__name__} of whole numbers, each 1 or more"
        mend += "".join(f", {field} {low} or more" for field, low in lows.items())
        if not isinstance(value, tuple) or len(value) != len(kind._fields):
            raise wrong(name, value, mend)
        try:
            fields = zip(kind._fields, value, strict=True)
            return kind(*(whole(field, each, lows.get(field, 1)) for field, each in fields))
        except ValueError:
            raise wrong(name, value, mend) from None

    return check


def arrays(*names: str) -> Callable:
    """Return a check of a dict that holds a two-dimensional array under each of ``names``."""

    def check(name: str, value: Any) -> dict[str, np.ndarray]:
        if not isinstance(value, dict) or value.keys() != set(names):
            raise wrong(name, value, f"give a dict of {', '.join(names)}")
        return {key: array(f"{name}[{key!r}]", each, ("n", "m")) for key, each in value.items()}

    return check


def shaped(name: str, value: np.ndarray, shape: tuple[int, ...], others: str) -> None:
    """Ask for the shape that other arguments leave to this one."""
    if value.shape != tuple(shape):
        raise wrong(name, value, f"give {tuple(shape)}, which suits {others}")


def function(name: str, value: Any) -> Callable:
    """Return a function."""
    if callable(value):
        return value
    raise wrong(name, value, "give a function")


ANY = partial(array, shape=...)
PIXELS = partial(array, shape=..., kinds="iufV")  # V: the bands of a pixel as one
CLASS, TURN = partial(whole, low=0, high=9), partial(whole, low=0, high=7)
BELOW_1 = partial(number, low=0, high=1, open_at="high", such_as=0.1)
SHARE = partial(number, low=0, high=1, such_as=0.1)
INSIDE = partial(number, low=0, high=1, open_at="low high", such_as=0.8)
POSITIVE = partial(number, low=0, high=math.inf, open_at="low", such_as=0.2)
ROOM = partial(number, low=0, high=math.inf, such_as=4e9)
GALAXIES = having("input_size", "give a DataManager")
AXES = optional(having("imshow", "give axes of matplotlib, or None"))
CAPTION = partial(text, empty=True)


def takes(**checks: Callable | tuple) -> Callable:
    """Return a decorator that checks arguments by name before the function sees them.

    A check is a function of this file, called with name and value, or the shape of an array:
    lengths that have the same name in two shapes must be equal.
    """

    def decorate(function: Callable) -> Callable:
        names = list(inspect.signature(function).parameters)

        @functools.wraps(function)
        def checked(*values, **named):
            lengths: dict[str, tuple] = {}
            given = [
                _checked(checks[name], name, value, lengths) if name in checks else value
                for name, value in zip(names, values, strict=False)
            ]
            for name in named.keys() & checks.keys():
                named[name] = _checked(checks[name], name, named[name], lengths)
            return function(*given, *values[len(names) :], **named)

        return checked

    return decorate


def _checked(check: Callable | tuple, name: str, value: Any, lengths: dict[str, tuple]) -> Any:
    if not isinstance(check, tuple):
        return check(name, value)
    value = array(name, value, check)
    for length, axis in zip(value.shape, check, strict=True):
        other, first = lengths.setdefault(axis, (name, length))
        if first != length:
            raise wrong(name, value, f"its {axis} is {length}; give {first}, as {other} has")
    return value
