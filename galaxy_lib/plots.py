"""Every figure that more than one notebook draws."""

from __future__ import annotations

import base64
import html
import io
import re
import textwrap
from collections.abc import Sequence
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogFormatterSciNotation
from mpl_toolkits.axes_grid1 import ImageGrid
from PIL import Image

from galaxy_lib.checked import (
    AnyAxes,
    Caption,
    Truth,
    Whole,
    a_text,
    an_array,
    check_of,
    checked,
    having,
    several,
    wrong,
)
from galaxy_lib.galaxy import N_TYPES, AnyGalaxy, Galaxy, as_pixels, galaxy_types

AnyFigure = Annotated[Figure, having("savefig", "give a Figure of matplotlib")]
ManyGalaxies = Annotated[Sequence[Galaxy], several(check_of(AnyGalaxy), "give a list of Galaxy")]
Captions = Annotated[Sequence[str], several(check_of(Caption), "give a list of texts")]

# Okabe & Ito (2008): eight colours that readers with any colour vision can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]

# One colour for one thing: these letters have theirs in formulas, drawings and figures alike. The
# page has a lighter one for each in dark mode (custom.css); the notation page is the legend.
SYMBOLS = {
    "x": "#0c2870",
    "B": "#c24300",
    "z_tilde": "#0f7a60",
    "A": "#c8189f",
    "z": "#6a35ff",
    "e": "#452700",
}


def use_style() -> None:
    """Make figures readable: colours for any eye, one size of text, and vectors where they can be.

    In a notebook a figure is put out as SVG with its text as text, and as a small PNG beside it for
    what cannot show SVG. The book's pages draw the SVG in their own colours and font, and stack its
    panels on a phone (`chapters/_ext/drawings.py`).
    """
    plt.rcdefaults()  # a user's matplotlibrc must not change a page
    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.figsize": (5.4, 3.4),
            "figure.dpi": 80,
            "font.size": 10,
            "axes.facecolor": "none",
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.titlesize": "medium",
            "figure.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "image.cmap": "cividis",
            "lines.linewidth": 1.6,
            "legend.frameon": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "galaxies",
        }
    )
    shell = get_ipython()
    moves = "ipympl" in plt.get_backend() or "nbagg" in plt.get_backend().lower()
    if hasattr(shell, "kernel") and not moves:  # MPLBACKEND may say Agg: then no figure would show
        shell.run_line_magic("matplotlib", "inline")
        shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, svg)


@checked
def photograph(figure: AnyFigure) -> None:
    """Show a figure of photographs: at twice the pixels of their place, compressed with some loss.

    As PNG, in which noise cannot be compressed, it would weigh five times as much.
    """
    file = io.BytesIO()
    figure.savefig(file, format="jpeg", pil_kwargs={"quality": 80})
    picture = base64.b64encode(file.getvalue()).decode()
    shown = {"image/svg+xml": svg(figure, photographs=True), "image/jpeg": picture}
    plt.close(figure)
    display({"text/plain": repr(figure), **shown}, raw=True)


@checked
def svg(figure: AnyFigure, *, photographs: Truth = False) -> str:
    """Return a figure as SVG whose parts say where they are, so that a page can stack them.

    Each part of the figure (axes or subfigure, title, legend) becomes a group with the id
    ``part-x-y-width-height`` in points. Pictures have two pixels for each pixel of the page.
    """
    figure.draw_without_rendering()
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        _write_powers_plainly(axis)
    figure.draw_without_rendering()
    points, top = 72 / figure.dpi, 72 * figure.get_figheight()

    def place(box) -> tuple[float, float, float, float]:
        return box.x0 * points, top - box.y1 * points, box.width * points, box.height * points

    parts = [*(figure.subfigs or figure.axes), *figure.texts, *figure.legends]
    if figure._suptitle is not None and figure._suptitle not in parts:
        parts.append(figure._suptitle)
    parts = [part for part in parts if part.get_visible()]
    boxes = [
        place(part.bbox if isinstance(part, SubFigure) else part.get_tightbbox()) for part in parts
    ]
    for part, box in zip(parts, boxes, strict=True):
        part.set_gid("part" + "".join(f"_{value:.1f}" for value in box))
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", dpi=192, facecolor="none", metadata=nothing)
    for part in parts:
        part.set_gid(None)
    left, upper = (min(box[i] for box in boxes) - 2 for i in (0, 1))
    width = max(box[0] + box[2] for box in boxes) + 2 - left
    height = max(box[1] + box[3] for box in boxes) + 2 - upper
    size = (
        f'width="{width:.1f}pt" height="{height:.1f}pt" style="background: #fff" '
        f'viewBox="{left:.1f} {upper:.1f} {width:.1f} {height:.1f}"'
    )
    text = re.sub(r'width="\S+pt" height="\S+pt" viewBox="[^"]+"', size, file.getvalue(), count=1)
    text = re.sub(r"(?s)<\?xml.*?(?=<svg)|<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", text)
    if photographs:
        text = re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", _as_webp, text)
    return re.sub(r"<[^>]+>", _rounded, text)


@checked
def mosaic(galaxies: ManyGalaxies, caption: Caption) -> str:
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


@checked
def first_of_each_type(galaxies: ManyGalaxies, title: Caption = "") -> Figure:
    """Show ten galaxies, one a class, in a grid of 4×3 panels titled "row: name" (chapter 1).

    Parameters
    ----------
    galaxies : sequence of Galaxy
        At most twelve; panels without a galaxy stay empty.
    title : str, optional
        What the figure shows, and of which data.
    """
    figure = plt.figure(figsize=(7.2, 6.4))
    room = (0.01, 0.01, 0.98, 0.91)  # so that a galaxy is as large as the page allows
    grid = ImageGrid(figure, room, nrows_ncols=(3, 4), axes_pad=(0.08, 0.42))
    for ax in grid:
        ax.axis("off")
    for ax, galaxy in zip(grid, galaxies, strict=False):
        ax.imshow(_picture(galaxy), interpolation="nearest")
        ax.set_title(textwrap.fill(f"{galaxy.index}: {_short_name(galaxy.answer)}", 22))
    figure.suptitle(title, y=0.985)
    return figure


@checked
def gallery(
    galaxies: ManyGalaxies,
    titles: Captions,
    *,
    columns: Whole = 5,
    title: Caption = "",
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
    size = (7, 7 / columns * rows * 1.14 + 0.5)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, galaxy, text in zip(axes.flat, galaxies, titles, strict=False):
        ax.imshow(_picture(galaxy), interpolation="nearest")
        ax.set_title(text)
    figure.suptitle(title)
    return figure


def _curves(name: str, value: object) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    if not isinstance(value, dict) or not value:
        raise wrong(name, value, "give a dict of pairs (x, y) by their names")
    found = {}
    for key, pair in value.items():
        place = f"{name}[{key!r}]"
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise wrong(place, pair, "give a pair (x, y)")
        x, y = (an_array(place, each, ("P",)) for each in pair)
        if len(x) != len(y):
            mend = f"x has {len(x)} numbers and y {len(y)}; give as many of both"
            raise wrong(place, pair, mend)
        found[a_text(f"{name}'s name", key, empty=True)] = x, y
    return found


@checked
def learning_curves(
    curves: Annotated[dict[str, tuple[Sequence[float], Sequence[float]]], _curves],
    *,
    ax: AnyAxes | None = None,
    xlabel: Caption = "updates of the weights",
    ylabel: Caption = "fraction of the test set correct",
    title: Caption = "",
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


Counts = Annotated[np.ndarray, (N_TYPES, N_TYPES)]


@checked
def confusion(
    matrix: Counts,
    *,
    ax: AnyAxes | None = None,
    title: Caption = "",
) -> Axes:
    """Show a confusion matrix (10, 10): the counts, the brighter the larger their share of the row.

    Parameters
    ----------
    matrix : int array (10, 10)
        Row: the answer; column: what the network said (`NeuralNetwork.confusion_matrix`).
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(5.4, 4.6), layout="constrained")
    total = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, total, out=np.zeros(matrix.shape), where=total > 0)
    ax.imshow(share, vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        # Not quite black and white: a page gives those two its own colours.
        ink = "#010101" if share[row, column] > 0.5 else "#fefefe"
        ax.text(column, row, str(matrix[row, column]), ha="center", va="center", color=ink)
    ax.set_yticks(range(N_TYPES), [f"{_short_name(k)}  {k}" for k in range(N_TYPES)])
    ax.set_xticks(range(N_TYPES))
    ax.set(xlabel="class that the network chose", ylabel="answer in the file", title=title)
    return ax


def _short_name(answer: int) -> str:
    return galaxy_types[answer].replace(" galaxies", "")


def _picture(galaxy: Galaxy) -> np.ndarray:
    return as_pixels(galaxy.data) / 255


def _write_powers_plainly(axis: Axis) -> None:
    """Give a logarithmic axis labels without small raised digits, where it has labels."""
    if isinstance(axis.get_major_formatter(), LogFormatterSciNotation):
        axis.set_major_formatter(_power_of_ten)
    minor = axis.get_minor_formatter()
    if isinstance(minor, LogFormatterSciNotation):
        axis.set_minor_formatter(lambda value, place: f"{value:g}" if minor(value, place) else "")


def _power_of_ten(value: float, _place: int = 0) -> str:
    exponent = round(np.log10(value)) if value > 0 else 0
    if not np.isclose(value, 10.0**exponent):
        return ""
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{10.0**exponent:g}" if -3 <= exponent <= 3 else f"10{raised}"


def _rounded(tag: re.Match) -> str:
    """A hundredth of a point is enough."""
    return re.sub(r"(?<![\w.#-])-?\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", tag[0])


def _as_webp(match: re.Match) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(match[1]))).convert("RGB")
    picture.save(file := io.BytesIO(), "WEBP", quality=75)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
