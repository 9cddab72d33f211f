"""What the chapters share: the settings of *our network*, and the table that it grows in.

From chapter 3 on the book trains one network, always from the same first weights on the same split.
Each chapter changes one thing and adds one row to one table, beside the same three baselines.
"""

from galaxy_lib.assessment import baseline_rows, baselines, fraction_right, row

__all__ = ["baseline_rows", "baselines", "fraction_right", "row"]

OUR_DATA = {"coarsen": 16, "seed": 1, "validation": 0.1}
"""For `DataManager`: 16×16 pixels in 3 colours, so N_in = 768."""

OUR_NETWORK = {"hidden_layer_size": 40, "seed": 1}
"""For `NeuralNetwork`."""

OUR_TRAINING = {"learning_rate": 1.0, "beta_momentum": 0.9, "batch_size": 64}
"""For `NeuralNetwork.train` and `NeuralNetwork.epochs`: η, β and S."""

HEADER = (
    "| what | updates | seconds | loss | fraction right |\n"
    "|:--|--:|--:|--:|--:|"
)  # fmt: skip
"""The head of the table, in Markdown."""
