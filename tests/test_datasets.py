"""Finding, validating, simulating, sampling and loading files of galaxies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galaxy_lib import DataManager, dataset_path, datasets, reading, simulator
from galaxy_lib.files import disk, find, sample
from galaxy_lib.files.cache import Coarsened, sound
from galaxy_lib.files.datasets import (
    describe,
    open_dataset,
    simulate_sample,
    simulated_sample_path,
    write_piece,
)

CHILD = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own, and nothing else that says which file to use."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GALAXY10_CACHE", str(folder))
    monkeypatch.delenv("GALAXY10_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


def in_children(n: int, code: str, **variables) -> list[str]:
    """Run ``code`` in ``n`` processes at once and return what each printed."""
    run = [sys.executable, "-c", code]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(run, env=CHILD | variables, **options) for _ in range(n)]
    said = [child.communicate(timeout=600) for child in children]
    assert [child.returncode for child in children] == [0] * n, said
    return [out for out, _ in said]


# ------------------------------------------------------------------------------ which file


def test_the_four_ways_to_find_the_data_in_their_order(galaxy_file, cache, monkeypatch):
    monkeypatch.setattr(find, "simulated_sample_path", lambda: simulated_sample_path(10, 1))
    sample = dataset_path()
    assert sample.parent == cache
    assert describe(sample).simulated
    here = Path("Galaxy10_DECals.h5")
    shutil.copy(galaxy_file(), here)
    assert dataset_path() == here
    monkeypatch.setenv("GALAXY10_FILE", str(galaxy_file(2)))
    assert dataset_path() == galaxy_file(2)
    assert dataset_path(galaxy_file(1)) == galaxy_file(1)
    assert dataset_path(str(galaxy_file(1))) == galaxy_file(1)


def test_a_chosen_file_that_is_missing_is_an_error_not_another_file(cache, monkeypatch):
    with pytest.raises(FileNotFoundError, match="missing"):
        dataset_path("missing.h5")
    monkeypatch.setenv("GALAXY10_FILE", "gone.h5")
    with pytest.raises(FileNotFoundError, match=r"GALAXY10_FILE names it, but .*gone.h5"):
        dataset_path()
    assert not cache.exists()


# ---------------------------------------------------------------------------- validation


def broken(path: Path, **changes) -> Path:
    """Write a file of ten galaxies with some data sets replaced, or left out (None)."""
    contents = {"images": np.zeros((10, 8, 8, 3), np.uint8), "ans": np.arange(10)} | changes
    with h5py.File(path, "w") as ds:
        for name, values in contents.items():
            if values is not None:
                ds[name] = values
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": None}, "no data set 'images'"),
        ({"ans": None}, "no data set 'ans'"),
        ({"ans": np.arange(9)}, "'images' has 10 rows and 'ans' has 9"),
        ({"images": np.zeros((10, 8, 8), np.uint8)}, "'images' is 10×8×8, but N×256×256×3"),
        ({"images": np.zeros((10, 8, 9, 3), np.uint8)}, "10×8×9×3"),
        ({"images": np.zeros((10, 8, 8, 4), np.uint8)}, "10×8×8×4"),
        ({"images": np.zeros((10, 69, 69, 3), np.uint8)}, "Galaxy10 SDSS"),
        ({"images": np.zeros((10, 8, 8, 3), np.float32)}, "'images' holds float32, but uint8"),
        ({"ans": np.arange(10.0)}, "'ans' is float64"),
        ({"ans": np.arange(1, 11)}, "'ans' holds 10, but the classes run from 0 to 9"),
        ({"ans": np.arange(-1, 9)}, "'ans' holds -1"),
        ({"ans": np.eye(10, dtype=int)}, "one whole number per galaxy"),
        ({"images": np.zeros((0, 8, 8, 3), np.uint8), "ans": np.zeros(0, int)}, "no galaxies"),
    ],
)
def test_a_wrong_file_gets_one_sentence_that_says_what(tmp_path, changes, words):
    path = broken(tmp_path / "x.h5", **changes)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=words) as caught:
        DataManager(datafile=path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert words in describe(path).problem
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.h5"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<html>Please log in", r"not a readable HDF5 file \(it begins with b'<html>Pl'\)"),
        (b"\x89HDF\r\n\x1a\n", "not all of one"),
    ],
)
def test_what_is_not_hdf5_is_an_oserror(tmp_path, content, words):
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(OSError, match=words):
        DataManager(datafile=tmp_path / "x.h5")
    with pytest.raises(OSError, match="is not a file"):
        open_dataset(tmp_path)


def test_describe_counts_and_says_real_or_simulated(galaxy_file, tmp_path):
    found = describe(galaxy_file(3))
    assert found.counts == (3,) * 10
    assert found.statement == "These are 30 real galaxies from Galaxy10 DECaLS."
    assert "to read one alone, 1 times its bytes" in str(found)
    found = describe(galaxy_file(4, chunks=(40, 8, 8, 1)))
    assert "40 times its bytes" in str(found)
    simulate_sample(tmp_path / "s.h5", 10, 1)
    assert "10 simulated galaxies" in describe(tmp_path / "s.h5").statement
    assert "not real" in describe(tmp_path / "s.h5").statement


def test_the_real_sample_is_real(real_sample):
    found = describe(real_sample)
    assert (found.simulated, found.counts, found.problem) == (False, (5,) * 10, "")
    assert "Positions are known for 0; 0 pairs" in str(found)


# ----------------------------------------------------------------------- simulated sample


def test_a_simulated_file_has_the_schema_and_the_drawn_pictures(tmp_path):
    from galaxy_lib.simulator import draw, plan_sample

    path = tmp_path / "s.h5"
    simulate_sample(path, 70, 5)  # enough for children to be started
    plans = plan_sample(5, 70)
    with h5py.File(path) as ds:
        assert sorted(ds) == ["ans", "dec", "images", "pxscale", "ra", "redshift", "votes"]
        assert ds["images"].chunks == (1, 256, 256, 3)
        assert ds["images"].dtype == ds["ans"].dtype == np.uint8
        assert ds["ans"][:].tolist() == sorted(ds["ans"][:]) == [p.label for p in plans]
        assert ds.attrs["simulated"]
        assert ds.attrs["seed"] == 5
        for row in (0, 33, 69):
            drawn = draw(plans[row])
            assert np.array_equal(ds["images"][row], drawn.image)
            assert ds["redshift"][row] == drawn.redshift
            assert np.array_equal(ds["votes"][row], drawn.votes)
            assert ds["pxscale"][row] == drawn.pxscale
            assert ds["ra"][row] == plans[row].ra
            assert ds["dec"][row] == plans[row].dec


def test_same_seed_same_bytes_however_many_processes_draw(tmp_path, monkeypatch):
    files = [tmp_path / f"{i}.h5" for i in range(5)]
    simulate_sample(files[0], 64, 1)
    simulate_sample(files[1], 10, 1)
    simulate_sample(files[4], 10, 2)
    monkeypatch.setattr(sample, "n_workers", lambda: 1)
    simulate_sample(files[2], 64, 1)
    # No child can be started: all is drawn in this process.
    monkeypatch.setattr(sys, "executable", shutil.which("false") or sys.executable)
    monkeypatch.setattr(sample, "n_workers", lambda: 3)
    simulate_sample(files[3], 64, 1)
    contents = [file.read_bytes() for file in files]
    assert contents[0] == contents[2] == contents[3]
    assert contents[1] != contents[4]
    assert sorted(os.listdir(tmp_path)) == ["0.h5", "1.h5", "2.h5", "3.h5", "4.h5"]


def test_a_script_without_a_main_guard_can_make_the_sample(cache):
    script = cache.parent / "script.py"
    script.write_text(
        "from galaxy_lib.files.datasets import simulated_sample_path\n"
        "print('ran')\n"
        "print(simulated_sample_path(64, 1).name)\n"
    )
    run = [sys.executable, str(script)]
    done = subprocess.run(run, env=CHILD | {"GALAXY10_CACHE": str(cache)}, capture_output=True)
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.count(b"ran") == 1


def test_processes_that_ask_at_once_get_one_good_sample(cache):
    code = (
        "from galaxy_lib.files.datasets import simulated_sample_path as p; import hashlib;"
        "print(hashlib.sha256(p(12, 1).read_bytes()).hexdigest())"
    )
    said = in_children(4, code, GALAXY10_CACHE=str(cache))
    assert len(set(said)) == 1
    simulate_sample(cache / "again.h5", 12, 1)
    sample = simulated_sample_path(12, 1)
    assert sample.read_bytes() == (cache / "again.h5").read_bytes()
    left = {path.suffix for path in cache.iterdir()}
    assert left <= {".h5", ".lock", ".checked"}


@pytest.mark.parametrize("keep", [0, 100, 3000, -1])
def test_a_truncated_sample_is_made_anew(cache, keep):
    path = simulated_sample_path(10, 1)
    good = path.read_bytes()
    path.write_bytes(good[:keep])
    assert simulated_sample_path(10, 1) == path
    assert path.read_bytes() == good
    stamp = path.stat().st_mtime_ns
    assert simulated_sample_path(10, 1).stat().st_mtime_ns == stamp


def test_the_cache_knows_samples_by_drawing_seed_and_number(cache, monkeypatch):
    names = {simulated_sample_path(*what).name for what in ((10, 1), (11, 1), (10, 2))}
    monkeypatch.setattr(sample, "_drawn_by", lambda: "another")
    names.add(simulated_sample_path(10, 1).name)
    assert len(names) == 4


def test_a_sample_is_named_by_the_lines_that_draw_it(tmp_path):
    here = Path(simulator.__file__).parent
    copy = tmp_path / "simulator"
    shutil.copytree(here, copy)
    whole = disk.digest_of(copy.glob("*.py"))
    assert sample._drawn_by() == whole == disk.digest_of(here.glob("*.py"))
    drawing = copy / "drawing.py"
    text = drawing.read_bytes()
    drawing.write_bytes(text.replace(b"\n", b"\r\n"))  # a checkout on Windows
    assert disk.digest_of(copy.glob("*.py")) == whole
    drawing.write_bytes(text.replace(b"MARGIN = 16", b"MARGIN = 17"))
    assert disk.digest_of(copy.glob("*.py")) != whole
    drawing.write_bytes(text)
    drawing.rename(copy / "drawings.py")
    assert disk.digest_of(copy.glob("*.py")) != whole


def test_an_older_sample_is_removed_and_a_line_says_so(cache, monkeypatch, capsys):
    with monkeypatch.context() as older:
        older.setattr(sample, "_drawn_by", lambda: "000000000000")
        old, other = simulated_sample_path(10, 1), simulated_sample_path(11, 1)
    coarse = cache / f"{old.stem}-0a1b2c3d-coarsen16.cache"
    coarse.write_bytes(b"what was made of it")
    typed = cache / "galaxy10-simulated-v8-seed1-n10.h5"  # as version 2.0 named it
    typed.write_bytes(b"older still")
    assert capsys.readouterr().err == ""
    new = simulated_sample_path(10, 1)
    said = capsys.readouterr().err.splitlines()
    assert sorted(said) == [
        f"{name} was drawn by another version of galaxy_lib: removed."
        for name in sorted([old.name, typed.name])
    ]
    assert {path.name for path in cache.glob("*.h5")} == {new.name, other.name}
    assert not coarse.exists()
    assert {path.stem for path in cache.glob("*.checked")} == {new.stem, other.stem}
    assert simulated_sample_path(10, 1) == new
    assert capsys.readouterr().err == ""


def test_a_sample_under_another_drawings_name_is_made_anew(cache, monkeypatch, capsys):
    with monkeypatch.context() as older:
        older.setattr(sample, "_drawn_by", lambda: "000000000000")
        stale = simulated_sample_path(10, 1)
    name = stale.name.replace("000000000000", sample._drawn_by())
    right = stale.rename(cache / name)
    assert simulated_sample_path(10, 1) == right
    assert "was drawn by another version of galaxy_lib." in capsys.readouterr().err
    with h5py.File(right) as ds:
        assert ds.attrs["drawn_by"] == sample._drawn_by()


def test_a_cache_that_cannot_be_written_says_which_variable_helps(cache):
    cache.write_text("a file, not a folder")
    with pytest.raises(OSError, match="GALAXY10_CACHE"):
        simulated_sample_path(10, 1)


# --------------------------------------------------------------------------------- a piece


@pytest.mark.parametrize("layout", [{}, {"chunks": (7, 8, 16, 1), "compression": "gzip"}])
def test_a_piece_holds_the_same_galaxies_in_a_picture_a_chunk(galaxy_file, tmp_path, layout):
    full = galaxy_file(6, **layout)
    write_piece(full, tmp_path / "a.h5", per_class=2, seed=1)
    write_piece(full, tmp_path / "b.h5", per_class=2, seed=1)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with h5py.File(full) as old, h5py.File(tmp_path / "a.h5") as new:
        assert new["images"].chunks == (1, 32, 32, 3)
        assert np.bincount(new["ans"][:]).tolist() == [2] * 10
        rows = [old["ra"][:].tolist().index(ra) for ra in new["ra"][:]]
        assert len(set(rows)) == 20
        for name in old:
            assert np.array_equal(old[name][:][rows], new[name][:], equal_nan=name == "redshift")


def test_a_fraction_keeps_the_proportions_and_one_rewrites_all(tmp_path, write_galaxies):
    full = tmp_path / "full.h5"
    write_galaxies(full, 10)
    with h5py.File(full, "r+") as ds:
        ds["ans"][...] = np.sort(np.r_[np.full(58, 2), np.arange(10), np.full(32, 7)])
        ds.attrs["simulated"] = True
    write_piece(full, tmp_path / "part.h5", fraction=0.25, seed=1)
    assert describe(tmp_path / "part.h5").counts == (1, 1, 15, 1, 1, 1, 1, 8, 1, 1)
    assert describe(tmp_path / "part.h5").simulated
    write_piece(full, tmp_path / "all.h5", fraction=1)
    with h5py.File(full) as old, h5py.File(tmp_path / "all.h5") as new:
        assert np.array_equal(old["images"], new["images"])
    write_piece(full, tmp_path / "most.h5", per_class=20)
    assert describe(tmp_path / "most.h5").counts == (1, 1, 20, 1, 1, 1, 1, 20, 1, 1)


# -------------------------------------------------------------------------------- loading


def true_sums(pictures: np.ndarray, c: int) -> np.ndarray:
    n, side = len(pictures), pictures.shape[1] // c
    return pictures.reshape(n, side, c, side, c, 3).sum(axis=(2, 4), dtype=np.int64)


FILTERS = [
    {},
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},
    {"shuffle": True},
    {"compression": "lzf"},
    {"compression": "gzip", "fletcher32": True},
    {"fletcher32": True},
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    n=st.integers(1, 9),
    side=st.sampled_from([8, 12, 16]),
    coarsen=st.sampled_from([1, 2, 4]),
    chunks=st.tuples(st.integers(1, 9), st.integers(1, 16), st.integers(1, 16), st.integers(1, 3)),
    filters=st.sampled_from(FILTERS),
    userblock=st.sampled_from([0, 512]),
)
def test_any_layout_and_filter_gives_the_same_exact_sums(
    tmp_path, n, side, coarsen, chunks, filters, userblock
):
    pictures = np.random.default_rng(n).integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    chunks = tuple(min(pair) for pair in zip(chunks, pictures.shape, strict=True))
    with h5py.File(tmp_path / "x.h5", "w", userblock_size=userblock) as ds:
        ds.create_dataset("images", data=pictures, chunks=chunks, **filters)
    with h5py.File(tmp_path / "x.h5") as ds:
        sums = reading.load_block_sums(ds["images"], coarsen)
    assert sums.dtype == (np.uint8 if coarsen == 1 else np.uint16)
    assert np.array_equal(sums, true_sums(pictures, coarsen))


def test_block_sums_use_the_smallest_integers_that_hold_them():
    assert [str(reading.sum_dtype(c)) for c in (1, 2, 16, 17, 256)] == [
        "uint8", "uint16", "uint16", "uint32", "uint32",
    ]  # fmt: skip


def test_contiguous_and_growing_files_are_read_and_a_missing_chunk_is_no_black_picture(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    with h5py.File(tmp_path / "x.h5", "w") as ds:
        ds["contiguous"] = pictures
        layout = {"chunks": (2, 8, 8, 3), "compression": "gzip"}
        ds.create_dataset("growing", data=pictures, maxshape=(None, 8, 8, 3), **layout)
        holes = ds.create_dataset("holes", (6, 8, 8, 3), np.uint8, fillvalue=7, **layout)
        holes[2:4] = pictures[2:4]
    with h5py.File(tmp_path / "x.h5") as ds:
        for name in ("contiguous", "growing"):
            expected = true_sums(ds[name][:], 4)
            assert np.array_equal(reading.load_block_sums(ds[name], 4), expected)
        with pytest.raises(OSError, match="'holes' cannot be read"):
            reading.load_block_sums(ds["holes"], 4)


def test_a_chunk_whose_filter_was_skipped_is_read_as_it_is(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    with h5py.File(tmp_path / "x.h5", "w") as ds:
        layout = {"chunks": (1, 8, 8, 3), "compression": "gzip"}
        images = ds.create_dataset("images", data=pictures, **layout)
        images.id.write_direct_chunk((1, 0, 0, 0), pictures[0].tobytes(), filter_mask=1)
    with h5py.File(tmp_path / "x.h5") as ds:
        sums = reading.load_block_sums(ds["images"], 2)
    assert np.array_equal(sums, true_sums(pictures[[0, 0]], 2))


# -------------------------------------------------------------------------------- damage

READ_DAMAGED = """
import json, resource, sys, time
import h5py, numpy as np
from galaxy_lib.files import reading
from galaxy_lib.files.datasets import open_dataset
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))

def outcome(load, path):
    try:
        with open_dataset(path) as ds:
            return load(ds["images"])
    except (OSError, ValueError, RuntimeError, KeyError, MemoryError) as error:
        return type(error).__name__

whole = lambda images: reading.block_sums(np.array(images), 4)
good = outcome(whole, sys.argv[1])
for path in sys.argv[2:]:
    print(path, end=" ", flush=True)
    ours = outcome(lambda images: reading.load_block_sums(images, 4), path)
    theirs, again = outcome(whole, path), outcome(whole, path)
    if isinstance(ours, str):
        print(ours, flush=True)
    elif not np.array_equal(theirs, again):
        print("h5py reads what happens to lie in memory", flush=True)
    else:
        print(np.array_equal(ours, theirs) or np.array_equal(ours, good), flush=True)
"""

LAYOUTS = {
    "gzip": {"compression": "gzip"},
    "gzip and shuffle": {"compression": "gzip", "shuffle": True, "chunks": (3, 16, 16, 1)},
    "fletcher32": {"compression": "gzip", "fletcher32": True},
    "plain": {"chunks": None},
}


@pytest.mark.skipif(sys.platform == "win32", reason="memory limits are a Unix matter")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_damaged_files_are_an_error_or_read_no_worse_than_by_h5py(galaxy_file, tmp_path, layout):
    good = galaxy_file(2, **LAYOUTS[layout])
    bytes_ = good.read_bytes()
    with h5py.File(good) as ds:
        images = ds["images"]
        data = [(images.id.get_offset(), images.nbytes)] if images.chunks is None else []
        for i in range(0 if images.chunks is None else images.id.get_num_chunks()):
            info = images.id.get_chunk_info(i)
            data.append((info.byte_offset, info.size))
    in_data = np.concatenate([np.arange(at, at + size) for at, size in data])
    in_metadata = np.setdiff1d(np.arange(len(bytes_)), in_data)
    rng = np.random.default_rng(list(LAYOUTS).index(layout))
    cases = []
    for i in range(30):
        damaged = bytearray(bytes_)
        if i < 6:
            damaged = damaged[: rng.integers(len(bytes_))]
        else:
            places = in_metadata if i % 2 else in_data
            for place in rng.choice(places, size=1 + i % 3):
                damaged[place] ^= 1 << rng.integers(8)
        cases.append(tmp_path / f"{i}.h5")
        cases[-1].write_bytes(damaged)
    run = [sys.executable, "-c", READ_DAMAGED, str(good), *map(str, cases)]
    done = subprocess.run(run, env=CHILD, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = [line.split()[-1] for line in done.stdout.splitlines()]
    assert len(outcomes) == 30
    assert "False" not in outcomes
    assert set(outcomes[:6]) <= {"OSError"}  # every truncation is noticed
    if layout != "plain":  # gzip carries a checksum of its own
        assert all(outcome != "True" for outcome in outcomes[6::2]), outcomes


# ------------------------------------------------------------------ the cache of what was read


def loaded(path, **options):
    with DataManager(datafile=path, coarsen=4, seed=0, **options) as d:
        return d.training_set()[0]


@pytest.fixture
def small(tmp_path, cache, write_galaxies):
    path = tmp_path / "small.h5"
    write_galaxies(path, 2)
    return path


def caches(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.cache"))


def test_the_second_load_reads_no_picture(small, monkeypatch):
    first = loaded(small)
    assert len(caches(small.parent)) == 1
    monkeypatch.setattr(reading, "load_block_sums", None)
    assert np.array_equal(loaded(small), first)
    with pytest.raises(TypeError):
        loaded(small, cache=False)


def test_without_cache_nothing_is_written(small, cache):
    loaded(small, cache=False)
    DataManager(datafile=small, coarsen=1)
    assert caches(small.parent) == []
    assert not cache.exists()


def test_another_file_another_coarsening_and_a_changed_file_get_their_own(small, write_galaxies):
    first = loaded(small)
    other = small.with_name("other.h5")
    write_galaxies(other, 2, 32, 1, {})
    assert not np.array_equal(loaded(other), first)
    with DataManager(datafile=small, coarsen=8, seed=0) as d:
        assert d.input_size == 48
    assert len(caches(small.parent)) == 3

    stat = small.stat()
    with h5py.File(small, "r+") as ds:  # as long as before, and of the same age
        ds["images"][...] = 255 - ds["images"][...]
    os.utime(small, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert small.stat().st_size == stat.st_size
    changed = loaded(small)
    assert not np.array_equal(changed, first)
    assert np.array_equal(changed, loaded(small, cache=False))

    os.replace(other, small)  # another file under the old name
    assert np.array_equal(loaded(small), loaded(small, cache=False))
    assert len(caches(small.parent)) == 3


def test_a_damaged_cache_is_ignored_and_made_anew(small):
    first = loaded(small)
    (path,) = caches(small.parent)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for i in range(40):
        damaged = bytearray(good)
        if i < 10:
            damaged = damaged[: rng.integers(len(good))]
        elif i < 25:
            damaged[rng.integers(len(good))] ^= 1 << rng.integers(8)
        elif i < 39:
            damaged[rng.integers(good.rindex(b"{"), len(good))] ^= 1 << rng.integers(8)
        else:
            damaged += b"more"
        path.write_bytes(damaged)
        assert np.array_equal(loaded(small), first)
        assert path.read_bytes() == good


def test_a_cut_cache_is_not_completed_by_what_memory_held(small):
    """A new array may lie where the right numbers lay before, and checksums find them right."""
    loaded(small)
    (path,) = caches(small.parent)
    good = path.read_bytes()
    with open_dataset(small) as ds:
        content = Coarsened([(small, ds["images"])], 4)
        sums = reading.load_block_sums(ds["images"], 4)
        sound(path, content, np.empty_like(sums))
        end = content.nbytes + 8 * len(sums)
        for gone in (4, end // 2):  # the last rows' places, or sums; the line is there
            path.write_bytes(good[: end - gone] + good[end:])
            with pytest.raises(ValueError, match=r"Expecting value|damaged"):
                sound(path, content, sums)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows folders have other permissions")
def test_a_read_only_folder_is_cached_for_in_the_users_own(small, cache, monkeypatch):
    folder = small.parent / "read-only"
    folder.mkdir()
    path = Path(shutil.move(small, folder))
    folder.chmod(0o555)
    first = loaded(path)
    assert os.listdir(folder) == ["small.h5"]
    assert len(caches(cache)) == 1
    monkeypatch.setattr(reading, "load_block_sums", None)
    assert np.array_equal(loaded(path), first)
    folder.chmod(0o755)


def test_a_full_disk_leaves_no_half_cache_and_loads_all_the_same(small, cache, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert loaded(small).shape == (192, 16)
    assert [p.name for p in small.parent.iterdir() if p.is_file()] == ["small.h5"]
    assert list(cache.iterdir()) == []


def test_processes_that_load_at_once_get_equal_data(small):
    code = (
        "from galaxy_lib import DataManager; import zlib;"
        f"d = DataManager(datafile={str(small)!r}, coarsen=4, seed=0);"
        "print(zlib.crc32(d.test_set()[0].T))"
    )
    assert len(set(in_children(4, code))) == 1
    left = sorted(p.suffix for p in small.parent.iterdir() if p.is_file())
    assert left == [".cache", ".h5"]
    with open_dataset(small) as ds:
        content = Coarsened([(small, ds["images"])], 4)
        assert sound(caches(small.parent)[0], content).tolist() == [*range(len(ds["ans"]))]


def test_a_notebook_says_that_it_draws(tmp_path, monkeypatch, capfd):
    """Where somebody has it open, once, on standard output: an executed page has no such line."""
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path))
    monkeypatch.setenv("JPY_SESSION_NAME", "01_exploring_the_data.ipynb")
    for expected in ("Drawing 20 galaxies, once: a minute.\n", ""):
        datasets.simulated_sample_path(20, 3)
        said = capfd.readouterr()
        assert (said.out, said.err) == (expected, "")
