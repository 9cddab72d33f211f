"""Sphinx extension: what a page loads is small and lies in the book's own folder.

MathJax and the widget manager are vendored in `chapters/_static/vendor`; this deals with what the
theme and myst-nb bring along.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


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
    for listeners in app.events.listeners.values():
        listeners[:] = [e for e in listeners if not e.handler.__module__.startswith("sphinx_thebe")]
    files = app.registry.css_files
    files[:] = [file for file in files if file[0] != "sphinx-thebe.css"]


def drop_weight(app, exception) -> None:
    """Empty the theme's icon script, half the weight of a page, and leave out source maps.

    The theme's style sheet draws the same icons from a web font.
    """
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    icons = static / "scripts" / "fontawesome.js"
    if icons.exists():
        icons.write_text("// The icons come from a web font.\n", encoding="utf-8")
    for source_map in static.rglob("*.map"):
        source_map.unlink()


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("static_fingerprint", "", "html")
    app.connect("config-inited", follow_static_files, priority=100)
    app.connect("config-inited", use_vendored_widgets, priority=100)
    app.connect("config-inited", without_thebe)
    app.connect("build-finished", drop_weight)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
