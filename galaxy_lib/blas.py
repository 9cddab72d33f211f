"""A training step written in nothing but calls of BLAS, the matrix library below NumPy and SciPy.

It is the step that `NeuralNetwork` takes with the squared error, for those who want it alone
(deeper: how fast can it be?).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy.linalg.blas import saxpy, sgemm

from galaxy_lib.checked import Positive, Share, checked, wrong

Array = np.ndarray
Inputs, Outputs = Annotated[Array, ("N_in", "S")], Annotated[Array, ("N_out", "S")]
OfA, OfB = Annotated[Array, ("N_out", "N_hidden")], Annotated[Array, ("N_hidden", "N_in")]


@checked
def blas_step(
    A: OfA, B: OfB, v_A: OfA, v_B: OfB, x: Inputs, y: Outputs, eta: Positive, beta: Share
) -> Array:
    """Move ``A``, ``B``, ``v_A`` and ``v_B`` in place by one batch; return its z (N_out, S).

    It is `gradients` and the two lines of momentum: ``v ← βv + (1−β) ∂L/∂B`` is one ``sgemm`` and
    ``B ← B − ηv`` one ``saxpy`` (chapter 5). All arrays are float32 in Fortran order, a contiguous
    column per galaxy: of any other, BLAS would change a copy, and that is a ValueError.
    """
    for name, moved in (("A", A), ("B", B), ("v_A", v_A), ("v_B", v_B)):
        if moved.dtype != np.float32 or not moved.flags.f_contiguous:
            raise wrong(name, moved, f"give np.asfortranarray({name}, np.float32)")
    # No @ here: NumPy and SciPy may each bring a pool of threads, and two in one loop collide.
    with np.errstate(over="ignore"):  # where e⁻ᵘ overflows to inf, 1/inf is the limit, 0
        z_tilde = 1 / (1 + np.exp(sgemm(-1, B, x)))
        z = 1 / (1 + np.exp(sgemm(-1, A, z_tilde)))
    d = (z - y) * z * (1 - z)
    d_tilde = sgemm(1, A, d, trans_a=1) * z_tilde * (1 - z_tilde)
    share = (1 - beta) * 2 / x.shape[1]
    sgemm(share, d, z_tilde, trans_b=1, beta=beta, c=v_A, overwrite_c=1)
    sgemm(share, d_tilde, x, trans_b=1, beta=beta, c=v_B, overwrite_c=1)
    saxpy(v_A.ravel("K"), A.ravel("K"), a=-eta)
    saxpy(v_B.ravel("K"), B.ravel("K"), a=-eta)
    return z
