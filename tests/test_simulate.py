"""The simulator: its ingredients against the papers, its plans against the real file's facts."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from galaxy_lib.simulator import Frame, Plan, draw, plan_sample, simulate_galaxy
from galaxy_lib.simulator import drawing as simulate
from galaxy_lib.simulator import votes as voting


@pytest.fixture(scope="module")
def plans():
    return plan_sample(seed=3, n_images=2000)


@pytest.fixture(scope="module")
def pictures():
    """Six 256-pixel pictures of each class, (60, 256, 256, 3), and their classes."""
    kinds = np.repeat(np.arange(10), 6)
    return np.stack([simulate_galaxy(int(k), 900 + i) for i, k in enumerate(kinds)]), kinds


def polar_grid(n=401):
    """Coordinates and radius on an n x n grid about its centre, float64."""
    x = np.arange(n)[None, :] - n // 2
    y = n // 2 - np.arange(n)[:, None]
    return x, y, np.hypot(x, y)


# ------------------------------------------------------------------------------------- ingredients


@pytest.mark.parametrize("index", [0.5, 1.0, 2.5, 4.0])
def test_half_of_a_sersic_profile_lies_within_its_half_light_radius(index):
    radius = np.linspace(0, 8000, 2_000_001)
    light = simulate.sersic(radius, 20.0, index) * radius
    assert light[radius <= 20].sum() / light.sum() == pytest.approx(0.5, abs=0.012)
    assert simulate.sersic(np.array([20.0]), 20.0, index) == pytest.approx(1, abs=0.01)


def test_an_exponential_disc_falls_by_e_in_a_scale_length_and_faster_past_its_edge():
    light = simulate.exponential_disc(np.array([0.0, 10.0, 20.0, 30.0]), 10.0, edge=20.0)
    assert np.log(light) == pytest.approx([0, -1, -2, -5])


def test_a_moffat_star_has_its_full_width_at_half_maximum():
    assert simulate.moffat(np.array([0.0, 2.5]), fwhm=5.0) == pytest.approx([1, 0.5])


def test_blurring_keeps_the_light_and_gives_points_the_width_of_the_seeing():
    light = np.zeros((3, 96, 96), np.float32)
    light[:, 48, 48] = 1
    image = simulate.blur(light, 6.0)
    assert image.dtype == np.float32
    assert image.sum(axis=(1, 2)) == pytest.approx([1, 1, 1], rel=1e-4)
    assert image[0, 48, 51] / image[0, 48, 48] == pytest.approx(0.5, abs=0.01)
    assert image[2, 48, 48] < image[0, 48, 48]  # g is blurred more than z


@pytest.mark.parametrize("q", [0.3, 0.7, 1.0])
def test_isophotes_have_the_axis_ratio_asked_for(q):
    x, y, _ = polar_grid()
    u, v = simulate.rotate(x, y, 0.6)
    light = simulate.exponential_disc(simulate.elliptical_radius(u, v, q), 12.0)
    second = [(light * w**2).sum() for w in (u, v)]
    assert math.sqrt(second[1] / second[0]) == pytest.approx(q, abs=0.01)


@pytest.mark.parametrize("degrees", [10, 25])
def test_arms_cross_circles_at_the_pitch_angle(degrees):
    # Follow the crest: theta of the brightest point on each circle, against log(radius).
    theta = np.linspace(-np.pi, np.pi, 20001)
    radii = np.array([20.0, 22.0])
    arms = [simulate.spiral_arms(r, theta, math.radians(degrees), 1) for r in radii]
    first, second = (theta[a.argmax()] for a in arms)
    turned = (second - first) % (2 * np.pi)
    assert math.log(radii[1] / radii[0]) / turned == pytest.approx(
        math.tan(math.radians(degrees)), rel=0.01
    )
    assert min(a.min() for a in arms) >= 0
    assert max(a.max() for a in arms) <= 1


def test_the_edge_on_disc_follows_the_bessel_function():
    special = pytest.importorskip("scipy.special")
    s = np.linspace(0.05, 5, 60)
    light = simulate.edge_on_disc(s * 7, np.zeros(60), scale_length=7.0, height=2.0)
    assert light == pytest.approx(s * special.k1(s), rel=0.03)


def test_dust_dims_the_lane_and_reddens_it():
    frame = Frame(np.ones((3, 41, 41), np.float32), *np.ogrid[-20:21, -20:21][::-1])
    simulate.add_dust_lane(frame, frame.x, frame.y, length=15.0, width=2.0, depth=1.0)
    z, r, g = frame.light[:, 20, 20]
    assert g < r < z < 1
    assert frame.light[:, 0, 20] == pytest.approx([1, 1, 1])


def test_older_stars_are_redder():
    rng = np.random.default_rng(0)
    young, old = (simulate.stars_of_age(rng, age, scatter=0.0) for age in (0.1, 0.9))
    assert young.mean() == pytest.approx(1)
    assert old[0] / old[2] > 2 * young[0] / young[2]


def test_bright_stars_are_less_often_red_dwarfs():
    rng = np.random.default_rng(0)
    faint, bright = (
        np.mean([np.ptp(simulate.one_star(rng, flux)) > 1 for _ in range(400)])
        for flux in (1.0, 100.0)
    )
    assert bright < faint - 0.1


def test_the_stretch_keeps_colour_and_clips():
    light = np.array([0.3, 0.2, 0.1], np.float32)[:, None, None] * np.ones((3, 2, 2), np.float32)
    red, green, blue = simulate.stretch(light)[0, 0].astype(float)
    assert red / blue == pytest.approx(3, rel=0.03)
    assert green / blue == pytest.approx(2, rel=0.03)
    assert simulate.stretch(100 * light).max() == 255
    assert simulate.stretch(-light).max() == 0


def test_neighbouring_pixels_share_noise_and_colours_share_it_further():
    noise = simulate.sky_noise(np.random.default_rng(1), (200, 200), 0.014).astype(np.float64)
    brightness = 0.299 * noise[0] + 0.587 * noise[1] + 0.114 * noise[2]
    blue = noise[2] - brightness

    def shared(field):
        return np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1]

    assert abs(noise.mean()) < 1e-3
    assert 0.1 < shared(brightness) < 0.7
    assert shared(blue) > shared(brightness)


def test_nothing_wraps_around_the_edges():
    # A bright star just inside the left edge leaves the right edge dark.
    sheet = Frame.empty(96, 96)
    simulate.add_point(sheet.light, simulate.MARGIN + 0.0, 48.0, np.full(3, 100.0))
    seen = simulate.blur(sheet.light, 5.0)[:, 16:-16, 16:-16]
    assert seen[:, :, 0].max() > 1
    assert seen[:, :, -1].max() < 0.003  # a third of the noise, at most


# ------------------------------------------------------------------------------------------- plans


@pytest.mark.parametrize("n", [10, 200, 1234, 17736])
def test_classes_come_in_the_real_proportions(n):
    counts = simulate.class_counts(n)
    assert counts.sum() == n
    assert np.abs(counts - np.array(simulate.CLASS_COUNTS) * n / 17736).max() <= 1


@pytest.mark.parametrize("n", [1, 50, 200, 1000])
def test_a_plan_has_the_rows_asked_for_sorted_and_in_proportion(n):
    plans = plan_sample(7, n)
    labels = [plan.label for plan in plans]
    assert labels == sorted(labels)
    assert np.bincount(labels, minlength=10).tolist() == simulate.class_counts(n).tolist()
    assert plans == plan_sample(7, n)
    assert pickle.loads(pickle.dumps(plans)) == plans


def test_some_labels_are_disputed_between_classes_that_look_alike(plans):
    alone = [plan for plan in plans if plan.companion < 0]
    disputed = [plan for plan in alone if plan.kind != plan.label]
    assert 0.01 < len(disputed) / len(plans) < 0.08
    allowed = {(kind, label) for label, kind in enumerate(simulate.CONFUSED)}
    assert {(p.kind, p.label) for p in disputed} <= allowed | set(simulate.TWICE)


def test_some_galaxies_come_twice_with_different_labels(plans):
    seen = {}
    for plan in plans:
        seen.setdefault((plan.ra, plan.dec), []).append(plan)
    twice = [group for group in seen.values() if len(group) > 1]
    assert len(twice) == pytest.approx(2000 * 59 / 17736, abs=1)
    for one, two in twice:
        assert one.label != two.label
        assert one._replace(label=two.label) == two
        assert (draw(one, 64).image == draw(two, 64).image).all()


def test_some_neighbours_overlap(plans):
    close = {}
    for plan in plans:
        if plan.companion >= 0:
            close.setdefault(plan.seed, []).append(plan)
    assert len(close) == pytest.approx(2000 * 122 / 17736, abs=1)
    for pair in close.values():
        first, second = sorted(pair, key=lambda plan: plan.view)
        east = (second.ra - first.ra) * math.cos(math.radians(first.dec)) * 3600
        north = (second.dec - first.dec) * 3600
        assert 0 < math.hypot(east, north) < 33
        assert (-east, north) == pytest.approx(first.offset, abs=0.01)


def test_overlapping_pictures_show_one_patch_of_sky():
    first = Plan(8, 8, 180.0, 10.0, seed=5, companion=8, offset=(9.0, -5.0))
    here, there = draw(first), draw(first._replace(view=1))
    assert here.pxscale == there.pxscale
    right, up = (round(o / here.pxscale) for o in first.offset)
    shared = here.image[-min(up, 0) :, right:], there.image[: 256 + min(up, 0), : 256 - right]
    assert shared[0].shape == shared[1].shape
    assert (shared[0] == shared[1]).all()


def test_positions_lie_where_the_survey_looked():
    rng = np.random.default_rng(0)
    ra, dec = np.array([simulate.sky_position(rng) for _ in range(2000)]).T
    assert ra.min() >= 0
    assert ra.max() < 360
    assert -20 < dec.min() < -8
    # Of the real ones 34 % lie above +34 degrees, where other telescopes looked, to +69.8.
    assert 0.3 < (dec > 34).mean() < 0.38
    assert 68 < dec.max() < 70


# ---------------------------------------------------------------------------------------- pictures


def test_pictures_are_bytes_of_the_size_asked_for():
    for size in (64, 101, 256):
        image = simulate_galaxy(7, 1, size)
        assert image.shape == (size, size, 3)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", [-1, 10, 2.5, "spiral", None])
def test_a_kind_that_does_not_exist_is_named(kind):
    with pytest.raises(ValueError, match=r"kind is .*: give a whole number from 0 to 9\."):
        simulate_galaxy(kind, 0)


def test_rng_is_whatever_default_rng_takes():
    assert (simulate_galaxy(3, 5, 64) == simulate_galaxy(3, np.random.default_rng(5), 64)).all()
    assert (simulate_galaxy(3, 5, 64) != simulate_galaxy(3, 6, 64)).any()
    rng = np.random.default_rng(5)
    assert (simulate_galaxy(3, rng, 64) != simulate_galaxy(3, rng, 64)).any()
    assert (simulate_galaxy(3, None, 64) != simulate_galaxy(3, None, 64)).any()


def test_a_plan_gives_the_same_bytes_in_any_order(plans):
    some = plans[::250]
    forwards = [draw(plan) for plan in some]
    simulate.moffat_transform.cache_clear()
    backwards = [draw(plan) for plan in reversed(some)][::-1]
    for one, two in zip(forwards, backwards, strict=True):
        assert one.image.tobytes() == two.image.tobytes()
        assert one.pxscale == two.pxscale
        assert one.redshift == two.redshift or math.isnan(one.redshift)


def test_redshift_pixel_scale_and_size_belong_together(plans):
    drawn = [draw(plan, 64) for plan in plans[::20]]
    pxscale = np.array([d.pxscale for d in drawn])
    redshift = np.array([d.redshift for d in drawn])
    assert pxscale.min() == 0.262
    assert pxscale.max() <= 0.524
    assert 0.5 < (pxscale == 0.262).mean() < 0.9
    known = np.isfinite(redshift)
    assert known.mean() > 0.9
    assert 0.03 < np.median(redshift[known]) < 0.15
    # What looks large is nearer, so the coarse pixels go with small redshifts.
    coarse = pxscale > 0.262
    assert np.median(redshift[known & coarse]) < np.median(redshift[known & ~coarse])


def test_the_empty_sky_is_as_bright_as_in_the_survey(pictures):
    images, _ = pictures
    corners = np.concatenate([images[:, :40, :40], images[:, -40:, -40:]], axis=1)
    assert np.median(corners, axis=(0, 1, 2)) == pytest.approx([34, 33, 33], abs=2)
    assert 8 < 1.4826 * np.median(np.abs(corners - np.median(corners))) < 12


def test_pictures_are_as_bright_as_in_the_survey(pictures):
    images, _ = pictures
    # Means over 50 real pictures; 60 simulated ones scatter by a few per cent.
    assert images.mean(axis=(0, 1, 2)) == pytest.approx([41.9, 40.7, 39.7], rel=0.1)
    assert images.std(axis=(0, 1, 2), dtype=np.float64) == pytest.approx(
        [29.4, 28.1, 26.3], rel=0.2
    )


def test_shells_end_sharply_outside_and_leave_the_middle_dark():
    frame = simulate.Frame.empty(257, 257)
    radius = np.hypot(frame.x, frame.y)
    for seed in range(20):
        light = simulate.shells(np.random.default_rng(seed), frame, 14.0)
        assert light.min() >= 0
        assert 0.3 < light.max() < 4  # up to three arcs, each at most 1
        assert light[radius < 2].max() < 0.1 * light.max()
        assert light[radius > 4.3 * 14].max() < 1e-3 * light.max()


def test_company_thins_out_as_one_over_distance(monkeypatch):
    seen = []
    monkeypatch.setattr(
        simulate, "add_small_galaxy", lambda rng, light, x, y, *rest: seen.append((x, y))
    )
    rng, frame = np.random.default_rng(1), simulate.Frame.empty(288, 288)
    for _ in range(3000):
        simulate.add_companions(rng, frame, zoom=1.0)
    assert len(seen) / 3000 == pytest.approx(0.7, abs=0.05)
    distance = np.hypot(*(np.array(seen).T - 144))
    # As many in each ring of one width: 4 rings from 16 to 90 pixels.
    rings = np.histogram(distance, bins=4, range=(16, 90))[0] / len(seen)
    assert rings == pytest.approx([0.25] * 4, abs=0.05)
    seen.clear()
    for _ in range(300):  # coarser pixels bring company closer
        simulate.add_companions(rng, frame, zoom=2.0)
    assert np.hypot(*(np.array(seen).T - 144)).max() <= 45


def test_galaxies_sit_in_the_middle(pictures):
    images, _ = pictures
    middle = images[:, 120:136, 120:136].mean(axis=(1, 2, 3))
    assert (middle > 80).mean() > 0.95


def test_no_class_is_given_away_by_mean_colour_and_brightness(pictures):
    images, kinds = pictures
    x = images.mean(axis=(1, 2))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    right = 0
    for i in range(len(x)):  # nearest class centre, each picture left out in turn
        keep = np.arange(len(x)) != i
        centres = [x[keep & (kinds == k)].mean(axis=0) for k in range(10)]
        right += np.argmin([np.sum((x[i] - c) ** 2) for c in centres]) == kinds[i]
    assert right / len(x) < 0.32  # chance is 0.10 with a deviation of 0.04


def test_edge_on_galaxies_are_flatter_than_round_ones(pictures):
    images, kinds = pictures
    x, y, radius = polar_grid(257)
    x, y, near = x[:, :256] + 0.5, y[:256] - 0.5, radius[:256, :256] < 40

    def axis_ratio(image):
        # Second moments of what stands well above the sky.
        light = np.clip(image.mean(axis=2) - 70, 0, None) * near
        moments = [[(light * a * b).sum() for a in (x, y)] for b in (x, y)]
        low, high = np.linalg.eigvalsh(np.array(moments))
        return math.sqrt(max(low, 0) / high)

    ratio = [np.median([axis_ratio(p) for p in images[kinds == k]]) for k in range(10)]
    assert ratio[2] > ratio[3] + 0.1
    assert ratio[3] > ratio[4] + 0.1
    assert max(ratio[8], ratio[9]) < 0.55


# ------------------------------------------------------------------------------------------- votes


@pytest.mark.parametrize("table", [voting.SHARP, voting.BLURRED], ids=["sharp", "blurred"])
def test_all_volunteers_say_something(table):
    assert table.shape == (10, 10)
    assert table.min() >= 0
    assert table.sum(axis=1).tolist() == [100] * 10


@pytest.mark.parametrize("kind", range(10))
def test_small_galaxies_in_bad_air_are_confused_more(kind):
    large, typical, small = (
        voting.chances(kind, size, seeing) for size, seeing in ((3, 1), (1, 1.18), (0.65, 1.6))
    )
    assert large.sum() == pytest.approx(1)
    smooth = [2, 3, 4]
    assert large[kind] > typical[kind] > small[kind] or kind in smooth
    assert large[smooth].sum() <= typical[smooth].sum() <= small[smooth].sum()


def test_votes_are_those_of_5_or_40_and_have_their_own_stream(plans):
    some = plans[::40]
    drawn = [draw(plan, 64) for plan in some]
    votes = np.array([one.votes for one in drawn])
    assert votes.dtype == np.uint8
    assert set(votes.sum(axis=1).tolist()) == {5, 40}
    assert np.mean([voting.votes((i,), 5, 1, 1.2).sum() for i in range(2000)]) == pytest.approx(
        5 + 35 * 140 / 314, abs=1.5
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "votes", lambda *_: np.zeros(10, np.uint8))
        for plan, one in zip(some, drawn, strict=True):
            again = draw(plan, 64)
            assert np.array_equal(again.image, one.image)
            assert again.pxscale == one.pxscale


def test_votes_are_for_what_is_drawn_not_for_a_disputed_label(plans):
    plan = next(plan for plan in plans if plan.kind != plan.label and plan.companion < 0)
    said = sum(voting.votes((seed,), plan.kind, 2, 1.18).astype(int) for seed in range(50))
    assert said.argmax() == plan.kind
    relabelled = plan._replace(label=(plan.label + 1) % 10)
    assert np.array_equal(draw(plan, 64).votes, draw(relabelled, 64).votes)
