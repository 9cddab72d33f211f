"""Sphinx extension: a page is finished as it is written, in one pass over its elements.

What Sphinx and the theme make of a page loads too much and leaves some readers out. Here figures in
vectors become part of the page (`drawings`), pictures become smaller, living figures get a place
that needs no kernel (`living_figures`), the head becomes short: one style sheet (`style_sheet`),
scripts that wait until the page is read, those for formulas and for the search where there is
something to do. The page says what it is about, and its roles are sound.

Each of these asserts that it found what it looks for: in every page what the theme puts into every
page, elsewhere as often as the document has it. A theme that changed stops the build.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup
from bs4.element import PreformattedString, Tag
from docutils import nodes
from sphinx.errors import ExtensionError

import living_figures
import style_sheet

FRAME = re.compile(r"data:image/webp;base64,([A-Za-z0-9+/=]+)")
FIGURE = re.compile(r"[./]*_images/(\w+\.svg)")
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")


class Raw(PreformattedString):
    """HTML that goes into a page as it is."""

    PREFIX = SUFFIX = ""


class Place(NamedTuple):
    """A page's name, the book's folder, the files behind its pictures, what its document has."""

    name: str
    out: Path
    pictures: dict[str, Path]  # by their names in _images
    has: dict[str, int] | None  # None where there is no document: the index, the search

    @property
    def up(self) -> str:
        """Return what leads from the page to the book's folder."""
        return "../" * self.name.count("/")

    def keep(self, data: bytes, kind: str, suffix: str) -> str:
        """Write a picture into a file of its own; return its URL."""
        name = f"_images/{kind}-{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        (self.out / "_images").mkdir(exist_ok=True)
        (self.out / name).write_bytes(data)
        return lighter(self.up + name)

    def with_frames(self, text: str) -> str:
        """Return HTML whose pictures in WebP load when they are shown."""
        return FRAME.sub(lambda m: self.keep(base64.b64decode(m[1]), "frame", "webp"), text)

    def expect(self, holds: object, what: str) -> None:
        """Stop the build unless something was found on the page."""
        if not holds:
            raise ExtensionError(
                f"{self.name}: {what} is not where chapters/_ext/finish.py looks for it: has "
                "Sphinx or the theme changed?"
            )

    def expect_all(self, found: int, what: str) -> None:
        """Stop the build unless something was found as often as the document has it."""
        wanted = found if self.has is None else self.has[what]
        self.expect(found == wanted, f"one of {wanted} {what} ({found} found)")


def lighter(url: str) -> str:
    """Return the URL of a picture's smaller twin: see `offline`."""
    url = re.sub(r"(_images/[\w-]+)\.png$", r"\1.webp", url)
    return re.sub(r"(_images/[\w-]+)\.jpg$", r"\1.photo.webp", url)


def inventory(doctree: nodes.document) -> dict[str, int]:
    """Return how often a document has what its page is searched for."""
    all_nodes = doctree.findall()
    heads = [entry for head in doctree.findall(nodes.thead) for entry in head.findall(nodes.entry)]
    images = [node["uri"] for node in doctree.findall(nodes.image)]
    return {
        "drawings": sum(bool(re.search(r"(^|/)\w+\.svg$", uri)) for uri in images),
        "empty heads of tables": sum(not entry.astext().strip() for entry in heads),
        "formulas": sum(isinstance(each, (nodes.math, nodes.math_block)) for each in all_nodes),
        "references": sum(1 for _ in doctree.findall(nodes.citation)),
    }


def finished(text: str, place: Place) -> str:
    """Return a page as readers get it."""
    # Frames first, as most of what is to be parsed is in them.
    soup = BeautifulSoup(place.with_frames(text), "html.parser", multi_valued_attributes=None)
    elements: dict[str, list[Tag]] = defaultdict(list)
    for element in soup.find_all(True):
        elements[element.name].append(element)
    show_pictures(elements, place)
    living_figures.show(soup, elements["script"], place.out, place.up)
    shorten_head(elements, place)
    mend_roles(elements, place)
    return str(soup)


def classes(element: Tag) -> list[str]:
    """Return an element's classes."""
    return element.get("class", "").split()


def show_pictures(elements: dict[str, list[Tag]], place: Place) -> None:
    """Put each SVG of a notebook's output into the page, and name the others' smaller twins."""
    import drawings  # with matplotlib, which a build without a new page spares

    count = 0
    for image in elements["img"]:
        if match := FIGURE.fullmatch(image.get("src", "")):
            count += 1
            source = place.pictures[match[1]].read_text(encoding="utf-8")
            keep = lambda data, suffix: place.keep(data, "sky", suffix)  # noqa: E731
            drawn = drawings.drawing(source, image["alt"], count, keep)
            image.replace_with(Raw(place.with_frames(drawn)))
    place.expect_all(count, "drawings")
    for image in elements["img"]:
        image["src"] = lighter(image["src"])
    for link in elements["a"]:
        if link.get("href"):
            link["href"] = lighter(link["href"])


def shorten_head(elements: dict[str, list[Tag]], place: Place) -> None:
    """Leave one style sheet, scripts that wait, and those alone that have something to do."""
    links = elements["link"]
    sheets = [link for link in links if "_static/" in link["href"] and ".css" in link["href"]]
    place.expect(sheets, "a style sheet")
    style_sheet.note([link["href"].partition("_static/")[2].partition("?")[0] for link in sheets])
    sheets[0].attrs = {"rel": "stylesheet", "href": f"{place.up}_static/book.css"}
    preloads = [link for link in links if link["rel"] == "preload"]
    place.expect(preloads, "a link that loads a font early")
    for link in [*sheets[1:], *preloads]:
        link.decompose()

    formulas = sum("math" in classes(each) for each in [*elements["span"], *elements["div"]])
    place.expect_all(formulas, "formulas")
    scripts = {}
    for script in elements["script"]:
        if not script.decomposed and script.get("src"):
            scripts[script["src"].partition("?")[0].rpartition("/")[2]] = script
    # As long as the pages' own scripts read it.
    options = scripts.pop("documentation_options.js", None)
    place.expect(options, "the script of options")
    options.string = style_sheet.options_of(place.out)
    del options["src"]
    unused = [] if place.name == "search" else [*SEARCH]
    unused += ["fontawesome.js"] + ([] if formulas else ["startup.js"])
    for name in unused:
        script = scripts.pop(name, None)
        place.expect(script or name == "startup.js", f"the script {name}")
        if script:
            script.decompose()
    place.expect(not formulas or "startup.js" in scripts, "the script startup.js")
    for script in elements["script"]:
        if script.decomposed:
            continue
        if not formulas and script.text.startswith("window.MathJax = "):
            script.decompose()
        elif script.get("src") and place.name != "search":
            script["defer"] = script.get("defer", "defer")


def mend_roles(elements: dict[str, list[Tag]], place: Place) -> None:
    """Put right what the theme and docutils say to screen readers."""
    sidebars = [each for each in elements["div"] if each.get("id") == "pst-primary-sidebar"]
    place.expect(sidebars, "the sidebar")
    sidebars[0].attrs |= {"role": "navigation", "aria-label": "Book"}
    # A label that differs from what the button shows.
    named = [b for b in elements["button"] if "search-button-field" in classes(b)]
    place.expect(named and named[0].get("aria-label"), "the search's button")
    for button in named:
        del button["aria-label"]
    lists = [each for each in elements["div"] if "citation-list" in classes(each)]
    entries = [each for each in elements["div"] if each.get("role") == "doc-biblioentry"]
    place.expect_all(len(entries), "references")
    place.expect(not entries or lists, "the list of references")
    for element in lists + entries:
        del element["role"]
    empty = [th for th in elements["th"] if "head" in classes(th) and not th.get_text(strip=True)]
    place.expect_all(len(empty), "empty heads of tables")
    for head in empty:
        head.name, head.attrs = "td", {}
        head.clear()


def describe(app, pagename, templatename, context, doctree) -> None:
    """Say in the page's head what it is about, in the words of its first paragraph."""
    if doctree is None:
        return
    context["galaxy_has"] = inventory(doctree)
    found = [p.astext().replace("\n", " ") for p in doctree.findall(nodes.paragraph)]
    found = [text.partition("What you will do. ")[2] or text for text in found if len(text) > 60]
    about = html.escape(found[0] if len(found[0]) < 200 else found[0][:197] + "…") if found else ""
    title = html.escape(re.sub(r"<[^>]+>", "", context.get("title", "")))
    base = app.config.html_baseurl or context["pathto"]("", resource=True)
    picture = f"{base}_static/ten_classes.jpg"
    context["metatags"] = context.get("metatags", "") + (
        f'<meta name="description" content="{about}"/>'
        f'<meta property="og:title" content="{title}"/>'
        f'<meta property="og:description" content="{about}"/>'
        f'<meta property="og:type" content="article"/>'
        f'<meta property="og:image" content="{picture}"/>'
        f'<meta name="twitter:card" content="summary_large_image"/>'
    )


def finish_what_is_rendered(app) -> None:
    """Finish each page between the template and the file: the others stay as they are."""
    if app.builder.format != "html":
        return
    render, out = app.builder.templates.render, Path(app.outdir)

    def and_finish(template: str, context: dict) -> str:
        text = render(template, context)
        if "</html>" not in text:  # a part of a page
            return text
        files = {name: Path(app.srcdir, file) for file, name in app.builder.images.items()}
        place = Place(context["pagename"], out, files, context.get("galaxy_has"))
        return finished(text, place)

    app.builder.templates.render = and_finish


def write_the_style_sheet(app, exception) -> None:
    """Make the pages' one style sheet, of the rules whose classes occur in the book."""
    if not exception and app.builder.format == "html":
        style_sheet.write(Path(app.outdir))


def setup(app):
    """Register with Sphinx; the style sheet comes last, after everything whose classes count."""
    app.connect("html-page-context", describe)
    app.connect("builder-inited", finish_what_is_rendered)
    app.connect("build-finished", write_the_style_sheet, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
