"""The command line: ``python -m galaxy_lib simulate | info``."""

from __future__ import annotations

import argparse
import sys

from galaxy_lib import datasets


def simulate(args: argparse.Namespace) -> None:
    """Write a simulated sample."""
    if args.file is None:
        print(f"The simulated sample is {datasets.simulated_sample_path(args.n, args.seed)}")
    else:
        datasets.simulate_sample(args.file, args.n, args.seed)
        print(f"Wrote {args.n:,} simulated galaxies to {args.file}")


def info(args: argparse.Namespace) -> int:
    """Say which file is in use and what is in it."""
    path, why = datasets.find_dataset(args.file)
    description = datasets.describe(path)
    print(f"{path} is in use: {why}.\n{description}")
    return 1 if description.problems else 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main = argparse.ArgumentParser("python -m galaxy_lib", description=__doc__)
    commands = main.add_subparsers(required=True, metavar="command")
    add = commands.add_parser("simulate", help="write a sample of simulated galaxies")
    add.add_argument("file", nargs="?", help="a new file; by default one in your cache folder")
    add.add_argument("--n", type=int, default=datasets.SAMPLE_SIZE, help="number of galaxies")
    add.add_argument("--seed", type=int, default=datasets.SAMPLE_SEED)
    add.set_defaults(run=simulate)
    add = commands.add_parser("info", help="say which file is in use and what is in it")
    add.add_argument("file", nargs="?")
    add.set_defaults(run=info)
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; an error is one sentence, not a traceback."""
    args = parser().parse_args(arguments)
    try:
        return args.run(args) or 0
    except (OSError, ValueError) as error:
        print(f"galaxy_lib: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
