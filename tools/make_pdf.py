"""Make one PDF of the built book, or of one of its pages: with an outline, page numbers and, at the
end, the answers to its predictions.

    python tools/make_pdf.py [PAGE] [--to FILE]

PAGE is a page's place in the book, such as `chapters/03_batching`; without it, the whole book.
The pages that `make book` built become one long page, which the browser of the tests prints.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import posixpath
import re
import sys
from pathlib import Path
from typing import NamedTuple

import headless
from bs4 import BeautifulSoup
from bs4.element import Tag
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build" / "html"
TITLE = "Classifying galaxies"
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
OURS = re.compile(r"/(p\d+(-answer-\d+|-asked-\d+)?|answers)")
FOOTER = (
    '<p style="width: 100%; margin: 0; text-align: center; font: 9px sans-serif">'
    '<span class="pageNumber"></span></p>'
)
STYLE = """
html { font-size: 13.5px; }
body { background: #fff; }
article { break-before: page; }
article:first-of-type { break-before: auto; }
h1, h2, h3, h4 { break-after: avoid; }
p { orphans: 2; widows: 2; }
.bd-main .bd-content { margin: 0; }
.bd-article { padding: 0 !important; }
.bd-main .bd-content .bd-article h1:first-of-type { display: block; }
.bd-article .cell details.hide[open] > summary { display: none !important; }
.bd-article details.hide[open] { border: 0; box-shadow: none; margin: 0; padding: 0; }
.bd-article .highlight pre, .bd-article .output pre { overflow: visible; white-space: pre-wrap; }
.cell_input, .output { break-inside: avoid; }
.answer-item > p:first-child { break-after: avoid; }
.contents p { display: flex; gap: 1rem; margin: 0.15rem 0; }
.contents p.deeper { padding-left: 1.5rem; font-size: 0.9em; }
.contents p.part { margin-top: 0.8rem; font-weight: 700; }
.contents a { flex: 1; }
.answer-item { margin-bottom: 1.2rem; }
"""

# The answers of all cards go to the end, each with a link there and back.
MOVE_ANSWERS = """() => {
  const end = document.querySelector("#answers");
  for (const article of document.querySelectorAll("article[id]")) {
    const cards = [...article.querySelectorAll(".predict, .question")].filter(each => each.answers);
    if (!cards.length) continue;
    const title = article.querySelector("h1, h2");
    const chapter = title.querySelector(".section-number")?.textContent.trim() ?? "";
    const heading = document.createElement("h2");
    heading.textContent = title.textContent;
    end.append(heading);
    cards.forEach((card, i) => {
      const name = `${chapter}${i + 1}`;
      card.id = `${article.id}-asked-${i + 1}`;
      const item = document.createElement("div");
      item.id = `${article.id}-answer-${i + 1}`;
      item.className = "cell answer-item";
      const link = (to, text) => {
        const a = document.createElement("a");
        a.href = "#" + to;
        a.textContent = text;
        const line = document.createElement("p");
        line.append(a);
        return line;
      };
      card.querySelector("button.reveal").remove();
      card.append(link(item.id, `Answer ${name}: page`));
      item.append(link(card.id, `${name}, asked on page`));
      for (const answer of card.answers) answer.removeAttribute("hidden");
      item.append(...card.answers);
      end.append(item);
    });
  }
  if (!end.querySelector("h2")) {
    end.remove();
    document.querySelector('.contents a[href="#answers"]')?.parentElement.remove();
  }
}"""


class Entry(NamedTuple):
    """A page of the book, the part that it begins, and whether it stands below a chapter."""

    name: str
    title: str
    part: str
    deeper: bool


def entries(book: Path) -> list[Entry]:
    """Return the pages of a built book in reading order, as its list of contents has them."""
    index = book / "chapters" / "index.html"
    if not index.is_file():
        raise FileNotFoundError(f"There is no book in {book}: run `make book` first.")
    soup = BeautifulSoup(index.read_text(encoding="utf-8"), "html.parser")
    found = [Entry("chapters/index.html", TITLE, "", False)]
    part = ""
    for each in soup.select_one(".bd-links").select("p.caption, li > a.internal"):
        if each.name == "p":
            part = each.get_text(strip=True)
            continue
        name = posixpath.normpath(posixpath.join("chapters", each["href"].partition("#")[0]))
        if name in {entry.name for entry in found} or not (book / name).is_file():
            continue
        deeper = "toctree-l2" in each.parent["class"]
        found.append(Entry(name, each.get_text(strip=True), part, deeper))
        part = ""
    return found


def still(models: dict, name: str) -> str:
    """Return what a stored widget shows before anybody touches it."""
    model = models[name.removeprefix("IPY_MODEL_")]
    state = model["state"]
    if model["model_name"] == "HTMLModel":
        return state["value"]
    children = state.get("children", [])
    if model["model_name"] == "StackModel":
        children = children[state.get("selected_index") or 0 :][:1]
    return "".join(still(models, child) for child in children)


def with_pictures(article: Tag, models: dict) -> None:
    """Put the picture that a figure with sliders begins with in the figure's place."""
    for view in article.find_all("script", type=VIEW):
        name = json.loads(view.string)["model_id"]
        view.replace_with(BeautifulSoup(still(models, name), "html.parser"))


def addressed(article: Tag, name: str, places: dict[str, str]) -> None:
    """Make a page's names its own, and its links lead to where things stand in the PDF."""
    here = places[name]
    for element in article.find_all(True):
        for key, value in list(element.attrs.items()):
            if key == "id":
                element[key] = f"{here}-{value}"
            elif key in ("aria-labelledby", "aria-describedby", "for", "headers"):
                del element[key]
            elif key in ("href", "xlink:href", "src"):
                if (target := _target(value, name, places)) is None:
                    del element[key]
                else:
                    element[key] = target
            elif isinstance(value, str) and "url(#" in value:
                element[key] = value.replace("url(#", f"url(#{here}-")
        element.attrs.pop("loading", None)


def _target(link: str, name: str, places: dict[str, str]) -> str | None:
    """Return where a link of a page leads in the PDF; None where that is not in it."""
    if re.match(r"(?!file:)[a-z]+:", link):
        return link
    path, _, anchor = link.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
    if path in places:
        return f"#{places[path]}-{anchor}" if anchor else f"#{places[path]}"
    return f"../html/{path}" if path.startswith(("_images/", "_static/")) else None


def article_of(entry: Entry, places: dict[str, str], book: Path) -> str:
    """Return a page's text, as a part of the long page."""
    page = (book / entry.name).read_text(encoding="utf-8")
    models = {}
    for state in re.findall(rf'<script type="{re.escape(STATE)}">(.*?)</script>', page, re.DOTALL):
        models |= json.loads(state)["state"]
    page = page[page.index("<article") :]
    soup = BeautifulSoup(page, "html.parser", multi_valued_attributes=None)
    article = soup.article
    with_pictures(article, models)
    for extra in article.select("script, .headerlink, .term-note, .copybtn"):
        extra.decompose()
    addressed(article, entry.name, places)
    article["id"] = places[entry.name]
    if entry.deeper:
        for level in range(5, 0, -1):
            for heading in article.find_all(f"h{level}"):
                heading.name = f"h{level + 1}"
    if "/solutions/" in entry.name:
        for details in article.find_all("details"):
            details["open"] = ""
    return str(article)


def contents(chosen: list[Entry], places: dict[str, str]) -> str:
    """Return the list of contents, whose numbers come with the second printing."""
    lines = []
    for entry in chosen[1:]:
        if entry.part:
            lines.append(f'<p class="part">{entry.part}</p>')
        kind = ' class="deeper"' if entry.deeper else ""
        link = f'<a href="#{places[entry.name]}">{entry.title}</a>'
        lines.append(f"<p{kind}>{link}</p>")
    lines.append('<p class="part"><a href="#answers">Answers</a></p>')
    return f'<article class="bd-article contents"><h1>Contents</h1>{"".join(lines)}</article>'


def long_page(chosen: list[Entry], book: Path) -> str:
    """Return the pages as one: what reads on, then the answers, then the solutions."""
    places = {entry.name: f"p{number}" for number, entry in enumerate(chosen)}
    texts = {entry: article_of(entry, places, book) for entry in chosen}
    solved = [entry for entry in chosen if "/solutions/" in entry.name and len(chosen) > 1]
    body = [texts[entry] for entry in chosen if entry not in solved]
    if len(chosen) > 1:
        body.insert(1, contents(chosen, places))
    body.append('<article class="bd-article" id="answers"><h1>Answers</h1></article>')
    if solved:
        body.append('<article class="bd-article"><h1>Solutions</h1></article>')
        body += [texts[entry] for entry in solved]
    formulas = (book / "chapters" / "notation.html").read_text(encoding="utf-8")
    mathjax = re.search(r"<script>(window\.MathJax = .*?)</script>", formulas, re.DOTALL)
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{TITLE}</title>
<link rel="stylesheet" href="../html/_static/book.css"><style>{STYLE}</style>
<script>{mathjax[1] if mathjax else ""}</script>
<script defer src="../html/_static/vendor/mathjax/startup.js"></script>
<script defer src="../html/_static/book.js"></script></head>
<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{"".join(body)}
</div></div></main></body></html>"""


def printed(source: Path, browser) -> bytes:
    """Print the long page of a file."""
    page = browser.new_page(color_scheme="light")
    page.set_default_timeout(300_000)
    page.goto(source.as_uri(), wait_until="load")
    page.evaluate("window.MathJax?.startup?.promise")
    page.evaluate(MOVE_ANSWERS)
    page.evaluate("document.fonts.ready")
    data = page.pdf(
        format="A4",
        margin={"top": "17mm", "bottom": "19mm", "left": "19mm", "right": "19mm"},
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
        print_background=True,
        outline=True,
        tagged=True,
    )
    page.close()
    return data


def numbered(pdf: bytes) -> bytes:
    """Write beside each link of the contents and of the answers on which sheet its end stands."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    sheets = {page.indirect_reference.idnum: i for i, page in enumerate(writer.pages, 1)}
    ends = {name: sheets[place.page.idnum] for name, place in writer.named_destinations.items()}
    font = DictionaryObject()
    for key, value in (("Type", "Font"), ("Subtype", "Type1"), ("BaseFont", "Helvetica")):
        font[NameObject(f"/{key}")] = NameObject(f"/{value}")
    font = writer._add_object(font)
    for page in writer.pages:
        notes = []
        for each in page.get("/Annots", []):
            name = each.get_object().get("/Dest")
            if name in ends and OURS.fullmatch(name):
                x, y = (float(each.get_object()["/Rect"][i]) for i in (2, 1))
                x -= 18 if x > 500 else -3  # in a line of the contents, or after a link's words
                notes.append(f"BT /Sheet 9 Tf {x:.1f} {y + 3:.1f} Td ({ends[name]}) Tj ET")
        if notes:
            before, after = DecodedStreamObject(), DecodedStreamObject()
            before.set_data(b"q")
            after.set_data(f" Q q 0.13 g {' '.join(notes)} Q".encode())
            contents = page.raw_get("/Contents")
            parts = [writer._add_object(before), contents, writer._add_object(after)]
            page[NameObject("/Contents")] = ArrayObject(parts)
            fonts = page["/Resources"].setdefault(NameObject("/Font"), DictionaryObject())
            fonts.get_object()[NameObject("/Sheet")] = font
    say_once(writer)
    result = io.BytesIO()
    writer.write(result)
    return result.getvalue()


def say_once(writer: PdfWriter) -> None:
    """Say a title of the outline once: Chromium says it twice where a sheet begins with it."""
    outline = writer.root_object.get("/Outlines", {})
    waiting = [outline["/First"]] if "/First" in outline else []
    while waiting:
        item = waiting.pop()
        title = item["/Title"]
        if title[: len(title) // 2] * 2 == title:
            item[NameObject("/Title")] = TextStringObject(title[: len(title) // 2])
        waiting += [item[key] for key in ("/Next", "/First") if key in item]


def make(chosen: list[Entry], target: Path, browser, book: Path = BOOK) -> None:
    """Write the PDF of some pages."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = book.parent / "pdf" / f"{target.stem}-{os.getpid()}.html"  # its links go by ../html
    source.parent.mkdir(exist_ok=True)
    source.write_text(long_page(chosen, book), encoding="utf-8")
    try:
        data = numbered(printed(source, browser))
    finally:
        source.unlink()
    part = target.with_suffix(".part")
    part.write_bytes(data)
    part.replace(target)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("page", nargs="?", help="such as chapters/03_batching; else the book")
    parser.add_argument("--to", type=Path, metavar="FILE", help="default: in _build/pdf")
    arguments = parser.parse_args()
    try:
        chosen = entries(BOOK)
        if arguments.page:
            name = re.sub(r"(\.\w+)?$", ".html", arguments.page, count=1)
            chosen = [entry for entry in chosen if entry.name == name]
            if not chosen:
                raise FileNotFoundError(
                    f"The book has no page {arguments.page!r}: name one as chapters/03_batching."
                )
        path = headless.executable()
        if path is None:
            raise FileNotFoundError(headless.MISSING)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    stem = Path(chosen[0].name).stem if arguments.page else "book"
    target = arguments.to or ROOT / "_build" / "pdf" / f"{stem}.pdf"
    with sync_playwright() as playwright:
        browser = headless.launched(playwright, path)
        make(chosen, target, browser)
        browser.close()
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
