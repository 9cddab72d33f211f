"""A tenth of the real file: whatever comes in its place, no bad file gets the name."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from fault_server import FaultServer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from galaxy_lib import DataManager, dataset_path
from galaxy_lib.__main__ import main
from galaxy_lib.files import datasets, fetching, parquet, small
from galaxy_lib.files.datasets import convert, describe
from galaxy_lib.files.small import fetch_small

pa = pytest.importorskip("pyarrow", reason="pyarrow (the extra [survey]) is not installed")
pq = pytest.importorskip("pyarrow.parquet")

N = 20
H5 = "Galaxy10_DECals_small.h5"
NOTE = f"{H5}.sha256"
LOCK = f"{H5}.parquet.part.lock"
FORM = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
LABELS = np.random.default_rng(0).permutation(np.arange(N) % 10)


def drawn(label: int, row: int) -> np.ndarray:
    """A picture that tells its row: a ramp, one bright square."""
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[...] = np.arange(256)[:, None, None] // (1 + label)
    pixels[10 * row : 10 * row + 9, 100:110] = (255, row, label)
    return pixels


def encoded(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, kind)
    return file.getvalue()


PICTURES = [encoded(drawn(label, row)) for row, label in enumerate(LABELS.tolist())]


def hub(pictures=PICTURES, labels=LABELS, *, group=7, form=FORM, kind=None, **options) -> bytes:
    """Return a Parquet file in the form of the hub's data sets of pictures."""
    image = pa.array([{"bytes": b, "path": None} for b in pictures], form)
    table = pa.table({"image": image, "label": pa.array(labels, kind or pa.uint8())})
    features = {"image": {"_type": "Image"}, "label": {"dtype": "uint8", "_type": "Value"}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    file = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(about), file, row_group_size=group, **options)
    return file.getvalue().to_pybytes()


BODY = hub()
SHA = hashlib.sha256(BODY).hexdigest()
OTHER = hub(group=5)  # the same galaxies in other bytes


@pytest.fixture(autouse=True)
def few_and_fast(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0.001)
    monkeypatch.setattr(small, "N_ROWS", N)


def check_good(folder: Path, path: Path, sha256: str = SHA) -> None:
    assert path == folder / "Galaxy10_DECals_small.h5"
    assert set(os.listdir(folder)) == {H5, NOTE, LOCK}
    note = (folder / NOTE).read_text()
    assert note == f"{sha256}  {small.PARQUET}\n"
    with h5py.File(path) as ds:
        order = np.argsort(LABELS, kind="stable")
        assert ds["ans"][:].tolist() == LABELS[order].tolist()
        for place, row in enumerate(order.tolist()):
            assert np.array_equal(ds["images"][place], drawn(LABELS[row], row))


def check_bad(folder: Path) -> None:
    assert not {H5, NOTE} & set(os.listdir(folder))


# ---------------------------------------------------------------------------- convert


def test_every_picture_stands_where_its_class_does_and_the_file_says_where_it_is_from(tmp_path):
    (tmp_path / "hub.parquet").write_bytes(BODY)
    path = tmp_path / "galaxies.h5"
    convert(tmp_path / "hub.parquet", path, source="a hub")
    with h5py.File(path) as ds:
        assert ds.attrs["sha256"] == SHA
        assert ds.attrs["source"] == "a hub"
        assert "taken as it is" in ds.attrs["labels"]
        assert "simulated" not in ds.attrs
        for name in datasets.CATALOGUE:
            assert ds[name].dtype == np.float64
            assert np.isnan(ds[name][:]).all()
        assert np.all(np.diff(ds["ans"][:].astype(int)) >= 0)
    found = describe(path, every_picture=True)
    assert found.counts == (2,) * 10
    assert found.statement == "These are 20 real galaxies from Galaxy10 DECaLS."
    assert "Unknown for all of them: ra, dec, redshift, pxscale." in str(found)
    assert "Source: a hub." in str(found)
    with DataManager(datafile=path, coarsen=16, seed=1, group_by_sky=True) as dm:
        assert (dm.n_sky_pairs, dm.n_conflicts) == (0, 0)
        assert not dm.simulated
    with pytest.raises(FileExistsError, match="was left as it is"):
        convert(tmp_path / "hub.parquet", path)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=25), st.integers(1, 30), st.booleans())
def test_any_order_of_labels_and_any_row_groups_give_the_same_galaxies(labels, group, wide):
    import tempfile

    kind = pa.int64() if wide else pa.uint8()
    shades = [encoded(np.full((256, 256, 3), 10 * i, np.uint8)) for i in range(len(labels))]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "hub.parquet").write_bytes(hub(shades, labels, group=group, kind=kind))
        convert(folder / "hub.parquet", folder / "galaxies.h5", n_rows=len(labels))
        with h5py.File(folder / "galaxies.h5") as ds:
            got = list(zip(ds["ans"][:].tolist(), ds["images"][:, 0, 0, 0].tolist(), strict=True))
    assert got == sorted((label, 10 * i) for i, label in enumerate(labels))


def replaced(row: int, picture: bytes | None) -> list:
    return [picture if i == row else p for i, p in enumerate(PICTURES)]


def damaged_png() -> bytes:
    """A part of the pixels has another checksum than it says: unpacking alone does not look."""
    stored = Image.fromarray(drawn(0, 0))
    file = io.BytesIO()
    stored.save(file, "PNG", compress_level=0)
    body = file.getvalue()
    start = body.index(b"IDAT") + 4
    return flipped(body, start + int.from_bytes(body[start - 8 : start - 4], "big"))


def flipped(body: bytes, where: int) -> bytes:
    return body[:where] + bytes([body[where] ^ 4]) + body[where + 1 :]


SMALL_ONE = encoded(np.zeros((255, 256, 3), np.uint8))
WRONG = {
    "wrong schema: no image": (
        lambda: written({"picture": pa.array([b"x"]), "label": pa.array([1])}),
        r"its columns are picture \(binary\), label \(int64\); it needs image",
    ),
    "wrong schema: image is bytes": (
        lambda: written({"image": pa.array(PICTURES), "label": pa.array(LABELS)}),
        "it needs image",
    ),
    "wrong schema: labels are words": (
        lambda: hub(labels=["spiral"] * N, kind=pa.string()),
        r"label \(string\); it needs image",
    ),
    "wrong count: a row less": (lambda: hub(PICTURES[1:], LABELS[1:]), "19 rows, and 20 were to"),
    "wrong count: none": (lambda: hub([], []), "0 rows, and 20 were to come"),
    "wrong class: 10": (
        lambda: hub(labels=[*LABELS[:-1], 10]),
        "row 19 has the label 10, but the classes run from 0 to 9",
    ),
    "wrong class: -1": (
        lambda: hub(labels=[-1, *LABELS[1:]], kind=pa.int64()),
        "row 0 has the label -1, but the classes run from 0 to 9",
    ),
    "no label": (lambda: hub(labels=[*LABELS[:-1].tolist(), None]), "row 19 has no label"),
    "wrong class: none of 3": (
        lambda: hub(labels=np.where(LABELS == 3, 2, LABELS)),
        "it has no galaxy of 1 of the 10 classes, 3 say",
    ),
    "no picture": (lambda: hub(replaced(4, None)), "row 4 has no picture"),
    "not a picture": (
        lambda: hub(replaced(4, b"<html>Log in")),
        "row 4: its 12 bytes are not a picture",
    ),
    "a cut picture": (
        lambda: hub(replaced(5, PICTURES[5][:500])),
        "row 5: its 500 bytes are not a picture",
    ),
    "a damaged picture": (lambda: hub(replaced(6, damaged_png())), "row 6: its .* not a picture"),
    "wrong size": (
        lambda: hub(replaced(7, SMALL_ONE)),
        "row 7: its picture is 256×255 .RGB., but 256×256 in three bands",
    ),
    "grey": (
        lambda: hub(replaced(8, encoded(drawn(0, 0), mode="L"))),
        r"row 8: its picture is 256×256 \(L\)",
    ),
    "a huge picture": (
        lambda: hub(replaced(9, encoded(np.zeros((20000, 20000), np.uint8)))),
        r"row 9: its picture is 20000×20000 \(L\)|row 9: its .* are not a picture",
    ),
    "a picture of megabytes": (
        lambda: hub(replaced(9, b"x" * 2**21)),
        "row 9: its picture takes 2.1 MB",
    ),
    "damaged: a flipped bit in the footer": (
        lambda: flipped(BODY, len(BODY) - 300),
        "is no Parquet file, or a damaged one|it needs image|were to come|has no|row",
    ),
    "damaged: its end is missing": (lambda: BODY[:-50], "is no Parquet file, or a damaged one"),
}


def written(columns: dict) -> bytes:
    file = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), file)
    return file.getvalue().to_pybytes()


@pytest.mark.parametrize(("make", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_tenth_of_the_real_file_is_refused_and_the_next_fetch_begins_again(
    tmp_path, make, words
):
    with FaultServer(make()) as server:
        with pytest.raises(ValueError, match=words) as caught:
            fetch_small(server.url, tmp_path)
        assert "cannot be used and was removed" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert os.listdir(tmp_path) == [LOCK]
        server.body = BODY
        check_good(tmp_path, fetch_small(server.url, tmp_path))
    assert server.requests == [None, None]


@pytest.mark.parametrize("where", np.random.default_rng(1).integers(0, len(BODY), 25).tolist())
def test_a_flipped_bit_anywhere_changes_no_galaxy_unnoticed(tmp_path, where):
    """Pictures have checksums; that of the whole file would say it too, if it were known."""
    (tmp_path / "hub.parquet").write_bytes(flipped(BODY, where))
    path = tmp_path / "galaxies.h5"
    try:
        convert(tmp_path / "hub.parquet", path, n_rows=N)
    except (ValueError, OSError):
        assert not path.exists()
        return
    with h5py.File(path) as ds:
        squares = {tuple(ds["images"][i, 10 * int(r), 100]) for i, r in rows_of(ds)}
    assert squares == {(255, row, label) for row, label in enumerate(LABELS.tolist())}


def rows_of(ds: h5py.File):
    """Each place in the file, and the row that its bright square tells."""
    for i in range(N):
        yield i, int(np.argmax(ds["images"][i, :, 100, 0] == 255)) // 10


def test_jpeg_is_read_too_and_what_is_no_parquet_is_an_oserror(tmp_path):
    (tmp_path / "x.parquet").write_bytes(hub([encoded(drawn(1, 1), "JPEG")], [1]))
    convert(tmp_path / "x.parquet", tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as ds:
        assert np.abs(ds["images"][0, 200:].astype(int) - drawn(1, 1)[200:]).max() < 12
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    for name, words in {"y.parquet": "no Parquet file", ".": "not a file", "z": "no file"}.items():
        with pytest.raises(OSError, match=words):
            convert(tmp_path / name, tmp_path / "y.h5")
    assert not (tmp_path / "y.h5").exists()


MEMORY = """
import resource, sys
from galaxy_lib.files.datasets import convert
import pyarrow.parquet, PIL.PngImagePlugin
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
convert(sys.argv[1], sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kilobytes are Linux's unit")
def test_memory_does_not_grow_with_the_file(tmp_path):
    noise = encoded(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8))
    took = []
    for n in (100, 600):  # 20 and 118 MB
        name = tmp_path / f"{n}.parquet"
        name.write_bytes(hub([noise] * n, [1] * n, group=100, use_dictionary=False))
        run = [sys.executable, "-c", MEMORY, name, tmp_path / f"{n}.h5"]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        took.append(int(done.stdout))
    assert took[1] < took[0] + 40_000


# ------------------------------------------------------------------------------ fetch


def test_a_calm_fetch_is_unpacked_noted_and_not_repeated(tmp_path, capsys):
    with FaultServer(BODY) as server:
        check_good(tmp_path, fetch_small(server.url, tmp_path))
        check_good(tmp_path, fetch_small(server.url, tmp_path))
        assert server.requests == [None]
        (tmp_path / NOTE).unlink()  # as if stopped before it was written
        check_good(tmp_path, fetch_small(server.url, tmp_path))
        (tmp_path / H5).unlink()
        check_good(tmp_path, fetch_small(server.url, tmp_path))
    assert server.requests == [None, None]


def test_cut_it_goes_on_from_there_in_the_same_call_and_in_a_later_one(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "BLOCK", 1000)
    script = [{"cut": 3000}, {"cut": 2500}]
    with FaultServer(BODY, script) as server:
        check_good(tmp_path, fetch_small(server.url, tmp_path))
    assert server.requests == [None, "bytes=3000-", "bytes=5000-"]
    (tmp_path / "again").mkdir()
    with FaultServer(BODY, [{"cut": 3000}], always={"status": 503}) as server:
        with pytest.raises(OSError, match="goes on from there"):
            fetch_small(server.url, tmp_path / "again")
        check_bad(tmp_path / "again")
        server.always = {}
        check_good(tmp_path / "again", fetch_small(server.url, tmp_path / "again"))
    assert server.requests[-1] == "bytes=3000-"


def test_a_login_page_in_its_place_never_touches_the_part(tmp_path):
    page = {"body": b"<!DOCTYPE html>Log in", "whole": True}
    with FaultServer(BODY, always=page) as server:
        with pytest.raises(OSError, match="log in first"):
            fetch_small(server.url, tmp_path)
        check_bad(tmp_path)


def test_it_is_held_to_the_checksum_that_the_hub_states(tmp_path):
    """The hub states it where it sends us on to the bytes; it outlives a cut and the process."""
    there = {"status": 302, "headers": {"Location": "/bytes", "X-Linked-ETag": f'"{SHA}"'}}
    with FaultServer(OTHER, [there, {"cut": 50}, there], always={}) as server:
        with pytest.raises(ValueError, match=f"has another SHA-256 than {SHA}: it stays in"):
            fetch_small(server.url, tmp_path)
        check_bad(tmp_path)
        server.body = BODY
        server.script = [there]
        check_good(tmp_path, fetch_small(server.url, tmp_path))
    assert server.requests[-1] is None  # not mixed with what came before


def test_a_later_fetch_is_held_to_the_first_one(tmp_path):
    with FaultServer(BODY) as server:
        check_good(tmp_path, fetch_small(server.url, tmp_path))
        (tmp_path / H5).unlink()
        server.body = OTHER
        with pytest.raises(ValueError, match=r"that of the first fetch \(remove .* if you trust"):
            fetch_small(server.url, tmp_path)
        # Who gives the new one's checksum trusts it: from then on that one is held to.
        new = hashlib.sha256(OTHER).hexdigest()
        check_good(tmp_path, fetch_small(server.url, tmp_path, new), new)
        (tmp_path / H5).unlink()
        check_good(tmp_path, fetch_small(server.url, tmp_path), new)
        (tmp_path / H5).unlink()
        (tmp_path / NOTE).unlink()
        server.body = BODY
        check_good(tmp_path, fetch_small(server.url, tmp_path))
        (tmp_path / NOTE).write_text("nonsense")
        with pytest.raises(ValueError, match="holds no SHA-256: remove it"):
            fetch_small(server.url, tmp_path)


def test_who_knows_the_checksum_gives_it(tmp_path):
    with FaultServer(OTHER) as server:
        with pytest.raises(ValueError, match=f"another SHA-256 than {SHA}"):
            fetch_small(server.url, tmp_path, SHA)
        server.body = BODY
        check_good(tmp_path, fetch_small(server.url, tmp_path, SHA))
        with pytest.raises(FileExistsError, match="made from a file with another SHA-256"):
            fetch_small(server.url, tmp_path, "0" * 64)
        with pytest.raises(ValueError, match="64 hexadecimal digits"):
            fetch_small(server.url, tmp_path, "123")


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"precious", "cannot be used"), (None, "holds 30 galaxies, not 20 real ones")],
)
def test_a_file_of_that_name_is_not_overwritten(tmp_path, galaxy_file, body, words):
    body = body or galaxy_file(3).read_bytes()
    (tmp_path / H5).write_bytes(body)
    with FaultServer(BODY) as server, pytest.raises(FileExistsError, match=words):
        fetch_small(server.url, tmp_path)
    assert server.requests == []
    assert (tmp_path / H5).read_bytes() == body


def test_a_simulated_file_of_as_many_galaxies_is_not_the_real_ones(tmp_path, write_galaxies):
    write_galaxies(tmp_path / H5, N // 10)
    with h5py.File(tmp_path / H5, "a") as ds:
        ds.attrs["simulated"] = True
    with FaultServer(BODY) as server, pytest.raises(FileExistsError, match="not 20 real ones"):
        fetch_small(server.url, tmp_path)


@pytest.mark.parametrize("row", [0, 7, N - 1])
def test_a_picture_that_was_damaged_since_is_found_wherever_it_is(tmp_path, row):
    with FaultServer(BODY) as server:
        fetch_small(server.url, tmp_path)
        with h5py.File(tmp_path / H5) as ds:
            chunk = ds["images"].id.get_chunk_info(row)
        body = (tmp_path / H5).read_bytes()
        (tmp_path / H5).write_bytes(flipped(body, chunk.byte_offset + chunk.size // 2))
        with pytest.raises(FileExistsError, match="was left as it is, but it cannot be used"):
            fetch_small(server.url, tmp_path)


def test_a_disk_that_is_full_while_it_is_unpacked_keeps_what_came(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError("x.h5 cannot be written: No space left on device; nothing is left of it.")

    with FaultServer(BODY) as server:
        with monkeypatch.context() as patch:
            patch.setattr(small, "convert", full)
            with pytest.raises(OSError, match="No space left"):
                fetch_small(server.url, tmp_path)
        check_bad(tmp_path)
        check_good(tmp_path, fetch_small(server.url, tmp_path))
    assert server.requests == [None]


FILLING_UP = """
import resource, signal, sys
from pathlib import Path
from galaxy_lib.files.datasets import convert
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
source, target = Path(sys.argv[1]), Path(sys.argv[2])
convert(source, target)
size = target.stat().st_size
target.unlink()
for limit in [0, 100, 1000, 5000, size // 2, *range(size - 2000, size, 100)]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        convert(source, target)
        print(limit, "of", size, "is enough")
    except OSError as error:
        if str(error) != f"{target} cannot be written: File too large; nothing is left of it.":
            print(limit, error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    print(*target.parent.glob("*.h5*"), *target.parent.glob(".*"), sep="", end="")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a Unix matter")
def test_wherever_a_disk_fills_up_it_is_one_sentence_and_hdf5_does_not_crash(tmp_path):
    """Also among the last bytes, which HDF5 writes while it closes the file."""
    (tmp_path / "hub.parquet").write_bytes(BODY)
    run = [sys.executable, "-c", FILLING_UP, tmp_path / "hub.parquet", tmp_path / "x.h5"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_pyarrow_it_says_what_brings_it_before_anything_is_fetched(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with FaultServer(BODY) as server:
        arguments = ["fetch", "--small", "--to", str(tmp_path), "--url", server.url]
        assert main(arguments) == 1
        assert server.requests == []
    said = capsys.readouterr().err
    assert '-m pip install -e ".[survey]"` brings it' in said
    assert "Traceback" not in said


def test_on_the_command_line_it_says_what_came_and_how_to_use_it(tmp_path, monkeypatch, capsys):
    with FaultServer(BODY) as server:
        arguments = ["fetch", "--small", "--to", str(tmp_path), "--url", server.url]
        assert main(arguments) == 0
        said = capsys.readouterr().out
    path = (tmp_path / H5).resolve()
    assert "20 real galaxies" in said
    assert "Its checksum is not published" in said
    assert f"GALAXY10_FILE={path}" in said
    assert f"as {H5}." in said
    (tmp_path / "hub.parquet").write_bytes(BODY)
    assert main(["convert", str(tmp_path / "hub.parquet"), str(tmp_path / "x.h5")]) == 0
    assert "20 real galaxies" in capsys.readouterr().out
    monkeypatch.delenv("GALAXY10_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert dataset_path() == Path(H5)
    Path(datasets.FILE_NAME).write_bytes(b"")  # the whole real file comes first
    assert dataset_path() == Path(datasets.FILE_NAME)


def test_the_pinned_address_names_its_revision():
    assert f"/resolve/{small.REVISION}/data/{small.PARQUET}" in small.URL
    assert parquet.SIDE == 256


def test_a_damaged_read_is_the_disks_own_sentence(tmp_path, monkeypatch):
    (tmp_path / "hub.parquet").write_bytes(BODY)

    def refused(*arguments, **options):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(pq, "ParquetFile", refused)
    with pytest.raises(OSError, match=r"hub\.parquet cannot be read: Input/output error"):
        convert(tmp_path / "hub.parquet", tmp_path / "x.h5")
