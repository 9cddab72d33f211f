"""``python -m galaxy_lib``: simulate, fetch, convert, sample, info, doctor, classify."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from pathlib import Path

from galaxy_lib.checked import a_path, whole, wrong
from galaxy_lib.doctor import examine
from galaxy_lib.files import datasets, fetching, small
from galaxy_lib.files.disk import from_the_extra


def simulate(args: argparse.Namespace) -> None:
    """Write a simulated sample."""
    if args.file is None:
        path = datasets.simulated_sample_path(args.n, args.seed)
    else:
        path = args.file
        datasets.simulate_sample(path, args.n, args.seed)
    print(f"{path}\n{datasets.describe(path)}")


def fetch(args: argparse.Namespace) -> int:
    """Download the real galaxies, a tenth of them, or an instructor's piece."""
    if args.small:
        url = small.URL if args.url is None else args.url
        path = small.fetch_small(url, args.to, args.sha256).resolve()
        print(f"{datasets.describe(path)}\n{SMALL}")
        state = "is unpacked and was looked at"
    else:
        given = {
            name: vars(args)[name] for name in ("url", "sha256") if vars(args)[name] is not None
        }
        if [*given] == ["url"]:
            raise ValueError("Another --url needs its --sha256, or what comes cannot be verified.")
        path = fetching.fetch(**given, folder=args.to).resolve()
        description = datasets.describe(path, every_picture=True)
        if description.problem:
            print(f"{path} is complete, as its --sha256 says. {description}")
            return 1
        state = "is complete and verified"
    name = datasets.SMALL_NAME if args.small else datasets.FILE_NAME
    print(
        f"{path} {state}. To use it, either\n"
        f"  name it in the environment variable GALAXY10_FILE, as GALAXY10_FILE={path}, or\n"
        f"  put it in the working directory of your notebooks, as {name}."
    )
    return 0


SMALL = (
    "Its checksum is not published, so the first fetch decides: the SHA-256 lies beside the file, "
    "and a later fetch has to bring the same."
)


def convert(args: argparse.Namespace) -> None:
    """Unpack a Parquet file of pictures and labels into a file of galaxies."""
    datasets.convert(args.parquet, args.file)
    print(f"{args.file}\n{datasets.describe(args.file)}")


def sample(args: argparse.Namespace) -> None:
    """Write a piece of a file of galaxies, class by class."""
    datasets.write_piece(
        args.full, args.small, per_class=args.per_class, fraction=args.fraction, seed=args.seed
    )
    print(f"{args.small}\n{datasets.describe(args.small)}")


def info(args: argparse.Namespace) -> int:
    """Say which file is in use and why, and what is in it."""
    path, why = datasets.find_dataset(args.file)
    description = datasets.describe(path, every_picture=True)
    print(f"{path} is in use: {why}.\n{description}")
    return 1 if description.problem else 0


def doctor(args: argparse.Namespace) -> int:
    """Say in some ten lines whether this machine is ready, and how to mend what is not."""
    findings = examine()
    print("\n".join(map(str, findings)))
    return int(any(finding.in_the_way for finding in findings))


def classify(args: argparse.Namespace) -> int:
    """Classify the galaxies of many files and write a catalogue of them."""
    from contextlib import nullcontext

    from galaxy_lib import survey

    a_path("to", args.to)
    if not a_path("network", args.network).is_file():
        raise wrong("network", str(args.network), "there is no such file; give one")
    if args.workers is not None:
        whole("workers", args.workers, 1, 1024)
    if args.scheduler is not None and not re.fullmatch(r"\w+://[^\s/]+", args.scheduler):
        raise wrong("scheduler", args.scheduler, "give an address as tcp://host:8786")
    if args.scheduler is not None:
        with from_the_extra():
            from distributed import Client

        cluster = Client(args.scheduler, timeout=10)
    else:
        one = args.workers == 1
        cluster = nullcontext() if one else survey.local_client(args.workers)
    with cluster as client:
        if client:
            print(f"Dashboard: {client.dashboard_link}", flush=True)
        done = survey.classify(args.files, args.network, args.to, client)
    print(f"{done}\n{done.to}")
    return 1 if done.failed else 0


CLASSIFY = """\
Run it again after an interruption, or with more files: what is done is not done twice.

The catalogue is a folder of Parquet files, one for each FILE. pandas reads the folder, as
pandas.read_parquet("catalogue"), and so does DuckDB; Astropy reads each file. Its columns:
file; row in it; ra, dec (degrees); p0 to p9, the probabilities of the ten classes; said, the most
probable class; ask, true where the network is not sure enough and a person should look.

The network is one that you trained and saved, with its calibration beside it, in Python:
    network.save("net.npz")
    galaxy_lib.survey.calibrate(network, accuracy=0.9).save("net.npz")
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main = argparse.ArgumentParser(
        "python -m galaxy_lib", description="Get files of galaxies, and classify them."
    )
    commands = main.add_subparsers(required=True, metavar="command")

    def command(run) -> argparse.ArgumentParser:
        added = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        added.set_defaults(run=run)
        return added

    add = command(simulate).add_argument
    add("file", nargs="?", type=Path, help="a new file; without one, it is in your cache folder")
    add("--n", type=int, default=datasets.SAMPLE_SIZE, help="number of galaxies (%(default)s)")
    add("--seed", type=int, default=datasets.SAMPLE_SEED, help="seed (%(default)s)")

    add = command(fetch).add_argument
    add("--to", type=Path, default=Path(), metavar="DIR", help="folder (the working directory)")
    add("--small", action="store_true", help="a tenth of it: 255 MB in place of 2.7 GB")
    add("--url", help=f"{fetching.URL}, with --small {small.URL}")
    add("--sha256", help="of the file behind the url")

    add = command(convert).add_argument
    add("parquet", type=Path, metavar="FILE.parquet", help="with columns image and label")
    add("file", type=Path, metavar="FILE.h5", help="a new file")

    piece = command(sample)
    piece.add_argument("full", type=Path, metavar="FULL.h5", help="the file to draw from")
    piece.add_argument("small", type=Path, metavar="SMALL.h5", help="a new file")
    size = piece.add_mutually_exclusive_group(required=True)
    size.add_argument("--per-class", type=int, metavar="N", help="galaxies of each class")
    size.add_argument("--fraction", type=float, metavar="F", help="share of each class, 0 to 1")
    piece.add_argument("--seed", type=int, help="draw the same galaxies each time")

    command(info).add_argument("file", nargs="?", type=Path, help="without one, the one in use")

    command(doctor)

    survey = command(classify)
    survey.formatter_class, survey.epilog = argparse.RawDescriptionHelpFormatter, CLASSIFY
    add = survey.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="files of galaxies")
    add("--network", required=True, type=Path, metavar="NET.npz", help="a saved network")
    add("--to", required=True, type=Path, metavar="FOLDER", help="the catalogue, new or begun")
    where = survey.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, metavar="N", help="processes on this machine (one for each core)"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that runs, as tcp://host:8786"
    )
    return main


def main(words: list[str] | None = None) -> int:
    """Run one command and return its exit status; an error is a sentence, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a terminal that knows no × or é shows its code
            stream.reconfigure(errors="backslashreplace")
    args = parser().parse_args(words)
    try:
        status = args.run(args) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # as of `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, ModuleNotFoundError) as error:
        print(f"galaxy_lib: {_sentence(error)}", file=sys.stderr)
        return 1
    except MemoryError:
        print("galaxy_lib: this takes more memory than there is.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nStopped. A download or a catalogue goes on from here when you run it again.",
            file=sys.stderr,
        )
        return 130


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:  # the system's own, in brackets and numbers
        return f"{error.filename}: {error.strerror}."
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
