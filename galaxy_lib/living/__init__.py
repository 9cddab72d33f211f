"""Figures that move: `frames` drawn beforehand, `live` ones that a kernel draws, and living ones.

The living figures compute in the reader's browser: `Trainer` and its like, in JupyterLab and on a
published page alike.
"""

import importlib

# Each in its own module, imported when it is asked for: anywidget and matplotlib take their time.
_PLACES = {
    "Batch": "batch",
    "Confusion": "confusion",
    "Flow": "flow",
    "Frames": "drawn",
    "LiveOnly": "drawn",
    "Trainer": "trainer",
    "Valley": "valley",
    "Volunteer": "volunteer",
    "Window": "window",
    "browse": "drawn",
    "frames": "drawn",
    "live": "drawn",
    "train_live": "drawn",
}

__all__ = [
    "Batch",
    "Confusion",
    "Flow",
    "Trainer",
    "Valley",
    "Volunteer",
    "Window",
    "browse",
    "frames",
    "live",
    "train_live",
]


def __getattr__(name: str):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__} has no {name}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
