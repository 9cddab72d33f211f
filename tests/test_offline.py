"""The book needs no network: what its pages load is in the book, and what is vendored is named."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "chapters" / "_static" / "vendor"
HTML = ROOT / "_build" / "html"
ABROAD = re.compile(r"^\s*(https?:)?//")


def test_config_names_vendored_files():
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["sphinx"]["config"]
    static = ROOT / config["html_static_path"][0]
    for path in [config["mathjax_path"], *config["html_css_files"], *config["html_js_files"]]:
        assert (static / path).is_file(), path
    assert (VENDOR / "widgets.js").is_file()
    for component in config["mathjax3_config"]["loader"]["load"]:
        assert (VENDOR / "mathjax" / f"{component}.js").is_file(), component


def test_vendored_packages_have_versions_and_licences():
    versions = (VENDOR / "VERSIONS.txt").read_text("utf-8").splitlines()
    licences = (VENDOR / "LICENSES.txt").read_text("utf-8")
    assert any(line.startswith("mathjax ") for line in versions)
    for line in versions:
        assert re.fullmatch(r"\S+ \d+\.\d+\.\d+ \((MIT|ISC|BSD-3-Clause|Apache-2\.0)\)", line)
        assert f"==== {line}\n" in licences
    assert sum(file.stat().st_size for file in VENDOR.rglob("*")) < 5_000_000


class Loads(HTMLParser):
    """What a page makes the browser load (links that a reader may click are not among it)."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "link" and attributes.get("rel") not in {"canonical", "next", "prev", "license"}:
            self.found.add(attributes.get("href"))
        if tag in {"script", "img", "iframe", "source", "video", "audio", "embed", "input"}:
            self.found.add(attributes.get("src"))


def test_built_pages_load_nothing_from_outside():
    if not HTML.is_dir():
        pytest.skip("There is no book in _build/html: run `make book`.")
    outside = []
    for page in HTML.rglob("*.html"):
        loads = Loads()
        loads.feed(page.read_text("utf-8"))
        outside += [(page.name, url) for url in loads.found - {None} if ABROAD.match(url)]
    for sheet in HTML.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
        urls = re.findall(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", text)
        outside += [(sheet.name, url) for pair in urls for url in pair if ABROAD.match(url)]
    assert outside == []
