"""A browser, a server for the built book, and the pages to visit.

``make browser`` runs these tests; ``pytest tests`` leaves them alone, for they need a built book.
Which browser it is says ``tools/headless.py``.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import io
import os
import threading
from pathlib import Path

import headless
import pytest
from built_book import COMPRESSED, HTML, MODES, on_the_wire, patient


def pytest_ignore_collect(collection_path, config):
    """Collect these tests only when they are asked for."""
    asked = any("browser" in Path(arg.partition("::")[0]).parts for arg in config.args)
    return None if asked else True


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves the book compressed, as Pages does, and without a line for each request."""

    def send_head(self):
        """Compress what is text."""
        path = Path(self.translate_path(self.path))
        if path.suffix not in COMPRESSED or not path.is_file():
            return super().send_head()
        data = on_the_wire(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return io.BytesIO(data)

    def copyfile(self, source, outputfile):
        """A reader may leave before all has come."""
        with contextlib.suppress(ConnectionError):
            super().copyfile(source, outputfile)

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture(scope="session")
def address():
    """Where the book is served, on this machine; ends with a slash."""
    if not (HTML / "chapters").is_dir():
        pytest.fail("There is no book in _build/html: run `make book`.")
    handler = functools.partial(QuietHandler, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests of a process."""
    path = headless.executable()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(headless.MISSING)
        pytest.skip(headless.MISSING)
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install -e '.[browser]'")
    with sync_api.sync_playwright() as playwright:
        running = headless.launched(playwright, path)
        yield running
        running.close()


@pytest.fixture(scope="session")
def contexts(browser):
    """Return a function: mode -> a browser context of that width and colour scheme."""
    made = {}

    def context(mode):
        if mode not in made:
            width, height, scheme = MODES[mode]
            made[mode] = patient(
                browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    has_touch=width < 500,
                )
            )
            made[mode].add_init_script(
                f"localStorage.setItem('mode', '{scheme}');"
                f"localStorage.setItem('theme', '{scheme}');"
            )
        return made[mode]

    yield context
    for each in made.values():
        each.close()
