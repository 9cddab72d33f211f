"""`Trainer`: the network of the chapters, trained inside the page."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import traitlets

from galaxy_lib.checked import Positive, Share, check_of, checked, having, one_of, truth, whole
from galaxy_lib.course import OUR_NETWORK, OUR_TRAINING
from galaxy_lib.data import DataManager
from galaxy_lib.galaxy import N_TYPES
from galaxy_lib.living.figure import STATIC, SampleFigure
from galaxy_lib.network import NeuralNetwork
from galaxy_lib.splits import Split

WEIGHTS = "ABab"


def _bytes(sent: memoryview, _widget) -> bytes:
    return bytes(sent)


class Trainer(SampleFigure):
    """Train the network of the chapters in the browser, on the sample's galaxies (chapter 5).

    It has buttons and sliders for all that follows, and starts with these values. Its galaxies are
    16 × 16 pixels in three colours, compressed a little: what it reaches differs by as much from
    what `NeuralNetwork` reaches on the file itself.

    Parameters
    ----------
    data_manager : DataManager, optional
        Whose file and split it takes; without one, those of "our network" (`course.OUR_DATA`).
    compact : bool
        With three controls, as on the landing page.
    hidden_layer_size, learning_rate, beta_momentum, batch_size, seed : as for `NeuralNetwork`
        Without them, those of "our network".
    loss : {"squared", "cross-entropy"}
    view : {"whole", "middle"}
        What the network sees of each picture: all of it, or its middle half.
    turned : bool
        Whether pictures are turned at random, as by ``DataManager(augment="d4")``.

    Attributes
    ----------
    n_updates : int
        Updates of the weights that the browser has told of; it does when training pauses.
    """

    _esm = STATIC / "trainer.js"
    _checks: ClassVar = SampleFigure._checks | {
        "hidden_layer_size": whole,
        "learning_rate": check_of(Positive),
        "beta_momentum": check_of(Share),
        "batch_size": whole,
        "seed": partial(whole, low=0, high=2**53 - 1),  # a number of the browser's
        "loss": one_of("squared", "cross-entropy"),
        "view": one_of("whole", "middle"),
        "turned": truth,
    }

    hidden_layer_size = traitlets.Int(OUR_NETWORK["hidden_layer_size"], min=1).tag(sync=True)
    learning_rate = traitlets.Float(OUR_TRAINING["learning_rate"], min=0).tag(sync=True)
    beta_momentum = traitlets.Float(OUR_TRAINING["beta_momentum"], min=0, max=1).tag(sync=True)
    batch_size = traitlets.Int(OUR_TRAINING["batch_size"], min=1).tag(sync=True)
    seed = traitlets.Int(OUR_NETWORK["seed"]).tag(sync=True)
    loss = traitlets.Enum(["squared", "cross-entropy"], "squared").tag(sync=True)
    view = traitlets.Enum(["whole", "middle"], "whole").tag(sync=True)
    turned = traitlets.Bool(False).tag(sync=True)

    # What goes between the browser and Python: weights as float32, row after row.
    A = traitlets.Bytes().tag(sync=True, from_json=_bytes)
    B = traitlets.Bytes().tag(sync=True, from_json=_bytes)
    a = traitlets.Bytes().tag(sync=True, from_json=_bytes)
    b = traitlets.Bytes().tag(sync=True, from_json=_bytes)
    n_updates = traitlets.Int(0).tag(sync=True)
    trained = traitlets.Dict().tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)

    def network(self) -> NeuralNetwork:
        """Return the network that was trained in the browser, as it was when training paused.

        Its `DataManager` has the same file, split and view, from the file itself. A RuntimeError if
        nothing was trained yet.
        """
        if not self.A:
            raise RuntimeError("Nothing was trained yet: press “Train it now”, then “Pause”.")
        settings = self.trained
        network = NeuralNetwork(
            self._data_manager(settings["view"], settings["turned"]),
            hidden_layer_size=settings["hidden_layer_size"],
            loss=settings["loss"],
        )
        for name in network.weight_names:
            weights = np.frombuffer(getattr(self, name), "<f4")
            weights = weights.reshape(getattr(network, name).shape)
            setattr(network, name, np.asfortranarray(weights, np.float32))
        network.n_updates = self.n_updates
        return network

    @checked
    def show(
        self, network: Annotated[NeuralNetwork, having("data_manager", "give a NeuralNetwork")]
    ) -> None:
        """Show a network of 768 inputs (16 × 16 pixels, whole or the middle), and train it on.

        A ValueError if its inputs or hidden units are others.
        """
        manager = network.data_manager
        side = manager.images.shape[1]
        views = {side: "whole", side // 2: "middle"}
        if network.N_in != 3 * self.side**2 or manager.crop not in views:
            raise ValueError(
                f"The network has {network.N_in} inputs from {manager.crop} pixels a side: a "
                f"Trainer shows those with coarsen={side // self.side}, or crop={side // 2} and "
                f"coarsen={side // 2 // self.side}."
            )
        if network.hidden != "sigmoid":
            raise ValueError(f'hidden is {network.hidden!r}: a Trainer has "sigmoid" alone.')
        sizes = {"a": N_TYPES, "b": network.N_hidden}
        with self.hold_sync():
            self.hidden_layer_size, self.loss = network.N_hidden, network.loss
            self.view = views[manager.crop]
            for name in WEIGHTS:
                weights = getattr(network, name)
                if weights is None:  # a network without biases
                    weights = np.zeros((sizes[name], 1))
                setattr(self, name, np.ascontiguousarray(weights, "<f4").tobytes())
            self.n_updates = network.n_updates
            self.trained = {
                name: getattr(self, name)
                for name in ("hidden_layer_size", "loss", "view", "turned")
            }
            self.shown += 1

    def _data_manager(self, view: str, turned: bool) -> DataManager:
        with DataManager(datafile=self.path, read_on_demand=True) as full:
            side = full.images.shape[1]
        side = side // 2 if view == "middle" else side
        # The split is the figure's, whatever seed and shares it came from.
        rows = np.frombuffer(self.rows, "<u4").astype(np.intp)
        ends = np.cumsum([self.n_training, self.n_validation])
        return DataManager(
            datafile=self.path,
            crop=side,
            coarsen=side // self.side,
            augment="d4" if turned else None,
            split=Split(*np.split(rows, ends)),
        )
