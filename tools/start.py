"""Install the course, make your own folder of it and open it in JupyterLab.

    python tools/start.py [--no-lab]        (Windows: py tools\\start.py)

It is what `make class` does, and needs nothing but Python. Run it again after an update: pages
that nobody has changed are renewed, changed ones stay.
"""

import argparse
import contextlib
import sys

import environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-lab", action="store_true", help="make everything, open nothing")
    options = parser.parse_args()
    environment.ensure("class")
    # Where no other file is named, the simulated sample is drawn now, with a bar.
    galaxies = (
        "import sys, galaxy_lib; sys.tracebacklimit = 0\n"  # a wrong name gets its sentence alone
        "print('Galaxies:', galaxy_lib.dataset_path())"
    )
    # A hand-out has its pages made already.
    handed_out = (environment.ROOT / "pages").is_dir()
    pages = ["tools/renew.py", "pages", "class"] if handed_out else ["tools/make_class.py"]
    steps = [["-c", galaxies], pages]
    if not options.no_lab:
        steps.append(["-m", "jupyter", "lab", "--notebook-dir", "class", "START.ipynb"])
    with contextlib.suppress(KeyboardInterrupt):  # which is how one leaves JupyterLab
        for step in steps:
            status = environment.run(environment.PYTHON, *step).returncode
            if status:
                sys.exit(status)


if __name__ == "__main__":
    main()
