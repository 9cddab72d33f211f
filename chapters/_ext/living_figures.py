"""Living figures in a page of the book, without the widget manager of ipywidgets.

``vendor/living.js`` fills the places that they get. Modules and large values go into files that it
loads when they are needed, named by their content: pages share them, and a browser keeps them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import Tag

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
MOST_INLINE = 1000  # characters of base64


def show(soup: BeautifulSoup, scripts: list[Tag], out: Path, up: str) -> None:
    """Give each living figure of a page its place; ``up`` leads to the book's folder, ``out``."""
    views = [script for script in scripts if script.get("type") == VIEW]
    states = [script for script in scripts if script.get("type") == STATE]
    told = [json.loads(script.string) for script in states]
    models = {name: model for each in told for name, model in each["state"].items()}
    living = {name for name, model in models.items() if model["model_module"] == "anywidget"}
    if not living:
        return
    layouts = {models[name]["state"]["layout"].removeprefix("IPY_MODEL_") for name in living}
    for script, each in zip(states, told, strict=True):
        for name in living | layouts:
            each["state"].pop(name, None)
        script.string = as_json(each)
    others = False
    for script in views:
        name = json.loads(script.string)["model_id"]
        if name not in living:
            others = True
            continue
        place = soup.new_tag("div", attrs={"class": "galaxy-living-place"})
        script.replace_with(place)
        script.attrs = {"type": "application/json"}
        script.string = as_json(living_figure(name, models[name], out, up))
        place.append(script)
    if not others:  # ipywidgets' manager has nothing to show
        managers = [each for each in scripts if "vendor/widgets.js" in each.get("src", "")]
        if not managers:
            raise ValueError("a page with widgets loads no vendor/widgets.js")
        for script in [*states, *managers]:
            script.decompose()
    attrs = {"defer": "defer", "src": f"{up}_static/vendor/living.js"}
    soup.head.append(soup.new_tag("script", attrs=attrs))


def as_json(content: dict) -> str:
    """Return content as JSON for a script element that no browser runs."""
    return json.dumps(content).replace("<", "\\u003c")


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
