"""Simulated galaxies that look like the pictures of Galaxy10 DECaLS, drawn with NumPy.

A picture is built the way light reaches a telescope: galaxies with their discs, bulges, bars and
arms are laid on an empty frame in three bands (z, r, g), stars and background galaxies join them,
the air blurs everything, the detector adds noise, and a stretch turns light into colours. There is
one small function per ingredient; the page "How the sample was made" calls them one by one.

Lengths are in pixels, angles in radians, and light is in units of the stretch (1 is bright, the
noise of the sky is 0.01), float32, unless a docstring says otherwise. Nothing here knows of files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated, NamedTuple

import numpy as np
import scipy.fft
from numpy import ndarray as Array
from numpy.random import Generator

from galaxy_lib.checked import Class, Seed, checked, having, whole
from galaxy_lib.simulator.votes import TYPICAL_SEEING, votes

Range = tuple[float, float]

CLASS_COUNTS = (1081, 1853, 2645, 2027, 334, 2043, 1829, 2628, 1423, 1873)  # of Galaxy10 DECaLS
NATIVE_PXSCALE = 0.262  # arcsec per pixel of the Legacy Surveys' own pictures (Dey et al. 2019)
MARGIN = 16  # pixels drawn around a picture and cut away, so that nothing wraps at its edges
HUBBLE_LENGTH = 4.283e6  # kpc: the speed of light over 70 km/s/Mpc


class SimulatedGalaxy(NamedTuple):
    """One drawn row: ``image`` uint8 (size, size, 3), ``redshift``, ``pxscale`` (arcsec/pixel).

    ``votes`` uint8 (10,) are those of 5 or 40 volunteers for each class.
    """

    image: Array
    redshift: float
    pxscale: float
    votes: Array


class Plan(NamedTuple):
    """All that is needed to draw one row of the sample, in any order and in any process.

    ``kind`` is what is drawn, ``label`` what the file says; ``ra`` and ``dec`` are in degrees.
    ``companion`` is the class of a second galaxy (-1: none) that lies ``offset`` arcsec to the
    right and above; ``view`` 0 or 1 says which of the two the picture is centred on.
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
    """The sheet a galaxy is drawn on: light in three bands, and coordinates about its centre.

    ``light`` is float32 (3, height, width), bands z, r, g. ``x`` (1, width) grows to the right and
    ``y`` (height, 1) upwards, in pixels.
    """

    def __init__(self, light: Array, x: Array, y: Array) -> None:
        self.light, self.x, self.y = light, x, y

    @classmethod
    def empty(cls, height: int, width: int) -> Frame:
        """A dark frame with its origin in the middle."""
        x = np.arange(width, dtype=np.float32)[None, :] - (width - 1) / 2
        y = (height - 1) / 2 - np.arange(height, dtype=np.float32)[:, None]
        return cls(np.zeros((3, height, width), np.float32), x, y)

    def moved(self, dx: float, dy: float) -> Frame:
        """The same sheet with its origin moved by (dx, dy): for a galaxy that is off-centre."""
        return Frame(self.light, self.x - dx, self.y - dy)

    def warped(self, rng: Generator, size: float, strength: float) -> Frame:
        """The same sheet with coordinates bent by lumps of ``size``, as tides bend a galaxy."""
        shape = self.light.shape[1:]
        dx, dy = (strength * smooth_field(rng, shape, size) for _ in range(2))
        return Frame(self.light, self.x + dx, self.y + dy)

    def add(self, component: Array, colour: Array, level: float = 1.0) -> None:
        """Add a component (height, width) in a colour (3,), ``level`` times."""
        component = np.ascontiguousarray(component)  # that of a warped sheet runs down the columns
        part = np.empty_like(component)
        for band, weight in zip(self.light, colour, strict=True):
            band += np.multiply(component, float(weight * level), out=part)


def lognormal(rng: Generator, median: float, sigma: float) -> float:
    """One positive number around ``median``; ``sigma`` is the deviation of its logarithm."""
    return median * math.exp(sigma * rng.standard_normal())


# ---------------------------------------------------------------------------------- light profiles


def rotate(x: Array, y: Array, angle: float) -> tuple[Array, Array]:
    """Coordinates along and across a direction ``angle``, anticlockwise from the right."""
    c, s = math.cos(angle), math.sin(angle)
    return c * x + s * y, c * y - s * x


def elliptical_radius(u: Array, v: Array, q: float) -> Array:
    """Length of the long half-axis of the ellipse through (u, v) with axis ratio ``q`` = b/a."""
    squares = v / q
    squares *= squares
    squares += u * u
    return np.sqrt(squares, out=squares)


def sersic(radius: Array, half_light: float, index: float) -> Array:
    """Sérsic profile, 1 at the half-light radius: n = 1 is a disc, n = 4 an old elliptical.

    Sérsic 1963; b_n from Ciotti & Bertin 1999, as in Graham & Driver 2005.
    """
    b = 2 * index - 1 / 3 + 4 / (405 * index) + 46 / (25515 * index**2)
    # Half a pixel of softening: a pixel shows the mean over its area, not the cusp in its middle.
    power = np.log((radius * radius + 0.25) / half_light**2)
    power /= 2 * index
    fall = np.exp(power, out=power)
    fall -= 1
    fall *= -b
    return np.exp(fall, out=fall)


def exponential_disc(radius: Array, scale_length: float, edge: float | None = None) -> Array:
    """Exponential disc, 1 at the centre (Freeman 1970), three times steeper beyond ``edge``.

    Most discs break like this, at some 2 to 4 scale lengths (Pohlen & Trujillo 2006).
    """
    if edge is not None:
        radius = radius + 2 * np.maximum(radius - edge, 0)
    return np.exp(radius / -scale_length)


def bar(u: Array, v: Array, length: float, q: float) -> Array:
    """A bar along u, 1 at the centre, flat until near its ``length``, boxy (Athanassoula 1990)."""
    return np.exp(-1.5 * ((np.abs(u) / length) ** 3 + (v / (q * length)) ** 2))


def spiral_arms(
    radius: Array, theta: Array, pitch: float, n_arms: int, sharpness: float = 1.5
) -> Array:
    """Logarithmic arms, from 0 to 1, that cross every circle at the angle ``pitch``.

    Along an arm r grows as exp(theta * tan(pitch)), the shape of real arms (Kennicutt 1981).
    """
    winding = np.log(np.maximum(radius, 0.5)) / math.tan(pitch)
    return (0.5 + 0.5 * np.cos(n_arms * (theta - winding))) ** sharpness


def edge_on_disc(u: Array, v: Array, scale_length: float, height: float) -> Array:
    """A disc seen from its side, 1 at the centre: u along it, v across.

    Its light is s K1(s) sech²(v/height) with s = u/scale_length (van der Kruit & Searle 1981).
    NumPy has no Bessel functions: K1 is replaced by an expression that is right to 2 %.
    """
    s = np.abs(u) / scale_length
    fall = np.exp(-2 * np.minimum(np.abs(v) / height, 20))
    return np.sqrt(1 + math.pi / 2 * s) * np.exp(-s) * 4 * fall / (1 + fall) ** 2


def tidal_tail(rng: Generator, frame: Frame, start: float, length: float, width: float) -> Array:
    """A curved, patchy tail of stars thrown out by tides (Toomre & Toomre 1972)."""
    radius = np.sqrt(frame.x**2 + frame.y**2)
    u, v = rotate(frame.x, frame.y, rng.uniform(0, 2 * math.pi))
    bend = rng.normal(0, 0.6) / (start + length)
    off = (v - bend * u * u) / (width * (0.6 + radius / (start + length)))
    along = (radius - start) / length
    rise_and_fall = np.exp(-(np.maximum(along, 0) ** 2) * 2 - np.minimum(along, 0) ** 2 * 6)
    patches = np.exp(0.5 * smooth_field(rng, radius.shape, 1.5 * width))
    return np.where(u > 0, rise_and_fall * np.exp(-off * off) * patches, 0)


def shells(rng: Generator, frame: Frame, size: float) -> Array:
    """Faint arcs, sharp outside, left by a small galaxy that fell in (Malin & Carter 1983).

    They stand on both sides of one axis, at radii that grow outwards (Hernquist & Quinn 1988).
    """
    u, v = rotate(frame.x, frame.y, rng.uniform(0, 2 * math.pi))
    radius, light = elliptical_radius(u, v, rng.uniform(0.5, 1)), np.zeros_like(u + v)
    for side in rng.choice([-1, 1], rng.integers(1, 4)).tolist():
        inside = (rng.uniform(1.3, 4) * size - radius) / (0.3 * size)
        arc = np.clip(side * u / radius.clip(1) - rng.uniform(-0.1, 0.7), 0, 0.3) / 0.3
        light += arc * np.exp(-np.maximum(inside, 0) - 25 * np.minimum(inside, 0) ** 2)
    return light


def smooth_field(rng: Generator, shape: tuple[int, ...], scale: float) -> Array:
    """A random field of mean 0 and deviation about 1, float32, with soft lumps of size ``scale``.

    Random values on a coarse grid, blended smoothly in between ("value noise", Perlin 1985).
    """
    field = rng.standard_normal([int(n / scale) + 3 for n in shape], dtype=np.float32)
    for n in shape:  # one axis, then the other
        at = np.arange(n) / scale + rng.random()
        low = at.astype(int)
        t = (at - low).astype(np.float32)[:, None]
        t = t * t * (3 - 2 * t)
        here, beyond = field.take(low, 0), field.take(low + 1, 0)
        here *= 1 - t
        beyond *= t
        here += beyond
        field = here.T
    field *= 1.35
    return field


# ------------------------------------------------------------------------------------------ colour


def colour(g_r: float, r_z: float) -> Array:
    """Colour indices in AB magnitudes as weights (3,) of z, r, g in the survey's own pictures."""
    z, r, g = 2.2 * 10 ** (0.4 * (g_r + r_z)), 3.4 * 10 ** (0.4 * g_r), 6.0
    return np.array([z, r, g]) * (3 / (z + r + g))


def stars_of_age(rng: Generator, age: float, scatter: float = 0.07) -> Array:
    """Colour (3,) of a galaxy's stars: age 0 is young and blue, 1 old and red.

    A straight locus from the blue cloud to the red sequence (Strateva et al. 2001), with scatter.
    """
    g_r = 0.37 + 0.66 * age + scatter * rng.standard_normal()
    return colour(g_r, 0.05 + 0.635 * g_r + scatter * rng.standard_normal())


def one_star(rng: Generator, flux: float) -> Array:
    """Colour (3,) of a foreground star: most faint ones are red dwarfs (Covey et al. 2007)."""
    if rng.random() < (0.75 if flux < 20 else 0.4):
        g_r = rng.normal(1.45, 0.1)
        return colour(g_r, rng.uniform(0.6, 2.0))
    g_r = rng.uniform(0.1, 1.2)
    return colour(g_r, 0.55 * g_r - 0.1)


def stretch(light: Array) -> Array:
    """Turn light (3, height, width) into a picture, uint8 (height, width, 3) (Lupton et al. 2004).

    The asinh of the mean shows faint arms and bright cores at once; one factor for all bands keeps
    the colour.
    """
    mean, levels = np.zeros((2, *light.shape[1:]), light.dtype)
    for band in light:
        mean += np.maximum(band, 0, out=levels)
    mean /= 3
    mean += 1e-6
    factor = np.arcsinh(20 * mean)
    factor *= 255 / math.sqrt(20)
    factor /= mean
    picture = np.empty((*light.shape[1:], 3), np.uint8)
    for k, band in enumerate(light):
        np.multiply(band, factor, out=levels)
        levels += 0.5
        picture[..., k] = np.clip(levels, 0, 255, out=levels)
    return picture


# ------------------------------------------------------------------------------------ air and sky


def moffat(radius: Array, fwhm: float, beta: float = 2.7) -> Array:
    """A star seen through the air, 1 at the centre (Moffat 1969)."""
    alpha = fwhm / (2 * math.sqrt(2 ** (1 / beta) - 1))
    return (1 + (radius / alpha) ** 2) ** -beta


@lru_cache(maxsize=256)
def moffat_transform(fwhm: float, height: int, width: int) -> Array:
    """Fourier transform of a Moffat of unit flux: float32, (height, 2 * (width // 2 + 1)).

    It is real; each value stands twice, to multiply complex numbers as pairs of real ones.
    """
    # A star's four quarters are alike: one is computed.
    y, x = (np.minimum(np.arange(n), np.arange(n, 0, -1)) for n in (height, width))
    psf = moffat(np.hypot(*np.ogrid[: y.max() + 1, : x.max() + 1]), fwhm)[np.ix_(y, x)]
    return scipy.fft.rfft2(psf / psf.sum()).real.astype(np.float32).repeat(2, 1)


def blur(light: Array, seeing: float) -> Array:
    """Blur light (3, height, width) by the air; ``seeing`` is the full width at half maximum in z.

    A product of Fourier transforms; blue light is blurred more. Rounded, so that few are computed.
    """
    # SciPy's transforms keep float32, whichever NumPy is installed, and take half of its time.
    waves = scipy.fft.rfft2(light)
    for band, wider in zip(waves, (1.0, 1.05, 1.14), strict=True):
        pairs = band.view(band.real.dtype)
        pairs *= moffat_transform(round(5 * seeing * wider) / 5, *light.shape[1:])
    # In place along the columns, which irfft2 does not do.
    waves = scipy.fft.ifft(waves, axis=1, norm="forward", overwrite_x=True)
    blurred = scipy.fft.irfft(waves, light.shape[2], axis=2, norm="forward")
    blurred *= 1 / (light.shape[1] * light.shape[2])
    return blurred


def correlate(white: Array, near: float, far: float) -> Array:
    """Mix white noise with its neighbours, taps [far, near, 1, near, far] both ways."""
    for _ in range(2):
        mixed, beyond = white[1:-3] + white[3:-1], white[:-4] + white[4:]
        mixed *= near
        beyond *= far
        mixed += beyond
        mixed += white[2:-2]
        white = mixed.T
    white /= 1 + 2 * near**2 + 2 * far**2
    return white


def halve_colour(bands: Array) -> Array:
    """Keep brightness Y but average R - Y and B - Y over 2 x 2 pixels, as JPEG (Wallace 1992).

    ``bands`` (3, height, width) are overwritten. JPEG also rounds colours more coarsely: a sixth
    of their noise is lost, so 0.84/4 = 0.21.
    """
    red, green, blue = bands
    y = 0.299 * red + 0.587 * green
    y += 0.114 * blue
    halved = []
    for band in (red, blue):
        band -= y
        rows = band[::2] + band[1::2]
        halved.append(0.21 * (rows[:, ::2] + rows[:, 1::2]))
    red, blue = halved
    shares = np.empty((3, len(red), 1, y.shape[1]), np.float32)
    for half in (shares[..., ::2], shares[..., 1::2]):
        half[:, :, 0] = red, -0.509 * red - 0.194 * blue, blue
    # Two rows of pixels get the same share.
    np.add(y.reshape(len(red), 2, -1), shares, out=bands.reshape(3, len(red), 2, -1))
    return bands


def sky_noise(rng: Generator, shape: tuple[int, int], sigma: float) -> Array:
    """Noise of the sky in three bands, (3, height, width), about ``sigma`` in the middle band.

    Each band has its own, from the photons of the sky, most in z. Resampling to the picture's
    pixels made neighbours share it, and the survey stores its pictures as JPEG.
    """
    far, softer = rng.uniform(0.03, 0.09), rng.random() < 0.38  # some were resampled more
    near = rng.uniform(0.29, 0.37) if softer else rng.uniform(0.1, 0.2)
    sigma *= 1.12 - 0.5 * near  # sharing averages
    bands = np.empty((3, *shape), np.float32)
    ratios = (1.24, 1.0, 1.02) if softer else (1.36, 1.0, 0.93)
    for band, ratio in zip(bands, ratios, strict=True):
        white = rng.standard_normal((shape[0] + 4, shape[1] + 4), dtype=np.float32)
        extra = 0.03 if ratio > 1.3 else 0.0
        scale = sigma * lognormal(rng, ratio, 0.06)
        np.multiply(correlate(white, near + extra, -far), scale, out=band)
    return halve_colour(bands)


def sky_level(rng: Generator, shape: tuple[int, int]) -> Array:
    """What sky subtraction leaves: a level and a slope per band, (3, height, width)."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    level, up, across = rng.normal(0, 0.0003, (3, 3, 1, 1)).astype(np.float32)
    base = np.array([0.0298, 0.02895, 0.0290], np.float32)[:, None, None]
    base += 0.0004 * rng.standard_normal()
    base[0] += 0.0006 * rng.standard_normal()  # z and g err most, their skies vary
    base[2] += 0.0004 * rng.standard_normal()
    return base + level + up * y[:, None] + across * x[None, :]


# ------------------------------------------------------------------------------------- neighbours


def add_neighbours(rng: Generator, frame: Frame, zoom: float) -> None:
    """Scatter foreground stars and background galaxies over the frame.

    Their counts rise towards faint fluxes as a power law. ``zoom`` is the pixel scale over the
    native one: more sky, more neighbours, each of them smaller.
    """
    height, width = frame.light.shape[1:]
    # Fields differ: some look through more of the Milky Way, or at a cluster of galaxies.
    density = lognormal(rng, 52, 0.4) / 288**2
    for _ in range(rng.poisson(density * zoom**2 * height * width)):
        x, y, rank, chance = rng.random(4).tolist()
        x, y = 1 + (width - 3) * x, 1 + (height - 3) * y
        distance = zoom * math.hypot(x - width / 2, y - height / 2)
        flux = min(0.36 * (1 - rank) ** (-1 / 0.72), 2000) / zoom**2
        if chance < math.exp(-((distance / 9) ** 2)):
            continue  # a neighbour on the very core would make it a merger to volunteers
        if rng.random() < 0.55:
            # Bright stars saturate the detector, in each band by a different amount.
            lost = 1 if flux < 60 else np.exp(0.22 * rng.standard_normal(3))
            add_point(frame.light, x, y, flux * one_star(rng, flux) * lost)
        else:
            size = min(lognormal(rng, 1.5, 0.4) * flux**0.13, 7) / zoom
            add_small_galaxy(rng, frame.light, x, y, size, min(flux, 60))


def add_companions(rng: Generator, frame: Frame, zoom: float) -> None:
    """Add small galaxies close by, as company is no sign of a merger.

    Galaxies cluster: the density of others falls about as 1/distance (Davis & Peebles 1983).
    """
    height, width = frame.light.shape[1:]
    for _ in range(rng.poisson(0.7)):
        # A small sheet has no room for the farther ones.
        distance = rng.uniform(16, min(90, height / 2 - 2, width / 2 - 2)) / zoom
        angle = rng.uniform(0, 2 * math.pi)
        x, y = width / 2 + distance * math.cos(angle), height / 2 + distance * math.sin(angle)
        flux = min(5 * (1 - rng.random()) ** (-1 / 0.8), 120) / zoom**2
        size = min(lognormal(rng, 1.5, 0.4) * flux**0.13, 5) / zoom
        add_small_galaxy(rng, frame.light, x, y, size, flux)


def add_point(light: Array, x: float, y: float, flux: Array) -> None:
    """Put a point of ``flux`` (3,) at column x and row y, shared among the four pixels around."""
    i, j = int(y), int(x)
    above, left = 1 - y + i, 1 - x + j
    share = np.array([[above * left, above * (x - j)], [(y - i) * left, (y - i) * (x - j)]])
    light[:, i : i + 2, j : j + 2] += (flux[:, None, None] * share).astype(np.float32)


def add_small_galaxy(
    rng: Generator, light: Array, x: float, y: float, size: float, flux: float
) -> None:
    """Put a small exponential disc of ``flux`` and scale length ``size`` at column x and row y."""
    reach = int(5 * size) + 2
    top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
    part = light[:, top : int(y) + reach + 1, left : int(x) + reach + 1]
    v = (top - y + np.arange(part.shape[1], dtype=np.float32))[:, None]
    u = (left - x + np.arange(part.shape[2], dtype=np.float32))[None, :]
    angle, q, age = rng.random(3).tolist()
    u, v = rotate(u, v, math.pi * angle)
    disc = exponential_disc(elliptical_radius(u, v, 0.35 + 0.65 * q), size)
    weights = flux / disc.sum() * stars_of_age(rng, 0.1 + (1.4 - 0.1) * age)
    part += weights.astype(np.float32)[:, None, None] * disc


# ------------------------------------------------------------------------------------ ten classes


def unit_core(component: Array, frame: Frame) -> Array:
    """Scale a component so that its mean within 4.5 pixels of the frame's origin is 1."""
    i, j = int(np.abs(frame.y).mean(axis=1).argmin()), int(np.abs(frame.x).mean(axis=0).argmin())
    near = slice(max(i - 4, 0), i + 5), slice(max(j - 4, 0), j + 5)
    return component / max(float(component[near].mean()), 1e-3)


def add_halo(rng: Generator, frame: Frame, size: float, age: float, level: float = 0.06) -> None:
    """A faint round halo of old stars around a galaxy (Merritt et al. 2016)."""
    radius = elliptical_radius(*rotate(frame.x, frame.y, rng.uniform(0, 3)), rng.uniform(0.6, 1))
    frame.add(exponential_disc(radius, size), stars_of_age(rng, age), lognormal(rng, level, 0.5))


def draw_smooth(rng: Generator, frame: Frame, size: float, q: Range, level: float) -> None:
    """A smooth galaxy: one Sérsic profile, or a sharp-edged disc around a small bulge."""
    age = rng.normal(0.82, 0.15) if rng.random() < 0.65 else rng.normal(0.35, 0.25)
    u, v = rotate(frame.x, frame.y, rng.uniform(0, math.pi))
    radius = elliptical_radius(u, v, rng.uniform(*q))
    level = lognormal(rng, level, 0.45)
    # The flatter it looks, the likelier it is a disc (Padilla & Strauss 2008).
    if rng.random() < (0.4 if q[1] > 0.5 else 0.5):
        share = rng.uniform(0.15, 0.65)  # of the bulge (Simard et al. 2011)
        disc = sersic(radius, size, rng.uniform(0.4, 1))
        disc *= np.exp(rng.uniform(0, 0.25) * smooth_field(rng, disc.shape, max(0.4 * size, 4)))
        frame.add(unit_core(disc, frame), stars_of_age(rng, age - 0.1), (1 - share) * level)
        bulge = unit_core(sersic(radius, rng.uniform(0.2, 0.4) * size, rng.uniform(1, 2)), frame)
        frame.add(bulge, stars_of_age(rng, age + 0.2), share * level)
    else:
        index = (1.2 + max(age, 0)) * lognormal(rng, 1, 0.3)
        light = sersic(radius, size, index)
        if age < 0.5:  # young stars are born in patches
            light *= np.exp(0.18 * smooth_field(rng, light.shape, max(0.5 * size, 4)))
        light = unit_core(light, frame)
        # Old galaxies are redder in the middle, where their stars hold more metals.
        red = np.exp(-radius / (0.7 * size))
        frame.add(light * red, stars_of_age(rng, age + 0.2), level)
        frame.add(light * (1 - red), stars_of_age(rng, age - 0.2), level)
    if rng.random() < 0.7 and q[0] > 0.4:
        add_halo(rng, frame, 2 * size, age)


def draw_spiral(
    rng: Generator, frame: Frame, size: float, pitch: Range, arms: Range, age: float, barred=False
) -> None:
    """A disc with arms of young stars, knots of newborn ones, an older bulge, perhaps a bar.

    ``size`` is the scale length, ``pitch`` a range in degrees, ``arms`` of the arms' strength.
    """
    tilt = rng.uniform(0.35, 1)  # cosine of the inclination: discs point anywhere
    u, v = rotate(frame.x, frame.y, rng.uniform(0, math.pi))
    v = v / tilt
    radius, theta = np.sqrt(u * u + v * v), np.arctan2(v, u)
    shape, age = radius.shape, rng.normal(age, 0.2)
    strength = rng.uniform(*arms)
    level = lognormal(rng, 1.05, 0.45)
    edge = rng.uniform(1.8, 3.6) * size
    half_bar = rng.uniform(0.8, 1.8) * size if barred else 0.0
    disc = exponential_disc(radius, size, edge)
    if barred:  # within its reach a bar leaves little to form stars from (James & Percival 2018)
        disc *= 1 - 0.5 * np.exp(-((radius / half_bar) ** 4))
    bar_angle = rng.uniform(0, 2 * math.pi)
    # Real arms waver, differ in strength, begin outside the bulge or at the bar's ends, and end.
    pitch_angle = math.radians(rng.uniform(*pitch)) * (-1 if rng.random() < 0.5 else 1)
    start = math.log(half_bar + 1) / math.tan(pitch_angle)
    waver = rng.uniform(0.2, 0.5) * smooth_field(rng, shape, 1.5 * size)
    n_arms = int(rng.choice([2, 3, 4], p=[0.9, 0.05, 0.05] if barred else [0.75, 0.15, 0.1]))
    along_arm = theta + waver - bar_angle + start
    wave = spiral_arms(radius, along_arm, pitch_angle, n_arms, rng.uniform(1, 3))
    # A third of all discs are clearly lopsided (Zaritsky & Rix 1997).
    wave *= 1 + rng.uniform(0, 0.7) * np.cos(theta - rng.uniform(0, 6.3))
    wave *= np.clip(1.5 * radius / max(half_bar, 0.5 * size) - 0.7, 0, 1)
    clumps = np.exp(rng.uniform(0.2, 0.6) * smooth_field(rng, shape, lognormal(rng, 4.5, 0.2)))
    patches = np.exp(0.25 * smooth_field(rng, shape, 1.2 * size))
    frame.add(disc * patches, stars_of_age(rng, age), level * (1 - 0.75 * strength))
    # Arms may go on as faint streamers where the old disc has ended.
    reach = rng.uniform(1, 1.8) * edge
    young = exponential_disc(radius, rng.uniform(1.15, 1.5) * size, reach) * wave * clumps * patches
    frame.add(young, stars_of_age(rng, age - 0.22), 1.6 * level * strength)
    add_knots(rng, frame, young, rng.poisson(14 * strength), age - 0.5)
    # Few bulges are quite round, many unbarred ones are ovals (Kormendy & Kennicutt 2004).
    oval = rotate(u, v, rng.uniform(0, math.pi))
    round_ = elliptical_radius(*oval, rng.uniform(0.6, 1)) * lognormal(rng, 1, 0.15)
    bulge = unit_core(sersic(round_, 0.28 * size, 1.5), frame)
    # Loosely wound galaxies have the smaller bulges (Hubble 1926).
    bulge_level = (1.0 if barred else 1.6) * math.exp(-1.8 * abs(pitch_angle))
    frame.add(bulge, stars_of_age(rng, age + 0.45), lognormal(rng, bulge_level, 0.6))
    if barred:
        light = bar(*rotate(u, v, bar_angle), half_bar, rng.uniform(0.16, 0.34))
        frame.add(light, stars_of_age(rng, age + 0.35), lognormal(rng, 2.1, 0.35))
        if rng.random() < 0.4:  # gas gathers in a ring around the bar (Buta & Combes 1996)
            ring = np.exp(-(((radius - 1.1 * half_bar) / (0.2 * half_bar)) ** 2)) * patches
            frame.add(ring, stars_of_age(rng, age), 0.3 * level * rng.random())
    if rng.random() < 0.7:
        add_halo(rng, frame, 1.7 * size, age + 0.2)


def add_knots(rng: Generator, frame: Frame, where: Array, n: int, age: float) -> None:
    """Add ``n`` star-forming knots, unresolved and blue, likelier where ``where`` is bright."""
    if n == 0:
        return
    where = where[:-1, :-1]
    in_row = where.sum(axis=1, dtype=np.float64)
    below = np.cumsum(in_row)
    for chance in (rng.random(n) * below[-1]).tolist():
        row = int(below.searchsorted(chance))
        along = np.cumsum(where[row, :-1], dtype=np.float64)
        column = int(along.searchsorted(chance - below[row] + in_row[row]))
        flux = lognormal(rng, 4, 0.8) * where[row, column] * stars_of_age(rng, age)
        add_point(frame.light, column, row, flux)


def draw_edge_on(rng: Generator, frame: Frame, size: float, age: float, bulge: float = 0) -> None:
    """A disc from its side: bluer ends, a dust lane that dims and reddens, perhaps a bulge.

    ``size`` is the scale length, ``bulge`` the half-light radius of the bulge over it.
    """
    u, v = rotate(frame.x, frame.y, rng.uniform(0, math.pi))
    # Half of all such discs are bent, most like an S (Sanchez-Saavedra et al. 1990).
    v = v + rng.normal(0, 0.012) / size * u * u + rng.normal(0, 0.015) / size * u * np.abs(u)
    height, age = size * rng.uniform(0.09, 0.22), rng.normal(age, 0.18)
    edge = rng.uniform(2.2, 3.6) * size
    taper = np.maximum(1 - (u / edge) ** 2, 0.05)  # the rim is thinner than the middle
    disc = edge_on_disc(u, v / np.sqrt(taper), size, height) * np.minimum(2 * taper - 0.1, 1)
    disc *= np.exp(0.2 * smooth_field(rng, disc.shape, max(0.2 * size, 4)))
    disc *= 1 + np.clip(rng.normal(0, 0.15) * u / size, -0.5, 0.5)
    disc = unit_core(disc, frame)
    middle = np.exp(-((u / (1.3 * size)) ** 2))
    level = lognormal(rng, 1.4 if bulge else 1.8, 0.42)
    frame.add(disc * (1 - 0.8 * middle), stars_of_age(rng, age - 0.3), level)
    frame.add(disc * middle, stars_of_age(rng, age + 0.25), 0.7 * level)
    if bulge:
        half_light = lognormal(rng, bulge, 0.3) * size
        radius = elliptical_radius(u, v, rng.uniform(0.5, 1))
        round_ = unit_core(sersic(radius, half_light, rng.uniform(1.2, 2.6)), frame)
        frame.add(round_, stars_of_age(rng, age + 0.25), lognormal(rng, 1.8, 0.36))
    if rng.random() < 0.75:
        patches = np.exp(0.7 * smooth_field(rng, disc.shape, max(0.2 * size, 4)))
        add_dust_lane(frame, u, v, 1.5 * size, 0.45 * height, rng.uniform(0.3, 1.6) * patches)


def add_dust_lane(
    frame: Frame, u: Array, v: Array, length: float, width: float, depth: Array | float
) -> None:
    """Dim what is drawn along the line v = 0: dust takes most from g, least from z.

    The ratios of the bands follow the law of Cardelli, Clayton & Mathis 1989.
    """
    tau = depth * np.exp(-((v / width) ** 2) - (u / length) ** 2)
    for band, share in zip(frame.light, (0.45, 0.75, 1.1), strict=True):
        band *= np.exp(-share * tau)


def draw_irregular(rng: Generator, frame: Frame, size: float, age: float) -> None:
    """A young galaxy without order: a warped, clumpy Sérsic profile."""
    bent = frame.warped(rng, rng.uniform(2, 3) * size, rng.uniform(0.3, 0.5) * size)
    u, v = rotate(bent.x, bent.y, rng.uniform(0, math.pi))
    radius = elliptical_radius(u, v, rng.uniform(0.25, 0.85))
    body = sersic(radius, size, rng.uniform(0.6, 1.3))
    body *= np.exp(rng.uniform(0.2, 0.55) * smooth_field(rng, body.shape, max(0.5 * size, 4)))
    body *= 1 + np.clip(rng.normal(0, 0.35) * u / size, -0.7, 0.7)  # one side is brighter
    frame.add(unit_core(body, frame), stars_of_age(rng, age), lognormal(rng, 0.95, 0.4))
    add_knots(rng, frame, body, rng.poisson(6), age - 0.3)
    core = sersic(elliptical_radius(u, v, rng.uniform(0.4, 1)), 0.3 * size, 1.0)
    core_age = age + rng.uniform(0, 0.6)
    frame.add(unit_core(core, frame), stars_of_age(rng, core_age), lognormal(rng, 0.6, 0.7))


def draw_disturbed(rng: Generator, frame: Frame, size: float) -> None:
    """A galaxy out of balance: irregular, a bent spiral, or smooth; with plumes and tails."""
    age, level = rng.normal(0.25, 0.22), lognormal(rng, 0.16, 0.6)
    kind = rng.choice(3, p=[0.58, 0.24, 0.18])
    if kind == 0:
        draw_irregular(rng, frame, size, age)
    elif kind == 1:
        bent = frame.warped(rng, 2.5 * size, rng.uniform(0.2, 0.5) * size)
        draw_spiral(rng, bent, 0.9 * size, (17, 40), (0.3, 0.9), age)
    else:
        age = rng.normal(0.6, 0.25)
        bent = frame.warped(rng, 3 * size, rng.uniform(0, 0.3) * size)
        draw_smooth(rng, bent, 0.8 * size, (0.45, 1), 1.8)
    for _ in range(rng.integers(0 if kind == 0 else 1, 3)):
        width = lognormal(rng, 0.35, 0.45) * size
        tail = tidal_tail(rng, frame, 0.9 * size, lognormal(rng, 2.2, 0.5) * size, width)
        frame.add(tail, stars_of_age(rng, age), level)
    if rng.random() < (0.4 if kind == 2 else 0.12):
        frame.add(shells(rng, frame, size), stars_of_age(rng, age), 0.6 * level)
    plume = frame.moved(*rng.normal(0, 0.9 * size, 2).tolist()).warped(rng, 3 * size, 0.6 * size)
    add_halo(rng, plume, rng.uniform(0.9, 1.8) * size, age, 0.12)


def draw_merging(rng: Generator, frame: Frame, size: float, offset: tuple | None = None) -> None:
    """Two galaxies close by, ``offset`` from one to the other, with a shared halo and tails."""
    if offset is None:
        gap, angle = min(max(lognormal(rng, 20, 0.5), 8), 70), rng.uniform(0, 2 * math.pi)
        offset = (gap * math.cos(angle), gap * math.sin(angle))
    dry = rng.random() < 0.5  # two old galaxies without gas
    second = frame.moved(*offset)
    for part, share in ((frame, 1.0), (second, rng.uniform(0.4, 1.0))):
        draw = rng.random()
        if dry or draw < 0.3:
            draw_smooth(rng, part, rng.uniform(0.7, 1) * size * share, (0.45, 1), 1.9)
        elif draw < 0.65:
            bent = part.warped(rng, 2.5 * size, 0.3 * size)
            draw_spiral(rng, bent, 0.8 * size * share, (20, 40), (0.4, 0.9), 0.4)
        else:
            draw_irregular(rng, part, 0.8 * size * share, 0.35)
        if rng.random() < 0.45:
            width = lognormal(rng, 0.3, 0.4) * size
            tail = tidal_tail(rng, part, 0.8 * size, lognormal(rng, 2.2, 0.5) * size, width)
            frame.add(tail, stars_of_age(rng, 0.5), lognormal(rng, 0.2, 0.6))
    if rng.random() < 0.15:
        frame.add(shells(rng, frame, size), stars_of_age(rng, 0.65), lognormal(rng, 0.1, 0.6))
    if rng.random() < 0.85:
        middle = frame.moved(0.4 * offset[0], 0.4 * offset[1]).warped(rng, 3 * size, 0.5 * size)
        add_halo(rng, middle, rng.uniform(1.3, 2.2) * size, 0.75, 0.18)


KINDS: tuple[tuple[Callable[..., None], float, float, float, tuple], ...] = (
    # function, typical size in native pixels, deviation of its log, size in kpc, more arguments
    (draw_disturbed, 12.5, 0.42, 4.0, ()),
    (draw_merging, 11.5, 0.4, 5.0, ()),
    (draw_smooth, 10.8, 0.5, 5.0, ((0.86, 1.0), 2.1)),
    (draw_smooth, 11.5, 0.42, 5.0, ((0.42, 0.72), 2.3)),
    (draw_smooth, 14.2, 0.4, 5.0, ((0.2, 0.42), 2.5)),
    (draw_spiral, 15.0, 0.4, 5.0, ((13, 34), (0.2, 0.8), 0.48, True)),
    (draw_spiral, 14.0, 0.38, 4.5, ((7, 17), (0.2, 0.75), 0.46)),
    (draw_spiral, 14.5, 0.4, 4.5, ((17, 39), (0.45, 0.95), 0.3)),
    (draw_edge_on, 25.0, 0.6, 5.0, (0.55,)),
    (draw_edge_on, 18.0, 0.5, 5.0, (0.8, 0.45)),
)
"""How each of the ten classes is drawn, in the order of the data set."""


# ----------------------------------------------------------------------------------- whole picture


Planned = Annotated[Plan, having("companion", "give a Plan, as plan_sample makes them")]
Side = Annotated[int, partial(whole, low=16, high=1024)]
Rows = Annotated[int, partial(whole, high=1_000_000)]


@checked
def draw(plan: Planned, size: Side = 256) -> SimulatedGalaxy:
    """Draw one planned row; the same plan gives the same bytes, whenever and wherever drawn."""
    if not isinstance(plan.kind, int | np.integer) or plan.kind not in range(10):
        raise ValueError(f"kind must be a whole number from 0 to 9, not {plan.kind!r}.")
    rng = np.random.default_rng(plan.seed)
    paint, typical, spread, kpc, arguments = KINDS[plan.kind]
    # Size over the typical one; from smaller ones volunteers could not have told the class.
    excess = max(lognormal(rng, 1, spread), 0.65)
    # Large galaxies come in coarser pixels, so that they fit.
    zoom = min(max((excess / 1.3) ** 0.6 * lognormal(rng, 1, 0.1), 1.0), 2.0)
    pxscale = NATIVE_PXSCALE * zoom
    angle = math.radians(excess * typical * NATIVE_PXSCALE / 3600)
    distance = lognormal(rng, kpc, 0.3) / angle / HUBBLE_LENGTH
    redshift = distance / (1 - min(distance, 0.5))  # Hubble's law for angular-diameter distances
    offset = (plan.offset[0] / pxscale, plan.offset[1] / pxscale)
    extra = math.ceil(max(abs(offset[0]), abs(offset[1])))
    full = size + size % 2 + 2 * (extra + MARGIN)
    sheet = Frame.empty(full, full)
    frame = sheet.moved(*rng.normal(0, 0.5, 2).tolist())
    pair = (offset,) if plan.kind == 1 and plan.companion >= 0 else ()
    paint(rng, frame, excess * typical / zoom, *arguments, *pair)
    if plan.companion >= 0 and not pair:
        paint, typical, _, _, arguments = KINDS[plan.companion]
        paint(rng, sheet.moved(*offset), typical / zoom, *arguments)
    add_neighbours(rng, sheet, zoom)
    add_companions(rng, sheet, zoom)
    # The survey's median seeing is 1.11 arcsec in z (Dey et al. 2019); pixels widen it a little.
    seeing = lognormal(rng, TYPICAL_SEEING, 0.12)
    light = blur(sheet.light, seeing / pxscale)
    # Pixels saturate, so that the cores of bright stars turn white.
    light = np.minimum(light[:, MARGIN:-MARGIN, MARGIN:-MARGIN], 6)
    light += sky_level(rng, light.shape[1:])
    light += sky_noise(rng, light.shape[1:], lognormal(rng, 0.0137, 0.17) * zoom**-0.6)
    column, row = (round(o) if plan.view else 0 for o in offset)
    top, left = extra - row, extra + column
    picture = stretch(light[:, top : top + size, left : left + size])
    # A few real galaxies have no measured redshift.
    redshift = redshift if rng.random() > 0.02 else math.nan
    said = votes((plan.seed, plan.view), plan.kind, excess, seeing)
    return SimulatedGalaxy(picture, redshift, pxscale, said)


@checked
def simulate_galaxy(kind: Class, rng: Seed, size: Side = 256) -> Array:
    """Draw one galaxy of class ``kind`` (0 to 9): uint8 (size, size, 3).

    ``rng`` is what `numpy.random.default_rng` takes. A smaller ``size`` cuts out less sky.
    """
    seed = int(np.random.default_rng(rng).integers(2**63))
    return draw(Plan(kind, kind, 0.0, 0.0, seed), size).image


# -------------------------------------------------------------------------------- the whole sample

# For each label, the class that is drawn where the label is wrong; then the labels of two rows
# that show one galaxy, about as often as in the real data.
CONFUSED = (7, 0, 3, 2, 3, 7, 7, 0, 9, 8)
TWICE = ((0, 7),) * 5 + ((1, 7), (1, 7), (0, 3), (2, 6), (7, 9), (0, 2))
TWICE_SHARE = 59 / 17736  # such pairs per row of the real data
CLOSE_SHARE = 122 / 17736  # pairs of different galaxies within 33 arcsec
DISPUTED_SHARE = 0.03  # rows whose label is not what is drawn; our guess


def class_counts(n_images: int) -> Array:
    """Rows of each class, (10,), in the real proportions; their sum is ``n_images``."""
    edges = np.cumsum((0, *CLASS_COUNTS)) / sum(CLASS_COUNTS) * n_images
    return np.diff(np.round(edges).astype(int))


def sky_position(rng: Generator) -> tuple[float, float]:
    """A place in the surveys, right ascension and declination in degrees, roughly as the real."""
    if rng.random() < 0.9:  # north of the Milky Way, the far north by two other telescopes
        low, high = math.sin(math.radians(-4)), math.sin(math.radians(70))
        return rng.uniform(110, 250), math.degrees(math.asin(rng.uniform(low, high)))
    return rng.uniform(310, 405) % 360, rng.normal(0, 5)


def plan_close_pair(rng: Generator, kind: int) -> list[Plan]:
    """Two rows that each show the other's galaxy, at most 32 arcsec away."""
    ra, dec = sky_position(rng)
    separation, angle = min(lognormal(rng, 7, 0.6), 32.0), rng.uniform(0, 2 * math.pi)
    right, up = separation * math.cos(angle), separation * math.sin(angle)
    first = Plan(kind, kind, ra, dec, int(rng.integers(2**63)), kind, (right, up))
    # Right ascension grows to the left, and its circles shrink away from the equator.
    there = (ra - right / 3600 / math.cos(math.radians(dec))) % 360
    return [first, first._replace(ra=there, dec=dec + up / 3600, view=1)]


@checked
def plan_sample(seed: Seed, n_images: Rows) -> list[Plan]:
    """Plan a sample of ``n_images`` rows, sorted by label, with the real data's traps in it.

    From 200 rows on it has a few galaxies that come twice with different labels, a few close
    neighbours, and at any size some labels between classes that volunteers confuse.
    """
    rng = np.random.default_rng(seed)
    counts = class_counts(n_images)
    plans: list[Plan] = []
    if n_images >= 200:
        for i in range(max(3, round(TWICE_SHARE * n_images))):
            one, two = TWICE[rng.integers(len(TWICE))] if i else TWICE[0]
            plan = Plan(one, one, *sky_position(rng), int(rng.integers(2**63)))
            plans += [plan, plan._replace(label=two)]
        for i in range(max(3, round(CLOSE_SHARE * n_images))):
            plans += plan_close_pair(rng, (1, 1, 1, 1, 1, 8, 1, 1, 1, 7)[i % 10])
        counts -= np.bincount([plan.label for plan in plans], minlength=10)
    for label in range(10):
        for _ in range(counts[label]):
            kind = CONFUSED[label] if rng.random() < DISPUTED_SHARE else label
            plans.append(Plan(kind, label, *sky_position(rng), int(rng.integers(2**63))))
    plans = [plans[i] for i in rng.permutation(len(plans))]
    return sorted(plans, key=lambda plan: plan.label)
