"""Every test sees the simulated sample, whatever the environment says (a notebook's kernel too)."""

import os

# Its first import lists the fonts and says so on stderr, which in a notebook is an error.
import matplotlib.font_manager  # noqa: F401

from galaxy_lib.files.datasets import simulated_sample_path

os.environ["GALAXY10_FILE"] = str(simulated_sample_path())
