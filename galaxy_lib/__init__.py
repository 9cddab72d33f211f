"""Galaxies and a neural network to classify them: the library behind the chapters.

Read it in this order: `galaxy` (one galaxy), `data` (many of them), `network` (the maths).
"""

try:
    from galaxy_lib.convolution import ConvolutionalNetwork
    from galaxy_lib.data import DataManager
    from galaxy_lib.files import datasets, reading
    from galaxy_lib.files.datasets import dataset_path
    from galaxy_lib.galaxy import Galaxy, galaxy_types
    from galaxy_lib.gradient_check import check_gradients
    from galaxy_lib.network import NeuralNetwork, gradients
except ModuleNotFoundError as missing:
    if (missing.name or "galaxy_lib").startswith("galaxy_lib"):
        raise
    raise ModuleNotFoundError(
        f"galaxy_lib needs the package {missing.name}, which is not installed beside it: "
        "delete the folder .venv, and install again.",
        name=missing.name,
    ) from None

__all__ = [
    "ConvolutionalNetwork",
    "DataManager",
    "Galaxy",
    "NeuralNetwork",
    "check_gradients",
    "dataset_path",
    "datasets",
    "galaxy_types",
    "gradients",
    "reading",
]
