"""What a class gets: it works without the repository, and nothing in it gives a solution away."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import environment
import handout
import nbformat
import pytest

from galaxy_lib import checks

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("handout") / "galaxies"
    handout.write(path)
    return path


@pytest.fixture(scope="module")
def library(folder, tmp_path_factory) -> Path:
    """The wheel, installed where nothing else of galaxy_lib is."""
    into = tmp_path_factory.mktemp("installed")
    (wheel,) = (folder / "wheels").glob("*.whl")
    subprocess.run([*PIP, "install", "--no-deps", "--target", into, wheel], check=True)
    return into


def texts(folder: Path) -> dict[str, str]:
    """Return every text in the hand-out, what is in the wheel included."""
    found = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as archive:
                inside = {f"{name}/{each}": archive.read(each) for each in archive.namelist()}
        else:
            inside = {name: path.read_bytes()}
        for each, data in inside.items():
            text = data.decode("utf-8", errors="replace")
            if each.endswith(".ipynb"):
                cells = json.loads(text)["cells"]
                text = "\n".join("".join(cell["source"]) for cell in cells)
            found[each] = plain(text)
    return found


def plain(text: str) -> str:
    """Return code without comments and spaces, so that another layout hides nothing."""
    return re.sub(r"\s+", "", re.sub(r"#[^\n]*", "", text))


def solutions() -> dict[str, str]:
    """Return what stands between the marks of each solution, by chapter and number."""
    found = {}
    for path in sorted((ROOT / "chapters/solutions").glob("*.ipynb")):
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        inside = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", text, flags=re.S)
        found |= {f"{path.stem} {i}": each for i, each in enumerate(inside)}
    return found


def references() -> dict[str, str]:
    """Return the body of every function by which the checks know what is right, or a mistake."""
    found = {}
    for path in (
        each for kind in handout.SECRET for each in (ROOT / "galaxy_lib/checks").glob(kind)
    ):
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                body = node.body if isinstance(node.body, list) else [node.body]
                code = [
                    each for each in body if not isinstance(getattr(each, "value", 0), ast.Constant)
                ]
                lines = "\n".join(ast.get_source_segment(source, each) for each in code)
                found[f"{path.stem}:{node.lineno}"] = lines
    return found


def test_no_solution_can_be_found_in_it(folder):
    there = texts(folder)
    assert len(there) > 100
    known = {f"solution {name}": each for name, each in solutions().items()}
    known |= {f"reference {name}": each for name, each in references().items()}
    # Shorter ones, as `return A @ z`, are words of the language that the course teaches.
    known = {name: plain(each) for name, each in known.items() if len(plain(each)) > 40}
    assert len(known) > 250
    everything = "\0".join(there.values())
    assert plain("def sigmoid(") in everything
    assert [name for name, each in known.items() if each in everything] == []
    for word in ("BEGINSOLUTION", "ENDSOLUTION"):
        assert [name for name, text in there.items() if word in text] == []
    assert [
        name for name in there if re.search(r"solutions/|answer_bank|wrong_answers", name)
    ] == []


def ask(library: Path, code: str) -> str:
    """Return what a program prints that has the handed-out library, and only that."""
    start = f"import sys; sys.path.insert(0, {str(library)!r})\n"
    start += "import galaxy_lib\nassert galaxy_lib.__file__.startswith(sys.path[0])\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, cwd=library
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_its_checks_answer_and_do_not_show(library):
    said = ask(
        library,
        """
import inspect
import numpy as np
from galaxy_lib import checks

print(checks.sigmoid(lambda a: 1 / (1 + np.exp(-a))))
print(checks.sigmoid(lambda a: 1 / (1 + np.exp(a))))
print(checks.sigmoid(None))
n = 0
for names in checks.exercises().values():
    for check in names.values():
        n += 1
        assert not {"right", "known", "given"} & set(vars(check)), check
        try:
            inspect.getsource(check.look)
        except OSError:
            continue
        assert "sealed" not in inspect.getfile(check.look), check
print(n)
""",
    ).splitlines()
    from galaxy_lib import checks

    n_checks = sum(len(names) for names in checks.exercises().values())
    wrong = str(checks.sigmoid(lambda a: 1 / (1 + checks.runner.np.exp(a))))
    assert said == ["correct", wrong, "not attempted yet", str(n_checks)]


def test_its_checks_name_the_same_mistakes(library):
    """What a mistake leads to is computed from what is right, which a check does not show there."""
    from answer_bank import BANK

    names = ["close_pairs", "steps_needed", "temperature", "most_kept"]
    chosen = [[i for i, one in enumerate(BANK) if one[:2] == (name, "wrong")] for name in names]
    chosen = [i for found in chosen for i in found[:12]]
    said = ask(
        library,
        f"""
sys.path.append({str(ROOT / "tests")!r})
from galaxy_lib import checks
from answer_bank import BANK

for i in {chosen}:
    print(getattr(checks, BANK[i][0])(BANK[i][3]))
""",
    ).splitlines()
    assert len(said) > 40
    assert said == [str(getattr(checks, BANK[i][0])(BANK[i][3])) for i in chosen]


def test_right_answers_are_correct_by_it(library):
    said = ask(
        library,
        f"""
sys.path.append({str(ROOT / "tests")!r})
from galaxy_lib import checks
from answer_bank import BANK
from wrong_answers import RIGHT

# One of each exercise that has a bank, and those that have none.
seen = {{name: answer for name, kind, _, answer in BANK if kind == "right"}} | dict(RIGHT)
for name, answer in seen.items():
    print(name, getattr(checks, name)(answer))
""",
    ).splitlines()
    assert len(said) > 15
    assert [line for line in said if not line.endswith(" correct")] == []


def test_it_is_started_like_the_repository(folder, monkeypatch, tmp_path):
    assert "python start.py" in (folder / "START.md").read_text("utf-8")
    for name in ("start.py", "tools/start.py", "tools/environment.py", "tools/renew.py"):
        compile((folder / name).read_text("utf-8"), name, "exec")
    # What start.py does: its folder is the wheel's, and it needs no other list.
    run = [sys.executable, "-c", "import environment as e; print(*e.needed('class', 'none.txt'))"]
    said = subprocess.run(
        run, cwd=folder / "tools", capture_output=True, text=True, check=True
    ).stdout
    (wheel,) = (folder / "wheels").glob("*.whl")
    assert said.strip() == f"galaxy-lib[class] @ {wheel.resolve().as_uri()}"
    run = [sys.executable, "tools/renew.py", "pages", "class"]
    said = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert re.match(r"class/: \d\d+ added, 0 renewed, 0 as they were\.", said)
    assert (folder / "class/START.ipynb").is_file()
    survey = (folder / "class/09_a_survey.ipynb").read_text("utf-8")
    assert "pip install" in survey
    assert "-e " not in survey  # there is no project to install here
    of_project = [name for name, text in texts(folder).items() if 'install-e".[survey]"' in text]
    assert [name for name in of_project if not name.endswith("/METADATA")] == []


def test_a_newer_handout_over_an_older_one_brings_its_own_library(folder, tmp_path):
    copy = tmp_path / "galaxies"
    for name in ("tools", "wheels"):
        shutil.copytree(folder / name, copy / name)
    # Names of wheels are in no order of time.
    for digest in ("00000000", "ffffffff"):
        older = f"galaxy_lib-2.0.0+handout.{digest}-py3-none-any.whl"
        (copy / "wheels" / older).write_bytes(b"older")
    run = [sys.executable, "-c", "import environment as e; print(*e.needed('class', 'none.txt'))"]
    said = subprocess.run(
        run, cwd=copy / "tools", capture_output=True, text=True, check=True
    ).stdout
    (wheel,) = (folder / "wheels").glob("*.whl")
    assert said.strip().endswith(f"/{wheel.name.replace('+', '%2B')}")


def test_another_wheel_is_another_version(folder, tmp_path, monkeypatch):
    """An installer that has 2.0.0 does not take another 2.0.0: the version names what is inside."""
    (wheel,) = (folder / "wheels").glob("*.whl")
    assert re.search(r"-2[.\d]+\+handout\.[0-9a-f]{8}-py3-none-any", wheel.name)
    monkeypatch.setattr(environment, "WHEELS", [wheel])
    before = environment.digest("class", "none.txt")
    changed = tmp_path / wheel.name
    changed.write_bytes(wheel.read_bytes() + b" ")
    monkeypatch.setattr(environment, "WHEELS", [changed])
    assert environment.digest("class", "none.txt") != before


def test_the_zip_has_everything_under_one_folder(folder, tmp_path):
    handout.pack(folder, tmp_path / "galaxies.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "galaxies.zip").read_bytes())) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {"galaxies"}
    assert {"galaxies/start.py", "galaxies/START.md", "galaxies/pages/START.ipynb"} <= set(names)
    assert (tmp_path / "galaxies.zip").stat().st_size < 3e6


def test_the_branch_for_colab_and_binder(folder, tmp_path, monkeypatch):
    (wheel,) = (folder / "wheels").glob("*.whl")

    def made_before(where: Path) -> Path:
        copy = where / wheel.name
        copy.write_bytes(wheel.read_bytes())
        return copy

    monkeypatch.setattr(handout, "make_wheel", made_before)
    launch = tmp_path / "launch"
    handout.write_launch(launch, "https://example.org/galaxies")
    first = json.loads((launch / "chapters/01_exploring_the_data.ipynb").read_text("utf-8"))[
        "cells"
    ][0]
    digest = hashlib.sha256((launch / wheel.name).read_bytes()).hexdigest()
    name = wheel.name.replace("+", "%2B")
    where = f"https://example.org/galaxies/raw/launch/{name}#sha256={digest}"
    assert f'%pip install --quiet "galaxy-lib[survey] @ {where}"' in "".join(first["source"])
    assert (launch / "requirements.txt").read_text() == f"./{wheel.name}[survey]\n"
    assert not list(launch.rglob("solutions"))
    for path in launch.rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
