"""The pages' one style sheet, of the rules that can apply somewhere in the book.

The theme, its extensions and Sphinx bring ten style sheets and three icon fonts, of which a page
uses a small part. One sheet holds the rules whose classes occur somewhere in the book; the icon
fonts keep the icons that occur.
"""

from __future__ import annotations

import functools
import logging
import re
from pathlib import Path

import tinycss2
from sphinx.errors import ExtensionError

MADE_UP = ("mjx-", "TEX-", "noUi-")  # scripts put these classes together from parts
_noted: list[list[str]] = []


def note(sheets: list[str]) -> None:
    """Note the style sheets of a page, which are those of every page.

    Sphinx writes at least one page itself before it leaves others to child processes.
    """
    if not _noted:
        _noted.append(sheets)
    if sheets != _noted[0]:
        raise ExtensionError(f"a page has the style sheets {sheets}, the first one {_noted[0]}")


@functools.cache
def options_of(out: Path) -> str:
    """Return the script of Sphinx's that tells the others what the book is like."""
    return (out / "_static" / "documentation_options.js").read_text(encoding="utf-8")


def write(out: Path) -> None:
    """Write ``_static/book.css``, if a page was written."""
    if not _noted:
        return
    static, words, parts = out / "_static", words_in_use(out), []
    for path in _noted.pop():
        source = (static / path).read_text(encoding="utf-8")
        # basic.css and the like come in by @import.
        rules = tinycss2.parse_stylesheet(imported(source, (static / path).parent), True, True)
        parts.append(trimmed(rules, words, path.rpartition("/")[0]))
    css = fewer_icons("\n".join(parts), static)
    (static / "book.css").write_text(f'@charset "utf-8";\n{css}', encoding="utf-8")


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
    from fontTools import subset  # only where a page was written
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools").setLevel(logging.WARNING)
    codes = {ord(sign) for sign in css if "\ue000" <= sign <= "\uf8ff"}
    fonts = re.findall(r"url\(([^)]*fa-[\w-]+)\.woff2\)", css)
    if not (fonts and codes):
        raise ExtensionError(
            "The theme's icon fonts are not where chapters/_ext/style_sheet.py looks."
        )
    for font in fonts:
        source = static / f"{font}.woff2"
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


def imported(css: str, folder: Path) -> str:
    """Put in what a style sheet of a folder imports: a browser takes no import after a rule."""

    def read(match: re.Match) -> str:
        path = Path(match[1])
        return rebased((folder / path).read_text(encoding="utf-8"), str(path.parent))

    return re.sub(r"""@import (?:url\()?["']?([\w./-]+)["']?\)?;""", read, css)
