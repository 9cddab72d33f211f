"""Mistakes that many exercises share: each changes what is right, and has its sentence.

An exercise names those that fit it by their words, as in ``generic="transposed flat"``; those of
`ALWAYS` are looked for in every array. A change takes an array; where it has no meaning for one,
it raises. Of a result in several parts it changes each part, but ``pair`` the parts themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

ALWAYS = "sign transposed rounded overflow"


def _along(cut: Callable) -> list[Callable]:
    """Return what ``cut`` does along the first axis and along the last."""
    return [cut, lambda v: np.moveaxis(cut(np.moveaxis(v, -1, 0)), 0, -1)]


def _over(summary: Callable) -> list[Callable]:
    """Return a summary of all values, and of each column and each row, with its axis or without."""
    ways = [{}, *({"axis": a, "keepdims": k} for a in (0, -1) for k in (False, True))]
    return [lambda v, way=way: summary(v, **way) for way in ways]


def _kept(keep: Callable) -> list[Callable]:
    """Return changes that fill the places or columns up that are not kept, with NaN or 0.

    ``keep`` chooses them by their numbers, of which there are n.
    """
    return [
        lambda v, n=n, fill=fill: np.where(
            keep(np.arange(n(v)), n(v)).reshape(v.shape if n is np.size else -1), v, fill
        )
        for n in (np.size, lambda v: v.shape[-1])
        for fill in (np.nan, 0)
    ]


# By word: sentences, each with the changes that it is said of.
MISTAKES: dict[str, list[tuple]] = {
    "sign": [("The sign is wrong: every value has the opposite one.", np.negative)],
    "absolute": [("The signs are lost: take no absolute values.", np.abs)],
    "positive": [("Values below 0 became 0: keep them.", lambda v: np.maximum(v, 0))],
    "complement": [("That is 1 minus what it should be.", lambda v: 1 - v)],
    "percent": [("That is in per cent: return a fraction.", lambda v: 100 * v)],
    "transposed": [
        ("The result is transposed: rows and columns are swapped.", np.transpose),
        ("A reshape is no transpose: the entries are mixed.", lambda v: v.T.reshape(v.shape))],
    "rounded": [
        ("The values are rounded: keep the fractions.", np.rint, lambda v: np.round(v, 1)),
        ("The values are rounded down: keep the fractions.", np.floor),
        ("The values are cut down to integers: keep the fractions.",
         np.trunc, lambda v: np.nan_to_num(v).astype(int))],
    "overflow": [
        ("Integers overflowed: uint8 counts to 255, then from 0 again.",
         lambda v: np.mod(v, 256), lambda v: v.astype(np.uint8)),
        ("Integers overflowed: int8 ends at -128 and 127.", lambda v: v.astype(np.int8))],
    "flat": [("The result is flat: keep its rows and columns.", np.ravel)],
    "axis": [("The result has an axis too many.", lambda v: v[:, None], lambda v: v[None])],
    "sum": [("Values are added up that are to stay apart.", *_over(np.sum))],
    "mean": [("Values are averaged that are to stay apart.", *_over(np.nanmean))],
    "extreme": [
        ("That is the largest value alone: return all of them.", np.max),
        ("That is the smallest value alone: return all of them.", np.min),
        ("That is the place of one value: return all values.", np.argmax, np.argmin)],
    "order": [
        ("The order is turned round.", *_along(np.flipud), np.flip),
        ("The values are sorted: keep their order.", np.sort, lambda v: np.sort(v)[::-1]),
        ("The values are shifted by one place.",
         lambda v: np.roll(v, 1, 0), lambda v: np.roll(v, -1, 0))],
    "left_out": [
        ("The last one is left out.",
         *_along(lambda v: v[:-1]), lambda v: v[:-1, :-1], *_kept(lambda i, n: i < n - 1)),
        ("The first one is left out.", *_along(lambda v: v[1:]), lambda v: v[1:, 1:])],
    "alone": [
        ("That is the first one alone: does `return` stand inside the loop?",
         *_along(lambda v: v[:1]), lambda v: v[0], lambda v: v[:, 0], *_kept(lambda i, n: i < 1)),
        ("That is the last one alone.",
         *_along(lambda v: v[-1:]), lambda v: v[-1], lambda v: v[:, -1],
         *_kept(lambda i, n: i == n - 1))],
    "absent": [
        ("Where there is nothing to divide by, the value is NaN.",
         *(lambda v, fill=fill: np.nan_to_num(v, nan=fill) for fill in (0, 1, -1, np.inf)),
         lambda v: v[~np.isnan(v)])],
    "shared": [
        ("The values are divided by their sum.", lambda v: v / v.sum(), lambda v: v / v.sum(0),
         lambda v: v / v.sum(-1, keepdims=True))],
    "pair": [
        ("The order of the two results is wrong.", lambda v: v[::-1]),
        ("Return both results: this is the first alone.", lambda v: v[0]),
        ("Return both results: this is the second alone.", lambda v: v[1]),
        ("Both results are the first one.", lambda v: [v[0]] * 2),
        ("Both results are the second one.", lambda v: [v[1]] * 2)],
    "rows": [
        ("The order in the pairs is wrong.", lambda v: v[:, ::-1]),
        ("Rows are numbered from 0, not from 1.", lambda v: v + 1),
        ("Return the pairs: this is their number.", len),
        ("Return pairs of rows, not single rows.", np.unique, lambda v: np.unique(v[:, 0])),
        ("No pair is found.", lambda v: v[:0])],
}  # fmt: skip


class OutOfPlace(Exception):
    """A change has no meaning for a result: no answer ends with this error."""


def changes(words: str) -> Iterator[tuple[str, Callable]]:
    """Give each ``(sentence, change)`` of `MISTAKES`, the change one of any result."""
    for word in words.split():
        for sentence, *some in MISTAKES[word]:
            for change in some:
                yield sentence, _of_any(change, whole=word == "pair")


def _of_any(change: Callable, whole: bool) -> Callable:
    def changed(value):
        try:
            parts = value if isinstance(value, tuple) else None
            if whole:
                return change(parts)
            return [change(np.asarray(v)) for v in parts] if parts else change(np.asarray(value))
        except Exception:
            raise OutOfPlace from None

    return changed
