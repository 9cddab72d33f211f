"""What the living figures share: anywidget's base, and the sample as the browser gets it.

A living figure is a Python class here and an ES module of the same name in ``src``, bundled into
``static`` (see chapters/_ext/vendor/README.md). In JupyterLab, Colab and VS Code anywidget runs the
module; on a published page `chapters/_ext/living_figures.py` and ``living_manager.js`` do, with no
kernel.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import anywidget
import numpy as np
import traitlets

from galaxy_lib.checked import an_array, checked, having, truth, wrong
from galaxy_lib.course import OUR_DATA
from galaxy_lib.data import DataManager
from galaxy_lib.galaxy import N_TYPES, as_pixels, galaxy_types
from galaxy_lib.living.pictures import sprite
from galaxy_lib.living.stored import Stored

STATIC = Path(__file__).parent / "static"
SIDE = 16
MOST_GALAXIES = 1500
GALAXIES = having("test_indices", "give a DataManager")


class LivingFigure(Stored, anywidget.AnyWidget):
    """The base of the living figures; each names its module: ``_esm = STATIC / "name.js"``.

    Attributes
    ----------
    compact : bool
        With as few controls as the landing page's.
    """

    compact = traitlets.Bool(False).tag(sync=True)

    # What a trait that the reader may set has to be; traitlets itself would take NaN for a number.
    _checks: ClassVar[dict] = {"compact": truth}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        super().__setattr__(name, check(name, value) if check else value)

    @classmethod
    def _checked(cls, traits: dict[str, Any]) -> dict[str, Any]:
        """Return what `traits` may be set to, before a figure is begun."""
        if strange := sorted(traits.keys() - cls._checks.keys()):
            known = ", ".join(cls._checks)
            raise TypeError(f"{cls.__name__} has no {strange[0]!r}: give some of {known}.")
        return {name: cls._checks[name](name, value) for name, value in traits.items()}

    # Traits that are pictures of the file's galaxies: not stored, but drawn from the file again.
    _pictures: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def _kept(cls) -> list[str]:
        """Return the names of what is stored: neither pictures nor what is anywidget's own."""
        others = {*anywidget.AnyWidget.class_trait_names(), *cls._pictures}
        return [
            name
            for name in cls.class_trait_names(sync=True)
            if name not in others and name[0] != "_"
        ]

    @classmethod
    def _drawn(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return `_pictures` for a figure of these values; a ValueError if its file is another."""
        return {}

    def stored(self) -> dict[str, Any]:
        """Return what a notebook keeps of it: its values, bytes in base64, without pictures."""
        values = {name: getattr(self, name) for name in self._kept()}
        return {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in values.items()
        }

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """Return the figure that `stored` told of, on the file in use."""
        if differing := sorted(set(cls._kept()) ^ values.keys()):
            where = "the code" if differing[0] in values else "the notebook"
            raise ValueError(f"{differing[0]!r} is missing in {where}")
        traits = cls.class_traits()
        values = {
            name: base64.b64decode(value) if isinstance(traits[name], traitlets.Bytes) else value
            for name, value in values.items()
        }
        figure = cls.__new__(cls)
        LivingFigure.__init__(figure, **values, **cls._drawn(values))
        return figure


def predicted(name: str, value: Any, n: int) -> np.ndarray:
    """Return a class for each of the ``n`` galaxies of a test set: int array (n,)."""
    mend = f"give one class, 0 to 9, for each of the {n} galaxies of the test set, z.argmax(axis=0)"
    with suppress(ValueError):
        found = an_array(name, value, ("n",), kinds="iu")
        if found.shape == (n,) and found.min() >= 0 and found.max() < len(galaxy_types):
            return found
    raise wrong(name, value, mend)


class Sample(NamedTuple):
    """The galaxies of a file for the browser, training set first, then validation, then test.

    ``middle`` and ``whole`` are WebP pictures of ``side`` × ``side`` tiles, a galaxy each, row
    after row: the middle half of its picture, or all of it, in means over blocks of pixels.
    ``labels`` (N,) uint8 are the classes, ``rows`` (N,) uint32 the rows of the file.
    """

    middle: bytes
    whole: bytes
    labels: np.ndarray
    rows: np.ndarray
    n_training: int
    n_validation: int
    n_test: int
    simulated: bool
    path: Path
    side: int = SIDE


def sample(data_manager: DataManager | None = None) -> Sample:
    """Return the galaxies of a `DataManager` (without one: that of `course.OUR_DATA`) as pictures.

    Of more than 1,500 galaxies it takes the first of each set, in the sets' proportions. Of
    ``data_manager`` it takes the file and the split, nothing else; a ValueError if the file's
    pictures cannot be divided into 32 × 32 blocks.
    """
    if data_manager is None:
        with DataManager(**OUR_DATA) as data_manager:
            return sample(data_manager)
    sets = ("training_indices", "validation_indices", "test_indices")
    rows = [np.sort(getattr(data_manager, name)) for name in sets]
    share = min(1, MOST_GALAXIES / len(data_manager.ans))
    # Training shuffles its rows: sorted, the same split is the same picture.
    rows = [each[: round(share * len(each))] for each in rows]
    return _sample_of(data_manager.path, rows)


def _sample_of(path: Path, sets: list[np.ndarray]) -> Sample:
    file = path.stat()
    rows = tuple(tuple(each.tolist()) for each in sets)
    return _sample(path, (file.st_mtime_ns, file.st_size), rows)


@functools.lru_cache(maxsize=4)
def _sample(path: Path, _version: tuple[int, int], sets: tuple[tuple[int, ...], ...]) -> Sample:
    rows = np.array([row for each in sets for row in each], dtype=np.uint32)
    with DataManager(datafile=path, read_on_demand=True) as full:
        side = full.images.shape[1]
    if side % (2 * SIDE):
        raise ValueError(
            f"The pictures of {path.name} have {side} pixels a side: a living figure needs a "
            f"multiple of {2 * SIDE}."
        )
    with DataManager(datafile=path, coarsen=side // (2 * SIDE)) as fine:
        pictures = np.stack([fine.galaxy(row).data for row in rows])
        labels = np.asarray(fine.ans)[rows].astype(np.uint8)
        simulated = fine.simulated
    pictures = as_pixels(pictures)
    quarter = SIDE // 2
    middle = pictures[:, quarter:-quarter, quarter:-quarter]
    whole = pictures.reshape(-1, SIDE, 2, SIDE, 2, 3).mean(axis=(2, 4))
    return Sample(sprite(middle), sprite(whole), labels, rows, *map(len, sets), simulated, path)


class SampleFigure(LivingFigure):
    """A living figure that shows the sample's galaxies: see `sample` for its traits.

    Parameters
    ----------
    data_manager : DataManager, optional
        Whose file and split it takes; without one, those of "our network" (`course.OUR_DATA`).
    """

    side = traitlets.Int(SIDE).tag(sync=True)
    sprite_middle = traitlets.Bytes().tag(sync=True)
    sprite_whole = traitlets.Bytes().tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)
    rows = traitlets.Bytes().tag(sync=True)
    n_training = traitlets.Int().tag(sync=True)
    n_validation = traitlets.Int().tag(sync=True)
    n_test = traitlets.Int().tag(sync=True)
    counts = traitlets.Dict().tag(sync=True)  # galaxies of each class, by set
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    statement = traitlets.Unicode().tag(sync=True)

    _pictures: ClassVar = ("sprite_middle", "sprite_whole")

    @classmethod
    def _drawn(cls, values: dict[str, Any]) -> dict[str, Any]:
        rows = np.frombuffer(values["rows"], "<u4")
        ends = np.cumsum([values["n_training"], values["n_validation"]])
        with DataManager(**OUR_DATA) as data_manager:
            found = _sample_of(data_manager.path, np.split(rows, ends))
        if found.labels.tobytes() != values["labels"]:
            raise ValueError("its rows are other galaxies in the file in use")
        return {"sprite_middle": found.middle, "sprite_whole": found.whole}

    @checked
    def __init__(
        self, data_manager: Annotated[DataManager, GALAXIES] | None = None, **traits
    ) -> None:
        traits = self._checked(traits)
        found = sample(data_manager)
        n, kind = len(found.labels), "simulated" if found.simulated else "real"
        sets = {
            "training": found.labels[: found.n_training],
            "test": found.labels[n - found.n_test :],
        }
        super().__init__(
            side=found.side,
            sprite_middle=found.middle,
            sprite_whole=found.whole,
            labels=found.labels.tobytes(),
            rows=found.rows.astype("<u4").tobytes(),
            n_training=found.n_training,
            n_validation=found.n_validation,
            n_test=found.n_test,
            counts={
                name: np.bincount(each, minlength=N_TYPES).tolist() for name, each in sets.items()
            },
            names=list(galaxy_types.values()),
            statement=f"{n:,} {kind} galaxies",
            **traits,
        )
        self.path = found.path
