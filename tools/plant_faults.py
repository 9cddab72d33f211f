"""Plant faults in a copy of the module, one at a time, and see that its commands notice.

    python tools/plant_faults.py            all of them; about ten minutes
    python tools/plant_faults.py colour     those whose name contains a word

Works on a copy of what git tracks, with this environment. Each fault runs the part of `make test`
(or `make book`) that should notice it, and that part runs once more with nothing broken.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
Edit = Callable[[str], str]


def copy_of_tree(target: Path) -> None:
    """Copy the tracked files, as they are in the work tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def substitute(old: str, new: str) -> Edit:
    """Return an edit of a text that must change it."""

    def edit(text: str) -> str:
        if old not in text:
            raise LookupError(f"Nothing contains {old!r}: mend this fault.")
        return text.replace(old, new, 1)

    return edit


def in_code(old: str, new: str) -> Edit:
    """Return an edit of a notebook that changes the source of one code cell."""

    def edit(text: str) -> str:
        notebook = nbformat.reads(text, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code" and old in cell.source:
                cell.source = cell.source.replace(old, new, 1)
                return nbformat.writes(notebook)
        raise LookupError(f"No cell contains {old!r}: mend this fault.")

    return edit


def other_number(text: str) -> str:
    """Change one digit in the first stored text output that nbval compares and that has one."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and re.search(r"\d", output.text):
                output.text = re.sub(
                    r"\d", lambda m: str((int(m[0]) + 1) % 10), output.text, count=1
                )
                return nbformat.writes(notebook)
    raise LookupError("No stored output holds a number: mend this fault.")


def raising_cell(text: str) -> str:
    """Add a cell that raises."""
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    return nbformat.writes(notebook)


C = "chapters/"
NBVAL = "nbval"  # the notebook itself is executed and compared
CROSS = "tests/test_cross_entropy.py"
# (what, file, edit, what should notice it: nbval, a test file, or the book)
FAULTS: list[tuple[str, str, Edit, str]] = [
    (
        "a formula of the library",
        "galaxy_lib/network.py",
        substitute("z * (1 - z)", "z * (1 + z)"),
        "tests/test_network.py",
    ),
    (
        "a constant of the drawing",
        "galaxy_lib/simulator/drawing.py",
        substitute("lognormal(rng, 0.0137, 0.17)", "lognormal(rng, 0.0138, 0.17)"),
        "tests/test_golden.py",
    ),
    (
        "random numbers of the drawing in another order",
        "galaxy_lib/simulator/drawing.py",
        substitute(
            "    add_neighbours(rng, sheet, zoom)\n    add_companions(rng, sheet, zoom)\n",
            "    add_companions(rng, sheet, zoom)\n    add_neighbours(rng, sheet, zoom)\n",
        ),
        "tests/test_golden.py",
    ),
    (
        "a sample that is not named by what draws it",
        "galaxy_lib/files/datasets.py",
        substitute('galaxy10-simulated-{_drawn_by()}-seed', "galaxy10-simulated-v8-seed"),
        "tests/test_datasets.py",
    ),
    (
        "an output edited by hand",
        C + "04_momentum.ipynb",
        substitute("gradient 1   v = 0.5000", "gradient 1   v = 0.5001"),
        NBVAL,
    ),
    (
        "momentum without its 1 − β",
        "galaxy_lib/network.py",
        substitute("share = (1 - beta)", "share = 1"),
        "tests/test_training.py",
    ),
    (
        "cross-entropy: log-sum-exp that overflows",
        "galaxy_lib/network.py",
        substitute("top = u.max(axis=0, keepdims=True)", "top = 0 * u.max(axis=0, keepdims=True)"),
        CROSS,
    ),
    (
        "cross-entropy: targets of 0.99 and 0.01 in training",
        "galaxy_lib/network.py",
        substitute("np.exp(log_z) - (y > 0.5)", "np.exp(log_z) - y"),
        CROSS,
    ),
    (
        "cross-entropy: the factor of the squared error",
        "galaxy_lib/network.py",
        substitute("e = z - (y > 0.5)", "e = (z - (y > 0.5)) * z * (1 - z)"),
        CROSS,
    ),
    (
        "cross-entropy: biases without momentum",
        "galaxy_lib/network.py",
        substitute("v_w[:] = beta * v_w + share", "v_w[:] = share"),
        CROSS,
    ),
    (
        "cross-entropy: the loss of the largest output",
        "galaxy_lib/network.py",
        substitute("-log_z[y > 0.5]", "-log_z.max(axis=0)"),
        CROSS,
    ),
    (
        "ReLU: a slope where it is off",
        "galaxy_lib/network.py",
        substitute("(z_tilde > 0)", "(z_tilde >= 0)"),
        CROSS,
    ),
    (
        "ReLU: the sigmoid's first weights",
        "galaxy_lib/network.py",
        substitute("(z_tilde > 0), 2)", "(z_tilde > 0), 1)"),
        CROSS,
    ),
    (
        "a network's file with NaN for weights",
        "galaxy_lib/files/archives.py",
        substitute("not np.isfinite(array).all()", "False"),
        CROSS,
    ),
    (
        "a crop beside the middle",
        "galaxy_lib/data.py",
        substitute("edge = (side - self.crop) // 2", "edge = (side - self.crop) // 2 - coarsen"),
        "tests/test_data.py",
    ),
    (
        "the gradients of chapter 7 with the target y",
        C + "07_a_better_output.ipynb",
        in_code("e = z - (y > 0.5)", "e = z - y"),
        NBVAL,
    ),
    ("a stored number", C + "01_exploring_the_data.ipynb", other_number, NBVAL),
    (
        "a number in What came out",
        C + "06_evaluation.ipynb",
        substitute("balanced accuracy is 0.576", "balanced accuracy is 0.676"),
        "tests/test_prose.py",
    ),
    (
        "a row of our network's table",
        C + "05_training.ipynb",
        substitute("0.613 ± 0.028 |", "0.713 ± 0.028 |"),
        "tests/test_prose.py",
    ),
    (
        "coarsening by the wrong slice",
        C + "02_managing_the_data.ipynb",
        in_code("pictures[..., i::c, j::c, :]", "pictures[..., i::c, i::c, :]"),
        NBVAL,
    ),
    (
        "the gradient of chapter 3 without its transpose of the error",
        C + "03_batching.ipynb",
        in_code("e_tilde = A.T @ (e * z * (1 - z))", "e_tilde = A.T @ (e * z)"),
        NBVAL,
    ),
    (
        "calibration error without its weights",
        C + "06_evaluation.ipynb",
        in_code(
            "np.sum(size * abs(confidence - fraction)) / size.sum()",
            "np.mean(abs(confidence - fraction))",
        ),
        NBVAL,
    ),
    (
        "Wilson's interval without its shift",
        C + "06_evaluation.ipynb",
        in_code("(p + 1 / (2 * n))", "(p)"),
        NBVAL,
    ),
    ("a cross-reference", C + "index.md", substitute("notation.md", "notatoin.md"), "book"),
    (
        "a cell edited and not executed, its outputs the same",
        C + "04_momentum.ipynb",
        in_code("Valley()", "Valley()  # as above"),
        "tests/test_notebooks.py",
    ),
    (
        "a stored figure that fits no code",
        C + "04_momentum.ipynb",
        substitute('"eta": 0.039', '"slope": 0.039'),
        "book",
    ),
    ("a raising cell", C + "02_managing_the_data.ipynb", raising_cell, NBVAL),
    # Faults in cells that draw, each behind a figure that carries a claim.
    (
        "figure: the slope of the sigmoid",
        C + "03_batching.ipynb",
        in_code("by_differences = (sigmoid(u + h) - sigmoid(u - h)) / (2 * h)",
                "by_differences = (sigmoid(u + h) - sigmoid(u - h)) / h"),
        NBVAL,
    ),
    (
        "figure: the weights of momentum",
        C + "04_momentum.ipynb",
        in_code("weights = (1 - beta) * beta**age", "weights = (1 - beta) * beta ** (age + 1)"),
        NBVAL,
    ),
    (
        "figure: the path in the valley",
        C + "04_momentum.ipynb",
        in_code("w = descend(0.039, beta)[-1]", "w = descend(0.035, beta)[-1]"),
        NBVAL,
    ),
    (
        "figure: the colour of the middle",
        C + "deeper/light_and_colour.ipynb",
        in_code("red_minus_blue = middle[:, 0] - middle[:, 2]",
                "red_minus_blue = middle[:, 0] - middle[:, 1]"),
        NBVAL,
    ),
    (
        "figure: the bands of a galaxy",
        C + "01_exploring_the_data.ipynb",
        in_code("v = galaxy.data[:, :, band]", "v = galaxy.data[:, :, 2 - band]"),
        NBVAL,
    ),
    (
        "figure: the noise of the gradient",
        C + "deeper/noise_of_the_gradient.ipynb",
        in_code("np.sqrt(np.mean(np.square(distances)))", "np.mean(np.square(distances))"),
        NBVAL,
    ),
    (
        "figure: the spread of the walkers",
        C + "deeper/momentum_in_noise.ipynb",
        in_code("(1 - beta) / (1 + beta)))", "(1 - beta)))"),
        NBVAL,
    ),
]  # fmt: skip


def command(name: str, notice: str) -> list[str]:
    """Return the command that should notice a fault in file ``name``."""
    python = [sys.executable, "-m"]
    if notice == "book":
        # No module of that name can be run; its command lies beside Python.
        jupyter_book = shutil.which("jupyter-book", path=Path(sys.executable).parent)
        return [jupyter_book, "build", ".", "-W", "--keep-going"]
    if notice == NBVAL:
        return [*python, "pytest", "-q", "-x", "-p", "no:cacheprovider", "--nbval", name]
    return [*python, "pytest", "-q", "-x", "-p", "no:cacheprovider", notice]


def main(words: list[str]) -> int:
    """Return the number of faults that nothing noticed, and of healthy runs that failed."""
    chosen = [fault for fault in FAULTS if all(word in fault[0] for word in words)]
    missed, healthy = 0, {}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "copy"
        copy_of_tree(tree)
        subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
        # Another drawing takes the older sample away: not the one in your own cache.
        cache = {"GALAXY10_CACHE": str(Path(folder) / "cache")}
        environment = os.environ | cache | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}

        def passes(argv: list[str]) -> bool:
            run = subprocess.run(argv, cwd=tree, env=environment, capture_output=True)
            return run.returncode == 0

        for what, name, edit, notice in chosen:
            argv = command(name, notice)
            if tuple(argv) not in healthy:
                healthy[tuple(argv)] = passes(argv)
                if not healthy[tuple(argv)]:
                    print(f"fails with nothing broken: {' '.join(argv)}", flush=True)
            path = tree / name
            before = path.read_text(encoding="utf-8")
            path.write_text(edit(before), encoding="utf-8")
            noticed = not passes(argv)
            path.write_text(before, encoding="utf-8")
            missed += not noticed
            print(f"{'noticed' if noticed else 'MISSED '}  {what}, in {name}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} faults noticed")
    return missed + sum(not fine for fine in healthy.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
