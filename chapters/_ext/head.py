"""Sphinx extension: what stands in a page's head is short, so that the page shows at once.

The theme, its extensions and Sphinx bring ten style sheets, three icon fonts and a dozen scripts,
of which a page uses a small part. Here the style sheets become one that holds the rules whose
classes occur somewhere in the book, the icon fonts keep the icons that occur, scripts wait until
the page is read, and those for formulas and for the search stay where there is something to do.
A page says what it is about in its description and to those who share it, and its roles are sound.
"""

from __future__ import annotations

import html
import logging
import re
from pathlib import Path

import tinycss2
from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont

STYLE = re.compile(r'<link [^>]*href="(?P<url>[^"?]*_static/(?P<path>[^"?]+\.css))[^"]*"[^>]*>\s*')
SCRIPT = re.compile(r'<script (?P<how>[^>]*)src="(?P<url>[^"?]+)(?P<rest>[^>]*)></script>')
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
MADE_UP = ("mjx-", "TEX-", "noUi-")  # scripts put these classes together from parts
# What the theme and docutils say to screen readers, put right.
ROLES = (
    (
        '<div id="pst-primary-sidebar" class',
        '<div id="pst-primary-sidebar" role="navigation" aria-label="Book" class',
    ),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry"', ""),
    (
        'search-button-field search-button__button pst-js-only" title="Search" aria-label="Search"',
        'search-button-field search-button__button pst-js-only" title="Search"',
    ),
)


def describe(app, pagename, templatename, context, doctree) -> None:
    """Say in the page's head what it is about, in the words of its first paragraph."""
    if doctree is None:
        return
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


def words_in_use(out: Path) -> set[str]:
    """Return every word of the pages and scripts: what may be a class or an id."""
    found: set[str] = set()
    for path in [*out.rglob("*.html"), *out.rglob("*.js")]:
        if path.name != "searchindex.js":
            found.update(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
    return found


def trimmed(rules, words: set[str], place: str) -> str:
    """Return the rules that can apply somewhere, their URLs relative to ``_static``."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = split(rule.prelude)
            selectors = [each for each in selectors if names(each) <= words]
            if selectors:
                content = tinycss2.serialize(rule.content)
                kept.append(f"{','.join(selectors)}{{{rebased(content, place)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inside = tinycss2.parse_rule_list(rule.content, True, True)
            if text := trimmed(inside, words, place):
                head = tinycss2.serialize(rule.prelude)
                kept.append(f"@{rule.at_keyword}{head}{{{text}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            kept.append(rebased(rule.serialize(), place))
    return "\n".join(kept)


def split(prelude) -> list[str]:
    """Return the selectors of a rule; commas inside brackets part nothing."""
    selectors: list[list] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return [tinycss2.serialize(each).strip() for each in selectors]


def names(selector: str) -> set[str]:
    """Return the classes and ids that an element needs; what :not() and :is() say is no need."""
    outside = re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "", selector)
    found = re.findall(r"[.#](-?[A-Za-z_][\w-]*)", outside.replace("\\", ""))
    return {name for name in found if not name.startswith(MADE_UP)}


def rebased(text: str, place: str) -> str:
    """Make URLs that were relative to a folder of ``_static`` relative to ``_static`` itself."""

    def change(match: re.Match) -> str:
        if match[1].startswith(("data:", "#", "/")):
            return match[0]
        parts: list[str] = []
        for part in f"{place}/{match[1]}".split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return f"url({'/'.join(parts)})"

    return re.sub(r"""url\(["']?([^"')]+)["']?\)""", change, text)


def fewer_icons(css: str, static: Path) -> str:
    """Replace each icon font by one that holds the icons that the style sheet names."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    codes = {ord(sign) for sign in css if "\ue000" <= sign <= "\uf8ff"}
    for font in re.findall(r"url\(([^)]*fa-[\w-]+)\.woff2\)", css):
        source = static / f"{font}.woff2"
        if not source.exists():
            continue
        small = TTFont(source.with_suffix(".ttf"))
        options = subset.Options(notdef_outline=True)
        chosen = subset.Subsetter(options)
        chosen.populate(unicodes=codes)
        chosen.subset(small)
        small.flavor = "woff"
        small.save(static / f"{font}.woff")
        css = re.sub(
            rf"url\({re.escape(font)}\.woff2\)[^;}}]*", f'url({font}.woff) format("woff")', css
        )
    return css


def shorten_heads(app, exception) -> None:
    """Do all of that, once the pages are written."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))}
    sheets: dict[str, None] = {}
    for text in pages.values():
        sheets.update(dict.fromkeys(match["path"] for match in STYLE.finditer(text)))
    sheets.pop("book.css", None)
    if sheets:
        words, parts = words_in_use(out), []
        for path in sheets:
            source = (static / path).read_text(encoding="utf-8")
            # basic.css and the like come in by @import.
            place = path.rpartition("/")[0]
            rules = tinycss2.parse_stylesheet(imported(source, (static / path).parent), True, True)
            parts.append(trimmed(rules, words, place))
        css = fewer_icons("\n".join(parts), static)
        (static / "book.css").write_text(f'@charset "utf-8";\n{css}', encoding="utf-8")
    options = (static / "documentation_options.js").read_text(encoding="utf-8")
    for path, text in pages.items():
        shorter = shortened(text, path, options)
        if shorter != text:
            path.write_text(shorter, encoding="utf-8")


def imported(css: str, folder: Path) -> str:
    """Put in what a style sheet of a folder imports: a browser takes no import after a rule."""

    def read(match: re.Match) -> str:
        path = Path(match[1])
        return rebased((folder / path).read_text(encoding="utf-8"), str(path.parent))

    return re.sub(r"""@import (?:url\()?["']?([\w./-]+)["']?\)?;""", read, css)


def shortened(text: str, path: Path, options: str) -> str:
    """Return a page with one style sheet and with scripts that wait."""
    first = STYLE.search(text)
    if first:
        url = first["url"].removesuffix(first["path"]) + "book.css"
        link = f'<link rel="stylesheet" href="{url}"/>\n'
        text = STYLE.sub(lambda match: link if match.start() == first.start() else "", text)
    text = re.sub(r'<link rel="preload"[^>]*>\s*', "", text)
    formulas = re.search(r'class="[^"]*\bmath\b', text)
    searches = path.name == "search.html"

    def wait(match: re.Match) -> str:
        name = match["url"].rpartition("/")[2]
        if name == "documentation_options.js":
            return f"<script>{options}</script>"  # read by scripts in the page itself
        unused = (name == "startup.js" and not formulas) or name == "fontawesome.js"
        if unused or (name in SEARCH and not searches):
            return ""
        how = match["how"] if "defer" in match["how"] or searches else match["how"] + "defer "
        return f'<script {how}src="{match["url"]}{match["rest"]}></script>'

    text = SCRIPT.sub(wait, text)
    for found, better in ROLES:
        text = text.replace(found, better)
    text = re.sub(r'<th class="head[^"]*">(<p></p>)?</th>', "<td></td>", text)
    if not formulas:
        text = re.sub(r"<script>window\.MathJax = .*?</script>\s*", "", text)
    return text


def setup(app):
    """Register with Sphinx; after the figures, whose classes count."""
    app.connect("html-page-context", describe)
    app.connect("build-finished", shorten_heads, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
