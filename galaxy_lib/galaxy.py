"""One galaxy: its picture, scaled for a network, and the class that volunteers gave it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np

from galaxy_lib.checked import AnyArray, AnyAxes, Class, an_array, checked, having, whole, wrong

if TYPE_CHECKING:
    from matplotlib.axes import Axes

galaxy_types: dict[int, str] = {
    0: "disturbed galaxies",
    1: "merging galaxies",
    2: "round smooth galaxies",
    3: "in-between round smooth galaxies",
    4: "cigar shaped smooth galaxies",
    5: "barred spiral galaxies",
    6: "unbarred tight spiral galaxies",
    7: "unbarred loose spiral galaxies",
    8: "edge-on galaxies without bulge",
    9: "edge-on galaxies with bulge",
}
"""The ten classes of Galaxy10 DECaLS, in the data set's own order (chapter 1)."""

N_TYPES = len(galaxy_types)


@checked
def scale_pixels(pixels: AnyArray, out: AnyArray | None = None) -> np.ndarray:
    """Scale pixel values from [0, 255] to [0.01, 1].

    No input is 0, because a weight that is multiplied by 0 would not learn (chapter 2).

    Parameters
    ----------
    pixels : array of any shape, uint8 or float
        Pixel values, or means over blocks of them, in [0, 255].
    out : float32 array of the same shape, optional
        Where the result goes; it may be ``pixels`` itself.

    Returns
    -------
    float32 array of the same shape, in [0.01, 1]
    """
    if out is not None and (out.dtype != np.float32 or out.shape != pixels.shape):
        raise wrong("out", out, f"give a float32 array {pixels.shape}, or None")
    out = np.divide(pixels, 255, out=out, dtype=np.float32)
    out *= 0.99
    out += 0.01
    return out


@checked
def as_pixels(data: AnyArray) -> np.ndarray:
    """Return the pixel values of scaled ``data``, float in [0, 255]: `scale_pixels` undone."""
    return np.clip((data - 0.01) / 0.99 * 255, 0, 255)


Answers = Annotated[np.ndarray | int, partial(an_array, shape=..., kinds="iu")]
Row = Annotated[int, partial(whole, low=-1)]


@checked
def one_hot(answers: Answers) -> np.ndarray:
    """Return the known outputs of a network: 0.99 at the answer and 0.01 elsewhere.

    A sigmoid never reaches 0 or 1, so these are values that it can meet (chapter 2).

    Parameters
    ----------
    answers : int or int array (S,)
        Classes, 0 to 9.

    Returns
    -------
    float32 array (10,) for one answer, (10, S) for S answers: one column per galaxy
    """
    if answers.size and not (answers.min() >= 0 and answers.max() < N_TYPES):
        raise wrong("answers", answers, f"give classes from 0 to {N_TYPES - 1}")
    classes = np.arange(N_TYPES).reshape((N_TYPES,) + (1,) * np.ndim(answers))
    return np.where(classes == answers, np.float32(0.99), np.float32(0.01))


class Galaxy:
    """One galaxy as a network meets it (chapter 1).

    Parameters
    ----------
    data : array (height, width, 3) or any other shape, uint8 or float
        Pixel values in [0, 255].
    answer : int
        The galaxy's class, 0 to 9; its name is ``galaxy_types[answer]``.
    index : int, optional
        The galaxy's row in the file; -1 where there is none.

    Attributes
    ----------
    data : float32 array, shape as given, in [0.01, 1]
        ``pixel / 255 * 0.99 + 0.01``.
    out : float32 array (10,)
        The known output: 0.99 at ``answer``, 0.01 elsewhere.

    Raises
    ------
    ValueError
        If ``answer`` is not one of the ten classes.
    """

    @checked
    def __init__(self, data: AnyArray, answer: Class, *, index: Row = -1) -> None:
        self.data = scale_pixels(data)
        self.answer = answer
        self.out = one_hot(answer)
        self.index = index

    @checked
    def plot(self, ax: AnyAxes | None = None) -> Axes:
        """Show the picture with its answer on it and return the axes (new ones if none given)."""
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots()
        # The picture as it was: data is never 0, an empty band of the sky may be.
        ax.imshow(as_pixels(self.data) / 255, interpolation="nearest")
        label = {"boxstyle": "round", "facecolor": "black", "alpha": 0.6, "linewidth": 0}
        text = f"{self.answer}: {galaxy_types[self.answer]}"
        ax.text(0.03, 0.97, text, transform=ax.transAxes, color="white", va="top", bbox=label)
        ax.axis("off")
        return ax

    @checked
    def validate(self, prediction: AnyArray) -> bool:
        """Say whether the largest entry of ``prediction``, (10,) or (10, 1), is at ``answer``."""
        if prediction.shape not in ((N_TYPES,), (N_TYPES, 1)):
            raise wrong("prediction", prediction, "give ten outputs, (10,) or (10, 1)")
        return bool(np.argmax(prediction) == self.answer)

    def __repr__(self) -> str:
        shape = "×".join(str(n) for n in self.data.shape)
        return f"<Galaxy: row {self.index}, {self.answer} ({galaxy_types[self.answer]}), {shape}>"


AnyGalaxy = Annotated[Galaxy, having("answer", "give a Galaxy")]
"""What checks for a `Galaxy` by what it has, so that one of a notebook's own will do."""
