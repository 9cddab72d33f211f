"""Simulated galaxies that look like the pictures of Galaxy10 DECaLS, drawn with NumPy alone.

A picture is built the way light reaches a telescope: galaxies with their discs, bulges, bars and
arms are laid on an empty frame in three bands (z, r, g), stars and background galaxies join them,
the atmosphere blurs everything, the detector adds noise, and a stretch turns fluxes into colours.
There is one small function per ingredient; the page "How the sample was made" calls them one by
one. Lengths are in pixels and brightness is in units of the stretch (1 is bright, the noise of the
sky is 0.01) unless a docstring says otherwise. Nothing here knows of files.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

VERSION = 1
"""Raised whenever the same seed gives different pixels."""

CLASS_COUNTS = (1081, 1853, 2645, 2027, 334, 2043, 1829, 2628, 1423, 1873)
"""How many galaxies of each class the real Galaxy10 DECaLS holds."""

NATIVE_PXSCALE = 0.262  # arcsec per pixel of the Legacy Surveys' own pictures
MARGIN = 16  # pixels drawn around a picture and cut away, so that nothing wraps at its edges


class SimulatedGalaxy(NamedTuple):
    """One drawn row: ``image`` uint8 (size, size, 3), ``redshift``, ``pxscale`` (arcsec/pixel)."""

    image: np.ndarray
    redshift: float
    pxscale: float


class Plan(NamedTuple):
    """All that is needed to draw one row of the sample, in any order and in any process.

    ``kind`` is what is drawn, ``label`` what the file says. ``ra`` and ``dec`` are in degrees.
    ``companion`` is the class of a second galaxy (-1: none) that lies ``offset`` arcsec to the
    right and above; ``view`` says which of the two the picture is centred on.
    """

    kind: int
    label: int
    ra: float
    dec: float
    seed: int
    companion: int = -1
    offset: tuple[float, float] = (0.0, 0.0)
    view: int = 0


class Frame:
    """The sheet one galaxy is drawn on: three bands of light and coordinates about its centre.

    ``light`` is float32 (3, height, width), bands z, r, g; ``x`` and ``y`` are float32 (height,
    width), in pixels, and grow to the right and upwards.
    """

    def __init__(self, light: np.ndarray, centre: tuple[float, float] = (0.0, 0.0)) -> None:
        height, width = light.shape[1:]
        self.light = light
        self.x = (np.arange(width) - (width - 1) / 2 - centre[0]).astype(np.float32)[None, :]
        self.y = ((height - 1) / 2 - np.arange(height) - centre[1]).astype(np.float32)[:, None]

    def add(self, component: np.ndarray, colour: np.ndarray) -> None:
        """Add a component (height, width) in a colour (3,)."""
        for band, weight in zip(self.light, colour, strict=True):
            band += np.float32(weight) * component


def lognormal(rng: np.random.Generator, median: float, sigma: float) -> float:
    """Draw one number whose logarithm is normal: ``median`` and the deviation of the log."""
    return float(median * np.exp(sigma * rng.standard_normal()))


# ---------------------------------------------------------------------------------- light profiles


def rotate(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and across a direction ``angle`` (radians, anticlockwise from right)."""
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return c * x + s * y, c * y - s * x


def elliptical_radius(u: np.ndarray, v: np.ndarray, q: float) -> np.ndarray:
    """Radius along the major axis of the ellipse through (u, v), with axis ratio ``q`` = b/a."""
    return np.sqrt(u * u + (v / np.float32(q)) ** 2)


def sersic(radius: np.ndarray, half_light: float, index: float) -> np.ndarray:
    """Sérsic profile, 1 at the half-light radius: n = 1 is a disc, n = 4 an old elliptical.

    Sérsic 1963; the value of b_n from Ciotti & Bertin 1999, as in Graham & Driver 2005.
    """
    b = 2 * index - 1 / 3 + 4 / (405 * index) + 46 / (25515 * index**2)
    # Half a pixel of softening stands for the mean over the central pixel of a cusp.
    scaled = np.sqrt(radius * radius + np.float32(0.25)) / np.float32(half_light)
    return np.exp(np.float32(-b) * (scaled ** np.float32(1 / index) - 1))


def exponential_disc(radius: np.ndarray, scale_length: float) -> np.ndarray:
    """Exponential disc, 1 at the centre (Freeman 1970)."""
    return np.exp(-radius / np.float32(scale_length))


def bar(u: np.ndarray, v: np.ndarray, length: float, q: float) -> np.ndarray:
    """Flat bar along u that ends near ``length``: boxy isophotes (Athanassoula et al. 1990)."""
    m = (np.abs(u) / np.float32(length)) ** 3 + (np.abs(v) / np.float32(q * length)) ** 2
    return np.exp(-m * np.float32(1.5))


def spiral_arms(
    radius: np.ndarray, theta: np.ndarray, pitch: float, n_arms: int, start: float, sharpness: float
) -> np.ndarray:
    """Logarithmic arms, between 0 and 1, that cross every circle at the angle ``pitch`` (radians).

    An arm is r = start·exp(θ·tan(pitch)), the shape of real arms (Kennicutt 1981).
    """
    winding = np.log(np.maximum(radius, 0.5) / np.float32(start)) / np.float32(np.tan(pitch))
    wave = np.cos(np.float32(n_arms) * (theta - winding))
    return ((1 + wave) / 2) ** np.float32(sharpness)


def edge_on_disc(u: np.ndarray, v: np.ndarray, scale_length: float, height: float) -> np.ndarray:
    """A disc seen from its side: u along it, v across (van der Kruit & Searle 1981).

    Its light is (u/h) K1(u/h) sech²(v/height); NumPy has no Bessel functions, so K1 is replaced
    by its shape at large and small u, right to 2 %.
    """
    s = np.abs(u) / np.float32(scale_length)
    along = np.sqrt(1 + np.float32(np.pi / 2) * s) * np.exp(-s)
    return along / np.cosh(np.clip(v / np.float32(height), -20, 20)) ** 2


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> np.ndarray:
    """A smooth random field of mean 0 and deviation about 1, float32, with lumps of ``scale``."""
    nodes = [int(np.ceil(n / scale)) + 3 for n in shape]
    field = rng.standard_normal(nodes, dtype=np.float32)
    for axis, n in enumerate(shape):
        at = np.arange(n) / scale + rng.random()
        low = at.astype(int)
        t = (at - low).astype(np.float32)
        t = t * t * (3 - 2 * t)
        t = t[:, None] if axis == 0 else t[None, :]
        field = field.take(low, axis) * (1 - t) + field.take(low + 1, axis) * t
    return field * np.float32(1.35)


# ------------------------------------------------------------------------------------------ colour


def colour(age: float, scatter: float = 0.0, rng: np.random.Generator | None = None) -> np.ndarray:
    """Colour of stars by age: 0 young and blue, 1 old and red; (3,) for z, r, g, of mean 1.

    The locus g-r = 0.37 + 0.66 age, r-z = 0.05 + 0.635 (g-r) follows the blue cloud and the red
    sequence of nearby galaxies (Strateva et al. 2001), in AB magnitudes; then the stretch's scales.
    """
    jitter = scatter * rng.standard_normal(2) if rng is not None else (0.0, 0.0)
    g_r = 0.37 + 0.66 * age + jitter[0]
    r_z = 0.05 + 0.635 * g_r + jitter[1]
    r = 10 ** (0.4 * g_r)
    return stretch_units(np.array([r * 10 ** (0.4 * r_z), r, 1.0]))


def stretch_units(flux: np.ndarray) -> np.ndarray:
    """Scale the fluxes in z, r, g as the survey's colour pictures do, to a mean of 1."""
    scaled = flux * np.array([2.2, 3.4, 6.0])
    return scaled / scaled.mean()


def stretch(light: np.ndarray) -> np.ndarray:
    """Turn light (3, height, width) into a picture, uint8 (height, width, 3) (Lupton et al. 2004).

    The asinh of the mean brightness keeps both the faint arms and the bright core, and the same
    factor for all bands keeps the colour.
    """
    mean = np.maximum(light, 0).mean(axis=0) + np.float32(1e-6)
    factor = 255 * np.arcsinh(20 * mean) / (np.float32(np.sqrt(20)) * mean)
    return np.moveaxis(np.clip(light * factor + 0.5, 0, 255).astype(np.uint8), 0, 2)


# ----------------------------------------------------------------------------- atmosphere and noise


def moffat(radius: np.ndarray, fwhm: float, beta: float = 2.7) -> np.ndarray:
    """Moffat profile, 1 at the centre: a star seen through the air (Moffat 1969)."""
    alpha = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return (1 + (radius / alpha) ** 2) ** -beta


@lru_cache(maxsize=64)
def transfer(fwhm: float, height: int, width: int) -> np.ndarray:
    """Fourier transform of a Moffat of unit flux on a frame: float32 (height, width // 2 + 1)."""
    y = np.fft.fftfreq(height, 1 / height)[:, None]
    x = np.fft.fftfreq(width, 1 / width)[None, :]
    psf = moffat(np.hypot(x, y), fwhm)
    return np.fft.rfft2(psf / psf.sum()).real.astype(np.float32)


def blur(light: np.ndarray, seeing: float) -> np.ndarray:
    """Blur light (3, height, width) by the atmosphere; ``seeing`` is the FWHM in z, in pixels."""
    height, width = light.shape[1:]
    # Blue light is blurred a little more. Rounded, so that the transforms can be kept.
    kernels = [transfer(round(seeing * f, 1), height, width) for f in (1.0, 1.04, 1.1)]
    return np.fft.irfft2(np.fft.rfft2(light) * np.stack(kernels), s=(height, width))


def smooth(field: np.ndarray, near: float, far: float) -> np.ndarray:
    """Correlate white noise (height, width) with taps [far, near, 1, near, far] both ways."""
    for axis in (0, 1):
        n = field.shape[axis] - 4
        part = [np.take(field, range(i, i + n), axis) for i in range(5)]
        field = part[2] + np.float32(near) * (part[1] + part[3])
        field += np.float32(far) * (part[0] + part[4])
    return field / np.float32(1 + 2 * near**2 + 2 * far**2)


def sky_noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Noise of the sky in three bands, float32 (3, height, width), deviation about ``sigma``.

    Neighbouring pixels share light (the survey's pictures were resampled and JPEG-coded), so the
    noise is correlated: one field of brightness and two of colour, as JPEG's Y, Cr and Cb.
    """
    near, far = rng.uniform(0.05, 0.34), rng.uniform(0.035, 0.08)
    white = rng.standard_normal((3, shape[0] + 4, shape[1] + 4), dtype=np.float32)
    luma = smooth(white[0], near, -far) * (1.15 - 0.9 * near)
    red = smooth(white[1], near, -far) * np.float32(1.0)
    blue = smooth(white[2], near, -far) * np.float32(0.7)
    noise = np.stack([luma + red, luma - 0.5 * red - 0.35 * blue, luma + blue])
    return noise * np.float32(sigma)


def sky_background(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Sky left after subtraction: an offset and a gradient per band, float32 (3, height, width)."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    offset, slope_y, slope_x = rng.normal(0, 0.0007, (3, 3, 1, 1)).astype(np.float32)
    return np.float32(0.03) + offset + slope_y * y[:, None] + slope_x * x[None, :]


# ------------------------------------------------------------------------------------- neighbours


def add_neighbours(rng: np.random.Generator, light: np.ndarray, zoom: float) -> None:
    """Scatter foreground stars and background galaxies over light (3, height, width).

    Counts rise towards faint fluxes as a power law (Pareto, index 0.72); ``zoom`` is the pixel
    scale over the native one: more sky, more neighbours, each of them smaller.
    """
    height, width = light.shape[1:]
    for _ in range(rng.poisson(52 * zoom**2 * height * width / 288**2)):
        flux = min(0.06 * (1 - rng.random()) ** (-1 / 0.72), 300) * 6 / zoom**2
        x, y = rng.uniform(1, width - 2), rng.uniform(1, height - 2)
        if rng.random() < 0.45:
            add_star(light, x, y, flux * star_colour(rng))
        else:
            size = min(lognormal(rng, 1.6, 0.4) * flux**0.12, 6) / zoom
            shape = (rng.uniform(0.35, 1), rng.uniform(0, np.pi))
            add_small_galaxy(light, x, y, size, shape, flux * colour(rng.uniform(0.1, 1.5)))


def star_colour(rng: np.random.Generator) -> np.ndarray:
    """Colour (3,) of a star: most are cool and red, some hot and blue (Covey et al. 2007)."""
    g_r = rng.choice([1.45, 0.5], p=[0.55, 0.45]) + 0.15 * rng.standard_normal()
    r_z = 0.6 * g_r + 0.1 * rng.standard_normal() - 0.1
    if g_r > 1.1:
        r_z += rng.exponential(0.4)
    r = 10 ** (0.4 * g_r)
    return stretch_units(np.array([r * 10 ** (0.4 * r_z), r, 1.0]))


def add_star(light: np.ndarray, x: float, y: float, flux: np.ndarray) -> None:
    """Put a point of ``flux`` (3,) at (x, y), shared among the four pixels around it."""
    i, j = int(y), int(x)
    fy, fx = y - i, x - j
    share = np.outer([1 - fy, fy], [1 - fx, fx]).astype(np.float32)
    light[:, i : i + 2, j : j + 2] += flux.astype(np.float32)[:, None, None] * share


def add_small_galaxy(light, x, y, size, shape, flux) -> None:
    """Put a small exponential disc of ``flux`` (3,) at (x, y)."""
    reach = int(5 * size) + 2
    i0, j0 = max(int(y) - reach, 0), max(int(x) - reach, 0)
    part = light[:, i0 : int(y) + reach + 1, j0 : int(x) + reach + 1]
    v = (np.arange(part.shape[1]) + i0 - y).astype(np.float32)[:, None]
    u = (np.arange(part.shape[2]) + j0 - x).astype(np.float32)[None, :]
    disc = exponential_disc(elliptical_radius(*rotate(u, v, shape[1]), shape[0]), size)
    part += (flux / disc.sum()).astype(np.float32)[:, None, None] * disc


# ----------------------------------------------------------------------------------- ten classes


def normalise(component: np.ndarray, frame: Frame, amplitude: float) -> np.ndarray:
    """Scale a component so that its mean within 4.5 pixels of the centre is ``amplitude``."""
    core = (frame.x**2 + frame.y**2) < 4.5**2
    return component * np.float32(amplitude / max(float(component[core].mean()), 1e-6))


def draw_smooth(frame, rng, q, half_light, amplitude, age) -> None:
    """A smooth galaxy: one Sérsic profile, or a disc with a soft edge around a small bulge."""
    u, v = rotate(frame.x, frame.y, rng.uniform(0, np.pi))
    radius = elliptical_radius(u, v, q)
    if rng.random() < 0.35:
        disc = sersic(radius, half_light, rng.uniform(0.45, 0.95))
        frame.add(normalise(disc, frame, 0.6 * amplitude), colour(age - 0.15, 0.04, rng))
        bulge = sersic(radius, 0.3 * half_light, rng.uniform(1, 2))
        frame.add(normalise(bulge, frame, 0.5 * amplitude), colour(age + 0.15, 0.04, rng))
    else:
        index = (1.2 + age) * np.exp(0.2 * rng.standard_normal())
        light = sersic(radius, half_light, index)
        frame.add(normalise(light, frame, amplitude), colour(age, 0.05, rng))


def draw_round(frame, rng) -> None:
    """Class 2, round and smooth."""
    age = np.clip(rng.normal(0.6, 0.3), 0, 1.1)
    draw_smooth(frame, rng, rng.uniform(0.86, 1), lognormal(rng, 11.5, 0.48), 2.3, age)


def draw_in_between(frame, rng) -> None:
    """Class 3, in-between round and smooth."""
    age = np.clip(rng.normal(0.65, 0.25), 0, 1.1)
    draw_smooth(frame, rng, rng.uniform(0.42, 0.72), lognormal(rng, 12.5, 0.38), 2.6, age)


def draw_cigar(frame, rng) -> None:
    """Class 4, cigar shaped and smooth."""
    age = np.clip(rng.normal(0.6, 0.3), 0, 1.1)
    draw_smooth(frame, rng, rng.uniform(0.22, 0.4), lognormal(rng, 15, 0.3), 2.9, age)


def draw_spiral(frame, rng, scale, pitch, contrast, age, bar_length=0.0) -> None:
    """A disc with logarithmic arms and knots of young stars, an older bulge, perhaps a bar."""
    inclination = np.arccos(rng.uniform(0.4, 1))
    u, v = rotate(frame.x, frame.y, rng.uniform(0, np.pi))
    v = v / np.float32(np.cos(inclination))
    radius, theta = np.hypot(u, v), np.arctan2(v, u) * rng.choice([-1, 1])
    disc = exponential_disc(radius, scale)
    n_arms = int(rng.choice([2, 3, 4], p=[0.7, 0.18, 0.12]))
    start = max(bar_length, 0.4 * scale)
    arms = spiral_arms(radius, theta, pitch, n_arms, start, rng.uniform(1, 2.5))
    arms = arms * np.clip(radius / np.float32(start) - 0.3, 0, 1)
    knots = np.exp(0.6 * smooth_field(rng, disc.shape, lognormal(rng, 4, 0.3)))
    ripple = np.exp(0.3 * smooth_field(rng, disc.shape, lognormal(rng, 14, 0.3)))
    frame.add(normalise(disc * (1 - 0.6 * contrast) * ripple, frame, 0.8), colour(age, 0.05, rng))
    boost = normalise(disc, frame, 2.2 * contrast)
    frame.add(boost * arms * knots * ripple, colour(age - 0.25, 0.05, rng))
    bulge = sersic(radius, 0.25 * scale, rng.uniform(0.8, 2))
    frame.add(normalise(bulge, frame, lognormal(rng, 1.2, 0.5)), colour(age + 0.3, 0.05, rng))
    if bar_length:
        along, across = rotate(u, v, 0.0)
        light = bar(along, across, bar_length, rng.uniform(0.2, 0.38))
        frame.add(light * np.float32(lognormal(rng, 1.2, 0.3)), colour(age + 0.25, 0.05, rng))


def draw_barred(frame, rng) -> None:
    """Class 5, barred spiral."""
    scale = lognormal(rng, 13.5, 0.4)
    pitch, contrast = np.radians(rng.uniform(10, 28)), rng.uniform(0.35, 0.85)
    age = rng.normal(0.42, 0.2)
    draw_spiral(frame, rng, scale, pitch, contrast, age, rng.uniform(0.75, 1.7) * scale)


def draw_tight(frame, rng) -> None:
    """Class 6, unbarred tight spiral."""
    pitch, contrast = np.radians(rng.uniform(7, 17)), rng.uniform(0.2, 0.75)
    draw_spiral(frame, rng, lognormal(rng, 12, 0.4), pitch, contrast, rng.normal(0.46, 0.2))


def draw_loose(frame, rng) -> None:
    """Class 7, unbarred loose spiral."""
    pitch, contrast = np.radians(rng.uniform(17, 36)), rng.uniform(0.45, 0.95)
    draw_spiral(frame, rng, lognormal(rng, 14, 0.4), pitch, contrast, rng.normal(0.3, 0.2))


def draw_edge_on(frame, rng, scale, height, age, bulge_size=0.0) -> None:
    """A disc from the side, thin, with a dust lane that reddens, perhaps with a bulge."""
    u, v = rotate(frame.x, frame.y, rng.uniform(0, np.pi))
    v = v + np.float32(rng.normal(0, 0.0015)) * u * u * np.float32(15 / scale)
    disc = edge_on_disc(u, v, scale, height)
    edge = np.abs(u) / np.float32(scale) - np.float32(rng.uniform(2.2, 3.4))
    disc = disc / (1 + np.exp(np.clip(6 * edge, -30, 30)))
    amplitude = lognormal(rng, 2.4, 0.3)
    middle = np.exp(-np.abs(u) / np.float32(1.2 * scale))
    frame.add(normalise(disc * (1 - 0.6 * middle), frame, 0.4 * amplitude), colour(age - 0.2))
    frame.add(normalise(disc * middle, frame, 0.6 * amplitude), colour(age + 0.2))
    if bulge_size:
        bulge = sersic(elliptical_radius(u, v, rng.uniform(0.6, 0.9)), bulge_size, 1.6)
        frame.add(normalise(bulge, frame, lognormal(rng, 1.6, 0.3)), colour(age + 0.25))
    if rng.random() < 0.75:
        tau = rng.uniform(0.3, 1.2) * np.exp(-((v / np.float32(0.45 * height)) ** 2)) * middle
        for band, strength in zip(frame.light, (0.45, 0.8, 1.1), strict=True):
            band *= np.exp(-np.float32(strength) * tau)


def draw_edge_on_plain(frame, rng) -> None:
    """Class 8, edge-on without bulge."""
    scale = lognormal(rng, 22, 0.55)
    draw_edge_on(frame, rng, scale, scale * rng.uniform(0.08, 0.19), rng.normal(0.5, 0.2))


def draw_edge_on_bulge(frame, rng) -> None:
    """Class 9, edge-on with bulge."""
    scale = lognormal(rng, 15, 0.45)
    bulge = lognormal(rng, 0.36, 0.25) * scale
    draw_edge_on(frame, rng, scale, scale * rng.uniform(0.09, 0.24), rng.normal(0.7, 0.2), bulge)


def tidal_tail(frame, rng, length: float, width: float) -> np.ndarray:
    """A tail of stars thrown out by tides, curved and fading (Toomre & Toomre 1972)."""
    u, v = rotate(frame.x, frame.y, rng.uniform(0, 2 * np.pi))
    v = v - np.float32(rng.normal(0, 0.5) / length) * u * u
    along = np.clip(u / np.float32(length), 0, None)
    tail = along * np.exp(-1.5 * along**2 - (v / (width * (0.5 + along))) ** 2)
    return tail * np.exp(0.4 * smooth_field(rng, tail.shape, 9))


def draw_disturbed(frame, rng) -> None:
    """Class 0, disturbed: a lopsided, clumpy galaxy with plumes."""
    size, age = lognormal(rng, 9.8, 0.42), np.clip(rng.normal(0.25, 0.25), -0.1, 1)
    shape = frame.light.shape[1:]
    bend = np.float32(0.5 * size)
    x = frame.x + bend * smooth_field(rng, shape, 2.5 * size)
    y = frame.y + bend * smooth_field(rng, shape, 2.5 * size)
    u, v = rotate(x, y, rng.uniform(0, np.pi))
    body = sersic(elliptical_radius(u, v, rng.uniform(0.4, 0.9)), size, rng.uniform(0.6, 1.3))
    body = body * np.exp(0.5 * smooth_field(rng, shape, max(0.4 * size, 3)))
    frame.add(normalise(body, frame, 2.0), colour(age, 0.05, rng))
    for _ in range(rng.integers(0, 3)):
        tail = tidal_tail(frame, rng, 2.5 * size, 0.5 * size)
        frame.add(tail * np.float32(lognormal(rng, 0.12, 0.5)), colour(age, 0.05, rng))


def draw_merging(frame, rng, offset=None) -> None:
    """Class 1, merging: two galaxies, a shared halo, tails."""
    separation, angle = np.clip(lognormal(rng, 19, 0.5), 7, 60), rng.uniform(0, 2 * np.pi)
    if offset is None:
        offset = (separation * np.cos(angle), separation * np.sin(angle))
    dry = rng.random() < 0.5
    for centre, size in (((0.0, 0.0), 8.5), (offset, 6.0)):
        other = Frame(frame.light)
        other.x, other.y = frame.x - np.float32(centre[0]), frame.y - np.float32(centre[1])
        age = rng.normal(0.85, 0.1) if dry else rng.normal(0.45, 0.2)
        if dry or rng.random() < 0.5:
            draw_smooth(other, rng, rng.uniform(0.5, 1), lognormal(rng, size, 0.35), 2.2, age)
        else:
            draw_spiral(other, rng, lognormal(rng, size, 0.3), 0.4, 0.7, age)
    if rng.random() < 0.75:
        halo = sersic(np.hypot(frame.x, frame.y), 25, 1.5)
        frame.add(normalise(halo, frame, 0.15), colour(0.7))
    if rng.random() < 0.6:
        frame.add(tidal_tail(frame, rng, 30, 6) * np.float32(0.15), colour(0.5))


PAINTERS: tuple[Callable, ...] = (
    draw_disturbed,
    draw_merging,
    draw_round,
    draw_in_between,
    draw_cigar,
    draw_barred,
    draw_tight,
    draw_loose,
    draw_edge_on_plain,
    draw_edge_on_bulge,
)


# ------------------------------------------------------------------------------------ whole picture


def draw(plan: Plan, size: int = 256) -> SimulatedGalaxy:
    """Draw one planned row; the same plan gives the same bytes, whenever it is drawn."""
    if plan.kind not in range(10):
        raise ValueError(f"kind must be a whole number from 0 to 9, not {plan.kind!r}.")
    rng = np.random.default_rng(plan.seed)
    zoom = 1.0 if rng.random() < 0.72 else rng.uniform(1, 2)
    offset = tuple(float(o / (NATIVE_PXSCALE * zoom)) for o in plan.offset)
    extra = int(np.ceil(max(abs(o) for o in offset)))
    full = size + 2 * (extra + MARGIN)
    light = np.zeros((3, full, full), dtype=np.float32)
    frame = Frame(light, tuple(rng.normal(0, 0.5, 2)))
    if plan.companion >= 0 and plan.kind == 1:
        draw_merging(frame, rng, offset)
    else:
        PAINTERS[plan.kind](frame, rng)
        if plan.companion >= 0:
            PAINTERS[plan.companion](Frame(light, offset), rng)
    add_neighbours(rng, light, zoom)
    light = blur(light, lognormal(rng, 1.28, 0.08) / NATIVE_PXSCALE / zoom)
    light += sky_background(rng, light.shape[1:])
    light += sky_noise(rng, light.shape[1:], lognormal(rng, 0.0095, 0.15))
    column, row = (round(o) if plan.view else 0 for o in offset)
    top, left = MARGIN + extra - row, MARGIN + extra + column
    cut = light[:, top : top + size, left : left + size]
    redshift = lognormal(rng, 0.09, 0.5)
    return SimulatedGalaxy(stretch(cut), redshift, NATIVE_PXSCALE * zoom)


def simulate_galaxy(
    kind: int, rng: int | np.random.Generator | None, size: int = 256
) -> np.ndarray:
    """Draw one galaxy of class ``kind`` (0 to 9): uint8 (size, size, 3).

    ``rng`` is what `numpy.random.default_rng` takes.
    """
    if kind not in range(10):
        raise ValueError(f"kind must be a whole number from 0 to 9, not {kind!r}.")
    seed = int(np.random.default_rng(rng).integers(2**63))
    return draw(Plan(int(kind), int(kind), 0.0, 0.0, seed), size).image


# --------------------------------------------------------------------------------- the whole sample

CONFUSED = {0: 7, 1: 0, 2: 3, 3: 2, 4: 3, 5: 7, 6: 7, 7: 0, 8: 9, 9: 8}
"""For each class, the one that volunteers most often take it for."""

PAIR_SHARE = 59 / 17736  # pairs of rows at one position with different labels
OVERLAP_SHARE = 122 / 17736  # further pairs within 33 arcsec
DISPUTED_SHARE = 0.03  # rows whose label is not what is drawn


def class_counts(n_images: int) -> list[int]:
    """Rows of each class, in the real proportions, that sum to ``n_images``."""
    edges = np.round(np.cumsum((0, *CLASS_COUNTS)) / sum(CLASS_COUNTS) * n_images).astype(int)
    return [int(n) for n in np.diff(edges)]


def sky_position(rng: np.random.Generator) -> tuple[float, float]:
    """A place in the survey: right ascension and declination in degrees."""
    if rng.random() < 0.9:
        return float(rng.uniform(110, 250)), float(rng.uniform(-4, 34))
    return float(rng.uniform(310, 405) % 360), float(rng.normal(0, 4))


def plan_sample(seed: int, n_images: int) -> list[Plan]:
    """Plan a sample of ``n_images`` rows, sorted by label, with the real data's traps in it."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(10), class_counts(n_images))).tolist()
    by_class: dict[int, list[int]] = {k: [] for k in range(10)}
    for label in labels:
        by_class[label].append(label)
    plans: list[Plan] = []
    n_pairs = max(3, round(PAIR_SHARE * n_images)) if n_images >= 200 else 0
    n_overlaps = max(3, round(OVERLAP_SHARE * n_images)) if n_images >= 200 else 0
    for i in range(n_pairs):
        label = (0, 0, 1, 0, 2, 7)[i % 6]
        other = (7, 3, 7, 7, 6, 9)[i % 6]
        base = Plan(label, label, *sky_position(rng), int(rng.integers(2**63)))
        plans += [base, base._replace(label=other)]
    for i in range(n_overlaps):
        kind = (1, 1, 1, 1, 8, 1, 1, 7)[i % 8]
        ra, dec = sky_position(rng)
        separation, angle = np.clip(lognormal(rng, 7, 0.6), 2, 32), rng.uniform(0, 2 * np.pi)
        dx, dy = float(separation * np.cos(angle)), float(separation * np.sin(angle))
        base = Plan(kind, kind, ra, dec, int(rng.integers(2**63)), kind, (dx, dy))
        there = (ra - dx / 3600 / np.cos(np.radians(dec))) % 360
        plans += [base, base._replace(ra=float(there), dec=dec + dy / 3600, view=1)]
    for plan in plans:
        if by_class[plan.label]:
            by_class[plan.label].pop()
    for label, rest in by_class.items():
        for _ in rest:
            kind = CONFUSED[label] if rng.random() < DISPUTED_SHARE else label
            plans.append(Plan(kind, label, *sky_position(rng), int(rng.integers(2**63))))
    order = sorted(rng.permutation(len(plans)).tolist(), key=lambda i: plans[i].label)
    return [plans[i] for i in order]
