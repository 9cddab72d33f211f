"""Sphinx extension: predictions, results, notes and traps look like what they are.

In the source they are plain Markdown, a quote or a paragraph that begins with one bold word, and so
they read well in JupyterLab too. Here that word becomes a class, for `custom.css` and `book.js`.
"""

from __future__ import annotations

from docutils import nodes

QUOTES = {
    "What you will do.": "opener",
    "Predict.": "predict",
    "Note.": "note-card",
    "Trap.": "trap-card",
    "On another file.": "file-card",
}
RESULT = "What came out."


def bold_beginning(node: nodes.Node) -> str:
    """Return the bold words with which a quote or a paragraph begins."""
    while node.children and not isinstance(node, nodes.strong):
        node = node.children[0]
    return node.astext() if isinstance(node, nodes.strong) else ""


def classify(app, doctree) -> None:
    """Give each of them its class."""
    for quote in doctree.findall(nodes.block_quote):
        if name := QUOTES.get(bold_beginning(quote)):
            quote["classes"] += ["card-quote", name]
    for paragraph in doctree.findall(nodes.paragraph):
        if bold_beginning(paragraph) == RESULT:
            paragraph["classes"].append("came-out")


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", classify)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
