"""Pages are finished as they are written, and a theme that changed stops the build."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace, patch_docutils

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chapters" / "_ext"))

import finish
import galaxy_book
import offline
import style_sheet

CONF = """
project = "A book"
extensions = ["sphinx.ext.mathjax", "finish"]
mathjax_path = "mathjax/startup.js"
html_theme = "sphinx_book_theme"
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g><path d="M0 0h9"/></g></svg>'
PAGE = """
A page
======

A first paragraph that is long enough to say what all of this page is about: :math:`x`.

.. image:: figure.svg
   :alt: A line

=== ===
..  b
=== ===
1   2
=== ===

See [Ref]_.

.. [Ref] A reference.
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A small book in the book's own theme: its folder, and what was made of each page."""
    folder, seen = tmp_path_factory.mktemp("book"), {}
    (folder / "conf.py").write_text(CONF, "utf-8")
    (folder / "index.rst").write_text(PAGE, "utf-8")
    (folder / "figure.svg").write_text(SVG, "utf-8")
    real = finish.finished

    def kept(text, place):
        seen[place.name] = text, place
        return real(text, place)

    finish.finished = kept
    try:
        with patch_docutils(folder), docutils_namespace():
            out, trees = folder / "out", folder / "trees"
            app = Sphinx(folder, folder, out, trees, "html", status=None, warningiserror=True)
            app.build()
    finally:
        finish.finished = real
    assert app.statuscode == 0
    return out, seen


@pytest.fixture(autouse=True)
def nothing_noted():
    style_sheet._noted.clear()


def test_a_page_is_finished(book):
    out, seen = book
    page = (out / "index.html").read_text("utf-8")
    raw, place = seen["index"]
    assert place.has == {"drawings": 1, "empty heads of tables": 1, "formulas": 1, "references": 1}
    sheets = re.compile(r"<link[^>]*stylesheet[^>]*>")
    assert sheets.findall(page) == ['<link href="_static/book.css" rel="stylesheet"/>']
    assert len(sheets.findall(raw)) > 2
    assert '<div class="drawing" role="img" aria-label="A line"><svg viewBox="' in page
    assert "_images/figure.svg" not in page
    assert "fontawesome.js" not in page
    assert 'role="doc-biblioentry"' not in page
    assert '<meta content="A first paragraph that is long' in page
    assert all("defer" in tag for tag in re.findall(r"<script [^>]*src=[^>]*>", page))
    assert "searchtools.js" not in page
    assert "searchtools.js" in (out / "search.html").read_text("utf-8")
    css = (out / "_static" / "book.css").read_text("utf-8")
    assert ".bd-sidebar-primary" in css
    assert "@import" not in css


# What a new version of Sphinx or of the theme may do to the index, and what the build then says.
CHANGES = [
    (r"<link[^>]*stylesheet[^>]*>", "", "a style sheet is not where"),
    (r'<link[^>]*rel="preload"[^>]*>', "", "a link that loads a font early"),
    (r"documentation_options\.js", "options.js", "the script of options"),
    (r"fontawesome\.js", "icons.js", "the script fontawesome.js"),
    (r"searchtools\.js", "search.js", "the script searchtools.js"),
    (r'id="pst-primary-sidebar"', 'id="sidebar"', "the sidebar"),
    (r"search-button-field", "search-field", "the search's button"),
    (r'role="doc-biblioentry"', 'role="listitem"', "one of 1 references (0 found)"),
    (r'class="citation-list"', 'class="references"', "the list of references"),
    (r'class="head"', 'class="top"', "one of 1 empty heads of tables (0 found)"),
    (r'class="math', 'class="formula', "one of 1 formulas (0 found)"),
    (r"_images/", "_pictures/", "one of 1 drawings (0 found)"),
    (r"<script[^>]*mathjax[^>]*></script>", "", "the script startup.js"),
]


@pytest.mark.parametrize(("found", "now", "says"), CHANGES)
def test_a_theme_that_changed_stops_the_build(found, now, says, book):
    _, seen = book
    raw, place = seen["index"]
    changed = re.sub(found, now, raw)
    assert changed != raw, "the theme has changed indeed"
    with pytest.raises(ExtensionError, match=re.escape(says)):
        finish.finished(changed, place)


def test_another_set_of_style_sheets_stops_the_build(book):
    _, seen = book
    raw, place = seen["index"]
    finish.finished(raw, place)
    with pytest.raises(ExtensionError, match="has the style sheets"):
        finish.finished(raw.replace("basic.css", "other.css").replace("pygments", "p"), place)


def test_icons_that_are_elsewhere_stop_the_build(tmp_path):
    with pytest.raises(ExtensionError, match="icon fonts"):
        style_sheet.fewer_icons(
            ".fa::before{content:'\ue001'} @font-face{src:url(x.woff2)}", tmp_path
        )
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    with pytest.raises(ExtensionError, match="icons"):
        offline.drop_weight(app, None)


def test_a_thebe_that_is_elsewhere_stops_the_build():
    listener = SimpleNamespace(handler=SimpleNamespace(__module__="sphinx_live.x"))
    app = SimpleNamespace(
        events=SimpleNamespace(listeners={"builder-inited": [listener]}),
        registry=SimpleNamespace(css_files=[("sphinx-thebe.css", {})]),
    )
    with pytest.raises(ExtensionError, match="thebe"):
        offline.without_thebe(app, None)


def test_the_book_takes_authors_and_address_from_one_file(tmp_path, monkeypatch):
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    citation = tmp_path / "CITATION.cff"

    def book():
        config = SimpleNamespace(html_theme_options={})
        galaxy_book.follow_the_fork(SimpleNamespace(srcdir=str(tmp_path)), config)
        return config

    citation.write_text(
        "authors:\n  - {given-names: Ada, family-names: Byron}\n  - name: A group\n"
    )
    assert book().author == "Ada Byron, A group"
    assert book().html_theme_options == {}
    citation.write_text("authors: [{name: A}]\nrepository-code: https://example.org/a\n")
    assert book().html_theme_options["repository_url"] == "https://example.org/a"
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://example.org/fork")
    assert book().html_theme_options["repository_url"] == "https://example.org/fork"


def test_the_repositorys_own_authors_can_be_read():
    root = Path(__file__).resolve().parents[1]
    config = SimpleNamespace(html_theme_options={})
    galaxy_book.follow_the_fork(SimpleNamespace(srcdir=str(root)), config)
    assert config.author
