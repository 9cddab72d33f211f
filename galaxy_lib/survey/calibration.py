"""What a network's outputs are worth, and what must travel with it (chapter 9)."""

from __future__ import annotations

import json
import math
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np

from galaxy_lib.checked import FilePath, Inside, checked, having
from galaxy_lib.files.disk import written_whole
from galaxy_lib.network import NeuralNetwork, Outputs

Network = Annotated[
    NeuralNetwork, having("forward", "give a NeuralNetwork, or the path of a saved one")
]


class Calibration(NamedTuple):
    """What must travel with a network: how its pictures are made, what its outputs are worth.

    Parameters
    ----------
    network : str
        A fingerprint of the weights that it belongs to.
    side, crop, coarsen : int
        The middle ``crop`` of pictures of ``side`` × ``side`` pixels is coarsened, as in training.
    temperature : float
        T in p ∝ z^(1/T): above 1 where the network is too sure of itself (Guo et al. 2017).
    threshold : float or None
        A galaxy whose largest probability is lower goes back to a person; None: all do.
    accuracy : float
        Fraction right that was asked of the others.
    n, n_kept : int
        Galaxies of the validation set, and those of them at or above the threshold.
    """

    network: str
    side: int
    crop: int
    coarsen: int
    temperature: float
    threshold: float | None
    accuracy: float
    n: int
    n_kept: int

    @checked
    def probabilities(self, z: Outputs) -> np.ndarray:
        """Return the probabilities of the classes, float64 (N_out, S), for outputs ``z``."""
        return _softened(z, self.temperature)

    @checked
    def asks(self, p: Outputs) -> np.ndarray:
        """Say for each column of ``p`` whether a person should look: bool (S,)."""
        return p.max(axis=0) < (math.inf if self.threshold is None else self.threshold)

    @checked
    def save(self, network_file: FilePath) -> Path:
        """Write it beside a saved network, ``net.npz``, as ``net.calibration.json``."""
        path = Path(network_file).with_suffix(".calibration.json")
        write_json(path, self._asdict())
        return path

    @classmethod
    @checked
    def load(cls, network_file: FilePath) -> Calibration:
        """Return what `save` wrote beside a network, or say in an error how to make it."""
        path = Path(network_file).with_suffix(".calibration.json")
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            make = f'galaxy_lib.survey.calibrate(network).save("{Path(network_file).name}")'
            raise FileNotFoundError(
                f"There is no {path}, which says what the network's outputs are worth: write it "
                f"with `{make}` where its data are."
            ) from None
        except (ValueError, TypeError):
            raise ValueError(f"{path} is not what Calibration.save wrote.") from None


def _softened(z: np.ndarray, temperature: float) -> np.ndarray:
    u = np.log(np.maximum(z, np.finfo(np.float32).tiny), dtype=np.float64) / temperature
    p = np.exp(u - u.max(axis=0))
    return p / p.sum(axis=0)


@checked
def calibrate(network: Network, accuracy: Inside = 0.9) -> Calibration:
    """Choose temperature and threshold on the validation set of the network's data (chapter 9).

    The temperature minimises −mean(log p of the answer). The threshold is the lowest above which
    the fraction right is at least ``accuracy``: on a small validation set it is a rough one.

    Raises
    ------
    ValueError
        If there is no validation set, or ``accuracy`` is not between 0 and 1.
    """
    from scipy.optimize import minimize_scalar

    manager = network.data_manager
    outputs = [(network.forward(x), y.argmax(axis=0)) for x, y in manager.validation_batches()]
    if not outputs:
        raise ValueError("There is no validation set: train with DataManager(validation=0.1).")
    z, answers = (np.concatenate(part, axis=-1) for part in zip(*outputs, strict=True))

    def loss(log_temperature: float) -> float:
        p = _softened(z, math.exp(log_temperature))[answers, np.arange(len(answers))]
        return -np.mean(np.log(np.maximum(p, 1e-300)))

    found = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded")
    temperature = math.exp(found.x)
    p = _softened(z, temperature)
    order = np.argsort(-p.max(axis=0), kind="stable")
    confidence = p.max(axis=0)[order]
    right = np.cumsum(p.argmax(axis=0)[order] == answers[order]) / np.arange(1, len(order) + 1)
    last_of_ties = np.append(confidence[1:] < confidence[:-1], True)
    kept = np.flatnonzero((right >= accuracy) & last_of_ties)
    return Calibration(
        network=fingerprint(network),
        side=int(manager.images.shape[1]),
        crop=manager.crop,
        coarsen=manager.coarsen,
        temperature=temperature,
        threshold=float(confidence[kept[-1]]) if len(kept) else None,
        accuracy=float(accuracy),
        n=len(order),
        n_kept=int(kept[-1]) + 1 if len(kept) else 0,
    )


@checked
def fingerprint(network: Network) -> str:
    """Return 16 hexadecimal digits that tell a network's weights from any others."""
    digest = blake2b(type(network).__name__.encode(), digest_size=8)
    for name, value in sorted(vars(network).items()):
        if isinstance(value, np.ndarray | str) and not name.startswith("best_"):
            value = np.asarray(value)
            digest.update(f"{name} {value.dtype} {value.shape}".encode() + value.tobytes())
    return digest.hexdigest()


def write_json(path: Path, content: dict) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
