"""Make .venv able to do what a command needs, or say in one sentence what is in the way.

    python tools/environment.py book|test|browser|class [--requirements requirements.lock]

Only Python's own library, since nothing else is there yet. uv installs, in seconds; where it cannot
be had, pip does. What was installed is noted only when it is whole, so that an interrupted run is
taken up again and what works goes on working without a network.

Python 3.6 can read this file, and `tools/start.py`, as far as the sentence that it is too old.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NOTE = VENV / "installed.json"
BEGUN = VENV / "begun"  # stays where an installation was interrupted
OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit(
        f"This is Python {platform.python_version()}; 3.11 or newer is needed. "
        "If you have one, name it: make book PYTHON=python3.12"
    )
# A hand-out (tools/handout.py) has the library as a wheel, and no lists of packages beside it.
WHEELS = sorted((ROOT / "wheels").glob("galaxy_lib-*.whl"))
EXTRAS = {"class": ["-e", ".[class]"], "book": [], "test": ["-e", ".[test]"]}
EXTRAS["browser"] = ["-e", ".[test,browser]"]
# A user's pip settings that put packages elsewhere; where they come from stays the user's choice.
ELSEWHERE = [
    "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN",
    "PIP_NO_DEPS", "PIP_IGNORE_INSTALLED", "PIP_PYTHON", "PYTHONPATH", "PYTHONHOME",
    "__PYVENV_LAUNCHER__",
]  # fmt: skip


def needed(group: str, requirements: str) -> list[str]:
    """Return what pip or uv is to install for a group."""
    if WHEELS:
        return [f"galaxy-lib[{group}] @ {WHEELS[-1].as_uri()}"]
    if group == "class":
        return EXTRAS[group]
    return ["-r", requirements, *EXTRAS[group]]


def digest(group: str, requirements: str) -> str:
    """Name what is to be installed by its lists, so that a changed list is noticed."""
    found = hashlib.sha256(" ".join(needed(group, requirements)).encode())
    for path in WHEELS or (ROOT / "pyproject.toml", ROOT / requirements):
        found.update(path.read_bytes())
    return found.hexdigest()


def noted() -> dict:
    """Return what is installed, or nothing where .venv is not one of this folder."""
    try:
        note = json.loads(NOTE.read_text("utf-8"))
        return note if isinstance(note["done"], dict) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def why_unusable() -> str | None:
    """Say what is wrong with .venv, or None: as it is made anew then, only where it is needed."""
    if not (VENV / "pyvenv.cfg").is_file():
        return "is not finished"
    note = noted()
    if note and note.get("root") != str(ROOT):
        return "was made in a folder of another name"
    try:
        told = run(PYTHON, "-c", "import pip, sys; print(*sys.version_info[:3])", quiet=True)
    except OSError:
        return "has no Python that runs"
    if told.returncode:
        alone = run(PYTHON, "-c", "import sys; print(*sys.version_info[:3])", quiet=True)
        return "has no Python that runs" if alone.returncode else "has no pip"
    version = tuple(map(int, told.stdout.split()))
    if version < OLDEST:
        return f"has Python {'.'.join(map(str, version))}"
    if version[:2] != sys.version_info[:2]:
        print(
            f".venv has Python {version[0]}.{version[1]} and stays as it is; "
            f"`make clean` first, and it gets {platform.python_version()}."
        )
    return None


def run(*command, quiet: bool = False) -> subprocess.CompletedProcess:
    settings = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    # uv knows nothing of pip's settings: where packages come from, and whom a proxy trusts.
    for ours, theirs in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if settings.get(theirs):
            settings.setdefault(ours, settings[theirs])
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=settings, text=True, encoding="utf-8",
        errors="replace", capture_output=quiet,
    )  # fmt: skip


def make_venv() -> None:
    """Make .venv where it is missing or of no use; raise SystemExit with one sentence."""
    if VENV.exists() or VENV.is_symlink():
        why = why_unusable()
        if why is None:
            return
        inside = {path.name for path in VENV.iterdir()} if VENV.is_dir() else {"a file"}
        ours = not inside or inside & {"pyvenv.cfg", "bin", "Scripts"}
        if VENV.is_symlink() or not ours or "conda-meta" in inside:
            sys.exit(f".venv {why}, and we did not make it: move it away, and try again.")
        print(f".venv {why}: it is made anew.", flush=True)
        shutil.rmtree(VENV)
    try:
        venv.create(VENV, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        if importlib.util.find_spec("ensurepip") is None:
            sys.exit("This Python cannot make environments: on Debian, install python3-venv.")
        said = (getattr(error, "output", None) or str(error).encode()).decode(errors="replace")
        sys.exit(
            f".venv could not be made ({said.strip().splitlines()[-1][:160]}): "
            f"is there room on the disk, and in {tempfile.gettempdir()}?"
        )


def install(what: list[str]) -> bool:
    """Install, and say whether it worked: with uv, which does not stay in .venv, else with pip."""
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install"]
    again = BEGUN.exists()  # then what is noted as installed may have been cut short
    BEGUN.touch()
    with tempfile.TemporaryDirectory() as folder:
        uv = Path(folder) / "bin" / ("uv.exe" if os.name == "nt" else "uv")
        get = ["--target", folder, "--only-binary", ":all:", "--retries", "1", "--timeout", "20"]
        if run(*pip, *get, "uv>=0.9,<1", quiet=True).returncode or not uv.is_file():
            print("uv cannot be had here: pip installs, which takes minutes.", flush=True)
        else:
            options = ["--quiet", "--no-config", "--python", PYTHON]
            home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
            options += [] if can_write(home) else ["--no-cache"]
            options += ["--reinstall"] if again else []
            done = run(uv, "pip", "install", *options, *what, quiet=True)
            if done.returncode == 0:
                BEGUN.unlink()
                return True
            print(f"uv could not install ({reason(done)}): pip does.", flush=True)
    done = run(*pip, *(["--force-reinstall"] if again else []), *what, quiet=True)
    if done.returncode:
        print(f"pip could not install ({reason(done)}).", flush=True)
        return False
    BEGUN.unlink()
    return True


def reason(done: subprocess.CompletedProcess) -> str:
    """Return the last line that says what went wrong."""
    lines = [line.strip(" ╰▶─│×") for line in done.stderr.splitlines() if line.strip(" ╰▶─│×")]
    errors = [line for line in lines if "error" in line.lower() and "subprocess" not in line]
    return ([*lines, *errors] or ["it gave no reason"])[-1][:160]


def can_write(folder: Path) -> bool:
    """Say whether a folder, or what would have to hold it, can be written to."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def ensure(group: str, requirements: str = "requirements.txt") -> None:
    """Install what a group needs, where it is not there yet; raise SystemExit with a sentence."""
    if not WHEELS and not (ROOT / requirements).is_file():
        sys.exit(f"There is no {requirements} in {ROOT}: give requirements.txt or another list.")
    for folder in (ROOT, VENV, ROOT / "_build"):
        if not can_write(folder):
            sys.exit(f"You cannot write into {folder}: work in a copy of your own.")
    make_venv()
    note = noted() or {"root": str(ROOT), "done": {}}
    wanted = digest(group, requirements)
    if note["done"].get(group) == wanted:
        return
    print(f"Installing what `make {group}` needs into .venv ...", flush=True)
    if install(needed(group, requirements)):
        # Another list takes the place of the one installed before: no other note stays.
        same = [name for name, old in note["done"].items() if digest(name, requirements) == old]
        note["done"] = {name: digest(name, requirements) for name in {*same, group}}
        part = NOTE.with_suffix(".part")
        part.write_text(json.dumps(note), "utf-8")
        part.replace(NOTE)
    elif group in note["done"]:
        print("It could not be brought up to date; going on with what is installed.", flush=True)
    else:
        proxy = urllib.request.getproxies().get("https", "")
        through = f", and does the proxy {proxy.split('@')[-1]} answer" if proxy else ""
        sys.exit(
            f"The packages could not be installed: is there a network{through}, "
            "and room on the disk? Then run it again."
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("group", choices=EXTRAS)
    parser.add_argument("--requirements", default="requirements.txt")
    options = parser.parse_args()
    ensure(options.group, options.requirements)
