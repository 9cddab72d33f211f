"""Checks of the exercises of chapter 2, each beside its known mistakes."""

from __future__ import annotations

import itertools

import numpy as np

from galaxy_lib.checks.compare import Failure, Wrong, as_numbers, close, forbid, row_pairs
from galaxy_lib.checks.runner import exercise, judged


@exercise(2)
def inputs_per_galaxy():
    """Count the numbers that the network meets for one galaxy at coarsen=8."""
    return 3 * 32**2


inputs_per_galaxy.mistakes(
    ("Each pixel has three bands.", 32**2),
    ("Both sides of the picture shrink by 8: 256×256 pixels become 32×32.", 256 * 256 * 3 // 8),
    ("Both sides shrink by 8, and each pixel has three bands.", 256 * 256 // 8),
    ("That is one side: the picture has rows and columns.", 32 * 3),
    ("That is one side: the picture has rows and columns, and three bands.", 32),
    ("The bands are not coarsened: there are three.", 32 * 32 * 3 / 8),
    ("8 is the size of a block, not the side of the coarse picture.", 8 * 8 * 3),
    ("That is the number at coarsen=4, or that of bytes as float32.", 64**2 * 3),
    ("That is the number at coarsen=16.", 16**2 * 3),
    ("That is the full size.", 256**2 * 3),
    ("Those numbers are to be multiplied, not added.", 32 + 32 + 3),
    ("Give one number: the product of these.", [32, 32, 3]),
    ("Count the numbers of the picture alone: there is none for a bias.", 3 * 32**2 + 1),
)


@exercise(2)
def one_hot(answers):
    """Write the known outputs (10, S) for the answers (S,)."""
    return np.where(np.arange(10)[:, None] == answers, 0.99, 0.01)


@one_hot.cases
def _(rng):
    yield "the answers [3, 9, 0, 3, 5, 1, 8]", (np.array([3, 9, 0, 3, 5, 1, 8]),)
    yield "the answers [1, 0]", (np.array([1, 0]),)
    some = rng.integers(1, 8, 5).astype(np.uint8)
    yield f"the answers {some.tolist()}, as uint8", (some,)
    more = rng.integers(0, 10, 12)
    yield f"the answers {more.tolist()}", (more,)


def _hot(answers, low=0.01, high=0.99, rows=10, shift=0):
    return np.where((np.arange(rows)[:, None] + shift) % rows == answers, high, low)


one_hot.mistakes(
    ("A sigmoid never reaches 0 or 1: use 0.01 and 0.99.", lambda a: _hot(a, 0, 1)),
    ("A column is a galaxy, and 0.01 and 0.99 stand for 0 and 1.", lambda a: _hot(a, 0, 1).T),
    ("Outside the answer it is 0.01, not 0.", lambda a: _hot(a, 0, 0.99)),
    ("At the answer it is 0.99, not 1.", lambda a: _hot(a, 0.01, 1)),
    ("Outside the answer it is 0.01, not 0.1.", lambda a: _hot(a, 0.1)),
    ("At the answer it is 0.99, not 0.9.", lambda a: _hot(a, 0.01, 0.9)),
    ("0.01 and 0.99 are swapped.", lambda a: _hot(a, 0.99, 0.01)),
    ("There are ten rows, whatever the answers are: not all classes occur.",
     lambda a: _hot(a)[: a.max() + 1], lambda a: _hot(a)[np.unique(a)]),
    ("The answers are sorted: keep their order.", lambda a: _hot(np.sort(a))),
    ("`y[answers]` fills whole rows: name the columns too.",
     lambda a: np.where(np.isin(np.arange(10), a)[:, None], 0.99, np.full(len(a), 0.01))),
    generic="flat shared order left_out alone",
)  # fmt: skip


@exercise(2)
def coarsen(picture, c):
    """Average over blocks of c×c pixels of a uint8 picture (h, w, 3)."""
    h, w, bands = picture.shape
    views = [picture[i::c, j::c].astype(float) for i in range(c) for j in range(c)]
    return np.reshape(sum(views) / c**2, (h // c, w // c, bands))


@coarsen.cases
def _(rng):
    yield "a picture of 12×18 pixels and c=3", (rng.integers(0, 256, (12, 18, 3), np.uint8), 3)
    yield "a picture of 8×4 pixels and c=2", (rng.integers(0, 256, (8, 4, 3), np.uint8), 2)
    yield "a white picture of 40×20 pixels and c=20", (np.full((40, 20, 3), 255, np.uint8), 20)
    yield "a picture of 15×15 pixels and c=5", (rng.integers(0, 256, (15, 15, 3), np.uint8), 5)


def _blocks(p, c):
    h, w, bands = p.shape
    return p.reshape(h // c, c, w // c, c, bands)


def _means(p, c):
    return _blocks(p, c).mean((1, 3))


coarsen.mistakes(
    ("The block sums overflowed: uint8 ends at 255.",
     lambda p, c: _blocks(p, c).sum((1, 3), dtype=np.uint8) / c**2,
     lambda p, c: _blocks(p, c).sum((1, 3), dtype=np.uint8) // c**2),
    ("The block sums overflowed: 16 bits end at 65535.",
     lambda p, c: _blocks(p, c).sum((1, 3), dtype=np.uint16) / c**2),
    ("That is one pixel of each block: return the block's mean.",
     lambda p, c: p[::c, ::c], lambda p, c: p[c // 2 :: c, c // 2 :: c]),
    ("That is the largest of each block: return the mean.", lambda p, c: _blocks(p, c).max((1, 3))),
    ("That is the median of each block: return the mean.",
     lambda p, c: np.median(_blocks(p, c), (1, 3))),
    ("That is the sum over each block: return the mean.", lambda p, c: _means(p, c) * c**2),
    ("A block has c×c pixels, not c.", lambda p, c: _means(p, c) * c),
    ("Keep the numbers from 0 to 255: this is divided by 255.", lambda p, c: _means(p, c) / 255),
    ("The order in `reshape` is h/c, c, w/c, c: this one mixes distant pixels.",
     lambda p, c: p.reshape(c, len(p) // c, c, -1, 3).mean((0, 2))),
    ("In `reshape`, the blocks come before what is inside: average over axes 1 and 3.",
     lambda p, c: _blocks(p, c).mean((0, 2))),
    ("The picture is taken for a square.",
     lambda p, c: p.reshape(len(p) // c, c, len(p) // c, c, 3).mean((1, 3))),
    ("Rows and columns of the picture are swapped.", lambda p, c: _means(p, c).swapaxes(0, 1)),
    ("The bands are the last axis, not the first.", lambda p, c: np.moveaxis(_means(p, c), 2, 0)),
    ("The height alone is coarsened.", lambda p, c: p.reshape(-1, c, *p.shape[1:]).mean(1)),
    ("The width alone is coarsened.", lambda p, c: p.reshape(len(p), -1, c, p.shape[2]).mean(2)),
    ("A block's size is always 4: use `c`.", lambda p, c: _means(p, 4)),
    ("Block i begins at row i·c, not at row i.",
     lambda p, c: np.array([[p[i : i + c, j : j + c].mean((0, 1))
                              for j in range(p.shape[1] // c)] for i in range(len(p) // c)])),
    ("The blocks overlap: a block ends where the next one begins.",
     lambda p, c: np.array([[p[i : i + c + 1, j : j + c + 1].mean((0, 1))
                              for j in range(0, p.shape[1], c)] for i in range(0, len(p), c)])),
    generic="flat sum mean order left_out",
)  # fmt: skip


@judged(2)
def split(answer):
    """Split rows at random into training and test rows."""
    seed = int(answer.rng.integers(2**31))

    def rows(n, partition, seed):
        value = answer(n, partition, np.random.default_rng(seed))
        if isinstance(value, np.ndarray) and value.shape == (int(partition * n),):
            raise Wrong("Return both arrays, `training, test`: there is only one.")
        sets = as_numbers(value, (np.arange(85), np.arange(22)))
        if any(a.size and (a.ndim != 1 or a.dtype.kind == "b") for a in sets):
            raise Wrong("Return row numbers, not masks: two arrays of integers.")
        if any(a.size and (a.dtype.kind not in "iu") for a in sets):
            raise Wrong("Return row numbers that can be used as such: two arrays of integers.")
        return [a.astype(int) for a in sets]

    training, test = rows(107, 0.8, seed)
    every = np.concatenate([training, test])
    missing = sorted(set(range(107)) - set(every))
    again, other = rows(107, 0.8, seed), rows(107, 0.8, seed + 1)
    forbid((not len(every), "Both sets are empty."))
    forbid(
        (every.min() == 1 and every.max() == 107, "Rows are numbered from 0, not from 1."),
        (set(every) - set(range(107)), "Some numbers are no rows: 107 rows end at 106."),
        (len(set(training)) < len(training) or len(set(test)) < len(test),
         "Some rows are drawn twice: use a permutation."),
        (len(set(training) & set(test)) == 1 and len(every) == 108,
         f"Row {max({*training} & {*test}, default=0)} is in both sets: cut between rows."),
        (set(training) & set(test),
         f"{len(set(training) & set(test))} of 107 rows are in both sets: that tests on "
             "training data."),
        (missing == [0], "Row 0 is in neither set."),
        (missing, f"{len(missing)} of 107 rows are in neither set."),
        (len(training) == 22, "The two sets are swapped: training comes first."),
        (len(training) == int((1 - 0.8) * 107),
         "`partition` is the fraction of the training rows, not of the test rows."),
        (len(training) == 86,
         "86 rows to train on: int(0.8 * 107) cuts the fraction off, it is 85."),
        (len(training) != 85, f"{len(training)} rows to train on is not int(0.8 * 107)."),
        (set(training) == set(range(85)),
         "The test set is the end of the file, the last classes: shuffle before you cut."),
        (set(test) == set(range(22)),
         "The test set is the beginning of the file, the first classes: shuffle before you cut."),
        (not _same_sets(again, (training, test)),
         "The same seed splits differently: draw from `rng` alone."),
        (_same_sets(other, (training, test)),
         "Another seed gives the same split: draw from `rng`."),
        (np.all(np.diff(every) % 107 == 1), "The rows are rotated, not shuffled."),
        (np.all(np.diff(training) > 0) and np.all(np.diff(test) > 0),
         "Both sets are sorted: leave them in random order."),
        (np.all(np.diff(training) > 0) or np.all(np.diff(test) > 0),
         "One of the sets is sorted: leave it in random order."),
    )  # fmt: skip
    for n, partition in ((int(answer.rng.integers(40, 90)), 0.5), (10, 0.3)):
        what = f"{n} rows and partition={partition}"
        try:
            training, test = rows(n, partition, seed)
        except Failure as failure:
            raise Wrong(f"For {what}: {failure.told}") from None
        sizes, every = (len(training), len(test)), sorted([*training, *test])
        forbid(
            (sizes == (int(0.8 * n), n - int(0.8 * n)),
             "The fraction is always 0.8: use `partition`."),
            (sizes != (int(partition * n), n - int(partition * n)),
             f"For {what}: the sets have {sizes[0]} and {sizes[1]} rows."),
            (every != [*range(n)], f"For {what}: not each row comes once."),
        )  # fmt: skip


def _same_sets(first, second) -> bool:
    return all(close(a, b) for a, b in zip(first, second, strict=True))


@exercise(2, read=row_pairs)
def close_pairs(ra, dec, radius):
    """Find the pairs of rows (i, j), i < j, closer than ``radius`` arcseconds."""
    return _upper(_apart(ra, dec) < radius)


@close_pairs.cases
def _(rng):
    ra = np.array(
        [
            10,
            10.012,
            10,
            359.999,
            200,
            200.012,
            0.001,
            np.nan,
            80,
            80.0005,
            120,
            120.003,
            300,
            300.28,
        ]
    )
    dec = np.array([60, 60, 60.012, -1, 20, 20, -1, np.nan, 30, 30.0005, 5, 80, 0, 0])
    yield "14 galaxies within 33 arcsec", (ra, dec, 33.0)
    for radius, ra0 in ((20.0, 0.0), (60.0, 70.0)):
        while True:  # no pair so near the limit that rounding decides
            dec0 = rng.uniform(20, 60)
            dec = dec0 + rng.uniform(-1.5, 1.5, 16) * radius / 3600
            ra = (ra0 + rng.uniform(-1.5, 1.5, 16) * radius / 3600 / np.cos(np.radians(dec))) % 360
            if np.abs(_apart(ra, dec) / radius - 1).min() > 0.01:
                break
        # Rows without a position, scattered.
        places = np.sort(rng.permutation(20)[:16])
        full_ra, full_dec = np.full(20, np.nan), np.full(20, np.nan)
        full_ra[places], full_dec[places] = ra, dec
        yield f"a crowd of 20 rows within {radius:g} arcsec", (full_ra, full_dec, radius)


def _apart(ra, dec):
    """Return the separations in arcseconds, by the chord on the sphere."""
    a, d = np.radians(ra), np.radians(dec)
    unit = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    chord = np.linalg.norm(unit[:, :, None] - unit[:, None], axis=0)
    return np.degrees(2 * np.arcsin(chord / 2)) * 3600


def _steps(ra, dec, turn=True, cos=np.radians):
    """Return the steps in ra and dec in arcseconds; options leave something out."""
    dra, ddec = ra[:, None] - ra, dec[:, None] - dec
    dra = (dra + 180) % 360 - 180 if turn else dra
    return 3600 * dra * (np.cos(cos(dec)) if cos else 1), 3600 * ddec


def _upper(close):
    return np.argwhere(np.triu(close, 1))


def _within(measure=np.hypot, factor=1.0, **options):
    return lambda ra, dec, radius: _upper(measure(*_steps(ra, dec, **options)) < factor * radius)


def _zero(angle):
    return np.nan_to_num(angle, nan=0.0)


def _known_alone(ra, dec, radius):
    known = np.isfinite(ra)
    return close_pairs.right(ra[known], dec[known], radius)


def _sorted_rows(ra, dec, radius):
    order = np.argsort(dec)
    return close_pairs.right(ra[order], dec[order], radius)


def _next_only(ra, dec, radius):
    order, apart = np.argsort(dec), _apart(ra, dec)
    return [sorted(p) for p in itertools.pairwise(order) if apart[p] < radius]


def _nearest_only(ra, dec, radius):
    apart = np.where(np.eye(len(ra)) + np.isnan(_apart(ra, dec)), np.inf, _apart(ra, dec))
    return [sorted((i, row.argmin())) for i, row in enumerate(apart) if row.min() < radius]


close_pairs.mistakes(
    ("Each pair is there twice, or a galaxy with itself: let i < j.",
     lambda ra, dec, r: np.argwhere(_apart(ra, dec) < r)),
    ("Each pair is there twice: let i < j.",
     lambda ra, dec, r: np.argwhere((_apart(ra, dec) < r) & ~np.eye(len(ra), dtype=bool))),
    ("A galaxy is no pair with itself: let i < j.",
     lambda ra, dec, r: np.argwhere(np.triu(_apart(ra, dec) < r))),
    ("Steps in ra shrink with cos(dec) to the poles.", _within(cos=None)),
    ("np.cos takes radians, not degrees.", _within(cos=lambda dec: dec)),
    ("ra goes round: 359.999 is near 0.001.", _within(turn=False)),
    ("ra shrinks with cos(dec), and ra goes round.", _within(turn=False, cos=None)),
    ("That is a box: within it, the corners are farther away than `radius`.",
     _within(lambda dra, ddec: np.maximum(abs(dra), abs(ddec)))),
    ("Add the squares of both steps, not the steps themselves.",
     _within(lambda dra, ddec: abs(dra) + abs(ddec))),
    ("`radius` is in arcseconds, ra and dec are in degrees, of 3600 arcseconds each.",
     _within(factor=3600), _within(factor=60)),
    ("A galaxy is near within `radius`, not within twice of it.", _within(factor=2)),
    ("A galaxy is near within `radius`, not within half of it.", _within(factor=0.5)),
    ("The root is missing: θ² is compared with the radius.",
     lambda ra, dec, r: _upper((_apart(ra, dec) / 3600) ** 2 < r / 3600),
     lambda ra, dec, r: _upper(_apart(ra, dec) ** 2 < r)),
    ("The radius is always 33: use `radius`.", lambda ra, dec, r: _upper(_apart(ra, dec) < 33)),
    ("ra and dec are swapped.", lambda ra, dec, r: _within()(dec, ra, r)),
    ("A galaxy without a position is in no pair: NaN is not 0.",
     lambda ra, dec, r: close_pairs.right(_zero(ra), _zero(dec), r)),
    ("A galaxy without a position is in no pair.",
     lambda ra, dec, r: _upper(~(_apart(ra, dec) >= r))),
    ("Count the rows of the file, those without a position too.", _known_alone),
    ("These are rows of the sorted table: give the rows of the file.", _sorted_rows),
    ("Look beyond the next galaxy in declination, for there may be more.", _next_only),
    ("Look beyond the nearest galaxy: a galaxy may be in more than one pair.", _nearest_only),
    ("Return pairs of rows (i, j), not a table.", lambda ra, dec, r: _apart(ra, dec) < r),
    generic="rows left_out",
)  # fmt: skip
