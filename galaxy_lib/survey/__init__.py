"""Classify many files and write one catalogue (chapter 9).

A catalogue is a folder of Parquet files, one part for each file of galaxies. Astronomers open it
without us: ``pandas.read_parquet("catalogue")`` and DuckDB take the folder as one table,
``astropy.table.Table.read`` a part at a time (tried with pandas 3.1, DuckDB 2.0, Astropy 8.0), and
Galaxy Zoo DESI itself is published so (Walmsley et al. 2023). Against FITS, a folder of parts is
one table, and each part can be written by another process, or anew, without touching the others.

One file of galaxies is one task: it shares nothing with the others, and its part gets its name
when it is whole. So it does not matter which process does it, when, or how often it was begun. Who
does it is the business of Dask, or of nobody: without a client all runs in this process.
"""

from galaxy_lib.survey.calibration import Calibration, calibrate, fingerprint
from galaxy_lib.survey.catalogue import PIECE, Summary, classify, part_name
from galaxy_lib.survey.cluster import local_client

__all__ = [
    "PIECE",
    "Calibration",
    "Summary",
    "calibrate",
    "classify",
    "fingerprint",
    "local_client",
    "part_name",
]
