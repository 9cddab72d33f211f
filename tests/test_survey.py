"""A survey: the same catalogue whoever makes it, and nothing lost or twice, whatever is killed."""

from __future__ import annotations

import copy
import errno
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import cloudpickle
import h5py
import numpy as np
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxy_lib import ConvolutionalNetwork, DataManager, NeuralNetwork, survey
from galaxy_lib.__main__ import main
from galaxy_lib.files import datasets, reading
from galaxy_lib.files.cache import coarsened
from galaxy_lib.files.cache import pieces as cached_pieces
from galaxy_lib.galaxy import one_hot

ROOT = Path(__file__).resolve().parents[1]
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers do not know this file


class Slow(NeuralNetwork):
    """A network that leaves time to kill somebody."""

    def forward(self, x):
        time.sleep(0.15)
        return super().forward(x)


@pytest.fixture(scope="module")
def quick(galaxy_file):
    manager = DataManager(0.8, galaxy_file(20), coarsen=2, seed=1, validation=0.5, cache=False)
    quick = NeuralNetwork(manager, hidden_layer_size=10, seed=1)
    for _ in quick.epochs(60, 1.0, batch_size=16):
        pass
    yield quick
    manager.close()


@pytest.fixture(scope="module")
def network(quick):
    """The same weights, but slow: another class, so another fingerprint."""
    network = Slow(quick.data_manager, hidden_layer_size=10)
    network.A, network.B = quick.A, quick.B
    return network


@pytest.fixture(scope="module")
def twenty(tmp_path_factory, write_galaxies):
    """Twenty small files: 10 or 20 galaxies each, 300 in all."""
    folder = tmp_path_factory.mktemp("twenty")
    files = [folder / f"field-{i:02}.h5" for i in range(20)]
    for i, file in enumerate(files):
        write_galaxies(file, 1 + i % 2, seed=i)
    return files


@pytest.fixture(scope="module")
def cluster():
    with survey.local_client(2) as client:
        yield client


def parts(to: Path) -> dict[str, bytes]:
    assert not list(to.glob("*.part"))
    assert not list(to.glob(".*.part"))
    return {part.name: part.read_bytes() for part in to.glob("part-*")}


def check_whole(to: Path, files: list[Path]) -> None:
    """Every galaxy of every file is in the catalogue once."""
    table = pyarrow.dataset.dataset(to).to_table(["file", "row"]).to_pydict()
    found = sorted(zip(table["file"], table["row"], strict=True))
    wanted = []
    for file in files:
        with h5py.File(file) as ds:
            wanted += [(str(file.resolve()), row) for row in range(len(ds["ans"]))]
    assert found == sorted(wanted)


def kill_after(n_parts: int, to: Path, pid: int, seen: dict | None = None) -> threading.Thread:
    """Kill a process when a catalogue has so many parts; note in ``seen`` when they were made."""

    def kill():
        while len(found := list(to.glob("part-*"))) < n_parts:
            time.sleep(0.02)
        if seen is not None:
            seen.update((part, part.stat().st_mtime_ns) for part in found)
        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


# ------------------------------------------------------------------------------- the catalogue


def test_a_part_says_what_the_network_says(quick, twenty, tmp_path):
    done = survey.classify(twenty[1], quick, tmp_path / "c")
    assert (done.n_files, done.n_galaxies, done.failed) == (1, 20, {})
    (part,) = (tmp_path / "c").glob("part-*.parquet")
    table = pq.read_table(part)
    wanted = ["file", "row", "ra", "dec", *(f"p{k}" for k in range(10)), "said", "ask"]
    assert table.column_names == wanted
    assert pyarrow.types.is_string(table.schema.field("file").type)  # Astropy knows no other
    calibration = survey.calibrate(quick)
    with DataManager(0.5, twenty[1], coarsen=2, cache=False) as manager:
        x = manager.pictures.inputs(np.arange(20)).T
        ra = manager.ds["ra"][:]
    z = quick.forward(x).astype(float)
    p = z ** (1 / calibration.temperature)
    p /= p.sum(axis=0)
    np.testing.assert_allclose([table[f"p{k}"] for k in range(10)], p, rtol=1e-5)
    np.testing.assert_array_equal(table["said"], z.argmax(axis=0))
    np.testing.assert_array_equal(table["ask"], p.max(axis=0) < calibration.threshold)
    np.testing.assert_array_equal(table["ra"], ra)
    assert done.n_asked == sum(table["ask"].to_pylist())
    assert table["row"].to_pylist() == list(range(20))


def test_the_middle_is_cut_out_as_in_training(galaxy_file, twenty, tmp_path):
    options = {"coarsen": 2, "crop": 24, "cache": False}
    with DataManager(0.8, galaxy_file(20), seed=1, validation=0.5, **options) as data:
        network = NeuralNetwork(data, seed=1, loss="cross-entropy", hidden="relu")
        list(network.epochs(20, 0.05, batch_size=16))
        network.save(tmp_path / "net.npz")
        survey.calibrate(network).save(tmp_path / "net.npz")
    survey.classify(twenty[1], tmp_path / "net.npz", tmp_path / "c")
    said = pyarrow.dataset.dataset(tmp_path / "c").to_table()["said"]
    with DataManager(0.5, twenty[1], **options) as data:
        wanted = [network.predict(data.galaxy(row)).argmax() for row in range(20)]
    assert said.to_pylist() == wanted
    assert len(set(wanted)) > 5


def test_pandas_reads_the_folder_as_one_table(quick, twenty, tmp_path):
    pandas = pytest.importorskip("pandas")
    survey.classify(twenty[:3], quick, tmp_path)
    table = pandas.read_parquet(tmp_path)
    assert len(table) == 40
    assert table["file"].nunique() == 3


def test_with_a_cluster_without_and_in_another_order_to_the_last_bit(
    quick, twenty, tmp_path, cluster
):
    alone, many = tmp_path / "alone", tmp_path / "many"
    survey.classify(twenty, quick, alone)
    done = survey.classify(twenty[::-1], quick, many, cluster)
    assert done.n_galaxies == 300
    assert len(parts(alone)) == 20
    assert parts(alone) == parts(many)
    check_whole(many, twenty)


def test_it_goes_on_and_does_nothing_twice(quick, twenty, tmp_path, write_galaxies):
    file = tmp_path / "mine.h5"
    write_galaxies(file, 1)
    to = tmp_path / "c"
    survey.classify([*twenty[:3], twenty[0], file], quick, to)
    before = {path: path.stat().st_mtime_ns for path in to.glob("part-*")}
    assert len(before) == 4
    done = survey.classify([*twenty[:5], file], quick, to)
    assert (done.n_files, done.n_before, done.n_galaxies) == (6, 4, 30)
    assert all(path.stat().st_mtime_ns == at for path, at in before.items())
    file.unlink()  # what was done stays when a file goes, and is done anew when it changes
    assert survey.classify(file, quick, to).n_before == 1
    write_galaxies(file, 3)
    assert survey.classify(file, quick, to).n_galaxies == 30
    check_whole(to, [*twenty[:5], file])
    next(to.glob("part-field-00*")).write_bytes(b"PAR1 half a part")
    assert survey.classify(twenty[0], quick, to).n_galaxies == 10
    check_whole(to, [*twenty[:5], file])


def test_another_network_or_threshold_is_refused(quick, twenty, tmp_path):
    survey.classify(twenty[0], quick, tmp_path)
    before = parts(tmp_path)
    other = NeuralNetwork(quick.data_manager, hidden_layer_size=10, seed=2)
    with pytest.raises(ValueError, match=r"begun with network \w{16}, not with this one"):
        survey.classify(twenty, other, tmp_path)
    with pytest.raises(ValueError, match="begun with another calibration"):
        survey.classify(twenty, quick, tmp_path, calibration=survey.calibrate(quick, 0.5))
    with pytest.raises(ValueError, match="calibration belongs to network"):
        survey.classify(twenty, other, tmp_path, calibration=survey.calibrate(quick))
    assert parts(tmp_path) == before


@pytest.mark.parametrize(
    "options", [{}, {"chunks": (7, 8, 32, 1)}, {"chunks": None}, {"compression": "gzip"}]
)
def test_pieces_are_the_same_from_file_and_cache(galaxy_file, tmp_path, options):
    path = galaxy_file(3, **options)
    with datasets.open_dataset(path) as ds:
        images = ds["images"]
        wanted = reading.load_block_sums(images, 4)
        for rows in (1, 7, 30, 100):
            pieces = list(cached_pieces(path, images, 4, rows))
            assert [len(piece) for piece in pieces[:-1]] == [rows] * (len(pieces) - 1)
            np.testing.assert_array_equal(np.concatenate(pieces), wanted)
        coarsened(path, images, 4, [tmp_path])
        (cache,) = tmp_path.glob("*.cache")
        for damaged in (False, True):
            if damaged:
                cache.write_bytes(cache.read_bytes()[:-1] + b"\xff")
            pieces = list(cached_pieces(path, images, 4, 7, [tmp_path]))
            assert [len(piece) for piece in pieces] == [7, 7, 7, 7, 2]
            np.testing.assert_array_equal(np.concatenate(pieces), wanted)


# ------------------------------------------------------------------------------- calibration


def outputs_of(z, answers):
    """Return a network whose validation set has these outputs and answers."""
    manager = SimpleNamespace(
        validation_batches=lambda: [(z, one_hot(answers))],
        images=np.zeros((1, 32, 32, 3)),
        crop=32,
        coarsen=2,
    )
    return SimpleNamespace(forward=lambda x: x, data_manager=manager)


def test_the_temperature_is_found_again():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(10, 0.3), 20_000).T
    answers = (p.cumsum(axis=0) < rng.random(20_000)).sum(axis=0)
    for temperature in (0.5, 1.0, 2.0):
        calibration = survey.calibrate(outputs_of(p**temperature, answers))
        assert calibration.temperature == pytest.approx(temperature, rel=0.05)
        again = calibration.probabilities(p**temperature)
        np.testing.assert_allclose(again.sum(axis=0), 1)
        assert (again.argmax(axis=0) == p.argmax(axis=0)).all()


def test_a_saturated_output_is_still_a_probability():
    calibration = survey.Calibration("", 32, 32, 2, 0.05, 0.9, 0.9, 1, 1)
    p = calibration.probabilities(np.array([[0, 1], [1, 0], [0, 0]], np.float32))
    np.testing.assert_array_equal(p, [[0, 1], [1, 0], [0, 0]])


def two_classes(confidence):
    """Return outputs (10, S) whose largest is at class 0 with some confidence, for T near any."""
    z = np.full((10, len(confidence)), 1e-6)
    z[0], z[1] = confidence, 1 - np.asarray(confidence)
    return z


def test_the_threshold_is_the_lowest_that_keeps_the_accuracy():
    # By confidence: right, right, right, wrong, right, wrong. At 0.75 the first five stay: 4/5.
    z = two_classes([0.95, 0.9, 0.85, 0.8, 0.7, 0.6])
    answers = np.array([0, 0, 0, 1, 0, 1])
    for accuracy, kept in ((0.75, 5), (0.8, 5), (0.81, 3), (0.66, 6)):
        calibration = survey.calibrate(outputs_of(z, answers), accuracy)
        assert calibration.n_kept == kept
        asks = calibration.asks(calibration.probabilities(z))
        assert asks.tolist() == [False] * kept + [True] * (6 - kept)
    nobody = survey.calibrate(outputs_of(z[:, 3:4], answers[3:4]))
    assert (nobody.threshold, nobody.n_kept) == (None, 0)
    assert nobody.asks(np.ones((1, 3))).all()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(51, 99), st.booleans()), min_size=1), st.floats(0.3, 0.99))
def test_of_those_kept_as_many_are_right_as_was_asked(galaxies, accuracy):
    z = two_classes([percent / 100 for percent, _ in galaxies])
    right = np.array([right for _, right in galaxies])
    calibration = survey.calibrate(outputs_of(z, np.where(right, 0, 1)), accuracy)
    kept = ~calibration.asks(calibration.probabilities(z))
    assert kept.sum() == calibration.n_kept
    assert not kept.any() or right[kept].mean() >= accuracy - 1e-12


def test_a_calibration_travels_beside_its_network(quick, twenty, tmp_path):
    file, to = tmp_path / "net.npz", tmp_path / "c"
    quick.save(file)
    with pytest.raises(FileNotFoundError, match=r"calibrate\(network\)\.save\(\"net.npz\"\)"):
        survey.classify(twenty[0], file, to)
    calibration = survey.calibrate(quick, 0.7)
    assert calibration.save(file) == tmp_path / "net.calibration.json"
    assert survey.Calibration.load(file) == calibration
    survey.classify(twenty[0], file, to)
    done = survey.classify(twenty[:2], quick, to, calibration=calibration)
    assert (done.n_before, done.n_galaxies) == (1, 20)
    (tmp_path / "net.calibration.json").write_text("{}")
    with pytest.raises(ValueError, match="is not what"):
        survey.classify(twenty[0], file, to)
    for accuracy in (0, 1, math.nan):
        with pytest.raises(ValueError, match="accuracy is"):
            survey.calibrate(quick, accuracy)
    with pytest.raises(ValueError, match="files is"):
        survey.classify([], quick, to)


# ------------------------------------------------------------------------------- faults


def test_bad_files_among_twenty_are_named_and_the_others_go_on(
    quick, twenty, tmp_path, cluster, write_galaxies
):
    files = []
    for i, file in enumerate(twenty):
        files.append(tmp_path / file.name)
        if i not in (3, 5, 8, 11, 17):
            files[-1].symlink_to(file)
    damaged, missing, empty, alien, large = (files[i] for i in (3, 5, 8, 11, 17))
    write_galaxies(damaged, 2, options={"compression": "gzip"})
    with h5py.File(damaged) as ds:
        chunk = ds["images"].id.get_chunk_info(13)
    content = bytearray(damaged.read_bytes())
    middle = chunk.byte_offset + chunk.size // 2
    content[middle : middle + 8] = bytes(8)
    damaged.write_bytes(content)
    empty.touch()
    with h5py.File(alien, "w") as ds:
        ds["spectrum"] = np.arange(10)
    write_galaxies(large, 1, size=64)
    bad = {str(path) for path in (damaged, missing, empty, alien, large)}

    for to, client in ((tmp_path / "alone", None), (tmp_path / "many", cluster)):
        done = survey.classify(files, quick, to, client)
        assert set(done.failed) == bad
        assert json.loads((to / "_failed.json").read_text()) == done.failed
        for path, problem in done.failed.items():
            assert path in problem
            assert "\n" not in problem
            assert problem in str(done)
        assert "is damaged" in done.failed[str(damaged)]
        assert "no file" in done.failed[str(missing)]
        assert "'images'" in done.failed[str(alien)]
        assert "64×64" in done.failed[str(large)]
        check_whole(to, [file for file in files if str(file) not in bad])
    for file in (damaged, missing, empty, alien, large):
        file.unlink(missing_ok=True)
        write_galaxies(file, 1)
    done = survey.classify(files, quick, to)
    assert (done.n_before, done.n_galaxies, done.failed) == (15, 50, {})
    assert json.loads((to / "_failed.json").read_text()) == {}
    check_whole(to, files)


def test_a_full_disk_is_one_sentence(quick, twenty, tmp_path, monkeypatch):
    write, written = pq.write_table, []

    def full(table, where, **options):
        if len(written) == 3:
            Path(where).write_bytes(b"PAR1 as far as it went")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(where)
        write(table, where, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full)
        with pytest.raises(OSError, match=r"cannot be written \(No space left on device\)") as said:
            survey.classify(twenty, quick, tmp_path)
    assert "\n" not in str(said.value)
    assert len(parts(tmp_path)) == 3
    assert survey.classify(twenty, quick, tmp_path).n_before == 3
    check_whole(tmp_path, twenty)
    with pytest.raises(OSError, match=r"cannot be written \(File exists\)"):
        survey.classify(twenty, quick, twenty[0])


def test_of_two_runs_into_one_catalogue_one_waits(network, quick, twenty, tmp_path):
    first = threading.Thread(target=survey.classify, args=(twenty[:8], network, tmp_path))
    first.start()
    while not (tmp_path / "_catalogue.json").exists():
        time.sleep(0.01)
    for other in (network, quick):
        with pytest.raises(OSError, match="Another run is writing to"):
            survey.classify(twenty[:8], other, tmp_path)
    first.join()
    check_whole(tmp_path, twenty[:8])
    assert survey.classify(twenty[:8], network, tmp_path).n_before == 8


def test_a_killed_worker_is_replaced(network, quick, twenty, tmp_path, cluster):
    workers = cluster.run(os.getpid)
    seen: dict[Path, int] = {}
    killing = kill_after(8, tmp_path, next(iter(workers.values())), seen)
    done = survey.classify(twenty, network, tmp_path, cluster)
    killing.join()
    assert (done.n_galaxies, done.failed) == (300, {})
    check_whole(tmp_path, twenty)
    before, new = set(workers.values()), set()
    for _ in range(3000):  # until the cluster has put another one in its place
        new = set(cluster.run(os.getpid, on_error="ignore").values()) - before
        if new:
            break
        time.sleep(0.1)
    assert len(new) == 1
    # What was done is not done again, but for a result that had not yet arrived.
    kept = sum(part.stat().st_mtime_ns == at for part, at in seen.items())
    assert kept >= len(seen) - 2


def test_a_killed_client_loses_nothing(network, twenty, tmp_path, cluster):
    to, job = tmp_path / "c", tmp_path / "job.pickle"
    light = Slow.__new__(Slow)
    vars(light).update(vars(network) | {"data_manager": None})
    calibration = survey.calibrate(network)
    job.write_bytes(cloudpickle.dumps((twenty, light, calibration)))
    script = (
        "import pickle, sys; from distributed import Client; from galaxy_lib import survey\n"
        "files, network, calibration = pickle.load(open(sys.argv[1], 'rb'))\n"
        "client = Client(sys.argv[2])\n"
        "survey.classify(files, network, sys.argv[3], client, calibration=calibration)"
    )
    arguments = [sys.executable, "-c", script, str(job), cluster.scheduler.address, str(to)]
    client = subprocess.Popen(arguments, env=os.environ | {"PYTHONPATH": str(ROOT)})
    kill_after(1, to, client.pid).join()
    assert client.wait() == -signal.SIGKILL
    assert 0 < len(list(to.glob("part-*"))) < 20
    done = survey.classify(twenty, network, to, cluster, calibration=calibration)
    assert 0 < done.n_before < 20
    check_whole(to, twenty)


def test_a_killed_scheduler_is_one_sentence(network, twenty, tmp_path):
    from distributed import Client

    address = tmp_path / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}

    def dask(what, *arguments):
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(address)]
        return subprocess.Popen([*command, "--no-dashboard", *arguments], **quiet)

    to = tmp_path / "c"
    scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", "0")
    worker = dask("worker", "--no-nanny", "--nthreads", "1")
    try:
        while not address.exists():
            time.sleep(0.05)
        with Client(scheduler_file=str(address)) as client:
            killing = kill_after(1, to, scheduler.pid)
            with pytest.raises(OSError, match=r"scheduler at tcp.* is gone") as said:
                survey.classify(twenty, network, to, client)
            killing.join()
        assert "\n" not in str(said.value)
    finally:
        scheduler.kill()
        worker.kill()
        scheduler.wait()
        worker.wait()
    done = survey.classify(twenty, network, to)
    assert 0 < done.n_before < 20
    check_whole(to, twenty)


# ------------------------------------------------------------------------------- the command line


def test_classify_at_the_command_line(quick, twenty, tmp_path, capsys):
    net, to = tmp_path / "net.npz", tmp_path / "c"
    quick.save(net)
    files = [str(file) for file in twenty[:2]]
    run = ["classify", "--network", str(net), "--to", str(to), "--workers", "1", *files]
    assert main(run) == 1
    assert "There is no" in capsys.readouterr().err
    survey.calibrate(quick).save(net)
    assert main(run) == 0
    assert "2 of 2 files classified" in capsys.readouterr().out
    assert main([*run, str(tmp_path / "none.h5")]) == 1
    assert "1 could not be read" in capsys.readouterr().out
    check_whole(to, twenty[:2])


def test_a_convolutional_network_at_the_command_line(galaxy_file, twenty, tmp_path, capsys):
    net, to = tmp_path / "net.npz", tmp_path / "c"
    options = {"coarsen": 2, "crop": 24, "cache": False}
    with DataManager(0.8, galaxy_file(20), seed=1, validation=0.5, **options) as data:
        network = ConvolutionalNetwork(data, maps=(4, 6), seed=1)
        list(network.epochs(5, 0.05, batch_size=16))
        network.save(net)
        survey.calibrate(network).save(net)
    assert main(["classify", "--network", str(net), "--to", str(to), str(twenty[1])]) == 0
    assert "1 of 1 files classified" in capsys.readouterr().out
    table = pyarrow.dataset.dataset(to).to_table()
    with DataManager(0.5, twenty[1], **options) as data:
        z = np.hstack([network.predict(data.galaxy(row)) for row in range(20)])
    np.testing.assert_array_equal(table["said"], z.argmax(axis=0))


def test_classify_on_a_cluster_at_the_command_line(quick, twenty, tmp_path, capsys, cluster):
    net, to = tmp_path / "net.npz", tmp_path / "c"
    quick.save(net)
    survey.calibrate(quick).save(net)
    run = ["classify", *map(str, twenty), "--network", str(net), "--to", str(to)]
    assert main([*run, "--scheduler", cluster.scheduler.address]) == 0
    said = capsys.readouterr().out
    assert "20 of 20 files classified" in said
    assert "Dashboard: http://127.0.0.1" in said
    check_whole(to, twenty)
    assert main([*run, "--scheduler", "tcp://127.0.0.1:9"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_nobody_imports_dask_who_does_not_need_it():
    code = (
        "import sys, galaxy_lib.survey, galaxy_lib.__main__\n"
        "assert not {'dask', 'distributed', 'pyarrow', 'bokeh'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


def test_what_is_not_installed_is_named_with_its_line(tmp_path):
    code = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pyarrow", "distributed"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
from galaxy_lib import survey
for call in (survey.local_client, lambda: survey.classify("a.h5", "net.npz", "to")):
    try:
        call()
    except ModuleNotFoundError as error:
        print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ, capture_output=True, text=True
    )
    said = run.stdout.splitlines()
    assert [line.split(":")[0] for line in said] == [
        f"No module named {name!r}" for name in ("distributed", "pyarrow")
    ]
    assert all("-m pip install -e" in line and "[survey]" in line for line in said)
    assert not any(tmp_path.iterdir())


def test_a_fingerprint_is_of_the_weights_in_use(quick):
    """Not of those of the best epoch, which a network that is read back may not have."""
    other = copy.copy(quick)
    other.best_A = np.zeros_like(quick.A)
    assert survey.fingerprint(other) == survey.fingerprint(quick)
    other.A = quick.A + 1
    assert survey.fingerprint(other) != survey.fingerprint(quick)


def test_a_file_named_twice_is_classified_once(quick, twenty, tmp_path, monkeypatch):
    monkeypatch.chdir(twenty[0].parent)
    files = [twenty[0], twenty[0].name, twenty[1], twenty[0]]
    done = survey.classify(files, quick, tmp_path / "c")
    assert (done.n_files, done.n_galaxies) == (2, 30)
    check_whole(tmp_path / "c", twenty[:2])


def test_the_calibration_of_another_network_is_refused(quick, twenty, tmp_path):
    calibration = survey.calibrate(quick)
    other = copy.copy(quick)
    other.A = quick.A + 1
    with pytest.raises(ValueError, match=r"The calibration belongs to network"):
        survey.classify(twenty[0], other, tmp_path / "c", calibration=calibration)
    assert not (tmp_path / "c").exists()
