"""Every test sees the simulated sample, whatever the environment says (a notebook's kernel too)."""

import os

from galaxy_lib.files.datasets import simulated_sample_path

os.environ["GALAXY10_FILE"] = str(simulated_sample_path())
