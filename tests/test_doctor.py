"""The doctor: a line for each thing that a machine needs, with its mend; it changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from importlib import metadata
from types import SimpleNamespace

import pytest

from galaxy_lib import doctor
from galaxy_lib.__main__ import main
from galaxy_lib.files.sample import sample_file


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that is ready but for the sample, which is not drawn."""
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GALAXY10_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(thing: str) -> doctor.Finding:
    return next(each for each in doctor.examine() if each.thing == thing)


def test_some_ten_lines_and_nothing_in_the_way(machine, capsys):
    status = main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert status == 0, lines
    assert 8 <= len(lines) <= 12
    assert lines[0].startswith("ok    python")
    assert [line for line in lines if line.startswith("MEND")] == []
    # Looking draws no sample and leaves nothing.
    assert "python -m galaxy_lib info" in next(line for line in lines if "  sample" in line)
    assert list(machine.iterdir()) == []


def test_each_thing_in_the_way_is_named_with_its_mend(machine, monkeypatch, capsys):
    monkeypatch.setenv("GALAXY10_FILE", "missing.h5")
    monkeypatch.setenv("GALAXY10_CACHE", "/proc/galaxies")
    versions = {"numpy": "1.20.0"}
    real = metadata.version

    def version(name):
        if name in ("jupyterlab", "pyarrow"):
            raise metadata.PackageNotFoundError
        return versions.get(name) or real(name)

    monkeypatch.setattr(metadata, "version", version)
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: disk(10**9, 10**9, 10**6))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "MEND  packages  numpy is 1.20.0, not <3,>=1.26: delete the folder .venv" in said
    assert "MEND  galaxies  GALAXY10_FILE names missing.h5, which is not there: give" in said
    assert "MEND  here" in said
    assert "0.1 GB are needed" in said
    if os.name == "posix":
        assert "MEND  cache     /proc/galaxies cannot be written to: name another" in said
    assert "note  notebook  no JupyterLab beside this Python" in said
    assert "python -m pip install pyarrow" in said


def test_a_shared_sample_that_nobody_may_change_is_fine(machine, monkeypatch):
    path = sample_file()
    path.parent.mkdir()
    path.touch()
    monkeypatch.setattr(doctor, "_can_write", lambda folder: folder != path.parent)
    cache = found("cache")
    assert not cache.in_the_way
    assert "holds the sample" in cache.said
    # What lies there is looked at: this one is empty.
    assert found("sample").in_the_way
    assert str(path) in found("sample").mend


def test_where_no_process_can_be_started_the_checks_say_so(machine, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    assert found("checks").mend == ""
    monkeypatch.setattr(doctor.subprocess, "run", refused)
    assert "restart its kernel" in found("checks").mend
    assert not found("checks").in_the_way
    # One that starts and says nothing does not run either.
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=b""))
    assert "restart its kernel" in found("checks").mend


def test_little_memory_an_old_python_and_a_file_without_galaxies(machine, monkeypatch):
    import psutil

    assert not found("python").in_the_way
    assert not found("galaxies").in_the_way
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=4 * 10**9))
    assert found("memory").mend == ""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10**9))
    assert "close other programs" in found("memory").mend
    assert not found("memory").in_the_way
    (machine / "list.csv").write_text("name,class\n", encoding="utf-8")
    monkeypatch.setenv("GALAXY10_FILE", "list.csv")
    assert found("galaxies").in_the_way
    assert "list.csv" in found("galaxies").said
    of_32_bits = SimpleNamespace(maxsize=2**31 - 1, executable=sys.executable)
    monkeypatch.setattr(doctor, "sys", of_32_bits)
    assert found("python").in_the_way


def test_what_cannot_be_looked_at_does_not_stop_the_rest(machine, monkeypatch):
    def broken():
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(doctor, "sample_file", broken)
    findings = doctor.examine()
    assert len(findings) == len({each.thing for each in findings}) > 8
    assert "Input/output error" in found("sample").mend


def test_it_runs_as_a_program(machine):
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_lib", "doctor"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok    python")
