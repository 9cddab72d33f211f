"""The check of the final project's report."""

from __future__ import annotations

import numpy as np

from galaxy_lib.checks.compare import Wrong, as_numbers, forbid
from galaxy_lib.checks.runner import is_blank, judged

KEYS = "data", "seeds", "accuracies", "baseline", "confusion_matrix"


@judged(10)
def final_report(answer):
    """Look whether the numbers of a report can belong together."""
    report = answer.value
    if not isinstance(report, dict):
        raise Wrong(f"The report is a dict with the keys {', '.join(KEYS)}.")
    more, less = sorted(set(report) - set(KEYS)), [key for key in KEYS if key not in report]
    empty = [key for key in KEYS if key in report and is_blank(report[key])]
    forbid(
        (less, f"The report has no key {', '.join(less)}."),
        (more, f"The report has keys beyond the five: {', '.join(more)[:80]}."),
        (empty, f"The report still lacks {', '.join(empty)}."),
    )
    M = as_numbers(report["confusion_matrix"], np.zeros((10, 10)), "The confusion matrix")
    a = as_numbers(report["accuracies"], np.zeros(3), "The list of accuracies")
    baseline = as_numbers(report["baseline"], 0.5, "The baseline")
    seeds = report["seeds"]
    if isinstance(seeds, np.ndarray):
        seeds = seeds.ravel().tolist()
    forbid(
        (report["data"] not in ("simulated", "real"), 'Under `data`, write "simulated" or "real".'),
        (M.shape != (10, 10), f"The confusion matrix has shape {M.shape}, not (10, 10)."),
        (not np.isfinite(M).all(), "The confusion matrix holds numbers that are not finite."),
    )
    n = M.sum()
    forbid(
        (n > 0 and ((M % 1 != 0).any() and M.max() <= 1),
         "The confusion matrix holds fractions: give counts of test galaxies."),
        (n < 1 or (M % 1 != 0).any() or (M < 0).any(),
         "The confusion matrix holds counts of test galaxies."),
        (not isinstance(seeds, list), "The seeds are a list: one for each run."),
        (a.ndim != 1, "The accuracies are a list: one for each run."),
        (len(np.atleast_1d(a)) < 3, "One run or two are no evidence: use 3 seeds or more."),
    )  # fmt: skip
    forbid(
        (len(seeds) != len(a), f"There are {len(seeds)} seeds for {len(a)} accuracies."),
        (len({str(seed) for seed in seeds}) != len(seeds), "Each run needs a seed of its own."),
        (baseline.ndim, "The baseline is one number."),
        (a.max() > 1 or baseline > 1, "Accuracies are fractions, not per cent."),
        (not np.isfinite(a).all() or a.min() < 0 or baseline < 0, "A fraction lies from 0 to 1."),
        (np.abs(a - M.trace() / n).min() > 2e-3, "No accuracy belongs to this matrix."),
        (np.abs(M.sum(1) / n - baseline).min() > 2e-3
             and np.abs(M.sum(0) / n - baseline).min() <= 2e-3,
         "The baseline is a column's share: a row is an answer. Is the matrix transposed?"),
        (np.abs(M.sum(1) / n - baseline).min() > 2e-3,
         "The baseline is no class's share of this matrix's test set."),
    )  # fmt: skip
