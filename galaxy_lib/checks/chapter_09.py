"""Checks of the exercises of chapter 9, each beside its known mistakes."""

from __future__ import annotations

import heapq
import math

import numpy as np

from galaxy_lib.checks.runner import exercise

# ------------------------------------------------------------------------------------ 9.1


@exercise(9)
def hours(n_galaxies, n_bytes, bandwidth, n_flops, speed, n_workers):
    """Predict how many hours a survey takes."""
    per_hour = 3600 / (n_bytes / bandwidth + n_flops / speed) * n_workers
    return n_galaxies / per_hour


@hours.cases
def _(rng):
    yield "a million galaxies, 2 workers", (10**6, 196_608, 2e8, 62_240, 5e10, 2)
    n, k = int(rng.integers(10**5, 10**7)), int(rng.integers(3, 20))
    yield f"{n:,} galaxies, {k} workers", (n, 50_000, 1.5e8, 4_000_000, 2e10, k)
    yield "5,000 galaxies, one worker", (5000, 24_576, 1e9, 9_830_400, 1e9, 1)


def _seconds(n, b, w, f, s):
    return n * (b / w + f / s)


hours.mistakes(
    ("That is in seconds: an hour has 3,600.",
     lambda n, b, w, f, s, k: _seconds(n, b, w, f, s) / k),
    ("That is in minutes: an hour has 3,600 seconds.",
     lambda n, b, w, f, s, k: _seconds(n, b, w, f, s) / k / 60),
    ("That is for one worker: they share the galaxies.",
     lambda n, b, w, f, s, k: _seconds(n, b, w, f, s) / 3600),
    ("More workers take less time: divide by their number.",
     lambda n, b, w, f, s, k: _seconds(n, b, w, f, s) * k / 3600),
    ("The multiplying is left out.", lambda n, b, w, f, s, k: n * b / w / k / 3600),
    ("The reading is left out.", lambda n, b, w, f, s, k: n * f / s / k / 3600),
    ("A worker reads first and multiplies then: add the two times, do not take the longer.",
     lambda n, b, w, f, s, k: n * max(b / w, f / s) / k / 3600),
    ("That is one galaxy.", lambda n, b, w, f, s, k: (b / w + f / s) / k / 3600),
    ("Workers share the multiplying too.", lambda n, b, w, f, s, k: n * (b / w / k + f / s) / 3600),
    ("Workers share the reading too.", lambda n, b, w, f, s, k: n * (b / w + f / s / k) / 3600),
    ("Time is bytes over bytes a second, not the other way round.",
     lambda n, b, w, f, s, k: n * (w / b + s / f) / k / 3600),
    ("Time is bytes over bytes a second: divide by the bandwidth and by the speed.",
     lambda n, b, w, f, s, k: n * (b * w + f * s) / k / 3600),
    ("Bytes and operations take different times: each has its own speed.",
     lambda n, b, w, f, s, k: n * (b + f) / (w + s) / k / 3600),
    ("That is in days.", lambda n, b, w, f, s, k: _seconds(n, b, w, f, s) / k / 86400),
    ("A worker reads first and multiplies then: add the two times, do not take the shorter.",
     lambda n, b, w, f, s, k: n * min(b / w, f / s) / k / 3600),
    ("A byte counts 1 here, not 8 bits.",
     lambda n, b, w, f, s, k: _seconds(n, 8 * b, w, f, s) / k / 3600),
    ("That is 1 over the time.", lambda n, b, w, f, s, k: 3600 * k / _seconds(n, b, w, f, s)),
    ("Hours have fractions here: do not round.",
     lambda n, b, w, f, s, k: int(_seconds(n, b, w, f, s) / k / 3600),
     lambda n, b, w, f, s, k: math.ceil(_seconds(n, b, w, f, s) / k / 3600),
     lambda n, b, w, f, s, k: round(_seconds(n, b, w, f, s) / k / 3600)),
    ("Brackets are missing: both times are shared, and in seconds.",
     lambda n, b, w, f, s, k: n * b / w + f / s / k / 3600),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 9.2


@exercise(9)
def finished(seconds, n_workers):
    """Find when the last worker is done."""
    free = [0.0] * n_workers
    for duration in seconds:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)


@finished.cases
def _(rng):
    # Each mistake below ends at another time here.
    yield "five files, two workers", (np.array([2.0, 4.0, 5.0, 1.0, 5.0]), 2)
    yield "30 files, four workers", (rng.uniform(1, 9, 30), 4)
    yield "two files, three workers", (np.array([2.0, 5.0]), 3)


def _free(seconds, n):
    free = [0.0] * n
    for duration in seconds:
        free[np.argmin(free)] += duration
    return free


finished.mistakes(
    ("A file cannot be cut: this is the work divided by the workers.", lambda s, n: np.sum(s) / n),
    ("That is one worker.", lambda s, n: np.sum(s)),
    ("Files are not dealt out beforehand: who is free takes the next.",
     lambda s, n: max(np.sum(s[i::n]) for i in range(n))),
    ("The list is not split beforehand: who is free takes the next.",
     lambda s, n: max(map(np.sum, np.array_split(s, n)))),
    ("Files are taken in the order of the list, not the longest first.",
     lambda s, n: max(_free(sorted(s, reverse=True), n))),
    ("Nobody waits for the others: who is free takes the next at once.",
     lambda s, n: sum(max(s[i : i + n]) for i in range(0, len(s), n))),
    ("That is when the first worker is done: the last one was asked for.",
     lambda s, n: min(_free(s, n))),
    ("That is the longest file.", lambda s, n: np.max(s)),
    ("That is all workers' ends added up.", lambda s, n: np.sum(s) * n),
    ("That is how much earlier another one is done.", lambda s, n: np.ptp(_free(s, n))),
    ("Files are taken in the order of the list, not the shortest first.",
     lambda s, n: max(_free(sorted(s), n))),
    ("Files are taken in the order of the list, not from its end.",
     lambda s, n: max(_free(s[::-1], n))),
    ("The last file is left out.", lambda s, n: max(_free(s[:-1], n))),
    ("The first file is left out.", lambda s, n: max(_free(s[1:], n))),
    ("There is one worker too many.", lambda s, n: max(_free(s, n + 1))),
    ("Those are all workers' ends: return the last.", _free),
    ("That is in hours.", lambda s, n: max(_free(s, n)) / 3600),
    ("That is which worker is done last, not when.", lambda s, n: int(np.argmax(_free(s, n)))),
    ("A file cannot be cut: even shares of the work take longer than that, or as long.",
     lambda s, n: max(np.sum(s) / n, np.max(s))),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 9.3


@exercise(9)
def true_number(counted, n, found, mistaken):
    """Correct a count for what is missed and what is mistaken."""
    R = np.array([[found, 1 - found], [mistaken, 1 - mistaken]])
    return np.linalg.solve(R.T, [counted, n - counted])[0]


@true_number.cases
def _(rng):
    yield "140 of 1,000 counted, 0.9 found, 0.1 mistaken", (140, 1000, 0.9, 0.1)
    n, found = int(rng.integers(500, 5000)), rng.uniform(0.6, 0.95)
    mistaken = rng.uniform(0.02, 0.2)
    counted = round(rng.uniform(0.3, 0.5) * n)
    yield f"{counted} of {n} counted", (counted, n, found, mistaken)
    yield "7 of 40 counted", (7, 40, 0.85, 0.05)
    yield "300 of 400 counted, nothing mistaken", (300, 400, 0.8, 0.0)
    yield "3 of 200 counted, fewer than are mistaken", (3, 200, 0.9, 0.05)
    yield "195 of 200 counted, more than can be", (195, 200, 0.9, 0.1)


true_number.mistakes(
    ("Some that are counted are none: `mistaken` is left out.", lambda m, n, r, f: m / r),
    ("Some are missed: `found` is left out.", lambda m, n, r, f: m - f * n),
    ("Some are missed: divide by found − mistaken.", lambda m, n, r, f: m - f * (n - m)),
    ("Divide by found − mistaken, not by `found` alone.", lambda m, n, r, f: (m - f * n) / r),
    ("The others are n less the *true* number, not n less the counted one.",
     lambda m, n, r, f: (m - f * (n - m)) / r),
    ("That is what would be counted if `counted` were true: solve for the true number.",
     lambda m, n, r, f: m * r + (n - m) * f),
    ("That is a fraction: give the number.", lambda m, n, r, f: (m / n - f) / (r - f)),
    ("Subtract what is mistaken: it was counted too much.",
     lambda m, n, r, f: (m + f * n) / (r - f)),
    ("Divide by found − mistaken, not by their sum.", lambda m, n, r, f: (m - f * n) / (r + f)),
    ("That is the number of the others.", lambda m, n, r, f: n - (m - f * n) / (r - f)),
    ("That is as counted: nothing is corrected.", lambda m, n, r, f: m),
    ("A number on average need not be whole: do not round.",
     lambda m, n, r, f: round((m - f * n) / (r - f)),
     lambda m, n, r, f: min(max(round((m - f * n) / (r - f)), 0), n)),
    ("It need not be possible: keep what lies below 0 or above n.",
     lambda m, n, r, f: max((m - f * n) / (r - f), 0),
     lambda m, n, r, f: min((m - f * n) / (r - f), n),
     lambda m, n, r, f: min(max((m - f * n) / (r - f), 0), n),
     lambda m, n, r, f: abs((m - f * n) / (r - f))),
    ("Divide by found − mistaken, not by 1 − mistaken.", lambda m, n, r, f: (m - f * n) / (1 - f)),
    ("Both signs are those of a sum: subtract what is mistaken.",
     lambda m, n, r, f: (m + f * n) / (r + f)),
    ("`found` makes fewer of the true ones: divide, do not multiply.", lambda m, n, r, f: m * r),
    ("That is how many of them were found: give them all.",
     lambda m, n, r, f: (m - f * n) / (r - f) * r),
    ("Mistaken are a fraction of the others, not of those counted.",
     lambda m, n, r, f: m * (1 - f) / r),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 9.4


@exercise(9)
def most_kept(confidence, right, accuracy):
    """Find how many galaxies the network may keep."""
    pairs = sorted(zip(confidence, right, strict=True), reverse=True)
    best = hits = 0
    for k, (_, hit) in enumerate(pairs, 1):
        hits += bool(hit)
        best = k if hits >= accuracy * k else best
    return best


@most_kept.cases
def _(rng):
    c, r = np.array([0.6, 0.95, 0.7, 0.9, 0.8, 0.5]), np.array([0, 1, 0, 1, 1, 0], bool)
    yield "six galaxies, three of four to be right", (c, r, 0.75)
    c = rng.permutation(np.linspace(0.2, 0.99, 60))
    r = np.ones(60, bool)
    # One mistake among the surest: the fraction dips below and comes back.
    order = np.argsort(-c)
    r[order[2]] = False
    r[order[25:]] = rng.random(35) < 0.3
    yield "60 galaxies, nine of ten to be right", (c, r, 0.9)
    yield "seven galaxies, all right", (rng.random(7), np.ones(7, bool), 0.5)
    yield "three galaxies, all wrong", (np.array([0.3, 0.9, 0.5]), np.zeros(3, bool), 0.9)


def _share(c, r):
    r = np.asarray(r)[np.argsort(-np.asarray(c))]
    return np.cumsum(r) / np.arange(1, len(r) + 1)


def _first_below(c, r, a):
    below = np.flatnonzero(_share(c, r) < a)
    return int(below[0]) if len(below) else len(r)


most_kept.mistakes(
    ("The fraction may dip below and come back: look for the last place where it holds.",
     _first_below),
    ("Not every place where it holds counts: take the last one.",
     lambda c, r, a: int(np.sum(_share(c, r) >= a))),
    ("Sort the galaxies by confidence, the surest first.",
     lambda c, r, a: max(np.flatnonzero(_share(-np.arange(len(r)), r) >= a) + 1, default=0),
     lambda c, r, a: max(np.flatnonzero(_share(-c, r) >= a) + 1, default=0)),
    ("That is a place counted from 0: the number is one more.",
     lambda c, r, a: max(np.flatnonzero(_share(c, r) >= a), default=0)),
    ("A confidence is what the network says, not how often it is right: count.",
     lambda c, r, a: int(np.sum(c >= a))),
    ("That is how many of all are right.", lambda c, r, a: int(np.sum(r))),
    ("That is a share of the galaxies, not how many may be kept.", lambda c, r, a: int(a * len(r))),
    ("That is the number that goes back: those that are kept were asked for.",
     lambda c, r, a: len(r) - max(np.flatnonzero(_share(c, r) >= a) + 1, default=0)),
    ("That is a fraction: give the number of galaxies.",
     lambda c, r, a: max(np.flatnonzero(_share(c, r) >= a) + 1, default=0) / len(r)),
    ("The fraction may also be just what was asked: at least, not more than.",
     lambda c, r, a: max(np.flatnonzero(_share(c, r) > a) + 1, default=0)),
    ("That is one too few.", lambda c, r, a: most_kept.right(c, r, a) - 1),
    ("That is one too many.", lambda c, r, a: most_kept.right(c, r, a) + 1),
    ("That is all galaxies.", lambda c, r, a: len(r)),
    ("Those are the right ones among the kept: count the wrong ones too.",
     lambda c, r, a: np.sum(np.asarray(r)[np.argsort(-c)][: most_kept.right(c, r, a)])),
    ("That is the smallest such number: the largest was asked for.",
     lambda c, r, a: min(np.flatnonzero(_share(c, r) >= a) + 1, default=0)),
    ("A confidence is what the network says, not how often it is right: count, and keep the order.",
     lambda c, r, a: int(np.sum((c >= a) & r)),
     lambda c, r, a: max((k for k in range(1, len(c) + 1)
                          if np.sort(c)[::-1][:k].mean() >= a), default=0)),
    ("The verdicts are to be sorted with their confidences.",
     lambda c, r, a: most_kept.right(np.sort(c), r, a)),
)  # fmt: skip
