"""A figure drawn in vectors stands in the page itself, in the page's own ink.

`galaxy_lib.plots` writes SVG whose text is text and whose parts (axes, title, legend) say where
they are. Here the parts become drawings of their own, side by side where there is room and below
one another on a phone; black becomes the colour of the page's text, the other colours become
variables that `custom.css` sets for light and dark, and the text takes the page's font.
"""

from __future__ import annotations

import base64
import html
import re
import xml.etree.ElementTree as ET

from galaxy_lib.plots import SYMBOLS

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
INK = {"#000000": "currentColor", "#ffffff": "var(--pst-color-background)"}
# galaxy_lib.plots' colours, and below those of x, B, z̃, A, z and e: see custom.css.
INK |= {
    colour: f"var(--ink-{colour[1:]}, {colour})"
    for colour in ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
}
INK |= {colour: f"var(--{name}, {colour})" for name, colour in SYMBOLS.items()}
AS_IT_IS = {"#010101", "#fefefe"}  # black and white that stand on a colour
LARGE = 4000  # characters; a picture of more becomes a file of its own


def drawing(source: str, alt: str, number: int, keep) -> str:
    """Return the HTML of one figure; ``keep(data, suffix)`` stores a picture, returns its URL."""
    root = ET.fromstring(source)
    prefix = f"d{number}-"
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        element.attrib.pop("{http://www.w3.org/XML/1998/namespace}space", None)
        if element.tag != "g" and "id" in element.attrib:
            element.set("id", prefix + element.get("id"))
        target = element.attrib.pop(HREF, None) or element.get("href")
        if target:
            element.set("href", _target(target, prefix, keep))
        if "clip-path" in element.attrib:
            element.set("clip-path", element.get("clip-path").replace("url(#", f"url(#{prefix}"))
        if "style" in element.attrib:
            element.set("style", _style(element.get("style"), prefix))
    box = [float(value) for value in root.get("viewBox").split()]
    figure = root.find("g")
    parts, shared = [], [child for child in root if child.tag == "defs"]
    for group in figure.iter("g"):
        if group.get("id", "").startswith("part_"):
            parts.append(([float(value) for value in group.get("id").split("_")[1:]], group))
    for _, part in parts:
        for element in part.iter("g"):
            element.attrib.pop("id", None)
    axes = [part for part in parts if part[1].find("g") is not None]
    rows = _in_rows(parts) if len(axes) > 1 else [[(box, figure)]]
    drawn = "<i></i>".join("".join(_piece(*piece) for piece in row) for row in rows)
    if shared:
        definitions = "".join(ET.tostring(each, encoding="unicode") for each in shared)
        drawn += f'<svg width="0" height="0" aria-hidden="true">{definitions}</svg>'
    return f'<div class="drawing" role="img" aria-label="{html.escape(alt)}">{drawn}</div>'


def _in_rows(parts: list) -> list:
    """Return the parts as they are read, row by row, those of one row with the same height."""
    rows: list[list] = []
    for place, part in sorted(parts, key=lambda each: each[0][1] + each[0][3] / 2):
        middle = place[1] + place[3] / 2
        if rows and middle < max(p[1] + p[3] for p, _ in rows[-1]) - 1:
            rows[-1].append((place, part))
        else:
            rows.append([(place, part)])
    found = []
    for row in rows:
        top = min(place[1] for place, _ in row)
        height = max(place[1] + place[3] for place, _ in row) - top
        row.sort(key=lambda each: each[0][0])
        found.append([([place[0], top, place[2], height], part) for place, part in row])
    return found


def _piece(box: list[float], group: ET.Element) -> str:
    x, y, width, height = box
    view = f"{x - 1:.1f} {y - 1:.1f} {width + 2:.1f} {height + 2:.1f}"
    pixels = (width + 2) * 4 / 3
    style = f"flex: {pixels:.0f} 1 {0.85 * pixels:.0f}px; max-width: {pixels:.0f}px"
    # On a phone it scrolls before its text gets too small (custom.css).
    style += f"; --full: {pixels:.0f}px"
    inside = ET.tostring(group, encoding="unicode")
    empty = "" if re.search("<(path|image|text|use)", inside) else ' class="empty"'
    return f'<svg{empty} viewBox="{view}" style="{style}" aria-hidden="true">{inside}</svg>'


def _style(style: str, prefix: str) -> str:
    style = re.sub(r"(fill|stroke): (#\w{6})\b", lambda m: f"{m[1]}: {_ink(m[2])}", style)
    style = re.sub(r"font: ([^;']*?)([\d.]+px) [^;]+", _font, style)
    style = re.sub(r"font-family: [^;]+;?\s*", "", style)
    return style.replace("url(#", f"url(#{prefix}")


def _ink(colour: str) -> str:
    if colour not in INK and colour[1:3] == colour[3:5] == colour[5:] and colour not in AS_IT_IS:
        share = 100 - 100 * int(colour[1:3], 16) // 255
        return f"color-mix(in srgb, currentcolor {share}%, transparent)"
    return INK.get(colour, colour)


def _font(match: re.Match) -> str:
    words, size = match[1].split(), match[2]
    found = f"font-size: {size}"
    if {"italic", "oblique"} & set(words):
        found += "; font-style: italic"
    return found + ("; font-weight: 700" if {"bold", "700"} & set(words) else "")


def _target(target: str, prefix: str, keep) -> str:
    if target.startswith("#"):
        return f"#{prefix}{target[1:]}"
    kind = re.match(r"data:image/(\w+);base64,", target)
    if kind and len(target) > LARGE:
        return keep(base64.b64decode(target[kind.end() :]), kind[1])
    return target
