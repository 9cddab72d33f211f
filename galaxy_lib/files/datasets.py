"""Which file of galaxies is used, whether it is sound, and where one comes from.

A file is the real Galaxy10 DECaLS, a piece of it, or the simulated sample; all have the same
schema. `dataset_path` chooses, `open_dataset` opens and validates, `describe` says what a file is.
Each job has a file of its own: `find`, `validate`, `write`, `sample`, `parquet`.
"""

from galaxy_lib.files.disk import cache_folder
from galaxy_lib.files.find import FILE_NAME, SMALL_NAME, dataset_path, find_dataset
from galaxy_lib.files.parquet import convert
from galaxy_lib.files.sample import SAMPLE_SEED, SAMPLE_SIZE, simulate_sample, simulated_sample_path
from galaxy_lib.files.validate import (
    CATALOGUE,
    Description,
    catalogue,
    describe,
    is_simulated,
    open_dataset,
    votes,
)
from galaxy_lib.files.write import write_piece

__all__ = [
    "CATALOGUE",
    "FILE_NAME",
    "SAMPLE_SEED",
    "SAMPLE_SIZE",
    "SMALL_NAME",
    "Description",
    "cache_folder",
    "catalogue",
    "convert",
    "dataset_path",
    "describe",
    "find_dataset",
    "is_simulated",
    "open_dataset",
    "simulate_sample",
    "simulated_sample_path",
    "votes",
    "write_piece",
]
