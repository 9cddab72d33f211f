"""Sphinx extension: what a page loads is small and lies in the book's own folder.

MathJax and the widget manager are vendored in `chapters/_static/vendor`; this deals with what the
theme and myst-nb bring along.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image
from sphinx.errors import ExtensionError


def use_vendored_widgets(app, config) -> None:
    """Have pages with widgets load our manager in place of two scripts from the net."""
    config.nb_ipywidgets_js = {"vendor/widgets.js": {"defer": "defer"}}


def follow_static_files(app, config) -> None:
    """Write the pages again after an edit in a style sheet or script; Sphinx would not copy it."""
    digest = hashlib.sha256()
    for folder in config.html_static_path:
        for path in sorted(Path(app.srcdir, folder).rglob("*.*")):
            digest.update(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    config.static_fingerprint = digest.hexdigest()


def without_thebe(app, config) -> None:
    """Take sphinx-thebe out: it puts the address of a script on the net into every page, twice.

    The second time is an error on the browser's console. We have no server for it to talk to.
    """
    found = 0
    for listeners in app.events.listeners.values():
        ours = [e for e in listeners if not e.handler.__module__.startswith("sphinx_thebe")]
        found += len(listeners) - len(ours)
        listeners[:] = ours
    files = app.registry.css_files
    without = [file for file in files if file[0] != "sphinx-thebe.css"]
    if not found or len(without) == len(files):
        raise ExtensionError("sphinx-thebe is not where chapters/_ext/offline.py looks for it.")
    files[:] = without


def drop_weight(app, exception) -> None:
    """Empty the theme's icon script, half the weight of a page, and leave out source maps.

    The theme's style sheet draws the same icons from a web font.
    """
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    icons = static / "scripts" / "fontawesome.js"
    if not icons.exists():
        raise ExtensionError("The theme's icons are not where chapters/_ext/offline.py looks.")
    icons.write_text("// The icons come from a web font.\n", encoding="utf-8")
    for source_map in static.rglob("*.map"):
        source_map.unlink()


def webp(path: Path) -> Path:
    """Return the path of a picture's smaller twin, which takes its place."""
    picture = Image.open(path).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(paper, picture).convert("RGB")
    # Curves are smaller in few colours without loss, photographs are with it.
    curves, photograph = io.BytesIO(), io.BytesIO()
    picture.quantize(256).convert("RGB").save(curves, "WEBP", lossless=True)
    picture.save(photograph, "WEBP", quality=70)
    # custom.css darkens curves in dark mode, and leaves photographs as they are.
    is_photograph = path.suffix == ".jpg"
    twin = path.with_suffix(".photo.webp" if is_photograph else ".webp")
    kinds = [photograph] if is_photograph else [curves, photograph]
    twin.write_bytes(min((kind.getvalue() for kind in kinds), key=len))
    path.unlink()
    return twin


def lighten_pictures(app, exception) -> None:
    """Replace pictures by their smaller twins, which the pages name (`finish`)."""
    if exception or app.builder.format != "html":
        return
    images = Path(app.outdir) / "_images"
    for picture in [*images.glob("*.png"), *images.glob("*.jpg")]:
        webp(picture)


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("static_fingerprint", "", "html")
    app.connect("config-inited", follow_static_files, priority=100)
    app.connect("config-inited", use_vendored_widgets, priority=100)
    app.connect("config-inited", without_thebe)
    app.connect("build-finished", drop_weight)
    app.connect("build-finished", lighten_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
