"""What the commands install, and a .venv that cannot serve."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import environment
import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project's folder with lists of packages and nothing installed."""
    for name in ("pyproject.toml", "requirements.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "PYTHON", venv / "bin/python")
    monkeypatch.setattr(environment, "NOTE", venv / "installed.json")
    monkeypatch.setattr(environment, "BEGUN", venv / "begun")
    return tmp_path


def a_venv(folder: Path, says: str = "3 12 1", status: int = 0) -> None:
    """Write what passes for an environment, whose Python says its version and no more."""
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho {says}\nexit {status}\n", "utf-8")
    python.chmod(0o755)
    (folder / ".venv/pyvenv.cfg").write_text("", "utf-8")


def test_one_list_is_the_source_of_the_other():
    listed = set(re.findall(r"^[a-z].*", (ROOT / "requirements.txt").read_text("utf-8"), re.M))
    book = PROJECT["optional-dependencies"]["book"]
    assert listed <= {*PROJECT["dependencies"], *book}
    names = {re.match(r"[\w-]+", line)[0] for line in listed}
    assert names == {"numpy", "h5py", "matplotlib", "jupyter-book", "nbval", "ipywidgets"}
    assert "-e .[book]" in (ROOT / "requirements.txt").read_text("utf-8")


def test_a_student_installs_no_book():
    text = " ".join([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["class"]])
    assert not re.search("jupyter-book|nbval|dask|pyarrow|bokeh|nbgrader|sphinx", text)


def test_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (\S+)", citation, re.M)[1] == PROJECT["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)[1]
    assert newest == PROJECT["version"]


@pytest.mark.skipif(sys.platform == "win32", reason="its stand-in for Python is a shell script")
@pytest.mark.parametrize(
    ("says", "status", "why"),
    [
        ("3 12 1", 0, None),
        ("3 10 4", 0, "has Python 3.10.4"),
        ("3 12 1", 1, "has no Python that runs"),
    ],
)
def test_an_environment_is_looked_at(folder, says, status, why):
    a_venv(folder, says, status)
    assert environment.why_unusable() == why


@pytest.mark.skipif(sys.platform == "win32", reason="its stand-in for Python is a shell script")
def test_one_of_a_folder_of_another_name_is_of_no_use(folder):
    a_venv(folder)
    environment.NOTE.write_text(json.dumps({"root": "/elsewhere", "done": {}}), "utf-8")
    assert environment.why_unusable() == "was made in a folder of another name"


@pytest.mark.parametrize("beside", ["lib", "bin"])  # conda's has one of our folders too
def test_what_we_did_not_make_is_left_alone(folder, beside):
    (folder / ".venv/conda-meta").mkdir(parents=True)
    (folder / ".venv" / beside).mkdir()
    with pytest.raises(SystemExit, match="we did not make it: move it away"):
        environment.make_venv()
    assert (folder / ".venv/conda-meta").is_dir()


@pytest.fixture
def installs(folder, monkeypatch):
    """Let ``ensure`` install without installing: its calls are kept, and it may fail."""
    calls = []
    (folder / ".venv").mkdir()

    def install(what):
        calls.append(what)
        return install.works

    install.works = True
    monkeypatch.setattr(environment, "install", install)
    monkeypatch.setattr(environment, "make_venv", lambda: None)
    return calls, install


def test_it_installs_once_and_again_when_a_list_changed(folder, installs):
    calls, _ = installs
    environment.ensure("class")
    environment.ensure("class")
    assert calls == [["-e", ".[class]"]]
    (folder / "pyproject.toml").write_text("[project]", "utf-8")
    environment.ensure("class")
    assert len(calls) == 2


def test_another_list_takes_the_place_of_the_one_before(folder, installs):
    calls, _ = installs
    environment.ensure("book")
    environment.ensure("test")
    (folder / "requirements.lock").write_text("numpy==2.0", "utf-8")
    environment.ensure("book", "requirements.lock")
    environment.ensure("test", "requirements.lock")
    assert [what[1] for what in calls] == [*["requirements.txt"] * 2, *["requirements.lock"] * 2]


def test_what_is_there_serves_where_nothing_new_comes(folder, installs, monkeypatch, capsys):
    _, install = installs
    environment.ensure("class")
    (folder / "pyproject.toml").write_text("[project]", "utf-8")
    install.works = False
    environment.ensure("class")
    assert "going on with what is installed" in capsys.readouterr().out
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy.example:3128")
    with pytest.raises(SystemExit, match=r"network, and does the proxy proxy.example:3128 answer,"):
        environment.ensure("book")
    monkeypatch.delenv("https_proxy")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    with pytest.raises(SystemExit, match=r"is there a network, and room"):
        environment.ensure("book")


@pytest.mark.parametrize("folder_of", ["", ".venv", "_build"])
def test_a_folder_of_somebody_else_is_named(folder, installs, monkeypatch, folder_of):
    (folder / "_build").mkdir()
    access = os.access
    theirs = folder / folder_of
    monkeypatch.setattr(os, "access", lambda path, mode: path != theirs and access(path, mode))
    with pytest.raises(SystemExit, match=f"into {re.escape(str(theirs))}: work in a copy"):
        environment.ensure("class")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (subprocess.CalledProcessError(1, "pip", b"Traceback\nOSError: full\n"), "OSError: full"),
    ],
)
def test_an_environment_that_cannot_be_made_says_why(folder, monkeypatch, error, why):
    def refuse(*args, **options):
        raise error

    monkeypatch.setattr(environment.venv, "create", refuse)
    with pytest.raises(SystemExit, match=f"could not be made .*{why}.*is there room") as found:
        environment.make_venv()
    assert str(found.value).count("\n") == 0
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="install python3-venv"):
        environment.make_venv()


@pytest.mark.parametrize("name", ["environment.py", "start.py"])
def test_an_older_python_gets_a_sentence(name, monkeypatch):
    source = ROOT / "tools" / name
    tree = ast.parse(source.read_text("utf-8"), feature_version=(3, 6))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert "__future__" not in modules  # 3.6 has no annotations there
    monkeypatch.delitem(sys.modules, "environment")
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"3.11 or newer is needed.*PYTHON=python3.12"):
        runpy.run_path(str(source))


def test_a_wheel_has_all_that_an_installed_library_needs(tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "--quiet", ROOT, copy], check=True)
    make = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, copy]
    subprocess.run(make, check=True, timeout=600)
    (wheel,) = tmp_path.glob("galaxy_lib-*.whl")
    assert wheel.name.startswith(f"galaxy_lib-{PROJECT['version']}-py3-none-any")
    into = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", into, wheel], check=True)
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "galaxy_lib").rglob("*.py")}
    ours |= {p.relative_to(ROOT).as_posix() for p in ROOT.glob("galaxy_lib/living/static/*")}
    there = {path.relative_to(into).as_posix() for path in (into / "galaxy_lib").rglob("*.*")}
    assert ours - {name for name in ours if "__pycache__" in name} <= there
    assert (into / "bin/galaxies").exists() or (into / "bin/galaxies.exe").exists()
    (metadata,) = into.glob("galaxy_lib-*.dist-info/METADATA")
    links = re.findall(r"\]\(([^)]*)\)", metadata.read_text("utf-8").partition("\n\n")[2])
    assert links
    assert all(link.startswith("https://") for link in links), "PyPI has nothing beside this text"


@pytest.mark.skipif(os.name != "posix" or not shutil.which("make"), reason="no make of Unix here")
@pytest.mark.parametrize("name", ["GALAXY10_FILE", "GALAXY10_CACHE"])
@pytest.mark.parametrize("as_argument", [False, True])
@pytest.mark.parametrize(
    ("given", "wanted"), [("o'b ü.h5", f"{ROOT}/o'b ü.h5"), ("~/x.h5", "/home/me/x.h5")]
)
def test_a_path_given_to_make_holds_in_every_folder(name, as_argument, given, wanted):
    show = f"--eval=show: ; @printenv {name}"
    settings = os.environ | {"HOME": "/home/me"} | ({} if as_argument else {name: given})
    words = ["make", "-s", show, "show", f"PYTHON={sys.executable}"]
    words += [f"{name}={given}"] if as_argument else []
    said = subprocess.run(words, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert said.stdout == f"{wanted}\n", said.stderr
