"""Write what a class gets: a folder and a zip from which it works, with no solution in it.

    python tools/handout.py                      (_build/handout/galaxies, _build/galaxies.zip)
    python tools/handout.py --launch ADDRESS     (_build/launch, the branch for Colab and Binder)

It holds the chapters without outputs, the exercises, a wheel of the library, and `start.py`, which
needs nothing but Python and does what `make class` does: a newer hand-out, unpacked over an older
one, renews what nobody has changed. In the wheel the checks answer and do not show: their sources
are packed (`sealed`). That keeps nobody out who wants in, and need not: where an exercise is
graded, the verdict is the instructor's own library's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import launch_branch
import make_class
import nbformat
import sealed

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
# What knows a right value, or a wrong one's cause.
SECRET = ("chapter_*.py", "generic.py")
TOOLS = ("environment.py", "renew.py", "start.py")
STUB = '''"""Sealed: see `sealed`."""

from galaxy_lib.checks.sealed import unseal

unseal(globals())
'''
OPEN = '''"""Install the course, make your own folder of it and open it: python start.py"""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))
runpy.run_module("start", run_name="__main__")
'''
START = """\
# Start here

You need Python 3.11 or newer, 1.5 GB of disk, and a connection while it is installed.
Open a terminal in this folder and type

    python start.py

On Windows that is `py start.py`, on some systems `python3 start.py`.
It installs the course into this folder and draws the galaxies, which takes minutes the first time.
Then it makes a folder `class`, which is yours, and opens it in JupyterLab.

Unpack a newer hand-out over this one and run the same line: pages that you have not changed are
renewed, yours stay.

If something does not work, this says what is in the way:

    .venv/bin/python -m galaxy_lib doctor

(on Windows `.venv\\Scripts\\python -m galaxy_lib doctor`).
"""
SAY = "With all outputs they are the book, which your instructor can show you."


def make_wheel(folder: Path) -> Path:
    """Build the wheel whose checks are sealed; its version names what is in it."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "source"
        copy.mkdir()
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", "*.h5")
        shutil.copytree(ROOT / "galaxy_lib", copy / "galaxy_lib", ignore=ignored)
        for name in ("pyproject.toml", "LICENSE", "LICENSE-TEXT"):
            shutil.copy(ROOT / name, copy)
        seal(copy / "galaxy_lib" / "checks")
        for path in (copy / "galaxy_lib").rglob("*.py"):
            path.write_text(without_project(path.read_text("utf-8")), "utf-8")
        files = sorted(path for path in copy.rglob("*") if path.is_file())
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
        lists = (copy / "pyproject.toml").read_text("utf-8")
        named, n = re.subn(r'(?m)^(version = "[\d.]+)"$', rf'\1+handout.{digest}"', lists)
        if n != 1:
            raise ValueError("pyproject.toml has no line of the version to add the hand-out's to.")
        (copy / "pyproject.toml").write_text(named, "utf-8")
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", folder]
        pip = [sys.executable, "-m", "pip", "wheel", *options, copy]
        try:
            import setuptools  # noqa: F401

            pip.insert(4, "--no-build-isolation")
        except ImportError:
            pass  # pip gets it
        subprocess.run([str(part) for part in pip], check=True)
    return next(folder.glob("galaxy_lib-*.whl"))


def seal(checks: Path) -> None:
    """Take the checks' sources out of a copy of the library, and put them in packed."""
    secrets = sorted(path for pattern in SECRET for path in checks.glob(pattern))
    modules = {}
    for path in secrets:
        modules[path.stem] = sealed.packed(path.read_text("utf-8"))
        path.write_text(STUB, "utf-8")
    source = Path(sealed.__file__).read_text("utf-8")
    line = next(line for line in source.splitlines() if line.startswith("MODULES = "))
    source = source.replace(line, f"MODULES = {json.dumps(modules, indent=1)}")
    (checks / "sealed.py").write_text(source, "utf-8")


def without_project(text: str) -> str:
    """Return a text whose line for the extra [survey] serves where no project can be installed."""
    return re.sub(r'-e (\\?")\.\[survey\]', r"\1galaxy-lib[survey]", text)


def pages() -> dict[str, bytes]:
    """Return the student's files by their names."""
    files = make_class.wanted(SAY)
    for name in files:
        if name.endswith(".ipynb"):
            files[name] = without_project(files[name].decode()).encode()
    return files


def write(folder: Path) -> None:
    """Write the hand-out's folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in pages().items():
        path = folder / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for kind in ("wheels", "tools"):
        (folder / kind).mkdir()
    wheel = make_wheel(folder / "wheels")
    (folder / "wheels" / "newest.txt").write_text(wheel.name, "utf-8")
    for name in TOOLS:
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    for name in ("LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, folder)
    (folder / "start.py").write_text(OPEN, "utf-8")
    (folder / "START.md").write_text(START, "utf-8")


def pack(folder: Path, target: Path) -> None:
    """Write a folder into a zip, under its own name."""
    part = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder.parent).as_posix())
    part.replace(target)


def write_launch(folder: Path, address: str) -> None:
    """Write the branch that Colab and Binder open: pages where the book has them, and the wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wheel = make_wheel(folder)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    where = f"{address}/raw/launch/{wheel.name.replace('+', '%2B')}#sha256={digest}"
    for name, data in pages().items():
        path = folder / "chapters" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            notebook = nbformat.reads(data.decode(), as_version=4)
            data = nbformat.writes(launch_branch.with_first_cell(notebook, where)).encode()
        path.write_bytes(data)
    for name in ("LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, folder)
    # Binder's.
    (folder / "requirements.txt").write_text(f"./{wheel.name}[survey]\n", "utf-8")
    (folder / "runtime.txt").write_text("python-3.13\n", "utf-8")


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--launch", metavar="ADDRESS", help="of the repository, for the branch")
    options = parser.parse_args(words)
    if options.launch:
        write_launch(BUILD / "launch", options.launch)
        print("_build/launch holds the branch for Colab and Binder.")
        return
    folder = BUILD / "handout" / "galaxies"
    write(folder)
    pack(folder, BUILD / "galaxies.zip")
    size = (BUILD / "galaxies.zip").stat().st_size / 1e6
    print(f"_build/handout/galaxies, and _build/galaxies.zip of {size:.1f} MB")


if __name__ == "__main__":
    main()
