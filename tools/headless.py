"""The browser without a window that the tests look at pages with, and that makes PDFs.

It is a Chromium of the system (Debian: ``apt install chromium``), or what CHROMIUM names.
"""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "No Chromium on this machine: install Debian's chromium, or set CHROMIUM."


def executable() -> str | None:
    """Return the browser's path, or None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launched(playwright, path: str):
    """Start the browser; Chromium's sandbox refuses root, and the machines of most CI services."""
    no_sandbox = bool(os.environ.get("CI")) or getattr(os, "geteuid", lambda: 1)() == 0
    return playwright.chromium.launch(
        executable_path=path, args=FLAGS + ["--no-sandbox"] * no_sandbox
    )
