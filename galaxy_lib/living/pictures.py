"""Galaxies for a figure in the page: the middles of their pictures, side by side in one file."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image  # matplotlib's own requirement

COLUMNS = 20
"""Galaxies in a row of `sprite`."""


def sprite(data_manager, rows: Sequence[int], side: int, quality: int = 70) -> tuple[bytes, int]:
    """Return the galaxies of ``rows`` as one WebP picture, `COLUMNS` of them a row.

    Each is the middle half of its picture, as means over blocks of pixels.

    Parameters
    ----------
    data_manager : DataManager
    rows : rows of the file
    side : int
        Pixels of a side of each galaxy, or as many as its middle half has.
    quality : int
        Of the WebP compression, 0 to 100.

    Returns
    -------
    picture : bytes
    side : int
        Pixels of a side of each galaxy in it.
    """
    images, rows = data_manager.images, np.asarray(rows)
    size = images.shape[1]
    block = max(1, size // 2 // side)
    side = size // 2 // block
    cut = slice((size - side * block) // 2, (size + side * block) // 2)
    canvas = np.zeros((-(-len(rows) // COLUMNS) * side, COLUMNS * side, 3), np.uint8)
    for i in np.argsort(rows):  # a compressed file is read fastest in its own order
        picture = images[rows[i]][cut, cut].reshape(side, block, side, block, 3)
        top, left = side * (i // COLUMNS), side * (i % COLUMNS)
        canvas[top : top + side, left : left + side] = picture.mean(axis=(1, 3)).round()
    Image.fromarray(canvas).save(file := io.BytesIO(), "WEBP", quality=quality, method=6)
    return file.getvalue(), side
