"""Measure what the commands install, and prove that there are wheels for every machine.

    python tools/measure_install.py            # fresh environments; rewrites README's table
    python tools/measure_install.py --wheels   # asks the index for each system and Python, no more

It needs a network. `--wheels` needs uv (`pip install uv`) and downloads nothing but lists.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = [
    "x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc", "x86_64-apple-darwin",
    "aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu",
]  # fmt: skip
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
# PyYAML, which JupyterLab needs, has none.
KNOWN = {("aarch64-pc-windows-msvc", "3.11")}


def wheels() -> int:
    """Say for each system and Python whether all that `make class` installs has wheels."""
    missing = set()
    for system in SYSTEMS:
        for version in PYTHONS:
            command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
            command += ["--only-binary", ":all:", "--python-platform", system]
            command += ["--python-version", version, "--extra", "class", "pyproject.toml"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                missing.add((system, version))
            n = len(done.stdout.splitlines())
            print(f"{system:26}{version}  {'MISSING' if done.returncode else f'{n} packages'}")
    return 0 if missing == KNOWN else 1


def installed(group: str) -> str:
    """Install for a group into a fresh copy and return its row of README's table."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "galaxies"
        subprocess.run(["git", "clone", "--quiet", ROOT, copy], check=True)
        start = time.perf_counter()
        subprocess.run([sys.executable, "tools/environment.py", group], cwd=copy, check=True)
        seconds = time.perf_counter() - start
        files = [path for path in (copy / ".venv").rglob("*") if path.is_file()]
        n_bytes = sum(path.stat().st_size for path in files if not path.is_symlink())
        n = len(list((copy / ".venv").glob("**/site-packages/*.dist-info")))
        shutil.rmtree(copy)
    print(f"{group}: {seconds:.0f} s")
    return f"| `make {group}` | {n} | {n_bytes / 1e6:.0f} MB | {len(files):,} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", action="store_true")
    if parser.parse_args().wheels:
        return wheels()
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    for group in ("class", "book", "test"):
        row = installed(group)
        text = re.sub(rf"^\| `make {group}` \| \d+ \|.*$", row, text, flags=re.M)
        print(row)
    readme.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
