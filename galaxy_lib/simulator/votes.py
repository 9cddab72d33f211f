"""What volunteers say of a drawn galaxy: votes for the ten classes.

Who sees the details says its class, or one that looks like it; who does not see them, because the
galaxy is small or the air was bad, says what a blurred one looks like. Nothing here has a part in
the drawing: votes have a stream of random numbers of their own.
"""

from __future__ import annotations

import math

import numpy as np

FEW, MANY = 5, 40  # volunteers who look at one galaxy
# Of 314,000 galaxies 140,000 have at least 30 answers, the others about 5 (Walmsley et al. 2022).
MANY_SHARE = 140 / 314
TYPICAL_SEEING = 1.18  # arcsec
STREAM = int.from_bytes(b"votes", "big")

# In per cent, a row for what is drawn, a column for what is said. Our guess: made up so that what
# differs in one detail is confused most, as a bar, the winding of arms, or a bulge.
SHARP = np.array(
    [
        [72, 10, 0, 4, 0, 2, 2, 10, 0, 0],
        [12, 85, 0, 0, 0, 0, 0, 3, 0, 0],
        [0, 0, 86, 11, 0, 0, 3, 0, 0, 0],
        [2, 0, 9, 82, 7, 0, 0, 0, 0, 0],
        [0, 0, 0, 8, 75, 0, 0, 0, 12, 5],
        [2, 0, 0, 0, 0, 74, 12, 12, 0, 0],
        [0, 0, 4, 4, 0, 6, 70, 16, 0, 0],
        [12, 0, 0, 0, 0, 6, 12, 70, 0, 0],
        [0, 0, 0, 0, 5, 0, 0, 0, 85, 10],
        [0, 0, 0, 0, 8, 0, 0, 0, 12, 80],
    ]
)
# Without its details nearly everything looks smooth, and a disc from its side like a cigar.
BLURRED = np.array(
    [
        [35, 0, 20, 35, 0, 0, 0, 10, 0, 0],
        [20, 55, 0, 25, 0, 0, 0, 0, 0, 0],
        [0, 0, 80, 20, 0, 0, 0, 0, 0, 0],
        [0, 0, 20, 80, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 20, 80, 0, 0, 0, 0, 0],
        [0, 0, 20, 45, 0, 15, 20, 0, 0, 0],
        [0, 0, 40, 40, 0, 0, 20, 0, 0, 0],
        [15, 0, 25, 40, 0, 0, 0, 20, 0, 0],
        [0, 0, 0, 0, 60, 0, 0, 0, 40, 0],
        [0, 0, 0, 15, 45, 0, 0, 0, 15, 25],
    ]
)


def chances(kind: int, size: float, seeing: float) -> np.ndarray:
    """Return how likely a volunteer is to say each class, float64 (10,), of sum 1.

    ``size`` is the galaxy's over the typical one of its class, ``seeing`` in arcsec. Of typical
    galaxies in typical air a fifth of the volunteers miss the details.
    """
    missed = math.exp(-1.6 * size * TYPICAL_SEEING / seeing)
    return ((1 - missed) * SHARP[kind] + missed * BLURRED[kind]) / 100


def votes(seed: tuple[int, ...], kind: int, size: float, seeing: float) -> np.ndarray:
    """Return the votes for each class, uint8 (10,), 5 or 40 in all; the same ``seed``, the same.

    ``seed`` are whole numbers that no other galaxy has; the others are as in `chances`.
    """
    rng = np.random.default_rng((*seed, STREAM))
    volunteers = MANY if rng.random() < MANY_SHARE else FEW
    return rng.multinomial(volunteers, chances(kind, size, seeing)).astype(np.uint8)
