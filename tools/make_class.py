"""Make a student's own folder: the chapters without outputs, the exercises, no solutions.

    python tools/make_class.py [FOLDER]                 (class, in the project's folder)

What is in the folder already stays as it is, whoever changed it; what is missing is added. So the
command can be run again after an update, or after a file was deleted to get it anew.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "chapters"
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
PAGES = ["notation.md", "glossary.md", "10_what_comes_after.md"]
START = """\
# Start here

This folder is yours: change what you like, nothing here is ever overwritten.
Run a cell with Shift+Enter; **Run → Run All Cells** runs a page.
Before you run a cell that follows a **Predict**, write down what you expect.

The pages have no outputs yet, so that nothing is given away.
With all outputs they are the book: `make book`, then open `_build/html/index.html`.

| chapter | exercises | to go deeper |
|---|---|---|
{rows}

The symbols are on the page [Notation](notation.ipynb), the words in the [Glossary](glossary.ipynb).
Where an exercise is graded, hand in the notebook of that name from the folder `exercises`.
"""


def title(path: Path) -> str:
    """Return the first heading of a notebook or a Markdown page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.search(r"^# (.+)$", text, flags=re.M)[1]


def for_jupyter(text: str) -> str:
    """Return a page's Markdown as JupyterLab shows it: pages are notebooks, no directives."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    text = re.sub(r"^```\{glossary\}\n(.*?)^```$", _as_list, text, flags=re.S | re.M)
    text = re.sub(r"\{[\w:-]+\}`([^`<]+?)(?: <[^`>]*>)?`", r"\1", text)
    return re.sub(r"\[([^\]]*)\]\(((?:\.\./)*)([\w/]+\.md)(#[^)]*)?\)", _link, text)


def _link(match: re.Match) -> str:
    # A page of the book alone, the bibliography say, is named and not linked.
    text, up, name, _ = match.groups()
    return f"[{text}]({up}{name[:-3]}.ipynb)" if name in PAGES else text


def _as_list(match: re.Match) -> str:
    return re.sub(r"^(\S.*)\n +(.+)$", r"- **\1**: \2", match[1], flags=re.M)


def without_outputs(path: Path) -> nbformat.NotebookNode:
    """Return a chapter as a student opens it: nothing run, cells that only draw folded."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = for_jupyter(cell.source)
            continue
        cell.outputs, cell.execution_count = [], None
        if FOLDED & set(cell.metadata.get("tags", [])):
            cell.metadata["jupyter"] = {"source_hidden": True}
    return notebook


def exercises(path: Path) -> nbformat.NotebookNode:
    """Return exercises as they are handed out; what nbgrader has locked stays to the letter."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
            cell.source = for_jupyter(cell.source)
    return notebook


def page(text: str) -> nbformat.NotebookNode:
    """Return Markdown as a notebook: JupyterLab would open it as raw text."""
    cell = nbformat.v4.new_markdown_cell(for_jupyter(text), id="text")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})


def start() -> str:
    """Return the page that JupyterLab opens, with a row for each chapter."""
    rows = []
    for path in sorted(CHAPTERS.glob("[0-9][0-9]_*")):
        name = f"{path.stem}.ipynb"
        links = re.findall(r"\]\((deeper/[\w.]+\.ipynb)", path.read_text(encoding="utf-8"))
        deeper = [f"[{title(CHAPTERS / link)}]({link})" for link in dict.fromkeys(links)]
        has_exercises = (CHAPTERS / "exercises" / name).is_file()
        exercises = f"[exercises](exercises/{name})" if has_exercises else ""
        number = int(path.name[:2])
        rows.append(f"| {number} [{title(path)}]({name}) | {exercises} | {' · '.join(deeper)} |")
    return START.format(rows="\n".join(rows))


def wanted() -> dict[str, nbformat.NotebookNode | Path]:
    """Return what belongs into the folder: a notebook, or a file to copy, by its name there."""
    files: dict[str, nbformat.NotebookNode | Path] = {"START.ipynb": page(start())}
    for path in sorted([*CHAPTERS.glob("*.ipynb"), *(CHAPTERS / "deeper").glob("*.ipynb")]):
        files[path.relative_to(CHAPTERS).as_posix()] = without_outputs(path)
    for path in sorted((CHAPTERS / "exercises").glob("*.ipynb")):
        files[f"exercises/{path.name}"] = exercises(path)
    for name in PAGES:
        if (CHAPTERS / name).is_file():
            text = (CHAPTERS / name).read_text(encoding="utf-8")
            files[name.replace(".md", ".ipynb")] = page(text)
    for path in sorted((CHAPTERS / "_static").glob("*.*")):
        if path.suffix in {".svg", ".webp", ".jpg", ".png"}:
            files[f"_static/{path.name}"] = path
    return files


def make(folder: Path) -> tuple[int, int]:
    """Add what is missing; return how many files were added and how many were there."""
    added = kept = 0
    for name, content in wanted().items():
        target = folder / name
        if target.exists():
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        if isinstance(content, Path):
            shutil.copyfile(content, part)
        else:
            nbformat.write(content, part)
        part.replace(target)
        added += 1
    return added, kept


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "class"
    n_added, n_kept = make(where)
    print(f"{where.name}/: {n_added} files added, {n_kept} that were there left as they are.")
    print("Open START.ipynb in it.")
