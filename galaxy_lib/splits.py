"""Which rows go where: splits that keep proportions, and galaxies that share a picture together.

Apart from `data`, and below it: rows and positions in, row numbers out.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from galaxy_lib.checked import Whole, an_array, checked, wrong

ARCSEC = np.pi / 180 / 3600  # in radians
HALF_FIELD = 33.0  # arcsec: half a picture's side where its scale is unknown
SAME_PLACE = 0.1  # arcsec
MOST_PAIRS = 5_000_000


class Split(NamedTuple):
    """The rows of each set, int arrays, no row in two of them (chapter 2)."""

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def rows_of(self, n: int) -> np.ndarray:
        """Return all rows, one set after another; a ValueError if ``n`` galaxies have no such."""
        rows = np.concatenate(self)
        if rows.min() < 0 or rows.max() >= n:
            raise wrong(
                "split", self, f"its rows go beyond the {n} galaxies; give one of this file"
            )
        return rows


def split(n: int, partition: float, validation: float, *, strata=None, groups=None, rng) -> Split:
    """Shuffle the rows and split them: the test set first, then validation from the rest.

    Parameters
    ----------
    n : int
        Galaxies, N.
    partition : float
        Share of them to learn from; the others are the test set.
    validation : float
        Share of those to learn from that is set aside: one galaxy at least, unless it is 0.
    strata, groups : int arrays (N,), optional
        What to keep in proportion, and what to keep in one set.
    rng : numpy.random.Generator
        Shuffles the rows, and draws the side of each group of several.

    Raises
    ------
    ValueError
        If a set that is asked for would be empty.
    """
    strata = np.zeros(n, int) if strata is None else strata
    groups = np.arange(n) if groups is None else groups
    rows, test = split_rows(rng.permutation(n), int(partition * n), strata, groups, rng)
    n_training = len(rows) - (max(1, int(validation * len(rows))) if validation else 0)
    if n_training < 1 or len(test) == 0:
        raise ValueError(
            f"partition={partition} and validation={validation} leave a set of {n} galaxies "
            "empty: choose other shares, or a larger file."
        )
    return Split(*split_rows(rows, n_training, strata, groups, rng), test)


def as_split(name: str, value: object) -> Split:
    """Return a split, its rows as int arrays, or raise a ValueError that says what is wrong."""
    mend = "give Split(training, validation, test): arrays of rows, none of them in two sets"
    if not isinstance(value, Split):
        raise wrong(name, value, mend)
    rows = [
        an_array(name, part, ("n",), "iu") if np.size(part) else np.empty(0, int) for part in value
    ]
    if not len(rows[0]) or not len(rows[2]):
        raise wrong(name, value, f"{mend}, and only validation may be empty")
    every = np.concatenate(rows)
    if len(np.unique(every)) < len(every):
        raise wrong(name, value, mend)
    return Split(*(part.astype(np.intp) for part in rows))


ASplit = Annotated[Split, as_split]
Numbers = Annotated[np.ndarray, ("N",)]
Pairs = Annotated[np.ndarray, ("P", 2)]
OfPairs = Annotated[np.ndarray, ("P",)]


@checked
def sky_pairs(
    ra: Numbers, dec: Numbers, pxscale: Numbers | None = None, *, side: Whole = 256
) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs of galaxies of which one picture holds the other's centre (chapter 1).

    Parameters
    ----------
    ra, dec : arrays (N,)
        Positions in degrees; NaN where unknown, and such a galaxy is in no pair.
    pxscale : array (N,), optional
        Arcsec per pixel. Half a field is ``side / 2`` pixels, or 33 arcsec where this is unknown.
    side : int
        Pixels along a picture's side.

    Returns
    -------
    pairs : int array (P, 2)
        Rows, the smaller one first.
    separation : float64 array (P,)
        In arcsec.
    """
    from scipy.spatial import cKDTree

    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    if len(known) == 0:
        return np.empty((0, 2), int), np.empty(0)
    scale = np.full(len(ra), np.nan) if pxscale is None else np.asarray(pxscale, float)
    reach = np.where(np.isfinite(scale), scale * side / 2, HALF_FIELD)[known]
    ra, dec = np.radians(np.asarray(ra, float)[known]), np.radians(np.asarray(dec, float)[known])
    # Points on the unit sphere have neither poles nor a seam at RA 0.
    unit = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    # A little further than asked, so that rounding loses no pair; the test below is exact.
    chord = 2 * np.sin(min(reach.max() * ARCSEC, np.pi) / 2) * (1 + 1e-9)
    tree = cKDTree(unit)
    if (n_pairs := tree.count_neighbors(tree, chord) // 2) > MOST_PAIRS:
        raise ValueError(
            f"{n_pairs:,} pairs of {len(known):,} galaxies share sky: these positions or scales "
            "cannot be true; write NaN where one is unknown."
        )
    pairs = tree.query_pairs(chord, output_type="ndarray")
    apart = np.linalg.norm(unit[pairs[:, 0]] - unit[pairs[:, 1]], axis=1)
    separation = 2 * np.arcsin(apart / 2) / ARCSEC
    near = separation <= reach[pairs].max(axis=1)
    return known[pairs[near]], separation[near]


@checked
def conflicts(pairs: Pairs, separation: OfPairs, ans: Numbers) -> np.ndarray:
    """Return those of the pairs (P, 2) that are one galaxy twice, under different labels."""
    return pairs[(separation < SAME_PLACE) & (ans[pairs[:, 0]] != ans[pairs[:, 1]])]


def linked(pairs: np.ndarray, n: int) -> np.ndarray:
    """Number the groups that pairs link, directly or by a chain: int array (n,), by row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(links, directed=False)[1]


def sky_groups(ra, dec, pxscale, ans: np.ndarray, *, side: int) -> tuple[np.ndarray, int, int]:
    """Number the galaxies that share sky (N,), and count such pairs, and `conflicts` among them."""
    pairs, separation = sky_pairs(ra, dec, pxscale, side=side)
    return linked(pairs, len(ans)), len(pairs), len(conflicts(pairs, separation, ans))


def split_rows(rows, n_first: int, strata, groups, rng) -> tuple[np.ndarray, np.ndarray]:
    """Split shuffled rows in two, in proportion and with groups whole (chapter 2).

    Where all rows are of one stratum and every group is one row, these are simply the first
    ``n_first`` rows and the others.

    Parameters
    ----------
    rows : int array (n,)
        Rows in random order.
    n_first : int
        How many go to the first part; whole groups can make it a few more or less.
    strata, groups : int arrays (N,), by row
        What to keep in proportion, and what to keep together.
    rng : numpy.random.Generator
        Draws the side of each group of several rows.

    Returns
    -------
    first, second : int arrays, in the order of ``rows``
    """
    _, kind, sizes = np.unique(strata[rows], return_inverse=True, return_counts=True)
    wanted = sizes * (n_first / len(rows))
    quota = np.floor(wanted).astype(int)
    # The rows that rounding down left over go to the strata that lost most by it.
    quota[np.argsort(quota - wanted, kind="stable")[: n_first - quota.sum()]] += 1
    room = [quota, sizes - quota]
    first = np.zeros(len(rows), bool)
    members: dict[int, list[int]] = {}
    for place, group in enumerate(groups[rows].tolist()):
        members.setdefault(group, []).append(place)
    alone = np.ones(len(rows), bool)
    for places in members.values():
        if len(places) == 1:
            continue
        need = np.bincount(kind[places], minlength=len(sizes))
        fits = [bool(np.all(need <= left)) for left in room]
        # At random, in proportion; only where the side drawn is full is it the other one.
        drawn = int(rng.random() >= n_first / len(rows))
        side = drawn if fits[drawn] or not fits[1 - drawn] else 1 - drawn
        room[side] -= need
        first[places] = side == 0
        alone[places] = False
    for k, left in enumerate(room[0].tolist()):
        first[np.flatnonzero(alone & (kind == k))[: max(left, 0)]] = True
    return rows[first], rows[~first]
