"""`Trainer`: the network of the chapters, trained inside the page."""

from __future__ import annotations

from galaxy_lib.living.figure import STATIC, SampleFigure


class Trainer(SampleFigure):
    """Train the network of the chapters in the browser, on the sample's galaxies (chapter 5)."""

    _esm = STATIC / "trainer.js"
