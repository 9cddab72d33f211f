"""A catalogue: one part for each file of galaxies, each whole, none made twice (chapter 9)."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import h5py
import numpy as np

from galaxy_lib.checked import FilePath, a_path, check_of, checked, having, wrong
from galaxy_lib.files import cache, datasets
from galaxy_lib.files.disk import from_the_extra, on_terminal, written_whole
from galaxy_lib.galaxy import N_TYPES
from galaxy_lib.network import NeuralNetwork
from galaxy_lib.pictures import View
from galaxy_lib.survey.calibration import Calibration, Network, calibrate, fingerprint, write_json
from galaxy_lib.survey.cluster import Client, on_cluster

FORMAT = 1  # of a catalogue: raised when its columns change their meaning
PIECE = 256  # pictures read and classified at a time: 50 MB at full size
MANIFEST, FAILED, LOCK = "_catalogue.json", "_failed.json", ".lock"  # readers skip _ and .
STAMP = b"galaxy_lib"  # where a part says in its metadata what it was made from


class Summary(NamedTuple):
    """What a run of `classify` did; print it for a sentence or two."""

    to: Path
    n_files: int
    n_before: int
    n_galaxies: int
    n_asked: int
    seconds: float
    failed: dict[str, str]

    def __str__(self) -> str:
        done = self.n_files - self.n_before - len(self.failed)
        lines = [f"{done} of {self.n_files} files classified in {self.seconds:.0f} s"]
        if self.n_before:
            lines[0] += f", {self.n_before} were before"
        if self.n_galaxies:
            lines.append(
                f"{self.n_galaxies:,} galaxies, {self.n_galaxies / self.seconds:,.0f} a second; "
                f"{self.n_asked:,} should go back to a person"
            )
        if self.failed:
            lines.append(f"{len(self.failed)} could not be read ({FAILED} lists them too):")
            lines += [f"  {problem}" for problem in self.failed.values()]
        return "\n".join(lines)


def _files(name: str, value: Any) -> list[Path]:
    mend = "give the path of a file, or several"
    if isinstance(value, str | os.PathLike):
        return [a_path(name, value)]
    try:
        files = list(value)
    except TypeError:
        raise wrong(name, value, mend) from None
    if not files or isinstance(value, dict):
        raise wrong(name, value, mend)
    return [a_path(f"{name}[{i}]", file) for i, file in enumerate(files)]


def _network(name: str, value: Any) -> Any:
    is_path = isinstance(value, str | os.PathLike)
    return a_path(name, value) if is_path else check_of(Network)(name, value)


Files = Annotated[Iterable[str | os.PathLike], _files]
NetworkOrPath = Annotated[NeuralNetwork | str | os.PathLike, _network]
AnyCalibration = Annotated[Calibration, having("probabilities", "give a Calibration, or None")]


@checked
def classify(
    files: Files,
    network: NetworkOrPath,
    to: FilePath,
    client: Client | None = None,
    *,
    calibration: AnyCalibration | None = None,
) -> Summary:
    """Classify all galaxies of ``files`` and write a part of the catalogue ``to`` for each of them.

    Stopped in any way and called again it goes on: parts that are there are not made again, unless
    their file has changed. A file that cannot be read is named in the summary and in
    ``_failed.json``, and the others go on. With and without a client the parts are the same to the
    last bit, on processors of one kind.

    Columns of a part: ``file``; ``row`` in it, int64; ``ra``, ``dec`` in degrees, float64, NaN if
    unknown; ``p0`` to ``p9``, float32, the calibrated probabilities of the classes; ``said``, int8,
    the most probable one; ``ask``, bool, whether the galaxy should go back to a person.

    Parameters
    ----------
    files : paths of files in the schema of Galaxy10, or one path
    network : NeuralNetwork, or the path of a file that `NeuralNetwork.save` wrote
    to : path of a folder, new or a catalogue that the same network began
    client : distributed.Client, optional
        The cluster that works; without one, this process does.
    calibration : Calibration, optional
        Without one: what lies beside the network's file, or `calibrate` of the network in memory.

    Raises
    ------
    ValueError
        If the catalogue was begun with another network or calibration.
    OSError
        If the catalogue cannot be written, is being written by another run, or the cluster is gone.
    ModuleNotFoundError
        If the extra ``[survey]`` is not installed: with the line that brings it.
    """
    from tqdm import tqdm

    with from_the_extra():
        import pyarrow.parquet  # noqa: F401
        import threadpoolctl  # noqa: F401

    start = time.perf_counter()
    model = _, calibration = _matched(network, calibration)
    paths = list(dict.fromkeys(file.resolve() for file in files))
    to = to.resolve()
    with _locked(to):
        parts = {path: to / part_name(path) for path in paths}
        _begin(to, calibration, parts)
        todo = [path for path in paths if not _is_done(parts[path], path)]
        sizes = {path: _count(path) for path in todo}
        if client is None:
            outcomes = ((path, _classify(path, parts[path], model)) for path in todo)
        else:
            outcomes = on_cluster(client, _classify, {path: parts[path] for path in todo}, model)
        n_asked = n = 0
        failed: dict[str, str] = {}
        total = sum(sizes.values())
        hidden = not on_terminal()  # a page, a log
        with tqdm(
            total=total, unit=" galaxies", unit_scale=True, leave=False, disable=hidden
        ) as bar:
            for path, outcome in outcomes:
                if isinstance(outcome, str):
                    failed[str(path)] = outcome
                else:
                    n, n_asked = n + outcome[0], n_asked + outcome[1]
                bar.update(sizes[path])
        with _said_if_not_written(to):
            write_json(to / FAILED, failed)
    seconds = time.perf_counter() - start
    return Summary(to, len(paths), len(paths) - len(todo), n, n_asked, seconds, failed)


def _classify(path: Path, part: Path, model: tuple) -> tuple[int, int] | str:
    """Write the part of one file; return its galaxies and those asked about, or what is wrong.

    What is wrong with the file is told; what is wrong with the catalogue is raised.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from threadpoolctl import threadpool_limits

    network, calibration = model
    try:
        # One thread of BLAS each: workers do not fight for cores, and sums keep their order.
        with threadpool_limits(1), datasets.open_dataset(path) as ds:
            stamp = _stamp(path)
            batches = _inputs(path, ds["images"], calibration)
            p = [calibration.probabilities(network.forward(x)) for x in batches]
            p = np.concatenate(p, axis=1)
            ra, dec = (datasets.catalogue(ds, name) for name in ("ra", "dec"))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        return str(error) if str(path) in str(error) else f"{path}: {error}"
    n, asks = p.shape[1], calibration.asks(p)
    columns = {"file": [str(path)] * n, "row": np.arange(n)}
    columns |= {"ra": ra, "dec": dec}
    columns |= {f"p{k}": p[k].astype(np.float32) for k in range(N_TYPES)}
    columns |= {"said": p.argmax(axis=0).astype(np.int8), "ask": asks}
    table = pa.table(columns).replace_schema_metadata({STAMP: json.dumps(stamp)})
    with _said_if_not_written(part.parent), written_whole(part) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
    return n, int(asks.sum())


def _inputs(path: Path, images, calibration: Calibration) -> Iterator[np.ndarray]:
    """Yield the pictures of a file as `DataManager` gives them: x (N_in, S), float32."""
    if images.shape[1] != calibration.side:
        side, wanted = images.shape[1], calibration.side
        raise ValueError(f"its pictures are {side}×{side}, the network knows {wanted}×{wanted}.")
    view = View.of(calibration.side, calibration.coarsen, calibration.crop)
    folders = [path.parent, datasets.cache_folder()]
    for sums in cache.pieces(path, images, calibration.coarsen, PIECE, folders):
        yield view.inputs(view.of_sums(sums)).T


def _stamp(path: Path) -> dict:
    """Return what a part must have been made from."""
    file = path.stat()
    return {"file": str(path), "size": file.st_size, "mtime_ns": file.st_mtime_ns}


def _is_done(part: Path, path: Path) -> bool:
    """Say whether the part is whole and its file has not changed (or has gone, its work done)."""
    import pyarrow.parquet as pq

    try:
        made = json.loads(pq.read_metadata(part).metadata[STAMP])
        return not path.exists() or made == _stamp(path)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _count(path: Path) -> int:
    """Return the number of galaxies in a file, for the progress bar: 0 if there is any doubt.

    The file's own task looks closely and says what is wrong: here that would keep all waiting.
    """
    with suppress(Exception), h5py.File(path) as ds:
        return min(len(ds["ans"]), path.stat().st_size)
    return 0


@contextmanager
def _locked(to: Path) -> Iterator[None]:
    """Make the folder and keep other runs out of it; the lock ends with its process."""
    from filelock import FileLock, Timeout

    with _said_if_not_written(to):
        to.mkdir(parents=True, exist_ok=True)
        lock = FileLock(to / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            lock = None
    if lock is None:
        raise OSError(f"Another run is writing to {to}: wait for its end, or name another folder.")
    try:
        yield
    finally:
        lock.release()


def _begin(to: Path, calibration: Calibration, parts: dict[Path, Path]) -> None:
    """Write down what the catalogue is made with, or compare with how it was begun."""
    made_with = {"format": FORMAT, "calibration": calibration._asdict()}
    files = {part.name: str(path) for path, part in parts.items()}
    path = to / MANIFEST
    if path.exists():
        try:
            begun = json.loads(path.read_text("utf-8"))
            files = begun.pop("files") | files
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"{path} is damaged: name another folder.") from None
        if begun != made_with:
            other = begun.get("calibration", {}).get("network")
            what = f"network {other}" if other != calibration.network else "another calibration"
            raise ValueError(
                f"{to} was begun with {what}, not with this one ({calibration.network}): "
                "name another folder."
            )
    with _said_if_not_written(to):
        write_json(path, made_with | {"files": files})


@contextmanager
def _said_if_not_written(to: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{to} cannot be written ({error.strerror or error}): what is finished stays, mend it "
            "and run it again."
        ) from None


def _matched(network, calibration: Calibration | None) -> tuple[NeuralNetwork, Calibration]:
    """Return a network without its data, fit to be sent away, and the calibration that is its."""
    if isinstance(network, Path):
        path = network
        if not path.exists():
            raise FileNotFoundError(f"There is no file {path}: name a network that was saved.")
        calibration = calibration or Calibration.load(path)
        n_in = 3 * (calibration.crop // calibration.coarsen) ** 2
        network = NeuralNetwork.load(path, SimpleNamespace(input_size=n_in))
    calibration = calibration or calibrate(network)
    if calibration.network != fingerprint(network):
        raise ValueError(
            f"The calibration belongs to network {calibration.network}, not to this one "
            f"({fingerprint(network)}): make it anew with `calibrate`."
        )
    network = copy.copy(network)
    network.data_manager, network.history = None, []
    return network, calibration


@checked
def part_name(path: FilePath) -> str:
    """Return the name of a file's part, which is the same in every run."""
    place = blake2b(str(path).encode(), digest_size=4).hexdigest()
    return f"part-{path.stem}-{place}.parquet"
