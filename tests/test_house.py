"""The house as it was drawn: linters, workflows, who imports whom, nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sysconfig
from pathlib import Path

import plant_faults
import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sysconfig.get_path("scripts"))
# Which floor a part of galaxy_lib stands on; arrows point down only.
FLOORS = [
    {"checked"},
    {"galaxy", "simulator"},
    {"splits", "kernels"},
    {"files", "assessment"},
    {"pictures"},
    {"data", "saved", "plots"},
    {"training"},
    {"network"},
    {"gradient_check", "convolution"},  # what uses the network's formulas, or its class
    {"course", "survey", "checks"},
    {"living", "doctor"},
    {"__main__"},
]


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks; outside a clone there is nothing to look at."""
    run = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    if run.returncode:
        pytest.skip("This is no git checkout.")
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def run(*command: str) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check", "--no-cache"],
        ["codespell"],
        ["zizmor", "--offline", "--no-progress", ".github"],
        ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_linters_find_nothing(command):
    run(*command)


def test_workflows_are_workflows():
    found = [str(path) for path in tracked(".github/workflows/*.yml")]
    assert len(found) >= 2
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *found)
    run("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(ROOT / ".gitlab-ci.yml"))


def test_actions_are_pinned_by_commit():
    for path in tracked(".github/workflows/*.yml"):
        for use in re.findall(r"uses: (\S+.*)", path.read_text("utf-8")):
            assert use.startswith("$/") or re.search(r"@[0-9a-f]{40} # v\d", use), use


def part_of(path: Path) -> str:
    inside = path.relative_to(ROOT / "galaxy_lib")
    return inside.parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return the parts of galaxy_lib that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {n.name.split(".")[1] for n in node.names if n.name.startswith("galaxy_lib.")}
        elif isinstance(node, ast.ImportFrom) and node.module:
            top, _, rest = node.module.partition(".")
            if top == "galaxy_lib":
                names = [rest.split(".")[0]] if rest else [name.name for name in node.names]
                found |= set(names)
    return found


def test_arrows_point_down():
    floor = {name: level for level, names in enumerate(FLOORS) for name in names}
    wrong = []
    for path in tracked("galaxy_lib/*.py", "galaxy_lib/**/*.py"):
        part = part_of(path)
        if part == "__init__":
            continue
        for other in imports(path) - {part}:
            if other in floor and floor[other] >= floor[part]:
                wrong.append((path.relative_to(ROOT).as_posix(), other))
    assert wrong == []


def test_every_part_stands_on_a_floor():
    parts = {part_of(path) for path in tracked("galaxy_lib/*.py", "galaxy_lib/**/*.py")}
    assert parts - {"__init__"} <= set().union(*FLOORS)


def test_no_private_names_of_another_file():
    wrong = []
    for path in tracked("galaxy_lib/*.py", "galaxy_lib/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("galaxy_lib"):
                wrong += [(path.name, n.name) for n in node.names if n.name.startswith("_")]
    assert wrong == []


def test_the_taught_core_is_read_in_an_afternoon():
    taught = ["galaxy", "data", "network", "convolution"]
    files = [ROOT / "galaxy_lib" / f"{name}.py" for name in taught]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files if path.exists())
    assert lines < 1000


def test_no_file_is_too_long_to_be_read_at_once():
    long = {"drawing.py", "chapter_03.py"}  # a catalogue of parts, a table of checks
    found = {
        path.name
        for path in tracked("galaxy_lib/*.py", "galaxy_lib/**/*.py")
        if len(path.read_text("utf-8").splitlines()) > 500
    }
    assert found <= long


def test_nothing_of_one_machine_is_committed():
    host = re.compile(rb"registry\.npmjs|pypi\.org/simple|files\.pythonhosted|/root/|/work/")
    wrong = []
    for path in tracked():
        if path == Path(__file__).resolve() or "_static/vendor" in path.as_posix():
            continue
        for line in path.read_bytes().splitlines():
            if len(line) < 2000 and host.search(line):
                wrong.append((path.relative_to(ROOT).as_posix(), line[:80]))
    assert wrong == []


def test_the_lock_names_everything():
    """It installs the library, the book, and what the tests need, each in an exact version."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    locked = set(re.findall(r"^([\w.-]+)==", text, flags=re.M))
    wanted = {"numpy", "h5py", "matplotlib", "jupyter-book", "nbval", "ipywidgets", "jupyterlab"}
    wanted |= {"pytest", "pytest-xdist", "hypothesis", "ruff", "codespell", "nbgrader"}
    assert wanted <= locked


@pytest.mark.parametrize("fault", plant_faults.FAULTS, ids=lambda fault: fault[0])
def test_every_planted_fault_still_has_its_place(fault):
    """`tools/plant_faults.py` takes its time; that its faults can be planted is seen here."""
    _, name, edit, _ = fault
    text = (ROOT / name).read_text("utf-8")
    assert edit(text) != text
