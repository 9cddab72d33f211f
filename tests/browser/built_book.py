"""The built book: where it is, its pages, and the ways in which a reader meets them."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
PATIENCE = 300  # seconds: no machine that can build the book needs so long for one thing
COMPRESSED = (".html", ".css", ".js", ".json", ".svg")  # on the way from a server
MODES = {
    "desktop-light": (1280, 900, "light"),
    "desktop-dark": (1280, 900, "dark"),
    "phone-light": (390, 844, "light"),
    "phone-dark": (390, 844, "dark"),
}


def patient(opened):
    """Give a page or a context time: what does not come on a slow machine must not come at all."""
    opened.set_default_timeout(1000 * PATIENCE)
    return opened


def without_formulas(opened):
    """Leave the formulas of a page or a context as they are written: they take longest to come."""
    empty = {"body": "", "content_type": "text/javascript"}
    opened.route("**/mathjax/**", lambda route: route.fulfill(**empty))
    return opened


def until(page, holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds, looking ten times a second."""
    for _ in range(10 * PATIENCE):
        if holds():
            return
        page.wait_for_timeout(100)
    pytest.fail(f"not seen: {what}")


@functools.cache
def on_the_wire(path: Path) -> bytes:
    """Return a file as a server sends it. No file changes while the tests run."""
    data = path.read_bytes()
    return gzip.compress(data) if path.suffix in COMPRESSED else data


def pages() -> list[str]:
    """Every page of the built book, by its address in it; not the one that leads to the first."""
    found = {path.relative_to(HTML).as_posix(): path for path in HTML.rglob("*.html")}
    return sorted(
        page
        for page, path in found.items()
        if not page.startswith("_static/") and 'http-equiv="Refresh"' not in path.read_text("utf-8")
    )
