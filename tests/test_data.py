"""DataManager and the splits under it: facts about sets, orders, pixels and batches."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxy_lib import DataManager, Galaxy
from galaxy_lib.files.reading import block_sums
from galaxy_lib.pictures import View, turned
from galaxy_lib.splits import Split, conflicts, linked, sky_pairs, split, split_rows


def plain_pixels(picture: np.ndarray, coarsen: int) -> np.ndarray:
    """SPEC's formula, written out: the mean over blocks, then the scaling, in float32."""
    side = picture.shape[0] // coarsen
    mean = picture.reshape(side, coarsen, side, coarsen, 3).mean(axis=(1, 3)).astype(np.float32)
    return mean / 255 * np.float32(0.99) + np.float32(0.01)


def pictures_of(path) -> np.ndarray:
    with h5py.File(path) as ds:
        return ds["images"][:]


# ------------------------------------------------------------------------------------ the sets


def test_the_plain_split_is_the_shuffled_rows_cut_once(galaxy_file):
    d = DataManager(datafile=galaxy_file(), seed=5)
    expected = np.random.default_rng(5).permutation(30)
    assert d.indices.tolist() == expected.tolist()
    assert d.training_indices.tolist() == expected[:24].tolist()
    assert d.test_indices.tolist() == expected[24:].tolist()
    assert (d.n_training, d.n_validation, d.n_test) == (24, 0, 6)


def test_the_full_file_would_be_cut_as_the_text_says():
    rows = np.arange(17736)
    first, second = split_rows(rows, int(0.8 * 17736), rows * 0, rows, None)
    assert (len(first), len(second)) == (14188, 3548)


@settings(max_examples=60)
@given(
    n=st.integers(2, 60),
    share=st.floats(0.05, 0.95),
    n_strata=st.integers(1, 4),
    n_groups=st.integers(1, 60),
    seed=st.integers(0, 99),
)
def test_split_rows_loses_nothing_and_keeps_groups_whole(n, share, n_strata, n_groups, seed):
    rng = np.random.default_rng(seed)
    rows, n_first = rng.permutation(n), int(share * n)
    strata, groups = rng.integers(n_strata, size=n), rng.integers(n_groups, size=n)
    first, second = split_rows(rows, n_first, strata, groups, rng)
    assert sorted([*first, *second]) == list(range(n))
    assert not set(groups[first]) & set(groups[second])
    alone, _ = split_rows(rows, n_first, strata, np.arange(n), rng)
    assert len(alone) == n_first
    for k in range(n_strata):
        assert abs((strata[alone] == k).sum() - (strata == k).sum() * n_first / n) < 1


def test_validation_is_a_share_of_training_and_leaves_the_test_set_alone(galaxy_file):
    without = DataManager(datafile=galaxy_file(), seed=2)
    d = DataManager(datafile=galaxy_file(), seed=2, validation=0.25)
    assert (d.n_training, d.n_validation, d.n_test) == (18, 6, 6)
    assert d.test_indices.tolist() == without.test_indices.tolist()
    learned = [*d.training_indices, *d.validation_indices]
    assert learned == without.training_indices.tolist()
    assert d.indices.tolist() == [*learned, *d.test_indices]


def test_a_split_that_was_made_before_is_the_split(galaxy_file):
    made = split(30, 0.8, 0.25, rng=np.random.default_rng(2))
    d = DataManager(datafile=galaxy_file(), seed=2, validation=0.25)
    found = (d.training_indices, d.validation_indices, d.test_indices)
    for rows, same in zip(made, found, strict=True):
        np.testing.assert_array_equal(rows, same)
    # Shares given beside it make no other, and a file's order is none of the seed's.
    taken = DataManager(0.5, galaxy_file(), seed=7, split=made, stratify=True)
    assert (taken.n_training, taken.n_validation, taken.n_test) == (18, 6, 6)
    np.testing.assert_array_equal(taken.indices, d.indices)
    np.testing.assert_array_equal(taken.test_set()[0], d.test_set()[0])
    sets = Split([4, 0], [], (29,))  # not every row need be in one
    few = DataManager(datafile=galaxy_file(), split=sets)
    assert few.training_indices.tolist() == [4, 0]
    assert few.validation_set()[0].shape == (few.input_size, 0)
    with pytest.raises(ValueError, match="beyond the 30 galaxies"):
        DataManager(datafile=galaxy_file(), split=Split([4, 0], [], [30]))


@pytest.mark.parametrize(("crop", "coarsen"), [(32, 4), (16, 4), (24, 2), (16, 1)])
def test_a_view_of_sums_is_the_view_of_pixels(crop, coarsen):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, 32, 32, 3), np.uint8)
    view = View.of(32, coarsen, crop)
    sums = view.of_sums(block_sums(pictures, coarsen))
    np.testing.assert_array_equal(view.of_pixels(pictures), sums)
    assert sums.shape[1:] == view.shape
    edge = (32 - crop) // 2
    for picture, x in zip(pictures, view.inputs(sums), strict=True):
        middle = picture[edge : edge + crop, edge : edge + crop]
        np.testing.assert_allclose(x, plain_pixels(middle, coarsen).ravel(), rtol=1e-6)


def test_a_small_validation_share_is_one_galaxy_not_none(galaxy_file):
    assert DataManager(datafile=galaxy_file(1), validation=0.1).n_validation == 1


def test_stratified_sets_keep_every_class_in_proportion(galaxy_file):
    d = DataManager(datafile=galaxy_file(10), seed=1, stratify=True, validation=0.25)
    assert np.bincount(d.ans[d.training_indices]).tolist() == [6] * 10
    assert np.bincount(d.ans[d.validation_indices]).tolist() == [2] * 10
    assert np.bincount(d.ans[d.test_indices]).tolist() == [2] * 10
    # ... and their order is still random, not class by class.
    assert len(set(d.ans[d.training_indices][:20])) > 3


def test_seeds_repeat_and_differ(galaxy_file):
    def order(seed):
        d = DataManager(datafile=galaxy_file(), seed=seed)
        rows = [g.index for g in d.training_images()]
        d.reset_training()
        return rows, d.training_indices.tolist()

    assert order(3) == order(3) == order(np.random.default_rng(3))
    assert order(3) != order(4)
    assert order(None) != order(None)


# ----------------------------------------------------------------------------- one at a time


def test_walrus_loops_end_and_stay_ended_until_reset(galaxy_file):
    d = DataManager(datafile=galaxy_file(), seed=0)
    seen = []
    while g := d.get_next_training_image():
        assert isinstance(g, Galaxy)
        seen.append(g.index)
    assert seen == d.training_indices.tolist()
    assert d.get_next_training_image() is None
    assert d.get_next_training_image() is None
    d.reset_training()
    again = [g.index for g in d.training_images()]
    assert again != seen
    assert sorted(again) == sorted(seen)

    first = [g.index for g in d.test_images()]
    assert d.get_next_test_image() is None
    d.reset_testing()
    assert [g.index for g in d.test_images()] == first == d.test_indices.tolist()


@pytest.mark.parametrize("coarsen", [1, 2, 4, 8, 32])
@pytest.mark.parametrize("read_on_demand", [False, True])
def test_pixels_are_those_of_the_plain_formula(galaxy_file, coarsen, read_on_demand):
    path = galaxy_file()
    pictures = pictures_of(path)
    with DataManager(0.8, path, coarsen, read_on_demand, seed=1) as d:
        x, y = d.test_set()
        assert d.input_size == len(x) == 3 * (32 // coarsen) ** 2
        for column, row in enumerate(d.test_indices):
            g = d.galaxy(row)
            expected = plain_pixels(pictures[row], coarsen)
            assert g.data.dtype == np.float32
            assert np.array_equal(g.data, expected)
            assert np.array_equal(x[:, column], np.ravel(expected))
            assert np.array_equal(y[:, column], g.out)
            assert g.answer == row // 3
            assert np.array_equal(d.images[row], pictures[row])


def test_coarsening_is_exact_where_rounding_would_show(tmp_path, write_galaxies):
    path = tmp_path / "steps.h5"
    write_galaxies(path, 1)
    with h5py.File(path, "r+") as ds:
        ds["images"][...] = 0
        ds["images"][0, 0, 0] = (1, 2, 255)  # one pixel of a block of 16
    d = DataManager(datafile=path, coarsen=4, cache=False)
    mean = np.array([1 / 16, 2 / 16, 255 / 16], np.float32)
    expected = mean / 255 * np.float32(0.99) + np.float32(0.01)
    assert np.array_equal(d.galaxy(0).data[0, 0], expected)


def test_a_block_of_256_by_256_white_pixels_does_not_overflow(tmp_path):
    path = tmp_path / "white.h5"
    with h5py.File(path, "w") as ds:
        ds["images"] = np.full((2, 256, 256, 3), 255, np.uint8)
        ds["ans"] = np.zeros(2, np.uint8)
    for coarsen in (16, 32, 256):
        d = DataManager(0.5, path, coarsen, cache=False)
        assert np.array_equal(np.unique(d.training_set()[0]), np.float32([0.99 + 0.01]))


@pytest.mark.parametrize("read_on_demand", [False, True])
@pytest.mark.parametrize(
    ("crop", "coarsen"), [(16, 4), (24, 2), (8, 4), (30, 1), (32, 8), (None, 4)]
)
def test_a_crop_is_the_middle_of_each_picture(galaxy_file, crop, coarsen, read_on_demand):
    path = galaxy_file()
    pictures = pictures_of(path)
    d = DataManager(0.8, path, coarsen, read_on_demand, seed=1, crop=crop)
    edge = (32 - (crop or 32)) // 2
    assert d.crop == 32 - 2 * edge
    assert d.input_size == 3 * (d.crop // coarsen) ** 2
    x, y = d.test_set()
    assert x.flags.f_contiguous
    assert y.argmax(axis=0).tolist() == (d.test_indices // 3).tolist()
    for column, row in enumerate(d.test_indices):
        expected = plain_pixels(pictures[row, edge : 32 - edge, edge : 32 - edge], coarsen)
        assert np.array_equal(d.galaxy(row).data, expected)
        assert np.array_equal(x[:, column], np.ravel(expected))
        assert np.array_equal(d.images[row], pictures[row])  # still of full size


def test_one_cache_serves_every_crop_and_none_is_taken_for_another(tmp_path, write_galaxies):
    path = tmp_path / "some.h5"
    write_galaxies(path, 2)
    sets = []
    for crop in (16, None, 24, 16):
        with DataManager(datafile=path, coarsen=4, seed=1, crop=crop) as d:
            x = d.training_set()[0].reshape(d.crop // 4, d.crop // 4, 3, -1, order="C")
        sets.append(x)
    assert np.array_equal(sets[0], sets[1][2:-2, 2:-2])
    assert np.array_equal(sets[2], sets[1][1:-1, 1:-1])
    assert np.array_equal(sets[3], sets[0])
    assert len(list(tmp_path.glob("*.cache"))) == 1


def test_a_cropped_picture_is_turned_about_its_own_middle(galaxy_file):
    path = galaxy_file(1)
    d = DataManager(datafile=path, coarsen=4, seed=1, augment="d4", crop=16)
    plain = [plain_pixels(p[8:24, 8:24], 4) for p in pictures_of(path)]
    for _ in range(10):
        x = np.concatenate([x for x, _ in d.training_batches(3)], axis=1)
        for column, row in enumerate(d.training_indices):
            turns = (turned(plain[row][None], t) for t in range(8))
            assert any(np.array_equal(np.ravel(turn), x[:, column]) for turn in turns)


# --------------------------------------------------------------------------------- in batches


@pytest.mark.parametrize("batch_size", [1, 5, 24, 1000])
def test_an_epoch_brings_every_training_galaxy_once_in_a_fresh_order(galaxy_file, batch_size):
    path = galaxy_file()
    d = DataManager(datafile=path, coarsen=4, seed=1)
    known = {np.ravel(plain_pixels(p, 4)).tobytes(): row for row, p in enumerate(pictures_of(path))}
    epochs = []
    for _ in range(2):
        batches = list(d.training_batches(batch_size))  # kept: no batch may overwrite another
        sizes = [x.shape[1] for x, _ in batches]
        assert sum(sizes) == 24
        assert set(sizes[:-1]) <= {batch_size}
        rows = []
        for x, y in batches:
            assert x.dtype == y.dtype == np.float32
            assert x.flags.f_contiguous
            assert y.flags.f_contiguous
            assert (x.shape, y.shape) == ((192, x.shape[1]), (10, x.shape[1]))
            for column in range(x.shape[1]):
                rows.append(known[x[:, column].tobytes()])
                assert y[:, column].argmax() == rows[-1] // 3
        assert sorted(rows) == sorted(d.training_indices)
        assert rows == d.training_indices.tolist()
        epochs.append(rows)
    assert epochs[0] != epochs[1]


def test_two_epochs_under_way_do_not_disturb_each_other(galaxy_file):
    d = DataManager(datafile=galaxy_file(), coarsen=4, seed=1)
    one = d.training_batches(5)
    rows = d.training_indices
    next(one)
    list(d.training_batches(7))
    rest = np.concatenate([y for _, y in one], axis=1)
    assert rest.argmax(axis=0).tolist() == (rows[5:] // 3).tolist()


def test_test_and_validation_batches_are_the_sets_in_a_fixed_order(galaxy_file):
    d = DataManager(datafile=galaxy_file(), coarsen=8, seed=1, validation=0.3, augment="d4")
    for batches, whole, rows in (
        (d.test_batches, d.test_set(), d.test_indices),
        (d.validation_batches, d.validation_set(), d.validation_indices),
    ):
        for size in (2, 512):
            x, y = (np.concatenate(part, axis=1) for part in zip(*batches(size), strict=True))
            assert np.array_equal(x, whole[0])
            assert np.array_equal(y, whole[1])
        assert whole[1].argmax(axis=0).tolist() == d.ans[rows].tolist()
    none = DataManager(datafile=galaxy_file(), coarsen=8)
    assert list(none.validation_batches()) == []
    assert none.validation_set()[0].shape == (48, 0)


@pytest.mark.parametrize(("augment", "n"), [("rot90", 4), ("d4", 8)])
def test_augmented_epochs_meet_each_picture_once_in_every_orientation_in_time(
    galaxy_file, augment, n
):
    path = galaxy_file(1)
    d = DataManager(datafile=path, coarsen=4, seed=1, augment=augment)
    plain = {row: plain_pixels(p, 4) for row, p in enumerate(pictures_of(path))}
    turns = {
        row: {np.ravel(turned(p[None], t)).tobytes() for t in range(n)} for row, p in plain.items()
    }
    assert all(len(orientations) == n for orientations in turns.values())
    met = {row: set() for row in d.training_indices}
    for _ in range(80):
        x = np.concatenate([x for x, _ in d.training_batches(3)], axis=1)
        assert x.shape[1] == d.n_training
        for column, row in enumerate(d.training_indices):
            assert x[:, column].tobytes() in turns[row]
            met[row].add(x[:, column].tobytes())
    assert met == {row: turns[row] for row in met}
    g = d.get_next_training_image()
    assert np.array_equal(g.data, plain[g.index])


def test_orientations_are_the_eight_of_a_square():
    corner = np.array([[1, 2], [3, 4]])[None, :, :, None]
    seen = {tuple(turned(corner, t).ravel().tolist()) for t in range(8)}
    assert seen == {
        (1, 2, 3, 4), (2, 4, 1, 3), (4, 3, 2, 1), (3, 1, 4, 2),
        (2, 1, 4, 3), (1, 3, 2, 4), (3, 4, 1, 2), (4, 2, 3, 1),
    }  # fmt: skip


# ----------------------------------------------------------------------------------- the sky


def planted(centre: tuple[float, float], arcsec: float, angle: float) -> tuple[float, float]:
    """The place ``arcsec`` from ``centre`` in direction ``angle``, by spherical trigonometry."""
    ra, dec, r = *np.radians(centre), np.radians(arcsec / 3600)
    dec2 = np.arcsin(np.sin(dec) * np.cos(r) + np.cos(dec) * np.sin(r) * np.cos(angle))
    east = np.arctan2(
        np.sin(angle) * np.sin(r) * np.cos(dec), np.cos(r) - np.sin(dec) * np.sin(dec2)
    )
    return float(np.degrees(ra + east) % 360), float(np.degrees(dec2))


@pytest.mark.parametrize("centre", [(0.0, 0.0), (359.9999, 10), (123, 89.9999), (7, 90), (7, -90)])
def test_pairs_are_found_at_the_poles_and_across_ra_zero(centre):
    for angle in np.linspace(0, 2 * np.pi, 9):
        for arcsec, together in ((32.9, True), (33.1, False), (0.5, True)):
            ra, dec = np.transpose([centre, planted(centre, arcsec, angle)])
            pairs, separation = sky_pairs(ra, dec)
            assert len(pairs) == together
            if together:
                assert separation[0] == pytest.approx(arcsec, rel=1e-4)


def test_half_a_field_reaches_as_far_as_the_larger_scale_and_33_arcsec_if_unknown():
    ra, dec = [10.0, 10.0], [0.0, 50 / 3600]
    assert len(sky_pairs(ra, dec, [0.262, 0.262])[0]) == 0  # half a field: 33.5 arcsec
    assert len(sky_pairs(ra, dec, [0.262, 0.524])[0]) == 1  # 67 arcsec
    assert len(sky_pairs(ra, dec, [np.nan, np.nan])[0]) == 0
    assert len(sky_pairs(ra, [0.0, 32.99 / 3600], [np.nan, np.nan])[0]) == 1


def test_unknown_positions_are_never_grouped():
    unknown = np.full(50, np.nan)
    pairs, separation = sky_pairs(unknown, unknown)
    assert len(pairs) == len(separation) == 0
    ra = np.array([np.nan, 5.0, np.nan, 5.0, np.inf])
    pairs, _ = sky_pairs(ra, np.full(5, 5.0))
    assert pairs.tolist() == [[1, 3]]
    assert len(set(linked(pairs, 5))) == 4


def test_chains_are_one_group_and_conflicts_are_exact_duplicates_with_other_labels():
    dec = np.array([0, 20, 40, 60, 500, 500, 900, 900]) / 3600
    pairs, separation = sky_pairs(np.zeros(8), dec)
    group = linked(pairs, 8)
    assert len(set(group[:4])) == 1
    assert len(set(group)) == 3
    ans = np.array([0, 1, 2, 3, 4, 4, 0, 7])
    assert conflicts(pairs, separation, ans).tolist() == [[6, 7]]


def all_against_all(ra, dec):
    """Return every galaxy's distance from every other one, in arcsec."""
    a, d = np.radians(ra), np.radians(dec)
    haversine = np.sin((d[:, None] - d) / 2) ** 2
    haversine += np.cos(d[:, None]) * np.cos(d) * np.sin((a[:, None] - a) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(haversine))) * 3600


def test_pairs_equal_those_of_a_search_of_all_against_all():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 0.3, 300) % 360, rng.uniform(-0.15, 0.15, 300)
    scale = rng.uniform(0.262, 0.524, 300)
    found = {tuple(sorted(pair)) for pair in sky_pairs(ra, dec, scale)[0].tolist()}
    arcsec = all_against_all(ra, dec)
    near = np.triu(arcsec <= 128 * np.maximum(scale[:, None], scale), 1)
    assert found == {tuple(pair) for pair in np.argwhere(near).tolist()}
    assert len(found) > 20


def test_the_search_and_the_split_are_far_from_all_against_all():
    """All 17,736 galaxies cost as much as comparing 1,000; all against all is 315 times that."""
    with np.load(Path(__file__).with_name("data") / "galaxy10_positions.npz") as table:
        ra, dec, ans = table["ra"] / 1e6, table["dec"] / 1e6, table["ans"]
    took, bare = [], []
    for _ in range(4):  # in turns, and the quickest of each: what else runs only adds to them
        start = time.process_time()
        groups = linked(sky_pairs(ra, dec)[0], len(ra))
        rng = np.random.default_rng(1)
        split_rows(rng.permutation(len(ra)), int(0.8 * len(ra)), ans, groups, rng)
        took.append(time.process_time() - start)
        start = time.process_time()
        all_against_all(ra[:1000], dec[:1000])
        bare.append(time.process_time() - start)
    assert min(took) < 10 * min(bare)


def test_the_real_positions_hold_59_conflicts_and_181_pairs_and_grouping_mends_it():
    with np.load(Path(__file__).with_name("data") / "galaxy10_positions.npz") as table:
        ra, dec, ans = table["ra"] / 1e6, table["dec"] / 1e6, table["ans"]
    assert np.bincount(ans).tolist() == [1081, 1853, 2645, 2027, 334, 2043, 1829, 2628, 1423, 1873]
    pairs, separation = sky_pairs(ra, dec)
    groups = linked(pairs, len(ra))
    rng = np.random.default_rng(1)
    rows = rng.permutation(len(ra))
    first, second = split_rows(rows, int(0.8 * len(ra)), ans, groups, rng)
    assert (len(pairs), len(np.unique(pairs))) == (181, 353)
    assert len(conflicts(pairs, separation, ans)) == 59
    side = np.isin(np.arange(len(ra)), first)
    assert not np.any(side[pairs[:, 0]] != side[pairs[:, 1]])
    assert (len(first), len(second)) == (14188, 3548)
    shares = np.bincount(ans[first]) / np.bincount(ans)
    assert np.all(np.abs(shares - 14188 / 17736) < 1 / 334)
    plain = np.isin(np.arange(len(ra)), rows[:14188])
    assert np.sum(plain[pairs[:, 0]] != plain[pairs[:, 1]]) > 30  # the leak of a plain split


def test_a_manager_groups_by_sky_counts_and_reports(tmp_path, write_galaxies):
    path = tmp_path / "twins.h5"
    write_galaxies(path, 10)
    with h5py.File(path, "r+") as ds:
        ds["ra"][50:] = ds["ra"][:50]  # every galaxy twice, under another label
        ds["dec"][50:] = ds["dec"][:50]
        ds["ra"][:5] = np.nan
    d = DataManager(
        datafile=path, coarsen=8, seed=1, group_by_sky=True, validation=0.2, stratify=True
    )
    assert (d.n_sky_pairs, d.n_conflicts) == (45, 45)
    for rows in (d.training_indices, d.validation_indices, d.test_indices):
        twins = {row % 50 for row in rows if row % 50 >= 5}
        assert all({row, row + 50} <= set(rows) for row in twins)
    assert abs(d.n_training - 64) <= 2
    assert abs(d.n_test - 20) <= 2
    assert "45 pairs" in repr(d)
    assert DataManager(datafile=path, coarsen=8).n_sky_pairs is None


def test_galaxies_that_all_share_sky_cannot_be_split(tmp_path, write_galaxies):
    path = tmp_path / "crowd.h5"
    write_galaxies(path, 1)
    with h5py.File(path, "r+") as ds:
        ds["ra"][:] = ds["dec"][:] = 5
    for seed in range(4):
        with pytest.raises(ValueError, match="leave a set of 10 galaxies empty"):
            DataManager(datafile=path, seed=seed, group_by_sky=True, validation=0.2)


def test_a_file_without_positions_can_be_grouped_too(tmp_path):
    path = tmp_path / "bare.h5"
    with h5py.File(path, "w") as ds:
        ds["images"], ds["ans"] = np.zeros((10, 8, 8, 3), np.uint8), np.arange(10)
    d = DataManager(datafile=path, seed=0, group_by_sky=True)
    assert (d.n_training, d.n_sky_pairs) == (8, 0)


# ------------------------------------------------------------------------------- the manager


def test_a_manager_closes_its_file_and_prints_itself(galaxy_file):
    with DataManager(datafile=galaxy_file(), coarsen=4, seed=1) as d:
        assert d.ds.id.valid
        assert sorted(d.ds) == ["ans", "dec", "images", "pxscale", "ra", "redshift"]
        assert (
            repr(d) == "<DataManager: 30 real galaxies as 8×8×3; 24 training, 0 validation, 6 test>"
        )
    assert not d.ds.id.valid
    assert d.test_set()[0].shape == (192, 6)


def test_reading_on_demand_warns_once_and_only_about_bad_layouts(galaxy_file):
    bad = galaxy_file(4, chunks=(40, 8, 8, 1))
    with pytest.warns(UserWarning, match=r"40 times its bytes.*sample OLD.h5 NEW.h5") as caught:
        d = DataManager(datafile=bad, coarsen=4, read_on_demand=True)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(d.training_batches(5))
        DataManager(datafile=galaxy_file(), coarsen=4, read_on_demand=True)
        DataManager(datafile=bad, coarsen=4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"partition": 0.01}, "partition=0.01 and validation=0.0 leave a set of 30 galaxies empty"),
        ({"coarsen": 3}, "coarsen is 3: give a divisor of the 32 pixels"),
        ({"coarsen": 64}, "coarsen is 64"),
        ({"crop": 34}, "crop is 34"),
        ({"crop": 15}, "crop is 15: give 32 less a multiple of 2, say 16"),
        ({"crop": 12, "coarsen": 4}, "crop is 12: give 32 less a multiple of 8, say 16"),
    ],
)
def test_what_does_not_fit_the_file_gets_one_sentence(galaxy_file, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        DataManager(datafile=galaxy_file(), **options)
    assert "\n" not in str(caught.value)


def test_galaxies_half_an_arcsecond_apart_are_two():
    pairs, separation = sky_pairs(np.zeros(3), np.array([0, 0.05, 0.55]) / 3600)
    assert conflicts(pairs, separation, np.array([1, 2, 3])).tolist() == [[0, 1]]


def test_groups_go_to_both_sides_in_proportion():
    """A group is drawn to the first part as often as a row is: nine times in ten here."""
    rng, groups, firsts = np.random.default_rng(4), np.repeat(np.arange(20), 3), []
    for _ in range(50):
        rows = np.concatenate([rng.permutation(60), np.arange(60, 600)])
        own = np.append(groups, np.arange(60, 600))
        first, _ = split_rows(rows, 540, np.zeros(600, int), own, rng)
        firsts.append(len(np.unique(groups[first[first < 60]])))
        assert abs(len(first) - 540) <= 2
    assert 17 < np.mean(firsts) < 19  # of 20; on the other side it would be 2
