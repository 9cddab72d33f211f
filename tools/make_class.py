"""Make a student's own folder: the chapters without outputs, the exercises, no solutions.

    python tools/make_class.py [FOLDER]                 (class, in the project's folder)

What a prediction asks for is folded: it opens with a click, once the cell has been run. The command
can be run again after an update, or after a file was deleted to get it anew: pages that nobody has
touched are renewed, changed ones stay, with the new ones beside them (`renew`).
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import nbformat
import prose_numbers
import renew
import yaml

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "chapters"
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
# The book's alone: who builds it, who teaches from it, what Sphinx makes.
BOOK_ONLY = {"index", "api", "bibliography", "instructor", "questions"}
ANSWER = "**Answer.**"
SO_FAR = "## Our network so far"
SUMMARY = "## Summary"
START = """\
# Start here

This folder is yours: change what you like.
After an update of the course, pages that you have not changed are renewed.
What you have changed stays, and the new page comes beside it.
Run a cell with Shift+Enter; **Run → Run All Cells** runs a page.
Before you run a cell that follows a **Predict**, write down what you expect.
Then run it, and open **What came out** below it.

The pages have no outputs yet, so that nothing is given away.
{book}

| chapter | exercises | to go deeper |
|---|---|---|
{rows}

Beside them: {others}.
Where an exercise is graded, hand in the notebook of that name from the folder `exercises`.
"""

BOOK = "With all outputs they are the book: `make book`, then open `_build/html/index.html`."


def title(path: Path) -> str:
    """Return the first heading of a notebook or a Markdown page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.search(r"^# (.+)$", text, flags=re.M)[1]


def pages() -> list[Path]:
    """Return the book's pages that a student gets, exercises aside: notebooks and Markdown."""
    found = [path for kind in ("ipynb", "md") for path in CHAPTERS.glob(f"*.{kind}")]
    found += [path for kind in ("ipynb", "md") for path in CHAPTERS.glob(f"deeper/*.{kind}")]
    return sorted(path for path in found if path.stem not in BOOK_ONLY)


# ------------------------------------------------------------------------------ as Jupyter shows it


def for_jupyter(text: str) -> str:
    """Return a page's Markdown as JupyterLab shows it: pages are notebooks, no directives."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    text = re.sub(r"^```\{glossary\}\n(.*?)^```$", _as_list, text, flags=re.S | re.M)
    text = re.sub(r"\{[\w:-]+\}`([^`<]+?)(?: <[^`>]*>)?`", r"\1", text)
    return re.sub(r"\[([^\]]*)\]\(((?:\.\./)*)([\w/]+)\.md(#[^)]*)?\)", _link, text)


def _link(match: re.Match) -> str:
    # A page of the book alone, the bibliography say, is named and not linked.
    text, up, name, _ = match.groups()
    return text if name.rpartition("/")[2] in BOOK_ONLY else f"[{text}]({up}{name}.ipynb)"


def _as_list(match: re.Match) -> str:
    return re.sub(r"^(\S.*)\n +(.+)$", r"- **\1**: \2", match[1], flags=re.M)


# -------------------------------------------------------------------------- what is not given away


def fold(title: str, when: str, text: str) -> str:
    """Return Markdown that a click on its title opens, in JupyterLab as in Colab and VS Code."""
    head = f"<summary><b>{title}</b> ({when})</summary>"
    return f"<details>\n{head}\n\n{text.strip()}\n\n</details>"


def folded(text: str, printed: set[float]) -> str:
    """Return a chapter's Markdown with its results folded.

    These are what came out, with the paragraphs after it that quote numbers ``printed`` above, the
    table of our network, and the summary.
    """
    blocks, done = prose_numbers.paragraphs(text), []
    while blocks:
        block = blocks.pop(0)
        if block.startswith((SO_FAR, SUMMARY)):
            n = next((i for i, each in enumerate(blocks) if _ends_a_section(each)), len(blocks))
            done.append(block)
            if n:
                inside = "\n\n".join(blocks[:n])
                done.append(fold("In short", "when you have run this page", inside))
        elif block.startswith(prose_numbers.CAME_OUT):
            n = next((i for i, each in enumerate(blocks) if _ends_a_result(each)), len(blocks))
            while n and not quotes(blocks[n - 1], printed):
                n -= 1
            block = block.removeprefix(prose_numbers.CAME_OUT)
            inside = "\n\n".join([block, *blocks[:n]])
            done.append(fold("What came out", "run the cell first", inside))
        else:
            done.append(block)
            n = 0
        del blocks[:n]
    return "\n\n".join(done)


def _ends_a_section(block: str) -> bool:
    return block.startswith(("#", "Next: "))


def _ends_a_result(block: str) -> bool:
    return block.startswith(("#", "> **Predict.", prose_numbers.CAME_OUT))


def quotes(text: str, printed: set[float]) -> bool:
    """Say whether a text quotes one of the printed numbers that are too long to agree by chance."""
    words = re.sub(prose_numbers.ASIDE, " ", text)
    found = [number for number in prose_numbers.numbers(words) if is_telling(number)]
    return any(prose_numbers.stands_in(number, printed, percent=False) for number in found)


def is_telling(number: str) -> bool:
    """Say whether a number, as written, is long enough not to agree with another by chance."""
    digits = number.partition("e")[0]
    decimals = digits.partition(".")[2]
    return len(decimals) > 2 or bool(decimals and len(digits.replace(".", "").lstrip("0")) > 1)


def without_asserts(source: str) -> str:
    """Return a cell without the lines that hold the author's machine to a range of results."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic of IPython's
        return source
    lines = source.splitlines()
    for node in reversed(body):
        if isinstance(node, ast.Assert):
            del lines[node.lineno - 1 : node.end_lineno]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n")


def without_outputs(path: Path) -> nbformat.NotebookNode:
    """Return a chapter as a student opens it: nothing run, results and drawing cells folded."""
    notebook, printed = nbformat.read(path, as_version=4), set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = for_jupyter(folded(cell.source, printed))
            continue
        for text in prose_numbers.output_texts(cell):
            printed |= {prose_numbers.value(n) for n in prose_numbers.numbers(text)}
        cell.outputs, cell.execution_count = [], None
        cell.source = without_asserts(cell.source)
        cell.metadata.pop("mystnb", None)  # captions and alt texts say what will be seen
        if FOLDED & set(cell.metadata.get("tags", [])):
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.cells = [cell for cell in notebook.cells if cell.source]
    return notebook


def exercises(path: Path) -> nbformat.NotebookNode:
    """Return exercises as they are handed out; what nbgrader has locked stays to the letter."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
            if cell.source.startswith(ANSWER):
                text = cell.source.removeprefix(ANSWER)
                cell.source = fold("Answer", "when you have yours", text)
            cell.source = for_jupyter(cell.source)
    return notebook


def page(text: str) -> nbformat.NotebookNode:
    """Return Markdown as a notebook: JupyterLab would open it as raw text."""
    cell = nbformat.v4.new_markdown_cell(for_jupyter(text), id="text")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})


# -------------------------------------------------------------------------------- the whole folder


def start(book: str) -> str:
    """Return the page that JupyterLab opens: every page, in the order of the book's contents."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    known = {path.relative_to(CHAPTERS).with_suffix("").as_posix(): path for path in pages()}
    rows, others = [], []

    def links(entries: list[dict]) -> list[str]:
        names = [entry["file"].removeprefix("chapters/") for entry in entries]
        return [f"[{title(known.pop(n))}]({n}.ipynb)" for n in names if n in known]

    for entry in (chapter for part in contents["parts"] for chapter in part["chapters"]):
        name, inside = entry["file"].removeprefix("chapters/"), entry.get("sections", [])
        if not re.match(r"\d\d_", name):
            others += links([entry, *inside])
            continue
        exercises = CHAPTERS / f"exercises/{name}.ipynb"
        graded = f"[exercises](exercises/{name}.ipynb)" if exercises.is_file() else ""
        deeper = " · ".join(links(inside))
        rows.append(f"| {int(name[:2])} {links([entry])[0]} | {graded} | {deeper} |")
    others += [f"[{title(path)}]({name}.ipynb)" for name, path in known.items()]
    return START.format(book=book, rows="\n".join(rows), others=" · ".join(others))


def wanted(book: str = BOOK) -> dict[str, bytes]:
    """Return what belongs into the folder: each file's bytes by its name there.

    ``book`` is the sentence that says where the book is.
    """
    made = {"START.ipynb": page(start(book))}
    for path in pages():
        name = path.relative_to(CHAPTERS).with_suffix(".ipynb").as_posix()
        text = path.suffix == ".md"
        made[name] = page(path.read_text("utf-8")) if text else without_outputs(path)
    for path in sorted((CHAPTERS / "exercises").glob("*.ipynb")):
        made[f"exercises/{path.name}"] = exercises(path)
    files = {name: nbformat.writes(notebook).encode() for name, notebook in made.items()}
    for path in sorted((CHAPTERS / "_static").glob("*.*")):
        if path.suffix in {".svg", ".webp", ".jpg", ".png"}:
            files[f"_static/{path.name}"] = path.read_bytes()
    return files


def make(folder: Path) -> renew.Report:
    """Make the folder, or bring it up to date; return what happened to its pages."""
    return renew.renew(folder, wanted())


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "class"
    print(f"{where.name}/: {make(where)}")
    print("Open START.ipynb in it.")
