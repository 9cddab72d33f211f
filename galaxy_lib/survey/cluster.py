"""Who does the work of a survey: processes on this machine, or a Dask cluster."""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from galaxy_lib.checked import checked, having, whole
from galaxy_lib.files import disk
from galaxy_lib.files.disk import from_the_extra

Client = Annotated[Any, having("submit", "give a Client of Dask, or None")]
Processes = Annotated[int, partial(whole, high=1024)]


@checked
def local_client(n_workers: Processes | None = None):
    """Return a ``distributed.Client`` of a cluster on this machine: a process for each core.

    Close it at the end, or use it in a ``with``. Its dashboard is at ``client.dashboard_link``.
    """
    with from_the_extra():
        from distributed import Client

    try:
        return Client(
            n_workers=n_workers or disk.n_workers(),
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # any free port: two clusters do not collide
            silence_logs=logging.CRITICAL,  # a worker that dies is replaced: no cause for alarm
        )
    except RuntimeError:
        raise RuntimeError(
            "No process of the cluster started: a script that starts one is run again by each of "
            'them, so write what it does under `if __name__ == "__main__":`.'
        ) from None


def on_cluster(client, job: Callable, parts: dict[Path, Path], model: tuple) -> Iterator:
    """Yield path and outcome of each file as they come. Dask gives a dead worker's to another."""
    from concurrent.futures import CancelledError

    import cloudpickle  # unlike pickle it takes a network whose class a notebook defines
    from distributed import KilledWorker, as_completed
    from distributed.comm import CommClosedError

    gone = OSError(
        f"The scheduler at {client.scheduler.address} is gone: what is finished stays, "
        "run it again and it goes on."
    )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # the weights, once
            # A task, not scattered data: it is made anew where its worker has died.
            sent = client.submit(pickle.loads, cloudpickle.dumps(model), pure=False)
            if client.nthreads():
                client.replicate(sent)  # or more files would go to the worker that has it
        futures = {
            client.submit(job, path, part, sent, pure=False): path for path, part in parts.items()
        }
        try:
            for future in as_completed(futures):
                path = futures.pop(future)
                try:
                    outcome = future.result()
                except KilledWorker:
                    outcome = f"{path}: each worker that tried to read it died."
                future.release()  # or its task would be done again when its worker dies
                yield path, outcome
        finally:
            with suppress(Exception):  # an error or Ctrl-C drops what is left
                client.cancel(list(futures))
    except (CommClosedError, CancelledError, TimeoutError):
        raise gone from None
