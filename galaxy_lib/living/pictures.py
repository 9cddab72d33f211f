"""Galaxies for a figure in the page: their pictures, side by side in one file."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image  # matplotlib's own requirement

MOST_BYTES = 120_000


def sprite(pictures: np.ndarray) -> bytes:
    """Return pictures as the tiles of a single one, row after row: WebP of at most 120 kB.

    ``src/sprite.js`` takes it apart again.

    Parameters
    ----------
    pictures : array (N, side, side, 3)
        In [0, 255]; fractions are rounded.
    """
    n, side = pictures.shape[:2]
    columns = math.ceil(math.sqrt(n))
    tiles = np.zeros((columns * math.ceil(n / columns), side, side, 3), np.uint8)
    tiles[:n] = np.clip(np.rint(pictures), 0, 255)
    grid = tiles.reshape(-1, columns, side, side, 3).swapaxes(1, 2)
    picture = Image.fromarray(grid.reshape(-1, columns * side, 3))
    for quality in (80, 65, 50, 35, 20):  # real sky has noise, which weighs
        picture.save(file := io.BytesIO(), "WEBP", quality=quality, method=6)
        if len(file.getvalue()) <= MOST_BYTES:
            break
    return file.getvalue()


def middles(data_manager, rows: Sequence[int], side: int) -> np.ndarray:
    """Return the middle halves of some pictures, as means over blocks of pixels.

    Parameters
    ----------
    data_manager : DataManager
    rows : rows of the file
    side : int
        Pixels of a side of each galaxy, or as many as its middle half has.

    Returns
    -------
    float array (N, side, side, 3), in [0, 255]
    """
    images, rows = data_manager.images, np.asarray(rows)
    size = images.shape[1]
    block = max(1, size // 2 // side)
    side = size // 2 // block
    cut = slice((size - side * block) // 2, (size + side * block) // 2)
    found = np.empty((len(rows), side, side, 3))
    for i in np.argsort(rows):  # a compressed file is read fastest in its own order
        picture = images[rows[i]][cut, cut].reshape(side, block, side, block, 3)
        found[i] = picture.mean(axis=(1, 3))
    return found
