"""Sphinx extension: predictions, results, questions, notes and traps look like what they are.

In the source they are plain Markdown, a quote or a paragraph that begins with one bold word, and so
they read well in JupyterLab too. Here that word becomes a class, for `custom.css` and `book.js`.
Where a chapter stresses a word of the glossary, its definition stands in the margin of a wide page.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes

QUOTES = {
    "What you will do.": "opener",
    "Predict.": "predict",
    "Note.": "note-card",
    "Trap.": "trap-card",
    "On another file.": "file-card",
    "Question.": "question",
}
PARAGRAPHS = {"What came out.": "came-out", "Answer.": "question-answer"}


def bold_beginning(node: nodes.Node) -> str:
    """Return the bold words with which a quote or a paragraph begins."""
    for child in node.findall():
        if isinstance(child, nodes.strong):
            return child.astext()
        if isinstance(child, nodes.Text) and child.strip():
            break
    return ""


def classify(app, doctree) -> None:
    """Give each of them its class."""
    for quote in doctree.findall(nodes.block_quote):
        if name := QUOTES.get(bold_beginning(quote)):
            quote["classes"] += ["card-quote", name]
    for paragraph in doctree.findall(nodes.paragraph):
        if name := PARAGRAPHS.get(bold_beginning(paragraph)):
            paragraph["classes"].append(name)


def definitions(glossary: Path) -> dict[str, str]:
    """Return the first sentence of each entry of the glossary, as plain text."""
    entries = re.findall(r"(?m)^(\w.*)\n    (.+)", glossary.read_text(encoding="utf-8"))
    found = {}
    for term, text in entries:
        text = re.sub(r"\{term\}`([^`<]*[^`< ])[^`]*`|\[([^]]*)\]\([^)]*\)", r"\1\2", text)
        plain = re.sub(r"[`*$]", "", re.match(r".*?[.:](?= [A-Z]|$)|.*", text)[0])
        if "\\" not in plain:
            found[term.lower()] = plain
    return found


def note_terms(app, doctree) -> None:
    """Put the definition of a stressed word of the glossary beside its paragraph, once a page."""
    name = app.env.docname
    if not name.startswith("chapters/") or name == "chapters/glossary":
        return
    known = definitions(Path(app.srcdir, "chapters", "glossary.md"))
    for word in list(doctree.findall(nodes.emphasis)):
        term = word.astext().lower()
        term = term if term in known else term.removesuffix("s")
        block = word
        while block.parent is not None and not isinstance(block.parent, nodes.section):
            block = block.parent
        if term in known and isinstance(block, nodes.paragraph):
            text = nodes.paragraph("", "", nodes.strong("", f"{term}: "))
            text += nodes.Text(known.pop(term))
            block.parent.insert(
                block.parent.index(block), nodes.container("", text, classes=["term-note"])
            )


def caption_interactive_figures(app, doctree) -> None:
    """Number and caption what a cell's metadata calls a figure and myst-nb shows as a widget."""
    for cell in doctree.findall(nodes.container):
        wanted = cell.get("cell_metadata", {}).get("mystnb", {}).get("figure")
        outputs = [child for child in cell if "cell_output" in child.get("classes", [])]
        if not wanted or not outputs or next(iter(cell.findall(nodes.figure)), None):
            continue
        name = nodes.make_id(wanted.get("name", f"{app.env.docname}-{cell.get('cell_index')}"))
        caption = nodes.caption("", wanted["caption"])
        shown = [child for output in outputs for child in output]
        figure = nodes.figure("", *shown, caption, ids=[name], classes=["interactive"])
        outputs[0].children = []
        outputs[0] += figure
        labels = app.env.get_domain("std").data
        labels["labels"][name] = (app.env.docname, name, wanted["caption"])
        labels["anonlabels"][name] = (app.env.docname, name)


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", classify)
    app.connect("doctree-read", note_terms)
    app.connect("doctree-read", caption_interactive_figures)
    return {"env_version": 4, "parallel_read_safe": True, "parallel_write_safe": True}
