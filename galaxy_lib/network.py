"""The network of the chapters: the maths as plain functions, and a class that trains by it.

Names and orientation are those of the notation page. A column is a galaxy: ``x`` is (N_in, S),
``B`` (N_hidden, N_in), ``z_tilde`` (N_hidden, S), ``A`` (N_out, N_hidden), ``z``, ``y`` (N_out, S).
On purpose there are no biases, no other activations and no more layers.
"""

from __future__ import annotations

import math
import operator
import os
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import saxpy, sgemm

from galaxy_lib.galaxy import N_TYPES, Galaxy, one_hot

Array = np.ndarray


def sigmoid(x: Array | float) -> Array:
    """Return g(x) = 1/(1 + e⁻ˣ), elementwise, in the float dtype of ``x`` (chapter 3)."""
    with np.errstate(over="ignore"):  # where e⁻ˣ overflows to inf, 1/inf is the limit, 0
        return 1 / (1 + np.exp(-1.0 * np.asarray(x)))


def loss(A: Array, B: Array, x: Array, y: Array) -> float:
    """Return L = Σ_outputs (z − y)², averaged over the batch (chapter 3); as in `gradients`."""
    z = sigmoid(A @ sigmoid(B @ x))
    return float(np.sum((z - y) ** 2) / x.shape[1])


def gradients(A: Array, B: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Return ∂L/∂A and ∂L/∂B, averaged over the batch (chapter 3).

    Parameters
    ----------
    A, B : float arrays (N_out, N_hidden) and (N_hidden, N_in)
    x, y : float arrays (N_in, S) and (N_out, S)
        The inputs and the known outputs, one column per galaxy.

    Returns
    -------
    grad_A, grad_B : arrays with the shapes of ``A`` and ``B``, in the dtype of the arguments
    """
    S = x.shape[1]
    z_tilde = sigmoid(B @ x)
    z = sigmoid(A @ z_tilde)
    e = z - y
    e_tilde = A.T @ (e * z * (1 - z))
    grad_A = 2 / S * ((e * z * (1 - z)) @ z_tilde.T)
    grad_B = 2 / S * ((e_tilde * z_tilde * (1 - z_tilde)) @ x.T)
    return grad_A, grad_B


class GradientErrors(NamedTuple):
    """The relative error of each gradient, shown as one line per weight matrix."""

    A: float
    B: float

    def __repr__(self) -> str:
        return f"grad_A: relative error {self.A:.1e}\ngrad_B: relative error {self.B:.1e}"


def check_gradients(
    A: Array, B: Array, x: Array, y: Array, gradients=gradients, *, max_weights=2000, seed=None
) -> GradientErrors:
    """Hold ``gradients`` to central differences of `loss` in float64 (chapter 3).

    The relative errors ‖difference‖ / ‖gradient‖, ``.A`` and ``.B`` of what is returned, are below
    1e-6 where the gradient is right and above 1e-3 where it is wrong.

    Parameters
    ----------
    A, B, x, y : float arrays, as in `gradients`; taken as float64
    gradients : function to check, the library's or yours; a ValueError if its shapes are wrong
    max_weights : int; of a larger matrix so many weights are tried, drawn at random with ``seed``
    """
    A, B, x, y = (np.array(array, dtype=np.float64) for array in (A, B, x, y))
    rng, step, errors = np.random.default_rng(seed), 1e-5, []
    for name, weights, gradient in zip("AB", (A, B), gradients(A, B, x, y), strict=True):
        shape = np.shape(gradient)
        if shape != weights.shape:
            raise ValueError(f"grad_{name} has shape {shape}, but {name} has {weights.shape}.")
        chosen = rng.permutation(weights.size)[:max_weights]
        slopes = np.zeros(len(chosen))
        for i, place in enumerate(chosen):
            before = weights.flat[place]
            for sign in (1, -1):
                weights.flat[place] = before + sign * step
                slopes[i] += sign * loss(A, B, x, y) / (2 * step)
            weights.flat[place] = before
        difference = np.linalg.norm(np.ravel(gradient)[chosen] - slopes)
        errors.append(float(difference / max(np.linalg.norm(slopes), np.finfo(float).tiny)))
    return GradientErrors(*errors)


def blas_step(
    A: Array, B: Array, v_A: Array, v_B: Array, x: Array, y: Array, eta: float, beta: float
) -> Array:
    """Move ``A``, ``B``, ``v_A`` and ``v_B`` in place by one batch; return its z (N_out, S).

    It is `gradients` and the two lines of momentum as calls of the matrix library BLAS:
    ``v ← βv + (1−β) ∂L/∂B`` is one ``sgemm`` and ``B ← B − ηv`` one ``saxpy`` (chapter 5).
    All arrays are float32 in Fortran order, a contiguous column per galaxy: of any other, BLAS
    would change a copy.
    """
    # No @ here: NumPy and SciPy may each bring a pool of threads, and two in one loop collide.
    z_tilde = sigmoid(sgemm(1, B, x))
    z = sigmoid(sgemm(1, A, z_tilde))
    d = (z - y) * z * (1 - z)
    e_tilde = sgemm(1, A, d, trans_a=1)
    d_tilde = e_tilde * z_tilde * (1 - z_tilde)
    share = (1 - beta) * 2 / x.shape[1]
    sgemm(share, d, z_tilde, trans_b=1, beta=beta, c=v_A, overwrite_c=1)
    sgemm(share, d_tilde, x, trans_b=1, beta=beta, c=v_B, overwrite_c=1)
    saxpy(v_A.ravel("K"), A.ravel("K"), a=-eta)
    saxpy(v_B.ravel("K"), B.ravel("K"), a=-eta)
    return z


class Epoch(NamedTuple):
    """An entry of `NeuralNetwork.history`; training figures run over the batches (chapter 5)."""

    epoch: int
    n_updates: int
    seconds: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float


class NeuralNetwork:
    """A network with one hidden layer that learns from a `DataManager`'s galaxies (chapter 5).

    Parameters
    ----------
    data_manager : DataManager
    hidden_layer_size : int, 1 or more, else a ValueError
    seed : what ``numpy.random.default_rng`` takes, optional
        For the first weights, ``A`` before ``B``: Gaussian, mean 0, width 1/√(the layer's inputs).

    Attributes
    ----------
    A, B : float32 arrays (N_out, N_hidden) and (N_hidden, N_in), in Fortran order
        The weights. Training changes them in place.
    best_A, best_B, best_epoch
        The weights after the epoch with most of the validation set right, and its number (the
        first such epoch); None without a validation set.
    history : list of Epoch, NaN where there is no validation set
    n_trained, n_updates, training_time : int, int, float
        Pictures trained on, steps taken, seconds that took (assessing not counted), in all.
    """

    def __init__(self, data_manager, *, hidden_layer_size: int = 20, seed=None) -> None:
        _check_at_least_1("hidden_layer_size", hidden_layer_size)
        self.data_manager = data_manager
        self.N_in, self.N_hidden = int(data_manager.input_size), int(hidden_layer_size)
        self.N_out = N_TYPES
        rng = np.random.default_rng(seed)
        A = rng.normal(0, 1 / math.sqrt(self.N_hidden), (self.N_out, self.N_hidden))
        B = rng.normal(0, 1 / math.sqrt(self.N_in), (self.N_hidden, self.N_in))
        self.A, self.B = A.astype(np.float32, order="F"), B.astype(np.float32, order="F")
        self.best_A = self.best_B = self.best_epoch = None
        self.history: list[Epoch] = []
        self.n_trained, self.n_updates, self.training_time = 0, 0, 0.0

    sigmoid = staticmethod(sigmoid)

    def forward(self, x: Array) -> Array:
        """Return z (N_out, S) float32 for the inputs ``x`` (N_in, S) (chapter 3)."""
        return sigmoid(sgemm(1, self.A, sigmoid(sgemm(1, self.B, x))))

    def predict(self, galaxy: Galaxy) -> Array:
        """Return the output (N_out, 1) for one galaxy; a ValueError if it is of another size."""
        x = np.reshape(galaxy.data, (-1, 1))
        if len(x) != self.N_in:
            raise ValueError(f"The galaxy has {len(x)} values: coarsen it to {self.N_in}.")
        return self.forward(x)

    def train(self, *, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64) -> None:
        """Train and print a line after each epoch: the loop over `epochs`, which see (chapter 5).

        Interrupt it (Ctrl-C, or the stop button) when you have seen enough: what was learned stays.
        """
        told = False
        try:
            for record in self.epochs(n_epochs, learning_rate, beta_momentum, batch_size):
                correct = f"{record.test_accuracy:.3f} of the test set correct"
                print(f"epoch {record.epoch:2d}: {correct}, {record.seconds:.2f} s")
                if not told and (told := self._stalled(record)):
                    rates = f"{learning_rate / 10:g} or {learning_rate * 10:g}"
                    print(
                        "Stalled, no better than one output for every galaxy: "
                        f"try a new network with learning_rate={rates}."
                    )
        except KeyboardInterrupt:
            print(f"Interrupted: what was learned from {self.n_trained} pictures is kept.")

    def epochs(self, n_epochs=1, learning_rate=0.2, beta_momentum=0.9, batch_size=64):
        """Return an iterator that trains one epoch a step and yields an `Epoch` (chapter 5).

        Momentum starts at 0 with the iterator and lasts from epoch to epoch (chapter 4). Out of
        range is a ValueError at once; a loss no longer a number, a FloatingPointError at its step.

        Parameters
        ----------
        n_epochs, batch_size : int, 1 or more; the last batch is as short as it comes
        learning_rate : float above 0, η in ``A ← A − ηv``
        beta_momentum : float from 0 to 1, β in ``v ← βv + (1−β) ∂L/∂A``
        """
        _check_at_least_1("n_epochs", n_epochs)
        _check_at_least_1("batch_size", batch_size)
        if not 0 < learning_rate < math.inf:
            raise ValueError(f"learning_rate is {learning_rate}: give a number above 0.")
        if not 0 <= beta_momentum <= 1:
            raise ValueError(f"beta_momentum is {beta_momentum}: give a number from 0 to 1.")
        return self._epochs(n_epochs, learning_rate, beta_momentum, batch_size)

    def _epochs(self, n_epochs, learning_rate, beta_momentum, batch_size) -> Iterator[Epoch]:
        manager = self.data_manager
        v_A, v_B = (np.zeros(w.shape, np.float32, order="F") for w in (self.A, self.B))
        for _ in range(n_epochs):
            # A reader may have put other arrays in their place.
            self.A, self.B = (np.asfortranarray(w, dtype=np.float32) for w in (self.A, self.B))
            scores, seconds_before = np.zeros(3), self.training_time
            start = time.perf_counter() - seconds_before
            for x, y in manager.training_batches(batch_size):
                z = blas_step(self.A, self.B, v_A, v_B, x, y, learning_rate, beta_momentum)
                self.n_trained += x.shape[1]
                self.n_updates += 1
                self.training_time = time.perf_counter() - start
                scores += _score(z, y)
                if not math.isfinite(scores[0]):
                    problem = f"The loss is {scores[0]}"
                    raise FloatingPointError(f"{problem}: give a new network less learning_rate.")
            training = (scores[:2] / (scores[2] or math.nan)).tolist()
            validation = self._evaluate(manager.validation_batches())
            test = self._evaluate(manager.test_batches())
            seconds = self.training_time - seconds_before
            n = len(self.history) + 1
            record = Epoch(n, self.n_updates, seconds, *training, *validation, *test)
            accuracies = (e.validation_accuracy for e in self.history if e.validation_accuracy >= 0)
            if record.validation_accuracy > max(accuracies, default=-1):
                self.best_A, self.best_B, self.best_epoch = self.A.copy("F"), self.B.copy("F"), n
            self.history.append(record)
            yield record

    def _evaluate(self, batches: Iterable[tuple[Array, Array]]) -> list[float]:
        scores = sum((_score(self.forward(x), y) for x, y in batches), np.zeros(3))
        return (scores[:2] / (scores[2] or math.nan)).tolist()

    def restore_best(self) -> None:
        """Go back to the weights of the best epoch; a RuntimeError if there is none (chapter 5)."""
        if self.best_epoch is None:
            raise RuntimeError("No epoch is best yet: train with DataManager(validation=0.1).")
        self.A, self.B = self.best_A.copy("F"), self.best_B.copy("F")

    def _stalled(self, record: Epoch) -> bool:
        """Say whether the loss should have left that of the best constant output, and has not."""
        y = one_hot(np.asarray(self.data_manager.ans)[self.data_manager.training_indices])
        progress = min(record.training_loss, record.test_loss) / y.var(axis=1).sum()
        return record.n_updates >= 500 and progress > (1.05 if record.n_updates < 2000 else 0.99)

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
        cells = answers * self.N_out + self.predictions()
        return np.bincount(cells, minlength=self.N_out**2).reshape(self.N_out, self.N_out)

    def recall(self) -> Array:
        """Return the fraction correct of each class (N_out,); NaN where the test set has none."""
        matrix = self.confusion_matrix()
        with np.errstate(invalid="ignore"):
            return matrix.diagonal() / matrix.sum(axis=1)

    def save(self, path: str | os.PathLike) -> None:
        """Write weights, best weights, history and counts to ``path``, an ``.npz`` file."""
        names = ["N_in", "N_hidden", "A", "B", "best_A", "best_B", "best_epoch", "history"]
        names += ["n_trained", "n_updates", "training_time"]
        arrays = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        partial = Path(f"{os.fspath(path)}.{os.getpid()}.part")
        try:
            with open(partial, "wb") as file:
                np.savez(file, **arrays)
            partial.replace(path)  # whole or not at all
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike, data_manager) -> NeuralNetwork:
        """Return a network that `save` wrote, or a ValueError if it is none or does not fit."""
        try:
            with np.load(path, allow_pickle=False) as file:
                saved = dict(file)
            network = cls(data_manager, hidden_layer_size=saved["N_hidden"].item())
            rows = saved.pop("history").tolist()
            history = [Epoch(int(i), int(n), *rest) for i, n, *rest in rows]
            size = saved["N_in"].item()
        except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is not a network that NeuralNetwork.save wrote.") from error
        if size != network.N_in:
            raise ValueError(f"{path} takes {size} inputs: coarsen the data to that size.")
        for name in vars(network).keys() & saved.keys():
            setattr(network, name, saved[name] if saved[name].ndim else saved[name].item())
        network.history = history
        return network

    def __repr__(self) -> str:
        sizes = f"{self.N_in} inputs, {self.N_hidden} hidden, {self.N_out} outputs"
        return f"<NeuralNetwork: {sizes}, trained on {self.n_trained} pictures>"


def _score(z: Array, y: Array) -> Array:
    correct = np.count_nonzero(z.argmax(axis=0) == y.argmax(axis=0))
    return np.array([np.sum((z - y) ** 2, dtype=np.float64), correct, y.shape[1]])


def _check_at_least_1(name: str, value: int) -> None:
    if operator.index(value) < 1:
        raise ValueError(f"{name} is {value}: give 1 or more.")
