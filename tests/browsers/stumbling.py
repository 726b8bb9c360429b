"""A website that doesn't give one of its files the first time that it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@contextmanager
def stumbling(folder: Path, name: str) -> Iterator[tuple[str, list[str]]]:
    """The address under which a folder is served, and what failed so far."""
    failed: list[str] = []

    class Website(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == f"/{name}" and not failed:
                failed.append(path)
                self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            else:
                super().do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Website, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", failed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
