"""The network of the chapters: the maths as plain functions, and a class that trains by it.

Names and orientation are those of the notation page. A column is a galaxy: ``x`` is (N_in, S),
``B`` (N_hidden, N_in), ``z_tilde`` (N_hidden, S), ``A`` (N_out, N_hidden), ``z``, ``y`` (N_out, S);
biases, from chapter 7 on, are columns too: ``b`` (N_hidden, 1) and ``a`` (N_out, 1).
On purpose there are no more layers.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from scipy.linalg.blas import saxpy, sgemm

from galaxy_lib import kernels
from galaxy_lib.checked import AnyArray, Galaxies, Seed, Whole, checked, wrong
from galaxy_lib.galaxy import N_TYPES, AnyGalaxy
from galaxy_lib.kernels import HIDDEN_UNITS, LOSSES, HiddenUnit, Loss, LossName, product
from galaxy_lib.training import Training

Array = np.ndarray
Inputs, Outputs = Annotated[Array, ("N_in", "S")], Annotated[Array, ("N_out", "S")]
OfA, OfB = Annotated[Array, ("N_out", "N_hidden")], Annotated[Array, ("N_hidden", "N_in")]
OfBiasA, OfBiasB = Annotated[Array, ("N_out", 1)], Annotated[Array, ("N_hidden", 1)]


@checked
def sigmoid(x: AnyArray) -> Array:
    """Return g(x) = 1/(1 + e⁻ˣ), elementwise, in the float dtype of ``x`` (chapter 3)."""
    with np.errstate(over="ignore"):  # where e⁻ˣ overflows to inf, 1/inf is the limit, 0
        return 1 / (1 + np.exp(-1.0 * np.asarray(x)))


@checked
def loss(A: OfA, B: OfB, x: Inputs, y: Outputs) -> float:
    """Return L = Σ_outputs (z − y)², averaged over the batch (chapter 3); as in `gradients`."""
    z = sigmoid(A @ sigmoid(B @ x))
    return float(np.sum((z - y) ** 2) / x.shape[1])


@checked
def gradients(A: OfA, B: OfB, x: Inputs, y: Outputs) -> tuple[Array, Array]:
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


@checked
def log_sum_exp(u: Outputs) -> Array:
    """Return log Σ eᵘ (1, S) over the outputs ``u`` (N_out, S), without overflow (chapter 7)."""
    top = u.max(axis=0, keepdims=True)
    return top + np.log(np.sum(np.exp(u - top), axis=0, keepdims=True))


@checked
def log_softmax(u: Outputs) -> Array:
    """Return log z = u − log Σ eᵘ, (N_out, S), exact also where z rounds to 0 (chapter 7)."""
    return kernels.log_softmax(u)


@checked
def softmax(u: Outputs) -> Array:
    """Return z = eᵘ / Σ eᵘ (N_out, S): in each column ten probabilities, sum 1 (chapter 7)."""
    return np.exp(log_softmax(u))


@checked
def cross_entropy(u: Outputs, y: Outputs) -> float:
    """Return L = −log z of the known class, averaged over the batch (chapter 7).

    ``u`` (N_out, S) goes into the softmax; of ``y`` (N_out, S) only counts where it is above 1/2,
    so that the 0.99 and 0.01 of a `DataManager` will do as well as 1 and 0.
    """
    return float(-np.sum(log_softmax(u)[y > 0.5], dtype=np.float64) / u.shape[1])


@checked
def relu(u: AnyArray) -> Array:
    """Return max(u, 0), elementwise (chapter 7)."""
    return np.maximum(u, 0)


@checked
def cross_entropy_gradients(
    A: OfA, B: OfB, x: Inputs, y: Outputs, a: OfBiasA, b: OfBiasB, hidden: HiddenUnit = "sigmoid"
) -> tuple[Array, Array, Array, Array]:
    """Return ∂L/∂A, ∂L/∂B, ∂L/∂a and ∂L/∂b of L = `cross_entropy`, in their shapes (chapter 7).

    Parameters
    ----------
    A, B, x, y : float arrays, as in `gradients`; only where ``y`` is above 1/2 counts
    a, b : float arrays (N_out, 1) and (N_hidden, 1), the biases
    hidden : "sigmoid" or "relu"
    """
    S = x.shape[1]
    unit, before, _ = HIDDEN_UNITS[hidden]
    z_tilde = unit(1.0 * (B @ x) + b)
    z = softmax(A @ z_tilde + a)
    e = z - (y > 0.5)
    d_tilde = before(A.T @ e, z_tilde)
    grad_A, grad_a = e @ z_tilde.T / S, e.mean(axis=1, keepdims=True)
    grad_B, grad_b = d_tilde @ x.T / S, d_tilde.mean(axis=1, keepdims=True)
    return grad_A, grad_B, grad_a, grad_b


class NeuralNetwork(Training):
    """A network with one hidden layer that learns from a `DataManager`'s galaxies (chapter 5).

    Parameters
    ----------
    data_manager : DataManager
    hidden_layer_size : int, 1 or more, else a ValueError
    seed : what ``numpy.random.default_rng`` takes, optional
        For the first weights, ``A`` before ``B``: Gaussian, mean 0, width 1/√(the layer's inputs).
    loss : {"squared", "cross-entropy"}
        Squared error of sigmoids without biases, the network of chapters 3 to 6, or cross-entropy
        of a softmax with biases, the network of chapter 7, from the same first weights.
    hidden : {"sigmoid", "relu"}
        The hidden units; "relu", with cross-entropy alone, makes the first ``B`` √2 times as wide.

    Attributes
    ----------
    A, B : float32 arrays (N_out, N_hidden) and (N_hidden, N_in), in Fortran order
        The weights. Training changes them in place.
    a, b : float32 arrays (N_out, 1) and (N_hidden, 1), with cross-entropy alone
        The biases, 0 at first.
    best_A, best_B, best_a, best_b, best_epoch
        The weights after the epoch with most of the validation set right, and its number (the
        first such epoch); None without a validation set.
    history : list of Epoch, NaN where there is no validation set
    n_trained, n_updates, training_time : int, int, float
        Pictures trained on, steps taken, seconds that took (assessing not counted), in all.
    """

    @checked
    def __init__(
        self, data_manager: Galaxies, *, hidden_layer_size: Whole = 20, seed: Seed = None,
        loss: LossName = "squared", hidden: HiddenUnit = "sigmoid",
    ) -> None:  # fmt: skip
        if hidden not in LOSSES[loss].hidden:
            raise wrong("hidden", hidden, 'give "sigmoid", or loss="cross-entropy" too')
        self.loss, self.hidden, self.N_out = loss, hidden, N_TYPES
        self.N_in, self.N_hidden = int(data_manager.input_size), hidden_layer_size
        rng = np.random.default_rng(seed)
        A = rng.normal(0, 1 / math.sqrt(self.N_hidden), (self.N_out, self.N_hidden))
        B = rng.normal(0, 1 / math.sqrt(self.N_in), (self.N_hidden, self.N_in))
        B *= math.sqrt(HIDDEN_UNITS[hidden][2])
        weights = {"A": A, "B": B}
        if LOSSES[loss].biases:
            weights |= {"a": np.zeros((self.N_out, 1)), "b": np.zeros((self.N_hidden, 1))}
        self._begin(data_manager, weights)

    a = b = None  # where the loss has no biases
    sigmoid = staticmethod(sigmoid)

    @property
    def _loss(self) -> Loss:
        return LOSSES[self.loss]

    @checked
    def forward(self, x: Inputs) -> Array:
        """Return z (N_out, S) float32 for the inputs ``x`` (N_in, S) (chapters 3 and 7)."""
        if len(x) != self.N_in:
            raise wrong("x", x, f"give {self.N_in} rows, one for each input")
        return self._loss.z(self._output(x))

    @np.errstate(over="ignore")  # where e⁻ᵘ overflows to inf, 1/inf is the limit, 0
    def _output(self, x: Array) -> Array:
        """Return what the loss takes of ``x``: z, or log z."""
        return self._forward(x)[1]

    def _forward(self, x: Array) -> tuple[Array, Array]:
        z_tilde = HIDDEN_UNITS[self.hidden][0](product(self.B, x, self.b))
        return z_tilde, self._loss.output(product(self.A, z_tilde, self.a))

    @np.errstate(over="ignore", invalid="ignore")  # what is no number is reported by `epochs`
    def _step(self, v: list[Array], x: Array, y: Array, eta: float, beta: float) -> Array:
        """Move the weights and their momenta ``v`` by one batch; return its output.

        ``v ← βv + (1−β) ∂L/∂B`` is one ``sgemm`` and ``B ← B − ηv`` one ``saxpy`` (chapter 5).
        """
        z_tilde, z = self._forward(x)
        d = self._loss.slope(z, y)
        d_tilde = HIDDEN_UNITS[self.hidden][1](sgemm(1, self.A, d, trans_a=1), z_tilde)
        v_A, v_B, *v_biases = v
        share = (1 - beta) / x.shape[1]
        sgemm(share, d, z_tilde, trans_b=1, beta=beta, c=v_A, overwrite_c=1)
        sgemm(share, d_tilde, x, trans_b=1, beta=beta, c=v_B, overwrite_c=1)
        for v_w, slopes in zip(v_biases, (d, d_tilde), strict=False):
            v_w[:] = beta * v_w + share * slopes.sum(axis=1, keepdims=True)
        for w, v_w in zip(self._weights(), v, strict=True):
            saxpy(v_w.ravel("K"), w.ravel("K"), a=-eta)
        return z

    @checked
    def predict(self, galaxy: AnyGalaxy) -> Array:
        """Return the output (N_out, 1) for one galaxy; a ValueError if it is of another size."""
        x = np.reshape(galaxy.data, (-1, 1))
        if len(x) != self.N_in:
            raise ValueError(f"The galaxy has {len(x)} values: coarsen it to {self.N_in}.")
        return self.forward(x)

    _kept = ("loss", "hidden", "N_in", "N_hidden")

    @classmethod
    def _settings(cls, saved: dict[str, Array]) -> tuple[int, dict]:
        """Return the inputs of a saved network, and what else its constructor is to be given."""
        n_hidden, size = saved["B"].shape  # its numbers may say anything
        settings = {name: saved[name].item() for name in ("loss", "hidden")}
        return size, settings | {"hidden_layer_size": n_hidden}

    def __repr__(self) -> str:
        sizes = f"{self.N_in} inputs, {self.N_hidden} hidden, {self.N_out} outputs"
        if self._loss.biases:
            sizes += f", {self.hidden} and {self.loss}"
        return f"<{type(self).__name__}: {sizes}, trained on {self.n_trained} pictures>"
