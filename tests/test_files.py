"""Files that are damaged, hostile or odd: the right galaxies come out, or one sentence."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from galaxy_lib import DataManager
from galaxy_lib.__main__ import main
from galaxy_lib.files import disk, hdf5, reading
from galaxy_lib.files.archives import load_arrays, save_arrays
from galaxy_lib.files.datasets import (
    catalogue,
    dataset_path,
    describe,
    open_dataset,
    simulate_sample,
    simulated_sample_path,
    votes,
    write_piece,
)

ROOT = Path(__file__).resolve().parents[1]


def in_child(code: str, *arguments, **variables) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, timeout=600)


@pytest.fixture
def file(tmp_path, write_galaxies):
    """A file of 20 galaxies that the test may change."""
    write_galaxies(tmp_path / "x.h5", 2, 8)
    return tmp_path / "x.h5"


def refused(path: Path, words: str) -> None:
    """Assert that one sentence of ours, not of HDF5, tells why a file cannot be used."""
    with pytest.raises((OSError, ValueError), match=words) as caught:
        DataManager(datafile=path)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    assert not re.search("synchronously|object header|B-tree|errno", said)
    assert describe(path).problem == said
    assert describe(path).statement == f"It cannot be used: {said}"


# ------------------------------------------------------------------------------- hostile files


@pytest.mark.parametrize("name", ["images", "ans", "ra", "redshift"])
@pytest.mark.parametrize("kind", ["soft", "dangling", "external"])
def test_links_are_refused(file, tmp_path, write_galaxies, name, kind):
    write_galaxies(tmp_path / "other.h5", 2, 8)
    with h5py.File(file, "r+") as ds:
        ds.move(name, "elsewhere")
        ds[name] = {
            "soft": h5py.SoftLink("/elsewhere"),
            "dangling": h5py.SoftLink("/nowhere"),
            "external": h5py.ExternalLink("other.h5", name),
        }[kind]
    refused(file, f"{name!r} is a link")


@pytest.mark.parametrize("name", ["images", "ans", "dec"])
def test_virtual_and_external_storage_are_refused(file, tmp_path, write_galaxies, name):
    write_galaxies(tmp_path / "other.h5", 2, 8)
    (tmp_path / "secret.txt").write_text("a diary " * 1000)
    with h5py.File(file, "r+") as ds:
        shape, dtype = ds[name].shape, ds[name].dtype
        del ds[name]
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource(str(tmp_path / "other.h5"), name, shape)
        ds.create_virtual_dataset(name, layout)
    refused(file, f"{name!r} is kept in other files")
    with h5py.File(file, "r+") as ds:
        del ds[name]
        outside = [(str(tmp_path / "secret.txt"), 0, h5py.h5f.UNLIMITED)]
        ds.create_dataset(name, shape, dtype, external=outside)
    refused(file, f"{name!r} is kept in other files")
    with pytest.raises(ValueError, match="is kept in other files"):
        write_piece(file, tmp_path / "piece.h5", fraction=1)
    assert not (tmp_path / "piece.h5").exists()


def test_what_unpacks_to_more_than_a_chunk_is_refused_before_memory_goes(file, tmp_path):
    bomb = zlib.compress(bytes(300_000_000), 9)
    with h5py.File(file, "r+") as ds:
        del ds["images"], ds["ra"]
        options = {"compression": "gzip"}
        images = ds.create_dataset(
            "images", (20, 512, 512, 3), np.uint8, chunks=(1, 512, 512, 3), **options
        )
        for row in range(20):
            images.id.write_direct_chunk((row, 0, 0, 0), bomb)
    code = (
        "import sys, resource, numpy as np\n"
        "from galaxy_lib import DataManager, datasets\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for options in ({'coarsen': 4}, {'read_on_demand': True}):\n"
        "    try:\n"
        "        DataManager(datafile=sys.argv[1], cache=False, **options).training_set()\n"
        "    except OSError as error:\n"
        "        print(error)\n"
        "try:\n"
        "    datasets.write_piece(sys.argv[1], sys.argv[1] + '.piece', fraction=1)\n"
        "except OSError as error:\n"
        "    print(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = in_child(code, file)
    *said, megabytes = done.stdout.decode().splitlines()
    assert len(said) == 3, done.stderr
    assert all("is damaged ('images' cannot be read)" in line for line in said)
    assert int(megabytes) < 200


def test_a_column_is_unpacked_no_further_than_its_chunk(file):
    with h5py.File(file, "r+") as ds:
        del ds["ans"]
        ans = ds.create_dataset("ans", (20,), np.uint8, chunks=(20,), compression="gzip")
        ans.id.write_direct_chunk((0,), zlib.compress(bytes(19)))
        del ds["ra"]
        ra = ds.create_dataset("ra", (20,), float, chunks=(10,), compression="gzip", shuffle=True)
        ra[...] = np.arange(20)
        ra.id.write_direct_chunk((10,), zlib.compress(bytes(81)))
    refused(file, "'ans' cannot be read")
    with h5py.File(file, "r+") as ds:
        ds["ans"].id.write_direct_chunk((0,), zlib.compress(bytes(20)))
    assert "'ra' cannot be read" in describe(file).problem


@pytest.mark.parametrize(
    ("shape", "chunks", "words"),
    [
        ((20, 8, 8, 3), (1, 8, 8, 3), "'images' has 0 of its 20 chunks"),
        ((20, 8, 8, 3), None, "'images' was never written"),
        ((10**9, 8, 8, 3), (10**6, 8, 8, 3), "'images' has 1000000000 rows and 'ans' has 20"),
        ((20, 40_000, 40_000, 3), (1, 64, 64, 3), "their sides may be 1024 pixels at most"),
        ((20, 1024, 1024, 3), (20, 1024, 1024, 3), "chunks of 'images' are .* MB each")
    ],
)  # fmt: skip
def test_pictures_never_written_or_far_too_large_are_a_sentence(file, shape, chunks, words):
    with h5py.File(file, "r+") as ds:
        del ds["images"]
        ds.create_dataset("images", shape, np.uint8, chunks=chunks)
    if "each" in words:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hdf5, "LARGEST_CHUNK", 2**20)
            refused(file, words)
    else:
        refused(file, words)


def test_as_many_labels_as_the_pictures_claim_are_not_read(file):
    with h5py.File(file, "r+") as ds:
        del ds["images"], ds["ans"]
        n, options = 3_000_000_000, {"compression": "gzip"}
        ds.create_dataset("images", (n, 1, 1, 3), np.uint8, chunks=(10**6, 1, 1, 3), **options)
        ds.create_dataset("ans", (n,), np.uint8, chunks=(10**6,), **options)
    refused(file, "claims to hold 3,000,000,000 galaxies, and at most 1,000,000")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ds: ds.create_group("ra"), "no data set 'ra'"),
        (lambda ds: ds.create_dataset("ra", data=["a"] * 20), "'ra' is object"),
        (lambda ds: ds.create_dataset("ra", data=np.zeros(19)), r"'ra' is float64 \(19,\)"),
        (lambda ds: ds.create_dataset("ra", data=np.zeros(20, complex)), "'ra' is complex128"),
        (lambda ds: ds.create_dataset("ra", data=np.zeros(20, "f8,f8")), "'ra' is "),
    ],
)
def test_a_column_of_something_else_is_refused(file, change, words):
    with h5py.File(file, "r+") as ds:
        del ds["ra"]
        change(ds)
    refused(file, words)


@pytest.mark.parametrize(
    "counts",
    [
        np.zeros((20, 9), np.uint8),
        np.zeros((19, 10), np.uint8),
        np.zeros((20, 10)),
        np.zeros((20, 10), np.int16),
        np.zeros((20, 10), np.uint32),
        np.zeros(20, np.uint8),
    ],
    ids=lambda counts: f"{counts.dtype} {counts.shape}",
)
def test_votes_of_another_form_are_refused(file, counts):
    with h5py.File(file, "r+") as ds:
        ds["votes"] = counts
    refused(file, "'votes' is .* but 10 counts for each galaxy are needed, uint8 or uint16")


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2"])
def test_votes_are_read_described_and_go_into_a_piece(file, tmp_path, dtype):
    with open_dataset(file) as ds:
        assert votes(ds) is None
    assert "votes" not in str(describe(file))
    write_piece(file, tmp_path / "without.h5", fraction=1)
    counts = np.random.default_rng(0).integers(0, 20, (20, 10)).astype(dtype)
    counts[:, 9] = 255 - counts[:, :9].sum(axis=1)  # 255 in all: more than a byte adds up to 0
    with h5py.File(file, "r+") as ds:
        ds["votes"] = counts
    assert "votes are in it, 255 to 255 for each galaxy" in str(describe(file))
    write_piece(file, tmp_path / "piece.h5", per_class=1, seed=1)
    with open_dataset(file) as ds, open_dataset(tmp_path / "piece.h5") as piece:
        assert np.array_equal(votes(ds), counts)
        rows = [ds["ra"][:].tolist().index(ra) for ra in piece["ra"][:]]
        assert np.array_equal(votes(piece), counts[rows])
    with open_dataset(tmp_path / "without.h5") as ds:
        assert votes(ds) is None


def test_damaged_votes_are_a_sentence(file):
    with h5py.File(file, "r+") as ds:
        counts = np.ones((20, 10), np.uint8)
        ds.create_dataset("votes", data=counts, chunks=(20, 10), fletcher32=True)
        place = ds["votes"].id.get_chunk_info(0).byte_offset
    damaged = bytearray(file.read_bytes())
    damaged[place] ^= 1
    file.write_bytes(damaged)
    refused(file, "is damaged \\('votes' cannot be read\\)")


def test_positions_that_cannot_be_are_a_sentence(file, capsys):
    with h5py.File(file, "r+") as ds:
        ds["dec"][3] = 1e300
    refused(file, r"'dec' holds 1e\+300, but runs from -90 to 90")
    assert main(["info", str(file)]) == 1


@pytest.mark.parametrize("unknown", [-99, -999, -9999, -99999, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", ["ra", "dec", "redshift", "pxscale"])
def test_what_says_unknown_is_unknown_everywhere(file, tmp_path, capsys, name, unknown):
    with h5py.File(file, "r+") as ds:
        ds[name][3] = unknown
        known = np.isfinite(ds[name][:]).sum() - np.isin(ds[name][:], [unknown]).sum()
        known += np.isinf(unknown)  # was not finite to begin with
    with open_dataset(file) as ds:
        assert np.isnan(catalogue(ds, name)[3])
        assert np.isfinite(catalogue(ds, name)).sum() == known
    assert main(["info", str(file)]) == 0
    if name in ("ra", "dec"):
        assert "Positions are known for 19" in capsys.readouterr().out
    DataManager(datafile=file, group_by_sky=True, cache=False).close()
    write_piece(file, tmp_path / "piece.h5", fraction=1)
    with h5py.File(tmp_path / "piece.h5") as ds:
        assert np.isnan(ds[name][3])


def test_a_million_pairs_are_counted_before_they_are_made():
    from galaxy_lib.splits import sky_pairs

    same = np.zeros(20_000)
    with pytest.raises(ValueError, match="cannot be true"):
        sky_pairs(same, same)


@pytest.mark.parametrize("value", [np.arange(3), "yes", np.float64(0.5)])
def test_simulated_is_true_or_false(file, value):
    with h5py.File(file, "r+") as ds:
        ds.attrs["simulated"] = value
    refused(file, "'simulated' is neither true nor false")


def test_a_piece_of_a_file_in_any_order_keeps_pictures_and_labels_together(tmp_path):
    rng = np.random.default_rng(0)
    ans = rng.integers(0, 10, 40).astype(np.uint8)
    with h5py.File(tmp_path / "x.h5", "w") as ds:
        ds["images"] = np.full((40, 8, 8, 3), 1, np.uint8) * ans[:, None, None, None]
        ds["ans"], ds["ra"] = ans, ans / 10
    write_piece(tmp_path / "x.h5", tmp_path / "piece.h5", per_class=2, seed=1)
    with h5py.File(tmp_path / "piece.h5") as ds:
        assert len(ds["ans"]) == 20
        assert ds["images"][:, 3, 3, 1].tolist() == ds["ans"][:].tolist()
        assert np.allclose(ds["ra"][:] * 10, ds["ans"][:])


# ------------------------------------------------------------------------------- damaged files


def test_two_chunks_in_one_place_and_a_chunk_outside_the_grid_are_noticed(file):
    with h5py.File(file) as ds:
        chunks = [ds["images"].id.get_chunk_info(i).byte_offset for i in range(20)]
    good = file.read_bytes()
    first, second = (at.to_bytes(8, "little") for at in chunks[3:5])
    assert good.count(first) == 1
    file.write_bytes(good.replace(first, second))
    refused(file, "two of its data sets or chunks claim the same bytes")
    place = good.index(first)  # before it in the index: size, mask, and the chunk's corner
    damaged = bytearray(good)
    damaged[place - 8 * 5] = 200
    file.write_bytes(damaged)
    refused(file, "the index of 'images' is damaged|of its 20 chunks")


def test_every_byte_of_a_file_of_ours_is_guarded(file, tmp_path):
    piece = tmp_path / "piece.h5"
    write_piece(file, piece, fraction=1)
    good = piece.read_bytes()

    def contents() -> list:
        with open_dataset(piece) as ds:
            columns = [catalogue(ds, name) for name in ("ra", "dec", "redshift", "pxscale")]
            sums = reading.load_block_sums(ds["images"], 4)
            return [ds["ans"][:].tolist(), sums.tolist(), np.stack(columns).tolist()]

    right = repr(contents())
    rng, noticed = np.random.default_rng(0), 0
    for _ in range(150):
        damaged = bytearray(good)
        damaged[rng.integers(len(good))] ^= 1 << rng.integers(8)
        piece.write_bytes(damaged)
        try:
            assert repr(contents()) == right
        except (OSError, ValueError):
            noticed += 1
    assert noticed > 50


def test_shuffled_and_zipped_pictures_whose_filters_were_skipped_are_read(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    with h5py.File(tmp_path / "x.h5", "w") as ds:
        options = {"chunks": (1, 8, 8, 3), "compression": "gzip", "shuffle": True}
        images = ds.create_dataset("images", data=pictures, **options)
        plain, packed = (pictures[0].tobytes(), zlib.compress(pictures[0].tobytes()))
        for row, (raw, mask) in enumerate([(packed, 0), (packed, 1), (plain, 2), (plain, 3)]):
            images.id.write_direct_chunk((row, 0, 0, 0), raw, filter_mask=mask)
    with h5py.File(tmp_path / "x.h5") as ds:
        whole = reading.rows_of(ds["images"], 0, 4)
    assert np.array_equal(whole, pictures[[0, 0, 0, 0]])


@pytest.mark.skipif(
    not h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP)
    or not h5py.h5z.get_filter_info(h5py.h5z.FILTER_SZIP) & h5py.h5z.FILTER_CONFIG_ENCODE_ENABLED,
    reason="this h5py cannot pack with szip",
)
@pytest.mark.parametrize("place", [4, 13])  # pixels of a block, and of a line
def test_damaged_numbers_of_szip_end_no_program(file, place):
    with h5py.File(file, "r+") as ds:
        black = np.zeros_like(ds["images"][:])
        del ds["images"]
        ds.create_dataset("images", data=black, chunks=black.shape, compression="szip")
        numbers = ds["images"].id.get_create_plist().get_filter(0)[2]
    with open_dataset(file) as ds:
        assert not reading.rows_of(ds["images"], 0, 20).any()
    damaged = bytearray(file.read_bytes())
    at = damaged.index(struct.pack("<4I", *numbers))
    damaged[at + place] = 0
    file.write_bytes(damaged)
    refused(file, "the packing of 'images' is damaged: get the file anew")


def test_n_bit_without_its_numbers_ends_no_program(file):
    with h5py.File(file, "r+") as ds:
        pictures = ds["images"][:]
        del ds["images"]
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_chunk(pictures.shape)
        layout.set_filter(h5py.h5z.FILTER_NBIT)
        space = h5py.h5s.create_simple(pictures.shape)
        images = h5py.h5d.create(ds.id, b"images", h5py.h5t.NATIVE_UINT8, space, layout)
        images.write(h5py.h5s.ALL, h5py.h5s.ALL, pictures)
    with open_dataset(file) as ds:
        assert np.array_equal(reading.rows_of(ds["images"], 0, 20), pictures)
    damaged = bytearray(file.read_bytes())
    at = damaged.index(b"nbit")
    assert damaged[at - 2] == 8  # how many numbers follow
    damaged[at - 2] = 0
    file.write_bytes(damaged)
    refused(file, "the packing of 'images' is damaged: get the file anew")


@pytest.mark.parametrize("chunks", [None, (1, 8, 8, 3), (3, 5, 8, 2), (20, 8, 8, 3)])
def test_any_rows_are_read_as_they_are(file, chunks):
    pictures = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    with h5py.File(file, "r+") as ds:
        del ds["images"]
        ds.create_dataset("images", data=pictures, chunks=chunks)
    with h5py.File(file) as ds:
        for start, stop in [(0, 20), (0, 1), (19, 20), (2, 7), (3, 6)]:
            found = reading.rows_of(ds["images"], start, stop)
            assert np.array_equal(found, pictures[start:stop])


def test_a_picture_read_on_demand_is_a_sentence_when_it_is_damaged_or_the_file_closed(file):
    d = DataManager(datafile=file, read_on_demand=True)
    with h5py.File(file) as ds:
        at = ds["images"].id.get_chunk_info(0).byte_offset
    d.close()
    with pytest.raises(ValueError, match="is closed: make a new DataManager"):
        d.galaxy(0)
    with h5py.File(file, "r+") as ds:
        data = ds["images"][:]
        del ds["images"]
        ds.create_dataset("images", data=data, chunks=(1, 8, 8, 3), compression="gzip")
        at = ds["images"].id.get_chunk_info(0).byte_offset
    damaged = bytearray(file.read_bytes())
    damaged[at + 20] ^= 4
    file.write_bytes(damaged)
    d = DataManager(datafile=file, read_on_demand=True)
    assert d.galaxy(1).data.shape == (8, 8, 3)
    with pytest.raises(OSError, match=r"x.h5 is damaged \('images' cannot be read\)"):
        d.galaxy(0)


def test_a_file_is_read_though_a_writer_has_it(file):
    code = (
        "import h5py, sys\n"
        "ds = h5py.File(sys.argv[1], 'r+')\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(file)], **pipes) as writer:
        assert writer.stdout.readline() == b"open\n"
        assert describe(file).counts == (2,) * 10
        writer.stdin.close()


@pytest.mark.skipif(os.name != "posix", reason="pipes have names on Unix")
def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    refused(tmp_path / "pipe.h5", "is not a file")


def test_a_link_to_a_file_that_is_gone_is_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GALAXY10_FILE", raising=False)
    Path("Galaxy10_DECals.h5").symlink_to("gone.h5")
    with pytest.raises(FileNotFoundError, match="there is no file Galaxy10_DECals"):
        dataset_path()


# ------------------------------------------------------------------------------- the sample


@pytest.fixture
def sample(tmp_path, monkeypatch, capfd):
    """The cached sample, and a function that tells what was said while it was asked for again."""
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path / "cache"))
    path = simulated_sample_path(10, 1)

    def again() -> str:
        capfd.readouterr()
        assert simulated_sample_path(10, 1) == path
        return capfd.readouterr().err

    assert again() == ""
    return path, again


def places(path: Path) -> dict[str, int]:
    with h5py.File(path) as ds:
        found = {name: ds[name].id.get_chunk_info(0).byte_offset for name in ds}
    return found | {"structure": 300}


@pytest.mark.parametrize("where", ["images", "ans", "ra", "redshift", "structure"])
def test_a_sample_with_a_wrong_byte_is_made_again_and_a_line_says_so(sample, where):
    path, again = sample
    good, damaged = path.read_bytes(), bytearray(path.read_bytes())
    damaged[places(path)[where] + 2] ^= 1
    path.write_bytes(damaged)
    said = again()
    assert said.startswith("The simulated sample is made anew, for ")
    assert said.count("\n") == 1
    assert str(path) in said
    assert path.read_bytes() == good
    assert again() == ""


def test_a_sample_without_checksums_is_made_again_and_a_touched_one_is_not(sample):
    path, again = sample
    good = path.read_bytes()
    with h5py.File(path, "r+") as ds:
        labels = ds["ans"][:]
        del ds["ans"]
        ds["ans"] = labels
    assert "has no checksums" in again()
    assert path.read_bytes() == good
    os.utime(path)
    assert again() == ""
    hdf5.checked_note(path).unlink()
    assert again() == ""
    assert path.read_bytes() == good


def test_damage_that_is_met_later_is_mended_at_the_next_use(sample):
    path, again = sample
    good, damaged = path.read_bytes(), bytearray(path.read_bytes())
    damaged[places(path)["images"] + 50] ^= 1
    path.write_bytes(damaged)
    hdf5.checked_note(path).write_text(repr(disk.stamp(path)))  # nobody saw it happen
    with pytest.raises(OSError, match="run this again, and it is made anew"):
        DataManager(datafile=path, coarsen=4, cache=False)
    assert "is made anew" in again()
    assert path.read_bytes() == good


@pytest.mark.skipif(os.name != "posix", reason="a process is asked for as on Unix")
def test_parts_of_killed_processes_are_removed_and_those_of_living_ones_stay(tmp_path):
    code = (
        "import os, sys, pathlib\n"
        "from galaxy_lib.files import disk\n"
        "with disk.written_whole(pathlib.Path(sys.argv[1])) as part:\n"
        "    part.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    target = tmp_path / "s.h5"
    assert in_child(code, target).returncode == -9
    (dead,) = tmp_path.iterdir()
    living = dead.with_name(re.sub(r"-\d+-", f"-{os.getpid()}-", dead.name))
    living.touch()
    elsewhere = dead.with_name(".s.h5-another_machine-1-0a0a0a0a.part")
    elsewhere.touch()
    with disk.written_whole(target) as part:
        part.touch()
    assert set(tmp_path.iterdir()) == {target, living, elsewhere}
    os.utime(elsewhere, (0, 0))
    with disk.written_whole(target) as part:
        part.touch()
    assert set(tmp_path.iterdir()) == {target, living}


# ------------------------------------------------------------------------- the command line

WITH_A_FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from galaxy_lib.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits are a Unix matter")
def test_a_disk_that_takes_no_more_is_one_line(tmp_path):
    done = in_child(WITH_A_FULL_DISK, "simulate", tmp_path / "s.h5", "--n", "10")
    said = done.stderr.decode()
    assert done.returncode == 1
    assert (
        said == f"galaxy_lib: {tmp_path / 's.h5'} cannot be written: File too large; "
        "nothing is left of it.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["info", "~nouser/x.h5"], "there is no such user"),
        (["sample", "~nouser/x.h5", "y.h5", "--fraction", "1"], "there is no such user"),
        (["simulate", "y.h5", "--seed", str(10**30)], f"seed is {str(10**30)[:5]}"),
        (["simulate", "y.h5", "--seed", "-1"], "seed is -1: give a whole number from 0 to"),
        (["simulate", "y.h5", "--n", str(10**12)], "n_images is 1000000000000: give a whole"),
        (["info", "x" * 300], "cannot be opened: File name too long"),
        (["fetch", "--to", "file/below"], "file"),
    ],
)
def test_what_was_a_traceback_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("galaxy_lib: ")
    assert said.count("\n") == 1
    assert words in said
    assert os.listdir(tmp_path) == ["file"]


def test_a_terminal_that_knows_ascii_only_gets_the_codes(file):
    code = "import sys; from galaxy_lib.__main__ import main; sys.exit(main(sys.argv[1:]))"
    done = in_child(code, "info", file, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert rb"Pictures are 8\xd78\xd73" in done.stdout
    assert done.stderr == b""


def test_simulate_says_what_is_wrong_before_it_draws(tmp_path):
    (tmp_path / "s.h5").touch()
    with pytest.raises(FileExistsError, match="was left as it is"):
        simulate_sample(tmp_path / "s.h5", 10**6, 1)


def test_right_ascension_may_be_negative(file):
    """From -180 to 180 or from 0 to 360 degrees: both are in use."""
    with h5py.File(file, "r+") as ds:
        ds["ra"][:2] = [-10, 350]
    with open_dataset(file) as ds:
        assert catalogue(ds, "ra")[:2].tolist() == [-10, 350]
    assert not describe(file).problem


def test_a_file_that_changes_while_it_is_read_leaves_no_cache(file, monkeypatch):
    """What was read of the old one must not pass for the new one."""
    real, old = reading.load_block_sums, file.read_bytes()
    with h5py.File(file, "r+") as ds:
        ds["images"][0] = 255 - ds["images"][0]
    new = file.read_bytes()
    file.write_bytes(old)

    def read_and_touch(*arguments):
        sums = real(*arguments)
        file.write_bytes(new)
        return sums

    monkeypatch.setattr(reading, "load_block_sums", read_and_touch)
    with DataManager(datafile=file, coarsen=2, seed=0) as data:
        before = data.galaxy(0).data
    monkeypatch.setattr(reading, "load_block_sums", real)
    assert not [*file.parent.glob("*.cache")]
    with DataManager(datafile=file, coarsen=2, seed=0) as data:
        assert not np.array_equal(data.galaxy(0).data, before)


def test_a_packed_archive_is_refused_before_it_is_unpacked(tmp_path):
    arrays = {"A": np.zeros(3)}
    save_arrays(tmp_path / "plain.npz", arrays)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    assert load_arrays(tmp_path / "plain.npz")["A"].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="packed"):
        load_arrays(tmp_path / "packed.npz")


def test_a_file_that_a_scanner_holds_gets_its_name_a_moment_later(tmp_path, monkeypatch):
    """As Windows refuses to rename what somebody has open; elsewhere a refusal is final."""
    real, refusals = os.replace, [5, 32]

    def replace(*names):
        if refusals:
            error = PermissionError(13, "Access is denied")
            error.winerror = refusals.pop()
            raise error
        real(*names)

    monkeypatch.setattr(os, "replace", replace)
    save_arrays(tmp_path / "a.npz", {"A": np.ones(2)})
    assert load_arrays(tmp_path / "a.npz")["A"].tolist() == [1, 1]
    refusals[:] = [None, None]
    with pytest.raises(PermissionError):
        save_arrays(tmp_path / "b.npz", {"A": np.ones(2)})
    assert refusals == [None]
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_a_program_without_a_console_reads_pictures(file, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with DataManager(datafile=file, coarsen=2, cache=False) as data:
        assert data.input_size == 48
