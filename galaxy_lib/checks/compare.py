"""Compare what an answer gave with what is right, and say what is true of the difference.

What came back is plain data of the worker's; numbers are equal up to their rounding. Who runs an
answer, and on which inputs, is `runner`.
"""

from __future__ import annotations

import base64

import numpy as np

from galaxy_lib.checks.generic import ALWAYS, changes
from galaxy_lib.checks.worker import FIRST

TOLERANCE = {2: 5e-3, 4: 1e-4, 8: 1e-4}  # of the largest value, by the bytes of a float
LEFT_OF_ZERO = 1e-13  # what rounding leaves where values of about 1 cancel


class Wrong(Exception):
    """A mistake was found: its sentence, and the ``share`` that is right all the same."""

    def __init__(self, sentence: str, share: float = 0.0) -> None:
        super().__init__(sentence)
        self.share = share


class Failure(Exception):
    """The answer ended with an error: its type's ``name``, and what is ``told`` about it."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__(told)
        self.name, self.told = name, told


class Unordered(list):
    """What a set held."""


def unpacked(value):
    """Return plain data as lists, numbers and arrays again."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        raw = np.frombuffer(base64.b64decode(value["array"]), np.dtype(value["dtype"]))
        return raw.reshape(value["shape"])
    if "dict" in value:
        return {key: unpacked(item) for key, item in value["dict"]}
    if "set" in value:
        return Unordered(map(unpacked, value["set"]))
    return Other(value["kind"], value.get("large"))


class Other:
    """What is no number and no text: only its type's name came back."""

    def __init__(self, kind: str, shape: list | None = None) -> None:
        self.kind, self.shape = kind, shape


def as_numbers(value, right, what: str = "The result"):
    """Return ``value`` as an array of numbers, or as a tuple of arrays where ``right`` is one."""
    if isinstance(right, tuple):
        if isinstance(value, Unordered) or not isinstance(value, list | tuple | np.ndarray):
            made = (
                f"a {_kind(value)}"
                if isinstance(value, Other | str | dict | list)
                else "one number"
            )
            raise Wrong(f"Return {len(right)} values, as in `return first, second`, not {made}.")
        n = len(value) if isinstance(value, list | tuple) or value.ndim else 1
        if n != len(right):
            raise Wrong(f"Return {len(right)} values, as in `return first, second`, not {n}.")
        names = [f"Value {i} of the result" for i in range(1, len(right) + 1)]
        return tuple(map(as_numbers, value, right, names))
    if isinstance(value, Other) and value.shape:
        raise Wrong(f"{what} has shape {tuple(value.shape)}: it should be {np.shape(right)}.")
    if isinstance(value, Other | str | dict | Unordered):
        raise Wrong(f"{what} is a {_kind(value)}: it should be made of numbers.")
    if value is None:
        raise Wrong(f"{what} is None: it should be made of numbers.")
    try:
        array = np.asarray(value)
    except ValueError:
        raise Wrong(f"{what} has rows of different lengths.") from None
    if array.dtype.kind == "O" and all(isinstance(item, int) for item in array.ravel()):
        array = array.astype(float)  # integers beyond 64 bits
    if array.dtype.kind not in "biuf":
        raise Wrong(f"{what} holds something else than numbers.")
    return array.reshape(()) if array.size == 1 and np.ndim(right) == 0 else array


def _kind(value) -> str:
    if isinstance(value, Other):
        return value.kind
    return "set" if isinstance(value, Unordered) else type(value).__name__


def close(value, other) -> bool:
    """Say whether values are equal up to their rounding: to float16, or to three decimals.

    Below `LEFT_OF_ZERO` a value is what rounding leaves of 0, as in 1 − z where z is almost 1.
    """
    if isinstance(other, tuple):
        if not isinstance(value, tuple) or len(value) != len(other):
            return False
        return all(close(v, o) for v, o in zip(value, other, strict=True))
    value, other = np.asarray(value), np.asarray(other)
    if value.shape != other.shape or value.dtype.kind not in "biuf":
        return False
    exact, bytes_each = other.dtype.kind != "f", value.dtype.itemsize
    bytes_each = bytes_each if value.dtype.kind == "f" else 8
    value = value.astype(float)
    size = np.abs(other[np.isfinite(other)]).max(initial=0) or 1
    tolerance = size * (1e-9 if exact else TOLERANCE.get(bytes_each, 1e-4))
    if not exact:
        tolerance = max(tolerance, LEFT_OF_ZERO)
    if not exact and size > 0.002 and np.array_equal(value, np.round(value, 3), equal_nan=True):
        tolerance = max(tolerance, 5.01e-4)
    return np.allclose(value, other, 0, tolerance, equal_nan=True)


def agree(value, other) -> bool:
    """Say whether two values, or what went wrong in place of them, are the same."""
    if isinstance(value, Failure) or isinstance(other, Failure):
        both = isinstance(value, Failure) and isinstance(other, Failure)
        return both and value.name == other.name
    if isinstance(value, Wrong) or isinstance(other, Wrong):
        raw, other_raw = getattr(value, "raw", None), getattr(other, "raw", None)
        if raw is None or other_raw is None:
            return raw is other_raw and str(value) == str(other)
        return close(raw, other_raw)
    return close(value, other)


def what_is_general(values, wanted) -> str:
    """Return the sentence of a mistake of any exercise's, where it explains every value."""
    flat = []
    for value, right in zip(values, wanted, strict=True):
        parts = isinstance(right, tuple)
        flat += zip(value, right, strict=True) if parts else [(value, right)]
    for sentence, change in changes(ALWAYS):
        if sum(np.size(w) for _, w in flat) > 3 and all(close(v, change(w)) for v, w in flat):
            return sentence
    if any(v.shape != np.shape(w) for v, w in flat):
        return ""
    v = np.concatenate([np.ravel(v).astype(float) for v, _ in flat])
    w = np.concatenate([np.ravel(w).astype(float) for _, w in flat])
    ratio = np.nansum(v * w) / (np.nansum(w * w) or 1)
    if v.size > 3 and abs(ratio) > 1e-3 and all(close(v, ratio * w) for v, w in flat):
        return f"Every value is {ratio:.3g} times what it should be: a factor is wrong."
    return ""


def what_differs(what: str, value, right, always: bool) -> str:
    """Say what is true of one case: the error, the shape, or the first entry that differs."""
    start = f"For {what}: "
    if isinstance(value, Failure):
        return value.told if always else start + value.told
    if isinstance(value, Wrong):
        return str(value) if always else start + str(value)
    pairs = [*zip(value, right, strict=True)] if isinstance(right, tuple) else [(value, right)]
    for i, (v, r) in enumerate(pairs, 1):
        which = f"value {i} of the result" if len(pairs) > 1 else "the result"
        r = np.asarray(r)
        if v.shape != r.shape:
            return f"{start}{which} has shape {v.shape}, but should have shape {r.shape}."
        if close(v, r):
            continue
        if not r.ndim:
            return f"{start}{which} is {v:.4g}, but should be {r:.4g}."
        with np.errstate(all="ignore"):
            off = np.where(np.isnan(v) & np.isnan(r), 0, np.abs(v.astype(float) - r))
        off = np.where(np.isnan(off), np.inf, off)
        far = off > 0.3 * off.max() if np.isfinite(off.max()) else np.isinf(off)
        place = tuple(int(k) for k in np.argwhere(far)[0])
        at = ", ".join(map(str, place))
        return f"{start}entry [{at}] of {which} is {v[place]:.4g}, but should be {r[place]:.4g}."
    raise AssertionError("no difference to tell")


def forbid(*mistakes: tuple[object, str]) -> None:
    """Raise `Wrong` with the sentence of the first mistake ``(was it made, sentence)`` made."""
    for made, sentence in mistakes:
        if made:
            raise Wrong(sentence)


def row_pairs(value) -> np.ndarray:
    """Read a list or set of pairs, or an array (n, 2), in any order."""
    try:
        pairs = [(float(i), float(j)) for i, j in value]
        if any(i % 1 or j % 1 for i, j in pairs):
            raise ValueError
        return np.array(sorted({(int(i), int(j)) for i, j in pairs}), int).reshape(-1, 2)
    except (TypeError, ValueError):
        raise Wrong("Return a list of pairs of row numbers, such as [(0, 3), (1, 2)].") from None


def is_endless(made) -> bool:
    """Say whether as much came back as is ever taken from a generator."""
    return len(made) >= FIRST
