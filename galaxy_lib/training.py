"""The training loop: epochs of batches, judged on the other sets (chapter 5).

It is the same for each kind of network, which brings its loss and its step: `network` has them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from galaxy_lib import assessment
from galaxy_lib.assessment import Epoch
from galaxy_lib.checked import Positive, Share, Whole, checked
from galaxy_lib.saved import Saved

Array = np.ndarray

FADED = np.float32(1e-30)
"""The momentum of a dead ReLU fades by β an update, far below what could move a weight, to the
subnormal numbers (under 1.2e-38) that a processor multiplies many times more slowly: so it ends."""


class Training(Saved):
    """What trains by batches: `NeuralNetwork` and all that are made of it.

    A class made of this has weights, by ``weight_names``; ``_loss``, a `Loss`; ``_output``, what
    the loss takes of a batch; and ``_step``, which moves the weights and their momenta by a batch.
    """

    def _begin(self, data_manager, weights: dict[str, Array]) -> None:
        """Take the first weights by their names, before any training."""
        self.data_manager, self.weight_names = data_manager, list(weights)
        self._set_weights(list(weights.values()))
        for name in [*weights, "epoch"]:
            setattr(self, f"best_{name}", None)
        self.history: list[Epoch] = []
        self.n_trained, self.n_updates, self.training_time = 0, 0, 0.0

    def train(self, *, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64) -> None:
        """Train and print a line after each epoch: the loop over `epochs`, which see (chapter 5).

        Interrupt it (Ctrl-C, or the stop button) when you have seen enough: what was learned stays.
        """
        answers = np.asarray(self.data_manager.ans)[self.data_manager.training_indices]
        constant = self._loss.constant(np.bincount(answers)[answers] / len(answers))
        told = None
        try:
            for record in self.epochs(n_epochs, learning_rate, beta_momentum, batch_size):
                correct = f"{record.test_accuracy:.3f} of the test set correct"
                print(f"epoch {record.epoch:2d}: {correct}, {record.seconds:.2f} s")
                if not told and (told := assessment.stalled(record, constant, learning_rate)):
                    print(told)
        except KeyboardInterrupt:
            print(f"Interrupted: what was learned from {self.n_trained} pictures is kept.")

    @checked
    def epochs(
        self,
        n_epochs: Whole = 1,
        learning_rate: Positive = 0.2,
        beta_momentum: Share = 0.9,
        batch_size: Whole = 64,
    ):
        """Return an iterator that trains one epoch a step and yields an `Epoch` (chapter 5).

        Momentum starts at 0 with the iterator and lasts from epoch to epoch (chapter 4). Out of
        range is a ValueError at once; a loss no longer a number, a FloatingPointError at its step.

        Parameters
        ----------
        n_epochs, batch_size : int, 1 or more; the last batch is as short as it comes
        learning_rate : float above 0, η in ``A ← A − ηv``
        beta_momentum : float from 0 to 1, β in ``v ← βv + (1−β) ∂L/∂A``
        """
        return self._epochs(n_epochs, learning_rate, beta_momentum, batch_size)

    def _epochs(self, n_epochs, learning_rate, beta_momentum, batch_size) -> Iterator[Epoch]:
        manager, terms = self.data_manager, self._loss.terms
        v = [np.zeros(w.shape, np.float32, order="F") for w in self._weights()]
        for _ in range(n_epochs):
            # A reader may have put other arrays in their place.
            self._set_weights(self._weights())
            for v_w in v:
                v_w[np.abs(v_w) < FADED] = 0
            seconds_before, outputs = self.training_time, []
            start = time.perf_counter() - seconds_before
            for x, y in manager.training_batches(batch_size):
                z = self._step(v, x, y, learning_rate, beta_momentum)
                self.n_trained += x.shape[1]
                self.n_updates += 1
                self.training_time = time.perf_counter() - start
                outputs.append((z, y))
                if not math.isfinite(z.sum()):
                    mend = "give a new network less learning_rate"
                    raise FloatingPointError(f"The loss is {terms(z, y).sum()}: {mend}.")
            z, y = map(np.hstack, zip(*outputs, strict=True))
            training = _means(_score(terms, z, y))
            validation = self._evaluate(manager.validation_batches())
            test = self._evaluate(manager.test_batches())
            seconds = self.training_time - seconds_before
            n = len(self.history) + 1
            record = Epoch(n, self.n_updates, seconds, *training, *validation, *test)
            accuracies = (e.validation_accuracy for e in self.history if e.validation_accuracy >= 0)
            if record.validation_accuracy > max(accuracies, default=-1):
                self._keep_as_best(n)
            self.history.append(record)
            yield record

    def _evaluate(self, batches: Iterable[tuple[Array, Array]]) -> list[float]:
        terms = self._loss.terms
        return _means(sum((_score(terms, self._output(x), y) for x, y in batches), np.zeros(3)))

    def restore_best(self) -> None:
        """Go back to the weights of the best epoch; a RuntimeError if there is none (chapter 5)."""
        if self.best_epoch is None:
            raise RuntimeError("No epoch is best yet: train with DataManager(validation=0.1).")
        self._set_weights([getattr(self, f"best_{name}").copy("F") for name in self.weight_names])

    def _keep_as_best(self, epoch: int) -> None:
        for name, w in zip(self.weight_names, self._weights(), strict=True):
            setattr(self, f"best_{name}", w.copy("F"))
        self.best_epoch = epoch

    def _weights(self) -> list[Array]:
        return [getattr(self, name) for name in self.weight_names]

    def _set_weights(self, weights: list[Array]) -> None:
        for name, w in zip(self.weight_names, weights, strict=True):
            setattr(self, name, np.asfortranarray(w, dtype=np.float32))

    def assess(self) -> float:
        """Return the fraction of the test set that the network gets right (chapter 5)."""
        return self._evaluate(self.data_manager.test_batches())[1]

    def predictions(self) -> Array:
        """Return the predicted classes (n_test,) int, in the order of ``test_indices``."""
        classes = [self.forward(x).argmax(axis=0) for x, _ in self.data_manager.test_batches()]
        return np.concatenate([np.empty(0, dtype=int), *classes])

    def confusion_matrix(self) -> Array:
        """Return int counts (N_out, N_out) over the test set: answers down, predictions across."""
        answers = np.asarray(self.data_manager.ans)[self.data_manager.test_indices].astype(int)
        return assessment.confusion_matrix(answers, self.predictions())

    def recall(self) -> Array:
        """Return the fraction correct of each class (N_out,); NaN where the test set has none."""
        return assessment.recall(self.confusion_matrix())


def _score(terms: Callable[[Array, Array], Array], z: Array, y: Array) -> Array:
    """Return S times the loss, how many are right, and S."""
    correct = np.count_nonzero(z.argmax(axis=0) == y.argmax(axis=0))
    return np.array([np.sum(terms(z, y), dtype=np.float64), correct, y.shape[1]])


def _means(score: Array) -> list[float]:
    """Return loss and share of right answers; NaN of no galaxies."""
    return (score[:2] / (score[2] or math.nan)).tolist()
