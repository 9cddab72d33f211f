"""One check per exercise: it answers "not attempted yet", "correct", or names the mistake.

A check is called with the student's function or value. It neither raises nor shows a solution;
only under nbgrader, where ``NBGRADER_EXECUTION`` is set, an exercise that is not solved raises, so
that its cell earns nothing. How an answer is run and compared is in `runner`; each chapter's
checks are in a file of their own.
"""

from galaxy_lib.checks.chapter_01 import bytes_of_pictures, count_types, redness
from galaxy_lib.checks.chapter_02 import close_pairs, coarsen, inputs_per_galaxy, one_hot, split
from galaxy_lib.checks.chapter_03 import (
    batches,
    forward,
    forward_one,
    gradient_A,
    gradient_B,
    gradients,
    numerical_gradient,
    sigmoid,
)
from galaxy_lib.checks.chapter_04 import age_weight, descend, momentum_step, steps_needed
from galaxy_lib.checks.chapter_05 import (
    faults,
    fraction_correct,
    mended_epoch,
    study,
    train,
    updates,
)
from galaxy_lib.checks.chapter_06 import (
    baseline,
    by_chance,
    confusion_matrix,
    find_leaks,
    graphs,
    most_confused,
    recall,
)
from galaxy_lib.checks.chapter_07 import (
    cross_entropy,
    gradients_of_layers,
    log_sum_exp,
    output_error,
    softmax,
    temperature,
)
from galaxy_lib.checks.chapter_08 import (
    col2im,
    im2col,
    max_pool,
    max_pool_slope,
    receptive_field,
    slide,
    weight_count,
)
from galaxy_lib.checks.chapter_09 import finished, hours, most_kept, true_number
from galaxy_lib.checks.chapter_10 import final_report
from galaxy_lib.checks.process import prepare
from galaxy_lib.checks.runner import CheckFailed, Result, exercises, progress

__all__ = [
    "CheckFailed", "Result", "age_weight", "baseline", "batches", "by_chance", "bytes_of_pictures",
    "close_pairs", "coarsen", "col2im", "confusion_matrix", "count_types", "cross_entropy",
    "descend", "exercises", "faults", "final_report", "find_leaks", "finished", "forward",
    "forward_one", "fraction_correct", "gradient_A", "gradient_B", "gradients",
    "gradients_of_layers", "graphs", "hours", "im2col", "inputs_per_galaxy", "log_sum_exp",
    "max_pool", "max_pool_slope", "mended_epoch", "momentum_step", "most_confused", "most_kept",
    "numerical_gradient", "one_hot", "output_error", "progress", "recall", "receptive_field",
    "redness", "sigmoid", "slide", "softmax", "split", "steps_needed", "study", "temperature",
    "train", "true_number", "updates", "weight_count",
]  # fmt: skip

prepare()
