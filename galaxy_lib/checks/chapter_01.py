"""Checks of the exercises of chapter 1, each beside its known mistakes."""

from __future__ import annotations

import itertools

import numpy as np

from galaxy_lib.checks.runner import exercise, row_pairs


@exercise(1)
def bytes_of_pictures():
    """Count the bytes of 17,736 pictures of 256×256 pixels and three bands of uint8."""
    return 17736 * 2**16 * 3


bytes_of_pictures.mistakes(
    ("A pixel has three bands, each with a number of its own.", 17736 * 2**16),
    ("A picture has 256 rows and 256 columns.", 17736 * 256 * 3),
    ("That is one picture: there are 17,736.", 2**16 * 3),
    ("That is the number of pictures: count their bytes.", 17736),
    ("A uint8 takes one byte; four would be float32.", 17736 * 2**16 * 3 * 4),
    ("That is in bits, or in bytes as float64: a uint8 is one byte.", 17736 * 2**16 * 3 * 8),
    ("Those numbers are to be multiplied, not added.", 17736 + 256 + 256 + 3),
    ("That is in GB: give bytes.", 17736 * 2**16 * 3 / 1e9),
    ("That is in MiB: give bytes.", 17736 * 2**16 * 3 / 2**20),
    ("That is in MB: give bytes.", 17736 * 2**16 * 3 / 1e6),
    ("That is in GiB: give bytes.", 17736 * 2**16 * 3 / 2**30),
    ("The product overflowed in 32 bits: use Python's own integers.", -807927808),
    ("There are three bands, not four.", 17736 * 2**16 * 4),
)


@exercise(1)
def count_types(answers):
    """Count the galaxies of each class, shape (10,)."""
    return np.array([np.count_nonzero(answers == k) for k in range(10)])


@count_types.cases
def _(rng):
    many = rng.choice([0, 1, 2, 2, 2, 2, 3, 5, 6, 8], 900).astype(np.uint8)
    many[[0, -1]] = rng.permutation([2, 5])  # to see which of them is not counted
    yield "900 galaxies, none of class 4, 7 or 9", (many,)
    few = np.concatenate([[2, 2, 0], rng.integers(0, 4, rng.integers(20, 40))])
    yield f"{len(few)} galaxies of classes 0 to 3, as int64", (rng.permutation(few),)
    every = rng.permutation(np.repeat(np.arange(10), rng.integers(1, 9, 10)))
    yield f"{len(every)} galaxies of all ten classes", (every.astype(np.uint8),)


def _counts(answers):
    return np.bincount(answers, minlength=10)


count_types.mistakes(
    ("Empty classes at the end are left out: return 10 counts.", np.bincount),
    ("Classes without a galaxy are left out: they count 0.",
     lambda answers: np.unique(answers, return_counts=True)[1]),
    ("Classes are left out or out of order: go through 0 to 9.",
     lambda answers: [[*answers].count(k) for k in dict.fromkeys(answers.tolist())]),
    ("There are ten classes: this counts eleven.", lambda a: np.bincount(a, minlength=11)),
    ("The first class is 0: this counts classes 1 to 10.", lambda a: [*_counts(a)[1:], 0]),
    ("That says which classes occur, each once: count their galaxies.",
     lambda a: (_counts(a) > 0).astype(int)),
    ("The answers are added up: count a galaxy as 1, not as its class.",
     lambda a: _counts(a) * np.arange(10)),
    ("The bins lie between the smallest and the largest answer: give their edges.",
     lambda a: np.histogram(a, bins=10)[0]),
    ("A class counts itself alone: `==`, not `>=`.", lambda a: _counts(a)[::-1].cumsum()[::-1]),
    ("A class counts itself alone: `==`, not `<=`.", lambda a: _counts(a).cumsum()),
    ("Return the counts alone, not pairs of class and count.",
     lambda a: [(k, n) for k, n in enumerate(_counts(a))]),
    ("An empty class counts 0, not NaN.", lambda a: np.where(_counts(a), _counts(a), np.nan)),
    ("The last galaxy is not counted.", lambda a: _counts(a[:-1])),
    ("The first galaxy is not counted.", lambda a: _counts(a[1:])),
    generic="sum shared order left_out alone",
)  # fmt: skip


@exercise(1)
def redness(picture):
    """Average red minus blue over the pixels of a uint8 picture (h, w, 3)."""
    return np.einsum("ijk,k->", picture.astype(float), [1, 0, -1]) / picture[..., 0].size


@redness.cases
def _(rng):
    yield "a picture of 6×5 pixels", (rng.integers(0, 256, (6, 5, 3), dtype=np.uint8),)
    blue = rng.integers(0, 100, (7, 4, 3), dtype=np.uint8)
    blue[..., 2] += 120
    blue[0, 0, 2] += (int(_step(blue).sum()) - 7) % 28  # a mean with a fraction
    yield "a bluish picture of 7×4 pixels", (blue,)
    red = rng.integers(0, 100, (3, 8, 3), dtype=np.uint8)
    red[..., 0] += 120
    red[0, 0, 0] += (18 - int(_step(red).sum())) % 24
    yield "a reddish picture of 3×8 pixels", (red,)


def _step(p, i=0, j=2):
    return p[..., i].astype(float) - p[..., j]


redness.mistakes(
    ("The uint8 difference overflowed: there, 3 - 5 is 254.",
     lambda p: (p[..., 0] - p[..., 2]).mean()),
    ("The numbers overflowed: int8 ends at -128 and 127.",
     lambda p: (p[..., 0].astype(np.int8) - p[..., 2].astype(np.int8)).mean(),
     lambda p: (p[..., 0] - p[..., 2]).astype(np.int8).mean(),
     lambda p: p[..., 0].astype(np.int8).mean() - p[..., 2].astype(np.int8).mean()),
    ("The order is red minus blue: the sign is wrong.", lambda p: -_step(p).mean()),
    ("An absolute value hides blue galaxies.",
     lambda p: np.abs(_step(p)).mean(), lambda p: abs(_step(p).mean())),
    ("Where blue is larger, the difference is negative: keep it.",
     lambda p: _step(p).clip(0).mean()),
    ("That is the sum over the pixels: return the mean.", lambda p: _step(p).sum()),
    ("That is red minus green: blue is band 2.", lambda p: _step(p, 0, 1).mean()),
    ("That is green minus blue: red is band 0.", lambda p: _step(p, 1, 2).mean()),
    ("The bands are the last axis of a picture, not the first.",
     lambda p: (p[0].astype(float) - p[2]).mean()),
    ("The bands are the last axis of a picture, not the second.",
     lambda p: (p[:, 0].astype(float) - p[:, 2]).mean()),
    ("Divide by the number of this picture's pixels: not all have 256×256.",
     lambda p: _step(p).sum() / 256**2),
    ("Divide by the number of pixels: the bands do not count.", lambda p: _step(p).sum() / p.size),
    ("That is divided by the height twice.", lambda p: _step(p).sum() / len(p) ** 2),
    ("That is divided by the width twice.", lambda p: _step(p).sum() / p.shape[1] ** 2),
    ("That is one number for each column: average over both axes.", lambda p: _step(p).mean(0)),
    ("That is one number for each row: average over both axes.", lambda p: _step(p).mean(1)),
    ("That is one number for each pixel: return their mean.", _step),
    ("Keep the numbers from 0 to 255: this is divided by 255.", lambda p: _step(p).mean() / 255),
    ("That is the median: return the mean.", lambda p: np.median(_step(p))),
    ("That is a ratio: return the difference.", lambda p: p[..., 0].mean() / p[..., 2].mean()),
    ("That is one pixel: average over all.",
     lambda p: _step(p)[len(p) // 2, p.shape[1] // 2], lambda p: _step(p)[0, 0]),
    generic="rounded",
)  # fmt: skip


@exercise(1, read=row_pairs)
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
