"""A web server on this machine that goes wrong on command, to test downloads with."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultServer:
    """Serve ``body`` at any path; each request in turn follows the next entry of ``script``.

    An entry is a dict of what is special about the reply: ``status`` (an error without a body),
    ``headers`` (further ones), ``cut`` (bytes after which the connection drops), ``whole`` (ignore
    Range), ``body`` (another file from now on), ``pace`` (seconds between blocks of 10 kB). When
    the script is over, ``always`` holds. ``requests`` lists the Range of each request, or None.
    As Zenodo does, it refuses who calls itself python-requests.
    """

    def __init__(self, body: bytes, script=(), always=None, etag: str | None = None) -> None:
        self.body, self.script, self.always = body, list(script), always or {}
        self.etag = etag
        self.requests: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.reply(self)

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/files/galaxies.h5"

    def __enter__(self) -> FaultServer:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request as the script says."""
        wanted = request.headers.get("Range")
        self.requests.append(wanted)
        step = self.script.pop(0) if self.script else self.always
        self.body = step.get("body", self.body)
        etag = step.get("etag", self.etag)
        headers = {"Connection": "close"} | step.get("headers", {})
        if etag:
            headers["ETag"] = etag
        first, status, body = 0, step.get("status", 200), b""
        if request.headers.get("User-Agent", "").startswith("python-requests"):
            status = 403
        if status == 200:
            stale = request.headers.get("If-Range") not in (None, etag)
            if wanted and not step.get("whole") and not stale:
                first = int(wanted.removeprefix("bytes=").removesuffix("-"))
                status = 206 if first < len(self.body) else 416
                last = f"{first}-{len(self.body) - 1}" if status == 206 else "*"
                headers["Content-Range"] = f"bytes {last}/{len(self.body)}"
            body = self.body[first:] if status != 416 else b""
        request.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        request.close_connection = True
        sent = body[: step.get("cut", len(body))]
        for i in range(0, len(sent), 10_000):
            request.wfile.write(sent[i : i + 10_000])
            time.sleep(step.get("pace", 0))
