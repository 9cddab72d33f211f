"""Figures that move: `frames` drawn beforehand, and live ones."""

from galaxy_lib.living.frames import browse, frames, live, train_live

__all__ = ["browse", "frames", "live", "train_live"]
