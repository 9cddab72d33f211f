"""Five ways to use a file say the same of it: sound for all of them, or one sentence from each."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from fault_server import FaultServer

from galaxy_lib import DataManager, NeuralNetwork, survey
from galaxy_lib.__main__ import main
from galaxy_lib.files.datasets import open_dataset, simulated_sample_path

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
PICTURES[:10] //= 50  # so that packing helps
GZIP, SHUFFLE, FLETCHER32, LZF, ZSTD = 1, 2, 3, 32000, 32015
VALUES = {GZIP: (4,), ZSTD: (3,), LZF: (), SHUFFLE: (), FLETCHER32: ()}


def filtered(*filters: int, kind=h5py.h5t.STD_U8LE, name: str = "images"):
    """Return a change of a file: a data set written through some filters, in this order."""

    def change(path: Path) -> None:
        with h5py.File(path, "r+") as ds:
            values = PICTURES if name == "images" else ds[name][:]
            del ds[name]
            layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            layout.set_chunk((3, 5, 8, 3) if name == "images" else (7,))
            for number in filters:
                if number == FLETCHER32:
                    layout.set_fletcher32()
                else:
                    layout.set_filter(number, h5py.h5z.FLAG_OPTIONAL, VALUES[number])
            space = h5py.h5s.create_simple(values.shape)
            h5py.h5d.create(ds.id, name.encode(), kind, space, layout)
            ds[name][:] = values

    return change


def foreign(path: Path) -> None:
    """Claim that a picture was packed by a filter which is not on this machine."""
    with h5py.File(path, "r+") as ds:
        del ds["images"]
        layout = {"chunks": (1, 8, 8, 3), "compression": ZSTD, "allow_unknown_filter": True}
        images = ds.create_dataset("images", PICTURES.shape, np.uint8, **layout)
        for row, picture in enumerate(PICTURES):
            skipped = int(row != 5)
            images.id.write_direct_chunk((row, 0, 0, 0), picture.tobytes(), filter_mask=skipped)


def enumerated(path: Path) -> None:
    with h5py.File(path, "r+") as ds:
        del ds["images"]
        kind = h5py.enum_dtype({"dark": 0, "bright": 255}, basetype="u1")
        ds.create_dataset("images", PICTURES.shape, kind)[:] = PICTURES


def few_bits(path: Path) -> None:
    kind = h5py.h5t.STD_U8LE.copy()
    kind.set_precision(4)
    filtered(kind=kind)(path)


def odd_integers(path: Path) -> None:
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_size(3)
    with h5py.File(path, "r+") as ds:
        del ds["redshift"]
        h5py.h5d.create(ds.id, b"redshift", kind, h5py.h5s.create_simple((20,)))


def column(name: str, value: float, rows=slice(3, 4)):
    def change(path: Path) -> None:
        with h5py.File(path, "r+") as ds:
            ds[name][rows] = value

    return change


def wrong_byte(path: Path) -> None:
    filtered(GZIP)(path)
    with h5py.File(path) as ds:
        at = ds["images"].id.get_chunk_info(9).byte_offset
    damaged = bytearray(path.read_bytes())
    damaged[at + 20] ^= 1
    path.write_bytes(damaged)


SOUND = {
    "as it is": lambda path: None,
    "a checksum, then shuffled and packed": filtered(FLETCHER32, SHUFFLE, GZIP),
    "packed, then shuffled": filtered(GZIP, SHUFFLE),
    "packed twice": filtered(GZIP, GZIP),
    "packed twice with a checksum between": filtered(GZIP, FLETCHER32, GZIP),
    "two checksums": filtered(FLETCHER32, FLETCHER32),
    "shuffled twice": filtered(SHUFFLE, SHUFFLE, GZIP),
    "lzf, then gzip": filtered(LZF, GZIP),
    "big-endian bytes": filtered(GZIP, kind=h5py.h5t.STD_U8BE),
    "an enumeration": enumerated,
    "a filter that is lacking and was never applied": filtered(ZSTD),
    "big-endian column, shuffled, packed, checked": filtered(
        SHUFFLE, GZIP, FLETCHER32, kind=h5py.h5t.IEEE_F64BE, name="ra"
    ),
    "a column, checked, shuffled, packed": filtered(
        FLETCHER32, SHUFFLE, GZIP, kind=h5py.h5t.IEEE_F32LE, name="dec"
    ),
    "-9999 where unknown": column("ra", -9999),
    "all in one place": column("ra", 10.0, slice(None)),
}
UNSOUND = {
    "a filter that is lacking": (foreign, f"packed with filter {ZSTD}, which this h5py lacks"),
    "gzip within lzf": (filtered(GZIP, LZF), f"packed with gzip and again with filter {LZF}"),
    "four bits": (few_bits, "bytes of which only some bits count"),
    "integers of three bytes": (odd_integers, "'redshift' holds numbers of a kind"),
    "no such declination": (column("dec", 1e300), r"'dec' holds 1e\+300, but runs from -90 to 90"),
    "a wrong byte in a picture": (wrong_byte, "is damaged \\('images' cannot be read\\)"),
}


@pytest.fixture(scope="module")
def network(tmp_path_factory, galaxy_file):
    """A saved network, untrained, that takes pictures of 8 × 8 pixels."""
    path = tmp_path_factory.mktemp("network") / "net.npz"
    with DataManager(datafile=galaxy_file(4, 8), validation=0.5, cache=False, seed=0) as d:
        network = NeuralNetwork(d, hidden_layer_size=2, seed=0)
        network.save(path)
        survey.calibrate(network).save(path)
    return path


@pytest.fixture
def said(tmp_path, network, capsys):
    """Return what each of the five says of a file: nothing, or what is wrong with it."""

    def ask(file: Path) -> dict[str, str]:
        answers = {}

        def run(name: str, *words) -> None:
            status = main([str(word) for word in words])
            told = capsys.readouterr()
            answers[name] = told.out + told.err if status else ""

        run("info", "info", file)
        run("sample", "sample", file, tmp_path / "piece.h5", "--fraction", 1)
        run("classify", "classify", file, "--network", network, "--to", tmp_path / "catalogue",
            "--workers", 1)  # fmt: skip
        body = file.read_bytes()
        with FaultServer(body) as server:
            sha256 = hashlib.sha256(body).hexdigest()
            run("fetch", "fetch", "--to", tmp_path / "here", "--url", server.url,
                "--sha256", sha256)  # fmt: skip
        try:
            DataManager(datafile=file, cache=False).close()
            answers["DataManager"] = ""
        except (OSError, ValueError) as error:
            answers["DataManager"] = str(error)
        return answers

    return ask


@pytest.fixture
def file(tmp_path, write_galaxies):
    write_galaxies(tmp_path / "x.h5", 2, 8)
    return tmp_path / "x.h5"


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_file_is_sound_for_all(file, tmp_path, said, kind):
    SOUND[kind](file)
    with h5py.File(file) as ds:
        expected = {name: ds[name][:] for name in ("images", "ans", "dec")}
    assert set(said(file).values()) == {""}
    with DataManager(datafile=file, cache=False) as d:
        assert np.array_equal(d.pictures.sums(range(20)), expected["images"])
    with open_dataset(tmp_path / "piece.h5") as ds:
        for name, values in expected.items():
            assert np.array_equal(ds[name][:], values)


@pytest.mark.parametrize("kind", UNSOUND)
def test_another_is_refused_by_all_for_the_same_reason(file, said, kind):
    change, why = UNSOUND[kind]
    change(file)
    for who, answer in said(file).items():
        assert re.search(why, answer), (who, answer)
        assert "Traceback" not in answer


def test_a_sound_sample_in_a_cache_that_nobody_may_change_is_used(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path))
    path = simulated_sample_path(10, 1)
    for other in tmp_path.iterdir():
        if other != path:
            other.unlink()

    def refuse(*_args, **_options):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    capfd.readouterr()
    assert simulated_sample_path(10, 1) == path
    assert capfd.readouterr().err == ""
    with h5py.File(path, "r+") as ds:
        ds["ans"][0] = 9 - ds["ans"][0]
        del ds.attrs["drawn_by"]  # another's: not taken for ours
    with pytest.raises(OSError, match="GALAXY10_CACHE"):
        simulated_sample_path(10, 1)
