"""Is an argument what it should be? If not: its name, its value and the mend, in one sentence.

A check stands in the annotation, as in ``partition: Inside = 0.8``, and `checked`, above the
function, applies it: the argument comes in the type that the check says, or it is a ValueError.
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
from types import FunctionType, NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

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
        given = operator.index(value)
        if not isinstance(value, (bool, np.bool_)) and low <= given <= upper:
            return given
    except TypeError:
        pass
    span = f", {low} or more" if high is None else f" from {low} to {high}"
    raise wrong(name, value, f"give a whole number{span}")


def a_number(
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


def a_text(name: str, value: Any, empty: bool = False) -> str:
    """Return a text; only where it may be ``empty`` can it be without letters."""
    if isinstance(value, str) and (empty or value.strip()):
        return value
    raise wrong(name, value, "give a text")


def a_path(name: str, value: Any) -> Path:
    """Return a path, with ``~`` written out."""
    mend = "give the path of a file"
    if not isinstance(value, (str, os.PathLike)) or "\0" in (given := os.fspath(value) or "\0"):
        raise wrong(name, value, mend)
    try:
        return Path(given).expanduser()
    except (RuntimeError, TypeError):
        raise wrong(name, value, f"{mend}; there is no such user") from None


def some_paths(name: str, value: Any) -> Path | list[Path]:
    """Return a path, or a list of at least one."""
    if not isinstance(value, (list, tuple)):
        return a_path(name, value)
    if not value:
        raise wrong(name, value, "give the path of a file, or several")
    return [a_path(name, one) for one in value]


def a_seed(name: str, value: Any) -> Any:
    """Return what `numpy.random.default_rng` takes."""
    try:
        if not isinstance(value, (bool, np.bool_, str, bytes)):
            np.random.default_rng(value)
            return value
    except Exception:  # NumPy's own message fails where the value's repr does
        pass
    raise wrong(name, value, "give a whole number, 0 or more, or a Generator of numpy.random")


def an_array(name: str, value: Any, shape: tuple, kinds: str = "iuf") -> np.ndarray:
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
    given = partial(an_array, shape=check) if isinstance(check, tuple) else check
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


def a_record(kind: type, **lows: int) -> Callable:
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


def a_dict_of_arrays(*names: str) -> Callable:
    """Return a check of a dict that holds a two-dimensional array under each of ``names``."""

    def check(name: str, value: Any) -> dict[str, np.ndarray]:
        if not isinstance(value, dict) or value.keys() != set(names):
            raise wrong(name, value, f"give a dict of {', '.join(names)}")
        return {key: an_array(f"{name}[{key!r}]", each, ("n", "m")) for key, each in value.items()}

    return check


def shaped(name: str, value: np.ndarray, shape: tuple[int, ...], others: str) -> None:
    """Ask for the shape that other arguments leave to this one."""
    if value.shape != tuple(shape):
        raise wrong(name, value, f"give {tuple(shape)}, which suits {others}")


def a_function(name: str, value: Any) -> Callable:
    """Return a function."""
    if callable(value):
        return value
    raise wrong(name, value, "give a function")


Whole = Annotated[int, whole]
Class = Annotated[int, partial(whole, low=0, high=9)]
Share = Annotated[float, partial(a_number, low=0, high=1, such_as=0.1)]
BelowOne = Annotated[float, partial(a_number, low=0, high=1, open_at="high", such_as=0.1)]
NotNegative = Annotated[float, partial(a_number, low=0, high=math.inf, such_as=4e9)]
Inside = Annotated[float, partial(a_number, low=0, high=1, open_at="low high", such_as=0.8)]
Positive = Annotated[float, partial(a_number, low=0, high=math.inf, open_at="low", such_as=0.2)]
Truth = Annotated[bool, truth]
Text = Annotated[str, a_text]
Caption = Annotated[str, partial(a_text, empty=True)]
FilePath = Annotated[str | os.PathLike, a_path]
FilePaths = Annotated[str | os.PathLike | Sequence[str | os.PathLike], some_paths]
Seed = Annotated[Any, a_seed]
Function = Annotated[Callable, a_function]
Galaxies = Annotated[Any, having("input_size", "give a DataManager")]
AnyAxes = Annotated[Any, having("imshow", "give axes of matplotlib, or None")]
AnyArray = Annotated[np.ndarray, partial(an_array, shape=...)]


def checked(function: Callable) -> Callable:
    """Check the arguments as their annotations say, before the function sees them.

    A parameter is annotated with ``Annotated[type, check]`` or a name for it, ``| None`` where None
    passes. A check is a function of this file, called with name and value, or the shape of an
    array: lengths that have the same name in two shapes must be equal.
    """
    bare = FunctionType(function.__code__, function.__globals__, closure=function.__closure__)
    # Without what is returned: that may be the class in which the method stands.
    bare.__annotations__ = {k: v for k, v in function.__annotations__.items() if k != "return"}
    hints = get_type_hints(bare, include_extras=True)
    found = {name: check for name, hint in hints.items() if (check := check_of(hint))}
    return guarded(function, found)


def check_of(hint: Any) -> Callable | tuple | None:
    """Return the check that an annotation holds, or None."""
    if get_origin(hint) is Annotated:
        return hint.__metadata__[-1]
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if len(kinds) == 1 and len(get_args(hint)) == 2 and (check := check_of(kinds[0])):
        return optional(check)
    return None


def guarded(function: Callable, checks: dict[str, Callable | tuple]) -> Callable:
    """Return a function that applies the checks, by the names of parameters, and then calls."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checking(*values, **named):
        lengths: dict[str, tuple] = {}
        given = [
            _checked(checks[name], name, value, lengths) if name in checks else value
            for name, value in zip(names, values, strict=False)
        ]
        for name in [name for name in named if name in checks]:
            named[name] = _checked(checks[name], name, named[name], lengths)
        return function(*given, *values[len(names) :], **named)

    return checking


def _checked(check: Callable | tuple, name: str, value: Any, lengths: dict[str, tuple]) -> Any:
    if not isinstance(check, tuple):
        return check(name, value)
    value = an_array(name, value, check)
    for length, axis in zip(value.shape, check, strict=True):
        other, first = lengths.setdefault(axis, (name, length))
        if first != length:
            raise wrong(name, value, f"its {axis} is {length}; give {first}, as {other} has")
    return value
