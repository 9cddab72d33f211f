"""Sphinx extension: what a page loads is small and lies in the book's own folder.

MathJax and the widget manager are vendored in `chapters/_static/vendor`; this deals with what the
theme and myst-nb bring along.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
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


WIDGET_SCRIPT = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-(state|view)\+json">(.*?)</script>', re.DOTALL
)
MOST_INLINE = 1000  # characters of base64


def lighten_living_figures(app, exception) -> None:
    """Give living figures a place in the page, without the widget manager of ipywidgets.

    ``vendor/living.js`` fills it. Modules and large values go into files that it loads when they
    are needed, named by their content: pages share them, and a browser keeps them.
    """
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if '"model_module": "anywidget"' in text:
            up = "../" * (len(page.relative_to(out).parts) - 1)
            page.write_text(with_living_figures(text, out, up), encoding="utf-8")


def with_living_figures(text: str, out: Path, up: str) -> str:
    """Return a page whose living figures are no ipywidgets any more."""
    found = [(kind, json.loads(told)) for kind, told in WIDGET_SCRIPT.findall(text)]
    models = {}
    for kind, told in found:
        models |= told["state"] if kind == "state" else {}
    living = {name for name, model in models.items() if model["model_module"] == "anywidget"}
    layouts = {models[name]["state"]["layout"].removeprefix("IPY_MODEL_") for name in living}

    def replacement(match) -> str:
        told = json.loads(match[2])
        if match[1] == "state":
            for name in living | layouts:
                told["state"].pop(name, None)
            return data_script("application/vnd.jupyter.widget-state+json", told)
        if (name := told["model_id"]) not in living:
            return match[0]
        figure = data_script("application/json", living_figure(name, models[name], out, up))
        return f'<div class="galaxy-living-place">{figure}</div>'

    text = WIDGET_SCRIPT.sub(replacement, text)
    if "vnd.jupyter.widget-view+json" not in text:  # ipywidgets' manager has nothing to show
        text = re.sub(r'<script[^>]*"[^"]*vendor/widgets\.js[^"]*"[^>]*></script>', "", text)
        text = WIDGET_SCRIPT.sub("", text)
    loader = f'<script defer="defer" src="{up}_static/vendor/living.js"></script>'
    return text.replace("</head>", f"{loader}\n</head>", 1)


def data_script(kind: str, content: dict) -> str:
    """Return content as JSON in a script element that no browser runs."""
    text = json.dumps(content).replace("<", "\\u003c")
    return f'<script type="{kind}">{text}</script>'


def living_figure(name: str, model: dict, out: Path, up: str) -> dict:
    """Return what ``vendor/living.js`` needs of a model, and write the files that it names."""
    state = dict(model["state"])
    module = registered("figure", state.pop("_esm"), out)
    ours = {key: value for key, value in state.items() if key[0] != "_"}
    for key in ("layout", "tabbable", "tooltip"):
        ours.pop(key, None)
    buffers, files = {}, {}
    for buffer in model.get("buffers", []):
        (key,) = buffer["path"]
        if len(buffer["data"]) <= MOST_INLINE:
            buffers[key] = buffer["data"]
        else:
            files[key] = up + registered(key, buffer["data"], out)
    return {"id": name, "module": up + module, "state": ours, "buffers": buffers, "files": files}


def registered(kind: str, text: str, out: Path) -> str:
    """Write a script that hands ``text`` to ``vendor/living.js``; return its path in the book."""
    name = f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.js"
    folder = out / "_static" / "living"
    folder.mkdir(parents=True, exist_ok=True)
    script = f"galaxyLiving.register({json.dumps(name)}, {json.dumps(text, ensure_ascii=False)});\n"
    (folder / name).write_text(script, encoding="utf-8")
    return f"_static/living/{name}"


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("static_fingerprint", "", "html")
    app.connect("config-inited", follow_static_files, priority=100)
    app.connect("config-inited", use_vendored_widgets, priority=100)
    app.connect("config-inited", without_thebe)
    app.connect("build-finished", drop_weight)
    app.connect("build-finished", lighten_pages)
    app.connect("build-finished", lighten_living_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
