"""The built book: where it is, its pages, and the ways in which a reader meets them."""

from __future__ import annotations

from pathlib import Path

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
COMPRESSED = (".html", ".css", ".js", ".json", ".svg")  # on the way from a server
MODES = {
    "desktop-light": (1280, 900, "light"),
    "desktop-dark": (1280, 900, "dark"),
    "phone-light": (390, 844, "light"),
    "phone-dark": (390, 844, "dark"),
}


def pages() -> list[str]:
    """Every page of the built book, by its address in it; not the one that leads to the first."""
    found = {path.relative_to(HTML).as_posix(): path for path in HTML.rglob("*.html")}
    return sorted(
        page
        for page, path in found.items()
        if not page.startswith("_static/") and 'http-equiv="Refresh"' not in path.read_text("utf-8")
    )
