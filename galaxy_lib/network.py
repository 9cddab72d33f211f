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
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import saxpy, sgemm

from .galaxy import N_TYPES, Galaxy, one_hot


def sigmoid(x: np.ndarray | float) -> np.ndarray:
    """Return g(x) = 1/(1 + e⁻ˣ), elementwise, in the float dtype of ``x`` (chapter 3)."""
    with np.errstate(over="ignore"):  # where e⁻ˣ overflows to inf, 1/inf is the limit, 0
        return 1 / (1 + np.exp(-1.0 * np.asarray(x)))


def loss(A: np.ndarray, B: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Return L = Σ_outputs (z − y)², averaged over the batch (chapter 3).

    Shapes as in `gradients`; any float dtype.
    """
    z = sigmoid(A @ sigmoid(B @ x))
    return float(np.sum((z - y) ** 2) / x.shape[1])


def gradients(
    A: np.ndarray, B: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ∂L/∂A and ∂L/∂B, averaged over the batch (chapter 3).

    Parameters
    ----------
    A : float array (N_out, N_hidden)
    B : float array (N_hidden, N_in)
    x : float array (N_in, S)
        The inputs, one column per galaxy.
    y : float array (N_out, S)
        The known outputs.

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
    """Relative error of each gradient; shown as one line per weight matrix."""

    A: float
    B: float

    def __repr__(self) -> str:
        return f"grad_A: relative error {self.A:.1e}\ngrad_B: relative error {self.B:.1e}"


def check_gradients(
    A: np.ndarray,
    B: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    gradients: Callable[..., tuple[np.ndarray, np.ndarray]] = gradients,
    *,
    max_weights: int = 2000,
    seed: int | np.random.Generator | None = None,
) -> GradientErrors:
    """Hold ``gradients`` to central differences of `loss` in float64 (chapter 3).

    Parameters
    ----------
    A, B, x, y : float arrays
        As in `gradients`; taken as float64.
    gradients : function
        What to check: yours, or the library's.
    max_weights : int
        Of a larger matrix, only so many weights are tried, drawn at random with ``seed``.

    Returns
    -------
    GradientErrors
        ``.A`` and ``.B``: ‖difference‖ / ‖gradient‖. Below 1e-6 is right, above 1e-3 is wrong.

    Raises
    ------
    ValueError
        If a gradient does not have the shape of its weights.
    """
    A, B, x, y = (np.array(array, dtype=np.float64) for array in (A, B, x, y))
    rng = np.random.default_rng(seed)
    step = 1e-5
    errors = []
    for name, weights, gradient in zip("AB", (A, B), gradients(A, B, x, y), strict=True):
        if np.shape(gradient) != weights.shape:
            raise ValueError(
                f"grad_{name} has shape {np.shape(gradient)}, but {name} has {weights.shape}."
            )
        chosen = rng.permutation(weights.size)[:max_weights]
        slopes = np.empty(len(chosen))
        for i, place in enumerate(chosen):
            before = weights.flat[place]
            weights.flat[place] = before + step
            above = loss(A, B, x, y)
            weights.flat[place] = before - step
            slopes[i] = (above - loss(A, B, x, y)) / (2 * step)
            weights.flat[place] = before
        difference = np.linalg.norm(np.ravel(gradient)[chosen] - slopes)
        errors.append(float(difference / max(np.linalg.norm(slopes), np.finfo(float).tiny)))
    return GradientErrors(*errors)


def blas_step(
    A: np.ndarray,
    B: np.ndarray,
    v_A: np.ndarray,
    v_B: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    learning_rate: float,
    beta_momentum: float,
) -> np.ndarray:
    """Move ``A``, ``B``, ``v_A`` and ``v_B`` in place by one batch; return its z (N_out, S).

    It is `gradients` and the momentum lines of chapter 4, as calls of the matrix library BLAS:
    ``v ← βv + (1−β) ∂L/∂B`` is one ``sgemm`` and ``B ← B − ηv`` one ``saxpy`` (chapter 5).

    All arrays are float32 and in Fortran order (a contiguous column per galaxy); BLAS would
    work on a copy of any other and ``v`` would not change.
    """
    # Not NumPy's @: NumPy and SciPy may each bring a pool of threads, and two pools in one
    # loop wait for each other.
    z_tilde = sigmoid(sgemm(1, B, x))
    z = sigmoid(sgemm(1, A, z_tilde))
    d = (z - y) * z * (1 - z)
    e_tilde = sgemm(1, A, d, trans_a=1)
    d_tilde = e_tilde * z_tilde * (1 - z_tilde)
    share = (1 - beta_momentum) * 2 / x.shape[1]
    sgemm(share, d, z_tilde, trans_b=1, beta=beta_momentum, c=v_A, overwrite_c=1)
    sgemm(share, d_tilde, x, trans_b=1, beta=beta_momentum, c=v_B, overwrite_c=1)
    saxpy(v_A.ravel("K"), A.ravel("K"), a=-learning_rate)
    saxpy(v_B.ravel("K"), B.ravel("K"), a=-learning_rate)
    return z


class Epoch(NamedTuple):
    """What one epoch came to: a line of `NeuralNetwork.history` (chapter 5).

    The training figures run over the epoch's batches, each met before its own update; the others
    are taken after the last one. Those of the validation set are NaN where there is none.
    """

    epoch: int
    n_updates: int
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


class NeuralNetwork:
    """A network with one hidden layer that learns from a `DataManager`'s galaxies (chapter 5).

    Parameters
    ----------
    data_manager : DataManager
    hidden_layer_size : int
    seed : what ``numpy.random.default_rng`` takes, optional
        For the first weights: Gaussian, mean 0, width 1/√n, n the length of the layer's input;
        ``A`` is drawn before ``B``.

    Attributes
    ----------
    A, B : float32 arrays (N_out, N_hidden) and (N_hidden, N_in), in Fortran order
        The weights. Training changes them in place.
    best_A, best_B, best_epoch
        The weights after the epoch that got most of the validation set right (the smaller loss
        decides between equals), and its number; None without one.
    history : list of Epoch
    n_trained, n_updates : int
        Pictures trained on and steps taken, all calls together.
    training_time : float
        Seconds, assessing not counted.

    Raises
    ------
    ValueError
        If ``hidden_layer_size`` is below 1.
    """

    def __init__(self, data_manager, *, hidden_layer_size: int = 20, seed=None) -> None:
        _check_at_least_1("hidden_layer_size", hidden_layer_size)
        self.data_manager = data_manager
        self.N_in = int(data_manager.input_size)
        self.N_hidden = operator.index(hidden_layer_size)
        self.N_out = N_TYPES
        rng = np.random.default_rng(seed)
        A = rng.normal(0, 1 / math.sqrt(self.N_hidden), (self.N_out, self.N_hidden))
        B = rng.normal(0, 1 / math.sqrt(self.N_in), (self.N_hidden, self.N_in))
        self.A = A.astype(np.float32, order="F")
        self.B = B.astype(np.float32, order="F")
        self.best_A: np.ndarray | None = None
        self.best_B: np.ndarray | None = None
        self.best_epoch: int | None = None
        self.history: list[Epoch] = []
        self.n_trained = self.n_updates = 0
        self.training_time = 0.0

    sigmoid = staticmethod(sigmoid)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return z (N_out, S) float32 for the inputs ``x`` (N_in, S) (chapter 3)."""
        return sigmoid(sgemm(1, self.A, sigmoid(sgemm(1, self.B, x))))

    def predict(self, galaxy: Galaxy) -> np.ndarray:
        """Return the output (N_out, 1) for one galaxy, or a ValueError if its size is another."""
        x = np.reshape(galaxy.data, (-1, 1))
        if len(x) != self.N_in:
            raise ValueError(
                f"The galaxy has {len(x)} values, but the network takes {self.N_in}: "
                "coarsen both alike."
            )
        return self.forward(x)

    def train(
        self,
        *,
        n_epochs: int = 1,
        learning_rate: float = 0.2,
        beta_momentum: float = 0.9,
        batch_size: int = 64,
    ) -> None:
        """Train, and print a line after each epoch: the loop over `epochs` (chapter 5).

        Interrupt it (Ctrl-C, or the stop button) when you have seen enough: what was learned
        stays. Parameters and errors are those of `epochs`.
        """
        stalled = False
        try:
            for record in self.epochs(n_epochs, learning_rate, beta_momentum, batch_size):
                print(
                    f"epoch {record.epoch:2d}: {record.test_accuracy:.3f} of the test set correct, "
                    f"{record.seconds:.2f} s"
                )
                if not stalled and (stalled := self._stalled()):
                    print(
                        f"After {record.n_updates} updates the network does no better than one "
                        f"answer for all galaxies: learning_rate={learning_rate:g} may be too "
                        "large or too small by ten times, or train longer."
                    )
        except KeyboardInterrupt:
            print(f"Interrupted: what {self.n_trained} pictures taught so far is kept.")

    def epochs(
        self,
        n_epochs: int = 1,
        learning_rate: float = 0.2,
        beta_momentum: float = 0.9,
        batch_size: int = 64,
    ) -> Iterator[Epoch]:
        """Return an iterator that trains one epoch a step and yields its record (chapter 5).

        Momentum starts at 0 here and lasts from one epoch to the next (chapter 4).

        Parameters
        ----------
        n_epochs, batch_size : int, 1 or more
            The last batch of an epoch is as short as it comes.
        learning_rate : float, above 0
            η in ``A ← A − ηv``.
        beta_momentum : float, in [0, 1]
            β in ``v ← βv + (1−β) ∂L/∂A``.

        Raises
        ------
        ValueError
            At once, if one of them is out of its range.
        FloatingPointError
            From a step, if the loss is no longer a number.
        """
        _check_at_least_1("n_epochs", n_epochs)
        _check_at_least_1("batch_size", batch_size)
        if not (learning_rate > 0 and math.isfinite(learning_rate)):
            raise ValueError(f"learning_rate is {learning_rate}: give a number above 0.")
        if not 0 <= beta_momentum <= 1:
            raise ValueError(f"beta_momentum is {beta_momentum}: give a number from 0 to 1.")
        return self._epochs(n_epochs, learning_rate, beta_momentum, batch_size)

    def _epochs(self, n_epochs, learning_rate, beta_momentum, batch_size) -> Iterator[Epoch]:
        manager = self.data_manager
        # A reader may have put other arrays in their place.
        self.A = np.asfortranarray(self.A, dtype=np.float32)
        self.B = np.asfortranarray(self.B, dtype=np.float32)
        v_A, v_B = np.zeros_like(self.A), np.zeros_like(self.B)
        for _ in range(n_epochs):
            total_loss, n_correct, n_seen, seconds = 0.0, 0, 0, 0.0
            start = time.perf_counter()
            for x, y in manager.training_batches(batch_size):
                z = blas_step(self.A, self.B, v_A, v_B, x, y, learning_rate, beta_momentum)
                total_loss += _sum_of_squares(z, y)
                n_correct += _n_correct(z, y)
                n_seen += x.shape[1]
                self.n_trained += x.shape[1]
                self.n_updates += 1
                now = time.perf_counter()
                seconds += now - start
                self.training_time += now - start
                start = now
                if not math.isfinite(total_loss):
                    raise FloatingPointError(
                        f"The loss is {total_loss} after {self.n_updates} updates: make a new "
                        f"network and give it a learning_rate far below {learning_rate:g}."
                    )
            validation = self._evaluate(manager.validation_batches())
            test = self._evaluate(manager.test_batches())
            training = (total_loss / n_seen, n_correct / n_seen) if n_seen else (math.nan,) * 2
            record = Epoch(
                len(self.history) + 1, self.n_updates, *training, *validation, *test, seconds
            )
            self.history.append(record)
            self._keep_if_best(record)
            yield record

    def _evaluate(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
        """Return the mean loss and the fraction correct over ``batches``; NaN if it is empty."""
        total_loss, n_correct, n_seen = 0.0, 0, 0
        for x, y in batches:
            z = self.forward(x)
            total_loss += _sum_of_squares(z, y)
            n_correct += _n_correct(z, y)
            n_seen += x.shape[1]
        return (total_loss / n_seen, n_correct / n_seen) if n_seen else (math.nan, math.nan)

    def _keep_if_best(self, record: Epoch) -> None:
        if math.isnan(record.validation_accuracy):
            return
        if self.best_epoch is not None:
            best = self.history[self.best_epoch - 1]
            rank = (record.validation_accuracy, -record.validation_loss)
            if rank <= (best.validation_accuracy, -best.validation_loss):
                return
        self.best_epoch = record.epoch
        self.best_A, self.best_B = self.A.copy("F"), self.B.copy("F")

    def restore_best(self) -> None:
        """Put the weights of the best epoch on the validation set back (chapter 5)."""
        if self.best_epoch is None:
            raise RuntimeError(
                "There is no best epoch yet: train with a DataManager that has validation=0.1."
            )
        self.A, self.B = self.best_A.copy("F"), self.best_B.copy("F")

    def _stalled(self) -> bool:
        """Say whether the loss is stuck at or above that of the best constant output."""
        manager, last = self.data_manager, self.history[-1]
        y = one_hot(np.asarray(manager.ans)[np.sort(manager.training_indices)])
        constant = float(y.var(axis=1).sum())
        if last.n_updates >= 500 and last.training_loss > 0.99 * constant:
            return True
        if last.n_updates < 20 or len(self.history) < 2:
            return False
        fall = self.history[-2].training_loss - last.training_loss
        return last.training_loss > 1.05 * constant and fall < 1e-3 * last.training_loss

    def assess(self) -> float:
        """Return the fraction of the test set that the network gets right (chapter 5)."""
        return self._evaluate(self.data_manager.test_batches())[1]

    def predictions(self) -> np.ndarray:
        """Return the predicted class of each test galaxy, in the order of ``test_indices``."""
        classes = [self.forward(x).argmax(axis=0) for x, _ in self.data_manager.test_batches()]
        return np.concatenate(classes) if classes else np.empty(0, dtype=int)

    def confusion_matrix(self) -> np.ndarray:
        """Return counts (N_out, N_out) over the test set: row the answer, column the prediction."""
        matrix = np.zeros((self.N_out, self.N_out), dtype=int)
        for x, y in self.data_manager.test_batches():
            np.add.at(matrix, (y.argmax(axis=0), self.forward(x).argmax(axis=0)), 1)
        return matrix

    def recall(self) -> np.ndarray:
        """Return the fraction correct of each class (N_out,); NaN where the test set has none."""
        matrix = self.confusion_matrix()
        with np.errstate(invalid="ignore"):
            return matrix.diagonal() / matrix.sum(axis=1)

    def save(self, path: str | os.PathLike) -> None:
        """Write weights, best weights, history and counts to ``path``, an ``.npz`` file."""
        arrays = {"A": self.A, "B": self.B, "history": np.array(self.history, dtype=np.float64)}
        arrays["counts"] = np.array([self.n_trained, self.n_updates])
        arrays["training_time"] = np.array(self.training_time)
        if self.best_epoch is not None:
            arrays |= {"best_A": self.best_A, "best_B": self.best_B}
            arrays["best_epoch"] = np.array(self.best_epoch)
        # Whole or not at all: a half-written file never has the final name.
        partial = f"{os.fspath(path)}.{os.getpid()}.part"
        try:
            with open(partial, "wb") as file:
                np.savez(file, **arrays)
            os.replace(partial, path)
        finally:
            if os.path.exists(partial):
                os.remove(partial)

    @classmethod
    def load(cls, path: str | os.PathLike, data_manager) -> NeuralNetwork:
        """Return a network that `save` wrote, to be used with ``data_manager``.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If it is not such a file, or its network takes inputs of another size.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                saved = {name: file[name] for name in file.files}
            A, B = saved["A"], saved["B"]
            network = cls(data_manager, hidden_layer_size=A.shape[1])
            rows = [(int(row[0]), int(row[1]), *row[2:].tolist()) for row in saved["history"]]
            network.history = [Epoch(*row) for row in rows]
            network.n_trained, network.n_updates = saved["counts"].tolist()
            network.training_time = saved["training_time"].item()
            if "best_epoch" in saved:
                network.best_A, network.best_B = saved["best_A"], saved["best_B"]
                network.best_epoch = saved["best_epoch"].item()
        except (ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is not a network that NeuralNetwork.save wrote.") from error
        if B.shape != network.B.shape:
            raise ValueError(
                f"{path} takes {B.shape[1]} inputs, but the DataManager gives {network.N_in}: "
                "coarsen as when it was saved."
            )
        network.A, network.B = A, B
        return network

    def __repr__(self) -> str:
        return (
            f"<NeuralNetwork: {self.N_in} inputs, {self.N_hidden} hidden, {self.N_out} outputs, "
            f"trained on {self.n_trained} pictures>"
        )


def _sum_of_squares(z: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum((z - y) ** 2, dtype=np.float64))


def _n_correct(z: np.ndarray, y: np.ndarray) -> int:
    return int(np.count_nonzero(z.argmax(axis=0) == y.argmax(axis=0)))


def _check_at_least_1(name: str, value: int) -> None:
    if operator.index(value) < 1:
        raise ValueError(f"{name} is {value}: give 1 or more.")
