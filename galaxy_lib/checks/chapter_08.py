"""Checks of the exercises of chapter 8, each beside its known mistakes."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checks.runner import exercise

# ------------------------------------------------------------------------------------ 8.1, 8.2


@exercise(8)
def weight_count():
    """Count the weights of 24 windows of 3×3 on 16 maps, with biases."""
    return 24 * 3 * 3 * 16 + 24


weight_count.mistakes(
    ("Each window has a bias too.", 24 * 9 * 16),
    ("A window lies on all 16 maps below, and there is one bias a window.", 24 * 9),
    ("A window lies on all 16 maps below.", 24 * 9 + 24),
    ("A bias belongs to a window, not to each map below.", 24 * 9 * 16 + 24 * 16),
    ("A bias belongs to a window, and there are 24.", 24 * 9 * 16 + 16),
    ("One bias a window: there are 24.", 24 * 9 * 16 + 1),
    ("That is one window: there are 24.", 9 * 16 + 1),
    ("That is one window without its bias: there are 24.", 9 * 16),
    ("A window has 3 rows and 3 columns.", 24 * 3 * 16 + 24),
    ("The pictures' 3 colours are not what this layer sees: it sees 16 maps.", 24 * 9 * 3 + 24),
    ("The weights are shared: the number of places does not count.", 24 * 9 * 16 * 16**2 + 24),
)


@exercise(8)
def receptive_field(layers):
    """Say how many pixels in a row reach one number after layers of (k, s)."""
    pixels = 1
    for k, s in reversed(layers):
        pixels = (pixels - 1) * s + k
    return pixels


@receptive_field.cases
def _(rng):
    yield "the layers [(5, 2), (3, 2), (2, 2)]", ([(5, 2), (3, 2), (2, 2)],)
    yield "one layer, [(7, 3)]", ([(7, 3)],)
    yield "the layers [(3, 1), (3, 1), (3, 1)]", ([(3, 1)] * 3,)
    some = [(int(rng.integers(2, 8)), int(rng.integers(1, 4))) for _ in range(4)]
    yield f"the layers {some}", (some,)


receptive_field.mistakes(
    ("The strides of the layers *below* spread a window, not its own: order.",
     lambda layers: receptive_field.right(layers[::-1])),
    ("Strides of 1 are assumed: a stride spreads the windows above it.",
     lambda layers: 1 + sum(k - 1 for k, _ in layers)),
    ("Each window begins with the pixel that is there already: add k − 1, not k.",
     lambda layers: sum(k * np.prod([s for _, s in layers[:i]])
                        for i, (k, _) in enumerate(layers))),
    ("A layer's own stride does not widen its own window.",
     lambda layers: 1 + sum((k - 1) * np.prod([s for _, s in layers[: i + 1]])
                            for i, (k, _) in enumerate(layers))),
    ("Windows overlap: their sizes are not to be multiplied.",
     lambda layers: np.prod([k for k, _ in layers])),
    ("That is the distance of neighbours, the product of the strides.",
     lambda layers: np.prod([s for _, s in layers])),
    ("Only the last layer is counted.", lambda layers: layers[-1][0]),
    ("The first pixel is missing: add 1.", lambda layers: receptive_field.right(layers) - 1),
    ("Count the pixels in a row, not in the square.",
     lambda layers: receptive_field.right(layers) ** 2),
    ("The topmost layer is left out.", lambda layers: receptive_field.right(layers[:-1])),
    ("The layer nearest to the picture is left out.",
     lambda layers: receptive_field.right(layers[1:])),
    ("That is the largest window alone.", lambda layers: max(k for k, _ in layers)),
    ("Neighbours share pixels: the sizes are not to be added up.",
     lambda layers: sum(k for k, _ in layers)),
    ("A window is spread by the product of all strides below it, not by one of them.",
     lambda layers: 1 + sum((k - 1) * s for k, s in layers),
     lambda layers: 1 + sum((k - 1) * (layers[i - 1][1] if i else 1)
                            for i, (k, _) in enumerate(layers))),
    ("That is one pixel too many.", lambda layers: receptive_field.right(layers) + 1),
)  # fmt: skip


# ------------------------------------------------------------------------------------ 8.3, 8.4


def _views(x, k, stride=1):
    """Give each window with its place, by loops over the places."""
    rows = (x.shape[0] - k) // stride + 1
    columns = (x.shape[1] - k) // stride + 1
    for i in range(rows):
        for j in range(columns):
            yield i, j, x[i * stride : i * stride + k, j * stride : j * stride + k]


def _map(w, x, k=None):
    k = k or len(w)
    h = np.zeros((x.shape[0] - k + 1, x.shape[1] - k + 1))
    for i, j, seen in _views(x, k):
        h[i, j] = np.sum(w * seen)
    return h


@exercise(8)
def slide(w, x):
    """Slide one window (k, k, C) over one picture (H, W, C)."""
    return _map(w, x)


@slide.cases
def _(rng):
    for k, shape in ((3, (6, 8, 2)), (2, (5, 4, 3)), (4, (4, 7, 1))):
        what = "a window of {0}×{0} and a picture of {1}×{2}×{3}".format(k, *shape)
        w = rng.normal(-2 * (shape[2] == 1), 1, (k, k, shape[2]))  # one map is all below 0
        yield what, (w, rng.uniform(0.01, 1, shape))


def _framed(x, n):
    return np.pad(x, ((n, n), (n, n), (0, 0)))


slide.mistakes(
    ("The window is mirrored: keep it as it is.", lambda w, x: _map(w[::-1, ::-1], x)),
    ("Rows and columns of the window are swapped.", lambda w, x: _map(w.swapaxes(0, 1), x)),
    ("One place in a row and in a column is missing: H − k + 1.",
     lambda w, x: _map(w, x)[:-1, :-1]),
    ("That is the first colour alone: add up over all.",
     lambda w, x: _map(w[:, :, :1], x[:, :, :1])),
    ("The mean is taken: add up.", lambda w, x: _map(w, x) / w.size),
    ("No frame of zeros here: the map is H − k + 1 high.",
     lambda w, x: _map(w, _framed(x, len(w) // 2))),
    ("That is the sum of the pixels alone: multiply by the weights.",
     lambda w, x: _map(np.ones_like(w), x)),
    ("The colours are still apart: add up over them too.",
     lambda w, x: np.stack([_map(w[:, :, [c]], x[:, :, [c]]) for c in range(w.shape[2])], axis=2)),
    ("The window is mirrored up and down: keep it as it is.", lambda w, x: _map(w[::-1], x)),
    ("The window is mirrored left and right: keep it as it is.", lambda w, x: _map(w[:, ::-1], x)),
    ("The window's colours are turned round.", lambda w, x: _map(w[..., ::-1], x)),
    ("That is the largest product: add them up.",
     lambda w, x: [[(w * x[i : i + len(w), j : j + len(w)]).max()
                    for j in range(x.shape[1] - len(w) + 1)] for i in range(len(x) - len(w) + 1)]),
    ("The last row is missing: H − k + 1.", lambda w, x: _map(w, x)[:-1]),
    ("The stride is 1: every place counts.", lambda w, x: _map(w, x)[::2, ::2]),
    ("Add up: divide by nothing.", lambda w, x: _map(w, x) / len(w) ** 2),
    ("Multiply pixel by pixel, not the two sums.",
     lambda w, x: _map(np.ones_like(w), x) * w.sum()),
    ("That is the first place alone.", lambda w, x: _map(w, x)[0, 0]),
    generic="flat sum mean positive",
)  # fmt: skip


@exercise(8)
def im2col(x, k, stride):
    """Write each place's window of one picture (H, W, C) as a column."""
    return np.stack([seen.ravel() for *_, seen in _views(x, k, stride)], axis=1)


@im2col.cases
def _(rng):
    for k, stride, shape in ((3, 2, (7, 9, 2)), (2, 1, (4, 5, 3)), (3, 3, (8, 6, 1))):
        what = "k={}, stride={} and a picture of {}×{}×{}".format(k, stride, *shape)
        yield what, (rng.uniform(0.01, 1, shape), k, stride)


_columns = im2col.right

im2col.mistakes(
    ("The stride is not used.", lambda x, k, s: _columns(x, k, 1)),
    ("The windows do not overlap: move by the stride, not by k.",
     lambda x, k, s: _columns(x, k, k)),
    ("The colours come first: a window is to be as `ravel` writes it, rows, columns, colours.",
     lambda x, k, s: np.stack([v.transpose(2, 0, 1).ravel() for *_, v in _views(x, k, s)], 1)),
    ("Rows and columns inside the windows are swapped.",
     lambda x, k, s: np.stack([v.swapaxes(0, 1).ravel() for *_, v in _views(x, k, s)], 1)),
    ("The places run down the columns first: i outside, j inside.",
     lambda x, k, s: im2col.right(x.swapaxes(0, 1), k, s).reshape(k, k, x.shape[2], -1)
     .swapaxes(0, 1).reshape(k * k * x.shape[2], -1)),
    ("That is the first colour alone.", lambda x, k, s: _columns(x[:, :, :1], k, s)),
    ("`ravel` goes row by row, the colours together: here it goes the other way round.",
     lambda x, k, s: np.stack([v.ravel("F") for *_, v in _views(x, k, s)], 1)),
    ("The windows are turned by 180°.",
     lambda x, k, s: np.stack([v[::-1, ::-1].ravel() for *_, v in _views(x, k, s)], 1)),
    ("The places come backwards.", lambda x, k, s: _columns(x, k, s)[:, ::-1]),
    ("The colours are averaged: keep all.",
     lambda x, k, s: _columns(x.mean(2, keepdims=True), k, s)),
    ("There is no frame here.", lambda x, k, s: _columns(_framed(x, 1), k, s),
     lambda x, k, s: _columns(_framed(x, k // 2), k, s)),
    ("That is the picture as one column: cut it into windows.",
     lambda x, k, s: x.reshape(-1, 1)),
    generic="flat left_out alone",
)  # fmt: skip


# ------------------------------------------------------------------------------------ 8.5, 8.6


def _squares(h, size):
    H, W, K = h.shape
    return h.reshape(H // size, size, W // size, size, K)


@exercise(8)
def max_pool(h, size):
    """Take the largest of each square of size×size places."""
    return _squares(h, size).max(axis=(1, 3))


@max_pool.cases
def _(rng):
    for size, shape in ((2, (4, 6, 3)), (3, (6, 3, 2)), (2, (2, 8, 1))):
        what = "size={} and maps of {}×{}×{}".format(size, *shape)
        yield what, (rng.normal(-3 * (shape[2] == 1), 1, shape), size)


max_pool.mistakes(
    ("That is the mean: take the largest.", lambda h, n: _squares(h, n).mean(axis=(1, 3))),
    ("That is the sum: take the largest.", lambda h, n: _squares(h, n).sum(axis=(1, 3))),
    ("That is the smallest.", lambda h, n: _squares(h, n).min(axis=(1, 3))),
    ("That is the upper left of each square.", lambda h, n: h[::n, ::n]),
    ("It is taken over the maps too: each map keeps its own.",
     lambda h, n: _squares(h, n).max(axis=(1, 3, 4))),
    ("That is one number a map: a square is `size` wide.", lambda h, n: h.max(axis=(0, 1))),
    ("The largest in size is taken: −3 is below 1.",
     lambda h, n: _squares(abs(h), n).max(axis=(1, 3))),
    ("The axes of the squares are mixed: split each axis in (places, size).",
     lambda h, n: h.reshape(n, len(h) // n, n, h.shape[1] // n, -1).max(axis=(0, 2))),
    ("The squares overlap: move by `size`.",
     lambda h, n: np.stack([v.max(axis=(0, 1)) for *_, v in _views(h, n)])
     .reshape(len(h) - n + 1, h.shape[1] - n + 1, -1)),
    ("That is the median: take the largest.", lambda h, n: np.median(_squares(h, n), axis=(1, 3))),
    ("A square has rows and columns: this takes the largest of rows alone.",
     lambda h, n: h.reshape(len(h) // n, n, *h.shape[1:]).max(axis=1)),
    ("A square has rows and columns: this takes the largest of columns alone.",
     lambda h, n: h.reshape(len(h), -1, n, h.shape[2]).max(axis=2)),
    ("Rows and columns of the maps are swapped.",
     lambda h, n: max_pool.right(h, n).swapaxes(0, 1)),
    ("The result is smaller: one number for each square.",
     lambda h, n: _spread(max_pool.right(h, n), n)),
    ("That is the first map alone.", lambda h, n: max_pool.right(h, n)[..., 0]),
    ("It is taken over the maps too, and kept as one map.",
     lambda h, n: max_pool.right(h, n).max(axis=2, keepdims=True)),
    generic="flat positive",
)  # fmt: skip


@exercise(8)
def max_pool_slope(d, h, size):
    """Send the slopes at the pooled numbers back to the places."""
    slope = np.zeros(h.shape)
    for i, j, k in np.ndindex(d.shape):
        square = h[i * size : (i + 1) * size, j * size : (j + 1) * size, k]
        p, q = np.unravel_index(square.argmax(), square.shape)
        slope[i * size + p, j * size + q, k] = d[i, j, k]
    return slope


@max_pool_slope.cases
def _(rng):
    for size, shape in ((2, (4, 6, 3)), (3, (6, 3, 2)), (2, (2, 8, 1))):
        what = "size={} and maps of {}×{}×{}".format(size, *shape)
        d = rng.normal(size=(shape[0] // size, shape[1] // size, shape[2]))
        yield what, (d, rng.normal(-2 * (shape[2] == 1), 1, shape), size)


def _spread(d, size):
    return d.repeat(size, axis=0).repeat(size, axis=1)


def _largest(h, size):
    return h == _spread(max_pool.right(h, size), size)


max_pool_slope.mistakes(
    ("That is the slope of the mean: here it all goes to the largest.",
     lambda d, h, n: _spread(d, n) / n**2),
    ("The slope belongs to the largest of each square, not to all.", lambda d, h, n: _spread(d, n)),
    ("That is the slope of the mean, cut down: the largest gets all of it.",
     lambda d, h, n: _largest(h, n) * _spread(d, n) / n**2),
    ("That is 1 at the largest: multiply by its slope.", lambda d, h, n: _largest(h, n) * 1.0),
    ("That is `h` at the largest: its slope goes there.", lambda d, h, n: _largest(h, n) * h),
    ("Slope and `h` are multiplied: the slope of a largest value is 1.",
     lambda d, h, n: _largest(h, n) * h * _spread(d, n)),
    ("It goes to the smallest of each square.", lambda d, h, n: max_pool_slope.right(d, -h, n)),
    ("It goes to the upper left of each square: look where the largest is.",
     lambda d, h, n: _spread(d, n) * (np.arange(h.shape[0]) % n == 0)[:, None, None]
     * (np.arange(h.shape[1]) % n == 0)[:, None]),
    ("Where `h` is below 0 it is 0: that is the slope of the ReLU, another layer.",
     lambda d, h, n: max_pool_slope.right(d, h, n) * (h > 0)),
    ("The result has the shape of `h`.", lambda d, h, n: d),
    ("It goes to all places but the largest.", lambda d, h, n: _spread(d, n) * ~_largest(h, n)),
    ("It goes to the largest in size: −3 is below 1.",
     lambda d, h, n: max_pool_slope.right(d, abs(h), n)),
    ("It goes to the largest of a whole map: each square has its own.",
     lambda d, h, n: _spread(d, n) * (h == h.max(axis=(0, 1)))),
    ("It goes to the largest of all maps: each map has its own.",
     lambda d, h, n: _spread(d, n) * _largest(h, n) * (h == h.max(2, keepdims=True))),
    ("The slopes are tiled: each is to be repeated over its own square.",
     lambda d, h, n: np.tile(d, (n, n, 1)) * _largest(h, n)),
    ("Rows and columns of the result are swapped.",
     lambda d, h, n: max_pool_slope.right(d, h, n).swapaxes(0, 1)),
    ("Where nothing arrives the slope is 0, not NaN.",
     lambda d, h, n: np.where(_largest(h, n), _spread(d, n), np.nan)),
    generic="flat absolute positive",
)  # fmt: skip


# ----------------------------------------------------------------------------------------- 8.7


@exercise(8)
def col2im(d_X, shape, k, stride):
    """Add the slopes at the columns back to the pixels of one picture."""
    H, W, C = shape
    d_x = np.zeros(shape)
    places = [(i, j) for i in range(0, H - k + 1, stride) for j in range(0, W - k + 1, stride)]
    for (i, j), column in zip(places, d_X.T, strict=True):
        d_x[i : i + k, j : j + k] += column.reshape(k, k, C)
    return d_x


@col2im.cases
def _(rng):
    for k, stride, shape in ((3, 2, (7, 9, 2)), (2, 1, (4, 5, 3)), (3, 1, (5, 4, 1))):
        what = "k={}, stride={} and a picture of {}×{}×{}".format(k, stride, *shape)
        places = ((shape[0] - k) // stride + 1) * ((shape[1] - k) // stride + 1)
        yield what, (rng.normal(size=(k * k * shape[2], places)), shape, k, stride)


def _last_wins(d_X, shape, k, stride):
    d_x = np.zeros(shape)
    for (i, j, _), column in zip(_views(d_x, k, stride), d_X.T, strict=True):
        d_x[i * stride : i * stride + k, j * stride : j * stride + k] = column.reshape(k, k, -1)
    return d_x


def _kept(which):
    """Return a function that keeps the first slope of each pixel, or the largest above 0."""

    def kept(d_X, shape, k, stride):
        d_x = np.zeros(shape)
        for (i, j, _), column in zip(_views(d_x, k, stride), d_X.T, strict=True):
            part = np.s_[i * stride : i * stride + k, j * stride : j * stride + k]
            new = column.reshape(k, k, -1)
            d_x[part] = (np.where(d_x[part], d_x[part], new), np.maximum(d_x[part], new))[which]
        return d_x

    return kept


def _windows(shape, k, stride):
    places = ((shape[0] - k) // stride + 1) * ((shape[1] - k) // stride + 1)
    return col2im.right(np.ones((k * k * shape[2], places)), shape, k, stride)


col2im.mistakes(
    ("A pixel in several windows gets the *sum* of their slopes: add, do not overwrite.",
     _last_wins),
    ("That is the mean over the windows: add up.",
     lambda d_X, shape, k, s: col2im.right(d_X, shape, k, s)
     / np.maximum(_windows(shape, k, s), 1)),
    ("That counts the windows: add their slopes.", lambda d_X, shape, k, s: _windows(shape, k, s)),
    ("A column is written as `ravel` does, rows, columns, colours; here the colours come first.",
     lambda d_X, shape, k, s: col2im.right(
         d_X.reshape(shape[2], k, k, -1).transpose(1, 2, 0, 3).reshape(d_X.shape), shape, k, s)),
    ("Rows and columns inside the windows are swapped.",
     lambda d_X, shape, k, s: col2im.right(
         d_X.reshape(k, k, shape[2], -1).swapaxes(0, 1).reshape(d_X.shape), shape, k, s)),
    ("`d_X` is read along its rows: a place is a column.",
     lambda d_X, shape, k, s: col2im.right(d_X.reshape(d_X.shape[::-1]).T, shape, k, s)),
    ("A pixel in several windows gets the sum of their slopes, not the first.", _kept(0)),
    ("A pixel in several windows gets the sum of their slopes, not the largest.", _kept(1)),
    ("The windows are turned by 180°.",
     lambda d_X, shape, k, s: col2im.right(
         d_X.reshape(k, k, shape[2], -1)[::-1, ::-1].reshape(d_X.shape), shape, k, s)),
    ("The places come backwards.", lambda d_X, *a: col2im.right(d_X[:, ::-1], *a)),
    ("The last place is left out.",
     lambda d_X, *a: col2im.right(d_X * (np.arange(d_X.shape[1]) < d_X.shape[1] - 1), *a)),
    ("That is the first place alone.",
     lambda d_X, *a: col2im.right(d_X * (np.arange(d_X.shape[1]) < 1), *a)),
    ("Add up: divide by nothing.",
     lambda d_X, shape, k, s: col2im.right(d_X, shape, k, s) / k**2),
    ("That is one colour alone.", lambda *a: col2im.right(*a)[..., 0]),
    ("Rows and columns of the picture are swapped.",
     lambda *a: col2im.right(*a).swapaxes(0, 1)),
    generic="flat absolute positive",
)  # fmt: skip
