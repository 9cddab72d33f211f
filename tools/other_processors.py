"""Run the tests as on older processors: the book is the same on each, but for last digits.

    python tools/other_processors.py                          what `make test` runs; half an hour
    python tools/other_processors.py chapters/04_momentum.ipynb tests/test_network.py

NumPy and OpenBLAS choose their code by what the processor can do. Here they are told that it can
do less: AVX2 but no AVX-512, as a Haswell of 2013, then nothing beyond NumPy's own baseline, as a
Nehalem of 2008. Each draws the simulated sample anew, for that is another one's work too.
What else asks the processor itself, such as zlib or SciPy's own loops, stays as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ALL = ("tests", "chapters")

# Runs in a child: what NumPy would choose from and may use, and for which cores OpenBLAS computes.
ASK = """\
import json, numpy, scipy.linalg
from threadpoolctl import threadpool_info
try:
    from numpy._core import _multiarray_umath as umath
except ImportError:  # NumPy 1
    from numpy.core import _multiarray_umath as umath
print(json.dumps({
    "dispatch": list(umath.__cpu_dispatch__),
    "has": [name for name, there in umath.__cpu_features__.items() if there],
    "cores": [each.get("architecture") for each in threadpool_info() if each["user_api"] == "blas"],
}))
"""


class Processor(NamedTuple):
    """An older processor: OpenBLAS's name of it, and the features that NumPy is to do without."""

    name: str
    without: tuple[str, ...]

    @property
    def variables(self) -> dict[str, str]:
        return {
            "OPENBLAS_CORETYPE": self.name,
            "NPY_DISABLE_CPU_FEATURES": " ".join(self.without),
        }


def older(dispatch: list[str], has: set[str], machine: str) -> tuple[list[Processor], list[str]]:
    """Return the processors that this machine can stand for, and a sentence for each other one.

    ``dispatch`` are the features that the installed NumPy chooses between, by its own names, and
    ``has`` those that this machine has.
    """
    if machine.lower() not in ("x86_64", "amd64"):
        return [], [f"This is a processor of another family ({machine}): none is emulated on it."]
    usable = [name for name in dispatch if name in has]
    wide = tuple(name for name in usable if re.match("AVX512|X86_V4", name))
    can, cannot = [], []
    if wide:
        can.append(Processor("Haswell", wide))
    else:
        cannot.append("NumPy uses no AVX-512 here: a Haswell would compute as this processor does.")
    if len(usable) > len(wide):
        can.append(Processor("Nehalem", tuple(usable)))
    else:
        cannot.append("NumPy uses no AVX2 here: a Nehalem would compute as this processor does.")
    return can, cannot


def ask(variables: dict[str, str]) -> dict[str, list[str]]:
    """Return what NumPy and OpenBLAS say of themselves in a process with these variables."""
    clean = {k: v for k, v in os.environ.items() if k not in Processor("", ()).variables}
    told = subprocess.run(
        [sys.executable, "-c", ASK], env=clean | variables, capture_output=True, text=True
    )
    if told.returncode:
        raise RuntimeError(f"NumPy does not start with {variables}:\n{told.stderr[-1000:]}")
    return json.loads(told.stdout)


def check(processor: Processor, told: dict[str, list[str]]) -> None:
    """Raise RuntimeError where the variables took no effect: then nothing would be tested."""
    if still := sorted(set(processor.without) & set(told["has"])):
        raise RuntimeError(
            f"NumPy still uses {', '.join(still)}: {processor.name} is not emulated."
        )
    if set(told["cores"]) != {processor.name}:
        cores = ", ".join(map(str, told["cores"])) or "nothing"
        raise RuntimeError(f"OpenBLAS computes for {cores}, not for {processor.name}.")


def commands(paths: list[str]) -> list[list[str]]:
    """Return pytest's commands for these paths, as in `make test`: notebooks by nbval."""
    places = [Path(path).resolve() for path in paths]
    notebooks = [str(place) for place in places if place.is_relative_to(ROOT / "chapters")]
    others = [str(place) for place in places if str(place) not in notebooks]
    pytest = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile"]
    runs = [[*pytest, *others]] if others else []
    return [*runs, [*pytest, "--nbval", *notebooks]] if notebooks else runs


def count(line: str) -> Counter[str]:
    """Return the numbers of pytest's closing line: "2 failed, 7 passed in 1.00s"."""
    found = re.findall(r"(\d+) (passed|failed|errors?|skipped)", line)
    return Counter({what.removesuffix("s"): int(n) for n, what in found})


def run(command: list[str], variables: dict[str, str]) -> tuple[Counter[str], bool]:
    """Run pytest, and show what it says; return its counts, and whether it found all well."""
    last, environment = "", {"OMP_NUM_THREADS": "1"} | dict(os.environ) | variables
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as child:
        for line in child.stdout:
            print(line, end="", flush=True)
            last = line if re.search(r" in [\d.]+s", line) else last
    return count(last), child.returncode == 0


def main() -> int:
    """Run the tests on each processor that can be emulated, and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("paths", nargs="*", help="tests or notebooks (default: all)")
    paths = arguments.parse_args().paths or [str(ROOT / name) for name in ALL]
    here = ask({})
    can, cannot = older(here["dispatch"], set(here["has"]), platform.machine())
    lines, well = [*cannot], True
    for processor in can:
        check(processor, ask(processor.variables))
        counts: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as cache:
            for command in commands(paths):
                more, fine = run(command, processor.variables | {"GALAXY10_CACHE": cache})
                counts, well = counts + more, well and fine
        seen = ", ".join(f"{counts[what]} {what}" for what in ("passed", "failed", "error"))
        lines.append(f"{processor.name}, without {' '.join(processor.without)}: {seen}")
    print("\n".join(lines))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
