"""Interactive figures: pictures made beforehand that a slider chooses from, and live ones.

`frames` works everywhere: its pictures are drawn when the cell runs and linked to their slider in
the browser, so the published page needs no kernel. An interactive figure in a chapter is a cell
tagged ``nbval-ignore-output``, below a static figure that tells the same story::

    def draw(n):                                  # a new Figure, its Axes, or a uint8 picture
        figure, ax = plt.subplots()
        ax.plot(weights[:n])
        return figure

    frames(draw, [1, 2, 5, 10], name="batches", alt="Weight against update, {} batches in.")

and with two sliders, whose values ``draw`` and ``alt`` get in this order::

    frames(draw, [["g", "r", "z"], [1, 2, 4]], name=["band", "stretch"],
           alt="A galaxy in band {}, its faint parts stretched by {}.")

`live`, `browse` and `train_live` ask the kernel for each picture. The published page shows a
sentence in their place, so a chapter has frames beside them.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Self

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image  # matplotlib's own requirement

from galaxy_lib.checked import Function, Whole, a_text, checked, having, several, whole, wrong
from galaxy_lib.galaxy import Galaxy, galaxy_types
from galaxy_lib.living.stored import Stored
from galaxy_lib.plots import learning_curves

Picture = Figure | Axes | np.ndarray
Text = str | Callable[..., str]


def _text(name: str, value: Any) -> Text:
    return value if callable(value) else a_text(name, value, empty=True)


def _names(name: str, value: Any) -> str | list[str]:
    mend = "give a text for the slider, or one for each"
    if isinstance(value, str):
        return a_text(name, value)
    names = several(a_text, mend)(name, value)
    if not names:
        raise wrong(name, value, mend)
    return names


def _values(name: str, value: Any) -> list:
    listed = isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if isinstance(value, (str, bytes)) or not listed or len(value) == 0:
        raise wrong(name, value, "give a list of values for the slider, at least one")
    return list(value)


class Frames(Stored, widgets.VBox):
    """Sliders and their pictures, which the browser itself chooses from: see `frames`.

    Parameters
    ----------
    names : list of str
        What each slider sets.
    labels : list of lists of str
        How each of its values is written.
    start : list of int
        The place of each slider's first value.
    pictures : list of str
        As HTML, one for each choice of values; the last slider's changes fastest.
    """

    def __init__(
        self,
        names: list[str],
        labels: list[list[str]],
        start: list[int],
        pictures: list[str],
    ) -> None:
        sliders = [
            widgets.SelectionSlider(
                options=[(text, i) for i, text in enumerate(texts)],
                index=first,
                description=name,
                style={"description_width": "initial"},
                layout=widgets.Layout(width="95%", max_width="36rem"),
            )
            for name, texts, first in zip(names, labels, start, strict=True)
        ]
        # One for all pictures: a smaller page.
        layout, style = widgets.Layout(), widgets.HTML().style
        waiting = iter(pictures)

        def stack(depth: int) -> widgets.Widget:
            """Pictures of the values chosen so far; a stack for each slider that is still open."""
            if depth == len(sliders):
                return widgets.HTML(next(waiting), layout=layout, style=style)
            children = [stack(depth + 1) for _ in labels[depth]]
            found = widgets.Stack(children, selected_index=start[depth])
            widgets.jslink((sliders[depth], "index"), (found, "selected_index"))
            return found

        super().__init__([*sliders, stack(0)])
        self.add_class("galaxy-frames")
        self._told = {"names": names, "labels": labels, "start": start, "pictures": pictures}

    def stored(self) -> dict[str, Any]:
        """Return what it was made of."""
        return self._told

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """Return it made again."""
        if len(values["pictures"]) != math.prod(map(len, values["labels"])):
            raise ValueError("its pictures are not one for each choice of values")
        return cls(**values)


class LiveOnly(Stored, widgets.VBox):
    """What needs a kernel: a page has a sentence in its place (custom.css), and so it is stored."""

    def __init__(self, children: Sequence[widgets.Widget] = ()) -> None:
        super().__init__(children)
        self.add_class("galaxy-live")

    def stored(self) -> dict[str, Any]:
        """Return nothing: without a kernel its controls move nothing."""
        return {}

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """Return it without controls."""
        return cls(**values)


@checked
def frames(
    draw: Function,
    values: Annotated[Sequence, _values],
    *,
    name: Annotated[str | Sequence[str], _names],
    alt: Annotated[Text, _text],
    label: Annotated[Text, _text] = "{}",
    start: Annotated[int, partial(whole, low=-(2**31))] = 0,
) -> Frames:
    """Draw one picture per value and return them with the slider that chooses between them.

    It works with no kernel: on the published page the browser itself follows the slider.

    Parameters
    ----------
    draw : function
        ``draw(value)`` returns a matplotlib Figure or its Axes (it is closed here), or a uint8
        array (height, width) or (height, width, 3), shown enlarged with its pixels visible.
    values : sequence
        One picture each; some 10 to 25 of them, about 10 kB each.
    name : str
        What the slider sets: the label beside it and its name for screen readers.
    alt : str or function
        What the picture shows, in words: a template such as ``"Loss after epoch {}."``, or
        ``alt(value)`` returning the text, where it can compute what there is to see.
    label : str or function
        How a value is written beside the slider: ``"{:.2f}"``, or a function of the value.
    start : int
        Place in ``values`` of the picture shown first.

    For several sliders, ``name`` is a list of names and ``values`` a list of lists; ``draw`` and
    ``alt`` then take a value from each. The call is the last line of its cell.
    """
    if isinstance(name, str):
        name, values = [name], [values]
    elif len(name) != len(values):
        mend = f"give a list of values for each of the {len(name)} sliders"
        raise wrong("values", values, mend)
    else:
        values = [_values(f"values[{i}]", choices) for i, choices in enumerate(values)]
    pictures = [
        _picture_html(draw(*chosen), _write(alt, *chosen)) for chosen in itertools.product(*values)
    ]
    labels = [[_write(label, value) for value in choices] for choices in values]
    return Frames(list(name), labels, [start % len(choices) for choices in values], pictures)


@checked
def live(draw: Function, *, alt: Annotated[Text, _text], **controls: widgets.Widget) -> LiveOnly:
    """Return ``controls`` above a picture that the kernel draws again whenever one is moved.

    Parameters
    ----------
    draw, alt : as in `frames`
        They get the controls' values, as keywords of the same names.
    **controls : ipywidgets
        Such as ``sigma=widgets.FloatSlider(description="σ")``.
    """
    for key, control in controls.items():
        having("observe", "give a widget, such as ipywidgets.FloatSlider()")(key, control)
    picture = widgets.HTML()

    def update(_change=None) -> None:
        chosen = {key: control.value for key, control in controls.items()}
        picture.value = _picture_html(draw(**chosen), _write(alt, **chosen))

    for control in controls.values():
        control.observe(update, "value")
    update()
    return LiveOnly([*controls.values(), picture])


@checked
def browse(data_manager: Annotated[Any, having("images", "give a DataManager")]) -> LiveOnly:
    """Leaf through the galaxies of each class, at the size in which the file has them (live)."""
    answers = np.asarray(data_manager.ans)
    rows = {k: np.flatnonzero(answers == k) for k in galaxy_types if k in answers}
    names = [(f"{k}: {galaxy_types[k]}", k) for k in rows]
    kind = widgets.Dropdown(options=names, description="class")
    number = widgets.BoundedIntText(0, min=0, max=0, description="number")

    def limit(_change=None) -> None:
        number.value, number.max = 0, len(rows[kind.value]) - 1

    def draw(kind: int, number: int) -> Axes:
        row = rows[kind][min(number, len(rows[kind]) - 1)]
        ax = plt.figure(figsize=(4, 4)).add_axes((0, 0, 1, 1))
        return Galaxy(data_manager.images[row], kind, index=row).plot(ax)

    kind.observe(limit, "value")
    limit()
    alt = "Galaxy {number} of class {kind} in the file."
    return live(draw, alt=alt, kind=kind, number=number)


@checked
def train_live(
    network: Annotated[Any, having("epochs", "give a NeuralNetwork")],
    draw: Function | None = None,
    *,
    n_epochs: Whole = 1000,
    interval: Whole = 100,
    **settings,
) -> LiveOnly:
    """Train a network epoch by epoch with buttons to run, pause and step (live).

    Parameters
    ----------
    network : NeuralNetwork
    draw : function, optional
        ``draw(network)`` returns a figure of it after each epoch; without one, its learning curve.
    n_epochs, interval : int
        At most so many epochs, one every so many milliseconds if they take less.
    **settings
        ``learning_rate``, ``beta_momentum`` and ``batch_size`` of ``network.epochs``.
    """
    epochs = network.epochs(n_epochs, **settings)
    play = widgets.Play(max=n_epochs, interval=interval, show_repeat=False)
    step = widgets.Button(description="one epoch")
    line, picture = widgets.HTML("Run or step to begin."), widgets.HTML()

    def curve(network) -> Axes:
        curve = [(record.n_updates, record.test_accuracy) for record in network.history]
        return learning_curves({"this network": tuple(zip(*curve, strict=True))})

    def advance(change=None) -> None:
        if isinstance(change, dict) and change["new"] <= change["old"]:
            return  # the stop button puts the count back to 0; what was learned stays
        try:
            record = next(epochs)
        except (StopIteration, FloatingPointError) as end:
            play.playing, play.disabled, step.disabled = False, True, True
            line.value = html.escape(str(end)) or f"{n_epochs} epochs: the end."
            return
        line.value = f"epoch {record.epoch}: {record.test_accuracy:.3f} of the test set correct"
        picture.value = _picture_html((draw or curve)(network), line.value)

    play.observe(advance, "value")
    step.on_click(lambda _button: advance())
    return LiveOnly([widgets.HBox([play, step]), line, picture])


def _write(text: Text, *values, **named) -> str:
    return text(*values, **named) if callable(text) else text.format(*values, **named)


def _picture_html(drawn: Picture, alt: str) -> str:
    """Return an img element that holds the picture itself; ipywidgets.Image takes no alt text."""
    if isinstance(drawn, np.ndarray):
        image, shown = Image.fromarray(drawn), "width: 24rem; image-rendering: pixelated"
        encoded = [_webp(image, lossless=True)]
    else:
        figure, file = drawn if isinstance(drawn, Figure) else drawn.figure, io.BytesIO()
        figure.savefig(file, format="png", facecolor="white")
        plt.close(figure)
        image = Image.open(file).convert("RGB")
        shown = f"width: {image.width}px"
        encoded = [_webp(image.quantize(128).convert("RGB"), lossless=True)]
    if image.width > 64:  # curves are smaller in few colours, photographs with some loss
        encoded.append(_webp(image, quality=85))
    data = base64.b64encode(min(encoded, key=len)).decode()
    return (
        f'<img alt="{html.escape(alt)}" width="{image.width}" height="{image.height}" '
        f'style="{shown}; max-width: 100%; height: auto" src="data:image/webp;base64,{data}">'
    )


def _webp(image: Image.Image, **options) -> bytes:
    image.save(file := io.BytesIO(), "WEBP", **options)
    return file.getvalue()
