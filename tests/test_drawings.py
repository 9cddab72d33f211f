"""Figures as SVG, and what the book's extensions make of them, of style sheets and of quotes."""

from __future__ import annotations

import base64
import io
import itertools
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from galaxy_lib import plots

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = str(ROOT / "chapters" / "_ext")
# The theme's page, and its cards, in light and dark.
GROUNDS = {"light": ("#ffffff", "#f3f4f5"), "dark": ("#14181e", "#29313d")}


@pytest.fixture
def extension(monkeypatch):
    """Return a function that imports one of the book's extensions."""
    monkeypatch.syspath_prepend(EXTENSIONS)

    def load(name):
        pytest.importorskip("tinycss2")
        return __import__(name)

    yield load
    for name in ("drawings", "style_sheet", "cards"):
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def style():
    """The book's style, for the tests of this file alone."""
    with plt.rc_context():
        plots.use_style()
        yield


@pytest.fixture
def figure():
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3), layout="constrained")
    axes[0].plot([1, 2], [0.001, 0.039], color="black", label="η = 0.0391")
    axes[0].legend()
    axes[1].semilogy([1, 2], [1e-6, 1])
    axes[1].set_title("right")
    figure.suptitle("both")
    yield figure
    plt.close("all")


def test_text_stays_text_and_is_never_rounded(figure):
    text = plots.svg(figure)
    assert ">η = 0.0391</text>" in text
    assert ">both</text>" in text
    assert "10⁻⁶" in text  # no small raised digits


def test_minor_labels_are_plain_too():
    figure, ax = plt.subplots()
    ax.loglog([200, 400], [1, 5])
    text = plots.svg(figure)
    plt.close(figure)
    assert ">300</text>" in text
    assert "<tspan" not in text


def test_a_figure_is_the_same_each_time(figure):
    assert plots.svg(figure) == plots.svg(figure)


def test_photographs_have_two_pixels_for_one_of_the_page():
    figure = plt.figure(figsize=(1, 1))
    figure.add_axes((0, 0, 1, 1)).imshow(np.random.default_rng(1).random((256, 256, 3)))
    text = plots.svg(figure, photographs=True)
    plt.close(figure)
    assert "data:image/webp" in text
    assert "data:image/png" not in text
    data = base64.b64decode(re.search(r'base64,([^"]+)"', text)[1])
    assert Image.open(io.BytesIO(data)).size == (192, 192)  # an inch of the page has 96


def test_parts_become_drawings_row_by_row(figure, extension):
    page = extension("drawings").drawing(plots.svg(figure), 'a "title"', 3, lambda data, kind: "")
    rows = page.split("<i></i>")
    assert [row.count("<svg viewBox") for row in rows] == [1, 2]
    assert "both" in rows[0]
    assert rows[1].index("η = 0.0391") < rows[1].index("right")
    assert 'aria-label="a &quot;title&quot;"' in page


def test_ink_is_that_of_the_page(figure, extension):
    page = extension("drawings").drawing(plots.svg(figure), "alt", 1, lambda data, kind: "")
    assert "stroke: currentColor" in page
    assert "#000000" not in page
    assert "var(--ink-0072b2, #0072b2)" in page
    assert "#fff" not in page.lower()
    assert "DejaVu" not in page


def colours_of(theme):
    """Return what custom.css sets in a theme, by name."""
    text = (ROOT / "chapters" / "_static" / "custom.css").read_text("utf-8")
    start = r":root" if theme == "light" else r'html\[data-theme="dark"\]'
    blocks = re.findall(start + r" \{([^}]*)\}", text)
    return dict(re.findall(r"--([\w-]+): (#\w{6});", "".join(blocks)))


def light_of(colour):
    """Red, green and blue light of a colour, 0 to 1 (sRGB)."""
    v = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """The contrast of WCAG 2."""
    dark, bright = sorted(light_of(each) @ [0.2126, 0.7152, 0.0722] for each in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def seen(light):
    """Place of a colour in CIE L*a*b*, in which an equal distance is an equal difference."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    f = np.cbrt(np.maximum(to_xyz @ light / [0.9505, 1, 1.089], 1e-4))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# What readers without red, green or blue cones see (Machado, Oliveira & Fernandes 2009).
EYES = {
    "normal": np.eye(3),
    "protanope": [
        [0.1523, 1.0526, -0.2049],
        [0.1145, 0.7863, 0.0992],
        [-0.0039, -0.0481, 1.0521],
    ],
    "deuteranope": [
        [0.3673, 0.8606, -0.2280],
        [0.2801, 0.6725, 0.0474],
        [-0.0118, 0.0429, 0.9690],
    ],
    "tritanope": [
        [1.2555, -0.0767, -0.1788],
        [-0.0784, 0.9308, 0.1476],
        [0.0047, 0.6914, 0.3039],
    ],
}


@pytest.mark.parametrize("theme", GROUNDS)
def test_the_six_colours_are_read_and_told_apart(theme):
    found = {name: colours_of(theme)[name] for name in plots.SYMBOLS}
    for name, colour in found.items():
        assert min(contrast(colour, ground) for ground in GROUNDS[theme]) >= 4.5, name
    for eye, matrix in EYES.items():
        places = {name: seen(np.clip(matrix @ light_of(c), 0, 1)) for name, c in found.items()}
        for one, other in itertools.combinations(places, 2):
            distance = np.linalg.norm(places[one] - places[other])
            assert distance > 15, (eye, one, other, distance)


@pytest.mark.parametrize("theme", GROUNDS)
def test_figures_can_be_seen_on_both_themes(theme):
    inks = {name: c for name, c in colours_of(theme).items() if name.startswith("ink-")}
    assert len(inks) == 6
    for name, colour in inks.items():
        assert contrast(colour, GROUNDS[theme][0]) >= 3, name


def test_one_colour_for_one_thing_everywhere():
    """In figures, on the pages, in the drawings, and where a living figure has no page."""
    light, dark = colours_of("light"), colours_of("dark")
    assert {name: light[name] for name in plots.SYMBOLS} == plots.SYMBOLS
    living = (ROOT / "galaxy_lib" / "living" / "src" / "ui.css").read_text("utf-8")
    found = re.findall(r"--gl-(\w+): var\(--(\w+), (#\w{6})\)", living)
    assert found == [(n, n, theme[n]) for theme in (light, dark) for n in plots.SYMBOLS]
    for drawing in (ROOT / "chapters" / "_static").glob("*.svg"):
        for name, colour in re.findall(r"var\(--(\w+), (#\w{6})\)", drawing.read_text("utf-8")):
            assert plots.SYMBOLS[name] == colour, drawing.name


def test_a_figure_has_the_colours_of_the_letters(extension):
    figure, ax = plt.subplots()
    ax.plot([1, 2], color=plots.SYMBOLS["z_tilde"])
    page = extension("drawings").drawing(plots.svg(figure), "", 1, lambda data, kind: "")
    plt.close(figure)
    assert f"stroke: var(--z_tilde, {plots.SYMBOLS['z_tilde']})" in page


def test_two_figures_share_no_id(figure, extension):
    source = plots.svg(figure)
    pages = [extension("drawings").drawing(source, "", n, lambda data, kind: "") for n in (1, 2)]
    ids = [re.findall(r' id="([^"]+)"', page) for page in pages]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    for page, own in zip(pages, ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([\w-]+)', page)) <= set(own)


def test_large_pictures_become_files(extension):
    figure = plt.figure(figsize=(1, 1))
    figure.add_axes((0, 0, 1, 1)).imshow(np.random.default_rng(1).random((256, 256, 3)))
    kept = []
    drawing = extension("drawings").drawing
    page = drawing(plots.svg(figure), "", 1, lambda data, kind: kept.append(kind) or "there")
    plt.close(figure)
    assert kept == ["png"]
    assert 'href="there"' in page


def test_rules_that_apply_nowhere_go(extension):
    sheet = extension("style_sheet")
    css = """.used, .gone { color: red } .gone:hover { color: blue }
    @media (width > 1px) { .gone { x: y } #used:not(.gone) { a: url(../x.png) } }
    mjx-c.mjx-c1D465 { color: green } p { margin: 0 }"""
    rules = sheet.tinycss2.parse_stylesheet(css, True, True)
    text = sheet.trimmed(rules, {"used"}, "styles")
    assert ".used{" in text.replace(" ", "")
    assert ".gone{" not in text.replace(" ", "")
    assert ":hover" not in text
    assert "#used:not(.gone)" in text
    assert "url(x.png)" in text
    assert "mjx-c1D465" in text
    assert "margin: 0" in text


def test_definitions_are_one_plain_sentence(extension, tmp_path):
    glossary = tmp_path / "glossary.md"
    glossary.write_text(
        "```{glossary}\nbatch\n"
        "    The *galaxies* of {term}`one update <update>`. [Chapter 3](x).\n```\n",
        encoding="utf-8",
    )
    assert extension("cards").definitions(glossary) == {"batch": "The galaxies of one update."}


def test_only_what_begins_bold_is_a_card(extension):
    from docutils import nodes

    cards = extension("cards")
    bold = nodes.paragraph("", "", nodes.Text("\n"), nodes.strong("", "Predict."), nodes.Text(" x"))
    later = nodes.paragraph("", "", nodes.Text("A "), nodes.strong("", "Predict."))
    assert cards.bold_beginning(bold) == "Predict."
    assert cards.bold_beginning(later) == ""
