"""Every figure that more than one notebook draws."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mpl_toolkits.axes_grid1 import ImageGrid
from PIL import Image

from galaxy_lib.galaxy import N_TYPES, Galaxy, galaxy_types

# Okabe & Ito (2008): eight colours that readers with any colour vision can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]


def use_style() -> None:
    """Make figures readable: opaque background, colour-blind safe colours, one size of text."""
    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.figsize": (6.4, 3.8),
            "figure.dpi": 100,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.titlesize": "medium",
            "figure.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "image.cmap": "cividis",
            "lines.linewidth": 1.6,
            "legend.frameon": False,
        }
    )


def photograph(figure: Figure) -> None:
    """Show a figure of photographs as a JPEG picture at twice the pixels of its place.

    As PNG, in which noise cannot be compressed, it would weigh five times as much.
    """
    from IPython import display

    file = io.BytesIO()
    figure.savefig(file, format="jpeg", dpi=2 * figure.dpi, pil_kwargs={"quality": 80})
    plt.close(figure)
    width = round(100 * figure.get_size_inches()[0])
    display.display(display.Image(file.getvalue(), format="jpeg", width=width))


def mosaic(galaxies: Sequence[Galaxy], caption: str) -> str:
    """Return galaxies side by side as HTML, each with its class on it, for a page of the book."""
    tiles = []
    for galaxy in galaxies:
        picture = Image.fromarray(np.uint8(np.round(255 * _picture(galaxy))))
        picture.save(file := io.BytesIO(), "WEBP", quality=75)
        data = base64.b64encode(file.getvalue()).decode()
        name = _short_name(galaxy.answer)
        source = f'src="data:image/webp;base64,{data}" width="256" height="256"'
        tiles.append(f'<div><img alt="A galaxy: {name}." {source}><span>{name}</span></div>')
    found = f"<figcaption>{html.escape(caption)}</figcaption>"
    return f'<figure><div class="mosaic">{"".join(tiles)}</div>{found}</figure>'


def first_of_each_type(galaxies: Sequence[Galaxy], title: str = "") -> Figure:
    """Show ten galaxies, one a class, in a grid of 4×3 panels titled "row: name" (chapter 1).

    Parameters
    ----------
    galaxies : sequence of Galaxy
        At most twelve; panels without a galaxy stay empty.
    title : str, optional
        What the figure shows, and of which data.
    """
    figure = plt.figure(figsize=(7.6, 6.4))
    room = (0.01, 0.01, 0.98, 0.91)  # so that a galaxy is as large as the page allows
    grid = ImageGrid(figure, room, nrows_ncols=(3, 4), axes_pad=(0.08, 0.28))
    for ax in grid:
        ax.axis("off")
    for ax, galaxy in zip(grid, galaxies, strict=False):
        ax.imshow(_picture(galaxy), interpolation="nearest")
        ax.set_title(f"{galaxy.index}: {_short_name(galaxy.answer)}", fontsize=8)
    figure.suptitle(title, y=0.985)
    return figure


def gallery(
    galaxies: Sequence[Galaxy], titles: Sequence[str], *, columns: int = 5, title: str = ""
) -> Figure:
    """Show galaxies side by side, each under its own title.

    Parameters
    ----------
    galaxies : sequence of Galaxy
        Their ``data`` as pictures (height, width, 3).
    titles : sequence of str
        One for each galaxy.
    """
    columns = max(1, min(columns, len(galaxies)))
    rows = max(1, -(-len(galaxies) // columns))
    size = (9.6, 9.6 / columns * rows * 1.14 + 0.5)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, galaxy, text in zip(axes.flat, galaxies, titles, strict=False):
        ax.imshow(_picture(galaxy), interpolation="nearest")
        ax.set_title(text, fontsize=8)
    figure.suptitle(title)
    return figure


def learning_curves(
    curves: dict[str, tuple[Sequence[float], Sequence[float]]],
    *,
    ax: Axes | None = None,
    xlabel: str = "updates of the weights",
    ylabel: str = "fraction of the test set correct",
    title: str = "",
) -> Axes:
    """Draw one line for each named ``(x, y)`` and return the axes (new ones if none given)."""
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    for (name, (x, y)), style in zip(curves.items(), ["-", "--", "-.", ":"] * 3, strict=False):
        ax.plot(x, y, style, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.3)
    if len(curves) > 1:
        ax.legend()
    return ax


def confusion(matrix: np.ndarray, *, ax: Axes | None = None, title: str = "") -> Axes:
    """Show a confusion matrix (10, 10), each row as a share of its class, with the counts.

    Parameters
    ----------
    matrix : int array (10, 10)
        Row: the answer; column: what the network said (`NeuralNetwork.confusion_matrix`).
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.6, 6.4), layout="constrained")
    total = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, total, out=np.zeros(matrix.shape), where=total > 0)
    image = ax.imshow(share, vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        ink = "black" if share[row, column] > 0.5 else "white"
        text = str(matrix[row, column])
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
    names = [f"{_short_name(k)}  {k}" for k in range(N_TYPES)]
    ax.set_yticks(range(N_TYPES), names, fontsize=8)
    ax.set_xticks(range(N_TYPES))
    ax.set(xlabel="class that the network chose", ylabel="answer in the file", title=title)
    ax.figure.colorbar(image, ax=ax, label="share of the row", shrink=0.8)
    return ax


def _short_name(answer: int) -> str:
    return galaxy_types[answer].replace(" galaxies", "")


def _picture(galaxy: Galaxy) -> np.ndarray:
    return np.clip((galaxy.data - 0.01) / 0.99, 0, 1)
