"""Execute notebooks in place, as they are committed: on the simulated sample, without residue.

    python tools/execute_notebooks.py [--workers 2] [NOTEBOOK ...]

Without a name: all but the exercises. Each worker executes one notebook at a time, with one thread
for matrix products. A cached sample that is not what the code draws is refused. What differs from
run to run without saying anything (timestamps, the kernel's version, widget state) is left out, so
that a diff shows what changed. What stays beside the outputs is a digest of the code that made
them, by which the book knows that it may show them, and the values of figures that move
(`galaxy_lib.living.stored`).
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
from golden_drawing import refuse_another
from nbclient import NotebookClient

from galaxy_lib.files.datasets import simulated_sample_path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "chapters" / "_ext"))

from stored_outputs import DIGEST, FIGURE, VIEW, code_digest  # noqa: E402


def all_notebooks() -> list[Path]:
    """Every notebook that somebody edits; make_exercises.py makes and executes the others."""
    chapters = ROOT / "chapters"
    folders = [chapters, chapters / "deeper", chapters / "solutions"]
    return sorted(path for folder in folders for path in folder.glob("*.ipynb"))


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what a commit should not hold: widget state and views, timestamps, versions."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        DIGEST: code_digest(notebook),
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            for output in cell.outputs:
                if FIGURE in output.get("data", {}):
                    output.data.pop(VIEW, None)
            cell.outputs = [o for o in cell.outputs if VIEW not in o.get("data", {})]


def execute(path: Path) -> None:
    """Run one notebook in its own folder and write it back if no cell raised or warned."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        coalesce_streams=True,
    ).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise RuntimeError(f"a cell wrote to stderr:\n{output['text']}")
    clean(notebook)
    nbformat.validate(notebook)
    part = path.with_suffix(".part")
    nbformat.write(notebook, part)
    part.replace(path)


def main() -> None:
    """Execute the notebooks; the first that fails ends it, and none is begun after it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--workers", type=int, default=2, help="notebooks at a time (default: 2)")
    args = parser.parse_args()
    sample = simulated_sample_path()
    try:
        refuse_another(sample)
    except ValueError as error:
        sys.exit(str(error))
    os.environ |= {"GALAXY10_FILE": str(sample), "OMP_NUM_THREADS": "1"}
    with ProcessPoolExecutor(args.workers) as pool:
        names = {pool.submit(execute, path): path for path in args.notebooks or all_notebooks()}
        try:
            for done in as_completed(names):
                done.result()
                print(names[done], flush=True)
        except Exception as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(f"{names[done]}: {error}")


if __name__ == "__main__":
    main()
