"""Twenty galaxies for the reader to classify, and the codes that pool the answers of a class."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import traitlets

from galaxy_lib.checked import Caption, an_array, check_of, checked, several, wrong
from galaxy_lib.course import OUR_DATA
from galaxy_lib.data import DataManager
from galaxy_lib.galaxy import N_TYPES, galaxy_types
from galaxy_lib.living.figure import GALAXIES, STATIC, LivingFigure, predicted
from galaxy_lib.living.pictures import middles, sprite

SIDE = 128
N = 20
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to be misread


class Volunteer(LivingFigure):
    """Classify twenty galaxies as Galaxy Zoo's volunteers do (chapters 1 and 6).

    They are two of each class from the test set, the same for each `DataManager` of the same file,
    split and seed; where a class has fewer, others take their place. The answers stay in the
    reader's browser, and come out as a code of 18 symbols, which `read_codes` reads.

    Parameters
    ----------
    data_manager : DataManager
        With fewer than 20 test galaxies there is nothing to classify: the figure says so.
    predictions : int array (n_test,), optional
        A network's answers, in the order of ``data_manager.test_indices``, to stand beside the
        reader's.

    Attributes
    ----------
    labels : list of 20 ints, or none
        The twenty galaxies' classes; ``rows`` are their rows in the file.
    answers : list of ints
        What the reader said so far, where a kernel runs.
    """

    _esm = STATIC / "volunteer.js"

    names = traitlets.List(list(galaxy_types.values())).tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    predictions = traitlets.List().tag(sync=True)
    answers = traitlets.List().tag(sync=True)
    statement = traitlets.Unicode().tag(sync=True)
    set_id = traitlets.Int().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    sprite = traitlets.Bytes().tag(sync=True)

    _pictures: ClassVar = ("sprite",)

    @classmethod
    def _drawn(cls, values: dict[str, Any]) -> dict[str, Any]:
        rows = values["rows"]
        if not rows:
            return {}
        with DataManager(**OUR_DATA) as data_manager:
            if data_manager.ans[rows].tolist() != values["labels"]:
                raise ValueError("its rows are other galaxies in the file in use")
            pictures = middles(data_manager, [*rows, *_examples(data_manager.ans)], SIDE)
        return {"sprite": sprite(pictures)}

    @checked
    def __init__(
        self, data_manager: Annotated[Any, GALAXIES], predictions: Sequence[int] | None = None
    ) -> None:
        test, ans = data_manager.test_indices, data_manager.ans
        if predictions is not None:
            predictions = predicted("predictions", predictions, len(test))
        kind = "simulated" if data_manager.simulated else "real"
        if len(test) < N:  # the page goes on without it
            super().__init__(
                statement=f"The test set has {len(test)} {kind} galaxies, too few: "
                f"a volunteer classifies {N}. A larger file has enough."
            )
            return
        examples = _examples(ans)
        rng = np.random.default_rng(N)
        order = rng.permutation(np.flatnonzero(~np.isin(test, examples)))
        chosen = np.concatenate([order[ans[test[order]] == k][:2] for k in range(N_TYPES)])
        others = np.setdiff1d(np.arange(len(test)), chosen)
        chosen = np.append(chosen, rng.permutation(others)[: N - len(chosen)])
        places = rng.permutation(chosen)
        rows = test[places]
        labels = ans[rows].astype(int).tolist()
        text = f"{rows.tolist()} {labels}"
        pictures = middles(data_manager, [*rows, *examples], SIDE)
        super().__init__(
            labels=labels,
            rows=rows.tolist(),
            predictions=[] if predictions is None else predictions[places].tolist(),
            statement=f"They are from a file of {len(ans):,} {kind} galaxies.",
            set_id=zlib.crc32(text.encode()) % 2**13,
            sprite=sprite(pictures),
            side=pictures.shape[1],
        )

    def read_codes(self, codes: Iterable[str]) -> np.ndarray:
        """Return what the members of a class said, from the codes that they copied.

        Parameters
        ----------
        codes : str
            Small letters, spaces and missing hyphens do not matter, nor O for 0 or I and L for 1.
            Empty lines are passed over; a code that cannot be read is skipped, and a warning
            names it and says why.

        Returns
        -------
        int array (number of codes that can be read, 20)
            In the order of ``labels``.

        Raises
        ------
        ValueError
            If there are codes, and all are incomplete, mistyped or about other galaxies.
        """
        codes = [codes] if isinstance(codes, str) else codes
        codes = [*codes] if isinstance(codes, Iterator) else codes
        codes = several(check_of(Caption), "give a code, or a list of them")("codes", codes)
        said, problem = [], None
        for line, code in enumerate(codes, 1):
            if not code.strip():
                continue
            try:
                said.append(read_code(code, self.set_id))
            except ValueError as error:
                problem = problem or error
                warnings.warn(f"Line {line} is skipped. {error}", stacklevel=2)
        if problem and not said:
            raise problem
        return np.array(said, dtype=int).reshape(len(said), N)

    def confusion_matrix(self, said: np.ndarray) -> np.ndarray:
        """Return the counts (10, 10) of all answers: row the label, column what was said.

        Parameters
        ----------
        said : int array (..., 20)
            As `read_codes` returns it, or ``volunteer.predictions``.
        """
        matrix = np.zeros((N_TYPES, N_TYPES), int)
        given = said
        said = an_array("said", said, ..., kinds="iu")
        if said.shape[-1:] != (N,) or said.size == 0 or said.min() < 0 or said.max() >= N_TYPES:
            raise wrong("said", given, f"give {N} classes, 0 to 9, for each volunteer")
        np.add.at(matrix, (np.broadcast_to(self.labels, said.shape), said), 1)
        return matrix


def _examples(ans: np.ndarray) -> list[int]:
    """Return the first of each class, as chapter 1 shows them; where there is none, any."""
    return [int(np.argmax(ans == k)) for k in range(N_TYPES)]


def read_code(code: str, set_id: int) -> list[int]:
    """Return the twenty answers of one code; volunteer.js tells how it is made."""
    symbols = "".join(str(code).split()).replace("-", "").upper()
    symbols = symbols.translate(str.maketrans("OIL", "011"))
    if strange := [each for each in symbols if each not in SYMBOLS]:
        raise ValueError(
            f"The code {code!r} holds {strange[0]!r}, which no code does: copy it anew."
        )
    if len(symbols) != 18:
        raise ValueError(f"The code {code!r} has {len(symbols)} symbols, but should have 18.")
    number = 0
    for symbol in symbols:
        number = 32 * number + SYMBOLS.index(symbol)
    payload, remainder = divmod(number, 1024)
    its_set, digits = divmod(payload, 2**67)
    if remainder != payload % 1021 or digits >= 10**N:
        raise ValueError(f"The code {code!r} is mistyped: copy it anew, symbol by symbol.")
    if its_set != set_id:
        raise ValueError(
            f"The code {code!r} is about other galaxies than these twenty: read it with a "
            "DataManager of the same file, seed and split as the page that gave it."
        )
    return [int(digit) for digit in f"{digits:020d}"]
