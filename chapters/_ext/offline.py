"""Sphinx extension: what a page loads is small and lies in the book's own folder.

MathJax and the widget manager are vendored in `chapters/_static/vendor`; this deals with what the
theme and myst-nb bring along.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path

from PIL import Image


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


def lighten_pages(app, exception) -> None:
    """Keep pages below 3 MB: figures as WebP, and frames in files that load when they are shown."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    images = out / "_images"
    images.mkdir(exist_ok=True)
    for picture in [*images.glob("*.png"), *images.glob("*.jpg")]:
        webp(picture)

    def frame(match) -> str:
        data = base64.b64decode(match[1])
        name = f"frame-{hashlib.sha256(data).hexdigest()[:16]}.webp"
        (images / name).write_bytes(data)
        return f"{up}_images/{name}"

    for page in out.rglob("*.html"):
        up = "../" * (len(page.relative_to(out).parts) - 1)
        text = page.read_text(encoding="utf-8")
        lighter = re.sub(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", frame, text)
        lighter = re.sub(r"(_images/[\w-]+)\.png\b", r"\1.webp", lighter)
        lighter = re.sub(r"(_images/[\w-]+)\.jpg\b", r"\1.photo.webp", lighter)
        if lighter != text:
            page.write_text(lighter, encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("static_fingerprint", "", "html")
    app.connect("config-inited", follow_static_files, priority=100)
    app.connect("config-inited", use_vendored_widgets, priority=100)
    app.connect("config-inited", without_thebe)
    app.connect("build-finished", drop_weight)
    app.connect("build-finished", lighten_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
