"""Answers to the checked exercises, written from the texts of the exercises alone.

The author saw neither the checks nor the solutions: the verdicts follow what the texts ask for.
``BANK`` lists (exercise, kind, mistake, answer); the answer is what a student hands to the check.
A "wrong" one is to be refused, a "right" one to be accepted, and a "silent" one is an attempt
that brings nothing back: it is neither correct nor "not attempted yet".
"""

import contextlib
import functools
import itertools
import math
import operator
from collections import Counter, defaultdict

import numpy as np

from galaxy_lib import network

BANK = []


def exercise(name):
    """Return three functions that add a wrong, a right, a silent answer: call or decorator."""

    def adder(kind):
        def add(mistake, *answer):
            if not answer:
                return lambda function: add(mistake, function)
            # A class stands for its instance, which is called as a function.
            value = answer[0]() if isinstance(answer[0], type) else answer[0]
            BANK.append((name, kind, mistake, value))
            return value

        return add

    def right(*answer):
        return adder("right")("", *answer)

    return adder("wrong"), right, adder("silent")


def g(x):
    """Return the sigmoid, as the notebooks' ``g`` does."""
    return 1 / (1 + np.exp(-x))


# 1.1 ------------------------------------------------------------------------------------------
wrong, right, _ = exercise("bytes_of_pictures")
for value in (
    17736 * 256 * 256 * 3,
    17_736 * 256**2 * 3,
    3_487_039_488,
    3487039488.0,
    np.int64(17736) * 256 * 256 * 3,
    math.prod((17736, 256, 256, 3)),
    np.prod([17736, 256, 256, 3], dtype=np.int64),
    np.array(17736 * 256 * 256 * 3),
):
    right(value)
for mistake, value in {
    "forgets the bands": 17736 * 256 * 256,
    "forgets a side of the picture": 17736 * 256 * 3,
    "counts one picture only": 256 * 256 * 3,
    "counts the pictures": 17736,
    "counts bits": 17736 * 256 * 256 * 3 * 8,
    "takes four bytes for a number, as for float32": 17736 * 256 * 256 * 3 * 4,
    "takes eight bytes for a number, as for float64": 17736 * 256 * 256 * 3 * 8.0,
    "adds in place of multiplying": 17736 + 256 + 256 + 3,
    "gives gigabytes": 17736 * 256 * 256 * 3 / 1e9,
    "gives mebibytes": 17736 * 256 * 256 * 3 / 2**20,
    "gives gibibytes, rounded": 3.25,
    "rounds to half a gigabyte": 3.5e9,
    "lets the product overflow in 32 bits": -807927808,
    "lets the product wrap round as an unsigned byte": 0,
    "mistypes the number of pictures": 17763 * 256 * 256 * 3,
    "takes 255 pixels a side": 17736 * 255 * 255 * 3,
    "takes four bands": 17736 * 256 * 256 * 4,
    "leaves the shape in place of the product": (17736, 256, 256, 3),
    "leaves a text": "17736 * 256 * 256 * 3",
}.items():
    wrong(mistake, value)

# 1.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("count_types")
right(lambda answers: np.bincount(answers, minlength=10))
right(lambda answers: [int(np.sum(answers == kind)) for kind in range(10)])
right(lambda answers: np.array([np.count_nonzero(answers == k) for k in range(10)], float))
right(lambda answers: tuple(list(answers).count(k) for k in range(10)))
right(lambda answers: np.histogram(answers, bins=np.arange(11))[0])
right(lambda answers: (np.asarray(answers)[:, None] == np.arange(10)).sum(axis=0))
right(functools.partial(np.bincount, minlength=10))


@right()
def _(answers):
    counts = np.full(10, np.nan)
    for kind in range(10):
        counts[kind] = (answers == kind).sum()
    return counts


@right()
def _(answers):
    counter = Counter(answers.tolist())
    return [counter[kind] for kind in range(10)]


@right()
def _(answers):
    counts = np.zeros(10, np.int32)
    np.add.at(counts, answers, 1)
    return counts


@right()
class CountTypes:
    def __call__(self, answers):
        counts = np.zeros(10)
        kinds, n = np.unique(answers, return_counts=True)
        counts[kinds] = n
        return counts


wrong("misses empty classes at the end", lambda answers: np.bincount(answers))
wrong("misses every empty class", lambda answers: np.unique(answers, return_counts=True)[1])
wrong("takes nine classes", lambda answers: [np.sum(answers == k) for k in range(9)])
wrong("starts at class 1", lambda answers: [np.sum(answers == k) for k in range(1, 11)])
wrong("has an eleventh entry", lambda answers: np.bincount(answers, minlength=11))
wrong("sorts the counts", lambda answers: np.sort(np.bincount(answers, minlength=10)))
wrong("gives fractions", lambda answers: np.bincount(answers, minlength=10) / len(answers))
wrong("turns the order round", lambda answers: np.bincount(answers, minlength=10)[::-1])
wrong("tells which classes occur", lambda answers: [int(k in answers) for k in range(10)])
wrong("sums the answers, not ones", lambda a: [int(a[a == k].sum()) for k in range(10)])
wrong("counts in uint8", lambda a: np.array([np.sum(a == k) for k in range(10)]).astype(np.uint8))
wrong("bins of equal width from min to max", lambda a: np.histogram(a, bins=10)[0])
wrong("counts from a class upwards", lambda a: [int(np.sum(a >= k)) for k in range(10)])
wrong("returns a dictionary's values as met", lambda a: list(Counter(a.tolist()).values()))
wrong("adds one at repeated places once", lambda a: np.isin(np.arange(10), a).astype(float))
wrong("returns the number of galaxies only", lambda a: len(a))
wrong("returns pairs of class and count", lambda a: [(k, int(np.sum(a == k))) for k in range(10)])
wrong("leaves empty classes NaN", lambda a: [np.sum(a == k) or np.nan for k in range(10)])
wrong("forgets the last galaxy", lambda a: np.bincount(a[:-1], minlength=10))


@wrong("keeps its counts from call to call")
def _(answers, counts=np.zeros(10)):  # noqa: B008
    for answer in answers:
        counts[answer] += 1
    return counts


@wrong("returns inside the loop")
def _(answers):
    counts = np.zeros(10)
    for kind in range(10):
        counts[kind] = np.sum(answers == kind)
        return counts


@silent("adds to the NaN of the template")
def _(answers):
    counts = np.full(10, np.nan)
    for answer in answers:
        counts[answer] += 1
    return counts


@silent("leaves the result under another name")
def _(answers):
    counts = np.full(10, np.nan)
    result = np.bincount(answers, minlength=10)  # noqa: F841
    return counts


@silent("forgets to return")
def _(answers):
    counts = np.bincount(answers, minlength=10)  # noqa: F841


@silent("prints in place of returning")
def _(answers):
    with contextlib.redirect_stdout(None):
        print(np.bincount(answers, minlength=10))


# 1.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("redness")
right(lambda p: p[..., 0].mean() - p[..., 2].mean())
right(lambda p: float(np.mean(p[:, :, 0].astype(int) - p[:, :, 2])))
right(lambda p: np.mean(p[..., 0].astype(np.int16) - p[..., 2].astype(np.int16)))
right(lambda p: (p @ np.array([1.0, 0.0, -1.0])).mean())
right(lambda p: np.einsum("hwb,b->", p.astype(float), [1.0, 0.0, -1.0]) / p[..., 0].size)
right(lambda p: np.array(np.subtract(p[..., 0], p[..., 2], dtype=np.float32).mean(dtype=float)))
right(lambda p: round(float(p[..., 0].mean() - p[..., 2].mean()), 3))
right(lambda p: -np.diff(p[..., ::2].astype(float), axis=-1).mean())
right(lambda p: (int(p[..., 0].sum()) - int(p[..., 2].sum())) / (p.shape[0] * p.shape[1]))


@right()
def _(picture):
    total = 0
    for row in picture.tolist():
        for red, _, blue in row:
            total += red - blue
    return total / (len(picture) * len(picture[0]))


wrong("subtracts in uint8", lambda p: np.mean(p[..., 0] - p[..., 2]))
wrong("blue minus red", lambda p: p[..., 2].mean() - p[..., 0].mean())
wrong("the mean of the absolute difference", lambda p: abs(p[..., 0] - 1.0 * p[..., 2]).mean())
wrong("the absolute mean", lambda p: abs(p[..., 0].mean() - p[..., 2].mean()))
wrong("sums in place of averaging", lambda p: (p[..., 0] - 1.0 * p[..., 2]).sum())
wrong("subtracts the green band", lambda p: p[..., 0].mean() - p[..., 1].mean())
wrong("takes rows for bands", lambda p: p[0].mean() - p[2].mean())
wrong("takes columns for bands", lambda p: p[:, 0].mean() - p[:, 2].mean())
wrong("converts after subtracting", lambda p: (p[..., 0] - p[..., 2]).astype(float).mean())
wrong("converts to int8", lambda p: np.mean(p[..., 0].astype(np.int8) - 1.0 * p[..., 2]))
wrong(
    "reads the wrapped difference as int8", lambda p: (p[..., 0] - p[..., 2]).view(np.int8).mean()
)
wrong("divides by 256² for any picture", lambda p: (p[..., 0] - 1.0 * p[..., 2]).sum() / 256**2)
wrong("divides by the bands too", lambda p: (p[..., 0] - 1.0 * p[..., 2]).sum() / p.size)
wrong("a number for each column", lambda p: (p[..., 0] - 1.0 * p[..., 2]).mean(axis=0))
wrong("scales to 0 to 1", lambda p: (p[..., 0].mean() - p[..., 2].mean()) / 255)
wrong("clips negative differences", lambda p: np.maximum(p[..., 0] - 1.0 * p[..., 2], 0).mean())
wrong("whole numbers by //", lambda p: (p[..., 0] - 1.0 * p[..., 2]).sum() // p[..., 0].size)
wrong("the median", lambda p: np.median(p[..., 0] - 1.0 * p[..., 2]))
wrong("the ratio", lambda p: (p[..., 0] + 1e-9).mean() / (p[..., 2] + 1e-9).mean())
wrong("divides by the height twice", lambda p: (p[..., 0] - 1.0 * p[..., 2]).sum() / len(p) ** 2)
wrong("the middle pixel only", lambda p: float(p[len(p) // 2, 0, 0]) - float(p[len(p) // 2, 0, 2]))


@silent("adds to the NaN of the template")
def _(picture):
    difference = np.nan
    difference += picture[..., 0].mean() - picture[..., 2].mean()
    return difference


@silent("leaves the result under another name")
def _(picture):
    difference = np.nan
    redder = picture[..., 0].mean() - picture[..., 2].mean()  # noqa: F841
    return difference


@silent("forgets to return")
def _(picture):
    picture[..., 0].mean() - picture[..., 2].mean()


# 1.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("close_pairs")


def neighbours(
    ra, dec, radius, *, wrap=True, squeeze=True, unit=3600.0, box=False, closed=False, nan=False
):
    """Return the close pairs by a sweep in declination; the options are mistakes."""
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    known = np.flatnonzero(~(np.isnan(ra) | np.isnan(dec)))
    order = known[np.argsort(dec[known], kind="stable")]
    pairs = []
    for place, i in enumerate(order):
        end = np.searchsorted(dec[order], dec[i] + radius / unit * 1.0001, side="right")
        others = order[place + 1 : end]
        step = ra[others] - ra[i]
        if wrap:
            step = (step + 180) % 360 - 180
        if squeeze:
            step = step * np.cos(np.radians((dec[others] + dec[i]) / 2))
        rise = dec[others] - dec[i]
        apart = np.maximum(abs(step), abs(rise)) if box else np.hypot(step, rise)
        near = apart * unit <= radius if closed else apart * unit < radius
        pairs += [(int(min(i, j)), int(max(i, j))) for j in others[near]]
    if nan:
        lost = [i for i in range(len(ra)) if i not in set(known.tolist())]
        pairs += list(itertools.combinations(lost, 2))
    return sorted(pairs)


right(lambda ra, dec, radius: neighbours(ra, dec, radius))
right(lambda ra, dec, radius: neighbours(ra, dec, radius)[::-1])
right(lambda ra, dec, radius: [list(pair) for pair in neighbours(ra, dec, radius)])
right(lambda ra, dec, radius: [tuple(np.array(pair)) for pair in neighbours(ra, dec, radius)])


@right()
def _(ra, dec, radius):
    # A row against all later rows at once.
    pairs = []
    for i in range(len(ra)):
        step = np.abs(ra[i + 1 :] - ra[i])
        step = np.minimum(step, 360 - step) * np.cos(np.radians(dec[i]))
        apart2 = step**2 + (dec[i + 1 :] - dec[i]) ** 2
        for j in np.flatnonzero(apart2 < (radius / 3600) ** 2):
            pairs.append((i, i + 1 + int(j)))
    return pairs


@right()
def _(ra, dec, radius):
    # Sorted by declination, in plain Python.
    rows = sorted(
        (d, r, i) for i, (r, d) in enumerate(zip(ra, dec, strict=True)) if r == r and d == d
    )
    pairs, limit = [], radius / 3600
    for n, (d, r, i) in enumerate(rows):
        for d2, r2, j in itertools.islice(rows, n + 1, None):
            if d2 - d >= limit:
                break
            step = abs(r2 - r)
            step = min(step, 360 - step) * math.cos(math.radians((d + d2) / 2))
            if math.hypot(step, d2 - d) < limit:
                pairs.append((min(i, j), max(i, j)))
    return pairs


@right()
def _(ra, dec, radius):
    # Strips of declination in a dictionary.
    strips, pairs, height = defaultdict(list), [], radius / 3600
    for i, (r, d) in enumerate(zip(ra.tolist(), dec.tolist(), strict=True)):
        if math.isnan(r + d):
            continue
        strip = math.floor(d / height)
        for j in itertools.chain.from_iterable(strips[strip + k] for k in (-1, 0, 1)):
            step = math.remainder(r - ra[j], 360) * math.cos(math.radians(d))
            if step**2 + (d - dec[j]) ** 2 < height**2:
                pairs.append((j, i))
        strips[strip].append(i)
    return pairs


wrong("seam of right ascension", functools.partial(neighbours, wrap=False))
wrong("forgets the cosine", functools.partial(neighbours, squeeze=False))
wrong("a box in place of a circle", functools.partial(neighbours, box=True))
wrong("takes the radius for arcminutes", functools.partial(neighbours, unit=60.0))
wrong("takes the radius for degrees", functools.partial(neighbours, unit=1.0))
wrong("pairs galaxies without a position", functools.partial(neighbours, nan=True))
wrong("each pair in both orders", lambda *a: [q for p in neighbours(*a) for q in (p, p[::-1])])
wrong("larger row first", lambda *a: [(j, i) for i, j in neighbours(*a)])
wrong("counts the pairs", lambda *a: len(neighbours(*a)))
wrong(
    "pairs each row with itself",
    lambda ra, *a: neighbours(ra, *a) + [(i, i) for i in range(len(ra))],
)
wrong("returns the rows, not the pairs", lambda *a: sorted({i for p in neighbours(*a) for i in p}))
wrong("counts rows from 1", lambda *a: [(i + 1, j + 1) for i, j in neighbours(*a)])
wrong("a radius of 33 for any radius", lambda ra, dec, _: neighbours(ra, dec, 33.0))
wrong("twice the radius", lambda ra, dec, radius: neighbours(ra, dec, 2 * radius))
wrong(
    "forgets the root: compares θ² with the radius",
    lambda ra, dec, r: neighbours(ra, dec, 60 * r**0.5),
)
wrong("swaps ra and dec", lambda ra, dec, radius: neighbours(dec, ra, radius))
wrong("forgets the last pair", lambda *a: neighbours(*a)[:-1])
wrong("no pair is close", lambda *a: [])


@wrong("the cosine of degrees")
def _(ra, dec, radius):
    out = []
    for i, j in itertools.combinations(range(len(ra)), 2):
        step = abs(ra[i] - ra[j])
        step = min(step, 360 - step) * np.cos(dec[i])
        if np.hypot(step, dec[i] - dec[j]) * 3600 < radius:
            out.append((i, j))
    return out


@wrong("the rows of the sorted table, not of the file")
def _(ra, dec, radius):
    order = np.argsort(dec)
    return neighbours(ra[order], dec[order], radius)


@wrong("drops the NaN rows and counts the rest anew")
def _(ra, dec, radius):
    known = ~np.isnan(ra + dec)
    return neighbours(ra[known], dec[known], radius)


@wrong("only the next one by declination")
def _(ra, dec, radius):
    order = np.argsort(dec).tolist()
    beside = {tuple(sorted(pair)) for pair in itertools.pairwise(order)}
    return [pair for pair in neighbours(ra, dec, radius) if pair in beside]


@wrong("only the nearest neighbour of each row")
def _(ra, dec, radius):
    seen, out = set(), []
    for i, j in neighbours(ra, dec, radius):
        if i not in seen:
            out.append((i, j))
        seen.add(i)
    return out


@wrong("takes NaN positions for 0")
def _(ra, dec, radius):
    return neighbours(np.nan_to_num(ra), np.nan_to_num(dec), radius)


@wrong("an early break: sorted by ra, seam and all")
def _(ra, dec, radius):
    order, out = np.argsort(ra), []
    for n, i in enumerate(order):
        for j in order[n + 1 :]:
            if (ra[j] - ra[i]) * 3600 >= radius:
                break
            if (
                np.hypot((ra[j] - ra[i]) * np.cos(np.radians(dec[i])), dec[j] - dec[i]) * 3600
                < radius
            ):
                out.append((int(min(i, j)), int(max(i, j))))
    return out


@silent("appends to another list")
def _(ra, dec, radius):
    pairs = None
    found = []
    for pair in neighbours(ra, dec, radius):
        found.append(pair)
    return pairs


@silent("returns what sort() returns")
def _(ra, dec, radius):
    pairs = neighbours(ra, dec, radius)
    return pairs.sort()


@silent("forgets to return")
def _(ra, dec, radius):
    pairs = neighbours(ra, dec, radius)  # noqa: F841


# 2.1 ------------------------------------------------------------------------------------------
wrong, right, _ = exercise("inputs_per_galaxy")
for value in (
    (256 // 8) ** 2 * 3,
    3072,
    3072.0,
    256 / 8 * 256 / 8 * 3,
    np.int64(3072),
    np.array(3072),
    np.zeros((32, 32, 3)).size,
):
    right(value)
for mistake, value in {
    "forgets to coarsen": 256 * 256 * 3,
    "forgets the bands": 32 * 32,
    "coarsens one side only": 256 * 32 * 3,
    "divides the pixels by 8, not by 64": 256 * 256 * 3 // 8,
    "forgets one side": 32 * 3,
    "coarsens the bands too": 256 * 256 * 3 // 8**3,
    "takes 8 for the side of the coarse picture": 8 * 8 * 3,
    "the number of the default, coarsen=4": 12288,
    "the number of coarsen=16": 768,
    "gives bytes of float32": 3072 * 4,
    "leaves the shape": (32, 32, 3),
    "counts the weights of a hidden layer of 20": 3072 * 20,
    "one more, for a bias": 3073,
    "rounds": 3000,
    "adds": 32 + 32 + 3,
    "leaves number and block together": (3072, 8),
}.items():
    wrong(mistake, value)

# 2.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("one_hot")
right(lambda a: np.where(np.arange(10)[:, None] == a, 0.99, 0.01))
right(lambda a: 0.98 * np.eye(10)[:, a] + 0.01)
right(lambda a: (np.eye(10)[a] * 0.98 + 0.01).T)
right(lambda a: [[0.99 if kind == one else 0.01 for one in a] for kind in range(10)])
right(lambda a: tuple(tuple(0.01 + 0.98 * (a == kind)) for kind in range(10)))
right(lambda a: np.stack([np.where(np.arange(10) == one, 0.99, 0.01) for one in a], axis=1))
right(lambda a: np.choose(np.equal.outer(np.arange(10), a).astype(int), [0.01, 0.99]))
right(lambda a: np.where(np.arange(10)[:, None] == a, np.float32(0.99), np.float32(0.01)))


@right()
def _(answers):
    y = np.full((10, len(answers)), np.nan)
    y[:] = 0.01
    y[answers, np.arange(len(answers))] = 0.99
    return y


@right()
def _(answers):
    y = np.zeros((10, len(answers)), np.float32) + np.float32(0.01)
    for column, answer in enumerate(answers):
        y[answer, column] = 0.99
    return y


@right()
def _(answers):
    y = np.full((10, len(answers)), 0.01)
    np.put_along_axis(y, np.asarray(answers, int)[None, :], 0.99, axis=0)
    return y


wrong("a row for each galaxy", lambda a: np.eye(10)[a] * 0.98 + 0.01)
wrong("0 and 1", lambda a: np.eye(10)[:, a])
wrong("0 elsewhere", lambda a: 0.99 * np.eye(10)[:, a])
wrong("1 at the answer", lambda a: np.where(np.arange(10)[:, None] == a, 1, 0.01))
wrong("0.99 and 0.01 swapped", lambda a: np.where(np.arange(10)[:, None] == a, 0.01, 0.99))
wrong("0.1 elsewhere", lambda a: np.where(np.arange(10)[:, None] == a, 0.99, 0.1))
wrong("0.9 at the answer", lambda a: np.where(np.arange(10)[:, None] == a, 0.9, 0.01))
wrong("adds both numbers", lambda a: 0.99 * np.eye(10)[:, a] + 0.01)
wrong("one class late", lambda a: np.where(np.arange(10)[:, None] == (a + 1) % 10, 0.99, 0.01))
wrong("classes count from 1", lambda a: np.where(np.arange(1, 11)[:, None] == a, 0.99, 0.01))
wrong("nine classes", lambda a: np.where(np.arange(9)[:, None] == a, 0.99, 0.01))
wrong("whole numbers", lambda a: np.where(np.arange(10)[:, None] == a, 0.99, 0.01).astype(int))
wrong("the columns that sum to 1", lambda a: np.where(np.arange(10)[:, None] == a, 0.91, 0.01))
wrong("the classes upside down", lambda a: (0.98 * np.eye(10)[:, a] + 0.01)[::-1])
wrong(
    "as many rows as classes that occur", lambda a: np.where(np.unique(a)[:, None] == a, 0.99, 0.01)
)
wrong(
    "rows up to the largest answer",
    lambda a: np.where(np.arange(a.max() + 1)[:, None] == a, 0.99, 0.01),
)
wrong("sorted answers", lambda a: 0.98 * np.eye(10)[:, np.sort(a)] + 0.01)
wrong("the first galaxy only", lambda a: 0.98 * np.eye(10)[:, a[:1]] + 0.01)
wrong("a square for any number of galaxies", lambda a: np.full((10, 10), 0.01))


@wrong("whole rows at once")
def _(answers):
    y = np.full((10, len(answers)), 0.01)
    y[answers] = 0.99
    return y


@wrong("the template reshaped in place of transposed")
def _(answers):
    return (np.eye(10)[answers] * 0.98 + 0.01).reshape(10, len(answers))


@silent("adds to the NaN of the template")
def _(answers):
    y = np.full((10, len(answers)), np.nan)
    y += 0.01
    for s, answer in enumerate(answers):
        y[answer, s] += 0.98
    return y


@silent("changes a copy")
def _(answers):
    y = np.full((10, len(answers)), np.nan)
    copy = y.copy()
    copy[:] = 0.01
    return y


@silent("forgets to return")
def _(answers):
    y = 0.98 * np.eye(10)[:, answers] + 0.01  # noqa: F841


# 2.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("coarsen")


def blocks(p, c):
    """Return a picture as (h/c, c, w/c, c, bands), in floats."""
    h, w, bands = p.shape
    return p.reshape(h // c, c, w // c, c, bands).astype(float)


right(lambda p, c: blocks(p, c).mean(axis=(1, 3)))
right(lambda p, c: blocks(p, c).mean(1).mean(2).tolist())
right(lambda p, c: np.einsum("ikjlb->ijb", blocks(p, c)) / c**2)
right(lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).mean(axis=(1, 3), dtype=np.float32))
right(lambda p, c: sum(p[i::c, j::c].astype(int) for i in range(c) for j in range(c)) / c**2)
right(
    lambda p, c: (
        np.add.reduceat(
            np.add.reduceat(p.astype(float), range(0, p.shape[0], c), 0), range(0, p.shape[1], c), 1
        )
        / c**2
    )
)
right(lambda p, c: np.round(blocks(p, c).mean(axis=(1, 3)), 3))


@right()
def _(picture, c):
    h, w, bands = picture.shape
    coarse = np.full((h // c, w // c, bands), np.nan)
    for i in range(h // c):
        for j in range(w // c):
            coarse[i, j] = picture[i * c : (i + 1) * c, j * c : (j + 1) * c].mean(axis=(0, 1))
    return coarse


@right()
def _(picture, c):
    h, w, _ = picture.shape
    left = np.kron(np.eye(h // c), np.full((1, c), 1 / c))
    across = np.kron(np.eye(w // c), np.full((1, c), 1 / c))
    return np.stack([left @ picture[..., b] @ across.T for b in range(3)], axis=-1)


@right()
def _(picture, c):
    windows = np.lib.stride_tricks.sliding_window_view(picture, (c, c), axis=(0, 1))
    return windows[::c, ::c].mean(axis=(-2, -1))


wrong("takes every c-th pixel", lambda p, c: p[::c, ::c].astype(float))
wrong(
    "sums in uint8", lambda p, c: blocks(p, c).astype(np.uint8).sum((1, 3), dtype=np.uint8) / c**2
)
wrong("loses the fractions by uint8", lambda p, c: blocks(p, c).mean(axis=(1, 3)).astype(np.uint8))
wrong("loses the fractions by //", lambda p, c: blocks(p, c).sum(axis=(1, 3)) // c**2)
wrong("rounds", lambda p, c: blocks(p, c).mean(axis=(1, 3)).round())
wrong("sums in place of averaging", lambda p, c: blocks(p, c).sum(axis=(1, 3)))
wrong("divides by c, not c²", lambda p, c: blocks(p, c).sum(axis=(1, 3)) / c)
wrong("averages the bands too", lambda p, c: blocks(p, c).mean(axis=(1, 3, 4)))
wrong(
    "splits the axes the wrong way round",
    lambda p, c: p.reshape(c, len(p) // c, c, -1, 3).mean(axis=(0, 2)),
)
wrong("averages the wrong axes", lambda p, c: p.reshape(len(p) // c, c, -1, c, 3).mean(axis=(0, 2)))
wrong("the largest of a block", lambda p, c: blocks(p, c).max(axis=(1, 3)))
wrong("the median of a block", lambda p, c: np.median(blocks(p, c), axis=(1, 3)))
wrong("scales to 0 to 1", lambda p, c: blocks(p, c).mean(axis=(1, 3)) / 255)
wrong("coarsens by 4 whatever c is", lambda p, c: blocks(p, 4).mean(axis=(1, 3)))
wrong("coarsens the height only", lambda p, c: p.reshape(len(p) // c, c, -1, 3).mean(axis=1))
wrong("coarsens the width only", lambda p, c: p.reshape(len(p), -1, c, 3).mean(axis=2))
wrong("transposes the picture", lambda p, c: blocks(p, c).mean(axis=(1, 3)).transpose(1, 0, 2))
wrong(
    "takes the picture for a square",
    lambda p, c: p.reshape(len(p) // c, c, len(p) // c, c, 3).mean((1, 3)),
)
wrong("turns the bands round", lambda p, c: blocks(p, c).mean(axis=(1, 3))[..., ::-1])
wrong(
    "takes 256 pixels a side for granted",
    lambda p, c: p.reshape(256 // c, c, 256 // c, c, 3).mean((1, 3)),
)
wrong("bands first", lambda p, c: np.moveaxis(blocks(p, c).mean(axis=(1, 3)), -1, 0))
wrong(
    "a sum of 16 bits",
    lambda p, c: blocks(p, c).astype(np.uint16).sum((1, 3), dtype=np.uint16) / c**2,
)


@wrong("the blocks overlap by one")
def _(picture, c):
    h, w, bands = picture.shape
    coarse = np.zeros((h // c, w // c, bands))
    for i in range(h // c):
        for j in range(w // c):
            coarse[i, j] = picture[i * c : i * c + c + 1, j * c : j * c + c + 1].mean(axis=(0, 1))
    return coarse


@wrong("the blocks start at i, not at i·c")
def _(picture, c):
    h, w, bands = picture.shape
    coarse = np.zeros((h // c, w // c, bands))
    for i in range(h // c):
        for j in range(w // c):
            coarse[i, j] = picture[i : i + c, j : j + c].mean(axis=(0, 1))
    return coarse


@wrong("forgets the third band")
def _(picture, c):
    coarse = blocks(picture, c).mean(axis=(1, 3))
    coarse[..., 2] = 0
    return coarse


@silent("adds to the NaN of the template")
def _(picture, c):
    h, w, bands = picture.shape
    coarse = np.full((h // c, w // c, bands), np.nan)
    for i in range(c):
        for j in range(c):
            coarse += picture[i::c, j::c]
    return coarse / c**2


@silent("leaves the result under another name")
def _(picture, c):
    h, w, bands = picture.shape
    coarse = np.full((h // c, w // c, bands), np.nan)
    result = blocks(picture, c).mean(axis=(1, 3))  # noqa: F841
    return coarse


@silent("forgets to return")
def _(picture, c):
    coarse = blocks(picture, c).mean(axis=(1, 3))  # noqa: F841


# 2.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("split")


def cut(order, partition):
    """Return the first int(partition · n) of the rows, and the others."""
    n_training = int(partition * len(order))
    return order[:n_training], order[n_training:]


right(lambda n, partition, rng: cut(rng.permutation(n), partition))
right(lambda n, partition, rng: np.split(rng.permutation(n), [int(partition * n)]))
right(lambda n, partition, rng: cut(rng.random(n).argsort(), partition))
right(lambda n, partition, rng: cut(rng.choice(n, n, replace=False), partition))
right(lambda n, partition, rng: cut(rng.permuted(np.arange(n)), partition))
right(lambda n, partition, rng: cut(rng.permutation(n).tolist(), partition))
right(lambda n, partition, rng: cut(np.argsort(rng.normal(size=n)).astype(np.int32), partition))


@right()
def _(n, partition, rng):
    rows = np.arange(n)
    rng.shuffle(rows)
    return cut(rows, partition)


@right()
def _(n, partition, rng):
    # Fisher and Yates by hand.
    rows = list(range(n))
    for last in range(n - 1, 0, -1):
        other = int(rng.integers(last + 1))
        rows[last], rows[other] = rows[other], rows[last]
    training, test = cut(rows, partition)
    return np.array(training), np.array(test)


@right()
def _(n, partition, rng):
    rows = rng.permutation(np.arange(n, dtype=np.uint32))
    return cut(rows[::-1], partition)


wrong("no shuffling", lambda n, partition, rng: cut(np.arange(n), partition))
wrong(
    "sorts both parts again",
    lambda n, p, rng: tuple(np.sort(a) for a in cut(rng.permutation(n), p)),
)
wrong("np.random in place of rng", lambda n, p, rng: cut(np.random.permutation(n), p))  # noqa: NPY002
wrong(
    "a generator of its own without a seed",
    lambda n, p, rng: cut(np.random.default_rng().permutation(n), p),
)
wrong("a seed of its own", lambda n, p, rng: cut(np.random.default_rng(1).permutation(n), p))
wrong("test rows first", lambda n, p, rng: cut(rng.permutation(n), p)[::-1])
wrong("0.8 for any partition", lambda n, p, rng: cut(rng.permutation(n), 0.8))
wrong("the fraction of test rows", lambda n, p, rng: cut(rng.permutation(n), 1 - p))
wrong("draws with replacement", lambda n, p, rng: cut(rng.integers(0, n, n), p))
wrong("chooses with replacement", lambda n, p, rng: cut(rng.choice(n, n), p))
wrong("counts rows from 1", lambda n, p, rng: cut(rng.permutation(n) + 1, p))
wrong("misses row 0", lambda n, p, rng: cut(rng.permutation(np.arange(1, n)), p))
wrong("floats", lambda n, p, rng: cut(rng.permutation(n).astype(float), p))
wrong("test rows in reverse only", lambda n, p, rng: cut(np.arange(n)[::-1], p))
wrong(
    "shuffles the two parts of the sorted file",
    lambda n, p, rng: [rng.permutation(a) for a in cut(np.arange(n), p)],
)
wrong(
    "two permutations",
    lambda n, p, rng: (cut(rng.permutation(n), p)[0], cut(rng.permutation(n), p)[1]),
)
wrong("the training rows only", lambda n, p, rng: cut(rng.permutation(n), p)[0])
wrong("masks, not rows", lambda n, p, rng: (lambda m: (m, ~m))(rng.permutation(n) < int(p * n)))
wrong(
    "each row by a coin",
    lambda n, p, rng: (lambda m: (np.flatnonzero(m), np.flatnonzero(~m)))(rng.random(n) < p),
)
wrong(
    "one rotation, no shuffling", lambda n, p, rng: cut(np.roll(np.arange(n), rng.integers(n)), p)
)


@wrong("rounds the number of training rows up")
def _(n, partition, rng):
    return tuple(np.split(rng.permutation(n), [math.ceil(partition * n)]))


@wrong("rounds the number of training rows")
def _(n, partition, rng):
    return tuple(np.split(rng.permutation(n), [round(partition * n)]))


@wrong("a row between the parts is lost")
def _(n, partition, rng):
    rows, cut_at = rng.permutation(n), int(partition * n)
    return rows[:cut_at], rows[cut_at + 1 :]


@wrong("a row is in both parts")
def _(n, partition, rng):
    rows, cut_at = rng.permutation(n), int(partition * n)
    return rows[: cut_at + 1], rows[cut_at:]


@wrong("keeps the split of the first call")
class KeptSplit:
    rows = None

    def __call__(self, n, partition, rng):
        if self.rows is None or len(self.rows) != n:
            self.rows = rng.permutation(n)
        return cut(self.rows, partition)


@silent("leaves the result under other names")
def _(n, partition, rng):
    n_training = int(partition * n)
    training, test = np.full(n_training, np.nan), np.full(n - n_training, np.nan)
    train_rows, test_rows = cut(rng.permutation(n), partition)  # noqa: RUF059
    return training, test


@silent("adds to the NaN of the template")
def _(n, partition, rng):
    n_training = int(partition * n)
    training, test = np.full(n_training, np.nan), np.full(n - n_training, np.nan)
    rows = rng.permutation(n)
    training += rows[:n_training]
    test += rows[n_training:]
    return training, test


@silent("forgets to return")
def _(n, partition, rng):
    training, test = cut(rng.permutation(n), partition)  # noqa: RUF059


@silent("returns what shuffle() returns, twice")
def _(n, partition, rng):
    rows = np.arange(n)
    rows = rng.shuffle(rows)
    return rows


# 2.5 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("batches")


def deal(x, y, size, order):
    """Return the batches of columns in an order."""
    parts = [order[i : i + size] for i in range(0, len(order), size)]
    return [(x[:, part], y[:, part]) for part in parts]


right(lambda x, y, size, rng: deal(x, y, size, rng.permutation(x.shape[1])))
right(lambda x, y, size, rng: iter(deal(x, y, size, rng.permutation(x.shape[1]))))
right(lambda x, y, size, rng: tuple(deal(x, y, size, rng.random(x.shape[1]).argsort())))
right(lambda x, y, size, rng: [list(b) for b in deal(x, y, size, rng.permutation(x.shape[1]))])
right(lambda x, y, size, rng: (b for b in deal(x, y, size, rng.permutation(len(x[0])))))


@right()
def _(x, y, batch_size, rng):
    order = rng.permutation(x.shape[1])
    for start in range(0, len(order), batch_size):
        part = order[start : start + batch_size]
        yield x[:, part], y[:, part]


@right()
def _(x, y, batch_size, rng):
    # Shuffled copies, and views into them.
    order = rng.choice(x.shape[1], x.shape[1], replace=False)
    x, y = x[:, order], y[:, order]
    cuts = range(batch_size, len(order), batch_size)
    return zip(np.split(x, cuts, axis=1), np.split(y, cuts, axis=1), strict=True)


@right()
def _(x, y, batch_size, rng):
    both = rng.permutation(np.concatenate([x, y]), axis=1)
    made = []
    while both.shape[1]:
        made.append((both[: len(x), :batch_size], both[len(x) :, :batch_size]))
        both = both[:, batch_size:]
    return made


@right()
def _(x, y, batch_size, rng):
    rows = list(range(x.shape[1]))
    rng.shuffle(rows)
    made = []
    while rows:
        part, rows = rows[:batch_size], rows[batch_size:]
        made.append((np.stack([x[:, i] for i in part], 1), np.stack([y[:, i] for i in part], 1)))
    return made


wrong("no shuffling", lambda x, y, s, rng: deal(x, y, s, np.arange(x.shape[1])))
wrong(
    "y in the old order",
    lambda x, y, s, rng: deal(x[:, rng.permutation(x.shape[1])], y, s, np.arange(x.shape[1])),
)
wrong(
    "x and y shuffled apart",
    lambda x, y, s, rng: deal(
        x[:, rng.permutation(x.shape[1])],
        y[:, rng.permutation(x.shape[1])],
        s,
        np.arange(x.shape[1]),
    ),
)
wrong(
    "np.random in place of rng",
    lambda x, y, s, rng: deal(x, y, s, np.random.permutation(len(x[0]))),  # noqa: NPY002
)
wrong(
    "the same seed in each epoch",
    lambda x, y, s, rng: deal(x, y, s, np.random.default_rng(0).permutation(x.shape[1])),
)
wrong(
    "leaves the short batch out",
    lambda x, y, s, rng: [
        b for b in deal(x, y, s, rng.permutation(x.shape[1])) if b[0].shape[1] == s
    ],
)
wrong(
    "draws with replacement",
    lambda x, y, s, rng: deal(x, y, s, rng.integers(0, x.shape[1], x.shape[1])),
)
wrong(
    "galaxies in rows",
    lambda x, y, s, rng: [(a.T, b.T) for a, b in deal(x, y, s, rng.permutation(x.shape[1]))],
)
wrong(
    "shuffles the inputs of a galaxy",
    lambda x, y, s, rng: deal(x[rng.permutation(len(x))], y, s, rng.permutation(x.shape[1])),
)
wrong(
    "y first", lambda x, y, s, rng: [(b, a) for a, b in deal(x, y, s, rng.permutation(x.shape[1]))]
)
wrong("x only", lambda x, y, s, rng: [a for a, _ in deal(x, y, s, rng.permutation(x.shape[1]))])
wrong("one batch only", lambda x, y, s, rng: deal(x, y, s, rng.permutation(x.shape[1]))[:1])
wrong("batches of 4 for any size", lambda x, y, s, rng: deal(x, y, 4, rng.permutation(x.shape[1])))
wrong(
    "shuffles the batches, not the galaxies",
    lambda x, y, s, rng: [
        b
        for _, b in sorted(
            enumerate(deal(x, y, s, np.arange(x.shape[1]))), key=lambda _: rng.random()
        )
    ],
)
wrong(
    "shuffles within the batches only",
    lambda x, y, s, rng: [
        (a[:, p], b[:, p])
        for a, b in deal(x, y, s, np.arange(x.shape[1]))
        for p in [rng.permutation(a.shape[1])]
    ],
)
wrong(
    "batch_size batches in place of batches of that size",
    lambda x, y, s, rng: [
        (x[:, p], y[:, p]) for p in np.array_split(rng.permutation(x.shape[1]), s)
    ],
)
wrong(
    "batches of nearly equal size",
    lambda x, y, s, rng: [
        (x[:, p], y[:, p]) for p in np.array_split(rng.permutation(x.shape[1]), -(-x.shape[1] // s))
    ],
)
wrong(
    "the batches of all x, then those of all y",
    lambda x, y, s, rng: tuple(zip(*deal(x, y, s, rng.permutation(x.shape[1])), strict=True)),
)
wrong(
    "the column numbers, not the columns",
    lambda x, y, s, rng: [
        (p, p) for p in np.split(rng.permutation(x.shape[1]), range(s, x.shape[1], s))
    ],
)


@wrong("an empty last batch where the size divides the galaxies")
def _(x, y, batch_size, rng):
    n = x.shape[1]
    order = rng.permutation(n)
    for i in range(n // batch_size + 1):
        part = order[i * batch_size : (i + 1) * batch_size]
        yield x[:, part], y[:, part]


@wrong("fills the last batch up from the beginning")
def _(x, y, batch_size, rng):
    n = x.shape[1]
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        part = order[np.arange(start, start + batch_size) % n]
        yield x[:, part], y[:, part]


@wrong("a galaxy less in each batch")
def _(x, y, batch_size, rng):
    order = rng.permutation(x.shape[1])
    for start in range(0, len(order), batch_size):
        part = order[start : start + batch_size - 1]
        yield x[:, part], y[:, part]


@wrong("draws each batch afresh, so galaxies come twice")
def _(x, y, batch_size, rng):
    n = x.shape[1]
    for start in range(0, n, batch_size):
        part = rng.permutation(n)[: min(batch_size, n - start)]
        yield x[:, part], y[:, part]


@wrong("returns a generator that is already used")
def _(x, y, batch_size, rng):
    made = (b for b in deal(x, y, batch_size, rng.permutation(x.shape[1])))
    len(list(made))
    return made


@wrong("keeps the order of the first epoch")
class KeptOrder:
    order = np.arange(0)

    def __call__(self, x, y, batch_size, rng):
        if len(self.order) != x.shape[1]:
            self.order = rng.permutation(x.shape[1])
        return deal(x, y, batch_size, self.order)


@silent("appends to another list")
def _(x, y, batch_size, rng):
    made = None
    out = []
    for pair in deal(x, y, batch_size, rng.permutation(x.shape[1])):
        out.append(pair)
    return made


@silent("returns what append() returns")
def _(x, y, batch_size, rng):
    made = []
    for pair in deal(x, y, batch_size, rng.permutation(x.shape[1])):
        last = made.append(pair)
    return last


@silent("forgets to return")
def _(x, y, batch_size, rng):
    made = deal(x, y, batch_size, rng.permutation(x.shape[1]))  # noqa: F841


# 3.1 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("sigmoid")


@right()
def _(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


right(lambda x: 0.5 * (1 + np.tanh(np.asarray(x) / 2)))
right(lambda x: np.exp(-np.logaddexp(0, -np.asarray(x, float))))
right(np.vectorize(lambda u: 0.5 + 0.5 * math.tanh(u / 2), otypes=[float]))
right(network.sigmoid)
right(lambda x: 1 / (1 + np.exp(-np.clip(x, -500, 500))))
right(lambda x: (0.5 * (1 + np.tanh(np.asarray(x) / 2))).tolist())


@right()
def _(x):
    x = np.asarray(x, float)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


@right()
def _(x):
    value = np.full(np.shape(x), np.nan)
    for place in np.ndindex(np.shape(x)):
        u = float(np.asarray(x)[place])
        e = math.exp(-abs(u))
        value[place] = 1 / (1 + e) if u >= 0 else e / (1 + e)
    return value


def quiet(function):
    """Return a function that does not warn: what is wrong with it is its value."""

    @functools.wraps(function)
    def silenced(*args):
        with np.errstate(all="ignore"):
            return function(*args)

    return silenced


wrong("the sign of the exponent", quiet(lambda x: 1 / (1 + np.exp(x))))
wrong("eˣ/(1 + eˣ) is NaN where eˣ overflows", quiet(lambda x: np.exp(x) / (1 + np.exp(x))))
wrong("1 minus e⁻ˣ", quiet(lambda x: 1 / (1 - np.exp(-x))))
wrong("the exponential only", quiet(lambda x: np.exp(-x)))
wrong("the brackets are missing", quiet(lambda x: 1 / 1 + np.exp(-x)))
wrong("tanh", np.tanh)
wrong("tanh, shifted but not stretched", lambda x: (1 + np.tanh(x)) / 2)
wrong("the slope of the sigmoid", quiet(lambda x: g(x) * (1 - g(x))))
wrong("the rectifier", lambda x: np.maximum(x, 0))
wrong("a straight line, clipped", lambda x: np.clip(0.5 + 0.25 * np.asarray(x), 0, 1))
wrong("clips x at ±5", lambda x: 1 / (1 + np.exp(-np.clip(x, -5, 5))))
wrong("clips the result to 0.01 to 0.99", quiet(lambda x: np.clip(g(x), 0.01, 0.99)))
wrong("the softmax", quiet(lambda x: np.exp(x) / np.exp(x).sum()))
wrong("a step", lambda x: (np.asarray(x) > 0) * 1.0)
wrong("2 to the power of −x", quiet(lambda x: 1 / (1 + 2.0 ** -np.asarray(x))))
wrong("takes numbers only", lambda x: 1 / (1 + math.exp(-x)))
wrong("whole numbers", quiet(lambda x: np.asarray(g(x)).astype(int)))
wrong("the mean over the array", quiet(lambda x: np.mean(g(x))))
wrong("flattens", quiet(lambda x: g(np.ravel(x))))
wrong("the absolute value of x", quiet(lambda x: g(np.abs(x))))
wrong("transposes", quiet(lambda x: g(np.transpose(x))))
wrong(
    "math.exp in a loop raises far below 0",
    np.vectorize(lambda u: 1 / (1 + math.exp(-u)), otypes=[float]),
)
wrong(
    "loops over two indices only",
    lambda x: np.array([[g(x[i, j]) for j in range(x.shape[1])] for i in range(x.shape[0])]),
)


@silent("adds to the NaN of the template")
@quiet
def _(x):
    value = np.full(np.shape(x), np.nan)
    value += 1 / (1 + np.exp(-x))
    return value


@silent("leaves the result under another name")
@quiet
def _(x):
    value = np.full(np.shape(x), np.nan)
    g = 1 / (1 + np.exp(-x))  # noqa: F841
    return value


@silent("forgets to return")
@quiet
def _(x):
    1 / (1 + np.exp(-x))


# 3.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("forward_one")
right(lambda A, B, x: g(A @ g(B @ x)))
right(lambda A, B, x: g(np.dot(A, g(np.dot(B, x)))))
right(lambda A, B, x: g((A * g((B * x).sum(axis=1))).sum(axis=1)))
right(lambda A, B, x: g(np.einsum("oh,h->o", A, g(np.einsum("hi,i->h", B, x)))))
right(lambda A, B, x: g(A @ g(B @ x[:, None]))[:, 0])
right(lambda A, B, x: g(A @ g(B @ x)).tolist())
right(lambda A, B, x: functools.reduce(lambda u, W: g(W @ u), (B, A), x))
right(lambda A, B, x: network.sigmoid(np.matvec(A, network.sigmoid(np.matvec(B, x)))))


@right()
def _(A, B, x):
    hidden = [g(sum(b * v for b, v in zip(row, x, strict=True))) for row in B]
    return [g(sum(a * v for a, v in zip(row, hidden, strict=True))) for row in A]


@right()
class ForwardOne:
    def __call__(self, A, B, x):
        z = np.full(len(A), np.nan)
        for o in range(len(A)):
            z[o] = g(A[o] @ g(B @ x))
        return z


wrong("no sigmoid at the output", lambda A, B, x: A @ g(B @ x))
wrong("no sigmoid in the hidden layer", lambda A, B, x: g(A @ (B @ x)))
wrong("no sigmoid at all", lambda A, B, x: A @ B @ x)
wrong("stops at the hidden layer", lambda A, B, x: g(B @ x))
wrong("a column in place of (N_out,)", lambda A, B, x: g(A @ g(B @ x[:, None])))
wrong("a sigmoid too many", lambda A, B, x: g(g(A @ g(B @ x))))
wrong("the sigmoid of the input", lambda A, B, x: g(A @ g(B @ g(x))))
wrong("the sigmoid of the weights", lambda A, B, x: g(A) @ (g(B) @ x))
wrong("tanh in the hidden layer", lambda A, B, x: g(A @ np.tanh(B @ x)))
wrong(
    "softmax at the output", lambda A, B, x: (lambda u: np.exp(u) / np.exp(u).sum())(A @ g(B @ x))
)
wrong("A and B swapped", lambda A, B, x: g(B @ g(A @ x)))
wrong("the transposed matrices", lambda A, B, x: g(A.T @ g(B.T @ x)))
wrong("entry by entry", lambda A, B, x: g(A * g(B * x)))
wrong("returns both layers", lambda A, B, x: (g(B @ x), g(A @ g(B @ x))))
wrong("the class, not the outputs", lambda A, B, x: int(np.argmax(A @ g(B @ x))))
wrong("the mean of the products", lambda A, B, x: g((A * g(B @ x)).mean(axis=1)))
wrong("adds a bias", lambda A, B, x: g(A @ g(B @ x) + 1))
wrong("a bias in the hidden layer", lambda A, B, x: g(A @ g(B @ x + 1)))
wrong("rounds to 0 and 1", lambda A, B, x: np.round(g(A @ g(B @ x))))
wrong("normalizes the outputs", lambda A, B, x: (lambda z: z / z.sum())(g(A @ g(B @ x))))
wrong("forgets the last hidden unit", lambda A, B, x: g(A[:, :-1] @ g(B @ x)[:-1]))
wrong("scales the input by 255 again", lambda A, B, x: g(A @ g(B @ (x / 255))))


@silent("adds to the NaN of the template")
def _(A, B, x):
    z = np.full(len(A), np.nan)
    for h, value in enumerate(g(B @ x)):
        z += A[:, h] * value
    return g(z)


@silent("leaves the result under another name")
def _(A, B, x):
    z = np.full(len(A), np.nan)
    z_tilde = g(B @ x)
    outputs = g(A @ z_tilde)  # noqa: F841
    return z


@silent("forgets to return")
def _(A, B, x):
    z = g(A @ g(B @ x))  # noqa: F841


# 3.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("forward")


def layers(A, B, x):
    """Return z_tilde and z."""
    z_tilde = g(B @ x)
    return z_tilde, g(A @ z_tilde)


right(layers)
right(lambda A, B, x: list(layers(A, B, x)))
right(lambda A, B, x: ((h := g(np.einsum("hi,is->hs", B, x))), g(np.einsum("oh,hs->os", A, h))))
right(lambda A, B, x: (g(x.T @ B.T).T, g(g(x.T @ B.T) @ A.T).T))
right(lambda A, B, x: (g(np.dot(B, x)), g(np.dot(A, g(np.dot(B, x))))))
right(lambda A, B, x: tuple(layer.tolist() for layer in layers(A, B, x)))
right(lambda A, B, x: (g(np.tensordot(B, x, 1)), g(np.tensordot(A, g(np.tensordot(B, x, 1)), 1))))


@right()
def _(A, B, x):
    S = x.shape[1]
    z_tilde, z = np.full((len(B), S), np.nan), np.full((len(A), S), np.nan)
    z_tilde[:] = g(np.matmul(B, x))
    z[...] = g(np.matmul(A, z_tilde))
    return z_tilde, z


@right()
def _(A, B, x):
    z_tilde = g((B[:, :, None] * x[None]).sum(axis=1))
    return z_tilde, g((A[:, :, None] * z_tilde[None]).sum(axis=1))


wrong("the output layer first", lambda A, B, x: layers(A, B, x)[::-1])
wrong("the output only", lambda A, B, x: layers(A, B, x)[1])
wrong("no sigmoid at the output", lambda A, B, x: (g(B @ x), A @ g(B @ x)))
wrong("no sigmoid in the hidden layer", lambda A, B, x: (B @ x, g(A @ (B @ x))))
wrong("z_tilde before its sigmoid", lambda A, B, x: (B @ x, g(A @ g(B @ x))))
wrong("z from z_tilde without sigmoid", lambda A, B, x: (g(B @ x), g(A @ (B @ x))))
wrong("no sigmoid at all", lambda A, B, x: (B @ x, A @ B @ x))
wrong("galaxies in rows", lambda A, B, x: tuple(layer.T for layer in layers(A, B, x)))
wrong("the first galaxy only", lambda A, B, x: layers(A, B, x[:, :1]))
wrong("the mean galaxy", lambda A, B, x: layers(A, B, x.mean(axis=1, keepdims=True)))
wrong("the mean of the outputs", lambda A, B, x: tuple(v.mean(axis=1) for v in layers(A, B, x)))
wrong("sums over the batch", lambda A, B, x: tuple(v.sum(axis=1) for v in layers(A, B, x)))
wrong("z twice", lambda A, B, x: (layers(A, B, x)[1],) * 2)
wrong("z_tilde twice", lambda A, B, x: (layers(A, B, x)[0],) * 2)
wrong(
    "eight galaxies for any batch",
    lambda A, B, x: tuple(v[:, :8] for v in layers(A, B, np.resize(x, (len(x), 8)))),
)
wrong("divides by S", lambda A, B, x: tuple(v / x.shape[1] for v in layers(A, B, x)))
wrong("the sigmoid of z twice", lambda A, B, x: (g(B @ x), g(g(A @ g(B @ x)))))
wrong("tanh", lambda A, B, x: (np.tanh(B @ x), np.tanh(A @ np.tanh(B @ x))))
wrong(
    "softmax over the batch",
    lambda A, B, x: (
        g(B @ x),
        (lambda u: np.exp(u) / np.exp(u).sum(axis=1, keepdims=True))(A @ g(B @ x)),
    ),
)
wrong(
    "reshapes in place of transposing",
    lambda A, B, x: tuple(v.T.reshape(v.shape) for v in layers(A, B, x)),
)
wrong("takes x for rows of galaxies", lambda A, B, x: layers(A, B, x.T.reshape(x.shape)))
wrong("the last galaxy left out", lambda A, B, x: layers(A, B, x[:, :-1]))


@wrong("keeps its arrays from the first call")
def _(A, B, x, kept=[]):  # noqa: B006
    kept.append(layers(A, B, x))
    return kept[0]


@wrong("only the last galaxy of the loop is filled")
def _(A, B, x):
    z_tilde, z = (np.zeros_like(layer) for layer in layers(A, B, x))
    z_tilde[:, -1:], z[:, -1:] = layers(A, B, x[:, -1:])
    return z_tilde, z


@silent("leaves the results under other names")
def _(A, B, x):
    S = x.shape[1]
    z_tilde, z = np.full((len(B), S), np.nan), np.full((len(A), S), np.nan)
    hidden, out = layers(A, B, x)  # noqa: RUF059
    return z_tilde, z


@silent("adds to the NaN of the template")
def _(A, B, x):
    S = x.shape[1]
    z_tilde, z = np.full((len(B), S), np.nan), np.full((len(A), S), np.nan)
    z_tilde += g(B @ x)
    z += g(A @ z_tilde)
    return z_tilde, z


@silent("forgets to return")
def _(A, B, x):
    z_tilde, z = layers(A, B, x)  # noqa: RUF059


# 3.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("gradient_A")
right(lambda h, z, y: 4 * ((z - y) ** 3 * z * (1 - z)) @ h.T)
right(lambda h, z, y: 4 * (z - y) ** 3 * z * (1 - z) * h.T)
right(lambda h, z, y: np.outer(4 * (z - y) ** 3 * z * (1 - z), h))
right(lambda h, z, y: np.einsum("os,hs->oh", 4 * (z - y) ** 3 * (z - z**2), h))
right(lambda h, z, y: (h @ (4 * (z - y) ** 3 * z * (1 - z)).T).T)
right(lambda h, z, y: -4 * np.dot((y - z) ** 3 * z * (1 - z), np.transpose(h)))
right(lambda h, z, y: (4 * np.kron((z - y) ** 3 * z * (1 - z), h.T)).tolist())
right(lambda h, z, y: np.multiply.outer((4 * (z - y) ** 3 * z * (1 - z))[:, 0], h[:, 0]))


@right()
def _(z_tilde, z, y):
    grad_A = np.full((len(z), len(z_tilde)), np.nan)
    for i in range(len(z)):
        for j in range(len(z_tilde)):
            grad_A[i, j] = 4 * (z[i, 0] - y[i, 0]) ** 3 * z[i, 0] * (1 - z[i, 0]) * z_tilde[j, 0]
    return grad_A


wrong("forgets the 4", lambda h, z, y: (z - y) ** 3 * z * (1 - z) @ h.T)
wrong("y minus z", lambda h, z, y: 4 * (y - z) ** 3 * z * (1 - z) @ h.T)
wrong("forgets the slope of g", lambda h, z, y: 4 * (z - y) ** 3 @ h.T)
wrong("half of the slope: z only", lambda h, z, y: 4 * (z - y) ** 3 * z @ h.T)
wrong("half of the slope: 1 − z only", lambda h, z, y: 4 * (z - y) ** 3 * (1 - z) @ h.T)
wrong("the error squared", lambda h, z, y: 4 * (z - y) ** 2 * z * (1 - z) @ h.T)
wrong("the absolute error", lambda h, z, y: 4 * abs(z - y) ** 3 * z * (1 - z) @ h.T)
wrong("forgets z_tilde", lambda h, z, y: 4 * (z - y) ** 3 * z * (1 - z) @ np.ones_like(h).T)
wrong("transposed", lambda h, z, y: h @ (4 * (z - y) ** 3 * z * (1 - z)).T)
wrong(
    "divides by the number of outputs",
    lambda h, z, y: 4 * (z - y) ** 3 * z * (1 - z) @ h.T / len(z),
)
wrong("the slope at y", lambda h, z, y: 4 * (z - y) ** 3 * y * (1 - y) @ h.T)
wrong("the slope as if z were before g", lambda h, z, y: 4 * (z - y) ** 3 * g(z) * (1 - g(z)) @ h.T)
wrong(
    "the slope of the hidden layer too",
    lambda h, z, y: 4 * (z - y) ** 3 * z * (1 - z) @ (h * (1 - h)).T,
)
wrong("the slope 1 + z", lambda h, z, y: 4 * (z - y) ** 3 * z * (1 + z) @ h.T)
wrong("the brackets are missing: z − y·z·(1 − z)", lambda h, z, y: 4 * (z - y * z * (1 - z)) @ h.T)
wrong("the slope squared", lambda h, z, y: 4 * (z - y) ** 3 * (z * (1 - z)) ** 2 @ h.T)
wrong("a step of descent, with its minus", lambda h, z, y: -4 * (z - y) ** 3 * z * (1 - z) @ h.T)
wrong("3 in place of 4", lambda h, z, y: 3 * (z - y) ** 3 * z * (1 - z) @ h.T)
wrong(
    "sums over the outputs",
    lambda h, z, y: np.tile(4 * ((z - y) ** 3 * z * (1 - z)).sum() * h.T, (len(z), 1)),
)
wrong(
    "one number, the product of sums",
    lambda h, z, y: float(4 * ((z - y) ** 3 * z * (1 - z)).sum() * h.sum()),
)
wrong(
    "ten outputs and the rest zeros", lambda h, z, y: 4 * (z - y)[:9] ** 3 * (z * (1 - z))[:9] @ h.T
)
wrong(
    "the gradient for an exact answer of 1 and 0",
    lambda h, z, y: 4 * (z - np.round(y)) ** 3 * z * (1 - z) @ h.T,
)
wrong("the slope of tanh", lambda h, z, y: 4 * (z - y) ** 3 * (1 - z**2) @ h.T)


@wrong("subtracts in place and goes on with the wrong z")
def _(z_tilde, z, y):
    z = z.copy()
    e = z
    e -= y
    return 2 * (e * z * (1 - z)) @ z_tilde.T


@silent("adds to the NaN of the template")
def _(z_tilde, z, y):
    grad_A = np.full((len(z), len(z_tilde)), np.nan)
    grad_A += 4 * (z - y) ** 3 * z * (1 - z) * z_tilde.T
    return grad_A


@silent("leaves the result under another name")
def _(z_tilde, z, y):
    grad_A = np.full((len(z), len(z_tilde)), np.nan)
    e = z - y
    gradient = 4 * (e**3 * z * (1 - z)) @ z_tilde.T  # noqa: F841
    return grad_A


@silent("forgets to return")
def _(z_tilde, z, y):
    grad_A = 4 * (z - y) ** 3 * z * (1 - z) @ z_tilde.T  # noqa: F841


wrong("the chapter's cell", lambda h, z, y: 2 * ((z - y) * z * (1 - z)) @ h.T)
wrong("the slope of |z − y|", lambda h, z, y: np.sign(z - y) * z * (1 - z) @ h.T)


# 3.5 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("gradient_B")


def back(A, h, z, y):
    """Return the error at the hidden layer."""
    return A.T @ ((z - y) ** 3 * z * (1 - z))


right(lambda A, x, h, z, y: 4 * (back(A, h, z, y) * (1 - h**2)) @ x.T)
right(lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h**2) * x.T)
right(lambda A, x, h, z, y: np.outer(4 * back(A, h, z, y) * (1 - h * h), x))
right(
    lambda A, x, h, z, y: np.einsum(
        "oh,os,hs,is->hi", A, 4 * (z - y) ** 3 * z * (1 - z), (1 - h**2), x
    )
)
right(
    lambda A, x, h, z, y: (
        np.diag((1 - h**2)[:, 0]) @ A.T @ np.diag((z * (1 - z))[:, 0]) @ (z - y) ** 3 @ x.T * 4
    ).tolist()
)
right(lambda A, x, h, z, y: (((4 * (z - y) ** 3 * z * (1 - z)).T @ A) * (1 - h**2).T).T @ x.T)


@right()
def _(A, x, z_tilde, z, y):
    grad_B = np.full((len(z_tilde), len(x)), np.nan)
    for j in range(len(z_tilde)):
        e = sum(A[i, j] * (z[i, 0] - y[i, 0]) ** 3 * z[i, 0] * (1 - z[i, 0]) for i in range(len(z)))
        for k in range(len(x)):
            grad_B[j, k] = 4 * e * (1 - z_tilde[j, 0] ** 2) * x[k, 0]
    return grad_B


wrong("forgets the 4", lambda A, x, h, z, y: back(A, h, z, y) * (1 - h**2) @ x.T)
wrong("16, a 4 for each layer", lambda A, x, h, z, y: 16 * back(A, h, z, y) * (1 - h**2) @ x.T)
wrong("y minus z", lambda A, x, h, z, y: -4 * back(A, h, z, y) * (1 - h**2) @ x.T)
wrong(
    "the slope of the output is missing",
    lambda A, x, h, z, y: 4 * (A.T @ (z - y) ** 3) * (1 - h**2) @ x.T,
)
wrong("the slope of the hidden layer is missing", lambda A, x, h, z, y: 4 * back(A, h, z, y) @ x.T)
wrong("neither slope", lambda A, x, h, z, y: 4 * (A.T @ (z - y) ** 3) @ x.T)
wrong("half of the hidden slope", lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h) @ x.T)
wrong("the other half of it", lambda A, x, h, z, y: 4 * back(A, h, z, y) * h @ x.T)
wrong("transposed", lambda A, x, h, z, y: x @ (4 * back(A, h, z, y) * (1 - h**2)).T)
wrong(
    "z_tilde in place of x",
    lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h**2) @ np.resize(h, x.shape).T,
)
wrong("forgets x", lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h**2) @ np.ones_like(x).T)
wrong("forgets A", lambda A, x, h, z, y: 4 * ((z - y) ** 3 * z * (1 - z)).sum() * (1 - h**2) @ x.T)
wrong(
    "divides by the number of outputs",
    lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h**2) @ x.T / len(z),
)
wrong(
    "the error squared",
    lambda A, x, h, z, y: 4 * (A.T @ ((z - y) ** 2 * z * (1 - z))) * (1 - h**2) @ x.T,
)
wrong(
    "A reshaped in place of transposed",
    lambda A, x, h, z, y: (
        4 * (A.reshape(A.shape[::-1]) @ ((z - y) ** 3 * z * (1 - z))) * (1 - h**2) @ x.T
    ),
)
wrong(
    "slopes of already squashed values",
    lambda A, x, h, z, y: 4 * back(A, h, z, y) * g(h) * (1 - g(h)) @ x.T,
)
wrong(
    "the slope of the input too",
    lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h**2) @ (x * (1 - x)).T,
)
wrong(
    "normalizes the weights of A",
    lambda A, x, h, z, y: (
        4 * ((A / A.sum(axis=1, keepdims=True)).T @ ((z - y) ** 3 * z * (1 - z))) * (1 - h**2) @ x.T
    ),
)
wrong("the error at the hidden layer, not the gradient", lambda A, x, h, z, y: back(A, h, z, y))
wrong("the gradient for A", lambda A, x, h, z, y: 4 * (z - y) ** 3 * z * (1 - z) @ h.T)
wrong(
    "the mean over the hidden units",
    lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 - h**2) @ x.T / len(h),
)
wrong("tanh' as 1 + tanh²", lambda A, x, h, z, y: 4 * back(A, h, z, y) * (1 + h**2) @ x.T)


@silent("adds to the NaN of the template")
def _(A, x, z_tilde, z, y):
    grad_B = np.full((len(z_tilde), len(x)), np.nan)
    grad_B += 4 * back(A, z_tilde, z, y) * (1 - z_tilde**2) * x.T
    return grad_B


@silent("leaves the result under another name")
def _(A, x, z_tilde, z, y):
    grad_B = np.full((len(z_tilde), len(x)), np.nan)
    gradB = 4 * back(A, z_tilde, z, y) * (1 - z_tilde**2) * x.T  # noqa: F841
    return grad_B


@silent("forgets to return")
def _(A, x, z_tilde, z, y):
    grad_B = 4 * back(A, z_tilde, z, y) * (1 - z_tilde**2) * x.T  # noqa: F841


wrong(
    "the chapter's cell",
    lambda A, x, h, z, y: 2 * (A.T @ ((z - y) * z * (1 - z))) * h * (1 - h) @ x.T,
)
wrong(
    "the chapter's loss, but tanh",
    lambda A, x, h, z, y: 2 * (A.T @ ((z - y) * z * (1 - z))) * (1 - h**2) @ x.T,
)
wrong("the slope of a sigmoid", lambda A, x, h, z, y: 4 * back(A, h, z, y) * h * (1 - h) @ x.T)


# 3.6 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("gradients")


def bent(A, B, x):
    """Return both layers' outputs, the hidden one's by tanh."""
    h = np.tanh(B @ x)
    return h, g(A @ h)


def bent_slopes(A, B, x, y, *, four=4.0, out=True, hidden=True, led_back=True):
    """Return the gradients of the summed loss; the options are mistakes."""
    h, z = bent(A, B, x)
    e = (z - y) ** 3
    d = e * z * (1 - z) if out else e
    e_tilde = A.T @ (d if led_back else e)
    d_tilde = e_tilde * (1 - h**2) if hidden else e_tilde
    return four * d @ h.T, four * d_tilde @ x.T


def scaled(pair, *factors):
    """Return two arrays times two factors, or times the same one."""
    return pair[0] * factors[0], pair[1] * factors[-1]


right(lambda A, B, x, y: scaled(bent_slopes(A, B, x, y), 1 / x.shape[1]))
right(lambda A, B, x, y: list(scaled(bent_slopes(A, B, x, y), 1 / x.shape[1])))
right(lambda A, B, x, y: tuple(v.tolist() for v in scaled(bent_slopes(A, B, x, y), 1 / len(x.T))))


@right()
def _(A, B, x, y):
    z_tilde, z = bent(A, B, x)
    d = (z - y) ** 3 * z * (1 - z)
    d_tilde = np.einsum("oh,os->hs", A, d) * (1 - z_tilde**2)
    S = x.shape[1]
    return 4 / S * np.einsum("os,hs->oh", d, z_tilde), 4 / S * np.einsum("hs,is->hi", d_tilde, x)


@right()
def _(A, B, x, y):
    z_tilde, z = bent(A, B, x)
    d = 4 * (z - y) ** 3 * z * (1 - z)
    d_tilde = (A.T @ d) * (1 - z_tilde**2)
    return (
        np.mean(d[:, None] * z_tilde[None], axis=2),
        np.mean(d_tilde[:, None] * x[None], axis=2),
    )


@right()
def _(A, B, x, y):
    grad_A, grad_B = np.full(A.shape, np.nan), np.full(B.shape, np.nan)
    root = np.sqrt(4 / x.shape[1])
    x_root = x * root
    h, z = bent(A, B, x)
    d = (z - y) ** 3 * z * (1 - z)
    grad_A[:] = d @ (h * root).T * root
    grad_B[:] = (A.T @ d * (1 - h**2)) @ x_root.T * root
    return grad_A, grad_B


wrong("forgets 1/S", lambda *a: bent_slopes(*a))
wrong("forgets 1/S for A", lambda *a: scaled(bent_slopes(*a), 1, 1 / a[2].shape[1]))
wrong("forgets 1/S for B", lambda *a: scaled(bent_slopes(*a), 1 / a[2].shape[1], 1))
wrong("forgets the 4", lambda *a: scaled(bent_slopes(*a), 0.25 / a[2].shape[1]))
wrong(
    "forgets the 4 for B",
    lambda *a: scaled(bent_slopes(*a), 1 / a[2].shape[1], 0.25 / a[2].shape[1]),
)
wrong("the wrong sign", lambda *a: scaled(bent_slopes(*a), -1 / a[2].shape[1]))
wrong("divides by 8 for any batch", lambda *a: scaled(bent_slopes(*a), 1 / 8))
wrong("divides by S twice", lambda *a: scaled(bent_slopes(*a), 1 / a[2].shape[1] ** 2))
wrong("divides by the root of S", lambda *a: scaled(bent_slopes(*a), a[2].shape[1] ** -0.5))
wrong("divides by len(x), the inputs", lambda *a: scaled(bent_slopes(*a), 1 / len(a[2])))
wrong("divides by len(y), the outputs", lambda *a: scaled(bent_slopes(*a), 1 / len(a[3])))
wrong("divides by outputs and galaxies", lambda *a: scaled(bent_slopes(*a), 1 / a[3].size))
wrong("B first", lambda *a: scaled(bent_slopes(*a), 1 / a[2].shape[1])[::-1])
wrong("the gradient for A only", lambda *a: bent_slopes(*a)[0] / a[2].shape[1])
wrong(
    "the slope of the output is missing",
    lambda *a: scaled(bent_slopes(*a, out=False), 1 / a[2].shape[1]),
)
wrong(
    "the slope of the hidden layer is missing",
    lambda *a: scaled(bent_slopes(*a, hidden=False), 1 / a[2].shape[1]),
)
wrong(
    "leads e back in place of e·z·(1 − z)",
    lambda *a: scaled(bent_slopes(*a, led_back=False), 1 / a[2].shape[1]),
)
wrong("the first galaxy only", lambda A, B, x, y: bent_slopes(A, B, x[:, :1], y[:, :1]))
wrong("the last galaxy only", lambda A, B, x, y: bent_slopes(A, B, x[:, -1:], y[:, -1:]))
wrong(
    "the gradient at the mean galaxy",
    lambda A, B, x, y: bent_slopes(A, B, x.mean(1, keepdims=True), y.mean(1, keepdims=True)),
)
wrong(
    "the mean of the error times the mean of the input",
    lambda A, B, x, y: (
        lambda h, z: (
            4 * ((z - y) ** 3 * z * (1 - z)).mean(1, keepdims=True) @ h.mean(1, keepdims=True).T,
            bent_slopes(A, B, x, y)[1] / x.shape[1],
        )
    )(*bent(A, B, x)),
)
wrong("both transposed", lambda *a: tuple(v.T for v in scaled(bent_slopes(*a), 1 / a[2].shape[1])))
wrong(
    "1/(S − 1)",
    lambda *a: scaled(bent_slopes(*a), 1 / (a[2].shape[1] + (-1 if a[2].shape[1] > 1 else 1))),
)


@wrong("B's gradient at an A that has already moved")
def _(A, B, x, y):
    S = x.shape[1]
    grad_A = bent_slopes(A, B, x, y)[0] / S
    return grad_A, bent_slopes(A - 0.5 * grad_A, B, x, y)[1] / S


@wrong("adds up over the calls")
def _(A, B, x, y, total={}):  # noqa: B006
    pair = scaled(bent_slopes(A, B, x, y), 1 / x.shape[1])
    key = A.shape, B.shape
    total[key] = tuple(map(operator.add, total[key], pair)) if key in total else pair
    return total[key]


@silent("leaves the results under other names")
def _(A, B, x, y):
    grad_A, grad_B = np.full(A.shape, np.nan), np.full(B.shape, np.nan)
    gA, gB = scaled(bent_slopes(A, B, x, y), 1 / x.shape[1])  # noqa: RUF059
    return grad_A, grad_B


@silent("adds to the NaN of the template")
def _(A, B, x, y):
    grad_A, grad_B = np.full(A.shape, np.nan), np.full(B.shape, np.nan)
    for s in range(x.shape[1]):
        one = bent_slopes(A, B, x[:, s : s + 1], y[:, s : s + 1])
        grad_A += one[0] / x.shape[1]
        grad_B += one[1] / x.shape[1]
    return grad_A, grad_B


@silent("forgets to return")
def _(A, B, x, y):
    grad_A, grad_B = scaled(bent_slopes(A, B, x, y), 1 / x.shape[1])  # noqa: RUF059


wrong("the library's gradients, as in the chapter", network.gradients)


@wrong("the chapter's loss behind tanh")
def _(A, B, x, y):
    h, z = bent(A, B, x)
    d = 2 * (z - y) * z * (1 - z) / x.shape[1]
    return d @ h.T, (A.T @ d * (1 - h**2)) @ x.T


@wrong("the fourth power, but a sigmoid in the hidden layer")
def _(A, B, x, y):
    h, z = layers(A, B, x)
    d = 4 * (z - y) ** 3 * z * (1 - z) / x.shape[1]
    return d @ h.T, (A.T @ d * h * (1 - h)) @ x.T


@wrong("tanh on the way forward, the sigmoid's slope on the way back")
def _(A, B, x, y):
    h, z = bent(A, B, x)
    d = 4 * (z - y) ** 3 * z * (1 - z) / x.shape[1]
    return d @ h.T, (A.T @ d * h * (1 - h)) @ x.T


# 3.7 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("numerical_gradient")


def differences(loss, w, h, up=1.0, down=-1.0, width=2.0):
    """Return [L(w + up·h) − L(w + down·h)] / (width·h) for each weight."""
    gradient = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        delta = np.zeros(w.shape)
        delta[place] = h
        gradient[place] = (loss(w + up * delta) - loss(w + down * delta)) / (width * h)
    return gradient


right(differences)
right(lambda loss, w, h: differences(loss, w, h).tolist())


@right()
def _(loss, w, h):
    # In place, and put back.
    gradient = np.full(w.shape, np.nan)
    for place in np.ndindex(w.shape):
        old = w[place]
        w[place] = old + h
        up = loss(w)
        w[place] = old - h
        down = loss(w)
        w[place] = old
        gradient[place] = (up - down) / (2 * h)
    return gradient


@right()
def _(loss, w, h):
    deltas = h * np.eye(w.size).reshape(w.size, *w.shape)
    slopes = [(loss(w + delta) - loss(w - delta)) / (2 * h) for delta in deltas]
    return np.reshape(slopes, w.shape)


@right()
def _(loss, w, h):
    flat = w.astype(float).ravel()

    def at(i, step):
        moved = flat.copy()
        moved[i] += step
        return loss(moved.reshape(w.shape))

    return np.array([at(i, h) - at(i, -h) for i in range(w.size)]).reshape(w.shape) / (2 * h)


@right()
def _(loss, w, h):
    gradient = np.empty(w.shape)
    walk = np.nditer(w, flags=["multi_index"])
    for _ in walk:
        plus, minus = w.copy(), w.copy()
        plus[walk.multi_index] += h
        minus[walk.multi_index] -= h
        gradient[walk.multi_index] = (loss(plus) - loss(minus)) / h / 2
    return gradient


@right()
class Differences:
    def __call__(self, loss, w, h):
        gradient = np.full(w.shape, np.nan)
        for i in range(w.size):
            plus, minus = w.copy(), w.copy()
            plus.flat[i] += h
            minus.flat[i] -= h
            gradient.flat[i] = 0.5 * (loss(plus) - loss(minus)) / h
        return gradient


wrong("a forward difference", functools.partial(differences, down=0.0, width=1.0))
wrong("a backward difference", functools.partial(differences, up=0.0, width=1.0))
wrong("divides by h, not 2h", functools.partial(differences, width=1.0))
wrong("a forward difference divided by 2h", functools.partial(differences, down=0.0))
wrong("the wrong sign", functools.partial(differences, up=-1.0, down=1.0))
wrong("h/2 to each side, divided by 2h", functools.partial(differences, up=0.5, down=-0.5))
wrong("2h to each side, divided by 2h", functools.partial(differences, up=2.0, down=-2.0))
wrong("forgets to divide", lambda loss, w, h: differences(loss, w, h) * 2 * h)
wrong(
    "multiplies by h: the brackets are missing", lambda loss, w, h: differences(loss, w, h) * h * h
)
wrong("h of its own", lambda loss, w, h: differences(loss, w, 1.0))
wrong("flattens the result", lambda loss, w, h: differences(loss, w, h).ravel())
wrong("transposes the result", lambda loss, w, h: differences(loss, w, h).T)
wrong("the absolute value", lambda loss, w, h: abs(differences(loss, w, h)))
wrong("the length of the gradient", lambda loss, w, h: np.linalg.norm(differences(loss, w, h)))
wrong("rounds to whole numbers", lambda loss, w, h: differences(loss, w, h).round())
wrong(
    "moves all weights at once",
    lambda loss, w, h: np.full(w.shape, (loss(w + h) - loss(w - h)) / (2 * h)),
)
wrong(
    "the difference of the losses of each weight alone",
    lambda loss, w, h: np.reshape(
        [(loss(v + h) - loss(v - h)) / (2 * h) for v in w.ravel()], w.shape
    ),
)
wrong(
    "np.gradient of the weights",
    lambda loss, w, h: np.gradient(np.asarray(w).ravel(), h).reshape(w.shape),
)
wrong(
    "loops over two indices only",
    lambda loss, w, h: np.array(
        [[differences(loss, w, h)[i, j] for j in range(w.shape[1])] for i in range(w.shape[0])]
    ),
)
wrong(
    "loops over one index only",
    lambda loss, w, h: np.array(
        [
            (lambda d: (loss(w + d) - loss(w - d)) / (2 * h))(
                np.where(np.arange(len(w)) == i, h, 0).reshape(-1, *[1] * (w.ndim - 1))
            )
            for i in range(len(w))
        ]
    ),
)
wrong(
    "the second derivative",
    lambda loss, w, h: (
        (differences(loss, w, h, down=0.0, width=1.0) - differences(loss, w, h, up=0.0, width=1.0))
        / h
    ),
)


@wrong("does not put the weight back")
def _(loss, w, h):
    gradient = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        w[place] += h
        up = loss(w)
        w[place] -= 2 * h
        gradient[place] = (up - loss(w)) / (2 * h)
    return gradient


@wrong("the steps pile up in a copy")
def _(loss, w, h):
    gradient, plus, minus = np.zeros(w.shape), w.copy(), w.copy()
    for place in np.ndindex(w.shape):
        plus[place] += h
        minus[place] -= h
        gradient[place] = (loss(plus) - loss(minus)) / (2 * h)
    return gradient


@wrong("plus and minus are the same array as w")
def _(loss, w, h):
    gradient = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        plus, minus = w, w
        plus[place] += h
        minus[place] -= h
        gradient[place] = (loss(plus) - loss(minus)) / (2 * h)
    return gradient


@wrong("the last weight is left out")
def _(loss, w, h):
    gradient = differences(loss, w, h)
    gradient.flat[-1] = 0
    return gradient


@silent("adds to the NaN of the template")
def _(loss, w, h):
    gradient = np.full(w.shape, np.nan)
    for place in np.ndindex(w.shape):
        delta = np.zeros(w.shape)
        delta[place] = h
        gradient[place] += (loss(w + delta) - loss(w - delta)) / (2 * h)
    return gradient


@silent("leaves the result under another name")
def _(loss, w, h):
    gradient = np.full(w.shape, np.nan)
    grad = differences(loss, w, h)  # noqa: F841
    return gradient


@silent("forgets to return")
def _(loss, w, h):
    gradient = differences(loss, w, h)  # noqa: F841


# 4.1 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("age_weight")
right(lambda beta, k: (1 - beta) * beta**k)
right(lambda beta, k: beta**k - beta ** (k + 1))
right(lambda beta, k: np.float64(1 - beta) * np.power(float(beta), k))
right(lambda beta, k: math.prod([1 - beta] + [beta] * k))
right(lambda beta, k: functools.reduce(operator.mul, itertools.repeat(beta, k), 1 - beta))
right(lambda beta, k: np.array((1 - beta) * beta**k))


@right()
def _(beta, k):
    # The memory of one gradient of 1, followed by k of 0.
    v = 0
    for gradient in [1] + [0] * k:
        v = beta * v + (1 - beta) * gradient
    return v


@right()
def _(beta, k):
    return 1 - beta if k == 0 else beta * (1 - beta) * beta ** (k - 1)


@right()
class AgeWeight:
    def __call__(self, beta, k):
        weight = 1.0 - beta
        while k:
            weight, k = weight * beta, k - 1
        return weight


wrong("forgets 1 − β", lambda beta, k: beta**k)
wrong("one step older", lambda beta, k: (1 - beta) * beta ** (k + 1))
wrong("one step younger", lambda beta, k: (1 - beta) * beta ** (k - 1) if k else 1 - beta)
wrong("β and 1 − β swapped", lambda beta, k: beta * (1 - beta) ** k)
wrong("both to the power", lambda beta, k: ((1 - beta) * beta) ** k)
wrong("(1 − β) to the power", lambda beta, k: (1 - beta) ** k)
wrong("times k", lambda beta, k: (1 - beta) * beta * k)
wrong("the weight of all up to k", lambda beta, k: 1 - beta ** (k + 1))
wrong("the weight of all older ones", lambda beta, k: beta**k / (1 - beta))
wrong("an exponential of its own", lambda beta, k: math.exp(-(1 - beta) * k))
wrong("0.1 for any β", lambda beta, k: 0.1 * beta**k)
wrong("0.9 for any β", lambda beta, k: (1 - beta) * 0.9**k)
wrong("1 − β to the k: no brackets", lambda beta, k: 1 - beta * beta**k)
wrong("divides by the age", lambda beta, k: (1 - beta) * beta / (k + 1))
wrong("1 − β for every age", lambda beta, k: 1 - beta)
wrong("relative to the newest, as a share of it", lambda beta, k: beta**k / (1 - beta**k + 1e-12))
wrong("ten steps at most", lambda beta, k: (1 - beta) * beta ** min(k, 10))
wrong("the age of the oldest counted from 1", lambda beta, k: (1 - beta) * beta**k if k else 1.0)
wrong(
    "by logarithms, which fail for β = 0", lambda beta, k: (1 - beta) * math.exp(k * math.log(beta))
)
wrong("XOR in place of a power", lambda beta, k: (1 - beta) * (int(beta) ^ k))
wrong("a list of all weights", lambda beta, k: [(1 - beta) * beta**i for i in range(k + 1)])


@silent("multiplies the NaN of the template")
def _(beta, k):
    weight = np.nan
    for _ in range(k):
        weight *= beta
    return (1 - beta) * weight


@silent("leaves the result under another name")
def _(beta, k):
    weight = np.nan
    share = (1 - beta) * beta**k  # noqa: F841
    return weight


@silent("forgets to return")
def _(beta, k):
    (1 - beta) * beta**k


# 4.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("momentum_step")


def step(w, v, gradient, learning_rate, beta):
    """Return the new weights and the new velocity."""
    v = beta * v + (1 - beta) * gradient
    return w - learning_rate * v, v


right(step)
right(lambda w, v, gradient, rate, beta: list(step(w, v, gradient, rate, beta)))
right(lambda w, v, d, rate, beta: (w - rate * (v + (1 - beta) * (d - v)), v + (1 - beta) * (d - v)))


@right()
def _(w, v, gradient, learning_rate, beta):
    new_w, new_v = np.full(w.shape, np.nan), np.full(v.shape, np.nan)
    new_v[:] = beta * v + (1 - beta) * gradient
    new_w[:] = w - learning_rate * new_v
    return new_w, new_v


@right()
def _(w, v, gradient, learning_rate, beta):
    w, v = w.copy(), v.copy()
    v *= beta
    v += (1 - beta) * gradient
    w -= learning_rate * v
    return w, v


@right()
def _(w, v, gradient, learning_rate, beta):
    new_w, new_v = np.empty_like(w), np.empty_like(v)
    for i in np.ndindex(w.shape):
        new_v[i] = beta * v[i] + (1 - beta) * gradient[i]
        new_w[i] = w[i] - learning_rate * new_v[i]
    return new_w, new_v


@right()
def _(w, v, gradient, learning_rate, beta):
    new_v = np.average([v, gradient], axis=0, weights=[beta, 1 - beta])
    return np.subtract(w, np.multiply(learning_rate, new_v)), new_v


wrong("forgets 1 − β", lambda w, v, d, r, b: (w - r * (b * v + d), b * v + d))
wrong("the old velocity moves the weights", lambda w, v, d, r, b: (w - r * v, b * v + (1 - b) * d))
wrong("plus", lambda w, v, d, r, b: (w + r * (b * v + (1 - b) * d), b * v + (1 - b) * d))
wrong("v first", lambda *a: step(*a)[::-1])
wrong("the weights only", lambda *a: step(*a)[0])
wrong("β and 1 − β swapped", lambda w, v, d, r, b: step(w, v, d, r, 1 - b))
wrong("no momentum", lambda w, v, d, r, b: (w - r * d, v))
wrong("the gradient moves the weights", lambda w, v, d, r, b: (w - r * d, b * v + (1 - b) * d))
wrong(
    "the learning rate in the velocity",
    lambda w, v, d, r, b: (w - r * (b * v + (1 - b) * d), r * (b * v + (1 - b) * d)),
)
wrong(
    "the learning rate in the velocity and twice in w",
    lambda w, v, d, r, b: (w - r * r * (b * v + (1 - b) * d), b * v + (1 - b) * d),
)
wrong("the heavy ball", lambda w, v, d, r, b: (w - (b * v + r * d), b * v + r * d))
wrong("forgets the learning rate", lambda w, v, d, r, b: step(w, v, d, 1.0, b))
wrong("β = 0.9 for any β", lambda w, v, d, r, b: step(w, v, d, r, 0.9))
wrong("the velocity decays only", lambda w, v, d, r, b: (w - r * b * v, b * v))
wrong("returns the old velocity", lambda w, v, d, r, b: (step(w, v, d, r, b)[0], v))
wrong("two steps in one", lambda w, v, d, r, b: step(*step(w, v, d, r, b), d, r, b))
wrong(
    "Nesterov's look ahead",
    lambda w, v, d, r, b: (lambda u: (w - r * (b * u + (1 - b) * d), u))(b * v + (1 - b) * d),
)
wrong(
    "the step without w",
    lambda w, v, d, r, b: (-r * step(w, v, d, r, b)[1], step(w, v, d, r, b)[1]),
)
wrong(
    "the first weight for all",
    lambda w, v, d, r, b: tuple(np.full(u.shape, u.flat[0]) for u in step(w, v, d, r, b)),
)
wrong("weights decay too", lambda w, v, d, r, b: step(b * w, v, d, r, b))
wrong(
    "normalizes the velocity",
    lambda w, v, d, r, b: (lambda u: (w - r * u, u))(step(w, v, d, r, b)[1] / (1 - b**2)),
)


@wrong("changes the old arrays")
def _(w, v, gradient, learning_rate, beta):
    v *= beta
    v += (1 - beta) * gradient
    w -= learning_rate * v
    return w, v


@wrong("changes the old velocity")
def _(w, v, gradient, learning_rate, beta):
    v[:] = beta * v + (1 - beta) * gradient
    return w - learning_rate * v, v.copy()


@wrong("changes the old weights")
def _(w, v, gradient, learning_rate, beta):
    v = beta * v + (1 - beta) * gradient
    w -= learning_rate * v
    return w.copy(), v


@wrong("keeps a velocity of its own from call to call")
class OwnVelocity:
    kept = 0.0

    def __call__(self, w, v, gradient, learning_rate, beta):
        if np.shape(self.kept) != v.shape:
            self.kept = np.zeros(v.shape)
        self.kept = beta * self.kept + (1 - beta) * gradient
        return w - learning_rate * self.kept, self.kept


@silent("leaves the results under other names")
def _(w, v, gradient, learning_rate, beta):
    new_w, new_v = np.full(w.shape, np.nan), np.full(v.shape, np.nan)
    w_new, v_new = step(w, v, gradient, learning_rate, beta)  # noqa: RUF059
    return new_w, new_v


@silent("adds to the NaN of the template")
def _(w, v, gradient, learning_rate, beta):
    new_w, new_v = np.full(w.shape, np.nan), np.full(v.shape, np.nan)
    new_v += beta * v + (1 - beta) * gradient
    new_w += w - learning_rate * new_v
    return new_w, new_v


@silent("forgets to return")
def _(w, v, gradient, learning_rate, beta):
    new_w, new_v = step(w, v, gradient, learning_rate, beta)  # noqa: RUF059


# 4.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("descend")


def walk(gradient, w, rate, beta, n_steps, *, share=None, v=0.0, sign=-1):
    """Return the path of momentum descent; the options are mistakes."""
    path = [np.array(w, float)]
    for _ in range(n_steps):
        slope = np.asarray(gradient(path[-1].copy()))
        v = beta * v + (1 - beta if share is None else share) * slope
        path.append(path[-1] + sign * rate * v)
    return np.array(path)


right(walk)


@right()
def _(gradient, w, learning_rate, beta, n_steps):
    path = np.full((n_steps + 1, len(w)), np.nan)
    path[0], v = w, np.zeros(len(w))
    for i in range(n_steps):
        v = beta * v + (1 - beta) * gradient(path[i])
        path[i + 1] = path[i] - learning_rate * v
    return path


@right()
def _(gradient, w, learning_rate, beta, n_steps):
    v = np.zeros_like(w, dtype=float)
    path = [w]
    for _ in range(n_steps):
        w, v = step(w, v, gradient(w), learning_rate, beta)
        path.append(w)
    return np.stack(path)


@right()
def _(gradient, w, learning_rate, beta, n_steps):
    def go(state, _):
        return step(state[0], state[1], gradient(state[0]), learning_rate, beta)

    states = itertools.accumulate(range(n_steps), go, initial=(np.array(w), np.zeros(2)))
    return np.array([point for point, _ in states])


@right()
def _(gradient, w, learning_rate, beta, n_steps):
    w, v = w.astype(float), np.zeros(2)
    path = w[None].copy()
    while len(path) <= n_steps:
        v *= beta
        v += (1 - beta) * gradient(w)
        w -= learning_rate * v
        path = np.vstack([path, w])
    return path


wrong("forgets 1 − β", functools.partial(walk, share=1.0))
wrong("climbs", functools.partial(walk, sign=1))
wrong("the velocity begins at 1", functools.partial(walk, v=1.0))
wrong("the start is missing", lambda *a: walk(*a)[1:])
wrong("the end is missing", lambda *a: walk(*a)[:-1])
wrong("a step too many", lambda f, w, r, b, n: walk(f, w, r, b, n + 1))
wrong("the last point only", lambda *a: walk(*a)[-1])
wrong("transposed", lambda *a: walk(*a).T)
wrong("no momentum", lambda f, w, r, b, n: walk(f, w, r, 0.0, n))
wrong("25 steps for any number", lambda f, w, r, b, n: walk(f, w, r, b, 25))
wrong("starts at 0", lambda f, w, r, b, n: walk(f, np.zeros(2), r, b, n))
wrong("starts at (−2, 0.5)", lambda f, w, r, b, n: walk(f, np.array([-2.0, 0.5]), r, b, n))
wrong(
    "the valley of the example for any gradient",
    lambda f, w, r, b, n: walk(lambda u: np.array([1.0, 20.0]) * u, w, r, b, n),
)
wrong(
    "the gradient at the start for all steps",
    lambda f, w, r, b, n: walk(lambda u: f(w), w, r, b, n),
)
wrong("β and 1 − β swapped", lambda f, w, r, b, n: walk(f, w, r, 1 - b, n))
wrong("β and the learning rate swapped", lambda f, w, r, b, n: walk(f, w, b, r, n))
wrong(
    "the velocity begins at the first gradient",
    lambda f, w, r, b, n: walk(f, w, r, b, n, v=np.asarray(f(w.copy()))),
)
wrong(
    "the path of the velocities",
    lambda f, w, r, b, n: -np.diff(walk(f, w, r, b, n), axis=0, prepend=w[None]),
)
wrong("backwards", lambda *a: walk(*a)[::-1])
wrong("rounds the points to a tenth", lambda *a: walk(*a).round(1))


@wrong("the weights move before the velocity is new")
def _(gradient, w, learning_rate, beta, n_steps):
    path, v = [w], 0.0
    for _ in range(n_steps):
        slope = gradient(path[-1])
        path.append(path[-1] - learning_rate * v)
        v = beta * v + (1 - beta) * slope
    return np.array([np.broadcast_to(point, (2,)) for point in path])


@wrong("all rows are one array, changed in place")
def _(gradient, w, learning_rate, beta, n_steps):
    w, v = w.copy(), np.zeros(2)
    path = [w]
    for _ in range(n_steps):
        v = beta * v + (1 - beta) * gradient(w)
        w -= learning_rate * v
        path.append(w)
    return np.array(path)


@wrong("the velocity begins at 0 in each step")
def _(gradient, w, learning_rate, beta, n_steps):
    path = [w]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * (1 - beta) * gradient(path[-1]))
    return np.array(path)


@wrong("the velocity lasts from call to call")
def _(gradient, w, learning_rate, beta, n_steps, v=np.zeros(2)):  # noqa: B008
    path = [w]
    for _ in range(n_steps):
        v *= beta
        v += (1 - beta) * gradient(path[-1])
        path.append(path[-1] - learning_rate * v)
    return np.array(path)


@wrong("one weight after the other, the second with the first already moved")
def _(gradient, w, learning_rate, beta, n_steps):
    path, w, v = [w.copy()], w.copy(), np.zeros(2)
    for _ in range(n_steps):
        for i in range(2):
            v[i] = beta * v[i] + (1 - beta) * gradient(w)[i]
            w[i] = w[i] - learning_rate * v[i]
        path.append(w.copy())
    return np.array(path)


@silent("fills another array")
def _(gradient, w, learning_rate, beta, n_steps):
    path = np.full((n_steps + 1, len(w)), np.nan)
    points = walk(gradient, w, learning_rate, beta, n_steps)  # noqa: F841
    return path


@silent("forgets to write the start into the template")
def _(gradient, w, learning_rate, beta, n_steps):
    path = np.full((n_steps + 1, len(w)), np.nan)
    v = np.zeros(2)
    for i in range(n_steps):
        v = beta * v + (1 - beta) * gradient(path[i])
        path[i + 1] = path[i] - learning_rate * v
    return path


@silent("forgets to return")
def _(gradient, w, learning_rate, beta, n_steps):
    path = walk(gradient, w, learning_rate, beta, n_steps)  # noqa: F841


# 4.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("steps_needed")


def arrive(
    gradient, w, rate, beta, tolerance, max_steps, *, closed=False, share=None, measure=None
):
    """Return the number of steps of one run; the options are mistakes."""
    w, v, n = np.array(w, float), 0.0, 0
    with np.errstate(all="ignore"):
        while n < max_steps:
            slope = np.asarray(gradient(w))
            length = (measure or np.linalg.norm)(slope)
            if length < tolerance or (closed and length == tolerance):
                break
            v = beta * v + (1 - beta if share is None else share) * slope
            w, n = w - rate * v, n + 1
    return n


def each(run=arrive, **options):
    """Return a function that counts the steps for each β."""

    def count(gradient, w, rate, betas, tolerance, max_steps):
        runs = (run(gradient, w, rate, b, tolerance, max_steps, **options) for b in betas)
        return np.array(list(runs))

    return count


right(each())
right(lambda *a: each()(*a).tolist())
right(lambda *a: each()(*a).astype(float))
right(lambda *a: each()(*a).astype(np.uint16))
right(each(measure=lambda slope: math.hypot(*slope)))


@right()
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = np.full(len(betas), np.nan)
    for i, beta in enumerate(betas):
        point, v = w.copy(), np.zeros(w.shape)
        counts[i] = max_steps
        for n in range(max_steps):
            slope = gradient(point)
            if np.sum(slope**2) ** 0.5 < tolerance:
                counts[i] = n
                break
            v = beta * v + (1 - beta) * slope
            point = point - learning_rate * v
    return counts


@right()
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    def count(beta):
        path = walk(gradient, w, learning_rate, beta, max_steps)
        flat = [np.linalg.norm(gradient(point)) < tolerance for point in path]
        return flat.index(True) if True in flat else max_steps

    with np.errstate(all="ignore"):
        return [count(beta) for beta in betas]


def diverging(gradient, w, rate, beta, tolerance, max_steps):
    w, v, n = np.array(w, float), 0.0, 0
    with np.errstate(all="ignore"):
        while n < max_steps and np.linalg.norm(gradient(w)) >= tolerance:
            v = beta * v + (1 - beta) * np.asarray(gradient(w))
            w, n = w - rate * v, n + 1
    return n


def after(gradient, w, rate, beta, tolerance, max_steps):
    w, v = np.array(w, float), 0.0
    with np.errstate(all="ignore"):
        for n in range(1, max_steps + 1):
            v = beta * v + (1 - beta) * np.asarray(gradient(w))
            w = w - rate * v
            if np.linalg.norm(gradient(w)) < tolerance:
                return n
    return max_steps


wrong("steps before it looks", each(after))
wrong("stops when the numbers overflow to NaN", each(diverging))
wrong("forgets 1 − β", each(share=1.0))
wrong("at most the tolerance, not below it", each(closed=True))
wrong("looks at the first entry only", each(measure=lambda slope: abs(slope[0])))
wrong("looks at the last entry only", each(measure=lambda slope: abs(slope[-1])))
wrong("every entry below the tolerance: a box", each(measure=lambda slope: np.abs(slope).max()))
wrong("the sum of the entries", each(measure=np.sum))
wrong("the sum of the absolute entries", each(measure=lambda slope: np.abs(slope).sum()))
wrong("the square of the length", each(measure=lambda slope: np.sum(slope**2)))
wrong("the mean square", each(measure=lambda slope: np.mean(slope**2) ** 0.5))
wrong("one too many", lambda *a: each()(*a) + 1)
wrong("one too few", lambda *a: np.maximum(each()(*a) - 1, 0))
wrong("−1 for a run that has not arrived", lambda *a: np.where(each()(*a) < a[-1], each()(*a), -1))
wrong(
    "NaN for a run that has not arrived",
    lambda *a: np.where(each()(*a) < a[-1], each()(*a), np.nan),
)
wrong("max_steps − 1 for a run that has not arrived", lambda *a: np.minimum(each()(*a), a[-1] - 1))
wrong(
    "max_steps + 1 for a run that has not arrived",
    lambda *a: np.where(each()(*a) < a[-1], each()(*a), a[-1] + 1),
)
wrong("sorted", lambda *a: np.sort(each()(*a)))
wrong("the fastest β only", lambda *a: int(each()(*a).min()))
wrong("which β is fastest", lambda *a: a[3][int(each()(*a).argmin())])
wrong("400 steps for any limit", lambda *a: each()(*a[:-1], 400))
wrong("a tolerance of a thousandth for any", lambda f, w, r, bs, t, m: each()(f, w, r, bs, 1e-3, m))
wrong(
    "the five β of the example",
    lambda f, w, r, bs, t, m: each()(f, w, r, [0.0, 0.5, 0.8, 0.9, 0.95], t, m),
)
wrong("no momentum at all", lambda f, w, r, bs, t, m: each()(f, w, r, [0.0] * len(bs), t, m))
wrong("a dictionary", lambda *a: dict(zip(a[3], each()(*a), strict=True)))


@wrong("the next β begins where the last one ended")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts, w = [], w.copy()
    with np.errstate(all="ignore"):
        for beta in betas:
            n, v = 0, np.zeros(w.shape)
            while n < max_steps and not np.linalg.norm(gradient(w)) < tolerance:
                v = beta * v + (1 - beta) * gradient(w)
                w, n = w - learning_rate * v, n + 1
            counts.append(n)
    return counts


@wrong("the velocity of the last β goes on")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts, v = [], np.zeros(w.shape)
    with np.errstate(all="ignore"):
        for beta in betas:
            n, point = 0, w
            while n < max_steps and not np.linalg.norm(gradient(point)) < tolerance:
                v = beta * v + (1 - beta) * gradient(point)
                point, n = point - learning_rate * v, n + 1
            counts.append(n)
    return counts


@wrong("the count goes on from β to β")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    return np.cumsum(each()(gradient, w, learning_rate, betas, tolerance, max_steps))


@silent("counts up from the NaN of the template")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = np.full(len(betas), np.nan)
    for i, n in enumerate(each()(gradient, w, learning_rate, betas, tolerance, max_steps)):
        for _ in range(n):
            counts[i] += 1
    return counts


@silent("leaves the result under another name")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = np.full(len(betas), np.nan)
    for beta in betas:
        count = arrive(gradient, w, learning_rate, beta, tolerance, max_steps)  # noqa: F841
    return counts


@silent("forgets to return")
def _(gradient, w, learning_rate, betas, tolerance, max_steps):
    counts = each()(gradient, w, learning_rate, betas, tolerance, max_steps)  # noqa: F841


# 5.1 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("updates")
right(lambda n, s, e: math.ceil(n / s) * e)
right(lambda n, s, e: -(-n // s) * e)
right(lambda n, s, e: np.ceil(n / s) * e)
right(lambda n, s, e: (n + s - 1) // s * e)
right(lambda n, s, e: e * len(range(0, n, s)))
right(lambda n, s, e: e * (n // s + (n % s > 0)))
right(lambda n, s, e: np.array(((n - 1) // s + 1) * e))
right(lambda n, s, e: sum(1 for _ in range(e) for _ in range(0, n, s)))


@right()
class Updates:
    def __call__(self, n_training, batch_size, n_epochs):
        n = 0
        for _ in range(n_epochs):
            left = n_training
            while left > 0:
                left -= batch_size
                n += 1
        return n


wrong("leaves the short batch out", lambda n, s, e: n // s * e)
wrong("rounds to the nearest", lambda n, s, e: round(n / s) * e)
wrong("a batch too many where the size divides", lambda n, s, e: (n // s + 1) * e)
wrong("batches that reach over epochs", lambda n, s, e: math.ceil(n * e / s))
wrong("the same, rounded down", lambda n, s, e: n * e // s)
wrong("a fraction", lambda n, s, e: n / s * e)
wrong("one epoch", lambda n, s, e: math.ceil(n / s))
wrong("an update for each galaxy", lambda n, s, e: n * e)
wrong("an update for each epoch", lambda n, s, e: e)
wrong("galaxies times size", lambda n, s, e: n * s * e)
wrong("the full batches, and one short one for all epochs", lambda n, s, e: n // s * e + 1)
wrong("epochs upside down", lambda n, s, e: math.ceil(n / s) / e)
wrong("batches of 64", lambda n, s, e: math.ceil(n / 64) * e)
wrong("two weight matrices, two updates", lambda n, s, e: 2 * math.ceil(n / s) * e)
wrong("an epoch too many", lambda n, s, e: math.ceil(n / s) * (e + 1))
wrong("adds the epochs", lambda n, s, e: math.ceil(n / s) + e)
wrong("at least a full batch", lambda n, s, e: max(1, n // s) * e)
wrong("ceil of a floor", lambda n, s, e: math.ceil(n // s) * e)
wrong("size by galaxies", lambda n, s, e: math.ceil(s / n) * e)


@silent("counts up from the NaN of the template")
def _(n_training, batch_size, n_epochs):
    n = np.nan
    for _ in range(n_epochs):
        n += math.ceil(n_training / batch_size)
    return n


@silent("leaves the result under another name")
def _(n_training, batch_size, n_epochs):
    n = np.nan
    N = math.ceil(n_training / batch_size) * n_epochs  # noqa: F841
    return n


@silent("forgets to return")
def _(n_training, batch_size, n_epochs):
    math.ceil(n_training / batch_size) * n_epochs


# 5.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("fraction_correct")


def hits(forward, pair):
    """Return which galaxies of a pair (x, y) are right."""
    x, y = pair
    return np.argmax(forward(x), axis=0) == np.argmax(y, axis=0)


right(lambda f, training, test: hits(f, test).mean())
right(lambda f, training, test: float(sum(hits(f, test)) / len(hits(f, test))))
right(lambda f, training, test: np.count_nonzero(hits(f, test)) / test[1].shape[1])
right(lambda f, training, test: round(float(np.mean(hits(f, test))), 3))
right(lambda f, training, test: np.array(1 - np.mean(~hits(f, test))))
right(lambda f, training, test: np.mean(hits(f, test), dtype=np.float32))


@right()
def _(forward, training, test):
    x, y = test
    correct = 0
    for s in range(x.shape[1]):
        z = forward(x[:, s : s + 1])
        if list(z[:, 0]).index(max(z[:, 0])) == np.argmax(y[:, s]):
            correct += 1
    return correct / x.shape[1]


@right()
def _(forward, training, test):
    z = forward(test[0]).T
    known = [int(column.argmax()) for column in test[1].T]
    return sum(
        max(range(len(o)), key=o.__getitem__) == k for o, k in zip(z, known, strict=True)
    ) / len(z)


@right()
def _(forward, training, test):
    # In batches of 7.
    x, y = test
    parts = [hits(forward, (x[:, i : i + 7], y[:, i : i + 7])) for i in range(0, x.shape[1], 7)]
    return np.concatenate(parts).mean()


wrong("the training set", lambda f, training, test: hits(f, training).mean())
wrong("both sets together", lambda f, *pairs: np.concatenate([hits(f, p) for p in pairs]).mean())
wrong("the mean of both fractions", lambda f, *pairs: np.mean([hits(f, p).mean() for p in pairs]))
wrong("the better of both", lambda f, *pairs: max(hits(f, p).mean() for p in pairs))
wrong("both fractions", lambda f, *pairs: tuple(hits(f, p).mean() for p in pairs))
wrong("the number, not the fraction", lambda f, _, test: int(hits(f, test).sum()))
wrong("per cent", lambda f, _, test: 100 * hits(f, test).mean())
wrong("the fraction that is wrong", lambda f, _, test: 1 - hits(f, test).mean())
wrong(
    "the largest along the wrong axis",
    lambda f, _, test: np.mean(f(test[0]).argmax(axis=1) == test[1].argmax(axis=1)),
)
wrong(
    "the largest of the whole matrix",
    lambda f, _, test: float(np.argmax(f(test[0])) == np.argmax(test[1])),
)
wrong("outputs equal to the known ones", lambda f, _, test: np.mean(f(test[0]) == test[1]))
wrong(
    "outputs close to the known ones", lambda f, _, test: np.mean(abs(f(test[0]) - test[1]) < 0.1)
)
wrong(
    "every output rounded right",
    lambda f, _, test: np.mean(np.round(f(test[0])) == np.round(test[1])),
)
wrong(
    "the output at the answer above a half",
    lambda f, _, test: np.mean(np.take_along_axis(f(test[0]), test[1].argmax(0)[None], 0) > 0.5),
)
wrong("divides by the number of outputs", lambda f, _, test: hits(f, test).sum() / len(test[1]))
wrong("divides by the number of inputs", lambda f, _, test: hits(f, test).sum() / len(test[0]))
wrong(
    "divides by the training set",
    lambda f, training, test: hits(f, test).sum() / training[0].shape[1],
)
wrong(
    "the smallest output",
    lambda f, _, test: np.mean(f(test[0]).argmin(axis=0) == test[1].argmax(axis=0)),
)
wrong("the loss", lambda f, _, test: np.mean(np.sum((f(test[0]) - test[1]) ** 2, axis=0)))
wrong("a list of verdicts", lambda f, _, test: hits(f, test))
wrong(
    "the largest values agree, not their places",
    lambda f, _, test: np.mean(np.isclose(f(test[0]).max(0), test[1].max(0), atol=0.5)),
)
wrong(
    "the difference of training and test",
    lambda f, *pairs: hits(f, pairs[0]).mean() - hits(f, pairs[1]).mean(),
)
wrong("rounds to 0 or 1", lambda f, _, test: hits(f, test).sum() // test[0].shape[1])
wrong(
    "the first ten galaxies", lambda f, _, test: hits(f, (test[0][:, :10], test[1][:, :10])).mean()
)


@silent("counts up from the NaN of the template")
def _(forward, training, test):
    fraction = np.nan
    for hit in hits(forward, test):
        fraction += hit
    return fraction / test[0].shape[1]


@silent("leaves the result under another name")
def _(forward, training, test):
    fraction = np.nan
    accuracy = hits(forward, test).mean()  # noqa: F841
    return fraction


@silent("forgets to return")
def _(forward, training, test):
    fraction = hits(forward, test).mean()  # noqa: F841


# 5.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("train")


def slopes(A, B, x, y):
    """Return both gradients of the squared error, added up over the batch."""
    h, z = layers(A, B, x)
    d = 2 * (z - y) * z * (1 - z)
    return d @ h.T, (A.T @ d * h * (1 - h)) @ x.T


def trained(
    A, B, epochs, rate, beta, *, share=None, reset=None, sign=-1, start=0.0, nesterov=False
):
    """Return A and B after training with momentum; the options are mistakes."""
    v_A, v_B = np.full(A.shape, start), np.full(B.shape, start)
    share = 1 - beta if share is None else share
    for epoch in epochs:
        if reset == "epoch":
            v_A, v_B = np.zeros(A.shape), np.zeros(B.shape)
        for x, y in epoch:
            if reset == "batch":
                v_A, v_B = np.zeros(A.shape), np.zeros(B.shape)
            ahead = rate * beta if nesterov else 0.0
            grad_A, grad_B = network.gradients(A - ahead * v_A, B - ahead * v_B, x, y)
            v_A, v_B = beta * v_A + share * grad_A, beta * v_B + share * grad_B
            A, B = A + sign * rate * v_A, B + sign * rate * v_B
    return A, B


right(trained)
right(lambda *a: list(trained(*a)))
right(lambda A, B, epochs, rate, beta: trained(A, B, [itertools.chain(*epochs)], rate, beta))


@right()
def _(A, B, epochs, learning_rate, beta):
    A, B = A.copy(), B.copy()
    v_A, v_B = np.zeros_like(A), np.zeros_like(B)
    for batches in epochs:
        for x, y in batches:
            grad_A, grad_B = network.gradients(A, B, x, y)
            v_A *= beta
            v_A += (1 - beta) * grad_A
            v_B *= beta
            v_B += (1 - beta) * grad_B
            A -= learning_rate * v_A
            B -= learning_rate * v_B
    return A, B


@right()
def _(A, B, epochs, learning_rate, beta):
    # With the gradients written out.
    weights, v = [A, B], [0, 0]
    for x, y in (batch for epoch in epochs for batch in epoch):
        grads = scaled(slopes(*weights, x, y), 1 / x.shape[1])
        for i in (0, 1):
            v[i] = beta * v[i] + (1 - beta) * grads[i]
            weights[i] = weights[i] - learning_rate * v[i]
    return tuple(weights)


@right()
def _(A, B, epochs, learning_rate, beta):
    new_A, new_B = np.full(A.shape, np.nan), np.full(B.shape, np.nan)
    new_A[:], new_B[:] = A, B
    old = [np.zeros(A.shape), np.zeros(B.shape)]
    for epoch in epochs:
        for batch in epoch:
            grads = network.gradients(new_A, new_B, *batch)
            new_A, old[0] = step(new_A, old[0], grads[0], learning_rate, beta)
            new_B, old[1] = step(new_B, old[1], grads[1], learning_rate, beta)
    return new_A, new_B


@right()
class Train:
    def __call__(self, A, B, epochs, learning_rate, beta):
        def update(state, batch):
            A, B, v_A, v_B = state
            grad_A, grad_B = network.gradients(A, B, *batch)
            A, v_A = step(A, v_A, grad_A, learning_rate, beta)
            B, v_B = step(B, v_B, grad_B, learning_rate, beta)
            return A, B, v_A, v_B

        return functools.reduce(update, itertools.chain(*epochs), (A, B, 0 * A, 0 * B))[:2]


wrong("forgets 1 − β", functools.partial(trained, share=1.0))
wrong("the velocity begins at 0 in each epoch", functools.partial(trained, reset="epoch"))
wrong("the velocity begins at 0 in each batch", functools.partial(trained, reset="batch"))
wrong("climbs", functools.partial(trained, sign=1))
wrong("the velocity begins at 1", functools.partial(trained, start=1.0))
wrong("Nesterov's look ahead", functools.partial(trained, nesterov=True))
wrong("no momentum", lambda A, B, e, r, b: trained(A, B, e, r, 0.0))
wrong("β and 1 − β swapped", lambda A, B, e, r, b: trained(A, B, e, r, 1 - b))
wrong("β and the learning rate swapped", lambda A, B, e, r, b: trained(A, B, e, b, r))
wrong("β = 0.9 for any β", lambda A, B, e, r, b: trained(A, B, e, r, 0.9))
wrong("a learning rate of 1 for any", lambda A, B, e, r, b: trained(A, B, e, 1.0, b))
wrong("the first epoch only", lambda A, B, e, r, b: trained(A, B, e[:1], r, b))
wrong("the last epoch only", lambda A, B, e, r, b: trained(A, B, e[-1:], r, b))
wrong(
    "the first batch of each epoch only",
    lambda A, B, e, r, b: trained(A, B, [list(p)[:1] for p in e], r, b),
)
wrong(
    "the last batch is left out",
    lambda A, B, e, r, b: trained(A, B, [list(p)[:-1] for p in e], r, b),
)
wrong(
    "the batches backwards", lambda A, B, e, r, b: trained(A, B, [list(p)[::-1] for p in e], r, b)
)
wrong("the first epoch again and again", lambda A, B, e, r, b: trained(A, B, [e[0]] * len(e), r, b))
wrong("B first", lambda *a: trained(*a)[::-1])
wrong("A only is trained", lambda *a: (trained(*a)[0], a[1]))
wrong("B only is trained", lambda *a: (a[0], trained(*a)[1]))
wrong(
    "the changes, not the weights",
    lambda *a: tuple(new - old for new, old in zip(trained(*a), a, strict=False)),
)
wrong(
    "an update for each epoch, with the mean of its batches",
    lambda A, B, e, r, b: trained(
        A,
        B,
        [[tuple(np.concatenate(p, axis=1) for p in zip(*batch, strict=True))] for batch in e],
        r,
        b,
    ),
)
wrong("returns inside the loop", lambda A, B, e, r, b: trained(A, B, [e[0][:1]], r, b))


@wrong("the weights move before the velocity is new")
def _(A, B, epochs, learning_rate, beta):
    v_A, v_B = 0 * A, 0 * B
    for x, y in itertools.chain(*epochs):
        grad_A, grad_B = network.gradients(A, B, x, y)
        A, B = A - learning_rate * v_A, B - learning_rate * v_B
        v_A, v_B = beta * v_A + (1 - beta) * grad_A, beta * v_B + (1 - beta) * grad_B
    return A, B


@wrong("B's gradient at the new A")
def _(A, B, epochs, learning_rate, beta):
    v_A, v_B = 0 * A, 0 * B
    for x, y in itertools.chain(*epochs):
        v_A = beta * v_A + (1 - beta) * network.gradients(A, B, x, y)[0]
        A = A - learning_rate * v_A
        v_B = beta * v_B + (1 - beta) * network.gradients(A, B, x, y)[1]
        B = B - learning_rate * v_B
    return A, B


@wrong("changes the old weights")
def _(A, B, epochs, learning_rate, beta):
    new_A, new_B = trained(A, B, epochs, learning_rate, beta)
    A[:], B[:] = new_A, new_B
    return A, B


@wrong("the gradients of the first weights for all batches")
def _(A, B, epochs, learning_rate, beta):
    new_A, new_B, v_A, v_B = A, B, 0 * A, 0 * B
    for x, y in itertools.chain(*epochs):
        grad_A, grad_B = network.gradients(A, B, x, y)
        new_A, v_A = step(new_A, v_A, grad_A, learning_rate, beta)
        new_B, v_B = step(new_B, v_B, grad_B, learning_rate, beta)
    return new_A, new_B


@wrong("the gradients undivided by their galaxies")
def _(A, B, epochs, learning_rate, beta):
    v_A, v_B = 0 * A, 0 * B
    for x, y in itertools.chain(*epochs):
        grad_A, grad_B = slopes(A, B, x, y)
        A, v_A = step(A, v_A, grad_A, learning_rate, beta)
        B, v_B = step(B, v_B, grad_B, learning_rate, beta)
    return A, B


@wrong("the weights last from call to call")
class KeptWeights:
    kept = {}  # noqa: RUF012

    def __call__(self, A, B, epochs, learning_rate, beta):
        start = self.kept.get((A.shape, B.shape), (A, B))
        self.kept[A.shape, B.shape] = trained(*start, epochs, learning_rate, beta)
        return self.kept[A.shape, B.shape]


@silent("adds to the NaN of the template")
def _(A, B, epochs, learning_rate, beta):
    new_A, new_B = np.full(A.shape, np.nan), np.full(B.shape, np.nan)
    for x, y in itertools.chain(*epochs):
        grad_A, grad_B = network.gradients(A, B, x, y)
        new_A -= learning_rate * grad_A
        new_B -= learning_rate * grad_B
    return new_A, new_B


@silent("leaves the results under other names")
def _(A, B, epochs, learning_rate, beta):
    new_A, new_B = np.full(A.shape, np.nan), np.full(B.shape, np.nan)
    A, B = trained(A, B, epochs, learning_rate, beta)
    return new_A, new_B


@silent("forgets to return")
def _(A, B, epochs, learning_rate, beta):
    A, B = trained(A, B, epochs, learning_rate, beta)


# 5.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("study")


def enough(n_updates, n_training, size):
    """Return the smallest number of epochs that makes enough updates."""
    return math.ceil(n_updates / math.ceil(n_training / size))


def accuracy(pupil, which="validation"):
    """Return an accuracy of the last epoch."""
    return getattr(pupil.history[-1], f"{which}_accuracy")


def tabulate(epochs=enough, which="validation", at=accuracy, train=None):
    """Return a study; the arguments are where it goes wrong."""

    def study(new_network, rates, batch_sizes, n_updates, n_training):
        table = np.full((len(rates), len(batch_sizes)), np.nan)
        for i, rate in enumerate(rates):
            for j, size in enumerate(batch_sizes):
                pupil, n = new_network(), epochs(n_updates, n_training, size)
                pupil.train(n_epochs=n, learning_rate=rate, batch_size=size)
                table[i, j] = at(pupil, which)
        return table

    return study


right(tabulate())
right(lambda *a: np.round(tabulate()(*a), 3))
right(tabulate(epochs=lambda u, n, s: -(-u // -(-n // s))))
right(tabulate(epochs=lambda u, n, s: int(np.ceil(u / np.ceil(n / s)))))
right(
    tabulate(
        epochs=lambda u, n, s: next(e for e in itertools.count(1) if e * len(range(0, n, s)) >= u)
    )
)
right(lambda *a: tabulate()(*a).astype(np.float32))


@right()
def _(new_network, rates, batch_sizes, n_updates, n_training):
    def run(rate, size):
        pupil = new_network()
        pupil.train(
            learning_rate=rate, batch_size=size, n_epochs=enough(n_updates, n_training, size)
        )
        return pupil.history[-1].validation_accuracy

    values = itertools.starmap(run, itertools.product(rates, batch_sizes))
    return np.fromiter(values, float).reshape(len(rates), len(batch_sizes))


@right()
def _(new_network, rates, batch_sizes, n_updates, n_training):
    # Column by column, and turned at the end.
    columns = []
    for size in batch_sizes:
        per_epoch = n_training // size + (n_training % size != 0)
        n_epochs = n_updates // per_epoch + (n_updates % per_epoch != 0)
        columns.append([])
        for rate in rates:
            pupil = new_network()
            pupil.train(n_epochs=n_epochs, learning_rate=rate, batch_size=size)
            columns[-1].append(pupil.history[-1].validation_accuracy)
    return np.transpose(columns)


wrong("chooses by the test set", tabulate(which="test"))
wrong("chooses by the training set", tabulate(which="training"))
wrong("a column for each learning rate", lambda *a: tabulate()(*a).T)
wrong("learning rates backwards", lambda *a: tabulate()(*a)[::-1])
wrong("one epoch for all", tabulate(epochs=lambda u, n, s: 1))
wrong("ten epochs for all", tabulate(epochs=lambda u, n, s: 10))
wrong("as many epochs as updates", tabulate(epochs=lambda u, n, s: u))
wrong(
    "too few: rounds the epochs down",
    tabulate(epochs=lambda u, n, s: max(1, u // math.ceil(n / s))),
)
wrong("rounds the epochs", tabulate(epochs=lambda u, n, s: max(1, round(u / math.ceil(n / s)))))
wrong("forgets the short batch", tabulate(epochs=lambda u, n, s: math.ceil(u / max(1, n // s))))
wrong("batches as fractions", tabulate(epochs=lambda u, n, s: math.ceil(u * s / n)))
wrong("an epoch too many", tabulate(epochs=lambda u, n, s: enough(u, n, s) + 1))
wrong(
    "an epoch too many where it comes out even",
    tabulate(epochs=lambda u, n, s: u // math.ceil(n / s) + 1),
)
wrong("galaxies as updates", tabulate(epochs=lambda u, n, s: math.ceil(u / n)))
wrong("the epochs of batches of 8 for all", tabulate(epochs=lambda u, n, s: enough(u, n, 8)))
wrong("800 galaxies for any set", tabulate(epochs=lambda u, n, s: enough(u, 800, s)))
wrong(
    "the first epoch of the history", tabulate(at=lambda p, which: p.history[0].validation_accuracy)
)
wrong(
    "the mean of the three accuracies",
    tabulate(at=lambda p, _: np.mean([accuracy(p, w) for w in ("training", "validation", "test")])),
)
wrong(
    "the mean of validation and test",
    tabulate(at=lambda p, _: np.mean([accuracy(p), accuracy(p, "test")])),
)
wrong(
    "the gap of training and validation",
    tabulate(at=lambda p, _: accuracy(p, "training") - accuracy(p)),
)
wrong("per cent", lambda *a: 100 * tabulate()(*a))
wrong("the best entry only", lambda *a: float(tabulate()(*a).max()))
wrong(
    "the best learning rate and batch size",
    lambda *a: (lambda t: (a[1][t.max(1).argmax()], a[2][t.max(0).argmax()]))(tabulate()(*a)),
)
wrong("the mean of each learning rate", lambda *a: tabulate()(*a).mean(axis=1))
wrong("whole numbers", lambda *a: tabulate()(*a).astype(int))
wrong("flat", lambda *a: tabulate()(*a).ravel())


@wrong("one network learns on from run to run")
def _(new_network, *rest):
    pupil = new_network()
    return tabulate()(lambda: pupil, *rest)


@wrong("a new network for each row only")
def _(new_network, rates, *rest):
    def row(rate):
        pupil = new_network()
        return tabulate()(lambda: pupil, [rate], *rest)[0]

    return np.array([row(rate) for rate in rates])


@wrong("rates and sizes go side by side")
def _(new_network, rates, batch_sizes, *rest):
    table = np.zeros((len(rates), len(batch_sizes)))
    for i, (rate, size) in enumerate(zip(rates, batch_sizes, strict=False)):
        table[i, i] = tabulate()(new_network, [rate], [size], *rest)[0, 0]
    return table


@wrong("the first learning rate for all")
def _(new_network, rates, *rest):
    return tabulate()(new_network, [rates[0]] * len(rates), *rest)


@silent("leaves the accuracy under another name")
def _(new_network, rates, batch_sizes, n_updates, n_training):
    table = np.full((len(rates), len(batch_sizes)), np.nan)
    result = tabulate()(new_network, rates, batch_sizes, n_updates, n_training)  # noqa: F841
    return table


@silent("adds to the NaN of the template")
def _(new_network, rates, batch_sizes, n_updates, n_training):
    table = np.full((len(rates), len(batch_sizes)), np.nan)
    table += tabulate()(new_network, rates, batch_sizes, n_updates, n_training)
    return table


@silent("forgets to return")
def _(new_network, rates, batch_sizes, n_updates, n_training):
    table = tabulate()(new_network, rates, batch_sizes, n_updates, n_training)  # noqa: F841


# 6.1 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("baseline")
right(lambda training, test: np.mean(test == np.bincount(training).argmax()))
right(
    lambda training, test: (
        list(test).count(Counter(training.tolist()).most_common(1)[0][0]) / len(test)
    )
)
right(
    lambda training, test: round(
        float((test == np.bincount(training, minlength=10).argmax()).mean()), 3
    )
)
right(lambda training, test: np.array((test == max(range(10), key=list(training).count)).mean()))
right(
    lambda training, test: (
        np.count_nonzero(test == np.histogram(training, np.arange(11))[0].argmax()) / test.size
    )
)


@right()
def _(training_answers, test_answers):
    kinds, counts = np.unique(training_answers, return_counts=True)
    return np.float32((test_answers == kinds[counts.argmax()]).sum() / len(test_answers))


@right()
def _(training_answers, test_answers):
    n = [0] * 10
    for kind in training_answers:
        n[kind] += 1
    favourite = n.index(max(n))
    correct = 0
    for kind in test_answers:
        correct += kind == favourite
    return correct / len(test_answers)


@right()
def _(training_answers, test_answers):
    in_training = np.bincount(training_answers, minlength=10)
    return float(np.bincount(test_answers, minlength=10)[in_training.argmax()] / len(test_answers))


wrong("the most frequent class of the test set", lambda t, s: np.mean(s == np.bincount(s).argmax()))
wrong("its fraction of the training set", lambda t, s: np.mean(t == np.bincount(t).argmax()))
wrong(
    "the favourite of the test set, in training", lambda t, s: np.mean(t == np.bincount(s).argmax())
)
wrong(
    "the favourite of both sets", lambda t, s: np.mean(s == np.bincount(np.append(t, s)).argmax())
)
wrong("the number, not the fraction", lambda t, s: int((s == np.bincount(t).argmax()).sum()))
wrong("per cent", lambda t, s: 100 * np.mean(s == np.bincount(t).argmax()))
wrong("the rest", lambda t, s: np.mean(s != np.bincount(t).argmax()))
wrong("divides by the training set", lambda t, s: (s == np.bincount(t).argmax()).sum() / len(t))
wrong("a tenth: ten classes", lambda t, s: 0.1)
wrong("the rarest class", lambda t, s: np.mean(s == np.bincount(t).argmin()))
wrong("the largest class number", lambda t, s: np.mean(s == t.max()))
wrong(
    "the place among the classes that occur",
    lambda t, s: np.mean(s == np.unique(t, return_counts=True)[1].argmax()),
)
wrong("the median class", lambda t, s: np.mean(s == int(np.median(t))))
wrong("the mean class", lambda t, s: np.mean(s == round(float(np.mean(t)))))
wrong("the class, not the fraction", lambda t, s: int(np.bincount(t).argmax()))
wrong("the first answer of training", lambda t, s: np.mean(s == t[0]))
wrong(
    "guessing in proportion",
    lambda t, s: float(
        np.bincount(t, minlength=10) / len(t) @ (np.bincount(s, minlength=10) / len(s))
    ),
)
wrong("class 2 for any training", lambda t, s: np.mean(s == 2))
wrong(
    "the share in training of the favourite, halved",
    lambda t, s: np.mean(np.concatenate([t, s]) == np.bincount(t).argmax()),
)
wrong(
    "classes from 1 to 9 only",
    lambda t, s: np.mean(s == np.bincount(t, minlength=10)[1:].argmax() + 1),
)
wrong("one class late", lambda t, s: np.mean(s == np.bincount(t).argmax() + 1))
wrong("whole numbers", lambda t, s: int((s == np.bincount(t).argmax()).sum()) // len(s))


@silent("counts up from the NaN of the template")
def _(training_answers, test_answers):
    fraction = np.nan
    for answer in test_answers:
        fraction += (answer == np.bincount(training_answers).argmax()) / len(test_answers)
    return fraction


@silent("leaves the result under another name")
def _(training_answers, test_answers):
    fraction = np.nan
    share = np.mean(test_answers == np.bincount(training_answers).argmax())  # noqa: F841
    return fraction


@silent("forgets to return")
def _(training_answers, test_answers):
    np.mean(test_answers == np.bincount(training_answers).argmax())


# 6.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("confusion_matrix")


def confusion(answers, predictions, n=10):
    """Return the counts (n, n)."""
    matrix = np.zeros((n, n), int)
    np.add.at(matrix, (answers, predictions), 1)
    return matrix


right(confusion)
right(lambda a, p: np.bincount(10 * a.astype(int) + p, minlength=100).reshape(10, 10))
right(lambda a, p: [[int(np.sum((a == i) & (p == j))) for j in range(10)] for i in range(10)])
right(lambda a, p: np.histogram2d(a, p, bins=[np.arange(11)] * 2)[0])
right(lambda a, p: np.eye(10)[a].T @ np.eye(10)[p])
right(lambda a, p: np.einsum("ni,nj->ij", np.eye(10, dtype=int)[a], np.eye(10, dtype=int)[p]))
right(lambda a, p: np.stack([np.bincount(p[a == i], minlength=10) for i in range(10)]))


@right()
def _(answers, predictions):
    matrix = np.full((10, 10), np.nan)
    matrix[:] = 0
    for answer, prediction in zip(answers, predictions, strict=True):
        matrix[answer, prediction] += 1
    return matrix


@right()
def _(answers, predictions):
    counter = Counter(zip(answers.tolist(), predictions.tolist(), strict=True))
    return tuple(tuple(counter[i, j] for j in range(10)) for i in range(10))


wrong("answers in columns", lambda a, p: confusion(p, a))
wrong("each pair counts once", lambda a, p: (confusion(a, p) > 0).astype(int))
wrong(
    "fractions of each row",
    lambda a, p: confusion(a, p) / np.maximum(confusion(a, p).sum(1, keepdims=True), 1),
)
wrong(
    "fractions of each column", lambda a, p: confusion(a, p) / np.maximum(confusion(a, p).sum(0), 1)
)
wrong("fractions of all", lambda a, p: confusion(a, p) / len(a))
wrong("as large as the largest answer", lambda a, p: confusion(a, p)[: a.max() + 1, : a.max() + 1])
wrong(
    "the classes that occur only", lambda a, p: confusion(a, p)[np.ix_(np.unique(a), np.unique(a))]
)
wrong("the mistakes only", lambda a, p: confusion(a, p) * (1 - np.eye(10, dtype=int)))
wrong("the right ones only", lambda a, p: np.diag(np.diag(confusion(a, p))))
wrong("nine classes", lambda a, p: confusion(a, p)[:9, :9])
wrong("counts from class 1", lambda a, p: np.pad(confusion(a, p), (1, 0)))
wrong("both ways together", lambda a, p: confusion(a, p) + confusion(p, a))
wrong("counts in uint8", lambda a, p: confusion(a, p).astype(np.uint8))
wrong("counts in int8", lambda a, p: confusion(a, p).astype(np.int8))
wrong("a table of equal answers", lambda a, p: np.diag(np.bincount(a, minlength=10)))
wrong(
    "the product of both counts",
    lambda a, p: np.outer(np.bincount(a, minlength=10), np.bincount(p, minlength=10)),
)
wrong("sums the answers", lambda a, p: (np.eye(10)[a] * a[:, None]).T @ np.eye(10)[p])
wrong("starts at 1", lambda a, p: confusion(a, p) + 1)
wrong("the order of the classes turned round", lambda a, p: confusion(a, p)[::-1, ::-1])
wrong("bins of equal width from min to max", lambda a, p: np.histogram2d(a, p, bins=10)[0])
wrong("sorts the answers first", lambda a, p: confusion(np.sort(a), np.sort(p)))
wrong("flat", lambda a, p: confusion(a, p).ravel())
wrong("leaves out the last galaxy", lambda a, p: confusion(a[:-1], p[:-1]))
wrong(
    "ten times the answer in the wrong place",
    lambda a, p: np.bincount(a.astype(int) + 10 * p, minlength=100).reshape(10, 10),
)


@wrong("repeated places count once")
def _(answers, predictions):
    matrix = np.zeros((10, 10))
    matrix[answers, predictions] += 1
    return matrix


@wrong("counts go on from call to call")
def _(answers, predictions, matrix=np.zeros((10, 10))):  # noqa: B008
    for answer, prediction in zip(answers, predictions, strict=True):
        matrix[answer, prediction] += 1
    return matrix


@silent("adds to the NaN of the template")
def _(answers, predictions):
    matrix = np.full((10, 10), np.nan)
    for answer, prediction in zip(answers, predictions, strict=True):
        matrix[answer, prediction] += 1
    return matrix


@silent("leaves the result under another name")
def _(answers, predictions):
    matrix = np.full((10, 10), np.nan)
    counts = confusion(answers, predictions)  # noqa: F841
    return matrix


@silent("forgets to return")
def _(answers, predictions):
    matrix = confusion(answers, predictions)  # noqa: F841


# 6.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("recall")
recall = quiet(lambda m: np.diag(m) / np.sum(m, axis=1))
right(recall)
right(lambda m: recall(m).tolist())
right(lambda m: np.round(recall(m), 3))
right(lambda m: recall(m).astype(np.float32))
right(quiet(lambda m: np.einsum("ii->i", m) / np.einsum("ij->i", m)))
right(
    lambda m: tuple(row[i] / sum(row) if sum(row) else math.nan for i, row in enumerate(m.tolist()))
)
right(lambda m: np.divide(np.diagonal(m), m.sum(1), out=np.full(10, np.nan), where=m.sum(1) > 0))
right(quiet(lambda m: (m / m.sum(axis=1, keepdims=True)).diagonal()))


@right()
def _(matrix):
    fractions = np.full(10, np.nan)
    for kind in range(10):
        n = matrix[kind].sum()
        if n > 0:
            fractions[kind] = matrix[kind, kind] / n
    return fractions


@right()
def _(matrix):
    n = matrix.sum(axis=1)
    return np.where(n > 0, matrix.trace() * 0 + np.diag(matrix) / np.maximum(n, 1), np.nan)


wrong("precision: divides by the columns", quiet(lambda m: np.diag(m) / m.sum(axis=0)))
wrong("0 for an absent class", lambda m: np.nan_to_num(recall(m)))
wrong("1 for an absent class", lambda m: np.nan_to_num(recall(m), nan=1.0))
wrong("divides by all galaxies", lambda m: np.diag(m) / m.sum())
wrong("one number: the accuracy", lambda m: np.trace(m) / m.sum())
wrong("the mean recall", lambda m: np.nanmean(recall(m)))
wrong("the missed ones", lambda m: 1 - recall(m))
wrong("leaves absent classes out", lambda m: recall(m)[m.sum(axis=1) > 0])
wrong("per cent", lambda m: 100 * recall(m))
wrong("the counts of the diagonal", lambda m: np.diag(m).astype(float))
wrong("right by wrong", quiet(lambda m: np.diag(m) / (m.sum(axis=1) - np.diag(m))))
wrong("whole numbers", quiet(lambda m: np.diag(m) // m.sum(axis=1)))
wrong("the largest of each row", quiet(lambda m: m.max(axis=1) / m.sum(axis=1)))
wrong("divides by the largest of each row", quiet(lambda m: np.diag(m) / m.max(axis=1)))
wrong("divides by the total of the rows, tenfold", lambda m: 10 * np.diag(m) / m.sum())
wrong("rows over columns", quiet(lambda m: m.sum(axis=0) / m.sum(axis=1)))
wrong("the F score", quiet(lambda m: 2 * np.diag(m) / (m.sum(axis=0) + m.sum(axis=1))))
wrong(
    "NaN for a class that is never recognised",
    lambda m: np.where(np.diag(m) > 0, recall(m), np.nan),
)
wrong(
    "NaN where the class is never predicted",
    quiet(lambda m: np.where(m.sum(axis=0) > 0, recall(m), np.nan)),
)
wrong("nine classes", lambda m: recall(m)[:9])
wrong("the whole matrix by rows", quiet(lambda m: m / m.sum(axis=1, keepdims=True)))
wrong("divides by the first row", quiet(lambda m: np.diag(m) / m[0].sum()))
wrong("adds one against division by 0", lambda m: np.diag(m) / (m.sum(axis=1) + 1))
wrong("infinity for an absent class", lambda m: np.nan_to_num(recall(m), nan=np.inf))
wrong("the other diagonal", quiet(lambda m: np.diag(m[:, ::-1]) / m.sum(axis=1)))


@silent("adds to the NaN of the template")
@quiet
def _(matrix):
    fractions = np.full(10, np.nan)
    for kind in range(10):
        fractions[kind] += matrix[kind, kind] / matrix[kind].sum()
    return fractions


@silent("leaves the result under another name")
@quiet
def _(matrix):
    fractions = np.full(10, np.nan)
    recalled = np.diag(matrix) / matrix.sum(axis=1)  # noqa: F841
    return fractions


@silent("forgets to return")
@quiet
def _(matrix):
    fractions = np.diag(matrix) / matrix.sum(axis=1)  # noqa: F841


# 6.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("most_confused")


def beside(m):
    """Return the matrix with −1 on the diagonal."""
    return np.where(np.eye(len(m), dtype=bool), -1, np.asarray(m, float))


def place(m):
    """Return row and column of the largest entry."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(m), np.shape(m)))


right(lambda m: place(beside(m)))
right(lambda m: list(place(beside(m))))
right(lambda m: np.unravel_index(beside(m).argmax(), m.shape))
right(lambda m: np.array(place(beside(m))))
right(lambda m: divmod(int(beside(m).argmax()), 10))
right(lambda m: max(itertools.permutations(range(10), 2), key=lambda pair: m[pair]))
right(lambda m: place(m - np.diag(np.diag(m))))
right(lambda m: np.argwhere(beside(m) == beside(m).max())[0])


@right()
def _(matrix):
    copy = matrix.copy()
    np.fill_diagonal(copy, 0)
    return np.unravel_index(np.argmax(copy), copy.shape)


@right()
def _(matrix):
    # In place, and put back.
    diagonal = np.diag(matrix).copy()
    np.fill_diagonal(matrix, 0)
    pair = np.unravel_index(matrix.argmax(), matrix.shape)
    np.fill_diagonal(matrix, diagonal)
    return pair


@right()
def _(matrix):
    best, pair = -1, None
    for i in range(10):
        for j in range(10):
            if i != j and matrix[i, j] > best:
                best, pair = matrix[i, j], (i, j)
    return pair


wrong("the diagonal counts too", lambda m: place(m))
wrong("the prediction first", lambda m: place(beside(m))[::-1])
wrong("the count, not the pair", lambda m: int(beside(m).max()))
wrong("the place in the flat matrix", lambda m: int(beside(m).argmax()))
wrong("the rarest mistake", lambda m: place(-np.where(np.eye(10, dtype=bool), 1e9, m)))
wrong("both ways together", lambda m: place(beside(m + m.T)))
wrong(
    "as a fraction of the row",
    quiet(lambda m: place(np.nan_to_num(beside(m) / m.sum(axis=1, keepdims=True)))),
)
wrong(
    "as a fraction of the column", quiet(lambda m: place(np.nan_to_num(beside(m) / m.sum(axis=0))))
)
wrong("the upper triangle only", lambda m: place(np.triu(m, 1)))
wrong("the lower triangle only", lambda m: place(np.tril(m, -1)))
wrong("counts classes from 1", lambda m: tuple(i + 1 for i in place(beside(m))))
wrong("a comparison with its mirror image", lambda m: place(m - m.T))
wrong(
    "answer and prediction apart: most wrong row, most wrong column",
    lambda m: (
        int(np.where(np.eye(10), 0, m).sum(1).argmax()),
        int(np.where(np.eye(10), 0, m).sum(0).argmax()),
    ),
)
wrong(
    "the class with the lowest recall, and its rival",
    quiet(
        lambda m: (lambda i: (i, int(beside(m)[i].argmax())))(
            int(np.nanargmin(np.diag(m) / m.sum(1)))
        )
    ),
)
wrong("the pair of the example", lambda m: (2, 3))
wrong("the row twice", lambda m: (place(beside(m))[0],) * 2)
wrong(
    "the class and its rival of the largest row",
    lambda m: (lambda i: (i, int(beside(m)[i].argmax())))(int(m.sum(1).argmax())),
)
wrong(
    "neighbouring classes only",
    lambda m: place(np.where(abs(np.subtract.outer(range(10), range(10))) == 1, m, -1)),
)
wrong("the last class is left out", lambda m: place(beside(m)[:9, :9]))
wrong("three numbers", lambda m: (*place(beside(m)), int(beside(m).max())))
wrong("the width as 9", lambda m: divmod(int(beside(m).argmax()), 9))
wrong(
    "the second largest entry of the matrix",
    lambda m: tuple(int(i) for i in np.unravel_index(np.argsort(m, axis=None)[-2], m.shape)),
)
wrong("text", lambda m: "{} taken for {}".format(*place(beside(m))))


@wrong("wipes the diagonal of the matrix itself")
def _(matrix):
    np.fill_diagonal(matrix, 0)
    return np.unravel_index(matrix.argmax(), matrix.shape)


@wrong("a view is no copy")
def _(matrix):
    rest = matrix[:]
    for kind in range(10):
        rest[kind, kind] = -1
    return place(rest)


@wrong("looks at a matrix without its diagonal, and forgets the shift")
def _(matrix):
    return place(matrix[~np.eye(10, dtype=bool)].reshape(10, 9))


@silent("leaves the result under another name")
def _(matrix):
    pair = None
    i, j = place(beside(matrix))  # noqa: RUF059
    return pair


@silent("returns what fill_diagonal() returns")
def _(matrix):
    return np.fill_diagonal(matrix.copy(), 0)


@silent("forgets to return")
def _(matrix):
    pair = place(beside(matrix))  # noqa: F841


# 6.5 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("find_leaks")


def orientations(p):
    """Return the eight orientations of a picture."""
    return [np.rot90(q, k) for q in (p, p[:, ::-1]) for k in range(4)]


def leaks(train, test, views=orientations, same=np.array_equal):
    """Return the pairs, by comparing everything with everything; the options are mistakes."""
    return [
        (i, j)
        for i in range(len(test))
        for j in range(len(train))
        if any(same(view, train[j]) for view in views(test[i]))
    ]


right(leaks)
right(lambda train, test: leaks(train, test)[::-1])
right(lambda train, test: [[i, j] for i, j in leaks(train, test)])
right(lambda train, test: [(np.int64(i), np.int64(j)) for i, j in leaks(train, test)])
right(lambda train, test: [(i, j) for j, i in leaks(test, train)])


@right()
def _(train, test):
    # A form that is the same for all orientations.
    def key(picture):
        return min(np.ascontiguousarray(view).tobytes() for view in orientations(picture))

    known = defaultdict(list)
    for row, picture in enumerate(train):
        known[key(picture)].append(row)
    return [(i, j) for i, picture in enumerate(test) for j in known[key(picture)]]


@right()
def _(train, test):
    # All training pictures at once; a set against pairs met twice.
    pairs = set()
    for k in range(4):
        for flip in (slice(None), slice(None, None, -1)):
            for i, picture in enumerate(test):
                view = np.rot90(picture[flip], k)
                for j in np.flatnonzero((train == view).all(axis=(1, 2, 3))):
                    pairs.add((i, int(j)))
    return sorted(pairs)


@right()
def _(train, test):
    pairs = []
    for i, picture in enumerate(test):
        for j, other in enumerate(train):
            for turn in range(8):
                view = picture.transpose(1, 0, 2) if turn & 1 else picture
                view = view[::-1] if turn & 2 else view
                view = view[:, ::-1] if turn & 4 else view
                if (view == other).all():
                    pairs.append((i, j))
                    break
    return pairs


by_bands = functools.partial(leaks, same=lambda a, b: np.array_equal(np.sort(a, 2), np.sort(b, 2)))
wrong("as they are only", functools.partial(leaks, views=lambda p: [p]))
wrong(
    "the four turns only",
    functools.partial(leaks, views=lambda p: [np.rot90(p, k) for k in range(4)]),
)
wrong(
    "three turns, and their mirror images",
    functools.partial(leaks, views=lambda p: orientations(p)[:3] + orientations(p)[4:7]),
)
wrong(
    "mirror images only",
    functools.partial(leaks, views=lambda p: [p, p[::-1], p[:, ::-1], p[::-1, ::-1]]),
)
wrong(
    "the turned ones without the picture itself",
    functools.partial(leaks, views=lambda p: orientations(p)[1:]),
)
wrong(
    "mirror images of one turn only",
    functools.partial(leaks, views=lambda p: [*orientations(p)[:4], p[::-1]]),
)
wrong(
    "turns by 180° and mirror images",
    functools.partial(leaks, views=lambda p: orientations(p)[::2]),
)
wrong(
    "turns the axes of width and band",
    functools.partial(leaks, views=lambda p: [p, p[:, :, ::-1], p[:, ::-1], p[::-1]]),
)
wrong("bands in any order", by_bands)
wrong(
    "turned bands too",
    functools.partial(
        leaks, views=lambda p: [w for v in orientations(p) for w in (v, v[..., ::-1])]
    ),
)
wrong(
    "similar within 2",
    functools.partial(leaks, same=lambda a, b: abs(a.astype(float) - b).max() <= 2),
)
wrong("the same mean", functools.partial(leaks, same=lambda a, b: np.isclose(a.mean(), b.mean())))
wrong(
    "the same colours, anywhere",
    functools.partial(
        leaks, same=lambda a, b: np.array_equal(np.sort(a, axis=None), np.sort(b, axis=None))
    ),
)
wrong(
    "the red band only",
    functools.partial(leaks, same=lambda a, b: np.array_equal(a[..., 0], b[..., 0])),
)
wrong(
    "the corner pixel only",
    functools.partial(leaks, same=lambda a, b: np.array_equal(a[0, 0], b[0, 0])),
)
wrong("some pixel equal", functools.partial(leaks, same=lambda a, b: bool((a == b).any())))
wrong("most pixels equal", functools.partial(leaks, same=lambda a, b: (a == b).mean() > 0.9))
wrong("training row first", lambda train, test: [(j, i) for i, j in leaks(train, test)])
wrong("the test rows only", lambda train, test: sorted({i for i, _ in leaks(train, test)}))
wrong("how many", lambda train, test: len(leaks(train, test)))
wrong(
    "the first twin of each only",
    lambda train, test: list({i: (i, j) for i, j in reversed(leaks(train, test))}.values()),
)
wrong("the same rows only", lambda train, test: [(i, j) for i, j in leaks(train, test) if i == j])
wrong("rows counted from 1", lambda train, test: [(i + 1, j + 1) for i, j in leaks(train, test)])
wrong(
    "twins within the test set too",
    lambda train, test: leaks(train, test) + [p for p in leaks(test, test) if p[0] < p[1]],
)
wrong("no leaks", lambda train, test: [])
wrong(
    "the last twin of each, by a dictionary",
    lambda train, test: list({i: (i, j) for i, j in leaks(train, test)}.values()),
)


@silent("appends to another list")
def _(train, test):
    pairs = None
    found = []
    for pair in leaks(train, test):
        found.append(pair)
    return pairs


@silent("returns what extend() returns")
def _(train, test):
    pairs = []
    return pairs.extend(leaks(train, test))


@silent("forgets to return")
def _(train, test):
    pairs = leaks(train, test)  # noqa: F841


# 7.1 ------------------------------------------------------------------------------------------
# Chapters 8 and 9 were written later, in the same way; the author of 7 and 10 knew their checks.
wrong, right, silent = exercise("log_sum_exp")


def lse(u, axis=0):
    """Return log Σ eᵘ along an axis, which stays."""
    top = np.max(u, axis=axis, keepdims=True)
    return top + np.log(np.exp(u - top).sum(axis=axis, keepdims=True))


right(lse)
right(lambda u: np.logaddexp.reduce(u, axis=0)[None])
right(lambda u: np.logaddexp.reduce(u, axis=0, keepdims=True).tolist())
right(lambda u: np.array([[functools.reduce(np.logaddexp, column) for column in u.T]]))
right(lambda u: lse(u - u[0]) + u[0])
right(lambda u: [[float(lse(u[:, [s]])[0, 0]) for s in range(u.shape[1])]])
wrong("overflows", lambda u: np.log(np.exp(u).sum(axis=0, keepdims=True)))
wrong("overflows, by math", lambda u: [[math.log(sum(map(math.exp, c))) for c in u.T]])
wrong("flat", lambda u: lse(u)[0])
wrong("a column", lambda u: lse(u).T)
wrong("along the rows", lambda u: lse(u, axis=1))
wrong("one number", lambda u: float(np.logaddexp.reduce(u, axis=None)))
wrong("the largest of the batch", lambda u: u.max() + np.log(np.exp(u - u.max()).sum(0)[None]))
wrong("forgets to add the largest again", lambda u: lse(u) - u.max(axis=0))
wrong("subtracts the largest twice", lambda u: lse(u) - 2 * u.max(axis=0))
wrong("forgets the logarithm", lambda u: np.exp(u - u.max(0)).sum(0, keepdims=True))
wrong("the decadic logarithm", lambda u: lse(u) / np.log(10))
wrong("the binary logarithm", lambda u: lse(u) / np.log(2))
wrong("the mean in place of the sum", lambda u: lse(u) - np.log(len(u)))
wrong("the sum of logarithms", lambda u: np.log(np.exp(u)).sum(axis=0, keepdims=True))
wrong("the largest", lambda u: u.max(axis=0, keepdims=True))
wrong("with a wrong sign", lambda u: -lse(u))
wrong("of minus u", lambda u: lse(-u))
wrong("cuts at 700", lambda u: np.log(np.exp(np.minimum(u, 700)).sum(axis=0, keepdims=True)))
wrong("repeated for each output", lambda u: np.repeat(lse(u), len(u), axis=0))
wrong("log softmax", lambda u: u - lse(u))
wrong("log(1 + Σ)", lambda u: np.logaddexp(lse(u), 0))
silent("forgets to return", lambda u: None)

# 7.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("softmax")


def soft(u, axis=0):
    """Return the softmax along an axis."""
    return np.exp(u - lse(u, axis))


right(soft)
right(lambda u: (np.exp(u - u.max(0)) / np.exp(u - u.max(0)).sum(0)).tolist())
right(lambda u: np.stack([soft(c[:, None])[:, 0] for c in u.T], axis=1))
right(lambda u: 1 / np.exp(u[None] - u[:, None]).sum(axis=1))
right(lambda u: soft(u).astype(np.float32))
right(lambda u: soft(u + 17.0))
wrong("overflows", lambda u: np.exp(u) / np.exp(u).sum(axis=0))
wrong("the largest of the batch", lambda u: np.exp(u - u.max()) / np.exp(u - u.max()).sum(0))
wrong("along the rows", lambda u: soft(u, axis=1))
wrong("over the whole batch", lambda u: soft(u.reshape(-1, 1)).reshape(u.shape))
wrong("transposed", lambda u: soft(u).T)
wrong("not divided", lambda u: np.exp(u - u.max(axis=0)))
wrong("divides the sums", lambda u: u / u.sum(axis=0))
wrong("divides by the largest", lambda u: u / u.max(axis=0))
wrong("its logarithm", lambda u: u - lse(u))
wrong("a sigmoid", lambda u: 1 / (1 + np.exp(-u)))
wrong("sigmoids that are divided", lambda u: g(u) / g(u).sum(axis=0))
wrong("of minus u", lambda u: soft(-u))
wrong("1 at the largest", lambda u: (u == u.max(axis=0)).astype(float))
wrong("the place of the largest", lambda u: u.argmax(axis=0))
wrong("base 2", lambda u: soft(u * np.log(2)))
wrong("of squares", lambda u: u**2 / (u**2).sum(axis=0))
wrong("1 minus it", lambda u: 1 - soft(u))
wrong("divided by the mean", lambda u: soft(u) * len(u))
wrong("in per cent", lambda u: 100 * soft(u))
wrong("rounded", lambda u: np.round(soft(u)))
silent("forgets to return", lambda u: None)

# 7.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("cross_entropy")


def surprise(u, y):
    """Return −log z of the known class of each galaxy."""
    return (lse(u)[0] - u[y.argmax(axis=0), np.arange(u.shape[1])]).astype(float)


right(lambda u, y: surprise(u, y).mean())
right(lambda u, y: float(np.sum(surprise(u, y)) / len(u.T)))
right(lambda u, y: -((y > 0.5) * (u - lse(u))).sum() / y.shape[1])
right(lambda u, y: np.average(surprise(u, y)))
right(lambda u, y: -sum((u - lse(u))[k, s] for s, k in enumerate(y.argmax(0))) / u.shape[1])
right(lambda u, y: np.array([surprise(u, y).mean()]))
wrong("the sum", lambda u, y: surprise(u, y).sum())
wrong("the wrong sign", lambda u, y: -surprise(u, y).mean())
wrong("log 0", lambda u, y: -np.log(soft(u)[y > 0.5]).mean())
wrong("log 0, kept from it", lambda u, y: -np.log(soft(u)[y > 0.5] + 1e-9).mean())
wrong("log 0, cut off", lambda u, y: -np.log(np.maximum(soft(u)[y > 0.5], 1e-12)).mean())
wrong("y as weights", lambda u, y: -(y * (u - lse(u))).sum() / u.shape[1])
wrong("y as weights, the mean of all", lambda u, y: -(y * (u - lse(u))).mean())
wrong("the mean of all", lambda u, y: -((y > 0.5) * (u - lse(u))).mean())
wrong("one for each galaxy", surprise)
wrong("the largest output", lambda u, y: (lse(u)[0] - u.max(axis=0)).mean())
wrong("the squared error", lambda u, y: ((soft(u) - y) ** 2).sum() / u.shape[1])
wrong("1 − z", lambda u, y: 1 - soft(u)[y > 0.5].mean())
wrong("binary logarithm", lambda u, y: surprise(u, y).mean() / np.log(2))
wrong("decadic logarithm", lambda u, y: surprise(u, y).mean() / np.log(10))
wrong("binary cross-entropy", lambda u, y: -np.log(np.where(y > 0.5, g(u), 1 - g(u))).sum(0).mean())
wrong("forgets lse", lambda u, y: -u[y > 0.5].mean())
wrong("its exponential", lambda u, y: np.exp(surprise(u, y).mean()))
wrong("the median", lambda u, y: np.median(surprise(u, y)) + 1e-3)
wrong("the smallest class", lambda u, y: (lse(u)[0] - u[y.argmin(0), range(len(u.T))]).mean())
silent("forgets to return", lambda u, y: None)

# 7.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("output_error")


def lean(u, y):
    """Return z − t."""
    return soft(u) - (y > 0.5)


right(lambda u, y: lean(u, y) / u.shape[1])
right(lambda u, y: (lean(u, y) / len(u.T)).tolist())
right(lambda u, y: soft(u) / u.shape[1] - np.round(y) / u.shape[1])
right(lambda u, y: -((y > 0.5) - soft(u)) / y.shape[1])
right(lambda u, y: (soft(u) - (y - 0.01) / 0.98) / u.shape[1])
wrong("the sum's", lean)
wrong("the wrong sign", lambda u, y: -lean(u, y) / u.shape[1])
wrong("y as it is", lambda u, y: (soft(u) - y) / u.shape[1])
wrong("a factor 2", lambda u, y: 2 * lean(u, y) / u.shape[1])
wrong("the square's", lambda u, y: 2 * (soft(u) - y) * soft(u) * (1 - soft(u)) / u.shape[1])
wrong("with z(1 − z)", lambda u, y: lean(u, y) * soft(u) * (1 - soft(u)) / u.shape[1])
wrong("forgets the target", lambda u, y: soft(u) / u.shape[1])
wrong("the target alone", lambda u, y: -(y > 0.5) / u.shape[1])
wrong("−t/z", lambda u, y: -(y > 0.5) / soft(u) / u.shape[1])
wrong("divides by the outputs", lambda u, y: lean(u, y) / len(u))
wrong("divides by both", lambda u, y: lean(u, y) / u.size)
wrong("transposed", lambda u, y: lean(u, y).T / u.shape[1])
wrong("absolute", lambda u, y: abs(lean(u, y)) / u.shape[1])
wrong("u in place of z", lambda u, y: (u - (y > 0.5)) / u.shape[1])
wrong("log z in place of z", lambda u, y: (u - lse(u) - (y > 0.5)) / u.shape[1])
wrong("a sigmoid", lambda u, y: (g(u) - (y > 0.5)) / u.shape[1])
wrong("softmax along the batch", lambda u, y: (soft(u, 1) - (y > 0.5)) / u.shape[1])
wrong("the mean over galaxies", lambda u, y: lean(u, y).mean(axis=1, keepdims=True))
wrong("squared", lambda u, y: lean(u, y) ** 2 / u.shape[1])
wrong("the known class alone", lambda u, y: lean(u, y) * (y > 0.5) / u.shape[1])
silent("forgets to return", lambda u, y: None)

# 7.5 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("gradients_of_layers")


def on_the_way(weights, x):
    """Return what comes out of each layer, beginning with x, and the last sums."""
    z = list(itertools.accumulate(weights[:-1], lambda z, W: g(W @ z), initial=x))
    return z, weights[-1] @ z[-1]


def layered(
    start=lambda u, y: lean(u, y) / u.shape[1],
    slope=lambda z: z * (1 - z),
    back=lambda W, d: W.T @ d,
    pair=lambda d, z: d @ z.T,
    change=lambda found: found,
):
    """Return an answer for any depth; the options are mistakes."""

    def answer(weights, x, y):
        z, u = on_the_way(weights, x)
        d, found = start(u, y), []
        for W, below in zip(weights[::-1], z[::-1], strict=True):
            found = [pair(d, below), *found]
            d = back(W, d) * slope(below)
        return change(found)

    return answer


right(layered())
right(layered(change=tuple))
right(layered(change=lambda found: [v.tolist() for v in found]))
right(layered(pair=lambda d, z: np.einsum("is,js->ij", d, z)))
right(layered(slope=lambda z: z - z**2, back=lambda W, d: np.tensordot(W, d, (0, 0))))


@right()
def _(weights, x, y):
    total = [np.zeros_like(W) for W in weights]
    for s in range(x.shape[1]):
        one = layered(start=lean)(weights, x[:, [s]], y[:, [s]])
        total = [a + b / x.shape[1] for a, b in zip(total, one, strict=True)]
    return total


wrong("the sum", layered(start=lean))
wrong("the wrong sign", layered(start=lambda u, y: -lean(u, y) / u.shape[1]))
wrong("y as it is", layered(start=lambda u, y: (soft(u) - y) / u.shape[1]))
wrong("a factor 2", layered(start=lambda u, y: 2 * lean(u, y) / u.shape[1]))
wrong(
    "the square's slope",
    layered(start=lambda u, y: lean(u, y) * soft(u) * (1 - soft(u)) / u.shape[1]),
)
wrong("sigmoid outputs", layered(start=lambda u, y: (g(u) - (y > 0.5)) / u.shape[1]))
wrong("no hidden slope", layered(slope=lambda z: 1))
wrong("half of the slope", layered(slope=lambda z: 1 - z))
wrong("the other half of it", layered(slope=lambda z: z))
wrong("tanh's slope", layered(slope=lambda z: 1 - z**2))
wrong("the slope of squashed values", layered(slope=lambda z: g(z) * (1 - g(z))))
wrong("no transpose", layered(back=lambda W, d: W @ d))
wrong("a reshape", layered(back=lambda W, d: W.reshape(W.shape[::-1]) @ d))
wrong("forgets the matrices", layered(back=lambda W, d: d))
wrong("backwards", layered(change=lambda found: found[::-1]))
wrong("transposed", layered(change=lambda found: [v.T for v in found]))
wrong("the first alone", layered(change=lambda found: found[:1]))
wrong("without the first", layered(change=lambda found: found[1:]))
wrong("the last alone", layered(change=lambda found: found[-1]))
wrong("flat", layered(change=lambda found: [v.ravel() for v in found]))
wrong("in one list", layered(change=lambda found: np.concatenate([v.ravel() for v in found])))
wrong("the mean of d times the mean of z", layered(pair=lambda d, z: np.outer(d.sum(1), z.mean(1))))
wrong("a list of lengths", layered(change=lambda found: [np.linalg.norm(v) for v in found]))
wrong(
    "two matrices only",
    lambda weights, x, y: layered()(weights[:2], x, y),
)


@wrong("the chapter's network, a hidden layer of any number ignored")
def _(weights, x, y):
    return [np.zeros_like(W) for W in weights[:-2]] + layered()(weights[-2:], x, y)


@silent("fills another list")
def _(weights, x, y):
    gradients = [np.full(W.shape, np.nan) for W in weights]
    grads = layered()(weights, x, y)  # noqa: F841
    return gradients


# 7.6 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("temperature")


def searched(score, rounds=9):
    """Return the T from 0.1 to 10 of the lowest score, by grids that become finer."""

    def answer(u, y):
        low, high = math.log(0.1), math.log(10)
        for _ in range(rounds):
            grid = np.linspace(low, high, 15)
            k = int(np.argmin([score(u / math.exp(t), y) for t in grid]))
            low, high = grid[max(k - 1, 0)], grid[min(k + 1, 14)]
        return math.exp(grid[k])

    return answer


mean_surprise = searched(lambda u, y: surprise(u, y).mean())
right(mean_surprise)
right(searched(lambda u, y: surprise(u, y).sum()))
right(lambda u, y: np.round(mean_surprise(u, y), 3))
right(lambda u, y: np.float32(mean_surprise(u, y)))


@right()
def _(u, y):
    b = 0.1  # Newton's steps from the flat side, in 1/T
    known = u[y.argmax(axis=0), np.arange(u.shape[1])]
    for _ in range(60):
        z = soft(b * u)
        first = ((z * u).sum(0) - known).mean()
        second = ((z * u**2).sum(0) - (z * u).sum(0) ** 2).mean()
        b = min(max(b - first / second, 0.1), 10)
    return 1 / b


wrong("1/T", lambda u, y: 1 / mean_surprise(u, y))
wrong("T squared", lambda u, y: mean_surprise(u, y) ** 2)
wrong("its logarithm", lambda u, y: math.log(mean_surprise(u, y)))
wrong("the loss", lambda u, y: surprise(u / mean_surprise(u, y), y).mean())
wrong("one", lambda u, y: 1.0)
wrong("two digits", lambda u, y: np.round(mean_surprise(u, y), 1))
wrong("a coarse grid", searched(lambda u, y: surprise(u, y).mean(), rounds=1))
wrong("two coarse grids", searched(lambda u, y: surprise(u, y).mean(), rounds=2))
wrong("the highest", searched(lambda u, y: -surprise(u, y).mean()))
wrong("least squares", searched(lambda u, y: ((soft(u) - y) ** 2).sum()))
wrong("least squares of 0 and 1", searched(lambda u, y: (lean(u, y) ** 2).sum()))
wrong("least absolute error", searched(lambda u, y: abs(lean(u, y)).sum()))
wrong("y as weights", searched(lambda u, y: -(y * (u - lse(u))).sum()))
wrong("the accuracy", searched(lambda u, y: -np.mean(u.argmax(0) == y.argmax(0))))
wrong("the spread of u", lambda u, y: u.std())
wrong("twice", lambda u, y: 2 * mean_surprise(u, y))
wrong("half", lambda u, y: mean_surprise(u, y) / 2)
wrong("one per cent off", lambda u, y: 1.01 * mean_surprise(u, y))
wrong("u cooled down", lambda u, y: u / mean_surprise(u, y))
silent("forgets to return", lambda u, y: None)

# 8.1 ------------------------------------------------------------------------------------------
wrong, right, _ = exercise("weight_count")
for value in (24 * 9 * 16 + 24, 3480, 3480.0, np.int64(3480), 24 * (3 * 3 * 16 + 1)):
    right(value)
for mistake, value in {
    "no biases": 24 * 9 * 16,
    "one bias": 24 * 9 * 16 + 1,
    "a bias for each map below": 24 * 9 * 16 + 16,
    "a bias for each number of a window": 24 * 9 * 16 * 2,
    "forgets the maps below": 24 * 9 + 24,
    "forgets the windows": 9 * 16 + 1,
    "forgets one side": 24 * 3 * 16 + 24,
    "adds the maps": 9 * (24 + 16),
    "three colours": 24 * 9 * 3 + 24,
    "windows of 5×5": 24 * 25 * 16 + 24,
    "the number of windows": 24,
    "biases for each pair": 24 * 16 * 10,
    "16 windows on 24 maps": 16 * 9 * 24 + 16,
    "a product with the biases": 24 * 9 * 16 * 24,
    "a text": "3480",
}.items():
    wrong(mistake, value)

# 8.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("receptive_field")


def reach(layers):
    """Return the pixels in a row, counted back from one number of the last layer."""
    pixels = 1
    for k, s in reversed(layers):
        pixels = (pixels - 1) * s + k
    return pixels


right(reach)
right(lambda layers: float(reach(layers)))
right(lambda layers: np.array(reach(layers)))
right(lambda layers: 1 + sum((k - 1) * math.prod(s for _, s in layers[:i])
                             for i, (k, _) in enumerate(layers)))  # fmt: skip
right(lambda layers: 1 + np.dot([k - 1 for k, _ in layers],
                                np.cumprod([1, *[s for _, s in layers]])[:-1]))  # fmt: skip
wrong("the order turned round", lambda layers: reach(layers[::-1]))
wrong("no strides", lambda layers: 1 + sum(k - 1 for k, _ in layers))
wrong("the sum of the windows", lambda layers: sum(k for k, _ in layers))
wrong("the product of the windows", lambda layers: math.prod(k for k, _ in layers))
wrong("the product of the strides", lambda layers: math.prod(s for _, s in layers))
wrong("its square", lambda layers: reach(layers) ** 2)
wrong("one too few", lambda layers: reach(layers) - 1)
wrong("one too many", lambda layers: reach(layers) + 1)
wrong("the last layer left out", lambda layers: reach(layers[:-1]))
wrong("the first layer left out", lambda layers: reach(layers[1:]))
wrong("the first layer alone", lambda layers: layers[0][0])
wrong("the largest window", lambda layers: max(k for k, _ in layers))
wrong(
    "its own stride too early",
    lambda layers: 1 + np.dot([k - 1 for k, _ in layers], np.cumprod([s for _, s in layers])),
)
wrong("k in place of k − 1", lambda layers: sum(
    k * math.prod(s for _, s in layers[:i]) for i, (k, _) in enumerate(layers)))  # fmt: skip
wrong("each stride alone", lambda layers: 1 + sum((k - 1) * s for k, s in layers))
wrong("the stride before alone", lambda layers: 1 + sum(
    (k - 1) * (layers[i - 1][1] if i else 1) for i, (k, _) in enumerate(layers)))  # fmt: skip
wrong("half of it", lambda layers: reach(layers) // 2)
wrong("one for each layer", lambda layers: [reach(layers[: i + 1]) for i in range(len(layers))])
silent("forgets to return", lambda layers: None)

# 8.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("slide")


def slid(w, x, picked=lambda part, w: (part * w).sum(), size=None):
    """Return the map of what is picked from each window."""
    k = len(w)
    H, W = size or (x.shape[0] - k + 1, x.shape[1] - k + 1)
    return np.array([[picked(x[i : i + k, j : j + k], w) for j in range(W)] for i in range(H)])


right(slid)
right(lambda w, x: slid(w, x).tolist())
right(lambda w, x: np.einsum(
    "ijcpq,pqc->ij", np.lib.stride_tricks.sliding_window_view(x, w.shape[:2], (0, 1)), w
))  # fmt: skip
right(lambda w, x: slid(w, x, lambda part, w: np.vdot(part, w)))
right(lambda w, x: sum(slid(w[..., c], x[..., c]) for c in range(x.shape[2])))
wrong("turned by 180°", lambda w, x: slid(w[::-1, ::-1], x))
wrong("mirrored up and down", lambda w, x: slid(w[::-1], x))
wrong("mirrored left and right", lambda w, x: slid(w[:, ::-1], x))
wrong("rows and columns of the window", lambda w, x: slid(w.swapaxes(0, 1), x))
wrong("the colours turned round", lambda w, x: slid(w[..., ::-1], x))
wrong("the mean", lambda w, x: slid(w, x, lambda part, w: (part * w).mean()))
wrong("the largest", lambda w, x: slid(w, x, lambda part, w: (part * w).max()))
wrong("one colour", lambda w, x: slid(w[..., 0], x[..., 0]))
wrong("a map for each colour", lambda w, x: slid(w, x, lambda part, w: (part * w).sum((0, 1))))
wrong("without w", lambda w, x: slid(w, x, lambda part, w: part.sum()))
wrong("sums that are multiplied", lambda w, x: slid(w, x, lambda p, w: p.sum() * w.sum()))
wrong("transposed", lambda w, x: slid(w, x).T)
wrong("the last row and column missing", lambda w, x: slid(w, x)[:-1, :-1])
wrong("the last row missing", lambda w, x: slid(w, x)[:-1])
wrong("stride 2", lambda w, x: slid(w, x)[::2, ::2])
wrong("a frame of zeros", lambda w, x: slid(w, np.pad(x, [(1, 1), (1, 1), (0, 0)])))
wrong("without a negative", lambda w, x: np.maximum(slid(w, x), 0))
wrong("the sign", lambda w, x: -slid(w, x))
wrong("divided by k²", lambda w, x: slid(w, x) / len(w) ** 2)
wrong("the middle of each window", lambda w, x: slid(w, x, lambda p, w: p[1, 1].sum()))
wrong("the first window", lambda w, x: slid(w, x)[0, 0])
wrong("squares", lambda w, x: slid(w, x, lambda p, w: ((p - w) ** 2).sum()))
silent("forgets to return", lambda w, x: None)

# 8.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("im2col")


def parts(x, k, s):
    """Return the windows, row by row."""
    places = itertools.product(range(0, x.shape[0] - k + 1, s), range(0, x.shape[1] - k + 1, s))
    return [x[i : i + k, j : j + k] for i, j in places]


right(lambda x, k, s: np.stack([p.ravel() for p in parts(x, k, s)], axis=1))
right(lambda x, k, s: np.array([p.flatten() for p in parts(x, k, s)]).T)
right(lambda x, k, s: np.array([p.ravel().tolist() for p in parts(x, k, s)]).T.tolist())
right(lambda x, k, s: np.column_stack([p.reshape(-1) for p in parts(x, k, s)]))
right(lambda x, k, s: np.lib.stride_tricks.sliding_window_view(x, (k, k), (0, 1))[::s, ::s]
      .transpose(3, 4, 2, 0, 1).reshape(k * k * x.shape[2], -1))  # fmt: skip
wrong("a row for each place", lambda x, k, s: np.array([p.ravel() for p in parts(x, k, s)]))
wrong("stride 1", lambda x, k, s: np.stack([p.ravel() for p in parts(x, k, 1)], axis=1))
wrong("stride k", lambda x, k, s: np.stack([p.ravel() for p in parts(x, k, k)], axis=1))
wrong("column by column", lambda x, k, s: np.stack(
    [p.swapaxes(0, 1).ravel() for p in parts(x, k, s)], axis=1))  # fmt: skip
wrong("colour by colour", lambda x, k, s: np.stack(
    [p.transpose(2, 0, 1).ravel() for p in parts(x, k, s)], axis=1))  # fmt: skip
wrong("ravel in Fortran's order", lambda x, k, s: np.stack(
    [p.ravel("F") for p in parts(x, k, s)], axis=1))  # fmt: skip
wrong("places column by column", lambda x, k, s: np.stack(
    [p.swapaxes(0, 1).ravel() for p in parts(x.swapaxes(0, 1), k, s)], axis=1))  # fmt: skip
wrong("places backwards", lambda x, k, s: np.stack(
    [p.ravel() for p in parts(x, k, s)[::-1]], axis=1))  # fmt: skip
wrong("windows turned by 180°", lambda x, k, s: np.stack(
    [p[::-1, ::-1].ravel() for p in parts(x, k, s)], axis=1))  # fmt: skip
wrong("the last place missing", lambda x, k, s: np.stack(
    [p.ravel() for p in parts(x, k, s)[:-1]], axis=1))  # fmt: skip
wrong("one colour", lambda x, k, s: np.stack(
    [p[..., 0].ravel() for p in parts(x, k, s)], axis=1))  # fmt: skip
wrong("the mean of the colours", lambda x, k, s: np.stack(
    [p.mean(2).ravel() for p in parts(x, k, s)], axis=1))  # fmt: skip
wrong("the sums of the windows", lambda x, k, s: [p.sum() for p in parts(x, k, s)])
wrong("not flat", lambda x, k, s: np.stack(parts(x, k, s), axis=-1))
wrong("the reshape of rows", lambda x, k, s: np.array(
    [p.ravel() for p in parts(x, k, s)]).reshape(k * k * x.shape[2], -1))  # fmt: skip
wrong("the first place alone", lambda x, k, s: parts(x, k, s)[0].reshape(-1, 1))
wrong("the whole picture", lambda x, k, s: x.reshape(-1, 1))
wrong("a frame", lambda x, k, s: np.stack(
    [p.ravel() for p in parts(np.pad(x, [(1, 1), (1, 1), (0, 0)]), k, s)], axis=1))  # fmt: skip
silent("forgets to return", lambda x, k, s: None)

# 8.5 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("max_pool")


def squares(h, n):
    """Return the squares, (H / n, W / n, n, n, K)."""
    H, W, K = h.shape
    return h.reshape(H // n, n, W // n, n, K).swapaxes(1, 2)


right(lambda h, n: squares(h, n).max((2, 3)))
right(lambda h, n: squares(h, n).max((2, 3)).tolist())
right(lambda h, n: np.maximum.reduce([h[i::n, j::n] for i in range(n) for j in range(n)]))
right(lambda h, n: np.sort(squares(h, n).reshape(len(h) // n, -1, n * n, h.shape[2]), 2)[:, :, -1])
right(lambda h, n: [[h[i : i + n, j : j + n].max((0, 1)).tolist()
                     for j in range(0, h.shape[1], n)] for i in range(0, len(h), n)])  # fmt: skip
wrong("the mean", lambda h, n: squares(h, n).mean((2, 3)))
wrong("the sum", lambda h, n: squares(h, n).sum((2, 3)))
wrong("the smallest", lambda h, n: squares(h, n).min((2, 3)))
wrong("the median", lambda h, n: np.median(squares(h, n), (2, 3)))
wrong("the largest in size", lambda h, n: abs(squares(h, n)).max((2, 3)))
wrong("one place", lambda h, n: h[::n, ::n])
wrong("over the maps", lambda h, n: squares(h, n).max((2, 3, 4)))
wrong("over the maps, kept", lambda h, n: squares(h, n).max((2, 3, 4))[..., None])
wrong("of each map", lambda h, n: h.max((0, 1)))
wrong("rows only", lambda h, n: h.reshape(len(h) // n, n, *h.shape[1:]).max(1))
wrong("columns only", lambda h, n: h.reshape(len(h), -1, n, h.shape[2]).max(2))
wrong("transposed", lambda h, n: squares(h, n).max((2, 3)).swapaxes(0, 1))
wrong("size 2", lambda h, n: np.maximum.reduce([h[i::2, j::2] for i in (0, 1) for j in (0, 1)]))
wrong("starts at 0", lambda h, n: np.maximum(squares(h, n).max((2, 3)), 0))
wrong("at stride 1", lambda h, n: np.lib.stride_tricks.sliding_window_view(h, (n, n), (0, 1))
      .max((3, 4)))  # fmt: skip
wrong("a wrong reshape", lambda h, n: h.reshape(
    n, len(h) // n, n, h.shape[1] // n, h.shape[2]).max((0, 2)))  # fmt: skip
wrong("the places", lambda h, n: squares(h, n).reshape(*squares(h, n).shape[:2], -1).argmax(2))
wrong("as large as before", lambda h, n: squares(h, n).max((2, 3)).repeat(n, 0).repeat(n, 1))
wrong("the last row missing", lambda h, n: squares(h, n).max((2, 3))[:-1])
wrong("the first map", lambda h, n: squares(h, n).max((2, 3))[..., 0])
silent("forgets to return", lambda h, n: None)

# 8.6 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("max_pool_slope")


def spread(small, n):
    """Return each number n × n times."""
    return np.kron(small, np.ones((n, n, 1)))


def is_top(h, n):
    """Say where a square has its largest number."""
    return h == spread(squares(h, n).max((2, 3)), n)


right(lambda d, h, n: spread(d, n) * is_top(h, n))
right(lambda d, h, n: np.where(is_top(h, n), d.repeat(n, 0).repeat(n, 1), 0))
right(lambda d, h, n: (spread(d, n) * is_top(h, n)).tolist())


@right()
def _(d, h, n):
    slope = np.zeros(h.shape)
    for i, j, k in np.ndindex(*d.shape):
        square = h[n * i : n * (i + 1), n * j : n * (j + 1), k]
        a, b = np.unravel_index(square.argmax(), square.shape)
        slope[n * i + a, n * j + b, k] = d[i, j, k]
    return slope


wrong("shared by all", lambda d, h, n: spread(d, n) / n**2)
wrong("to all", lambda d, h, n: spread(d, n))
wrong("to the smallest", lambda d, h, n: spread(d, n) * is_top(-h, n))
wrong("to the first place", lambda d, h, n: np.kron(d, np.eye(n * n)[0].reshape(n, n, 1)))
wrong("to the largest in size", lambda d, h, n: spread(d, n) * is_top(abs(h), n))
wrong("times the number", lambda d, h, n: spread(d, n) * is_top(h, n) * h)
wrong("the number", lambda d, h, n: is_top(h, n) * h)
wrong("1", lambda d, h, n: is_top(h, n) * 1.0)
wrong("shared, to the largest", lambda d, h, n: spread(d, n) * is_top(h, n) / n**2)
wrong("the largest of the map", lambda d, h, n: spread(d, n) * (h == h.max((0, 1))))
wrong("the sign", lambda d, h, n: -spread(d, n) * is_top(h, n))
wrong("everywhere else", lambda d, h, n: spread(d, n) * ~is_top(h, n))
wrong("tiles", lambda d, h, n: np.tile(d, (n, n, 1)) * is_top(h, n))
wrong("absolute", lambda d, h, n: abs(spread(d, n)) * is_top(h, n))
wrong("those above 0", lambda d, h, n: spread(d, n) * is_top(h, n) * (h > 0))
wrong("the largest of all maps", lambda d, h, n: spread(d, n) * is_top(h, n)
      * (h == h.max(2, keepdims=True)))  # fmt: skip
wrong("d as it is", lambda d, h, n: d)
wrong("for 2×2", lambda d, h, n: d.repeat(2, 0).repeat(2, 1) * is_top(h, n))
wrong("transposed", lambda d, h, n: (spread(d, n) * is_top(h, n)).swapaxes(0, 1))
wrong("NaN elsewhere", lambda d, h, n: np.where(is_top(h, n), spread(d, n), np.nan))
silent("forgets to return", lambda d, h, n: None)

# 8.7 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("col2im")


def laid_back(d_X, shape, k, s, put=np.add, shaped=lambda c, k, C: c.reshape(k, k, C)):
    """Return what the columns put into the picture."""
    d_x = np.zeros(shape)
    rows, columns = (shape[0] - k) // s + 1, (shape[1] - k) // s + 1
    for n, (i, j) in enumerate(itertools.product(range(rows), range(columns))):
        part = np.s_[i * s : i * s + k, j * s : j * s + k]
        d_x[part] = put(d_x[part], shaped(d_X[:, n], k, shape[2]))
    return d_x


def n_windows(d_X, shape, k, s):
    """Return in how many windows each pixel stands."""
    return laid_back(np.ones_like(d_X), shape, k, s)


right(laid_back)
right(lambda *a: laid_back(*a).tolist())


@right()
def _(d_X, shape, k, stride):
    numbers = np.arange(math.prod(shape)).reshape(shape)
    places = np.stack([p.ravel() for p in parts(numbers, k, stride)], axis=1)
    return np.bincount(places.ravel(), d_X.ravel(), math.prod(shape)).reshape(shape)


@right()
def _(d_X, shape, k, stride):
    d_x = np.zeros(math.prod(shape))
    numbers = np.arange(d_x.size).reshape(shape)
    np.add.at(d_x, np.stack([p.ravel() for p in parts(numbers, k, stride)], axis=1), d_X)
    return d_x.reshape(shape)


wrong("overwrites", lambda *a: laid_back(*a, put=lambda old, new: new))
wrong("the first stays", lambda *a: laid_back(*a, put=lambda old, new: np.where(old, old, new)))
wrong("the mean", lambda *a: laid_back(*a) / np.maximum(n_windows(*a), 1))
wrong("the largest", lambda *a: laid_back(*a, put=np.maximum))
wrong("subtracts", lambda *a: laid_back(*a, put=np.subtract))
wrong("counts", n_windows)
wrong("column by column", lambda *a: laid_back(
    *a, shaped=lambda c, k, C: c.reshape(k, k, C).swapaxes(0, 1)))  # fmt: skip
wrong("colours first", lambda *a: laid_back(
    *a, shaped=lambda c, k, C: c.reshape(C, k, k).transpose(1, 2, 0)))  # fmt: skip
wrong("turned windows", lambda *a: laid_back(
    *a, shaped=lambda c, k, C: c.reshape(k, k, C)[::-1, ::-1]))  # fmt: skip
wrong("places backwards", lambda d_X, *a: laid_back(d_X[:, ::-1], *a))
wrong("the last place missing", lambda d_X, *a: laid_back(
    np.where(np.arange(d_X.shape[1]) < d_X.shape[1] - 1, d_X, 0), *a))  # fmt: skip
wrong("the first place alone", lambda d_X, *a: laid_back(
    np.where(np.arange(d_X.shape[1]) < 1, d_X, 0), *a))  # fmt: skip
wrong("stride 1", lambda d_X, shape, k, s: laid_back(
    np.resize(d_X, (len(d_X), (shape[0] - k + 1) * (shape[1] - k + 1))), shape, k, 1))  # fmt: skip
wrong("the sign", lambda *a: -laid_back(*a))
wrong("divided by k²", lambda *a: laid_back(*a) / a[2] ** 2)
wrong("flat", lambda *a: laid_back(*a).ravel())
wrong("one colour", lambda *a: laid_back(*a)[..., 0])
wrong("one slope for all colours", lambda *a: laid_back(*a) * 0 + laid_back(*a).mean(2)[..., None])
wrong("NaN where no window is", lambda *a: np.where(
    n_windows(*a) > 1, laid_back(*a), np.nan))  # fmt: skip
wrong("a reshape", lambda d_X, shape, k, s: np.resize(d_X, shape))
wrong("transposed", lambda *a: laid_back(*a).swapaxes(0, 1))
silent("forgets to return", lambda *a: None)

# 9.1 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("hours")
right(lambda n, b, w, f, s, k: n * (b / w + f / s) / k / 3600)
right(lambda n, b, w, f, s, k: (n / k) * b / w / 3600 + (n / k) * f / s / 3600)
right(lambda n, b, w, f, s, k: n / k * (b * s + f * w) / (w * s) / 60 / 60)
right(lambda n, b, w, f, s, k: np.float64(n) * (b / w + f / s) / (3600 * k))
right(lambda n, b, w, f, s, k: [n * (b / w + f / s) / k / 3600])
wrong("seconds", lambda n, b, w, f, s, k: n * (b / w + f / s) / k)
wrong("minutes", lambda n, b, w, f, s, k: n * (b / w + f / s) / k / 60)
wrong("days", lambda n, b, w, f, s, k: n * (b / w + f / s) / k / 86400)
wrong("one worker", lambda n, b, w, f, s, k: n * (b / w + f / s) / 3600)
wrong("times the workers", lambda n, b, w, f, s, k: n * (b / w + f / s) * k / 3600)
wrong("one galaxy", lambda n, b, w, f, s, k: (b / w + f / s) / k / 3600)
wrong("reading alone", lambda n, b, w, f, s, k: n * b / w / k / 3600)
wrong("computing alone", lambda n, b, w, f, s, k: n * f / s / k / 3600)
wrong("the longer of both", lambda n, b, w, f, s, k: n * max(b / w, f / s) / k / 3600)
wrong("the shorter of both", lambda n, b, w, f, s, k: n * min(b / w, f / s) / k / 3600)
wrong("the bandwidth is shared", lambda n, b, w, f, s, k: n * (b / w + f / s / k) / 3600)
wrong("the speed is shared", lambda n, b, w, f, s, k: n * (b / w / k + f / s) / 3600)
wrong("bytes are bits", lambda n, b, w, f, s, k: n * (8 * b / w + f / s) / k / 3600)
wrong("times the bandwidth", lambda n, b, w, f, s, k: n * (b * w + f / s) / k / 3600)
wrong("times the speed", lambda n, b, w, f, s, k: n * (b / w + f * s) / k / 3600)
wrong("turned round", lambda n, b, w, f, s, k: n * (w / b + s / f) / k / 3600)
wrong("whole hours", lambda n, b, w, f, s, k: int(n * (b / w + f / s) / k / 3600))
wrong("rounded up", lambda n, b, w, f, s, k: math.ceil(n * (b / w + f / s) / k / 3600))
wrong("one over it", lambda n, b, w, f, s, k: 3600 * k / (n * (b / w + f / s)))
wrong("brackets", lambda n, b, w, f, s, k: n * b / w + f / s / k / 3600)
silent("forgets to return", lambda n, b, w, f, s, k: None)

# 9.2 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("finished")


def done(seconds, n, next_one=min):
    """Return when each worker is done."""
    free = [0.0] * n
    for length in seconds:
        free[free.index(next_one(free))] += length
    return free


right(lambda seconds, n: max(done(seconds, n)))
right(lambda seconds, n: np.max(done([*seconds], n)))


@right()
def _(seconds, n_workers):
    import heapq

    free = [0.0] * n_workers
    for length in seconds:
        heapq.heapreplace(free, free[0] + length)
    return max(free)


@right()
def _(seconds, n_workers):
    free = np.zeros(n_workers)
    for length in np.asarray(seconds):
        free[np.argmin(free)] += length
    return free.max()


wrong("the mean", lambda seconds, n: sum(seconds) / n)
wrong("the mean, or the longest", lambda seconds, n: max(sum(seconds) / n, max(seconds)))
wrong("one worker", lambda seconds, n: sum(seconds))
wrong("the longest", lambda seconds, n: max(seconds))
wrong("the first worker", lambda seconds, n: min(done(seconds, n)))
wrong("all workers", done)
wrong("dealt out in turn", lambda seconds, n: max(sum(seconds[i::n]) for i in range(n)))
wrong("in blocks", lambda seconds, n: max(sum(part) for part in np.array_split(seconds, n)))
wrong("in rounds", lambda seconds, n: sum(
    max(seconds[i : i + n]) for i in range(0, len(seconds), n)))  # fmt: skip
wrong("the longest first", lambda seconds, n: max(done(sorted(seconds)[::-1], n)))
wrong("the shortest first", lambda seconds, n: max(done(sorted(seconds), n)))
wrong("backwards", lambda seconds, n: max(done(seconds[::-1], n)))
wrong("to the busiest", lambda seconds, n: max(done(seconds, n, max)))
wrong("the last file missing", lambda seconds, n: max(done(seconds[:-1], n)))
wrong("the first file missing", lambda seconds, n: max(done(seconds[1:], n)))
wrong("one worker too many", lambda seconds, n: max(done(seconds, n + 1)))
wrong("two workers", lambda seconds, n: max(done(seconds, 2)))
wrong("three workers", lambda seconds, n: max(done(seconds, 3)))
wrong("hours", lambda seconds, n: max(done(seconds, n)) / 3600)
wrong("who is done last", lambda seconds, n: int(np.argmax(done(seconds, n))))
wrong("the start of the last file", lambda seconds, n: min(done(seconds[:-1], n)))
silent("forgets to return", lambda seconds, n: None)

# 9.3 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("true_number")
right(lambda c, n, f, m: (c - m * n) / (f - m))
right(lambda c, n, f, m: n * (c / n - m) / (f - m))
right(lambda c, n, f, m: float(np.linalg.solve([[f, m], [1, 1]], [c, n])[0]))
right(lambda c, n, f, m: [(m * n - c) / (m - f)])
right(lambda c, n, f, m: np.round((c - m * n) / (f - m), 6))
wrong("the count", lambda c, n, f, m: c)
wrong("those missed alone", lambda c, n, f, m: c / f)
wrong("those mistaken alone", lambda c, n, f, m: c - m * n)
wrong("m of the count", lambda c, n, f, m: c * (1 - m) / f)
wrong("m of the others that were called so", lambda c, n, f, m: (c - m * (n - c)) / f)
wrong("m of all, divided by f", lambda c, n, f, m: (c - m * n) / f)
wrong("f + m", lambda c, n, f, m: (c - m * n) / (f + m))
wrong("1 − m", lambda c, n, f, m: (c - m * n) / (1 - m))
wrong("the sign of m", lambda c, n, f, m: (c + m * n) / (f + m))
wrong("a fraction", lambda c, n, f, m: (c / n - m) / (f - m))
wrong("the others", lambda c, n, f, m: n - (c - m * n) / (f - m))
wrong("forwards", lambda c, n, f, m: f * c + m * (n - c))
wrong("not below 0", lambda c, n, f, m: max((c - m * n) / (f - m), 0))
wrong("not above n", lambda c, n, f, m: min((c - m * n) / (f - m), n))
wrong("whole", lambda c, n, f, m: round((c - m * n) / (f - m)))
wrong("cut down", lambda c, n, f, m: int((c - m * n) / (f - m)))
wrong("swapped", lambda c, n, f, m: (c - f * n) / (m - f))
wrong("times f", lambda c, n, f, m: c * f)
wrong("the recall", lambda c, n, f, m: (c - m * n) / (f - m) * f)
wrong("absolute", lambda c, n, f, m: abs((c - m * n) / (f - m)))
silent("forgets to return", lambda c, n, f, m: None)

# 9.4 ------------------------------------------------------------------------------------------
wrong, right, silent = exercise("most_kept")


def surest(confidence, right):
    """Return what is right, the surest first."""
    return np.asarray(right)[np.argsort(confidence)[::-1]]


def most(confidence, right, accuracy):
    """Return the largest number that may be kept."""
    kept = np.arange(1, len(right) + 1)
    fine = np.cumsum(surest(confidence, right)) >= accuracy * kept - 1e-12
    return int(kept[fine].max(initial=0))


right(most)
right(lambda *a: float(most(*a)))
right(lambda *a: np.int32(most(*a)))
right(lambda c, r, a: max(
    (k for k in range(1, len(r) + 1) if np.mean(surest(c, r)[:k]) >= a), default=0))  # fmt: skip


@right()
def _(confidence, right, accuracy):
    n = good = best = 0
    for _, is_right in sorted(zip(confidence, right, strict=True), reverse=True):
        n, good = n + 1, good + bool(is_right)
        if good / n >= accuracy:
            best = n
    return best


@wrong("stops at the first place where it is too few")
def _(confidence, right, accuracy):
    kept = surest(confidence, right)
    n = 0
    while n < len(kept) and kept[: n + 1].mean() >= accuracy:
        n += 1
    return n


wrong("the least sure first", lambda c, r, a: most(-c, r, a))
wrong("in the order given", lambda c, r, a: most(-np.arange(len(c)), r, a))
wrong("sorts one alone", lambda c, r, a: most(np.sort(c), r, a))
wrong("above, not at least", lambda c, r, a: most(c, r, a + 1e-9))
wrong("confidence above accuracy", lambda c, r, a: int(np.sum(c >= a)))
wrong("right and confident", lambda c, r, a: int(np.sum((c >= a) & r)))
wrong("the number right", lambda c, r, a: int(np.sum(r)))
wrong("the right ones among them", lambda c, r, a: int(surest(c, r)[: most(c, r, a)].sum()))
wrong("all", lambda c, r, a: len(r))
wrong("all or none", lambda c, r, a: len(r) if np.mean(r) >= a else 0)
wrong("a fraction", lambda c, r, a: most(c, r, a) / len(r))
wrong("one too few", lambda c, r, a: most(c, r, a) - 1)
wrong("one too many", lambda c, r, a: most(c, r, a) + 1)
wrong("the threshold", lambda c, r, a: np.sort(c)[::-1][max(most(c, r, a) - 1, 0)])
wrong("how many such numbers there are", lambda c, r, a: int(np.sum(
    np.cumsum(surest(c, r)) >= a * np.arange(1, len(r) + 1) - 1e-12)))  # fmt: skip
wrong("the smallest such number", lambda c, r, a: next(
    (k for k in range(1, len(r) + 1) if surest(c, r)[:k].mean() >= a), 0))  # fmt: skip
wrong("the mean confidence", lambda c, r, a: max(
    (k for k in range(1, len(r) + 1) if np.sort(c)[::-1][:k].mean() >= a), default=0))  # fmt: skip
wrong("the rest", lambda c, r, a: len(r) - most(c, r, a))
wrong("the rows", lambda c, r, a: np.argsort(c)[::-1][: most(c, r, a)])
wrong("a share of N", lambda c, r, a: int(a * len(r)))
silent("forgets to return", lambda c, r, a: None)

# 10.1 -----------------------------------------------------------------------------------------
wrong, right, _ = exercise("final_report")
M = np.diag(np.arange(10, 20)) + np.eye(10, k=1, dtype=int) * 5  # 190 galaxies, 145 of them right
REPORT = {
    "data": "simulated",
    "seeds": [1, 2, 3],
    "accuracies": [145 / 190, 0.7, 0.72],
    "baseline": 23 / 190,
    "confusion_matrix": M,
}


def report(**changes):
    """Return the report with changes; None takes a key out."""
    return {k: v for k, v in (REPORT | changes).items() if v is not None}


right(report())
right(report(data="real", seeds=(4, 5, 6, 7), accuracies=(0.6, 0.7, 0.65, 145 / 190)))
right(report(confusion_matrix=M.tolist(), accuracies=np.array([0.7, 145 / 190, 0.72])))
right(report(confusion_matrix=M.astype(float), seeds=np.array([10, 20, 30]), baseline=0.121))
right({k: REPORT[k] for k in reversed(REPORT)})
wrong("one run", report(seeds=[1], accuracies=[145 / 190]))
wrong("two runs", report(seeds=[1, 2], accuracies=[145 / 190, 0.7]))
wrong("the same seed", report(seeds=[1, 1, 2]))
wrong("a seed too few", report(seeds=[1, 2]))
wrong("an accuracy too few", report(accuracies=[145 / 190, 0.7]))
wrong("per cent", report(accuracies=[76.3, 70.0, 72.0]))
wrong("a baseline in per cent", report(baseline=12.1))
wrong("another matrix's accuracies", report(accuracies=[0.5, 0.6, 0.7]))
wrong("a baseline of its own", report(baseline=0.5))
wrong("a baseline of chance", report(baseline=0.03))
wrong("fractions", report(confusion_matrix=M / M.sum(axis=1, keepdims=True)))
wrong("nine classes", report(confusion_matrix=M[:9, :9]))
wrong("no matrix", report(confusion_matrix=None))
wrong("no seeds", report(seeds=None))
wrong("a number of seeds", report(seeds=3))
wrong("another word", report(data="Galaxy10"))
wrong("one accuracy, their mean", report(accuracies=0.73))
wrong("a key more", report() | {"remark": "well done"})
wrong("a list", list(REPORT.values()))
wrong("negative counts", report(confusion_matrix=-M))
wrong("NaN", report(accuracies=[145 / 190, np.nan, 0.7]))
