"""Several files as one, and pictures that stay on disk: equal to those in memory, as random."""

from __future__ import annotations

import errno
import os
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxy_lib import DataManager, NeuralNetwork, pictures
from galaxy_lib.files import cache as caches

OUT = {"memory_limit": 0}


def write(path, n, side=16, seed=0, chunks=None, simulated=True, **columns):
    rng = np.random.default_rng(seed)
    with h5py.File(path, "w") as ds:
        ds.attrs["simulated"] = simulated
        pictures = rng.integers(0, 256, (n, side, side, 3), np.uint8)
        ds.create_dataset("images", data=pictures, chunks=chunks, compression=chunks and "gzip")
        ds["ans"] = np.sort(np.arange(n) % 10).astype(np.uint8)
        for name, column in columns.items():
            ds[name] = column
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GALAXY10_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("chunks", [None, (1, 16, 16, 3), (7, 8, 16, 1), (64, 16, 16, 3)])
@pytest.mark.parametrize("coarsen", [1, 4])
def test_on_disk_it_holds_the_same_pictures(tmp_path, chunks, coarsen):
    path = write(tmp_path / "a.h5", 150, chunks=chunks)
    here = DataManager(datafile=path, coarsen=coarsen, seed=3, validation=0.1)
    there = DataManager(datafile=path, coarsen=coarsen, seed=3, validation=0.1, **OUT)
    assert isinstance(there.pictures, pictures.OnDisk)
    for a, b in (
        (here.test_set(), there.test_set()),
        (here.validation_set(), there.validation_set()),
    ):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])
    for row in (0, 77, 149):
        np.testing.assert_array_equal(here.galaxy(row).data, there.galaxy(row).data)
        np.testing.assert_array_equal(here.images[row], there.images[row])


def test_a_crop_and_turned_pictures_are_those_of_memory(tmp_path):
    path = write(tmp_path / "a.h5", 60)
    options = {"datafile": path, "coarsen": 2, "seed": 3, "crop": 8}
    here, there = DataManager(**options), DataManager(**options, **OUT)
    np.testing.assert_array_equal(here.test_set()[0], there.test_set()[0])
    turned = DataManager(**options, **OUT, augment="d4")
    x = np.concatenate([x for x, _ in turned.training_batches(16)], axis=1)
    plain = here.pictures.inputs(turned.training_indices).T
    assert not np.array_equal(x, plain)
    np.testing.assert_allclose(np.sort(x, axis=0), np.sort(plain, axis=0))


def test_an_epoch_meets_every_training_galaxy_once(tmp_path):
    dm = DataManager(datafile=write(tmp_path / "a.h5", 300), coarsen=4, seed=5, **OUT)
    before = set(dm.training_indices.tolist())
    first = dm.training_indices
    n = sum(y.shape[1] for _, y in dm.training_batches(32))
    assert n == dm.n_training
    assert len(dm.training_indices) == len(before)
    assert set(dm.training_indices.tolist()) == before
    assert not np.array_equal(first, dm.training_indices)
    assert [g.index for g in dm.training_images()] == dm.training_indices.tolist()


@settings(max_examples=30)
@given(n=st.integers(1, 400), block_rows=st.integers(1, 50), seed=st.integers(0, 99))
def test_shuffled_is_an_order_that_reads_in_strides(n, block_rows, seed):
    rows = pictures.OnDisk.__new__(pictures.OnDisk)
    rows.block_rows = block_rows
    rows.place = np.random.default_rng(0).permutation(n)
    wanted = np.random.default_rng(seed).permutation(n)[: n * 4 // 5 + 1]
    order = rows.shuffled(wanted, np.random.default_rng(seed))
    assert sorted(order.tolist()) == sorted(wanted.tolist())
    # Those of one group of blocks follow one another, and a group has at most so many blocks.
    blocks = (rows.place[order] // block_rows).tolist()
    last = {block: i for i, block in enumerate(blocks)}
    first = {block: i for i, block in reversed(list(enumerate(blocks)))}
    open_at_once = max(
        sum(first[b] <= i <= last[b] for b in first) for i in range(0, len(blocks), 7)
    )
    assert open_at_once <= pictures.BLOCKS_AT_A_TIME


def test_a_run_of_rows_on_disk_is_a_fair_sample_of_a_sorted_file(tmp_path):
    dm = DataManager(datafile=write(tmp_path / "a.h5", 2000, side=4), coarsen=2, seed=1, **OUT)
    by_place = np.empty(2000, int)
    by_place[dm.pictures.place] = dm.ans
    counts = np.array([np.bincount(run, minlength=10) for run in by_place.reshape(10, 200)])
    # 20 of each class expected in a run of 200: a sorted file would give 200 of one.
    assert counts.max() < 45
    assert counts.min() > 3


def test_training_from_disk_is_training(tmp_path):
    path = write(tmp_path / "a.h5", 200)
    scores = []
    for options in ({}, OUT):
        dm = DataManager(datafile=path, coarsen=4, seed=3, **options)
        network = NeuralNetwork(dm, hidden_layer_size=10, seed=0)
        list(network.epochs(60, 1.0, 0.9, 16))
        scores.append(network.history[-1].training_loss)
    assert abs(scores[0] - scores[1]) < 0.1


def test_several_files_are_one(tmp_path):
    parts = [
        write(tmp_path / "a.h5", 40, seed=1, ra=np.arange(40.0), dec=np.zeros(40)),
        write(tmp_path / "b.h5", 30, seed=2, chunks=(1, 16, 16, 3)),
        write(tmp_path / "c.h5", 50, seed=3, ra=np.arange(50.0) + 100, dec=np.ones(50)),
    ]
    singles = [DataManager(datafile=p, coarsen=4, seed=0) for p in parts]
    for options in ({}, OUT, {"read_on_demand": True}):
        dm = DataManager(datafile=parts, coarsen=4, seed=0, **options)
        assert len(dm.ans) == 120
        assert dm.ans.tolist() == [k for s in singles for k in s.ans.tolist()]
        for row, (k, inside) in {
            0: (0, 0),
            39: (0, 39),
            40: (1, 0),
            70: (2, 0),
            119: (2, 49),
        }.items():
            np.testing.assert_array_equal(dm.galaxy(row).data, singles[k].galaxy(inside).data)
            np.testing.assert_array_equal(dm.images[row], singles[k].images[inside])
        assert np.isnan(dm.ds["ra"][40:70]).all()
        assert dm.ds["ra"][70] == 100
        dm.close()
    with pytest.raises(IndexError):
        dm.ds["images"][120]


def test_files_that_do_not_belong_together(tmp_path):
    a = write(tmp_path / "a.h5", 20)
    with pytest.raises(ValueError, match="simulated"):
        DataManager(datafile=[a, write(tmp_path / "r.h5", 20, simulated=False)])
    with pytest.raises(ValueError, match="32 and 16 pixels"):
        DataManager(datafile=[a, write(tmp_path / "s.h5", 20, side=32)])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        DataManager(datafile=[a, tmp_path / "nowhere.h5"])
    with pytest.raises(ValueError, match="give the path of a file, or several"):
        DataManager(datafile=[])


def test_a_damaged_or_foreign_cache_is_made_again(tmp_path):
    path = write(tmp_path / "a.h5", 100)
    wanted = DataManager(datafile=path, coarsen=4, seed=1).test_set()[0]
    dm = DataManager(datafile=path, coarsen=4, seed=1, **OUT)
    cache, end = dm.pictures.path, 100 * 4 * 4 * 3 * 2  # of 16-bit sums
    dm.close()
    original = cache.read_bytes()
    for damage in (0, 1000, end, end + 90, end + 800, len(original) - 10):
        broken = bytearray(original)
        broken[damage : damage + 8] = b"\xff" * 8
        cache.write_bytes(broken)
        again = DataManager(datafile=path, coarsen=4, seed=1, **OUT)
        np.testing.assert_array_equal(again.test_set()[0], wanted)
        again.close()
    cache.write_bytes(original[: len(original) // 2])
    np.testing.assert_array_equal(
        DataManager(datafile=path, coarsen=4, seed=1, **OUT).test_set()[0], wanted
    )
    write(path, 100, seed=9)  # another file of that name
    other = DataManager(datafile=path, coarsen=4, seed=1, **OUT)
    assert not np.array_equal(other.test_set()[0], wanted)


def test_no_room_is_one_sentence(tmp_path, monkeypatch):
    path = write(tmp_path / "a.h5", 100)
    with pytest.raises(OSError, match="cache=False allows no folder"):
        DataManager(datafile=path, coarsen=4, cache=False, **OUT)
    monkeypatch.setattr(caches.shutil, "disk_usage", lambda _: type("", (), {"free": 10})())
    with pytest.raises(OSError, match=r"has 0\.0 GB free.*GALAXY10_CACHE"):
        DataManager(datafile=path, coarsen=4, **OUT)
    assert not list(tmp_path.rglob("*.cache"))


def test_a_damaged_file_leaves_no_cache(tmp_path):
    path = write(tmp_path / "a.h5", 100, chunks=(1, 16, 16, 3))
    with h5py.File(path, "r+") as ds:
        ds["images"].id.write_direct_chunk((50, 0, 0, 0), b"no gzip")
    with pytest.raises(OSError, match="damaged"):
        DataManager(datafile=path, coarsen=4, **OUT)
    assert not list(tmp_path.rglob("*.cache"))
    assert not list(tmp_path.rglob("*.part"))


def test_every_epoch_reads_the_blocks_and_the_rows_in_them_in_another_order():
    """Nothing of the order on disk lasts: not that of the blocks, not that inside a group."""
    n, block_rows = 4000, 50
    rows = pictures.OnDisk.__new__(pictures.OnDisk)
    rows.block_rows = block_rows
    rows.place = np.random.default_rng(0).permutation(n)
    rng, groups, inside = np.random.default_rng(1), [], []
    for _ in range(2):
        place = rows.place[rows.shuffled(np.arange(n), rng)]
        groups.append(place // block_rows)
        inside.append(place[np.isin(place // block_rows, groups[0][:1])])
        assert abs(np.corrcoef(place, np.arange(n))[0, 1]) < 0.7  # as they lie, it would be 1
    # The first group to be read is another one, and a block's rows come in another order.
    assert set(groups[0][:100].tolist()) != set(groups[1][:100].tolist())
    assert sorted(inside[0]) == sorted(inside[1])
    assert inside[0].tolist() != inside[1].tolist()
    assert inside[0].tolist() != sorted(inside[0])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks in another way")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_holds_the_rows_all_the_same(tmp_path, monkeypatch, number):
    import fcntl

    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    path = write(tmp_path / "a.h5", 100)
    here = DataManager(datafile=path, coarsen=4, seed=1)
    monkeypatch.setattr(fcntl, "flock", refuse)
    there = DataManager(datafile=path, coarsen=4, seed=1, **OUT)
    assert isinstance(there.pictures, pictures.OnDisk)
    np.testing.assert_array_equal(here.test_set()[0], there.test_set()[0])


def test_half_the_room_is_not_enough(tmp_path, monkeypatch):
    path = write(tmp_path / "a.h5", 100)
    half = 100 * 4 * 4 * 3 * 2 // 2  # of 16-bit sums
    monkeypatch.setattr(caches.shutil, "disk_usage", lambda _: type("", (), {"free": half})())
    with pytest.raises(OSError, match="has 0\\.0 GB free"):
        DataManager(datafile=path, coarsen=4, **OUT)


def test_a_row_from_the_end_of_joined_files(tmp_path):
    parts = [write(tmp_path / f"{k}.h5", n, seed=k) for k, n in ((1, 40), (2, 30))]
    with DataManager(datafile=parts, coarsen=4, seed=0) as dm:
        images = dm.ds["images"]
        for row in (-1, -30, -31, -70):
            np.testing.assert_array_equal(images[row], images[70 + row])
            np.testing.assert_array_equal(images[row, 2:5, 2:5], images[70 + row][2:5, 2:5])
        with pytest.raises(IndexError):
            images[-71]


def test_a_file_that_changes_while_its_rows_are_written_leaves_no_cache(tmp_path, monkeypatch):
    path = write(tmp_path / "a.h5", 100)
    real = caches.reading.load_block_sums

    def read_and_touch(*arguments):
        sums = real(*arguments)
        with path.open("ab") as file:
            file.write(b"more")
        return sums

    monkeypatch.setattr(caches.reading, "load_block_sums", read_and_touch)
    with pytest.raises(OSError, match="changed while it was read"):
        DataManager(datafile=path, coarsen=4, **OUT)
    assert not [*tmp_path.rglob("*.cache"), *tmp_path.rglob("*.part")]


def test_a_cache_that_is_cut_during_training_is_one_sentence(tmp_path):
    with DataManager(datafile=write(tmp_path / "a.h5", 100), coarsen=4, seed=1, **OUT) as dm:
        with dm.pictures.path.open("r+b") as file:
            file.truncate(100 * 4 * 4 * 3 * 2 // 2)
        with pytest.raises(OSError, match="was cut: make a new DataManager"):
            dm.training_set()
