"""A trained network's file: `NeuralNetwork` and all that are made of it are saved and loaded here.

The archive names the kind of network, so that one ``load`` brings back each.
"""

from __future__ import annotations

import os
from typing import ClassVar, Self

import numpy as np

from galaxy_lib.assessment import Epoch
from galaxy_lib.checked import FilePath, Galaxies, checked
from galaxy_lib.files.archives import load_arrays, save_arrays, taken_as

COUNTS = ("n_trained", "n_updates", "training_time")


class Saved:
    """What can be saved: weights, by ``weight_names``, their best, ``history`` and counts.

    A class made of this names in ``_kept`` what its constructor sets beside them, and answers in
    ``_settings`` what a saved network's constructor is to be given.
    """

    _kept: tuple[str, ...] = ()
    _kinds: ClassVar[dict[str, type[Saved]]] = {}

    def __init_subclass__(cls) -> None:
        Saved._kinds.setdefault(cls.__name__, cls)  # a reader's of the same name takes no place

    def save(self, path: str | os.PathLike) -> None:
        """Write weights, best weights, history and counts to ``path``, an ``.npz`` file."""
        save_arrays(path, self._content())

    @classmethod
    @checked
    def load(cls, path: FilePath, data_manager: Galaxies) -> Self:
        """Return a network that `save` wrote, of the kind that the file names.

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no such file, it is no such network, or takes other inputs than there are.
        """
        try:
            saved = load_arrays(path)
            # What the first archives did not say.
            first = "ConvolutionalNetwork" if "layout" in saved else "NeuralNetwork"
            defaults = {"loss": "squared", "hidden": "sigmoid", "kind": first}
            saved = {name: np.array(value) for name, value in defaults.items()} | saved
            name = saved["kind"].item()
            kind = cls if cls.__name__ == name else cls._kinds[name]
            if not issubclass(kind, cls):
                raise TypeError(kind)
            size, settings = kind._settings(saved)
            if fits := size == data_manager.input_size:
                network = kind(data_manager, **settings)
                network._restore(saved)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path} is not a network that {cls.__name__}.save wrote.") from error
        if not fits:
            raise ValueError(f"{path} takes {size} inputs: coarsen the data to that size.")
        return network

    def _content(self) -> dict[str, np.ndarray]:
        names = [*self._kept, *self.weight_names, "history", *COUNTS]
        if self.best_epoch is not None:
            names += ["best_epoch", *(f"best_{name}" for name in self.weight_names)]
        content = {name: np.asarray(getattr(self, name)) for name in names}
        return content | {"kind": np.array(type(self).__name__)}

    def _restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take over what `save` wrote; a ValueError if it is anything else."""
        history = [Epoch(int(i), int(n), *rest) for i, n, *rest in saved.pop("history").tolist()]
        if "best_epoch" in saved:
            self._keep_as_best(len(history))
        expected = self._content()
        del expected["history"]
        for name, array in taken_as(expected, saved).items():
            if name in ("kind", *self._kept):  # the constructor's
                if not np.array_equal(array, expected[name]):
                    raise ValueError(name)
            else:
                setattr(self, name, array if array.ndim else array.item())
        self.history = history
