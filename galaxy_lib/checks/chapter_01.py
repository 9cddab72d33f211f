"""Checks of the exercises of chapter 1, each beside its known mistakes."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checks.runner import exercise


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
    *((f"That is in {name}: give bytes.", 17736 * 2**16 * 3 / size)
      for name, size in {"GB": 1e9, "GiB": 2**30, "MB": 1e6, "MiB": 2**20}.items()),
    ("The product overflowed in 32 bits: use Python's own integers.", -807927808),
    ("There are three bands, not four.", 17736 * 2**16 * 4),
)  # fmt: skip


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
    ("A class counts itself alone: `==`.",
     lambda a: _counts(a)[::-1].cumsum()[::-1], lambda a: _counts(a).cumsum()),
    ("Return the counts alone, not pairs of class and count.",
     lambda a: [(k, n) for k, n in enumerate(_counts(a))]),
    ("An empty class counts 0, not NaN.", lambda a: np.where(_counts(a), _counts(a), np.nan)),
    ("The last galaxy is not counted.", lambda a: _counts(a[:-1])),
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
     lambda p: (p[..., 0] - p[..., 2]).astype(np.int8).mean(),
     lambda p: p[..., 0].astype(np.int8).mean() - p[..., 2].astype(np.int8).mean()),
    ("An absolute value hides blue galaxies.", lambda p: np.abs(_step(p)).mean()),
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
    ("That is one number for each column: average over both axes.", lambda p: _step(p).mean(0)),
    ("That is one number for each row: average over both axes.", lambda p: _step(p).mean(1)),
    ("That is one number for each pixel: return their mean.", _step),
    ("Keep the numbers from 0 to 255: this is divided by 255.", lambda p: _step(p).mean() / 255),
    ("That is the median: return the mean.", lambda p: np.median(_step(p))),
    ("That is a ratio: return the difference.", lambda p: p[..., 0].mean() / p[..., 2].mean()),
    generic="sign absolute rounded",
)  # fmt: skip
