"""What a notebook keeps of an interactive figure: its values, from which it is made again.

A widget lives as long as its kernel does, and the view that a notebook keeps of one is an empty
box. Beside that view each figure puts its values under a mime type of its own, `MIME`, which
JupyterLab and its like pass over. `chapters/_ext/stored_outputs.py` has `restored` make the figure
again, for a page of the book that is rendered and not executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import traitlets

from galaxy_lib import living

MIME = "application/vnd.galaxy-lib.figure+json"


class Stored:
    """The base, beside ipywidgets' own, of a figure whose values a notebook keeps."""

    def stored(self) -> dict[str, Any]:
        """Return the values, as JSON can hold them."""
        raise NotImplementedError

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """Return a figure of these values; a ValueError if they do not fit."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: a living figure>"

    def _repr_mimebundle_(self, **kwargs) -> dict[str, Any] | tuple[dict, dict] | None:
        found = super()._repr_mimebundle_(**kwargs)
        data = found[0] if isinstance(found, tuple) else found
        if data is not None:
            data[MIME] = {"figure": type(self).__name__, "values": self.stored()}
        return found


def restored(told: Mapping[str, Any]) -> Stored:
    """Return the figure that a notebook keeps.

    Parameters
    ----------
    told : dict
        What stands under `MIME`: the ``figure``'s class by name, and its ``values``.

    Raises
    ------
    ValueError
        If it does not fit the code or the file in use: it was stored by another version of them.
    """
    name = told["figure"]
    kind = getattr(living, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Stored)):
        raise ValueError(f"there is no figure {name}")
    try:
        return kind.from_stored(told["values"])
    except (ValueError, TypeError, KeyError, IndexError, traitlets.TraitError) as error:
        raise ValueError(f"it does not fit {name}: {error}") from error
