"""One check per exercise: it answers "not attempted yet", "correct", or names the mistake.

A check is called with the student's function or value. It neither raises nor shows a solution;
only under nbgrader, where ``NBGRADER_EXECUTION`` is set, an exercise that is not solved raises, so
that its cell earns nothing. How an answer is run is in `runner`, how it is compared in `compare`;
each chapter's checks are in a file of their own.

While nbgrader grades, what is right is not in the process that holds a student's notebook: the
checks are names alone there, and `grading` judges in nbgrader's own process.
"""

import os
from importlib import import_module

from galaxy_lib.checks.process import prepare
from galaxy_lib.checks.runner import CheckFailed, Result, exercises, name_alone, progress

# The exercises of each chapter, in their order.
EXERCISES = {
    1: "bytes_of_pictures count_types redness",
    2: "inputs_per_galaxy one_hot coarsen split close_pairs",
    3: "sigmoid forward_one forward gradient_A gradient_B gradients batches numerical_gradient",
    4: "age_weight momentum_step descend steps_needed",
    5: "updates fraction_correct train study faults mended_epoch",
    6: "baseline confusion_matrix recall most_confused find_leaks by_chance graphs",
    7: "log_sum_exp softmax cross_entropy output_error gradients_of_layers temperature",
    8: "weight_count receptive_field slide im2col max_pool max_pool_slope col2im",
    9: "hours finished true_number most_kept",
    10: "final_report",
}

for _chapter, _names in EXERCISES.items():
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        globals().update({name: name_alone(_chapter, name) for name in _names.split()})
    else:
        _module = import_module(f"{__name__}.chapter_{_chapter:02}")
        globals().update({name: getattr(_module, name) for name in _names.split()})

__all__ = ["CheckFailed", "Result", "exercises", "progress"]
__all__ += [name for names in EXERCISES.values() for name in names.split()]

prepare()
