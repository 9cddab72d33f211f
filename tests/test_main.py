"""The command line: what it prints, what it leaves behind, how it fails."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from fault_server import FaultServer

from galaxy_lib.__main__ import main


def run(capsys, *arguments) -> tuple[int, str, str]:
    status = main([str(a) for a in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_info_says_which_file_why_and_what_is_in_it(galaxy_file, capsys, monkeypatch):
    path = galaxy_file(3)
    monkeypatch.setenv("GALAXY10_FILE", str(path))
    status, said, _ = run(capsys, "info")
    assert status == 0
    assert f"{path} is in use: GALAXY10_FILE names it" in said
    assert "30 real galaxies" in said
    assert "4  cigar shaped smooth galaxies          3   10.0%" in said
    assert "in chunks of (1, 32, 32, 3), compression: none" in said
    assert "Positions are known for 30" in said
    assert "it was named" in run(capsys, "info", path)[1]


def test_info_names_what_is_wrong(tmp_path, capsys):
    (tmp_path / "text.h5").write_text("no galaxies here")
    status, said, _ = run(capsys, "info", tmp_path / "text.h5")
    assert status == 1
    assert "It cannot be used" in said
    assert "not a readable HDF5 file" in said
    status, _, error = run(capsys, "info", tmp_path / "missing.h5")
    assert status == 1
    assert error.startswith("galaxy_lib: there is no file")
    assert error.count("\n") == 1


def test_simulate_writes_a_new_file_and_never_over_an_old_one(tmp_path, capsys):
    path = tmp_path / "sky.h5"
    status, said, _ = run(capsys, "simulate", path, "--n", 12, "--seed", 3)
    assert status == 0
    assert "12 simulated galaxies" in said
    before = path.read_bytes()
    status, _, error = run(capsys, "simulate", path, "--n", 5)
    assert status == 1
    assert "exists and was left as it is" in error
    assert path.read_bytes() == before
    assert run(capsys, "simulate", tmp_path / "no.h5", "--n", 0)[2].startswith("galaxy_lib: n_im")
    assert [p.name for p in tmp_path.iterdir()] == ["sky.h5"]


def test_sample_draws_a_stratified_piece(galaxy_file, tmp_path, capsys):
    full, small = galaxy_file(6), tmp_path / "small.h5"
    status, said, _ = run(capsys, "sample", full, small, "--per-class", 2, "--seed", 1)
    assert status == 0
    assert "20 real galaxies" in said
    with h5py.File(small) as ds:
        assert np.bincount(ds["ans"][:]).tolist() == [2] * 10
    assert run(capsys, "sample", full, small, "--fraction", 0.5)[0] == 1
    for wrong in (["--per-class", 0], ["--fraction", 0], ["--fraction", 1.5]):
        status, _, error = run(capsys, "sample", full, tmp_path / "x.h5", *wrong)
        assert status == 1
        assert f"{wrong[0][2:].replace('-', '_')} is {wrong[1]}" in error
        assert "give a" in error
    with pytest.raises(SystemExit):
        main(["sample", str(full), str(small)])
    assert [p.name for p in tmp_path.iterdir()] == ["small.h5"]


def test_fetch_verifies_and_says_how_to_use_the_file(galaxy_file, tmp_path, capsys):
    body = galaxy_file(3).read_bytes()
    with FaultServer(body) as server:
        arguments = ["fetch", "--to", tmp_path / "data", "--url", server.url]
        assert "needs its --sha256" in run(capsys, *arguments)[2]
        sha256 = hashlib.sha256(body).hexdigest()
        status, said, _ = run(capsys, *arguments, "--sha256", sha256)
    assert status == 0
    path = (tmp_path / "data/galaxies.h5").resolve()
    assert path.read_bytes() == body
    assert f"GALAXY10_FILE={path}" in said
    assert "Galaxy10_DECals.h5" in said


def test_it_runs_as_a_module():
    run = [sys.executable, "-m", "galaxy_lib", "--help"]
    said = subprocess.run(run, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert said.returncode == 0
    for command in ("simulate", "fetch", "sample", "info"):
        assert command in said.stdout
