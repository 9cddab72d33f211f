"""The checks' right values, in a form that answers and does not show: see tools/handout.py.

In the library that is handed out this file takes the place of the chapters' checks' sources. What
it holds is packed, not encrypted: whoever wants to see it can, with a page of Python, and that page
is in this file. It keeps a solution from being read by accident, and from being called: marks are
made where the instructor grades, on other inputs.
"""

from __future__ import annotations

import base64
import re
import zlib

MODULES = {}  # each module's name: its source, packed


def packed(source: str) -> str:
    """Return a source as letters that nobody reads by accident."""
    return base64.b85encode(zlib.compress(source.encode(), 9)[::-1]).decode()


def unseal(space: dict) -> None:
    """Fill a module's namespace, and leave no attribute by which a check tells what is right."""

    class Right(dict):
        def __missing__(self, name: str):
            return space[name].right

    name, space["_right"] = space["__name__"].rpartition(".")[2], Right()
    source = zlib.decompress(base64.b85decode(MODULES[name])[::-1]).decode()
    # Mistakes are computed from what is right, also when the checks do not have it any more.
    source = re.sub(r"\b(\w+)\.right\b", r"_right['\1']", source)
    exec(compile(source, f"<{name}, sealed>", "exec"), space)
    space["_right"] |= {n: v.right for n, v in space.items() if hasattr(v, "right")}
    for check in list(space.values()):
        for attribute in ("right", "known", "given"):
            if callable(check) and hasattr(check, "look") and hasattr(check, attribute):
                delattr(check, attribute)
